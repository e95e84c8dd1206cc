"""From Trino."""


TRINO_PARTS = {"YEAR_OF_WEEK": "ISOYEAR", "YOW": "ISOYEAR", "DAY_OF_MONTH": "DAY", "DAY_OF_YEAR": "DOY"}


SPAN_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def spanned(node):
    """INTERVAL '1 02:03:04' DAY TO SECOND as one of 1 day, 2 hours .., '1-2' YEAR TO MONTH as one of 1 year, 2 months."""
    first, last = (node.args["unit"].args[key].name.upper() for key in ("this", "expression"))
    units = SPAN_UNITS[SPAN_UNITS.index(first):SPAN_UNITS.index(last) + 1] if first in SPAN_UNITS and last in SPAN_UNITS else ()
    text = str(node.this.this).strip() if is_written(node.this) else ""
    numbers = re.split(r"[-: ]", text) if re.fullmatch(r"\d+([-: ]\d+)*", text) else []
    if not units or not 0 < len(numbers) <= len(units) or first == "DAY" and len(numbers) > 1 and " " not in text:
        cannot("this interval")
    return exp.Interval(this=exp.Literal.string(" ".join(f"{number} {unit.lower()}" for number, unit in zip(numbers, units))))


URL_PARTS = {"URL_EXTRACT_HOST": "^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^:/?#]+)", "URL_EXTRACT_PATH": "^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*([^?#]*)",
             "URL_EXTRACT_PROTOCOL": "^([A-Za-z][A-Za-z0-9+.-]*):"}
NUMBER_PATTERNS = {"whole": "^ *[-+]?[0-9]{1,%d} *$", "any": "^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})? *$"}


def tried(node):
    """TRY_CAST to a number, where only what looks like one may be cast."""
    kind, what = node.to.this, node.this
    if kind == TYPE.DATE and wanted == "sqlite": # 30 February is none
        return filled("CASE WHEN DATE(_1, '+0 days') = DATE(_1) THEN DATE(_1) END", [what])
    if wanted not in ("postgres", "sqlite", "mysql") or is_of(what, *NUMBERS):
        return None
    if kind in exp.DataType.INTEGER_TYPES:
        pattern = NUMBER_PATTERNS["whole"] % {"TINYINT": 2, "SMALLINT": 4, "INT": 9}.get(kind.name, 18)
    elif kind in (TYPE.DOUBLE, TYPE.FLOAT, TYPE.DECIMAL):
        pattern = NUMBER_PATTERNS["any"]
    else:
        return cannot("TRY_CAST to other types than numbers")
    if is_written(what): # PostgreSQL would cast it even where it is not asked
        return exp.Cast(this=exp.Literal.string(str(what.this)), to=node.to.copy()) if re.search(pattern, str(what.this)) else exp.Null()
    text = exp.cast(what.copy(), "text") if wanted == "postgres" else what.copy()
    looks_so = exp.RegexpLike(this=text, expression=exp.Literal.string(pattern), full_match=True if wanted == "mysql" else None)
    return exp.Case().when(looks_so, exp.Cast(this=what.copy(), to=node.to.copy()))


def java_formatted(node):
    """format('%s-%05d', a, b)."""
    if not is_written(node.this):
        cannot("format() with a format that is not written there")
    args, out = [a.copy() for a in node.expressions], []
    for piece in re.findall(r"%[^%a-zA-Z]*[a-zA-Z%]|[^%]+", str(node.this.this)):
        found = re.fullmatch(r"%(0(\d+))?(?:\.(\d+))?([sdf])", piece)
        if piece == "%%" or not piece.startswith("%"):
            out.append(exp.Literal.string("%" if piece == "%%" else piece))
            continue
        if found is None or not args or found[3] and found[4] != "f" or found[1] and found[4] != "d":
            cannot(f"this place of format(): {piece}")
        value = args.pop(0)
        if found[4] == "f":
            digits = int(found[3] or 6)
            text = filled(f"CASE WHEN _1 IS NOT NULL THEN PRINTF('%.{digits}f', _1) END", [value]) if wanted == "sqlite" else exp.cast(exp.cast(value, f"decimal(38, {digits})"), "text")
        else:
            text = exp.cast(value, "text")
        if found[2]:
            text = filled(f"PRINTF('%0{found[2]}d', _1)", [value]) if wanted == "sqlite" else \
                exp.Pad(this=text, expression=exp.Literal.number(int(found[2])), fill_pattern=exp.Literal.string("0"), is_left=True)
        out.append(text if isinstance(value, exp.Literal) else exp.func("COALESCE", text, exp.Literal.string("null"[: int(found[3])] if found[3] else "null")))
    whole_text = functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), out) if out else exp.Literal.string("")
    return exp.Paren(this=whole_text) if len(out) > 1 else whole_text


