#include "translate/cache.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "translate/entry.h"

#include <pthread.h>

enum { SHARDS = 16, BUCKETS = 2048, WARNINGS_MAX = 1000, PLACES_MAX = 1024, ROW_MAX = 4 << 20 };

struct shard {
    pthread_mutex_t lock;
    struct entry   *buckets[BUCKETS];
    struct tn_list  used;
    size_t          bytes;
    struct tn_translations_counts counts;
};

struct tn_translations {
    size_t       max_bytes; /* of a shard */
    struct shard shards[SHARDS];
};

struct tn_translations *tn_translations_new(size_t max_bytes)
{
    struct tn_translations *cache = tn_calloc(1, sizeof *cache);

    if (cache == NULL)
        return NULL;
    cache->max_bytes = max_bytes / SHARDS;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&cache->shards[i].lock, NULL);
        tn_list_init(&cache->shards[i].used);
    }
    return cache;
}

/* ---- keys ---- */

static void head_key(const struct tn_scan *scan, uint64_t salt, uint64_t key[2])
{
    uint64_t parts[3] = {scan->key[0], scan->key[1], salt};

    tn_hash_128(parts, sizeof parts, scan->secret + HEAD, key);
}

uint64_t tn_translations_flight(const struct tn_scan *scan, uint64_t salt)
{
    uint64_t key[2];

    head_key(scan, salt, key);
    return key[0];
}

static bool is_fixed(const struct entry *head, size_t i)
{
    return head->exact || (head->fixed[i / 64] >> i % 64 & 1) != 0;
}

static void body_key(const struct entry *head, const struct tn_scan *scan, uint64_t key[2])
{
    uint64_t parts[3] = {head->key[0], head->key[1], head->exact};

    for (size_t i = 0; i < scan->count; i++)
        if (is_fixed(head, i))
            parts[2] = tn_hash_seeded(scan->literals[i].ptr, scan->literals[i].len, scan->secret + parts[2] + i);
    tn_hash_128(parts, sizeof parts, scan->secret + BODY, key);
}

/* ---- the table; the shard's lock is held. All entries of a head are in the shard of its key. ---- */

static struct shard *shard_of(struct tn_translations *cache, const uint64_t key[2])
{
    return &cache->shards[key[0] % SHARDS];
}

static size_t bucket_of(const uint64_t key[2])
{
    return (size_t)(key[1] % BUCKETS);
}

static struct entry *find(struct shard *shard, const uint64_t key[2])
{
    struct entry *e = shard->buckets[bucket_of(key)];

    while (e != NULL && (e->key[0] != key[0] || e->key[1] != key[1]))
        e = e->next;
    if (e != NULL) {
        tn_list_remove(&e->used);
        tn_list_append(&shard->used, &e->used);
    }
    return e;
}

static void drop(struct shard *shard, struct entry *entry)
{
    struct entry **at = &shard->buckets[bucket_of(entry->key)];

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    tn_list_remove(&entry->used);
    shard->bytes -= entry->bytes;
    shard->counts.entries--;
    tn_free(entry);
}

static void insert(struct tn_translations *cache, struct shard *shard, struct entry *entry)
{
    struct entry *old = find(shard, entry->key);
    size_t        bucket = bucket_of(entry->key);

    if (old != NULL)
        drop(shard, old);
    entry->next = shard->buckets[bucket];
    shard->buckets[bucket] = entry;
    tn_list_append(&shard->used, &entry->used);
    shard->bytes += entry->bytes;
    shard->counts.entries++;
    while (shard->bytes > cache->max_bytes && tn_list_first(&shard->used) != &entry->used) {
        drop(shard, TN_CONTAINER_OF(tn_list_first(&shard->used), struct entry, used));
        shard->counts.evicted++;
    }
}

void tn_translations_free(struct tn_translations *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct tn_list *node;

        while ((node = tn_list_first(&cache->shards[i].used)) != NULL)
            drop(&cache->shards[i], TN_CONTAINER_OF(node, struct entry, used));
        pthread_mutex_destroy(&cache->shards[i].lock);
    }
    tn_free(cache);
}

/* ---- instances ---- */

static char *put(char *out, const char *bytes, size_t len)
{
    if (len > 0)
        memcpy(out, bytes, len);
    return out + len;
}

static bool copy_out(struct tn_arena *arena, const char *text, size_t len, struct tn_str *out)
{
    char *copy = tn_arena_alloc(arena, len + 1);

    if (copy == NULL)
        return false;
    put(copy, text, len);
    *out = tn_str_n(copy, len);
    return true;
}

