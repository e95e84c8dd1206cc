#!/usr/bin/env python3
"""Makes pg_types.cases: asks a PostgreSQL 15 server how it reads and writes values of the types that pgwire knows.

    pg_types.py [--seed N] [--scale N] --dsn "host=127.0.0.1 port=5432 user=postgres" > pg_types.cases

Each line: type, settings, input, output, binary form in hex; tab between them, escapes as COPY has them (\\\\ \\t \\n).
Instead of the binary form "!" and the SQLSTATE where the server refuses. Settings are tz=, efd= (extra_float_digits),
iv= (IntervalStyle), ba= (bytea_output), joined by ";". The unit test pg_types_test replays the file without a server.
"""
import argparse
import random
import struct
import subprocess
import sys

SEND = {
    "bool": "boolsend", "bytea": "byteasend", "name": "namesend", "int8": "int8send", "int2": "int2send",
    "int4": "int4send", "text": "textsend", "oid": "oidsend", "json": "json_send", "float4": "float4send",
    "float8": "float8send", "bpchar": "bpcharsend", "varchar": "varcharsend", "date": "date_send", "time": "time_send",
    "timestamp": "timestamp_send", "timestamptz": "timestamptz_send", "interval": "interval_send",
    "timetz": "timetz_send", "numeric": "numeric_send", "uuid": "uuid_send", "jsonb": "jsonb_send",
}
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Tehran",
         "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin", "America/Sao_Paulo",
         "Asia/Kathmandu", "Antarctica/Troll", "America/Nuuk", "<+02>-02", "<-03:30>+03:30"]
IDENTITY = ["text", "varchar", "bpchar", "name"]


def integers(rng, n, low, high):
    edge = [low, high, 0, 1, -1, low - 1, high + 1, 9, 10, 99, 100, 999999, 1000000]
    out = [str(v) for v in edge] + ["+5", " 7 ", "-0", "007", "", "a", "1.0", "1e3", "- 1", "9" * 40, "--1", "0x10"]
    for _ in range(n):
        bits = rng.randrange(1, 64)
        v = rng.getrandbits(bits) * rng.choice([1, -1])
        if low <= v <= high:
            out.append(str(v))
    return out


def float8s(rng, n):
    out = ["0", "-0", "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "+infinity", "1e23", "9e22", "1e400", "1e-400", "5e-324",
           "2.2250738585072014e-308", "1.7976931348623157e308", "1e15", "1e14", "999999999999999", "123456789012345678",
           "1e-4", "1e-5", "0.0001234", ".5", "5.", "-.5e1", " 1 ", "1e", "e5", "", ".", "1e+", "1_0", "nanx",
           "9007199254740993", "9007199254740991", "1e22", "1e21", "0.1", "0.3", "123456.789e3"]
    for _ in range(n):
        kind = rng.randrange(4)
        if kind == 0:
            v = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
        elif kind == 1:
            v = rng.randrange(-10**17, 10**17) / 10**rng.randrange(0, 18)
        elif kind == 2:
            v = float(rng.getrandbits(rng.randrange(1, 64)))
        else:
            v = 2.0**rng.randrange(-1070, 1023) * rng.choice([1, -1])
        out.append(repr(v))
    return out


def float4s(rng, n):
    out = ["0", "-0", "NaN", "Infinity", "-Infinity", "1e6", "1e5", "999999", "1000000", "16777216", "16777217", "1e39",
           "1e-46", "1.17549435e-38", "3.4028235e38", "1e-45", "0.1", "0.3", "1e-4", "1e-5", "x", ""]
    for _ in range(n):
        if rng.randrange(2):
            v = struct.unpack("<f", struct.pack("<I", rng.getrandbits(32)))[0]
        else:
            v = rng.randrange(-10**8, 10**8) / 10**rng.randrange(0, 9)
        out.append(repr(v))
    return out


