"""What MySQL's protocol says of a result's columns, and of rows that were changed: on MariaDB and MySQL 8 byte for byte what the server itself says to
a client that asked for the same."""

import itertools

import psycopg
import pytest

import my_wire
import proxy as proxy_module


TABLE = ("CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, j json, x text, v varchar(10) NOT NULL DEFAULT '', c varchar(10) COLLATE utf8mb4_bin, b blob,"
         " e enum('a','b'), g point, d decimal(10,2){more})")
MARIADB = ", u uuid, i6 inet6, i4 inet4"
SELECT = "SELECT t.*, 'lit', j AS k, json_object('a', 1) AS o, json_extract(j, '$[0]'), NULL, 1.5 FROM t"
WITHOUT, WITH = my_wire.LONG_PASSWORD | my_wire.DEPRECATE_EOF, my_wire.DEPRECATE_EOF


class Place:
    def __init__(self, server, proxy):
        self.server, self.proxy = server, proxy
        self.maria = server.name == "mariadb"

    def direct(self, **more):
        return my_wire.MyWire(path=self.server.path("sock"), database=self.database, **more)

    def through(self, **more):
        return my_wire.MyWire(self.proxy.mysql_port, database=self.database, **more)

    database = "columns"

    def both(self, **more):
        return self.direct(**more), self.through(**more)


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def place(request):
    """One connection to the server, which all clients share."""
    server = request.getfixturevalue(f"{request.param}_server")
    server.create_database(Place.database)
    server.sql(TABLE.format(more=MARIADB if server.name == "mariadb" else ""), Place.database)
    server.sql("""INSERT INTO t (j, x) VALUES ('[1, {"a": "é"}]', 'x'), (NULL, NULL)""", Place.database)
    frontends = {"mysqlWire": {"port": 0, "serverVersion": "8.0.15" if server.name == "mysql" else "10.11.6-MariaDB"}}
    with proxy_module.Proxy(proxy_module.one_cluster("my-1", server.cluster(Place.database, maxRunningQueries=1), frontends=frontends, workers=1)) as proxy:
        yield Place(server, proxy)


def data_of(columns):
    return [column.data for column in columns]


CLIENTS = list(itertools.product((0, my_wire.EXTENDED_METADATA), (WITHOUT, WITH, my_wire.LONG_PASSWORD, 0), (45, 224, 246)))


def test_definitions_are_the_servers(place):
    """Clients with and without extended metadata, EOF packets and collations take turns on one connection."""
    for upper, capabilities, collation in CLIENTS:
        asked = {"upper": upper if place.maria else 0, "capabilities": capabilities, "collation": collation}
        direct, through = place.both(**asked)
        with direct, through:
            for sql in (SELECT, "SELECT 1", "SELECT '☃' AS `名前` UNION SELECT x FROM t"):
                theirs, ours = direct.query(sql), through.query(sql)
                assert data_of(ours[0]) == data_of(theirs[0]) and ours[1] == theirs[1], (asked, sql)
                theirs, ours = direct.prepare(sql), through.prepare(sql)
                assert [data_of(part) for part in ours[1:]] == [data_of(part) for part in theirs[1:]], (asked, sql)
                assert data_of(through.execute(ours[0])[0]) == data_of(direct.execute(theirs[0])[0]), (asked, sql)
            theirs, ours = direct.prepare("SELECT x FROM t WHERE v = ?"), through.prepare("SELECT x FROM t WHERE v = ?")
            assert len(ours[1]) == len(theirs[1]) == 1 and data_of(ours[2]) == data_of(theirs[2])


