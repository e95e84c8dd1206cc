#!/usr/bin/env python3
"""Makes the golden decisions: small streams and what an independent reference of the policy decided on them.
usage: make.py REFERENCE-FOLDER      (streams.py and judge.py are there; the world is bench/routing/worlds.py's)

The program must agree on 99 % of the lines when it is set to the reference's variant (tests/e2e/test_replay.py)."""
import gzip
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
reference = pathlib.Path(sys.argv[1])
small = here / "small.tsv"
subprocess.run([sys.executable, here.parent.parent.parent / "bench/routing/worlds.py", "scales", "11", small], check=True)
small.write_text("".join(small.read_text().splitlines(keepends=True)[:41]))
for scenario in ("stationary", "newengine", "bursty", "growth"):
    stream = here / f"{scenario}.jsonl"
    subprocess.run([sys.executable, reference / "streams.py", small, "--scenario", scenario, "--seed", "11", "--n", "1200", "--out", stream],
                   check=True, stdout=subprocess.DEVNULL)
    decisions = subprocess.run([sys.executable, reference / "judge.py", "play", stream, "--policy", "priced"], check=True,
                               capture_output=True, text=True).stdout
    for path, text in ((here / f"{scenario}.jsonl.gz", stream.read_text()), (here / f"{scenario}.tsv.gz", decisions)):
        with gzip.GzipFile(path, "wb", mtime=0) as out:
            out.write(text.encode())
    stream.unlink()
    pathlib.Path(f"{stream}.key.gz").unlink()
small.unlink()
