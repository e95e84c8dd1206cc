/* What the session's own questions have in common: answers whose columns are known, row by row. */
#include "mysql/private.h"

void tn_my_asked_columns(struct tn_ask *ask, const struct tn_schema *schema)
{
    (void)ask;
    (void)schema;
}

void tn_my_asked_rows(struct tn_ask *ask, struct tn_chunk *chunk, size_t most, void (*take)(struct tn_my_session *s, struct tn_str row))
{
    struct tn_error     err = TN_ERROR_INIT;
    struct tn_my_packet packet;
    size_t              used = 0;

    for (size_t at = 0; at < chunk->bytes.len && tn_my_parse_packet(chunk->bytes.data + at, chunk->bytes.len - at, most, &packet, &used, &err) == TN_OK; at += used)
        take(ask->owner, packet.body);
    tn_error_reset(&err);
    tn_chunk_free(chunk);
    tn_ask_credit(ask);
}
