#include "mysql/catalog_type.h"

#include "engine/sqlite/sqlite_type.h"
#include "frontend/mysql/my_types.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 64, TEXT_BYTES = 65535, VARCHAR_BYTES = 65532, TYPMOD_HEADER = 4 };

static const struct {
    const char  *name;
    enum tn_type type;
} names[] = {
#define NAME(name, type) {name, TN_TYPE_##type},
#include "mysql/catalog_types.def"
#undef NAME
};

static bool has_fraction(const struct tn_my_column *told)
{
    return told->type == TN_MY_TYPE_DATETIME || told->type == TN_MY_TYPE_TIMESTAMP || told->type == TN_MY_TYPE_TIME;
}

void tn_my_type_text(const struct tn_column *column, char *out, size_t size)
{
    static const char *const fractions[] = {"", "(1)", "(2)", "(3)", "(4)", "(5)", "(6)"};
    struct tn_my_column told = tn_my_column_of(column, TN_MY_CHARSET_UTF8MB4);
    const char         *name = tn_my_type_name(told.type);
    char                lower[32];
    size_t              len = 0;

    for (; name != NULL && name[len] != '\0' && len + 1 < sizeof lower; len++)
        lower[len] = tn_ascii_lower(name[len]);
    lower[len] = '\0';
    if (column->type == TN_TYPE_BOOL)
        snprintf(out, size, "tinyint(1)");
    else if (told.type == TN_MY_TYPE_NEWDECIMAL)
        snprintf(out, size, "decimal(%u,%u)", told.length - 1 - (told.decimals > 0), told.decimals);
    else if (told.type == TN_MY_TYPE_VAR_STRING && (column->type != TN_TYPE_TEXT || column->pg_typmod > TYPMOD_HEADER))
        snprintf(out, size, "varchar(%u)", told.length / 4);
    else if (told.type == TN_MY_TYPE_VAR_STRING)
        snprintf(out, size, "text");
    else
        snprintf(out, size, "%s%s%s", lower, has_fraction(&told) ? fractions[told.decimals] : "", (told.flags & TN_MY_FLAG_UNSIGNED) != 0 ? " unsigned" : "");
}

/* ---- an engine's name, in parts ---- */

struct native {
    char     name[NAME_MAX_BYTES]; /* lower case, one space between words, without (..) */
    unsigned args[2];
    size_t   arg_count;
    bool     list;                 /* [] behind it */
};

static void read_args(struct native *n, struct tn_str inside)
{
    const char *comma = memchr(inside.ptr, ',', inside.len);
    uint64_t    value;
    struct tn_str first = tn_str_n(inside.ptr, comma == NULL ? inside.len : (size_t)(comma - inside.ptr));

    if (!tn_str_to_u64(tn_str_trim(first), UINT32_MAX, &value))
        return;
    n->args[n->arg_count++] = (unsigned)value;
    if (comma != NULL && tn_str_to_u64(tn_str_trim(tn_str_n(comma + 1, inside.len - first.len - 1)), UINT32_MAX, &value))
        n->args[n->arg_count++] = (unsigned)value;
}

static void read_native(struct native *n, struct tn_str text)
{
    const char   *open = memchr(text.ptr, '(', text.len), *close = memrchr(text.ptr, ')', text.len);
    struct tn_str parts[2] = {text, TN_STR("")};
    size_t        len = 0;

    *n = (struct native){.arg_count = 0};
    if (open != NULL && close != NULL && close > open) {
        read_args(n, tn_str_n(open + 1, (size_t)(close - open) - 1));
        parts[0].len = (size_t)(open - text.ptr);
        parts[1] = tn_str_n(close + 1, (size_t)(text.ptr + text.len - close) - 1);
    }
    for (size_t p = 0; p < TN_ARRAY_LEN(parts); p++)
        for (size_t i = 0; i < parts[p].len && len + 1 < sizeof n->name; i++) {
            char c = tn_ascii_lower(parts[p].ptr[i]);

            n->list = n->list || c == '[';
            if (n->list || (c == ' ' && (len == 0 || n->name[len - 1] == ' ')))
                continue;
            n->name[len++] = c;
        }
    n->name[len] = '\0';
}

static bool is_char(const char *name)
{
    return strcmp(name, "character") == 0 || strcmp(name, "char") == 0 || strcmp(name, "bpchar") == 0 || strcmp(name, "nchar") == 0;
}

