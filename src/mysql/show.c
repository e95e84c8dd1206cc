/* SHOW: lists that Turnout knows; tables and columns are asked of the engine (show_table.c). */
#include "base/alloc.h"
#include "mysql/plain.h"
#include "mysql/private.h"
#include "mysql/variables.h"
#include "session/words.h"
#include "net/tls.h"

enum { NAMES = 32 };

bool tn_my_like(struct tn_str pattern, struct tn_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, back = 0;

    if (pattern.ptr == NULL)
        return true;
    while (t < text.len) {
        bool escaped = p + 1 < pattern.len && pattern.ptr[p] == '\\';
        char c = p < pattern.len ? pattern.ptr[p + escaped] : '\0';

        if (p < pattern.len && !escaped && c == '%') {
            star = p++;
            back = t;
        } else if (p < pattern.len && ((!escaped && c == '_') || tn_ascii_lower(c) == tn_ascii_lower(text.ptr[t]))) {
            p += 1 + escaped;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '%')
        p++;
    return p == pattern.len;
}

/* LIKE 'p', or the texts of a WHERE: a row is shown when its name is one of them, or fits one where LIKE stands there. */
struct filter {
    struct tn_str names[NAMES];
    size_t        count;
    bool          like, any;
};

static void read_filter(struct tn_my_session *s, struct tn_words *words, struct filter *out)
{
    bool where = false;

    *out = (struct filter){.any = true};
    for (; !tn_words_at_end(words) && out->count < NAMES; tn_words_next(words)) {
        where = where || tn_words_at(words, "where");
        out->like = out->like || tn_words_at(words, "like");
        if (words->token.kind != TN_TOKEN_STRING || !(where || out->like))
            continue;
        out->names[out->count++] = tn_my_unquote(words->token.text, &s->arena);
        out->any = false;
    }
}

static bool passes(const struct filter *filter, struct tn_str name)
{
    if (filter->any)
        return true;
    for (size_t i = 0; i < filter->count; i++)
        if (filter->like ? tn_my_like(filter->names[i], name) : tn_str_ieq(filter->names[i], name))
            return true;
    return false;
}

static void done(struct tn_my_session *s)
{
    tn_my_end_rows(s);
    tn_my_statement_done(s, false);
}

/* ---- lists ---- */

static const char *const pair_names[] = {"Variable_name", "Value"};

static void show_variables(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_my_table table = {.count = 2, .names = pair_names};
    struct filter      filter;

    read_filter(s, words, &filter);
    tn_my_put_table(s, &table);
    for (int i = 0; i < (int)tn_my_variable_rows(); i++) {
        struct tn_str row[2] = {tn_str(tn_my_variable_name(i)), {NULL, 0}};

        if (!passes(&filter, row[0]))
            continue;
        row[1] = tn_my_variable_text(s, i, true, &s->arena);
        tn_my_put_row(s, &table, row);
    }
    done(s);
}

static void show_status(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_my_table table = {.count = 2, .names = pair_names};
    char               texts[6][24];
    const char        *names[] = {"Bytes_received", "Bytes_sent", "Questions", "Threads_connected", "Uptime", "Ssl_cipher"};
    struct filter      filter;

    read_filter(s, words, &filter);
    snprintf(texts[0], sizeof texts[0], "%llu", (unsigned long long)s->client.bytes_in);
    snprintf(texts[1], sizeof texts[1], "%llu", (unsigned long long)s->client.out.written);
    snprintf(texts[2], sizeof texts[2], "%llu", (unsigned long long)s->statements);
    snprintf(texts[3], sizeof texts[3], "%u", tn_places_taken(&s->mysql->places));
    snprintf(texts[4], sizeof texts[4], "%llu", (unsigned long long)((tn_worker_now_us(s->worker) - s->runtime->server->started_us) / 1000000));
    snprintf(texts[5], sizeof texts[5], "%s", tn_tls_version(&s->client.transport));
    tn_my_put_table(s, &table);
    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++) {
        struct tn_str row[2] = {tn_str(names[i]), tn_str(texts[i])};

        if (passes(&filter, row[0]))
            tn_my_put_row(s, &table, row);
    }
    done(s);
}

