"""JSON of rows and rows of JSON, as PostgreSQL has them: json_agg(), json_array_elements(), json_each(), json_object_keys(), and the pieces of a text as rows."""

# Of SQLite's json_each(): what it has of an element, as a text and as JSON.
TEXT_OF_EACH = "CASE e_.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(e_.value AS TEXT) END"
JSON_OF_EACH = "CASE WHEN e_.type IN ('object', 'array') THEN e_.value WHEN e_.type IN ('true', 'false', 'null') THEN e_.type ELSE JSON_QUOTE(e_.value) END"
# Rows of a table function: its columns, and a query of them for DuckDB, SQLite, MySQL and Trino, where _1 is the document. {0}, {1}: what the columns are called.
ROWS_OF_JSON = {
    "ARRAY_ELEMENTS_TEXT": (("value",), "SELECT UNNEST(FROM_JSON(_1, '[\"VARCHAR\"]')) AS {0}", f"SELECT {TEXT_OF_EACH} AS {{0}} FROM JSON_EACH(_1) AS e_",
                            "SELECT NULLIF({0}, 'null') AS {0} FROM JSON_TABLE(_1, '$[*]' COLUMNS({0} TEXT PATH '$')) AS j_", "SELECT {0} FROM UNNEST(CAST(_1 AS ARRAY(VARCHAR))) AS j_({0})"),
    "ARRAY_ELEMENTS": (("value",), "SELECT UNNEST(FROM_JSON(_1, '[\"JSON\"]')) AS {0}", f"SELECT {JSON_OF_EACH} AS {{0}} FROM JSON_EACH(_1) AS e_",
                       "SELECT {0} FROM JSON_TABLE(_1, '$[*]' COLUMNS({0} JSON PATH '$')) AS j_", "SELECT {0} FROM UNNEST(CAST(_1 AS ARRAY(JSON))) AS j_({0})"),
    "EACH_TEXT": (("key", "value"), "SELECT k_ AS {0}, JSON_EXTRACT_STRING(_1, '$.\"' || k_ || '\"') AS {1} FROM (SELECT UNNEST(JSON_KEYS(_1)) AS k_)",
                  f"SELECT e_.key AS {{0}}, {TEXT_OF_EACH} AS {{1}} FROM JSON_EACH(_1) AS e_",
                  "SELECT {0}, NULLIF(JSON_UNQUOTE(JSON_EXTRACT(_1, CONCAT('$.\"', {0}, '\"'))), 'null') AS {1} FROM JSON_TABLE(JSON_KEYS(_1), '$[*]' COLUMNS({0} TEXT PATH '$')) AS j_",
                  "SELECT {0}, {1} FROM UNNEST(CAST(_1 AS MAP(VARCHAR, VARCHAR))) AS j_({0}, {1})"),
    "EACH": (("key", "value"), "SELECT k_ AS {0}, JSON_EXTRACT(_1, '$.\"' || k_ || '\"') AS {1} FROM (SELECT UNNEST(JSON_KEYS(_1)) AS k_)",
             f"SELECT e_.key AS {{0}}, {JSON_OF_EACH} AS {{1}} FROM JSON_EACH(_1) AS e_",
             "SELECT {0}, JSON_EXTRACT(_1, CONCAT('$.\"', {0}, '\"')) AS {1} FROM JSON_TABLE(JSON_KEYS(_1), '$[*]' COLUMNS({0} TEXT PATH '$')) AS j_",
             "SELECT {0}, {1} FROM UNNEST(CAST(_1 AS MAP(VARCHAR, JSON))) AS j_({0}, {1})"),
    "OBJECT_KEYS": (("",), "SELECT UNNEST(JSON_KEYS(_1)) AS {0}", "SELECT e_.key AS {0} FROM JSON_EACH(_1) AS e_",
                    "SELECT {0} FROM JSON_TABLE(JSON_KEYS(_1), '$[*]' COLUMNS({0} TEXT PATH '$')) AS j_", "SELECT {0} FROM UNNEST(MAP_KEYS(CAST(_1 AS MAP(VARCHAR, JSON)))) AS j_({0})"),
    "PIECES": (("",), "SELECT UNNEST(STRING_SPLIT(_1, _2)) AS {0}", "SELECT e_.value AS {0} FROM JSON_EACH('[' || REPLACE(CASE WHEN _1 IS NOT NULL THEN JSON_QUOTE(_1) END, _3, '\",\"') || ']') AS e_",
               "SELECT {0} FROM JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(_1), _3, '\",\"'), ']'), '$[*]' COLUMNS({0} TEXT PATH '$')) AS j_", "SELECT {0} FROM UNNEST(SPLIT(_1, _2)) AS j_({0})"),
}
NUMBERED = {
    "PIECES_NUMBERED": (("", "ordinality"), "SELECT p_ AS {0}, i_ AS {1} FROM (SELECT UNNEST(a_) AS p_, GENERATE_SUBSCRIPTS(a_, 1) AS i_ FROM (SELECT STRING_SPLIT(_1, _2) AS a_))",
                        "SELECT e_.value AS {0}, e_.key + 1 AS {1} FROM JSON_EACH('[' || REPLACE(CASE WHEN _1 IS NOT NULL THEN JSON_QUOTE(_1) END, _3, '\",\"') || ']') AS e_",
                        "SELECT {0}, {1} FROM JSON_TABLE(CONCAT('[', REPLACE(JSON_QUOTE(_1), _3, '\",\"'), ']'), '$[*]' COLUMNS({0} TEXT PATH '$', {1} FOR ORDINALITY)) AS j_",
                        "SELECT {0}, {1} FROM UNNEST(SPLIT(_1, _2)) WITH ORDINALITY AS j_({0}, {1})"),
}
ROWS_OF_JSON.update(NUMBERED)
OWN_OF_EACH = ("type", "atom", "id", "parent", "fullkey", "path", "json", "root")
ROW_TARGETS = ("duckdb", "sqlite", "mysql", "trino")