def count_of_pieces(text, mark):
    """How many pieces split() makes."""
    lengths = [exp.Length(this=side) for side in (text.copy(), call("REPLACE", text, mark, ""), mark.copy())]
    less = exp.Paren(this=exp.Sub(this=lengths[0], expression=lengths[1]))
    return exp.Paren(this=exp.Add(this=exp.IntDiv(this=less, expression=lengths[2]), expression=exp.Literal.number(1)))


def trino_pieces(node):
    """split() and split_part(): of '' there is one piece, and NULL is where there is none."""
    if isinstance(node, exp.SplitPart):
        at = number_of(node.args["part_index"])
        if at == 1 or node.meta.get("checked"):
            return None
        part = node.copy()
        part.meta["checked"] = True
        return exp.Case().when(exp.GTE(this=count_of_pieces(node.this, node.args["delimiter"]), expression=node.args["part_index"].copy()), part)
    if isinstance(node, exp.ArraySize) and isinstance(node.this, exp.Split) and wanted in ("sqlite", "mysql"):
        return count_of_pieces(node.this.this, node.this.expression)
    if isinstance(node, exp.Split) and wanted == "postgres" and len(node.args) >= 2 and not node.args.get("limit"):
        return filled("CASE WHEN _1 = '' THEN ARRAY[''] ELSE STRING_TO_ARRAY(_1, _2) END", [node.this, node.expression])
    return None


def truths_joined(node):
    """array_join(array_agg(flag), ','): true and false, not t and f or 1 and 0."""
    for column in list(node.this.find_all(exp.Column)):
        if is_of(column, "BOOLEAN") and not isinstance(column.parent, exp.Cast):
            column.replace(exp.cast(column.copy(), "varchar"))


def just_above(node):
    """approx_percentile(x, 0.5): of few values it is the one behind their half, where percentile_disc() has the one that ends it."""
    part = node.args.get("quantile")
    if not isinstance(part, exp.Literal) or part.is_string or any(node.args.get(key) is not None for key in ("weight", "accuracy", "error_tolerance")):
        cannot("approx_percentile() with weights, or of a part that is not written there")
    was_read(part)
    fraction = min(float(str(part.this)) + 1e-9, 1.0)
    whole = exp.WithinGroup(this=exp.PercentileDisc(this=exp.Literal.number(f"{fraction:.10f}")), expression=exp.Order(expressions=[exp.Ordered(this=node.this.copy(), nulls_first=False)]))
    return (between_ranks(whole) if wanted in ("sqlite", "mysql") else None) or whole


def values_compared(node):
    """x = ANY (VALUES 'a', 'b') and x <> ALL (..) as IN, where VALUES is no query."""
    quantified = node.expression
    if isinstance(node, exp.EQ):
        inner = quantified.this.unnest() if isinstance(quantified, exp.Any) and isinstance(quantified.this, exp.Expression) else None
    else: # ALL (..) is read as a call
        inner = quantified.expressions[0] if type(quantified) is exp.Anonymous and quantified.name.upper() == "ALL" and len(quantified.expressions) == 1 else None
    if not isinstance(inner, exp.Values) or any(len(row.expressions) != 1 for row in inner.expressions):
        return None
    found = exp.In(this=node.this.copy(), expressions=[row.expressions[0].copy() for row in inner.expressions])
    return found if isinstance(node, exp.EQ) else exp.Not(this=found)


def trino_lists(node):
    """What it has of lists, beside a column, where others have rows or another word."""
    if isinstance(node, exp.GenerateSeries) and not isinstance(node.parent, (exp.Unnest, exp.Table, exp.From, exp.Func)) and wanted in ("postgres", "mysql", "sqlite"):
        if wanted != "postgres":
            cannot("arrays")
        days = changed(node, step=node.args.get("step") or exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="DAY"))) if is_date(node.args["start"]) else None
        return exp.Array(expressions=[exp.select(node.copy() if days is None else exp.cast(days, "date"))])
    if isinstance(node, exp.Reverse) and wanted != "trino" and (isinstance(node.this, (exp.Array, exp.ArrayAgg, exp.Split, exp.GenerateSeries)) or is_of(node.this, "ARRAY")):
        return call("LIST_REVERSE", node.this) if wanted == "duckdb" else cannot("reverse() of an array")
    if type(node) is exp.Anonymous and node.name.upper() == "JSON_ARRAY" and wanted != "trino":
        return exp.JSONArray(expressions=[e.copy() for e in node.expressions if not isinstance(e, exp.Null)])
    if isinstance(node, exp.JSONArrayContains) and wanted in ("mysql", "sqlite", "postgres", "duckdb"):
        return cannot("the function json_array_contains()")
    return None


