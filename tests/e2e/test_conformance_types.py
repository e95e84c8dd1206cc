"""The engine conformance suite, second part: types and their text and binary formats, out and in.

VALUES: a name, the type that clients are told, how each engine says the value (None: it has no such type), the text and
the binary form that a client gets. SQLite's types are those of columns, so its values go through a table."""

import struct

import pytest

import engines
import wire

ENGINES = engines.WITH_MYSQL

US = 1_000_000
DAY = 86400


def timestamp(days, seconds):
    return struct.pack("!q", (days * DAY + seconds) * US)


NUMERIC = {  # ndigits, weight, sign, dscale, digits
    "12345.678": struct.pack("!HhHH", 3, 1, 0, 3) + struct.pack("!HHH", 1, 2345, 6780),
    "-0.01": struct.pack("!HhHH", 1, -1, 0x4000, 2) + struct.pack("!H", 100),
    "0": struct.pack("!HhHH", 0, 0, 0, 0),
}
BIG = "9" * 28 + ".1234567891"  # numeric(38,10)
BIG_DIGITS = [9999] * 7 + [1234, 5678, 9100]

CAST = "CAST('{v}' AS {t})"
VALUES = [
    # name, type, {engine: (SQL or declared type, literal)}, text, binary
    ("true", "bool", dict(duckDb="true", postgres="true", sqlite=("boolean", "1")), "t", b"\1"),
    ("false", "bool", dict(duckDb="false", postgres="false", sqlite=("boolean", "0")), "f", b"\0"),
    ("int2", "int2", dict(mysql=("smallint", "-32768"), duckDb="(-32768)::smallint", postgres="(-32768)::smallint"), "-32768", b"\x80\0"),
    ("int4", "int4", dict(mysql=("int", "2147483647"), duckDb="2147483647", postgres="2147483647"), "2147483647", b"\x7f\xff\xff\xff"),
    ("int8", "int8", dict(mysql=("bigint", "-9223372036854775808"), duckDb="(-9223372036854775808)::bigint", postgres="(-9223372036854775808)::bigint",
                          sqlite=("bigint", "-9223372036854775808")), "-9223372036854775808", b"\x80" + b"\0" * 7),
    ("float4", "float4", dict(mysql=("float", "1.5"), duckDb="1.5::real", postgres="1.5::real"), "1.5", struct.pack("!f", 1.5)),
    ("float8", "float8", dict(mysql=("double", "0.1"), duckDb="0.1::double", postgres="0.1::float8", sqlite=("double", "0.1")), "0.1",
     struct.pack("!d", 0.1)),
    ("float8 small", "float8", dict(mysql=("double", "1e-300"), duckDb="1e-300::double", postgres="1e-300::float8", sqlite=("real", "1e-300")), "1e-300",
     struct.pack("!d", 1e-300)),
    ("float8 nan", "float8", dict(duckDb="'nan'::double", postgres="'nan'::float8"), "NaN", struct.pack("!d", float("nan"))),
    ("float8 inf", "float8", dict(duckDb="'inf'::double", postgres="'inf'::float8", sqlite=("real", "9e999")), "Infinity",
     struct.pack("!d", float("inf"))),
    ("float8 -inf", "float8", dict(duckDb="'-inf'::double", postgres="'-inf'::float8", sqlite=("real", "-9e999")), "-Infinity",
     struct.pack("!d", float("-inf"))),
    ("float8 -0", "float8", dict(duckDb="'-0'::double", postgres="'-0'::float8"), "-0", struct.pack("!d", -0.0)),
    ("numeric", "numeric", dict(mysql=("decimal(10,3)", "12345.678"), duckDb="12345.678::decimal(10,3)", postgres="12345.678::numeric(10,3)",
                                sqlite=("numeric", "12345.678")), "12345.678", NUMERIC["12345.678"]),
    ("numeric small", "numeric", dict(mysql=("decimal(4,2)", "-0.01"), duckDb="(-0.01)::decimal(4,2)", postgres="(-0.01)::numeric(4,2)",
                                      sqlite=("decimal(4,2)", "-0.01")), "-0.01", NUMERIC["-0.01"]),
    ("numeric 0", "numeric", dict(mysql=("decimal(4,0)", "0"), duckDb="0::decimal(4,0)", postgres="0::numeric"), "0", NUMERIC["0"]),
    ("numeric(38,10)", "numeric", dict(mysql=("decimal(38,10)", BIG), duckDb=f"{BIG}::decimal(38,10)", postgres=f"{BIG}::numeric(38,10)"), BIG,
     struct.pack("!HhHH", 10, 6, 0, 10) + struct.pack("!10H", *BIG_DIGITS)),
    ("text", "text", dict(mysql=("text", "'a☃'"), duckDb="'a☃'", postgres="'a☃'::text", sqlite=("text", "'a☃'")), "a☃", "a☃".encode()),
    ("empty text", "text", dict(mysql=("varchar(10)", "''"), duckDb="''", postgres="''::text", sqlite=("text", "''")), "", b""),
    ("bytea", "bytea", dict(mysql=("blob", "x'00ff61'"), duckDb=r"'\x00\xFFa'::blob", postgres=r"'\x00ff61'::bytea", sqlite=("blob", "x'00ff61'")),
     r"\x00ff61", b"\0\xffa"),
    ("date", "date", dict(mysql=("date", "'2024-02-29'"), duckDb="DATE '2024-02-29'", postgres="DATE '2024-02-29'", sqlite=("date", "'2024-02-29'")),
     "2024-02-29", struct.pack("!i", 8825)),
    ("date before 2000", "date", dict(mysql=("date", "'1969-12-31'"), duckDb="DATE '1969-12-31'", postgres="DATE '1969-12-31'", sqlite=("date", "'1969-12-31'")),
     "1969-12-31", struct.pack("!i", -10958)),
    ("date infinity", "date", dict(duckDb="'infinity'::date", postgres="'infinity'::date"), "infinity",
     struct.pack("!i", 0x7fffffff)),
    ("time", "time", dict(duckDb="TIME '12:34:56.789012'", postgres="TIME '12:34:56.789012'",
                          sqlite=("time", "'12:34:56.789012'")), "12:34:56.789012", struct.pack("!q", 45296789012)),
    ("timetz", "timetz", dict(duckDb="'12:34:56+02:00'::timetz", postgres="'12:34:56+02:00'::timetz"), "12:34:56+02",
     struct.pack("!qi", 45296 * US, -7200)),
    ("timestamp", "timestamp", dict(mysql=("datetime(6)", "'2024-02-29 12:00:00.5'"), duckDb="TIMESTAMP '2024-02-29 12:00:00.5'", postgres="TIMESTAMP '2024-02-29 12:00:00.5'",
                                    sqlite=("timestamp", "'2024-02-29 12:00:00.5'")), "2024-02-29 12:00:00.5",
     struct.pack("!q", (8825 * DAY + 43200) * US + 500000)),
    ("timestamp infinity", "timestamp", dict(duckDb="'-infinity'::timestamp", postgres="'-infinity'::timestamp"), "-infinity",
     struct.pack("!q", -(1 << 63))),
    ("timestamptz", "timestamptz", dict(mysql=("timestamp", "'2024-02-29 12:00:00'"), duckDb="TIMESTAMPTZ '2024-02-29 12:00:00+00'",
                                        postgres="TIMESTAMPTZ '2024-02-29 12:00:00+00'",
                                        sqlite=("timestamptz", "'2024-02-29 12:00:00+00'")), "2024-02-29 12:00:00+00",
     timestamp(8825, 43200)),
    ("interval", "interval", dict(duckDb="INTERVAL '14 months' + INTERVAL '3 days' + INTERVAL '01:02:03.5'",
                                  postgres="INTERVAL '14 months 3 days 01:02:03.5'"), "1 year 2 mons 3 days 01:02:03.5",
     struct.pack("!qii", 3723500000, 3, 14)),
    ("uuid", "uuid", dict(duckDb="'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
                          postgres="'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
                          sqlite=("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'")), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
     bytes.fromhex("a0eebc999c0b4ef8bb6d6bb9bd380a11")),
    ("json", "json", dict(duckDb="""'{"a": [1, null]}'::json""", postgres="""'{"a": [1, null]}'::json""",
                          sqlite=("json", """'{"a": [1, null]}'""")), '{"a": [1, null]}', b'{"a": [1, null]}'),
    ("jsonb", "jsonb", dict(postgres="""'{"a": 1}'::jsonb"""), '{"a": 1}', b'\1{"a": 1}'),
    ("int4[]", 1007, dict(postgres="ARRAY[1, NULL, -3]"), "{1,NULL,-3}",
     struct.pack("!IIIII", 1, 1, 23, 3, 1) + struct.pack("!Ii", 4, 1) + b"\xff" * 4 + struct.pack("!Ii", 4, -3)),
    ("text[]", 1009, dict(postgres="ARRAY['a', '', 'N\"U,L']"), '{a,"","N\\"U,L"}',
     struct.pack("!IIIII", 1, 0, 25, 3, 1) + b"\0\0\0\1a" + b"\0\0\0\0" + b'\0\0\0\5N"U,L'),
    ("empty int8[]", 1016, dict(postgres="ARRAY[]::bigint[]"), "{}", struct.pack("!III", 0, 0, 20)),
    ("float8[]", 1022, dict(postgres="ARRAY[0.5::float8]"), "{0.5}",
     struct.pack("!IIIII", 1, 0, 701, 1, 1) + struct.pack("!Id", 8, 0.5)),
    ("date[]", 1182, dict(postgres="ARRAY[DATE '2000-01-02']"), "{2000-01-02}",
     struct.pack("!IIIII", 1, 0, 1082, 1, 1) + struct.pack("!Ii", 4, 1)),
]
IDS = [value[0] for value in VALUES]


