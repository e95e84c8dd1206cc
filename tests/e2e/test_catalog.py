"""PostgreSQL's catalog, where the group has no PostgreSQL: what psql's \\d, SQLAlchemy and drivers ask of it, on engines of another kind."""

import json
import sqlite3
import subprocess
import threading

import pytest

import ops
import wire

psycopg = pytest.importorskip("psycopg")
psycopg2 = pytest.importorskip("psycopg2")
sqlalchemy = pytest.importorskip("sqlalchemy")

ENGINES = ("duckDb", "sqlite", "mysql")
TABLES = [
    "CREATE TABLE customer (c_id integer PRIMARY KEY, c_name varchar(25) NOT NULL, c_balance numeric(15, 2))",
    "CREATE TABLE orders (o_id integer PRIMARY KEY, o_cust integer, o_when date, o_note varchar(40) DEFAULT 'none', UNIQUE (o_cust, o_when), "
    "FOREIGN KEY (o_cust) REFERENCES customer (c_id))",
    "CREATE INDEX orders_when ON orders (o_when)",
    "CREATE VIEW big_orders AS SELECT o_id, o_when FROM orders WHERE o_id > 1000",
]


@pytest.fixture(scope="module")
def tables(engine):
    """The schema they are in."""
    with psycopg.connect(engine.proxy.dsn(), autocommit=True) as connection:
        for sql in TABLES:
            connection.execute(sql)
        return connection.execute("SELECT current_schema()").fetchone()[0]


def rows(connection, sql, *values):
    return connection.execute(sql, values or None).fetchall()


@pytest.fixture
def connection(engine, tables):
    with psycopg.connect(engine.proxy.dsn(), autocommit=True) as one:
        yield one


@pytest.fixture
def psql(engine, tables, tool):
    """psql(command ...): what it prints."""
    def run(*commands):
        each = [word for command in commands for word in ("-c", command)]
        done = subprocess.run([tool("psql"), "-X", "-d", engine.proxy.dsn(), *each], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return done.stdout
    return run


def test_psql_describes(psql, tables):
    told = psql(r"\d orders")
    assert f'Table "{tables}.orders"' in told
    assert [line.split("|")[0].strip() for line in told.splitlines() if "|" in line] == ["Column", "o_id", "o_cust", "o_when", "o_note"]
    assert "not null" in next(line for line in told.splitlines() if "o_id " in line)
    assert "'none'" in told and " date " in told
    assert '"orders_pkey" PRIMARY KEY, btree (o_id)' in told and '"orders_when" btree (o_when)' in told and "UNIQUE CONSTRAINT, btree (o_cust, o_when)" in told
    assert "FOREIGN KEY (o_cust) REFERENCES customer(c_id)" in told
    assert "Referenced by:" in psql(r"\d customer")
    assert "o_when" in psql(r"\d big_orders")


def test_psql_lists(psql, tables):
    for command, names in {r"\d": ("customer", "orders", "big_orders"), r"\dt": ("customer", "orders"), r"\dv": ("big_orders",), r"\di": ("orders_pkey", "orders_when"),
                           r"\dn": (tables,), r"\l": ("test",), r"\du": ("turnout",), r"\dt ord*": ("orders",)}.items():
        told = psql(command)
        for name in names:
            assert any(name in [cell.strip() for cell in line.split("|")] for line in told.splitlines()), (command, told)
    assert "big_orders" not in psql(r"\dt") and "customer" not in psql(r"\dt ord*")
    assert "0 rows" in psql(r"\df")
    assert "o_id" in psql(r"\sv big_orders")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_sqlalchemy_inspects(engine, tables, driver):
    """psycopg sets a savepoint around its look-up of types."""
    db = sqlalchemy.create_engine(f"postgresql+{driver}://tester@127.0.0.1:{engine.proxy.port}/test?sslmode=disable")
    inspector = sqlalchemy.inspect(db)
    assert inspector.default_schema_name == tables
    assert {"customer", "orders"} <= set(inspector.get_table_names()) and inspector.get_view_names() == ["big_orders"]
    assert inspector.has_table("orders") and not inspector.has_table("nothing")
    columns = {c["name"]: c for c in inspector.get_columns("orders")}
    assert list(columns) == ["o_id", "o_cust", "o_when", "o_note"]
    assert isinstance(columns["o_when"]["type"], sqlalchemy.Date) and isinstance(columns["o_cust"]["type"], sqlalchemy.Integer)
    assert not columns["o_id"]["nullable"] and columns["o_cust"]["nullable"]
    assert inspector.get_pk_constraint("orders")["constrained_columns"] == ["o_id"]
    assert [i["column_names"] for i in inspector.get_indexes("orders") if i["name"] == "orders_when"] == [["o_when"]]
    assert [u["column_names"] for u in inspector.get_unique_constraints("orders")] == [["o_cust", "o_when"]]
    key, = inspector.get_foreign_keys("orders")
    assert (key["constrained_columns"], key["referred_table"], key["referred_columns"]) == (["o_cust"], "customer", ["c_id"])
    assert "o_id" in inspector.get_view_definition("big_orders")
    everything = sqlalchemy.MetaData()
    everything.reflect(db)
    with db.connect() as connection:
        assert connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(everything.tables["orders"])).scalar() == 0
    db.dispose()


