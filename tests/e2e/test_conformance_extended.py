"""The engine conformance suite, third part: the extended query protocol."""

import pytest

import engines
import wire

ENGINES = engines.WITH_MYSQL


@pytest.mark.quick
def test_all_steps(engine, client):
    sql = f"SELECT CAST($1 AS {engine.sql('integer')}) AS a, CAST($2 AS {engine.sql('text')}) AS b"
    messages = client.extended(sql, ["7", "seven"])
    assert wire.types(messages) == "12TDCZ"
    assert wire.texts(messages) == [["7", "seven"]]
    assert wire.tags(messages) == ["SELECT 1"]


def test_describe_a_statement_before_it_runs(engine, client, table):
    messages = wire.check(client.ask(wire.parse(f"SELECT id, name, $1 AS p FROM {table} WHERE id = $2", "s", [25, 23]),
                                     wire.describe("S", "s")))
    assert wire.types(messages) == "1tTZ"
    assert messages[1].oids == [25, 23]
    assert [c.name for c in wire.columns(messages)] == ["id", "name", "p"]
    assert [c.format for c in wire.columns(messages)] == [0, 0, 0]
    described = [c.oid for c in wire.columns(messages)]
    messages = wire.check(client.ask(wire.bind(["x", "1"], "s"), wire.describe("P"), wire.execute()))
    assert wire.types(messages) == "2TDCZ"
    assert [c.oid for c in wire.columns(messages)] == described
    assert wire.texts(messages) == [["1", "one", "x"]]


def test_describe_does_not_run_anything(client, table):
    for sql in (f"INSERT INTO {table} VALUES (9, 'x')", f"DELETE FROM {table}", "CREATE TABLE described_only (a integer)"):
        messages = wire.check(client.ask(wire.parse(sql), wire.describe("S")))
        assert wire.types(messages) == "1tnZ"
    assert client.value(f"SELECT count(*) FROM {table}") == "3"
    assert client.fails("SELECT * FROM described_only").sqlstate == "42P01"


def test_describe_alone_then_bind(client, table):
    """asyncpg: Parse, Describe, Flush; later Bind, Execute, Sync."""
    client.send(wire.parse(f"SELECT name FROM {table} WHERE id = $1", "st"), wire.describe("S", "st"), wire.FLUSH)
    assert wire.types(client.until("T")) == "1tT"
    assert client.quiet(0.1)
    messages = wire.check(client.ask(wire.bind(["2"], "st"), wire.execute()))
    assert wire.types(messages) == "2DCZ"
    assert wire.texts(messages) == [["two"]]


def test_describe_a_portal_without_execute(client, table):
    messages = wire.check(client.ask(wire.parse(f"SELECT id FROM {table}"), wire.bind(results=[1]), wire.describe("P")))
    assert wire.types(messages) == "12TZ"
    assert wire.columns(messages)[0].format == 1


def test_statement_that_returns_nothing(client, table):
    messages = wire.check(client.extended(f"UPDATE {table} SET name = $1 WHERE id = 1", ["uno"], oids=[25]))
    assert wire.types(messages) == "12nCZ"
    assert wire.tags(messages) == ["UPDATE 1"]


@pytest.mark.quick
def test_named_statement_is_used_again(client, table):
    wire.check(client.ask(wire.parse(f"SELECT name FROM {table} WHERE id = $1", "again", [23])))
    for id_, name in (("1", "one"), ("3", None), ("2", "two")) * 4:
        messages = wire.check(client.ask(wire.bind([id_], "again"), wire.execute()))
        assert wire.texts(messages) == [[name]]
    assert wire.error(client.ask(wire.parse("SELECT 1", "again"))).sqlstate == "42P05"
    wire.check(client.ask(wire.close("S", "again"), wire.close("S", "again"), wire.close("P", "nothing")))
    assert wire.error(client.ask(wire.bind(["1"], "again"))).sqlstate == "26000"
    wire.check(client.ask(wire.parse("SELECT 1", "again")))


