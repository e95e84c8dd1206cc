"""Formats of moments and numbers, taken to pieces: what no strftime() has a place for is an expression beside it."""


def in_pieces(what, pieces):
    """A text of PIECES: a str is part of a format, as strftime() has them, of the moment WHAT; the rest are expressions."""
    out, form = [], ""
    for piece in [*pieces, None]:
        if isinstance(piece, str):
            form += piece
            continue
        if form and "%" in form.replace("%%", ""):
            out.append(exp.TimeToStr(this=what.copy(), format=exp.Literal.string(form)))
        elif form:
            out.append(exp.Literal.string(form.replace("%%", "%")))
        form = ""
        out += [piece] if piece is not None else []
    if not out:
        return exp.Literal.string("")
    if len(out) > 1 and all(isinstance(one, exp.Literal) for one in out):
        return exp.Literal.string("".join(str(one.this) for one in out))
    return exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), out)) if len(out) > 1 else out[0]


def part_text(what, unit, width=0, more=None):
    """EXTRACT(unit FROM what) as a text with zeros in front; MORE is made of it before."""
    part = exp.Extract(this=exp.Var(this=unit), expression=what.copy())
    part.meta["whole"] = True
    number = exp.cast(more(part) if more else part, "int")
    text = exp.cast(number, "text")
    return exp.Pad(this=text, expression=exp.Literal.number(width), fill_pattern=exp.Literal.string("0"), is_left=True) if width else text


def week_of(unit):
    """Weeks of seven days from the first one, which PostgreSQL's WW and W count."""
    def counted_weeks(part):
        return exp.IntDiv(this=exp.Paren(this=exp.Add(this=exp.cast(part, "int"), expression=exp.Literal.number(6))), expression=exp.Literal.number(7))
    return counted_weeks


PLAIN_PLACES = {"YYYY": "%Y", "YYY": None, "YY": "%y", "MM": "%m", "DD": "%d", "HH24": "%H", "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p", "DDD": "%j",
                "Mon": "%b", "Dy": "%a"}
FM_PLACES = {"MM": "%-m", "DD": "%-d", "HH24": "%-H", "HH12": "%-I", "HH": "%-I", "MI": "%-M", "SS": "%-S", "DDD": "%-j", "Month": "%B", "Day": "%A", "YYYY": "%Y"}
FM_PARTS = {"MI": "MINUTE", "SS": "SECOND", "DDD": "DOY"}
NAMES = {"MONTH": "%B", "DAY": "%A", "MON": "%b", "DY": "%a"}
PG_PLACES = r'"([^"]*)"|(FM|TM)?(HH24|HH12|HH|IYYY|YYYY|YYY|YY|Month|MONTH|month|Mon|MON|mon|MM|MI|MS|US|Day|DAY|day|Dy|DY|dy|DDD|DD|IW|WW|W|Q|SSSS|SS|AM|PM|am|pm|ID|D|CC|J|TZ|tz|OF|[A-Za-z]+)|([^A-Za-z"]+)'


def named_place(what, word, fill):
    """Names of months and days, in the letters that WORD has, with blanks to nine of them where it has no FM."""
    text = exp.TimeToStr(this=what.copy(), format=exp.Literal.string(NAMES[word.upper()]))
    text = exp.Upper(this=text) if word.isupper() else exp.Lower(this=text) if word.islower() else text
    return exp.Pad(this=text, expression=exp.Literal.number(9), fill_pattern=exp.Literal.string(" "), is_left=False) if fill else text


def place_of_moment(what, word, prefix):
    """A piece for a place of to_char()."""
    if prefix == "FM" and word in FM_PARTS and wanted in ("mysql", "trino"): # which have no place for them
        return part_text(what, FM_PARTS[word])
    if prefix == "FM" and word in FM_PLACES:
        return FM_PLACES[word]
    if PLAIN_PLACES.get(word) and prefix != "FM":
        return PLAIN_PLACES[word]
    if word.upper() in NAMES:
        return named_place(what, word, word.upper() in ("MONTH", "DAY") and prefix is None)
    if word in ("am", "pm"):
        return exp.Lower(this=exp.TimeToStr(this=what.copy(), format=exp.Literal.string("%p")))
    width = 0 if prefix == "FM" else None
    if word == "Q":
        return part_text(what, "QUARTER")
    if word == "IW":
        return part_text(what, "WEEK", 2 if width is None else 0)
    if word == "IYYY":
        return part_text(what, "ISOYEAR", 4)
    if word == "ID":
        return part_text(what, "ISODOW")
    if word == "D":
        return part_text(what, "DOW", 0, lambda part: exp.Add(this=exp.cast(part, "int"), expression=exp.Literal.number(1)))
    if word == "WW":
        return part_text(what, "DOY", 2 if width is None else 0, week_of("DOY"))
    if word == "W":
        return part_text(what, "DAY", 0, week_of("DAY"))
    return cannot(f"a place of a format: {word}")


