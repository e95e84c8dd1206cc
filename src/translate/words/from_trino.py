"""From Trino."""


def spanned(node):
    """INTERVAL '1 02:03:04' DAY TO SECOND as one of 1 day, 2 hours .."""
    found = re.fullmatch(r"(?:(\d+) )?(\d+):(\d+)(?::(\d+))?", str(node.this.this)) if isinstance(node.this, exp.Literal) else None
    if found is None or node.args["unit"].this.name.upper() != "DAY":
        cannot("this interval")
    parts = [f"{number} {unit}" for number, unit in zip(found.groups(), ("day", "hour", "minute", "second")) if number]
    return exp.Interval(this=exp.Literal.string(" ".join(parts)))


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
    if isinstance(node, exp.Subquery) and node.args.get("alias") is None and isinstance(node.parent, (exp.From, exp.Join)) and isinstance(node.this, exp.Query) and \
            wanted in ("postgres", "mysql"):
        return changed(node, alias=exp.TableAlias(this=exp.to_identifier("unnamed_")))
    if type(node) is exp.Concat and wanted == "sqlite":
        parts = [p.copy() for p in node.expressions]
        return exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), parts))
    if isinstance(node, exp.RegexpExtract) and wanted == "duckdb":
        found = call("REGEXP_MATCHES", node.this, node.expression)
        return exp.Case().when(found, call("REGEXP_EXTRACT", node.this, node.expression, node.args.get("group") or 0))
    if isinstance(node, exp.Round) and node.args.get("decimals") is None and wanted in ("postgres", "mysql"):
        return filled("(SIGN(_1) * FLOOR(ABS(_1) + 0.5))", [node.this]) # halves go away from zero, of doubles, too
    if isinstance(node, exp.In) and wanted == "mysql" and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values):
        return exp.In(this=node.this.copy(), expressions=[row.copy() for row in node.expressions[0].expressions])
    if isinstance(node, exp.Bracket) and isinstance(node.this, exp.Split) and wanted in ("sqlite", "mysql") and number_of(node.expressions[0]) is not None:
        at = number_of(node.expressions[0]) + (1 - (node.args.get("offset") or 0))
        return exp.SplitPart(this=node.this.this.copy(), delimiter=node.this.expression.copy(), part_index=exp.Literal.number(at))
    if isinstance(node, (exp.ArrayToString, exp.ArrayConcatAgg)) and wanted in ("sqlite", "mysql") and isinstance(node.this, exp.ArrayAgg):
        return exp.GroupConcat(this=node.this.this.copy(), separator=node.expression.copy())
    if isinstance(node, exp.Interval) and isinstance(node.args.get("unit"), exp.IntervalSpan) and wanted in ("sqlite", "mysql", "duckdb"):
        return spanned(node) or node
    out = trino_call(node) if isinstance(node, exp.Func) or type(node).__name__ in ("JSONValue", "JSONExtract", "JSONExists") else None
    if out is not None:
        return out
    if isinstance(node, exp.Cast) and wanted == "duckdb" and node.to.this == TYPE.TIMESTAMP and node.to.expressions:
        return exp.cast(node.this.copy(), "timestamp")
    return node
