"""What object-relational mappers and query builders ask as clients of MySQL, on engines of other kinds: upserts, ids of new rows, definitions
of tables and their changes, JSON, plans. SQL is translated. The libraries themselves: docs/mysql-clients.md."""

import contextlib
import sqlite3
import sys
import time
from datetime import datetime, timedelta

import psycopg
import pytest

import my_wire
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
pytest.importorskip("sqlglot")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", params=("postgres", "sqlite", "duckDb"))
def engine(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}}, translation={"python": sys.executable, "timeoutMs": 20000})) as started:
        made.proxy = started
        yield made
        started.check_sanitizers()


@pytest.fixture
def ask(engine):
    """ask(sql): its rows, ask.of(sql): (rows changed, id of the first new row)."""
    connection = pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", autocommit=True)

    def rows(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def of(sql):
        with connection.cursor() as cursor:
            return cursor.execute(sql), cursor.lastrowid

    rows.of = of
    for name in ("orders", "people", "other"):
        rows(f"DROP TABLE IF EXISTS {name}")
    rows("CREATE TABLE people (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, email VARCHAR(50), name VARCHAR(20) DEFAULT 'none', visits INT DEFAULT 1, doc JSON, "
         "PRIMARY KEY (id), UNIQUE KEY people_email (email), KEY people_name (name(10), visits)) ENGINE=InnoDB")
    yield rows
    connection.close()


def test_ids_of_new_rows(ask):
    assert ask.of("INSERT INTO people (email) VALUES ('a')") == (1, 1)
    assert ask.of("INSERT INTO people (id, email) VALUES (NULL, 'b'), (DEFAULT, 'c'), (NULL, 'd')") == (3, 2)
    assert ask("SELECT LAST_INSERT_ID()") == [(2,)]
    assert ask.of("INSERT INTO people (id, email, name) VALUES (DEFAULT, 'e', DEFAULT), (DEFAULT, 'f', 'x')")[1] == 5
    assert ask("SELECT id, email, name FROM people ORDER BY id") == [(1, "a", "none"), (2, "b", "none"), (3, "c", "none"), (4, "d", "none"), (5, "e", "none"), (6, "f", "x")]
    assert ask.of("INSERT INTO people () VALUES ()") == (1, 7)


def test_columns_are_told_when_it_is_prepared(engine, ask):
    """As many as its execution has, also where their types hang on a parameter: drivers make room for so many (2057)."""
    ask("CREATE TABLE other (i INT, n DECIMAL(10,4), s VARCHAR(40))")
    ask("INSERT INTO other VALUES (1, 3.14159, 'hello')")
    with my_wire.MyWire(engine.proxy.mysql_port, database="shop") as client:
        for sql, count in (("SELECT ROUND(n, ?), SUBSTRING(s, ?, ?), REPEAT(s, ?) FROM other WHERE i = ?", 3), ("SELECT i, ROUND(n, ?) AS r FROM other", 2), ("SELECT i, LEFT(s, ?), ? FROM other", 3)):
            _, params, columns = client.prepare(sql)
            assert (len(params), len(columns)) == (sql.count("?"), count), sql
        assert [column.name for column in client.prepare("SELECT i, ROUND(n, ?) AS r FROM other")[2]] == ["i", "r"]


def test_upserts(engine, ask):
    ask("INSERT INTO people (email, name) VALUES ('a', 'Ann'), ('b', 'Bob')")
    changed, _ = ask.of("INSERT INTO people (email, name) VALUES ('a', 'Anna'), ('c', 'Cid') ON DUPLICATE KEY UPDATE name = VALUES(name), visits = visits + 1")
    assert changed == (3 if engine.name != "duckDb" else 2)  # MySQL counts a row that was there twice
    ask("INSERT INTO people (email, name) VALUES ('b', 'Rob') AS new ON DUPLICATE KEY UPDATE people.name = new.name, visits = people.visits + 10")
    ask("INSERT INTO people (email, name) VALUES ('b', 'no') ON DUPLICATE KEY UPDATE name = values(`people`.`name`), visits = 0")
    ask("INSERT INTO people (email, name) VALUES ('b', 'never') ON DUPLICATE KEY UPDATE id = id")
    ask("INSERT IGNORE INTO people (email, name) VALUES ('b', 'never'), ('d', 'Dan')")
    ask("INSERT INTO people (email, name) SELECT email, 'again' FROM people WHERE email = 'd' ON DUPLICATE KEY UPDATE visits = people.visits + 100")
    assert ask("SELECT email, name, visits FROM people ORDER BY email") == [("a", "Anna", 2), ("b", "no", 0), ("c", "Cid", 1), ("d", "Dan", 101)]
    changed, _ = ask.of("REPLACE INTO people (email, visits) VALUES ('a', 7), ('e', 8)")
    assert changed == (3 if engine.name != "duckDb" else 2)
    assert ask("SELECT email, name, visits FROM people WHERE visits IN (7, 8) ORDER BY email") == [("a", "none", 7), ("e", "none", 8)]


def test_rows_that_were_changed(engine, ask):
    """One that was there already is not; one that comes again as it was is left where it is."""
    if engine.name != "sqlite":
        pytest.skip("docs/mysql-clients.md: DuckDB tells no more, and PostgreSQL's upserts go by one key")
    ask("INSERT INTO people (id, email, name) VALUES (1, 'a', 'x'), (2, 'b', 'y')")
    counts = [ask.of(sql)[0] for sql in ("UPDATE people SET name = 'x'", "UPDATE people SET name = 'x' WHERE id = 1", "REPLACE INTO people (id, email, name) VALUES (1, 'a', 'x')",
                                         "REPLACE INTO people (id, email, name) VALUES (1, 'a', 'z')", "REPLACE INTO people (id, email) VALUES (1, 'b')",
                                         "INSERT INTO people (id, email) VALUES (1, 'b') ON DUPLICATE KEY UPDATE email = 'b'")]
    assert counts == [1, 0, 1, 2, 3, 0] and ask("SELECT id, email, name FROM people") == [(1, "b", "none")]
    ask("CREATE TABLE other (id INT PRIMARY KEY, x DOUBLE)")
    assert [ask.of(f"REPLACE INTO other VALUES (1, {x})")[0] for x in ("1e0", "1.0000000000000002e0", "1.0000000000000002e0")] == [1, 2, 1]  # one text of 15 digits


def test_rows_that_come_again_in_utf16(tmp_path, proxies):
    with contextlib.closing(sqlite3.connect(tmp_path / "wide.sqlite")) as db:
        db.executescript("PRAGMA encoding = 'UTF-16le'; CREATE TABLE wide (id INTEGER PRIMARY KEY, name TEXT)")
    proxy = proxies(proxy_module.one_cluster("wide", {"engine": "sqlite", "databasePath": str(tmp_path / "wide.sqlite")}, frontends={"mysqlWire": {"port": 0}},
                                             translation={"python": sys.executable}))
    with contextlib.closing(pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="tester", autocommit=True)) as connection, connection.cursor() as cursor:
        names = ("a", "a", "\u00e4" * 300, "\u00e4" * 300, "b")
        assert [cursor.execute("REPLACE INTO wide VALUES (1, %s)", (name,)) for name in names] == [1, 1, 2, 1, 2]


