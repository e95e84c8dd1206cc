"""MySQL's definitions of tables that others write as several statements, one after the other: keys that are no constraints, changes of
more than one thing, columns that count where a sequence does that."""

COUNTER = "{}_auto_increment" # the sequence of a table, where there must be one


def has_constraint(column, name):
    return any(type(c.args.get("kind")).__name__ == name for c in column.args.get("constraints") or [])


def without_constraints(column, *names):
    return changed(column, constraints=[c.copy() for c in column.args.get("constraints") or [] if type(c.args.get("kind")).__name__ not in names])


def counts_up(column):
    return isinstance(column, exp.ColumnDef) and (has_constraint(column, "AutoIncrementColumnConstraint") or "SERIAL" in str(column.args.get("kind")).upper())


def name_of_key(name, columns):
    """Of a key that MySQL itself named after its first column: none, since such names are those of many tables."""
    return None if name is None or columns and name.name.lower() == (columns[0].name or "").lower() else name


def key_columns(columns):
    """(b(20), c DESC): lengths are left out."""
    out = []
    for column in columns:
        inner = column.this if isinstance(column, exp.Ordered) else column
        if isinstance(inner, exp.ColumnPrefix) or isinstance(inner, exp.Anonymous) and len(inner.expressions) == 1 and isinstance(inner.expressions[0], exp.Literal):
            inner = exp.column(exp.to_identifier(inner.this.name if isinstance(inner, exp.ColumnPrefix) else inner.name, quoted=True))
        out.append(changed(column, this=inner.copy()) if isinstance(column, exp.Ordered) else exp.column(inner.this.copy()) if isinstance(inner, exp.Column) else exp.column(inner.copy()) if isinstance(inner, exp.Identifier) else inner.copy())
    return out


def index_on(table, name, columns, unique, exists=None):
    if name is None:
        name = exp.to_identifier("_".join([table.name, *(c.name or c.this.name for c in columns)] + (["key"] if unique else [])), quoted=True)
    params = exp.IndexParameters(columns=key_columns(columns))
    return exp.Create(kind="INDEX", unique=unique or None, exists=exists, this=exp.Index(this=name.copy(), table=bare(table), params=params))


def is_unique_key(part):
    return isinstance(part, exp.UniqueColumnConstraint) and isinstance(part.this, exp.Schema)


def constraint_of(name, inner):
    return exp.Constraint(this=name.copy(), expressions=[inner]) if name is not None else inner


def unique_of(part):
    """(name or None, columns) of UNIQUE KEY x (a), UNIQUE INDEX x (a), CONSTRAINT x UNIQUE (a); None = it is something else."""
    if isinstance(part, exp.Constraint) and len(part.expressions) == 1 and is_unique_key(part.expressions[0]):
        return part.this, part.expressions[0].this.expressions
    if is_unique_key(part):
        return name_of_key(part.this.this, part.this.expressions), part.this.expressions
    if isinstance(part, exp.IndexColumnConstraint) and str(part.args.get("kind") or "").upper().startswith("UNIQUE"):
        return name_of_key(part.this, part.expressions), part.expressions
    return None


def unique_constraint(name, columns):
    inner = exp.UniqueColumnConstraint(this=exp.Schema(expressions=key_columns(columns)))
    return constraint_of(name, inner)


def created(create):
    """CREATE TABLE, and its indexes behind it. DuckDB's have neither indexes nor foreign keys: it alters no table that has, and
    updates no row that is referred to."""
    schema, before, after = create.this, [], []
    table, parts = schema.this, []
    for part in schema.expressions:
        unique = unique_of(part)
        if unique is not None and wanted == "sqlite" and unique[0] is not None:
            after.append(index_on(table, *unique, True, create.args.get("exists") or None))
        elif unique is not None:
            parts.append(unique_constraint(unique[0] if wanted == "postgres" else None, unique[1]))
        elif isinstance(part, exp.IndexColumnConstraint):
            kind = str(part.args.get("kind") or "").upper()
            if not kind.startswith(("FULLTEXT", "SPATIAL")) and wanted != "duckdb":
                after.append(index_on(table, name_of_key(part.this, part.expressions), part.expressions, False, True))
        else:
            parts.append(part.copy())
    if wanted == "duckdb":
        parts = [without_constraints(part, "Reference") if isinstance(part, exp.ColumnDef) else part for part in parts if not isinstance(part.expressions[0] if isinstance(part, exp.Constraint) and part.expressions else part, exp.ForeignKey)]
        for at, column in enumerate(parts):
            if counts_up(column):
                before += sequence_for(create, table)
                parts[at] = counted_by_sequence(column, table)
    out = changed(create, this=changed(schema, expressions=parts))
    return [*before, out, *after]