static void show_collation(struct tn_my_session *s, struct tn_words *words)
{
    static const char *const names[] = {"Collation", "Charset", "Id", "Default", "Compiled", "Sortlen", "Pad_attribute"};
    static const uint8_t     types[] = {253, 253, 8, 253, 253, 8, 253};
    struct tn_my_table       table = {.count = 7, .names = names, .types = types};
    struct filter            filter;

    read_filter(s, words, &filter);
    tn_my_put_table(s, &table);
    for (size_t i = 0; tn_my_charset_at(i) != NULL; i++) {
        const struct tn_my_charset *c = tn_my_charset_at(i);
        char                        id[8];
        struct tn_str               row[7] = {tn_str(c->collation), tn_str(c->charset), {NULL, 0}, c->is_default ? TN_STR("Yes") : TN_STR(""),
                                              TN_STR("Yes"), TN_STR("1"), strstr(c->collation, "0900") != NULL ? TN_STR("NO PAD") : TN_STR("PAD SPACE")};

        snprintf(id, sizeof id, "%u", c->number);
        row[2] = tn_str(id);
        if (passes(&filter, row[0]) || (!filter.like && passes(&filter, row[1])))
            tn_my_put_row(s, &table, row);
    }
    done(s);
}

static void show_charset(struct tn_my_session *s, struct tn_words *words)
{
    static const char *const names[] = {"Charset", "Description", "Default collation", "Maxlen"};
    static const uint8_t     types[] = {253, 253, 253, 8};
    struct tn_my_table       table = {.count = 4, .names = names, .types = types};
    struct filter            filter;

    read_filter(s, words, &filter);
    tn_my_put_table(s, &table);
    for (size_t i = 0; tn_my_charset_at(i) != NULL; i++) {
        const struct tn_my_charset *c = tn_my_charset_at(i);
        char                        bytes[2] = {(char)('0' + c->max_bytes), '\0'};
        struct tn_str               row[4] = {tn_str(c->charset), tn_str(c->charset), tn_str(c->collation), tn_str(bytes)};

        if (c->is_default && passes(&filter, row[0]))
            tn_my_put_row(s, &table, row);
    }
    done(s);
}

/* Names of columns, a `|` between them, and one row of texts or none. */
static void show_fixed(struct tn_my_session *s, const char *columns, const char *values)
{
    struct tn_str      heads[16], row[16];
    struct tn_my_table table = {.heads = heads};
    size_t             fields = 0;

    for (const char *at = columns, *end; at != NULL; at = end == NULL ? NULL : end + 1) {
        end = strchr(at, '|');
        heads[table.count++] = tn_str_n(at, end == NULL ? strlen(at) : (size_t)(end - at));
    }
    tn_my_put_table(s, &table);
    for (const char *at = values, *end; at != NULL; at = end == NULL ? NULL : end + 1) {
        end = strchr(at, '|');
        row[fields++] = tn_str_n(at, end == NULL ? strlen(at) : (size_t)(end - at));
        if (fields == table.count)
            tn_my_put_row(s, &table, row);
        fields %= table.count;
    }
    done(s);
}

static void show_databases(struct tn_my_session *s, struct tn_words *words)
{
    const struct tn_config *config = s->runtime->snapshot->config;
    static const char *const names[] = {"Database"};
    struct tn_my_table       table = {.count = 1, .names = names};
    struct tn_str            name = TN_STR("information_schema"), own = tn_str(s->database);
    struct filter            filter;
    bool                     listed = s->database[0] == '\0';

    read_filter(s, words, &filter);
    tn_my_put_table(s, &table);
    if (passes(&filter, name))
        tn_my_put_row(s, &table, &name);
    for (size_t i = 0; i < config->group_count; i++) {
        name = config->groups[i].name;
        listed = listed || tn_str_eq(name, own);
        if (passes(&filter, name))
            tn_my_put_row(s, &table, &name);
    }
    if (!listed && passes(&filter, own))
        tn_my_put_row(s, &table, &own);
    done(s);
}

