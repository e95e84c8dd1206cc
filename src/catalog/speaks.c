#include "catalog/text.h"
#include "catalog/token.h"

#include <stdio.h>
#include <string.h>

const char *tn_catalog_reg_type(struct tn_str type)
{
    static const char *const types[][2] = {{"regclass", "regclass"}, {"regtype", "regtype"}, {"regnamespace", "regnamespace"}, {"regrole", "regrole"}, {"regproc", "regproc"},
                                           {"regprocedure", "regproc"}, {"regoper", "regproc"}, {"regoperator", "regproc"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(types); i++)
        if (tn_str_ieq_c(type, types[i][0]))
            return types[i][1];
    return NULL;
}

bool tn_catalog_is_line(enum tn_catalog_kind kind, struct tn_str name)
{
    for (size_t i = 0; i < tn_catalog_line_count; i++)
        if (tn_catalog_lines[i].kind == kind && tn_str_ieq_c(name, tn_catalog_lines[i].name))
            return true;
    return false;
}

static struct tn_str without_quotes(struct tn_str name)
{
    return name.len >= 2 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"' ? tn_str_n(name.ptr + 1, name.len - 2) : name;
}

/* What an engine has beside PostgreSQL's (information_schema.session_status) is asked of the engine. */
static bool is_relation(struct tn_str name)
{
    const char   *dot;
    struct tn_str schema, last;
    char          whole[96];

    if (name.len < 4 || (name.ptr[0] != '"' && (name.ptr[0] | 0x20) != 'p' && (name.ptr[0] | 0x20) != 'i'))
        return false; /* most are none */
    dot = memchr(name.ptr, '.', name.len);
    if (dot == NULL)
        return tn_catalog_is_line(TN_CATALOG_RELATION, name);
    schema = without_quotes(tn_str_n(name.ptr, (size_t)(dot - name.ptr)));
    last = without_quotes(tn_str_n(dot + 1, name.len - (size_t)(dot + 1 - name.ptr)));
    if (tn_str_ieq_c(schema, "pg_catalog"))
        return tn_catalog_is_line(TN_CATALOG_RELATION, last);
    if (!tn_str_ieq_c(schema, "information_schema") || last.len > 64)
        return false;
    snprintf(whole, sizeof whole, "information_schema." TN_STR_FMT, TN_STR_ARG(last));
    return tn_catalog_is_line(TN_CATALOG_RELATION, tn_str(whole));
}

/* Calls of the catalog's functions, casts to regclass and its like; with WORDS current_catalog and current_schema as well. */
static bool calls_catalog(struct tn_str sql, bool words)
{
    static const char *const more[] = {"current_database", "pg_backend_pid"};
    struct tn_lexer lexer;
    struct tn_token token, before = {.kind = TN_TOKEN_END};
    bool            name = false, cast = false; /* before is a name, behind AS */

    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    for (; tn_lexer_next(&lexer, &token); before = token) {
        struct tn_str called = tn_token_name(&before);

        if (token.punct == '(' && name && (tn_catalog_is_line(TN_CATALOG_FUNCTION, called) || tn_str_ieq_c(called, more[0]) || tn_str_ieq_c(called, more[1])))
            return true;
        name = is_name(&token);
        if (words && name && (is_named(&token, "current_catalog") || is_named(&token, "current_schema")))
            return true;
        if (name && is_cast(&before) && tn_catalog_reg_type(tn_token_name(&token)) != NULL)
            return true;
        if (token.punct == ')' && cast && tn_catalog_reg_type(called) != NULL)
            return true;
        cast = name && is_word(&before, "as");
        if (name && before.punct == '.' && tn_catalog_reg_type(tn_token_name(&token)) != NULL)
            return true;
    }
    return false;
}

enum { LISTS_MAX = 64 };

/* FROM f(..) of what is no catalog's, a file's perhaps: the engine knows. */
static bool reads_calls(struct tn_str sql)
{
    static const char *const froms[] = {"from", "join", "lateral", NULL}, *const rows[] = {"unnest", "generate_series", "generate_subscripts", "regexp_split_to_table", "string_to_array", NULL};
    static const char *const takes[] = {"extract", "substring", "trim", "overlay", NULL}, *const ends[] = {"where", "group", "order", "having", "limit", "select", "on", NULL};
    struct tn_lexer lexer;
    struct tn_token token, before = {.kind = TN_TOKEN_END}, call = {.kind = TN_TOKEN_END};
    uint64_t        listed = 0; /* a comma is followed by a relation: a bit for each bracket, the innermost first */
    unsigned        depth = 0;
    bool            relation = false; /* the name before is one */

    tn_lexer_init(&lexer, sql, TN_DIALECT_POSTGRES);
    for (; tn_lexer_next(&lexer, &token); before = token) {
        if (token.punct == '(' && relation && is_name(&before) && !is_any(&before, froms) && !is_any(&before, rows) && !tn_catalog_is_line(TN_CATALOG_FUNCTION, tn_token_name(&before)))
            return true;
        if (token.punct == '.' || before.punct == '.')
            continue; /* schema.f */
        relation = (is_any(&before, froms) && !is_any(&call, takes)) || ((listed & 1) != 0 && before.punct == ',');
        if (is_word(&token, "from"))
            listed |= 1;
        else if (is_any(&token, ends))
            listed &= ~UINT64_C(1);
        if (token.punct == '(') {
            call = before;
            listed <<= 1;
            if (++depth == LISTS_MAX)
                return true;
        } else if (token.punct == ')' && depth > 0) {
            listed >>= 1;
            depth--;
        }
    }
    return false;
}

static bool may_speak(struct tn_str sql)
{
    static const struct tn_str words[] = {{"pg_", 3}, {"information_schema", 18}, {"version", 7}, {"current_", 8}, {"_privilege", 10}, {"reg", 3}, {"_description", 12}, {"set_config", 10}, {"format_type", 11}};

    return tn_str_holds_any(sql, words, TN_ARRAY_LEN(words));
}

bool tn_catalog_speaks(struct tn_str sql, const struct tn_features *features)
{
    if (features->class != TN_CLASS_READ || (features->verb != TN_VERB_SELECT && features->verb != TN_VERB_WITH) || features->more_tables || (features->table_count == 0 && !may_speak(sql)))
        return false;
    for (unsigned i = 0; i < features->table_count; i++)
        if (!is_relation(features->tables[i]))
            return false;
    return (features->table_count > 0 || calls_catalog(sql, true)) && !reads_calls(sql);
}

bool tn_catalog_asks_place(struct tn_str sql, const struct tn_features *features)
{
    return features->table_count == 0 && !calls_catalog(sql, false);
}
