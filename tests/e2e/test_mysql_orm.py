"""What object-relational mappers need of engines that are not MySQL's: the ids of new rows, truths that are numbers, and their definitions.
SQL is translated."""

import contextlib
import sys

import pytest

import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")


@contextlib.contextmanager
def connected(cluster, **more):
    config = proxy_module.one_cluster("pg", cluster, frontends={"mysqlWire": {"port": 0}}, translation={"python": sys.executable, "timeoutMs": 10000})
    with proxy_module.Proxy(config) as started:
        made = pymysql.connect(host="127.0.0.1", port=started.mysql_port, user="tester", database="orm", autocommit=True, **more)
        yield made
        made.close()


@pytest.fixture(scope="module")
def connection(postgres_server):
    with connected(postgres_server.cluster(postgres_server.create_database("orm"))) as made:
        yield made


def ask(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def new_id(connection, sql):
    """What the client is told at the end of an INSERT, which has no rows; LAST_INSERT_ID() says so, too."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.description is None and not cursor.fetchall()
        told, rows = cursor.lastrowid, cursor.rowcount
    if told:
        assert ask(connection, "SELECT LAST_INSERT_ID()") == ((told,),)
    return told, rows


def test_ids_of_new_rows(connection):
    ask(connection, "CREATE TABLE author (author BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE)")
    assert new_id(connection, "INSERT INTO author (name) VALUES ('Ann')") == (1, 1)
    assert new_id(connection, "INSERT INTO `author` (`name`) VALUES ('Bob'), ('Cy')") == (2, 2)  # the first one's
    assert new_id(connection, "INSERT INTO author VALUES (77, 'who is returning; -- ')") == (77, 1)
    assert new_id(connection, "INSERT IGNORE INTO author (name) VALUES ('Ann')") == (0, 0)
    assert new_id(connection, "INSERT INTO author (name) SELECT 'Dan' WHERE 1 = 1")[1] == 1
    assert [row[1] for row in ask(connection, "SELECT * FROM author ORDER BY name")] == ["Ann", "Bob", "Cy", "Dan", "who is returning; -- "]


def test_ids_in_a_transaction_and_after_errors(connection):
    ask(connection, "CREATE TABLE `It's` (`Id` INT AUTO_INCREMENT PRIMARY KEY, x INT UNIQUE)")
    ask(connection, "BEGIN")
    assert new_id(connection, "INSERT INTO `It's` (x) VALUES (1)") == (1, 1)
    with pytest.raises(pymysql.err.IntegrityError):
        ask(connection, "INSERT INTO `It's` (x) VALUES (1)")
    assert new_id(connection, "INSERT INTO `It's` (x) VALUES (2)") == (3, 1)
    ask(connection, "COMMIT")
    assert ask(connection, "SELECT count(*) FROM `It's`") == ((2,),)


def test_ids_after_a_statement_that_was_wrong_itself(connection):
    ask(connection, "CREATE TABLE typed (id INT AUTO_INCREMENT PRIMARY KEY, x INT UNIQUE)")
    for expected in (1, 2):
        with pytest.raises(pymysql.MySQLError) as wrong:
            ask(connection, "INSERT INTO typed (y) VALUES (1)")
        assert wrong.value.args[0] == 1054
        assert new_id(connection, f"INSERT INTO typed (x) VALUES ({expected})") == (expected, 1)
    ask(connection, "BEGIN")
    with pytest.raises(pymysql.MySQLError):
        ask(connection, "INSERT INTO typed (y) VALUES (1)")
    assert new_id(connection, "INSERT INTO typed (x) VALUES (3)") == (3, 1)
    ask(connection, "COMMIT")


def test_ids_beside_an_upsert_that_tells_none(connection, postgres_server):
    """A table of partitions gives no xmax."""
    postgres_server.sql("CREATE TABLE seen (id serial, x int UNIQUE) PARTITION BY RANGE (x); CREATE TABLE seen_all PARTITION OF seen DEFAULT", database="orm")
    assert new_id(connection, "INSERT INTO seen (x) VALUES (1)") == (1, 1)
    assert new_id(connection, "INSERT INTO seen (x) VALUES (1) ON DUPLICATE KEY UPDATE id = 9")[1] >= 1
    assert new_id(connection, "INSERT INTO seen (x) VALUES (2)")[0] > 1


def test_tables_that_count_otherwise_or_not(connection, postgres_server):
    postgres_server.sql("CREATE TABLE counted (x int, n serial);"
                        "CREATE TABLE plain (id int PRIMARY KEY, \"default\" text DEFAULT 'nextval(')", database="orm")
    assert new_id(connection, "INSERT INTO counted (x) VALUES (5)") == (1, 1)
    assert new_id(connection, "INSERT INTO public.counted (x) VALUES (6)") == (2, 1)
    assert new_id(connection, "INSERT INTO plain (id) VALUES (9)") == (0, 1)
    ask(connection, "SET @turnout_dialect = 'engine'")
    assert new_id(connection, "INSERT INTO public . /* or */ counted (x) VALUES (7)") == (0, 1)  # no name for regclass
    assert new_id(connection, "INSERT INTO Counted (x) VALUES (8) -- and so on") == (4, 1)
    ask(connection, "SET @turnout_dialect = NULL")


def test_ids_of_tables_that_change(connection, postgres_server):
    """The column is remembered: a table that is made anew, or altered by others, has another one or none."""
    for definition, told in (("n INT", 0), ("id INT AUTO_INCREMENT PRIMARY KEY, n INT", 1), ("n INT AUTO_INCREMENT PRIMARY KEY, `a \"b` INT", 0), ("`a \"b` INT AUTO_INCREMENT PRIMARY KEY, n INT", 1)):
        ask(connection, f"CREATE TABLE changing ({definition})")
        for n in range(3):
            assert new_id(connection, f"INSERT INTO changing (n) VALUES ({n + 7})") == (n + told if told else n + 7 if "n INT AUTO" in definition else 0, 1)
        ask(connection, "DROP TABLE changing")
    ask(connection, "CREATE TABLE changing (id INT AUTO_INCREMENT PRIMARY KEY, n INT)")
    assert [new_id(connection, "INSERT INTO changing (n) VALUES (1)") for _ in range(2)] == [(1, 1), (2, 1)]
    postgres_server.sql("ALTER TABLE changing DROP COLUMN id", database="orm")
    assert [new_id(connection, "INSERT INTO changing (n) VALUES (1)") for _ in range(2)] == [(0, 1), (0, 1)]
    assert ask(connection, "SELECT count(*) FROM changing") == ((4,),)


def test_ids_of_prepared_inserts(connection):
    """As drivers that prepare send it: the values are no part of the text."""
    connector = pytest.importorskip("mysql.connector")
    ask(connection, "CREATE TABLE prepared_rows (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40))")
    other = connector.connect(host="127.0.0.1", port=connection.port, user="tester", database="orm", autocommit=True)
    with contextlib.closing(other), contextlib.closing(other.cursor(prepared=True)) as cursor:
        for n, name in enumerate(("Ann", "Bob", None), 1):
            cursor.execute("INSERT INTO prepared_rows (name) VALUES (%s)", (name,))
            assert (cursor.lastrowid, cursor.rowcount) == (n, 1)
        ask(connection, "ALTER TABLE prepared_rows ADD COLUMN more INT")
        cursor.execute("INSERT INTO prepared_rows (name) VALUES (%s)", ("Dan",))
        assert cursor.lastrowid == 4
        cursor.execute("SELECT id, name FROM prepared_rows ORDER BY id")
        assert cursor.fetchall() == [(1, "Ann"), (2, "Bob"), (3, None), (4, "Dan")]


def test_who_may_not_read_adds_rows_all_the_same(postgres_server):
    """The id is asked for with the row: where the server refuses that, the statement goes as it came, also in a transaction, whose other rows stay."""
    database = postgres_server.create_database("orm_rights")
    postgres_server.sql("CREATE TABLE log (id serial, who text UNIQUE); CREATE ROLE writer LOGIN PASSWORD 'of-the-writer'; GRANT INSERT ON log TO writer;"
                        "GRANT USAGE ON SEQUENCE log_id_seq TO writer; CREATE TABLE read (id serial, who text); GRANT ALL ON read, read_id_seq TO writer;"
                        "CREATE VIEW ruled AS SELECT who FROM log; GRANT INSERT ON ruled TO writer;"
                        "CREATE RULE r AS ON INSERT TO ruled DO INSTEAD INSERT INTO log (who) VALUES (new.who)", database=database)
    cluster = postgres_server.cluster(database, auth={"type": "basic", "username": "writer", "password": "of-the-writer"})
    with connected(cluster) as writer:
        assert new_id(writer, "INSERT INTO log (who) VALUES ('a')") == (0, 1)
        assert new_id(writer, "INSERT INTO log (who) VALUES ('b')") == (0, 1)
    for before in ([], ["INSERT INTO `read` (who) VALUES ('z')"]):
        with connected(cluster) as writer:
            for table in ("log", "ruled"):
                ask(writer, "BEGIN")
                for sql in before:
                    assert new_id(writer, sql)[0] > 0
                for n in range(2):
                    assert new_id(writer, f"INSERT INTO {table} (who) VALUES ('{table} {len(before)} {n}')")[0] == 0
                with pytest.raises(pymysql.err.IntegrityError):
                    ask(writer, f"INSERT INTO {table} (who) VALUES ('a')")
                ask(writer, f"INSERT INTO {table} (who) VALUES ('{table} {len(before)} 3')")
                ask(writer, "COMMIT")
    assert postgres_server.sql("SELECT count(*), (SELECT count(*) FROM read) FROM log", database=database) == [["14", "2"]]


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
