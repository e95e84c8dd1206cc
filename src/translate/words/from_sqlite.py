"""From SQLite: moments are texts with modifiers, LIKE folds letters, and a query may show what it does not group by."""

MODIFIER = r"([-+]?\d+(?:\.\d+)?) (second|minute|hour|day|month|year)s?"


def sqlite_start(what):
    """What a moment begins with: 'now', or x."""
    if is_written(what) and str(what.this).lower() == "now":
        was_read(what)
        return exp.CurrentTimestamp()
    form = what.args.get("format") if isinstance(what, exp.TimeToStr) else None
    if is_written(form) and "T" in str(form.this): # '%Y-%m-%dT%H:00:00', a moment for SQLite alone
        what = changed(what, format=exp.Literal.string(str(form.this).replace("T", " ")))
    return exp.cast(what.copy(), "timestamp")


def months_over(moment, number, unit):
    """'+1 month' of 31 January is 2 March there."""
    first = exp.TimestampTrunc(this=moment.copy(), unit=exp.Var(this="MONTH"))
    later = exp.Add(this=first, expression=exp.Interval(this=exp.Literal.string(number), unit=exp.Var(this=unit)))
    days = exp.Sub(this=exp.cast(exp.Extract(this=exp.Var(this="DAY"), expression=moment.copy()), "int"), expression=exp.Literal.number(1))
    return exp.Add(this=later, expression=exp.Mul(this=exp.paren(days), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="DAY"))))


def modified(what, modifiers, timed):
    moment = sqlite_start(what)
    for one in modifiers:
        was_read(one)
        text = str(one.this).strip().lower() if is_written(one) else cannot("a modifier of a moment that is not written there")
        found = re.fullmatch(MODIFIER, text, re.I)
        if text in ("start of month", "start of year", "start of day"):
            moment = exp.TimestampTrunc(this=moment, unit=exp.Var(this=text.split()[-1].upper()))
        elif found is not None and found[2].lower() in ("month", "year"):
            if timed:
                cannot("months that are added to a moment as SQLite does so")
            moment = months_over(moment, found[1].lstrip("+"), found[2].upper())
        elif text == "unixepoch" and one is modifiers[0]:
            moment = exp.Add(this=exp.cast(exp.Literal.string("1970-01-01 00:00:00"), "timestamp"), expression=exp.Mul(this=exp.paren(what.copy()), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="SECOND"))))
        elif re.fullmatch(r"weekday [0-6]", text): # that day, or the next one that is such a day of the week
            later = exp.Mod(this=exp.paren(exp.Sub(this=exp.Literal.number(int(text[-1]) + 7), expression=exp.cast(exp.Extract(this=exp.Var(this="DOW"), expression=moment.copy()), "int"))), expression=exp.Literal.number(7))
            moment = exp.Add(this=moment, expression=exp.Mul(this=exp.paren(later), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="DAY"))))
        elif text in ("utc", "localtime"):
            cannot(f"the modifier {text} of a moment")
        elif found is not None and "." not in found[1]:
            moment = exp.Add(this=moment, expression=exp.Interval(this=exp.Literal.string(found[1].lstrip("+")), unit=exp.Var(this=found[2].upper())))
        else:
            cannot(f"the modifier {text} of a moment")
    return moment


def day_number(node):
    """julianday(a) - julianday(b)."""
    sides = [side for side in (node.this, node.expression) if type(side) is exp.Anonymous and side.name.upper() == "JULIANDAY" and len(side.expressions) == 1]
    if len(sides) != 2:
        return None
    seconds = exp.TimestampDiff(this=sqlite_start(sides[0].expressions[0]), expression=sqlite_start(sides[1].expressions[0]), unit=exp.Var(this="SECOND"))
    return exp.Paren(this=exp.Div(this=seconds, expression=exp.Literal.number("86400.0")))


def globbed(node):
    """x GLOB 'a*'."""
    if not is_written(node.expression):
        cannot("GLOB with a pattern that is not written there")
    was_read(node.expression)
    text = str(node.expression.this)
    if re.search(r"[\\]", text):
        cannot("this pattern of GLOB")
    pieces = re.findall(r"\[[^\]]+\]|.", text, re.S)
    pattern = "".join(piece if len(piece) > 1 else ".*" if piece == "*" else "." if piece == "?" else re.escape(piece) if not piece.isalnum() and ord(piece) < 128 and piece not in " _%" else piece
                      for piece in pieces)
    return exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(f"^{pattern}$"))


