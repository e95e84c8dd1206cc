"""tests/e2e/translate.cases: statements of known differences between dialects, each in the words of one of them.

    @SOURCE                                  what follows is written in this dialect
    ENGINES | statement [;; statement]...  [## why]

SOURCE is also the engine that says what is right: postgres, mysql (MariaDB), trino, duckdb, sqlite. ENGINES: letters of the engines that must
give the same rows; those behind ~ are known to give others, those behind ! to refuse it, and both are run, too, so that the list stays
true; an engine that is not named is not asked (it is the source itself, or what the statement needs is not there at all). WHY explains
~ and !. Of several statements the rows of all are compared; tables `uu` (k, v) and `made` are theirs. Values are compared as text,
with the few spellings that types have apart."""
import datetime
import decimal
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
LETTERS = {"p": "postgres", "d": "duckdb", "s": "sqlite", "m": "mariadb", "y": "mysql", "t": "trino"}
OWN = {"postgres": "p", "duckdb": "d", "mysql": "my", "trino": "t", "sqlite": "s"}  # of a source: engines that speak it

TABLES = ("tt", "uu", "made", "sales", "people")
COLUMNS = {
    "postgres": "i int, b bigint, n numeric(10,2), f float8, s text, d date, ts timestamp, flag boolean",
    "duckdb": "i int, b bigint, n decimal(10,2), f double, s text, d date, ts timestamp, flag boolean",
    "sqlite": "i integer, b bigint, n numeric, f double, s text, d date, ts timestamp, flag boolean",
    "mysql": "i int, b bigint, n decimal(10,2), f double, s varchar(100), d date, ts datetime, flag boolean",
    "trino": "i integer, b bigint, n decimal(10,2), f double, s varchar, d date, ts timestamp(6), flag boolean",
}
ROWS = [
    "(1, 10, 1.50, {0}0.5, 'Alpha', {1}'2024-01-31', {2}'2024-01-31 10:20:30', true)",
    "(2, 20, 2.25, {0}1.5, 'beta', {1}'2024-02-29', {2}'2024-02-29 23:59:59', false)",
    "(3, 30, -3.75, {0}-2.5, 'Gamma ray', {1}'2023-12-25', {2}'2023-12-25 00:00:00', true)",
    "(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(5, 50, 0.00, {0}0, '', {1}'2024-07-04', {2}'2024-07-04 12:00:00', false)",
]

SALES = [  # id, region, person, amount, qty, sold, placed, status, note
    (1, "north", "ann", "120.50", 3, "2024-01-10", "2024-01-10 09:15:00", "paid", "first_order"),
    (2, "north", "bob", "80.00", 1, "2024-01-11", "2024-01-11 17:45:10", "open", "10% off"),
    (3, "south", "cid", "300.25", 5, "2024-01-11", "2024-01-12 00:00:00", "paid", None),
    (4, "south", "ann", None, 2, "2024-01-13", "2024-01-13 23:59:59", "void", "call_back later"),
    (5, "west", "dee", "45.10", 4, "2024-01-31", "2024-01-31 12:30:00", "paid", "plain text"),
    (6, "north", "ann", "200.00", 2, "2024-02-01", "2024-02-01 08:00:00", "paid", "100% sure"),
    (7, "south", "bob", "99.99", 1, "2024-02-29", "2024-02-29 10:10:10", "open", "it's here"),
    (8, "west", "cid", "300.25", 7, "2024-03-01", "2024-03-01 06:05:04", "paid", "second"),
    (9, "north", "dee", "15.75", 1, "2023-12-31", "2023-12-31 23:00:00", "open", None),
    (10, "south", "cid", "75.50", 3, "2024-03-31", "2024-03-31 02:30:00", "paid", "last one"),
]
PEOPLE = [  # name, boss, email, joined, pay
    ("ann", None, "ann@example.com", "2020-02-29", "5200.00"),
    ("bob", "ann", "bob.b@test.org", "2021-06-15", "3100.50"),
    ("cid", "ann", "cid_x@example.com", "2024-02-01", "3100.50"),
    ("dee", "bob", "dee@mail.test.org", "2019-12-31", "2800.75"),
]


def literal(value, day):
    return "NULL" if value is None else str(value) if isinstance(value, int) else value if re.fullmatch(r"[\d.]+", value) else day(value) if re.match(r"\d{4}-", value) else "'" + value.replace("'", "''") + "'"


