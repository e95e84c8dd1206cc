"""From PostgreSQL: more of what it means, said so that more dialects have a word for it."""

COUNTED_MATCHES = {
    "sqlite": "(LENGTH(REGEXP_REPLACE(_1, _2, '\x01')) - LENGTH(REPLACE(REGEXP_REPLACE(_1, _2, '\x01'), '\x01', '')))",
    "mysql": "CASE WHEN _1 REGEXP _2 THEN CHAR_LENGTH(REGEXP_REPLACE(_1, _2, '\x01')) - CHAR_LENGTH(REPLACE(REGEXP_REPLACE(_1, _2, '\x01'), '\x01', '')) WHEN _1 IS NOT NULL THEN 0 END",
}
SPANS = {"year": "YEAR", "month": "MONTH", "week": "WEEK", "day": "DAY", "hour": "HOUR", "minute": "MINUTE", "second": "SECOND", "mins": "MINUTE", "min": "MINUTE", "secs": "SECOND", "sec": "SECOND"}


def matches_counted(node):
    """regexp_count(x, 'a')."""
    if not is_written(node.expression) or any(node.args.get(key) is not None for key in ("position", "parameters")):
        cannot("regexp_count() of a pattern that is not written there, or from a place on")
    was_read(node.expression)
    pattern = exp.Literal.string(("(?-i)" if wanted == "mysql" else "") + str(node.expression.this))
    return filled(COUNTED_MATCHES[wanted], [node.this, pattern])


def with_flag(node):
    """regexp_like(x, 'a', 'i')."""
    flag = node.args["flag"]
    if not is_written(flag) or str(flag.this) not in ("", "c", "i"):
        cannot("regexp_like() with other flags than 'c' or 'i'")
    was_read(flag)
    sides = {key: node.args[key].copy() for key in ("this", "expression")}
    if str(flag.this) != "i":
        return exp.RegexpLike(**sides)
    pattern = sides["expression"]
    if wanted == "mysql":
        return exp.RegexpILike(**sides)
    folded_pattern = exp.Literal.string("(?i)" + str(pattern.this)) if is_written(pattern) else exp.DPipe(this=exp.Literal.string("(?i)"), expression=pattern)
    return exp.RegexpLike(this=sides["this"], expression=folded_pattern)


def interval_made(node):
    """make_interval(days => n)."""
    parts = [(v.this.name, v.expression) if isinstance(v, exp.Kwarg) else (key, v) for key, v in node.args.items() if v is not None]
    parts = [(key, v) for key, v in parts if number_of(v) != 0]
    for _, v in parts:
        was_read(v)
    if len(parts) != 1 or singular(parts[0][0]).lower() not in SPANS and parts[0][0] not in SPANS:
        cannot("make_interval() of several units that are not written there")
    key, value = parts[0]
    unit = SPANS.get(key) or SPANS[singular(key).lower()]
    return exp.Mul(this=exp.paren(value.copy()), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this=unit)))


def has_interval(node):
    inner = node.unnest()
    return isinstance(inner, exp.Interval) or isinstance(inner, exp.Mul) and (isinstance(inner.this, exp.Interval) or isinstance(inner.expression, exp.Interval))


def among_pieces(node):
    """x = ANY (string_to_array('a,b', ',')), x IN (unnest ..)."""
    pieces = node.expression.this.unnest()
    text, mark = pieces.this, pieces.expression
    if wanted == "trino":
        return filled("CONTAINS(SPLIT(_1, _2), _3)", [text, mark, node.this])
    if wanted == "duckdb":
        return None
    query, names, _ = rows_named(exp.TableAlias(this=exp.to_identifier("pieces_")), ("PIECES", [text, mark], "piece_")) if is_written(mark) else cannot("pieces by a mark that is not written there")
    was_read(mark)
    if text.find(exp.Column) is not None and wanted == "mysql":
        cannot("pieces of a column")
    out = exp.In(this=exactly(node.this) if wanted == "mysql" else node.this.copy(), query=exp.Subquery(this=query))
    return out


def rows_counted(node):
    """count(DISTINCT (a, b)), of which a row of NULLs is one."""
    parts = node.this.expressions[0].expressions
    whole_row = call("JSON_ARRAY", *parts)
    return exp.Count(this=exp.Distinct(expressions=[exp.cast(whole_row, "binary") if wanted == "mysql" else whole_row]))


def with_in_front(insert):
    """WITH x AS (..) INSERT INTO t SELECT .. as INSERT INTO t WITH x AS (..) SELECT .."""
    key = "with_" if insert.args.get("with_") is not None else "with"
    query = insert.expression
    if insert.args.get(key) is None or not isinstance(query, exp.Query) or query.args.get(key) is not None:
        return None
    out = insert.copy()
    out.expression.set(key, out.args[key].copy())
    out.set(key, None)
    return out


