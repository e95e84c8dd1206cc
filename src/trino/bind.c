#include "trino/bind.h"

#include "base/buf.h"
#include "base/civil.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_value.h"
#include "stats/lexer.h"

enum { TOKENS = 8, TEXT_MAX = 256 * 1024 * 1024 };

/* ---- literals ---- */

/* Words before a string, or behind CAST(.. AS. */
static const struct {
    const char *name;
    uint32_t    oid;
} typed[] = {
    {"tinyint", TN_PG_INT2},   {"smallint", TN_PG_INT2}, {"integer", TN_PG_INT4},  {"int", TN_PG_INT4},   {"bigint", TN_PG_INT8},
    {"double", TN_PG_FLOAT8},  {"real", TN_PG_FLOAT4},   {"decimal", TN_PG_NUMERIC}, {"boolean", TN_PG_BOOL}, {"date", TN_PG_DATE},
    {"time", TN_PG_TIME},      {"timestamp", TN_PG_TIMESTAMP}, {"uuid", TN_PG_UUID}, {"json", TN_PG_JSON}, {"varchar", 0},
};

static bool find_type(struct tn_str name, uint32_t *oid)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(typed); i++)
        if (tn_str_ieq_c(name, typed[i].name)) {
            *oid = typed[i].oid;
            return true;
        }
    return false;
}

/* "2020-01-01 10:00:00 Europe/Berlin", "10:00:00+01:00": a zone follows the clock. */
static bool has_zone(struct tn_str text)
{
    const char *colon = memchr(text.ptr, ':', text.len);

    for (const char *c = colon; c != NULL && c < text.ptr + text.len; c++)
        if (!((*c >= '0' && *c <= '9') || *c == ':' || *c == '.'))
            return true;
    return false;
}

static bool decode(uint32_t oid, struct tn_str text, struct tn_arena *arena, struct tn_param *out)
{
    static const struct tn_pg_style style = TN_PG_STYLE_INIT;

    *out = (struct tn_param){.pg_oid = oid, .pg_bytes = text};
    return tn_pg_value_decode(oid, 0, text, &style, arena, &out->value, NULL) == TN_OK;
}

static bool set_null(struct tn_param *out)
{
    *out = (struct tn_param){.value = {.type = TN_TYPE_NULL}};
    return true;
}

static bool number(struct tn_str text, struct tn_arena *arena, struct tn_param *out)
{
    int64_t  integer;
    uint32_t oid = TN_PG_NUMERIC;

    if (tn_str_to_i64(text, INT64_MIN, INT64_MAX, &integer))
        oid = integer >= INT32_MIN && integer <= INT32_MAX ? TN_PG_INT4 : TN_PG_INT8;
    else if (memchr(text.ptr, 'e', text.len) != NULL || memchr(text.ptr, 'E', text.len) != NULL)
        oid = TN_PG_FLOAT8;
    return decode(oid, text, arena, out);
}

