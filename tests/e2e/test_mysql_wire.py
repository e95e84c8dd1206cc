"""The MySQL protocol over every engine: PyMySQL, mysql-connector-python (prepared statements) and the mariadb program, with what
such clients do every day."""

import datetime
import decimal
import json
import re
import struct
import subprocess

import pytest

import engines
import my_wire
import ops
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")

FRONTENDS = {"mysqlWire": {"port": 0, "databases": ["shop", "elsewhere", "other", "another"]}}


@pytest.fixture(scope="module", params=engines.ENGINES)
def engine(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends=FRONTENDS)) as started:
        made.proxy = started
        yield made


def connect(proxy, **more):
    return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, **{"user": "tester", "database": "shop", "autocommit": True, **more})


@pytest.fixture
def client(engine):
    connection = connect(engine.proxy)
    yield connection
    if connection.open:
        connection.close()


@pytest.fixture
def prepared(engine):
    connection = connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", use_pure=True, autocommit=True)
    yield connection
    connection.close()


def rows(connection, sql, *args):
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def failed(connection, sql):
    with pytest.raises(pymysql.err.MySQLError) as error:
        rows(connection, sql)
    return error.value.args


@pytest.fixture
def table(engine, client):
    name = engine.new_table()
    rows(client, f"CREATE TABLE {name} (id integer, name text, price decimal(10,2), made timestamp, day date, ratio double precision)")
    return name


VALUES = (7, "it's \\ \"ä€😀\" `x`\n", decimal.Decimal("-12.50"), datetime.datetime(2024, 2, 29, 23, 59, 58, 120000), datetime.date(1999, 12, 31), 0.5)


@pytest.mark.quick
def test_values_come_back(client, table):
    with client.cursor() as cursor:
        assert cursor.execute(f"INSERT INTO `{table}` VALUES (%s, %s, %s, %s, %s, %s)", VALUES) == 1
        assert cursor.execute(f"INSERT INTO {table} (id) VALUES (8), (9)") == 2
    assert rows(client, f"SELECT * FROM {table} ORDER BY id")[:2] == (VALUES, (8, None, None, None, None, None))
    assert rows(client, f"SELECT name FROM {table} WHERE name = %s # a comment\n", VALUES[1]) == ((VALUES[1],),)
    assert client.cursor().execute(f"UPDATE {table} SET ratio = 1 WHERE id > 7") == 2


def test_values_come_back_in_binary(prepared, client, table):
    cursor = prepared.cursor(prepared=True)
    cursor.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)", VALUES)
    assert cursor.rowcount == 1
    cursor.execute(f"INSERT INTO {table} (id, name) VALUES (?, ?)", (8, None))
    cursor.execute(f"SELECT * FROM {table} WHERE id >= ? ORDER BY id", (7,))
    assert cursor.fetchall() == [VALUES, (8, None, None, None, None, None)]
    cursor.execute(f"SELECT name FROM {table} WHERE id = ?", (-1,))
    assert cursor.fetchall() == []
    assert rows(client, f"SELECT count(*) FROM {table}") == ((2,),)


def test_errors_have_mysqls_numbers_and_leave_the_session(client, prepared):
    assert failed(client, "SELECT * FROM no_such_table")[0] == 1146
    assert "no_such_table" in rows(client, "SHOW WARNINGS")[0][2]
    assert failed(client, "SELEKT 1")[0] == 1064
    assert failed(client, "SELECT @@no_such_variable") == (1193, "Unknown system variable 'no_such_variable'")
    assert failed(client, "SET version = 'x'")[0] == 1238
    assert failed(client, "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t")[0] == 3948
    assert failed(client, "")[0] == 1065
    assert failed(client, "SELECT 1; SELECT 2")[0] == 1064  # the client has not asked for several
    with pytest.raises(connector.Error) as error:
        prepared.cursor(prepared=True).execute("SELECT * FROM no_such_table")
    assert (error.value.errno, error.value.sqlstate) == (1146, "42S02")
    assert rows(client, "SELECT 1") == ((1,),)


