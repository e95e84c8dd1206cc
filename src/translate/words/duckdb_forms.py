"""From DuckDB: what only its SELECT has. GROUP BY ALL, ORDER BY ALL, * EXCLUDE, * REPLACE, COLUMNS(), QUALIFY, PIVOT and UNPIVOT, lists made of lists.

Which columns a star stands for, the engine that is to run the statement tells (types.py); where it does not, the statement is refused."""


def is_star(node):
    return isinstance(node, exp.Star) or isinstance(node, exp.Column) and isinstance(node.this, exp.Star)


def tables_read(select):
    """[(what is read, columns that USING takes from it)] of a SELECT, in their order."""
    first = select.args.get("from_") or select.args.get("from")
    out = [(first.this, set())] if first is not None else []
    for join in select.args.get("joins") or []:
        if join.args.get("method") or str(join.args.get("kind") or "").upper() in ("SEMI", "ANTI"):
            cannot("this join and a star that is to be written in full")
        out.append((join.this, {column.name.lower() for column in join.args.get("using") or []}))
    return out


def columns_in(read, select):
    """Names of the columns of a table, a WITH query or a query in FROM."""
    alias = read.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        return [column.name for column in alias.columns]
    if isinstance(read, exp.Subquery):
        return shown_names(read.this)
    if isinstance(read, exp.Table):
        for holder in ancestors_with(select):
            for cte in holder.ctes:
                if cte.alias.lower() == read.name.lower():
                    named = cte.args["alias"].columns
                    return [column.name for column in named] if named else shown_names(cte.this)
        known = known_columns.get(read.name.lower())
        if known:
            return [written_names.get((read.name.lower(), column), column) for column in known]
    return cannot("a star that is to be written in full, of a table whose columns are not known")


def ancestors_with(select):
    node, out = select, []
    while node is not None:
        if isinstance(node, exp.Query) and node.ctes:
            out.append(node)
        node = node.parent
    return out


def shown_names(query):
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    if not isinstance(query, exp.Select):
        cannot("a star that is to be written in full, of what is no query")
    out = []
    for shown in query.expressions:
        out += [column.name for column in star_columns(query, shown)] if is_star(shown) else [shown.alias_or_name or cannot("a column without a name")]
    return out


def star_columns(select, star):
    """The columns that * or t.* stands for."""
    table, out = (star.table if isinstance(star, exp.Column) else ""), []
    read = tables_read(select)
    for one, merged in read:
        if table and one.alias_or_name.lower() != table.lower():
            continue
        out += [exp.column(exp.to_identifier(name, quoted=True), table=one.alias_or_name if len(read) > 1 else None) for name in columns_in(one, select) if name.lower() not in merged]
    return out or cannot("a star of nothing")


def star_in_full(select, star):
    """* EXCLUDE (a) REPLACE (f(b) AS b) RENAME (c AS d), as it is written elsewhere."""
    inner = star.this if isinstance(star, exp.Column) else star
    without = {e.name.lower() for e in inner.args.get("except_") or inner.args.get("except") or []}
    new = {e.alias.lower(): e for e in inner.args.get("replace") or []}
    renamed = {e.this.name.lower(): e.alias for e in inner.args.get("rename") or []}
    out = []
    for column in star_columns(select, star):
        name = column.name.lower()
        if name in without:
            continue
        shown = new[name].copy() if name in new else column
        out.append(exp.alias_(shown.unalias().copy(), renamed[name], quoted=True) if name in renamed else shown)
    return out


def chosen_columns(select, node):
    """The columns that COLUMNS('a.*') or COLUMNS(* EXCLUDE b) stands for."""
    what = node.this
    if is_star(what):
        return star_in_full(select, what)
    if is_written(what):
        was_read(what)
        pattern = re.compile(str(what.this))
        return [column for column in star_columns(select, exp.Star()) if pattern.search(column.name)] or cannot("COLUMNS() of no column")
    if isinstance(what, exp.Array) and all(is_written(e) for e in what.expressions):
        for e in what.expressions:
            was_read(e)
        return [exp.column(exp.to_identifier(str(e.this), quoted=True)) for e in what.expressions]
    return cannot("this COLUMNS()")