static int hex_digit(char c)
{
    char l = tn_ascii_lower(c);

    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* X'65 66': the text that PostgreSQL writes for bytes is its pg_bytes. */
static bool bytes(struct tn_str hex, struct tn_arena *arena, struct tn_param *out)
{
    char  *text = tn_arena_alloc(arena, hex.len + 3);
    size_t len = 2;

    if (text == NULL)
        return false;
    memcpy(text, "\\x", 2);
    for (size_t i = 0; i < hex.len; i++) {
        if (hex.ptr[i] == ' ')
            continue;
        if (hex_digit(hex.ptr[i]) < 0)
            return false;
        text[len++] = hex.ptr[i];
    }
    text[len] = '\0';
    return decode(TN_PG_BYTEA, tn_str_n(text, len), arena, out);
}

/* What stands between the quotes. */
static bool unquote(const struct tn_token *token, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_str text = token->text;
    char         *to;
    size_t        len = 0;

    if (token->kind != TN_TOKEN_STRING || token->unterminated || text.len < 2 || text.ptr[0] != '\'')
        return false;
    to = tn_arena_alloc(arena, text.len);
    if (to == NULL)
        return false;
    for (size_t i = 1; i + 1 < text.len; i++) {
        to[len++] = text.ptr[i];
        i += text.ptr[i] == '\'';
    }
    to[len] = '\0';
    *out = tn_str_n(to, len);
    return true;
}

/* Zones as Trino reads them, and as PostgreSQL, whose readers are used here, does not: "UTC-05:30" is west of Greenwich; of an hour
 * that comes twice the first is meant; one that does not come is none. *OUT: TEXT with its zone as an offset, where that is needed. */
static bool by_offset(struct tn_str text, struct tn_arena *arena, struct tn_str *out)
{
    const char        *space = memrchr(text.ptr, ' ', text.len);
    struct tn_str      zone = space == NULL ? TN_STR("") : tn_str_n(space + 1, text.len - (size_t)(space + 1 - text.ptr));
    struct tn_tz_range range = TN_TZ_RANGE_INIT;
    struct tn_param    local;
    struct tn_tz      *tz;
    int64_t            local_s;
    int32_t            east_s, earlier_s;
    char              *copy;

    *out = text;
    if (zone.len < 3 || tn_ascii_lower(zone.ptr[0]) < 'a' || tn_ascii_lower(zone.ptr[0]) > 'z')
        return true;
    for (size_t i = 2; i <= 3 && i < zone.len; i++)
        if ((zone.ptr[i] == '+' || zone.ptr[i] == '-') && (tn_str_ieq_c(tn_str_n(zone.ptr, i), i == 2 ? "ut" : "utc") || tn_str_ieq_c(tn_str_n(zone.ptr, i), "gmt"))) {
            copy = tn_arena_strdup(arena, text);
            if (copy != NULL)
                memset(copy + (zone.ptr - text.ptr), ' ', i);
            *out = tn_str_n(copy, text.len);
            return copy != NULL;
        }
    if (!decode(TN_PG_TIMESTAMP, text, arena, &local) || tn_tz_load(&tz, zone, NULL) != TN_OK)
        return false;
    local_s = tn_floor_div(local.value.as.i64, 1000000);
    east_s = tn_tz_local_offset(tz, local_s);
    earlier_s = tn_tz_offset(tz, local_s - east_s - 3600, &range);
    if (local_s - earlier_s == local_s - east_s - 3600)
        east_s = earlier_s;
    range = (struct tn_tz_range)TN_TZ_RANGE_INIT;
    copy = tn_tz_offset(tz, local_s - east_s, &range) == east_s ? tn_arena_alloc(arena, text.len + 16) : NULL;
    tn_tz_free(tz);
    if (copy == NULL)
        return false;
    snprintf(copy, text.len + 16, "%.*s%c%02d:%02d:%02d", (int)(zone.ptr - text.ptr), text.ptr, east_s < 0 ? '-' : '+', abs(east_s) / 3600,
             abs(east_s) / 60 % 60, abs(east_s) % 60);
    *out = tn_str(copy);
    return true;
}

/* DATE '1-02-03' is of the year 1, as some clients write it, and to PostgreSQL's reader of 2001: *TEXT has four digits of it then. */
static bool whole_year(struct tn_arena *arena, struct tn_str *text)
{
    size_t digits = 0;
    char  *copy;

    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9')
        digits++;
    if (digits == 0 || digits > 3 || digits == text->len || text->ptr[digits] != '-')
        return true;
    copy = tn_arena_alloc(arena, text->len + 5);
    if (copy == NULL)
        return false;
    memset(copy, '0', 4 - digits);
    memcpy(copy + 4 - digits, text->ptr, text->len);
    copy[text->len + 4 - digits] = '\0';
    *text = tn_str_n(copy, text->len + 4 - digits);
    return true;
}

static bool typed_string(struct tn_str type, const struct tn_token *string, struct tn_arena *arena, struct tn_param *out)
{
    struct tn_str text;
    uint32_t      oid;

    if (!unquote(string, arena, &text) || !find_type(type, &oid))
        return false;
    if ((oid == TN_PG_DATE || oid == TN_PG_TIMESTAMP) && !whole_year(arena, &text))
        return false;
    if (oid == TN_PG_TIMESTAMP && has_zone(text)) {
        oid = TN_PG_TIMESTAMPTZ;
        if (!by_offset(text, arena, &text))
            return false;
    }
    else if (oid == TN_PG_TIME && has_zone(text))
        oid = TN_PG_TIMETZ;
    return decode(oid, text, arena, out);
}

/* The tokens of EXPRESSION; 0 when it has more than TOKENS. */
static size_t split(struct tn_str expression, struct tn_token tokens[TOKENS])
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          count = 0;

    tn_lexer_init(&lexer, expression, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token)) {
        if (count == TOKENS)
            return 0;
        tokens[count++] = token;
    }
    return count;
}

