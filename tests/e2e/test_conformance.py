"""The engine conformance suite, first part: statements, rows, errors. Every case runs on every engine; where engines
differ by nature, the table below says how each is asked or what each answers."""

import pytest

import engines
import wire

ENGINES = engines.WITH_MYSQL

MEGABYTE = 1 << 20

# the error's SQLSTATE is the same everywhere; {t} is a table (id integer primary key, name text) with the ids 1, 2, 3
ERRORS = {
    "syntax": ("42601", "SELEC 1"),
    "syntax in the middle": ("42601", "SELECT * FROM {t} WHERE WHERE"),
    "no table": ("42P01", "SELECT * FROM no_such_table"),
    "no column": ("42703", "SELECT no_such_column FROM {t}"),
    "no function": ("42883", "SELECT no_such_function(1)"),
    "unique": ("23505", "INSERT INTO {t} VALUES (1, 'again')"),
    "table exists": ("42P07", "CREATE TABLE {t} (id integer)"),
    "ambiguous": ("42702", "SELECT id FROM {t} AS a, {t} AS b"),
}
# a word of the engine's own message that must arrive
OWN_WORDS = {
    "duckDb": {"no table": "Catalog Error", "syntax": "Parser Error", "unique": "Constraint Error"},
    "sqlite": {"no table": "no such table: no_such_table", "syntax": 'near "SELEC"', "unique": "UNIQUE constraint failed"},
    "postgres": {"no table": 'relation "no_such_table" does not exist', "syntax": 'syntax error at or near "SELEC"',
                 "unique": "duplicate key value violates unique constraint"},
    "mysql": {"no table": "doesn't exist", "syntax": "near 'SELEC 1'", "unique": "Duplicate entry '1'"},
}


@pytest.mark.quick
def test_statements_and_tags(engine, client):
    t = engine.new_table()
    assert client.run(engine.sql("id table", t=t)) == ["CREATE TABLE"]
    assert client.run(f"INSERT INTO {t} VALUES (1, 'one'), (2, 'two'), (3, NULL)") == ["INSERT 0 3"]
    assert client.run(f"INSERT INTO {t} SELECT id + 10, name FROM {t}") == ["INSERT 0 3"]
    assert client.run(f"UPDATE {t} SET name = 'x' WHERE id > 10") == ["UPDATE 3"]
    assert client.run(f"UPDATE {t} SET name = 'x' WHERE id > 1000") == ["UPDATE 0"]
    assert client.run(f"DELETE FROM {t} WHERE id = 11") == ["DELETE 1"]
    assert client.run(f"SELECT * FROM {t}") == ["SELECT 5"]
    assert client.run(f"SELECT * FROM {t} WHERE id = 0") == ["SELECT 0"]
    assert client.run(f"WITH w AS (SELECT * FROM {t}) SELECT * FROM w WHERE id < 3") == ["SELECT 2"]
    assert client.run(f"CREATE VIEW v_{t} AS SELECT id FROM {t}") == ["CREATE VIEW"]
    assert client.run(f"CREATE INDEX i_{t} ON {t} (name{'(10)' if engine.name == 'mysql' else ''})") == ["CREATE INDEX"]
    assert client.run(f"ALTER TABLE {t} RENAME COLUMN name TO label") == ["ALTER TABLE"] if engine.name != "duckDb" else True
    assert client.run(f"DROP VIEW v_{t}") == ["DROP VIEW"]
    assert client.run(engine.sql("drop index", i=f"i_{t}", t=t)) == ["DROP INDEX"]
    assert client.run(f"DROP TABLE {t}") == ["DROP TABLE"]
    assert client.fails(f"SELECT * FROM {t}").sqlstate == "42P01"


def test_values_statement(client):
    messages = wire.check(client.query("VALUES (1, 'a'), (2, 'b')"))
    assert wire.texts(messages) == [["1", "a"], ["2", "b"]]
    assert wire.tags(messages) == ["SELECT 2"]


def test_returning(engine, client, table):
    messages = wire.check(client.query(f"INSERT INTO {table} VALUES (7, 'seven') RETURNING id, name"))
    assert wire.texts(messages) == [["7", "seven"]]
    assert wire.tags(messages) == ["INSERT 0 1"]
    messages = wire.check(client.query(f"DELETE FROM {table} WHERE id > 1 RETURNING id"))
    assert sorted(wire.texts(messages)) == [["2"], ["3"], ["7"]]
    assert wire.tags(messages) == ["DELETE 3"]
    assert client.value(f"SELECT count(*) FROM {table}") == "1"


