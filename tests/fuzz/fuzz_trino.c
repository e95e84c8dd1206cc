/* fuzz_trino.c - everything that a Trino client writes: headers (the first byte chooses which), statements of the session,
 * parameters, names of tables about tables. Nothing may be read or written outside; what comes out is UTF-8 if that went in. */
#include "frontend/trino/trino_request.h"
#include "trino/bind.h"
#include "trino/catalog.h"
#include "trino/command.h"
#include "session/self.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void headers(struct tn_str text, uint8_t which, struct tn_arena *arena)
{
    static const char *const names[] = {"x-trino-session", "x-trino-user",      "x-trino-prepared-statement", "x-trino-client-tags",
                                        "host",            "x-forwarded-host",  "x-forwarded-prefix",         "x-trino-role"};
    struct tn_trino_request  request;
    struct tn_error          err = TN_ERROR_INIT;
    struct tn_str            base;

    tn_trino_request_init(&request, arena);
    (void)tn_trino_request_field(&request, tn_str(names[which % TN_ARRAY_LEN(names)]), text, &err);
    (void)tn_trino_request_field(&request, tn_str(names[which % TN_ARRAY_LEN(names)]), text, &err);
    base = tn_trino_request_base(&request, which % 2 == 1, arena);
    for (size_t i = 0; i < base.len; i++)
        if ((unsigned char)base.ptr[i] <= 0x20 || (unsigned char)base.ptr[i] >= 0x7f || base.ptr[i] == '"')
            abort();
    tn_error_reset(&err);
}

static void coding(struct tn_str text, struct tn_arena *arena)
{
    struct tn_str coded, back;

    if (memchr(text.ptr, '\0', text.len) != NULL)
        return;
    if (!tn_trino_encode(arena, text, &coded) || !tn_trino_decode(arena, coded, &back) || !tn_str_eq(text, back))
        abort();
}

static void statements(struct tn_str text, struct tn_arena *arena)
{
    struct tn_self   words = {.user = TN_STR("u"), .catalog = TN_STR("c"), .schema = TN_STR("s")};
    struct tn_trino_command command;
    struct tn_param         param;
    struct tn_params        params;
    struct tn_error         err = TN_ERROR_INIT;
    struct tn_str           out;

    if (tn_trino_command_read(&command, text, arena, &err) == TN_E_INVALID && (err.message[0] == '\0' || err.position < 1))
        abort();
    tn_error_reset(&err);
    (void)tn_trino_literal(text, arena, &param);
    if (tn_trino_bind(text, command.arguments, command.argument_count, false, arena, &out, &params, NULL) == TN_OK && params.count > command.argument_count)
        abort();
    (void)(tn_trino_catalog_rewrite(text, TN_CFG_ENGINE_DUCKDB, NULL, arena, &out, NULL) + tn_self_replace(text, TN_DIALECT_TRINO, &words, arena, &out, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_arena arena;
    struct tn_str   text;

    if (size == 0)
        return 0;
    text = tn_str_n((const char *)data + 1, size - 1);
    tn_arena_init(&arena, 0);
    headers(text, data[0], &arena);
    coding(text, &arena);
    statements(text, &arena);
    tn_arena_reset(&arena);
    return 0;
}