@pytest.fixture
def spelled(engine, client):
    """spelled(value): SQL of one row with the value in one column v."""
    def make(value):
        how = value[2].get(engine.name)
        if how is None:
            pytest.skip(f"{engine.name} has no such value")
        if isinstance(how, str):
            return f"SELECT {how} AS v"
        declared, literal = how
        t = engine.new_table()
        client.run(f"CREATE TABLE {t} (v {declared})")
        client.run(f"INSERT INTO {t} VALUES ({literal})")
        return f"SELECT v FROM {t}"
    return make


def oid(value):
    return wire.OID.get(value[1], value[1])


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_results(client, spelled, value):
    sql = spelled(value)
    for messages, in_binary in ((client.query(sql), False), (client.extended(sql, results=[0]), False),
                                (client.extended(sql, results=[1]), True)):
        wire.check(messages)
        (column,) = wire.columns(messages)
        assert (column.name, column.oid) == ("v", oid(value))
        assert column.format == (1 if in_binary else 0)
        ((got,),) = wire.values(messages)
        assert got == (value[4] if in_binary else value[3].encode())
    # what Describe tells before anything ran is what comes
    messages = wire.check(client.ask(wire.parse(sql), wire.describe("S")))
    assert wire.columns(messages)[0].oid == oid(value)


