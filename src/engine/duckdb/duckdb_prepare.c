/* From a client's text to a prepared statement.
 *
 * DuckDB derives a parameter's type from its place (a = $1, INSERT, CAST) or leaves it open (SELECT $1, a + $1); with an
 * open one it cannot name the result's columns. An open parameter whose type the client gave is written CAST($1 AS type);
 * for the others VARCHAR, BIGINT, INTEGER (round(n, $1) takes no BIGINT), DOUBLE and TIMESTAMP are tried in this order, the first
 * that binds is taken, and then as many as can be are VARCHAR again. The same happens for Describe and for Execute, so that both tell the same types.
 * Columns of types that no vector reader knows are cast by wrapping the statement: see duckdb_schema.h. */
#include "engine/duckdb/duckdb_bind.h"
#include "engine/duckdb/duckdb_conn.h"
#include "engine/duckdb/duckdb_error.h"
#include "frontend/pgwire/pg_value.h"

static const struct {
    const char *name, *sample;
    uint32_t    oid;
} guesses[] = {{"VARCHAR", "''", 25}, {"BIGINT", "0", 20}, {"INTEGER", "0", 23}, {"DOUBLE", "0", 701}, {"TIMESTAMP", "'2000-01-01'", 1114}};

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for a statement");
}

/* Statement I of EXTRACTED into conn->prepared. */
static enum tn_status prepare_at(struct tn_duckdb_conn *conn, tn_duckdb_extracted extracted, uint64_t i, struct tn_error *err)
{
    const struct tn_duckdb_api *api = conn->api;

    api->destroy_prepare(&conn->prepared);
    if (api->prepare_extracted_statement(conn->handle, extracted, i, &conn->prepared) == TN_DUCKDB_OK)
        return TN_OK;
    return tn_duckdb_conn_fail(conn, TN_DUCKDB_ERROR_INVALID, conn->prepared == NULL ? NULL : api->prepare_error(conn->prepared), err);
}

/* Runs conn->prepared to its end, for what DuckDB itself puts before a statement. */
static enum tn_status run_prepared(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    const struct tn_duckdb_api *api = conn->api;
    tn_duckdb_pending           pending = NULL;
    enum tn_status              status = TN_OK;

    if (api->pending_prepared_streaming(conn->prepared, &pending) != TN_DUCKDB_OK)
        status = tn_duckdb_conn_fail(conn, TN_DUCKDB_ERROR_INVALID, api->pending_error(pending), err);
    else if (api->execute_pending(pending, &conn->result) != TN_DUCKDB_OK)
        status = tn_duckdb_conn_fail(conn, api->result_error_type(&conn->result), api->result_error(&conn->result), err);
    api->destroy_pending(&pending);
    for (tn_duckdb_chunk chunk; status == TN_OK && (chunk = api->fetch_chunk(conn->result)) != NULL;)
        api->destroy_data_chunk(&chunk);
    api->destroy_result(&conn->result);
    return status;
}

/* The statements before LAST run, which is then prepared. */
static enum tn_status run_up_to(struct tn_duckdb_conn *conn, tn_duckdb_extracted extracted, uint64_t last, struct tn_error *err)
{
    for (uint64_t i = 0; i < last; i++) {
        TN_TRY(prepare_at(conn, extracted, i, err));
        TN_TRY(run_prepared(conn, err));
    }
    return prepare_at(conn, extracted, last, err);
}

static enum tn_status prepare_commit(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    tn_duckdb_extracted extracted = NULL;
    enum tn_status      status = TN_E_NOMEM;

    if (conn->api->extract_statements(conn->handle, "COMMIT", &extracted) == 1)
        status = prepare_at(conn, extracted, 0, err);
    else
        tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for a COMMIT");
    conn->api->destroy_extracted(&extracted);
    return status;
}

/* What one statement was translated into: all of it, or nothing. Outside of a transaction it is one, whose COMMIT is left to be executed;
 * without that finish() rolls it back. An error inside of one ends the client's. */
static enum tn_status run_several(struct tn_duckdb_conn *conn, tn_duckdb_extracted extracted, uint64_t count, struct tn_error *err)
{
    if (conn->in_transaction)
        return run_up_to(conn, extracted, count - 1, err);
    TN_TRY(tn_duckdb_run(conn->api, conn->handle, "BEGIN TRANSACTION", err));
    conn->committing = true;
    TN_TRY(run_up_to(conn, extracted, count - 1, err));
    TN_TRY(run_prepared(conn, err));
    return prepare_commit(conn, err);
}

