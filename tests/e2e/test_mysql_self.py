"""What a MySQL client's statements ask of their own session, inside larger statements: CURRENT_USER() and its like are the client's on every engine,
not those of the account that Turnout has there."""

import sys

import pytest

import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")

VERSION = "8.0.36-self"


@pytest.fixture(scope="module", params=[*engines.ENGINES, "mariadb"])
def engine(request, make_engine):
    if request.param == "mariadb":
        made = engines.MariaDb(request.getfixturevalue("mariadb_server"))
        made.cluster = lambda **more: made.server.cluster(made.database, **more)  # as MySQL is by itself
    else:
        made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0, "serverVersion": VERSION}})) as started:
        made.proxy = started
        with connect(made) as connection:
            rows(connection, "CREATE TABLE t (id integer PRIMARY KEY, version varchar(20), name varchar(80))")
            rows(connection, "INSERT INTO t VALUES (1, 'v1', 'a'), (2, 'v2', 'b')")
        yield made


def connect(engine, **more):
    database = {"database": engine.database} if engine.name == "mysql" else {}
    return pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, autocommit=True, **{"user": "ann", **database, **more})


@pytest.fixture
def client(engine):
    with connect(engine) as connection:
        yield connection


def rows(connection, sql, *args):
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def heads(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [column[0] for column in cursor.description]


def test_beside_columns(client):
    number = client.thread_id()
    assert rows(client, "SELECT CURRENT_USER(), id FROM t ORDER BY id") == (("ann@%", 1), ("ann@%", 2))
    assert rows(client, "SELECT USER(), SESSION_USER(), system_user(), Current_User FROM t WHERE id = 1") == (("ann@127.0.0.1",) * 3 + ("ann@%",),)
    assert rows(client, "SELECT connection_id ( ), CURRENT_ROLE() FROM t WHERE id = 1") == ((number, "NONE"),)
    assert rows(client, "SELECT id FROM t WHERE id < CONNECTION_ID() + 2 AND CURRENT_USER() LIKE 'ann@%' ORDER BY 1") == ((1,), (2,))
    assert rows(client, "SELECT (SELECT CURRENT_USER()), q.u FROM (SELECT USER() AS u FROM t WHERE id = 1) AS q") == (("ann@%", "ann@127.0.0.1"),)
    assert rows(client, "SELECT id FROM t WHERE id = 1 UNION SELECT CONNECTION_ID() / CONNECTION_ID() FROM t WHERE id = 2 ORDER BY 1") == ((1,),)


def test_grouped_and_ordered(client):
    """A number there would be a column's, a text refused."""
    assert rows(client, "SELECT CURRENT_USER(), count(*) FROM t GROUP BY CURRENT_USER()") == (("ann@%", 2),)
    assert rows(client, "SELECT id FROM t ORDER BY CONNECTION_ID(), id DESC") == ((2,), (1,))


def test_changes(engine, client):
    rows(client, "INSERT INTO t VALUES (3, CONNECTION_ID(), USER())")
    rows(client, "INSERT INTO t (id, name) SELECT id + 3, CURRENT_USER() FROM t WHERE id = 1")
    rows(client, "UPDATE t SET version = CURRENT_USER() WHERE id = 2")
    assert rows(client, "SELECT version, name FROM t WHERE id > 1 ORDER BY id") == (("ann@%", "b"), (f"{client.thread_id()}", "ann@127.0.0.1"), (None, "ann@%"))
    rows(client, "DELETE FROM t WHERE name = CURRENT_USER() OR name = USER()")
    rows(client, "UPDATE t SET version = 'v2' WHERE id = 2")
    assert rows(client, "SELECT count(*) FROM t") == ((2,),)
    rows(client, "CREATE TABLE made AS SELECT CURRENT_USER() AS who, id FROM t")
    assert rows(client, "SELECT who FROM made WHERE id = 1") == (("ann@%",),)
    rows(client, "DROP TABLE made")


def test_of_the_server(engine, client):
    """A server of MySQL's kind says them itself."""
    database = engine.database if engine.name == "mysql" else None
    first = rows(client, "SELECT DATABASE(), id, SCHEMA() FROM t WHERE id = 1")
    assert first == ((database, 1, database),)
    version, wait, number = rows(client, "SELECT VERSION(), @@wait_timeout, id FROM t WHERE id = 2")[0]
    assert number == 2 and wait == 28800 and (version == VERSION or engine.name == "mysql")
    assert rows(client, "SELECT id, @@session.autocommit FROM t WHERE id = @@autocommit") == ((1, 1),)
    if engine.name == "duckDb":
        rows(client, "CREATE SCHEMA other")
        with connect(engine, database="other") as there:
            assert rows(there, "SELECT DATABASE(), count(*) FROM main.t") == (("other", 2),)
        rows(client, "DROP SCHEMA other")


def test_what_is_none_of_them(engine, client):
    assert rows(client, "SELECT 'CURRENT_USER()', \"user()\", id /* CURRENT_USER() */ FROM t WHERE id = 1 -- user()") == (("CURRENT_USER()", "user()", 1),)
    assert rows(client, "SELECT version, t.version, `t`.`version` FROM t WHERE version = 'v1'") == (("v1", "v1", "v1"),)
    rows(client, "CREATE TABLE `user` (`current_user` varchar(20), `user` integer, `database` integer)")
    rows(client, "INSERT INTO `user` (`current_user`, `user`) VALUES ('USER()', 7)")
    assert rows(client, "SELECT `current_user`, u.`current_user`, `user`, CURRENT_USER() AS `user` FROM `user` u") == (("USER()", "USER()", 7, "ann@%"),)
    rows(client, "DROP TABLE `user`")
    assert rows(client, "SELECT version AS `user()` FROM t WHERE id = 2") == (("v2",),)


def test_however_it_is_written(client):
    for between in ("\v", "\f", " \r\n\t", " -- x\n", " # y\n", "/**/", " /* z */ -- a\n "):
        assert rows(client, f"SELECT id, USER{between}() FROM t WHERE id = 1") == ((1, "ann@127.0.0.1"),)
    assert rows(client, "SELECT id, USER /*! () */, USER(/*!*/) FROM t WHERE id = 1") == ((1, "ann@127.0.0.1", "ann@127.0.0.1"),)
    assert rows(client, "SELECT 1 AS a -- \r '\n, CURRENT_USER() AS b -- '") == ((1, "ann@%"),)


def test_beside_names_and_texts(engine, client):
    """What stands there instead becomes no part of them."""
    number = client.thread_id()
    assert rows(client, "SELECT CONNECTION_ID()AS n, id FROM t WHERE id = 1") == ((number, 1),)
    assert rows(client, "SELECT id, CONNECTION_ID()x FROM t WHERE id = 1 AND CONNECTION_ID()IN(CONNECTION_ID())") == ((1, number),)
    if engine.name == "mysql":
        for sql in ("SELECT USER() 'me', id FROM t LIMIT 1", "SELECT USER()'me', id FROM t LIMIT 1", "SELECT CURRENT_USER\"me\", id FROM t LIMIT 1"):
            assert rows(client, sql)[0][0] in ("ann@127.0.0.1", "ann@%")
            assert heads(client, sql) == ["me", "id"]


def test_set(engine, client):
    if engine.name != "mysql":
        pytest.skip("of MariaDB")
    assert rows(client, "SET STATEMENT max_statement_time = 5 FOR SELECT CURRENT_USER(), id FROM t WHERE id = 1") == (("ann@%", 1),)
    rows(client, "SET @a = (SELECT USER()) -- first\n, @b = (SELECT 2) # second\n, @c = (SELECT 3)")
    assert rows(client, "SELECT @a, @b, @c, id FROM t WHERE id = 1") == (("ann@127.0.0.1", 2, 3, 1),)


def test_definitions_keep_it(engine, client):
    """Whoever asks the view later is told of himself, or of the engine's account: not of who made it."""
    if engine.name == "sqlite":
        pytest.skip("it has no such function")
    rows(client, "CREATE VIEW who AS SELECT CURRENT_USER" + ("()" if engine.name == "mysql" else "") + " AS u, id FROM t")
    assert "ann" not in rows(client, "SELECT u FROM who WHERE id = 1")[0][0]
    rows(client, "DROP VIEW who")


def test_columns_are_called_as_they_were(engine, client):
    assert heads(client, "SELECT CURRENT_USER(), id, user ( ), COALESCE(CURRENT_USER(), 'b'), CURRENT_USER FROM t LIMIT 1") == [
        "CURRENT_USER()", "id", "user ( )", "COALESCE(CURRENT_USER(), 'b')", "CURRENT_USER"]
    assert heads(client, "SELECT DISTINCT USER() AS u, CURRENT_USER() v, CONNECTION_ID() `w` FROM t") == ["u", "v", "w"]
    assert heads(client, "SELECT q.* FROM (SELECT USER(), CONNECTION_ID() + 1 AS n FROM t) AS q LIMIT 1") == ["USER()", "n"]
    assert heads(client, "SELECT (SELECT USER()), @@autocommit, id FROM t") == ["(SELECT USER())", "@@autocommit", "id"]


def test_prepared(engine, client):
    database = {"database": engine.database} if engine.name == "mysql" else {}
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="bob", ssl_disabled=True, **database) as connection:
        cursor = connection.cursor(prepared=True)
        for number in (1, 2):
            cursor.execute("SELECT CURRENT_USER(), id, CONNECTION_ID() FROM t WHERE id = ? AND USER() LIKE 'bob@%'", (number,))
            assert cursor.fetchall() == [("bob@%", number, connection.connection_id)]
            assert [column[0] for column in cursor.description] == ["CURRENT_USER()", "id", "CONNECTION_ID()"]
        cursor.close()
        connection.rollback()


