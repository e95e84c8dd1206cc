"""FETCH FIRST n ROWS WITH TIES, for who has none of it: the rows whose rank is n at most, as QUALIFY has it (duckdb_forms.py)."""

WITHOUT_TIES = ("duckdb", "mysql", "sqlite", "bigquery", "snowflake", "spark")
QUALIFIES = ("duckdb", "bigquery", "snowflake")


def key_of(ordered, select):
    """ORDERED by what is in the query, where it is by a place in what is shown or by a name of it."""
    key, shown = ordered.this, select.expressions
    at = number_of(key)
    if at is not None and 1 <= at <= len(shown):
        was_read(key)
        return changed(ordered, this=shown[at - 1].unalias().copy())
    called = key.name.lower() if isinstance(key, exp.Column) and not key.table else None
    named = [one.unalias() for one in shown if called and (one.alias or (figured(one)[0] if source == "postgres" else "")).lower() == called]
    return changed(ordered, this=named[0].copy()) if named else ordered.copy()


def with_ties(tree):
    """TREE without one; what is no plain SELECT is refused."""
    for fetch in list(tree.find_all(exp.Fetch)) if source != wanted and wanted in WITHOUT_TIES else []:
        options, select = fetch.args.get("limit_options"), fetch.parent
        if options is None or not options.args.get("with_ties"):
            continue
        if not isinstance(select, exp.Select) or select.args.get("offset") or select.args.get("distinct") or select.args.get("order") is None:
            cannot("WITH TIES of a union, of distinct rows or behind an OFFSET")
        keys = [key_of(one, select) for one in select.args["order"].expressions]
        rank = exp.Window(this=call("RANK"), order=exp.Order(expressions=keys))
        count = fetch.args.get("count") or exp.Literal.number(1)
        select.set("limit", None)
        select.set("qualify", exp.Qualify(this=exp.LTE(this=rank, expression=count.copy())))
        new = qualified(select) if wanted not in QUALIFIES else None
        if new is not None and select is tree:
            tree = new
        elif new is not None:
            select.replace(new)
    return tree