def pieces_of(node):
    """(text, mark) of unnest(string_to_array(x, ',')), string_to_table(x, ',') and UNNEST(split(x, ','))."""
    inner = node.expressions[0] if isinstance(node, exp.Unnest) and len(node.expressions) == 1 and not node.args.get("offset") else node
    if type(inner) is exp.Anonymous and inner.name.upper() == "STRING_TO_TABLE" and len(inner.expressions) == 2:
        return inner.expressions
    if isinstance(node, exp.Unnest) and isinstance(inner, (exp.StringToArray, exp.Split)) and len([v for v in inner.args.values() if v]) == 2:
        return [inner.this, inner.expression]
    return None


def numbered_pieces(node):
    """unnest(string_to_array(x, ',')) WITH ORDINALITY AS u(piece, n)."""
    inner = node.expressions[0] if isinstance(node, exp.Unnest) and len(node.expressions) == 1 and node.args.get("offset") else None
    if not isinstance(inner, (exp.StringToArray, exp.Split)) or not is_written(inner.expression) or is_of_others([inner.this]) or \
            source == "trino" and wanted not in ("sqlite", "mysql") or re.search(r'^$|[\\"\x00-\x1f]', str(inner.expression.this)):
        return None
    was_read(inner.expression)
    text = exp.func("NULLIF", inner.this.copy(), exp.Literal.string("")) if source == "postgres" else inner.this
    alias, number = node.args.get("alias"), node.args["offset"]
    if alias is not None and isinstance(number, exp.Identifier):
        alias.append("columns", number.copy())
    return "PIECES_NUMBERED", [text, inner.expression], "unnest"


def rows_function(node):
    """(name, arguments, name in PostgreSQL) of what gives rows; None = it is no such."""
    numbered = numbered_pieces(node)
    if numbered is not None:
        return numbered
    inner = node.expressions[0] if isinstance(node, exp.Unnest) and len(node.expressions) == 1 and not node.args.get("offset") else None
    if source == "trino" and isinstance(inner, exp.Cast) and inner.to.this == TYPE.ARRAY and isinstance(inner.this, (exp.ParseJSON, exp.JSONExtract)):
        return ("ARRAY_ELEMENTS_TEXT", [inner.this.this if isinstance(inner.this, exp.ParseJSON) else inner.this], "unnest") if wanted in ("sqlite", "mysql") else None
    pieces = pieces_of(node)
    if pieces is not None:
        if source != "postgres" and wanted not in ("sqlite", "mysql"):
            return None
        was_read(pieces[1])
        if not is_written(pieces[1]) or not str(pieces[1].this) or wanted in ("sqlite", "mysql") and re.search(r'[\\"\x00-\x1f]', str(pieces[1].this)):
            cannot("the pieces of a text between such marks")
        text = exp.func("NULLIF", pieces[0].copy(), exp.Literal.string("")) if source == "postgres" else pieces[0] # of '' there are no pieces in PostgreSQL
        return "PIECES", [text, pieces[1]], "unnest"
    found = re.fullmatch(r"JSONB?_(ARRAY_ELEMENTS(?:_TEXT)?|EACH(?:_TEXT)?|OBJECT_KEYS)", node.name.upper()) if type(node) is exp.Anonymous and source == "postgres" else None
    if found is None or len(node.expressions) != 1:
        return None
    document = node.expressions[0]
    if wanted == "trino" and not is_json(document):
        document = call("JSON_PARSE", document)
    return found[1], [document], node.name.lower()


