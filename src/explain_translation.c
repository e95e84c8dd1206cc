/* EXPLAIN TRANSLATION sql: the statement goes its way as any other, as far as the translate stage of the member that would run
 * it, and the answer is what would be sent there. No engine is asked; it is not recorded. */
#include "result/text_rows.h"
#include "translating.h"

#include "server.h"
#include "stats/lexer.h"

enum { ANSWER_MAX = 32 << 20 };

/* TEXT without its first two words, if they are EXPLAIN TRANSLATION. */
static bool strip(struct tn_str *text, enum tn_dialect dialect)
{
    struct tn_lexer lexer;
    struct tn_token token;
    const char     *start;

    tn_lexer_init(&lexer, *text, dialect);
    if (!tn_lexer_next(&lexer, &token) || !tn_lexer_next(&lexer, &token) || token.kind != TN_TOKEN_WORD || !tn_str_ieq_c(token.text, "translation"))
        return false;
    start = token.text.ptr + token.text.len;
    *text = tn_str_trim(tn_str_n(start, (size_t)(text->ptr + text->len - start)));
    return true;
}

bool tn_translation_asked(struct tn_query *q)
{
    if (q->features.verb != TN_VERB_EXPLAIN || q->own != NULL || !strip(&q->text, TN_DIALECT_POSTGRES))
        return false;
    if (q->native.ptr != NULL)
        (void)strip(&q->native, TN_DIALECT_MYSQL);
    q->translation.explains = true;
    q->internal = true;
    q->shape = (struct tn_shape){.key = {0, 0}};
    tn_features_read(&q->features, q->text, TN_DIALECT_POSTGRES);
    return true;
}

static void put_scripts(const struct tn_query *q, struct tn_buf *out)
{
    struct tn_translation what;

    if (!tn_translating_what(q, q->group, q->cluster, &what) || what.scripts == NULL)
        return;
    tn_buf_puts(out, "Scripts:   ");
    for (size_t i = 0; i < what.scripts->count; i++)
        tn_buf_printf(out, "%s%s%s", i == 0 ? "" : ", ", what.scripts->items[i]->name,
                      q->translation.result.verdict == TN_VERDICT_OK && (q->translation.result.touched >> i & 1) != 0 ? " (changed it)" : "");
    tn_buf_puts(out, "\n");
}

static void put_types(const struct tn_query *q, struct tn_buf *out)
{
    struct tn_translation what;

    if (q->features.table_count > 0 && tn_translating_what(q, q->group, q->cluster, &what))
        tn_buf_puts(out, what.types != 0 ? "Types:     of columns, as the engine tells them\n" : "Types:     of columns are not known: the statement alone says what it means\n");
}

/* Where the statement's own lines begin, which stay together. */
static size_t put_result(const struct tn_query *q, bool same, struct tn_buf *out)
{
    const struct tn_translated *result = &q->translation.result;
    struct tn_str               sent = tn_translating_sent(q);
    size_t                      begin;

    tn_buf_printf(out, "Cluster:   " TN_STR_FMT " (%s)\n", TN_STR_ARG(q->cluster->conf->name), q->cluster->ops->name);
    if (tn_runtime_of(q->worker)->server->translator == NULL) {
        tn_buf_puts(out, "Result:    sent as written: translation is switched off (turnout.translation)\n");
    } else if (same) {
        tn_buf_puts(out, "Result:    sent as written: it needs no translation there\n");
    } else {
        tn_buf_printf(out, "Dialects:  %s to %s\n", tn_dialect_name(q->translation.from), tn_dialect_name(q->cluster->ops->dialect));
        tn_buf_printf(out, "Result:    %s%s\n", result->verdict == TN_VERDICT_OK ? "" : "sent as written: ", tn_verdict_name(result->verdict));
        put_types(q, out);
        put_scripts(q, out);
        for (struct tn_str rest = result->why, line; tn_str_next_line(&rest, &line);)
            tn_buf_printf(out, "Note:      " TN_STR_FMT "\n", TN_STR_ARG(line));
    }
    begin = out->len;
    tn_buf_puts(out, "Text:      ");
    tn_buf_put_str(out, sent);
    return begin;
}

enum tn_step tn_translation_answer(struct tn_query *q, bool same)
{
    struct tn_schema *schema = tn_arena_zalloc(&q->arena, sizeof *schema);
    struct tn_column *column = tn_arena_zalloc(&q->arena, sizeof *column);
    struct tn_chunk  *chunk = NULL;
    struct tn_buf     text;
    size_t            begin;

    if (schema == NULL || column == NULL) {
        tn_fail(&q->error, TN_E_NOMEM, "53200", "no memory to explain");
        return TN_STOP;
    }
    *column = (struct tn_column){.name = TN_STR("TRANSLATION"), .type = TN_TYPE_TEXT};
    tn_column_set_pg(column);
    *schema = (struct tn_schema){.count = 1, .columns = column};
    if (q->kind == TN_RUN_DESCRIBE) {
        q->events->params(q, 0, NULL);
        q->events->columns(q, schema);
        return TN_STOP;
    }
    tn_buf_init(&text, ANSWER_MAX);
    begin = put_result(q, same, &text);
    if (text.failed)
        tn_fail(&q->error, TN_E_NOMEM, "53200", "no memory to explain");
    else if (tn_text_rows_encode(&chunk, q->run.encoder, schema, tn_buf_str(&text), begin, &q->error) == TN_OK) {
        q->run.rows = chunk->rows;
        q->run.bytes = chunk->bytes.len;
        q->events->columns(q, schema);
        q->events->chunk(q, chunk);
    }
    tn_buf_reset(&text);
    return TN_STOP;
}
