/* fuzz_hint.c - the hint comment: values lie inside the statement, an error says why and leaves nothing behind. */
#include "stats/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(struct tn_str value, struct tn_str text)
{
    uintptr_t begin = (uintptr_t)text.ptr, at = (uintptr_t)value.ptr;

    if (value.len > 0 && (at < begin || at + value.len > begin + text.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str    text = tn_str_n((const char *)data, size);
    struct tn_error  err = TN_ERROR_INIT;
    struct tn_hint   hint;
    enum tn_status   status = tn_hint_read(&hint, text, &err);

    check_value(hint.group, text);
    check_value(hint.cluster, text);
    check_value(hint.tags, text);
    check_value(hint.strategy, text);
    check_value(hint.priority, text);
    if (status != TN_OK && (hint.group.len + hint.cluster.len + hint.tags.len + hint.strategy.len + hint.priority.len > 0 ||
                            err.message[0] == '\0' || err.position < 1 || (size_t)err.position > size + 1))
        abort();
    if (tn_utf8_valid_prefix(err.message, strlen(err.message)) != strlen(err.message))
        abort();
    tn_error_reset(&err);
    return 0;
}
