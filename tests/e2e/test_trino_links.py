"""Links of queries on a Trino: whole pages pass as they came, each asked for when the client asks; links outlive Turnout and
cannot be forged; what the client's headers say reaches the Trino, and what that answers the client; log-ins are not mixed up;
segments of spooled results pass through."""

import base64
import http.client
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

import proxy as proxy_module
import ops
import wire
from test_trino_relay import Session
from trino_contract import BIGINT, Answer, Contract

trino = pytest.importorskip("trino")

pytestmark = pytest.mark.timeout(600)  # whichever runs first fetches Trino and waits for its start

SQL = "SELECT orderkey, linenumber, rpad(comment, 80, 'x') AS long FROM tpch.tiny.lineitem"


def status_of(link, method="GET", **headers):
    request = urllib.request.Request(link, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def restarted(proxy, how=signal.SIGKILL):
    """Anew, with the same configuration and folder; a function that takes a link to where it listens now."""
    before = proxy.trino_port
    if how == signal.SIGKILL:
        proxy.kill()
    else:
        proxy.stop(how)
    proxy.start()
    return lambda link: link.replace(f":{before}/", f":{proxy.trino_port}/")


def test_links_of_before_a_restart(proxies, trino_server):
    """No row is lost and none is told twice, though the page that was on its way when Turnout ended is asked for again."""
    proxy = proxies(proxy_module.one_cluster("trino-1", trino_server.cluster(), shutdownTimeout="0s", persistence={"type": "sqlite", "path": "turnout.db"}))
    through, rows = Session(proxy.trino_port), []
    page = through.post(SQL)
    query = page["id"]
    for how in (signal.SIGKILL, signal.SIGTERM):
        before = len(rows)
        while len(rows) == before:
            rows += page.get("data", [])
            last, page = page, through.ask(page["nextUri"])
        page = through.ask(restarted(proxy, how)(last["nextUri"]))  # once more: as if its answer had been lost
    while "nextUri" in page:
        rows += page.get("data", [])
        page = through.ask(page["nextUri"])
    rows += page.get("data", [])
    assert "error" not in page and page["id"] == query and page["stats"]["state"] == "FINISHED"
    assert trino_server.queries(f"query_id = '{query}'")[0][1] == "FINISHED"
    assert sorted(map(tuple, rows)) == sorted(map(tuple, trino_server.sql(SQL)))


def test_end_and_forgery_of_an_old_link(proxies, trino_server):
    proxy = proxies(proxy_module.one_cluster("trino-1", trino_server.cluster()))
    through = Session(proxy.trino_port)
    mine, other = (through.post(f"SELECT orderkey FROM tpch.sf10.lineitem /* {who} */") for who in ("mine", "other"))
    now = restarted(proxy)
    mine["nextUri"], other["nextUri"] = now(mine["nextUri"]), now(other["nextUri"])
    head, slug, token = mine["nextUri"].rsplit("/", 2)
    theirs = other["nextUri"].rsplit("/", 2)[1]
    sealed = slug.split(".")[1]
    plain = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    moved = base64.urlsafe_b64encode(plain[:16] + plain[16:].replace(b"/v1/", b"/v2/", 1)).decode().rstrip("=")
    forged = [f"{head}/{slug}/{int(token) + 1}", f"{head}/{theirs}/{token}", f"{head}/{slug[:-1]}/{token}", f"{head}/{slug.split('.')[0]}/{token}",
              f"{head}/{slug.split('.')[0]}.{moved}/{token}", f"{head}/x./{token}", f"{head}/x.{'A' * 6000}/{token}", f"{head}/x.+/{token}",
              f"http://127.0.0.1:{proxy.trino_port}/v1/spooled/relay/{sealed}"]
    assert [status_of(link) for link in forged] == [404] * len(forged)
    assert status_of(mine["nextUri"], "HEAD") == 200 and status_of(mine["nextUri"], "DELETE") == 204
    proxy.wait_for(lambda: trino_server.queries(f"query_id = '{mine['id']}'")[0][1] == "FAILED", what="it is over there")
    through.ask(other["nextUri"], "DELETE")


def test_one_request_for_one(proxies):
    """A page is asked for when the client asks for it, is the same when it asks again, and passes as it stands."""
    odd = b'{ "id" : "20260101_000000_00000_aaaaa" ,"infoUri":"http://h/ui","columns":%s, "data":[[ 1 ],[2]],"odd":{"a":[1,"\\u00e9"]} ,"nextUri":"http://h/v1/statement/executing/q/y/%d","stats":%s}'

    def pages(path, count):
        return Answer(odd % (json.dumps(BIGINT).encode(), count + 1, b'{"state":"RUNNING","cpuTimeMillis":7}')) if count < 3 else {"columns": BIGINT}
    with Contract(pages) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port)
        page = through.post("SELECT n FROM t")
        assert page["id"] == "20260101_000000_00000_aaaaa" and not contract.of("GET")
        for count in (1, 2):
            link = page["nextUri"]
            with urllib.request.urlopen(link, timeout=60) as answer:
                body = answer.read()
            with urllib.request.urlopen(link, timeout=60) as answer:
                assert answer.read() == body
            assert len(contract.of("GET")) == count
            page = json.loads(body)
            assert body.startswith(b'{ "id" : "20260101_000000_00000_aaaaa" ,"infoUri":"http://127.0.0.1:') and b'"data":[[ 1 ],[2]],"odd":{"a":[1,"\\u00e9"]} ,"nextUri":"' in body
        assert "nextUri" not in through.ask(page["nextUri"]) and len(contract.of("GET")) == 3


