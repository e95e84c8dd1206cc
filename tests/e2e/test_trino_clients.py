"""Clients of the Trino protocol on every engine: Trino's own Python client, its JDBC driver and its command line. What
travels below them is in test_trino_http.py."""

import datetime
import decimal
import os
import subprocess
import threading
import urllib.parse
import uuid

import pytest
import tzlocal

import proxy as proxy_module
from test_trino_relay import Session

sqlalchemy = pytest.importorskip("sqlalchemy")
trino = pytest.importorskip("trino")


@pytest.fixture
def connect(engine):
    """connect(**more): a trino.dbapi connection that is closed with the test."""
    opened = []

    def make(**more):
        opened.append(trino.dbapi.connect(host="127.0.0.1", port=engine.proxy.trino_port, user="tester", **more))
        return opened[-1]
    yield make
    for one in opened:
        one.close()


@pytest.fixture
def run(connect):
    """run(sql, parameters): all rows."""
    cursor = connect().cursor()

    def execute(sql, parameters=None):
        cursor.execute(sql, parameters)
        return cursor.fetchall()
    execute.cursor = cursor
    return execute


def schema_of(engine):
    return "public" if engine.name == "postgres" else "main"


@pytest.mark.quick
def test_select(run):
    assert run("SELECT 1 AS one, 'two' AS two, NULL AS three") == [[1, "two", None]]
    assert [column.name for column in run.cursor.description] == ["one", "two", "three"]
    assert run("SELECT 1 AS one WHERE 1 = 0") == []


def test_types(engine, run):
    if engine.name == "sqlite":
        assert run("SELECT 1, 2.5, 'x', x'00ff'") == [[1, 2.5, "x", b"\x00\xff"]]
        return
    row = run("SELECT true AS a, CAST(7 AS smallint) AS b, CAST(8 AS bigint) AS c, CAST(0.1 AS double precision) AS d, "
              "CAST('NaN' AS double precision) AS e, CAST('-Infinity' AS double precision) AS f, CAST(12.30 AS decimal(10,2)) AS g, "
              "DATE '2020-02-29' AS h, TIMESTAMP '2020-02-29 12:34:56.789012' AS i, TIME '01:02:03.000004' AS j, "
              "CAST('12345678-1234-1234-1234-123456789012' AS uuid) AS k, INTERVAL '3 days 04:05:06' AS l, "
              "CAST('2020-02-29 12:00:00+02' AS timestamp with time zone) AS m")[0]
    assert row[:4] == [True, 7, 8, 0.1] and row[4] != row[4] and row[5] == float("-inf")
    assert row[6:9] == [decimal.Decimal("12.30"), datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 12, 34, 56, 789012)]
    assert row[9:12] == [datetime.time(1, 2, 3, 4), uuid.UUID("12345678-1234-1234-1234-123456789012"),
                         datetime.timedelta(days=3, hours=4, minutes=5, seconds=6)]
    assert row[12] == datetime.datetime(2020, 2, 29, 10, tzinfo=datetime.timezone.utc)
    assert [column.type_code for column in run.cursor.description] == [
        "boolean", "smallint", "bigint", "double", "double", "double", "decimal(10, 2)", "date", "timestamp(6)", "time(6)",
        "uuid", "interval day to second", "timestamp(6) with time zone"]


def test_arrays(engine, run):
    if engine.name != "postgres":
        pytest.skip("arrays with a type are PostgreSQL's here")
    run("SELECT INTERVAL '1-2' YEAR TO MONTH, INTERVAL '-3' MONTH, ARRAY[INTERVAL '1' YEAR]::interval year[], INTERVAL '1' DAY")
    assert [column.type_code for column in run.cursor.description] == ["interval year to month", "interval year to month", "array(interval year to month)",
                                                                       "interval day to second"]
    for none in ("'NaN'::numeric", "ARRAY['-Infinity'::numeric]"):
        with pytest.raises(trino.exceptions.TrinoUserError, match="cannot hold"):
            run("SELECT " + none)
    assert run("SELECT ARRAY[1, NULL, 3] AS a, ARRAY['x', 'a,\"b'] AS b") == [[[1, None, 3], ["x", 'a,"b']]]
    assert [column.type_code for column in run.cursor.description] == ["array(integer)", "array(varchar)"]


def test_nested(engine, run):
    if engine.name != "duckDb":
        pytest.skip("DuckDB's types")
    row = run("SELECT [1, NULL, 3] AS a, {'x': 1, 'y': 'two'} AS b, MAP {'k': 1.50, 'l': NULL} AS c, [{'d': DATE '2020-01-02', 'l': [1.5::decimal(3,1)]}] AS d, "
              "[TIMESTAMP '2020-01-02 03:04:05'] AS e, ['\\xAA'::BLOB] AS f, '{\"j\": 1}'::JSON AS g, NULL::INTEGER[] AS h")[0]
    assert row[0] == [1, None, 3] and tuple(row[1]) == (1, "two") and row[2] == {"k": decimal.Decimal("1.50"), "l": None}
    assert [tuple(one) for one in row[3]] == [(datetime.date(2020, 1, 2), [decimal.Decimal("1.5")])]
    assert row[4:] == [[datetime.datetime(2020, 1, 2, 3, 4, 5)], [b"\xaa"], '{"j": 1}', None]
    assert [column.type_code for column in run.cursor.description] == [
        "array(integer)", 'row(x integer, y varchar)', "map(varchar, decimal(3, 2))", 'array(row(d date, l array(decimal(3, 1))))',
        "array(timestamp(6))", "array(varbinary)", "json", "array(integer)"]
    assert run("SELECT TIMESTAMP_S '2020-01-02 03:04:05', TIMESTAMP_MS '2020-01-02 03:04:05.678'") == [
        [datetime.datetime(2020, 1, 2, 3, 4, 5), datetime.datetime(2020, 1, 2, 3, 4, 5, 678000)]]
    assert [column.type_code for column in run.cursor.description] == ["timestamp(0)", "timestamp(3)"]
    with pytest.raises(trino.exceptions.TrinoUserError) as problem:
        run("SELECT (SELECT i FROM range(2) AS r(i))")
    assert problem.value.error_name == "SUBQUERY_MULTIPLE_ROWS"


