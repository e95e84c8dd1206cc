"""The connection phase, byte by byte, and what is not the protocol at all."""

import contextlib
import os
import socket
import struct
import time

import pytest

import proxy as proxy_module
import wire

REPORTED = {"server_version", "server_encoding", "client_encoding", "application_name", "default_transaction_read_only",
            "in_hot_standby", "is_superuser", "session_authorization", "DateStyle", "IntervalStyle", "TimeZone",
            "integer_datetimes", "standard_conforming_strings"}


@pytest.fixture(scope="module")
def proxy(make_engine):
    with proxy_module.Proxy(make_engine("sqlite").config()) as started:
        yield started


@pytest.fixture
def raw(proxy):
    """raw(): a connection that has said nothing yet."""
    opened = []

    def make():
        opened.append(wire.Wire(proxy.port, login=False))
        return opened[-1]
    yield make
    for one in opened:
        one.close()
    assert proxy.running(), proxy.tail()
    proxy.check_sanitizers()
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 1") == "1"


def request(code, rest=b""):
    return struct.pack("!II", 8 + len(rest), code) + rest


@pytest.mark.quick
def test_login(proxy):
    with wire.Wire(proxy.port, user="someone", application_name="me") as client:
        kinds = [m.type for m in client.login]
        assert kinds[0] == "R" and client.login[0].code == 0
        assert kinds[-2:] == ["K", "Z"] and client.login[-1].status == "I"
        assert set(kinds[1:-2]) == {"S"}
        assert set(client.parameters) == REPORTED
        assert len(client.key) == 4
        assert client.negotiated is None
        assert client.parameters["session_authorization"] == "someone"
        assert client.parameters["application_name"] == "me"
        assert client.parameters["client_encoding"] == client.parameters["server_encoding"] == "UTF8"
        assert client.parameters["DateStyle"] == "ISO, MDY"
        assert client.parameters["integer_datetimes"] == client.parameters["standard_conforming_strings"] == "on"
        assert int(client.parameters["server_version"].split(".")[0]) >= 12
        client.finish()


@pytest.mark.quick
@pytest.mark.parametrize("codes", [[wire.SSL_REQUEST], [wire.GSSENC_REQUEST], [wire.GSSENC_REQUEST, wire.SSL_REQUEST],
                                   [wire.SSL_REQUEST, wire.SSL_REQUEST]])
def test_encryption_requests(raw, codes):
    client = raw()
    for code in codes:
        client.send(request(code))
        assert client.read_bytes(1) == b"N"
    client.send(wire.startup_packet({"user": "x"}))
    client.finish_login()
    assert client.value("SELECT 1") == "1"


def test_bytes_behind_an_encryption_request(raw):
    """Whoever put them there: they are not taken for the client's."""
    client = raw()
    client.send(request(wire.SSL_REQUEST) + wire.startup_packet({"user": "x"}))
    assert client.at_end()


@pytest.mark.parametrize("protocol, options, newest, key", [
    (wire.PROTOCOL_30, {}, None, 4),
    (wire.PROTOCOL_32, {}, None, 32),
    (3 << 16 | 1, {}, None, 4),
    (3 << 16 | 9999, {}, wire.PROTOCOL_32, 32),
    (3 << 16 | 9999, {"_pq_.greasing": "1", "_pq_.other": "2"}, wire.PROTOCOL_32, 32),
    (wire.PROTOCOL_30, {"_pq_.x": "y"}, wire.PROTOCOL_30, 4),
    (wire.PROTOCOL_32, {"_pq_.x": "y"}, wire.PROTOCOL_32, 32),
])
def test_protocol_versions(proxy, protocol, options, newest, key):
    with wire.Wire(proxy.port, protocol=protocol, **options) as client:
        assert len(client.key) == key
        if newest is None:
            assert client.negotiated is None
        else:
            assert client.negotiated.newest_minor in (newest, newest & 0xffff)
            assert client.negotiated.options == list(options)
            assert client.login[0].type == "v"
        assert client.value("SELECT 1") == "1"
        client.cancel()
        assert client.value("SELECT 2") == "2"


