"""MySQL's clients on MariaDB and MySQL 8: what is said of the catalog is the server's own, word for word, and databases are the server's."""

import pytest

import ops
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")

SAME = [
    "SHOW DATABASES", "SHOW SCHEMAS LIKE 'inf%'", "SHOW TABLES", "SHOW FULL TABLES LIKE 't%'", "SHOW FULL TABLES WHERE Table_type = 'VIEW'", "SHOW TABLE STATUS LIKE 'v'",
    "SHOW COLUMNS FROM t", "SHOW FULL COLUMNS FROM t WHERE Field = 'id'", "SHOW FIELDS FROM t LIKE 'n%'", "DESCRIBE t", "DESC t name", "EXPLAIN t", "SHOW INDEX FROM t", "SHOW KEYS FROM t WHERE Key_name = 'PRIMARY'",
    "SHOW CREATE TABLE t", "SHOW CREATE VIEW v", "SHOW CREATE DATABASE information_schema", "SHOW TRIGGERS", "SHOW EVENTS", "SHOW OPEN TABLES LIKE 'nothing'", "SHOW FUNCTION STATUS WHERE Db = 'x'",
    "SHOW PROCEDURE STATUS LIKE 'x'", "SHOW PLUGINS", "SHOW PRIVILEGES", "SHOW ENGINES", "SHOW COLLATION LIKE 'utf8mb4_bin'", "SHOW CHARSET LIKE 'utf8mb4'", "SHOW CHARACTER SET WHERE Maxlen = 4",
    "SHOW GLOBAL STATUS LIKE 'Innodb_page_size'", "SHOW VARIABLES LIKE 'innodb_page_size'", "SELECT @@innodb_page_size", "SHOW WARNINGS", "SHOW ERRORS LIMIT 1", "SHOW COUNT(*) ERRORS", "SHOW INDEX FROM nope",
    "DESCRIBE nope", "SHOW CREATE TABLE nope", "SELECT TABLE_NAME, ENGINE FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1", "SELECT COLUMN_TYPE, COLUMN_KEY, EXTRA FROM information_schema.COLUMNS WHERE TABLE_NAME = 't'",
    "USE no_such_database", "SELECT DATABASE()", "USE mysql", "SELECT DATABASE()", "SHOW TABLES LIKE 'user'", "SELECT count(*) > 0 FROM user",
]


class Place:
    pass


@pytest.fixture(scope="module", params=("mariadb", "mysql"))
def place(request):
    made = Place()
    made.server = request.getfixturevalue(f"{request.param}_server")
    made.databases = [made.server.create_database(f"{name}_{request.param}") for name in ("home", "other")]
    for database in made.databases:
        made.server.sql("CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20) NOT NULL DEFAULT 'x', KEY (name))", database)
        made.server.sql(f"INSERT INTO t (name) VALUES ('{database}')", database)
        made.server.sql("CREATE VIEW v AS SELECT id FROM t", database)
    with proxy_module.Proxy(proxy_module.one_cluster("my-1", made.server.cluster(made.databases[0], maxRunningQueries=1), frontends={"mysqlWire": {"port": 0}}, workers=1)) as started:
        made.proxy = started
        yield made


def connect(place, database, **more):
    return pymysql.connect(host="127.0.0.1", port=place.proxy.mysql_port, user="tester", database=database, autocommit=True, **more)


def answer(connection, sql):
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [column[0] for column in cursor.description or ()], list(cursor.fetchall())
    except pymysql.err.MySQLError as error:
        return error.args


def test_the_server_answers(place):
    through, direct = connect(place, place.databases[0]), place.server.connect(place.databases[0])
    different = [(sql, ours, theirs) for sql, ours, theirs in ((sql, answer(through, sql), answer(direct, sql)) for sql in SAME) if ours != theirs]
    assert not different
    assert answer(through, "SHOW GRANTS")[1] == [("GRANT USAGE ON *.* TO `tester`@`%`",)]  # the client's, not the cluster's account's
    assert ("autocommit", "ON") in answer(through, "SHOW VARIABLES")[1] and len(answer(through, "SHOW SESSION VARIABLES")[1]) > 300
    through.close()
    direct.close()


