"""Statements that an engine has no words for, said so before it is asked."""

REPLACES_TABLES = ("duckdb", "trino")


def server_of(table):
    """The version that the MySQL server of a table tells; "" = nobody asked it."""
    return known_keys.get(table.name.lower(), {}).get("server", "") if isinstance(table, exp.Table) else ""


def returned_rows(node):
    """INSERT .. RETURNING and DELETE .. RETURNING are there in MariaDB, and not in MySQL."""
    table = node.this.this if isinstance(node.this, exp.Schema) else node.this
    version = server_of(table)
    if wanted == "mysql" and version and "mariadb" not in version.lower():
        cannot(f"RETURNING, which MySQL {version.partition('-')[0]} has not; a SELECT of the rows by their key tells the same")


def index_refused(index):
    """MariaDB has no index on an expression."""
    for one in index.args["params"].args.get("columns") or [] if isinstance(index, exp.Index) and index.args.get("params") is not None else []:
        if not isinstance(one.this if isinstance(one, exp.Ordered) else one, (exp.Column, exp.Identifier, exp.ColumnPrefix)):
            cannot("an index on an expression; a generated column may have one")


def sets_refused(node):
    """INTERSECT ALL and EXCEPT ALL; what of the others MySQL has since 8.0.31 is taken apart."""
    if isinstance(node, exp.Union) or node.args.get("distinct") is not False:
        return
    if wanted == "sqlite":
        cannot("INTERSECT ALL and EXCEPT ALL")
    versions = {told.get("server", "") for told in known_keys.values()} - {""}
    if wanted == "mysql" and any("mariadb" not in version.lower() and numbers_of(version) < (8, 0, 31) for version in versions):
        cannot("INTERSECT ALL and EXCEPT ALL, which MySQL has since 8.0.31")


def numbers_of(version):
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


PARTS_KNOWN = {
    "sqlite": (),
    "mysql": ("MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
    "trino": ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY", "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND", "TIMEZONE_MINUTE", "TIMEZONE_HOUR"),
}


def left_over(tree):
    """What of a translation is still in words that its engine has not."""
    if source == wanted:
        return
    for node in tree.walk():
        if node.meta.get("made"):
            continue
        if isinstance(node, exp.Table) and node.text("catalog") and wanted in ("sqlite", "mysql"):
            cannot(f"a table of the catalog {node.text('catalog')}")
        if isinstance(node, exp.Extract) and wanted in PARTS_KNOWN and node.this.name.upper() not in PARTS_KNOWN[wanted] and "_" not in node.this.name:
            cannot(f"extract({node.this.name.lower()} from ..)")
        if isinstance(node, exp.Interval) and wanted in ("sqlite", "mysql") and is_alone(node):
            cannot("an interval by itself, which is added to no moment")
        if wanted == "trino" and isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.this, exp.Interval) and isinstance(node.expression, exp.Interval) and \
                len({singular(side.text("unit") or "DAY") in MONTHS for side in (node.this, node.expression)}) > 1:
            cannot("an interval of months and of days")
        if wanted in ("sqlite", "mysql") and (isinstance(node, exp.Struct) or isinstance(node, exp.DataType) and node.this == TYPE.STRUCT):
            cannot("rows and structures as values")
        if wanted in ("trino", "sqlite") and isinstance(node, exp.Var) and node.name.upper() == "DEFAULT" and isinstance(node.parent, exp.Tuple):
            cannot("DEFAULT among values; the other columns alone may be named")
        if wanted == "trino" and isinstance(node, exp.Join) and str(node.args.get("method") or "").upper() == "NATURAL":
            cannot("NATURAL JOIN; USING names the columns")
        if isinstance(node, (exp.Explode, exp.ExplodingGenerateSeries, exp.Unnest)) and wanted in ("sqlite", "mysql", "trino") and isinstance(node.parent, (exp.Select, exp.Alias)) and \
                (node if isinstance(node.parent, exp.Select) else node.parent).arg_key == "expressions":
            cannot("rows of a list beside other columns; FROM may have them")
        if isinstance(node, exp.JSONExtract) and node.expressions and wanted == "trino":
            cannot("several paths of one JSON")
        if isinstance(node, exp.Levenshtein) and wanted in ("postgres", "mysql"):
            cannot("the function levenshtein()")
        if isinstance(node, exp.Window) and wanted in ("postgres", "sqlite") and node.this.find(exp.PercentileCont, exp.PercentileDisc, exp.Median, exp.Quantile) is not None:
            cannot("percentiles with OVER")
        if wanted == "sqlite" and type(node).__name__ in ("CurrentUser", "SessionUser", "CurrentRole"):
            cannot("current_user")
        refused_marker(node)
        if source == "postgres" and isinstance(node, (exp.Any, exp.All)) and isinstance(node.this, exp.Expression) and isinstance(node.this.unnest(), exp.Literal):
            cannot("ANY and ALL of such a text")
        if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)) and (wanted in ("sqlite", "mysql") or wanted == "trino" and singular(node.text("unit")) not in (*SECONDS, *MONTHS)):
            cannot(f"date_trunc() to {node.text('unit').lower()}")


def is_alone(interval):
    """Beside no moment: `i + i`, `SELECT i`."""
    around = interval.parent
    if isinstance(around, (exp.Add, exp.Sub)):
        return wanted == "sqlite" or isinstance(around.this, exp.Interval) and isinstance(around.expression, exp.Interval)
    return isinstance(around, (exp.Select, exp.Alias, exp.Extract, exp.Mul, exp.Paren, exp.Predicate)) or wanted == "sqlite" and isinstance(around, exp.Binary)


def refused(tree):
    """Nothing, if TREE can be said."""
    if isinstance(tree, exp.Merge) and wanted in ("sqlite", "mysql"):
        cannot("MERGE; INSERT .. ON CONFLICT, or ON DUPLICATE KEY UPDATE, has")
    if isinstance(tree, (exp.Insert, exp.Delete)) and tree.args.get("returning") is not None:
        returned_rows(tree)
    changes = [cte for cte in tree.find_all(exp.CTE) if isinstance(cte.this, exp.DML) and not isinstance(cte.this, exp.Query)]
    if changes and wanted != "postgres":
        cannot("a change of rows inside of WITH; it is a statement of its own")
    for kinds in tree.find_all(exp.SetOperation):
        sets_refused(kinds)
    kind = str(tree.args.get("kind") or "").upper() if isinstance(tree, (exp.Create, exp.Drop)) else ""
    if isinstance(tree, exp.Create) and tree.args.get("replace") and (kind == "TABLE" and wanted not in REPLACES_TABLES or kind == "VIEW" and wanted == "sqlite"):
        cannot(f"CREATE OR REPLACE {kind}; DROP {kind} IF EXISTS and CREATE {kind} are two statements")
    if kind == "INDEX" and wanted == "trino":
        cannot("indexes")
    if wanted == "trino" and isinstance(tree, exp.Create) and kind == "TABLE" and tree.find(exp.TemporaryProperty) is not None:
        cannot("temporary tables")
    if wanted == "sqlite" and any(isinstance(column.args.get("kind"), exp.DataType) and column.args["kind"].this == TYPE.ARRAY for column in tree.find_all(exp.ColumnDef)):
        cannot("arrays")
    if wanted == "mysql" and isinstance(tree, exp.Create) and kind == "INDEX":
        index_refused(tree.this)
    if isinstance(tree, exp.Drop) and kind == "INDEX" and wanted == "mysql" and tree.args.get("cluster") is None:
        cannot("DROP INDEX without its table; DROP INDEX i ON t names it")
