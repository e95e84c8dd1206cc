"""Sets of groups (ROLLUP, CUBE, GROUPING SETS) for who has none: a query for each set, all of them as one table."""


def places_read(tree):
    """The places of GROUP BY 1 and ORDER BY 1, and the literals that a key is computed with, which is looked for elsewhere, decide what is written."""
    for group in tree.find_all(exp.Group):
        for literal in group.find_all(exp.Literal):
            was_read(literal)
    for ordered in tree.find_all(exp.Ordered):
        was_read(ordered.this)


def keys_of(node):
    return [e for e in node.expressions] if isinstance(node, exp.Tuple) else [node.unnest()]


def sets_of(part):
    """[[key, ..], ..] of one part of GROUP BY."""
    if isinstance(part, exp.Rollup):
        return [[key for e in part.expressions[:count] for key in keys_of(e)] for count in range(len(part.expressions), -1, -1)]
    if isinstance(part, exp.Cube):
        chosen = range(2 ** len(part.expressions) - 1, -1, -1)
        return [[key for i, e in enumerate(part.expressions) if bits >> (len(part.expressions) - 1 - i) & 1 for key in keys_of(e)] for bits in chosen]
    if isinstance(part, exp.GroupingSets):
        return [one for e in part.expressions for one in (sets_of(e) if isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets)) else [keys_of(e)])]
    return [keys_of(part)]


def plain_name(identifier):
    return identifier.name if source == "postgres" and identifier.args.get("quoted") else identifier.name.lower()


def named_alike(select):
    """Columns of SELECT as its keys name them: with and without quotes and the name of a table, they are the same."""
    keys = {}
    for column in select.args["group"].find_all(exp.Column):
        if isinstance(column.this, exp.Identifier):
            keys.setdefault(plain_name(column.this), column.copy())
    made = {plain_name(alias.args["alias"]) for alias in select.expressions if isinstance(alias, exp.Alias) and isinstance(alias.args.get("alias"), exp.Identifier)}
    for column in list(select.find_all(exp.Column)):
        key = keys.get(plain_name(column.this)) if isinstance(column.this, exp.Identifier) and column.find_ancestor(exp.Select) is select else None
        shown = not column.table and plain_name(column.this) in made and column.find_ancestor(exp.Order) is not None if key is not None else True
        if not shown and (not key.table or not column.table or key.table.lower() == column.table.lower()):
            was, kind = column.name, column.type
            new = key.copy()
            new.type = kind
            column.replace(exp.alias_(new, was, quoted=column.this.args.get("quoted")) if column.parent is select and was != key.name else new)


def at_place(key, select):
    """GROUP BY 1 by what stands there."""
    at = number_of(key)
    return select.expressions[at - 1].unalias() if at is not None and 0 < at <= len(select.expressions) else key


def all_sets(select):
    sets = [[]]
    for part in select.args["group"].expressions:
        sets = [before + more for before in sets for more in sets_of(part)]
        if len(sets) > 64:
            cannot("so many sets of groups")
    return [[at_place(key, select) for key in one] for one in sets]


def is_grouping(node):
    return type(node).__name__ == "Grouping" or isinstance(node, exp.Anonymous) and node.name.upper() in ("GROUPING", "GROUPING_ID")


def with_changes(node, change):
    """NODE, where CHANGE said None, with what it said for the parts below; else what it said, of which the parts are not looked at."""
    new = change(node)
    if new is not None:
        return new
    for key, value in list(node.args.items()):
        if isinstance(value, exp.Expression):
            node.set(key, with_changes(value, change))
        elif isinstance(value, list):
            node.set(key, [with_changes(e, change) if isinstance(e, exp.Expression) else e for e in value])
    return node


def in_set(expression, missing):
    """EXPRESSION in the query of the set that has no MISSING keys: these are NULL, and GROUPING() is a number."""
    def change(node):
        if is_grouping(node):
            return exp.Literal.number(int("".join("1" if arg.sql() in missing else "0" for arg in (node.expressions or [node.this])), 2))
        return exp.Null() if node.sql() in missing and node.find_ancestor(exp.AggFunc) is None else None

    return with_changes(expression.copy(), change)


