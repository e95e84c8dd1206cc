"""What PostgreSQL does with JSON, and rows that are read out of it by JSON_TABLE() and json_to_recordset(), in the words of the others."""

OBJECT_OF_ROWS = {"sqlite": "JSON_GROUP_OBJECT(_1, _2)", "mysql": "!JSON_OBJECTAGG", "trino": "CAST(MAP_AGG(CAST(_1 AS VARCHAR), CAST(_2 AS JSON)) AS JSON)", "duckdb": "JSON_GROUP_OBJECT(_1, _2)"}
AS_JSON = {"sqlite": "JSON_QUOTE(_1)", "mysql": "JSON_EXTRACT(JSON_ARRAY(_1), '$[0]')", "trino": "CAST(_1 AS JSON)"}
MERGED = {"duckdb": "JSON_MERGE_PATCH(_1, _2)", "sqlite": "JSON_PATCH(_1, _2)", "mysql": "JSON_MERGE_PATCH(_1, _2)"}
PUT = {"sqlite": "JSON_SET(_1, _2, JSON(_3))", "mysql": "JSON_SET(_1, _2, JSON_EXTRACT(_3, '$'))"}
GONE = {"sqlite": "JSON_REMOVE(_1, _2)", "mysql": "JSON_REMOVE(_1, _2)"}


def dollar_path(steps):
    """'$."a"[1]' of ['a', '1']."""
    return exp.Literal.string("$" + "".join(f"[{step}]" if step.isdigit() else '."' + step.replace('"', "") + '"' for step in steps))


def flat_object(node):
    """Is it an object, written there, with neither NULL nor an object in it? Of such, a patch is the same as ||."""
    inner = node.this if isinstance(node, exp.Cast) else node
    if not is_written(inner):
        return False
    was_read(inner)
    try:
        value = json.loads(str(inner.this))
    except ValueError:
        return False
    return isinstance(value, dict) and not any(one is None or isinstance(one, dict) for one in value.values())


def document_changed(node):
    """a || b, a - 'k' and jsonb_set(a, '{k}', v) of documents."""
    if isinstance(node, exp.DPipe):
        if not is_json(node.this, node.expression) or wanted not in ("duckdb", "sqlite", "mysql", "trino"):
            return None
        sides = [side.this if isinstance(side, exp.Cast) and is_json(side) else side for side in (node.this, node.expression)]
        return filled(MERGED[wanted], sides) if wanted in MERGED and flat_object(node.expression) else cannot("|| of JSON, but with an object that is written there and is flat")
    if isinstance(node, exp.Sub):
        if not is_json(node.this) or wanted not in ("duckdb", "sqlite", "mysql", "trino"):
            return None
        if not is_written(node.expression) or wanted == "trino":
            cannot("what is taken out of JSON, but by a key that is written there")
        was_read(node.expression)
        what = node.this.this if isinstance(node.this, exp.Cast) else node.this
        if wanted == "duckdb":
            return filled(MERGED[wanted], [what, exp.Literal.string(json.dumps({str(node.expression.this): None}))])
        return filled(GONE[wanted], [what, dollar_path([str(node.expression.this)])])
    return None


def path_steps(literal):
    if not is_written(literal):
        cannot("a path into JSON that is not written there")
    was_read(literal)
    return [step.strip().strip('"') for step in str(literal.this).strip("{} ").split(",")]


def put_into(args):
    """jsonb_set(a, '{k}', v)."""
    if len(args) > 3 and not (isinstance(args[3], exp.Boolean) and args[3].this) or wanted not in PUT:
        cannot("this jsonb_set()")
    what, value = (arg.this if isinstance(arg, exp.Cast) and is_json(arg) else arg for arg in (args[0], args[2]))
    return filled(PUT[wanted], [what, dollar_path(path_steps(args[1])), value])