def test_whose_columns_they_are(engine, ask):
    """db, table, org_table, org_name of each column: what mysql2's nestTables and JDBC's getTableName go by."""
    ask("CREATE TABLE other (id INT, note VARCHAR(10))")
    person, other = ("id", "email", "name", "visits", "doc"), ("id", "note")

    def told(sql):
        with contextlib.closing(pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop")) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [(field.table_name, field.org_table, field.org_name) for field in cursor._result.fields]  # pylint: disable=protected-access

    def of(alias, table, columns):
        return [(alias, table, column) for column in columns]

    none = ("", "", "")
    assert told("SELECT id, name AS n, 1 + 1, p.`email` `e`, COUNT(*) OVER () FROM people p") == [
        ("p", "people", "id"), ("p", "people", "name"), none, ("p", "people", "email"), none]
    assert told("SELECT *, NULL, 5 x FROM people") == of("people", "people", person) + [none, none]
    assert told("SELECT * FROM people p LEFT JOIN other o ON (o.id = p.id AND LEFT(p.name, 1) = 'a') WHERE p.id > 0 ORDER BY p.id LIMIT 3") == \
        of("p", "people", person) + of("o", "other", other)
    assert told("SELECT o.*, note, p.id, p.visits, a.* FROM (people p JOIN other AS o ON o.id = p.id), people a WHERE note IN (SELECT name FROM people)") == \
        of("o", "other", other) + [("o", "other", "note"), ("p", "people", "id"), ("p", "people", "visits")] + of("a", "people", person)
    assert told("SELECT * FROM people JOIN other USING (id)") == of("people", "people", person) + [("other", "other", "note")]
    assert told("SELECT x.n FROM (SELECT name AS n FROM people) x") == [("x", "x", "n")]
    assert told("SELECT id FROM people UNION SELECT id FROM other") == [none]


def test_having_of_what_is_shown(engine, ask):
    """Of a count, compared with what comes as a text (PDO's execute() sends nothing else), and of single rows."""
    connector = pytest.importorskip("mysql.connector")
    ask("INSERT INTO people (email, name) VALUES ('a', 'x'), ('b', 'x'), ('c', 'y')")
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True) as client, client.cursor(prepared=True) as cursor:
        for sql in ("SELECT name, COUNT(*) AS n FROM people GROUP BY name HAVING n >= ? ORDER BY name", "SELECT name, COUNT(*) FROM people GROUP BY name HAVING COUNT(*) >= ? ORDER BY name"):
            for least, rows in (("0", [("x", 2), ("y", 1)]), ("2", [("x", 2)]), (2, [("x", 2)])):
                cursor.execute(sql, (least,))
                assert [tuple(row) for row in cursor.fetchall()] == rows
    assert ask("SELECT name, COUNT(*) AS n FROM people GROUP BY name HAVING n >= '2'") == [("x", 2)]
    assert ask("SELECT email, name AS n FROM people HAVING n = 'y'") == [("c", "y")]
    assert ask("SELECT name AS n, COUNT(*) FROM people GROUP BY name HAVING n = 'y'") == [("y", 1)]