@pytest.mark.parametrize("protocol", [2 << 16, 4 << 16, 0, 1, 0xffffffff, 1234 << 16 | 5681])
def test_other_protocols_are_refused(raw, protocol):
    client = raw()
    client.send(wire.startup_packet({"user": "x"}, protocol))
    got = client.read()
    assert got.type == "E"
    assert got.fields["severity"] == "FATAL" and got.fields["sqlstate"] in ("0A000", "08P01")
    assert client.at_end()


def refused(client, packet):
    client.send(packet)
    with pytest.raises(wire.ServerError) as caught:
        client.finish_login()
    assert caught.value.fields["severity"] == "FATAL"
    assert client.at_end()
    return caught.value


def test_no_user(raw):
    assert refused(raw(), wire.startup_packet({"database": "x"})).sqlstate == "28000"
    assert refused(raw(), wire.startup_packet({"user": ""})).sqlstate == "28000"


def test_database_is_the_user_when_missing(proxy, raw):
    client = raw()
    client.send(wire.startup_packet({"user": "somebody_else"}))
    client.finish_login()
    assert proxy.log_contains("session start .*database=somebody_else")


@pytest.mark.parametrize("parameters, sqlstate", [
    ({"client_encoding": "LATIN1"}, ("22023", "0A000")),
    ({"TimeZone": "Nowhere/Land"}, ("22023",)),
    ({"options": "-c"}, ("22023", "42601")),
    ({"options": "-c nonsense"}, ("22023", "42601")),
    ({"options": "--turnout.group=nowhere"}, ("42704",)),
    ({"options": "-x"}, ("22023", "42601")),
    ({"replication": "database"}, ("0A000",)),
    ({"turnout.cluster": "nowhere"}, ("42704",)),
])
def test_bad_parameters(raw, parameters, sqlstate):
    assert refused(raw(), wire.startup_packet({"user": "x", **parameters})).sqlstate in sqlstate


def test_good_parameters(proxy):
    """What poolers choke on: all of it is taken."""
    with wire.Wire(proxy.port, client_encoding="'utf-8'", search_path="a, b", client_min_messages="warning", statement_timeout="7000",
                   idle_in_transaction_session_timeout="60000", extra_float_digits="3", DateStyle="ISO", TimeZone="Asia/Tokyo",
                   options="-c geqo=off -clock_timeout=5s --application-name=with\\ space") as client:
        assert client.parameters["client_encoding"] == "UTF8"
        assert client.parameters["TimeZone"] == "Asia/Tokyo"
        assert client.parameters["application_name"] == "with space"
        assert client.value("SHOW statement_timeout") in ("7s", "7000ms", "7000")
        assert client.value("SHOW search_path") == "a, b"


@pytest.mark.parametrize("packet", [
    b"\0\0\0\0", b"\0\0\0\7\0\3\0", b"\0\0\0\4", struct.pack("!I", 0xffffffff), struct.pack("!I", 0x7fffffff) + b"\0\3\0\0",
    struct.pack("!I", 10001) + b"\0\3\0\0",
    struct.pack("!II", 8, wire.PROTOCOL_30),                                    # not even a terminator
    struct.pack("!II", 14, wire.PROTOCOL_30) + b"user\0x",                      # no end of the value
    struct.pack("!II", 13, wire.PROTOCOL_30) + b"user\0",                       # a name without a value
    struct.pack("!II", 17, wire.PROTOCOL_30) + b"user\0x\0\0\0",                # bytes behind the terminator
    request(wire.CANCEL_REQUEST), request(wire.CANCEL_REQUEST, b"\0\0\0\1"), request(wire.CANCEL_REQUEST, b"\1" * 300),
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\1\xfc\3\3" + b"\0" * 100, b"\xff" * 64, b"\x80\x2e\x01\3\1",
    b"SSH-2.0-OpenSSH_9\r\n", b"*1\r\n$4\r\nPING\r\n",
], ids=lambda packet: packet[:8].hex())
def test_what_is_no_start_up(proxy, raw, packet):
    """It is told or dropped, and nobody else notices."""
    before = proxy.memory()
    client = raw()
    with contextlib.suppress(OSError):  # it may have closed already
        client.send(packet)
        client.socket.shutdown(socket.SHUT_WR)
    assert client.at_end()
    assert proxy.memory() - before < 16 << 20


