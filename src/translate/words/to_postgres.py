"""For PostgreSQL: strict about types, and its functions of dates are others."""


def postgres_difference(node):
    unit, begin, end = difference(node)
    begin, end = (exp.cast(e.copy(), "timestamp") for e in (begin, end))
    if unit in SECONDS:
        seconds = exp.Extract(this=exp.Var(this="EPOCH"), expression=exp.Paren(this=exp.Sub(this=end, expression=begin)))
        return exp.cast(call("TRUNC", exp.Div(this=seconds, expression=exp.Literal.number(SECONDS[unit]), typed=True)), "bigint")
    age = call("AGE", end, begin)
    years, months = (exp.Extract(this=exp.Var(this=u), expression=age.copy()) for u in ("YEAR", "MONTH"))
    whole = exp.Paren(this=exp.Add(this=exp.Mul(this=years, expression=exp.Literal.number(12)), expression=months))
    return exp.cast(call("TRUNC", exp.Div(this=whole, expression=exp.Literal.number(MONTHS[unit]), typed=True)), "bigint")


def first_of(aggregate):
    return exp.Bracket(this=exp.Paren(this=aggregate), expressions=[exp.Literal.number(1)], offset=1)


def postgres_function(node):
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    part = part_of_moment(node)
    if part is not None:
        out = extracted(node, *part)
        whole = exp.cast(call("TRUNC", out), "integer") if part[0] == "SECOND" else out
        return exp.cast(whole, "bigint" if source == "trino" else "integer") if source in ("trino", "mysql") and part[0] != "SECOND" or source == "trino" else whole
    if isinstance(node, exp.Extract) and source == "mysql" and not node.meta.get("made") and singular(node.this.name) in EXTRACTED and not isinstance(node.parent, exp.Cast):
        return exp.cast(node.copy(), "integer") # a whole number there
    if isinstance(node, exp.Avg) and source == "mysql" and isinstance(node.this, exp.Expression) and node.this.is_type(*exp.DataType.INTEGER_TYPES) and not isinstance(node.parent, (exp.Window, exp.Filter)):
        return call("ROUND", node, 4)
    if type(node).__name__ == "DateFromParts" and source != "postgres":
        return call("MAKE_DATE", *(node.args[key] for key in ("year", "month", "day")))
    if isinstance(node, exp.JSONArray) and source == "trino":
        if not all(isinstance(e, (exp.Literal, exp.Boolean)) for e in node.expressions):
            cannot("JSON_ARRAY() of what may be NULL, which is not in it")
        return call("JSON_BUILD_ARRAY", *node.expressions)
    if difference(node) is not None:
        return postgres_difference(node)
    if isinstance(node, exp.Length) and node.args.get("binary"):
        return call("OCTET_LENGTH", node.this)
    if isinstance(node, (exp.Greatest, exp.Least)):
        return null_if_any(node)
    if isinstance(node, exp.Substring) and (number_of(node.args.get("start")) or 0) < 0:
        back, length = exp.Literal.number(-number_of(node.args["start"])), node.args.get("length")
        right = exp.Right(this=node.this.copy(), expression=back)
        return right if length is None else exp.Left(this=right, expression=length.copy())
    if isinstance(node, exp.Chr) and node.args.get("charset"):
        return changed(node, charset=None)
    if isinstance(node, exp.Round) and node.args.get("decimals") is not None and source != "postgres" and not isinstance(node.this, exp.Literal):
        rounded = changed(node, this=exp.cast(node.this.copy(), "decimal")) # there is none of a double
        return exp.cast(rounded, "double") if source == "trino" and node.this.is_type(TYPE.DOUBLE, TYPE.FLOAT) else rounded
    if isinstance(node, exp.Split):
        return call("STRING_TO_ARRAY", node.this, node.expression)
    if isinstance(node, exp.Unicode):
        return call("ASCII", node.this)
    if isinstance(node, exp.RegexpExtract):
        group, pattern = number_of(node.args.get("group")) or 0, node.expression
        if group == 0:
            pattern = exp.Literal.string(f"({pattern.this})") if isinstance(pattern, exp.Literal) else exp.DPipe(this=exp.DPipe(this=exp.Literal.string("("), expression=pattern.copy()), expression=exp.Literal.string(")"))
        return exp.Bracket(this=exp.Paren(this=call("REGEXP_MATCH", node.this, pattern)), expressions=[exp.Literal.number(group or 1)], offset=1)
    if isinstance(node, exp.ApproxDistinct):
        return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
    if isinstance(node, exp.AnyValue):
        return first_of(call("ARRAY_AGG", node.this))
    if isinstance(node, (exp.ArgMax, exp.ArgMin)):
        order = exp.Ordered(this=node.expression.copy(), desc=isinstance(node, exp.ArgMax), nulls_first=False)
        known = exp.Where(this=exp.Not(this=exp.Is(this=node.expression.copy(), expression=exp.Null())))
        return first_of(exp.Filter(this=exp.ArrayAgg(this=exp.Order(this=node.this.copy(), expressions=[order])), expression=known))
    if isinstance(node, exp.JSONFormat):
        return exp.cast(node.this.copy(), "text")
    if isinstance(node, exp.JSONObject):
        pairs = [e for pair in node.expressions for e in (pair.this, pair.expression)] if all(isinstance(p, exp.JSONKeyValue) for p in node.expressions) else None
        return call("JSONB_BUILD_OBJECT" if source == "mysql" else "JSON_BUILD_OBJECT", *pairs) if pairs else None
    if name in ("JSON_ARRAY", "JSONArray") and source in ("sqlite", "duckdb"):
        return call("JSON_BUILD_ARRAY", *(args or node.expressions))
    if name in ("JSON_ARRAY", "JSONArray") and source == "mysql":
        return call("JSONB_BUILD_ARRAY", *(args or node.expressions))
    if isinstance(node, exp.Trunc) and node.args.get("decimals") is not None and source != "postgres" and not isinstance(node.this, exp.Literal):
        return call("TRUNC", exp.cast(node.this.copy(), "decimal"), node.args["decimals"])
    if name == "FIND_IN_SET" and len(args) == 2:
        args = [exp.Lower(this=exp.cast(arg.copy(), "text")) if not isinstance(arg, exp.Literal) or has_letters(arg) else arg for arg in args]
        return exp.func("COALESCE", call("ARRAY_POSITION", call("STRING_TO_ARRAY", args[1], ","), args[0]), exp.Literal.number(0))
    if isinstance(node, exp.TryCast) and source in ("trino", "duckdb"):
        return None
    return None


