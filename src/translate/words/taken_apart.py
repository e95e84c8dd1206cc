"""INTERSECT and EXCEPT, for servers of MySQL before 8.0.31: rows that are, or are not, in the other query, each once. NULLs are the same there."""


def side_of(query, name, named):
    """A query in FROM, its columns called c1_, c2_ .. unless NAMED; and what they are called."""
    first = query
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    if not isinstance(first, exp.Select) or first.is_star:
        cannot("INTERSECT and EXCEPT of all columns of a table")
    names = []
    for at, shown in enumerate(list(first.expressions), 1):
        names.append(shown.alias_or_name if named and shown.alias_or_name else f"c{at}_")
        if shown.alias_or_name != names[-1] or not named:
            kind = shown.unalias().type
            new = exp.alias_(shown.unalias().copy(), names[-1], quoted=True)
            new.this.type = kind
            shown.replace(new)
    if len({one.lower() for one in names}) < len(names):
        cannot("INTERSECT and EXCEPT of columns that have one name")
    kinds = [shown.unalias().type for shown in first.expressions]
    inner = query.this if isinstance(query, exp.Subquery) else query
    return exp.Subquery(this=inner.copy(), alias=exp.TableAlias(this=exp.to_identifier(name))), names, kinds


def as_joined(operation):
    """a INTERSECT b as SELECT DISTINCT .. FROM (a) WHERE EXISTS (SELECT 1 FROM (b) WHERE ..)."""
    if operation.args.get("distinct") is False:
        return operation # which MariaDB has
    left, names, kinds = side_of(operation.this.copy(), "left_", True)
    right, others, _ = side_of(operation.expression.copy(), "right_", False)
    if len(names) != len(others):
        return operation

    def column(table, name, kind):
        out = exp.column(exp.to_identifier(name, quoted=True), table=table)
        text = kind is not None and kind.is_type(*TEXTS) if hasattr(kind, "is_type") else False
        return exactly(out) if text else out

    same = [exp.NullSafeEQ(this=column("left_", name, kind), expression=column("right_", other, kind)) for name, other, kind in zip(names, others, kinds)]
    found = exp.Exists(this=exp.select("1").from_(right, copy=False).where(exp.and_(*same), copy=False))
    out = exp.Select(expressions=[exp.column(exp.to_identifier(name, quoted=True), table="left_") for name in names], distinct=exp.Distinct())
    out.from_(left, copy=False).where(exp.Not(this=found) if isinstance(operation, exp.Except) else found, copy=False)
    for shown, kind in zip(out.expressions, kinds):
        shown.type = kind
    for key in ("order", "limit", "offset", "with_", "with"):
        if operation.args.get(key) is not None:
            out.set(key, operation.args[key].copy())
    return out


def without_sets(tree):
    """TREE without INTERSECT and EXCEPT."""
    for operation in reversed(list(tree.find_all(exp.Intersect, exp.Except))):
        new = as_joined(operation)
        if new is operation:
            continue
        if operation is tree:
            tree = new
        else:
            operation.replace(new)
    return tree
