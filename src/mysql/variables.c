#include "mysql/variables.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/tz.h"
#include "frontend/mysql/my_recode.h"
#include "mysql/private.h"

enum { READONLY = 1, COMPUTED = 2, SERVERS = 8, ENGINE = 16 | SERVERS, VALUE_MAX = 64 * 1024, ALL_MAX = 256 * 1024, NAME_MAX_BYTES = 64 };
enum { ER_UNKNOWN_CHARACTER_SET = 1115, ER_UNKNOWN_COLLATION = 1273 };
enum kind { KIND_TEXT, KIND_NUMBER, KIND_SWITCH };
#define TURNOUT "turnout_"

static const struct row {
    const char *name;
    enum kind   kind;
    const char *dflt;
    unsigned    flags;
} rows[] = {
#define VARIABLE(name, kind, dflt, flags) {name, KIND_##kind, dflt, flags},
#include "mysql/variables.def"
#undef VARIABLE
};

int tn_my_variable_find(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(rows); i++)
        if (tn_str_ieq_c(name, rows[i].name))
            return (int)i;
    return -1;
}

size_t tn_my_variable_rows(void)
{
    return TN_ARRAY_LEN(rows);
}

const char *tn_my_variable_name(int row)
{
    return rows[row].name;
}

bool tn_my_variable_is_number(int row)
{
    return rows[row].kind != KIND_TEXT;
}

/* ---- what they are ---- */

static bool is_row(int row, const char *name)
{
    return strcmp(rows[row].name, name) == 0;
}

