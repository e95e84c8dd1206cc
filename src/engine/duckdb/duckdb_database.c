#include "engine/duckdb/duckdb_database.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "engine/duckdb/duckdb_error.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

struct tn_duckdb_database_ref {
    struct tn_list              node; /* in `open_files`; in-memory ones are not */
    const struct tn_duckdb_api *api;
    struct tn_duckdb_api        own_api; /* a copy: it may outlive the cluster that opened it */
    unsigned                    refs;
    bool                        invalid; /* had a fatal error */
    bool                        read_only, external_access;
    uint64_t                    setup_hash; /* of extensions and initSql: they run once, when it is opened */
    dev_t                       device;
    ino_t                       inode;
    tn_duckdb_database          handle;
};

/* All open files of the process. Not const and yet global, because that is what the rule is about: a file may be open
 * once per process, whoever asks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tn_list  open_files = {&open_files, &open_files};

enum tn_status tn_duckdb_run(const struct tn_duckdb_api *api, tn_duckdb_connection conn, const char *sql, struct tn_error *err)
{
    struct tn_duckdb_result result;
    enum tn_status          status = TN_OK;

    memset(&result, 0, sizeof result);
    if (api->query(conn, sql, &result) != TN_DUCKDB_OK)
        status = tn_duckdb_fail(err, api->result_error_type(&result), api->result_error(&result), tn_str(sql));
    api->destroy_result(&result);
    return status;
}

/* ---- opening ---- */

static bool set_options(const struct tn_duckdb_api *api, tn_duckdb_config config, const struct tn_cluster_conf *conf)
{
    char number[32];
    bool ok = api->set_config(config, "access_mode", conf->read_only ? "READ_ONLY" : "READ_WRITE") == TN_DUCKDB_OK;

    /* No network behind the operator's back: a missing extension is an error at once. */
    ok = ok && api->set_config(config, "autoinstall_known_extensions", "false") == TN_DUCKDB_OK;
    ok = ok && api->set_config(config, "autoload_known_extensions", "false") == TN_DUCKDB_OK;
    if (ok && conf->threads > 0) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)conf->threads);
        ok = api->set_config(config, "threads", number) == TN_DUCKDB_OK;
    }
    if (ok && conf->memory_limit > 0) {
        snprintf(number, sizeof number, "%lluB", (unsigned long long)conf->memory_limit);
        ok = api->set_config(config, "memory_limit", number) == TN_DUCKDB_OK;
    }
    return ok;
}

static enum tn_status open_handle(struct tn_duckdb_database_ref *db, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    const struct tn_duckdb_api *api = db->api;
    tn_duckdb_config            config = NULL;
    char                       *message = NULL;
    enum tn_status              status = TN_OK;

    if (api->create_config(&config) != TN_DUCKDB_OK || !set_options(api, config, conf))
        status = tn_fail(err, TN_E_ENGINE, "58000", "cluster " TN_STR_FMT ": DuckDB refused its configuration", TN_STR_ARG(conf->name));
    else if (api->open_ext(conf->database_path.len == 0 ? NULL : conf->database_path.ptr, &db->handle, config, &message) != TN_DUCKDB_OK)
        status = tn_duckdb_fail(err, TN_DUCKDB_ERROR_INVALID, message, TN_STR(""));
    api->free(message);
    api->destroy_config(&config);
    return status;
}

/* Where LOAD finds EXTENSION: the file itself, or the one that tools/fetch_duckdb put beside the library, or nothing (then
 * DuckDB looks among its own). */
static void extension_file(char *out, size_t size, const struct tn_duckdb_api *api, struct tn_str extension)
{
    const char *slash = strrchr(api->path, '/');
    int         len;

    out[0] = '\0';
    if (memchr(extension.ptr, '/', extension.len) != NULL || memchr(extension.ptr, '.', extension.len) != NULL) {
        tn_str_copy(out, size, extension);
        return;
    }
    if (slash == NULL)
        return;
    len = snprintf(out, size, "%.*s/extensions/" TN_DUCKDB_VERSION "/" TN_STR_FMT ".duckdb_extension", (int)(slash - api->path), api->path,
                   TN_STR_ARG(extension));
    if (len < 0 || (size_t)len >= size || access(out, R_OK) != 0)
        out[0] = '\0';
}

static enum tn_status load_extension(const struct tn_duckdb_api *api, tn_duckdb_connection conn, const struct tn_cluster_conf *conf,
                                     struct tn_str extension, struct tn_error *err)
{
    char           file[4096], sql[8300];
    size_t         at = 0;
    enum tn_status status;

