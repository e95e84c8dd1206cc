"""Translation between dialects: PostgreSQL clients on DuckDB and SQLite get PostgreSQL's answers, and whatever a translating process does
harms nobody. sqlglot is that of the interpreter that runs these tests."""

import collections
import contextlib
import glob
import os
import re
import stat
import subprocess
import sys
import threading

import mysql.connector
import psycopg
import pymysql
import pytest
import trino

import mysql_server
import proxy as proxy_module
import translate_corpus as corpus

pytest.importorskip("sqlglot")

# What an operator's script may do, each on statements about a table of that name.
SCRIPT = """
import os, time

def transform(ast, src, dst):
    text = ast.sql()
    if "endless" in text:
        while True:
            pass
    if "asleep" in text:
        time.sleep(1000)
    if "hungry" in text:
        kept = [bytearray(1 << 28) for _ in range(40)]
    if "dies" in text:
        os._exit(1)
    if "garbage" in text:
        os.write(3, b"what is this" * 1000)
    if "wrong" in text:
        return ast.no_such_thing
    if "mallory" in text:
        raise ValueError("nothing of mallory")
    if "other_type" in text:
        return 17
    if "becomes_write" in text:
        return "DELETE FROM points"
    if "renamed" in text:
        return text.replace("renamed", "points")
    return ast
"""


def connect(proxy, **settings):
    conn = psycopg.connect(proxy.dsn(), autocommit=True)
    for name, value in settings.items():
        conn.execute(f"SET turnout.{name} = '{value}'")
    return conn


def explain(conn, sql):
    return dict(line.split(":", 1) for (line,) in conn.execute("EXPLAIN TRANSLATION " + sql))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("translate")


@pytest.fixture(scope="module")
def proxy(folder, make_engine):
    make_engine("duckDb")
    (folder / "script.py").write_text(SCRIPT)
    lite = {"engine": "sqlite", "databasePath": str(folder / "lite.db")}
    with proxy_module.Proxy({
        "turnout": {"translation": {"python": sys.executable, "timeoutMs": 3000, "workers": 2, "memoryLimit": "512MiB"},
                    "frontends": {"mysqlWire": {"port": 0}},
                    "persistence": {"type": "sqlite", "path": str(folder / "turnout.db")}},
        "clusters": {"duck": {"engine": "duckDb"}, "lite": lite, "lite-2": dict(lite)},
        "clusterGroups": {"d": {"members": ["duck"]}, "s": {"members": ["lite"]},
                          "strict": {"members": ["lite"], "translation": {"mode": "strict"}},
                          "both": {"members": ["lite", "duck"], "strategy": {"type": "failover"}, "translation": {"mode": "strict"}},
                          "own": {"members": ["lite"], "translation": {"dialect": "sqlite"}},
                          "off": {"members": ["lite"], "translation": {"mode": "off"}},
                          "either": {"members": ["lite", "duck"], "strategy": {"type": "failover"}},
                          "scripted": {"members": ["lite-2"], "translation": {"pythonScripts": [
                              str(folder / "script.py"), "def transform(ast, src, dst):\n    pass  # QueryFlux's form: the text, and nothing given back\n"]}}},
        "routers": [{"type": "deny", "regex": r"DATETIME\(.*-4444 days", "message": "not so long ago"}],
        "routingFallback": "d",
    }) as started:
        yield started
        started.check_sanitizers()


@pytest.fixture(scope="module")
def tables(proxy, postgres_server):
    """PostgreSQL itself, and the other engines through Turnout, with the same rows."""
    direct = psycopg.connect(postgres_server.dsn(postgres_server.create_database("translate")), autocommit=True)
    conns = {"d": connect(proxy, group="d", dialect="engine"), "s": connect(proxy, group="s", dialect="engine")}
    for sql in corpus.setup("postgres"):
        direct.execute(sql)
    for key, kind in (("d", "duckdb"), ("s", "sqlite")):
        for sql in corpus.setup(kind):
            conns[key].execute(sql)
        conns[key].execute("RESET turnout.dialect")
    yield direct, conns
    for conn in (direct, *conns.values()):
        conn.close()


