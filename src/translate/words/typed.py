"""What a statement means by the types of its columns (types.py): a text beside a date is a date, a truth beside a number is a number, half of an
integer is another one than that of a decimal. Where no type is known, what a statement says by itself has to do."""

NUMBERS = ("DECIMAL", "BIGDECIMAL", "DOUBLE", "FLOAT", "INT", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "UINT", "UBIGINT", "USMALLINT", "UTINYINT", "UMEDIUMINT", "INT128", "UDECIMAL")
TEXTS = ("TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR", "MEDIUMTEXT", "LONGTEXT", "TINYTEXT", "BPCHAR", "NAME")
BYTES = ("VARBINARY", "BINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB")
YES, NO = ("t", "true", "y", "yes", "on", "1"), ("f", "false", "n", "no", "off", "0")


def is_written(node):
    """A text that stands there."""
    return isinstance(node, exp.Literal) and node.is_string


def is_moment(node):
    return is_of(node, "DATE", *MOMENT_TYPES)


def as_truth(node):
    """'t' or 1 beside a truth; None = it is none."""
    word = str(node.this).strip().lower() if isinstance(node, exp.Literal) else ""
    if not word or not node.is_string and word not in ("0", "1"):
        return None
    return exp.Boolean(this=True) if word in YES else exp.Boolean(this=False) if word in NO else None


def as_kind(literal, other):
    """LITERAL, as OTHER's type has it: where the engine would compare a text with something else. None = as it is."""
    if is_of(other, "BOOLEAN") and (source == "mysql" or is_written(literal)):
        return as_truth(literal)
    if is_of(other, "DATE") and isinstance(literal, exp.Literal) and not literal.is_string and source == "mysql" and re.fullmatch(r"\d{8}", str(literal.this)):
        day = str(literal.this)
        return exp.cast(exp.Literal.string(f"{day[:4]}-{day[4:6]}-{day[6:]}"), "date")
    if is_of(other, "TIME") and isinstance(literal, exp.Literal) and source == "mysql" and as_time(literal) is not None:
        literal = as_time(literal)
        return as_kind(literal, other) or literal
    if is_of(other, *MOMENT_TYPES) and isinstance(literal, exp.Literal) and not literal.is_string and source == "mysql" and re.fullmatch(r"\d{8}(\d{6})?", str(literal.this)):
        was_read(literal)
        parts = re.findall(r"\d\d", str(literal.this)[2:]) + ["00"] * 3
        return exp.cast(exp.Literal.string(f"{str(literal.this)[:2]}{parts[0]}-{parts[1]}-{parts[2]} {parts[3]}:{parts[4]}:{parts[5]}"), "timestamp")
    if not is_written(literal):
        return None
    if source == "postgres" and wanted != "postgres" and is_of(other, "DATE", *MOMENT_TYPES) and str(literal.this).strip().lower() in WORDS_OF_DAYS:
        return said_day(exp.cast(literal.copy(), "date" if is_of(other, "DATE") else "timestamp"))
    if source in ("mysql", "postgres") and is_of(other, "DATE", *MOMENT_TYPES) and odd_day(literal) is not None:
        literal = odd_day(literal)
        return as_kind(literal, other) or literal
    form = is_moment_text(literal)
    if wanted == "sqlite" and is_of(other, *MOMENT_TYPES) and re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+", str(literal.this)): # texts there: as they are stored
        was_read(literal)
        return exp.Literal.string(str(literal.this).rstrip("0").rstrip(".").replace("T", " "))
    if is_of(other, "DATE") and wanted in ("trino", "sqlite"):
        return exp.cast(exp.cast(literal.copy(), "timestamp") if form == "TIMESTAMP" and wanted == "trino" else literal.copy(), "date") if form == "TIMESTAMP" or wanted == "trino" else None
    if is_of(other, "TIME") and wanted == "trino" and is_time_text(literal):
        return exp.cast(literal.copy(), "time")
    if is_of(other, *MOMENT_TYPES) and (wanted == "trino" and form or wanted == "sqlite" and form == "DATE"):
        return exp.cast(literal.copy(), "timestamp")
    if is_of(other, *NUMBERS) and wanted == "trino" and re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", str(literal.this)):
        whole = is_of(other, "INT", "BIGINT", "SMALLINT", "TINYINT") and source != "mysql"
        return exp.cast(literal.copy(), "bigint" if whole else "double")
    return None


