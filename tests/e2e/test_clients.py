"""Real clients through the proxy, on every engine as far as its SQL goes. psql and the libraries of Python here, programs
in other languages in clients/: each prints a line per case."""

import asyncio
import datetime
import decimal
import os
import re
import signal
import subprocess
import uuid

import pytest

import proxy as proxy_module

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
BUILD = os.path.join(proxy_module.ROOT, "build", "clients")

asyncpg = pytest.importorskip("asyncpg")
pg8000 = pytest.importorskip("pg8000.dbapi")
psycopg = pytest.importorskip("psycopg")
psycopg2 = pytest.importorskip("psycopg2")
sqlalchemy = pytest.importorskip("sqlalchemy")


def integer_cast(engine):
    return "CAST(%s AS bigint)" if engine.name == "sqlite" else "CAST(%s AS integer)"


# psql


@pytest.fixture
def psql(engine, tool):
    """psql(command, ...): its CompletedProcess; several commands are several -c."""
    path = tool("psql")

    def run(*commands, text=None, options=(), env=None):
        arguments = [argument for command in commands for argument in ("-c", command)]
        return subprocess.run([path, "-X", "-A", "-t", "-v", "VERBOSITY=verbose", *options, *arguments, engine.proxy.dsn()], input=text,
                              capture_output=True, text=True, timeout=100, check=False, env={**os.environ, **(env or {})})
    return run


@pytest.mark.quick
def test_psql(engine, psql):
    t = engine.new_table()
    done = psql(engine.sql("id table", t=t), f"INSERT INTO {t} VALUES (1, 'one'), (2, NULL)", f"SELECT * FROM {t} ORDER BY id",
                "SELECT 1; SELECT 2", "")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "CREATE TABLE\nINSERT 0 2\n1|one\n2|\n1\n2\n"
    assert done.stderr == ""


def test_psql_errors(psql):
    done = psql("SELECT * FROM nowhere")
    assert done.returncode == 1
    assert re.search(r"^ERROR:  42P01: .*nowhere", done.stderr, re.M)
    done = psql(text="SELECT 1;\nSELEC 2;\nSELECT 3;\n", options=["-v", "ON_ERROR_STOP=0"])
    assert done.stdout == "1\n3\n" and "42601" in done.stderr


def test_psql_transaction(engine, psql):
    t = engine.new_table()
    done = psql(text=f"CREATE TABLE {t} (a integer);\nBEGIN;\nINSERT INTO {t} VALUES (1);\nROLLBACK;\nSELECT count(*) FROM {t};\n")
    assert done.stdout.splitlines()[-1] == "0", done.stderr
    done = psql(f"INSERT INTO {t} VALUES (1)", "SELECT nope", options=["-1"])
    assert done.returncode == 1
    assert psql(f"SELECT count(*) FROM {t}").stdout == "0\n"


def test_psql_gdesc_and_options(engine, psql):
    done = psql(text="SELECT 1 AS a, 'x' AS b \\gdesc\n")
    if engine.name == "sqlite":
        assert "ERROR" in done.stderr or done.stdout  # format_type() is not SQLite's
    elif engine.name == "postgres":
        assert done.stdout == "a|integer\nb|text\n"
    assert psql("SHOW timezone", env={"PGOPTIONS": "-c timezone=Asia/Tokyo"}).stdout == "Asia/Tokyo\n"
    assert psql("SHOW application_name", env={"PGAPPNAME": "mine"}).stdout == "mine\n"


def test_psql_copy_is_refused(engine, psql, tmp_path):
    file = tmp_path / "rows"
    file.write_text("1\n")
    t = engine.new_table()
    psql(f"CREATE TABLE {t} (a integer)")
    for command in (f"\\copy {t} from '{file}'", f"\\copy {t} to '{tmp_path}/out'", f"COPY {t} TO STDOUT"):
        done = psql(command)
        assert done.returncode != 0
        assert "0A000" in done.stderr and "COPY" in done.stderr, done.stderr


