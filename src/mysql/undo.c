#include "mysql/undo.h"

#include "base/alloc.h"
#include "mysql/private.h"

struct tn_my_undone {
    struct tn_my_undone *next;
    struct tn_map       *map;
    char                *name, *value; /* value NULL: there was none */
};

static void take_out(struct tn_my_session *s, struct tn_map *map, struct tn_str name, char **value)
{
    *value = tn_map_remove(map, name);
    if (*value != NULL)
        s->variable_bytes -= TN_MIN(s->variable_bytes, strlen(*value) + name.len);
}

static void free_undone(struct tn_my_undone *undone)
{
    tn_free(undone->name);
    tn_free(undone->value);
    tn_free(undone);
}

bool tn_my_undo_take(struct tn_my_session *s, struct tn_map *map, struct tn_str name)
{
    struct tn_my_undone *undone;
    char                *value;

    if (s->undo.settings == NULL) {
        take_out(s, map, name, &value);
        tn_free(value);
        return true;
    }
    undone = tn_calloc(1, sizeof *undone);
    if (undone == NULL || (undone->name = tn_strndup(name.ptr, name.len)) == NULL) {
        tn_free(undone);
        return false;
    }
    undone->map = map;
    take_out(s, map, name, &undone->value);
    undone->next = s->undo.values;
    s->undo.values = undone;
    return true;
}

static void put_back(struct tn_my_session *s, struct tn_my_undone *undone)
{
    struct tn_str name = tn_str(undone->name);
    char         *now;

    take_out(s, undone->map, name, &now);
    tn_free(now);
    if (undone->value == NULL || !tn_map_put(undone->map, name, undone->value, NULL))
        return;
    s->variable_bytes += strlen(undone->value) + name.len;
    undone->value = NULL;
}

static void go_back(struct tn_my_session *s)
{
    const struct tn_my_undo *undo = &s->undo;

    tn_settings_list_unref(s->settings);
    s->settings = tn_settings_list_ref(undo->settings);
    s->mode = undo->mode;
    s->charset = undo->charset;
    s->client_charset = undo->client_charset;
    s->results_charset = undo->results_charset;
    s->autocommit = undo->autocommit;
    s->read_only = undo->read_only;
    s->once_read_only = undo->once_read_only;
    memcpy(s->isolation, undo->isolation, sizeof s->isolation);
    memcpy(s->once_isolation, undo->once_isolation, sizeof s->once_isolation);
    for (struct tn_my_undone *undone = undo->values; undone != NULL; undone = undone->next)
        put_back(s, undone);
}

void tn_my_undo_begin(struct tn_my_session *s)
{
    _Static_assert(sizeof s->undo.isolation == sizeof s->isolation, "isolation is copied whole");
    tn_my_undo_end(s, false);
    s->undo = (struct tn_my_undo){
        .settings = tn_settings_list_ref(s->settings), .mode = s->mode, .charset = s->charset, .client_charset = s->client_charset,
        .results_charset = s->results_charset,
        .autocommit = s->autocommit, .read_only = s->read_only, .once_read_only = s->once_read_only,
    };
    memcpy(s->undo.isolation, s->isolation, sizeof s->isolation);
    memcpy(s->undo.once_isolation, s->once_isolation, sizeof s->once_isolation);
}

void tn_my_undo_end(struct tn_my_session *s, bool failed)
{
    if (s->undo.settings == NULL)
        return;
    if (failed)
        go_back(s);
    while (s->undo.values != NULL) {
        struct tn_my_undone *undone = s->undo.values;

        s->undo.values = undone->next;
        free_undone(undone);
    }
    tn_settings_list_unref(s->undo.settings);
    s->undo.settings = NULL;
}
