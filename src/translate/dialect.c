#include "translate/dialect.h"

static const struct {
    const char *name, *sqlglot;
} dialects[TN_DIALECT_COUNT] = {
#define DIALECT(value, name, sqlglot) [TN_DIALECT_##value] = {name, sqlglot},
#include "translate/dialects.def"
#undef DIALECT
};

static const struct {
    const char     *name;
    enum tn_dialect dialect;
} other_names[] = {
    {"postgresql", TN_DIALECT_POSTGRES}, {"mariadb", TN_DIALECT_MYSQL}, {"starrocks", TN_DIALECT_MYSQL}, {"sqlite3", TN_DIALECT_SQLITE},
    {"presto", TN_DIALECT_TRINO},        {"athena", TN_DIALECT_TRINO},  {"databricks", TN_DIALECT_SPARK},
};

const char *tn_dialect_name(enum tn_dialect dialect)
{
    return dialects[dialect].name;
}

const char *tn_dialect_sqlglot(enum tn_dialect dialect)
{
    return dialects[dialect].sqlglot;
}

bool tn_dialect_parse(struct tn_str name, enum tn_dialect *out)
{
    for (int i = 0; i < TN_DIALECT_COUNT; i++)
        if (tn_str_ieq_c(name, dialects[i].name)) {
            *out = (enum tn_dialect)i;
            return true;
        }
    for (size_t i = 0; i < TN_ARRAY_LEN(other_names); i++)
        if (tn_str_ieq_c(name, other_names[i].name)) {
            *out = other_names[i].dialect;
            return true;
        }
    return false;
}

const char *tn_dialect_names(void)
{
    return "postgres, duckdb, sqlite, mysql, trino, clickhouse, bigquery, snowflake, spark";
}

bool tn_dialect_differs(enum tn_dialect from, enum tn_dialect to)
{
    return from != to;
}

bool tn_dialect_translates(const struct tn_features *features)
{
    switch (features->verb) {
    case TN_VERB_SELECT:
    case TN_VERB_VALUES:
    case TN_VERB_TABLE:
    case TN_VERB_WITH:
    case TN_VERB_INSERT:
    case TN_VERB_UPDATE:
    case TN_VERB_DELETE:
    case TN_VERB_MERGE:
    case TN_VERB_CREATE:
    case TN_VERB_ALTER:
    case TN_VERB_DROP:
    case TN_VERB_TRUNCATE:
    case TN_VERB_REPLACE:
        return true;
    case TN_VERB_OTHER: /* "(SELECT ...) UNION ..." */
        return features->class == TN_CLASS_READ;
    default:
        return false;
    }
}
