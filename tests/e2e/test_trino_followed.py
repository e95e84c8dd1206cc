"""Queries that are followed by their links from before a restart: whose they are, their limits, how they end here and what their Trino and
their client are told of it. Against a hand-written contract server (trino_contract.py), which counts what it is asked; the same on a real
Trino is in test_trino_links.py."""

import json
import urllib.error
import urllib.request

import pytest

import ops
import proxy as proxy_module
from test_trino_links import basic, console, restarted
from test_trino_relay import Session
from trino_contract import BIGINT, Answer, Contract

LOGINS = {"provider": "static", "staticUsers": {"users": {user: {"password": f"secret-{user}"} for user in ("ann", "bob")}}}
PATH = "/v1/statement/executing/20260101_000000_00000_aaaaa/y/"


class Endless(Contract):
    """A query that has always another page, each with a link of its own."""

    def __init__(self, **more):
        super().__init__(lambda path, count: {"columns": BIGINT, "data": [[count]], "nextUri": f"{self.url}{PATH}{count}"}, **more)


@pytest.fixture
def begun(proxies):
    """begun(contract, count, turnout, group, **cluster): a proxy before CONTRACT that was started anew while COUNT queries of ann ran, and
    what their next links are now."""
    def make(contract, count=1, turnout=None, group=None, **cluster):
        proxy = proxies({**proxy_module.one_cluster("t-1", contract.cluster(**cluster), persistence={"type": "sqlite", "path": "turnout.db"}, **(turnout or {})),
                         "clusterGroups": {"all": {"members": ["t-1"]}}, "routingFallback": "all"})
        sessions = [Session(proxy.trino_port, **basic("ann")) for _ in range(count)]
        pages = [session.ask(session.post("SELECT n FROM t")["nextUri"]) for session in sessions]
        proxy.config["clusterGroups"]["all"].update(group or {})
        now = restarted(proxy)
        return proxy, [now(page["nextUri"]) for page in pages]
    return make