def more(kind):
    """Two tables as reports have them: `sales` and `people`."""
    text, stamp = ("varchar", "timestamp(6)") if kind == "trino" else ("varchar(100)", "datetime") if kind == "mysql" else ("text", "timestamp")

    def day(value):
        return f"{'' if kind != 'trino' else 'TIMESTAMP ' if ':' in value else 'DATE '}'{value}'"

    for table, columns, rows in (
        ("sales", f"id int, region {text}, person {text}, amount decimal(10,2), qty int, sold date, placed {stamp}, status {text}, note {text}", SALES),
        ("people", f"name {text}, boss {text}, email {text}, joined date, pay decimal(10,2)", PEOPLE),
    ):
        yield f"CREATE TABLE {table} ({columns})"
        yield f"INSERT INTO {table} VALUES " + ", ".join("(" + ", ".join(literal(value, day) for value in row) + ")" for row in rows)


def setup(kind):
    """Statements in the engine's own words that make the tables."""
    kind = "mysql" if kind == "mariadb" else kind
    words = ("DOUBLE ", "DATE ", "TIMESTAMP ") if kind == "trino" else ("", "", "")
    rows = [row.format(*words).replace("DOUBLE ", "") if kind != "trino" else re.sub(r"DOUBLE ([-\d.]+)", r"DOUBLE '\1'", row.format(*words)) for row in ROWS]
    text = {"mysql": "varchar(100)", "trino": "varchar"}.get(kind, "text")
    key = "k integer" if kind == "trino" else "k integer PRIMARY KEY"
    return [f"CREATE TABLE tt ({COLUMNS[kind]})", f"INSERT INTO tt VALUES {', '.join(rows)}", f"CREATE TABLE uu ({key}, v {text})", *more(kind)]


class Case:
    """One line."""

    def __init__(self, number, source, where, sql, why="", told=False):
        self.number, self.source, self.why, self.told = number, source, why, told
        self.statements = [statement.strip() for statement in sql.split(" ;; ")]
        same, _, fails = where.strip().partition("!")
        same, _, other = same.partition("~")
        self.expected = {**dict.fromkeys(same, "same"), **dict.fromkeys(other, "other"), **dict.fromkeys(fails, "fails")}
        self.changes = len(self.statements) > 1 or not re.match(r"(?i)[( ]*(select|values|with|table|from)\b", sql)

    def __str__(self):
        return f"{self.number} ({self.source}) | {' ;; '.join(self.statements)}"


TOLD = "# what strangers wrote, and what is refused by name"  # behind it, what is refused says so itself


def cases():
    source, told = "postgres", False
    with open(os.path.join(HERE, "translate.cases"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            told = told or line == TOLD
            if line.startswith("@"):
                source = line[1:]
            elif line and not line.startswith("# "):
                where, _, rest = line.partition(" | ")
                sql, _, why = rest.partition("  ## ")
                yield Case(number, source, where, sql, why, told)


def plain(value):
    """A value as text, the same from every engine."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (decimal.Decimal, float, int)):
        return f"{float(value):.6g}"
    if isinstance(value, datetime.datetime):
        value = value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, datetime.timedelta):
        value = f"{value.total_seconds():.6g}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(str(plain(item)) for item in value) + "]"
    if isinstance(value, dict):
        value = json.dumps(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    text = str(value)
    if text in ("true", "false"):
        return "1" if text == "true" else "0"
    if re.fullmatch(r"\d+-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d+)?)?", text):  # a moment: without what is zero at its end
        text = text if text.count(":") == 2 else text + ":00"
        text = re.sub(r"(\.\d*?)0+$", r"\1", text).rstrip(".")
        return text[:-9] if text.endswith(" 00:00:00") else text
    if re.fullmatch(r"-?\d+:\d\d:\d\d(\.\d+)?", text):  # a time, as seconds
        hours, minutes, seconds = text.lstrip("-").split(":")
        return f"{(-1 if text.startswith('-') else 1) * (int(hours) * 3600 + int(minutes) * 60 + float(seconds)):.6g}"
    try:
        return f"{float(text):.6g}" if text and not re.match(r"0\d|[a-zA-Z]", text) else text
    except ValueError:
        return text


def rows(cursor):
    return [tuple(map(plain, row)) for row in cursor]


def alike(case, got, want):
    """Order counts where a statement asks for one."""
    if "ORDER BY" in case.statements[-1].upper() or case.changes:
        return got == want
    return sorted(map(str, got)) == sorted(map(str, want))
