"""Functions that only MySQL has, in the words of the others. _1 is a call's first argument; what is not here goes as it is."""

ISO = "(EXTRACT(ISOYEAR FROM {0}) * 100 + EXTRACT(WEEK FROM {0}))"
WEEK_ONE = "CASE WHEN EXTRACT(ISOYEAR FROM {0}) = EXTRACT(YEAR FROM {0}) THEN EXTRACT(WEEK FROM {0}) WHEN EXTRACT(ISOYEAR FROM {0}) < EXTRACT(YEAR FROM {0}) THEN 0 WHEN EXTRACT(ISOYEAR FROM {0}) > EXTRACT(YEAR FROM {0}) THEN 53 END"
SQLITE_ISO_WEEK = "((STRFTIME('%j', _1, '-3 days', 'weekday 4') - 1) / 7 + 1)"
SQLITE_WEEK_ONE = "CASE WHEN STRFTIME('%Y', _1, '-3 days', 'weekday 4') = STRFTIME('%Y', _1) THEN " + SQLITE_ISO_WEEK + \
    " WHEN STRFTIME('%Y', _1, '-3 days', 'weekday 4') < STRFTIME('%Y', _1) THEN 0 WHEN _1 IS NOT NULL THEN 53 END"
DATE_OF = "CAST(_1 AS DATE)"
SPLIT_IP = "CAST(SPLIT_PART(_1, '.', 1) AS BIGINT) * 16777216 + CAST(SPLIT_PART(_1, '.', 2) AS BIGINT) * 65536 + " \
    "CAST(SPLIT_PART(_1, '.', 3) AS BIGINT) * 256 + CAST(SPLIT_PART(_1, '.', 4) AS BIGINT)"
JOIN_IP = "CAST((_1 >> 24) & 255 AS VARCHAR) || '.' || CAST((_1 >> 16) & 255 AS VARCHAR) || '.' || CAST((_1 >> 8) & 255 AS VARCHAR) || '.' || CAST(_1 & 255 AS VARCHAR)"
TRINO_IP = "(" + " || '.' || ".join(f"CAST(BITWISE_AND(BITWISE_RIGHT_SHIFT(_1, {n}), 255) AS VARCHAR)" for n in (24, 16, 8, 0)) + ")"
MONTHS_OF = "(CAST(_{0} AS BIGINT) {1} 100 * 12 + CAST(_{0} AS BIGINT) % 100)"
PERIOD = "(({0} - 1 + _2) {1} 12 * 100 + ({0} - 1 + _2) % 12 + 1)"
RANDOM_UUID = "LOWER(HEX(RANDOMBLOB(4)) || '-' || HEX(RANDOMBLOB(2)) || '-4' || SUBSTR(HEX(RANDOMBLOB(2)), 2) || '-' || " \
    "SUBSTR('89AB', 1 + ABS(RANDOM() % 4), 1) || SUBSTR(HEX(RANDOMBLOB(2)), 2) || '-' || HEX(RANDOMBLOB(6)))"

# Before 16, PostgreSQL has no word for it: texts and other values become a sign each, and what is made of signs alone one more, a level at a time.
JSON_STRINGS = r"""'"([^"\\\x01-\x1f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'"""
JSON_WORDS = r"'-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null'"
JSON_LEVEL = r"'\[([\x01\x02](,[\x01\x02])*)?\]|\{(\x01:[\x01\x02](,\x01:[\x01\x02])*)?\}'"
JSON_SIGNS = f"REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(x, {JSON_STRINGS}, CHR(1), 'g'), {JSON_WORDS}, CHR(2), 'g'), '[ \\t\\n\\r]+', '', 'g')"
VALID_JSON = "(SELECT CASE WHEN x IS NULL THEN NULL WHEN x ~ '[\\x01\\x02]' THEN FALSE WHEN r IN (CHR(1), CHR(2)) THEN TRUE WHEN r ~ " + JSON_LEVEL + \
    " THEN CAST(x AS JSON) IS NOT NULL ELSE FALSE END FROM (SELECT x, " + "REGEXP_REPLACE(" * 12 + JSON_SIGNS + f", {JSON_LEVEL}, CHR(2), 'g')" * 12 + \
    " AS r FROM (SELECT CAST(_1 AS TEXT) AS x) AS text_) AS signs_)"


def year_week(year, week, sunday):
    """The week that a day's Sunday is in, of the Sunday's year."""
    return f"({year.format(sunday)} * 100 + {week.format(sunday)})"