def test_explain(client, table):
    messages = wire.check(client.query(f"EXPLAIN SELECT * FROM {table}"))
    assert wire.tags(messages) == ["EXPLAIN"]
    assert len(wire.values(messages)) >= 1


def test_nulls_and_empty_strings(client, table):
    client.run(f"INSERT INTO {table} VALUES (4, '')")
    assert client.rows(f"SELECT id, name FROM {table} ORDER BY id") == [["1", "one"], ["2", "two"], ["3", None], ["4", ""]]
    assert client.rows("SELECT NULL, '', ' ', 'NULL'") == [[None, "", " ", "NULL"]]
    assert client.rows(f"SELECT name FROM {table} WHERE name = ''") == [[""]]


def test_empty_result_has_its_columns(client, table):
    messages = wire.check(client.query(f"SELECT id, name FROM {table} WHERE id < 0"))
    assert wire.types(messages) == "TCZ"
    assert [(c.name, c.oid) for c in wire.columns(messages)] == [("id", wire.OID["int4"]), ("name", wire.OID["text"])] \
        or [c.oid for c in wire.columns(messages)] == [wire.OID["int8"], wire.OID["text"]]  # SQLite's integers have 64 bits


def test_zero_columns(engine, client, table):
    if engine.name != "postgres":
        assert client.fails(f"SELECT FROM {table}").sqlstate == "42601"
        return
    messages = wire.check(client.query(f"SELECT FROM {table}"))
    assert wire.types(messages) == "TDDDCZ"
    assert wire.columns(messages) == []
    assert wire.values(messages) == [[], [], []]
    messages = wire.check(client.extended(f"SELECT FROM {table}", results=[1]))
    assert wire.types(messages) == "12TDDDCZ"


def test_duplicate_column_names(client):
    for messages in (client.query("SELECT 1 AS a, 2 AS a, 3 AS \"A\""), client.extended("SELECT 1 AS a, 2 AS a, 3 AS \"A\"")):
        assert [c.name for c in wire.columns(wire.check(messages))] == ["a", "a", "A"]
        assert wire.texts(messages) == [["1", "2", "3"]]


def test_many_columns(client):
    count = 600
    messages = wire.check(client.query("SELECT " + ", ".join(f"{i} AS c{i}" for i in range(count))))
    assert [c.name for c in wire.columns(messages)] == [f"c{i}" for i in range(count)]
    assert wire.texts(messages) == [[str(i) for i in range(count)]]


