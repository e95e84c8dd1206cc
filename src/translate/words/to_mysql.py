"""For MySQL and MariaDB: their arithmetic, collations and comparisons are their own. One text for both."""


def bin_collated(node):
    """A text that is compared letter by letter, whatever the column's collation says."""
    return exp.Collate(this=node.copy(), expression=exp.Var(this="utf8mb4_bin"))


def is_text(node):
    return isinstance(node, exp.Literal) and node.is_string or isinstance(node, (exp.Upper, exp.Lower, exp.Concat, exp.DPipe, exp.Substring)) or \
        isinstance(node, exp.Cast) and node.to.this in exp.DataType.TEXT_TYPES


def mysql_is_whole(node):
    """Whether its value is an integer, for who does not know the column's type: 5 / 1 is 5.0000 of an integer, 5 of a double."""
    text, quotient = exp.cast(node.copy(), "char"), exp.cast(exp.Div(this=exp.paren(node.copy()), expression=exp.Literal.number(1)), "char")
    return exp.and_(exp.not_(exp.Like(this=text, expression=exp.Literal.string("%.%"))), exp.Like(this=quotient, expression=exp.Literal.string("%.%")))


def real(node):
    return node.is_type(TYPE.DECIMAL, TYPE.DOUBLE, TYPE.FLOAT, TYPE.BIGDECIMAL) or isinstance(node, (exp.Avg, exp.Stddev, exp.Sqrt))


def doubled(node):
    return exp.Paren(this=exp.Add(this=exp.paren(node.copy()) if isinstance(node, exp.Binary) else node.copy(), expression=exp.Literal.number("0e0")))


def mysql_exact(node):
    """A quotient has four digits more than its dividend there; of a double it has all."""
    return changed(node, typed=False, this=doubled(node.this))


def mysql_divide(node):
    sides = [node.this, node.expression]
    if any(real(side.unnest()) for side in sides):
        return mysql_exact(node)
    asked = [side for side in sides if not side.is_type(*exp.DataType.INTEGER_TYPES)]
    whole = exp.Paren(this=exp.IntDiv(this=exp.paren(node.this.copy()) if isinstance(node.this, exp.Binary) else node.this.copy(),
                                      expression=exp.paren(node.expression.copy()) if isinstance(node.expression, exp.Binary) else node.expression.copy()))
    if not asked:
        return whole
    plain = mysql_exact(node)
    return exp.Case().when(exp.and_(*(mysql_is_whole(side) for side in asked)), whole).else_(plain)


def mysql_cast(node):
    kind, what = node.to.this, node.this
    if kind in (TYPE.DOUBLE, TYPE.FLOAT):
        return doubled(what)
    if kind == TYPE.DECIMAL and not node.to.expressions:
        return exp.Paren(this=exp.Add(this=what.copy(), expression=exp.Literal.number("0.0")))
    if kind == TYPE.BOOLEAN:
        return exp.Paren(this=exp.NEQ(this=what.copy(), expression=exp.Literal.number(0)))
    if kind == TYPE.VARBINARY and not node.to.expressions:
        return exp.Cast(this=what.copy(), to=exp.DataType(this=TYPE.BINARY))
    if kind in (TYPE.JSON, TYPE.JSONB):
        return what.copy()
    if kind in (TYPE.TIMESTAMPTZ, TYPE.TIMESTAMPLTZ) and isinstance(what, exp.Literal):
        return exp.Cast(this=exp.Literal.string(in_utc(str(what.this))), to=exp.DataType.build("datetime(6)", dialect="mysql"))
    if kind == TYPE.TIME and not node.to.expressions and isinstance(what, exp.Literal) and "." in str(what.this):
        return exp.Cast(this=what.copy(), to=exp.DataType.build("time(6)", dialect="mysql"))
    if kind in (TYPE.TIMESTAMP, TYPE.TIMESTAMPNTZ, TYPE.TIMESTAMPTZ, TYPE.TIMESTAMPLTZ) or kind == TYPE.DATETIME and not node.to.expressions and source != "mysql":
        fraction = isinstance(what, exp.Literal) and "." in str(what.this)
        return exp.Cast(this=what.copy(), to=exp.DataType.build("datetime(6)" if fraction or not isinstance(what, exp.Literal) else "datetime", dialect="mysql"))
    return None


def mysql_try(node):
    if node.to.this not in exp.DataType.INTEGER_TYPES:
        cannot("TRY_CAST to other types than integers")
    digits = exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string("^ *[-+]?[0-9]+ *$"), full_match=True)
    return exp.Case().when(digits, exp.cast(node.this.copy(), "bigint"))


def mysql_trunc(node):
    what, unit = node.this, singular(node.text("unit") or "")
    if unit == "WEEK":
        return exp.cast(call("DATE_SUB", call("DATE", what), exp.Interval(this=call("WEEKDAY", what), unit=exp.Var(this="DAY"))), "datetime")
    if unit == "QUARTER":
        first = exp.Sub(this=call("QUARTER", what), expression=exp.Literal.number(1))
        return exp.cast(exp.Add(this=call("MAKEDATE", call("YEAR", what), 1), expression=exp.Interval(this=exp.Paren(this=first), unit=exp.Var(this="QUARTER"))), "datetime")
    form = {"YEAR": "%Y-01-01", "MONTH": "%Y-%m-01", "DAY": "%Y-%m-%d", "HOUR": "%Y-%m-%d %H:00:00", "MINUTE": "%Y-%m-%d %H:%i:00",
            "SECOND": "%Y-%m-%d %H:%i:%s"}.get(unit)
    return None if form is None else exp.cast(call("DATE_FORMAT", what, form), "datetime")


def mysql_extract(node):
    what, unit = node.expression, singular(node.this.name)
    simple = {"DOY": "DAYOFYEAR", "DAYOFYEAR": "DAYOFYEAR"}.get(unit)
    if simple:
        return call(simple, what)
    if unit in ("DOW", "DAYOFWEEK"):
        return exp.Paren(this=exp.Sub(this=call("DAYOFWEEK", what), expression=exp.Literal.number(1)))
    if unit in ("ISODOW", "DAYOFWEEKISO"):
        return exp.Paren(this=exp.Add(this=call("WEEKDAY", what), expression=exp.Literal.number(1)))
    if unit == "WEEK":
        return call("WEEK", what, 3)
    if unit in ("ISOYEAR", "YEAROFWEEK"):
        return exp.Paren(this=exp.IntDiv(this=call("YEARWEEK", what, 3), expression=exp.Literal.number(100)))
    if unit == "EPOCH":
        micros = exp.Anonymous(this="TIMESTAMPDIFF", expressions=[exp.Var(this="MICROSECOND"), exp.Literal.string("1970-01-01"), what.copy()])
        return exp.Paren(this=exp.Div(this=micros, expression=exp.Literal.number("1000000.0")))
    return None


