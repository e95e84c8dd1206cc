"""Moments cut to spans that only PostgreSQL has words for: decades, centuries, millenniums, and date_bin()."""

FIRST_YEARS = {"DECADE": (0, 10, 0), "CENTURY": (99, 100, 99), "MILLENNIUM": (999, 1000, 999)} # (year + a) / b * b - c
YEAR_BEGINS = {
    "duckdb": "MAKE_TIMESTAMP((YEAR(_1) + {0}) // {1} * {1} - {2}, 1, 1, 0, 0, 0)",
    "sqlite": "PRINTF('%04d-01-01 00:00:00', (STRFTIME('%Y', _1) + {0}) / {1} * {1} - {2})",
    "mysql": "CAST(CONCAT(LPAD((YEAR(_1) + {0}) DIV {1} * {1} - {2}, 4, '0'), '-01-01') AS DATETIME)",
    "trino": "CAST(FORMAT('%04d-01-01', (YEAR(_1) + {0}) / {1} * {1} - {2}) AS TIMESTAMP)",
}
FRACTIONS = { # of a minute's seconds, in microseconds
    "mysql": "(SECOND(_1) * 1000000 + MICROSECOND(_1))",
    "sqlite": "CAST(ROUND(STRFTIME('%f', _1) * 1000000) AS INTEGER)",
    "trino": "(SECOND(_1) * 1000000 + CAST(MILLISECOND(_1) AS BIGINT) * 1000)",
}
WHOLE_SECONDS = { # with what is below one
    "duckdb": "(EXTRACT(MICROSECOND FROM _1) * 0.000001)",
    "mysql": "(SECOND(_1) + MICROSECOND(_1) * 0.000001)",
    "sqlite": "CAST(STRFTIME('%f', _1) AS REAL)",
    "trino": "CAST(SUBSTR(CAST(CAST(_1 AS TIMESTAMP(6)) AS VARCHAR), 18) AS DECIMAL(8, 6))",
}
BINS = {
    "mysql": "DATE_ADD(_2, INTERVAL FLOOR(TIMESTAMPDIFF(MICROSECOND, _2, _1) / {0}000000) * {0} SECOND)",
    "sqlite": "DATETIME(_2, (FLOOR((STRFTIME('%s', _1) - STRFTIME('%s', _2)) / {0}.0) * {0}) || ' seconds')",
    "trino": "DATE_ADD('second', CAST(FLOOR(DATE_DIFF('millisecond', _2, _1) / {0}e3) AS BIGINT) * {0}, _2)",
}


def cut_to_years(node):
    """date_trunc('century', x)."""
    unit = singular(node.text("unit") or "").replace("CENTURIE", "CENTURY").replace("MILLENNIA", "MILLENNIUM")
    if unit not in FIRST_YEARS or wanted not in YEAR_BEGINS or wanted == "duckdb" and unit == "DECADE":
        return None
    return filled(YEAR_BEGINS[wanted].format(*FIRST_YEARS[unit]), [node.this])


def seconds_in_parts(node):
    """extract(milliseconds from x) has the whole seconds, too; extract(second from x) has the fraction in PostgreSQL."""
    unit = singular(node.this.name)
    exact = unit == "SECOND" and source == "postgres" and not node.meta.get("whole") and not is_of(node.expression, "DATE", "INTERVAL") and wanted in WHOLE_SECONDS
    if not exact and (unit not in ("MILLISECOND", "MICROSECOND") or wanted not in FRACTIONS):
        return None
    moment = exp.cast(node.expression.copy(), "timestamp") if not isinstance(node.expression, exp.Column) and wanted != "sqlite" else node.expression
    moment = moment.this if wanted == "sqlite" and isinstance(moment, exp.Cast) and is_written(moment.this) else moment
    if exact:
        return filled(WHOLE_SECONDS[wanted], [moment])
    return filled(FRACTIONS[wanted] if unit == "MICROSECOND" else f"({FRACTIONS[wanted]} / 1000{'.0' if wanted != 'trino' else 'e0'})", [moment])


def binned(node):
    """date_bin('15 minutes', x, from)."""
    if wanted not in BINS:
        return None
    step = node.this if isinstance(node.this, exp.Interval) else exp.Interval(this=exp.Literal.string(str(node.this.this))) if is_written(node.this) else None
    begin = node.args.get("unit") if node.args.get("origin") is None else node.args["origin"]
    begin = exp.column(begin.name) if isinstance(begin, exp.Var) else begin
    seconds = interval_seconds(step) if step is not None else None
    if seconds is None or seconds != int(seconds) or seconds <= 0 or begin is None:
        cannot("date_bin() of such a span")
    return filled(BINS[wanted].format(int(seconds)), [exp.cast(side.copy(), "timestamp") for side in (node.expression, begin)])


def difference_of_times(node):
    if wanted in ("mysql", "sqlite"):
        cannot("the difference of two times as an interval")
    day = exp.cast(exp.Literal.string("2000-01-01"), "date")
    return exp.Paren(this=exp.Sub(this=exp.Paren(this=exp.Add(this=day, expression=node.left.copy())),
                                  expression=exp.Paren(this=exp.Add(this=day.copy(), expression=node.right.copy())))) if wanted == "duckdb" else None


def shown_difference(node):
    """a - b of two moments is an interval, for which MySQL and SQLite have no type: they would give a number that says nothing."""
    if source not in ("mysql", "sqlite") and wanted != "postgres" and is_of(node.left, "TIME") and is_of(node.right, "TIME"):
        return difference_of_times(node)
    if source == "trino" and wanted in ("mysql", "sqlite") and is_of(node.left, "DATE") and is_of(node.right, "DATE") and not node.meta.get("made"):
        cannot("the difference of two days as an interval; date_diff('day', a, b) is a number")
    if wanted in ("mysql", "sqlite") and source != "mysql" and is_of(node, "INTERVAL") and is_moment(node.left) and is_moment(node.right) and \
            not (is_of(node.left, "DATE") and is_of(node.right, "DATE")):
        cannot("the difference of two moments as an interval; extract(epoch from ..) has its seconds")


def shorter_moments(node):
    if isinstance(node, exp.Sub):
        return shown_difference(node)
    if source not in ("postgres", "duckdb"):
        return None
    if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)):
        return cut_to_years(node) if source == "postgres" else None
    if isinstance(node, exp.Extract):
        return seconds_in_parts(node)
    return binned(node) if isinstance(node, exp.DateBin) else None
