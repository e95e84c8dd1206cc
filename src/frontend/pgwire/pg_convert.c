#include "frontend/pgwire/pg_convert.h"

#include "frontend/pgwire/pg_array.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_scalar.h"
#include "frontend/pgwire/pg_value.h"

static bool list_fits(const struct tn_value *value, enum tn_type type)
{
    for (size_t i = 0; i < value->as.list.count; i++)
        if (value->as.list.items[i].type != TN_TYPE_NULL && value->as.list.items[i].type != type)
            return false;
    return true;
}

enum tn_status tn_pg_value_encode(const struct tn_value *value, uint32_t oid, int16_t format,
                                  const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err)
{
    const struct tn_pg_type *element = tn_pg_type_element(oid), *type = tn_pg_type_find(oid);

    if (type == NULL && element == NULL)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a value of type OID %u cannot be written", oid);
    if (element != NULL && value->is_list && list_fits(value, element->type))
        return tn_pg_array_encode(value, element, format, style, out, err);
    if (type != NULL && !value->is_list && value->type == type->type)
        return tn_pg_scalar_encode(value, type, format, style, out, err);
    return tn_fail(err, TN_E_INVALID, "42804", "a %s%s cannot be written as %s%s", value->is_list ? "list of " : "",
                   tn_type_name(value->type), element != NULL ? "array of " : "",
                   element != NULL ? element->sql_name : type->sql_name);
}

enum tn_status tn_pg_convert(uint32_t oid, int16_t from, struct tn_str bytes, int16_t to,
                             const struct tn_pg_style *style, struct tn_buf *out, struct tn_error *err)
{
    struct tn_arena arena;
    struct tn_value value;
    enum tn_status  status;

    if (from == to) {
        tn_buf_put_str(out, bytes);
        return out->failed ? tn_pg_no_room(err, out, bytes.len) : TN_OK;
    }
    if (!tn_pg_type_known(oid))
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a value of type OID %u has no other format", oid);
    tn_arena_init(&arena, 0);
    status = tn_pg_value_decode(oid, from, bytes, style, &arena, &value, err);
    if (status == TN_OK && value.type == TN_TYPE_NULL && !value.is_list)
        status = tn_fail(err, TN_E_INVALID, "22004", "a null has no format");
    if (status == TN_OK)
        status = tn_pg_value_encode(&value, oid, to, style, out, err);
    tn_arena_reset(&arena);
    return status;
}