def row_as_object(node):
    """row_to_json(t): of a table or a query in FROM whose columns are known."""
    column = node.expressions[0]
    select = node.find_ancestor(exp.Select)
    read = next((one for one, _ in tables_read(select) if one.alias_or_name.lower() == column.name.lower()), None) if select is not None and isinstance(column, exp.Column) and not column.table else None
    if read is None:
        return None
    pairs = [part for one in columns_in(read, select) for part in (exp.Literal.string(one), exp.column(exp.to_identifier(one), table=read.alias_or_name))]
    return exp.Anonymous(this="JSON_BUILD_OBJECT", expressions=pairs)


def postgres_json(node):
    """What of it NODE is, in other words; None = it is none of it."""
    if wanted == "postgres":
        return None
    if isinstance(node, (exp.DPipe, exp.Sub)):
        return document_changed(node)
    if isinstance(node, exp.JSONBObjectAgg) or isinstance(node, exp.JSONObjectAgg) and len(node.expressions) == 2:
        pair = [node.this, node.expression] if isinstance(node, exp.JSONBObjectAgg) else node.expressions
        return filled(OBJECT_OF_ROWS[wanted], pair) if wanted in OBJECT_OF_ROWS else None
    if isinstance(node, exp.JSONBDeleteAtPath):
        what = node.this.this if isinstance(node.this, exp.Cast) else node.this
        return filled(GONE[wanted], [what, dollar_path(path_steps(node.expression))]) if wanted in GONE else cannot("#-")
    if type(node) is not exp.Anonymous:
        return None
    name, args = node.name.upper(), node.expressions
    if name in ("ROW_TO_JSON", "TO_JSON", "TO_JSONB") and len(args) == 1:
        whole_row = row_as_object(node)
        return whole_row if whole_row is not None or name == "ROW_TO_JSON" else filled(AS_JSON[wanted], args) if wanted in AS_JSON else None
    if name == "JSONB_SET" and len(args) in (3, 4):
        return put_into(args)
    if name in ("JSONB_EXTRACT_PATH_TEXT", "JSONB_EXTRACT_PATH", "JSON_EXTRACT_PATH_TEXT", "JSON_EXTRACT_PATH") and len(args) > 1 and all(is_written(arg) for arg in args[1:]):
        for arg in args[1:]:
            was_read(arg)
        path = "$" + "".join(f"[{arg.this}]" if str(arg.this).isdigit() else f".{arg.this}" for arg in args[1:])
        kind = exp.JSONExtractScalar if name.endswith("TEXT") else exp.JSONExtract
        return kind(this=args[0].copy(), expression=dialect_parts("postgres")[0].to_json_path(exp.Literal.string(path)))
    if name == "JSONB_PATH_QUERY_FIRST" and len(args) == 2 and is_written(args[1]) and re.fullmatch(r"\$(\.\w+|\[\d+\])*", str(args[1].this)):
        was_read(args[1])
        return exp.JSONExtract(this=args[0].copy(), expression=dialect_parts("postgres")[0].to_json_path(exp.Literal.string(str(args[1].this))))
    return None


# ---- rows of a document ----

# Each element as e_, of the document _1, and a value of it by a path.
ELEMENTS = {
    "postgres": ("JSON_ARRAY_ELEMENTS(CAST(_1 AS JSON)) WITH ORDINALITY AS t_(e_, n_)", "(e_ #>> {path})"),
    "duckdb": ("(SELECT UNNEST(a_) AS e_, GENERATE_SUBSCRIPTS(a_, 1) AS n_ FROM (SELECT FROM_JSON(_1, '[\"JSON\"]') AS a_))", "JSON_EXTRACT_STRING(e_, {path})"),
    "sqlite": ("(SELECT CASE WHEN e0_.type IN ('object', 'array') THEN e0_.value ELSE JSON_QUOTE(e0_.value) END AS e_, e0_.key + 1 AS n_ FROM JSON_EACH(_1) AS e0_)", "(e_ ->> {path})"),
    "mysql": ("JSON_TABLE(_1, '$[*]' COLUMNS(e_ JSON PATH '$', n_ FOR ORDINALITY)) AS t_", "NULLIF(JSON_UNQUOTE(JSON_EXTRACT(e_, {path})), 'null')"),
    "trino": ("UNNEST(CAST(JSON_PARSE(_1) AS ARRAY(JSON))) WITH ORDINALITY AS t_(e_, n_)", "JSON_EXTRACT_SCALAR(e_, {path})"),
}


