// pgjdbc against one proxy: `java -cp postgresql.jar Suite.java PORT ENGINE`. A line per case: "ok NAME" or "FAIL NAME: why".
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Properties;

public class Suite {
    interface Case {
        void run(Connection c) throws Exception;
    }

    static String port, engine;
    static int failed;

    static Connection connect(String... options) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "jdbc");
        properties.setProperty("sslmode", "disable");
        for (int i = 0; i < options.length; i += 2)
            properties.setProperty(options[i], options[i + 1]);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/test", properties);
    }

    static void same(Object wanted, Object got) {
        if (!String.valueOf(wanted).equals(String.valueOf(got)))
            throw new AssertionError("wanted " + wanted + ", got " + got);
    }

    static String series(int n) {
        if (engine.equals("sqlite"))
            return "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < " + n + ") SELECT i FROM t";
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

    static void simple(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT 1, 'two', NULL")) {
            r.next();
            same(1, r.getInt(1));
            same("two", r.getString(2));
            same(null, r.getString(3));
            same(false, r.next());
        }
        same(true, c.isValid(5));
    }

    static void several(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            same(true, s.execute("SELECT 1; SELECT 2"));
            same(true, s.getMoreResults());
            s.getResultSet().next();
            same(2, s.getResultSet().getInt(1));
        }
    }

    /* From the sixth run the driver sends Bind and Execute alone, and asks for binary results. */
    static void prepared(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE IF NOT EXISTS jdbc_t (id integer PRIMARY KEY, name text, amount double precision)");
            s.executeUpdate("DELETE FROM jdbc_t");
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO jdbc_t VALUES (?, ?, ?)")) {
            for (int i = 0; i < 12; i++) {
                p.setInt(1, i);
                p.setString(2, i % 3 == 0 ? null : "n" + i);
                p.setDouble(3, i / 4.0);
                same(1, p.executeUpdate());
            }
        }
        try (PreparedStatement p = c.prepareStatement("SELECT name, amount, id FROM jdbc_t WHERE id = ?")) {
            for (int i = 0; i < 12; i++) {
                p.setInt(1, i);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    same(i % 3 == 0 ? null : "n" + i, r.getString(1));
                    same(i / 4.0, r.getDouble(2));
                    same(i, r.getInt(3));
                }
            }
            same(3, p.getMetaData().getColumnCount());
        }
    }

    static void batch(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE IF NOT EXISTS jdbc_b (id integer, name text)");
            s.executeUpdate("DELETE FROM jdbc_b");
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO jdbc_b VALUES (?, ?)")) {
            for (int i = 0; i < 100; i++) {
                p.setInt(1, i);
                p.setString(2, "n" + i);
                p.addBatch();
            }
            same(100, p.executeBatch().length);
        }
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT count(*) FROM jdbc_b")) {
            r.next();
            same(100, r.getInt(1));
        }
    }

    static String names(ResultSet rows, String... columns) throws SQLException {
        StringBuilder all = new StringBuilder();
        try (rows) {
            while (rows.next())
                for (String column : columns)
                    all.append(rows.getString(column)).append(' ');
        }
        return all.toString().trim();
    }

    /* What tools ask of DatabaseMetaData. */
    static void metadata(Connection c) throws SQLException {
        DatabaseMetaData m = c.getMetaData();
        String schema = c.getSchema();
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE jdbc_p (id integer PRIMARY KEY, name varchar(20) NOT NULL)");
            s.executeUpdate("CREATE TABLE jdbc_f (id integer PRIMARY KEY, p integer, CONSTRAINT jdbc_fk FOREIGN KEY (p) REFERENCES jdbc_p (id))");
            s.executeUpdate("CREATE INDEX jdbc_i ON jdbc_p (name)");
        }
        same("jdbc_p TABLE", names(m.getTables(null, schema, "jdbc\\_p", new String[] {"TABLE"}), "TABLE_NAME", "TABLE_TYPE"));
        same("id NO name NO", names(m.getColumns(null, schema, "jdbc_p", "%"), "COLUMN_NAME", "IS_NULLABLE"));
        same("id 1", names(m.getPrimaryKeys(null, schema, "jdbc_p"), "COLUMN_NAME", "KEY_SEQ"));
        same(true, names(m.getIndexInfo(null, schema, "jdbc_p", false, true), "INDEX_NAME", "COLUMN_NAME").contains("jdbc_i name"));
        same("jdbc_p id jdbc_f p 1", names(m.getImportedKeys(null, schema, "jdbc_f"), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ"));
        same("jdbc_f p", names(m.getExportedKeys(null, schema, "jdbc_p"), "FKTABLE_NAME", "FKCOLUMN_NAME"));
        same("id", names(m.getBestRowIdentifier(null, schema, "jdbc_p", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME"));
        same(schema, names(m.getSchemas(null, schema), "TABLE_SCHEM"));
        same(c.getCatalog(), names(m.getCatalogs(), "TABLE_CAT").contains(c.getCatalog()) ? c.getCatalog() : "none");
        same(true, names(m.getTypeInfo(), "TYPE_NAME").contains("int4"));
        m.getFunctions(null, schema, "%").close();
        m.getTablePrivileges(null, schema, "jdbc_p").close();
        same(true, m.getSQLKeywords().length() > 0);
    }

    /* BEGIN and the first statement leave in one flight; COMMIT is a statement with a name. */
    static void transactions(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeUpdate("CREATE TABLE IF NOT EXISTS jdbc_x (id integer)");
            c.setAutoCommit(false);
            for (int i = 0; i < 8; i++) {
                s.executeUpdate("INSERT INTO jdbc_x VALUES (1)");
                if (i % 2 == 0)
                    c.commit();
                else
                    c.rollback();
            }
            try (ResultSet r = s.executeQuery("SELECT count(*) FROM jdbc_x")) {
                r.next();
                same(4, r.getInt(1));
            }
            if (!engine.equals("duckDb")) {
                Savepoint point = c.setSavepoint("here");
                s.executeUpdate("DELETE FROM jdbc_x");
                c.rollback(point);
                c.releaseSavepoint(point);
            }
            c.commit();
            c.setAutoCommit(true);
        }
    }

    static void fetchSize(Connection c) throws SQLException {
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.setFetchSize(100);
            long sum = 0;
            try (ResultSet r = s.executeQuery(series(2345))) {
                while (r.next())
                    sum += r.getLong(1);
            }
            same(2345L * 2346 / 2, sum);
            try (ResultSet r = s.executeQuery(series(5000))) { /* left before its end */
                r.next();
            }
            s.setMaxRows(7);
            int rows = 0;
            try (ResultSet r = s.executeQuery(series(50))) {
                while (r.next())
                    rows++;
            }
            same(7, rows);
        }
        c.commit();
    }

    static void errors(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.executeQuery("SELECT * FROM nowhere");
            throw new AssertionError("no error");
        } catch (SQLException e) {
            same("42P01", e.getSQLState());
        }
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.executeQuery("SELEC 1");
            throw new AssertionError("no error");
        } catch (SQLException e) {
            same("42601", e.getSQLState());
        }
        try (Statement s = c.createStatement()) {
            s.executeQuery("SELECT 1");
            throw new AssertionError("no error");
        } catch (SQLException e) {
            same("25P02", e.getSQLState());
        }
        c.rollback();
        simple(c);
    }

    static void timeout(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.setQueryTimeout(1);
            s.executeQuery("SELECT count(*) FROM (" + series(2000000000) + ") AS a");
            throw new AssertionError("no error");
        } catch (SQLException e) {
            same("57014", e.getSQLState());
        }
        simple(c);
    }

    static void settings(Connection c) throws SQLException {
        c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        same(Connection.TRANSACTION_SERIALIZABLE, c.getTransactionIsolation());
        c.setReadOnly(true);
        c.setReadOnly(false);
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SHOW application_name")) {
            r.next();
            same("suite", r.getString(1));
        }
    }

    static void catalog(Connection c) throws SQLException {
        try (ResultSet r = c.getMetaData().getTables(null, null, "jdbc_t", null)) {
            same(true, r.next());
            same("jdbc_t", r.getString("TABLE_NAME"));
        }
        try (ResultSet r = c.getMetaData().getColumns(null, null, "jdbc_t", null)) {
            same(true, r.next());
            same("id", r.getString("COLUMN_NAME"));
        }
        try (ResultSet r = c.getMetaData().getPrimaryKeys(null, null, "jdbc_t")) {
            same(true, r.next());
        }
        same(true, c.getMetaData().getTypeInfo().next());
    }

    public static void main(String[] arguments) {
        port = arguments[0];
        engine = arguments[1];
        check("simple statement", Suite::simple);
        check("several statements", Suite::several);
        check("prepared statement", Suite::prepared);
        check("prepared at once", Suite::prepared, "prepareThreshold", "1");
        check("never prepared", Suite::prepared, "prepareThreshold", "0");
        check("all binary", Suite::prepared, "prepareThreshold", "-1");
        check("simple protocol", Suite::prepared, "preferQueryMode", engine.equals("sqlite") ? "extended" : "simple");
        check("metadata", Suite::metadata);
        check("batch", Suite::batch);
        check("rewritten batch", Suite::batch, "reWriteBatchedInserts", "true");
        check("transactions", Suite::transactions);
        check("fetch size", Suite::fetchSize);
        check("errors", Suite::errors);
        check("query timeout", Suite::timeout);
        check("settings", Suite::settings, "ApplicationName", "suite", "options", "-c statement_timeout=60s");
        if (engine.equals("postgres")) {
            check("schema", Suite::simple, "currentSchema", "public,pg_catalog");
            check("catalog", Suite::catalog);
        }
        System.exit(failed > 0 ? 1 : 0);
    }
}