def test_end_while_a_client_waits(proxies):
    """A client that waits for a page when Turnout ends is told to ask again, and the query is not ended over there."""
    def pages(path, count):
        return None if count == 1 else {"columns": BIGINT, "data": [[count]]}
    with Contract(pages) as contract, ThreadPoolExecutor(1) as pool:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(), shutdownTimeout="0s"))
        page = Session(proxy.trino_port).post("SELECT n FROM t")
        waiting = pool.submit(status_of, page["nextUri"])
        proxy.wait_for(lambda: contract.of("GET"), what="the page was asked for")
        now = restarted(proxy, signal.SIGTERM)
        assert waiting.result(60) == 503 and not contract.of("DELETE")
        assert Session(proxy.trino_port).ask(now(page["nextUri"]))["data"] == [[2]]


def test_headers_go_on(proxies):
    said = {"X-Trino-Source": "loader", "X-Trino-Client-Info": "build 7", "X-Trino-Trace-Token": "abc-1", "X-Trino-Language": "de",
            "X-Trino-Role": "system=ROLE{admin}", "X-Trino-Extra-Credential": "k=v%2Cw", "X-Trino-Resource-Estimate": "EXECUTION_TIME=5m",
            "X-Trino-Client-Capabilities": "PATH", "X-Trino-Client-Tags": "a,b", "X-Trino-Path": "x.y", "X-Trino-Time-Zone": "Asia/Tokyo",
            "X-Trino-Catalog": "c", "X-Trino-Schema": "s", "X-Trino-Session": "hive.p=1"}
    told = {"X-Trino-Set-Path": "a.b", "X-Trino-Set-Role": "system=ALL", "X-Trino-Set-Authorization-User": "bob", "X-Trino-Added-Prepare": "p=SELECT+1"}
    with Contract(lambda path, count: Answer(contract.page({"columns": BIGINT, "data": [[1]]}), headers=told)) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        for prefix in ("X-Trino-", "X-Presto-"):
            mine = {name.replace("X-Trino-", prefix): value for name, value in {"X-Trino-User": "tester", "Authorization": "Basic dGVzdGVyOng=", **said}.items()}
            request = urllib.request.Request(f"http://127.0.0.1:{proxy.trino_port}/v1/statement", data=b"SELECT n FROM t", headers=mine)
            with urllib.request.urlopen(request, timeout=60) as answer:
                page = json.loads(answer.read())
            with urllib.request.urlopen(page["nextUri"], timeout=60) as answer:
                assert {name: answer.headers[name.replace("X-Trino-", prefix)] for name in told} == told
            got = contract.of("POST")[-1][2]
            assert {name: got[name] for name in said} == said
            assert got["X-Trino-User"] == "turnout" and got["Authorization"] is None  # the cluster's own, never the client's


def basic(user):
    return {"X-Trino-User": user, "Authorization": "Basic " + base64.b64encode(f"{user}:secret-{user}".encode()).decode()}