def test_extended_metadata(place):
    """Of MariaDB its own; a MySQL's JSON is said to be one in MariaDB's way, too."""
    with place.through(upper=my_wire.EXTENDED_METADATA, capabilities=WITH) as client:
        assert client.upper == my_wire.EXTENDED_METADATA | my_wire.BULK and not client.offered & my_wire.LONG_PASSWORD
        columns = {column.name: column.metadata for column in client.query(SELECT)[0]}
        assert columns["j"] == columns["k"] == columns["o"] == {1: "json"} and columns["x"] == columns["id"] == {}
        if place.maria:
            assert (columns["g"], columns["u"], columns["i6"]) == ({0: "point"}, {0: "uuid"}, {0: "inet6"})
        number = client.prepare("SELECT j FROM t")[0]
        client.command(my_wire.EXECUTE, number.to_bytes(4, "little") + b"\1\1\0\0\0")  # with a cursor
        assert client.columns(1)[0].metadata == {1: "json"}
    with place.through(upper=my_wire.EXTENDED_METADATA, capabilities=WITH) as client:
        assert [column.metadata for column in client.query("SELECT @@version_comment")[0]] == [{}]  # Turnout's own answer
        assert {column.name: column.metadata for column in client.fields("t")}["j"] == {1: "json"}


COLLATIONS = ["SET NAMES utf8mb4", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci", "SET collation_connection = utf8mb4_bin",
              "SET character_set_connection = utf8mb4", "SET character_set_results = utf8mb4", "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
              "SET character_set_connection = utf8mb4", "SET CHARACTER SET utf8mb4"]


@pytest.mark.parametrize("collation", [45, 224])
def test_collations_are_what_was_asked_for(place, collation):
    """From the log-in and from SET; after a reset of the session that of the log-in again (so MariaDB; MySQL has the server's)."""
    asked = "SELECT x, b, 1 FROM t LIMIT 1"
    direct, through = place.both(collation=collation)
    with direct, through:
        for sql in ["DO 1", *COLLATIONS, "SET @a = 1"]:
            assert direct.query(sql) == through.query(sql)
            theirs, ours = direct.query(asked), through.query(asked)
            assert [column.collation for column in ours[0]] == [column.collation for column in theirs[0]], sql
            assert through.query("SELECT @@collation_connection, @@character_set_results")[1] == direct.query("SELECT @@collation_connection, @@character_set_results")[1], sql
        before = through.query(SELECT)
        with pytest.raises(my_wire.Failed):
            through.query("SET NAMES utf8mb4 COLLATE utf8mb4_no_such_ci")
        assert data_of(through.query(SELECT)[0]) == data_of(before[0])
        through.command(my_wire.RESET_CONNECTION)
        columns = through.query("SELECT x, b, @@collation_connection FROM t LIMIT 1")
        assert [column.collation for column in columns[0]] == [collation, my_wire.BINARY, collation]


THREE_BYTES = ["SET NAMES utf8", "SET NAMES 'utf8' COLLATE 'utf8_bin'", "SET collation_connection = utf8_general_ci", "SET NAMES utf8mb4", "SET character_set_results = utf8",
               "SET character_set_client = utf8", "SET character_set_connection = utf8", "SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET NAMES utf8 COLLATE utf8mb4_bin",
               "SET NAMES utf8mb4 COLLATE utf8_bin", "SET NAMES utf8"]


def values_of(row):
    at, out = 0, []
    while at < len(row):
        value, at = (None, at + 1) if row[at] == 0xFB else my_wire.text(row, at)
        out.append(value)
    return out


def told(client, sql):
    """Collations and values, what an OK says, or the error's number."""
    try:
        columns, rows = client.query(sql)
    except my_wire.Failed as failed:
        return failed.args[0]
    return (columns, rows) if isinstance(columns, int) else ([column.collation for column in columns], [values_of(row) for row in rows])


