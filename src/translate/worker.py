"""Translates SQL between dialects with sqlglot, and runs the operator's scripts; one of several processes that Turnout starts.

Frames on stdin and stdout, numbers little-endian (translate/frame.h):
    request   u32 length, u64 id, u8 operation, fields      field: u32 length, bytes
    answer    u32 length, u64 id, u8 verdict, fields
It does one thing at a time. What is wrong with a statement or a script is an answer; what is wrong here ends the process, and
another one is started. Nothing a script prints or leaves behind reaches the protocol.
"""
import functools
import hashlib
import json
import os
import re
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


# ---- translating ----

class Written(str):
    """A literal as it stood in the text; whatever a translation makes of it is a plain str again."""

    __slots__ = ("place",)


def question(self):
    return self.expression(exp.Placeholder(this=str(questions[self._prev.start])))


def plain_mysql():
    """MySQL with sqlMode NO_BACKSLASH_ESCAPES."""
    base = Dialect.get_or_raise("mysql")
    tokens = type("Tokenizer", (base.tokenizer_class,), {"STRING_ESCAPES": ["'"]})
    return type("MySQLPlain", (type(base),), {"Tokenizer": tokens, "ESCAPED_SEQUENCES": {}, "UNESCAPED_SEQUENCES": {}})()


def dialect_parts(name):
    """To read with, to write with, and the classes that do."""
    if name not in dialects:
        base, reader = (plain_mysql() if name == "mysqlplain" else Dialect.get_or_raise(name) for _ in range(2))
        reader.ORIGINAL_NAME_META_KEY = "name"  # of functions, for the names of columns (words/names.py)
        own = {exp.RegexpLike: lambda self, e: self.binary(e, "REGEXP")} if name in ("mysql", "mysqlplain") else {}
        marks = type("Marks", (base.generator_class,), {
            "literal_sql": marked_literal, "parameter_sql": marked_parameter, "placeholder_sql": marked_placeholder, "func": noted_call,
            "TRANSFORMS": {**{k: v for k, v in base.generator_class.TRANSFORMS.items() if k not in (exp.Parameter, exp.Placeholder, exp.Literal)}, **own}})
        known = {**base.parser_class.PLACEHOLDER_PARSERS, TokenType.PLACEHOLDER: question}
        parser = type("Parser", (base.parser_class,), {"PLACEHOLDER_PARSERS": known, **more_functions(name, base.parser_class)})
        dialects[name] = (base, marks, reader, parser)
    return dialects[name]


def named_functions(parsers):
    """Those that sqlglot reads each in its own way keep their names, too; a cast has none."""
    def named(name, read):
        def reader(self):
            node = read(self)
            if isinstance(node, exp.Expression):
                node.meta.setdefault("name", name.lower())
            return node
        return reader
    return {name: read if "CAST" in name else named(name, read) for name, read in parsers.items()}


def more_functions(name, parser):
    """What sqlglot reads in another way than it is wanted here."""
    no_arrows = {"LAMBDAS": {token: read for token, read in parser.LAMBDAS.items() if token != TokenType.ARROW}} # f(x -> 'a') is of JSON
    if name == "sqlite":
        return no_arrows
    if name == "postgres":
        return {**no_arrows, "UNARY_PARSERS": loose_prefixes(parser, name), "FUNCTION_PARSERS": named_functions(parser.FUNCTION_PARSERS), "FUNCTIONS": {**parser.FUNCTIONS, "TO_CHAR": lambda args: exp.TimeToStr(this=args[0], format=args[1]) if len(args) == 2 else exp.Anonymous(this="TO_CHAR", expressions=args)}}
    if name == "duckdb":
        return {"UNARY_PARSERS": loose_prefixes(parser, name)}
    if name not in ("mysql", "mysqlplain"):
        return {}
    functions = {key: value for key, value in parser.FUNCTIONS.items() if key != "TO_DAYS"}

    def later(key):
        def read(args):
            day = args[1] if len(args) != 2 or isinstance(args[1], exp.Interval) else exp.Interval(this=args[1], unit=exp.Var(this="DAY"))
            return parser.FUNCTIONS[key]([args[0], day])
        return read

    return {**no_arrows, "FUNCTIONS": {**functions, "ADDDATE": later("DATE_ADD"), "SUBDATE": later("DATE_SUB")}}


