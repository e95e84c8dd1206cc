"""From PostgreSQL: what it means, said so that more dialects have a word for it."""

TRUTHS = {"t": True, "true": True, "y": True, "yes": True, "on": True, "1": True, "f": False, "false": False, "n": False, "no": False, "off": False, "0": False}


def text_path(node):
    """x #>> '{a,b,1}' as x ->> '$.a.b[1]'."""
    if not isinstance(node.expression, exp.Literal):
        return None
    parts = [part.strip().strip('"') for part in str(node.expression.this).strip("{} ").split(",")]
    path = "$" + "".join(f"[{part}]" if part.isdigit() else f'."{part}"' if not part.isidentifier() else f".{part}" for part in parts)
    kind = exp.JSONExtractScalar if isinstance(node, exp.JSONBExtractScalar) else exp.JSONExtract
    return kind(this=node.this.copy(), expression=dialect_parts("postgres")[0].to_json_path(exp.Literal.string(path)))


def formatted(node):
    """format('%s-%s', a, b) as a concatenation."""
    if not isinstance(node.this, exp.Literal) or re.search(r"%[^s%]", str(node.this.this)):
        cannot("format() with other places than %s")
    pieces, args, out = re.split(r"(%s|%%)", str(node.this.this)), [a.copy() for a in node.expressions], []
    for piece in pieces:
        if piece == "%s":
            out.append(exp.func("COALESCE", exp.cast(args.pop(0), "text"), exp.Literal.string("")) if args else cannot("format() with too few values"))
        elif piece:
            out.append(exp.Literal.string("%" if piece == "%%" else piece))
    tree = out[0] if out else exp.Literal.string("")
    for piece in out[1:]:
        tree = exp.DPipe(this=tree, expression=piece)
    return exp.Paren(this=tree)


def shortened(node):
    """left(s, -2), right(s, -2)."""
    count = exp.Literal.number(-number_of(node.expression))
    if isinstance(node, exp.Right):
        return exp.Substring(this=node.this.copy(), start=exp.Literal.number(1 - number_of(node.expression)))
    rest = exp.Sub(this=exp.Length(this=node.this.copy()), expression=count)
    return exp.Substring(this=node.this.copy(), start=exp.Literal.number(1), length=exp.Case().when(exp.GT(this=rest.copy(), expression=exp.Literal.number(0)), rest).else_(exp.Literal.number(0)))


def found_part(text, pattern, group):
    """What a regular expression finds, or a group of it; NULL where it finds nothing."""
    if wanted == "postgres":
        return filled("SUBSTRING(_1 FROM _2)", [text, pattern])
    if wanted == "trino":
        return exp.Anonymous(this="REGEXP_EXTRACT", expressions=[text.copy(), pattern, exp.Literal.number(group)])
    if wanted == "duckdb":
        return filled(f"CASE WHEN REGEXP_MATCHES(_1, _2) THEN REGEXP_EXTRACT(_1, _2, {group}) END", [text, pattern])
    if not isinstance(pattern, exp.Literal):
        cannot("a part by a regular expression that is not written there")
    whole_text = around_match(pattern, "", ALL_BEFORE, ALL_BEHIND)
    if wanted == "sqlite":
        return filled("CASE WHEN _1 REGEXP _2 THEN REGEXP_REPLACE(_1, _3, _4, '') END" if group else "REGEXP_SUBSTR(_1, _2)", [text, pattern, whole_text, exp.Literal.string(f"${{{group}}}")])
    flagged = exp.Literal.string("(?-i)" + str(pattern.this))
    part = call("REGEXP_REPLACE", text, around_match(pattern, "(?-i)", ALL_BEFORE, ALL_BEHIND), replacement(exp.Literal.string(f"\\{group}"))) if group else call("REGEXP_SUBSTR", text, flagged)
    return filled("CASE WHEN _1 REGEXP _2 THEN _3 END", [text, flagged, part])


