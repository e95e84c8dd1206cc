#include "base/alloc.h"
#include "engine/duckdb/duckdb_conn.h"

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "duckDb: no memory for session settings");
}

/* A setting's name goes into the text as it is: only plain words may. */
static bool is_plain(struct tn_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!(name.ptr[i] == '_' || (name.ptr[i] >= 'a' && name.ptr[i] <= 'z') || (name.ptr[i] >= '0' && name.ptr[i] <= '9')))
            return false;
    return name.len > 0;
}

enum meaning { IGNORED, OPTIONAL, REQUIRED };

/* Settings that every engine is told are only taken when DuckDB knows them; those set on DuckDB must work again. */
static enum meaning meaning_of(const struct tn_session_setting *setting)
{
    if (setting->only != TN_CFG_ENGINE_UNSET)
        return setting->only == TN_CFG_ENGINE_DUCKDB && is_plain(setting->name) ? REQUIRED : IGNORED;
    if (tn_str_eq_c(setting->name, "timezone"))
        return REQUIRED;
    return tn_str_eq_c(setting->name, "search_path") ? OPTIONAL : IGNORED;
}

static bool remember(struct tn_duckdb_conn *conn, struct tn_str name)
{
    char *copy;

    for (size_t i = 0; i < conn->setting_count; i++)
        if (tn_str_eq_c(name, conn->settings[i]))
            return true;
    if (conn->setting_count == TN_DUCKDB_SETTINGS || (copy = tn_strndup(name.ptr, name.len)) == NULL)
        return false;
    conn->settings[conn->setting_count++] = copy;
    return true;
}

static enum tn_status set_one(struct tn_duckdb_conn *conn, const struct tn_session_setting *setting, struct tn_error *err)
{
    struct tn_buf  sql;
    struct tn_str  value = setting->value;
    enum tn_status status;

    tn_buf_init(&sql, 65536);
    tn_buf_printf(&sql, "SET SESSION " TN_STR_FMT " = '", TN_STR_ARG(setting->name));
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\'')
            tn_buf_put_u8(&sql, '\'');
        tn_buf_put_u8(&sql, (uint8_t)value.ptr[i]);
    }
    tn_buf_append(&sql, "'", 2); /* with its NUL */
    if (sql.failed || !remember(conn, setting->name))
        status = no_memory(err);
    else
        status = tn_duckdb_run(conn->api, conn->handle, sql.data, err);
    tn_buf_reset(&sql);
    if (status == TN_E_ENGINE && err != NULL && strstr(err->message, "cannot be set locally") != NULL)
        status = TN_OK; /* it holds for the whole database, since it was set */
    return status;
}

static bool wants(const struct tn_session_settings *settings, const char *name)
{
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (tn_str_eq_c(settings->items[i].name, name) && meaning_of(&settings->items[i]) != IGNORED)
            return true;
    return false;
}

static enum tn_status reset_others(struct tn_duckdb_conn *conn, const struct tn_session_settings *settings, struct tn_error *err)
{
    char sql[128];

    for (size_t i = conn->setting_count; i-- > 0;) {
        if (wants(settings, conn->settings[i]))
            continue;
        snprintf(sql, sizeof sql, "RESET SESSION %.100s", conn->settings[i]);
        if (tn_duckdb_run(conn->api, conn->handle, sql, err) != TN_OK && (err == NULL || strstr(err->message, "locally") == NULL))
            return TN_E_ENGINE;
        tn_free(conn->settings[i]);
        conn->settings[i] = conn->settings[--conn->setting_count];
    }
    return TN_OK;
}

enum tn_status tn_duckdb_settings_apply(struct tn_duckdb_conn *conn, const struct tn_session_settings *settings, struct tn_error *err)
{
    uint64_t hash = settings == NULL ? 0 : settings->hash;

    if (hash == conn->settings_hash)
        return TN_OK;
    conn->settings_hash = 0;
    TN_TRY(reset_others(conn, settings, err));
    for (size_t i = 0; settings != NULL && i < settings->count; i++) {
        enum meaning   meaning = meaning_of(&settings->items[i]);
        enum tn_status status = meaning == IGNORED ? TN_OK : set_one(conn, &settings->items[i], err);
        if (status != TN_OK && meaning == REQUIRED)
            return status;
        if (status != TN_OK && err != NULL)
            tn_error_reset(err);
    }
    conn->settings_hash = hash;
    return TN_OK;
}

void tn_duckdb_settings_free(struct tn_duckdb_conn *conn)
{
    for (size_t i = 0; i < conn->setting_count; i++)
        tn_free(conn->settings[i]);
    conn->setting_count = 0;
}