/* One statement is expected, if SEVERAL (NULL: no) was not translated into more; to describe them none runs. DuckDB makes several of one PIVOT
 * or IMPORT DATABASE, of which the last is left to be executed; several of the client's own would be more than was routed and checked, and are refused. */
static enum tn_status prepare_text(struct tn_duckdb_conn *conn, struct tn_str sql, const struct tn_run *several, struct tn_error *err)
{
    const struct tn_duckdb_api *api = conn->api;
    tn_duckdb_extracted         extracted = NULL;
    uint64_t                    count = api->extract_statements(conn->handle, sql.ptr, &extracted);
    enum tn_status              status;

    conn->sql = sql;
    if (count == 0) {
        const char *why = extracted == NULL ? NULL : api->extract_statements_error(extracted);
        status = why != NULL ? tn_duckdb_conn_fail(conn, TN_DUCKDB_ERROR_INVALID, why, err)
                             : tn_fail(err, TN_E_INVALID, "42601", "no statement was given");
    } else if (count > 1 && several == NULL && memchr(sql.ptr, ';', sql.len) != NULL) {
        status = tn_fail(err, TN_E_INVALID, "42601", "DuckDB reads %llu statements where one was expected", (unsigned long long)count);
        tn_error_blame(err, TN_FAULT_QUERY, false);
    } else if (several != NULL && several->kind == TN_RUN_DESCRIBE) {
        status = prepare_at(conn, extracted, 0, err);
    } else if (several != NULL && count > 1) {
        status = run_several(conn, extracted, count, err);
    } else {
        status = run_up_to(conn, extracted, count - 1, err);
    }
    api->destroy_extracted(&extracted);
    return status;
}

/* The $n that place PLACE (1-based, in DuckDB's order) stands for. */
static size_t number_of_place(struct tn_duckdb_conn *conn, uint64_t place)
{
    char    *name;
    uint64_t number = place;

    if (conn->params.highest > 0) { /* places were given by us, or are the numbers themselves */
        for (size_t i = 0; i < conn->params.highest; i++)
            if (conn->params.place[i] == place)
                return i + 1;
        return place;
    }
    name = conn->api->parameter_name(conn->prepared, place);
    if (name == NULL || !tn_str_to_u64(tn_str(name), TN_DUCKDB_PARAMS, &number) || number == 0)
        number = place;
    conn->api->free(name);
    return number;
}

static uint32_t given_oid(const struct tn_run *run, size_t number)
{
    uint32_t oid = number <= run->param_oid_count ? run->param_oids[number - 1] : 0;

    if (oid == 0 && run->kind == TN_RUN_EXECUTE && number <= run->params.count)
        oid = run->params.items[number - 1].pg_oid;
    return oid == 705 ? 0 : oid;
}

/* The type to write for an open parameter, or NULL when it must be guessed. */
static const char *given_type(const struct tn_run *run, size_t number)
{
    return tn_duckdb_type_of_oid(given_oid(run, number));
}

/* Is there a parameter that DuckDB could not type, and that the client did not? In Execute a typed value is enough. */
static bool has_open_param(struct tn_duckdb_conn *conn, const struct tn_run *run)
{
    for (uint64_t place = 1; place <= conn->api->nparams(conn->prepared); place++) {
        size_t number = number_of_place(conn, place);
        if (conn->api->param_type(conn->prepared, place) != TN_DUCKDB_INVALID)
            continue;
        if (run->kind == TN_RUN_DESCRIBE || number > run->params.count)
            return true;
        const struct tn_value *value = &run->params.items[number - 1].value;
        if (value->untyped || value->type == TN_TYPE_NULL)
            return true;
    }
    return false;
}

/* What is tried: a type for each parameter of the text. */
struct trial {
    size_t      *guess; /* [n - 1]: place in `guesses`; CLOSED = DuckDB knows the type, GIVEN = the client said it */
    const char **casts;
    const char **samples;
};

enum { CLOSED = 100, GIVEN = 101, MOST_SINGLE_TRIALS = 16 };

static const char *cast_of(const struct tn_run *run, const struct trial *trial, size_t number)
{
    size_t guess = trial->guess[number - 1];

    return guess == CLOSED ? NULL : guess == GIVEN ? given_type(run, number) : guesses[guess].name;
}