def test_psql_describes(engine, psql):
    """On PostgreSQL all of it works; elsewhere the error is the engine's own, and the session lives."""
    t = engine.new_table()
    psql(engine.sql("id table", t=t))
    for command, expected in (("\\d", t), ("\\dt", t), (f"\\d {t}", "id|integer"), ("\\l", "UTF8"), ("\\df", ""), ("\\du", "tester"), ("\\dn", "public")):
        done = psql(text=f"{command}\nSELECT 'after';\n")
        assert done.stdout.endswith("after\n"), done.stderr
        if engine.name == "postgres":
            assert expected in done.stdout and done.stderr == "", command
        elif done.stderr:
            assert re.search(r"ERROR:  [0-9A-Z]{5}: \S", done.stderr)


def test_psql_cursor_fetch(engine, psql):
    """FETCH_COUNT makes psql declare a cursor."""
    if engine.name != "postgres":
        pytest.skip("cursors in SQL are PostgreSQL's")
    done = psql(engine.sql("series", n=1000), options=["-v", "FETCH_COUNT=100"])
    assert done.stdout.splitlines() == [str(i) for i in range(1, 1001)]


def test_psql_cancel(engine, tool):
    """Ctrl-C."""
    with subprocess.Popen([tool("psql"), "-X", "-v", "VERBOSITY=verbose", "-c", engine.sql("long"), engine.proxy.dsn()], stderr=subprocess.PIPE, text=True) as psql:
        engine.proxy.wait_for(engine.proxy.running_queries, what="the query runs")
        psql.send_signal(signal.SIGINT)
        assert "57014" in psql.communicate(timeout=100)[1]
    engine.proxy.wait_for(lambda: not engine.proxy.running_queries(), what="no query runs")


# psycopg 3


@pytest.fixture
def psy(engine):
    with psycopg.connect(engine.proxy.dsn(), autocommit=True) as connection:
        yield connection


@pytest.mark.quick
@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_psycopg(engine, psy, binary):
    t = engine.new_table()
    psy.execute(engine.sql("id table", t=t))
    cursor = psy.cursor(binary=binary)
    for i in range(12):  # from the sixth on as a prepared statement
        cursor.execute(f"INSERT INTO {t} VALUES (%s, %s)", [i, f"name {i}" if i % 2 else None])
        assert cursor.rowcount == 1
    for i in range(12):
        row = cursor.execute(f"SELECT id, name FROM {t} WHERE id = %s", [i]).fetchone()
        assert row == (i, f"name {i}" if i % 2 else None)
    assert [column.name for column in cursor.description] == ["id", "name"]
    cursor.execute(f"SELECT * FROM {t} WHERE id < 0")
    assert cursor.fetchall() == []
    with pytest.raises(psycopg.errors.UniqueViolation):
        cursor.execute(f"INSERT INTO {t} VALUES (1, 'x')")
    with pytest.raises(psycopg.errors.UndefinedTable):
        cursor.execute("SELECT * FROM nowhere")


