"""Trino's clients with `translation` on: names and types of columns, as far as the engine has them, and what the tables about tables say of them."""

import datetime
import decimal
import sys

import pytest

import engines as engines_module
import proxy as proxy_module

pytest.importorskip("sqlglot")
trino = pytest.importorskip("trino")


@pytest.fixture(scope="module", params=engines_module.WITH_MYSQL)
def engine(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(translation={"enabled": True, "python": sys.executable})) as started:
        made.proxy = started
        yield made


@pytest.fixture
def run(engine):
    """run(sql, parameters): (names, types, rows)."""
    connection = trino.dbapi.connect(host="127.0.0.1", port=engine.proxy.trino_port, user="tester", timezone="UTC")

    def execute(sql, parameters=None):
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
        return [column.name for column in cursor.description or []], [column.type_code for column in cursor.description or []], rows
    yield execute
    connection.close()


def test_names(engine, run):
    """Of columns without one, as Trino gives them."""
    assert run("SELECT ?, ? + 1, 'x' AS named", (1, 2))[0] == ["_col0", "_col1", "named"]
    assert run("SELECT ?", ("it's",))[0] == ["_col0"]
    if engine.name != "mysql":  # which has another word for VALUES
        assert run("VALUES (1, 'a'), (2, 'b')")[0::2] == (["_col0", "_col1"], [[1, "a"], [2, "b"]])


def test_nulls(run):
    """A parameter that nothing gives a type to."""
    assert run("SELECT count(*) AS n FROM (SELECT 1 AS i) AS t WHERE ? IS NULL OR i = ?", (None, None))[2] == [[1]]
    assert run("SELECT count(*) AS n FROM (SELECT 1 AS i) AS t WHERE ? IS NOT NULL AND i = ?", (None, None))[2] == [[0]]
    assert run("SELECT count(*) AS n FROM (SELECT 1 AS i) AS t WHERE ? IS NULL OR i = ?", (1, 1))[2] == [[1]]


def test_early_years(run):
    """DATE '1-01-01', as the client writes it."""
    for day in (datetime.date(1, 1, 1), datetime.date(12, 3, 4), datetime.date(999, 1, 1)):
        assert run("SELECT ?", (day,))[2] in ([[day]], [[day.isoformat()]])


def test_relations_of_the_system(engine):
    """Their columns may have schema and table before them."""
    connection = trino.dbapi.connect(host="127.0.0.1", port=engine.proxy.trino_port, user="tester", catalog="system")
    cursor = connection.cursor()
    cursor.execute("SELECT runtime.nodes.node_id, nodes.state FROM runtime.nodes WHERE runtime.nodes.coordinator")
    assert cursor.fetchall() == [["turnout", "active"]]
    connection.close()


def test_literals(engine, run):
    _, types, rows = run("SELECT DECIMAL '10.50' AS a, DECIMAL '100.123' AS b")
    if engine.name != "sqlite":
        assert types == ["decimal(4, 2)", "decimal(6, 3)"]
    assert [[float(value) for value in row] for row in rows] == [[10.5, 100.123]]
    assert run("SELECT 1e0 AS a")[1:] == (["double"], [[1.0]])
    if engine.name in ("postgres", "duckDb"):  # the same instant, in the session's zone
        assert run("SELECT TIMESTAMP '2020-02-03 04:05:06 UTC' AT TIME ZONE 'America/New_York' AS a")[2] == [[datetime.datetime(2020, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)]]
        assert run("SELECT TIMESTAMP '2020-02-03 04:05:06' AT TIME ZONE 'America/New_York' AS a")[2] == [[datetime.datetime(2020, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)]]
    for moment in ("2020-02-03 04:05:06 Europe/Berlin", "2020-02-03 05:05:06 +02:00"):
        assert str(run(f"SELECT TIMESTAMP '{moment}' AS a")[2][0][0])[:19] == "2020-02-03 03:05:06"