def test_map_keys(engine, run):
    """They are text in JSON, whatever their type is, and written as values of it are."""
    if engine.name != "duckDb":
        pytest.skip("DuckDB's types")
    assert run("SELECT MAP {'a'::BLOB: 1, '\\xAA'::BLOB: 2}, MAP {TIMESTAMP '2020-01-02 03:04:05': 1}, MAP {1.50: 2}, MAP {true: 1}, MAP {7: NULL}")[0] == [
        {b"a": 1, b"\xaa": 2}, {datetime.datetime(2020, 1, 2, 3, 4, 5): 1}, {decimal.Decimal("1.50"): 2}, {True: 1}, {7: None}]
    assert run("SELECT 1e-45::REAL, 3e-45::REAL, 1.387e-43::REAL") == [[1.4e-45, 2.8e-45, 1.39e-43]]  # as Java writes them


def test_catalogs(engine, run, connect):
    """Names without a catalog are of the client's, where the engine has it; SHOW tells of it alone."""
    if engine.name != "duckDb":
        pytest.skip("a database that is attached is DuckDB's")
    other = engine.new_table()
    for sql in (f"ATTACH ':memory:' AS {other}", f"CREATE SCHEMA {other}.s", f"CREATE TABLE {other}.s.x AS SELECT 7 AS i", f"CREATE TABLE {other}.main.y AS SELECT 8 AS i"):
        run(sql)
    cursor = connect(catalog=other).cursor()
    for sql, rows in (("SELECT i FROM s.x", [[7]]), ("SELECT i FROM y", [[8]]), ("SHOW SCHEMAS", [["information_schema"], ["main"], ["s"]]), ("SHOW TABLES FROM s", [["x"]]),
                      ("USE s", []), ("SELECT i FROM x", [[7]]), ("SHOW TABLES", [["x"]])):
        cursor.execute(sql)
        assert cursor.fetchall() == rows, sql
    cursor = connect(catalog="system").cursor()
    for sql, rows in (("SELECT node_id, nodes.state FROM runtime.nodes", [["turnout", "active"]]), ("SHOW SCHEMAS", [["information_schema"], ["jdbc"], ["metadata"], ["runtime"]]),
                      ("SHOW TABLES FROM runtime", [["nodes"], ["queries"], ["tasks"]]), ("USE runtime", []), ("SELECT count(*) FROM nodes", [[1]]),
                      ("SELECT table_name FROM information_schema.tables WHERE table_schema = 'metadata'", [["catalogs"], ["table_comments"]])):
        cursor.execute(sql)
        assert sorted(cursor.fetchall()) == rows, sql
    cursor = connect(catalog=other, schema="nowhere").cursor()
    cursor.execute("SELECT i FROM s.x")
    assert cursor.fetchall() == [[7]]
    cursor = connect(catalog="nowhere", schema="main").cursor()
    cursor.execute("SHOW SCHEMAS")
    assert ["main"] in cursor.fetchall()
    run(f"DETACH {other}")


def test_time_zone(engine, connect):
    if engine.name == "sqlite":
        pytest.skip("SQLite has no time zones")
    cursor = connect(timezone="Europe/Berlin").cursor()
    cursor.execute("SELECT CAST('2020-07-01 12:00:00+00' AS timestamp with time zone)")
    value = cursor.fetchone()[0]
    assert value == datetime.datetime(2020, 7, 1, 12, tzinfo=datetime.timezone.utc) and value.hour == 14
    cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
    cursor.fetchall()
    cursor.execute("SELECT CAST('2020-07-01 12:00:00+00' AS timestamp with time zone)")
    assert cursor.fetchone()[0].hour == 21
    with pytest.raises(trino.exceptions.TrinoUserError):
        cursor.execute("SET TIME ZONE 'Nowhere/Atall'")
        cursor.fetchall()
    cursor.execute("SET TIME ZONE LOCAL")
    cursor.fetchall()
    cursor.execute("SELECT CAST('2020-07-01 12:00:00+00' AS timestamp with time zone)")
    assert cursor.fetchone()[0].hour == 14


