#include "stats/sizes.h"

#include "base/hash.h"

enum { DAY_S = 86400 };

void tn_sizes_init(struct tn_sizes *s, struct tn_features *out, const struct tn_str *params, unsigned param_count)
{
    *s = (struct tn_sizes){.out = out, .params = params, .param_count = params == NULL ? 0 : param_count};
    s->list_depth = s->values_depth = s->limit_depth = SIZE_MAX;
    s->last = s->last2 = (struct tn_token){.kind = TN_TOKEN_END, .text = {"", 0}};
}

static void note_range(struct tn_sizes *s, unsigned class)
{
    s->out->range_class = (uint8_t)TN_MAX(s->out->range_class, class);
}

/* Classes of a width tell a day's data from a month's, not a Monday from a Tuesday. */
static unsigned class_of_seconds(double seconds)
{
    return seconds < DAY_S ? 1 : seconds < 7.0 * DAY_S ? 2 : seconds < 31.0 * DAY_S ? 3 : 4;
}

static unsigned class_of_number(double width)
{
    return width <= 10 ? 1 : width <= 1000 ? 2 : width <= 100000 ? 3 : 4;
}

/* ---- reading values ---- */

/* Digits from *AT on, with a fraction; false when there is none. */
static bool read_decimal(struct tn_str text, size_t *at, double *out)
{
    size_t from = *at;
    double value = 0, scale = 1;
    bool   fraction = false;

    for (; *at < text.len && *at - from < 40; ++*at) {
        char c = text.ptr[*at];

        if (c == '.' && !fraction) {
            fraction = true;
        } else if (c >= '0' && c <= '9') {
            value = value * 10 + (c - '0');
            scale *= fraction ? 10 : 1;
        } else {
            break;
        }
    }
    *out = value / scale;
    return *at > from;
}

/* Exactly COUNT digits. */
static bool read_digits(struct tn_str text, size_t *at, unsigned count, unsigned *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++, ++*at) {
        if (*at >= text.len || text.ptr[*at] < '0' || text.ptr[*at] > '9')
            return false;
        *out = *out * 10 + (unsigned)(text.ptr[*at] - '0');
    }
    return true;
}

static bool read_byte(struct tn_str text, size_t *at, char c)
{
    if (*at >= text.len || text.ptr[*at] != c)
        return false;
    ++*at;
    return true;
}

static double days_of(unsigned year, unsigned month, unsigned day) /* since 1 March of year 0; proleptic Gregorian */
{
    unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

    return 365.0 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day;
}

/* 2024-01-31, perhaps with 23:59[:59] behind it. */
static bool read_time(struct tn_str text, double *out)
{
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    size_t   at = 0;

    if (!read_digits(text, &at, 4, &year) || !read_byte(text, &at, '-') || !read_digits(text, &at, 2, &month) ||
        !read_byte(text, &at, '-') || !read_digits(text, &at, 2, &day) || year == 0 || month == 0 || month > 12)
        return false;
    if ((read_byte(text, &at, ' ') || read_byte(text, &at, 'T')) &&
        !(read_digits(text, &at, 2, &hour) && read_byte(text, &at, ':') && read_digits(text, &at, 2, &minute)))
        hour = minute = 0;
    else if (read_byte(text, &at, ':') && !read_digits(text, &at, 2, &second))
        second = 0;
    *out = days_of(year, month, day) * DAY_S + hour * 3600.0 + minute * 60.0 + second;
    return true;
}

