#include "stats/shape.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/rand.h"
#include "stats/outline.h"
#include "stats/reader.h"
#include "stats/seen.h"
#include "stats/shape_scan.h"

#include <stdatomic.h>

enum { WAYS = 4, TEMPLATE_SETS = 2048, SEEN_SETS = 1024, NAME = 64 };

struct text_entry { /* L0 */
    uint64_t           text[2]; /* 0, 0 = free */
    uint64_t           proof;   /* that it is this text: rules go by the features, and others can make texts of equal hashes */
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

struct context_kept { /* the last one, and its hash: most statements come in the same one */
    enum tn_dialect dialect;
    struct tn_str   parts[3];
    char            names[3][NAME];
    uint64_t        hash;
    bool            there;
};

struct tn_shaper {
    uint64_t               secret; /* of this process, in hashes that features are found by */
    uint64_t               alone;  /* another, in the place of a context: texts that nobody wants a shape of. No client's context is like it */
    size_t                 sets;
    unsigned               turn;
    uint32_t              *tags;      /* of the texts, which lie far apart; 0 = free */
    struct text_entry     *texts;     /* sets * WAYS */
    struct tn_outlines    *outlines;
    struct context_kept    context;
    struct template_entry *templates; /* TEMPLATE_SETS * WAYS */
    uint32_t               seen[SEEN_SETS * TN_SEEN_WAYS];
    struct tn_shape_scan   scan;
    _Atomic uint64_t       l0_hits, outline_hits, l1_hits, fingerprints, failed;
};

struct tn_shaper *tn_shaper_new(unsigned entries)
{
    struct tn_shaper *shaper = tn_calloc(1, sizeof *shaper);
    size_t            sets = 1;