def sqlite_formatted(node):
    """strftime('%s', x), strftime('%w', x)."""
    form = node.args.get("format")
    if not is_written(form):
        cannot("strftime() with a format that is not written there")
    text, what = str(form.this), node.this
    what = what.this if type(what).__name__ == "TsOrDsToTimestamp" else what
    start = sqlite_start(what)
    if text == "%s" and isinstance(node.parent, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Cast)):
        return exp.cast(exp.Extract(this=exp.Var(this="EPOCH"), expression=start), "bigint")
    units = {"%s": ("EPOCH", 0), "%w": ("DOW", 0), "%u": ("ISODOW", 0), "%V": ("WEEK", 2), "%G": ("ISOYEAR", 4)}
    if re.search("%[^YmdHMSjswuVG%]", text):
        cannot(f"a place of the format {text}")
    if not any(place in text for place in units) and not (is_written(what) and str(what.this).lower() == "now"):
        return None
    pieces = [part_text(start, *units[piece]) if piece in units else piece for piece in re.findall(r"%.|[^%]+", text)]
    whole = in_pieces(start, pieces)
    for part in whole.walk():
        part.meta["made"] = True
    return whole


def sqlite_call(node):
    if type(node) is exp.Anonymous:
        name, args = node.name.upper(), node.expressions
        if name == "TOTAL" and len(args) == 1:
            return exp.func("COALESCE", exp.Sum(this=exp.cast(args[0].copy(), "double")), exp.Literal.number("0e0"))
        if name in ("DATE", "DATETIME") and args:
            moment = modified(args[0], args[1:], name == "DATETIME")
            return exp.cast(moment, "date") if name == "DATE" else moment
        if name in ("TYPEOF", "QUOTE", "PRINTF", "RANDOMBLOB", "ZEROBLOB", "JULIANDAY", "UNLIKELY", "LIKELY") and not (name == "JULIANDAY" and isinstance(node.parent, exp.Sub)):
            cannot(f"{name.lower()}() as SQLite has it")
        if name == "TIME" and len(args) != 1:
            cannot("time() with modifiers")
        if name == "TIME" and wanted in ("postgres", "duckdb", "trino"):
            return exp.cast(sqlite_start(args[0]), "time")
        if name == "JSON_EACH" and wanted == "postgres" and len(args) == 1 and is_written(args[0]) and str(args[0].this).lstrip().startswith("["):
            was_read(args[0])
            cannot("json_each() of an array, as SQLite has it")
        if name == "UNIXEPOCH" and args:
            return exp.cast(exp.Extract(this=exp.Var(this="EPOCH"), expression=modified(args[0], args[1:], True)), "bigint")
    if isinstance(node, exp.Date) and isinstance(node.this, exp.Expression) and len([v for v in node.args.values() if v]) == 1:
        return exp.cast(sqlite_start(node.this), "date")
    if isinstance(node, exp.Cast) and is_written(node.this) and str(node.this.this).lower() == "now":
        return exp.cast(exp.CurrentTimestamp(), node.to.copy())
    return None


def without_case(node):
    """x COLLATE NOCASE = 'A': both sides are folded."""
    keys = ("this", "low", "high") if isinstance(node, exp.Between) else ("this", "expression")
    sides = [node.args.get(key) for key in keys]
    if not any(isinstance(side, exp.Lower) and side.meta.get("nocase") for side in sides):
        return None
    return changed(node, **{key: exp.Lower(this=side.copy()) for key, side in zip(keys, sides) if isinstance(side, exp.Expression) and not isinstance(side, exp.Lower)})


