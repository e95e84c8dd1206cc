#include "session/settings.h"

#include "admission/admission.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/tz.h"
#include "policies/strategy/strategy.h"
#include "translate/dialect.h"

enum { REPORT = 1, READONLY = 2, REPLAY = 4, TURNOUT = 8 };
enum { VALUE_MAX = 64 * 1024, LIST_MAX = 256, LIST_BYTES = 256 * 1024 };

enum kind {
    KIND_TEXT, KIND_BOOL, KIND_ON, KIND_ENCODING, KIND_DATE_STYLE, KIND_INTERVAL, KIND_TIME_ZONE, KIND_FLOAT_DIGITS, KIND_BYTEA,
    KIND_TIMEOUT, KIND_ISOLATION, KIND_GROUP, KIND_CLUSTER, KIND_TAGS, KIND_STRATEGY, KIND_PRIORITY,
    KIND_DIALECT
};

static const struct row {
    const char *name;
    enum kind   kind;
    const char *dflt;
    unsigned    flags;
} rows[] = {
#define SETTING(name, kind, dflt, flags) {name, KIND_##kind, dflt, flags},
#include "session/settings.def"
#undef SETTING
};

int tn_setting_find(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++)
        if (tn_str_ieq_c(name, rows[i].name))
            return (int)i;
    return -1;
}

bool tn_setting_reported(int row)
{
    return row >= 0 && (rows[row].flags & REPORT) != 0;
}

struct tn_str tn_setting_name(int row)
{
    return tn_str(rows[row].name);
}

struct tn_str tn_setting_default(int row)
{
    return tn_str(rows[row].dflt);
}

size_t tn_setting_rows(void)
{
    return TN_ARRAY_LEN(rows);
}

struct tn_settings_list *tn_settings_list_new(void)
{
    struct tn_settings_list *list = tn_calloc(1, sizeof *list);

    if (list == NULL)
        return NULL;
    list->refs = 1;
    tn_arena_init(&list->arena, 0);
    list->style = (struct tn_pg_style)TN_PG_STYLE_INIT;
    list->application = TN_STR("");
    return list;
}

struct tn_settings_list *tn_settings_list_ref(struct tn_settings_list *list)
{
    list->refs++;
    return list;
}

void tn_settings_list_unref(struct tn_settings_list *list)
{
    if (list == NULL || --list->refs > 0)
        return;
    tn_tz_free(list->tz);
    tn_arena_reset(&list->arena);
    tn_free(list);
}

static struct tn_setting_value *find_value(const struct tn_settings_list *list, struct tn_str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (tn_str_ieq(list->values[i].name, name))
            return &list->values[i];
    return NULL;
}

struct tn_str tn_settings_get(const struct tn_settings_list *list, struct tn_str name)
{
    const struct tn_setting_value *value = find_value(list, name);
    int                            row = value == NULL ? tn_setting_find(name) : value->row;

    if (value != NULL)
        return value->value;
    return row < 0 ? tn_str_n(NULL, 0) : tn_str(rows[row].dflt);
}

struct tn_str tn_settings_get_own(const struct tn_settings_list *list, struct tn_str name)
{
    const struct tn_setting_value *value = find_value(list, name);

    return value != NULL ? value->value : tn_str_n(NULL, 0);
}

/* ---- checks: each may replace *VALUE by its canonical form (static or in ARENA) ---- */

static enum tn_status bad_value(struct tn_error *err, const char *name, struct tn_str value, const char *expected)
{
    tn_fail(err, TN_E_INVALID, "22023", "invalid value for parameter \"%s\": \"%.*s\"", name, (int)TN_MIN(value.len, 200),
            value.ptr);
    tn_error_hint(err, "Available values: %s.", expected);
    return TN_E_INVALID;
}

static enum tn_status check_bool(const char *name, struct tn_str *value, struct tn_error *err)
{
    static const char *const yes[] = {"on", "true", "yes", "1", "t", "y"};
    static const char *const no[] = {"off", "false", "no", "0", "f", "n"};

