"""For Trino: nothing is converted by itself, decimals keep their scale, and an integer is no truth."""


def is_moment_text(node):
    """'DATE', 'TIMESTAMP' or None, as the literal is written; its digits do not matter (scan.c has the rest in the key)."""
    if not isinstance(node, exp.Literal) or not node.is_string:
        return None
    form = "".join("0" if c in "0123456789" else c for c in str(node.this)[:40])
    return "DATE" if form == "0000-00-00" else "TIMESTAMP" if form.startswith("0000-00-00 00:00") and len(form) < 36 else None


def typed_moment(node, other):
    """A date written as a text beside what may be one. (A column of texts that look like dates would need a cast by its writer.)"""
    kind = is_moment_text(node)
    if kind is None or not (isinstance(other, (exp.Column, exp.CurrentDate, exp.CurrentTimestamp, exp.Min, exp.Max, exp.Add, exp.Sub)) or is_date(other)
                            or other.is_type(TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ, TYPE.DATETIME)):
        return None
    return exp.cast(node.copy(), kind.lower())


def trino_compare(node):
    """d >= '2024-01-01'; i = '2' of MySQL is not known."""
    if isinstance(node, exp.Between):
        low, high = (typed_moment(node.args[key], node.this) for key in ("low", "high"))
        if low is None and high is None:
            return None
        out = node.copy()
        out.set("low", low or node.args["low"].copy())
        out.set("high", high or node.args["high"].copy())
        return out
    if isinstance(node, exp.In):
        typed = [typed_moment(e, node.this) for e in node.expressions]
        return exp.In(this=node.this.copy(), expressions=typed) if typed and all(typed) else None
    left, right = typed_moment(node.this, node.expression), typed_moment(node.expression, node.this)
    if left is None and right is None:
        return None
    return type(node)(this=left or node.this.copy(), expression=right or node.expression.copy())


def worded(node):
    """As a text, unless it is one for certain."""
    if isinstance(node, exp.Literal) and node.is_string or isinstance(node, exp.Cast) and node.to.this in exp.DataType.TEXT_TYPES:
        return node.copy()
    text = exp.cast(node.copy(), "varchar")
    return trino_cast(text) or text


def trino_divide(node):
    """Decimals are divided to more than their own digits elsewhere; which columns are such, typeof() says when it runs."""
    sides = [node.this, node.expression]
    if any(isinstance(side, exp.Literal) and re.fullmatch(r"[0-9]*\.[0-9]*", str(side.this)) for side in sides):
        return exp.Div(this=exp.cast(node.this.copy(), "double"), expression=node.expression.copy(), typed=True)
    if any(side.is_type(TYPE.DOUBLE, TYPE.FLOAT) or isinstance(side, exp.Cast) and side.to.this == TYPE.DOUBLE for side in sides):
        return None
    asked = [side for side in sides if not side.is_type(*exp.DataType.INTEGER_TYPES)]
    if not asked:
        return None
    exact = exp.Div(this=exp.cast(node.this.copy(), "double"), expression=node.expression.copy(), typed=True)
    if any(side.is_type(TYPE.DECIMAL, TYPE.BIGDECIMAL) or isinstance(side, exp.Literal) and not side.is_int for side in asked):
        return exact
    is_decimal = exp.or_(*(exp.Like(this=call("TYPEOF", side), expression=exp.Literal.string("decimal%")) for side in asked))
    return exp.Case().when(is_decimal, exact).else_(exp.cast(node.copy(), "double"))