static bool instantiate(const struct entry *body, const struct tn_scan *scan, struct tn_arena *arena, struct tn_translated *out)
{
    size_t len = tn_translation_len(body, scan);
    char  *text = tn_arena_alloc(arena, len + 1);

    if (text == NULL || !copy_out(arena, body->why, body->why_len, &out->why))
        return false;
    tn_translation_write(body, scan, text);
    out->verdict = TN_VERDICT_OK;
    out->text = tn_str_n(text, len);
    return true;
}

static void refusal_key(const struct entry *head, const struct tn_scan *scan, uint64_t key[2])
{
    uint64_t parts[3] = {head->key[0], head->key[1], tn_translation_literals_hash(scan)};

    tn_hash_128(parts, sizeof parts, scan->secret + REFUSAL, key);
}

static bool refused(const struct entry *e, const struct tn_scan *scan, uint64_t now_us, struct tn_arena *arena, struct tn_translated *out)
{
    if (e == NULL || e->kind != REFUSAL || e->until_us <= now_us || (!e->trusted && e->literals != tn_translation_literals_hash(scan)))
        return false;
    *out = (struct tn_translated){.verdict = e->verdict};
    return copy_out(arena, e->why, e->why_len, &out->why);
}

static bool look_up(struct shard *shard, const struct tn_scan *scan, const uint64_t key[2], uint64_t now_us, struct tn_arena *arena,
                    struct tn_translated *out)
{
    struct entry *head = find(shard, key), *body;
    uint64_t      second[2];

    if (head == NULL)
        return false;
    if (head->kind == REFUSAL)
        return refused(head, scan, now_us, arena, out);
    body_key(head, scan, second);
    body = find(shard, second);
    if (body != NULL && body->kind == BODY && tn_translation_fits(body, scan) && tn_translation_believed(body, scan))
        return instantiate(body, scan, arena, out);
    refusal_key(head, scan, second);
    return refused(find(shard, second), scan, now_us, arena, out);
}

bool tn_translations_find(struct tn_translations *cache, const struct tn_scan *scan, uint64_t salt, uint64_t now_us, struct tn_arena *arena,
                          struct tn_translated *out)
{
    struct shard *shard;
    uint64_t      key[2];
    bool          found;

    head_key(scan, salt, key);
    shard = shard_of(cache, key);
    pthread_mutex_lock(&shard->lock);
    found = look_up(shard, scan, key, now_us, arena, out);
    if (found)
        shard->counts.hits++;
    else
        shard->counts.misses++;
    pthread_mutex_unlock(&shard->lock);
    return found;
}

/* ---- learning ---- */

/* PLACES that hold their literal byte for byte; FIXED gets the literals that have none. */
static size_t good_places(const struct tn_scan *scan, struct tn_str text, struct tn_str places, struct tn_frame_place good[PLACES_MAX],
                          uint64_t fixed[FIXED_WORDS])
{
    struct tn_frame_place place;
    size_t                count = 0;

    for (size_t i = 0; i < FIXED_WORDS; i++)
        fixed[i] = UINT64_MAX;
    for (size_t n = 0; count < PLACES_MAX && tn_frame_place(places, n, text.len, &place); n++) {
        if (place.kind != 'L' || place.number >= scan->count ||
            !tn_str_eq(tn_str_n(text.ptr + place.at, place.len), scan->literals[place.number]))
            continue;
        fixed[place.number / 64] &= ~(UINT64_C(1) << place.number % 64);
        good[count++] = place;
    }
    return count;
}

static struct entry *body_new(const uint64_t key[2], const struct tn_scan *scan, struct tn_str text, const struct tn_frame_place *places,
                              size_t count, struct tn_str why)
{
    size_t        removed = 0, at = 0;
    struct entry *e;
    char         *out;

    for (size_t i = 0; i < count; i++)
        removed += places[i].len;
    e = tn_translation_entry(BODY, key, text.len - removed, TN_MIN(why.len, (size_t)WARNINGS_MAX), count, count > 0 ? scan->count : 0);
    if (e == NULL)
        return NULL;
    for (size_t i = 0; i < e->made_count; i++)
        e->made[i] = tn_translation_literal_hash(scan, i);
    out = e->text;
    for (size_t i = 0; i < count; i++) {
        out = put(out, text.ptr + at, places[i].at - at);
        at = places[i].at + places[i].len;
        e->places[i] = (struct place){.at = (uint32_t)(out - e->text), .number = places[i].number};
    }
    put(out, text.ptr + at, text.len - at);
    put(e->why, why.ptr, e->why_len);
    return e;
}

static struct entry *head_of(struct tn_translations *cache, struct shard *shard, const uint64_t key[2])
{
    struct entry *head = find(shard, key);

