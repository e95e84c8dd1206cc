"""From MySQL: numbers are truths, texts are compared without case, and a query may show what it does not group by."""

TRUTHFUL = ("where", "having")


def truth(node):
    """What stands where a truth is wanted, as one."""
    inner = node.unnest() if isinstance(node, exp.Paren) else node
    if is_written(inner) and wanted in TARGETS:
        return exp.Boolean(this=float(number_in(inner).sql()) != 0)
    if isinstance(inner, exp.Literal) and not inner.is_string or isinstance(inner, (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.BitwiseAnd, exp.BitwiseOr, exp.Count, exp.Sum, exp.Length, exp.StrPosition)) or \
            isinstance(inner, exp.Anonymous) and inner.name.upper() in ("FIND_IN_SET", "FIELD", "STRCMP", "DATEDIFF", "TIME_TO_SEC", "JSON_LENGTH", "BIT_COUNT"):
        return exp.Paren(this=exp.NEQ(this=exp.Paren(this=node.copy()) if isinstance(node, exp.Binary) else node.copy(), expression=exp.Literal.number(0)))
    if isinstance(inner, exp.Coalesce) and any(isinstance(e, exp.Literal) and not e.is_string for e in inner.expressions):
        return exp.Paren(this=exp.NEQ(this=node.copy(), expression=exp.Literal.number(0)))
    if is_of(inner, *NUMBERS) and not isinstance(inner, (exp.Literal, exp.Predicate, exp.Connector, exp.Not)):
        return exp.Paren(this=exp.NEQ(this=node.copy(), expression=exp.Literal.number(0)))
    if is_of(inner, *TEXTS) and wanted in TARGETS:
        return exp.Paren(this=exp.NEQ(this=number_as_read(inner), expression=exp.Literal.number(0)))
    if isinstance(inner, exp.Column) and not is_of(inner, "BOOLEAN"):
        return exp.cast(exp.cast(node.copy(), "int") if wanted == "postgres" else node.copy(), "boolean") # there, of integers alone
    return node


def is_truth(node):
    inner = node.unnest()
    return isinstance(inner, (exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Xor)) and not isinstance(inner, (exp.SubqueryPredicate,)) \
        or isinstance(inner, (exp.Exists, exp.Between, exp.In, exp.Is))


def counted(node):
    """A truth where a number is wanted: 1, 0 or NULL."""
    return exp.Case().when(node.copy(), exp.Literal.number(1)).when(exp.not_(exp.paren(node.copy())), exp.Literal.number(0))


def mysql_truths(node):
    if isinstance(node, (exp.And, exp.Or, exp.Xor)):
        left, right = truth(node.this), truth(node.expression)
        if isinstance(node, exp.Xor) and wanted != "mysql":
            return exp.Paren(this=exp.NEQ(this=exp.paren(left.copy()), expression=exp.paren(right.copy())))
        return type(node)(this=left.copy(), expression=right.copy())
    if isinstance(node, exp.Not) and truth(node.this) is not node.this:
        return exp.Not(this=truth(node.this))
    if isinstance(node, (exp.Where, exp.Having)) and truth(node.this) is not node.this:
        return type(node)(this=truth(node.this))
    if isinstance(node, exp.If) and not (isinstance(node.parent, exp.Case) and node.parent.args.get("this") is not None) and truth(node.this) is not node.this:
        out = node.copy()
        out.set("this", truth(node.this))
        return out
    if isinstance(node, (exp.Sum, exp.Avg, exp.Max, exp.Min)) and isinstance(node.this, exp.Expression) and is_truth(node.this):
        return type(node)(this=counted(node.this))
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)) and wanted in ("postgres", "duckdb", "trino"):
        for key in ("this", "expression"):
            side = node.args[key]
            if isinstance(side, exp.Literal) and side.is_string and not is_moment_text(side):
                was_read(side)
                node.set(key, exp.cast(side.copy(), "double") if re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", str(side.this)) else number_in(side))
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)) and (is_truth(node.this) or is_truth(node.expression)):
        return type(node)(this=counted(node.this) if is_truth(node.this) else node.this.copy(),
                          expression=counted(node.expression) if is_truth(node.expression) else node.expression.copy())
    return None


def part_of(text, mark, number):
    """substring_index(text, mark, number)."""
    if wanted == "sqlite":
        return call("SUBSTRING_INDEX", text, mark, number)
    if not isinstance(number, exp.Literal) and not isinstance(number, exp.Neg):
        return None
    back = isinstance(number, exp.Neg)
    count = int(str((number.this if back else number).this))
    if count == 0:
        return exp.Literal.string("")
    if wanted == "postgres":
        pieces = exp.Anonymous(this="STRING_TO_ARRAY", expressions=[text.copy(), mark.copy()])
        length = exp.Anonymous(this="CARDINALITY", expressions=[pieces])
        low = exp.Sub(this=length, expression=exp.Literal.number(count - 1)) if back else exp.Literal.number(1)
        low = exp.func("GREATEST", low, exp.Literal.number(1)) if back else low
        high = exp.Anonymous(this="CARDINALITY", expressions=[pieces.copy()]) if back else exp.Literal.number(count)
        return call("ARRAY_TO_STRING", exp.Bracket(this=exp.Paren(this=pieces.copy()), expressions=[exp.Slice(this=low, expression=high)], offset=1), mark)
    if wanted == "duckdb":
        pieces = call("STRING_SPLIT", text, mark)
        chosen = call("LIST_SLICE", pieces, exp.Neg(this=exp.Literal.number(count)) if back else 1, exp.Neg(this=exp.Literal.number(1)) if back else count)
        return call("ARRAY_TO_STRING", chosen, mark)
    if wanted == "trino":
        pieces = call("SPLIT", text, mark)
        size = call("CARDINALITY", pieces)
        start = exp.func("GREATEST", exp.Sub(this=size.copy(), expression=exp.Literal.number(count - 1)), exp.Literal.number(1)) if back else exp.Literal.number(1)
        return call("ARRAY_JOIN", call("SLICE", pieces, start, exp.Literal.number(count)), mark)
    return None


def folded_place(node):
    """instr(s, 'a') finds an A, too; without letters there is nothing to fold."""
    sides = node.this, node.args["substr"]
    if any(isinstance(side, (exp.Lower, exp.Cast)) for side in sides) or isinstance(sides[1], exp.Literal) and not has_letters(sides[1]):
        return None
    return changed(node, this=exp.Lower(this=sides[0].copy()), substr=exp.Lower(this=sides[1].copy()))


NUMERIC = ("Year", "Month", "Day", "Hour", "Minute", "Second", "Quarter", "DayOfWeek", "DayOfMonth", "DayOfYear", "Length", "Count", "Sum", "Mod", "IntDiv", "Add", "Sub", "Mul", "Abs", "Round")


def as_number(node):
    """1 = '1', year(d) = '2024': beside a number a text is read as a double."""
    for key, other in (("this", node.expression), ("expression", node.this)):
        side, inner = node.args[key], other.unnest()
        number = isinstance(inner, exp.Literal) and not inner.is_string or type(inner).__name__ in NUMERIC and inner.find(exp.Interval) is None
        if number:
            was_read(side)
        if number and isinstance(side, exp.Literal) and side.is_string and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", str(side.this)):
            return changed(node, **{key: exp.cast(side.copy(), "double")})
        if number and is_written(side) and is_moment_text(side) is None and odd_day(side) is None:
            return changed(node, **{key: number_in(side)})
    return None


