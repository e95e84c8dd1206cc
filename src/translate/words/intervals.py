"""Intervals as they are written: '1 month 2 days', '1h 30m', '02:30:00', 'P1DT2H', '1 month - 1 day', '3 days ago'; and MySQL's '1:30' HOUR_MINUTE."""

def months_from_end(series):
    """sequence(DATE '2024-01-31', .., INTERVAL '1' MONTH) counts from its start on Trino, and from each step to the next elsewhere: 31 March or 29."""
    step, start = series.args.get("step"), series.args.get("start")
    inner = start.unnest() if isinstance(start, exp.Expression) else None
    inner = inner.this if isinstance(inner, (exp.Cast, exp.Date)) else inner
    parts = interval_parts(step) if isinstance(step, exp.Interval) else None
    return (source == "trino") != (wanted == "trino") and is_moment_text(inner) is not None and str(inner.this)[8:10] > "28" and bool(parts) and any(unit in MONTHS for _, unit in parts)


UNITS = {"SECOND": ("seconds", 1), "MINUTE": ("minutes", 1), "HOUR": ("hours", 1), "DAY": ("days", 1), "WEEK": ("days", 7),
         "MONTH": ("months", 1), "QUARTER": ("months", 3), "YEAR": ("years", 1)}
IN_MONTHS = ("YEAR", "QUARTER", "MONTH")
SHORT_UNITS = {"S": "SECOND", "SEC": "SECOND", "M": "MINUTE", "MIN": "MINUTE", "H": "HOUR", "HR": "HOUR", "D": "DAY", "W": "WEEK", "MON": "MONTH", "Y": "YEAR", "YR": "YEAR"}
ISO_UNITS = {"Y": "YEAR", "M": "MONTH", "W": "WEEK", "D": "DAY"}
ISO_TIMES = {"H": "HOUR", "M": "MINUTE", "S": "SECOND"}
FINER = {"WEEK": ("DAY", 7), "DAY": ("SECOND", 86400), "HOUR": ("SECOND", 3600), "MINUTE": ("SECOND", 60), "YEAR": ("MONTH", 12), "QUARTER": ("MONTH", 3), "MONTH": ("DAY", 30)}


def unit_named(word):
    word = word.upper()
    short = SHORT_UNITS.get(word) or SHORT_UNITS.get(word[:-1] if word.endswith("S") else word)
    return short or (singular(word) if singular(word) in UNITS else None)


def clock_parts(sign, hours, minutes, seconds):
    """02:30:00 as hours, minutes and seconds that are not 0."""
    return [(sign + number.lstrip("0"), unit) for number, unit in ((hours, "HOUR"), (minutes, "MINUTE"), (seconds or "0", "SECOND")) if float(number) != 0]


def iso_parts(text):
    """P1Y2M3DT4H5M6S."""
    found = re.fullmatch(r"P((?:[-+]?\d+(?:\.\d+)?[YMWD])*)(?:T((?:[-+]?\d+(?:\.\d+)?[HMS])*))?", text)
    if found is None or len(text) < 3:
        return None
    return [(number.lstrip("+"), units[unit]) for part, units in ((found[1], ISO_UNITS), (found[2] or "", ISO_TIMES)) for number, unit in re.findall(r"([-+]?[\d.]+)([A-Z])", part)]


def written_parts(text):
    """[(number, unit)] of an interval's text; None = it is none that is known."""
    text = text.strip()
    if text.startswith("P"):
        return iso_parts(text)
    back = re.fullmatch(r"(.*\D)\s+ago", text, re.I | re.S)
    text, out, at = (back[1] if back else text).strip(), [], 0
    for found in re.finditer(r"\s*(?:([-+]?)\s*(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?|([-+]?)\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]+))(?=\s|[-+]|\d|$),?", text):
        if found.start() != at:
            return None
        at = found.end()
        if found[2] is not None:
            out += clock_parts("-" if found[1] == "-" else "", *found.group(2, 3, 4))
        elif unit_named(found[7]) is None:
            return None
        else:
            out.append((("-" if found[5] == "-" else "") + found[6], unit_named(found[7])))
    if at != len(text) or not text:
        return None
    out = out or [("0", "SECOND")]
    return [(number[1:] if number.startswith("-") else "-" + number, unit) for number, unit in out] if back else out