def with_inside(change):
    """WITH d AS (..) DELETE FROM t WHERE k IN (SELECT id FROM d), which MariaDB has not: the query where it is read."""
    key = "with_" if change.args.get("with_") is not None else "with"
    if change.args[key].args.get("recursive"):
        return None
    out = change.copy()
    queries = out.args[key].expressions
    out.set(key, None)
    for at, cte in enumerate(queries):
        for place in [out, *queries[at + 1 :]]:
            for table in list(place.find_all(exp.Table)):
                if table.name.lower() == cte.alias.lower() and not table.db and table.find_ancestor(exp.Select) is not None:
                    table.replace(exp.Subquery(this=cte.this.copy(), alias=exp.TableAlias(this=exp.to_identifier(table.alias or cte.alias))))
    return out


def json_rows_shown(select):
    """SELECT json_array_elements_text(x) AS e as SELECT e FROM json_array_elements_text(x) AS listed_(e)."""
    shown = select.expressions[0] if len(select.expressions) == 1 and not select.args.get("from_") and not select.args.get("from") else None
    inner = shown.unalias() if shown is not None else None
    if type(inner) is not exp.Anonymous or not re.fullmatch(r"JSONB?_(ARRAY_ELEMENTS(_TEXT)?|OBJECT_KEYS)", inner.name.upper()):
        return None
    name = shown.alias or inner.name.lower()
    alias = exp.TableAlias(this=exp.to_identifier("listed_"), columns=[exp.to_identifier(name, quoted=True)])
    return changed(select, expressions=[exp.column(exp.to_identifier(name, quoted=True))]).from_(exp.Table(this=inner.copy(), alias=alias), copy=False)


def values_named(node):
    """(VALUES (1, 2)) AS v: its columns are called column1, column2."""
    alias = node.args.get("alias")
    first = node.expressions[0] if node.expressions else None
    if alias is None or alias.args.get("columns") or not isinstance(node.parent, (exp.From, exp.Join, exp.Subquery)) or not isinstance(first, exp.Tuple) or wanted not in ("duckdb", "trino"):
        return None
    names = [exp.to_identifier(f"column{at}") for at in range(1, len(first.expressions) + 1)]
    return changed(node, alias=exp.TableAlias(this=alias.this.copy(), columns=names))


def alike_in_rows(node):
    """VALUES ('1'::json), ('2'): what is cast in one row is so in all."""
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    for cells in zip(*rows):
        kind = next((cell.to for cell in cells if isinstance(cell, exp.Cast)), None)
        for cell in cells if kind is not None else []:
            if is_written(cell) or isinstance(cell, exp.Null):
                cell.replace(exp.Cast(this=cell.copy(), to=kind.copy()))


LIST_MAKERS = {"ARRAY_APPEND", "ARRAY_PREPEND", "ARRAY_CAT", "ARRAY_CONCAT", "ARRAY_REMOVE", "ARRAY_REPLACE", "ARRAY_POSITIONS", "REGEXP_MATCH", "REGEXP_SPLIT_TO_ARRAY",
               "LIST_APPEND", "LIST_PREPEND", "LIST_CONCAT", "LIST_FILTER"}


def is_list(node):
    inner = node.unnest()
    if isinstance(inner, exp.DPipe):
        return is_list(inner.this) or is_list(inner.expression)
    if isinstance(inner, exp.Func) and (inner.name if isinstance(inner, exp.Anonymous) else inner.sql_name()).upper() in LIST_MAKERS:
        return True
    return isinstance(inner, (exp.Array, exp.ArrayAgg, exp.StringToArray)) or isinstance(inner, exp.Cast) and inner.to.this == TYPE.ARRAY or is_of(inner, "ARRAY", "LIST")


def beside_number(node):
    """1 + '1': a text that stands there is what the other side is."""
    text, other = (node.this, node.expression) if is_written(node.this) else (node.expression, node.this)
    if not re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", str(text.this)) or not is_number_here(other):
        return None
    was_read(text)
    number = exp.Literal.number(str(text.this).strip().lstrip("+"))
    return changed(node, **{"this" if text is node.this else "expression": exp.paren(number) if number.name.startswith("-") else number})