def trino_moment(node):
    left, right = node.this, node.expression
    if isinstance(node, exp.Sub) and any(is_date(a) and not is_date(b) and is_of(b, *MOMENT_TYPES) for a, b in ((left, right), (right, left))):
        return exp.Sub(this=exp.cast(left.copy(), "timestamp"), expression=exp.cast(right.copy(), "timestamp"))
    if isinstance(node, exp.Sub) and (is_date(left) and (is_date(right) or isinstance(right, exp.Column)) or is_date(right) and isinstance(left, exp.Column)):
        return exp.Anonymous(this="DATE_DIFF", expressions=[exp.Literal.string("day"), right.copy(), left.copy()])
    if isinstance(left, exp.Interval) and isinstance(node, exp.Add):
        left, right = right, left
    if is_date(left) and isinstance(right, exp.Literal) and not right.is_string:
        days = right.copy() if isinstance(node, exp.Add) else exp.Neg(this=right.copy())
        return exp.Anonymous(this="DATE_ADD", expressions=[exp.Literal.string("day"), days, left.copy()])
    if isinstance(right, exp.Mul) and is_date(left) and any(isinstance(side, exp.Interval) and singular(side.text("unit") or "DAY") not in WHOLE_DAYS for side in (right.this, right.expression)):
        return changed(node, **{"this" if left is node.this else "expression": exp.cast(left.copy(), "timestamp")})
    if not isinstance(right, exp.Interval):
        return None
    parts = interval_parts(right)
    if parts is None:
        return None
    out = left.copy()
    if is_date(left) and any(unit not in WHOLE_DAYS for _, unit in parts):
        out = exp.cast(out, "timestamp")
    for number, unit in parts:
        times = {"WEEK": ("DAY", 7), "QUARTER": ("MONTH", 3)}.get(unit, (unit, 1))
        out = type(node)(this=out, expression=exp.Interval(this=exp.Literal.string(number if "." in number else str(int(number) * times[1])), unit=exp.Var(this=times[0])))
    if is_date(left):
        out.type = exp.DataType.build("date")
    return out


def trino_extract(node):
    unit, what = singular(node.this.name), node.expression
    if unit == "DOW" and source != "trino":
        return exp.Paren(this=exp.Mod(this=call("DAY_OF_WEEK", what), expression=exp.Literal.number(7)))
    if unit == "ISODOW":
        return call("DAY_OF_WEEK", what)
    if unit == "EPOCH":
        return call("TO_UNIXTIME", exp.cast(what.copy(), "timestamp"))
    if unit == "ISOYEAR":
        return call("YEAR_OF_WEEK", what)
    return None


def trino_is(node):
    """x IS TRUE."""
    if not isinstance(node.expression, exp.Boolean):
        return None
    wanted_true = bool(node.expression.this)
    return exp.func("COALESCE", node.this.copy() if wanted_true else exp.not_(node.this.copy()), exp.Boolean(this=False))


def trino_cast(node):
    kind, what = node.to.this, node.this
    if kind in exp.DataType.TEXT_TYPES and source in ("postgres", "mysql", "duckdb", "sqlite") and is_of(what, *MOMENT_TYPES) and isinstance(what, exp.Column):
        return filled("REGEXP_REPLACE(CAST(_1 AS VARCHAR), '\\.0+$|(\\.[0-9]*?)0+$', '$1')", [what]) # without what is zero at its end
    if kind in exp.DataType.TEXT_TYPES and source != "trino" and (isinstance(what, exp.Cast) and what.to.this == TYPE.JSON or isinstance(what, exp.ParseJSON) or isinstance(what, exp.Anonymous) and what.name == "JSON_PARSE"):
        return call("JSON_FORMAT", what)
    if kind in (TYPE.DATE, TYPE.TIME) and is_moment_text(what) == "TIMESTAMP":
        return exp.Cast(this=exp.cast(what.copy(), "timestamp"), to=node.to.copy())
    if kind in exp.DataType.INTEGER_TYPES and isinstance(what, exp.Literal) and what.is_string:
        return changed(node, this=exp.func("TRIM", what.copy()))
    if kind in (TYPE.VARBINARY, TYPE.BINARY) and source in ("postgres", "mysql") and is_text(what):
        return call("TO_UTF8", what)
    if kind in (TYPE.JSON, TYPE.JSONB) and source != "trino" and not node.meta.get("made"):
        return call("JSON_PARSE", what)
    if kind == TYPE.DECIMAL and not node.to.expressions:
        return exp.cast(what.copy(), "double")
    if kind in (TYPE.TIMESTAMP, TYPE.DATETIME) and not node.to.expressions and (not isinstance(what, exp.Literal) or "." in str(what.this)) and source != "trino":
        return exp.Cast(this=what.copy(), to=exp.DataType.build("timestamp(6)", dialect="trino"))
    return None