def test_what_a_client_words_opens_no_breaker(place):
    """SIGNAL, in a function, too, has any number: of a server that shuts down, of a log-in that was refused."""
    place.server.sql("CREATE FUNCTION denied() RETURNS int DETERMINISTIC BEGIN SIGNAL SQLSTATE '28000' SET MYSQL_ERRNO = 1045; RETURN 1; END", place.databases[0])
    connection = connect(place, place.databases[0])
    for sql, code in ((" signal SQLSTATE '08S01' SET MYSQL_ERRNO = 1053", 1053), ("SELECT denied()", 1045)):
        assert [answer(connection, sql)[0] for _ in range(6)] == [code] * 6
        assert [(cluster["name"], cluster["breaker"]) for cluster in place.proxy.admin("/admin/clusters")[1]] == [("my-1", "closed")]
    connection.close()
    place.server.sql("DROP FUNCTION denied", place.databases[0])


def test_databases(place):
    """One connection to the server: each session finds its own, in prepared statements, too."""
    home, other = place.databases
    sessions = {name: connect(place, name) for name in (home, other)}
    prepared = {name: connector.connect(host="127.0.0.1", port=place.proxy.mysql_port, user="tester", database=name, use_pure=True, autocommit=True) for name in (home, other)}
    for _ in range(3):
        for name in (home, other, other, home):
            assert answer(sessions[name], "SELECT name FROM t")[1] == [(name,)]
            cursor = prepared[name].cursor(prepared=True)
            cursor.execute("SELECT name FROM t WHERE id = ?", (1,))
            assert cursor.fetchall() == [(name,)]
            cursor.close()
    answer(sessions[home], f"USE {other}")
    assert answer(sessions[home], "SELECT name, DATABASE() FROM t")[1] == [(other, other)]
    sessions[other].select_db(home)
    assert answer(sessions[other], "SELECT name FROM t")[1] == [(home,)]
    with pytest.raises(pymysql.err.MySQLError) as error:
        sessions[other].select_db("no_such_database")
    assert error.value.args == (1049, "Unknown database 'no_such_database'")
    assert answer(sessions[other], "SELECT name FROM t")[1] == [(home,)]
    for connection in (*sessions.values(), *prepared.values()):
        connection.close()


def test_a_name_at_the_log_in(place):
    """That is no database of the server's: the cluster's own is meant, with a warning, and nobody else is moved."""
    home, other = place.databases
    label, theirs = connect(place, "just_a_name"), connect(place, other)
    for _ in range(2):
        assert answer(label, "SELECT name FROM t")[1] == [(home,)]
        assert answer(theirs, "SELECT name FROM t")[1] == [(other,)]
    answer(label, "CREATE DATABASE IF NOT EXISTS just_a_name")
    answer(label, "CREATE TABLE IF NOT EXISTS just_a_name.t AS SELECT 'mine' AS name")
    answer(label, "USE just_a_name")
    assert answer(label, "SELECT name FROM t")[1] == [("mine",)]
    answer(label, "DROP DATABASE just_a_name")
    assert answer(theirs, "SELECT name FROM t")[1] == [(other,)]
    label.close()
    theirs.close()


def test_what_statements_cost(place, proxies):
    """queryStatistics: the server's own counters, of each statement."""
    config = proxy_module.one_cluster("my-1", place.server.cluster(place.databases[0], queryStatistics=True), frontends={"mysqlWire": {"port": 0}}, workers=1)
    started = proxies(config)
    place.server.sql("CREATE TABLE IF NOT EXISTS many AS SELECT a.id FROM t a", place.databases[0])
    place.server.sql("INSERT INTO many WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n", place.databases[0])
    with pymysql.connect(host="127.0.0.1", port=started.mysql_port, user="tester", autocommit=True) as connection:
        for _ in range(2):
            assert answer(connection, "SELECT count(*) FROM many WHERE id > 0 /* measured */")[1] == [(501,)]
        assert answer(connection, "SELECT 1 /* cheap */")[1] == [(1,)]
    records = [r for marker, count in (("cheap", 1), ("measured", 2)) for r in ops.history(started, count, text=f"/* {marker} */")]
    found = {"cheap" in r["text"]: [x.get("rowsRead", 0) for x in records if ("cheap" in x["text"]) == ("cheap" in r["text"])] for r in records}
    assert all(501 <= rows < 520 for rows in found[False]) and all(rows < 20 for rows in found[True]), found
