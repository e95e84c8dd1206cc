/* The RSA key with which a client encrypts its password where there is no TLS. Most programs never need it, and making it takes a
 * while: it is made in the offload pool when a client first asks. */
#include "mysql/private.h"

#include "base/alloc.h"

/* One client that waits; outlives its session. */
struct tn_my_key_wait {
    struct tn_job         job;
    struct tn_sha2_proof *proof;   /* counted */
    struct tn_my_session *session; /* NULL: gone, or not interested any more */
};

void tn_my_key_forget(struct tn_my_session *s)
{
    if (s->key_wait != NULL)
        s->key_wait->session = NULL;
    s->key_wait = NULL;
}

/* Told in any case: without a key the client cannot go on. */
static void tell(struct tn_my_session *s)
{
    struct tn_str   key = tn_sha2_public_key(s->mysql->proof);
    struct tn_error err = TN_ERROR_INIT;

    if (key.len > 0) {
        tn_my_put_auth_more(tn_my_out(s).buf, key, &s->sequence);
        return;
    }
    tn_fail(&err, TN_E_NOMEM, "53200", "an RSA key for the log-in cannot be made; use TLS");
    tn_my_fatal(s, &err, "no RSA key");
}

static void make(struct tn_job *job)
{
    tn_sha2_make_key(TN_CONTAINER_OF(job, struct tn_my_key_wait, job)->proof);
}

static void on_made(struct tn_job *job, struct tn_worker *worker)
{
    struct tn_my_key_wait *wait = TN_CONTAINER_OF(job, struct tn_my_key_wait, job);
    struct tn_my_session  *s = wait->session;

    (void)worker;
    tn_sha2_proof_unref(wait->proof);
    tn_free(wait);
    if (s == NULL)
        return;
    s->key_wait = NULL;
    tell(s);
    tn_my_go_on(s);
}

void tn_my_public_key(struct tn_my_session *s)
{
    struct tn_my_key_wait *wait = tn_sha2_public_key(s->mysql->proof).len == 0 ? tn_calloc(1, sizeof *wait) : NULL;

    if (wait == NULL) {
        tell(s);
        return;
    }
    *wait = (struct tn_my_key_wait){.job = {.run = make, .done = on_made}, .proof = tn_sha2_proof_ref(s->mysql->proof), .session = s};
    s->key_wait = wait;
    tn_my_wait(s);
    tn_offload_submit(s->runtime->server->offload, &wait->job, s->worker);
}
