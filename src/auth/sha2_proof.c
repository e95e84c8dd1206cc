#include "auth/sha2_proof.h"

#include "auth/http_inside.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/rand.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>

enum { PLACES = 1024, RSA_BITS = TN_SHA2_RSA_BYTES * 8, PEM_MAX = 1024, NONCE_MAX = 64 };

struct place {
    struct tn_identity *identity; /* its user is the place's; NULL: free */
    uint64_t            generation;
    unsigned char       digest[TN_SHA2_PROOF]; /* SHA256(SHA256(password)) */
};

struct tn_sha2_proof {
    _Atomic unsigned     refs;
    pthread_mutex_t      making;  /* one thread makes the key, the others wait for it */
    _Atomic(EVP_PKEY *)  key;     /* NULL: nobody has asked for it yet. Set once, when all of it is there */
    char                 pem[PEM_MAX];
    size_t               pem_len;
    uint64_t             seed;
    pthread_mutex_t      lock;    /* guards the places */
    struct place         places[PLACES];
};

static bool write_pem(struct tn_sha2_proof *proof, EVP_PKEY *key)
{
    BIO   *bio = BIO_new(BIO_s_mem());
    char  *data;
    long   len;
    bool   ok = bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1;

    if (ok) {
        len = BIO_get_mem_data(bio, &data);
        ok = len > 0 && len < PEM_MAX;
        if (ok) {
            memcpy(proof->pem, data, (size_t)len);
            proof->pem_len = (size_t)len;
        }
    }
    BIO_free(bio);
    return ok;
}

enum tn_status tn_sha2_proof_new(struct tn_sha2_proof **out, struct tn_error *err)
{
    struct tn_sha2_proof *proof = tn_calloc(1, sizeof *proof);