def stars_in_full(select):
    """What is shown, without what only DuckDB has."""
    out, changed_some = [], False
    for shown in select.expressions:
        inner = shown.this if is_star(shown) and isinstance(shown, exp.Column) else shown
        several = list(shown.find_all(exp.Columns))
        if isinstance(inner, exp.Star) and any(inner.args.get(key) for key in ("except_", "except", "replace", "rename")):
            out, changed_some = out + star_in_full(select, shown), True
        elif several:
            changed_some = True
            for column in chosen_columns(select, several[0]):
                one = shown.copy()
                if isinstance(one, exp.Columns):
                    out.append(column.copy())
                    continue
                for place in list(one.find_all(exp.Columns)):
                    place.replace(column.unalias().copy())
                out.append(one if isinstance(one, exp.Alias) else exp.alias_(one, column.alias_or_name, quoted=True))
        else:
            out.append(shown)
    if changed_some:
        select.set("expressions", [e.copy() for e in out])


def whole_list(select):
    """Every shown expression, stars in full."""
    out = []
    for shown in select.expressions:
        out += star_columns(select, shown) if is_star(shown) else [shown]
    return out


def by_all(select):
    """GROUP BY ALL, ORDER BY ALL."""
    group, order = select.args.get("group"), select.args.get("order")
    if group is not None and group.args.get("all"):
        keys = [e.unalias() for e in whole_list(select)]
        keys = [key.copy() for key in keys if not any(agg.find_ancestor(exp.Select) is select or agg is key for agg in key.find_all(exp.AggFunc)
                                                       if not isinstance(agg.parent, exp.Window)) and not isinstance(key, (exp.Literal, exp.Null, exp.Boolean))]
        select.set("group", exp.Group(expressions=keys) if keys else None)
    if order is not None and any(isinstance(one.this, exp.Var) and one.this.name.upper() == "ALL" for one in order.expressions):
        one, count = order.expressions[0], len(whole_list(select))
        select.set("order", exp.Order(expressions=[changed(one, this=exp.Literal.number(at)) for at in range(1, count + 1)]))


def named_conditions(select):
    """HAVING n > 2 and WHERE n > 2, where n is what is shown and no column."""
    names = {e.alias.lower(): e.this for e in select.expressions if isinstance(e, exp.Alias)}
    known = {name.lower() for one, _ in tables_read(select) if isinstance(one, exp.Table) for name in known_columns.get(one.name.lower(), {})}
    for clause in [select.args[key] for key in ("where", "having") if select.args.get(key) is not None]:
        for column in list(clause.find_all(exp.Column)):
            if not column.table and column.name.lower() in names and column.name.lower() not in known and column.find_ancestor(exp.Select) is select:
                column.replace(exp.paren(names[column.name.lower()].copy()))


def named_before(select):
    """SELECT max(i) AS m, m + 1: a name that stands before, and is of no column."""
    read = [one for one, _ in tables_read_plainly(select)]
    if any(not isinstance(one, exp.Table) or one.name.lower() not in known_columns for one in read):
        return
    known = {name for one in read for name in known_columns[one.name.lower()]}
    names = {}
    for shown in list(select.expressions):
        for column in list(shown.find_all(exp.Column)):
            if not column.table and column.name.lower() in names and column.name.lower() not in known and column.find_ancestor(exp.Select) is select:
                new = exp.paren(names[column.name.lower()].copy())
                if column.parent is select:
                    new = exp.alias_(new, column.name)
                column.replace(new)
        if isinstance(shown, exp.Alias):
            names[shown.alias.lower()] = shown.this


def tables_read_plainly(select):
    joins = select.args.get("joins") or []
    return tables_read(select) if not any(join.args.get("method") or str(join.args.get("kind") or "").upper() in ("SEMI", "ANTI") for join in joins) else []


# ---- QUALIFY ----

