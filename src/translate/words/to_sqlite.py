"""For SQLite: moments are texts, LIKE folds letters, functions are few."""


def months_counted(what, months, back):
    """As months_later(), of a number of months that is not written there."""
    count = exp.Paren(this=exp.Neg(this=exp.Paren(this=months))) if back else exp.Paren(this=months)
    text = "MIN(DATE(_1, _2 || ' months'), DATE(_1, 'start of month', (_2 + 1) || ' months', '-1 days'))"
    return filled(text if is_date(what) else f"({text} || ' ' || TIME(_1))", [what, count])


def months_later(what, months):
    """DATE(x, '+1 months') of SQLite makes 2 March of 31 January; the end of that month is what the others say."""
    return call("MIN", call("DATE", what, f"{months:+d} months"), call("DATE", what, "start of month", f"{months + 1:+d} months", "-1 days"))


def sqlite_times(node, left, product):
    """x + n * INTERVAL '1 hour'."""
    interval, times = (product.this, product.expression) if isinstance(product.this, exp.Interval) else (product.expression, product.this)
    parts = interval_parts(interval)
    if parts and len(parts) == 1 and UNITS[parts[0][1]][0] in ("months", "years"):
        months = exp.Mul(this=exp.paren(times.copy()), expression=exp.Literal.number(int(parts[0][0]) * UNITS[parts[0][1]][1] * (12 if parts[0][1] == "YEAR" else 1)))
        return months_counted(left, months, isinstance(node, exp.Sub))
    if not parts or any(UNITS[unit][0] in ("months", "years") for _, unit in parts):
        cannot("a number of months that is not written there")
    steps = []
    for number, unit in parts:
        word, factor = UNITS[unit]
        count = exp.Mul(this=exp.paren(times.copy()), expression=exp.Literal.number(f"{float(number) * factor:g}"))
        steps.append(exp.DPipe(this=exp.Paren(this=exp.Neg(this=exp.Paren(this=count)) if isinstance(node, exp.Sub) else count), expression=exp.Literal.string(f" {word}")))
    return call("DATETIME", left, *steps)


def sqlite_moment(node):
    """x + INTERVAL '..' as DATE(x, '+1 days') or DATETIME(...)."""
    left, right = node.this, node.expression
    if is_date(left) and isinstance(right, exp.Literal) and not right.is_string and right.is_int:
        right = exp.Interval(this=exp.Literal.string(str(right.this)), unit=exp.Var(this="DAY"))
    if isinstance(node, exp.Sub) and (is_date(left) and (is_date(right) or isinstance(right, exp.Column)) or is_date(right) and isinstance(left, exp.Column)):
        return exp.cast(exp.Sub(this=call("JULIANDAY", left), expression=call("JULIANDAY", right)), "integer")
    if isinstance(left, exp.Interval) and isinstance(node, exp.Add):
        left, right = right, left
    if isinstance(right, exp.Mul) and (isinstance(right.this, exp.Interval) or isinstance(right.expression, exp.Interval)):
        return sqlite_times(node, left, right)
    if not isinstance(right, exp.Interval):
        return None
    parts = interval_parts(right)
    if parts is None:
        return None
    sign, steps, months, of_day = (-1 if isinstance(node, exp.Sub) else 1), [], 0, is_of(left, "TIME")
    for number, unit in parts:
        word, times = UNITS[unit]
        value = float(number) * times * sign
        if word in ("months", "years") and value == int(value):
            months += int(value) * (12 if word == "years" else 1)
        else:
            steps.append(f"{value:+g} {word}" if value != int(value) else f"{int(value):+d} {word}")
    whole = is_date(left) and all(unit in WHOLE_DAYS for _, unit in parts)
    out = left
    if months and whole:
        out = months_later(left, months)
    elif months:
        out = exp.Paren(this=exp.DPipe(this=exp.DPipe(this=months_later(left, months), expression=exp.Literal.string(" ")), expression=call("TIME", left)))
    if steps or not months:
        out = call("TIME" if of_day else "DATE" if whole else "DATETIME", out, *steps)
    if whole:
        out.type = exp.DataType.build("date")
    return out


TRUNCATED = {"YEAR": "%Y-01-01", "MONTH": "%Y-%m-01", "DAY": "%Y-%m-%d", "HOUR": "%Y-%m-%d %H:00:00", "MINUTE": "%Y-%m-%d %H:%M:00",
             "SECOND": "%Y-%m-%d %H:%M:%S"}
EXTRACTED = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "HOUR": "%H", "MINUTE": "%M", "SECOND": "%S", "DOW": "%w", "DOY": "%j",
             "EPOCH": "%s", "DAYOFWEEK": "%w", "DAYOFYEAR": "%j"}


def strftime(form, what):
    return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(form), what.copy()])