def trino_source(node):
    of_lists = trino_lists(node)
    if of_lists is not None:
        return of_lists
    if type(node) is exp.Anonymous and node.name.upper() == "TYPEOF" or type(node).__name__ == "Typeof":
        cannot("typeof(), as every engine has its own names of types")
    if type(node) is exp.Anonymous and node.name.upper() == "TO_MILLISECONDS" and wanted == "duckdb":
        cannot("the function to_milliseconds()")
    if isinstance(node, exp.Bracket) and wanted == "postgres" and len(node.expressions) == 1 and (number_of(node.expressions[0]) or 0) < 0:
        was_read(node.expressions[0].this)
        return exp.Bracket(this=exp.Paren(this=node.this.copy()), expressions=[exp.Sub(this=call("CARDINALITY", node.this), expression=exp.Literal.number(-number_of(node.expressions[0]) - 1))], offset=1)
    if isinstance(node, (exp.Max, exp.Min)) and node.expressions and wanted in ("postgres", "sqlite", "mysql"):
        cannot("max() and min() of several values")
    if isinstance(node, exp.ApproxQuantile) and wanted != "trino":
        return just_above(node)
    if isinstance(node, exp.RegexpCount) and wanted in COUNTED_MATCHES:
        return matches_counted(node)
    if type(node) is exp.Anonymous and node.name.upper() == "URL_ENCODE" and len(node.expressions) == 1 and wanted == "duckdb":
        return filled("REPLACE(URL_ENCODE(_1), '%20', '+')", node.expressions)
    if type(node).__name__ in ("Skewness", "Kurtosis") or type(node) is exp.Anonymous and node.name.upper() in ("SKEWNESS", "KURTOSIS"):
        cannot("skewness() and kurtosis() as Trino has them")
    if isinstance(node, exp.ArrayToString) and isinstance(node.this, exp.ArrayAgg):
        truths_joined(node)
    if isinstance(node, (exp.SplitPart, exp.ArraySize, exp.Split)) and trino_pieces(node) is not None:
        return trino_pieces(node)
    if isinstance(node, exp.TryCast) and tried(node) is not None:
        return tried(node)
    if isinstance(node, exp.Format):
        return java_formatted(node)
    if isinstance(node, exp.Translate) and wanted in ("sqlite", "mysql"):
        return translated(node)
    if type(node) is exp.Anonymous and node.name.upper() in URL_PARTS and len(node.expressions) == 1:
        return found_part(node.expressions[0], exp.Literal.string(URL_PARTS[node.name.upper()]), 1)
    if isinstance(node, exp.RegexpExtract) and number_of(node.args.get("group")) and wanted in ("sqlite", "mysql"):
        return found_part(node.this, node.expression.copy(), number_of(node.args["group"]))
    if isinstance(node, exp.CountIf) and wanted == "duckdb":
        return exp.Count(this=exp.Case().when(node.this.copy(), exp.Literal.number(1)))
    if isinstance(node, exp.GenerateSeries) and node.args.get("step") is None and is_date(node.args["start"]):
        return changed(node, step=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="DAY")))
    if isinstance(node, exp.Try) and type(node.this.unnest()) is exp.Cast and wanted != "trino":
        attempt = exp.TryCast(this=node.this.unnest().this.copy(), to=node.this.unnest().to.copy())
        return tried(attempt) or attempt
    if isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar)) and wanted == "postgres" and not is_json(node.this):
        return trino_call(node) or changed(node, this=exp.cast(node.this.copy(), "json"))
    if isinstance(node, exp.Cast) and node.to.this == TYPE.ARRAY and isinstance(node.this, (exp.ParseJSON, exp.JSONExtract)) and wanted == "postgres" and len(node.to.expressions) == 1:
        document = node.this.this if isinstance(node.this, exp.ParseJSON) else node.this
        return exp.Cast(this=filled("ARRAY(SELECT JSON_ARRAY_ELEMENTS_TEXT(CAST(_1 AS JSON)))", [document]), to=node.to.copy())
    if isinstance(node, exp.Try) and isinstance(node.this.unnest(), (exp.Div, exp.Mod)):
        inner = node.this.unnest()
        return exp.Paren(this=changed(inner, expression=exp.func("NULLIF", inner.expression.copy(), exp.Literal.number(0))))
    if type(node) is exp.Anonymous and node.name.upper() == "CODEPOINT" and len(node.expressions) == 1:
        return exp.Unicode(this=node.expressions[0].copy())
    if type(node) is exp.Anonymous and node.name.upper() == "EVERY" and len(node.expressions) == 1:
        return exp.LogicalAnd(this=node.expressions[0].copy())
    if isinstance(node, exp.Extract) and node.this.name.upper() in ("DOW", "DAY_OF_WEEK", "DAYOFWEEK") and wanted != "trino":
        return exp.Extract(this=exp.Var(this="ISODOW"), expression=node.expression.copy()) # its Sunday is 7
    if isinstance(node, exp.Extract) and node.this.name.upper() in TRINO_PARTS and wanted != "trino":
        return exp.Extract(this=exp.Var(this=TRINO_PARTS[node.this.name.upper()]), expression=node.expression.copy())
    if isinstance(node, exp.Cast) and type(node.this) is exp.JSONExtract and (node.to.this in exp.DataType.TEXT_TYPES or node.to.this.name in ("BOOLEAN", *NUMBERS)):
        return changed(node, this=exp.JSONExtractScalar(**{key: value.copy() if isinstance(value, exp.Expression) else value for key, value in node.this.args.items()}))
    if isinstance(node, exp.UnicodeString) and wanted != "postgres":
        return exp.Literal.string(re.sub(r"\\(\+[0-9a-fA-F]{6}|[0-9a-fA-F]{4})", lambda m: chr(int(m[1].lstrip("+"), 16)), str(node.this)))
    if isinstance(node, exp.HexString) and wanted == "postgres":
        return exp.cast(exp.Literal.string("\\x" + str(node.this)), "bytea")
    if isinstance(node, exp.If) and node.args.get("false") is None and wanted == "sqlite" and not isinstance(node.parent, exp.Case):
        return changed(node, false=exp.Null())
    if is_unnamed(node):
        return changed(node, alias=exp.TableAlias(this=exp.to_identifier("unnamed_")))
    if type(node) is exp.Concat and wanted == "sqlite":
        parts = [p.copy() for p in node.expressions]
        return exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), parts))
    if isinstance(node, exp.RegexpExtract) and wanted == "duckdb":
        found = call("REGEXP_MATCHES", node.this, node.expression)
        return exp.Case().when(found, call("REGEXP_EXTRACT", node.this, node.expression, node.args.get("group") or 0))
    if isinstance(node, exp.Round) and number_of(node.args.get("decimals") or exp.Literal.number(0)) == 0 and wanted in ("postgres", "mysql") and \
            (node.args.get("decimals") is None or is_of(node.this, "DOUBLE", "FLOAT")):
        return filled("(SIGN(_1) * FLOOR(ABS(_1) + 0.5))", [node.this]) # halves go away from zero, of doubles, too
    if type(node) is exp.Cast and node.to.this in exp.DataType.INTEGER_TYPES and wanted == "mysql" and is_of(node.this, "DOUBLE", "FLOAT"):
        return changed(node, this=filled("(SIGN(_1) * FLOOR(ABS(_1) + 0.5))", [node.this]))
    compared = values_compared(node) if isinstance(node, (exp.EQ, exp.NEQ)) and wanted in ("mysql", "sqlite") else None
    if compared is not None:
        return compared
    if isinstance(node, exp.In) and wanted == "mysql" and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Values):
        return exp.In(this=node.this.copy(), expressions=[row.copy() for row in node.expressions[0].expressions])
    if isinstance(node, exp.Bracket) and isinstance(node.this, exp.Split) and wanted in ("sqlite", "mysql") and number_of(node.expressions[0]) is not None:
        at = number_of(node.expressions[0]) + (1 - (node.args.get("offset") or 0))
        part = exp.SplitPart(this=node.this.this.copy(), delimiter=node.this.expression.copy(), part_index=exp.Literal.number(at))
        return trino_pieces(part) or part
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
