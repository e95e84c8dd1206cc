// Connector/J or MariaDB Connector/J against one server: `java -cp DRIVER.jar Suite.java mysql|mariadb PORT ENGINE [USER PASSWORD]`. ENGINE is
// duckDb, sqlite, postgres or mysql. A line per case: "ok NAME" or "FAIL NAME: why".
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

public class Suite {
    interface Case {
        void run(Connection c) throws Exception;
    }

    static String driver, port, engine, user = "jdbc", password = "";
    static int failed;

    static Connection connect(String... options) throws SQLException {
        StringBuilder url = new StringBuilder("jdbc:" + driver + "://127.0.0.1:" + port + "/test?user=" + user + "&password=" + password);
        url.append("&allowPublicKeyRetrieval=true&sslMode=").append(driver.equals("mysql") ? "DISABLED" : "disable");
        for (String option : options)
            url.append('&').append(option);
        return DriverManager.getConnection(url.toString());
    }

    static void same(Object wanted, Object got) {
        if (!String.valueOf(wanted).equals(String.valueOf(got)))
            throw new AssertionError("wanted " + wanted + ", got " + got);
    }

    static void truth(boolean truth, Object why) {
        if (!truth)
            throw new AssertionError(String.valueOf(why));
    }

    static boolean mysql() {
        return engine.equals("mysql");
    }

    static String series(int n) {
        if (mysql())
            return "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 1000), "
                + "u(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM u WHERE j < 99) SELECT j * 1000 + i AS i FROM t, u WHERE j * 1000 + i <= " + n;
        if (engine.equals("sqlite"))
            return "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < " + n + ") SELECT i FROM t";
        return "SELECT i FROM generate_series(1, " + n + ") AS t(i)";
    }

    static void check(String name, Case body, String... options) {
        try (Connection c = connect(options)) {
            body.run(c);
            System.out.println("ok " + name);
        } catch (Throwable problem) {
            StackTraceElement at = Arrays.stream(problem.getStackTrace()).filter(e -> e.getClassName().startsWith("Suite") && !e.getMethodName().equals("same")
                && !e.getMethodName().equals("truth")).findFirst().orElse(null);
            failed++;
            System.out.println("FAIL " + name + ": " + String.valueOf(problem).replace('\n', ' ') + " at " + at);
            if (System.getenv("TRACE") != null)
                problem.printStackTrace(System.out);
        }
    }

    static void run(Connection c, String... statements) throws SQLException {
        try (Statement s = c.createStatement()) {
            for (String sql : statements)
                s.executeUpdate(sql);
        }
    }

