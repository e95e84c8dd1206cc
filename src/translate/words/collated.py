"""Texts in an order: MySQL's collations take a for A, the others tell letters apart. What is known to be a text is compared as the source's dialect
has it. (Which order PostgreSQL's own collation has, nobody told: its clients take the engine's; two texts are equal there letter by letter.)"""

BINARY_SOURCES = ("trino", "duckdb", "sqlite")  # whose texts have the order of their letters' numbers


def is_a_text(node):
    """Of a column that is one, or made of one."""
    return is_of(node, *TEXTS) and not isinstance(node, exp.Literal)


def made_of_columns(node):
    return is_a_text(node) and not isinstance(node, (exp.Lower, exp.TimeToStr, exp.Cast, exp.MD5, exp.Hex, exp.GroupConcat)) and \
        any(is_of(column, *TEXTS) for column in node.find_all(exp.Column))


def folded(node):
    """A text as MySQL's collations order it: without regard to case."""
    if wanted == "sqlite":
        return exp.Collate(this=exp.paren(node.copy()) if isinstance(node, exp.Binary) else node.copy(), expression=exp.Var(this="NOCASE"))
    return exp.Lower(this=node.copy())


def shown_as(select, key):
    """What an ORDER BY means by a place, or by the name of a column that is shown."""
    at = number_of(key)
    if at is not None:
        if not 0 < at <= len(select.expressions):
            return key
        key.set("this", str(key.this)) # it was read
        return select.expressions[at - 1].unalias()
    if isinstance(key, exp.Column) and not key.table:
        return next((e.this for e in select.expressions if isinstance(e, exp.Alias) and e.alias.lower() == key.name.lower()), key)
    return key


def shown_behind(select, key):
    """What of SELECT an ORDER BY behind several names, or counts to; None = nothing."""
    at = number_of(key)
    if at is not None:
        key.set("this", str(key.this)) # it was read
        return select.expressions[at - 1] if 0 < at <= len(select.expressions) else None
    if not isinstance(key, exp.Column) or key.table:
        return None
    return next((e for e in select.expressions if e.alias_or_name.lower() == key.name.lower()), None)


def fold_order(query):
    """ORDER BY s of MySQL's clients."""
    order = query.args.get("order")
    if order is None or not isinstance(query, exp.Select) or query.is_star and any(number_of(one.this) is not None for one in order.expressions):
        return
    for one in order.expressions:
        key = shown_as(query, one.this) if isinstance(one, exp.Ordered) else None
        if key is not None and made_of_columns(key) and key.find(exp.Subquery) is None:
            one.set("this", folded(key))


def folded_greatest(node):
    """max(s), min(s): of the text that is the greatest without regard to case."""
    inner, down = node.this, isinstance(node, exp.Max)
    if wanted == "sqlite":
        return changed(node, this=folded(inner))
    if isinstance(node.parent, exp.Window):
        return None
    if wanted == "postgres":
        order = exp.Ordered(this=folded(inner), desc=down, nulls_first=False)
        return first_of(exp.ArrayAgg(this=exp.Order(this=inner.copy(), expressions=[order])))
    return (exp.ArgMax if down else exp.ArgMin)(this=inner.copy(), expression=folded(inner))


def folded_compared(node):
    """s > 'a', s BETWEEN 'a' AND 'b', s > ?."""
    keys = ("this", "low", "high") if isinstance(node, exp.Between) else ("this", "expression")
    sides = [node.args[key] for key in keys]
    if not any(made_of_columns(side) for side in sides) or not all(is_of(side, *TEXTS) or is_marker(side) for side in sides):
        return None
    if wanted == "sqlite":
        at = next(i for i, side in enumerate(sides) if made_of_columns(side))
        return changed(node, **{keys[0] if isinstance(node, exp.Between) else keys[at]: folded(sides[0] if isinstance(node, exp.Between) else sides[at])})
    return changed(node, **{key: folded(side) for key, side in zip(keys, sides)})


def folded_literals(node):
    """'abc' = 'ABC' of MySQL's clients, both written there: no case and no accents."""
    import unicodedata
    sides = (node.this, node.expression) if isinstance(node, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)) else ()
    if not sides or not all(is_written(side) for side in sides):
        return node
    for side in sides:
        was_read(side)
    if not all(is_word(side) for side in sides):
        return node
    plainly = ["".join(c for c in unicodedata.normalize("NFD", str(side.this).casefold()) if not unicodedata.combining(c)) for side in sides]
    return changed(node, this=exp.Literal.string(plainly[0]), expression=exp.Literal.string(plainly[1]))


