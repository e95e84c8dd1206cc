#include "stats/store_file.h"

#include "base/alloc.h"

#include <math.h>

enum { TABLES = 1024, GROUP = 256 };

struct reading {
    struct tn_store       *store; /* NULL: a file alone */
    sqlite3               *db;    /* NULL: memory alone */
    sqlite3_stmt          *text;
    struct tn_features     features;
    struct tn_shape_report report;
    double                 fading;
    struct known {
        unsigned file, epoch;
        char     name[256];
    } *known; /* of a file alone: its clusters */
    unsigned known_count;
    uint32_t now_s;
    char     raw[TN_STORE_TEXT], group[GROUP], tables[TABLES], template[TN_STORE_TEXT];
};

static void add_cell(struct reading *r, unsigned cluster, struct tn_str name, const struct tn_cell *cell)
{
    struct tn_shape_report *report = &r->report;
    size_t                  at = report->cell_count;

    if (at == TN_ARRAY_LEN(report->cells))
        return;
    report->clusters[at] = (uint8_t)cluster;
    report->names[at] = name;
    report->cells[at] = *cell;
    report->cells[at].hist = 0;
    if (r->fading < 1)
        tn_cell_discount(&report->cells[at], r->fading, UINT16_MAX, 0, NULL);
    report->cell_count++;
}

/* ---- resident shapes ---- */

static void copy_cell(void *arg, unsigned cluster, struct tn_cell *cell)
{
    struct reading *r = arg;

    add_cell(r, cluster, tn_store_cluster_name(r->store, cluster), cell);
}

/* A resident shape as it is now. Its text is raw (RAW is then true) until the file has it. */
static bool copy_slot(struct reading *r, struct tn_shard *shard, uint32_t slot, bool *raw, enum tn_dialect *dialect)
{
    const struct tn_store_text *kept = shard->texts[slot];

    if ((shard->states[slot] & TN_STATE_USED) == 0)
        return false;
    r->report.entry = shard->entries[slot];
    r->report.entry.flights = NULL;
    r->report.cell_count = 0;
    r->report.text = r->report.group = r->report.class = r->report.tables = (struct tn_str){"", 0};
    r->fading = tn_store_fading(r->store, shard->entries[slot].last_s, r->now_s);
    tn_shard_cells(shard, &shard->entries[slot], copy_cell, r);
    *raw = kept != NULL;
    if (kept == NULL)
        return true;
    memcpy(r->raw, kept->data, kept->text_len);
    memcpy(r->group, kept->data + kept->text_len, kept->group_len);
    r->report.text = tn_str_n(r->raw, kept->text_len);
    r->report.group = tn_str_n(r->group, kept->group_len);
    *dialect = (enum tn_dialect)kept->dialect;
    return true;
}

static void make_template(struct reading *r, enum tn_dialect dialect)
{
    tn_features_read(&r->features, r->report.text, dialect);
    r->report.class = tn_str(tn_class_name(r->features.class));
    r->report.tables = tn_str_n(r->tables, tn_store_tables(r->tables, sizeof r->tables, &r->features));
    r->report.text = tn_str_n(r->template, tn_shape_text(r->template, sizeof r->template, r->report.text, dialect));
}

static struct tn_str column_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return text == NULL ? (struct tn_str){"", 0} : tn_str_n(text, (size_t)sqlite3_column_bytes(stmt, column));
}

static void read_texts(struct reading *r, sqlite3_stmt *stmt, int column)
{
    r->report.class = column_text(stmt, column);
    r->report.tables = column_text(stmt, column + 1);
    r->report.group = column_text(stmt, column + 2);
    r->report.text = column_text(stmt, column + 3);
}

static bool report_slot(struct reading *r, struct tn_shard *shard, uint32_t slot, tn_shape_report_fn *fn, void *arg)
{
    enum tn_dialect dialect = TN_DIALECT_POSTGRES;
    bool            found, raw = false, more;

    pthread_mutex_lock(&shard->mutex);
    found = copy_slot(r, shard, slot, &raw, &dialect);
    pthread_mutex_unlock(&shard->mutex);
    if (!found)
        return true;
    if (raw) {
        make_template(r, dialect);
    } else if (r->text != NULL) {
        sqlite3_bind_int64(r->text, 1, r->report.entry.parent != 0 ? r->report.entry.parent : r->report.entry.id);
        if (sqlite3_step(r->text) == SQLITE_ROW)
            read_texts(r, r->text, 0);
    }
    more = fn(arg, &r->report);
    if (r->text != NULL)
        sqlite3_reset(r->text);
    return more;
}

