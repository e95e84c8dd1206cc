#include "catalog/image.h"

#include "admission/admission.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "engine/cluster.h"
#include "engine/duckdb/duckdb_database.h"
#include "frontend/pgwire/pg_types.h"

#include <pthread.h>

enum { SQL_MAX = 256 * 1024 * 1024, RUNNING = 8, QUEUED = 256 };

/* Lives as long as its cluster, which is counted. */
struct tn_catalog_image {
    struct tn_arena          arena; /* of the texts below */
    struct tn_cluster_conf   cluster_conf;
    struct tn_group_conf     group_conf;
    struct tn_group          group;
    struct tn_cluster       *cluster, *members[1];
    /* Of what: under the catalog's lock. */
    unsigned                 of;
    struct tn_str            database;
    uint64_t                 hash, asked_us, used_us;
    unsigned                 definitions;
};

struct tn_catalog {
    struct tn_server        *server;
    struct tn_group_state   *state;
    pthread_mutex_t          lock, making; /* making: tried only */
    struct tn_catalog_image *images[TN_CATALOG_IMAGES]; /* a reference each; NULL: free */
};

/* ---- its statements ---- */

/* The schema of tables that are named without any: the row of SCHEMATA that says so, else the first. */
static void put_schema(struct tn_buf *sql, struct tn_str rows)
{
    struct tn_str schema = TN_STR("main");
    bool          first = true;

    while (rows.len > 0) {
        const char   *end = memchr(rows.ptr, 0x1e, rows.len), *mid = memchr(rows.ptr, 0x1f, rows.len);
        struct tn_str name = tn_str_n(rows.ptr, mid == NULL ? 0 : (size_t)(mid - rows.ptr));

        if (end == NULL || mid == NULL)
            break;
        if (first || mid[1] == '1')
            schema = name;
        if (mid[1] == '1')
            break;
        first = false;
        rows = tn_str_n(end + 1, rows.len - (size_t)(end + 1 - rows.ptr));
    }
    tn_buf_put_quoted(sql, schema, '\'');
}

/* TEXT with its {words} filled in. */
static void put_filled(struct tn_buf *sql, const char *text, const struct tn_catalog_source *source)
{
    while (*text != '\0') {
        if (strncmp(text, "{database}", 10) == 0) {
            tn_buf_put_quoted(sql, source->database, '\'');
            text += 10;
        } else if (strncmp(text, "{version}", 9) == 0) {
            tn_buf_put_quoted(sql, source->version, '\'');
            text += 9;
        } else if (strncmp(text, "{schema}", 8) == 0) {
            put_schema(sql, source->rows[TN_CATALOG_SCHEMATA]);
            text += 8;
        } else if (strncmp(text, "{engine}", 8) == 0) {
            tn_buf_puts(sql, source->cluster->ops->name);
            text += 8;
        } else {
            tn_buf_put_u8(sql, (uint8_t)*text++);
        }
    }
}

static size_t count_columns(const char *columns)
{
    size_t count = 1;

    for (; *columns != '\0'; columns++)
        count += *columns == ',';
    return count;
}

/* Rows of one text literal: no statement for each of them. */
static void put_rows(struct tn_buf *sql, const char *table, size_t columns, struct tn_str rows)
{
    tn_buf_printf(sql, "INSERT INTO %s SELECT ", table);
    for (size_t i = 1; i <= columns; i++)
        tn_buf_printf(sql, "%snullif(f[%zu], chr(29))", i == 1 ? "" : ", ", i);
    tn_buf_puts(sql, " FROM (SELECT string_split(l, chr(31)) AS f FROM (SELECT unnest(string_split(");
    tn_buf_put_quoted(sql, rows, '\'');
    tn_buf_puts(sql, ", chr(30))) AS l)) WHERE len(f) > 1");
}

static void put_line(struct tn_buf *sql, const struct tn_catalog_line *line, const struct tn_catalog_source *source)
{
    static const char information[] = "information_schema.";
    bool              is_information = line->name != NULL && strncmp(line->name, information, sizeof information - 1) == 0;

    switch (line->kind) {
    case TN_CATALOG_CORE:
    case TN_CATALOG_RELATION:
        tn_buf_printf(sql, "CREATE TABLE %s%s(%s)", is_information ? "is_" : "", is_information ? line->name + sizeof information - 1 : line->name, line->text);
        break;
    case TN_CATALOG_FUNCTION:
        tn_buf_printf(sql, "CREATE MACRO %s", line->name);
        put_filled(sql, line->text, source);
        break;
    default:
        put_filled(sql, line->text, source);
        break;
    }
}

