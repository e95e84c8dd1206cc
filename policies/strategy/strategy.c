#include "policies/strategy/strategy.h"

#include "policies/strategy/strategies.h"

#include <stdarg.h>

static const struct tn_strategy_ops *const all_strategies[] = { /* in the order of enum tn_cfg_strategy */
#define STRATEGY(symbol, name) &tn_strategy_##symbol,
#include "policies/strategy/strategies.def"
#undef STRATEGY
};

const struct tn_strategy_ops *tn_strategy_find(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(all_strategies); i++)
        if (tn_str_eq_c(name, all_strategies[i]->name))
            return all_strategies[i];
    return NULL;
}

const char *tn_strategy_names(void)
{
    static const char names[] =
#define STRATEGY(symbol, name) ", " name
#include "policies/strategy/strategies.def"
#undef STRATEGY
        ;

    return names + strlen(", ");
}

static enum tn_status unknown_strategy(struct tn_str name, struct tn_error *err)
{
    static const char *const names[] = {
#define STRATEGY(symbol, name) name,
#include "policies/strategy/strategies.def"
#undef STRATEGY
        NULL,
    };
    const char *near = tn_suggest(name, names);

    tn_fail(err, TN_E_INVALID, "22023", "there is no strategy `%.*s`", (int)TN_MIN(name.len, (size_t)60), name.ptr);
    tn_error_hint(err, "%s%s%sKnown are %s", near == NULL ? "" : "Did you mean `", near == NULL ? "" : near,
                  near == NULL ? "" : "`? ", tn_strategy_names());
    return TN_E_INVALID;
}

/* What is known of each member while one is chosen. */
struct view {
    const struct tn_choose_request *request;
    size_t                          count;
    enum tn_refusal                 refusal[TN_GROUP_MEMBERS];
    enum tn_usable                  usable[TN_GROUP_MEMBERS];
    bool                            writes_refused; /* some member was left out because it is read-only */
    bool                            last_resort;    /* only members that are down or the like are left */
    uint64_t                        capable;        /* could do it if they were usable and had room */
    char                            why[160];       /* why the last engine that cannot run it cannot */
};

static bool is_write(const struct tn_features *features)
{
    return features->class == TN_CLASS_WRITE || features->class == TN_CLASS_DDL;
}

static bool can_run(struct view *v, const struct tn_cluster *cluster)
{
    bool can;
    TN_ERROR_LOCAL(why);

    if (cluster->ops->can_run == NULL)
        return true;
    can = cluster->ops->can_run(cluster, v->request->features, &why);
    if (!can)
        tn_str_copy(v->why, sizeof v->why, tn_str(why.message));
    tn_error_reset(&why);
    return can;
}

/* A statement that nobody knows (a slip of the pen, an engine's own) where nobody may write: engines keep their own word about
 * being read-only, and say better than we do what is wrong with it. */
static bool may_be_tried(const struct tn_choose_request *request)
{
    if (request->features->class != TN_CLASS_WRITE || request->features->verb != TN_VERB_OTHER)
        return false;
    for (size_t i = 0; i < request->group->member_count; i++) {
        const struct tn_cluster *cluster = request->group->members[i];

        if (!cluster->conf->read_only && (request->cluster_hint.len == 0 || tn_str_eq(cluster->conf->name, request->cluster_hint)))
            return false;
    }
    return true;
}

/* Whether MEMBER could ever take the statement, whatever its state just now. */
static enum tn_refusal judge(struct view *v, size_t member)
{
    const struct tn_choose_request *request = v->request;
    const struct tn_cluster        *cluster = request->group->members[member];

    if (request->cluster_hint.len > 0 && !tn_str_eq(cluster->conf->name, request->cluster_hint))
        return TN_REFUSAL_HINT;
    if ((request->tried >> member & 1) != 0)
        return TN_REFUSAL_TRIED;
    if (v->usable[member] == TN_USABLE_DISABLED)
        return TN_REFUSAL_NOT_USABLE;
    if (cluster->conf->read_only && is_write(request->features)) {
        if (may_be_tried(request)) /* can_run would only say again that it is read-only */
            return TN_REFUSAL_NONE;
        v->writes_refused = true;
        return TN_REFUSAL_READ_ONLY;
    }
    return can_run(v, cluster) ? TN_REFUSAL_NONE : TN_REFUSAL_CANNOT_RUN;
}

