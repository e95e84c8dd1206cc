#include "frontend/pgwire/pg_value.h"

#include "frontend/pgwire/pg_array.h"
#include "frontend/pgwire/pg_binary.h"
#include "frontend/pgwire/pg_message.h"
#include "frontend/pgwire/pg_scalar.h"
#include "frontend/pgwire/pg_text.h"

static enum tn_status decode_text(uint32_t oid, struct tn_str text, const struct tn_pg_style *style,
                                  struct tn_arena *arena, struct tn_value *out, struct tn_error *err)
{
    const struct tn_pg_type *type = tn_pg_type_find(oid), *element = tn_pg_type_element(oid);

    if (!tn_pg_text_is_clean(text.ptr, text.len))
        return tn_pg_bad_utf8(err, text.ptr, text.len);
    if (element != NULL)
        return tn_pg_array_text_decode(element, text, style, arena, out, err);
    if (type != NULL)
        return tn_pg_text_decode(type, text, style, arena, out, err);
    *out = (struct tn_value){.type = TN_TYPE_TEXT, .untyped = true, .as.text = text};
    return TN_OK;
}

static enum tn_status decode_binary(uint32_t oid, struct tn_str bytes, struct tn_arena *arena, struct tn_value *out,
                                    struct tn_error *err)
{
    const struct tn_pg_type *type = tn_pg_type_find(oid), *element = tn_pg_type_element(oid);
    enum tn_status           status;

    if (element != NULL)
        return tn_pg_array_binary_decode(element, bytes, arena, out, err);
    if (type != NULL) {
        status = tn_pg_binary_decode(type, bytes, arena, out, err);
        out->untyped = oid == TN_PG_UNKNOWN;
        return status;
    }
    status = tn_fail(err, TN_E_UNSUPPORTED, "0A000", "binary format is not supported for a parameter of type OID %u",
                     oid);
    tn_error_hint(err, "Send the parameter in text format, or give its type when preparing the statement.");
    return status;
}

enum tn_status tn_pg_value_decode(uint32_t oid, int16_t format, struct tn_str bytes, const struct tn_pg_style *style,
                                  struct tn_arena *arena, struct tn_value *out, struct tn_error *err)
{
    *out = (struct tn_value){.type = TN_TYPE_NULL};
    if (bytes.ptr == NULL)
        return TN_OK;
    if (format == 0)
        return decode_text(oid, bytes, style, arena, out, err);
    if (format == 1)
        return decode_binary(oid, bytes, arena, out, err);
    return tn_fail(err, TN_E_INVALID, "22023", "unsupported format code: %d", format);
}
