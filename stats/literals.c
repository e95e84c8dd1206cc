/* literals.c - statement text without its literals, for histories that must not hold data. */
#include "stats/lexer.h"

struct writer {
    char  *out;
    size_t len, max; /* max leaves room for the NUL */
    bool   full;     /* something did not fit: nothing more may follow */
};

static void put(struct writer *w, struct tn_str text)
{
    size_t fits = TN_MIN(text.len, w->max - w->len);

    if (w->full || text.len == 0)
        return;
    if (fits < text.len) {
        w->full = true;
        while (fits > 0 && ((unsigned char)text.ptr[fits] & 0xC0u) == 0x80u) /* not inside a character */
            fits--;
    }
    memcpy(w->out + w->len, text.ptr, fits);
    w->len += fits;
}

/* White space and comments between FROM and TO: each comment becomes one space. */
static void put_gap(struct writer *w, struct tn_lexer *gap, size_t to)
{
    struct tn_str comment;
    size_t        from = gap->at;

    while (gap->at < to && !w->full) {
        bool   found = tn_lexer_comment(gap, &comment);
        size_t end = TN_MIN(gap->at, to);
        size_t space = found ? (size_t)(comment.ptr - gap->text.ptr) : end;

        put(w, tn_str_n(gap->text.ptr + from, TN_MIN(space, to) - from));
        if (!found)
            break;
        put(w, TN_STR(" "));
        from = gap->at;
    }
}

size_t tn_text_without_literals(char *out, size_t size, struct tn_str text, enum tn_dialect dialect)
{
    struct writer   w = {.out = out, .max = size - 1};
    struct tn_lexer lexer, gap;
    struct tn_token token;

    tn_lexer_init(&lexer, text, dialect);
    gap = lexer;
    while (!w.full && tn_lexer_next(&lexer, &token)) {
        put_gap(&w, &gap, (size_t)(token.text.ptr - text.ptr));
        if (token.kind == TN_TOKEN_NUMBER || token.kind == TN_TOKEN_STRING)
            put(&w, TN_STR("?"));
        else
            put(&w, token.text);
        gap = lexer;
    }
    if (!w.full)
        put_gap(&w, &gap, text.len);
    out[w.len] = '\0';
    return w.len;
}