    *out = NULL;
    if (proof == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for log-ins");
    atomic_init(&proof->refs, 1);
    pthread_mutex_init(&proof->making, NULL);
    pthread_mutex_init(&proof->lock, NULL);
    tn_rand_secret(&proof->seed, sizeof proof->seed);
    *out = proof;
    return TN_OK;
}

struct tn_sha2_proof *tn_sha2_proof_ref(struct tn_sha2_proof *proof)
{
    atomic_fetch_add_explicit(&proof->refs, 1, memory_order_relaxed);
    return proof;
}

static void empty(struct place *place)
{
    tn_identity_unref(place->identity);
    explicit_bzero(place, sizeof *place);
}

void tn_sha2_proof_unref(struct tn_sha2_proof *proof)
{
    if (proof == NULL || atomic_fetch_sub_explicit(&proof->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < PLACES; i++)
        empty(&proof->places[i]);
    pthread_mutex_destroy(&proof->lock);
    pthread_mutex_destroy(&proof->making);
    EVP_PKEY_free(atomic_load(&proof->key));
    tn_free(proof);
}

struct tn_str tn_sha2_public_key(const struct tn_sha2_proof *proof)
{
    return atomic_load(&proof->key) != NULL ? tn_str_n(proof->pem, proof->pem_len) : TN_STR("");
}

void tn_sha2_make_key(struct tn_sha2_proof *proof)
{
    EVP_PKEY *key;

    pthread_mutex_lock(&proof->making);
    if (atomic_load(&proof->key) == NULL) {
        key = EVP_RSA_gen(RSA_BITS);
        if (key != NULL && write_pem(proof, key))
            atomic_store(&proof->key, key);
        else
            EVP_PKEY_free(key);
    }
    pthread_mutex_unlock(&proof->making);
}

/* ---- the quick way ---- */

static struct place *place_of(struct tn_sha2_proof *proof, struct tn_str user)
{
    return &proof->places[tn_hash_seeded(user.ptr, user.len, proof->seed) % PLACES];
}

/* The identity and digest that are remembered; NULL: none that holds. */
static struct tn_identity *recall(struct tn_sha2_proof *proof, uint64_t generation, struct tn_str user, unsigned char digest[TN_SHA2_PROOF])
{
    struct place       *place = place_of(proof, user);
    struct tn_identity *identity = NULL;

    pthread_mutex_lock(&proof->lock);
    if (place->identity != NULL && place->generation == generation && tn_str_eq(place->identity->user, user)) {
        identity = tn_identity_ref(place->identity);
        memcpy(digest, place->digest, TN_SHA2_PROOF);
    }
    pthread_mutex_unlock(&proof->lock);
    return identity;
}

bool tn_sha2_knows(struct tn_sha2_proof *proof, struct tn_auth *auth, struct tn_str user)
{
    unsigned char       digest[TN_SHA2_PROOF];
    struct tn_identity *identity = recall(proof, tn_auth_generation(auth), user, digest);

    explicit_bzero(digest, sizeof digest);
    tn_identity_unref(identity);
    return identity != NULL;
}

/* RESPONSE = SHA256(password) xor SHA256(SHA256(SHA256(password)) nonce). */
struct tn_identity *tn_sha2_quick(struct tn_sha2_proof *proof, struct tn_auth *auth, const struct tn_login *login,
                                  const unsigned char *nonce, size_t nonce_len, struct tn_str response)
{
    unsigned char       digest[TN_SHA2_PROOF], mixed[TN_SHA2_PROOF + NONCE_MAX], mask[TN_SHA2_PROOF];
    struct tn_identity *identity;
    bool                right;

    if (response.len != TN_SHA2_PROOF || nonce_len > NONCE_MAX)
        return NULL;
    identity = recall(proof, tn_auth_generation(auth), login->user, digest);
    if (identity == NULL)
        return NULL;
    memcpy(mixed, digest, sizeof digest);
    memcpy(mixed + sizeof digest, nonce, nonce_len);
    tn_scram_hash(mixed, sizeof digest + nonce_len, mask);
    for (size_t i = 0; i < sizeof mask; i++)
        mask[i] ^= (unsigned char)response.ptr[i];
    tn_scram_hash(mask, sizeof mask, mask);
    right = tn_secret_eq(mask, digest, sizeof mask);
    explicit_bzero(digest, sizeof digest);
    explicit_bzero(mixed, sizeof mixed);
    explicit_bzero(mask, sizeof mask);
    if (right)
        return identity;
    tn_identity_unref(identity);
    return NULL;
}

/* ---- the long way ---- */

static void remember(struct tn_sha2_proof *proof, uint64_t generation, struct tn_str password, const struct tn_identity *identity)
{
    struct place *place = place_of(proof, identity->user);
    unsigned char digest[TN_SHA2_PROOF];

    tn_scram_hash(password.ptr, password.len, digest);
    tn_scram_hash(digest, sizeof digest, digest);
    pthread_mutex_lock(&proof->lock);
    empty(place);
    place->identity = tn_identity_ref(identity);
    place->generation = generation;
    memcpy(place->digest, digest, sizeof digest);
    pthread_mutex_unlock(&proof->lock);
    explicit_bzero(digest, sizeof digest);
}

struct tn_identity *tn_sha2_whole(struct tn_sha2_proof *proof, struct tn_auth *auth, const struct tn_login *login, struct tn_str password)
{
    uint64_t            generation = tn_auth_generation(auth); /* before the look: a reload in between makes it useless */
    struct tn_identity *identity = tn_auth_by_password(auth, login, password);

    if (identity != NULL)
        remember(proof, generation, password, identity);
    return identity;
}

bool tn_sha2_decrypt(struct tn_sha2_proof *proof, struct tn_str cipher, const unsigned char *nonce, size_t nonce_len,
                     unsigned char out[TN_SHA2_RSA_BYTES], size_t *len)
{
    EVP_PKEY     *key = atomic_load(&proof->key);
    EVP_PKEY_CTX *context = key != NULL && cipher.len == TN_SHA2_RSA_BYTES ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t        size = TN_SHA2_RSA_BYTES;
    bool          ok = context != NULL && EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_decrypt(context, out, &size, (const unsigned char *)cipher.ptr, cipher.len) == 1 && size > 0;

    EVP_PKEY_CTX_free(context);
    if (!ok)
        return false;
    for (size_t i = 0; i < size; i++)
        out[i] ^= nonce[i % nonce_len];
    *len = size - 1;
    return out[size - 1] == '\0';
}
