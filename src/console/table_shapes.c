/* What is known of recurring statements, from memory and from the file. */
#include "console/console_table.h"
#include "stats/shape_list.h"

struct reading {
    struct tn_console_source *source;
    struct tn_console_rows   *rows;
    void (*put)(struct tn_console_rows *rows, const struct tn_shape_item *item);
};

static void put_shape(struct tn_console_rows *rows, const struct tn_shape_item *item)
{
    tn_rows_hex(rows, item->key);
    if (item->parent != 0)
        tn_rows_u64(rows, item->band);
    else
        tn_rows_null(rows);
    tn_rows_c(rows, item->text);
    tn_rows_c(rows, item->class);
    tn_rows_c(rows, item->tables);
    tn_rows_c(rows, item->group);
    tn_rows_u64(rows, item->calls);
    tn_rows_time(rows, (uint64_t)item->first_s * 1000000);
    tn_rows_time(rows, (uint64_t)item->last_s * 1000000);
    tn_rows_c(rows, item->present[0] != '\0' ? item->present : NULL);
    tn_rows_bool(rows, (item->flags & TN_SHAPE_PINNED) != 0);
    tn_rows_f64(rows, item->total_s * 1e3);
    tn_rows_f64(rows, item->usd / 1e6);
    tn_rows_f64(rows, item->regret_s * 1e3);
}

static void put_if(struct tn_console_rows *rows, bool known, double value)
{
    if (known)
        tn_rows_f64(rows, value);
    else
        tn_rows_null(rows);
}

static void put_cells(struct tn_console_rows *rows, const struct tn_shape_item *item)
{
    for (size_t i = 0; i < item->cell_count; i++) {
        const struct tn_shape_cell *cell = &item->cells[i];

        tn_rows_hex(rows, item->key);
        tn_rows_c(rows, cell->name);
        tn_rows_u64(rows, cell->n);
        put_if(rows, cell->known, cell->p50_s * 1e3);
        put_if(rows, cell->known, cell->p95_s * 1e3);
        put_if(rows, cell->known, cell->expected_s * 1e3);
        put_if(rows, cell->usd >= 0, cell->usd / 1e6);
        put_if(rows, cell->success >= 0, cell->success);
        put_if(rows, cell->bounded, cell->bound_s * 1e3);
    }
}

static bool on_report(void *arg, const struct tn_shape_report *report)
{
    const struct reading *reading = arg;
    struct tn_shape_item  item;

    if (tn_shape_report_is_empty(report))
        return true;
    if (!tn_shape_item_make(&item, report)) {
        reading->rows->failed = true;
        return false;
    }
    reading->put(reading->rows, &item);
    tn_shape_item_free(&item);
    return !reading->rows->failed && !atomic_load(reading->source->interrupted);
}

static enum tn_status read_store(struct reading *reading, struct tn_error *err)
{
    struct tn_console_source *source = reading->source;

    if (source->server->store == NULL)
        return TN_OK; /* nothing is learned: no rows */
    TN_TRY(tn_store_each(source->server->store, true, on_report, reading, err));
    if (atomic_load(source->interrupted))
        return tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    return TN_OK;
}

enum tn_status tn_console_shapes(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    return read_store(&(struct reading){source, rows, put_shape}, err);
}

enum tn_status tn_console_cells(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    return read_store(&(struct reading){source, rows, put_cells}, err);
}