def test_names_belong_to_their_client(connect):
    """pgx gives a statement the same name on every connection, node lets the application choose."""
    first, second = connect(), connect()
    wire.check(first.ask(wire.parse("SELECT 'first'", "same")))
    wire.check(second.ask(wire.parse("SELECT 'second', 2", "same")))
    for _ in range(3):
        assert wire.texts(wire.check(first.ask(wire.bind(statement="same"), wire.execute()))) == [["first"]]
        assert wire.texts(wire.check(second.ask(wire.bind(statement="same"), wire.execute()))) == [["second", "2"]]
    first.run("DEALLOCATE ALL")
    assert wire.error(first.ask(wire.bind(statement="same"))).sqlstate == "26000"
    assert wire.texts(wire.check(second.ask(wire.bind(statement="same"), wire.execute()))) == [["second", "2"]]


def test_unnamed_statement_survives_syncs(client):
    """pg8000 and lib/pq: P S, D S, B E S."""
    wire.check(client.ask(wire.parse("SELECT $1", oids=[25])))
    wire.check(client.ask(wire.describe("S")))
    for word in ("a", "b"):
        assert wire.texts(wire.check(client.ask(wire.bind([word]), wire.execute()))) == [[word]]
    client.run("SELECT 1")  # a simple query ends it
    assert wire.error(client.ask(wire.bind(["x"]))).sqlstate == "26000"


def test_flush_brings_the_answer_without_sync(client):
    client.send(wire.parse("SELECT 1"), wire.bind(), wire.execute(), wire.FLUSH)
    assert wire.types(client.until("C")) == "12DC"
    client.send(wire.FLUSH, wire.SYNC)
    assert wire.types(client.until("Z")) == "Z"


def test_several_statements_in_parse_are_refused(client):
    assert wire.error(client.ask(wire.parse("SELECT 1; SELECT 2"))).sqlstate == "42601"
    assert wire.types(client.extended("SELECT 1;")) == "12TDCZ"


def test_errors_of_use(client):
    assert wire.error(client.ask(wire.bind(statement="none"))).sqlstate == "26000"
    assert wire.error(client.ask(wire.execute("none"))).sqlstate == "34000"
    assert wire.error(client.ask(wire.describe("P", "none"))).sqlstate == "34000"
    assert wire.error(client.ask(wire.describe("S", "none"))).sqlstate == "26000"
    assert wire.types(client.extended("SELECT 1")) == "12TDCZ"


# pipelines


@pytest.mark.quick
def test_pipeline(client, table):
    steps = []
    for i in range(20):
        steps += [wire.parse(f"SELECT name, $1 FROM {table} WHERE id = $2", oids=[25, 23]), wire.bind([str(i), str(i % 3 + 1)]),
                  wire.describe("P"), wire.execute()]
    messages = wire.check(client.ask(*steps))
    assert wire.types(messages) == "12TDC" * 20 + "Z"
    assert [row[1] for row in wire.texts(messages)] == [str(i) for i in range(20)]


def test_pipeline_with_an_error_in_the_middle(client, table):
    """Everything behind it is skipped until Sync, and the writes before it are undone."""
    messages = client.ask(
        wire.parse(f"INSERT INTO {table} VALUES (4, 'x')"), wire.bind(), wire.execute(),
        wire.parse(f"INSERT INTO {table} VALUES (1, 'twice')"), wire.bind(), wire.execute(),
        wire.parse(f"INSERT INTO {table} VALUES (5, 'y')"), wire.bind(), wire.execute())
    assert wire.types(messages) in ("12C12EZ", "12CEZ")
    assert wire.error(messages).sqlstate == "23505"
    assert wire.status(messages) == "I"
    assert client.rows(f"SELECT id FROM {table} ORDER BY id") == [["1"], ["2"], ["3"]]