class Hidden:
    """Columns that a query in FROM has for the one around it alone."""

    def __init__(self, shown):
        self.shown, self.more = shown, []

    def column(self, expression):
        at = next((i for i, known in enumerate(self.more) if known.sql() == expression.sql()), None)
        if at is None:
            at = len(self.more)
            self.more.append(expression.copy())
        return exp.column(f"q{at}_")

    def outside(self, expression):
        """EXPRESSION as the query around it says it."""
        if isinstance(expression, exp.Column) and not expression.table and expression.name.lower() in self.shown:
            return exp.column(exp.to_identifier(self.shown[expression.name.lower()], quoted=True))
        if isinstance(expression, (exp.Column, exp.Window, exp.AggFunc)):
            return self.column(expression)
        out = expression.copy()
        for key, value in list(out.args.items()):
            if isinstance(value, exp.Expression):
                out.set(key, self.outside(value))
            elif isinstance(value, list):
                out.set(key, [self.outside(one) if isinstance(one, exp.Expression) else one for one in value])
        return out


def qualified(select):
    """SELECT .. QUALIFY c ORDER BY k as SELECT .. FROM (SELECT .., c's windows, k) WHERE c ORDER BY k."""
    qualify = select.args.get("qualify")
    if qualify is None:
        return None
    inner = select.copy()
    inner.set("expressions", [e.copy() for e in whole_list(select)])
    if select.args.get("distinct"):
        cannot("QUALIFY beside DISTINCT")
    said = [e.alias_or_name or f"column{at + 1}" for at, e in enumerate(inner.expressions)]
    names = [name if name.lower() not in [other.lower() for other in said[:at]] else f"{name}:{at + 1}" for at, name in enumerate(said)]
    for name, shown in zip(names, list(inner.expressions)):
        if shown.alias_or_name != name:
            shown.replace(exp.alias_(shown.unalias().copy(), name, quoted=True))
    hidden = Hidden({name.lower(): name for name in names})
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in names]
    outer = exp.select(*(column if name == one else exp.alias_(column, one, quoted=True) for column, name, one in zip(columns, names, said))).where(hidden.outside(qualify.this), copy=False)
    order = select.args.get("order")
    if order is not None:
        outer.set("order", exp.Order(expressions=[changed(one, this=one.this.copy() if number_of(one.this) is not None else hidden.outside(one.this)) for one in order.expressions]))
    for key in ("limit", "offset", "with_", "with"):
        if inner.args.get(key) is not None:
            outer.set(key, inner.args[key].copy())
    for key in ("qualify", "order", "limit", "offset", "with_", "with"):
        inner.set(key, None)
    for at, expression in enumerate(hidden.more):
        inner.append("expressions", exp.alias_(expression, f"q{at}_"))
    return outer.from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("qualified_"))), copy=False)


# ---- PIVOT and UNPIVOT ----

def pivot_cell(aggregate, condition):
    """sum(x) of the rows where CONDITION holds."""
    out = aggregate.copy()
    what = out.this
    if isinstance(out, exp.Count) and (what is None or isinstance(what, exp.Star)):
        out.set("this", exp.Case().when(condition.copy(), exp.Literal.number(1)))
    elif isinstance(what, exp.Distinct) and len(what.expressions) == 1:
        what.set("expressions", [exp.Case().when(condition.copy(), what.expressions[0].copy())])
    elif isinstance(what, exp.Expression) and not isinstance(what, (exp.Order, exp.Distinct)):
        out.set("this", exp.Case().when(condition.copy(), what.copy()))
    else:
        cannot("PIVOT of this aggregate")
    return out


def pivoted(read, pivot, select):
    """FROM t PIVOT (sum(x) FOR c IN ('a', 'b') GROUP BY g): a CASE for each value."""
    fields, aggregates = pivot.args.get("fields") or [], pivot.expressions
    if len(fields) != 1 or not isinstance(fields[0], exp.In) or not fields[0].expressions:
        cannot("PIVOT without IN and the values that become columns")
    key, values = fields[0].this, fields[0].expressions
    used = {column.name.lower() for part in [key, *aggregates] for column in part.find_all(exp.Column)}
    group = pivot.args.get("group")
    plain = changed(read, pivots=None)
    groups = [e.copy() for e in group.expressions] if group is not None else [exp.column(exp.to_identifier(name, quoted=True)) for name in columns_in(plain, select) if name.lower() not in used]
    shown = [g.copy() for g in groups]
    for value in values:
        what = value.args["this"] if isinstance(value, (exp.PivotAlias, exp.Alias)) else value
        was_read(what)
        name = value.alias if isinstance(value, exp.Alias) else value.args["alias"].name if isinstance(value, exp.PivotAlias) else str(what.this)
        for aggregate in aggregates:
            cell = pivot_cell(aggregate.unalias(), exp.EQ(this=key.copy(), expression=what.copy()))
            behind = aggregate.alias or ("" if len(aggregates) == 1 else aggregate.unalias().sql("duckdb"))
            shown.append(exp.alias_(cell, f"{name}_{behind}" if behind else name, quoted=True))
    query = exp.select(*shown).from_(plain, copy=False)
    if groups:
        query.set("group", exp.Group(expressions=groups))
    alias = pivot.args.get("alias")
    return exp.Subquery(this=query, alias=alias.copy() if alias is not None else exp.TableAlias(this=exp.to_identifier("pivoted_")))


