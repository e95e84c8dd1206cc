"""What a MySQL client sees of the catalog: information_schema, SHOW and DESCRIBE on engines that have no MySQL's of their own, in the
words that PyMySQL, SQLAlchemy, Connector/J, DBeaver, Metabase, Django, Sequelize and Go's ORMs ask in."""

import pytest

import engines
import proxy as proxy_module

pymysql = pytest.importorskip("pymysql")
connector = pytest.importorskip("mysql.connector")

FRONTENDS = {"mysqlWire": {"port": 0}}
MAKE = [
    "CREATE TABLE author (id integer PRIMARY KEY, name varchar(40) NOT NULL, born date, rating decimal(6,2) DEFAULT 1.5, note text DEFAULT 'none', UNIQUE (name))",
    "CREATE TABLE book (id integer, part smallint, author_id integer, title varchar(80), price double precision, made timestamp, big bigint, "
    "PRIMARY KEY (id, part), FOREIGN KEY (author_id) REFERENCES author (id))",
    "CREATE INDEX book_title ON book (title, price)",
    "CREATE VIEW cheap AS SELECT id, title FROM book WHERE price < 10",
    "INSERT INTO author (id, name) VALUES (1, 'Ann')",
]


@pytest.fixture(scope="module", params=engines.ENGINES)
def engine(request, make_engine):
    made = make_engine(request.param)
    with proxy_module.Proxy(made.config(frontends=FRONTENDS)) as started:
        made.proxy = started
        with connect(started) as connection:
            for sql in MAKE:
                rows(connection, sql)
        yield made


def connect(proxy, **more):
    return pymysql.connect(host="127.0.0.1", port=proxy.mysql_port, **{"user": "tester", "database": "shop", "autocommit": True, **more})


@pytest.fixture
def client(engine):
    connection = connect(engine.proxy)
    yield connection
    if connection.open:
        connection.close()


def rows(connection, sql, *args):
    with connection.cursor() as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def dicts(connection, sql, *args):
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(sql, args or None)
        return cursor.fetchall()


def failed(connection, sql):
    with pytest.raises(pymysql.err.MySQLError) as error:
        rows(connection, sql)
    return error.value.args