def sqlite_trunc(node):
    unit = singular(node.text("unit") or "")
    if unit == "QUARTER":
        month = exp.cast(strftime("%m", node.this), "integer")
        first = exp.Sub(this=exp.Mod(this=exp.Paren(this=exp.Sub(this=month, expression=exp.Literal.number(1))), expression=exp.Literal.number(3)),
                        expression=exp.Literal.number(0))
        back = exp.DPipe(this=exp.DPipe(this=exp.Literal.string("-"), expression=exp.Paren(this=first)), expression=exp.Literal.string(" months"))
        return exp.Anonymous(this="DATETIME", expressions=[node.this.copy(), exp.Literal.string("start of month"), back])
    if unit == "WEEK":
        return exp.Anonymous(this="DATETIME", expressions=[node.this.copy(), exp.Literal.string("-6 days"), exp.Literal.string("weekday 1"),
                                                           exp.Literal.string("start of day")])
    if unit not in TRUNCATED:
        return None
    return strftime(TRUNCATED[unit] if len(TRUNCATED[unit]) > 8 and ":" in TRUNCATED[unit] or unit == "SECOND" else TRUNCATED[unit] + " 00:00:00", node.this)


def sqlite_extract(node):
    unit = singular(node.this.name)
    if unit == "QUARTER":
        month = exp.cast(strftime("%m", node.expression), "integer")
        return exp.Paren(this=exp.Div(this=exp.Paren(this=exp.Add(this=month, expression=exp.Literal.number(2))), expression=exp.Literal.number(3), typed=True))
    thursday = call("DATE", node.expression, "-3 days", "weekday 4")
    if unit == "ISOYEAR":
        return exp.cast(strftime("%Y", thursday), "integer")
    if unit == "WEEK":
        days = exp.Sub(this=exp.cast(strftime("%j", thursday), "integer"), expression=exp.Literal.number(1))
        return exp.Paren(this=exp.Add(this=exp.Div(this=exp.Paren(this=days), expression=exp.Literal.number(7), typed=True), expression=exp.Literal.number(1)))
    if unit == "ISODOW":
        days = exp.Add(this=exp.cast(strftime("%w", node.expression), "integer"), expression=exp.Literal.number(6))
        return exp.Paren(this=exp.Add(this=exp.Mod(this=exp.Paren(this=days), expression=exp.Literal.number(7)), expression=exp.Literal.number(1)))
    if unit not in EXTRACTED:
        return None
    return exp.cast(strftime(EXTRACTED[unit], node.expression), "integer")


# A pattern of LIKE that is not written there, as one of GLOB; in PostgreSQL's, a backslash takes its meaning from what follows.
ESCAPED_OF = "REPLACE(REPLACE(REPLACE(_1, '\\\\', CHAR(3)), '\\%', CHAR(1)), '\\_', CHAR(2))"
GLOB_OF = "(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE({0}, '[', '[[]'), '*', '[*]'), '?', '[?]'), '%', '*'), '_', '?'), CHAR(1), '%'), CHAR(2), '_'), CHAR(3), '\\'))"


def sqlite_like(node):
    """LIKE of SQLite folds ASCII letters; GLOB does not."""
    pattern = node.expression
    if isinstance(node.parent, exp.Escape) or isinstance(pattern, exp.Literal) and not pattern.is_string:
        return None
    if not isinstance(pattern, exp.Literal):
        out = exp.Glob(this=node.this.copy(), expression=filled(GLOB_OF.format(ESCAPED_OF if source == "postgres" else "_1"), [pattern]))
        return exp.Not(this=out) if node.args.get("negate") else out
    glob, text, at = "", str(pattern.this), 0
    while at < len(text):
        c = text[at]
        if c == "\\" and source == "postgres" and at + 1 < len(text):
            at += 1
            glob += f"[{text[at]}]" if text[at] in "*?[" else text[at]
        else:
            glob += "*" if c == "%" else "?" if c == "_" else f"[{c}]" if c in "*?[" else c
        at += 1
    out = exp.Glob(this=node.this.copy(), expression=exp.Literal.string(glob))
    return exp.Not(this=out) if node.args.get("negate") else out


def repeated(text, times):
    return call("REPLACE", call("HEX", call("ZEROBLOB", times)), "00", text)


def padded(node):
    text, size, fill, left = node.this, node.expression, node.args.get("fill_pattern") or exp.Literal.string(" "), node.args.get("is_left", True)
    more = call("SUBSTR", repeated(fill, size), 1, exp.Sub(this=size.copy(), expression=call("LENGTH", text)))
    both = exp.DPipe(this=more, expression=text.copy()) if left else exp.DPipe(this=text.copy(), expression=more)
    return exp.Case().when(exp.GTE(this=call("LENGTH", text), expression=size.copy()), call("SUBSTR", text, 1, size)).else_(both)


def decimals_shown(node):
    """The digits that a decimal has as a text in the source's dialect, where they are sure."""
    if not is_of(node, "DECIMAL") or isinstance(node, exp.Literal):
        return None
    if isinstance(node, exp.Column):
        return node.type.meta.get("scale")
    return digits_of(node) if source in ("mysql", "postgres", "trino") and isinstance(node, (exp.Sum, exp.Min, exp.Max, exp.Coalesce, exp.Window, exp.Paren)) and not is_shortened(node) else None


