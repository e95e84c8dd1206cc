#include "session/wishes.h"

#include "server.h"

static enum tn_status merge_tags(struct tn_query *q, const struct tn_settings_list *settings, struct tn_str hint, struct tn_error *err)
{
    struct tn_tag *all, *extra = NULL;
    size_t         count = 0;

    q->client.tag_count = settings->tag_count;
    q->client.tags = settings->tags;
    if (hint.len == 0)
        return TN_OK;
    TN_TRY(tn_tags_parse(hint, &q->arena, &count, &extra, err));
    all = tn_arena_alloc(&q->arena, sizeof *all * (count + settings->tag_count + 1));
    if (all == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for tags");
    memcpy(all, extra, count * sizeof *all);
    for (size_t i = 0; i < settings->tag_count; i++) {
        bool hidden = false;

        for (size_t j = 0; j < count; j++)
            hidden = hidden || tn_str_eq(extra[j].key, settings->tags[i].key);
        if (!hidden)
            all[count++] = settings->tags[i];
    }
    q->client.tag_count = count;
    q->client.tags = all;
    return TN_OK;
}

static struct tn_str either(struct tn_str first, struct tn_str second)
{
    return first.len > 0 ? first : second;
}

/* The hint's own words are checked as those of a SET are. */
static enum tn_status check(const struct tn_query *q, struct tn_settings_list *settings, const struct tn_hint *hint, struct tn_error *err)
{
    struct tn_settings_list *probe;
    enum tn_status           status = TN_OK;

    if (hint->strategy.len == 0 && hint->priority.len == 0)
        return TN_OK;
    probe = tn_settings_list_ref(settings);
    if (hint->strategy.len > 0)
        status = tn_settings_change(&probe, TN_STR("turnout.strategy"), hint->strategy, TN_CFG_ENGINE_UNSET, false, false, q->snapshot, err);
    if (status == TN_OK && hint->priority.len > 0)
        status = tn_settings_change(&probe, TN_STR("turnout.priority"), hint->priority, TN_CFG_ENGINE_UNSET, false, false, q->snapshot, err);
    tn_settings_list_unref(probe);
    return status;
}

enum tn_status tn_wishes_fill(struct tn_query *q, struct tn_settings_list *settings, struct tn_error *err)
{
    struct tn_hint hint = {0};
    enum tn_status status = TN_OK;

    if (q->text.len > 2 && (q->text.ptr[0] == '/' || q->text.ptr[0] == '-'))
        status = tn_hint_read(&hint, q->text, err);
    if (status != TN_OK) {
        tn_count(&tn_runtime_of(q->worker)->counters, TN_COUNTER_hints_invalid, 1);
        return status;
    }
    TN_TRY(check(q, settings, &hint, err));
    q->client.hint_group = either(hint.group, settings->group);
    q->client.hint_cluster = either(hint.cluster, hint.group.len > 0 ? hint.cluster : settings->cluster);
    q->client.hint_strategy = either(hint.strategy, settings->strategy);
    q->client.dialect = settings->dialect;
    q->client.hint_priority = either(hint.priority, settings->priority);
    return merge_tags(q, settings, hint.tags, err);
}
