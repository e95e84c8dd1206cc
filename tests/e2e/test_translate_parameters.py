"""Parameters in translated statements: what an engine would take for something else than the client's dialect does."""
import contextlib
import datetime
import sys

import psycopg
import pytest

import proxy as proxy_module
import translate_corpus as corpus

pytest.importorskip("sqlglot")

DAY, NOON, MIDNIGHT = datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 12), datetime.datetime(2024, 1, 31)
CASES = (  # by clients of PostgreSQL: engines, statement, parameters, what it finds
    ("sy", "SELECT i FROM tt WHERE d = %s", (MIDNIGHT,), [1]),
    ("sy", "SELECT i FROM tt WHERE d >= %s ORDER BY i", (MIDNIGHT,), [1, 2, 5]),
    ("sy", "SELECT i FROM tt WHERE d > %s ORDER BY i", (NOON,), [2, 5]),
    ("sy", "SELECT i FROM tt WHERE d BETWEEN %s AND %s ORDER BY i", (MIDNIGHT, NOON), [1]),
    ("sy", "SELECT i FROM tt WHERE ts = %s", (datetime.date(2023, 12, 25),), [3]),
    ("sy", "SELECT i FROM tt WHERE ts >= %s ORDER BY i", (datetime.date(2024, 7, 4),), [5]),
    ("sy", "SELECT i FROM tt WHERE d + %s > %s ORDER BY i", (30, datetime.date(2024, 3, 1)), [2, 5]),
    ("sy", "SELECT i FROM tt WHERE s = %s OR s LIKE %s ORDER BY i", ("beta", "Al%"), [1, 2]),
    ("sy", "SELECT i FROM tt WHERE s LIKE '%%' || %s ORDER BY i", ("TA",), []),
    ("sy", "SELECT i FROM tt WHERE s NOT LIKE '%%' || %s ORDER BY i", ("ta",), [1, 3, 5]),
    ("sy", "SELECT 1 WHERE '5%%*[' LIKE %s AND NOT '50*[' LIKE %s", (r"5\%*[", r"5\%*["), [1]),
    ("sy", "SELECT 1 WHERE %s::text LIKE %s", (r"a\b", r"a\\%"), [1]),
    ("sy", "SELECT i FROM tt WHERE position(%s in s) > 0 ORDER BY i", ("a",), [1, 2, 3]),
    ("s", "SELECT i FROM tt WHERE i = ANY(%s) ORDER BY i", ([1, 3],), [1, 3]),
    ("s", "SELECT i FROM tt WHERE NOT (b = ANY(%s)) ORDER BY i", ([10, 30],), [2, 5]),
    ("y", "SELECT 1 WHERE %s::json ->> %s = 'x'", ('{"a b": "x"}', "a b"), [1]),
    ("y", "SELECT ('[5, 6]'::json ->> %s::int)::int", (1,), [6]),
    ("s", "SELECT i FROM tt WHERE i <> ALL(%s) ORDER BY i", ([1, 3],), [2, 4, 5]),
    ("d", "SELECT i FROM tt WHERE s = ANY(%s) ORDER BY i", (["beta", "Alpha", "it's, {x}", 'a "b" \\', None],), [1, 2]),
    ("d", "SELECT i FROM tt WHERE s = ANY(%s::text[]) ORDER BY i", (["it's", "beta"],), [2]),
    ("d", "SELECT i FROM tt WHERE s <> ALL(%s) ORDER BY i", (["beta", "Alpha"],), [3, 5]),
    ("d", "SELECT i FROM tt WHERE s <> ALL(%s) ORDER BY i", (["beta", None],), []),
    ("d", "SELECT i FROM tt WHERE s = ANY(%s)", ([],), []),
    ("d", "SELECT i FROM tt WHERE i = ANY(%s) ORDER BY i", ("{1,3}",), [1, 3]),
    ("d", "SELECT i FROM tt WHERE i = ANY(%s) ORDER BY i", ([1, 3],), [1, 3]),
    ("d", "SELECT i FROM tt WHERE d = ANY(%s)", (["2024-01-31"],), [1]),
    ("dsy", "SELECT i FROM tt WHERE (b, i) >= (%s, %s) ORDER BY i", (20, 3), [3, 5]),
    ("dsy", "SELECT i FROM tt WHERE (b, i) < (%s, %s) ORDER BY i", (None, 3), []),
)
REFUSED = (
    ("sy", "SELECT i FROM tt WHERE s = ANY(%s)", (["beta", "Alpha"],), "an array as a parameter"),
    ("sy", "SELECT i FROM tt WHERE s = ANY(%s::text[])", (["beta"],), "an array as a parameter"),
    ("d", "SELECT i FROM tt WHERE s = ANY(%s)", ("{beta",), "malformed array literal"),
    ("sy", "SELECT to_char(d, %s) FROM tt", ("YYYY",), "a format that is not written there"),
    ("y", "SELECT i FROM tt WHERE i <> ALL(%s)", ([1],), "an array as a parameter"),
    ("sy", "SELECT d + %s::interval FROM tt", ("3 days",), "an interval as a parameter"),
)


@pytest.fixture(scope="module")
def clients(make_engine, mysql_server):
    """Letter -> a PostgreSQL client of that engine."""
    clusters = {"s": make_engine("sqlite").cluster(), "d": make_engine("duckDb").cluster(), "y": mysql_server.cluster(mysql_server.create_database("parameters"))}
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(proxy_module.Proxy({
            "turnout": {"translation": {"python": sys.executable, "timeoutMs": 40000}},
            "clusters": clusters, "clusterGroups": {letter: {"members": [letter]} for letter in clusters}, "routingFallback": "s",
        }))
        opened = {}
        for letter in clusters:
            opened[letter] = stack.enter_context(psycopg.connect(proxy.dsn(), autocommit=True))
            opened[letter].execute(f"SET turnout.group = '{letter}'")
            opened[letter].execute("SET turnout.dialect = 'engine'")
            for statement in ("DROP TABLE IF EXISTS tt", "DROP TABLE IF EXISTS uu", *corpus.setup(corpus.LETTERS[letter])):
                opened[letter].execute(statement)
            opened[letter].execute("SET turnout.dialect = 'postgres'")
        yield opened
        proxy.check_sanitizers()


@pytest.mark.parametrize("letter", "sdy")
def test_what_parameters_mean(clients, letter):
    wrong = []
    for where, sql, parameters, want in CASES:
        if letter in where:
            try:
                got = [row[0] for row in clients[letter].execute(sql, parameters)]
            except psycopg.Error as error:
                got = str(error)
            if got != want:
                wrong.append(f"{sql} {parameters}: {got} instead of {want}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("letter", "sdy")
def test_what_no_parameter_can_say_is_refused(clients, letter):
    for where, sql, parameters, why in REFUSED:
        if letter in where:
            with pytest.raises(psycopg.Error, match=why):
                clients[letter].execute(sql, parameters)
