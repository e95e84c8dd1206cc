"""Digits behind the point: a quotient of decimals has four more than its dividend in MySQL, as many as its sides in Trino, and all there are elsewhere."""

SCALE_MOST = 30


def same_or_more(parts):
    scales = [digits_of(part) for part in parts]
    return None if not scales or any(scale is None for scale in scales) else max(scales)


def digits_of_literal(node):
    text = str(node.this).lower()
    if not node.is_int:
        node.set("this", str(node.this)) # it was read
    return None if node.is_string or "e" in text else len(text.partition(".")[2])


def digits_of_branches(node):
    """Of CASE and IF; NULL has any digits."""
    if isinstance(node, exp.Case):
        parts = [one.args["true"] for one in node.args["ifs"]] + [node.args.get("default")]
    else:
        parts = [node.args["true"], node.args.get("false")]
    return same_or_more([part for part in parts if part is not None and not isinstance(part, exp.Null)])


def query_named(table, name):
    """The query that TABLE is, a table in FROM: one in parentheses, or of WITH."""
    if isinstance(table, exp.Subquery):
        return table.this if isinstance(table.this, exp.Query) and table.alias_or_name.lower() == (name or table.alias_or_name.lower()) else None
    if not isinstance(table, exp.Table) or table.args.get("db") is not None or (name and table.alias_or_name.lower() != name):
        return None
    around = table.parent
    while around is not None:
        for cte in (around.args["with_"].expressions if isinstance(around, exp.Query) and around.args.get("with_") is not None else []):
            if cte.alias.lower() == table.name.lower() and not cte.args["alias"].args.get("columns"):
                return cte.this
        around = around.parent
    return None


being_read = []  # queries: one of WITH RECURSIVE names itself


def digits_shown(query, name):
    """Digits of the column NAME of QUERY."""
    if isinstance(query, (exp.SetOperation, exp.Subquery)):
        sides = [query.this, query.expression] if isinstance(query, exp.SetOperation) else [query.this]
        found = [digits_shown(side, name) for side in sides]
        return None if None in found else max(found)
    one = [shown for shown in query.selects if shown.alias_or_name.lower() == name] if isinstance(query, exp.Select) else []
    if len(one) != 1 or any(query is other for other in being_read):
        return None
    being_read.append(query)
    try:
        return digits_of(one[0].unalias())
    finally:
        being_read.pop()


def digits_behind(column):
    """Of a column of a query in FROM."""
    select = column.find_ancestor(exp.Select)
    first = select.args.get("from_") if select is not None else None
    tables = [part.this for part in (first, *(select.args.get("joins") or [])) if part is not None] if select is not None else []
    queries = [query for query in (query_named(table, column.table.lower()) for table in tables) if query is not None]
    found = {digits_shown(query, column.name.lower()) for query in queries} - {None}
    return found.pop() if len(found) == 1 else None


def digits_of(node):
    """How many digits behind the point an exact number has in the source's dialect; None = it is not exact, or nobody knows."""
    kind = type(node)
    if kind is exp.Literal:
        return digits_of_literal(node)
    if kind in (exp.Paren, exp.Neg, exp.Abs, exp.Sum, exp.Min, exp.Max, exp.Nullif, exp.Window, exp.Distinct, exp.Filter):
        inner = node.expressions[0] if kind is exp.Distinct and len(node.expressions) == 1 else node.this
        if kind is exp.Sum and source == "mysql" and isinstance(inner, exp.Expression) and is_truth(inner):
            return 0
        return digits_of(inner) if isinstance(inner, exp.Expression) else None
    if kind in (exp.Add, exp.Sub, exp.Mod):
        return same_or_more([node.this, node.expression])
    if kind is exp.Mul:
        sides = digits_of(node.this), digits_of(node.expression)
        return None if None in sides else min(sum(sides), SCALE_MOST)
    if kind is exp.Div:
        sides = digits_of(node.this), digits_of(node.expression) # each once: quotients stand in one another
        return None if None in sides else max(sides) if source == "trino" else min(sides[0] + 4, SCALE_MOST)
    if kind is exp.Avg:
        inner = 0 if source == "mysql" and isinstance(node.this, exp.Expression) and is_truth(node.this) else digits_of(node.this) if isinstance(node.this, exp.Expression) else None
        return None if inner is None else inner if source == "trino" else min(inner + 4, SCALE_MOST)
    if kind in (exp.Floor, exp.Ceil) and node.args.get("decimals") is None:
        return 0 if digits_of(node.this) is not None else None
    if kind is exp.Column and source == "mysql" and is_of(node, "BOOLEAN"):
        return 0
    if kind in (exp.Coalesce, exp.Greatest, exp.Least):
        return same_or_more([node.this, *node.expressions])
    if kind in (exp.Case, exp.If):
        return digits_of_branches(node)
    if kind is exp.Subquery and isinstance(node.this, exp.Select) and len(node.this.expressions) == 1:
        return digits_of(node.this.expressions[0].unalias())
    if kind is exp.Round and number_of(node.args.get("decimals")) is not None and source == "mysql":
        decimals = number_of(node.args["decimals"])
        node.args["decimals"].set("this", str(node.args["decimals"].this) if isinstance(node.args["decimals"], exp.Literal) else node.args["decimals"].this)
        return max(decimals, 0) if digits_of(node.this) is not None else None
    if kind is exp.Round and source == "trino":
        return digits_of(node.this)
    if kind is exp.Cast and node.to.this == TYPE.DECIMAL:
        return int(node.to.expressions[1].name) if len(node.to.expressions) == 2 else 0 if source == "mysql" or node.to.expressions else None
    if is_of(node, "DECIMAL") and kind is exp.Column:
        scale = node.type.meta.get("scale")
        return digits_behind(node) if scale is None else scale
    return 0 if node.type is not None and not is_truth(node) and node.is_type(*exp.DataType.INTEGER_TYPES) else None


