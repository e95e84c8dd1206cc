/* The PostgreSQL message parsers over any bytes: the start-up packet, then messages with their bodies. Invariants: what is
 * used lies inside the input, views lie inside the body, and a shorter input never makes a longer message. */
#include "frontend/pgwire/pgwire_parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void inside(struct tn_str view, struct tn_str body)
{
    check(view.len == 0 || (view.ptr >= body.ptr && view.ptr + view.len <= body.ptr + body.len));
}

static void read_bind(struct tn_str body)
{
    struct tn_pg_bind bind;

    if (tn_pg_parse_bind(body, &bind, NULL) != TN_OK)
        return;
    inside(bind.portal, body);
    inside(bind.statement, body);
    for (size_t i = 0; i < bind.param_count; i++) {
        int32_t len = tn_pg_get_i32(&bind.params);

        if (len > 0)
            inside(tn_pg_get_bytes(&bind.params, (size_t)len), body);
    }
    check(!bind.params.failed && bind.params.at == bind.params.end);
    for (size_t i = 0; i < bind.result_format_count; i++)
        tn_pg_get_i16(&bind.result_formats);
    check(!bind.result_formats.failed);
}

static void read_body(const struct tn_pg_message *message)
{
    struct tn_pg_parse   parse;
    struct tn_pg_target  target;
    struct tn_pg_execute execute;
    struct tn_str        sql;

    if (tn_pg_parse_query(message->body, &sql, NULL) == TN_OK)
        inside(sql, message->body);
    if (tn_pg_parse_parse(message->body, &parse, NULL) == TN_OK) {
        inside(parse.sql, message->body);
        for (size_t i = 0; i < parse.oid_count; i++)
            tn_pg_get_i32(&parse.oids);
        check(!parse.oids.failed);
    }
    if (tn_pg_parse_target(message->body, &target, NULL) == TN_OK)
        inside(target.name, message->body);
    if (tn_pg_parse_execute(message->body, &execute, NULL) == TN_OK)
        inside(execute.portal, message->body);
    read_bind(message->body);
}

static void read_startup(struct tn_str input)
{
    struct tn_pg_startup startup;
    struct tn_str        name, value;
    size_t               used;

    if (tn_pg_parse_startup(input.ptr, input.len, &startup, &used, NULL) != TN_OK)
        return;
    check(used <= input.len);
    inside(startup.cancel_key, input);
    while (tn_pg_startup_next(&startup.parameters, &name, &value)) {
        inside(name, input);
        inside(value, input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str        input = tn_str_n((const char *)data, size);
    struct tn_pg_message message;
    size_t               used;

    read_startup(input);
    while (tn_pg_parse_message(input.ptr, input.len, 1 << 20, &message, &used, NULL) == TN_OK) {
        check(used <= input.len && used >= 5);
        inside(message.body, input);
        check(tn_pg_parse_message(input.ptr, used - 1, 1 << 20, &message, &used, NULL) == TN_AGAIN);
        check(tn_pg_parse_message(input.ptr, input.len, 1 << 20, &message, &used, NULL) == TN_OK);
        read_body(&message);
        input = tn_str_n(input.ptr + used, input.len - used);
    }
    return 0;
}
