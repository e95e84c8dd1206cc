"""What sqlglot leaves to be done, one file a dialect: joined with worker.py when the program is built (CMakeLists.txt). Names are theirs
together; `exp`, `TYPE`, `source` and `wanted` are worker.py's. This file: what several need, and improve()."""

WHOLE_DAYS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def singular(unit):
    unit = unit.upper()
    return unit[:-1] if unit.endswith("S") else unit


def is_date(node):
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return node.to.this == TYPE.DATE
    if isinstance(node, (exp.CurrentDate, exp.Date, exp.TsOrDsToDate)):
        return True
    return isinstance(node, exp.Anonymous) and node.name.upper() == "DATE" or node.is_type(TYPE.DATE)


def call(name, *args):
    return exp.Anonymous(this=name, expressions=[a.copy() if isinstance(a, exp.Expression) else exp.Literal.string(a) if isinstance(a, str)
                                                 else exp.Literal.number(a) for a in args])


def rewrite(tree, change):
    """CHANGE of every node, what is inside before what is around it. A new node has the type of the old one."""
    for node in reversed(list(tree.bfs())):
        new = change(node)
        if new is node:
            continue
        if new.type is None and node.type is not None:
            new.type = node.type
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def around_joins(node):
    """Parentheses in FROM around tables and their joins, and not a query."""
    inner = node.this
    while isinstance(inner, exp.Subquery) and inner.args.get("alias") is None and not inner.args.get("joins"):
        inner = inner.this
    return not isinstance(inner, exp.Query) or isinstance(inner, exp.Subquery)


def is_unnamed(node):
    """A query in FROM without a name, which PostgreSQL 15 and MySQL ask for."""
    return isinstance(node, exp.Subquery) and node.args.get("alias") is None and isinstance(node.parent, (exp.From, exp.Join)) and not around_joins(node) and wanted in ("postgres", "mysql")


def is_insert_or(node, what):
    """INSERT OR IGNORE, INSERT OR REPLACE."""
    return isinstance(node, exp.Insert) and str(node.args.get("alternative") or "").upper() == what


def changed(node, **args):
    out = node.copy()
    for key, value in args.items():
        out.set(key, value)
    return out


def cannot(what):
    """Nothing is sent that would give another answer."""
    raise UnsupportedError(f"{wanted} has no words for {what}")


PLACES = {270: "Asia/Kabul", 330: "Asia/Kolkata", 390: "Asia/Yangon", 570: "Australia/Darwin", -570: "Pacific/Marquesas"}  # no other time since 1945


def minutes_east(zone):
    """Minutes east of UTC of a zone that is an offset: UTC+3 is west of it in PostgreSQL, east in Trino. None: it is a name."""
    letters = r"([A-Za-z]{3,}|<[-+A-Za-z0-9]+>)?([-+]?)" if source == "postgres" else r"(UTC|GMT|UT)?([-+])"
    found = re.fullmatch(letters + r"(\d{1,2})(?::(\d\d))?", str(zone.this))
    if found is None:
        return None
    minutes = int(found[3]) * 60 + int(found[4] or 0)
    return -minutes if (found[2] == "-") != (source == "postgres") else minutes


def own_zone(node):
    """Sets the zone of an AT TIME ZONE that is an offset as the wanted dialect writes the same one."""
    zone = node.args.get("zone")
    if not isinstance(zone, exp.Literal) or wanted not in ("postgres", "duckdb", "trino"):
        return
    was_read(zone)
    minutes = minutes_east(zone)
    if minutes is None:
        return
    hours, rest = divmod(abs(minutes), 60)
    if wanted == "trino":
        text = f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
    elif wanted == "postgres":
        text = f"UTC{'+' if minutes < 0 else '-'}{hours:02d}:{rest:02d}"
    elif rest == 0:
        text = f"Etc/GMT{'+' if minutes < 0 else '-'}{hours}" if hours else "UTC"
    else:
        text = PLACES.get(minutes) or cannot("AT TIME ZONE with an offset of these minutes")
    zone.set("this", text)


