"""The model of the text in the server: it is trained from what clients ask, kept, and used for statements never seen before."""

import contextlib
import itertools
import sqlite3

import pytest

import ops
import proxy as proxy_module

ROWS = 20_000
FUNCTIONS = ("abs(k)", "length(v)", "upper(v)", "k + 1", "v || 'x'", "hex(v)", "k % 7", "lower(v)")


def texts():
    """255 shapes: which columns are asked for; look-ups and sums of everything by turns."""
    for count in range(1, len(FUNCTIONS) + 1):
        for n, columns in enumerate(itertools.combinations(FUNCTIONS, count)):
            yield f"SELECT {', '.join(columns)} FROM points WHERE k = {n}" if n % 2 else \
                f"SELECT {', '.join(f'max({column})' for column in columns)} FROM points"


@pytest.fixture
def served(tmp_path):
    clusters = {name: ops.points_member(str(tmp_path / name), ROWS, name == "seeks") for name in ("scans", "seeks")}
    config = ops.learning(clusters, turnout={"persistence": {"type": "sqlite", "path": "turnout.db"}})
    with proxy_module.Proxy(config) as proxy:
        if proxy.log_contains("built without XGBoost", seconds=0):
            pytest.skip("built without XGBoost: nothing is trained")
        yield proxy


def trained(proxy):
    return proxy.log_contains("model of the text trained", seconds=0)


def test_trained_kept_and_used(served):
    with ops.connect(served) as connection:
        for sql in texts():
            connection.execute(sql).fetchall()
            if trained(served):
                break
        served.wait_for(lambda: trained(served), seconds=120, what="a model")
        for sql in itertools.islice(texts(), 40, 90):  # some of them new
            connection.execute(sql + " -- with it").fetchall()
    served.restart()
    assert not served.log_contains("left out", seconds=0)
    with contextlib.closing(sqlite3.connect(served.path("turnout.db.stats"))) as db:
        assert {"model", "samples", "world"} <= {name for name, in db.execute("SELECT name FROM blob")}
    with ops.connect(served) as connection:
        assert ops.ask(connection, "SELECT count(*), min(v) FROM points WHERE k < 100") == 100