def sqlite_cast(node):
    kind, what = node.to.this, node.this
    if kind == TYPE.TIMESTAMPTZ and isinstance(what, exp.Literal):
        return call("DATETIME", in_utc(str(what.this)))
    if kind in (TYPE.TIMESTAMP, TYPE.DATETIME) and is_written(what) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,6}", str(what.this)):
        return what.copy() # DATETIME() would take what is below a second from it
    if kind in (TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ, TYPE.DATETIME):
        return call("DATETIME", what)
    digits = decimals_shown(what) if kind in exp.DataType.TEXT_TYPES else None
    if digits:
        return filled(f"CASE WHEN _1 IS NOT NULL THEN PRINTF('%.{digits}f', _1) END", [what])
    if kind in (TYPE.JSON, TYPE.JSONB):
        return what.copy()
    if kind in exp.DataType.INTEGER_TYPES and not (what.is_type(*exp.DataType.INTEGER_TYPES) or isinstance(what, exp.Literal) and what.is_string):
        if isinstance(what, exp.Literal) or what.is_type(TYPE.DECIMAL, TYPE.DOUBLE, TYPE.FLOAT):
            return exp.cast(call("ROUND", what), "integer")
        if isinstance(what, exp.Column) and not what.is_type(TYPE.TEXT, TYPE.VARCHAR, TYPE.BOOLEAN):
            return exp.Case(this=call("TYPEOF", what)).when(exp.Literal.string("real"), exp.cast(call("ROUND", what), "integer")).else_(exp.cast(what.copy(), "integer"))
    if kind == TYPE.DECIMAL and node.to.expressions:
        return call("ROUND", exp.cast(what.copy(), "double"), node.to.expressions[1].this if len(node.to.expressions) == 2 else 0)
    return None


def text_of(node):
    """As CAST(node AS text) is written: a decimal with its digits."""
    text = exp.cast(node.copy(), "text")
    return (sqlite_cast(text) if isinstance(text, exp.Cast) else None) or text


def text_with_digits(node):
    """A column of decimals as a text; None = it is none."""
    return sqlite_cast(exp.cast(node.copy(), "text")) if isinstance(node, exp.Column) and is_of(node, "DECIMAL") else None


SQLITE_FORMATS = "dfHjJmMsSwWY%"


SQLITE_NAMES = {"VariancePop": "VAR_POP", "Variance": "VAR_SAMP", "StddevSamp": "STDDEV_SAMP", "BitwiseAndAgg": "BIT_AND", "BitwiseOrAgg": "BIT_OR", "BitwiseXorAgg": "BIT_XOR",
                "SHA": "SHA1", "BitwiseCount": "BIT_COUNT"}


def sqlite_replace(node):
    """regexp_replace(x, 'a(b)', '\\1', 'gi'): without g the first place alone; a group is $1 there."""
    new, flags = node.args.get("replacement") or exp.Literal.string(""), node.args.get("modifiers") or exp.Literal.string("")
    if not isinstance(new, exp.Literal) or not isinstance(flags, exp.Literal):
        cannot("regexp_replace() with what is not written there")
    new = exp.Literal.string(re.sub(r"\\(\d)", r"${\1}", str(new.this).replace("$", "$$")))
    pattern = node.expression
    if "i" in str(flags.this):
        pattern = exp.DPipe(this=exp.Literal.string("(?i)"), expression=pattern.copy())
    return call("REGEXP_REPLACE", node.this, pattern, new, flags)


MONTH_NAMES = "January  February March    April    May      June     July     August   SeptemberOctober  November December "
DAY_NAMES = "Sunday   Monday   Tuesday  WednesdayThursday Friday   Saturday "
# Places that strftime() there lacks, of _1.
MORE_FORMATS = {
    "B": f"TRIM(SUBSTR('{MONTH_NAMES}', 9 * STRFTIME('%m', _1) - 8, 9))", "b": f"SUBSTR('{MONTH_NAMES}', 9 * STRFTIME('%m', _1) - 8, 3)",
    "A": f"TRIM(SUBSTR('{DAY_NAMES}', 9 * STRFTIME('%w', _1) + 1, 9))", "a": f"SUBSTR('{DAY_NAMES}', 9 * STRFTIME('%w', _1) + 1, 3)",
    "y": "SUBSTR(STRFTIME('%Y', _1), 3)", "I": "PRINTF('%02d', (STRFTIME('%H', _1) + 11) % 12 + 1)", "-I": "((STRFTIME('%H', _1) + 11) % 12 + 1)",
    "p": "CASE WHEN STRFTIME('%H', _1) < '12' THEN 'AM' ELSE 'PM' END", **{f"-{word}": f"CAST(STRFTIME('%{word}', _1) AS INTEGER)" for word in "dmHMSj"}}


def formatted_moment(what, form):
    """strftime(), and beside it what it has no place for; None = it has them all."""
    pieces, known = re.findall(r"%-?.|[^%]+|%", form), ""
    out = []
    for piece in pieces:
        word = piece[1:]
        if not piece.startswith("%") or word in SQLITE_FORMATS:
            known += piece
            continue
        if word not in MORE_FORMATS:
            cannot(f"a place of a format: {piece}")
        if known:
            out.append(strftime(known, what))
        known = ""
        out.append(filled(MORE_FORMATS[word], [what]))
    if not out:
        return None
    if known:
        out.append(strftime(known, what))
    whole = functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), out)
    return exp.Paren(this=whole) if len(out) > 1 else whole if isinstance(out[0], exp.Func) else exp.cast(whole, "text")