@pytest.mark.parametrize("collation", [33, 83])
def test_characters_of_three_bytes(place, collation):
    """A client that asks for utf8 has on a server of MySQL's kind what it has without Turnout: collations, narrowed texts, errors."""
    place.server.sql("CREATE TABLE IF NOT EXISTS wide (id int PRIMARY KEY, x text, v varchar(10))", place.database)
    place.server.sql("REPLACE INTO wide VALUES (1, '😀é', 'wide')", place.database)
    asked = ["SELECT x, v FROM wide", "SELECT v FROM wide WHERE v COLLATE utf8_bin = 'wide'", "SELECT 'a' COLLATE utf8_bin", "SELECT 'a' COLLATE utf8mb4_bin",
             "SELECT CAST(id AS CHAR) AS one FROM wide UNION SELECT v FROM wide ORDER BY 1", "SELECT HEX('é'), CHARSET('é'), LENGTH('é')",
             "SELECT @@character_set_client, @@character_set_connection, @@character_set_results", "SELECT @@character_set_client, v FROM wide"]
    direct, through = place.both(collation=collation)
    with direct, through, place.through() as other:
        for sql in ["DO 1", *THREE_BYTES]:
            assert told(through, sql) == told(direct, sql), sql
            for question in asked:
                assert told(through, question) == told(direct, question), (sql, question)
            assert told(other, "SELECT x FROM wide")[1] == [["😀é".encode()]]
        through.command(my_wire.RESET_CONNECTION)
        assert told(through, "SELECT x, 'a' COLLATE utf8_bin FROM wide") == ([collation] * 2, [["?é".encode(), b"a"]])


OTHER_SETS = ["latin1", "latin1 COLLATE latin1_bin", "cp1251", "latin2", "gbk", "sjis", "ascii", "binary", "utf8mb4"]


@pytest.mark.parametrize("collation", [8, 47, 51, 28, 11, 63])
def test_characters_of_other_sets(place, collation):
    """What a client of another set sends and gets is as on the server, byte by byte: statements, results, columns' names, errors, variables."""
    place.server.sql("CREATE TABLE IF NOT EXISTS sets (id int PRIMARY KEY, x text, v varchar(10), b blob, l varchar(20) CHARACTER SET latin1)", place.database)
    place.server.sql("REPLACE INTO sets VALUES (1, 'é€ж中😀', 'wide', x'e9ff', 'é')", place.database)
    asked = [b"SELECT x, v, b, l FROM sets WHERE id = 1", b"SELECT HEX('\xd6\xd0'), CHARSET('\xd6\xd0'), LENGTH('\xd6\xd0'), '\xd6\xd0' AS `\xd6\xd0`",
             b"SELECT _binary'\xe9\x81\xff' AS b, HEX(_latin1'\xe9')", b"SELECT `nope_\xd6\xd0` FROM sets", b"SET @v = '\xd6\xd0'", b"SELECT @v, HEX(@v)", b"SELECT v FROM sets WHERE x LIKE '\xd6\xd0%'", b"SHOW TABLES LIKE '\xd6\xd0'", b"SELECT 1 + '\xd6\xd0'", b"SHOW WARNINGS"]
    narrow = {asked[4]: ("ascii", "utf8mb4", "binary")}  # bytes that are no text are not kept in @v
    direct, through = place.both(collation=collation)
    with direct, through, place.through() as other:
        for names in ["", *OTHER_SETS]:
            if names:
                assert told(through, f"SET NAMES {names}") == told(direct, f"SET NAMES {names}"), names
            for question in asked:
                if question.isascii() or (names or {11: "ascii", 63: "binary"}.get(collation)) not in narrow.get(question, ("ascii", "utf8mb4")):
                    assert told(through, question) == told(direct, question), (names, question)
            variables = "SELECT @@character_set_client, @@character_set_connection, @@collation_connection, @@character_set_results"
            assert told(through, variables) == told(direct, variables), names
            assert told(other, "SELECT x FROM sets")[1] == [["é€ж中😀".encode()]]


def of_sets(answer):
    """One utf8mb4: that of the log-in is not sent to the server."""
    return answer if isinstance(answer, int) else ([45 if collation == 255 else collation for collation in answer[0]], answer[1])


