"""From Trino: what its literals, its moments and the types of its results are for engines that have them otherwise."""


def exact(node):
    """DECIMAL '12.30' is a decimal(4,2); CAST(x AS DECIMAL) has no digits behind the point. Others mean something else by the bare word."""
    text = str(node.this.this) if isinstance(node.this, exp.Literal) and node.this.is_string else None
    if text is None:
        return changed(node, to=exp.DataType.build("decimal(38, 0)"))
    found = re.fullmatch(r"\s*[-+]?0*(\d*)(?:\.(\d*))?\s*", text)
    if found is None or not 1 <= len(found[1]) + len(found[2] or "") <= 38:
        return node
    digits, scale = len(found[1]), len(found[2] or "")
    return exp.cast(exp.Literal.string(text.strip()), f"decimal({digits + scale}, {scale})")


def in_zone(node):
    """x AT TIME ZONE 'a/b': the same instant, shown elsewhere. Where it is a column of the result, that it is the instant counts, else the
    clock in that zone."""
    zone = node.args.get("zone")
    if wanted not in ("postgres", "duckdb"):
        if isinstance(zone, exp.Literal) and str(zone.this).upper() in ("UTC", "Z", "+00:00"):
            return node.this.copy()
        cannot("AT TIME ZONE")
    own_zone(node)
    moment = exp.cast(node.this.copy(), "timestamptz")
    shown = node.parent.parent if isinstance(node.parent, exp.Alias) else node.parent
    top = isinstance(shown, exp.Select) and (node.arg_key == "expressions" or isinstance(node.parent, exp.Alias)) and shown.parent is None
    return moment if top else exp.Paren(this=changed(node, this=moment))


def zoned_literal(node):
    """TIMESTAMP '2020-01-01 10:00:00 Europe/Berlin', '.. +02:00': as the wanted dialect reads it."""
    text = str(node.this.this)
    if wanted == "duckdb":
        return exp.cast(exp.Literal.string(re.sub(r" +([+-]\d)", r"\1", text)), "timestamptz")
    return exp.cast(exp.Literal.string(instant(text)), "timestamptz")


def instant(text):
    """TEXT with its zone as an offset."""
    from datetime import datetime
    from zoneinfo import ZoneInfo
    found = re.fullmatch(r"\s*(.*?) +([A-Za-z][\w/+-]*)\s*", text)
    if found is None:
        return re.sub(r" +([+-]\d)", r"\1", text)
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=ZoneInfo(found[2]))
    except Exception:
        return cannot(f"a moment in the zone {found[2]}")
    offset = moment.strftime("%z")
    return f"{found[1]}{offset[:3]}:{offset[3:5]}"


def cut_to(node):
    """CAST(x AS varchar(3)) and char(3) cut; others leave it whole, and CHAR alone is char(1)."""
    kind, size = node.to.this, number_of(node.to.expressions[0].this) if node.to.expressions else 1 if node.to.this == TYPE.CHAR else None
    if size is None or wanted == "mysql" and node.to.expressions:
        return None
    if wanted == "mysql":
        return exp.Left(this=exp.cast(node.this.copy(), "text"), expression=exp.Literal.number(size)) if kind == TYPE.CHAR else None
    return call("SUBSTR", exp.cast(node.this.copy(), "text"), 1, size)


def backwards(node):
    """INTERVAL '-1 02:03:04' DAY TO SECOND: the sign is of all of it, in PostgreSQL of the days alone."""
    text = str(node.this.this).strip()
    positive = changed(node, this=exp.Literal.string(text[1:].strip()))
    return exp.Paren(this=exp.Mul(this=exp.Paren(this=exp.Neg(this=exp.Literal.number(1))), expression=positive))


def trino_literal(node):
    """Before types are known; NODE itself where nothing is to be done."""
    if isinstance(node, exp.Values) and node.expressions and wanted != "trino":
        return values_of_rows(node)
    if isinstance(node, exp.Interval) and wanted == "postgres" and isinstance(node.args.get("unit"), exp.IntervalSpan) and isinstance(node.this, exp.Literal) \
            and str(node.this.this).strip().startswith("-"):
        return backwards(node)
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        is_text = isinstance(node.this, exp.Literal) and node.this.is_string
        if node.to.this in (TYPE.VARCHAR, TYPE.CHAR) and wanted in ("duckdb", "sqlite", "mysql"):
            return cut_to(node) or node
        if node.to.this in (TYPE.DOUBLE, TYPE.FLOAT) and is_text and wanted in ("sqlite", "mysql") and re.fullmatch(r"[-+]?(NaN|Infinity)", str(node.this.this)):
            return cannot("numbers that are none, or infinite")
        if node.to.this == TYPE.TIMETZ and wanted in ("sqlite", "mysql"):
            return cannot("a time of day with a zone")
        if node.to.this == TYPE.DECIMAL and not node.to.expressions and wanted in ("postgres", "duckdb", "mysql", "sqlite"):
            return exact(node)
        if node.to.this == TYPE.TIMESTAMPTZ and is_text and wanted in ("duckdb", "sqlite", "mysql"):
            return zoned_literal(node)
        if node.to.this == TYPE.UUID and wanted == "sqlite":
            return call("LOWER", exp.cast(node.this.copy(), "text"))
        if node.to.this in (TYPE.TIMESTAMP, TYPE.TIME) and is_text and wanted == "sqlite" and re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+", str(node.this.this)):
            return exp.Literal.string(str(node.this.this))
    if isinstance(node, exp.Literal) and wanted == "postgres" and not node.is_string and "e" in str(node.this).lower() and not isinstance(node.parent, exp.Cast):
        return exp.cast(node.copy(), "double")
    if isinstance(node, exp.AtTimeZone):
        return in_zone(node)
    if type(node).__name__ == "FromISO8601Timestamp" and wanted == "sqlite":
        return call("DATETIME", node.this)
    if isinstance(node, exp.ArraySlice) and wanted == "duckdb" and node.args.get("end") is not None:
        start, length = node.args["start"], node.args["end"]
        last = exp.Sub(this=exp.Add(this=exp.paren(start.copy()), expression=exp.paren(length.copy())), expression=exp.Literal.number(1))
        return call("LIST_SLICE", node.this, start, last)
    if isinstance(node, exp.StrToTime) and wanted == "postgres":
        return exp.cast(node.copy(), "timestamp")
    return node