    for (size_t i = 0; i < TN_ARRAY_LEN(yes); i++) {
        if (tn_str_ieq_c(*value, yes[i])) {
            *value = TN_STR("on");
            return TN_OK;
        }
        if (tn_str_ieq_c(*value, no[i])) {
            *value = TN_STR("off");
            return TN_OK;
        }
    }
    tn_fail(err, TN_E_INVALID, "22023", "parameter \"%s\" requires a Boolean value", name);
    return TN_E_INVALID;
}

static enum tn_status check_encoding(struct tn_str *value, struct tn_error *err)
{
    static const char *const known[] = {"utf8", "utf-8", "unicode", "'utf-8'", "'utf8'"};

    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (tn_str_ieq_c(*value, known[i])) {
            *value = TN_STR("UTF8");
            return TN_OK;
        }
    tn_fail(err, TN_E_INVALID, "22023", "invalid value for parameter \"client_encoding\": \"%.*s\"",
            (int)TN_MIN(value->len, 200), value->ptr);
    tn_error_hint(err, "Turnout speaks UTF8 only.");
    return TN_E_INVALID;
}

/* "ISO", "ISO, DMY", "dmy" ...: the style must stay ISO, the order of fields is kept for input. */
static enum tn_status check_date_style(struct tn_str *value, struct tn_error *err)
{
    static const struct {
        const char *word, *canonical;
    } orders[] = {{"mdy", "ISO, MDY"}, {"us", "ISO, MDY"}, {"noneuropean", "ISO, MDY"}, {"dmy", "ISO, DMY"}, {"european", "ISO, DMY"},
                  {"euro", "ISO, DMY"}, {"ymd", "ISO, YMD"}};
    struct tn_str rest = *value;
    const char   *order = "ISO, MDY";

    while (rest.len > 0) {
        const char   *comma = memchr(rest.ptr, ',', rest.len);
        size_t        len = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);
        struct tn_str word = tn_str_trim(tn_str_n(rest.ptr, len));
        bool          known = tn_str_ieq_c(word, "iso") || tn_str_ieq_c(word, "default");

        for (size_t i = 0; i < TN_ARRAY_LEN(orders); i++)
            if (tn_str_ieq_c(word, orders[i].word)) {
                order = orders[i].canonical;
                known = true;
            }
        if (!known)
            return bad_value(err, "DateStyle", *value, "ISO with MDY, DMY or YMD (Turnout writes dates in ISO form only)");
        rest = comma == NULL ? tn_str_n("", 0) : tn_str_n(comma + 1, rest.len - len - 1);
    }
    *value = tn_str(order);
    return TN_OK;
}

static const struct {
    const char               *name;
    enum tn_pg_interval_style style;
} interval_styles[] = {{"postgres", TN_PG_INTERVAL_POSTGRES}, {"postgres_verbose", TN_PG_INTERVAL_POSTGRES_VERBOSE},
                       {"sql_standard", TN_PG_INTERVAL_SQL_STANDARD}, {"iso_8601", TN_PG_INTERVAL_ISO_8601}};

static enum tn_status check_interval(struct tn_str *value, struct tn_error *err)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(interval_styles); i++)
        if (tn_str_ieq_c(*value, interval_styles[i].name)) {
            *value = tn_str(interval_styles[i].name);
            return TN_OK;
        }
    return bad_value(err, "IntervalStyle", *value, "postgres, postgres_verbose, sql_standard, iso_8601");
}

static enum tn_status check_isolation(const char *name, struct tn_str value, struct tn_error *err)
{
    if (tn_str_ieq_c(value, "read committed") || tn_str_ieq_c(value, "serializable") ||
        tn_str_ieq_c(value, "repeatable read") || tn_str_ieq_c(value, "read uncommitted"))
        return TN_OK;
    return bad_value(err, name, value, "serializable, repeatable read, read committed, read uncommitted");
}

/* PostgreSQL's unit of a bare number is a millisecond. */
static bool parse_timeout(struct tn_str value, uint64_t *us)
{
    uint64_t ms;

    value = tn_str_trim(value);
    if (tn_str_to_u64(value, INT32_MAX, &ms)) {
        *us = ms * 1000;
        return true;
    }
    if (value.len > 3 && tn_str_ieq_c(tn_str_n(value.ptr + value.len - 3, 3), "min") &&
        tn_str_to_u64(tn_str_trim(tn_str_n(value.ptr, value.len - 3)), INT32_MAX / 60000, &ms)) {
        *us = ms * 60000000;
        return true;
    }
    return tn_parse_duration(value, us);
}

