#include "frontend/mysql/my_types.h"

#define BINARY TN_MY_FLAG_BINARY
#define NUM TN_MY_FLAG_NUM
#define UNSIGNED TN_MY_FLAG_UNSIGNED
#define BLOB TN_MY_FLAG_BLOB

enum charset_kind { CHARSET_BINARY, CHARSET_TEXT };

enum {
    MOST_DIGITS = 6, /* of a second */
    UNKNOWN_DIGITS = 65, UNKNOWN_SCALE = 30, /* the most that MySQL's DECIMAL has */
    UNKNOWN_LENGTH = 16383,                  /* characters of a text whose length nobody limits: a VARCHAR's most */
    TYPMOD_HEADER = 4,
};

static const struct {
    uint8_t           type;
    uint16_t          flags;
    uint32_t          length;
    uint8_t           decimals;
    enum charset_kind charset;
} columns[TN_TYPE_COUNT] = {
#define COLUMN(type, my, flags, length, decimals, charset)                                                              \
    [TN_TYPE_##type] = {TN_MY_TYPE_##my, flags, length, decimals, CHARSET_##charset},
#include "frontend/mysql/my_column_types.def"
#undef COLUMN
};

static const struct tn_my_charset charsets[] = {
#define CHARSET(number, charset, collation, max_bytes, is_default) {number, charset, collation, max_bytes, is_default},
#include "frontend/mysql/my_charset.def"
#undef CHARSET
};

static void measure_decimal(struct tn_my_column *out, const struct tn_column *column)
{
    unsigned digits = column->precision, scale = column->scale < 0 ? 0 : (unsigned)column->scale;

    if (digits == 0) {
        digits = UNKNOWN_DIGITS;
        scale = column->scale > 0 ? (unsigned)column->scale : UNKNOWN_SCALE;
    }
    out->decimals = (uint8_t)scale;
    out->length = digits + 1 + (scale > 0 ? 1 : 0); /* sign and point */
}

/* Clients that put times together from a binary row write as many digits of a second as are told. */
static void measure_moment(struct tn_my_column *out, const struct tn_column *column)
{
    bool told = column->pg_typmod >= 0 && column->pg_typmod < MOST_DIGITS;

    if (!told || (column->type != TN_TYPE_TIMESTAMP && column->type != TN_TYPE_TIMESTAMPTZ && column->type != TN_TYPE_TIME))
        return;
    out->length -= (uint32_t)(column->pg_typmod == 0 ? MOST_DIGITS + 1 : MOST_DIGITS - column->pg_typmod);
    out->decimals = (uint8_t)column->pg_typmod;
}

struct tn_my_column tn_my_column_of(const struct tn_column *column, uint16_t charset)
{
    uint16_t                    told = charset == TN_MY_CHARSET_BINARY ? (uint16_t)TN_MY_CHARSET_UTF8MB4 : charset; /* as they are, which is UTF-8 */
    const struct tn_my_charset *set = tn_my_charset_find(told);
    uint32_t                    char_bytes = set == NULL ? 4 : set->max_bytes;
    struct tn_my_column         out = {
                .type = columns[column->type].type,
                .flags = columns[column->type].flags,
                .charset = columns[column->type].charset == CHARSET_TEXT ? told : (uint16_t)TN_MY_CHARSET_BINARY,
                .length = columns[column->type].length,
                .decimals = columns[column->type].decimals,
    };

    out.name = column->type == TN_TYPE_UUID ? "uuid" : NULL;
    out.format = column->type == TN_TYPE_JSON ? "json" : NULL;
    if (out.type == TN_MY_TYPE_NEWDECIMAL)
        measure_decimal(&out, column);
    measure_moment(&out, column);
    if (column->type == TN_TYPE_TEXT)
        out.length = char_bytes * (column->pg_typmod > TYPMOD_HEADER && column->pg_typmod < INT16_MAX * 2
                                       ? (uint32_t)column->pg_typmod - TYPMOD_HEADER
                                       : (uint32_t)UNKNOWN_LENGTH);
    return out;
}

const char *tn_my_type_name(uint8_t type)
{
    switch (type) {
#define MY(NAME, number, name)                                                                                          \
    case number:                                                                                                        \
        return name;
#include "frontend/mysql/my_types.def"
#undef MY
    default:
        return NULL;
    }
}

const struct tn_my_charset *tn_my_charset_at(size_t i)
{
    return i < TN_ARRAY_LEN(charsets) ? &charsets[i] : NULL;
}

const struct tn_my_charset *tn_my_charset_find(uint16_t number)
{
    size_t low = 0, high = TN_ARRAY_LEN(charsets);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (charsets[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < TN_ARRAY_LEN(charsets) && charsets[low].number == number ? &charsets[low] : NULL;
}

bool tn_my_charset_is_utf8(const struct tn_my_charset *charset)
{
    return strncmp(charset->charset, "utf8", 4) == 0;
}

const struct tn_my_charset *tn_my_charset_default(struct tn_str name)
{
    if (tn_str_ieq_c(name, "utf8"))
        name = TN_STR("utf8mb3");
    for (size_t i = 0; i < TN_ARRAY_LEN(charsets); i++)
        if (charsets[i].is_default && tn_str_ieq_c(name, charsets[i].charset))
            return &charsets[i];
    return NULL;
}

const struct tn_my_charset *tn_my_collation_find(struct tn_str name)
{
    struct tn_str utf8 = TN_STR("utf8_");

    for (size_t i = 0; i < TN_ARRAY_LEN(charsets); i++) {
        struct tn_str collation = tn_str(charsets[i].collation);

        if (tn_str_ieq(name, collation))
            return &charsets[i];
        if (charsets[i].max_bytes == 3 && name.len > utf8.len && tn_str_ieq(tn_str_n(name.ptr, utf8.len), utf8) &&
            tn_str_ieq(tn_str_n(name.ptr + utf8.len, name.len - utf8.len),
                       tn_str_n(collation.ptr + sizeof "utf8mb3_" - 1, collation.len - (sizeof "utf8mb3_" - 1))))
            return &charsets[i];
    }
    return NULL;
}
