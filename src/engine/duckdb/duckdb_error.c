#include "engine/duckdb/duckdb_error.h"

#include "engine/duckdb/duckdb_types.h"

static const struct {
    int           type;
    const char   *words;
    char          sqlstate[6];
    enum tn_fault fault;
} rules[] = {
#define RULE(class, words, sqlstate, fault) {TN_DUCKDB_ERROR_##class, words, sqlstate, TN_FAULT_##fault},
#include "engine/duckdb/duckdb_error_rules.def"
#undef RULE
};

/* How DuckDB begins a message of each class. */
static const struct {
    const char *prefix;
    int         type;
} prefixes[] = {
    {"Parser Error: ", TN_DUCKDB_ERROR_PARSER},
    {"Syntax Error: ", TN_DUCKDB_ERROR_SYNTAX},
    {"Binder Error: ", TN_DUCKDB_ERROR_BINDER},
    {"Catalog Error: ", TN_DUCKDB_ERROR_CATALOG},
    {"Constraint Error: ", TN_DUCKDB_ERROR_CONSTRAINT},
    {"Conversion Error: ", TN_DUCKDB_ERROR_CONVERSION},
    {"Out of Range Error: ", TN_DUCKDB_ERROR_OUT_OF_RANGE},
    {"Divide by Zero Error: ", TN_DUCKDB_ERROR_DIVIDE_BY_ZERO},
    {"Object Size Error: ", TN_DUCKDB_ERROR_OBJECT_SIZE},
    {"Decimal Error: ", TN_DUCKDB_ERROR_DECIMAL},
    {"Invalid type Error: ", TN_DUCKDB_ERROR_INVALID_TYPE},
    {"Unknown Type Error: ", TN_DUCKDB_ERROR_UNKNOWN_TYPE},
    {"Mismatch Type Error: ", TN_DUCKDB_ERROR_MISMATCH_TYPE},
    {"TransactionContext Error: ", TN_DUCKDB_ERROR_TRANSACTION},
    {"Serialization Error: ", TN_DUCKDB_ERROR_SERIALIZATION},
    {"Dependency Error: ", TN_DUCKDB_ERROR_DEPENDENCY},
    {"Permission Error: ", TN_DUCKDB_ERROR_PERMISSION},
    {"Invalid Input Error: ", TN_DUCKDB_ERROR_INVALID_INPUT},
    {"Invalid Configuration Error: ", TN_DUCKDB_ERROR_CONFIGURATION},
    {"Settings Error: ", TN_DUCKDB_ERROR_SETTINGS},
    {"Parameter Not Resolved Error: ", TN_DUCKDB_ERROR_PARAMETER_NOT_RESOLVED},
    {"Parameter Not Allowed Error: ", TN_DUCKDB_ERROR_PARAMETER_NOT_ALLOWED},
    {"Not implemented Error: ", TN_DUCKDB_ERROR_NOT_IMPLEMENTED},
    {"Missing Extension Error: ", TN_DUCKDB_ERROR_MISSING_EXTENSION},
    {"Extension Autoloading Error: ", TN_DUCKDB_ERROR_AUTOLOAD},
    {"Sequence Error: ", TN_DUCKDB_ERROR_SEQUENCE},
    {"INTERRUPT Error: ", TN_DUCKDB_ERROR_INTERRUPT},
    {"Out of Memory Error: ", TN_DUCKDB_ERROR_OUT_OF_MEMORY},
    {"IO Error: ", TN_DUCKDB_ERROR_IO},
    {"HTTP Error: ", TN_DUCKDB_ERROR_HTTP},
    {"Network Error: ", TN_DUCKDB_ERROR_NETWORK},
    {"Connection Error: ", TN_DUCKDB_ERROR_CONNECTION},
    {"FATAL Error: ", TN_DUCKDB_ERROR_FATAL},
    {"INTERNAL Error: ", TN_DUCKDB_ERROR_INTERNAL},
};