def is_day(node):
    """d + INTERVAL '1 day', a moment in PostgreSQL, is a day in SQLite's words."""
    node = node.unnest()
    sides = (node.left, node.right) if isinstance(node, (exp.Add, exp.Sub)) else ()
    parts = next((interval_parts(side) for side in sides if isinstance(side, exp.Interval)), None)
    return parts is not None and any(is_of(side, "DATE") or is_day(side) for side in sides) and all(unit in WHOLE_DAYS for _, unit in parts)


def of_one_kind(node, keys):
    """The literals among KEYS of NODE as their siblings have it; a day beside a moment as one, where both are texts."""
    args = [node.args.get(key) for key in keys]
    if any(isinstance(arg, (exp.All, exp.Any)) for arg in args):
        return None
    new = {}
    for key, arg in zip(keys, args):
        other = next((a for a in args if a is not None and a is not arg and not isinstance(a, exp.Literal) and a.type is not None and not a.is_type("unknown")), None)
        kind = as_kind(arg, other) if isinstance(arg, exp.Literal) and other is not None else None
        if kind is None and wanted == "sqlite" and arg is not None and (is_of(arg, "DATE") or is_day(arg)) and not isinstance(arg, exp.Literal) and any(a is not arg and is_of(a, *MOMENT_TYPES) and not is_day(a) for a in args if a is not None):
            kind = exp.cast(arg.copy(), "timestamp")
        if kind is not None:
            new[key] = kind
    return changed(node, **new) if new else None


def of_one_kind_in(node):
    """x IN ('2024-01-31', ..)."""
    kinds = [as_kind(e, node.this) for e in node.expressions]
    return changed(node, expressions=[kind or e.copy() for kind, e in zip(kinds, node.expressions)]) if any(kinds) else None


def is_word(node):
    """A text that is no number and no moment."""
    return is_written(node) and is_moment_text(node) is None and odd_day(node) is None and re.fullmatch(r"\s*[-+]?\d*\.?\d+\s*", str(node.this)) is None or \
        not isinstance(node, exp.Literal) and is_of(node, *TEXTS)


def mixed_with_texts(parts):
    """Of MySQL's clients: COALESCE(d, 'never'), IF(a, 'x', 1): all of it is a text."""
    if wanted == "sqlite":
        return any(is_word(part) for part in parts) and any(decimals_shown(part) for part in parts)
    return wanted in ("postgres", "duckdb", "trino") and any(is_word(part) for part in parts) and any(
        is_of(part, "DATE", "BOOLEAN", *MOMENT_TYPES, *NUMBERS) and not is_written(part) for part in parts)


def worded_in_mixture(node):
    node = node.copy()
    if isinstance(node, exp.Literal) and not node.is_string:
        node.set("this", str(node.this)) # it was read
    if wanted == "sqlite" and not decimals_shown(node):
        return node
    if is_word(node) or is_written(node) or isinstance(node, exp.Null) or not is_of(node, "DATE", "BOOLEAN", *MOMENT_TYPES, *NUMBERS):
        return node
    return exp.cast(counted(node) if is_of(node, "BOOLEAN") else node, "text")


def of_one_kind_in_branches(node):
    """IF(a, 'x', 1), CASE WHEN a THEN 'x' ELSE 1 END."""
    owners = [(one, "true") for one in node.args["ifs"]] + [(node, "default")] if isinstance(node, exp.Case) else [(node, "true"), (node, "false")]
    parts = [owner.args[key] for owner, key in owners if owner.args.get(key) is not None]
    if source != "mysql" or not mixed_with_texts(parts):
        return None
    out = node.copy()
    owners = [(one, "true") for one in out.args["ifs"]] + [(out, "default")] if isinstance(out, exp.Case) else [(out, "true"), (out, "false")]
    for owner, key in owners:
        if owner.args.get(key) is not None:
            owner.set(key, worded_in_mixture(owner.args[key]))
    return out


