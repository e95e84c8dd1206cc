"""Transactions of MySQL clients on every engine: a statement that fails is undone alone, and its transaction goes on, with the client's own
savepoints in it. DuckDB cannot do that: the client is told what to do."""

import struct
import threading

import pytest

import engines
import my_wire
import ops
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")


@pytest.fixture(scope="module", params=[*engines.ENGINES, "mysql"])
def engine(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0}, "postgresWire": {"port": 0}})) as started:
        made.proxy = started
        with connect(made) as connection:
            run(connection, "CREATE TABLE t (id integer PRIMARY KEY, name varchar(20))")
        yield made


def connect(engine, **more):
    database = {"database": engine.database} if engine.name == "mysql" else {}
    return pymysql.connect(host="127.0.0.1", port=engine.proxy.mysql_port, **{"user": "ann", "autocommit": True, **database, **more})


def run(connection, sql, *args):
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def number(connection, sql):
    with pytest.raises(pymysql.MySQLError) as error:
        run(connection, sql)
    return error.value.args[0]


@pytest.fixture
def client(engine):
    with connect(engine) as connection:
        run(connection, "DELETE FROM t")
        yield connection


@pytest.fixture
def other(engine):
    with connect(engine) as connection:
        yield connection


@pytest.fixture
def goes_on(engine):
    if engine.name == "duckDb":
        pytest.skip("it gives up the transaction")


def ids(connection):
    return [row[0] for row in run(connection, "SELECT id FROM t ORDER BY id")]


def test_definitions_commit(engine, other):
    with connect(engine, autocommit=False) as client:
        run(client, "DROP TABLE IF EXISTS made")
        run(client, "CREATE TABLE made (a integer)")
        run(client, "INSERT INTO made VALUES (1)")
        run(client, "ALTER TABLE made ADD COLUMN b integer")
        run(client, "INSERT INTO made VALUES (2, 2)")
        run(client, "CREATE TEMPORARY TABLE passing (a integer)")
        client.rollback()
        assert run(client, "SELECT * FROM made") == ((1, None),)
        run(client, "INSERT INTO made VALUES (3, 3)")
        with pytest.raises(pymysql.MySQLError):
            run(client, "CREATE TABLE made (a integer)")
        client.rollback()
    assert run(other, "SELECT a FROM made ORDER BY a") == ((1,), (3,))
    with connect(engine) as client:
        run(client, "BEGIN")
        run(client, "INSERT INTO made VALUES (4, 4)")
        run(client, "DROP TABLE made")
        run(client, "ROLLBACK")
    assert number(other, "SELECT a FROM made") == 1146


def test_prepared_definitions(engine, other):
    """To prepare one commits nothing; what is run after the commit has the parameters that came, whatever came behind them."""
    run(other, "DELETE FROM t")
    run(other, "DROP TABLE IF EXISTS made")
    with my_wire.MyWire(engine.proxy.mysql_port, database=engine.database if engine.name == "mysql" else "") as wire:
        wire.query("BEGIN")
        wire.query("INSERT INTO t VALUES (1, 'one')")
        wire.prepare("CREATE TABLE made (a integer)")
        wire.query("ROLLBACK")
        assert ids(other) == []
        wire.query("BEGIN")
        wire.query("INSERT INTO t VALUES (2, 'two')")
        number, _, _ = wire.prepare("CREATE TABLE made AS SELECT ? AS a")
        execute = bytes([my_wire.EXECUTE]) + struct.pack("<IBIBBHB", number, 0, 1, 0, 1, 253, 200) + 200 * b"a"
        query = bytes([my_wire.QUERY]) + b"SELECT '" + (len(execute) - 10) * b"b" + b"'"
        wire.socket.sendall(b"".join(len(body).to_bytes(3, "little") + b"\0" + body for body in (execute, query)))
        wire.result(wire.check(wire.packet()))
        wire.result(wire.check(wire.packet()))
        assert run(other, "SELECT a FROM made") == ((200 * "a",),) and ids(other) == [2]


