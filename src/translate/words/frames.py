"""Frames of a window that reach back an interval, for who has none of those (SQLite, MariaDB): over numbers of days or seconds."""


def interval_frame(window):
    """OVER (ORDER BY d RANGE BETWEEN INTERVAL '30 days' PRECEDING AND CURRENT ROW)."""
    spec, order = window.args.get("spec"), window.args.get("order")
    ends = [spec.args.get(key) for key in ("start", "end")] if spec is not None else []
    if not any(isinstance(end, exp.Interval) for end in ends):
        return None
    key = order.expressions[0].this if order is not None and len(order.expressions) == 1 and isinstance(order.expressions[0], exp.Ordered) else cannot("this frame of an interval")
    days = is_of(key, "DATE")
    if not days and not is_of(key, *MOMENT_TYPES):
        cannot("a frame of an interval, in the order of what is not known to be a moment")
    number = filled({True: {"mysql": "TO_DAYS(_1)", "sqlite": "JULIANDAY(_1)"}, False: {"mysql": "TIMESTAMPDIFF(SECOND, '1970-01-01', _1)", "sqlite": "CAST(STRFTIME('%s', _1) AS INTEGER)"}}[days][wanted], [key])
    out = window.copy()
    for end in ("start", "end"):
        interval = out.args["spec"].args.get(end)
        if isinstance(interval, exp.Interval):
            seconds = interval_seconds(interval)
            if seconds is None or days and seconds % 86400:
                cannot("this frame of an interval")
            out.args["spec"].set(end, exp.Literal.number(int(seconds // 86400 if days else seconds)))
    out.args["order"].expressions[0].set("this", number)
    return out
