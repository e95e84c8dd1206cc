"""For DuckDB."""

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def duckdb_divide(node):
    """Integers divided are an integer elsewhere; whether a column is one, the engine knows."""
    sides = [node.this, node.expression]
    if any(side.is_type(TYPE.DECIMAL, TYPE.DOUBLE, TYPE.FLOAT, TYPE.BIGDECIMAL) or side.find(exp.AggFunc, exp.Interval) is not None
           and not isinstance(side.find(exp.AggFunc), (exp.Count, exp.Min, exp.Max)) for side in sides):
        return None
    asked = [side for side in sides if not side.is_type(*exp.DataType.INTEGER_TYPES)]
    if not asked:
        return None
    kinds = [exp.Literal.string(name) for name in WHOLE]
    whole = exp.and_(*(exp.In(this=call("TYPEOF", side), expressions=[k.copy() for k in kinds]) for side in asked))
    plain = node.copy()
    plain.set("typed", False)
    plain.set("safe", None)
    divided = exp.cast(call("TRUNC", plain.copy()), "bigint")
    return exp.Case().when(whole, divided).else_(plain)


DUCKDB_NAMES = {"EVERY": "BOOL_AND", "CARDINALITY": "LEN", "JSONB_ARRAY_LENGTH": "JSON_ARRAY_LENGTH", "JSONB_BUILD_OBJECT": "JSON_OBJECT",
                "JSON_BUILD_OBJECT": "JSON_OBJECT"}


def duckdb_function(node):
    if difference(node) is not None:
        unit, begin, end = difference(node)
        return exp.Anonymous(this="DATE_SUB", expressions=[exp.Literal.string(unit.lower()), exp.cast(begin.copy(), "timestamp"), exp.cast(end.copy(), "timestamp")])
    if isinstance(node, exp.Length) and isinstance(node.this, exp.HexString):
        return call("OCTET_LENGTH", node.this)
    if isinstance(node, exp.Length) and node.args.get("binary") and is_of(node.this, *BYTE_TYPES):
        return call("OCTET_LENGTH", node.this)
    if isinstance(node, exp.Length) and node.args.get("binary"):
        return call("STRLEN", node.this)
    if type(node).__name__ == "DayOfWeek" and source == "mysql":
        return exp.Paren(this=exp.Add(this=node.copy(), expression=exp.Literal.number(1)))
    if isinstance(node, (exp.Round, exp.Trunc)) and node.args.get("decimals") is not None and is_marker(node.args["decimals"]):
        return changed(node, decimals=exp.cast(node.args["decimals"].copy(), "int"))
    if isinstance(node, exp.ArraySize) and source == "trino" and (type(node.this).__name__ in ("Map", "VarMap", "ToMap") or is_of(node.this, "MAP")):
        return call("CARDINALITY", node.this)
    if isinstance(node, exp.Median) and source != "duckdb" and is_of(node.this, "DECIMAL"): # its median of decimals is one
        return changed(node, this=exp.cast(node.this.copy(), "double"))
    if isinstance(node, exp.ApproxDistinct) and source == "trino": # as exact as on the others
        return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
    if isinstance(node, (exp.Greatest, exp.Least)):
        return null_if_any(node)
    return None


KIND_OF_JSON = "CASE {0} WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE 'number' END"


def duckdb_match(node):
    """(regexp_match(x, 'a(b)'))[1]."""
    found = node.this.unnest()
    at = number_of(node.expressions[0]) if len(node.expressions) == 1 else None
    if not isinstance(found, exp.Anonymous) or found.name.upper() != "REGEXP_MATCH" or len(found.expressions) != 2 or at is None:
        return None
    pattern = found.expressions[1]
    group = 0 if isinstance(pattern, exp.Literal) and "(" not in str(pattern.this) else at + 1
    return exp.func("NULLIF", call("REGEXP_EXTRACT", found.expressions[0], pattern, group), exp.Literal.string(""))


