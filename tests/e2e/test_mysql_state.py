"""What a MySQL client's statements leave for its later ones on an engine of MySQL's kind: variables, locks, temporary tables, transactions and
savepoints, numbers given by AUTO_INCREMENT. Statements of other sessions run in between, on the same pool."""

import pytest

import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def proxy(request):
    server = request.getfixturevalue(f"{request.param}_server")
    name = server.create_database("state")
    with proxy_module.Proxy(proxy_module.one_cluster("m", {**server.cluster(name), "poolSize": 4}, workers=1, frontends={"mysqlWire": {"port": 0}})) as started:
        started.database, started.server = name, server
        with connect(started) as connection:
            run(connection, "CREATE TABLE t (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(50) UNIQUE)")
        yield started


def connect(proxy, **more):
    return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database=proxy.database, **{"autocommit": True, **more})


def run(connection, sql, *args):
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def number(connection, sql):
    with pytest.raises(pymysql.MySQLError) as error:
        run(connection, sql)
    return error.value.args[0]


@pytest.fixture
def client(proxy):
    with connect(proxy) as connection:
        run(connection, "DELETE FROM t")
        yield connection


@pytest.fixture
def other(proxy):
    """Whatever is idle in the pool, it takes."""
    with connect(proxy) as connection:
        yield connection


def test_variables(client, other):
    run(client, "SET @a = 5, @b = 'it\\'s \\\\ x', @c = -1")
    assert run(client, "SELECT @a") == ((5,),)
    assert run(client, "SELECT @a + 1, @c - 1, length(@b), @nothing") == ((6, -2, 8, None),)
    run(client, "SET @d.e = 7, @`f.g` = 'h'")
    assert run(client, "SELECT @d.e, @`d.e` + 1, @f.g, @d") == ((7, 8, "h", None),)
    run(other, "SELECT 1 + 1")
    assert run(client, "SELECT @a, @b, @c") == ((5, "it's \\ x", -1),)
    assert run(client, "SELECT @r := 0") == ((0,),)
    assert run(client, "SELECT @r := @r + 1 FROM (SELECT 1 AS x UNION SELECT 2 UNION SELECT 3) AS s") == ((1,), (2,), (3,))
    assert run(other, "SELECT @r, @r + 1, @a + 1") == ((None, None, None),)
    assert run(client, "SELECT @r") == ((3,),)
    run(client, "SET @r = @r * 2, @m = (SELECT max(x) FROM (SELECT 4 AS x) AS s)")
    assert run(client, "SELECT @r, @m, @a") == ((6, 4, 5),)
    run(client, "SET @r = 100")
    assert run(client, "SELECT @r, @m") == ((100, 4),)
    assert run(client, "SELECT @r + @m") == ((104,),)
    run(client, "SET @1 = 5, @2nd = 'x'")
    assert run(client, "SELECT @1 + 1, @2nd, @1") == ((6, "x", 5),)
    run(client, "SELECT 7, 8 INTO @p, @q")
    assert run(client, "SELECT @p * @q") == ((56,),)


def test_character_sets_of_what_is_made(client, other):
    """DBD::MariaDB sets the first at its log-in."""
    run(client, "SET character_set_server = 'utf8mb4'")
    run(client, "SET collation_server = utf8mb4_bin")
    assert run(client, "SELECT @@character_set_server, @@collation_server") == (("utf8mb4", "utf8mb4_bin"),)
    assert run(other, "SELECT @@collation_server")[0][0] != "utf8mb4_bin"


def test_variables_in_prepared_statements(client):
    run(client, "PREPARE plus FROM 'SELECT ? + ?'")
    run(client, "SET @x = 40, @y = 2")
    assert run(client, "EXECUTE plus USING @x, @y") == ((42,),)
    run(client, "DEALLOCATE PREPARE plus")


def test_temporary_tables_and_locks(client, other):
    run(client, "CREATE TEMPORARY TABLE scratch (a integer)")
    run(client, "INSERT INTO scratch VALUES (1), (2)")
    run(other, "SELECT 1 + 1")
    assert run(client, "SELECT sum(a) FROM scratch") == ((3,),)
    assert number(other, "SELECT * FROM scratch") == 1146
    assert run(client, "SELECT GET_LOCK('mine', 0)") == ((1,),)
    run(other, "SELECT 1 + 1")
    assert run(other, "SELECT GET_LOCK('mine', 0)") == ((0,),)
    assert run(client, "SELECT IS_USED_LOCK('mine') = IS_USED_LOCK('mine')") == ((1,),)
    assert run(client, "SELECT RELEASE_LOCK('mine')") == ((1,),)
    client.begin()
    run(client, "INSERT INTO t (name) SELECT a FROM scratch")
    client.rollback()
    assert run(client, "SELECT sum(a) FROM scratch") == ((3,),)  # the end of a transaction is not its end
    run(client, "LOCK TABLES t WRITE")
    run(client, "INSERT INTO t (name) VALUES ('locked')")
    assert number(client, "SELECT * FROM information_schema.nothing") in (1100, 1109)
    run(client, "UNLOCK TABLES")
    assert run(other, "SELECT name FROM t") == (("locked",),)