def sequence_name(table):
    return exp.Table(this=exp.to_identifier(COUNTER.format(table.name), quoted=True), db=table.args["db"].copy() if table.args.get("db") is not None else None)


def sequence_for(create, table):
    """It begins anew with a new table, whoever dropped the old one; a table that is there fails, and keeps its own."""
    if create.args.get("exists"):
        return [exp.Create(kind="SEQUENCE", this=sequence_name(table), exists=True)]
    trial = exp.Create(kind="TABLE", this=exp.Schema(this=bare(table), expressions=[exp.ColumnDef(this=exp.to_identifier("trial"), kind=exp.DataType.build("int"))]))
    return [trial, exp.Drop(kind="TABLE", tables=[bare(table)]), exp.Create(kind="SEQUENCE", this=sequence_name(table), replace=True)]


def counted_by_sequence(column, table):
    out = without_constraints(column, "AutoIncrementColumnConstraint")
    if "SERIAL" in str(column.args.get("kind")).upper():
        out.set("kind", exp.DataType.build("bigint"))
    named = sequence_name(table)
    text = ".".join('"' + part.name.replace('"', '""') + '"' for part in (named.args.get("db"), named.this) if part is not None)
    out.append("constraints", exp.ColumnConstraint(kind=exp.DefaultColumnConstraint(this=call("NEXTVAL", text))))
    return out