def part_matched(node):
    """(regexp_match(x, 'a(b)'))[1]."""
    found = node.this.unnest()
    at = number_of(node.expressions[0]) if len(node.expressions) == 1 else None
    if type(found) is not exp.Anonymous or found.name.upper() != "REGEXP_MATCH" or len(found.expressions) != 2 or at is None or not is_written(found.expressions[1]):
        return None
    grouped_so = re.search(r"(?<!\\)\((?!\?)", str(found.expressions[1].this)) is not None
    return found_part(*found.expressions, at + 1 - (node.args.get("offset") or 0) if grouped_so else 0)


def part_of_text(node):
    """substring(s, 0, 3) begins before the text; substring(s from 'o.') is a regular expression."""
    start = node.args.get("start")
    if isinstance(start, exp.Literal) and start.is_string:
        if node.args.get("length") is not None:
            cannot("substring(x from pattern for escape); substring(x from 'a(b)c') has a regular expression")
        return found_part(node.this, exp.Literal.string(str(start.this)), 1 if re.search(r"(?<!\\)\((?!\?)", str(start.this)) else 0)
    first = number_of(start) if start is not None else None
    if first is not None and isinstance(start, exp.Literal):
        start.set("this", str(start.this))  # it was read
    if first is None or first > 0:
        return None
    length = node.args.get("length")
    out = exp.Substring(this=node.this.copy(), start=exp.Literal.number(1))
    if length is not None:
        rest = exp.Add(this=length.copy(), expression=exp.Literal.number(first - 1)) if first == 1 else exp.Sub(this=length.copy(), expression=exp.Literal.number(1 - first))
        out.set("length", exp.Case().when(exp.GT(this=rest.copy(), expression=exp.Literal.number(0)), rest).else_(exp.Literal.number(0)))
    return out


MADE = {"secs": "seconds", "mins": "minutes"}


def hexed(node):
    """to_hex(255) is of a number, in lower case."""
    if wanted == "sqlite":
        return call("PRINTF", "%x", node.this)
    return exp.Anonymous(this="TO_BASE", expressions=[node.this.copy(), exp.Literal.number(16)]) if wanted == "trino" else exp.Lower(this=call("HEX", node.this))


def first_rows(select):
    """DISTINCT ON, which sqlglot makes row numbers of: the order of the result stays."""
    distinct, order = select.args.get("distinct"), select.args.get("order")
    if distinct is None or not distinct.args.get("on") or order is None or isinstance(select.parent, exp.Subquery) and select.args.get("limit") is None:
        return None
    shown = {e.this.sql() if isinstance(e, exp.Alias) else e.sql(): e.alias_or_name for e in select.expressions}
    outer_order, keys = [], distinct.args["on"]
    for ordered in order.expressions[: len(keys.expressions) if isinstance(keys, exp.Tuple) else 1]: # of each there is one row: what is behind them orders nothing
        name = shown.get(ordered.this.sql()) or (ordered.this.name if isinstance(ordered.this, exp.Column) and ordered.this.name in shown.values() else None)
        if not name:
            cannot("DISTINCT ON in an order that is not shown")
        outer_order.append(changed(ordered, this=exp.column(exp.to_identifier(name))))
    inner = select.copy()
    outer = exp.select("*").from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("firsts_"))), copy=False)
    outer.set("order", exp.Order(expressions=outer_order))
    for key in ("limit", "offset"):
        if inner.args.get(key) is not None:
            outer.set(key, inner.args[key].copy())
            inner.set(key, None)
    return outer


def elapsed(node):
    """extract(epoch from (a - b)) and extract(day from (a - b)) of two moments, where their difference is no interval that has parts."""
    unit, between = node.this.name.upper(), node.expression.unnest()
    if unit not in ("EPOCH", "DAY", "DAYS") or not isinstance(between, exp.Sub) or isinstance(between.expression, exp.Interval) or wanted not in ("mysql", "sqlite", "trino"):
        return None
    seconds = ELAPSED[wanted]
    if unit == "EPOCH":
        return filled(seconds, [between.this, between.expression])
    return filled({"mysql": f"TRUNCATE({seconds} / 86400, 0)", "sqlite": f"CAST(TRUNC({seconds} / 86400) AS INTEGER)", "trino": f"(TRUNCATE({seconds} / 86400) + 0e0)"}[wanted],
                  [between.this, between.expression])


