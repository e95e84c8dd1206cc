"""LATERAL for who has none (SQLite, MariaDB): one row as a query for each of its columns, more of them as rows that are numbered and joined by what
they were looked for."""


def lateral_query(join):
    """The SELECT of JOIN LATERAL (SELECT ..); None = it is no such."""
    lateral = join.this
    inner = lateral.this.this if isinstance(lateral, exp.Lateral) and isinstance(lateral.this, exp.Subquery) else None
    return inner if isinstance(inner, exp.Select) and not inner.is_star and lateral.args.get("alias") is not None else None


def shown_by(lateral, inner):
    """{name: expression} of the columns of a LATERAL."""
    columns = [column.name for column in lateral.args["alias"].columns] or [e.alias_or_name for e in inner.expressions]
    return {name: e.unalias() for name, e in zip(columns, inner.expressions)} if len(columns) == len(inner.expressions) and "" not in columns else None


def has_one_row(inner):
    """Without FROM and conditions, or of aggregates alone."""
    plain = not any(inner.args.get(key) for key in ("group", "having", "limit", "offset", "distinct", "where", "from_", "from"))
    of_all = not inner.args.get("group") and not inner.args.get("having") and not inner.args.get("limit") and not inner.args.get("offset") and inner.expressions and \
        all(e.find(exp.AggFunc) is not None and e.find(exp.Window) is None for e in inner.expressions)
    return plain or bool(of_all)


def row_limit(inner):
    """(rows, rows before them) of LIMIT and OFFSET; None = no limit, or none that is written there."""
    limit = inner.args.get("limit")
    count = number_of(limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression) if limit is not None else None
    before = number_of(inner.args["offset"].expression) if inner.args.get("offset") is not None else 0
    return (count, before) if count is not None and before is not None else None


def scalar_of(inner, expression):
    """The query INNER of one column."""
    names = {e.alias: e.this for e in inner.expressions if isinstance(e, exp.Alias)}
    if not (inner.args.get("from_") or inner.args.get("from")):
        return exp.paren(expression.copy())
    one = inner.copy()
    one.set("expressions", [expression.copy()])
    for column in list(one.args["order"].find_all(exp.Column)) if one.args.get("order") is not None else []:
        if not column.table and column.name in names:
            column.replace(names[column.name].copy())
    return exp.Subquery(this=one)


def put_in(select, name, shown, written):
    """WRITTEN(expression, name) for each column of the LATERAL called NAME in SELECT."""
    for column in list(select.find_all(exp.Column)):
        mine = column.table == name if column.table else column.name in shown and column.find_ancestor(exp.Select) is select
        if not mine or column.find_ancestor(exp.Lateral) is not None and column.table != name:
            continue
        if isinstance(column.this, exp.Star):
            at = select.expressions.index(column) if column.parent is select else cannot("LATERAL with all of its columns")
            select.set("expressions", select.expressions[:at] + [exp.alias_(written(e, n), n, quoted=True) for n, e in shown.items()] + select.expressions[at + 1 :])
        elif column.name in shown:
            new = written(shown[column.name], column.name)
            column.replace(exp.alias_(new, column.name, quoted=True) if column.parent is select and column.arg_key == "expressions" else new)


def as_scalars(select, join, inner, shown, certain):
    condition = join.args.get("on")
    true = condition is None or isinstance(condition, exp.Boolean) and condition.this
    left = join.side == "LEFT"
    if left and not true:
        cannot("LEFT JOIN LATERAL with a condition")
    select.set("joins", [other for other in select.args["joins"] if other is not join])
    if not left and not certain:
        select.where(exp.Exists(this=scalar_of(inner, exp.Literal.number(1)).this), copy=False)
    if not true:
        select.where(condition.copy(), copy=False)
    put_in(select, join.this.alias, shown, lambda expression, _: scalar_of(inner, expression))


def split_conditions(inner):
    """(conditions of INNER itself, [(its expression, that of the query around it)]); None = there are others."""
    own = {source_of.alias_or_name for source_of in inner.find_all(exp.Table, exp.Subquery) if source_of.find_ancestor(exp.Select) is inner}
    local, pairs = [], []
    where = inner.args.get("where")

    def is_outer(node):
        return any(column.table and column.table not in own for column in node.find_all(exp.Column))

    for part in (where.this.flatten() if isinstance(where.this, exp.And) else [where.this]) if where is not None else []:
        part = part.unnest()
        if not is_outer(part):
            local.append(part)
            continue
        sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        outer = [side for side in sides if is_outer(side)]
        if len(outer) != 1 or any(column.table in own or not column.table for column in outer[0].find_all(exp.Column)):
            return None
        pairs.append((next(side for side in sides if side is not outer[0]), outer[0]))
    rest = [*inner.expressions, *(inner.args.get("joins") or []), *([inner.args["order"]] if inner.args.get("order") is not None else [])]
    return None if not pairs or any(is_outer(node) for node in rest) else (local, pairs)