@pytest.mark.parametrize("collation", [8, 45, 51])
def test_results_as_they_are(place, collation):
    """Connector/J's SET character_set_results = NULL: each column in its own set, errors and names in UTF-8. DEFAULT and SET NAMES are the end of it."""
    place.server.sql("CREATE TABLE IF NOT EXISTS asis (id int PRIMARY KEY, x text, l varchar(20) CHARACTER SET latin1, j varchar(20) CHARACTER SET sjis)", place.database)
    place.server.sql("REPLACE INTO asis VALUES (1, '\u00e9\u4e2d', '\u00e9\u00ff', x'878A')", place.database)
    asked = [b"SELECT x, l, j FROM asis", b"SELECT HEX('\xd0\xb6'), '\xd0\xb6'", b"SELECT x AS `\xd0\xb6` FROM asis", b"SELECT `nope_\xd0\xb6` FROM asis", b"SHOW TABLES LIKE 'asis'"]
    direct, through = place.both(collation=collation)
    with direct, through, place.through() as other:
        for sql in ("SET character_set_results = NULL", "SET character_set_results = latin1", "SET character_set_results = NULL", "SET character_set_results = DEFAULT",
                    "SET character_set_results = NULL", "SET character_set_client = NULL", "SET NAMES latin1", "SET character_set_results = NULL", "SET NAMES utf8mb4"):
            assert told(through, sql) == told(direct, sql), sql
            for question in asked:
                assert of_sets(told(through, question)) == of_sets(told(direct, question)), (sql, question)
            for question in ("SELECT @@character_set_results, @@character_set_client", "SHOW VARIABLES LIKE 'character_set_results'"):
                assert told(through, question)[1] == told(direct, question)[1], (sql, question)
            assert told(other, "SELECT x FROM asis")[1] == [["\u00e9\u4e2d".encode()]]


def test_parameters_of_other_sets(place):
    """Texts of a prepared statement's parameters are the client's, blobs are bytes."""
    direct, through = place.both(collation=8)
    with direct, through:
        answers = []
        for client in (direct, through):
            number, params, _ = client.prepare("SELECT HEX(?), HEX(?), ?")
            values = b"".join(bytes([len(value)]) + value for value in (b"\xe9", b"\xe9", b"\xe9\x81"))
            first = client.command(my_wire.EXECUTE, number.to_bytes(4, "little") + b"\0\1\0\0\0\0\1\xfd\0\xfc\0\xfd\0" + values)
            answers.append([client.result(first)[1], len(params)])
        assert answers[0] == answers[1] and b"\xe9\x81" in answers[0][0][0]


def test_a_server_of_another_character_set(place):
    """Its own default, which DEFAULT means, does not narrow the texts of whoever comes behind a client that named a collation."""
    was = place.server.sql("SELECT @@GLOBAL.collation_connection", root=True)[0][0]
    place.server.sql("SET GLOBAL collation_connection = latin1_swedish_ci", root=True)
    try:
        with place.through() as first, place.through() as second:
            for sql in ("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET collation_connection = utf8mb4_unicode_ci"):
                first.query(sql)
                for client in (first, second):
                    assert client.query("SELECT hex('☃é') FROM t LIMIT 1")[1] == [b"\x0aE29883C3A9"]
            first.query("SET NAMES utf8mb4")
            assert first.query("SELECT hex('☃é') FROM t LIMIT 1")[1] == [b"\x0aE29883C3A9"]
    finally:
        place.server.sql(f"SET GLOBAL collation_connection = {was}", root=True)


def test_collations_on_other_engines(make_engine):
    made = make_engine("sqlite")
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}})) as proxy, my_wire.MyWire(proxy.mysql_port, collation=255) as client:
        for sql in ("SELECT 'x', x'00', 1", "SELECT 'x', x'00', 1, @@version"):
            assert [column.collation for column in client.query(sql)[0]][:3] == [255, my_wire.BINARY, my_wire.BINARY]
        assert [column.collation for column in client.query("SHOW DATABASES")[0]] == [255]
        client.query("SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci")
        assert [column.collation for column in client.query("SELECT 'x', x'00'")[0]] == [224, my_wire.BINARY]
        assert [column.collation for column in client.prepare("SELECT 'x', x'00'")[2]] == [224, my_wire.BINARY]