/* A transaction that may write should not begin on a member that cannot. */
static void prefer_writable(struct view *v)
{
    bool some = false;

    for (size_t i = 0; i < v->count; i++)
        if (v->refusal[i] == TN_REFUSAL_NONE && !v->request->group->members[i]->conf->read_only &&
            v->usable[i] == TN_USABLE_OK)
            some = true;
    for (size_t i = 0; some && i < v->count; i++)
        if (v->refusal[i] == TN_REFUSAL_NONE && v->request->group->members[i]->conf->read_only)
            v->refusal[i] = TN_REFUSAL_READ_ONLY;
}

/* The last eligible member is never left out for its breaker, a failed probe or a reload. */
static bool may_be_last(enum tn_usable usable)
{
    return usable == TN_USABLE_DOWN || usable == TN_USABLE_BREAKER || usable == TN_USABLE_REMOVED;
}

static void look_at_members(struct view *v)
{
    const struct tn_group *group = v->request->group;
    bool                   some = false;

    v->count = TN_MIN(group->member_count, (size_t)TN_GROUP_MEMBERS);
    for (size_t i = 0; i < v->count; i++) {
        v->usable[i] = tn_cluster_look(group->members[i], v->request->now_us);
        v->refusal[i] = judge(v, i);
    }
    if (v->request->needs_writable)
        prefer_writable(v);
    for (size_t i = 0; i < v->count; i++) {
        if (v->refusal[i] != TN_REFUSAL_NONE)
            continue;
        v->capable |= UINT64_C(1) << i;
        some = some || v->usable[i] == TN_USABLE_OK;
    }
    v->last_resort = !some;
    for (size_t i = 0; i < v->count; i++)
        if (v->refusal[i] == TN_REFUSAL_NONE && v->usable[i] != TN_USABLE_OK && (some || !may_be_last(v->usable[i])))
            v->refusal[i] = TN_REFUSAL_NOT_USABLE;
}

static unsigned room_of(const struct tn_choose_request *request, const struct tn_cluster *cluster, unsigned running)
{
    if (request->room != NULL)
        return request->room(request->room_arg, request->group, cluster);
    if (cluster->max_running == 0)
        return UINT32_MAX - running;
    return running >= cluster->max_running ? 0 : cluster->max_running - running;
}

/* Member by member: most of it is for groups of 64 and for messages, and is set where it is used. */
static void begin(struct view *v, const struct tn_choose_request *request)
{
    v->request = request;
    v->count = 0;
    v->writes_refused = v->last_resort = false;
    v->capable = 0;
    v->why[0] = '\0';
}

/* Those that may take it now and have a slot; *ANY tells whether any may at all. */
static size_t collect(struct view *v, struct tn_candidate *out, bool *any)
{
    size_t count = 0;

    *any = false;
    for (size_t i = 0; i < v->count; i++) {
        struct tn_cluster *cluster = v->request->group->members[i];
        unsigned           running = atomic_load_explicit(&cluster->running, memory_order_relaxed);
        unsigned           room;

        if (v->refusal[i] != TN_REFUSAL_NONE)
            continue;
        *any = true;
        room = room_of(v->request, cluster, running);
        if (room == 0) {
            v->refusal[i] = TN_REFUSAL_NO_ROOM;
            continue;
        }
        out[count++] = (struct tn_candidate){
            .cluster = cluster, .member = (unsigned)i, .running = running, .room = room};
    }
    return count;
}

static void put(char *out, size_t size, const char *fmt, ...) TN_PRINTF(3, 4);

static void put(char *out, size_t size, const char *fmt, ...)
{
    size_t  at = strlen(out);
    va_list args;

    va_start(args, fmt);
    vsnprintf(out + at, size - at, fmt, args);
    va_end(args);
}

static const char *refusal_text(enum tn_refusal refusal, enum tn_usable usable)
{
    static const char *const texts[] = {
        [TN_REFUSAL_NONE] = "eligible",
        [TN_REFUSAL_NOT_USABLE] = "not usable",
        [TN_REFUSAL_CANNOT_RUN] = "cannot run this statement",
        [TN_REFUSAL_TRIED] = "failed with this query already",
        [TN_REFUSAL_HINT] = "not the cluster asked for",
        [TN_REFUSAL_NO_ROOM] = "all slots taken",
        [TN_REFUSAL_READ_ONLY] = "read-only",
    };

    return refusal == TN_REFUSAL_NOT_USABLE ? tn_usable_text(usable) : texts[refusal];
}