@pytest.mark.quick
def test_tables(client):
    assert rows(client, "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1") == (
        ("author", "BASE TABLE"), ("book", "BASE TABLE"), ("cheap", "VIEW"))
    assert rows(client, "select count(*) from INFORMATION_SCHEMA.tables where table_schema = 'SHOP' and table_type like 'BASE%'") == ((2,),)
    assert rows(client, "SELECT t.`TABLE_NAME` AS `n` FROM `information_schema`.`TABLES` t WHERE t.`TABLE_SCHEMA` LIKE %s ORDER BY n DESC LIMIT 1, 1", "sh_p") == (("book",),)
    assert rows(client, "SHOW TABLES LIKE 'b\\_ok'") == () and rows(client, "SHOW TABLES LIKE 'b_ok'") == (("book",),)
    assert dicts(client, "SHOW TABLES FROM `shop` LIKE 'auth%'") == [{"Tables_in_shop (auth%)": "author"}]
    assert rows(client, "SHOW FULL TABLES WHERE Table_type = 'VIEW'") == (("cheap", "VIEW"),)
    assert rows(client, "SHOW FULL TABLES WHERE `Tables_in_shop` <> 'book' AND table_type != \"VIEW\"") == (("author", "BASE TABLE"),)
    status = dicts(client, "SHOW TABLE STATUS LIKE 'author'")[0]
    assert status["Name"] == "author" and status["Engine"] == "Turnout" and status["Comment"] == ""
    assert dicts(client, "SHOW TABLE STATUS WHERE Comment = 'VIEW'")[0]["Name"] == "cheap"
    databases = {row[0] for row in rows(client, "SHOW DATABASES")}
    assert {"shop", "information_schema"} <= databases
    assert rows(client, "SHOW SCHEMAS LIKE 'sho%'") == (("shop",),)
    assert rows(client, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ('information_schema', 'mysql') AND SCHEMA_NAME = SCHEMA()") == (("shop",),)


def test_columns(engine, client):
    found = dicts(client, "SELECT * FROM information_schema.COLUMNS WHERE TABLE_NAME = 'author' AND TABLE_SCHEMA = 'shop' ORDER BY ORDINAL_POSITION")
    assert [c["COLUMN_NAME"] for c in found] == ["id", "name", "born", "rating", "note"]
    by_name = {c["COLUMN_NAME"]: c for c in found}
    assert by_name["id"]["COLUMN_KEY"] == "PRI" and by_name["id"]["IS_NULLABLE"] == "NO"
    assert by_name["name"]["IS_NULLABLE"] == "NO" and by_name["name"]["COLUMN_KEY"] == "UNI"
    assert by_name["born"]["DATA_TYPE"] == "date" and by_name["born"]["COLUMN_TYPE"] == "date"
    if engine.name != "duckDb":  # whose VARCHAR(40) is VARCHAR
        assert (by_name["name"]["COLUMN_TYPE"], by_name["name"]["CHARACTER_MAXIMUM_LENGTH"]) == ("varchar(40)", 40)
    assert by_name["note"]["COLUMN_DEFAULT"] == "none" and by_name["note"]["COLLATION_NAME"] == "utf8mb4_0900_ai_ci"
    assert by_name["rating"]["COLUMN_DEFAULT"] == "1.5"
    assert (by_name["rating"]["COLUMN_TYPE"], by_name["rating"]["NUMERIC_PRECISION"], by_name["rating"]["NUMERIC_SCALE"]) == ("decimal(6,2)", 6, 2)
    types = dict(rows(client, "SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.columns WHERE table_name = 'book'"))
    assert types["price"] == "double" and types["made"] == "datetime(6)" and types["big"] == "bigint"
    assert types["part"] == ("bigint" if engine.name == "sqlite" else "smallint")


def test_show_columns(client):
    assert [row[0] for row in rows(client, "SHOW COLUMNS FROM book LIKE '%i%'")] == ["id", "author_id", "title", "price", "big"]
    assert [row[0] for row in rows(client, "SHOW FIELDS IN book IN shop WHERE `Key` = 'PRI'")] == ["id", "part"]
    full = dicts(client, "SHOW FULL COLUMNS FROM `shop`.`author` WHERE Field = 'name'")
    assert list(full[0]) == ["Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"]
    assert (full[0]["Null"], full[0]["Key"], full[0]["Default"]) == ("NO", "UNI", None)
    assert rows(client, "DESCRIBE author") == rows(client, "EXPLAIN author") == rows(client, "SHOW COLUMNS FROM author")
    assert rows(client, "DESC author born")[0][:2] == ("born", "date")
    assert [row[0] for row in rows(client, "DESCRIBE author 'n%'")] == ["name", "note"]
    assert failed(client, "DESCRIBE no_such_table")[0] == 1146
    assert failed(client, "SHOW INDEX FROM no_such_table")[0] == 1146


def test_keys(client):
    keys = rows(client, "SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE "
                        "WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME = 'book' ORDER BY REFERENCED_TABLE_NAME, ORDINAL_POSITION")
    assert [key[1:] for key in keys] == [("id", None, None), ("part", None, None), ("author_id", "author", "id")]
    assert keys[0][0] == "PRIMARY"
    kinds = rows(client, "SELECT TABLE_NAME, CONSTRAINT_TYPE FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = 'shop' ORDER BY 1, 2")
    assert kinds == (("author", "PRIMARY KEY"), ("author", "UNIQUE"), ("book", "FOREIGN KEY"), ("book", "PRIMARY KEY"))
    reference = dicts(client, "SELECT * FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'shop'")[0]
    assert (reference["TABLE_NAME"], reference["REFERENCED_TABLE_NAME"], reference["UNIQUE_CONSTRAINT_NAME"], reference["DELETE_RULE"]) == (
        "book", "author", "PRIMARY", "NO ACTION")
    index = dicts(client, "SHOW INDEX FROM book")
    assert [(i["Key_name"], i["Seq_in_index"], i["Column_name"], i["Non_unique"]) for i in index] == [
        ("PRIMARY", 1, "id", 0), ("PRIMARY", 2, "part", 0), ("book_title", 1, "title", 1), ("book_title", 2, "price", 1)]
    assert [i["Key_name"] for i in dicts(client, "SHOW KEYS FROM book WHERE Key_name = 'PRIMARY'")] == ["PRIMARY"] * 2
    assert rows(client, "SELECT GROUP_CONCAT(DISTINCT INDEX_NAME ORDER BY INDEX_NAME SEPARATOR ',') FROM information_schema.STATISTICS WHERE TABLE_NAME = 'book' GROUP BY TABLE_NAME") == (
        ("PRIMARY,book_title",),)


def test_views_and_create(client):
    view = dicts(client, "SELECT * FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'shop'")[0]
    assert view["TABLE_NAME"] == "cheap" and view["VIEW_DEFINITION"].lower().lstrip().startswith("select")
    assert rows(client, "SHOW CREATE VIEW cheap")[0][1].lower().startswith("create view `cheap` as")
    created = rows(client, "SHOW CREATE TABLE book")[0][1]
    assert created.startswith("CREATE TABLE `book` (\n  `id` ") and "PRIMARY KEY (`id`,`part`)" in created and "REFERENCES `author` (`id`)" in created
    assert "  KEY `book_title` (`title`,`price`)" in created and created.endswith(") ENGINE=Turnout DEFAULT CHARSET=utf8mb4")
    assert rows(client, "SHOW CREATE DATABASE shop")[0][0] == "shop"
    assert failed(client, "SHOW CREATE DATABASE nowhere")[0] == 1049
    assert failed(client, "SHOW CREATE VIEW author")[0] == 1347


def test_lists(client):
    for what in ("TRIGGERS", "TRIGGERS FROM shop LIKE 'a%'", "EVENTS", "PROCEDURE STATUS WHERE Db = 'shop'", "FUNCTION STATUS LIKE 'x%'", "OPEN TABLES"):
        assert rows(client, f"SHOW {what}") == (), what
    assert rows(client, "SHOW COLLATION WHERE `Charset` = 'utf8mb4' AND `Default` = 'Yes'")[0][0] == "utf8mb4_0900_ai_ci"
    assert rows(client, "SHOW CHARACTER SET LIKE 'utf8mb4'")[0][2:] == ("utf8mb4_0900_ai_ci", 4)
    assert rows(client, "SHOW STORAGE ENGINES")[0][:2] == ("Turnout", "DEFAULT")
    assert rows(client, "SHOW SESSION VARIABLES WHERE Variable_name = 'autocommit' OR Variable_name LIKE 'version\\_comm%'") == (("autocommit", "ON"), ("version_comment", "Turnout"))
    assert dict(rows(client, "SHOW GLOBAL STATUS LIKE 'Threads_c%'"))["Threads_connected"] >= "1"
    assert rows(client, "SELECT VARIABLE_VALUE FROM performance_schema.session_variables WHERE VARIABLE_NAME = 'autocommit'") == (("ON",),)
    assert ("SELECT",) in rows(client, "SELECT WORD FROM INFORMATION_SCHEMA.KEYWORDS WHERE RESERVED = 1")
    assert rows(client, "SELECT ID, USER, DB, INFO FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()")[0][:3] == (client.thread_id(), "tester", "shop")
    assert rows(client, "SHOW PLUGINS")[0][0] == "caching_sha2_password" and rows(client, "SHOW PRIVILEGES")


def test_what_only_servers_have(client):
    for what in ("CREATE TRIGGER x", "CREATE PROCEDURE x", "CREATE FUNCTION x", "CREATE EVENT x", "ENGINE INNODB STATUS", "PROFILE", "MASTER STATUS", "BINARY LOGS",
                 "RELAYLOG EVENTS", "EXPLAIN FOR 1", "ALL SLAVES STATUS", "PACKAGE STATUS", "AUTHORS", "USER_STATISTICS", "FUNCTION CODE x"):
        assert failed(client, f"SHOW {what}")[0] == 1235, what
    for name in ("FILES", "TABLESPACES", "APPLICABLE_ROLES", "ENABLED_ROLES", "PROFILING"):
        assert rows(client, f"SELECT * FROM information_schema.{name}") == (), name


def test_names_of_what_is_worked_out(client):
    with client.cursor() as cursor:
        cursor.execute("SELECT LEFT(`TABLE_NAME`, 3), COUNT(*), table_schema, 1 + 1 AS two FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' GROUP BY 1, 3 ORDER BY 1")
        assert [column[0] for column in cursor.description] == ["LEFT(`TABLE_NAME`, 3)", "COUNT(*)", "TABLE_SCHEMA", "two"]


def test_variables_that_tools_read(client):
    rows(client, "SET time_zone = '+02:00', autocommit = 0, lc_messages = 'de_DE'")
    assert rows(client, "SELECT @@session.time_zone, @@global.time_zone, @@autocommit, @@global.autocommit, @@lc_messages") == (("+02:00", "SYSTEM", 0, 1, "de_DE"),)
    assert rows(client, "SHOW GLOBAL VARIABLES LIKE 'autocommit'") == (("autocommit", "ON"),)
    rows(client, "SET autocommit = 1")
    assert rows(client, "SELECT @@basedir, @@secure_file_priv, @@innodb_page_size, @@identity = @@last_insert_id, @@optimizer_switch")[0][2:4] == (16384, 1)


def test_what_tools_ask(client):
    """Statements of Connector/J, Metabase (the same driver), DBeaver, Django, Sequelize, GORM and SQLAlchemy, as they are."""
    primary = rows(client, "SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, COLUMN_NAME, SEQ_IN_INDEX AS KEY_SEQ, 'PRIMARY' AS PK_NAME FROM INFORMATION_SCHEMA.STATISTICS "
                           "WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME = 'book' AND INDEX_NAME='PRIMARY' ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX")
    assert [key[3:] for key in primary] == [("id", 1, "PRIMARY"), ("part", 2, "PRIMARY")]
    imported = rows(client, "SELECT DISTINCT A.REFERENCED_TABLE_SCHEMA AS PKTABLE_CAT, NULL AS PKTABLE_SCHEM, A.REFERENCED_TABLE_NAME AS PKTABLE_NAME, A.REFERENCED_COLUMN_NAME AS PKCOLUMN_NAME, "
                            "A.TABLE_SCHEMA AS FKTABLE_CAT, NULL AS FKTABLE_SCHEM, A.TABLE_NAME AS FKTABLE_NAME, A.COLUMN_NAME AS FKCOLUMN_NAME, A.ORDINAL_POSITION AS KEY_SEQ, "
                            "CASE WHEN R.UPDATE_RULE='CASCADE' THEN 0 WHEN R.UPDATE_RULE='SET NULL' THEN 2 WHEN R.UPDATE_RULE='SET DEFAULT' THEN 4 WHEN R.UPDATE_RULE='RESTRICT' THEN 1 WHEN R.UPDATE_RULE='NO ACTION' THEN 1 ELSE 1 END AS UPDATE_RULE, "
                            "A.CONSTRAINT_NAME AS FK_NAME, R.UNIQUE_CONSTRAINT_NAME AS PK_NAME, 7 AS DEFERRABILITY FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE A JOIN INFORMATION_SCHEMA.TABLE_CONSTRAINTS B USING (CONSTRAINT_NAME, TABLE_NAME) "
                            "JOIN INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS R ON (R.CONSTRAINT_NAME = B.CONSTRAINT_NAME AND R.TABLE_NAME = B.TABLE_NAME AND R.CONSTRAINT_SCHEMA = B.TABLE_SCHEMA) "
                            "WHERE B.CONSTRAINT_TYPE = 'FOREIGN KEY' AND A.TABLE_SCHEMA='shop' AND A.TABLE_NAME='book' AND A.REFERENCED_TABLE_SCHEMA IS NOT NULL ORDER BY A.REFERENCED_TABLE_SCHEMA, A.REFERENCED_TABLE_NAME, A.ORDINAL_POSITION")
    assert [row[2] for row in imported] == ["author"] and imported[0][9] == 1
    assert rows(client, "SELECT CASE WHEN TABLE_TYPE='BASE TABLE' THEN CASE WHEN TABLE_SCHEMA = 'mysql' OR TABLE_SCHEMA = 'performance_schema' THEN 'SYSTEM TABLE' ELSE 'TABLE' END WHEN TABLE_TYPE='TEMPORARY' THEN 'LOCAL_TEMPORARY' ELSE TABLE_TYPE END AS TABLE_TYPE "
                        "FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'shop' HAVING TABLE_TYPE IN ('TABLE',null,null,null,null) ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME") == (("TABLE",), ("TABLE",))
    assert rows(client, "SELECT table_name, table_type, table_comment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ('cheap')") == (("cheap", "VIEW", "VIEW"),)
    assert rows(client, "SELECT column_name, data_type, CASE WHEN collation_name = 'utf8mb4_0900_ai_ci' THEN NULL ELSE collation_name END AS collation_name FROM information_schema.columns "
                        "WHERE table_name = 'author' AND table_schema = DATABASE() AND column_name = 'born'") == (("born", "date", None),)
    assert rows(client, "SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c "
                        "WHERE kc.table_schema = DATABASE() AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND c.table_name = kc.table_name AND c.constraint_type != 'CHECK' AND kc.table_name = 'author' "
                        "AND kc.column_name = 'id' ORDER BY kc.`ordinal_position`")[0][4] == "PRIMARY KEY"
    assert rows(client, "SELECT SCHEMA_NAME from Information_schema.SCHEMATA where SCHEMA_NAME LIKE 'sho%' ORDER BY SCHEMA_NAME='shop' DESC,SCHEMA_NAME limit 1") == (("shop",),)
    assert rows(client, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'author' AND table_type = 'BASE TABLE'") == ((1,),)
    assert rows(client, "SELECT IF(t.TABLE_TYPE = 'VIEW', CONCAT('v:', t.TABLE_NAME), LEFT(t.TABLE_NAME, 2)) x, IFNULL(t.ENGINE, '-') FROM information_schema.TABLES t LEFT JOIN information_schema.VIEWS v "
                        "ON v.TABLE_SCHEMA <=> t.TABLE_SCHEMA AND v.TABLE_NAME = t.TABLE_NAME WHERE t.TABLE_SCHEMA = 'shop' && t.TABLE_NAME RLIKE '^(au|ch)' ORDER BY x") == (("au", "Turnout"), ("v:cheap", "-"))


def test_sqlalchemy(engine):
    """Its dialect for MySQL reads SHOW CREATE TABLE."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    database = sqlalchemy.create_engine(f"mysql+pymysql://tester@127.0.0.1:{engine.proxy.mysql_port}/shop")
    inspector = sqlalchemy.inspect(database)
    assert (inspector.get_table_names(), inspector.get_view_names()) == (["author", "book"], ["cheap"])
    assert [(c["name"], c["nullable"]) for c in inspector.get_columns("author")] == [("id", False), ("name", False), ("born", True), ("rating", True), ("note", True)]
    assert inspector.get_pk_constraint("book")["constrained_columns"] == ["id", "part"]
    key = inspector.get_foreign_keys("book")[0]
    assert (key["constrained_columns"], key["referred_table"], key["referred_columns"]) == (["author_id"], "author", ["id"])
    assert [(index["name"], index["column_names"], bool(index["unique"])) for index in inspector.get_indexes("book")] == [("book_title", ["title", "price"], False)]
    assert inspector.get_view_definition("cheap").lower().startswith("create view `cheap` as") and not inspector.has_table("no_such_table")
    table = sqlalchemy.Table("author", sqlalchemy.MetaData(), schema="shop", autoload_with=database)
    with database.connect() as connection:
        assert connection.execute(sqlalchemy.select(table.c.name)).fetchall() == [("Ann",)]
    database.dispose()


def test_prepared(engine):
    connection = connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True, autocommit=True)
    cursor = connection.cursor(prepared=True)
    for name, count in (("author", 5), ("book", 7)):
        cursor.execute("SELECT COLUMN_NAME, ORDINAL_POSITION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND ORDINAL_POSITION < ? ORDER BY ORDINAL_POSITION",
                       ("shop", name, 100))
        found = cursor.fetchall()
        assert len(found) == count and found[0] == ("id", 1)
    connection.close()


def test_errors(client):
    assert failed(client, "SELECT nowhere FROM information_schema.TABLES") == (1054, "Unknown column 'nowhere' in 'field list'")
    assert failed(client, "SELECT 1 FROM information_schema.TABLES WHERE")[0] == 1064
    assert failed(client, "SELECT no_such_function(1) FROM information_schema.TABLES")[0] == 1305
    for sql in ("SELECT count(*) FROM information_schema.COLUMNS a, book b", "SELECT table_name FROM information_schema.TABLES UNION SELECT title FROM book",
                "SELECT table_name FROM information_schema.TABLES WHERE table_name IN (SELECT name FROM book)"):
        code, text = failed(client, sql)
        assert code == 1235 and "'book'" in text and "Ask information_schema first" in text
    rows(client, "SET max_execution_time = 300")
    assert failed(client, "SELECT count(*) FROM information_schema.KEYWORDS a, information_schema.KEYWORDS b, information_schema.KEYWORDS c, information_schema.KEYWORDS d WHERE a.WORD < d.WORD")[0] == 3024
    rows(client, "SET max_execution_time = 0")
    assert rows(client, "SELECT 1") == ((1,),)


def test_database_of_the_session(engine, client):
    schema = {"duckDb": "main", "sqlite": "main", "postgres": "public"}[engine.name]
    with connect(engine.proxy, database=None) as without:
        assert ("author",) in rows(without, "SHOW TABLES")
        assert rows(without, "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = 'author'") == ((schema,),)
    with connect(engine.proxy, database=schema) as own:
        assert dicts(own, "SHOW TABLES LIKE 'author'") == [{f"Tables_in_{schema} (author)": "author"}]
    client.select_db("information_schema")
    assert rows(client, "SELECT COUNT(*) FROM ENGINES") == ((1,),)
    assert ("COLUMNS",) in rows(client, "SHOW TABLES")


def test_names_with_a_database(engine, client):
    """shop is no schema of the engine's: what clients call its own, and write in front of its tables."""
    schema = {"duckDb": "main", "sqlite": "main", "postgres": "public"}[engine.name]
    assert rows(client, "SELECT shop.author.name, `author`.`id` FROM `shop`.`author` WHERE shop.author.name = 'Ann' AND 'shop.x' <> ''") == (("Ann", 1),)
    assert rows(client, f"SELECT count(*) FROM {schema}.author JOIN shop.book ON 1 = 0") == ((0,),)
    assert rows(client, "SELECT shop.* FROM author AS shop")[0][:2] == (1, "Ann")
    assert [row[0] for row in rows(client, "SHOW COLUMNS FROM shop.author LIKE 'n%'")] == ["name", "note"]
    connection = connector.connect(host="127.0.0.1", port=engine.proxy.mysql_port, user="tester", database="shop", use_pure=True, autocommit=True)
    cursor = connection.cursor(prepared=True)
    cursor.execute("SELECT name FROM shop.author WHERE id = ?", (1,))
    assert cursor.fetchall() == [("Ann",)]
    connection.close()


def test_schemas_are_databases(engine, client):
    if engine.name == "sqlite":
        pytest.skip("it has no schemas")
    rows(client, "CREATE SCHEMA sales")
    rows(client, "CREATE TABLE sales.deal (id integer PRIMARY KEY)")
    assert ("sales",) in rows(client, "SHOW DATABASES") and rows(client, "SHOW TABLES FROM sales") == (("deal",),)
    rows(client, "USE sales")
    assert rows(client, "SHOW TABLES") == (("deal",),) and rows(client, "SELECT count(*) FROM deal") == ((0,),)
    assert rows(client, "SELECT count(*) FROM sales.deal") == ((0,),)
    with connect(engine.proxy, database="sales") as other:
        assert rows(other, "SELECT count(*) FROM deal") == ((0,),)
    client.select_db("shop")
    assert failed(client, "SELECT count(*) FROM deal")[0] == 1146
    rows(client, "DROP TABLE sales.deal")
    rows(client, "DROP SCHEMA sales")


def test_no_such_database(engine, client):
    """USE of a name that is neither a schema there, nor the log-in's, nor one of the configuration."""
    schema = {"duckDb": "main", "sqlite": "main", "postgres": "public"}[engine.name]
    for name in ("nope", "it's", "main'--", "shop2"):
        assert failed(client, f"USE `{name}`") == (1049, f"Unknown database '{name}'")
        with pytest.raises(pymysql.err.OperationalError) as error:
            client.select_db(name)
        assert error.value.args == (1049, f"Unknown database '{name}'")
    assert rows(client, "SELECT DATABASE()") == (("shop",),) and ("author",) in rows(client, "SHOW TABLES")
    own = engine.database if engine.name == "postgres" else engine.path.rpartition("/")[2].rpartition(".")[0]
    for name in (schema, "SHOP", own, "all", f"{engine.name.lower()}-1", "information_schema", "performance_schema", "shop"):
        rows(client, f"USE `{name}`")
        assert rows(client, "SELECT DATABASE()") == ((name,),)
    with connect(engine.proxy, database=None) as without:
        assert failed(without, "USE shop")[0] == 1049 and rows(without, "SELECT DATABASE()") == ((None,),)
        without.begin()
        rows(without, "INSERT INTO author (id, name) VALUES (900, 'in between')")
        assert failed(without, "USE nope")[0] == 1049
        rows(without, f"USE {schema}")
        assert rows(without, "SELECT name FROM author WHERE id = 900") == (("in between",),)
        without.rollback()


@pytest.mark.parametrize("kind, schema", [("duckDb", "main"), ("sqlite", "main"), ("postgres", "public")])
def test_databases_of_the_configuration(kind, schema, make_engine, proxies):
    started = proxies(make_engine(kind).config(frontends={"mysqlWire": {"port": 0, "databases": ["Listed", "other"]}}))
    for name in ("listed", "other", schema, "information_schema"):
        with connect(started, database=name) as connection:
            assert rows(connection, "SELECT DATABASE()") == ((name,),)
            rows(connection, "USE other")
            assert failed(connection, "USE nope")[0] == 1049
    for _ in range(2):
        with pytest.raises(pymysql.err.OperationalError) as error:
            connect(started, database="nope")
        assert error.value.args == (1049, "Unknown database 'nope'")
    with connect(started, database=None) as connection:
        assert rows(connection, "SELECT DATABASE()") == ((None,),)
        connection.ping()


def sqlite_triggers(cursor):
    """What they put elsewhere, before or behind, has ids that are not told."""
    cursor.execute("CREATE TABLE noted (n integer PRIMARY KEY, x integer)")
    cursor.execute("INSERT INTO noted VALUES (900, 1)")
    for name in ("before", "after"):
        cursor.execute(f"CREATE TABLE {name}_it (id integer PRIMARY KEY, x integer)")
        cursor.execute(f"CREATE TRIGGER {name}_note {name.upper()} INSERT ON {name}_it BEGIN INSERT INTO noted (x) VALUES (new.x); END")
        for sql, first in (("(x) VALUES (1)", 1), ("(x) VALUES (2), (3)", 2)):
            cursor.execute(f"INSERT INTO {name}_it {sql}")
            assert cursor.lastrowid == first, (name, sql)
        cursor.execute(f"DROP TABLE {name}_it")
    cursor.execute("DROP TABLE noted")


def test_last_insert_id(engine, client):
    """SQLite tells it of a row with a rowid; DuckDB and PostgreSQL have no such thing."""
    with client.cursor() as cursor:
        assert cursor.execute("INSERT INTO author (id, name) VALUES (77, 'Bo')") == 1
        expected = 77 if engine.name == "sqlite" else 0
        assert cursor.lastrowid == expected and rows(client, "SELECT LAST_INSERT_ID()") == ((expected,),)
        assert cursor.execute("UPDATE author SET name = 'Cy' WHERE id = 77") == 1 and cursor.lastrowid == 0
        if engine.name == "sqlite":
            cursor.execute("CREATE TABLE plain (a integer PRIMARY KEY) WITHOUT ROWID")
            cursor.execute("INSERT INTO plain VALUES (5)")
            assert cursor.lastrowid == 0
            assert cursor.execute("INSERT INTO plain VALUES (6), (7)") == 2 and cursor.lastrowid == 0
            cursor.execute("DROP TABLE plain")
            sqlite_triggers(cursor)
        assert cursor.execute("DELETE FROM author WHERE id = 77") == 1


def test_in_a_transaction(client):
    client.begin()
    rows(client, "INSERT INTO author (id, name) VALUES (9, 'Ida')")
    assert len(rows(client, "SHOW COLUMNS FROM author")) == 5
    assert rows(client, "SELECT count(*) FROM author") == ((2,),)
    client.rollback()
    assert rows(client, "SELECT count(*) FROM author") == ((1,),)
