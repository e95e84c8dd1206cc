"""JSON in MySQL's words: what is inside is compared with texts and numbers as they are, paths are '$.a[0]', documents are changed by functions."""

JSON_CALLS = {"JSONSet": "JSON_SET", "JSONRemove": "JSON_REMOVE", "JSONArrayAppend": "JSON_ARRAY_APPEND"}

def steps_of(path):
    """['a', '0'] of '$.a[0]'; None = it is not written there, or has something else."""
    if isinstance(path, exp.Literal) and path.is_string:
        try:
            path = dialect_parts("mysql")[0].to_json_path(exp.Literal.string(str(path.this)))
        except Exception:
            return None
    if not isinstance(path, exp.JSONPath):
        return None
    out = []
    for part in path.expressions:
        if isinstance(part, (exp.JSONPathKey, exp.JSONPathSubscript)) and isinstance(part.this, (str, int)):
            out.append(str(part.this))
        elif not isinstance(part, exp.JSONPathRoot):
            return None
    return out


def path_text(steps):
    return "$" + "".join(f"[{step}]" if step.isdigit() else '."' + step.replace('"', '\\"') + '"' for step in steps)


def as_path(path):
    return exp.Cast(this=path.copy(), to=exp.DataType(this=TYPE.USERDEFINED, kind="JSONPATH"))


def inside_at(node, path, scalar):
    """The same at a path that is not written there: PostgreSQL reads MySQL's paths as they are."""
    if wanted != "postgres":
        return call("JSON_EXTRACT_STRING" if scalar and wanted == "duckdb" else "JSON_EXTRACT", node, path)
    found = call("JSONB_PATH_QUERY_FIRST", document(node), as_path(path))
    return exp.Paren(this=exp.JSONBExtractScalar(this=found, expression=exp.cast(exp.Literal.string("{}"), "text[]"))) if scalar else found


STEPS = "STRING_TO_ARRAY(SUBSTR(REGEXP_REPLACE(SUBSTR(CAST(_1 AS TEXT), 2), " + \
    r"""'\."?([^".[]+)"?|\[(\d+)\]', CHR(31) || '\1\2', 'g'), 2), CHR(31))"""


def path_array(path, what):
    """A path as an array of its steps."""
    steps = steps_of(path)
    if steps:
        return exp.Array(expressions=[exp.Literal.string(one) for one in steps])
    return filled(STEPS, [path]) if isinstance(path, (exp.Placeholder, exp.Parameter)) else cannot(f"this path of {what.lower()}()")


def document(node):
    return node.copy() if isinstance(node, exp.Cast) and node.to.this == TYPE.JSONB or isinstance(node, exp.JSONBExtract) else exp.cast(node.copy(), "jsonb")


def inside(node, steps, scalar):
    """What is at STEPS of a document; SCALAR: as text or number, not as JSON."""
    if wanted == "postgres":
        names = exp.Array(expressions=[exp.Literal.string(step) for step in steps])
        if not steps and not scalar:
            return document(node)
        return exp.Paren(this=(exp.JSONBExtractScalar if scalar else exp.JSONBExtract)(this=document(node), expression=names if steps else exp.cast(exp.Literal.string("{}"), "text[]")))
    return call("JSON_EXTRACT_STRING" if scalar and wanted == "duckdb" else "JSON_EXTRACT", node, path_text(steps))


def other_side(node):
    around = node.parent
    while isinstance(around, exp.Paren):
        node, around = around, around.parent
    if isinstance(around, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ)):
        return around.expression if node is around.this else around.this
    if isinstance(around, exp.In) and node is around.this and around.expressions:
        return around.expressions[0]
    return None


def is_json_there(node):
    node = node.unnest() if node is not None else None
    return isinstance(node, (exp.JSONExtract, exp.JSONBExtract, exp.ParseJSON)) or isinstance(node, exp.Cast) and node.to.this in (TYPE.JSON, TYPE.JSONB) or \
        isinstance(node, exp.Column) and node.is_type(TYPE.JSON, TYPE.JSONB)


