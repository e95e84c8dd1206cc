"""Pages of a Trino that are longer than Turnout holds: passed on while they come, as fast as their client reads; asked for again; cut short by
their Trino, by their client, by an end. Against a hand-written contract server (trino_contract.py), whose pages are as long as a test wants."""

import gzip
import http.client
import json
import random
import socket
import threading
import urllib.parse

import pytest

import ops
import proxy as proxy_module
from test_trino_links import console, restarted
from test_trino_relay import Session
from trino_contract import BIGINT, Answer, Contract, STATS

TEXT = [{"name": "s", "type": "varchar", "typeSignature": {"rawType": "varchar", "arguments": [{"kind": "LONG", "value": 2147483647}]}}]
MB = 1024 * 1024
AT = "/v1/statement/executing/20260101_000000_00000_aaaaa/y/"


def rows_of(size):
    """None like another, so that they stay long when they are compressed."""
    lots = random.Random(7)
    return [["x ],[\"\\ }{ \u00e9\u20ac\U0001f600 " + lots.randbytes(10000).hex()] for _ in range(size // 20000 + 1)]


class Long(Contract):
    """Page 1 has `size` bytes of rows, page 2 one row, and then it is over. `tail`: nextUri stands behind the rows."""

    def __init__(self, size=6 * MB, tail=False, first=None):
        self.rows, self.tail = rows_of(size), tail
        self.asked = []
        self.first = first or (lambda count: Answer(self.body))
        super().__init__(self.page_of)
        self.body = self.long_page()

    def long_page(self):
        begin = {"id": "20260101_000000_00000_aaaaa", "infoUri": self.url + "/ui"}
        link = {"nextUri": f"{self.url}{AT}2", "partialCancelUri": f"{self.url}/v1/statement/partialCancel/1"}
        page = {**begin, **({} if self.tail else link), "columns": TEXT, "data": self.rows, "stats": STATS, "warnings": [], **(link if self.tail else {})}
        return json.dumps(page, ensure_ascii=False).encode()

    def page_of(self, path, count):
        token = path.split("/")[-1]
        self.asked.append(token)
        if token == "1":
            return self.first(self.asked.count("1"))
        return {"columns": TEXT, "data": [["last"]]}


@pytest.fixture
def before(proxies):
    return lambda contract, **more: proxies(proxy_module.one_cluster("t-1", contract.cluster(), **more))


def get(link, length=None, method="GET", coding="identity"):
    """(status, body, whether it came whole); LENGTH: no more than so much of it is read, and the connection is left open and returned instead."""
    parts = urllib.parse.urlsplit(link)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request(method, parts.path, headers={"X-Trino-User": "tester", "Accept-Encoding": coding})
    answer = connection.getresponse()
    if length is not None:
        return connection, answer, answer.read(length)
    try:
        return answer.status, answer.read(), True
    except http.client.IncompleteRead as cut:
        return answer.status, cut.partial, False
    finally:
        connection.close()


def get_rows(link, coding="identity"):
    """(the page that has rows, or the error, as it was read; whether it came whole): one that takes its time is preceded by pages without."""
    while True:
        _, body, whole = get(link, coding=coding)
        body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        page = json.loads(body) if whole else {"data": body}
        if "nextUri" not in page or "data" in page:
            return page, whole
        link = page["nextUri"]


def fetch(session, page):
    """The next page that has rows: one that takes its time is preceded by pages without."""
    while True:
        page = session.ask(page["nextUri"])
        if "data" in page or "nextUri" not in page:
            return page


def begin(session):
    """The link of page 1."""
    return session.post("SELECT s FROM t")["nextUri"]


@pytest.mark.parametrize("tail", (False, True))
@pytest.mark.parametrize("size", (1 * MB, 3 * MB, 12 * MB))
def test_it_is_the_page(before, size, tail):
    with Long(size, tail) as contract:
        proxy = before(contract)
        session = Session(proxy.trino_port)
        for _ in range(2):
            page = fetch(session, session.post("SELECT s FROM t"))
            assert page["data"] == contract.rows and page["columns"] == TEXT and page["stats"] == STATS
            assert all(page[link].startswith(f"http://127.0.0.1:{proxy.trino_port}/v1/statement/executing/") for link in ("nextUri", "partialCancelUri"))
            last = fetch(session, page)
            assert last["data"] == [["last"]] and "nextUri" not in last
        assert contract.asked == ["1", "2"] * 2
        proxy.wait_for(lambda: not proxy.admin("/admin/queries")[1]["queries"], what="no query runs")
        assert {(r["outcome"], r["rows"]) for r in ops.history(proxy, 2)} == {("ok", len(contract.rows) + 1)}


def test_rows_before_all_else(before):
    """No Trino tells them so; such a page is held whole."""
    with Long(4 * MB) as contract:
        page = json.loads(contract.body)
        contract.body = json.dumps({"data": page.pop("data"), **page}).encode()
        session = Session(before(contract).trino_port)
        found = fetch(session, session.post("SELECT s FROM t"))
        assert found["data"] == contract.rows and fetch(session, found)["data"] == [["last"]]


def followed(before, contract, **more):
    """A proxy that was started anew when a query had begun, and the link of its first page."""
    proxy = before(contract, persistence={"type": "sqlite", "path": "turnout.db"}, **more)
    page = Session(proxy.trino_port).post("SELECT s FROM t")
    return proxy, restarted(proxy)(page["nextUri"])


def begun(before, contract, **more):
    proxy = before(contract, **more)
    return proxy, Session(proxy.trino_port).post("SELECT s FROM t")["nextUri"]


@pytest.mark.parametrize("start", (begun, followed))
def test_its_trino_waits_for_its_client(before, start):
    """Of 64 MB that nobody reads only what fits into buffers leaves the Trino; the rest comes when it is read."""
    sent = [0]
    with Long(64 * MB) as contract:
        proxy, link = start(before, contract)
        handler = contract.server.RequestHandlerClass
        whole = handler.send

        def send(self, answer):
            if len(answer.body) < MB:
                whole(self, answer)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            for at in range(0, len(answer.body), 65536):
                self.wfile.write(answer.body[at:at + 65536])
                sent[0] = at + 65536
        handler.send = send
        connection, answer, start = get(link, 1000)
        seen = []
        proxy.wait_for(lambda: seen.append(sent[0]) or (len(seen) > 20 and len(set(seen[-20:])) == 1), what="nothing more is sent")
        assert len(start) == 1000 and sent[0] < 32 * MB, sent  # 2 MB held, windows, and buffers of four sockets
        assert json.loads(start + answer.read())["data"] == contract.rows
        connection.close()


def test_asked_for_again(before):
    """In the midst of it, afterwards, and after the next one was asked for."""
    with Long(12 * MB) as contract:
        session = Session(before(contract).trino_port)
        link = session.post("SELECT s FROM t")["nextUri"]
        connection, _, start = get(link, 100000)
        again = [json.loads(get(link)[1]) for _ in range(2)]  # while the first is not read
        connection.close()
        assert again[0]["data"] == again[1]["data"] == contract.rows and start[:20] == json.dumps(again[0])[:20].encode()
        assert again[0]["nextUri"] == again[1]["nextUri"]
        connection, _, _ = get(link, 1000)
        connection.close()
        assert session.ask(again[0]["nextUri"])["data"] == [["last"]]
        assert get(link)[0] == 410
        # the client that goes to the next page before it has read this one
        link = session.post("SELECT s FROM t")["nextUri"]
        connection, answer, start = get(link, 10000)
        found = json.loads(start[:start.index(b'"columns"')].rstrip(b", ") + b"}")
        assert session.ask(found["nextUri"])["data"] == [["last"]]
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
        connection.close()


def test_a_client_that_leaves(before):
    """Its query goes on with the next request, and ends when none comes."""
    with Long(12 * MB) as contract:
        proxy = before(contract, frontends={"trinoHttp": {"clientTimeout": "2s"}})
        session = Session(proxy.trino_port)
        connection, _, _ = get(session.post("SELECT s FROM t")["nextUri"], 1000)
        connection.close()
        proxy.wait_for(lambda: not proxy.admin("/admin/queries")[1]["queries"], what="the query is given up")
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino is told")
        assert fetch(session, fetch(session, session.post("SELECT s FROM t")))["data"] == [["last"]]


@pytest.mark.parametrize("workers", (1, 3))
@pytest.mark.parametrize("reads_on", (False, True))
def test_a_client_that_comes_back_too_late(before, workers, reads_on):
    """It took nothing for so long that its query was given up: then it leaves, or reads on and is told that this is no page."""
    with Long(24 * MB) as contract:
        proxy = before(contract, frontends={"trinoHttp": {"clientTimeout": "1s"}}, workers=workers)
        connection, answer, _ = get(Session(proxy.trino_port).post("SELECT s FROM t")["nextUri"], 1000)
        assert proxy.log_contains("trino query abandoned")
        proxy.wait_for(lambda: not proxy.admin("/admin/queries")[1]["queries"], what="the query is given up")
        if reads_on:
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()
        connection.close()
        answer.close()
        proxy.wait_for(proxy.is_quiet, what="it does nothing")
        assert "nextUri" in Session(proxy.trino_port).post("SELECT s FROM t")


def test_ended_in_the_midst(before):
    with Long(24 * MB) as contract:
        proxy = before(contract)
        session = Session(proxy.trino_port)
        link = session.post("SELECT s FROM t")["nextUri"]
        connection, answer, _ = get(link, 1000)
        assert get(link, method="DELETE")[0] == 204
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
        connection.close()
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino is told")
        status, body, whole = get(link)
        assert (status, whole, json.loads(body)["error"]["errorName"]) == (200, True, "USER_CANCELED")


def broken(page, kind):
    at = len(page) // 2
    if kind == "cut":
        return page[:at]
    if kind == "no UTF-8":
        return page[:at] + b"\xff" + page[at + 1:]
    if kind == "no rows":
        begin = page.index(b'"data": [') + len(b'"data": [')
        end = page.index(b"],", at) + 2
        return page[:begin] + page[begin:end] + b" 1, " + page[end:]
    return page + b"}"


@pytest.mark.parametrize("kind", ("cut", "no UTF-8", "no rows", "too much"))
def test_it_is_no_page(before, kind):
    """What was sent does not look whole, and who asks again is told why."""
    def first(_):
        page = contract.body
        bad = broken(page, kind)
        return Answer(bad, headers={"X-Length": str(len(page))}, endless=True) if kind != "cut" else Cut(bad, len(page))

    with Long(12 * MB, first=first) as contract:
        session = Session(before(contract).trino_port)
        link = session.post("SELECT s FROM t")["nextUri"]
        status, _, whole = get(link)
        assert (status, whole) == (200, False)
        status, body, whole = get(link)
        error = json.loads(body)["error"]
        assert (status, whole) == (200, True) and error["errorType"] in ("INTERNAL_ERROR", "EXTERNAL"), error
        assert len(get(session.post("SELECT s FROM t")["nextUri"])[1]) > 2 * MB


class Cut(Answer):
    """BODY is not all that it says."""

    def __init__(self, body, length):
        super().__init__(body)
        self.length = length

    def send(self, handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(self.length))
        handler.end_headers()
        handler.wfile.write(self.body)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True


class Pieces(Answer):
    """In chunks of odd sizes; CUT: the last one is missing."""

    def __init__(self, body, cut=False, **more):
        super().__init__(body, **more)
        self.cut = cut

    def send(self, handler):
        handler.send_response(200)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        at = size = 0
        while at < len(self.body):
            size = size * 3 % 65537 + 1
            piece = self.body[at:at + size]
            at += len(piece)
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if self.cut:
            handler.close_connection = True
        else:
            handler.wfile.write(b"0\r\n\r\n")


@pytest.fixture(autouse=True)
def own_answers(monkeypatch):
    """Contract servers know how to send a Cut, and Pieces."""
    make = Contract.handler

    def handler(contract):
        made = make(contract)
        whole = made.send
        made.send = lambda self, answer: answer.send(self) if hasattr(answer, "send") else whole(self, answer)
        return made
    monkeypatch.setattr(Contract, "handler", handler)


@pytest.mark.parametrize("packed", (False, True))
@pytest.mark.parametrize("tail", (False, True))
def test_in_pieces(before, packed, tail):
    """Chunks that end anywhere, compressed and not, to a client that takes gzip and to one that does not."""
    with Long(5 * MB, tail, first=lambda _: Pieces(contract.body, packed=packed)) as contract:
        proxy = before(contract)
        for coding in ("gzip", "identity"):
            link = Session(proxy.trino_port).post("SELECT s FROM t")["nextUri"]
            page, whole = get_rows(link, coding)
            assert whole and page["data"] == contract.rows
            assert json.loads(get(page["nextUri"])[1])["data"] == [["last"]]


@pytest.mark.parametrize("packed", (False, True))
def test_the_last_piece_is_missing(before, packed):
    with Long(5 * MB, first=lambda _: Pieces(contract.body, cut=True, packed=packed)) as contract:
        link = Session(before(contract).trino_port).post("SELECT s FROM t")["nextUri"]
        page, whole = get_rows(link)
        assert not whole, page


def test_many_at_once(before):
    """Each gets its own; nothing is mixed up between workers."""
    with Long(5 * MB) as contract:
        proxy = before(contract, workers=2)
        got = []

        def client():
            session = Session(proxy.trino_port)
            for _ in range(3):
                page = fetch(session, session.post("SELECT s FROM t"))
                got.append(page["data"] == contract.rows and fetch(session, page)["data"] == [["last"]])
        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [True] * 24


# ---- of queries that are followed over a restart


@pytest.mark.parametrize("tail", (False, True))
def test_a_followed_one_is_the_page(before, tail):
    """However often it is asked for; its query's record has its rows once."""
    with Long(12 * MB, tail) as contract:
        proxy, link = followed(before, contract)
        for _ in range(2):
            status, body, whole = get(link)
            page = json.loads(body)
            assert (status, whole) == (200, True) and page["data"] == contract.rows and page["columns"] == TEXT and page["stats"] == STATS
            assert all(page[name].startswith(f"http://127.0.0.1:{proxy.trino_port}/v1/statement/executing/") for name in ("nextUri", "partialCancelUri"))
        last = json.loads(get(page["nextUri"])[1])
        assert last["data"] == [["last"]] and "nextUri" not in last and contract.asked == ["1", "1", "2"]
        proxy.wait_for(lambda: not proxy.admin("/admin/queries")[1]["queries"], what="no query runs")
        assert [(r["outcome"], r["rows"], r["router"]) for r in ops.history(proxy, 1)] == [("ok", len(contract.rows) + 1, "link")]


@pytest.mark.parametrize("kind", ("cut", "no UTF-8", "no rows", "too much"))
def test_a_followed_one_that_is_no_page(before, kind):
    """What was sent does not look whole; asked for again it comes from its Trino again."""
    def first(count):
        page = contract.body
        return Answer(page) if count > 1 else Cut(broken(page, kind), len(page)) if kind == "cut" else Answer(broken(page, kind), endless=True)

    with Long(12 * MB, first=first) as contract:
        _, link = followed(before, contract)
        status, _, whole = get(link)
        assert (status, whole) == (200, False)
        status, body, whole = get(link)
        assert (status, whole) == (200, True) and json.loads(body)["data"] == contract.rows


def test_a_followed_one_is_killed_or_left(before):
    """Who is in the midst of a page does not take it for whole, and is told when asking again; a client that leaves comes back to it."""
    with Long(24 * MB) as contract:
        proxy, link = followed(before, contract)
        connection, _, _ = get(link, 1000)
        connection.close()
        connection, answer, _ = get(link, 1000)
        (number,), = console(proxy, "SELECT id FROM queries WHERE cluster_group = 'all'")
        console(proxy, f"KILL {number}")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
        connection.close()
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino is told")
        status, body, whole = get(link)
        assert (status, whole, json.loads(body)["error"]["errorName"]) == (200, True, "USER_CANCELED")


def test_shutdown_in_the_midst_of_a_followed_one(before):
    with Long(24 * MB) as contract:
        proxy, link = followed(before, contract, shutdownTimeout="0s")
        connections = [get(link, 1000) for _ in range(3)]
        proxy.stop()
        for connection, answer, _ in connections:
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()
            connection.close()


def test_many_followed_at_once(before):
    """The worker of a request is not always that of its query."""
    with Long(5 * MB) as contract:
        proxy = before(contract, workers=2, persistence={"type": "sqlite", "path": "turnout.db"})
        links = [Session(proxy.trino_port).post("SELECT s FROM t")["nextUri"] for _ in range(8)]
        now, got = restarted(proxy), []

        def client(link):
            for _ in range(3):
                page = json.loads(get(now(link))[1])
                got.append(page["data"] == contract.rows and json.loads(get(page["nextUri"])[1])["data"] == [["last"]])
        threads = [threading.Thread(target=client, args=(link,)) for link in links]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [True] * 24
