"""(a, b) > (c, d): with NULL on a side it is unknown where what is in front of it is the same. DuckDB orders and equals NULLs in rows, Trino has no order
of such rows: there the comparison is written out, of single values."""

ROWS_LISTED = 100  # more rows behind IN stay a list


def row_parts(node):
    """The values of a row that is written there; None = it is none."""
    node = node.unnest()
    if isinstance(node, exp.Anonymous) and node.name.upper() == "ROW":
        return node.expressions
    return node.expressions if isinstance(node, exp.Tuple) or type(node).__name__ == "Struct" and source == "postgres" else None


def first_apart(kind, pairs):
    """Of pairs of values, what the first one says that is apart."""
    (left, right), rest = pairs[0], pairs[1:]
    if not rest:
        return kind(this=left.copy(), expression=right.copy())
    loose, strict = (exp.GTE, exp.GT) if kind in (exp.GT, exp.GTE) else (exp.LTE, exp.LT)
    return exp.and_(loose(this=left.copy(), expression=right.copy()), exp.or_(strict(this=left.copy(), expression=right.copy()), first_apart(kind, rest)))


def rows_apart(kind, left, right):
    """LEFT and RIGHT, of as many values, compared one by one."""
    pairs = [tuple(exp.paren(side.copy()) if isinstance(side, exp.Binary) else side for side in pair) for pair in zip(left, right)]
    if kind in (exp.EQ, exp.NEQ):
        return (exp.and_ if kind is exp.EQ else exp.or_)(*(kind(this=one.copy(), expression=other.copy()) for one, other in pairs))
    return first_apart(kind, pairs)


def row_written_out(node):
    if type(node) in (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE):
        left, right = row_parts(node.this), row_parts(node.expression)
        return exp.paren(rows_apart(type(node), left, right), copy=False) if left and right and len(left) == len(right) else node
    if isinstance(node, exp.In) and 0 < len(node.expressions) <= ROWS_LISTED:
        left, rows = row_parts(node.this), [row_parts(row) for row in node.expressions]
        if left and len(left) > 1 and all(row is not None and len(row) == len(left) for row in rows):
            return exp.paren(exp.or_(*(rows_apart(exp.EQ, left, row) for row in rows)), copy=False)
    return node


def plain_row(node):
    """ROW(a, b) as (a, b)."""
    return exp.Tuple(expressions=[part.copy() for part in node.expressions]) if isinstance(node, exp.Anonymous) and node.name.upper() == "ROW" and len(node.expressions) > 1 and isinstance(node.parent, exp.Predicate) else node


def rows_written_out(tree):
    if wanted == "sqlite" and source != "sqlite":
        return rewrite(tree, plain_row)
    return rewrite(tree, row_written_out) if wanted in ("duckdb", "trino") and source not in ("duckdb", "trino") else tree


def by_no_place(select):
    """SELECT, ordered and grouped by what is meant, whatever else it shows."""
    order, group = select.args.get("order"), select.args.get("group")
    if group is not None and any(number_of(key) is not None for key in group.expressions):
        cannot("an assignment of a row that is grouped by places")
    return select if order is None else changed(select, order=exp.Order(expressions=[key_of(one, select) for one in order.expressions]))


def parts_assigned(names, values):
    """What each of NAMES gets of VALUES, a row or a query of one."""
    values = values.unnest() if isinstance(values, exp.Paren) else values
    if isinstance(values, exp.Subquery) and isinstance(values.this, exp.Select) and len(values.this.expressions) == len(names):
        if values.find(exp.Rand) is not None:
            cannot("an assignment of a row that is another one each time") # it is asked for each of NAMES
        select = by_no_place(values.this)
        return [changed(values, this=changed(select, expressions=[shown.copy()])) for shown in select.expressions]
    row = values.expressions if isinstance(values, exp.Tuple) or type(values) is exp.Anonymous and values.name.upper() == "ROW" else [values]
    return [value.copy() for value in row] if len(row) == len(names) and not isinstance(values, exp.Subquery) else cannot("an assignment of such a row")


def assigned_apart(tree):
    """UPDATE t SET (a, b) = (1, 2) as SET a = 1, b = 2."""
    for update in list(tree.find_all(exp.Update, exp.OnConflict)) if source == "postgres" and wanted != "postgres" else []:
        new = []
        for one in update.expressions:
            names = one.this.expressions if isinstance(one, exp.EQ) and isinstance(one.this, exp.Tuple) else [one.this.unnest()] if isinstance(one, exp.EQ) and isinstance(one.this, exp.Paren) else []
            new += [exp.EQ(this=name.copy(), expression=value) for name, value in zip(names, parts_assigned(names, one.expression))] if names else [one.copy()]
        update.set("expressions", new)
    return tree