static enum tn_status check_float_digits(struct tn_str value, struct tn_error *err)
{
    int64_t digits;

    if (tn_str_to_i64(value, -15, 3, &digits))
        return TN_OK;
    return bad_value(err, "extra_float_digits", value, "-15 to 3");
}

static enum tn_status check_group(struct tn_str value, const struct tn_snapshot *snapshot, struct tn_error *err)
{
    if (value.len == 0 || snapshot == NULL || tn_config_find_group(snapshot->config, value) >= 0)
        return TN_OK;
    return tn_fail(err, TN_E_NOT_FOUND, "42704", "there is no cluster group \"%.*s\"", (int)TN_MIN(value.len, 200), value.ptr);
}

static enum tn_status check_cluster(struct tn_str value, const struct tn_snapshot *snapshot, struct tn_error *err)
{
    if (value.len == 0 || snapshot == NULL || tn_config_find_cluster(snapshot->config, value) >= 0)
        return TN_OK;
    return tn_fail(err, TN_E_NOT_FOUND, "42704", "there is no cluster \"%.*s\"", (int)TN_MIN(value.len, 200), value.ptr);
}

static enum tn_status check_strategy(struct tn_str value, struct tn_error *err)
{
    if (value.len == 0 || tn_strategy_find(value) != NULL)
        return TN_OK;
    return bad_value(err, "turnout.strategy", value, tn_strategy_names());
}

/* "engine": statements are the engine's own, whatever it is. */
static enum tn_status check_dialect(struct tn_str value, struct tn_error *err)
{
    enum tn_dialect dialect;

    if (value.len == 0 || tn_str_ieq_c(value, "engine") || tn_dialect_parse(value, &dialect))
        return TN_OK;
    return bad_value(err, "turnout.dialect", value, "engine, postgres, duckdb, sqlite, mysql, trino, clickhouse, bigquery, snowflake, spark");
}

static enum tn_status check(const struct row *row, struct tn_str *value, const struct tn_snapshot *snapshot,
                            struct tn_arena *arena, struct tn_error *err)
{
    enum tn_priority priority;
    struct tn_tag   *tags;
    size_t           count;
    uint64_t         us;

    switch (row->kind) {
    case KIND_TEXT:         return TN_OK;
    case KIND_BOOL:         return check_bool(row->name, value, err);
    case KIND_ON:
        TN_TRY(check_bool(row->name, value, err));
        return tn_str_eq_c(*value, "on") ? TN_OK
               : tn_fail(err, TN_E_UNSUPPORTED, "0A000", "parameter \"%s\" is always on here", row->name);
    case KIND_ENCODING:     return check_encoding(value, err);
    case KIND_DATE_STYLE:   return check_date_style(value, err);
    case KIND_INTERVAL:     return check_interval(value, err);
    case KIND_ISOLATION:    return check_isolation(row->name, *value, err);
    case KIND_FLOAT_DIGITS: return check_float_digits(*value, err);
    case KIND_BYTEA:
        return tn_str_ieq_c(*value, "hex") || tn_str_ieq_c(*value, "escape") ? TN_OK
               : bad_value(err, row->name, *value, "hex, escape");
    case KIND_TIMEOUT:
        return parse_timeout(*value, &us) ? TN_OK : bad_value(err, row->name, *value, "milliseconds, or a number with ms, s, min, h, d");
    case KIND_GROUP:        return check_group(*value, snapshot, err);
    case KIND_CLUSTER:      return check_cluster(*value, snapshot, err);
    case KIND_TAGS:         return tn_tags_parse(*value, arena, &count, &tags, err);
    case KIND_STRATEGY:     return check_strategy(*value, err);
    case KIND_DIALECT:      return check_dialect(*value, err);
    case KIND_PRIORITY:
        return tn_priority_parse(*value, &priority) ? TN_OK : bad_value(err, row->name, *value, "high, normal, low");
    case KIND_TIME_ZONE:    return TN_OK; /* derive() loads it and knows its canonical name */
    }
    return TN_OK;
}

