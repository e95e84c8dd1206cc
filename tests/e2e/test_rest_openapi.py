"""/openapi.json against the API that it describes."""

import os
import subprocess
import sys

import pytest

import proxy as proxy_module
from rest import Rest


@pytest.fixture(scope="module")
def rest():
    config = proxy_module.one_cluster("lite", {"engine": "sqlite"}, frontends={"restHttp": {"port": 0, "resultPath": "results"}})
    with proxy_module.Proxy(config) as proxy:
        yield Rest(proxy)


def test_document(rest):
    answer = rest.call("GET", "/openapi.json")
    document = answer.json
    assert (answer.status, document["openapi"]) == (200, "3.1.0")
    assert set(document["paths"]) == {"/v1/queries/execute", "/v1/queries/execute/async", "/v1/queries/explain-route", "/v1/queries/validate",
                                      "/v1/queries/history", "/v1/queries/statistics", "/v1/queries/{id}", "/v1/queries/{id}/results", "/openapi.json"}
    assert set(document["paths"]["/v1/queries/{id}"]) == {"get", "delete"}
    request = document["components"]["schemas"]["QueryRequest"]
    assert request["properties"]["sql"]["maxLength"] == 100000 and request["required"] == ["sql"]
    async_params = {one["name"]: one["in"] for one in document["paths"]["/v1/queries/execute/async"]["post"]["parameters"]}
    assert async_params == {"Idempotency-Key": "header"} and "security" not in document
    limits = {path: next(one["schema"]["maximum"] for one in document["paths"][path]["get"]["parameters"] if one["name"] == "limit")
              for path in ("/v1/queries/history", "/v1/queries/{id}/results")}
    assert limits == {"/v1/queries/history": 10000, "/v1/queries/{id}/results": 9007199254740991}


@pytest.mark.timeout(300)
def test_schemathesis(rest, tmp_path):
    """A bounded number of requests, valid and not, at every path: the answers are what the document says, and no 5xx. That what fits the
    schema is accepted is not asked: most texts are no SQL."""
    tool = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    if not os.path.exists(tool):
        pytest.skip("schemathesis is not installed: see requirements.txt")
    done = subprocess.run(
        [tool, "run", f"{rest.url}/openapi.json", "--phases", "coverage,fuzzing", "--max-examples", "20", "--seed", "7", "--suppress-health-check", "all",
         "--exclude-checks", "positive_data_acceptance",
         "--generation-database", "none", "--request-timeout", "60", "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
