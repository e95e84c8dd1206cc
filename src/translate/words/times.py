"""Times as MySQL's clients write them: '1 2:03:04' (days before it), '2:3:4', '021320', 21320. Other engines have '02:13:20' alone."""

DAYS_AND_TIME = r"(-?)(?:(\d{1,2}) )?(\d{1,3})(?::(\d{1,2})(?::(\d{1,2}))?)?(\.\d{1,6})?"


def time_parts(text):
    """(sign, hours, minutes, seconds, fraction) of TEXT; None = it is no time."""
    digits = re.fullmatch(r"(-?)(\d{3,7})(\.\d{1,6})?", text)
    if digits is not None:
        number = int(digits[2])
        return digits[1], number // 10000, number // 100 % 100, number % 100, digits[3] or ""
    found = re.fullmatch(DAYS_AND_TIME, text)
    if found is None:
        return None
    sign, days, first, minutes, seconds, fraction = found.groups()
    if days is None and minutes is None: # '12' are seconds
        return (sign, 0, 0, int(first), fraction or "") if len(first) < 3 else None
    if fraction and seconds is None:
        return None
    return sign, int(days or 0) * 24 + int(first), int(minutes or 0), int(seconds or 0), fraction or ""


def as_time(literal):
    """LITERAL, a text or a number, as a time is written elsewhere; None = it is so written, or is none."""
    text = str(literal.this).strip()
    parts = time_parts(text)
    if parts is None or parts[2] > 59 or parts[3] > 59 or parts[1] > 838:
        return None
    written = "{}{:02}:{:02}:{:02}{}".format(*parts)
    return exp.Literal.string(written) if written != text or not literal.is_string else None
