#include "auth/authenticate.h"

#include "auth/http_inside.h"
#include "auth/proof_cache.h"
#include "net/tally.h"
#include "auth/throttle.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/rand.h"
#include "net/listener.h"

#include <pthread.h>

enum { USER_SHOWN = 100 /* bytes of a name in a message */, THREADS = 2 };

struct tn_auth {
    enum tn_cfg_auth_provider provider;
    unsigned char             secret[TN_SCRAM_KEY]; /* of salts for users that do not exist */
    struct tn_throttle       *throttle;
    struct tn_proof_cache    *cache;
    struct tn_offload        *threads; /* for hashing */
    pthread_mutex_t           lock; /* guards what follows */
    struct tn_users          *users;
    uint64_t                  max_failures, failure_window_us;
    uint64_t                  generation; /* of the users */
};

/* ---- life ---- */

enum tn_status tn_auth_new(struct tn_auth **out, const struct tn_settings *settings, struct tn_users *users, struct tn_error *err)
{
    struct tn_auth *auth = tn_calloc(1, sizeof *auth);

    *out = NULL;
    if (auth == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for log-ins");
    pthread_mutex_init(&auth->lock, NULL);
    auth->provider = settings->auth_provider;
    auth->throttle = tn_throttle_new();
    auth->cache = tn_proof_cache_new();
    tn_rand_secret(auth->secret, sizeof auth->secret);
    if (auth->throttle == NULL || auth->cache == NULL) {
        tn_auth_free(auth);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for log-ins");
    }
    if (tn_offload_new(&auth->threads, THREADS, err) != TN_OK) {
        tn_auth_free(auth);
        return TN_E_NOMEM;
    }
    tn_auth_use(auth, settings, users);
    *out = auth;
    return TN_OK;
}

void tn_auth_free(struct tn_auth *auth)
{
    if (auth == NULL)
        return;
    tn_offload_free(auth->threads);
    tn_throttle_free(auth->throttle);
    tn_proof_cache_free(auth->cache);
    tn_users_unref(auth->users);
    pthread_mutex_destroy(&auth->lock);
    explicit_bzero(auth->secret, sizeof auth->secret);
    tn_free(auth);
}

void tn_auth_use(struct tn_auth *auth, const struct tn_settings *settings, struct tn_users *users)
{
    struct tn_users *old;

    pthread_mutex_lock(&auth->lock);
    old = auth->users;
    auth->users = tn_users_ref(users);
    auth->max_failures = settings->auth_max_failures;
    auth->failure_window_us = settings->auth_failure_window;
    auth->generation++;
    pthread_mutex_unlock(&auth->lock);
    tn_proof_cache_clear(auth->cache);
    tn_users_unref(old);
}

/* The present users, counted. */
static struct tn_users *users_now(struct tn_auth *auth, uint64_t *generation)
{
    struct tn_users *users;