static void put_types(struct tn_buf *sql)
{
    const struct tn_pg_type *type;

    tn_buf_puts(sql, "CREATE TABLE tn_pg_types AS SELECT * FROM (VALUES ");
    for (size_t i = 0; (type = tn_pg_type_at(i)) != NULL; i++)
        tn_buf_printf(sql, "%s(%u::BIGINT, %u::BIGINT, '%s', %d::SMALLINT)", i == 0 ? "" : ", ", type->oid, type->array_oid, type->name, type->len);
    tn_buf_puts(sql, ") v(oid, arr, name, len)");
}

static void put_settings(struct tn_buf *sql, struct tn_str rows)
{
    tn_buf_puts(sql, "CREATE TABLE tn_settings(name VARCHAR, setting VARCHAR)");
    tn_buf_puts(sql, "; ");
    put_rows(sql, "tn_settings", 2, rows);
}

/* ---- making it ---- */

struct maker {
    const struct tn_duckdb_api     *api;
    tn_duckdb_connection            conn;
    const struct tn_catalog_source *source;
    struct tn_buf                   sql;
};

static enum tn_status run(struct maker *m, struct tn_error *err)
{
    enum tn_status status;

    if (atomic_load(m->source->stop))
        return tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    if (m->source->deadline_us != 0 && tn_clock_us() > m->source->deadline_us)
        return tn_fail(err, TN_E_TIMEOUT, "57014", "canceling statement due to statement timeout");
    tn_buf_put_u8(&m->sql, '\0');
    status = m->sql.failed ? tn_fail(err, TN_E_NOMEM, "53200", "no memory for a catalog") : tn_duckdb_run(m->api, m->conn, m->sql.data, err);
    tn_buf_clear(&m->sql);
    return status;
}

static enum tn_status make(struct maker *m, struct tn_error *err)
{
    size_t core = 0;

    tn_buf_puts(&m->sql, "SET max_temp_directory_size = '0 bytes'"); /* clients' sorts and joins stay off the disk */
    TN_TRY(run(m, err));
    put_types(&m->sql);
    TN_TRY(run(m, err));
    put_settings(&m->sql, m->source->settings);
    TN_TRY(run(m, err));
    for (size_t i = 0; i < tn_catalog_line_count; i++) {
        const struct tn_catalog_line *line = &tn_catalog_lines[i];

        put_line(&m->sql, line, m->source);
        TN_TRY(run(m, err));
        if (line->kind != TN_CATALOG_CORE)
            continue;
        put_rows(&m->sql, line->name, count_columns(line->text), m->source->rows[core++]);
        TN_TRY(run(m, err));
    }
    return TN_OK;
}

/* The tables of CLUSTER, which is empty. */
static enum tn_status fill(struct tn_cluster *cluster, const struct tn_catalog_source *source, struct tn_error *err)
{
    struct tn_duckdb_cluster      *engine = cluster->engine;
    struct maker                   m = {.api = &engine->api, .source = source};
    struct tn_duckdb_database_ref *database;
    enum tn_status                 status = tn_duckdb_database_get(engine, &database, err);

    if (status != TN_OK)
        return status;
    tn_buf_init(&m.sql, SQL_MAX);
    if (m.api->connect(tn_duckdb_database_handle(database), &m.conn) != TN_DUCKDB_OK)
        status = tn_fail(err, TN_E_ENGINE, "08001", "DuckDB gave no connection for a catalog");
    else
        status = make(&m, err);
    m.api->disconnect(&m.conn);
    tn_buf_reset(&m.sql);
    tn_duckdb_database_put(database);
    return status;
}

/* ---- one image ---- */

static struct tn_engine_ops ops; /* DuckDB's, but for its end; written once, before any thread of a server uses it */

static void image_free(struct tn_catalog_image *image)
{
    tn_arena_reset(&image->arena);
    tn_free(image);
}