def read_moment(text, form, timed):
    """str_to_date('06/05/2024', '%d/%m/%Y'): each place where it must stand."""
    if is_written(text):
        from datetime import datetime
        was_read(text)
        try:
            moment = datetime.strptime(str(text.this).strip(), form.replace("%-", "%"))
        except ValueError:
            moment = None # MySQL reads more than this
        if moment is not None and moment.microsecond == 0 and "%Y" in form and moment.year >= 1000:
            return exp.Literal.string(moment.strftime("%Y-%m-%d %H:%M:%S" if timed or "%H" in form else "%Y-%m-%d"))
    at, places = 1, {}
    for piece in re.findall(r"%-?.|[^%]", form):
        width = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}.get(piece, 1 if len(piece) == 1 else None)
        if width is None or piece in places:
            cannot(f"the format {form} of a date")
        if len(piece) > 1:
            places[piece] = call("SUBSTR", text, at, width)
        at += width
    if not all(place in places for place in ("%Y", "%m", "%d")):
        cannot(f"the format {form} of a date")
    day = [places["%Y"], exp.Literal.string("-"), places["%m"], exp.Literal.string("-"), places["%d"]]
    clock = [p for mark, key in ((" ", "%H"), (":", "%M"), (":", "%S")) for p in (exp.Literal.string(mark), places.get(key) or exp.Literal.string("00"))]
    timed = timed or any(key in places for key in ("%H", "%M", "%S"))
    whole = functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), day + (clock if timed else []))
    return call("DATETIME" if timed else "DATE", whole)


def sqlite_difference(node):
    unit, begin, end = difference(node)
    if unit in SECONDS:
        seconds = exp.Sub(this=exp.cast(strftime("%s", end), "integer"), expression=exp.cast(strftime("%s", begin), "integer"))
        return exp.Paren(this=exp.Div(this=exp.Paren(this=seconds), expression=exp.Literal.number(SECONDS[unit]), typed=True))
    first, last = (exp.Add(this=exp.Mul(this=exp.cast(strftime("%Y", e), "integer"), expression=exp.Literal.number(12)), expression=exp.cast(strftime("%m", e), "integer"))
                   for e in (begin, end))
    rest = [strftime("%d %H:%M:%S", e) for e in (begin, end)]
    forward = exp.GTE(this=call("DATETIME", end), expression=call("DATETIME", begin))
    incomplete = exp.Case().when(exp.and_(forward, exp.LT(this=rest[1], expression=rest[0])), exp.Literal.number(1)).when(
        exp.and_(exp.not_(forward.copy()), exp.GT(this=rest[1].copy(), expression=rest[0].copy())), exp.Neg(this=exp.Literal.number(1))).else_(exp.Literal.number(0))
    months = exp.Sub(this=exp.Sub(this=exp.Paren(this=last), expression=exp.Paren(this=first)), expression=exp.Paren(this=incomplete))
    return exp.Paren(this=exp.Div(this=exp.Paren(this=months), expression=exp.Literal.number(MONTHS[unit]), typed=True))


