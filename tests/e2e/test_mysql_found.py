"""What a client asks about the statement before: FOUND_ROWS() behind SQL_CALC_FOUND_ROWS, ROW_COUNT(), how many warnings there are, and
variables that one SET gives values to, on engines of MySQL's kind and others."""

import sys
import warnings

import pytest

import my_wire
import ops
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")

pytestmark = pytest.mark.timeout(120)
OWN = ("mariadb", "mysql")
OTHERS = ("postgres", "sqlite", "duckDb")


def started(request, kind):
    options = {"workers": 1, "frontends": {"mysqlWire": {"port": 0}}}
    if kind in OTHERS:
        pytest.importorskip("sqlglot")
        return proxy_module.Proxy(request.getfixturevalue("make_engine")(kind).config(translation={"python": sys.executable, "timeoutMs": 20000}, **options))
    server = request.getfixturevalue(f"{kind}_server")
    return proxy_module.Proxy(proxy_module.one_cluster("m", {**server.cluster(server.create_database("found")), "poolSize": 2}, **options))


@pytest.fixture(scope="module", params=OWN + OTHERS)
def proxy(request):
    with started(request, request.param) as running:
        running.kind = request.param
        yield running
        running.check_sanitizers()


def connect(proxy):
    return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database="found", autocommit=True, read_timeout=60)