/* Of a type that DuckDB knows, OID. */
static const char *sample_of_oid(uint32_t oid)
{
    switch (oid) {
    case 20:
    case 21:
    case 23:
    case 700:
    case 701:
    case 1700: return "0";
    case 25:
    case 1043: return "''";
    default:   return "NULL";
    }
}

static const char *sample_of(const struct tn_duckdb_conn *conn, const struct trial *trial, size_t number)
{
    size_t guess = trial->guess[number - 1];

    return guess < CLOSED ? guesses[guess].sample : guess == GIVEN ? "NULL" : sample_of_oid(conn->oids[number - 1]);
}

/* The text with TRIAL's casts; with SAMPLES there are values instead of parameters, so that even functions that need their
 * arguments to tell their columns (range($1)) can be bound. */
static enum tn_status prepare_trial(struct tn_duckdb_conn *conn, const struct tn_run *run, const struct trial *trial, bool samples,
                                    struct tn_error *err)
{
    struct tn_str text;

    for (size_t i = 0; i < conn->params.highest; i++) {
        trial->casts[i] = cast_of(run, trial, i + 1);
        trial->samples[i] = sample_of(conn, trial, i + 1);
    }
    text = tn_duckdb_params_write(&conn->params, run->sql, trial->casts, samples ? trial->samples : NULL, conn->arena);
    return text.ptr == NULL ? no_memory(err) : prepare_text(conn, text, NULL, err);
}

static bool has_unknown_column(struct tn_duckdb_conn *conn)
{
    for (uint64_t i = 0; i < conn->api->prepared_statement_column_count(conn->prepared); i++)
        if (conn->api->prepared_statement_column_type(conn->prepared, i) == TN_DUCKDB_INVALID)
            return true;
    return false;
}

/* Does TRIAL bind? In Describe conn->prepared may then be one without parameters, good for its columns. */
static enum tn_status try_types(struct tn_duckdb_conn *conn, const struct tn_run *run, const struct trial *trial, struct tn_error *err)
{
    TN_TRY(prepare_trial(conn, run, trial, false, err));
    if (!has_unknown_column(conn))
        return TN_OK;
    TN_TRY(prepare_trial(conn, run, trial, true, err));
    return run->kind == TN_RUN_DESCRIBE ? TN_OK : prepare_trial(conn, run, trial, false, err);
}

/* The same, for attempts whose error nobody hears of. */
static bool tries(struct tn_duckdb_conn *conn, const struct tn_run *run, const struct trial *trial)
{
    struct tn_error why = TN_ERROR_INIT;
    bool            ok = try_types(conn, run, trial, &why) == TN_OK;

    tn_error_reset(&why);
    return ok;
}

static void guess_all(const struct tn_duckdb_conn *conn, const struct trial *trial, size_t guess)
{
    for (size_t i = 0; i < conn->params.highest; i++)
        if (trial->guess[i] < CLOSED)
            trial->guess[i] = guess;
}

/* All parameters bind with one guess: those that bind as VARCHAR too, are (a + $1, $2: only the first is a number). */
static void widen(struct tn_duckdb_conn *conn, const struct tn_run *run, const struct trial *trial, size_t guess)
{
    size_t tried = 0;
    bool   last_ok = true;

    for (size_t i = 0; i < conn->params.highest && tried < MOST_SINGLE_TRIALS; i++) {
        if (trial->guess[i] >= CLOSED)
            continue;
        trial->guess[i] = 0;
        tried++;
        last_ok = tries(conn, run, trial);
        if (!last_ok)
            trial->guess[i] = guess;
    }
    if (!last_ok)
        (void)tries(conn, run, trial);
}

static enum tn_status new_trial(struct tn_duckdb_conn *conn, const struct tn_run *run, struct trial *trial, struct tn_error *err)
{
    size_t count = conn->params.highest;