def test_new_literals_need_no_worker(proxy, tables):
    _, conns = tables
    for i in range(40):
        assert conns["s"].execute(f"SELECT i, 'v{i}'::text FROM tt WHERE i = {i} AND s ILIKE 'x{i}' LIMIT {i + 1}").fetchall() == []
    assert [conns["s"].execute(f"SELECT date '2024-01-15' + interval '{i} days'").fetchone()[0] for i in range(1, 4)] == [
        "2024-01-16", "2024-01-17", "2024-01-18"]  # an interval is part of the key
    assert conns["s"].execute("SELECT 'it''s', 'a\\b', E'tab\\t'").fetchone() == ("it's", "a\\b", "tab\t")
    _, metrics = proxy.admin("/metrics")
    counts = {line.split()[0]: float(line.split()[1]) for line in metrics.splitlines() if line.startswith("turnout_translation_")}
    assert counts["turnout_translation_cache_hits_total"] >= 37 and counts["turnout_translation_available"] == 1


def test_a_literal_that_cannot_be_said_is_refused_for_itself(tables):
    """The next one of its shape may be written well."""
    _, conns = tables
    for wrong in ("1 dya", "2 dyas", "3 dya"):
        with pytest.raises(psycopg.Error, match="cannot be translated"):
            conns["s"].execute(f"SELECT 'slip', date '2024-01-15' + interval '{wrong}'")
    assert conns["s"].execute("SELECT 'slip', date '2024-01-15' + interval '3 days'").fetchone()[1] == "2024-01-18"
    for at in range(3):  # what no literal is the cause of is known of the shape
        with pytest.raises(psycopg.Error, match="no words for arrays"):
            conns["s"].execute(f"SELECT array_agg(i) FROM tt WHERE i > {at}")


def test_parameters_keep_their_order_and_types(tables):
    direct, conns = tables
    for sql, values in (("SELECT i FROM tt WHERE d > %s AND s ILIKE %s ORDER BY i LIMIT %s", ("2024-01-01", "%A", 2)),
                        ("SELECT left(s, %s), i + %s FROM tt WHERE i = %s", (2, 10, 1)),
                        ("SELECT i FROM tt ORDER BY i LIMIT %s OFFSET %s", (1, 2))):
        want = direct.execute(sql, values).fetchall()
        for conn in conns.values():
            assert conn.execute(sql, values, prepare=True).fetchall() == want
            assert conn.execute(sql, values).fetchall() == want


def test_columns_without_a_name_have_postgresqls(tables):
    direct, conns = tables
    items = ("mod(7, 2)", "7 % 2", "power(2, 3)", "random()", "char_length(s)", "btrim(s)", "trim(s)", "trim(leading 'x' from s)", "lpad(s, 2)", "strpos(s, 'a')",
             "position('a' in s)", "current_timestamp", "now()", "date_part('day', d)", "extract(day from d)", "ceiling(1.5)", "div(7, 2)", "s || s", "i::text", "1::bigint",
             "date '2024-01-01'", "case when i > 1 then 1 else i end", "case when i > 1 then 1 end", "(case when i > 1 then 1 end)::text", "(select max(i) from tt)",
             "(select 1)", "exists (select 1)", "i = 1", "null", "(i)", "coalesce(i, 1)", "substring(s from 2)", "to_char(d, 'YYYY')", "now() at time zone 'UTC'")
    grouped = ("bool_and(i > 1)", "var_pop(i)", "sum(i)::int", "count(*) filter (where i > 1)", "max(i) + 1", "string_agg(s, ',')", "stddev(i)")
    for sql in (f"SELECT {', '.join(items)} FROM tt LIMIT 1", f"SELECT {', '.join(grouped)} FROM tt"):
        want = [column.name for column in direct.execute(sql).description]
        for conn in conns.values():
            assert [column.name for column in conn.execute(sql).description] == want


