#include "translate/answers.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <pthread.h>

enum { WAYS = 4, SHARDS = 16, NAME_MOST = 200, WHY_MOST = 200 };

struct place {
    uint64_t            key[2]; /* 0, 0: empty */
    uint64_t            since_us, until_us;
    enum tn_script_said said;
    char                sqlstate[6];
    uint8_t             name_len, why_len;
    char                name[NAME_MOST], why[WHY_MOST];
};

struct tn_answers {
    size_t          sets; /* of WAYS places, a power of two, at least SHARDS */
    struct place   *places;
    pthread_mutex_t locks[SHARDS];
};

struct tn_answers *tn_answers_new(size_t places)
{
    struct tn_answers *answers = tn_calloc(1, sizeof *answers);

    if (answers == NULL)
        return NULL;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&answers->locks[i], NULL);
    for (answers->sets = SHARDS; answers->sets * WAYS < places; answers->sets *= 2)
        continue;
    answers->places = tn_calloc(answers->sets * WAYS, sizeof *answers->places);
    if (answers->places == NULL) {
        tn_answers_free(answers);
        return NULL;
    }
    return answers;
}

void tn_answers_free(struct tn_answers *answers)
{
    if (answers == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&answers->locks[i]);
    tn_free(answers->places);
    tn_free(answers);
}

/* DEPENDS 0: of a spoilt shape. */
static void make_key(const struct tn_script_facts *facts, uint32_t depends, uint64_t key[2])
{
    uint64_t parts[TN_DEPENDS_COUNT + 4] = {facts->script, facts->members, depends};
    size_t   count = 3;

    for (size_t i = 0; i < TN_DEPENDS_COUNT; i++)
        if ((depends >> i & 1) != 0)
            parts[count++] = facts->facts[i];
    if (depends == 0)
        parts[count++] = facts->facts[TN_DEPENDS_SHAPE];
    tn_hash_128(parts, count * sizeof *parts, 0, key);
    key[0] |= 1;
}

static struct place *set_of(struct tn_answers *answers, const uint64_t key[2])
{
    return &answers->places[(key[1] & (answers->sets - 1)) * WAYS];
}

static pthread_mutex_t *lock_of(struct tn_answers *answers, const uint64_t key[2])
{
    return &answers->locks[key[1] & (SHARDS - 1)];
}

static bool read_place(const struct place *place, struct tn_arena *arena, struct tn_script_answer *out)
{
    *out = (struct tn_script_answer){.said = place->said, .kept = true};
    memcpy(out->sqlstate, place->sqlstate, sizeof out->sqlstate);
    return tn_arena_str(arena, tn_str_n(place->name, place->name_len), &out->name) &&
           tn_arena_str(arena, tn_str_n(place->why, place->why_len), &out->why);
}

static bool look_up(struct tn_answers *answers, const uint64_t key[2], uint64_t now_us, struct tn_arena *arena, struct tn_script_answer *out)
{
    struct place *set = set_of(answers, key);
    bool          found = false;

    pthread_mutex_lock(lock_of(answers, key));
    for (size_t i = 0; i < WAYS && !found; i++)
        found = set[i].key[0] == key[0] && set[i].key[1] == key[1] && set[i].until_us > now_us && read_place(&set[i], arena, out);
    pthread_mutex_unlock(lock_of(answers, key));
    return found;
}

bool tn_answers_find(struct tn_answers *answers, const struct tn_script_facts *facts, uint64_t declared, uint64_t now_us, struct tn_arena *arena,
                     struct tn_script_answer *out)
{
    uint64_t key[2];

    if ((uint32_t)declared != 0) {
        make_key(facts, (uint32_t)declared, key);
        if (look_up(answers, key, now_us, arena, out))
            return true;
    }
    make_key(facts, 0, key);
    return look_up(answers, key, now_us, arena, out);
}

static void put(struct tn_answers *answers, const struct place *place)
{
    struct place *set = set_of(answers, place->key), *to = &set[0];

    pthread_mutex_lock(lock_of(answers, place->key));
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].since_us < to->since_us)
            to = &set[i];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].key[0] == place->key[0] && set[i].key[1] == place->key[1])
            to = &set[i];
    *to = *place;
    pthread_mutex_unlock(lock_of(answers, place->key));
}

void tn_answers_keep(struct tn_answers *answers, const struct tn_script_facts *facts, uint64_t declared, uint64_t now_us,
                     const struct tn_script_answer *answer)
{
    struct place place = {.since_us = now_us, .until_us = now_us + (declared >> 32 & 0xffffff) * 1000000, .said = answer->said};

    if ((uint32_t)declared == 0 || answer->name.len > NAME_MOST || answer->why.len > WHY_MOST)
        return;
    make_key(facts, (uint32_t)declared, place.key);
    memcpy(place.sqlstate, answer->sqlstate, sizeof place.sqlstate);
    place.name_len = (uint8_t)answer->name.len;
    place.why_len = (uint8_t)answer->why.len;
    if (answer->name.len > 0)
        memcpy(place.name, answer->name.ptr, answer->name.len);
    if (answer->why.len > 0)
        memcpy(place.why, answer->why.ptr, answer->why.len);
    put(answers, &place);
}

void tn_answers_spoil(struct tn_answers *answers, const struct tn_script_facts *facts, struct tn_str why, uint64_t until_us)
{
    struct place place = {.since_us = until_us, .until_us = until_us, .said = TN_SCRIPT_FAILED};

    make_key(facts, 0, place.key);
    place.why_len = (uint8_t)tn_utf8_valid_prefix(why.ptr, TN_MIN(why.len, (size_t)WHY_MOST));
    memcpy(place.why, why.ptr, place.why_len);
    put(answers, &place);
}
