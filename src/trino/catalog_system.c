/* Names of Trino's tables without a catalog, of a client whose catalog is `system` or whose schema is information_schema. */
#include "trino/catalog.h"

#include "stats/lexer.h"

enum { NAME_MAX_LEN = 200, TEXT_MAX = 64 * 1024 * 1024 };

struct place {
    size_t          from;
    unsigned        parts;
    struct tn_token first, second, last;
    bool            after_from; /* FROM, JOIN or a comma stands before it */
};

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;
}

/* CATALOG, which ends with a point, and SCHEMA.TABLE are one of Trino's. */
static bool is_there(const char *catalog, struct tn_str schema, const struct tn_token *table)
{
    char          text[NAME_MAX_LEN];
    struct tn_str name = tn_token_name(table);
    int           len = snprintf(text, sizeof text, "%s" TN_STR_FMT "." TN_STR_FMT, catalog, TN_STR_ARG(schema), TN_STR_ARG(name));

    return len > 0 && len < (int)sizeof text && tn_trino_catalog_mentions(tn_str(text));
}

/* WITH NAME AS (, WITH NAME (a, b) AS (: the statement's own. */
static bool is_named_there(struct tn_str sql, struct tn_str name)
{
    struct tn_lexer lexer;
    struct tn_token token;
    bool            before = false, named = false; /* WITH, RECURSIVE or a comma; then NAME */

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    if (!tn_lexer_next(&lexer, &token) || !tn_str_ieq_c(token.text, "with"))
        return false;
    do {
        if (named && (tn_str_ieq_c(token.text, "as") || token.punct == '('))
            return true;
        named = before && is_name(&token) && tn_str_ieq(tn_token_name(&token), name);
        before = token.punct == ',' || tn_str_ieq_c(token.text, "with") || tn_str_ieq_c(token.text, "recursive");
    } while (tn_lexer_next(&lexer, &token));
    return false;
}

static void put_before(struct tn_buf *out, struct tn_str sql, const struct place *place, const char *catalog, struct tn_str schema)
{
    struct tn_str first = tn_token_name(&place->first);

    if ((place->parts == 2 || place->parts == 3) && is_there(catalog, first, &place->second)) /* SCHEMA.TABLE, SCHEMA.TABLE.COLUMN */
        tn_buf_puts(out, catalog);
    else if (place->parts == 1 && place->after_from && schema.len > 0 && is_there(catalog, schema, &place->last) &&
             !is_named_there(sql, first))
        tn_buf_printf(out, "%s" TN_STR_FMT ".", catalog, TN_STR_ARG(schema));
}

bool tn_trino_catalog_qualify(struct tn_str sql, struct tn_str in, struct tn_str schema, struct tn_arena *arena, struct tn_str *out)
{
    const char     *catalog = tn_str_eq_c(in, "system") ? "system." : ""; /* others have information_schema alone, which needs no catalog */
    struct tn_lexer lexer;
    struct tn_token token;
    struct place    place = {.parts = 0};
    struct tn_buf   text;
    size_t          copied = 0;
    bool            dot = false, ok, after_from = false, more = true;

    *out = sql;
    if (*catalog == '\0' && !tn_str_eq_c(schema, "information_schema"))
        return true;
    tn_buf_init(&text, TEXT_MAX);
    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (more) {
        more = tn_lexer_next(&lexer, &token);
        if (more && is_name(&token) && dot && place.parts > 0) {
            place.second = ++place.parts == 2 ? token : place.second;
            place.last = token;
        } else if (!(more && token.punct == '.' && place.parts > 0)) {
            if (place.parts > 0) { /* a name has ended */
                tn_buf_append(&text, sql.ptr + copied, place.from - copied);
                copied = place.from;
                put_before(&text, sql, &place, catalog, schema);
                place.parts = 0;
            }
            if (more && is_name(&token))
                place = (struct place){.from = (size_t)(token.text.ptr - sql.ptr), .parts = 1, .first = token, .last = token, .after_from = after_from};
        }
        dot = more && token.punct == '.';
        after_from = more && (token.punct == ',' || tn_str_ieq_c(token.text, "from") || tn_str_ieq_c(token.text, "join"));
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}
