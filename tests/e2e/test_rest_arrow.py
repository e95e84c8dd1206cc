"""Rows as an Arrow IPC stream: read with pyarrow, compared with what DuckDB's own Arrow says."""

import datetime
import decimal
import json
import os
import uuid

import duckdb
import pytest

import engines
import proxy as proxy_module
from rest import Rest

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

TYPE = "application/vnd.apache.arrow.stream"
ACCEPT = {"Accept": TYPE}
ALL_TYPES = """SELECT i AS big, i::INTEGER AS int, (i % 30000)::SMALLINT AS small, (i % 100)::TINYINT AS tiny, i::UBIGINT AS ubig, (i % 200)::UTINYINT AS utiny, i % 2 = 0 AS bool,
    i / 3.0::DOUBLE AS dbl, (i / 3.0)::FLOAT AS flt, i::HUGEINT * 1000000000000 AS huge, (i % 40 * 1.25)::DECIMAL(4,2) AS d4, (i * 1.25)::DECIMAL(9,2) AS d9,
    (-i * 1.25)::DECIMAL(18,4) AS d18, (i * 1.25)::DECIMAL(38,10) AS d38, 'text ' || i || ' é"\\' AS txt, ('b' || i)::BLOB || '\\x00\\xFF'::BLOB AS bin,
    DATE '1969-12-30' + i::INTEGER AS day, TIME '00:00:01.5' + to_seconds(i) AS clock, TIMESTAMP '1969-12-31 23:59:59.999999' + to_hours(i) AS stamp,
    TIMESTAMPTZ '2020-02-29 12:00:00+02' + to_hours(i) AS zoned, to_months(i::INTEGER) + to_days(3) + to_microseconds(7) AS span,
    [i, NULL, i + 1] AS list, {'a': i, 'b': 'x' || i, 'c': [{'d': i::DECIMAL(5,1)}]} AS rec, MAP {i::INTEGER: 'v' || i, -1: NULL} AS map,
    MAP {'k "' || i: [DATE '2020-01-01']} AS map2, [[TIMESTAMP '2020-01-01 00:00:00.5'], [], NULL] AS lists, ['\\x01'::BLOB, 'plain'::BLOB] AS blobs,
    [1.5::DOUBLE, 'nan'::DOUBLE, '-inf'::DOUBLE] AS doubles, [INTERVAL '1 month 2 days 03:04:05.6'] AS spans, NULL AS nothing
    FROM range({}) t(i)"""


@pytest.fixture(scope="module", params=engines.ENGINES)
def engine(request, make_engine):
    engine = make_engine(request.param)
    with proxy_module.Proxy(engine.config(frontends={"restHttp": {"port": 0, "resultPath": "results"}})) as proxy:
        engine.proxy = proxy
        engine.rest = Rest(proxy)
        if engine.rest.execute("SELECT 1", headers=ACCEPT).status == 406:
            pytest.skip("built without nanoarrow: tools/fetch_nanoarrow gets it")
        yield engine
    engine.drop()


@pytest.fixture
def duck(engine):
    if engine.name != "duckDb":
        pytest.skip("types of DuckDB")
    return engine.rest


def read(answer):
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == TYPE
    return pyarrow.ipc.open_stream(answer.body).read_all()


def submitted(rest, sql, query="", **members):
    ended = rest.wait(rest.submit(sql, **members).json["executionId"])
    assert ended["status"] == "COMPLETED", ended
    return read(rest.call("GET", f"/v1/queries/{ended['executionId']}/results{query}", headers=ACCEPT))


def own(sql):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection.execute(sql).to_arrow_table()


def plain(value):
    """NaN is equal to NaN here."""
    if isinstance(value, float) and value != value:
        return "NaN"
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return {key: plain(part) for key, part in value.items()} if isinstance(value, dict) else value


def same(ours, theirs):
    assert ours.column_names == theirs.column_names
    for name in ours.column_names:
        assert plain(ours[name].to_pylist()) == plain(theirs[name].to_pylist()), name
        if name not in ("nothing", "zoned"):  # int32 there; another word for UTC
            assert ours.schema.field(name).type.equals(theirs.schema.field(name).type), (name, ours.schema.field(name).type)


