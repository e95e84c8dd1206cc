"""Functions that only Trino has, in the words of the others, as in mysql_functions.py: for PostgreSQL, DuckDB, SQLite, MySQL."""

TRINO_TARGETS = ("postgres", "duckdb", "sqlite", "mysql")
TRINO_FUNCTIONS = {
    "YEAR_OF_WEEK/1": ("CAST(EXTRACT(ISOYEAR FROM _1) AS INT)", "EXTRACT(ISOYEAR FROM _1)", "CAST(STRFTIME('%Y', _1, '-3 days', 'weekday 4') AS INTEGER)", "(YEARWEEK(_1, 3) DIV 100)"),
    "YOW/1": ("CAST(EXTRACT(ISOYEAR FROM _1) AS INT)", "EXTRACT(ISOYEAR FROM _1)", "CAST(STRFTIME('%Y', _1, '-3 days', 'weekday 4') AS INTEGER)", "(YEARWEEK(_1, 3) DIV 100)"),
    "JSON_SIZE/2": (None, "CASE JSON_TYPE(_1, _2) WHEN 'OBJECT' THEN LEN(JSON_KEYS(_1, _2)) WHEN 'ARRAY' THEN JSON_ARRAY_LENGTH(_1, _2) WHEN NULL THEN NULL ELSE 0 END",
                    "(SELECT COUNT(*) FROM JSON_EACH(_1, _2))", "JSON_LENGTH(_1, _2)"),
    "FROM_ISO8601_DATE/1": ("CAST(_1 AS DATE)", "CAST(_1 AS DATE)", "DATE(_1)", "CAST(_1 AS DATE)"),
    "TO_ISO8601/1": ("CASE PG_TYPEOF(_1)::TEXT WHEN 'date' THEN CAST(_1 AS TEXT) ELSE TO_CHAR(CAST(_1 AS TIMESTAMP), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS') END", None, None, None),
    "JSON_ARRAY_GET/2": ("(CAST(_1 AS JSON) -> _2)", "(CAST(_1 AS JSON) -> _2)", "(_1 -> _2)", "JSON_EXTRACT(_1, CONCAT('$[', _2, ']'))"),
    "MILLISECOND/1": ("CAST(EXTRACT(MILLISECONDS FROM _1) AS BIGINT) % 1000", "(MILLISECOND(_1) % 1000)", "CAST(SUBSTR(SUBSTR(_1, 21) || '000', 1, 3) AS INTEGER)", "(MICROSECOND(_1) DIV 1000)"),
    "LOWERHEX/1": ("ENCODE(_1, 'hex')", None, None, None),
    "ARRAY_MAX/1": ("(SELECT MAX(e_) FROM UNNEST(_1) AS t_(e_))", None, None, None),
    "ARRAY_MIN/1": ("(SELECT MIN(e_) FROM UNNEST(_1) AS t_(e_))", None, None, None),
    "ARRAY_SORT/1": ("ARRAY(SELECT e_ FROM UNNEST(_1) AS t_(e_) ORDER BY e_)", None, None, None),
    "ARRAY_SORT/2": ("ARRAY(SELECT e_ FROM UNNEST(_1) AS t_(e_) ORDER BY e_)", None, None, None), # sqlglot says where NULLs are
    "ARRAY_DISTINCT/1": ("ARRAY(SELECT e_ FROM UNNEST(_1) WITH ORDINALITY AS t_(e_, n_) GROUP BY e_ ORDER BY MIN(n_))", "LIST_FILTER(_1, LAMBDA e_, i_ : LIST_POSITION(_1, e_) = i_)", None, None),
    "SLICE/3": ("CASE WHEN _2 > 0 THEN (_1)[_2 : _2 + _3 - 1] ELSE (_1)[CARDINALITY(_1) + 1 + _2 : CARDINALITY(_1) + _2 + _3] END", None, None, None),
    "BITWISE_LEFT_SHIFT/2": ("(_1 << _2)", "(_1 << _2)", "(_1 << _2)", "(_1 << _2)"),
    "BITWISE_RIGHT_SHIFT/2": ("(_1 >> _2)", "(_1 >> _2)", "(_1 >> _2)", "(_1 >> _2)"),
    "BIT_COUNT/2": ("LENGTH(REPLACE(CAST(CAST(_1 AS BIT(64)) AS TEXT), '0', ''))", "BIT_COUNT(CAST(_1 AS BIGINT))", "!BIT_COUNT/1", "!BIT_COUNT/1"),
    "GEOMETRIC_MEAN/1": ("EXP(AVG(LN(_1)))", "EXP(AVG(LN(_1)))", "EXP(AVG(LN(_1)))", "EXP(AVG(LN(_1)))"),
    "APPROX_PERCENTILE/2": ("PERCENTILE_DISC(_2) WITHIN GROUP (ORDER BY _1)", None, None, None),
    "E/0": ("EXP(1)", "EXP(1)", "EXP(1)", "EXP(1)"),
    "NAN/0": ("CAST('NaN' AS DOUBLE PRECISION)", "CAST('NaN' AS DOUBLE)", None, None),
    "INFINITY/0": ("CAST('Infinity' AS DOUBLE PRECISION)", "CAST('Infinity' AS DOUBLE)", "9e999", None),
    "IS_NAN/1": ("(CAST(_1 AS DOUBLE PRECISION) = CAST('NaN' AS DOUBLE PRECISION))", None, None, None),
    "IS_INFINITE/1": ("(ABS(CAST(_1 AS DOUBLE PRECISION)) = CAST('Infinity' AS DOUBLE PRECISION))", "ISINF(_1)", "(ABS(_1) = 9e999)", None),
    "IS_FINITE/1": ("(ABS(CAST(_1 AS DOUBLE PRECISION)) < CAST('Infinity' AS DOUBLE PRECISION))", "ISFINITE(_1)", "(ABS(_1) < 9e999)", None),
    "TO_BASE/2": (None, None, None, "LOWER(CONV(_1, 10, _2))"),
    "TO_BASE/2/16": ("!TO_HEX/1", "LOWER(PRINTF('%x', _1))", "PRINTF('%x', _1)", None),
    "FROM_BASE/2": (None, None, None, "CAST(CONV(_1, _2, 10) AS SIGNED)"),
    "TO_UTF8/1": ("CONVERT_TO(_1, 'UTF8')", None, "CAST(_1 AS BLOB)", "CAST(CONVERT(_1 USING utf8mb4) AS BINARY)"),
    "FROM_UTF8/1": ("CONVERT_FROM(_1, 'UTF8')", None, "CAST(_1 AS TEXT)", "CONVERT(_1 USING utf8mb4)"),
    "TO_HEX/1": ("UPPER(ENCODE(_1, 'hex'))", None, "HEX(_1)", "HEX(_1)"),
    "FROM_HEX/1": ("DECODE(_1, 'hex')", None, "!UNHEX", "!UNHEX"),
    "TO_BASE64/1": ("REPLACE(ENCODE(_1, 'base64'), CHR(10), '')", None, "!TO_BASE64", "(REPLACE(TO_BASE64(_1), CHAR(10), ''))"),
    "FROM_BASE64/1": ("DECODE(_1, 'base64')", None, "!FROM_BASE64", "!FROM_BASE64"),
    "MD5/1": ("DECODE(MD5(_1), 'hex')", None, "UNHEX(MD5(_1))", "UNHEX(MD5(_1))"),
    "SHA1/1": (None, None, "!UNHEX(SHA1)", "!UNHEX(SHA1)"),
    "SHA256/1": ("!SHA256", None, "!UNHEX(SHA2,256)", "!UNHEX(SHA2,256)"),
    "SHA512/1": ("!SHA512", None, "!UNHEX(SHA2,512)", "!UNHEX(SHA2,512)"),
}
TRINO_TYPED = {"FromISO8601Date": "FROM_ISO8601_DATE", "LowerHex": "LOWERHEX", "ArrayMax": "ARRAY_MAX", "ArrayMin": "ARRAY_MIN", "ArraySort": "ARRAY_SORT", "SortArray": "ARRAY_SORT", "ArrayDistinct": "ARRAY_DISTINCT", "ArraySlice": "SLICE",
               "IsNan": "IS_NAN", "IsInf": "IS_INFINITE", "FromBase": "FROM_BASE", "ToBase": "TO_BASE", "YearOfWeek": "YEAR_OF_WEEK", "ApproxQuantile": "APPROX_PERCENTILE", "MD5Digest": "MD5", "Hex": "TO_HEX", "Unhex": "FROM_HEX", "ToBase64": "TO_BASE64",
               "FromBase64": "FROM_BASE64", "SHA1Digest": "SHA1", "SHA": "SHA1", "Encode": "TO_UTF8", "Decode": "FROM_UTF8"}