def unpivoted(table, columns, name, value, select):
    """UNPIVOT t ON a, b INTO NAME n VALUE v: a query for each of the columns; NULLs are left out."""
    gone = {column.name.lower() for column in columns}
    rest = [exp.column(exp.to_identifier(one, quoted=True)) for one in columns_in(table, select) if one.lower() not in gone]
    parts = [exp.select(*(e.copy() for e in rest), exp.alias_(exp.Literal.string(column.name), name, quoted=True), exp.alias_(column.copy(), value, quoted=True)).from_(table.copy(), copy=False)
             .where(exp.not_(exp.Is(this=column.copy(), expression=exp.Null())), copy=False) for column in columns]
    return functools.reduce(lambda left, right: exp.Union(this=left, expression=right, distinct=False), parts)


def turned_tables(select):
    """PIVOT and UNPIVOT behind a table in FROM."""
    for read, _ in tables_read(select):
        pivots = read.args.get("pivots") or []
        if not pivots:
            continue
        pivot = pivots[0]
        if len(pivots) > 1 or not isinstance(read, (exp.Table, exp.Subquery)):
            cannot("several PIVOTs")
        if not pivot.args.get("unpivot"):
            read.replace(pivoted(read, pivot, select))
            continue
        field = pivot.args["fields"][0] if len(pivot.args.get("fields") or []) == 1 else cannot("this UNPIVOT")
        if not isinstance(field, exp.In) or pivot.args.get("include_nulls") or len(pivot.expressions) != 1:
            cannot("this UNPIVOT")
        query = unpivoted(changed(read, pivots=None), field.expressions, field.this.name, pivot.expressions[0].name, select)
        read.replace(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(pivot.alias or "unpivoted_"))))


def turned(tree):
    """PIVOT t ON c IN (..) USING sum(x) GROUP BY g, and UNPIVOT t ON a, b INTO NAME n VALUE v, as statements of their own."""
    into = tree.args.get("into")
    if tree.args.get("unpivot"):
        name, value = (into.this.name, into.expressions[0].name) if into is not None else ("name", "value")
        if not all(isinstance(e, exp.Column) for e in tree.expressions):
            cannot("this UNPIVOT")
        return unpivoted(tree.this, tree.expressions, name, value, exp.select("1"))
    using, on = tree.args.get("using") or [], tree.expressions
    if len(on) != 1 or not isinstance(on[0], exp.In) or not using:
        cannot("PIVOT without IN and the values that become columns, or without USING")
    pivot = exp.Pivot(expressions=[e.copy() for e in using], fields=[on[0].copy()], group=tree.args.get("group"))
    query = pivoted(tree.this, pivot, exp.select("1")).this
    order = query.args["group"].expressions if query.args.get("group") is not None else []
    query.set("order", exp.Order(expressions=[exp.Ordered(this=key.copy(), nulls_first=False) for key in order]) if order else None)
    return query


# ---- lists ----