def as_numbered(join, inner, shown, split):
    """JOIN LATERAL (SELECT .. WHERE b.k = a.k ORDER BY z LIMIT 2) as JOIN (SELECT .., b.k, ROW_NUMBER() OVER (PARTITION BY b.k ORDER BY z) ..) ON .."""
    local, pairs = split
    limit, name = row_limit(inner), join.this.alias
    rows = exp.Select(expressions=[exp.alias_(e.copy(), n, quoted=True) for n, e in shown.items()] + [exp.alias_(own.copy(), f"key{i}_") for i, (own, _) in enumerate(pairs)])
    for key in ("from_", "from", "joins"):
        if inner.args.get(key):
            rows.set(key, [one.copy() for one in inner.args[key]] if isinstance(inner.args[key], list) else inner.args[key].copy())
    if local:
        rows.set("where", exp.Where(this=exp.and_(*(part.copy() for part in local))))
    conditions = [exp.EQ(this=exp.column(f"key{i}_", table=name), expression=outer.copy()) for i, (_, outer) in enumerate(pairs)]
    if limit is not None:
        order = scalar_of(inner, exp.Literal.number(1)).this.args.get("order")
        number = exp.Window(this=exp.RowNumber(), partition_by=[own.copy() for own, _ in pairs], order=order.copy() if order is not None else None)
        rows.append("expressions", exp.alias_(number, "number_"))
        at = exp.column("number_", table=name)
        conditions += [exp.LTE(this=at, expression=exp.Literal.number(sum(limit)))] + ([exp.GT(this=at.copy(), expression=exp.Literal.number(limit[1]))] if limit[1] else [])
    before = join.args.get("on")
    if before is not None and not (isinstance(before, exp.Boolean) and before.this):
        conditions.append(exp.paren(before.copy()))
    join.set("this", exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier(name))))
    join.set("on", exp.and_(*conditions))
    join.set("kind", None)


def other_name(inner, name):
    """LATERAL (SELECT .. FROM s AS x ..) AS x: the x inside is called otherwise."""
    tables = [table for table in inner.find_all(exp.Table, exp.Subquery) if table.alias_or_name == name and table.find_ancestor(exp.Select) is inner]
    for table in tables if name else []:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(f"{name}_inside"), columns=table.args["alias"].columns if table.args.get("alias") is not None else None))
    for column in list(inner.find_all(exp.Column)) if tables and name else []:
        if column.table == name:
            column.set("table", exp.to_identifier(f"{name}_inside"))


def without_lateral(select):
    for join in list(select.args.get("joins") or []):
        inner = lateral_query(join)
        if inner is None:
            if isinstance(join.this, exp.Lateral):
                cannot("this LATERAL")
            continue
        other_name(inner, join.this.alias)
        shown = shown_by(join.this, inner)
        if shown is None or any(isinstance(e, exp.Star) for e in select.expressions) or inner.args.get("group") or inner.args.get("distinct") or inner.find(exp.With, exp.Rand) is not None:
            cannot("this LATERAL") # WITH inside would be lost; by chance, each column would be of another row
        if has_one_row(inner):
            as_scalars(select, join, inner, shown, True)
            continue
        split = split_conditions(inner)
        simple = not any(e.find(exp.AggFunc, exp.Window) is not None for e in inner.expressions) and not (inner.args.get("limit") is not None and row_limit(inner) is None)
        if split is not None and simple:
            put_in(select, join.this.alias, shown, lambda _, name, table=join.this.alias: exp.column(exp.to_identifier(name, quoted=True), table=table))
            as_numbered(join, inner, shown, split)
        elif simple and inner.args.get("limit") is None and inner.args.get("offset") is None and inner.args.get("where") is not None:
            as_plain_join(select, join, inner, shown)
        elif row_limit(inner) == (1, 0):
            limit = inner.args["limit"]
            limit.set("count" if isinstance(limit, exp.Fetch) else "expression", exp.Literal.number(1)) # it was read
            as_scalars(select, join, inner, shown, False)
        else:
            cannot("this LATERAL")


