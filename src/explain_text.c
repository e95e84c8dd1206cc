/* An explanation as a person likes to read it. */
#include "explain.h"

#include <stdio.h>

enum { LABEL = 11, CELL = 96 };

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
    if (e->meant[0] != '\0') {
        put_label(out, "Prepared:");
        put_clean(out, tn_str_trim(tn_str(e->meant)), 300);
        tn_buf_put_u8(out, '\n');
    }
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

/* ---- members: a table of cells, as wide as they are; a column with nothing in it is left out ---- */

enum column { MARK, CLUSTER, ENGINE, P50, P95, USD, SUCCESS, RUNS, LOAD, INDEX, FROM, RUNNING, FREE, STATE, COLUMNS };

typedef char cell[CELL];

static const struct {
    const char *title;
    bool        right;
} columns[COLUMNS] = {
    [MARK] = {"", false},    [CLUSTER] = {"cluster", false}, [ENGINE] = {"engine", false}, [P50] = {"P50", true},
    [P95] = {"P95", true},   [USD] = {"USD", true},          [SUCCESS] = {"success", true}, [RUNS] = {"runs", true},
    [LOAD] = {"load", true}, [INDEX] = {"index", true},      [FROM] = {"known from", false}, [RUNNING] = {"running", true},
    [FREE] = {"free", true}, [STATE] = {"state", false},
};

static void put_time(char *out, double seconds)
{
    double ms = seconds * 1e3;

    if (seconds >= 10)
        snprintf(out, CELL, "%.1f s", seconds);
    else
        snprintf(out, CELL, ms < 10 ? "%.2f ms" : ms < 100 ? "%.1f ms" : "%.0f ms", ms);
}

static void fill_outlook(cell row[COLUMNS], const struct tn_outlook *outlook, const struct tn_cluster *cluster)
{
    char bound[CELL], usd[TN_USD_TEXT];

    snprintf(row[RUNS], CELL, "%u", outlook->n);
    snprintf(row[LOAD], CELL, "%.2f", outlook->load);
    snprintf(row[FROM], CELL, "%s", tn_rung_text(outlook->rung));
    if (outlook->bounded) {
        put_time(bound, outlook->bound_s);
        snprintf(row[FROM], CELL, "%s, > %.40s", tn_rung_text(outlook->rung), bound);
    }
    if (!outlook->told)
        return; /* not usable for this shape: nothing was computed */
    put_time(row[P50], tn_outlook_p50_s(outlook));
    put_time(row[P95], tn_outlook_p95_s(outlook));
    snprintf(row[USD], CELL, "%s%s", tn_usd_text(usd, outlook->usd / 1e6), tn_explain_is_marginal(cluster) ? " marginal" : "");
    snprintf(row[SUCCESS], CELL, "%.1f %%", outlook->success * 100);
    snprintf(row[INDEX], CELL, "%.4g", outlook->index);
}

static void fill_row(cell row[COLUMNS], const struct tn_explained_group *at, size_t member)
{
    const struct tn_member_view *view = &at->members[member];
    const struct tn_cluster     *cluster = at->group->members[member];
    const struct tn_outlook     *outlook = tn_explain_outlook(at, member);
    bool                         chosen = at->status == TN_OK && at->choice.member == member;

    for (size_t c = 0; c < COLUMNS; c++)
        row[c][0] = '\0';
    snprintf(row[MARK], CELL, "%s", chosen ? "->" : "");
    snprintf(row[CLUSTER], CELL, "%.*s", (int)TN_MIN(cluster->conf->name.len, (size_t)60), cluster->conf->name.ptr);
    snprintf(row[ENGINE], CELL, "%s", cluster->ops->name);
    snprintf(row[RUNNING], CELL, "%u", view->running);
    if (view->room != UINT32_MAX && cluster->max_running > 0)
        snprintf(row[FREE], CELL, "%u", view->room);
    if (view->why[0] != '\0')
        snprintf(row[STATE], CELL, "%.90s", view->why);
    else
        snprintf(row[STATE], CELL, "%s", chosen ? "chosen" : tn_member_text(view));
    if (outlook != NULL)
        fill_outlook(row, outlook, cluster);
}

static void put_row(const cell row[COLUMNS], bool title, const size_t widths[COLUMNS], struct tn_buf *out)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        const char *text = title ? columns[c].title : row[c];

        if (c == STATE)
            tn_buf_printf(out, "%s\n", text);
        else if (widths[c] > 0)
            tn_buf_printf(out, columns[c].right ? "%*s  " : "%-*s  ", (int)widths[c], text[0] != '\0' || c == MARK ? text : "-");
    }
}

static void put_members(const struct tn_explained_group *at, struct tn_buf *out)
{
    size_t widths[COLUMNS] = {[MARK] = 2};
    cell   row[COLUMNS];

    for (size_t m = 0; m < at->member_count; m++) {
        fill_row(row, at, m);
        for (size_t c = 0; c < COLUMNS; c++)
            widths[c] = TN_MAX(widths[c], strlen(row[c]));
    }
    for (size_t c = 0; c < COLUMNS; c++)
        widths[c] = widths[c] > 0 ? TN_MAX(widths[c], strlen(columns[c].title)) : 0;
    for (size_t m = 0; m <= at->member_count; m++) {
        if (m > 0)
            fill_row(row, at, m - 1);
        put_label(out, m == 0 ? "Members:" : "");
        put_row((const cell *)row, m == 0, widths, out);
    }
}

/* ---- what a strategy that learns says ---- */

