#!/usr/bin/env python3
"""Large results of the query REST API, form by form: rows and megabytes for a second of Turnout's CPU (DuckDB's scan is in it), and the most
memory while it runs. Synchronous, and asynchronous: kept in a file, then read.

usage: bench/load/rest.py [--rows N]  [--rounds N]          one JSON object a line"""
import argparse, http.client, json, pathlib, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import common

FORMS = ["json", "arrays", "ndjson", "csv", "arrow"]
SQL = """SELECT i AS id, i % 1000 AS part, i * 1.01::DOUBLE AS price, (i / 7)::DECIMAL(12,2) AS total, DATE '2020-01-01' + (i % 1000)::INTEGER AS day,
         'customer ' || (i % 5000) AS name FROM range({}) t(i)"""


def call(port, method, path, body=None):
    """The number of bytes of the answer, which are thrown away."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status not in (200, 202):
        raise RuntimeError(answer.read())
    if method == "POST" and path.endswith("async"):
        return json.loads(answer.read())["executionId"]
    size, buffer = 0, bytearray(1 << 18)
    while n := answer.readinto(buffer):
        size += n
    connection.close()
    return size


def measured(pid, rows, work):
    common.forget_peak(pid)
    start, before, at = common.memory_mb(pid), common.cpu_exact_ms(pid), time.monotonic()
    size = work()
    cpu = common.cpu_exact_ms(pid) - before
    return {"rows_per_cpu_s": rows / cpu * 1e3, "mb_per_cpu_s": size / cpu / 1e3, "mb": size / 1e6, "seconds": time.monotonic() - at,
            "peak_rss_growth_mb": common.memory_mb(pid, "VmHWM") - start}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    taken = {}
    with tempfile.TemporaryDirectory(prefix="turnout-bench-") as folder, common.Turnout(
            common.engine_config("duckDb", ":memory:").replace(", readOnly: true", ""),
            http=f'trinoHttp: {{ enabled: false }}, restHttp: {{ port: 0, resultPath: "{folder}", maxResultSize: 8GB }}') as proxy:
        port = proxy.port_of("restHttp")
        sql = SQL.format(options.rows)
        call(port, "POST", "/v1/queries/execute", {"sql": sql, "limit": 1000})
        for _ in range(options.rounds):
            for form in FORMS:
                taken.setdefault(("sync", form), []).append(measured(proxy.pid, options.rows, lambda: call(
                    port, "POST", f"/v1/queries/execute?format={form}", {"sql": sql, "limit": options.rows})))
            execution = call(port, "POST", "/v1/queries/execute/async", {"sql": sql})

            def finished():
                connection = http.client.HTTPConnection("127.0.0.1", port)
                while True:
                    connection.request("GET", f"/v1/queries/{execution}")
                    if json.loads(connection.getresponse().read())["status"] not in ("PENDING", "QUEUED", "RUNNING"):
                        return 0
                    time.sleep(0.05)
            taken.setdefault(("kept", "-"), []).append(measured(proxy.pid, options.rows, finished))
            for form in FORMS:
                taken.setdefault(("read", form), []).append(measured(proxy.pid, options.rows, lambda: call(
                    port, "GET", f"/v1/queries/{execution}/results?limit={options.rows}&format={form}")))
            call(port, "DELETE", f"/v1/queries/{execution}")
    for (what, form), results in taken.items():
        common.say(what=what, form=form, **{key: round(common.median([result[key] for result in results]), 1) for key in results[0]})


if __name__ == "__main__":
    main()
