"""The engine starRocks against the contract of its documentation (starrocks_contract.py): there was no StarRocks to be had."""

import pytest

import ops
import proxy as proxy_module
import starrocks_contract

pymysql = pytest.importorskip("pymysql")


@pytest.fixture(scope="module")
def contract():
    with starrocks_contract.StarRocksContract() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(contract):
    config = proxy_module.one_cluster("rocks-1", contract.cluster(queryStatistics=True), frontends={"mysqlWire": {"port": 0}})
    with proxy_module.Proxy(config) as started:
        yield started


def connect(proxy):
    return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, user="tester", autocommit=True)


def rows(connection, sql, *args):
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def test_reads_and_parameters(proxy, contract):
    connection = connect(proxy)
    assert rows(connection, "SELECT 'a', %s", 5) == (("SELECT 'a', 5",),)
    assert not [command for _, command, _ in contract.said if command in (0x16, 0x1f)]  # neither prepared statements nor resets
    connection.close()


def test_what_a_statement_cost(proxy, contract):
    connection = connect(proxy)
    assert rows(connection, "SELECT sleep(2.5) /* measured */") == ((1,),) or rows(connection, "SELECT 1")
    record = proxy.wait_for(lambda: [r for r in proxy.admin("/admin/history?limit=20")[1]["records"] if "measured" in r["text"]])[0]
    assert record["rowsRead"] == 5859503 and record["bytesRead"] == int(120.573 * 2 ** 20), record
    connection.close()


def test_kill(proxy, contract):
    connection, other = connect(proxy), connect(proxy)
    with ops.repeated(lambda: rows(other, f"KILL QUERY {connection.thread_id()}")), pytest.raises(pymysql.err.MySQLError) as error:
        rows(connection, "SELECT sleep(2.5)")
    assert error.value.args[0] == 1317
    assert any(text.upper().startswith("KILL QUERY") for _, _, text in contract.said)
    connection.close()
    other.close()
