#include "engine/mysql/mysql_count.h"

#include "stats/lexer.h"

/* The number behind NAME in INFO. False: there is none. */
static bool number_behind(struct tn_str info, const char *name, uint64_t *out)
{
    const char *at = info.len == 0 ? NULL : memmem(info.ptr, info.len, name, strlen(name));

    if (at == NULL)
        return false;
    *out = 0;
    for (at += strlen(name); at < info.ptr + info.len && *at >= '0' && *at <= '9'; at++)
        *out = TN_MIN(*out * 10 + (uint64_t)(*at - '0'), (uint64_t)UINT32_MAX * 10);
    return true;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* INSERT .. ON DUPLICATE KEY UPDATE? *IGNORES: with IGNORE. */
static bool updates_duplicates(struct tn_str sql, bool *ignores)
{
    struct tn_lexer lexer;
    struct tn_token token;
    bool            duplicate = false;

    *ignores = false;
    tn_lexer_init(&lexer, sql, TN_DIALECT_MYSQL);
    while (tn_lexer_next(&lexer, &token)) {
        bool word = token.kind == TN_TOKEN_WORD;

        if (duplicate && word && tn_str_ieq_c(token.text, "key"))
            return true;
        duplicate = word && tn_str_ieq_c(token.text, "duplicate");
        *ignores = *ignores || (word && tn_str_ieq_c(token.text, "ignore"));
    }
    return false;
}

/* A changed row counts 2, a new one 1, one left as it was 0. "Records" are all of them, "Duplicates" those that changed; with IGNORE
 * those that are neither new nor changed. Of a single row nothing is said. */
static uint64_t met_by_insert(struct tn_str info, uint64_t affected, struct tn_str sql)
{
    uint64_t records = 1, duplicates = 0;
    bool     several = number_behind(info, "Records: ", &records), ignores;

    if (several && !number_behind(info, "Duplicates: ", &duplicates))
        return 0;
    if ((several ? records == affected && duplicates == 0 : affected > 0) || !updates_duplicates(sql, &ignores))
        return 0;
    return ignores && several ? duplicates : less(records + duplicates, affected);
}

uint64_t tn_mysql_unchanged(struct tn_str info, uint64_t affected, struct tn_str sql, const struct tn_features *features)
{
    uint64_t matched, changed;

    if (number_behind(info, "Rows matched: ", &matched) && number_behind(info, "Changed: ", &changed))
        return less(matched, changed);
    return features != NULL && features->verb == TN_VERB_INSERT ? met_by_insert(info, affected, sql) : 0;
}
