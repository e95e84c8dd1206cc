#include "engine/postgres/postgres_settings.h"

#include "base/alloc.h"

static const struct {
    const char *name;
    bool        is_list;
} known[] = {
#define SETTING(name, is_list) {#name, is_list},
#include "engine/postgres/postgres_setting.def"
#undef SETTING
};

/* Never sent: Turnout does it itself (time-out), needs its own value (encoding), or it holds for one transaction only. */
static const char *const kept_back[] = {"client_encoding", "statement_timeout", "transaction_deferrable",
                                        "transaction_isolation", "transaction_read_only"};

/* 0: not known, 1: known, 2: a list of identifiers. */
static int look_at(struct tn_str name)
{
    size_t low = 0, high = TN_ARRAY_LEN(known);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = strncmp(known[middle].name, name.ptr, name.len);

        if (order == 0 && known[middle].name[name.len] == '\0')
            return known[middle].is_list ? 2 : 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static bool is_sent(const struct tn_session_setting *setting, bool read_only)
{
    if (setting->only != TN_CFG_ENGINE_UNSET && setting->only != TN_CFG_ENGINE_POSTGRES)
        return false;
    if (setting->name.len == 0 || tn_str_starts(setting->name, TN_STR("turnout.")))
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(kept_back); i++)
        if (tn_str_eq_c(setting->name, kept_back[i]))
            return false;
    return !read_only || !tn_str_eq_c(setting->name, "default_transaction_read_only");
}

void tn_postgres_settings_reset(struct tn_postgres_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        tn_free(settings->items[i].name);
        tn_free(settings->items[i].value);
    }
    tn_free(settings->items);
    *settings = (struct tn_postgres_settings){.count = 0};
}

void tn_postgres_settings_doubt(struct tn_postgres_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        tn_free(settings->items[i].value);
        settings->items[i].value = NULL;
        settings->items[i].is_set = true;
    }
}

static struct tn_postgres_setting *find(const struct tn_postgres_settings *settings, struct tn_str name)
{
    for (size_t i = 0; i < settings->count; i++)
        if (tn_str_eq_c(name, settings->items[i].name))
            return &settings->items[i];
    return NULL;
}

static void put_literal(struct tn_buf *sql, struct tn_str text)
{
    if (text.len > 0 && memchr(text.ptr, '\\', text.len) != NULL)
        tn_buf_puts(sql, " E"); /* means the same whatever standard_conforming_strings says */
    tn_buf_put_u8(sql, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'' || text.ptr[i] == '\\')
            tn_buf_put_u8(sql, (uint8_t)text.ptr[i]);
        tn_buf_put_u8(sql, (uint8_t)text.ptr[i]);
    }
    tn_buf_put_u8(sql, '\'');
}

/* my.var is "my"."var". */
static void put_name(struct tn_buf *sql, struct tn_str name)
{
    tn_buf_put_u8(sql, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '.') {
            tn_buf_puts(sql, "\".\"");
            continue;
        }
        if (name.ptr[i] == '"')
            tn_buf_put_u8(sql, '"');
        tn_buf_put_u8(sql, (uint8_t)name.ptr[i]);
    }
    tn_buf_put_u8(sql, '"');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The quoted element that starts at TEXT[*AT]; a doubled quote stands for one. */
static void put_quoted(struct tn_buf *sql, struct tn_str text, size_t *at, struct tn_buf *element)
{
    char quote = text.ptr[(*at)++];

    tn_buf_clear(element);
    for (; *at < text.len; (*at)++) {
        if (text.ptr[*at] == quote && (*at + 1 >= text.len || text.ptr[++*at] != quote))
            break;
        tn_buf_put_u8(element, (uint8_t)text.ptr[*at]);
    }
    while (*at < text.len && text.ptr[*at] != ',')
        (*at)++;
    sql->failed |= element->failed;
    put_literal(sql, tn_buf_str(element));
}

static void put_plain(struct tn_buf *sql, struct tn_str text, size_t *at, struct tn_buf *element)
{
    size_t start = *at, end;

    while (*at < text.len && text.ptr[*at] != ',')
        (*at)++;
    end = *at;
    while (end > start && is_blank(text.ptr[end - 1]))
        end--;
    tn_buf_clear(element);
    for (size_t i = start; i < end; i++)
        tn_buf_put_u8(element, (uint8_t)tn_ascii_lower(text.ptr[i]));
    sql->failed |= element->failed;
    put_literal(sql, tn_buf_str(element));
}