    extension_file(file, sizeof file, api, extension);
    if (file[0] == '\0')
        tn_str_copy(file, sizeof file, extension);
    at = (size_t)snprintf(sql, sizeof sql, "LOAD '");
    for (const char *c = file; *c != '\0' && at < sizeof sql - 3; c++) {
        if (*c == '\'')
            sql[at++] = '\'';
        sql[at++] = *c;
    }
    sql[at++] = '\'';
    sql[at] = '\0';
    status = tn_duckdb_run(api, conn, sql, err);
    if (status != TN_OK)
        tn_error_hint(err, "cluster " TN_STR_FMT ", extension " TN_STR_FMT ": run `tools/fetch_duckdb " TN_STR_FMT "`, or give the extension's file.",
                      TN_STR_ARG(conf->name), TN_STR_ARG(extension), TN_STR_ARG(extension));
    return status;
}

static enum tn_status set_up(const struct tn_duckdb_api *api, tn_duckdb_connection conn, const struct tn_cluster_conf *conf,
                             struct tn_error *err)
{
    for (size_t i = 0; i < conf->extensions.count; i++)
        TN_TRY(load_extension(api, conn, conf, conf->extensions.items[i], err));
    for (size_t i = 0; i < conf->init_sql.count; i++) {
        enum tn_status status = tn_duckdb_run(api, conn, conf->init_sql.items[i].ptr, err);
        if (status != TN_OK) {
            tn_error_hint(err, "cluster " TN_STR_FMT ": statement %zu of initSql failed.", TN_STR_ARG(conf->name), i + 1);
            return status;
        }
    }
    /* Once off it cannot be turned on again while the database is open. */
    return conf->external_access ? TN_OK : tn_duckdb_run(api, conn, "SET enable_external_access = false", err);
}

static enum tn_status open_new(struct tn_duckdb_database_ref *db, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    tn_duckdb_connection conn = NULL;
    enum tn_status       status = open_handle(db, conf, err);

    if (status == TN_OK && db->api->connect(db->handle, &conn) != TN_DUCKDB_OK)
        status = tn_fail(err, TN_E_ENGINE, "08001", "cluster " TN_STR_FMT ": DuckDB gave no connection", TN_STR_ARG(conf->name));
    if (status == TN_OK)
        status = set_up(db->api, conn, conf, err);
    db->api->disconnect(&conn);
    if (status != TN_OK)
        db->api->close(&db->handle);
    return status;
}

/* ---- sharing ---- */

static uint64_t hash_list(const struct tn_cfg_list *list, uint64_t seed)
{
    for (size_t i = 0; i < list->count; i++)
        seed = tn_hash_seeded(list->items[i].ptr, list->items[i].len, seed + 1);
    return seed;
}

static uint64_t setup_hash(const struct tn_cluster_conf *conf)
{
    return hash_list(&conf->init_sql, hash_list(&conf->extensions, 0) + 1);
}

/* The open database of the same file, with the lock held; NULL when none. */
static struct tn_duckdb_database_ref *find_open(const struct stat *file)
{
    for (struct tn_list *at = open_files.next; at != &open_files; at = at->next) {
        struct tn_duckdb_database_ref *db = TN_CONTAINER_OF(at, struct tn_duckdb_database_ref, node);
        if (db->device == file->st_dev && db->inode == file->st_ino)
            return db;
    }
    return NULL;
}

/* An open database for another cluster of the same file: what can be changed is changed. */
static enum tn_status adopt(struct tn_duckdb_database_ref *db, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    tn_duckdb_connection conn = NULL;
    char                 sql[64];
    enum tn_status       status = TN_OK;

    if (db->invalid || db->read_only != conf->read_only || db->external_access != conf->external_access ||
        db->setup_hash != setup_hash(conf)) {
        status = tn_fail(err, TN_E_ENGINE, "55006", "cluster " TN_STR_FMT ": " TN_STR_FMT " is still open here %s", TN_STR_ARG(conf->name),
                         TN_STR_ARG(conf->database_path),
                         db->invalid ? "after a fatal error; it is opened again when its last query has ended"
                                     : "with other values of readOnly, externalAccess, extensions or initSql; it is opened anew when that cluster has ended");
        tn_error_blame(err, TN_FAULT_ENGINE, false);
        return status;
    }
    if (db->api->connect(db->handle, &conn) != TN_DUCKDB_OK)
        return tn_fail(err, TN_E_ENGINE, "08001", "cluster " TN_STR_FMT ": DuckDB gave no connection", TN_STR_ARG(conf->name));
    if (conf->threads > 0) {
        snprintf(sql, sizeof sql, "SET threads = %llu", (unsigned long long)conf->threads);
        status = tn_duckdb_run(db->api, conn, sql, err);
    }
    if (status == TN_OK && conf->memory_limit > 0) {
        snprintf(sql, sizeof sql, "SET memory_limit = '%lluB'", (unsigned long long)conf->memory_limit);
        status = tn_duckdb_run(db->api, conn, sql, err);
    }
    db->api->disconnect(&conn);
    return status;
}