def test_transactions(engine, client, table):
    other = connect(engine.proxy)
    client.begin()
    assert client.server_status & 1
    rows(client, f"INSERT INTO {table} (id) VALUES (1)")
    client.rollback()
    assert not client.server_status & 1
    assert rows(other, f"SELECT count(*) FROM {table}") == ((0,),)
    client.autocommit(False)
    rows(client, f"INSERT INTO {table} (id) VALUES (2)")
    client.commit()
    assert rows(other, f"SELECT id FROM {table}") == ((2,),)
    failed(client, "SELECT * FROM no_such_table")  # a statement that fails is not the transaction's end
    assert rows(client, f"SELECT id FROM {table}") == ((2,),)
    client.autocommit(True)
    assert not client.server_status & 1
    other.close()


def test_several_statements(engine):
    flags = pymysql.constants.CLIENT.MULTI_STATEMENTS
    connection = connect(engine.proxy, client_flag=flags)
    cursor = connection.cursor()
    cursor.execute("SELECT 1; SET @a = 'x;y'; SELECT @a, 2; SELECT * FROM no_such_table; SELECT 3")
    assert cursor.fetchall() == ((1,),)
    assert cursor.nextset() and cursor.description is None
    assert cursor.nextset() and cursor.fetchall() == (("x;y", 2),)
    with pytest.raises(pymysql.err.ProgrammingError):
        cursor.nextset()
    assert rows(connection, "SELECT 4") == ((4,),)
    connection.close()


def test_what_clients_ask_first(client):
    assert rows(client, "SELECT @@version_comment limit 1") == (("Turnout",),)
    one = rows(client, "/* mysql-connector-j */SELECT @@session.auto_increment_increment AS a, @@character_set_client AS b, @@max_allowed_packet c")[0]
    assert one == (1, "utf8mb4", 64 * 1024 * 1024)
    assert rows(client, "SELECT DATABASE(), USER(), VERSION(), CONNECTION_ID()") == (
        ("shop", "tester@127.0.0.1", "8.0.41-turnout", client.thread_id()),)
    rows(client, "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci, @@session.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), autocommit = 1")
    assert rows(client, "SELECT @@collation_connection")[0][0] == "utf8mb4_unicode_ci"
    assert "STRICT_ALL_TABLES" in rows(client, "SELECT @@sql_mode")[0][0].split(",")
    assert dict(rows(client, "SHOW VARIABLES LIKE 'character\\_set\\_c%'")) == {"character_set_client": "utf8mb4", "character_set_connection": "utf8mb4"}
    assert dict(rows(client, "SHOW VARIABLES WHERE Variable_name IN ('autocommit', 'version')")) == {"autocommit": "ON", "version": "8.0.41-turnout"}
    for what in ("STATUS", "COLLATION", "CHARSET", "ENGINES", "PLUGINS", "CHARACTER SET", "GRANTS"):
        assert rows(client, f"SHOW {what}"), what
    assert failed(client, "SHOW INDEX FROM no_such_table")[0] == 1146 and rows(client, "SHOW TRIGGERS") == ()
    client.select_db("elsewhere")
    assert rows(client, "SELECT SCHEMA()") == (("elsewhere",),)
    client.ping()


def test_tables_and_columns(client, table):
    assert (table,) in rows(client, "SHOW TABLES")
    assert (table, "BASE TABLE") in rows(client, f"SHOW FULL TABLES FROM `shop` LIKE '{table}%'")
    assert [row[:2] for row in rows(client, f"DESCRIBE {table}")][:2] == [row[:2] for row in rows(client, f"SHOW COLUMNS FROM `{table}`")][:2]
    assert [row[0] for row in rows(client, f"SHOW FULL COLUMNS FROM {table} LIKE '%a%'")] == ["name", "made", "day", "ratio"]
    assert rows(client, f"SHOW CREATE TABLE {table}")[0][1].startswith(f"CREATE TABLE `{table}` (")
    assert failed(client, "SHOW COLUMNS FROM no_such_table")[0] == 1146
    assert any(row[0] == client.thread_id() for row in rows(client, "SHOW PROCESSLIST"))