def test_pipeline_of_several_syncs(client, table):
    """All are sent at once; each Sync ends its own part."""
    client.send(wire.parse(f"INSERT INTO {table} VALUES (4, 'x')"), wire.bind(), wire.execute(), wire.SYNC,
                wire.parse("SELECT nope"), wire.bind(), wire.execute(), wire.parse("SELECT 2"), wire.SYNC,
                wire.parse(f"SELECT count(*) FROM {table}"), wire.bind(), wire.execute(), wire.SYNC)
    assert wire.types(client.until("Z")) == "12CZ"
    assert wire.error(client.until("Z")).sqlstate == "42703"
    assert wire.texts(wire.check(client.until("Z"))) == [["4"]]


def test_pipeline_of_a_whole_transaction(client, table):
    steps = []
    for sql in ("BEGIN", f"INSERT INTO {table} VALUES (4, 'x')", f"SELECT count(*) FROM {table}", "ROLLBACK"):
        steps += [wire.parse(sql), wire.bind(), wire.describe("P"), wire.execute()]
    messages = wire.check(client.ask(*steps))
    assert wire.types(messages) == "12nC12nC12TDC12nCZ"
    assert wire.tags(messages) == ["BEGIN", "INSERT 0 1", "SELECT 1", "ROLLBACK"]
    assert wire.texts(messages) == [["4"]]
    assert client.value(f"SELECT count(*) FROM {table}") == "3"


def test_query_and_extended_in_one_flight(client, table):
    """pgjdbc with autocommit off: Q BEGIN and P B D E S leave together."""
    client.send(wire.query("BEGIN"), wire.parse(f"DELETE FROM {table}"), wire.bind(), wire.describe("P"), wire.execute(), wire.SYNC)
    assert wire.types(client.until("Z")) == "CZ"
    messages = client.until("Z")
    assert wire.types(messages) == "12nCZ" and wire.status(messages) == "T"
    client.run("ROLLBACK")
    assert client.value(f"SELECT count(*) FROM {table}") == "3"


def test_batch_of_one_statement(client, table):
    """executemany: one Parse, Bind and Execute per row, one Sync."""
    steps = [wire.parse(f"INSERT INTO {table} VALUES ($1, $2)", "many", [23, 25])]
    for i in range(100, 200):
        steps += [wire.bind([str(i), f"name {i}"], "many"), wire.execute()]
    messages = wire.check(client.ask(*steps))
    assert wire.types(messages) == "1" + "2C" * 100 + "Z"
    assert client.rows(f"SELECT count(*), max(name) FROM {table}") == [["103", "two"]]


# row limits


def test_row_limit(engine, client):
    sql = engine.sql("series", n=10)
    messages = wire.check(client.ask(wire.parse(sql), wire.bind(), wire.execute(limit=4), wire.execute(limit=4), wire.execute(limit=4)))
    assert wire.types(messages) == "12DDDDsDDDDsDDCZ"
    assert [row[0] for row in wire.texts(messages)] == [str(i) for i in range(1, 11)]


def test_row_limit_that_is_just_met(engine, client):
    messages = wire.check(client.extended(engine.sql("series", n=5), limit=5))
    assert wire.types(messages) in ("12TDDDDDsZ", "12TDDDDDCZ")
    messages = wire.check(client.extended(engine.sql("series", n=5), limit=6))
    assert wire.types(messages) == "12TDDDDDCZ"
    messages = wire.check(client.extended(f"SELECT 1 WHERE 1 = 0", limit=1))
    assert wire.types(messages) == "12TCZ"


def test_limit_without_the_rest(engine, client):
    """asyncpg's fetchrow: Execute with limit 1, then Sync: the portal ends with it."""
    for _ in range(5):
        messages = wire.check(client.extended(engine.sql("series", n=100000), limit=1))
        assert wire.types(messages) == "12TDsZ"
        assert wire.status(messages) == "I"
    assert client.value("SELECT 1") == "1"


