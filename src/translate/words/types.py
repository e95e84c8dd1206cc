"""The types of columns, as the engine that is to run the statement tells them: what is a date, a truth or a text decides what a statement means."""

SEPARATOR = "\x1f"
known_columns = {}  # of the statement at work, as column_types() gives them
known_keys = {}     # of its tables: {table: {"counts": column or None, "unique": [[column ..] ..]}}
own_functions = set() # names of functions that somebody made there
written_names = {}  # (table, column) in lower case: the column as it is written


def key_told(table, words):
    """Of a line without column: 'counts' and the column that does, 'unique' and the columns of a key, the primary one first."""
    told = known_keys.setdefault(table, {"counts": None, "unique": []})
    if words[0] == "counts":
        told["counts"] = words[1].lower()
    elif words[0] == "server":
        told["server"] = words[1]
    elif words[0] == "function":
        own_functions.add(words[1].lower())
    elif words[0] == "default":
        told.setdefault("default", {})[words[1].lower()] = words[-1]
    elif words[0] == "required":
        told.setdefault("required", []).append(words[1].lower())
    elif words[1:] not in told["unique"]:
        told["unique"].append(words[1:])


def column_types(rows):
    """{table: {column: type}} of the lines that Turnout sends, all in lower case; a column that several tables of one name have otherwise is not in it."""
    known, other = {}, set()
    known_keys.clear()
    own_functions.clear()
    written_names.clear()
    for line in rows.splitlines():
        parts = line.split(SEPARATOR)
        if len(parts) > 3 and not parts[1]:
            key_told(parts[0].lower(), parts[2:])
        if len(parts) != 3:
            continue
        written_names[(parts[0].lower(), parts[1].lower())] = parts[1]
        table, column, kind = parts[0].lower(), parts[1].lower(), data_type(parts[2])
        before = known.setdefault(table, {}).setdefault(column, kind)
        if before.this != kind.this:
            other.add((table, column))
    for table, column in other:
        known[table][column] = exp.DataType.build("unknown")
    return known


def read_type(text, dialect):
    lower = text.strip().lower()
    if dialect == "mysql" and re.match(r"(tinyint\(1\)|bool(ean)?$)", lower):
        return exp.DataType.build("boolean")
    if dialect == "sqlite":
        return sqlite_type(lower)
    if dialect == "mysql" and lower.startswith(("enum", "set")):
        return exp.DataType.build("text")
    try:
        kind = exp.DataType.build(text, dialect=dialect)
    except Exception:
        return exp.DataType.build("unknown")
    if kind.this == TYPE.USERDEFINED:
        return exp.DataType.build("unknown")
    if kind.this == TYPE.TIMESTAMPNTZ:
        return exp.DataType(this=TYPE.TIMESTAMP)
    if not kind.expressions or kind.args.get("nested"):
        return kind
    bare_kind = exp.DataType(this=kind.this) # one with a length is coerced to by sqlglot, whatever the other is
    if kind.this == TYPE.DECIMAL:
        bare_kind.meta["scale"] = int(kind.expressions[1].name) if len(kind.expressions) == 2 and kind.expressions[1].name.isdigit() else 0
    return bare_kind


def sqlite_type(text):
    """As declared; a text is what nobody declared otherwise."""
    name = re.match(r"[a-z ]*", text)[0].strip()
    for word, kind in (("bool", "boolean"), ("datetime", "timestamp"), ("timestamp", "timestamp"), ("date", "date"), ("time", "time"), ("json", "json"), ("bigint", "bigint"), ("int8", "bigint"), ("int", "int"),
                       ("char", "text"), ("clob", "text"), ("text", "text"), ("string", "text"), ("blob", "varbinary"), ("real", "double"), ("floa", "double"), ("doub", "double"), ("dec", "decimal"),
                       ("numeric", "decimal")):
        if word in name:
            out, digits = exp.DataType.build(kind), re.search(r"\(\s*\d+\s*,\s*(\d+)\s*\)", text)
            if kind == "decimal" and digits is not None:
                out.meta["scale"] = int(digits[1])
            return out
    return exp.DataType.build("unknown")


kinds = {}  # (text, dialect): type


def data_type(text):
    """A type as the engine of the wanted dialect names it."""
    if len(kinds) > 10000:
        kinds.clear()
    if (text, wanted) not in kinds:
        kinds[(text, wanted)] = read_type(text, wanted)
    return kinds[(text, wanted)]


