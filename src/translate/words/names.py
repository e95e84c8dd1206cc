"""Names of columns that have none."""


# What an unnamed column is called there, so that clients find it under its name.
def column_name(node, index):
    if source == "trino":
        return f"_col{index}"
    if source == "mysql":
        shown = node.copy()
        for mark in list(shown.find_all(exp.Placeholder)):
            mark.set("this", None)
        return shown.sql("mysql", normalize_functions=False)
    while isinstance(node, (exp.Cast, exp.TryCast, exp.Paren)):
        if isinstance(node, exp.Cast) and not isinstance(node.this, (exp.Column, exp.Func, exp.Cast, exp.Paren)):
            kind = node.to.sql("postgres").lower().split("(")[0]
            return {"int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "decimal": "numeric", "double precision": "float8",
                    "real": "float4", "boolean": "bool"}.get(kind, kind)
        node = node.this
    if isinstance(node, exp.Column):
        return node.name
    if isinstance(node, exp.Case):
        return "case"
    if isinstance(node, exp.Subquery):
        inner = node.this.selects[0] if isinstance(node.this, exp.Select) and node.this.selects else None
        return (inner.alias_or_name or column_name(inner, 0)) if inner is not None else "?column?"
    if isinstance(node, exp.Exists):
        return "exists"
    if isinstance(node, (exp.Window, exp.Filter, exp.WithinGroup)):
        return column_name(node.this, index)
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.Corr):
        return "corr"
    if isinstance(node, exp.Func) and not isinstance(node, (exp.Binary, exp.Connector)):
        written = node.meta.get("name") or {"TimestampTrunc": "date_trunc", "DateTrunc": "date_trunc", "TimeToStr": "to_char", "GroupConcat": "string_agg",
                                            "CurrentTimestamp": "now", "StrToTime": "to_timestamp", "StrToDate": "to_date", "StrPosition": "position",
                                            "Pow": "power", "IntDiv": "?column?", "CovarPop": "covar_pop", "ExplodingGenerateSeries": "generate_series", "Explode": "unnest", "Unnest": "unnest", "CovarSamp": "covar_samp", "ArrayAgg": "array_agg", "JSONArrayAgg": "json_agg", "DateFromParts": "make_date",
                                            "TimestampFromParts": "make_timestamp"}.get(type(node).__name__)
        return (written or node.sql_name()).lower()
    return "?column?"


def without_public(tree):
    """"public"."t" is t for who has no such schema: it is where PostgreSQL keeps what is in none."""
    for node in tree.find_all(exp.Table, exp.Column):
        table = node.name if isinstance(node, exp.Table) else node.table
        if node.text("db").lower() == "public" and not node.text("catalog") and (wanted != "trino" or table.lower() in known_columns):
            node.set("db", None)


def small_letters(tree):
    """Names of tables without quotes: in MySQL, letters' case tells them apart."""
    for node in tree.find_all(exp.Table, exp.Column, exp.TableAlias):
        name = node.args.get("table") if isinstance(node, exp.Column) else node.this
        if isinstance(name, exp.Identifier) and not name.args.get("quoted") and name.name.upper() != "EXCLUDED":
            name.set("this", name.name.lower())


def names_as_written(tree):
    """Columns are found in MySQL whatever the case of their letters; in PostgreSQL as they were written when they were made."""
    written, shown = {}, {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for (_, name), one in written_names.items():
        written.setdefault(name, set()).add(one)
    columns = [column.this for column in tree.find_all(exp.Column)]
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
        columns += tree.this.expressions
    for name in columns:
        known = written.get(name.name.lower(), set())
        there = name.name if name.args.get("quoted") else name.name.lower()
        if not isinstance(name, exp.Identifier) or len(known) != 1 or there in known or name.name.lower() in shown:
            continue
        column, before = name.parent, name.name
        name.set("this", next(iter(known)))
        name.set("quoted", True)
        if isinstance(column, exp.Column) and isinstance(column.parent, exp.Select) and column.arg_key == "expressions":
            column.replace(exp.alias_(column.copy(), before, quoted=True))


def name_columns(tree):
    for select in tree.find_all(exp.Select):
        top = select is tree or isinstance(select.parent, (exp.SetOperation, exp.CTE)) or (
            isinstance(select.parent, exp.Subquery) and isinstance(select.parent.parent, (exp.From, exp.Join)))
        if not top or (isinstance(select.parent, exp.SetOperation) and select.arg_key != "this"):
            continue
        for index, node in enumerate(list(select.expressions)):
            if isinstance(node, (exp.Alias, exp.Aliases, exp.Star, exp.Column)) or node.is_star and not isinstance(node, exp.Func):
                continue
            name = column_name(node, index)
            if name == "?column?" and select is not tree and len(select.expressions) > 1:
                continue
            select.expressions[index].replace(exp.alias_(node.copy(), name, quoted=True, copy=False))