    if (head != NULL && head->kind == HEAD)
        return head;
    head = tn_translation_entry(HEAD, key, 0, 0, 0, 0);
    if (head != NULL)
        insert(cache, shard, head);
    return head;
}

static void put_u64(struct tn_buf *out, uint64_t value)
{
    tn_frame_put_u32(out, (uint32_t)value);
    tn_frame_put_u32(out, (uint32_t)(value >> 32));
}

/* shard, key, kind, flags, then what the kind has. */
static void put_row(struct tn_buf *rows, const struct entry *e, size_t shard)
{
    struct tn_buf row;

    if (rows == NULL)
        return;
    tn_buf_init(&row, ROW_MAX);
    tn_buf_put_u8(&row, (uint8_t)shard);
    put_u64(&row, e->key[0]);
    put_u64(&row, e->key[1]);
    tn_buf_put_u8(&row, (uint8_t)e->kind);
    tn_buf_put_u8(&row, e->exact);
    if (e->kind == HEAD) {
        for (size_t i = 0; i < FIXED_WORDS; i++)
            put_u64(&row, e->fixed[i]);
    } else {
        tn_frame_put_u32(&row, e->place_count);
        for (size_t i = 0; i < e->place_count; i++) {
            tn_frame_put_u32(&row, e->places[i].at);
            tn_frame_put_u32(&row, e->places[i].number);
        }
        tn_frame_field(&row, tn_str_n(e->why, e->why_len));
        tn_frame_field(&row, tn_str_n(e->text, e->text_len));
    }
    if (!row.failed)
        tn_frame_field(rows, tn_buf_str(&row));
    tn_buf_reset(&row);
}

static void learn(struct tn_translations *cache, struct shard *shard, struct entry *head, const struct tn_scan *scan, struct tn_str text,
                  const struct tn_frame_place *places, size_t count, struct tn_str why, struct tn_buf *rows)
{
    struct entry *body;
    uint64_t      key[2];

    body_key(head, scan, key);
    body = find(shard, key);
    if (body != NULL && body->kind == BODY && !head->exact && tn_translation_has_others(body, scan)) {
        if (tn_translation_equals(body, scan, text)) {
            tn_translation_believe(body, scan);
            shard->counts.verified++;
            if (body->trusted) {
                put_row(rows, head, (size_t)(shard - cache->shards));
                put_row(rows, body, (size_t)(shard - cache->shards));
            }
            return;
        }
        shard->counts.different++;
        head->exact = true;
        put_row(rows, head, (size_t)(shard - cache->shards));
        body_key(head, scan, key);
    }
    body = body_new(key, scan, text, places, head->exact ? 0 : count, why);
    if (body == NULL)
        return;
    body->trusted = head->exact || scan->count == 0 || count == 0;
    shard->counts.learned++;
    if (body->trusted && !head->exact) {
        put_row(rows, head, (size_t)(shard - cache->shards));
        put_row(rows, body, (size_t)(shard - cache->shards));
    }
    insert(cache, shard, body);
}

void tn_translations_learn(struct tn_translations *cache, const struct tn_scan *scan, uint64_t salt, struct tn_str text, struct tn_str places,
                           struct tn_str warnings, struct tn_buf *rows)
{
    struct tn_frame_place good[PLACES_MAX];
    uint64_t              key[2], fixed[FIXED_WORDS];
    size_t                count = good_places(scan, text, places, good, fixed);
    struct shard         *shard;
    struct entry         *head;

    if (text.len > ROW_MAX / 2)
        return;
    head_key(scan, salt, key);
    shard = shard_of(cache, key);
    pthread_mutex_lock(&shard->lock);
    head = head_of(cache, shard, key);
    if (head != NULL) {
        for (size_t i = 0; i < FIXED_WORDS; i++)
            head->fixed[i] |= fixed[i];
        learn(cache, shard, head, scan, text, good, count, warnings, rows);
    }
    pthread_mutex_unlock(&shard->lock);
}

/* A reason that names a literal is another one with the next. */
static bool same_reason(const struct entry *a, const struct entry *b)
{
    return a->kind == REFUSAL && a->verdict == b->verdict && tn_str_eq(tn_str_n(a->why, a->why_len), tn_str_n(b->why, b->why_len));
}

/* A template that was translated once is refused for these literals only; another one is, as soon as two statements of it were for the same reason, which is
 * none of their literals'. */
