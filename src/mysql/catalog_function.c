#include "mysql/catalog_function.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/alloc.h"
#include "base/buf.h"
#include "mysql/catalog_type.h"

#include <pcre2.h>

enum { TEXT_MAX = 16 * 1024 * 1024, MATCH_LIMIT = 100000, WORK_MAX = 64 * 1024 * 1024, HEAP_KIB = 4096, PATTERN_MAX = 4096 };

/* ---- LIKE ---- */

static size_t char_len(struct tn_str text, size_t at)
{
    size_t len = 1;

    while (at + len < text.len && ((unsigned char)text.ptr[at + len] & 0xC0u) == 0x80u)
        len++;
    return len;
}

bool tn_my_like_escape(struct tn_str pattern, struct tn_str text, char escape)
{
    size_t p = 0, t = 0, star = SIZE_MAX, back = 0;

    if (pattern.ptr == NULL)
        return true;
    while (t < text.len) {
        bool escaped = escape != '\0' && p + 1 < pattern.len && pattern.ptr[p] == escape;
        char c = p < pattern.len ? pattern.ptr[p + escaped] : '\0';

        if (p < pattern.len && !escaped && c == '%') {
            star = p++;
            back = t;
        } else if (p < pattern.len && !escaped && c == '_') {
            p++;
            t += char_len(text, t);
        } else if (p < pattern.len && tn_ascii_lower(c) == tn_ascii_lower(text.ptr[t])) {
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

/* ---- values ---- */

static struct tn_str text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);

    return tn_str_n(text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

static void give(sqlite3_context *context, struct tn_str text)
{
    sqlite3_result_text64(context, text.ptr == NULL ? "" : text.ptr, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void give_fact(sqlite3_context *context, int64_t fact)
{
    if (fact >= 0)
        sqlite3_result_int64(context, fact);
}

static bool any_null(int argc, sqlite3_value **argv)
{
    for (int i = 0; i < argc; i++)
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            return true;
    return false;
}

static const struct tn_my_asker *asker_of(sqlite3_context *context)
{
    return sqlite3_user_data(context);
}

/* One text is looked for in another, at every place: SQLite cannot interrupt that. */
static bool too_much(sqlite3_context *context, struct tn_str text, struct tn_str part)
{
    if ((uint64_t)text.len * part.len <= WORK_MAX)
        return false;
    sqlite3_result_error(context, "the texts are too long to look for one in the other", -1);
    return true;
}

/* ---- of the catalog ---- */

/* 't' as MySQL's booleans are. */
static void make_number(struct tn_buf *text)
{
    bool on = text->len > 0 && (text->data[0] == 't' || text->data[0] == '1');

    tn_buf_clear(text);
    tn_buf_puts(text, on ? "1" : "0");
}

/* 'x', 'x'::text, CAST('x' AS t), 5, true: a literal's value. False: it is an expression. */
static bool literal_of(struct tn_str text, struct tn_buf *out)
{
    size_t at = 0;
    double number;

    text = tn_str_trim(text);
    if (text.len > 5 && tn_str_ieq_c(tn_str_n(text.ptr, 5), "cast("))
        text = tn_str_trim(tn_str_n(text.ptr + 5, text.len - 5));
    while (text.len > 1 && text.ptr[0] == '(' && text.ptr[text.len - 1] == ')')
        text = tn_str_trim(tn_str_n(text.ptr + 1, text.len - 2));
    if (text.len == 0 || text.ptr[0] != '\'') {
        bool is = text.len > 0 && (tn_str_to_double(text, &number) || tn_str_ieq_c(text, "true") || tn_str_ieq_c(text, "false"));

        tn_buf_put_str(out, tn_str_ieq_c(text, "true") ? TN_STR("1") : tn_str_ieq_c(text, "false") ? TN_STR("0") : text);
        return is;
    }
    for (at = 1; at < text.len; at++) {
        if (text.ptr[at] == '\'' && !(at + 1 < text.len && text.ptr[at + 1] == '\''))
            break;
        tn_buf_put_u8(out, (uint8_t)text.ptr[at]);
        at += text.ptr[at] == '\'';
    }
    at++;
    text = at < text.len ? tn_str_trim(tn_str_n(text.ptr + at, text.len - at)) : TN_STR("");
    if (tn_str_starts(text, TN_STR("AS BOOLEAN")) || tn_str_starts(text, TN_STR("::bool")))
        make_number(out);
    return text.len == 0 || text.ptr[0] == ':' || tn_str_starts(text, TN_STR("AS "));
}

/* A text of DuckDB's, which keeps no lengths, is a VARCHAR where it has a value by default: MySQL's TEXT has none. */
static bool is_varchar(enum tn_cfg_engine engine, const struct tn_my_type_facts *facts, struct tn_str dflt)
{
    struct tn_buf value;
    bool          is = false;

    if (engine != TN_CFG_ENGINE_DUCKDB || strcmp(facts->column_type, "text") != 0 || dflt.ptr == NULL)
        return false;
    tn_buf_init(&value, TEXT_MAX);
    is = literal_of(dflt, &value) && !tn_str_ieq_c(tn_str_trim(dflt), "null");
    tn_buf_reset(&value);
    return is;
}

/* The declared type, which fact, a column's value by default. */
static void fn_type(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_my_type_facts facts;

    tn_my_type_facts(asker_of(context)->engine, text_of(argv[0]), &facts);
    if (argc > 2 && is_varchar(asker_of(context)->engine, &facts, text_of(argv[2])))
        tn_my_type_facts(asker_of(context)->engine, TN_STR("VARCHAR(1024)"), &facts);
    switch (sqlite3_value_int(argv[1])) {
    case 0:  give(context, tn_str(facts.column_type)); break;
    case 1:  give(context, tn_str(facts.data_type)); break;
    case 2:  give_fact(context, facts.chars); break;
    case 3:  give_fact(context, facts.octets); break;
    case 4:  give_fact(context, facts.precision); break;
    case 5:  give_fact(context, facts.scale); break;
    case 6:  give_fact(context, facts.fraction); break;
    default: sqlite3_result_int(context, facts.text); break;
    }
}

/* With a second argument: is it an expression? */
static void fn_default(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text = text_of(argv[0]);
    struct tn_buf value;
    bool          is;

    if (text.ptr == NULL || tn_str_ieq_c(tn_str_trim(text), "null") || tn_str_starts(text, TN_STR("NULL::")))
        return;
    tn_buf_init(&value, TEXT_MAX);
    is = literal_of(text, &value);
    if (argc > 1)
        sqlite3_result_int(context, !is);
    else
        give(context, is ? tn_buf_str(&value) : text);
    tn_buf_reset(&value);
}

/* ---- of the session ---- */

static void fn_database(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    if (asker_of(context)->database.len > 0)
        give(context, asker_of(context)->database);
}

static void fn_user(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    give(context, asker_of(context)->user);
}

static void fn_current_user(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    give(context, asker_of(context)->current_user);
}

static void fn_version(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    give(context, asker_of(context)->version);
}

static void fn_connection_id(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_int64(context, (int64_t)asker_of(context)->connection_id);
}

/* ---- of texts ---- */

static void join(sqlite3_context *context, struct tn_str separator, int argc, sqlite3_value **argv)
{
    struct tn_buf text;
    bool          first = true;

    tn_buf_init(&text, TEXT_MAX);
    for (int i = 0; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            continue;
        if (!first)
            tn_buf_put_str(&text, separator);
        first = false;
        tn_buf_put_str(&text, text_of(argv[i]));
    }
    if (text.failed)
        sqlite3_result_error_toobig(context);
    else
        give(context, tn_buf_str(&text));
    tn_buf_reset(&text);
}

static void fn_concat(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    if (!any_null(argc, argv))
        join(context, TN_STR(""), argc, argv);
}

static void fn_concat_ws(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    if (argc > 0 && sqlite3_value_type(argv[0]) != SQLITE_NULL)
        join(context, text_of(argv[0]), argc - 1, argv + 1);
}

/* Bytes of the first COUNT characters. */
static size_t chars(struct tn_str text, int64_t count)
{
    size_t at = 0;

    for (int64_t i = 0; i < count && at < text.len; i++)
        at += char_len(text, at);
    return at;
}

static int64_t char_count(struct tn_str text)
{
    int64_t count = 0;

    for (size_t at = 0; at < text.len; at += char_len(text, at))
        count++;
    return count;
}

static void fn_left(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    if (any_null(argc, argv))
        return;
    give(context, tn_str_n(text_of(argv[0]).ptr, chars(text_of(argv[0]), sqlite3_value_int64(argv[1]))));
}

static void fn_right(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text;
    size_t        skip;

    if (any_null(argc, argv))
        return;
    text = text_of(argv[0]);
    skip = chars(text, char_count(text) - TN_MAX(sqlite3_value_int64(argv[1]), INT64_C(0)));
    give(context, tn_str_n(text.ptr + skip, text.len - skip));
}

static void fn_char_length(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    if (!any_null(argc, argv))
        sqlite3_result_int64(context, char_count(text_of(argv[0])));
}

static void fold(sqlite3_context *context, struct tn_str text, bool upper)
{
    char *copy = text.ptr == NULL ? NULL : sqlite3_malloc64(text.len + 1);

    if (copy == NULL)
        return;
    for (size_t i = 0; i < text.len; i++)
        copy[i] = upper && text.ptr[i] >= 'a' && text.ptr[i] <= 'z' ? (char)(text.ptr[i] - 32) : upper ? text.ptr[i] : tn_ascii_lower(text.ptr[i]);
    sqlite3_result_text64(context, copy, text.len, sqlite3_free, SQLITE_UTF8);
}

static void fn_lcase(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    fold(context, text_of(argv[0]), false);
}

static void fn_ucase(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    fold(context, text_of(argv[0]), true);
}

static void fn_isnull(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    sqlite3_result_int(context, any_null(argc, argv));
}

/* Where PART begins in TEXT, from FROM on, the case folded; SIZE_MAX: nowhere. */
static size_t find(struct tn_str text, struct tn_str part, size_t from)
{
    for (size_t at = from; at + part.len <= text.len; at++)
        if (tn_str_ieq(tn_str_n(text.ptr + at, part.len), part))
            return at;
    return SIZE_MAX;
}

static void fn_locate(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text;
    size_t        at;
    int64_t       from = argc > 2 ? sqlite3_value_int64(argv[2]) : 1;

    if (any_null(argc, argv))
        return;
    text = text_of(argv[1]);
    if (too_much(context, text, text_of(argv[0])))
        return;
    at = from < 1 ? SIZE_MAX : find(text, text_of(argv[0]), chars(text, from - 1));
    sqlite3_result_int64(context, at == SIZE_MAX ? 0 : char_count(tn_str_n(text.ptr, at)) + 1);
}

static void fn_instr(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    size_t at;

    if (any_null(argc, argv) || too_much(context, text_of(argv[0]), text_of(argv[1])))
        return;
    at = find(text_of(argv[0]), text_of(argv[1]), 0);
    sqlite3_result_int64(context, at == SIZE_MAX ? 0 : char_count(tn_str_n(text_of(argv[0]).ptr, at)) + 1);
}

static void fn_replace(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text, part;
    struct tn_buf replaced;
    const char   *at;

    if (any_null(argc, argv))
        return;
    text = text_of(argv[0]);
    part = text_of(argv[1]);
    tn_buf_init(&replaced, TEXT_MAX);
    while (part.len > 0 && (at = memmem(text.ptr, text.len, part.ptr, part.len)) != NULL) { /* takes no time of the product, as SQLite's own does */
        tn_buf_append(&replaced, text.ptr, (size_t)(at - text.ptr));
        tn_buf_put_str(&replaced, text_of(argv[2]));
        text = tn_str_n(at + part.len, text.len - (size_t)(at - text.ptr) - part.len);
    }
    tn_buf_put_str(&replaced, text);
    if (replaced.failed)
        sqlite3_result_error_toobig(context);
    else
        give(context, tn_buf_str(&replaced));
    tn_buf_reset(&replaced);
}

/* SQLite's own: not MySQL's, and nothing interrupts them. */
static void fn_none(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_error(context, "GLOB, and trim() and unhex() of two values, are none of MySQL's", -1);
}

static void fn_substring_index(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text, mark;
    int64_t       count, total = 0, seen = 0;

    if (any_null(argc, argv))
        return;
    text = text_of(argv[0]);
    mark = text_of(argv[1]);
    if (too_much(context, text, mark))
        return;
    count = sqlite3_value_int64(argv[2]);
    if (mark.len == 0 || count == 0) {
        give(context, TN_STR(""));
        return;
    }
    for (size_t at = 0; (at = find(text, mark, at)) != SIZE_MAX; at += mark.len)
        total++;
    for (size_t at = 0; (at = find(text, mark, at)) != SIZE_MAX; at += mark.len) {
        seen++;
        if (count > 0 && seen == count) {
            give(context, tn_str_n(text.ptr, at));
            return;
        }
        if (count < 0 && total - seen == -(count + 1)) {
            give(context, tn_str_n(text.ptr + at + mark.len, text.len - at - mark.len));
            return;
        }
    }
    give(context, text);
}

static void fn_find_in_set(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str set, wanted;
    int           place = 0;

    if (any_null(argc, argv))
        return;
    wanted = text_of(argv[0]);
    set = text_of(argv[1]);
    for (size_t at = 0, end; at <= set.len && set.len > 0; at = end + 1) {
        end = at;
        while (end < set.len && set.ptr[end] != ',')
            end++;
        place++;
        if (tn_str_ieq(tn_str_n(set.ptr + at, end - at), wanted)) {
            sqlite3_result_int(context, place);
            return;
        }
    }
    sqlite3_result_int(context, 0);
}

static void fn_field(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    for (int i = 1; i < argc; i++)
        if (sqlite3_value_type(argv[0]) != SQLITE_NULL && sqlite3_value_type(argv[i]) != SQLITE_NULL && tn_str_ieq(text_of(argv[0]), text_of(argv[i]))) {
            sqlite3_result_int(context, i);
            return;
        }
    sqlite3_result_int(context, 0);
}

static void fn_like(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str escape = argc > 2 ? text_of(argv[2]) : TN_STR("\\");

    if (!any_null(argc, argv) && !too_much(context, text_of(argv[1]), text_of(argv[0])))
        sqlite3_result_int(context, tn_my_like_escape(text_of(argv[0]), text_of(argv[1]), escape.len == 1 ? escape.ptr[0] : '\0'));
}

/* X REGEXP Y is regexp(Y, X). */
static void fn_regexp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str        pattern = text_of(argv[0]), text = text_of(argv[1]);
    pcre2_code          *code;
    pcre2_match_context *limits;
    pcre2_match_data    *data;
    int                  error, rc = PCRE2_ERROR_NOMEMORY;
    size_t               where;

    if (any_null(argc, argv))
        return;
    code = pattern.len > PATTERN_MAX ? NULL : pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, PCRE2_CASELESS | PCRE2_UTF, &error, &where, NULL);
    if (code == NULL) {
        sqlite3_result_error(context, "the regular expression cannot be read", -1);
        return;
    }
    limits = pcre2_match_context_create(NULL);
    data = pcre2_match_data_create(1, NULL);
    if (limits != NULL && data != NULL) {
        pcre2_set_match_limit(limits, MATCH_LIMIT);
        pcre2_set_heap_limit(limits, HEAP_KIB);
        rc = pcre2_match(code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, data, limits);
    }
    sqlite3_result_int(context, rc >= 0);
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
}

/* ---- collations ---- */

static int compare_bytes(void *arg, int a_len, const void *a, int b_len, const void *b)
{
    int order = memcmp(a, b, (size_t)TN_MIN(a_len, b_len));

    (void)arg;
    return order != 0 ? order : a_len - b_len;
}

static int compare_folded(void *arg, int a_len, const void *a, int b_len, const void *b)
{
    const char *left = a, *right = b;

    (void)arg;
    for (int i = 0; i < a_len && i < b_len; i++) {
        int order = (unsigned char)tn_ascii_lower(left[i]) - (unsigned char)tn_ascii_lower(right[i]);

        if (order != 0)
            return order;
    }
    return a_len - b_len;
}

/* utf8mb4_bin and the like; all others fold the case. */
static void on_collation(void *arg, sqlite3 *db, int encoding, const char *name)
{
    size_t len = strlen(name);
    bool   bytes = len > 4 && strcasecmp(name + len - 4, "_bin") == 0;

    (void)arg;
    sqlite3_create_collation(db, name, encoding, NULL, bytes ? compare_bytes : compare_folded);
}

int tn_my_catalog_functions(sqlite3 *db, const struct tn_my_asker *asker)
{
    static const struct {
        const char *name;
        int         args;
        void (*fn)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"tn_type", 2, fn_type}, {"tn_type", 3, fn_type}, {"tn_default", 1, fn_default}, {"tn_default", 2, fn_default}, {"database", 0, fn_database}, {"user", 0, fn_user},
        {"current_user", 0, fn_current_user}, {"version", 0, fn_version}, {"connection_id", 0, fn_connection_id}, {"concat", -1, fn_concat},
        {"concat_ws", -1, fn_concat_ws}, {"tn_left", 2, fn_left}, {"tn_right", 2, fn_right}, {"char_length", 1, fn_char_length}, {"lcase", 1, fn_lcase}, {"ucase", 1, fn_ucase},
        {"tn_isnull", 1, fn_isnull}, {"locate", 2, fn_locate}, {"locate", 3, fn_locate}, {"substring_index", 3, fn_substring_index},
        {"find_in_set", 2, fn_find_in_set}, {"field", -1, fn_field}, {"like", 2, fn_like}, {"like", 3, fn_like}, {"regexp", 2, fn_regexp},
        {"instr", 2, fn_instr}, {"replace", 3, fn_replace}, {"glob", 2, fn_none}, {"trim", 2, fn_none}, {"ltrim", 2, fn_none}, {"rtrim", 2, fn_none},
        {"unhex", 2, fn_none},
    };
    int rc = sqlite3_collation_needed(db, NULL, on_collation);

    for (size_t i = 0; i < TN_ARRAY_LEN(functions) && rc == SQLITE_OK; i++)
        rc = sqlite3_create_function(db, functions[i].name, functions[i].args, SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC,
                                     (void *)(uintptr_t)asker, functions[i].fn, NULL, NULL);
    return rc;
}