    while (sets * WAYS < entries)
        sets *= 2;
    if (shaper == NULL)
        return NULL;
    tn_rand_secret(&shaper->secret, sizeof shaper->secret);
    tn_rand_secret(&shaper->alone, sizeof shaper->alone);
    shaper->sets = sets;
    shaper->tags = tn_calloc(sets * WAYS, sizeof *shaper->tags);
    shaper->texts = tn_calloc(sets * WAYS, sizeof *shaper->texts);
    shaper->outlines = tn_outlines_new();
    shaper->templates = tn_calloc((size_t)TEMPLATE_SETS * WAYS, sizeof *shaper->templates);
    if (shaper->tags == NULL || shaper->texts == NULL || shaper->outlines == NULL || shaper->templates == NULL) {
        tn_shaper_free(shaper);
        return NULL;
    }
    return shaper;
}

void tn_shaper_free(struct tn_shaper *shaper)
{
    if (shaper == NULL)
        return;
    tn_free(shaper->tags);
    tn_free(shaper->texts);
    tn_outlines_free(shaper->outlines);
    tn_free(shaper->templates);
    tn_free(shaper);
}

static void bump(_Atomic uint64_t *count)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* ---- identity ---- */

static uint64_t context_hash(const struct tn_shape_context *context)
{
    uint64_t h = (uint64_t)context->dialect;

    h = tn_hash_seeded(context->database.ptr, context->database.len, h);
    h = tn_hash_seeded(context->search_path.ptr, context->search_path.len, h + 1);
    return tn_hash_seeded(context->role.ptr, context->role.len, h + 2);
}

static void keep_context(struct context_kept *kept, const struct tn_shape_context *context, uint64_t hash)
{
    struct tn_str parts[] = {context->database, context->search_path, context->role};

    kept->there = false;
    for (size_t i = 0; i < TN_ARRAY_LEN(parts); i++) {
        if (parts[i].len > NAME)
            return;
        if (parts[i].len > 0)
            memcpy(kept->names[i], parts[i].ptr, parts[i].len);
        kept->parts[i] = tn_str_n(kept->names[i], parts[i].len);
    }
    kept->dialect = context->dialect;
    kept->hash = hash;
    kept->there = true;
}

static uint64_t hash_of(struct tn_shaper *shaper, const struct tn_shape_context *context)
{
    struct context_kept *kept = &shaper->context;
    uint64_t             hash;

    if (kept->there && kept->dialect == context->dialect && tn_str_eq(kept->parts[0], context->database) &&
        tn_str_eq(kept->parts[1], context->search_path) && tn_str_eq(kept->parts[2], context->role))
        return kept->hash;
    hash = context_hash(context);
    keep_context(kept, context, hash);
    return hash;
}

static void add_params(const struct tn_str *params, unsigned param_count, uint64_t out[2])
{
    for (unsigned i = 0; i < param_count; i++) {
        uint64_t of[2];

        tn_hash_128(params[i].ptr, params[i].ptr == NULL ? 0 : params[i].len, out[0] + (params[i].ptr == NULL ? 1 : 2), of);
        out[0] = of[0];
        out[1] = tn_hash_mix(out[1] + of[1]);
    }
    if (out[0] == 0)
        out[0] = 1;
}

static void text_hash(struct tn_str text, uint64_t context, const struct tn_str *params, unsigned param_count, uint64_t out[2])
{
    tn_hash_128(text.ptr, text.len, context, out);
    add_params(params, param_count, out);
}

/* ---- classes ---- */

static uint8_t class_of(const struct tn_features *features)
{
    unsigned joins = features->join_count < 5 ? features->join_count : 5;

    return (uint8_t)(joins * 16 + (features->has_group_by ? 8 : 0) + (features->has_like ? 4 : 0) + (features->has_distinct ? 2 : 0) +
                     (features->has_where ? 1 : 0));
}

static unsigned limit_class(uint64_t rows)
{
    return rows <= 100 ? 0 : rows <= 10000 ? 1 : 2;
}

static unsigned list_class(unsigned n)
{
    return n <= 1 ? 0 : n <= 10 ? 1 : n <= 100 ? 2 : n <= 1000 ? 3 : 4;
}

/* Which of the three sizes there are is a matter of the shape, so each shape has bands of its own: one size takes all of its
 * classes, two and three share the 15 that there are, with the finest steps joined. */
static uint8_t band_of(const struct tn_features *features)
{
    unsigned rows = TN_MAX(features->longest_list, features->value_rows), range = features->range_class;
    unsigned limit = features->limit_known ? limit_class(features->limit) : 0, list = list_class(rows);

    range -= range > 0;
    if (features->limit_known && rows > 0 && features->range_class > 0)
        return (uint8_t)(1 + TN_MIN(limit, 1u) * 6 + (list > 1 ? 3 : 0) + (range > 0 ? range - 1 : 0));
    if (features->limit_known && rows > 0)
        return (uint8_t)(1 + limit * 5 + list);
    if (features->limit_known && features->range_class > 0)
        return (uint8_t)(1 + limit * 4 + range);
    if (rows > 0 && features->range_class > 0)
        return (uint8_t)(1 + list * 3 + (range > 0 ? range - 1 : 0));
    if (features->limit_known)
        return (uint8_t)(1 + limit);
    if (rows > 0)
        return (uint8_t)(1 + list);
    return features->range_class;
}

/* ---- L1 and L2 ---- */

static bool grammar_fits(enum tn_dialect dialect)
{
    return dialect == TN_DIALECT_POSTGRES || dialect == TN_DIALECT_DUCKDB || dialect == TN_DIALECT_SQLITE || dialect == TN_DIALECT_TRINO;
}

/* Nothing in it that would be read as something else, and all of it would be read. What only its text can tell apart
 * (EXECUTE a, EXECUTE b) stays with its text. */
static bool worth_parsing(const struct tn_shape_scan *scan, enum tn_dialect dialect, const struct tn_features *features)
{
    bool query = features->class == TN_CLASS_READ || features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL;

    return (query || features->inner.len > 0) && scan->sql_len > 0 && !scan->deep &&
           !(scan->red_flag && dialect != TN_DIALECT_POSTGRES) && memchr(scan->sql, '\0', scan->sql_len) == NULL;
}

/* The key depends on nothing but template and context: every worker, and every run of the program, finds the same one. */
static void key_of(struct tn_shaper *shaper, enum tn_dialect dialect, uint64_t context, const struct tn_features *features,
                   struct template_entry *entry)
{
    struct tn_shape_scan *scan = &shaper->scan;
    uint64_t              fingerprint;

