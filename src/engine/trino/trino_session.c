#include "engine/trino/trino_session.h"

#include "base/alloc.h"

static size_t size_of(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static void free_items(struct tn_trino_session *session, enum tn_trino_item_kind kind)
{
    for (size_t i = 0; i < session->kinds[kind].count; i++) {
        tn_free(session->kinds[kind].items[i].name);
        tn_free(session->kinds[kind].items[i].value);
    }
    tn_free(session->kinds[kind].items);
}

void tn_trino_session_reset(struct tn_trino_session *session)
{
    for (int kind = 0; kind < TN_TRINO_ITEM_KINDS; kind++)
        free_items(session, (enum tn_trino_item_kind)kind);
    tn_free(session->catalog);
    tn_free(session->schema);
    tn_free(session->path);
    tn_free(session->user);
    tn_free(session->transaction);
    *session = (struct tn_trino_session){.bytes = 0};
}

/* VALUE empty = none. */
static void set(struct tn_trino_session *session, char **place, struct tn_str value)
{
    char *copy = NULL;

    if (value.len > 0) {
        copy = session->bytes + value.len > TN_TRINO_SESSION_BYTES ? NULL : tn_strndup(value.ptr, value.len);
        if (copy == NULL) {
            session->failed = true;
            return;
        }
    }
    session->bytes += value.len;
    session->bytes -= size_of(*place);
    tn_free(*place);
    *place = copy;
}

static struct tn_trino_item *find(struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_str name)
{
    for (size_t i = 0; i < session->kinds[kind].count; i++)
        if (tn_str_eq_c(name, session->kinds[kind].items[i].name))
            return &session->kinds[kind].items[i];
    return NULL;
}

static struct tn_trino_item *add(struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_str name)
{
    struct tn_trino_item *items = session->kinds[kind].items, *item;

    if (items == NULL)
        items = session->kinds[kind].items = tn_calloc(TN_TRINO_SESSION_ITEMS, sizeof *items);
    if (items == NULL || session->kinds[kind].count == TN_TRINO_SESSION_ITEMS || name.len == 0)
        return NULL;
    item = &items[session->kinds[kind].count];
    *item = (struct tn_trino_item){.name = NULL};
    set(session, &item->name, name);
    if (item->name == NULL)
        return NULL;
    session->kinds[kind].count++;
    return item;
}

static void set_item(struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_str name, struct tn_str value)
{
    struct tn_trino_item *item = find(session, kind, name);

    if (item == NULL)
        item = add(session, kind, name);
    if (item == NULL)
        session->failed = true;
    else
        set(session, &item->value, value);
}

static void drop_item(struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_str name)
{
    struct tn_trino_item *item = find(session, kind, name);

    if (item == NULL)
        return;
    session->bytes -= size_of(item->name) + size_of(item->value);
    tn_free(item->name);
    tn_free(item->value);
    *item = session->kinds[kind].items[--session->kinds[kind].count];
}

bool tn_trino_session_copy(struct tn_trino_session *to, const struct tn_trino_session *from)
{
    tn_trino_session_reset(to);
    set(to, &to->catalog, tn_str(from->catalog));
    set(to, &to->schema, tn_str(from->schema));
    set(to, &to->path, tn_str(from->path));
    set(to, &to->user, tn_str(from->user));
    for (int kind = 0; kind < TN_TRINO_ITEM_KINDS; kind++)
        for (size_t i = 0; i < from->kinds[kind].count; i++)
            set_item(to, (enum tn_trino_item_kind)kind, tn_str(from->kinds[kind].items[i].name), tn_str(from->kinds[kind].items[i].value));
    if (!to->failed)
        return true;
    tn_trino_session_reset(to);
    return false;
}

void tn_trino_session_place(struct tn_trino_session *session, struct tn_str catalog, struct tn_str schema)
{
    set(session, &session->catalog, catalog);
    set(session, &session->schema, schema);
}

static bool is_named(struct tn_str name, const char *what)
{
    return tn_str_ieq_c(name, what);
}

/* name=value */
static void header_item(struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_str text)
{
    const char *equals = text.len == 0 ? NULL : memchr(text.ptr, '=', text.len);

    if (equals != NULL)
        set_item(session, kind, tn_str_trim(tn_str_n(text.ptr, (size_t)(equals - text.ptr))),
                 tn_str_trim(tn_str_n(equals + 1, text.len - (size_t)(equals + 1 - text.ptr))));
}

void tn_trino_session_header(struct tn_trino_session *session, struct tn_str name, struct tn_str value)
{
    static const char prefix[] = "x-trino-";
    size_t            len = sizeof prefix - 1;
    bool              known = true;

    if (name.len <= len || !tn_str_ieq_c(tn_str_n(name.ptr, len), prefix))
        return;
    name = tn_str_n(name.ptr + len, name.len - len);
    if (is_named(name, "set-catalog"))
        set(session, &session->catalog, value);
    else if (is_named(name, "set-schema"))
        set(session, &session->schema, value);
    else if (is_named(name, "set-path"))
        set(session, &session->path, value);
    else if (is_named(name, "set-session"))
        header_item(session, TN_TRINO_ITEM_PROPERTY, value);
    else if (is_named(name, "clear-session"))
        drop_item(session, TN_TRINO_ITEM_PROPERTY, value);
    else if (is_named(name, "added-prepare"))
        header_item(session, TN_TRINO_ITEM_PREPARED, value);
    else if (is_named(name, "deallocated-prepare"))
        drop_item(session, TN_TRINO_ITEM_PREPARED, value);
    else if (is_named(name, "set-role"))
        header_item(session, TN_TRINO_ITEM_ROLE, value);
    else if (is_named(name, "set-authorization-user"))
        set(session, &session->user, value);
    else if (is_named(name, "reset-authorization-user"))
        set(session, &session->user, tn_str(NULL));
    else if (is_named(name, "started-transaction-id"))
        set(session, &session->transaction, value);
    else if (is_named(name, "clear-transaction-id"))
        set(session, &session->transaction, tn_str(NULL));
    else
        known = false;
    session->changed = session->changed || known;
}

void tn_trino_session_list(const struct tn_trino_session *session, enum tn_trino_item_kind kind, struct tn_buf *out)
{
    for (size_t i = 0; i < session->kinds[kind].count; i++) {
        const struct tn_trino_item *item = &session->kinds[kind].items[i];

        tn_buf_printf(out, "%s%s=%s", out->len > 0 ? "," : "", item->name, item->value == NULL ? "" : item->value);
    }
}

bool tn_trino_session_put(const struct tn_trino_session *session, tn_trino_put_header *put, void *arg)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {"X-Trino-Catalog", session->catalog},
        {"X-Trino-Schema", session->catalog == NULL ? NULL : session->schema}, /* one without the other is refused */
        {"X-Trino-Path", session->path},
        {"X-Trino-Transaction-Id", session->transaction == NULL ? "NONE" : session->transaction},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(texts); i++)
        if (texts[i].value != NULL && !put(arg, texts[i].name, tn_str(texts[i].value)))
            return false;
    return true;
}

void tn_trino_item_put(struct tn_buf *out, struct tn_str name, struct tn_str plain)
{
    if (out->len > 0)
        tn_buf_put_u8(out, ',');
    tn_buf_put_str(out, name);
    tn_buf_put_u8(out, '=');
    for (size_t i = 0; i < plain.len; i++) {
        unsigned char c = (unsigned char)plain.ptr[i];

        if ((c >= '0' && c <= '9') || (tn_ascii_lower((char)c) >= 'a' && tn_ascii_lower((char)c) <= 'z') || c == '-' || c == '_' || c == '.')
            tn_buf_put_u8(out, c);
        else
            tn_buf_printf(out, "%%%02X", c);
    }
}
