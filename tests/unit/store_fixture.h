/* store_fixture.h - shapes that are the same every time, in a store with a file, for the store's tests. */
#ifndef TN_TESTS_STORE_FIXTURE_H
#define TN_TESTS_STORE_FIXTURE_H

#include "stats/store.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[128];

static inline void fresh_path(const char *name)
{
    char side[160];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    snprintf(side, sizeof side, "%s-wal", path);
    unlink(side);
    snprintf(side, sizeof side, "%s-shm", path);
    unlink(side);
}

static inline struct tn_store_options options(uint64_t max_shapes)
{
    struct tn_store_options o = TN_STORE_OPTIONS_DEFAULT;

    o.path = path;
    o.max_shapes = max_shapes;
    o.flush_us = 40000;
    return o;
}

static inline struct tn_store *open_with(const struct tn_store_options *o)
{
    struct tn_store *store;
    struct tn_error  err = TN_ERROR_INIT;

    if (tn_store_open(&store, o, &err) != TN_OK) {
        fprintf(stderr, "open: %s\n", err.message);
        abort();
    }
    return store;
}

static inline struct tn_store *open_store(uint64_t max_shapes)
{
    struct tn_store_options o = options(max_shapes);

    return open_with(&o);
}

/* It writes when it is told to, never by itself: what a flush did can be counted. */
static inline struct tn_store *open_told(uint64_t max_shapes)
{
    struct tn_store_options o = options(max_shapes);

    o.flush_us = 60000000;
    return open_with(&o);
}

static inline struct tn_shape shape(uint64_t i)
{
    return (struct tn_shape){.key = {i * 7919 + 1, i}, .text = {i, i}, .class = (uint8_t)(i % TN_SHAPE_CLASSES), .band = (uint8_t)(i % 16)};
}

static inline struct tn_shape_entry *get(struct tn_store *store, uint64_t i, bool create)
{
    struct tn_shape       s = shape(i);
    struct tn_shape_about about = {.text = TN_STR("SELECT a FROM t, s.u WHERE b = 17"), .group = TN_STR("analytics")};

    return tn_store_acquire(store, &s, create, &about);
}

static inline struct tn_store_counts counts(struct tn_store *store)
{
    struct tn_store_counts c;

    tn_store_counts(store, &c);
    return c;
}

static inline struct tn_belief belief_of(uint64_t i, unsigned cluster)
{
    return (struct tn_belief){.m = (double)(i % 13) - 6, .P = .01 + .001 * cluster, .n = (unsigned)(i % 40) + 1, .run = 1.5,
                              .last = (uint16_t)i, .A0 = .25, .succ = 3, .fail = 1, .cost = (double)i + cluster, .M2 = .3};
}

static inline void learn(struct tn_store *store, uint64_t i, unsigned clusters)
{
    struct tn_shape_entry *entry = get(store, i, true);

    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    entry->visits = (uint32_t)i + 3;
    entry->flags = TN_SHAPE_PINNED;
    entry->incumbent = (uint8_t)(i % clusters);
    for (unsigned c = 0; c < clusters; c++) {
        struct tn_belief belief = belief_of(i, c);

        tn_cell_store(tn_store_cell(store, entry, c, true), &belief);
    }
    tn_store_release(store, entry, true);
}

static inline bool same_cell(const struct tn_cell *cell, uint64_t i, unsigned cluster)
{
    struct tn_belief belief = belief_of(i, cluster);
    struct tn_cell   want;

    tn_cell_init(&want);
    tn_cell_store(&want, &belief);
    return cell != NULL && cell->m == want.m && cell->P == want.P && cell->n == want.n && cell->cen == want.cen && cell->run == want.run &&
           cell->last == want.last && cell->A0 == want.A0 && cell->succ == want.succ && cell->fail == want.fail &&
           cell->cost == want.cost && cell->M2 == want.M2;
}

static inline bool same(struct tn_store *store, uint64_t i, unsigned clusters)
{
    struct tn_shape_entry *entry = get(store, i, false);
    bool                   ok;

    if (entry == NULL)
        return false;
    ok = entry->visits == i + 3 && entry->flags == TN_SHAPE_PINNED && entry->incumbent == i % clusters && entry->class == i % TN_SHAPE_CLASSES;
    for (unsigned c = 0; ok && c < clusters; c++)
        ok = same_cell(tn_store_cell(store, entry, c, false), i, c);
    tn_store_release(store, entry, false);
    return ok;
}

static inline struct tn_belief look(struct tn_store *store, uint64_t i, unsigned cluster)
{
    struct tn_shape_entry *entry = get(store, i, false);
    struct tn_cell        *cell = entry == NULL ? NULL : tn_store_cell(store, entry, cluster, false);
    struct tn_belief       out = {.n = 0};

    if (cell != NULL)
        tn_cell_load(cell, &out);
    if (entry != NULL)
        tn_store_release(store, entry, false);
    return out;
}

static inline void name_clusters(struct tn_store *store, unsigned count)
{
    char name[16];

    for (unsigned c = 0; c < count; c++) {
        snprintf(name, sizeof name, "c%u", c);
        CU_ASSERT_EQUAL_FATAL(tn_store_cluster(store, tn_str(name), NULL, 0, 7), c);
    }
}

static inline int64_t ask_sql(const char *sql)
{
    sqlite3      *db;
    sqlite3_stmt *stmt;
    int64_t       result = -1;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        result = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return result;
}

static inline bool is_sound(void)
{
    sqlite3      *db;
    sqlite3_stmt *stmt;
    bool          ok;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    ok = sqlite3_step(stmt) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}

static inline void run_sql(const char *sql)
{
    sqlite3 *db;

    CU_ASSERT_EQUAL_FATAL(sqlite3_open(path, &db), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

struct report {
    unsigned count, cells, named, stop_after;
};

static inline bool note_report(void *arg, const struct tn_shape_report *report)
{
    struct report *seen = arg;

    if (!tn_str_eq_c(report->text, "SELECT a FROM t, s.u WHERE b = ?") || !tn_str_eq_c(report->group, "analytics") ||
        !tn_str_eq_c(report->tables, "t s.u") || !tn_str_eq_c(report->class, "read"))
        fprintf(stderr, "report: \"%.*s\"\n", (int)report->text.len, report->text.ptr);
    else
        seen->count++;
    for (size_t i = 0; i < report->cell_count; i++) {
        seen->cells++;
        seen->named += report->names[i].len == 2 && report->names[i].ptr[0] == 'c' &&
                       report->cells[i].cost == (float)(report->entry.visits - 3 + (unsigned)(report->names[i].ptr[1] - '0'));
    }
    return seen->stop_after == 0 || seen->count < seen->stop_after;
}

static inline void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "cannot remove %s\n", folder);
}

/* FILL adds the tests to the suite. */
static inline int run_store_tests(const char *name, void (*fill)(CU_pSuite suite))
{
    CU_pSuite suite;

    snprintf(folder, sizeof folder, "/tmp/turnout-store-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    tn_log_to_fd(open("/dev/null", O_WRONLY));
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite(name, NULL, NULL)) == NULL)
        return 1;
    fill(suite);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    remove_folder();
    return failures > 0;
}

#endif