    entry->level = TN_SHAPE_TEMPLATE;
    entry->key[0] = tn_hash_mix(scan->tmpl[0] ^ context);
    entry->key[1] = tn_hash_mix(scan->tmpl[1] + context);
    if (grammar_fits(dialect)) {
        tn_shape_scan_sql(scan);
        if (worth_parsing(scan, dialect, features)) {
            bump(&shaper->fingerprints);
            if (tn_shape_fingerprint(scan->sql, &fingerprint)) {
                entry->level = TN_SHAPE_FINGERPRINT;
                entry->key[0] = tn_hash_mix(fingerprint ^ tn_hash_mix(scan->salt) ^ context);
                entry->key[1] = tn_hash_mix(fingerprint * UINT64_C(0x9e3779b97f4a7c15) + scan->salt + context);
            } else {
                bump(&shaper->failed);
            }
        }
    }
    if (entry->key[0] == 0)
        entry->key[0] = 1;
}

static const struct template_entry *find_template(struct tn_shaper *shaper, enum tn_dialect dialect, uint64_t context,
                                                  const struct tn_features *features)
{
    const struct tn_shape_scan *scan = &shaper->scan;
    struct template_entry      *set = &shaper->templates[((scan->tmpl[0] ^ context) % TEMPLATE_SETS) * WAYS], *entry;

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].key[0] != 0 && set[i].context == context && set[i].tmpl[0] == scan->tmpl[0] && set[i].tmpl[1] == scan->tmpl[1]) {
            bump(&shaper->l1_hits);
            return &set[i];
        }
    entry = &set[shaper->turn++ % WAYS];
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].key[0] == 0)
            entry = &set[i];
    *entry = (struct template_entry){.tmpl = {scan->tmpl[0], scan->tmpl[1]}, .context = context};
    key_of(shaper, dialect, context, features, entry);
    return entry;
}

/* ---- L0 ---- */

static void move_text(struct tn_str *text, const char *from, size_t len, const char *to)
{
    if (text->ptr != NULL && text->ptr >= from && text->ptr <= from + len)
        text->ptr = to + (text->ptr - from);
}

static size_t set_of(const struct tn_shaper *shaper, const uint64_t hash[2])
{
    return (size_t)(hash[0] & (shaper->sets - 1)) * WAYS;
}

static const struct text_entry *find_text(const struct tn_shaper *shaper, const uint64_t hash[2], size_t len)
{
    size_t   set = set_of(shaper, hash);
    uint32_t tag = tn_seen_mark(hash);

    for (size_t i = set; i < set + WAYS; i++)
        if (shaper->tags[i] == tag && shaper->texts[i].text[0] == hash[0] && shaper->texts[i].text[1] == hash[1] && shaper->texts[i].len == len)
            return &shaper->texts[i];
    return NULL;
}

/* A free place, or that of whom chance finds. */
static struct text_entry *free_text(struct tn_shaper *shaper, const uint64_t hash[2])
{
    size_t set = set_of(shaper, hash), at = SIZE_MAX;

    for (size_t i = set; i < set + WAYS && at == SIZE_MAX; i++)
        if (shaper->tags[i] == 0)
            at = i;
    if (at == SIZE_MAX)
        at = set + shaper->turn++ % WAYS;
    shaper->tags[at] = tn_seen_mark(hash);
    return &shaper->texts[at];
}

static uint64_t proof_of(const struct tn_shaper *shaper, struct tn_str text)
{
    return tn_hash_seeded(text.ptr, text.len, shaper->secret);
}

/* The same text as before. SHAPE NULL: its features alone. */
static bool find_again(struct tn_shaper *shaper, struct tn_str text, const uint64_t hash[2], struct tn_shape *shape, struct tn_features *features)
{
    const struct text_entry *known = find_text(shaper, hash, text.len);

    if (known == NULL || known->proof != proof_of(shaper, text))
        return false;
    bump(&shaper->l0_hits);
    if (shape != NULL)
        *shape = known->shape;
    *features = known->features;
    for (unsigned i = 0; i < features->table_count; i++)
        move_text(&features->tables[i], known->at, known->len, text.ptr);
    move_text(&features->inner, known->at, known->len, text.ptr);
    return true;
}