class OnePart:
    """Of '1 day 02:00:00' sqlglot would read the first part and leave the rest: such a text stays as it is (words/intervals.py)."""

    def __init__(self, known):
        self.known = known

    def findall(self, text):
        return self.known.findall(text) if self.known.fullmatch(text.strip()) else []

    def match(self, text):
        return self.known.match(text) if self.known.fullmatch(text.strip()) else None


def more_formats():
    """What sqlglot's tables of formats lack."""
    from sqlglot.trie import new_trie
    exp.INTERVAL_STRING_RE = OnePart(exp.INTERVAL_STRING_RE)
    postgres, mysql = type(Dialect.get_or_raise("postgres")), type(Dialect.get_or_raise("mysql"))
    postgres.TIME_MAPPING.update({"Mon": "%b", "MON": "%b", "Month": "%B", "FMMonth": "%B", "Day": "%A", "FMDay": "%A", "Dy": "%a", "AM": "%p", "PM": "%p"})
    postgres.TIME_TRIE = new_trie(postgres.TIME_MAPPING)
    postgres.INVERSE_TIME_MAPPING.update({"%p": "AM"})
    postgres.INVERSE_TIME_TRIE = new_trie(postgres.INVERSE_TIME_MAPPING)
    for dialect in (mysql, type(Dialect.get_or_raise("trino"))):
        dialect.INVERSE_TIME_MAPPING.update({"%V": "%v", "%G": "%x"})
        dialect.INVERSE_TIME_TRIE = new_trie(dialect.INVERSE_TIME_MAPPING)


def zero_apart(text):
    """A text with zero bytes, which is none in PostgreSQL, and ends a statement in the others."""
    if wanted not in ("sqlite", "duckdb"):
        cannot("a text with a zero byte")
    zero = exp.Anonymous(this="CHAR" if wanted == "sqlite" else "CHR", expressions=[exp.Literal.number(0)])
    parts = [part for piece in str(text).split("\0") for part in (exp.Literal.string(piece), zero)][:-1]
    return exp.paren(functools.reduce(lambda before, part: exp.DPipe(this=before, expression=part), parts), copy=False)


def marked_literal(self, expression):
    if expression.is_string and "\0" in expression.this and wanted != "mysql":
        return self.sql(zero_apart(expression.this))
    text = super(type(self), self).literal_sql(expression)
    place = getattr(expression.this, "place", None)
    return text if place is None or not marking else f"{MARK}L{place}{TEXT}{text}{END}"


def noted_call(self, name, *args, **more):
    if more.get("normalize", True): # else it is one of a schema
        called_names.add(name.lower())
    return super(type(self), self).func(name, *args, **more)


def parameter(number):
    return f"{MARK}P{number}{TEXT}${number}{END}" if marking else f"${number}"


def marked_parameter(self, expression):
    name = expression.name
    return parameter(int(name)) if name.isdigit() and source != "mysql" else super(type(self), self).parameter_sql(expression)


def marked_placeholder(self, expression):
    name = str(expression.this or "")
    return parameter(int(name)) if name.isdigit() else super(type(self), self).placeholder_sql(expression)


