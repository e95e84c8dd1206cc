#include "stats/shape_list.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool tn_shape_sort_parse(struct tn_str name, enum tn_shape_sort *out)
{
    static const char *const names[] = {"total_time", "cost", "regret", "calls"};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_eq_c(name, names[i])) {
            *out = (enum tn_shape_sort)i;
            return true;
        }
    return false;
}

bool tn_shape_key_parse(struct tn_str text, uint64_t key[2])
{
    key[0] = key[1] = 0;
    for (size_t i = 0; i < text.len && text.len == 32; i++) {
        char     c = tn_ascii_lower(text.ptr[i]);
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;

        if (digit == 16)
            return false;
        key[i / 16] = key[i / 16] << 4 | digit;
    }
    return text.len == 32;
}

static void read_cell(struct tn_shape_cell *out, struct tn_str name, const struct tn_cell *cell)
{
    struct tn_belief belief;
    double           ends;

    tn_cell_load(cell, &belief);
    *out = (struct tn_shape_cell){.n = belief.n, .usd = -1, .success = -1};
    tn_str_copy(out->name, sizeof out->name, name);
    out->known = tn_cell_quantiles(cell, &out->p50_s, &out->p95_s);
    if (out->known)
        out->expected_s = exp(belief.m + belief.M2 / 2);
    if (belief.cost != 0) {
        out->usd = fabs(belief.cost);
        out->at_least = belief.cost < 0;
    }
    ends = belief.succ + belief.fail;
    if (ends > 0)
        out->success = belief.succ / ends;
    out->bounded = belief.n == 0 && belief.bounded;
    out->bound_s = out->bounded ? exp(belief.cen) : 0;
}

static void sum_up(struct tn_shape_item *item)
{
    double best = INFINITY;

    for (size_t i = 0; i < item->cell_count; i++)
        if (item->cells[i].known)
            best = fmin(best, item->cells[i].expected_s);
    for (size_t i = 0; i < item->cell_count; i++) {
        const struct tn_shape_cell *cell = &item->cells[i];

        if (cell->known) {
            item->total_s += cell->n * cell->expected_s;
            item->regret_s += cell->n * (cell->expected_s - best);
        }
        if (cell->usd > 0)
            item->usd += TN_MAX(cell->n, 1u) * cell->usd;
    }
}

static char *put_text(char **at, struct tn_str text, size_t most)
{
    char  *start = *at;
    size_t len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, most));

    if (len > 0)
        memcpy(start, text.ptr, len);
    start[len] = '\0';
    *at += len + 1;
    return start;
}

static bool copy_texts(struct tn_shape_item *item, const struct tn_shape_report *r)
{
    char *at = tn_malloc(TN_MIN(r->text.len, (size_t)TN_SHAPE_LIST_TEXT) + TN_MIN(r->group.len, (size_t)256) +
                         TN_MIN(r->class.len, (size_t)32) + TN_MIN(r->tables.len, (size_t)1024) + 4);

    item->text = at;
    if (at == NULL)
        return false;
    put_text(&at, r->text, TN_SHAPE_LIST_TEXT);
    item->group = put_text(&at, r->group, 256);
    item->class = put_text(&at, r->class, 32);
    item->tables = put_text(&at, r->tables, 1024);
    return true;
}

bool tn_shape_item_make(struct tn_shape_item *item, const struct tn_shape_report *r)
{
    const struct tn_shape_entry *entry = &r->entry;

    *item = (struct tn_shape_item){.key = {entry->key[0], entry->key[1]}, .id = entry->id, .parent = entry->parent, .calls = entry->visits,
                                   .first_s = entry->first_s, .last_s = entry->last_s, .flags = entry->flags, .band = entry->band};
    item->cells = tn_calloc(r->cell_count + 1, sizeof *item->cells);
    if (item->cells == NULL || !copy_texts(item, r)) {
        tn_free(item->cells);
        return false;
    }
    for (size_t i = 0; i < r->cell_count; i++) {
        read_cell(&item->cells[i], r->names[i], &r->cells[i]);
        if (r->clusters[i] == entry->incumbent)
            tn_str_copy(item->present, sizeof item->present, r->names[i]);
    }
    item->cell_count = r->cell_count;
    sum_up(item);
    return true;
}

void tn_shape_item_free(struct tn_shape_item *item)
{
    tn_free(item->text);
    tn_free(item->cells);
}

static double value_of(const struct tn_shape_item *item, enum tn_shape_sort sort)
{
    switch (sort) {
    case TN_SHAPE_SORT_COST:   return item->usd;
    case TN_SHAPE_SORT_REGRET: return item->regret_s;
    case TN_SHAPE_SORT_CALLS:  return item->calls;
    default:                   return item->total_s;
    }
}

/* Falling; equals by key, so that an order does not depend on where a shape lies. */
static int compare(const struct tn_shape_item *a, const struct tn_shape_item *b, enum tn_shape_sort sort)
{
    double va = value_of(a, sort), vb = value_of(b, sort);

    if (va != vb)
        return va > vb ? -1 : 1;
    if (a->key[0] != b->key[0])
        return a->key[0] < b->key[0] ? -1 : 1;
    return a->key[1] < b->key[1] ? -1 : a->key[1] > b->key[1];
}