def test_pass_through(proxies):
    """Each request of a client's goes with its own log-in, on connections that are everybody's; others are refused."""
    with Contract(lambda path, count: {"columns": BIGINT, "data": [[1]]}) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        for user in ("ann", "bob", "ann"):
            through = Session(proxy.trino_port, **basic(user))
            assert through.rows("SELECT n FROM t") == [[1]]
            for _, _, headers, _ in contract.requests[-2:]:
                assert (headers["X-Trino-User"], headers["Authorization"]) == (user, basic(user)["Authorization"])
        through = Session(proxy.trino_port, **basic("eve"))
        through.ask(through.post("SELECT n FROM t")["nextUri"], "DELETE")
        proxy.wait_for(lambda: contract.of("DELETE"), what="the query was ended over there")
        assert contract.of("DELETE")[0][2]["Authorization"] == basic("eve")["Authorization"]
        said = http.client.HTTPConnection("127.0.0.1", proxy.trino_port, timeout=60)
        said.putrequest("POST", "/v1/statement")
        for name, value in (("X-Presto-User", "eve"), ("X-Trino-User", "eve"), ("X-Trino-User", "ann"), ("Content-Length", "17")):
            said.putheader(name, value)
        said.endheaders(b"SELECT n FROM two")
        assert said.getresponse().status == 200
        said.close()
        assert contract.of("POST")[-1][2]["X-Trino-User"] == "ann"  # who is asked about here, and nobody else
        with wire.Wire(proxy.port) as client:
            error = client.fails("SELECT n FROM t")
            assert error.sqlstate == "28000" and "passThrough" in error.message
            client.finish()
        assert "secret-" not in proxy.log() and base64.b64encode(b"ann:secret-ann").decode() not in proxy.log()


def test_pass_through_of_a_transaction(proxies):
    """Its beginning and its end go with the client's own log-in, too."""
    def answer(count):
        begins = contract.requests[-1][3].startswith(b"START TRANSACTION")
        return Answer(contract.page({}), headers={"X-Trino-Started-Transaction-Id": "T1"}) if begins else {}

    with Contract(lambda path, count: {"columns": BIGINT, "data": [[1]]}, posts=answer) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        with trino.dbapi.connect(host="127.0.0.1", port=proxy.trino_port, user="ann", http_headers={"Authorization": basic("ann")["Authorization"]},
                                 isolation_level=trino.transaction.IsolationLevel.READ_COMMITTED) as connection:
            assert connection.cursor().execute("SELECT n FROM t").fetchall() == [[1]]
        asked = [(body.split()[0], headers["X-Trino-User"], headers["Authorization"]) for _, _, headers, body in contract.of("POST")]
        assert asked == [(word, "ann", basic("ann")["Authorization"]) for word in (b"START", b"SELECT", b"COMMIT")]


def test_pass_through_refused_there(proxies):
    """As that Trino says it: clients ask for another password when they see 401. It is nobody else's fault: no breaker opens."""
    refusals = [401, 403] * 5
    with Contract(posts=lambda count: Answer(b"Access Denied: no", refusals[count - 1])) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        for sql in ["SELECT n FROM t", "SHOW SCHEMAS"] * 5:
            with pytest.raises(urllib.error.HTTPError) as refused:
                Session(proxy.trino_port, **basic("ann")).run(sql)
            assert refused.value.code == refusals[len(contract.of("POST")) - 1]
            assert refused.value.headers["WWW-Authenticate"] == ('Basic realm="Trino"' if refused.value.code == 401 else None)
            assert refused.value.read() == b"Access Denied: no"  # drivers show it behind words of their own


def test_slow_use(proxies):
    """Columns never come without updateType: JDBC would take USE for a query, and not see the new schema."""
    def pages(path, count):
        time.sleep(2.5)  # longer than a client's request is kept waiting
        return {"columns": BIGINT, "data": [[1]]}
    with Contract(pages) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port)
        seen = [through.post("USE tiny")]
        while "nextUri" in seen[-1]:
            seen.append(through.ask(seen[-1]["nextUri"]))
        assert len(seen) > 2 and "error" not in seen[-1], seen
        assert [page.get("updateType") for page in seen if "columns" in page] == ["USE"] * len([page for page in seen if "columns" in page])