/* ---- a new list from its values ---- */

static enum tn_status derive_zone(struct tn_settings_list *list, struct tn_setting_value *value, struct tn_error *err)
{
    TN_TRY(tn_tz_load(&list->tz, value->value, err));
    list->style.tz = list->tz;
    return tn_arena_str(&list->arena, tn_str(tn_tz_name(list->tz)), &value->value) ? TN_OK : TN_E_NOMEM;
}

static enum tn_status derive_value(struct tn_settings_list *list, struct tn_setting_value *value, struct tn_error *err)
{
    int64_t digits;

    switch (rows[value->row].kind) {
    case KIND_TIME_ZONE: return derive_zone(list, value, err);
    case KIND_TEXT:
        if (tn_str_eq_c(value->name, "application_name"))
            list->application = value->value;
        break;
    case KIND_BOOL:
        if (tn_str_eq_c(value->name, "default_transaction_read_only"))
            list->read_only = tn_str_eq_c(value->value, "on");
        break;
    case KIND_BYTEA:     list->style.bytea_escape = tn_str_ieq_c(value->value, "escape"); break;
    case KIND_FLOAT_DIGITS:
        if (tn_str_to_i64(value->value, -15, 3, &digits))
            list->style.extra_float_digits = (int)digits;
        break;
    case KIND_INTERVAL:
        for (size_t i = 0; i < TN_ARRAY_LEN(interval_styles); i++)
            if (tn_str_eq_c(value->value, interval_styles[i].name))
                list->style.interval = interval_styles[i].style;
        break;
    case KIND_TIMEOUT:
        if (tn_str_eq_c(value->name, "statement_timeout"))
            parse_timeout(value->value, &list->statement_timeout_us);
        else if (tn_str_eq_c(value->name, "idle_in_transaction_session_timeout"))
            parse_timeout(value->value, &list->idle_in_transaction_us);
        break;
    case KIND_GROUP:    list->group = value->value; break;
    case KIND_CLUSTER:  list->cluster = value->value; break;
    case KIND_STRATEGY: list->strategy = value->value; break;
    case KIND_DIALECT:  list->dialect = value->value; break;
    case KIND_PRIORITY: list->priority = value->value; break;
    case KIND_TAGS:     return tn_tags_parse(value->value, &list->arena, &list->tag_count, &list->tags, err);
    default: break;
    }
    return TN_OK;
}

static bool lower_name(struct tn_arena *arena, struct tn_str name, struct tn_str *out)
{
    char *lower = tn_arena_strdup(arena, name);

    for (size_t i = 0; lower != NULL && i < name.len; i++)
        lower[i] = tn_ascii_lower(lower[i]);
    *out = tn_str_n(lower, name.len);
    return lower != NULL;
}

static enum tn_status derive_replay(struct tn_settings_list *list)
{
    struct tn_session_setting *items = tn_arena_alloc(&list->arena, sizeof *items * (list->count + 1));
    uint64_t                   hash = 0;
    size_t                     count = 0;

    if (items == NULL)
        return TN_E_NOMEM;
    for (size_t i = 0; i < list->count; i++) {
        const struct tn_setting_value *value = &list->values[i];

        if (value->row >= 0 && (rows[value->row].flags & REPLAY) == 0)
            continue;
        items[count] = (struct tn_session_setting){.value = value->value, .only = value->only};
        if (!lower_name(&list->arena, value->name, &items[count].name))
            return TN_E_NOMEM;
        hash = tn_hash_seeded(value->name.ptr, value->name.len, tn_hash_seeded(value->value.ptr, value->value.len,
                              hash + (uint64_t)value->only + 1));
        count++;
    }
    list->replay = (struct tn_session_settings){.hash = count == 0 ? 0 : hash | 1, .count = count, .items = items};
    return TN_OK;
}

/* OLD's values but the one named, with room for one more. */
static struct tn_settings_list *copy_without(const struct tn_settings_list *old, struct tn_str name)
{
    struct tn_settings_list *list = tn_settings_list_new();

