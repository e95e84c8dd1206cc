"""From Trino."""


def trino_source(node):
    if type(node) is exp.Anonymous and node.name.upper() == "CODEPOINT" and len(node.expressions) == 1:
        return exp.Unicode(this=node.expressions[0].copy())
    if type(node) is exp.Anonymous and node.name.upper() == "EVERY" and len(node.expressions) == 1:
        return exp.LogicalAnd(this=node.expressions[0].copy())
    if isinstance(node, exp.Extract) and node.this.name.upper() in ("DOW", "DAY_OF_WEEK", "DAYOFWEEK") and wanted != "trino":
        return exp.Extract(this=exp.Var(this="ISODOW"), expression=node.expression.copy()) # its Sunday is 7
    if isinstance(node, exp.UnicodeString) and wanted != "postgres":
        return exp.Literal.string(re.sub(r"\\(\+[0-9a-fA-F]{6}|[0-9a-fA-F]{4})", lambda m: chr(int(m[1].lstrip("+"), 16)), str(node.this)))
    if isinstance(node, exp.HexString) and wanted == "postgres":
        return exp.cast(exp.Literal.string("\\x" + str(node.this)), "bytea")
    if isinstance(node, exp.If) and node.args.get("false") is None and wanted == "sqlite" and not isinstance(node.parent, exp.Case):
        return changed(node, false=exp.Null())
    out = trino_call(node) if isinstance(node, exp.Func) or type(node).__name__ in ("JSONValue", "JSONExtract", "JSONExists") else None
    if out is not None:
        return out
    if isinstance(node, exp.Cast) and wanted == "duckdb" and node.to.this == TYPE.TIMESTAMP and node.to.expressions:
        return exp.cast(node.this.copy(), "timestamp")
    return node