def test_explain_translation(proxy):
    conn = connect(proxy, group="s")
    told = explain(conn, "SELECT now() - interval '3 days'")
    assert told["Dialects"].strip() == "postgres to sqlite" and told["Result"].strip() == "translated"
    assert "DATETIME(CURRENT_TIMESTAMP, '-3 days')" in told["Text"]
    assert "needs no translation" in explain(connect(proxy, group="own"), "SELECT datetime('now')")["Result"]
    assert explain(conn, "SELECT FROM WHERE")["Result"].strip() == "sent as written: not understood"
    assert explain(conn, "SELECT FROM WHERE")["Text"].strip() == "SELECT FROM WHERE"
    conn.execute("SELECT now() - interval '3 days'")
    assert "DATETIME(CURRENT_TIMESTAMP, '-3 days')" in "".join(
        line for (line,) in conn.execute("EXPLAIN ROUTE SELECT now() - interval '3 days'"))
    with pytest.raises(psycopg.Error, match="no statement behind"):
        conn.execute("EXPLAIN TRANSLATION")
    assert conn.execute("EXPLAIN TRANSLATION SELECT 1", prepare=True).description[0].name == "TRANSLATION"


def test_no_two_words_have_one_name():
    """The files of src/translate/words are one program."""
    files = glob.glob(os.path.join(os.path.dirname(__file__), "../../src/translate/words/*.py"))
    names = collections.Counter(name for path in files for name in re.findall(r"(?m)^(?:def )?([A-Za-z_]\w*)(?=\(| = )", open(path, encoding="utf-8").read()))
    assert len(names) > 300 and [name for name, count in names.items() if count > 1] == []


def test_types_of_columns(proxy):
    """d + 7 is of what d is: the engine is asked, again when a statement of ours changed the table, and by many at once."""
    conn = connect(proxy, group="s")
    for kind, value, seven_more in (("date", "'2024-01-31'", "2024-02-07"), ("integer", "31", 38), ("date", "'2024-02-29'", "2024-03-07")):
        conn.execute("DROP TABLE IF EXISTS typed_columns")
        conn.execute(f"CREATE TABLE typed_columns (id integer, d {kind})")
        conn.execute(f"INSERT INTO typed_columns VALUES (1, {value})")
        assert conn.execute("SELECT d + 7 FROM typed_columns").fetchone() == (seven_more,)
        assert conn.execute("SELECT t.d + 7 FROM (SELECT x.d FROM typed_columns x) t").fetchone() == (seven_more,)
    assert "as the engine tells" in explain(conn, "SELECT d + 7 FROM typed_columns")["Types"]
    conn.execute("ALTER TABLE typed_columns RENAME TO typed_before")
    conn.execute("CREATE TABLE typed_columns AS SELECT 5 AS id, 31 AS d")
    assert conn.execute("SELECT d + 7 FROM typed_columns").fetchone() == (38,)
    answers, lock = [], threading.Barrier(8)

    def ask():
        one = connect(proxy, group="s")
        lock.wait(60)
        answers.append(one.execute("SELECT d + 7 FROM typed_before").fetchone())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert answers == [("2024-03-07",)] * 8
    conn.execute("DROP TABLE typed_before")
    conn.execute("DROP TABLE typed_columns")


def test_types_are_not_asked_for(folder):
    """columnTypesMaxAge: 0s. The statement's words have to do, and EXPLAIN TRANSLATION says so."""
    lite = {"engine": "sqlite", "databasePath": str(folder / "untyped.db")}
    with proxy_module.Proxy(proxy_module.one_cluster("lite", lite, translation={"python": sys.executable, "timeoutMs": 10000, "columnTypesMaxAge": "0s"})) as one:
        conn = connect(one)
        conn.execute("CREATE TABLE untyped (d date)")
        conn.execute("INSERT INTO untyped VALUES ('2024-01-31')")
        assert conn.execute("SELECT d + 7 FROM untyped").fetchone() == (2031,)
        assert "not known" in explain(conn, "SELECT d + 7 FROM untyped")["Types"]
        assert "turnout_column_types_asked_total 0\n" in one.admin("/metrics")[1]
        one.check_sanitizers()


