"""mariadb-dump through Turnout, and the restore of what it wrote by mariadb through Turnout: the same tables and rows after."""

import shutil
import subprocess

import pytest

import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
pytestmark = [pytest.mark.timeout(300),
              pytest.mark.skipif(not shutil.which("mariadb-dump") or not shutil.which("mariadb"), reason="mariadb-dump is not installed (package mariadb-client)")]

MAKE = [
    "CREATE TABLE author (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL COMMENT 'it''s a \\\\name', born date, UNIQUE (name)) COMMENT = 'who'",
    "CREATE TABLE book (id bigint unsigned PRIMARY KEY, author integer, title text, price decimal(10,3), made timestamp(6) NULL, at time(3), "
    "score double, ratio float, flags bit(10), kind enum('a','b''c','d\"e'), tags set('x','y'), doc json, raw blob, fixed binary(4), y year, "
    "twice decimal(12,3) AS (price * 2) STORED, KEY title (title(20)), CONSTRAINT by_whom FOREIGN KEY (author) REFERENCES author (id) ON DELETE CASCADE)",
    "CREATE TABLE `odd ``name``` (`a b` integer, `select` varchar(200) DEFAULT 'x;y')",
    "CREATE TABLE log (at timestamp DEFAULT CURRENT_TIMESTAMP, what varchar(200))",
    "CREATE TABLE large (id integer PRIMARY KEY, body longtext, bytes longblob)",
    "CREATE VIEW cheap AS SELECT b.id, a.name, b.title FROM book b JOIN author a ON a.id = b.author WHERE b.price < 10",
    "CREATE TRIGGER after_book AFTER INSERT ON book FOR EACH ROW BEGIN INSERT INTO log (what) VALUES (CONCAT('book; ', NEW.id)); END",
    "CREATE PROCEDURE count_books(OUT n integer) BEGIN SELECT count(*) INTO n FROM book; END",
    "CREATE FUNCTION doubled(n integer) RETURNS integer DETERMINISTIC BEGIN DECLARE r integer; SET r = n * 2; RETURN r; END",
    "CREATE SEQUENCE numbers START WITH 7 INCREMENT BY 3",
]
TABLES = ("author", "book", "odd `name`", "log", "large")


@pytest.fixture(scope="module")
def proxy(mariadb_server):
    source = mariadb_server.create_database("dumped")
    with mariadb_server.connect(source) as connection, connection.cursor() as cursor:
        for sql in MAKE:
            cursor.execute(sql)
        cursor.execute("INSERT INTO author VALUES (1, 'Ann\\'s \\\\ \\n \\0 \\Z \"x\" -- no /* comment */ \u20ac \U0001f600', '1815-12-10'), (5, 'Bo', NULL)")
        for i in range(200):
            cursor.execute("INSERT INTO book (id, author, title, price, made, at, score, ratio, flags, kind, tags, doc, raw, fixed, y) "
                           "VALUES (%s, %s, %s, %s, %s, '-12:34:56.789', %s, 0.1, b'1010101010', 'b''c', 'x,y', '{\"a\": [1, \"\\\\u20ac\"]}', %s, 'ab', 2026)",
                           (18446744073709551615 - i, 5 if i % 2 else None, f"title {i} ; DELIMITER ;; '", f"{i}.125", f"2026-0{i % 9 + 1}-15 12:00:00.{i:06}",
                            i / 7, bytes(range(256)) if i % 3 else None))
        cursor.execute("INSERT INTO `odd ``name``` VALUES (1, 'x'), (2, NULL)")
        for i in range(40):
            cursor.execute("INSERT INTO large VALUES (%s, %s, %s)", (i, "long text '\\ \u00e4 " * 4000, bytes(range(256)) * 300))
    config = proxy_module.one_cluster("m", mariadb_server.cluster(source), workers=1,
                                      frontends={"mysqlWire": {"port": 0, "serverVersion": "5.5.5-10.11.6-MariaDB"}})
    with proxy_module.Proxy(config) as started:
        started.server, started.database = mariadb_server, source
        yield started


def tool(port, name, *options, text=None, user=("-u", "me")):
    done = subprocess.run([name, "--no-defaults", "-h", "127.0.0.1", "-P", str(port), *user, "--skip-ssl", "--max-allowed-packet=64M", *options], input=text,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-700:]
    return done.stdout


def dump(proxy, *options):
    return tool(proxy.mysql_port, "mariadb-dump", *options)


def restore(proxy, text, database):
    return tool(proxy.mysql_port, "mariadb", "-D", database, text=text)


def content(server, database):
    """Everything in it, as the server itself says."""
    found = {}
    with server.connect(database) as connection, connection.cursor() as cursor:
        for table in TABLES:
            quoted = "`" + table.replace("`", "``") + "`"
            cursor.execute(f"SHOW CREATE TABLE {quoted}")
            found["made " + table] = cursor.fetchone()[1]
            cursor.execute(f"SELECT * FROM {quoted} ORDER BY 1, 2")
            found[table] = cursor.fetchall()
        cursor.execute("SELECT TRIGGER_NAME, ACTION_STATEMENT, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s", (database,))
        found["triggers"] = cursor.fetchall()
        cursor.execute("SELECT ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s ORDER BY 1", (database,))
        found["routines"] = cursor.fetchall()
        cursor.execute("SELECT * FROM cheap ORDER BY 1")
        found["view"] = cursor.fetchall()
    return found