def trino_replace(node):
    """regexp_replace(x, 'a(b)', '\\1', 'gi'): a group is $1 here, and all matches are replaced."""
    flags, pattern, new = str(node.args["modifiers"].this) if node.args.get("modifiers") else "", node.expression, node.args.get("replacement") or exp.Literal.string("")
    if not isinstance(new, exp.Literal):
        cannot("what replaces a match and is not written there")
    more = 0 if "g" in flags else 1
    text = re.sub(r"\\(\d)", lambda found: f"${int(found[1]) + (more if found[1] != '0' else 0)}", str(new.this).replace("$", "\\$"))
    new = exp.Literal.string(("$1" if more else "") + text)
    if more:
        return call("REGEXP_REPLACE", node.this, around_match(pattern, "(?i)" if "i" in flags else "", FIRST_OF_ALL, ""), new)
    if "i" in flags:
        pattern = exp.Literal.string("(?i)" + str(pattern.this)) if isinstance(pattern, exp.Literal) else exp.DPipe(this=exp.Literal.string("(?i)"), expression=pattern.copy())
    return call("REGEXP_REPLACE", node.this, pattern, new)


def trino_function(node):
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    if isinstance(node, exp.Initcap):
        return filled("REGEXP_REPLACE(_1, '([A-Za-z0-9])([A-Za-z0-9]*)', x -> UPPER(x[1]) || LOWER(x[2]))", [node.this])
    if isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar)) and source == "postgres" and not isinstance(node.expression, (exp.JSONPath, exp.Literal)) and not node.meta.get("made"):
        found = changed(node, expression=filled("CONCAT('$[\"', CAST(_1 AS VARCHAR), '\"]')", [node.expression])) # a key, or the number of an element
        found.meta["made"] = True
        return found
    if isinstance(node, exp.Length) and node.args.get("binary"):
        return call("LENGTH", call("TO_UTF8", node.this))
    if difference(node) is not None and source != "trino" and singular(node.text("unit") or "DAY") not in WHOLE_DAYS and (is_date(node.this) or is_date(node.expression)) and not node.meta.get("made"):
        return exp.Anonymous(this="DATE_DIFF", expressions=[exp.Literal.string(singular(node.text("unit"))), *(exp.cast(side.copy(), "timestamp") for side in (node.expression, node.this))])
    if isinstance(node, (exp.DateAdd, exp.DateSub)) and source != "trino" and is_date(node.this) and singular(node.text("unit") or "DAY") not in WHOLE_DAYS:
        return changed(node, this=exp.cast(node.this.copy(), "timestamp"))
    if isinstance(node, exp.Avg) and source in ("postgres", "mysql", "sqlite", "duckdb") and isinstance(node.this, exp.Expression) and not isinstance(node.this, exp.Distinct):
        return exp.Avg(this=exp.cast(node.this.copy(), "double"))
    if type(node) is exp.Concat and not isinstance(node.parent, exp.Anonymous):
        parts = [worded(e) for e in node.expressions]
        if source in ("postgres", "duckdb"):
            parts = [p if isinstance(p, exp.Literal) else exp.func("COALESCE", p, exp.Literal.string("")) for p in parts]
        return call("CONCAT", *(parts if len(parts) > 1 else parts + [exp.Literal.string("")]))
    if isinstance(node, exp.Chr) and node.args.get("charset"):
        return changed(node, charset=None)
    if isinstance(node, exp.GroupConcat) and node.find(exp.Order) is None and not isinstance(node.parent, exp.WithinGroup):
        listed = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
        is_number = isinstance(listed, exp.Cast) and is_of(listed.this, *NUMBERS) and listed is node.this # numbers are not in the order of their texts
        return changed(node, this=exp.Order(this=node.this.copy(), expressions=[exp.Ordered(this=(listed.this if is_number else listed).copy(), nulls_first=False)]))
    if isinstance(node, exp.Pad):
        return exp.Anonymous(this="LPAD" if node.args.get("is_left", True) else "RPAD",
                             expressions=[worded(node.this), node.expression.copy(), (node.args.get("fill_pattern") or exp.Literal.string(" ")).copy()])
    if isinstance(node, exp.Trunc) and number_of(node.args.get("decimals")) == 0 and source != "trino":
        return changed(node, decimals=None)
    if isinstance(node, exp.Trunc) and number_of(node.args.get("decimals")) not in (None, 0) and (not is_of(node.this, "DECIMAL") or node.this.find(exp.Div, exp.Avg) is not None):
        return filled(f"(TRUNCATE(_1 * 1e{number_of(node.args['decimals'])}) / 1e{number_of(node.args['decimals'])})", [node.this])
    if isinstance(node, exp.Right):
        return filled("SUBSTR(_1, GREATEST(LENGTH(_1) - _2 + 1, 1))", [node.this, node.expression])
    if isinstance(node, exp.Repeat):
        return call("ARRAY_JOIN", call("REPEAT", node.this, node.args["times"]), "")
    if name in ("MAKE_DATE", "DateFromParts"):
        parts = args or [node.args.get(k) for k in ("year", "month", "day")]
        texts = [exp.Anonymous(this="LPAD", expressions=[exp.cast(p.copy(), "varchar"), exp.Literal.number(4 if i == 0 else 2), exp.Literal.string("0")])
                 for i, p in enumerate(parts) if p is not None]
        return exp.cast(call("CONCAT_WS", "-", *texts), "date") if len(texts) == 3 else None
    if name == "DIV" and len(args) == 2:
        return exp.Paren(this=exp.Div(this=args[0].copy(), expression=args[1].copy(), typed=True))
    if name == "BTRIM" and len(args) == 2:
        return exp.Trim(this=args[0].copy(), expression=args[1].copy(), position="BOTH")
    if name in ("ASCII", "Unicode", "Ascii"):
        what = (args or [node.this])[0]
        letter = call("CODEPOINT", exp.cast(exp.func("SUBSTR", what.copy(), exp.Literal.number(1), exp.Literal.number(1)), "varchar(1)"))
        if isinstance(what, exp.Literal):
            was_read(what)
            return letter if str(what.this) else exp.Literal.number(0)
        return exp.Case().when(exp.EQ(this=what.copy(), expression=exp.Literal.string("")), exp.Literal.number(0)).else_(letter)
    if name in ("OCTET_LENGTH", "ByteLength"):
        return call("LENGTH", call("TO_UTF8", (args or [node.this])[0]))
    if name == "MD5" or isinstance(node, exp.MD5):
        return call("LOWER", call("TO_HEX", call("MD5", call("TO_UTF8", (args or [node.this])[0]))))
    if isinstance(node, exp.Log) and node.expression is None and source in ("postgres", "duckdb", "sqlite"):
        return call("LOG10", node.this)
    if isinstance(node, (exp.Greatest, exp.Least)):
        return without_nulls(node)
    if name in ("JSON_BUILD_OBJECT", "JSONB_BUILD_OBJECT") and args and len(args) % 2 == 0:
        values = [exp.FormatJson(this=call("JSON_FORMAT", exp.cast(value.copy(), "json"))) if isinstance(value.unnest(), exp.Array) else value.copy() for value in args[1::2]]
        return exp.JSONObject(expressions=[exp.JSONKeyValue(this=key.copy(), expression=value) for key, value in zip(args[::2], values)])
    if name in ("JSON_TYPEOF", "JSONB_TYPEOF") and len(args) == 1:
        return filled(KIND_IN_TRINO, [call("JSON_FORMAT", args[0] if is_json(args[0]) else call("JSON_PARSE", args[0]))])
    if isinstance(node, exp.TimestampFromParts):
        parts = [node.args.get(k) for k in ("year", "month", "day", "hour", "min", "sec")]
        return filled("CAST(FORMAT('%04d-%02d-%02d %02d:%02d:%09.6f', _1, _2, _3, _4, _5, CAST(_6 AS DOUBLE)) AS TIMESTAMP(6))", parts) if all(parts) else None
    if (name == "JSON_ARRAY" or isinstance(node, exp.JSONArray)) and source != "trino" and not node.args.get("null_handling"):
        return exp.JSONArray(expressions=[e.copy() for e in node.expressions], null_handling=exp.Var(this="NULL ON NULL"))
    if name in ("JSON_ARRAY_LENGTH", "JSONB_ARRAY_LENGTH"):
        return call("JSON_ARRAY_LENGTH", *args)
    return None