TYPES = [
    ("duckDb postgres", "integer", 7), ("duckDb postgres", "bigint", 1 << 40), ("duckDb postgres", "smallint", -3),
    ("duckDb postgres", "boolean", True), ("duckDb postgres", "double precision", 0.25), ("duckDb postgres", "date", datetime.date(2024, 2, 29)),
    ("duckDb postgres", "timestamp", datetime.datetime(2024, 2, 29, 12, 0, 0, 500000)),
    ("duckDb postgres", "timestamptz", datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)),
    ("duckDb postgres", "time", datetime.time(12, 34, 56, 789)), ("duckDb postgres", "numeric(10,2)", decimal.Decimal("12345678.90")),
    ("duckDb postgres", "uuid", uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")), ("duckDb postgres", "interval", datetime.timedelta(days=3, seconds=5)),
    ("duckDb postgres sqlite", "text", "ünï"), ("postgres", "integer[]", [1, None, 3]), ("postgres", "bytea", b"\0\xff"),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_psycopg_types(engine, psy, binary):
    cursor = psy.cursor(binary=binary)
    for engines, declared, value in TYPES:
        if engine.name in engines:
            marker = "%b" if binary else "%s"
            (got,) = cursor.execute(f"SELECT CAST({marker} AS {declared})", [value]).fetchone()
            assert got == value, declared


def test_psycopg_executemany_and_pipeline(engine, psy):
    t = engine.new_table()
    psy.execute(engine.sql("id table", t=t))
    cursor = psy.cursor()
    cursor.executemany(f"INSERT INTO {t} VALUES (%s, %s)", [(i, str(i)) for i in range(200)])
    assert cursor.rowcount == 200
    with psy.pipeline():
        cursors = [psy.execute(f"SELECT name FROM {t} WHERE id = %s", [i]) for i in range(50)]
    assert [one.fetchone() for one in cursors] == [(str(i),) for i in range(50)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        with psy.pipeline():
            psy.execute(f"INSERT INTO {t} VALUES (%s, 'x')", [1])
            psy.execute(f"INSERT INTO {t} VALUES (%s, 'x')", [999])
    assert psy.execute(f"SELECT count(*) FROM {t}").fetchone() == (200,)


def test_psycopg_transactions(engine, psy):
    t = engine.new_table()
    psy.execute(engine.sql("id table", t=t))
    with psy.transaction():
        psy.execute(f"INSERT INTO {t} VALUES (1, 'a')")
        assert psy.info.transaction_status.name == "INTRANS"
    with pytest.raises(ZeroDivisionError):
        with psy.transaction():
            psy.execute(f"INSERT INTO {t} VALUES (2, 'b')")
            raise ZeroDivisionError
    if engine.name != "duckDb":
        with psy.transaction():
            psy.execute(f"INSERT INTO {t} VALUES (3, 'c')")
            with psy.transaction(force_rollback=True):
                psy.execute(f"INSERT INTO {t} VALUES (4, 'd')")
    wanted = [(1,)] if engine.name == "duckDb" else [(1,), (3,)]
    assert psy.execute(f"SELECT id FROM {t} ORDER BY id").fetchall() == wanted
    with psycopg.connect(engine.proxy.dsn()) as implicit:  # BEGIN by itself
        for i in range(10, 20):
            implicit.execute(f"INSERT INTO {t} VALUES (%s, 'x')", [i])
        implicit.rollback()  # prepared statements: DEALLOCATE ALL follows
        for i in range(10, 20):
            implicit.execute(f"INSERT INTO {t} VALUES (%s, 'x')", [i])
    assert psy.execute(f"SELECT count(*) FROM {t}").fetchone() == (len(wanted) + 10,)


def test_psycopg_cursors_and_stream(engine, psy):
    rows = [row[0] for row in psy.cursor().stream(engine.sql("series", n=2000))]
    assert rows == list(range(1, 2001))
    if engine.name == "postgres":
        with psy.transaction(), psy.cursor("mine") as cursor:
            cursor.itersize = 100
            cursor.execute("SELECT * FROM generate_series(1, %s)", [1000])
            assert [row[0] for row in cursor] == list(range(1, 1001))


def test_psycopg_cancel_and_notices(engine, psy):
    with pytest.raises(psycopg.errors.QueryCanceled):
        psy.execute("SET statement_timeout = '200ms'")
        psy.execute(engine.sql("long"))
    psy.execute("RESET statement_timeout")
    assert psy.execute("SELECT 1").fetchone() == (1,)
    if engine.name == "postgres":
        seen = []
        psy.add_notice_handler(lambda notice: seen.append(notice.message_primary))
        psy.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        assert seen == ["hello"]


def test_psycopg_copy_is_refused(engine, psy):
    t = engine.new_table()
    psy.execute(f"CREATE TABLE {t} (a integer)")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        with psy.cursor().copy(f"COPY {t} FROM STDIN") as copy:
            copy.write_row((1,))
    assert psy.execute("SELECT 1").fetchone() == (1,)


# psycopg2, pg8000


def test_psycopg2(engine):
    t = engine.new_table()
    connection = psycopg2.connect(engine.proxy.dsn())
    cursor = connection.cursor()
    cursor.execute(engine.sql("id table", t=t))
    connection.commit()
    cursor.executemany(f"INSERT INTO {t} VALUES (%s, %s)", [(i, f"it's {i}") for i in range(20)])
    cursor.execute(f"SELECT name FROM {t} WHERE id = %s", [7])
    assert cursor.fetchall() == [("it's 7",)]
    connection.rollback()
    cursor.execute(f"SELECT count(*) FROM {t}")
    assert cursor.fetchone() == (0,)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        cursor.execute("SELECT * FROM nowhere")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("SELECT 1")
    connection.rollback()
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True, autocommit=False)
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)
    connection.rollback()
    if engine.name == "postgres":
        with connection.cursor("named") as named:
            named.execute("SELECT * FROM generate_series(1, 5000)")
            assert sum(row[0] for row in named) == 5000 * 5001 // 2
    connection.close()