# Of a name and its number of arguments: for PostgreSQL, DuckDB, SQLite, Trino. None = no words for it, or sqlglot's are right.
MYSQL_FUNCTIONS = {
    "SEC_TO_TIME/1": ("CAST(CAST(_1 * INTERVAL '1 second' AS TEXT) AS TIME)", "CAST(CAST(_1 * INTERVAL '1 second' AS TEXT) AS TIME)",
                      "CASE WHEN _1 < 0 THEN '-' ELSE '' END || PRINTF('%02d:%02d:%02d', ABS(_1) / 3600, ABS(_1) % 3600 / 60, ABS(_1) % 60)",
                      "TIME '00:00:00' + _1 * INTERVAL '1' SECOND"),
    "TIME_TO_SEC/1": ("CAST(EXTRACT(EPOCH FROM CAST(_1 AS TIME)) AS BIGINT)", "CAST(EXTRACT(EPOCH FROM CAST(_1 AS TIME)) AS BIGINT)",
                      "(STRFTIME('%H', _1) * 3600 + STRFTIME('%M', _1) * 60 + STRFTIME('%S', _1))", "DATE_DIFF('second', TIME '00:00:00', CAST(_1 AS TIME))"),
    "MAKETIME/3": (None, None, "PRINTF('%02d:%02d:%02d', _1, _2, _3)", "CAST(FORMAT('%02d:%02d:%02d', _1, _2, _3) AS TIME)"),
    "MICROSECOND/1": ("CAST(EXTRACT(MICROSECONDS FROM CAST(_1 AS TIMESTAMP)) AS BIGINT) % 1000000", "MICROSECOND(CAST(_1 AS TIMESTAMP)) % 1000000",
                      "CAST(SUBSTR(CASE WHEN INSTR(_1, '.') > 0 THEN SUBSTR(_1, INSTR(_1, '.') + 1) ELSE '' END || '000000', 1, 6) AS INTEGER)", "CAST(SUBSTR(CAST(CAST(_1 AS TIMESTAMP(6)) AS VARCHAR), 21) AS INTEGER)"),
    "WEEK/1": (f"CAST(FLOOR((EXTRACT(DOY FROM {DATE_OF}) + 6 - EXTRACT(DOW FROM {DATE_OF})) / 7) AS INT)", f"CAST(STRFTIME({DATE_OF}, '%U') AS INT)",
               "((STRFTIME('%j', _1) + 6 - STRFTIME('%w', _1)) / 7)", f"((DAY_OF_YEAR({DATE_OF}) + 6 - DAY_OF_WEEK({DATE_OF}) % 7) / 7)"),
    "WEEK/2/1": (f"CAST({WEEK_ONE.format(DATE_OF)} AS INT)", f"CAST({WEEK_ONE.format(DATE_OF)} AS INT)", SQLITE_WEEK_ONE,
                 f"CASE WHEN YEAR_OF_WEEK({DATE_OF}) = YEAR({DATE_OF}) THEN WEEK({DATE_OF}) WHEN YEAR_OF_WEEK({DATE_OF}) < YEAR({DATE_OF}) THEN 0 WHEN YEAR_OF_WEEK({DATE_OF}) > YEAR({DATE_OF}) THEN 53 END"),
    "WEEK/2/3": (None, None, SQLITE_ISO_WEEK, None),
    "YEARWEEK/1": tuple(year_week(*words) for words in (
        ("CAST(EXTRACT(YEAR FROM {0}) AS INT)", "(CAST(EXTRACT(DOY FROM {0}) AS INT) + 6) / 7", f"({DATE_OF} - CAST(EXTRACT(DOW FROM {DATE_OF}) AS INT))"),
        ("YEAR({0})", "(DAYOFYEAR({0}) + 6) // 7", f"({DATE_OF} - CAST(EXTRACT(DOW FROM {DATE_OF}) AS INT))"),
        ("STRFTIME('%Y', {0})", "(STRFTIME('%j', {0}) + 6) / 7", "DATE(_1, '-' || STRFTIME('%w', _1) || ' days')"),
        ("YEAR({0})", "(DAY_OF_YEAR({0}) + 6) / 7", f"DATE_ADD('day', -(DAY_OF_WEEK({DATE_OF}) % 7), {DATE_OF})"))),
    "YEARWEEK/2/1": (f"CAST({ISO.format(DATE_OF)} AS INT)", f"CAST({ISO.format(DATE_OF)} AS INT)",
                     "(STRFTIME('%Y', _1, '-3 days', 'weekday 4') * 100 + " + SQLITE_ISO_WEEK + ")",
                     f"(YEAR_OF_WEEK({DATE_OF}) * 100 + WEEK({DATE_OF}))"),
    "WEEKDAY/1": (None, None, "((STRFTIME('%w', _1) + 6) % 7)", f"(DAY_OF_WEEK({DATE_OF}) - 1)"),
    "DAYNAME/1": (f"TO_CHAR({DATE_OF}, 'FMDay')", f"DAYNAME({DATE_OF})",
                  "TRIM(SUBSTR('Sunday   Monday   Tuesday  WednesdayThursday Friday   Saturday ', 9 * STRFTIME('%w', _1) + 1, 9))", f"DATE_FORMAT({DATE_OF}, '%W')"),
    "MAKEDATE/2": ("CASE WHEN _2 > 0 THEN MAKE_DATE(CAST(_1 AS INT), 1, 1) + (_2 - 1) END", "CASE WHEN _2 > 0 THEN MAKE_DATE(_1, 1, 1) + CAST(_2 - 1 AS INT) END",
                   "CASE WHEN _2 > 0 AND _1 IS NOT NULL THEN DATE(PRINTF('%04d-01-01', _1), (_2 - 1) || ' days') END",
                   "IF(_2 > 0 AND _1 IS NOT NULL, DATE_ADD('day', _2 - 1, CAST(FORMAT('%04d-01-01', _1) AS DATE)))"),
    "TO_DAYS/1": (f"({DATE_OF} - DATE '1970-01-01' + 719528)", f"(DATE_DIFF('day', DATE '1970-01-01', {DATE_OF}) + 719528)",
                  "CAST(JULIANDAY(DATE(_1)) - 1721059.5 AS INTEGER)", f"(DATE_DIFF('day', DATE '1970-01-01', {DATE_OF}) + 719528)"),
    "FROM_DAYS/1": ("(DATE '1970-01-01' + (_1 - 719528))", "(DATE '1970-01-01' + CAST(_1 - 719528 AS INT))", "DATE(_1 + 1721059.5)",
                    "DATE_ADD('day', _1 - 719528, DATE '1970-01-01')"),
    "PERIOD_DIFF/2": tuple(f"({MONTHS_OF.format(1, mark)} - {MONTHS_OF.format(2, mark)})" for mark in ("/", "//", "/", "/")),
    "PERIOD_ADD/2": tuple(PERIOD.format(MONTHS_OF.format(1, mark), mark) for mark in ("/", "//", "/", "/")),
    "FROM_UNIXTIME/1": (None, None, "DATETIME(_1, 'unixepoch')", None),
    "SYSDATE/0": ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
    "UTC_DATE/0": ("CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS DATE)", "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS DATE)", "DATE('now')",
                   "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS DATE)"),
    "CURRENTTIME/0": ("CAST(CURRENT_TIMESTAMP AS TIME)", "CAST(CURRENT_TIME AS TIME)", None, "CAST(CURRENT_TIMESTAMP AS TIME)"),
    "CURRENTTIME/1": ("CAST(CURRENT_TIMESTAMP AS TIME)", "CAST(CURRENT_TIME AS TIME)", None, "CAST(CURRENT_TIMESTAMP AS TIME)"),
    "SLEEP/1": ("CASE WHEN PG_SLEEP(_1) IS NULL THEN 0 ELSE 0 END", None, "!SLEEP", None),
    "UTC_TIME/0": ("CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIME)", "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIME)", "TIME('now')",
                   "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIME)"),
    "UTC_TIMESTAMP/0": ("(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')", "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')", "DATETIME('now')",
                        "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIMESTAMP)"),
    "TIMESTAMP/1": ("CAST(_1 AS TIMESTAMP)", "CAST(_1 AS TIMESTAMP)", "DATETIME(_1)", "CAST(_1 AS TIMESTAMP)"),
    "TIMESTAMP/2": ("(CAST(_1 AS TIMESTAMP) + CAST(_2 AS INTERVAL))", "(CAST(_1 AS TIMESTAMP) + CAST(_2 AS INTERVAL))", "DATETIME(_1, '+' || TIME(_2))", "(CAST(_1 AS TIMESTAMP) + (CAST(_2 AS TIME) - TIME '00:00:00'))"),
    "ORD/1": ("ASCII(_1)", "ORD(_1)", "UNICODE(_1)", "CODEPOINT(CAST(_1 AS VARCHAR(1)))"),
    "QUOTE/1": ("COALESCE('\'\'' || REPLACE(REPLACE(CAST(_1 AS TEXT), '\\', '\\\\'), '\'\'', '\\\'\'') || '\'\'', 'NULL')",) * 3 + ("COALESCE('\'\'' || REPLACE(REPLACE(CAST(_1 AS VARCHAR), '\\', '\\\\'), '\'\'', '\\\'\'') || '\'\'', 'NULL')",),
    "UNHEX/1": ("DECODE(_1, 'hex')", None, None, None),
    "TO_BASE64/1": ("ENCODE(CONVERT_TO(CAST(_1 AS TEXT), 'UTF8'), 'base64')", "TO_BASE64(ENCODE(CAST(_1 AS TEXT)))", None, "TO_BASE64(TO_UTF8(CAST(_1 AS VARCHAR)))"),
    "FROM_BASE64/1": ("DECODE(_1, 'base64')", None, None, None),
    "SHA2/2/224": ("ENCODE(SHA224(CONVERT_TO(CAST(_1 AS TEXT), 'UTF8')), 'hex')", None, None, None),
    "SHA2/2/256": ("ENCODE(SHA256(CONVERT_TO(CAST(_1 AS TEXT), 'UTF8')), 'hex')", "SHA256(CAST(_1 AS TEXT))", None, "LOWER(TO_HEX(SHA256(TO_UTF8(CAST(_1 AS VARCHAR)))))"),
    "SHA2/2/384": ("ENCODE(SHA384(CONVERT_TO(CAST(_1 AS TEXT), 'UTF8')), 'hex')", None, None, None),
    "SHA2/2/512": ("ENCODE(SHA512(CONVERT_TO(CAST(_1 AS TEXT), 'UTF8')), 'hex')", None, None, "LOWER(TO_HEX(SHA512(TO_UTF8(CAST(_1 AS VARCHAR)))))"),
    "SHA1/1": (None, None, "!SHA1", "LOWER(TO_HEX(SHA1(TO_UTF8(CAST(_1 AS VARCHAR)))))"),
    "MD5/1": ("MD5(CAST(_1 AS TEXT))", "MD5(CAST(_1 AS TEXT))", None, "LOWER(TO_HEX(MD5(TO_UTF8(CAST(_1 AS VARCHAR)))))"),
    "CRC32/1": (None, None, None, "CRC32(TO_UTF8(CAST(_1 AS VARCHAR)))"),
    "BIT_LENGTH/1": (None, None, "(8 * LENGTH(CAST(_1 AS BLOB)))", "(8 * LENGTH(TO_UTF8(CAST(_1 AS VARCHAR))))"),
    "BIN/1": ("CASE WHEN _1 = 0 THEN '0' ELSE LTRIM(CAST(CAST(_1 AS BIT(64)) AS TEXT), '0') END", "BIN(_1)", "!BIN", "TO_BASE(_1, 2)"),
    "OCT/1": (None, "PRINTF('%o', _1)", "PRINTF('%o', _1)", "TO_BASE(_1, 8)"),
    "BIT_COUNT/1": ("LENGTH(REPLACE(CAST(CAST(_1 AS BIT(64)) AS TEXT), '0', ''))", None, "!BIT_COUNT", "BIT_COUNT(_1, 64)"),
    "LOG2/1": ("LOG(2, _1)", "LOG2(_1)", "LOG2(_1)", "LOG2(_1)"),
    "COT/1": (None, None, "(1 / TAN(_1))", "(1 / TAN(_1))"),
    "INET_ATON/1": (f"({SPLIT_IP})",) * 4,
    "INET_NTOA/1": (f"({JOIN_IP})", f"({JOIN_IP})", f"({JOIN_IP.replace('VARCHAR', 'TEXT')})", TRINO_IP),
    "REGEXP_SUBSTR/2": ("(REGEXP_MATCH(_1, '(' || _2 || ')', 'i'))[1]", "NULLIF(REGEXP_EXTRACT(_1, '(?i)' || _2), '')",
                        "REGEXP_SUBSTR(_1, '(?i)' || _2)", "REGEXP_EXTRACT(_1, '(?i)' || _2)"),
    "REGEXP_REPLACE/3": ("REGEXP_REPLACE(_1, _2, _3, 'gi')", "REGEXP_REPLACE(_1, _2, _3, 'gi')", "REGEXP_REPLACE(_1, '(?i)' || _2, _3)", "REGEXP_REPLACE(_1, '(?i)' || _2, _3)"),
    "VAR_POP/1": (None, None, "!VAR_POP", None),
    "BIT_AND/1": (None, None, "!BIT_AND", None),
    "BIT_OR/1": (None, None, "!BIT_OR", None),
    "BIT_XOR/1": (None, None, "!BIT_XOR", None),
    "JSON_VALID/1": (VALID_JSON, None, "CASE WHEN _1 IS NOT NULL THEN JSON_VALID(_1) END", "CASE WHEN _1 IS NOT NULL THEN TRY(JSON_PARSE(_1)) IS NOT NULL END"),
    "FIND_IN_SET/2": (None, None, "CASE WHEN INSTR(',' || _2 || ',', ',' || _1 || ',') = 0 THEN 0 ELSE LENGTH(SUBSTR(',' || _2, 1, INSTR(',' || _2 || ',', ',' || _1 || ','))) - "
                      "LENGTH(REPLACE(SUBSTR(',' || _2, 1, INSTR(',' || _2 || ',', ',' || _1 || ',')), ',', '')) END", None),
    "HEX/1": (None, "CASE WHEN TYPEOF(_1) IN ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT') "
              "THEN PRINTF('%X', TRY_CAST(_1 AS BIGINT)) ELSE HEX(CAST(_1 AS TEXT)) END",
              "CASE TYPEOF(_1) WHEN 'null' THEN NULL WHEN 'integer' THEN PRINTF('%X', _1) ELSE HEX(_1) END",
              "IF(TYPEOF(_1) IN ('tinyint', 'smallint', 'integer', 'bigint'), UPPER(TO_BASE(TRY_CAST(CAST(_1 AS VARCHAR) AS BIGINT), 16)), TO_HEX(TO_UTF8(CAST(_1 AS VARCHAR))))"),
    "JSON_TYPE/1": ("UPPER(JSON_TYPEOF(CAST(_1 AS JSON)))", None, "UPPER(JSON_TYPE(_1))", None),
    "JSON_KEYS/1": ("(SELECT JSON_AGG(k) FROM JSON_OBJECT_KEYS(CAST(_1 AS JSON)) AS k)", None, "(SELECT JSON_GROUP_ARRAY(key) FROM JSON_EACH(_1))",
                    "JSON_FORMAT(CAST(MAP_KEYS(CAST(JSON_PARSE(_1) AS MAP(VARCHAR, JSON))) AS JSON))"),
    "JSON_VALUE/2": (None, "JSON_EXTRACT_STRING(_1, _2)", "JSON_EXTRACT(_1, _2)", None), # beside: mysql_call()
    "JSON_UNQUOTE/1": ("CASE WHEN _1 LIKE '\"%\"' THEN CAST(_1 AS JSON) #>> '{}' ELSE _1 END", "JSON_EXTRACT_STRING(_1, '$')", "JSON_EXTRACT(_1, '$')",
                       None),
    "JSON_MERGE_PATCH/2": (None, "JSON_MERGE_PATCH(_1, _2)", "JSON_PATCH(_1, _2)", None),
    "JSON_CONTAINS/2": ("(CAST(_1 AS JSONB) @> CAST(_2 AS JSONB))", "JSON_CONTAINS(_1, _2)", None, None),
    "REGEXP_INSTR/2": ("REGEXP_INSTR(_1, _2, 1, 1, 0, 'i')", None, None, "GREATEST(REGEXP_POSITION(_1, '(?i)' || _2), 0)"),
    "JSON_ARRAYAGG/1": ("JSONB_AGG(_1)", "JSON_GROUP_ARRAY(_1)", "JSON_GROUP_ARRAY(_1)", "JSON_FORMAT(CAST(ARRAY_AGG(_1) AS JSON))"),
    "JSON_LENGTH/1": ("CASE JSON_TYPEOF(CAST(_1 AS JSON)) WHEN 'object' THEN (SELECT COUNT(*) FROM JSON_OBJECT_KEYS(CAST(_1 AS JSON)) AS k) WHEN 'array' THEN JSON_ARRAY_LENGTH(CAST(_1 AS JSON)) ELSE 1 END",
                      "CASE JSON_TYPE(_1) WHEN 'OBJECT' THEN LEN(JSON_KEYS(_1)) WHEN 'ARRAY' THEN JSON_ARRAY_LENGTH(_1) ELSE 1 END",
                      "(SELECT COUNT(*) FROM JSON_EACH(_1))", "JSON_SIZE(_1, '$')"),
    "CONV/3": (None, None, None, "UPPER(TO_BASE(FROM_BASE(LOWER(CAST(_1 AS VARCHAR)), _2), _3))"),
    "JSON_OBJECTAGG/2": ("JSONB_OBJECT_AGG(_1, _2)", "JSON_GROUP_OBJECT(_1, _2)", "JSON_GROUP_OBJECT(_1, _2)",
                         "JSON_FORMAT(CAST(MAP_AGG(CAST(_1 AS VARCHAR), CAST(_2 AS JSON)) AS JSON))"),
    "UUID/0": (None, None, RANDOM_UUID, None),
}
# What sqlglot reads into classes of its own.
TYPED = {"RegexpReplace": "REGEXP_REPLACE", "VariancePop": "VAR_POP", "BitwiseAndAgg": "BIT_AND", "BitwiseOrAgg": "BIT_OR", "BitwiseXorAgg": "BIT_XOR",
         "JSONKeys": "JSON_KEYS", "RegexpInstr": "REGEXP_INSTR", "JSONType": "JSON_TYPE",
         "Unhex": "UNHEX", "Week": "WEEK", "Dayname": "DAYNAME", "ToBase64": "TO_BASE64", "FromBase64": "FROM_BASE64", "SHA": "SHA1", "SHA2": "SHA2", "MD5": "MD5",
         "BitLength": "BIT_LENGTH", "RegexpSubstr": "REGEXP_SUBSTR", "BitwiseCount": "BIT_COUNT", "JSONValue": "JSON_VALUE", "UtcDate": "UTC_DATE",
         "UtcTime": "UTC_TIME", "UtcTimestamp": "UTC_TIMESTAMP", "TimeFromParts": "MAKETIME", "Timestamp": "TIMESTAMP", "Uuid": "UUID", "Cot": "COT",
         "UnixToTime": "FROM_UNIXTIME", "Hex": "HEX", "JSONObjectAgg": "JSON_OBJECTAGG"}