def postgres_more(node):
    if wanted == "postgres":
        return None
    if isinstance(node, exp.Values):
        alike_in_rows(node)
        return values_named(node)
    if isinstance(node, exp.Table) and type(node.this) is exp.Anonymous and node.this.name.upper() == "REGEXP_SPLIT_TO_TABLE" and len(node.this.expressions) == 2 and wanted in ("duckdb", "trino"):
        pieces = call("REGEXP_SPLIT_TO_ARRAY" if wanted == "duckdb" else "REGEXP_SPLIT", *node.this.expressions)
        alias = node.args.get("alias")
        named_so = exp.TableAlias(this=(alias.this if alias is not None and alias.this is not None else exp.to_identifier("pieces_")).copy(),
                                  columns=[c.copy() for c in alias.columns] if alias is not None and alias.columns else [exp.to_identifier(alias.name if alias is not None and alias.this is not None else "regexp_split_to_table")])
        return exp.Unnest(expressions=[pieces], alias=named_so)
    if type(node).__name__ == "JSONObjectAgg" or type(node) is exp.Anonymous and node.name.upper() in ("JSON_OBJECT_AGG", "JSONB_OBJECT_AGG"):
        if node.find(exp.Order) is not None:
            cannot("json_object_agg() with ORDER BY")
    if isinstance(node, exp.Interval) and isinstance(node.args.get("unit"), exp.Var) and singular(node.args["unit"].name) not in UNITS and unit_named(node.args["unit"].name):
        return changed(node, unit=exp.Var(this=unit_named(node.args["unit"].name)))
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1 and wanted in ("sqlite", "trino", "duckdb"):
        return changed(node, this=exp.Order(this=node.this.copy(), expressions=[exp.Ordered(this=node.this.expressions[0].copy(), nulls_first=False)])) # it sorts them
    if isinstance(node, exp.DPipe) and wanted in ("duckdb", "trino") and any(is_list(side) for side in (node.this, node.expression)):
        sides = [side.copy() if is_list(side) else exp.Array(expressions=[side.copy()]) for side in (node.this, node.expression)]
        return call("CONCAT" if wanted == "trino" else "LIST_CONCAT", *sides)
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)) and any(is_written(side) for side in (node.this, node.expression)):
        return beside_number(node)
    if isinstance(node, exp.NEQ) and type(node.expression) is exp.Anonymous and node.expression.name.upper() == "ALL" and len(node.expression.expressions) == 1 and \
            isinstance(node.expression.expressions[0].unnest(), exp.Array):
        return exp.Not(this=exp.In(this=node.this.copy(), expressions=[e.copy() for e in node.expression.expressions[0].unnest().expressions]))
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any) and isinstance(node.expression.this.unnest(), exp.StringToArray):
        return among_pieces(node)
    if isinstance(node, exp.StringToArray) and wanted == "trino" and is_written(node.expression) and not node.args.get("null") and not isinstance(node.find_ancestor(exp.Any, exp.Unnest, exp.Select), (exp.Any, exp.Unnest)):
        return exp.Split(this=node.this.copy(), expression=node.expression.copy())
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1 and isinstance(node.this.expressions[0], exp.Tuple) and wanted in ("sqlite", "mysql"):
        return rows_counted(node)
    if isinstance(node, exp.MakeInterval) and any(number_of(v.expression if isinstance(v, exp.Kwarg) else v) is None for v in node.args.values() if v is not None):
        return interval_made(node)
    if isinstance(node, exp.Add) and has_interval(node.this) and not has_interval(node.expression):
        return exp.Add(this=node.expression.copy(), expression=node.this.copy())
    if isinstance(node, exp.RegexpCount) and wanted in COUNTED_MATCHES:
        return matches_counted(node)
    if isinstance(node, exp.RegexpSubstr) and len([v for v in node.args.values() if v is not None]) == 2:
        return found_part(node.this, node.expression.copy(), 0) if is_written(node.expression) or wanted in ("duckdb", "trino") else None
    if isinstance(node, exp.RegexpLike) and node.args.get("flag") is not None and wanted in ("sqlite", "mysql", "trino"):
        return with_flag(node)
    if isinstance(node, exp.TruncateTable) and wanted == "sqlite" and len(node.expressions) == 1:
        return exp.Delete(this=node.expressions[0].copy())
    if isinstance(node, (exp.Ascii, exp.Unicode)) and wanted == "mysql":
        return exp.Unicode(this=node.this.copy())
    if isinstance(node, exp.Replace) and wanted == "trino" and is_written(node.expression):
        was_read(node.expression)
        return node.this.copy() if str(node.expression.this) == "" else None
    if isinstance(node, exp.Insert) and wanted in ("mysql", "trino"):
        return with_in_front(node)
    if isinstance(node, (exp.Update, exp.Delete)) and wanted == "mysql" and not any(node.args.get(key) for key in ("using", "from_", "from")) and (node.args.get("with_") or node.args.get("with")) is not None:
        return with_inside(node)
    if isinstance(node, exp.Select):
        return json_rows_shown(node)
    return None