@pytest.mark.parametrize("name", ["postgres", "duckDb"])
def test_json_of_other_engines(make_engine, name):
    made = make_engine(name)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}})) as proxy:
        for upper, expected in ((my_wire.EXTENDED_METADATA, [{1: "json"}, {0: "uuid"}, {}]), (0, [None] * 3)):
            with my_wire.MyWire(proxy.mysql_port, upper=upper, capabilities=WITH) as client:
                sql = "SELECT CAST('[1]' AS json) AS j, CAST('00000000-0000-0000-0000-00000000000a' AS uuid) AS u, 'x' AS x"
                columns, rows = client.query(sql)
                assert [column.metadata for column in columns] == expected and rows == [b"\3[1]\x2400000000-0000-0000-0000-00000000000a\1x"]
                assert [column.metadata for column in client.execute(client.prepare(sql)[0])[0]] == expected


def test_json_for_clients_of_postgresql(place):
    """MariaDB's JSON is a text, which its metadata says more of."""
    with psycopg.connect(place.proxy.dsn(), autocommit=True) as connection:
        cursor = connection.execute("SELECT j, x, json_object('a', 1) AS o FROM t WHERE id = 1")
        assert [column.type_code for column in cursor.description] == [114, 25, 114]
        assert cursor.fetchone() == ([1, {"a": "é"}], "x", {"a": 1})


COUNTED = [
    "INSERT INTO n VALUES (1, 1)", "INSERT INTO n VALUES (1, 1) ON DUPLICATE KEY UPDATE v = VALUES(v)",
    "INSERT INTO n VALUES (1, 2) ON /* a comment */ DUPLICATE KEY UPDATE v = VALUES(v)", "INSERT INTO n VALUES (2, 2), (1, 2) ON DUPLICATE KEY UPDATE v = VALUES(v)",
    "INSERT INTO n VALUES (1, 9), (2, 2), (3, 3) ON DUPLICATE KEY UPDATE v = VALUES(v)", "INSERT INTO n SET id = 3, v = 3 ON DUPLICATE KEY UPDATE v = 3",
    "INSERT INTO n SELECT id, v FROM n AS o ON DUPLICATE KEY UPDATE v = o.v", "INSERT INTO n SELECT id, 3 FROM n AS o ON DUPLICATE KEY UPDATE v = 3",
    "INSERT INTO n SELECT id, v FROM n AS o WHERE false ON DUPLICATE KEY UPDATE v = 3", "INSERT IGNORE INTO n VALUES (1, 1)",
    "INSERT IGNORE INTO n VALUES (1, 1), (4, 4)", "INSERT IGNORE INTO n VALUES (1, 3), (4, 3), (5, 3) ON DUPLICATE KEY UPDATE v = VALUES(v)",
    "INSERT IGNORE INTO n VALUES (1, 3) /* on duplicate key update */", "INSERT INTO n VALUES (7, 7), (8, 8)", "REPLACE INTO n VALUES (1, 3)", "REPLACE INTO n VALUES (1, 3), (9, 9)",
    "UPDATE n SET v = v", "UPDATE n SET v = 3 WHERE id < 8", "UPDATE n a JOIN n b ON a.id = b.id SET a.v = b.v", "UPDATE n SET v = 0 WHERE id = 77", "DELETE FROM n WHERE id > 7",
]