static struct tn_column column_of(enum tn_cfg_engine engine, const struct native *n, struct tn_str text)
{
    struct tn_column column = {.name = TN_STR(""), .type = TN_TYPE_TEXT, .pg_typmod = -1};
    bool             is_list = n->list && engine != TN_CFG_ENGINE_POSTGRES;
    char             declared[NAME_MAX_BYTES];

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (strcmp(n->name, names[i].name) == 0)
            column.type = names[i].type;
    if (engine == TN_CFG_ENGINE_SQLITE) {
        struct tn_sqlite_type type;

        tn_str_copy(declared, sizeof declared, text);
        type = tn_sqlite_declared_type(declared);
        column.type = type.type == TN_TYPE_NULL ? TN_TYPE_TEXT : type.type;
    }
    if (n->list)
        column.type = is_list ? TN_TYPE_JSON : TN_TYPE_TEXT;
    if (column.type == TN_TYPE_NUMERIC && n->arg_count > 0) {
        column.precision = (uint8_t)TN_MIN(n->args[0], 65U);
        column.scale = (int8_t)(n->arg_count > 1 ? TN_MIN(n->args[1], 30U) : 0);
    } else if (engine == TN_CFG_ENGINE_POSTGRES && n->arg_count == 1 && !n->list &&
               (column.type == TN_TYPE_TIMESTAMP || column.type == TN_TYPE_TIMESTAMPTZ || column.type == TN_TYPE_TIME)) {
        column.pg_typmod = (int32_t)TN_MIN(n->args[0], 6U);
    } else if (column.type == TN_TYPE_DECIMAL128) {
        column.precision = 38;
    } else if (column.type == TN_TYPE_TEXT && !n->list && n->arg_count == 1 && n->args[0] < 16384 && strcmp(n->name, "bit") != 0) {
        column.pg_typmod = (int32_t)n->args[0] + TYPMOD_HEADER;
    }
    return column;
}

/* ---- what is said of it ---- */

static int64_t digits_of(enum tn_type type)
{
    switch (type) {
    case TN_TYPE_BOOL:
    case TN_TYPE_INT8:
    case TN_TYPE_UINT8:   return 3;
    case TN_TYPE_INT16:
    case TN_TYPE_UINT16:  return 5;
    case TN_TYPE_INT32:
    case TN_TYPE_UINT32:  return 10;
    case TN_TYPE_INT64:   return 19;
    case TN_TYPE_UINT64:  return 20;
    case TN_TYPE_FLOAT32: return 12;
    case TN_TYPE_FLOAT64: return 22;
    default:              return -1;
    }
}

static void measure(struct tn_my_type_facts *out, const struct tn_column *column)
{
    struct tn_my_column told = tn_my_column_of(column, TN_MY_CHARSET_UTF8MB4);
    bool                floats = column->type == TN_TYPE_FLOAT32 || column->type == TN_TYPE_FLOAT64;

    out->chars = out->octets = out->precision = out->scale = out->fraction = -1;
    if (told.type == TN_MY_TYPE_NEWDECIMAL) {
        out->precision = told.length - 1 - (told.decimals > 0);
        out->scale = told.decimals;
    } else if ((told.flags & TN_MY_FLAG_NUM) != 0) {
        out->precision = digits_of(column->type);
        out->scale = floats ? -1 : 0;
    } else if (has_fraction(&told)) {
        out->fraction = told.decimals;
    } else if (told.type == TN_MY_TYPE_BLOB) {
        out->chars = out->octets = TEXT_BYTES;
    } else if (told.type == TN_MY_TYPE_VAR_STRING) {
        bool limited = column->type != TN_TYPE_TEXT || column->pg_typmod > TYPMOD_HEADER;

        out->text = true;
        out->chars = limited ? told.length / 4 : TEXT_BYTES;
        out->octets = limited ? told.length : TEXT_BYTES;
    }
}

void tn_my_type_facts(enum tn_cfg_engine engine, struct tn_str native, struct tn_my_type_facts *out)
{
    struct native    n;
    struct tn_column column;
    size_t           len;

    read_native(&n, native);
    column = column_of(engine, &n, native);
    *out = (struct tn_my_type_facts){.text = false};
    measure(out, &column);
    tn_my_type_text(&column, out->column_type, sizeof out->column_type);
    if (column.type == TN_TYPE_TEXT && column.pg_typmod > TYPMOD_HEADER && is_char(n.name))
        snprintf(out->column_type, sizeof out->column_type, "char(%d)", column.pg_typmod - TYPMOD_HEADER);
    if (engine == TN_CFG_ENGINE_DUCKDB && strcmp(n.name, "enum") == 0 && native.len < sizeof out->column_type) {
        tn_str_copy(out->column_type, sizeof out->column_type, native);
        memcpy(out->column_type, "enum", sizeof "enum" - 1);
    }
    len = strcspn(out->column_type, "( ");
    tn_str_copy(out->data_type, sizeof out->data_type, tn_str_n(out->column_type, len));
}