    trial->guess = tn_arena_zalloc(conn->arena, count * sizeof *trial->guess);
    trial->casts = tn_arena_zalloc(conn->arena, count * sizeof *trial->casts);
    trial->samples = tn_arena_zalloc(conn->arena, count * sizeof *trial->samples);
    conn->guesses = tn_arena_zalloc(conn->arena, count * sizeof *conn->guesses);
    conn->oids = tn_arena_zalloc(conn->arena, count * sizeof *conn->oids);
    if (trial->guess == NULL || trial->casts == NULL || trial->samples == NULL || conn->guesses == NULL || conn->oids == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        trial->guess[i] = CLOSED;
    for (uint64_t place = 1; place <= conn->api->nparams(conn->prepared); place++) {
        size_t number = number_of_place(conn, place);
        int    type = conn->api->param_type(conn->prepared, place);
        if (type == TN_DUCKDB_INVALID)
            trial->guess[number - 1] = given_type(run, number) != NULL ? GIVEN : 0;
        conn->oids[number - 1] = tn_duckdb_param_oid(type);
    }
    return TN_OK;
}

/* Prepares again with types for the open parameters. When no guess binds, the first guess's error is the answer. */
static enum tn_status settle_open_params(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err)
{
    struct trial   trial;
    size_t         guess = 0;
    enum tn_status status;

    TN_TRY(new_trial(conn, run, &trial, err));
    status = try_types(conn, run, &trial, err);
    while (status == TN_E_ENGINE && ++guess < TN_ARRAY_LEN(guesses)) {
        guess_all(conn, &trial, guess);
        if (!tries(conn, run, &trial))
            continue;
        widen(conn, run, &trial, guess);
        if (err != NULL)
            tn_error_reset(err);
        status = TN_OK;
    }
    for (size_t i = 0; i < conn->params.highest && status == TN_OK; i++) {
        if (trial.guess[i] < CLOSED)
            conn->guesses[i] = conn->oids[i] = guesses[trial.guess[i]].oid;
        else if (trial.guess[i] == GIVEN)
            conn->oids[i] = given_oid(run, i + 1);
    }
    return status;
}

static bool is_maybe_opaque(int id)
{
    switch (id) {
    case TN_DUCKDB_LIST:
    case TN_DUCKDB_ARRAY:
    case TN_DUCKDB_STRUCT:
    case TN_DUCKDB_MAP:
    case TN_DUCKDB_UNION:
    case TN_DUCKDB_VARIANT:
    case TN_DUCKDB_GEOMETRY: return true;
    default:                 return id >= TN_DUCKDB_VARIANT || id == TN_DUCKDB_ANY || id == 37 || id == 38;
    }
}

/* SELECT c0 AS "name", CAST(c1 AS JSON) AS ... FROM (statement) AS t(c0, c1, ...) */
static void write_wrapped(struct tn_buf *out, const struct tn_duckdb_plan *plan, struct tn_str sql)
{
    tn_buf_puts(out, "SELECT ");
    for (size_t i = 0; i < plan->schema.count; i++) {
        tn_buf_puts(out, i > 0 ? ", " : "");
        if (plan->casts[i] == TN_DUCKDB_CAST_JSON) /* the cast makes JSON's null of NULL */
            tn_buf_printf(out, "CASE WHEN c%zu IS NOT NULL THEN CAST(c%zu AS JSON) END", i, i);
        else
            tn_buf_printf(out, plan->casts[i] == TN_DUCKDB_CAST_TEXT ? "CAST(c%zu AS VARCHAR)" : "c%zu", i);
        tn_buf_puts(out, " AS ");
        tn_buf_put_quoted(out, plan->schema.columns[i].name, '"');
    }
    tn_buf_puts(out, " FROM (");
    tn_buf_put_str(out, sql);
    tn_buf_puts(out, "\n) AS turnout_wrapped(");
    for (size_t i = 0; i < plan->schema.count; i++)
        tn_buf_printf(out, "%sc%zu", i > 0 ? ", " : "", i);
    tn_buf_puts(out, ")");
}

static enum tn_status wrap(struct tn_duckdb_conn *conn, const struct tn_duckdb_plan *plan, struct tn_error *err)
{
    struct tn_buf  text;
    struct tn_str  wrapped;
    bool           copied;