def without_end(series):
    """range(0, 10, 3) has 9: it ends in front of 10, where sqlglot has it end a step before."""
    step = number_of(series.args["step"])
    last = exp.Sub(this=exp.paren(series.args["end"].copy()), expression=exp.Literal.number(1)) if step > 0 else exp.Add(this=exp.paren(series.args["end"].copy()), expression=exp.Literal.number(1))
    was_read(series.args["step"])
    return changed(series, end=last, is_end_exclusive=None)


def trino_change(node):
    """What of a change of rows or of a table it has no words for."""
    if isinstance(node, exp.Insert) and (node.args.get("conflict") is not None or node.args.get("ignore")):
        cannot("what is to be done with a duplicate key")
    if isinstance(node, exp.Update) and (node.args.get("from_") or node.args.get("from") or node.this is not None and node.this.args.get("joins")):
        cannot("UPDATE with the rows of another table")
    if isinstance(node, exp.Delete) and (node.args.get("using") or node.args.get("tables")):
        cannot("DELETE with the rows of another table")
    if isinstance(node, (exp.Insert, exp.Update, exp.Delete)) and node.args.get("returning") is not None:
        cannot("RETURNING")
    if isinstance(node, exp.ColumnDef) and any(isinstance(c.args.get("kind"), exp.DefaultColumnConstraint) for c in node.args.get("constraints") or []):
        cannot("the default of a column")
    if isinstance(node, exp.PrimaryKey):
        cannot("keys")
    if isinstance(node, exp.ColumnDef) and any(isinstance(c.args.get("kind"), (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint)) for c in node.args.get("constraints") or []):
        cannot("keys")


