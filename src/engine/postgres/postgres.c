/* The PostgreSQL engine's table. */
#include "engine/can_run.h"
#include "engine/postgres/postgres_conn.h"

extern const struct tn_engine_ops tn_engine_postgres;
const struct tn_engine_ops        tn_engine_postgres = {
           .name = "postgres",
           .dialect = TN_DIALECT_POSTGRES,
           .default_max_running = 50,
           .open = tn_postgres_open,
           .close = tn_postgres_close,
           .connect = tn_postgres_connect,
           .disconnect = tn_postgres_disconnect,
           .reset = tn_postgres_reset,
           .start = tn_postgres_start,
           .credit = tn_postgres_credit,
           .cancel = tn_postgres_cancel,
           .can_run = tn_can_run_remotely,
};