def number_in(text, pattern=r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"):
    """The number that a text begins with, as MySQL reads '3 apples' where it wants one; 0 = it begins with none."""
    found = re.match(pattern, str(text.this))
    number = found[1].lstrip("+") if found is not None else "0"
    return exp.Neg(this=exp.Literal.number(number[1:])) if number.startswith("-") else exp.Literal.number(number)


def cast_of_written(node):
    """CAST('12.7' AS SIGNED) is 12, CAST(20240506 AS DATE) a day."""
    what, kind = node.this, node.to.this
    if kind in exp.DataType.INTEGER_TYPES or kind in (TYPE.DATE, TYPE.DATETIME) and isinstance(what, exp.Literal) and not what.is_string:
        was_read(what)
    if is_written(what) and kind in exp.DataType.INTEGER_TYPES and kind != TYPE.BIT and re.fullmatch(r"\s*[-+]?\d{1,18}\s*", str(what.this)) is None and isinstance(node, exp.Cast):
        return changed(node, this=exp.paren(number_in(what, r"\s*([-+]?\d{1,18})")))
    if kind == TYPE.CHAR and len(node.to.expressions) == 1 and number_of(node.to.expressions[0].this) is not None: # no blanks are added there
        return exp.Substring(this=exp.cast(what.copy(), "text"), start=exp.Literal.number(1), length=exp.Literal.number(number_of(node.to.expressions[0].this)))
    if kind == TYPE.DECIMAL and not node.to.expressions:
        return exp.cast(what.copy(), "decimal(10, 0)")
    if kind == TYPE.UBIGINT and isinstance(what, exp.Neg) and number_of(what) is not None:
        was_read(what.this)
        return exp.cast(exp.Literal.number(2**64 + number_of(what)), "double" if wanted == "sqlite" else "decimal(20, 0)")
    if isinstance(what, exp.Literal) and what.is_int and kind in (TYPE.DATE, TYPE.DATETIME) and re.fullmatch(r"\d{8}", str(what.this)):
        day = str(what.this)
        return changed(node, this=exp.Literal.string(f"{day[:4]}-{day[4:6]}-{day[6:]}"))
    return None


def of_positive(node):
    """SQRT(-1) and LN(0) are NULL there, an error or no number elsewhere."""
    what = node.this if isinstance(node, (exp.Sqrt, exp.Ln)) else node.expression or node.this
    was_read(what)
    if isinstance(what, exp.Literal) and (what.is_string or float(str(what.this)) > 0) or node.meta.get("made") or wanted not in ("postgres", "duckdb", "trino"):
        return None
    least = (exp.GTE if isinstance(node, exp.Sqrt) else exp.GT)(this=exp.paren(what.copy()) if isinstance(what, exp.Binary) else what.copy(), expression=exp.Literal.number(0))
    inside = node.copy()
    inside.meta["made"] = True
    return exp.Case().when(least, inside)


def exact_match(node):
    """x REGEXP BINARY 'a' tells letters apart."""
    sides = {key: node.args[key] for key in ("this", "expression")}
    if not any(isinstance(side, exp.Cast) and side.to.this == TYPE.BINARY for side in sides.values()):
        return None
    plain = {key: (side.this if isinstance(side, exp.Cast) and side.to.this == TYPE.BINARY else side).copy() for key, side in sides.items()}
    return exp.RegexpLike(**plain)


def is_stored(node):
    """TRUE that goes into a column, or is compared with one."""
    around = node.parent
    if isinstance(around, (exp.EQ, exp.NEQ)):
        other = around.expression if node is around.this else around.this
        return isinstance(other.unnest(), exp.Column)
    return isinstance(around, (exp.In, exp.Coalesce)) and isinstance(around.this.unnest(), exp.Column) or isinstance(around, exp.Tuple) and isinstance(around.parent, exp.Values)


def flagged_match(node):
    """regexp_like(x, 'a', 'c') tells letters apart, with 'i' it does not."""
    flag = node.args["flag"]
    if not isinstance(flag, exp.Literal) or str(flag.this) not in ("c", "i"):
        cannot("regexp_like() with other flags than 'c' or 'i'")
    sides = {key: node.args[key].copy() for key in ("this", "expression")}
    if str(flag.this) == "c":
        return exp.RegexpLike(**sides)
    if wanted == "postgres":
        return exp.RegexpILike(**sides)
    pattern = sides["expression"]
    folded = exp.Literal.string("(?i)" + str(pattern.this)) if isinstance(pattern, exp.Literal) else exp.DPipe(this=exp.Literal.string("(?i)"), expression=pattern)
    return exp.RegexpLike(this=sides["this"], expression=folded)


def mysql_words(node):
    """Functions that only MySQL has."""
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__.upper()
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    if name == "SUBSTRING_INDEX" or isinstance(node, exp.SubstringIndex):
        parts = args or [node.this, node.args["delimiter"], node.args["count"]]
        parts = [exp.cast(parts[0].copy(), "text"), *parts[1:]] if is_of(parts[0], *NUMBERS) and wanted in ("postgres", "duckdb", "trino") else parts
        return part_of(*parts) if len(parts) == 3 else None
    if name == "SPACE" and len(args) == 1 or type(node).__name__ == "Space":
        return exp.Repeat(this=exp.Literal.string(" "), times=(args or [node.this])[0].copy())
    if name == "FIELD" and len(args) > 1:
        out = exp.Case()
        for i, arg in enumerate(args[1:], 1):
            out = out.when(exp.EQ(this=args[0].copy(), expression=arg.copy()), exp.Literal.number(i))
        return out.else_(exp.Literal.number(0))
    if name == "ELT" and len(args) > 1 or type(node).__name__ == "Elt":
        args = args or [node.this, *node.expressions]
        out = exp.Case()
        for i, arg in enumerate(args[1:], 1):
            out = out.when(exp.EQ(this=args[0].copy(), expression=exp.Literal.number(i)), arg.copy())
        return out
    if name == "STRCMP" and len(args) == 2:
        return exp.Case().when(exp.EQ(this=args[0].copy(), expression=args[1].copy()), exp.Literal.number(0)).when(
            exp.LT(this=args[0].copy(), expression=args[1].copy()), exp.Neg(this=exp.Literal.number(1))).else_(exp.Literal.number(1))
    if name == "INSERT" and len(args) == 4 or isinstance(node, exp.Stuff):
        text, at, length, new = args or [node.this, node.args["start"], node.args["length"], node.expression]
        at, length = (exp.paren(side) if isinstance(side, exp.Binary) else side for side in (at, length))
        head = exp.Substring(this=text.copy(), start=exp.Literal.number(1), length=exp.Sub(this=at.copy(), expression=exp.Literal.number(1)))
        tail = exp.Substring(this=text.copy(), start=exp.Add(this=at.copy(), expression=length.copy()))
        return exp.Paren(this=exp.DPipe(this=exp.DPipe(this=head, expression=new.copy()), expression=tail))
    if name == "TIME_FORMAT" and len(args) == 2 and is_written(args[1]) and wanted in TARGETS:
        if is_written(args[0]) or re.search("%[^HhIiklSsfprT%]", str(args[1].this)):
            cannot("this time_format()")
        if isinstance(args[0], (exp.Time, exp.Cast)) and is_of(args[0].this, *MOMENT_TYPES):
            args = [args[0].this, args[1]]
        return sqlglot.parse_one("DATE_FORMAT(x, " + args[1].sql("mysql") + ")", read="mysql").transform(lambda n: args[0].copy() if isinstance(n, exp.Column) else n)
    if name == "CRC32" and wanted == "postgres":
        cannot("crc32()")
    if name in ("UCASE", "LCASE") and len(args) == 1:
        return (exp.Upper if name == "UCASE" else exp.Lower)(this=args[0].copy())
    if isinstance(node, exp.StrPosition) and wanted in TARGETS:
        return folded_place(node)
    if name == "WEEKDAY" and len(args) == 1:
        return exp.Sub(this=exp.Extract(this=exp.Var(this="ISODOW"), expression=day_of(args[0])), expression=exp.Literal.number(1)) if wanted in ("postgres", "duckdb") else None
    if name == "ISNULL" and len(args) == 1:
        return exp.Is(this=args[0].copy(), expression=exp.Null())
    if name in ("POW", "POWER") and len(args) == 2:
        return exp.Pow(this=args[0].copy(), expression=args[1].copy())
    if name == "NOW" and len(args) < 2 or isinstance(node, (exp.Localtime, exp.Localtimestamp)):
        return exp.CurrentTimestamp()
    if name in ("CHARSET", "COLLATION") and len(args) == 1 and wanted in TARGETS and isinstance(args[0], exp.Literal) and args[0].is_string:
        return exp.Literal.string("utf8mb4" if name == "CHARSET" else "utf8mb4_general_ci")
    if name == "UNIX_TIMESTAMP" and not args:
        seconds = exp.Extract(this=exp.Var(this="EPOCH"), expression=exp.CurrentTimestamp())
        return seconds if wanted == "sqlite" else exp.cast(exp.Floor(this=seconds), "bigint")
    if name == "UNIX_TIMESTAMP" and len(args) == 1:
        what = moment_marker(args[0]) or args[0].copy()
        return exp.Extract(this=exp.Var(this="EPOCH"), expression=exp.cast(what, "timestamp") if is_moment_text(what) else what)
    if isinstance(node, exp.Week) and number_of(node.args.get("mode")) == 3:
        return exp.WeekOfYear(this=node.this.copy())
    if type(node).__name__ == "LastDay" and is_moment_text(node.this):
        return changed(node, this=exp.cast(node.this.copy(), "date"))
    if isinstance(node, exp.Time) and len([v for v in node.args.values() if v]) == 1 and wanted in ("postgres", "duckdb", "trino"):
        return exp.cast(node.this.copy(), "time")
    if isinstance(node, exp.Left) and (number_of(node.expression) or 0) < 0 or isinstance(node, exp.Substring) and number_of(node.args.get("start")) == 0:
        return exp.Left(this=node.this.copy(), expression=exp.Literal.number(0))
    if name == "MID" and len(args) == 3:
        return exp.Substring(this=args[0].copy(), start=args[1].copy(), length=args[2].copy())
    if name == "JSON_UNQUOTE" and len(args) == 1 and isinstance(args[0], exp.JSONExtract):
        return exp.JSONExtractScalar(**{key: value.copy() if isinstance(value, exp.Expression) else value for key, value in args[0].args.items()})
    if name == "FIND_IN_SET" and len(args) == 2 and wanted in ("duckdb", "trino"):
        args = [exp.Lower(this=exp.cast(arg.copy(), "text")) if not isinstance(arg, exp.Literal) or has_letters(arg) else arg for arg in args]
        places = call("LIST_POSITION", call("STRING_SPLIT", args[1], ","), args[0]) if wanted == "duckdb" else call("ARRAY_POSITION", call("SPLIT", args[1], ","), args[0])
        return exp.func("COALESCE", places, exp.Literal.number(0))
    if name == "HEX" or isinstance(node, exp.Hex):
        what = (args or [node.this])[0]
        if wanted in TARGETS and of_bytes("HEX", [what]) is not None:
            return of_bytes("HEX", [what])
        if isinstance(what, exp.Literal) and not what.is_string and wanted == "sqlite":
            return call("PRINTF", "%X", what)
        if wanted == "postgres" and not isinstance(what, exp.Literal):
            kind = exp.cast(call("PG_TYPEOF", what), "text")
            of_number = call("UPPER", call("TO_HEX", exp.cast(exp.cast(what.copy(), "text"), "bigint")))
            of_text = call("UPPER", call("ENCODE", call("CONVERT_TO", exp.cast(what.copy(), "text"), "UTF8"), "hex"))
            return exp.Case().when(exp.In(this=kind, expressions=[exp.Literal.string(name) for name in ("smallint", "integer", "bigint")]), of_number).else_(of_text)
        if isinstance(what, exp.Literal) and wanted == "postgres":
            return call("UPPER", call("ENCODE", call("CONVERT_TO", what, "UTF8"), "hex") if what.is_string else call("TO_HEX", what))
    return None


def is_time_text(node):
    """'10:20:30'; the colons are in the key."""
    return isinstance(node, exp.Literal) and node.is_string and re.fullmatch(r"\d\d:\d\d(:\d\d)?", str(node.this)) is not None


MOMENTS = ("DateAdd", "DateSub", "TimestampAdd", "TimestampSub", "DateDiff", "TimestampDiff", "TsOrDsAdd")


def unit_of(node):
    unit = node.args.get("unit") or (node.expression.args.get("unit") if isinstance(node.expression, exp.Interval) else None)
    return singular(unit.name) if unit is not None else "DAY"


def moment_in_text(text, unit):
    """DATE_FORMAT(d, '%Y-%m-01') + INTERVAL 1 MONTH: what a text says, which is computed, or a column's. None = it is none."""
    inner = text.unnest() if isinstance(text, exp.Expression) else None
    computed = isinstance(inner, (exp.TimeToStr, exp.Concat, exp.DPipe, exp.Left, exp.Substring)) or is_of(inner, *TEXTS)
    if wanted not in TARGETS or isinstance(inner, (exp.Literal, exp.Cast, exp.Parameter, exp.Placeholder)) or not computed:
        return None
    form = inner.args.get("format") if isinstance(inner, exp.TimeToStr) else None
    whole = form is not None and is_written(form) and re.fullmatch(r"(%[Ymd]|[-\d])+", str(form.this)) is not None and unit in WHOLE_DAYS
    return exp.cast(text.copy(), "date" if whole else "timestamp")


def with_moments(node):
    """date_add('2024-01-31', ...): a text is no date elsewhere."""
    if isinstance(node, exp.TimestampDiff) and node.text("unit").upper() == "MICROSECOND" and wanted in MICROSECONDS:
        return filled(MICROSECONDS[wanted], [node.this, node.expression])
    out = None
    for key in ("this", "expression"):
        if moment_marker(node.args.get(key)) is not None and (key == "this" or "Diff" in type(node).__name__):
            out = changed(out or node, **{key: moment_marker(node.args[key])})
        if (key == "this" or "Diff" in type(node).__name__) and moment_in_text(node.args.get(key), unit_of(node)) is not None:
            out = changed(out or node, **{key: moment_in_text(node.args[key], unit_of(node))})
        kind = is_moment_text(node.args.get(key))
        if kind is not None and (wanted != "sqlite" or kind == "DATE"):
            out = changed(out or node, **{key: exp.cast(node.args[key].copy(), kind.lower())})
    return days_later(out or node) or out


def days_later(node):
    """A date and whole days are a date in MySQL, a moment elsewhere."""
    unit = node.args.get("unit") or (node.expression.args.get("unit") if isinstance(node.expression, exp.Interval) else None)
    if not isinstance(node, (exp.Add, exp.Sub, exp.DateAdd, exp.DateSub)) or wanted not in ("postgres", "duckdb") or not is_date(node.this) or unit is None:
        return None
    return exp.cast(node.copy(), "date") if singular(unit.name) in WHOLE_DAYS else None


MOMENT_PARTS = ("Hour", "Minute", "Second", "Quarter", "Year", "Month", "Day", "DayOfWeek", "DayOfMonth", "DayOfYear")


def json_compared(node):
    """JSON_EXTRACT(x, '$.a') + 1, and beside a number or a text: as what it holds. Elsewhere mysql_json.py does so."""
    out = None
    for key, other in (("this", node.expression), ("expression", node.this)):
        side = node.args[key].unnest()
        if not isinstance(side, exp.JSONExtract) or type(side) is not exp.JSONExtract:
            continue
        text = exp.JSONExtractScalar(**{k: v.copy() if isinstance(v, exp.Expression) else v for k, v in side.args.items()})
        if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)) or isinstance(other, exp.Literal) and not other.is_string or is_of(other, *NUMBERS):
            out = changed(out or node, **{key: exp.cast(text, "double")})
        elif is_written(other) or is_of(other, *TEXTS):
            out = changed(out or node, **{key: text})
    return out