def mysql_moment(node):
    """x + INTERVAL '1 day 2 hours', date + 1, date - date."""
    left, right = node.this, node.expression
    if isinstance(node, exp.Sub) and is_date(right) and (is_date(left) or isinstance(left, exp.Column)) or \
            isinstance(node, exp.Sub) and is_date(left) and isinstance(right, exp.Column):
        return call("DATEDIFF", left, right)
    if isinstance(left, exp.Interval) and isinstance(node, exp.Add):
        left, right = right, left
    if is_date(left) and isinstance(right, exp.Literal) and not right.is_string:
        right = exp.Interval(this=right.copy(), unit=exp.Var(this="DAY"))
        return type(node)(this=left.copy(), expression=right)
    times = None
    if isinstance(right, exp.Mul) and (isinstance(right.this, exp.Interval) or isinstance(right.expression, exp.Interval)):
        right, times = (right.this, right.expression) if isinstance(right.this, exp.Interval) else (right.expression, right.this)
    if not isinstance(right, exp.Interval):
        return None
    parts = interval_parts(right)
    if parts is None:
        return None
    seconds = interval_seconds(right)
    if is_of(left, "TIME") and times is None and seconds is not None and source != "mysql": # of a day: it begins anew at midnight
        return filled(f"SEC_TO_TIME(MOD(TIME_TO_SEC(_1) + {int(seconds) * (-1 if isinstance(node, exp.Sub) else 1) % 86400}, 86400))", [left])
    out = left.copy()
    for number, unit in parts:
        count = exp.Literal.string(number) if times is None else exp.Paren(this=exp.Mul(this=exp.Literal.number(number), expression=times.copy()))
        out = type(node)(this=out, expression=exp.Interval(this=count, unit=exp.Var(this=unit)))
    return out


def exactly(node):
    """A text of any character set, to be compared letter by letter."""
    kind = exp.DataType(this=TYPE.CHARACTER_SET, kind=exp.Var(this="utf8mb4"))
    return bin_collated(exp.Cast(this=node.copy(), to=kind))


def octets_of(side):
    """A text of any character set with the blanks at its end, which most collations of MariaDB do not compare."""
    return side.copy() if isinstance(side, (exp.Literal, exp.Parameter, exp.Placeholder)) else \
        exp.Cast(this=exactly(side.this if isinstance(side, exp.Collate) else side).this, to=exp.DataType(this=TYPE.BINARY))


def is_octets(node):
    return isinstance(node, exp.Cast) and node.to.this == TYPE.BINARY


def has_letters(node):
    """Texts without any, and without blanks at their end, are the same in every collation; which it is, is in the key (scan.c)."""
    return isinstance(node, exp.Literal) and node.is_string and re.search(r"[A-Za-z\x80-\U0010ffff]| $", str(node.this)) is not None


def mysql_compare(node):
    """Texts are compared letter by letter elsewhere. The plain comparison stays beside it: an index serves that one."""
    if isinstance(node, exp.In):
        if not any(has_letters(e) for e in node.expressions) or not all(isinstance(e, exp.Literal) and e.is_string for e in node.expressions):
            return None
        exact = exp.In(this=octets_of(node.this), expressions=[e.copy() for e in node.expressions])
        return exp.Paren(this=exp.and_(node.copy(), exact))
    sides = [node.this, node.expression]
    text = next((side for side in sides if has_letters(side)), None)
    if text is None or any(isinstance(side, exp.Collate) or is_octets(side) or is_date(side) for side in sides):
        return None
    if all(isinstance(side, exp.Literal) for side in sides):
        return type(node)(this=exp.Cast(this=sides[0].copy(), to=exp.DataType(this=TYPE.BINARY)), expression=sides[1].copy())
    exact = type(node)(**{key: octets_of(side) for key, side in zip(("this", "expression"), sides)})
    if isinstance(node, exp.NEQ):
        return exact
    return exp.Paren(this=exp.and_(node.copy(), exact))


def mysql_case(node):
    """CASE x WHEN 'a'."""
    out = node.copy()
    for one in out.args["ifs"]:
        if isinstance(one.this, exp.Literal) and one.this.is_string:
            one.set("this", bin_collated(one.this))
    return out


def mysql_like(node):
    if not isinstance(node.expression, exp.Collate) and has_marker(node.expression): # 8.0 takes no collation of it
        return changed(node, this=exactly(node.this)) if not isinstance(node.this, exp.Collate) else None
    return None if isinstance(node.expression, exp.Collate) else changed(node, expression=bin_collated(node.expression))


def mysql_regexp(node, flag):
    """The collation would decide on letters' case; a flag in the pattern does."""
    pattern = node.expression
    if isinstance(pattern, exp.Literal):
        pattern = exp.Literal.string(flag + str(pattern.this))
    else:
        pattern = call("CONCAT", flag, pattern)
    return exp.Paren(this=exp.RegexpLike(this=node.this.copy(), expression=pattern, full_match=True))


def mysql_filter(node):
    """sum(x) FILTER (WHERE c) as sum(CASE WHEN c THEN x END)."""
    agg, condition = node.this.copy(), node.expression.this
    inside = agg.this
    if isinstance(agg, exp.Count) and (isinstance(inside, exp.Star) or inside is None):
        agg.set("this", exp.Case().when(condition.copy(), exp.Literal.number(1)))
    else:
        while isinstance(inside, (exp.Order, exp.Distinct)) and isinstance(agg, (exp.GroupConcat, exp.Count, exp.Sum, exp.Avg)): # of lists and of distinct values
            if isinstance(inside, exp.Distinct) and len(inside.expressions) != 1:
                return None
            inside = inside.expressions[0] if isinstance(inside, exp.Distinct) else inside.this
        if not isinstance(inside, exp.Expression) or isinstance(inside, (exp.Distinct, exp.Order)):
            return None
        inside.replace(exp.Case().when(condition.copy(), inside.copy()))
    return agg


def mysql_json(node):
    if source == "postgres" and (is_marker(node.expression) or isinstance(node.expression, exp.Cast) and is_marker(node.expression.this)): # a key, or the number of an element
        node.set("expression", filled("CASE JSON_TYPE(_1) WHEN 'ARRAY' THEN CONCAT('$[', _2, ']') ELSE CONCAT('$.\"', _2, '\"') END", [node.this, node.expression]))
    found = exp.Anonymous(this="JSON_EXTRACT", expressions=[node.this.copy(), json_path(node.expression)])
    if isinstance(node, (exp.JSONExtractScalar, exp.JSONBExtractScalar)):
        return exp.func("NULLIF", call("JSON_UNQUOTE", found), exp.Literal.string("null"))
    return found