/* A list of identifiers, each as a literal of its own: one literal for all would name one thing with a comma in it. */
static void put_list(struct tn_buf *sql, struct tn_str text)
{
    struct tn_buf element;
    size_t        at = 0;

    tn_buf_init(&element, text.len + 1);
    for (;;) {
        while (at < text.len && is_blank(text.ptr[at]))
            at++;
        if (at < text.len && (text.ptr[at] == '"' || text.ptr[at] == '\''))
            put_quoted(sql, text, &at, &element);
        else
            put_plain(sql, text, &at, &element);
        if (at >= text.len)
            break;
        at++;
        tn_buf_put_u8(sql, ',');
    }
    tn_buf_reset(&element);
}

static void put_conditional(struct tn_buf *sql, struct tn_str name, struct tn_str value)
{
    tn_buf_puts(sql, "SELECT pg_catalog.set_config(");
    put_literal(sql, name);
    tn_buf_put_u8(sql, ',');
    put_literal(sql, value);
    tn_buf_puts(sql, ",false) WHERE pg_catalog.current_setting(");
    put_literal(sql, name);
    tn_buf_puts(sql, ",true) IS NOT NULL;");
}

static bool is_certain(struct tn_str name, enum tn_cfg_engine only)
{
    return only == TN_CFG_ENGINE_POSTGRES || look_at(name) != 0 || memchr(name.ptr, '.', name.len) != NULL;
}

static void put_set(struct tn_buf *sql, const struct tn_session_setting *setting)
{
    if (!is_certain(setting->name, setting->only)) {
        put_conditional(sql, setting->name, setting->value);
        return;
    }
    tn_buf_puts(sql, "SET SESSION ");
    put_name(sql, setting->name);
    tn_buf_puts(sql, " TO ");
    if (look_at(setting->name) == 2)
        put_list(sql, setting->value);
    else
        put_literal(sql, setting->value);
    tn_buf_put_u8(sql, ';');
}

static void put_reset(struct tn_buf *sql, struct tn_str name)
{
    if (is_certain(name, TN_CFG_ENGINE_UNSET)) {
        tn_buf_puts(sql, "RESET ");
        put_name(sql, name);
        tn_buf_put_u8(sql, ';');
        return;
    }
    tn_buf_puts(sql, "SELECT pg_catalog.set_config(name,reset_val,false) FROM pg_catalog.pg_settings WHERE name=");
    put_literal(sql, name);
    tn_buf_put_u8(sql, ';');
}

static bool is_wanted(const struct tn_session_settings *wanted, const char *name, bool read_only)
{
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (tn_str_eq_c(wanted->items[i].name, name))
            return is_sent(&wanted->items[i], read_only);
    return false;
}

void tn_postgres_settings_write(const struct tn_postgres_settings *settings, const struct tn_session_settings *wanted,
                                bool read_only, struct tn_str after_reset, struct tn_buf *sql)
{
    size_t before = sql->len;

    for (size_t i = 0; i < settings->count; i++)
        if (settings->items[i].is_set && !is_wanted(wanted, settings->items[i].name, read_only))
            put_reset(sql, tn_str(settings->items[i].name));
    if (sql->len > before)
        tn_buf_put_str(sql, after_reset);
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++) {
        const struct tn_session_setting  *want = &wanted->items[i];
        const struct tn_postgres_setting *has = find(settings, want->name);

        if (!is_sent(want, read_only))
            continue;
        if (has == NULL || !has->is_set || has->value == NULL || !tn_str_eq_c(want->value, has->value))
            put_set(sql, want);
    }
}

static bool take_one(struct tn_postgres_settings *settings, const struct tn_session_setting *want)
{
    struct tn_postgres_setting *has = find(settings, want->name);

    if (has == NULL) {
        if (settings->count == settings->capacity) {
            size_t capacity = settings->capacity * 2 + 8;
            void  *items = tn_realloc(settings->items, capacity * sizeof *settings->items);

            if (items == NULL)
                return false;
            settings->items = items;
            settings->capacity = capacity;
        }
        has = &settings->items[settings->count];
        *has = (struct tn_postgres_setting){.name = tn_strndup(want->name.ptr, want->name.len)};
        if (has->name == NULL)
            return false;
        settings->count++;
    }
    tn_free(has->value);
    has->is_set = true;
    has->value = tn_strndup(want->value.ptr, want->value.len);
    return has->value != NULL;
}

bool tn_postgres_settings_take(struct tn_postgres_settings *settings, const struct tn_session_settings *wanted,
                               bool read_only)
{
    bool ok = true;

    for (size_t i = 0; i < settings->count; i++) {
        if (is_wanted(wanted, settings->items[i].name, read_only))
            continue;
        tn_free(settings->items[i].value);
        settings->items[i].value = NULL;
        settings->items[i].is_set = false;
    }
    for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (is_sent(&wanted->items[i], read_only))
            ok = take_one(settings, &wanted->items[i]) && ok;
    return ok;
}