def test_parameters(engine, run):
    t = engine.new_table()
    run(f"CREATE TABLE {t} (id bigint, name varchar(40), amount double precision, day date)")
    run(f"INSERT INTO {t} VALUES (?, ?, ?, ?)", (1, "it's; -- one", 1.5, datetime.date(2020, 1, 2)))
    run(f"INSERT INTO {t} VALUES (?, ?, ?, ?)", (2, None, -2.5, None))
    assert run(f"SELECT id, name, amount, day FROM {t} WHERE id = ?", (1,)) == [[1, "it's; -- one", 1.5, datetime.date(2020, 1, 2)]]
    assert run(f"SELECT id FROM {t} WHERE amount < ? AND name IS NULL", (0.0,)) == [[2]]
    with pytest.raises(trino.exceptions.TrinoUserError, match="Incorrect number of parameters"):
        run("SELECT ?, ?", (1,))
    assert run(f"SELECT id FROM {t} WHERE ? IS NOT NULL AND id = ? AND (? IS NULL OR name = ?)", ("x", 1, None, None)) == [[1]]
    if engine.name != "postgres":  # to which it is an operator
        with pytest.raises(trino.exceptions.TrinoUserError, match="Incorrect number of parameters: expected 2 but found 0"):
            run("SELECT ?, ?")


def test_changes(engine, run):
    t = engine.new_table()
    run(f"CREATE TABLE {t} (id bigint)")
    assert run.cursor.stats["state"] == "FINISHED"
    assert run(f"INSERT INTO {t} VALUES (1), (2), (3)") == [[3]] and run.cursor.rowcount == 3
    assert run(f"UPDATE {t} SET id = id + 10 WHERE id > 1") == [[2]] and run.cursor.update_type == "UPDATE"
    assert run(f"DELETE FROM {t}") == [[3]]


def test_many_rows(engine, run):
    rows = run(engine.sql("series", n=200000))
    assert len(rows) == 200000 and rows[0] == [1] and rows[-1] == [200000]


def test_transactions(engine, connect):
    t = engine.new_table()
    connection = connect(isolation_level=trino.transaction.IsolationLevel.READ_COMMITTED)
    cursor = connection.cursor()
    other = connect().cursor()
    other.execute(f"CREATE TABLE {t} (id bigint)")
    other.fetchall()
    cursor.execute(f"INSERT INTO {t} VALUES (1)")
    cursor.fetchall()
    connection.rollback()
    cursor.execute(f"INSERT INTO {t} VALUES (2)")
    cursor.fetchall()
    cursor.execute(f"SELECT id FROM {t}")
    assert cursor.fetchall() == [[2]]
    connection.commit()
    other.execute(f"SELECT id FROM {t}")
    assert other.fetchall() == [[2]]
    cursor = connection.cursor()  # begins the next one
    with pytest.raises(trino.exceptions.TrinoUserError):
        cursor.execute("SELECT nowhere_to_be_found")
        cursor.fetchall()
    with pytest.raises(trino.exceptions.DatabaseError, match="failed to commit"):
        connection.commit()
    connection.rollback()  # as `with connection:` does then


def test_errors(run):
    with pytest.raises(trino.exceptions.TrinoUserError) as problem:
        run("SELECT * FROM nowhere_to_be_found")
    assert (problem.value.error_name, problem.value.error_code) == ("TABLE_NOT_FOUND", 46)
    with pytest.raises(trino.exceptions.TrinoUserError) as problem:
        run("SELEC 1")
    assert problem.value.error_name == "SYNTAX_ERROR"
    with pytest.raises(trino.exceptions.TrinoUserError, match="one statement at a time"):
        run("SELECT 1; SELECT 2")
    assert run("SELECT 1") == [[1]]


def test_metadata(engine, run):
    t = engine.new_table()
    run(f"CREATE TABLE {t} (id bigint, name varchar(40))")
    catalog, schema = run("SHOW CATALOGS")[0][0], schema_of(engine)
    assert [schema] in run(f'SHOW SCHEMAS FROM "{catalog}"')
    assert [t] in run(f"SHOW TABLES FROM {schema}") and [t] in run(f"SHOW TABLES LIKE '{t[0]}%'")
    assert run(f"SHOW TABLES LIKE '{t}x'") == [] and ["schemata"] not in run("SHOW TABLES")
    name = "varchar(40)" if engine.name == "postgres" else "varchar"
    assert run(f"DESCRIBE {t}") == run(f"SHOW COLUMNS FROM {schema}.{t}") == [["id", "bigint", "", ""], ["name", name, "", ""]]
    with pytest.raises(trino.exceptions.TrinoUserError, match="does not exist"):
        run("DESCRIBE nowhere_to_be_found")
    assert run(f"SELECT c.data_type FROM information_schema.columns c WHERE c.table_name = '{t}' ORDER BY ordinal_position") == [["bigint"], [name]]
    assert run(f"SELECT table_cat, table_schem, table_type FROM system.jdbc.tables WHERE table_name = '{t}'") == [[catalog, schema, "TABLE"]]
    assert run(f'SELECT "{t}".id FROM "{catalog}"."{schema}"."{t}"') == []
    assert any(row[0] == "abs" for row in run("SHOW FUNCTIONS LIKE 'ab%'"))


def test_schema_of_information(engine, connect):
    """A client whose schema it is names its tables alone, as at a Trino; columns of that name stay what they are."""
    cursor = connect(schema="information_schema").cursor()
    for sql, rows in (("SELECT count(*) FROM schemata WHERE schema_name = 'information_schema'", [[1]]),
                      ("SELECT t.table_name FROM columns AS c JOIN tables AS t ON t.table_name = c.table_name AND t.table_schema = c.table_schema AND t.table_catalog = c.table_catalog "
                       "WHERE t.table_schema = 'information_schema' AND c.column_name = 'schema_name'", [["schemata"]]),
                      ("SELECT tables.x FROM (SELECT 1 AS x) AS tables", [[1]]), ("WITH tables AS (SELECT 7 AS x) SELECT x FROM tables", [[7]]),
                      ("WITH a AS (SELECT 1 AS y), views (x) AS (SELECT 8) SELECT x FROM a, views", [[8]])):
        cursor.execute(sql)
        assert cursor.fetchall() == rows, sql


