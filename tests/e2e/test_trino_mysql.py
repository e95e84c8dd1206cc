"""Trino's clients on MariaDB and MySQL: SHOW, DESCRIBE, information_schema, system.jdbc and system.runtime in Trino's words."""

import datetime

import pytest

import proxy as proxy_module

sqlalchemy = pytest.importorskip("sqlalchemy")
trino = pytest.importorskip("trino")

JDBC_TABLES = ("SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, TABLE_TYPE, REMARKS,\n  TYPE_CAT, TYPE_SCHEM, TYPE_NAME,   SELF_REFERENCING_COL_NAME, REF_GENERATION\nFROM system.jdbc.tables\n"
               "WHERE TABLE_CAT = 'mysql' AND TABLE_SCHEM LIKE '{}' ESCAPE '\\' AND TABLE_NAME LIKE '%' ESCAPE '\\' AND TABLE_TYPE IN ('TABLE', 'VIEW')\nORDER BY TABLE_TYPE, TABLE_CAT, TABLE_SCHEM, TABLE_NAME")
JDBC_COLUMNS = ("SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, COLUMN_NAME, DATA_TYPE,\n  TYPE_NAME, COLUMN_SIZE, BUFFER_LENGTH, DECIMAL_DIGITS, NUM_PREC_RADIX,\n  NULLABLE, REMARKS, COLUMN_DEF, SQL_DATA_TYPE, SQL_DATETIME_SUB,\n"
                "  CHAR_OCTET_LENGTH, ORDINAL_POSITION, IS_NULLABLE,\n  SCOPE_CATALOG, SCOPE_SCHEMA, SCOPE_TABLE,\n  SOURCE_DATA_TYPE, IS_AUTOINCREMENT, IS_GENERATEDCOLUMN\nFROM system.jdbc.columns\n"
                "WHERE TABLE_CAT = 'mysql' AND TABLE_SCHEM LIKE '{}' ESCAPE '\\' AND TABLE_NAME LIKE 'author' ESCAPE '\\'\nORDER BY TABLE_CAT, TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION")


class Place:
    pass


@pytest.fixture(scope="module", params=("mariadb", "mysql"))
def place(request):
    server = request.getfixturevalue(f"{request.param}_server")
    made = Place()
    made.name = request.param
    made.database = server.create_database(f"trino_{request.param}")
    server.sql("CREATE TABLE author (id bigint unsigned NOT NULL PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'x', born date, made datetime(3), seen timestamp(6) NULL, "
               "rating decimal(6,2), few tinyint, small smallint unsigned, ratio double, note text, bits bit(1), raw varbinary(20)) COMMENT 'who writes'", made.database)
    server.sql("CREATE VIEW names AS SELECT name FROM author", made.database)
    made.other = server.create_database(f"trino_{request.param}_other")
    server.sql("CREATE TABLE author (only_there int)", made.other)
    server.sql("INSERT INTO author VALUES (7)", made.other)
    with proxy_module.Proxy(proxy_module.one_cluster("my-1", server.cluster(made.database))) as started:
        made.proxy = started
        yield made


@pytest.fixture
def run(place):
    connection = trino.dbapi.connect(host="127.0.0.1", port=place.proxy.trino_port, user="tester")

    def execute(sql, parameters=None):
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        return cursor.fetchall()
    yield execute
    connection.close()