def list_made(node):
    """[x * 2 FOR x IN l IF x > 1], list_transform(l, x -> x * 2), list_filter(l, x -> x > 1)."""
    if isinstance(node, exp.Array) and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Comprehension):
        one = node.expressions[0]
        name, of, made, asked = one.expression.name, one.args["iterator"], one.this, one.args.get("condition")
    elif isinstance(node, (exp.Transform, exp.ArrayFilter)) and isinstance(node.expression, exp.Lambda) and len(node.expression.expressions) == 1:
        name, of, inner = node.expression.expressions[0].name, node.this, node.expression.this
        made, asked = (inner, None) if isinstance(node, exp.Transform) else (exp.column(name), inner)
    else:
        return None
    if wanted == "trino":
        variable = exp.to_identifier(name)
        if asked is not None:
            of = exp.Anonymous(this="FILTER", expressions=[of.copy(), exp.Lambda(this=asked.copy(), expressions=[variable.copy()])])
        return exp.Anonymous(this="TRANSFORM", expressions=[of.copy(), exp.Lambda(this=made.copy(), expressions=[variable])])
    if wanted != "postgres":
        cannot("lists")
    query = exp.select(made.copy()).from_(exp.Unnest(expressions=[of.copy()], alias=exp.TableAlias(this=exp.to_identifier("t_"), columns=[exp.to_identifier(name), exp.to_identifier("n_")]), offset=True), copy=False)
    if asked is not None:
        query.where(asked.copy(), copy=False)
    return exp.Array(expressions=[query.order_by("n_", copy=False)])


def duckdb_tree_from(tree):
    """TREE without DuckDB's own forms."""
    if isinstance(tree, exp.Pivot):
        tree = turned(tree)
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.GenerateSeries) and not (table.args.get("alias") is not None and table.args["alias"].columns):
            name = "range" if table.this.args.get("is_end_exclusive") else "generate_series"
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias or name, quoted=True), columns=[exp.to_identifier(name, quoted=True)]))
    for select in list(tree.find_all(exp.Select)):
        named_before(select)
        named_conditions(select)
    for select in reversed(list(tree.find_all(exp.Select))):
        turned_tables(select)
        stars_in_full(select)
        by_all(select)
        new = qualified(select)
        if new is not None and select is tree:
            tree = new
        elif new is not None:
            select.replace(new)
    return rewrite(tree, lambda node: list_made(node) or node)


# ---- functions ----

def ranked(of, value, part):
    """median(x), quantile_cont(x, 0.5) as percentile_cont(0.5) WITHIN GROUP (ORDER BY x)."""
    whole = exp.WithinGroup(this=of(this=part.copy()), expression=exp.Order(expressions=[exp.Ordered(this=value.copy(), nulls_first=False)]))
    kind, digits = value.type, None
    if is_of(value, "DECIMAL") and of is exp.PercentileCont:
        digits = kind.meta.get("scale")
    out = (between_ranks(whole) if wanted in ("sqlite", "mysql", "trino") else None) or whole
    return exp.Trunc(this=exp.paren(out), decimals=exp.Literal.number(digits)) if digits is not None else out


def piece_of_text(node):
    """'abc'[2], 'abc'[1:2]."""
    if len(node.expressions) != 1 or not (is_written(node.this) or is_of(node.this, *TEXTS)):
        return None
    at = node.expressions[0]
    if isinstance(at, exp.Slice):
        first, last = number_of(at.this) if at.this is not None else 1, number_of(at.expression) if at.expression is not None else None
        if first is None or at.expression is not None and last is None or first == 0 or last is not None and (last < 0 or first < 0):
            cannot("this slice of a text")
        if first < 0:
            return exp.Right(this=node.this.copy(), expression=exp.Literal.number(-first))
        return exp.Substring(this=node.this.copy(), start=exp.Literal.number(first), length=exp.Literal.number(max(last - first + 1, 0)) if last is not None else None)
    number = number_of(at) # of what sqlglot takes for a text it is the place; of the rest it has made one less of it
    number = number + 1 if number is not None and number >= 0 and not (isinstance(node.this.unnest(), (exp.Func, exp.DPipe)) or is_written(node.this)) else number
    if number is None or number < 1:
        cannot("this element of a text")
    return exp.Substring(this=node.this.copy(), start=exp.Literal.number(number), length=exp.Literal.number(1))