PARAMETERS = [value for value in VALUES if value[0] not in ("float8 -0",)]


@pytest.mark.parametrize("value", PARAMETERS, ids=[value[0] for value in PARAMETERS])
def test_parameters(engine, client, value):
    """The value goes in with its type given, in both formats, and comes back the same."""
    if engine.name not in value[2]:
        pytest.skip(f"{engine.name} has no such value")
    how = value[2][engine.name]
    if isinstance(how, tuple):  # through a column of that type
        t = engine.new_table()
        client.run(f"CREATE TABLE {t} (v {how[0]})")
        for given, formats in ((value[3], [0]), (value[4], [1])):
            client.run(f"DELETE FROM {t}")
            wire.check(client.extended(f"INSERT INTO {t} VALUES ($1)", [given], oids=[oid(value)], formats=formats))
            ((text,),) = wire.texts(wire.check(client.query(f"SELECT v FROM {t}")))
            ((raw,),) = wire.values(wire.check(client.extended(f"SELECT v FROM {t}", results=[1])))
            assert (text, raw) == (value[3], value[4])
        return
    for given, formats in ((value[3], [0]), (value[4], [1])):
        for results, wanted in (([0], value[3].encode()), ([1], value[4])):
            messages = wire.check(client.extended("SELECT $1 AS v", [given], oids=[oid(value)], formats=formats, results=results))
            ((got,),) = wire.values(messages)
            assert got == wanted
            if (engine.name, value[1]) != ("duckDb", "json"):  # its JSON is a kind of text
                assert wire.columns(messages)[0].oid == oid(value)


def test_null_parameters(engine, client, table):
    for oids in ([], [25]):
        wire.check(client.extended(f"INSERT INTO {table} VALUES (50, $1)", [None], oids=oids))
        assert client.rows(f"SELECT name FROM {table} WHERE id = 50") == [[None]]
        client.run(f"DELETE FROM {table} WHERE id = 50")
    for name in ("int4", "numeric", "timestamp", "bytea", "uuid", "bool"):
        assert wire.values(wire.check(client.extended("SELECT $1", [None], oids=[wire.OID[name]]))) == [[None]]