def rows_named(alias, function):
    """A query that gives the rows, under the names that ALIAS has for them."""
    name, args, called_there = function
    columns, *texts = ROWS_OF_JSON[name]
    given = [column.name for column in alias.columns] if alias is not None else []
    alone = alias.this.name if alias is not None and alias.this is not None else called_there
    names = [given[i] if i < len(given) else column or alone for i, column in enumerate(columns)]
    quoted = [exp.to_identifier(one, quoted=True).sql("mysql" if wanted == "mysql" else wanted) for one in names]
    mark = exp.Literal.string(json.dumps(str(args[1].this))[1:-1]) if len(args) > 1 else None
    text = texts[ROW_TARGETS.index(wanted)].format(*quoted)
    query = sqlglot.parse_one(text, read=wanted)
    for part in query.walk():
        part.meta["made"] = True
    for column in list(query.find_all(exp.Column)):
        if re.fullmatch(r"_[123]", column.name):
            column.replace([*args, None, mark][int(column.name[1]) - 1 if column.name != "_3" else -1].copy())
    return query, names, alone


def is_of_others(args):
    return any(arg.find(exp.Column) is not None for arg in args)


def directly(query, alone):
    """JSON_TABLE(t.x, ..) AS e for who has no query that reads the table in front of it."""
    table = query.find(exp.From).this
    if wanted == "mysql" and len(query.expressions) == 1:
        return changed(table, alias=exp.TableAlias(this=exp.to_identifier(alone)))
    return cannot("rows of JSON from a column of another table")


def as_its_column(select, alone, name):
    """item ->> 'a' of jsonb_array_elements(x) AS item: a row of one column is that column."""
    named_so = any(e.alias_or_name == alone for e in select.expressions)
    for column in list(select.find_all(exp.Column)):
        if column.name == alone and not column.table and not (named_so and isinstance(column.parent, exp.Ordered)):
            fresh = exp.column(name, table=alone)
            column.replace(exp.alias_(fresh, alone, quoted=True) if column.parent is select and column.arg_key == "expressions" else fresh)


def rows_of_json(node):
    """FROM json_each('{..}') AS e, CROSS JOIN LATERAL json_array_elements(t.x) AS e(v), FROM t, unnest(string_to_array(t.x, ',')) AS e(v)."""
    if wanted not in ROW_TARGETS or source not in ("postgres", "trino"):
        return None
    if isinstance(node, exp.Unnest):
        function = rows_function(node) if isinstance(node.parent, (exp.From, exp.Join)) else None
    elif isinstance(node, (exp.Table, exp.Lateral)):
        function = rows_function(node.this) if isinstance(node.this, exp.Expression) else None
    else:
        return None
    if function is None:
        return None
    select = node.find_ancestor(exp.Select) or cannot("rows of JSON beside a change of rows")
    query, names, alone = rows_named(node.args.get("alias"), function)
    if len(names) == 1 and names[0] != alone:
        as_its_column(select, alone, names[0])
    if not is_of_others(function[1]) or wanted == "duckdb":
        inner = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alone)))
        return inner if wanted != "duckdb" or not is_of_others(function[1]) else exp.Lateral(this=exp.Subquery(this=query), alias=inner.args["alias"])
    if wanted == "trino":
        unnest = query.find(exp.Unnest)
        return changed(unnest, alias=exp.TableAlias(this=exp.to_identifier(alone), columns=[exp.to_identifier(name, quoted=True) for name in names]))
    if wanted == "sqlite":
        each = query.find(exp.From).this
        told_apart(select, node)
        for shown, name in zip(query.expressions, names):
            renamed(select, alone, name, shown.unalias())
        return changed(each, alias=exp.TableAlias(this=exp.to_identifier(alone)))
    return directly(query, alone)


def told_apart(select, node):
    """SQLite's json_each() has columns of its own beside those that are asked for: another table's id is said to be its."""
    tables = [select.args[key].this for key in ("from_", "from") if select.args.get(key) is not None] + [join.this for join in select.args.get("joins") or []]
    others = [table.alias_or_name for table in tables if table is not node]
    for column in select.find_all(exp.Column):
        if column.name.lower() in OWN_OF_EACH and not column.table and column.find_ancestor(exp.Select) is select and column.name.lower() not in {e.alias.lower() for e in select.expressions if isinstance(e, exp.Alias)}:
            if len(others) != 1 or not others[0]:
                cannot("rows of JSON beside columns without the name of their table")
            column.set("table", exp.to_identifier(others[0]))


def renamed(select, table, old, new):
    """Columns of TABLE that are an expression of json_each()'s own, which is called e_ in it."""
    for column in list(select.find_all(exp.Column)):
        if column.name.lower() == old.lower() and (not column.table or column.table.lower() == table.lower()):
            shown = column.parent is select and column.arg_key == "expressions"
            fresh = new.copy() if not isinstance(new, exp.Case) else exp.Paren(this=new.copy())
            for part in fresh.find_all(exp.Column):
                part.set("table", exp.to_identifier(table))
            column.replace(exp.alias_(fresh, old, quoted=True) if shown else fresh)


