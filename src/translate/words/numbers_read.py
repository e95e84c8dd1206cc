"""Of MySQL's and SQLite's clients: moments and texts where a number is wanted. sold + 0 is 20240131 there, and 1 more than '10% off' is 11."""

DIGITS = { # of a day, of a moment, of a time
    "postgres": ("CAST(TO_CHAR(_1, 'YYYYMMDD') AS BIGINT)", "CAST(TO_CHAR(_1, 'YYYYMMDDHH24MISS') AS BIGINT)", "CAST(TO_CHAR(_1, 'HH24MISS') AS BIGINT)"),
    "duckdb": ("CAST(STRFTIME(_1, '%Y%m%d') AS BIGINT)", "CAST(STRFTIME(_1, '%Y%m%d%H%M%S') AS BIGINT)", "(HOUR(_1) * 10000 + MINUTE(_1) * 100 + SECOND(_1))"),
    "sqlite": ("CAST(STRFTIME('%Y%m%d', _1) AS INTEGER)", "CAST(STRFTIME('%Y%m%d%H%M%S', _1) AS INTEGER)", "CAST(STRFTIME('%H%M%S', _1) AS INTEGER)"),
    "trino": ("CAST(DATE_FORMAT(_1, '%Y%m%d') AS BIGINT)", "CAST(DATE_FORMAT(_1, '%Y%m%d%H%i%s') AS BIGINT)", "(HOUR(_1) * 10000 + MINUTE(_1) * 100 + SECOND(_1))"),
}
BEGINS_WITH = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"
LEADING = { # the number that a text begins with; 0 = with none
    "postgres": f"CASE WHEN _1 IS NOT NULL THEN CAST(COALESCE(SUBSTRING(_1 FROM '{BEGINS_WITH.replace('(', '(?:')}'), '0') AS DOUBLE PRECISION) END",
    "duckdb": f"CASE WHEN _1 IS NOT NULL THEN COALESCE(TRY_CAST(REGEXP_EXTRACT(_1, '{BEGINS_WITH}') AS DOUBLE), 0) END",
    "sqlite": "CAST(_1 AS REAL)",
    "trino": f"COALESCE(TRY_CAST(TRIM(REGEXP_EXTRACT(_1, '{BEGINS_WITH}')) AS DOUBLE), IF(_1 IS NOT NULL, 0e0))",
}
PARTS_OF_DIGITS = ("%Y", "%m", "%d", "%H", "%M", "%S", "%j", "%w", "%u", "%W", "%V", "%G", "%s")
ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Mod", "IntDiv")
OF_NUMBERS = ("Sum", "Avg", "Stddev", "StddevPop", "StddevSamp", "Variance", "VariancePop", "Round", "Abs", "Floor", "Ceil", "Sign")


def is_text_of_json(node):
    """x ->> '$.a', JSON_UNQUOTE(..)."""
    return source == "mysql" and (isinstance(node, exp.JSONExtractScalar) or isinstance(node, exp.Anonymous) and node.name.upper() == "JSON_UNQUOTE")


def number_as_read(side):
    """SIDE as the number that MySQL reads it as; None = it is no moment and no text."""
    inner = side.unnest()
    if isinstance(inner, (exp.Literal, exp.Interval)) or inner.meta.get("made"):
        return None
    if source == "sqlite" and wanted != "mysql" and isinstance(inner, exp.TimeToStr) and is_written(inner.args.get("format")) and str(inner.args["format"].this) in PARTS_OF_DIGITS:
        return exp.cast(inner.copy(), "bigint") # (strftime('%m', d) + 2) / 3 is one of integers
    if wanted != "mysql" and (is_of(inner, *TEXTS) or is_text_of_json(inner)) or type(inner).__name__ in TEXT_FUNCTIONS and is_moment(inner) and wanted in LEADING:
        return filled(LEADING[wanted], [inner])
    if source == "sqlite" and wanted == "mysql":
        return exp.cast(inner.copy(), "text") if is_moment(inner) else None
    if type(inner) is exp.Anonymous and inner.name.upper() == "NOW":
        return filled(DIGITS[wanted][1], [exp.CurrentTimestamp()])
    if source == "sqlite": # its moments are texts
        return filled(LEADING[wanted], [exp.cast(inner.copy(), "text")]) if is_moment(inner) else None
    if isinstance(inner, (exp.CurrentTime, exp.Time)):
        return filled(DIGITS[wanted][2], [inner])
    kinds = [at for at, names in enumerate((("DATE",), MOMENT_TYPES, ("TIME",))) if is_of(inner, *names)]
    return filled(DIGITS[wanted][kinds[0]], [inner]) if kinds else None


