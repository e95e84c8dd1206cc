/* Statements and functions that only servers of MySQL's kind have: where another engine refused one, the client is told that, not what is
 * wrong with the engine's own syntax. A function of that name that an engine does have is never seen here. */
#include "mysql/private.h"

enum { ER_NOT_SUPPORTED_YET = 1235 };

static const struct {
    const char *first, *second; /* second NULL: any */
    const char *told;
} statements[] = {
    {"prepare", NULL, "PREPARE .. FROM"}, {"execute", NULL, "EXECUTE"},          {"deallocate", "prepare", "DEALLOCATE PREPARE"},
    {"drop", "prepare", "DROP PREPARE"},  {"analyze", "table", "ANALYZE TABLE"}, {"optimize", "table", "OPTIMIZE TABLE"},
    {"check", "table", "CHECK TABLE"},    {"repair", "table", "REPAIR TABLE"},   {"checksum", "table", "CHECKSUM TABLE"},
    {"flush", NULL, "FLUSH"},             {"handler", NULL, "HANDLER"},          {"xa", NULL, "XA"},
    {"load", NULL, "LOAD DATA"},          {"help", NULL, "HELP"},                {"create", "event", "CREATE EVENT"},
    {"show", "master", "SHOW MASTER"},    {"show", "slave", "SHOW SLAVE"},       {"show", "replica", "SHOW REPLICA"},
    {"show", "engine", "SHOW ENGINE"},    {"show", "profile", "SHOW PROFILE"},   {"show", "relaylog", "SHOW RELAYLOG"},
    {"show", "explain", "SHOW EXPLAIN"},  {"show", "function", "SHOW FUNCTION CODE"}, {"show", "procedure", "SHOW PROCEDURE CODE"},
    {"show", "create", "SHOW CREATE of what is no table, view or database"}, {"show", "all", "SHOW ALL SLAVES"}, {"show", "package", "SHOW PACKAGE"},
    {"show", "authors", "SHOW AUTHORS"},  {"show", "contributors", "SHOW CONTRIBUTORS"}, {"show", "user_statistics", "SHOW USER_STATISTICS"},
    {"show", "binary", "SHOW BINARY"},    {"show", "binlog", "SHOW BINLOG"},     {"show", "replicas", "SHOW REPLICAS"},
};

static const char *const functions[] = {"get_lock", "release_lock", "release_all_locks", "is_free_lock", "is_used_lock", "sleep", "benchmark"};

static const char *statement_of(struct tn_words words)
{
    struct tn_str first = words.token.text;

    tn_words_next(&words);
    for (size_t i = 0; i < TN_ARRAY_LEN(statements); i++)
        if (tn_str_ieq_c(first, statements[i].first) && (statements[i].second == NULL || tn_words_at(&words, statements[i].second)))
            return statements[i].told;
    return NULL;
}

static const char *function_of(struct tn_words words)
{
    while (!tn_words_at_end(&words)) {
        struct tn_token token = words.token;

        tn_words_next(&words);
        for (size_t i = 0; i < TN_ARRAY_LEN(functions) && words.token.punct == '(' && token.kind == TN_TOKEN_WORD; i++)
            if (tn_str_ieq_c(token.text, functions[i]))
                return functions[i];
    }
    return NULL;
}

/* The engine knows no such word, function or statement. */
static bool is_unknown(const struct tn_error *err)
{
    return err->own_code == 0 && (strncmp(err->sqlstate, "42", 2) == 0 || strncmp(err->sqlstate, "26", 2) == 0 || strncmp(err->sqlstate, "0A", 2) == 0);
}

void tn_my_tell_absent(struct tn_my_session *s, struct tn_query *q)
{
    const char     *name, *function = NULL;
    struct tn_words words;
    struct tn_error told = TN_ERROR_INIT;

    if (!is_unknown(&q->error) || !tn_my_speaks_mysql(s) || q->cluster == NULL || q->cluster->ops->dialect == TN_DIALECT_MYSQL)
        return;
    tn_words_init(&words, q->text, TN_DIALECT_MYSQL);
    name = statement_of(words);
    if (name == NULL && (strcmp(q->error.sqlstate, "42883") == 0 || strcmp(q->error.sqlstate, "0A000") == 0))
        name = function = function_of(words);
    if (name == NULL)
        return;
    tn_fail(&told, TN_E_UNSUPPORTED, "0A000", "%s%s is not there on cluster \"" TN_STR_FMT "\" (%s): only servers of MySQL's kind have it", name, function != NULL ? "()" : "",
            TN_STR_ARG(q->cluster->conf->name), q->cluster->ops->name);
    told.own_code = ER_NOT_SUPPORTED_YET;
    memcpy(told.own_sqlstate, "42000", sizeof "42000");
    told.fault = q->error.fault;
    tn_error_reset(&q->error);
    q->error = told;
}