    static long number(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(sql)) {
            r.next();
            return r.getLong(1);
        }
    }

    static List<String> column(ResultSet r, String label) throws SQLException {
        List<String> all = new ArrayList<>();
        while (r.next())
            all.add(r.getString(label));
        r.close();
        return all;
    }

    // ---- cases ----

    static void simple(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT 1 AS one, 'two' AS two, NULL AS three")) {
            ResultSetMetaData m = r.getMetaData();
            same(3, m.getColumnCount());
            same("one", m.getColumnLabel(1));
            r.next();
            same(1, r.getInt("one"));
            same("two", r.getString(2));
            same(null, r.getString(3));
            same(false, r.next());
        }
        same(true, c.isValid(5));
        same("test", c.getCatalog());
        same(null, c.getWarnings());
    }

    static void types(Connection c) throws SQLException {
        String bytes = engine.equals("postgres") ? "'\\\\x00ff'::bytea" : engine.equals("duckDb") ? "'\\\\x00\\\\xFF'::blob" : "x'00ff'";
        String real = mysql() ? "double" : "double precision";
        run(c, "DROP TABLE IF EXISTS types_t", "CREATE TABLE types_t (a smallint, b bigint, d " + real + ", e decimal(12,2), f varchar(40), g date, h timestamp" + (mysql() ? "(6) NULL" : "")
            + ", k boolean, l " + (engine.equals("postgres") ? "bytea" : "blob") + ")",
            "INSERT INTO types_t VALUES (7, 9007199254740993, 0.1, -12.50, 'Grüße 😀', '2024-02-29', '2024-02-29 12:34:56.123456', true, " + bytes + ")",
            "INSERT INTO types_t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)");
        for (String sql : new String[] {"SELECT * FROM types_t", "SELECT * FROM types_t WHERE 1 = ?"})
            try (PreparedStatement p = c.prepareStatement(sql)) {
                if (sql.endsWith("?"))
                    p.setInt(1, 1);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(7, r.getShort(1));
                    same(9007199254740993L, r.getLong(2));
                    same(0.1, r.getDouble(3));
                    same("-12.50", r.getBigDecimal(4).toPlainString());
                    same("Grüße 😀", r.getString(5));
                    same("2024-02-29", r.getDate(6));
                    same("2024-02-29", r.getObject(6, LocalDate.class));
                    same("2024-02-29T12:34:56.123456", r.getObject(7, LocalDateTime.class));
                    same(Timestamp.valueOf("2024-02-29 12:34:56.123456"), r.getTimestamp(7));
                    same(true, r.getBoolean(8));
                    same("[0, -1]", Arrays.toString(r.getBytes(9)));
                    truth(r.next(), "a second row");
                    for (int i = 1; i <= 9; i++)
                        same(null, r.getObject(i));
                }
            }
        run(c, "DROP TABLE types_t");
    }

    /* A value of every setter, each compared with itself in its column. */
    static void parameters(Connection c) throws SQLException {
        parameters(c, false);
    }

    static void parametersPrepared(Connection c) throws SQLException {
        parameters(c, true);
    }

    static void parameters(Connection c, boolean prepared) throws SQLException {
        String real = mysql() ? "double" : "double precision", text = engine.equals("postgres") || engine.equals("sqlite") ? "text" : "varchar(2000)";
        run(c, "DROP TABLE IF EXISTS params_t", "CREATE TABLE params_t (id integer, a smallint, b integer, d bigint, e " + real + ", f decimal(12,2), g " + text
            + ", h date, k timestamp" + (mysql() ? "(6) NULL" : "") + ", l " + (engine.equals("postgres") && !prepared ? "smallint" : "boolean") + ", m " + (engine.equals("postgres") ? "bytea" : "blob") + ", n time)");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO params_t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
            for (int i = 0; i < 3; i++) {
                p.setInt(1, i);
                p.setShort(2, (short) -3);
                p.setInt(3, 1 << 30);
                p.setLong(4, 1L << 60);
                p.setDouble(5, 0.25);
                p.setBigDecimal(6, new BigDecimal("12345.67"));
                p.setString(7, "it's \\ \"ä€😀\"\n");
                p.setDate(8, Date.valueOf("2024-02-29"));
                p.setTimestamp(9, Timestamp.valueOf("2024-02-29 12:34:56.5"));
                p.setBoolean(10, true);
                p.setBytes(11, new byte[] {0, 1, (byte) 0xff, '\'', '\\'});
                p.setTime(12, Time.valueOf("12:34:56"));
                same(1, p.executeUpdate());
            }
            p.setInt(1, 3);
            int[] kinds = {Types.SMALLINT, Types.INTEGER, Types.BIGINT, Types.DOUBLE, Types.DECIMAL, Types.VARCHAR, Types.DATE, Types.TIMESTAMP, Types.BOOLEAN,
                Types.BINARY, Types.TIME};
            for (int i = 0; i < kinds.length; i++)
                p.setNull(i + 2, kinds[i]);
            same(1, p.executeUpdate());
            p.setInt(1, 4);
            p.setObject(8, LocalDate.of(1999, 12, 31));
            p.setObject(9, LocalDateTime.of(1999, 12, 31, 23, 59, 59));
            p.setCharacterStream(7, new StringReader("streamed"));
            p.setBinaryStream(11, new ByteArrayInputStream(new byte[] {1, 2, 3}));
            same(1, p.executeUpdate());
        }
        try (PreparedStatement p = c.prepareStatement("SELECT * FROM params_t WHERE id = ?")) {
            for (int i = 0; i < 5; i++) {
                p.setInt(1, i);
                try (ResultSet r = p.executeQuery()) {
                    truth(r.next(), "row " + i);
                    same(i, r.getInt(1));
                    if (i == 3)
                        for (int k = 2; k <= 12; k++)
                            same(null, r.getString(k));
                    if (i == 4) {
                        if (!engine.equals("postgres")) /* which takes bytes for no text, and Connector/J streams bytes */
                            same("streamed", r.getString(7));
                        same("1999-12-31", r.getString(8));
                        same("[1, 2, 3]", Arrays.toString(r.getBytes(11)));
                    }
                    if (i >= 3)
                        continue;
                    same(-3, r.getInt(2));
                    same(1 << 30, r.getInt(3));
                    same(1L << 60, r.getLong(4));
                    same(0.25, r.getDouble(5));
                    same(0, new BigDecimal("12345.67").compareTo(r.getBigDecimal(6)));
                    same("it's \\ \"ä€😀\"\n", r.getString(7));
                    same("2024-02-29", r.getDate(8));
                    same(Timestamp.valueOf("2024-02-29 12:34:56.5"), r.getTimestamp(9));
                    same(true, r.getBoolean(10));
                    same("[0, 1, -1, 39, 92]", Arrays.toString(r.getBytes(11)));
                    same("12:34:56", r.getTime(12));
                }
            }
            same(12, p.getMetaData().getColumnCount());
            same(1, p.getParameterMetaData().getParameterCount());
        }
        try (PreparedStatement p = c.prepareStatement("SELECT count(*) FROM params_t WHERE d = ? AND f = ? AND g = ? AND h = ? AND k = ?")) {
            p.setLong(1, 1L << 60);
            p.setBigDecimal(2, new BigDecimal("12345.67"));
            p.setString(3, "it's \\ \"ä€😀\"\n");
            p.setDate(4, Date.valueOf("2024-02-29"));
            p.setTimestamp(5, Timestamp.valueOf("2024-02-29 12:34:56.5"));
            try (ResultSet r = p.executeQuery()) {
                r.next();
                same(3, r.getInt(1));
            }
        }
        run(c, "DROP TABLE params_t");
    }

    static void metadata(Connection c) throws SQLException {
        DatabaseMetaData m = c.getMetaData();
        run(c, "DROP TABLE IF EXISTS meta_t", "CREATE TABLE meta_t (id integer NOT NULL PRIMARY KEY, name varchar(40), price decimal(10,2), made timestamp)");
        for (String name : new String[] {m.getDatabaseProductName(), m.getDatabaseProductVersion(), m.getDriverName(), m.getURL(), m.getUserName(),
            m.getIdentifierQuoteString(), m.getNumericFunctions(), m.getStringFunctions(), m.getSystemFunctions(), m.getTimeDateFunctions()})
            truth(name != null, "a name");
        truth(m.getDatabaseMajorVersion() >= 5, "major version");
        m.supportsTransactions();
        m.getDefaultTransactionIsolation();
        truth(column(m.getTables(null, null, "meta_t", null), "TABLE_NAME").contains("meta_t"), "getTables(null)");
        truth(column(m.getTables("test", null, "%", new String[] {"TABLE"}), "TABLE_NAME").contains("meta_t"), "getTables(test)");
        same("[id, name, price, made]", column(m.getColumns(null, null, "meta_t", "%"), "COLUMN_NAME"));
        same("[id, name, price, made]", column(m.getColumns("test", null, "meta_t", null), "COLUMN_NAME"));
        try (ResultSet r = m.getColumns("test", null, "meta_t", "%")) {
            int[] kinds = {Types.INTEGER, Types.VARCHAR, Types.DECIMAL, Types.TIMESTAMP};
            for (int kind : kinds) {
                truth(r.next(), "a column");
                if (!engine.equals("sqlite") && !(engine.equals("duckDb") && kind == Types.VARCHAR)) /* which keeps no lengths */
                    same(kind, r.getInt("DATA_TYPE"));
            }
        }
        same("[id]", column(m.getPrimaryKeys("test", null, "meta_t"), "COLUMN_NAME"));
        truth(column(m.getIndexInfo("test", null, "meta_t", true, true), "COLUMN_NAME").contains("id"), "getIndexInfo");
        truth(column(m.getCatalogs(), "TABLE_CAT").contains("test"), "getCatalogs");
        truth(column(m.getTableTypes(), "TABLE_TYPE").contains("TABLE"), "getTableTypes");
        column(m.getSchemas(), "TABLE_SCHEM");
        truth(column(m.getTypeInfo(), "TYPE_NAME").contains("BIGINT"), "getTypeInfo");
        column(m.getImportedKeys("test", null, "meta_t"), "PKTABLE_NAME");
        column(m.getExportedKeys("test", null, "meta_t"), "PKTABLE_NAME");
        column(m.getCrossReference("test", null, "meta_t", "test", null, "meta_t"), "PKTABLE_NAME");
        column(m.getProcedures("test", null, "%"), "PROCEDURE_NAME");
        column(m.getProcedureColumns("test", null, "%", "%"), "PROCEDURE_NAME");
        column(m.getFunctions("test", null, "%"), "FUNCTION_NAME");
        column(m.getFunctionColumns("test", null, "%", "%"), "FUNCTION_NAME");
        column(m.getColumnPrivileges("test", null, "meta_t", "%"), "COLUMN_NAME");
        column(m.getTablePrivileges("test", null, "meta_t"), "TABLE_NAME");
        column(m.getBestRowIdentifier("test", null, "meta_t", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME");
        if (!engine.equals("duckDb") || driver.equals("mysql")) /* MariaDB's asks SELECT 0 SCOPE, which wants an AS there */
            column(m.getVersionColumns("test", null, "meta_t"), "COLUMN_NAME");
        column(m.getClientInfoProperties(), "NAME");
        column(m.getUDTs("test", null, "%", null), "TYPE_NAME");
        run(c, "DROP TABLE meta_t");
    }

    static void resultMetadata(Connection c) throws SQLException {
        run(c, "DROP TABLE IF EXISTS rmeta_t", "CREATE TABLE rmeta_t (id integer, price decimal(10,2), name varchar(40))");
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT id, price AS p, name FROM rmeta_t AS x")) {
            ResultSetMetaData m = r.getMetaData();
            same("p", m.getColumnLabel(2));
            if (!engine.equals("sqlite")) {
                same(Types.INTEGER, m.getColumnType(1));
                same(Types.DECIMAL, m.getColumnType(2));
                same(10, m.getPrecision(2));
                same(2, m.getScale(2));
                same(Types.VARCHAR, m.getColumnType(3));
            }
            if (mysql()) {
                same("price", m.getColumnName(2));
                same("rmeta_t", m.getTableName(1));
                same("test", m.getCatalogName(1));
            }
            same(false, r.next());
        }
        run(c, "DROP TABLE rmeta_t");
    }

    static void large(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(series(50000))) {
            long sum = 0;
            while (r.next())
                sum += r.getLong(1);
            same(50000L * 50001 / 2, sum);
        }
    }

    /* Row by row: all of it must be read before the connection is used again. */
    static void streaming(Connection c) throws SQLException {
        try (Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
            s.setFetchSize(driver.equals("mysql") ? Integer.MIN_VALUE : 1);
            for (int i = 0; i < 2; i++)
                try (ResultSet r = s.executeQuery(series(5000))) {
                    long sum = 0;
                    while (r.next())
                        sum += r.getLong(1);
                    same(5000L * 5001 / 2, sum);
                }
            try (ResultSet r = s.executeQuery(series(5000))) {
                r.next();
            }
        }
        same(1, number(c, "SELECT 1"));
    }

    static void cursor(Connection c) throws SQLException {
        for (boolean prepared : new boolean[] {false, true})
            try (Statement s = prepared ? c.prepareStatement(series(2345)) : c.createStatement()) {
                s.setFetchSize(100);
                long sum = 0;
                try (ResultSet r = prepared ? ((PreparedStatement) s).executeQuery() : s.executeQuery(series(2345))) {
                    while (r.next())
                        sum += r.getLong(1);
                }
                same(2345L * 2346 / 2, sum);
                try (ResultSet r = prepared ? ((PreparedStatement) s).executeQuery() : s.executeQuery(series(2345))) {
                    r.next(); /* and no more of it */
                }
                same(1, number(c, "SELECT 1"));
            }
    }

    static void batch(Connection c) throws SQLException {
        run(c, "DROP TABLE IF EXISTS batch_t", "CREATE TABLE batch_t (id integer PRIMARY KEY, name varchar(40))");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO batch_t VALUES (?, ?)")) {
            for (int i = 0; i < 200; i++) {
                p.setInt(1, i);
                p.setString(2, i % 7 == 0 ? null : "it's " + i);
                p.addBatch();
            }
            same(200, p.executeBatch().length);
        }
        try (PreparedStatement p = c.prepareStatement("UPDATE batch_t SET name = ? WHERE id = ?")) {
            for (int i = 0; i < 20; i++) {
                p.setString(1, "new");
                p.setInt(2, i);
                p.addBatch();
            }
            same(20, p.executeBatch().length);
        }
        same(200, number(c, "SELECT count(*) FROM batch_t"));
        same(20, number(c, "SELECT count(*) FROM batch_t WHERE name = 'new'"));
        try (Statement s = c.createStatement()) {
            s.addBatch("DELETE FROM batch_t WHERE id < 10");
            s.addBatch("DELETE FROM batch_t WHERE id < 20");
            same("[10, 10]", Arrays.toString(s.executeBatch()));
            s.addBatch("INSERT INTO batch_t VALUES (1, 'a')");
            s.addBatch("INSERT INTO batch_t VALUES (1, 'b')");
            try {
                s.executeBatch();
                throw new AssertionError("a key twice");
            } catch (BatchUpdateException expected) {
                same(1062, expected.getErrorCode());
            }
        }
        run(c, "DROP TABLE batch_t");
    }

    static void keys(Connection c) throws SQLException {
        if (!mysql())
            return;
        run(c, "DROP TABLE IF EXISTS keys_t", "CREATE TABLE keys_t (id integer NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40))");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO keys_t (name) VALUES (?), (?)", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < 2; i++) {
                p.setString(1, "a");
                p.setString(2, "b");
                same(2, p.executeUpdate());
                try (ResultSet r = p.getGeneratedKeys()) {
                    r.next();
                    same(2 * i + 1, r.getInt(1));
                }
            }
        }
        same(3, number(c, "SELECT LAST_INSERT_ID()"));
        run(c, "DROP TABLE keys_t");
    }

    static void counts(Connection c) throws SQLException {
        run(c, "DROP TABLE IF EXISTS counts_t", "CREATE TABLE counts_t (id integer PRIMARY KEY, name varchar(40))");
        try (Statement s = c.createStatement()) {
            same(3, s.executeUpdate("INSERT INTO counts_t VALUES (1, 'a'), (2, 'b'), (3, 'c')"));
            same(2, s.executeUpdate("UPDATE counts_t SET name = 'a' WHERE id < 3")); /* one of them was it before: found rows */
            same(false, s.execute("DELETE FROM counts_t WHERE id = 1"));
            same(1, s.getUpdateCount());
            same(true, s.execute("SELECT * FROM counts_t"));
            same(-1, s.getUpdateCount());
        }
        run(c, "DROP TABLE counts_t");
    }

    static void transactions(Connection c) throws SQLException {
        run(c, "DROP TABLE IF EXISTS tx_t", "CREATE TABLE tx_t (id integer)");
        c.setAutoCommit(false);
        for (int i = 0; i < 6; i++) {
            run(c, "INSERT INTO tx_t VALUES (1)");
            if (i % 2 == 0)
                c.commit();
            else
                c.rollback();
        }
        same(3, number(c, "SELECT count(*) FROM tx_t"));
        c.rollback();
        try (Connection other = connect()) {
            run(c, "INSERT INTO tx_t VALUES (2)");
            if (!engine.equals("sqlite"))
                same(3, number(other, "SELECT count(*) FROM tx_t"));
        }
        c.setAutoCommit(true);
        same(4, number(c, "SELECT count(*) FROM tx_t"));
        c.setAutoCommit(false);
        run(c, "DELETE FROM tx_t");
        try (Statement s = c.createStatement()) {
            s.executeQuery("SELECT nope FROM tx_t");
            throw new AssertionError("no such column");
        } catch (SQLException expected) {
            same("42S22", expected.getSQLState());
        }
        c.rollback();
        c.setAutoCommit(true);
        same(4, number(c, "SELECT count(*) FROM tx_t"));
        run(c, "DROP TABLE tx_t");
    }

    static void savepoints(Connection c) throws SQLException {
        if (engine.equals("duckDb"))
            return; /* it has none */
        run(c, "DROP TABLE IF EXISTS save_t", "CREATE TABLE save_t (id integer)");
        c.setAutoCommit(false);
        run(c, "INSERT INTO save_t VALUES (1)");
        Savepoint named = c.setSavepoint("here");
        run(c, "INSERT INTO save_t VALUES (2)");
        Savepoint unnamed = c.setSavepoint();
        run(c, "INSERT INTO save_t VALUES (3)");
        c.rollback(unnamed);
        same(2, number(c, "SELECT count(*) FROM save_t"));
        c.rollback(named);
        c.releaseSavepoint(named);
        same(1, number(c, "SELECT count(*) FROM save_t"));
        c.commit();
        c.setAutoCommit(true);
        same(1, number(c, "SELECT count(*) FROM save_t"));
        run(c, "DROP TABLE save_t");
    }

    static void isolation(Connection c) throws SQLException {
        for (int level : new int[] {Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_SERIALIZABLE, Connection.TRANSACTION_REPEATABLE_READ}) {
            c.setTransactionIsolation(level);
            same(level, c.getTransactionIsolation());
        }
        c.setReadOnly(true);
        same(true, c.isReadOnly());
        same(1, number(c, "SELECT 1"));
        c.setReadOnly(false);
        c.setCatalog("test");
        same("test", c.getCatalog());
    }

    static void errors(Connection c) throws SQLException {
        run(c, "DROP TABLE IF EXISTS errors_t", "CREATE TABLE errors_t (id integer PRIMARY KEY, name varchar(40) NOT NULL)", "INSERT INTO errors_t VALUES (1, 'a')");
        Object[][] cases = {{"SELECT * FROM nowhere", 1146, "42S02"}, {"SELEC 1", 1064, "42000"}, {"SELECT nope FROM errors_t", 1054, "42S22"},
            {"INSERT INTO errors_t VALUES (1, 'b')", 1062, "23000"}, {"INSERT INTO errors_t VALUES (2, NULL)", 1048, "23000"},
            {"CREATE TABLE errors_t (a integer)", 1050, "42S01"}};
        for (Object[] one : cases)
            for (boolean prepared : new boolean[] {false, true})
                try (Statement s = prepared ? c.prepareStatement((String) one[0]) : c.createStatement()) {
                    if (prepared)
                        ((PreparedStatement) s).execute();
                    else
                        s.execute((String) one[0]);
                    throw new AssertionError(one[0] + " did not fail");
                } catch (SQLException expected) {
                    same(one[0] + " " + one[1] + " " + one[2], one[0] + " " + expected.getErrorCode() + " " + expected.getSQLState());
                }
        same(1, number(c, "SELECT count(*) FROM errors_t"));
        run(c, "DROP TABLE errors_t");
    }

    static void several(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            same(true, s.execute("SELECT 1; SELECT 2"));
            s.getResultSet().next();
            same(1, s.getResultSet().getInt(1));
            same(true, s.getMoreResults());
            s.getResultSet().next();
            same(2, s.getResultSet().getInt(1));
            same(false, s.getMoreResults());
        }
    }

    static void zones(Connection c) throws SQLException {
        run(c, "DROP TABLE IF EXISTS zones_t", "CREATE TABLE zones_t (moment timestamp" + (mysql() ? " NULL" : "") + ", plain " + (mysql() ? "datetime" : "timestamp") + ")");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO zones_t VALUES (?, ?)")) {
            p.setTimestamp(1, Timestamp.from(Instant.parse("2024-07-01T12:00:00Z")));
            p.setObject(2, LocalDateTime.of(2024, 7, 1, 12, 0));
            p.executeUpdate();
        }
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT moment, plain FROM zones_t")) {
            r.next();
            same("2024-07-01T12:00:00Z", r.getTimestamp(1).toInstant());
            same("2024-07-01T12:00", r.getObject(2, LocalDateTime.class));
        }
        run(c, "DROP TABLE zones_t");
    }

    static void timeout(Connection c) throws SQLException {
        String lasting = mysql() ? "SELECT SLEEP(30)" : engine.equals("duckDb") ? "SELECT count(*) FROM range(100000000000) AS t(i) WHERE hash(i) % 7 = 3"
            : engine.equals("sqlite") ? "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 10000000000) SELECT count(*) FROM t"
            : "SELECT pg_sleep(30)";
        long start = System.currentTimeMillis();
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            try (ResultSet r = s.executeQuery(lasting)) {
                truth(mysql() && r.next() && r.getInt(1) == 1, "it was not interrupted");
            } catch (SQLException expected) {
                truth(expected.toString().matches("(?i).*(timeout|interrupt|cancel|timed out).*"), expected);
            }
        }
        truth(System.currentTimeMillis() - start < 20000, "too late");
        same(1, number(c, "SELECT 1"));
    }

    /* What pools say between two users. */
    static void reset(Connection c) throws Exception {
        run(c, "SET @mine = 7");
        if (driver.equals("mysql"))
            ((com.mysql.cj.jdbc.JdbcConnection) c.unwrap(Class.forName("com.mysql.cj.jdbc.JdbcConnection"))).resetServerState();
        truth(c.isValid(60), "valid");
        c.setAutoCommit(false);
        c.setAutoCommit(true);
        same(1, number(c, "SELECT 1"));
        same(1, number(c, "/* ping */ SELECT 1"));
    }

    public static void main(String[] arguments) {
        driver = arguments[0];
        port = arguments[1];
        engine = arguments[2];
        if (arguments.length > 4) {
            user = arguments[3];
            password = arguments[4];
        }
        String server = "useServerPrepStmts=true", cursors = "useCursorFetch=true&defaultFetchSize=50";
        check("simple", Suite::simple);
        check("types", Suite::types);
        check("types, prepared", Suite::types, server, "cachePrepStmts=true");
        check("parameters", Suite::parameters);
        check("parameters, prepared", Suite::parametersPrepared, server);
        check("metadata", Suite::metadata);
        if (driver.equals("mysql"))
            check("metadata of information_schema", Suite::metadata, "useInformationSchema=true");
        check("result metadata", Suite::resultMetadata);
        check("result metadata, prepared", Suite::resultMetadata, server);
        check("large", Suite::large);
        check("large, prepared", Suite::large, server);
        check("streaming", Suite::streaming);
        check("cursor", Suite::cursor, server, cursors);
        check("batch", Suite::batch);
        check("batch, prepared", Suite::batch, server);
        check("batch, rewritten", Suite::batch, "rewriteBatchedStatements=true", "allowMultiQueries=true");
        check("batch, prepared and rewritten", Suite::batch, server, "rewriteBatchedStatements=true");
        check("keys", Suite::keys);
        check("keys, prepared", Suite::keys, server);
        check("counts", Suite::counts);
        check("transactions", Suite::transactions);
        check("transactions, local state", Suite::transactions, "useLocalSessionState=true", "useLocalTransactionState=true");
        check("savepoints", Suite::savepoints);
        check("isolation", Suite::isolation);
        check("errors", Suite::errors, server);
        check("several", Suite::several, "allowMultiQueries=true");
        check("zones", Suite::zones);
        check("zones, Tokyo", Suite::zones, driver.equals("mysql") ? "connectionTimeZone=Asia/Tokyo&forceConnectionTimeZoneToSession=true" : "timezone=Asia/Tokyo", server);
        check("zones, UTC", Suite::zones, driver.equals("mysql") ? "connectionTimeZone=UTC&forceConnectionTimeZoneToSession=true" : "timezone=UTC");
        check("timeout", Suite::timeout);
        check("reset", Suite::reset);
        System.exit(failed == 0 ? 0 : 1);
    }
}