def test_own_tables(engine, run):
    """information_schema and `system` are listed and described as a Trino's are."""
    catalog = run("SHOW CATALOGS")[0][0]
    known = [["columns"], ["schemata"], ["table_privileges"], ["tables"], ["views"]]
    assert run("SHOW TABLES FROM information_schema") == run("SHOW TABLES FROM system.information_schema") == known
    assert [row[:2] for row in run("DESCRIBE information_schema.schemata")] == [["catalog_name", "varchar"], ["schema_name", "varchar"]]
    assert [row[:2] for row in run("SHOW COLUMNS FROM system.jdbc.super_types")][4:] == [["supertype_schem", "varchar"], ["supertype_name", "varchar"]]
    assert ["created", "timestamp(3) with time zone", "", ""] in run("DESCRIBE system.runtime.queries")
    assert run("SELECT TABLE_CAT, TABLE_TYPE FROM system.jdbc.tables WHERE TABLE_SCHEM = 'information_schema' AND TABLE_NAME = 'views' ORDER BY 1") == sorted(
        [[catalog, "TABLE"], ["system", "TABLE"]])
    found = run("SELECT COLUMN_NAME, DATA_TYPE, ORDINAL_POSITION FROM system.jdbc.columns WHERE TABLE_CAT = 'system' AND TABLE_SCHEM = 'jdbc' AND TABLE_NAME = 'types' ORDER BY 3")
    assert len(found) == 18 and found[0] == ["type_name", 12, 1] and found[7] == ["case_sensitive", 16, 8] and found[17] == ["num_prec_radix", -5, 18]
    for schema, table in run("SELECT table_schema, table_name FROM system.information_schema.tables"):
        if schema != "information_schema":  # what is told of each is what it has
            run(f"SELECT * FROM system.{schema}.{table}")
            told = [row[0] for row in run(f"DESCRIBE system.{schema}.{table}")]
            assert [column.name.lower() for column in (run(f"SELECT * FROM system.{schema}.{table}"), run.cursor.description)[1]] == told, table


def test_types_of_shows(engine, run):
    """What SHOW answers has the types that Trino's has, whatever the engine calls a truth, or a number that it does not know."""
    t = "typed_" + str(engine.name).lower()
    run(f"CREATE TABLE {t} (id bigint)")
    run(f"INSERT INTO {t} VALUES (1)")
    try:
        wanted = {f"SHOW STATS FOR {t}": ["varchar", "double", "double", "double", "double", "varchar", "varchar"],
                  "SHOW FUNCTIONS": ["varchar"] * 4 + ["boolean", "varchar"], f"DESCRIBE {t}": ["varchar"] * 4, f"SHOW CREATE TABLE {t}": ["varchar"],
                  "SHOW CATALOGS": ["varchar"], "SHOW SCHEMAS": ["varchar"], "SHOW TABLES LIKE 'nothing_like_it'": ["varchar"]}
        for sql, types in wanted.items():
            rows = run(sql)
            assert [column.type_code for column in run.cursor.description] == types, sql
            kinds = {"varchar": (str, type(None)), "double": (float, type(None)), "boolean": bool}
            assert all(isinstance(value, kinds[kind]) for row in rows for value, kind in zip(row, types)), sql
    finally:
        run(f"DROP TABLE {t}")


def test_zones(engine):
    """As Java names them: UTC+3 is east. And as SET TIME ZONE does, by name and by interval."""
    for name, hour in (("+05:30", "17:30"), ("UTC+3", "15:00"), ("GMT-03:00", "09:00"), ("Z", "12:00"), ("Asia/Kolkata", "17:30")):
        session = Session(engine.proxy.trino_port, X_Trino_Time_Zone=name)
        if engine.name == "sqlite":
            assert session.rows("SELECT 1") == [[1]]  # no zones there
        else:
            ((moment,),) = session.rows("SELECT CAST('2024-01-02 12:00:00+00' AS timestamp with time zone)")
            assert hour in moment, (name, moment)
    if engine.name == "duckdb":
        for name, told in (("+03:30", "+03:30"), ("UTC-02:30", "-02:30")):
            error = Session(engine.proxy.trino_port, X_Trino_Time_Zone=name).run("SELECT 1")[2]["error"]
            assert f"DuckDB has no time zone of {told}" in error["message"] and "Asia/Tehran" in error["message"]
    for sql, told in (("INTERVAL '2' HOUR", "+02:00"), ("INTERVAL -'3' HOUR", "-03:00"), ("INTERVAL '-5:30' HOUR TO MINUTE", "-05:30"), ("INTERVAL '90' MINUTE", "+01:30"),
                      ("'Europe/Berlin'", "Europe/Berlin")):
        session = Session(engine.proxy.trino_port)
        session.rows("SET TIME ZONE " + sql)
        assert session.headers["X-Trino-Session"] == "time_zone_id=" + urllib.parse.quote_plus(told), sql
    for bad in ("INTERVAL '15' HOUR", "INTERVAL '2' DAY", "INTERVAL '2:70' HOUR TO MINUTE", "INTERVAL 'x' HOUR", "INTERVAL '2' HOUR SECOND", "'No/Where'"):
        assert "error" in Session(engine.proxy.trino_port).run("SET TIME ZONE " + bad)[2], bad


