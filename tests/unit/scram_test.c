/* The exchange against the example of RFC 7677, and against a client written here. */
#include "auth/scram.h"

#include "base/base64.h"
#include "net/tally.h"
#include "base/alloc.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <openssl/evp.h>

#define PENCIL "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

struct exchange {
    struct tn_scram  scram;
    struct tn_buf    out;
    struct tn_error  err;
};

static void begin(struct exchange *x, const char *verifier, bool doomed, const char *binding)
{
    struct tn_verifier parsed;

    CU_ASSERT_FATAL(tn_verifier_parse(tn_str(verifier), &parsed));
    tn_scram_init(&x->scram, &parsed, doomed, binding, binding == NULL ? 0 : strlen(binding));
    tn_buf_init(&x->out, 1 << 16);
    x->err = (struct tn_error)TN_ERROR_INIT;
}

static void end(struct exchange *x)
{
    tn_scram_reset(&x->scram);
    tn_buf_reset(&x->out);
    tn_error_reset(&x->err);
}

/* What a client that knows PASSWORD answers to server-first, which is in x->out. HEADER: base64 of c=. */
static void answer(struct exchange *x, const char *password, const char *first_bare, const char *channel, struct tn_buf *final)
{
    unsigned char salted[32], client_key[32], stored[32], sign[32], proof[32];
    char          text[64], server_first[600];
    char         *salt;
    unsigned char raw[64];
    size_t        raw_len;
    struct tn_buf message;

    snprintf(server_first, sizeof server_first, "%.*s", (int)x->out.len, x->out.data);
    salt = strstr(server_first, ",s=") + 3;
    CU_ASSERT_FATAL(tn_base64_decode(tn_str_n(salt, strcspn(salt, ",")), raw, sizeof raw, &raw_len));
    PKCS5_PBKDF2_HMAC(password, (int)strlen(password), raw, (int)raw_len, 4096, EVP_sha256(), 32, salted);
    tn_scram_hmac(salted, TN_STR("Client Key"), client_key);
    tn_scram_hash(client_key, 32, stored);
    tn_buf_printf(final, "c=%s,r=%.*s", channel, (int)strcspn(server_first + 2, ","), server_first + 2);
    tn_buf_init(&message, 1 << 16);
    tn_buf_printf(&message, "%s,%s,%.*s", first_bare, server_first, (int)final->len, final->data);
    tn_scram_hmac(stored, tn_buf_str(&message), sign);
    tn_buf_reset(&message);
    for (int i = 0; i < 32; i++)
        proof[i] = client_key[i] ^ sign[i];
    tn_base64_encode(proof, 32, text);
    tn_buf_printf(final, ",p=%s", text);
}

static enum tn_status run(struct exchange *x, const char *mechanism, const char *header, const char *channel, const char *password)
{
    struct tn_buf  first, final;
    enum tn_status status;

    tn_buf_init(&first, 4096);
    tn_buf_init(&final, 4096);
    tn_buf_printf(&first, "%sn=,r=rOprNGfwEbeRWgbNEkqO", header);
    status = tn_scram_first(&x->scram, tn_str(mechanism), tn_buf_str(&first), &x->out, &x->err);
    if (status == TN_OK) {
        answer(x, password, "n=,r=rOprNGfwEbeRWgbNEkqO", channel, &final);
        tn_buf_clear(&x->out);
        status = tn_scram_final(&x->scram, tn_buf_str(&final), &x->out, &x->err);
    }
    tn_buf_reset(&first);
    tn_buf_reset(&final);
    return status;
}

static void test_right_and_wrong(void)
{
    struct exchange x;

    begin(&x, PENCIL, false, NULL);
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLAIN, "n,,", "biws", "pencil"), TN_OK);
    CU_ASSERT(x.out.len == 46 && memcmp(x.out.data, "v=", 2) == 0);
    end(&x);
    begin(&x, PENCIL, false, NULL);
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLAIN, "y,,", "eSws", "pencil"), TN_OK); /* it could bind, we cannot */
    end(&x);
    begin(&x, PENCIL, false, NULL);
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLAIN, "n,,", "biws", "pencils"), TN_E_DENIED);
    end(&x);
    begin(&x, PENCIL, true, NULL); /* even the right one, when there is no such user */
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLAIN, "n,,", "biws", "pencil"), TN_E_DENIED);
    end(&x);
}