    if (conn->api->prepared_statement_type(conn->prepared) != TN_DUCKDB_STATEMENT_SELECT) {
        tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a column of this statement has a DuckDB type (VARIANT, GEOMETRY or another new one) that only SELECT can return here");
        tn_error_hint(err, "Cast it: CAST(column AS VARCHAR).");
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        return TN_E_UNSUPPORTED;
    }
    tn_buf_init(&text, SIZE_MAX / 2);
    write_wrapped(&text, plan, conn->sql);
    copied = !text.failed && tn_arena_str(conn->arena, tn_buf_str(&text), &wrapped);
    tn_buf_reset(&text);
    return copied ? prepare_text(conn, wrapped, NULL, err) : no_memory(err);
}

static enum tn_status wrap_opaque(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    uint64_t              count = conn->api->prepared_statement_column_count(conn->prepared);
    bool                  maybe = false;
    struct tn_duckdb_plan plan;
    enum tn_status        status;

    for (uint64_t i = 0; i < count && !maybe; i++)
        maybe = is_maybe_opaque(conn->api->prepared_statement_column_type(conn->prepared, i));
    if (!maybe)
        return TN_OK;
    tn_duckdb_plan_init(&plan, conn->api, conn->arena);
    status = tn_duckdb_plan_prepared(&plan, conn->prepared, err);
    if (status == TN_OK && plan.needs_cast)
        status = wrap(conn, &plan, err);
    tn_duckdb_plan_reset(&plan);
    return status;
}

/* SHOW name, where there is no table of that name, is PostgreSQL's way to ask for a setting. */
static bool show_setting(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_str *out)
{
    struct tn_str name = run->sql;
    char          text[256];

    if (run->features == NULL || run->features->verb != TN_VERB_SHOW || name.len < 6)
        return false;
    name = tn_str_trim(tn_str_n(name.ptr + 4, name.len - 4));
    if (name.len == 0 || name.len > 64)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!(name.ptr[i] == '_' || ((name.ptr[i] | 32) >= 'a' && (name.ptr[i] | 32) <= 'z') || (name.ptr[i] >= '0' && name.ptr[i] <= '9')))
            return false;
    snprintf(text, sizeof text, "SELECT current_setting('" TN_STR_FMT "') AS \"" TN_STR_FMT "\"", TN_STR_ARG(name), TN_STR_ARG(name));
    return tn_arena_str(conn->arena, tn_str(text), out);
}

static enum tn_status prepare_client_text(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err)
{
    const char   **casts;
    struct tn_str  sql = run->sql;
    enum tn_status status;

    if (sql.len > 0 && memchr(sql.ptr, '\0', sql.len) != NULL)
        return tn_fail(err, TN_E_INVALID, "22021", "a statement may not hold a NUL byte");
    if (run->features != NULL)
        TN_TRY(tn_duckdb_transaction(&sql, sql, run->features->verb, err));
    TN_TRY(tn_duckdb_params_scan(&conn->params, sql, conn->arena, err));
    if (conn->params.distinct < conn->params.highest) { /* $1 without $2 and so on: DuckDB counts those that are there */
        casts = tn_arena_zalloc(conn->arena, conn->params.highest * sizeof *casts);
        sql = casts == NULL ? tn_str_n(NULL, 0) : tn_duckdb_params_write(&conn->params, sql, casts, NULL, conn->arena);
    } else if (!tn_arena_str(conn->arena, sql, &sql)) {
        sql.ptr = NULL;
    }
    if (sql.ptr == NULL)
        return no_memory(err);
    status = prepare_text(conn, sql, run->several_made ? run : NULL, err);
    if (status == TN_E_ENGINE && show_setting(conn, run, &sql)) {
        if (err != NULL)
            tn_error_reset(err);
        status = prepare_text(conn, sql, run->several_made ? run : NULL, err);
    }
    return status;
}

/* All parameters have types, and yet the columns are those of values that are not there: round(n, CAST($1 AS INT)) of a DECIMAL. */
static enum tn_status settle_columns(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err)
{
    struct tn_error why = TN_ERROR_INIT;
    enum tn_status  status = settle_open_params(conn, run, &why);

    tn_error_reset(&why);
    return status == TN_OK ? TN_OK : prepare_client_text(conn, run, err);
}

enum tn_status tn_duckdb_prepare(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err)
{
    TN_TRY(prepare_client_text(conn, run, err));
    if (conn->params.highest > 0 && has_open_param(conn, run))
        TN_TRY(settle_open_params(conn, run, err));
    else if (conn->params.highest > 0 && run->kind == TN_RUN_DESCRIBE && has_unknown_column(conn))
        TN_TRY(settle_columns(conn, run, err));
    return wrap_opaque(conn, err);
}

static size_t param_count(struct tn_duckdb_conn *conn)
{
    return conn->params.highest > 0 ? conn->params.highest : conn->api->nparams(conn->prepared);
}

