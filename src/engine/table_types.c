#include "engine/table_types.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/map.h"

#include <ctype.h>
#include <pthread.h>

enum {
    TABLES_MAX = 20000, /* then all is forgotten: somebody asks for names that are not there */
    ROWS_MAX = 256 * 1024, /* of all tables of a statement; with more, nothing is known */
    NAME_PARTS = 3,
    NAME_MAX_BYTES = 512,
    KEY_MAX = NAME_MAX_BYTES + sizeof(unsigned),
    RETRY_US = 10 * 1000 * 1000,
    NONE_US = 30 * 1000 * 1000, /* that there is no such table: somebody's transaction may be about to commit it */
};

struct table {
    uint64_t      hash;     /* of rows, whatever their order; 0 = none */
    uint64_t      asked_us;
    bool          failed;   /* it could not be asked for */
    bool          forgotten; /* it may be another now: nobody knows it until the engine has told again */
    struct tn_buf rows;
};

struct tn_table_types {
    pthread_mutex_t lock;
    struct tn_map   tables; /* of key_of() */
};

struct tn_table_types *tn_table_types_new(void)
{
    struct tn_table_types *types = tn_calloc(1, sizeof *types);

    if (types != NULL) {
        pthread_mutex_init(&types->lock, NULL);
        tn_map_init(&types->tables);
    }
    return types;
}

static void free_table(struct table *table)
{
    if (table == NULL)
        return;
    tn_buf_reset(&table->rows);
    tn_free(table);
}

/* The lock is held. */
static void forget_all(struct tn_table_types *types)
{
    size_t at = 0;

    for (struct tn_map_entry *entry = tn_map_next(&types->tables, &at); entry != NULL; entry = tn_map_next(&types->tables, &at))
        free_table(entry->value);
    tn_map_reset(&types->tables);
    tn_map_init(&types->tables);
}

void tn_table_types_free(struct tn_table_types *types)
{
    if (types == NULL)
        return;
    forget_all(types);
    pthread_mutex_destroy(&types->lock);
    tn_free(types);
}

/* ---- names ---- */

/* A name as statements write it, without its quotes. */
struct name {
    size_t count;
    char   parts[NAME_PARTS][NAME_MAX_BYTES];
};

/* False: it is too long, has too many parts, or has something in it that is not asked for. */
static bool read_name(struct name *out, struct tn_str text)
{
    size_t len = 0;
    char   quote = '\0';

    out->count = 1;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (quote == '\0' && c == '.') {
            out->parts[out->count - 1][len] = '\0';
            if (out->count++ == NAME_PARTS)
                return false;
            len = 0;
        } else if (quote == '\0' && (c == '"' || c == '`')) {
            quote = c;
        } else if (c == quote) {
            quote = '\0';
        } else if (c == '\'' || c == '\\' || (unsigned char)c < ' ' || len + 1 >= NAME_MAX_BYTES) {
            return false;
        } else {
            out->parts[out->count - 1][len++] = c;
        }
    }
    out->parts[out->count - 1][len] = '\0';
    return len > 0;
}

static const char *table_of(const struct name *name)
{
    return name->parts[name->count - 1];
}

static const char *catalog_of(const struct name *name)
{
    return name->count == NAME_PARTS ? name->parts[0] : "";
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* The cluster's id, and the name in lower case. */
static struct tn_str key_of(char out[KEY_MAX], unsigned cluster, struct tn_str name)
{
    size_t len = TN_MIN(name.len, (size_t)NAME_MAX_BYTES);

    memcpy(out, &cluster, sizeof cluster);
    for (size_t i = 0; i < len; i++)
        out[sizeof cluster + i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] + 'a' - 'A') : name.ptr[i];
    return tn_str_n(out, sizeof cluster + len);
}

/* ---- what is known ---- */

/* The lock is held. */
static struct table *find(const struct tn_table_types *types, unsigned cluster, struct tn_str name)
{
    char key[KEY_MAX];

    return tn_map_get(&types->tables, key_of(key, cluster, name));
}

