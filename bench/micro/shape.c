/* shape.c - from text to shape: lexer MB/s, exact text again (L0), known outline with other values, known template (L1), new template (L2), long lists. CPU time of
 * this thread, so that other work on the machine counts little. usage: bench_shape [ROUNDS] */
#include "stats/lexer.h"
#include "stats/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TEXTS = 512 };

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* # is a number that varies. */
static const char *const queries[] = {
    "SELECT abalance FROM pgbench_accounts WHERE aid = #",
    "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price, sum(l_extendedprice * (1 - l_discount)) AS "
    "sum_disc_price, avg(l_quantity) AS avg_qty, count(*) AS count_order FROM lineitem WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL '#' DAY GROUP BY "
    "l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus",
    "SELECT u.name, o.total, p.title\n  FROM users u\n  JOIN orders o ON o.user_id = u.id\n  LEFT JOIN products p ON p.id = o.product_id\n WHERE u.country = 'CH' "
    "AND o.created >= '2024-01-01' AND o.created < '2024-02-01' AND o.state IN (1, 2, 3, 4, 5)\n   AND u.id = # -- the caller's\n ORDER BY o.total DESC\n LIMIT 100",
};

static char *text_of(unsigned query, unsigned number, unsigned run)
{
    const char *mark = strchr(queries[query], '#');
    char       *text = malloc(2048), comment[32] = "";

    if (run > 0)
        snprintf(comment, sizeof comment, "/* %u */ ", run);
    snprintf(text, 2048, "%s%.*s%u%s", comment, (int)(mark - queries[query]), queries[query], number, mark + 1);
    return text;
}

/* A template that nobody has seen: another column each time. */
static char *new_template(unsigned query, unsigned number)
{
    char *text = text_of(query, 7, 0), *out = malloc(4096);

    snprintf(out, 4096, "SELECT c%u, * FROM (%s) s", number, text);
    free(text);
    return out;
}

static void lexer(const char *name, enum tn_dialect dialect, struct tn_str text, unsigned rounds)
{
    double   begin = now_ns();
    uint64_t tokens = 0;

    for (unsigned i = 0; i < rounds; i++) {
        struct tn_lexer l;
        struct tn_token token;

        tn_lexer_init(&l, text, dialect);
        while (tn_lexer_next(&l, &token))
            tokens++;
    }
    begin = now_ns() - begin;
    printf("{\"bench\": \"lexer\", \"text\": \"%s\", \"bytes\": %zu, \"mb_per_s\": %.0f, \"ns_per_token\": %.1f}\n", name, text.len,
           (double)text.len * rounds / begin * 1e3, begin / (double)tokens);
}

static double find_all(struct tn_shaper *shaper, char *const *texts, unsigned count)
{
    struct tn_shape_context context = {.dialect = TN_DIALECT_POSTGRES, .database = TN_STR("db"), .search_path = TN_STR("public")};
    struct tn_shape         shape;
    struct tn_features      features;
    double                  begin = now_ns();

    for (unsigned i = 0; i < count; i++)
        tn_shaper_find(shaper, tn_str(texts[i]), &context, NULL, 0, &shape, &features);
    return (now_ns() - begin) / count;
}