def test_pass_through_validated(proxies):
    """HEAD /v1/statement (JDBC: validateConnection=true) asks the Trino that the log-in goes on to; one that does not know it says nothing against it."""
    answers = [Answer(b"", 401, headers={"WWW-Authenticate": "Bearer x_token_server=\"https://t.example/0e\""}), Answer(b"", 405), Answer(b"")]
    with Contract(heads=lambda count: answers[count - 1]) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        url = f"http://127.0.0.1:{proxy.trino_port}/v1/statement"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD", headers=basic("ann")), timeout=60)
        assert (refused.value.code, refused.value.headers["WWW-Authenticate"]) == (401, answers[0].headers["WWW-Authenticate"])
        for _ in range(2):
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD", headers=basic("ann")), timeout=60) as answer:
                assert answer.status == 200
        assert [(path, headers["Authorization"]) for _, path, headers, _ in contract.of("HEAD")] == [("/v1/statement", basic("ann")["Authorization"])] * 3
        assert contract.of("POST") == []


def test_pass_through_of_a_token(proxies):
    """It names its user: X-Trino-User is not needed."""
    with Contract(lambda path, count: {"columns": BIGINT, "data": [[1]]}) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        request = urllib.request.Request(f"http://127.0.0.1:{proxy.trino_port}/v1/statement", b"SELECT n FROM t", {"Authorization": "Bearer ey.J.x"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert "nextUri" in json.load(answer)
        (_, _, headers, _), = contract.of("POST")
        assert headers["Authorization"] == "Bearer ey.J.x" and headers["X-Trino-User"] is None


def test_pass_through_challenge(proxies):
    """OAuth2: a Trino says where the client's browser is to go, and so does Turnout, whether the client says who it is or not."""
    oauth = 'Bearer x_redirect_server="https://t.example/oauth2/token/initiate/0f", x_token_server="https://t.example/oauth2/token/0e"'
    with Contract(posts=lambda count: Answer(b"", 401, headers={"WWW-Authenticate": oauth})) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        with pytest.raises(urllib.error.HTTPError) as refused:
            Session(proxy.trino_port).run("SELECT n FROM t")
        assert (refused.value.code, refused.value.headers["WWW-Authenticate"]) == (401, oauth)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{proxy.trino_port}/v1/statement", b"SELECT n FROM t", timeout=60)
        assert (refused.value.code, refused.value.headers["WWW-Authenticate"]) == (401, oauth)


SEGMENT = b"(\xb5/\xfd\x00\xff raw"


def test_spooled_segments(proxies):
    """Segments are fetched and acknowledged through Turnout, with the headers that they ask for; a link into a store stays."""
    def pages(path, count):
        if "/v1/spooled/" in path:
            return Answer(SEGMENT, headers={"Content-Type": "application/octet-stream"}) if "download" in path else Answer(b"", 200)
        meta = {"segmentSize": len(SEGMENT), "uncompressedSize": 50, "rowsCount": 3, "rowOffset": 0}
        segments = [{"type": "spooled", "uri": contract.url + "/v1/spooled/download/S1", "ackUri": contract.url + "/v1/spooled/ack/S1",
                     "metadata": meta, "headers": {"x-amz-thing": ["v"]}},
                    {"type": "inline", "data": base64.b64encode(SEGMENT).decode(), "metadata": meta},
                    {"type": "spooled", "uri": "http://store.example/b/S2?sig=1", "ackUri": contract.url + "/v1/spooled/ack/S2", "metadata": meta}]
        return Answer(contract.page({"columns": BIGINT, "data": {"encoding": "json+zstd", "metadata": {}, "segments": segments}}),
                      headers={"X-Trino-Query-Data-Encoding": "json+zstd"})
    with Contract(pages) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster(auth={"type": "passThrough"})))
        through = Session(proxy.trino_port, X_Trino_Query_Data_Encoding="json+zstd,json", **basic("ann"))
        page = through.post("SELECT n FROM t")
        assert contract.of("POST")[0][2]["X-Trino-Query-Data-Encoding"] == "json+zstd,json"
        data = through.ask(page["nextUri"])["data"]
        first, inline, stored = data["segments"]
        assert data["encoding"] == "json+zstd" and base64.b64decode(inline["data"]) == SEGMENT and stored["uri"] == "http://store.example/b/S2?sig=1"
        assert all(link.startswith(f"http://127.0.0.1:{proxy.trino_port}/v1/spooled/relay/") for link in (first["uri"], first["ackUri"], stored["ackUri"]))
        now = restarted(proxy)
        request = urllib.request.Request(now(first["uri"]), headers={"x-amz-thing": "v", "Accept-Encoding": "gzip", **basic("ann")})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.read() == SEGMENT and answer.headers["Content-Encoding"] is None
        assert status_of(now(first["ackUri"]), X_amz_thing="v", **basic("ann")) in (200, 204)
        download, ack = contract.of("GET")[-2:]
        assert (download[1], download[2]["x-amz-thing"], ack[1], ack[2]["x-amz-thing"]) == ("/v1/spooled/download/S1", "v", "/v1/spooled/ack/S1", "v")
        assert download[2]["Authorization"] == basic("ann")["Authorization"]


