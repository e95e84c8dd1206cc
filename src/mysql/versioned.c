#include "mysql/versioned.h"

#include "base/buf.h"
#include "stats/features.h"
#include "stats/lexer.h"

enum { TEXT_MAX = 1024 * 1024 * 1024 };

/* Behind a comment that is passed over; AT is behind its opening. */
static size_t passed_over(struct tn_str sql, size_t at, bool nests)
{
    while (at + 1 < sql.len) {
        if (sql.ptr[at] == '*' && sql.ptr[at + 1] == '/')
            return at + 2;
        at = nests && sql.ptr[at] == '/' && sql.ptr[at + 1] == '*' ? passed_over(sql, at + 2, false) : at + 1;
    }
    return sql.len;
}

struct reading {
    struct tn_str sql;
    struct tn_buf without; /* SQL with blanks instead of such comments */
    size_t        until;   /* where the present one ends for those that pass over it; 0: none */
};

/* TEXT, a token or a comment, lies where it lies for both. */
static bool take(struct reading *r, struct tn_str text, bool comment)
{
    size_t at = (size_t)(text.ptr - r->sql.ptr);
    bool   marias = comment && tn_str_starts(text, TN_STR("/*M!")); /* a comment like any other to MySQL */

    if (comment && tn_str_eq_c(text, "*/")) {
        bool ends = r->until == at + 2;

        r->until = 0;
        return ends;
    }
    if (marias || (comment && tn_str_starts(text, TN_STR("/*!")))) {
        if (r->until != 0 || (marias && passed_over(r->sql, at + 2, true) != passed_over(r->sql, at + 2, false)))
            return false;
        r->until = passed_over(r->sql, at + 2, true);
        memset(r->without.data + at, ' ', r->until - at);
    }
    return r->until == 0 || at + text.len + 2 <= r->until;
}

static bool same_ends(struct reading *r)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_str   comment;

    tn_lexer_init(&lexer, r->sql, TN_DIALECT_MYSQL);
    do
        while (tn_lexer_comment(&lexer, &comment))
            if (!take(r, comment, true))
                return false;
    while (tn_lexer_next(&lexer, &token) && take(r, token.text, false));
    return token.kind == TN_TOKEN_END && r->until == 0;
}

static bool same_kind(struct tn_str with, struct tn_str without)
{
    struct tn_features a, b;

    tn_features_read(&a, with, TN_DIALECT_MYSQL);
    tn_features_read(&b, without, TN_DIALECT_MYSQL);
    return b.class == TN_CLASS_EMPTY || (a.class == b.class && a.verb == b.verb && a.inner_verb == b.inner_verb);
}

bool tn_my_versions_agree(struct tn_str sql)
{
    struct reading r = {.sql = sql};
    bool           agree;

    if (!tn_str_has(sql, TN_STR("/*!")) && !tn_str_has(sql, TN_STR("/*M!")))
        return true;
    tn_buf_init(&r.without, TEXT_MAX);
    tn_buf_put_str(&r.without, sql);
    agree = !r.without.failed && same_ends(&r) && same_kind(sql, tn_buf_str(&r.without));
    tn_buf_reset(&r.without);
    return agree;
}