def known_schema(columns):
    """What annotate_types() asks, by names without regard to case or schema."""
    class Known(Schema):
        dialect = Dialect.get_or_raise(source)
        supported_table_args = ("this", "db", "catalog")
        empty = not columns

        def add_table(self, *_, **__):
            pass

        def column_names(self, table, *_, **__):
            return list(columns.get(table.name.lower(), {})) if isinstance(table, exp.Table) else []

        def get_column_type(self, table, column, *_, **__):
            name = column if isinstance(column, str) else column.name
            kind = columns.get(table.name.lower(), {}).get(name.lower()) if isinstance(table, exp.Table) else None
            return kind.copy() if kind is not None else exp.DataType.build("unknown")

        def has_column(self, table, column, *_, **__):
            return (column if isinstance(column, str) else column.name).lower() in columns.get(table.name.lower(), {})

    return Known()


def columns_of(scope, name, columns):
    """{column in lower case} of a source of SCOPE; None = not known."""
    found = scope.sources.get(name)
    if isinstance(found, exp.Table):
        return set(columns[found.name.lower()]) if found.name.lower() in columns else None
    inner = found.expression if found is not None else None
    if not isinstance(inner, exp.Query):
        return None
    names = [select.alias_or_name.lower() for select in inner.selects]
    alias = inner.parent.args.get("alias") if isinstance(inner.parent, exp.Subquery) else None
    return None if "*" in names or "" in names or (alias is not None and alias.args.get("columns")) else set(names)


def table_for(scope, column, columns):
    """The name of the only source that can have COLUMN, which stands without one; of outer scopes where none of its own has it."""
    while scope is not None:
        known = {name: columns_of(scope, name, columns) for name in scope.selected_sources}
        having = [name for name, names in known.items() if names is not None and column.name.lower() in names]
        if having:
            return having[0] if len(having) == 1 else None
        if any(names is None for names in known.values()):
            return next(iter(known)) if len(known) == 1 else None
        scope = scope.parent
    return None


def changed_table(tree):
    """Of UPDATE and DELETE on one table."""
    table = tree.this if isinstance(tree, (exp.Update, exp.Delete)) else None
    return table if isinstance(table, exp.Table) and not table.args.get("joins") else None


def typed_changes(tree, columns, annotator):
    """Columns of UPDATE and DELETE outside of queries in them."""
    table = changed_table(tree)
    known = columns.get(table.name.lower(), {}) if table is not None else {}
    for column in tree.find_all(exp.Column) if known else []:
        inside = column.find_ancestor(exp.Query)
        if inside is None and column.table.lower() in ("", table.alias_or_name.lower()) and column.name.lower() in known:
            annotator._set_type(column, known[column.name.lower()].copy())


MOMENT_TYPES = ("TIMESTAMP", "TIMESTAMPNTZ", "TIMESTAMPTZ", "DATETIME")


def is_of(node, *names):
    return node is not None and node.type is not None and getattr(node.type.this, "name", "") in names


def difference_type(annotator, node):
    """d - d is a number of days, ts - ts an interval, and d - interval a moment; d + 1 a date."""
    left, right = node.left, node.right
    if isinstance(node, exp.Sub) and is_of(left, "DATE") and is_of(right, "DATE"):
        kind = TYPE.INTERVAL if source == "trino" else TYPE.INT
    elif isinstance(node, exp.Sub) and is_of(left, "DATE", *MOMENT_TYPES) and is_of(right, "DATE", *MOMENT_TYPES):
        kind = TYPE.INTERVAL
    elif isinstance(right, exp.Interval) and is_of(left, "DATE") or isinstance(left, exp.Interval) and is_of(right, "DATE"):
        kind = TYPE.TIMESTAMP
    elif isinstance(right, exp.Interval) and is_of(left, *MOMENT_TYPES) or isinstance(left, exp.Interval) and is_of(right, *MOMENT_TYPES):
        kind = left.type if not isinstance(left, exp.Interval) else right.type
    elif is_of(left, "DATE") and right.is_type(*exp.DataType.INTEGER_TYPES) or is_of(right, "DATE") and left.is_type(*exp.DataType.INTEGER_TYPES):
        kind = TYPE.DATE
    else:
        return annotator._annotate_binary(node)
    annotator._set_type(node, kind)
    return node


def number_type(annotator, node):
    """1.5 is exact, 15e-1 is not."""
    annotator._annotate_literal(node)
    if not node.is_string and not node.is_int and "e" not in str(node.this).lower():
        annotator._set_type(node, TYPE.DECIMAL)
    return node


def rounded_type(annotator, node):
    """A decimal stays one; an integer is a double in PostgreSQL."""
    whole = node.this.is_type(*exp.DataType.INTEGER_TYPES)
    annotator._set_type(node, TYPE.DOUBLE if whole and source == "postgres" else node.this.type if whole or is_of(node.this, "DECIMAL", "DOUBLE", "FLOAT") else TYPE.UNKNOWN)
    return node