def test_long_prepared_statements(engine):
    """They go compressed in the header, as a Trino's do, and short enough for who reads headers."""
    text = "'x' IN (" + ", ".join(["'" + "abc" * 10 + "'"] * 4000) + ")"
    session = Session(engine.proxy.trino_port)
    session.rows(f"PREPARE p FROM SELECT 7 WHERE {text} OR 1 = ?")
    header = session.headers["X-Trino-Prepared-Statement"]
    assert header.startswith("p=%24zstd%3A") and len(header) < 20000
    assert session.rows("EXECUTE p USING 1") == [[7]] and session.rows("EXECUTE p USING 2") == []
    session.headers["X-Trino-Prepared-Statement"] = "p=%24zstd%3AKLUv_SAIQQAAU0VMRUNUIDE%3D"  # of another who compresses so
    assert session.rows("EXECUTE p") == [[1]]
    for bad in ("AAAA", "KLUv_QBYVQAAEFNF", "%25", ""):
        session.headers["X-Trino-Prepared-Statement"] = "p=%24zstd%3A" + bad
        assert "cannot be read" in session.run("EXECUTE p")[2]["error"]["message"], bad


def test_session(engine, run):
    run("SET SESSION turnout.tags = 'team:bi'")
    assert ["turnout.tags", "team:bi"] in [row[:2] for row in run("SHOW SESSION")]
    with pytest.raises(trino.exceptions.TrinoUserError):
        run("SET SESSION turnout.priority = 'no such'")
    for literal, value in (("8", "8"), ("-1.5", "-1.5"), ("true", "true"), ("'it''s'", "it's"), ("DOUBLE '0.5'", "0.5")):
        run(f"SET SESSION some_engines = {literal}")
        assert ["some_engines", value] in [row[:2] for row in run("SHOW SESSION")]
    for expression in ("concat('1', 'GB')", "1 + 1", "'a' || 'b'", "ARRAY['a']", "-'x'", "", "-", "DOUBLE '0.5' + 1", "(1)"):
        with pytest.raises(trino.exceptions.TrinoUserError) as problem:  # not a value that every statement behind it fails for
            run(f"SET SESSION some_engines = {expression}")
        assert problem.value.error_name == "SYNTAX_ERROR", expression
    run("RESET SESSION some_engines")
    run("RESET SESSION turnout.tags")
    assert ["turnout.tags", ""] in [row[:2] for row in run("SHOW SESSION")]
    catalog = run("SHOW CATALOGS")[0][0]
    run(f"USE {catalog}.{schema_of(engine)}")
    assert run("SELECT current_catalog, current_schema, current_user, current_timezone()") == [
        [catalog, schema_of(engine), "tester", tzlocal.get_localzone_name()]]
    for bad, name in (("nosuch.main", "CATALOG_NOT_FOUND"), (f"{catalog}.nosuch", "NOT_FOUND"), ("nosuch", "NOT_FOUND")):
        with pytest.raises(trino.exceptions.TrinoUserError) as problem:
            run(f"USE {bad}")
        assert problem.value.error_name == name
    run("USE system.runtime")
    assert run("SELECT current_schema") == [["runtime"]]


def test_no_place(run):
    assert run("SELECT current_catalog, current_schema") == [[None, None]]


