/* An explanation as a person likes to read it. */
#include "explain.h"

#include <stdio.h>

enum { LABEL = 11, COLUMNS = 6, CELL = 96 };

/* What a client sent must not command a terminal, and a line stays a line. */
static void put_clean(struct tn_buf *out, struct tn_str text, size_t most)
{
    size_t len = tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, most));
    bool   space = false;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool          blank = c <= 0x20 || c == 0x7f;

        if (blank && space)
            continue;
        space = blank;
        tn_buf_put_u8(out, blank ? ' ' : c);
    }
    if (len < text.len)
        tn_buf_puts(out, "...");
}

static void put_label(struct tn_buf *out, const char *label)
{
    tn_buf_printf(out, "%-*s", LABEL, label);
}

static void put_flag(struct tn_buf *out, bool on, const char *name)
{
    if (on)
        tn_buf_printf(out, ", %s", name);
}

static void put_count(struct tn_buf *out, unsigned count, const char *name)
{
    if (count > 0)
        tn_buf_printf(out, ", %u %s%s", count, name, count == 1 ? "" : "s");
}

static void put_statement(const struct tn_explanation *e, struct tn_buf *out)
{
    const struct tn_features *f = e->features;

    put_label(out, "Query:");
    put_clean(out, tn_str_trim(tn_str(e->templated)), 300);
    tn_buf_put_u8(out, '\n');
    put_label(out, "Statement:");
    tn_buf_puts(out, tn_class_name(f->class));
    for (unsigned i = 0; i < f->table_count && i < TN_FEATURES_TABLES; i++) {
        tn_buf_puts(out, i == 0 ? (f->table_count == 1 ? ", table " : ", tables ") : ", ");
        put_clean(out, f->tables[i], 100);
    }
    put_count(out, f->join_count, "join");
    put_count(out, f->set_op_count, "set operation");
    put_flag(out, f->has_where, "WHERE");
    put_flag(out, f->has_group_by, "GROUP BY");
    put_flag(out, f->has_aggregate, "aggregate");
    put_flag(out, f->has_window, "window");
    put_flag(out, f->has_distinct, "DISTINCT");
    put_flag(out, f->has_order_by, "ORDER BY");
    put_flag(out, f->has_limit, "LIMIT");
    put_flag(out, f->has_subquery, "subquery");
    put_count(out, f->param_count, "parameter");
    tn_buf_put_u8(out, '\n');
}

static void put_routing(const struct tn_explanation *e, struct tn_buf *out)
{
    const struct tn_route_result *route = e->route;
    size_t                        width = 0;
    char                          name[CELL];

    for (size_t i = 0; i < route->step_count; i++)
        width = TN_MAX(width, strlen(route->steps[i].router) + (route->steps[i].rule >= 0 ? 4 : 0));
    for (size_t i = 0; i < route->step_count; i++) {
        const struct tn_route_step *step = &route->steps[i];

        if (step->rule >= 0)
            snprintf(name, sizeof name, "%.80s #%d", step->router, step->rule + 1);
        else
            snprintf(name, sizeof name, "%.90s", step->router);
        put_label(out, i == 0 ? "Routers:" : "");
        tn_buf_printf(out, "%s %-*s  ", step->matched ? "->" : "  ", (int)width, name);
        put_clean(out, step->why, 200);
        tn_buf_put_u8(out, '\n');
    }
}

/* ---- members: a table of cells, as wide as they are ---- */

typedef char cell[CELL];

static void fill_row(cell row[COLUMNS], const struct tn_explained_group *at, size_t member)
{
    const struct tn_member_view *view = &at->members[member];
    const struct tn_cluster     *cluster = at->group->members[member];
    bool                         chosen = at->status == TN_OK && at->choice.member == member;

    snprintf(row[0], CELL, "%s", chosen ? "->" : "");
    snprintf(row[1], CELL, "%.*s", (int)TN_MIN(cluster->conf->name.len, (size_t)60), cluster->conf->name.ptr);
    snprintf(row[2], CELL, "%s", cluster->ops->name);
    snprintf(row[3], CELL, "%u", view->running);
    if (view->room == UINT32_MAX || cluster->max_running == 0)
        snprintf(row[4], CELL, "-");
    else
        snprintf(row[4], CELL, "%u", view->room);
    if (view->why[0] != '\0')
        snprintf(row[5], CELL, "%.90s", view->why);
    else
        snprintf(row[5], CELL, "%s", chosen ? "chosen" : tn_member_text(view));
}

