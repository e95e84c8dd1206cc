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
    return figured(node)[0]


TYPES_SAID = {"int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "decimal": "numeric", "double precision": "float8", "real": "float4",
              "boolean": "bool"}


def figured(node):
    """A column's name and how sure it is, as PostgreSQL's FigureColname() has them: 2 of a column or a function, 1 of a type or CASE, 0 none."""
    written = node.meta.get("name")
    if isinstance(node, exp.Trim):
        return {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(node.text("position").upper(), written if written in ("ltrim", "rtrim") else "btrim"), 2
    if written:
        return written.lower(), 2
    if isinstance(node, (exp.Cast, exp.TryCast)):
        name, sure = figured(node.this)
        kind = node.to.sql("postgres").lower().split("(")[0]
        return (name, sure) if sure > 1 else (TYPES_SAID.get(kind, kind), 1)
    if isinstance(node, (exp.Paren, exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls, exp.Collate, exp.Bracket)):
        return figured(node.this)
    if isinstance(node, exp.Column):
        return node.name, 2
    if isinstance(node, exp.Case):
        name, sure = figured(node.args["default"]) if node.args.get("default") is not None else (None, 0)
        return (name, sure) if sure > 1 else ("case", 1)
    if isinstance(node, exp.Subquery):
        inner = node.this.selects[0] if isinstance(node.this, exp.Query) and node.this.selects else None
        return ("?column?", 0) if inner is None else (inner.alias, 2) if inner.alias else figured(inner)
    if isinstance(node, exp.Interval):
        return "interval", 1
    if isinstance(node, exp.Dot):
        return (node.name, 2) if not isinstance(node.expression, exp.Func) else figured(node.expression)
    for kind, name in ((exp.Exists, "exists"), (exp.AtTimeZone, "timezone"), (exp.Array, "array"), (exp.Tuple, "row")):
        if isinstance(node, kind):
            return name, 2
    if isinstance(node, exp.Anonymous):
        return node.name.lower(), 2
    if isinstance(node, exp.Func) and not isinstance(node, (exp.Binary, exp.Connector)): # a word, as CURRENT_DATE
        return node.sql_name().lower(), 2
    return "?column?", 0


def without_public(tree):
    """"public"."t" is t for who has no such schema: it is where PostgreSQL keeps what is in none."""
    for node in tree.find_all(exp.Table, exp.Column):
        table = node.name if isinstance(node, exp.Table) else node.table
        if node.text("db").lower() == "public" and not node.text("catalog") and (wanted != "trino" or table.lower() in known_columns):
            node.set("db", None)


def default_quoted(tree):
    """default.t, a schema of Trino's and Hive's, is a word of its own elsewhere."""
    for node in tree.find_all(exp.Table, exp.Column):
        if isinstance(node.args.get("db"), exp.Identifier) and node.text("db").lower() == "default":
            node.set("db", exp.to_identifier("default", quoted=True))


def small_letters(tree):
    """Names of tables without quotes: in MySQL, letters' case tells them apart."""
    for node in tree.find_all(exp.Table, exp.Column, exp.TableAlias):
        name = node.args.get("table") if isinstance(node, exp.Column) else node.this
        if isinstance(name, exp.Identifier) and not name.args.get("quoted") and name.name.upper() != "EXCLUDED":
            name.set("this", name.name.lower())


def own_names_folded(tree):
    """Quotes keep no case on Trino, but in what is shown in the end: names that the statement itself gives are in small letters, wherever they are."""
    first = tree
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    ends = list(first.selects) if isinstance(first, exp.Query) else []
    given = {name.lower() for node in tree.find_all(exp.Alias, exp.TableAlias) for name in (node.alias if isinstance(node, exp.Alias) else node.name, *(column.name for column in node.args.get("columns") or [])) if name}
    for name in list(tree.find_all(exp.Identifier)):
        around = name.parent
        if not name.args.get("quoted") or name.name.lower() not in given or name.name == name.name.lower() or name.arg_key == "alias" and any(around is end for end in ends):
            continue
        if name.arg_key == "this" and any(around is end for end in ends):
            around.replace(exp.alias_(around.copy(), name.name, quoted=True))
            continue
        name.set("this", name.name.lower())
    for column in [shown.this for shown in (first.selects if isinstance(first, exp.Query) else []) if isinstance(shown, exp.Alias) and isinstance(shown.this, exp.Column)]:
        for name in [part for part in (column.this, column.args.get("table")) if isinstance(part, exp.Identifier) and part.name.lower() in given]:
            name.set("this", name.name.lower())
    shown = {alias.alias.lower(): alias.alias for alias in (first.selects if isinstance(first, exp.Query) else []) if isinstance(alias, exp.Alias)}
    for ordered in tree.args["order"].expressions if isinstance(tree, exp.Query) and tree.args.get("order") is not None else []:
        column = ordered.this
        if isinstance(column, exp.Column) and not column.table and shown.get(column.name.lower(), "").lower() != shown.get(column.name.lower(), ""):
            column.set("this", exp.to_identifier(shown[column.name.lower()], quoted=True))


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
            if isinstance(node.unnest(), exp.Column) and source == "postgres" and wanted == "trino": # DISTINCT (a) .. ORDER BY a
                select.expressions[index].replace(node.unnest().copy())
                continue
            name = column_name(node, index)
            if name == "?column?" and select is not tree and len(select.expressions) > 1:
                continue
            select.expressions[index].replace(exp.alias_(node.copy(), name, quoted=True, copy=False))