@pytest.fixture
def ask(proxy):
    connection = connect(proxy)

    def rows(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows.warnings = cursor._result.warning_count  # pylint: disable=protected-access
            return [tuple(row) for row in cursor.fetchall()]

    rows("DROP TABLE IF EXISTS items")
    rows("CREATE TABLE items (a INT, t VARCHAR(5))")
    rows("INSERT INTO items VALUES (1, 'x'), (2, 'x'), (3, 'x'), (4, 'y'), (5, 'y')")
    yield rows
    connection.close()


@pytest.mark.parametrize("statement, sent, found", [
    ("SELECT SQL_CALC_FOUND_ROWS a FROM items ORDER BY a LIMIT 2", [(1,), (2,)], 5),
    ("SELECT SQL_CALC_FOUND_ROWS a FROM items WHERE t = 'x' ORDER BY a LIMIT 1, 1", [(2,)], 3),
    ("select sql_calc_found_rows distinct t FROM items ORDER BY t LIMIT 1 OFFSET 1", [("y",)], 2),
    ("SELECT SQL_CALC_FOUND_ROWS t, COUNT(*) FROM items GROUP BY t ORDER BY t LIMIT 1", [("x", 3)], 2),
    ("SELECT SQL_CALC_FOUND_ROWS a FROM (SELECT a FROM items ORDER BY a LIMIT 4) AS s ORDER BY a LIMIT 1", [(1,)], 4),
    ("SELECT SQL_CALC_FOUND_ROWS a FROM items WHERE a > 9 LIMIT 2", [], 0),
    ("SELECT SQL_CALC_FOUND_ROWS a FROM items WHERE a < 4 ORDER BY a", [(1,), (2,), (3,)], 3),
    ("SELECT a FROM items ORDER BY a LIMIT 2", [(1,), (2,)], 2)])
def test_found_rows(ask, statement, sent, found):
    for asked in ("SELECT FOUND_ROWS()", "SELECT FOUND_ROWS() + 0 AS n", "SELECT FOUND_ROWS() FROM items WHERE a = 1"):
        assert ask(statement) == sent
        assert ask(asked) == [(found,)]
    assert ask("SELECT FOUND_ROWS()") == [(1,)]


def test_found_rows_are_the_sessions(proxy, ask):
    """Whatever others do on the same connections of the pool."""
    with connect(proxy) as other, other.cursor() as cursor:
        ask("SELECT SQL_CALC_FOUND_ROWS a FROM items LIMIT 2")
        cursor.execute("SELECT a FROM items WHERE a < 4")
        assert len(cursor.fetchall()) == 3
        assert ask("SELECT FOUND_ROWS() FROM items WHERE a = 1") == [(5,)]


def test_rows_are_counted_for_who_asks_alone(proxy, ask):
    """A second SQL_CALC_FOUND_ROWS does not ask what the first one found."""
    if proxy.kind in OWN:
        pytest.skip("it has counted itself")
    for _ in range(4):
        ask("SELECT SQL_CALC_FOUND_ROWS a FROM items WHERE t <> 'counted' LIMIT 2")
    assert ask("SELECT FOUND_ROWS ( )") == [(5,)]
    ask("SELECT 'found_rows, the last' FROM items LIMIT 1")
    ops.history(proxy, 1, text="found_rows, the last")
    assert len(ops.history(proxy, text="t <> 'counted'")) == 5  # four and one COUNT(*)


def test_found_rows_are_of_the_values_of_then(ask):
    """What is counted is what was asked: a variable that was given another value since does not change it."""
    ask("SET @least = 4")
    assert ask("SELECT SQL_CALC_FOUND_ROWS a FROM items WHERE a >= @least ORDER BY a LIMIT 1") == [(4,)]
    ask("SET @least = 1")
    assert ask("SELECT FOUND_ROWS()") == [(2,)]


def test_found_rows_of_text_in_a_prepared_statement(proxy, ask):
    """PHP's PDO prepares the question, too."""
    with my_wire.MyWire(proxy.mysql_port, user="me", database="found") as client:
        client.query("SELECT SQL_CALC_FOUND_ROWS a FROM items LIMIT 2")
        number = client.prepare("SELECT FOUND_ROWS()")[0]
        assert int.from_bytes(client.execute(number)[1][0][2:10], "little") == 5


def test_found_rows_behind_tables(ask):
    ask("SELECT SQL_CALC_FOUND_ROWS a FROM items LIMIT 2")
    tables = ask("SHOW TABLES LIKE 'items'")
    assert ask("SELECT FOUND_ROWS()") == [(len(tables),)]


def test_found_rows_of_what_was_refused(request, tmp_path):
    """What a rule did not let through is not counted either, though the question is another text."""
    pytest.importorskip("sqlglot")
    config = request.getfixturevalue("make_engine")("sqlite").config(translation={"python": sys.executable, "timeoutMs": 20000}, workers=1,
                                                                     frontends={"mysqlWire": {"port": 0}})
    config["routers"] = [{"type": "queryRegex", "rules": [{"regex": "(?i)^select *(sql_calc_found_rows)? *s from", "action": "deny", "error": "not this"}]}]
    with proxy_module.Proxy(config) as running:
        with connect(running) as connection, connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS hidden")
            cursor.execute("CREATE TABLE hidden (s INT)")
            cursor.execute("INSERT INTO hidden VALUES (1), (2), (3)")
            with pytest.raises(pymysql.MySQLError, match="not this"):
                cursor.execute("SELECT SQL_CALC_FOUND_ROWS s FROM hidden LIMIT 1")
            cursor.execute("SELECT FOUND_ROWS()")
            assert cursor.fetchall() == ((0,),)
        running.check_sanitizers()


def test_found_rows_in_a_transaction(ask):
    ask("BEGIN")
    ask("INSERT INTO items VALUES (6, 'z')")
    ask("SELECT SQL_CALC_FOUND_ROWS a FROM items LIMIT 2")
    assert ask("SELECT FOUND_ROWS()") == [(6,)]
    ask("ROLLBACK")
    ask("SELECT SQL_CALC_FOUND_ROWS a FROM items LIMIT 2")
    ask("SELECT 1")
    assert ask("SELECT FOUND_ROWS()") == [(1,)]


def test_found_rows_of_prepared_statements(proxy, ask):
    connector = pytest.importorskip("mysql.connector")
    if proxy.kind in OTHERS:
        pytest.skip("only an engine of MySQL's kind has counted what had parameters")
    with connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database="found", use_pure=True) as connection:
        cursor = connection.cursor(prepared=True)
        cursor.execute("SELECT SQL_CALC_FOUND_ROWS a FROM items WHERE a > ? LIMIT 1", (1,))
        assert len(cursor.fetchall()) == 1
        cursor.execute("SELECT FOUND_ROWS()")
        assert cursor.fetchall() == [(4,)]