def is_shortened(node):
    """Is there a quotient or an average in it that the source's dialect ends somewhere?"""
    return any(isinstance(part, (exp.Div, exp.Avg)) and part.find_ancestor(exp.Query) is node.find_ancestor(exp.Query) for part in node.find_all(exp.Div, exp.Avg))


def to_digits(node, digits):
    return exp.cast(node.copy(), f"decimal(38, {digits})")


def outermost(tree):
    """The queries whose columns a client sees."""
    if isinstance(tree, exp.SetOperation):
        return [one for side in (tree.this, tree.expression) for one in outermost(side.unnest())]
    return [tree] if isinstance(tree, exp.Select) else []


def mysql_shown(tree):
    """What a client sees of a quotient, and what is made a text; in between MySQL has more digits, too."""
    for select in outermost(tree):
        if select.args.get("distinct") is not None and select.args.get("order") is not None:
            continue
        for shown in list(select.expressions):
            inner = shown.unalias()
            digits = digits_of(inner) if is_shortened(inner) and not isinstance(inner, exp.Round) else None
            if digits is not None:
                inner.replace(to_digits(inner, digits))
    for node in list(tree.find_all(exp.EQ, exp.NEQ)):
        for side in [side for side in (node.this, node.expression) if is_shortened(side) and not isinstance(side.unnest(), exp.Round) and wanted != "sqlite"]:
            if digits_of(side) is not None:
                side.replace(to_digits(side, digits_of(side)))
    for node in list(tree.find_all(exp.Concat, exp.ConcatWs, exp.Cast)):
        parts = node.expressions if not isinstance(node, exp.Cast) else [node.this] if node.to.this in exp.DataType.TEXT_TYPES or node.to.this == TYPE.CHARACTER_SET else []
        for part in [part for part in list(parts) if is_shortened(part)]:
            digits = digits_of(part)
            if digits is not None:
                part.replace(filled(f"PRINTF('%.{digits}f', _1)", [part]) if wanted == "sqlite" else to_digits(part, digits))
    return tree


def trino_quotient(node):
    """1.0 / 3 is 0.3 there, wherever it stands."""
    if isinstance(node, exp.Div) and any(is_of(side.unnest(), "DECIMAL") or isinstance(side.unnest(), exp.Literal) and not side.unnest().is_int for side in (node.this, node.expression)) or \
            isinstance(node, exp.Avg) and isinstance(node.this, exp.Expression) and is_of(node.this.unnest(), "DECIMAL") and not isinstance(node.parent, (exp.Window, exp.Filter)):
        digits = digits_of(node)
        if digits is not None:
            return exp.Paren(this=to_digits(node, digits)) if isinstance(node, exp.Div) else to_digits(node, digits)
    if isinstance(node, (exp.Window, exp.Filter)) and isinstance(node.this, exp.Avg) and isinstance(node.this.this, exp.Expression) and is_of(node.this.this.unnest(), "DECIMAL") and \
            not isinstance(node.parent, exp.Window):
        digits = digits_of(node.this)
        return node if digits is None else to_digits(node, digits)
    return node
