#include "auth/authenticate.h"
#include "base/base64.h"
#include "auth/saslprep.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "auth/users_file.h"
#include "config/config.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

/* Of the example of RFC 7677, section 3: password "pencil". */
#define PENCIL "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define REST "clusters: {c: {engine: sqlite}}\nclusterGroups: {g: {members: [c]}}\nroutingFallback: g\n"

static struct tn_problems problems;

static struct tn_config *load(const char *auth)
{
    struct tn_config *config;
    struct tn_buf     text;

    tn_problems_init(&problems, "test");
    tn_buf_init(&text, 1 << 20);
    tn_buf_printf(&text, "turnout:\n  auth: %s\n" REST, auth);
    CU_ASSERT_EQUAL_FATAL(tn_config_parse(&config, "test", tn_buf_str(&text), &problems), TN_OK);
    tn_buf_reset(&text);
    return config;
}

static struct tn_users *users_of(const char *auth)
{
    struct tn_config *config = load(auth);
    struct tn_users  *users = NULL;

    (void)!tn_users_new(&users, config, false, &problems);
    tn_config_unref(config);
    return users;
}

static struct tn_auth *auth_of(const char *text)
{
    struct tn_config *config = load(text);
    struct tn_users  *users;
    struct tn_auth   *auth;

    CU_ASSERT_EQUAL_FATAL(tn_users_new(&users, config, false, &problems), TN_OK);
    CU_ASSERT_EQUAL_FATAL(tn_auth_new(&auth, &config->settings, users, NULL), TN_OK);
    tn_users_unref(users);
    tn_config_unref(config);
    tn_problems_reset(&problems);
    return auth;
}

/* ---- base64, saslprep ---- */

static void test_base64(void)
{
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const char *const bad[] = {"Z", "Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm9-"};
    char                     out[16], data[16];
    size_t                   len;

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++) {
        CU_ASSERT_EQUAL(tn_base64_encode("foobar", i, out), strlen(texts[i]));
        CU_ASSERT_STRING_EQUAL(out, texts[i]);
        CU_ASSERT(tn_base64_decode(tn_str(texts[i]), data, sizeof data, &len) && len == i && memcmp(data, "foobar", i) == 0);
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(bad); i++)
        CU_ASSERT_FALSE(tn_base64_decode(tn_str(bad[i]), data, sizeof data, &len));
    CU_ASSERT_FALSE(tn_base64_decode(TN_STR("Zm9vYmFy"), data, 5, &len));
}

/* The examples of RFC 4013, section 3; what is forbidden stays as it is, as in PostgreSQL. */
static void test_saslprep(void)
{
    static const char *const cases[][2] = {{"I\xC2\xADX", "IX"},         {"user", "user"},  {"USER", "USER"},
                                           {"\xC2\xAA", "a"},            {"\xE2\x85\xA8", "IX"},
                                           {"\x07", "\x07"},             {"\xD8\xA7\x31", "\xD8\xA7\x31"},
                                           {"a\xC2\xA0z", "a z"},        {"\xFF\xFE", "\xFF\xFE"},
                                           {"\xC2\xAD", "\xC2\xAD"}};
    char                     out[4 * TN_PASSWORD_MAX], big[TN_PASSWORD_MAX + 1];
    size_t                   len;

    for (size_t i = 0; i < TN_ARRAY_LEN(cases); i++) {
        CU_ASSERT(tn_saslprep(tn_str(cases[i][0]), out, &len));
        CU_ASSERT_EQUAL(len, strlen(cases[i][1]));
        CU_ASSERT_STRING_EQUAL(out, cases[i][1]);
    }
    memset(big, 'x', sizeof big);
    CU_ASSERT(tn_saslprep(tn_str_n(big, TN_PASSWORD_MAX), out, &len));
    CU_ASSERT_FALSE(tn_saslprep(tn_str_n(big, sizeof big), out, &len));
    CU_ASSERT_FALSE(tn_saslprep(tn_str_n("a\0b", 3), out, &len));
    memcpy(big, "\xEF\xB7\xBA", 3); /* grows eighteenfold; a password full of it does not fit and is taken as it is */
    for (size_t i = 0; i + 3 <= TN_PASSWORD_MAX; i += 3)
        memcpy(big + i, "\xEF\xB7\xBA", 3);
    CU_ASSERT(tn_saslprep(tn_str_n(big, 1023), out, &len));
    CU_ASSERT_EQUAL(len, 1023);
}