def test_a_statement_that_fails_is_undone_alone(engine, client, other, goes_on):
    client.begin()
    run(client, "INSERT INTO t VALUES (1, 'one')")
    assert number(client, "INSERT INTO t VALUES (2, 'two'), (1, 'again')") == 1062
    assert number(client, "SELECT * FROM no_such_table") == 1146
    assert number(client, "SELEC 1") == 1064
    run(client, "INSERT INTO t VALUES (3, 'three')")
    assert number(client, "INSERT INTO t VALUES (3, 'three')") == 1062
    assert client.server_status & 1
    assert ids(client) == [1, 3]
    client.commit()
    assert ids(other) == [1, 3]
    client.begin()
    assert number(client, "INSERT INTO t VALUES (3, 'first of all')") == 1062
    run(client, "INSERT INTO t VALUES (4, 'four')")
    assert number(client, "INSERT INTO t VALUES (4, 'four')") == 1062
    client.rollback()
    assert ids(other) == [1, 3]


def test_without_autocommit(engine, client, goes_on):
    run(client, "SET autocommit = 0")
    for i in (1, 2, 2, 3, 1, 4):
        try:
            run(client, "INSERT INTO t VALUES (%s, 'x')", i)
        except pymysql.err.IntegrityError as error:
            assert error.args[0] == 1062
    client.commit()
    assert ids(client) == [1, 2, 3, 4]
    client.rollback()


def test_savepoints(client, other, goes_on):
    client.begin()
    run(client, "INSERT INTO t VALUES (1, 'one')")
    run(client, "SAVEPOINT a")
    run(client, "INSERT INTO t VALUES (2, 'two')")
    assert number(client, "INSERT INTO t VALUES (1, 'one')") == 1062
    run(client, "SAVEPOINT b")
    run(client, "INSERT INTO t VALUES (3, 'three')")
    run(client, "ROLLBACK TO SAVEPOINT b")
    assert ids(client) == [1, 2]
    assert number(client, "INSERT INTO t VALUES (1, 'one')") == 1062
    run(client, "RELEASE SAVEPOINT b")
    assert number(client, "ROLLBACK TO nowhere") == 1305
    assert ids(client) == [1, 2]
    run(client, "ROLLBACK TO a")
    assert ids(client) == [1]
    assert number(client, "INSERT INTO t VALUES (1, 'one')") == 1062
    run(client, "INSERT INTO t VALUES (4, 'four')")
    run(client, "ROLLBACK TO a")
    run(client, "RELEASE SAVEPOINT a")
    assert number(client, "RELEASE SAVEPOINT a") == 1305
    run(client, "INSERT INTO t VALUES (5, 'five')")
    client.commit()
    assert ids(other) == [1, 5]


def test_prepared(engine, client, goes_on):
    database = {"database": engine.database} if engine.name == "mysql" else {}
    with connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="ann", ssl_disabled=True, **database) as connection:
        cursor = connection.cursor(prepared=True)
        for i in (1, 2, 2, 3, 1, 4):
            try:
                cursor.execute("INSERT INTO t VALUES (?, ?)", (i, "x"))
            except connector.Error as error:
                assert error.errno == 1062
        with pytest.raises(connector.Error):
            cursor.execute("SELECT * FROM nothing WHERE a = ?", (1,))
        connection.commit()
    assert ids(client) == [1, 2, 3, 4]