KIND_IN_TRINO = "CASE WHEN _1 = 'null' THEN 'null' WHEN _1 IN ('true', 'false') THEN 'boolean' WHEN _1 LIKE '{%' THEN 'object' WHEN _1 LIKE '[%' THEN 'array' WHEN _1 LIKE '\"%' THEN 'string' WHEN _1 IS NOT NULL THEN 'number' END"


def named_groups(select):
    """GROUP BY y, where y is what a shown expression is called and nothing else."""
    names = {e.alias: e.this for e in select.expressions if isinstance(e, exp.Alias) and not isinstance(e.this, exp.Column)}
    for key in list(select.args["group"].expressions) if select.args.get("group") is not None else []:
        if isinstance(key, exp.Column) and not key.table and key.name in names and not is_of_tables(select, key.name) and \
                not any(column.name == key.name for shown in [*select.expressions, select.args.get("where")] if shown is not None for column in shown.find_all(exp.Column)):
            key.replace(names[key.name].copy())


def written_number(literal):
    """Whole numbers past 64 bits are decimals, and SQLite's 1.5 is a double, which tells where it is divided."""
    text = str(literal.this)
    if not literal.is_string and text.isdigit() and len(text) > 18 and int(text) >= 2**63:
        return exp.Paren(this=exp.cast(exp.Literal.string(text), f"decimal({len(text)}, 0)")) if len(text) <= 38 else cannot("a number of more than 38 digits")
    around = literal.parent
    while isinstance(around, (exp.Mul, exp.Add, exp.Sub, exp.Paren, exp.Neg)):
        around = around.parent
    is_divided = source == "sqlite" and isinstance(around, exp.Div) and around is not literal.parent
    return exp.Literal.number(text + "e0") if is_divided and not literal.is_string and re.fullmatch(r"\d*\.\d*", text) else None


def sliced(node):
    """x[2:3] of an array."""
    at = node.expressions[0]
    first, last = (number_of(side) if side is not None else None for side in (at.this, at.expression))
    if first is None or last is None or first < 1 or last < 0 or at.args.get("step") is not None:
        cannot("slices but those from one place to another that are written there")
    was_read(at.this)
    was_read(at.expression)
    return call("SLICE", node.this, first, max(last - first + 1, 0))