def test_pg8000(engine):
    t = engine.new_table()
    connection = pg8000.connect(user="pg8000", host="127.0.0.1", port=engine.proxy.port, database="test")
    cursor = connection.cursor()
    cursor.execute(engine.sql("id table", t=t))
    connection.commit()
    for i in range(5):
        cursor.execute(f"INSERT INTO {t} VALUES ({integer_cast(engine)}, %s)", (i, f"n{i}"))
    cursor.execute(f"SELECT id, name FROM {t} WHERE id >= {integer_cast(engine)} ORDER BY id", (3,))
    assert [list(row) for row in cursor.fetchall()] == [[3, "n3"], [4, "n4"]]
    connection.rollback()
    cursor.execute(f"SELECT count(*) FROM {t}")
    assert cursor.fetchone()[0] == 0
    with pytest.raises(pg8000.DatabaseError) as caught:
        cursor.execute("SELECT * FROM nowhere")
    assert caught.value.args[0]["C"] == "42P01"
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone()[0] == 1
    connection.close()


# asyncpg


def with_asyncpg(engine, body, **options):
    async def run():
        connection = await asyncpg.connect(host="127.0.0.1", port=engine.proxy.port, user="asyncpg", database="test", ssl=False,
                                           **options)
        try:
            await body(connection)
        finally:
            await connection.close()
    asyncio.run(run())


@pytest.mark.quick
@pytest.mark.parametrize("cache", [100, 0], ids=["cached", "uncached"])
def test_asyncpg(engine, cache):
    t = engine.new_table()

    # SQLite says nothing of a parameter's type, so it is text to the client, whatever it is compared with
    p = str if engine.name == "sqlite" else int

    async def body(c):
        await c.execute(engine.sql("id table", t=t))
        assert await c.execute(f"INSERT INTO {t} VALUES ($1, $2)", p(1), "one") == "INSERT 0 1"
        await c.executemany(f"INSERT INTO {t} VALUES ($1, $2)", [(p(i), f"n{i}") for i in range(2, 50)])
        for i in range(5):
            assert await c.fetchval(f"SELECT name FROM {t} WHERE id = $1", p(i + 2)) == f"n{i + 2}"
        rows = await c.fetch(f"SELECT id, name FROM {t} WHERE id < $1 ORDER BY id", p(4))
        assert [tuple(row) for row in rows] == [(1, "one"), (2, "n2"), (3, "n3")]
        assert tuple(await c.fetchrow(f"SELECT id FROM {t} WHERE id > $1 ORDER BY id", p(3))) == (4,)
        assert await c.fetch(f"SELECT id FROM {t} WHERE id < $1", p(0)) == []
        with pytest.raises(asyncpg.UniqueViolationError):
            await c.execute(f"INSERT INTO {t} VALUES ($1, $2)", p(1), "x")
        with pytest.raises(asyncpg.UndefinedTableError):
            await c.fetch("SELECT * FROM nowhere")
        assert await c.fetchval("SELECT 1") == 1
    with_asyncpg(engine, body, statement_cache_size=cache)