def was_read(literal):
    """A literal whose value decides what is written has no place in a template: another one is translated anew."""
    if isinstance(literal, exp.Literal):
        literal.set("this", str(literal.this))


def number_of(node):
    """Of 5 or -5; None = it is no such."""
    if node is None:
        return None
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and node.this.is_int:
        return -int(str(node.this.this))
    return int(str(node.this)) if isinstance(node, exp.Literal) and node.is_int else None


def in_utc(text):
    """'2024-05-06 12:00:00+02' as the time in UTC, without a zone; TEXT where it is something else."""
    from datetime import datetime, timezone
    try:
        moment = datetime.fromisoformat(re.sub(r" ?UTC$|Z$", "+00:00", re.sub(r"([+-]\d\d)$", r"\1:00", text.strip())))
    except ValueError:
        return text
    try:
        return str(moment.astimezone(timezone.utc).replace(tzinfo=None)) if moment.tzinfo is not None else text
    except OverflowError:
        return cannot("a moment before the year 1 or behind 9999")


def without_nulls(node):
    """greatest() and least() leave NULLs out in PostgreSQL and DuckDB."""
    args = [node.this, *node.expressions]
    if source not in ("postgres", "duckdb") or len(args) > 8 or all(isinstance(a, exp.Literal) for a in args):
        return None
    parts = [exp.func("COALESCE", *(a.copy() for a in args[i:] + args[:i])) if not isinstance(args[i], exp.Literal) else args[i].copy() for i in range(len(args))]
    return type(node)(this=parts[0], expressions=parts[1:])


def similar(node):
    """x SIMILAR TO 'a%' as a regular expression."""
    if not isinstance(node.expression, exp.Literal):
        cannot("SIMILAR TO with a pattern that is not written there")
    written = str(node.expression.this)
    if re.search(r"[\\$]|(?<!\[)\^|\[[^\]]*[%_.]", written):  # escapes, and what means something to one of the two only
        cannot("this pattern of SIMILAR TO")
    text = written.replace(".", "[.]").replace("%", ".*").replace("_", ".")
    return exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(f"^(?:{text})$"))


def is_json(*nodes):
    return any(n.is_type(TYPE.JSON, TYPE.JSONB) or isinstance(n, exp.Cast) and n.to.this in (TYPE.JSON, TYPE.JSONB) or isinstance(n, (exp.JSONExtract, exp.ParseJSON)) for n in nodes)


def key_path(node):
    if wanted == "trino" and isinstance(node, exp.Literal):
        return exp.Literal.string('$["' + str(node.this).replace('"', "") + '"]')
    return exp.Literal.string('$."' + str(node.this).replace('"', "") + '"') if isinstance(node, exp.Literal) else call("CONCAT", "$.", node)


def names_inside(subquery):
    """(SELECT a, b) AS q(x, y) as (SELECT a AS x, b AS y) AS q."""
    alias, first = subquery.args.get("alias"), subquery.this
    while isinstance(first, exp.SetOperation):
        first = first.this.unnest()
    if alias is None or not alias.args.get("columns") or not isinstance(first, exp.Select) or first.is_star or len(first.expressions) < len(alias.columns):
        return
    for at, column in enumerate(alias.columns):
        first.expressions[at].replace(exp.alias_(first.expressions[at].unalias().copy(), column.name, quoted=True))
    alias.set("columns", None)


PARTS = {"Hour": "HOUR", "Minute": "MINUTE", "Second": "SECOND", "Quarter": "QUARTER", "DayOfYear": "DOY", "DayOfWeekIso": "ISODOW", "WeekOfYear": "WEEK",
         "Year": "YEAR", "Month": "MONTH", "Day": "DAY", "DayOfMonth": "DAY"}


def part_of_moment(node):
    """hour(x) as EXTRACT(HOUR FROM x), and where its Sunday is 1, dayofweek(x)."""
    name = type(node).__name__
    if name == "DayOfWeek" and source == "mysql":
        return "DOW", 1
    if name == "Week" and source == "mysql" and number_of(node.args.get("mode")) == 3:
        return "WEEK", 0
    return (PARTS[name], 0) if name in PARTS else None


