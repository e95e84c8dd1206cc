"""Who a client of the Trino protocol is: users with passwords over HTTPS, refusals, groups that only some may use."""

import base64
import json
import ssl
import urllib.error
import urllib.request

import pytest

import certificates
import proxy as proxy_module

trino = pytest.importorskip("trino")

USERS = {"alice": {"password": "secret", "groups": ["bi"]}, "bob": {"password": "pencil"}, "root": {"password": "toor", "roles": ["admin"]}}


@pytest.fixture(autouse=True)
def no_other_authorities(monkeypatch):
    """What `requests` would prefer to the certificates that it is given."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("ca"), "test CA")


@pytest.fixture(scope="module")
def secure(authority):
    cert = authority.issue("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1", algorithm=("rsa:2048",))
    config = {
        "turnout": {"frontends": {"trinoHttp": {"tls": {"certFile": cert.cert, "keyFile": cert.key, "mode": "require"}}},
                    "auth": {"provider": "static", "staticUsers": {"users": USERS}}},
        "clusters": {"lite": {"engine": "sqlite"}, "other": {"engine": "sqlite"}},
        "clusterGroups": {"all": {"members": ["lite"]}, "few": {"members": ["other"], "allowedGroups": ["bi"]}},
        "routers": [{"type": "tags", "rules": [{"tags": {"few": None}, "targetGroup": "few"}]}],
        "routingFallback": "all",
    }
    with proxy_module.Proxy(config) as started:
        yield started


def connect(proxy, authority, user, password, **more):
    return trino.dbapi.connect(host="localhost", port=proxy.trino_port, user=user, http_scheme="https", verify=authority.cert,
                               auth=trino.auth.BasicAuthentication(user, password), **more)


def rows(connection, sql):
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchall()


def post(proxy, authority, headers, sql="SELECT 1"):
    request = urllib.request.Request(f"https://localhost:{proxy.trino_port}/v1/statement", sql.encode(), headers)
    context = ssl.create_default_context(cafile=authority.cert)
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_user(secure, authority):
    connection = connect(secure, authority, "alice", "secret")
    assert rows(connection, "SELECT 1") == [[1]]
    assert rows(connection, "SELECT current_user AS u") == [["alice"]]


def test_links_are_https(secure, authority):
    status, _, document = post(secure, authority, basic("alice", "secret"))
    assert status == 200 and document["nextUri"].startswith("https://localhost:")


def test_refusals(secure, authority):
    status, headers, _ = post(secure, authority, basic("alice", "wrong"))
    assert status == 401 and headers["WWW-Authenticate"].startswith("Basic")
    assert post(secure, authority, {"X-Trino-User": "alice"})[0] == 401
    assert post(secure, authority, {"X-Trino-User": "bob", **basic("alice", "secret")})[0] == 403
    with pytest.raises(trino.exceptions.HttpError):
        rows(connect(secure, authority, "bob", "secret"), "SELECT 1")
    with pytest.raises(Exception):
        rows(trino.dbapi.connect(host="localhost", port=secure.trino_port, user="alice", max_attempts=1), "SELECT 1")


def test_a_log_in_alone(secure, authority):
    """HEAD /v1/statement, by which JDBC asks whether it may come (validateConnection), runs nothing."""
    def head(**headers):
        request = urllib.request.Request(f"https://localhost:{secure.trino_port}/v1/statement", headers=headers, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=authority.cert)) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code

    alice = basic("alice", "secret")
    assert head(**alice) == head(**alice, **{"X-Trino-User": "alice"}) == 200
    assert head(**{"X-Trino-User": "alice"}) == head(**basic("alice", "wrong")) == 401
    assert head(**alice, **{"X-Trino-User": "bob"}) == 403


@pytest.mark.parametrize("path, body, status", [("/ui/login", b"username=admin", 404), ("/ui/api/query/20260101_000000_00000_aaaaa", None, 401)])
def test_web_interface(secure, authority, path, body, status):
    """Nothing is shown to who has not logged in, and its log-in is none."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"https://localhost:{secure.trino_port}{path}", body), timeout=60,
                               context=ssl.create_default_context(cafile=authority.cert))
    assert refused.value.code == status


def test_groups(secure, authority):
    assert rows(connect(secure, authority, "alice", "secret", client_tags=["few"]), "SELECT 1") == [[1]]
    with pytest.raises(trino.exceptions.TrinoUserError) as problem:
        rows(connect(secure, authority, "bob", "pencil", client_tags=["few"]), "SELECT 1")
    assert problem.value.error_name == "PERMISSION_DENIED"


def test_who_sees_which_queries(secure, authority):
    """GET /v1/query lists one's own, and everybody's for an administrator; what tells of load is told to who has logged in."""
    def get(path, headers):
        request = urllib.request.Request(f"https://localhost:{secure.trino_port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=authority.cert)) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code

    for user, password in (("alice", "secret"), ("bob", "pencil")):
        rows(connect(secure, authority, user, password), f"SELECT '{user}'")
    seen = {user: {(q["session"]["user"], q["query"]) for q in get("/v1/query?state=finished", basic(user, password))}
            for user, password in (("bob", "pencil"), ("root", "toor"))}
    assert {user for user, _ in seen["bob"]} == {"bob"} and ("bob", "SELECT 'bob'") in seen["bob"]
    assert {("alice", "SELECT 'alice'"), ("bob", "SELECT 'bob'")} <= seen["root"]
    for path in ("/v1/query", "/v1/node", "/v1/cluster", "/ui/api/stats", "/ui/api/query"):
        assert get(path, {}) == get(path, basic("bob", "secret")) == get(path, {"X-Trino-User": "bob"}) == 401
    assert get("/v1/cluster", basic("bob", "pencil"))["runningQueries"] == 0


def test_another_users_name(secure, authority):
    """SET SESSION AUTHORIZATION: a name is what was proved."""
    context = ssl.create_default_context(cafile=authority.cert)
    for name, refused in (("alice", None), ("bob", "Access Denied: User alice cannot impersonate user bob"), ("'Alice'", "Access Denied: User alice cannot impersonate user Alice")):
        document = post(secure, authority, basic("alice", "secret"), f"SET SESSION AUTHORIZATION {name}")[2]
        while "nextUri" in document:
            with urllib.request.urlopen(document["nextUri"], timeout=60, context=context) as answer:
                told, document = answer.headers["X-Trino-Set-Authorization-User"], json.load(answer)
        assert (told, document.get("error", {}).get("message")) == (None if refused else name, refused)


def test_another_users_transaction(secure, authority):
    status, _, document = post(secure, authority, {"X-Trino-Transaction-Id": "NONE", **basic("alice", "secret")}, "START TRANSACTION")
    assert status == 200
    context = ssl.create_default_context(cafile=authority.cert)
    while "nextUri" in document:
        with urllib.request.urlopen(document["nextUri"], timeout=60, context=context) as answer:
            transaction, document = answer.headers["X-Trino-Started-Transaction-Id"], json.load(answer)
    document = post(secure, authority, {"X-Trino-Transaction-Id": transaction, **basic("bob", "pencil")})[2]
    while "nextUri" in document:
        with urllib.request.urlopen(document["nextUri"], timeout=60, context=context) as answer:
            document = json.load(answer)
    assert document["error"]["errorName"] == "UNKNOWN_TRANSACTION"