def of_one_kind_among(node):
    """COALESCE(d, '2024-01-31'), GREATEST(..)."""
    args = [node.this, *node.expressions]
    if source == "mysql" and isinstance(node, exp.Coalesce) and mixed_with_texts(args):
        return changed(node, this=worded_in_mixture(args[0]), expressions=[worded_in_mixture(a) for a in args[1:]])
    other = next((a for a in args if not isinstance(a, exp.Literal) and a.type is not None and not a.is_type("unknown")), None)
    kinds = [as_kind(a, other) if other is not None and isinstance(a, exp.Literal) else None for a in args]
    new = [kind or a.copy() for kind, a in zip(kinds, args)]
    return changed(node, this=new[0], expressions=new[1:]) if any(kinds) else None


# ---- the difference of two moments beside an interval ----

def interval_seconds(node):
    """Of INTERVAL '1 day 2 hours'; None = months have no number of seconds."""
    parts = interval_parts(node) if isinstance(node, exp.Interval) else None
    if not parts or any(unit not in SECONDS for _, unit in parts):
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


ELAPSED = {"mysql": "(TIMESTAMPDIFF(MICROSECOND, _2, _1) / 1000000.0)", "sqlite": "ROUND((JULIANDAY(_1) - JULIANDAY(_2)) * 86400, 3)",
           "trino": "(DATE_DIFF('millisecond', CAST(_2 AS TIMESTAMP(6)), CAST(_1 AS TIMESTAMP(6))) / 1000e0)"}


def elapsed_seconds(node):
    """Of a - b, both moments; None = it is no such."""
    node = node.unnest()
    if not isinstance(node, exp.Sub) or not is_of(node, "INTERVAL") or not is_moment(node.left) or not is_moment(node.right):
        return None
    return filled(ELAPSED[wanted], [node.left, node.right])


def interval_compared(node):
    if wanted not in ELAPSED:
        return None
    sides = [node.this, node.expression]
    elapsed = [elapsed_seconds(side) for side in sides]
    if not any(elapsed):
        return None
    seconds = [done if done is not None else interval_seconds(side) for done, side in zip(elapsed, sides)]
    if any(one is None for one in seconds):
        cannot("the difference of two moments beside such an interval")
    number = [one if isinstance(one, exp.Expression) else exp.Literal.number(f"{one:g}") for one in seconds]
    return type(node)(this=number[0], expression=number[1])


# ---- days later ----

def days_from(node):
    """d + i, i + d, d - i of a date and an integer, which is no literal (to_*.py has those)."""
    left, right = node.this, node.expression
    if isinstance(node, exp.Add) and is_of(right, "DATE"):
        left, right = right, left
    if not is_of(left, "DATE") or isinstance(right, exp.Literal) or not right.is_type(*exp.DataType.INTEGER_TYPES):
        return None
    days = exp.paren(right.copy()) if isinstance(right, exp.Binary) else right.copy()
    if isinstance(node, exp.Sub):
        days = exp.Neg(this=days)
    if wanted == "mysql":
        return call("DATE_ADD", left, exp.Interval(this=exp.paren(days), unit=exp.Var(this="DAY")))
    if wanted == "sqlite":
        return call("DATE", left, exp.DPipe(this=exp.paren(days), expression=exp.Literal.string(" days")))
    return exp.Anonymous(this="DATE_ADD", expressions=[exp.Literal.string("day"), days, left.copy()]) if wanted == "trino" else None


def at_time(node):
    """d + time '10:00'."""
    left, right = (node.this, node.expression) if is_of(node.this, "DATE") else (node.expression, node.this)
    if not is_of(left, "DATE") or not is_of(right, "TIME"):
        return None
    time = right.this if isinstance(right, exp.Cast) and is_written(right.this) else right
    if wanted == "mysql":
        return call("TIMESTAMP", left, time)
    if wanted == "sqlite":
        return call("DATETIME", exp.DPipe(this=exp.DPipe(this=left.copy(), expression=exp.Literal.string(" ")), expression=time.copy()))
    if wanted == "trino":
        return filled("DATE_ADD('millisecond', DATE_DIFF('millisecond', TIME '00:00:00', CAST(_2 AS TIME)), CAST(_1 AS TIMESTAMP(6)))", [left, time])
    return None


# ---- numbers ----