def extracted(node, unit, more):
    out = exp.Extract(this=exp.Var(this=unit), expression=node.this.copy())
    return exp.Paren(this=exp.Add(this=out, expression=exp.Literal.number(more))) if more else out


def difference(node):
    """(unit, from, to) of date_diff(), timestampdiff() and the like that count whole units."""
    if not isinstance(node, (exp.DateDiff, exp.TimestampDiff, exp.DatetimeDiff)) or node.args.get("date_part_boundary"):
        return None
    unit = singular(node.text("unit") or "DAY")
    return (unit, node.expression, node.this) if unit in SECONDS or unit in MONTHS else None


SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400, "WEEK": 604800}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def from_the_end(node):
    """substr('abc', -5) is empty in MySQL and Trino, where nothing begins so far in front; None = it is no such."""
    back = -(number_of(node.args.get("start")) or 0)
    if source not in ("mysql", "trino") or back <= 0 or node.meta.get("made"):
        return None
    was_read(node.this)
    was_read(node.args["start"].this)
    if is_written(node.this) and len(str(node.this.this)) >= back:
        return None
    within = node.copy()
    within.meta["made"] = True
    return exp.Case().when(exp.LT(this=exp.Length(this=node.this.copy()), expression=exp.Literal.number(back)), exp.Literal.string("")).else_(within)


def null_if_any(node):
    """greatest() and least() are NULL of any NULL in MySQL, Trino and SQLite."""
    args = [node.this, *node.expressions]
    asked = [a for a in args if not isinstance(a, exp.Literal)]
    if source not in ("mysql", "trino", "sqlite") or not asked:
        return None
    return exp.Case().when(exp.or_(*(exp.Is(this=a.copy(), expression=exp.Null()) for a in asked)), exp.Null()).else_(node.copy())




def overlaid(node):
    """overlay('abcdef' PLACING 'X' FROM 2 FOR 3) in pieces."""
    text, new, start = node.this, node.expression, node.args["from_"] if "from_" in node.args else node.args["from"]
    size = node.args.get("for_") or node.args.get("for") or exp.Length(this=new.copy())
    head = exp.Substring(this=text.copy(), start=exp.Literal.number(1), length=exp.Sub(this=exp.paren(start.copy()) if isinstance(start, exp.Binary) else start.copy(), expression=exp.Literal.number(1)))
    tail = exp.Substring(this=text.copy(), start=exp.Add(this=exp.paren(start.copy()), expression=exp.paren(size.copy())))
    return exp.Concat(expressions=[head, new.copy(), tail]) if wanted == "mysql" else exp.Paren(this=exp.DPipe(this=exp.DPipe(this=head, expression=new.copy()), expression=tail))


def of_one(drop):
    """DROP TABLE a, b: one at a time."""
    if len(drop.args.get("tables") or drop.args.get("expressions") or []) > 1:
        cannot("a DROP of more than one thing")


def json_path(node):
    return node.copy()


def learned(tree, target, rows):
    """What is known from now on, and TREE as the statements that it is for TARGET. ROWS: types.py."""
    global wanted, known_columns
    wanted = target
    known_columns = column_types(rows)
    if source == "mysql" and target == "postgres":
        names_as_written(tree)
    if source == "postgres" and target in ("mysql", "sqlite", "duckdb", "trino"):
        without_public(tree)
    if source in ("postgres", "trino") and target == "mysql":
        small_letters(tree)
    if source == "trino" and target in ("postgres", "mysql"):
        own_names_folded(tree)
    if source == "trino" and target in ("postgres", "sqlite"):
        default_quoted(tree)
    return several_of(tree) if source == "mysql" else [tree]


