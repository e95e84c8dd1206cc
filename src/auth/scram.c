#include "auth/scram.h"

#include "base/base64.h"
#include "base/rand.h"

enum { CLIENT_NONCE_MAX = 256 };

static const char binding_type[] = "tls-server-end-point";

void tn_scram_init(struct tn_scram *scram, const struct tn_verifier *verifier, bool doomed, const void *binding, size_t binding_len)
{
    *scram = (struct tn_scram){.verifier = *verifier, .doomed = doomed, .binding_len = TN_MIN(binding_len, (size_t)TN_SCRAM_BINDING_MAX)};
    if (scram->binding_len > 0)
        memcpy(scram->binding, binding, scram->binding_len);
    tn_buf_init(&scram->header, TN_SCRAM_MESSAGE_MAX);
    tn_buf_init(&scram->first_bare, TN_SCRAM_MESSAGE_MAX);
    tn_buf_init(&scram->server_first, TN_SCRAM_MESSAGE_MAX);
}

void tn_scram_reset(struct tn_scram *scram)
{
    tn_buf_reset(&scram->header);
    tn_buf_reset(&scram->first_bare);
    tn_buf_reset(&scram->server_first);
    explicit_bzero(scram, sizeof *scram);
}

static enum tn_status malformed(struct tn_error *err, const char *why)
{
    return tn_fail(err, TN_E_INVALID, "08P01", "malformed SCRAM message: %s", why);
}

/* ---- reading ---- */

/* "X=value" before the next comma or the end; *MESSAGE moves behind it. */
static bool next_attribute(struct tn_str *message, char *name, struct tn_str *value)
{
    const char *comma;
    size_t      len;

    if (message->len < 2 || message->ptr[1] != '=')
        return false;
    comma = memchr(message->ptr, ',', message->len);
    len = comma == NULL ? message->len : (size_t)(comma - message->ptr);
    *name = message->ptr[0];
    *value = tn_str_n(message->ptr + 2, len - 2);
    *message = comma == NULL ? tn_str_n(message->ptr + len, 0) : tn_str_n(comma + 1, message->len - len - 1);
    return (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
}

static bool is_text(struct tn_str text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len) == NULL;
}

static bool is_nonce(struct tn_str nonce)
{
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.ptr[i] < 0x21 || nonce.ptr[i] > 0x7E)
            return false;
    return nonce.len > 0 && nonce.len <= CLIENT_NONCE_MAX;
}

/* "n,,", "y,," or "p=tls-server-end-point,,"; *MESSAGE moves behind it. */
static enum tn_status read_header(struct tn_scram *scram, bool plus, struct tn_str *message, struct tn_error *err)
{
    struct tn_str whole = *message, type;
    const char   *comma = memchr(whole.ptr, ',', whole.len);
    size_t        len;

    if (comma == NULL)
        return malformed(err, "no channel binding flag");
    type = tn_str_n(whole.ptr, (size_t)(comma - whole.ptr));
    if (tn_str_starts(type, TN_STR("p="))) {
        if (!plus)
            return malformed(err, "channel binding data, but " TN_SCRAM_PLAIN " was selected");
        if (!tn_str_eq_c(tn_str_n(type.ptr + 2, type.len - 2), binding_type))
            return tn_fail(err, TN_E_INVALID, "0A000", "unsupported SCRAM channel-binding type; %s is supported", binding_type);
        scram->bound = true;
    } else if (!tn_str_eq_c(type, "n") && !tn_str_eq_c(type, "y")) {
        return malformed(err, "unknown channel binding flag");
    } else if (plus) {
        return malformed(err, TN_SCRAM_PLUS " was selected, but there is no channel binding data");
    } else if (type.ptr[0] == 'y' && scram->binding_len > 0) { /* it thinks we have none: somebody between us took it away */
        return tn_fail(err, TN_E_INVALID, "28000", "SCRAM channel binding negotiation error: the client supports channel "
                       "binding but thinks the server does not, which it does");
    }
    if (type.len + 1 >= whole.len || whole.ptr[type.len + 1] != ',')
        return tn_fail(err, TN_E_INVALID, "0A000", "client uses authorization identity, but it is not supported");
    len = type.len + 2;
    tn_buf_append(&scram->header, whole.ptr, len);
    *message = tn_str_n(whole.ptr + len, whole.len - len);
    return TN_OK;
}

enum tn_status tn_scram_first(struct tn_scram *scram, struct tn_str mechanism, struct tn_str message, struct tn_buf *out,
                              struct tn_error *err)
{
    bool          plus = tn_str_eq_c(mechanism, TN_SCRAM_PLUS);
    unsigned char random[TN_SCRAM_NONCE];
    char          own[TN_BASE64_TEXT(TN_SCRAM_NONCE) + 1], salt[TN_BASE64_TEXT(TN_SCRAM_SALT_MAX) + 1], name;
    struct tn_str value, nonce;

