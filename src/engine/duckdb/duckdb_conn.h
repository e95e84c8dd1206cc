/* duckdb_conn.h - one connection to a DuckDB database and the one statement that runs on it. Used by one thread at a
 * time; only `handle` and `interrupted` may be touched by another, to interrupt. */
#ifndef TN_ENGINE_DUCKDB_CONN_H
#define TN_ENGINE_DUCKDB_CONN_H

#include "engine/blocking.h"
#include "engine/duckdb/duckdb_database.h"
#include "engine/duckdb/duckdb_rewrite.h"
#include "engine/duckdb/duckdb_schema.h"

#include <stdatomic.h>

enum { TN_DUCKDB_SETTINGS = 64 }; /* that a connection has in force; more are refused */

struct tn_duckdb_conn {
    struct tn_duckdb_cluster      *cluster;
    struct tn_duckdb_database_ref *database;
    const struct tn_duckdb_api    *api;
    tn_duckdb_connection           handle;

    uint64_t settings_hash; /* of what is in force */
    size_t   setting_count;
    char    *settings[TN_DUCKDB_SETTINGS]; /* names as DuckDB knows them, owned */
    bool     in_transaction; /* a client has begun one */

    /* of the statement */
    struct tn_arena         *arena;   /* the run's */
    struct tn_str            sql;     /* as sent to DuckDB, NUL-terminated */
    struct tn_duckdb_params  params;  /* the $n of the client's text */
    struct tn_str            client_sql; /* as it came */
    uint32_t                *guesses; /* NULL, or params.highest: types that were guessed, as OIDs; 0 = not guessed */
    uint32_t                *oids;    /* NULL, or params.highest: types of all parameters; 0 = any */
    tn_duckdb_prepared       prepared;
    struct tn_duckdb_result  result;
    bool                     has_result;
    bool                     ended;   /* nothing more to fetch */
    bool                     repeatable; /* it may run a second time */
    bool                     committing; /* it is several, in a transaction of ours: without its COMMIT nothing of it is done */
    _Atomic bool             interrupted; /* somebody asked for it */
    tn_duckdb_chunk          chunk;   /* NULL, or some of its rows were given: those before `row` */
    int64_t                  row;
    struct tn_duckdb_plan    plan;
};

/* ERR from DuckDB's MESSAGE; after a fatal error the database is given up and the status is TN_E_CONNECTION. */
TN_MUST_USE enum tn_status tn_duckdb_conn_fail(struct tn_duckdb_conn *conn, int type, const char *message, struct tn_error *err);

/* duckdb_prepare.c: from the client's text to conn->prepared. Fills sql, params, guesses; runs what DuckDB itself puts
 * before a statement (PIVOT). */
TN_MUST_USE enum tn_status tn_duckdb_prepare(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err);
/* The OIDs of all parameters, in the arena. */
TN_MUST_USE enum tn_status tn_duckdb_describe_params(struct tn_duckdb_conn *conn, const struct tn_run *run,
                                                     struct tn_blocking_result *out, struct tn_error *err);
TN_MUST_USE enum tn_status tn_duckdb_bind(struct tn_duckdb_conn *conn, const struct tn_run *run, struct tn_error *err);

/* duckdb_settings.c: puts the session's settings in force, resets those that it has not any more. */
TN_MUST_USE enum tn_status tn_duckdb_settings_apply(struct tn_duckdb_conn *conn, const struct tn_session_settings *settings,
                                                    struct tn_error *err);
void tn_duckdb_settings_free(struct tn_duckdb_conn *conn);

/* duckdb_profile.c: what a connection measures, and the numbers of the statement that ended last. */
TN_MUST_USE enum tn_status tn_duckdb_profile_start(struct tn_duckdb_conn *conn, struct tn_error *err);
void tn_duckdb_profile_read(struct tn_duckdb_conn *conn, struct tn_blocking_result *out);

#endif