def parts_otherwise(node):
    """Pieces of texts, and numbers, of which the same words say something else."""
    if isinstance(node, exp.Substring):
        was_read(node.args.get("start") if source == "trino" else None)
        return exp.Left(this=node.this.copy(), expression=exp.Literal.number(0)) if source == "trino" and number_of(node.args.get("start")) == 0 else \
            from_the_end(node) if wanted in ("postgres", "duckdb", "sqlite") else None
    if isinstance(node, exp.GenerateSeries) and series_of_moments(node) is not None:
        return series_of_moments(node)
    if isinstance(node, exp.GenerateSeries) and months_from_end(node):
        was_read(node.args["start"].unnest().this if isinstance(node.args["start"].unnest(), exp.Cast) else node.args["start"])
        cannot("months from a day on that not every month has")
    if isinstance(node, exp.StrPosition) and node.args.get("occurrence") is not None and source == "trino":
        return changed(node, occurrence=None) if number_of(node.args["occurrence"]) == 1 else cannot("strpos() of another than the first")
    if isinstance(node, exp.BitwiseRightShift):
        return shifted(node)
    if kind_of(node) in ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift") and wanted == "mysql" and source != "mysql":
        return signed(node)
    if isinstance(node, exp.Length) and node.args.get("binary") and source in ("snowflake", "bigquery"):
        return changed(node, binary=None) # of a text it counts letters
    if isinstance(node, exp.RegexpLike) and wanted == "snowflake" and source not in ("snowflake", "spark") and node.args.get("flag") is None:
        return exp.GT(this=call("REGEXP_INSTR", node.this, node.expression), expression=exp.Literal.number(0)) # its REGEXP_LIKE is of the whole text
    if isinstance(node, exp.Uuid) and source == "mysql" and wanted in ("postgres", "duckdb", "trino") and isinstance(node.parent, exp.Func) and not isinstance(node.parent, exp.Cast):
        return exp.cast(node.copy(), "text") # which is none there
    if isinstance(node, exp.Rand) and node.this is not None and wanted != "mysql":
        cannot("random numbers from a seed")
    if isinstance(node, exp.Add) and source in ("postgres", "duckdb") and number_of(node.this) is not None and is_date(node.expression.unnest()):
        return exp.Add(this=node.expression.copy(), expression=node.this.copy()) # 7 + d
    if isinstance(node, exp.Add) and source in ("trino", "duckdb") and has_interval(node.this) and not has_interval(node.expression):
        return exp.Add(this=node.expression.copy(), expression=node.this.copy())
    if isinstance(node, exp.Cast) and node.to.this == TYPE.BOOLEAN and source in ("trino", "duckdb") and (is_written(node.this) or is_of(node.this, *TEXTS)):
        if is_written(node.this):
            was_read(node.this)
        return postgres_kinds(node) if is_of(node.this, *TEXTS) or str(node.this.this).strip().lower() in TRUTHS else cannot("a truth that is written so")
    if isinstance(node, exp.Cast) and node.to.this == TYPE.DECIMAL and not node.to.expressions:
        return bare_decimal(node)
    if isinstance(node, exp.ColumnDef) and isinstance(node.args.get("kind"), exp.DataType) and node.args["kind"].this == TYPE.DECIMAL and not node.args["kind"].expressions:
        return stored_decimal(node)
    if source == "duckdb" and type(node) is exp.Anonymous and node.name.upper() in ("DATE_PART", "DATEPART") and len(node.expressions) == 2 and is_written(node.expressions[0]):
        return exp.Extract(this=exp.Var(this=str(node.expressions[0].this).upper()), expression=node.expressions[1].copy())
    if source == "duckdb" and isinstance(node, exp.IntDiv) and any(is_of(side.unnest(), "DECIMAL") or isinstance(side.unnest(), exp.Literal) and not side.unnest().is_int for side in (node.this, node.expression)):
        return exp.Div(this=exp.cast(node.this.copy(), "double"), expression=node.expression.copy()) # of decimals it is no whole number
    if source == "duckdb" and type(node).__name__ in ("DayOfWeek", "Week") and len([v for v in node.args.values() if v]) == 1: # its Sunday is 0, its weeks are those of ISO
        return exp.Extract(this=exp.Var(this="DOW" if isinstance(node, exp.DayOfWeek) else "WEEK"), expression=node.this.copy())
    if isinstance(node, exp.SimilarTo) and source == "duckdb" and isinstance(node.expression, exp.Literal): # a regular expression there
        return exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(f"^(?:{node.expression.this})$"))
    return None


