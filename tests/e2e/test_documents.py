"""What the documents say is so: links lead somewhere, commands and options exist, configurations load, metrics are exported."""

import glob
import json
import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml

import certificates
import ops
import proxy as proxy_module

ROOT = proxy_module.ROOT
DOCUMENTS = sorted(os.path.relpath(path, ROOT) for pattern in ("*.md", "docs/*.md", "bench/*.md") for path in glob.glob(os.path.join(ROOT, pattern)))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def turnout(*arguments, cwd=None, env=None):
    return subprocess.run([proxy_module.binary(), *arguments], capture_output=True, text=True, timeout=100, check=False, cwd=cwd,
                          env={**os.environ, **(env or {})})


def blocks(name, language):
    """The code blocks of a document in LANGUAGE ('' = none is named)."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", read(name), re.M | re.S)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(name)):
        assert not target.startswith("http"), "documents need no other site"
        assert os.path.exists(os.path.join(ROOT, os.path.dirname(name), target)), target
    for path in re.findall(r"`((?:docs|bench|config|tools|src(?!/test/)|stats|policies|tests/e2e|tests/unit|tests/golden)/[\w./-]*\w)`", read(name)):
        assert "NAME" in path or "NOUN" in path or "TYPE" in path or os.path.exists(os.path.join(ROOT, path)), path


def commands_of(name):
    """Every command line of the program in a document, as words."""
    for block in blocks(name, "") + blocks(name, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"^\s*\$ ", "", line)
            if line.startswith("turnout "):
                yield re.split(r" {4,}|;", line)[0]
    for code in re.findall(r"`(turnout [a-z][^`\n]*)`", read(name)):
        yield code


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_and_their_options_exist(name):
    for line in commands_of(name):
        words = shlex.split(line, comments=True)
        if words[1] in ("COMMAND", "--help"):
            continue
        known = turnout(words[1], "--help")
        assert known.returncode == 0, line
        for word in words[2:]:
            if word.startswith("--"):
                assert re.search(rf"^  {re.escape(word.split('=')[0])}\b", known.stdout, re.M), line


def whole(part):
    """A configuration out of the part of one that a document shows: what it names and does not have is SQLite's."""
    if isinstance(part, list):
        part = {"routers": part}
    text = json.dumps(part)
    groups = part.setdefault("clusterGroups", {})
    for name in {"analytics", *re.findall(r'"targetGroup": "(\w+)"', text), *re.findall(r'"(?:postgresWire|psql|alice|bi|read|write|ddl)": "(\w+)"', text)}:
        groups.setdefault(name, {"members": ["some"]})
    clusters = part.setdefault("clusters", {})
    for group in groups.values():
        for member in group["members"]:
            clusters.setdefault(member, {"engine": "sqlite"})
    part.setdefault("routingFallback", "analytics")
    return part


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if blocks(name, "yaml")])
def test_configurations_load(name, tmp_path):
    scripts = "".join(blocks("docs/scripts.md", "python"))
    for file in ("route.py", "choose.py"):
        (tmp_path / file).write_text(scripts)
    certificates.Authority(tmp_path, "test CA").issue("server", "/CN=localhost")
    users = subprocess.run([proxy_module.binary(), "user", "add", "alice", "--file", str(tmp_path / "users.yaml")], input="secret\n", text=True,
                           capture_output=True, check=False)
    assert users.returncode == 0, users
    for text in blocks(name, "yaml"):
        part = yaml.safe_load(text)
        if "alice" in part:  # what is a hash is cut short there
            part = {name: {key: value for key, value in user.items() if "..." not in json.dumps(value)} for name, user in part.items()}
            part = {"turnout": {"auth": {"provider": "static", "staticUsers": {"users": part}}}}
        if isinstance(part, dict) and "translation" in part.get("turnout", {}):
            part["turnout"]["translation"]["python"] = sys.executable
        (tmp_path / "part.yaml").write_text(json.dumps(whole(part)))
        done = turnout("check", "part.yaml", cwd=tmp_path, env={"TRINO_PASSWORD": "x", "MYSQL_PASSWORD": "x", "PG_PASSWORD": "x"})
        assert done.returncode == 0, text + done.stdout


def test_metrics_are_those_of_the_document(tmp_path, proxies):
    """Every family that /metrics has is in docs/operations.md, and every one of the document is there."""
    document = read("docs/operations.md")
    counters = re.findall(r"^\| `([a-z_]+)` \|", document.split("## Counters")[1].split("\n## ")[0], re.M)
    families = re.findall(r"^\| `([a-z_]+)` \| (\w+) \|", document.split("## Metrics")[1].split("\n## ")[0], re.M)
    proxy = proxies(proxy_module.one_cluster("a", ops.sqlite_member(str(tmp_path), "a"), translation={"workers": 1}))
    metrics = proxy.admin("/metrics")[1]
    exported = re.findall(r"^# TYPE (\S+) (\w+)$", metrics, re.M)
    assert sorted(exported) == sorted(families + [(f"turnout_{name}_total", "counter") for name in counters])
    labels = {name: re.findall(r"`(\w+)`", cell) for name, cell in re.findall(r"^\| `([a-z_]+)` \| \w+ \| ([^|]*) \|", document.split("## Metrics")[1], re.M)}
    for sample, told in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", metrics, re.M):
        family = sample if sample in labels else re.sub(r"_(bucket|sum|count)$", "", sample)
        assert [name for name in re.findall(r'(\w+)="', told) if name != "le"] == labels.get(family, []), sample