def is_whole(node):
    return node is not None and node.is_type(*exp.DataType.INTEGER_TYPES)


def aggregated(node):
    """What the aggregate NODE is of."""
    what = node.this
    return what.expressions[0] if isinstance(what, exp.Distinct) and len(what.expressions) == 1 else what


def number_of_result(node):
    """The type that Trino has for this aggregate and the wanted dialect has not; None = they agree, or nobody knows."""
    inner = node
    while isinstance(inner, (exp.Window, exp.Filter)):
        inner = inner.this
    if isinstance(node.parent, (exp.Window, exp.Filter)) and node.arg_key == "this" or isinstance(node.parent, exp.WithinGroup):
        return None # of the whole
    if isinstance(inner, exp.Sum) and is_whole(aggregated(inner)) and wanted in ("postgres", "duckdb", "mysql"):
        return "bigint"
    if isinstance(inner, exp.Avg) and is_whole(aggregated(inner)) and wanted == "postgres":
        return "double"
    if isinstance(inner, exp.CountIf) and wanted == "duckdb":
        return "bigint"
    return None


def stays_date(node):
    """A date and a number of whole days, months: a moment elsewhere."""
    if isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)):
        return is_date(node.this) and singular(node.text("unit") or "") in WHOLE_DAYS
    if wanted in ("sqlite", "mysql"):
        return False
    if isinstance(node, exp.DateAdd):
        return is_date(node.this) and singular(node.text("unit") or "") in WHOLE_DAYS
    if isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.right, exp.Interval) and is_date(node.left):
        unit = node.right.args.get("unit")
        return unit is not None and singular(unit.name) in WHOLE_DAYS
    return False


def trino_result(node):
    """When types are known."""
    if wanted == "trino":
        return node
    kind = number_of_result(node) if isinstance(node, (exp.AggFunc, exp.Window, exp.Filter)) else None
    if kind is not None:
        return exp.cast(node.copy(), kind)
    if stays_date(node):
        return exp.cast(node.copy(), "date")
    if isinstance(node, exp.Extract) and wanted == "postgres" and node.this.name.upper() != "EPOCH":
        whole = call("TRUNC", node) if singular(node.this.name) == "SECOND" else node.copy()
        return exp.cast(whole, "bigint")
    if isinstance(node, exp.Log) and wanted == "postgres":
        return exp.cast(node.copy(), "double")
    if type(node) is exp.Anonymous and node.name.upper() == "JSON_ARRAY_LENGTH" and wanted == "duckdb":
        return exp.cast(node.copy(), "bigint")
    if isinstance(node, exp.Sub) and wanted in ("sqlite", "mysql") and is_of(node.left, *MOMENT_TYPES) and is_of(node.right, "DATE", *MOMENT_TYPES):
        cannot("the time between two moments; date_diff() has a unit")
    return node


def values_of_rows(node):
    """VALUES ROW(1, 'a') is VALUES (1, 'a')."""
    if all(isinstance(row, exp.Tuple) and len(row.expressions) == 1 and type(row.expressions[0]) is exp.Struct for row in node.expressions):
        return changed(node, expressions=[exp.Tuple(expressions=[one.copy() for one in row.expressions[0].expressions]) for row in node.expressions])
    return node


def named_values(tree):
    """VALUES 1, 2 alone: its columns have Trino's names."""
    row = tree.expressions[0] if tree.expressions else None
    width = len(row.expressions) if isinstance(row, exp.Tuple) else 1
    columns = [exp.to_identifier(f"_col{i}", quoted=True) for i in range(width)]
    values = exp.Values(expressions=[e.copy() for e in tree.expressions], alias=exp.TableAlias(this=exp.to_identifier("listed"), columns=columns))
    return exp.select("*").from_(values)
