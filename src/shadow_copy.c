#include "shadow_copy.h"

#include "base/alloc.h"

/* Where an engine makes values, they are not turned into a client's bytes; PostgreSQL's own come as they are. */
static enum tn_status discard(const struct tn_encoder *encoder, const struct tn_batch *batch, int64_t *row, size_t target, struct tn_buf *out,
                              struct tn_error *err)
{
    (void)encoder;
    (void)target;
    (void)out;
    (void)err;
    *row = batch->rows;
    return TN_OK;
}

static const struct tn_encoder_ops discard_ops = {"discard", discard};
static const struct tn_encoder     discarding = {.ops = &discard_ops, .pg_rows = true};

static bool copy_str(struct tn_arena *arena, struct tn_str *text)
{
    return text->ptr == NULL || tn_arena_str(arena, *text, text);
}

/* Names of tables are parts of the text. */
static void move_into(struct tn_str *part, struct tn_str from, struct tn_str to)
{
    if (part->ptr >= from.ptr && part->ptr + part->len <= from.ptr + from.len)
        part->ptr = to.ptr + (part->ptr - from.ptr);
    else
        *part = TN_STR("");
}

static bool copy_text(struct tn_query *q, const struct tn_query *of)
{
    if (!tn_arena_str(&q->arena, of->text, &q->text))
        return false;
    q->features = of->features;
    for (unsigned i = 0; i < q->features.table_count; i++)
        move_into(&q->features.tables[i], of->text, q->text);
    move_into(&q->features.inner, of->text, q->text);
    return true;
}

static bool copy_client(struct tn_query *q, const struct tn_query *of)
{
    q->client = (struct tn_route_context){.protocol = of->client.protocol, .user = of->client.user, .database = of->client.database,
                                          .application = of->client.application, .client_address = of->client.client_address, .dialect = of->client.dialect};
    return copy_str(&q->arena, &q->client.dialect) && copy_str(&q->arena, &q->client.user) && copy_str(&q->arena, &q->client.database) && copy_str(&q->arena, &q->client.application) &&
           copy_str(&q->arena, &q->client.client_address);
}

static bool copy_value(struct tn_arena *arena, struct tn_value *value)
{
    struct tn_value *items;

    if (value->is_list) {
        if (value->as.list.count == 0)
            return true;
        if ((items = tn_arena_alloc(arena, sizeof *items * value->as.list.count)) == NULL)
            return false;
        memcpy(items, value->as.list.items, sizeof *items * value->as.list.count);
        for (size_t i = 0; i < value->as.list.count; i++)
            if (!copy_value(arena, &items[i]))
                return false;
        value->as.list.items = items;
        return true;
    }
    return !(value->untyped || tn_type_is_text(value->type)) || copy_str(arena, &value->as.text);
}

bool tn_copy_params(struct tn_arena *arena, const struct tn_params *from, struct tn_params *to)
{
    struct tn_param *items = NULL;

    if (from->count > 0 && (items = tn_arena_alloc(arena, sizeof *items * from->count)) == NULL)
        return false;
    for (size_t i = 0; i < from->count; i++) {
        items[i] = from->items[i];
        if (!copy_str(arena, &items[i].pg_bytes) || (!from->raw_only && !copy_value(arena, &items[i].value)))
            return false;
    }
    *to = (struct tn_params){.count = from->count, .items = items, .raw_only = from->raw_only};
    return true;
}

static bool copy_oids(struct tn_query *q, const struct tn_query *of)
{
    uint32_t *oids = NULL;

    if (of->run.param_oid_count > 0) {
        if ((oids = tn_arena_alloc(&q->arena, sizeof *oids * of->run.param_oid_count)) == NULL)
            return false;
        memcpy(oids, of->run.param_oids, sizeof *oids * of->run.param_oid_count);
    }
    q->run.param_oids = oids;
    q->run.param_oid_count = of->run.param_oid_count;
    return true;
}

static bool copy_settings(struct tn_query *q, const struct tn_query *of)
{
    const struct tn_session_settings *from = of->run.settings;
    struct tn_session_settings       *settings;
    struct tn_session_setting        *items;

    if (from == NULL)
        return true;
    settings = tn_arena_alloc(&q->arena, sizeof *settings);
    items = tn_arena_alloc(&q->arena, sizeof *items * (from->count + 1));
    if (settings == NULL || items == NULL)
        return false;
    for (size_t i = 0; i < from->count; i++) {
        items[i] = from->items[i];
        if (!copy_str(&q->arena, &items[i].name) || !copy_str(&q->arena, &items[i].value))
            return false;
    }
    *settings = (struct tn_session_settings){.hash = from->hash, .count = from->count, .items = items};
    q->run.settings = settings;
    return true;
}

static size_t size_of_value(const struct tn_value *value)
{
    size_t size = sizeof *value;

    if (!value->is_list)
        return size + (value->untyped || tn_type_is_text(value->type) ? value->as.text.len : 0);
    for (size_t i = 0; i < value->as.list.count; i++)
        size += size_of_value(&value->as.list.items[i]);
    return size;
}

size_t tn_shadow_size(const struct tn_query *of)
{
    const struct tn_session_settings *settings = of->run.settings;
    const struct tn_params           *params = &of->run.params;
    size_t                            size = sizeof *of + of->text.len;

    for (size_t i = 0; i < params->count; i++)
        size += sizeof *params->items + params->items[i].pg_bytes.len + (params->raw_only ? 0 : size_of_value(&params->items[i].value));
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        size += sizeof *settings->items + settings->items[i].name.len + settings->items[i].value.len;
    return size;
}

bool tn_shadow_copy(struct tn_query *q, const struct tn_query *of)
{
    tn_snapshot_unref(q->snapshot); /* the decision is of that one: its groups and clusters */
    q->snapshot = tn_snapshot_ref(of->snapshot);
    q->kind = TN_RUN_EXECUTE;
    q->priority = TN_PRIORITY_LOW;
    q->run.encoder = &discarding;
    q->run.extended = of->run.extended;
    return copy_text(q, of) && copy_client(q, of) && tn_copy_params(&q->arena, of->literals.count > 0 ? &of->literals : &of->run.params, &q->run.params) &&
           copy_oids(q, of) && copy_settings(q, of);
}
