"""INSERT as MySQL has it: ON DUPLICATE KEY UPDATE and REPLACE, which name no key, DEFAULT and NULL for a column that counts."""


def is_default(value):
    return isinstance(value, exp.Var) and value.name.upper() == "DEFAULT"


def inserted_columns(insert):
    """[column in lower case] that INSERT gives values for; None = nobody knows."""
    if isinstance(insert.this, exp.Schema):
        return [column.name.lower() for column in insert.this.expressions]
    known = list(known_columns.get(table_into(insert).name.lower(), {}))
    return known or None


def table_into(insert):
    return insert.this.this if isinstance(insert.this, exp.Schema) else insert.this


def rows_of_values(insert):
    rows = insert.expression.expressions if isinstance(insert.expression, exp.Values) else []
    return [row for row in rows if isinstance(row, exp.Tuple)]


def default_of(table, name):
    """What DEFAULT is for SQLite, which has the word for whole rows alone."""
    if table not in known_columns:
        cannot("DEFAULT of a column; the table's columns are not known")
    text = known_keys.get(table, {}).get("default", {}).get(name)
    value = sqlglot.parse_one(text, read="sqlite") if text is not None else exp.Null()
    for node in value.walk():
        node.meta["made"] = True
    return value


def assigned_defaults(assignments, table):
    """SET a = DEFAULT, which MySQL's reader takes for a column; SQLite has no such word."""
    for assignment in assignments:
        value = assignment.expression if isinstance(assignment, exp.EQ) else None
        if not isinstance(value, exp.Column) or value.table or value.name.upper() != "DEFAULT" or value.this.args.get("quoted"):
            continue
        value.replace(default_of(table.name.lower(), assignment.this.name.lower()) if wanted == "sqlite" else exp.Var(this="DEFAULT"))


def without_defaults(insert):
    """DEFAULT in VALUES: SQLite has no such word; and NULL for a column that counts is the next number."""
    names, rows = inserted_columns(insert), rows_of_values(insert)
    counts = known_keys.get(table_into(insert).name.lower(), {}).get("counts")
    if rows and all(not row.expressions for row in rows):
        if len(rows) > 1:
            cannot("several rows of nothing but defaults")
        insert.set("expression", None)
        insert.set("default", True)
        return
    selected = insert.expression if isinstance(insert.expression, exp.Select) else None
    if selected is not None and isinstance(insert.this, exp.Schema) and counts in (names or []) and len(names) == len(selected.expressions) and len(names) > 1 and \
            isinstance(selected.expressions[names.index(counts)].unalias(), exp.Null) and wanted != "sqlite":
        insert.this.expressions[names.index(counts)].pop()
        selected.expressions[names.index(counts)].pop()
        return
    if names is None or not rows or any(len(row.expressions) != len(names) for row in rows):
        return
    for at, name in enumerate(names):
        for value in [row.expressions[at] for row in rows] if name == counts else []:
            if is_default(value) and wanted == "sqlite":
                value.replace(exp.Null())
            elif isinstance(value, exp.Null) and wanted != "sqlite":
                value.replace(exp.Var(this="DEFAULT"))
    gone = [at for at, name in enumerate(names) if all(is_default(row.expressions[at]) for row in rows)] if wanted == "sqlite" else []
    if gone and len(gone) == len(names) and len(rows) == 1:
        insert.set("this", table_into(insert).copy())
        insert.set("expression", None)
        insert.set("default", True)
        return
    if gone and not isinstance(insert.this, exp.Schema):
        insert.set("this", exp.Schema(this=insert.this.copy(), expressions=[exp.to_identifier(name, quoted=True) for name in names]))
    for holder in [insert.this, *rows] if gone else []:
        holder.set("expressions", [value for at, value in enumerate(holder.expressions) if at not in gone])
    for row in rows if wanted == "sqlite" else []:
        for at, value in enumerate(list(row.expressions)):
            if is_default(value):
                value.replace(default_of(table_into(insert).name.lower(), [name for i, name in enumerate(names) if i not in gone][at]))


# ---- what is there already ----

def key_met(insert, assigned):
    """The unique key that rows of INSERT can meet, as names; [] = they meet none, None = nobody knows. Of several, one that is not assigned to."""
    table = table_into(insert).name.lower()
    names, keys = inserted_columns(insert), known_keys.get(table, {}).get("unique", [] if table in known_columns else None)
    if names is None or keys is None:
        return None
    rows = rows_of_values(insert)
    given = {name for at, name in enumerate(names) if not rows or not all(at >= len(row.expressions) or is_default(row.expressions[at]) or isinstance(row.expressions[at], exp.Null) for row in rows)}
    met = [key for key in keys if {name.lower() for name in key} <= given]
    return next((key for key in met if not {name.lower() for name in key} & assigned), met[0] if met else [])


def identifiers(names):
    return [exp.to_identifier(name, quoted=True) for name in names]


def of_new_row(node, table, alias):
    """What an assignment of ON DUPLICATE KEY UPDATE reads: VALUES(x) and alias.x are of the new row, the rest of the old one."""
    if isinstance(node, exp.Anonymous) and node.name.upper() == "VALUES" and len(node.expressions) == 1:
        return exp.column(exp.to_identifier(node.expressions[0].name, quoted=True), table="EXCLUDED")
    if isinstance(node, exp.Anonymous) and node.name.upper() == "LAST_INSERT_ID" and len(node.expressions) == 1:
        return node.expressions[0]
    if not isinstance(node, exp.Column) or node.find_ancestor(exp.Select) is not None:
        return node
    if alias and node.table.lower() == alias:
        node.set("table", exp.to_identifier("EXCLUDED"))
    elif node.table.lower() in ("", table.name.lower()):
        unqualified(node)
        node.set("table", table.this.copy())
    elif node.table.upper() != "EXCLUDED":
        cannot("a value of the query's in ON DUPLICATE KEY UPDATE")
    return node