static void levels(unsigned query, unsigned rounds)
{
    char   *same[TEXTS], *valued[TEXTS], *other[TEXTS], *fresh[TEXTS], *features[TEXTS];
    double  l0 = 0, outline = 0, l1 = 0, l2 = 0, read = 0;
    size_t  len;

    for (unsigned r = 0; r < rounds; r++) {
        struct tn_shaper *shaper = tn_shaper_new(TEXTS * 4);
        double            begin;

        for (unsigned i = 0; i < TEXTS; i++) {
            same[i] = text_of(query, i, 0);
            valued[i] = text_of(query, 1000 + i, 0);
            other[i] = text_of(query, i, i + 1 + r * TEXTS);
            fresh[i] = new_template(query, i);
            features[i] = other[i];
        }
        len = strlen(same[TEXTS - 1]);
        find_all(shaper, same, TEXTS);
        find_all(shaper, same, TEXTS); /* kept from the second time on */
        l0 += find_all(shaper, same, TEXTS) / rounds;
        outline += find_all(shaper, valued, TEXTS) / rounds;
        l1 += find_all(shaper, other, TEXTS) / rounds;
        l2 += find_all(shaper, fresh, TEXTS) / rounds;
        begin = now_ns();
        for (unsigned i = 0; i < TEXTS; i++) {
            struct tn_features f;

            tn_features_read(&f, tn_str(features[i]), TN_DIALECT_POSTGRES);
        }
        read += (now_ns() - begin) / TEXTS / rounds;
        for (unsigned i = 0; i < TEXTS; i++) {
            free(same[i]);
            free(valued[i]);
            free(other[i]);
            free(fresh[i]);
        }
        tn_shaper_free(shaper);
    }
    printf("{\"bench\": \"shape\", \"bytes\": %zu, \"l0_ns\": %.0f, \"other_values_ns\": %.0f, \"l1_ns\": %.0f, \"l2_ns\": %.0f, \"features_alone_ns\": %.0f}\n", len, l0, outline, l1, l2, read);
}

/* COUNT times UNIT between HEAD and TAIL. */
static char *repeated(const char *head, const char *unit, const char *tail, unsigned count)
{
    size_t size = strlen(head) + strlen(unit) * count + strlen(tail) + 1, at = strlen(head);
    char  *text = malloc(size);

    memcpy(text, head, at);
    for (unsigned i = 0; i < count; i++, at += strlen(unit))
        memcpy(text + at, unit, strlen(unit));
    memcpy(text + at, tail, strlen(tail) + 1);
    return text;
}

static void long_text(const char *name, char *text, unsigned rounds)
{
    struct tn_shaper *shaper = tn_shaper_new(1);
    double            best = 1e18;

    for (unsigned i = 0; i < rounds; i++) {
        double ns;

        text[strlen(text) - 1] = (char)('0' + i % 10); /* a text that was not seen */
        ns = find_all(shaper, &text, 1);
        best = ns < best ? ns : best;
    }
    printf("{\"bench\": \"long\", \"text\": \"%s\", \"bytes\": %zu, \"us\": %.1f, \"ns_per_byte\": %.2f}\n", name, strlen(text), best / 1e3, best / (double)strlen(text));
    tn_shaper_free(shaper);
    free(text);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
    char    *strings = repeated("SELECT ", "'a text of some forty characters or so', ", "1", 1000);

    for (unsigned i = 0; i < TN_ARRAY_LEN(queries); i++)
        lexer(i == 0 ? "look-up" : i == 1 ? "aggregate" : "join", TN_DIALECT_POSTGRES, tn_str(queries[i]), rounds * 1000);
    lexer("strings", TN_DIALECT_POSTGRES, tn_str(strings), rounds);
    for (unsigned i = 0; i < TN_ARRAY_LEN(queries); i++)
        levels(i, rounds / 10 + 1);
    long_text("IN of 50", repeated("SELECT a FROM t WHERE b IN (0", ",12345", ") AND c = 1", 50), rounds);
    long_text("IN of 5,000", repeated("SELECT a FROM t WHERE b IN (0", ",12345", ") AND c = 1", 5000), rounds);
    long_text("IN of 50,000", repeated("SELECT a FROM t WHERE b IN (0", ",12345", ") AND c = 1", 50000), rounds);
    long_text("10,000 brackets", repeated("SELECT ", "(", "1", 10000), rounds);
    long_text("1 MB of words", repeated("SELECT ", "word ", "1", 200000), rounds);
    long_text("1 MB open string", repeated("SELECT '", "word ", "1", 200000), rounds);
    long_text("1 MB open comment", repeated("SELECT /*", "word ", "1", 200000), rounds);
    long_text("1 MB of OR", repeated("SELECT a FROM t WHERE a = 0", " OR a = 1", "1", 110000), rounds);
    free(strings);
    return 0;
}