static void show_warnings(struct tn_my_session *s, bool errors_only)
{
    static const char *const names[] = {"Level", "Code", "Message"};
    static const uint8_t     types[] = {253, 8, 253};
    struct tn_my_table       table = {.count = 3, .names = names, .types = types};

    tn_my_put_table(s, &table);
    for (size_t i = 0; i < s->warning_count; i++) {
        char          code[8];
        struct tn_str row[3] = {tn_str(s->warnings[i].level), tn_str(code), tn_str(s->warnings[i].message)};

        snprintf(code, sizeof code, "%u", s->warnings[i].code);
        row[1] = tn_str(code);
        if (!errors_only || strcmp(s->warnings[i].level, "Error") == 0)
            tn_my_put_row(s, &table, row);
    }
    done(s);
}

static void show_count(struct tn_my_session *s, bool errors)
{
    const char        *name = errors ? "@@session.error_count" : "@@session.warning_count";
    uint8_t            type = TN_MY_TYPE_LONGLONG;
    struct tn_my_table table = {.count = 1, .names = &name, .types = &type};
    char               text[24];
    struct tn_str      row;

    snprintf(text, sizeof text, "%zu", s->warning_count);
    row = tn_str(text);
    tn_my_put_table(s, &table);
    tn_my_put_row(s, &table, &row);
    done(s);
}

static void show_grants(struct tn_my_session *s)
{
    char               head[256], grant[256];
    const char        *name = head;
    struct tn_my_table table = {.count = 1, .names = &name};
    struct tn_str      row;

    snprintf(head, sizeof head, "Grants for %.100s@%%", s->user);
    snprintf(grant, sizeof grant, "GRANT USAGE ON *.* TO `%.100s`@`%%`", s->user);
    row = tn_str(grant);
    tn_my_put_table(s, &table);
    tn_my_put_row(s, &table, &row);
    done(s);
}

/* ---- which ---- */

/* SHOW [FULL] COLUMNS FROM t [FROM db] [LIKE 'p'] */
static bool columns(struct tn_my_session *s, struct tn_words *words, bool full)
{
    struct tn_str table, database;
    struct filter filter;

    if ((!tn_words_accept(words, "from") && !tn_words_accept(words, "in")) || !tn_my_read_name(s, words, &table))
        return false;
    if ((tn_words_accept(words, "from") || tn_words_accept(words, "in")) && !tn_my_read_name(s, words, &database))
        return false;
    read_filter(s, words, &filter);
    tn_my_show_columns(s, table, full, filter.count > 0 ? filter.names[0] : tn_str_n(NULL, 0));
    return true;
}

static bool tables(struct tn_my_session *s, struct tn_words *words, bool full)
{
    struct tn_str database;
    struct filter filter;

    if ((tn_words_accept(words, "from") || tn_words_accept(words, "in")) && !tn_my_read_name(s, words, &database))
        return false;
    read_filter(s, words, &filter);
    tn_my_show_tables(s, full, filter.like && filter.count > 0 ? filter.names[0] : tn_str_n(NULL, 0));
    return true;
}

static bool create(struct tn_my_session *s, struct tn_words *words)
{
    struct tn_str name;

    if ((!tn_words_accept(words, "table") && !tn_words_accept(words, "view")) || !tn_my_read_name(s, words, &name))
        return false;
    tn_my_show_create(s, name);
    return true;
}