def json_inside(node):
    """JSON_EXTRACT(x, '$.a') and x -> '$.a'."""
    steps, around, other = steps_of(node.expression), node.parent, other_side(node)
    if node.expressions:
        return cannot("json_extract() of several places")
    if steps is None and not isinstance(node.expression, (exp.Placeholder, exp.Parameter)):
        return cannot("this path of JSON") if wanted == "postgres" and isinstance(node.expression, exp.JSONPath) else None
    found = functools.partial(inside, node.this, steps) if steps is not None else functools.partial(inside_at, node.this, node.expression)
    if isinstance(around, exp.Anonymous) and around.name.upper() == "JSON_UNQUOTE":
        return found(True)
    if isinstance(around, (exp.Like, exp.ILike, exp.RegexpLike)) or other is not None and (isinstance(other, exp.Placeholder) or isinstance(other, exp.Literal) and other.is_string):
        return found(True)
    number = other is not None and number_like(other)
    if isinstance(around, exp.Cast) and around.to.this not in (TYPE.JSON, TYPE.JSONB) or isinstance(around, (exp.Sum, exp.Avg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg)) or number:
        text = found(True)
        counts = number or not isinstance(around, exp.Cast)
        return text if wanted == "sqlite" or not counts else guarded_number(found(False), text)
    if wanted == "sqlite" and other is not None or wanted == "sqlite" and isinstance(around, exp.Ordered):
        return found(True)
    if wanted == "postgres":
        return found(False)
    return None


def number_like(node):
    node = node.unnest()
    return isinstance(node, exp.Literal) and not node.is_string or isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal)


def guarded_number(found, text):
    """A number where one is there: a text is none."""
    if wanted == "duckdb":
        return exp.TryCast(this=text, to=exp.DataType.build("double"))
    kind = call("JSONB_TYPEOF", found)
    return exp.Case(this=kind).when(exp.Literal.string("number"), exp.cast(text, "decimal"))


def json_value(node):
    """What JSON_SET and the like put somewhere."""
    if is_json_there(node):
        return document(node) if wanted == "postgres" else call("JSON", node.this if isinstance(node, exp.Cast) else node) if wanted == "sqlite" else node.copy()
    if wanted == "sqlite":
        return call("JSON", "true" if node.this else "false") if isinstance(node, exp.Boolean) else node.copy()
    plain = node.copy() if isinstance(node, (exp.Literal, exp.Boolean, exp.Null, exp.Neg)) and not (isinstance(node, exp.Literal) and node.is_string) else exp.cast(node.copy(), "text") if isinstance(node, (exp.Literal, exp.Placeholder)) else node.copy()
    nothing_there = exp.cast(exp.Literal.string("null"), "jsonb")
    if isinstance(plain, exp.Null):
        return nothing_there
    made = call("TO_JSONB", plain)
    return made if isinstance(node, (exp.Literal, exp.Boolean, exp.Neg)) else exp.func("COALESCE", made, nothing_there) # jsonb_set() of NULL would be NULL, the document gone


def json_changed(name, args):
    """JSON_SET(x, path, value, ...), JSON_INSERT, JSON_REPLACE, JSON_REMOVE(x, path, ...), JSON_ARRAY_APPEND."""
    if wanted == "sqlite":
        if name == "JSON_ARRAY_APPEND":
            return call("JSON_INSERT", args[0], *[part for i in range(1, len(args) - 1, 2) for part in (str(args[i].this) + "[#]", json_value(args[i + 1]))]) if all(isinstance(a, exp.Literal) for a in args[1::2]) else None
        return call(name, args[0], *(args[1:] if name == "JSON_REMOVE" else [json_value(a) if i % 2 else a for i, a in enumerate(args[1:])]))
    if wanted != "postgres":
        cannot(f"{name.lower()}()")
    out, step = document(args[0]), 1 if name == "JSON_REMOVE" else 2
    for i in range(1, len(args), step):
        path = path_array(args[i], name)
        if name == "JSON_REMOVE":
            out = exp.Paren(this=exp.JSONBDeleteAtPath(this=out, expression=path))
        else:
            out = put_at(name, out, path, json_value(args[i + 1]))
    return out


def put_at(name, before, path, value):
    """The document BEFORE with VALUE at PATH. It is written once: functions in one another would become a text that doubles with each."""
    if name in ("JSON_SET", "JSON_REPLACE"):
        return call("JSONB_SET", before, path, value, exp.Boolean(this=name == "JSON_SET"))
    plain = isinstance(before.this, (exp.Column, exp.Literal, exp.Placeholder, exp.Parameter))
    what = before if plain else exp.column("document_", table="changed_")
    there = exp.Paren(this=exp.JSONBExtract(this=what.copy(), expression=path.copy()))
    if name == "JSON_INSERT":
        out = exp.Case().when(exp.Is(this=there, expression=exp.Null()), call("JSONB_SET", what, path, value, exp.true())).else_(what.copy())
    else: # to what is not there nothing is appended: jsonb_set() of NULL is NULL
        out = exp.func("COALESCE", call("JSONB_SET", what, path, exp.DPipe(this=there, expression=call("JSONB_BUILD_ARRAY", value)), exp.true()), what.copy())
    if plain:
        return out
    rows = exp.Select(expressions=[exp.alias_(before.copy(), "document_")])
    return exp.Subquery(this=exp.select(out).from_(exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier("changed_")))))