@pytest.mark.parametrize("found", [0, my_wire.FOUND_ROWS], ids=["changed", "found"])
def test_rows_are_counted_as_asked_for(place, found):
    """Rows that a statement met and left as they were count for clients with CLIENT_FOUND_ROWS, who share a connection with those without."""
    counts = []
    for how in (place.direct, place.through):
        with how(capabilities=WITHOUT | found) as client, how(capabilities=WITHOUT | (found ^ my_wire.FOUND_ROWS)) as other:
            client.query("CREATE OR REPLACE TABLE n (id int PRIMARY KEY, v int)") if place.maria else client.query("DROP TABLE IF EXISTS n")
            client.query("CREATE TABLE IF NOT EXISTS n (id int PRIMARY KEY, v int)")
            answers = []
            for sql in COUNTED:
                answers.append((sql, client.query(sql)[0]))
                other.query("UPDATE n SET v = v")
            number = client.prepare("INSERT INTO n VALUES (1, 3) ON DUPLICATE KEY UPDATE v = VALUES(v)")[0]
            answers.append(("prepared", client.execute(number)[0]))
            counts.append(answers)
    assert counts[1] == counts[0]
    assert dict(counts[0])["INSERT INTO n VALUES (1, 1) ON DUPLICATE KEY UPDATE v = VALUES(v)"] == (1 if found else 0)