def sqlite_more(node):
    """Functions that SQLite lacks, of whom there is a way."""
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    part = part_of_moment(node)
    if part is not None:
        out = sqlite_extract(exp.Extract(this=exp.Var(this=part[0]), expression=node.this.copy()))
        return exp.Paren(this=exp.Add(this=out, expression=exp.Literal.number(part[1]))) if out is not None and part[1] else out
    if difference(node) is not None:
        return sqlite_difference(node)
    if isinstance(node, exp.DateDiff):
        days = [call("JULIANDAY", call("DATE", e)) for e in (node.this, node.expression)]
        return exp.cast(exp.Sub(this=days[0], expression=days[1]), "integer")
    if isinstance(node, exp.Length) and node.args.get("binary"):
        return call("LENGTH", exp.cast(node.this.copy(), "blob"))
    if isinstance(node, exp.ConcatWs):
        mark, *parts = node.expressions
        joined = None
        for one in parts:
            piece = exp.func("COALESCE", exp.DPipe(this=mark.copy(), expression=text_of(one)), exp.Literal.string(""))
            joined = piece if joined is None else exp.DPipe(this=joined, expression=piece)
        return call("SUBSTR", joined, exp.Add(this=call("LENGTH", mark), expression=exp.Literal.number(1))) if joined is not None else None
    if isinstance(node, exp.Trunc) and node.args.get("decimals") is not None:
        power = call("POWER", exp.Literal.number("10.0"), node.args["decimals"])
        return exp.Paren(this=exp.Div(this=call("TRUNC", exp.Mul(this=exp.paren(node.this.copy()), expression=power)), expression=power.copy(), typed=True))
    if isinstance(node, exp.Chr) and node.args.get("charset"):
        return changed(node, charset=None)
    if isinstance(node, exp.Round) and (number_of(node.args.get("decimals")) or 0) < 0:
        power = exp.Literal.number("1" + "0" * -number_of(node.args["decimals"]) + ".0")
        return exp.Paren(this=exp.Mul(this=call("ROUND", exp.Div(this=exp.paren(node.this.copy()), expression=power, typed=True)), expression=power.copy()))
    if isinstance(node, exp.Cbrt):
        return call("POWER", node.this, exp.Literal.number("0.333333333333333333"))
    if type(node).__name__ == "Localtimestamp":
        return exp.CurrentTimestamp()
    if isinstance(node, exp.Rand):
        return exp.Paren(this=exp.Add(this=exp.Literal.number("0.5"), expression=exp.Div(this=call("RANDOM"), expression=exp.Literal.number("18446744073709551616.0"), typed=True)))
    if isinstance(node, exp.UnixToTime):
        return call("DATETIME", scaled_seconds(node), "unixepoch")
    if isinstance(node, exp.TimeToUnix):
        return exp.cast(strftime("%s", node.this), "double")
    if type(node).__name__ in SQLITE_NAMES:
        return call(SQLITE_NAMES[type(node).__name__], node.this)
    if isinstance(node, exp.SplitPart):
        return call("SPLIT_PART", node.this, node.args["delimiter"], node.args["part_index"])
    if isinstance(node, exp.RegexpReplace) and source in ("postgres", "duckdb") and not node.meta.get("made"):
        return sqlite_replace(node)
    if isinstance(node, exp.RegexpExtract) and not number_of(node.args.get("group")):
        return call("REGEXP_SUBSTR", node.this, node.expression)
    if isinstance(node, exp.TimestampFromParts):
        parts = [node.args.get(k) for k in ("year", "month", "day", "hour", "min", "sec")]
        if all(parts) and isinstance(parts[5], exp.Literal) and not parts[5].is_int:
            return call("PRINTF", "%04d-%02d-%02d %02d:%02d:%09.6f", *parts)
        return call("PRINTF", "%04d-%02d-%02d %02d:%02d:%02d", *parts) if all(parts) else None
    if isinstance(node, exp.LogicalAnd) or name == "EVERY" and len(args) == 1:
        return call("MIN", *(args or [node.this]))
    if isinstance(node, exp.JSONFormat):
        return exp.cast(node.this.copy(), "text")
    if type(node).__name__ == "LastDay":
        return call("DATE", node.this, "start of month", "+1 month", "-1 day")
    if isinstance(node, (exp.StrToDate, exp.StrToTime)) and isinstance(node.args.get("format"), exp.Literal):
        form = str(node.args["format"].this)
        return call("DATE", node.this) if form == "%Y-%m-%d" and isinstance(node, exp.StrToDate) else call("DATETIME", node.this) if form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d") else \
            read_moment(node.this, form, isinstance(node, exp.StrToTime))
    if isinstance(node, exp.TimeToStr) and isinstance(node.args.get("format"), exp.Literal):
        return formatted_moment(node.this, str(node.args["format"].this))
    if name in ("JSON_ARRAY_LENGTH", "JSONB_ARRAY_LENGTH") and args:
        return call("JSON_ARRAY_LENGTH", *args)
    if name in ("JSON_BUILD_OBJECT", "JSONB_BUILD_OBJECT"):
        return call("JSON_OBJECT", *args)
    if isinstance(node, exp.ArrayAgg):
        cannot("arrays")
    if isinstance(node, exp.Initcap):
        return call("INITCAP", node.this)
    if isinstance(node, (exp.ArgMax, exp.ArgMin)):
        return by_greatest(node)
    return None


def sqlite_tree(tree):
    for select in reversed(list(tree.find_all(exp.Select))):
        without_lateral(select)
    tree = with_sets(tree)
    for union in list(tree.find_all(exp.SetOperation)):
        for key in ("this", "expression"):
            if isinstance(union.args.get(key), exp.Subquery):
                inner = union.args[key].copy()
                inner.set("alias", exp.TableAlias(this=exp.to_identifier("part_")))
                union.set(key, exp.select("*").from_(inner, copy=False))
    for unnest in list(tree.find_all(exp.Unnest)):
        series = series_of(unnest)
        unnest.replace(series and mysql_series(series) or listed_rows(unnest) or unnest)
    for subquery in list(tree.find_all(exp.Subquery)):
        names_inside(subquery)
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, (exp.GenerateSeries, exp.ExplodingGenerateSeries)):
            table.replace(mysql_series(table) or table)
    if isinstance(tree, exp.Values) and any(tree.args.get(key) is not None for key in ("order", "limit", "offset")):
        tree = as_rows(tree)
    return rewrite(tree, sqlite_node)