def test_who_writes_what(proxy):
    """The engine's own SQL stays: by SET, by group, by switching it off, and where sqlglot cannot read it."""
    for settings in ({"group": "s", "dialect": "engine"}, {"group": "s", "dialect": "sqlite"}, {"group": "own"}, {"group": "off"}):
        assert connect(proxy, **settings).execute("SELECT typeof(1/2.0), 'a' LIKE 'A'").fetchone() == ("real", 1)
    assert connect(proxy, group="s").execute("SELECT 'a' LIKE 'A'").fetchone() == (0,)
    assert connect(proxy, group="s", dialect="mysql").execute("SELECT IFNULL(NULL, `x`.`y`) FROM (SELECT 3 AS y) AS x").fetchone() == (3,)
    with pytest.raises(psycopg.Error, match="turnout.dialect"):
        connect(proxy, dialect="klingon")


def test_clients_of_trino(proxy):
    with trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="me", session_properties={"turnout.group": "s"}) as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT date_add('day', 3, DATE '2024-01-30'), 7 / 2, approx_distinct(x) FROM (VALUES 1, 2, 2) AS t(x)")
        assert [str(value) for value in cursor.fetchone()] == ["2024-02-02", "3", "2"]
        cursor.execute("SELECT substr('abc', ?, 1), ?", (2, "x"))
        assert list(cursor.fetchone()) == ["b", "x"]


def test_strict_goes_to_who_understands(proxy):
    sql = "SELECT DISTINCT ON (x) x FROM (SELECT 1 AS x) t FOR EACH NONSENSE"
    with pytest.raises(psycopg.Error, match="cannot be translated from postgres to sqlite"):
        connect(proxy, group="strict").execute(sql)
    conn = connect(proxy, group="both", dialect="duckdb")
    assert conn.execute("SELECT list_sum([x for x in range(4)])").fetchone() == (6,)  # lite cannot be told it; duck can
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_members_that_lack_words_are_left_out(proxy):
    """Where something cannot be said at all, and, as long as there is another, where sqlglot says that something has no words."""
    conn, alone = connect(proxy, group="either"), connect(proxy, group="s")
    arrays = "SELECT cardinality(array_agg(x)) FROM (SELECT 1 AS x) AS t"
    for sql, want in ((arrays, 1),
                      ("SELECT count(*) FROM (SELECT 1 AS x) AS t TABLESAMPLE BERNOULLI (100)", 1)):
        for _ in range(3):
            assert conn.execute(sql).fetchone() == (want,)
            assert explain(conn, sql)["Cluster"].strip() == "duck (duckDb)"
        assert any("duck" in line and "chosen" in line for (line,) in conn.execute("EXPLAIN ROUTE " + sql))
    assert explain(conn, "SELECT left('abc', 2)")["Cluster"].strip() == "lite (sqlite)"  # the first is still the first
    for _ in range(2):
        with pytest.raises(psycopg.Error, match="cannot be translated from postgres to sqlite") as error:
            alone.execute(arrays)
        assert error.value.sqlstate == "0A000" and "no words for arrays" in error.value.diag.message_primary
    assert alone.execute("SELECT count(*) FROM (SELECT 1 AS x) AS t TABLESAMPLE BERNOULLI (100)").fetchone() == (1,)


def test_rules_see_what_is_sent(proxy):
    sql = "SELECT now() - interval '4444 days'"
    assert connect(proxy, group="d").execute(sql).fetchone() is not None
    for _ in range(2):
        with pytest.raises(psycopg.Error, match="not so long ago") as error:
            connect(proxy, group="s").execute(sql)
        assert error.value.sqlstate == "42501" and "DATETIME(CURRENT_TIMESTAMP, '-4444 days')" in error.value.diag.message_detail
    assert connect(proxy, group="s").execute("SELECT now() - interval '4443 days'").fetchone() is not None


