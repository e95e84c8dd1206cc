/* The text changes that DuckDB needs, on any bytes: parameters found are written back in their places, and nothing else
 * changes. The first byte chooses what is written for a parameter. */
#include "engine/duckdb/duckdb_error.h"
#include "engine/duckdb/duckdb_guard.h"
#include "engine/duckdb/duckdb_rewrite.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* Without casts and with no number left out, the text comes back as it was but for leading zeros of numbers. */
static void check_written(const struct tn_duckdb_params *params, struct tn_str sql, struct tn_arena *arena)
{
    const char             **casts = tn_arena_zalloc(arena, (params->highest + 1) * sizeof *casts);
    struct tn_duckdb_params  again;
    struct tn_str            text;

    must(casts != NULL);
    text = tn_duckdb_params_write(params, sql, casts, NULL, arena);
    must(text.ptr != NULL && text.len <= sql.len);
    must(tn_duckdb_params_scan(&again, text, arena, NULL) == TN_OK);
    must(again.highest == params->distinct && again.distinct == params->distinct);
    for (size_t i = 0; i < params->highest; i++)
        casts[i] = "BIGINT";
    text = tn_duckdb_params_write(params, sql, casts, casts, arena);
    must(text.ptr != NULL);
    must(tn_duckdb_params_scan(&again, text, arena, NULL) == TN_OK && again.highest == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_duckdb_params params;
    struct tn_arena         arena;
    struct tn_str           sql, out;
    struct tn_error         err = TN_ERROR_INIT;
    enum tn_status          status;
    char                   *message;

    if (size == 0)
        return 0;
    sql = tn_str_n((const char *)data + 1, size - 1);
    tn_arena_init(&arena, (size_t)1 << 26);
    if (tn_duckdb_params_scan(&params, sql, &arena, NULL) == TN_OK && params.highest > 0 && params.highest < 2000)
        check_written(&params, sql, &arena);
    (void)tn_duckdb_has_word(sql, "returning");
    status = tn_duckdb_guard(sql, &arena, &err);
    must(status == TN_OK || status == TN_E_DENIED || status == TN_E_INVALID);
    tn_error_reset(&err);
    status = tn_duckdb_transaction(&out, sql, (enum tn_verb)(data[0] % TN_VERB_COUNT), &err);
    must(status == TN_OK || status == TN_E_UNSUPPORTED);
    message = tn_arena_strdup(&arena, sql);
    if (message != NULL)
        (void)tn_duckdb_fail(&err, data[0], message, sql);
    must(err.position >= 0 && (size_t)err.position <= size + 1);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
    return 0;
}
