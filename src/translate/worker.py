"""Translates SQL between dialects with sqlglot, and runs the operator's scripts; one of several processes that Turnout starts.

Frames on stdin and stdout, numbers little-endian (translate/frame.h):
    request   u32 length, u64 id, u8 operation, fields      field: u32 length, bytes
    answer    u32 length, u64 id, u8 verdict, fields
It does one thing at a time. What is wrong with a statement or a script is an answer; what is wrong here ends the process, and
another one is started. Nothing a script prints or leaves behind reaches the protocol.
"""
import json
import os
import resource
import signal
import struct
import sys

HELLO, TRANSLATE, ASK, COMPILE = 1, 2, 3, 4
OK, CANNOT_PARSE, CANNOT_EXPRESS, SCRIPT_FAILED, BROKEN = 0, 1, 2, 3, 4
MARK, TEXT, END = "\ue000", "\ue001", "\ue002"


def confine(memory, timeout_ms, largest):
    """Limits that hold for what sqlglot does and for scripts. The alarm ends a process whose reader is gone, too."""
    global alarm_s, frame_max, transform_s
    os.closerange(3, 4096)
    for what, limit in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(what, (limit, limit))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    alarm_s = timeout_ms / 1000.0 * 2 + 0.5
    transform_s = timeout_ms / 1000.0 * 0.8
    frame_max = largest
    sys.setrecursionlimit(4000)


def read_exactly(stream, count):
    data = stream.read(count)
    if len(data) < count:
        os._exit(0)
    return data


def fields_of(data):
    out, at = [], 9
    while at < len(data):
        (count,) = struct.unpack_from("<I", data, at)
        out.append(data[at + 4 : at + 4 + count])
        at += 4 + count
    return out


def answer(stream, ident, verdict, *fields):
    body = struct.pack("<QB", ident, verdict) + b"".join(struct.pack("<I", len(f)) + f for f in fields)
    if len(body) > frame_max:
        body = struct.pack("<QB", ident, BROKEN) + struct.pack("<I", 35) + b"the translation is longer than may be"[:35]
    stream.write(struct.pack("<I", len(body)) + body)
    stream.flush()


# ---- scripts ----

DEPENDS = ("shape", "sql", "user", "groups", "tags", "protocol", "database", "application", "headers", "settings", "dialect", "clientAddress")
NOTHING, NAMED, DENIED = 0, 1, 2
SQLSTATE = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
KEPT_SECONDS = 300


class ScriptError(Exception):
    late = False


class Late(BaseException):
    """Time is up for a script; not an Exception, which scripts catch."""


def on_late(*_):
    raise Late()


def compiled(name, source):
    try:
        return compile(source, name, "exec")
    except SyntaxError as error:
        raise ScriptError(f"{name}: line {error.lineno or 0}: {error.msg}")
    except BaseException as error:
        raise ScriptError(f"{name}: line 0: {type(error).__name__}: {error}")


def kept_for(name, space):
    """CACHE = "shape", ("shape", "user") or True, and CACHE_SECONDS: what answers depend on, as bits, and for how long they hold."""
    cache, seconds = space.get("CACHE", space.get("cache")), space.get("CACHE_SECONDS", KEPT_SECONDS)
    if cache is None or cache is False:
        return 0, 0
    names = ("shape",) if cache is True else (cache,) if isinstance(cache, str) else tuple(cache)
    for each in names:
        if each not in DEPENDS:
            raise ScriptError(f"{name}: line 0: CACHE names {each!r}; it may name {', '.join(DEPENDS)}")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 1 <= seconds <= 1_000_000:
        raise ScriptError(f"{name}: line 0: CACHE_SECONDS is {seconds!r}, not a number from 1 to 1000000")
    return sum(1 << DEPENDS.index(each) for each in set(names)), int(seconds)


scripts = {}


def load(name, source, entry):
    """The function ENTRY of a script, run once for it, and what it says of keeping its answers."""
    key = (name, source, entry)
    if key not in scripts:
        if len(scripts) > 256:
            scripts.clear()
        space = {"__name__": "turnout_script", "__file__": name}
        exec(compiled(name, source), space)
        function = space.get(entry)
        if function is None and entry == "choose":
            function = space.get("select_cluster")
        if not callable(function):
            raise ScriptError(f"{name}: line 1: there is no function {entry}()")
        scripts[key] = function, kept_for(name, space)
    return scripts[key]


