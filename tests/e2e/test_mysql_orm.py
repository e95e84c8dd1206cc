"""What object-relational mappers need of PostgreSQL where they speak MySQL's words: truths that are numbers, and matches with flags. SQL is translated."""

import sys

import pytest

import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")


@pytest.fixture(scope="module")
def connection(postgres_server):
    database = postgres_server.create_database("orm")
    config = proxy_module.one_cluster("pg", postgres_server.cluster(database), frontends={"mysqlWire": {"port": 0}},
                                      translation={"python": sys.executable, "timeoutMs": 10000})
    with proxy_module.Proxy(config) as started:
        made = pymysql.connect(host="127.0.0.1", port=started.mysql_port, user="tester", database=database, autocommit=True)
        yield made
        made.close()


def ask(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_truths_are_numbers(connection):
    ask(connection, "CREATE TABLE flags (id INT AUTO_INCREMENT PRIMARY KEY, a BOOL NOT NULL DEFAULT TRUE, b TINYINT(1))")
    for values in ("(a, b) VALUES (1, 0)", "(a, b) VALUES (TRUE, FALSE)", "(b) VALUES (NULL)"):
        ask(connection, "INSERT INTO flags " + values)
    assert ask(connection, "SELECT a, b FROM flags ORDER BY id") == ((1, 0), (1, 0), (1, None))
    for where in ("a = 1 AND b = 0", "a = TRUE AND b = FALSE", "a AND NOT b", "a IS TRUE AND b IS FALSE", "a IN (TRUE) AND b IN (0)"):
        assert ask(connection, "SELECT count(*), SUM(a) FROM flags WHERE " + where) == ((2, 2),), where
    ask(connection, "UPDATE flags SET a = FALSE WHERE b IS NULL")
    assert ask(connection, "SELECT a FROM flags WHERE NOT a") == ((0,),)


def test_matches_with_flags(connection):
    ask(connection, "CREATE TABLE words (w VARCHAR(20))")
    ask(connection, "INSERT INTO words VALUES ('Two'), ('two')")
    assert ask(connection, "SELECT w FROM words WHERE REGEXP_LIKE(w, '^T', 'c')") == (("Two",),)
    assert ask(connection, "SELECT count(*) FROM words WHERE REGEXP_LIKE(w, '^T', 'i')") == ((2,),)