TARGETS = ("postgres", "duckdb", "sqlite", "trino")
filled_before = {}


def filled(text, args):
    """TEXT, in the target's words, with its marks replaced. !NAME is a call of NAME, which sqlglot has another word for."""
    if text.startswith("!"):
        return call(text[1:], *args)
    key = wanted, text
    if key not in filled_before:
        filled_before[key] = sqlglot.parse_one(text, read=wanted)
        for node in filled_before[key].walk():
            node.meta["made"] = True # it is in the target's words already
    out = exp.Paren(this=filled_before[key].copy())
    for column in list(out.find_all(exp.Column)):
        at = column.name[1:] if column.name.startswith("_") else ""
        if at.isdigit():
            arg = args[int(at) - 1].copy()
            column.replace(exp.Paren(this=arg) if isinstance(arg, (exp.Binary, exp.Unary)) and not isinstance(arg, exp.Paren) else arg)
    return out.this if isinstance(out.this, (exp.Func, exp.Cast, exp.Paren, exp.Case)) else out


def called(node):
    """(name, arguments) of a call."""
    if isinstance(node, exp.Anonymous):
        return node.name.upper(), node.expressions
    name = TYPED.get(type(node).__name__, type(node).__name__.upper())
    args = [value for key in type(node).arg_types if isinstance(value := node.args.get(key), exp.Expression)]
    if isinstance(node, exp.JSONObjectAgg) and len(node.expressions) == 1:
        args = [node.expressions[0].this, node.expressions[0].expression]
    return name, args


