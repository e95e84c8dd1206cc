#include "adaptive.h"
#include "base/clock.h"
#include "pipeline.h"
#include "policies/strategy/strategy.h"
#include "scripting.h"
#include "server.h"
#include "stages.h"
#include "translating.h"

static uint64_t tried_bits(const struct tn_query *q, const struct tn_group *group)
{
    uint64_t bits = 0;

    for (size_t t = 0; t < q->attempts && t < TN_ARRAY_LEN(q->tried); t++)
        for (size_t m = 0; m < group->member_count; m++)
            if (group->members[m] == q->tried[t])
                bits |= UINT64_C(1) << m;
    return bits;
}

static unsigned room(void *admission, struct tn_group *group, const struct tn_cluster *cluster)
{
    return tn_admission_room(admission, group, cluster);
}

static enum tn_status refuse_disabled(const struct tn_group *group, struct tn_error *err)
{
    tn_fail(err, TN_E_DENIED, "57P03", "group `%.*s` is disabled", (int)TN_MIN(group->conf->name.len, (size_t)100),
            group->conf->name.ptr);
    tn_error_hint(err, "An administrator enables it with `enabled: true` and a reload.");
    return TN_E_DENIED;
}

static enum tn_status choose_in(struct tn_query *q, struct tn_group *group, struct tn_error *err)
{
    struct tn_choice         choice;
    struct tn_choose_request request = {
        .group = group,
        .features = &q->features,
        .strategy_hint = group->conf->strategy_override ? q->client.hint_strategy : TN_STR(""),
        .cluster_hint = q->route.cluster,
        .affinity = q->affinity,
        .needs_writable = q->needs_writable,
        .tried = tried_bits(q, group),
        .now_us = tn_clock_us(),
        .room = room,
        .room_arg = tn_runtime_of(q->worker)->server->admission,
    };
    enum tn_status status;
    bool           none, has_room;

    if (!group->conf->enabled)
        return refuse_disabled(group, err);
    request.tried |= tn_translating_refused(q, group, &none, err);
    if (none)
        return TN_E_UNSUPPORTED;
    if (tn_adaptive_choose(q, group, &request, &has_room))
        return has_room ? TN_OK : TN_AGAIN; /* as below: to the fallback group, or in line */
    if (!tn_scripting_member(q, group, &request, NULL))
        return TN_AGAIN;
    status = tn_strategy_choose(&request, &choice, &q->eligible, err);
    if (status == TN_OK) {
        q->group = group;
        q->cluster = choice.cluster;
        q->reason = choice.reason;
        tn_adaptive_observe(q, group, request.now_us);
    }
    return status;
}

/* What would have to wait here, or cannot run here at all, goes to the first fallback that takes it now. */
static bool spill(struct tn_query *q)
{
    struct tn_admission *admission = tn_runtime_of(q->worker)->server->admission;
    struct tn_group     *from = q->group;
    size_t               hops = q->snapshot->topology->group_count;

    for (struct tn_group *group = from->fallback; group != NULL && hops > 0; group = group->fallback, hops--) {
        if (!tn_route_may_use(group->conf, &q->client) || choose_in(q, group, NULL) != TN_OK) {
            q->group = from; /* it may have looked as far as to choose a member there, without room */
            if (tn_scripting_asks(q))
                return false;
            continue;
        }
        tn_admission_count_spill(admission, from);
        tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_queries_spilled, 1);
        q->reason = "spilled to the fallback group";
        return true;
    }
    return false;
}

static void tell_retry(const struct tn_query *q, const struct tn_error *failure)
{
    tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_queries_retried, 1);
    tn_log(failure->fault == TN_FAULT_ENGINE ? TN_LOG_WARN : TN_LOG_INFO, "query goes to another member", TN_LOG_U64("query", q->id),
           TN_LOG_STR("cluster", q->tried[q->attempts - 1]->conf->name),
           TN_LOG_STR("to", q->cluster != NULL ? q->cluster->conf->name : TN_STR("the queue")),
           TN_LOG_TEXT("error", failure->message));
}

/* Its group, or one that it spills to; false: neither takes it now, or a script is to be asked first. */
static bool choose(struct tn_query *q, enum tn_status *status, uint64_t *eligible)
{
    *status = choose_in(q, q->group, &q->error);
    *eligible = q->eligible;
    return !tn_scripting_asks(q) && (*status == TN_OK || (q->group->conf->enabled && spill(q)));
}

enum tn_step tn_stage_choose(struct tn_query *q)
{
    enum tn_status status;
    uint64_t       eligible;
    bool           found;
    TN_ERROR_LOCAL(saved);

    if (q->scripting.wait != NULL)
        return TN_WAIT;
    if (q->pinned) {
        q->cluster = q->lease->cluster;
        q->reason = "pinned to the session";
        tn_adaptive_observe(q, q->group, tn_clock_us());
        return TN_NEXT;
    }
    if (q->error.status != TN_OK) /* back here after a failure: it is told if nobody else can */
        tn_error_move(&saved, &q->error);
    q->cluster = NULL;
    do {
        found = choose(q, &status, &eligible);
    } while (tn_scripting_asks(q) && !tn_scripting_ask(q, tn_pipeline_resume));
    if (q->scripting.wait != NULL) {
        tn_error_move(&q->error, &saved);
        return TN_WAIT;
    }
    if (saved.status != TN_OK && (found || status == TN_AGAIN))
        tell_retry(q, &saved);
    if (found) {
        tn_error_reset(&saved);
        tn_error_reset(&q->error);
        return TN_NEXT;
    }
    q->eligible = eligible;
    if (saved.status != TN_OK && status != TN_AGAIN)
        tn_error_move(&q->error, &saved);
    tn_error_reset(&saved);
    return status == TN_AGAIN ? TN_NEXT : TN_STOP;
}
