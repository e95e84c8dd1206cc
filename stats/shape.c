#include "stats/shape.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "stats/shape_scan.h"

#include <stdatomic.h>

enum { WAYS = 4, TEMPLATES = 8192, MOST_LIST = 1000 };

struct text_entry { /* L0 */
    uint64_t           text[2]; /* 0, 0 = free */
    const char        *at;      /* where the text lay that the features point into */
    size_t             len;
    struct tn_shape    shape;
    struct tn_features features;
};

struct template_entry { /* L1 -> L2 */
    uint64_t            tmpl[2];
    uint64_t            context;
    uint64_t            key[2];
    enum tn_shape_level level;
};

struct tn_shaper {
    size_t                 sets;
    unsigned               turn;
    struct text_entry     *texts;     /* sets * WAYS */
    struct template_entry *templates; /* TEMPLATES */
    struct tn_shape_scan   scan;
    _Atomic uint64_t       l0_hits, l1_hits, fingerprints, failed;
};

struct tn_shaper *tn_shaper_new(unsigned entries)
{
    struct tn_shaper *shaper = tn_calloc(1, sizeof *shaper);
    size_t            sets = 1;

    while (sets * WAYS < entries)
        sets *= 2;
    if (shaper == NULL)
        return NULL;
    shaper->sets = sets;
    shaper->texts = tn_calloc(sets * WAYS, sizeof *shaper->texts);
    shaper->templates = tn_calloc(TEMPLATES, sizeof *shaper->templates);
    if (shaper->texts == NULL || shaper->templates == NULL) {
        tn_shaper_free(shaper);
        return NULL;
    }
    return shaper;
}

void tn_shaper_free(struct tn_shaper *shaper)
{
    if (shaper == NULL)
        return;
    tn_free(shaper->texts);
    tn_free(shaper->templates);
    tn_free(shaper);
}

static void bump(_Atomic uint64_t *count)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* ---- identity ---- */

static uint64_t context_hash(const struct tn_shape_context *context, uint64_t seed)
{
    uint64_t h = seed + (uint64_t)context->dialect;

    h = tn_hash_seeded(context->database.ptr, context->database.len, h);
    h = tn_hash_seeded(context->search_path.ptr, context->search_path.len, h + 1);
    return tn_hash_seeded(context->role.ptr, context->role.len, h + 2);
}

static void text_hash(struct tn_str text, uint64_t context, const struct tn_str *params, unsigned param_count, uint64_t out[2])
{
    out[0] = tn_hash_seeded(text.ptr, text.len, context);
    out[1] = tn_hash_seeded(text.ptr, text.len, context ^ UINT64_C(0x6a09e667f3bcc909));
    for (unsigned i = 0; i < param_count; i++)
        for (unsigned j = 0; j < 2; j++)
            out[j] = tn_hash_seeded(params[i].ptr, params[i].ptr == NULL ? 0 : params[i].len, out[j] + i + 1);
    if (out[0] == 0)
        out[0] = 1;
}

/* ---- classes ---- */

static uint8_t class_of(const struct tn_features *features, bool has_like)
{
    unsigned joins = features->join_count < 5 ? features->join_count : 5;

    return (uint8_t)(joins * 16 + (features->has_group_by ? 8 : 0) + (has_like ? 4 : 0) + (features->has_distinct ? 2 : 0) +
                     (features->has_where ? 1 : 0));
}

static unsigned size_class(uint64_t n, uint64_t small, uint64_t large)
{
    return n <= small ? 1 : n <= large ? 2 : 3;
}

/* LIMIT in the high two bits, the longest list of literals (or rows of VALUES) in the low ones. */
static uint8_t band_of(const struct tn_shape_scan *scan)
{
    unsigned limit = scan->limit < 0 ? 0 : size_class((uint64_t)scan->limit, 100, 10000);
    unsigned list = TN_MAX(scan->longest_list, scan->rows);

    return (uint8_t)(limit * 4 + (list <= 1 ? 0 : size_class(list, 10, 100)));
}

/* ---- L1 and L2 ---- */

static bool grammar_fits(enum tn_dialect dialect)
{
    return dialect == TN_DIALECT_POSTGRES || dialect == TN_DIALECT_DUCKDB || dialect == TN_DIALECT_SQLITE || dialect == TN_DIALECT_TRINO;
}

/* Short enough to stay below a millisecond, and nothing in it that would be read as something else. */
static bool worth_parsing(const struct tn_shape_scan *scan, enum tn_dialect dialect)
{
    return grammar_fits(dialect) && scan->sql_len > 0 && scan->longest_list <= MOST_LIST && scan->rows <= MOST_LIST &&
           !(scan->red_flag && dialect != TN_DIALECT_POSTGRES) && memchr(scan->sql, '\0', scan->sql_len) == NULL;
}