@pytest.mark.parametrize("evil", [b'"nextUri":"http://evil/1","nextUri":"http://h/v1/2"', b'"nextUri":"http://h/v1/2","NextURI":"http://evil/1"',
                                  b'"next\\u0055ri":"http://evil/1"', b'"nextUri":"http://h/v1/2","partialCancelUri":"http://evil/1","partialCancelUri":"http://h/v1/3"'])
@pytest.mark.parametrize("followed", [False, True])
def test_no_link_leads_past_turnout(proxies, evil, followed):
    """Readers differ in what they make of a name that stands there twice, of its case and of escapes: such a page goes to nobody."""
    bad = b'{"id":"20260101_000000_00000_aaaaa",%s,"stats":{"state":"RUNNING"}}' % evil
    with Contract(lambda path, count: Answer(bad)) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port)
        link = through.post("SELECT n FROM t")["nextUri"]
        if followed:
            assert status_of(restarted(proxy)(link)) == 500
        else:
            page = through.ask(link)
            assert "not one of Trino's" in page["error"]["message"] and "nextUri" not in page and "partialCancelUri" not in page
            proxy.wait_for(lambda: contract.of("DELETE"), what="the query was ended over there")


class Unmoved(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def test_what_a_segment_is_answered(proxies):
    """A segment that is gone is gone here, too; who is sent to the store or to a worker goes there, and nowhere else."""
    answers = {"gone": Answer(b"expired", 410), "lost": Answer(b"no such key", 404), "store": Answer(b"", 303, {"Location": "http://store.example/b/S?sig=1&x=y"}),
               "worker": Answer(b"", 307, {"Location": "http://10.0.0.7:8080/v1/spooled/download/S"}), "here": Answer(b"", 303, {"Location": "/v1/spooled/download/S"}),
               "bare": Answer(b"", 302), "other": Answer(b"", 303, {"Location": "file:///etc/passwd"})}

    def pages(path, count):
        if "/v1/spooled/" in path:
            return answers[path.rsplit("/", 1)[1]]
        meta = {"segmentSize": 5, "rowsCount": 3, "rowOffset": 0}
        segments = [{"type": "spooled", "uri": f"{contract.url}/v1/spooled/download/{name}", "ackUri": f"{contract.url}/v1/spooled/ack/{name}", "metadata": meta} for name in answers]
        return {"columns": BIGINT, "data": {"encoding": "json", "metadata": {}, "segments": segments}}
    with Contract(pages) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port, X_Trino_Query_Data_Encoding="json")
        segments = through.ask(through.post("SELECT n FROM t")["nextUri"])["data"]["segments"]
        found = {}
        for name, segment in zip(answers, segments):
            try:
                urllib.request.build_opener(Unmoved).open(segment["uri"], timeout=60)
            except urllib.error.HTTPError as error:
                found[name] = error.code, error.headers["Location"]
        assert found == {"gone": (410, None), "lost": (404, None), "store": (303, "http://store.example/b/S?sig=1&x=y"),
                         "worker": (307, "http://10.0.0.7:8080/v1/spooled/download/S"), "here": (502, None), "bare": (502, None), "other": (502, None)}


def test_partial_cancel_goes_on(proxies):
    with Contract(lambda path, count: {"columns": BIGINT, "data": [[1]], "partialCancelUri": contract.url + "/v1/statement/executing/partialCancel/q/0/y/1",
                                       "nextUri": contract.url + "/v1/statement/executing/q/y/2"}) as contract:
        proxy = proxies(proxy_module.one_cluster("t-1", contract.cluster()))
        through = Session(proxy.trino_port)
        page = through.ask(through.post("SELECT n FROM t")["nextUri"])
        assert status_of(page["partialCancelUri"], "DELETE") == 204
        assert contract.of("DELETE")[0][1] == "/v1/statement/executing/partialCancel/q/0/y/1"
        through.ask(page["nextUri"], "DELETE")


