/* fuzz_my_catalog.c - statements about tables as MySQL's clients may write them: what they name, their spelling for SQLite, databases in front
 * of names, names of types. The first byte says whether SQLite is asked, too, over a catalog of no rows. */
#include "base/alloc.h"
#include "mysql/catalog_db.h"
#include "mysql/catalog_text.h"
#include "mysql/catalog_type.h"
#include "mysql/qualify.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1024 * 1024, TIME_US = 20000 };

static void evaluate(struct tn_str sql, uint64_t relations)
{
    static const _Atomic bool     never;
    struct tn_buf                 none[TN_MY_CORE_COUNT] = {{NULL, 0, 0, 0, false}};
    struct tn_my_catalog_question question = {.asker = {.engine = TN_CFG_ENGINE_DUCKDB, .database = TN_STR("shop"), .user = TN_STR("u"), .current_user = TN_STR("u"),
                                                        .version = TN_STR("8")},
                                              .relations = relations, .sql = sql, .time_us = TIME_US, .interrupted = &never, .rows = none};
    struct tn_my_catalog_answer   answer;

    tn_my_catalog_answer_init(&answer);
    tn_my_catalog_evaluate(&question, &answer);
    if (answer.code == 0 && answer.heads == NULL && sql.len > 0)
        abort(); /* an answer without columns */
    tn_my_catalog_answer_reset(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str           sql = tn_str_n((const char *)data + 1, size - 1), out;
    struct tn_my_type_facts facts;
    struct tn_arena         arena;
    struct tn_buf           text;
    uint64_t                named;

    if (size == 0 || memchr(sql.ptr, '\0', sql.len) != NULL || tn_utf8_valid_prefix(sql.ptr, sql.len) < sql.len)
        return 0; /* the session lets no such through */
    tn_arena_init(&arena, 0);
    tn_buf_init(&text, TEXT_MAX);
    named = tn_my_catalog_mentions(sql, TN_STR("information_schema"));
    for (int engine = TN_CFG_ENGINE_UNSET; engine <= TN_CFG_ENGINE_TRINO; engine++)
        tn_my_type_facts((enum tn_cfg_engine)engine, sql, &facts);
    if (tn_my_unqualify(sql, TN_STR("shop"), &arena, &out) && out.len > sql.len)
        abort(); /* it takes away, and adds nothing */
    (void)tn_my_qualifies(sql, TN_STR("shop"));
    if (tn_my_catalog_text(NULL, sql, &arena, &text) && (data[0] & 1) != 0)
        evaluate(tn_buf_str(&text), named);
    tn_buf_reset(&text);
    tn_arena_reset(&arena);
    return 0;
}