def quoted_letters(node):
    """date_format(x, '%Y-W%v'): in to_char(), a letter is a place."""
    text = str(node.args["format"].this)
    quoted = re.sub(r"(%-?.)|([A-Za-z]+)", lambda found: found[1] or f'"{found[2]}"', text)
    return changed(node, format=exp.Literal.string(quoted)) if quoted != text else None


def filtered_twice(node):
    """arg_max(x, y) FILTER (WHERE c), which is an element of a list that has a filter already."""
    inner = node.this.unnest()
    listed_so = inner.this.unnest() if isinstance(inner, exp.Bracket) else None
    if not isinstance(listed_so, exp.Filter):
        return None
    out = inner.copy()
    filtered = out.this.unnest()
    filtered.expression.set("this", exp.and_(exp.paren(filtered.expression.this.copy()), exp.paren(node.expression.this.copy())))
    return out


def postgres_target(node):
    out = None
    if isinstance(node, exp.Filter) and filtered_twice(node) is not None:
        return filtered_twice(node)
    if isinstance(node, (exp.TimeToStr, exp.StrToTime, exp.StrToDate)) and source != "postgres" and is_written(node.args.get("format")) and not node.meta.get("made"):
        out = quoted_letters(node)
    elif isinstance(node, exp.Unnest):
        out = series_of(node)
    elif isinstance(node, exp.Is) and is_marker(node.this) and isinstance(node.expression, exp.Null) and (isinstance(node.parent, exp.Or) or source == "mysql"):
        out = changed(node, this=exp.cast(node.this.copy(), "text")) # of what type it is nothing tells
    elif isinstance(node, (exp.Mod, exp.IntDiv)) and source in ("mysql", "sqlite"):
        out = changed(node, expression=exp.func("NULLIF", node.expression.copy(), exp.Literal.number(0)))
        out = exp.cast(out, "bigint") if isinstance(node, exp.IntDiv) and source == "mysql" else out
    elif isinstance(node, exp.Insert):
        out = conflict_of(node)
    elif isinstance(node, exp.Bracket) and isinstance(node.this, exp.Func) and not isinstance(node.this, exp.Array):
        out = changed(node, this=exp.Paren(this=node.this.copy())) # f(x)[1] is none
    elif isinstance(node, exp.DataType):
        out = plain_type(node)
    elif isinstance(node, exp.Func):
        out = postgres_function(node)
    return node if out is None else out


def series_of(node):
    """UNNEST(sequence(1, 3)) AS t(x) as generate_series(1, 3) AS t(x)."""
    inner = node.expressions[0] if len(node.expressions) == 1 else None
    if not isinstance(inner, exp.GenerateSeries) or node.args.get("offset"):
        return None
    return exp.Table(this=inner.copy(), alias=node.args["alias"].copy() if node.args.get("alias") is not None else None)


def conflict_of(node):
    """INSERT IGNORE, and what is to be done with a duplicate key, which must be named here."""
    conflict = node.args.get("conflict")
    if node.args.get("ignore"):
        return changed(node, ignore=None, conflict=exp.OnConflict(action=exp.Var(this="DO NOTHING")))
    if conflict is not None and conflict.args.get("duplicate") or str(node.args.get("alternative") or "").upper() == "REPLACE":
        cannot("a duplicate key that is not named")
    return None


UNSIGNED = {"UBIGINT": "decimal(20, 0)", "UINT": "bigint", "UMEDIUMINT": "integer", "USMALLINT": "integer", "UTINYINT": "smallint", "MEDIUMINT": "integer",
            "UDOUBLE": "double"}


def plain_type(node):
    """INT(11), TINYINT(1), BIGINT UNSIGNED."""
    name = node.this.name if hasattr(node.this, "name") else str(node.this)
    if name in UNSIGNED and wanted != "duckdb":
        return exp.DataType.build(UNSIGNED[name])
    if name == "UDECIMAL":
        return exp.DataType(this=TYPE.DECIMAL, expressions=[e.copy() for e in node.expressions])
    return exp.DataType(this=node.this, nested=False) if node.this in exp.DataType.INTEGER_TYPES and node.this != TYPE.BIT and node.expressions else None