def with_digits(number, digits):
    """FORMAT(1234.5, 2) is 1,234.50."""
    if wanted == "postgres":
        return filled(f"TO_CHAR(ROUND(CAST(_1 AS DECIMAL), {digits}), 'FM999,999,999,999,999,990{'.' + '0' * digits if digits else ''}')", [number])
    if wanted == "duckdb":
        return filled(f"FORMAT('{{:,.{digits}f}}', CAST(ROUND(CAST(_1 AS DOUBLE), {digits}) AS DOUBLE))", [number])
    if wanted == "trino":
        return filled(f"IF(_1 IS NOT NULL, FORMAT('%,.{digits}f', CAST(_1 AS DOUBLE)))", [number])
    if wanted == "sqlite":
        whole = f"(CASE WHEN ROUND(_1, {digits}) < 0 THEN '-' WHEN _1 IS NOT NULL THEN '' END || PRINTF('%,d', TRUNC(ABS(ROUND(_1, {digits}))))"
        return filled(whole + (f" || SUBSTR(PRINTF('%.{digits}f', ABS(ROUND(_1, {digits})) - TRUNC(ABS(ROUND(_1, {digits})))), 2))" if digits else ")"), [number])
    return None


MICROSECONDS = {"postgres": "CAST(EXTRACT(EPOCH FROM CAST(_1 AS TIMESTAMP) - CAST(_2 AS TIMESTAMP)) * 1000000 AS BIGINT)",
                "sqlite": "((STRFTIME('%s', _1) - STRFTIME('%s', _2)) * 1000000 + CAST(SUBSTR(SUBSTR(_1, 21) || '000000', 1, 6) AS INTEGER) - "
                          "CAST(SUBSTR(SUBSTR(_2, 21) || '000000', 1, 6) AS INTEGER))"}