def half_even(what):
    """Halves of a double go to the even number in PostgreSQL and MySQL."""
    if wanted == "duckdb":
        return call("ROUND_EVEN", what, 0)
    return filled("(CASE WHEN ABS(_1 - TRUNC(_1)) = 0.5 THEN 2 * ROUND(_1 / 2) ELSE ROUND(_1) END)" if wanted == "sqlite" else
                  "(CASE WHEN ABS(_1 - TRUNCATE(_1)) = 0.5e0 THEN 2 * ROUND(_1 / 2) ELSE ROUND(_1) END)", [what])


def half_away(node):
    """Halves of a double go away from zero in Trino, and in round() of DuckDB."""
    by_cast = isinstance(node, exp.Cast) and source == "trino" and node.to.this in exp.DataType.INTEGER_TYPES
    by_round = isinstance(node, exp.Round) and source == "duckdb" and number_of(node.args.get("decimals")) in (None, 0)
    if wanted not in ("postgres", "mysql") or not (by_cast or by_round) or not is_of(node.this, "DOUBLE", "FLOAT") or isinstance(node.this, exp.Literal):
        return None
    whole = filled("(SIGN(_1) * FLOOR(ABS(_1) + 0.5))", [node.this])
    return changed(node, this=whole) if by_cast else whole


def is_exact_quotient(node):
    """i / 2 and n / 2 are decimals in MySQL."""
    inner = node.unnest()
    return isinstance(inner, exp.Div) and all(is_of(side.unnest(), "DECIMAL", "INT", "BIGINT", "SMALLINT", "TINYINT") for side in (inner.this, inner.expression))


def rounded(node):
    """round(f), and CAST(f AS integer), of a double."""
    if source == "mysql" and is_exact_quotient(node.this): # a double elsewhere
        return changed(node, this=exp.cast(node.this.copy(), "decimal")) if wanted == "postgres" and isinstance(node, exp.Round) else None
    if half_away(node) is not None:
        return half_away(node)
    if source not in ("postgres", "mysql") and not (source == "duckdb" and isinstance(node, exp.Cast)) or wanted not in ("sqlite", "trino", "duckdb") or not is_of(node.this, "DOUBLE", "FLOAT") or isinstance(node.this, exp.Literal):
        return None
    if isinstance(node, exp.Round):
        return half_even(node.this) if number_of(node.args.get("decimals")) in (None, 0) else None
    return exp.cast(half_even(node.this), "bigint") if node.to.this in exp.DataType.INTEGER_TYPES and wanted != "duckdb" else None


def exactly_rounded(node):
    """round(f::numeric, 2): a numeric without digits is none in MySQL."""
    inner = node.this
    if wanted != "mysql" or source != "postgres" or not isinstance(inner, exp.Cast) or inner.to.this != TYPE.DECIMAL or inner.to.expressions or not is_of(inner.this, "DOUBLE", "FLOAT"):
        return None
    return changed(node, this=exp.Cast(this=inner.this.copy(), to=exp.DataType.build("decimal(65, 20)", dialect="mysql")))


def sqlite_number(node):
    """There, 3.00 is the integer 3, whose half is 1; and % knows integers only."""
    sides = [node.this, node.expression]
    if isinstance(node, exp.Mod):
        return call("MOD", *sides) if any(is_of(side, "DECIMAL", "DOUBLE", "FLOAT", "BIGDECIMAL") for side in sides) else None
    if source == "sqlite" or not any(is_of(side.unnest(), "DECIMAL", "BIGDECIMAL") for side in sides) or \
            any(isinstance(side.unnest(), exp.Literal) and not side.unnest().is_int or is_of(side.unnest(), "DOUBLE", "FLOAT") for side in sides):
        return None
    left = exp.paren(node.this.copy()) if isinstance(node.this, exp.Binary) else node.this.copy()
    return changed(node, this=exp.Mul(this=left, expression=exp.Literal.number("1.0")))


# ---- truths ----

def truth_text(node, words):
    yes, no = words
    return exp.Case().when(node.copy(), exp.Literal.string(yes)).when(exp.not_(exp.paren(node.copy())), exp.Literal.string(no))


def is_a_truth(node):
    return is_of(node, "BOOLEAN") and not isinstance(node, (exp.Boolean, exp.Null))