def numerics(rng, n):
    out = ["0", "-0", "0.00", "-0.00", "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "+NaN", "1e10", "1e-10", "1.50e2",
           "12e-1", ".5", "5.", "-.5", " 3.14 ", "00012.300", "1" * 40, "9" * 38, "-" + "9" * 38, "0." + "0" * 30 + "1",
           "1e1000", "1e-1000", "1" * 1000 + "." + "2" * 500, "10000", "100000000", "0.0001", "0.00001", "1e131072", "1e-16383", "1e-16384", "1e200000", "", ".", "e", "1e", "--1", "1 2", "0x1", "9999.9999", "1e99999999999",
           "0e5", "0e-5", "000.000e2", "340282366920938463463374607431768211455", "-170141183460469231731687303715884105728"]
    for _ in range(n):
        digits = "".join(rng.choice("0123456789" if rng.randrange(3) else "00009") for _ in range(rng.randrange(1, 60)))
        point = rng.randrange(0, len(digits) + 1)
        text = rng.choice(["", "-", "+"]) + digits[:point] + rng.choice([".", "" if point in (0, len(digits)) else "."]) + digits[point:]
        if rng.randrange(4) == 0:
            text += "e%d" % rng.randrange(-60, 60)
        out.append(text)
    return out


def clock(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return "00:00:00"
    text = "%02d:%02d" % (rng.randrange(24), rng.randrange(60))
    if kind == 1:
        return text
    text += ":%02d" % rng.randrange(60)
    if kind > 3:
        text += "." + "".join(rng.choice("0123456789") for _ in range(rng.randrange(1, 8)))
    elif kind == 3:
        text += ".%06d" % rng.choice([0, 1, 10, 100000, 999999, 500000])
    return text


def offset(rng):
    sign = rng.choice("+-")
    return rng.choice(["Z", "z", " Z", sign + "%02d" % rng.randrange(15), sign + "%02d:%02d" % (rng.randrange(14), rng.randrange(60)),
                       sign + "%02d%02d" % (rng.randrange(14), rng.randrange(60)), " " + sign + "%02d" % rng.randrange(13),
                       sign + "%02d:%02d:%02d" % (rng.randrange(14), rng.randrange(60), rng.randrange(60))])


def day(rng, wide):
    kind = rng.randrange(8)
    year = rng.randrange(1900, 2100)
    if kind == 0:
        year = rng.randrange(1, 10000)
    elif kind == 1 and wide:
        year = rng.randrange(10000, 290000)
    elif kind == 2:
        year = rng.choice([1, 4, 1582, 1600, 1700, 1900, 1999, 2000, 2001, 2038, 2400, 9999])
    month = rng.randrange(1, 13)
    date = "%04d-%02d-%02d" % (year, month, rng.randrange(1, 29 if month == 2 else 31))
    return date, " BC" if kind == 3 and year < 4700 else ""


def dates(rng, n):
    out = ["infinity", "-infinity", "epoch", "2000-02-29", "1900-02-29", "2100-02-28", "5874897-12-31", "5874898-01-01", "4714-11-24 BC",
           "4714-11-23 BC", "0001-01-01", "0001-12-31 BC", "0000-01-01", "2024-13-01", "2024-02-30", "2024-1-2", "20240102", "2024-01-02T03:04:05",
           "2024-01-02 03:04:05+02", "2024-01-02 +01", "10000-01-01", "99999-12-31", "", "x", "2024-01", "2024-01-02x", "0044-03-15 BC",
           "0004-02-29 BC", "0005-02-29 BC", "2024-01-02 BC AD", "1970-01-01", "1969-12-31", "2024-01-02 ad"]
    for _ in range(n):
        date, era = day(rng, True)
        out.append(date + era)
    return out


def times(rng, n):
    out = ["00:00", "24:00:00", "24:00:00.000001", "23:59:60", "23:59:59.999999", "23:59:59.9999999", "12:34:56.7", "25:00:00", "12:60:00", "12:34:61",
           "1:2", "1:02", "01:02:3", "", "x", "12", "-01:00", "12:34:56.", "04:05:06.789", "2024-01-02 03:04:05"]
    return out + [clock(rng) for _ in range(n)]


def timetzs(rng, n):
    out = ["00:00+00", "24:00:00-15:59:59", "12:34:56.7+15:59:59", "12:34+16", "12:34:56 Europe/Berlin", "2024-07-01 12:34:56 Europe/Berlin",
           "12:34:56z", "12:34:56 +05:30", "x+02"]
    return out + [clock(rng) + offset(rng) for _ in range(n)]


def timestamps(rng, n):
    out = ["infinity", "-infinity", "+infinity", "epoch", "2024-01-02T03:04:05.123456", "2024-01-02 03:04:05", "2024-01-02t03:04", "2024-01-02",
           "2024-01-02 03:04:05+02", "2024-01-02 24:00:00", "2024-02-30 00:00", "4714-11-24 00:00:00 BC", "4714-11-23 23:59:59 BC",
           "294246-12-31 23:59:59.999999", "294277-01-01", "0001-01-01 00:00:00", "0001-12-31 23:59:59 BC", "2024-01-02 3:4:5", "", 
           "2024-01-02 03:04:05.9999999", "2024-01-02 03:04:05.1234565", "2024-01-02 03:04:05.12345651", "1969-12-31 23:59:59.999999", "2024-01-02 23:59:60", "2024-01-02 03:04:05 BC",
           "2024-01-02  03:04:05", "2024-01-02 03:04:05 XX", "2024-01-02Z", "2024-01-02 03:04:05,5"]
    for _ in range(n):
        date, era = day(rng, True)
        out.append(date + rng.choice([" ", "T"]) + clock(rng) + era)
    return out


def timestamptzs(rng, n):
    out = ["infinity", "-infinity", "epoch", "2024-01-02T03:04:05.123456+02", "2024-01-02 03:04:05Z", "2024-07-02 03:04:05", "2024-01-02",
           "2024-07-02 03:04:05 Europe/Berlin", "2024-07-02 03:04:05 america/new_york", "2024-01-02 03:04:05 UTC", "2024-01-02 03:04:05 Nowhere/Land",
           "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-03-10 02:30:00", "2024-11-03 01:30:00", "2024-04-07 01:45:00", "2024-10-06 02:15:00",
           "1893-04-01 00:00:00", "1891-03-15 00:00:00", "2011-12-30 12:00:00", "0001-01-01 00:00:00+00", "4714-11-24 00:00:00+00 BC", "2037-07-01 00:00:00",
           "2038-07-01 12:00:00", "2100-07-01 12:00:00", "9999-07-01 12:00:00", "20000-12-01 12:00:00", "294246-06-15 00:00:00+00", "2024-01-02 03:04:05+16",
           "2024-01-02 03:04:05+02:60", "x"]
    for _ in range(n):
        date, era = day(rng, True)
        zone = "" if rng.randrange(2) else offset(rng)
        if rng.randrange(12) == 0:
            zone = " " + rng.choice(ZONES[:13])
        out.append(date + rng.choice([" ", "T"]) + clock(rng) + zone + era)
    return out


def intervals(rng, n):
    out = ["0", "1 year 2 mons 3 days 04:05:06.789", "-1 year", "1 mon -1 day", "-1 mon +1 day", "P1Y2M3DT4H5M6.5S", "PT0S", "P-1Y-2M3DT-4H-5M-6S", "@ 1 year 2 mons ago",
           "@ 1 min 2.5 secs ago", "1 2:03:04", "1-2", "-1-2", "+1-2 -3 +4:05:06", "1.5 days", "1.5 months", "1.5 years", "1.5 weeks", "2 weeks", "1 hour 30 minutes",
           "90 minutes", "100 microseconds", "1.5 seconds", "1500 milliseconds", "1 decade", "1 century", "1 millennium", "3h", "3 h 5 m 7 s", "00:00:00.000001", "-00:00:00.000001",
           "2147483647 days", "2147483648 days", "178956970 years 7 mons", "178956971 years", "2000000:00:00", "-2000000:59:59.999999", "", "x", "1 fortnight", "1 day ago", "P", "PT", "P1S", "1 year 1 year",
           "04:05", "4:05:06", "-04:05:06", "1 day -04:05:06", "-1 day 04:05:06", "1.5", "1.23456789 seconds", "0.0000005 seconds", "-1.5 days", "-0.1 months", "1 day 25:00:00", "5 s 5 us", "04:60:00"]
    for _ in range(n):
        parts = []
        for unit, most in (("year", 200), ("mon", 30), ("day", 1000), ("hour", 100), ("min", 200), ("sec", 100)):
            if rng.randrange(3) == 0:
                value = str(rng.randrange(-most, most))
                if unit == "sec" and rng.randrange(2):
                    value += "." + str(rng.randrange(0, 10**6))
                parts.append("%s %s" % (value, unit + rng.choice(["", "s"])))
        if not parts or rng.randrange(5) == 0:
            parts = ["%d days" % rng.randrange(-50, 50), rng.choice(["", "-"]) + clock(rng)]
        out.append(" ".join(parts))
    return out


def texts(rng, n):
    out = ["", " ", "a", "NULL", "null", "{}", "\"", "\\", "a,b", "tab\there", "line\nfeed", "\u00e4\u00f6\u00fc", "\u65e5\u672c", "\U0001f600", "a" * 300, "{\"a\": 1}"]
    alphabet = "ab \\\",{}'\u00e9\u20ac\U0001f680\n\t-1"
    for _ in range(n):
        out.append("".join(rng.choice(alphabet) for _ in range(rng.randrange(0, 20))))
    return out


def byteas(rng, n):
    out = ["", "\\x", "\\x00", "\\xDEADBEEF", "\\x de ad ", "\\xd", "\\xzz", "abc", "a\\\\b", "\\000\\377", "\\400", "\\", "\\1", "\u00e9", "\\x0a0b\n0c"]
    for _ in range(n):
        out.append("\\x" + bytes(rng.getrandbits(8) for _ in range(rng.randrange(0, 40))).hex())
    return out


def uuids(rng, n):
    out = ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
           "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "", "x", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
           "a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11"]
    for _ in range(n):
        h = "%032x" % rng.getrandbits(128)
        out.append("-".join([h[:8], h[8:12], h[12:16], h[16:20], h[20:]]))
    return out


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def arrays(rng, n, values):
    out = ["{}", "{ }", "{NULL}", "{null,NULL}", "", "{", "}", "{,}", "{a", "{\"a}", "x{}", "{}x", "{} ", " {}"]
    for _ in range(n):
        items = []
        for _ in range(rng.randrange(1, 6)):
            item = rng.choice(values)
            plain = item and not set(item) & set('{}",\\ \n\t') and item.lower() != "null"
            items.append("NULL" if rng.randrange(8) == 0 else item if plain and rng.randrange(2) else quoted(item))
        out.append("{" + rng.choice([",", ", "]).join(items) + "}")
    return out