PARTS_OF_SEVERAL = ("DAY", "HOUR", "MINUTE", "SECOND")


def several_parts(node):
    """EXTRACT(YEAR_MONTH FROM d) is 202401, EXTRACT(DAY_MINUTE FROM x) is 310530."""
    first, _, last = node.this.name.upper().partition("_")
    units = ("YEAR", "MONTH") if (first, last) == ("YEAR", "MONTH") else \
        PARTS_OF_SEVERAL[PARTS_OF_SEVERAL.index(first) : PARTS_OF_SEVERAL.index(last) + 1] if first in PARTS_OF_SEVERAL and last in PARTS_OF_SEVERAL else cannot(f"the part {node.this.name} of a moment")
    kind = "timestamp" if is_moment_text(node.expression) else "time" if is_time_text(node.expression) else None
    moment = exp.cast(node.expression.copy(), kind) if kind is not None and wanted != "sqlite" else node.expression
    out = None
    for unit in units:
        part = extracted(changed(node, this=moment), unit, 0)
        part = exp.cast(call("FLOOR", part), "int") if unit == "SECOND" and wanted == "postgres" else part
        out = part if out is None else exp.Paren(this=exp.Add(this=exp.Mul(this=out, expression=exp.Literal.number(100)), expression=part))
    return out