def test_row_count(ask):
    ask("DELETE FROM items WHERE a > 3")
    assert ask("SELECT ROW_COUNT() + 0 AS n") == [(2,)]
    ask("DELETE FROM items WHERE a > 2")
    assert [ask("SELECT ROW_COUNT()"), ask("SELECT ROW_COUNT()")] == [[(1,)], [(-1,)]]


def test_warnings_are_counted_where_they_come(ask):
    """Connector/Python asks for warnings as long as there are some: with those of the statement before it never ended."""
    with pytest.raises(pymysql.MySQLError):
        ask("SELECT nothing FROM items")
    for asked, rows in (("SHOW COUNT(*) ERRORS", [(1,)]), ("SELECT @@error_count, @@warning_count", [(1, 1)])):
        assert (ask(asked), ask.warnings) == (rows, 0)
    assert [row[0] for row in ask("SHOW WARNINGS")] == ["Error"] and ask.warnings == 0


def test_errors_are_not_warnings(proxy, ask):
    if proxy.kind in OTHERS:
        pytest.skip("has no such warning")
    ask("DROP TABLE IF EXISTS nothing")
    assert ask.warnings == 1
    assert ask("SELECT @@error_count, @@warning_count") == [(0, 1)]


def test_connector_gets_warnings(proxy):
    connector = pytest.importorskip("mysql.connector")
    if proxy.kind in OTHERS:
        pytest.skip("has no such warning")
    with connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database="found", use_pure=True, get_warnings=True) as connection:
        cursor = connection.cursor()
        with warnings.catch_warnings(action="ignore"):  # what it warns with is no text
            cursor.execute("SELECT 'a' + 1")
            assert cursor.fetchall() == [(1.0,)]
        assert [row[1] for row in cursor.warnings] == [1292]


def test_variables_of_one_set(ask):
    """All values are worked out before any is given."""
    ask("SET @x = 3, @y = NULL")
    ask("SET @x := 1, @y = @x + 1, @z = CONCAT(@y, 'q'), @w = UPPER('w')")
    assert ask.warnings == 0
    assert ask("SELECT @x, @y, @z, @w") == [(1, 4, None, "W")]
    ask("SET @n = (SELECT COUNT(*) FROM items WHERE t = 'x'), @t = 'it''s'")
    assert ask("SELECT @n + 1, @t") == [(4, "it's")]


def test_variables_from_a_row(ask):
    ask("SELECT a, t INTO @a, @t FROM items WHERE a = 2")
    assert ask("SELECT @a, @t, ROW_COUNT()") == [(2, "x", 1)]
    ask("SELECT MAX(a) FROM items INTO @a")
    assert ask("SELECT a FROM items WHERE a = @a") == [(5,)]
    ask("SELECT a INTO @a FROM items WHERE a > 100")
    assert ask.warnings == 1
    assert [row[1] for row in ask("SHOW WARNINGS")] == [1329]
    assert ask("SELECT @a") == [(5,)]
    for statement, code in (("SELECT a INTO @b FROM items", 1172), ("SELECT a, t INTO @b FROM items WHERE a = 1", 1222), ("SELECT nobody INTO @b FROM items", 1054)):
        with pytest.raises(pymysql.MySQLError) as failure:
            ask(statement)
        assert failure.value.args[0] == code


