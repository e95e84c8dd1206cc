/* What is told of a query by its id. */
#include "trino/private.h"

#include "base/json.h"

static void put_tags(struct tn_json *json, struct tn_str tags)
{
    struct tn_str tag;
    size_t        at = 0;

    tn_json_open(json, "clientTags", '[');
    while (tn_trino_list_next(tags, &at, &tag))
        tn_json_str(json, NULL, tag);
    tn_json_close(json, ']');
}

void tn_trino_call_info(struct tn_trino_call *call, const struct tn_trino_info *info)
{
    struct tn_json json = {.buf = &call->body};

    tn_json_open(&json, NULL, '{');
    tn_json_str(&json, "queryId", info->id);
    tn_json_text(&json, "state", tn_trino_state_name(info->state));
    tn_json_str(&json, "self", call->base);
    if (info->sql.ptr != NULL)
        tn_json_str(&json, "query", info->sql);
    tn_json_open(&json, "session", '{');
    tn_json_str(&json, "user", info->user);
    tn_json_str(&json, "source", info->source);
    tn_json_str(&json, "catalog", info->catalog);
    tn_json_str(&json, "schema", info->schema);
    put_tags(&json, info->tags);
    tn_json_close(&json, '}');
    if (info->error != NULL)
        tn_trino_put_failure(&json, info->error);
    tn_json_close(&json, '}');
    call->status = 200;
    tn_trino_call_end(call);
}
