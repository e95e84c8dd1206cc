"""make_demo.py - the work of tools/make_demo: TPC-H in DuckDB, the same in SQLite, and as CSV. Python's standard library only;
DuckDB is called through its C library."""
import argparse
import csv
import ctypes
import os
import shutil
import sqlite3
import sys
import time

VERSION = "v1.5.5"

# Columns in the order of the TPC-H specification, types as SQLite and PostgreSQL are told them.
TABLES = {
    "region": ("r_regionkey INTEGER, r_name VARCHAR(25), r_comment VARCHAR(152)", "r_regionkey", []),
    "nation": ("n_nationkey INTEGER, n_name VARCHAR(25), n_regionkey INTEGER, n_comment VARCHAR(152)", "n_nationkey",
               ["n_regionkey"]),
    "supplier": ("s_suppkey INTEGER, s_name VARCHAR(25), s_address VARCHAR(40), s_nationkey INTEGER, s_phone VARCHAR(15), "
                 "s_acctbal DECIMAL(15,2), s_comment VARCHAR(101)", "s_suppkey", ["s_nationkey"]),
    "part": ("p_partkey INTEGER, p_name VARCHAR(55), p_mfgr VARCHAR(25), p_brand VARCHAR(10), p_type VARCHAR(25), "
             "p_size INTEGER, p_container VARCHAR(10), p_retailprice DECIMAL(15,2), p_comment VARCHAR(23)", "p_partkey", []),
    "partsupp": ("ps_partkey INTEGER, ps_suppkey INTEGER, ps_availqty INTEGER, ps_supplycost DECIMAL(15,2), "
                 "ps_comment VARCHAR(199)", "ps_partkey, ps_suppkey", ["ps_suppkey"]),
    "customer": ("c_custkey INTEGER, c_name VARCHAR(25), c_address VARCHAR(40), c_nationkey INTEGER, c_phone VARCHAR(15), "
                 "c_acctbal DECIMAL(15,2), c_mktsegment VARCHAR(10), c_comment VARCHAR(117)", "c_custkey", ["c_nationkey"]),
    "orders": ("o_orderkey INTEGER, o_custkey INTEGER, o_orderstatus VARCHAR(1), o_totalprice DECIMAL(15,2), o_orderdate DATE, "
               "o_orderpriority VARCHAR(15), o_clerk VARCHAR(15), o_shippriority INTEGER, o_comment VARCHAR(79)", "o_orderkey",
               ["o_custkey", "o_orderdate"]),
    "lineitem": ("l_orderkey INTEGER, l_partkey INTEGER, l_suppkey INTEGER, l_linenumber INTEGER, l_quantity DECIMAL(15,2), "
                 "l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), l_tax DECIMAL(15,2), l_returnflag VARCHAR(1), "
                 "l_linestatus VARCHAR(1), l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct VARCHAR(25), "
                 "l_shipmode VARCHAR(10), l_comment VARCHAR(44)", "l_orderkey, l_linenumber",
                 ["l_partkey, l_suppkey", "l_suppkey", "l_shipdate"]),
}


def names(table):
    """Column names, the commas inside DECIMAL(15,2) aside."""
    return [part.split()[0] for part in TABLES[table][0].replace("(15,2)", "").split(", ")]


def say(text):
    print(f"make_demo: {text}", flush=True)