def test_variables_of_odd_values(proxy, ask):
    """What an engine has for a number is none in the text of a statement, and a text is kept whole or not at all."""
    if proxy.kind in OWN:
        pytest.skip("it keeps them itself")
    for name in ("Infinity", "NaN") if proxy.kind != "sqlite" else ():
        ask(f"SET @v = (SELECT CAST('{name}' AS DOUBLE))")
        assert str(ask("SELECT @v FROM items WHERE a = 1")[0][0]).lower() == name.lower()
    ask("SET @q = 'before'")
    with pytest.raises(pymysql.MySQLError, match="zero byte"):
        ask("SET @q = (SELECT x'610062')")
    assert ask("SELECT @q FROM items WHERE a = 1") == [("before",)]
    if proxy.kind == "sqlite":
        ask("SET @v = (SELECT 9e999)")
        assert ask("SELECT a FROM items WHERE a = 1 AND t <> @v") == [(1,)]
    with pytest.raises(pymysql.MySQLError, match="longer than 16777216 bytes"):
        ask("SET @q = (SELECT REPEAT('x', 20000000))")


def test_do(ask):
    assert ask("DO 1, UPPER('x')") == []
    with pytest.raises(pymysql.MySQLError):
        ask("DO nothing(1)")
    assert ask("SELECT 1") == [(1,)]


def failed(ask, statement):
    with pytest.raises(pymysql.err.MySQLError) as error:
        ask(statement)
    return error.value.args


@pytest.mark.parametrize("statement", ["SET NAMES nope", "SET NAMES 'nope' COLLATE utf8mb4_bin", "SET CHARACTER SET nope", "SET character_set_client = nope", "SET character_set_results = 'nope'"])
def test_character_set_that_is_none(ask, statement):
    assert failed(ask, statement) == (1115, "Unknown character set: 'nope'")


def test_collation_that_is_none(ask):
    assert failed(ask, "SET NAMES utf8mb4 COLLATE nope") == (1273, "Unknown collation: 'nope'")


LARGE = 2 ** 64 - 1


def test_number_above_63_bits_is_kept_or_refused(proxy, ask):
    """SQLite has no such whole number, and would round it."""
    ask("DROP TABLE IF EXISTS large")
    ask("CREATE TABLE large (id INT, n BIGINT UNSIGNED)")
    ask("INSERT INTO large VALUES (1, 9223372036854775807), (2, 5)")
    statements = [f"INSERT INTO large VALUES (3, {LARGE})", f"INSERT INTO large SELECT 4, {LARGE} FROM items WHERE a = 1", f"UPDATE large SET n = {LARGE} WHERE id = 2"]
    if proxy.kind == "sqlite":
        for statement in statements:
            number, text = failed(ask, statement)
            assert number == 1264 and str(LARGE) in text and "SQLite" in text
        assert ask("SELECT id, n FROM large ORDER BY id") == [(1, 2 ** 63 - 1), (2, 5)]
        ask("INSERT INTO large VALUES (6, -9223372036854775808)")
        assert ask("SELECT n FROM large WHERE id = 6") == [(-2 ** 63,)]
    elif proxy.kind in OWN:
        for statement in statements:
            ask(statement)
        assert ask("SELECT id, n FROM large ORDER BY id") == [(1, 2 ** 63 - 1), (2, LARGE), (3, LARGE), (4, LARGE)]
    ask(f"UPDATE large SET id = 9 WHERE n < {LARGE} AND id = 1")
    assert ask("SELECT n FROM large WHERE id = 9") == [(2 ** 63 - 1,)]