static void close_cluster(struct tn_cluster *cluster)
{
    struct tn_catalog_image *image = TN_CONTAINER_OF((struct tn_cluster_conf *)(uintptr_t)cluster->conf, struct tn_catalog_image, cluster_conf);

    tn_engine_find(TN_CFG_ENGINE_DUCKDB)->close(cluster);
    image_free(image);
}

struct tn_catalog_image *tn_catalog_image_ref(struct tn_catalog_image *image)
{
    tn_cluster_ref(image->cluster);
    return image;
}

void tn_catalog_image_unref(struct tn_catalog_image *image)
{
    if (image != NULL)
        tn_cluster_unref(image->cluster);
}

struct tn_group *tn_catalog_group(struct tn_catalog_image *image)
{
    return &image->group;
}

static void fill_confs(struct tn_catalog_image *image)
{
    image->cluster_conf = (struct tn_cluster_conf){
        .name = TN_STR("catalog"), .engine = TN_CFG_ENGINE_DUCKDB, .enabled = true, .database_path = TN_STR(""), .threads = 1, .memory_limit = TN_CATALOG_MEMORY,
        .pool_size = 2, .pool_idle_timeout = UINT64_C(5000000), .connect_timeout = UINT64_C(10000000), .max_running = RUNNING, .breaker_consecutive = UINT32_MAX,
        .breaker_rate = 100, .breaker_min_requests = UINT32_MAX, .breaker_window = UINT64_C(10000000), .breaker_backoff = UINT64_C(1000000),
        .breaker_max_backoff = UINT64_C(1000000),
    };
    image->group_conf = (struct tn_group_conf){
        .name = TN_STR("catalog"), .enabled = true, .max_running = RUNNING, .max_queued = QUEUED, .queue_timeout = UINT64_C(30000000),
        .query_timeout = UINT64_C(60000000), .fallback_index = -1,
    };
}

static enum tn_status image_new(struct tn_catalog *catalog, const struct tn_catalog_source *source, struct tn_catalog_image **out, struct tn_error *err)
{
    struct tn_catalog_image *image = tn_calloc(1, sizeof *image);
    enum tn_status           status = TN_OK;

    if (image == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a catalog");
    tn_arena_init(&image->arena, SQL_MAX);
    fill_confs(image);
    image->of = source->cluster->id;
    image->definitions = source->definitions;
    if (!tn_arena_str(&image->arena, source->database, &image->database))
        status = tn_fail(err, TN_E_NOMEM, "53200", "no memory for a catalog");
    if (status == TN_OK)
        status = tn_cluster_new(&image->cluster, catalog->server->started_with, &image->cluster_conf, err);
    if (status != TN_OK) {
        image_free(image);
        return status;
    }
    image->cluster->ops = &ops;
    status = fill(image->cluster, source, err);
    if (status != TN_OK) {
        tn_cluster_unref(image->cluster);
        return status;
    }
    image->members[0] = image->cluster;
    image->group = (struct tn_group){.conf = &image->group_conf, .member_count = 1, .members = image->members, .state = catalog->state};
    *out = image;
    return TN_OK;
}

/* ---- those of a server ---- */

static void free_catalog(struct tn_catalog *catalog)
{
    struct tn_topology_hooks hooks = tn_admission_hooks(catalog->server->admission);

    for (size_t i = 0; i < TN_CATALOG_IMAGES; i++)
        tn_catalog_image_unref(catalog->images[i]);
    if (catalog->state != NULL)
        hooks.state_put(hooks.arg, catalog->state);
    pthread_mutex_destroy(&catalog->lock);
    pthread_mutex_destroy(&catalog->making);
    tn_free(catalog);
}

enum tn_status tn_catalog_open(struct tn_server *server, struct tn_error *err)
{
    struct tn_catalog       *catalog = tn_calloc(1, sizeof *catalog);
    struct tn_topology_hooks hooks = tn_admission_hooks(server->admission);