def test_show(place, run):
    d = place.database
    assert run("SHOW CATALOGS") == [["mysql"], ["system"]]
    assert [d] in run("SHOW SCHEMAS") and [d] in run("SHOW SCHEMAS FROM mysql LIKE 'trino\\_%' ESCAPE '\\'")
    assert run(f"SHOW TABLES FROM {d}") == [["author"], ["names"]] and run(f"SHOW TABLES FROM mysql.{d} LIKE 'na%'") == [["names"]]
    assert run(f"SHOW TABLES FROM {d} LIKE 'NA%'") == [] and run(f"SHOW TABLES FROM {d} LIKE '%!_%' ESCAPE '!'") == []
    columns = [["id", "decimal(20,0)"], ["name", "varchar(40)"], ["born", "date"], ["made", "timestamp(3)"], ["seen", "timestamp(6) with time zone"], ["rating", "decimal(6,2)"],
               ["few", "tinyint"], ["small", "integer"], ["ratio", "double"], ["note", "varchar"], ["bits", "boolean"], ["raw", "varbinary"]]
    assert [row[:2] for row in run(f"DESCRIBE {d}.author")] == columns and [row[:2] for row in run(f"SHOW COLUMNS FROM mysql.{d}.author")] == columns
    text = run(f"SHOW CREATE TABLE {d}.author")[0][0]
    assert text.startswith(f"CREATE TABLE mysql.{d}.author (\n   id decimal(20,0) NOT NULL,\n   name varchar(40) NOT NULL,\n") and text.endswith("\n)")
    assert run(f"SHOW CREATE VIEW {d}.names")[0][0].startswith(f"CREATE VIEW mysql.{d}.names AS select")
    assert run(f"SHOW CREATE SCHEMA mysql.{d}") == [[f"CREATE SCHEMA mysql.{d}"]]
    assert [row[0] for row in run(f"SHOW STATS FOR {d}.author")][-2:] == ["raw", None]
    assert run("SHOW FUNCTIONS LIKE 'no_such%'") == []
    for bad, name in (("DESCRIBE nowhere_to_be_found", "TABLE_NOT_FOUND"), ("USE mysql.nosuch", "NOT_FOUND"), ("SHOW SCHEMAS FROM nosuch", "CATALOG_NOT_FOUND")):
        with pytest.raises(trino.exceptions.TrinoUserError) as problem:
            run(bad)
        assert problem.value.error_name == name, bad


def test_times(place, run):
    """MySQL's TIME with all its digits; one that is not within a day is none of Trino's, and says so."""
    t = f"{place.database}.times"
    run(f"CREATE TABLE {t} (a time(6), b time, c time(3))")
    run(f"INSERT INTO {t} VALUES ('12:34:56.123456', '23:59:59', '00:00:00.007'), (NULL, '100:00:00', '-01:00:00')")
    try:
        assert run(f"SELECT a, b, c FROM {t} WHERE a IS NOT NULL") == [[datetime.time(12, 34, 56, 123456), datetime.time(23, 59, 59), datetime.time(0, 0, 0, 7000)]]
        assert [row[:2] for row in run(f"DESCRIBE {t}")] == [["a", "time(6)"], ["b", "time(0)"], ["c", "time(3)"]]
        cursor = trino.dbapi.connect(host="127.0.0.1", port=place.proxy.trino_port, user="tester").cursor()
        cursor.execute(f"SELECT a, b, c, CAST('10:00:00.5' AS time(1)) FROM {t} WHERE a IS NOT NULL")
        cursor.fetchall()
        assert [column.type_code for column in cursor.description] == ["time(6)", "time(0)", "time(3)", "time(1)"]
        for column in ("b", "c"):
            with pytest.raises(trino.exceptions.TrinoUserError, match="not within a day.*\n.*[Cc]ast the column to varchar"):
                run(f"SELECT {column} FROM {t}")
        assert run(f"SELECT CAST(b AS char) FROM {t} WHERE a IS NULL") == [["100:00:00"]]
    finally:
        run(f"DROP TABLE {t}")


def test_types_of_parameters(place, run):
    """The server's answer to PREPARE has none: they are those of the columns that the parameters are compared with."""
    def types(sql):
        run(f"PREPARE mine FROM {sql}")
        return [row[1] for row in run("DESCRIBE INPUT mine")]

    where = f"{place.database}.author"
    assert types(f"SELECT name FROM {where} a WHERE a.id = ? AND rating > ? AND born BETWEEN ? AND ? AND name LIKE ? LIMIT ?") == [
        "decimal(20,0)", "decimal(6,2)", "date", "date", "varchar", "bigint"]
    assert types(f"UPDATE {where} SET few = ?, made = ? WHERE small IN (?, ?)") == ["tinyint", "timestamp(3)", "integer", "integer"]
    assert types(f"SELECT ? + 1 FROM {where}") == ["unknown"]
    assert types(f"SELECT sum(few) AS total FROM {where} HAVING total > ?") == ["unknown"]
    run(f"PREPARE mine FROM SELECT 1 FROM {place.database}.nowhere WHERE id = ?")
    with pytest.raises(trino.exceptions.TrinoUserError) as problem:
        run("DESCRIBE INPUT mine")
    assert problem.value.error_name == "TABLE_NOT_FOUND"