def seconds_of_difference(node):
    """TIME_TO_SEC(TIMEDIFF(a, b))."""
    difference_of = node.expressions[0] if len(node.expressions) == 1 else None
    if type(difference_of) is not exp.Anonymous or difference_of.name.upper() != "TIMEDIFF" or len(difference_of.expressions) != 2:
        return None
    later, earlier = difference_of.expressions
    if any(is_time_text(end) or is_of(end, "TIME") for end in (later, earlier)):
        sides = [call("TIME_TO_SEC", end) for end in (later, earlier)]
        return exp.Paren(this=exp.Sub(this=mysql_call(sides[0]) or sides[0], expression=mysql_call(sides[1]) or sides[1]))
    between = exp.TimestampDiff(this=later.copy(), expression=earlier.copy(), unit=exp.Var(this="SECOND"))
    between = with_moments(between) or between
    last = exp.Literal.number(LAST_TIME) # a TIME ends at 838:59:59
    return exp.Case().when(exp.GT(this=between.copy(), expression=last), last.copy()).when(exp.LT(this=between.copy(), expression=exp.Neg(this=last.copy())), exp.Neg(this=last.copy())).else_(between)


LAST_TIME = 838 * 3600 + 59 * 60 + 59


def seconds_written(text):
    """Of '-25:00:00' or '10:20'; None = it is no time of whole seconds."""
    found = re.fullmatch(r"(-?)(\d{1,3}):(\d\d)(?::(\d\d))?", text)
    return int(found[1] + "1") * (int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)) if found else None


CLOCK = {"postgres": "(CASE WHEN _1 < 0 THEN '-' ELSE '' END || TO_CHAR(ABS(_1) * INTERVAL '1 second', 'HH24:MI:SS'))",
         "duckdb": "(CASE WHEN _1 < 0 THEN '-' ELSE '' END || PRINTF('%02d:%02d:%02d', CAST(ABS(_1) // 3600 AS BIGINT), CAST(ABS(_1) // 60 % 60 AS BIGINT), CAST(ABS(_1) % 60 AS BIGINT)))",
         "sqlite": "(CASE WHEN _1 < 0 THEN '-' WHEN _1 IS NOT NULL THEN '' END || PRINTF('%02d:%02d:%02d', ABS(_1) / 3600, ABS(_1) / 60 % 60, ABS(_1) % 60))",
         "trino": "(IF(_1 < 0, '-', '') || FORMAT('%02d:%02d:%02d', ABS(_1) / 3600, ABS(_1) / 60 % 60, ABS(_1) % 60))"}


def clock_between(node):
    """TIMEDIFF(a, b), as a text."""
    later, earlier = node.expressions
    known = [is_time_text(end) or is_moment_text(end) or is_of(end, "TIME", *MOMENT_TYPES) for end in (later, earlier)]
    if not all(known):
        cannot("timediff() of what is not known to be a time")
    return filled(CLOCK[wanted], [seconds_of_difference(exp.Anonymous(this="TIME_TO_SEC", expressions=[node.copy()]))])


CLOCK_MOVED = {"postgres": "CAST(CAST(_1 AS INTERVAL) + _2 * INTERVAL '1 second' AS TEXT)",
               "duckdb": "CAST(CAST(CAST(_1 AS VARCHAR) AS INTERVAL) + _2 * INTERVAL '1 second' AS VARCHAR)"} # from below zero to more than a day


