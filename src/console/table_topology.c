/* Clusters and groups as they are now, and the counters: what any thread may read. */
#include "console/console_table.h"

#include "base/alloc.h"
#include "base/clock.h"

static void put_cluster(struct tn_console_rows *rows, struct tn_cluster *cluster)
{
    static const char *const healths[] = {"unknown", "up", "down"};
    static const char *const breakers[] = {"closed", "open", "halfOpen"};
    uint64_t                 now = tn_clock_us();
    enum tn_usable           usable = tn_cluster_look(cluster, now);
    char                     note[256];

    tn_cluster_get_note(cluster, note, sizeof note);
    tn_rows_text(rows, cluster->conf->name);
    tn_rows_c(rows, cluster->ops->name);
    tn_rows_bool(rows, usable == TN_USABLE_OK);
    tn_rows_c(rows, usable == TN_USABLE_OK ? NULL : tn_usable_text(usable));
    tn_rows_bool(rows, cluster->conf->enabled);
    tn_rows_bool(rows, cluster->conf->read_only);
    tn_rows_bool(rows, atomic_load(&cluster->maintenance));
    tn_rows_c(rows, healths[atomic_load(&cluster->health)]);
    tn_rows_c(rows, note[0] != '\0' ? note : NULL);
    tn_rows_c(rows, breakers[tn_breaker_state(&cluster->breaker, now)]);
    tn_rows_u64(rows, atomic_load(&cluster->running));
    tn_rows_u64(rows, cluster->max_running);
    tn_rows_u64(rows, atomic_load(&cluster->queries));
    tn_rows_u64(rows, atomic_load(&cluster->failures));
    tn_rows_u64(rows, atomic_load(&cluster->probes_failed));
}

enum tn_status tn_console_clusters(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(source->server);

    (void)err;
    for (size_t i = 0; i < snapshot->topology->cluster_count; i++)
        put_cluster(rows, snapshot->topology->clusters[i]);
    tn_snapshot_unref(snapshot);
    return TN_OK;
}

static void put_member(struct tn_console_rows *rows, const struct tn_group *group, size_t member, bool frozen,
                       const struct tn_group_load *load)
{
    tn_rows_text(rows, group->conf->name);
    tn_rows_text(rows, group->members[member]->conf->name);
    tn_rows_u64(rows, member + 1);
    tn_rows_bool(rows, group->conf->enabled);
    tn_rows_c(rows, tn_config_enum_text("STRATEGY", (unsigned)group->conf->strategy));
    tn_rows_bool(rows, frozen);
    tn_rows_c(rows, group->fallback != NULL ? group->fallback->conf->name.ptr : NULL);
    tn_rows_u64(rows, load->running);
    tn_rows_u64(rows, group->conf->max_running);
    tn_rows_u64(rows, load->queued);
    tn_rows_u64(rows, group->conf->max_queued);
    tn_rows_u64(rows, load->admitted);
    tn_rows_u64(rows, load->queued_total);
    tn_rows_u64(rows, load->refused);
    tn_rows_u64(rows, load->spilled);
}

enum tn_status tn_console_groups(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    struct tn_snapshot *snapshot = tn_server_snapshot(source->server);

    (void)err;
    for (size_t i = 0; i < snapshot->topology->group_count; i++) {
        const struct tn_group *group = &snapshot->topology->groups[i];
        struct tn_group_load   load = {0};

        tn_admission_load(source->server->admission, group, &load);
        for (size_t m = 0; m < group->member_count; m++)
            put_member(rows, group, m, tn_freeze_has(source->server->freeze, group->conf->name), &load);
    }
    tn_snapshot_unref(snapshot);
    return TN_OK;
}

enum tn_status tn_console_counters(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    struct tn_server *server = source->server;
    uint64_t          sums[TN_COUNTER_COUNT];

    (void)err;
    tn_server_counters(server, sums);
    for (unsigned i = 0; i < TN_COUNTER_COUNT; i++) {
        tn_rows_c(rows, tn_counter_name((enum tn_counter)i));
        tn_rows_u64(rows, sums[i]);
        tn_rows_c(rows, tn_counter_help((enum tn_counter)i));
    }
    return TN_OK;
}