def duckdb_conflict(node):
    conflict = node.args.get("conflict")
    for key in conflict.args.get("conflict_keys") or [] if conflict is not None else []:
        if isinstance(key, exp.Ordered):
            key.replace(key.this.copy())
    if node.args.get("ignore"):
        return changed(node, ignore=None, conflict=exp.OnConflict(action=exp.Var(this="DO NOTHING")))
    if conflict is None or not conflict.args.get("duplicate"):
        return None
    conflict.set("duplicate", None)
    conflict.set("action", exp.Var(this="DO UPDATE"))
    for value in list(conflict.find_all(exp.Anonymous)):
        if value.name.upper() == "VALUES" and len(value.expressions) == 1:
            value.replace(exp.column(exp.to_identifier(value.expressions[0].name), table="EXCLUDED"))
    return node


NOW_CALLS = {"CurrentDate": ("current_date", "TODAY"), "CurrentTimestamp": ("current_timestamp", "GET_CURRENT_TIMESTAMP"), "CurrentTime": ("current_time", "GET_CURRENT_TIME"),
             "Localtimestamp": ("localtimestamp", "CURRENT_LOCALTIMESTAMP"), "Localtime": ("localtime", "CURRENT_LOCALTIME")}


def called_now(node):
    """As a word it is a column of the list where one is called so."""
    word, function = NOW_CALLS.get(type(node).__name__, (None, None))
    select = node.find_ancestor(exp.Select) if word else None
    return call(function) if select is not None and any(item.alias.lower() == word for item in select.selects) else None


def duckdb_node(node):
    now = called_now(node)
    if now is not None:
        return now
    if isinstance(node, exp.Insert):
        return duckdb_conflict(node) or node
    if isinstance(node, exp.Unnest) and len(node.expressions) > 1:
        return side_by_side(node) or (cannot("UNNEST of several arrays that are not written there, WITH ORDINALITY") if node.args.get("offset") else node)
    if isinstance(node, exp.DataType):
        return plain_type(node) or node
    if isinstance(node, exp.SimilarTo):
        return similar(node)
    if isinstance(node, exp.Overlay):
        return overlaid(node)
    if isinstance(node, exp.Bracket) and source == "postgres" and duckdb_match(node) is not None:
        return duckdb_match(node)
    if type(node) is exp.Anonymous and node.name.upper() in ("JSON_TYPEOF", "JSONB_TYPEOF") and len(node.expressions) == 1:
        return filled(KIND_OF_JSON.format("JSON_TYPE(_1)"), node.expressions)
    if isinstance(node, exp.ColumnDef) and source != "duckdb" and (any(type(c.args.get("kind")).__name__ == "GeneratedAsIdentityColumnConstraint" for c in node.args.get("constraints") or [])
                                                                   or "SERIAL" in str(node.args.get("kind")).upper()):
        cannot("a column that counts; CREATE SEQUENCE, and DEFAULT nextval('...') for it")
    if isinstance(node, exp.Cast) and source == "trino" and node.to.this in exp.DataType.INTEGER_TYPES and node.this.is_type(TYPE.DOUBLE, TYPE.FLOAT):
        return changed(node, this=call("ROUND", node.this))
    if isinstance(node, exp.Func) and duckdb_function(node) is not None:
        return duckdb_function(node)
    if isinstance(node, exp.Div) and source in ("postgres", "trino", "sqlite") and not isinstance(node.parent, exp.Anonymous):
        return duckdb_divide(node) or node
    if type(node) is exp.Anonymous and node.name.upper() in DUCKDB_NAMES:
        return call(DUCKDB_NAMES[node.name.upper()], *node.expressions)
    if isinstance(node, exp.ByteLength) or type(node) is exp.Anonymous and node.name.upper() == "OCTET_LENGTH":
        return call("STRLEN", *(node.expressions or [node.this]))
    if isinstance(node, exp.ArrayContainsAll) and is_json(node.this, node.expression):
        return call("JSON_CONTAINS", node.this, node.expression)
    if isinstance(node, exp.JSONBContainsTopKey):
        return call("JSON_EXISTS", node.this, key_path(node.expression))
    return node
