"""Functions of PostgreSQL, and those of statistics that Trino has as well, in the words of who has none, as in mysql_functions.py: for DuckDB, SQLite, MySQL, Trino."""

POSTGRES_TARGETS = ("duckdb", "sqlite", "mysql", "trino")
WHOLE_PAIR = "_1 IS NOT NULL AND _2 IS NOT NULL"


def of_pairs(*sums):
    """Averages over the rows that have both values."""
    return {name: f"AVG(CASE WHEN {WHOLE_PAIR} THEN 1e0 * {value} END)" for name, value in sums}


PAIR = of_pairs(("xy", "_1 * _2"), ("x", "_1"), ("y", "_2"), ("xx", "_1 * _1"), ("yy", "_2 * _2"))
COVAR = "({xy} - {x} * {y})".format(**PAIR)
VAR_X, VAR_Y = "({xx} - {x} * {x})".format(**PAIR), "({yy} - {y} * {y})".format(**PAIR)
PAIRS = f"COUNT(CASE WHEN {WHOLE_PAIR} THEN 1 END)"
BUCKET = "CASE WHEN _1 < _2 THEN 0 WHEN _1 >= _3 THEN _4 + 1 ELSE CAST(FLOOR((_1 - _2) * 1e0 * _4 / (_3 - _2)) AS {0}) + 1 END"
# y comes first in what regression is of.
STATISTICS = {
    "CORR/2": f"({COVAR} / NULLIF(SQRT({VAR_X} * {VAR_Y}), 0))",
    "COVARPOP/2": COVAR,
    "COVARSAMP/2": f"({COVAR} * {PAIRS} / NULLIF({PAIRS} - 1, 0))",
    "REGR_SLOPE/2": f"({COVAR} / NULLIF({VAR_Y}, 0))",
    "REGR_INTERCEPT/2": f"({PAIR['x']} - {PAIR['y']} * {COVAR} / NULLIF({VAR_Y}, 0))",
    "REGR_COUNT/2": PAIRS,
    "REGR_AVGX/2": PAIR["y"],
    "REGR_AVGY/2": PAIR["x"],
    "WIDTHBUCKET/4": BUCKET,
}
POSTGRES_FUNCTIONS = {
    "QUOTE_LITERAL/1": ("'\'\'' || REPLACE(_1, '\'\'', '\'\'\'\'') || '\'\''",) * 2 + ("CONCAT('\'\'', REPLACE(_1, '\'\'', '\'\'\'\''), '\'\'')", "'\'\'' || REPLACE(_1, '\'\'', '\'\'\'\'') || '\'\''"),
    "BITLENGTH/1": (None, "(8 * LENGTH(CAST(_1 AS BLOB)))", None, "(8 * LENGTH(TO_UTF8(_1)))"),
}
POSTGRES_TYPED = {"BitLength": "BITLENGTH", "CovarPop": "COVARPOP", "CovarSamp": "COVARSAMP", "WidthBucket": "WIDTHBUCKET", "RegrSlope": "REGR_SLOPE",
                  "RegrIntercept": "REGR_INTERCEPT", "RegrCount": "REGR_COUNT", "RegrAvgx": "REGR_AVGX", "RegrAvgy": "REGR_AVGY"}


def counted_nulls(args, are):
    """num_nulls(a, b), num_nonnulls(a, b)."""
    one, other = exp.Literal.number(1 if are else 0), exp.Literal.number(0 if are else 1)
    parts = [exp.Case().when(exp.Is(this=a.copy(), expression=exp.Null()), one.copy()).else_(other.copy()) for a in args]
    return exp.Paren(this=functools.reduce(lambda left, right: exp.Add(this=left, expression=right), parts))


