"""Statements of MySQL that change rows of several tables, or so many of them, and what its definitions of tables have that others lack."""

# What tells a row from all others: a ctid does so among those of one partition.
ROW_IDS = {"postgres": ("tableoid", "ctid"), "duckdb": ("rowid",), "sqlite": ("_rowid_",)}


def row_id(table):
    if wanted not in ROW_IDS:
        cannot("this change of rows")
    return [exp.column(name, table=table.copy()) for name in ROW_IDS[wanted]]


def called_as(table):
    """The name that the rest of the statement calls TABLE by."""
    return exp.to_identifier(table.alias_or_name, quoted=(table.args["alias"].this if table.alias else table.this).args.get("quoted"))


def among(rows):
    """WHERE the row is one of ROWS."""
    names = [exp.column(name) for name in ROW_IDS[wanted]]
    return exp.Where(this=exp.In(this=names[0] if len(names) == 1 else exp.Tuple(expressions=names), query=exp.Subquery(this=rows)))


def with_its_queries(change, before):
    """WITH ... in front of BEFORE, in front of CHANGE."""
    key = "with_" if "with_" in exp.Delete.arg_types else "with"
    if before.args.get(key) is not None:
        change.set(key, before.args[key].copy())
    return change


def bare(table):
    out = table.copy()
    out.set("joins", None)
    out.set("alias", None)
    return out


def so_many(change):
    """UPDATE t SET ... ORDER BY x LIMIT 2, DELETE FROM t ... LIMIT 2: of the rows that a query finds."""
    table, limit = change.this, change.args.get("limit")
    if limit is not None:
        rows = exp.select(*row_id(called_as(table))).from_(table.copy())
        for key in ("where", "order", "limit"):
            rows.set(key, change.args[key].copy() if change.args.get(key) is not None else None)
        change.set("where", among(rows))
    change.set("order", None)
    change.set("limit", None)
    return change


def tables_of(table):
    """[(table, its join or None)] of `a JOIN b ON ... , c`."""
    joins = table.args.get("joins") or []
    first = table.copy()
    first.set("joins", None)
    return [(first, None)] + [(join.this, join) for join in joins]


def unqualified(column):
    for key in ("table", "db", "catalog"):
        column.set(key, None)


def named(tables, name):
    found = [table for table, _ in tables if table.alias_or_name.lower() == name.lower()]
    return found[0] if found else cannot(f"a change of `{name}`, which it does not read")


def update_over_outer_join(update, target):
    """UPDATE a LEFT JOIN b ON .. SET a.x = b.y as UPDATE a SET x = found_.value1_ FROM (SELECT a's row, b.y AS value1_ FROM a LEFT JOIN b ..) AS found_ WHERE it is that row."""
    if not all(assignment.this.table for assignment in update.expressions):
        cannot("an UPDATE over an outer join of columns without their table")
    ids, name = row_id(called_as(target)), called_as(target)
    shown = [exp.alias_(one.copy(), f"row{at}_") for at, one in enumerate(ids)] + [exp.alias_(one.expression.copy(), f"value{at}_") for at, one in enumerate(update.expressions)]
    rows = exp.select(*shown).from_(update.this.copy())
    rows.set("where", update.args["where"].copy() if update.args.get("where") is not None else None)
    for at, assignment in enumerate(update.expressions):
        unqualified(assignment.this)
        assignment.set("expression", exp.column(f"value{at}_", table="found_"))
    update.set("this", target.copy())
    update.set("from_" if "from_" in exp.Update.arg_types else "from", exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("found_")))))
    update.set("where", exp.Where(this=exp.and_(*(exp.EQ(this=exp.column(one.this.copy(), table=name.copy()), expression=exp.column(f"row{at}_", table="found_")) for at, one in enumerate(ids)))))
    return update


