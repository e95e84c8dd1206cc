/* fuzz_rest.c - bodies of REST requests: read, their parameters decoded, their tags written; and rows of the kept form taken apart. */
#include "base/buf.h"
#include "frontend/rest/rest_encode.h"
#include "frontend/rest/rest_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_params(const struct tn_json_node *nodes, struct tn_arena *arena)
{
    for (const struct tn_json_node *node = nodes->first; node != NULL; node = node->next) {
        struct tn_error err = TN_ERROR_INIT;
        struct tn_param param;

        if (tn_rest_param_read(node, "p", arena, &param, &err) == TN_OK && param.value.is_list && param.value.as.list.count != 0 &&
            param.value.as.list.items == NULL)
            abort();
        tn_error_reset(&err);
    }
}

static void read_request(struct tn_str text)
{
    struct tn_rest_request request;
    struct tn_arena        arena;
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_str          tags;

    tn_arena_init(&arena, 64 << 20);
    if (tn_rest_request_read(text, &arena, &request, &err) == TN_OK) {
        if (request.sql.len == 0 || tn_utf8_valid_prefix(request.sql.ptr, request.sql.len) < request.sql.len)
            abort();
        if (request.parameters != NULL)
            read_params(request.parameters, &arena);
        if (tn_rest_request_tags(&request, &arena, &tags, &err) == TN_OK && tags.len > 0) {
            const struct tn_json_node *node;

            tn_error_reset(&err);
            if (tn_json_read(tags, &arena, &node, &err) != TN_OK && err.status == TN_E_INVALID && strstr(err.message, "twice") == NULL)
                abort();
        }
    }
    tn_error_reset(&err);
    tn_arena_reset(&arena);
}

static void convert(struct tn_str text)
{
    struct tn_str names[] = {TN_STR("a"), TN_STR("b")}, row;
    struct tn_buf keys, out;
    size_t        at = 0;

    tn_buf_init(&keys, 1024);
    tn_buf_init(&out, 64 << 20);
    tn_rest_keys(names, 2, &keys);
    for (int format = 0; format < TN_REST_FORMATS; format++) {
        enum tn_rest_format unused;

        (void)!tn_rest_row_convert(text, (enum tn_rest_format)format, tn_buf_str(&keys), &out);
        (void)tn_rest_format_choose(text, &unused);
    }
    while (tn_rest_row_next(text, &at, &row))
        if (row.len > text.len)
            abort();
    tn_buf_reset(&keys);
    tn_buf_reset(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str text = {(const char *)data, size};

    read_request(text);
    convert(text);
    return 0;
}