def conditional(conflict):
    """DO UPDATE SET a = b WHERE c as SET a = CASE WHEN c THEN b ELSE a END."""
    where = conflict.args.get("where")
    if where is None:
        return
    changed_ones = {one.this.name.lower() for one in conflict.expressions}
    read = {column.name.lower() for column in where.find_all(exp.Column) if column.table.upper() != "EXCLUDED"}
    if len(changed_ones) > 1 and changed_ones & read:
        cannot("DO UPDATE of several columns WHERE one of them has a value")
    for one in conflict.expressions:
        one.set("expression", exp.Case().when(where.this.copy(), one.expression.copy()).else_(exp.column(one.this.this.copy())))


def in_its_order(update):
    """SET a = a + 1, b = a: here b is the new a, so it comes first; SET a = b, b = a has no such order."""
    left, done = [one for one in update.expressions if isinstance(one, exp.EQ)], []
    if len(left) < 2 or len(left) < len(update.expressions):
        return
    names = {one.this.name.lower() for one in left}
    reads = {id(one): {column.name.lower() for column in one.expression.find_all(exp.Column) if column.table.upper() != "EXCLUDED"} & names - {one.this.name.lower()} for one in left}
    while left:
        free = [one for one in left if not any(one.this.name.lower() in reads[id(other)] for other in left if other is not one)]
        if not free:
            cannot("columns that are set to each other's values")
        done.append(free[0])
        left.remove(free[0])
    if [id(one) for one in done] != [id(one) for one in update.expressions]:
        update.set("expressions", [one.copy() for one in done])


def mysql_on_conflict(node):
    """INSERT ... ON CONFLICT."""
    conflict = node.args.get("conflict")
    if conflict is None:
        return None
    action = str(conflict.args.get("action") or "").upper()
    if "NOTHING" in action:
        node.set("conflict", None)
        node.set("ignore", True)
        return node
    table = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if isinstance(table, exp.Table) and table.args.get("alias") is not None:
        table.set("alias", None)
    in_its_order(conflict)
    conditional(conflict)
    for column in list(conflict.find_all(exp.Column)):
        if column.table.upper() == "EXCLUDED":
            column.replace(call("VALUES", exp.column(column.this.copy())))
        elif column.table:
            column.set("table", None)
    for key in ("constraint", "conflict_keys", "where", "index_where"):
        if key in conflict.args:
            conflict.set(key, None)
    conflict.set("duplicate", True)
    conflict.set("action", exp.Var(this="UPDATE"))
    return node


def mysql_group(node):
    """GROUP BY ROLLUP (a) as GROUP BY a WITH ROLLUP; other sets of groups it has none."""
    more = [e for e in node.expressions if isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets))]
    if not more:
        return None
    return exp.Group(expressions=[e.copy() for e in more[0].expressions], rollup=[exp.Rollup()])


def as_rows(node):
    """VALUES as SELECT ... UNION ALL SELECT ...; the columns are called column1, column2."""
    out = None
    for row in node.expressions:
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        one = exp.Select(expressions=[exp.alias_(cell.copy(), f"column{i}") if out is None else cell.copy() for i, cell in enumerate(cells, 1)])
        out = one if out is None else exp.Union(this=out, expression=one, distinct=False)
    for key in ("order", "limit", "offset"):
        if node.args.get(key) is not None:
            out.set(key, node.args[key].copy())
    return out


def replacement(new, more=0):
    """What replaces a match: a group is $1 in MySQL, \\1 in MariaDB. Each reads a comment that the other takes for one. MORE: groups in front of its own,
    the first of which stays."""
    if not isinstance(new, exp.Literal):
        cannot("what replaces a match and is not written there")
    pieces = re.split(r"\\(\d)", str(new.this))
    if any(re.search(r"[\\$]", piece) for piece in pieces[::2]):
        cannot("this text in the place of what is found")
    pieces = [piece if i % 2 == 0 else str(int(piece) + (more if piece != "0" else 0)) for i, piece in enumerate(pieces)]
    pieces = ["", "1"] + pieces if more else pieces
    if len(pieces) == 1:
        return exp.Literal.string(pieces[0])
    dollars = exp.Literal.string("".join(piece if i % 2 == 0 else f"${piece}" for i, piece in enumerate(pieces))).sql("mysql")
    parts = ", ".join(exp.Literal.string(piece).sql("mysql") if i % 2 == 0 else f"CHAR(92 USING utf8mb4), '{piece}'" for i, piece in enumerate(pieces))
    return exp.Var(this=f"/*!80000 {dollars} */ /*M! CONCAT({parts}) */")


def around_match(pattern, flag, before, behind):
    """A pattern that finds its first match and what is around it."""
    if isinstance(pattern, exp.Literal):
        return exp.Literal.string(f"{flag}{before}(?:{pattern.this}){behind}")
    return call("CONCAT", f"{flag}{before}(?:", pattern, f"){behind}")


FIRST_OF_ALL, ALL_BEFORE, ALL_BEHIND = "^((?s:.*?))", "^(?s:.*?)", "(?s:.*)$"


def mysql_replace(node):
    """regexp_replace(x, 'a', 'b', 'gi'): without g the first match alone, which is found with all that is in front of it."""
    flags, pattern = str(node.args["modifiers"].this) if node.args.get("modifiers") else "", node.expression
    new, flag = node.args.get("replacement") or exp.Literal.string(""), "(?i)" if "i" in flags else "(?-i)"
    if "g" not in flags and source in ("postgres", "duckdb"):
        where_it_is, new = around_match(pattern, flag, FIRST_OF_ALL, ""), replacement(new, 1)
    else:
        where_it_is, new = exp.Literal.string(flag + str(pattern.this)) if isinstance(pattern, exp.Literal) else pattern, replacement(new)
    return filled("CASE WHEN _1 REGEXP _2 THEN _3 ELSE _1 END", [node.this, where_it_is, call("REGEXP_REPLACE", node.this, where_it_is, new)]) # 8.0.15 ends where there is none


def scaled_seconds(node):
    """Of epoch_ms(x), which is in thousandths."""
    scale = number_of(node.args.get("scale")) if node.args.get("scale") is not None else 0
    if not scale:
        return node.this
    return exp.Paren(this=exp.Div(this=exp.paren(node.this.copy()), expression=exp.Literal.number("1" + "0" * scale + ".0"), typed=True))