def test_asyncpg_cursors_and_transactions(engine):
    t = engine.new_table()

    async def body(c):
        await c.execute(f"CREATE TABLE {t} (a integer)")
        async with c.transaction():
            seen = [row[0] async for row in c.cursor(engine.sql("series", n=333))]
            assert seen == list(range(1, 334))
            cursor = await c.cursor(engine.sql("series", n=100))
            assert [row[0] for row in await cursor.fetch(10)] == list(range(1, 11))
            assert (await cursor.fetchrow())[0] == 11
        with pytest.raises(ZeroDivisionError):
            async with c.transaction():
                await c.execute(f"INSERT INTO {t} VALUES (1)")
                raise ZeroDivisionError
        assert await c.fetchval(f"SELECT count(*) FROM {t}") == 0
        if engine.name != "duckDb":
            async with c.transaction():
                await c.execute(f"INSERT INTO {t} VALUES (1)")
                with pytest.raises(asyncpg.UndefinedColumnError):
                    async with c.transaction():
                        await c.execute("SELECT nope")
            assert await c.fetchval(f"SELECT count(*) FROM {t}") == 1
        with pytest.raises(asyncio.TimeoutError):
            await c.fetch(engine.sql("long"), timeout=0.3)
        assert await c.fetchval("SELECT 1") == 1
    with_asyncpg(engine, body)


def test_asyncpg_types(engine):
    async def body(c):
        for engines, declared, value in TYPES:
            if engine.name in engines:
                assert await c.fetchval(f"SELECT CAST($1 AS {declared})", value) == value, declared
    with_asyncpg(engine, body)


def test_asyncpg_pool(engine):
    """A pool resets its connections: pg_advisory_unlock_all, CLOSE ALL and so on, in one text, whatever engine they used."""
    async def run():
        async with asyncpg.create_pool(host="127.0.0.1", port=engine.proxy.port, user="asyncpg", database="test", ssl=False, min_size=2,
                                       max_size=4) as pool:
            async def one(i):
                async with pool.acquire() as c:
                    await c.execute("SET application_name = 'in a pool'")
                    return await c.fetchval("SELECT $1::int + 1", i) if engine.name != "sqlite" else await c.fetchval(f"SELECT {i} + 1")
            assert await asyncio.gather(*[one(i) for i in range(40)]) == list(range(1, 41))
            async with pool.acquire() as c:
                assert await c.fetchval("SHOW application_name") == ""
                if engine.name != "postgres":
                    return
                await c.execute("DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('sad', 'happy')")
                assert await c.fetchval("SELECT $1::mood", "happy") == "happy"  # looks the type up
    asyncio.run(run())


# SQLAlchemy


def test_sqlalchemy(engine):
    db = sqlalchemy.create_engine(f"postgresql+psycopg://tester@127.0.0.1:{engine.proxy.port}/test?sslmode=disable")
    if engine.name != "postgres":
        # its dialect asks PostgreSQL's catalog at connect: the error is one that says so, and the proxy lives
        try:
            with db.connect() as connection:
                assert connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1
        except sqlalchemy.exc.DBAPIError as problem:
            assert problem.orig.sqlstate
        db.dispose()
        return
    metadata = sqlalchemy.MetaData()
    t = sqlalchemy.Table(engine.new_table(), metadata, sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
                         sqlalchemy.Column("name", sqlalchemy.String(20), index=True), sqlalchemy.Column("at", sqlalchemy.DateTime))
    metadata.create_all(db)
    with db.begin() as connection:
        connection.execute(t.insert(), [{"id": i, "name": f"n{i}", "at": datetime.datetime(2024, 1, 1)} for i in range(20)])
    with db.connect() as connection:
        assert connection.execute(sqlalchemy.select(t.c.name).where(t.c.id.in_([3, 4])).order_by(t.c.id)).scalars().all() == ["n3", "n4"]
        with connection.begin_nested():
            connection.execute(t.delete())
            assert connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(t)).scalar() == 0
        connection.rollback()
        assert connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(t)).scalar() == 20
    inspector = sqlalchemy.inspect(db)
    assert t.name in inspector.get_table_names()
    assert [column["name"] for column in inspector.get_columns(t.name)] == ["id", "name", "at"]
    assert inspector.get_pk_constraint(t.name)["constrained_columns"] == ["id"]
    assert inspector.get_indexes(t.name)[0]["column_names"] == ["name"]
    db.dispose()