def test_information_schema_with_parameters(connection, tables):
    sql = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position"
    for _ in range(6):  # prepared from the fifth on
        assert rows(connection, sql, tables, "customer") == [("c_id", "NO"), ("c_name", "NO"), ("c_balance", "YES")]
    assert rows(connection, sql, tables, "nothing") == []
    assert rows(connection, "SELECT relname FROM pg_catalog.pg_class WHERE oid = %s::regclass AND relkind = ANY(%s)", "orders", ["r", "p"]) == [("orders",)]
    assert rows(connection, "SELECT relname FROM pg_class WHERE relname ~ %s ORDER BY 1", "^(customer|big_orders)$") == [("big_orders",), ("customer",)]


# What tools ask, shortened to what they need of us: columns by name, and a row.
TOOLS = {
    "npgsql: arrays are told by their functions": (
        "SELECT a.typname, p.proname, e.typname AS elem, a.typtype FROM pg_type a JOIN pg_proc p ON p.oid = a.typreceive LEFT JOIN pg_type e ON e.oid = a.typelem "
        "LEFT JOIN pg_range ON pg_range.rngtypid = a.oid WHERE a.typname = '_int4'", [("_int4", "array_recv", "int4", "b")]),
    "rails": ("SELECT t.typname, t.typelem, t.typinput FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('_text')", [("_text", 25, "array_in")]),
    "datagrip: relations and their age": (
        "select T.relname as table_name, T.xmin as state, pg_catalog.age(T.xmin) as Age from pg_catalog.pg_class T where relnamespace = '{schema}'::regnamespace and relname = 'orders'",
        [("orders", 0, 1)]),
    "datagrip: operator classes of indexes": (
        "select ind.relname, opcmethod from pg_catalog.pg_index i join pg_catalog.pg_class ind on ind.oid = i.indexrelid left join pg_catalog.pg_opclass on pg_opclass.oid = ANY(indclass) "
        "where i.indrelid = 'orders'::regclass and ind.relname = 'orders_when'", [("orders_when", None)]),
    "datagrip: transaction": ("select case when pg_catalog.pg_is_in_recovery() then null else pg_catalog.txid_current()::varchar::bigint > 0 end as current_txid", [(True,)]),
    "pgadmin: the session's own role": ("SELECT rolname, rolcanlogin FROM pg_roles WHERE pg_roles.rolname = current_user", [("tester", True)]),
    "pgadmin: a setting": ("SELECT set_config('application_name','x',false) FROM pg_settings WHERE name = 'application_name'", [("x",)]),
    "grafana: tables on the path": (
        "SELECT quote_ident(table_name) AS \"table\" FROM information_schema.tables WHERE table_name = 'orders' AND table_schema IN (SELECT CASE WHEN trim(s[i]) = '\"$user\"' THEN user ELSE trim(s[i]) END "
        "FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, "
        "string_to_array(current_setting('search_path'),',') s)", [("orders",)]),
    "psqlodbc: keys": (
        "select i::int2 as \"KEY_SEQ\", a1.attname from (select conkey, conrelid, generate_series(array_lower(conkey, 1), array_upper(conkey, 1)) as i from pg_catalog.pg_constraint cn "
        "where contype = 'f' and conrelid = 'orders'::regclass) ref inner join pg_catalog.pg_attribute a1 on a1.attrelid = ref.conrelid and a1.attnum = conkey[i]", [(1, "o_cust")]),
    "prisma: lists in brackets": (
        "SELECT tbl.relname FROM pg_class AS tbl JOIN pg_namespace AS n ON n.oid = tbl.relnamespace WHERE n.nspname = ANY ( '{public,{schema}}' ) AND reltype > 0 AND relname = 'orders'", [("orders",)]),
    "dbt: grouped by what relations are called, too": (
        "select n.nspname as n, count(*) as c from pg_namespace n join pg_class c on c.relnamespace = n.oid where c.relname = 'orders' group by n order by n", [("{schema}", 1)]),
    "typeorm: a view without a name": (
        "SELECT \"columns\".column_name, columns.data_type, "
        "pg_catalog.col_description(('\"' || table_schema || '\".\"' || table_name || '\"')::regclass::oid, ordinal_position) FROM \"information_schema\".\"columns\" "
        "WHERE table_name = 'orders' AND column_name = 'o_when'", [("o_when", "date", None)]),
    "a backslash in a pattern": ("SELECT count(*) FROM pg_class WHERE relname LIKE 'orders\\_when' OR relname NOT LIKE '%' || 'rder%' AND relname LIKE '\\c%'", [(3,)]),
    "metabase: format()": ("SELECT CAST(CAST(FORMAT('%I.%I', CAST(table_schema AS text), table_name) AS regclass) AS oid) = 'orders'::regclass FROM information_schema.tables WHERE table_name = 'orders'",
                           [(True,)]),
    "casts back and forth": ("SELECT c.oid::regclass::oid = c.oid, c.oid::regclass, 'orders'::regclass::oid::regclass::text FROM pg_class c WHERE c.oid::regclass = 'orders'::regclass",
                             [(True, "orders", "orders")]),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tools(connection, tables, tool):
    sql, wanted = TOOLS[tool]
    assert rows(connection, sql.replace("{schema}", tables)) == [tuple(v.replace("{schema}", tables) if isinstance(v, str) else v for v in row) for row in wanted]


def test_columns_are_called_as_in_postgresql(connection, tables):
    sql = ("SELECT relname, relkind::text, c.oid::int8, 'orders'::regclass, count(*), 1, 'a' || 'b', EXISTS (SELECT 1 FROM pg_type), CASE WHEN true THEN 1 END, relname AS UPPER, NOT relhasindex, "
           "count(*) FILTER (WHERE true), indkey[0], CAST(relkind AS text), relname IS NULL FROM pg_class c LEFT JOIN pg_index ON indrelid = 0 GROUP BY 1, 2, 3, relkind, indkey, relhasindex")
    told = [column.name for column in connection.execute(sql).description]
    assert told == ["relname", "relkind", "oid", "regclass", "count", "?column?", "?column?", "exists", "case", "upper", "?column?", "count", "indkey", "relkind", "?column?"]


def test_the_session_is_told(connection):
    (version, database, user, zone, pid), = rows(connection, "SELECT version(), current_database(), current_user, current_setting('TimeZone'), pg_backend_pid()")
    assert version.startswith("PostgreSQL 15") and (database, user) == ("test", "tester") and pid == connection.info.backend_pid
    assert zone == connection.execute("SHOW TimeZone").fetchone()[0]
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    assert rows(connection, "SELECT current_setting('timezone'), current_setting('no.such', true)") == [("Asia/Tokyo", None)]


def test_what_is_made_is_seen_at_once(engine, connection, psql):
    assert rows(connection, "SELECT to_regclass('made_now')") == [(None,)]
    connection.execute("CREATE TABLE made_now (a integer)")
    assert rows(connection, "SELECT 'made_now'::regclass::text") == [("made_now",)]
    assert "made_now" in psql(r"\dt")
    connection.execute("DROP TABLE made_now")
    assert rows(connection, "SELECT count(*) FROM pg_tables WHERE tablename = 'made_now'") == [(0,)]
    with pytest.raises(psycopg.Error, match='relation "made_now" does not exist'):
        connection.execute("SELECT 'made_now'::regclass")


def test_marks(engine, tables):
    """Savepoints before a transaction's first statement, where the engine has none."""
    if engine.name != "duckDb":
        pytest.skip("has savepoints")
    with psycopg.connect(engine.proxy.dsn()) as connection:
        connection.execute("SAVEPOINT a")
        assert rows(connection, "SELECT count(*) FROM pg_class WHERE relname = 'orders'") == [(1,)]
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 'nothing'::regclass")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT version()")
        connection.execute("ROLLBACK TO a")
        assert rows(connection, "SELECT 'orders'::regclass::text") == [("orders",)]
        connection.execute("SAVEPOINT b")
        connection.execute("SAVEPOINT \"B\"")
        connection.execute("ROLLBACK TO A")  # those behind it are gone
        for sql in ("ROLLBACK TO SAVEPOINT b", "RELEASE b"):
            with pytest.raises(psycopg.errors.InvalidSavepointSpecification, match='savepoint "b" does not exist'):
                connection.execute(sql)
            connection.execute("ROLLBACK TRANSACTION TO a")
        connection.execute("RELEASE a")
        connection.execute("INSERT INTO customer VALUES (77, 'mark', 0)")
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            connection.execute("SAVEPOINT b")
        connection.rollback()
        assert rows(connection, "SELECT count(*) FROM customer WHERE c_id = 77") == [(0,)]


