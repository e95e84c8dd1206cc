#include "frontend/pgwire/pg_types.h"

static const struct tn_pg_type table[] = {
#define PG(NAME, oid, array, name, sql, len, type) {oid, array, name, sql, len, TN_TYPE_##type},
#include "frontend/pgwire/pg_types.def"
#undef PG
};

const struct tn_pg_type *tn_pg_type_at(size_t i)
{
    return i < TN_ARRAY_LEN(table) ? &table[i] : NULL;
}

const struct tn_pg_type *tn_pg_type_find(uint32_t oid)
{
    size_t low = 0, high = TN_ARRAY_LEN(table);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (table[middle].oid == oid)
            return &table[middle];
        if (table[middle].oid < oid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct tn_pg_type *tn_pg_type_element(uint32_t array_oid)
{
    for (size_t i = 0; array_oid != 0 && i < TN_ARRAY_LEN(table); i++)
        if (table[i].array_oid == array_oid)
            return &table[i];
    return NULL;
}

bool tn_pg_type_known(uint32_t oid)
{
    return tn_pg_type_find(oid) != NULL || tn_pg_type_element(oid) != NULL;
}

bool tn_pg_type_is_text(uint32_t oid)
{
    switch (oid) {
    case TN_PG_TEXT:
    case TN_PG_VARCHAR:
    case TN_PG_BPCHAR:
    case TN_PG_NAME:
    case TN_PG_UNKNOWN:
    case TN_PG_JSON:
        return true;
    default:
        return false;
    }
}
