"""MySQL clients on an engine of MySQL's kind: rows, columns, errors, warnings and counts are the server's own. Each statement is asked of the
server itself and through Turnout; both must say the same."""

import re

import pymysql
import pytest

import proxy as proxy_module


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def both(request):
    server = request.getfixturevalue(f"{request.param}_server")
    name = server.create_database("relay")
    config = proxy_module.one_cluster("m", server.cluster(name))
    config.setdefault("turnout", {}).setdefault("frontends", {})["mysqlWire"] = {"enabled": True, "port": 0}
    with proxy_module.Proxy(config) as proxy:
        port = int(re.search(r"protocol=mysqlWire \S+ port=(\d+)", proxy.log()).group(1))
        own = server.connect(name, unix_socket=server.path("sock"))
        through = pymysql.connect(host="127.0.0.1", port=port, user="tester", password="", database=name, autocommit=True, charset="utf8mb4",
                                  ssl_disabled=True)
        with own.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute("CREATE TABLE t (id int auto_increment primary key, e enum('a','b'), y year, b bit(9), t time(3), ts timestamp(6) null,"
                           " j json, d decimal(20,5) unsigned, u bigint unsigned, x text)")
        yield own, through
        own.close()
        through.close()


def said(connection, sql):
    with connection.cursor() as cursor:
        try:
            count = cursor.execute(sql)
        except pymysql.MySQLError as error:
            return type(error).__name__, error.args
        columns = [(c[0], c[1], c[3], c[5]) for c in cursor.description or []]
        return count, cursor.fetchall(), columns, cursor.warning_count


STATEMENTS = [
    "SELECT 1", "SELECT 1.5, 'x', NULL, time '-838:59:59', b'101', x'00ff', cast(5 as unsigned), date '2024-01-01', '☃' AS `名前`",
    "SELECT * FROM nowhere", "SELEC 1", "SELECT 1 / 0", "SELECT repeat('y', 17000000)", "SELECT * FROM t ORDER BY id", "SELECT e, count(*) FROM t GROUP BY e",
    "UPDATE t SET y = 2024 WHERE id = 1", "UPDATE t SET y = y + 1", "DELETE FROM t WHERE id > 100",
]


OF_RESULT = 0x0010 | 0x0020 | 0x0800 | 0x1000  # no good index, no index, slow, OUT parameters


def test_how_a_statement_was_executed(both):
    """What the server's status says of a result alone."""
    seen = set()
    for sql in ("SELECT * FROM t WHERE x = 'y'", "SELECT * FROM t WHERE id = 1", "SELECT 1", "UPDATE t SET x = 'z' WHERE x = 'nobody'"):
        flags = []
        for connection in both:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                flags.append(cursor._result.server_status & OF_RESULT if hasattr(cursor._result, "server_status") and cursor._result.server_status is not None else None)
        assert flags[0] == flags[1], sql
        seen.add(flags[0])
    assert 0x0020 in seen and len(seen) > 1


def test_same_as_direct(both):
    own, through = both
    with through.cursor() as cursor:
        assert cursor.execute("INSERT INTO t(e, y, b, t, ts, j, d, u, x) VALUES ('b', 2024, b'100000001', '-800:01:02.5', '2024-01-01 00:00:00.5', '[1]',"
                              " 1.5, 18446744073709551615, '☃'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)") == 2
        assert cursor.lastrowid == 1
    for sql in STATEMENTS:
        there, here = said(own, sql), said(through, sql)
        if sql.startswith("UPDATE t SET y = y"):
            assert there[0] == here[0]
        else:
            assert there == here, sql


def test_server_that_knows_no_backslashes(mariadb_server):
    """What the client escapes would end its string there: refused, not run."""
    cluster = mariadb_server.cluster(mariadb_server.create_database("backslash"))
    cluster["sqlMode"] = "NO_BACKSLASH_ESCAPES"
    with proxy_module.Proxy(proxy_module.one_cluster("m", cluster, frontends={"mysqlWire": {"port": 0}})) as proxy:
        with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="tester") as connection, connection.cursor() as cursor:
            with pytest.raises(pymysql.MySQLError, match="NO_BACKSLASH_ESCAPES"):
                cursor.execute("SELECT %s", ("' OR 1=1 -- ",))
            cursor.execute("SELECT %s", ("plain",))
            assert cursor.fetchall() == (("plain",),)


def test_nothing_is_left_for_the_next_user(mariadb_server):
    name = mariadb_server.create_database("leftovers")
    cluster = mariadb_server.cluster(name)
    cluster["poolSize"] = 1
    with proxy_module.Proxy(proxy_module.one_cluster("m", cluster, workers=1, frontends={"mysqlWire": {"port": 0}})) as proxy:  # each worker has a pool
        def connect(user):
            return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user=user, autocommit=True)

        for made, look in [("SELECT @secret := 42", "SELECT 1 + @secret"), ("/*!50000 SELECT 42 INTO @secret2 */", "SELECT 1 + @secret2"),
                           ("SELECT 42 INTO @secret4", "SELECT 1 + @secret4"),
                           ("DO GET_LOCK('mine', 0)", "SELECT IS_USED_LOCK('mine') + 0"),
                           ("CREATE TEMPORARY TABLE hidden AS SELECT 1 AS a", "SELECT * FROM hidden"),
                           ("/*!50000 CREATE TEMPORARY TABLE hidden2 AS SELECT 1 AS a */", "SELECT * FROM hidden2"),
                           ("EXECUTE IMMEDIATE 'SET @secret3 = 42'", "SELECT 1 + @secret3")]:
            with connect("alice") as first, first.cursor() as cursor:
                cursor.execute(made)
                cursor.fetchall()
            with connect("bob") as second, second.cursor() as cursor:
                try:
                    cursor.execute(look)
                    assert cursor.fetchall() == ((None,),), made
                except pymysql.err.ProgrammingError as error:
                    assert error.args[0] == 1146, made