def cast_read(node):
    """CAST(note AS SIGNED), CAST(note AS REAL) of texts."""
    if source == "sqlite" and is_moment(node.this) and not isinstance(node.this.unnest(), exp.Literal) and node.to.this in (*exp.DataType.INTEGER_TYPES, TYPE.DOUBLE, TYPE.FLOAT):
        return changed(node, this=number_as_read(node.this))
    if not is_of(node.this.unnest(), *TEXTS) or isinstance(node.this.unnest(), exp.Literal) or wanted in ("sqlite", "mysql") or type(node) is not exp.Cast:
        return node
    if node.to.this in exp.DataType.INTEGER_TYPES:
        return changed(node, this=exp.Trunc(this=number_as_read(node.this)))
    return changed(node, this=number_as_read(node.this)) if node.to.this in (TYPE.DOUBLE, TYPE.FLOAT, TYPE.DECIMAL) else node


def is_number_here(side):
    """A number that stands there, or a column of numbers."""
    inner = side.unnest()
    return number_of(inner) is not None or isinstance(inner, exp.Literal) and not inner.is_string or not isinstance(inner, exp.Literal) and is_of(inner, *NUMBERS)


def is_odd_number(side):
    """A text that stands there, and is no number as it is: '7abc', ''."""
    return is_written(side) and re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", str(side.this)) is None


def is_beside_digits(side, other):
    """d > d2 + 5 of MySQL's clients: a day beside a sum that days went into as numbers."""
    total = other.unnest()
    return source == "mysql" and is_moment(side.unnest()) and type(total).__name__ in ARITHMETIC and not any(isinstance(part.unnest(), exp.Interval) for part in (total.this, total.expression)) and \
        any(is_number_here(part) or isinstance(part.unnest(), exp.Cast) and part.unnest().to.this == TYPE.BIGINT for part in (total.this, total.expression))


def read_as_numbers(node):
    if isinstance(node, exp.Cast):
        return cast_read(node)
    if type(node).__name__ in ARITHMETIC and not any(isinstance(side.unnest(), exp.Interval) for side in (node.this, node.expression)):
        keys = ("this", "expression")
    elif isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)) and not isinstance(node.parent, (exp.Update, exp.OnConflict)):
        sides = (("this", node.expression), ("expression", node.this))
        if wanted == "sqlite": # a text that comes for it is more than any number, but beside a column
            for key, other in sides:
                if is_marker(node.args[key].unnest()) and isinstance(other.unnest(), (exp.Func, exp.Binary)) and is_number_here(other):
                    node = changed(node, **{key: exp.Paren(this=exp.Add(this=node.args[key].copy(), expression=exp.Literal.number(0)))})
        for key, other in sides if source == "mysql" else ():
            if is_odd_number(node.args[key]) and isinstance(other.unnest(), exp.Column) and is_of(other.unnest(), *NUMBERS) and not is_of(other.unnest(), "BOOLEAN"):
                return changed(node, **{key: number_in(node.args[key])})
        keys = [key for key, other in sides if is_of(node.args[key].unnest(), *TEXTS) and is_number_here(other) or is_beside_digits(node.args[key], other)]
    elif (type(node).__name__ in OF_NUMBERS or isinstance(node, exp.Neg) and (is_of(node.this.unnest(), *TEXTS) or type(node.this.unnest()).__name__ in TEXT_FUNCTIONS)) and isinstance(node.this, exp.Expression):
        keys = ("this",)
    else:
        return node
    new = {key: number for key in keys if (number := number_as_read(node.args[key])) is not None}
    if new and isinstance(node, exp.Neg):
        return exp.Paren(this=exp.Sub(this=exp.Literal.number(0), expression=new["this"])) # there is no -0
    if wanted == "postgres" and isinstance(node, (exp.Mod, exp.IntDiv)):
        new = {key: exp.cast(number, "decimal") for key, number in new.items()} # there is no % of doubles
    return changed(node, **new) if new else node