static void key_of(struct tn_shaper *shaper, enum tn_dialect dialect, uint64_t context, struct template_entry *entry)
{
    const struct tn_shape_scan *scan = &shaper->scan;
    uint64_t                    fingerprint;

    entry->level = TN_SHAPE_TEMPLATE;
    entry->key[0] = tn_hash_mix(scan->tmpl[0] ^ context);
    entry->key[1] = tn_hash_mix(scan->tmpl[1] + context);
    if (worth_parsing(scan, dialect)) {
        bump(&shaper->fingerprints);
        if (tn_shape_fingerprint(scan->sql, &fingerprint)) {
            entry->level = TN_SHAPE_FINGERPRINT;
            entry->key[0] = tn_hash_mix(fingerprint ^ tn_hash_mix(scan->salt) ^ context);
            entry->key[1] = tn_hash_mix(fingerprint * UINT64_C(0x9e3779b97f4a7c15) + scan->salt + context);
        } else {
            bump(&shaper->failed);
        }
    }
    if (entry->key[0] == 0)
        entry->key[0] = 1;
}

static const struct template_entry *find_template(struct tn_shaper *shaper, enum tn_dialect dialect, uint64_t context)
{
    const struct tn_shape_scan *scan = &shaper->scan;
    struct template_entry      *entry = &shaper->templates[(scan->tmpl[0] ^ context) % TEMPLATES];

    if (entry->key[0] != 0 && entry->context == context && entry->tmpl[0] == scan->tmpl[0] && entry->tmpl[1] == scan->tmpl[1]) {
        bump(&shaper->l1_hits);
        return entry;
    }
    *entry = (struct template_entry){.tmpl = {scan->tmpl[0], scan->tmpl[1]}, .context = context};
    key_of(shaper, dialect, context, entry);
    return entry;
}

/* ---- L0 ---- */

static void move_text(struct tn_str *text, const char *from, size_t len, const char *to)
{
    if (text->ptr != NULL && text->ptr >= from && text->ptr <= from + len)
        text->ptr = to + (text->ptr - from);
}

static const struct text_entry *find_text(const struct tn_shaper *shaper, const uint64_t hash[2], size_t len)
{
    const struct text_entry *set = &shaper->texts[(hash[0] & (shaper->sets - 1)) * WAYS];

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].text[0] == hash[0] && set[i].text[1] == hash[1] && set[i].len == len)
            return &set[i];
    return NULL;
}

void tn_shaper_find(struct tn_shaper *shaper, struct tn_str text, const struct tn_shape_context *context,
                    const struct tn_str *params, unsigned param_count, struct tn_shape *shape, struct tn_features *features)
{
    uint64_t                     where = context_hash(context, 0), hash[2];
    const struct text_entry     *known;
    const struct template_entry *tpl;
    struct text_entry           *entry;

    if (text.ptr == NULL)
        text = TN_STR("");
    text_hash(text, where, params, param_count, hash);
    known = find_text(shaper, hash, text.len);
    if (known != NULL) {
        bump(&shaper->l0_hits);
        *shape = known->shape;
        *features = known->features;
        for (unsigned i = 0; i < features->table_count; i++)
            move_text(&features->tables[i], known->at, known->len, text.ptr);
        return;
    }
    tn_features_read(features, text, context->dialect);
    tn_shape_scan(&shaper->scan, text, context->dialect, params, param_count);
    tpl = find_template(shaper, context->dialect, where);
    *shape = (struct tn_shape){.key = {tpl->key[0], tpl->key[1]}, .text = {hash[0], hash[1]}, .tmpl = {tpl->tmpl[0], tpl->tmpl[1]},
                               .class = class_of(features, shaper->scan.has_like), .band = band_of(&shaper->scan), .level = tpl->level};
    entry = &shaper->texts[(hash[0] & (shaper->sets - 1)) * WAYS + shaper->turn++ % WAYS];
    *entry = (struct text_entry){.text = {hash[0], hash[1]}, .at = text.ptr, .len = text.len, .shape = *shape, .features = *features};
}

size_t tn_shape_text(char *out, size_t size, struct tn_str text, enum tn_dialect dialect)
{
    return tn_text_without_literals(out, size, text, dialect);
}

void tn_shaper_counts(const struct tn_shaper *shaper, struct tn_shaper_counts *out)
{
    out->l0_hits = atomic_load_explicit(&shaper->l0_hits, memory_order_relaxed);
    out->l1_hits = atomic_load_explicit(&shaper->l1_hits, memory_order_relaxed);
    out->fingerprints = atomic_load_explicit(&shaper->fingerprints, memory_order_relaxed);
    out->fingerprints_failed = atomic_load_explicit(&shaper->failed, memory_order_relaxed);
}