/* "pg-1: in maintenance; pg-2: down: its health check fails (connection refused)" */
static void describe_members(const struct view *v, struct tn_error *err)
{
    char out[sizeof err->detail] = "", note[sizeof((struct tn_cluster *)NULL)->note];

    for (size_t i = 0; i < v->count; i++) {
        struct tn_cluster *cluster = v->request->group->members[i];
        enum tn_refusal    refusal = v->refusal[i];

        put(out, sizeof out, "%s%.*s: %s", i == 0 ? "" : "; ", (int)TN_MIN(cluster->conf->name.len, (size_t)64),
            cluster->conf->name.ptr, refusal_text(refusal, v->usable[i]));
        if (refusal != TN_REFUSAL_NOT_USABLE || v->usable[i] != TN_USABLE_DOWN)
            continue;
        tn_cluster_get_note(cluster, note, sizeof note);
        if (note[0] != '\0')
            put(out, sizeof out, " (%.100s)", note);
    }
    out[tn_utf8_valid_prefix(out, strlen(out))] = '\0';
    tn_error_detail(err, "%s", out);
}

static bool has_refusal(const struct view *v, enum tn_refusal refusal)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->refusal[i] == refusal)
            return true;
    return false;
}

/* No member can take it now, nor will one when a slot is free. */
static enum tn_status nobody(const struct view *v, struct tn_error *err)
{
    struct tn_str  name = v->request->group->conf->name;
    int            len = (int)TN_MIN(name.len, (size_t)100);
    enum tn_status status;
    bool           tried = v->capable == 0 && has_refusal(v, TN_REFUSAL_TRIED);

    if (v->capable != 0 || tried || (!v->writes_refused && !has_refusal(v, TN_REFUSAL_CANNOT_RUN))) {
        status = tn_fail(err, TN_E_LIMIT, "57P03", tried ? "every member of group `%.*s` that could run this query has failed with it"
                                                         : "no member of group `%.*s` takes queries just now", len, name.ptr);
        tn_error_hint(err, "Try again later; `turnout status` shows the clusters, and an administrator can end a maintenance");
    } else if (v->writes_refused) {
        status = tn_fail(err, TN_E_DENIED, "25006", "group `%.*s` has no member that this statement may write to", len, name.ptr);
        tn_error_hint(err, "Send it to a group with a writable member (SET turnout.group = '...'), or remove `readOnly` from a member");
    } else {
        status = tn_fail(err, TN_E_UNSUPPORTED, "0A000", "no member of group `%.*s` can run this statement: %s", len, name.ptr, v->why);
        tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
        tn_error_hint(err, "Send it to a group whose engine can, with SET turnout.group = '...'");
    }
    describe_members(v, err);
    return status;
}

static enum tn_status check_hints(const struct tn_choose_request *request, const struct tn_strategy_ops **strategy,
                                  struct tn_error *err)
{
    const struct tn_group *group = request->group;
    struct tn_str          hint = request->cluster_hint;
    bool                   found = hint.len == 0;

    *strategy = all_strategies[TN_MIN((size_t)group->conf->strategy, TN_ARRAY_LEN(all_strategies) - 1)];
    if (request->strategy_hint.len > 0 && (*strategy = tn_strategy_find(request->strategy_hint)) == NULL)
        return unknown_strategy(request->strategy_hint, err);
    for (size_t i = 0; i < group->member_count && !found; i++)
        found = tn_str_eq(group->members[i]->conf->name, hint);
    if (found)
        return TN_OK;
    tn_fail(err, TN_E_INVALID, "42704", "cluster `%.*s` is not a member of group `%.*s`", (int)TN_MIN(hint.len, (size_t)100),
            hint.ptr, (int)TN_MIN(group->conf->name.len, (size_t)100), group->conf->name.ptr);
    tn_error_hint(err, "RESET turnout.cluster, or name a group that has it: SET turnout.group = '...'");
    return TN_E_INVALID;
}

static long find_affinity(const struct tn_choose_request *request, const struct tn_candidate *candidates, size_t count)
{
    for (size_t i = 0; request->affinity != NULL && i < count; i++)
        if (candidates[i].cluster == request->affinity)
            return (long)i;
    return -1;
}

