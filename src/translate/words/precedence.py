"""What binds first. sqlglot reads &, |, ^ and the shifts as one level, from the left, as PostgreSQL and SQLite have them, and writes them without parentheses."""

LOOSE = ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift", "BitwiseRightShift", "DPipe")
LEVELS = {
    "mysql": {"BitwiseXor": 6, "Mul": 5, "Div": 5, "Mod": 5, "IntDiv": 5, "Add": 4, "Sub": 4, "BitwiseLeftShift": 3, "BitwiseRightShift": 3, "BitwiseAnd": 2, "BitwiseOr": 1},
    "sqlite": {"DPipe": 4, "Mul": 3, "Div": 3, "Mod": 3, "Add": 2, "Sub": 2, "BitwiseLeftShift": 1, "BitwiseRightShift": 1, "BitwiseAnd": 1, "BitwiseOr": 1},
}
FROM_THE_LEFT = ("Sub", "Div", "Mod", "IntDiv", "Pow", "BitwiseLeftShift", "BitwiseRightShift")
OPERATORS = (*LOOSE, "Add", "Sub", "Mul", "Div", "Mod", "IntDiv", "Pow")


def kind_of(node):
    return type(node).__name__


def in_a_row(node, levels):
    """[operand, operator, operand ..] of a chain without parentheses, as it is written."""
    out, waiting = [], []
    while True:
        while kind_of(node) in levels:
            waiting.append(node)
            node = node.this
        out.append(node)
        if not waiting:
            return out
        out.append(waiting.pop())
        node = out[-1].expression


def bound(row, levels):
    """The tree of ROW, by LEVELS, from the left where they are the same."""
    values, waiting = [row[0]], []

    def close():
        operator, right, left = waiting.pop(), values.pop(), values.pop()
        values.append(type(operator)(**{**operator.args, "this": left, "expression": right}))

    for operator, operand in zip(row[1::2], row[2::2]):
        while waiting and levels[kind_of(waiting[-1])] >= levels[kind_of(operator)]:
            close()
        waiting.append(operator)
        values.append(operand)
    while waiting:
        close()
    return values[0]


def tops_of_rows(tree, levels):
    """The outermost operators of rows that have one of the loose ones in them, and others."""
    for node in [node for node in tree.walk() if kind_of(node) in levels and kind_of(node.parent) not in levels]:
        row = in_a_row(node, levels)
        if len({kind_of(one) for one in row[1::2]}) > 1 and any(kind_of(one) in LOOSE for one in row[1::2]):
            yield node, row


def rebound(tree):
    """TREE of MySQL or SQLite, where &, | and their kin are not of one level."""
    levels = LEVELS.get(source)
    for node, row in list(tops_of_rows(tree, levels)) if levels is not None else []:
        mark = exp.Null()
        around = node.parent is not None
        if around:
            node.replace(mark)
        new = bound(row, levels)
        if not around:
            return new
        mark.replace(new)
    return tree


def shifted(node):
    """-16 >> 2 is -4 in PostgreSQL, DuckDB and SQLite; MySQL and Trino take the sign for a bit."""
    if source not in ("postgres", "duckdb", "sqlite") or wanted not in ("mysql", "trino") or isinstance(node.this, exp.Literal):
        return None
    if wanted == "trino":
        return exp.Anonymous(this="BITWISE_RIGHT_SHIFT_ARITHMETIC", expressions=[node.this.copy(), node.expression.copy()])
    return filled("CAST(FLOOR(_1 / (1 << _2)) AS SIGNED)", [node.this, node.expression])


def signed(node):
    """-1 | 8 is -1, and no number without a sign, which it is in MySQL."""
    around = node.parent.parent if isinstance(node.parent, exp.Paren) else node.parent
    if kind_of(around).startswith("Bitwise") or node.find(exp.Neg, exp.BitwiseNot, exp.Column, exp.Parameter, exp.Placeholder) is None:
        return None
    return exp.cast(node.copy(), "bigint")


def needs_parentheses(node):
    """Inside of what is around it, which every dialect has on a level of its own; or at the right of another such one."""
    mine, around = kind_of(node), kind_of(node.parent)
    if mine == "BitwiseNot" or around not in OPERATORS:
        return mine == "BitwiseNot" and around in OPERATORS or mine != "BitwiseNot" and around in ("Neg", "BitwiseNot")
    if mine == around:
        return mine in FROM_THE_LEFT and node.parent.args.get("expression") is node
    return mine in LOOSE or around in LOOSE or around == "Pow"


def in_parentheses(tree):
    for node in [node for node in tree.walk() if kind_of(node) in OPERATORS or kind_of(node) == "BitwiseNot"]:
        if needs_parentheses(node):
            inside = exp.Paren()
            node.replace(inside)
            inside.set("this", node)
            inside.type = node.type
    return tree


# ---- prefixes of PostgreSQL and DuckDB, which bind less than + ----

def read_at(self):
    """@ -5 is abs(-5); $1 is none of it."""
    if self._prev.text == "@":
        return exp.Abs(this=self._parse_term())
    self._retreat(self._index - 1)
    return self._parse_at_time_zone(self._parse_type())


def loose_prefixes(parser, name):
    """~ 5 + 1 is ~ (5 + 1)."""
    def of(kind):
        return lambda self: kind(this=self._parse_term())

    return {**parser.UNARY_PARSERS, TokenType.RLIKE if name == "postgres" else TokenType.TILDE: of(exp.BitwiseNot), TokenType.PIPE_SLASH: of(exp.Sqrt), TokenType.DPIPE_SLASH: of(exp.Cbrt), TokenType.PARAMETER: read_at}
