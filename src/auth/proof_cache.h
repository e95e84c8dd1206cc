/* proof_cache.h - passwords that were right lately, so that a client that sends its own with every HTTP request does not cost a
 * millisecond each time. Keeps no password: a SHA-256 of it with a secret of this process. Bounded; any thread. */
#ifndef TN_AUTH_PROOF_CACHE_H
#define TN_AUTH_PROOF_CACHE_H

#include "auth/identity.h"

struct tn_proof_cache;

TN_MUST_USE struct tn_proof_cache *tn_proof_cache_new(void);
void tn_proof_cache_free(struct tn_proof_cache *cache); /* NULL is fine */
void tn_proof_cache_clear(struct tn_proof_cache *cache);
/* A reference, or NULL. GENERATION: of the users; what was put in another is not found. */
struct tn_identity *tn_proof_cache_get(struct tn_proof_cache *cache, struct tn_str user, struct tn_str password,
                                       uint64_t generation);
void tn_proof_cache_put(struct tn_proof_cache *cache, struct tn_str user, struct tn_str password, uint64_t generation,
                        const struct tn_identity *identity);

#endif
