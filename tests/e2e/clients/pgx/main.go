// pgx against one proxy: `pgx-suite PORT ENGINE`. A line per case: "ok NAME" or "FAIL NAME: why".
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	port, engine string
	failed       bool
	background   = context.Background()
)

func connect(options string) (*pgx.Conn, error) {
	return pgx.Connect(background, fmt.Sprintf("postgres://pgx@127.0.0.1:%s/test?sslmode=disable%s", port, options))
}

func check(name, options string, run func(c *pgx.Conn) error) {
	c, err := connect(options)
	if err == nil {
		err = run(c)
		c.Close(background)
	}
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
	if engine == "sqlite" {
		return fmt.Sprintf("WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < %d) SELECT i FROM t", n)
	}
	return fmt.Sprintf("SELECT i FROM generate_series(1, %d) AS t(i)", n)
}

// SQLite says nothing of a parameter's type, so it is text to the client.
func number(i int) any {
	if engine == "sqlite" {
		return fmt.Sprint(i)
	}
	return i
}

func fraction(i int) any {
	if engine == "sqlite" {
		return fmt.Sprint(float64(i) / 4)
	}
	return float64(i) / 4
}

// One table, written and read by the way of sending that the connection was made with.
func table(c *pgx.Conn) error {
	if _, err := c.Exec(background, "CREATE TABLE IF NOT EXISTS pgx_t (id integer, name text, amount double precision)"); err != nil {
		return err
	}
	if _, err := c.Exec(background, "DELETE FROM pgx_t"); err != nil {
		return err
	}
	for i := 0; i < 6; i++ {
		tag, err := c.Exec(background, "INSERT INTO pgx_t VALUES ($1, $2, $3)", number(i), fmt.Sprint("n", i), fraction(i))
		if err != nil {
			return err
		}
		if err := same(1, tag.RowsAffected()); err != nil {
			return err
		}
	}
	for i := 0; i < 6; i++ {
		var id int64
		var name string
		var amount float64
		err := c.QueryRow(background, "SELECT id, name, amount FROM pgx_t WHERE id = $1", number(i)).Scan(&id, &name, &amount)
		if err != nil {
			return err
		}
		if err := same(fmt.Sprint(i, " n", i, " ", float64(i)/4), fmt.Sprint(id, " ", name, " ", amount)); err != nil {
			return err
		}
	}
	return nil
}