def test_postgres_cannot_pass_through(tmp_path):
    path = tmp_path / "turnout.yaml"
    path.write_text(json.dumps({"clusters": {"p": {"engine": "postgres", "endpoint": "postgresql://127.0.0.1:5432/x", "auth": {"type": "passThrough"}}},
                                "clusterGroups": {"g": {"members": ["p"]}}, "routingFallback": "g"}), encoding="utf-8")
    done = subprocess.run([proxy_module.binary(), "check", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "SCRAM" in done.stdout + done.stderr


def console(proxy, sql):
    with ops.connect(proxy, dbname="turnout") as connection:
        return connection.execute(sql).fetchall()


def test_a_followed_query_is_one_again(proxies, trino_server):
    """Listed, with a slot, ended by KILL, and in history; above the limit rather than refused."""
    proxy = proxies({**proxy_module.one_cluster("trino-1", trino_server.cluster(), shutdownTimeout="0s", persistence={"type": "sqlite", "path": "turnout.db"}),
                     "clusterGroups": {"all": {"members": ["trino-1"], "maxRunningQueries": 4}}, "routingFallback": "all"})
    through = Session(proxy.trino_port)
    pages = [through.post(f"SELECT orderkey, rpad(comment, 80, 'x') FROM tpch.sf1.lineitem /* {n} */") for n in range(2)]
    short = through.ask(through.post(SQL)["nextUri"])
    failing = through.post("SELECT 1 / (max(orderkey) - max(orderkey)) FROM tpch.sf1.lineitem")
    pages = [through.ask(page["nextUri"]) for page in pages]
    proxy.config["clusterGroups"]["all"]["maxRunningQueries"] = 2
    links = restarted(proxy)
    pages = [through.ask(links(page["nextUri"])) for page in pages]
    running = console(proxy, "SELECT id, cluster_group, cluster, protocol, state, \"user\" FROM queries WHERE cluster_group = 'all' ORDER BY id")
    assert [row[1:] for row in running] == [("all", "trino-1", "trinoHttp", "running", "tester")] * 2
    assert console(proxy, "SELECT running FROM groups WHERE name = 'all'") == [(2,)]
    short, page = through.ask(links(short["nextUri"])), None
    assert console(proxy, "SELECT running FROM groups WHERE name = 'all'") == [(3,)]  # beyond the limit of two
    while "nextUri" in short:
        short, page = through.ask(short["nextUri"]), short
    assert status_of(page["nextUri"]) in (200, 404, 410)  # once more: no other query, and no other record
    failing = through.ask(links(failing["nextUri"]))
    while "nextUri" in failing:
        failing = through.ask(failing["nextUri"])
    assert failing["error"]["errorName"] == "DIVISION_BY_ZERO"
    through.ask(pages[0]["nextUri"], "DELETE")
    console(proxy, f"KILL {running[1][0]}")
    proxy.wait_for(lambda: not console(proxy, "SELECT id FROM queries WHERE cluster_group = 'all'"), what="nothing runs")
    proxy.wait_for(lambda: trino_server.queries(f"query_id = '{pages[1]['id']}'")[0][1] == "FAILED", what="the Trino was told, though its client has not come")
    killed = through.ask(pages[1]["nextUri"])
    assert (killed["id"], killed["error"]["message"]) == (pages[1]["id"], "canceling statement due to administrator command")
    for one in pages:
        proxy.wait_for(lambda one=one: trino_server.queries(f"query_id = '{one['id']}'")[0][1] == "FAILED", what="it has ended over there")
    assert console(proxy, "SELECT running FROM groups WHERE name = 'all'") == [(0,)]
    told = [(r["outcome"], r["router"], r["cluster"], r["text"], "above the limit" in r["reason"], r["bytes"] > 0, r["rows"] > 0) for r in ops.history(proxy, 4)]
    assert sorted(row[:-1] for row in told) == [("cancelled", "link", "trino-1", "", False, True)] * 2 + [("error", "link", "trino-1", "", True, True), ("ok", "link", "trino-1", "", True, True)]
    assert all(rows for outcome, *_, rows in told if outcome == "ok")