# programs in other languages


def build(arguments, cwd):
    """Runs a build step once per session; skips with its last words where the network or a tool is missing."""
    try:
        done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{arguments[0]}: not within 300 s")
    if done.returncode != 0:
        pytest.skip(f"{arguments[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1][:150] if done.stderr or done.stdout else 'failed'}")


def suite(command, cwd=None, env=None):
    """Runs a program of clients/ and checks that every case was ok."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100, check=False, env={**os.environ, **(env or {})})
    failures = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert failures == [] and done.returncode == 0 and done.stdout.count("ok ") >= 8, done.stdout + done.stderr


@pytest.fixture(scope="session")
def node_suite(tool):
    node, npm = tool("node"), tool("npm")
    folder = os.path.join(BUILD, "node")
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(os.path.join(folder, "node_modules", "pg", "package.json")):
        build([npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, "pg@8.23.1"], folder)
    return [node, os.path.join(CLIENTS, "node", "suite.js")], {"NODE_PATH": os.path.join(folder, "node_modules")}


@pytest.mark.timeout(400)
def test_node_pg(engine, node_suite):
    command, env = node_suite
    suite([*command, str(engine.proxy.port), engine.name], env=env)


@pytest.fixture(scope="session")
def pgx_suite(tool):
    program = os.path.join(BUILD, "pgx-suite")
    sources = [os.path.join(CLIENTS, "pgx", name) for name in ("main.go", "go.mod", "go.sum")]
    if not os.path.exists(program) or os.path.getmtime(program) < max(map(os.path.getmtime, sources)):
        os.makedirs(BUILD, exist_ok=True)
        build([tool("go"), "build", "-o", program, "."], os.path.join(CLIENTS, "pgx"))
    return program


@pytest.mark.timeout(400)
def test_pgx(engine, pgx_suite):
    suite([pgx_suite, str(engine.proxy.port), engine.name])


@pytest.fixture(scope="session")
def jdbc_suite(tool):
    javac, java = tool("javac"), tool("java")
    folder = os.path.join(BUILD, "jdbc")
    jar = os.path.join(folder, "postgresql-42.7.14.jar")
    source = os.path.join(CLIENTS, "jdbc", "Suite.java")
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(jar):
        build([tool("mvn"), "-q", "-B", "dependency:copy", "-Dartifact=org.postgresql:postgresql:42.7.14", f"-DoutputDirectory={folder}"],
              folder)
    classes = os.path.join(folder, "Suite.class")
    if not os.path.exists(classes) or os.path.getmtime(classes) < os.path.getmtime(source):
        build([javac, "-cp", jar, "-d", folder, source], folder)
    return [java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{jar}:{folder}", "Suite"]


@pytest.mark.timeout(400)
def test_pgjdbc(engine, jdbc_suite):
    suite([*jdbc_suite, str(engine.proxy.port), engine.name])


# pgbench


@pytest.fixture(scope="module")
def bench_database(engine, tool, postgres_server):
    """pgbench's tables, made past the proxy: it fills them by COPY."""
    if engine.name != "postgres":
        pytest.skip("pgbench's script is PostgreSQL's")
    path = tool("pgbench")
    done = subprocess.run([path, "-i", "-q", "-s", "1", postgres_server.dsn(engine.database)], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
@pytest.mark.parametrize("script", ["select-only", "tpcb-like"])
def test_pgbench(engine, bench_database, mode, script):
    done = subprocess.run([bench_database, "-n", "-b", script, "-M", mode, "-c", "8", "-j", "2", "-t", "100", engine.proxy.dsn()],
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "number of transactions actually processed: 800/800" in done.stdout
    assert "number of failed transactions: 0" in done.stdout


def test_pgbench_init_by_insert(engine, bench_database):
    """Its tables through the proxy: drop, create, generate on the server, vacuum."""
    done = subprocess.run([bench_database, "-i", "-I", "dtGvp", "-q", "-s", "1", engine.proxy.dsn()], capture_output=True, text=True,
                          timeout=100, check=False)
    assert done.returncode == 0, done.stderr