# ---- every engine ----

def test_rows(engine):
    table = read(engine.rest.execute("SELECT 1 AS n, 'é' AS t, NULL AS z UNION ALL SELECT 2, NULL, NULL ORDER BY 1", headers=ACCEPT))
    assert table.column_names == ["n", "t", "z"]
    assert table.to_pylist() == [{"n": 1, "t": "é", "z": None}, {"n": 2, "t": None, "z": None}]
    assert pyarrow.types.is_integer(table.schema.field("n").type)


def test_parameter_and_no_rows(engine):
    table = read(engine.rest.execute("SELECT 1 AS n, 'a' AS t WHERE 1 = 0", path="?format=arrow"))
    assert (table.num_rows, table.column_names) == (0, ["n", "t"])


@pytest.mark.parametrize("limit,offset", [(5, 0), (5000, 0), (3, 1), (1, 2047), (2, 2047), (9000, 4097), (20000, 0), (10, 12000), (20000, 12000)])
def test_limit_and_offset(engine, limit, offset):
    series = engine.sql("series", n=12000)
    sql = f"SELECT i AS n, CASE WHEN i % 3 = 0 THEN NULL ELSE 'v' || i END AS t FROM ({series}) AS s ORDER BY i"
    table = read(engine.rest.execute(sql, headers=ACCEPT, limit=limit, offset=offset))
    numbers = list(range(offset + 1, min(offset + limit, 12000) + 1))
    assert table["n"].to_pylist() == numbers
    assert table["t"].to_pylist() == [None if n % 3 == 0 else f"v{n}" for n in numbers]


def test_writes(engine):
    engine.rest.execute("DROP TABLE IF EXISTS arrows")
    table = read(engine.rest.execute("CREATE TABLE arrows (a INTEGER)", headers=ACCEPT))
    assert (table.num_rows, table.num_columns) == (0, 0)
    assert submitted(engine.rest, "DROP TABLE arrows").num_columns == 0


def test_async(engine):
    table = submitted(engine.rest, "SELECT 1 AS n, 'a\"b' AS t, 1.5 AS d UNION ALL SELECT 2, NULL, 2.25 ORDER BY 1", "?limit=1&offset=1")
    assert table["n"].to_pylist() == [2] and table["t"].to_pylist() == [None] and float(table["d"][0].as_py()) == 2.25


def test_numeric_of_postgres(engine):
    if engine.name != "postgres":
        pytest.skip("types of PostgreSQL")
    sql = "SELECT 1234567890.5::numeric(15,2) AS d, 1e30::numeric AS n, 'infinity'::date AS day, ARRAY[1,2] AS list, '11:00+02'::timetz AS t, '{\"a\": 1}'::jsonb AS j"
    for table in (read(engine.rest.execute(sql, headers=ACCEPT)), submitted(engine.rest, sql)):
        assert table.schema.field("d").type == pyarrow.decimal128(15, 2) and table["d"][0].as_py() == decimal.Decimal("1234567890.50")
        assert decimal.Decimal(table["n"][0].as_py()) == decimal.Decimal("1e30")
        assert table["t"][0].as_py() == "11:00:00+02"
        assert json.loads(table["j"][0].as_py()) == {"a": 1}
    refused = engine.rest.execute("SELECT 'NaN'::numeric(15,2) AS d", headers=ACCEPT)
    assert (refused.status, refused.json["code"]) == (400, "22003") and "varchar" in refused.json["hint"], refused.body


# ---- DuckDB's types ----

@pytest.mark.parametrize("rows", [1, 100, 5000])
def test_types(duck, rows):
    sql = ALL_TYPES.replace("{}", str(rows))
    theirs = own(sql)
    same(read(duck.execute(sql, headers=ACCEPT)), theirs)
    same(submitted(duck, sql), theirs)