static bool one_token(const struct tn_token *token, struct tn_arena *arena, struct tn_param *out)
{
    struct tn_str text = token->text;

    if (token->kind == TN_TOKEN_NUMBER)
        return number(text, arena, out);
    if (token->kind == TN_TOKEN_WORD && tn_str_ieq_c(text, "null"))
        return set_null(out);
    if (token->kind == TN_TOKEN_WORD && (tn_str_ieq_c(text, "true") || tn_str_ieq_c(text, "false")))
        return decode(TN_PG_BOOL, text, arena, out);
    if (token->kind == TN_TOKEN_STRING && text.len >= 3 && tn_ascii_lower(text.ptr[0]) == 'x' && text.ptr[1] == '\'')
        return !token->unterminated && bytes(tn_str_n(text.ptr + 2, text.len - 3), arena, out);
    return unquote(token, arena, &text) && decode(0, text, arena, out);
}

static bool is_word(const struct tn_token *token, const char *word)
{
    return token->kind == TN_TOKEN_WORD && tn_str_ieq_c(token->text, word);
}

/* CAST ( 'text' AS type ) */
static bool cast(const struct tn_token *t, size_t count, struct tn_arena *arena, struct tn_param *out)
{
    if (count != 6 || !is_word(&t[0], "cast") || t[1].punct != '(' || !is_word(&t[3], "as") || t[5].punct != ')' ||
        t[4].kind != TN_TOKEN_WORD)
        return false;
    if (is_word(&t[2], "null")) {
        (void)set_null(out);
        (void)find_type(t[4].text, &out->pg_oid); /* of one that we do not know it is NULL all the same */
        return true;
    }
    return typed_string(t[4].text, &t[2], arena, out);
}

/* nan(), infinity(), -infinity() */
static bool special_number(const struct tn_token *t, size_t count, struct tn_arena *arena, struct tn_param *out)
{
    bool negative = count == 4 && t[0].punct == '-';

    t += negative;
    if (count - negative != 3 || t[1].punct != '(' || t[2].punct != ')')
        return false;
    if (is_word(&t[0], "nan") && !negative)
        return decode(TN_PG_FLOAT8, TN_STR("NaN"), arena, out);
    return is_word(&t[0], "infinity") && decode(TN_PG_FLOAT8, negative ? TN_STR("-Infinity") : TN_STR("Infinity"), arena, out);
}

bool tn_trino_literal(struct tn_str expression, struct tn_arena *arena, struct tn_param *out)
{
    struct tn_token tokens[TOKENS];
    size_t          count = split(expression, tokens);

    if (count == 1)
        return one_token(&tokens[0], arena, out);
    if (count == 2 && tokens[0].punct == '-' && tokens[1].kind == TN_TOKEN_NUMBER &&
        tokens[1].text.ptr == tokens[0].text.ptr + 1)
        return number(tn_str_n(tokens[0].text.ptr, tokens[1].text.len + 1), arena, out);
    if (count == 2 && tokens[0].kind == TN_TOKEN_WORD && tn_str_ieq_c(tokens[0].text, "x") && tokens[1].kind == TN_TOKEN_STRING &&
        !tokens[1].unterminated && tokens[1].text.len >= 2)
        return bytes(tn_str_n(tokens[1].text.ptr + 1, tokens[1].text.len - 2), arena, out);
    if (count == 2 && tokens[0].kind == TN_TOKEN_WORD)
        return typed_string(tokens[0].text, &tokens[1], arena, out);
    return special_number(tokens, count, arena, out) || cast(tokens, count, arena, out);
}

/* ---- binding ---- */

static bool is_mark(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_PARAM && token->text.len == 1 && token->text.ptr[0] == '?';
}

size_t tn_trino_count_params(struct tn_str sql)
{
    struct tn_lexer lexer;
    struct tn_token token;
    size_t          count = 0;

    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token))
        count += is_mark(&token);
    return count;
}

static bool is_one_token(struct tn_str argument)
{
    struct tn_token tokens[TOKENS];

    return split(argument, tokens) == 1;
}

/* `? IS NULL`: a parameter that nothing but itself gives a type to; PostgreSQL refuses one without. */
static bool is_asked(struct tn_lexer behind)
{
    struct tn_token next;

    return tn_lexer_next(&behind, &next) && is_word(&next, "is");
}