static void test_verifier(void)
{
    struct tn_verifier verifier, other;
    char               text[TN_VERIFIER_TEXT];
    unsigned char      secret[TN_SCRAM_KEY] = {1};

    CU_ASSERT_FATAL(tn_verifier_parse(TN_STR(PENCIL), &verifier));
    CU_ASSERT_EQUAL(verifier.iterations, 4096);
    tn_verifier_format(&verifier, text);
    CU_ASSERT_STRING_EQUAL(text, PENCIL);
    CU_ASSERT(tn_verifier_matches(&verifier, TN_STR("pencil")));
    CU_ASSERT_FALSE(tn_verifier_matches(&verifier, TN_STR("pencil ")));
    CU_ASSERT_FALSE(tn_verifier_matches(&verifier, TN_STR("")));
    CU_ASSERT(tn_verifier_make(&other, TN_STR("pencil"), 4096, verifier.salt, verifier.salt_len));
    CU_ASSERT_EQUAL(memcmp(other.stored_key, verifier.stored_key, TN_SCRAM_KEY), 0);
    CU_ASSERT_EQUAL(memcmp(other.server_key, verifier.server_key, TN_SCRAM_KEY), 0);
    CU_ASSERT(tn_verifier_make_random(&other, TN_STR("I\xC2\xADX"), 1) && tn_verifier_matches(&other, TN_STR("IX")));
    tn_verifier_mock(&verifier, TN_STR("nobody"), secret);
    tn_verifier_mock(&other, TN_STR("nobody"), secret);
    CU_ASSERT_EQUAL(memcmp(verifier.salt, other.salt, TN_SCRAM_SALT), 0);
    tn_verifier_mock(&other, TN_STR("nobody2"), secret);
    CU_ASSERT_NOT_EQUAL(memcmp(verifier.salt, other.salt, TN_SCRAM_SALT), 0);
}

static void test_bad_verifiers(void)
{
    static const char *const bad[] = {
        "", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096", "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$", "SCRAM-SHA-1$1:AAAA$A:B",
        "SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$1000001:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=", PENCIL "=", PENCIL "AAAA"};
    struct tn_verifier verifier;

    for (size_t i = 0; i < TN_ARRAY_LEN(bad); i++)
        CU_ASSERT_FALSE(tn_verifier_parse(tn_str(bad[i]), &verifier));
}

/* ---- users ---- */