def updated(insert, conflict, alias):
    """The assignments, each with what it reads."""
    table, before = table_into(insert), set()
    for assignment in conflict.expressions:
        if not isinstance(assignment, exp.EQ) or not isinstance(assignment.this, exp.Column):
            cannot("this ON DUPLICATE KEY UPDATE")
        old = [column for column in assignment.expression.find_all(exp.Column) if column.table.lower() in ("", table.name.lower())]
        if any(column.name.lower() in before for column in old if column.find_ancestor(exp.Anonymous) is None or column.find_ancestor(exp.Anonymous).name.upper() != "VALUES"):
            cannot("an assignment that reads a column assigned before it")
        before.add(assignment.this.name.lower())
        unqualified(assignment.this)
        value = exp.Paren(this=assignment.expression.copy())
        assignment.set("expression", rewrite(value, lambda node: of_new_row(node, table, alias)).this)
    return before


def replaced(insert):
    """REPLACE INTO: every column of the row that is there is as in a new one."""
    key, known = key_met(insert, set()), known_columns.get(table_into(insert).name.lower(), {})
    insert.set("alternative", None)
    if key is None:
        cannot("a duplicate key that is not named; the table's keys are not known")
    others = [name for name in known if name not in {part.lower() for part in key}]
    if not key:
        return
    if not others:
        insert.set("conflict", exp.OnConflict(conflict_keys=identifiers(key), action=exp.Var(this="DO NOTHING")))
        return
    assigned = [exp.EQ(this=exp.column(exp.to_identifier(name, quoted=True)), expression=exp.column(exp.to_identifier(name, quoted=True), table="EXCLUDED"))
                for name in (written_names.get((table_into(insert).name.lower(), other), other) for other in others)]
    insert.set("conflict", exp.OnConflict(conflict_keys=identifiers(key), action=exp.Var(this="DO UPDATE"), expressions=assigned))


def assigns_itself(assignment):
    """id = id"""
    value = assignment.expression.unnest()
    return isinstance(value, exp.Column) and value.name.lower() == assignment.this.name.lower() and value.table.upper() != "EXCLUDED"


def finished_insert(insert):
    """SQLite reads ON behind a SELECT without WHERE as a join's. DuckDB tells the ids of new rows in rows alone, which its adapter takes."""
    counts = known_keys.get(table_into(insert).name.lower(), {}).get("counts")
    if wanted == "duckdb" and counts and not insert.args.get("returning"):
        shown = exp.cast(exp.column(exp.to_identifier(written_names.get((table_into(insert).name.lower(), counts), counts), quoted=True)), "bigint")
        insert.set("returning", exp.Returning(expressions=[exp.alias_(shown, "turnout: inserted", quoted=True)]))
    if insert.args.get("conflict") is not None and wanted == "sqlite" and isinstance(insert.expression, exp.Select) and insert.expression.args.get("where") is None:
        insert.expression.where(exp.true(), copy=False)
    return insert


def name_of_new_row(insert):
    """VALUES (...) AS new: known apart, since a table of that name is none of the statement's."""
    values = insert.expression
    if isinstance(values, exp.Values) and values.args.get("alias") is not None:
        insert.meta["new_row"] = values.args["alias"].name.lower()
        values.set("alias", None)


def mysql_insert(insert):
    conflict = insert.args.get("conflict")
    alias = insert.meta.get("new_row", "")
    if str(insert.args.get("alternative") or "").upper() == "REPLACE" and (wanted == "postgres" or wanted == "duckdb" and key_met(insert, set())):
        replaced(insert)
    elif insert.args.get("ignore"):
        insert.set("ignore", None)
        insert.set("conflict", exp.OnConflict(action=exp.Var(this="DO NOTHING")))
    elif conflict is not None and conflict.args.get("duplicate"):
        assigned_defaults(conflict.expressions, table_into(insert))
        assigned = updated(insert, conflict, alias)
        key = key_met(insert, assigned) if wanted != "sqlite" else []
        if key is None and wanted == "postgres":
            cannot("a duplicate key that is not named; the table's keys are not known")
        if all(assigns_itself(assignment) for assignment in conflict.expressions):
            conflict = exp.OnConflict(action=exp.Var(this="DO NOTHING")) # as INSERT IGNORE
            insert.set("conflict", conflict)
            without_defaults(insert)
            return finished_insert(insert)
        if key == [] and (wanted == "duckdb" or wanted == "postgres" and any(assignment.find(exp.Placeholder, exp.Parameter) is not None for assignment in conflict.expressions)):
            key = next(iter(known_keys.get(table_into(insert).name.lower(), {}).get("unique", [])), []) # none is met, but a parameter must stand somewhere, and DuckDB asks for one
        met = wanted != "postgres" or key
        insert.set("conflict", exp.OnConflict(conflict_keys=identifiers(key or []), action=exp.Var(this="DO UPDATE"), expressions=conflict.expressions) if met else None)
    without_defaults(insert)
    return finished_insert(insert)
