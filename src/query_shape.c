#include "query_shape.h"

#include "base/civil.h"
#include "server.h"
#include "stats/shape.h"

#include <inttypes.h>
#include <math.h>

enum {
    PARAMS = 256,   /* more of them say nothing about sizes */
    LIST_MAX = 1001 /* elements; beyond it lists are of one size */
};

static const double NUMBER_MOST = 1e30;

static struct tn_str setting(const struct tn_session_settings *settings, const char *name)
{
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (tn_str_eq_c(settings->items[i].name, name))
            return settings->items[i].value;
    return TN_STR("");
}

/* What a statement of a PostgreSQL client means besides its words: in DATABASE, with SETTINGS (may be NULL). */
static struct tn_shape_context shape_context(struct tn_str database, const struct tn_session_settings *settings)
{
    return (struct tn_shape_context){.dialect = TN_DIALECT_POSTGRES, .database = database, .search_path = setting(settings, "search_path"),
                                     .role = setting(settings, "role")};
}

void tn_query_shape_read(struct tn_runtime *runtime, struct tn_str text, struct tn_str database, const struct tn_session_settings *settings,
                         struct tn_shape *shape, struct tn_features *features)
{
    struct tn_shape_context context;

    if (runtime->shaper == NULL || runtime->server->learner == NULL) {
        shape->key[0] = 0;
        if (runtime->shaper == NULL)
            tn_features_read(features, text, TN_DIALECT_POSTGRES);
        else
            tn_shaper_features(runtime->shaper, text, features);
        return;
    }
    context = shape_context(database, settings);
    tn_shaper_find(runtime->shaper, text, &context, NULL, 0, shape, features);
}

/* ---- values of parameters ---- */

static struct tn_str printed(struct tn_query *q, const char *text, int len)
{
    struct tn_str out;

    return len > 0 && tn_arena_str(&q->arena, tn_str_n(text, (size_t)len), &out) ? out : (struct tn_str){NULL, 0};
}

static struct tn_str date_text(struct tn_query *q, int64_t days, int64_t seconds)
{
    struct tn_civil date;
    char            text[48];

    if (days < -1000000 || days > 1000000)
        return (struct tn_str){NULL, 0}; /* infinity, or nobody's range */
    date = tn_civil_from_days(days);
    if (date.year < 1 || date.year > 9999)
        return (struct tn_str){NULL, 0};
    return printed(q, text, snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d", (int)date.year, date.month, date.day,
                                     (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60)));
}

static struct tn_str time_text(struct tn_query *q, int64_t us)
{
    int64_t seconds = us / 1000000 - (us % 1000000 < 0), days = seconds / 86400 - (seconds % 86400 < 0);

    return date_text(q, days, seconds - days * 86400);
}

/* %g's exponents are not read, and nobody's ranges are wider: a client's 1e308 would have 309 digits. */
static struct tn_str number_text(struct tn_query *q, double number)
{
    char text[64];

    return isnan(number) ? (struct tn_str){NULL, 0}
                         : printed(q, text, snprintf(text, sizeof text, "%.6f", fmin(fmax(number, -NUMBER_MOST), NUMBER_MOST)));
}

/* Its number of elements is all that matters: {,,} */
static struct tn_str list_text(struct tn_query *q, size_t count)
{
    size_t commas = TN_MIN(count, (size_t)LIST_MAX);
    char  *text = tn_arena_alloc(&q->arena, commas + 2);

    if (text == NULL || count == 0)
        return (struct tn_str){NULL, 0};
    memset(text, ',', commas + 1);
    text[0] = '{';
    text[commas] = '}';
    return tn_str_n(text, commas + 1);
}

/* As the client would have written it, where sizes can be read from it; ptr NULL: nowhere. */
static struct tn_str value_text(struct tn_query *q, const struct tn_value *value)
{
    char text[32];

    if (value->is_list)
        return list_text(q, value->as.list.count);
    switch (value->type) {
    case TN_TYPE_INT8:
    case TN_TYPE_INT16:
    case TN_TYPE_INT32:
    case TN_TYPE_INT64: return printed(q, text, snprintf(text, sizeof text, "%" PRId64, value->as.i64));
    case TN_TYPE_UINT8:
    case TN_TYPE_UINT16:
    case TN_TYPE_UINT32:
    case TN_TYPE_UINT64: return printed(q, text, snprintf(text, sizeof text, "%" PRIu64, value->as.u64));
    case TN_TYPE_FLOAT32:
    case TN_TYPE_FLOAT64: return number_text(q, value->as.f64);
    case TN_TYPE_DATE: return date_text(q, value->as.i64, 0);
    case TN_TYPE_TIMESTAMP:
    case TN_TYPE_TIMESTAMPTZ: return time_text(q, value->as.i64);
    case TN_TYPE_TEXT:
    case TN_TYPE_NUMERIC: return value->as.text;
    default: return (struct tn_str){NULL, 0};
    }
}

static void bind(struct tn_query *q)
{
    const struct tn_params *params = &q->run.params;
    unsigned                count = (unsigned)TN_MIN(params->count, (size_t)PARAMS);
    struct tn_str           texts[PARAMS];
    bool                    sized = q->features.sized_by_params && !params->raw_only;

    for (unsigned i = 0; i < count; i++)
        texts[i] = sized ? value_text(q, &params->items[i].value) : params->items[i].pg_bytes;
    tn_shaper_bind(tn_runtime_of(q->worker)->shaper, q->text, TN_DIALECT_POSTGRES, texts, count, &q->shape, &q->features);
}

bool tn_query_shape_bind(struct tn_query *q)
{
    struct tn_runtime      *runtime = tn_runtime_of(q->worker);
    struct tn_shape_context context;
    struct tn_features      features; /* known already */

    if (runtime->shaper == NULL)
        return false;
    if (q->shape.key[0] == 0) {
        context = shape_context(q->client.database, q->run.settings);
        tn_shaper_find(runtime->shaper, q->meant.len > 0 ? q->meant : q->text, &context, NULL, 0, &q->shape, &features);
    }
    if (q->run.params.count > 0 && !q->shape_bound)
        bind(q);
    q->shape_bound = true;
    return true;
}