def plan(rng, k):
    """(type, settings, inputs)"""
    yield "bool", "", ["t", "f", "true", "FALSE", "tru", "yes", "y", "no", "n", "on", "off", "of", "o", "1", "0", " t ", "", "2", "truee", "x", "fals"]
    yield "int2", "", integers(rng, 30 * k, -2**15, 2**15 - 1)
    yield "int4", "", integers(rng, 60 * k, -2**31, 2**31 - 1)
    yield "int8", "", integers(rng, 100 * k, -2**63, 2**63 - 1)
    yield "oid", "", ["0", "1", "4294967295", "4294967296", "26", "-1", "x"]
    yield "float8", "", float8s(rng, 300 * k)
    yield "float8", "efd=0", float8s(rng, 40 * k)
    yield "float8", "efd=-5", float8s(rng, 20 * k)
    yield "float4", "", float4s(rng, 200 * k)
    yield "float4", "efd=0", float4s(rng, 30 * k)
    yield "numeric", "", numerics(rng, 300 * k)
    for name in IDENTITY:
        yield name, "", texts(rng, 15 * k)[: 40 * k] if name != "name" else ["a", "\u00e4", "with blank"]
    yield "json", "", ["{}", "[1, 2]", "\"x\"", "null", "{\"a\":  1, \"a\": 2}"]
    yield "jsonb", "", ["{}", "[1, 2]", "\"x\"", "null", "{\"a\": 1, \"b\": [true, null]}", "1.50"]
    yield "bytea", "", byteas(rng, 30 * k)
    yield "bytea", "ba=escape", byteas(rng, 20 * k)
    yield "uuid", "", uuids(rng, 20 * k)
    yield "date", "", dates(rng, 150 * k)
    yield "time", "", times(rng, 60 * k)
    yield "timetz", "", timetzs(rng, 60 * k)
    yield "timestamp", "", timestamps(rng, 150 * k)
    for zone in ZONES:
        yield "timestamptz", "tz=" + zone, timestamptzs(rng, 50 * k)
    yield "interval", "", intervals(rng, 100 * k)
    for style in ("postgres_verbose", "sql_standard", "iso_8601"):
        yield "interval", "iv=" + style, intervals(rng, 50 * k)
    yield "_int4", "", arrays(rng, 20 * k, ["1", "-2", "2147483647", "0"]) + ["{1,2", "{a}", "{1,}", "{1 2}", "{ 1 , 2 }"]
    yield "_text", "", arrays(rng, 60 * k, texts(rng, 30)) + ["{a\\b,c}", "{a b, c }", "{\"\"}", "{n\\ull}", "{a\"b\"}", "{\"a\"b}"]
    yield "_bool", "", arrays(rng, 5, ["t", "f"])
    yield "_numeric", "", arrays(rng, 20 * k, ["1.50", "NaN", "-Infinity", "0", "1e5"])
    yield "_float8", "", arrays(rng, 10 * k, ["1.5", "NaN", "-0", "1e300"])
    yield "_bytea", "", arrays(rng, 10 * k, ["\\x0102", "\\x"])
    yield "_date", "", arrays(rng, 10 * k, ["2024-01-02", "infinity", "0044-03-15 BC"])
    yield "_timestamptz", "tz=Europe/Berlin", arrays(rng, 10 * k, ["2024-07-02 03:04:05+00", "2024-01-02 03:04:05"])
    yield "_timestamp", "", arrays(rng, 5 * k, ["2024-07-02 03:04:05", "infinity"])
    yield "_interval", "", arrays(rng, 5 * k, ["1 day", "1 mon 02:03:04"])
    yield "_uuid", "", arrays(rng, 5 * k, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"])
    yield "_varchar", "", arrays(rng, 5 * k, ["x", "y z", ""])
    yield "_jsonb", "", arrays(rng, 5 * k, ["{\"a\": 1}", "[1, 2]"])


PRELUDE = """
\\set QUIET on
\\set ON_ERROR_STOP on
set client_min_messages = error;
create or replace function pg_temp.ask(type text, send text, input text, out output text, out bin text) language plpgsql as $$
begin
  execute format('select format(''%%s'', %L::%s), encode(%s(%L::%s), ''hex'')', input, type, send, input, type) into output, bin;
exception when others then
  output := ''; bin := '!' || sqlstate;
end $$;
create temp table c(n serial, type text, settings text, send text, input text);
"""
SETTING = {"tz": "timezone", "efd": "extra_float_digits", "iv": "intervalstyle", "ba": "bytea_output"}


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def script(groups):
    yield PRELUDE
    for kind, settings, inputs in groups:
        send = "array_send" if kind[0] == "_" else SEND[kind]
        yield "truncate c;\ncopy c(type, settings, send, input) from stdin;"
        for text in dict.fromkeys(inputs):
            yield "\t".join([kind, escape(settings), send, escape(text)])
        yield "\\.\nreset all; set timezone = 'UTC';"
        for setting in filter(None, settings.split(";")):
            key, value = setting.split("=", 1)
            yield "set %s = '%s';" % (SETTING[key], value)
        yield "copy (select type, settings, input, (a).output, (a).bin from (select *, pg_temp.ask(type, send, input) a from c order by n) x) to stdout;"


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--dsn", required=True)
    args.add_argument("--seed", type=int, default=15)
    args.add_argument("--scale", type=int, default=1)
    args = args.parse_args()
    rng = random.Random(args.seed)
    text = "\n".join(script(plan(rng, args.scale))) + "\n"
    run = subprocess.run(["psql", "-X", "-q", "-At", args.dsn], input=text.encode(), stdout=subprocess.PIPE, check=True)
    sys.stdout.buffer.write(run.stdout)


if __name__ == "__main__":
    main()