def test_kill_query(engine, client):
    other = connect(engine.proxy)
    with ops.repeated(lambda: rows(other, f"KILL QUERY {client.thread_id()}")):
        assert failed(client, engine.sql("long"))[0] == 1317
    assert rows(client, "SELECT 1") == ((1,),)
    assert failed(other, "KILL 4000000000")[0] == 1094
    rows(other, f"KILL {client.thread_id()}")
    with pytest.raises(pymysql.err.MySQLError):
        rows(client, "SELECT 1")
    other.close()


def test_kill_of_oneself(engine, client):
    own = rows(client, "SELECT CONNECTION_ID()")[0][0]
    assert failed(client, f"KILL QUERY {own}")[0] == 1317
    assert rows(client, "SELECT 1") == ((1,),)
    with connect(engine.proxy) as other:
        own = rows(other, "SELECT CONNECTION_ID()")[0][0]
        assert failed(other, f"KILL {own}")[1] == "Connection was killed"
        with pytest.raises(pymysql.err.MySQLError):
            rows(other, "SELECT 1")
    assert own not in [row[0] for row in rows(client, "SHOW PROCESSLIST")]


def test_a_set_is_all_or_nothing(client):
    """A part that is wrong leaves the others undone, as in MySQL."""
    asked = "SELECT @@autocommit, @@transaction_isolation, @@transaction_read_only, @@collation_connection, @@time_zone, @@wait_timeout, @a, @b, @@sql_mode"
    rows(client, "SET @a = 'before', wait_timeout = 1000, sql_mode = 'ANSI'")
    before = rows(client, asked)
    for wrong in ("autocommit = 'x'", "@@no_such_variable = 1", "time_zone = 'nowhere at all'", "NAMES ucs2"):
        assert failed(client, "SET @a = 1, @a = 2, @b = 3, autocommit = 0, transaction_isolation = 'SERIALIZABLE', transaction_read_only = 1, wait_timeout = 9, "
                      f"time_zone = '+02:00', sql_mode = 'TRADITIONAL', collation_connection = utf8mb4_bin, {wrong}")
        assert rows(client, asked) == before, wrong
    for number in range(600):  # room that was taken for them comes back
        failed(client, f"SET @c{number} = '{'x' * 1000}', @@no_such_variable = 1")
    rows(client, "SET @c = '" + "x" * 60000 + "', autocommit = 0, time_zone = '+02:00'")
    assert rows(client, "SELECT @@autocommit, @@time_zone, length(@c)")[0][:2] == (0, "+02:00")


def test_packets_over_16_mb(engine, client, prepared):
    if engine.name != "sqlite":
        pytest.skip("once is enough: the engine has no part in it")
    table, value = engine.new_table(), "twenty megabytes" * (20 << 16)
    rows(client, f"CREATE TABLE {table} (a integer, b text)")
    assert client.cursor().execute(f"INSERT INTO {table} VALUES (1, %s)", (value,)) == 1
    assert rows(client, f"SELECT b, a FROM {table}") == ((value, 1),)
    prepared.cursor(prepared=True).execute(f"INSERT INTO {table} VALUES (?, ?)", (2, value))
    assert rows(client, f"SELECT count(*) FROM {table} WHERE b = (SELECT b FROM {table} WHERE a = 1)") == ((2,),)


def test_many_rows(engine, client):
    got = rows(client, engine.sql("series", n=50_000))
    assert len(got) == 50_000 and got[-1] == (50_000,)


