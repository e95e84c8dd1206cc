"""The query REST API where users log in: who may, as whom, and whose queries are whose."""

import base64

import pytest

import proxy as proxy_module
from rest import Rest

CONFIG = {
    "turnout": {"frontends": {"restHttp": {"port": 0, "resultPath": "results"}},
                "auth": {"provider": "static", "staticUsers": {"users": {"alice": {"password": "a-secret", "groups": ["bi"]}, "bob": {"password": "b-secret"}}}}},
    "clusters": {"a": {"engine": "sqlite"}, "b": {"engine": "sqlite"}},
    "clusterGroups": {"one": {"members": ["a"]}, "two": {"members": ["b"]}},
    "routers": [{"type": "userGroup", "userToGroup": {"alice": "two"}}],
    "routingFallback": "one",
}


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


ALICE, BOB = basic("alice", "a-secret"), basic("bob", "b-secret")


@pytest.fixture(scope="module")
def rest():
    with proxy_module.Proxy(CONFIG) as proxy:
        yield Rest(proxy)


def test_log_in(rest):
    refused = rest.execute("SELECT 1")
    assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Basic")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert rest.execute("SELECT 1", headers=basic("alice", "b-secret")).status == 401
    assert rest.execute("SELECT 1", headers=basic("nobody", "x")).status == 401
    assert rest.call("GET", "/v1/queries/history").status == 401
    document = rest.call("GET", "/openapi.json").json
    assert document["security"] == [{"basic": []}, {"bearer": []}] and document["paths"]["/openapi.json"]["get"]["security"] == []
    assert set(document["components"]["securitySchemes"]) == {"basic", "bearer"}
    assert rest.execute("SELECT 1", headers=ALICE).json["routing"]["clusterGroup"] == "two"
    assert rest.execute("SELECT 1", headers=BOB).json["routing"]["clusterGroup"] == "one"
    assert rest.execute("SELECT current_user AS u, 'current_user' AS t", headers=ALICE).json["data"] == [{"u": "alice", "t": "current_user"}]


def test_each_his_own(rest):
    execution = rest.submit("SELECT 42 AS n", ALICE).json["executionId"]
    rest.proxy.wait_for(lambda: rest.call("GET", f"/v1/queries/{execution}", headers=ALICE).json["status"] == "COMPLETED", what="the query")
    for path in ("", "/results"):
        assert rest.call("GET", f"/v1/queries/{execution}{path}", headers=BOB).status == 404
    assert rest.call("DELETE", f"/v1/queries/{execution}", headers=BOB).status == 404
    assert rest.call("GET", f"/v1/queries/{execution}/results", headers=ALICE).json["data"] == [{"n": 42}]
    rest.proxy.wait_for(lambda: rest.call("GET", "/v1/queries/history", headers=ALICE).json["count"] > 0, what="history")
    assert {record["user"] for record in rest.call("GET", "/v1/queries/history", headers=BOB).json["queries"]} <= {"bob"}
    assert {record["user"] for record in rest.call("GET", "/v1/queries/history?user=bob", headers=BOB).json["queries"]} <= {"bob"}
    refused = rest.call("GET", "/v1/queries/history?user=alice", headers=BOB)
    assert refused.status == 403 and "administrators" in refused.json["detail"]
    assert rest.call("GET", "/v1/queries/%68istory?user=bob", headers=BOB).status == 200  # what need not be escaped may be (RFC 3986, 6.2.2.2)
    assert rest.call("GET", "/v1/queries%2Fhistory", headers=BOB).status == 404