# Days of an age beside its whole months: those of the earlier one's month are lent.
DAYS_OF_AGE = {
    "mysql": "(CASE WHEN DAY({0}) - (TIME({0}) < TIME({1})) >= DAY({1}) THEN DAY({0}) - (TIME({0}) < TIME({1})) - DAY({1}) "
             "ELSE DAY({0}) - (TIME({0}) < TIME({1})) - DAY({1}) + DAY(LAST_DAY({1})) END)",
    "sqlite": "(CASE WHEN STRFTIME('%d', {0}) - (TIME({0}) < TIME({1})) >= STRFTIME('%d', {1}) + 0 THEN STRFTIME('%d', {0}) - (TIME({0}) < TIME({1})) - STRFTIME('%d', {1}) "
              "ELSE STRFTIME('%d', {0}) - (TIME({0}) < TIME({1})) - STRFTIME('%d', {1}) + STRFTIME('%d', {1}, 'start of month', '+1 month', '-1 day') END)",
    "trino": "(CASE WHEN DAY({0}) - IF(CAST({0} AS TIME) < CAST({1} AS TIME), 1, 0) >= DAY({1}) THEN DAY({0}) - IF(CAST({0} AS TIME) < CAST({1} AS TIME), 1, 0) - DAY({1}) "
             "ELSE DAY({0}) - IF(CAST({0} AS TIME) < CAST({1} AS TIME), 1, 0) - DAY({1}) + DAY(LAST_DAY_OF_MONTH({1})) END)",
}


def part_of_age(node):
    """extract(year from age(a, b)): whole units of their difference."""
    age = node.expression.unnest()
    if type(age) is not exp.Anonymous or age.name.upper() != "AGE" or not 1 <= len(age.expressions) <= 2 or wanted not in DAYS_OF_AGE:
        return None
    unit = singular(node.this.name)
    ends = [exp.CurrentDate(), age.expressions[0]] if len(age.expressions) == 1 else age.expressions
    later, earlier = (exp.cast(end.copy(), "timestamp") if is_written(end) or wanted == "trino" else end.copy() for end in ends)
    if unit == "YEAR":
        return exp.TimestampDiff(this=later, expression=earlier, unit=exp.Var(this="YEAR"))
    if unit == "MONTH":
        return exp.Paren(this=exp.Mod(this=exp.TimestampDiff(this=later, expression=earlier, unit=exp.Var(this="MONTH")), expression=exp.Literal.number(12)))
    if unit == "DAY":
        days = DAYS_OF_AGE[wanted]
        return filled(f"CASE WHEN _1 >= _2 THEN {days.format('_1', '_2')} ELSE -{days.format('_2', '_1')} END", [later, earlier])
    return cannot("this part of an age")


def unescaped(node):
    """x LIKE 'a' ESCAPE '': a backslash is one."""
    like = node.this
    if isinstance(like.expression, exp.Literal):
        like.expression.set("this", str(like.expression.this)) # it was read
        if "\\" in str(like.expression.this):
            cannot("LIKE without an escape of a pattern with backslashes")
    elif wanted == "mysql":
        return None
    return like.copy()


ODD_DAYS = ("%Y%m%d", "%Y/%m/%d", "%m/%d/%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%Y-%b-%d", "%Y-%m-%d", "%Y.%m.%d")