def mysql_function(node):
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    if name in ("EVERY", "BOOL_AND") and len(args) == 1:
        return call("MIN", args[0])
    if isinstance(node, exp.StrPosition) and not node.args.get("position"):
        return call("LOCATE", node.args["substr"], exactly(node.this)) if has_marker(node.args["substr"]) else call("LOCATE", bin_collated(node.args["substr"]), node.this)
    if isinstance(node, exp.SplitPart):
        text, mark, number = node.this, node.args["delimiter"], node.args["part_index"]
        count = exp.Add(this=exp.Div(this=exp.Paren(this=exp.Sub(this=call("CHAR_LENGTH", text), expression=call("CHAR_LENGTH", call("REPLACE", text, mark, "")))),
                                     expression=call("CHAR_LENGTH", mark)), expression=exp.Literal.number(1))
        part = call("SUBSTRING_INDEX", call("SUBSTRING_INDEX", text, mark, number), mark, exp.Literal.number(-1))
        return exp.Case().when(exp.GT(this=number.copy(), expression=count), exp.Literal.string("")).else_(part)
    if name in ("STARTS_WITH", "StartsWith"):
        text, start = args or (node.this, node.expression)
        return exp.Paren(this=exp.EQ(this=call("LEFT", text, call("CHAR_LENGTH", start)), expression=bin_collated(start))) if not has_marker(start) else \
            exp.Paren(this=exp.EQ(this=exactly(call("LEFT", text, call("CHAR_LENGTH", start))), expression=start.copy()))
    if name in ("MAKE_DATE", "DateFromParts"):
        parts = args or [node.args.get(k) for k in ("year", "month", "day")]
        return exp.cast(call("CONCAT_WS", "-", *parts), "date") if len(parts) == 3 and all(parts) else None
    if name == "BTRIM" and len(args) == 2:
        return exp.Trim(this=args[0].copy(), expression=args[1].copy(), position="BOTH")
    if isinstance(node, exp.Trunc):
        return call("TRUNCATE", node.this, node.args.get("decimals") or 0)
    if name in ("DIV",) and len(args) == 2 or isinstance(node, exp.IntDiv) and not isinstance(node.parent, exp.Paren):
        left, right = args or (node.this, node.expression)
        return exp.Paren(this=exp.IntDiv(this=left.copy(), expression=right.copy()))
    if name in ("JSON_ARRAY_LENGTH", "JSONB_ARRAY_LENGTH", "JSONArrayLength"):
        return call("JSON_LENGTH", *(args or [node.this]))
    if name in ("JSON_BUILD_OBJECT", "JSONB_BUILD_OBJECT"):
        return call("JSON_OBJECT", *args)
    if name in ("JSON_TYPEOF", "JSONB_TYPEOF") and args:
        return filled("CASE WHEN JSON_TYPE(_1) IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') THEN 'number' ELSE LOWER(JSON_TYPE(_1)) END", args)
    if name == "TO_TIMESTAMP" and len(args) == 1 or isinstance(node, exp.UnixToTime) and not node.args.get("format"):
        what = args[0] if args else scaled_seconds(node)
        return exp.Add(this=exp.cast(exp.Literal.string("1970-01-01"), "datetime"), expression=exp.Interval(this=what.copy(), unit=exp.Var(this="SECOND")))
    if isinstance(node, exp.Rand):
        return call("RAND")
    if isinstance(node, (exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)) and not isinstance(node.this, exp.Distinct):
        return changed(node, this=doubled(node.this))
    if isinstance(node, exp.Log) and node.expression is None:
        return call("LOG10", node.this)
    if isinstance(node, (exp.Greatest, exp.Least)):
        return without_nulls(node)
    if isinstance(node, exp.Chr) and not node.args.get("charset"):
        return exp.cast(changed(node, charset=exp.Var(this="utf32")), "char")
    if isinstance(node, exp.TimestampFromParts):
        parts = [node.args.get(k) for k in ("year", "month", "day", "hour", "min", "sec")]
        return exp.Cast(this=call("CONCAT", call("CONCAT_WS", "-", *parts[:3]), " ", call("CONCAT_WS", ":", *parts[3:])), to=exp.DataType.build("datetime(6)", dialect="mysql")) \
            if all(parts) else None
    if isinstance(node, exp.RegexpReplace):
        return None if node.meta.get("made") else mysql_replace(node)
    if difference(node) is not None:
        unit, begin, end = difference(node)
        return exp.Anonymous(this="TIMESTAMPDIFF", expressions=[exp.Var(this=unit), begin.copy(), end.copy()])
    if type(node).__name__ == "DayOfWeekIso":
        return exp.Paren(this=exp.Add(this=call("WEEKDAY", node.this), expression=exp.Literal.number(1)))
    if isinstance(node, exp.TimeToUnix):
        return mysql_extract(exp.Extract(this=exp.Var(this="EPOCH"), expression=node.this.copy()))
    if isinstance(node, exp.CountIf):
        return exp.Count(this=exp.Case().when(node.this.copy(), exp.Literal.number(1)))
    if isinstance(node, exp.ApproxDistinct):
        return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
    if isinstance(node, exp.AnyValue):
        return call("MIN", node.this)
    if isinstance(node, exp.RegexpExtract) and not number_of(node.args.get("group")):
        pattern = exp.Literal.string("(?-i)" + str(node.expression.this)) if isinstance(node.expression, exp.Literal) else call("CONCAT", "(?-i)", node.expression)
        return exp.func("NULLIF", call("REGEXP_SUBSTR", node.this, pattern), exp.Literal.string(""))
    if isinstance(node, exp.JSONFormat):
        return exp.cast(node.this.copy(), "char")
    if isinstance(node, exp.Unicode):
        return None
    if isinstance(node, exp.Initcap):
        cannot("initcap()")
    if isinstance(node, exp.ArrayAgg) or isinstance(node, exp.Array) and not isinstance(node.parent, (exp.Any, exp.All)):
        cannot("arrays")
    if isinstance(node, (exp.ArgMax, exp.ArgMin)):
        return by_greatest(node)
    if name == "CBRT" or isinstance(node, exp.Cbrt):
        return call("POW", (args[0] if args else node.this), exp.Div(this=exp.Literal.number("1e0"), expression=exp.Literal.number(3)))
    return None


def nulls_by_case(order):
    """ORDER BY CASE WHEN x IS NULL .., x in a window, where sqlglot writes none."""
    for ordered in list(order.expressions) if order is not None else []:
        if isinstance(ordered, exp.Ordered) and bool(ordered.args.get("nulls_first")) == bool(ordered.args.get("desc")):
            nulls = exp.Case().when(exp.Is(this=ordered.this.copy(), expression=exp.Null()), exp.Literal.number(1)).else_(exp.Literal.number(0))
            ordered.set("nulls_first", not ordered.args.get("desc"))
            at = order.expressions.index(ordered)
            order.set("expressions", order.expressions[:at] + [exp.Ordered(this=nulls, desc=ordered.args.get("desc"), nulls_first=not ordered.args.get("desc"))] + order.expressions[at:])


def mysql_framed(window):
    """A window with a frame, and one with a name: an interval back to which it reaches has one key alone."""
    spec = window.args.get("spec")
    reaches = spec is not None and str(spec.args.get("kind")).upper() == "RANGE" and any(isinstance(spec.args.get(end), exp.Expression) for end in ("start", "end"))
    if not reaches and (spec is not None or isinstance(window.this, exp.Identifier)):
        nulls_by_case(window.args.get("order"))


