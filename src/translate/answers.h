/* answers.h - what scripts said, for as long as they allow: CACHE of a script names what its answers depend on. Bounded: a fixed
 * number of places; of those that a key may take, the oldest goes. Also that a script did not come to an end for a shape, so
 * that it is not given to the next process at once. Thread-safe: shards with a lock each, held for the copying of one answer. */
#ifndef TN_TRANSLATE_ANSWERS_H
#define TN_TRANSLATE_ANSWERS_H

#include "base/arena.h"
#include "config/script_ask.h"

/* What an answer may depend on, by the name in CACHE. DEPENDS(value, "name") in the order of the bits that worker.py answers with. */
enum tn_depends {
#define DEPENDS(value, name) TN_DEPENDS_##value,
#include "translate/depends.def"
#undef DEPENDS
    TN_DEPENDS_COUNT
};

/* script->declared: known, not kept / kept for seconds by a set of these. */
#define TN_DECLARED_KNOWN (UINT64_C(1) << 63)
static inline uint64_t tn_declared(uint32_t depends, uint32_t seconds)
{
    return TN_DECLARED_KNOWN | (uint64_t)(seconds & 0xffffff) << 32 | depends;
}

/* Hashes of everything a question depends on; what was not asked for is not filled in. */
struct tn_script_facts {
    uint64_t script;  /* hash of its text, and of what it is asked for */
    uint64_t members; /* of the group whose member is asked for */
    uint64_t facts[TN_DEPENDS_COUNT];
};

struct tn_answers;

TN_MUST_USE struct tn_answers *tn_answers_new(size_t places); /* NULL: no memory */
void tn_answers_free(struct tn_answers *answers);

/* DECLARED: of the script, with the facts that it names. Texts are in ARENA. */
bool tn_answers_find(struct tn_answers *answers, const struct tn_script_facts *facts, uint64_t declared, uint64_t now_us, struct tn_arena *arena,
                     struct tn_script_answer *out);
/* One that is too long for its place is not kept. */
void tn_answers_keep(struct tn_answers *answers, const struct tn_script_facts *facts, uint64_t declared, uint64_t now_us,
                     const struct tn_script_answer *answer);
/* SCRIPT came to no end for this shape: WHY is the answer until UNTIL_US. Needs facts[TN_DEPENDS_SHAPE]. */
void tn_answers_spoil(struct tn_answers *answers, const struct tn_script_facts *facts, struct tn_str why, uint64_t until_us);

#endif
