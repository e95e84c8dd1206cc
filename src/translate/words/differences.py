"""Whole months between two moments. From 31 January to 29 February is a month in Trino and DuckDB, as the end of the one is that of the other, and none in
MySQL, PostgreSQL and SQLite's words here. DuckDB's date_diff() counts the ends of months that lie between."""

ENDS_MEET = ("trino", "duckdb") # the end of a month is a whole month after any day of the one before that is not in it
MONTHS_APART = {
    "duckdb": ("((YEAR(_2) * 12 + MONTH(_2)) - (YEAR(_1) * 12 + MONTH(_1)) - (CASE WHEN _2 >= _1 AND _2 - DATE_TRUNC('month', _2) < _1 - DATE_TRUNC('month', _1) THEN 1 "
               "WHEN _2 < _1 AND _2 - DATE_TRUNC('month', _2) > _1 - DATE_TRUNC('month', _1) THEN -1 ELSE 0 END))", "({0} // {1})"),
    "trino": ("((YEAR(_2) * 12 + MONTH(_2)) - (YEAR(_1) * 12 + MONTH(_1)) - (CASE WHEN _2 >= _1 AND DATE_DIFF('millisecond', DATE_TRUNC('month', _2), _2) < "
              "DATE_DIFF('millisecond', DATE_TRUNC('month', _1), _1) THEN 1 WHEN _2 < _1 AND DATE_DIFF('millisecond', DATE_TRUNC('month', _2), _2) > "
              "DATE_DIFF('millisecond', DATE_TRUNC('month', _1), _1) THEN -1 ELSE 0 END))", "({0} / {1})"),
}
# The earlier of two moments, _1, where the later one is the end of a month that has no such day: at that day, too.
SHORTENED = {
    "postgres": "(CASE WHEN _1 <= _2 AND EXTRACT(DAY FROM _2 + INTERVAL '1 day') = 1 AND EXTRACT(DAY FROM _1) > EXTRACT(DAY FROM _2) "
                "THEN _1 - (EXTRACT(DAY FROM _1) - EXTRACT(DAY FROM _2)) * INTERVAL '1 day' ELSE _1 END)",
    "mysql": "(CASE WHEN _1 <= _2 AND DAY(_2) = DAY(LAST_DAY(_2)) AND DAY(_1) > DAY(_2) THEN DATE_SUB(_1, INTERVAL (DAY(_1) - DAY(_2)) DAY) ELSE _1 END)",
    "sqlite": "(CASE WHEN _1 <= _2 AND STRFTIME('%d', _2, '+1 day') = '01' AND STRFTIME('%d', _1) > STRFTIME('%d', _2) "
              "THEN DATETIME(_1, '-' || (STRFTIME('%d', _1) - STRFTIME('%d', _2)) || ' days') ELSE _1 END)",
}


def months_apart(node):
    """timestampdiff(), date_diff() and date_sub() of months, where the two dialects count them otherwise."""
    unit, begin, end = difference(node)
    if unit not in MONTHS or (source in ENDS_MEET) == (wanted in ENDS_MEET) or node.meta.get("counted"):
        return None
    if wanted in ENDS_MEET:
        months, divided = MONTHS_APART[wanted]
        months = months if unit == "MONTH" else divided.format(months, MONTHS[unit])
        return filled(months, [exp.cast(side.copy(), "timestamp") for side in (begin, end)])
    sides = [exp.cast(side.copy(), "timestamp") for side in (begin, end)]
    out = changed(node, expression=filled(SHORTENED[wanted], sides), this=filled(SHORTENED[wanted], sides[::-1]))
    out.meta["counted"] = True
    return out


def boundaries(node):
    """date_diff('month', a, b) of DuckDB: how many begin behind a and not behind b."""
    unit = singular(node.text("unit") or "DAY")
    begin, end = (exp.cast(side.copy(), "timestamp") for side in (node.expression, node.this))
    if unit in MONTHS:
        def number(side):
            year = exp.Extract(this=exp.Var(this="YEAR"), expression=side.copy())
            part = exp.Extract(this=exp.Var(this=unit), expression=side.copy())
            return year if unit == "YEAR" else exp.Paren(this=exp.Add(this=exp.Mul(this=year, expression=exp.Literal.number(12 // MONTHS[unit])), expression=part))
        return exp.cast(exp.Paren(this=exp.Sub(this=number(end), expression=number(begin))), "bigint")
    if unit not in SECONDS:
        return cannot(f"date_diff() of {unit.lower()}s")
    first, last = (exp.TimestampTrunc(this=side, unit=exp.Var(this=unit)) for side in (begin, end))
    return exp.TimestampDiff(this=last, expression=first, unit=exp.Var(this=unit))


def moments_apart(node):
    if source == "duckdb" and type(node) is exp.Anonymous and node.name.upper() in ("DATE_SUB", "DATESUB") and len(node.expressions) == 3 and is_written(node.expressions[0]):
        unit, begin, end = node.expressions
        node = exp.TimestampDiff(this=end.copy(), expression=begin.copy(), unit=exp.Var(this=str(unit.this).upper()))
        return (months_apart(node) if difference(node) is not None else None) or node
    if source == "duckdb" and isinstance(node, exp.DateDiff) and node.args.get("date_part_boundary"):
        return boundaries(node)
    return months_apart(node) if difference(node) is not None else None
