// go-sql-driver/mysql against one server: `gomysql-suite PORT ENGINE [USER PASSWORD]`. ENGINE is duckDb, sqlite, postgres or mysql. A line per case:
// "ok NAME" or "FAIL NAME: why".
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

var (
	port, engine   string
	user, password = "gopher", ""
	failed         bool
	background     = context.Background()
)

func open(options string) *sql.DB {
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(127.0.0.1:%s)/test?allowNativePasswords=true%s", user, password, port, options))
	if err != nil {
		panic(err)
	}
	return db
}

func check(name, options string, run func(db *sql.DB) error) {
	db := open(options)
	err := run(db)
	db.Close()
	if err != nil {
		failed = true
		fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("ok", name)
}

func same(wanted, got any) error {
	if fmt.Sprint(wanted) != fmt.Sprint(got) {
		return fmt.Errorf("wanted %v, got %v", wanted, got)
	}
	return nil
}

func series(n int) string {
	if engine == "mysql" {
		return fmt.Sprintf("WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 1000), "+
			"u(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM u WHERE j < 99) SELECT j * 1000 + i AS i FROM t, u WHERE j * 1000 + i <= %d", n)
	}
	if engine == "sqlite" {
		return fmt.Sprintf("WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < %d) SELECT i FROM t", n)
	}
	return fmt.Sprintf("SELECT i FROM generate_series(1, %d) AS t(i)", n)
}

func execAll(db *sql.DB, statements ...string) error {
	for _, one := range statements {
		if _, err := db.Exec(one); err != nil {
			return fmt.Errorf("%s: %w", one, err)
		}
	}
	return nil
}

func simple(db *sql.DB) error {
	var one int
	var two string
	var three sql.NullString
	if err := db.Ping(); err != nil {
		return err
	}
	if err := db.QueryRow("SELECT 1, 'zwei 😀', NULL").Scan(&one, &two, &three); err != nil {
		return err
	}
	return same([]any{1, "zwei 😀", false}, []any{one, two, three.Valid})
}

func values(db *sql.DB) error {
	day := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	fraction := ""
	if engine == "mysql" {
		fraction = " NULL"
	}
	blob := "blob"
	if engine == "postgres" {
		blob = "bytea"
	}
	err := execAll(db, "DROP TABLE IF EXISTS go_t", "CREATE TABLE go_t (id integer PRIMARY KEY, big bigint, ratio double precision, name varchar(100), made timestamp"+
		fraction+", yes boolean, raw "+blob+")")
	if err != nil {
		return err
	}
	for i := 0; i < 5; i++ {
		r, err := db.Exec("INSERT INTO go_t VALUES (?, ?, ?, ?, ?, ?, ?)", i, int64(1)<<60, 0.25, "it's \\ \"x\" 😀", day, true, []byte{0, 1, 255})
		if err != nil {
			return err
		}
		if n, _ := r.RowsAffected(); n != 1 {
			return fmt.Errorf("%d rows", n)
		}
	}
	if _, err := db.Exec("INSERT INTO go_t VALUES (?, ?, ?, ?, ?, ?, ?)", 5, nil, nil, nil, nil, nil, nil); err != nil {
		return err
	}
	for _, query := range []string{"SELECT id, big, ratio, name, made, yes, raw FROM go_t WHERE id = ?", "SELECT id, big, ratio, name, made, yes, raw FROM go_t WHERE id = 3"} {
		var id int
		var big int64
		var ratio float64
		var name string
		var made sql.NullTime
		var yes bool
		var raw []byte
		var arguments []any
		if strings.HasSuffix(query, "?") {
			arguments = []any{3}
		}
		if engine == "sqlite" { // which has no type for a time
			query = strings.Replace(query, "made", "NULL", 1)
		}
		if err := db.QueryRow(query, arguments...).Scan(&id, &big, &ratio, &name, &made, &yes, &raw); err != nil {
			return err
		}
		if engine == "sqlite" {
			made.Time = day
		}
		if err := same([]any{3, int64(1) << 60, 0.25, "it's \\ \"x\" 😀", day, true, []byte{0, 1, 255}}, []any{id, big, ratio, name, made.Time, yes, raw}); err != nil {
			return err
		}
	}
	var name sql.NullString
	if err := db.QueryRow("SELECT name FROM go_t WHERE id = ?", 5).Scan(&name); err != nil {
		return err
	}
	return same(false, name.Valid)
}

func columns(db *sql.DB) error {
	rows, err := db.Query("SELECT id, big, name FROM go_t WHERE id < ?", 0)
	if err != nil {
		return err
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	if engine != "sqlite" {
		if err := same("INT BIGINT VARCHAR", kinds[0].DatabaseTypeName()+" "+kinds[1].DatabaseTypeName()+" "+kinds[2].DatabaseTypeName()); err != nil {
			return err
		}
	}
	return same("id big name", kinds[0].Name()+" "+kinds[1].Name()+" "+kinds[2].Name())
}

func code(err error) uint16 {
	var problem *mysql.MySQLError
	if errors.As(err, &problem) {
		return problem.Number
	}
	return 0
}

func errorCodes(db *sql.DB) error {
	for sql, number := range map[string]uint16{"SELECT * FROM nowhere": 1146, "SELECT nope FROM go_t": 1054, "INSERT INTO go_t (id) VALUES (1)": 1062, "SELEC 1": 1064} {
		_, err := db.Exec(sql)
		if err := same(number, code(err)); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	_, err := db.Query("SELECT nope FROM go_t WHERE id = ?", 1)
	return same(1054, code(err))
}

func count(q interface {
	QueryRow(string, ...any) *sql.Row
}) (n int) {
	if q.QueryRow("SELECT count(*) FROM go_t").Scan(&n) != nil {
		return -1
	}
	return n
}

func transactions(db *sql.DB) error {
	for i := 0; i < 2; i++ {
		tx, err := db.BeginTx(background, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		if err != nil {
			return err
		}
		if engine == "sqlite" || engine == "duckDb" { // they know the strictest one only
			tx.Rollback()
			if tx, err = db.Begin(); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("DELETE FROM go_t WHERE id = ?", 5); err != nil {
			return err
		}
		if err := same(5, count(tx)); err != nil {
			return err
		}
		if i == 0 {
			tx.Rollback()
		} else if err := tx.Commit(); err != nil {
			return err
		}
		if err := same(6-i, count(db)); err != nil {
			return err
		}
	}
	return nil
}

func large(db *sql.DB) error {
	for _, arguments := range [][]any{nil, {0}} {
		query := series(50000)
		if arguments != nil {
			query = "SELECT i FROM (" + query + ") AS x WHERE i > ?"
		}
		rows, err := db.Query(query, arguments...)
		if err != nil {
			return err
		}
		sum, n := 0, 0
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return err
			}
			sum += n
		}
		if err := same(50000*50001/2, sum); err != nil {
			return err
		}
	}
	return nil
}

func kept(db *sql.DB) error {
	statement, err := db.Prepare("SELECT id + 0, name FROM go_t WHERE id = ?")
	if err != nil {
		return err
	}
	defer statement.Close()
	var wait sync.WaitGroup
	problems := make(chan error, 8)
	for worker := 0; worker < 8; worker++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < 20; i++ {
				var id int
				var name sql.NullString
				if err := statement.QueryRow(i%5).Scan(&id, &name); err != nil {
					problems <- err
					return
				} else if id != i%5 {
					problems <- fmt.Errorf("%d instead of %d", id, i%5)
					return
				}
			}
		}()
	}
	wait.Wait()
	select {
	case err := <-problems:
		return err
	default:
		return nil
	}
}

func several(db *sql.DB) error {
	rows, err := db.Query("SELECT 1; SELECT 2")
	if err != nil {
		return err
	}
	defer rows.Close()
	n, all := 0, []int{}
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return err
			}
			all = append(all, n)
		}
	}
	return same([]int{1, 2}, all)
}

