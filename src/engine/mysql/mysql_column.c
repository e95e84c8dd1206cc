#include "engine/mysql/mysql_column.h"

enum { METADATA_FORMAT = 1, DECIMAL_LONGEST = 65, DIGITS = 6 /* of a second */ };

static enum tn_type integer(const struct tn_mysql_column *k, enum tn_type signed_type, enum tn_type unsigned_type)
{
    return k->is_unsigned ? unsigned_type : signed_type;
}

static enum tn_type type_of(const struct tn_mysql_column *k)
{
    switch (k->type) {
    case TN_MY_TYPE_TINY:
        return integer(k, TN_TYPE_INT8, TN_TYPE_UINT8);
    case TN_MY_TYPE_SHORT:
        return integer(k, TN_TYPE_INT16, TN_TYPE_UINT16);
    case TN_MY_TYPE_YEAR:
        return TN_TYPE_INT16;
    case TN_MY_TYPE_INT24:
        return TN_TYPE_INT32;
    case TN_MY_TYPE_LONG:
        return integer(k, TN_TYPE_INT32, TN_TYPE_UINT32);
    case TN_MY_TYPE_LONGLONG:
        return integer(k, TN_TYPE_INT64, TN_TYPE_UINT64);
    case TN_MY_TYPE_BIT:
        return k->length <= 1 ? TN_TYPE_BOOL : k->length < 64 ? TN_TYPE_INT64 : TN_TYPE_UINT64;
    case TN_MY_TYPE_FLOAT:
        return TN_TYPE_FLOAT32;
    case TN_MY_TYPE_DOUBLE:
        return TN_TYPE_FLOAT64;
    case TN_MY_TYPE_DECIMAL:
    case TN_MY_TYPE_NEWDECIMAL:
        return TN_TYPE_NUMERIC;
    case TN_MY_TYPE_DATE:
        return TN_TYPE_DATE;
    case TN_MY_TYPE_TIME:
        return TN_TYPE_INTERVAL;
    case TN_MY_TYPE_DATETIME:
        return TN_TYPE_TIMESTAMP;
    case TN_MY_TYPE_TIMESTAMP:
        return TN_TYPE_TIMESTAMPTZ;
    case TN_MY_TYPE_JSON:
        return TN_TYPE_JSON;
    case TN_MY_TYPE_GEOMETRY:
        return TN_TYPE_BYTES;
    case TN_MY_TYPE_NULL:
    case TN_MY_TYPE_ENUM:
    case TN_MY_TYPE_SET:
        return TN_TYPE_TEXT;
    default: /* texts and blobs differ by their character set only */
        if (k->is_json && k->charset != TN_MY_CHARSET_BINARY)
            return TN_TYPE_JSON;
        return k->charset == TN_MY_CHARSET_BINARY ? TN_TYPE_BYTES : TN_TYPE_TEXT;
    }
}

/* Its length counts the sign and the point. */
static void take_precision(const struct tn_mysql_column *k, struct tn_column *column)
{
    uint32_t digits = k->length;

    if (k->decimals >= TN_MY_DECIMALS_FLOATING)
        return;
    digits -= digits > 0 && k->decimals > 0 ? 1 : 0;
    digits -= digits > 0 && !k->is_unsigned ? 1 : 0;
    if (digits == 0 || digits > DECIMAL_LONGEST || digits < k->decimals)
        return;
    column->precision = (uint8_t)digits;
    column->scale = (int8_t)k->decimals;
}

/* Pairs of a kind, 0 the type's name and 1 its format, and a text. */
static bool says_json(struct tn_str metadata)
{
    struct tn_my_cursor in = tn_my_cursor_of(metadata);

    while (tn_my_left(&in) > 0) {
        uint8_t       what = tn_my_get_u8(&in);
        struct tn_str text = tn_my_get_lenenc_str(&in, NULL);

        if (what == METADATA_FORMAT && !in.failed && tn_str_eq_c(text, "json"))
            return true;
    }
    return false;
}

enum tn_status tn_mysql_column_read(struct tn_str message, bool extended, struct tn_mysql_column *kind, struct tn_column *column, struct tn_error *err)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);

    for (int i = 0; i < 4; i++) /* catalog, schema, table, original table */
        tn_my_get_lenenc_str(&in, NULL);
    *column = (struct tn_column){.name = tn_my_get_lenenc_str(&in, NULL), .pg_typmod = -1};
    tn_my_get_lenenc_str(&in, NULL); /* original name */
    kind->is_json = extended && says_json(tn_my_get_lenenc_str(&in, NULL));
    tn_my_get_lenenc(&in, NULL);
    kind->charset = tn_my_get_u16(&in);
    kind->length = tn_my_get_u32(&in);
    kind->type = tn_my_get_u8(&in);
    kind->flags = tn_my_get_u16(&in);
    kind->decimals = tn_my_get_u8(&in);
    kind->is_unsigned = (kind->flags & TN_MY_FLAG_UNSIGNED) != 0;
    if (in.failed)
        return tn_fail(err, TN_E_CONNECTION, "08P01", "the server's description of a column is not understood");
    if (column->name.ptr == NULL)
        column->name = tn_str_n("", 0);
    column->type = type_of(kind);
    if (column->type == TN_TYPE_NUMERIC)
        take_precision(kind, column);
    tn_column_set_pg(column);
    if ((column->type == TN_TYPE_TIMESTAMP || column->type == TN_TYPE_TIMESTAMPTZ) && kind->decimals <= DIGITS)
        column->pg_typmod = kind->decimals;
    if (column->type == TN_TYPE_INTERVAL)
        column->precision = (uint8_t)(1 + TN_MIN(kind->decimals, (uint8_t)DIGITS));
    return TN_OK;
}