    pthread_mutex_lock(&auth->lock);
    users = tn_users_ref(auth->users);
    if (generation != NULL)
        *generation = auth->generation;
    pthread_mutex_unlock(&auth->lock);
    return users;
}

bool tn_auth_is_asked(const struct tn_auth *auth)
{
    return auth->provider != TN_CFG_AUTH_PROVIDER_NONE;
}

/* ---- administrators ---- */

bool tn_auth_admin_is_asked(struct tn_auth *auth)
{
    struct tn_users *users;
    bool             any;

    if (!tn_auth_is_asked(auth))
        return false;
    users = users_now(auth, NULL);
    any = tn_users_any_admin(users);
    tn_users_unref(users);
    return any;
}

bool tn_auth_is_admin(struct tn_auth *auth, const struct tn_identity *identity, struct tn_str peer)
{
    char address[TN_PEER_TEXT];

    if (identity != NULL && identity->admin)
        return true;
    if (tn_auth_admin_is_asked(auth))
        return false;
    tn_str_copy(address, sizeof address, tn_peer_address(peer));
    return tn_net_is_loopback(address);
}

/* ---- step by step ---- */

static void log_refusal(const struct tn_login *login, const char *why)
{
    tn_log(TN_LOG_WARN, "log-in failed", TN_LOG_TEXT("listener", login->listener), TN_LOG_STR("peer", login->peer),
           TN_LOG_STR("user", tn_str_n(login->user.ptr, TN_MIN(login->user.len, (size_t)USER_SHOWN))), TN_LOG_TEXT("why", why));
}

static void read_limits(struct tn_auth *auth, uint64_t *max, uint64_t *window)
{
    pthread_mutex_lock(&auth->lock);
    *max = auth->max_failures;
    *window = auth->failure_window_us;
    pthread_mutex_unlock(&auth->lock);
}

static uint64_t begin(struct tn_auth *auth, struct tn_login *login)
{
    uint64_t max, window, wait;

    read_limits(auth, &max, &window);
    wait = tn_throttle_begin(auth->throttle, tn_peer_address(login->peer), login->user, max, window);
    login->counted = wait == 0;
    login->wait_us = wait;
    return wait;
}

static enum tn_status too_many(const struct tn_login *login, uint64_t wait_us, struct tn_error *err)
{
    log_refusal(login, "too many failures");
    tn_fail(err, TN_E_DENIED, "28P01", "too many failed log-ins of user \"%.*s\" from " TN_STR_FMT "; try again in %llu s",
            (int)TN_MIN(login->user.len, (size_t)USER_SHOWN), login->user.ptr, TN_STR_ARG(tn_peer_address(login->peer)),
            (unsigned long long)(wait_us / 1000000 + 1));
    tn_error_hint(err, "The limits are turnout.auth.maxFailures and turnout.auth.failureWindow.");
    return TN_E_DENIED;
}

enum tn_status tn_auth_check(struct tn_auth *auth, struct tn_login *login, struct tn_error *err)
{
    uint64_t max, window;

    read_limits(auth, &max, &window);
    login->wait_us = tn_throttle_wait(auth->throttle, tn_peer_address(login->peer), login->user, max, false);
    return login->wait_us == 0 ? TN_OK : too_many(login, login->wait_us, err);
}

enum tn_status tn_auth_begin(struct tn_auth *auth, struct tn_login *login, struct tn_error *err)
{
    uint64_t wait = begin(auth, login);

    return wait == 0 ? TN_OK : too_many(login, wait, err);
}

/* The rounds of hashing are told to the client and take their time: one who does not exist has as many as some who do. */
static void mock_iterations(const struct tn_users *users, struct tn_verifier *mock)
{
    size_t   count = tn_users_count(users);
    uint64_t place;

    memcpy(&place, mock->salt, sizeof place); /* so that it is the same each time */
    for (size_t i = 0; i < count; i++) {
        const struct tn_user *user = tn_users_at(users, (size_t)((place % count + i) % count));

        if (user->has_password) {
            mock->iterations = user->verifier.iterations;
            return;
        }
    }
}

enum tn_status tn_auth_look_up(struct tn_auth *auth, const struct tn_login *login, enum tn_proof proof,
                               struct tn_verifier *verifier, struct tn_identity **identity, struct tn_error *err)
{
    struct tn_users      *users = users_now(auth, NULL);
    const struct tn_user *user = tn_users_find(users, login->user);
    bool                  known = user != NULL && user->has_password;

    *identity = NULL;
    tn_verifier_mock(verifier, login->user, auth->secret); /* for all, so that it takes its time for all */
    mock_iterations(users, verifier);
    if (known) {
        *verifier = user->verifier;
        *identity = tn_user_identity(user, proof);
    }
    tn_users_unref(users);
    return known && *identity == NULL ? tn_fail(err, TN_E_NOMEM, "53200", "no memory for a log-in") : TN_OK;
}

bool tn_auth_has_native(struct tn_auth *auth, struct tn_str name, bool *only)
{
    struct tn_users      *users = users_now(auth, NULL);
    const struct tn_user *user = tn_users_find(users, name);
    bool                  has = user != NULL && user->has_native;

    *only = has && !user->has_password;
    tn_users_unref(users);
    return has;
}

struct tn_identity *tn_auth_by_native(struct tn_auth *auth, const struct tn_login *login, const unsigned char *nonce, size_t nonce_len,
                                      struct tn_str response)
{
    struct tn_users      *users = users_now(auth, NULL);
    const struct tn_user *user = tn_users_find(users, login->user);
    struct tn_identity   *identity = NULL;

