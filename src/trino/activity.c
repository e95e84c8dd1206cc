#include "trino/activity.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"

#include <pthread.h>

enum { QUERIES = 256, ID = 32, USER = 256, NAME = 64, SQL = 1024 };

struct entry {
    uint64_t    ticket; /* 0: none */
    char        id[ID], user[USER], source[NAME], sql[SQL];
    uint64_t    created_us, ended_us, queued_us; /* wall clock; ended 0 = it runs */
    const char *error_name, *error_type;
};

struct tn_trino_activity {
    pthread_mutex_t lock; /* against other workers' readers: the owner hardly ever waits */
    uint64_t        next; /* ticket; its entry is ticket % QUERIES */
    struct entry    entries[QUERIES];
};

struct tn_trino_activity *tn_trino_activity_new(void)
{
    struct tn_trino_activity *activity = tn_calloc(1, sizeof *activity);

    if (activity == NULL)
        return NULL;
    activity->next = 1;
    pthread_mutex_init(&activity->lock, NULL);
    return activity;
}

void tn_trino_activity_free(struct tn_trino_activity *activity)
{
    if (activity == NULL)
        return;
    pthread_mutex_destroy(&activity->lock);
    tn_free(activity);
}

/* Cut before a character that does not fit. */
static void keep(char *to, size_t size, struct tn_str text)
{
    tn_str_copy(to, size, tn_str_n(text.ptr, tn_utf8_valid_prefix(text.ptr, TN_MIN(text.len, size - 1))));
}

uint64_t tn_trino_activity_begin(struct tn_trino_activity *activity, const struct tn_trino_activity_query *query)
{
    struct entry *entry;
    uint64_t      ticket;

    if (activity == NULL)
        return 0;
    pthread_mutex_lock(&activity->lock);
    ticket = activity->next++;
    entry = &activity->entries[ticket % QUERIES];
    entry->ticket = ticket;
    tn_str_copy(entry->id, sizeof entry->id, tn_str(query->id));
    keep(entry->user, sizeof entry->user, query->user);
    keep(entry->source, sizeof entry->source, query->source);
    keep(entry->sql, sizeof entry->sql, query->sql);
    entry->created_us = tn_clock_wall_us();
    entry->ended_us = entry->queued_us = 0;
    entry->error_name = entry->error_type = NULL;
    pthread_mutex_unlock(&activity->lock);
    return ticket;
}

void tn_trino_activity_end(struct tn_trino_activity *activity, uint64_t ticket, uint64_t queued_us, const char *error_name, const char *error_type)
{
    struct entry *entry;

    if (activity == NULL)
        return;
    pthread_mutex_lock(&activity->lock);
    entry = &activity->entries[ticket % QUERIES];
    if (entry->ticket == ticket && ticket != 0 && entry->ended_us == 0) { /* not another's by now */
        entry->ended_us = tn_clock_wall_us();
        entry->queued_us = queued_us;
        entry->error_name = error_name;
        entry->error_type = error_type;
    }
    pthread_mutex_unlock(&activity->lock);
}

static void put_entry(struct tn_json *json, const struct entry *entry)
{
    const char *state = entry->ended_us == 0 ? "RUNNING" : entry->error_name == NULL ? "FINISHED" : "FAILED";

    tn_json_open(json, NULL, '{');
    tn_json_text(json, "query_id", entry->id);
    tn_json_text(json, "state", state);
    tn_json_text(json, "user", entry->user);
    tn_json_text(json, "source", entry->source[0] == '\0' ? NULL : entry->source);
    tn_json_text(json, "query", entry->sql);
    tn_json_u64(json, "queued_time_ms", entry->queued_us / 1000);
    tn_json_u64(json, "analysis_time_ms", 0);
    tn_json_u64(json, "planning_time_ms", 0);
    tn_json_time(json, "created", entry->created_us);
    tn_json_time(json, "started", entry->created_us);
    tn_json_time(json, "last_heartbeat", entry->ended_us == 0 ? tn_clock_wall_us() : entry->ended_us);
    if (entry->ended_us != 0)
        tn_json_time(json, "end", entry->ended_us);
    tn_json_text(json, "error_type", entry->error_type);
    tn_json_text(json, "error_code", entry->error_name);
    tn_json_close(json, '}');
}

void tn_trino_activity_put(struct tn_trino_activity *activity, struct tn_str user, size_t most, struct tn_buf *out)
{
    size_t start = out->len;

    if (activity == NULL)
        return;
    pthread_mutex_lock(&activity->lock);
    for (uint64_t ticket = activity->next - 1; ticket > 0 && ticket + QUERIES >= activity->next && out->len - start < most; ticket--) {
        const struct entry *entry = &activity->entries[ticket % QUERIES];
        struct tn_json      json = {.buf = out};

        if (entry->ticket != ticket || (user.ptr != NULL && !tn_str_eq_c(user, entry->user)))
            continue;
        if (out->len > 0)
            tn_buf_put_u8(out, ',');
        put_entry(&json, entry);
    }
    pthread_mutex_unlock(&activity->lock);
}