def at_path(node, path):
    steps = steps_of(path) if path is not None else []
    return steps if steps is not None else cannot("a path of JSON that is not written there")


def json_has_paths(args):
    """JSON_CONTAINS_PATH(x, 'one', path, ...)."""
    if not isinstance(args[1], exp.Literal) or str(args[1].this).lower() not in ("one", "all"):
        cannot("json_contains_path() with what is not written there")
    found = []
    for path in args[2:]:
        if wanted == "postgres" and isinstance(path, (exp.Placeholder, exp.Parameter)):
            found.append(call("JSONB_PATH_EXISTS", document(args[0]), as_path(path)))
            continue
        if isinstance(path, (exp.Placeholder, exp.Parameter)):
            found.append(call("JSON_EXISTS", args[0], path) if wanted == "duckdb" else exp.Not(this=exp.Is(this=call("JSON_TYPE", args[0], path), expression=exp.Null())))
            continue
        steps = at_path(args[0], path)
        if wanted == "duckdb":
            found.append(call("JSON_EXISTS", args[0], path_text(steps)))
        else:
            what = inside(args[0], steps, False) if wanted == "postgres" else call("JSON_TYPE", args[0], path_text(steps))
            found.append(exp.Not(this=exp.Is(this=what, expression=exp.Null())))
    both = (exp.or_ if str(args[1].this).lower() == "one" else exp.and_)(*found)
    return exp.Case().when(exp.Not(this=exp.Is(this=args[0].copy(), expression=exp.Null())), exp.paren(both)) if len(found) > 1 or wanted != "duckdb" else both


def held_by_sqlite(node, steps, value):
    """Whether JSON at STEPS holds VALUE, which is written there."""
    if isinstance(value, dict):
        parts = [held_by_sqlite(node, [*steps, key], one) for key, one in value.items()]
        return exp.and_(*parts) if parts else exp.EQ(this=call("JSON_TYPE", node, path_text(steps)), expression=exp.Literal.string("object"))
    if isinstance(value, list):
        if any(isinstance(one, (dict, list)) for one in value):
            cannot("whether JSON has an array of arrays or objects in it")
        is_array = exp.EQ(this=call("JSON_TYPE", node, path_text(steps)), expression=exp.Literal.string("array"))
        return exp.and_(is_array, *(held_by_sqlite(node, steps, one) for one in value))
    if value is None or isinstance(value, bool):
        word = "null" if value is None else "true" if value else "false"
        return one_of(node, steps, exp.Literal.string(word), "type", (word,))
    scalar = exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(abs(value))
    scalar = exp.Neg(this=scalar) if not isinstance(value, str) and value < 0 else scalar
    return one_of(node, steps, scalar, "value", ("text",) if isinstance(value, str) else ("integer", "real"))


def one_of(node, steps, value, shown, kinds):
    """Whether what is at STEPS, or an element of it where it is an array, has VALUE as what json_each() SHOWs of those of KINDS."""
    rows = exp.select(shown).from_(call("JSON_EACH", node, path_text(steps))).where(exp.column("type").isin(*kinds))
    is_object = exp.NEQ(this=call("JSON_TYPE", node, path_text(steps)), expression=exp.Literal.string("object"))
    return exp.and_(is_object, exp.In(this=value, query=exp.Subquery(this=rows)))


def element_of_sqlite(node, steps, value):
    """Whether an element of the array at STEPS holds the object VALUE."""
    rows = exp.select("1").from_(exp.Table(this=call("JSON_EACH", node, path_text(steps)), alias=exp.TableAlias(this=exp.to_identifier("elements_"))))
    kind = exp.EQ(this=exp.column("type", table="elements_"), expression=exp.Literal.string("object"))
    is_array = exp.EQ(this=call("JSON_TYPE", node, path_text(steps)), expression=exp.Literal.string("array"))
    element = exp.Case().when(kind, exp.column("value", table="elements_")) # what is no object may be no JSON, either
    return exp.and_(is_array, exp.Exists(this=rows.where(held_by_sqlite(element, [], value))))


