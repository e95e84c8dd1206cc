/* Memory that DuckDB itself holds for a streamed result of which nobody has taken more than the first chunk: the baseline
 * of bench/load/slow_reader.py.
 *
 *   bench_duckdb_hold SECONDS SQL      in an empty database in memory
 *
 * Prints one JSON object: resident memory in MB, before the statement and after waiting SECONDS with the first chunk. */
#include "engine/duckdb/duckdb_database.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double resident_mb(void)
{
    unsigned long size = 0, pages = 0;
    FILE         *file = fopen("/proc/self/statm", "re");

    if (file != NULL && fscanf(file, "%lu %lu", &size, &pages) != 2)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

/* The first chunk of SQL, or of one row of it to warm up. */
static bool hold(const struct tn_duckdb_api *api, tn_duckdb_connection conn, const char *sql, unsigned seconds, double *mb)
{
    struct timespec         wait = {.tv_sec = (time_t)seconds};
    tn_duckdb_extracted     extracted = NULL;
    tn_duckdb_prepared      prepared = NULL;
    tn_duckdb_pending       pending = NULL;
    struct tn_duckdb_result result;
    tn_duckdb_chunk         chunk = NULL;
    bool                    ok;

    memset(&result, 0, sizeof result);
    ok = api->extract_statements(conn, sql, &extracted) == 1 &&
         api->prepare_extracted_statement(conn, extracted, 0, &prepared) == TN_DUCKDB_OK &&
         api->pending_prepared_streaming(prepared, &pending) == TN_DUCKDB_OK && api->execute_pending(pending, &result) == TN_DUCKDB_OK &&
         (chunk = api->fetch_chunk(result)) != NULL;
    nanosleep(&wait, NULL);
    *mb = resident_mb();
    api->destroy_data_chunk(&chunk);
    api->destroy_pending(&pending);
    api->destroy_result(&result);
    api->destroy_prepare(&prepared);
    api->destroy_extracted(&extracted);
    return ok;
}

int main(int argc, char **argv)
{
    struct tn_cluster_conf         conf = {.name = TN_STR("bench"), .database_path = TN_STR("")};
    struct tn_duckdb_cluster      *cluster;
    struct tn_duckdb_database_ref *database;
    struct tn_error                err = TN_ERROR_INIT;
    tn_duckdb_connection           conn;
    uint64_t                       seconds = 0;
    double                         before, after;

    if (argc != 3 || !tn_str_to_u64(tn_str(argv[1]), 3600, &seconds)) {
        fprintf(stderr, "usage: %s SECONDS SQL\n", argv[0]);
        return 2;
    }
    if (tn_duckdb_cluster_open(&cluster, &conf, &err) != TN_OK || tn_duckdb_database_get(cluster, &database, &err) != TN_OK) {
        fprintf(stderr, "duckdb_hold: %s\n%s\n", err.message, err.hint);
        return 1;
    }
    if (cluster->api.connect(tn_duckdb_database_handle(database), &conn) != TN_DUCKDB_OK ||
        tn_duckdb_run(&cluster->api, conn, "SET streaming_buffer_size = '256KB'", NULL) != TN_OK || /* as Turnout sets it */
        !hold(&cluster->api, conn, "SELECT i, repeat('x', 100) FROM range(10) t(i)", 0, &before) ||
        !hold(&cluster->api, conn, argv[2], (unsigned)seconds, &after)) {
        fprintf(stderr, "duckdb_hold: the statement failed\n");
        return 1;
    }
    printf("{\"before_mb\": %.1f, \"growth_mb\": %.1f}\n", before, after - before);
    cluster->api.disconnect(&conn);
    tn_duckdb_database_put(database);
    tn_duckdb_cluster_close(cluster);
    return 0;
}
