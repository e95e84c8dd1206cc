/* my_reply.h - what a MySQL server says: messages -> bytes. Pure; each writes one packet (or one packet for each column) into OUT
 * and moves *SEQUENCE on. Source: MySQL Internals Manual, "Generic Response Packets", "Column Definition". */
#ifndef TN_FRONTEND_MY_REPLY_H
#define TN_FRONTEND_MY_REPLY_H

#include "frontend/mysql/my_types.h"

struct tn_my_out {
    struct tn_buf *buf;
    uint8_t       *sequence;
    uint64_t       capabilities; /* that both sides agreed on */
    const struct tn_my_charset *charset; /* names and texts go out in it; NULL: as they are */
};

struct tn_my_ok {
    uint64_t      affected, insert_id;
    uint16_t      status, warnings;
    struct tn_str info;
    struct tn_str schema;            /* with SESSION_TRACK: the new default database; ptr NULL: it is the old one */
    size_t        variable_count;    /* ... and these variables have changed: pairs of name and value */
    const struct tn_str *variables;
    bool          state_changed;     /* ... and something of the session has */
    struct tn_str transaction, characteristics; /* ... and the transaction (ptr NULL: not): letters, and SQL that begins the like */
    bool          ends_rows;         /* header 0xfe: instead of an EOF (DEPRECATE_EOF) */
};

void tn_my_put_ok(const struct tn_my_out *out, const struct tn_my_ok *ok);
void tn_my_put_eof(const struct tn_my_out *out, uint16_t status, uint16_t warnings);
void tn_my_put_error(const struct tn_my_out *out, uint16_t code, const char *sqlstate, struct tn_str message);

/* A column as it is told: NAME is an alias when ORIGINAL is another. */
struct tn_my_definition {
    struct tn_str       schema, table, original_table, name, original;
    struct tn_my_column column;
};
void tn_my_put_definition(const struct tn_my_out *out, const struct tn_my_definition *definition);
/* The number of columns, before their definitions. */
void tn_my_put_column_count(const struct tn_my_out *out, uint64_t count);
/* Definitions as another server told them: packets of less than 16 MB each; EXTENDED: each with MariaDB's extended metadata. */
struct tn_my_told {
    struct tn_str packets;
    bool          extended;
    struct tn_str known; /* without packets: what is known of the columns of the statement's tables, rows of engine/table_types.h */
};
/* Of which table's column a column is; texts are empty where it is of none. TABLE is its alias. */
struct tn_my_origin {
    struct tn_str schema, table, original_table, original;
};
/* All of TOLD; texts are in the collation CHARSET (NONE: as the server says), extended metadata goes to who wants it. */
void tn_my_put_told(const struct tn_my_out *out, const struct tn_my_told *told, uint16_t charset);
/* Definitions of all columns of SCHEMA in texts of CHARSET. ORIGINS: one for each; NULL: nothing is known, they are of DATABASE. */
void tn_my_put_schema(const struct tn_my_out *out, const struct tn_schema *schema, const struct tn_my_origin *origins, struct tn_str database, uint16_t charset);

/* A row of texts (ptr NULL: null). BINARY: as a prepared statement's; integers are then those of type LONGLONG in TYPES. */
void tn_my_put_texts(const struct tn_my_out *out, const struct tn_str *values, const uint8_t *types, size_t count, bool binary);

/* The answer to a COM_STMT_PREPARE; definitions follow. */
void tn_my_put_prepared(const struct tn_my_out *out, uint32_t id, uint16_t columns, uint16_t params);

#endif