# Places of format_datetime(), of Joda.
JODA = {"yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dd": "%d", "d": "%-d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "EEEE": "%A", "EEE": "%a",
        "a": "%p", "DDD": "%j", "M": "%-m", "H": "%-H"}


def joda(form):
    """'yyyy-MM-dd' as '%Y-%m-%d'."""
    out = ""
    for piece in re.findall(r"([A-Za-z])(\1*)|'([^']*)'|([^A-Za-z']+)", form):
        letters = piece[0] + piece[1]
        if letters and letters not in JODA:
            cannot(f"a place of a format: {letters}")
        out += JODA[letters] if letters else piece[2] or piece[3]
    return exp.Literal.string(out)


def digest_words(text, args):
    """!NAME: a call; !UNHEX(SHA2,256): a call of what a call gives; !NAME/1: of the first argument alone."""
    name, _, inner = text[1:].partition("(")
    if not inner:
        name, _, count = name.partition("/")
        return call(name, *(args[: int(count)] if count else args))
    inner, _, more = inner.rstrip(")").partition(",")
    return call(name, call(inner, args[0], *([int(more)] if more else [])))


def trino_called(node):
    if isinstance(node, exp.Anonymous):
        return node.name.upper(), node.expressions
    if isinstance(node, exp.SHA2Digest if hasattr(exp, "SHA2Digest") else exp.SHA2):
        return f"SHA{number_of(node.args.get('length')) or 256}", [node.this]
    if isinstance(node, (exp.Encode, exp.Decode)):
        return TRINO_TYPED[type(node).__name__], [node.this]
    args = [value for key in type(node).arg_types if isinstance(value := node.args.get(key), exp.Expression)]
    return TRINO_TYPED.get(type(node).__name__, type(node).__name__.upper()), args


