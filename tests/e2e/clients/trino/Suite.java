// The Trino JDBC driver against one proxy: `java -cp trino-jdbc.jar Suite.java PORT ENGINE [SCHEMA]`. A line per case: "ok NAME" or
// "FAIL NAME: why".
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;

public class Suite {
    interface Case {
        void run(Connection c) throws Exception;
    }

    static String port, engine, schema;
    static int failed;

    static Connection connect(String... options) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "jdbc");
        for (int i = 0; i < options.length; i += 2)
            properties.setProperty(options[i], options[i + 1]);
        return DriverManager.getConnection("jdbc:trino://127.0.0.1:" + port, properties);
    }

    static void same(Object wanted, Object got) {
        if (!String.valueOf(wanted).equals(String.valueOf(got)))
            throw new AssertionError("wanted " + wanted + ", got " + got);
    }

    static boolean mysql() {
        return engine.equals("mariadb") || engine.equals("mysql");
    }

    static String series(int n) {
        if (engine.equals("mariadb"))
            return "SELECT seq AS i FROM seq_1_to_" + n;
        if (engine.equals("sqlite") || engine.equals("mysql"))
            return "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < " + n + ") SELECT /*+ SET_VAR(cte_max_recursion_depth = 1M) */ i FROM t";
        return "SELECT i FROM generate_series(1, " + n + ") AS t(i)";
    }

    static void check(String name, Case body, String... options) {
        try (Connection c = connect(options)) {
            body.run(c);
            System.out.println("ok " + name);
        } catch (Throwable problem) {
            failed++;
            System.out.println("FAIL " + name + ": " + String.valueOf(problem).replace('\n', ' '));
        }
    }

    static List<String> column(ResultSet r, String name) throws SQLException {
        List<String> all = new ArrayList<>();
        while (r.next())
            all.add(r.getString(name));
        return all;
    }

    static void simple(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT 1 AS one, 'two' AS two, NULL AS three")) {
            same("one", r.getMetaData().getColumnLabel(1));
            r.next();
            same(1, r.getInt(1));
            same("two", r.getString("two"));
            same(null, r.getString(3));
            same(false, r.next());
        }
    }

    static void many(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(series(100000))) {
            long sum = 0, count = 0;
            for (; r.next(); count++)
                sum += r.getLong(1);
            same(100000L, count);
            same(5000050000L, sum);
        }
    }

    /* The driver lets go of a result that was not read to its end with a DELETE. */
    static void early(Connection c) throws SQLException {
        for (int i = 0; i < 5; i++)
            try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(series(1000000))) {
                r.next();
                same(1, r.getInt(1));
            }
        simple(c);
    }

    static void types(Connection c) throws SQLException {
        if (engine.equals("sqlite"))
            return;
        if (mysql()) {
            mysqlTypes(c);
            return;
        }
        String sql = "SELECT true AS b, CAST(7 AS smallint) AS s, CAST(8 AS bigint) AS l, CAST(1.5 AS double precision) AS d, "
            + "CAST(1.25 AS decimal(10,2)) AS n, DATE '2020-02-29' AS day, TIMESTAMP '2020-02-29 12:34:56.789012' AS ts";
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(sql)) {
            ResultSetMetaData m = r.getMetaData();
            same("boolean smallint bigint double decimal(10,2) date timestamp(6)",
                m.getColumnTypeName(1) + " " + m.getColumnTypeName(2) + " " + m.getColumnTypeName(3) + " " + m.getColumnTypeName(4) + " "
                    + m.getColumnTypeName(5) + " " + m.getColumnTypeName(6) + " " + m.getColumnTypeName(7));
            same(Types.DECIMAL, m.getColumnType(5));
            same(10, m.getPrecision(5));
            r.next();
            same(true, r.getBoolean(1));
            same(7, r.getShort(2));
            same(8L, r.getLong(3));
            same(1.5, r.getDouble(4));
            same(new BigDecimal("1.25"), r.getBigDecimal(5));
            same("2020-02-29", r.getDate(6));
            same("2020-02-29 12:34:56.789012", r.getTimestamp(7));
        }
    }

    static void mysqlTypes(Connection c) throws SQLException {
        String sql = "SELECT CAST(8 AS SIGNED) AS l, 1.5e0 AS d, CAST(1.25 AS decimal(10,2)) AS n, DATE '2020-02-29' AS day, TIMESTAMP '2020-02-29 12:34:56.789012' AS ts";
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(sql)) {
            ResultSetMetaData m = r.getMetaData();
            same(true, m.getColumnTypeName(1).matches("integer|bigint"));
            same("double decimal(10,2) date timestamp(6)", m.getColumnTypeName(2) + " " + m.getColumnTypeName(3) + " " + m.getColumnTypeName(4) + " " + m.getColumnTypeName(5));
            r.next();
            same(8L, r.getLong(1));
            same(1.5, r.getDouble(2));
            same(new BigDecimal("1.25"), r.getBigDecimal(3));
            same("2020-02-29", r.getDate(4));
            same("2020-02-29 12:34:56.789012", r.getTimestamp(5));
        }
    }

    static void prepared(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE IF NOT EXISTS trino_jdbc (id bigint, name varchar(40))");
            s.executeUpdate("DELETE FROM trino_jdbc");
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO trino_jdbc VALUES (?, ?)")) {
            for (int i = 0; i < 4; i++) {
                p.setLong(1, i);
                p.setString(2, i == 2 ? null : "it's " + i);
                same(1, p.executeUpdate());
            }
        }
        try (PreparedStatement p = c.prepareStatement("SELECT name FROM trino_jdbc WHERE id = ?")) {
            for (int i = 0; i < 4; i++) {
                p.setLong(1, i);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(i == 2 ? null : "it's " + i, r.getString(1));
                    same(false, r.next());
                }
            }
            same("name", p.getMetaData().getColumnName(1));
        }
    }

    static void transaction(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE IF NOT EXISTS trino_tx (id bigint)");
            s.executeUpdate("DELETE FROM trino_tx");
            c.setAutoCommit(false);
            same(2, s.executeUpdate("INSERT INTO trino_tx VALUES (1), (2)"));
            c.rollback();
            s.executeUpdate("INSERT INTO trino_tx VALUES (3)");
            c.commit();
            c.setAutoCommit(true);
            try (ResultSet r = s.executeQuery("SELECT id FROM trino_tx")) {
                same("[3]", column(r, "id"));
            }
        }
    }

    static void metadata(Connection c) throws SQLException {
        DatabaseMetaData m = c.getMetaData();
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE IF NOT EXISTS trino_meta (id bigint, name varchar(40), day date)");
        }
        same(true, m.getDatabaseProductVersion().length() > 0);
        String catalog;
        try (ResultSet r = m.getCatalogs()) {
            catalog = column(r, "TABLE_CAT").get(0);
        }
        try (ResultSet r = m.getSchemas(catalog, null)) {
            same(true, column(r, "TABLE_SCHEM").contains(schema));
        }
        try (ResultSet r = m.getTables(catalog, schema, "trino\\_meta", new String[] {"TABLE"})) {
            same("[trino_meta]", column(r, "TABLE_NAME"));
        }
        try (ResultSet r = m.getColumns(catalog, schema, "trino\\_meta", "%")) {
            same("[id, name, day]", column(r, "COLUMN_NAME"));
        }
        try (ResultSet r = m.getColumns(catalog, schema, "trino\\_meta", "day")) {
            r.next();
            same(Types.DATE, r.getInt("DATA_TYPE"));
            same("date", r.getString("TYPE_NAME"));
        }
        try (ResultSet r = m.getTableTypes()) {
            same("[TABLE, VIEW]", column(r, "TABLE_TYPE"));
        }
        try (ResultSet r = m.getTypeInfo()) {
            same(true, column(r, "TYPE_NAME").contains("bigint"));
        }
        try (ResultSet r = m.getProcedures(null, null, null)) {
            same(false, r.next());
        }
        try (ResultSet r = m.getPrimaryKeys(catalog, schema, "trino_meta")) {
            same(false, r.next());
        }
        try (ResultSet r = m.getTables(null, null, null, null)) {
            same(true, column(r, "TABLE_NAME").contains("trino_meta"));
        }
        try (ResultSet r = m.getUDTs(catalog, schema, "%", null)) {
            same(false, r.next());
        }
        try (ResultSet r = m.getSuperTables(catalog, schema, "%")) {
            same(false, r.next());
        }
    }

    static void errors(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeQuery("SELECT * FROM there_is_none");
            throw new AssertionError("no error");
        } catch (SQLException problem) {
            same(46, problem.getErrorCode());
            same(true, problem.getMessage().contains("there_is_none"));
        }
        try (Statement s = c.createStatement()) {
            s.executeQuery("SELEC 1");
            throw new AssertionError("no error");
        } catch (SQLException problem) {
            same(1, problem.getErrorCode());
        }
        simple(c);
    }

    static void session(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("SET SESSION turnout.priority = 'low'");
            try (ResultSet r = s.executeQuery("SHOW SESSION LIKE 'turnout.priority'")) {
                r.next();
                same("low", r.getString(2));
                same(false, r.next());
            }
            s.execute("RESET SESSION turnout.priority");
        }
        c.setSchema(schema);
        simple(c);
    }

    static void cancel(Connection c) throws Exception {
        String sql = engine.equals("sqlite")
            ? "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 10000000000) SELECT count(*) FROM t"
            : mysql() ? "SELECT BENCHMARK(100000000000, MD5('x'))"
            : engine.equals("duckDb") ? "SELECT count(*) FROM range(100000000000) AS t(i) WHERE hash(i) % 7 = 3"
            : "SELECT count(*) FROM generate_series(1, 10000000000) AS t(i) WHERE i % 7 = 3";
        try (Statement s = c.createStatement()) {
            AtomicBoolean over = new AtomicBoolean();
            Thread thread = new Thread(() -> {
                try {
                    while (!over.get()) { // it does nothing before the driver has heard of the query
                        Thread.sleep(500);
                        s.cancel();
                    }
                } catch (Exception problem) {
                    System.out.println("FAIL cancel: " + problem);
                }
            });
            thread.start();
            try {
                s.executeQuery(sql).next();
                throw new AssertionError("not cancelled");
            } catch (SQLException problem) {
                over.set(true);
                thread.join();
            }
        }
        simple(c);
    }

    /* Of a Trino that spools: all of a result that lies in many segments, and a part of it. */
    static void lineitem(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            long[] wanted = new long[2], got = new long[2];
            try (ResultSet r = s.executeQuery("SELECT count(*), sum(orderkey * 10 + linenumber + length(comment)) FROM tpch.tiny.lineitem")) {
                r.next();
                wanted = new long[] {r.getLong(1), r.getLong(2)};
            }
            try (ResultSet r = s.executeQuery("SELECT orderkey, linenumber, comment FROM tpch.tiny.lineitem")) {
                while (r.next()) {
                    got[0]++;
                    got[1] += r.getLong(1) * 10 + r.getInt(2) + r.getString(3).length();
                }
            }
            same(wanted[0], got[0]);
            same(wanted[1], got[1]);
            try (ResultSet r = s.executeQuery("SELECT orderkey, linenumber, comment FROM tpch.tiny.lineitem")) {
                r.next();
            }
        }
    }

    static void spooled() {
        for (String encoding : new String[] {"json", "json+zstd", "json+lz4"})
            check("lineitem as " + encoding, Suite::lineitem, "encoding", encoding);
        check("lineitem as the driver likes", Suite::lineitem);
    }

    public static void main(String[] arguments) {
        port = arguments[0];
        engine = arguments[1];
        schema = arguments.length > 2 ? arguments[2] : engine.equals("postgres") ? "public" : "main";
        if (engine.equals("spooling")) {
            spooled();
            System.exit(failed == 0 ? 0 : 1);
        }
        check("simple", Suite::simple);
        check("many rows", Suite::many);
        for (String encoding : new String[] {"json", "json+zstd", "json+lz4"})
            check("many rows as " + encoding, Suite::many, "encoding", encoding);
        check("not read to the end", Suite::early);
        check("types", Suite::types);
        check("prepared", Suite::prepared);
        check("prepared by PREPARE", Suite::prepared, "explicitPrepare", "true");
        check("prepared at once", Suite::prepared, "explicitPrepare", "false");
        check("transaction", Suite::transaction);
        check("metadata", Suite::metadata);
        check("errors", Suite::errors);
        check("session", Suite::session);
        check("client tags", Suite::simple, "clientTags", "etl,nightly", "source", "suite");
        check("cancel", Suite::cancel);
        System.exit(failed == 0 ? 0 : 1);
    }
}
