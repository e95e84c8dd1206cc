#include "frontend/pgwire/pg_message.h"

enum { QUOTE_MAX = 80 };

static int quote_len(struct tn_str value)
{
    return (int)(value.len == 0 ? 0 : tn_utf8_valid_prefix(value.ptr, TN_MIN(value.len, (size_t)QUOTE_MAX)));
}

static const char *quote_ptr(struct tn_str value)
{
    return value.ptr == NULL ? "" : value.ptr;
}

enum tn_status tn_pg_bad_text(struct tn_error *err, const char *type, struct tn_str value)
{
    return tn_fail(err, TN_E_INVALID, "22P02", "invalid input syntax for type %s: \"%.*s\"", type, quote_len(value),
                   quote_ptr(value));
}

enum tn_status tn_pg_bad_datetime(struct tn_error *err, const char *type, struct tn_str value)
{
    enum tn_status status = tn_fail(err, TN_E_INVALID, "22007", "invalid input syntax for type %s: \"%.*s\"", type,
                                    quote_len(value), quote_ptr(value));

    tn_error_hint(err, "Write dates and times as ISO 8601 does, such as 2024-01-02 03:04:05.678+02.");
    return status;
}

enum tn_status tn_pg_datetime_range(struct tn_error *err, const char *type, struct tn_str value)
{
    return tn_fail(err, TN_E_INVALID, "22008", "%s out of range: \"%.*s\"", type, quote_len(value), quote_ptr(value));
}

enum tn_status tn_pg_out_of_range(struct tn_error *err, const char *type, struct tn_str value)
{
    return tn_fail(err, TN_E_INVALID, "22003", "value \"%.*s\" is out of range for type %s", quote_len(value),
                   quote_ptr(value), type);
}

enum tn_status tn_pg_bad_binary(struct tn_error *err, const char *type, const char *why)
{
    return tn_fail(err, TN_E_INVALID, "22P03", "incorrect binary data format for type %s: %s", type, why);
}

enum tn_status tn_pg_no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
}

enum tn_status tn_pg_bad_utf8(struct tn_error *err, const char *bytes, size_t len)
{
    size_t      good = tn_utf8_valid_prefix(bytes, len);
    const char *nul = good == 0 ? NULL : memchr(bytes, '\0', good);

    if (nul != NULL)
        good = (size_t)(nul - bytes);
    return tn_fail(err, TN_E_INVALID, "22021", "invalid byte sequence for encoding \"UTF8\": 0x%02x (byte %zu)",
                   good < len ? (unsigned char)bytes[good] : 0, good + 1);
}

enum tn_status tn_pg_no_room(struct tn_error *err, const struct tn_buf *out, size_t need)
{
    if (need <= out->max && out->len <= out->max - need)
        return tn_pg_no_memory(err);
    return tn_fail(err, TN_E_LIMIT, "54000", "a row or value of %zu bytes does not fit a buffer of %zu bytes", need,
                   out->max);
}
