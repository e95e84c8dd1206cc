#include "engine/mysql/mysql_settings.h"

#include "base/alloc.h"

enum kind { TEXT, DATABASE, LABEL /* a database that the server need not have */, CHARSET, COLLATION, ZONE, READ_ONLY, ISOLATION, LOCK_WAIT, FOREIGN };

static const struct {
    const char *name;
    enum kind   kind;
    const char *variable;
} known[] = {
#define SETTING(name, kind, variable) {name, kind, variable},
#include "engine/mysql/mysql_setting.def"
#undef SETTING
};

/* Its row, -1 = none. */
static int row_of(struct tn_str name)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (tn_str_eq_c(name, known[i].name))
            return (int)i;
    return -1;
}

/* The name goes into SQL as it is. */
static bool is_plain(struct tn_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return name.len > 0;
}

static bool is_sent(const struct tn_session_setting *setting, bool read_only)
{
    bool ours = setting->only == TN_CFG_ENGINE_MYSQL || setting->only == TN_CFG_ENGINE_STAR_ROCKS;
    int  row = row_of(setting->name);

    if (row >= 0 && (known[row].kind == DATABASE || known[row].kind == LABEL) && !ours) /* another protocol's idea of it */
        return false;

    if (!is_plain(setting->name) || (setting->only != TN_CFG_ENGINE_UNSET && !ours) || (row < 0 && !ours))
        return false;
    return !read_only || row < 0 || known[row].kind != READ_ONLY;
}

void tn_mysql_settings_reset(struct tn_mysql_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        tn_free(settings->items[i].name);
        tn_free(settings->items[i].value);
    }
    tn_free(settings->items);
    settings->items = NULL;
    settings->count = settings->capacity = 0;
    settings->astray = false;
}

void tn_mysql_settings_doubt(struct tn_mysql_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        tn_free(settings->items[i].value);
        settings->items[i].value = NULL;
    }
}

/* A string in hexadecimal means the same in every sql_mode; plain text stays readable. */
void tn_mysql_put_literal(struct tn_buf *sql, struct tn_str text)
{
    static const char digits[] = "0123456789abcdef";

    if (text.len == 0 || (memchr(text.ptr, '\\', text.len) == NULL && memchr(text.ptr, '\0', text.len) == NULL)) {
        tn_buf_put_quoted(sql, text, '\'');
        return;
    }
    tn_buf_puts(sql, "_utf8mb4 0x");
    for (size_t i = 0; i < text.len; i++) {
        tn_buf_put_u8(sql, (uint8_t)digits[(uint8_t)text.ptr[i] >> 4]);
        tn_buf_put_u8(sql, (uint8_t)digits[text.ptr[i] & 15]);
    }
}

/* MySQL takes '10' for no number: what looks like one goes without quotes. */
static void put_value(struct tn_buf *sql, struct tn_str value)
{
    double number;

    if (tn_str_to_double(value, &number) && strspn(value.ptr, "+-0123456789.") >= value.len)
        tn_buf_put_str(sql, value);
    else
        tn_mysql_put_literal(sql, value);
}

/* +HH:MM; it moves with the seasons where the zone does. */
static void put_offset(struct tn_buf *out, const struct tn_tz *tz)
{
    struct tn_tz_range range = TN_TZ_RANGE_INIT;
    int32_t            offset = tn_tz_offset(tz, (int64_t)time(NULL), &range);

    tn_buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 3600, abs(offset) / 60 % 60);
}

/* Names of zones need the server's tables; offsets and UTC do not. */
static void put_zone(struct tn_buf *sql, struct tn_str value, bool by_offset)
{
    static const char *const utc[] = {"utc", "gmt", "etc/utc", "etc/gmt", "zulu", "universal", "uct", "etc/uct", "z"};
    struct tn_tz            *tz = NULL;

    for (size_t i = 0; i < TN_ARRAY_LEN(utc); i++)
        if (tn_str_ieq_c(value, utc[i])) {
            tn_buf_puts(sql, "'+00:00'");
            return;
        }
    if (tn_tz_load(&tz, value, NULL) != TN_OK || (tn_tz_name(tz)[0] != '<' && !by_offset)) {
        tn_mysql_put_literal(sql, value);
    } else {
        tn_buf_put_u8(sql, '\'');
        put_offset(sql, tz);
        tn_buf_put_u8(sql, '\'');
    }
    tn_tz_free(tz);
}

static void put_isolation(struct tn_buf *sql, struct tn_str value)
{
    static const char *const levels[] = {"READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"};

    tn_buf_puts(sql, "SET SESSION TRANSACTION ISOLATION LEVEL ");
    for (size_t i = 0; i < TN_ARRAY_LEN(levels); i++)
        if (tn_str_ieq_c(value, levels[i])) {
            tn_buf_puts(sql, levels[i]);
            return;
        }
    tn_buf_puts(sql, levels[2]);
}