def odd_day(literal):
    """'January 5, 2024', '1/8/1999', '20240105' or '2024-1-5' as a day is written elsewhere; None = it is so written, or is none that is known."""
    from datetime import datetime
    text = str(literal.this).strip()
    iso = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)Z?", text)
    if iso is not None:
        return exp.Literal.string(f"{iso[1]} {iso[2]}")
    hour = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d)", text) if source == "mysql" else None
    if hour is not None:
        return exp.Literal.string(f"{hour[1]} {hour[2]}:00:00")
    found = re.fullmatch(r"(.*?\d{1,4}|.*?)(?:[ T](\d\d?:\d\d?(?::\d\d?(?:\.\d+)?)?))?", text)
    if found is None or re.match(r"\d{4}-\d\d-\d\d", text) and (source != "mysql" or found[2] is None or re.match(r"\d\d:\d\d(:\d\d|$)", found[2])):
        return None
    for form in ODD_DAYS if source == "postgres" else ("%Y%m%d", "%Y/%m/%d", "%Y-%m-%d", "%Y.%m.%d"):
        try:
            day = datetime.strptime(found[1].strip(), form).strftime("%Y-%m-%d")
        except ValueError:
            continue
        hour = re.sub(r"(?<![\d.])(\d)(?!\d)", r"0\1", found[2] or "") # 3:4:5
        return exp.Literal.string(f"{day} {hour}".rstrip())
    return None


WORDS_OF_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1, "now": None}


def said_day(node):
    """date 'today', timestamp 'yesterday', timestamptz 'now'."""
    was_read(node.this)
    days = WORDS_OF_DAYS[str(node.this.this).strip().lower()]
    if days is None:
        return exp.CurrentDate() if node.to.this == TYPE.DATE else exp.Cast(this=exp.CurrentTimestamp(), to=node.to.copy()) if node.to.this == TYPE.TIMESTAMP else exp.CurrentTimestamp()
    day = exp.CurrentDate() if days == 0 else exp.cast(exp.Add(this=exp.CurrentDate(), expression=exp.Interval(this=exp.Literal.string(str(days)), unit=exp.Var(this="DAY"))), "date")
    return day if node.to.this == TYPE.DATE else exp.cast(day, "timestamp")


AGES = {"DECADE": (0, 10), "CENTURY": (99, 100), "MILLENNIUM": (999, 1000)}


def joined_by(node):
    """count(s.*) counts the rows of s that there are, as a column does by which it is joined."""
    table = node.this.table
    for join in node.find_ancestor(exp.Select).args.get("joins") or []:
        for pair in join.args["on"].find_all(exp.EQ) if join.args.get("on") is not None else []:
            for side in (pair.this, pair.expression):
                if isinstance(side, exp.Column) and side.table == table:
                    return side.copy()
    return cannot("count() of whole rows that nothing tells apart from none")


def of_many_years(node):
    """extract(century from d)."""
    year = exp.Extract(this=exp.Var(this="YEAR"), expression=node.expression.copy())
    above, years = AGES[node.this.name.upper()]
    if above:
        year = exp.Paren(this=exp.Add(this=year, expression=exp.Literal.number(above)))
    return exp.Paren(this=exp.IntDiv(this=year, expression=exp.Literal.number(years)))


def shown_rows(select):
    """SELECT unnest(ARRAY[1, 2]) AS x as SELECT x FROM UNNEST(ARRAY[1, 2]) AS listed_(x)."""
    shown = select.expressions[0] if len(select.expressions) == 1 and not select.args.get("from_") and not select.args.get("from") else None
    inner = shown.unalias() if shown is not None else None
    kind = inner.to if isinstance(inner, exp.Cast) else None
    inner = inner.this if kind is not None else inner
    if not isinstance(inner, (exp.Unnest, exp.Explode, exp.GenerateSeries, exp.ExplodingGenerateSeries)):
        return None
    if kind is None and wanted == "sqlite" and isinstance(inner, (exp.GenerateSeries, exp.ExplodingGenerateSeries)) and (is_date(inner.args["start"]) or is_of(inner.args["start"], *MOMENT_TYPES)):
        kind = exp.DataType.build("timestamp") # which is told from a day there by its text alone
    name = shown.alias or ("unnest" if isinstance(inner, (exp.Unnest, exp.Explode)) else "generate_series")
    rows = (inner.expressions[0] if inner.expressions else inner.this) if isinstance(inner, (exp.Unnest, exp.Explode)) else \
        exp.GenerateSeries(**{key: value.copy() if isinstance(value, exp.Expression) else value for key, value in inner.args.items()})
    alias = exp.TableAlias(this=exp.to_identifier("listed_"), columns=[exp.to_identifier(name, quoted=True)])
    source_rows = exp.Table(this=rows.copy(), alias=alias) if isinstance(rows, exp.GenerateSeries) else exp.Unnest(expressions=[rows.copy()], alias=alias)
    column = exp.column(exp.to_identifier(name, quoted=True))
    return changed(select, expressions=[column if kind is None else exp.alias_(exp.Cast(this=column, to=kind.copy()), name, quoted=True)]).from_(source_rows, copy=False)