func cancelled(db *sql.DB) error {
	lasting := map[string]string{"mysql": "SELECT SLEEP(30)", "postgres": "SELECT pg_sleep(30)", "duckDb": "SELECT count(*) FROM range(100000000000) AS t(i) WHERE hash(i) % 7 = 3",
		"sqlite": "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 10000000000) SELECT count(*) FROM t"}[engine]
	soon, stop := context.WithTimeout(background, 300*time.Millisecond)
	defer stop()
	var n int
	if err := db.QueryRowContext(soon, lasting).Scan(&n); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it was not cut: %v", err)
	}
	return db.Ping()
}

func main() {
	port, engine = os.Args[1], os.Args[2]
	if len(os.Args) > 4 {
		user, password = os.Args[3], os.Args[4]
	}
	check("simple", "", simple)
	check("values", "&parseTime=true", values)
	if engine != "postgres" { // which takes no 1 for a boolean
		check("values, interpolated", "&parseTime=true&interpolateParams=true", values)
	}
	check("values, in another zone", "&parseTime=true&loc=UTC&time_zone=%27%2B00%3A00%27", values)
	check("columns", "", columns)
	check("errors", "", errorCodes)
	check("transactions", "", transactions)
	check("large", "", large)
	check("kept statement", "", kept)
	check("several", "&multiStatements=true", several)
	check("cancelled", "", cancelled)
	check("charset and collation", "&charset=utf8mb4,utf8&collation=utf8mb4_unicode_ci", simple)
	check("set at connect", "&sql_mode=TRADITIONAL&autocommit=true", simple)
	check("end", "", func(db *sql.DB) error { return execAll(db, "DROP TABLE go_t") })
	if failed {
		os.Exit(1)
	}
}