static void test_users(void)
{
    struct tn_users      *users = users_of("{provider: static, staticUsers: {users: {alice: {password: 'secret pw', groups: [bi, etl], roles: admin,"
                                           " attributes: {team: sales}}, bob: {password: '" PENCIL "'}, carol: {groups: [bi], "
                                           "tokens: ['0123456789abcdef']}}}}");
    const struct tn_user *alice, *bob, *carol;
    struct tn_identity   *identity;

    CU_ASSERT_PTR_NOT_NULL_FATAL(users);
    CU_ASSERT_EQUAL(problems.warnings, 2); /* the plain password, the plain token */
    CU_ASSERT_EQUAL(tn_users_count(users), 3);
    CU_ASSERT(tn_users_any_admin(users));
    alice = tn_users_find(users, TN_STR("alice"));
    bob = tn_users_find(users, TN_STR("bob"));
    carol = tn_users_find(users, TN_STR("carol"));
    CU_ASSERT_FATAL(alice != NULL && bob != NULL && carol != NULL);
    CU_ASSERT(alice->has_password && alice->admin && alice->group_count == 2 && tn_str_eq_c(alice->groups[1], "etl"));
    CU_ASSERT(tn_verifier_matches(&alice->verifier, TN_STR("secret pw")));
    CU_ASSERT(bob->has_password && !bob->admin && tn_verifier_matches(&bob->verifier, TN_STR("pencil")));
    CU_ASSERT(!carol->has_password);
    CU_ASSERT_PTR_EQUAL(tn_users_by_token(users, TN_STR("0123456789abcdef")), carol);
    CU_ASSERT_PTR_NULL(tn_users_by_token(users, TN_STR("0123456789abcdeg")));
    identity = tn_user_identity(alice, TN_PROOF_SCRAM);
    tn_users_unref(users);
    CU_ASSERT_FATAL(identity != NULL);
    CU_ASSERT(tn_str_eq_c(identity->user, "alice") && identity->admin && identity->group_count == 2 && tn_str_eq_c(identity->groups[1], "etl"));
    CU_ASSERT(!tn_str_eq_c(identity->groups[0], "admin") && tn_str_eq_c(identity->roles[0], "admin"));
    CU_ASSERT(tn_str_eq_c(identity->attributes[0].key, "team") && tn_str_eq_c(identity->attributes[0].value, "sales"));
    CU_ASSERT_STRING_EQUAL(tn_proof_name(identity->proof), "scram");
    tn_identity_unref(identity);
    tn_problems_reset(&problems);
}

static void check_wrong(const char *auth, unsigned line, const char *path, const char *text)
{
    bool found = false;

    CU_ASSERT_PTR_NULL(users_of(auth));
    for (size_t i = 0; i < problems.count; i++)
        found = found || (problems.items[i].kind == TN_PROBLEM_ERROR && problems.items[i].line == line &&
                          strcmp(problems.items[i].path, path) == 0 && strstr(problems.items[i].text, text) != NULL);
    if (!found && problems.count > 0)
        printf("%u %s: %s\n", problems.items[0].line, problems.items[0].path, problems.items[0].text);
    CU_ASSERT(found);
    tn_problems_reset(&problems);
}

static void test_wrong_users(void)
{
    check_wrong("{staticUsers: {users: {a: secret}}}", 2, "turnout.auth.staticUsers.users.a", "map");
    check_wrong("{staticUsers: {user: {}}}", 2, "turnout.auth.staticUsers.user", "did you mean `users`");
    check_wrong("{staticUsers: {users: {a: {pasword: x}}}}", 2, "turnout.auth.staticUsers.users.a.pasword", "did you mean `password`");
    check_wrong("{staticUsers: {users: {a: {password: ''}}}}", 2, "turnout.auth.staticUsers.users.a.password", "empty");
    check_wrong("{staticUsers: {users: {a: {password: 'SCRAM-SHA-256$x'}}}}", 2, "turnout.auth.staticUsers.users.a.password", "verifier");
    check_wrong("{staticUsers: {users: {'a:b': {password: x}}}}", 2, "turnout.auth.staticUsers.users.a:b", "colon");
    check_wrong("{staticUsers: {users: {a: {tokens: [short]}}}}", 2, "turnout.auth.staticUsers.users.a.tokens", "16 characters");
    check_wrong("{staticUsers: {users: {a: {tokens: ['sha256:12']}}}}", 2, "turnout.auth.staticUsers.users.a.tokens", "64 hexadecimal");
    check_wrong("{usersFile: /no/such/file}", 2, "turnout.auth.usersFile", "turnout user add");
}

/* ---- HTTP ---- */