def test_seconds_of_moments(engine, ask):
    """DATETIME is of whole seconds, and clients are told so: PHP writes as many digits as it is told."""
    if engine.name != "postgres":
        pytest.skip("docs/mysql-clients.md: all digits are kept")
    ask("CREATE TABLE other (a DATETIME, b DATETIME(3), c TIMESTAMP NULL, d TIME)")
    ask("INSERT INTO other VALUES ('2024-01-01 10:00:00.6', '2024-01-01 10:00:00.6', '2024-01-01 10:00:00.4', '10:00:00.6')")
    assert ask("SELECT * FROM other") == [(datetime(2024, 1, 1, 10, 0, 1), datetime(2024, 1, 1, 10, 0, 0, 600000), datetime(2024, 1, 1, 10), timedelta(seconds=36001))]
    assert [row[:2] for row in ask("DESCRIBE other")] == [("a", "datetime"), ("b", "datetime(3)"), ("c", "timestamp"), ("d", "time")]
    with contextlib.closing(pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT *, NOW() FROM other")
        assert [field.scale for field in cursor._result.fields] == [0, 3, 0, 0, 6]  # pylint: disable=protected-access


def test_defaults_as_new_values(ask):
    ask("INSERT INTO people (id, email, name, visits) VALUES (1, 'a', 'x', 9), (2, 'b', 'y', 9)")
    ask("UPDATE people SET name = DEFAULT, email = DEFAULT, visits = visits + 1 WHERE id = 1")
    ask("INSERT INTO people (id, email) VALUES (2, 'b') ON DUPLICATE KEY UPDATE visits = DEFAULT")
    assert ask("SELECT id, email, name, visits FROM people ORDER BY id") == [(1, None, "none", 10), (2, "b", "y", 1)]


def test_bytes_are_no_texts(ask):
    """What is made of a column of bytes, not of how its engine writes them."""
    ask("CREATE TABLE other (b BLOB, t VARCHAR(10))")
    ask("INSERT INTO other VALUES (x'00ff27', 'a')")
    assert ask("SELECT HEX(b), LENGTH(b), MD5(b), TO_BASE64(b), SHA2(b, 256), HEX(t), MD5(t) FROM other") == [
        ("00FF27", 3, "6a752590bc25be1ba1e3cf0eb66aa0ee", "AP8n", "34161b9e204118fa27a71f5268309031c18467831a8c5f3427c5b3eb71267c50", "61", "0cc175b9c0f1b6a831c399e269772661")]


def test_a_parameter_of_no_type(engine):
    connector = pytest.importorskip("mysql.connector")
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", use_pure=True) as client, client.cursor(prepared=True) as cursor:
        cursor.execute("SELECT ? IS NULL, ? IS NOT NULL", (None, None))
        assert [tuple(row) for row in cursor.fetchall()] == [(1, 0)]
        cursor.execute("SELECT ? IS NULL, ? IS NOT NULL", ("x", 7))
        assert [tuple(row) for row in cursor.fetchall()] == [(0, 1)]


def test_seconds_since_1970(ask):
    assert abs(ask("SELECT UNIX_TIMESTAMP() - 10")[0][0] + 10 - time.time()) < 60
    assert isinstance(ask("SELECT UNIX_TIMESTAMP()")[0][0], int)


def test_a_duplicate_is_told_as_mysql_does(engine, ask):
    ask("INSERT INTO people (email) VALUES ('a')")
    with pytest.raises(pymysql.err.IntegrityError) as failure:
        ask("INSERT INTO people (email) VALUES ('a')")
    assert failure.value.args[0] == 1062
    if engine.name != "duckDb":
        assert failure.value.args[1].endswith(f"Duplicate entry '{'a' if engine.name == 'postgres' else ''}' for key 'email'")


def test_several_changes_of_a_table_at_once(ask):
    ask("INSERT INTO people (email) VALUES ('a')")
    ask("ALTER TABLE people ADD COLUMN age INT NOT NULL AFTER email, ADD COLUMN note VARCHAR(10) DEFAULT 'x', DROP COLUMN doc")
    ask("ALTER TABLE people CHANGE note remark VARCHAR(10) NULL")
    assert ask("SELECT age, remark FROM people") == [(0, "x")]
    assert [row[0] for row in ask("SHOW COLUMNS FROM people")][-2:] == ["age", "remark"]


def test_a_definition_of_several_is_all_or_nothing(engine, ask):
    ask("CREATE TABLE other (a INT)")
    for sql in ("ALTER TABLE other ADD COLUMN b INT, ADD COLUMN a INT", "ALTER TABLE other ADD COLUMN b INT NOT NULL, ADD COLUMN c INT, RENAME COLUMN nowhere TO d"):
        with pytest.raises(pymysql.err.MySQLError):
            ask(sql)
        assert [row[0] for row in ask("SHOW COLUMNS FROM other")] == ["a"]
    with pytest.raises(pymysql.err.MySQLError):
        ask("CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, a INT, a INT)")
    assert ask("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = 'orders'") == [(0,)]
    if engine.name == "duckDb":
        assert ask("SELECT sequence_name FROM duckdb_sequences() WHERE sequence_name LIKE 'orders%'") == []
        with psycopg.connect(engine.proxy.dsn()) as other:
            other.execute("INSERT INTO other VALUES (1)")
            other.rollback()
    ask("INSERT INTO other VALUES (1)")
    ask("ALTER TABLE other ADD COLUMN b INT, ADD COLUMN c INT")
    assert ask("SELECT a, b, c FROM other") == [(1, None, None)]


def test_a_definition_of_several_ends_a_transaction(engine, ask):
    ask("CREATE TABLE other (a INT)")
    ask("BEGIN")
    ask("INSERT INTO other VALUES (1)")
    ask("ALTER TABLE other ADD COLUMN b INT, ADD COLUMN c INT")
    ask("ROLLBACK")
    assert [row[0] for row in ask("SHOW COLUMNS FROM other")] == ["a", "b", "c"] and ask("SELECT * FROM other") == [(1, None, None)]
    ask("BEGIN")
    ask("DELETE FROM other")
    with pytest.raises(pymysql.err.MySQLError):
        ask("ALTER TABLE other ADD COLUMN d INT, ADD COLUMN a INT")
    ask("ROLLBACK")
    assert [row[0] for row in ask("SHOW COLUMNS FROM other")] == ["a", "b", "c"] and ask("SELECT * FROM other") == []


def test_upserts_that_meet_no_key_keep_their_parameters(engine, ask):
    connector = pytest.importorskip("mysql.connector")
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", autocommit=True, use_pure=True) as connection:
        with connection.cursor(prepared=True) as cursor:
            for _ in range(2):
                cursor.execute("INSERT INTO people (name, visits) VALUES (?, ?), (?, ?) ON DUPLICATE KEY UPDATE visits = ?, name = VALUES(name)", ("Ann", 1, "Bob", 2, 7))
    assert ask("SELECT name, visits FROM people ORDER BY id") == [("Ann", 1), ("Bob", 2)] * 2


def test_times_as_mysql_writes_them(engine, ask):
    ask("CREATE TABLE other (id INT PRIMARY KEY, t TIME, d DATETIME)")
    ask("INSERT INTO other VALUES (1, '0 2:13:20', '2024-1-5 3:4:5'), (2, '2:3:4', '2024-01-05 3:04:05'), (3, '12:15', '2024-01-05T03:04:05'), (4, '45', NULL), (5, 21320, NULL)")
    ask("INSERT INTO other (id, t) VALUES (6, '021320.25')")
    times = [timedelta(hours=2, minutes=13, seconds=20), timedelta(hours=2, minutes=3, seconds=4), timedelta(hours=12, minutes=15), timedelta(seconds=45)]
    assert [row[0] for row in ask("SELECT t FROM other WHERE id < 6 ORDER BY id")] == [*times, times[0]]
    assert ask("SELECT DISTINCT d FROM other WHERE d IS NOT NULL") == [(datetime(2024, 1, 5, 3, 4, 5),)]
    assert ask("SELECT id FROM other WHERE t = '0 2:13:20' AND d = '2024-1-5 3:04:5'") == [(1,)]
    assert ask("SELECT id FROM other WHERE t BETWEEN '0 2:0:0' AND '0 2:5:0'") == [(2,)]
    ask("UPDATE other SET t = '1:2:3' WHERE id = 2")
    assert ask("SELECT t FROM other WHERE t < 10204 AND id = 2") == [(timedelta(hours=1, minutes=2, seconds=3),)]
    if engine.name == "sqlite":  # a text there: beyond a day and below zero, too
        ask("INSERT INTO other (id, t) VALUES (7, '1 2:03:04'), (8, '-1:00')")
        assert ask("SELECT t FROM other WHERE id > 6 ORDER BY id") == [("26:03:04",), ("-01:00:00",)]


def test_zero_bytes_and_backslashes(engine, ask):
    ask("CREATE TABLE other (id INT, name VARCHAR(20), data VARBINARY(20))")
    ask(r"INSERT INTO other (id, data) VALUES (1, 'a\0b'), (2, 'a\\b'), (3, 'ab'), (4, _binary'\0'), (5, '\0')")
    assert [row[0] for row in ask("SELECT data FROM other ORDER BY id")] == [b"a\0b", b"a\\b", b"ab", b"\0", b"\0"]
    if engine.name == "postgres":
        with pytest.raises(pymysql.err.MySQLError, match="zero byte"):
            ask(r"INSERT INTO other (name) VALUES ('a\0b')")
    else:
        ask(r"INSERT INTO other (id, name) VALUES (6, 'a\0b')")
        assert ask("SELECT name, HEX(name) FROM other WHERE id = 6") == [("a\0b", "610062")]
    assert ask("SELECT 1 + 1") == [(2,)]
    assert "a translation's worker was ended" not in engine.proxy.log()


def test_bits_are_numbers_and_chars_have_no_blanks(engine, ask):
    ask("CREATE TABLE other (b BIT(3), flag BIT(1) NOT NULL DEFAULT b'0', code CHAR(5))")
    ask("INSERT INTO other VALUES (3, TRUE, 'ab')")
    ask("INSERT INTO other VALUES (b'101', b'1', 'abcde')")
    ask("INSERT INTO other (b, code) VALUES (b'1', '')")
    assert ask("SELECT b, b + 1, flag, code FROM other ORDER BY b") == [(1, 2, 0, ""), (3, 4, 1, "ab"), (5, 6, 1, "abcde")]
    assert ask("SELECT b FROM other WHERE flag AND b = b'101'") == [(5,)]
    assert ask("SELECT 1.5e3, 18014398509481982e0") == [(1500.0, 18014398509481982.0)]


def test_notes_of_what_is_not_there(engine, ask):
    if engine.name != "postgres":
        pytest.skip("others tell nothing")
    ask("DROP TABLE IF EXISTS nowhere")
    assert [row[:2] for row in ask("SHOW WARNINGS")] == [("Note", 1051)]
    ask("CREATE TABLE IF NOT EXISTS people (id INT)")
    assert [row[:2] for row in ask("SHOW WARNINGS")] == [("Note", 1050)]


def test_keys_of_a_table(engine, ask):
    ask("CREATE TABLE orders (id SERIAL, person BIGINT UNSIGNED, code CHAR(5) BINARY, CONSTRAINT pk PRIMARY KEY (id), UNIQUE KEY code (code), "
        "CONSTRAINT orders_person FOREIGN KEY (person) REFERENCES people (id) ON DELETE CASCADE)")
    names = {row[2] for row in ask("SHOW INDEX FROM people")}
    if engine.name != "duckDb":  # it has no other keys than unique ones
        assert {"PRIMARY", "people_email", "people_name"} <= names
        assert "REFERENCES `people` (`id`) ON DELETE CASCADE" in ask("SHOW CREATE TABLE orders")[0][1]
    ask("ALTER TABLE orders ADD UNIQUE orders_pc (person, code), ADD INDEX orders_p (person)")
    ask("INSERT INTO people (email) VALUES ('a')")
    ask("INSERT INTO orders (person, code) VALUES (1, 'x')")
    with pytest.raises(pymysql.err.IntegrityError):
        ask("INSERT INTO orders (person, code) VALUES (1, 'x')")
    ask("ALTER TABLE orders DROP INDEX orders_pc, DROP INDEX orders_p")
    ask("ALTER TABLE orders DROP FOREIGN KEY orders_person")
    ask("CREATE TABLE other (a INT)")
    ask("DROP TABLE orders, other")


def test_tables_count_anew_when_made_anew(engine, ask):
    for _ in range(2):
        ask("CREATE TABLE IF NOT EXISTS other (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
        assert ask.of("INSERT INTO other (v) VALUES (5)") == (1, 1)
        ask("DROP TABLE IF EXISTS other")
    for _ in range(2):
        ask("CREATE TABLE other (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
        assert ask.of("INSERT INTO other (v) VALUES (5)") == (1, 1)
        with pytest.raises(pymysql.err.MySQLError) as failure:
            ask("CREATE TABLE other (id INT AUTO_INCREMENT PRIMARY KEY, v INT)")
        assert failure.value.args[0] == 1050
        with psycopg.connect(engine.proxy.dsn(), autocommit=True) as other:  # who knows nothing of what counts for it
            other.execute("DROP TABLE other")


def test_zones_of_whole_hours(engine, ask):
    for zone in ("+00:00", "+02:00", "-05:00"):
        ask(f"SET time_zone = '{zone}'")
        assert ask("SELECT 1") == [(1,)]


def test_json(engine, ask):
    ask("""INSERT INTO people (email, doc) VALUES ('a', '{"n": 1, "l": ["x"], "o": {"m": "deep"}}'), ('b', '{"n": 2}'), ('c', NULL)""")

    def found(where):
        return [row[0] for row in ask(f"SELECT email FROM people WHERE {where} ORDER BY email")]

    assert found("JSON_EXTRACT(doc, '$.n') = 1") == ["a"]
    assert found("JSON_EXTRACT(doc, '$.n') > 1") == ["b"]
    assert found("JSON_EXTRACT(doc, '$.o.m') = 'deep'") == ["a"]
    assert found("JSON_UNQUOTE(JSON_EXTRACT(doc, '$.o.m')) = 'deep' AND doc->>'$.l[0]' = 'x'") == ["a"]
    assert found("JSON_CONTAINS_PATH(doc, 'one', '$.l', '$.q')") == ["a"]
    assert found("JSON_CONTAINS_PATH(doc, 'all', '$.n', '$.o')") == ["a"]
    assert found("JSON_CONTAINS(doc, '2', '$.n')") == ["b"]
    assert found("JSON_EXTRACT(doc, '$.n') IN (2, 3)") == ["b"]
    if engine.name != "duckDb":
        ask("UPDATE people SET doc = JSON_REMOVE(JSON_SET(doc, '$.n', 5, '$.z', 'new'), '$.l') WHERE email = 'a'")
        assert found("JSON_EXTRACT(doc, '$.n') = 5 AND JSON_EXTRACT(doc, '$.z') = 'new' AND JSON_EXTRACT(doc, '$.l') IS NULL") == ["a"]
        assert ask("SELECT JSON_LENGTH(doc), JSON_LENGTH(doc, '$.n') FROM people WHERE email = 'a'") == [(3, 1)]


def test_json_paths_that_are_parameters(engine, ask):
    connector = pytest.importorskip("mysql.connector")
    ask("""INSERT INTO people (email, doc) VALUES ('a', '{"n": 1, "o": {"m": "deep"}}'), ('b', '{"n": 2}')""")
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True, ssl_disabled=True) as connection:
        cursor = connection.cursor(prepared=True)
        cursor.execute("SELECT email FROM people WHERE JSON_EXTRACT(doc, ?) = ?", ('$."o"."m"', "deep"))
        assert [row[0] for row in cursor.fetchall()] == ["a"]
        cursor.execute("SELECT email FROM people WHERE JSON_EXTRACT(doc, ?) IS NOT NULL", ('$."o"."m"',))
        assert [row[0] for row in cursor.fetchall()] == ["a"]


def test_definitions_that_are_prepared(engine, ask):
    connector = pytest.importorskip("mysql.connector")
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True, ssl_disabled=True) as connection:
        cursor = connection.cursor(prepared=True)
        cursor.execute("CREATE TABLE other (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT, KEY other_ab (a, b))")
        cursor.execute("ALTER TABLE other ADD COLUMN c INT, ADD COLUMN d INT")
        cursor.execute("INSERT INTO other (a, d) VALUES (?, ?)", (1, 2))
        cursor.execute("SELECT id, a, b, c, d FROM other")
        assert cursor.fetchall() == [(1, 1, None, None, 2)]


@pytest.mark.parametrize("words", ["EXPLAIN", "EXPLAIN FORMAT=JSON"])
def test_explain(ask, words):
    assert ask(f"{words} SELECT `email` FROM people WHERE JSON_EXTRACT(doc, '$.n') = 1 LIMIT 1, 2")


def test_columns_are_found_whatever_their_case(ask):
    ask("CREATE TABLE other (id INT AUTO_INCREMENT PRIMARY KEY, userId INT, `Name` VARCHAR(5))")
    ask("INSERT INTO other (USERID, name) VALUES (3, 'x')")
    ask("UPDATE other SET userid = userid + 1 WHERE ID = 1")
    assert ask("SELECT o.userId, NAME FROM other o WHERE o.UserID = 4 ORDER BY userid") == [(4, "x")]


def test_views_are_replaced(ask):
    ask("CREATE OR REPLACE VIEW seen AS SELECT id, email FROM people")
    ask("CREATE OR REPLACE VIEW seen AS SELECT email FROM people")
    assert ask("SELECT * FROM seen") == []
    ask("DROP VIEW seen")


def test_a_definition_that_is_several_statements_is_prepared(engine, ask):
    """Nothing of it is done before it is executed."""
    connector = pytest.importorskip("mysql.connector")
    ask("CREATE TABLE other (id INT)")
    connection = connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True, autocommit=True)
    cursor = connection.cursor(prepared=True)
    cursor.execute("ALTER TABLE other ADD COLUMN g INT, ADD COLUMN h INT")
    connection.close()
    assert ask("SELECT id, g, h FROM other") == []