def rows_read(document, columns, alias):
    """(SELECT .. FROM the elements of DOCUMENT) AS alias, of COLUMNS: (name, type, steps to it, or None = its number)."""
    elements, value = ELEMENTS[wanted]
    shown = []
    for name, kind, steps in columns:
        if steps is None:
            shown.append(exp.alias_(exp.column("n_"), name, quoted=True))
            continue
        if wanted == "postgres":
            path = "ARRAY[" + ", ".join(exp.Literal.string(step).sql() for step in steps) + "]"
        else:
            path = exp.Literal.string("$" + "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)).sql()
        text = filled(value.format(path=path), [])
        shown.append(exp.alias_(text if kind.this in exp.DataType.TEXT_TYPES else exp.Cast(this=text, to=kind.copy()), name, quoted=True))
    query = filled(f"(SELECT 1 FROM {elements})", [document]).find(exp.Select).copy()
    query.set("expressions", shown)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias)))


def steps_in(path):
    """['a', '1'] of '$.a[1]'."""
    if not re.fullmatch(r"\$(\.\w+|\.\"[^\"]+\"|\[\d+\])*", path):
        cannot(f"the path {path} into JSON")
    return [step[0] or step[1] or step[2] for step in re.findall(r"\.(\w+)|\.\"([^\"]+)\"|\[(\d+)\]", path)]


def record_rows_of(node):
    return record_rows(node) if isinstance(node, exp.Table) and isinstance(node.this, (exp.Anonymous, exp.JSONTable)) else None


def record_rows(table):
    """json_to_recordset(x) AS t(a int, b text), and JSON_TABLE(x, '$[*]' COLUMNS (a INT PATH '$.a')) AS t."""
    what, alias = table.this, table.args.get("alias")
    if type(what) is exp.Anonymous and what.name.upper() in ("JSON_TO_RECORDSET", "JSONB_TO_RECORDSET") and len(what.expressions) == 1 and alias is not None and wanted != "postgres":
        columns = [(column.name, column.args["kind"], [column.name]) for column in alias.columns if isinstance(column, exp.ColumnDef)]
        document = what.expressions[0]
        return rows_read(document.this if isinstance(document, exp.Cast) else document, columns, alias.name) if columns and len(columns) == len(alias.columns) else cannot("this json_to_recordset()")
    if isinstance(what, exp.JSONTable) and source == "mysql" and wanted != "mysql":
        path = what.args.get("path")
        rows = str(path.this) if is_written(path) else cannot("this JSON_TABLE()")
        was_read(path)
        if not rows.endswith("[*]"):
            cannot(f"JSON_TABLE() of the rows {rows}")
        document, above, columns = what.this, steps_in(rows[:-3]), []
        if above:
            holder = exp.JSONExtract(this=exp.cast(document.copy(), "json") if wanted == "postgres" else document.copy(), expression=dialect_parts("mysql")[0].to_json_path(exp.Literal.string(rows[:-3])))
            document = exp.JSONFormat(this=holder) if wanted == "trino" else holder
        for column in what.args["schema"].expressions:
            if not isinstance(column, exp.JSONColumnDef) or column.args.get("nested_schema") is not None:
                cannot("this column of JSON_TABLE()")
            if column.args.get("path"):
                was_read(column.args["path"])
            columns.append((column.name, column.args.get("kind"), None if column.args.get("ordinality") else steps_in(str(column.args["path"].this))))
        return rows_read(document, columns, alias.name if alias is not None else "json_table_")
    return None