static struct tn_auth_answer http_from(struct tn_auth *auth, const char *peer, const char *authorization, const char *claimed)
{
    struct tn_auth_request request = {.listener = "test", .peer = tn_str(peer), .authorization = tn_str(authorization),
                                      .claimed = tn_str(claimed)};
    struct tn_auth_answer  answer;

    tn_auth_http(auth, &request, &answer);
    return answer;
}

static struct tn_auth_answer http(struct tn_auth *auth, const char *authorization, const char *claimed)
{
    return http_from(auth, "10.0.0.1:5000", authorization, claimed);
}

static void expect_user(struct tn_auth_answer answer, const char *user, enum tn_proof proof)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer.identity);
    CU_ASSERT(tn_str_eq_c(answer.identity->user, user));
    CU_ASSERT_EQUAL(answer.identity->proof, proof);
    tn_identity_unref(answer.identity);
}

static void expect_refusal(struct tn_auth_answer answer, int status, const char *sqlstate)
{
    CU_ASSERT_PTR_NULL_FATAL(answer.identity);
    CU_ASSERT_EQUAL(answer.http_status, status);
    CU_ASSERT_STRING_EQUAL(answer.error.sqlstate, sqlstate);
    tn_error_reset(&answer.error);
}

static void test_http(void)
{
    struct tn_auth *auth = auth_of("{provider: static, staticUsers: {users: {alice: {password: pencil, tokens: ['0123456789abcdef']}}}}");

    for (int i = 0; i < 2; i++) { /* the second time from memory */
        expect_user(http(auth, "Basic YWxpY2U6cGVuY2ls", NULL), "alice", TN_PROOF_PASSWORD);
        expect_user(http(auth, "basic  YWxpY2U6cGVuY2ls ", "alice"), "alice", TN_PROOF_PASSWORD);
        expect_user(http(auth, "Bearer 0123456789abcdef", NULL), "alice", TN_PROOF_TOKEN);
    }
    expect_refusal(http(auth, "Basic YWxpY2U6cGVuY2ls", "bob"), 403, "42501");
    expect_refusal(http(auth, NULL, "alice"), 401, "28000");
    expect_refusal(http(auth, "Basic YWxpY2U6cGVuY2lm", NULL), 401, "28P01");
    expect_refusal(http(auth, "Basic Ym9iOnBlbmNpbA==", NULL), 401, "28P01"); /* bob */
    expect_refusal(http(auth, "Basic !", NULL), 401, "28000");
    expect_refusal(http(auth, "Basic ", NULL), 401, "28000");
    expect_refusal(http(auth, "Basic YWxpY2U=", NULL), 401, "28000");
    expect_refusal(http(auth, "Bearer 0123456789abcdeX", NULL), 401, "28000");
    expect_refusal(http(auth, "Digest x", NULL), 401, "28000");
    tn_auth_free(auth);
}

static void test_nobody_is_asked(void)
{
    struct tn_auth *auth = auth_of("{provider: none}");

    expect_user(http(auth, NULL, "alice"), "alice", TN_PROOF_NONE);
    expect_user(http(auth, "Basic Ym9iOnBlbmNpbA==", NULL), "bob", TN_PROOF_NONE);
    expect_user(http(auth, "Basic Ym9iOnBlbmNpbA", NULL), "bob", TN_PROOF_NONE); /* without its padding */
    expect_user(http(auth, "basic OjpvcGVu", NULL), "", TN_PROOF_NONE);         /* no name, a password with a colon */
    expect_user(http(auth, NULL, NULL), "", TN_PROOF_NONE);
    CU_ASSERT(tn_auth_is_admin(auth, NULL, TN_STR("127.0.0.1:5")) && tn_auth_is_admin(auth, NULL, TN_STR("[::1]:5")));
    CU_ASSERT_FALSE(tn_auth_is_admin(auth, NULL, TN_STR("10.0.0.1:5")));
    tn_auth_free(auth);
}