# ---- Trino's, which has LATERAL, but neither LEFT JOIN of it nor LIMIT in it with other conditions than that two are the same ----

def as_plain_join(select, join, inner, shown):
    """LEFT JOIN LATERAL (SELECT .. WHERE b.k < a.k) as LEFT JOIN (SELECT .., b.k) ON .."""
    own = {table.alias_or_name for table in inner.find_all(exp.Table, exp.Subquery) if table.find_ancestor(exp.Select) is inner}
    where, name, keys = inner.args.get("where"), join.this.alias, {}

    def is_outer(node):
        return any(column.table and column.table not in own for column in node.find_all(exp.Column))

    def key_of(node):
        if not isinstance(node, exp.Column) or node.table and node.table not in own:
            return node
        return exp.column(keys.setdefault(node.sql(), (f"key{len(keys)}_", node.copy()))[0], table=name)

    parts = [part.unnest() for part in (where.this.flatten() if isinstance(where.this, exp.And) else [where.this])] if where is not None else []
    if any(is_outer(node) or node.find(exp.AggFunc, exp.Window) is not None for node in (*inner.expressions, *(inner.args.get("joins") or []))) or any(part.find(exp.Query) is not None for part in parts):
        cannot("this LATERAL")
    conditions = [part.copy().transform(key_of) for part in parts if is_outer(part)]
    local = [part.copy() for part in parts if not is_outer(part)]
    put_in(select, name, shown, lambda _, n: exp.column(exp.to_identifier(n, quoted=True), table=name))
    rows = inner.copy()
    rows.set("expressions", [exp.alias_(e.copy(), n, quoted=True) for n, e in shown.items()] + [exp.alias_(column, made) for made, column in keys.values()])
    rows.set("where", exp.Where(this=exp.and_(*local)) if local else None)
    rows.set("order", None)
    before = join.args.get("on")
    if before is not None and not (isinstance(before, exp.Boolean) and before.this):
        conditions.append(exp.paren(before.copy()))
    join.set("this", exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier(name))))
    join.set("on", exp.and_(*conditions) if conditions else exp.Boolean(this=True))


def as_greatest(select, join, inner, shown):
    """The first row in an order as aggregates: max_by(b.x, b.k) for ORDER BY b.k DESC LIMIT 1."""
    order = inner.args.get("order")
    one = order.expressions[0] if order is not None and len(order.expressions) == 1 else None
    if row_limit(inner) != (1, 0) or one is None or not isinstance(one.this, exp.Column) or any(e.find(exp.AggFunc, exp.Window) is not None for e in inner.expressions):
        cannot("LATERAL with LIMIT and other conditions than that two are the same")
    was_read(inner.args["limit"].args.get("count") if isinstance(inner.args["limit"], exp.Fetch) else inner.args["limit"].expression)
    kind, key = (exp.ArgMax if one.args.get("desc") else exp.ArgMin), one.this
    inner.set("expressions", [exp.alias_(kind(this=e.copy(), expression=key.copy()), n, quoted=True) for n, e in shown.items()] + [exp.alias_(exp.Count(this=exp.Star()), "rows_")])
    inner.set("order", None)
    inner.set("limit", None)
    join.this.args["alias"].set("columns", None)
    if join.side != "LEFT":
        select.where(exp.GT(this=exp.column("rows_", table=join.this.alias), expression=exp.Literal.number(0)), copy=False)


def trino_lateral(select):
    for join in list(select.args.get("joins") or []):
        inner = lateral_query(join)
        if inner is None or has_one_row(inner):
            continue
        split, limited = split_conditions(inner), inner.args.get("limit") is not None or inner.args.get("offset") is not None
        shown = shown_by(join.this, inner)
        if not limited and (split is not None or join.side != "LEFT"):
            continue
        if shown is None or any(isinstance(e, exp.Star) for e in select.expressions) or any(inner.args.get(key) for key in ("group", "having", "distinct", "with_")):
            cannot("this LATERAL")
        other_name(inner, join.this.alias)
        if not limited:
            as_plain_join(select, join, inner, shown)
        elif split is not None and row_limit(inner) is not None and not any(e.find(exp.AggFunc, exp.Window) is not None for e in inner.expressions):
            put_in(select, join.this.alias, shown, lambda _, name, table=join.this.alias: exp.column(exp.to_identifier(name, quoted=True), table=table))
            as_numbered(join, inner, shown, split)
        else:
            as_greatest(select, join, inner, shown)
