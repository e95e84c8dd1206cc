"""tests/e2e/translate.cases: statements of known differences between dialects, PostgreSQL's words first.

    ENGINES | statement

ENGINES: letters of engines that must give the rows of PostgreSQL: d DuckDB, s SQLite. Those behind ! are known to differ, or to have no
word for it, and are not run. Values are compared as text, with the few spellings that types have apart."""
import datetime
import decimal
import os

HERE = os.path.dirname(os.path.abspath(__file__))

SETUP = {
    "postgres": ["CREATE TABLE tt (i int, b bigint, n numeric(10,2), f float8, s text, d date, ts timestamp, flag boolean)"],
    "duckdb": ["CREATE TABLE tt (i int, b bigint, n decimal(10,2), f double, s text, d date, ts timestamp, flag boolean)"],
    "sqlite": ["CREATE TABLE tt (i integer, b bigint, n numeric, f double, s text, d date, ts timestamp, flag boolean)"],
}
ROWS = [
    "(1, 10, 1.50, 0.5, 'Alpha', '2024-01-31', '2024-01-31 10:20:30', true)",
    "(2, 20, 2.25, 1.5, 'beta', '2024-02-29', '2024-02-29 23:59:59', false)",
    "(3, 30, -3.75, -2.5, 'Gamma ray', '2023-12-25', '2023-12-25 00:00:00', true)",
    "(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(5, 50, 0.00, 0, '', '2024-07-04', '2024-07-04 12:00:00', false)",
]


def setup(kind):
    return SETUP[kind] + [f"INSERT INTO tt VALUES {', '.join(ROWS)}"]


def cases():
    with open(os.path.join(HERE, "translate.cases")) as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                where, _, sql = line.partition(" | ")
                good, _, bad = where.strip().partition("!")
                yield number, good, bad, sql


def plain(value):
    """A value as text, the same from every engine."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (decimal.Decimal, float, int)):
        return f"{float(value):.6g}"
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, datetime.timedelta):
        return f"{value.total_seconds():.6g}"
    text = str(value)
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    if text.endswith(" 00:00:00"):
        text = text[:-9]
    try:
        return f"{float(text):.6g}" if text and not text.startswith("0") else text
    except ValueError:
        return text


def rows(cursor):
    return [tuple(v[:-9] if isinstance(v, str) and v.endswith(" 00:00:00") else v for v in map(plain, row)) for row in cursor]