def without_tables_of_values(tokens):
    """VALUES(`t`.`a`) behind ON DUPLICATE KEY, which sqlglot does not read, as VALUES(`a`)."""
    words = [token.text.upper() for token in tokens]
    start = next((i for i in range(len(tokens) - 2) if words[i : i + 3] == ["ON", "DUPLICATE", "KEY"] and tokens[i].token_type == TokenType.ON), len(tokens))
    out, at = tokens[:start], start
    while at < len(tokens):
        kinds = [token.token_type for token in tokens[at : at + 6]]
        qualified = kinds[:2] == [TokenType.VALUES, TokenType.L_PAREN] and kinds[3:4] == [TokenType.DOT] and kinds[5:] == [TokenType.R_PAREN]
        out += [*tokens[at : at + 2], *tokens[at + 4 : at + 6]] if qualified else [tokens[at]]
        at += 6 if qualified else 1
    return out


def parse(name, sql, places):
    """One tree; literals at PLACES know where they stood, question marks which they are."""
    _, _, dialect, parser = dialect_parts(name)
    replaces = name in ("mysql", "sqlite") and re.match(r"(?i)(\s*)replace\s+into\b", sql)
    if replaces:  # which sqlglot does not read; the places stay
        at = replaces.end(1)
        sql = f"{sql[:at]}INSERT {sql[at + 7:]}"
    renames = re.fullmatch(r"(?i)\s*rename\s+table\s+([^\s,]+)\s+to\s+([^\s,]+)\s*", sql) if name == "mysql" else None
    if renames:  # nor this, of one table; it has no literals
        sql = f"ALTER TABLE {renames[1]} RENAME TO {renames[2]}"
    plan = EXPLAINS.match(sql) if name == "mysql" else None
    explains.clear()
    if plan:  # what is explained is read alone, where it stood
        explains.extend(words.upper() for words in plan[1].split())
        sql = " " * plan.end() + sql[plan.end():]
    tokens = without_tables_of_values(dialect.tokenize(sql)) if name == "mysql" else dialect.tokenize(sql)
    questions.clear()
    for before, token in zip([None] + tokens, tokens):
        if token.token_type == TokenType.PLACEHOLDER:
            questions[token.start] = len(questions) + 1
        if token.token_type in (TokenType.NUMBER, TokenType.STRING) and (token.start, token.end + 1) in places:
            if before is not None and before.token_type in (TokenType.PARAMETER, TokenType.COLON):
                continue
            written = Written(token.text)
            written.place = places[(token.start, token.end + 1)]
            token.text = written

    trees = [tree for tree in parser(dialect=dialect, error_level=ErrorLevel.RAISE).parse(tokens, sql) if tree is not None]
    if len(trees) != 1:
        raise ParseError(f"{len(trees)} statements instead of one")
    if isinstance(trees[0], exp.Command) or not isinstance(trees[0], (exp.Query, exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.TruncateTable, exp.Values, exp.Pivot)):
        raise ParseError("a statement that is not understood: " + sql[:40])
    if replaces:
        trees[0].set("alternative", "REPLACE")
    return forget_places(numbered(trees[0]) if name == "trino" else trees[0])


def numbered(tree):
    """$1, which Trino's grammar reads as a name, is what stands there for a question mark."""
    for column in list(tree.find_all(exp.Column)):
        if re.fullmatch(r"\$\d+", column.name) and not column.table and not column.this.args.get("quoted"):
            column.replace(exp.Parameter(this=exp.Literal.number(column.name[1:])))
    return tree


def forget_places(tree):
    """Of literals that are read, not only written again: one that could not be read says nothing about the next."""
    for node in tree.find_all(exp.Interval, exp.Cast, exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar):
        is_cast = isinstance(node, exp.Cast)
        read = node.expression if not isinstance(node, (exp.Interval, exp.Cast)) else node.this
        if isinstance(read, exp.Literal) and (not is_cast or node.to.this == TYPE.BOOLEAN):
            read.set("this", str(read.this))
    for node in tree.find_all(exp.RegexpReplace):
        for literal in [node.args.get(key) for key in ("expression", "replacement", "modifiers")]:
            if isinstance(literal, exp.Literal):
                literal.set("this", str(literal.this))
    for node in tree.find_all(exp.Anonymous):
        for literal in node.expressions if node.name.upper() == "REGEXP_MATCH" else []:
            if isinstance(literal, exp.Literal):
                literal.set("this", str(literal.this))
    return tree