static void put_argument(struct tn_buf *text, struct tn_str argument, bool asked, bool as_written, struct tn_arena *arena, struct tn_param *items,
                         size_t *count)
{
    if ((!as_written || is_one_token(argument)) && tn_trino_literal(argument, arena, &items[*count])) {
        struct tn_param *param = &items[*count];

        if (asked && param->pg_oid == 0 && param->value.type == TN_TYPE_NULL) {
            tn_buf_puts(text, "NULL");
            return;
        }
        if (asked && param->pg_oid == 0 && !as_written)
            param->pg_oid = TN_PG_TEXT;
        ++*count;
        tn_buf_printf(text, "$%zu", *count);
        return;
    }
    tn_buf_put_u8(text, '(');
    tn_buf_put_str(text, argument);
    tn_buf_puts(text, "\n)"); /* the line's end ends a comment of the expression, too */
}

enum tn_status tn_trino_bind(struct tn_str sql, const struct tn_str *arguments, size_t count, bool as_written,
                             struct tn_arena *arena, struct tn_str *out, struct tn_params *params, struct tn_error *err)
{
    struct tn_param *items = tn_arena_zalloc(arena, (count + 1) * sizeof *items);
    size_t           wanted = tn_trino_count_params(sql), at = 0, copied = 0, bound = 0;
    struct tn_lexer  lexer;
    struct tn_token  token;
    struct tn_buf    text;
    bool             ok;

    if (wanted != count)
        return tn_fail(err, TN_E_INVALID, "42P02", "Incorrect number of parameters: expected %zu but found %zu", wanted, count);
    tn_buf_init(&text, TEXT_MAX);
    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (items != NULL && tn_lexer_next(&lexer, &token)) {
        if (!is_mark(&token))
            continue;
        tn_buf_append(&text, sql.ptr + copied, (size_t)(token.text.ptr - sql.ptr) - copied);
        put_argument(&text, arguments[at], is_asked(lexer), as_written, arena, items, &bound);
        at++;
        copied = (size_t)(token.text.ptr - sql.ptr) + 1;
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = items != NULL && !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    *params = (struct tn_params){.count = bound, .items = items};
    return ok ? TN_OK : tn_fail(err, TN_E_NOMEM, "53200", "no memory for the parameters of a statement");
}

bool tn_trino_bind_nothing(struct tn_str sql, struct tn_arena *arena, struct tn_str *out)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_buf   text;
    size_t          copied = 0, count = 0;
    bool            ok;

    tn_buf_init(&text, TEXT_MAX);
    tn_lexer_init(&lexer, sql, TN_DIALECT_TRINO);
    while (tn_lexer_next(&lexer, &token)) {
        if (!is_mark(&token))
            continue;
        tn_buf_append(&text, sql.ptr + copied, (size_t)(token.text.ptr - sql.ptr) - copied);
        tn_buf_printf(&text, "$%zu", ++count);
        copied = (size_t)(token.text.ptr - sql.ptr) + 1;
    }
    tn_buf_append(&text, sql.ptr + copied, sql.len - copied);
    ok = !text.failed && tn_arena_str(arena, tn_buf_str(&text), out);
    tn_buf_reset(&text);
    return ok;
}

/* ---- back ---- */

static bool is_inside(char c) /* of a character */
{
    return ((unsigned char)c & 0xC0u) == 0x80u;
}

/* How many bytes of BOUND stand for a `?`; 0: none. */
static size_t bound_len(struct tn_str bound)
{
    const char *end;
    size_t      len = 1;

    if (tn_str_starts(bound, TN_STR("NULL")))
        return 4;
    if (bound.ptr[0] == '(') {
        end = memmem(bound.ptr, bound.len, "\n)", 2);
        return end == NULL ? 0 : (size_t)(end - bound.ptr) + 2;
    }
    while (len < bound.len && bound.ptr[len] >= '0' && bound.ptr[len] <= '9')
        len++;
    return bound.ptr[0] == '$' ? len : 0;
}

int tn_trino_bind_place(struct tn_str sql, struct tn_str bound, int position)
{
    size_t i = 0, j = 0, step;
    int    left = position - 1, place = 1; /* characters of BOUND to go; of SQL so far */

    while (left > 0 && i < sql.len && j < bound.len) {
        step = sql.ptr[i] == bound.ptr[j] ? 1 : sql.ptr[i] == '?' ? bound_len(tn_str_n(bound.ptr + j, bound.len - j)) : 0;
        if (step == 0)
            return 0;
        place += !is_inside(sql.ptr[i++]);
        for (; step > 0; step--)
            left -= !is_inside(bound.ptr[j++]);
    }
    if (position <= 0 || left > 0)
        return 0;
    return i == sql.len || j == bound.len || sql.ptr[i] == bound.ptr[j] || sql.ptr[i] == '?' ? place : 0;
}