# ---- JSON of rows ----

def json_of_rows(node):
    """json_agg(x ORDER BY y): NULL of no rows."""
    if isinstance(node, exp.JSONArrayAgg):
        of = node.this
    elif type(node) is exp.Anonymous and node.name.upper() in ("JSON_AGG", "JSONB_AGG") and len(node.expressions) == 1:
        of = node.expressions[0]
    else:
        return None
    versions = {told.get("server", "") for told in known_keys.values()} - {""}
    if wanted == "mysql" and isinstance(of, exp.Distinct) and any("mariadb" not in version.lower() for version in versions):
        cannot("json_agg() of distinct values")
    if source != "postgres" or wanted not in ROW_TARGETS or isinstance(of, exp.Distinct) or isinstance(of, exp.Order) and isinstance(of.this, exp.Distinct):
        return None
    value = of.this if isinstance(of, exp.Order) else of
    if wanted == "trino" and (isinstance(value, (exp.JSONObject, exp.JSONArray)) or type(value) is exp.Anonymous and re.match("JSONB?_(BUILD_)?(OBJECT|ARRAY)$", value.name.upper())):
        value = call("JSON_PARSE", value) # a text there
    if isinstance(value, exp.Column) and isinstance(value.parent, exp.Expression) and value.is_star:
        cannot("json_agg() of rows")
    ordered = [one.copy() for one in of.expressions] if isinstance(of, exp.Order) else None

    def in_order(item):
        return exp.Order(this=item, expressions=ordered) if ordered else item
    if wanted == "duckdb":
        return filled("CASE WHEN COUNT(*) > 0 THEN TO_JSON(_1) END", [exp.ArrayAgg(this=in_order(value.copy()))])
    if wanted == "trino":
        out = exp.Cast(this=exp.ArrayAgg(this=in_order(value.copy())), to=exp.DataType.build("json"))
        out.meta["made"] = True
        return out
    if wanted == "mysql" and not ordered:
        return call("JSON_ARRAYAGG", value)
    item = call("JSON_QUOTE", value) if wanted == "sqlite" else call("JSON_EXTRACT", call("JSON_ARRAY", value), "$[0]")
    listed_items = exp.GroupConcat(this=in_order(item), separator=exp.Literal.string(","))
    if wanted == "mysql":
        return call("CONCAT", "[", listed_items, "]")
    return exp.Paren(this=exp.DPipe(this=exp.DPipe(this=exp.Literal.string("["), expression=listed_items), expression=exp.Literal.string("]")))


def from_the_back(node):
    """x -> -1, x ->> -1: elements are counted from the end."""
    at = number_of(node.expression)
    if source != "postgres" or at is None or at >= 0 or wanted not in ("mysql", "sqlite", "trino"):
        return None
    if wanted == "trino":
        how = "JSON_EXTRACT_SCALAR" if isinstance(node, (exp.JSONExtractScalar, exp.JSONBExtractScalar)) else "JSON_EXTRACT"
        path = filled(f"'$[' || CAST(JSON_ARRAY_LENGTH(_1) - {-at} AS VARCHAR) || ']'", [node.this])
        return exp.Anonymous(this=how, expressions=[node.this.copy(), path])
    if wanted == "mysql":
        found = filled(f"JSON_EXTRACT(_1, CONCAT('$[', JSON_LENGTH(_1) - {-at}, ']'))", [node.this])
        return filled("NULLIF(JSON_UNQUOTE(_1), 'null')", [found]) if isinstance(node, (exp.JSONExtractScalar, exp.JSONBExtractScalar)) else found
    return changed(node, expression=exp.Literal.string(f"$[#{at}]"))


def whole_part(node):
    """x ->> 'a' that is shown: of an array or an object its text, where Trino's words for it give NULL."""
    if source != "postgres" or wanted != "trino" or not isinstance(node, (exp.JSONExtractScalar, exp.JSONBExtractScalar)) or not isinstance(node.parent, (exp.Select, exp.Alias)) or \
            not isinstance(node.expression, (exp.JSONPath, exp.Literal)): # a path that is worked out is written anew (common.py)
        return None
    select = node.find_ancestor(exp.Select)
    if select is None or select.args.get("group") is not None or select.args.get("distinct") is not None: # what is grouped or told apart is said there, too
        return None
    scalar = node.copy()
    scalar.meta["made"] = True
    part = exp.JSONExtract(this=node.this.copy(), expression=node.expression.copy())
    return exp.func("COALESCE", scalar, exp.func("NULLIF", call("JSON_FORMAT", part), exp.Literal.string("null")))


def json_and_rows(node):
    if isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar)):
        return from_the_back(node) or whole_part(node)
    return rows_of_json(node) or json_of_rows(node)