    if (list == NULL)
        return NULL;
    list->values = tn_arena_zalloc(&list->arena, sizeof *list->values * (old->count + 1));
    for (size_t i = 0; list->values != NULL && i < old->count; i++) {
        struct tn_setting_value *to = &list->values[list->count];

        if (tn_str_ieq(old->values[i].name, name))
            continue;
        *to = old->values[i];
        if (!tn_arena_str(&list->arena, old->values[i].name, &to->name) ||
            !tn_arena_str(&list->arena, old->values[i].value, &to->value)) {
            list->values = NULL;
            break;
        }
        list->count++;
    }
    return list;
}

static enum tn_status finish(struct tn_settings_list *list, struct tn_error *err)
{
    if (list->values == NULL)
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a setting");
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i].row >= 0)
            TN_TRY(derive_value(list, &list->values[i], err));
    return derive_replay(list) == TN_OK ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a setting");
}

static enum tn_status replace(struct tn_settings_list **list, struct tn_settings_list *now, enum tn_status status)
{
    if (status != TN_OK) {
        tn_settings_list_unref(now);
        return status;
    }
    tn_settings_list_unref(*list);
    *list = now;
    return TN_OK;
}

static enum tn_status add_value(struct tn_settings_list *list, struct tn_setting_value value)
{
    struct tn_setting_value *to = &list->values[list->count];

    *to = value;
    if (!tn_arena_str(&list->arena, value.name, &to->name) || !tn_arena_str(&list->arena, value.value, &to->value))
        return TN_E_NOMEM;
    list->count++;
    return TN_OK;
}

/* Each change copies the list. */
static bool is_too_much(const struct tn_settings_list *list, struct tn_str name, struct tn_str value)
{
    size_t count = 0, bytes = name.len + value.len;

    for (size_t i = 0; i < list->count; i++) {
        if (tn_str_ieq(list->values[i].name, name))
            continue;
        count++;
        bytes += list->values[i].name.len + list->values[i].value.len;
    }
    return count >= LIST_MAX || bytes > LIST_BYTES;
}

enum tn_status tn_settings_change(struct tn_settings_list **list, struct tn_str name, struct tn_str value,
                                  enum tn_cfg_engine only, bool local, bool internal, const struct tn_snapshot *snapshot,
                                  struct tn_error *err)
{
    int                      row = tn_setting_find(name);
    struct tn_settings_list *now;
    enum tn_status           status = TN_OK;

    if (row >= 0 && (rows[row].flags & READONLY) != 0 && !internal)
        return tn_fail(err, TN_E_DENIED, "55P02", "parameter \"%s\" cannot be changed", rows[row].name);
    if (row < 0 && tn_str_starts(name, TN_STR("turnout.")))
        return tn_fail(err, TN_E_NOT_FOUND, "42704", "unrecognized configuration parameter \"%.*s\"; Turnout has group, cluster, "
                       "tags, strategy, priority and dialect", (int)TN_MIN(name.len, 64), name.ptr);
    if (value.len > VALUE_MAX || (value.ptr != NULL && is_too_much(*list, name, value)))
        return tn_fail(err, TN_E_LIMIT, "54000", "too many or too long settings in one session");
    now = copy_without(*list, name);
    if (now == NULL || now->values == NULL) {
        tn_settings_list_unref(now);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a setting");
    }
    if (value.ptr != NULL) {
        if (row >= 0)
            status = check(&rows[row], &value, snapshot, &now->arena, err);
        if (status == TN_OK)
            status = add_value(now, (struct tn_setting_value){.name = row >= 0 ? tn_str(rows[row].name) : name,
                               .value = value, .row = row, .local = local, .only = only});
    }
    if (status == TN_OK)
        status = finish(now, err);
    return replace(list, now, status);
}

enum tn_status tn_settings_end_local(struct tn_settings_list **list, const struct tn_settings_list *before)
{
    for (size_t i = (*list)->count; i-- > 0;) {
        struct tn_setting_value       *value = &(*list)->values[i];
        const struct tn_setting_value *old;
        struct tn_error                err = TN_ERROR_INIT;

        if (!value->local)
            continue;
        old = find_value(before, value->name);
        TN_TRY(tn_settings_change(list, value->name, old != NULL ? old->value : tn_str_n(NULL, 0), value->only, false, true,
                                  NULL, &err));
        i = (*list)->count;
    }
    return TN_OK;
}