def test_a_database_has_its_own_variables(place):
    place.server.sql("CREATE DATABASE IF NOT EXISTS columns_bin CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    direct, through = place.both(capabilities=my_wire.DEPRECATE_EOF)
    for sql in ("SELECT @@collation_database", "USE columns_bin", "SELECT @@collation_database, @@character_set_database", f"USE {place.database}", "SELECT @@collation_database"):
        assert through.query(sql)[1] == direct.query(sql)[1], sql


@pytest.mark.parametrize("sql", ["SHOW VARIABLES LIKE 'sql\\_mode'", "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_lock_wait_timeout', 'sql_mode')"])
def test_variables_are_the_servers(place, sql):
    """Also where they are named in a text, and nothing has asked for one before."""
    direct, through = place.both()
    with direct, through:
        assert [values_of(row) for row in through.query(sql)[1]] == [values_of(row) for row in direct.query(sql)[1]]


@pytest.mark.parametrize("command", [b"\x02", b"\x02nope", b"\x02" + b"x" * 300, b"\x03", b"\x03;", b"\x16", b"\x16SELECT 1; SELECT 2", b"\x1b\2\0", b"\x63x",
                                     b"\x1a" + bytes(4), b"\x1c" + bytes(8), b"\x17" + bytes(9)])
def test_commands_that_are_refused(place, command):
    """With the server's number, and the session goes on."""
    direct, through = place.both()
    numbers = []
    for client in (direct, through):
        with client:
            with pytest.raises(my_wire.Failed) as failed:
                client.command(command[0], command[1:])
            numbers.append(failed.value.args[0])
            assert client.query("SELECT 'on'")[1] == [b"\x02on"]
    assert numbers[0] == numbers[1]


def test_numbers_of_ours_are_told_as_the_servers(place):
    direct, through = place.both()
    with direct, through:
        for sql in ("SELECT ROW_COUNT(), LAST_INSERT_ID()", "SHOW COUNT(*) ERRORS", "SELECT ROW_COUNT()", None, "SELECT ROW_COUNT()"):
            if sql is None:
                for client in (direct, through):
                    client.command(my_wire.RESET_CONNECTION)
                continue
            theirs, ours = direct.query(sql), through.query(sql)
            assert [column.flags & ~(1 | 32) for column in ours[0]] == [column.flags & ~(1 | 32) for column in theirs[0]], sql  # but NOT_NULL and UNSIGNED
            assert ours[1] == theirs[1]


TRACKED = ["SET session_track_transaction_info = 'CHARACTERISTICS'", "SELECT v FROM t", "BEGIN", "SELECT 1", "SELECT v FROM t", "INSERT INTO tracked VALUES (2)", "COMMIT",
           "START TRANSACTION READ ONLY", "SELECT v FROM t", "ROLLBACK", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION READ ONLY", "BEGIN", "COMMIT",
           "SET autocommit = 0", "SELECT 1", "SELECT v FROM t", "INSERT INTO tracked VALUES (3)", "COMMIT", "UPDATE tracked SET a = 1 WHERE a = 77", "ROLLBACK", "SET autocommit = 1",
           "BEGIN", "INSERT INTO tracked SELECT id FROM t", "CREATE TABLE IF NOT EXISTS tracked_too (a int)", "SELECT 1", "BEGIN", "SELECT v FROM t", "SAVEPOINT a", "COMMIT",
           "START TRANSACTION WITH CONSISTENT SNAPSHOT", "COMMIT AND CHAIN", "ROLLBACK", "BEGIN", "BEGIN", "ROLLBACK", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
           "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", "COMMIT", "START TRANSACTION READ WRITE", "COMMIT", "SET session_track_transaction_info = 'STATE'", "BEGIN", "COMMIT",
           "SET session_track_transaction_info = 'OFF'", "BEGIN", "COMMIT"]


def tracked(client, sql):
    """What the OK at its end tells of the transaction: kind and text."""
    found = {}
    first = client.command(my_wire.QUERY, sql)
    if first[0] != 0:
        client.columns(my_wire.lenenc(first, 0)[0])
        while (first := client.check(client.packet()))[0] != 0xFE:
            pass
    for changes in client.changes(first):
        found[changes[0]] = changes[1]
    return {kind: found[kind] for kind in (4, 5) if kind in found}


def test_transactions_are_tracked(place):
    """Letters of the transaction's state, and what would begin another one, at each step as on the server."""
    place.server.sql("CREATE TABLE IF NOT EXISTS tracked (a int)", place.database)
    direct, through = place.both(capabilities=my_wire.LONG_PASSWORD | my_wire.DEPRECATE_EOF | my_wire.SESSION_TRACK)
    with direct, through:
        theirs = [(sql, tracked(direct, sql)) for sql in TRACKED]
        assert [(sql, tracked(through, sql)) for sql in TRACKED] == theirs


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgres"])
def test_other_sets_on_other_engines(make_engine, kind):
    """Statements, parameters, names, values, what Turnout answers itself, and errors; what the set does not have is a question mark."""
    made = make_engine(kind)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}})) as proxy:
        with my_wire.MyWire(proxy.mysql_port, collation=8) as client, my_wire.MyWire(proxy.mysql_port) as unicode:
            client.query(b"CREATE TABLE `caf\xe9` (id int, x text)")
            client.query(b"INSERT INTO `caf\xe9` VALUES (1, '\xe9\x80 \x81')")
            unicode.query("INSERT INTO `café` VALUES (2, 'Ω')")
            assert [values_of(row) for row in unicode.query("SELECT x FROM `café` WHERE id = 1")[1]] == [["é€ \x81".encode()]]
            columns, rows = client.query(b"SELECT x AS `\xfc` FROM `caf\xe9` ORDER BY id")
            assert [values_of(row) for row in rows] == [[b"\xe9\x80 \x81"], [b"?"]]
            assert columns[0].collation == 8 and b"\x01\xfc" in columns[0].data
            assert [values_of(row) for row in client.query(b"SHOW TABLES LIKE 'caf\xe9'")[1]] == [[b"caf\xe9"]]
            number, _, _ = client.prepare(b"SELECT id FROM `caf\xe9` WHERE x LIKE ?")
            _, rows = client.result(client.command(my_wire.EXECUTE, number.to_bytes(4, "little") + b"\0\1\0\0\0\0\1\xfd\0\2\xe9%"))
            assert len(rows) == 1
            with pytest.raises(my_wire.Failed) as failed:
                client.query(b"SELECT * FROM `nope\xe9`")
            assert failed.value.args[1].encode(errors="surrogateescape").count(b"nope\xe9") > 0
            client.query("SET NAMES gbk")
            assert [values_of(row) for row in client.query(b"SELECT '\xd6\xd0\x81\x5c'")[1]] == [[b"\xd6\xd0\x81\x5c"]]
            with pytest.raises(my_wire.Failed) as failed:
                client.query(b"SELECT '\xd6'")
            assert failed.value.args == (1300, "Invalid gbk character string")
            client.query("SET NAMES utf8mb4")
            client.query("DROP TABLE `café`")
