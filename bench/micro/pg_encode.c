/* Batches to DataRow messages: nanoseconds per row of rows like TPC-H lineitem (16 columns), text and binary.
 * CPU time of the best of five rounds, so that other work on the machine hardly matters. Prints one JSON object. */
#include "base/rand.h"
#include "frontend/pgwire/pg_encode.h"
#include "result/builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COLUMNS = 16, ROWS = 2048, BATCHES = 300, ROUNDS = 5 };

static struct tn_column columns[COLUMNS] = {
    {.name = {"l_orderkey", 10}, .type = TN_TYPE_INT64},
    {.name = {"l_partkey", 9}, .type = TN_TYPE_INT64},
    {.name = {"l_suppkey", 9}, .type = TN_TYPE_INT64},
    {.name = {"l_linenumber", 12}, .type = TN_TYPE_INT64},
    {.name = {"l_quantity", 10}, .type = TN_TYPE_DECIMAL64, .precision = 15, .scale = 2},
    {.name = {"l_extendedprice", 15}, .type = TN_TYPE_DECIMAL64, .precision = 15, .scale = 2},
    {.name = {"l_discount", 10}, .type = TN_TYPE_DECIMAL64, .precision = 15, .scale = 2},
    {.name = {"l_tax", 5}, .type = TN_TYPE_DECIMAL64, .precision = 15, .scale = 2},
    {.name = {"l_returnflag", 12}, .type = TN_TYPE_TEXT},
    {.name = {"l_linestatus", 12}, .type = TN_TYPE_TEXT},
    {.name = {"l_shipdate", 10}, .type = TN_TYPE_DATE},
    {.name = {"l_commitdate", 12}, .type = TN_TYPE_DATE},
    {.name = {"l_receiptdate", 13}, .type = TN_TYPE_DATE},
    {.name = {"l_shipinstruct", 14}, .type = TN_TYPE_TEXT},
    {.name = {"l_shipmode", 10}, .type = TN_TYPE_TEXT},
    {.name = {"l_comment", 9}, .type = TN_TYPE_TEXT},
};

static void must(enum tn_status status)
{
    if (status != TN_OK) {
        fprintf(stderr, "failed: %s\n", tn_status_text(status));
        exit(1);
    }
}

static void add_row(struct tn_builder *b, struct tn_rand *rand, int64_t row)
{
    static const char *const instructs[] = {"DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"};
    static const char *const modes[] = {"TRUCK", "MAIL", "REG AIR", "AIR", "FOB", "RAIL", "SHIP"};
    static const char        comment[] = "egular courts above the furiously final packages are";
    int64_t                  day = 8036 + (int64_t)tn_rand_below(rand, 2500);

    tn_builder_begin(b);
    must(tn_builder_i64(b, 0, row / 4 + 1000000, NULL));
    must(tn_builder_i64(b, 1, (int64_t)tn_rand_below(rand, 200000), NULL));
    must(tn_builder_i64(b, 2, (int64_t)tn_rand_below(rand, 10000), NULL));
    must(tn_builder_i64(b, 3, row % 7 + 1, NULL));
    must(tn_builder_i64(b, 4, 100 * (int64_t)(1 + tn_rand_below(rand, 50)), NULL));
    must(tn_builder_i64(b, 5, 90000 + (int64_t)tn_rand_below(rand, 10000000), NULL));
    must(tn_builder_i64(b, 6, (int64_t)tn_rand_below(rand, 11), NULL));
    must(tn_builder_i64(b, 7, (int64_t)tn_rand_below(rand, 9), NULL));
    must(tn_builder_bytes(b, 8, tn_str(row % 3 == 0 ? "R" : "N"), NULL));
    must(tn_builder_bytes(b, 9, tn_str(row % 2 == 0 ? "O" : "F"), NULL));
    for (size_t i = 10; i < 13; i++)
        must(tn_builder_i64(b, i, day + (int64_t)tn_rand_below(rand, 60), NULL));
    must(tn_builder_bytes(b, 13, tn_str(instructs[tn_rand_below(rand, 4)]), NULL));
    must(tn_builder_bytes(b, 14, tn_str(modes[tn_rand_below(rand, 7)]), NULL));
    must(tn_builder_bytes(b, 15, tn_str_n(comment, 10 + tn_rand_below(rand, 34)), NULL));
    must(tn_builder_end(b, NULL));
}

static double cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Best of ROUNDS, in nanoseconds per row. */
static double measure(const struct tn_batch *batch, int16_t format, size_t *bytes)
{
    struct tn_pg_style   style = TN_PG_STYLE_INIT;
    struct tn_pg_encoder encoder;
    struct tn_buf        out;
    double               best = 1e18;

    tn_pg_encoder_init(&encoder, &style, &format, 1);
    tn_buf_init(&out, 8 << 20);
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_ns();

        for (int i = 0; i < BATCHES; i++) {
            int64_t row = 0;

            tn_buf_clear(&out);
            must(encoder.base.ops->batch(&encoder.base, batch, &row, SIZE_MAX, &out, NULL));
        }
        best = TN_MIN(best, (cpu_ns() - start) / (ROWS * (double)BATCHES));
    }
    *bytes = out.len / ROWS;
    tn_buf_reset(&out);
    return best;
}

int main(void)
{
    struct tn_schema   schema = {COLUMNS, columns};
    struct tn_rand     rand = {42};
    struct tn_builder *b;
    struct tn_batch    batch;
    size_t             text_bytes, binary_bytes;
    double             text, binary;

    for (size_t i = 0; i < COLUMNS; i++)
        tn_column_set_pg(&columns[i]);
    must(tn_builder_new(&b, &schema, 64 << 20, NULL));
    for (int64_t row = 0; row < ROWS; row++)
        add_row(b, &rand, row);
    must(tn_builder_finish(b, &batch, NULL));
    text = measure(&batch, 0, &text_bytes);
    binary = measure(&batch, 1, &binary_bytes);
    printf("{\"bench\": \"pg_encode\", \"rows\": \"lineitem, %d columns\", \"text_ns_per_row\": %.1f, "
           "\"text_bytes_per_row\": %zu, \"binary_ns_per_row\": %.1f, \"binary_bytes_per_row\": %zu}\n",
           COLUMNS, text, text_bytes, binary, binary_bytes);
    tn_batch_release(&batch);
    tn_builder_free(b);
    return 0;
}