def test_texts_in_an_order_with_parameters(engine, ask):
    """As MySQL's collation has them, without regard to case."""
    connector = pytest.importorskip("mysql.connector")
    ask("INSERT INTO people (email, name) VALUES ('Ann', 'x'), ('bob', 'Y'), ('Cid', 'z'), ('DEE', 'Z')")
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True, ssl_disabled=True) as connection:
        cursor = connection.cursor(prepared=True)
        for where, values, found in (("email > ?", ("B",), ["bob", "Cid", "DEE"]), ("email <= ?", ("BOB",), ["Ann", "bob"]), ("? < email", ("CID",), ["DEE"]),
                                     ("email BETWEEN ? AND ?", ("b", "CID"), ["bob", "Cid"]), ("email BETWEEN 'B' AND ?", ("cid",), ["bob", "Cid"]),
                                     ("id >= ? AND email < ?", (2, "d"), ["bob", "Cid"])):
            cursor.execute(f"SELECT email FROM people WHERE {where} ORDER BY email", values)
            assert [row[0] for row in cursor.fetchall()] == found, where
        cursor.execute("SELECT email AS e FROM people WHERE email < ? UNION ALL SELECT name FROM people WHERE name > ? ORDER BY e DESC LIMIT ?", ("c", "a", 4))
        assert [row[0].lower() for row in cursor.fetchall()] == ["z", "z", "y", "x"]