KINDS_OF_JSON = {"mysql": "CASE JSON_TYPE(_1) WHEN 'BOOLEAN' THEN CASE WHEN _1 = CAST('true' AS JSON) THEN 'true' ELSE 'false' END WHEN 'DOUBLE' THEN 'real' WHEN 'DECIMAL' THEN 'real' WHEN 'STRING' THEN 'text' ELSE LOWER(JSON_TYPE(_1)) END",
                 "duckdb": "CASE JSON_TYPE(_1) WHEN 'BOOLEAN' THEN CAST(_1 AS TEXT) WHEN 'UBIGINT' THEN 'integer' WHEN 'BIGINT' THEN 'integer' WHEN 'DOUBLE' THEN 'real' WHEN 'VARCHAR' THEN 'text' ELSE LOWER(JSON_TYPE(_1)) END"}


def sqlite_words(node):
    """What a name means there."""
    if type(node).__name__ == "JSONType" and node.args.get("expression") is None or type(node) is exp.Anonymous and node.name.upper() == "JSON_TYPE" and len(node.expressions) == 1:
        what = node.this if type(node).__name__ == "JSONType" else node.expressions[0]
        return filled(KINDS_OF_JSON[wanted], [what]) if wanted == "duckdb" else cannot("json_type() as SQLite has it")
    if isinstance(node, exp.Cast) and node.to.this in exp.DataType.INTEGER_TYPES and wanted != "sqlite" and (isinstance(node.this, exp.Literal) and not node.this.is_string and not node.this.is_int or is_of(node.this, "DOUBLE", "DECIMAL", "FLOAT")):
        return changed(node, this=exp.Trunc(this=node.this.copy()))
    if isinstance(node, exp.Cast) and is_written(node.this) and node.to.this in exp.DataType.INTEGER_TYPES and wanted in ("postgres", "duckdb", "trino"):
        was_read(node.this)
        return changed(node, this=exp.paren(number_in(node.this, r"\s*([-+]?\d{1,18})"))) if re.fullmatch(r"\s*[-+]?\d{1,18}\s*", str(node.this.this)) is None else None
    if isinstance(node, exp.Cast) and is_written(node.this) and node.to.this in (TYPE.FLOAT, TYPE.DOUBLE, TYPE.DECIMAL) and wanted in ("postgres", "duckdb", "trino"):
        was_read(node.this)
        return exp.cast(exp.paren(number_in(node.this)), "double")
    if isinstance(node, exp.Chr) and len(node.expressions) > 1:
        return exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), [exp.Chr(expressions=[e.copy()]) for e in node.expressions]))
    if isinstance(node, exp.HexString) and wanted == "postgres":
        return exp.cast(exp.Literal.string("\\x" + str(node.this)), "bytea")
    if isinstance(node, exp.Hex) and wanted in ("postgres", "trino") and (is_written(node.this) or is_of(node.this, *TEXTS)):
        return filled("UPPER(ENCODE(CONVERT_TO(_1, 'UTF8'), 'hex'))" if wanted == "postgres" else "TO_HEX(TO_UTF8(_1))", [node.this])
    if isinstance(node, exp.Limit) and (number_of(node.expression) or 0) < 0:
        was_read(node.expression.this)
        return exp.Limit(expression=exp.Literal.number("18446744073709551615" if wanted == "mysql" else str(2**63 - 1)))
    if isinstance(node, exp.Time) and len([v for v in node.args.values() if v]) > 1:
        cannot("time() with modifiers")
    if isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)):
        return without_case(node)
    if isinstance(node, exp.DPipe):
        around = node.parent.parent if isinstance(node.parent, exp.Paren) else node.parent
        if isinstance(around, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
            cannot("a number that is read from a joined text")
        if wanted == "postgres":
            return changed(node, **{key: exp.cast(node.args[key].copy(), "text") for key in ("this", "expression") if isinstance(node.args[key].unnest(), (exp.Literal, exp.Binary, exp.Neg)) and not is_written(node.args[key])
                                    and not isinstance(node.args[key].unnest(), exp.DPipe)})
    if type(node).__name__ == "Typeof":
        cannot("typeof() as SQLite has it")
    return None


def bare_of(select):
    """What a column is that GROUP BY has not: of the row with the greatest or least value where that alone is asked for, else of any."""
    found = [agg for part in (*select.expressions, select.args.get("having")) if part is not None for agg in part.find_all(exp.AggFunc) if agg.find_ancestor(exp.Select) is select]
    only = found[0] if len(found) == 1 and isinstance(found[0], (exp.Max, exp.Min)) and not found[0].expressions and not isinstance(found[0].parent, (exp.Filter, exp.Window)) else None
    if only is None:
        return any_of
    kind, of = (exp.ArgMax if isinstance(only, exp.Max) else exp.ArgMin), only.this.copy()
    return lambda column: kind(this=column.copy(), expression=of.copy())


def owners_named(conflict):
    """A column without a table in DO UPDATE SET is the one that is there, and not EXCLUDED's."""
    table = table_into(conflict.parent)
    values = [one.expression for one in conflict.expressions if isinstance(one, exp.EQ)] + [conflict.args.get("where")]
    for column in [column for value in values if value is not None for column in value.find_all(exp.Column)]:
        if not column.table and column.find_ancestor(exp.Query) is None:
            column.set("table", exp.to_identifier(table.alias_or_name))
    return conflict


def sqlite_source(node):
    out = sqlite_call(node) or sqlite_words(node) or (mysql_truths(node) if wanted in ("postgres", "duckdb", "trino") else None)
    if out is not None:
        return out
    if is_unnamed(node):
        return changed(node, alias=exp.TableAlias(this=exp.to_identifier("unnamed_")))
    if isinstance(node, exp.Sub):
        return day_number(node) or node
    if isinstance(node, exp.Glob):
        return globbed(node)
    if isinstance(node, exp.GroupConcat) and wanted in ("postgres", "duckdb", "trino"):
        return text_grouped(node)
    if isinstance(node, exp.OnConflict):
        for key in node.args.get("conflict_keys") or []:
            if isinstance(key, exp.Ordered):
                key.replace(key.this.copy())
        return owners_named(node) if wanted == "postgres" else node
    if isinstance(node, exp.TimeToStr) and not node.meta.get("made"):
        return sqlite_formatted(node) or node
    if type(node) is exp.Like and wanted in ("postgres", "duckdb", "trino"):
        return exp.ILike(**{key: value.copy() if isinstance(value, exp.Expression) else value for key, value in node.args.items()})
    if type(node) is exp.Like and wanted == "mysql": # as its collation has it
        return changed(node, expression=exp.Collate(this=node.expression.copy(), expression=exp.Var(this="utf8mb4_general_ci")))
    if isinstance(node, exp.Collate) and node.expression.name.upper() == "NOCASE":
        folded_side = exp.Lower(this=node.this.copy())
        folded_side.meta["nocase"] = True
        return folded_side
    if isinstance(node, exp.Collate) and node.expression.name.upper() == "BINARY":
        return node.this.copy()
    if is_insert_or(node, "IGNORE"):
        return changed(node, alternative=None, ignore=True)
    if is_insert_or(node, "REPLACE") and wanted in ("mysql", "trino"):
        return replacing_all(node) if wanted == "mysql" else cannot("what is to be done with a duplicate key")
    return node


def replacing_all(insert):
    """INSERT OR REPLACE with every column of the table as INSERT .. ON DUPLICATE KEY UPDATE of all of them."""
    names, known = inserted_columns(insert), known_columns.get(table_into(insert).name.lower(), {})
    if not names or set(names) != set(known):
        cannot("INSERT OR REPLACE of some of the columns, or of a table whose columns are not known")
    assigned = [exp.EQ(this=exp.column(exp.to_identifier(name)), expression=exp.column(exp.to_identifier(name), table="EXCLUDED")) for name in names]
    return changed(insert, alternative=None, conflict=exp.OnConflict(action=exp.Var(this="DO UPDATE"), expressions=assigned))


def sqlite_tree_from(tree):
    for node in list(tree.find_all(exp.Max, exp.Min)):
        if node.expressions: # of several values, max() is no aggregate
            node.replace((exp.Greatest if isinstance(node, exp.Max) else exp.Least)(this=node.this, expressions=node.expressions))
    for select in list(tree.find_all(exp.Select)) if wanted in ("postgres", "duckdb", "trino") else []:
        grouped(select, bare_of(select))
    for select in list(tree.find_all(exp.Select)) if wanted == "mysql" else []:
        if bare_of(select) is not any_of:
            grouped(select, bare_of(select))
    return rewrite(tree, sqlite_source)