IMPLICIT = ("TEXT", "VARCHAR", "CHAR", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT")


def default_there(kind):
    """What MySQL gives rows that are there when a column without default must not be NULL."""
    if not isinstance(kind, exp.DataType):
        return None
    if getattr(kind.this, "name", "") in IMPLICIT:
        return exp.Literal.string("")
    if kind.this in exp.DataType.NUMERIC_TYPES or kind.this in exp.DataType.INTEGER_TYPES or kind.this == TYPE.BOOLEAN:
        return exp.Literal.number(0)
    return None


def one_change(alter, action):
    return changed(alter, actions=[action.copy()])


def column_added(alter, column):
    """ADD COLUMN: what it may be only afterwards stands behind it."""
    out, after = column.copy(), []
    out.set("position", None)
    name = exp.to_identifier(column.name, quoted=column.this.args.get("quoted"))
    if wanted == "duckdb" and counts_up(column):
        cannot("AUTO_INCREMENT of a column of a table that is there")
    needed = is_needed(column)
    if wanted in ("sqlite", "duckdb") and has_constraint(column, "UniqueColumnConstraint"):
        out = without_constraints(out, "UniqueColumnConstraint")
        after.append(index_on(alter.this, None, [exp.column(name.copy())], True))
    if needed and not has_constraint(column, "DefaultColumnConstraint") and not counts_up(column):
        value = default_there(column.args.get("kind"))
        if value is not None:
            out.append("constraints", exp.ColumnConstraint(kind=exp.DefaultColumnConstraint(this=value)))
            after += [changed(alter, actions=[exp.AlterColumn(this=name.copy(), drop=True)])] if wanted == "postgres" else []
    if wanted == "duckdb" and column.args.get("constraints"):
        out = without_constraints(out, "NotNullColumnConstraint")
        after += [changed(alter, actions=[exp.AlterColumn(this=name.copy(), allow_null=True)])] if needed else []
    return [one_change(alter, out), *after]


def column_changed(alter, action):
    """MODIFY, and CHANGE, which may give another name."""
    column, before = without_constraints(action.this, "PrimaryKeyColumnConstraint", "CheckColumnConstraint", "UniqueColumnConstraint"), action.args.get("rename_from")
    out, keys = [], known_keys.get(alter.this.name.lower(), {}).get("unique", [])
    if has_constraint(action.this, "UniqueColumnConstraint") and not any([part.lower() for part in key] == [column.name.lower()] for key in keys):
        out.append(index_on(alter.this, None, [exp.column(column.this.copy())], True))
    if before is not None and before.name.lower() != column.name.lower():
        out.insert(0, changed(alter, actions=[exp.RenameColumn(this=exp.column(before.copy()), to=exp.column(column.this.copy()))]))
    if wanted == "sqlite":
        if not is_as_before(alter.this, (before or column).name, column):
            cannot("another type of a column that is there")
        keeps_default(alter.this, (before or column).name, said_default(column))
        return out
    if wanted == "duckdb":
        return out + [changed(alter, actions=[one]) for one in changed_bit_by_bit(column, alter.this.name.lower(), (before or column).name.lower())]
    return [*out, changed(alter, actions=[exp.ModifyColumn(this=column.copy())])]


def is_needed(column):
    return any(isinstance(c.args.get("kind"), exp.NotNullColumnConstraint) and not c.args["kind"].args.get("allow_null") for c in column.args.get("constraints") or [])


def is_as_before(table, name, column):
    """SQLite keeps to no length: a column of the same kind that may be NULL as before is the same."""
    told, required = known_columns.get(table.name.lower(), {}).get(name.lower()), known_keys.get(table.name.lower(), {}).get("required", [])
    return told is not None and affinity_of(told) == affinity_of(column.args["kind"]) and is_needed(column) == (name.lower() in required)


def said_default(column):
    """What it is given where nothing is; None: it says nothing of that."""
    found = [c.args["kind"].this for c in column.args.get("constraints") or [] if isinstance(c.args.get("kind"), exp.DefaultColumnConstraint)]
    return found[0] if found else None


def keeps_default(table, name, value):
    """SQLite gives a column that is there no other VALUE by default than it has."""
    def plain(text):
        text = re.sub(r"[()\s]", "", text).strip("'").lower()
        return {"true": "1", "false": "0", "null": ""}.get(text, text)
    if value is not None and plain(value.sql("sqlite")) != plain(known_keys.get(table.name.lower(), {}).get("default", {}).get(name.lower(), "")):
        cannot("another value by default of a column that is there")


def changed_bit_by_bit(column, table, before):
    """MODIFY of DuckDB's: type, default and NOT NULL, each by itself, and what changes alone: it changes no column that has a key."""
    told, keys = known_columns.get(table, {}).get(before), known_keys.get(table, {})
    name = exp.to_identifier(column.name, quoted=column.this.args.get("quoted"))
    default = said_default(column)
    holder = exp.Create(kind="TABLE", this=exp.Schema(this=exp.to_table("t"), expressions=[exp.ColumnDef(this=name.copy(), kind=column.args["kind"].copy())]))
    definition_of(holder.find(exp.ColumnDef))
    kind, out = holder.find(exp.ColumnDef).args["kind"], []
    if told is None or not is_same_kind(told, kind):
        out.append(exp.AlterColumn(this=name.copy(), dtype=kind.copy()))
    if default is not None:
        out.append(exp.AlterColumn(this=name.copy(), default=default.copy()))
    elif told is None or before in keys.get("default", {}):
        out.append(exp.AlterColumn(this=name.copy(), drop=True))
    if told is None or is_needed(column) != (before in keys.get("required", [])):
        out.append(exp.AlterColumn(this=name.copy(), allow_null=True, drop=None if is_needed(column) else True))
    return out


def is_same_kind(one, other):
    """Of types as DuckDB keeps them: texts have no length."""
    texts = exp.DataType.TEXT_TYPES
    return one.this == other.this and not other.expressions or one.this in texts and other.this in texts


def affinity_of(kind):
    found = sqlite_type(kind.sql("postgres").lower()).this if isinstance(kind, exp.DataType) else None
    return TYPE.BIGINT if found == TYPE.BOOLEAN else found


def constraint_added(alter, action):
    part = action.expressions[0]
    unique, inner = unique_of(part), part.expressions[0] if isinstance(part, exp.Constraint) and part.expressions else part
    if unique is not None and wanted == "postgres":
        return [changed(alter, actions=[exp.AddConstraint(expressions=[unique_constraint(*unique)])])]
    if unique is not None:
        return [index_on(alter.this, *unique, True)]
    if isinstance(part, exp.IndexColumnConstraint) and wanted == "duckdb":
        return []
    if isinstance(part, exp.IndexColumnConstraint):
        return [index_on(alter.this, part.this, part.expressions, False)]
    if isinstance(inner, exp.CheckColumnConstraint) and wanted in ("sqlite", "duckdb"):
        cannot("a CHECK of a table that is there")
    if isinstance(inner, exp.ForeignKey) and wanted in ("sqlite", "duckdb"):
        return [] # it can be said of a new table only
    return [one_change(alter, action)]


def index_dropped(alter, name):
    """DROP INDEX x of a table: in PostgreSQL it may be a constraint's."""
    quoted = '"' + name.replace('"', '""') + '"'
    if wanted != "postgres":
        return exp.Drop(kind="INDEX", tables=[exp.Table(this=exp.to_identifier(name, quoted=True))], exists=wanted == "duckdb" or None)
    table, text = alter.this.sql("postgres", identify=True), name.replace("'", "''")
    end = "$turnout$"
    while end in name + table:  # which would end the text there
        end = f"${end[1:-1]}_$"
    return exp.Command(this="DO", expression=f" {end}BEGIN IF EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = '" + table.replace("'", "''") +
                       f"'::regclass AND conname = '{text}') THEN ALTER TABLE {table} DROP CONSTRAINT {quoted}; ELSE DROP INDEX {quoted}; END IF; END{end}")


def one_altered(alter, action):
    if isinstance(action, exp.ColumnDef):
        return column_added(alter, action)
    if isinstance(action, exp.ModifyColumn):
        return column_changed(alter, action)
    if isinstance(action, exp.AddConstraint):
        return constraint_added(alter, action)
    if isinstance(action, exp.Drop) and action.args.get("kind") in ("INDEX", "KEY"):
        return [index_dropped(alter, action.args["tables"][0].name)]
    if isinstance(action, exp.Drop) and action.args.get("kind") == "FOREIGN KEY" and wanted in ("sqlite", "duckdb"):
        return []
    if isinstance(action, exp.Drop) and wanted == "sqlite":
        return [changed(alter, actions=[changed(action, cascade=None, restrict=None)])]
    if isinstance(action, exp.AlterColumn) and wanted == "sqlite" and action.args.get("drop") and not action.args.get("allow_null"):
        return [] # a column that goes on having a default
    if isinstance(action, exp.AlterColumn) and wanted == "sqlite" and action.args.get("default") is not None:
        return keeps_default(alter.this, action.name, action.args["default"]) or []
    if type(action).__name__ == "RenameIndex" and wanted == "postgres":
        return [exp.Alter(kind="INDEX", this=exp.Table(this=action.this.copy()), actions=[exp.AlterRename(this=exp.Table(this=action.args["to"].copy()))])]
    if type(action).__name__ == "RenameIndex":
        cannot("another name for an index")
    return [one_change(alter, action)]


def dropped(drop):
    """DROP TABLE a, b: one at a time, and what counted for it."""
    tables = drop.args.get("tables") or []
    out = []
    for table in tables:
        out.append(changed(drop, tables=[table.copy()], **({"cascade": None, "restrict": None} if wanted == "sqlite" else {})))
        if wanted == "duckdb":
            out.append(exp.Drop(kind="SEQUENCE", tables=[sequence_name(table)], exists=True))
    return out


def nothing():
    return exp.Drop(kind="INDEX", tables=[exp.Table(this=exp.to_identifier("turnout: none", quoted=True))], exists=True)


def several_of(tree):
    """The statements that TREE, a definition in MySQL's words, is."""
    if wanted not in ROW_IDS:
        return [tree]
    if isinstance(tree, exp.Insert):
        name_of_new_row(tree)
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE" and isinstance(tree.this, exp.Schema):
        return created(tree)
    if isinstance(tree, exp.Alter) and tree.args.get("kind") == "TABLE":
        return [one for action in tree.args.get("actions") or [] for one in one_altered(tree, action)] or [nothing()]
    if isinstance(tree, exp.Drop) and tree.args.get("kind") == "TABLE" and wanted in ("sqlite", "duckdb"):
        return dropped(tree)
    if isinstance(tree, exp.Drop) and tree.args.get("kind") == "INDEX" and tree.args.get("cluster") is not None and wanted == "postgres":
        table = tree.args["cluster"].this
        return [index_dropped(exp.Alter(this=table if isinstance(table, exp.Table) else exp.Table(this=table)), tree.args["tables"][0].name)]
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "INDEX" and wanted == "duckdb" and not tree.args.get("unique"):
        return [nothing()]
    if isinstance(tree, exp.Drop) and tree.args.get("kind") == "INDEX" and wanted == "duckdb":
        return [changed(tree, exists=True)]
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "VIEW" and tree.args.get("replace") and wanted in ("postgres", "sqlite"):
        view = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        return [exp.Drop(kind="VIEW", tables=[view.copy()], exists=True), changed(tree, replace=None)]
    return [tree]