def postgres_words(node):
    if isinstance(node, exp.Bracket) and element_of_group(node) is not None:
        return element_of_group(node)
    if isinstance(node, exp.Bracket) and wanted in ("sqlite", "mysql", "trino"):
        return part_matched(node)
    if isinstance(node, (exp.ArrayToString,)) and wanted in ("sqlite", "mysql") and isinstance(node.this, exp.ArrayAgg):
        return exp.GroupConcat(this=node.this.this.copy(), separator=node.expression.copy())
    if isinstance(node, exp.Overlaps) and wanted != "postgres":
        return overlapping(node)
    if isinstance(node, exp.AtTimeZone):
        return zoned(node)
    if type(node) is exp.Anonymous and node.name.upper() == "TIMEZONE" and len(node.expressions) == 2 and wanted != "postgres":
        moved = exp.AtTimeZone(this=node.expressions[1].copy(), zone=node.expressions[0].copy())
        moved.this.type = node.expressions[1].type
        return zoned(moved) or exp.paren(moved)
    if isinstance(node, exp.Paren) and wanted != "postgres" and (isinstance(node.this, exp.Interval) or isinstance(node.this, exp.Mul) and isinstance(node.parent, (exp.Add, exp.Sub)) and
                                                                 any(isinstance(side, exp.Interval) for side in (node.this.this, node.this.expression))):
        return node.this.copy()
    if isinstance(node, exp.WithinGroup):
        return between_ranks(node)
    if isinstance(node, (exp.JSONBExtract, exp.JSONBExtractScalar)):
        return text_path(node)
    if isinstance(node, exp.Format) and not (wanted == "duckdb" and "{" in node.this.sql()):  # DuckDB's own, which some write
        return formatted(node)
    if isinstance(node, exp.Hex):
        return hexed(node)
    if isinstance(node, exp.Select) and not node.expressions and wanted != "postgres":
        node.set("expressions", [exp.Literal.number(1)]) # EXISTS (SELECT FROM t)
    if isinstance(node, exp.Select) and wanted in ("sqlite", "mysql", "trino"):
        return shown_rows(node) or first_rows(node)
    if isinstance(node, exp.Interval) and wanted == "duckdb":
        return plainly_written(node)
    if isinstance(node, exp.Extract) and isinstance(node.this, exp.Literal):
        node.set("this", exp.Var(this=str(node.this.this).upper()))
    if isinstance(node, exp.Escape) and is_written(node.expression) and str(node.expression.this) == "" and wanted != "postgres":
        return unescaped(node)
    if isinstance(node, exp.Cast) and is_written(node.this) and node.to.this in (TYPE.DATE, TYPE.TIMESTAMP) and odd_day(node.this) is not None:
        return changed(node, this=odd_day(node.this))
    if isinstance(node, exp.Cast) and is_written(node.this) and node.to.this in (TYPE.DATE, TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ) and str(node.this.this).strip().lower() in WORDS_OF_DAYS and wanted != "postgres":
        return said_day(node)
    if isinstance(node, exp.Cast) and is_written(node.this) and node.to.this == TYPE.VARBINARY and re.fullmatch(r"\\x([0-9A-Fa-f]{2})*", str(node.this.this)) and wanted != "postgres":
        was_read(node.this)
        octets = exp.HexString(this=str(node.this.this)[2:])
        octets.meta["made"] = True
        return octets
    if isinstance(node, exp.Cast) and node.to.this == TYPE.BIT or isinstance(node, (exp.BitString, exp.HexString)) and wanted != "postgres" and not node.meta.get("made"):
        cannot("strings of bits")
    if isinstance(node, exp.Cast) and node.to.this == TYPE.BPCHAR and not node.to.expressions:
        return exp.cast(node.this.copy(), "text")
    if type(node) is exp.Anonymous and node.name.upper() == "AGE" and wanted in DAYS_OF_AGE and not isinstance(node.find_ancestor(exp.Extract, exp.Select), exp.Extract):
        cannot("age(), but for extract(year from age(..)), of months and of days")
    if isinstance(node, exp.Cast) and node.to.this == TYPE.INTERVAL and isinstance(node.this.unnest(), exp.DPipe) and wanted != "duckdb":
        joined = node.this.unnest()
        unit = singular(str(joined.expression.this).strip()) if is_written(joined.expression) else ""
        if unit not in UNITS or isinstance(joined.this.unnest(), exp.DPipe):
            cannot("an interval that is put together so")
        count = exp.cast(joined.this.copy(), "bigint") if is_marker(joined.this.unnest()) or is_of(joined.this.unnest(), *TEXTS) else exp.paren(joined.this.copy())
        return exp.Mul(this=count, expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this=unit)))
    if isinstance(node, exp.Cast) and node.to.this == TYPE.INTERVAL or isinstance(node, exp.Cast) and isinstance(node.to.this, exp.Interval):
        if isinstance(node.this, exp.Literal) and node.this.is_string:
            whole = exp.Interval(this=exp.Literal.string(str(node.this.this)))
            parts = interval_parts(whole)
            return exp.Interval(this=exp.Literal.string(parts[0][0]), unit=exp.Var(this=parts[0][1])) if parts and len(parts) == 1 else whole if parts else None
    if isinstance(node, exp.Limit) and isinstance(node.expression, (exp.Column, exp.Var, exp.All)) and (node.expression.name or "ALL").upper() == "ALL" and wanted == "mysql":
        return exp.Limit(expression=exp.Literal.number("18446744073709551615"))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Column) and isinstance(node.this.this, exp.Star) and wanted != "duckdb":
        return exp.Count(this=joined_by(node))
    if isinstance(node, exp.Cast) and is_written(node.this) and node.to.this in (TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ) and wanted in ("duckdb", "sqlite", "mysql"):
        found = re.fullmatch(r"\s*(\d{4}-\d\d-\d\d[ T]\d\d:\d\d)((?:[+-]\d\d(?::?\d\d)?)?)\s*", str(node.this.this))
        if found is not None and found[2]:
            return changed(node, this=exp.Literal.string(f"{found[1]}:00{found[2]}"))
    if isinstance(node, exp.Extract) and part_of_age(node) is not None:
        return part_of_age(node)
    if isinstance(node, exp.Extract) and elapsed(node) is not None:
        return elapsed(node)
    if isinstance(node, exp.Extract) and node.this.name.upper() in AGES and wanted in ("sqlite", "mysql", "trino"):
        return of_many_years(node)
    if type(node) is exp.Anonymous and node.name.upper() == "REGEXP_MATCHES" and wanted != "postgres":
        cannot("regexp_matches(), which gives rows of arrays; (regexp_match(x, 'a(b)'))[1] is one text")
    if isinstance(node, (exp.Left, exp.Right)) and isinstance(node.expression, exp.Neg) and number_of(node.expression) is not None:
        return shortened(node)
    if isinstance(node, exp.Substring):
        return part_of_text(node)
    if isinstance(node, exp.UnicodeString):
        return exp.Literal.string(re.sub(r"\\(\+[0-9a-fA-F]{6}|[0-9a-fA-F]{4})", lambda m: chr(int(m[1].lstrip("+"), 16)), str(node.this)))
    if isinstance(node, exp.TimeToStr) and not node.meta.get("made"):
        return as_text(node)
    if isinstance(node, exp.Unnest) and wanted != "postgres" and isinstance(node.parent, (exp.From, exp.Join)) and not node.args.get("offset") and len(node.expressions) == 1:
        alias = node.args.get("alias")
        if alias is not None and not alias.columns and alias.this is not None:
            alias.set("columns", [alias.this.copy()]) # FROM unnest(..) AS n: its column is n, too
        return None
    if isinstance(node, exp.Table) and isinstance(node.this, (exp.GenerateSeries, exp.ExplodingGenerateSeries, exp.Unnest)):
        alias = node.args.get("alias")
        if alias is not None and not alias.columns and alias.this is not None:
            alias.set("columns", [alias.this.copy()])
        return None
    if isinstance(node, exp.MakeInterval) and wanted in ("sqlite", "trino", "mysql"):
        parts = [(key, v) if not isinstance(v, exp.Kwarg) else (v.this.name, v.expression) for key, v in node.args.items() if v is not None]
        if all(number_of(v) is not None for _, v in parts):
            return exp.Interval(this=exp.Literal.string(" ".join(f"{number_of(v)} {MADE.get(key, key)}" for key, v in parts)))
    if isinstance(node, exp.Mul) and isinstance(node.this, exp.Interval) and number_of(node.expression) is not None:
        parts = interval_parts(node.this)
        if parts and len(parts) == 1 and parts[0][0].lstrip("+-").isdigit():
            return exp.Interval(this=exp.Literal.string(str(int(parts[0][0]) * number_of(node.expression))), unit=exp.Var(this=parts[0][1]))
    return None