def statistics_call(node):
    """Of two columns, by averages: where MySQL and SQLite have no function."""
    name = node.name.upper() if isinstance(node, exp.Anonymous) else POSTGRES_TYPED.get(type(node).__name__, type(node).__name__.upper())
    name = {"COVAR_POP": "COVARPOP", "COVAR_SAMP": "COVARSAMP", "WIDTH_BUCKET": "WIDTHBUCKET"}.get(name, name)
    args = node.expressions if isinstance(node, exp.Anonymous) else [v for key in type(node).arg_types if isinstance(v := node.args.get(key), exp.Expression)]
    text = STATISTICS.get(f"{name}/{len(args)}")
    if text is None or wanted not in ("sqlite", "mysql") and (name != "WIDTHBUCKET" or wanted != "duckdb"):
        return None
    if isinstance(node.parent, (exp.Filter, exp.Window)):
        cannot(f"{name.lower()}() with FILTER or OVER")
    return filled(text.replace("{0}", "SIGNED" if wanted == "mysql" else "BIGINT"), args)


def translated(node):
    """translate(s, 'abc', 'xy') as one replace() in the other, where no letter that was put is replaced once more."""
    text, old, new = node.this, node.args.get("from_") or node.args.get("from"), node.args.get("to")
    if not all(isinstance(side, exp.Literal) and side.is_string for side in (old, new)):
        cannot("translate() of letters that are not written there")
    olds, news = str(old.this), str(new.this)
    if any(put in olds[at + 1 :] and put != olds[at] for at, put in enumerate(news[: len(olds)])):
        cannot("translate() that puts letters which it replaces")
    out = text.copy()
    for at, letter in enumerate(olds):
        if letter not in olds[:at]:
            out = call("REPLACE", out, letter, news[at] if at < len(news) else "")
    return out


def overlapping(node):
    """(a, b) OVERLAPS (c, d), where either end may come first."""
    sides = [side.unnest() for side in (node.this, node.expression)]
    if not all(isinstance(side, exp.Tuple) and len(side.expressions) == 2 for side in sides) or any(isinstance(e, exp.Interval) for side in sides for e in side.expressions):
        cannot("OVERLAPS of other than two pairs of moments")
    low, high = ("MIN", "MAX") if wanted == "sqlite" else ("LEAST", "GREATEST")
    (from_1, to_1), (from_2, to_2) = ((call(low, *side.expressions), call(high, *side.expressions)) for side in sides)
    return exp.Paren(this=exp.or_(exp.EQ(this=from_1, expression=from_2), exp.and_(exp.LT(this=from_1.copy(), expression=from_2.copy()), exp.LT(this=from_2.copy(), expression=to_1)),
                                  exp.and_(exp.LT(this=from_2.copy(), expression=from_1.copy()), exp.LT(this=from_1.copy(), expression=to_2))))


def encoded(node):
    """encode(x, 'hex'), encode(x, 'base64')."""
    how, what = node.args.get("charset"), node.this.copy()
    form = str(how.this).lower() if isinstance(how, exp.Literal) else ""
    if form == "hex" and type(node.this).__name__ == "SHA2Digest" and wanted in ("mysql", "sqlite"):
        inner = node.this.this
        return call("SHA2", inner.this if isinstance(inner, exp.Cast) else inner, number_of(node.this.args.get("length")) or 256)
    if form == "hex":
        return exp.Lower(this=call("TO_HEX" if wanted == "trino" else "HEX", what))
    if form == "base64":
        return call("REPLACE", call("TO_BASE64", what), exp.func("CHR", exp.Literal.number(10)) if wanted != "mysql" else "\n", "")
    cannot("encode() in another form than hex and base64")


def zoned(node):
    """x AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Paris' of a moment without a zone. With one alone its kind is not known."""
    own_zone(node)
    inner, zone = node.this.unnest(), node.args["zone"]
    known = isinstance(zone, exp.Literal) and str(zone.this).upper() in ("UTC", "GMT", "Z")
    if isinstance(inner, exp.AtTimeZone) and wanted == "trino":
        there = exp.AtTimeZone(this=call("WITH_TIMEZONE", exp.cast(inner.this.copy(), "timestamp"), inner.args["zone"]), zone=zone.copy())
        return exp.cast(there, "timestamp")
    if wanted == "trino" and (is_of(node.this, "TIMESTAMPTZ") or isinstance(node.this, exp.Cast) and node.this.to.this == TYPE.TIMESTAMPTZ) and not node.meta.get("made"):
        there = node.copy()
        there.meta["made"] = True
        return exp.cast(there, "timestamp")
    if not known and wanted in ("mysql", "sqlite"):
        cannot("AT TIME ZONE with another zone than UTC")
    if wanted == "mysql":
        zone.set("this", str(zone.this))
        return node.this.copy()
    return None


