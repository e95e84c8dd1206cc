"""What the suites of Connector/J and MariaDB Connector/J found (docs/mysql-clients.md), on a MariaDB and a MySQL 8 behind Turnout, statement by
statement: what drivers are told of their session, definitions with a body, procedures executed again, distributed transactions."""

import struct

import pytest

import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
pytestmark = pytest.mark.timeout(120)

SESSION_TRACK = 1 << 23
LONGLONG, NULL = 8, 6


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def proxy(request):
    server = request.getfixturevalue(f"{request.param}_server")
    name = server.create_database("drivers")
    with proxy_module.Proxy(proxy_module.one_cluster("m", {**server.cluster(name), "poolSize": 4}, workers=1, frontends={"mysqlWire": {"port": 0}})) as started:
        started.database, started.server = name, server
        yield started


def connect(proxy, flags=0):
    connection = pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database=proxy.database, autocommit=True, read_timeout=60, defer_connect=True)
    connection.client_flag |= flags
    connection.connect()
    return connection


@pytest.fixture
def client(proxy):
    connection = connect(proxy)
    yield connection
    connection._force_close()


def run(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def error(connection, sql):
    with pytest.raises(pymysql.MySQLError) as failure:
        run(connection, sql)
    return failure.value.args


def lenenc(text):
    return bytes([len(text)]) + text.encode()


def changed(connection, sql):
    """The bytes of the OK."""
    connection._execute_command(0x03, sql)
    data = connection._read_packet().get_all_data()
    assert data[0] == 0
    return data


@pytest.mark.parametrize("name", ["tx_isolation", "transaction_isolation"])
def test_variables_that_a_client_tracks(proxy, name):
    with connect(proxy, SESSION_TRACK) as client:
        told = lenenc(name) + lenenc("SERIALIZABLE")
        assert told not in changed(client, "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        changed(client, f"SET session_track_system_variables = CONCAT(@@session_track_system_variables, ', {name.upper()}, auto_increment_increment')")
        assert told in changed(client, "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        assert lenenc(name) + lenenc("READ-COMMITTED") in changed(client, "SET tx_isolation = 'READ-COMMITTED'")
        assert lenenc("auto_increment_increment") + lenenc("3") in changed(client, "SET auto_increment_increment = 3")
        assert lenenc("autocommit") in changed(client, "SET autocommit = 1")
        changed(client, "SET session_track_system_variables = ''")
        assert told not in changed(client, "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        assert lenenc("autocommit") not in changed(client, "SET autocommit = 1")
        changed(client, "SET session_track_system_variables = '*'")
        assert lenenc("wait_timeout") + lenenc("77") in changed(client, "SET wait_timeout = 77")
        read_only = changed(client, "SET SESSION TRANSACTION READ ONLY")
        assert lenenc("transaction_read_only") + lenenc("ON") in read_only and lenenc("tx_read_only") + lenenc("ON") in read_only


def test_the_shorter_limit_of_packets(proxy):
    front = {"mysqlWire": {"port": 0, "maxPacketSize": "1MiB"}}
    with connect(proxy) as client:  # 64 MiB both
        assert run(client, "SELECT @@max_allowed_packet, @@global.max_allowed_packet") == ((67108864, 67108864),)
    with proxy_module.Proxy(proxy_module.one_cluster("m", proxy.server.cluster(proxy.database), frontends=front)) as small, connect_to(small, proxy.database) as client:
        assert run(client, "SELECT @@max_allowed_packet, @@global.max_allowed_packet") == ((1048576, 1048576),)
    old = proxy.server.sql("SELECT @@global.max_allowed_packet", root=True)[0][0]
    proxy.server.sql("SET GLOBAL max_allowed_packet = 2097152", root=True)
    try:
        with proxy_module.Proxy(proxy_module.one_cluster("m", proxy.server.cluster(proxy.database), frontends={"mysqlWire": {"port": 0}})) as large, \
                connect_to(large, proxy.database) as client:
            assert run(client, "SELECT @@max_allowed_packet") == ((2097152,),)
            assert run(client, "SHOW VARIABLES LIKE 'max_allowed_packet'") == (("max_allowed_packet", "2097152"),)
    finally:
        proxy.server.sql(f"SET GLOBAL max_allowed_packet = {old}", root=True)


def connect_to(proxy, database):
    return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="me", database=database, autocommit=True)


def test_definitions_with_a_body(proxy, client):
    run(client, "CREATE PROCEDURE turns(n INT) again: WHILE n > 0 DO SET n = n - 1; SET @turns = @turns + 1; END WHILE;")
    run(client, "SET @turns = 0")
    run(client, "CALL turns(5)")
    assert run(client, "SELECT @turns") == ((5,),)
    run(client, "CREATE DEFINER = CURRENT_USER PROCEDURE two() IF 1 THEN SELECT 1; ELSE SELECT 2; END IF")
    assert run(client, "CALL two()") == ((1,),)
    assert error(client, "CREATE PROCEDURE three() SELECT 1; DROP PROCEDURE two")[0] == 1064  # the server takes no two statements
    assert run(client, "CALL two()") == ((1,),)
    if proxy.server.name == "mariadb":
        run(client, "SET STATEMENT max_statement_time = 60 FOR CREATE PROCEDURE four() BEGIN SELECT 3; SELECT 4; END")
        assert run(client, "CALL four()") == ((3,),)
    assert error(client, "SELECT 1; SELECT 2")[0] == 1064
    run(client, "SET SESSION TRANSACTION READ ONLY")
    assert error(client, "CREATE PROCEDURE five() WHILE 0 DO SELECT 1; END WHILE") == (1792, "Cannot execute statement in a READ ONLY transaction")


def test_statements_with_bodies_in_one_text(proxy):
    with connect(proxy, 1 << 16) as client:
        run(client, "DROP PROCEDURE IF EXISTS several; CREATE PROCEDURE several() BEGIN SELECT 1; SELECT 2; END; DROP PROCEDURE IF EXISTS nothing")
        assert run(client, "CALL several()") == ((1,),)
        assert error(client, "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END")[0] == 1235  # not taken for the begin of a transaction
        assert run(client, "SELECT 3") == ((3,),)


def test_out_parameters_again(client):
    """A MariaDB that has given OUT parameters back wants to be told types again."""
    run(client, "CREATE PROCEDURE outs (IN a INT, INOUT b INT UNSIGNED, OUT c INT, IN d INT, OUT e VARCHAR(20)) BEGIN SET c = a * d; SET b = b * a; SET e = 'x'; END")
    client._execute_command(0x16, "CALL outs(?,?,?,?,?)")
    data = client._read_packet().get_all_data()
    number, columns, params = struct.unpack_from("<IHH", data, 1)
    for _ in range(params + 1 + (columns + 1 if columns else 0)):
        client._read_packet()
    values = struct.pack("<qqq", 2, 3, 10)
    for turn in range(3):
        types = struct.pack("<HHHHH", LONGLONG, LONGLONG, NULL, LONGLONG, NULL)
        client._execute_command(0x17, struct.pack("<IBI", number, 0, 1) + b"\x14\x01" + types + values)
        first = client._read_packet().get_all_data()
        assert first == b"\x03", turn
        for _ in range(3 + 1):
            client._read_packet()
        row = client._read_packet().get_all_data()
        assert row[2:10] == struct.pack("<ii", 6, 20) and row.endswith(b"\x01x"), turn
        client._read_packet()
        assert client._read_packet().is_ok_packet()


def test_distributed_transactions(proxy, client):
    run(client, "CREATE TABLE x (a int)")
    with connect(proxy) as other:
        for turn in range(3):
            run(client, f"XA START 'x{turn}'")
            run(other, "SELECT 1 FROM x")
            run(client, f"INSERT INTO x VALUES ({turn})")
            run(other, "SELECT 1 FROM x")
            run(client, f"XA END 'x{turn}'")
            run(client, f"XA PREPARE 'x{turn}'")
            run(client, f"XA {'ROLLBACK' if turn == 1 else 'COMMIT'} 'x{turn}'")
        assert run(other, "SELECT a FROM x ORDER BY a") == ((0,), (2,))
        run(client, "SET autocommit = 0")
        run(client, "XA START 'off'")
        run(client, "INSERT INTO x VALUES (7)")
        run(client, "XA END 'off'")
        run(client, "XA ROLLBACK 'off'")
        run(client, "INSERT INTO x VALUES (8)")
        run(client, "ROLLBACK")
        run(client, "SET autocommit = 1")
        assert run(other, "SELECT a FROM x ORDER BY a") == ((0,), (2,))
        with connect(proxy) as idle:
            run(idle, "XA START 'idle'")
            assert idle.server_status & IN_TRANSACTION
            assert [error(idle, sql)[0] for sql in ("COMMIT", "ROLLBACK", "BEGIN")] == [1399] * 3
            run(idle, "XA END 'idle'")
        for _ in range(3):
            with connect(proxy) as next_one:
                run(next_one, "XA START 'fresh'")
                run(next_one, "XA END 'fresh'")
                run(next_one, "XA ROLLBACK 'fresh'")
        run(client, "XA START 'left'")
        run(client, "INSERT INTO x VALUES (9)")
        client._force_close()
        proxy.wait_for(lambda: run(other, "SELECT a FROM x ORDER BY a FOR UPDATE") == ((0,), (2,)), what="the transaction that was left is undone")
        run(other, "DROP TABLE x")


def test_a_distributed_transaction_whose_connection_is_lost(proxy, client):
    """With autocommit off the next statement begins a transaction of the client's, which it can undo."""
    run(client, "CREATE TABLE lost_x (a int) ENGINE = InnoDB")
    run(client, "SET autocommit = 0")
    run(client, "XA START 'lost'")
    assert error(client, "BEGIN")[0] == 1399  # as a server says it
    run(client, "INSERT INTO lost_x VALUES (1)")
    for (number,) in proxy.server.sql(f"SELECT id FROM information_schema.processlist WHERE db = '{proxy.database}'"):
        proxy.server.sql(f"KILL {number}", root=True)
    error(client, "INSERT INTO lost_x VALUES (2)")
    run(client, "INSERT INTO lost_x VALUES (3)")
    run(client, "ROLLBACK")
    assert run(client, "SELECT a FROM lost_x") == ()
    run(client, "COMMIT")
    run(client, "DROP TABLE lost_x")


def test_more_columns_than_a_table_has(client):
    assert run(client, "SELECT " + ",".join(map(str, range(70000))))[0][-1] == 69999


def test_the_session_s_database_is_dropped(proxy, client):
    run(client, "CREATE DATABASE gone_soon")
    run(client, "USE gone_soon")
    run(client, "DROP DATABASE `gone_soon`")
    assert run(client, "SELECT DATABASE()") == ((None,),)
    run(client, f"USE {proxy.database}")
    assert run(client, "SELECT DATABASE()") == ((proxy.database,),)


def test_kill_reaches_nobody_but_clients(proxy, client):
    """A number goes to no server, where it is another one's connection."""
    with connect(proxy) as other:
        number = run(other, "SELECT CONNECTION_ID()")[0][0]
        run(client, f"KILL QUERY {number}")
        run(client, f"SET @victim = {number}")
        run(client, "KILL QUERY @victim")
        for sql in ("KILL 1 + 1", "KILL USER me", "KILL QUERY ID 7", "KILL (SELECT 1)"):
            assert error(client, sql)[0] == 1235
        assert run(other, "SELECT 1") == ((1,),)
        run(client, f"KILL HARD CONNECTION {number}" if proxy.server.name == "mariadb" else f"KILL CONNECTION {number}")
        with pytest.raises(pymysql.MySQLError):
            run(other, "SELECT 1")
    if proxy.server.name == "mariadb":
        for first in ("", "SET STATEMENT lock_wait_timeout = 5 FOR "):
            assert error(client, f"{first}SET STATEMENT max_statement_time = (1 + 1) FOR KILL 1 + 1")[0] == 1235
            with connect(proxy) as victim:
                run(client, f"{first}SET STATEMENT max_statement_time = 9, lock_wait_timeout = 7 FOR KILL {victim.thread_id()}")
                with pytest.raises(pymysql.MySQLError):
                    run(victim, "SELECT 1")
    with connect(proxy) as victim:
        error(victim, "KILL CONNECTION_ID()")
        with pytest.raises(pymysql.MySQLError):
            run(victim, "SELECT 1")


def test_interrupted_in_the_words_of_mysql(proxy, client):
    with connect(proxy) as other:
        number = client.thread_id()
        client._execute_command(0x03, "SELECT count(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c, "
                                      "information_schema.COLUMNS d")
        proxy.wait_for(lambda: any(row[0] == number and row[6] == "running" for row in run(other, "SHOW PROCESSLIST")), what="it runs")
        run(other, f"KILL QUERY {number}")
        with pytest.raises(pymysql.MySQLError) as failure:
            client._read_query_result()
        assert failure.value.args == (1317, "Query execution was interrupted")


@pytest.mark.parametrize("collation", ["utf8mb4_vietnamese_ci", "utf8mb4_spanish2_ci"])
def test_collations(client, collation):
    run(client, f"SET NAMES utf8mb4 COLLATE {collation}")
    assert run(client, "SELECT @@collation_connection, collation('x')") == ((collation, collation),)


IN_TRANSACTION = 1


def test_statements_that_commit_by_themselves(proxy, client):
    """CREATE TABLE and its like end the transaction; with autocommit off the next statement begins another one."""
    def do(sql):
        run(client, sql)
        return client.server_status & IN_TRANSACTION

    do("CREATE TABLE c (a int)")
    client.autocommit(False)
    assert [do(sql) for sql in ("INSERT INTO c VALUES (1)", "CREATE TABLE d (a int)", "INSERT INTO c VALUES (2)", "ROLLBACK")] == [1, 0, 1, 0]
    assert run(client, "SELECT a FROM c") == ((1,),)
    do("SET @kept = 0")
    assert run(client, "SELECT @kept := @kept + 5") == ((5,),)
    assert error(client, "CREATE TABLE d (a int)")[0] == 1050  # it has committed all the same
    assert run(client, "SELECT @kept") == ((5,),)
    client.rollback()
    client.autocommit(True)
    assert [do(sql) for sql in ("BEGIN", "INSERT INTO c VALUES (3)", "DROP TABLE d", "INSERT INTO c VALUES (4)", "ROLLBACK")] == [1, 1, 0, 0, 0]
    assert run(client, "SELECT a FROM c") == ((1,), (3,), (4,))
    do("DROP TABLE c")


def test_what_looks_like_a_definition_is_one_for_mysql_alone(mariadb_server, postgres_server):
    """The router sends the text to an engine that would run both statements."""
    mine, other = mariadb_server.create_database("looks"), postgres_server.create_database("looks")
    postgres_server.sql("CREATE TABLE kept (a int)", database=other)
    config = {"turnout": {"workers": 1, "frontends": {"mysqlWire": {"port": 0}}},
              "clusters": {"m": mariadb_server.cluster(mine), "p": postgres_server.cluster(other)},
              "clusterGroups": {"mine": {"members": ["m"]}, "theirs": {"members": ["p"]}},
              "routers": [{"type": "queryRegex", "rules": [{"regex": "(?i)kept", "targetGroup": "theirs"}]}], "routingFallback": "mine"}
    with proxy_module.Proxy(config) as started:
        started.database = mine
        client = connect(started)
        assert error(client, "CREATE TABLE event (id int); DROP TABLE kept")[0] == 1064
        client._force_close()
        assert postgres_server.sql("SELECT count(*) FROM kept", database=other)