static void put_members(const struct tn_explained_group *at, struct tn_buf *out)
{
    static const bool  right[COLUMNS] = {false, false, false, true, true, false};
    static const char *const titles[COLUMNS] = {"", "cluster", "engine", "running", "free", "state"};
    size_t             widths[COLUMNS];
    cell               row[COLUMNS];

    for (size_t c = 0; c < COLUMNS; c++)
        widths[c] = TN_MAX(strlen(titles[c]), c == 0 ? (size_t)2 : 0);
    for (size_t m = 0; m < at->member_count; m++) {
        fill_row(row, at, m);
        for (size_t c = 0; c < COLUMNS; c++)
            widths[c] = TN_MAX(widths[c], strlen(row[c]));
    }
    for (size_t m = 0; m <= at->member_count; m++) {
        if (m > 0)
            fill_row(row, at, m - 1);
        put_label(out, m == 0 ? "Members:" : "");
        for (size_t c = 0; c < COLUMNS; c++) {
            const char *text = m == 0 ? titles[c] : row[c];

            if (c + 1 == COLUMNS)
                tn_buf_printf(out, "%s\n", text);
            else
                tn_buf_printf(out, right[c] ? "%*s  " : "%-*s  ", (int)widths[c], text);
        }
    }
}

static void put_group(const struct tn_explanation *e, const struct tn_explained_group *at, struct tn_buf *out)
{
    put_label(out, at == &e->groups[0] ? "Group:" : "Fallback:");
    tn_buf_printf(out, TN_STR_FMT " (strategy %s%s", TN_STR_ARG(at->group->conf->name), at->strategy, at->strategy_hint ? ", asked for by the client" : "");
    if (at->group->fallback != NULL)
        tn_buf_printf(out, ", fallback " TN_STR_FMT, TN_STR_ARG(at->group->fallback->conf->name));
    tn_buf_puts(out, ")\n");
    put_members(at, out);
    if (at->status != TN_OK && (at != &e->groups[0] || e->group_count > 1)) {
        put_label(out, "");
        tn_buf_puts(out, at->status == TN_AGAIN ? "no member has a free slot" : at->error.message);
        tn_buf_put_u8(out, '\n');
    }
}

static void put_error(const struct tn_error *error, struct tn_buf *out)
{
    put_label(out, "Refused:");
    tn_buf_printf(out, "%s: ", error->sqlstate);
    put_clean(out, tn_str(error->message), sizeof error->message);
    tn_buf_put_u8(out, '\n');
    if (error->detail[0] != '\0') {
        put_label(out, "");
        put_clean(out, tn_str(error->detail), sizeof error->detail);
        tn_buf_put_u8(out, '\n');
    }
    if (error->hint[0] != '\0') {
        put_label(out, "");
        put_clean(out, tn_str(error->hint), sizeof error->hint);
        tn_buf_put_u8(out, '\n');
    }
}

static void put_choice(const struct tn_explanation *e, struct tn_buf *out)
{
    const struct tn_explained_group *at = e->at;

    if (e->pinned) {
        put_label(out, "Choice:");
        tn_buf_printf(out, TN_STR_FMT " (pinned to the session)\n", TN_STR_ARG(e->pinned_to->conf->name));
    } else if (e->error.status != TN_OK) {
        put_error(&e->error, out);
    } else if (at != NULL && at->status == TN_OK) {
        put_label(out, "Choice:");
        tn_buf_printf(out, TN_STR_FMT " (%s)\n", TN_STR_ARG(at->choice.cluster->conf->name),
                      at == &e->groups[0] ? at->choice.reason : "spilled to the fallback group");
    } else if (at != NULL) {
        put_label(out, "Choice:");
        tn_buf_printf(out, "waits in the queue of group " TN_STR_FMT "\n", TN_STR_ARG(at->group->conf->name));
    }
}

void tn_explanation_text(const struct tn_explanation *e, struct tn_buf *out)
{
    put_statement(e, out);
    if (e->own) {
        put_label(out, "Choice:");
        tn_buf_puts(out, "none: Turnout answers this statement itself\n");
        return;
    }
    put_routing(e, out);
    for (size_t i = 0; i < e->group_count; i++)
        put_group(e, &e->groups[i], out);
    put_choice(e, out);
}