/* Milliseconds to seconds; 0 is "for ever" there. */
static void put_lock_wait(struct tn_buf *sql, struct tn_str value)
{
    uint64_t ms = 0;

    (void)tn_str_to_u64(value, UINT64_MAX / 2, &ms);
    tn_buf_printf(sql, "SET innodb_lock_wait_timeout=%llu", (unsigned long long)(ms == 0 ? 1073741824 : TN_MAX((ms + 999) / 1000, UINT64_C(1))));
}

/* An endpoint without a database: nothing but a database leaves one. */
static void put_use(struct tn_buf *sql, struct tn_str database)
{
    tn_buf_puts(sql, "USE ");
    tn_buf_put_quoted(sql, database.len > 0 ? database : TN_STR("information_schema"), '`');
}

static struct tn_str present(const struct tn_mysql_settings *settings, struct tn_str name, struct tn_str database)
{
    int row = row_of(name);

    return row >= 0 && known[row].kind == LABEL && settings->absent[0] != '\0' && tn_str_eq_c(database, settings->absent) ? tn_str(settings->home) : database;
}

/* What clients of a MySQL 8 ask for is not known to MariaDB; one of the two is a comment to each of the servers. */
static void put_collation(struct tn_buf *sql, struct tn_str value)
{
    bool newer = is_plain(value) && memmem(value.ptr, value.len, "_0900_", 6) != NULL;
    bool bytes = value.len > 4 && memcmp(value.ptr + value.len - 4, "_bin", 4) == 0;

    tn_buf_puts(sql, newer ? "SET /*!80000 collation_connection=" : "SET SESSION collation_connection=");
    tn_mysql_put_literal(sql, value);
    if (newer)
        tn_buf_printf(sql, " *//*M! collation_connection=%s */", bytes ? "utf8mb4_bin" : "utf8mb4_unicode_ci");
}

static void put_set(struct tn_buf *sql, struct tn_str name, struct tn_str value, bool by_offset)
{
    int row = row_of(name);

    switch (row < 0 ? FOREIGN : known[row].kind) {
    case DATABASE:
    case LABEL:
        put_use(sql, value);
        break;
    case COLLATION:
        put_collation(sql, value);
        break;
    case CHARSET: /* none: results come as they are */
        tn_buf_printf(sql, "SET SESSION " TN_STR_FMT "=", TN_STR_ARG(name));
        if (value.len > 0)
            tn_mysql_put_literal(sql, value);
        else
            tn_buf_puts(sql, "NULL");
        break;
    case ZONE:
        tn_buf_puts(sql, "SET time_zone=");
        put_zone(sql, value, by_offset);
        break;
    case READ_ONLY:
        tn_buf_printf(sql, "SET SESSION TRANSACTION READ %s", tn_str_eq_c(value, "on") ? "ONLY" : "WRITE");
        break;
    case ISOLATION:
        put_isolation(sql, value);
        break;
    case LOCK_WAIT:
        put_lock_wait(sql, value);
        break;
    default:
        tn_buf_printf(sql, "SET SESSION " TN_STR_FMT "=", TN_STR_ARG(name));
        put_value(sql, value);
    }
    tn_buf_put_u8(sql, '\0');
}

static void put_reset(struct tn_buf *sql, const char *name, const struct tn_mysql_settings *settings, const char *base)
{
    int row = row_of(tn_str(name));

    switch (row < 0 ? FOREIGN : known[row].kind) {
    case DATABASE:
    case LABEL:
        put_use(sql, tn_str(settings->home));
        break;
    case ZONE:
        tn_buf_puts(sql, base);
        break;
    case CHARSET:
    case COLLATION: /* DEFAULT would be the server's, of whatever character set: texts would be narrowed to it */
        tn_buf_puts(sql, "SET NAMES utf8mb4");
        break;
    case READ_ONLY:
        tn_buf_puts(sql, "SET SESSION TRANSACTION READ WRITE");
        break;
    case ISOLATION:
        /* one of the two is a comment to each of the servers */
        tn_buf_puts(sql, "SET /*!80000 transaction_isolation=@@global.transaction_isolation *//*M! tx_isolation=@@global.tx_isolation */");
        break;
    default:
        tn_buf_printf(sql, "SET SESSION %s=DEFAULT", row < 0 ? name : known[row].variable);
    }
    tn_buf_put_u8(sql, '\0');
}

static const struct tn_session_setting *find_wanted(const struct tn_session_settings *wanted, const char *name, bool read_only)
{
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (tn_str_eq_c(wanted->items[i].name, name))
            return is_sent(&wanted->items[i], read_only) ? &wanted->items[i] : NULL;
    return NULL;
}