def test_a_strange_name(engine):
    with connect(engine, user="o'ne \\ x") as connection:
        assert rows(connection, "SELECT CURRENT_USER(), id FROM t WHERE id = 1") == (("o'ne \\ x@%", 1),)


def test_with_bytes(engine, client):
    """Literals of bytes take another way."""
    rows(client, "CREATE TABLE held (who varchar(80), b " + ("bytea" if engine.name == "postgres" else "blob") + ")")
    rows(client, "INSERT INTO held VALUES (CURRENT_USER(), x'00ff'), (UPPER(USER()), _binary'\xff\\0')".encode("latin-1"))
    assert rows(client, "SELECT who, b FROM held ORDER BY length(who) DESC") == (("ANN@127.0.0.1", b"\xff\0"), ("ann@%", b"\0\xff"))
    rows(client, "SET @v = 'kept'")
    rows(client, "INSERT INTO held VALUES (@v, x'01')")
    assert rows(client, "SELECT who, b FROM held WHERE who = @v") == (("kept", b"\1"),)
    rows(client, "DROP TABLE held")


def test_last_insert_id_with_bytes(engine, client):
    if engine.name != "mysql":
        pytest.skip("no numbers are given there")
    rows(client, "CREATE TABLE parent (id integer AUTO_INCREMENT PRIMARY KEY, a integer)")
    rows(client, "CREATE TABLE child (parent integer, b blob)")
    rows(client, "INSERT INTO parent (id) VALUES (41)")
    with client.cursor() as cursor:
        cursor.execute("INSERT INTO parent (a) VALUES (0)")
        with connect(engine) as other:
            rows(other, "INSERT INTO parent (a) VALUES (0)")
        cursor.execute("INSERT INTO child VALUES (LAST_INSERT_ID(), x'ff')")
        cursor.execute("SELECT parent, LAST_INSERT_ID(), b FROM child")
        assert cursor.fetchall() == ((42, 42, b"\xff"),)
    rows(client, "DROP TABLE parent")
    rows(client, "DROP TABLE child")


def test_translated(make_engine, proxies):
    """What is translated holds the values, and so does what a template's translation is made of for another session."""
    pytest.importorskip("sqlglot")
    made = make_engine("duckDb")
    made.proxy = proxies(made.config(frontends={"mysqlWire": {"port": 0}}, translation={"python": sys.executable}))
    with connect(made) as ann, connect(made, user="bo") as bo:
        rows(ann, "CREATE TABLE t (id integer)")
        rows(ann, "INSERT INTO t VALUES (1)")
        for _ in range(3):
            for connection, name in ((ann, "ann"), (bo, "bo")):
                sql = "SELECT IFNULL(CURRENT_USER(), 'x'), CONNECTION_ID(), DATE_FORMAT('2026-01-02', '%d') AS d FROM t GROUP BY CURRENT_USER()"
                assert rows(connection, sql) == ((f"{name}@%", connection.thread_id(), "02"),)
                assert heads(connection, sql) == ["IFNULL(CURRENT_USER(), 'x')", "CONNECTION_ID()", "d"]