static long find_wanted(const struct tn_choose_request *request, const struct tn_candidate *candidates, size_t count)
{
    for (size_t i = 0; request->wanted.len > 0 && i < count; i++)
        if (tn_str_eq(candidates[i].cluster->conf->name, request->wanted))
            return (long)i;
    return -1;
}

/* The strategy's own, with what there is to say of a script that named nobody, or somebody who may not. */
static size_t pick_one(const struct tn_choose_request *request, const struct tn_strategy_ops *strategy, const struct tn_candidate *candidates,
                       size_t count, const char **reason)
{
    long   affinity = find_affinity(request, candidates, count), wanted = find_wanted(request, candidates, count);
    size_t at;

    if (affinity >= 0) {
        *reason = "affinity: the statement was described there";
        return (size_t)affinity;
    }
    if (wanted >= 0) {
        *reason = "pythonScript: the script named it";
        return (size_t)wanted;
    }
    at = strategy->pick(request->group, candidates, count, request->features, reason);
    if (request->wanted.len > 0)
        *reason = "pythonScript: whom the script named may not take it; roundRobin";
    else if (request->unwanted != NULL)
        *reason = request->unwanted;
    return at;
}

static void take(struct tn_choice *out, const struct tn_candidate *candidate, const char *reason)
{
    *out = (struct tn_choice){.cluster = candidate->cluster, .member = candidate->member, .reason = reason};
}

/* A member whose breaker is half open takes one query a second: when it may not take this one, another is picked, if there
 * is another. */
static void pick(const struct tn_choose_request *request, const struct tn_strategy_ops *strategy,
                 struct tn_candidate *candidates, size_t count, struct tn_choice *out)
{
    for (;;) {
        const char *reason = strategy->name;
        size_t      at = pick_one(request, strategy, candidates, count, &reason);

        take(out, &candidates[at], reason);
        if (request->dry || tn_cluster_usable(out->cluster, request->now_us) == TN_USABLE_OK || count == 1)
            return;
        count--;
        memmove(&candidates[at], &candidates[at + 1], (count - at) * sizeof *candidates);
    }
}

enum tn_status tn_strategy_choose(const struct tn_choose_request *request, struct tn_choice *out, uint64_t *eligible,
                                  struct tn_error *err)
{
    const struct tn_strategy_ops *strategy;
    struct view                   v;
    struct tn_candidate           candidates[TN_GROUP_MEMBERS];
    size_t                        count;
    bool                          any;

    *out = (struct tn_choice){.cluster = NULL};
    *eligible = 0;
    TN_TRY(check_hints(request, &strategy, err));
    begin(&v, request);
    look_at_members(&v);
    count = collect(&v, candidates, &any);
    if (!any)
        return nobody(&v, err);
    *eligible = v.capable;
    if (count == 0)
        return TN_AGAIN;
    if (v.last_resort) {
        const char *reason = strategy->name;

        take(out, &candidates[strategy->pick(request->group, candidates, count, request->features, &reason)],
             "last resort: no member is healthy");
        return TN_OK;
    }
    pick(request, strategy, candidates, count, out);
    return TN_OK;
}

size_t tn_strategy_look(const struct tn_choose_request *request, struct tn_member_view out[TN_GROUP_MEMBERS])
{
    struct view         v;
    struct tn_candidate candidates[TN_GROUP_MEMBERS], *next = candidates;
    bool                any;

    begin(&v, request);
    look_at_members(&v);
    collect(&v, candidates, &any);
    for (size_t i = 0; i < v.count; i++) {
        const struct tn_cluster *cluster = request->group->members[i];

        out[i].refusal = v.refusal[i];
        out[i].usable = v.usable[i];
        out[i].why[0] = v.why[0] = '\0';
        if (v.refusal[i] == TN_REFUSAL_NONE) { /* asked already, and that takes a lock of everybody's */
            out[i].running = next->running;
            out[i].room = next++->room;
            continue;
        }
        out[i].running = atomic_load_explicit(&cluster->running, memory_order_relaxed);
        out[i].room = room_of(request, cluster, out[i].running);
        if (v.refusal[i] == TN_REFUSAL_CANNOT_RUN && !can_run(&v, cluster))
            tn_str_copy(out[i].why, sizeof out[i].why, tn_str(v.why));
    }
    return v.count;
}

const char *tn_member_text(const struct tn_member_view *view)
{
    return refusal_text(view->refusal, view->usable);
}
