/* fuzz_trino_page.c - an answer of Trino from its bytes to batches: page, columns, every row; in one piece of memory without a
 * NUL behind it. What a link points to must lie in the body, and a batch must have the rows that were put. */
#include "engine/trino/trino_error.h"
#include "engine/trino/trino_page.h"
#include "engine/trino/trino_relay.h"
#include "engine/trino/trino_stream.h"
#include "engine/trino/trino_value.h"

#include "base/alloc.h"

#include <stdlib.h>

/* What is passed on: every part lies in the page, behind the one before it. */
static void relay(struct tn_str body)
{
    struct tn_buf    copy;
    struct tn_chunk *chunk;
    size_t           end = 0;

    tn_buf_init(&copy, body.len + 1);
    tn_buf_put_str(&copy, body);
    chunk = tn_trino_relay_chunk(&copy, NULL);
    for (size_t at = 0; chunk != NULL && at < chunk->relay->parts.len; at += sizeof(struct tn_relay_part)) {
        struct tn_relay_part part;

        memcpy(&part, chunk->relay->parts.data + at, sizeof part);
        if (part.at < end || part.at + part.len > body.len)
            abort();
        end = part.at + part.len;
    }
    tn_chunk_free(chunk);
    tn_buf_reset(&copy);
}

/* The same in pieces of STEP bytes: no more rows than there are bytes, and what is kept is no more than what came. */
static void stream(struct tn_str body, size_t step)
{
    struct tn_trino_stream s = {.begun = false};
    size_t                 at = 0;

    while (at < body.len && !tn_trino_stream_begin(&s, tn_str_n(body.ptr, at)))
        at += step;
    for (; at < body.len && s.begun && !s.bad; at += step) {
        size_t n = TN_MIN(step, body.len - at);

        if (tn_trino_stream_feed(&s, tn_str_n(body.ptr + at, n)) > n)
            abort();
    }
    if (s.rows > body.len || s.page.len > body.len || (tn_trino_stream_end(&s) && s.part_len > 0))
        abort();
    tn_trino_stream_reset(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(struct tn_str part, struct tn_str body)
{
    if (part.ptr != NULL && (part.ptr < body.ptr || part.ptr + part.len > body.ptr + body.len))
        abort();
}

static enum tn_status put_row(struct tn_trino_decoder *decoder, struct tn_builder *builder, const struct tn_trino_columns *columns,
                              struct tn_trino_json *in)
{
    size_t i = 0;

    tn_builder_begin(builder);
    if (!tn_trino_json_enter(in, '['))
        return TN_E_ENGINE;
    for (; i < columns->schema.count && tn_trino_json_item(in); i++)
        TN_TRY(tn_trino_value_put(decoder, builder, i, &columns->schema.columns[i], &columns->types[i], in, NULL));
    return in->failed || i < columns->schema.count || tn_trino_json_item(in) ? TN_E_ENGINE : tn_builder_end(builder, NULL);
}

static void read_rows(const struct tn_trino_columns *columns, struct tn_str rows)
{
    struct tn_trino_decoder decoder;
    struct tn_trino_json    in;
    struct tn_builder      *builder;
    struct tn_batch         batch;
    int64_t                 count = 0;

    if (columns->schema.count == 0 || tn_builder_new(&builder, &columns->schema, 1 << 20, NULL) != TN_OK)
        return;
    tn_trino_decoder_init(&decoder, 1 << 20);
    tn_trino_json_begin(&in, rows);
    if (tn_trino_json_enter(&in, '['))
        while (tn_trino_json_item(&in) && put_row(&decoder, builder, columns, &in) == TN_OK)
            count++;
    if (tn_builder_finish(builder, &batch, NULL) == TN_OK) {
        if (batch.rows != count)
            abort();
        tn_batch_release(&batch);
    }
    tn_builder_free(builder);
    tn_trino_decoder_reset(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                   *copy = tn_malloc(size > 0 ? size : 1); /* so that a byte too many is seen */
    struct tn_str           body = {copy, size};
    struct tn_arena         arena;
    struct tn_trino_page    page;
    struct tn_trino_columns columns;
    struct tn_error         err = TN_ERROR_INIT;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    tn_arena_init(&arena, 1 << 24);
    if (tn_trino_page_read(&page, body, &arena, &err) == TN_OK) {
        check_slice(page.next_uri_at, body);
        check_slice(page.partial_uri_at, body);
        check_slice(page.data, body);
        check_slice(page.columns, body);
        if (page.failed)
            tn_trino_error(&err, &page.failure, page.id, body, body);
        if (page.columns.ptr != NULL && tn_trino_columns_read(&columns, page.columns, &arena, &err) == TN_OK && page.data.ptr != NULL)
            read_rows(&columns, page.data);
    }
    relay(body);
    stream(body, 1 + body.len / 7);
    if (body.len < 512)
        stream(body, 1);
    tn_error_reset(&err);
    tn_arena_reset(&arena);
    tn_free(copy);
    return 0;
}