def above_sets(expression, keys, taken):
    """EXPRESSION, which has window functions, in the query around the sets: what they are computed from are columns of these. TAKEN: (expression, name)."""
    def column_of(inner):
        name = next((name for one, name in taken if one.sql() == inner.sql()), None)
        if name is None:
            name = f"w{len(taken) + 1}_"
            taken.append((inner.copy(), name))
        column = exp.column(name)
        column.type = inner.type
        return column

    def change(inner):
        of_window = isinstance(inner.parent, (exp.Window, exp.IgnoreNulls, exp.RespectNulls)) and inner.parent.this is inner
        taken_there = is_grouping(inner) or isinstance(inner, exp.Column) or inner.sql() in keys or isinstance(inner, exp.AggFunc) and not of_window
        return column_of(inner) if taken_there else None

    return with_changes(expression.copy(), change)


def one_set(select, keys, every, shown):
    """The query of the set KEYS, with the columns SHOWN: (expression, name)."""
    missing = {key.sql() for key in every} - {key.sql() for key in keys}
    one = select.copy()
    for key in ("order", "limit", "offset", "distinct", "with_", "with"):
        if one.args.get(key) is not None:
            one.set(key, None)
    one.set("expressions", [exp.alias_(in_set(expression, missing), name) for expression, name in shown])
    one.set("group", exp.Group(expressions=[key.copy() for key in keys]) if keys else None)
    having = one.args.get("having")
    if having is not None:
        having.set("this", in_set(having.this, missing))
    return one


def as_sets(select):
    """SELECT .. GROUP BY ROLLUP (a, b) as a table of SELECT .. GROUP BY a, b UNION ALL SELECT .. GROUP BY a UNION ALL SELECT ..; None = there are no such sets."""
    group = select.args.get("group")
    if group is None or not any(isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets)) for e in group.expressions):
        return None
    if select.is_star or select.args.get("windows"):
        cannot("sets of groups with named windows or all columns")
    names = [e.alias_or_name for e in select.expressions]
    named_alike(select)
    sets = all_sets(select)
    every = [key for one in sets for key in one]
    texts, taken = {key.sql() for key in every}, []
    above = {i: above_sets(e.unalias(), texts, taken) for i, e in enumerate(select.expressions, 1) if e.find(exp.Window) is not None}
    shown = [(e.unalias(), f"g{i}_") for i, e in enumerate(select.expressions, 1) if i not in above]
    order = select.args.get("order")
    ordered = []
    for i, one in enumerate(order.expressions if order is not None else [], 1):
        at = number_of(one.this)
        place = at if at is not None else next((k for k, e in enumerate(select.expressions, 1) if one.this.sql() in (e.unalias().sql(), e.alias) or
                                                isinstance(one.this, exp.Column) and not one.this.table and isinstance(e, exp.Alias) and plain_name(one.this.this) == plain_name(e.args["alias"])), None)
        if one.this.find(exp.Window) is not None or place in above:
            ordered.append(changed(one, this=above[place].copy() if place in above else above_sets(one.this, texts, taken)))
            continue
        if place is None:
            shown.append((one.this, f"o{i}_"))
        column = exp.column(f"g{place}_" if place is not None else f"o{i}_")
        column.type = select.expressions[place - 1].unalias().type if place is not None else one.this.type
        ordered.append(changed(one, this=column))
    shown += taken
    union = functools.reduce(lambda left, right: exp.Union(this=left, expression=right, distinct=False), [one_set(select, keys, every, shown) for keys in sets])
    columns = [exp.alias_(column, name, quoted=True) if name else column for i, name in enumerate(names, 1) for column in [above.get(i) or exp.column(f"g{i}_")]]
    outer = exp.Select(expressions=columns).from_(exp.Subquery(this=union, alias=exp.TableAlias(this=exp.to_identifier("sets_"))), copy=False)
    if ordered:
        outer.set("order", exp.Order(expressions=ordered))
    for key in ("limit", "offset", "distinct", "with_", "with"):
        if select.args.get(key) is not None:
            outer.set(key, select.args[key].copy())
    return outer


def has_odd_keys(select):
    """Sets of groups of more than columns, which Trino does not have."""
    group = select.args.get("group")
    return group is not None and any(isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets)) and not isinstance(at_place(key, select), exp.Column)
                                     for e in group.expressions for one in sets_of(e) for key in one)


def with_sets(tree, which=lambda select: True):
    """Every query of TREE that has sets of groups (of WHICH kind), so written."""
    for select in [s for s in reversed(list(tree.find_all(exp.Select))) if which(s)]:
        new = as_sets(select)
        if new is not None and select is tree:
            return new
        if new is not None:
            select.replace(new)
    return tree
