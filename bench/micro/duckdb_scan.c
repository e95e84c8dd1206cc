/* CPU per row of DuckDB's scan and of making batches from it, and with the PostgreSQL encoder behind it.
 *
 *   bench_duckdb_scan [FILE [REPEATS [SQL]]]     default: .demo/tpch.duckdb 10 "SELECT * FROM lineitem"
 *
 * Prints one JSON object. CPU is the whole process's (DuckDB's threads too), in nanoseconds per row; `scan` fetches and
 * drops DuckDB's chunks, `batch` makes batches of them, `encode_text` and `encode_binary` make DataRow messages too. */
#include "base/buf.h"
#include "engine/duckdb/duckdb_batch.h"
#include "engine/duckdb/duckdb_database.h"
#include "frontend/pgwire/pg_encode.h"

#include <stdio.h>
#include <time.h>

enum work { SCAN, BATCH, ENCODE_TEXT, ENCODE_BINARY, WORKS };

static const char *const names[WORKS] = {"scan", "batch", "encode_text", "encode_binary"};

struct bench {
    const struct tn_duckdb_api *api;
    tn_duckdb_connection        conn;
    const char                 *sql;
    struct tn_pg_encoder        encoders[WORKS];
    struct tn_buf               out;
};

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool handle(struct bench *b, struct tn_duckdb_plan *plan, tn_duckdb_chunk chunk, enum work work)
{
    struct tn_batch batch;
    int64_t         next = 0, row = 0;
    bool            ok = true;

    if (work == SCAN)
        b->api->destroy_data_chunk(&chunk);
    while (ok && chunk != NULL) {
        if (tn_duckdb_batch_make(&batch, plan, &chunk, &next, NULL) != TN_OK)
            return false;
        if (work >= ENCODE_TEXT) {
            tn_buf_clear(&b->out);
            row = 0;
            ok = b->encoders[work].base.ops->batch(&b->encoders[work].base, &batch, &row, SIZE_MAX, &b->out, NULL) == TN_OK;
        }
        tn_batch_release(&batch);
    }
    return ok;
}

static bool stream(struct bench *b, tn_duckdb_prepared prepared, enum work work, uint64_t *rows)
{
    tn_duckdb_pending       pending = NULL;
    struct tn_duckdb_result result;
    struct tn_arena         arena;
    struct tn_duckdb_plan   plan;
    tn_duckdb_chunk         chunk;
    bool                    ok;

    memset(&result, 0, sizeof result);
    tn_arena_init(&arena, 0);
    tn_duckdb_plan_init(&plan, b->api, &arena);
    ok = b->api->pending_prepared_streaming(prepared, &pending) == TN_DUCKDB_OK && b->api->execute_pending(pending, &result) == TN_DUCKDB_OK &&
         tn_duckdb_plan_result(&plan, &result, NULL) == TN_OK;
    b->api->destroy_pending(&pending);
    while (ok && (chunk = b->api->fetch_chunk(result)) != NULL) {
        *rows += b->api->data_chunk_get_size(chunk);
        ok = handle(b, &plan, chunk, work);
    }
    tn_duckdb_plan_reset(&plan);
    tn_arena_reset(&arena);
    b->api->destroy_result(&result);
    return ok;
}

static bool run(struct bench *b, enum work work, unsigned repeats, double *ns_per_row, uint64_t *rows)
{
    tn_duckdb_extracted extracted = NULL;
    tn_duckdb_prepared  prepared = NULL;
    double              start = cpu_ns();
    bool                ok = b->api->extract_statements(b->conn, b->sql, &extracted) == 1 &&
              b->api->prepare_extracted_statement(b->conn, extracted, 0, &prepared) == TN_DUCKDB_OK;

    *rows = 0;
    for (unsigned i = 0; i < repeats && ok; i++)
        ok = stream(b, prepared, work, rows);
    *ns_per_row = *rows == 0 ? 0 : (cpu_ns() - start) / (double)*rows;
    b->api->destroy_prepare(&prepared);
    b->api->destroy_extracted(&extracted);
    return ok;
}

static int fail(const struct tn_error *err)
{
    fprintf(stderr, "duckdb_scan: %s\n%s\n", err->message, err->hint);
    return 1;
}

int main(int argc, char **argv)
{
    static const int16_t           text[] = {0}, binary[] = {1};
    const struct tn_pg_style       style = TN_PG_STYLE_INIT;
    struct tn_cluster_conf         conf = {.read_only = true, .name = TN_STR("bench"), .database_path = tn_str(argc > 1 ? argv[1] : ".demo/tpch.duckdb")};
    uint64_t                       repeats = 10, rows = 0;
    struct tn_duckdb_cluster      *cluster;
    struct tn_duckdb_database_ref *database;
    struct tn_error                err = TN_ERROR_INIT;
    struct bench                   b = {.sql = argc > 3 ? argv[3] : "SELECT * FROM lineitem"};
    double                         ns[WORKS];

    if (argc > 2 && !tn_str_to_u64(tn_str(argv[2]), 100000, &repeats))
        return 2;
    if (tn_duckdb_cluster_open(&cluster, &conf, &err) != TN_OK || tn_duckdb_database_get(cluster, &database, &err) != TN_OK)
        return fail(&err);
    b.api = &cluster->api;
    if (b.api->connect(tn_duckdb_database_handle(database), &b.conn) != TN_DUCKDB_OK)
        return 1;
    tn_buf_init(&b.out, (size_t)1 << 30);
    tn_pg_encoder_init(&b.encoders[ENCODE_TEXT], &style, text, 1);
    tn_pg_encoder_init(&b.encoders[ENCODE_BINARY], &style, binary, 1);
    for (enum work work = SCAN; work < WORKS; work++)
        if (!run(&b, work, (unsigned)repeats, &ns[work], &rows)) {
            fprintf(stderr, "duckdb_scan: %s failed\n", names[work]);
            return 1;
        }
    printf("{\"bench\": \"duckdb_scan\", \"sql\": \"%s\", \"rows\": %llu", b.sql, (unsigned long long)rows);
    for (enum work work = SCAN; work < WORKS; work++)
        printf(", \"%s_cpu_ns_per_row\": %.1f", names[work], ns[work]);
    printf("}\n");
    tn_buf_reset(&b.out);
    b.api->disconnect(&b.conn);
    tn_duckdb_database_put(database);
    tn_duckdb_cluster_close(cluster);
    return 0;
}