def joined_update(update):
    """UPDATE a JOIN b ON ... SET a.x = b.y as UPDATE a SET x = b.y FROM b WHERE ..."""
    tables = tables_of(update.this)
    if update.args.get("limit") or update.args.get("order") or any(join.args.get("method") for _, join in tables[1:]):
        cannot("an UPDATE over a natural join, or of so many rows of a join")
    changed_ones = {assignment.this.table.lower() for assignment in update.expressions if assignment.this.table}
    if len(changed_ones) > 1:
        cannot("an UPDATE of more than one table")
    target = named(tables, changed_ones.pop()) if changed_ones else tables[0][0]
    if any((join.side or "").upper() in ("LEFT", "RIGHT", "FULL") for _, join in tables[1:]):
        return update_over_outer_join(update, target)
    conditions = [join.args["on"] for _, join in tables[1:] if join.args.get("on") is not None]
    for i, (table, join) in enumerate(tables[1:], 1):
        for column in join.args.get("using") or [] if join is not None else []:
            conditions.append(exp.EQ(this=exp.column(column.name, table=tables[i - 1][0].alias_or_name), expression=exp.column(column.name, table=table.alias_or_name)))
    if update.args.get("where") is not None:
        conditions.append(update.args["where"].this)
    others = [table.copy() for table, _ in tables if table is not target]
    source_of = exp.From(this=others[0])
    if len(others) > 1:
        others[0].set("joins", [exp.Join(this=table, kind="CROSS") for table in others[1:]])
    for assignment in update.expressions:
        unqualified(assignment.this)
    update.set("this", target.copy())
    update.set("from_" if "from_" in exp.Update.arg_types else "from", source_of)
    update.set("where", exp.Where(this=exp.and_(*(exp.paren(c.copy()) for c in conditions))) if conditions else None)
    return update


def joined_delete(delete):
    """DELETE a FROM a JOIN b ... as DELETE FROM a WHERE the row is one that the query finds."""
    targets, using = delete.args.get("tables") or [], delete.args.get("using") or []
    source_of = using[0] if using else delete.this
    if len(targets) > 1 or len(using) > 1:
        cannot("a DELETE from more than one table")
    if delete.args.get("limit") or delete.args.get("order"):
        cannot("a DELETE of so many rows of a join")
    name = (targets or [delete.this])[0].name
    target = named(tables_of(source_of), name)
    rows = exp.select(*row_id(called_as(target))).from_(source_of.copy())
    rows.set("where", delete.args["where"].copy() if delete.args.get("where") is not None else None)
    return with_its_queries(exp.Delete(this=bare(target), where=among(rows)), delete)


def found_delete(delete):
    """DELETE FROM a USING b WHERE ..., of PostgreSQL, for who has no USING."""
    whole, returning = delete.this.copy(), delete.args.get("returning")
    if returning is not None and any(isinstance(shown, exp.Star) for shown in returning.expressions):
        cannot("DELETE ... USING with RETURNING *, which has the other table's columns, too")
    target = delete.this.copy() if returning is not None else bare(delete.this)
    whole.set("joins", [exp.Join(this=table.copy(), kind="CROSS") for table in delete.args["using"]])
    rows = exp.select(*row_id(called_as(delete.this))).from_(whole)
    rows.set("where", delete.args["where"].copy() if delete.args.get("where") is not None else None)
    return with_its_queries(exp.Delete(this=target, where=among(rows), returning=returning.copy() if returning is not None else None), delete)


def in_order(update):
    """SET a = a + 1, b = a: MySQL's b is the new a."""
    before = set()
    for assignment in update.expressions if wanted != "mysql" else []:
        if isinstance(assignment, exp.EQ):
            read = [c for c in assignment.expression.find_all(exp.Column) if c.find_ancestor(exp.Select) is None or c.table.lower() == update.this.alias_or_name.lower()]
            if any(column.name.lower() in before for column in read):
                cannot("an assignment that reads a column assigned before it")
            before.add(assignment.this.name.lower())


def mysql_change(node):
    """An UPDATE or DELETE as others write it."""
    if isinstance(node, exp.Update):
        if isinstance(node.this, exp.Table):
            assigned_defaults(node.expressions, node.this)
        if isinstance(node.this, exp.Table) and node.this.args.get("joins"):
            return joined_update(node)
        for assignment in node.expressions:
            if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column) and assignment.this.table:
                unqualified(assignment.this)
        in_order(node)
        return so_many(node) if node.args.get("order") or node.args.get("limit") else None
    if node.args.get("tables") or node.args.get("using"):
        return joined_delete(node)
    return so_many(node) if node.args.get("order") or node.args.get("limit") else None


# ---- definitions ----

UNWANTED = ("BinaryColumnConstraint", "CommentColumnConstraint", "OnUpdateColumnConstraint", "CharacterSetColumnConstraint", "InvisibleColumnConstraint")