def test_spreads_are_doubles(ask):
    """Of whole numbers and decimals, too: PostgreSQL's are decimals."""
    ask("CREATE TABLE other (n INT, p DECIMAL(8,2))")
    ask("INSERT INTO other VALUES (1, 1.5), (2, 2.5), (4, 3.5)")
    for row in ask("SELECT STDDEV(n), VARIANCE(n), STDDEV_SAMP(p), VAR_SAMP(p), VAR_POP(p) FROM other"):
        assert [type(value) for value in row] == [float] * 5
        assert row == pytest.approx((1.2472191289, 1.5555555556, 1.0, 1.0, 0.6666666667))


def test_the_largest_json(ask):
    """In the order of its values, not of its texts; values that are not there do not count."""
    ask("INSERT INTO people (email, visits, doc) VALUES ('a', 1, '{\"n\": 9}'), ('b', 1, '{\"n\": 9}'), ('c', 2, '{}')")
    assert ask("SELECT visits, MAX(JSON_EXTRACT(doc, '$.n')), MIN(doc->'$.n') FROM people GROUP BY visits ORDER BY visits") == [(1, "9", "9"), (2, None, None)]


def test_times_beyond_a_day(engine, ask):
    ask("CREATE TABLE other (id INT, t TIME)")
    ask("INSERT INTO other VALUES (1, '23:30:00'), (2, '00:30:00'), (3, NULL)")
    assert ask("SELECT ADDTIME('23:30:00', '01:00:00'), SUBTIME('00:30:00', '01:00:00'), TIME_TO_SEC('-25:00:00')") == [("24:30:00", "-00:30:00", -90000)]
    if engine.name != "sqlite":
        assert ask("SELECT ADDTIME(t, '01:00:00'), SUBTIME(t, '01:00:00') FROM other ORDER BY id") == [("24:30:00", "22:30:00"), ("01:30:00", "-00:30:00"), (None, None)]
        with pytest.raises(pymysql.MySQLError) as wrong:
            ask("SELECT MAKETIME(25, 0, 0)")
        assert wrong.value.args[0] == 1292


def test_sleep_and_its_end(engine, ask):
    if engine.name == "duckDb":
        with pytest.raises(pymysql.MySQLError) as wrong:
            ask("SELECT SLEEP(0.01)")
        assert wrong.value.args[0] == 1235
        return
    begun = time.monotonic()
    assert ask("SELECT SLEEP(0.2)") == [(0,)]
    assert time.monotonic() - begun >= 0.2
    ask("SET max_statement_time = 0.3")
    with pytest.raises(pymysql.MySQLError):
        ask("SELECT SLEEP(500)")
    assert time.monotonic() - begun < 200


def test_a_digest_of_what_is_written_there(engine, ask):
    assert ask("SELECT SHA1('abc'), SHA(''), SHA1(NULL)") == [("a9993e364706816aba3e25717850c26c9cd0d89d", "da39a3ee5e6b4b0d3255bfef95601890afd80709", None)]
    assert ask("SELECT SHA1('abd')") == [("cb4cc28df0fdbe0ecf9d9662e294b118092a5735",)]
    if engine.name == "postgres":
        with pytest.raises(pymysql.MySQLError) as wrong:
            ask("SELECT SHA1(email) FROM people")
        assert wrong.value.args[0] == 1235