static bool report_resident(struct reading *r, tn_shape_report_fn *fn, void *arg)
{
    for (unsigned s = 0; s < tn_store_shard_count(r->store); s++) {
        struct tn_shard *shard = &r->store->shards[s];
        uint32_t         high;

        pthread_mutex_lock(&shard->mutex);
        high = shard->high;
        pthread_mutex_unlock(&shard->mutex);
        for (uint32_t slot = 0; slot < high; slot++)
            if (!report_slot(r, shard, slot, fn, arg))
                return false;
    }
    return true;
}

/* ---- shapes in a file ---- */

static unsigned number_of(const struct reading *r, unsigned i)
{
    return r->store == NULL ? i : tn_clusters_from_file(r->store, r->known[i].file);
}

static bool add_file_cell(void *arg, unsigned file_cluster, unsigned epoch, const struct tn_cell *cell, const struct tn_hot *hot)
{
    struct reading *r = arg;
    struct tn_cell  aged = *cell;

    (void)hot;
    for (unsigned i = 0; i < r->known_count; i++) {
        uint16_t behind = (uint16_t)(r->known[i].epoch - epoch);

        if (r->known[i].file != file_cluster)
            continue;
        if (behind > 0 && behind < 32768)
            tn_cell_discount(&aged, pow(TN_STORE_CHANGED_FACTOR, TN_MIN(behind, 4)), UINT16_MAX, TN_STORE_CHANGED_P, NULL);
        add_cell(r, number_of(r, i), tn_str(r->known[i].name), &aged);
    }
    return true;
}

static bool is_resident(struct tn_store *store, const uint64_t key[2])
{
    uint64_t         hash = tn_store_hash(key);
    struct tn_shard *shard = tn_store_shard(store, hash);
    bool             found;

    pthread_mutex_lock(&shard->mutex);
    found = tn_shard_find(shard, key, hash) != NULL;
    pthread_mutex_unlock(&shard->mutex);
    return found;
}

static bool report_row(struct reading *r, sqlite3_stmt *stmt, tn_shape_report_fn *fn, void *arg)
{
    struct tn_store_row row;

    if (!tn_store_file_row(stmt, &row) || (r->store != NULL && is_resident(r->store, row.entry.key)))
        return true;
    r->report.entry = row.entry;
    r->report.cell_count = 0;
    r->fading = tn_store_fading(r->store, row.entry.last_s, r->now_s);
    (void)!tn_row_decode(row.cells, row.size, add_file_cell, r);
    for (unsigned i = 0; i < r->known_count; i++)
        if (r->known[i].file == row.incumbent)
            r->report.entry.incumbent = (uint8_t)number_of(r, i);
    read_texts(r, stmt, TN_STORE_COLUMN_COUNT);
    return fn(arg, &r->report);
}

static const char shape_sql[] = "SELECT s.id, s.key, s.visits, s.first, s.last, s.text32, s.parent, s.class, s.band, s.flags,"
                                " s.incumbent, s.cells, t.class, t.tables, t.grp, t.template FROM shape s"
                                " LEFT JOIN text t ON t.id = CASE s.parent WHEN 0 THEN s.id ELSE s.parent END";
static const char cold_sql[] = "SELECT s.id, s.key, s.visits, s.first, s.last, s.text32, s.parent, s.class, s.band, s.flags,"
                               " s.incumbent, s.cells, t.class, t.tables, t.grp, t.template FROM cold s"
                               " LEFT JOIN text t ON t.id = CASE s.parent WHEN 0 THEN s.id ELSE s.parent END"
                               " WHERE NOT EXISTS (SELECT 1 FROM shape WHERE shape.id = s.id)";

static enum tn_status report_rows(struct reading *r, const char *sql, bool *more, tn_shape_report_fn *fn, void *arg,
                                  struct tn_error *err)
{
    sqlite3_stmt  *stmt;
    enum tn_status status = TN_OK;
    int            code = SQLITE_DONE;

    TN_TRY(tn_database_prepare(&tn_store_kind, r->db, sql, &stmt, err));
    while (*more && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        *more = report_row(r, stmt, fn, arg);
    if (*more && code != SQLITE_DONE)
        status = tn_database_fail(&tn_store_kind, r->db, "cannot read", err);
    sqlite3_finalize(stmt);
    return status;
}

static enum tn_status read_clusters(struct reading *r, struct tn_error *err)
{
    sqlite3_stmt  *stmt;
    enum tn_status status = TN_OK;
    int            code = SQLITE_DONE;