    if (catalog == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for catalogs");
    ops = *tn_engine_find(TN_CFG_ENGINE_DUCKDB);
    ops.close = close_cluster;
    catalog->server = server;
    pthread_mutex_init(&catalog->lock, NULL);
    pthread_mutex_init(&catalog->making, NULL);
    server->catalog = catalog;
    server->free_catalog = free_catalog;
    catalog->state = hooks.state_get(hooks.arg, TN_STR(" catalog")); /* no group of a configuration can be called so */
    return catalog->state != NULL ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for catalogs");
}

static struct tn_catalog_image **find(struct tn_catalog *catalog, const struct tn_catalog_source *source)
{
    for (size_t i = 0; i < TN_CATALOG_IMAGES; i++) {
        struct tn_catalog_image *image = catalog->images[i];

        if (image != NULL && image->of == source->cluster->id && tn_str_eq(image->database, source->database))
            return &catalog->images[i];
    }
    return NULL;
}

struct tn_catalog_image *tn_catalog_fresh(struct tn_catalog *catalog, const struct tn_catalog_source *source, uint64_t now_us)
{
    struct tn_catalog_image **at, *image = NULL;

    pthread_mutex_lock(&catalog->lock);
    at = find(catalog, source);
    if (at != NULL && now_us - (*at)->asked_us < TN_CATALOG_FRESH_US && (*at)->definitions == atomic_load(&source->cluster->definitions)) {
        image = tn_catalog_image_ref(*at);
        image->used_us = now_us;
    }
    pthread_mutex_unlock(&catalog->lock);
    return image;
}

static uint64_t hash_of(const struct tn_catalog_source *source)
{
    uint64_t hash = 1;

    for (size_t i = 0; i < TN_CATALOG_CORES; i++)
        hash = tn_hash_seeded(source->rows[i].ptr, source->rows[i].len, hash + 1);
    return hash;
}

static struct tn_catalog_image *renew(struct tn_catalog *catalog, const struct tn_catalog_source *source, uint64_t hash, uint64_t now_us)
{
    struct tn_catalog_image **at, *image = NULL;

    pthread_mutex_lock(&catalog->lock);
    at = find(catalog, source);
    if (at != NULL && (*at)->hash == hash) {
        image = tn_catalog_image_ref(*at);
        image->asked_us = image->used_us = now_us;
        image->definitions = source->definitions;
    }
    pthread_mutex_unlock(&catalog->lock);
    return image;
}

/* Where none is free, the one that nobody used for longest goes. */
static struct tn_catalog_image **place(struct tn_catalog *catalog, const struct tn_catalog_source *source)
{
    struct tn_catalog_image **best = find(catalog, source);

    for (size_t i = 0; best == NULL && i < TN_CATALOG_IMAGES; i++)
        if (catalog->images[i] == NULL)
            best = &catalog->images[i];
    if (best != NULL)
        return best;
    best = &catalog->images[0];
    for (size_t i = 1; i < TN_CATALOG_IMAGES; i++)
        if (catalog->images[i]->used_us < (*best)->used_us)
            best = &catalog->images[i];
    return best;
}

static enum tn_status make_image(struct tn_catalog *catalog, const struct tn_catalog_source *source, uint64_t hash, struct tn_catalog_image **out, struct tn_error *err)
{
    struct tn_catalog_image **at, *before;
    uint64_t                  now_us = tn_clock_us();

    TN_TRY(image_new(catalog, source, out, err));
    (*out)->hash = hash;
    (*out)->asked_us = (*out)->used_us = now_us;
    pthread_mutex_lock(&catalog->lock);
    at = place(catalog, source);
    before = *at;
    *at = tn_catalog_image_ref(*out);
    pthread_mutex_unlock(&catalog->lock);
    tn_catalog_image_unref(before);
    return TN_OK;
}

enum tn_status tn_catalog_image(struct tn_catalog *catalog, const struct tn_catalog_source *source, uint64_t now_us, struct tn_catalog_image **out, struct tn_error *err)
{
    uint64_t       hash = hash_of(source);
    enum tn_status status = TN_OK;

    *out = renew(catalog, source, hash, now_us);
    if (*out != NULL)
        return TN_OK;
    if (pthread_mutex_trylock(&catalog->making) != 0)
        return TN_AGAIN;
    *out = renew(catalog, source, hash, now_us); /* what another made meanwhile */
    if (*out == NULL)
        status = make_image(catalog, source, hash, out, err);
    pthread_mutex_unlock(&catalog->making);
    return status;
}