def sum_type(annotator, node):
    what = node.this.this if isinstance(node.this, exp.Distinct) and not node.this.expressions else node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    kind = what.type if what is not None and what.type is not None else TYPE.UNKNOWN
    if what is not None and what.is_type(*exp.DataType.INTEGER_TYPES, TYPE.DECIMAL):
        whole = isinstance(node, exp.Sum) and not what.is_type(TYPE.BIGINT, TYPE.DECIMAL)
        kind = TYPE.BIGINT if whole else TYPE.DECIMAL
    elif what is not None and what.is_type(TYPE.FLOAT) and isinstance(node, exp.Avg):
        kind = TYPE.DOUBLE
    annotator._set_type(node, kind)
    return node


def metadata():
    """How the source's dialect types what sqlglot types otherwise."""
    known = {**Dialect.get_or_raise(source).EXPRESSION_METADATA}
    if source in ("postgres", "mysql"):
        known[exp.Round] = known[exp.Trunc] = {"annotator": rounded_type}
    if source in ("postgres", "duckdb", "trino"):
        known[exp.Add] = known[exp.Sub] = {"annotator": difference_type}
        known[exp.Mul] = {"annotator": lambda annotator, node: annotator._set_type(node, TYPE.INTERVAL) if any(isinstance(side, exp.Interval) for side in (node.left, node.right)) else annotator._annotate_binary(node)}
    if source == "postgres":
        known[exp.TimestampTrunc] = known[exp.DateTrunc] = {"returns": TYPE.TIMESTAMP}
    if source in ("postgres", "mysql", "trino"):
        known[exp.Literal] = {"annotator": number_type}
    if source == "trino":
        known[exp.Extract] = {"returns": TYPE.BIGINT}
        known.update({kind: {"returns": TYPE.BIGINT} for kind in (exp.Year, exp.Month, exp.Day, exp.Quarter)})
    if source == "postgres":
        known[exp.Sum] = known[exp.Avg] = {"annotator": sum_type}
        known[exp.Extract] = {"returns": TYPE.DECIMAL}
    return known


def names_of_ctes(tree):
    """WITH q(x) AS (SELECT a ..) as WITH q(x) AS (SELECT a AS x ..): where the types are looked for by name."""
    for cte in tree.find_all(exp.CTE):
        alias, first = cte.args.get("alias"), cte.this
        while isinstance(first, exp.SetOperation):
            first = first.this.unnest()
        if alias is None or not alias.args.get("columns") or not isinstance(first, exp.Select) or first.is_star or len(first.expressions) != len(alias.columns):
            continue
        for column, shown in zip(alias.columns, list(first.expressions)):
            shown.replace(exp.alias_(shown.unalias().copy(), column.name, quoted=column.args.get("quoted")))


def typed_series(tree, annotator):
    """FROM generate_series(DATE '2024-01-01', .., INTERVAL '1 day') AS g(day): moments, not days."""
    for table in tree.find_all(exp.Table) if source in ("postgres", "duckdb") else []:
        series, alias = table.this, table.args.get("alias")
        if not isinstance(series, exp.GenerateSeries) or alias is None or not (is_date(series.args["start"]) or is_of(series.args["start"], *MOMENT_TYPES)):
            continue
        name = (alias.columns[0].name if alias.columns else table.alias).lower()
        select = table.find_ancestor(exp.Select)
        for column in select.find_all(exp.Column) if select is not None else []:
            if column.name.lower() == name and column.table.lower() in ("", table.alias.lower()):
                moment = column
                while moment is column or isinstance(moment, exp.Paren) or isinstance(moment, (exp.Add, exp.Sub)) and isinstance(moment.expression, exp.Interval):
                    annotator._set_type(moment, TYPE.TIMESTAMP)
                    moment = moment.parent


def typed(tree, columns):
    """TREE with types where they can be known: of columns as COLUMNS has them, of the rest by what it is made of."""
    lent = []
    try:
        schema = known_schema(columns)
        names_of_ctes(tree)
        for scope in traverse_scope(tree):
            for column in list(scope.find_all(exp.Column)):
                name = table_for(scope, column, columns) if not column.table else None
                if name:
                    column.set("table", exp.to_identifier(name))
                    lent.append(column)
        annotator = TypeAnnotator(schema, metadata())
        for scope in traverse_scope(tree):
            annotator.annotate_scope(scope)
        typed_changes(tree, columns, annotator)
        typed_series(tree, annotator)
        annotator.annotate(tree, annotate_scope=False)
        return tree
    except Exception:
        return tree
    finally:
        for column in lent:
            column.set("table", None)