/* ROWS may be NULL. The lock is held. */
static void sum(const struct tn_table_types *types, unsigned cluster, const struct tn_features *features, uint64_t max_age_us, uint64_t now_us,
                struct tn_buf *rows, struct tn_table_known *out)
{
    size_t bytes = 0;

    *out = (struct tn_table_known){.hash = 0};
    for (unsigned i = 0; i < features->table_count; i++) {
        const struct table *table = find(types, cluster, features->tables[i]);

        if (table == NULL || table->forgotten) {
            out->missing = true;
            continue;
        }
        out->old = out->old || now_us - table->asked_us > TN_MIN(max_age_us, table->failed ? (uint64_t)RETRY_US : table->hash == 0 ? (uint64_t)NONE_US : max_age_us);
        out->hash += table->hash;
        bytes += table->rows.len;
        if (rows != NULL)
            tn_buf_put_str(rows, tn_buf_str(&table->rows));
    }
    if (bytes > ROWS_MAX || (rows != NULL && rows->failed))
        out->hash = 0;
}

void tn_table_types_look(struct tn_table_types *types, unsigned cluster, const struct tn_features *features, uint64_t max_age_us, uint64_t now_us,
                         struct tn_table_known *out)
{
    pthread_mutex_lock(&types->lock);
    sum(types, cluster, features, max_age_us, now_us, NULL, out);
    pthread_mutex_unlock(&types->lock);
}

uint64_t tn_table_types_rows(struct tn_table_types *types, unsigned cluster, const struct tn_features *features, struct tn_buf *rows)
{
    struct tn_table_known known;

    pthread_mutex_lock(&types->lock);
    sum(types, cluster, features, UINT64_MAX, 0, rows, &known);
    pthread_mutex_unlock(&types->lock);
    if (known.hash == 0)
        tn_buf_clear(rows);
    return known.hash;
}

/* Rows of ROWS that are of the table NAME. */
static void take_rows(struct table *table, struct tn_str name, struct tn_str rows)
{
    struct name   read;
    struct tn_str row;

    table->hash = 0;
    tn_buf_clear(&table->rows);
    if (!read_name(&read, name))
        return;
    while (tn_str_next_line(&rows, &row)) {
        const char *end = memchr(row.ptr, TN_TABLE_TYPES_SEPARATOR, row.len);

        if (end == NULL || !tn_str_ieq(tn_str_n(row.ptr, (size_t)(end - row.ptr)), tn_str(table_of(&read))))
            continue;
        tn_buf_put_str(&table->rows, row);
        tn_buf_put_u8(&table->rows, '\n');
        table->hash += tn_hash_str(row);
    }
    if (table->rows.failed) {
        tn_buf_clear(&table->rows);
        table->hash = 0;
    }
}

static struct table *make(struct tn_table_types *types, unsigned cluster, struct tn_str name)
{
    char          key[KEY_MAX];
    struct table *table = tn_calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    tn_buf_init(&table->rows, ROWS_MAX);
    if (tn_map_put(&types->tables, key_of(key, cluster, name), table, NULL))
        return table;
    tn_free(table);
    return NULL;
}

void tn_table_types_learn(struct tn_table_types *types, unsigned cluster, const struct tn_features *features, struct tn_str rows, bool failed, uint64_t now_us)
{
    pthread_mutex_lock(&types->lock);
    if (types->tables.count + features->table_count > TABLES_MAX)
        forget_all(types);
    for (unsigned i = 0; i < features->table_count; i++) {
        struct table *table = find(types, cluster, features->tables[i]);

        if (table == NULL)
            table = make(types, cluster, features->tables[i]);
        if (table == NULL)
            continue;
        table->asked_us = now_us;
        table->failed = failed;
        table->forgotten = false;
        if (!failed)
            take_rows(table, features->tables[i], rows);
    }
    pthread_mutex_unlock(&types->lock);
}

/* Is the table NAME called as one of those of FEATURES? */
static bool is_one_of(struct tn_str name, const struct tn_features *features)
{
    struct name one, other;

    if (!read_name(&one, name))
        return true;
    for (unsigned i = 0; i < features->table_count; i++)
        if (!read_name(&other, features->tables[i]) || strcasecmp(table_of(&one), table_of(&other)) == 0)
            return true;
    return false;
}

