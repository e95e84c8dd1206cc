/* fuzz_outcomes.c - the reader of outcomes: the first byte says which form; numbers in range, times that never fall, or an error
 * that says where. */
#include "tools/cli/outcomes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct tn_outcomes *outcomes, const struct tn_outcome_line *line, double before_s)
{
    if (line->count < 1 || line->count > TN_OUTCOME_ENGINES || !(line->t_s >= before_s && line->t_s <= 1e12))
        abort();
    for (size_t i = 0; i < line->count; i++) {
        const struct tn_outcome *o = &line->list[i];
        size_t                   len;

        if (o->engine >= tn_outcomes_engine_count(outcomes) || !(o->latency_s >= 0 && o->latency_s <= 1e18) || !(o->slots >= 0 && o->slots <= 1e6))
            abort();
        len = strlen(tn_outcomes_names(outcomes)[o->engine]);
        if (len == 0 || len >= TN_OUTCOME_NAME)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool                   table = size > 0 && data[0] == 'T';
    struct tn_str          text = size > 0 ? tn_str_n((const char *)data + 1, size - 1) : TN_STR("");
    struct tn_error        err = TN_ERROR_INIT;
    struct tn_outcomes    *outcomes = NULL;
    struct tn_outcome_line line = {.t_s = 0};
    double                 before_s = 0;
    enum tn_status         status = tn_outcomes_parse(&outcomes, table ? "f.tsv" : "f.jsonl", text, &err);

    while (status == TN_OK && (status = tn_outcomes_next(outcomes, &line, &err)) == TN_OK && line.sql.ptr != NULL) {
        check_line(outcomes, &line, before_s);
        before_s = line.t_s;
    }
    if (status != TN_OK && strstr(err.message, "f.") != err.message)
        abort();
    tn_outcomes_close(outcomes);
    tn_error_reset(&err);
    return 0;
}
