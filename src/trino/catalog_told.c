/* What clients are told of the columns of system.jdbc.*: engines without types of expressions (SQLite), or with others for a constant,
 * tell something else, and PostgreSQL writes their names small. */
#include "trino/catalog.h"

#include "stats/lexer.h"

char tn_trino_catalog_letter(struct tn_str name)
{
    static const struct {
        const char *name;
        char        letter;
    } columns[] = {{"ATTR_SIZE", 'i'},        {"BUFFER_LENGTH", 'i'},   {"CHAR_OCTET_LENGTH", 'i'}, {"COLUMN_SIZE", 'i'},      {"COLUMN_TYPE", 'i'},   {"DATA_TYPE", 'i'},
                   {"DECIMAL_DIGITS", 'i'},   {"LENGTH", 'i'},          {"MAXIMUM_SCALE", 'i'},     {"MINIMUM_SCALE", 'i'},    {"NULLABLE", 'i'},      {"NUM_PREC_RADIX", 'i'},
                   {"ORDINAL_POSITION", 'i'}, {"PRECISION", 'i'},       {"PROCEDURE_TYPE", 'i'},    {"RADIX", 'i'},            {"SCALE", 'i'},         {"SEARCHABLE", 'i'},
                   {"SOURCE_DATA_TYPE", 'i'}, {"SQL_DATA_TYPE", 'i'},   {"SQL_DATETIME_SUB", 'i'},  {"KEY_SEQ", 's'},          {"UPDATE_RULE", 's'},   {"DELETE_RULE", 's'},
                   {"DEFERRABILITY", 's'},    {"AUTO_INCREMENT", 'b'},  {"CASE_SENSITIVE", 'b'},    {"FIXED_PREC_SCALE", 'b'}, {"UNSIGNED_ATTRIBUTE", 'b'}};

    for (size_t i = 0; i < TN_ARRAY_LEN(columns); i++)
        if (tn_str_ieq_c(name, columns[i].name))
            return columns[i].letter;
    return '=';
}

/* SELECT [DISTINCT] * or names, with commas between them, FROM a table; what is behind them is not looked at. */
bool tn_trino_catalog_renames(struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;
    bool            named = false; /* the token before ends a name */

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    if (!tn_lexer_next(&lexer, &token) || !tn_str_ieq_c(token.text, "SELECT"))
        return true;
    while (tn_lexer_next(&lexer, &token)) {
        bool name = token.kind == TN_TOKEN_WORD || token.kind == TN_TOKEN_IDENT || token.punct == '*';

        if (named && tn_str_ieq_c(token.text, "FROM"))
            return !tn_lexer_next(&lexer, &token) || token.punct == '(';
        if (!named && (tn_str_ieq_c(token.text, "DISTINCT") || tn_str_ieq_c(token.text, "ALL")))
            continue;
        if (name == named || (!name && token.punct != ',' && token.punct != '.'))
            return true;
        named = name;
    }
    return true;
}

struct tn_str tn_trino_catalog_spelled(struct tn_str sql, struct tn_str name)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token))
        if (token.kind == TN_TOKEN_WORD && tn_str_ieq(token.text, name))
            return token.text;
    return name;
}