def series_of_moments(series):
    """generate_series(ts, '2024-01-31', ..), whose end is one as well, and range(d, d, INTERVAL ..), which ends in front of it."""
    start, end, before = series.args["start"], series.args["end"], series.args.get("is_end_exclusive")
    if source not in ("postgres", "duckdb") or not (is_date(start) or is_of(start, *MOMENT_TYPES)) or not (before or is_written(end)):
        return None
    end = exp.cast(end.copy(), "timestamp")
    if before: # in whole seconds
        end = exp.Sub(this=end, expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="SECOND")))
    return changed(series, start=exp.cast(start.copy(), "timestamp"), end=end, is_end_exclusive=None)


def stored_decimal(node):
    """A column of all digits: ten of them behind the point have to do, where without a word there were none, or three."""
    kind = "decimal(10, 0)" if source == "mysql" else "decimal(38, 10)" if source == "postgres" and wanted in ("mysql", "duckdb", "trino") else None
    return changed(node, kind=exp.DataType.build(kind)) if kind is not None else None


def bare_decimal(node):
    """CAST(x AS decimal): all digits in PostgreSQL, three behind the point in DuckDB. (In MySQL there are none: from_mysql.py.)"""
    if source == "duckdb":
        return exp.cast(node.this.copy(), "decimal(18, 3)") if wanted != "trino" else None
    if source != "postgres" or wanted != "duckdb":
        return None
    inner = node.this.unnest()
    number = re.fullmatch(r"\s*[-+]?(\d*)\.?(\d*)\s*", str(inner.this)) if isinstance(inner, exp.Literal) else None
    if number is not None and 1 <= len(number[1] + number[2]) <= 37:
        return exp.cast(exp.Literal.string(str(inner.this)) if inner.is_string else exp.Literal.number(str(inner.this)), f"decimal({len(number[1] + number[2]) + 1}, {len(number[2])})")
    if is_of(inner, "DECIMAL"):
        return node.this.copy()
    if is_of(inner, "INT", "BIGINT", "SMALLINT", "TINYINT"):
        return exp.cast(node.this.copy(), "decimal(19, 0)")
    return exp.cast(node.this.copy(), "decimal(38, 15)" if isinstance(node.parent, (exp.Round, exp.Trunc)) else "double")


ROW_AS_TEXT = {"sqlite": "JSON_ARRAY", "mysql": "JSON_ARRAY"}


def distinct_rows(node):
    """count(DISTINCT (a, b)), where a row is no value; one of NULLs is one, too."""
    rows = node.this.expressions if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct) else []
    if source not in ("postgres", "trino", "duckdb") or wanted not in ROW_AS_TEXT or len(rows) != 1 or not isinstance(rows[0], exp.Tuple):
        return None
    row = call(ROW_AS_TEXT[wanted], *rows[0].expressions)
    return changed(node, this=exp.Distinct(expressions=[exp.cast(exp.cast(row, "text"), "binary") if wanted == "mysql" else row]))


def recursion_refused(tree):
    """LIMIT inside of a recursive query, which ends it in SQLite and MariaDB."""
    for cte in tree.find_all(exp.CTE):
        union, around = cte.this, cte.find_ancestor(exp.With)
        if isinstance(union, exp.SetOperation) and union.args.get("limit") is not None and around.args.get("recursive") and any(t.name.lower() == cte.alias.lower() for t in union.find_all(exp.Table)):
            cannot("LIMIT inside of a recursive query; a condition ends it, too")


def otherwise_meant(node):
    """What both dialects have under one name, and mean otherwise."""
    return node if node.meta.get("made") else distinct_rows(node) or moments_apart(node) or trimmed(node) or shorter_moments(node) or skipped_nulls(node) or record_rows_of(node) or json_and_rows(node) or parts_otherwise(node) or node


def counted_from_one(tree):
    """a[i]: sqlglot counts from 0 what it knows for a number by then. What it does not know is still as it was written, which it forgets when a type is learned."""
    for bracket in tree.find_all(exp.Bracket) if source in ("postgres", "duckdb", "trino") else ():
        index = bracket.expressions[0] if len(bracket.expressions) == 1 and not bracket.args.get("offset") else None
        if index is None or isinstance(index, (exp.Literal, exp.Neg, exp.Slice)):
            continue
        if not annotate_types(index.copy(), dialect=source).is_type(*exp.DataType.INTEGER_TYPES):
            bracket.set("offset", 1)