def mysql_neighbour(window):
    """lag(x, 1, 0): MariaDB has no third argument. Whether there are so many rows before, a count tells."""
    of, steps = window.this, window.this.args.get("offset") or exp.Literal.number(1)
    if number_of(steps) is None or number_of(steps) < 1:
        cannot("lag() and lead() by a number that is not written there")
    sides = ["PRECEDING"] * 2 if isinstance(of, exp.Lag) else ["FOLLOWING"] * 2
    ends = [steps.copy(), exp.Literal.number(1)] if isinstance(of, exp.Lag) else [exp.Literal.number(1), steps.copy()]
    frame = exp.WindowSpec(kind="ROWS", start=ends[0], start_side=sides[0], end=ends[1], end_side=sides[1])
    count = changed(window, this=exp.Count(this=exp.Star()), spec=frame)
    nulls_by_case(count.args.get("order")) # in the order of the other one, which is written so, too
    return exp.Case().when(exp.LT(this=count, expression=steps.copy()), of.args["default"].copy()).else_(changed(window, this=changed(of, default=None)))


def mysql_delete(delete):
    """DELETE FROM a USING b as DELETE a FROM a JOIN b; DELETE FROM t AS a as DELETE a FROM t AS a, which older servers have alone."""
    using = delete.args.get("using") or []
    if delete.args.get("tables") or not using and (not delete.this.alias or delete.args.get("returning") is not None):
        return None
    if delete.args.get("returning") is not None:
        cannot("DELETE ... USING with RETURNING")
    whole = delete.this.copy()
    if using:
        whole.set("joins", [exp.Join(this=table.copy(), kind="CROSS") for table in using])
    where = delete.args["where"].copy() if delete.args.get("where") is not None else None
    return with_its_queries(exp.Delete(this=whole, tables=[exp.Table(this=called_as(delete.this))], where=where), delete)


COLUMN_KINDS = {"JSONB": "json", "UUID": "char(36)", "TIMESTAMPTZ": "datetime(6)", "TIMESTAMP": "datetime(6)", "VARBINARY": "longblob", "INET": "varchar(43)", "BINARY": "longblob"}
COUNTED = {"SERIAL": "int", "BIGSERIAL": "bigint", "SMALLSERIAL": "smallint"}


def mysql_columns(schema):
    """Of CREATE TABLE: types, and columns that count."""
    keys = {e.name.lower() for part in schema.expressions if isinstance(part, (exp.PrimaryKey, exp.UniqueColumnConstraint)) for e in part.find_all(exp.Identifier)}
    for column in schema.find_all(exp.ColumnDef):
        kind, constraints = column.args.get("kind"), column.args.get("constraints") or []
        if not isinstance(kind, exp.DataType):
            continue
        name = kind.this.name if hasattr(kind.this, "name") else str(kind.this)
        if name == "ARRAY":
            cannot("arrays")
        for default in [c.args["kind"] for c in constraints if isinstance(c.args.get("kind"), exp.DefaultColumnConstraint)] if name in ("TEXT", "JSON", "JSONB", "VARBINARY") or name == "VARCHAR" and not kind.expressions else []:
            if isinstance(default.this, exp.Literal):
                default.set("this", exp.Paren(this=default.this.copy())) # MySQL takes an expression alone for these
        for default in [c.args["kind"] for c in constraints if isinstance(c.args.get("kind"), exp.DefaultColumnConstraint)]:
            if isinstance(default.this, (exp.CurrentDate, exp.CurrentTime, exp.Anonymous, exp.Add, exp.Sub)): # an expression
                default.set("this", exp.Paren(this=default.this.copy()))
        counts = name in COUNTED or any(type(c.args.get("kind")).__name__ == "GeneratedAsIdentityColumnConstraint" for c in constraints)
        kept = [c for c in constraints if type(c.args.get("kind")).__name__ != "GeneratedAsIdentityColumnConstraint"]
        is_key = column.name.lower() in keys or any(isinstance(c.args.get("kind"), (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint)) for c in constraints)
        if name in COUNTED:
            column.set("kind", exp.DataType.build(COUNTED[name]))
        elif name in COLUMN_KINDS:
            column.set("kind", exp.DataType.build(COLUMN_KINDS[name], dialect="mysql"))
            for moment in [c.args["kind"].this for c in kept if isinstance(c.args.get("kind"), exp.DefaultColumnConstraint)]:
                if isinstance(moment, exp.CurrentTimestamp):
                    moment.set("this", exp.Literal.number(6)) # as fine as the column, or it is no default
        elif name == "TEXT" and is_key:
            column.set("kind", exp.DataType.build("varchar(255)"))
        elif name == "VARCHAR" and not kind.expressions:
            column.set("kind", exp.DataType.build("varchar(255)" if is_key else "text"))
        if counts:
            kept.append(exp.ColumnConstraint(kind=exp.AutoIncrementColumnConstraint()))
            if not is_key:
                kept.append(exp.ColumnConstraint(kind=exp.UniqueColumnConstraint()))
        column.set("constraints", kept)


def mysql_index(params):
    """CREATE INDEX: there is no order of NULLs there."""
    for ordered in params.args.get("columns") or []:
        if isinstance(ordered, exp.Ordered):
            ordered.set("nulls_first", not ordered.args.get("desc"))


MARIADB_WORDS = ("OFFSET", "RETURNING", "CURRENT_ROLE", "STATS_PERSISTENT", "PAGE_CHECKSUM", "REF_SYSTEM_ID", "OVER")  # which MySQL has not for reserved ones


def locked(lock):
    """FOR NO KEY UPDATE is FOR UPDATE, and FOR SHARE has an older name, the only one that MariaDB knows; neither of both locks the rows of one table only there."""
    update, wait = lock.args.get("update"), lock.args.get("wait")
    if update:
        return exp.Lock(update=True, wait=wait)
    maria = any("mariadb" in told.get("server", "").lower() for told in known_keys.values())
    return exp.Lock(update=False, wait=wait) if wait is not None and not maria else exp.Var(this="LOCK IN SHARE MODE" + ("" if wait is None else " NOWAIT" if wait is True else " SKIP LOCKED"))