/* Twenty failures, then even the right password has to wait; another user or address does not. */
static void test_throttle(void)
{
    struct tn_auth       *auth = auth_of("{provider: static, failureWindow: 30s, staticUsers: {users: {alice: {password: pencil}, bob: {password: pencil}}}}");
    struct tn_auth_answer answer;
    unsigned              last = 0;

    for (unsigned i = 0; i < 20; i++) {
        answer = http(auth, "Basic YWxpY2U6eA==", NULL);
        CU_ASSERT(answer.delay_ms >= last && answer.delay_ms <= 2000);
        last = answer.delay_ms;
        expect_refusal(answer, 401, "28P01");
    }
    CU_ASSERT(last > 0);
    answer = http(auth, "Basic YWxpY2U6cGVuY2ls", NULL);
    CU_ASSERT(answer.retry_after_s > 0 && answer.retry_after_s <= 31);
    expect_refusal(answer, 429, "28P01");
    expect_user(http(auth, "Basic Ym9iOnBlbmNpbA==", NULL), "bob", TN_PROOF_PASSWORD);
    tn_clock_shift_us(31000000, 0);
    expect_user(http(auth, "Basic YWxpY2U6cGVuY2ls", NULL), "alice", TN_PROOF_PASSWORD);
    tn_clock_shift_us(0, 0);
    tn_auth_free(auth);
}

#define RIGHT "Basic YWxpY2U6cGVuY2ls"
#define WRONG "Basic YWxpY2U6eA=="

/* Addresses of one /64 are one client; a user that is guessed from everywhere is shut out, but not from where it is known. */
static void test_throttle_addresses(void)
{
    struct tn_auth *auth = auth_of("{provider: static, maxFailures: 2, failureWindow: 30s, staticUsers: {users: {alice: {password: pencil}}}}");
    char            peer[64];

    expect_user(http_from(auth, "[2001:db8::1]:5", RIGHT, NULL), "alice", TN_PROOF_PASSWORD);
    for (int i = 0; i < 2; i++) {
        snprintf(peer, sizeof peer, "[2001:db8:0:7::%d]:5000", i);
        expect_refusal(http_from(auth, peer, WRONG, NULL), 401, "28P01");
    }
    expect_refusal(http_from(auth, "[2001:db8:0:7:1::]:5000", WRONG, NULL), 429, "28P01");
    expect_refusal(http_from(auth, "[2001:db8:0:8::1]:5000", WRONG, NULL), 401, "28P01");
    for (int i = 3; i < 20; i++) {
        snprintf(peer, sizeof peer, "10.0.1.%d:5000", i);
        expect_refusal(http_from(auth, peer, WRONG, NULL), 401, "28P01");
    }
    expect_refusal(http_from(auth, "10.0.2.1:5000", WRONG, NULL), 429, "28P01");
    expect_refusal(http_from(auth, "[2001:db8::2]:5", WRONG, NULL), 401, "28P01");
    expect_user(http_from(auth, "[2001:db8::3]:5", RIGHT, NULL), "alice", TN_PROOF_PASSWORD);
    tn_clock_shift_us(62000000, 0);
    expect_refusal(http_from(auth, "10.0.2.1:5000", WRONG, NULL), 401, "28P01");
    tn_clock_shift_us(0, 0);
    tn_auth_free(auth);
}