def generate(name, tree, with_marks):
    global marking
    marking = with_marks
    dialect, marks, _, _ = dialect_parts(name)
    generator = marks(dialect=dialect, normalize_functions=False, comments=False, unsupported_level=ErrorLevel.IGNORE)
    called_names.clear()
    text = long_lists(name, tree) + generator.generate(tree.copy())
    if lacking(called_names) is not None:
        cannot(f"the function {lacking(called_names)}()")
    return text, list(dict.fromkeys(generator.unsupported_messages))


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


def transformed(tree, known_as, scripts):
    """TREE as SCRIPTS (name and text, in turn) leave it, and which of them changed it, as bits."""
    touched = 0
    for i in range(0, len(scripts) - 1, 2):
        before = tree.copy()
        changed = run_script(scripts[i].decode(), scripts[i + 1].decode(), "transform", tree, source, known_as)
        if isinstance(changed, str):
            try:
                changed = parse(source, changed, {})
            except (ParseError, TokenError) as error:
                raise ScriptError(f"{scripts[i].decode()}: line 0: transform() gave a text that cannot be read: {error}")
        if changed is not None and not isinstance(changed, exp.Expression):
            raise ScriptError(f"{scripts[i].decode()}: line 0: transform() gave {type(changed).__name__}, not a tree, a text or None")
        tree = tree if changed is None else changed
        touched |= (tree != before) << i // 2
    return tree, touched


def written_one_by_one(target, trees, touched):
    """Definitions that are several statements there (tn_translating_made_several()). None of their literals has a place."""
    written = [generate(target, tree, False) for tree in trees]
    text = "/* several */ " + "; ".join(plain for plain, _ in written)
    return OK, [text.encode(), b"", "\n".join(line for _, warnings in written for line in warnings).encode()[:4000], struct.pack("<I", touched)]


EXPLAINS = re.compile(r"(?i)\s*(explain\s+(?:(?:analyze|extended|format\s*=\s*\w+)\s+)*)(?=[(]|select\b|with\b|insert\b|update\b|delete\b|replace\b)")


def explained(plain, target):
    """PLAIN, and in front of it what was before the statement that is explained."""
    words = " ".join(explains)
    form = re.search(r"FORMAT ?= ?(\w+)", words)
    json_form = form is not None and form[1] == "JSON"
    if target == "postgres":
        chosen = ["ANALYZE"] * ("ANALYZE" in explains) + ["FORMAT JSON"] * json_form
        return f"EXPLAIN {'(' + ', '.join(chosen) + ') ' if chosen else ''}{plain}"
    if "ANALYZE" in explains and target == "sqlite":
        raise UnsupportedError("sqlite has no words for EXPLAIN ANALYZE")
    return f"{'EXPLAIN QUERY PLAN' if target == 'sqlite' else 'EXPLAIN ANALYZE' if 'ANALYZE' in explains else 'EXPLAIN'} {plain}"


def translate(fields):
    global source, written_words
    source, target = fields[0].decode(), fields[1].decode()
    raw, packed = fields[2], fields[3]
    sql = raw.decode()
    written_words = sql.lower()
    marked_before = any(c in sql for c in (MARK, TEXT, END))
    try:
        tree = parse(source, sql, {} if marked_before else character_places(sql, raw, packed))
    except Exception as error:
        if source == "duckdb" and target != "duckdb" and re.match(r"(?i)\s*(un)?pivot\b", sql):
            raise UnsupportedError(f"{target} has no words for PIVOT and UNPIVOT with a clause behind them; (PIVOT ..) in FROM may have an order")
        if not isinstance(error, (ParseError, TokenError)):
            raise
        details = getattr(error, "errors", None)
        where = f"line {details[0]['line']}, column {details[0]['col']}: {details[0]['description']}" if details else str(error)
        return CANNOT_PARSE, [where.encode("utf-8", "replace")[:1000]] + [b"literal"] * reads_with_others(sql, character_places(sql, raw, packed))
    try:
        return written_so(target, tree, fields, marked_before)
    except (ScriptError, UnsupportedError, RecursionError, MemoryError):
        raise
    except Exception as error: # it was read, so it is not to be taken for the engine's own
        raise UnsupportedError(f"this statement; that is a defect of the translator: {type(error).__name__}: {error}")


