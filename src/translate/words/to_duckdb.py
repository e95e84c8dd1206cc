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
    if isinstance(node, exp.Length) and node.args.get("binary"):
        return call("STRLEN", node.this)
    if type(node).__name__ == "DayOfWeek" and source == "mysql":
        return exp.Paren(this=exp.Add(this=node.copy(), expression=exp.Literal.number(1)))
    if isinstance(node, (exp.Greatest, exp.Least)):
        return null_if_any(node)
    return None


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


def duckdb_node(node):
    if isinstance(node, exp.Insert):
        return duckdb_conflict(node) or node
    if isinstance(node, exp.DataType):
        return plain_type(node) or node
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