def between_ranks(node):
    """percentile_cont(0.5) WITHIN GROUP (ORDER BY x): between the two values at its place in all of them."""
    of, order = node.this, node.expression
    if type(of).__name__ in ("Rank", "DenseRank", "PercentRank", "CumeDist") and wanted != "postgres":
        cannot("the rank that a value would have among others")
    if type(of).__name__ == "Mode" and wanted in ("sqlite", "mysql", "trino"):
        cannot("mode()")
    if not isinstance(of, (exp.PercentileCont, exp.PercentileDisc)) or not isinstance(order, exp.Order) or len(order.expressions) != 1:
        return None
    part, ordered = of.this, order.expressions[0]
    if wanted == "sqlite":
        return percentile(node)
    if wanted == "mysql":
        return mysql_percentile(node)
    if wanted == "duckdb" and isinstance(of, exp.PercentileCont) and is_of(ordered.this, "DECIMAL"):
        return changed(node, expression=exp.Order(expressions=[changed(ordered, this=exp.cast(ordered.this.copy(), "double"))])) # as fine as a double
    if wanted != "trino":
        return None
    value = ordered.this
    if ordered.args.get("desc") or isinstance(part, exp.Array):
        cannot("percentiles of values in descending order, or several at once")
    all_of = "ARRAY_AGG(_1 ORDER BY _1) FILTER (WHERE _1 IS NOT NULL)"
    if isinstance(of, exp.PercentileDisc):
        text = f"ELEMENT_AT({all_of}, GREATEST(1, CAST(CEIL(_2 * COUNT(_1)) AS BIGINT)))"
    else:
        rank = "(CAST(_2 AS DOUBLE) * (COUNT(_1) - 1))"
        low, high = (f"ELEMENT_AT({all_of}, CAST({way}({rank}) AS BIGINT) + 1)" for way in ("FLOOR", "CEIL"))
        text = f"({low} + ({rank} - FLOOR({rank})) * ({high} - {low}))"
    return filled(text, [value, part])


def number_read(node):
    """to_number('1,234.50', '9,999.99')."""
    form = node.args.get("format")
    if not is_written(form) or re.search(r"[^90.,GDLS$ -]", str(form.this).upper().replace("FM", "")):
        cannot("to_number() of such a format")
    digits = len(re.sub(r"[^90]", "", str(form.this).upper().replace("D", ".").partition(".")[2]))
    form.set("this", str(form.this)) # it was read
    return exp.cast(call("REPLACE", call("REPLACE", node.this, ",", ""), "$", ""), f"decimal(38, {digits})")


def postgres_call(node):
    """What of the tables stands for NODE, or None."""
    if wanted not in POSTGRES_TARGETS:
        return None
    if isinstance(node, exp.ToNumber) and node.args.get("format") is not None:
        return number_read(node)
    if type(node) is exp.Anonymous and node.name.upper() in ("JSON_BUILD_ARRAY", "JSONB_BUILD_ARRAY"):
        return call("JSON_ARRAY", *node.expressions)
    name = node.name.upper() if isinstance(node, exp.Anonymous) else POSTGRES_TYPED.get(type(node).__name__, type(node).__name__.upper())
    args = node.expressions if isinstance(node, exp.Anonymous) else [v for key in type(node).arg_types if isinstance(v := node.args.get(key), exp.Expression)]
    if name in ("NUM_NULLS", "NUM_NONNULLS") and args:
        return counted_nulls(args, name == "NUM_NULLS")
    if isinstance(node, exp.Translate) and wanted in ("sqlite", "mysql"):
        return translated(node)
    if isinstance(node, exp.Encode):
        return encoded(node)
    row = POSTGRES_FUNCTIONS.get(f"{name}/{len(args)}")
    text = row[POSTGRES_TARGETS.index(wanted)] if row else None
    return filled(text, args) if text else statistics_call(node)