static void keep(struct tn_shaper *shaper, struct tn_str text, const uint64_t hash[2], const struct tn_shape *shape, const struct tn_features *features)
{
    struct text_entry *entry;

    if (!tn_seen_again(shaper->seen, SEEN_SETS, hash))
        return;
    entry = free_text(shaper, hash);
    *entry = (struct text_entry){.text = {hash[0], hash[1]}, .proof = proof_of(shaper, text), .at = text.ptr, .len = text.len, .features = *features};
    if (shape != NULL)
        entry->shape = *shape;
}

/* From its text. True: literals that tell only that they are such say nothing else. */
static bool read_shape(struct tn_shaper *shaper, struct tn_str text, enum tn_dialect dialect, uint64_t context, const struct tn_str *params,
                       unsigned param_count, struct tn_shape *shape, struct tn_features *features)
{
    const struct template_entry *tpl;

    tn_shape_scan(&shaper->scan, text, dialect, params, param_count, features);
    tpl = find_template(shaper, dialect, context, features);
    *shape = (struct tn_shape){.key = {tpl->key[0], tpl->key[1]}, .tmpl = {tpl->tmpl[0], tpl->tmpl[1]}, .class = class_of(features),
                               .band = band_of(features), .level = tpl->level};
    return !shaper->scan.valued;
}

void tn_shaper_find(struct tn_shaper *shaper, struct tn_str text, const struct tn_shape_context *context,
                    const struct tn_str *params, unsigned param_count, struct tn_shape *shape, struct tn_features *features)
{
    uint64_t where = hash_of(shaper, context), hash[2];
    bool     outlined;

    if (text.ptr == NULL)
        text = TN_STR("");
    text_hash(text, where, params, param_count, hash);
    if (find_again(shaper, text, hash, shape, features))
        return;
    outlined = context->dialect == TN_DIALECT_POSTGRES && param_count == 0 && tn_outlines_read(shaper->outlines, text, where ^ shaper->secret);
    if (outlined && tn_outlines_find(shaper->outlines, text, shape, features))
        bump(&shaper->outline_hits);
    else if (read_shape(shaper, text, context->dialect, where, params, param_count, shape, features) && outlined)
        tn_outlines_keep(shaper->outlines, text, shape, features);
    shape->text[0] = hash[0];
    shape->text[1] = hash[1];
    keep(shaper, text, hash, shape, features);
}

void tn_shaper_features(struct tn_shaper *shaper, struct tn_str text, struct tn_features *features)
{
    uint64_t hash[2];
    bool     outlined;

    if (text.ptr == NULL)
        text = TN_STR("");
    text_hash(text, shaper->alone, NULL, 0, hash);
    if (find_again(shaper, text, hash, NULL, features))
        return;
    outlined = tn_outlines_read(shaper->outlines, text, shaper->alone);
    if (outlined && tn_outlines_find(shaper->outlines, text, NULL, features))
        bump(&shaper->outline_hits);
    else if (!tn_features_read_valued(features, text, TN_DIALECT_POSTGRES) && outlined)
        tn_outlines_keep(shaper->outlines, text, NULL, features);
    keep(shaper, text, hash, NULL, features);
}

void tn_shaper_bind(struct tn_shaper *shaper, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                    unsigned param_count, struct tn_shape *shape, struct tn_features *features)
{
    add_params(params, param_count, shape->text);
    if (!features->sized_by_params)
        return;
    tn_shape_scan(&shaper->scan, text, dialect, params, param_count, features);
    shape->band = band_of(features);
}

void tn_shaper_counts(const struct tn_shaper *shaper, struct tn_shaper_counts *out)
{
    out->l0_hits = atomic_load_explicit(&shaper->l0_hits, memory_order_relaxed);
    out->outline_hits = atomic_load_explicit(&shaper->outline_hits, memory_order_relaxed);
    out->l1_hits = atomic_load_explicit(&shaper->l1_hits, memory_order_relaxed);
    out->fingerprints = atomic_load_explicit(&shaper->fingerprints, memory_order_relaxed);
    out->fingerprints_failed = atomic_load_explicit(&shaper->failed, memory_order_relaxed);
}