def mysql_node(node):
    out = None
    if isinstance(node, exp.Lock):
        return locked(node) if source != "mysql" else node
    if isinstance(node, exp.Identifier) and not node.args.get("quoted") and node.name.upper() in MARIADB_WORDS and source != "mysql":
        return changed(node, quoted=True)
    if isinstance(node, exp.Div) and node.meta.get("made"):
        return node
    if isinstance(node, exp.Div) and source in ("postgres", "trino", "sqlite"):
        out = mysql_divide(node)
    elif isinstance(node, exp.Div) and source == "duckdb" and not any(is_of(side, "DOUBLE", "FLOAT") for side in (node.this, node.expression)):
        out = mysql_exact(node)
    elif isinstance(node, exp.TryCast) and source in ("trino", "duckdb"):
        out = mysql_try(node)
    elif isinstance(node, exp.Cast):
        out = mysql_cast(node)
    elif isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)):
        out = mysql_trunc(node)
    elif isinstance(node, exp.Extract):
        out = mysql_extract(node)
    elif isinstance(node, (exp.Add, exp.Sub)):
        out = mysql_moment(node)
    elif isinstance(node, (exp.EQ, exp.NEQ, exp.In)):
        out = None if isinstance(node.parent, (exp.Update, exp.OnConflict)) else mysql_compare(node) # SET a = 'x' compares nothing
    elif type(node) is exp.Like:
        out = mysql_like(node)
    elif isinstance(node, exp.RegexpLike):
        out = None if node.args.get("full_match") else mysql_regexp(node, "(?-i)")
    elif isinstance(node, exp.RegexpILike):
        out = mysql_regexp(node, "(?i)")
    elif isinstance(node, exp.Filter):
        out = mysql_filter(node)
    elif isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar)):
        out = mysql_json(node)
    elif isinstance(node, exp.Insert):
        out = mysql_on_conflict(node)
    elif isinstance(node, exp.Delete):
        out = mysql_delete(node)
    elif isinstance(node, exp.Update) and node.args.get("returning") is not None:
        cannot("UPDATE ... RETURNING")
    elif isinstance(node, exp.Update) and source != "mysql":
        in_its_order(node)
    elif isinstance(node, exp.Schema) and isinstance(node.parent, exp.Create) or isinstance(node, exp.Alter) and source != "mysql":
        mysql_columns(node)
    elif isinstance(node, exp.IndexParameters):
        mysql_index(node)
    elif isinstance(node, exp.Window) and isinstance(node.this, (exp.Lag, exp.Lead)) and node.this.args.get("default") is not None:
        out = mysql_neighbour(node)
    elif isinstance(node, exp.Window):
        mysql_framed(node)
    elif isinstance(node, exp.Overlay):
        out = overlaid(node)
    elif isinstance(node, exp.Group):
        out = mysql_group(node)
    elif isinstance(node, exp.ByteString):
        out = exp.Literal.string(str(node.this))
    elif isinstance(node, exp.BitwiseNot):
        out = exp.Paren(this=exp.Sub(this=exp.Neg(this=exp.paren(node.this.copy())), expression=exp.Literal.number(1)))
    elif isinstance(node, exp.WindowSpec) and (node.args.get("exclude") or str(node.args.get("kind")).upper() == "GROUPS"):
        cannot("frames of GROUPS or with EXCLUDE")
    elif isinstance(node, exp.SimilarTo):
        out = mysql_regexp(similar(node), "(?-i)")
    elif isinstance(node, exp.ArrayContainsAll):
        out = call("JSON_CONTAINS", node.this, node.expression)
    elif isinstance(node, exp.JSONBContainsTopKey):
        out = call("JSON_CONTAINS_PATH", node.this, "one", key_path(node.expression))
    elif isinstance(node, exp.Case) and node.this is not None:
        out = mysql_case(node)
    elif isinstance(node, exp.Func):
        out = mysql_function(node)
    return node if out is None else out


def mysql_order(query):
    """NULLs are last by ORDER BY 1, too: by the name of the column, with which sqlglot says so."""
    order, first = query.args.get("order"), query
    while isinstance(first, exp.SetOperation):
        first = first.this.unnest()
    if order is None or not isinstance(first, exp.Select) or first.is_star:
        return
    for ordered in order.expressions:
        at = ordered.this
        same = next((e for e in first.expressions if isinstance(e, exp.Alias) and not isinstance(e.this, (exp.Column, exp.Literal)) and e.this.sql() == at.sql()), None)
        if same is not None and any(column.name == same.alias for column in at.find_all(exp.Column)):
            continue # inside of an expression, that name is the column
        if same is not None and first is query and not isinstance(at, (exp.Column, exp.Literal)):
            ordered.set("this", exp.column(exp.to_identifier(same.alias, quoted=True)))
            ordered.this.type = same.this.type
            continue
        if not isinstance(at, exp.Literal) or not at.is_int or not 0 < int(str(at.this)) <= len(first.expressions):
            continue
        chosen = first.expressions[int(str(at.this)) - 1]
        if isinstance(chosen, exp.Column) and chosen.table and first is query:
            ordered.set("this", chosen.copy()) # another one may have its name
            continue
        name = chosen.alias_or_name if isinstance(chosen, (exp.Alias, exp.Column)) else "" # that of f(x) would be x
        ordered.set("this", exp.column(exp.to_identifier(name, quoted=True)) if name else chosen.copy())
        ordered.this.type = chosen.type if not isinstance(chosen, exp.Alias) else chosen.this.type


def mysql_places(query):
    """GROUP BY 1 by what stands there: MySQL does not see that an ORDER BY of it is the same."""
    group = query.args.get("group")
    for key in list(group.expressions) if isinstance(query, exp.Select) and group is not None else []:
        if isinstance(key, exp.Literal) and key.is_int and 0 < int(str(key.this)) <= len(query.expressions) and not query.is_star:
            chosen = query.expressions[int(str(key.this)) - 1].unalias()
            if not isinstance(chosen, exp.Literal):
                key.replace(chosen.copy())


def mysql_keys_inside(query, keys):
    """SELECT year(d) + 1 .. GROUP BY year(d): the same holds inside of what is shown."""
    for shown in query.expressions:
        whole = shown.unalias()
        for inner in [node for node in whole.walk() if node is not whole and node.sql() in keys]:
            if inner.find_ancestor(exp.AggFunc, exp.Select) is query and not isinstance(inner.parent, exp.Min) and whole.sql() not in keys:
                inner.replace(exp.Min(this=inner.copy()))


def mysql_order_keys(query):
    """ORDER BY upper(lower(x)) and HAVING lower(x) > 'a' beside GROUP BY lower(x), and what puts NULLs of it last."""
    group, order = query.args.get("group"), query.args.get("order")
    alone = not query.args.get("joins")

    def text(node):
        node = node.copy() if alone and node.find(exp.Column) is not None and not isinstance(node, exp.Column) else node
        for column in node.find_all(exp.Column) if alone and not isinstance(node, exp.Column) else []:
            column.set("table", None)
        return node.sql()

    keys = {text(key) for key in group.expressions if not isinstance(key, (exp.Column, exp.Literal))} if group is not None and not group.args.get("rollup") else set()
    parts = [*((ordered.this for ordered in order.expressions) if order is not None else ()), *([query.args["having"].this] if query.args.get("having") is not None else [])]
    for inner in [node for part in (parts if keys else []) for node in part.walk() if text(node) in keys]:
        if inner.find_ancestor(exp.AggFunc, exp.Select) is query:
            new = exp.Min(this=inner.copy())
            new.type = inner.type
            inner.replace(new)