def test_reset_drops_it(client):
    run(client, "CREATE TEMPORARY TABLE scratch (a integer)")
    run(client, "SELECT @v := 1")
    client._execute_command(0x1F, b"")  # COM_RESET_CONNECTION
    client._read_ok_packet()
    assert number(client, "SELECT * FROM scratch") == 1146
    assert run(client, "SELECT @v, @v + 1") == ((None, None),)


def test_what_began_in_a_transaction_outlives_it(client, other):
    client.begin()
    run(client, "SELECT @inside := 3")
    assert run(client, "SELECT @inside") == ((3,),)
    client.commit()
    run(other, "SELECT 1 + 1")
    assert run(client, "SELECT @inside, @inside + 1") == ((3, 4),)


def test_savepoints(client, other):
    client.begin()
    run(client, "INSERT INTO t (name) VALUES ('one')")
    run(client, "SAVEPOINT a")
    run(client, "INSERT INTO t (name) VALUES ('two')")
    run(client, "ROLLBACK TO SAVEPOINT a")
    assert number(client, "ROLLBACK TO nowhere") == 1305
    run(client, "RELEASE SAVEPOINT a")
    assert number(client, "RELEASE SAVEPOINT a") == 1305
    client.commit()
    assert run(other, "SELECT name FROM t") == (("one",),)
    run(client, "SAVEPOINT b")  # no transaction: gone with the statement
    assert number(client, "ROLLBACK TO b") == 1305


def test_a_statement_that_fails_ends_no_transaction(client, other):
    client.begin()
    run(client, "INSERT INTO t (name) VALUES ('kept')")
    assert number(client, "INSERT INTO t (name) VALUES ('kept')") == 1062
    assert number(client, "SELECT * FROM no_such_table") == 1146
    run(client, "INSERT INTO t (name) VALUES ('too')")
    assert run(other, "SELECT count(*) FROM t") == ((0,),)
    client.commit()
    assert run(other, "SELECT count(*) FROM t") == ((2,),)


def test_autocommit_off(proxy, other):
    with connect(proxy, autocommit=False) as client:
        run(client, "DELETE FROM t")
        assert client.server_status & 1
        run(client, "INSERT INTO t (name) VALUES ('a')")
        client.rollback()
        assert not client.server_status & 1
        run(client, "INSERT INTO t (name) VALUES ('b')")
        run(client, "SET autocommit = 1")  # commits
        assert run(other, "SELECT name FROM t WHERE name IN ('a', 'b')") == (("b",),)


def test_deadlock_ends_the_transaction(client, other):
    run(client, "INSERT INTO t (name) VALUES ('x'), ('y')")
    for connection in (client, other):
        connection.begin()
    run(client, "SELECT * FROM t WHERE name = 'x' FOR UPDATE")
    run(other, "SELECT * FROM t WHERE name = 'y' FOR UPDATE")
    client._execute_command(0x03, "SELECT * FROM t WHERE name = 'y' FOR UPDATE")  # waits
    failed = {}
    try:
        run(other, "SELECT * FROM t WHERE name = 'x' FOR UPDATE")
    except pymysql.MySQLError as error:
        failed[other] = error.args[0]
    try:
        client._read_query_result()
    except pymysql.MySQLError as error:
        failed[client] = error.args[0]
    assert list(failed.values()) == [1213]
    for connection in (client, other):
        if connection in failed:
            connection.ping(reconnect=False)
            assert not connection.server_status & 1
        connection.rollback()


def test_last_insert_id(client, other):
    with client.cursor() as cursor:
        cursor.execute("INSERT INTO t (name) VALUES ('parent')")
        parent = cursor.lastrowid
        cursor.execute("UPDATE t SET name = 'father' WHERE id = LAST_INSERT_ID()")
        assert cursor.rowcount == 1
        run(other, "INSERT INTO t (name) VALUES ('somebody else')")
        cursor.execute("SELECT name, last_insert_id ( ) FROM t WHERE id = LAST_INSERT_ID()")
        assert cursor.fetchall() == (("father", parent),)
    assert run(client, "SELECT LAST_INSERT_ID()") == ((parent,),)


def test_system_variables_from_what_the_engine_holds(client, other):
    """SET sql_mode = @before, as a dump says behind a trigger: @before may be on the engine's connection by then."""
    before = run(client, "SELECT @@sql_mode, @@group_concat_max_len")[0]
    run(client, "SET @mode = @@sql_mode, @length = 4096, @unused = 1")
    assert run(client, "SELECT @mode = %s, @length + 1, count(*) FROM t", before[0]) == ((1, 4097, 0),)  # they are there now
    run(client, "SET sql_mode = 'ANSI_QUOTES', group_concat_max_len = @length")
    assert run(client, "SELECT @@group_concat_max_len, \"name\" FROM t UNION SELECT @@group_concat_max_len, 'x'") == ((4096, "x"),)
    run(client, "SELECT @length := 2048")
    run(client, "/*!50003 SET sql_mode = @mode, @other = 3, group_concat_max_len = @length */")
    assert run(client, "SELECT @@sql_mode, @@group_concat_max_len") == ((before[0], 2048),)
    assert run(client, "SELECT @other, @mode = %s, @length", before[0]) == ((3, 1, 2048),)
    assert number(client, "SET group_concat_max_len = @never_set") in (1064, 1231, 1232)
    assert run(other, "SELECT @length") == ((None,),)