def test_routing(client):
    assert any("Group" in row[0] for row in rows(client, "EXPLAIN ROUTE SELECT 1"))
    assert json.loads(rows(client, "EXPLAIN FORMAT=JSON ROUTE SELECT 1")[0][0])["outcome"] == "runs"
    client.cursor().execute("CREATE TABLE route (a int)")
    assert rows(client, "DESCRIBE route")[0][0] == rows(client, "DESC route a")[0][0] == "a"  # a table may be called so
    client.cursor().execute("DROP TABLE route")
    assert "no cluster group" in failed(client, "SET @turnout_group = 'nowhere'")[1]
    rows(client, "SET @turnout_group = 'all'")
    assert rows(client, "SELECT @turnout_group, 1") == (("all", 1),)
    rows(client, "SET @turnout_dialect = 'postgres'")  # then what is sent is the client's own text
    assert rows(client, 'SELECT "a b", \'x\\\' AS c FROM (SELECT 7 AS "a b") AS s') == ((7, "x\\"),)
    rows(client, "SET @turnout_dialect = 'mysql'")
    assert rows(client, 'SELECT "a b", \'x\\\\\' AS c') == (("a b", "x\\"),)
    assert rows(client, "SELECT 2") == ((2,),)


def test_session_is_made_new(prepared, client):
    cursor = prepared.cursor()
    cursor.execute("SET @a = 1")
    prepared.cmd_reset_connection()
    cursor.execute("SELECT @a")
    assert cursor.fetchall() == [(None,)]
    prepared.cmd_change_user("somebody", "", "another")
    cursor = prepared.cursor()
    cursor.execute("SELECT CURRENT_USER(), DATABASE()")
    assert cursor.fetchall() == [("somebody@%", "another")]
    before = prepared.cmd_statistics()
    for _ in range(5):
        rows(client, "SELECT 1")
    assert before["Threads"] >= 1 and prepared.cmd_statistics()["Questions"] >= before["Questions"] + 5 > 5


