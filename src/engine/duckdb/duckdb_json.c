#include "engine/duckdb/duckdb_json.h"

#include "engine/duckdb/duckdb_text.h"

#include <math.h>

struct tn_str tn_duckdb_enum_word(struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, const void *data, uint64_t row)
{
    uint32_t       code;
    struct tn_str *word;

    switch ((int)shape->storage) {
    case TN_DUCKDB_UTINYINT:  code = ((const uint8_t *)data)[row]; break;
    case TN_DUCKDB_USMALLINT: code = ((const uint16_t *)data)[row]; break;
    default:                  code = ((const uint32_t *)data)[row]; break;
    }
    if (code >= shape->word_count)
        return tn_str_n(NULL, 0);
    word = &shape->words[code];
    if (word->ptr == NULL) {
        char *text = plan->api->enum_dictionary_value(shape->logical, code);
        if (text == NULL || !tn_arena_str(plan->arena, tn_str(text), word))
            word->ptr = NULL;
        plan->api->free(text);
    }
    return *word;
}

static struct tn_duckdb_hugeint decimal_at(const struct tn_duckdb_shape *shape, const void *data, uint64_t row)
{
    int64_t value;

    switch ((int)shape->storage) {
    case TN_DUCKDB_SMALLINT: value = ((const int16_t *)data)[row]; break;
    case TN_DUCKDB_INTEGER:  value = ((const int32_t *)data)[row]; break;
    case TN_DUCKDB_BIGINT:   value = ((const int64_t *)data)[row]; break;
    default:                 return ((const struct tn_duckdb_hugeint *)data)[row];
    }
    return (struct tn_duckdb_hugeint){.lower = (uint64_t)value, .upper = value < 0 ? -1 : 0};
}

