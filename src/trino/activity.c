#include "trino/activity.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"

#include <pthread.h>

enum { QUERIES = 256, ID = 64, USER = 256, NAME = 64, SQL = 1024 };

struct entry {
    uint64_t              ticket; /* 0: none */
    char                  id[ID], user[USER], source[NAME], sql[SQL];
    uint64_t              created_us, ended_us, queued_us; /* wall clock; ended 0 = it runs */
    struct tn_trino_error error; /* name NULL: none */
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
    entry->error = (struct tn_trino_error){.name = NULL};
    pthread_mutex_unlock(&activity->lock);
    return ticket;
}

/* Under the lock; NULL: another one's by now. */
static struct entry *entry_of(struct tn_trino_activity *activity, uint64_t ticket)
{
    struct entry *entry = &activity->entries[ticket % QUERIES];

    return ticket != 0 && entry->ticket == ticket ? entry : NULL;
}

void tn_trino_activity_show(struct tn_trino_activity *activity, uint64_t ticket, const char *id)
{
    struct entry *entry;

    if (activity == NULL)
        return;
    pthread_mutex_lock(&activity->lock);
    entry = entry_of(activity, ticket);
    if (entry != NULL && strlen(id) < sizeof entry->id)
        tn_str_copy(entry->id, sizeof entry->id, tn_str(id));
    pthread_mutex_unlock(&activity->lock);
}

void tn_trino_activity_end(struct tn_trino_activity *activity, uint64_t ticket, uint64_t queued_us, const struct tn_trino_error *error)
{
    struct entry *entry;

    if (activity == NULL)
        return;
    pthread_mutex_lock(&activity->lock);
    entry = entry_of(activity, ticket);
    if (entry != NULL && entry->ended_us == 0) {
        entry->ended_us = tn_clock_wall_us();
        entry->queued_us = queued_us;
        entry->error = *error;
    }
    pthread_mutex_unlock(&activity->lock);
}

static const char *state_of(const struct entry *entry)
{
    return entry->ended_us == 0 ? "RUNNING" : entry->error.name == NULL ? "FINISHED" : "FAILED";
}

/* A row of system.runtime.queries. */
static void put_entry(struct tn_json *json, const struct entry *entry)
{
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "query_id", entry->id);
    tn_json_text(json, "state", state_of(entry));
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
    tn_json_text(json, "error_type", entry->error.type);
    tn_json_text(json, "error_code", entry->error.name);
    tn_json_close(json, '}');
}

/* "12.50ms" */
static void put_duration(struct tn_json *json, const char *key, uint64_t us)
{
    char text[32];

    snprintf(text, sizeof text, "%llu.%02llums", (unsigned long long)(us / 1000), (unsigned long long)(us % 1000 / 10));
    tn_json_text(json, key, text);
}

static void put_error_code(struct tn_json *json, const struct tn_trino_error *error)
{
    if (error->name == NULL)
        return;
    tn_json_text(json, "errorType", error->type);
    tn_json_open(json, "errorCode", '{');
    tn_json_u64(json, "code", (uint64_t)error->code);
    tn_json_text(json, "name", error->name);
    tn_json_text(json, "type", error->type);
    tn_json_close(json, '}');
}

/* As a coordinator lists it. */
static void put_listed(struct tn_json *json, const struct entry *entry, const char *base)
{
    uint64_t end = entry->ended_us != 0 ? entry->ended_us : tn_clock_wall_us();
    uint64_t elapsed_us = end > entry->created_us ? end - entry->created_us : 0;
    char     self[512];

    snprintf(self, sizeof self, "%s/v1/query/%s", base, entry->id);
    tn_json_open(json, NULL, '{');
    tn_json_text(json, "queryId", entry->id);
    tn_json_open(json, "session", '{');
    tn_json_text(json, "queryId", entry->id);
    tn_json_text(json, "user", entry->user);
    tn_json_text(json, "source", entry->source[0] == '\0' ? NULL : entry->source);
    tn_json_close(json, '}');
    tn_json_text(json, "state", state_of(entry));
    tn_json_bool(json, "scheduled", true);
    tn_json_text(json, "self", self);
    tn_json_text(json, "query", entry->sql);
    tn_json_open(json, "queryStats", '{');
    tn_json_time(json, "createTime", entry->created_us);
    if (entry->ended_us != 0)
        tn_json_time(json, "endTime", entry->ended_us);
    put_duration(json, "queuedTime", entry->queued_us);
    put_duration(json, "elapsedTime", elapsed_us);
    put_duration(json, "executionTime", elapsed_us > entry->queued_us ? elapsed_us - entry->queued_us : 0);
    tn_json_close(json, '}');
    put_error_code(json, &entry->error);
    tn_json_close(json, '}');
}

static bool is_wished(const struct entry *entry, const struct tn_trino_activity_wish *wish)
{
    return (wish->user.ptr == NULL || tn_str_eq_c(wish->user, entry->user)) && (wish->state.ptr == NULL || tn_str_ieq_c(wish->state, state_of(entry)));
}

void tn_trino_activity_put(struct tn_trino_activity *activity, const struct tn_trino_activity_wish *wish, struct tn_buf *out)
{
    size_t start = out->len;

    if (activity == NULL)
        return;
    pthread_mutex_lock(&activity->lock);
    for (uint64_t ticket = activity->next - 1; ticket > 0 && ticket + QUERIES >= activity->next && out->len - start < wish->most; ticket--) {
        const struct entry *entry = entry_of(activity, ticket);
        struct tn_json      json = {.buf = out};

        if (entry == NULL || !is_wished(entry, wish))
            continue;
        if (out->len > 0)
            tn_buf_put_u8(out, ',');
        if (wish->base != NULL)
            put_listed(&json, entry, wish->base);
        else
            put_entry(&json, entry);
    }
    pthread_mutex_unlock(&activity->lock);
}