static struct tn_mysql_setting *find(const struct tn_mysql_settings *settings, struct tn_str name)
{
    for (size_t i = 0; i < settings->count; i++)
        if (tn_str_eq_c(name, settings->items[i].name))
            return &settings->items[i];
    return NULL;
}

struct tn_str tn_mysql_settings_get(const struct tn_mysql_settings *settings, struct tn_str name)
{
    const struct tn_mysql_setting *setting = find(settings, name);

    return setting == NULL || setting->value == NULL ? tn_str_n(NULL, 0) : tn_str(setting->value);
}

static bool is_database(struct tn_str name)
{
    int row = row_of(name);

    return row >= 0 && (known[row].kind == DATABASE || known[row].kind == LABEL);
}

/* Is the session where WANT says, without being told? */
static bool is_there(const struct tn_mysql_settings *settings, const struct tn_session_setting *want)
{
    const struct tn_mysql_setting *has = find(settings, want->name);

    if (settings->astray || (has != NULL && has->value == NULL))
        return false;
    return tn_str_eq(present(settings, want->name, want->value), has == NULL ? tn_str(settings->home) : present(settings, want->name, tn_str(has->value)));
}

static void put_wanted(struct tn_mysql_settings *settings, const struct tn_session_setting *want, bool all, bool by_offset, struct tn_buf *script)
{
    const struct tn_mysql_setting *has = find(settings, want->name);

    if (is_database(want->name) && !is_there(settings, want)) {
        settings->moved = true;
        put_set(script, want->name, present(settings, want->name, want->value), by_offset);
    } else if (!is_database(want->name) && (all || has == NULL || has->value == NULL || !tn_str_eq_c(want->value, has->value))) {
        put_set(script, want->name, want->value, by_offset);
    }
}

void tn_mysql_settings_write(struct tn_mysql_settings *settings, const struct tn_session_settings *wanted, bool read_only,
                             bool by_offset, const char *base, struct tn_buf *script)
{
    bool all = false; /* going back may have undone others */

    if (settings->astray && find_wanted(wanted, "database", read_only) == NULL && find_wanted(wanted, "login_database", read_only) == NULL) {
        put_reset(script, "database", settings, base);
        settings->moved = true;
    }
    for (size_t i = 0; i < settings->count; i++)
        if (find_wanted(wanted, settings->items[i].name, read_only) == NULL) {
            put_reset(script, settings->items[i].name, settings, base);
            settings->moved = settings->moved || is_database(tn_str(settings->items[i].name));
            all = true;
        }
    if (all)
        tn_buf_append(script, base, strlen(base) + 1);
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (is_sent(&wanted->items[i], read_only))
            put_wanted(settings, &wanted->items[i], all, by_offset, script);
}

static bool take_one(struct tn_mysql_settings *settings, const struct tn_session_setting *want)
{
    if (settings->count == settings->capacity) {
        size_t capacity = settings->capacity * 2 + 8;
        void  *items = tn_realloc(settings->items, capacity * sizeof *settings->items);

        if (items == NULL)
            return false;
        settings->items = items;
        settings->capacity = capacity;
    }
    settings->items[settings->count] = (struct tn_mysql_setting){
        .name = tn_strndup(want->name.ptr, want->name.len), .value = tn_strndup(want->value.ptr, want->value.len)};
    if (settings->items[settings->count].name == NULL) {
        tn_free(settings->items[settings->count].value);
        return false;
    }
    settings->count++;
    return settings->items[settings->count - 1].value != NULL;
}

bool tn_mysql_settings_take(struct tn_mysql_settings *settings, const struct tn_session_settings *wanted, bool read_only)
{
    bool ok = true;

    tn_mysql_settings_reset(settings);
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (is_sent(&wanted->items[i], read_only))
            ok = take_one(settings, &wanted->items[i]) && ok;
    return ok;
}

struct tn_tz *tn_mysql_settings_zone(const struct tn_session_settings *wanted, bool by_offset)
{
    struct tn_str zone = tn_str_n("", 0);
    struct tn_tz *tz = NULL, *fixed = NULL;
    struct tn_buf offset;

    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        int row = row_of(wanted->items[i].name);

        if (row >= 0 && known[row].kind == ZONE && is_sent(&wanted->items[i], false))
            zone = wanted->items[i].value;
    }
    if (zone.len == 0 || tn_tz_load(&tz, zone, NULL) != TN_OK || !by_offset)
        return tz;
    tn_buf_init(&offset, 32);
    put_offset(&offset, tz);
    if (tn_tz_load(&fixed, tn_buf_str(&offset), NULL) != TN_OK)
        fixed = NULL;
    tn_buf_reset(&offset);
    tn_tz_free(tz);
    return fixed;
}