static const char *isolation_of(const struct tn_my_session *s)
{
    static const char *const names[][2] = {{"READ UNCOMMITTED", "READ-UNCOMMITTED"}, {"READ COMMITTED", "READ-COMMITTED"},
                                           {"REPEATABLE READ", "REPEATABLE-READ"},   {"SERIALIZABLE", "SERIALIZABLE"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (strcmp(s->isolation, names[i][0]) == 0)
            return names[i][1];
    return "REPEATABLE-READ";
}

static bool is_maria(const struct tn_my_session *s)
{
    return tn_str_has(s->runtime->snapshot->config->settings.mysql_version, TN_STR("MariaDB"));
}

/* MySQL before 8.0.28 and MariaDB before 10.6 call the set of three bytes utf8. */
static bool says_utf8(const struct tn_my_session *s)
{
    struct tn_str version = s->runtime->snapshot->config->settings.mysql_version;
    size_t        skip = tn_str_starts(version, TN_STR("5.5.5-")) ? sizeof "5.5.5-" - 1 : 0; /* MariaDB's, before its own */
    int           major = 0, minor = 0, patch = 0;

    if (sscanf(version.ptr + skip, "%d.%d.%d", &major, &minor, &patch) < 3)
        return false;
    return is_maria(s) ? major * 100 + minor < 1006 : major < 8 || (major == 8 && minor == 0 && patch < 28);
}

static struct tn_str charset_text(const struct tn_my_session *s, uint16_t number, bool collation, struct tn_arena *arena)
{
    static const char           three[] = "utf8mb3";
    const struct tn_my_charset *charset = tn_my_charset_find(number);
    const char                 *text = charset == NULL ? "utf8mb4" : collation ? charset->collation : charset->charset;
    char                        old[64];
    struct tn_str               out;

    if (!tn_str_starts(tn_str(text), tn_str(three)) || !says_utf8(s))
        return tn_str(text);
    snprintf(old, sizeof old, "utf8%s", text + sizeof three - 1);
    return tn_arena_str(arena, tn_str(old), &out) ? out : tn_str(text);
}

static struct tn_str number_text(struct tn_arena *arena, uint64_t number)
{
    char          text[24];
    struct tn_str out;

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return tn_arena_str(arena, tn_str(text), &out) ? out : TN_STR("0");
}

static struct tn_str computed(struct tn_my_session *s, int row, struct tn_arena *arena)
{
    const struct tn_settings *settings = &s->runtime->snapshot->config->settings;

    if (is_row(row, "autocommit"))
        return s->autocommit ? TN_STR("ON") : TN_STR("OFF");
    if (is_row(row, "version"))
        return settings->mysql_version;
    if (is_row(row, "transaction_isolation") || is_row(row, "tx_isolation"))
        return tn_str(isolation_of(s));
    if (is_row(row, "transaction_read_only") || is_row(row, "tx_read_only"))
        return s->read_only ? TN_STR("ON") : TN_STR("OFF");
    if (is_row(row, "collation_connection"))
        return charset_text(s, s->charset, true, arena);
    if (is_row(row, "character_set_client"))
        return charset_text(s, s->client_charset, false, arena);
    if (is_row(row, "character_set_results"))
        return s->results_charset == TN_MY_CHARSET_NONE ? tn_str_n(NULL, 0) : charset_text(s, s->results_charset, false, arena);
    if (is_row(row, "character_set_connection"))
        return charset_text(s, s->charset, false, arena);
    if (is_row(row, "max_allowed_packet"))
        return number_text(arena, settings->mysql_max_packet);
    if (is_row(row, "max_connections"))
        return number_text(arena, settings->mysql_max_connections);
    if (is_row(row, "port"))
        return number_text(arena, tn_mysql_port(s->mysql));
    if (is_row(row, "pseudo_thread_id"))
        return number_text(arena, s->id);
    if (is_row(row, "last_insert_id") || is_row(row, "identity"))
        return number_text(arena, s->last_insert_id);
    if (is_row(row, "timestamp"))
        return number_text(arena, tn_clock_wall_us() / 1000000);
    if (is_row(row, "error_count"))
        return number_text(arena, tn_my_error_count(s));
    return number_text(arena, s->warning_count);
}

bool tn_my_variable_is_theirs(int row)
{
    return (rows[row].flags & SERVERS) != 0;
}

static struct tn_str told_text(int row, bool shown, struct tn_str text)
{
    if (rows[row].kind == KIND_SWITCH && !shown)
        return tn_str_eq_c(text, "ON") ? TN_STR("1") : TN_STR("0");
    return text;
}

/* Of packets the shorter limit counts: theirs, or ours. */
static const char *theirs_of(const struct tn_my_session *s, int row)
{
    const char *theirs = tn_map_get(&s->theirs, tn_str(rows[row].name));
    uint64_t    bytes;

    if (theirs == NULL || !is_row(row, "max_allowed_packet"))
        return theirs;
    return tn_str_to_u64(tn_str(theirs), UINT64_MAX, &bytes) && bytes < s->runtime->snapshot->config->settings.mysql_max_packet ? theirs : NULL;
}

struct tn_str tn_my_variable_global(struct tn_my_session *s, int row, bool shown, struct tn_arena *arena)
{
    static const char *const ours[] = {"version", "max_allowed_packet", "max_connections", "port"}; /* of those that are computed, not of the session */
    const char              *theirs = theirs_of(s, row);

    if (theirs != NULL)
        return told_text(row, shown, tn_str(theirs));
    for (size_t i = 0; i < TN_ARRAY_LEN(ours); i++)
        if (is_row(row, ours[i]))
            return tn_my_variable_text(s, row, shown, arena);
    return told_text(row, shown, tn_str(rows[row].dflt));
}

struct tn_str tn_my_variable_text(struct tn_my_session *s, int row, bool shown, struct tn_arena *arena)
{
    struct tn_str name = tn_str(rows[row].name), text;
    const char   *own = tn_map_get(&s->variables, name), *theirs = theirs_of(s, row);
    struct tn_str set = (rows[row].flags & ENGINE) == ENGINE && own == NULL ? tn_settings_get_own(s->settings, name) : tn_str_n(NULL, 0);

    if (own != NULL)
        text = tn_str(own);
    else if (set.ptr != NULL)
        text = set;
    else if (theirs != NULL)
        text = tn_str(theirs);
    else if ((rows[row].flags & COMPUTED) != 0)
        text = computed(s, row, arena);
    else
        text = tn_str(rows[row].dflt);
    return told_text(row, shown, text);
}

bool tn_my_variable_is_on(struct tn_my_session *s, const char *name)
{
    int row = tn_my_variable_find(tn_str(name));

    return row >= 0 && tn_str_eq_c(tn_my_variable_text(s, row, true, &s->arena), "ON");
}

/* ---- set ---- */

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a variable");
}

static enum tn_status keep(struct tn_my_session *s, struct tn_map *map, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    char *copy;

    if (value.len > VALUE_MAX || s->variable_bytes + value.len + name.len > ALL_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "too many or too long variables in one session");
    copy = tn_strndup(value.ptr, value.len);
    if (copy == NULL || !tn_my_undo_take(s, map, name) || !tn_map_put(map, name, copy, NULL)) {
        tn_free(copy);
        return no_memory(err);
    }
    s->variable_bytes += value.len + name.len;
    return TN_OK;
}

static enum tn_status wrong_value(int row, struct tn_str value, struct tn_error *err)
{
    return tn_fail(err, TN_E_INVALID, "22023", "Variable '%s' can't be set to the value of '%.*s'", rows[row].name, (int)TN_MIN(value.len, (size_t)100),
                   value.ptr == NULL ? "" : value.ptr);
}

static bool read_switch(struct tn_str text, bool *on)
{
    *on = tn_str_ieq_c(text, "ON") || tn_str_eq_c(text, "1") || tn_str_ieq_c(text, "TRUE");
    return *on || tn_str_ieq_c(text, "OFF") || tn_str_eq_c(text, "0") || tn_str_ieq_c(text, "FALSE");
}

static enum tn_status set_isolation(struct tn_my_session *s, int row, struct tn_str value, struct tn_error *err)
{
    static const char *const names[][2] = {{"READ-UNCOMMITTED", "READ UNCOMMITTED"}, {"READ-COMMITTED", "READ COMMITTED"},
                                           {"REPEATABLE-READ", "REPEATABLE READ"},   {"SERIALIZABLE", "SERIALIZABLE"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_ieq_c(value, names[i][0])) {
            snprintf(s->isolation, sizeof s->isolation, "%s", names[i][1]);
            return TN_OK;
        }
    return wrong_value(row, value, err);
}

static enum tn_status tell_server(struct tn_my_session *s, struct tn_str name, struct tn_str value, struct tn_error *err)
{
    return tn_settings_change(&s->settings, name, value, TN_CFG_ENGINE_MYSQL, false, false, s->runtime->snapshot, err);
}

static bool is_whole(const struct tn_my_charset *charset)
{
    return charset->max_bytes == 4 && tn_my_charset_is_utf8(charset);
}

/* A set's own collation, as the server has it that clients are told of. */
static uint16_t collation_of(const struct tn_my_session *s, const struct tn_my_charset *charset)
{
    return is_maria(s) && is_whole(charset) ? (uint16_t)TN_MY_CHARSET_UTF8MB4 : charset->number;
}

/* A server of MySQL's kind has four bytes to a character, unless it is told of other ones: then it compares, names and narrows texts as
 * it does for its own clients. What it gets is UTF-8 for all of them but those of bytes. */
static enum tn_status tell_charset(struct tn_my_session *s, const char *name, const struct tn_my_charset *charset, const char *value, struct tn_error *err)
{
    bool sent = strcmp(name, "character_set_client") == 0, narrow = !is_whole(charset) && !(sent && tn_my_is_recoded(charset));

    if (!narrow && tn_settings_get_own(s->settings, tn_str(name)).ptr == NULL)
        return TN_OK;
    return tell_server(s, tn_str(name), narrow ? tn_str(value) : tn_str_n(NULL, 0), err);
}

static enum tn_status take_charset(struct tn_my_session *s, int row, const struct tn_my_charset *charset, uint16_t number, struct tn_error *err)
{
    if (is_row(row, "character_set_connection")) {
        TN_TRY(tell_charset(s, "collation_connection", charset, charset->collation, err));
        s->charset = number;
        return TN_OK;
    }
    TN_TRY(tell_charset(s, rows[row].name, charset, charset->charset, err));
    *(is_row(row, "character_set_results") ? &s->results_charset : &s->client_charset) = number;
    return TN_OK;
}

void tn_my_charset_begin(struct tn_my_session *s)
{
    static const char *const    names[] = {"character_set_client", "character_set_results", "character_set_connection"};
    const struct tn_my_charset *charset = tn_my_charset_find(s->login_charset);
    struct tn_error             err = TN_ERROR_INIT;

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (take_charset(s, tn_my_variable_find(tn_str(names[i])), charset, s->login_charset, &err) != TN_OK)
            tn_my_warn(s, "Warning", 1105, err.message);
    tn_error_reset(&err);
}

static enum tn_status unknown_charset(bool collation, struct tn_str name, struct tn_error *err)
{
    tn_fail(err, TN_E_INVALID, "42704", "Unknown %s: '%.*s'", collation ? "collation" : "character set", (int)TN_MIN(name.len, (size_t)64), name.ptr);
    err->own_code = collation ? ER_UNKNOWN_COLLATION : ER_UNKNOWN_CHARACTER_SET;
    memcpy(err->own_sqlstate, collation ? "HY000" : "42000", sizeof "42000");
    return TN_E_INVALID;
}

static enum tn_status not_known(const struct tn_my_charset *charset, struct tn_error *err)
{
    return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "character set '%s' is not known to iconv on Turnout's machine", charset->charset);
}

/* Texts come as they are, each column told with its own set. */
static enum tn_status leave_results(struct tn_my_session *s, struct tn_error *err)
{
    TN_TRY(tell_server(s, TN_STR("character_set_results"), TN_STR(""), err));
    s->results_charset = TN_MY_CHARSET_NONE;
    return TN_OK;
}

static enum tn_status set_charset(struct tn_my_session *s, int row, struct tn_str value, struct tn_error *err)
{
    bool                        collation = strncmp(rows[row].name, "collation", 9) == 0;
    const struct tn_my_charset *charset = collation ? tn_my_collation_find(value) : tn_my_charset_default(value);

    if (value.ptr == NULL && is_row(row, "character_set_results"))
        return leave_results(s, err);
    if (value.ptr == NULL)
        return wrong_value(row, TN_STR("NULL"), err);
    if (charset == NULL)
        return unknown_charset(collation, value, err);
    if (!collation && !tn_my_charset_is_known(charset))
        return not_known(charset, err);
    if (!collation)
        return take_charset(s, row, charset, collation_of(s, charset), err);
    TN_TRY(tell_server(s, TN_STR("collation_connection"), tn_str(charset->collation), err));
    s->charset = charset->number;
    return TN_OK;
}

/* "+02:00" under a name that every engine has: Etc/GMT-2 (where west is positive). */
static struct tn_str zone_of(struct tn_str value, char out[16])
{
    int hours = 0;

    if (value.len != 6 || (value.ptr[0] != '+' && value.ptr[0] != '-') || memcmp(value.ptr + 3, ":00", 3) != 0 || value.ptr[1] < '0' ||
        value.ptr[1] > '1' || value.ptr[2] < '0' || value.ptr[2] > '9')
        return value;
    hours = (value.ptr[1] - '0') * 10 + value.ptr[2] - '0';
    if (hours > 14 || (hours > 12 && value.ptr[0] == '-'))
        return value;
    if (hours == 0)
        return TN_STR("UTC");
    snprintf(out, 16, "Etc/GMT%c%d", value.ptr[0] == '+' ? '-' : '+', hours);
    return tn_str(out);
}

static enum tn_status set_time_zone(struct tn_my_session *s, struct tn_str value, struct tn_error *err)
{
    bool system = value.ptr == NULL || tn_str_ieq_c(value, "SYSTEM");
    char name[16];

    if (!system)
        value = zone_of(value, name);

    return tn_settings_change(&s->settings, TN_STR("TimeZone"), system ? tn_str_n(NULL, 0) : value, TN_CFG_ENGINE_UNSET, false, false,
                              s->runtime->snapshot, err);
}

static enum tn_status set_timeout(struct tn_my_session *s, int row, struct tn_str value, struct tn_error *err)
{
    double        number = 0;
    char          ms[32];

    if (value.ptr != NULL && (!tn_str_to_double(value, &number) || !(number >= 0 && number < 1e12)))
        return wrong_value(row, value, err);
    snprintf(ms, sizeof ms, "%.0f", is_row(row, "max_statement_time") ? number * 1000 : number); /* MariaDB's counts seconds */
    return tn_settings_change(&s->settings, TN_STR("statement_timeout"), tn_str(ms), TN_CFG_ENGINE_UNSET, false, false, s->runtime->snapshot, err);
}

/* *VALUE becomes what is shown. A cluster that has a mode of its own keeps that. */
static enum tn_status set_mode(struct tn_my_session *s, struct tn_str *value, struct tn_error *err)
{
    struct tn_my_mode mode = {.ansi_quotes = false};
    struct tn_str     told = *value;

    if (value->ptr != NULL)
        TN_TRY(tn_my_mode_read(*value, &s->arena, &mode, value, &told, err));
    TN_TRY(tell_server(s, TN_STR("sql_mode"), told, err));
    s->mode = mode;
    return TN_OK;
}

static bool is_of_charsets(int row)
{
    return row >= 0 && (is_row(row, "collation_connection") || is_row(row, "character_set_client") || is_row(row, "character_set_connection") ||
                        is_row(row, "character_set_results"));
}

/* What is more than a value that is remembered. *KEEP: it is that, too. */
static enum tn_status apply(struct tn_my_session *s, int row, struct tn_str value, bool on, bool *kept, struct tn_error *err)
{
    *kept = false;
    if ((rows[row].flags & ENGINE) == ENGINE)
        return tell_server(s, tn_str(rows[row].name), value, err);
    if (is_row(row, "autocommit"))
        s->autocommit = on;
    else if (is_row(row, "transaction_read_only") || is_row(row, "tx_read_only"))
        s->read_only = on;
    else if (is_row(row, "transaction_isolation") || is_row(row, "tx_isolation"))
        return set_isolation(s, row, value, err);
    else if (is_of_charsets(row))
        return set_charset(s, row, value, err);
    else
        *kept = true;
    if (is_row(row, "time_zone"))
        return set_time_zone(s, value, err);
    if (is_row(row, "max_execution_time") || is_row(row, "max_statement_time"))
        return set_timeout(s, row, value, err);
    return TN_OK;
}

/* A list with commas; * = all. */
static bool is_tracked(struct tn_my_session *s, const char *name)
{
    struct tn_str list = tn_my_variable_text(s, tn_my_variable_find(TN_STR("session_track_system_variables")), true, &s->arena);

    for (size_t at = 0; at < list.len;) {
        const char   *comma = memchr(list.ptr + at, ',', list.len - at);
        size_t        end = comma == NULL ? list.len : (size_t)(comma - list.ptr);
        struct tn_str one = tn_str_trim(tn_str_n(list.ptr + at, end - at));

        if (tn_str_eq_c(one, "*") || tn_str_ieq_c(one, name))
            return true;
        at = end + 1;
    }
    return false;
}

static void track(struct tn_my_session *s, int row)
{
    if (s->changed_count + 2 > TN_ARRAY_LEN(s->changed) || !is_tracked(s, rows[row].name))
        return;
    s->changed[s->changed_count++] = tn_str(rows[row].name);
    s->changed[s->changed_count++] = tn_my_variable_text(s, row, true, &s->arena);
}

/* Each has two names: of MySQL 8, and of MariaDB. */
void tn_my_isolation_track(struct tn_my_session *s)
{
    track(s, tn_my_variable_find(TN_STR("transaction_isolation")));
    track(s, tn_my_variable_find(TN_STR("tx_isolation")));
}

void tn_my_read_only_track(struct tn_my_session *s)
{
    track(s, tn_my_variable_find(TN_STR("transaction_read_only")));
    track(s, tn_my_variable_find(TN_STR("tx_read_only")));
}

static void track_changed(struct tn_my_session *s, int row)
{
    if (is_row(row, "transaction_isolation") || is_row(row, "tx_isolation"))
        tn_my_isolation_track(s);
    else if (is_row(row, "transaction_read_only") || is_row(row, "tx_read_only"))
        tn_my_read_only_track(s);
    else
        track(s, row);
}

static enum tn_status check(int row, struct tn_str name, struct tn_str *value, bool *on, struct tn_error *err)
{
    double number;

    if (row < 0)
        return tn_fail(err, TN_E_NOT_FOUND, "42704", "Unknown system variable '%.*s'", (int)TN_MIN(name.len, (size_t)NAME_MAX_BYTES), name.ptr);
    if ((rows[row].flags & READONLY) != 0)
        return tn_fail(err, TN_E_DENIED, "55P02", "Variable '%s' is a read only variable", rows[row].name);
    if (value->ptr == NULL)
        return TN_OK;
    if (rows[row].kind == KIND_SWITCH && !read_switch(*value, on))
        return wrong_value(row, *value, err);
    if (rows[row].kind == KIND_SWITCH)
        *value = *on ? TN_STR("ON") : TN_STR("OFF");
    if (rows[row].kind == KIND_NUMBER && !tn_str_to_double(*value, &number))
        return tn_fail(err, TN_E_INVALID, "22023", "Incorrect argument type to variable '%s'", rows[row].name);
    return TN_OK;
}

/* Back to what the server, or Turnout, begins with. */
static enum tn_status forget_own(struct tn_my_session *s, int row, struct tn_error *err)
{
    return tn_my_undo_take(s, &s->variables, tn_str(rows[row].name)) ? TN_OK : no_memory(err);
}

static struct tn_str default_charset(const struct tn_my_session *s, int row)
{
    const struct tn_my_charset *charset = tn_my_charset_default(TN_STR("utf8mb4"));

    return is_row(row, "collation_connection") ? tn_str(tn_my_charset_find(collation_of(s, charset))->collation) : tn_str(charset->charset);
}

enum tn_status tn_my_variable_set(struct tn_my_session *s, struct tn_str name, const struct tn_my_value *value, bool global, struct tn_error *err)
{
    int           row = tn_my_variable_find(name);
    struct tn_str text = value->is_default && is_of_charsets(row) ? default_charset(s, row) : value->text;
    bool          on = row >= 0 && strcmp(rows[row].dflt, "ON") == 0, kept;

    if (row >= 0 && (is_row(row, "last_insert_id") || is_row(row, "identity"))) {
        s->last_insert_id = 0;
        return TN_OK;
    }
    if (row < 0 && s->may_be_theirs && !global)
        return tell_server(s, name, text, err);
    TN_TRY(check(row, name, &text, &on, err));
    if (global)
        return tn_fail(err, TN_E_DENIED, "42501", "global variables are Turnout's configuration; '%s' can be set for the session", rows[row].name);
    if (is_row(row, "sql_mode")) {
        TN_TRY(set_mode(s, &text, err));
        if (text.ptr == NULL)
            return forget_own(s, row, err);
        kept = true;
    } else {
        TN_TRY(apply(s, row, text, on, &kept, err));
    }
    if (kept)
        TN_TRY(keep(s, &s->variables, tn_str(rows[row].name), text.ptr == NULL ? tn_str(rows[row].dflt) : text, err));
    track_changed(s, row);
    return TN_OK;
}

/* ---- @name ---- */

static struct tn_str lower(struct tn_str name, char out[NAME_MAX_BYTES + 1])
{
    tn_str_copy(out, NAME_MAX_BYTES + 1, name);
    for (char *c = out; *c != '\0'; c++)
        *c = tn_ascii_lower(*c);
    return tn_str(out);
}

void tn_my_user_variable_forget(struct tn_my_session *s, struct tn_str name)
{
    char folded[NAME_MAX_BYTES + 1];

    if (name.len <= NAME_MAX_BYTES)
        (void)tn_my_undo_take(s, &s->user_variables, lower(name, folded)); /* without memory it stays */
}

bool tn_my_user_variable_is_kept(struct tn_my_session *s, struct tn_str name)
{
    char folded[NAME_MAX_BYTES + 1];

    return name.len <= NAME_MAX_BYTES && tn_map_get(&s->user_variables, lower(name, folded)) != NULL;
}

enum tn_status tn_my_user_variable_set(struct tn_my_session *s, struct tn_str name, const struct tn_my_value *value, struct tn_error *err)
{
    char          folded[NAME_MAX_BYTES + 1], setting[NAME_MAX_BYTES + 16];
    size_t        skip = sizeof TURNOUT - 1;
    struct tn_buf text;
    enum tn_status status;

    if (name.len > NAME_MAX_BYTES)
        return tn_fail(err, TN_E_LIMIT, "54000", "a variable's name is longer than %d bytes", (int)NAME_MAX_BYTES);
    if (value->text.len > 0 && memchr(value->text.ptr, '\0', value->text.len) != NULL)
        return tn_fail(err, TN_E_UNSUPPORTED, "0A000", "a value with a zero byte cannot be kept in variable @" TN_STR_FMT " here; keep its HEX() instead", TN_STR_ARG(name));
    name = lower(name, folded);
    if (tn_str_starts(name, TN_STR(TURNOUT))) {
        snprintf(setting, sizeof setting, "turnout.%s", name.ptr + skip);
        TN_TRY(tn_settings_change(&s->settings, tn_str(setting), value->text, TN_CFG_ENGINE_UNSET, false, false, s->runtime->snapshot, err));
    }
    if (value->text.ptr == NULL && tn_my_is_bound(s)) /* its connection may have another value */
        return keep(s, &s->user_variables, name, TN_STR("z"), err);
    if (value->text.ptr == NULL) {
        tn_my_user_variable_forget(s, name);
        return TN_OK;
    }
    tn_buf_init(&text, VALUE_MAX + 1); /* the first byte says what it is: number, text, z for NULL */
    tn_buf_put_u8(&text, value->number ? 'n' : 't');
    tn_buf_put_str(&text, value->text);
    status = text.failed ? tn_fail(err, TN_E_LIMIT, "54000", "a variable's value is longer than %d bytes", (int)VALUE_MAX)
                         : keep(s, &s->user_variables, name, tn_buf_str(&text), err);
    tn_buf_reset(&text);
    return status;
}

struct tn_my_value tn_my_user_variable(struct tn_my_session *s, struct tn_str name, struct tn_arena *arena)
{
    char               folded[NAME_MAX_BYTES + 1];
    char              *kept = name.len > NAME_MAX_BYTES ? NULL : tn_map_get(&s->user_variables, lower(name, folded));
    struct tn_my_value value = {.text = tn_str_n(NULL, 0)};

    if (kept != NULL && kept[0] != 'z' && tn_arena_str(arena, tn_str(kept + 1), &value.text))
        value.number = kept[0] == 'n';
    return value;
}
