#include "stats/store_shard.h"

#include "base/alloc.h"

static void copy_cell(void *arg, unsigned cluster, struct tn_cell *cell)
{
    struct tn_shape_report *report = arg;

    if (report->cell_count == TN_ARRAY_LEN(report->cells))
        return;
    report->clusters[report->cell_count] = (uint8_t)cluster;
    report->cells[report->cell_count++] = *cell;
}

/* A resident shape as it is now; its statement into TEXT of TN_STORE_TEXT bytes and GROUP of 256. */
static bool copy_slot(struct tn_shard *shard, uint32_t slot, struct tn_shape_report *report, char *text, char *group,
                      enum tn_dialect *dialect)
{
    const struct tn_store_text *kept;

    if (slot >= shard->high || (shard->states[slot] & TN_STATE_USED) == 0)
        return false;
    report->entry = shard->entries[slot];
    report->entry.flights = NULL;
    report->cell_count = 0;
    tn_shard_cells(shard, &shard->entries[slot], copy_cell, report);
    kept = shard->texts[slot];
    report->text = report->group = (struct tn_str){"", 0};
    if (kept != NULL) {
        memcpy(text, kept->data, kept->text_len);
        memcpy(group, kept->data + kept->text_len, kept->group_len);
        report->text = tn_str_n(text, kept->text_len);
        report->group = tn_str_n(group, kept->group_len);
        *dialect = (enum tn_dialect)kept->dialect;
    }
    return true;
}

enum tn_status tn_store_each(struct tn_store *store, bool evicted, tn_shape_report_fn *fn, void *arg, struct tn_error *err)
{
    struct tn_shape_report report;
    char                  *buffers = tn_malloc(2 * TN_STORE_TEXT + 256);
    bool                   more = true;

    (void)evicted;
    if (buffers == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "statistics: no memory");
    for (unsigned i = 0; more && i < tn_store_shard_count(store); i++) {
        struct tn_shard *shard = &store->shards[i];
        uint32_t         high;

        pthread_mutex_lock(&shard->mutex);
        high = shard->high;
        pthread_mutex_unlock(&shard->mutex);
        for (uint32_t slot = 0; more && slot < high; slot++) {
            enum tn_dialect dialect = TN_DIALECT_POSTGRES;
            bool            found;

            pthread_mutex_lock(&shard->mutex);
            found = copy_slot(shard, slot, &report, buffers, buffers + 2 * TN_STORE_TEXT, &dialect);
            pthread_mutex_unlock(&shard->mutex);
            if (!found)
                continue;
            if (report.text.len > 0)
                report.text = tn_str_n(buffers + TN_STORE_TEXT, tn_text_without_literals(buffers + TN_STORE_TEXT, TN_STORE_TEXT,
                                                                                        report.text, dialect));
            more = fn(arg, &report);
        }
    }
    tn_free(buffers);
    return TN_OK;
}