class Duck:
    """A DuckDB database, as little of the C interface as is needed to run a statement."""

    class Result(ctypes.Structure):
        _fields_ = [("unused", ctypes.c_uint64 * 5), ("internal", ctypes.c_void_p)]

    def __init__(self, library, path, read_only=False):
        self.lib = lib = ctypes.CDLL(os.path.join(library, "libduckdb.so"))
        for name in ("duckdb_library_version", "duckdb_result_error"):
            getattr(lib, name).restype = ctypes.c_char_p
        if lib.duckdb_library_version().decode() != VERSION:
            sys.exit(f"make_demo: error: {library}/libduckdb.so is {lib.duckdb_library_version().decode()}, {VERSION} is needed")
        config, self.db, self.con, error = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_char_p()
        lib.duckdb_create_config(ctypes.byref(config))
        lib.duckdb_set_config(config, b"access_mode", b"READ_ONLY" if read_only else b"READ_WRITE")
        lib.duckdb_set_config(config, b"autoinstall_known_extensions", b"false")
        if lib.duckdb_open_ext(path.encode(), ctypes.byref(self.db), config, ctypes.byref(error)) != 0:
            sys.exit(f"make_demo: error: {path}: {error.value.decode()}")
        lib.duckdb_destroy_config(ctypes.byref(config))
        lib.duckdb_connect(self.db, ctypes.byref(self.con))

    def run(self, sql):
        result = self.Result()
        if self.lib.duckdb_query(self.con, sql.encode(), ctypes.byref(result)) != 0:
            sys.exit(f"make_demo: error: DuckDB: {self.lib.duckdb_result_error(ctypes.byref(result)).decode()}")
        self.lib.duckdb_destroy_result(ctypes.byref(result))

    def close(self):
        self.lib.duckdb_disconnect(ctypes.byref(self.con))
        self.lib.duckdb_close(ctypes.byref(self.db))


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def make_duckdb(library, path, scale, work):
    say(f"TPC-H at scale {scale} into {path}")
    new = os.path.join(work, "tpch.duckdb")
    duck = Duck(library, new)
    duck.run(f"LOAD {quoted(os.path.join(library, 'extensions', VERSION, 'tpch.duckdb_extension'))}")
    duck.run(f"CALL dbgen(sf = {scale})")
    duck.run("CHECKPOINT")
    duck.close()
    os.rename(new, path)


def write_csv(library, path, folder):
    duck = Duck(library, path, read_only=True)
    for table in TABLES:
        duck.run(f"COPY (SELECT {', '.join(names(table))} FROM {table}) TO {quoted(os.path.join(folder, table + '.csv'))} (FORMAT csv, HEADER false)")
    duck.close()


def make_sqlite(path, folder, work):
    say(f"the same tables into {path}")
    new = os.path.join(work, "tpch.sqlite")
    db = sqlite3.connect(new, isolation_level=None)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA page_size = 8192")
    db.execute("BEGIN")
    for table, (columns, key, indexes) in TABLES.items():
        # a two-part key is the order on disk
        db.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({key})){' WITHOUT ROWID' if ',' in key else ''}")
        with open(os.path.join(folder, table + ".csv"), newline="", encoding="utf-8") as file:
            db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names(table)))})", csv.reader(file))
        for index in indexes:
            db.execute(f"CREATE INDEX {table}_{index.replace(', ', '_')} ON {table} ({index})")
    db.execute("COMMIT")
    db.execute("ANALYZE")
    db.close()
    os.rename(new, path)


def sweep(folder):
    """Removes what runs that were killed left behind."""
    for name in os.listdir(folder):
        pid = name.removeprefix(".new.")
        if pid != name and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def schema_sql():
    lines = []
    for table, (columns, key, indexes) in TABLES.items():
        lines.append(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({key}));")
        lines += [f"CREATE INDEX {table}_{index.replace(', ', '_')} ON {table} ({index});" for index in indexes]
    return "\n".join(lines) + "\n"


def make_csv(library, duckdb_path, folder):
    wanted = [os.path.join(folder, name) for name in ["schema.sql"] + [table + ".csv" for table in TABLES]]
    if all(os.path.exists(path) for path in wanted):
        return
    say(f"CSV files into {folder}")
    os.makedirs(folder, exist_ok=True)
    work = os.path.join(folder, f".new.{os.getpid()}")
    os.makedirs(work)
    try:
        write_csv(library, duckdb_path, work)
        with open(os.path.join(work, "schema.sql"), "w", encoding="utf-8") as file:
            file.write(schema_sql())
        for path in wanted:
            os.rename(os.path.join(work, os.path.basename(path)), path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--scale", required=True)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--csv")
    args = parser.parse_args()
    os.makedirs(args.dir, exist_ok=True)
    sweep(args.dir)
    work = os.path.join(args.dir, f".new.{os.getpid()}")
    os.makedirs(work)
    duckdb_path, sqlite_path = os.path.join(args.dir, "tpch.duckdb"), os.path.join(args.dir, "tpch.sqlite")
    start = time.monotonic()
    try:
        if not os.path.exists(duckdb_path):
            make_duckdb(args.library, duckdb_path, args.scale, work)
        if args.sqlite and not os.path.exists(sqlite_path):
            write_csv(args.library, duckdb_path, work)
            make_sqlite(sqlite_path, work, work)
        if args.csv:
            make_csv(args.library, duckdb_path, args.csv)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say(f"done in {time.monotonic() - start:.0f} s")


main()