static void put_real(struct tn_buf *out, double value, bool single)
{
    if (isnan(value))
        tn_buf_puts(out, "\"NaN\"");
    else if (isinf(value))
        tn_buf_puts(out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        tn_duckdb_put_double(out, value, single);
}

/* Types whose JSON is a bare word or number; false = not one of them. */
static bool put_number(struct tn_buf *out, const struct tn_duckdb_shape *shape, const void *data, uint64_t row)
{
    struct tn_duckdb_hugeint         wide;
    const struct tn_duckdb_uhugeint *unsigned_wide = data;

    switch ((int)shape->id) {
    case TN_DUCKDB_BOOLEAN:   tn_buf_puts(out, ((const uint8_t *)data)[row] ? "true" : "false"); return true;
    case TN_DUCKDB_TINYINT:   tn_buf_printf(out, "%d", ((const int8_t *)data)[row]); return true;
    case TN_DUCKDB_SMALLINT:  tn_buf_printf(out, "%d", ((const int16_t *)data)[row]); return true;
    case TN_DUCKDB_INTEGER:   tn_buf_printf(out, "%d", ((const int32_t *)data)[row]); return true;
    case TN_DUCKDB_BIGINT:    tn_buf_printf(out, "%lld", (long long)((const int64_t *)data)[row]); return true;
    case TN_DUCKDB_UTINYINT:  tn_buf_printf(out, "%u", ((const uint8_t *)data)[row]); return true;
    case TN_DUCKDB_USMALLINT: tn_buf_printf(out, "%u", ((const uint16_t *)data)[row]); return true;
    case TN_DUCKDB_UINTEGER:  tn_buf_printf(out, "%u", ((const uint32_t *)data)[row]); return true;
    case TN_DUCKDB_UBIGINT:   tn_buf_printf(out, "%llu", (unsigned long long)((const uint64_t *)data)[row]); return true;
    case TN_DUCKDB_FLOAT:     put_real(out, (double)((const float *)data)[row], true); return true;
    case TN_DUCKDB_DOUBLE:    put_real(out, ((const double *)data)[row], false); return true;
    case TN_DUCKDB_HUGEINT:   tn_duckdb_put_decimal(out, (const struct tn_duckdb_hugeint *)data + row, 0); return true;
    case TN_DUCKDB_UHUGEINT:  tn_duckdb_put_uhugeint(out, unsigned_wide[row].upper, unsigned_wide[row].lower); return true;
    case TN_DUCKDB_DECIMAL:
        wide = decimal_at(shape, data, row);
        tn_duckdb_put_decimal(out, &wide, shape->scale);
        return true;
    default: return false;
    }
}

/* Types whose text needs no escapes; false = not one of them. */
static bool put_plain(struct tn_buf *out, const struct tn_duckdb_shape *shape, const void *data, uint64_t row)
{
    const int64_t *wide = data;

    switch ((int)shape->id) {
    case TN_DUCKDB_DATE:         tn_duckdb_put_date(out, ((const int32_t *)data)[row]); return true;
    case TN_DUCKDB_TIME:         tn_duckdb_put_time(out, wide[row], 6); return true;
    case TN_DUCKDB_TIME_NS:      tn_duckdb_put_time(out, wide[row], 9); return true;
    case TN_DUCKDB_TIME_TZ:      tn_duckdb_put_time_tz(out, (uint64_t)wide[row]); return true;
    case TN_DUCKDB_TIMESTAMP:    tn_duckdb_put_timestamp(out, wide[row], 6); return true;
    case TN_DUCKDB_TIMESTAMP_S:  tn_duckdb_put_timestamp(out, wide[row], 0); return true;
    case TN_DUCKDB_TIMESTAMP_MS: tn_duckdb_put_timestamp(out, wide[row], 3); return true;
    case TN_DUCKDB_TIMESTAMP_NS: tn_duckdb_put_timestamp(out, wide[row], 9); return true;
    case TN_DUCKDB_TIMESTAMP_TZ:
        tn_duckdb_put_timestamp(out, wide[row], 6);
        if (wide[row] != INT64_MAX && wide[row] != -INT64_MAX)
            tn_buf_puts(out, "+00");
        return true;
    case TN_DUCKDB_INTERVAL: tn_duckdb_put_interval(out, (const struct tn_duckdb_interval *)data + row); return true;
    case TN_DUCKDB_UUID:     tn_duckdb_put_uuid(out, (const struct tn_duckdb_hugeint *)data + row); return true;
    default:                 return false;
    }
}

/* Types kept as strings in the vector, and ENUM. */
static enum tn_status put_string(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape, const void *data,
                                 uint64_t row, struct tn_error *err)
{
    struct tn_str text;
    struct tn_buf blob;

    if (shape->id == TN_DUCKDB_ENUM) {
        text = tn_duckdb_enum_word(plan, shape, data, row);
        out->failed = out->failed || text.ptr == NULL;
        tn_buf_put_json(out, text);
        return TN_OK;
    }
    text = tn_duckdb_string((const struct tn_duckdb_string *)data + row);
    switch ((int)shape->id) {
    case TN_DUCKDB_BIGNUM:
        if (!tn_duckdb_put_bignum(out, (const uint8_t *)text.ptr, text.len))
            return tn_fail(err, TN_E_LIMIT, "54000", "duckDb: a BIGNUM of %zu bytes; at most %d are written out", text.len, TN_DUCKDB_BIGNUM_MAX);
        return TN_OK;
    case TN_DUCKDB_BIT:
        tn_buf_put_u8(out, '"');
        tn_duckdb_put_bit(out, (const uint8_t *)text.ptr, text.len);
        tn_buf_put_u8(out, '"');
        return TN_OK;
    case TN_DUCKDB_BLOB:
        tn_buf_init(&blob, out->max);
        tn_duckdb_put_blob(&blob, (const uint8_t *)text.ptr, text.len);
        out->failed = out->failed || blob.failed;
        tn_buf_put_json(out, tn_buf_str(&blob));
        tn_buf_reset(&blob);
        return TN_OK;
    default:
        if (shape->json)
            tn_buf_put_str(out, text);
        else
            tn_buf_put_json(out, text);
        return TN_OK;
    }
}

static enum tn_status put_list(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                               tn_duckdb_vector child, uint64_t from, uint64_t count, struct tn_error *err)
{
    tn_buf_put_u8(out, '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0)
            tn_buf_put_u8(out, ',');
        TN_TRY(tn_duckdb_put_json(out, plan, &shape->children[0], child, from + i, err));
    }
    tn_buf_put_u8(out, ']');
    return TN_OK;
}

static enum tn_status put_struct(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                                 tn_duckdb_vector vector, uint64_t row, struct tn_error *err)
{
    bool named = false;

    for (size_t i = 0; i < shape->child_count; i++)
        named = named || shape->names[i].len > 0;
    tn_buf_put_u8(out, named ? '{' : '[');
    for (size_t i = 0; i < shape->child_count; i++) {
        if (i > 0)
            tn_buf_put_u8(out, ',');
        if (named) {
            tn_buf_put_json(out, shape->names[i]);
            tn_buf_put_u8(out, ':');
        }
        TN_TRY(tn_duckdb_put_json(out, plan, &shape->children[i], plan->api->struct_vector_get_child(vector, i), row, err));
    }
    tn_buf_put_u8(out, named ? '}' : ']');
    return TN_OK;
}

/* A key must be a JSON string: what is not one already gets quotes around its JSON. */
static enum tn_status put_key(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                              tn_duckdb_vector vector, uint64_t row, struct tn_error *err)
{
    struct tn_buf  key;
    enum tn_status status;

    tn_buf_init(&key, out->max);
    status = tn_duckdb_put_json(&key, plan, shape, vector, row, err);
    out->failed = out->failed || key.failed;
    if (key.len > 0 && key.data[0] == '"')
        tn_buf_put_str(out, tn_buf_str(&key));
    else
        tn_buf_put_json(out, tn_buf_str(&key));
    tn_buf_reset(&key);
    return status;
}

static enum tn_status put_map(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                              tn_duckdb_vector vector, uint64_t row, struct tn_error *err)
{
    const struct tn_duckdb_list_entry *entry = (const struct tn_duckdb_list_entry *)plan->api->vector_get_data(vector) + row;
    tn_duckdb_vector                   pairs = plan->api->list_vector_get_child(vector);
    tn_duckdb_vector                   keys = plan->api->struct_vector_get_child(pairs, 0);
    tn_duckdb_vector                   values = plan->api->struct_vector_get_child(pairs, 1);

    tn_buf_put_u8(out, '{');
    for (uint64_t i = entry->offset; i < entry->offset + entry->length; i++) {
        if (i > entry->offset)
            tn_buf_put_u8(out, ',');
        TN_TRY(put_key(out, plan, &shape->children[0], keys, i, err));
        tn_buf_put_u8(out, ':');
        TN_TRY(tn_duckdb_put_json(out, plan, &shape->children[1], values, i, err));
    }
    tn_buf_put_u8(out, '}');
    return TN_OK;
}

/* A union is a struct whose first child is the number of the member that is set. */
static enum tn_status put_union(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                                tn_duckdb_vector vector, uint64_t row, struct tn_error *err)
{
    uint8_t tag = ((const uint8_t *)plan->api->vector_get_data(plan->api->struct_vector_get_child(vector, 0)))[row];

    if (tag >= shape->child_count)
        return tn_fail(err, TN_E_ENGINE, "XX000", "duckDb: a union value with tag %u of %zu members", tag, shape->child_count);
    tn_buf_put_u8(out, '{');
    tn_buf_put_json(out, shape->names[tag]);
    tn_buf_put_u8(out, ':');
    TN_TRY(tn_duckdb_put_json(out, plan, &shape->children[tag], plan->api->struct_vector_get_child(vector, tag + 1u), row, err));
    tn_buf_put_u8(out, '}');
    return TN_OK;
}

enum tn_status tn_duckdb_put_json(struct tn_buf *out, struct tn_duckdb_plan *plan, struct tn_duckdb_shape *shape,
                                  tn_duckdb_vector vector, uint64_t row, struct tn_error *err)
{
    const struct tn_duckdb_api        *api = plan->api;
    const struct tn_duckdb_list_entry *entry;
    const void                        *data;

    if (shape->id == TN_DUCKDB_SQLNULL || !tn_duckdb_is_valid(api->vector_get_validity(vector), row)) {
        tn_buf_puts(out, "null");
        return TN_OK;
    }
    switch ((int)shape->id) {
    case TN_DUCKDB_STRUCT: return put_struct(out, plan, shape, vector, row, err);
    case TN_DUCKDB_UNION:  return put_union(out, plan, shape, vector, row, err);
    case TN_DUCKDB_MAP:    return put_map(out, plan, shape, vector, row, err);
    case TN_DUCKDB_ARRAY:
        return put_list(out, plan, shape, api->array_vector_get_child(vector), row * shape->array_size, shape->array_size, err);
    case TN_DUCKDB_LIST:
        entry = (const struct tn_duckdb_list_entry *)api->vector_get_data(vector) + row;
        return put_list(out, plan, shape, api->list_vector_get_child(vector), entry->offset, entry->length, err);
    default: break;
    }
    data = api->vector_get_data(vector);
    if (put_number(out, shape, data, row))
        return TN_OK;
    size_t start = out->len;
    tn_buf_put_u8(out, '"');
    if (put_plain(out, shape, data, row)) {
        tn_buf_put_u8(out, '"');
        return TN_OK;
    }
    if (!out->failed)
        out->len = start; /* take the quote back: the string writes its own */
    return put_string(out, plan, shape, data, row, err);
}