def folded_between(node):
    """GREATEST(s, 'b'), LEAST(s, 'b')."""
    args = [node.this, *node.expressions]
    if len(args) != 2 or not any(made_of_columns(arg) for arg in args) or not all(is_of(arg, *TEXTS) for arg in args):
        return None
    if sum(1 for arg in args for _ in arg.walk()) > 300: # each is written three times
        cannot("greatest() and least() of texts so deep in one another")
    compared = (exp.GTE if isinstance(node, exp.Greatest) else exp.LTE)(this=exp.Lower(this=args[0].copy()), expression=exp.Lower(this=args[1].copy()))
    missing = exp.or_(*(exp.Is(this=arg.copy(), expression=exp.Null()) for arg in args))
    return exp.Case().when(missing, exp.Null()).when(compared, args[0].copy()).else_(args[1].copy())


def mysql_texts(node):
    """Of MySQL's clients elsewhere."""
    if isinstance(node, (exp.Greatest, exp.Least)):
        return folded_between(node) or node
    if isinstance(node, (exp.Max, exp.Min)) and made_of_columns(node.this):
        return folded_greatest(node) or node
    if isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)) and not isinstance(node.args.get("expression"), (exp.All, exp.Any)):
        return folded_compared(node) or node
    if isinstance(node, exp.Ordered) and isinstance(node.parent, exp.Order) and not isinstance(node.parent.parent, exp.Query) and made_of_columns(node.this) and \
            not (node.find_ancestor(exp.GroupConcat) is not None and node.find_ancestor(exp.GroupConcat).find(exp.Distinct) is not None):
        return changed(node, this=exp.Lower(this=node.this.copy()) if node.find_ancestor(exp.GroupConcat, exp.Query).__class__ is exp.GroupConcat else folded(node.this))
    return node


def ordered_rows(tree):
    """SELECT DISTINCT s .. ORDER BY s as SELECT * FROM (SELECT DISTINCT s ..) ORDER BY s: an order of what is not shown is none there."""
    def wrapped(select):
        order, names = select.args.get("order"), [e.alias_or_name for e in select.expressions]
        if select.args.get("distinct") is None or order is None or select.is_star or "" in names or len(set(names)) < len(names):
            return None
        keys = [shown_as(select, one.this) for one in order.expressions]
        found = [next((e.alias_or_name for e in select.expressions if e.unalias().sql() == key.sql()), None) for key in keys]
        if None in found or not any(made_of_columns(key) for key in keys):
            return None
        inner = select.copy()
        outer = exp.select(*(exp.column(exp.to_identifier(name, quoted=True)) for name in names)).from_(
            exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("rows_"))), copy=False)
        new = []
        for one, name, key in zip(order.expressions, found, keys):
            column = exp.column(exp.to_identifier(name, quoted=True))
            column.type = key.type
            new.append(changed(one, this=folded(column) if made_of_columns(key) else column))
        outer.set("order", exp.Order(expressions=new))
        for key in ("order", "limit", "offset", "with_", "with"):
            if inner.args.get(key) is not None:
                if key != "order":
                    outer.set(key, inner.args[key].copy())
                inner.set(key, None)
        return outer

    for select in [s for s in reversed(list(tree.find_all(exp.Select)))]:
        new = wrapped(select)
        if new is not None and select is tree:
            tree = new
        elif new is not None:
            select.replace(new)
        elif select.args.get("distinct") is None:
            fold_order(select)
    return tree


def ordered_union(union):
    """SELECT s .. UNION SELECT t .. ORDER BY s as SELECT * FROM (SELECT s .. UNION SELECT t ..) ORDER BY s: an order of several takes names alone. None = as it is."""
    first, order = union.this, union.args.get("order")
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    names = [e.alias_or_name for e in first.expressions] if isinstance(first, exp.Select) else []
    if order is None or not names or first.is_star or "" in names or len(set(names)) < len(names):
        return None
    found = [shown_behind(first, one.this) if isinstance(one, exp.Ordered) else None for one in order.expressions]
    if None in found:
        return None
    keys = [shown.unalias() for shown in found]
    if not any(made_of_columns(key) for key in keys):
        return None
    inner, quoted = union.copy(), [exp.to_identifier(name, quoted=True) for name in names]
    outer = exp.select(*(exp.column(name.copy()) for name in quoted)).from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("rows_"))), copy=False)
    columns = [exp.column(exp.to_identifier(e.alias_or_name, quoted=True)) for e in found]
    for column, key in zip(columns, keys):
        column.type = key.type
    outer.set("order", exp.Order(expressions=[changed(one, this=folded(column) if made_of_columns(key) else column)
                                              for one, column, key in zip(order.expressions, columns, keys)]))
    for key in ("limit", "offset", "with_", "with"):
        if inner.args.get(key) is not None:
            outer.set(key, inner.args[key].copy())
            inner.set(key, None)
    inner.set("order", None)
    return outer