def postgres_node(node):
    out = postgres_more(node) or postgres_json(node) or postgres_words(node)
    if out is None and isinstance(node, exp.Func):
        out = postgres_call(node)
    return out if out is not None else postgres_kinds(node)


def elements_written(node):
    """Of '{1,2}'::int[]; None = there is more to them."""
    text = str(node.this.this).strip() if is_written(node.this) and node.to.this == TYPE.ARRAY and len(node.to.expressions) == 1 else ""
    if not re.fullmatch(r"\{[^{}\"\\,]+(,[^{}\"\\,]+)*\}", text):
        return None
    words = [word.strip() for word in text[1:-1].split(",")]
    kind = node.to.expressions[0]
    if any(word.upper() == "NULL" for word in words):
        return None
    return [exp.Literal.string(word) if kind.this in exp.DataType.TEXT_TYPES else exp.cast(exp.Literal.string(word), kind.copy()) for word in words]


def elements_of(node):
    """Of x = ANY ('{a,b}'), ANY ('{1,2}'::int[]), ANY (ARRAY[1, 2]::int[]); None = that is not what stands there."""
    inner = (node.expression.expressions[0] if isinstance(node.expression, exp.Anonymous) else node.expression.this).unnest()
    if is_written(inner):
        was_read(inner)
        kind = "bigint" if is_of(node.this, *NUMBERS) and re.fullmatch(r"[-{}\d, ]+", str(inner.this)) else "decimal" if is_of(node.this, *NUMBERS) else "text"
        inner = exp.Cast(this=inner.copy(), to=exp.DataType(this=TYPE.ARRAY, expressions=[exp.DataType.build(kind)], nested=True))
    if isinstance(inner, exp.Array) and isinstance(node.expression, exp.Anonymous):
        return [e.copy() for e in inner.expressions]
    if not isinstance(inner, exp.Cast) or inner.to.this != TYPE.ARRAY:
        return None
    if isinstance(inner.this, exp.Array) and len(inner.to.expressions) == 1 and inner.this.expressions:
        of_texts = inner.to.expressions[0].this in exp.DataType.TEXT_TYPES
        return [e.copy() if isinstance(e, exp.Literal) and e.is_string == of_texts else exp.cast(e.copy(), inner.to.expressions[0].copy()) for e in inner.this.expressions]
    return elements_written(inner)