enum tn_status tn_duckdb_describe_params(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_blocking_result *out,
                                         struct tn_error *err)
{
    size_t count = TN_MAX(param_count(conn), run->param_oid_count);

    out->param_oids = tn_arena_zalloc(conn->arena, (count + 1) * sizeof *out->param_oids);
    if (out->param_oids == NULL)
        return no_memory(err);
    for (uint64_t place = 1; place <= conn->api->nparams(conn->prepared); place++) {
        size_t number = number_of_place(conn, place);
        if (number <= count && conn->oids == NULL)
            out->param_oids[number - 1] = tn_duckdb_param_oid(conn->api->param_type(conn->prepared, place));
    }
    for (size_t i = 0; i < count; i++) {
        if (conn->oids != NULL && i < conn->params.highest)
            out->param_oids[i] = conn->oids[i];
        if (given_oid(run, i + 1) != 0)
            out->param_oids[i] = given_oid(run, i + 1);
    }
    out->param_count = count;
    return TN_OK;
}

/* A text for a parameter that was guessed to be a number must be one, whole when BIGINT or INTEGER was guessed: DuckDB's cast would
 * round 1.5 to 2, PostgreSQL refuses. */
static enum tn_status check_guess(struct tn_duckdb_conn *conn, const struct tn_value *value, size_t number, struct tn_error *err)
{
    int64_t whole;

    if (conn->guesses == NULL || number > conn->params.highest || (conn->guesses[number - 1] != 20 && conn->guesses[number - 1] != 23) || !value->untyped || value->is_list ||
        value->type != TN_TYPE_TEXT || tn_str_to_i64(tn_str_trim(value->as.text), INT64_MIN, INT64_MAX, &whole))
        return TN_OK;
    tn_fail(err, TN_E_INVALID, "22P02", "invalid input for parameter $%zu: its type is taken as %s; cast it (CAST($%zu AS DOUBLE)) for another",
            number, conn->guesses[number - 1] == 20 ? "BIGINT" : "INTEGER", number);
    tn_error_blame(err, TN_FAULT_QUERY, false);
    return TN_E_INVALID;
}

/* '{a,b}' without a type, where DuckDB takes a list: an array, as PostgreSQL's clients write it. */
static enum tn_status read_list(struct tn_duckdb_conn *conn, uint64_t place, struct tn_value *value, struct tn_error *err)
{
    static const struct tn_pg_style plain;
    enum { TEXT_ARRAY = 1009 };

    if (!value->untyped || value->is_list || value->type != TN_TYPE_TEXT || conn->api->param_type(conn->prepared, place) != TN_DUCKDB_LIST)
        return TN_OK;
    if (tn_str_trim(value->as.text).len == 0 || tn_str_trim(value->as.text).ptr[0] != '{')
        return TN_OK; /* [a, b], which DuckDB itself reads */
    return tn_pg_value_decode(TEXT_ARRAY, 0, value->as.text, &plain, conn->arena, value, err);
}

static enum tn_status bind_place(struct tn_duckdb_conn *conn, const struct tn_run *run, uint64_t place, struct tn_error *err)
{
    size_t          number = number_of_place(conn, place);
    struct tn_value given;
    tn_duckdb_value value;
    int             state;

    if (number > run->params.count) {
        tn_fail(err, TN_E_INVALID, "08P01", "the statement has parameter $%zu, but %zu were given", number, run->params.count);
        tn_error_blame(err, TN_FAULT_QUERY, false);
        return TN_E_INVALID;
    }
    TN_TRY(check_guess(conn, &run->params.items[number - 1].value, number, err));
    given = run->params.items[number - 1].value;
    TN_TRY(read_list(conn, place, &given, err));
    TN_TRY(tn_duckdb_value_make(conn->api, &given, number, &value, err));
    state = conn->api->bind_value(conn->prepared, place, value);
    conn->api->destroy_value(&value);
    return state == TN_DUCKDB_OK ? TN_OK
                                 : tn_duckdb_conn_fail(conn, TN_DUCKDB_ERROR_INVALID, conn->api->prepare_error(conn->prepared), err);
}

enum tn_status tn_duckdb_bind(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err)
{
    uint64_t count = conn->api->nparams(conn->prepared);

    for (uint64_t place = 1; place <= count; place++)
        TN_TRY(bind_place(conn, run, place, err));
    return TN_OK;
}