def truths_as_texts(node):
    """flag || 'x' is truex, concat(flag, 'x') tx in PostgreSQL."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Boolean) and source != "mysql" and node.to.this in exp.DataType.TEXT_TYPES:
        return exp.Literal.string("true" if node.this.this else "false")
    if isinstance(node, exp.DPipe) and source != "mysql" and any(isinstance(side, exp.Boolean) for side in (node.this, node.expression)):
        return changed(node, **{key: exp.Literal.string("true" if node.args[key].this else "false") for key in ("this", "expression") if isinstance(node.args[key], exp.Boolean)})
    if isinstance(node, exp.Cast):
        return truth_text(node.this, ("true", "false")) if wanted in ("mysql", "sqlite") and source != "mysql" and is_a_truth(node.this) and node.to.this in exp.DataType.TEXT_TYPES else None
    if isinstance(node, exp.DPipe):
        if wanted not in ("mysql", "sqlite") or source == "mysql" or not any(is_a_truth(side) for side in (node.this, node.expression)):
            return None
        return changed(node, **{key: truth_text(node.args[key], ("true", "false")) for key in ("this", "expression") if is_a_truth(node.args[key])})
    if source == "postgres" and wanted != "postgres" and any(is_of(e, "BOOLEAN") for e in node.expressions):
        return changed(node, expressions=[exp.Literal.string("t" if e.this else "f") if isinstance(e, exp.Boolean) else truth_text(e, ("t", "f")) if is_a_truth(e) else e.copy()
                                          for e in node.expressions])
    return None


def number_is_wanted(column):
    """Where MySQL reads a truth as 1 or 0, and the others do not."""
    parent, child = column.parent, column
    while isinstance(parent, (exp.Paren, exp.Distinct)) or isinstance(parent, exp.Order) and parent.this is child:
        parent, child = parent.parent, parent
    if isinstance(parent, exp.Ordered):
        group = parent.find_ancestor(exp.GroupConcat, exp.Query)
        return isinstance(group, exp.GroupConcat) and group.find(exp.Distinct) is not None
    if isinstance(parent, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.Between, exp.DPipe, exp.Interval)):
        return True
    if isinstance(parent, exp.EQ) and parent.this is child and isinstance(parent.parent, (exp.Update, exp.OnConflict)):
        return False # it is set
    if isinstance(parent, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ)):
        other = parent.expression if parent.this is child else parent.this
        return not is_of(other, "BOOLEAN") and not (isinstance(parent, (exp.EQ, exp.NEQ)) and as_truth(other) is not None) and not isinstance(other, (exp.Subquery, exp.Parameter, exp.Placeholder))
    if isinstance(parent, exp.In):
        return parent.this is child and bool(parent.expressions) and not all(as_truth(e) is not None for e in parent.expressions)
    if isinstance(parent, exp.If):
        return parent.this is not child
    if isinstance(parent, exp.Case):
        return parent.args.get("default") is child
    if isinstance(parent, (exp.Count, exp.Connector, exp.Not, exp.LogicalAnd, exp.LogicalOr)):
        return False
    return isinstance(parent, exp.Func)


def mysql_numbers(node):
    """Of MySQL's clients elsewhere: SUM(flag), flag + 1, CONCAT(flag, 'x')."""
    if isinstance(node, exp.Column) and is_a_truth(node) and number_is_wanted(node):
        out = counted(node)
        out.type = exp.DataType.build("int")
        return out
    if isinstance(node, exp.Case) and is_of(node.this, "BOOLEAN"):
        for one in node.args["ifs"]:
            one.set("this", as_truth(one.this) or one.this)
    return node


# ---- what is written into a column ----

def as_stored(value, kind):
    """VALUE, a literal, for a column of type KIND."""
    column = exp.column("x")
    column.type = kind
    if is_of(column, "BOOLEAN"):
        return as_truth(value) if is_written(value) or source == "mysql" else None
    if source == "mysql" and is_of(column, *BYTES) and is_written(value) and re.search(r"[\0\\]", str(value.this)):
        digits = str(value.this).encode().hex() # PostgreSQL and DuckDB read backslashes there
        return exp.Cast(this=exp.Literal.string("\\x" + digits), to=kind.copy()) if wanted == "postgres" else exp.HexString(this=digits)
    if wanted != "trino" or not is_written(value):
        return as_kind(value, column) if is_of(column, "DATE", "TIME", *MOMENT_TYPES) else None
    if is_of(column, *TEXTS):
        return None
    return exp.Cast(this=value.copy(), to=kind.copy()) if is_of(column, "DATE", "TIME", *MOMENT_TYPES, *NUMBERS) else None


