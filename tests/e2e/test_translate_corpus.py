"""Every statement of tests/e2e/translate.cases on the engine whose dialect it is in, asked directly, and through Turnout, by a client of
that dialect's protocol, on the others: the same rows, where the case does not say otherwise."""
import collections
import contextlib
import os
import sys
import threading
import zlib

import mysql.connector
import psycopg
import pymysql
import pytest
import trino

import proxy as proxy_module
import translate_corpus as corpus

pytest.importorskip("sqlglot")

WHOLE = os.environ.get("TURNOUT_CORPUS") == "all"  # else an eighth of the statements, the same ones whatever stands before them
ASKED = {"postgres": "p", "duckdb": "d", "mysql": "m", "trino": "t", "sqlite": "s"}  # of each source: the engine that says what is right
MOST = 40  # seconds for one statement


@pytest.fixture(scope="module")
def servers(postgres_server, mariadb_server, mysql_server, trino_server):
    databases = {"p": postgres_server.create_database("corpus"), "m": mariadb_server.create_database("corpus"), "y": mysql_server.create_database("corpus")}
    return {"p": postgres_server, "m": mariadb_server, "y": mysql_server, "t": trino_server}, databases


@pytest.fixture(scope="module")
def proxy(make_engine, servers):
    started, databases = servers
    clusters = {"d": make_engine("duckDb").cluster(), "s": make_engine("sqlite").cluster(), "t": started["t"].cluster(catalog="memory", schema="default"),
                **{letter: started[letter].cluster(databases[letter]) for letter in "pmy"},
                "plain": started["m"].cluster(databases["m"], sqlMode="NO_BACKSLASH_ESCAPES,ANSI_QUOTES")}
    with proxy_module.Proxy({
        "turnout": {"translation": {"python": sys.executable, "timeoutMs": MOST * 1000}, "frontends": {"mysqlWire": {"port": 0}}},
        "clusters": clusters, "clusterGroups": {letter: {"members": [letter]} for letter in clusters}, "routingFallback": "p",
    }) as one:
        yield one
        one.check_sanitizers()


def postgres_client(proxy, letter, **settings):
    conn = psycopg.connect(proxy.dsn(), autocommit=True, prepare_threshold=20)
    for name, value in {"group": letter, **settings}.items():
        conn.execute(f"SET turnout.{name} = '{value}'")
    conn.execute(f"SET statement_timeout = '{MOST}s'")

    def ask(sql):
        cursor = conn.execute(sql)
        return corpus.rows(cursor) if cursor.description else []
    return conn, ask


def mysql_ask(conn):
    def ask(sql):
        with conn.cursor() as cursor:
            cursor.execute(sql)
            return corpus.rows(cursor.fetchall()) if cursor.description else []
    return conn, ask


def trino_ask(conn):
    def ask(sql):
        cursor = conn.cursor()
        cursor.execute(sql)
        rows = cursor.fetchall()
        return corpus.rows(rows) if sql.lstrip("( ")[:4].upper() in ("SELE", "WITH", "VALU") else []
    return conn, ask


def through(proxy, source, letter):
    if source == "mysql":
        conn = pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", autocommit=True)
        conn.cursor().execute(f"SET @turnout_group = '{letter}'")
        return mysql_ask(conn)
    if source == "trino":
        return trino_ask(trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="me", timezone="UTC", session_properties={"turnout.group": letter}))
    return postgres_client(proxy, letter, dialect=source)


def direct(proxy, servers, letter):
    """An engine in its own words; DuckDB and SQLite are the proxy's."""
    started, databases = servers
    if letter in "ds":
        return postgres_client(proxy, letter, dialect="engine")
    if letter == "p":
        conn = psycopg.connect(started["p"].dsn(databases["p"]), autocommit=True)
        return conn, lambda sql: (lambda cursor: corpus.rows(cursor) if cursor.description else [])(conn.execute(sql))
    if letter == "t":
        return trino_ask(trino.dbapi.connect(host="127.0.0.1", port=started["t"].port, user="me", timezone="UTC", catalog="memory", schema="default"))
    return mysql_ask(started[letter].connect(databases[letter]))