static void put_shape(const struct tn_explained_decision *d, struct tn_buf *out)
{
    put_label(out, "Shape:");
    tn_buf_printf(out, "%016llx%016llx (%s", (unsigned long long)d->shape.key[0], (unsigned long long)d->shape.key[1],
                  d->shape.level == TN_SHAPE_FINGERPRINT ? "fingerprint" : "template");
    if (d->shape.band > 0)
        tn_buf_printf(out, ", band %u", d->shape.band);
    if (d->shape_known)
        tn_buf_printf(out, ", seen %u time%s%s)\n", d->visits, d->visits == 1 ? "" : "s", d->shape_pinned ? ", pinned" : "");
    else
        tn_buf_puts(out, ", never seen)\n");
}

static void put_attempts(const struct tn_explained_group *at, const struct tn_attempt *attempts, size_t count, struct tn_buf *out)
{
    char text[CELL];

    for (size_t i = 0; i < count; i++) {
        const struct tn_cluster *cluster = at->group->members[at->decision->member[attempts[i].candidate]];

        tn_buf_printf(out, "%s" TN_STR_FMT, i > 0 ? ", then " : "", TN_STR_ARG(cluster->conf->name));
        if (attempts[i].deadline_s > 0) {
            put_time(text, attempts[i].deadline_s);
            tn_buf_printf(out, " for at most %s", text);
        }
    }
    tn_buf_put_u8(out, '\n');
}

static void put_exploring(const struct tn_explained_decision *d, struct tn_buf *out)
{
    static const char *const modes[] = {"off", "inline", "shadow", "both"};

    put_label(out, "Exploring:");
    tn_buf_printf(out, "%s", modes[d->policy.explore]);
    if (d->policy.explore != TN_EXPLORE_OFF)
        tn_buf_printf(out, ", budget %.3g %% of users' time", d->policy.budget * 100);
    if (d->policy.explore >= TN_EXPLORE_SHADOW)
        tn_buf_printf(out, ", copies in the background %.3g %% of the engines'", d->policy.shadow_share * 100);
    if (d->policy.frozen)
        tn_buf_puts(out, "; the group is frozen: nothing is learned or tried");
    else if (!d->may_explore)
        tn_buf_puts(out, "; not this statement: only reads that are known to change nothing, outside of a transaction and not sent to a "
                         "cluster by name, are tried elsewhere");
    else if (d->plan.explore)
        tn_buf_puts(out, "; this attempt tries another cluster than the one that is believed best");
    tn_buf_put_u8(out, '\n');
}

static void put_decision(const struct tn_explained_group *at, struct tn_buf *out)
{
    const struct tn_explained_decision *d = at->decision;
    char                                text[CELL], usd[TN_USD_TEXT];

    put_shape(d, out);
    put_label(out, at->pinned ? "Unpinned:" : tn_explain_is_advice(at) ? "Advice:" : "Plan:");
    put_attempts(at, d->plan.attempts, d->plan.count, out);
    put_label(out, "Reason:");
    tn_buf_printf(out, "%s: %s\n", tn_reason_text(d->plan.reason), tn_reason_help(d->plan.reason));
    put_time(text, d->plan.predicted_s);
    put_label(out, "Predicted:");
    tn_buf_printf(out, "%s, %s USD (known from: %s)\n", text, tn_usd_text(usd, d->plan.predicted_usd / 1e6), tn_rung_text(d->plan.rung));
    if (d->plan.shadow_count > 0) {
        put_label(out, "Shadows:");
        put_attempts(at, d->plan.shadows, d->plan.shadow_count, out);
    }
    put_exploring(d, out);
}

static void put_group(const struct tn_explanation *e, const struct tn_explained_group *at, struct tn_buf *out)
{
    put_label(out, at == &e->groups[0] ? "Group:" : "Fallback:");
    tn_buf_printf(out, TN_STR_FMT " (strategy %s%s", TN_STR_ARG(at->group->conf->name), at->strategy, at->strategy_hint ? ", asked for by the client" : "");
    if (at->group->fallback != NULL)
        tn_buf_printf(out, ", fallback " TN_STR_FMT, TN_STR_ARG(at->group->fallback->conf->name));
    if (at->decision != NULL)
        tn_buf_printf(out, ", mode %s", tn_config_enum_text("STRATEGY_MODE", (unsigned)at->group->conf->strategy_mode));
    tn_buf_puts(out, ")\n");
    if (at->script[0] != '\0') {
        put_label(out, "Script:");
        put_clean(out, tn_str(at->script), sizeof at->script);
        tn_buf_put_u8(out, '\n');
    }
    put_members(at, out);
    if (at->decision != NULL)
        put_decision(at, out);
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
    const struct tn_explained_group *at = tn_explanation_at(e);

    if (e->catalog_of.len > 0) {
        put_label(out, "Choice:");
        tn_buf_printf(out, "none: Turnout answers about PostgreSQL's catalog itself, from what " TN_STR_FMT " tells of its tables\n", TN_STR_ARG(e->catalog_of));
    } else if (e->pinned) {
        put_label(out, "Choice:");
        tn_buf_printf(out, TN_STR_FMT " (pinned to the session)\n", TN_STR_ARG(e->pinned_to->conf->name));
    } else if (e->error.status != TN_OK) {
        put_error(&e->error, out);
    } else if (at != NULL && at->status == TN_OK) {
        put_label(out, "Choice:");
        tn_buf_printf(out, TN_STR_FMT " (%s)%s\n", TN_STR_ARG(at->choice.cluster->conf->name),
                      at == &e->groups[0] ? at->choice.reason : "spilled to the fallback group",
                      at->members[at->choice.member].room == 0 ? ", when it has a free slot" : "");
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
    if (e->translates) {
        put_label(out, "Sent:");
        put_clean(out, e->sent.len > 0 ? e->sent : e->untranslated, TN_EXPLAIN_TEXT);
        tn_buf_put_u8(out, '\n');
    }
}