def listed(values, column):
    """ENUM('a', 'b') as a text that is one of them."""
    return exp.ColumnConstraint(kind=exp.CheckColumnConstraint(this=exp.In(this=column.this.copy() if isinstance(column, exp.Column) else exp.column(column.copy()), expressions=[v.copy() for v in values])))


def definition_of(column):
    kind, kept = column.args.get("kind"), []
    for constraint in column.args.get("constraints") or []:
        name = type(constraint.args.get("kind")).__name__
        if name == "DefaultColumnConstraint" and isinstance(constraint.args["kind"].this, exp.Boolean) and wanted == "postgres":
            constraint.args["kind"].set("this", exp.Literal.string("1" if constraint.args["kind"].this.this else "0"))
        if name not in UNWANTED and not (name == "CollateColumnConstraint") and not (name == "AutoIncrementColumnConstraint" and wanted == "trino"):
            kept.append(constraint)
    if isinstance(kind, exp.DataType):
        if kind.this == TYPE.ENUM and wanted != "duckdb":
            kept.append(listed(kind.expressions, column.this))
            column.set("kind", exp.DataType.build("text"))
        elif kind.this == TYPE.SET or kind.this == TYPE.ENUM and not kind.expressions:
            column.set("kind", exp.DataType.build("text"))
        elif kind.this == TYPE.BOOLEAN and wanted == "postgres": # a number in MySQL, which clients write 1 and 0 into
            column.set("kind", exp.DataType.build("smallint"))
        elif wanted == "postgres" and kind.this in (TYPE.DATETIME, TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ, TYPE.TIME) and not kind.expressions: # of whole seconds
            column.set("kind", exp.DataType(this=kind.this, expressions=[exp.DataTypeParam(this=exp.Literal.number(0))]))
        elif kind.this == TYPE.JSON and wanted == "postgres": # which are the same whatever their spaces, and have an order
            column.set("kind", exp.DataType.build("jsonb"))
        elif kind.this in (TYPE.SERIAL, TYPE.BIGSERIAL):
            column.set("kind", exp.DataType.build("bigint"))
            if not has_constraint(column, "AutoIncrementColumnConstraint"):
                kept.append(exp.ColumnConstraint(kind=exp.AutoIncrementColumnConstraint()))
        elif kind.this == TYPE.UBIGINT and wanted in ("postgres", "duckdb"): # ids, and what refers to them
            column.set("kind", exp.DataType.build("bigint"))
        elif kind.this == TYPE.YEAR:
            column.set("kind", exp.DataType.build("smallint"))
        elif wanted == "sqlite" and any(type(c.args.get("kind")).__name__ == "AutoIncrementColumnConstraint" for c in kept):
            column.set("kind", exp.DataType.build("int"))
        elif kind.this in (TYPE.FLOAT, TYPE.DOUBLE) and kind.expressions:
            column.set("kind", exp.DataType(this=kind.this))
        elif kind.this == TYPE.TIMESTAMPTZ and wanted == "sqlite":
            column.set("kind", exp.DataType.build("datetime"))
        elif kind.this == TYPE.UDECIMAL:
            column.set("kind", exp.DataType(this=TYPE.DECIMAL, expressions=[e.copy() for e in kind.expressions]))
        elif kind.this.name in BYTES and wanted != "trino":
            column.set("kind", exp.DataType(this=TYPE.VARBINARY if wanted == "postgres" else TYPE.BLOB)) # theirs have no length
        elif kind.this == TYPE.BIT:
            column.set("kind", exp.DataType.build("bigint"))
    column.set("constraints", kept)
    column.set("position", None)