def reads_with_others(sql, places):
    """Whether SQL, which could not be read, can be with other literals."""
    for (start, end) in sorted(places, reverse=True):
        sql = sql[:start] + ("1" if sql[start].isdigit() or sql[start] == "." else "'1 day'") + sql[end:]
    try:
        return places != {} and parse(source, sql, {}) is not None
    except Exception:
        return False


NO_LITERALS_READ = ("refused", "returned_rows", "index_refused", "sets_refused")


def of_literal(error):
    """Whether what an engine has no words for may be one because of a literal: of the node that was refused, or what a literal was made into."""
    trace = error.__traceback__
    while trace.tb_next is not None and trace.tb_next.tb_frame.f_code.co_name != "cannot":
        trace = trace.tb_next
    name, space = trace.tb_frame.f_code.co_name, trace.tb_frame.f_locals
    if name in NO_LITERALS_READ:
        return False
    if name == "generate":
        return lacking(called_names) not in re.findall(r"\w+", written_words)
    around = [space["node"]] if isinstance(space.get("node"), exp.Expression) else [value for value in space.values() if isinstance(value, exp.Expression)]
    return not around or any(part.find(exp.Literal, exp.Var) is not None for part in around)


def written_so(target, tree, fields, marked_before):
    """As written(); what cannot be said may be there under the same name."""
    before = tree.copy()
    try:
        return written(target, tree, fields, marked_before)
    except UnsupportedError:
        if not calls_of_own(before):
            raise
        return written(target, before, fields, marked_before)


def written(target, tree, fields, marked_before):
    """The answer for TREE, which was read."""
    known_as = "mysql" if target == "mysqlplain" else target
    trees, touched = [], 0
    for one in learned(tree, known_as, fields[4].decode()):
        one, touches = transformed(improve(one), known_as, fields[5:])
        trees.append(one)
        touched |= touches
    if len(trees) > 1:
        return written_one_by_one(target, trees, touched)
    tree = trees[0]
    plain, warnings = generate(target, tree, False)
    if explains:
        return OK, [explained(plain, target).encode(), b"", "\n".join(warnings).encode()[:4000], struct.pack("<I", touched)]
    try:  # some of sqlglot's words are read again on their way, and a mark is none
        places = [] if marked_before else places_in(generate(target, tree, True)[0], plain)
    except Exception:
        places = []
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
            verdict, out = CANNOT_EXPRESS, [str(error).encode("utf-8", "replace")[:1000]] + [b"literal"] * of_literal(error)
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
        from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types
        from sqlglot.optimizer.scope import traverse_scope
        from sqlglot.schema import Schema
        from sqlglot.tokens import TokenType
    else:
        UnsupportedError = ParseError = TokenError = ScriptError
except ImportError as failure:
    frame = struct.pack("<QB", 0, BROKEN)
    reason = f"{sys.executable}: {failure}".encode()[:400]
    frame += struct.pack("<I", len(reason)) + reason
    os.write(1, struct.pack("<I", len(frame)) + frame)
    os._exit(2)
source, wanted, marking, dialects, questions, explains, called_names, written_words = "", "", False, {}, {}, [], set(), ""
TYPE = None if plain else exp.DataType.Type
if not plain:
    more_formats()
serve()