static enum tn_status open_or_adopt(struct tn_duckdb_cluster *cluster, struct tn_duckdb_database_ref **out, struct tn_error *err)
{
    const struct tn_cluster_conf  *conf = cluster->conf;
    bool                           is_file = conf->database_path.len > 0;
    struct stat                    file;
    struct tn_duckdb_database_ref *db;
    enum tn_status                 status;

    if (is_file && stat(conf->database_path.ptr, &file) == 0 && (db = find_open(&file)) != NULL) {
        TN_TRY(adopt(db, conf, err));
        db->refs++;
        *out = db;
        return TN_OK;
    }
    db = tn_calloc(1, sizeof *db);
    if (db == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a DuckDB database");
    *db = (struct tn_duckdb_database_ref){.api = &db->own_api, .own_api = cluster->api, .refs = 1, .read_only = conf->read_only,
                                          .external_access = conf->external_access, .setup_hash = setup_hash(conf)};
    tn_list_init(&db->node);
    status = open_new(db, conf, err);
    if (status != TN_OK) {
        tn_free(db);
        return status;
    }
    if (is_file && stat(conf->database_path.ptr, &file) == 0) {
        db->device = file.st_dev;
        db->inode = file.st_ino;
        tn_list_append(&open_files, &db->node);
    }
    *out = db;
    return TN_OK;
}

static void put_locked(struct tn_duckdb_database_ref *db)
{
    if (--db->refs > 0)
        return;
    tn_list_remove(&db->node);
    db->api->close(&db->handle); /* under the lock: until it is closed the file may not be opened again */
    tn_free(db);
}

void tn_duckdb_database_put(struct tn_duckdb_database_ref *database)
{
    pthread_mutex_lock(&lock);
    put_locked(database);
    pthread_mutex_unlock(&lock);
}

enum tn_status tn_duckdb_database_get(struct tn_duckdb_cluster *cluster, struct tn_duckdb_database_ref **out, struct tn_error *err)
{
    enum tn_status status = TN_OK;

    pthread_mutex_lock(&lock);
    if (cluster->database == NULL)
        status = open_or_adopt(cluster, &cluster->database, err);
    if (status == TN_OK) {
        cluster->database->refs++;
        *out = cluster->database;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

tn_duckdb_database tn_duckdb_database_handle(const struct tn_duckdb_database_ref *database)
{
    return database->handle;
}

void tn_duckdb_database_invalidate(struct tn_duckdb_cluster *cluster, struct tn_duckdb_database_ref *database)
{
    pthread_mutex_lock(&lock);
    database->invalid = true;
    if (cluster->database == database) {
        cluster->database = NULL;
        put_locked(database);
        tn_log(TN_LOG_ERROR, "duckdb database invalidated", TN_LOG_STR("cluster", cluster->conf->name));
    }
    pthread_mutex_unlock(&lock);
}

/* ---- clusters ---- */

static enum tn_status check_conf(const struct tn_cluster_conf *conf, struct tn_error *err)
{
    if (!conf->read_only)
        return TN_OK;
    if (access(conf->database_path.ptr, R_OK) != 0)
        return tn_fail(err, TN_E_NOT_FOUND, "58P01", "databasePath " TN_STR_FMT " cannot be read: %s", TN_STR_ARG(conf->database_path), strerror(errno));
    return TN_OK;
}

enum tn_status tn_duckdb_cluster_open(struct tn_duckdb_cluster **out, const struct tn_cluster_conf *conf, struct tn_error *err)
{
    struct tn_duckdb_cluster *cluster = tn_calloc(1, sizeof *cluster);
    struct tn_error           why = TN_ERROR_INIT;
    enum tn_status            status;

    *out = NULL;
    if (cluster == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for cluster " TN_STR_FMT, TN_STR_ARG(conf->name));
    cluster->conf = conf;
    status = check_conf(conf, err);
    if (status == TN_OK)
        status = tn_duckdb_library_load(&cluster->api, err);
    if (status == TN_OK) {
        pthread_mutex_lock(&lock);
        status = open_or_adopt(cluster, &cluster->database, &why);
        pthread_mutex_unlock(&lock);
        if (status != TN_OK && strcmp(why.sqlstate, "55006") == 0)
            status = TN_OK; /* the cluster that this one replaces still holds it */
        else if (status != TN_OK && err != NULL)
            tn_error_move(err, &why);
        tn_error_reset(&why);
    }
    if (status != TN_OK) {
        tn_free(cluster);
        return status;
    }
    *out = cluster;
    return TN_OK;
}

void tn_duckdb_cluster_close(struct tn_duckdb_cluster *cluster)
{
    if (cluster == NULL)
        return;
    pthread_mutex_lock(&lock);
    if (cluster->database != NULL)
        put_locked(cluster->database);
    pthread_mutex_unlock(&lock);
    tn_free(cluster);
}
