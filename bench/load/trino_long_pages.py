#!/usr/bin/env python3
"""What long pages of a Trino cost in memory: CLIENTS at once, each with a page of MB mebibytes from a server of the tests' own.

usage: bench/load/trino_long_pages.py [--clients 8] [--mb 40]

One JSON object: resident memory before, and the most there was, in MB; seconds for all of them."""
import argparse, json, os, threading, time

import common  # where the tests are

os.environ.setdefault("TURNOUT_BINARY", common.BINARY)
import proxy as proxy_module
from test_trino_long_pages import MB, Long, Session, fetch


def memory(pid, what):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith(what)).split()[1]) // 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--mb", type=int, default=40)
    wanted = parser.parse_args()
    with Long(wanted.mb * MB) as contract, proxy_module.Proxy(proxy_module.one_cluster("t-1", contract.cluster())) as proxy:
        before, whole = memory(proxy.process.pid, "VmRSS"), []

        def client():
            session = Session(proxy.trino_port)
            whole.append(fetch(session, session.post("SELECT s FROM t"))["data"] == contract.rows)
        threads = [threading.Thread(target=client) for _ in range(wanted.clients)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert whole == [True] * wanted.clients
        print(json.dumps({"clients": wanted.clients, "page_mb": wanted.mb, "rss_before_mb": before, "rss_most_mb": memory(proxy.process.pid, "VmHWM"),
                          "seconds": round(time.monotonic() - begin, 1)}))


main()