def test_results(engine, run):
    """What Trino's types of results are, with the types of columns known."""
    if engine.name == "sqlite":
        pytest.skip("SQLite's values have types, its columns none")
    t = engine.new_table()
    run(f"CREATE TABLE {t} (i bigint, f double, d date, ts timestamp)")
    run(f"INSERT INTO {t} VALUES (1, 1.25, DATE '2020-01-31', TIMESTAMP '2020-01-31 10:20:30'), (2, 2.5, DATE '2020-02-03', TIMESTAMP '2020-02-03 10:20:30')")
    assert run(f"SELECT sum(i) AS a, sum(i) OVER () AS b FROM {t} GROUP BY i ORDER BY i LIMIT 1")[1:] in ((["bigint", "bigint"], [[1, 3]]), (["integer", "integer"], [[1, 3]]))
    assert run(f"SELECT avg(i) AS a, sum(f) AS b, round(avg(f), 1) AS c FROM {t}")[1:] == (["double"] * 3, [[1.5, 3.75, 1.9]])
    _, types, rows = run(f"SELECT date_trunc('month', d) AS a, date_add('month', 1, d) AS b, d + INTERVAL '1' DAY AS c FROM {t} ORDER BY i LIMIT 1")
    assert types == ["date"] * 3 and rows == [[datetime.date(2020, 1, 1), datetime.date(2020, 2, 29), datetime.date(2020, 2, 1)]]
    _, types, rows = run(f"SELECT year(d) AS a, extract(MONTH FROM d) AS b, extract(SECOND FROM ts) AS c, json_array_length('[1, 2]') AS e FROM {t} ORDER BY i LIMIT 1")
    assert set(types) <= {"bigint", "integer"} and rows == [[2020, 1, 30, 2]]
    assert not any(isinstance(value, decimal.Decimal) for value in rows[0])


COLUMNS = {
    "postgres": ("a bigint, b real, c numeric(12,2), d varchar(7), e text, f char(3), g bytea, h date, i timestamp(3), j timestamptz, k time(6), l boolean, m bigint[]", "public"),
    "mysql": ("a bigint, b float, c decimal(12,2), d varchar(7), e text, f char(3), g blob, h date, i datetime(3), j timestamp(6) NULL", None),
    "duckDb": ("a bigint, b real, c decimal(12,2), e varchar, g blob, h date, j timestamptz, k time, l boolean, m bigint[]", "main"),
    "sqlite": ("a bigint, e text, g blob, h date, k time, l boolean", "main"),
}
TOLD = {  # DATA_TYPE, TYPE_NAME, COLUMN_SIZE, DECIMAL_DIGITS, NUM_PREC_RADIX, CHAR_OCTET_LENGTH of a Trino 476 for such columns
    "a": [-5, "bigint", 19, None, 10, None], "b": [7, "real", 24, None, 2, None], "c": [3, "decimal(12,2)", 12, 2, 10, None], "d": [12, "varchar(7)", 7, None, None, 7],
    "e": [12, "varchar", 2147483647, None, None, 2147483647], "f": [1, "char(3)", 3, None, None, 3], "g": [-3, "varbinary", 2147483647, None, None, 2147483647],
    "h": [91, "date", 14, None, None, None], "i": [93, "timestamp(3)", 25, 3, None, None], "j": [2014, "timestamp(6) with time zone", 62, 6, None, None],
    "k": [92, "time(6)", 15, 6, None, None], "l": [16, "boolean", None, None, None, None], "m": [2003, "array(bigint)", None, None, None, None],
}


def test_tables_about_tables(engine, run):
    t = engine.new_table()
    columns, schema = COLUMNS[engine.name]
    schema = schema or engine.database
    run("SET SESSION turnout.dialect = '" + {"duckDb": "duckdb"}.get(engine.name, engine.name) + "'")
    run(f"CREATE TABLE {t} ({columns})")
    run("RESET SESSION turnout.dialect")
    _, types, rows = run("SELECT column_name, data_type, type_name, column_size, decimal_digits, num_prec_radix, char_octet_length, buffer_length, column_def, ordinal_position, is_nullable, scope_catalog "
                         f"FROM system.jdbc.columns WHERE table_schem = '{schema}' AND table_name = '{t}' ORDER BY ordinal_position")
    assert {row[0]: row[1:7] for row in rows} == {one.split()[0]: TOLD[one.split()[0]] for one in columns.replace("(12,2)", "").split(", ")}
    assert [row[7:] for row in rows] == [[0, None, i, "YES", None] for i in range(1, len(rows) + 1)]
    assert types[0] == "varchar" and types[9] == "bigint" and (engine.name == "sqlite" or types[11] == "varchar")
    _, types, rows = run(f"SELECT column_name, ordinal_position FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{t}' ORDER BY ordinal_position")
    assert types == ["varchar", "bigint"] and rows[0] == ["a", 1]
    for table in ("types", "procedure_columns", "columns", "tables"):
        run(f"SELECT * FROM system.jdbc.{table}")
    if engine.name in ("postgres", "duckDb"):
        run("SET SESSION turnout.dialect = 'postgres'")
        run(f"COMMENT ON COLUMN {t}.c IS 'what it costs'")
        run("RESET SESSION turnout.dialect")
        assert run(f"SELECT \"comment\" FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{t}' AND column_name = 'c'")[2] == [["what it costs"]]


def test_errors(engine, run):
    if engine.name == "mysql":
        with pytest.raises(trino.exceptions.TrinoUserError) as problem:
            run("DROP SCHEMA nosuch")
        assert problem.value.error_name == "SCHEMA_NOT_FOUND"