#define COMPARE(name, sort)                                                                                           \
    static int name(const void *a, const void *b) { return compare(a, b, sort); }
COMPARE(by_time, TN_SHAPE_SORT_TOTAL_TIME)
COMPARE(by_cost, TN_SHAPE_SORT_COST)
COMPARE(by_regret, TN_SHAPE_SORT_REGRET)
COMPARE(by_calls, TN_SHAPE_SORT_CALLS)

static void shrink(struct tn_shape_list *list)
{
    static int (*const orders[])(const void *, const void *) = {by_time, by_cost, by_regret, by_calls};

    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, orders[list->sort]);
    for (size_t i = list->limit; i < list->count; i++)
        tn_shape_item_free(&list->items[i]);
    list->count = TN_MIN(list->count, list->limit);
}

static bool has_room(struct tn_shape_list *list)
{
    size_t                capacity = TN_MAX(list->limit * 2, (size_t)64);
    struct tn_shape_item *items;

    if (list->count < list->capacity)
        return true;
    if (list->capacity > 0) {
        shrink(list);
        return true;
    }
    items = tn_calloc(capacity, sizeof *items);
    if (items == NULL)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

static bool is_wanted(const struct tn_shape_list *list, const struct tn_shape_report *r)
{
    return !tn_shape_report_is_empty(r) && (list->bands || r->entry.parent == 0) && r->entry.last_s >= list->since_s &&
           (list->group.len == 0 || tn_str_eq(r->group, list->group));
}

bool tn_shape_list_add(void *arg, const struct tn_shape_report *report)
{
    struct tn_shape_list *list = arg;
    struct tn_shape_item  item;

    list->group_seen = list->group_seen || tn_str_eq(report->group, list->group);
    if (!is_wanted(list, report))
        return true;
    if (!has_room(list) || !tn_shape_item_make(&item, report)) {
        list->failed = true;
        return false;
    }
    list->items[list->count++] = item;
    list->seen++;
    if (item.parent == 0) {
        list->total_s += item.total_s;
        list->usd += item.usd;
        list->regret_s += item.regret_s;
    }
    return true;
}

void tn_shape_list_end(struct tn_shape_list *list)
{
    shrink(list);
}

void tn_shape_list_reset(struct tn_shape_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        tn_shape_item_free(&list->items[i]);
    tn_free(list->items);
    list->items = NULL;
    list->count = list->capacity = 0;
}

/* ---- JSON ---- */

static void put_optional(struct tn_json *json, const char *key, bool there, double value)
{
    tn_json_f64(json, key, there ? value : NAN);
}

static void put_cell(const struct tn_shape_cell *cell, struct tn_json *json)
{
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "cluster", cell->name);
    tn_json_u64(json, "n", cell->n);
    put_optional(json, "p50Ms", cell->known, cell->p50_s * 1e3);
    put_optional(json, "p95Ms", cell->known, cell->p95_s * 1e3);
    put_optional(json, "expectedMs", cell->known, cell->expected_s * 1e3);
    put_optional(json, "usd", cell->usd >= 0, cell->usd / 1e6);
    if (cell->at_least)
        tn_json_bool(json, "usdAtLeast", true);
    put_optional(json, "success", cell->success >= 0, cell->success);
    put_optional(json, "longerThanMs", cell->bounded, cell->bound_s * 1e3);
    tn_json_close(json, '}');
}

static void put_item(const struct tn_shape_item *item, struct tn_json *json)
{
    char key[33];

    snprintf(key, sizeof key, "%016llx%016llx", (unsigned long long)item->key[0], (unsigned long long)item->key[1]);
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "shape", key);
    tn_json_text(json, "text", item->text);
    tn_json_text(json, "class", item->class);
    tn_json_text(json, "tables", item->tables);
    tn_json_text(json, "group", item->group);
    if (item->parent != 0)
        tn_json_u64(json, "band", item->band);
    tn_json_u64(json, "calls", item->calls);
    tn_json_time(json, "firstSeen", (uint64_t)item->first_s * 1000000);
    tn_json_time(json, "lastSeen", (uint64_t)item->last_s * 1000000);
    tn_json_text(json, "cluster", item->present[0] != '\0' ? item->present : NULL);
    tn_json_bool(json, "pinned", (item->flags & TN_SHAPE_PINNED) != 0);
    tn_json_f64(json, "totalMs", item->total_s * 1e3);
    tn_json_f64(json, "usd", item->usd / 1e6);
    tn_json_f64(json, "regretMs", item->regret_s * 1e3);
    tn_json_open(json, "clusters", '[');
    for (size_t i = 0; i < item->cell_count; i++)
        put_cell(&item->cells[i], json);
    tn_json_close(json, ']');
    tn_json_close(json, '}');
}

void tn_shape_list_json(const struct tn_shape_list *list, struct tn_json *json)
{
    tn_json_open(json, NULL, '{');
    tn_json_open(json, "shapes", '[');
    for (size_t i = 0; i < list->count; i++)
        put_item(&list->items[i], json);
    tn_json_close(json, ']');
    tn_json_u64(json, "seen", list->seen);
    tn_json_f64(json, "totalMs", list->total_s * 1e3);
    tn_json_f64(json, "usd", list->usd / 1e6);
    tn_json_f64(json, "regretMs", list->regret_s * 1e3);
    tn_json_close(json, '}');
}