def test_show(engine, run):
    """In the forms of Trino, whatever the engine is."""
    t = engine.new_table()
    run(f"CREATE TABLE {t} (id bigint NOT NULL, name varchar(40))")
    run(f"CREATE VIEW v_{t} AS SELECT id FROM {t}")
    catalog, schema = [name for name, in run("SHOW CATALOGS") if name != "system"][0], schema_of(engine)
    assert ["system"] in run("SHOW CATALOGS") and ["runtime"] in run("SHOW SCHEMAS FROM system")
    text = run(f"SHOW CREATE TABLE {t}")[0][0]
    assert text.startswith(f"CREATE TABLE {catalog}.{schema}.{t} (\n   id bigint NOT NULL,\n   name varchar") and text.endswith("\n)")
    assert run(f"SHOW CREATE VIEW {catalog}.{schema}.v_{t}")[0][0].upper().startswith(f"CREATE VIEW {catalog}.{schema}.v_{t} AS SELECT".upper())
    assert run(f"SHOW CREATE SCHEMA {catalog}.{schema}") == [[f"CREATE SCHEMA {catalog}.{schema}"]]
    assert [row[0] for row in run(f"SHOW STATS FOR {t}")] == ["id", "name", None]
    assert [column.name for column in run.cursor.description] == [
        "column_name", "data_size", "distinct_values_count", "nulls_fraction", "row_count", "low_value", "high_value"]
    for statement in ("SHOW ROLES", "SHOW CURRENT ROLES", "SHOW ROLE GRANTS", f"SHOW GRANTS ON TABLE {t}"):
        assert run(statement) == [], statement
    assert run(f"SHOW TABLES FROM {catalog}.{schema} LIKE 'v\\_{t}' ESCAPE '\\'") == [[f"v_{t}"]]
    assert run(f"SHOW TABLES FROM {catalog}.{schema} LIKE 'v\\_%x' ESCAPE '\\'") == []
    for like, found in ((f"V%{t}", False), ("v%[%", False), ("v*", False), ("v?%", False), (f"v_{t[:-1]}_", True), (f"v\u00e9_{t}", True), (f"v\u00e9_{t[:-1]}\u00e9%", False), ("v%", True)):
        assert ([f"v_{t}"] in run(f"SHOW TABLES LIKE '{like}' ESCAPE '\u00e9'")) == found, like  # case matters; nothing but % and _ is special
    assert run("SHOW COLUMNS FROM " + t + " LIKE 'I%'") == [] and [row[0] for row in run("SHOW COLUMNS FROM " + t + " LIKE 'i%'")] == ["id"]
    assert [row[:2] for row in run("SHOW COLUMNS FROM system.runtime.nodes")][3:] == [["coordinator", "boolean"], ["state", "varchar"]]
    for bad, name in ((f"SHOW CREATE TABLE no{t}", "TABLE_NOT_FOUND"), ("SHOW CREATE SCHEMA nosuch", "SCHEMA_NOT_FOUND"),
                      ("SHOW SCHEMAS FROM nosuch", "CATALOG_NOT_FOUND"), ("SHOW TABLES LIKE 'a' ESCAPE 'bc'", "INVALID_FUNCTION_ARGUMENT"),
                      ("SHOW TABLES LIKE 'a' ESCAPE ''", "INVALID_FUNCTION_ARGUMENT"), ("SHOW TABLES LIKE 'a' ESCAPE '\u00e9a'", "INVALID_FUNCTION_ARGUMENT"),
                      ("SHOW TABLES LIKE 'a!b' ESCAPE '!'", "INVALID_FUNCTION_ARGUMENT"), ("SHOW TABLES LIKE 'a!' ESCAPE '!'", "INVALID_FUNCTION_ARGUMENT"),
                      *([("SELECT ?", "INVALID_PARAMETER_USAGE")] if engine.name == "duckDb" else [])):
        with pytest.raises(trino.exceptions.TrinoUserError) as problem:
            run(bad)
        assert problem.value.error_name == name, bad
    run(f"DROP VIEW v_{t}")


def test_types_and_schemas_of_jdbc(run):
    """What a driver's getTypeInfo() and getSchemas() are told, with the numbers that Trino tells."""
    told = {row[0]: row[1:] for row in run("SELECT TYPE_NAME, DATA_TYPE, PRECISION, NUM_PREC_RADIX, NULLABLE, SEARCHABLE FROM system.jdbc.types ORDER BY DATA_TYPE")}
    assert [column[1] for column in run.cursor.description][1:3] == ["bigint", "bigint"]
    assert told["tinyint"] == [-6, 3, 10, 1, 3] and told["real"] == [7, 24, 2, 1, 3] and told["double"] == [8, 53, 2, 1, 3] and told["boolean"] == [16, None, None, 1, 3]
    assert told["date"] == [91, 14, None, 1, 3] and told["varbinary"] == [-3, 2147483647, None, 1, 3] and told["time with time zone"][0] == 2013 and told["array"][0] == 2003
    assert {"map", "row", "interval year to month"} <= set(told)
    assert run("SELECT LITERAL_PREFIX, LITERAL_SUFFIX FROM system.jdbc.types WHERE TYPE_NAME IN ('varchar', 'bigint') ORDER BY TYPE_NAME") == [[None, None], ["'", "'"]]
    assert sorted(row[0] for row in run("SELECT TABLE_SCHEM, TABLE_CATALOG FROM system.jdbc.schemas WHERE TABLE_CATALOG = 'system'")) == ["information_schema", "jdbc", "metadata", "runtime"]
    assert ["information_schema"] in run("SELECT TABLE_SCHEM FROM system.jdbc.schemas WHERE TABLE_CATALOG <> 'system'")


def test_columns_of_jdbc(engine, run):
    """Patterns tell capitals from small letters; names are spelled as they were asked for, types told even of what has no value in any row."""
    t = engine.new_table()
    run(f"CREATE TABLE {t} (a_b bigint, axb bigint)")
    asked = f"SELECT TABLE_NAME, column_name, DECIMAL_DIGITS, SQL_DATA_TYPE, DATA_TYPE FROM system.jdbc.columns WHERE TABLE_NAME LIKE '{t}'"
    for pattern, found in (("A%", []), ("a\\_b", ["a_b"]), ("a_b", ["a_b", "axb"]), ("a*", []), ("%", ["a_b", "axb"])):
        assert [row[1] for row in run(f"{asked} AND COLUMN_NAME LIKE '{pattern}' ESCAPE '\\' ORDER BY 2")] == found, pattern
        assert [(column[0], column[1].split("(")[0]) for column in run.cursor.description] == [
            ("TABLE_NAME", "varchar"), ("column_name", "varchar"), ("DECIMAL_DIGITS", "bigint"), ("SQL_DATA_TYPE", "bigint"), ("DATA_TYPE", "bigint")]
    rows = run("SELECT TYPE_NAME, CASE_SENSITIVE, AUTO_INCREMENT FROM system.jdbc.types WHERE TYPE_NAME IN ('varchar', 'bigint') ORDER BY 1")
    assert [column[1] for column in run.cursor.description][1:] == ["boolean", "boolean"] and rows == [["bigint", False, False], ["varchar", True, False]]
    for value in ("cast('x' AS varchar)", "cast(1.5 AS double precision)", "cast(1.50 AS decimal(5,2))"):
        row, = run(f"SELECT {value} AS DATA_TYPE, {value} AS KEY_SEQ, {value} AS UNSIGNED_ATTRIBUTE FROM system.jdbc.types WHERE TYPE_NAME = 'bigint'")
        assert {str(field) for field in row} == {str(row[0])} and str(row[0]) in ("x", "1.5", "1.50"), value
    assert run(f"SELECT COLUMN_NAME FROM system.jdbc.columns WHERE TABLE_NAME LIKE '{t}' AND COLUMN_NAME LIKE 'a_' || '%' ORDER BY 1") == [["a_b"], ["axb"]]