static void test_login_steps(void)
{
    struct tn_auth     *auth = auth_of("{provider: static, maxFailures: 2, staticUsers: {users: {alice: {password: pencil, groups: [g]}}}}");
    struct tn_login     login = {.listener = "test", .peer = TN_STR("[::1]:99"), .user = TN_STR("alice")};
    struct tn_verifier  verifier;
    struct tn_identity *identity;
    struct tn_error     err = TN_ERROR_INIT;
    unsigned            delay;

    for (int i = 0; i < 5; i++) { /* what was right or given up does not count */
        CU_ASSERT_EQUAL(tn_auth_begin(auth, &login, &err), TN_OK);
        if (i % 2 == 0)
            tn_auth_succeeded(auth, &login);
        else
            tn_auth_forget(auth, &login);
    }
    CU_ASSERT_EQUAL(tn_auth_look_up(auth, &login, TN_PROOF_SCRAM, &verifier, &identity, &err), TN_OK);
    CU_ASSERT(identity != NULL && tn_verifier_matches(&verifier, TN_STR("pencil")));
    tn_identity_unref(identity);
    login.user = TN_STR("nobody");
    CU_ASSERT_EQUAL(tn_auth_look_up(auth, &login, TN_PROOF_SCRAM, &verifier, &identity, &err), TN_OK);
    CU_ASSERT_PTR_NULL(identity);
    for (int i = 0; i < 2; i++) { /* one who does not exist is limited, too */
        CU_ASSERT_EQUAL(tn_auth_begin(auth, &login, &err), TN_OK);
        tn_auth_failed(auth, &login, "test", &delay, &err);
        CU_ASSERT_STRING_EQUAL(err.message, "password authentication failed for user \"nobody\"");
    }
    CU_ASSERT_EQUAL(tn_auth_begin(auth, &login, &err), TN_E_DENIED);
    CU_ASSERT_STRING_EQUAL(err.sqlstate, "28P01");
    CU_ASSERT_PTR_NOT_NULL(strstr(err.hint, "auth.maxFailures"));
    identity = tn_auth_certified(auth, TN_STR("alice"));
    CU_ASSERT(identity != NULL && identity->proof == TN_PROOF_CERTIFICATE && identity->group_count == 1);
    tn_identity_unref(identity);
    CU_ASSERT_PTR_NULL(tn_auth_certified(auth, TN_STR("nobody")));
    tn_auth_free(auth);
}

/* Wherever memory runs out: an error, and nothing is lost or let in. */
static void test_no_memory(void)
{
    struct tn_config *config = load("{provider: static, staticUsers: {users: {alice: {password: '" PENCIL "', groups: [a, b], roles: [admin],"
                                    " attributes: {k: v}, tokens: ['0123456789abcdef']}, bob: {tokens: ['0123456789abcdeg']}}}}");
    struct tn_users  *users;
    struct tn_auth   *auth;
    bool              built = false;

    for (size_t n = 0; n < 200 && !built; n++) {
        users = NULL;
        auth = NULL;
        tn_alloc_fail_after(n);
        if (tn_users_new(&users, config, false, &problems) == TN_OK)
            built = tn_auth_new(&auth, &config->settings, users, NULL) == TN_OK;
        tn_alloc_fail_never();
        tn_users_unref(users);
        if (!built) {
            tn_problems_reset(&problems);
            tn_problems_init(&problems, "test");
        }
    }
    CU_ASSERT_FATAL(built);
    for (size_t n = 0; n < 5; n++) {
        struct tn_auth_answer answer;

        tn_alloc_fail_after(n);
        answer = http(auth, n % 2 == 0 ? "Basic YWxpY2U6cGVuY2ls" : "Bearer 0123456789abcdef", NULL);
        tn_alloc_fail_never();
        CU_ASSERT(answer.identity != NULL || answer.http_status == 401 || answer.http_status == 503);
        tn_identity_unref(answer.identity);
        tn_error_reset(&answer.error);
    }
    tn_auth_free(auth);
    tn_config_unref(config);
    tn_problems_reset(&problems);
}

