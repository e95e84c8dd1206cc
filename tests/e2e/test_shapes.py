"""turnout shapes and turnout reset: sorts, filters, what does not exist, and what a reset leaves."""

import json
import os

import psycopg
import pytest

import ops
import proxy as proxy_module


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A server with shapes of different frequency in two groups."""
    folder = str(tmp_path_factory.mktemp("shapes"))
    one = ops.points_member(os.path.join(folder, "one.sqlite"), 5_000, False)
    config = ops.learning({"one": {**one, "price": {"type": "perQuery", "usdPerQuery": 0.01}}}, turnout={"persistence": {"type": "sqlite", "path": "turnout.db"}})
    config["clusterGroups"]["idle"] = {"members": ["one"], "strategy": {"type": "latency"}}
    with proxy_module.Proxy(config) as proxy:
        with ops.connect(proxy) as connection:
            for k in range(12):
                connection.execute(f"SELECT v FROM points WHERE k = {k} LIMIT {1 + k}").fetchall()
            for k in range(3):
                connection.execute(f"SELECT count(*) FROM points a, points b WHERE a.k < {50 + k} AND b.v > 'v'").fetchall()
            connection.execute("SELECT max(k) AS once FROM points").fetchall()
        yield proxy


def shapes(proxy, *arguments, check=True):
    return proxy.cli("shapes", "--admin", proxy.admin_url, *arguments, check=check)


def listed(proxy, *arguments):
    return json.loads(shapes(proxy, "--json", *arguments).stdout)["shapes"]


@pytest.mark.parametrize("sort, key", [("total_time", "totalMs"), ("cost", "usd"), ("regret", "regretMs"), ("calls", "calls")])
def test_sorts(taught, sort, key):
    values = [shape[key] for shape in listed(taught, "--sort", sort)]
    assert len(values) == 3 and values == sorted(values, reverse=True)
    assert [shape["calls"] for shape in listed(taught, "--sort", "calls", "--limit", "1")] == [12]
    if sort == "cost":
        assert values == pytest.approx([.12, .03, .01])


def test_groups(taught):
    assert len(listed(taught, "--group", "all")) == 3
    assert listed(taught, "--group", "idle") == []  # it is there, and nothing ran in it
    done = shapes(taught, "--group", "nosuch", check=False)
    assert done.returncode == 1 and done.stdout == "" and "no cluster group `nosuch`" in done.stderr
    status, problem = taught.admin("/admin/shapes?group=nosuch")
    assert status == 404 and "nosuch" in problem["detail"]
    taught.wait_for(lambda: ops.metric(taught, "turnout_statistics_unsaved_shapes") == 0, what="they are written")
    assert len(json.loads(taught.cli("shapes", "--file", "turnout.db.stats", "--group", "all", "--json").stdout)["shapes"]) == 3
    done = taught.cli("shapes", "--file", "turnout.db.stats", "--group", "nosuch", check=False)
    assert done.returncode == 1 and "turnout.db.stats" in done.stderr and "`nosuch`" in done.stderr


@pytest.mark.parametrize("since, count", [("1h", 3), ("1970-01-01", 3), ("2099-01-01", 0), ("0s", None), ("  1h ", 3)])
def test_since(taught, since, count):
    found = listed(taught, "--since", since)
    assert count is None or len(found) == count


@pytest.mark.parametrize("since", ["", "yesterday", "-1h", "2026-13-01", "1h1", "1e9d", "2026-02-30", "99999999999999999999s", "'; DROP TABLE shape"])
def test_no_time(taught, since):
    for where in (("--admin", taught.admin_url), ("--file", "turnout.db.stats")):
        done = taught.cli("shapes", "--since", since, *where, check=False)
        assert done.returncode == 2 and "--since" in done.stderr and done.stdout == "", (since, done)


@pytest.mark.parametrize("arguments, words", [(("--sort", "speed"), "total_time, cost, regret or calls"), (("--limit", "0"), "--limit"), (("--limit", "1e3"), "--limit"),
                                              (("--json", "--csv"), "not both"), (("--file", "none.stats"), "none.stats")])
def test_wrong_use(taught, arguments, words):
    done = shapes(taught, *arguments, check=False)
    assert done.returncode in (1, 2) and words in done.stderr and done.stdout == ""


def test_csv_and_table(taught):
    lines = shapes(taught, "--csv", "--sort", "calls").stdout.splitlines()
    assert len(lines) == 4 and lines[0].startswith("shape,group,calls,") and lines[1].split(",")[2] == "12"
    table = shapes(taught, "--sort", "calls").stdout.splitlines()
    assert "SHAPE" in table[0] and table[-1].startswith("3 of 3 shapes")


def test_reset_of_what_is_not_there(taught):
    before = listed(taught)
    done = taught.cli("reset", "0123456789abcdef0123456789abcdef", "--admin", taught.admin_url, check=False)
    assert done.returncode == 1 and "nothing is known of a shape `0123456789abcdef0123456789abcdef`" in done.stderr and done.stdout == ""
    done = taught.cli("reset", "0123", "--admin", taught.admin_url, check=False)
    assert done.returncode == 1 and "32 hexadecimal digits" in done.stderr
    with ops.connect(taught, dbname="turnout") as console, pytest.raises(psycopg.Error) as problem:
        console.execute("RESET SHAPE 0123456789abcdef0123456789abcdef")
    assert problem.value.sqlstate == "42704" and "Nothing is known of it" in str(problem.value)
    assert [shape["shape"] for shape in listed(taught)] == [shape["shape"] for shape in before]


def test_reset(taught):
    with ops.connect(taught) as connection, ops.connect(taught, dbname="turnout") as console:
        for n, reset in enumerate((lambda key: taught.cli("reset", key, "--admin", taught.admin_url).stdout, lambda key: console.execute(f"reset shape '{key.upper()}'").fetchone()[0],
                                   lambda key: console.execute(f"RESET {key}").fetchone()[0])):
            function = ("lower", "upper", "length")[n]
            connection.execute(f"SELECT {function}(v) FROM points WHERE k = 3").fetchall()
            [key] = [shape["shape"] for shape in listed(taught) if f"{function}(" in shape["text"].replace(" ", "")]
            assert "forgotten" in reset(key)
            assert key not in [shape["shape"] for shape in listed(taught)]
            assert taught.cli("reset", key, "--admin", taught.admin_url, check=False).returncode == 1  # once