def time_added(node, name):
    """ADDTIME(x, '01:30:00'), SUBTIME(x, '01:30:00')."""
    what, more = node.expressions
    found = re.fullmatch(r"(?:(\d+) )?(\d+):(\d\d)(?::(\d\d))?", str(more.this)) if is_written(more) else None
    if found is None:
        cannot(f"{name.lower()}() of a time that is not written there")
    seconds = sum(int(number or 0) * times for number, times in zip(found.groups(), (86400, 3600, 60, 1)))
    seconds = seconds if name == "ADDTIME" else -seconds
    if is_time_text(what):
        was_read(what)
        was_read(more)
        total = max(-LAST_TIME, min(LAST_TIME, seconds_written(str(what.this)) + seconds))
        text = exp.Literal.string(f"{'-' if total < 0 else ''}{abs(total) // 3600:02d}:{abs(total) // 60 % 60:02d}:{abs(total) % 60:02d}")
        return text if wanted == "sqlite" or not 0 <= total < 86400 else exp.cast(text, "time")
    if is_of(what, "TIME") and wanted in CLOCK_MOVED:
        was_read(more)
        return filled(CLOCK_MOVED[wanted], [what, exp.Literal.number(seconds)])
    if not (is_moment_text(what) or is_of(what, *MOMENT_TYPES)):
        cannot(f"{name.lower()}() of what is not known to be a moment")
    later = (exp.DateAdd if name == "ADDTIME" else exp.DateSub)(this=what.copy(), expression=exp.Literal.number(abs(seconds)), unit=exp.Var(this="SECOND"))
    return with_moments(later) or later


def weeks_read(tree):
    """STR_TO_DATE(CONCAT(YEARWEEK(x), ' Sunday'), '%X%V %W') is the Sunday that x's week begins with. Other weeks are not read."""
    for node in list(tree.find_all(exp.StrToDate, exp.StrToTime)):
        form = str(node.args["format"].this) if is_written(node.args.get("format")) else ""
        parts = node.this.expressions if isinstance(node.this, exp.Concat) else []
        week = parts[0] if len(parts) == 2 and type(parts[0]) is exp.Anonymous and parts[0].name.upper() == "YEARWEEK" else None
        if week is not None and form == "%X%V %A" and str(parts[1].this) == " Sunday" and len(week.expressions) == 1:
            day = exp.Date(this=week.expressions[0].copy())
            back = exp.Sub(this=exp.DayOfWeek(this=week.expressions[0].copy()), expression=exp.Literal.number(1))
            node.replace(exp.DateSub(this=day, expression=back, unit=exp.Var(this="DAY")))
        elif re.search("%[VvUuWwXxG]", form):
            cannot("the format of a week")
    return tree


def place_among(numbers):
    """INTERVAL(n, 10, 20): how many of the others, which rise, are not more than n."""
    number, ends = numbers[0], numbers[1:]
    out = exp.Case().when(exp.Is(this=number.copy(), expression=exp.Null()), exp.Neg(this=exp.Literal.number(1)))
    for at, end in enumerate(ends):
        out = out.when(exp.LT(this=number.copy(), expression=end.copy()), exp.Literal.number(at))
    return out.else_(exp.Literal.number(len(ends)))


SPREADS = ("Stddev", "StddevPop", "StddevSamp", "Variance", "VariancePop")
FIRST_JSON = "(ARRAY_AGG(_1 ORDER BY _1 {0}) FILTER (WHERE _1 IS NOT NULL))[1]" # it has an order of jsonb, but no max() of it