def number_as_text(number, form):
    """to_char(1234.5, 'FM999,999.00')."""
    plain = form.replace("G", ",").replace("D", ".").replace("FM", "", 1)
    found = re.fullmatch(r"([$]?)([09,]+)(?:\.([09]*))?(%?)", plain)
    if found is None or found[3] and "9" in found[3] and form.startswith("FM") or re.search(r"0.*9", found[2]) or not form.startswith("FM") and (found[1] or found[4]):
        cannot(f"this format of a number: {form}")
    whole_places, decimals = found[2], len(found[3] or "")
    least = len(whole_places.replace(",", "")) - len(whole_places.replace(",", "").lstrip("9"))
    zeros = len(whole_places.replace(",", "")) - least
    if zeros > 1 and "," in whole_places:
        cannot(f"this format of a number: {form}")
    text = with_digits(number, decimals) if wanted != "mysql" else call("FORMAT", number, decimals)
    if "," not in whole_places:
        text = call("REPLACE", text, ",", "")
    if zeros == 0 and decimals:
        text = filled("CASE WHEN ABS(_1) < 1 THEN REPLACE(_2, '0.', '.') ELSE _2 END", [exp.Round(this=exp.paren(number.copy()), decimals=exp.Literal.number(decimals)), text])
    if zeros > 1:
        text = exp.Case().when(exp.LT(this=number.copy(), expression=exp.Literal.number(0)), cannot_negative(text, zeros, decimals)).else_(zero_filled(text, zeros, decimals))
    if found[1] or found[4]:
        pieces = ([exp.Literal.string("$")] if found[1] else []) + [text] + ([exp.Literal.string("%")] if found[4] else [])
        text = exp.Paren(this=functools.reduce(lambda left, right: exp.DPipe(this=left, expression=right), pieces))
    if not form.startswith("FM"):
        width = len(whole_places) + (decimals + 1 if found[3] is not None else 0) + 1
        text = exp.Pad(this=text, expression=exp.Literal.number(width), fill_pattern=exp.Literal.string(" "), is_left=True)
    return text


def zero_filled(text, zeros, decimals):
    width = zeros + (decimals + 1 if decimals else 0)
    return exp.func("COALESCE", exp.Case().when(exp.LT(this=exp.Length(this=text.copy()), expression=exp.Literal.number(width)),
                    exp.Pad(this=text.copy(), expression=exp.Literal.number(width), fill_pattern=exp.Literal.string("0"), is_left=True)), text.copy())


def cannot_negative(text, zeros, decimals):
    rest = exp.Substring(this=text.copy(), start=exp.Literal.number(2))
    return exp.DPipe(this=exp.Literal.string("-"), expression=zero_filled(rest, zeros, decimals))


def as_text(node):
    """to_char() of PostgreSQL."""
    if wanted == "postgres":
        return None
    form = node.args.get("format")
    if not is_written(form):
        cannot("to_char() with a format that is not written there")
    text = str(form.this)
    if not re.search(r"[A-CE-FH-Za-z]", text.replace("FM", "")) and re.search(r"[09]", text) or is_of(node.this, *NUMBERS):
        return number_as_text(node.this, text)
    what, pieces = node.this, []
    for quoted, prefix, word, rest in re.findall(PG_PLACES, text):
        if word:
            pieces.append(place_of_moment(what, word, prefix or None))
        else:
            pieces.append((quoted or rest).replace("%", "%%"))
    return in_pieces(what, pieces)


# ---- MySQL's date_format() ----

def mysql_place(what, place):
    """A piece for a place of date_format() that other formats lack, by sqlglot's name for it."""
    week = lambda name: exp.Pad(this=exp.cast(filled(MYSQL_FUNCTIONS[name][TARGETS.index(wanted)], [what]), "text"), expression=exp.Literal.number(2),
                                       fill_pattern=exp.Literal.string("0"), is_left=True)
    if place == "%D":
        day = exp.cast(exp.Extract(this=exp.Var(this="DAY"), expression=what.copy()), "int")
        end = filled("CASE WHEN _1 IN (1, 21, 31) THEN 'st' WHEN _1 IN (2, 22) THEN 'nd' WHEN _1 IN (3, 23) THEN 'rd' ELSE 'th' END", [day])
        return exp.Paren(this=exp.DPipe(this=exp.cast(day, "text"), expression=end))
    if place == "%w":
        return part_text(what, "DOW")
    if place == "%%":
        return exp.Literal.string("%")
    if place == "%v":
        return part_text(what, "WEEK", 2)
    if place == "%G":
        return part_text(what, "ISOYEAR", 4)
    if place == "%W": # MySQL's %u
        return week("WEEK/2/1")
    if place == "%U":
        return week("WEEK/1")
    return cannot(f"a place of a format: {place}")


def mysql_formatted(node):
    """date_format(x, '%x-W%v'), where a place has no word."""
    form = str(node.args["format"].this) if is_written(node.args.get("format")) else ""
    pieces = re.findall(r"%-?.|[^%]+|%", form)
    odd = ("%D", "%V", "%v", "%G", "%W", "%U", "%X") + {"postgres": ("%w", "%%"), "trino": ("%w",)}.get(wanted, ())
    if not any(piece in odd for piece in pieces):
        return None
    what = exp.cast(node.this.copy(), "timestamp") if is_moment_text(node.this) and wanted != "sqlite" else node.this
    return in_pieces(what, [mysql_place(what, piece) if piece in odd else piece for piece in pieces])