static bool lists(struct tn_my_session *s, struct tn_words *words)
{
    static const struct {
        const char *word, *columns, *values;
    } fixed[] = {
        {"engines", "Engine|Support|Comment|Transactions|XA|Savepoints", "Turnout|DEFAULT|Routes to the engines of its groups|YES|NO|NO"},
        {"plugins", "Name|Status|Type|Library|License", "caching_sha2_password|ACTIVE|AUTHENTICATION||GPL"},
        {"privileges", "Privilege|Context|Comment", NULL},
        {"index", "Table|Non_unique|Key_name|Seq_in_index|Column_name|Collation|Cardinality|Sub_part|Packed|Null|Index_type|Comment|Index_comment", NULL},
        {"indexes", "Table|Non_unique|Key_name|Seq_in_index|Column_name|Collation|Cardinality|Sub_part|Packed|Null|Index_type|Comment|Index_comment", NULL},
        {"keys", "Table|Non_unique|Key_name|Seq_in_index|Column_name|Collation|Cardinality|Sub_part|Packed|Null|Index_type|Comment|Index_comment", NULL},
        {"triggers", "Trigger|Event|Table|Statement|Timing|Created|sql_mode|Definer|character_set_client|collation_connection|Database Collation", NULL},
        {"events", "Db|Name|Definer|Time zone|Type|Execute at|Interval value|Interval field|Starts|Ends|Status|Originator|character_set_client|collation_connection|Database Collation", NULL},
        {"procedure", "Db|Name|Type|Definer|Modified|Created|Security_type|Comment|character_set_client|collation_connection|Database Collation", NULL},
        {"function", "Db|Name|Type|Definer|Modified|Created|Security_type|Comment|character_set_client|collation_connection|Database Collation", NULL},
        {"profiles", "Query_ID|Duration|Query", NULL},
    };

    for (size_t i = 0; i < TN_ARRAY_LEN(fixed); i++)
        if (tn_words_at(words, fixed[i].word)) {
            show_fixed(s, fixed[i].columns, fixed[i].values);
            return true;
        }
    return false;
}

static bool counts(struct tn_my_session *s, struct tn_words *words)
{
    while (words->token.kind == TN_TOKEN_PUNCT)
        tn_words_next(words);
    if (!tn_words_at(words, "warnings") && !tn_words_at(words, "errors"))
        return false;
    show_count(s, tn_words_at(words, "errors"));
    return true;
}

bool tn_my_show(struct tn_my_session *s, struct tn_words *words)
{
    bool full = tn_words_accept(words, "full");

    if (!tn_words_accept(words, "session") && !tn_words_accept(words, "global"))
        tn_words_accept(words, "local");
    tn_words_accept(words, "extended");
    full = tn_words_accept(words, "full") || full;
    tn_words_accept(words, "storage");
    if (tn_words_accept(words, "variables"))
        show_variables(s, words);
    else if (tn_words_accept(words, "status"))
        show_status(s, words);
    else if (tn_words_accept(words, "collation"))
        show_collation(s, words);
    else if (tn_words_accept(words, "charset") || (tn_words_accept(words, "character") && tn_words_accept(words, "set")))
        show_charset(s, words);
    else if (tn_words_accept(words, "databases") || tn_words_accept(words, "schemas"))
        show_databases(s, words);
    else if (tn_words_accept(words, "processlist"))
        tn_my_show_processes(s, full);
    else if (tn_words_at(words, "warnings") || tn_words_at(words, "errors"))
        show_warnings(s, tn_words_at(words, "errors"));
    else if (tn_words_accept(words, "grants"))
        show_grants(s);
    else if (tn_words_accept(words, "count"))
        return counts(s, words);
    else if (tn_words_accept(words, "columns") || tn_words_accept(words, "fields"))
        return columns(s, words, full);
    else if (tn_words_accept(words, "tables"))
        return tables(s, words, full);
    else if (tn_words_accept(words, "create"))
        return create(s, words);
    else
        return lists(s, words);
    return true;
}