def test_settings_inside(engine, client, goes_on):
    """What was set before the failure is still so after it."""
    if engine.name == "sqlite":
        pytest.skip("it has no time zones")
    zone = "SELECT current_setting('TimeZone')" if engine.name == "postgres" else "SELECT @@time_zone"
    client.begin()
    run(client, "INSERT INTO t VALUES (1, 'x')")
    run(client, "SET time_zone = '+00:00'")
    assert number(client, "INSERT INTO t VALUES (1, 'x')") == 1062
    assert run(client, zone)[0][0] in ("UTC", "+00:00")
    run(client, "SET time_zone = '+02:00'")
    assert number(client, "INSERT INTO t VALUES (1, 'x')") == 1062
    assert run(client, zone)[0][0] in ("Etc/GMT-2", "+02:00")
    run(client, "INSERT INTO t VALUES (2, 'x')")
    client.rollback()
    assert ids(client) == []


def test_many_statements(client, goes_on):
    client.begin()
    for i in range(300):
        run(client, "INSERT INTO t VALUES (%s, 'x')", i)
        if i % 3 == 0:
            assert number(client, f"INSERT INTO t VALUES ({i + 1}, 'y'), ({i}, 'y')") == 1062
    client.commit()
    assert ids(client) == list(range(300))


def test_a_killed_statement(engine, client, other):
    if engine.name != "postgres":
        pytest.skip("of its way to undo one")
    client.begin()
    run(client, "INSERT INTO t VALUES (1, 'x')")
    with ops.repeated(lambda: run(other, f"KILL QUERY {client.thread_id()}")):
        assert number(client, "SELECT pg_sleep(30)") == 1317
    run(client, "INSERT INTO t VALUES (2, 'x')")
    client.commit()
    assert ids(other) == [1, 2]