def test_bound_number_above_63_bits_is_kept_or_refused(proxy, ask):
    if proxy.kind in ("postgres", "duckDb"):
        pytest.skip("its BIGINT refuses it itself")
    connector = pytest.importorskip("mysql.connector")
    ask("DROP TABLE IF EXISTS large")
    ask("CREATE TABLE large (n BIGINT UNSIGNED)")
    connection = connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database="found", autocommit=True, use_pure=True, ssl_disabled=True)
    try:
        cursor = connection.cursor(prepared=True)
        if proxy.kind == "sqlite":
            with pytest.raises(connector.Error) as error:
                cursor.execute("INSERT INTO large VALUES (?)", (LARGE,))
            assert error.value.errno == 1264 and str(LARGE) in error.value.msg
        else:
            cursor.execute("INSERT INTO large VALUES (?)", (LARGE,))
        assert ask("SELECT n FROM large") == ([] if proxy.kind == "sqlite" else [(LARGE,)])
    finally:
        connection.close()


@pytest.mark.parametrize("statement, name", [
    ("PREPARE p FROM 'SELECT 1'", "PREPARE .. FROM"), ("EXECUTE p", "EXECUTE"), ("DEALLOCATE PREPARE p", "DEALLOCATE PREPARE"),
    ("SELECT GET_LOCK('l', 1)", "get_lock()"), ("SELECT RELEASE_LOCK('l')", "release_lock()"), ("SELECT SLEEP(0)", "sleep()"), ("DO SLEEP(0)", "sleep()"),
    ("SELECT BENCHMARK(1, 1)", "benchmark()"), ("ANALYZE TABLE items", "ANALYZE TABLE"), ("OPTIMIZE TABLE items", "OPTIMIZE TABLE"),
    ("CHECK TABLE items", "CHECK TABLE"), ("REPAIR TABLE items", "REPAIR TABLE")])
def test_what_only_servers_of_mysqls_kind_have(proxy, ask, statement, name):
    if proxy.kind in OWN:
        pytest.skip("it has them")
    if proxy.kind == "duckDb" and name == "DEALLOCATE PREPARE":
        pytest.skip("it takes the statement, whatever is there")
    if proxy.kind in ("postgres", "sqlite") and name == "sleep()":
        assert (ask(statement) or [(0,)])[0][0] == 0
        return
    number, text = failed(ask, statement)
    assert number == 1235 and proxy.kind.lower() in text.lower()
    assert text.startswith(f"{name} is not there on cluster") or (name.endswith("()") and f"has no words for the function {name}" in text)
    assert failed(ask, "SELECT nope FROM items")[0] == 1054


def test_variables_of_prepared_statements(proxy, ask):
    """SELECT .. INTO, DO and SET, with parameters and without: no columns, and again with other values."""
    with connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database="found", autocommit=True, use_pure=True, ssl_disabled=True) as connection:
        cursor, plain = connection.cursor(prepared=True), connection.cursor()

        def values(names="@a, @t"):
            plain.execute(f"SELECT {names}")
            return plain.fetchall()

        for a, t in ((2, "x"), (4, "y")):
            cursor.execute("SELECT a, t INTO @a, @t FROM items WHERE a = ?", (a,))
            assert cursor.description is None and values() == [(a, t)]
        cursor.execute("SELECT MAX(a), 'it''s' FROM items WHERE t < 'z' INTO @a, @t")
        assert values() == [(5, "it's")]
        for least, count in ((1, 4), (3, 2)):
            cursor.execute("SET @n = (SELECT COUNT(*) FROM items WHERE a > ?), @t = ?", (least, "it's \\"))
            assert values("@n, @t") == [(count, "it's \\")]
        cursor.execute("SET @n = (SELECT COUNT(*) FROM items)")
        assert values("@n") == [(5,)]
        cursor.execute("DO (SELECT a FROM items WHERE a = ?), 1 + ?", (1, 2))
        cursor.execute("DO 1, (SELECT MAX(a) FROM items)")
        with pytest.raises(connector.Error) as error:
            cursor.execute("SELECT a INTO @a FROM items WHERE a > ?", (0,))
        assert error.value.errno == 1172 and values("@a") == [(1,)]
        cursor.execute("SELECT a INTO @a FROM items WHERE a = ?", (3,))
        assert values("@a") == [(3,)]