@pytest.fixture(scope="module")
def engines(proxy, servers):
    """Letter -> ask(sql), with the tables there."""
    opened = {letter: direct(proxy, servers, letter) for letter in corpus.LETTERS}
    for letter, (_, ask) in opened.items():
        for table in corpus.TABLES:
            ask(f"DROP TABLE IF EXISTS {table}")
        for statement in corpus.setup(corpus.LETTERS[letter]):
            ask(statement)
    yield {letter: ask for letter, (_, ask) in opened.items()}
    for letter, (conn, ask) in opened.items():
        if letter == "t":  # one Trino for all tests
            for table in corpus.TABLES:
                ask(f"DROP TABLE IF EXISTS memory.default.{table}")
        conn.close()


def run(case, letter, ask, own):
    """The rows of all of a case's statements, or what went wrong."""
    rows = []
    try:
        for statement in case.statements:
            rows += ask(statement)
        return rows
    except Exception as error:  # of any of the clients
        return str(error) or type(error).__name__
    finally:
        if case.changes:
            for statement in ("TRUNCATE TABLE uu" if letter == "t" else "DELETE FROM uu", "DROP TABLE IF EXISTS made",
                              *(["DROP SEQUENCE IF EXISTS made_auto_increment"] if letter == "d" else [])):
                own(statement)


def compare(case, letter, got, want):
    """What is wrong; None = it is as the case says."""
    expected = case.expected[letter]
    found = ("fails" if not case.told or "cannot be translated" in got else "is not told") if isinstance(got, str) else "same" if corpus.alike(case, got, want) else "other"
    return None if found == expected else f"{letter} {found}, not {expected} | {case}: {got} instead of {want}"


