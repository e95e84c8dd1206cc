/* What a MySQL client sends, over any bytes: packets of frames, the answer to the greeting, COM_CHANGE_USER, COM_STMT_EXECUTE with its
 * parameters, texts whose columns get their names. The first byte picks. Views lie inside the input; a shorter input never makes a
 * longer packet. */
#include "base/alloc.h"
#include "frontend/mysql/my_handshake.h"
#include "frontend/mysql/my_params.h"
#include "mysql/heads.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKET_MAX = 1 << 20, PARAMS = 16 };

static void check(bool good)
{
    if (!good)
        abort();
}

static void inside(struct tn_str view, struct tn_str body)
{
    check(view.len == 0 || (view.ptr >= body.ptr && view.ptr + view.len <= body.ptr + body.len));
}

static void read_hello(struct tn_str body, bool change)
{
    struct tn_my_hello hello;
    struct tn_str      name, value;

    if ((change ? tn_my_parse_change_user(body, UINT64_MAX, &hello, NULL) : tn_my_parse_hello(body, UINT64_MAX, &hello, NULL)) != TN_OK)
        return;
    inside(hello.user, body);
    inside(hello.response, body);
    inside(hello.database, body);
    inside(hello.plugin, body);
    inside(hello.attributes, body);
    while (tn_my_next_attribute(&hello.attributes, &name, &value)) {
        inside(name, body);
        inside(value, body);
    }
}

static void read_execute(struct tn_str body, bool integral)
{
    static const struct tn_pg_style style = TN_PG_STYLE_INIT;
    struct tn_my_execute            execute;
    struct tn_param                 params[PARAMS];
    uint16_t                        types[PARAMS] = {0};
    bool                            known = false;
    struct tn_arena                 arena;
    struct tn_my_param_source       source = {.types = types, .types_known = &known, .style = &style, .integral_doubles = integral};

    if (body.len == 0 || tn_my_parse_execute(tn_str_n(body.ptr + 1, body.len - 1), &execute, NULL) != TN_OK)
        return;
    source.count = (unsigned char)body.ptr[0] % PARAMS + 1u;
    tn_arena_init(&arena, 16 * 1024 * 1024);
    if (tn_my_read_params(&execute.rest, &source, &arena, params, NULL) == TN_OK)
        check(!execute.rest.failed && known);
    tn_arena_reset(&arena);
}

static void read_bulk(struct tn_str body)
{
    static const struct tn_pg_style style = TN_PG_STYLE_INIT;
    struct tn_my_bulk_execute       execute;
    struct tn_param                 params[PARAMS];
    uint16_t                        types[PARAMS] = {0};
    uint8_t                         indicators[PARAMS];
    bool                            known = true;
    struct tn_arena                 arena;
    struct tn_my_param_source       source = {.types = types, .types_known = &known, .style = &style};

    if (body.len == 0 || tn_my_parse_bulk(tn_str_n(body.ptr + 1, body.len - 1), &execute, NULL) != TN_OK)
        return;
    source.count = (unsigned char)body.ptr[0] % PARAMS + 1u;
    if (tn_my_read_bulk_types(&execute.rest, types, source.count, NULL) != TN_OK)
        return;
    tn_arena_init(&arena, 16 * 1024 * 1024);
    while (tn_my_left(&execute.rest) > 0 && tn_my_read_bulk_row(&execute.rest, &source, &arena, params, indicators, NULL) == TN_OK)
        for (size_t i = 0; i < source.count; i++)
            check(!execute.rest.failed && indicators[i] <= TN_MY_INDICATOR_IGNORE);
    tn_arena_reset(&arena);
}

static void read_packets(char *data, size_t size)
{
    struct tn_my_packet packet;
    size_t              used, again;

    while (tn_my_parse_packet(data, size, PACKET_MAX, &packet, &used, NULL) == TN_OK) {
        check(used <= size && used >= TN_MY_HEADER);
        inside(packet.body, tn_str_n(data, size));
        check(tn_my_parse_packet(data, used - 1, PACKET_MAX, &packet, &again, NULL) == TN_AGAIN && again <= used);
        data += used;
        size -= used;
    }
}

/* As many columns as there are, never one more or less; each has a name, however the text ends. */
static void read_heads(struct tn_str body)
{
    struct tn_column        columns[PARAMS];
    struct tn_schema        schema = {.columns = columns};
    const struct tn_schema *named;
    struct tn_arena         arena;
    const struct tn_str     own = TN_STR("own"); /* what one is called that the text does not name */

    if (body.len == 0 || tn_utf8_valid_prefix(body.ptr, body.len) < body.len || memchr(body.ptr, '\0', body.len) != NULL)
        return;
    schema.count = (unsigned char)body.ptr[0] % PARAMS + 1u;
    for (size_t i = 0; i < schema.count; i++)
        columns[i] = (struct tn_column){.name = own, .type = TN_TYPE_TEXT};
    tn_arena_init(&arena, 16 * 1024 * 1024);
    named = tn_my_heads(&schema, tn_str_n(body.ptr + 1, body.len - 1), &arena);
    check(named->count == schema.count);
    for (size_t i = 0; i < named->count; i++) {
        struct tn_str name = named->columns[i].name;

        check(name.ptr != NULL && name.len <= TN_MAX(body.len, own.len) && tn_utf8_valid_prefix(name.ptr, name.len) == name.len);
    }
    tn_arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy;

    if (size == 0 || (copy = tn_malloc(size)) == NULL) /* packets are put together in place */
        return 0;
    memcpy(copy, data + 1, size - 1);
    switch (data[0] % 8) {
    case 0: read_packets(copy, size - 1); break;
    case 1: read_hello(tn_str_n(copy, size - 1), false); break;
    case 2: read_hello(tn_str_n(copy, size - 1), true); break;
    case 3: read_bulk(tn_str_n(copy, size - 1)); break;
    case 4: read_heads(tn_str_n(copy, size - 1)); break;
    default: read_execute(tn_str_n(copy, size - 1), (data[0] & 8) != 0); break;
    }
    tn_free(copy);
    return 0;
}
