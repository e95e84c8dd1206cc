/* Trino's tables that are Turnout's own, as what is told of tables and columns has them: information_schema of every catalog, and the
 * catalog `system`. */
#include "trino/catalog_own.h"

enum { NAME = 26, FIELD = NAME + 1 /* a letter and a name, filled with blanks */ };

static const struct own {
    const char *schema, *name, *columns;
} own[] = {
#define OWN(schema, name, columns) {schema, name, columns},
#include "trino/catalog_own.def"
#undef OWN
};

static const char *end_of(const char *column)
{
    return column + strcspn(column, " ");
}

static unsigned count_columns(const char *columns)
{
    unsigned count = 1;

    for (; *columns != '\0'; columns++)
        count += *columns == ' ';
    return count;
}

/* SELECT 'jdbc' AS s, 'catalogs' AS t, 'vtable_cat    ' AS l UNION ALL .. */
static void put_rows(struct tn_buf *out)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(own); i++) {
        tn_buf_printf(out, i == 0 ? "SELECT '%s' AS s, '%s' AS t, '" : " UNION ALL SELECT '%s', '%s', '", own[i].schema, own[i].name);
        for (const char *at = own[i].columns; *at != '\0'; at = end_of(at) + (*end_of(at) == ' '))
            tn_buf_printf(out, "%-*.*s", FIELD, (int)(end_of(at) - at), at);
        tn_buf_puts(out, i == 0 ? "' AS l" : "'");
    }
}

static void put_numbers(struct tn_buf *out)
{
    unsigned most = 0;

    for (size_t i = 0; i < TN_ARRAY_LEN(own); i++)
        most = TN_MAX(most, count_columns(own[i].columns));
    for (unsigned i = 1; i <= most; i++)
        tn_buf_printf(out, i == 1 ? "SELECT %u AS i" : " UNION ALL SELECT %u", i);
}

static void put_from(struct tn_buf *out, const char *catalogs)
{
    tn_buf_printf(out, " FROM (%s UNION ALL SELECT 'system') c JOIN (", catalogs);
    put_rows(out);
    tn_buf_puts(out, ") o ON o.s = 'information_schema' OR c.catalog_name = 'system'");
}

bool tn_trino_catalog_put_own(struct tn_buf *out, struct tn_str name, const char *catalogs)
{
    bool columns = tn_str_eq_c(name, "own_columns");

    if (!columns && !tn_str_eq_c(name, "own_tables"))
        return false;
    tn_buf_puts(out, "SELECT c.catalog_name AS table_catalog, o.s AS table_schema, o.t AS table_name, ");
    if (columns)
        tn_buf_printf(out, "rtrim(substr(o.l, (n.i - 1) * %d + 2, %d)) AS column_name, CASE substr(o.l, (n.i - 1) * %d + 1, 1) WHEN 'v' THEN 'varchar' "
                      "WHEN 'i' THEN 'bigint' WHEN 'b' THEN 'boolean' ELSE 'timestamp(3) with time zone' END AS data_type, n.i AS ordinal_position, "
                      "'YES' AS is_nullable, CAST(NULL AS varchar) AS column_default, CAST(NULL AS varchar) AS remark", FIELD, NAME, FIELD);
    else
        tn_buf_puts(out, "'TABLE' AS table_type, CAST(NULL AS varchar) AS remark");
    put_from(out, catalogs);
    if (columns) {
        tn_buf_puts(out, " JOIN (");
        put_numbers(out);
        tn_buf_printf(out, ") n ON length(o.l) >= n.i * %d", FIELD);
    }
    return true;
}