def test_a_deadlock_ends_it(engine, client, other):
    if engine.name != "postgres":
        pytest.skip("of its way to undo a statement")
    run(client, "INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    results, both = {}, threading.Barrier(2)

    def update(connection, first, second):
        connection.begin()
        run(connection, "UPDATE t SET name = 'y' WHERE id = %s", first)
        both.wait(60)
        try:
            run(connection, "UPDATE t SET name = 'z' WHERE id = %s", second)
            results[connection] = 0
        except pymysql.MySQLError as error:
            results[connection] = error.args[0]

    threads = [threading.Thread(target=update, args=a) for a in ((client, 1, 2), (other, 2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results.values()) == [0, 1213]
    for connection, result in results.items():
        connection.ping(reconnect=False)
        assert bool(connection.server_status & 1) == (result == 0)
        connection.begin()  # the other's is committed by it, and nothing of this one's
        connection.rollback()
    assert {row[0] for row in run(client, "SELECT name FROM t")} <= {"y", "z"}


def test_duckdb_says_what_to_do(engine, client):
    if engine.name != "duckDb":
        pytest.skip("others go on")
    client.begin()
    run(client, "INSERT INTO t VALUES (1, 'one')")
    assert number(client, "INSERT INTO t VALUES (1, 'again')") == 1062
    with pytest.raises(pymysql.MySQLError) as error:
        run(client, "SELECT 1 FROM t")
    assert error.value.args[0] == 1179 and "ROLLBACK" in error.value.args[1] and '"duckdb-1"' in error.value.args[1]
    with pytest.raises(pymysql.MySQLError) as error:
        client.commit()
    assert error.value.args[0] == 1180 and "rolled back" in error.value.args[1]
    assert ids(client) == []
    client.begin()
    run(client, "SAVEPOINT a")  # nothing to go back to
    assert ids(client) == []
    run(client, "ROLLBACK TO a")
    run(client, "INSERT INTO t VALUES (7, 'seven')")
    for sql in ("SAVEPOINT b", "ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a"):
        assert number(client, sql) == 1235
        assert ids(client) == [7]
    client.rollback()
    client.begin()
    assert number(client, "SELECT * FROM no_such_table") == 1146  # nothing was changed: it begins again
    run(client, "INSERT INTO t VALUES (1, 'one')")
    client.commit()
    assert ids(client) == [1]


def test_postgres_clients_have_postgres_transactions(engine):
    if engine.name != "postgres":
        pytest.skip("of PostgreSQL")
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host=127.0.0.1 port={engine.proxy.port} user=ann dbname=x") as connection:
        connection.execute("DELETE FROM t")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM nothing")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")


def test_names_of_savepoints(client, other, goes_on):
    """Whatever word they are, in any case."""
    client.begin()
    for name, again in (("user", "User"), ("`Order`", "`order`"), ("2nd", "2ND"), ("`it's \"x\"`", "`It's \"x\"`")):
        run(client, "INSERT INTO t VALUES (1, 'one')")
        run(client, f"SAVEPOINT {name}")
        run(client, "INSERT INTO t VALUES (2, 'two')")
        run(client, f"ROLLBACK TO {again}")
        assert ids(client) == [1]
        run(client, f"RELEASE SAVEPOINT {again}")
        assert number(client, f"ROLLBACK TO {name}") == 1305
        run(client, "DELETE FROM t")
    client.rollback()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_next_client_of_its_connection(kind, make_engine, proxies):
    """Who leaves within a transaction leaves nothing behind that the next one would stumble over."""
    made = make_engine(kind)
    made.proxy = proxies(proxy_module.one_cluster("one", made.cluster(poolSize=1), workers=1, frontends={"mysqlWire": {"port": 0}}))
    with connect(made) as client:
        run(client, "CREATE TABLE t (id integer PRIMARY KEY, name varchar(20))")
        for _ in range(3):
            gone = connect(made)
            gone.begin()
            run(gone, "INSERT INTO t VALUES (1, 'one')")
            run(gone, "INSERT INTO t VALUES (2, 'two')")
            assert number(gone, "INSERT INTO t VALUES (2, 'two')") == 1062
            gone._force_close()
            client.begin()
            run(client, "INSERT INTO t VALUES (1, 'one')")
            run(client, "INSERT INTO t VALUES (3, 'three')")
            assert number(client, "INSERT INTO t VALUES (3, 'three')") == 1062
            run(client, "INSERT INTO t VALUES (4, 'four')")
            assert ids(client) == [1, 3, 4]
            client.rollback()


def test_an_error_that_ends_the_transaction_there(engine, client, other):
    """What comes behind it must not be committed by itself."""
    if engine.name != "sqlite":
        pytest.skip("of SQLite")
    run(client, "CREATE TABLE strict (id integer PRIMARY KEY ON CONFLICT ROLLBACK)")
    for sql in ("INSERT OR ROLLBACK INTO t VALUES (1, 'again')", "INSERT INTO strict VALUES (7), (7)"):
        client.begin()
        run(client, "INSERT INTO t VALUES (1, 'one')")
        assert number(client, sql) == 1062
        assert number(client, "INSERT INTO t VALUES (2, 'two')") == 1179
        client.rollback()
        assert ids(other) == []
    client.begin()
    run(client, "INSERT INTO t VALUES (1, 'one')")
    assert number(client, "INSERT INTO t SELECT json_extract('{', '$'), 'x'") not in (1179, 1062)
    assert number(client, "INSERT OR FAIL INTO t VALUES (2, 'two'), (1, 'again')") == 1062
    run(client, "INSERT INTO t VALUES (3, 'three')")
    client.commit()
    assert set(ids(other)) >= {1, 3}
    run(client, "DROP TABLE strict")


def test_postgres_clients_are_told_of_what_commits_by_itself(engine, client):
    """A definition, in a transaction of a server of MySQL's kind."""
    psycopg = pytest.importorskip("psycopg")
    if engine.name != "mysql":
        pytest.skip("of MySQL")
    idle, inside, failed = (psycopg.pq.TransactionStatus(i) for i in (0, 2, 3))
    for prepared in (False, True):
        run(client, "DROP TABLE IF EXISTS made, made_too")
        with psycopg.connect(f"host=127.0.0.1 port={engine.proxy.port} user=ann dbname=x") as connection:
            notices = []
            connection.add_notice_handler(lambda notice: notices.append((notice.severity, notice.sqlstate)))
            connection.execute("INSERT INTO t VALUES (1, 'x')")
            assert connection.info.transaction_status == inside
            connection.execute("CREATE TABLE made (a integer)", prepare=prepared)
            assert connection.info.transaction_status == idle and notices == [("WARNING", "25000")]
            assert ids(client) == [1]
            connection.execute("INSERT INTO t VALUES (2, 'x')")
            assert connection.info.transaction_status == inside
            connection.rollback()
            connection.execute("CREATE TABLE made_too (a integer)", prepare=prepared)
            assert connection.info.transaction_status == idle and len(notices) == 2
            connection.execute("INSERT INTO t VALUES (3, 'x')")
            with pytest.raises(psycopg.errors.DuplicateTable):
                connection.execute("CREATE TABLE made (a integer)")
            assert connection.info.transaction_status == failed and len(notices) == 3
            connection.rollback()
            connection.execute("INSERT INTO t VALUES (4, 'x')")
            connection.commit()
            assert ids(client) == [1, 3, 4] and len(notices) == 3
            run(client, "DELETE FROM t")
    run(client, "DROP TABLE made, made_too")


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_transaction_that_is_left_alone_has_no_slot_of_a_duckdb(make_engine, proxies, autocommit):
    """Four at once are DuckDB's; sessions that wait for their user, in transactions that have changed something, take none of them."""
    duckdb = make_engine("duckDb")
    proxy = proxies(duckdb.config(frontends={"mysqlWire": {"port": 0}}))
    duckdb.proxy = proxy
    with connect(duckdb) as first:
        run(first, "CREATE TABLE t (id integer PRIMARY KEY, name varchar(20))")
        clients = [connect(duckdb, autocommit=autocommit) for _ in range(6)]
        for at, client in enumerate(clients):
            if autocommit:
                client.begin()
            run(client, f"INSERT INTO t VALUES ({at}, 'x')")
            assert run(client, "SELECT count(*) FROM t") == ((1,),)
        assert run(first, "SELECT count(*) FROM t") == ((0,),) and ops.quiet(proxy)
        for client in clients[1:]:
            run(client, "SELECT 1")
            client.commit()
        clients[0].rollback()
        assert [row[0] for row in run(first, "SELECT id FROM t ORDER BY id")] == [1, 2, 3, 4, 5] and ops.quiet(proxy)
        for client in clients:
            client.close()


def test_transactions_of_postgres_clients_have_no_slot_of_a_duckdb_either(make_engine, proxies):
    psycopg = pytest.importorskip("psycopg")
    duckdb = make_engine("duckDb")
    proxy = proxies(duckdb.config())
    clients = [psycopg.connect(f"host=127.0.0.1 port={proxy.port} user=ann dbname=x") for _ in range(6)]
    clients[0].execute("CREATE TABLE t (id integer PRIMARY KEY)")
    clients[0].commit()
    for at, client in enumerate(clients):
        client.execute("INSERT INTO t VALUES (%s)", (at,))
        assert client.execute("SELECT count(*) FROM t").fetchone() == (1,)
    assert ops.quiet(proxy)
    for client in clients:
        client.commit()
    assert clients[0].execute("SELECT count(*) FROM t").fetchone() == (6,)
    for client in clients:
        client.close()


def test_a_begin_that_is_cancelled_leaves_no_transaction_to_the_next(make_engine, proxies):
    """It may have begun all the same; what another session did on that connection was part of it, and never committed."""
    psycopg = pytest.importorskip("psycopg")
    duckdb = make_engine("duckDb")
    proxy = proxies(duckdb.config(workers=1))
    with psycopg.connect(proxy.dsn(), autocommit=True) as other, psycopg.connect(proxy.dsn()) as client:
        other.execute("CREATE TABLE t (id integer)")
        for at in range(150):
            canceller = threading.Timer(at % 20 / 10000, client.cancel)
            canceller.start()
            try:
                client.execute("INSERT INTO t VALUES (0)")
            except psycopg.errors.QueryCanceled:
                pass
            canceller.join()
            client.rollback()
            with other.transaction():
                other.execute("INSERT INTO t VALUES (1)")
            assert other.execute("SELECT count(*) FROM t").fetchone() == (at + 1,)


def test_a_transaction_goes_on_in_maintenance_and_past_a_full_queue(make_engine, proxies):
    """It gave its slot back, and others have taken all of them: it waits for one whatever they do."""
    psycopg = pytest.importorskip("psycopg")
    duckdb = make_engine("duckDb")
    config = proxy_module.one_cluster("duck", duckdb.cluster(maxRunningQueries=1))
    config["clusterGroups"]["all"] |= {"maxQueuedQueries": 0}
    proxy = proxies(config)
    with psycopg.connect(proxy.dsn()) as client, psycopg.connect(proxy.dsn(), autocommit=True) as busy, psycopg.connect(proxy.dsn(), autocommit=True) as late:
        client.execute("CREATE TABLE t (id integer)")
        long = threading.Thread(target=lambda: number_of(busy, duckdb.sql("long")))
        long.start()
        proxy.wait_for(lambda: len(proxy.running_queries()) == 1, what="the long one")
        with pytest.raises(psycopg.OperationalError):
            late.execute("SELECT 1")
        assert proxy.admin("/admin/clusters/duck/maintenance?on=true", method="POST")[0] == 200
        insert = threading.Thread(target=lambda: client.execute("INSERT INTO t VALUES (1)"))
        insert.start()
        proxy.wait_for(lambda: len(proxy.running_queries()) == 2, what="the one that waits")
        busy.cancel()
        long.join()
        insert.join(20)
        assert not insert.is_alive()
        assert client.execute("SELECT * FROM t").fetchall() == [(1,)]
        drain = proxy.admin("/admin/clusters/duck/drain", method="POST")[1]
        assert (drain["running"], drain["openTransactions"], drain["drained"]) == (0, 1, False)
        client.commit()
        assert proxy.admin("/admin/clusters/duck/drain", method="POST")[1]["drained"]
        assert proxy.admin("/admin/clusters/duck/maintenance?on=false", method="POST")[0] == 200
        assert late.execute("SELECT * FROM t").fetchall() == [(1,)] and ops.quiet(proxy)


def number_of(client, sql):
    """SQLSTATE of what a client of PostgreSQL's fails with."""
    try:
        client.execute(sql)
    except Exception as error:  # its thread's: told to who looks
        return error.sqlstate
    return None


@pytest.mark.parametrize("own", [False, True])
def test_a_session_that_leaves_its_transaction_alone_is_ended(make_engine, proxies, own):
    sqlite = make_engine("sqlite")
    frontends = {"mysqlWire": {"port": 0} | ({} if own else {"transactionIdleTimeout": "1s"})}
    sqlite.proxy = proxy = proxies(sqlite.config(frontends=frontends))
    with connect(sqlite) as other:
        run(other, "CREATE TABLE t (id integer PRIMARY KEY, name varchar(20))")
        client = connect(sqlite, autocommit=False)
        if own:
            run(client, "SET idle_transaction_timeout = 1")
        run(client, "INSERT INTO t VALUES (1, 'x')")
        proxy.wait_for(lambda: ops.quiet(proxy), what="its end")
        with pytest.raises(pymysql.MySQLError) as error:
            run(client, "SELECT 1")
        assert error.value.args[0] in (2006, 2013, 4031)
        assert proxy.log_contains("idle in a transaction for too long")
        run(other, "INSERT INTO t VALUES (1, 'y')")
        assert run(other, "SELECT name FROM t") == (("y",),)