def mysql_windows(query):
    """OVER (ORDER BY year(d)) beside GROUP BY year(d): MySQL 8.0 sees that they are the same by itself alone, not inside of what puts NULLs last."""
    group = query.args.get("group")
    keys = {key.sql() for key in group.expressions if not isinstance(key, (exp.Column, exp.Literal))} if group is not None and not group.args.get("rollup") else set()
    for window in list(query.find_all(exp.Window)) if keys else []:
        if window.find_ancestor(exp.Select) is not query:
            continue
        for key in [*(one.this for one in (window.args["order"].expressions if window.args.get("order") is not None else [])), *(window.args.get("partition_by") or [])]:
            if key.sql() in keys:
                new = exp.Min(this=key.copy())
                new.type = key.type
                key.replace(new)
    if keys:
        mysql_keys_inside(query, keys)


def orders_nulls(query):
    """Does a query of groups or of distinct rows put NULLs last by what it shows? MySQL 8.0 takes `x IS NULL` there for something that is not grouped."""
    shown = {e.alias_or_name: e.unalias() for e in query.expressions}
    if query.args.get("group") is None and query.args.get("distinct") is None or query.is_star or len(shown) < len(query.expressions) or "" in shown:
        return False
    return any(bool(o.args.get("nulls_first")) == bool(o.args.get("desc")) and not isinstance(shown.get(o.this.name), exp.Column) for o in query.args["order"].expressions) and \
        all(o.this.name in shown for o in query.args["order"].expressions)


def mysql_outer(query):
    """Of a query WITH ROLLUP: its order goes around it, MariaDB has none inside. So does one of groups that has NULLs last."""
    group, order = query.args.get("group"), query.args.get("order")
    if order is None or any(not isinstance(o, exp.Ordered) or not isinstance(o.this, exp.Column) or o.this.table for o in order.expressions):
        return None
    if not (group is not None and group.args.get("rollup")) and not orders_nulls(query):
        return None
    inner = query.copy()
    outer = exp.select("*").from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("grouped"))), copy=False)
    for key in ("order", "limit", "offset"):
        if inner.args.get(key) is not None:
            outer.set(key, inner.args[key].copy())
            inner.set(key, None)
    return outer


def moment_series(node):
    """generate_series(timestamp '..', timestamp '..', interval '1 day'), of moments that are written there."""
    series = node.this
    first, last = (end.this if isinstance(end, exp.Cast) and end.to.this in (TYPE.DATE, TYPE.TIMESTAMP, TYPE.DATETIME) else None for end in (series.args["start"], series.args["end"]))
    parts = interval_parts(series.args["step"])
    if not (is_moment_text(first) and is_moment_text(last)) or not parts or len(parts) != 1 or not parts[0][0].isdigit() or int(parts[0][0]) == 0:
        cannot("generate_series() of moments that are not written there")
    alias = node.args.get("alias")
    name = alias.columns[0].name if alias is not None and alias.columns else alias.name if alias is not None and alias.this is not None else "generate_series"
    step = f"n_ + INTERVAL '{parts[0][0]} {parts[0][1].lower()}'"
    shown = "CAST(n_ AS DATE)" if source == "trino" and series.args["start"].to.this == TYPE.DATE else "n_"
    text = f"WITH RECURSIVE series_(n_) AS (SELECT CAST('{first.this}' AS TIMESTAMP) UNION ALL SELECT {step} FROM series_ WHERE {step} <= CAST('{last.this}' AS TIMESTAMP)) SELECT {shown} AS \"{name}\" FROM series_"
    return exp.Subquery(this=sqlglot.parse_one(text, read="postgres"), alias=exp.TableAlias(this=alias.this.copy() if alias is not None and alias.this is not None else exp.to_identifier("generate_series")))


def mysql_series(node):
    """generate_series(1, 9) AS g(x) in FROM: numbers that are written there, and not many, as a recursion would have them."""
    series = node.this
    if isinstance(series.args.get("step"), exp.Interval):
        return moment_series(node)
    ends = [series.args.get(key) for key in ("start", "end", "step")]
    if not all(end is None or number_of(end) is not None for end in ends):
        return None
    start, end, step = (number_of(e) if e is not None else 1 for e in ends)
    if series.args.get("is_end_exclusive"):
        end -= 1 if step > 0 else -1
    if step == 0 or (end - start) // step > 1000:
        return None
    alias = node.args.get("alias")
    name = alias.columns[0].name if alias is not None and alias.columns else "generate_series"
    text = f"WITH RECURSIVE series_(n_) AS (SELECT {start} UNION ALL SELECT n_ + {step} FROM series_ WHERE n_ + {step} {'<=' if step > 0 else '>='} {end}) SELECT n_ AS {name} FROM series_"
    query = sqlglot.parse_one(text, read="postgres")
    return exp.Subquery(this=query, alias=exp.TableAlias(this=alias.this.copy() if alias is not None and alias.this is not None else exp.to_identifier("generate_series")))


def whole_joins(select):
    """FROM (a JOIN b ON ..) as FROM a JOIN b ON .."""
    key = "from_" if select.args.get("from_") is not None else "from"
    first = select.args.get(key)
    while first is not None and isinstance(first.this, exp.Subquery) and first.this.args.get("alias") is None and isinstance(first.this.this, (exp.Table, exp.Subquery)):
        outer, inner = first.this, first.this.this
        more = [*(inner.args.get("joins") or []), *(outer.args.get("joins") or [])]
        inner.set("joins", None)
        first.set("this", inner)
        select.set("joins", more + (select.args.get("joins") or []) or None)
    if first is not None and isinstance(first.this, (exp.Table, exp.Subquery)) and first.this.args.get("joins"):
        more = first.this.args["joins"]
        first.this.set("joins", None)
        select.set("joins", more + (select.args.get("joins") or []))