@pytest.mark.quick
def test_mariadb_program(engine, tool):
    text = "SELECT 1 AS one, 'a' AS two, NULL AS three;\nuse other\nSELECT DATABASE();\nstatus\n"
    done = subprocess.run([tool("mariadb"), "--no-defaults", "-h", "127.0.0.1", "-P", str(engine.proxy.mysql_port), "-u", "me", "-t", "shop"], input=text,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\| +1 \| +a +\| +NULL +\|", done.stdout) and "| other      |" in done.stdout and "8.0.41-turnout" in done.stdout


HOSTILE = ["\\' OR 1=1 -- ", "' OR 1=1 -- ", "a\\", "\\\\'", 'x" y` z', "/* */ ; --", "100%_\\%"]


def test_values_stay_values(client):
    for value in HOSTILE:
        assert rows(client, "SELECT %s AS v", value) == ((value,),)


def test_two_minus_signs(client):
    assert rows(client, "SELECT 5-%s AS v", -1) == ((6,),)  # no comment
    assert rows(client, "SELECT 5 -- two\n - 1 AS v") == ((4,),)


def test_from_dual(client):
    assert rows(client, "SELECT 1 AS dual_1 FROM DUAL UNION ALL SELECT 2 from dual ORDER BY 1") == ((1,), (2,))
    assert rows(client, "SELECT 'from dual' AS v FROM dual WHERE 1 = %s", 1) == (("from dual",),)


def test_modes_that_read_quotes_otherwise(client):
    assert failed(client, "SET sql_mode = 'ORACLE'")[0] == 1235
    assert failed(client, "SET sql_mode = 'NOT_A_MODE'")[0] == 1231
    for said, shown in (("strict_trans_tables,ansi_quotes,STRICT_TRANS_TABLES,", "ANSI_QUOTES,STRICT_TRANS_TABLES"), (",NO_ZERO_DATE", "NO_ZERO_DATE"), ("", ""),
                        ("TRADITIONAL", "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,TRADITIONAL,NO_ENGINE_SUBSTITUTION")):
        rows(client, f"SET sql_mode = '{said}'")
        assert rows(client, "SELECT @@sql_mode") == ((shown,),)
    rows(client, "SET sql_mode = 'STRICT_TRANS_TABLES, no_backslash_escapes'")
    assert rows(client, "SELECT 'a\\' AS a, %s AS b", "it's \\") == (("a\\", "it's \\"),)
    rows(client, "SET sql_mode = 'ANSI'")
    assert rows(client, """SELECT "a""b"."x" FROM (SELECT 'it\\'s' AS "x") AS "a""b" """) == (("it's",),)
    rows(client, "SET sql_mode = 'STRICT_TRANS_TABLES'")
    assert rows(client, "SELECT @@sql_mode, \"x\"") == (("STRICT_TRANS_TABLES", "x"),)


def test_bytes_in_statements(engine, client):
    """As drivers write them: not escaped for UTF-8."""
    t = engine.new_table()
    kind = "bytea" if engine.name == "postgres" else "blob"
    rows(client, f"CREATE TABLE {t} (id integer, b {kind})")
    value = bytes(range(256))
    with client.cursor() as cursor:
        assert cursor.execute(f"INSERT INTO {t} VALUES (%s, %s), (2, x'00ff')", (1, value)) == 2
    assert rows(client, f"SELECT b FROM {t} WHERE b = %s OR id = 2 ORDER BY id", value) == ((value,), (b"\x00\xff",))


def test_quoted_variables(client):
    rows(client, "SET @`_a_0` = 7")
    assert rows(client, "SELECT @`_a_0`") == ((7,),)


def test_room_of_variables_comes_back(client):
    for _ in range(8):
        rows(client, "SET @long = %s", "x" * 60000)
        rows(client, "SET @long = NULL")


def test_too_many_marks(client):
    with pytest.raises(pymysql.err.MySQLError) as error:
        client._execute_command(0x16, "SELECT " + ",".join(["?"] * 65536))
        client._read_packet()
    assert error.value.args[0] == 1390
    client._execute_command(0x19, b"\1\0\0\0")  # it is gone already
    rows(client, "SET @after = 1")
    assert failed(client, "SELECT * FROM no_such_table_at_all")
    assert rows(client, "SELECT 2") == ((2,),)


def command(connection, number, body=b""):
    """The error's number that a command ends with; None: there is none."""
    try:
        connection._execute_command(number, body)
        connection._read_packet()
    except pymysql.err.MySQLError as error:
        return error.args[0]
    return None


def test_commands_that_are_not_for_clients(client):
    """They are refused one by one, and the session lives."""
    for number in (5, 6, 7, 8, 11, 13, 18, 21, 30):  # CREATE_DB .. BINLOG_DUMP, REGISTER_SLAVE, BINLOG_DUMP_GTID
        assert command(client, number, b"x" * 20) in (1047, 1235), number
    for number in (0, 19, 29, 32, 33, 99, 254):
        assert command(client, number) == 1047, number
    assert command(client, 0x1C, b"\1\0\0\0\1\0\0\0") == 1243  # FETCH of a statement that there is none of
    assert command(client, 0x1C, b"\1\0") == 1243
    assert failed(client, "LOAD DATA LOCAL INFILE 'x' INTO TABLE t")[0] == 3948
    assert failed(client, "LOAD XML LOCAL INFILE 'x' INTO TABLE t")[0] == 3948
    assert rows(client, "SELECT 1") == ((1,),)


def test_data_in_pieces(engine, client):
    """COM_STMT_SEND_LONG_DATA: for a parameter that there is none of, then more than a session keeps; the execution says it."""
    if engine.name != "sqlite":
        pytest.skip("once is enough: the engine has no part in it")
    client._execute_command(0x16, "SELECT ?")
    statement = client._read_packet().get_all_data()[1:5]
    for _ in range(4):
        client._read_packet()
    client._execute_command(0x18, statement + b"\7\0" + b"nobody's")
    client._execute_command(0x18, b"\xff\xff\xff\xff\0\0" + b"nobody's")
    piece = b"\x18" + statement + b"\0\0" + b"y" * (15 << 20)
    for _ in range(18):
        client._sock.sendall(len(piece).to_bytes(3, "little") + b"\0" + piece)
    assert command(client, 0x17, statement + b"\0\1\0\0\0" + b"\0\1\xfd\0") == 1105
    client._execute_command(0x18, statement + b"\0\0" + b"short ")
    client._execute_command(0x18, statement + b"\0\0" + b"enough")
    assert command(client, 0x17, statement + b"\0\1\0\0\0" + b"\0\1\xfd\0") is None
    while (row := client._read_packet().get_all_data())[0] != 0:
        pass
    assert row[2:] == b"\x0cshort enough"
    client._read_packet()
    assert rows(client, "SELECT 1") == ((1,),)


def test_data_in_pieces_are_of_one_execution(engine, client):
    """Also of a statement that Turnout answers itself."""
    client._execute_command(0x16, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE 'a' = ?")
    statement = client._read_packet().get_all_data()[1:5]
    for _ in range(4):
        client._read_packet()

    def run(value):
        assert command(client, 0x17, statement + b"\0\1\0\0\0" + b"\0\1\xfd\0" + value) is None
        count = 0
        for _ in range(2):  # definitions and EOF
            client._read_packet()
        while client._read_packet().get_all_data()[0] != 0xFE:
            count += 1
        return count

    client._execute_command(0x18, statement + b"\0\0" + b"a")
    assert run(b"") > 0
    assert run(b"\1b") == 0


def test_messages_that_were_cut_are_texts(engine, client, prepared):
    """mysql-connector-python says no more than "Failed getting Error information" of one that is no UTF-8."""
    for pad in ("", "x"):
        for sql in (f"SELECT {pad}{'ä' * 700} FROM information_schema.schemata", f"SET @@{pad}{'ä' * 60} = 1"):
            with prepared.cursor() as cursor, pytest.raises(connector.Error, match="ää"):
                cursor.execute(sql)
    with pytest.raises(pymysql.err.MySQLError):
        rows(client, f"SELECT {'ä' * 700} FROM information_schema.schemata")
    assert "ää" in rows(client, "SHOW WARNINGS")[0][2]


def test_compression_is_not_offered(engine, tool):
    done = subprocess.run([tool("mariadb"), "--no-defaults", "--compress", "-h", "127.0.0.1", "-P", str(engine.proxy.mysql_port), "-u", "me", "-Ne",
                           "SELECT 'all the same'"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "all the same", done.stderr


def test_errors_of_engines_by_mysqls_numbers(engine, client):
    table = engine.new_table()
    rows(client, f"CREATE TABLE {table} (id integer PRIMARY KEY, name varchar(20) NOT NULL)")
    rows(client, f"INSERT INTO {table} VALUES (1, 'x')")
    for sql, number in [("SELECT * FROM nowhere", 1146), (f"SELECT missing FROM {table}", 1054), ("SELECT 1 FROM", 1064), (f"INSERT INTO {table} VALUES (1, 'y')", 1062),
                        (f"INSERT INTO {table} VALUES (2, NULL)", 1048), (f"CREATE TABLE {table} (a integer)", 1050), ("DROP TABLE nowhere", 1051),
                        ("SELECT no_such_function(1)", 1305), (f"SELECT id FROM {table} a, {table} b", 1052), (f"INSERT INTO {table} (missing) VALUES (1)", 1054)]:
        assert failed(client, sql)[0] == number, sql
        assert rows(client, "SHOW COUNT(*) WARNINGS") == ((1,),) and rows(client, "SHOW WARNINGS")[0][:2] == ("Error", number)
    if engine.name != "sqlite":
        assert failed(client, f"SELECT (SELECT id FROM {table} UNION ALL SELECT 2)")[0] == 1242
    assert rows(client, f"SELECT 1 FROM {table}") == ((1,),) and rows(client, "SELECT @@warning_count") == ((0,),)
    rows(client, "SET max_execution_time = 200")
    assert failed(client, engine.sql("long"))[0] == 3024


def test_what_changed_is_tracked(engine):
    """CLIENT_SESSION_TRACK: the default database, system variables, that something changed."""
    with pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="me", database="shop", defer_connect=True) as connection:
        connection.client_flag |= 1 << 23
        connection.connect()

        def changes(sql):
            connection._execute_command(0x03, sql)
            data = connection._read_packet().get_all_data()
            return data[9:] if int.from_bytes(data[3:5], "little") & 0x4000 else b""  # header, affected, insert id, status, warnings, info, length

        assert changes("USE elsewhere") == b"\x01\x0a\x09elsewhere"
        assert changes("SET time_zone = 'UTC'") == b"\x00\x0e\x09time_zone\x03UTC"
        assert changes("SET @a = 1") == b""
        assert b"\x02\x02\x011" in changes("SET session_track_state_change = ON")
        assert changes("SET @a = 1") == b"\x02\x02\x011"
        assert changes("SET session_track_state_change = OFF, session_track_schema = OFF") is not None and changes("USE elsewhere") == b""


def test_what_is_told_of_small_things(engine, client, table):
    """Names of columns whose value is bytes, counts of TRUNCATE, and what only servers of MySQL's kind have."""
    with client.cursor() as cursor:
        cursor.execute("SELECT x'4142', X'43' AS named, 1")
        assert [column[0] for column in cursor.description] == ["x'4142'", "named", "1"] and cursor.fetchone() == (b"AB", b"C", 1)
        cursor.execute(f"INSERT INTO {table} (id) VALUES (1), (2)")
        if engine.name != "sqlite":  # which has the word only where SQL is translated
            assert cursor.execute(f"TRUNCATE TABLE {table}") == 0 and cursor.execute(f"SELECT * FROM {table}") == 0
    for sql in ("FLUSH TABLES", f"HANDLER {table} OPEN", "XA START 'x'", "SHOW MASTER STATUS", "SHOW SLAVE STATUS", "SHOW REPLICA STATUS", "SHOW BINARY LOGS", "RESET QUERY CACHE",
                "RESET MASTER", f"LOAD DATA INFILE '/x' INTO TABLE {table}", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1"):
        code, text = failed(client, sql)
        assert code == 1235 and sql.split()[0] in text, sql


def test_parameters_that_are_missing(engine):
    """As mysql2 sends an execution with fewer values than marks."""
    with my_wire.MyWire(engine.proxy.mysql_port, user="me", database="shop") as client:
        number = client.prepare("SELECT ?, ?")[0]
        for rest in (b"", b"\0", b"\0\1\xfd\0", b"\0\1\xfd\0\xfd\0\1a", b"\0\1\xfd\0\xfd\0\1a\5b"):
            with pytest.raises(my_wire.Failed) as error:
                client.command(my_wire.EXECUTE, struct.pack("<IBI", number, 0, 1) + rest)
            assert error.value.args[0] == 1210, rest
        assert client.result(client.command(my_wire.EXECUTE, struct.pack("<IBI", number, 0, 1) + b"\0\1\xfd\0\xfd\0\1a\1b"))[1] == [b"\0\0\1a\1b"]


def test_times_that_are_none_of_a_day(engine):
    """Parameters below zero, and beyond a day: kept as MySQL writes them."""
    with my_wire.MyWire(engine.proxy.mysql_port, user="me", database="shop") as client:
        number = client.prepare("SELECT ?")[0]
        for value, text in ((b"\x08\1" + struct.pack("<I", 0) + b"\1\2\3", b"-01:02:03"), (b"\x08\0" + struct.pack("<I", 2) + b"\1\2\3", b"49:02:03"),
                            (b"\x0c\1" + struct.pack("<I", 34) + b"\x16\x3b\x3b" + struct.pack("<I", 500000), b"-838:59:59.5")):
            columns, rows = client.result(client.command(my_wire.EXECUTE, struct.pack("<IBI", number, 0, 1) + b"\0\1\x0b\0" + value))
            assert columns[0].type == 253 and rows == [b"\0\0" + bytes([len(text)]) + text]
