/* Parameters of every type, text and binary: first byte the type, second the format, array and style, the rest the
 * value. What decodes must encode, and both forms must decode to what encodes to the same bytes. */
#include "base/tz.h"
#include "frontend/pgwire/pg_convert.h"
#include "frontend/pgwire/pg_value.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t oids[] = {
#define PG(NAME, oid, array, name, sql, len, type) oid, array,
#include "frontend/pgwire/pg_types.def"
#undef PG
    600, 0,
};

static void die(const char *why, uint32_t oid, struct tn_str want, struct tn_str got)
{
    fprintf(stderr, "OID %u: %s: want \"%.*s\", got \"%.*s\"\n", oid, why, (int)want.len, want.ptr, (int)got.len, got.ptr);
    abort();
}

/* A NaN's spare bits do not pass through text. */
static bool has_nan(const struct tn_value *value)
{
    if (value->is_list) {
        for (size_t i = 0; i < value->as.list.count; i++)
            if (has_nan(&value->as.list.items[i]))
                return true;
        return false;
    }
    return (value->type == TN_TYPE_FLOAT32 || value->type == TN_TYPE_FLOAT64) && value->as.f64 != value->as.f64;
}

static void encode(uint32_t oid, int16_t format, const struct tn_value *value, const struct tn_pg_style *style,
                   struct tn_buf *out)
{
    struct tn_error err = TN_ERROR_INIT;
    enum tn_status  status = tn_pg_value_encode(value, oid, format, style, out, &err);

    if (status != TN_OK && status != TN_E_LIMIT)
        die("does not encode", oid, tn_str(""), tn_str(err.message));
    tn_error_reset(&err);
}

/* BYTES, which we wrote in FORMAT, give TEXT and BINARY again. */
static void check_again(uint32_t oid, int16_t format, struct tn_str bytes, const struct tn_buf *text,
                        const struct tn_buf *binary, bool nan, const struct tn_pg_style *style)
{
    struct tn_arena arena;
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;
    struct tn_buf   out;

    tn_arena_init(&arena, 0);
    tn_buf_init(&out, text->max);
    if (tn_pg_value_decode(oid, format, bytes, style, &arena, &value, &err) != TN_OK)
        die(err.message, oid, bytes, tn_str("an error"));
    encode(oid, 0, &value, style, &out);
    if (!tn_str_eq(tn_buf_str(&out), tn_buf_str(text)))
        die("other text", oid, tn_buf_str(text), tn_buf_str(&out));
    tn_buf_clear(&out);
    encode(oid, 1, &value, style, &out);
    if (!nan && !tn_str_eq(tn_buf_str(&out), tn_buf_str(binary)))
        die("other binary", oid, tn_buf_str(binary), tn_buf_str(&out));
    tn_buf_reset(&out);
    tn_arena_reset(&arena);
}

static struct tn_tz *zone(void)
{
    static struct tn_tz *tz; /* one for the life of the program */

    if (tz == NULL && tn_tz_load(&tz, TN_STR("Europe/Berlin"), NULL) != TN_OK)
        abort();
    return tz;
}

static void check_value(uint32_t oid, const struct tn_value *value, const struct tn_pg_style *style)
{
    struct tn_buf text, binary;
    bool          nan = has_nan(value);

    tn_buf_init(&text, 1 << 22);
    tn_buf_init(&binary, 1 << 22);
    encode(oid, 0, value, style, &text);
    encode(oid, 1, value, style, &binary);
    if (!text.failed && !binary.failed) {
        check_again(oid, 0, tn_str_n(text.data == NULL ? "" : text.data, text.len), &text, &binary, nan, style);
        check_again(oid, 1, tn_str_n(binary.data == NULL ? "" : binary.data, binary.len), &text, &binary, nan, style);
    }
    tn_buf_reset(&text);
    tn_buf_reset(&binary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_pg_style style = TN_PG_STYLE_INIT;
    struct tn_arena    arena;
    struct tn_value    value;
    struct tn_error    err = TN_ERROR_INIT;
    uint32_t           oid;

    if (size < 2)
        return 0;
    oid = oids[data[0] % TN_ARRAY_LEN(oids)];
    style.tz = (data[1] & 2) != 0 ? zone() : NULL;
    style.bytea_escape = (data[1] & 4) != 0;
    style.interval = (enum tn_pg_interval_style)(data[1] >> 3 & 3);
    tn_arena_init(&arena, 256 << 20);
    if (tn_pg_value_decode(oid, data[1] & 1, tn_str_n((const char *)data + 2, size - 2), &style, &arena, &value, &err) == TN_OK &&
        tn_pg_type_known(oid))
        check_value(oid, &value, &style);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
    return 0;
}
