/* server.h - the whole program as one object: workers, what they share, and the part of each worker that is the query
 * path's own. Made by serve.c, or by a test that runs the workers on its own
 * thread. */
#ifndef TN_SERVER_H
#define TN_SERVER_H

#include "admission/admission.h"
#include "admission/prober.h"
#include "auth/authenticate.h"
#include "console.h"
#include "engine/table_lister.h"
#include "freeze.h"
#include "loop/offload.h"
#include "net/places.h"
#include "policies/strategy/decide.h"
#include "query.h"
#include "snapshot.h"
#include "stats/counters.h"
#include "stats/histogram.h"
#include "stats/history.h"

struct tn_server;
struct tn_scripter;
struct tn_session_info; /* session/session.h */
struct tn_shaper;

/* One worker's part; worker->module[TN_WORKER_RUNTIME]. Own thread only, but counters and histograms may be read anywhere. */
struct tn_runtime {
    struct tn_server    *server;
    struct tn_worker    *worker;
    struct tn_snapshot  *snapshot;  /* what new queries begin with; a counted reference */
    struct tn_pool      *pool;      /* NULL at the very end */
    struct tn_table_lister *lister; /* NULL: nothing is translated */
    struct tn_shaper    *shaper;    /* NULL: no memory, nothing is learned here */
    struct tn_list       queries;   /* struct tn_query.node: all between start and record */
    unsigned             query_count;
    struct tn_list       spare_queries;
    unsigned             spare_count;
    struct tn_counters   counters;
    struct tn_histogram  stage_us[TN_STAGE_COUNT];
    _Atomic uint64_t     decisions[TN_REASON_COUNT]; /* plans that were followed, by their reason; this worker writes */
    struct tn_histogram  query_us, queue_us, engine_us; /* whole query, waiting, on the engine */
    ev_timer             sweep;
};

static inline struct tn_runtime *tn_runtime_of(const struct tn_worker *worker)
{
    return worker->module[TN_WORKER_RUNTIME];
}

enum tn_server_state { TN_SERVER_STARTING, TN_SERVER_READY, TN_SERVER_STOPPING };

struct tn_server {
    _Atomic int           state;
    size_t                worker_count;
    struct tn_worker    **workers;
    struct tn_runtime    *runtimes;      /* worker_count of them */
    struct tn_offload    *offload;
    struct tn_admission  *admission;
    struct tn_prober     *prober;
    struct tn_auth       *auth;          /* who clients are */
    struct tn_places      places;        /* of PostgreSQL clients */
    struct tn_history    *history;       /* NULL when switched off */
    struct tn_store      *store;         /* what is known of shapes; NULL: nothing is learned */
    struct tn_learner    *learner;       /* decides with it; NULL as above */
    struct tn_freeze     *freeze;        /* groups that learn nothing just now */
    struct tn_translator *translator;    /* NULL: nothing is translated */
    struct tn_table_types *table_types; /* what translation goes by; NULL as above */
    struct tn_scripter   *scripter;
    struct tn_catalog    *catalog;       /* PostgreSQL's catalog for engines of another kind; NULL: there is none; made by tn_catalog_open() */
    void (*free_catalog)(struct tn_catalog *catalog);
    struct tn_console    *console;       /* NULL: there is none; made by tn_console_open() */
    pthread_mutex_t       reload_lock;   /* one reload at a time */
    pthread_mutex_t       snapshot_lock; /* guards the pointer below */
    struct tn_snapshot   *snapshot;
    const char           *config_path;
    struct tn_config     *started_with;  /* what only a restart changes is still as it says */
    uint64_t              started_us, started_wall_us;
    _Atomic uint64_t      next_query_id;
    _Atomic uint64_t      reloads_ok, reloads_failed;
    _Atomic unsigned      sessions;      /* open client sessions, all workers */
    _Atomic unsigned      shadows;       /* copies in the background, all workers */
    _Atomic uint64_t      shadow_bytes;  /* of text, parameters and settings that they hold */
    _Atomic uint64_t      shadow_us;     /* on their engines, since start */
    _Atomic unsigned      queries;       /* between start and record, all workers */
    size_t                threads;       /* workers that have been started */
    /* Each tells FN of one worker's sessions, on its thread: of protocols beside PostgreSQL's. Set before the workers start; NULL: off. */
    void (*list_mysql)(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg);
    void (*list_trino)(struct tn_worker *worker, void (*fn)(void *arg, const struct tn_session_info *info), void *arg);
};

/* Builds everything for CONFIG (of which it takes a reference) but starts no thread. PROBLEMS: mistakes of the routers. */
TN_MUST_USE enum tn_status tn_server_new(struct tn_server **out, struct tn_config *config, const char *config_path,
                                         struct tn_problems *problems, struct tn_error *err);
/* Starts the worker threads. No listener is open yet. */
TN_MUST_USE enum tn_status tn_server_start(struct tn_server *server, struct tn_error *err);
/* Waits for running queries and open sessions (which tn_sessions_stop() ends when they are idle), cancels what still runs after TIMEOUT_US. Main thread. */
void tn_server_drain(struct tn_server *server, uint64_t timeout_us);
void tn_server_stop_workers(struct tn_server *server); /* ends and joins their threads; their objects stay */
/* What workers sent each other at the end, on the calling thread, when their own threads have been joined, until the offload pool
 * has nothing to do, nor anything to say. */
void tn_server_settle(struct tn_server *server);
void tn_server_free(struct tn_server *server);         /* stops the workers if nobody did */

struct tn_snapshot *tn_server_snapshot(struct tn_server *server); /* a counted reference; any thread */
void tn_server_counters(const struct tn_server *server, uint64_t sums[TN_COUNTER_COUNT]); /* of all workers and of what they share; any thread */

/* Reads config_path again: validates all, swaps, retires. On an error nothing changes and PROBLEMS (or ERR) says why. Blocks:
 * main thread or offload pool. RESTART_KEYS (may be NULL): options that changed and need a restart, comma separated. */
TN_MUST_USE enum tn_status tn_server_reload(struct tn_server *server, struct tn_problems *problems, char *restart_keys,
                                            size_t restart_keys_size, struct tn_error *err);

/* Runs FN on every worker's thread, one after the other as they get to it, then DONE on WORKER's. ARG outlives that. */
TN_MUST_USE enum tn_status tn_server_each_worker(struct tn_server *server, struct tn_worker *worker,
                                                 void (*fn)(struct tn_runtime *runtime, void *arg),
                                                 void (*done)(struct tn_worker *worker, void *arg), void *arg);

#endif