def whole(parts):
    """PARTS of whole numbers: 1.5 hours are 5400 seconds; years and months together are months, which come first."""
    from decimal import Decimal
    counts = []
    for number, unit in parts:
        count = Decimal(number)
        if count != count.to_integral_value() and unit in FINER:
            finer, times = FINER[unit]
            if unit in ("MONTH", "WEEK", "YEAR", "QUARTER"):
                full = int(count)
                counts.append((Decimal(full), unit))
                count -= full
            counts += [(count * times, finer)]
        else:
            counts.append((count, unit))
    months = [(count * (12 if unit == "YEAR" else 3 if unit == "QUARTER" else 1), "MONTH") for count, unit in counts if unit in IN_MONTHS]
    if len(months) > 1:
        counts = [(sum(count for count, _ in months), "MONTH")] + [part for part in counts if part[1] not in IN_MONTHS]
    counts = [(count, unit) for count, unit in counts if count != 0] or counts[:1]
    return [(str(int(count)) if count == count.to_integral_value() else f"{count.normalize():f}", unit) for count, unit in counts]


def interval_parts(interval):
    """[(number as text, unit)] of INTERVAL '1 month 2 days', INTERVAL '3' DAY; None where a literal does not tell."""
    this, unit = interval.this, interval.args.get("unit")
    if not isinstance(this, exp.Literal):
        return None
    text = str(this.this).strip()
    if unit is not None:
        if singular(unit.name) not in UNITS:
            return None
        alone = re.fullmatch(r"[-+]?\d+(\.\d*)?|[-+]?\.\d+", text)
        parts = [(text.lstrip("+"), singular(unit.name))] if alone else written_parts(text + " " + unit.name) if not re.search(r"[A-Za-z:]", text) else None
    else:
        parts = written_parts(text)
    return whole(parts) if parts else None


def plainly_written(interval):
    """An interval in words that DuckDB reads, too."""
    text = str(interval.this.this) if is_written(interval.this) and interval.args.get("unit") is None else ""
    parts = interval_parts(interval) if text.startswith("P") or re.search(r"[-+]\s|\bago\b|\d[a-zA-Z]", text) else None
    return exp.Interval(this=exp.Literal.string(" ".join(f"{number} {unit.lower()}" for number, unit in parts))) if parts else None


# ---- MySQL's ----

COMPOUND = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def compound(interval):
    """INTERVAL '1:30' HOUR_MINUTE as one of seconds, INTERVAL '1-2' YEAR_MONTH as one of months; INTERVAL 1.5 HOUR as one of 2. None = it is neither."""
    unit, this = interval.args.get("unit"), interval.this
    name = unit.name.upper() if unit is not None else ""
    if isinstance(this, exp.Literal) and not this.is_int and name in UNITS and name != "SECOND" and re.fullmatch(r"\d+\.\d+", str(this.this)):
        return exp.Interval(this=exp.Literal.number(int(float(str(this.this)) + 0.5)), unit=unit.copy())
    first, _, last = name.partition("_")
    if not last:
        return None
    sign = -1 if isinstance(this, exp.Neg) else 1
    text = str((this.this if isinstance(this, exp.Neg) else this).this) if isinstance((this.this if isinstance(this, exp.Neg) else this), exp.Literal) else cannot("an interval that is put together so")
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    sign = -sign if text.strip().startswith("-") else sign
    if name == "YEAR_MONTH" and 0 < len(numbers) <= 2:
        count, word = sum(number * times for number, times in zip(numbers[::-1], (1, 12))), "MONTH"
    elif first in COMPOUND and last in COMPOUND and "." not in text:
        units = list(COMPOUND)[list(COMPOUND).index(first) : list(COMPOUND).index(last) + 1]
        if len(numbers) > len(units):
            cannot("an interval with so many numbers")
        count, word = sum(number * COMPOUND[one] for number, one in zip(numbers[::-1], units[::-1])), "SECOND"
    else:
        cannot(f"an interval of {name}")
    number = exp.Literal.number(count)
    return exp.Interval(this=number if sign > 0 else exp.Neg(this=number), unit=exp.Var(this=word))