def test_garbage(proxy, raw):
    for size in (1, 3, 8, 100, 5000):
        for _ in range(10):
            client = raw()
            try:
                client.send(os.urandom(size))
                client.socket.shutdown(socket.SHUT_WR)
            except OSError:  # it has closed already
                continue
            assert client.at_end()


def test_slow_start_up(raw):
    """One byte at a time."""
    client = raw()
    for data, answer in ((request(wire.SSL_REQUEST), b"N"), (wire.startup_packet({"user": "slow", "application_name": "x" * 50}), None)):
        for byte in data:
            client.send(bytes([byte]))
        if answer:
            assert client.read_bytes(1) == answer
    client.finish_login()
    assert client.value("SELECT 1") == "1"


def test_messages_glued_to_the_start_up(raw):
    client = raw()
    client.send(wire.startup_packet({"user": "x"}), wire.query("SELECT 5"), wire.TERMINATE)
    client.finish_login()
    assert wire.texts(client.until()) == [["5"]]
    assert client.at_end()


# behind the start-up


@pytest.mark.parametrize("data, sqlstate", [
    (b"Q\0\0\0\0", "08P01"), (b"Q\0\0\0\3", "08P01"), (b"Q\xff\xff\xff\xff", "08P01"), (b"Q\x7f\xff\xff\xff", None),
    (b"\0\0\0\0\4", "08P01"), (b"z\0\0\0\4", "08P01"), (b"p\0\0\0\4", "08P01"),
    (wire.message("Q", b"SELECT 1"), "08P01"),            # no NUL
    (wire.message("Q", b"SELECT 1\0SELECT 2\0"), "08P01"),
    (wire.message("P", b"\0"), "08P01"), (wire.message("P", b"\0SELECT 1\0\xff\xff"), "08P01"),
    (wire.message("B", b"\0\0\0\1"), "08P01"), (wire.message("B", b"\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), "08P01"),
    (wire.message("D", b"X\0"), "08P01"), (wire.message("D", b""), "08P01"), (wire.message("E", b"\0\0"), "08P01"),
    (wire.message("C", b"Q\0"), "08P01"),
], ids=lambda value: value[:9].hex() if isinstance(value, bytes) else str(value))
def test_bad_messages(proxy, raw, data, sqlstate):
    before = proxy.memory()
    client = raw()
    client.send(wire.startup_packet({"user": "x"}))
    client.finish_login()
    client.send(data, wire.SYNC)
    got = client.read()
    assert got.type == "E"
    assert sqlstate is None or got.fields["sqlstate"] == sqlstate
    assert proxy.memory() - before < 16 << 20


def test_message_larger_than_the_limit(proxies, make_engine):
    config = make_engine("sqlite").config()
    config["turnout"] = {"frontends": {"postgresWire": {"maxMessageSize": "1MiB"}}}
    proxy = proxies(config)
    with wire.Wire(proxy.port) as client:
        assert len(client.value("SELECT '" + "x" * 1000000 + "' AS v")) == 1000000
        before = proxy.memory()
        client.send(b"Q" + struct.pack("!I", 1 << 30) + b"SELECT")
        got = client.read()
        assert got.fields["severity"] == "FATAL" and got.fields["sqlstate"] in ("54000", "08P01")
        assert "maxMessageSize" in str(got.fields)
        assert client.at_end()
        assert proxy.memory() - before < 8 << 20
    with wire.Wire(proxy.port) as client:
        assert client.value("SELECT 1") == "1"


def test_a_long_message_that_never_comes(proxy):
    """64 MiB are announced: memory is taken as bytes arrive."""
    before = proxy.memory()
    waiting = [wire.Wire(proxy.port) for _ in range(10)]
    for client in waiting:
        client.send(b"Q" + struct.pack("!I", 60 << 20) + b"SELECT 1")
    time.sleep(0.3)
    assert proxy.memory() - before < 32 << 20
    for client in waiting:
        client.reset()


def test_too_many_connections(proxies, make_engine):
    config = make_engine("sqlite").config()
    config["turnout"] = {"frontends": {"postgresWire": {"maxConnections": 5}}}
    proxy = proxies(config)
    clients = [wire.Wire(proxy.port) for _ in range(5)]
    with pytest.raises(wire.ServerError) as caught:
        wire.Wire(proxy.port)
    assert caught.value.sqlstate == "53300"
    assert caught.value.fields["severity"] == "FATAL"
    clients[0].finish()

    def again():
        try:
            clients[0] = wire.Wire(proxy.port)
            return True
        except (wire.ServerError, wire.Closed):
            return False
    proxy.wait_for(again, what="a place is free")
    assert clients[0].value("SELECT 1") == "1"
    assert clients[4].value("SELECT 1") == "1"
    for client in clients:
        client.close()


def test_time_outs(proxies, make_engine):
    config = make_engine("sqlite").config()
    config["turnout"] = {"frontends": {"postgresWire": {"loginTimeout": "2s", "idleTimeout": "2s"}}}
    proxy = proxies(config)
    silent = wire.Wire(proxy.port, login=False)
    half = wire.Wire(proxy.port, login=False)
    half.send(wire.startup_packet({"user": "x"})[:-3])
    idle = wire.Wire(proxy.port)
    for client in (silent, half):
        assert client.at_end()
    got = idle.read()
    assert (got.fields["severity"], got.fields["sqlstate"]) == ("FATAL", "57P05")
    assert idle.at_end()
    with wire.Wire(proxy.port) as client:
        client.run("SET idle_in_transaction_session_timeout = '300ms'")
        client.run("BEGIN")
        assert client.value("SELECT 1") == "1"
        got = client.read()
        assert (got.fields["severity"], got.fields["sqlstate"]) == ("FATAL", "25P03")
        assert client.at_end()


def test_300_idle_connections(proxies, make_engine):
    proxy = proxies(make_engine("sqlite").config())
    with wire.Wire(proxy.port) as client:
        client.value("SELECT 1")
    before = proxy.memory()
    clients = [wire.Wire(proxy.port) for _ in range(300)]
    assert len({client.pid for client in clients}) == 300
    each = (proxy.memory() - before) / 300
    assert each < 64 << 10, f"{each:.0f} bytes each"
    assert clients[150].value("SELECT 1") == "1"
    for client in clients:
        client.close()
    proxy.wait_for(lambda: proxy.log().count("session end") >= 301, what="all have ended")


def test_stop_while_clients_are_connected(proxies, make_engine):
    """SIGTERM: the idle are told 57P01, the running finish."""
    made = make_engine("sqlite")
    proxy = proxies(made.config())
    idle, busy = wire.Wire(proxy.port), wire.Wire(proxy.port)
    busy.send(wire.query("WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 500000) SELECT count(*) FROM t"))
    proxy.wait_for(lambda: proxy.running_queries() or busy.ready(), what="the query runs")
    proxy.process.terminate()
    got = idle.read()
    assert (got.fields["severity"], got.fields["sqlstate"]) == ("FATAL", "57P01")
    messages = [busy.read() for _ in range(4)]
    assert wire.texts(messages) == [["500000"]]
    got = busy.read()
    assert got.fields["sqlstate"] == "57P01"
    proxy.stop()


def test_stop_cancels_what_does_not_end(proxies, make_engine):
    made = make_engine("sqlite")
    proxy = proxies(made.config(shutdownTimeout="300ms"))
    busy = wire.Wire(proxy.port)
    busy.send(wire.query(made.sql("long")))
    proxy.wait_for(proxy.running_queries, what="the query runs")
    proxy.stop()
    got = busy.read()
    assert got.fields["sqlstate"] in ("57P01", "57014")
