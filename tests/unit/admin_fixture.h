/* admin_fixture.h - a whole server on one SQLite cluster with its admin API, in this process, for the tests of admin and cli. */
#ifndef TN_TESTS_ADMIN_FIXTURE_H
#define TN_TESTS_ADMIN_FIXTURE_H

#include "admin/admin.h"
#include "base/buf.h"
#include "base/log.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tn_admin_fixture {
    char              folder[64], config_path[128], history_path[128], url[64];
    struct tn_server *server;
    struct tn_admin  *admin;
};

static inline void tn_fixture_write(const struct tn_admin_fixture *f, const char *admin_options, const char *more)
{
    FILE *file = fopen(f->config_path, "we");

    CU_ASSERT_FATAL(file != NULL);
    fprintf(file,
            "turnout:\n  workers: 2\n  frontends: { postgresWire: { enabled: false }, trinoHttp: { enabled: false } }\n"
            "  adminApi: { port: 0%s }\n  persistence: { path: %s }\n"
            "clusters:\n  lite: { engine: sqlite, databasePath: %s/a.sqlite, healthCheck: { enabled: false } }\n"
            "  second: { engine: sqlite, databasePath: %s/b.sqlite, healthCheck: { enabled: false } }\n"
            "clusterGroups:\n  main: { members: [lite, second] }\nroutingFallback: main\n%s",
            admin_options, f->history_path, f->folder, f->folder, more);
    fclose(file);
}

static inline void tn_fixture_begin(struct tn_admin_fixture *f, const char *admin_options)
{
    struct tn_problems problems;
    struct tn_config  *config;
    struct tn_error    err = TN_ERROR_INIT;

    *f = (struct tn_admin_fixture){.folder = "/tmp/turnout-test-XXXXXX"};
    CU_ASSERT_FATAL(mkdtemp(f->folder) != NULL);
    snprintf(f->config_path, sizeof f->config_path, "%s/turnout.yaml", f->folder);
    snprintf(f->history_path, sizeof f->history_path, "%s/history.db", f->folder);
    tn_fixture_write(f, admin_options, "");
    tn_log_to_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    tn_problems_init(&problems, f->config_path);
    CU_ASSERT_FATAL(tn_config_load(&config, f->config_path, &problems) == TN_OK);
    CU_ASSERT_FATAL(tn_server_new(&f->server, config, f->config_path, &problems, &err) == TN_OK);
    CU_ASSERT_FATAL(tn_server_start(f->server, &err) == TN_OK);
    CU_ASSERT_FATAL(tn_admin_open(&f->admin, f->server, &err) == TN_OK);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u", (unsigned)tn_admin_port(f->admin));
    atomic_store(&f->server->state, TN_SERVER_READY);
    tn_config_unref(config);
    tn_problems_reset(&problems);
}

static inline void tn_fixture_end(struct tn_admin_fixture *f)
{
    static const char *const files[] = {"turnout.yaml", "history.db", "history.db-wal", "history.db-shm", "history.db.stats", "history.db.stats-wal",
                                        "history.db.stats-shm", "a.sqlite", "b.sqlite",
                                        "a.sqlite-wal", "a.sqlite-shm", "b.sqlite-wal", "b.sqlite-shm", "out", "err"};

    tn_admin_stop(f->admin);
    tn_server_stop_workers(f->server);
    tn_admin_close(f->admin);
    tn_server_free(f->server);
    for (size_t i = 0; i < TN_ARRAY_LEN(files); i++) {
        char path[160];

        snprintf(path, sizeof path, "%s/%s", f->folder, files[i]);
        unlink(path);
    }
    CU_ASSERT_EQUAL(rmdir(f->folder), 0);
}

#endif
