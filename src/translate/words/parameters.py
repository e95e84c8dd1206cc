"""Markers of parameters, whose types come with the statement or later: where an engine would take them for something else than the source's dialect does."""


def is_marker(node):
    return isinstance(node, (exp.Parameter, exp.Placeholder))


def has_marker(node):
    return is_marker(node) or node.find(exp.Parameter, exp.Placeholder) is not None


def moment_marker(node):
    """date_add(?, ..), unix_timestamp(?): what is not known to be a moment."""
    return exp.cast(node.copy(), "timestamp") if is_marker(node) and wanted in ("postgres", "duckdb", "trino") else None


def marker_beside(marker, other):
    """A marker that is compared with OTHER, of a known type; None = as it is. In SQLite moments are texts: of a day without a time, with one."""
    if wanted == "sqlite" and is_of(other, "DATE"):
        return call("REPLACE", marker, " 00:00:00", "")
    if wanted == "sqlite" and is_of(other, *MOMENT_TYPES):
        return filled("CASE LENGTH(_1) WHEN 10 THEN _1 || ' 00:00:00' ELSE _1 END", [marker])
    if wanted == "trino" and source != "trino" and is_of(other, "DECIMAL"):
        return exp.Cast(this=marker.copy(), to=exp.DataType.build("decimal(38, 10)", dialect="trino"))
    if wanted == "trino" and source != "trino" and is_of(other, "DATE", *MOMENT_TYPES):
        return exp.Cast(this=marker.copy(), to=exp.DataType.build("timestamp(6)", dialect="trino"))
    if wanted == "trino" and source == "mysql" and is_of(other, "BOOLEAN"):
        return exp.cast(marker.copy(), "boolean")
    return None


def markers_compared(node, keys):
    """d >= ?, d BETWEEN ? AND ?."""
    args = {key: node.args.get(key) for key in keys}
    if len(keys) == 2 and all(isinstance(arg, exp.Tuple) for arg in args.values()) and len(node.this.expressions) == len(node.expression.expressions):
        return markers_in_rows(node)
    other = next((arg for arg in args.values() if arg is not None and not is_marker(arg) and not isinstance(arg, exp.Literal)), None)
    new = {key: marker_beside(arg, other) for key, arg in args.items() if other is not None and arg is not None and is_marker(arg)}
    new = {key: value for key, value in new.items() if value is not None}
    return changed(node, **new) if new else None


def markers_in_rows(node):
    """(d, i) > (?, ?)."""
    sides = [[e.copy() for e in side.expressions] for side in (node.this, node.expression)]
    for at, pair in enumerate(zip(*sides)):
        for side, (one, other) in enumerate((pair, pair[::-1])):
            if is_marker(one) and not isinstance(other, exp.Literal) and marker_beside(one, other) is not None:
                sides[side][at] = marker_beside(one, other)
    return changed(node, this=exp.Tuple(expressions=sides[0]), expression=exp.Tuple(expressions=sides[1]))


def markers_listed(node):
    """d IN (?, ?)."""
    new = [marker_beside(e, node.this) if is_marker(e) else None for e in node.expressions]
    return changed(node, expressions=[new_one or e.copy() for new_one, e in zip(new, node.expressions)]) if any(new) else None


COUNTS = {"Round": ("decimals",), "Trunc": ("decimals",), "Substring": ("start", "length"), "Left": ("expression",), "Right": ("expression",), "Repeat": ("times",), "Pad": ("expression",), "SplitPart": ("part_index",)}


def counting_markers(node):
    """round(x, ?), repeat(x, ?): a number of what one counts, whatever the client sends."""
    keys = [key for key in COUNTS.get(type(node).__name__, ()) if is_marker(node.args.get(key))]
    return changed(node, **{key: exp.cast(node.args[key].copy(), "int") for key in keys}) if keys else None