    if ((!plus && !tn_str_eq_c(mechanism, TN_SCRAM_PLAIN)) || (plus && scram->binding_len == 0))
        return tn_fail(err, TN_E_INVALID, "08P01", "client selected an invalid SASL authentication mechanism");
    if (!is_text(message) || message.len > TN_SCRAM_MESSAGE_MAX / 2)
        return malformed(err, "empty, too long, or a NUL in it");
    TN_TRY(read_header(scram, plus, &message, err));
    tn_buf_put_str(&scram->first_bare, message);
    if (tn_str_starts(message, TN_STR("m=")))
        return tn_fail(err, TN_E_INVALID, "0A000", "client requires an unsupported SCRAM extension");
    if (!next_attribute(&message, &name, &value) || name != 'n')
        return malformed(err, "no user name");
    if (!next_attribute(&message, &name, &nonce) || name != 'r' || !is_nonce(nonce))
        return malformed(err, "no nonce, or one that is not printable or too long");
    while (message.len > 0)
        if (!next_attribute(&message, &name, &value))
            return malformed(err, "an extension that is none");
    tn_rand_secret(random, sizeof random);
    tn_base64_encode(random, sizeof random, own);
    tn_base64_encode(scram->verifier.salt, scram->verifier.salt_len, salt);
    snprintf(scram->nonce, sizeof scram->nonce, TN_STR_FMT "%s", TN_STR_ARG(nonce), own);
    tn_buf_printf(&scram->server_first, "r=%s,s=%s,i=%u", scram->nonce, salt, scram->verifier.iterations);
    if (scram->server_first.failed || scram->first_bare.failed || scram->header.failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a log-in");
    tn_buf_put_str(out, tn_buf_str(&scram->server_first));
    return TN_OK;
}

/* ---- the proof ---- */

/* c= holds the header of the first message, and the binding where it is used. */
static bool is_bound_well(const struct tn_scram *scram, struct tn_str value)
{
    unsigned char given[TN_SCRAM_MESSAGE_MAX];
    size_t        len, header = scram->header.len;

    if (!tn_base64_decode(value, given, sizeof given, &len) || len != header + (scram->bound ? scram->binding_len : 0))
        return false;
    return memcmp(given, scram->header.data, header) == 0 &&
           (!scram->bound || tn_secret_eq(given + header, scram->binding, scram->binding_len));
}

static void signature(const unsigned char key[TN_SCRAM_KEY], const struct tn_scram *scram, struct tn_str without_proof,
                      unsigned char out[TN_SCRAM_KEY])
{
    struct tn_buf all;

    tn_buf_init(&all, 3 * TN_SCRAM_MESSAGE_MAX + 2);
    tn_buf_put_str(&all, tn_buf_str(&scram->first_bare));
    tn_buf_put_u8(&all, ',');
    tn_buf_put_str(&all, tn_buf_str(&scram->server_first));
    tn_buf_put_u8(&all, ',');
    tn_buf_put_str(&all, without_proof);
    tn_scram_hmac(key, tn_buf_str(&all), out); /* without memory for all of it: a signature that fits nothing */
    tn_buf_reset(&all);
}

static bool proves(const struct tn_scram *scram, struct tn_str without_proof, const unsigned char proof[TN_SCRAM_KEY])
{
    unsigned char key[TN_SCRAM_KEY], hash[TN_SCRAM_KEY];
    unsigned      same;

    signature(scram->verifier.stored_key, scram, without_proof, key);
    for (size_t i = 0; i < TN_SCRAM_KEY; i++)
        key[i] = (unsigned char)(key[i] ^ proof[i]);
    tn_scram_hash(key, sizeof key, hash);
    same = (unsigned)tn_secret_eq(hash, scram->verifier.stored_key, TN_SCRAM_KEY);
    explicit_bzero(key, sizeof key);
    return (same & (unsigned)!scram->doomed) != 0;
}

enum tn_status tn_scram_final(struct tn_scram *scram, struct tn_str message, struct tn_buf *out, struct tn_error *err)
{
    struct tn_str whole = message, value, without_proof = {NULL, 0};
    unsigned char proof[TN_SCRAM_KEY], sign[TN_SCRAM_KEY];
    char          text[TN_BASE64_TEXT(TN_SCRAM_KEY) + 1], name = 0;
    size_t        len;

    if (!is_text(message) || message.len > TN_SCRAM_MESSAGE_MAX)
        return malformed(err, "empty, too long, or a NUL in it");
    if (!next_attribute(&message, &name, &value) || name != 'c')
        return malformed(err, "no channel binding");
    if (!is_bound_well(scram, value))
        return scram->bound ? tn_fail(err, TN_E_INVALID, "28000", "SCRAM channel binding check failed")
                            : malformed(err, "unexpected channel-binding attribute");
    if (!next_attribute(&message, &name, &value) || name != 'r' || !tn_str_eq_c(value, scram->nonce))
        return malformed(err, "the nonce does not match");
    while (name != 'p') {
        without_proof = tn_str_n(whole.ptr, whole.len - message.len - 1);
        if (!next_attribute(&message, &name, &value))
            return malformed(err, "no proof");
    }
    if (message.len > 0 || !tn_base64_decode(value, proof, sizeof proof, &len) || len != TN_SCRAM_KEY)
        return malformed(err, "a proof that is none");
    if (!proves(scram, without_proof, proof))
        return TN_E_DENIED;
    signature(scram->verifier.server_key, scram, without_proof, sign);
    tn_base64_encode(sign, sizeof sign, text);
    tn_buf_printf(out, "v=%s", text);
    return out->failed ? tn_fail(err, TN_E_NOMEM, "53200", "no memory for a log-in") : TN_OK;
}
