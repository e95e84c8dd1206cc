// node-postgres against one proxy: `node suite.js PORT ENGINE`. A line per case: "ok NAME" or "FAIL NAME: why".
'use strict'
const assert = require('node:assert/strict')
const { Client, Pool } = require('pg')

const [port, engine] = [Number(process.argv[2]), process.argv[3]]
const options = { host: '127.0.0.1', port, user: 'node', database: 'test', ssl: false }
const cases = {}
let failed = 0

cases['simple query'] = async (c) => {
  const r = await c.query("SELECT 1 AS one, 'two' AS two, NULL AS three")
  assert.deepEqual(r.rows.map((row) => ({ ...row, one: Number(row.one) })), [{ one: 1, two: 'two', three: null }])
  assert.equal(r.command, 'SELECT')
  assert.equal(r.rowCount, 1)
}
cases['several statements'] = async (c) => {
  const r = await c.query('SELECT 1 AS a; SELECT 2 AS b')
  assert.deepEqual(r.map((one) => Number(Object.values(one.rows[0])[0])), [1, 2])
}
cases['parameters'] = async (c) => {
  await c.query('CREATE TABLE node_t (id integer PRIMARY KEY, name text)')
  for (let i = 0; i < 8; i++) await c.query('INSERT INTO node_t VALUES ($1, $2)', [i, i % 2 ? null : `n${i}`])
  const r = await c.query('SELECT id, name FROM node_t WHERE id >= $1 ORDER BY id', [6])
  assert.deepEqual(r.rows.map((row) => [Number(row.id), row.name]), [[6, 'n6'], [7, null]])
  assert.equal((await c.query('UPDATE node_t SET name = $1', ['x'])).rowCount, 8)
}
cases['named statements of two clients'] = async (c) => {
  const other = new Client(options)
  await other.connect()
  for (let i = 0; i < 4; i++) {
    assert.equal((await c.query({ name: 'mine', text: 'SELECT $1::text AS v'.replace('$1::text', 'CAST($1 AS text)'), values: ['a'] })).rows[0].v, 'a')
    assert.equal((await other.query({ name: 'mine', text: "SELECT 'other' AS v", values: [] })).rows[0].v, 'other')
  }
  await other.end()
}
cases['errors'] = async (c) => {
  await assert.rejects(c.query('SELECT * FROM nowhere'), (e) => e.code === '42P01' && e.severity === 'ERROR')
  await assert.rejects(c.query('SELECT nope FROM node_t WHERE id = $1', [1]), (e) => e.code === '42703')
  assert.equal((await c.query("SELECT 'still here' AS v")).rows[0].v, 'still here')
}
cases['transaction'] = async (c) => {
  await c.query('BEGIN')
  await c.query('DELETE FROM node_t WHERE id = $1', [0])
  await c.query('ROLLBACK')
  assert.equal(Number((await c.query('SELECT count(*) AS n FROM node_t')).rows[0].n), 8)
}
cases['unawaited queries'] = async (c) => {
  const all = await Promise.all(Array.from({ length: 50 }, (_, i) => c.query('SELECT CAST($1 AS integer) AS v', [i])))
  assert.deepEqual(all.map((r) => Number(r.rows[0].v)), Array.from({ length: 50 }, (_, i) => i))
}
cases['pool'] = async () => {
  const pool = new Pool({ ...options, max: 4 })
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => pool.query('SELECT CAST($1 AS text) AS v', [String(i)])))
  assert.deepEqual(all.map((r) => r.rows[0].v), Array.from({ length: 40 }, (_, i) => String(i)))
  await pool.end()
}
cases['types'] = async (c) => {
  if (engine === 'sqlite') return
  const r = await c.query("SELECT true AS b, CAST(1.50 AS decimal(6,2)) AS n, DATE '2024-02-29' AS d, CAST('\\x00ff' AS bytea) AS y"
    .replace("CAST('\\x00ff' AS bytea)", engine === 'duckDb' ? "'\\x00\\xFF'::blob" : "CAST('\\x00ff' AS bytea)"))
  assert.equal(r.rows[0].b, true)
  assert.equal(r.rows[0].n, '1.50')
  assert.equal(r.rows[0].d.getDate(), 29)
  assert.deepEqual([...r.rows[0].y], [0, 255])
}
cases['large result'] = async (c) => {
  const sql = engine === 'sqlite'
    ? 'WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 50000) SELECT i FROM t'
    : 'SELECT i FROM generate_series(1, 50000) AS t(i)'
  const r = await c.query({ text: sql, rowMode: 'array' })
  assert.equal(r.rows.length, 50000)
  assert.equal(Number(r.rows[49999][0]), 50000)
}

async function main () {
  const client = new Client({ ...options, application_name: 'node suite' })
  await client.connect()
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(client)
      console.log(`ok ${name}`)
    } catch (error) {
      failed++
      console.log(`FAIL ${name}: ${String(error.message).replaceAll('\n', ' ')}`)
    }
  }
  await client.end()
}

main().then(() => process.exit(failed ? 1 : 0), (error) => { console.log(`FAIL connect: ${error.message}`); process.exit(1) })
