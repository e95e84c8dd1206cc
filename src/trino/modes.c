#include "trino/modes.h"

#include "session/ask.h"
#include "session/words.h"

struct modes {
    struct tn_words words;
    struct tn_str   statement;
    unsigned        levels, accesses; /* so often was one said */
};

static enum tn_status fail(const struct modes *m, size_t at, struct tn_error *err, const char *message)
{
    tn_fail(err, TN_E_INVALID, "42601", "%s", message);
    err->position = 1;
    for (size_t i = 0; i < at && i < m->statement.len; i++)
        err->position += ((unsigned char)m->statement.ptr[i] & 0xC0u) != 0x80u;
    return TN_E_INVALID;
}

static enum tn_status expected(const struct modes *m, const char *what, struct tn_error *err)
{
    struct tn_str token = m->words.token.text;
    size_t        at = tn_words_at_end(&m->words) ? m->statement.len : (size_t)(token.ptr - m->statement.ptr);
    char          message[256];

    if (tn_words_at_end(&m->words))
        token = TN_STR("<EOF>");
    snprintf(message, sizeof message, "mismatched input '%.*s'. Expecting: %s", (int)TN_MIN(token.len, (size_t)64), token.ptr, what);
    return fail(m, at, err, message);
}

static enum tn_status read_level(struct modes *m, struct tn_error *err)
{
    struct tn_words *w = &m->words;

    m->levels++;
    if (!tn_words_accept(w, "LEVEL"))
        return expected(m, "'LEVEL'", err);
    if (tn_words_accept(w, "SERIALIZABLE"))
        return TN_OK;
    if (tn_words_accept(w, "REPEATABLE"))
        return tn_words_accept(w, "READ") ? TN_OK : expected(m, "'READ'", err);
    if (!tn_words_accept(w, "READ"))
        return expected(m, "'READ', 'REPEATABLE', 'SERIALIZABLE'", err);
    return tn_words_accept(w, "COMMITTED") || tn_words_accept(w, "UNCOMMITTED") ? TN_OK : expected(m, "'COMMITTED', 'UNCOMMITTED'", err);
}

static enum tn_status read_mode(struct modes *m, struct tn_error *err)
{
    struct tn_words *w = &m->words;

    if (tn_words_accept(w, "ISOLATION"))
        return read_level(m, err);
    if (!tn_words_accept(w, "READ"))
        return expected(m, m->levels + m->accesses == 0 ? "'ISOLATION', 'READ', <EOF>" : "'ISOLATION', 'READ'", err);
    m->accesses++;
    return tn_words_accept(w, "ONLY") || tn_words_accept(w, "WRITE") ? TN_OK : expected(m, "'ONLY', 'WRITE'", err);
}

static enum tn_status read_all(struct modes *m, struct tn_error *err)
{
    if (tn_words_at_end(&m->words))
        return TN_OK;
    do {
        TN_TRY(read_mode(m, err));
    } while (tn_words_accept_punct(&m->words, ','));
    return tn_words_at_end(&m->words) ? TN_OK : expected(m, "',', <EOF>", err);
}

enum tn_status tn_trino_modes_check(struct tn_str modes, struct tn_str statement, struct tn_error *err)
{
    struct modes m = {.statement = statement};

    tn_words_init(&m.words, modes, TN_DIALECT_TRINO);
    TN_TRY(read_all(&m, err));
    if (m.levels > 1)
        return fail(&m, 0, err, "Multiple transaction isolation levels specified");
    if (m.accesses > 1)
        return fail(&m, 0, err, "Multiple transaction read modes specified");
    return modes.len < sizeof((struct tn_ask_transaction *)0)->modes ? TN_OK : fail(&m, 0, err, "the modes of a transaction are too long");
}