def braces_filled(node):
    """format('{} of {}', a, b)."""
    if not is_written(node.this) or re.search(r"\{[^}]", str(node.this.this)):
        cannot("format() with other places than {}")
    was_read(node.this)
    pieces, args = re.split(r"\{\}", str(node.this.this)), node.expressions
    if len(pieces) != len(args) + 1:
        cannot("format() with so many values")
    out = [part for at, piece in enumerate(pieces) for part in ([exp.Literal.string(piece)] if piece else []) + ([exp.cast(args[at].copy(), "text")] if at < len(args) else [])]
    return exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), out))


def bucketed(node):
    """time_bucket(INTERVAL '7 days', x): spans are counted from a Monday."""
    if interval_seconds(node.this) is None:
        cannot("time_bucket() of months")
    binned_so = changed(node, expression=exp.cast(node.expression.copy(), "timestamp"), unit=exp.cast(exp.Literal.string("2000-01-03"), "timestamp"))
    out = call("DATE_BIN", node.this, binned_so.expression, binned_so.args["unit"]) if wanted == "postgres" else binned(binned_so)
    return exp.cast(out, "date") if is_of(node.expression, "DATE") and interval_seconds(node.this) % 86400 == 0 else out


def of_an_end(node):
    """first(x ORDER BY y), last(x ORDER BY y)."""
    ordered = node.this if isinstance(node.this, exp.Order) else None
    if ordered is None:
        return cannot("first() and last() without an order")
    order = [one.copy() for one in ordered.expressions]
    if isinstance(node, exp.Last):
        order = [changed(one, desc=not one.args.get("desc"), nulls_first=not one.args.get("nulls_first")) for one in order]
    if wanted in ("sqlite", "mysql"):
        return value_in_order(ordered.this, 1, order)
    listed_so = exp.ArrayAgg(this=exp.Order(this=ordered.this.copy(), expressions=order))
    return call("ELEMENT_AT", listed_so, 1) if wanted == "trino" else first_of(listed_so)


def chained(node):
    """x.upper() and x.split('@')[2] of a column x, or of a text: upper(x)."""
    inner = node.expression
    if not isinstance(inner, exp.Func) or not isinstance(node.this, (exp.Column, exp.Identifier, exp.Literal, exp.Func, exp.Dot)):
        return None
    first = exp.column(node.this.copy()) if isinstance(node.this, exp.Identifier) else node.this.copy()
    text = inner.sql("duckdb")
    name, _, rest = text.partition("(")
    return sqlglot.parse_one(f"{name}(first_{'' if rest == ')' else ', '}{rest}", read="duckdb").transform(lambda n: first if isinstance(n, exp.Column) and n.name == "first_" else n)


def weeks_formatted(node):
    """strftime(x, '%u %V'): days of the week and weeks, for which the letters are others elsewhere."""
    text, what = str(node.args["format"].this), node.this
    units = {"%u": ("ISODOW", 0), "%w": ("DOW", 0), "%V": ("WEEK", 2), "%G": ("ISOYEAR", 4)}
    if not re.search("%[uwVGUW]", text):
        return None
    if re.search("%[UW]", text):
        cannot("weeks of the year from the first Sunday or Monday")
    pieces = [part_text(what, *units[piece]) if piece in units else piece for piece in re.findall(r"%-?.|[^%]+", text)]
    whole = in_pieces(what, pieces)
    for part in whole.walk():
        part.meta["made"] = True
    return whole


def mapped(node):
    """map {'a': 1} and map {'a': 1}['a'], of which sqlglot takes the braces and what is behind them together."""
    pairs, element = (node.this.this, node.this) if isinstance(node.this, exp.Bracket) else (node.this, None)
    if not isinstance(pairs, exp.Struct) or not all(isinstance(e, exp.PropertyEQ) for e in pairs.expressions):
        return None
    keys = [exp.Literal.string(e.name) if isinstance(e.this, exp.Identifier) else e.this.copy() for e in pairs.expressions]
    out = call("MAP", exp.Array(expressions=keys), exp.Array(expressions=[e.expression.copy() for e in pairs.expressions]))
    return out if element is None else call("ELEMENT_AT", out, element.expressions[0])


