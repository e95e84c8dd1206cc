#include "explain.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "scripting.h"
#include "server.h"
#include "translating.h"

static unsigned room(void *admission, struct tn_group *group, const struct tn_cluster *cluster)
{
    return tn_admission_room(admission, group, cluster);
}

/* A group whose turns are its own: what a strategy does to them is forgotten. */
static void copy_group(struct tn_group *to, const struct tn_group *from)
{
    to->conf = from->conf;
    to->index = from->index;
    to->member_count = from->member_count;
    to->members = from->members;
    to->fallback = from->fallback;
    to->state = from->state;
    atomic_init(&to->turn, atomic_load_explicit(&from->turn, memory_order_relaxed));
    for (size_t i = 0; i < TN_GROUP_TURNS; i++)
        atomic_init(&to->subset_turns[i], atomic_load_explicit(&from->subset_turns[i], memory_order_relaxed));
}

static enum tn_status fail_nomem(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "no memory to explain");
}

static void name_strategy(struct tn_explained_group *at, const struct tn_query *q)
{
    const struct tn_strategy_ops *hinted = NULL;

    at->strategy = tn_config_enum_text("STRATEGY", (unsigned)at->group->conf->strategy);
    if (q->client.hint_strategy.len > 0 && at->group->conf->strategy_override)
        hinted = tn_strategy_find(q->client.hint_strategy);
    at->strategy_hint = hinted != NULL;
    if (hinted != NULL)
        at->strategy = hinted->name;
}

static void tell_script(struct tn_explained_group *at, const struct tn_script_told *told)
{
    const struct tn_script_answer *answer = &told->answer;
    const char                    *kept = answer->kept ? " (cached)" : "", *colon = answer->why.len > 0 ? ": " : "", *name;
    struct tn_str                  why;

    if (told->script == NULL)
        return;
    name = tn_script_short_name(told->script);
    why = tn_script_short_why(told->script, answer->why);
    if (answer->said == TN_SCRIPT_NAMED)
        snprintf(at->script, sizeof at->script, "%.100s said %.*s%s%s%.*s", name, (int)TN_MIN(answer->name.len, (size_t)100), answer->name.ptr, kept, colon,
                 (int)TN_MIN(why.len, (size_t)150), why.ptr);
    else
        snprintf(at->script, sizeof at->script, "%.100s %s%s%s%.*s", name, answer->said == TN_SCRIPT_FAILED ? "failed" : "named nobody", kept, colon,
                 (int)TN_MIN(why.len, (size_t)250), why.ptr);
    at->script[tn_utf8_valid_prefix(at->script, strlen(at->script))] = '\0';
}

/* The next of the groups, which is GROUP, and how its members look to Q; NULL: no memory. */
static struct tn_explained_group *begin_group(struct tn_explanation *e, struct tn_query *q, struct tn_group *group, struct tn_choose_request *request)
{
    struct tn_explained_group *at = &e->groups[e->group_count];
    struct tn_group           *copy = tn_arena_zalloc(&e->arena, sizeof *copy);

    *at = (struct tn_explained_group){.group = group, .error = TN_ERROR_INIT};
    at->members = tn_arena_zalloc(&e->arena, sizeof *at->members * TN_GROUP_MEMBERS);
    if (copy == NULL || at->members == NULL)
        return NULL;
    e->group_count++;
    copy_group(copy, group);
    name_strategy(at, q);
    *request = (struct tn_choose_request){
        .group = copy,
        .features = &q->features,
        .strategy_hint = group->conf->strategy_override ? q->client.hint_strategy : TN_STR(""),
        .cluster_hint = q->route.cluster,
        .needs_writable = q->needs_writable,
        .now_us = tn_clock_us(),
        .dry = true,
        .room = room,
        .room_arg = tn_runtime_of(q->worker)->server->admission,
    };
    return at;
}

/* What the choose stage would do with Q in GROUP. */
static enum tn_status look_at_group(struct tn_explanation *e, struct tn_query *q, struct tn_group *group, struct tn_error *err)
{
    struct tn_choose_request   request;
    struct tn_explained_group *at = begin_group(e, q, group, &request);
    struct tn_script_told      told = {.script = NULL};
    uint64_t                   eligible;
    bool                       untold;

