#include "engine/sqlite/sqlite_chosen.h"

#include "base/alloc.h"
#include "engine/sqlite/sqlite_ordered.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- the row with the greatest or least key ---- */

struct best {
    sqlite3_value *value, *key;
};

static void best_row(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct best *best = sqlite3_aggregate_context(context, sizeof *best);
    int          sign = *(const int *)sqlite3_user_data(context);

    (void)argc;
    if (best == NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL || (best->key != NULL && sign * tn_sqlite_compare(argv[1], best->key) <= 0))
        return;
    sqlite3_value_free(best->value);
    sqlite3_value_free(best->key);
    best->value = sqlite3_value_dup(argv[0]);
    best->key = sqlite3_value_dup(argv[1]);
    if (best->value == NULL || best->key == NULL)
        sqlite3_result_error_nomem(context);
}

static void best_end(sqlite3_context *context)
{
    struct best *best = sqlite3_aggregate_context(context, 0);

    if (best == NULL)
        return;
    if (best->value != NULL)
        sqlite3_result_value(context, best->value);
    sqlite3_value_free(best->value);
    sqlite3_value_free(best->key);
}

/* ---- the value at a part of all ---- */

enum { VALUES_MAX = 1024 * 1024, BYTES_MAX = 64 * 1024 * 1024 };

struct values {
    sqlite3_value **items;
    size_t          count, capacity, bytes;
    double          part;
    bool            failed;
};

static bool add_value(struct values *values, sqlite3_value *value)
{
    if (values->count == values->capacity) {
        size_t          capacity = values->capacity == 0 ? 16 : values->capacity * 2;
        sqlite3_value **items = tn_realloc(values->items, capacity * sizeof *items);

        if (items == NULL)
            return false;
        values->items = items;
        values->capacity = capacity;
    }
    values->items[values->count] = sqlite3_value_dup(value);
    values->bytes += (size_t)sqlite3_value_bytes(value);
    return values->items[values->count++] != NULL;
}

static void value_row(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct values *values = sqlite3_aggregate_context(context, sizeof *values);
    double         part = sqlite3_value_double(argv[1]);

    (void)argc;
    if (values == NULL || values->failed || sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    values->part = part;
    if (sqlite3_value_type(argv[1]) == SQLITE_NULL || !(part >= 0 && part <= 1)) {
        sqlite3_result_error(context, "a percentile is at a part between 0 and 1", -1);
        values->failed = true;
    } else if (values->count >= VALUES_MAX || values->bytes > BYTES_MAX || !add_value(values, argv[0])) {
        sqlite3_result_error(context, "a percentile of more than a million values, or 64 MiB of them, in one group", -1);
        values->failed = true;
    }
}

static int compare_items(const void *left, const void *right)
{
    return tn_sqlite_compare(*(sqlite3_value *const *)left, *(sqlite3_value *const *)right);
}

static void value_end(sqlite3_context *context)
{
    struct values *values = sqlite3_aggregate_context(context, 0);
    bool           between = *(const int *)sqlite3_user_data(context) != 0;

    if (values == NULL)
        return;
    if (values->count > 0 && !values->failed) {
        double rank = between ? values->part * (double)(values->count - 1) : ceil(values->part * (double)values->count) - 1;
        size_t low = rank < 0 ? 0 : (size_t)rank, high = between ? (size_t)ceil(rank) : low;

        qsort(values->items, values->count, sizeof values->items[0], compare_items);
        if (between) {
            double from = sqlite3_value_double(values->items[low]), to = sqlite3_value_double(values->items[high]);

            sqlite3_result_double(context, from + (rank - (double)low) * (to - from));
        } else {
            sqlite3_result_value(context, values->items[low]);
        }
    }
    for (size_t i = 0; i < values->count; i++)
        sqlite3_value_free(values->items[i]);
    tn_free(values->items);
    *values = (struct values){0};
}

int tn_sqlite_chosen(sqlite3 *db)
{
    static int least = -1, greatest = 1, at = 0, between = 1;
    const int  flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
    int        rc = sqlite3_create_function(db, "max_by", 2, flags, &greatest, NULL, best_row, best_end);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db, "min_by", 2, flags, &least, NULL, best_row, best_end);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db, "percentile_disc", 2, flags, &at, NULL, value_row, value_end);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(db, "percentile_cont", 2, flags, &between, NULL, value_row, value_end);
    return rc;
}