def mysql_only(node):
    """Clauses that only MySQL has."""
    if wanted in TARGETS and isinstance(node, exp.Interval) and isinstance(node.this, exp.Tuple):
        return place_among(node.this.expressions)
    if wanted in TARGETS and isinstance(node, exp.Interval):
        return compound(node)
    if wanted in TARGETS and type(node).__name__ in MOMENTS and node.args.get("unit") is not None and isinstance(node.expression, (exp.Literal, exp.Neg)) and "Diff" not in type(node).__name__:
        better = compound(exp.Interval(this=node.expression.copy(), unit=node.args["unit"].copy()))
        if better is not None:
            node.set("expression", better.this.copy())
            node.set("unit", better.args["unit"].copy())
    if wanted in TARGETS and type(node) is exp.Anonymous:
        name = node.name.upper()
        if name == "ROW":
            return exp.Tuple(expressions=[e.copy() for e in node.expressions])
        if name == "TIME_TO_SEC" and seconds_of_difference(node) is not None:
            return seconds_of_difference(node)
        if name == "TIME_TO_SEC" and len(node.expressions) == 1 and is_written(node.expressions[0]) and seconds_written(str(node.expressions[0].this)) is not None:
            was_read(node.expressions[0])
            return exp.Literal.number(max(-LAST_TIME, min(LAST_TIME, seconds_written(str(node.expressions[0].this)))))
        if name in ("ADDTIME", "SUBTIME") and len(node.expressions) == 2:
            return time_added(node, name)
        if name == "TIMEDIFF" and len(node.expressions) == 2 and not (type(node.parent) is exp.Anonymous and node.parent.name.upper() == "TIME_TO_SEC"):
            return clock_between(node)
    if wanted == "postgres" and type(node).__name__ in SPREADS and not isinstance(node.this, (exp.Cast, exp.Distinct)):
        return changed(node, this=exp.cast(node.this.copy(), "double")) # MySQL's are doubles of numbers of any type
    if wanted == "postgres" and isinstance(node, (exp.Max, exp.Min)) and isinstance(node.this.unnest(), exp.JSONBExtract) and not isinstance(node.parent, (exp.Window, exp.Filter)):
        return filled(FIRST_JSON.format("DESC" if isinstance(node, exp.Max) else "ASC"), [node.this])
    if wanted == "trino" and isinstance(node, exp.Sum) and type(node.this) is exp.JSONExtract:
        return exp.Sum(this=exp.cast(node.this.copy(), "double"))
    if wanted == "trino" and isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)) and json_compared(node) is not None:
        return json_compared(node)
    if wanted in TARGETS and isinstance(node, exp.HexString) and isinstance(node.parent, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv)) and len(str(node.this)) <= 15:
        return exp.Literal.number(int(str(node.this) or "0", 16))
    if wanted == "postgres" and isinstance(node, exp.BitString) and len(str(node.this)) < 64:
        return exp.Literal.number(int(str(node.this) or "0", 2))
    if wanted == "postgres" and isinstance(node, exp.Literal) and not node.is_string and "e" in str(node.this).lower(): # a decimal there
        return exp.cast(exp.Literal.number(str(node.this)), "double")
    if wanted in TARGETS and isinstance(node, exp.TimeToStr) and mysql_formatted(node) is not None:
        return mysql_formatted(node)
    if isinstance(node, exp.Select):
        if node.args.get("operation_modifiers"):
            node.set("operation_modifiers", None)
        if node.args.get("order") is not None and all(isinstance(o.this, exp.Null) for o in node.args["order"].expressions if isinstance(o, exp.Ordered)) and wanted in TARGETS:
            node.set("order", None) # in no order
        table = node.args.get("from_") or node.args.get("from")
        if table is not None and isinstance(table.this, exp.Table) and table.this.name.upper() == "DUAL" and not table.this.db:
            node.set("from_" if node.args.get("from_") is not None else "from", None)
    if isinstance(node, exp.Group) and node.args.get("rollup") and node.expressions:
        return exp.Group(expressions=[exp.Rollup(expressions=[e.copy() for e in node.expressions])])
    if isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.expression, exp.Interval) and wanted in TARGETS:
        interval = node.expression
        if not isinstance(interval.this, exp.Literal) and isinstance(interval.args.get("unit"), exp.Var):
            later = (exp.DateAdd if isinstance(node, exp.Add) else exp.DateSub)(this=node.this.copy(), expression=interval.this.copy(), unit=interval.args["unit"].copy())
            return with_moments(later) or later
        return with_moments(node)
    if isinstance(node, exp.Cast) and node.to.this == TYPE.BINARY and not node.to.expressions and isinstance(node.parent, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Ordered)):
        return node.this.copy() # there, letters are what they are
    if isinstance(node, exp.Introducer):
        return node.expression.copy()
    if isinstance(node, exp.Boolean) and wanted == "postgres" and is_stored(node):
        return exp.Literal.string("1" if node.this else "0") # which columns of booleans and of numbers take
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Boolean) and wanted == "postgres" and truth(node.this) is not node.this:
        return changed(node, this=truth(node.this))
    if isinstance(node, exp.RegexpLike) and node.args.get("flag") is not None and wanted in TARGETS:
        return flagged_match(node)
    if isinstance(node, (exp.Limit, exp.Offset)) and wanted in TARGETS and (number_of(node.expression) or 0) > 2**63 - 1:
        return changed(node, expression=exp.Literal.number(2**63 - 1)) # MySQL's word for no limit
    if isinstance(node, exp.GroupConcat) and wanted != "mysql":
        if node.find(exp.Limit) is not None and node.find(exp.Limit).find_ancestor(exp.GroupConcat, exp.Select) is node:
            cannot("GROUP_CONCAT() with LIMIT")
        if any(isinstance(o.this, exp.Literal) for o in node.find_all(exp.Ordered)):
            cannot("GROUP_CONCAT() in the order of a place")
    if isinstance(node, exp.In) and wanted in TARGETS and is_written(node.this) and node.expressions and all(isinstance(e, exp.Literal) and not e.is_string for e in node.expressions):
        was_read(node.this)
        return changed(node, this=number_in(node.this))
    if isinstance(node, exp.National):
        return exp.Literal.string(str(node.this))
    if isinstance(node, exp.Extract) and node.this.name.upper() == "WEEK" and wanted in TARGETS: # not that of ISO
        return mysql_call(exp.Week(this=node.expression.copy()))
    if isinstance(node, exp.Extract) and wanted in TARGETS and "_" in node.this.name and node.this.name.upper() not in ("DAY_OF_WEEK",):
        return several_parts(node)
    if isinstance(node, exp.Collate) and wanted in TARGETS and node.expression.name.upper() != "NOCASE": # which Turnout wrote
        if not node.expression.name.lower().endswith("_bin"):
            cannot(f"the collation {node.expression.name}")
        return node.this.copy()
    if isinstance(node, exp.Neg) and is_written(node.this) and wanted in TARGETS:
        return exp.Paren(this=exp.Sub(this=exp.Literal.number(0), expression=exp.paren(number_in(node.this)))) # -'5'
    if isinstance(node, (exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseLeftShift, exp.BitwiseRightShift)) and wanted in TARGETS and any(isinstance(side, exp.Neg) for side in (node.this, node.expression)):
        cannot("bits of a negative number, which have no sign in MySQL")
    if wanted == "trino" and isinstance(node, exp.Insert) and str(node.args.get("alternative") or "").upper() == "REPLACE":
        cannot("REPLACE")
    if (isinstance(node, exp.Extract) or type(node).__name__ in MOMENT_PARTS) and wanted in ("postgres", "duckdb", "trino"):
        key = "expression" if isinstance(node, exp.Extract) else "this"
        kind = is_moment_text(node.args[key]) or ("TIME" if is_time_text(node.args[key]) else None)
        if kind is not None:
            return changed(node, **{key: exp.cast(node.args[key].copy(), kind.lower())})
    if isinstance(node, exp.Cast) and (node.to.this == TYPE.CHARACTER_SET or node.to.this == TYPE.CHAR and not node.to.expressions):
        return exp.cast(node.this.copy(), "text")
    if isinstance(node, exp.HexString) and wanted == "postgres":
        try:
            return exp.Literal.string(bytes.fromhex(str(node.this)).decode())
        except ValueError:
            return None
    if isinstance(node, exp.Join) and ((node.args.get("kind") or "").upper().startswith("STRAIGHT") or (node.args.get("kind") or "").upper() == "CROSS" and (node.args.get("on") or node.args.get("using"))):
        node.set("kind", None)
    if isinstance(node, exp.Boolean) and wanted in TARGETS and (isinstance(node.parent, (exp.Concat, exp.ConcatWs)) or isinstance(node.parent, exp.Cast) and node.parent.to.this != TYPE.BOOLEAN):
        return exp.Literal.number(int(bool(node.this)))
    if isinstance(node, exp.BitwiseNot) and wanted in TARGETS and not isinstance(node.parent.unnest() if isinstance(node.parent, exp.Paren) else node.parent, (exp.BitwiseAnd, exp.Paren)):
        cannot("~, which has no sign in MySQL")
    if isinstance(node, exp.Properties):
        kept = [e for e in node.expressions if not isinstance(e, (exp.EngineProperty, exp.CharacterSetProperty, exp.AutoIncrementProperty, exp.CollateProperty))]
        node.set("expressions", kept)
    if isinstance(node, exp.Create) and node.args.get("properties") is not None and not node.args["properties"].expressions:
        node.set("properties", None)
    return None


def day_of(node):
    return exp.cast(node.copy(), "date")


WORDS_WANTED = {"Pad": ("fill_pattern",), "Replace": ("expression", "replacement"), "StrPosition": ("substr",), "Repeat": ("this",), "Trim": ("expression",), "SplitPart": ("delimiter",), "SubstringIndex": ("delimiter",)}


def with_words(node):
    """LPAD(qty, 3, 0): a number that stands where a text is wanted."""
    for key in WORDS_WANTED.get(type(node).__name__, ()):
        if isinstance(node.args.get(key), exp.Literal) and not node.args[key].is_string:
            node.set(key, exp.Literal.string(str(node.args[key].this)))


