"""What a name in an expression of ORDER BY means: a column of the tables, but for Trino what is shown by that name."""


def shown_expressions(select):
    """Of names that are shown, of PostgreSQL's without being said, too (names.py): what is called so, where it is not that column itself."""
    unnamed = [e for e in select.expressions if source == "postgres" and not isinstance(e, (exp.Alias, exp.Aliases, exp.Column)) and not e.is_star]
    return {**{figured(e)[0]: e for e in unnamed}, **{e.alias: e.this for e in select.expressions if isinstance(e, exp.Alias) and not (isinstance(e.this, exp.Column) and e.this.name == e.alias)}}


def owner_of(select, name):
    """The table of SELECT that has the column NAME; None = it is not known."""
    tables = joined_tables(select)
    having = [t for t in tables if isinstance(t, exp.Table) and name.lower() in known_columns.get(t.name.lower(), {})]
    only = having if having else tables if len(tables) == 1 and source == "postgres" else []
    return called_as(only[0]) if len(only) == 1 and only[0].alias_or_name else None


def names_in_order(select):
    """ORDER BY upper(region), where upper(region) AS region is shown."""
    order, shown = select.args.get("order"), shown_expressions(select)
    for ordered in order.expressions if order is not None and shown else []:
        for column in list(ordered.find_all(exp.Column)) if not isinstance(ordered.this, exp.Column) else []:
            if column.table or column.name not in shown or column.find_ancestor(exp.Select) is not select:
                continue
            if source == "trino":
                column.replace(exp.paren(shown[column.name].copy()))
            elif owner_of(select, column.name) is not None:
                column.set("table", owner_of(select, column.name))


def names_in_windows(select):
    """OVER (ORDER BY region) and HAVING region > 'a', where upper(region), under that name, is shown: MySQL's kind would take what is shown."""
    called = shown_expressions(select)
    having = select.args.get("having") if source in ("postgres", "trino") else None
    windows = [*(window for shown in select.expressions for window in shown.find_all(exp.Window)), *(select.args.get("windows") or [])]
    places = [part for window in windows for part in (*(window.args.get("partition_by") or []), window.args.get("order")) if part is not None]
    for column in [c for place in [*places, *([having] if having is not None else [])] for c in place.find_all(exp.Column)]:
        if not column.table and column.name in called and column.find_ancestor(exp.Select) is select and owner_of(select, column.name) is not None:
            column.set("table", owner_of(select, column.name))


def joined_tables(select):
    first = select.args.get("from_") or select.args.get("from")
    return [part.this for part in ([first] if first is not None else []) + (select.args.get("joins") or [])]


def names_from_around(select):
    """WHERE k = lower, a column of a query around this one, where lower(name) is shown: DuckDB and SQLite take what is shown for what their tables do not have."""
    tables, called = joined_tables(select), shown_expressions(select)
    if not called or not all(isinstance(table, exp.Table) and known_columns.get(table.name.lower()) for table in tables):
        return
    parts = [part for part in (select.args.get("where"), select.args.get("having")) if part is not None]
    for column in [c for part in parts for c in part.find_all(exp.Column) if not c.table and c.name in called and c.find_ancestor(exp.Select) is select]:
        around = select.parent_select
        while around is not None and not any(column.name.lower() in known_columns[table.name.lower()] for table in tables):
            having = [t for t in joined_tables(around) if isinstance(t, exp.Table) and column.name.lower() in known_columns.get(t.name.lower(), {})]
            if len(having) == 1 and all(table.alias_or_name.lower() != having[0].alias_or_name.lower() for table in tables):
                column.set("table", called_as(having[0]))
            around = around.parent_select if not having else None


def with_owners(select):
    """What Trino does not know without a table: a column that is shown twice (SELECT id, *), and one in grouping()."""
    order, starred = select.args.get("order"), select.is_star and len(select.expressions) > 1
    for ordered in order.expressions if order is not None else []:
        columns = [c for part in ordered.find_all(exp.Func) if is_grouping(part) for c in part.find_all(exp.Column)]
        columns += [ordered.this] if starred and isinstance(ordered.this, exp.Column) and ordered.this.name in {e.name for e in select.expressions if isinstance(e, exp.Column)} else []
        for column in columns:
            if not column.table and owner_of(select, column.name) is not None:
                column.set("table", owner_of(select, column.name))


def shown_not_stored(select):
    """ORDER BY region, where upper(region) AS region is shown: inside of an expression, which letters are compared by, MySQL would take the column."""
    order, shown = select.args.get("order"), shown_expressions(select)
    for ordered in order.expressions if order is not None else []:
        column = ordered.this
        if isinstance(column, exp.Column) and not column.table and column.name in shown and owner_of(select, column.name) is not None:
            column.replace(exp.paren(shown[column.name].copy()) if isinstance(shown[column.name], exp.Binary) else shown[column.name].copy())


def without_constants(query):
    """ORDER BY NULL, ORDER BY 'x', which order nothing, and which others refuse."""
    order = query.args.get("order")
    for ordered in list(order.expressions) if order is not None and not isinstance(query.parent, exp.Window) else []:
        inner = ordered.this.unnest() if isinstance(ordered, exp.Ordered) else None
        if isinstance(inner, (exp.Null, exp.Boolean)) or isinstance(inner, exp.Literal) and inner.is_string:
            ordered.pop()
    if order is not None and not order.expressions:
        query.set("order", None)


def ordered_names(tree):
    for query in tree.find_all(exp.Select, exp.SetOperation) if source in ("mysql", "sqlite", "trino") and source != wanted else []:
        without_constants(query)
    for select in tree.find_all(exp.Select) if source != wanted else []:
        if "trino" in (source, wanted):
            names_in_order(select)
        if wanted == "trino":
            with_owners(select)
        if wanted == "mysql":
            names_in_windows(select)
        if wanted in ("duckdb", "sqlite") and source in ("postgres", "trino"):
            names_from_around(select)
        if wanted == "mysql" and source in ("duckdb", "trino"):
            shown_not_stored(select)