    if (at == NULL)
        return fail_nomem(err);
    request.tried = tn_translating_refused(q, group, &untold, &at->error);
    at->member_count = tn_strategy_look(&request, at->members);
    if (untold)
        at->status = at->error.status;
    else if (!group->conf->enabled)
        at->status = tn_fail(&at->error, TN_E_DENIED, "57P03", "group `%.*s` is disabled", (int)TN_MIN(group->conf->name.len, (size_t)100),
                             group->conf->name.ptr);
    else if (!tn_scripting_member(q, group, &request, &told))
        return TN_AGAIN;
    else
        at->status = tn_strategy_choose(&request, &at->choice, &eligible, &at->error);
    tell_script(at, &told);
    return at->status == TN_OK || at->status == TN_AGAIN ? tn_explain_decide(e, at, q, err) : TN_OK;
}

/* The session is bound to a member already: that one it is, whatever is known; and what is known is told. */
static enum tn_status look_at_pinned(struct tn_explanation *e, struct tn_query *q, struct tn_error *err)
{
    struct tn_choose_request   request;
    struct tn_explained_group *at = begin_group(e, q, q->lease->group, &request);

    if (at == NULL)
        return fail_nomem(err);
    e->pinned = at->pinned = true;
    e->pinned_to = q->lease->cluster;
    e->at = e->group_count;
    request.cluster_hint = TN_STR(""); /* no name moves it */
    at->member_count = tn_strategy_look(&request, at->members);
    at->choice = (struct tn_choice){.cluster = q->lease->cluster, .member = TN_GROUP_MEMBERS, .reason = "pinned to the session"};
    for (size_t m = 0; m < at->member_count; m++)
        if (at->group->members[m] == q->lease->cluster)
            at->choice.member = (unsigned)m;
    return tn_explain_decide(e, at, q, err);
}

/* The routed group, then its fallbacks until one takes it at once; when none does, it is the first one's. */
static enum tn_status look_at_groups(struct tn_explanation *e, struct tn_query *q, struct tn_error *err)
{
    struct tn_group *group = tn_topology_group(q->snapshot->topology, q->route.group->name);

    while (group != NULL && e->group_count < TN_EXPLAIN_GROUPS) {
        const struct tn_explained_group *at = &e->groups[e->group_count];

        TN_TRY(look_at_group(e, q, group, err));
        if (at->status == TN_OK) {
            e->at = e->group_count; /* look_at_group() has counted it */
            return TN_OK;
        }
        group = e->groups[0].group->conf->enabled ? group->fallback : NULL;
        if (group != NULL && !tn_route_may_use(group->conf, &q->client))
            group = NULL;
    }
    if (e->group_count > 0 && e->groups[0].status == TN_AGAIN) {
        e->at = 1;
        return TN_OK;
    }
    if (e->group_count > 0)
        e->error = e->groups[0].error; /* texts only: an error of ours has no fields */
    return TN_OK;
}

static enum tn_status explain(struct tn_explanation *out, struct tn_query *q, struct tn_error *err)
{
    tn_scripting_begin(q);
    q->client.wall_us = tn_clock_wall_us();
    TN_TRY(tn_routes_decide(q->snapshot->routes, &q->client, &q->features, q->text, &q->arena, &q->route, err));
    out->route = &q->route;
    if (q->route.denied) {
        tn_fail(&out->error, TN_E_DENIED, q->route.sqlstate, "%.*s", (int)TN_MIN(q->route.message.len, (size_t)900), q->route.message.ptr);
        tn_route_tell_denial(&q->route, &out->error);
        return TN_OK;
    }
    return q->pinned ? look_at_pinned(out, q, err) : look_at_groups(out, q, err);
}