def as_computed(value, kind):
    """VALUE, an expression, for a column of type KIND: a number is a truth, and what is not whole is rounded."""
    column = exp.column("x")
    column.type = kind
    if is_of(column, "BOOLEAN") and source == "mysql" and wanted == "postgres" and (is_of(value, *NUMBERS) or isinstance(value, (exp.If, exp.Case)) and not is_truth(value)):
        return exp.NEQ(this=exp.paren(value.copy()), expression=exp.Literal.number(0))
    if is_of(column, *NUMBERS) and source == "mysql" and wanted in ("postgres", "trino") and is_truth(value):
        return exp.Literal.number(int(value.this)) if isinstance(value, exp.Boolean) else counted(exp.paren(value.copy()))
    if is_of(column, "INT", "BIGINT", "SMALLINT", "TINYINT") and wanted in (("sqlite", "duckdb", "postgres") if source == "mysql" else ("sqlite",)) and \
            (is_exact_quotient(value) and source == "mysql" or is_of(value, "DECIMAL")):
        return exp.cast(exp.Round(this=exp.cast(value.copy(), "decimal") if wanted == "postgres" else value.copy()), "bigint")
    return None


def rounded_rows(select, kinds):
    """What is computed goes into a column of decimals with the digits that it has."""
    for shown, kind in zip(list(select.expressions), kinds):
        inner, digits = shown.unalias(), kind.meta.get("scale") if kind is not None and kind.this == TYPE.DECIMAL else None
        if digits is not None and not isinstance(inner, (exp.Column, exp.Literal, exp.Null, exp.Star)) and is_of(inner, "DECIMAL", "DOUBLE", "FLOAT"):
            inner.replace(exp.Round(this=exp.paren(inner.copy()) if isinstance(inner, exp.Binary) else inner.copy(), decimals=exp.Literal.number(digits)))


def stored(tree, columns):
    """INSERT .. VALUES and UPDATE .. SET."""
    if isinstance(tree, exp.Update):
        table = changed_table(tree)
        known = columns.get(table.name.lower(), {}) if table is not None else {}
        for one in tree.expressions:
            kind = known.get(one.this.name.lower()) if isinstance(one, exp.EQ) and isinstance(one.this, exp.Column) else None
            if kind is not None:
                one.set("expression", (as_stored if isinstance(one.expression, exp.Literal) else as_computed)(one.expression, kind) or one.expression)
        return
    target = tree.this
    table, names = (target.this, [e.name.lower() for e in target.expressions]) if isinstance(target, exp.Schema) else (target, None)
    known = columns.get(table.name.lower(), {}) if isinstance(table, exp.Table) else {}
    names = list(known) if names is None else names
    if wanted == "sqlite" and isinstance(tree.expression, exp.Select) and not tree.expression.is_star:
        rounded_rows(tree.expression, [known.get(name) for name in names])
    for row in tree.expression.expressions if isinstance(tree.expression, exp.Values) else []:
        for name, value in zip(names, list(row.expressions) if isinstance(row, exp.Tuple) else [row]):
            kind = known.get(name)
            new = None if kind is None else as_stored(value, kind) if isinstance(value, exp.Literal) else as_computed(value, kind)
            if new is not None:
                value.replace(new)


TEXT_FUNCTIONS = ("Length", "Upper", "Lower", "Left", "Right", "Substring", "Trim", "Replace", "Reverse", "Pad", "StrPosition", "Initcap", "Repeat", "Like", "ILike", "RegexpLike", "RegexpILike")


def text_wanted(node):
    """Of MySQL's and SQLite's clients: LENGTH(i), d LIKE '2024%'."""
    kinds = ("DATE", *NUMBERS) if wanted == "trino" and not isinstance(node.this, exp.Column) else ("DATE", *MOMENT_TYPES, *NUMBERS)
    if source not in ("mysql", "sqlite") or wanted not in ("postgres", "duckdb", "trino") or not is_of(node.this, *kinds) or isinstance(node.this, exp.Literal):
        return None
    return changed(node, this=exp.cast(node.this.copy(), "text"))