def test_extended_protocol(connect, engine, tables):
    """Described before it is bound, taken row by row, explained, prepared in SQL."""
    client = connect()
    assert client.run("EXPLAIN ROUTE SELECT relname FROM pg_class")
    if engine.name == "duckDb":
        client.run("PREPARE p AS SELECT relname FROM pg_class WHERE relname = 'orders'")
        assert client.rows("EXECUTE p") == client.rows("SELECT relname FROM pg_class WHERE relname = 'orders'")
    with psycopg.connect(engine.proxy.dsn()) as connection:
        with connection.cursor() as one:
            told = one.stream("SELECT column_name FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position")
            assert [row[0] for row in told] == ["o_id", "o_cust", "o_when", "o_note"]
        described = connection.pgconn.prepare(b"d", b"SELECT $1::regclass, relname FROM pg_class WHERE oid = $1::regclass")
        assert described.error_message == b""
        assert connection.pgconn.describe_prepared(b"d").fname(1) == b"relname"
        assert connection.pgconn.exec_prepared(b"d", [b"orders"]).get_value(0, 1) == b"orders"


def test_nothing_else_is_reached(connection):
    """Files and settings of the image are not a client's, and no macro is written without end."""
    for sql in ("SELECT relname FROM pg_class UNION ALL SELECT content FROM 'turnout.yaml'", "SELECT version(), getenv('HOME')",
                "SELECT relname, (SELECT content FROM (FROM read_text('turnout.yaml'))) FROM pg_class", "SELECT count(*) FROM pg_class, enable_logging()"):
        with pytest.raises(psycopg.Error):
            connection.execute(sql)
    with pytest.raises(psycopg.Error, match="in each other"):
        connection.execute("SELECT '1'" + "::regclass::text" * 12)
    with pytest.raises(psycopg.Error, match="in each other"):
        connection.execute("SELECT version(), 'a' " + "~ " * 200000 + "'b'")
    assert rows(connection, "SELECT count(*) FROM pg_class WHERE relname = 'orders'") == [(1,)]


