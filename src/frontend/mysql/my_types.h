/* my_types.h - the types and character sets of the MySQL protocol (tables: my_types.def, my_column_types.def, my_charset.def),
 * and how a column of ours is told. Shared by the frontend and by the engine. */
#ifndef TN_FRONTEND_MY_TYPES_H
#define TN_FRONTEND_MY_TYPES_H

#include "frontend/mysql/my_packet.h"
#include "result/batch.h"

enum tn_my_type {
#define MY(NAME, number, name) TN_MY_TYPE_##NAME = number,
#include "frontend/mysql/my_types.def"
#undef MY
};

/* Of a column. */
enum {
    TN_MY_FLAG_NOT_NULL = 1,
    TN_MY_FLAG_PRI_KEY = 2,
    TN_MY_FLAG_UNIQUE_KEY = 4,
    TN_MY_FLAG_MULTIPLE_KEY = 8,
    TN_MY_FLAG_BLOB = 16,
    TN_MY_FLAG_UNSIGNED = 32,
    TN_MY_FLAG_ZEROFILL = 64,
    TN_MY_FLAG_BINARY = 128,
    TN_MY_FLAG_ENUM = 256,
    TN_MY_FLAG_AUTO_INCREMENT = 512,
    TN_MY_FLAG_TIMESTAMP = 1024,
    TN_MY_FLAG_SET = 2048,
    TN_MY_FLAG_NUM = 32768,
};

enum { TN_MY_CHARSET_NONE = 0 /* texts as they are */, TN_MY_CHARSET_BINARY = 63, TN_MY_CHARSET_UTF8MB4 = 45, TN_MY_DECIMALS_FLOATING = 31 };

/* What a client is told of a column. */
struct tn_my_column {
    uint8_t  type; /* enum tn_my_type */
    uint16_t flags, charset;
    uint32_t length; /* of a value as text, in bytes */
    uint8_t  decimals;
    const char *name, *format; /* what the type does not tell, for MARIADB_EXTENDED_TYPES ("uuid"; "json"); NULL: nothing */
};

/* Texts are announced in CHARSET (a number of my_charset.def; bytes: texts as they are). */
struct tn_my_column tn_my_column_of(const struct tn_column *column, uint16_t charset);

struct tn_my_charset {
    uint16_t    number;
    const char *charset, *collation;
    uint8_t     max_bytes;
    bool        is_default;
};

const char                 *tn_my_type_name(uint8_t type);             /* NULL: unknown */
const struct tn_my_charset *tn_my_charset_at(size_t i);                /* NULL behind the last */
const struct tn_my_charset *tn_my_charset_find(uint16_t number);       /* NULL: unknown */
bool                        tn_my_charset_is_utf8(const struct tn_my_charset *charset); /* of four bytes or three */
const struct tn_my_charset *tn_my_charset_default(struct tn_str name); /* "utf8mb4", "utf8"; NULL: unknown */
const struct tn_my_charset *tn_my_collation_find(struct tn_str name);  /* NULL: unknown */

#endif