@pytest.mark.parametrize("source", ASKED)
@pytest.mark.timeout(600)
def test_answers_are_those_of_the_dialects_own_engine(proxy, engines, source):
    cases = [case for case in corpus.cases() if case.source == source and (WHOLE or zlib.crc32(" ;; ".join(case.statements).encode()) % 8 == 0)]
    wanted = {case.number: run(case, ASKED[source], engines[ASKED[source]], engines[ASKED[source]]) for case in cases}
    wrong = [f"{ASKED[source]} itself | {case}: {wanted[case.number]}" for case in cases if isinstance(wanted[case.number], str)]
    ran = collections.Counter()

    def all_of(letter):
        conn, ask = through(proxy, source, letter)
        for case in cases:
            if letter in case.expected and not isinstance(wanted[case.number], str):
                problem = compare(case, letter, run(case, letter, ask, engines[letter]), wanted[case.number])
                ran[letter] += 1
                wrong.extend([problem] if problem else [])
        conn.close()

    threads = [threading.Thread(target=all_of, args=(letter,)) for letter in corpus.LETTERS if letter not in corpus.OWN[source]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, f"{len(wrong)} of {sum(ran.values())}:\n" + "\n".join(sorted(wrong))
    assert sum(ran.values()) > len(cases) / 2


def test_servers_that_know_no_backslash(proxy):
    """A text is written as that server reads it, and a parameter is none of its business."""
    for group in ("plain", "m", "y"):
        conn, ask = postgres_client(proxy, group)
        for sql, want in (("SELECT 'C:\\dir', 'it''s', left('a\\b', 2)", ("C:\\dir", "it's", "a\\")), ("SELECT 'x' AS \"a b\", E'two\\nlines'", ("x", "two\nlines"))):
            assert ask(sql) == [want], group
        assert conn.execute("SELECT right(%s, 2), %s::int / 2, left(%s, 1)", ("a\\b", 7, "xyz")).fetchone()[0] == "\\b"
        conn.close()


PREPARED = {  # statements with parameters in places that an engine has types for
    "mysql": (("SELECT ROUND(n, ?) FROM tt WHERE i = ?", (1, 1)), ("SELECT SUBSTRING('abcdef', ?, ?)", (2, 3)), ("SELECT i FROM tt WHERE n > ? ORDER BY i", ("1.00",)),
              ("SELECT i FROM tt WHERE d IN (?, ?) ORDER BY i", ("2024-01-31", "2023-12-25"))),
    "postgres": (("SELECT i FROM tt WHERE d BETWEEN %s AND %s ORDER BY i", ("2024-01-01", "2024-02-29")), ("SELECT i FROM tt WHERE d IS NOT NULL AND (d, i) > (%s, %s) ORDER BY i", ("2024-01-31", 1)),
                 ("SELECT (d + (%s || ' days')::interval)::date FROM tt WHERE i = 1", ("3",))),
}


def prepared_rows(conn, sql, values):
    if isinstance(conn, psycopg.Connection):
        return corpus.rows(conn.execute(sql, values, prepare=True))
    with contextlib.closing(conn.cursor(prepared=True)) as cursor:
        cursor.execute(sql, values)
        return corpus.rows(cursor.fetchall())


def test_parameters_of_other_types(proxy, servers, engines):
    started, databases = servers
    own = {"mysql": mysql.connector.connect(host="127.0.0.1", port=started["m"].port, user=started["m"].user, password=started["m"].password, database=databases["m"]),
           "postgres": psycopg.connect(started["p"].dsn(databases["p"]), autocommit=True)}
    for source, cases in PREPARED.items():
        wanted = [prepared_rows(own[source], *case) for case in cases]
        for letter in [letter for letter in "pdt" if letter not in corpus.OWN[source]]:
            if source == "postgres":
                conn = postgres_client(proxy, letter)[0]
            else:
                conn = mysql.connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", ssl_disabled=True, autocommit=True)
                with contextlib.closing(conn.cursor()) as cursor:
                    cursor.execute(f"SET @turnout_group = '{letter}'")
            assert [prepared_rows(conn, *case) for case in cases] == wanted, (source, letter)
            conn.close()
        own[source].close()


MADE = (  # (source, letter, how the function is made there, what calls it)
    ("trino", "p", "CREATE FUNCTION approx_set(int) RETURNS int LANGUAGE sql AS 'SELECT 40 + $1'", "SELECT approx_set(x) FROM with_own", "42"),
    ("postgres", "m", "CREATE FUNCTION initcap(a varchar(50)) RETURNS varchar(50) DETERMINISTIC RETURN CONCAT('mine ', a)", "SELECT initcap('x') FROM with_own", "mine x"),
    ("mysql", "d", "CREATE MACRO get_lock(a, b) AS a || b", "SELECT get_lock('a', 1) FROM with_own", "a1"),
)


def test_functions_that_somebody_made(proxy, engines):
    """One of a name that the client's dialect has, too, is called where nothing else can be said."""
    for source, letter, make, sql, want in MADE:
        name = make.split("(")[0].split()[-1]
        for statement in ("CREATE TABLE with_own (x int)", "INSERT INTO with_own VALUES (2)", make):
            engines[letter](statement)
        conn, ask = through(proxy, source, letter)
        try:
            assert ask(sql) == [(want,)], (source, letter)
        finally:
            conn.close()
            for statement in ("DROP TABLE with_own", f"DROP {make.split()[1]} {name}"):
                engines[letter](statement)


DECIDING = {  # what one literal decides, in a shape that a template was trusted for with two others
    "postgres": ("SELECT rtrim('abcba', '{}')", ("a", "b", "ab", "abc")),
    "mysql": ("SELECT TRIM(TRAILING '{}' FROM 'barxyxxy') AS x, '{}' = 'X' AS same", ("1", "2", "xy", "x")),
    "trino": ("SELECT substr('hello', {}), substr('hi', -{})", ("1", "2", "0", "3")),
}


@pytest.mark.parametrize("source", DECIDING)
def test_a_literal_that_decides_is_translated_anew(proxy, engines, source):
    form, values = DECIDING[source]
    for letter in [letter for letter in corpus.LETTERS if letter not in corpus.OWN[source]]:
        conn, ask = through(proxy, source, letter)
        for value in values:
            assert ask(form.format(*[value] * 2)) == engines[ASKED[source]](form.format(*[value] * 2)), (letter, value)
        conn.close()


def test_the_corpus_is_large():
    counts = collections.Counter((case.source, letter, kind) for case in corpus.cases() for letter, kind in case.expected.items())
    assert len({(case.source, tuple(case.statements)) for case in corpus.cases()}) >= 500
    assert sum(count for (_, _, kind), count in counts.items() if kind == "same") >= 2000
    for case in corpus.cases():
        assert case.why or "other" not in case.expected.values(), f"{case}: says nothing about why it differs"