    r->known = tn_calloc(TN_STORE_CLUSTERS, sizeof *r->known);
    if (r->known == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    TN_TRY(tn_database_prepare(&tn_store_kind, r->db, "SELECT number, name, epoch FROM cluster ORDER BY seen DESC, number", &stmt, err));
    while (r->known_count < TN_STORE_CLUSTERS && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct known *known = &r->known[r->known_count++];

        known->file = (unsigned)sqlite3_column_int(stmt, 0);
        known->epoch = (unsigned)sqlite3_column_int64(stmt, 2);
        tn_str_copy(known->name, sizeof known->name, column_text(stmt, 1));
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        status = tn_database_fail(&tn_store_kind, r->db, "cannot read", err);
    sqlite3_finalize(stmt);
    return status;
}

static void end_reading(struct reading *r)
{
    sqlite3_finalize(r->text);
    sqlite3_close(r->db);
    tn_free(r->known);
    tn_free(r);
}

/* An evicted one: 1, 0, or -1 with ERR. */
static int is_in_file(struct tn_store *store, const uint64_t key[2], struct tn_error *err)
{
    sqlite3       *db = NULL;
    sqlite3_stmt  *stmt = NULL;
    unsigned char  bytes[16];
    enum tn_status status = tn_database_open(&db, &tn_store_kind, store->path, TN_DATABASE_READ_ONLY | TN_DATABASE_KNOWN, err);
    int            found = -1;

    if (status == TN_OK)
        status = tn_database_prepare(&tn_store_kind, db, "SELECT 1 FROM cold WHERE key = ?", &stmt, err);
    if (status == TN_OK) {
        tn_bind_key(stmt, 1, key, bytes);
        found = sqlite3_step(stmt) == SQLITE_ROW;
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return found;
}

bool tn_store_knows(struct tn_store *store, const uint64_t key[2])
{
    struct tn_shape_entry *entry = tn_store_peek(store, key);
    struct tn_error        err = TN_ERROR_INIT;
    bool                   known = entry != NULL && (entry->visits > 0 || tn_shard_has_cells(entry));

    if (entry != NULL)
        tn_store_release(store, entry, false);
    if (known || store->path == NULL)
        return known;
    tn_store_flush(store); /* what was evicted just now */
    known = is_in_file(store, key, &err) != 0; /* a file that cannot be read: perhaps */
    tn_error_reset(&err);
    return known;
}

static struct reading *new_reading(struct tn_store *store, struct tn_error *err)
{
    struct reading *r = tn_calloc(1, sizeof *r);

    if (r == NULL) {
        tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
        return NULL;
    }
    r->store = store;
    r->now_s = tn_store_now_s();
    return r;
}

enum tn_status tn_store_each(struct tn_store *store, bool evicted, tn_shape_report_fn *fn, void *arg, struct tn_error *err)
{
    struct reading *r = new_reading(store, err);
    enum tn_status  status = TN_OK;
    bool            more;

    if (r == NULL)
        return TN_E_NOMEM;
    if (store->path != NULL) {
        status = tn_database_open(&r->db, &tn_store_kind, store->path, TN_DATABASE_READ_ONLY | TN_DATABASE_KNOWN, err);
        if (status == TN_OK)
            status = tn_database_prepare(&tn_store_kind, r->db, "SELECT class, tables, grp, template FROM text WHERE id = ?", &r->text, err);
        if (status == TN_OK)
            status = read_clusters(r, err);
        if (status != TN_OK && !evicted) { /* what is in memory can be told without it */
            sqlite3_finalize(r->text);
            r->text = NULL;
            tn_error_reset(err);
            status = TN_OK;
        }
    }
    more = status == TN_OK && report_resident(r, fn, arg);
    if (status == TN_OK && evicted && r->db != NULL)
        status = report_rows(r, cold_sql, &more, fn, arg, err);
    end_reading(r);
    return status;
}

enum tn_status tn_store_each_file(const char *path, tn_shape_report_fn *fn, void *arg, struct tn_error *err)
{
    struct reading *r = new_reading(NULL, err);
    enum tn_status  status;
    bool            more = true;

    if (r == NULL)
        return TN_E_NOMEM;
    status = tn_database_open(&r->db, &tn_store_kind, path, TN_DATABASE_READ_ONLY, err);
    if (status == TN_OK)
        status = tn_database_run(&tn_store_kind, r->db, "BEGIN", err); /* both tables at one moment */
    if (status == TN_OK)
        status = read_clusters(r, err);
    if (status == TN_OK)
        status = report_rows(r, shape_sql, &more, fn, arg, err);
    if (status == TN_OK)
        status = report_rows(r, cold_sql, &more, fn, arg, err);
    end_reading(r);
    return status;
}