def test_accounts_are_no_variables(proxy, client):
    """A session that makes a definition is not bound to a connection for the @ in it."""
    run(client, "SET @kept = 'here'")
    run(client, "CREATE DEFINER=`tester`@`%` PROCEDURE p() SELECT 'a@b'")
    run(client, "SET sql_mode = @@sql_mode, @kept = @kept")
    assert run(client, "CALL p()") == (("a@b",),)
    run(client, "DROP PROCEDURE p")


def test_set_with_parameters(proxy):
    """mysql2 and others prepare it."""
    connector = pytest.importorskip("mysql.connector")
    with connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database=proxy.database, ssl_disabled=True) as connection:
        cursor = connection.cursor(prepared=True)
        cursor.execute("SET @a = ?, @b = ?, group_concat_max_len = ?", ("it's \\ x", 5, 3000))
        cursor.execute("SELECT @a, @b + 1, @@group_concat_max_len FROM (SELECT 1 AS x) AS s WHERE x = ?", (1,))
        assert cursor.fetchall() == [("it's \\ x", 6, 3000)]
        cursor.execute("SET @a = ?, time_zone = ?", (None, "+01:00"))
        cursor.execute("SELECT @a, @@time_zone FROM (SELECT 1 AS x) AS s WHERE x = ?", (1,))
        assert cursor.fetchall() == [(None, "+01:00")]
        with pytest.raises(connector.Error) as error:
            cursor.execute("SET no_such_thing = ?", (1,))
        assert error.value.errno == 1193


def test_another_user_is_another_server(tmp_path, mariadb_server, proxies):
    """What one user's server said of its variables, and what his last statement found, is not the next one's."""
    connector = pytest.importorskip("mysql.connector")
    config = proxy_module.one_cluster("m", mariadb_server.cluster(mariadb_server.create_database("users"), sqlMode="ANSI_QUOTES"),
                                      frontends={"mysqlWire": {"port": 0}})
    config["clusters"]["s"] = {"engine": "sqlite", "databasePath": str(tmp_path / "s.sqlite")}
    config["clusterGroups"]["small"] = {"members": ["s"]}
    config["routers"] = [{"type": "userGroup", "userToGroup": {"bob": "small"}}]
    with connector.connect(host="127.0.0.1", port=proxies(config).mysql_port, user="ann", ssl_disabled=True) as connection:
        cursor = connection.cursor()
        seen = {}
        for user in ("ann", "bob", "ann"):
            connection.cmd_change_user(user, "", "")
            cursor.execute("SELECT FOUND_ROWS()")
            assert cursor.fetchall() == [(0,)]
            cursor.execute("SELECT @@sql_mode")
            (mode,), = cursor.fetchall()
            assert seen.setdefault(user, mode) == mode
            cursor.execute("SELECT 1 UNION SELECT 2")
            assert sorted(cursor.fetchall()) == [(1,), (2,)]
        assert seen["ann"] == "ANSI_QUOTES" != seen["bob"]
        cursor.execute("SELECT 1 UNION SELECT 2")
        cursor.fetchall()
        connection.cmd_reset_connection()
        cursor.execute("SELECT FOUND_ROWS()")
        assert cursor.fetchall() == [(0,)]


def test_accounts_are_not_the_clients(proxy, client):
    """'My' account there is the one that Turnout has: nobody changes its password, or is told of it."""
    with proxy.server.connect() as direct:
        for sql in ("SHOW CREATE USER", "SHOW CREATE USER CURRENT_USER()", "SHOW CREATE USER 'tester'@'%'", "ALTER USER USER() IDENTIFIED BY 'other'",
                    "ALTER USER IF EXISTS CURRENT_USER IDENTIFIED BY 'other'", "/*!50000 ALTER */ USER CURRENT_USER() IDENTIFIED BY 'other'",
                    "SET PASSWORD = 'other'", "SET PASSWORD = PASSWORD('other')", "SET password FOR CURRENT_USER() = 'other'", "set @a = 1, PASSWORD = 'other'"):
            assert number(client, sql) in (1235, 1064, 1193), sql
        run(direct, "SELECT 1")
    with proxy.server.connect() as direct:  # with the password that it has
        assert run(direct, "SELECT 1") == ((1,),)


def test_a_session_ends_after_its_own_wait_timeout(proxy):
    """As MySQL 8 does it: the reason is there to be read (4031)."""
    ended = proxy.log().count("idle for too long")
    one = connect(proxy)
    run(one, "SET wait_timeout = 1")
    assert run(one, "SELECT @@wait_timeout") == ((1,),)
    proxy.wait_for(lambda: proxy.log().count("idle for too long") > ended, what="the session has ended")
    assert number(one, "SELECT 2") in (4031, 2006, 2013)
    with connect(proxy) as another:
        assert run(another, "SELECT @@wait_timeout") == ((28800,),)