def test_decimals_of_tables(engine, run):
    """The precision of a column is the same wherever it is told."""
    t = engine.new_table()
    run(f"CREATE TABLE {t} (a decimal(10,2), b numeric( 7 ), c DECIMAL(38, 38))")
    kinds = ["decimal(10,2)", "decimal(7,0)", "decimal(38,38)"]
    assert [row[1] for row in run(f"DESCRIBE {t}")] == kinds
    assert [row[0] for row in run(f"SELECT data_type FROM information_schema.columns WHERE table_name = '{t}' ORDER BY ordinal_position")] == kinds
    assert run(f"SELECT COLUMN_SIZE, DECIMAL_DIGITS FROM system.jdbc.columns WHERE TABLE_NAME = '{t}' ORDER BY ORDINAL_POSITION") == [[10, 2], [7, 0], [38, 38]]
    run(f"SELECT * FROM {t}")
    assert [column[1].replace(" ", "") for column in run.cursor.description] == kinds


def test_queries_of_the_server(run):
    """system.runtime: what clients look up there, of their own and of each other where nobody logs in."""
    with pytest.raises(trino.exceptions.TrinoUserError):
        run("SELECT nosuch FROM nowhere")
    failed = run.cursor.query_id or run.cursor._query.query_id
    assert run(f"SELECT state, error_type FROM system.runtime.queries WHERE query_id = '{failed}'") == [["FAILED", "USER_ERROR"]]
    assert run("SELECT state, query FROM system.runtime.queries WHERE user = ? AND query LIKE ?", ("tester", "SELECT nosuch %"))[0] == [
        "FAILED", "SELECT nosuch FROM nowhere"]
    assert run("SELECT node_id FROM system.runtime.nodes WHERE system.runtime.nodes.coordinator") == [["turnout"]]
    assert run("SELECT query_id FROM system.runtime.tasks") == []
    names = [column.name for column in run.cursor.description]
    run("SELECT Table_Cat, TABLE_SCHEM FROM system.jdbc.tables")
    assert names == ["query_id"] and [column.name.lower() for column in run.cursor.description] == ["table_cat", "table_schem"]


def test_created_rows(engine, run):
    t = engine.new_table()
    run(f"CREATE TABLE {t} AS SELECT 1 AS a UNION ALL SELECT 2")
    assert run.cursor.update_type == "CREATE TABLE" and run.cursor.rowcount == (2 if engine.name != "sqlite" else -1)


@pytest.mark.parametrize("encoding", ["json", "json+zstd", "json+lz4"])
def test_segments(engine, connect, encoding):
    """Rows in segments, as the client's encoding has them."""
    connection = connect(encoding=encoding)
    cursor = connection.cursor()
    cursor.execute(engine.sql("series", n=30000))
    rows = cursor.fetchall()
    assert len(rows) == 30000 and rows[0] == [1] and rows[-1] == [30000]
    cursor.execute("SELECT 1 AS one WHERE 1 = 0")
    assert cursor.fetchall() == []
    cursor = connection.cursor("segment")
    cursor.execute(engine.sql("series", n=30000))
    segments = cursor.fetchall()
    assert [one.encoding for one in segments] == [encoding] * len(segments)
    offset = 0
    for one in segments:
        assert one.segment.metadata["rowOffset"] == offset
        offset += one.segment.metadata["rowsCount"]
    assert offset == 30000
    assert any("uncompressedSize" in one.segment.metadata for one in segments) == (encoding != "json")


def test_prepared(engine, run):
    t = engine.new_table()
    run(f"CREATE TABLE {t} (id bigint, name varchar(40))")
    run(f"INSERT INTO {t} VALUES (1, 'one'), (2, 'two')")
    run(f"PREPARE mine FROM SELECT id, name FROM {t} WHERE id = ?")
    assert run("EXECUTE mine USING 2") == [[2, "two"]]
    assert run("EXECUTE mine USING BIGINT '1'") == [[1, "one"]]
    assert run("EXECUTE mine USING 3 - 1") == [[2, "two"]]
    assert run("DESCRIBE INPUT mine") == [[0, "bigint"]]
    assert [row[0] for row in run("DESCRIBE OUTPUT mine")] == ["id", "name"]
    assert run(f"EXECUTE IMMEDIATE 'SELECT name FROM {t} WHERE name = ?' USING 'one'") == [["one"]]
    run("DEALLOCATE PREPARE mine")
    with pytest.raises(trino.exceptions.TrinoUserError, match="Prepared statement not found"):
        run("EXECUTE mine USING 1")