/* What is known of its translation; nobody waits for Python here. */
static void explain_translation(struct tn_explanation *out, struct tn_query *q)
{
    struct tn_translator *translator = tn_runtime_of(q->worker)->server->translator;
    const struct tn_explained_group *at = tn_explanation_at(out);
    bool                  chosen = at != NULL && at->status == TN_OK;
    struct tn_group      *group = out->pinned ? q->lease->group : chosen ? at->group : NULL;
    struct tn_cluster    *cluster = out->pinned ? out->pinned_to : chosen ? at->choice.cluster : NULL;
    struct tn_translation what;
    struct tn_translated  known;

    if (translator == NULL || cluster == NULL || group == NULL || !tn_translating_what(q, group, cluster, &what))
        return;
    out->translates = true;
    if (!tn_translator_find(translator, &what, &out->arena, &known))
        out->untranslated = TN_STR("not translated yet: EXPLAIN TRANSLATION does it");
    else if (known.verdict == TN_VERDICT_OK)
        out->sent = known.text;
    else
        out->untranslated = tn_str(tn_verdict_name(known.verdict));
}

enum tn_status tn_explain(struct tn_explanation *out, struct tn_query *q, bool own, struct tn_error *err)
{
    *out = (struct tn_explanation){.text = q->text, .features = &q->features, .own = own, .error = TN_ERROR_INIT};
    tn_arena_init(&out->arena, 0);
    tn_text_without_literals(out->templated, sizeof out->templated, q->text, TN_DIALECT_POSTGRES);
    if (q->meant.len > 0)
        tn_text_without_literals(out->meant, sizeof out->meant, q->meant, TN_DIALECT_POSTGRES);
    if (own)
        return TN_OK;
    TN_TRY(explain(out, q, err));
    explain_translation(out, q);
    return TN_OK;
}

static void run(struct tn_query *q)
{
    struct tn_explaining *e = q->owner;

    do {
        e->err = (struct tn_error)TN_ERROR_INIT;
        e->status = tn_explain(&e->explanation, q, e->own, &e->err);
        e->explanation.catalog_of = e->catalog_of;
        if (e->status == TN_AGAIN)
            tn_explanation_reset(&e->explanation);
    } while (e->status == TN_AGAIN && !tn_scripting_ask(q, run));
    if (e->status == TN_AGAIN)
        return;
    e->done(e);
}

void tn_explaining_start(struct tn_explaining *e)
{
    e->query->owner = e;
    run(e->query);
}

void tn_explaining_end(struct tn_explaining *e)
{
    tn_explanation_reset(&e->explanation);
    tn_error_reset(&e->err);
}

void tn_explaining_abandon(struct tn_explaining *e)
{
    tn_scripting_abandon(e->query);
}

void tn_explanation_reset(struct tn_explanation *explanation)
{
    for (size_t i = 0; i < explanation->group_count; i++)
        tn_error_reset(&explanation->groups[i].error);
    tn_arena_reset(&explanation->arena);
}

struct tn_query *tn_explain_query_new(struct tn_runtime *runtime)
{
    struct tn_query *q = tn_calloc(1, sizeof *q);

    if (q == NULL)
        return NULL;
    q->worker = runtime->worker;
    q->snapshot = tn_snapshot_ref(runtime->snapshot);
    q->priority = TN_PRIORITY_NORMAL;
    tn_arena_init(&q->arena, 0);
    return q;
}

void tn_explain_query_free(struct tn_query *q)
{
    if (q == NULL)
        return;
    tn_snapshot_unref(q->snapshot);
    tn_arena_reset(&q->arena);
    tn_error_reset(&q->error);
    tn_free(q);
}

bool tn_explain_is_sessions(const struct tn_features *features)
{
    switch (features->verb) {
    case TN_VERB_SET: case TN_VERB_RESET: case TN_VERB_DISCARD: case TN_VERB_DEALLOCATE: case TN_VERB_LISTEN: case TN_VERB_UNLISTEN:
    case TN_VERB_BEGIN: case TN_VERB_START: case TN_VERB_COMMIT: case TN_VERB_END: case TN_VERB_ROLLBACK: case TN_VERB_ABORT:
    case TN_VERB_SAVEPOINT: case TN_VERB_RELEASE: return true;
    default: return false;
    }
}
