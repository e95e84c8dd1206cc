"""IGNORE NULLS in a window, for who has none: the values before that are there, as an array or a list, and one of them."""

# Of the values in a frame that are no NULL, the NUMBERth from the front or from the back.
NTH_FROM_FRONT = {"postgres": "({0})[{1}]", "sqlite": "JSON_EXTRACT('[' || {0} || ']', '$[' || ({1} - 1) || ']')"}
NTH_FROM_BACK = {"postgres": "({0})[CARDINALITY({0}) + 1 - {1}]", "sqlite": "JSON_EXTRACT('[' || {0} || ']', '$[#-' || {1} || ']')"}


def frame_of(function, window):
    """(frame, number, from the back) of what FUNCTION looks at; its own where it is of a frame."""
    if isinstance(function, (exp.Lag, exp.Lead)):
        if function.args.get("default") is not None:
            cannot("IGNORE NULLS with a default")
        ends = {"start": "UNBOUNDED", "start_side": "PRECEDING", "end": exp.Literal.number(1), "end_side": "PRECEDING"} if isinstance(function, exp.Lag) else \
            {"start": exp.Literal.number(1), "start_side": "FOLLOWING", "end": "UNBOUNDED", "end_side": "FOLLOWING"}
        return exp.WindowSpec(kind="ROWS", **ends), function.args.get("offset") or exp.Literal.number(1), isinstance(function, exp.Lag)
    spec = window.args["spec"].copy() if window.args.get("spec") is not None else None
    if isinstance(function, exp.NthValue):
        return spec, function.args.get("offset") or cannot("nth_value() so"), False
    return spec, exp.Literal.number(1), isinstance(function, exp.LastValue)


def without_skipping(window):
    """lag(x) IGNORE NULLS OVER (ORDER BY k), first_value(), last_value(), lead() and nth_value()."""
    function = window.this.this
    if wanted not in NTH_FROM_BACK or not isinstance(function, (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)):
        cannot("IGNORE NULLS")
    spec, number, back = frame_of(function, window)
    if number_of(number) is None or number_of(number) < 1:
        cannot("IGNORE NULLS and a number that is not written there")
    was_read(number)
    value = function.this
    if wanted == "sqlite" and (not is_of(value, *NUMBERS, *TEXTS, "DATE", *MOMENT_TYPES) or isinstance(value, exp.Literal)):
        cannot("IGNORE NULLS of what is not known to be a number or a text")
    known = exp.Where(this=exp.not_(exp.Is(this=value.copy(), expression=exp.Null())))
    values = exp.ArrayAgg(this=value.copy()) if wanted == "postgres" else call("GROUP_CONCAT", call("JSON_QUOTE", value))
    inside = changed(window, this=exp.Filter(this=values, expression=known), spec=spec)
    return filled((NTH_FROM_BACK if back else NTH_FROM_FRONT)[wanted].format("_1", number_of(number)), [inside])


def skipped_nulls(node):
    if isinstance(node, exp.Window) and isinstance(node.this, exp.IgnoreNulls) and wanted in ("postgres", "sqlite", "mysql"):
        return without_skipping(node)
    if isinstance(node, exp.Window) and isinstance(node.this, exp.RespectNulls) and wanted in ("postgres", "sqlite", "mysql"):
        return changed(node, this=node.this.this.copy())
    if isinstance(node, exp.IgnoreNulls) and not isinstance(node.parent, exp.Window) and not isinstance(node.this, (exp.AnyValue, exp.First)) and wanted in ("postgres", "sqlite", "mysql"):
        cannot("IGNORE NULLS")
    return None