void tn_table_types_forget(struct tn_table_types *types, unsigned cluster, const struct tn_features *features)
{
    size_t at = 0;

    pthread_mutex_lock(&types->lock);
    for (struct tn_map_entry *entry = tn_map_next(&types->tables, &at); entry != NULL; entry = tn_map_next(&types->tables, &at))
        if (memcmp(entry->key, &cluster, sizeof cluster) == 0 &&
            (features->table_count == 0 || features->more_tables || is_one_of(tn_str_n(entry->key + sizeof cluster, entry->key_len - sizeof cluster), features)))
            ((struct table *)entry->value)->forgotten = true;
    pthread_mutex_unlock(&types->lock);
}

/* ---- the question ---- */

static const char *listing_of(enum tn_cfg_engine engine)
{
    switch (engine) {
#define LISTING(ENGINE, query) case TN_CFG_ENGINE_##ENGINE: return query;
#include "engine/table_types.def"
#undef LISTING
    default: return NULL;
    }
}

static void put_text(struct tn_buf *out, const char *name)
{
    tn_buf_puts(out, out->len > 0 ? ", '" : "'");
    tn_buf_puts(out, name);
    tn_buf_puts(out, "'");
}

/* Of those tables whose catalog is CATALOG (empty: that have none); NULL: of all. */
static void put_names(struct tn_buf *out, const struct tn_features *features, const char *catalog)
{
    struct name name;

    for (unsigned i = 0; i < features->table_count; i++) {
        if (!read_name(&name, features->tables[i]) || (catalog != NULL && strcasecmp(catalog_of(&name), catalog) != 0))
            continue;
        put_text(out, table_of(&name));
        lower(name.parts[name.count - 1]);
        put_text(out, table_of(&name));
    }
}

static void put_listing(struct tn_buf *out, const char *query, const char *catalog, struct tn_str names)
{
    const char *at = strstr(query, "{catalog}");

    if (at != NULL) {
        tn_buf_append(out, query, (size_t)(at - query));
        if (catalog[0] != '\0') {
            tn_buf_put_quoted(out, tn_str(catalog), '"');
            tn_buf_puts(out, ".");
        }
        query = at + strlen("{catalog}");
    }
    for (const char *list; (list = strstr(query, "{names}")) != NULL; query = list + strlen("{names}")) {
        tn_buf_append(out, query, (size_t)(list - query));
        tn_buf_put_str(out, names);
    }
    tn_buf_puts(out, query);
}

static bool put_for(struct tn_buf *out, const char *query, const struct tn_features *features, const char *catalog)
{
    struct tn_buf names;
    bool          any;

    tn_buf_init(&names, ROWS_MAX);
    put_names(&names, features, strstr(query, "{catalog}") != NULL ? catalog : NULL);
    any = names.len > 0 && !names.failed;
    if (any) {
        tn_buf_puts(out, out->len > 0 ? " UNION ALL " : "");
        put_listing(out, query, catalog, tn_buf_str(&names));
    }
    tn_buf_reset(&names);
    return any;
}

/* Has an earlier table of FEATURES this catalog? */
static bool was_before(const struct tn_features *features, unsigned i, const char *catalog)
{
    struct name name;

    for (unsigned k = 0; k < i; k++)
        if (read_name(&name, features->tables[k]) && strcasecmp(catalog_of(&name), catalog) == 0)
            return true;
    return false;
}

bool tn_table_types_sql(struct tn_buf *out, enum tn_cfg_engine engine, const struct tn_features *features)
{
    const char *query = listing_of(engine);
    bool        any;

    if (query == NULL)
        return false;
    any = put_for(out, query, features, "");
    for (unsigned i = 0; strstr(query, "{catalog}") != NULL && i < features->table_count; i++) {
        struct name name;

        if (read_name(&name, features->tables[i]) && catalog_of(&name)[0] != '\0' && !was_before(features, i, catalog_of(&name)))
            any = put_for(out, query, features, catalog_of(&name)) || any;
    }
    return any;
}
