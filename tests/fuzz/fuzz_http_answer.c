/* fuzz_http_answer.c - whole conversations through the parser of answers. The first byte picks the split size, and whether requests
 * were HEAD; the same bytes must then read the same as in one piece, or the end of an answer would depend on how packets fall. */
#include "base/hash.h"
#include "net/http_answer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood, as one number. */
struct reading {
    uint64_t hash;
    unsigned answers;
};

static void note(struct reading *r, const void *data, size_t len)
{
    r->hash = tn_hash_seeded(data, len, r->hash);
}

static void note_head(struct reading *r, const struct tn_http_answer *answer)
{
    struct tn_str name, value;
    size_t        at = 0;

    if (answer->status < 200 || answer->status > 599 || (answer->chunked && answer->left != 0))
        abort();
    note(r, &answer->status, sizeof answer->status);
    note(r, &answer->left, sizeof answer->left);
    note(r, &answer->keep_alive, sizeof answer->keep_alive);
    while (tn_http_answer_field(answer, &at, &name, &value)) {
        note(r, name.ptr, name.len);
        note(r, value.ptr, value.len);
        for (size_t i = 0; i < value.len; i++)
            if (strchr("\r\n", value.ptr[i]) != NULL)
                abort(); /* also for a NUL */
    }
}

static struct reading read_all(const char *data, size_t size, size_t step, bool to_head)
{
    struct tn_http_answer answer;
    struct reading        r = {0, 0};
    size_t                at = 0;

    tn_http_answer_init(&answer, 64 * 1024);
    tn_http_answer_begin(&answer, to_head);
    for (;;) {
        size_t             n = TN_MIN(step, size - at), used;
        enum tn_http_event event = tn_http_answer_feed(&answer, data + at, n, &used);

        if (used > n)
            abort();
        at += used;
        if (event == TN_HTTP_HEAD) {
            note_head(&r, &answer);
        } else if (event == TN_HTTP_BODY) {
            if (to_head || answer.body.ptr < data || answer.body.ptr + answer.body.len > data + size || answer.body.len == 0)
                abort();
            for (size_t i = 0; i < answer.body.len; i++)
                note(&r, answer.body.ptr + i, 1);
        } else if (event == TN_HTTP_END) {
            r.answers++;
            note(&r, &at, sizeof at);
            tn_http_answer_begin(&answer, to_head);
        } else if (event == TN_HTTP_BAD) {
            if (answer.bad_reason == NULL)
                abort();
            break;
        } else if (at == size) {
            event = tn_http_answer_closed(&answer);
            note(&r, &event, sizeof event);
            break;
        } else if (used != n) {
            abort();
        }
    }
    tn_http_answer_reset(&answer);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char    *text = (const char *)data + 1;
    struct reading whole, split;
    bool           to_head = size > 0 && data[0] % 16 == 15;
    size_t         step;

    if (size < 2)
        return 0;
    step = data[0] < 128 ? (size_t)data[0] + 1 : ((size_t)data[0] - 127) * 61;
    whole = read_all(text, size - 1, size - 1, to_head);
    split = read_all(text, size - 1, step, to_head);
    if (whole.hash != split.hash || whole.answers != split.answers)
        abort();
    return 0;
}