def test_transactions_definitions_and_several_statements(proxy):
    with connect(proxy, group="s") as conn:
        conn.execute("BEGIN")
        conn.execute("CREATE TABLE kept_not (a double precision, b boolean DEFAULT true, c timestamptz)")
        conn.execute("INSERT INTO kept_not (a, c) VALUES (%s, now() - interval '1 day')", (1.5,))
        assert conn.execute("SELECT a, left('abc', 2) FROM kept_not WHERE c < now()").fetchone() == (1.5, "ab")
        conn.execute("ROLLBACK")
        with pytest.raises(psycopg.Error, match="no such table"):
            conn.execute("SELECT left('abc', 2) FROM kept_not")
        cursor = conn.execute("SELECT left('abc', 1); SELECT right('abc', 1); SELECT 7 / 2")
        got = [cursor.fetchone()]
        while cursor.nextset():
            got.append(cursor.fetchone())
        assert got == [("a",), ("c",), (3,)]


def test_clients_of_mysql(proxy):
    """Their own text is what is translated, not what engines of other dialects would be sent in its place."""
    for group, like in (("s", "\"y\" LIKE 'a%'"), ("d", "\"y\" ILIKE 'a%'")):
        with contextlib.closing(mysql.connector.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", ssl_disabled=True)) as conn:
            cursor = conn.cursor()
            cursor.execute(f"SET @turnout_group = '{group}'")
            cursor.execute('SELECT "it\'s", `x`, if(1, "a\\\\b", "2") FROM (SELECT 7 AS `x`) AS t # and no more')
            assert cursor.fetchall() == [("it's", 7, "a\\b")]
            cursor.execute("EXPLAIN TRANSLATION SELECT date_add('2024-01-31', INTERVAL 1 MONTH), `y` LIKE \"a%\" FROM `z`")
            told = "\n".join(line for (line,) in cursor.fetchall())
            assert "mysql to" in told and "FROM `" not in told and 'FROM "z"' in told and like in told
            prepared = conn.cursor(prepared=True)
            for _ in range(2):
                prepared.execute("SELECT concat(?, '-', ?), left(?, 2) LIMIT ?", ("a", "b", "xyz", 1))
                assert prepared.fetchall() == [("a-b", "xy")]
            prepared.execute("SELECT i FROM (SELECT 1 AS i UNION ALL SELECT 2 UNION ALL SELECT 3) AS t ORDER BY i LIMIT ?, ?", (1, 2))
            assert prepared.fetchall() == [(2,), (3,)]


def test_check_starts_python(proxy, tmp_path):
    def check(python):
        file = tmp_path / "turnout.yaml"
        file.write_text(f"turnout:\n  translation: {{ python: {python} }}\nclusters: {{ a: {{ engine: sqlite }} }}\nclusterGroups: {{ g: {{ members: [a] }} }}\nroutingFallback: g\n")
        return proxy.cli("check", str(file), check=False)

    done = check(sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    for wrong in ("/nowhere/python3", "/bin/false"):
        done = check(wrong)
        assert done.returncode == 1 and "turnout.yaml:2: error: turnout.translation.python: does not run as Python" in done.stdout
    bare = tmp_path / "bare"
    bare.write_text(f"#!/bin/sh\nexec {sys.executable} -S \"$@\"\n")
    bare.chmod(0o755)
    done = check(bare)
    assert done.returncode == 0 and "warning: turnout.translation.python" in done.stdout and "No module named 'sqlglot'" in done.stdout


def test_scripts(proxy):
    with connect(proxy, group="scripted", dialect="sqlite") as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS points (k integer)")
        conn.execute("INSERT INTO points VALUES (7)")
    conn = connect(proxy, group="scripted")
    assert conn.execute("SELECT k FROM renamed").fetchone() == (7,)
    with pytest.raises(psycopg.Error, match=r"script\.py: line \d+: AttributeError") as error:
        conn.execute("SELECT k FROM wrong")
    assert error.value.sqlstate == "38000"
    with pytest.raises(psycopg.Error, match="transform.. gave int"):
        conn.execute("SELECT k FROM other_type")
    for _ in range(2):
        with pytest.raises(psycopg.Error, match="the translation of a read would be none|has no words for it|cannot be expressed"):  # a read stays one
            conn.execute("SELECT k FROM becomes_write")
    assert conn.execute("SELECT count(*) FROM points").fetchone() == (1,)
    assert connect(proxy, group="s").execute("SELECT 1 AS wrong").fetchone() == (1,)  # another group has no script
    for _ in range(2):  # the second time it is remembered
        assert "script.py (changed it), clusterGroups.scripted.translation.pythonScripts[1]" in explain(conn, "SELECT k FROM renamed")["Scripts"]
        told = explain(conn, "SELECT left('abc', 1) AS other")["Scripts"].strip()
        assert told.endswith("script.py, clusterGroups.scripted.translation.pythonScripts[1]"), told
    assert "Scripts" not in explain(connect(proxy, group="s"), "SELECT 1")


def test_a_script_may_go_by_literals(proxy):
    """What it made of some statements of a template says nothing about the next one."""
    conn = connect(proxy, group="scripted")
    for name in ("ann", "bob", "cid", "ann"):
        assert conn.execute(f"SELECT '{name}' AS who, to_char(DATE '2024-02-29', 'YYYY')", prepare=False).fetchone() == (name, "2024")
    for _ in range(2):
        with pytest.raises(psycopg.Error, match="nothing of mallory") as error:
            conn.execute("SELECT 'mallory' AS who, to_char(DATE '2024-02-29', 'YYYY')", prepare=False)
        assert error.value.sqlstate == "38000"
    assert conn.execute("SELECT 'dan' AS who, to_char(DATE '2024-02-29', 'YYYY')", prepare=False).fetchone() == ("dan", "2024")


@pytest.mark.parametrize("table", ["endless", "asleep", "hungry", "dies", "garbage"])
def test_what_a_worker_does_harms_nobody(proxy, table):
    """The statement goes as it was written (and SQLite does not know the table) or is the script's error, others go on meanwhile, and afterwards all is well."""
    other, errors = connect(proxy, group="s"), []

    def suffer():
        try:
            connect(proxy, group="scripted").execute(f"SELECT k FROM {table}")
        except psycopg.Error as error:
            errors.append(str(error))

    thread = threading.Thread(target=suffer)
    thread.start()
    for i in range(20):
        assert other.execute(f"SELECT {i}, left('abc', 2)").fetchone() == (i, "ab")
    thread.join()
    assert "no such table" in errors[0] or "MemoryError" in errors[0] or "script.py: line" in errors[0] and "did not come to an end" in errors[0]
    assert connect(proxy, group="scripted").execute(f"SELECT '{table[::-1]}', right('abc', 2)").fetchone() == (table[::-1], "bc")


def test_no_python(folder):
    """Nothing, nothing that speaks, and nothing with sqlglot: statements run, and a strict group says what is missing."""
    fake = folder / "fake"
    fake.write_text("#!/bin/sh\nhead -c 100000 /dev/urandom\nsleep 100\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    for python in ("/nowhere/python3", str(fake)):
        with proxy_module.Proxy({"turnout": {"translation": {"python": python}}, "clusters": {"lite": {"engine": "sqlite"}},
                                 "clusterGroups": {"s": {"members": ["lite"]}, "strict": {"members": ["lite"], "translation": {"mode": "strict"}}},
                                 "routingFallback": "s"}) as proxy:
            conn = connect(proxy)
            assert conn.execute("SELECT 'a' || 'b'").fetchone() == ("ab",)
            assert "translation is not available" in explain(conn, "SELECT 1")["Result"]
            with pytest.raises(psycopg.Error, match="translation is not available"):
                connect(proxy, group="strict").execute("SELECT 1")


def test_the_cache_outlives_a_restart(proxy, folder):
    conn = connect(proxy, group="s")
    for i in range(3):
        conn.execute(f"SELECT 'outlives{i}', left('abc', {i + 1})")
    conn.close()
    proxy.restart()
    assert connect(proxy, group="s").execute("SELECT 'outlives', left('abc', 2)").fetchone() == ("outlives", "ab")
    assert os.path.getsize(folder / "turnout.db.translations") > 4096


def test_the_first_python3_of_path_knows_its_libraries(proxy):
    """That of a virtual environment, which is not in the PATH of the worker itself."""
    environment = {**proxy.environment(), "PATH": os.path.dirname(sys.executable) + ":/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run([proxy_module.binary(), "translate", "--from", "postgres", "--to", "sqlite", "SELECT now() - interval '3 days'"],
                          env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "DATETIME(CURRENT_TIMESTAMP, '-3 days')" in done.stdout, done.stderr


def test_command_line(proxy):
    done = proxy.cli("translate", "--python", sys.executable, "--from", "postgres", "--to", "sqlite", "SELECT now() - interval '3 days'; SELECT $2, $1")
    assert "DATETIME(CURRENT_TIMESTAMP, '-3 days')" in done.stdout and "SELECT $2 AS" in done.stdout
    assert proxy.cli("translate", "--from", "postgres", "SELECT 1", check=False).returncode == 2
    failed = proxy.cli("translate", "--python", sys.executable, "--from", "postgres", "--to", "trino", "SELECT FROM WHERE", check=False)
    assert failed.returncode == 1 and "not understood" in failed.stderr
    for target in ("sqlite", "mysql"):
        failed = proxy.cli("translate", "--python", sys.executable, "--strict", "--from", "trino", "--to", target, "SELECT count(*) FROM hive.web.visits", check=False)
        assert failed.returncode == 1 and "a table of the catalog hive" in failed.stderr
    assert 'FROM "default".visits' in proxy.cli("translate", "--python", sys.executable, "--from", "trino", "--to", "postgres", "SELECT 1 FROM default.visits").stdout


def test_lists_are_as_long_as_they_are():
    """MariaDB would cut them at group_concat_max_len: a translation says how long they may be. Of one that was cut all the same there is no percentile."""
    with mysql_server.MariaDbServer(["--group-concat-max-len=20"]) as server:
        server.create_database("cut")
        server.sql("CREATE TABLE n AS SELECT seq * 1000 AS a FROM seq_1_to_40", "cut")
        config = proxy_module.one_cluster("m", server.cluster("cut"), translation={"python": sys.executable})
        with proxy_module.Proxy(config) as proxy, psycopg.connect(proxy.dsn(), autocommit=True) as connection:
            for function, want in (("percentile_cont", 20500), ("percentile_disc", 20000)):
                ask = f"SELECT {function}(0.5) WITHIN GROUP (ORDER BY a) FROM n WHERE a <= %s"
                assert connection.execute(ask, [40000]).fetchone()[0] == want
                sent = connection.execute(f"EXPLAIN TRANSLATION {ask.replace('%s', '40000')}").fetchall()
                text = next(row[0].split("Text:")[1].strip() for row in sent if "Text:" in row[0])
                assert text.startswith("/*M!")
                with pytest.raises(pymysql.err.MySQLError, match="1690"):
                    server.sql(text.partition("*/")[2], "cut")
            long = "SELECT length(string_agg(repeat('x', a::int), ',' ORDER BY a)) FROM n WHERE a <= %s"
            assert connection.execute(long, [40000]).fetchone()[0] == 820039
            assert connection.execute(long, [1000], prepare=True).fetchone()[0] == 1000
