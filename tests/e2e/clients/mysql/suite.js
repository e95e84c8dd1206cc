// mysql2 against one server: `node suite.js PORT ENGINE [USER PASSWORD]`. ENGINE is duckDb, sqlite, postgres or mysql. A line per case:
// "ok NAME" or "FAIL NAME: why".
'use strict'
const assert = require('node:assert/strict')
const mysql = require('mysql2/promise')

const [port, engine, user, password] = [Number(process.argv[2]), process.argv[3], process.argv[4] || 'node', process.argv[5] || '']
const options = { host: '127.0.0.1', port, user, password, database: 'test' }
const cases = {}
let failed = 0

const series = (n) => engine === 'mysql'
  ? `WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 1000), u(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM u WHERE j < 99)
     SELECT j * 1000 + i AS i FROM t, u WHERE j * 1000 + i <= ${n}`
  : engine === 'sqlite'
    ? `WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < ${n}) SELECT i FROM t`
    : `SELECT i FROM generate_series(1, ${n}) AS t(i)`
const text = engine === 'mysql' ? 'char' : engine === 'sqlite' || engine === 'postgres' ? 'text' : 'varchar'

cases['query'] = async (c) => {
  const [rows, fields] = await c.query("SELECT 1 AS one, 'zwei 😀' AS two, NULL AS three")
  assert.deepEqual([rows[0].one, rows[0].two, rows[0].three], [1, 'zwei 😀', null])
  assert.deepEqual(fields.map((f) => f.name), ['one', 'two', 'three'])
  await c.ping()
}
cases['escaped values'] = async (c) => {
  const value = 'it\'s \\ "x" `y`\n\t\0%_'.replace('\0', engine === 'mysql' ? '\0' : '')
  const [rows] = await c.query('SELECT ? AS v, ? AS n, ? AS u, ? AS b', [value, 7, null, true])
  assert.equal(rows[0].v, value)
  assert.equal(Number(rows[0].n), 7)
  assert.equal(rows[0].u, null)
  assert.ok(rows[0].b)
}
cases['prepared'] = async (c) => {
  await c.query('DROP TABLE IF EXISTS node_t')
  await c.query('CREATE TABLE node_t (id integer PRIMARY KEY, name varchar(40), price decimal(10,2), ratio double precision, made timestamp NULL, day date, yes boolean)')
  for (let i = 0; i < 6; i++) {
    const [done] = await c.execute('INSERT INTO node_t VALUES (?, ?, ?, ?, ?, ?, ?)',
      [i, i % 2 ? null : `n${i} 😀`, '12.50', 0.25, new Date(2024, 1, 29, 12, 34, 56), '2024-02-29', true])
    assert.equal(done.affectedRows, 1)
  }
  await c.execute('INSERT INTO node_t VALUES (?, ?, ?, ?, ?, ?, ?)', [6, null, null, null, null, null, null])
  const [rows, fields] = await c.execute('SELECT * FROM node_t WHERE id >= ? ORDER BY id', [4])
  assert.deepEqual(rows.map((r) => [r.id, r.name]), [[4, 'n4 😀'], [5, null], [6, null]])
  assert.equal(Number(rows[0].price), 12.5)
  assert.equal(rows[0].ratio, 0.25)
  if (engine !== 'sqlite') { // which says of none of them that it is a date
    assert.equal(rows[0].made.getTime(), new Date(2024, 1, 29, 12, 34, 56).getTime())
    assert.equal(rows[0].day.getDate(), 29)
  }
  assert.ok(rows[0].yes)
  assert.equal(rows[2].made, null)
  assert.equal(fields.length, 7)
  const [sum] = await c.execute('SELECT count(*) AS n FROM node_t WHERE name = ? OR id = ?', ['n0 😀', 1])
  assert.equal(Number(sum[0].n), 2)
  const [updated] = await c.execute('UPDATE node_t SET ratio = ?', [0.25])
  assert.equal(updated.affectedRows, 7)
}
cases['what columns are'] = async (c) => {
  await c.query('DROP TABLE IF EXISTS node_j')
  await c.query('CREATE TABLE node_j (j json, v varchar(20))')
  await c.query(`INSERT INTO node_j VALUES ('{"a": [1, null]}', 'x')`)
  const [read, fields] = await c.query('SELECT j, v FROM node_j')
  const [executed] = await c.execute('SELECT j, v FROM node_j')
  const json = { a: [1, null] }
  assert.deepEqual([read[0].j, executed[0].j, executed[0].v], [json, json, 'x'])
  assert.equal(fields[1].characterSet, 224) // utf8mb4_unicode_ci, as mysql2 asks for
}
cases['kept statement'] = async (c) => {
  const statement = await c.prepare('SELECT name FROM node_t WHERE id = ?')
  for (let i = 0; i < 4; i++) assert.equal((await statement.execute([i]))[0][0].name, i % 2 ? null : `n${i} 😀`)
  await statement.close()
}
cases['errors'] = async (c) => {
  await assert.rejects(c.query('SELECT * FROM nowhere'), (e) => e.code === 'ER_NO_SUCH_TABLE' && e.errno === 1146 && e.sqlState === '42S02')
  await assert.rejects(c.execute('SELECT nope FROM node_t WHERE id = ?', [1]), (e) => e.code === 'ER_BAD_FIELD_ERROR' && e.errno === 1054)
  await assert.rejects(c.query('INSERT INTO node_t (id) VALUES (1)'), (e) => e.code === 'ER_DUP_ENTRY')
  await assert.rejects(c.query('SELEC 1'), (e) => e.code === 'ER_PARSE_ERROR')
  assert.equal(Number((await c.query('SELECT 1 AS n'))[0][0].n), 1)
}
cases['transaction'] = async (c) => {
  const count = async () => Number((await c.query('SELECT count(*) AS n FROM node_t'))[0][0].n)
  await c.beginTransaction()
  await c.execute('DELETE FROM node_t WHERE id = ?', [0])
  assert.equal(await count(), 6)
  await c.rollback()
  assert.equal(await count(), 7)
  await c.beginTransaction()
  await c.query('DELETE FROM node_t WHERE id = 6')
  await c.commit()
  assert.equal(await count(), 6)
}
cases['large result'] = async (c) => {
  const [rows] = await c.query({ sql: series(50000), rowsAsArray: true })
  assert.equal(rows.length, 50000)
  assert.equal(Number(rows[49999][0]), 50000)
}
cases['stream'] = async (c) => {
  let sum = 0
  for await (const row of c.connection.query(series(5000)).stream()) sum += Number(row.i)
  assert.equal(sum, 5000 * 5001 / 2)
}
cases['several statements'] = async () => {
  const c = await mysql.createConnection({ ...options, multipleStatements: true })
  const [results] = await c.query('SELECT 1 AS a; SELECT 2 AS b; DELETE FROM node_t WHERE id = 99')
  assert.deepEqual([Number(results[0][0].a), Number(results[1][0].b), results[2].affectedRows], [1, 2, 0])
  await c.end()
}
cases['types'] = async (c) => {
  const [rows] = await c.query({ sql: `SELECT CAST(7 AS ${engine === 'mysql' ? 'signed' : 'bigint'}) AS i, CAST('x' AS ${text}) AS t, 1.5 AS d`, rowsAsArray: true })
  assert.deepEqual(rows[0].map(String), ['7', 'x', '1.5'])
}
cases['change user and database'] = async (c) => {
  await c.query('SET @mine = 7')
  await c.changeUser({ user, password, database: 'test' })
  assert.equal((await c.query('SELECT @mine AS m'))[0][0].m, null)
  await c.query('USE test')
  assert.equal((await c.query('SELECT DATABASE() AS d'))[0][0].d, 'test')
}
cases['pool'] = async () => {
  const pool = mysql.createPool({ ...options, connectionLimit: 4 })
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => pool.execute(`SELECT CAST(? AS ${text}) AS v`, [String(i)])))
  assert.deepEqual(all.map(([rows]) => rows[0].v), Array.from({ length: 40 }, (_, i) => String(i)))
  const c = await pool.getConnection()
  await c.beginTransaction()
  await c.query('DELETE FROM node_t')
  await c.rollback()
  c.release()
  await pool.end()
}

async function main () {
  const client = await mysql.createConnection(options)
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(client)
      console.log(`ok ${name}`)
    } catch (problem) {
      failed++
      console.log(`FAIL ${name}: ${String(problem.stack).split('\n').slice(0, 12).join(' ')}`)
    }
  }
  await client.query('DROP TABLE node_t')
  await client.end()
  process.exit(failed ? 1 : 0)
}
main()