def sqlite_function(node):
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    if isinstance(node, exp.Repeat):
        return repeated(node.this, node.args["times"])
    if isinstance(node, exp.Pad):
        return padded(node)
    if isinstance(node, (exp.Greatest, exp.Least)):
        return without_nulls(node)
    if isinstance(node, exp.Left):
        return call("SUBSTR", node.this, 1, node.expression)
    if isinstance(node, exp.Right):
        return filled("CASE WHEN _2 > 0 THEN SUBSTR(_1, -_2) WHEN _1 IS NOT NULL THEN '' END", [node.this, node.expression]) if number_of(node.expression) in (None, 0) else \
            call("SUBSTR", node.this, exp.Neg(this=node.expression.copy()))
    if isinstance(node, exp.StartsWith):
        return exp.Paren(this=exp.EQ(this=call("SUBSTR", node.this, 1, call("LENGTH", node.expression)), expression=node.expression.copy()))
    if name in ("Unicode", "Ascii", "ASCII"):
        what = args[0] if args else node.this
        return filled("CASE WHEN _1 = '' THEN 0 ELSE UNICODE(_1) END", [what]) if source in ("mysql", "postgres") or name == "Ascii" else call("UNICODE", what)
    if name in ("OCTET_LENGTH", "ByteLength"):
        return call("LENGTH", exp.cast((args[0] if args else node.this).copy(), "blob"))
    if name in ("MAKE_DATE", "DateFromParts"):
        parts = args or [node.args.get(k) for k in ("year", "month", "day")]
        return call("PRINTF", "%04d-%02d-%02d", *parts) if len(parts) == 3 and all(parts) else None
    if type(node) is exp.Concat and node.expressions:
        parts = [exp.Literal.string(str(p.this)) if isinstance(p, exp.Literal) and re.fullmatch(r"\d+\.\d+", str(p.this)) else exp.func("COALESCE", text_of(p), exp.Literal.string(""))
                 for p in node.expressions]
        out = parts[0]
        for part in parts[1:]:
            out = exp.DPipe(this=out, expression=part)
        return exp.Paren(this=out)
    return None


def sqlite_values(node):
    """(VALUES ...) AS v(x, y): there are no names of columns there, but column1, column2."""
    alias = node.args.get("alias")
    if alias is None or not alias.args.get("columns") or not isinstance(node.parent, (exp.From, exp.Join, exp.Subquery)):
        return None
    names = [exp.alias_(exp.column(f"column{i}"), c.name, quoted=True) for i, c in enumerate(alias.columns, 1)]
    inner = exp.Subquery(this=exp.Values(expressions=[e.copy() for e in node.expressions]))
    select = exp.Select(expressions=names)
    select.set("from_" if "from_" in exp.Select.arg_types else "from", exp.From(this=inner))
    return exp.Subquery(this=select, alias=exp.TableAlias(this=alias.this.copy()))


def sqlite_date_add(node):
    """DATE_ADD(d, INTERVAL 1 MONTH), date_add('day', 3, d): as d + INTERVAL."""
    number, unit = node.expression, node.args.get("unit")
    if isinstance(number, exp.Interval):
        number, unit = number.this, number.args.get("unit")
    sign = isinstance(number, exp.Neg)
    number = number.this if sign else number
    if unit is None:
        return None
    if not isinstance(number, exp.Literal):
        word, factor = UNITS.get(singular(unit.name), ("months", 1))
        if word in ("months", "years"):
            months = exp.Mul(this=exp.paren(number.copy()), expression=exp.Literal.number(factor * (12 if word == "years" else 1)))
            return months_counted(node.this, months, isinstance(node, (exp.DateSub, exp.DatetimeSub, exp.TimestampSub)) != sign)
        back = isinstance(node, (exp.DateSub, exp.DatetimeSub, exp.TimestampSub)) != sign
        count = exp.paren(number.copy()) if factor == 1 else exp.Mul(this=exp.paren(number.copy()), expression=exp.Literal.number(factor))
        count = exp.Paren(this=exp.Neg(this=exp.Paren(this=count))) if back else exp.Paren(this=count)
        return call("DATE" if is_date(node.this) and singular(unit.name) in WHOLE_DAYS else "DATETIME", node.this, exp.DPipe(this=count, expression=exp.Literal.string(f" {word}")))
    back = isinstance(node, (exp.DateSub, exp.DatetimeSub, exp.TimestampSub)) != sign
    interval = exp.Interval(this=exp.Literal.string(str(number.this)), unit=unit.copy())
    return sqlite_moment((exp.Sub if back else exp.Add)(this=node.this.copy(), expression=interval))


def decimal_of(node):
    """0.06 + 0.01 is 0.07 of decimals, 0.06999999999999999 of SQLite's numbers."""
    from decimal import Decimal
    sides = [node.this, node.expression]
    if not all(isinstance(side, exp.Literal) and re.fullmatch(r"\d+(\.\d+)?", str(side.this)) and not side.is_string for side in sides) or all(side.is_int for side in sides):
        return None
    left, right = (Decimal(str(side.this)) for side in sides)
    value = left + right if isinstance(node, exp.Add) else left - right if isinstance(node, exp.Sub) else left * right
    number = exp.Literal.number(f"{abs(value):f}")
    return number if value >= 0 else exp.Paren(this=exp.Neg(this=number))


def sqlite_column(column):
    """A type there is a word that stays, and tells later what the column is. A column that counts is INTEGER PRIMARY KEY."""
    kind, constraints = column.args.get("kind"), column.args.get("constraints") or []
    if isinstance(kind, exp.DataType) and kind.this in (TYPE.BOOLEAN, TYPE.DECIMAL):
        column.set("kind", exp.DataType(this=TYPE.USERDEFINED, kind="BOOLEAN" if kind.this == TYPE.BOOLEAN else kind.sql("postgres")))
    counts = "SERIAL" in str(kind).upper() or any(type(c.args.get("kind")).__name__ == "GeneratedAsIdentityColumnConstraint" for c in constraints)
    if not counts:
        return
    kept = [c for c in constraints if type(c.args.get("kind")).__name__ != "GeneratedAsIdentityColumnConstraint"]
    schema = column.find_ancestor(exp.Schema)
    for key in list(schema.find_all(exp.PrimaryKey)) if schema is not None else []:
        if [e.name.lower() for e in key.expressions] == [column.name.lower()]:
            key.pop()
            kept.append(exp.ColumnConstraint(kind=exp.PrimaryKeyColumnConstraint()))
    if not any(isinstance(c.args.get("kind"), exp.PrimaryKeyColumnConstraint) for c in kept):
        cannot("a column that counts and is not the primary key")
    column.set("kind", exp.DataType.build("int"))
    column.set("constraints", kept)