/* The first is what MySQL's PASSWORD('password') gives. */
static void test_native(void)
{
    static const unsigned char nonce[20] = "nonce of twenty byte";
    unsigned char              hash[TN_NATIVE_HASH], read[TN_NATIVE_HASH], once[TN_NATIVE_HASH], mixed[40], response[TN_NATIVE_HASH];
    char                       text[TN_NATIVE_TEXT];

    tn_native_make(TN_STR("password"), hash);
    tn_native_format(hash, text);
    CU_ASSERT_STRING_EQUAL(text, "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
    CU_ASSERT(tn_native_parse(TN_STR("*2470c0c06dee42fd1618bb99005adca2ec9d1e19"), read) && memcmp(read, hash, sizeof hash) == 0);
    CU_ASSERT_FALSE(tn_native_parse(TN_STR("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E1"), read));
    CU_ASSERT_FALSE(tn_native_parse(TN_STR("2470C0C06DEE42FD1618BB99005ADCA2EC9D1E190"), read));
    CU_ASSERT_FALSE(tn_native_parse(TN_STR("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E1G"), read));
    SHA1((const unsigned char *)"password", 8, once);
    memcpy(mixed, nonce, 20);
    memcpy(mixed + 20, hash, 20);
    SHA1(mixed, sizeof mixed, response);
    for (size_t i = 0; i < sizeof response; i++)
        response[i] ^= once[i];
    CU_ASSERT(tn_native_matches(hash, nonce, sizeof nonce, tn_str_n((char *)response, sizeof response)));
    CU_ASSERT_FALSE(tn_native_matches(hash, nonce, sizeof nonce, tn_str_n((char *)response, sizeof response - 1)));
    CU_ASSERT_FALSE(tn_native_matches(hash, nonce, sizeof nonce, TN_STR("")));
    response[7] ^= 1;
    CU_ASSERT_FALSE(tn_native_matches(hash, nonce, sizeof nonce, tn_str_n((char *)response, sizeof response)));
}

/* A new password takes the old one's hash with it. */
static void test_native_of_file(void)
{
    char                  path[] = "/tmp/turnout-users-XXXXXX", lock[64];
    int                   fd = mkstemp(path);
    struct tn_problems    found;
    struct tn_users      *users = NULL;
    struct tn_verifier    verifier;
    unsigned char         hash[TN_NATIVE_HASH];
    struct tn_user_change change = {.name = TN_STR("carol"), .verifier = &verifier, .native = hash};
    bool                  existed;

    close(fd);
    unlink(path);
    tn_problems_init(&found, path);
    tn_native_make(TN_STR("old"), hash);
    CU_ASSERT(tn_verifier_make_random(&verifier, TN_STR("old"), 4096));
    CU_ASSERT(tn_users_file_change(path, &change, &existed, &found, NULL) == TN_OK && !existed);
    CU_ASSERT(tn_users_read_file(&users, path, &found) == TN_OK);
    CU_ASSERT(tn_users_at(users, 0)->has_native && memcmp(tn_users_at(users, 0)->native, hash, sizeof hash) == 0);
    tn_users_unref(users);
    change.native = NULL;
    CU_ASSERT(tn_users_file_change(path, &change, &existed, &found, NULL) == TN_OK && existed);
    CU_ASSERT(tn_users_read_file(&users, path, &found) == TN_OK && !tn_users_at(users, 0)->has_native);
    tn_users_unref(users);
    tn_problems_reset(&found);
    unlink(path);
    snprintf(lock, sizeof lock, "%s.lock", path);
    unlink(lock);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("auth", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_base64);
    CU_ADD_TEST(suite, test_saslprep);
    CU_ADD_TEST(suite, test_verifier);
    CU_ADD_TEST(suite, test_bad_verifiers);
    CU_ADD_TEST(suite, test_users);
    CU_ADD_TEST(suite, test_wrong_users);
    CU_ADD_TEST(suite, test_http);
    CU_ADD_TEST(suite, test_nobody_is_asked);
    CU_ADD_TEST(suite, test_throttle);
    CU_ADD_TEST(suite, test_throttle_addresses);
    CU_ADD_TEST(suite, test_login_steps);
    CU_ADD_TEST(suite, test_native);
    CU_ADD_TEST(suite, test_native_of_file);
    CU_ADD_TEST(suite, test_no_memory);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