func batch(c *pgx.Conn) error {
	if _, err := c.Exec(background, "CREATE TABLE IF NOT EXISTS pgx_b (id integer, name text)"); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for i := 0; i < 50; i++ {
		b.Queue("INSERT INTO pgx_b VALUES ($1, $2)", number(i), "x")
	}
	b.Queue("SELECT count(*) FROM pgx_b")
	results := c.SendBatch(background, b)
	for i := 0; i < 50; i++ {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	var n int64
	if err := results.QueryRow().Scan(&n); err != nil {
		return err
	}
	if err := results.Close(); err != nil {
		return err
	}
	return same(50, n)
}

func transaction(c *pgx.Conn) error {
	if _, err := c.Exec(background, "CREATE TABLE IF NOT EXISTS pgx_x (id integer)"); err != nil {
		return err
	}
	for _, commit := range []bool{true, false, true} {
		tx, err := c.Begin(background)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(background, "INSERT INTO pgx_x VALUES ($1)", number(1)); err != nil {
			return err
		}
		if commit {
			err = tx.Commit(background)
		} else {
			err = tx.Rollback(background)
		}
		if err != nil {
			return err
		}
	}
	var n int64
	if err := c.QueryRow(background, "SELECT count(*) FROM pgx_x").Scan(&n); err != nil {
		return err
	}
	return same(2, n)
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return fmt.Sprint(err)
}

func failures(c *pgx.Conn) error {
	_, err := c.Exec(background, "SELECT * FROM nowhere")
	if err := same("42P01", code(err)); err != nil {
		return err
	}
	var n int64
	err = c.QueryRow(background, "SELECT nope FROM nowhere WHERE a = $1", 1).Scan(&n)
	if err := same("42P01", code(err)); err != nil {
		return err
	}
	return c.QueryRow(background, "SELECT 1").Scan(&n)
}

// The context ends: a CancelRequest, and the connection is dropped. Another one is not harmed.
func cancel(c *pgx.Conn) error {
	other, err := connect("")
	if err != nil {
		return err
	}
	defer other.Close(background)
	for i := 0; i < 3; i++ {
		ctx, stop := context.WithTimeout(background, 300*time.Millisecond)
		doomed, err := connect("")
		if err != nil {
			stop()
			return err
		}
		begin := time.Now()
		_, err = doomed.Exec(ctx, "SELECT count(*) FROM ("+series(2000000000)+") AS a")
		stop()
		if err == nil || time.Since(begin) > 60*time.Second { // by itself it takes minutes
			return fmt.Errorf("not cancelled: %v", err)
		}
		doomed.Close(background)
		var n int64
		if err := other.QueryRow(background, "SELECT 1").Scan(&n); err != nil {
			return err
		}
	}
	return nil
}

// The names of pgx's statements depend on the text only: all connections use the same.
func sameNames(_ *pgx.Conn) error {
	var wait sync.WaitGroup
	problems := make(chan error, 16)
	for w := 0; w < 8; w++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			c, err := connect("")
			if err != nil {
				problems <- err
				return
			}
			defer c.Close(background)
			for i := 0; i < 20; i++ {
				var got string
				if err := c.QueryRow(background, "SELECT CAST($1 AS text)", fmt.Sprint(w, i)).Scan(&got); err != nil {
					problems <- err
					return
				}
				if err := same(fmt.Sprint(w, i), got); err != nil {
					problems <- err
					return
				}
			}
		}()
	}
	wait.Wait()
	close(problems)
	return <-problems
}

func rows(c *pgx.Conn) error {
	result, err := c.Query(background, series(50000))
	if err != nil {
		return err
	}
	defer result.Close()
	sum := int64(0)
	for result.Next() {
		var i int64
		if err := result.Scan(&i); err != nil {
			return err
		}
		sum += i
	}
	if err := result.Err(); err != nil {
		return err
	}
	return same(int64(50000)*50001/2, sum)
}

func types(c *pgx.Conn) error {
	if engine == "sqlite" {
		return nil
	}
	var b bool
	var d, t time.Time
	var s, u string
	var f float32
	sql := "SELECT CAST($1 AS boolean), CAST($2 AS date), CAST($3 AS timestamp), CAST($4 AS text), CAST(CAST($5 AS uuid) AS text), CAST($6 AS real)"
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	id := "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
	err := c.QueryRow(background, sql, true, day, day.Add(time.Hour), "é", id, float32(1.5)).Scan(&b, &d, &t, &s, &u, &f)
	if err != nil {
		return err
	}
	return same(fmt.Sprint(true, day, day.Add(time.Hour), "é", id, 1.5), fmt.Sprint(b, d, t, s, u, f))
}

func main() {
	port, engine = os.Args[1], os.Args[2]
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		check("table, "+mode, "&default_query_exec_mode="+mode, table)
	}
	check("batch", "", batch)
	check("transaction", "", transaction)
	check("errors", "", failures)
	check("cancel", "", cancel)
	check("same names", "", sameNames)
	check("rows", "", rows)
	check("types", "", types)
	check("protocol 3.2", "&max_protocol_version=3.2", table)
	check("settings", "&application_name=pgx&timezone=Asia/Tokyo&search_path=public&statement_timeout=60s", func(c *pgx.Conn) error {
		var zone string
		if err := c.QueryRow(background, "SHOW timezone", pgx.QueryExecModeSimpleProtocol).Scan(&zone); err != nil {
			return err
		}
		return same("Asia/Tokyo", zone)
	})
	if failed {
		os.Exit(1)
	}
}