def listed_text(node):
    return text_of(node) if decimals_shown(node) else node


def sqlite_group_concat(node):
    """group_concat(x ORDER BY y), which SQLite has since 3.44 only, by a function of the engine's own."""
    order = node.find(exp.Order)
    if order is None or order.find_ancestor(exp.GroupConcat) is not node or isinstance(node.parent, exp.Filter):
        return None
    text, mark = node.this, node.args.get("separator") or exp.Literal.string(",")
    text, mark = (side.this if isinstance(side, exp.Order) else side for side in (text, mark))
    if not isinstance(mark, (exp.Literal, exp.Placeholder, exp.Parameter)):
        cannot("a list of texts with more than one separator")
    distinct = isinstance(text, exp.Distinct)
    if distinct and len(text.expressions) != 1:
        return None
    text = text.expressions[0] if distinct else text
    keys, letters = keys_in(order.expressions), order_letters(order.expressions)
    if distinct and (len(keys) != 1 or keys[0].sql() != text.sql()):
        cannot("a list of distinct texts in the order of something else")
    return call("GROUP_CONCAT_BY", text if distinct else listed_text(text), mark, ("u" if distinct else "") + letters, *keys)


def aggregate_compared(node, rows):
    """SUM(x) > ALL (SELECT y ..), which no query inside may read: by the greatest and the least of the rows."""
    every, rises = isinstance(node.expression, exp.All), isinstance(node, (exp.GT, exp.GTE))
    whole = exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("rows_")))
    end = exp.Subquery(this=exp.select((exp.Max if every == rises else exp.Min)(this=exp.column("compared_"))).from_(whole.copy(), copy=False))
    fits = exp.Is(this=exp.paren(type(node)(this=node.this.copy(), expression=end)), expression=exp.Boolean(this=True))
    if not every:
        return exp.paren(fits)
    among = exp.select("1").from_(whole, copy=False)
    unknown = among.copy().where(exp.Is(this=exp.column("compared_"), expression=exp.Null()), copy=False)
    return exp.paren(exp.or_(exp.Not(this=exp.Exists(this=among)), exp.and_(fits, exp.Not(this=exp.Exists(this=unknown)))), copy=False)


def sqlite_compared(node):
    """x > ALL (SELECT y ..), x > ANY (SELECT y ..), by the rows that say otherwise or so."""
    rows = node.expression.this.unnest()
    if not isinstance(rows, exp.Query):
        cannot("ALL and ANY of an array")
    rows = rows.copy()
    first = rows
    while isinstance(first, exp.SetOperation):
        first = first.this.unnest()
    if not isinstance(first, exp.Select) or len(first.expressions) != 1 or first.is_star:
        cannot("ALL and ANY of such a query")
    first.expressions[0].replace(exp.alias_(first.expressions[0].unalias().copy(), "compared_"))
    if node.this.find(exp.AggFunc) is not None and not isinstance(node, (exp.EQ, exp.NEQ)):
        return aggregate_compared(node, rows)
    fits = exp.Is(this=exp.paren(type(node)(this=node.this.copy(), expression=exp.column("compared_"))), expression=exp.Boolean(this=True))
    every = isinstance(node.expression, exp.All)
    among = exp.select("1").from_(exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("rows_"))), copy=False).where(exp.Not(this=fits) if every else fits, copy=False)
    found = exp.Exists(this=among)
    return exp.Not(this=found) if every else found