def mysql_definition(node):
    """CREATE TABLE and ALTER TABLE without what only MySQL knows: indexes in the table, comments, engines, places of columns."""
    if isinstance(node, exp.Schema):
        parts = [part for part in node.expressions if not isinstance(part, exp.IndexColumnConstraint)]
        node.set("expressions", sorted(parts, key=lambda part: not isinstance(part, (exp.ColumnDef, exp.Identifier)))) # columns first
        for part in node.expressions:
            if isinstance(part, exp.Constraint) and wanted == "sqlite" and len(part.expressions) == 1 and isinstance(part.expressions[0], exp.PrimaryKey):
                part.replace(part.expressions[0].copy())
        keys = [part for part in node.expressions if isinstance(part, exp.PrimaryKey)]
        grows = [part for part in node.expressions if isinstance(part, exp.ColumnDef)
                 and any(type(c.args.get("kind")).__name__ == "AutoIncrementColumnConstraint" for c in part.args.get("constraints") or [])]
        if wanted == "sqlite" and grows and len(keys) == 1 and [e.name.lower() for e in keys[0].expressions] == [grows[0].name.lower()]:
            keys[0].pop()
            grows[0].append("constraints", exp.ColumnConstraint(kind=exp.PrimaryKeyColumnConstraint()))
        elif wanted == "sqlite" and any(not any(isinstance(c.args.get("kind"), exp.PrimaryKeyColumnConstraint) for c in part.args["constraints"]) for part in grows):
            cannot("AUTO_INCREMENT of what is not the primary key")
        return None
    if isinstance(node, exp.ColumnDef) and node.args.get("kind") is not None and isinstance(node.find_ancestor(exp.Create, exp.Alter), (exp.Create, exp.Alter)):
        definition_of(node)
    if isinstance(node, exp.TruncateTable) and wanted == "postgres":
        return changed(node, identity="RESTART")
    if isinstance(node, exp.TruncateTable) and wanted == "sqlite":
        if len(node.expressions) != 1:
            cannot("a TRUNCATE of more than one table")
        return exp.Delete(this=node.expressions[0].copy())
    if isinstance(node, exp.Drop) and node.args.get("kind") == "INDEX" and not isinstance(node.parent, exp.Alter) and node.args.get("cluster") is not None:
        return changed(node, cluster=None) # an index is of its schema, not of its table
    if isinstance(node, exp.Alter) and wanted == "postgres":
        for action in node.args.get("actions") or []:
            drop_named(node, action)
    if isinstance(node, exp.Alter) and any(isinstance(a, exp.ModifyColumn) for a in node.args.get("actions") or []):
        return altered(node)
    return None


def drop_named(alter, action):
    """DROP FOREIGN KEY, DROP CHECK: constraints with a name."""
    if isinstance(action, exp.Drop) and action.args.get("kind") in ("FOREIGN KEY", "CHECK"):
        action.set("kind", "CONSTRAINT")
    elif type(action).__name__ == "DropPrimaryKey":
        name = exp.to_identifier(alter.this.name + "_pkey", quoted=True)
        action.replace(exp.Drop(kind="CONSTRAINT", tables=[exp.Table(this=name)]))


def altered(alter):
    """ALTER TABLE ... MODIFY COLUMN."""
    actions = []
    for action in alter.args["actions"]:
        if not isinstance(action, exp.ModifyColumn):
            actions.append(action)
            continue
        column = action.this
        if wanted not in ("postgres", "duckdb"):
            cannot("this change of a column")
        name = exp.to_identifier(column.name, quoted=column.this.args.get("quoted"))
        more = [c.args.get("kind") for c in column.args.get("constraints") or [] if type(c.args.get("kind")).__name__ not in (*UNWANTED, "CollateColumnConstraint")]
        if wanted == "postgres" and has_constraint(column, "AutoIncrementColumnConstraint"): # it goes on counting, and is never NULL
            actions.append(exp.AlterColumn(this=name, dtype=column.args["kind"].copy()))
            continue
        if any(not isinstance(kind, (exp.NotNullColumnConstraint, exp.DefaultColumnConstraint)) for kind in more) or more and wanted == "duckdb":
            cannot("this change of a column")
        default = [kind.this for kind in more if isinstance(kind, exp.DefaultColumnConstraint)]
        if wanted == "postgres": # what is not said again is gone
            actions.append(exp.AlterColumn(this=name.copy(), drop=True))
        using = exp.cast(exp.column(name.copy()), column.args["kind"].copy()) if wanted == "postgres" and isinstance(column.args["kind"], exp.DataType) and column.args["kind"].this != TYPE.ENUM else None
        actions.append(exp.AlterColumn(this=name, dtype=column.args["kind"].copy(), using=using))
        if default and wanted == "postgres":
            actions.append(exp.AlterColumn(this=name.copy(), default=default[0].copy()))
        needed = any(isinstance(c.args.get("kind"), exp.NotNullColumnConstraint) and not c.args["kind"].args.get("allow_null") for c in column.args.get("constraints") or [])
        if wanted == "postgres":
            actions.append(exp.AlterColumn(this=name.copy(), allow_null=True, drop=not needed or None))
    alter.set("actions", actions)
    return alter