def place(name, error):
    """Script and line of ERROR: the innermost line that is the script's own."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{name}: line {line}"


def limited(name, entry, seconds, work):
    """What WORK gives, which runs a script, if it does so within SECONDS; whatever it raises says script and line."""
    signal.signal(signal.SIGALRM, on_late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work()
    except ScriptError:
        raise
    except Late as error:
        failed = ScriptError(f"{place(name, error)}: {entry}() did not come to an end within {seconds * 1000:.0f} ms")
        failed.late = True
        raise failed
    except BaseException as error:
        try:
            text = str(error)
        except BaseException:
            text = "?"
        raise ScriptError(f"{place(name, error)}: {type(error).__name__}: {text}"[:1000])
    finally:
        signal.setitimer(signal.ITIMER_REAL, alarm_s)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def run_script(name, source, entry, *args):
    return limited(name, entry, transform_s, lambda: load(name, source, entry)[0](*args))


# ---- what sqlglot leaves to be done ----

WHOLE_DAYS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
UNITS = {"SECOND": ("seconds", 1), "MINUTE": ("minutes", 1), "HOUR": ("hours", 1), "DAY": ("days", 1), "WEEK": ("days", 7),
         "MONTH": ("months", 1), "QUARTER": ("months", 3), "YEAR": ("years", 1)}


def singular(unit):
    unit = unit.upper()
    return unit[:-1] if unit.endswith("S") else unit


def interval_parts(interval):
    """[(number as text, unit)] of INTERVAL '1 month 2 days', INTERVAL '3' DAY; None where a literal does not tell."""
    this, unit = interval.this, interval.args.get("unit")
    if not isinstance(this, exp.Literal):
        return None
    words = str(this.this).split()
    if unit is not None and len(words) == 1:
        words.append(unit.name)
    parts = []
    if len(words) % 2 != 0:
        return None
    for number, word in zip(words[::2], words[1::2]):
        if singular(word) not in UNITS or not number.lstrip("+-").replace(".", "", 1).isdigit():
            return None
        parts.append((number, singular(word)))
    return parts


def is_date(node):
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return node.to.this == TYPE.DATE
    if isinstance(node, (exp.CurrentDate, exp.Date, exp.TsOrDsToDate)):
        return True
    return isinstance(node, exp.Anonymous) and node.name.upper() == "DATE" or node.is_type(TYPE.DATE)


def call(name, *args):
    return exp.Anonymous(this=name, expressions=[a.copy() if isinstance(a, exp.Expression) else exp.Literal.string(a) if isinstance(a, str)
                                                 else exp.Literal.number(a) for a in args])


def months_later(what, months):
    """DATE(x, '+1 months') of SQLite makes 2 March of 31 January; the end of that month is what the others say."""
    return call("MIN", call("DATE", what, f"{months:+d} months"), call("DATE", what, "start of month", f"{months + 1:+d} months", "-1 days"))


def sqlite_moment(node):
    """x + INTERVAL '..' as DATE(x, '+1 days') or DATETIME(...)."""
    left, right = node.this, node.expression
    if isinstance(node, exp.Sub) and is_date(left) and is_date(right):
        return exp.cast(exp.Sub(this=call("JULIANDAY", left), expression=call("JULIANDAY", right)), "integer")
    if isinstance(left, exp.Interval) and isinstance(node, exp.Add):
        left, right = right, left
    if not isinstance(right, exp.Interval):
        return None
    parts = interval_parts(right)
    if parts is None:
        return None
    sign, steps, months = (-1 if isinstance(node, exp.Sub) else 1), [], 0
    for number, unit in parts:
        word, times = UNITS[unit]
        value = float(number) * times * sign
        if word in ("months", "years") and value == int(value):
            months += int(value) * (12 if word == "years" else 1)
        else:
            steps.append(f"{value:+g} {word}" if value != int(value) else f"{int(value):+d} {word}")
    whole = is_date(left) and all(unit in WHOLE_DAYS for _, unit in parts)
    out = left
    if months and whole:
        out = months_later(left, months)
    elif months:
        out = exp.Paren(this=exp.DPipe(this=exp.DPipe(this=months_later(left, months), expression=exp.Literal.string(" ")), expression=call("TIME", left)))
    if steps or not months:
        out = call("DATE" if whole else "DATETIME", out, *steps)
    if whole:
        out.type = exp.DataType.build("date")
    return out


TRUNCATED = {"YEAR": "%Y-01-01", "MONTH": "%Y-%m-01", "DAY": "%Y-%m-%d", "HOUR": "%Y-%m-%d %H:00:00", "MINUTE": "%Y-%m-%d %H:%M:00",
             "SECOND": "%Y-%m-%d %H:%M:%S"}
EXTRACTED = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "HOUR": "%H", "MINUTE": "%M", "SECOND": "%S", "DOW": "%w", "DOY": "%j",
             "EPOCH": "%s", "DAYOFWEEK": "%w", "DAYOFYEAR": "%j"}


def strftime(form, what):
    return exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(form), what.copy()])


def sqlite_trunc(node):
    unit = singular(node.text("unit") or "")
    if unit == "QUARTER":
        month = exp.cast(strftime("%m", node.this), "integer")
        first = exp.Sub(this=exp.Mod(this=exp.Paren(this=exp.Sub(this=month, expression=exp.Literal.number(1))), expression=exp.Literal.number(3)),
                        expression=exp.Literal.number(0))
        back = exp.DPipe(this=exp.DPipe(this=exp.Literal.string("-"), expression=exp.Paren(this=first)), expression=exp.Literal.string(" months"))
        return exp.Anonymous(this="DATETIME", expressions=[node.this.copy(), exp.Literal.string("start of month"), back])
    if unit == "WEEK":
        return exp.Anonymous(this="DATETIME", expressions=[node.this.copy(), exp.Literal.string("-6 days"), exp.Literal.string("weekday 1"),
                                                           exp.Literal.string("start of day")])
    if unit not in TRUNCATED:
        return None
    return strftime(TRUNCATED[unit] if len(TRUNCATED[unit]) > 8 and ":" in TRUNCATED[unit] or unit == "SECOND" else TRUNCATED[unit] + " 00:00:00", node.this)


def sqlite_extract(node):
    unit = singular(node.this.name)
    if unit == "QUARTER":
        month = exp.cast(strftime("%m", node.expression), "integer")
        return exp.Paren(this=exp.Div(this=exp.Paren(this=exp.Add(this=month, expression=exp.Literal.number(2))), expression=exp.Literal.number(3), typed=True))
    if unit not in EXTRACTED:
        return None
    return exp.cast(strftime(EXTRACTED[unit], node.expression), "integer")


def sqlite_like(node):
    """LIKE of SQLite folds ASCII letters; GLOB does not."""
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string or isinstance(node.parent, exp.Escape):
        return None
    glob, text, at = "", str(pattern.this), 0
    while at < len(text):
        c = text[at]
        if c == "\\" and source == "postgres" and at + 1 < len(text):
            at += 1
            glob += f"[{text[at]}]" if text[at] in "*?[" else text[at]
        else:
            glob += "*" if c == "%" else "?" if c == "_" else f"[{c}]" if c in "*?[" else c
        at += 1
    out = exp.Glob(this=node.this.copy(), expression=exp.Literal.string(glob))
    return exp.Not(this=out) if node.args.get("negate") else out


def repeated(text, times):
    return call("REPLACE", call("HEX", call("ZEROBLOB", times)), "00", text)


def padded(node):
    text, size, fill, left = node.this, node.expression, node.args.get("fill_pattern") or exp.Literal.string(" "), node.args.get("is_left", True)
    more = call("SUBSTR", repeated(fill, size), 1, exp.Sub(this=size.copy(), expression=call("LENGTH", text)))
    both = exp.DPipe(this=more, expression=text.copy()) if left else exp.DPipe(this=text.copy(), expression=more)
    return exp.Case().when(exp.GTE(this=call("LENGTH", text), expression=size.copy()), call("SUBSTR", text, 1, size)).else_(both)


def sqlite_cast(node):
    kind, what = node.to.this, node.this
    if kind in (TYPE.TIMESTAMP, TYPE.TIMESTAMPTZ, TYPE.DATETIME):
        return call("DATETIME", what)
    if kind in (TYPE.JSON, TYPE.JSONB):
        return what.copy()
    if kind in exp.DataType.INTEGER_TYPES and not (what.is_type(*exp.DataType.INTEGER_TYPES) or isinstance(what, exp.Literal) and what.is_string):
        if isinstance(what, exp.Literal) or what.is_type(TYPE.DECIMAL, TYPE.DOUBLE, TYPE.FLOAT):
            return exp.cast(call("ROUND", what), "integer")
        if isinstance(what, exp.Column) and not what.is_type(TYPE.TEXT, TYPE.VARCHAR, TYPE.BOOLEAN):
            return exp.Case(this=call("TYPEOF", what)).when(exp.Literal.string("real"), exp.cast(call("ROUND", what), "integer")).else_(exp.cast(what.copy(), "integer"))
    if kind == TYPE.DECIMAL and len(node.to.expressions) == 2:
        return call("ROUND", exp.cast(what.copy(), "double"), node.to.expressions[1].this)
    return None


def sqlite_function(node):
    name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__
    args = node.expressions if isinstance(node, exp.Anonymous) else []
    if isinstance(node, exp.Repeat):
        return repeated(node.this, node.args["times"])
    if isinstance(node, exp.Pad):
        return padded(node)
    if isinstance(node, exp.Left):
        return call("SUBSTR", node.this, 1, node.expression)
    if isinstance(node, exp.Right):
        return call("SUBSTR", node.this, exp.Neg(this=node.expression.copy()))
    if isinstance(node, exp.StartsWith):
        return exp.Paren(this=exp.EQ(this=call("SUBSTR", node.this, 1, call("LENGTH", node.expression)), expression=node.expression.copy()))
    if name in ("Unicode", "Ascii") or name == "ASCII":
        return call("UNICODE", args[0] if args else node.this)
    if name in ("OCTET_LENGTH", "ByteLength"):
        return call("LENGTH", exp.cast((args[0] if args else node.this).copy(), "blob"))
    if name in ("MAKE_DATE", "DateFromParts"):
        parts = args or [node.args.get(k) for k in ("year", "month", "day")]
        return call("PRINTF", "%04d-%02d-%02d", *parts) if len(parts) == 3 and all(parts) else None
    if type(node) is exp.Concat and node.expressions:
        parts = [exp.func("COALESCE", exp.cast(p.copy(), "text"), exp.Literal.string("")) for p in node.expressions]
        out = parts[0]
        for part in parts[1:]:
            out = exp.DPipe(this=out, expression=part)
        return exp.Paren(this=out)
    return None


def sqlite_values(node):
    """(VALUES ...) AS v(x, y): there are no names of columns there, but column1, column2."""
    alias = node.args.get("alias")
    if alias is None or not alias.args.get("columns") or not isinstance(node.parent, (exp.From, exp.Join, exp.Subquery)):
        return None
    names = [exp.alias_(exp.column(f"column{i}"), c.name, quoted=True) for i, c in enumerate(alias.columns, 1)]
    inner = exp.Subquery(this=exp.Values(expressions=[e.copy() for e in node.expressions]))
    select = exp.Select(expressions=names)
    select.set("from_" if "from_" in exp.Select.arg_types else "from", exp.From(this=inner))
    return exp.Subquery(this=select, alias=exp.TableAlias(this=alias.this.copy()))


def sqlite_date_add(node):
    """DATE_ADD(d, INTERVAL 1 MONTH), date_add('day', 3, d): as d + INTERVAL."""
    number, unit = node.expression, node.args.get("unit")
    if isinstance(number, exp.Interval):
        number, unit = number.this, number.args.get("unit")
    sign = isinstance(number, exp.Neg)
    number = number.this if sign else number
    if not isinstance(number, exp.Literal) or unit is None:
        return None
    back = isinstance(node, (exp.DateSub, exp.DatetimeSub, exp.TimestampSub)) != sign
    interval = exp.Interval(this=exp.Literal.string(str(number.this)), unit=unit.copy())
    return sqlite_moment((exp.Sub if back else exp.Add)(this=node.this.copy(), expression=interval))


def sqlite_node(node):
    out = None
    if isinstance(node, (exp.DateAdd, exp.DateSub, exp.DatetimeAdd, exp.DatetimeSub, exp.TimestampAdd, exp.TimestampSub, exp.TsOrDsAdd)):
        out = sqlite_date_add(node)
    elif isinstance(node, exp.ApproxDistinct):
        out = exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
    elif isinstance(node, (exp.Add, exp.Sub)):
        out = sqlite_moment(node)
    elif isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)):
        out = sqlite_trunc(node)
    elif isinstance(node, exp.Extract):
        out = sqlite_extract(node)
    elif type(node) is exp.Like and source in ("postgres", "trino", "duckdb"):
        out = sqlite_like(node)
    elif isinstance(node, exp.Cast):
        out = sqlite_cast(node)
    elif isinstance(node, exp.Values):
        out = sqlite_values(node)
    elif isinstance(node, exp.Collate) and node.expression.name.upper() in ("C", "POSIX"):
        out = exp.Collate(this=node.this.copy(), expression=exp.Var(this="BINARY"))
    elif isinstance(node, exp.Func):
        out = sqlite_function(node)
    return node if out is None else out


WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def duckdb_divide(node):
    """Integers divided are an integer elsewhere; whether a column is one, the engine knows."""
    sides = [node.this, node.expression]
    if any(side.is_type(TYPE.DECIMAL, TYPE.DOUBLE, TYPE.FLOAT, TYPE.BIGDECIMAL) or side.find(exp.AggFunc, exp.Interval) is not None
           and not isinstance(side.find(exp.AggFunc), (exp.Count, exp.Min, exp.Max)) for side in sides):
        return None
    asked = [side for side in sides if not side.is_type(*exp.DataType.INTEGER_TYPES)]
    if not asked:
        return None
    kinds = [exp.Literal.string(name) for name in WHOLE]
    whole = exp.and_(*(exp.In(this=call("TYPEOF", side), expressions=[k.copy() for k in kinds]) for side in asked))
    plain = node.copy()
    plain.set("typed", False)
    plain.set("safe", None)
    divided = exp.cast(call("TRUNC", plain.copy()), "bigint")
    return exp.Case().when(whole, divided).else_(plain)


def duckdb_node(node):
    if isinstance(node, exp.Div) and source in ("postgres", "trino", "sqlite") and not isinstance(node.parent, exp.Anonymous):
        return duckdb_divide(node) or node
    if type(node) is exp.Anonymous and node.name.upper() == "EVERY":
        return call("BOOL_AND", *node.expressions)
    return node


TRUTHS = {"t": True, "true": True, "y": True, "yes": True, "on": True, "1": True, "f": False, "false": False, "n": False, "no": False, "off": False, "0": False}


def postgres_node(node):
    """What PostgreSQL means, said so that more dialects have a word for it."""
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string and node.to.this == TYPE.BOOLEAN:
        truth = TRUTHS.get(str(node.this.this).strip().lower())
        return node if truth is None else exp.Boolean(this=truth)
    if isinstance(node, exp.Cast) and node.to.this in (TYPE.VARCHAR, TYPE.CHAR, TYPE.BPCHAR) and node.to.expressions and wanted != "mysql":
        return exp.Substring(this=exp.cast(node.this.copy(), "text"), start=exp.Literal.number(1), length=node.to.expressions[0].this.copy())
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any) and isinstance(node.expression.this.unnest(), exp.Array):
        return exp.In(this=node.this.copy(), expressions=[e.copy() for e in node.expression.this.unnest().expressions])
    if isinstance(node, exp.ByteString) and wanted != "duckdb":
        return exp.Literal.string(str(node.this))
    if type(node) is exp.Like and wanted in ("duckdb", "trino") and isinstance(node.expression, exp.Literal) and "\\" in str(node.expression.this):
        return node if isinstance(node.parent, exp.Escape) else exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
    return node


# What an unnamed column is called there, so that clients find it under its name.
def column_name(node, index):
    if source == "trino":
        return f"_col{index}"
    if source == "mysql":
        shown = node.copy()
        for mark in list(shown.find_all(exp.Placeholder)):
            mark.set("this", None)
        return shown.sql("mysql", normalize_functions=False)
    while isinstance(node, (exp.Cast, exp.TryCast, exp.Paren)):
        if isinstance(node, exp.Cast) and not isinstance(node.this, (exp.Column, exp.Func, exp.Cast, exp.Paren)):
            kind = node.to.sql("postgres").lower().split("(")[0]
            return {"int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "decimal": "numeric", "double precision": "float8",
                    "real": "float4", "boolean": "bool"}.get(kind, kind)
        node = node.this
    if isinstance(node, exp.Column):
        return node.name
    if isinstance(node, exp.Case):
        return "case"
    if isinstance(node, exp.Subquery):
        inner = node.this.selects[0] if isinstance(node.this, exp.Select) and node.this.selects else None
        return (inner.alias_or_name or column_name(inner, 0)) if inner is not None else "?column?"
    if isinstance(node, exp.Exists):
        return "exists"
    if isinstance(node, (exp.Window, exp.Filter, exp.WithinGroup)):
        return column_name(node.this, index)
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    if isinstance(node, exp.Func) and not isinstance(node, (exp.Binary, exp.Connector)):
        written = node.meta.get("name") or {"TimestampTrunc": "date_trunc", "DateTrunc": "date_trunc", "TimeToStr": "to_char", "GroupConcat": "string_agg",
                                            "CurrentTimestamp": "now", "StrToTime": "to_timestamp", "StrToDate": "to_date", "StrPosition": "position",
                                            "Pow": "power", "IntDiv": "?column?", "ArrayAgg": "array_agg"}.get(type(node).__name__)
        return (written or node.sql_name()).lower()
    return "?column?"


def name_columns(tree):
    for select in tree.find_all(exp.Select):
        top = select is tree or isinstance(select.parent, (exp.SetOperation, exp.CTE)) or (
            isinstance(select.parent, exp.Subquery) and isinstance(select.parent.parent, (exp.From, exp.Join)))
        if not top or (isinstance(select.parent, exp.SetOperation) and select.arg_key != "this"):
            continue
        for index, node in enumerate(list(select.expressions)):
            if isinstance(node, (exp.Alias, exp.Aliases, exp.Star, exp.Column)) or node.is_star and not isinstance(node, exp.Func):
                continue
            name = column_name(node, index)
            if name == "?column?" and select is not tree and len(select.expressions) > 1:
                continue
            select.expressions[index].replace(exp.alias_(node.copy(), name, quoted=True, copy=False))


def improve(tree, target):
    global wanted
    wanted = target
    if source in ("postgres", "trino", "mysql"):
        name_columns(tree)
    if source == "postgres":
        tree = tree.transform(postgres_node)
    try:
        tree = annotate_types(tree, dialect=source)
    except Exception:
        pass
    if target == "sqlite":
        tree = tree.transform(sqlite_node)
    elif target == "duckdb":
        tree = tree.transform(duckdb_node)
    return tree


# ---- translating ----

class Written(str):
    """A literal as it stood in the text; whatever a translation makes of it is a plain str again."""

    __slots__ = ("place",)


def dialect_parts(name):
    if name not in dialects:
        base = Dialect.get_or_raise(name)
        marks = type("Marks", (base.generator_class,), {
            "literal_sql": marked_literal, "parameter_sql": marked_parameter, "placeholder_sql": marked_placeholder,
            "TRANSFORMS": {k: v for k, v in base.generator_class.TRANSFORMS.items() if k not in (exp.Parameter, exp.Placeholder, exp.Literal)}})
        dialects[name] = (base, marks)
    return dialects[name]


def marked_literal(self, expression):
    text = super(type(self), self).literal_sql(expression)
    place = getattr(expression.this, "place", None)
    return text if place is None or not marking else f"{MARK}L{place}{TEXT}{text}{END}"


def parameter(number):
    return f"{MARK}P{number}{TEXT}${number}{END}" if marking else f"${number}"


def marked_parameter(self, expression):
    name = expression.name
    return parameter(int(name)) if name.isdigit() and source != "mysql" else super(type(self), self).parameter_sql(expression)


def marked_placeholder(self, expression):
    name = str(expression.this or "")
    return parameter(int(name)) if name.isdigit() else super(type(self), self).placeholder_sql(expression)


def parse(name, sql, places):
    """One tree; literals at PLACES know where they stood, question marks which they are."""
    dialect, _ = dialect_parts(name)
    tokens = dialect.tokenize(sql)
    marks = {}
    for before, token in zip([None] + tokens, tokens):
        if token.token_type == TokenType.PLACEHOLDER:
            marks[token.start] = len(marks) + 1
        if token.token_type in (TokenType.NUMBER, TokenType.STRING) and (token.start, token.end + 1) in places:
            if before is not None and before.token_type in (TokenType.PARAMETER, TokenType.COLON):
                continue
            written = Written(token.text)
            written.place = places[(token.start, token.end + 1)]
            token.text = written

    def question(self):
        return self.expression(exp.Placeholder(this=str(marks[self._prev.start])))

    base = dialect.parser_class
    known = dict(base.PLACEHOLDER_PARSERS)
    known[TokenType.PLACEHOLDER] = question
    parser = type("Parser", (base,), {"PLACEHOLDER_PARSERS": known})(dialect=dialect, error_level=ErrorLevel.RAISE)
    trees = [tree for tree in parser.parse(tokens, sql) if tree is not None]
    if len(trees) != 1:
        raise ParseError(f"{len(trees)} statements instead of one")
    if isinstance(trees[0], exp.Command) or not isinstance(trees[0], (exp.Query, exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.TruncateTable, exp.Values)):
        raise ParseError("a statement that is not understood: " + sql[:40])
    return forget_places(trees[0])


def forget_places(tree):
    """Of literals that are read, not only written again: one that could not be read says nothing about the next."""
    for node in tree.find_all(exp.Interval, exp.Cast, exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar):
        is_cast = isinstance(node, exp.Cast)
        read = node.expression if not isinstance(node, (exp.Interval, exp.Cast)) else node.this
        if isinstance(read, exp.Literal) and (not is_cast or node.to.this == TYPE.BOOLEAN):
            read.set("this", str(read.this))
    return tree


def generate(name, tree, with_marks):
    global marking
    marking = with_marks
    dialect, marks = dialect_parts(name)
    generator = marks(dialect=dialect, normalize_functions=False, comments=False, unsupported_level=ErrorLevel.IGNORE)
    return generator.generate(tree.copy()), list(dict.fromkeys(generator.unsupported_messages))


def places_in(marked, plain):
    """(offset, length, kind, number) in bytes of each marked place, or none if marks got into the translation itself."""
    out, text, at = [], [], 0
    size = 0
    while True:
        begin = marked.find(MARK, at)
        if begin < 0:
            break
        middle, end = marked.find(TEXT, begin), marked.find(END, begin)
        if middle < 0 or end < middle or MARK in marked[begin + 1 : end]:
            return []
        text.append(marked[at:begin])
        size += len(text[-1].encode())
        piece = marked[middle + 1 : end]
        out.append((size, len(piece.encode()), marked[begin + 1], int(marked[begin + 2 : middle])))
        text.append(piece)
        size += len(piece.encode())
        at = end + 1
    text.append(marked[at:])
    return out if "".join(text) == plain else []


def character_places(sql, raw, packed):
    """Places of literals, which came in bytes, in characters."""
    spots = [struct.unpack_from("<II", packed, i) for i in range(0, len(packed), 8)]
    if len(sql) == len(raw):
        return {(at, at + length): i for i, (at, length) in enumerate(spots)}
    out, characters, at = {}, 0, 0
    for i, (start, length) in enumerate(spots):
        characters += len(raw[at:start].decode())
        inside = len(raw[start : start + length].decode())
        out[(characters, characters + inside)] = i
        characters += inside
        at = start + length
    return out


def translate(fields):
    global source
    source, target = fields[0].decode(), fields[1].decode()
    raw, packed = fields[2], fields[3]
    sql = raw.decode()
    marked_before = any(c in sql for c in (MARK, TEXT, END))
    try:
        tree = parse(source, sql, {} if marked_before else character_places(sql, raw, packed))
    except (ParseError, TokenError) as error:
        details = getattr(error, "errors", None)
        where = f"line {details[0]['line']}, column {details[0]['col']}: {details[0]['description']}" if details else str(error)
        return CANNOT_PARSE, [where.encode("utf-8", "replace")[:1000]]
    tree = improve(tree, target)
    touched = 0
    for i in range(4, len(fields) - 1, 2):
        before = tree.copy()
        changed = run_script(fields[i].decode(), fields[i + 1].decode(), "transform", tree, source, target)
        if isinstance(changed, str):
            changed = parse(source, changed, {})
        if changed is not None and not isinstance(changed, exp.Expression):
            raise ScriptError(f"{fields[i].decode()}: line 0: transform() gave {type(changed).__name__}, not a tree, a text or None")
        tree = tree if changed is None else changed
        touched |= (tree != before) << (i - 4) // 2
    plain, warnings = generate(target, tree, False)
    marked, _ = generate(target, tree, True)
    places = [] if marked_before else places_in(marked, plain)
    table = b"".join(struct.pack("<IIBI", at, length, ord(kind), number) for at, length, kind, number in places)
    return OK, [plain.encode(), table, "\n".join(warnings).encode()[:4000], struct.pack("<I", touched)]


# ---- asking scripts ----

def arguments(entry, function, sql, context):
    headers = context.setdefault("headers", {})
    context["extra"] = headers
    context["sql"] = sql
    context["auth"] = {"user": context["user"], "groups": context["groups"], "roles": []}
    if context["protocol"] == "postgresWire":
        context["sessionParams"] = headers
    if context["protocol"] == "mysqlWire":
        context["schema"] = context["database"]
    if entry == "route":
        return sql, context
    candidates = context.pop("candidates")
    return (candidates,) if function.__name__ == "select_cluster" else (sql, candidates, context)


def understood(name, entry, function, said):
    """(kind, name or message, why, SQLSTATE) of what a script returned."""
    wanted, line = ("group", "cluster")[entry != "route"], getattr(getattr(function, "__code__", None), "co_firstlineno", 0)
    if said is None or isinstance(said, str):
        return (NAMED if said else NOTHING), said or "", "", "42501"
    if not isinstance(said, dict):
        raise ScriptError(f"{name}: line {line}: {entry}() gave {type(said).__name__}, not the name of a {wanted}, None or a dict")
    for key, value in said.items():
        if key not in (wanted, "deny", "action", "message", "reason", "sqlstate") or not (value is None or isinstance(value, str)):
            raise ScriptError(f"{name}: line {line}: {entry}() gave a dict with {key!r}: {type(value).__name__}; known are the texts "
                              f"{wanted}, reason{', deny, sqlstate' if entry == 'route' else ''}")
    why, sqlstate = said.get("reason") or "", said.get("sqlstate") or "42501"
    if entry == "route" and (said.get("deny") is not None or said.get("action") == "deny"):
        if len(sqlstate) != 5 or not set(sqlstate) <= SQLSTATE or sqlstate[:2] in ("00", "01", "02"):
            raise ScriptError(f"{name}: line {line}: {entry}() gave sqlstate {sqlstate!r}, not five characters such as 42501")
        return DENIED, said.get("deny") or said.get("message") or why or "denied by a routing script", "", sqlstate
    chosen = said.get(wanted) or ""
    return (NAMED if chosen else NOTHING), chosen, why, "42501"


def cut(text, most):
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").encode()


def ask(fields):
    name, text, entry, sql = fields[0].decode(), fields[1].decode(), fields[2].decode(), fields[3].decode("utf-8", "replace")
    context = json.loads(fields[4])
    seconds = context.pop("timeoutMs") / 1000.0

    def work():
        function, kept = load(name, text, entry)
        return understood(name, entry, function, function(*arguments(entry, function, sql, context))), kept

    (kind, what, why, sqlstate), (depends, held) = limited(name, entry, seconds, work)
    return OK, [cut(what, 1000), cut(why, 400), struct.pack("<BII", kind, depends, held) + sqlstate.encode()]


def check(fields):
    """Whether a script is Python and has its function; it is not run."""
    import symtable
    name, text, entry = fields[0].decode(), fields[1].decode(), fields[2].decode()
    code = compiled(name, text)
    top = symtable.symtable(text, name, "exec")
    defined = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    entries = ("choose", "select_cluster") if entry == "choose" else (entry,)
    if defined.isdisjoint(entries) and "*" not in code.co_names and "import *" not in text:
        raise ScriptError(f"{name}: line 1: there is no function {entry}()")
    return OK, [b""]


def serve():
    pipe_in = sys.stdin.buffer
    pipe_out = os.fdopen(os.dup(1), "wb")
    sys.stdin = open(os.devnull)  # what a script reads is not the protocol
    os.dup2(2, 1)
    while True:
        (count,) = struct.unpack("<I", read_exactly(pipe_in, 4))
        if count < 9 or count > frame_max:
            os._exit(3)
        data = read_exactly(pipe_in, count)
        ident, operation = struct.unpack_from("<QB", data)
        fields = fields_of(data)
        signal.setitimer(signal.ITIMER_REAL, alarm_s)
        try:
            if operation == HELLO:
                verdict, out = OK, [sys.version.split()[0].encode() if plain else sqlglot.__version__.encode()]
            elif operation == TRANSLATE:
                verdict, out = translate(fields)
            elif operation == ASK:
                verdict, out = ask(fields)
            elif operation == COMPILE:
                verdict, out = check(fields)
            else:
                verdict, out = BROKEN, [b"an operation that is not known"]
        except ScriptError as error:
            verdict, out = SCRIPT_FAILED, [str(error).encode("utf-8", "replace")] + [b"late"] * error.late
        except UnsupportedError as error:
            verdict, out = CANNOT_EXPRESS, [str(error).encode("utf-8", "replace")[:1000]]
        except MemoryError:
            os._exit(4)
        except (RecursionError, Exception) as error:
            verdict, out = CANNOT_PARSE, [f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:1000]]
        signal.setitimer(signal.ITIMER_REAL, 0)
        answer(pipe_out, ident, verdict, *out)


confine(*(int(word) for word in sys.argv[1:4]))
plain = sys.argv[4] == "scripts"  # it is only asked scripts: sqlglot is not needed
try:
    if not plain:
        import sqlglot
        from sqlglot import exp
        from sqlglot.dialects.dialect import Dialect
        from sqlglot.errors import ErrorLevel, ParseError, TokenError, UnsupportedError
        from sqlglot.optimizer.annotate_types import annotate_types
        from sqlglot.tokens import TokenType
    else:
        UnsupportedError = ParseError = TokenError = ScriptError
except ImportError as failure:
    frame = struct.pack("<QB", 0, BROKEN)
    reason = f"{sys.executable}: {failure}".encode()[:400]
    frame += struct.pack("<I", len(reason)) + reason
    os.write(1, struct.pack("<I", len(frame)) + frame)
    os._exit(2)
source, wanted, marking, dialects = "", "", False, {}
TYPE = None if plain else exp.DataType.Type
serve()