def test_tables_about_tables(place, run):
    d = place.database
    assert run(f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = '{d}' ORDER BY 1") == [["author", "BASE TABLE"], ["names", "VIEW"]]
    assert run('SELECT "column_name" FROM "mysql"."information_schema"."columns" WHERE "table_schema" = ? AND "table_name" = ? ORDER BY "ordinal_position"', (d, "names")) == [["name"]]
    assert [row[:5] for row in run(JDBC_TABLES.format(d))] == [["mysql", d, "author", "TABLE", "who writes"], ["mysql", d, "names", "VIEW", None]]
    assert [row[3:6] for row in run(JDBC_COLUMNS.format(d))][:3] == [["id", 3, "decimal(20,0)"], ["name", 12, "varchar(40)"], ["born", 91, "date"]]
    assert run("SELECT TABLE_CAT FROM system.jdbc.catalogs ORDER BY TABLE_CAT") == [["mysql"], ["system"]]
    assert [d, "mysql"] in run("SELECT TABLE_SCHEM, TABLE_CATALOG FROM system.jdbc.schemas ORDER BY TABLE_CATALOG, TABLE_SCHEM")
    assert ["bigint", -5, 19, None] in run("SELECT TYPE_NAME, DATA_TYPE, PRECISION, LITERAL_PREFIX FROM system.jdbc.types ORDER BY DATA_TYPE")
    assert run(f"SELECT comment FROM system.metadata.table_comments WHERE schema_name = '{d}' AND table_name = 'author'") == [["who writes"]]
    assert run(f"SELECT 'a' || table_name FROM information_schema.views WHERE table_schema = '{d}'") == [["anames"]]
    assert run("SELECT node_id, coordinator FROM system.runtime.nodes")[0][0] == "turnout"
    assert ["FINISHED"] in run("SELECT state FROM system.runtime.queries WHERE user = ? AND query LIKE ?", ("tester", "SELECT TYPE_NAME%"))
    assert run("SELECT query_id FROM system.runtime.tasks") == []
    assert run("SELECT count(*) FROM system.information_schema.columns WHERE table_name = 'nodes'") == [[5]]
    assert run(f"SELECT count(*) FROM mysql.{d}.author") == [[0]]


def test_schema(place, run):
    """Names without one are of the client's, where the server has it, else of the cluster's own."""
    for schema, sql, rows in ((place.other, "SELECT only_there FROM author", [[7]]), ("nowhere", "SELECT count(*) AS n, min(rating) AS r FROM author", [[0, None]]),
                              (place.database, "SELECT count(*) AS n, min(rating) AS r FROM author", [[0, None]]), (place.other, "INSERT INTO author VALUES (8)", [[1]]),
                              (None, "SELECT count(*) AS n, min(rating) AS r FROM author", [[0, None]])):
        connection = trino.dbapi.connect(host="127.0.0.1", port=place.proxy.trino_port, user="tester", schema=schema)
        cursor = connection.cursor()
        cursor.execute(sql)
        assert cursor.fetchall() == rows, (schema, sql)
        cursor.execute(f"USE {place.other}")
        cursor.fetchall()
        cursor.execute("SELECT min(only_there) AS a FROM author")
        assert cursor.fetchall() == [[7]]
        connection.close()
    assert run(f"SELECT count(*) AS n FROM {place.other}.author") == [[2]]


def test_sqlalchemy(place):
    engine = sqlalchemy.create_engine(f"trino://tester@127.0.0.1:{place.proxy.trino_port}/mysql/{place.database}")
    with engine.connect() as connection:
        inspector = sqlalchemy.inspect(connection)
        assert place.database in inspector.get_schema_names()
        assert inspector.get_table_names() == ["author"] and inspector.get_view_names() == ["names"]
        assert [column["name"] for column in inspector.get_columns("author")][:3] == ["id", "name", "born"]
    engine.dispose()


@pytest.mark.timeout(400)
def test_jdbc(place, trino_suite):
    done = trino_suite(place.proxy.trino_port, place.name, place.database)
    failures = [line for line in done.stdout.splitlines() if not line.startswith("ok ")]
    assert failures == [] and done.returncode == 0 and done.stdout.count("ok ") >= 12, done.stdout + done.stderr