static void test_binding(void)
{
    static const char header[] = "p=tls-server-end-point,,";
    struct exchange   x;
    char              good[128], other[128];

    tn_base64_encode("p=tls-server-end-point,,0123456789abcdef0123456789abcdef", 56, good);
    tn_base64_encode("p=tls-server-end-point,,0123456789abcdef0123456789abcdeF", 56, other);
    begin(&x, PENCIL, false, "0123456789abcdef0123456789abcdef");
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLUS, header, good, "pencil"), TN_OK);
    CU_ASSERT(x.scram.bound);
    end(&x);
    begin(&x, PENCIL, false, "0123456789abcdef0123456789abcdef");
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLUS, header, other, "pencil"), TN_E_INVALID); /* somebody between us */
    CU_ASSERT_STRING_EQUAL(x.err.sqlstate, "28000");
    end(&x);
    begin(&x, PENCIL, false, "0123456789abcdef0123456789abcdef");
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLAIN, "y,,", "eSws", "pencil"), TN_E_INVALID); /* -PLUS was taken off the offer */
    CU_ASSERT_STRING_EQUAL(x.err.sqlstate, "28000");
    end(&x);
    begin(&x, PENCIL, false, "0123456789abcdef0123456789abcdef");
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLAIN, "n,,", "biws", "pencil"), TN_OK);
    CU_ASSERT_FALSE(x.scram.bound);
    end(&x);
    begin(&x, PENCIL, false, NULL);
    CU_ASSERT_EQUAL(run(&x, TN_SCRAM_PLUS, header, good, "pencil"), TN_E_INVALID);
    end(&x);
}

/* RFC 7677, section 3, with the server's nonce as it is there. */
static void test_rfc_7677(void)
{
    struct exchange x;
    static const char nonce[] = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    begin(&x, PENCIL, false, NULL);
    CU_ASSERT_EQUAL(tn_scram_first(&x.scram, TN_STR(TN_SCRAM_PLAIN), TN_STR("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), &x.out, &x.err), TN_OK);
    snprintf(x.scram.nonce, sizeof x.scram.nonce, "%s", nonce);
    tn_buf_clear(&x.scram.server_first);
    tn_buf_printf(&x.scram.server_first, "r=%s,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", nonce);
    tn_buf_clear(&x.out);
    CU_ASSERT_EQUAL(tn_scram_final(&x.scram, TN_STR("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                                   &x.out, &x.err), TN_OK);
    CU_ASSERT(tn_str_eq_c(tn_buf_str(&x.out), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    end(&x);
}

/* Every prefix of what is right, and every one with a byte changed, is refused without harm. */
static void test_damaged(void)
{
    static const char first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    struct exchange   x;

    for (size_t len = 0; len < sizeof first - 1; len++) {
        begin(&x, PENCIL, false, NULL);
        CU_ASSERT(tn_scram_first(&x.scram, TN_STR(TN_SCRAM_PLAIN), tn_str_n(first, len), &x.out, &x.err) == TN_E_INVALID || len > 12);
        end(&x);
    }
    for (size_t at = 0; at < sizeof first - 1; at++)
        for (unsigned c = 0; c < 256; c += 5) {
            char text[sizeof first];

            memcpy(text, first, sizeof first);
            text[at] = (char)(unsigned char)c;
            begin(&x, PENCIL, false, NULL);
            (void)!tn_scram_first(&x.scram, TN_STR(TN_SCRAM_PLAIN), tn_str_n(text, sizeof first - 1), &x.out, &x.err);
            end(&x);
        }
}

static void test_tally(void)
{
    struct tn_tally *tally = tn_tally_new();

    CU_ASSERT_FATAL(tally != NULL);
    CU_ASSERT(tn_tally_add(tally, TN_STR("a"), 2) && tn_tally_add(tally, TN_STR("a"), 2) && !tn_tally_add(tally, TN_STR("a"), 2));
    CU_ASSERT(tn_tally_add(tally, TN_STR("b"), 2) && tn_tally_add(tally, TN_STR("a"), 0));
    tn_tally_remove(tally, TN_STR("a"));
    tn_tally_remove(tally, TN_STR("nobody"));
    CU_ASSERT_FALSE(tn_tally_add(tally, TN_STR("a"), 2));
    tn_tally_remove(tally, TN_STR("a"));
    CU_ASSERT(tn_tally_add(tally, TN_STR("a"), 2));
    tn_tally_free(tally);
    CU_ASSERT(tn_str_eq_c(tn_peer_address(TN_STR("127.0.0.1:5")), "127.0.0.1"));
    CU_ASSERT(tn_str_eq_c(tn_peer_address(TN_STR("[::1]:5")), "::1"));
    CU_ASSERT(tn_peer_address(TN_STR("unknown")).len == 0 && tn_peer_address(TN_STR("")).len == 0);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failures;

    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("scram", NULL, NULL)) == NULL)
        return 1;
    CU_ADD_TEST(suite, test_right_and_wrong);
    CU_ADD_TEST(suite, test_binding);
    CU_ADD_TEST(suite, test_rfc_7677);
    CU_ADD_TEST(suite, test_damaged);
    CU_ADD_TEST(suite, test_tally);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