def offset_of(zone):
    """Minutes east of UTC of '+02:00' or 'UTC'; None = a zone with a name of its own, or none that is written there."""
    text = str(zone.this).upper() if isinstance(zone, exp.Literal) and zone.is_string else ""
    if text in ("UTC", "GMT", "ETC/UTC"):
        return 0
    found = re.fullmatch(r"([+-])(\d{1,2}):(\d\d)", text)
    return int(found[1] + "1") * (int(found[2]) * 60 + int(found[3])) if found else None


def converted_zone(node):
    """CONVERT_TZ(x, a, b). '+02:00' is east of UTC in MySQL, and west in PostgreSQL."""
    zones = [node.args.get("source_tz"), node.args.get("target_tz")]
    offsets = [offset_of(zone) for zone in zones]
    for zone in zones:
        if isinstance(zone, exp.Literal):
            zone.set("this", str(zone.this)) # it was read
    moment = exp.cast(node.args["timestamp"].copy(), "timestamp")
    if zones[0] == zones[1]: # of the session, say, which has a name that is no zone's
        return moment if wanted != "sqlite" else call("DATETIME", node.args["timestamp"])
    if None not in offsets:
        minutes = offsets[1] - offsets[0]
        if wanted == "sqlite":
            return call("DATETIME", node.args["timestamp"], f"{minutes:+d} minutes") if minutes else call("DATETIME", node.args["timestamp"])
        return exp.Paren(this=exp.Add(this=moment, expression=exp.Interval(this=exp.Literal.string(str(minutes)), unit=exp.Var(this="MINUTE")))) if minutes else moment
    if wanted == "trino":
        return filled("CAST(AT_TIMEZONE(WITH_TIMEZONE(_1, _2), _3) AS TIMESTAMP)", [moment, *zones])
    if wanted == "sqlite" or wanted == "duckdb" and any(offset for offset in offsets):
        cannot("zones with names" if wanted == "sqlite" else "an offset beside a zone with a name")
    for zone, offset in zip(zones, offsets):
        east = exp.Interval(this=exp.Literal.string(f"{offset} minutes")) if offset and wanted == "postgres" else zone.copy()
        moment = exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC") if offset == 0 else east)
    return moment