/* Length of a unit of time in seconds, 0 = no unit. */
static double unit_of(struct tn_str text)
{
    static const struct {
        const char *name;
        double      seconds;
    } units[] = {{"microsecond", 1e-6}, {"millisecond", 1e-3}, {"second", 1}, {"sec", 1}, {"minute", 60}, {"min", 60}, {"hour", 3600},
                 {"day", DAY_S}, {"week", 7.0 * DAY_S}, {"month", 30.0 * DAY_S}, {"mon", 30.0 * DAY_S}, {"quarter", 91.0 * DAY_S},
                 {"year", 365.0 * DAY_S}, {"decade", 3650.0 * DAY_S}};

    if (text.len > 3 && tn_ascii_lower(text.ptr[text.len - 1]) == 's')
        text.len--;
    for (size_t i = 0; i < TN_ARRAY_LEN(units); i++)
        if (tn_str_ieq_c(text, units[i].name))
            return units[i].seconds;
    return 0;
}

static struct tn_str trimmed(struct tn_str text)
{
    while (text.len > 0 && text.ptr[0] == ' ')
        text = tn_str_n(text.ptr + 1, text.len - 1);
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* What a literal or parameter says, without quotes; ptr NULL = not known. */
static struct tn_str value_of(const struct tn_sizes *s, const struct tn_token *token)
{
    struct tn_str text = token->text;

    if (token->kind == TN_TOKEN_PARAM) {
        unsigned number = token->param > 0 ? token->param : s->unnumbered;

        return number > 0 && number <= s->param_count ? s->params[number - 1] : (struct tn_str){NULL, 0};
    }
    if (token->kind == TN_TOKEN_STRING) {
        const char *quote = memchr(text.ptr, '\'', TN_MIN(text.len, (size_t)4));

        if (quote == NULL || token->unterminated)
            return text;
        text = tn_str_n(quote + 1, text.len - (size_t)(quote - text.ptr) - 1);
        text.len -= text.len > 0;
    }
    return text;
}

static struct tn_bound bound_of(struct tn_str value, bool negative)
{
    double number;
    size_t at;