def like_each(node):
    """x LIKE ANY (ARRAY['a%', 'b%']), NOT LIKE ALL, ~ ANY: one after the other."""
    quantified = node.expression
    if wanted == "postgres" or not isinstance(quantified, (exp.Any, exp.All)):
        return None
    if isinstance(node.parent, exp.Not) and re.search(r"!~\*?\s*any\b", written_words):
        cannot("!~ ANY") # which is read as NOT (.. ~ ANY ..)
    patterns = quantified.this.unnest() if isinstance(quantified.this, exp.Expression) else None
    if isinstance(patterns, exp.Cast) and patterns.to.this == TYPE.ARRAY:
        patterns = exp.Array(expressions=elements_written(patterns)) if elements_written(patterns) is not None else patterns.this.unnest()
    if not isinstance(patterns, exp.Array) or not patterns.expressions:
        return None
    negated = bool(node.args.get("negate"))
    each = [type(node)(this=node.this.copy(), expression=pattern.copy()) for pattern in patterns.expressions]
    each = [postgres_kinds(one) for one in each]
    return exp.Paren(this=(exp.or_ if isinstance(quantified, exp.Any) else exp.and_)(*(exp.not_(one) if negated else one for one in each), copy=False))


def postgres_kinds(node):
    """What PostgreSQL means, said so that more dialects have a word for it."""
    each = like_each(node) if isinstance(node, (exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpILike)) else None
    if each is not None:
        return each
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string and node.to.this == TYPE.BOOLEAN:
        truth = TRUTHS.get(str(node.this.this).strip().lower())
        return node if truth is None else exp.Boolean(this=truth)
    unknown = isinstance(node, exp.Cast) and wanted in ("mysql", "sqlite") and isinstance(node.this, exp.Column) and (node.this.type is None or node.this.is_type("unknown"))
    if isinstance(node, exp.Cast) and node.to.this == TYPE.BOOLEAN and (is_of(node.this, *TEXTS) or unknown) and wanted != "postgres":
        words = [exp.In(this=exp.Lower(this=exp.func("TRIM", node.this.copy())), expressions=[exp.Literal.string(word) for word in side]) for side in (YES, NO)]
        truth_of = exp.Case().when(words[0], exp.Boolean(this=True)).when(words[1], exp.Boolean(this=False))
        return truth_of.else_(exp.NEQ(this=node.this.copy(), expression=exp.Literal.number(0))) if unknown else truth_of
    if isinstance(node, exp.Cast) and node.to.this in (TYPE.VARCHAR, TYPE.CHAR, TYPE.BPCHAR) and node.to.expressions and wanted != "mysql":
        return exp.Substring(this=exp.cast(node.this.copy(), "text"), start=exp.Literal.number(1), length=node.to.expressions[0].this.copy())
    every = isinstance(node, exp.NEQ) and (isinstance(node.expression, exp.All) or type(node.expression) is exp.Anonymous and node.expression.name.upper() == "ALL" and len(node.expression.expressions) == 1)
    listed_so = elements_of(node) if wanted != "postgres" and (every or isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any)) else None
    if listed_so is not None:
        found = exp.In(this=node.this.copy(), expressions=listed_so)
        return found if isinstance(node, exp.EQ) else exp.Not(this=found)
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any) and isinstance(node.expression.this.unnest(), exp.Array):
        return exp.In(this=node.this.copy(), expressions=[e.copy() for e in node.expression.this.unnest().expressions])
    if isinstance(node, exp.NEQ) and isinstance(node.expression, exp.All) and isinstance(node.expression.this.unnest(), exp.Array):
        return exp.Not(this=exp.In(this=node.this.copy(), expressions=[e.copy() for e in node.expression.this.unnest().expressions]))
    if isinstance(node, exp.Collate) and node.expression.name.upper() in ("C", "POSIX") and wanted in ("trino", "mysql"):
        return bin_collated(node.this) if wanted == "mysql" else node.this.copy()
    if isinstance(node, exp.ByteString) and wanted != "duckdb":
        return exp.Literal.string(str(node.this))
    if type(node) is exp.Like and wanted in ("duckdb", "trino") and isinstance(node.expression, exp.Literal) and "\\" in str(node.expression.this):
        return node if isinstance(node.parent, exp.Escape) else exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
    return node