def test_nulls(duck):
    sql = f"SELECT CASE WHEN big % 3 <> 0 THEN COLUMNS(*) END FROM ({ALL_TYPES.replace('{}', '30')})"
    for part in (sql, f"{sql} LIMIT 1"):
        theirs = own(part)
        same(read(duck.execute(part, headers=ACCEPT)), theirs)
        same(submitted(duck, part), theirs)


def test_types_that_differ_from_duckdbs(duck):
    sql = "SELECT '6b43ec1e-3a42-4d0d-8d0e-0d5c7b1c2f9a'::UUID AS u, TIMETZ '10:00:00+02' AS t, '{\"a\": \"b\"}'::JSON AS j, 'x'::ENUM('x','y') AS e, ['x']::ENUM('x','y')[] AS es"
    for table in (read(duck.execute(sql, headers=ACCEPT)), submitted(duck, sql)):
        value = table["u"][0].as_py()
        assert value in (uuid.UUID("6b43ec1e-3a42-4d0d-8d0e-0d5c7b1c2f9a"), uuid.UUID("6b43ec1e-3a42-4d0d-8d0e-0d5c7b1c2f9a").bytes)
        assert table.drop_columns(["u"]).to_pylist() == [{"t": "10:00:00+02", "j": '{"a": "b"}', "e": "x", "es": ["x"]}]


def test_cut_of_nested(duck):
    sql = ALL_TYPES.replace("{}", "40")
    theirs = own(sql)
    same(read(duck.execute(sql, headers=ACCEPT, limit=20, offset=7)), theirs.slice(7, 20))
    same(submitted(duck, sql, "?limit=20&offset=7"), theirs.slice(7, 20))


@pytest.mark.parametrize("value", ["'170141183460469231731687303715884105727'::HUGEINT", "'-170141183460469231731687303715884105728'::HUGEINT",
                                   "TIME '24:00:00'", "[TIME '24:00:00']"])
def test_value_that_arrow_has_not(duck, value):
    """An integer of more than 38 digits; the end of a day, which is no time in Arrow."""
    sql = f"SELECT {value} AS h"
    refused = duck.execute(sql, headers=ACCEPT)
    assert (refused.status, refused.json["code"]) == (400, "22003"), refused.body
    ended = duck.wait(duck.submit(sql).json["executionId"])
    refused = duck.call("GET", f"/v1/queries/{ended['executionId']}/results", headers=ACCEPT)
    assert refused.status == 400, refused.body


def test_damaged_schema(engine):
    ended = engine.rest.wait(engine.rest.submit("SELECT 1 AS n").json["executionId"])
    path = os.path.join(engine.proxy.dir, "results", f"{ended['executionId']}.json")
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    kept = document["turnout"]["arrow"]
    document["turnout"]["arrow"] = kept[:40] + ("A" if kept[40] != "A" else "B") + kept[41:]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))
    refused = engine.rest.call("GET", f"/v1/queries/{ended['executionId']}/results", headers=ACCEPT)
    assert refused.status == 406 and "damaged" in refused.json["detail"], refused.body


def test_failure_in_the_middle_has_no_end(duck):
    answer = None
    try:
        answer = duck.execute("SELECT CASE WHEN i < 900000 THEN i ELSE error('late') END AS n FROM range(1000000) t(i)", headers=ACCEPT, limit=1000000)
        table = pyarrow.ipc.open_stream(answer.body).read_all()
    except Exception:  # the connection ends, or the stream does
        return
    assert answer.status != 200, f"{table.num_rows} rows look whole"


def test_datetimes(duck):
    table = read(duck.execute("SELECT TIMESTAMPTZ '2020-01-01 00:00:00+01' AS z, DATE '2024-02-29' AS d", headers=ACCEPT))
    assert table.to_pylist() == [{"z": datetime.datetime(2019, 12, 31, 23, tzinfo=datetime.timezone.utc), "d": datetime.date(2024, 2, 29)}]


def test_openapi_names_it(engine):
    responses = engine.rest.call("GET", "/openapi.json").json["paths"]["/v1/queries/execute"]["post"]["responses"]
    assert TYPE in responses["200"]["content"]