    if (value.ptr == NULL)
        return (struct tn_bound){TN_BOUND_NONE, 0};
    value = trimmed(value);
    if (read_time(value, &number))
        return (struct tn_bound){TN_BOUND_TIME, number};
    at = value.len > 0 && value.ptr[0] == '-';
    negative = negative || at > 0;
    if (!read_decimal(value, &at, &number) || at < value.len)
        return (struct tn_bound){TN_BOUND_NONE, 0};
    return (struct tn_bound){TN_BOUND_NUMBER, negative ? -number : number};
}

/* ---- ranges ---- */

static void note_width(struct tn_sizes *s, struct tn_bound low, struct tn_bound high)
{
    if (low.kind == TN_BOUND_NONE || low.kind != high.kind)
        return;
    if (low.kind == TN_BOUND_TIME)
        note_range(s, class_of_seconds(high.value - low.value));
    else
        note_range(s, class_of_number(high.value - low.value));
}

/* d >= x AND d < y, in any order, anywhere in the statement. */
static void note_bound(struct tn_sizes *s, struct tn_bound bound, bool param)
{
    unsigned i = 0;

    while (i < s->bound_count && s->bounds[i].column != s->column)
        i++;
    if (i == TN_SIZES_BOUNDS)
        return;
    if (i == s->bound_count) {
        s->bounds[i].column = s->column;
        s->bounds[i].low.kind = s->bounds[i].high.kind = TN_BOUND_NONE;
        s->bounds[i].below = s->bounds[i].above = s->bounds[i].param = false;
        s->bound_count++;
    }
    if (s->compared == '>')
        s->bounds[i].low = bound;
    else
        s->bounds[i].high = bound;
    s->bounds[i].above = s->bounds[i].above || s->compared == '>';
    s->bounds[i].below = s->bounds[i].below || s->compared == '<';
    s->bounds[i].param = s->bounds[i].param || param;
    if (s->bounds[i].above && s->bounds[i].below) {
        s->valued = true;
        s->out->sized_by_params |= s->bounds[i].param;
    }
    note_width(s, s->bounds[i].low, s->bounds[i].high);
}

/* INTERVAL '7 days', INTERVAL '7' DAY, INTERVAL 7 DAY. */
static void on_interval(struct tn_sizes *s, struct tn_str value)
{
    size_t at = 0;
    double unit;

    s->in_interval = false;
    if (value.ptr == NULL)
        return;
    value = trimmed(value);
    if (!read_decimal(value, &at, &s->interval))
        return;
    unit = unit_of(trimmed(tn_str_n(value.ptr + at, value.len - at)));
    if (unit > 0)
        note_range(s, class_of_seconds(s->interval * unit));
    s->wait_unit = at == value.len;
}

/* ---- tokens ---- */

static void on_limit(struct tn_sizes *s, struct tn_str value, bool number)
{
    uint64_t rows = 0;

    s->valued = s->valued || !number || s->w1 != TN_WORD_limit;
    s->after_limit = s->last.punct != ',';
    if (s->depth > s->limit_depth)
        return; /* the outermost one counts */
    s->limit_depth = s->depth;
    s->out->limit_known = value.ptr != NULL && tn_str_to_u64(value, UINT64_MAX, &rows);
    s->out->limit = s->out->limit_known ? rows : 0;
}

static bool is_limit(const struct tn_sizes *s)
{
    return s->w1 == TN_WORD_limit || ((s->w1 == TN_WORD_first || s->w1 == TN_WORD_next) && s->w2 == TN_WORD_fetch) ||
           (s->last.punct == ',' && s->after_limit); /* LIMIT 5, 10 */
}

/* = ANY('{1,2,3}') */
static void on_array(struct tn_sizes *s, struct tn_str value)
{
    unsigned elements = 1;

    if (value.ptr == NULL || value.len < 2 || (value.ptr[0] != '{' && value.ptr[0] != '['))
        return;
    for (size_t i = 0; i < value.len; i++)
        elements += value.ptr[i] == ',';
    s->out->longest_list = TN_MAX(s->out->longest_list, elements);
}

static void note_literal(struct tn_features *out, const struct tn_token *token)
{
    double time;

    out->literal_count++;
    if (token->kind == TN_TOKEN_PARAM)
        out->literal_classes |= TN_LITERAL_PARAM;
    else if (token->kind == TN_TOKEN_NUMBER)
        out->literal_classes |= TN_LITERAL_NUMBER;
    else if (token->text.len > 10 && read_time(tn_str_n(token->text.ptr + 1, token->text.len - 2), &time))
        out->literal_classes |= TN_LITERAL_TIME;
    else
        out->literal_classes |= TN_LITERAL_STRING;
}

static void on_literal(struct tn_sizes *s, const struct tn_token *token)
{
    struct tn_str value;
    bool          call = s->last.punct == '(', param = token->kind == TN_TOKEN_PARAM;

    note_literal(s->out, token);
    if (param && token->param == 0)
        s->unnumbered++;
    value = value_of(s, token);
    s->valued = s->valued || s->in_interval || s->between || (call && (s->w2 == TN_WORD_any || tn_str_ieq_c(s->last2.text, "date_trunc")));
    if (param && (is_limit(s) || s->in_interval || s->between || (call && s->w2 == TN_WORD_any)))
        s->out->sized_by_params = true;
    if (is_limit(s))
        on_limit(s, value, token->kind == TN_TOKEN_NUMBER);
    else if (s->in_interval)
        on_interval(s, value);
    else if (s->between && s->in_between)
        note_width(s, s->low, bound_of(value, s->negative));
    else if (s->between)
        s->low = bound_of(value, s->negative);
    else if (s->compared != '\0')
        note_bound(s, bound_of(value, s->negative), param);
    else if (call && s->w2 == TN_WORD_any)
        on_array(s, value);
    else if (call && tn_str_ieq_c(s->last2.text, "date_trunc") && value.ptr != NULL && unit_of(value) > 0)
        note_range(s, class_of_seconds(unit_of(value)));
    if (s->in_between)
        s->between = s->in_between = false;
    s->compared = '\0';
}

static void on_open(struct tn_sizes *s, char punct)
{
    bool list = (punct == '(' && s->w1 == TN_WORD_in) || (punct == '[' && s->w1 == TN_WORD_array);

    if (list && s->list_depth == SIZE_MAX) {
        s->list_depth = s->depth + 1;
        s->elements = 1;
    } else if (punct == '(' && s->w1 == TN_WORD_values) {
        s->values_depth = s->depth;
        s->out->value_rows++;
    } else if (punct == '(' && s->depth == s->values_depth && s->last.punct == ',') {
        s->out->value_rows++;
    }
    s->depth++;
}

static void on_close(struct tn_sizes *s)
{
    if (s->depth == s->list_depth) {
        s->out->longest_list = TN_MAX(s->out->longest_list, s->elements);
        s->list_depth = SIZE_MAX;
    }
    s->depth -= s->depth > 0;
    if (s->values_depth != SIZE_MAX && s->depth < s->values_depth)
        s->values_depth = SIZE_MAX;
}

static void on_punct(struct tn_sizes *s, const struct tn_token *token)
{
    char first = token->text.ptr[0];

    switch (token->punct) {
    case '(':
    case '[':
        on_open(s, token->punct);
        break;
    case ')':
    case ']':
        on_close(s);
        break;
    case ',':
        s->elements += s->depth == s->list_depth;
        break;
    default:
        break;
    }
    s->after_limit = s->after_limit && token->punct == ',';
    if (token->punct == '-' || token->punct == '+')
        return;
    s->compared = '\0';
    if ((first == '<' || first == '>') && (token->punct != '\0' || token->text.ptr[1] == '=')) {
        s->compared = first;
        s->column = tn_hash_str(s->last.text);
        s->valued = s->valued || s->last.kind == TN_TOKEN_NUMBER || s->last.kind == TN_TOKEN_STRING;
    }
}

static void on_word(struct tn_sizes *s, const struct tn_token *token, enum tn_word word)
{
    s->after_limit = false;
    if (s->wait_unit && unit_of(token->text) > 0)
        note_range(s, class_of_seconds(s->interval * unit_of(token->text)));
    switch (word) {
    case TN_WORD_select:
    case TN_WORD_with:
        if (s->depth == s->list_depth)
            s->list_depth = SIZE_MAX; /* IN (SELECT ..) */
        break;
    case TN_WORD_between:
        s->between = true;
        s->in_between = false;
        s->low.kind = TN_BOUND_NONE;
        break;
    case TN_WORD_and:
        s->in_between = s->between && !s->in_between;
        s->between = s->in_between;
        break;
    case TN_WORD_interval:
        s->in_interval = true;
        break;
    case TN_WORD_like:
    case TN_WORD_ilike:
    case TN_WORD_similar:
    case TN_WORD_regexp:
    case TN_WORD_rlike:
    case TN_WORD_glob:
        s->out->has_like = true;
        break;
    default:
        break;
    }
    if (s->compared != '\0' && !tn_str_ieq_c(token->text, "date") && !tn_str_ieq_c(token->text, "timestamp"))
        s->compared = '\0';
}

void tn_sizes_token(struct tn_sizes *s, const struct tn_token *token, enum tn_word word)
{
    switch (token->kind) {
    case TN_TOKEN_NUMBER:
    case TN_TOKEN_STRING:
    case TN_TOKEN_PARAM:
        on_literal(s, token);
        break;
    case TN_TOKEN_PUNCT:
        on_punct(s, token);
        s->wait_unit = false;
        break;
    case TN_TOKEN_WORD:
        on_word(s, token, word);
        s->wait_unit = false;
        break;
    default:
        s->compared = '\0';
        break;
    }
    s->negative = token->punct == '-';
    s->last2 = s->last;
    s->last = *token;
    s->w2 = s->w1;
    s->w1 = word;
}