def replacing(node, args):
    """The arguments of regexp_replace(): a group is $1 in MySQL and \\1 in MariaDB."""
    if len(args) != 3:
        cannot("regexp_replace() with more than three arguments")
    new = args[2]
    if not isinstance(new, exp.Literal):
        return args
    mark = "\\%s" if wanted in ("postgres", "duckdb") else "${%s}" if wanted == "sqlite" else "$%s"
    groups = re.sub(r"[\\$](\d)", lambda found: mark % found[1], str(new.this))
    if re.search(r"[\\$](?!\d)(?!\{\d\})", groups):
        cannot("this text in the place of what is found")
    return [args[0], args[1], exp.Literal.string(groups)]


# The same of bytes, which are no texts.
OF_BYTES = {
    "HEX/1": ("UPPER(ENCODE(_1, 'hex'))", "HEX(_1)", None, "TO_HEX(_1)"),
    "MD5/1": ("MD5(_1)", "MD5(_1)", None, "LOWER(TO_HEX(MD5(_1)))"),
    "SHA1/1": (None, "SHA1(_1)", None, "LOWER(TO_HEX(SHA1(_1)))"),
    "SHA2/2": ("ENCODE(SHA256(_1), 'hex')", "SHA256(_1)", None, "LOWER(TO_HEX(SHA256(_1)))"),
    "TO_BASE64/1": ("ENCODE(_1, 'base64')", "TO_BASE64(_1)", None, "TO_BASE64(_1)"),
}
BYTE_TYPES = ("VARBINARY", "BINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB")