def trino_node(node):
    if isinstance(node, exp.Paren) and isinstance(node.this, exp.Column) and isinstance(node.parent, (exp.Select, exp.Alias)) and source != "trino":
        return node.this.copy() # SELECT DISTINCT (a) .. ORDER BY a
    out = None
    if isinstance(node, exp.Literal) and source != "trino":
        return written_number(node) or node
    if isinstance(node, exp.Div) and source != "trino":
        out = trino_divide(node) if not node.meta.get("made") else None
    elif isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)):
        out = trino_compare(node)
    elif isinstance(node, (exp.Add, exp.Sub)):
        out = trino_moment(node)
    elif isinstance(node, exp.Bracket) and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Slice):
        out = sliced(node)
    elif isinstance(node, exp.DPipe):
        out = exp.DPipe(this=worded(node.this) if not isinstance(node.this, exp.DPipe) else node.this.copy(), expression=worded(node.expression))
    elif isinstance(node, exp.Is):
        out = trino_is(node)
    elif isinstance(node, exp.Extract):
        out = trino_extract(node)
    elif isinstance(node, exp.Cast):
        out = trino_cast(node)
    elif isinstance(node, exp.GenerateSeries) and node.args.get("is_end_exclusive") and (number_of(node.args.get("step")) or 1) not in (1, -1):
        out = without_end(node)
    elif isinstance(node, exp.Table) and isinstance(node.this, exp.GenerateSeries) and source in ("duckdb", "postgres") and node.args.get("alias") is not None and node.args["alias"].columns:
        out = exp.Unnest(expressions=[node.this.copy()], alias=node.args["alias"].copy())
    elif isinstance(node, exp.Window) and isinstance(node.this, exp.Filter) and mysql_filter(node.this) is not None:
        out = changed(node, this=mysql_filter(node.this))
    elif isinstance(node, exp.WindowSpec) and node.args.get("exclude"):
        cannot("frames with EXCLUDE")
    elif isinstance(node, exp.SimilarTo):
        out = similar(node)
    elif isinstance(node, exp.RegexpILike):
        pattern = node.expression
        flagged = exp.Literal.string("(?i)" + str(pattern.this)) if isinstance(pattern, exp.Literal) else exp.DPipe(this=exp.Literal.string("(?i)"), expression=pattern.copy())
        out = exp.RegexpLike(this=node.this.copy(), expression=flagged)
    elif isinstance(node, exp.RegexpReplace) and source in ("postgres", "duckdb"):
        out = trino_replace(node)
    elif isinstance(node, exp.DataType):
        out = plain_type(node)
    elif isinstance(node, (exp.Mod, exp.IntDiv)) and source in ("mysql", "sqlite"):
        out = changed(node, expression=exp.func("NULLIF", node.expression.copy(), exp.Literal.number(0)))
    elif isinstance(node, exp.CTE):
        node.set("materialized", None)
    elif isinstance(node, exp.Overlay):
        out = overlaid(node)
    elif isinstance(node, exp.ArrayContainsAll) and is_json(node.this, node.expression):
        cannot("whether one JSON is in another")
    elif isinstance(node, exp.ArrayContainsAll):
        out = filled("(CARDINALITY(ARRAY_EXCEPT(_2, _1)) = 0)", [node.this, node.expression])
    elif type(node).__name__ == "ArrayOverlaps":
        out = call("ARRAYS_OVERLAP", node.this, node.expression)
    elif isinstance(node, exp.JSONBContainsTopKey):
        out = exp.Paren(this=exp.Not(this=exp.Is(this=call("JSON_EXTRACT", node.this, key_path(node.expression)), expression=exp.Null())))
    elif isinstance(node, exp.SplitPart) and source in ("postgres", "duckdb") and (number_of(node.args["part_index"]) or 0) < 0:
        out = filled("COALESCE(ELEMENT_AT(SPLIT(_1, _2), _3), CASE WHEN _1 IS NOT NULL THEN '' END)", [node.this, node.args["delimiter"], node.args["part_index"]])
    elif isinstance(node, exp.SplitPart) and source in ("postgres", "duckdb"):
        out = exp.Case().when(exp.Is(this=node.this.copy(), expression=exp.Null()), exp.Null()).else_(exp.func("COALESCE", node.copy(), exp.Literal.string("")))
    elif isinstance(node, exp.ByteString):
        out = exp.Literal.string(str(node.this))
    elif isinstance(node, (exp.Insert, exp.Update, exp.Delete, exp.ColumnDef, exp.PrimaryKey)) and source != "trino":
        trino_change(node)
    elif isinstance(node, exp.Func):
        out = trino_function(node)
    return node if out is None else out
