#include "rest/rest_file.h"

void tn_rest_kept_read(const struct tn_rest *rest, const char *id, struct tn_arena *arena, struct tn_rest_kept *out)
{
    const struct tn_json_node *own, *boot, *final;
    struct tn_error            err = TN_ERROR_INIT;
    char                       path[TN_SPOOL_PATH];

    memset(out, 0, sizeof *out);
    tn_buf_init(&out->text, TN_REST_DOCUMENT_MAX);
    if (!tn_spool_path(&rest->spool, id, "json", path, sizeof path) || tn_spool_file_read(path, &out->text) != 0 ||
        tn_json_read(tn_buf_str(&out->text), arena, &out->root, &err) != TN_OK) {
        tn_error_reset(&err);
        return;
    }
    own = tn_json_member(out->root, "turnout");
    boot = tn_json_member(own, "boot");
    final = tn_json_member(own, "final");
    out->user = tn_json_member(own, "user") != NULL ? tn_json_member(own, "user")->text : TN_STR("");
    out->found = boot != NULL && final != NULL;
    out->interrupted = out->found && final->kind != TN_JSON_TRUE && !tn_str_eq_c(boot->text, rest->boot);
}

void tn_rest_kept_reset(struct tn_rest_kept *kept)
{
    tn_buf_reset(&kept->text);
}

static struct tn_str member_text(const struct tn_rest_kept *kept, const char *name)
{
    const struct tn_json_node *node = tn_json_member(kept->root, name);

    return node != NULL && node->kind == TN_JSON_STRING ? node->text : TN_STR("");
}

static void put_interrupted(const struct tn_rest_kept *kept, struct tn_buf *out)
{
    static const struct tn_rest_error error = {.status = TN_E_CANCELLED, .sqlstate = "57P01", .message = {"Turnout ended before the query did", 34}};
    struct tn_json                    json = {.buf = out};

    tn_json_open(&json, NULL, '{');
    tn_json_str(&json, "executionId", member_text(kept, "executionId"));
    tn_json_text(&json, "status", "FAILED");
    tn_json_str(&json, "submittedAt", member_text(kept, "submittedAt"));
    tn_rest_put_error(&json, "error", &error);
    tn_json_close(&json, '}');
}

void tn_rest_kept_document(const struct tn_rest_kept *kept, struct tn_buf *out)
{
    struct tn_str text = tn_buf_str(&kept->text);
    const char   *own = NULL, *at = text.ptr;
    size_t        len = sizeof TN_REST_OWN_MEMBERS - 1;

    if (kept->interrupted) {
        put_interrupted(kept, out);
        return;
    }
    while ((at = memmem(at, text.len - (size_t)(at - text.ptr), TN_REST_OWN_MEMBERS, len)) != NULL)
        own = at++; /* the last one: ours */
    if (own != NULL)
        tn_buf_append(out, text.ptr, (size_t)(own - text.ptr));
    tn_buf_put_u8(out, '}');
}