def ask(link, method="GET", **headers):
    """(status, document)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(link, method=method, headers=headers), timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def running(proxy):
    return console(proxy, "SELECT id, \"user\" FROM queries WHERE cluster_group = 'all' ORDER BY id")


def told(link):
    """What its client hears of a query that was ended here."""
    status, page = ask(link)
    assert (status, page["id"], page["stats"]["state"], "nextUri" in page) == (200, "20260101_000000_00000_aaaaa", "FAILED", False)
    return page["error"]["errorName"], page["error"]["message"]


KILLED = ("USER_CANCELED", "canceling statement due to administrator command")


def test_kill_is_told_at_once(begun):
    """To the Trino, on the latest link, and again while that does not answer; to the client whenever it comes, and the Trino is asked no more."""
    with Endless(deletes=lambda count: Answer(b"", 503 if count < 3 else 204)) as contract:
        proxy, (link,) = begun(contract)
        page = ask(link)[1]
        ((number, user),) = running(proxy)
        assert user == "ann" and proxy.admin("/admin/queries?user=ann")[1]["queries"][0]["id"] == number
        assert not proxy.admin("/admin/queries?user=bob")[1]["queries"]
        asked = len(contract.of("GET"))
        console(proxy, f"KILL {number}")
        proxy.wait_for(lambda: len(contract.of("DELETE")) == 3, what="its Trino was told")
        assert [one[1] for one in contract.of("DELETE")] == [f"{PATH}{asked}"] * 3
        assert not running(proxy) and console(proxy, "SELECT running FROM groups WHERE name = 'all'") == [(0,)]
        for again in (link, page["nextUri"], page["nextUri"]):
            assert told(again) == KILLED
        assert ask(page["nextUri"], "HEAD")[0] == 200 and ask(page["nextUri"], "DELETE")[0] == 204
        assert len(contract.of("GET")) == asked and not running(proxy) and len(contract.of("DELETE")) == 3
        assert [(r["outcome"], r["user"], r["router"]) for r in ops.history(proxy, 1)] == [("cancelled", "ann", "link")]


def test_on_kept_connections(begun):
    """Each request of a followed query goes on a connection of the pool."""
    with Endless() as contract:
        _, (link,) = begun(contract, poolIdleTimeout="10m")
        accept, opened = contract.server.get_request, []
        contract.server.get_request = lambda: opened.append(1) or accept()
        for _ in range(20):
            link = ask(link)[1]["nextUri"]
        assert len(opened) <= 3, len(opened)  # one, and those of health checks


def test_kill_with_the_clients_own_login(begun):
    with Endless() as contract:
        proxy, (link,) = begun(contract, auth={"type": "passThrough"})
        assert ask(link, **basic("ann"))[0] == 200
        console(proxy, f"KILL {running(proxy)[0][0]}")
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino was told")
        headers = contract.of("DELETE")[0][2]
        assert (headers["Authorization"], headers["X-Trino-User"]) == (basic("ann")["Authorization"], "ann")


def test_kill_while_a_page_is_on_its_way(begun):
    """What comes then is not for the client any more."""
    with Endless() as contract:
        proxy, (link,) = begun(contract)
        ask(link)
        number = running(proxy)[0][0]
        pages, contract.pages = contract.pages, lambda path, count: (console(proxy, f"KILL {number}"), pages(path, count))[1]
        assert told(link) == KILLED
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino was told")


def test_word_of_a_kill_is_kept(begun):
    """Longer than a query that nobody asks for: a client that slept hears of it."""
    with Endless() as contract:
        proxy, (kept, left) = begun(contract, 2, turnout={"frontends": {"trinoHttp": {"clientTimeout": "3s"}}})
        ask(kept)
        number = running(proxy)[0][0]
        console(proxy, f"KILL {number}")
        ask(left)  # later used than the other
        proxy.wait_for(lambda: not running(proxy), what="a query that nobody asks for is dropped")
        asked = len(contract.of("GET"))
        assert told(kept) == KILLED and len(contract.of("GET")) == asked
        assert len(contract.of("DELETE")) == 1  # another Turnout may have the other's client now


def test_an_end_begins_no_other_query(begun):
    """Neither that of its client nor a Trino that knows nothing of it, however often its link is asked for."""
    with Endless() as contract:
        proxy, links = begun(contract, 2)
        assert ask(links[0])[0] == 200 and ask(links[0], "DELETE")[0] == 204
        contract.pages = lambda path, count: Answer(b"", 404)
        for link in links * 2:
            assert ask(link)[0] == 404
        assert not running(proxy) and [r["outcome"] for r in ops.history(proxy, 2)] == ["cancelled"] * 2


def test_above_the_limit_is_counted(begun):
    with Endless() as contract:
        proxy, links = begun(contract, 3, group={"maxRunningQueries": 1})
        for link in links:
            assert ask(link)[0] == 200
        assert console(proxy, "SELECT running FROM groups WHERE name = 'all'") == [(3,)]
        reasons = [row[0] for row in console(proxy, "SELECT reason FROM queries WHERE cluster_group = 'all' ORDER BY id")]
        assert ["above the limit" in reason for reason in reasons] == [False, True, True]
        for left, (number, _) in enumerate(reversed(running(proxy))):
            console(proxy, f"KILL {number}")
            assert console(proxy, "SELECT running FROM groups WHERE name = 'all'") == [(2 - left,)]


def test_time_limit(begun):
    """That of the group, from the first link on: its Trino is told though no client comes."""
    with Endless() as contract:
        proxy, (link,) = begun(contract, group={"queryTimeout": "300ms"})
        ask(link)
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino was told")
        assert told(link) == ("EXCEEDED_TIME_LIMIT", "canceling statement due to statement timeout")
        assert [r["outcome"] for r in ops.history(proxy, 1)] == ["timeout"]


def test_by_its_id(begun):
    """/v1/query/ID: its user sees and ends it, and nobody else."""
    with Endless() as contract:
        proxy, (link,) = begun(contract, turnout={"auth": LOGINS})
        ask(link)
        by_id = f"http://127.0.0.1:{proxy.trino_port}/v1/query/20260101_000000_00000_aaaaa"
        assert ask(by_id)[0] == 401 and ask(by_id, **basic("bob"))[0] == 404 and ask(by_id, "DELETE", **basic("bob"))[0] == 404
        status, info = ask(by_id, **basic("ann"))
        assert (status, info["queryId"], info["state"], info["session"]["user"]) == (200, "20260101_000000_00000_aaaaa", "RUNNING", "ann")
        assert ask(by_id, "DELETE", **basic("ann"))[0] == 204
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino was told")
        assert told(link) == ("USER_CANCELED", "canceling statement due to user request")
        assert ask(by_id, **basic("ann"))[1]["state"] == "FAILED"


def test_escapes_in_a_coordinators_links(begun):
    """`/` may be written `\\/` in JSON: the link that is followed is what it means."""
    with Endless() as contract:
        plain = contract.pages
        contract.pages = lambda path, count: Answer(json.dumps(contract.page(plain(path, count))).replace("/", "\\/").encode())
        proxy, (link,) = begun(contract)
        asked = len(contract.of("GET"))
        assert ask(link)[1]["data"] == [[asked + 1]] and contract.of("GET")[-1][1] == f"{PATH}{asked}"
        console(proxy, f"KILL {running(proxy)[0][0]}")
        proxy.wait_for(lambda: contract.of("DELETE"), what="its Trino was told")
        assert contract.of("DELETE")[0][1] == f"{PATH}{asked + 1}"


@pytest.mark.parametrize("auth, status", [({"type": "none"}, 500), ({"type": "passThrough"}, 401)])
def test_a_login_that_is_refused_there(begun, auth, status):
    """Turnout's own is no matter of the client's, who would be asked for another one."""
    with Endless() as contract:
        _, (link,) = begun(contract, auth=auth)
        contract.pages = lambda path, count: Answer(b"no", 401)
        assert ask(link, **basic("ann"))[0] == status


def test_answers_that_are_no_pages(begun):
    """Not 502 to 504, which are asked again and again."""
    with Endless() as contract:
        proxy, (link,) = begun(contract)
        for answer in (Answer(b"<html>"), Answer(b"x", headers={"Content-Encoding": "gzip"}), Answer(b'{"id":"q","data":[[1],2]}')):
            contract.pages = lambda path, count, answer=answer: answer
            assert ask(link)[0] == 500
        contract.pages = lambda path, count: Answer(b"", 302, {"Location": "http://evil/"})
        assert ask(link)[0] == 502 and len(running(proxy)) == 1