def both_sides(select):
    """a FULL JOIN b ON .. as a LEFT JOIN b and the rows of b that have none of a, as one table of the columns that are named."""
    whole_joins(select)
    joins = select.args.get("joins") or []
    if not any(join.side == "FULL" for join in joins):
        if any(join.side == "FULL" for table in select.find_all(exp.Table, exp.Subquery) if table.find_ancestor(exp.Select) is select for join in table.args.get("joins") or []):
            cannot("FULL JOIN inside of parentheses")
        return
    join, key = joins[0], "from_" if select.args.get("from_") is not None else "from"
    left, right = select.args[key].this, join.this
    if len(joins) > 1 or join.args.get("on") is None or any(not isinstance(side, (exp.Table, exp.Subquery)) or not side.alias_or_name for side in (left, right)):
        cannot("FULL JOIN beside other joins, or without ON")
    names = {}
    for column in list(select.find_all(exp.Column)):
        within = column.find_ancestor(exp.CTE)
        if column.find_ancestor(exp.Join) is join or column.find_ancestor(exp.From) is select.args[key] or within is not None and within.find_ancestor(exp.Select) is select:
            continue
        if column.table not in (left.alias_or_name, right.alias_or_name):
            if column.table or column.find_ancestor(exp.Order) is not None and column.name in select.named_selects:
                continue
            cannot("FULL JOIN and columns without the name of their table")
        if isinstance(column.this, exp.Star):
            cannot("FULL JOIN and all columns of a table")
        names.setdefault((column.table, column.name), f"{column.table}__{column.name}")
        if column.parent is select:
            column.replace(exp.alias_(exp.column(names[column.table, column.name]), column.name, quoted=True))
        else:
            column.replace(exp.column(names[column.table, column.name]))
    if any(isinstance(shown.unalias(), exp.Star) for shown in select.expressions):
        cannot("FULL JOIN and all columns")
    shown = [[exp.alias_(exp.column(name, table=table) if side is None or table == side else exp.Null(), made) for (table, name), made in names.items()] or
             [exp.alias_(exp.Literal.number(1), "one__")] for side in (None, right.alias_or_name)]
    outer = exp.Select(expressions=shown[0]).from_(left.copy(), copy=False)
    outer.append("joins", changed(join, side="LEFT", kind=None))
    alone = exp.Select(expressions=shown[1]).from_(right.copy(), copy=False)
    alone.where(exp.Not(this=exp.Exists(this=exp.select("1").from_(left.copy(), copy=False).where(join.args["on"].copy(), copy=False))), copy=False)
    both = exp.Subquery(this=exp.Union(this=outer, expression=alone, distinct=False), alias=exp.TableAlias(this=exp.to_identifier("both_")))
    select.set("joins", None)
    select.set(key, exp.From(this=both))


def long_lists(dialect, tree):
    """MariaDB has no hint for a list of more than a mebibyte, which it would cut; to MySQL, this is a comment."""
    return "/*M!100100 SET STATEMENT group_concat_max_len=1073741824 FOR */ " if dialect in ("mysql", "mysqlplain") and tree.find(exp.GroupConcat) is not None else ""


def star_behind(select):
    """SELECT a, * FROM t as SELECT a, t.* FROM t: in MySQL a star is the first or has a table."""
    stars = [e for e in select.expressions[1:] if type(e) is exp.Star and not any(e.args.values())]
    first = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    if not stars or first is None or any(join.args.get("using") or join.args.get("method") for join in joins):
        return
    tables = [part.this for part in [first, *joins]]
    if all(table.alias_or_name for table in tables):
        whole = [exp.Column(this=exp.Star(), table=called_as(table)) for table in tables]
        select.set("expressions", [one for e in select.expressions for one in ([w.copy() for w in whole] if e in stars and type(e) is exp.Star else [e])])


def keys_in_what_is_shown(select):
    """GROUP BY f(x) and SELECT g(f(x)): MySQL finds f(x) only where it stands alone, so that it is the greatest of its group, which is each."""
    group = select.args.get("group")
    places = [at_place(key, select).unnest() for key in group.expressions] if group is not None and not select.args.get("distinct") else []
    keys = {key.sql() for key in places if not isinstance(key, (exp.Column, exp.Literal, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Collate, exp.AggFunc))}

    def change(node):
        if isinstance(node, (exp.AggFunc, exp.Query)) and not isinstance(node.parent, exp.Window):
            return node
        return exp.Max(this=node.copy()) if node.sql() in keys else None

    shown_keys = {shown.alias: shown.unalias() for shown in select.expressions if isinstance(shown, exp.Alias) and shown.unalias().unnest().sql() in keys}
    for one in select.args["order"].expressions if shown_keys and select.args.get("order") is not None else []:
        if isinstance(one.this, exp.Column) and not one.this.table and one.this.name in shown_keys: # in whose place the generator writes what it is
            one.set("this", exp.Max(this=shown_keys[one.this.name].copy()))
    for part in [part for part in (*select.expressions, select.args.get("having"), select.args.get("order")) if part is not None] if keys else []:
        inner = part.unalias() if part.arg_key == "expressions" else part
        if inner.unnest().sql() not in keys and any(node.sql() in keys for node in inner.walk()):
            part.replace(with_changes(part.copy(), change))


def has_sets(select):
    """GROUP BY a, b WITH ROLLUP would do for some, but has no row for no rows, and groups by the collation."""
    group = select.args.get("group")
    return group is not None and any(isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets)) for e in group.expressions)


def mysql_tree(tree):
    if any(has_sets(select) for select in tree.find_all(exp.Select)):
        tree = with_sets(tree)
    tree = without_sets(tree)
    for select in reversed(list(tree.find_all(exp.Select))):
        without_lateral(select)
    for select in list(tree.find_all(exp.Select)):
        both_sides(select)
        star_behind(select)
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, (exp.GenerateSeries, exp.ExplodingGenerateSeries)):
            table.replace(mysql_series(table) or table)
    for unnest in list(tree.find_all(exp.Unnest)):
        series = series_of(unnest)
        unnest.replace(series and mysql_series(series) or listed_rows(unnest) or unnest)
    for subquery in list(tree.find_all(exp.Subquery)):
        names_inside(subquery)
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)
    for values in list(tree.find_all(exp.Values)):
        alias = values.args.get("alias")
        if isinstance(values.parent, (exp.CTE, exp.Union)):
            values.replace(as_rows(values))
        elif isinstance(values.parent, exp.From) and alias is not None and not alias.columns:
            values.replace(exp.Subquery(this=as_rows(values), alias=alias.copy()))
    if isinstance(tree, exp.Values):
        tree = as_rows(tree)
    tree = by_letters(tree)
    for query in list(tree.find_all(exp.Select, exp.SetOperation)):
        mysql_order(query)
        mysql_places(query)
        if isinstance(query, exp.Select):
            mysql_windows(query)
            mysql_order_keys(query)
    tree = rewrite(tree, mysql_node)
    for query in list(tree.find_all(exp.Query)):
        if query.args.get("offset") and not query.args.get("limit"):
            query.set("limit", exp.Limit(expression=exp.Literal.number("18446744073709551615")))
    first = tree # a hint for the whole statement stands in its first SELECT
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    if tree.find(exp.GroupConcat) is not None and isinstance(first, exp.Select) and not first.args.get("hint"):
        first.set("hint", exp.Hint(expressions=[call("SET_VAR", exp.Var(this="group_concat_max_len=1073741824"))]))
    for query in list(tree.find_all(exp.Select)):
        outer = mysql_outer(query)
        if outer is not None and query is tree:
            tree = outer
        elif outer is not None:
            query.replace(outer)
    letters_ordered(tree)
    for select in list(tree.find_all(exp.Select)):
        keys_in_what_is_shown(select)
    copies_of_own_rows(tree)
    return tree