def mysql_source(node):
    with_words(node)
    if wanted in TARGETS and isinstance(node, exp.Column) and node.name.upper() in ("UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP") and not node.table and not node.this.quoted:
        node = exp.Anonymous(this=node.name.upper())
    if wanted in TARGETS and marked_format(node):
        cannot("a format that is not written there")
    out = mysql_only(node) or mysql_truths(node) or (json_of_mysql(node) if wanted in ROW_IDS else None)
    if out is None and isinstance(node, (exp.Update, exp.Delete)) and wanted in TARGETS:
        out = mysql_change(node)
    if out is None and isinstance(node, exp.Insert) and wanted in ROW_IDS:
        out = mysql_insert(node)
    if out is None and wanted in TARGETS:
        out = mysql_definition(node)
    if out is None and type(node).__name__ in MOMENTS and wanted in TARGETS:
        out = with_moments(node)
    if out is not None:
        return out
    if type(node) is exp.Like and any(isinstance(side, exp.Cast) and side.to.this == TYPE.BINARY for side in (node.this, node.expression)):
        exact = changed(node, **{key: (side.this if isinstance(side, exp.Cast) and side.to.this == TYPE.BINARY else side).copy()
                                 for key, side in (("this", node.this), ("expression", node.expression))})
        return sqlite_like(exact) or exact if wanted == "sqlite" else exact
    if type(node) is exp.Like and wanted in ("postgres", "duckdb", "trino"):
        out = exp.ILike(**{key: value.copy() if isinstance(value, exp.Expression) else value for key, value in node.args.items()})
        escaped = isinstance(node.expression, exp.Literal) and "\\" in str(node.expression.this) and not isinstance(node.parent, exp.Escape)
        return exp.Escape(this=out, expression=exp.Literal.string("\\")) if escaped and wanted != "postgres" else out
    if type(node) is exp.Like and wanted == "sqlite" and isinstance(node.expression, exp.Literal) and "\\" in str(node.expression.this):
        return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
    if isinstance(node, exp.RegexpLike) and wanted in TARGETS and exact_match(node) is not None:
        return exact_match(node)
    if isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)) and wanted in TARGETS and not isinstance(node.parent, exp.Update):
        out = as_number(node)
        return node if out is None else out
    if isinstance(node, exp.Between) and wanted in ("postgres", "sqlite", "trino", "duckdb") and (is_of(node.this, *NUMBERS) or number_of(node.this) is not None) and any(is_written(node.args[key]) for key in ("low", "high")):
        out = {key: node.args[key] for key in ("low", "high") if is_written(node.args[key]) and is_moment_text(node.args[key]) is None}
        for side in out.values():
            was_read(side)
        return changed(node, **{key: exp.cast(side.copy(), "double") if re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", str(side.this)) else number_in(side) for key, side in out.items()}) if out else node
    if isinstance(node, exp.Pad) and wanted in ("postgres", "duckdb") and not (isinstance(node.this, exp.Literal) and node.this.is_string):
        return changed(node, this=exp.cast(node.this.copy(), "text"))
    if isinstance(node, exp.PropertyEQ) and wanted in TARGETS and node.find_ancestor(exp.Query) is not None:
        cannot("a variable that is set inside a statement")
    if isinstance(node, exp.Alter) and len(node.args.get("actions") or []) > 1 and wanted in ("duckdb", "sqlite", "trino"):
        cannot("an ALTER TABLE of more than one change")
    if isinstance(node, exp.BitString) and isinstance(node.parent, exp.Binary) and wanted == "postgres":
        return exp.Literal.number(int(str(node.this), 2))
    if isinstance(node, exp.RegexpLike) and wanted in TARGETS:
        if wanted == "postgres":
            return exp.RegexpILike(this=node.this.copy(), expression=node.expression.copy())
        pattern = node.expression
        flagged = exp.Literal.string("(?i)" + str(pattern.this)) if isinstance(pattern, exp.Literal) else exp.DPipe(this=exp.Literal.string("(?i)"), expression=pattern.copy())
        return exp.RegexpLike(this=node.this.copy(), expression=flagged)
    if type(node) is exp.Concat and wanted in ("postgres", "duckdb", "sqlite"):
        out = None
        for part in node.expressions:
            part = part.copy() if isinstance(part, exp.Literal) and part.is_string else exp.Literal.string(str(part.this)) if isinstance(part, exp.Literal) and \
                re.fullmatch(r"\d+\.\d+", str(part.this)) else exp.cast(part.copy(), "text")
            out = part if out is None else exp.DPipe(this=out, expression=part)
        return exp.Paren(this=out) if len(node.expressions) > 1 else out
    if isinstance(node, exp.GroupConcat) and wanted in ("postgres", "duckdb", "trino"):
        return text_grouped(node)
    if isinstance(node, (exp.Sqrt, exp.Ln, exp.Log)) and of_positive(node) is not None:
        return of_positive(node)
    if isinstance(node, exp.Cast) and wanted in TARGETS and cast_of_written(node) is not None:
        return cast_of_written(node)
    if isinstance(node, exp.Func) or type(node).__name__ in TYPED:
        return mysql_call(node) or mysql_words(node) or node
    return node


NUMBERS_LISTED = {"postgres": "NULLIF(ARRAY_TO_STRING(ARRAY_AGG(DISTINCT _1 ORDER BY _1{0}), _2), '')", "duckdb": "NULLIF(ARRAY_TO_STRING(LIST(DISTINCT _1 ORDER BY _1{0}), _2), '')",
                  "trino": "NULLIF(ARRAY_JOIN(ARRAY_AGG(DISTINCT _1 ORDER BY _1{0}), _2), '')"}


def numbers_listed(node):
    """GROUP_CONCAT(DISTINCT id ORDER BY id) of numbers and days, whose order is not that of their texts; None = it is none."""
    order = node.this if isinstance(node.this, exp.Order) and isinstance(node.this.this, exp.Distinct) else None
    values = order.this.expressions if order is not None else []
    if len(values) != 1 or len(order.expressions) != 1 or isinstance(node.parent, (exp.Window, exp.Filter)):
        return None
    value, key = values[0], order.expressions[0]
    if not is_of(value, "DECIMAL", "INT", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "DATE") or key.this.sql() != value.sql():
        return None
    return filled(NUMBERS_LISTED[wanted].format(" DESC" if key.args.get("desc") else ""), [value, node.args.get("separator") or exp.Literal.string(",")])


def text_grouped(node):
    if numbers_listed(node) is not None:
        return numbers_listed(node)
    out = node.copy()
    inner = out.this
    while isinstance(inner, (exp.Order, exp.Distinct)):
        if isinstance(inner, exp.Distinct):
            inner = inner.expressions[0]
        else:
            inner = inner.this
    if isinstance(inner, exp.Expression) and not (isinstance(inner, exp.Cast) and inner.to.this in exp.DataType.TEXT_TYPES):
        before = inner.sql()
        for ordered in out.find_all(exp.Ordered):
            if isinstance(out.find(exp.Distinct), exp.Distinct) and ordered.this.sql() == before:
                ordered.set("this", exp.cast(ordered.this.copy(), "varchar"))
        inner.replace(exp.cast(inner.copy(), "varchar"))
    if out.args.get("separator") is None:
        out.set("separator", exp.Literal.string(","))
    return out


# A query with GROUP BY: what it shows beside, the others want said.

def names_of(select):
    return {e.alias: e.this for e in select.expressions if isinstance(e, exp.Alias)}


def is_of_tables(select, name):
    """Whether a table in FROM has a column NAME, as far as is known."""
    tables = [part.this for part in (select.args.get("from_"), *(select.args.get("joins") or [])) if part is not None]
    return any(name.lower() in (known_columns.get(table.name.lower(), {}) if isinstance(table, exp.Table) else [e.alias_or_name.lower() for e in table.this.selects] if isinstance(table, exp.Subquery) and isinstance(table.this, exp.Query) else [])
               for table in tables)


def named_key(names, key):
    """What GROUP BY means by a name that is shown: a column of the table goes before."""
    shown = names.get(key.name) if isinstance(key, exp.Column) and not key.table else None
    select = key.find_ancestor(exp.Select)
    if shown is None or select is not None and is_of_tables(select, key.name):
        return None
    if isinstance(shown, exp.Column):
        return shown if select is not None else None
    return None if any(column.name == key.name for column in shown.find_all(exp.Column)) else shown


def number_beside(column, shown):
    """count(*) >= ?: a text that comes for it is a number, which SQLite takes from columns alone."""
    other = column.parent.args.get("expression" if column.arg_key == "this" else "this") if isinstance(column.parent, exp.Predicate) and isinstance(column.parent, exp.Binary) else None
    if wanted == "sqlite" and isinstance(shown, (exp.Count, exp.Sum, exp.Avg)) and other is not None and is_marker(other):
        other.replace(exp.Paren(this=exp.Add(this=other.copy(), expression=exp.Literal.number(0))))


def named_having(select):
    """HAVING n > 2, where n is what is shown; a column of the tables goes before where it is a key, or inside of an aggregate."""
    names, having, group = names_of(select), select.args.get("having"), select.args.get("group")
    keys = {key.name for key in group.expressions if isinstance(key, exp.Column)} if group is not None else set()
    for column in list(having.find_all(exp.Column)) if having is not None else []:
        shown = None if column.table else names.get(column.name)
        if shown is None or column.find_ancestor(exp.Select) is not select or (column.name in keys or column.find_ancestor(exp.AggFunc) is not None) and is_of_tables(select, column.name):
            continue
        number_beside(column, shown)
        column.replace(shown.copy() if isinstance(shown, exp.Column) else exp.paren(shown.copy()))


def grouped(select, one_of=None):
    group = select.args.get("group")
    names = names_of(select)
    named_having(select)
    having = select.args.get("having")
    if group is None:
        if having is not None and not any(found.find_ancestor(exp.Select) is select for part in [having, *select.expressions] for found in part.find_all(exp.AggFunc, exp.Window)):
            select.where(having.this.copy(), copy=False) # of single rows
            select.set("having", None)
        if not any(found.find_ancestor(exp.Select) is select and not isinstance(found.parent, exp.Window) for part in select.expressions for found in part.find_all(exp.AggFunc)):
            return
    keys = []
    for key in list(group.expressions) if group is not None else []:
        if isinstance(key, exp.Literal) and key.is_int and 0 < int(str(key.this)) <= len(select.expressions):
            keys.append(select.expressions[int(str(key.this)) - 1].unalias())
            key.set("this", str(key.this))  # it was read
        elif named_key(names, key) is not None:
            keys.append(named_key(names, key))
            if wanted == "trino":
                key.replace(named_key(names, key).copy())
        else:
            keys.append(key)
    texts = {key.sql() for key in keys} | {key.name for key in keys if isinstance(key, exp.Column)}
    parts = list(select.expressions) + ([select.args["order"]] if select.args.get("order") else [])
    for part in parts:
        for column in list(part.find_all(exp.Column)):
            shown = column
            while shown is not None and shown is not select and shown.sql() not in texts:
                shown = shown.parent
            if shown is not select and shown is not None or column.name in texts or isinstance(column.this, exp.Star):
                continue
            if column.find_ancestor(exp.AggFunc, exp.Query, exp.Window, exp.Filter) is not select or in_list_of_group(column, select):
                continue
            if part is parts[-1] and select.args.get("order") is part and not column.table and column.name in {e.alias_or_name for e in select.expressions}:
                continue
            column.replace((one_of or any_of)(column))


def distinct_in_order(select):
    """SELECT DISTINCT a .. ORDER BY a = 'x', b as SELECT a .. GROUP BY a ORDER BY ..: others order distinct rows by what is shown alone."""
    distinct, order, shown = select.args.get("distinct"), select.args.get("order"), [e.unalias() for e in select.expressions]
    if distinct is None or distinct.args.get("on") or order is None or select.args.get("group") is not None or select.is_star or select.args.get("having") is not None or \
            any(part.find(exp.AggFunc, exp.Window, exp.Subquery) is not None or isinstance(part, exp.Literal) for part in shown):
        return
    texts, names = {part.sql() for part in shown}, names_of(select)
    keys = [one.this for one in order.expressions]
    if all(isinstance(key, exp.Literal) or key.sql() in texts or isinstance(key, exp.Column) and key.name in {e.alias_or_name for e in select.expressions} for key in keys):
        return
    for key in keys:
        for column in list(key.find_all(exp.Column)) if not isinstance(key, exp.Column) else []:
            if not column.table and column.name in names and not is_of_tables(select, column.name):
                column.replace(exp.paren(names[column.name].copy()))
    select.set("distinct", None)
    select.set("group", exp.Group(expressions=[part.copy() for part in shown]))


def in_list_of_group(column, select):
    """JSON_ARRAYAGG(x), which sqlglot does not know for an aggregate."""
    above = column.find_ancestor(exp.Anonymous, exp.Query)
    while above is not None and above is not select:
        if isinstance(above, exp.Anonymous) and above.name.upper() in ("JSON_ARRAYAGG", "JSON_GROUP_ARRAY", "JSON_GROUP_OBJECT", "TOTAL"):
            return True
        above = above.find_ancestor(exp.Anonymous, exp.Query)
    return False


def rolled_up(select):
    """WITH ROLLUP brings a total behind its rows; elsewhere they come in any order."""
    group = select.args.get("group")
    if wanted == "trino" or group is None or not group.args.get("rollup") or select.args.get("order") is not None:
        return
    names = names_of(select)
    keys = [named_key(names, key) or at_place(key, select) for key in group.expressions]
    group.set("expressions", [key.copy() for key in keys]) # GROUPING() takes no places, and no names of what is shown
    orders = [exp.Ordered(this=part, desc=False, nulls_first=True) for key in keys for part in (call("GROUPING", key), key.copy())]
    select.set("order", exp.Order(expressions=orders))


def any_of(column):
    if wanted == "postgres":
        return exp.Bracket(this=exp.Paren(this=exp.Anonymous(this="ARRAY_AGG", expressions=[column.copy()])), expressions=[exp.Literal.number(1)], offset=1)
    return call("ARBITRARY" if wanted == "trino" else "ANY_VALUE", column)


def without_owner(select):
    """a.i where i is in USING (i), which Trino knows as i alone."""
    first = select.args.get("from_") or select.args.get("from")
    left = [first.this.alias_or_name] if first is not None else []
    for join in select.args.get("joins") or []:
        names = {e.name for e in join.args.get("using") or []}
        owners = left + ([join.this.alias_or_name] if not join.side else [])
        left.append(join.this.alias_or_name)
        for column in list(select.find_all(exp.Column)) if names and join.side in ("", "LEFT") else []:
            if column.name in names and column.table in owners and column.find_ancestor(exp.Select) is select:
                column.set("table", None)


def interval_before(node):
    """INTERVAL 1 DAY + '2024-12-31', whose text sqlglot takes for one more interval."""
    if isinstance(node, exp.Add) and isinstance(node.this, exp.Interval) and isinstance(node.expression, exp.Interval) and node.expression.args.get("unit") is None:
        return exp.Add(this=node.expression.this.copy(), expression=node.this.copy())
    return node


def mysql_tree_from(tree):
    if wanted in TARGETS:
        tree = weeks_read(rewrite(tree, interval_before))
    if wanted == "trino":
        for select in list(tree.find_all(exp.Select)):
            without_owner(select)
    for select in list(tree.find_all(exp.Select)) if wanted in TARGETS else []:
        if wanted != "sqlite" or select.args.get("group") is None:
            grouped(select)
        else:
            named_having(select)
    if wanted in TARGETS:
        for select in list(tree.find_all(exp.Select)):
            rolled_up(select)
    return rewrite(tree, mysql_source)