def json_by_path(node):
    """json_value(x, 'lax $.a') and its kin."""
    name, args = trino_called(node)
    path = node.args.get("path") if isinstance(node, exp.JSONValue) else node.expression if isinstance(node, exp.JSONExtract) else args[1] if len(args) > 1 else None
    text = path.this if isinstance(path, exp.Literal) and path.is_string else None
    if text is None or not re.match(r"(lax|strict)\s", str(text)):
        return None
    if str(text).startswith("strict"):
        cannot("a path that is strict")
    plain = dialect_parts("trino")[0].to_json_path(exp.Literal.string(str(text)[4:].strip()))
    what = exp.cast(node.this.copy() if not isinstance(node, exp.Anonymous) else args[0].copy(), "json") if wanted == "postgres" else (args[0] if isinstance(node, exp.Anonymous) else node.this).copy()
    kind = exp.JSONExtractScalar if isinstance(node, exp.JSONValue) or name == "JSON_VALUE" else exp.JSONExtract
    out = kind(this=what, expression=plain)
    return exp.Paren(this=exp.Not(this=exp.Is(this=out, expression=exp.Null()))) if name in ("JSON_EXISTS", "JSONEXISTS") else out


# any_match(a, x -> ..): of an array, the name of its element and what is asked of it.
MATCHES = {
    "postgres": {"ANY_MATCH": "EXISTS(SELECT 1 FROM UNNEST({0}) AS t_({1}) WHERE {2})", "ALL_MATCH": "NOT EXISTS(SELECT 1 FROM UNNEST({0}) AS t_({1}) WHERE NOT ({2}))",
                 "NONE_MATCH": "NOT EXISTS(SELECT 1 FROM UNNEST({0}) AS t_({1}) WHERE {2})",
                 "TRANSFORM": "ARRAY(SELECT {2} FROM UNNEST({0}) WITH ORDINALITY AS t_({1}, n_) ORDER BY n_)"},
    "duckdb": {"ANY_MATCH": "LEN(LIST_FILTER({0}, LAMBDA {1} : {2})) > 0", "ALL_MATCH": "LEN(LIST_FILTER({0}, LAMBDA {1} : NOT ({2}))) = 0",
               "NONE_MATCH": "LEN(LIST_FILTER({0}, LAMBDA {1} : {2})) = 0"},
}


def matched(node):
    """any_match(a, x -> x > 1), all_match(), none_match(), transform()."""
    name, args = trino_called(node)
    form = MATCHES.get(wanted, {}).get(name)
    if form is None or len(args) != 2 or not isinstance(args[1], exp.Lambda) or len(args[1].expressions) != 1:
        return None
    whole = sqlglot.parse_one(form.format("array_", "element_", "asked_"), read=wanted)
    for place in list(whole.find_all(exp.Column, exp.Identifier)):
        if place.name == "element_" and isinstance(place, exp.Identifier):
            place.replace(args[1].expressions[0].copy())
        elif isinstance(place, exp.Column) and place.name in ("array_", "asked_"):
            place.replace(args[0].copy() if place.name == "array_" else args[1].this.copy())
    return exp.Paren(this=whole) if name != "TRANSFORM" else whole