@pytest.mark.parametrize("results", [[0], [1]], ids=["text", "binary"])
def test_big_text(engine, client, results):
    size = 3 * MEGABYTE // 2
    sql = "SELECT " + engine.sql("repeat", what="x", n=size)
    (value,), = wire.values(wire.check(client.extended(sql, results=results)))
    assert value == b"x" * size
    # and in: as a literal and as a parameter
    big = "ab'" + "é\n" * (size // 3)
    assert client.value("SELECT '" + big.replace("'", "''") + "' AS big") == big
    (value,), = wire.values(wire.check(client.extended(f"SELECT CAST($1 AS {engine.sql('text')})", [big], oids=[25], results=results)))
    assert value.decode() == big


def test_big_rows(engine, client):
    """Rows larger than any buffer, several of them."""
    sql = f"SELECT i, {engine.sql('repeat', what='z', n=MEGABYTE)} FROM ({engine.sql('series', n=12)}) AS s"
    rows = wire.values(wire.check(client.query(sql)))
    assert [row[0] for row in rows] == [str(i).encode() for i in range(1, 13)]
    assert {len(row[1]) for row in rows} == {MEGABYTE}


UNICODE = "naïve ☃ 𝄞 日本語 \u0301 'q' \"d\" \\ %s $1 ?"


def test_unicode(client, table):
    quoted = UNICODE.replace("'", "''")
    assert client.value(f"SELECT '{quoted}'") == UNICODE
    client.run(f"INSERT INTO {table} VALUES (8, '{quoted}')")
    (value,), = wire.texts(wire.check(client.extended(f"SELECT name FROM {table} WHERE name = $1", [UNICODE], oids=[25])))
    assert value == UNICODE
    messages = wire.check(client.query('SELECT 1 AS "名前 ☃"'))
    assert wire.columns(messages)[0].name == "名前 ☃"


def test_invalid_utf8_from_a_client_is_an_error(client):
    assert client.fails(b"SELECT '\xff\xfe'").sqlstate == "22021"
    assert client.value("SELECT 1") == "1"
    assert wire.error(client.extended(b"SELECT '\xc0\x80'")).sqlstate == "22021"
    assert wire.error(client.extended("SELECT $1", [b"\xc3("], oids=[25])).sqlstate == "22021"
    assert client.value("SELECT 1") == "1"


def test_comments_and_space(client):
    assert client.rows("  /* a */ SELECT /* ; */ 1 -- ;\n ; -- end") == [["1"]]
    assert client.rows("SELECT ';', '--', '/*'") == [[";", "--", "/*"]]
    for nothing in ("", " ", ";", ";;", "-- x", "/* x */", " ; /* y */ ; "):
        assert wire.types(client.query(nothing)) == "IZ", nothing
    assert wire.types(client.extended("")) == "12nIZ"


@pytest.mark.quick
@pytest.mark.parametrize("what", ERRORS)
def test_errors(engine, client, table, what):
    sqlstate, sql = ERRORS[what]
    sql = sql.format(t=table)
    for messages in (client.query(sql), client.extended(sql)):
        found = wire.error(messages)
        assert found.sqlstate == sqlstate, found
        assert OWN_WORDS[engine.name].get(what, "") in found.message + found.fields.get("detail", "")
        assert found.fields["severity"] == found.fields["severity_en"] == "ERROR"
        assert wire.status(messages) == "I"
    assert client.rows(f"SELECT id FROM {table} ORDER BY id") == [["1"], ["2"], ["3"]]


def test_division_by_zero(engine, client):
    if engine.name == "postgres":
        assert client.fails("SELECT 1 / 0").sqlstate == "22012"
    else:  # theirs
        assert client.rows("SELECT 1 / 0") == [["Infinity" if engine.name == "duckDb" else None]]


def test_error_after_rows(engine, client):
    """The result has begun when the engine fails: the rows are followed by the error."""
    sql = {
        "duckDb": "SELECT CASE WHEN i < 150000 THEN i ELSE CAST(error('too far: ' || i) AS bigint) END FROM range(200000) AS t(i)",
        "sqlite": "WITH RECURSIVE t(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i < 200000)"
                  " SELECT CASE WHEN i < 150000 THEN i ELSE abs(-9223372036854775808) END FROM t",
        "postgres": "SELECT 1 / (150000 - i) FROM generate_series(1, 200000) AS t(i)",
        "mysql": "SELECT CASE WHEN seq < 150000 THEN seq ELSE (SELECT 1 UNION SELECT seq) END FROM seq_1_to_200000",
    }[engine.name]
    for messages in (client.query(sql), client.extended(sql)):
        assert wire.types(messages).endswith("DEZ")
        assert wire.status(messages) == "I"
    assert client.value("SELECT 1") == "1"


@pytest.mark.parametrize("prefix", ["", "   ", "SELECT 1; "], ids=["at the start", "behind space", "behind another"])
def test_error_position(engine, client, prefix):
    """Positions count characters of the text as it was sent."""
    sql = prefix + "SELECT 'é', nope FROM nowhere_at_all"
    found = client.fails(sql)
    if engine.name in ("sqlite", "mysql"):
        return  # they name no place
    position = int(found.fields["position"])
    assert position in (sql.index('nope') + 1, sql.index('nowhere_at_all') + 1), (position, sql)


def test_postgres_details(engine, client, table):
    if engine.name != "postgres":
        pytest.skip("the fields of PostgreSQL's own errors")
    fields = client.fails(f"INSERT INTO {table} VALUES (1, 'again')").fields
    assert fields["detail"] == "Key (id)=(1) already exists."
    assert (fields["table"], fields["schema"], fields["constraint"]) == (table, "public", f"{table}_pkey")
    fields = client.fails("SELECT lenght('x')").fields
    assert "hint" in fields and fields["position"] == "8"
    assert client.fails("DO $$ BEGIN RAISE EXCEPTION 'mine' USING ERRCODE = 'AB123', HINT = 'try'; END $$").fields["sqlstate"] == "AB123"


def test_notices(engine, client):
    if engine.name != "postgres":
        pytest.skip("only PostgreSQL raises notices")
    messages = wire.check(client.query("DO $$ BEGIN RAISE NOTICE 'hear %', 'this' USING DETAIL = 'd'; RAISE WARNING 'and that'; END $$"))
    assert [(n["severity"], n["message"]) for n in wire.notices(messages)] == [("NOTICE", "hear this"), ("WARNING", "and that")]
    assert wire.notices(messages)[0]["detail"] == "d"
    assert wire.tags(messages) == ["DO"]
    client.run("SET client_min_messages = error")
    assert wire.notices(client.query("DO $$ BEGIN RAISE NOTICE 'quiet'; END $$")) == []
    client.run("RESET client_min_messages")
    assert wire.notices(client.extended("DO $$ BEGIN RAISE NOTICE 'loud'; END $$"))[0]["message"] == "loud"


@pytest.mark.quick
def test_several_statements(client, table):
    messages = client.query(f"SELECT 1 AS a; INSERT INTO {table} VALUES (4, 'x'); ; SELECT id FROM {table} ORDER BY id")
    assert wire.types(messages) == "TDCCTDDDDCZ"
    assert wire.tags(messages) == ["SELECT 1", "INSERT 0 1", "SELECT 4"]


def test_several_statements_one_fails(client, table):
    """They are one transaction: what came before the error is undone, what follows does not run."""
    messages = client.query(f"INSERT INTO {table} VALUES (4, 'x'); SELECT 1; INSERT INTO {table} VALUES (1, 'twice'); "
                            f"INSERT INTO {table} VALUES (5, 'y')")
    assert wire.types(messages) == "CTDCEZ"
    assert wire.error(messages).sqlstate == "23505"
    assert wire.status(messages) == "I"
    assert client.rows(f"SELECT id FROM {table} ORDER BY id") == [["1"], ["2"], ["3"]]


def test_several_statements_syntax_error(client, table):
    messages = client.query(f"INSERT INTO {table} VALUES (4, 'x'); SELEC 1")
    assert wire.error(messages).sqlstate == "42601"
    assert client.rows(f"SELECT id FROM {table} ORDER BY id") == [["1"], ["2"], ["3"]]


def test_several_statements_with_begin(client, table):
    messages = client.query(f"BEGIN; INSERT INTO {table} VALUES (4, 'x'); COMMIT; INSERT INTO {table} VALUES (5, 'y'); SELECT nope")
    assert wire.tags(messages)[:3] == ["BEGIN", "INSERT 0 1", "COMMIT"]
    assert client.rows(f"SELECT id FROM {table} WHERE id = 4") == [["4"]]


def test_copy_is_refused(client, table):
    for sql in (f"COPY {table} FROM STDIN", f"COPY {table} TO STDOUT", "COPY (SELECT 1) TO STDOUT (FORMAT binary)"):
        found = client.fails(sql)
        assert found.sqlstate == "0A000" and "COPY" in found.message
        assert "hint" in found.fields
        assert client.value("SELECT 1") == "1"


def test_function_call_is_refused(client):
    client.send(wire.message("F", b"\0\0\0\1" + b"\0\0" + b"\0\0" + b"\0\0"))
    messages = client.until("Z")
    assert wire.error(messages).sqlstate == "0A000"
    assert client.value("SELECT 1") == "1"


def test_200000_rows(engine, client):
    rows = wire.values(wire.check(client.query(engine.sql("series", n=200000))))
    assert len(rows) == 200000
    assert [int(row[0]) for row in rows] == list(range(1, 200001))


@pytest.mark.parametrize("name", ["duckDb", "sqlite", "postgres"])
def test_read_only_member(make_engine, proxies, name):
    """A write finds no member that may do it; reads go on."""
    made = make_engine(name)
    with_writes = made.config()
    proxy = proxies(with_writes)
    with wire.Wire(proxy.port) as client:
        client.run("CREATE TABLE t (a integer)")
        client.run("INSERT INTO t VALUES (1)")
        client.finish()
    proxy.stop()
    config = made.config()
    for cluster in config["clusters"].values():
        cluster["readOnly"] = True
    proxy = proxies(config)
    with wire.Wire(proxy.port) as client:
        for sql in ("INSERT INTO t VALUES (2)", "UPDATE t SET a = 3", "DELETE FROM t", "CREATE TABLE u (a integer)", "DROP TABLE t",
                    "WITH w AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM w"):
            assert client.fails(sql).sqlstate == "25006", sql
            assert wire.error(client.extended(sql)).sqlstate == "25006", sql
        assert client.rows("SELECT a FROM t") == [["1"]]
        client.run("BEGIN")
        assert client.rows("SELECT a FROM t") == [["1"]]
        assert client.fails("INSERT INTO t VALUES (2)").sqlstate == "25006"
        client.run("ROLLBACK")