def greatest_truth(node):
    """max(flag) is no function of PostgreSQL."""
    return (exp.LogicalOr if isinstance(node, exp.Max) else exp.LogicalAnd)(this=node.this.copy()) if wanted == "postgres" and source != "mysql" and is_a_truth(node.this) else None


def is_epoch(node):
    return isinstance(node, exp.Extract) and node.this.name.upper() == "EPOCH"


def typed_node(node):
    if node.meta.get("made"):
        return node
    out = None
    if type(node).__name__ in COUNTS and wanted in TARGETS and wanted != "sqlite" and counting_markers(node) is not None:
        out = counting_markers(node)
    elif type(node).__name__ in TEXT_FUNCTIONS:
        out = text_wanted(node)
    elif isinstance(node, (exp.Max, exp.Min)):
        out = greatest_truth(node)
    if out is not None:
        return out
    if isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)):
        out = None if isinstance(node.parent, (exp.Update, exp.OnConflict)) else \
            any_of_marker(node) or markers_compared(node, ("this", "expression")) or interval_compared(node) or of_one_kind(node, ("this", "expression"))
    elif isinstance(node, exp.Nullif):
        out = of_one_kind(node, ("this", "expression"))
    elif isinstance(node, exp.Between):
        out = markers_compared(node, ("this", "low", "high")) or of_one_kind(node, ("this", "low", "high"))
    elif isinstance(node, exp.In):
        out = markers_listed(node) or of_one_kind_in(node)
    elif isinstance(node, exp.Case) or isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        out = of_one_kind_in_branches(node)
    elif isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        out = of_one_kind_among(node)
    elif isinstance(node, exp.Sub) and source == "trino" and wanted in ("postgres", "duckdb") and is_of(node.left, "DATE") and is_of(node.right, "DATE"):
        out = exp.Sub(this=exp.cast(node.left.copy(), "timestamp"), expression=exp.cast(node.right.copy(), "timestamp"))
    elif isinstance(node, (exp.Add, exp.Sub)):
        out = (days_of_marker(node) or days_from(node) or at_time(node)) if source in ("postgres", "duckdb") else None
    elif isinstance(node, exp.Div) and wanted == "postgres" and source == "trino" and any(isinstance(side, exp.Extract) or part_of_moment(side) for side in (node.this, node.expression)):
        out = changed(node, **{key: exp.cast(node.args[key].copy(), "bigint") for key in ("this", "expression") if isinstance(node.args[key], exp.Extract) or part_of_moment(node.args[key])})
    elif isinstance(node, (exp.Mod, exp.Div)) and wanted == "sqlite":
        out = sqlite_number(node)
    elif isinstance(node, exp.IntDiv) and wanted == "duckdb" and source == "mysql" and any(is_of(side, "DECIMAL", "DOUBLE", "FLOAT") or is_epoch(side.unnest()) for side in (node.this, node.expression)):
        out = exp.cast(call("TRUNC", exp.Div(this=exp.paren(node.this.copy()), expression=exp.paren(node.expression.copy()))), "bigint")
    elif isinstance(node, exp.Round):
        out = exactly_rounded(node) or rounded(node)
    elif isinstance(node, exp.Cast):
        out = truths_as_texts(node) or rounded(node)
    elif isinstance(node, (exp.DPipe, exp.Concat)):
        out = truths_as_texts(node)
    return node if out is None else out


def kept_decimals(create):
    """CREATE TABLE AS: a column of what is computed has no type in SQLite, where 1 / 2 of two such is 0."""
    for shown in list(create.expression.expressions):
        inner = shown.unalias()
        if is_of(inner, "DECIMAL", "BIGDECIMAL") and not isinstance(inner, exp.Column):
            inner.replace(exp.cast(inner.copy(), "double"))


def by_types(tree, columns):
    """TREE, typed, with what its types say."""
    if isinstance(tree, exp.Create) and wanted == "sqlite" and isinstance(tree.expression, exp.Select):
        kept_decimals(tree)
    if isinstance(tree, (exp.Insert, exp.Update)):
        stored(tree, columns)
    return typed(rewrite(tree, typed_node), columns)