def sqlite_node(node):
    LOOSER = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.BitwiseAnd, exp.BitwiseOr) # than || there, not elsewhere
    out = None
    if isinstance(node, (exp.DateAdd, exp.DateSub, exp.DatetimeAdd, exp.DatetimeSub, exp.TimestampAdd, exp.TimestampSub, exp.TsOrDsAdd)):
        out = sqlite_date_add(node)
    elif isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct) and len(node.this.expressions) > 1:
        out = exp.Count(this=exp.Distinct(expressions=[functools.reduce(lambda left, right: exp.DPipe(
            this=exp.DPipe(this=left, expression=call("CHAR", 31)), expression=right), [exp.Paren(this=e.copy()) if isinstance(e, exp.Binary) else e.copy() for e in node.this.expressions])]))
    elif isinstance(node, (exp.EQ, exp.NEQ)) and isinstance(node.expression, exp.Any if isinstance(node, exp.EQ) else exp.All):
        rows = node.expression.this
        found = exp.In(this=node.this.copy(), query=rows.copy() if isinstance(rows, exp.Subquery) else exp.Subquery(this=rows.unnest().copy()))
        out = found if isinstance(node, exp.EQ) else exp.Not(this=found)
    elif isinstance(node, exp.ApproxDistinct):
        out = exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
    elif isinstance(node, exp.DPipe) and source != "sqlite" and any(text_with_digits(side) is not None for side in (node.this, node.expression)):
        out = changed(node, **{key: text_with_digits(node.args[key]) or node.args[key].copy() for key in ("this", "expression")})
    elif isinstance(node, exp.DPipe) and any(isinstance(side, LOOSER) for side in (node.this, node.expression)):
        out = exp.DPipe(**{key: exp.Paren(this=side.copy()) if isinstance(side, LOOSER) else side.copy() for key, side in (("this", node.this), ("expression", node.expression))})
    elif isinstance(node, (exp.Add, exp.Sub, exp.Mul)) and decimal_of(node) is not None:
        out = decimal_of(node)
    elif isinstance(node, (exp.Add, exp.Sub)):
        out = sqlite_moment(node)
    elif isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)):
        out = sqlite_trunc(node)
        out = call("DATE", out) if out is not None and source in ("trino", "duckdb") and (is_of(node.this, "DATE") or is_date(node.this)) else out # a moment in PostgreSQL
    elif isinstance(node, exp.Extract):
        out = sqlite_extract(node)
    elif type(node) is exp.Like and source in ("postgres", "trino", "duckdb"):
        out = sqlite_like(node)
    elif isinstance(node, exp.TryCast) and source in ("trino", "duckdb") and node.to.this in exp.DataType.INTEGER_TYPES:
        whole = exp.cast(node.this.copy(), "integer")
        out = exp.Case().when(exp.EQ(this=exp.cast(whole, "text"), expression=exp.cast(node.this.copy(), "text")), whole.copy())
    elif isinstance(node, exp.Cast):
        out = sqlite_cast(node)
    elif isinstance(node, exp.Values):
        out = sqlite_values(node)
    elif isinstance(node, exp.Collate) and node.expression.name.upper() in ("C", "POSIX"):
        out = exp.Collate(this=node.this.copy(), expression=exp.Var(this="BINARY"))
    elif isinstance(node, exp.RegexpILike):
        folded = exp.Literal.string("(?i)" + str(node.expression.this)) if isinstance(node.expression, exp.Literal) else exp.DPipe(this=exp.Literal.string("(?i)"), expression=node.expression.copy())
        out = exp.RegexpLike(this=node.this.copy(), expression=folded)
    elif isinstance(node, exp.SimilarTo):
        out = similar(node)
    elif isinstance(node, exp.Filter) and isinstance(node.this, exp.GroupConcat) and node.this.find(exp.Order) is not None and not isinstance(node.parent, exp.Window):
        out = sqlite_group_concat(mysql_filter(node))
    elif isinstance(node, exp.GroupConcat):
        out = sqlite_group_concat(node)
    elif isinstance(node, exp.Overlay):
        out = overlaid(node)
    elif type(node) is exp.Anonymous and node.name.upper() in ("JSON_TYPEOF", "JSONB_TYPEOF") and len(node.expressions) == 1:
        out = filled(KIND_OF_JSON.replace("'VARCHAR'", "'TEXT'").replace("WHEN 'BOOLEAN'", "WHEN 'TRUE' THEN 'boolean' WHEN 'FALSE'").format("UPPER(JSON_TYPE(_1))"), node.expressions)
    elif isinstance(node, exp.ArrayContainsAll):
        cannot("whether one JSON is in another")
    elif isinstance(node, exp.JSONBContainsTopKey):
        out = exp.Paren(this=exp.Not(this=exp.Is(this=call("JSON_TYPE", node.this, key_path(node.expression)), expression=exp.Null())))
    elif isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE)) and isinstance(node.expression, (exp.All, exp.Any)):
        out = sqlite_compared(node)
    elif isinstance(node, exp.IndexParameters):
        mysql_index(node)
    elif isinstance(node, exp.ColumnDef):
        sqlite_column(node)
    elif isinstance(node, exp.Bracket):
        cannot("elements and slices")
    elif isinstance(node, exp.Array):
        cannot("arrays")
    elif isinstance(node, exp.Ceil) and source != "sqlite":
        out = exp.Paren(this=exp.Add(this=call("CEIL", node.this), expression=exp.Literal.number(0))) # -0.0 of -0.5
    elif isinstance(node, exp.Insert):
        out = duckdb_conflict(node)
    elif isinstance(node, exp.AtTimeZone) and isinstance(node.args.get("zone"), exp.Literal) and str(node.args["zone"].this).upper() == "UTC":
        node.args["zone"].set("this", "UTC")
        out = node.this.copy()
    elif isinstance(node, exp.BitwiseXor):
        both = exp.BitwiseAnd(this=node.this.copy(), expression=node.expression.copy())
        either = exp.BitwiseOr(this=node.this.copy(), expression=node.expression.copy())
        out = exp.Paren(this=exp.Sub(this=exp.Paren(this=either), expression=exp.Paren(this=both)))
    elif isinstance(node, exp.Func):
        out = sqlite_more(node)
        out = sqlite_function(node) if out is None else out
    return node if out is None else out