def ordered_unions(tree):
    for union in [u for u in reversed(list(tree.find_all(exp.SetOperation))) if u.args.get("order") is not None]:
        new = ordered_union(union)
        if new is not None and union is tree:
            tree = new
        elif new is not None:
            union.replace(new)
    return tree


def by_folded_texts(tree):
    return ordered_unions(ordered_rows(rewrite(tree, mysql_texts)))


# ---- in MySQL ----

def as_letters(node):
    """A text of a column in the order of its letters' numbers."""
    return node if isinstance(node, exp.Collate) else exactly(node)


def letters_compared(node):
    if isinstance(node, exp.Between):
        return changed(node, this=as_letters(node.this)) if is_a_text(node.this) else None
    sides = [node.this, node.expression]
    if all(is_written(side) for side in sides) and not isinstance(node, (exp.EQ, exp.NEQ)):
        for side in sides:
            was_read(side)
        return changed(node, this=exactly(node.this)) if all(is_word(side) for side in sides) else None
    if not any(is_a_text(side) for side in sides) or any(isinstance(side, (exp.Collate, exp.All, exp.Any)) for side in sides):
        return None
    if isinstance(node, (exp.EQ, exp.NEQ)):
        if not all(is_a_text(side) for side in sides) or isinstance(node.parent, (exp.Update, exp.OnConflict)):
            return None
        exact = type(node)(**{key: octets_of(side) for key, side in zip(("this", "expression"), sides)})
        return exact if isinstance(node, exp.NEQ) else exp.Paren(this=exp.and_(node.copy(), exact))
    return changed(node, **{"this" if is_a_text(sides[0]) else "expression": as_letters(sides[0] if is_a_text(sides[0]) else sides[1])})


def text_letters(node):
    """Of others' clients in MySQL, where the types of columns are known."""
    ordered = source in BINARY_SOURCES
    if isinstance(node, (exp.EQ, exp.NEQ)) or ordered and isinstance(node, (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)):
        return letters_compared(node) or node
    if ordered and isinstance(node, (exp.Max, exp.Min)) and is_a_text(node.this):
        return changed(node, this=as_letters(node.this))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
        return changed(node, this=exp.Distinct(expressions=[as_letters(e) if is_a_text(e) else e.copy() for e in node.this.expressions]))
    if isinstance(node, exp.Ordered) and ordered and is_a_text(node.this) and not isinstance(node.parent.parent, exp.Query):
        return changed(node, this=as_letters(node.this))
    return node


def letters_grouped(select):
    """GROUP BY s as GROUP BY s, s COLLATE ..; what is shown stays s."""
    group = select.args.get("group")
    if group is not None and not any(isinstance(e, (exp.Rollup, exp.Cube, exp.GroupingSets)) for e in group.expressions) and not group.args.get("rollup"):
        more = [as_letters(key) for key in (shown_as(select, key) for key in group.expressions) if is_a_text(key) and not isinstance(key, exp.Collate)]
        group.set("expressions", [key.copy() for key in group.expressions] + more)
    distinct = select.args.get("distinct")
    if distinct is not None and not distinct.args.get("on"):
        for shown in list(select.expressions):
            inner = shown.unalias()
            if is_a_text(inner) and not isinstance(inner, exp.Collate):
                name, new = shown.alias_or_name, as_letters(inner)
                new.type = inner.type
                shown.replace(exp.alias_(new, name, quoted=True) if name else new)


def letters_ordered(tree):
    """ORDER BY s, at the end: what an order goes around is around it."""
    for query in list(tree.find_all(exp.Select)) if source in BINARY_SOURCES else []:
        order = query.args.get("order")
        for one in order.expressions if order is not None and query.args.get("distinct") is None else []:
            key = shown_as(query, one.this) if isinstance(one, exp.Ordered) and isinstance(one.this, exp.Column) and not is_a_text(one.this) else getattr(one, "this", None)
            if is_a_text(key) and not isinstance(key, exp.Collate):
                one.set("this", as_letters(key))


def by_letters(tree):
    tree = rewrite(tree, text_letters)
    for select in list(tree.find_all(exp.Select)):
        letters_grouped(select)
    return tree