def of_bytes(name, args):
    """A digest or a spelling of a column of bytes; None = it is none."""
    row = OF_BYTES.get(f"{name}/{len(args)}") if args and is_of(args[0], *BYTE_TYPES) and (len(args) == 1 or number_of(args[1]) in (0, 256)) else None
    text = row[TARGETS.index(wanted)] if row else None
    return filled(text, args[:1]) if text else None


def digest_of(args):
    """SHA1() of what is written there, for who has no such function."""
    if len(args) == 1 and isinstance(args[0], exp.Null):
        return exp.Null()
    if len(args) != 1 or not is_written(args[0]):
        cannot("sha1() of what is not written there")
    was_read(args[0])
    return exp.Literal.string(hashlib.sha1(str(args[0].this).encode()).hexdigest())


def mysql_call(node):
    """What of the table stands for NODE, or None."""
    if wanted not in TARGETS:
        return None
    name, args = called(node)
    if (bytes_of := of_bytes(name, args)) is not None:
        return bytes_of
    if name == "ORD" and len(args) == 1 and is_written(args[0]):
        was_read(args[0])
        return exp.Literal.number(int.from_bytes(str(args[0].this)[:1].encode(), "big"))
    if name == "HOUR" and len(args) == 1 and is_written(args[0]) and re.match(r"-|\d{3,}:|2[4-9]:|[3-9]\d:", str(args[0].this)):
        cannot("a time of more than a day")
    if name == "SHA1" and wanted == "postgres":
        return digest_of(args)
    if name == "JSON_CONTAINS" and wanted == "trino":
        cannot("whether one JSON is in another")
    if name in ("REGEXP_INSTR", "REGEXPINSTR") and wanted == "sqlite":
        cannot("regexp_instr()")
    if name == "FIND_IN_SET" and len(args) == 2:
        args = [exp.Lower(this=exp.cast(arg.copy(), "text")) if not isinstance(arg, exp.Literal) or has_letters(arg) else arg for arg in args]
        node = changed(node, expressions=[arg.copy() for arg in args])
    if isinstance(node, exp.ConvertTimezone) and node.args.get("source_tz") is not None:
        return converted_zone(node)
    if isinstance(node, exp.NumberToStr) and len(args) == 2 and 0 <= (number_of(args[1]) or 0) < 16:
        return with_digits(args[0], number_of(args[1]) or 0)
    if isinstance(node, exp.Chr) and len(node.expressions) > 1 and wanted in ("postgres", "duckdb", "trino"):
        letters = [call("CHR", one) for one in node.expressions]
        return exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), letters))
    if isinstance(node, exp.JSONValue) and wanted in ("postgres", "trino") and len(args) == 2:
        path = args[1] if isinstance(args[1], exp.JSONPath) else dialect_parts("mysql")[0].to_json_path(args[1].copy())
        return exp.JSONExtractScalar(this=exp.cast(args[0].copy(), "json") if wanted == "postgres" else args[0].copy(), expression=path.copy())
    if isinstance(node, exp.UnixToTime) and node.args.get("format") is not None:
        return exp.TimeToStr(this=exp.UnixToTime(this=node.this.copy()), format=node.args["format"].copy())
    if isinstance(node, exp.RegexpReplace):
        args = replacing(node, args)
    if isinstance(node, exp.SHA2) and wanted == "duckdb" and number_of(node.args.get("length")) not in (0, 256):
        cannot("a digest of other than 256 bits")
    row = None
    if len(args) == 2 and number_of(args[1]) is not None:
        row = MYSQL_FUNCTIONS.get(f"{name}/2/{number_of(args[1])}")
        if name == "WEEK" and number_of(args[1]) == 0:
            args = args[:1]
        if name == "YEARWEEK" and number_of(args[1]) == 3:
            row = MYSQL_FUNCTIONS["YEARWEEK/2/1"]
    row = row or MYSQL_FUNCTIONS.get(f"{name}/{len(args)}")
    text = row[TARGETS.index(wanted)] if row else None
    out = filled(text, args) if text else None
    if name in ("BIT_OR", "BIT_XOR") and not isinstance(node.parent, (exp.Window, exp.Filter, exp.Coalesce)): # of no rows
        return exp.func("COALESCE", node.copy() if out is None else out, exp.Literal.number(0))
    return out