# what stands in the dump that Turnout's address or time make differ
def lines(text):
    return [line for line in text.split(b"\n") if not line.startswith((b"-- Host:", b"-- Dump completed", b"-- Server version"))]


@pytest.mark.parametrize("options", [
    ["--single-transaction", "--routines", "--triggers", "--hex-blob"],
    ["--routines", "--lock-tables", "--events"],
    ["--single-transaction", "--routines", "--hex-blob", "--extended-insert", "--net-buffer-length=16M", "--max-allowed-packet=64M"],
    ["--skip-extended-insert", "--routines", "--complete-insert", "--skip-quick", "--order-by-primary"],
    ["--skip-opt", "--routines", "--create-options", "--set-charset"],
    ["--opt", "--routines", "--add-locks", "--lock-all-tables", "--flush-logs"],
], ids=lambda options: " ".join(options)[:40])
def test_dump_and_restore(proxy, options, request):
    dumped = dump(proxy, *options, proxy.database)
    direct = tool(proxy.server.port, "mariadb-dump", *options, proxy.database, user=("-u", proxy.server.user, f"-p{proxy.server.password}"))
    assert lines(dumped) == lines(direct)
    target = proxy.server.create_database(f"restored{abs(hash(request.node.name)) % 10**8}")
    try:
        restore(proxy, dumped, target)
        assert content(proxy.server, target) == content(proxy.server, proxy.database)
    finally:
        proxy.server.sql(f"DROP DATABASE {target}")


def test_restore_into_a_new_database(proxy):
    """--databases: CREATE DATABASE and USE are in the file."""
    text = dump(proxy, "--databases", "--add-drop-database", "--routines", "--hex-blob", proxy.database).replace(b"`" + proxy.database.encode() + b"`", b"`dumped_anew`")
    try:
        restore(proxy, text, proxy.database)
        assert content(proxy.server, "dumped_anew") == content(proxy.server, proxy.database)
    finally:
        proxy.server.sql("DROP DATABASE IF EXISTS dumped_anew")


def test_some_of_it(proxy):
    text = dump(proxy, "--no-create-info", "--compact", "--where=id < 3", proxy.database, "large")
    assert text.count(b"INSERT INTO `large`") >= 1 and b"CREATE" not in text
    assert b'<table_structure name="book">' in dump(proxy, "--no-data", "--xml", proxy.database)


# ---- from other engines, and into MariaDB ----

OTHERS = [
    "CREATE TABLE item (id integer PRIMARY KEY, name varchar(80), price decimal(10,3), made timestamp, born date, score double precision, raw {bytes})",
    "CREATE TABLE empty (a integer)",
    "CREATE VIEW named AS SELECT id, name FROM item",
]


@pytest.fixture(scope="module", params=engines.ENGINES)
def other(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends={"mysqlWire": {"port": 0, "databases": ["shop"]}})) as started:
        made.proxy = started
        with pymysql.connect(host="127.0.0.1", port=started.mysql_port, user="me", autocommit=True) as connection, connection.cursor() as cursor:
            for sql in OTHERS:
                cursor.execute(sql.format(bytes="bytea" if made.name == "postgres" else "blob"))
            for i in range(50):
                cursor.execute("INSERT INTO item VALUES (%s, %s, %s, '2026-01-02 03:04:05.250', '1815-12-10', %s, %s)",
                               (i, f"it's \\ \n \u20ac {i}" if i else None, f"{i}.125", i / 8, bytes(range(256))))
        yield made


def test_from_another_engine(other, proxy):
    """Tables with their columns and keys, views, rows; --single-transaction, since there are no locks."""
    text = dump(other.proxy, "--single-transaction", "--hex-blob", "--routines", "shop")
    target = proxy.server.create_database(f"from_{other.name.lower()}")
    restore(proxy, text, target)
    with proxy.server.connect(target) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, name, price, CAST(made AS char), CAST(born AS char), score, raw FROM item ORDER BY id")
        found = cursor.fetchall()
        cursor.execute("SHOW TABLES")
        assert sorted(row[0] for row in cursor.fetchall()) == ["empty", "item", "named"]
        cursor.execute("SHOW KEYS FROM item")
        assert [row[4] for row in cursor.fetchall()] == ["id"]
    assert len(found) == 50 and found[0][1] is None
    assert found[7][0] == 7 and found[7][1] == "it's \\ \n \u20ac 7" and str(found[7][2]) == "7.125" and found[7][5:] == (0.875, bytes(range(256)))
    assert found[7][3].startswith("2026-01-02 03:04:05.25") and found[7][4] == "1815-12-10"
    proxy.server.sql(f"DROP DATABASE {target}")


def test_other_engines_refuse_locks(other):
    done = subprocess.run(["mariadb-dump", "--no-defaults", "-h", "127.0.0.1", "-P", str(other.proxy.mysql_port), "-u", "me", "--skip-ssl", "shop"],
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and b"--single-transaction" in done.stderr
    assert b"INSERT INTO `item`" in dump(other.proxy, "--skip-opt", "shop")
