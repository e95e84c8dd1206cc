#include "engine/sqlite/sqlite_ordered.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 8, ROWS_MAX = 1024 * 1024, TEXT_MAX = 64 * 1024 * 1024 };

struct row {
    sqlite3_value *text, *keys[KEYS_MAX];
    size_t         number; /* equal ones stay as they came */
};

struct rows {
    struct row *items;
    size_t      count, capacity, bytes;
    char        order[KEYS_MAX + 1], *separator;
    int64_t     number; /* of first_by() */
    bool        unique, failed;
};

static struct tn_str text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);

    return tn_str_n(text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

static int rank_of(int type)
{
    return type == SQLITE_NULL ? 0 : type == SQLITE_BLOB ? 3 : type == SQLITE_TEXT ? 2 : 1;
}

/* An integer and a double, of which neither is made the other: equality is to be transitive. */
static int compare_mixed(int64_t i, double d)
{
    if (d >= 9223372036854775808.0)
        return -1;
    if (d < -9223372036854775808.0)
        return 1;
    if (i != (int64_t)d)
        return i > (int64_t)d ? 1 : -1;
    return ((double)i > d) - ((double)i < d);
}

static struct tn_str bytes_of(sqlite3_value *value)
{
    const char *bytes = sqlite3_value_blob(value); /* the type stays what it is */

    return tn_str_n(bytes, bytes == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

int tn_sqlite_compare(sqlite3_value *a, sqlite3_value *b)
{
    int           types[2] = {sqlite3_value_type(a), sqlite3_value_type(b)}, rank = rank_of(types[0]) - rank_of(types[1]), order;
    struct tn_str left, right;

    if (rank != 0 || types[0] == SQLITE_NULL)
        return rank;
    if (types[0] == SQLITE_INTEGER && types[1] == SQLITE_INTEGER)
        return (sqlite3_value_int64(a) > sqlite3_value_int64(b)) - (sqlite3_value_int64(a) < sqlite3_value_int64(b));
    if (rank_of(types[0]) == 1 && types[0] != types[1])
        return types[0] == SQLITE_INTEGER ? compare_mixed(sqlite3_value_int64(a), sqlite3_value_double(b)) : -compare_mixed(sqlite3_value_int64(b), sqlite3_value_double(a));
    if (rank_of(types[0]) == 1)
        return (sqlite3_value_double(a) > sqlite3_value_double(b)) - (sqlite3_value_double(a) < sqlite3_value_double(b));
    left = types[0] == SQLITE_BLOB ? bytes_of(a) : text_of(a);
    right = types[0] == SQLITE_BLOB ? bytes_of(b) : text_of(b);
    order = memcmp(left.ptr != NULL ? left.ptr : "", right.ptr != NULL ? right.ptr : "", TN_MIN(left.len, right.len));
    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

static int compare_rows(const void *left, const void *right, void *arg)
{
    const struct row  *a = left, *b = right;
    const struct rows *rows = arg;

    for (size_t i = 0; rows->order[i] != '\0'; i++) {
        char how = rows->order[i];
        bool nulls[2] = {sqlite3_value_type(a->keys[i]) == SQLITE_NULL, sqlite3_value_type(b->keys[i]) == SQLITE_NULL};
        int  order;

        if (nulls[0] != nulls[1] && (how == 'A' || how == 'D'))
            return nulls[0] == (how == 'A') ? 1 : -1;
        order = tn_sqlite_compare(a->keys[i], b->keys[i]);
        if (order != 0)
            return how == 'd' || how == 'D' ? -order : order;
    }
    return (a->number > b->number) - (a->number < b->number);
}

static void free_rows(struct rows *rows)
{
    for (size_t r = 0; r < rows->count; r++) {
        sqlite3_value_free(rows->items[r].text);
        for (size_t i = 0; i < KEYS_MAX; i++)
            sqlite3_value_free(rows->items[r].keys[i]);
    }
    tn_free(rows->items);
    tn_free(rows->separator);
    *rows = (struct rows){0};
}

static bool begin(struct rows *rows, struct tn_str separator, struct tn_str order, size_t keys)
{
    rows->unique = order.len > 0 && order.ptr[0] == 'u';
    if (order.len - rows->unique != keys || keys > KEYS_MAX)
        return false;
    memcpy(rows->order, order.ptr + rows->unique, keys);
    rows->separator = tn_calloc(1, separator.len + 1);
    if (rows->separator == NULL)
        return false;
    memcpy(rows->separator, separator.ptr != NULL ? separator.ptr : "", separator.len);
    return true;
}

static bool add_row(struct rows *rows, int argc, sqlite3_value **argv)
{
    struct row *row;

    if (rows->count == rows->capacity) {
        size_t      capacity = rows->capacity == 0 ? 16 : rows->capacity * 2;
        struct row *items = tn_realloc(rows->items, capacity * sizeof *items);

        if (items == NULL)
            return false;
        rows->items = items;
        rows->capacity = capacity;
    }
    row = &rows->items[rows->count++];
    *row = (struct row){.text = sqlite3_value_dup(argv[0]), .number = rows->count};
    for (int i = 3; i < argc; i++) {
        row->keys[i - 3] = sqlite3_value_dup(argv[i]);
        rows->bytes += (size_t)sqlite3_value_bytes(argv[i]);
        if (row->keys[i - 3] == NULL)
            return false;
    }
    rows->bytes += (size_t)sqlite3_value_bytes(argv[0]);
    return row->text != NULL;
}

static void on_row(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct rows *rows = sqlite3_aggregate_context(context, sizeof *rows);
    bool         one = sqlite3_user_data(context) != NULL;

    if (rows == NULL || rows->failed || argc < 4 || (!one && sqlite3_value_type(argv[0]) == SQLITE_NULL))
        return;
    rows->number = one ? sqlite3_value_int64(argv[1]) : 0;
    if (rows->separator == NULL && !begin(rows, text_of(argv[1]), text_of(argv[2]), (size_t)argc - 3)) {
        sqlite3_result_error(context, one ? "first_by(value, number, order, key...): order has a letter for each of at most 8 keys" :
                                            "group_concat_by(text, separator, order, key...): order has a letter for each of at most 8 keys", -1);
        rows->failed = true;
    } else if (rows->count >= ROWS_MAX || rows->bytes > TEXT_MAX || !add_row(rows, argc, argv)) {
        sqlite3_result_error(context, one ? "first_by(): values and keys of more than 64 MiB, or more than a million of them, in one group" :
                                            "group_concat_by(): texts and keys of more than 64 MiB, or more than a million of them, in one group", -1);
        rows->failed = true;
    }
}

static void on_end(sqlite3_context *context)
{
    struct rows  *rows = sqlite3_aggregate_context(context, 0);
    struct tn_buf out;
    bool          first = true;

    if (rows == NULL)
        return;
    if (rows->count > 0 && !rows->failed) {
        qsort_r(rows->items, rows->count, sizeof *rows->items, compare_rows, rows);
        tn_buf_init(&out, TEXT_MAX * 2);
        for (size_t r = 0; r < rows->count; r++) {
            if (rows->unique && r > 0 && tn_sqlite_compare(rows->items[r - 1].text, rows->items[r].text) == 0)
                continue;
            if (!first)
                tn_buf_puts(&out, rows->separator);
            first = false;
            tn_buf_put_str(&out, text_of(rows->items[r].text));
        }
        if (out.failed)
            sqlite3_result_error_toobig(context);
        else
            sqlite3_result_text64(context, tn_buf_str(&out).ptr, out.len, SQLITE_TRANSIENT, SQLITE_UTF8);
        tn_buf_reset(&out);
    }
    free_rows(rows);
}

/* The value of the row that was asked for. */
static void on_first(sqlite3_context *context)
{
    struct rows *rows = sqlite3_aggregate_context(context, 0);

    if (rows == NULL)
        return;
    if (!rows->failed && rows->number > 0 && (uint64_t)rows->number <= rows->count) {
        qsort_r(rows->items, rows->count, sizeof *rows->items, compare_rows, rows);
        sqlite3_result_value(context, rows->items[rows->number - 1].text);
    }
    free_rows(rows);
}

int tn_sqlite_ordered(sqlite3 *db)
{
    static char one;
    const int   flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
    int         rc = sqlite3_create_function(db, "group_concat_by", -1, flags, NULL, NULL, on_row, on_end);

    return rc == SQLITE_OK ? sqlite3_create_function(db, "first_by", -1, flags, &one, NULL, on_row, on_first) : rc;
}
