/* translate.c - what a translated statement costs when its template is known: scan, look-up, instance. CPU time of this thread.
 * usage: bench_translate [ROUNDS] */
#include "base/clock.h"
#include "translate/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const char *const queries[][2] = {
    {"lookup", "SELECT o_totalprice FROM orders WHERE o_orderkey = #"},
    {"dashboard", "SELECT u.name, o.total, p.title FROM users u JOIN orders o ON o.user_id = u.id LEFT JOIN products p ON p.id = o.product_id WHERE "
                  "u.country = 'CH' AND o.created >= '2024-01-01' AND o.created < '2024-02-01' AND o.state IN (1, 2, 3, 4, 5) AND u.id = # ORDER BY o.total "
                  "DESC LIMIT 100"},
    {"tpch-1", "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price, sum(l_extendedprice * (1 - l_discount)) "
               "AS sum_disc_price, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge, avg(l_quantity) AS avg_qty, avg(l_extendedprice) AS "
               "avg_price, avg(l_discount) AS avg_disc, count(*) AS count_order FROM lineitem WHERE l_shipdate <= # GROUP BY l_returnflag, l_linestatus ORDER "
               "BY l_returnflag, l_linestatus"},
};

static void learn(struct tn_translations *cache, struct tn_str sql)
{
    struct tn_scan scan;
    struct tn_buf  places;

    tn_scan_read(&scan, sql, TN_DIALECT_POSTGRES, 1);
    tn_buf_init(&places, 65536);
    for (size_t i = 0; i < scan.count; i++) {
        tn_frame_put_u32(&places, (uint32_t)(scan.literals[i].ptr - sql.ptr));
        tn_frame_put_u32(&places, (uint32_t)scan.literals[i].len);
        tn_buf_put_u8(&places, 'L');
        tn_frame_put_u32(&places, (uint32_t)i);
    }
    tn_translations_learn(cache, &scan, 1, sql, tn_buf_str(&places), TN_STR(""), NULL);
    tn_buf_reset(&places);
}

/* # is a number that varies. */
static size_t text_of(char *out, size_t size, const char *query, unsigned number)
{
    const char *mark = strchr(query, '#');

    return (size_t)snprintf(out, size, "%.*s%u%s", (int)(mark - query), query, number, mark + 1);
}

int main(int argc, char **argv)
{
    unsigned                rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;
    struct tn_translations *cache = tn_translations_new(32 << 20);
    struct tn_arena         arena;
    char                    sql[1024];

    tn_arena_init(&arena, 0);
    for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++) {
        size_t hits = 0, len = 0;
        double scanning = 0, all = 0, begin;

        for (unsigned i = 1; i <= 2; i++) {
            len = text_of(sql, sizeof sql, queries[q][1], i * 1000);
            learn(cache, tn_str_n(sql, len));
        }
        for (unsigned i = 0; i < rounds; i++) {
            struct tn_translated out;
            struct tn_scan       scan;

            len = text_of(sql, sizeof sql, queries[q][1], 1000 + i);
            begin = now_ns();
            tn_scan_read(&scan, tn_str_n(sql, len), TN_DIALECT_POSTGRES, 1);
            scanning += now_ns() - begin;
            begin = now_ns();
            tn_scan_read(&scan, tn_str_n(sql, len), TN_DIALECT_POSTGRES, 1);
            hits += tn_translations_find(cache, &scan, 1, 1, &arena, &out);
            all += now_ns() - begin;
            tn_arena_reset(&arena);
            tn_arena_init(&arena, 0);
        }
        printf("{\"bench\": \"translate\", \"statement\": \"%s\", \"bytes\": %zu, \"hits\": %.3f, \"scan_ns\": %.0f, \"scan_find_instance_ns\": %.0f}\n", queries[q][0], len,
               (double)hits / rounds, scanning / rounds, all / rounds);
    }
    tn_translations_free(cache);
    tn_arena_reset(&arena);
    return 0;
}