def trino_call(node):
    """What of the table stands for NODE, or None."""
    if wanted not in TRINO_TARGETS:
        return None
    name, args = trino_called(node)
    if name in ("JSON_VALUE", "JSONVALUE", "JSON_EXISTS", "JSONEXISTS", "JSON_QUERY", "JSONQUERY") or isinstance(node, exp.JSONExtract):
        return json_by_path(node)
    if name == "FORMAT_DATETIME" and len(args) == 2 and isinstance(args[1], exp.Literal):
        return exp.TimeToStr(this=args[0].copy(), format=joda(str(args[1].this)))
    if name in ("PARSE_DATETIME", "PARSEDATETIME") and len(args) == 2 and isinstance(args[1], exp.Literal):
        return exp.StrToTime(this=args[0].copy(), format=joda(str(args[1].this)))
    if isinstance(node, exp.RegexpReplace) and wanted in ("postgres", "duckdb", "mysql") and isinstance(node.args.get("replacement"), exp.Literal) and "$" in str(node.args["replacement"].this):
        new = re.sub(r"\\(.)|\$(\d)", lambda m: m[1] if m[1] else f"\\{m[2]}", str(node.args["replacement"].this))
        return changed(node, replacement=exp.Literal.string(new))
    if name == "JSON_SIZE" and len(args) == 2 and is_written(args[1]) and wanted == "postgres":
        was_read(args[1])
        steps = ", ".join(exp.Literal.string(step).sql() for step in steps_in(str(args[1].this)))
        part = f"(CAST(_1 AS JSON) #> CAST(ARRAY[{steps}] AS TEXT[]))"
        return filled(f"CASE JSON_TYPEOF({part}) WHEN 'object' THEN (SELECT COUNT(*) FROM JSON_OBJECT_KEYS({part}) AS k_) WHEN 'array' THEN JSON_ARRAY_LENGTH({part}) "
                      f"ELSE CASE WHEN {part} IS NOT NULL THEN 0 END END", args[:1])
    if name == "BIT_COUNT" and len(args) == 2 and number_of(args[1]) != 64:
        cannot("bit_count() of other than 64 bits")
    if name == "SHA512" and wanted == "duckdb":
        cannot("a digest of other than 256 bits")
    if isinstance(node, exp.WidthBucket) or name in ("CORR", "COVARPOP", "COVARSAMP", "COVAR_POP", "COVAR_SAMP") or name.startswith("REGR"):
        return statistics_call(node)
    if matched(node) is not None:
        return matched(node)
    row = TRINO_FUNCTIONS.get(f"{name}/{len(args)}")
    if len(args) == 2 and number_of(args[1]) == 16 and wanted != "mysql":
        row = TRINO_FUNCTIONS.get(f"{name}/2/16", row)
    text = row[TRINO_TARGETS.index(wanted)] if row else None
    return None if text is None else digest_words(text, args) if text.startswith("!") else filled(text, args)


def side_by_side(unnest):
    """UNNEST(ARRAY['a', 'b'], ARRAY[1, 2]) AS t(x, y)."""
    alias, lists, place = unnest.args.get("alias"), unnest.expressions, unnest.args.get("offset")
    if alias is None or len(alias.columns) != len(lists) or place and not isinstance(place, exp.Identifier) or not all(isinstance(one, exp.Array) and one.expressions for one in lists) or \
            max(len(one.expressions) for one in lists) > 1000:
        return None
    rows = []
    for at in range(max(len(one.expressions) for one in lists)):
        rows.append(exp.Select(expressions=[exp.alias_(one.expressions[at].copy() if at < len(one.expressions) else exp.Null(), column.name, quoted=True) for one, column in zip(lists, alias.columns)] +
                               ([exp.alias_(exp.Literal.number(at + 1), place.name, quoted=True)] if place else [])))
    query = functools.reduce(lambda left, right: exp.Union(this=left, expression=right, distinct=False), rows)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=alias.this.copy() if alias.this is not None else exp.to_identifier("listed")))


def listed_rows(unnest):
    """UNNEST(ARRAY[1, 2]) AS t(x) as (SELECT 1 AS x UNION ALL SELECT 2) AS t, for who has no arrays."""
    inner = unnest.expressions[0] if len(unnest.expressions) == 1 else None
    alias = unnest.args.get("alias")
    if any(one.find(exp.Column) is not None for one in unnest.expressions if isinstance(one, exp.Array)) and wanted in ("sqlite", "mysql"):
        cannot("an array that is made of columns")
    if len(unnest.expressions) > 1:
        return side_by_side(unnest)
    if not isinstance(inner, exp.Array) or not inner.expressions or len(inner.expressions) > 1000 or alias is None or not alias.columns:
        return None
    numbered = unnest.args.get("offset") or len(alias.columns) > 1
    names = [column.name for column in alias.columns] + ([unnest.args["offset"].name] if isinstance(unnest.args.get("offset"), exp.Identifier) else [])
    if numbered and len(names) < 2:
        return None
    rows = []
    for i, element in enumerate(inner.expressions, 1):
        shown = [exp.alias_(element.copy(), names[0], quoted=True)] + ([exp.alias_(exp.Literal.number(i), names[1], quoted=True)] if numbered else [])
        rows.append(exp.Select(expressions=shown))
    query = functools.reduce(lambda left, right: exp.Union(this=left, expression=right, distinct=False), rows)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=alias.this.copy() if alias.this is not None else exp.to_identifier("listed")))