def duckdb_source(node):
    if isinstance(node, exp.Interval) and node.this is not None and not isinstance(node.this, exp.Literal) and isinstance(node.args.get("unit"), exp.Var) and isinstance(node.parent, (exp.Add, exp.Sub)):
        return exp.Mul(this=exp.paren(node.this.copy()), expression=exp.Interval(this=exp.Literal.string("1"), unit=node.args["unit"].copy()))
    if isinstance(node, exp.TimeToStr) and not node.meta.get("made") and is_written(node.args.get("format")):
        return weeks_formatted(node) or node
    if isinstance(node, exp.Collate) and node.expression.name.upper() == "NOCASE" and wanted != "sqlite":
        folded_side = exp.Lower(this=node.this.copy())
        folded_side.meta["nocase"] = True
        return folded_side
    if isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)) and without_case(node) is not None:
        return without_case(node)
    if isinstance(node, exp.Collate) and wanted != "sqlite" and node.expression.name.upper() not in ("C", "POSIX", "BINARY"):
        cannot(f"the collation {node.expression.name}")
    if isinstance(node, exp.Dot) and chained(node) is not None:
        return chained(node)
    if type(node) is exp.Cast and is_written(node.this) and node.to.this in exp.DataType.INTEGER_TYPES and re.fullmatch(r"\s*-?\d{1,17}\.\d+\s*", str(node.this.this)):
        was_read(node.this)
        return changed(node, this=exp.cast(exp.Literal.number(str(node.this.this).strip()), "decimal(38, 18)")) # it is rounded
    if isinstance(node, exp.ToMap) and wanted == "trino":
        return mapped(node) or node
    if type(node).__name__ in ("First", "Last") and not isinstance(node.parent, (exp.Window, exp.IgnoreNulls, exp.RespectNulls)):
        return of_an_end(node)
    if isinstance(node, exp.Glob) and wanted != "sqlite":
        return globbed(node)
    if type(node) is exp.Anonymous and node.name.upper() == "YEARWEEK" and len(node.expressions) == 1:
        week = [exp.Extract(this=exp.Var(this=unit), expression=node.expressions[0].copy()) for unit in ("ISOYEAR", "WEEK")]
        return exp.Paren(this=exp.Add(this=exp.Mul(this=week[0], expression=exp.Literal.number(100)), expression=week[1]))
    if type(node) is exp.Anonymous and node.name.upper() == "TYPEOF" or type(node).__name__ == "Typeof":
        cannot("typeof(), as every engine has its own names of types")
    if type(node).__name__ == "LimitOptions" and node.args.get("percent"):
        cannot("LIMIT by a percentage")
    if isinstance(node, exp.Extract) and singular(node.this.name) == "SECOND" and wanted == "postgres":
        return filled("CAST(FLOOR(EXTRACT(SECOND FROM _1)) AS BIGINT)", [node.expression])
    if isinstance(node, exp.Extract) and node.this.name.upper() in AGES and wanted in ("sqlite", "mysql", "trino"):
        return of_many_years(node)
    if isinstance(node, exp.DateBin) and node.args.get("unit") is None and node.args.get("origin") is None and isinstance(node.this, exp.Interval):
        return bucketed(node)
    if isinstance(node, (exp.Unnest, exp.Explode)) and wanted == "postgres" and isinstance(node.parent, (exp.Select, exp.Alias)):
        rows = node.expressions[0] if node.expressions else node.this
        return rows.copy() if isinstance(rows, exp.GenerateSeries) else node
    if isinstance(node, exp.Select) and wanted in ("sqlite", "mysql", "trino") and shown_rows(node) is not None:
        return shown_rows(node)
    if type(node).__name__ == "BitwiseCount" or type(node) is exp.Anonymous and node.name.upper() == "BIT_COUNT" and len(node.expressions) == 1:
        row = MYSQL_FUNCTIONS["BIT_COUNT/1"]
        text = row[TARGETS.index(wanted)] if wanted in TARGETS else None
        return filled(text, node.expressions or [node.this]) if text else node
    if type(node) is exp.Div and isinstance(node.parent, exp.Div) and node.parent.this is node and not isinstance(node.this, exp.Cast) and not is_of(node.this, "DECIMAL"):
        return changed(node, this=exp.cast(node.this.copy(), "double")) # a quotient is no integer there
    if isinstance(node, exp.Count) and node.this is None:
        return changed(node, this=exp.Star())
    if type(node) is exp.Anonymous and node.name.upper() == "GROUPING_ID" or type(node).__name__ == "GroupingId":
        return exp.Anonymous(this="GROUPING", expressions=[e.copy() for e in node.expressions])
    if isinstance(node, exp.Sub) and wanted in ("sqlite", "mysql") and is_moment(node.this) and is_moment(node.expression) and not (is_date(node.this) and is_date(node.expression)):
        cannot("the difference of two moments as an interval; date_diff() has its units")
    if isinstance(node, exp.Insert) and node.args.get("by_name"):
        cannot("INSERT .. BY NAME; the columns may be named behind the table")
    if is_insert_or(node, "REPLACE") and wanted in ("mysql", "trino"):
        return replacing_all(node) if wanted == "mysql" else cannot("what is to be done with a duplicate key")
    if type(node).__name__ == "ArraySlice" and (is_written(node.this) or is_of(node.this, *TEXTS)):
        cannot("array_slice() of a text; 'abc'[1:2] is a part of one")
    if isinstance(node, (exp.Struct, exp.PropertyEQ, exp.Map, exp.ToMap)) and wanted in ("postgres", "sqlite", "mysql"):
        cannot("structures and maps as values")
    if isinstance(node, exp.Median):
        return ranked(exp.PercentileCont, node.this, exp.Literal.number("0.5"))
    if isinstance(node, (exp.PercentileCont, exp.PercentileDisc)) and node.expression is not None and not isinstance(node.parent, exp.WithinGroup):
        return ranked(type(node), node.this, node.expression)
    if isinstance(node, exp.Quantile):
        return ranked(exp.PercentileDisc, node.this, node.args["quantile"])
    if isinstance(node, exp.Mode) and isinstance(node.this, exp.Expression):
        cannot("mode(), which takes the first of several that are as frequent")
    if isinstance(node, exp.Length) and isinstance(node.this, (exp.Array, exp.Split, exp.StringToArray)):
        return exp.ArraySize(this=node.this.copy())
    if isinstance(node, exp.TryCast) and wanted in ("postgres", "sqlite"):
        return tried(node) or node
    if isinstance(node, exp.UnixToTime) and number_of(node.args.get("scale")) == 3 and (is_date(node.this) or is_of(node.this, *MOMENT_TYPES)): # epoch_ms() of a moment is a number
        seconds = exp.Extract(this=exp.Var(this="EPOCH"), expression=exp.cast(node.this.copy(), "timestamp"))
        return exp.cast(exp.Mul(this=exp.paren(seconds), expression=exp.Literal.number(1000)), "bigint")
    if is_insert_or(node, "IGNORE"):
        return changed(node, alternative=None, ignore=True)
    if isinstance(node, (exp.DateAdd, exp.DateSub)) and isinstance(node.expression, exp.Interval):
        return (exp.Add if isinstance(node, exp.DateAdd) else exp.Sub)(this=node.this.copy(), expression=node.expression.copy())
    if (type(node) is exp.Anonymous and node.name.upper() == "CONTAINS" and len(node.expressions) == 2 or type(node).__name__ == "Contains") and \
            any(is_written(side) or is_of(side, *TEXTS) for side in (node.expressions or [node.this, node.expression])[:1]):
        text, part = node.expressions or [node.this, node.expression]
        return exp.Paren(this=exp.GT(this=exp.StrPosition(this=text.copy(), substr=part.copy()), expression=exp.Literal.number(0)))
    if isinstance(node, exp.Bracket):
        return piece_of_text(node) or node
    if isinstance(node, exp.Format):
        return braces_filled(node)
    name = node.name.upper() if type(node) is exp.Anonymous else type(node).__name__.upper()
    if name in ("MONTHNAME", "DAYNAME"):
        what = node.expressions[0] if type(node) is exp.Anonymous else node.this
        return exp.TimeToStr(this=exp.cast(what.copy(), "timestamp"), format=exp.Literal.string("%B" if name == "MONTHNAME" else "%A"))
    if is_unnamed(node):
        return changed(node, alias=exp.TableAlias(this=exp.to_identifier("unnamed_")))
    return node