    if (user != NULL && user->has_native && tn_native_matches(user->native, nonce, nonce_len, response))
        identity = tn_user_identity(user, TN_PROOF_PASSWORD);
    tn_users_unref(users);
    return identity;
}

struct tn_identity *tn_auth_believe(struct tn_str user)
{
    struct tn_identity_parts parts = {.user = user, .proof = TN_PROOF_NONE};

    return tn_identity_new(&parts);
}

struct tn_identity *tn_auth_certified(struct tn_auth *auth, struct tn_str name)
{
    struct tn_identity_parts parts = {.user = name, .proof = TN_PROOF_CERTIFICATE};
    struct tn_users         *users = users_now(auth, NULL);
    const struct tn_user    *user = tn_users_find(users, name);
    struct tn_identity      *identity = NULL;

    if (user != NULL)
        identity = tn_user_identity(user, TN_PROOF_CERTIFICATE);
    else if (!tn_auth_is_asked(auth))
        identity = tn_identity_new(&parts);
    tn_users_unref(users);
    return identity;
}

void tn_auth_succeeded(struct tn_auth *auth, struct tn_login *login)
{
    if (login->counted)
        tn_throttle_succeeded(auth->throttle, tn_peer_address(login->peer), login->user);
    login->counted = false;
}

void tn_auth_failed(struct tn_auth *auth, struct tn_login *login, const char *why, unsigned *delay_ms, struct tn_error *err)
{
    log_refusal(login, why);
    *delay_ms = tn_throttle_delay_ms(auth->throttle, tn_peer_address(login->peer), login->user);
    login->counted = false;
    tn_fail(err, TN_E_DENIED, "28P01", "password authentication failed for user \"%.*s\"",
            (int)TN_MIN(login->user.len, (size_t)USER_SHOWN), login->user.ptr);
}

void tn_auth_forget(struct tn_auth *auth, struct tn_login *login)
{
    if (login->counted)
        tn_throttle_forget(auth->throttle, tn_peer_address(login->peer), login->user);
    login->counted = false;
}

/* ---- what http.c needs of the inside ---- */

struct tn_offload *tn_auth_threads(struct tn_auth *auth)
{
    return auth->threads;
}

bool tn_auth_is_quiet(struct tn_auth *auth)
{
    return tn_offload_idle(auth->threads);
}

uint64_t tn_auth_generation(struct tn_auth *auth)
{
    uint64_t generation;

    pthread_mutex_lock(&auth->lock);
    generation = auth->generation;
    pthread_mutex_unlock(&auth->lock);
    return generation;
}

struct tn_identity *tn_auth_by_password(struct tn_auth *auth, const struct tn_login *login, struct tn_str password)
{
    struct tn_verifier  verifier;
    struct tn_identity *identity;
    uint64_t            generation = tn_auth_generation(auth);
    bool                right;

    if (tn_auth_look_up(auth, login, TN_PROOF_PASSWORD, &verifier, &identity, NULL) != TN_OK)
        return NULL;
    right = tn_verifier_matches(&verifier, password);
    explicit_bzero(&verifier, sizeof verifier);
    if (right && identity != NULL) {
        tn_proof_cache_put(auth->cache, login->user, password, generation, identity);
        return identity;
    }
    tn_identity_unref(identity);
    return NULL;
}

struct tn_identity *tn_auth_seen_password(struct tn_auth *auth, const struct tn_login *login, struct tn_str password)
{
    uint64_t generation, max;

    pthread_mutex_lock(&auth->lock);
    generation = auth->generation;
    max = auth->max_failures;
    pthread_mutex_unlock(&auth->lock);
    if (tn_throttle_wait(auth->throttle, tn_peer_address(login->peer), login->user, max, true) > 0)
        return NULL; /* who guesses must not learn from it that he is right */
    return tn_proof_cache_get(auth->cache, login->user, password, generation);
}

struct tn_identity *tn_auth_by_token(struct tn_auth *auth, struct tn_str token)
{
    struct tn_users      *users = users_now(auth, NULL);
    const struct tn_user *user = tn_users_by_token(users, token);
    struct tn_identity   *identity = user == NULL ? NULL : tn_user_identity(user, TN_PROOF_TOKEN);

    tn_users_unref(users);
    return identity;
}