def test_types_of_parameters(engine, run):
    """Where the engine has no types of parameters, those of what they are compared with are told."""
    t = engine.new_table()
    run(f"CREATE TABLE {t} (id bigint, name varchar(40), price decimal(10,2), born date)")
    blind = engine.name in ("sqlite", "mysql")

    def types(sql):
        run(f"PREPARE mine FROM {sql}")
        return [row[1] for row in run("DESCRIBE INPUT mine")]

    told = types(f"SELECT a.id FROM {t} a JOIN {t} b ON a.id = b.id WHERE a.id = ? AND b.name LIKE ? AND ? < b.born AND a.born BETWEEN ? AND ? AND b.id IN (?, 5, ?) LIMIT ?")
    assert [kind.split("(")[0] for kind in told] == ["bigint", "varchar", "date", "date", "date", "bigint", "bigint", "bigint"]
    assert types(f"UPDATE {t} SET born = ? WHERE id = ?") == ["date", "bigint"]
    assert types(f"DELETE FROM {t} WHERE born >= ? OR (id <> ?)") == ["date", "bigint"]
    if not blind:
        return
    assert types(f"SELECT 1 FROM {t} WHERE price > ?") == ["decimal(10,2)"]
    assert types(f"SELECT ? FROM {t} WHERE id + 1 = ? AND id = ? + 1 AND id IN (SELECT id FROM {t} WHERE born = ?)") == ["unknown"] * 4
    assert types(f"SELECT id FROM {t} WHERE id = ? UNION SELECT id FROM {t} WHERE id = ?") == ["unknown"] * 2
    assert types(f"SELECT id AS other FROM {t} GROUP BY id HAVING other = ?") == ["unknown"]  # a name that the tables do not have
    run("PREPARE mine FROM SELECT 1 FROM nowhere_at_all WHERE id = ?")
    with pytest.raises(trino.exceptions.TrinoUserError) as problem:
        run("DESCRIBE INPUT mine")
    assert problem.value.error_name == "TABLE_NOT_FOUND"


def test_sqlalchemy(engine):
    t = engine.new_table()
    database = sqlalchemy.create_engine(f"trino://tester@127.0.0.1:{engine.proxy.trino_port}/demo/{schema_of(engine)}")
    with database.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE TABLE {t} (id bigint, name varchar(40), day date)"))
        connection.execute(sqlalchemy.text(f"INSERT INTO {t} VALUES (:id, :name, :day)"),
                           [{"id": 1, "name": "it's", "day": datetime.date(2020, 1, 2)}, {"id": 2, "name": None, "day": None}])
        rows = connection.execute(sqlalchemy.text(f"SELECT id, name, day FROM {t} ORDER BY id")).fetchall()
        assert [tuple(row) for row in rows] == [(1, "it's", datetime.date(2020, 1, 2)), (2, None, None)]
        table = sqlalchemy.Table(t, sqlalchemy.MetaData(), autoload_with=connection)
        assert [column.name for column in table.columns] == ["id", "name", "day"]
        assert isinstance(table.columns["id"].type, sqlalchemy.BIGINT) and isinstance(table.columns["day"].type, sqlalchemy.DATE)
        assert connection.execute(sqlalchemy.select(table.c.id).where(table.c.name == "it's")).scalar() == 1
    inspector = sqlalchemy.inspect(database)
    assert schema_of(engine) in inspector.get_schema_names()
    assert t in inspector.get_table_names(schema=schema_of(engine)) and inspector.has_table(t, schema=schema_of(engine))
    assert t not in inspector.get_view_names(schema=schema_of(engine))
    database.dispose()


def test_explain_route(engine, run):
    text = "\n".join(row[0] for row in run("EXPLAIN ROUTE SELECT 1"))
    assert "Group:" in text and engine.name in text


def test_cancel(engine, connect):
    cursor = connect().cursor()
    done = threading.Event()

    def long():
        try:
            cursor.execute(engine.sql("long"))
            cursor.fetchall()
        except Exception:  # whatever the client makes of it
            pass
        done.set()
    thread = threading.Thread(target=long, daemon=True)
    thread.start()
    engine.proxy.wait_for(engine.proxy.running_queries, what="the query runs")

    def over():
        cursor.cancel()  # does nothing as long as the client has not read the POST's answer
        return not engine.proxy.running_queries()
    engine.proxy.wait_for(over, what="the query is cancelled")
    assert done.wait(60)


# programs of Java


@pytest.mark.timeout(400)
def test_jdbc(engine, trino_suite):
    done = trino_suite(engine.proxy.trino_port, engine.name)
    failures = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert failures == [] and done.returncode == 0 and done.stdout.count("ok ") >= 12, done.stdout + done.stderr


@pytest.mark.timeout(400)
def test_cli(engine, tool, jar, tmp_path):
    t = engine.new_table()
    script = tmp_path / "script.sql"
    script.write_text(f"CREATE TABLE {t} (id bigint, name varchar(40));\nINSERT INTO {t} VALUES (1, 'one'), (2, NULL);\n"
                      f"PREPARE p FROM SELECT * FROM {t} WHERE id = ?;\nEXECUTE p USING 2;\nSTART TRANSACTION;\nDELETE FROM {t};\nROLLBACK;\n"
                      f"USE {schema_of(engine)};\nSELECT count(*) FROM {t};\n", encoding="utf-8")
    done = subprocess.run([tool("java"), "-XX:TieredStopAtLevel=1", "-jar", jar("trino-cli", "476", "jar", "executable"), "--server",
                           f"http://127.0.0.1:{engine.proxy.trino_port}", "--user", "cli", "-f", str(script)],
                          capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ['"2",""', '"2"']
