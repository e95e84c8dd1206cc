/* Two messages of a client that logs in (the first line, the rest), and its Authorization header. Nobody gets in who does not
 * know the password. */
#include "auth/authenticate.h"
#include "auth/scram.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PENCIL "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void converse(struct tn_str first, struct tn_str final, bool bound)
{
    struct tn_verifier verifier;
    struct tn_scram    scram;
    struct tn_error    err = TN_ERROR_INIT;
    struct tn_buf      out;

    if (!tn_verifier_parse(TN_STR(PENCIL), &verifier))
        abort();
    tn_scram_init(&scram, &verifier, false, "0123456789abcdef", bound ? 16 : 0);
    tn_buf_init(&out, 1 << 16);
    if (tn_scram_first(&scram, bound ? TN_STR(TN_SCRAM_PLUS) : TN_STR(TN_SCRAM_PLAIN), first, &out, &err) == TN_OK &&
        tn_scram_final(&scram, final, &out, &err) == TN_OK)
        abort(); /* the nonce was not known when it was written */
    tn_scram_reset(&scram);
    tn_buf_reset(&out);
    tn_error_reset(&err);
}

static void ask(struct tn_str header)
{
    static struct tn_auth *auth; /* with nobody in it */
    struct tn_auth_request request = {.listener = "fuzz", .peer = TN_STR("10.0.0.1:1"), .authorization = header};
    struct tn_auth_answer  answer;

    if (auth == NULL) {
        static const char  text[] = "turnout: {auth: {provider: static, maxFailures: 1}}\nclusters: {c: {engine: sqlite}}\n"
                                    "clusterGroups: {g: {members: [c]}}\nroutingFallback: g\n";
        struct tn_problems problems;
        struct tn_config  *config;
        struct tn_users   *users;

        tn_log_to_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
        tn_problems_init(&problems, "fuzz");
        if (tn_config_parse(&config, "fuzz", tn_str(text), &problems) != TN_OK ||
            tn_users_new(&users, config, false, &problems) != TN_OK || tn_auth_new(&auth, &config->settings, users, NULL) != TN_OK)
            abort();
        tn_users_unref(users);
        tn_config_unref(config);
        tn_problems_reset(&problems);
    }
    tn_auth_http(auth, &request, &answer);
    if (answer.identity != NULL)
        abort();
    tn_error_reset(&answer.error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str whole = {(const char *)data, size};
    const char   *line = size == 0 ? NULL : memchr(data, '\n', size);
    size_t        len = line == NULL ? size : (size_t)(line - whole.ptr);
    struct tn_str rest = line == NULL ? TN_STR("") : tn_str_n(line + 1, size - len - 1);

    converse(tn_str_n(whole.ptr, len), rest, false);
    converse(tn_str_n(whole.ptr, len), rest, true);
    ask(whole);
    return 0;
}