def test_portal_over_several_syncs(engine, client):
    """setFetchSize: in a transaction the portal lives on."""
    client.run("BEGIN")
    wire.check(client.ask(wire.parse(engine.sql("series", n=100)), wire.bind(portal="C_1"), wire.describe("P", "C_1"),
                          wire.execute("C_1", 30)))
    rows = 30
    while True:
        messages = wire.check(client.ask(wire.execute("C_1", 30)))
        assert wire.status(messages) == "T"
        rows += len(wire.values(messages))
        if "s" not in wire.types(messages):
            break
    assert rows == 100
    wire.check(client.ask(wire.close("P", "C_1")))
    client.run("COMMIT")
    assert wire.error(client.ask(wire.execute("C_1", 30))).sqlstate == "34000"


def test_portals_side_by_side(engine, client):
    client.run("BEGIN")
    for name, start in (("a", 0), ("b", 1000)):
        sql = f"SELECT i + {start} FROM ({engine.sql('series', n=50)}) AS s"
        wire.check(client.ask(wire.parse(sql, name), wire.bind(statement=name, portal=name)))
    seen = {"a": [], "b": []}
    for _ in range(6):
        for name in seen:
            messages = wire.check(client.ask(wire.execute(name, 10)))
            seen[name] += [int(row[0]) for row in wire.texts(messages)]
    assert seen == {"a": list(range(1, 51)), "b": list(range(1001, 1051))}
    assert client.value("SELECT 5") == "5"
    client.run("COMMIT")


def test_statement_while_a_portal_is_suspended(engine, client, table):
    client.run("BEGIN")
    messages = wire.check(client.ask(wire.parse(engine.sql("series", n=1000)), wire.bind(portal="p"), wire.execute("p", 10)))
    assert wire.types(messages) == "12" + "D" * 10 + "sZ"
    assert client.run(f"INSERT INTO {table} VALUES (4, 'x')") == ["INSERT 0 1"]
    messages = wire.check(client.ask(wire.execute("p")))
    assert [int(row[0]) for row in wire.texts(messages)] == list(range(11, 1001))
    assert client.run("COMMIT") == ["COMMIT"]
    assert client.value(f"SELECT count(*) FROM {table}") == "4"


# how it arrives


@pytest.mark.parametrize("size", [1, 3, 7])
def test_in_small_pieces(client, table, size):
    data = b"".join([wire.query(f"SELECT name FROM {table} WHERE id = 1"), wire.parse(f"SELECT $1, name FROM {table}", oids=[25]),
                     wire.bind(["x"]), wire.describe("P"), wire.execute(), wire.SYNC])
    for at in range(0, len(data), size):
        client.socket.sendall(data[at:at + size])
    assert wire.types(client.until("Z")) == "TDCZ"
    assert wire.types(client.until("Z")) == "12TDDDCZ"


def test_100_queries_in_one_flight(client):
    client.send(*[wire.query(f"SELECT {i}") for i in range(100)])
    for i in range(100):
        assert wire.texts(client.until("Z")) == [[str(i)]]


def test_schema_change_under_a_prepared_statement(client, table):
    """Not a crash, not wrong rows: the new columns after a new Parse, or an error that says so."""
    wire.check(client.ask(wire.parse(f"SELECT * FROM {table} WHERE id = $1", "star", [23]), wire.describe("S", "star")))
    wire.check(client.ask(wire.bind(["1"], "star"), wire.execute()))
    client.run(f"ALTER TABLE {table} ADD COLUMN extra integer")
    messages = client.ask(wire.bind(["1"], "star"), wire.execute())
    if any(m.type == "E" for m in messages):
        assert wire.error(messages).sqlstate == "0A000"
    else:
        assert len(wire.values(messages)[0]) == 2
    messages = wire.check(client.extended(f"SELECT * FROM {table} WHERE id = $1", ["1"], oids=[23]))
    assert wire.texts(messages) == [["1", "one", None]]