def test_hostile_names(proxies, tmp_path):
    """Names that the engine has are told as they are, but for bytes that PostgreSQL's text has not."""
    names = ['a"b', "it's", "back\\slash", "tab\tline\nfeed", "\U0001f600", "x" * 10000, "{database}", "sep\x1c\x1d\x1e\x1farators", "\u00a0", "%s $1 ::regclass"]
    with sqlite3.connect(tmp_path / "h.sqlite") as database:
        for name in names:
            quoted = name.replace('"', '""')
            database.execute(f'CREATE TABLE "{quoted}" ("{quoted}" integer PRIMARY KEY)')
    database.close()
    proxy = proxies({"clusters": {"s": {"engine": "sqlite", "databasePath": str(tmp_path / "h.sqlite")}}, "clusterGroups": {"g": {"members": ["s"]}}, "routingFallback": "g"})
    with psycopg.connect(proxy.dsn(), autocommit=True) as connection:
        want = {name.translate({0x1d: None, 0x1e: None, 0x1f: None}) for name in names}
        assert {row[0] for row in rows(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'main'")} == want
        assert {row[0] for row in rows(connection, "SELECT column_name FROM information_schema.columns WHERE table_schema = 'main'")} == want
        assert rows(connection, "SELECT '\"a\"\"b\"'::regclass::text") == [('"a""b"',)]


def test_many_databases_and_sessions(proxies, tmp_path):
    """Database names are the client's: each is answered for, few are kept, and one who waits can be cancelled."""
    sqlite3.connect(tmp_path / "m.sqlite").close()
    proxy = proxies({"clusters": {"s": {"engine": "sqlite", "databasePath": str(tmp_path / "m.sqlite")}}, "clusterGroups": {"g": {"members": ["s"]}}, "routingFallback": "g"})
    problems, told = [], []

    def ask(name):
        try:
            with psycopg.connect(proxy.dsn(database=name), autocommit=True) as connection:
                told.append((name, connection.execute("SELECT catalog_name FROM information_schema.schemata LIMIT 1").fetchone()[0]))
        except psycopg.Error as problem:
            problems.append(problem)
    threads = [threading.Thread(target=ask, args=(name,)) for name in [f"d{i}" for i in range(3)] * 4]
    for thread in threads:
        thread.start()
    with psycopg.connect(proxy.dsn(database="late"), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 1")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT relname FROM pg_class")
    leaving = wire.Wire(proxy.port, database="gone")
    leaving.send(wire.query("SELECT relname FROM pg_class"))
    leaving.close()
    for thread in threads:
        thread.join()
    assert not problems and len(told) == 12 and all(name == catalog for name, catalog in told), (problems, told)


def test_a_postgres_member_is_asked_itself(proxies, make_engine):
    postgres, duckdb = make_engine("postgres"), make_engine("duckDb")
    proxy = proxies({"clusters": {"d": duckdb.cluster(), "p": postgres.cluster()}, "clusterGroups": {"g": {"members": ["d", "p"]}}, "routingFallback": "g"})
    with psycopg.connect(proxy.dsn(), autocommit=True) as connection:
        for _ in range(3):
            assert "Turnout" not in rows(connection, "SELECT version()")[0][0]
            assert rows(connection, "SELECT relkind FROM pg_class WHERE relname = 'pg_proc_oid_index'") == [("i",)]


def test_without_duckdb(proxies, tmp_path):
    sqlite3.connect(tmp_path / "n.sqlite").close()
    proxy = proxies({"clusters": {"s": {"engine": "sqlite", "databasePath": str(tmp_path / "n.sqlite")}}, "clusterGroups": {"g": {"members": ["s"]}}, "routingFallback": "g"},
                    env={"TURNOUT_LIBDUCKDB": "/nowhere/libduckdb.so"})
    with psycopg.connect(proxy.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.Error, match="libduckdb"):
            connection.execute("SELECT relname FROM pg_class")
        assert rows(connection, "SELECT 1") == [(1,)]


def test_who_answers_is_told(engine, connection):
    """In EXPLAIN ROUTE, in errors, in a counter and in the log."""
    sql, member = "SELECT relname FROM pg_class WHERE relname = 'orders'", next(iter(engine.proxy.config["clusters"]))
    told = "\n".join(row[0] for row in rows(connection, f"EXPLAIN ROUTE {sql}"))
    assert f"none: Turnout answers about PostgreSQL's catalog itself, from what {member} tells" in told, told
    plan = json.loads(rows(connection, f"EXPLAIN (FORMAT JSON) ROUTE {sql}")[0][0])
    assert (plan["outcome"], plan["catalogOf"]) == ("own", member)
    assert "Turnout answers" not in "\n".join(row[0] for row in rows(connection, "EXPLAIN ROUTE SELECT o_id FROM orders"))
    before = ops.metric(engine.proxy, "turnout_catalog_statements_total")
    assert rows(connection, sql) == [("orders",)]
    assert ops.metric(engine.proxy, "turnout_catalog_statements_total") == before + 1
    with pytest.raises(psycopg.Error) as wrong:
        connection.execute("SELECT no_such_column FROM pg_class")
    assert "Turnout answers statements about PostgreSQL's catalog itself" in wrong.value.diag.message_hint
    assert engine.proxy.log_contains(f"catalog made.*cluster={member}")
