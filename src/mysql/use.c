/* USE: a name for the routers; and where the statements go to a server of MySQL's kind, the database that they run in there. */
#include "mysql/member.h"
#include "mysql/private.h"

static bool is_group(const struct tn_my_session *s, struct tn_str name)
{
    const struct tn_config *config = s->runtime->snapshot->config;

    for (size_t i = 0; i < config->group_count; i++)
        if (tn_str_eq(config->groups[i].name, name))
            return true;
    return false;
}

/* The server has it. */
static void on_known(struct tn_my_session *s, const struct tn_schema *schema)
{
    (void)schema;
    if (s->columns_told)
        return;
    s->columns_told = true;
    if (!tn_my_use(s, s->show_name))
        return;
    s->database_must_be = true;
    s->row_count = 0;
    tn_my_ok(s, 0, 0);
}

static void ask_server(struct tn_my_session *s, struct tn_settings_list *settings)
{
    struct tn_my_run run = {.kind = TN_RUN_DESCRIBE, .sql = TN_STR("SELECT 1"), .settings = settings, .database = s->show_name, .apart = true};

    s->on_schema = on_known;
    tn_my_run(s, &run);
}

void tn_my_use_database(struct tn_my_session *s, struct tn_str name)
{
    struct tn_cluster       *member = NULL;
    struct tn_settings_list *settings = NULL;
    struct tn_error          err = TN_ERROR_INIT;

    if (!is_group(s, name) && tn_my_member_find(s, TN_STR("SELECT 1"), &member, &settings, &err) != TN_OK) {
        tn_my_error(s, &err);
        tn_error_reset(&err);
        tn_my_statement_done(s, true);
    } else if (tn_my_member_is_mysqls(member) && name.len > 0 && tn_utf8_valid_prefix(name.ptr, name.len) == name.len && tn_arena_str(&s->arena, name, &s->show_name)) {
        ask_server(s, settings);
    } else {
        bool ok = tn_my_use(s, name);

        s->database_must_be = s->database_must_be && !ok;
        s->row_count = 0;
        if (ok)
            tn_my_ok(s, 0, 0);
        tn_my_statement_done(s, !ok);
    }
    tn_settings_list_unref(settings);
}
