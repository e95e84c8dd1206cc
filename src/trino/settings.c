/* What a client's headers say of its session, as the settings of a run. */
#include "trino/private.h"

#include "trino/list.h"
#include "trino/zone.h"

enum tn_status tn_trino_settings_change(struct tn_trino_query *q, const char *name, struct tn_str value, struct tn_error *err)
{
    const struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;

    return tn_settings_change(&q->settings, tn_str(name), value, TN_CFG_ENGINE_UNSET, false, false, snapshot, err);
}

/* The client's tags and those of SET SESSION turnout.tags. */
static enum tn_status set_tags(struct tn_trino_query *q, struct tn_error *err)
{
    struct tn_str own = tn_trino_pair(&q->request.session, TN_STR("turnout.tags")), item;
    struct tn_buf text;
    size_t        at = 0;
    enum tn_status status = TN_OK;

    tn_buf_init(&text, 65536);
    while (tn_trino_list_next(q->request.client_tags, &at, &item)) {
        if (text.len > 0)
            tn_buf_put_u8(&text, ',');
        tn_buf_put_str(&text, item);
    }
    if (own.len > 0)
        tn_buf_printf(&text, "%s" TN_STR_FMT, text.len > 0 ? "," : "", TN_STR_ARG(own));
    if (text.len > 0)
        status = tn_trino_settings_change(q, "turnout.tags", tn_buf_str(&text), err);
    tn_buf_reset(&text);
    return status;
}

static bool is_tags(struct tn_str name)
{
    return tn_str_eq_c(name, "turnout.tags");
}

/* "30m", "1.5h", "500ms" as Trino writes durations; 0 = none such. */
static uint64_t duration_ms(struct tn_str text)
{
    static const struct {
        const char *unit;
        double      ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}, {"d", 864e5}};
    size_t len = 0;
    double value;

    while (len < text.len && ((text.ptr[len] >= '0' && text.ptr[len] <= '9') || text.ptr[len] == '.'))
        len++;
    if (!tn_str_to_double(tn_str_n(text.ptr, len), &value))
        return 0;
    for (size_t i = 0; i < TN_ARRAY_LEN(units); i++)
        if (tn_str_eq_c(tn_str_trim(tn_str_n(text.ptr + len, text.len - len)), units[i].unit))
            return value * units[i].ms < 1e15 ? (uint64_t)(value * units[i].ms) : 0;
    return 0;
}

static enum tn_status set_timeout(struct tn_trino_query *q, struct tn_error *err)
{
    static const char *const names[] = {"query_max_run_time", "query_max_execution_time"};
    uint64_t                 least = 0;
    char                     text[32];

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        uint64_t ms = duration_ms(tn_trino_pair(&q->request.session, tn_str(names[i])));

        if (ms > 0 && (least == 0 || ms < least))
            least = ms;
    }
    if (least == 0)
        return TN_OK;
    snprintf(text, sizeof text, "%llu", (unsigned long long)least);
    return tn_trino_settings_change(q, "statement_timeout", tn_str(text), err);
}

/* To engines of MySQL's kind it is a database, which the server need not have: then names are of the cluster's own, as they are
 * elsewhere. */
static enum tn_status set_schema(struct tn_trino_query *q, struct tn_error *err)
{
    const struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    struct tn_buf             text;
    enum tn_status            status;

    if (q->request.schema.len == 0)
        return TN_OK;
    TN_TRY(tn_settings_change(&q->settings, TN_STR("login_database"), q->request.schema, TN_CFG_ENGINE_MYSQL, false, true, snapshot, err));
    tn_buf_init(&text, 4096);
    tn_buf_put_quoted(&text, q->request.schema, '"');
    status = tn_trino_settings_change(q, "search_path", tn_buf_str(&text), err);
    tn_buf_reset(&text);
    return status;
}

/* "query_priority", "hive.some_property" */
static bool is_property(struct tn_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = tn_ascii_lower(name.ptr[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return name.len > 0 && tn_setting_find(name) < 0 && !tn_str_starts(name, TN_STR("turnout.")) &&
           !tn_str_starts(name, TN_STR("x-trino-")) && !tn_str_ieq_c(name, TIME_ZONE_PROPERTY);
}

/* What is longer than any of Trino's properties is none: no reason to refuse the statement of another engine. */
static enum tn_status change_trinos(struct tn_trino_query *q, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    const struct tn_snapshot *snapshot = tn_runtime_of(q->home->worker)->snapshot;
    enum tn_status            status = TN_OK;

    if (value.len > 0)
        status = tn_settings_change(&q->settings, name, value, TN_CFG_ENGINE_TRINO, false, false, snapshot, err);
    if (status != TN_E_LIMIT)
        return status;
    tn_error_reset(err);
    return TN_OK;
}

/* What a Trino is told as its own client would have told it, and no other engine. */
static enum tn_status set_trinos(struct tn_trino_query *q, struct tn_error *err)
{
    const struct tn_trino_pairs *session = &q->request.session;

    TN_TRY(change_trinos(q, TN_STR("x-trino-catalog"), q->request.catalog, err));
    TN_TRY(change_trinos(q, TN_STR("x-trino-schema"), q->request.schema, err));
    TN_TRY(change_trinos(q, TN_STR("x-trino-path"), q->request.path, err));
    for (size_t i = 0; i < session->count; i++)
        if (is_property(session->items[i].name))
            TN_TRY(change_trinos(q, session->items[i].name, session->items[i].value, err));
    return TN_OK;
}

struct tn_str tn_trino_settings_zone(const struct tn_trino_query *q)
{
    struct tn_str own = tn_trino_pair(&q->request.session, TN_STR(TIME_ZONE_PROPERTY)); /* SET TIME ZONE */

    return tn_trino_zone(own.len > 0 ? own : q->request.time_zone);
}

enum tn_status tn_trino_settings_make(struct tn_trino_query *q, struct tn_error *err)
{
    const struct tn_trino_pairs *session = &q->request.session;
    struct tn_str                zone = tn_trino_settings_zone(q);

    q->settings = tn_settings_list_new();
    if (q->settings == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a session's settings");
    if (zone.len > 0)
        TN_TRY(tn_trino_settings_change(q, "TimeZone", zone, err));
    TN_TRY(set_schema(q, err));
    TN_TRY(set_timeout(q, err));
    TN_TRY(set_tags(q, err));
    TN_TRY(set_trinos(q, err));
    for (size_t i = 0; i < session->count; i++)
        if (tn_str_starts(session->items[i].name, TN_STR("turnout.")) && !is_tags(session->items[i].name))
            TN_TRY(tn_trino_settings_change(q, session->items[i].name.ptr, session->items[i].value, err));
    tn_trino_encoder_init(&q->encoder, q->parametric, q->settings->tz);
    return TN_OK;
}
