"""What columns without an alias are called: as the servers themselves call them, on engines of other kinds, too."""

import pytest

import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")

SELECTS = [
    "SELECT 1+1", "SELECT  1 +  1 ,2", "SELECT 1, -1, +1, 1.50, (1), ((2))", "SELECT 'abc', \"d e\", 'it''s', ''", "SELECT NULL, null, TRUE, false",
    "SELECT count(*), COUNT( * ), max(a), Sum(b) FROM t", "SELECT a, B, t.a, `a`, t.`b` FROM t", "SELECT a AS x, b y, a 'z', b AS `Q w`, a AS \"r\" FROM t",
    "SELECT (a), ((b)), (a + 1) FROM t", "SELECT CASE WHEN a = 1 THEN 'x' ELSE 'y' END FROM t", "SELECT CASE a WHEN 1 THEN 2 END other FROM t",
    "SELECT a IS NULL, a IS NOT NULL, NOT a, a AND b, a OR b, a BETWEEN 1 AND b, a IN (1, 2), a LIKE b FROM t",
    "SELECT DISTINCT a, a % 2 FROM t", "SELECT ALL a + b total FROM t", "SELECT upper('x'), lower('A'), coalesce(a, 0) FROM t",
    "WITH c AS (SELECT a + 1 AS n FROM t) SELECT n, n * 2 FROM c", "SELECT a + 1 FROM t UNION SELECT 2", "SELECT a * 2 FROM t LIMIT 1", "SELECT *, a + 1 FROM t",
    "SELECT a + 1, t.* FROM t", "SELECT t.*, 1, a * 2 last FROM t", "SELECT CAST(a AS char) FROM t", "SELECT (SELECT max(b) FROM t), EXISTS (SELECT 1) FROM t",
    "SELECT 1 /* what */ + 2, 3 # four\n", "SELECT a -- minus\n + 1 FROM t", "SELECT `a`+`b` FROM t",
]


def names(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [column[0] for column in cursor.description]


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def direct(request):
    server = request.getfixturevalue(f"{request.param}_server")
    with server.connect(server.create_database("names"), unix_socket=server.path("sock")) as connection:
        connection.cursor().execute("CREATE TABLE t (a integer, b integer)")
        yield connection


@pytest.fixture(scope="module")
def through(make_engine):
    with proxy_module.Proxy(make_engine("sqlite").config(frontends={"mysqlWire": {"port": 0}})) as proxy:
        with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", autocommit=True) as connection:
            connection.cursor().execute("CREATE TABLE t (a integer, b integer)")
            yield connection


def test_as_the_servers_say(direct, through):
    assert {sql: names(through, sql) for sql in SELECTS} == {sql: names(direct, sql) for sql in SELECTS}


@pytest.mark.parametrize("kind", engines.ENGINES)
def test_on_every_engine(make_engine, kind):
    made = make_engine(kind)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}})) as proxy:
        with pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", autocommit=True) as connection:
            assert names(connection, "SELECT 1+1, 'x', Upper('y') AS Loud, count(*), max(1) + 1 m") == ["1+1", "x", "Loud", "count(*)", "m"]