int tn_duckdb_error_class(const char *message)
{
    for (size_t i = 0; message != NULL && i < TN_ARRAY_LEN(prefixes); i++)
        if (strncmp(message, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
            return prefixes[i].type;
    return TN_DUCKDB_ERROR_INVALID;
}

/* The text of line LINE (1-based) of SQL. */
static struct tn_str line_of(struct tn_str sql, uint64_t line)
{
    while (line > 1 && sql.len > 0) {
        const char *end = memchr(sql.ptr, '\n', sql.len);
        if (end == NULL)
            return tn_str_n(sql.ptr, 0);
        sql = tn_str_n(end + 1, sql.len - (size_t)(end + 1 - sql.ptr));
        line--;
    }
    const char *end = sql.len == 0 ? NULL : memchr(sql.ptr, '\n', sql.len);
    return end == NULL ? sql : tn_str_n(sql.ptr, (size_t)(end - sql.ptr));
}

/* 1-based count of characters in SQL up to byte AT. */
static int character_at(struct tn_str sql, size_t at)
{
    int n = 1;

    for (size_t i = 0; i < at && i < sql.len; i++)
        n += ((unsigned char)sql.ptr[i] & 0xC0) != 0x80;
    return n;
}

/* Bytes of the first COLUMNS columns of TEXT as a terminal shows them: wide characters take two. */
static size_t bytes_of_columns(struct tn_str text, size_t columns)
{
    size_t at = 0;

    while (at < text.len && columns > 0) {
        unsigned char lead = (unsigned char)text.ptr[at++];
        bool          wide = (lead >= 0xE1 && lead <= 0xED && lead != 0xE2) || lead == 0xEF || lead >= 0xF0;
        while (at < text.len && ((unsigned char)text.ptr[at] & 0xC0) == 0x80)
            at++;
        columns -= TN_MIN(columns, wide ? 2u : 1u);
    }
    return at;
}

/* DuckDB shows "LINE 2: ...some of the line..." and below it a caret under the place. The shown piece is looked for in
 * that line of SQL; 0 when it is not there or there twice. */
static int position_of(const char *message, struct tn_str sql)
{
    const char   *mark = strstr(message, "\nLINE ");
    struct tn_str shown, line;
    const char   *colon, *end, *caret, *found;
    uint64_t      number;
    size_t        column;

    if (mark == NULL || (colon = strchr(mark + 1, ':')) == NULL || (end = strchr(colon, '\n')) == NULL ||
        (caret = strchr(end, '^')) == NULL || end < colon + 2 || !tn_str_to_u64(tn_str_n(mark + 6, (size_t)(colon - mark - 6)), 100000000, &number))
        return 0;
    column = (size_t)(caret - end - 1);
    shown = tn_str_n(colon + 2, (size_t)(end - colon - 1) - 1);
    if (column < (size_t)(colon + 2 - (mark + 1)))
        return 0;
    column -= (size_t)(colon + 2 - (mark + 1));
    if (tn_str_starts(shown, TN_STR("...")) && column >= 3) {
        shown = tn_str_n(shown.ptr + 3, shown.len - 3);
        column -= 3;
    }
    if (shown.len > 3 && memcmp(shown.ptr + shown.len - 3, "...", 3) == 0)
        shown.len -= 3;
    line = line_of(sql, number);
    if (shown.len == 0 || (found = memmem(line.ptr, line.len, shown.ptr, shown.len)) == NULL)
        return 0;
    return character_at(sql, (size_t)(found - sql.ptr) + bytes_of_columns(shown, column));
}

enum tn_status tn_duckdb_fail(struct tn_error *err, int type, const char *message, struct tn_str sql)
{
    if (message == NULL)
        message = "DuckDB gave no reason";
    if (type == TN_DUCKDB_ERROR_INVALID)
        type = tn_duckdb_error_class(message);
    for (size_t i = 0; i < TN_ARRAY_LEN(rules); i++) {
        if (rules[i].type != type || (rules[i].words != NULL && strstr(message, rules[i].words) == NULL))
            continue;
        enum tn_status status = rules[i].fault == TN_FAULT_CANCEL ? TN_E_CANCELLED : TN_E_ENGINE;
        tn_fail(err, status, rules[i].sqlstate, "%s", message);
        tn_error_blame(err, rules[i].fault, true);
        if (err != NULL)
            err->position = position_of(message, sql);
        return status;
    }
    tn_fail(err, TN_E_ENGINE, "XX000", "%s", message);
    tn_error_blame(err, TN_FAULT_QUERY, true);
    return TN_E_ENGINE;
}
