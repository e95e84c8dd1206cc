"""Percentiles of MySQL's servers, which have none in a query with GROUP BY: out of the list of all values in their order."""

LISTED = "GROUP_CONCAT(_1 ORDER BY _1 SEPARATOR ',')"
RANK = "(_2 * (COUNT(_1) - 1))"
AT = "SUBSTRING_INDEX(SUBSTRING_INDEX({0}, ',', {1}), ',', -1)"
NEXT_LESS, NEXT_MORE = (f"({AT.format(LISTED, f'CAST({way}({RANK}) AS SIGNED) + 1')} + 0e0)" for way in ("FLOOR", "CEIL"))
BETWEEN = f"({NEXT_LESS} + ({NEXT_MORE} - {NEXT_LESS}) * ({RANK} - FLOOR({RANK})))"
ONE_OF = AT.format(LISTED, "CAST(GREATEST(CEIL(_2 * COUNT(_1)), 1) AS SIGNED)")
# A list that group_concat_max_len cut has no percentile: error 1690 (out of range) instead of another value.
UNLESS_CUT = f"CASE WHEN CHAR_LENGTH({LISTED}) < SUM(CHAR_LENGTH(_1)) + COUNT(_1) - 1 THEN EXP(1000 + COUNT(_1)) ELSE {{0}} END"


def mysql_percentile(node):
    """percentile_cont(0.5) WITHIN GROUP (ORDER BY x)."""
    of, order = node.this, node.expression
    ordered, part = order.expressions[0], of.this
    value = ordered.this if isinstance(ordered, exp.Ordered) else ordered
    if isinstance(node.parent, (exp.Window, exp.Filter)) or isinstance(part, exp.Array) or isinstance(ordered, exp.Ordered) and ordered.args.get("desc"):
        cannot("percentiles with FILTER or OVER, of values in descending order, or several at once")
    if isinstance(of, exp.PercentileCont):
        if is_of(value, *TEXTS, "DATE", *MOMENT_TYPES):
            cannot("a percentile between moments")
        return filled(UNLESS_CUT.format(BETWEEN), [value, part])
    if is_of(value, *TEXTS):
        cannot("a percentile of texts")
    found = filled(UNLESS_CUT.format(ONE_OF), [value, part])
    return as_it_was(found, value.type) if value.type is not None and not value.is_type("unknown") else filled("(_1 + 0e0)", [found])