def test_parameters_without_types(engine, client, table):
    """OID 0 and none at all: the engine finds them, or they are text."""
    for oids in ([], [0], [0, 0]):
        messages = wire.check(client.ask(wire.parse(f"SELECT name FROM {table} WHERE id = $1 AND name = $2", oids=oids),
                                         wire.describe("S"), wire.bind(["2", "two"]), wire.execute()))
        assert len(next(m for m in messages if m.type == "t").oids) == 2
        assert wire.texts(messages) == [["two"]]


def test_more_types_than_parameters(engine, client):
    messages = client.ask(wire.parse("SELECT CAST($1 AS integer) AS v", oids=[23, 0, 0, 0, 0, 0, 0, 0]), wire.describe("S"))
    assert next(m for m in wire.check(messages) if m.type == "t").oids[0] == wire.OID["int4"]
    assert client.value("SELECT 1") == "1"


def test_parameter_used_twice_and_out_of_order(client):
    messages = wire.check(client.extended("SELECT $2, $1, $2", ["a", "b"], oids=[25, 25]))
    assert wire.texts(messages) == [["b", "a", "b"]]


def test_wrong_number_of_parameters(client):
    for values in ([], ["1"], ["1", "2", "3"]):
        found = wire.error(client.extended("SELECT $1, $2", values, oids=[25, 25]))
        assert found.sqlstate == "08P01"
        assert str(len(values)) in found.message
    assert client.value("SELECT 1") == "1"


@pytest.mark.parametrize("name, bad, formats", [
    ("int4", "x", 0), ("int4", "99999999999", 0), ("int4", b"\0\1", 1), ("uuid", "x-y", 0), ("uuid", b"\0" * 15, 1),
    ("date", "2024-13-01", 0), ("timestamp", "never", 0), ("numeric", "1.2.3", 0), ("bool", "perhaps", 0),
    ("numeric", b"\xff\xff\0\0\0\0\0\0", 1), ("float8", b"", 1), ("bool", b"\7\7", 1),
])
def test_bad_parameters(client, name, bad, formats):
    found = wire.error(client.extended("SELECT $1", [bad], oids=[wire.OID[name]], formats=[formats]))
    assert found.sqlstate in ("22P02", "22P03", "22003", "22007", "22008", "08P01"), found
    assert client.value("SELECT 1") == "1"


def test_mixed_formats(engine, client):
    sql = f"SELECT CAST($1 AS {engine.sql('integer')}) AS a, CAST($2 AS {engine.sql('text')}) AS b"
    messages = wire.check(client.extended(sql, [b"\0\0\0\x2a", "x"], oids=[23, 25], formats=[1, 0], results=[1, 0]))
    assert [c.format for c in wire.columns(messages)] == [1, 0]
    (a, b), = wire.values(messages)
    assert int.from_bytes(a, "big") == 42 and b == b"x"
    found = wire.error(client.extended(sql, ["1", "x"], oids=[23, 25], results=[1, 0, 1]))
    assert found.sqlstate == "08P01"


def test_nested_types_as_json(engine, client):
    if engine.name != "duckDb":
        pytest.skip("DuckDB's own")
    assert client.value("SELECT {'a': 1, 'b': [1, NULL]}") == '{"a":1,"b":[1,null]}'
    messages = wire.check(client.query("SELECT MAP {'k': 1.5}, [[1], [2]], [1, NULL], ['a', '']"))
    assert [c.oid for c in wire.columns(messages)] == [wire.OID["json"]] * 4
    assert wire.texts(messages)[0][1:] == ["[[1],[2]]", "[1,null]", '["a",""]']


@pytest.mark.parametrize("value", [value for value in VALUES if str(value[0]).endswith("[]")], ids=lambda value: value[0])
def test_arrays_into_duckdb(engine, client, value):
    """An array of PostgreSQL becomes a list, from both formats."""
    if engine.name != "duckDb":
        pytest.skip("DuckDB's own")
    for given, formats in ((value[3], [0]), (value[4], [1])):
        sql = "SELECT len($1), typeof($1) LIKE '%[]'"
        messages = wire.check(client.extended(sql, [given], oids=[oid(value)], formats=formats))
        assert wire.texts(messages) == [[str(value[3].count(",") + 1 - value[3].count("N\\")) if value[3] != "{}" else "0", "t"]]


def test_invalid_utf8_from_an_engine(engine, client):
    if engine.name != "sqlite":
        pytest.skip("only SQLite keeps texts that are none")
    value = client.value("SELECT CAST(x'61ff62' AS text)")
    assert value == "a\ufffdb"
    ((value,),) = wire.texts(wire.check(client.extended("SELECT CAST(x'61ff62' AS text)", results=[1])))
    assert value == "a\ufffdb"
