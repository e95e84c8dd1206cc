#include "base/alloc.h"
#include "base/tz_rule.h"
#include "engine/duckdb/duckdb_conn.h"

#include <stdlib.h>

enum { ZONE_MAX = 32 };
static const uint64_t UNKNOWN = UINT64_MAX; /* hash while settings are half applied: matches no session's */

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


/* Settings that every engine is told are only taken when DuckDB knows them; those set on DuckDB must work again. */
static bool is_meant(const struct tn_session_setting *setting)
{
    if (setting->only != TN_CFG_ENGINE_UNSET)
        return setting->only == TN_CFG_ENGINE_DUCKDB && is_plain(setting->name);
    return tn_str_eq_c(setting->name, "timezone") || tn_str_eq_c(setting->name, "search_path");
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

/* DuckDB knows zones by name alone, and Etc has none but those of whole hours: places that had no other time since 1945. */
static const char *place_of(int32_t east_s)
{
    enum { MINUTE = 60, HOUR = 60 * MINUTE };
    static const struct {
        int32_t     east_s;
        const char *name;
    } places[] = {{4 * HOUR + 30 * MINUTE, "Asia/Kabul"}, {5 * HOUR + 30 * MINUTE, "Asia/Kolkata"}, {6 * HOUR + 30 * MINUTE, "Asia/Yangon"},
                  {9 * HOUR + 30 * MINUTE, "Australia/Darwin"}, {-9 * HOUR - 30 * MINUTE, "Pacific/Marquesas"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(places); i++)
        if (east_s == places[i].east_s)
            return places[i].name;
    return NULL;
}

static enum tn_status no_zone(struct tn_str value, const struct tn_tz_rule *rule, struct tn_error *err)
{
    int minutes = abs(rule->std_s) / 60;

    if (rule->has_dst)
        tn_fail(err, TN_E_INVALID, "22023", "DuckDB has no time zone `" TN_STR_FMT "`", TN_STR_ARG(value));
    else
        tn_fail(err, TN_E_INVALID, "22023", "DuckDB has no time zone of %c%02d:%02d", rule->std_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
    tn_error_hint(err, "Name the place (Asia/Tehran), or an offset of whole hours, +04:30, +05:30, +06:30, +09:30 or -09:30.");
    tn_error_blame(err, TN_FAULT_UNSUPPORTED, false);
    return TN_E_INVALID;
}

/* VALUE of TimeZone as DuckDB names it: <+02>-02 and UTC-2, both two hours east, are Etc/GMT-2 there. (DuckDB would take UTC-2 for two
 * hours west.) ZONE: room for it. */
static enum tn_status zone_of(struct tn_str value, char zone[ZONE_MAX], struct tn_str *out, struct tn_error *err)
{
    enum { HOUR = 3600, EAST_MOST = 14, WEST_MOST = -12 };
    struct tn_tz_rule rule;
    const char       *place;
    int               hours;

    *out = value;
    if (!tn_tz_rule_parse(value, &rule))
        return TN_OK;
    place = place_of(rule.std_s);
    hours = rule.std_s / HOUR;
    if (rule.has_dst || (place == NULL && (rule.std_s % HOUR != 0 || hours > EAST_MOST || hours < WEST_MOST)))
        return no_zone(value, &rule, err);
    if (place == NULL && hours == 0)
        place = "UTC";
    if (place == NULL)
        snprintf(zone, ZONE_MAX, "Etc/GMT%+d", -hours);
    *out = tn_str(place != NULL ? place : zone);
    return TN_OK;
}

/* SET SESSION name = 'value' */
static enum tn_status set_value(struct tn_duckdb_conn *conn, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    struct tn_buf  sql;
    enum tn_status status;

    tn_buf_init(&sql, 65536);
    tn_buf_printf(&sql, "SET SESSION " TN_STR_FMT " = ", TN_STR_ARG(name));
    tn_buf_put_quoted(&sql, value, '\'');
    tn_buf_put_u8(&sql, '\0');
    status = sql.failed ? no_memory(err) : tn_duckdb_run(conn->api, conn->handle, sql.data, err);
    tn_buf_reset(&sql);
    return status;
}

/* The next schema of a search path, as written but trimmed; false at the end. */
static bool next_schema(struct tn_str path, size_t *at, struct tn_str *out)
{
    size_t start = *at;
    bool   quoted = false;

    if (start >= path.len)
        return false;
    while (*at < path.len && (quoted || path.ptr[*at] != ','))
        quoted ^= path.ptr[(*at)++] == '"';
    *out = tn_str_trim(tn_str_n(path.ptr + start, *at - start));
    (*at)++;
    return true;
}

static bool exists(struct tn_duckdb_conn *conn, struct tn_str schema)
{
    struct tn_error why = TN_ERROR_INIT;
    bool            is = set_value(conn, TN_STR("search_path"), schema, &why) == TN_OK;

    tn_error_reset(&why);
    return is;
}

static bool is_in(struct tn_duckdb_conn *conn, struct tn_str catalog, struct tn_str schema, struct tn_buf *full)
{
    tn_buf_clear(full);
    tn_buf_put_quoted(full, catalog, '"');
    tn_buf_put_u8(full, '.');
    tn_buf_put_str(full, schema);
    return !full->failed && exists(conn, tn_buf_str(full));
}

/* "catalog".schema where there is such a one; of a database without it its main schema, so that names are looked for there and
 * nowhere else; of no database the schema, else nothing. */
static void put_schema(struct tn_duckdb_conn *conn, struct tn_str catalog, struct tn_str schema, struct tn_buf *out)
{
    struct tn_buf full;
    bool          found;

    tn_buf_init(&full, 65536);
    found = catalog.len > 0 && (is_in(conn, catalog, schema, &full) || is_in(conn, catalog, TN_STR("main"), &full));
    if (found || exists(conn, schema)) {
        if (out->len > 0)
            tn_buf_put_u8(out, ',');
        tn_buf_put_str(out, found ? tn_buf_str(&full) : schema);
    }
    tn_buf_reset(&full);
}

static enum tn_status reset_search_path(struct tn_duckdb_conn *conn, struct tn_error *err)
{
    return tn_duckdb_run(conn->api, conn->handle, "RESET SESSION search_path", err);
}

/* PostgreSQL ignores schemas that do not exist, DuckDB refuses them: those that are not there are left out. CATALOG: of a client
 * that names one beside its schema. Schemas of none are the database's own, not those of the catalog that was last. */
static enum tn_status set_search_path(struct tn_duckdb_conn *conn, struct tn_str catalog, struct tn_str path, struct tn_error *err)
{
    struct tn_buf  good;
    struct tn_str  schema;
    enum tn_status status = TN_OK;

    if (catalog.len == 0)
        TN_TRY(reset_search_path(conn, err));
    tn_buf_init(&good, 65536);
    for (size_t at = 0; next_schema(path, &at, &schema);)
        put_schema(conn, catalog, schema, &good);
    if (good.failed)
        status = no_memory(err);
    else if (good.len > 0)
        status = set_value(conn, TN_STR("search_path"), tn_buf_str(&good), err);
    else
        status = reset_search_path(conn, err);
    tn_buf_reset(&good);
    return status;
}

/* A client of Trino's names a catalog with its schema; it is told to Trino as itself and here as part of the path. */
static struct tn_str catalog_of(const struct tn_session_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        if (tn_str_eq_c(settings->items[i].name, "x-trino-catalog"))
            return settings->items[i].value;
    return TN_STR("");
}

static enum tn_status set_one(struct tn_duckdb_conn *conn, const struct tn_session_settings *settings,
                              const struct tn_session_setting *setting, struct tn_error *err)
{
    struct tn_str  value = setting->value;
    enum tn_status status;
    char           zone[ZONE_MAX];

    if (!remember(conn, setting->name))
        return no_memory(err);
    if (tn_str_eq_c(setting->name, "timezone"))
        TN_TRY(zone_of(setting->value, zone, &value, err));
    if (setting->only == TN_CFG_ENGINE_UNSET && tn_str_eq_c(setting->name, "search_path"))
        return set_search_path(conn, catalog_of(settings), setting->value, err);
    status = set_value(conn, setting->name, value, err);
    if (status == TN_E_ENGINE && err != NULL && strstr(err->message, "cannot be set locally") != NULL)
        status = TN_OK; /* it holds for the whole database, since it was set */
    return status;
}

static bool wants(const struct tn_session_settings *settings, const char *name)
{
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (tn_str_eq_c(settings->items[i].name, name) && is_meant(&settings->items[i]))
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

static enum tn_status set_catalog(struct tn_duckdb_conn *conn, const struct tn_session_settings *settings, struct tn_error *err)
{
    return remember(conn, TN_STR("search_path")) ? set_search_path(conn, catalog_of(settings), TN_STR("main"), err) : no_memory(err);
}

enum tn_status tn_duckdb_settings_apply(struct tn_duckdb_conn *conn, const struct tn_session_settings *settings, struct tn_error *err)
{
    uint64_t hash = settings == NULL ? 0 : settings->hash;

    if (hash == conn->settings_hash)
        return TN_OK;
    conn->settings_hash = UNKNOWN;
    TN_TRY(reset_others(conn, settings, err));
    for (size_t i = 0; settings != NULL && i < settings->count; i++)
        if (is_meant(&settings->items[i]))
            TN_TRY(set_one(conn, settings, &settings->items[i], err));
    if (settings != NULL && catalog_of(settings).len > 0 && !wants(settings, "search_path"))
        TN_TRY(set_catalog(conn, settings, err));
    conn->settings_hash = hash;
    return TN_OK;
}

void tn_duckdb_settings_free(struct tn_duckdb_conn *conn)
{
    for (size_t i = 0; i < conn->setting_count; i++)
        tn_free(conn->settings[i]);
    conn->setting_count = 0;
}