def held_by_postgres(what, candidate):
    """Of an array @> looks for arrays' elements and plain values only, not for an object."""
    held = exp.ArrayContainsAll(this=what, expression=candidate)
    return exp.Paren(this=exp.or_(held, exp.ArrayContainsAll(this=what.copy(), expression=call("JSONB_BUILD_ARRAY", candidate))))


def json_held(args):
    """JSON_CONTAINS(x, y, path)."""
    if len(args) > 2 and isinstance(args[2], (exp.Placeholder, exp.Parameter)) and wanted == "postgres":
        return held_by_postgres(inside_at(args[0], args[2], False), document(args[1]))
    steps = at_path(args[0], args[2] if len(args) > 2 else None)
    if wanted == "postgres":
        return held_by_postgres(inside(args[0], steps, False), document(args[1]))
    if wanted == "duckdb":
        return call("JSON_CONTAINS", call("JSON_EXTRACT", args[0], path_text(steps)) if steps else args[0], args[1])
    candidate = args[1].unnest()
    candidate = candidate.this if isinstance(candidate, exp.Cast) else candidate
    try:
        value = json.loads(str(candidate.this)) if isinstance(candidate, exp.Literal) else cannot("whether one JSON is in another")
    except ValueError:
        cannot("whether a text that is no JSON is in one")
    held = held_by_sqlite(args[0], steps, value)
    return exp.Paren(this=exp.or_(held, element_of_sqlite(args[0], steps, value)) if isinstance(value, dict) else held)


def json_size(args):
    """JSON_LENGTH(x, path)."""
    steps = at_path(args[0], args[1] if len(args) > 1 else None)
    if wanted == "postgres":
        what = inside(args[0], steps, False)
        return filled("CASE JSONB_TYPEOF(_1) WHEN 'array' THEN JSONB_ARRAY_LENGTH(_1) WHEN 'object' THEN (SELECT CAST(COUNT(*) AS INT) FROM JSONB_OBJECT_KEYS(_1)) ELSE 1 + 0 * LENGTH(CAST(_1 AS TEXT)) END", [what])
    if wanted == "sqlite":
        path = exp.Literal.string(path_text(steps))
        return filled("CASE WHEN JSON_TYPE(_1, _2) IN ('array', 'object') THEN (SELECT COUNT(*) FROM JSON_EACH(_1, _2)) WHEN JSON_TYPE(_1, _2) IS NOT NULL THEN 1 END", [args[0], path])
    return None


def json_of_mysql(node):
    """Of MySQL's JSON, what others have in other words."""
    if isinstance(node, exp.JSONExtract):
        return json_inside(node)
    if isinstance(node, exp.JSONExtractScalar) and steps_of(node.expression) is not None:
        return inside(node.this, steps_of(node.expression), True)
    if isinstance(node, exp.Cast) and node.to.this == TYPE.JSON and wanted == "postgres":
        return exp.cast(node.this.copy(), "jsonb")
    name = JSON_CALLS.get(type(node).__name__) or (node.name.upper() if type(node) is exp.Anonymous else "")
    args = node.expressions if type(node) is exp.Anonymous else [node.this, *node.expressions] if name else []
    if name in ("JSON_SET", "JSON_INSERT", "JSON_REPLACE", "JSON_REMOVE", "JSON_ARRAY_APPEND") and len(args) > 1:
        return json_changed(name, args)
    if name == "JSON_CONTAINS_PATH" and len(args) > 2:
        return json_has_paths(args)
    if name == "JSON_CONTAINS" and len(args) in (2, 3):
        return json_held(args)
    if name == "JSON_LENGTH" and len(args) in (1, 2):
        return json_size(args)
    if name == "JSON_UNQUOTE" and len(args) == 1 and isinstance(args[0].unnest(), (exp.JSONBExtractScalar,)):
        return args[0].copy()
    if name == "JSON_UNQUOTE" and len(args) == 1 and type(args[0]) is exp.Anonymous and args[0].name.upper() in ("JSON_EXTRACT", "JSON_EXTRACT_STRING"):
        return args[0].copy()
    if name == "JSON_QUOTE" and len(args) == 1 and wanted == "postgres":
        return exp.cast(call("TO_JSON", exp.cast(args[0].copy(), "text")), "text")
    return None