void tn_translations_refuse(struct tn_translations *cache, const struct tn_scan *scan, uint64_t salt, const struct tn_translated *result,
                            uint64_t until_us)
{
    struct shard *shard;
    struct entry *e, *head;
    uint64_t      key[2], literals = tn_translation_literals_hash(scan);

    head_key(scan, salt, key);
    e = tn_translation_entry(REFUSAL, key, 0, TN_MIN(result->why.len, (size_t)WARNINGS_MAX), 0, 0);
    if (e == NULL)
        return;
    e->verdict = result->verdict;
    e->until_us = until_us;
    e->literals = literals;
    put(e->why, result->why.ptr, e->why_len);
    shard = shard_of(cache, key);
    pthread_mutex_lock(&shard->lock);
    shard->counts.refused++;
    head = find(shard, key);
    if (head != NULL && head->kind == HEAD)
        refusal_key(head, scan, e->key);
    else
        e->trusted = !result->of_literal && head != NULL && (head->trusted || head->literals != literals) && same_reason(head, e);
    insert(cache, shard, e);
    pthread_mutex_unlock(&shard->lock);
}

/* ---- rows ---- */

struct reader {
    struct tn_str rest;
    bool          failed;
};

static const char *take(struct reader *r, size_t len)
{
    const char *at = r->rest.ptr;

    if (r->failed || r->rest.len < len) {
        r->failed = true;
        return NULL;
    }
    r->rest = tn_str_n(at + len, r->rest.len - len);
    return at;
}

static uint32_t take_u32(struct reader *r)
{
    const char *at = take(r, 4);

    return at == NULL ? 0 : tn_frame_u32(at);
}

static uint64_t take_u64(struct reader *r)
{
    uint64_t low = take_u32(r);

    return low | (uint64_t)take_u32(r) << 32;
}

static uint8_t take_u8(struct reader *r)
{
    const char *at = take(r, 1);

    return at == NULL ? 0 : (uint8_t)*at;
}

static struct entry *read_body(struct reader *r, const uint64_t key[2])
{
    uint32_t      count = take_u32(r), before = 0;
    struct tn_str places, why, text;
    struct entry *e;

    if (count > PLACES_MAX)
        return NULL;
    places = tn_str_n(take(r, count * 8), count * 8);
    why.len = take_u32(r);
    why.ptr = take(r, why.len);
    text.len = take_u32(r);
    text.ptr = take(r, text.len);
    e = r->failed || r->rest.len > 0 ? NULL : tn_translation_entry(BODY, key, text.len, why.len, count, 0);
    if (e == NULL)
        return NULL;
    put(e->text, text.ptr, text.len);
    put(e->why, why.ptr, why.len);
    e->trusted = true;
    for (uint32_t i = 0; i < count; i++) {
        e->places[i] = (struct place){tn_frame_u32(places.ptr + i * 8), tn_frame_u32(places.ptr + i * 8 + 4)};
        if (e->places[i].at < before || e->places[i].at > text.len || e->places[i].number >= TN_SCAN_LITERALS) {
            tn_free(e);
            return NULL;
        }
        before = e->places[i].at;
    }
    return e;
}

bool tn_translations_load(struct tn_translations *cache, struct tn_str row)
{
    struct reader r = {.rest = row};
    uint8_t       at = take_u8(&r), kind, exact;
    uint64_t      key[2];
    struct entry *e;

    key[0] = take_u64(&r);
    key[1] = take_u64(&r);
    kind = take_u8(&r);
    exact = take_u8(&r);
    if (r.failed || at >= SHARDS || (kind != HEAD && kind != BODY) || (kind == HEAD && key[0] % SHARDS != at))
        return false;
    e = kind == BODY ? read_body(&r, key) : tn_translation_entry(HEAD, key, 0, 0, 0, 0);
    if (e == NULL)
        return false;
    e->exact = exact == 1;
    for (size_t i = 0; kind == HEAD && i < FIXED_WORDS; i++)
        e->fixed[i] = take_u64(&r);
    if (r.failed || r.rest.len > 0) {
        tn_free(e);
        return false;
    }
    pthread_mutex_lock(&cache->shards[at].lock);
    insert(cache, &cache->shards[at], e);
    pthread_mutex_unlock(&cache->shards[at].lock);
    return true;
}

void tn_translations_count(struct tn_translations *cache, struct tn_translations_counts *out)
{
    *out = (struct tn_translations_counts){0};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &cache->shards[i];

        pthread_mutex_lock(&s->lock);
        out->hits += s->counts.hits;
        out->misses += s->counts.misses;
        out->learned += s->counts.learned;
        out->verified += s->counts.verified;
        out->different += s->counts.different;
        out->evicted += s->counts.evicted;
        out->refused += s->counts.refused;
        out->entries += s->counts.entries;
        out->bytes += s->bytes;
        pthread_mutex_unlock(&s->lock);
    }
}
