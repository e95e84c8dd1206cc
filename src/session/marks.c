#include "session/marks.h"

#include "session/words.h"

enum { NAMES_MAX = 8 * 1024, NAME_LONGEST = 63 /* PostgreSQL cuts them there */, LENGTH = 2 };

void tn_marks_init(struct tn_marks *marks)
{
    marks->count = 0;
    tn_buf_init(&marks->names, NAMES_MAX);
}

void tn_marks_reset(struct tn_marks *marks)
{
    marks->count = 0;
    tn_buf_reset(&marks->names);
}

static bool put_name(const struct tn_token *token, struct tn_buf *out)
{
    struct tn_str name = tn_token_name(token);

    if (token->kind != TN_TOKEN_WORD && token->kind != TN_TOKEN_IDENT)
        return false;
    for (size_t i = 0; i < name.len && i < NAME_LONGEST; i++) {
        bool capital = token->kind == TN_TOKEN_WORD && name.ptr[i] >= 'A' && name.ptr[i] <= 'Z';

        tn_buf_put_u8(out, (uint8_t)(capital ? name.ptr[i] | 0x20 : name.ptr[i]));
    }
    return !out->failed;
}

/* WORD, if it is not the last: then it is the name, for which each of these words may stand. */
static bool skip_word(struct tn_words *words, const char *word)
{
    struct tn_words before = *words;

    if (!tn_words_accept(words, word))
        return false;
    if (!tn_words_at_end(words) && !tn_words_at_punct(words, ';'))
        return true;
    *words = before;
    return false;
}

bool tn_marks_name(struct tn_str sql, struct tn_buf *out)
{
    struct tn_words words;

    tn_words_behind_verb(&words, sql, TN_DIALECT_POSTGRES);
    if (!skip_word(&words, "work"))
        skip_word(&words, "transaction");
    skip_word(&words, "to");
    skip_word(&words, "savepoint");
    return put_name(&words.token, out);
}

bool tn_marks_push(struct tn_marks *marks, struct tn_str name)
{
    size_t before = marks->names.len;

    tn_buf_put_u8(&marks->names, (uint8_t)(name.len >> 8));
    tn_buf_put_u8(&marks->names, (uint8_t)name.len);
    tn_buf_put_str(&marks->names, name);
    if (marks->names.failed) {
        marks->names.failed = false;
        marks->names.len = before;
        return false;
    }
    marks->count++;
    return true;
}

/* Where the mark NUMBER, from 0, begins. */
static size_t begin_of(const struct tn_marks *marks, unsigned number)
{
    size_t at = 0;

    for (unsigned i = 0; i < number; i++)
        at += LENGTH + (size_t)((unsigned char)marks->names.data[at] << 8 | (unsigned char)marks->names.data[at + 1]);
    return at;
}

static void cut(struct tn_marks *marks, unsigned count)
{
    marks->names.len = begin_of(marks, count);
    marks->count = count;
}

void tn_marks_pop(struct tn_marks *marks)
{
    if (marks->count > 0)
        cut(marks, marks->count - 1);
}

bool tn_marks_end(struct tn_marks *marks, struct tn_str name, bool release)
{
    for (unsigned i = marks->count; i > 0; i--) {
        size_t at = begin_of(marks, i - 1), end = i == marks->count ? marks->names.len : begin_of(marks, i);

        if (!tn_str_eq(tn_str_n(marks->names.data + at + LENGTH, end - at - LENGTH), name))
            continue;
        cut(marks, release ? i - 1 : i);
        return true;
    }
    return false;
}
