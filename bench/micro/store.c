/* The store with a million shapes on five clusters: resident memory, acquiring and releasing (p50, p99), rows written per
 * second, a warm start. Wall clock, as a client would feel it; one JSON object per line.
 *
 * usage: bench_store FILE [shapes [start]]     FILE is made anew; "start": it is there, and only the warm start is measured */
#include "base/hash.h"
#include "base/rand.h"
#include "stats/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CLUSTERS = 5, LOOKS = 2000000, SAMPLES = 200000 };

static uint64_t now_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* A field of /proc/self/status, in KB. */
static long status_kb(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char  line[256];
    long  kb = 0;

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kb = strtol(line + strlen(field) + 1, NULL, 10);
    fclose(file);
    return kb;
}

static struct tn_shape shape(uint64_t i)
{
    uint64_t a = tn_hash_mix(i + 1), b = tn_hash_mix(a + i);

    return (struct tn_shape){.key = {a | 1, b}, .text = {b, a}};
}

static struct tn_store *open_store(const char *path, uint64_t shapes)
{
    struct tn_store_options options = TN_STORE_OPTIONS_DEFAULT;
    struct tn_store        *store;
    struct tn_error         err = TN_ERROR_INIT;

    options.path = path;
    options.max_shapes = shapes;
    options.flush_us = 600000000; /* only when told */
    if (tn_store_open(&store, &options, &err) != TN_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    for (unsigned c = 0; c < CLUSTERS; c++) {
        char name[16];

        snprintf(name, sizeof name, "cluster-%u", c);
        tn_store_cluster(store, tn_str(name), NULL, 0, 1);
    }
    return store;
}

static void fill(struct tn_store *store, uint64_t shapes)
{
    struct tn_rand rand = {.state = 1};

    for (uint64_t i = 0; i < shapes; i++) {
        char                   text[256];
        int                    len = snprintf(text, sizeof text,
                                              "SELECT l_returnflag, sum(l_extendedprice) FROM lineitem_%llu WHERE l_shipdate < DATE '1998-09-02' "
                                                                 "AND l_suppkey = %llu GROUP BY l_returnflag",
                                              (unsigned long long)i, (unsigned long long)i * 7);
        struct tn_shape        s = shape(i);
        struct tn_shape_about  about = {.text = tn_str_n(text, (size_t)len), .group = TN_STR("analytics")};
        struct tn_shape_entry *entry = tn_store_acquire(store, &s, true, &about);

        if (entry == NULL) {
            fprintf(stderr, "refused at %llu\n", (unsigned long long)i);
            exit(1);
        }
        entry->visits = 1 + (uint32_t)tn_rand_below(&rand, 100);
        for (unsigned c = 0; c < CLUSTERS; c++) {
            bool             hot = i % 4 == 0 && c == 0; /* a quarter of the shapes with a histogram: the whole pool */
            struct tn_belief belief = {.m = tn_rand_unit(&rand) * 8 - 5, .P = .01, .n = hot ? 100 : 1 + (unsigned)(i % 30),
                                       .M2 = .3, .succ = 5, .cost = 100};
            struct tn_cell  *cell = tn_store_cell(store, entry, c, true);

            tn_cell_store(cell, &belief);
            if (hot)
                tn_store_sample(store, cell, exp(belief.m), 1);
        }
        tn_store_release(store, entry, true);
        if (i % 100000 == 99999) /* texts do not wait in memory for long in a server either */
            tn_store_flush(store);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Any shape, equally likely: worse for caches than a real mix, where most queries are of few shapes. */
static void look(struct tn_store *store, uint64_t shapes, const char *which, bool cells)
{
    static uint32_t ns[SAMPLES];
    struct tn_rand  rand = {.state = 2};
    uint64_t        started, took, clock_ns;
    unsigned        n = 0;

    started = now_ns();
    for (int i = 0; i < 100000; i++)
        (void)now_ns();
    clock_ns = (now_ns() - started) / 100000;
    started = now_ns();
    for (unsigned i = 0; i < LOOKS; i++) {
        struct tn_shape        s = shape(tn_rand_below(&rand, shapes));
        uint64_t               from = i % (LOOKS / SAMPLES) == 0 ? now_ns() : 0;
        struct tn_shape_entry *entry = tn_store_acquire(store, &s, false, NULL);
        struct tn_belief       belief;

        if (entry == NULL)
            continue;
        for (unsigned c = 0; cells && c < CLUSTERS; c++)
            tn_cell_load(tn_store_cell(store, entry, c, false), &belief);
        tn_store_release(store, entry, true);
        if (from != 0) {
            took = now_ns() - from;
            ns[n++] = (uint32_t)(took > clock_ns ? took - clock_ns : 0);
        }
    }
    took = now_ns() - started;
    qsort(ns, n, sizeof ns[0], by_value);
    printf("{\"bench\": \"store\", \"what\": \"%s\", \"shapes\": %llu, \"mean_ns\": %.0f, \"p50_ns\": %u, \"p99_ns\": %u}\n", which,
           (unsigned long long)shapes, (double)took / LOOKS, ns[n / 2], ns[n - n / 100 - 1]);
}

/* Of all threads, in the program and in the kernel. */
static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static void start_again(const char *path, uint64_t shapes)
{
    long                   before_kb = status_kb("VmRSS:");
    double                 before_cpu = cpu_seconds();
    uint64_t               started = now_ns();
    struct tn_store       *store = open_store(path, shapes);
    double                 seconds = (double)(now_ns() - started) * 1e-9, cpu = cpu_seconds() - before_cpu;
    struct tn_store_counts counts;

    tn_store_counts(store, &counts);
    printf("{\"bench\": \"store\", \"what\": \"warm start\", \"shapes\": %llu, \"seconds\": %.2f, \"cpu_seconds\": %.2f, \"resident_mb\": %.0f}\n",
           (unsigned long long)counts.shapes, seconds, cpu, (double)(status_kb("VmRSS:") - before_kb) / 1024);
    tn_store_close(store);
}

int main(int argc, char **argv)
{
    uint64_t         shapes = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000, started, rows;
    long             before_kb = status_kb("VmRSS:");
    struct tn_store *store;
    struct tn_store_counts counts;

    if (argc < 2)
        return 1;
    if (argc > 3 && strcmp(argv[3], "start") == 0) {
        start_again(argv[1], shapes);
        return 0;
    }
    unlink(argv[1]);
    store = open_store(argv[1], shapes);
    started = now_ns();
    fill(store, shapes);
    tn_store_flush(store);
    printf("{\"bench\": \"store\", \"what\": \"new shapes, written\", \"rows_per_s\": %.0f}\n", (double)shapes * 1e9 / (double)(now_ns() - started));
    look(store, shapes, "acquire and release", false);
    look(store, shapes, "acquire, five cells read, release", true);
    tn_store_counts(store, &counts);
    rows = counts.dirty;
    started = now_ns();
    tn_store_flush(store);
    printf("{\"bench\": \"store\", \"what\": \"known shapes, written again\", \"rows\": %llu, \"rows_per_s\": %.0f}\n",
           (unsigned long long)rows, (double)rows * 1e9 / (double)(now_ns() - started));
    printf("{\"bench\": \"store\", \"what\": \"memory\", \"shapes\": %llu, \"cells\": %llu, \"resident_mb\": %.0f}\n",
           (unsigned long long)counts.shapes, (unsigned long long)counts.cells, (double)(status_kb("VmRSS:") - before_kb) / 1024);
    tn_store_close(store);
    start_again(argv[1], shapes);
    return 0;
}