def improve(tree):
    target, columns = wanted, known_columns
    refused(tree)
    counted_from_one(tree)
    if source != target and target != "sqlite":
        recursion_refused(tree)
    with_ends_of_words(tree)
    ordered_names(tree)
    if source != target:
        places_read(tree)
    tree = rows_written_out(rebound(assigned_apart(tree)))
    if source == "duckdb" and target != "duckdb":
        tree = duckdb_tree_from(tree)
    if source == "trino" and type(tree) is exp.Values and target not in ("trino", "mysql") and set(key for key, value in tree.args.items() if value) == {"expressions"}:
        tree = named_values(tree)
    if source in ("postgres", "trino", "mysql"):
        name_columns(tree)
    tree = with_ties(tree) # whose order may be by these names
    if source == "trino":
        tree = rewrite(tree, trino_literal)
    if columns or tree.find(exp.With) is not None:
        tree = typed(tree, columns)
    if source == "mysql" and target in TARGETS:
        for select in tree.find_all(exp.Select) if target != "sqlite" else []:
            distinct_in_order(select)
        tree = rewrite(mysql_shown(tree), folded_literals)
        if any(is_of(column, *TEXTS) for column in tree.find_all(exp.Column)):
            tree = typed(by_folded_texts(tree), columns)
    if source == "trino" and target != "trino" and tree.find(exp.Div, exp.Avg) is not None:
        tree = rewrite(tree if columns else typed(tree, columns), trino_quotient)
    if columns and source == "mysql" and target in ("postgres", "duckdb", "trino"):
        tree = typed(rewrite(tree, mysql_numbers), columns)
    if source in ("mysql", "sqlite") and source != target and target in (*TARGETS, "mysql") and (columns or tree.find(exp.With, exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.Time) is not None or "now" in written_words):
        tree = typed(rewrite(typed(tree, columns), read_as_numbers), columns)
    if source == "postgres":
        tree = rewrite(tree, postgres_node)
    elif source == "mysql":
        tree = mysql_tree_from(tree)
    elif source == "trino":
        tree = rewrite(tree, trino_source)
    elif source == "sqlite" and target != "sqlite":
        tree = sqlite_tree_from(tree)
    elif source == "duckdb" and target != "duckdb":
        tree = rewrite(tree, duckdb_source)
    tree = typed(tree, columns)
    if target != source:
        tree = by_types(tree, columns)
    if target != source:
        tree = rewrite(tree, otherwise_meant)
    if target in ("sqlite", "mysql") and source != target and tree.find(exp.WindowSpec) is not None:
        tree = rewrite(tree, lambda node: (interval_frame(node) or node) if isinstance(node, exp.Window) else node)
    if source == "trino":
        tree = rewrite(tree, trino_result)
    if isinstance(tree, exp.Drop) and target in ("sqlite", "duckdb", "trino"):
        of_one(tree)
    if isinstance(tree, exp.Delete) and tree.args.get("using") and target == "sqlite":
        tree = found_delete(tree)
    if target == "sqlite":
        tree = sqlite_tree(tree)
    elif target == "duckdb":
        tree = rewrite(tree, duckdb_node)
    elif target == "postgres":
        tree = rewrite(tree, postgres_target)
    elif target == "mysql":
        tree = mysql_tree(tree)
    elif target == "trino":
        for select in reversed(list(tree.find_all(exp.Select))) if source != "trino" and tree.find(exp.Lateral) is not None else []:
            trino_lateral(select)
        for select in list(tree.find_all(exp.Select)) if source in ("postgres", "duckdb") else []:
            without_owner(select)
        tree = with_sets(tree, has_odd_keys) if source != "trino" else tree
        for select in list(tree.find_all(exp.Select)) if source != "trino" else []:
            named_groups(select)
        tree = rewrite(tree, trino_node)
    left_over(tree)
    return in_parentheses(tree) if target != source else tree