def refused_marker(node):
    """What a parameter cannot be there."""
    if isinstance(node, exp.Cast) and is_marker(node.this) and (node.to.this == TYPE.INTERVAL or isinstance(node.to.this, exp.Interval)) and wanted in ("sqlite", "mysql", "trino"):
        cannot("an interval as a parameter; a number of days, $1 * interval '1 day', may be one")
    every = type(node) is exp.Anonymous and node.name.upper() == "ALL" and len(node.expressions) == 1
    if wanted in ("sqlite", "mysql", "trino") and (isinstance(node, (exp.Any, exp.All)) and isinstance(node.this, exp.Expression) and is_marker(node.this.unnest()) or every and is_marker(node.expressions[0].unnest())):
        cannot("an array as a parameter")
    if wanted == "postgres" and source == "trino" and isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar)) and is_marker(node.expression):
        cannot("a path in JSON that is not written there")
    if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)) and re.fullmatch(r"\$\d+|\?", node.text("unit")):
        cannot("date_trunc() to what is not written there")


def marked_array(node):
    """$1 and $1::text[] behind = ANY and <> ALL; None = something else is there."""
    there = node.expression
    if isinstance(node, exp.EQ) and isinstance(there, exp.Any) or isinstance(node, exp.NEQ) and isinstance(there, exp.All):
        inner = there.this
    elif isinstance(node, exp.NEQ) and type(there) is exp.Anonymous and there.name.upper() == "ALL" and len(there.expressions) == 1:
        inner = there.expressions[0]
    else:
        return None
    inner = inner.unnest() if isinstance(inner, exp.Expression) else None
    bare = inner.this if isinstance(inner, exp.Cast) and inner.to.this == TYPE.ARRAY else inner
    return (inner, bare) if bare is not None and is_marker(bare) else None


def kind_of_items(node):
    """What an array holds that NODE is looked for in; None = it is not known."""
    kinds = ((TEXTS, "text"), (("INT", "SMALLINT", "TINYINT", "BIGINT"), "bigint"), (("DECIMAL",), "decimal(38, 10)"), (("DOUBLE", "FLOAT"), "double"), (("DATE",), "date"), (MOMENT_TYPES, "timestamp"), (("UUID",), "uuid"))
    return next((kind for names, kind in kinds if is_of(node, *names)), None)


def any_of_marker(node):
    """i = ANY ($1): DuckDB wants to know of what it is an array, which is a text in SQLite, '{1,2}'."""
    found = marked_array(node)
    if found is None or wanted not in ("duckdb", "sqlite", "mysql", "trino"):
        return None
    array, marker = found
    if wanted == "duckdb":
        if array is marker and kind_of_items(node.this) is None:
            return None
        array = exp.Cast(this=marker.copy(), to=exp.DataType(this=TYPE.ARRAY, expressions=[exp.DataType.build(kind_of_items(node.this))], nested=True)) if array is marker else array.copy()
        among = exp.EQ(this=node.this.copy(), expression=exp.Any(this=exp.paren(array)))
    elif wanted == "sqlite" and is_of(node.this, *NUMBERS):
        among = exp.Paren(this=filled("_1 IN (SELECT value FROM JSON_EACH('[' || SUBSTR(_2, 2, LENGTH(_2) - 2) || ']'))", [node.this, marker]))
    else:
        return cannot("an array as a parameter")
    return among if isinstance(node, exp.EQ) else exp.Not(this=exp.paren(among, copy=False))


def days_of_marker(node):
    """d + $1 is as many days later."""
    left, right = node.this, node.expression
    if isinstance(node, exp.Add) and is_marker(left):
        left, right = right, left
    if not is_of(left, "DATE") or not is_marker(right) or wanted not in ("sqlite", "mysql", "trino"):
        return None
    days = exp.Neg(this=right.copy()) if isinstance(node, exp.Sub) else right.copy()
    out = {"mysql": "DATE_ADD(_1, INTERVAL _2 DAY)", "sqlite": "DATE(_1, _2 || ' days')", "trino": "DATE_ADD('day', _2, _1)"}[wanted]
    new = filled(out, [left, days])
    new.type = exp.DataType.build("date")
    return new


def marked_format(node):
    """date_format(x, ?): a format is another one elsewhere."""
    form = node.args.get("format")
    return isinstance(node, (exp.TimeToStr, exp.StrToTime, exp.StrToDate)) and form is not None and not isinstance(form, exp.Literal)
