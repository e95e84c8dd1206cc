"""One value of a group's rows, for who has no arrays to take it from: the last name, the value at the middle."""


def order_letters(ordered):
    """An order as group_concat_by() and first_by() of SQLite have it (engine/sqlite/sqlite_ordered.h)."""
    letters = ""
    for one in ordered:
        down = bool(isinstance(one, exp.Ordered) and one.args.get("desc"))
        first = isinstance(one, exp.Ordered) and one.args.get("nulls_first")
        letter = "d" if down else "a"
        letters += letter if source == "mysql" or bool(first) != down else letter.upper()
    return letters


def keys_in(ordered):
    return [one.this if isinstance(one, exp.Ordered) else one for one in ordered]


def as_it_was(text, kind):
    """TEXT, which a list of texts had, as the value of KIND that it was."""
    name = getattr(getattr(kind, "this", None), "name", "")
    if name in ("INT", "BIGINT", "SMALLINT", "MEDIUMINT", "TINYINT", "BOOLEAN"):
        return exp.cast(text, "bigint")
    if name in ("UINT", "UBIGINT", "USMALLINT", "UMEDIUMINT", "UTINYINT"):
        return exp.cast(text, "decimal(20, 0)")
    if name == "DECIMAL" and wanted == "mysql":
        return exp.cast(text, f"decimal(65, {kind.meta.get('scale', 10)})")
    if name in ("DOUBLE", "FLOAT") and wanted == "mysql":
        return doubled(text) # CAST AS DOUBLE is there since 8.0.17
    if name in ("DOUBLE", "FLOAT", "DATE", "DECIMAL", *MOMENT_TYPES):
        return exp.cast(text, "date" if name == "DATE" else "timestamp" if name in MOMENT_TYPES else "double")
    return text


def first_listed(value, ordered, present=None):
    """Of MySQL: the first of a list of JSON texts, which have no line ends. PRESENT: rows where this is NULL are left out."""
    quoted = filled("COALESCE(JSON_QUOTE(CAST(_1 AS CHAR)), 'null')", [value])
    if present is not None:
        quoted = exp.Case().when(exp.not_(exp.Is(this=present.copy(), expression=exp.Null())), quoted)
    listed_texts = exp.GroupConcat(this=exp.Order(this=quoted, expressions=[one.copy() for one in ordered]), separator=exp.Literal.string("\n"))
    first = exp.Anonymous(this="SUBSTRING_INDEX", expressions=[listed_texts, exp.Literal.string("\n"), exp.Literal.number(1)])
    return as_it_was(call("JSON_UNQUOTE", exp.func("NULLIF", first, exp.Literal.string("null"))), value.type)


def value_in_order(value, number, ordered):
    """The NUMBERth of the values in an order."""
    if wanted == "sqlite":
        return call("FIRST_BY", value, number, order_letters(ordered), *keys_in(ordered))
    return first_listed(value, ordered) if number == 1 else cannot("arrays")


def element_of_group(node):
    """(array_agg(x ORDER BY y))[1]."""
    inner = node.this.unnest()
    at = number_of(node.expressions[0]) if len(node.expressions) == 1 else None
    if not isinstance(inner, exp.ArrayAgg) or at is None or wanted not in ("sqlite", "mysql"):
        return None
    order, number = inner.this, at + 1 - (node.args.get("offset") or 0)
    if not isinstance(order, exp.Order) or isinstance(order.this, exp.Distinct) or number < 1:
        return None
    return value_in_order(order.this, number, order.expressions)


def by_greatest(node):
    """max_by(x, y), min_by(x, y), arg_max() and arg_min(): of the row with the greatest or least y."""
    if wanted not in ("sqlite", "mysql") or node.args.get("count") is not None:
        return None
    if isinstance(node.parent, (exp.Window, exp.Filter)) and wanted == "mysql":
        cannot("max_by() with FILTER or OVER")
    down = isinstance(node, exp.ArgMax)
    if wanted == "sqlite":
        return call("MAX_BY" if down else "MIN_BY", node.this, node.expression)
    return first_listed(node.this, [exp.Ordered(this=node.expression.copy(), desc=down, nulls_first=not down)], node.expression)


def percentile(node):
    """percentile_cont(0.5) WITHIN GROUP (ORDER BY x) of SQLite."""
    of, ordered = node.this, node.expression.expressions[0]
    down = bool(isinstance(ordered, exp.Ordered) and ordered.args.get("desc"))
    value, part = ordered.this if isinstance(ordered, exp.Ordered) else ordered, of.this
    if isinstance(part, exp.Array) or down and isinstance(of, exp.PercentileDisc):
        cannot("percentiles of values in descending order, or several at once")
    if down:
        part = exp.Sub(this=exp.Literal.number(1), expression=exp.paren(part.copy()))
    return call("PERCENTILE_DISC" if isinstance(of, exp.PercentileDisc) else "PERCENTILE_CONT", value, part)
