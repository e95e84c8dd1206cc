#include "catalog/writer.h"

#include <strings.h>

void tn_catalog_wrap(struct writer *w, size_t at, const char *before, const char *behind)
{
    struct tn_buf inside;

    if (at > w->out->len)
        return;
    w->moved += w->out->len - at;
    w->too_deep = w->too_deep || w->moved > MOVED_MAX;
    tn_buf_init(&inside, w->out->max);
    tn_buf_append(&inside, w->out->data + at, w->out->len - at);
    w->out->len = at;
    tn_buf_puts(w->out, before);
    tn_buf_put_str(w->out, tn_buf_str(&inside));
    tn_buf_puts(w->out, behind);
    w->out->failed = w->out->failed || inside.failed;
    tn_buf_reset(&inside);
}

void tn_catalog_note_macros(struct writer *w, unsigned macros)
{
    w->macros = macros;
    w->too_deep = w->too_deep || macros > MACROS_MAX;
    if (w->depth > 0)
        w->frames[w->depth - 1].macros = TN_MAX(w->frames[w->depth - 1].macros, macros);
}

/* ---- operands ---- */

static bool is_macro(struct tn_str name)
{
    return tn_catalog_is_line(TN_CATALOG_FUNCTION, name) || tn_str_ieq_c(name, "nullif") || tn_str_ieq_c(name, "format") || (name.len > 3 && strncasecmp(name.ptr, "tn_", 3) == 0);
}

/* An operand of one token begins here, unless it goes on behind a dot. */
static void begin_operand(struct writer *w, enum operand operand)
{
    if (w->before.punct == '.' && w->before.kind == TN_TOKEN_PUNCT)
        return;
    w->start = w->out->len;
    w->operand = operand;
    w->call = tn_str_n("", 0);
    w->ahead = w->before;
    w->typed = false;
    w->macros = 0;
    w->reg = NULL;
}

/* A bracket behind one of these belongs to nothing before it. */
static bool is_keyword(const struct tn_token *token)
{
    static const char *const words[] = {"in", "and", "or", "not", "where", "on", "select", "when", "then", "else", "from", "by", "having", "using", "values", "as",
                                        "join", "lateral", "distinct", "between", "like", "ilike", "is", "case", "union", "except", "intersect",
                                        "exists", "limit", "offset", "over", "filter", "with", NULL};

    return is_any(token, words);
}

static bool ends_operand(const struct tn_token *token)
{
    return (is_name(token) && !is_keyword(token)) || token->punct == ')' || token->punct == ']';
}

/* Its bracket belongs to the call before it. */
static bool is_tail(const struct tn_token *token)
{
    return is_word(token, "filter") || is_word(token, "over");
}

static void open_bracket(struct writer *w)
{
    struct frame *frame;

    if (w->depth == DEPTH_MAX) {
        w->too_deep = true;
        return;
    }
    frame = &w->frames[w->depth++];
    *frame = (struct frame){.start = w->start, .call = tn_str_n("", 0), .ahead = w->ahead, .column = w->column, .listing = w->listing, .tail = tn_str_n("", 0)};
    put_gap(w);
    if (is_tail(&w->before))
        frame->tail = w->call;
    else if (!ends_operand(&w->before)) {
        frame->start = w->out->len;
        frame->ahead = w->before;
    } else if (w->token.punct == '[')
        frame->macros = w->macros;
    else if (is_name(&w->before))
        frame->call = tn_token_name(&w->before);
    frame->cast = is_word(&w->before, "cast") && frame->start + 4 <= w->out->len && strncasecmp(w->out->data + frame->start, "cast", 4) == 0;
    frame->from = w->in_from;
    tn_buf_put_str(w->out, w->token.text);
    tn_buf_puts(w->out, w->token.punct == '[' && tn_catalog_is_vector(&w->before) ? "1 + " : "");
    frame->inside = w->start = w->out->len;
    w->operand = OPERAND_OTHER;
    w->macros = 0;
    w->listing = false;
    advance(w);
}

/* The function of FRAME, which has been written, is called NAME in the image. */
static void rename_call(struct writer *w, const struct frame *frame, const char *name)
{
    size_t len = strlen(name), old = frame->inside - 1 - frame->start; /* the new one is longer */

    if (len < old || !tn_buf_reserve(w->out, len - old))
        return;
    memmove(w->out->data + frame->start + len, w->out->data + frame->start + old, w->out->len - frame->start - old);
    memcpy(w->out->data + frame->start, name, len);
    w->out->len += len - old;
}

static bool is_blank(const struct writer *w, size_t from, size_t to)
{
    while (from < to && from < w->out->len && strchr(" \t\r\n", w->out->data[from]) != NULL)
        from++;
    return from == to;
}

/* ANY('{a,b}'), ANY($1): a list as PostgreSQL writes it, of no type that is told. */
static bool is_list(const struct writer *w, const struct frame *frame)
{
    return (tn_str_ieq_c(frame->call, "any") || tn_str_ieq_c(frame->call, "all") || tn_str_ieq_c(frame->call, "some")) && w->operand == OPERAND_LITERAL &&
           is_blank(w, frame->inside, w->start);
}

/* current_setting('name') is what it is set to in the session; false: it has no such setting, or the name is not told. */
static bool put_setting(struct writer *w, const struct frame *frame)
{
    const char   *at, *end;
    struct tn_str value;
    bool          path;

    if (!tn_str_ieq_c(frame->call, "current_setting") || w->out->failed || w->out->len < frame->inside + 2)
        return false;
    at = w->out->data + frame->inside;
    if (*at != '\'')
        return false;
    end = memchr(at + 1, '\'', w->out->len - frame->inside - 1);
    if (end == NULL || (end + 1 < w->out->data + w->out->len && end[1] != ',' && end[1] != ' '))
        return false;
    value = w->self->setting(w->self->arg, tn_str_n(at + 1, (size_t)(end - at - 1)));
    if (value.ptr == NULL)
        return false;
    path = tn_str_ieq_c(tn_str_n(at + 1, (size_t)(end - at - 1)), "search_path");
    w->out->len = frame->start;
    tn_buf_puts(w->out, path ? "tn_path(" : ""); /* schemas of the image */
    tn_buf_put_quoted(w->out, value, '\'');
    tn_buf_puts(w->out, path ? ")" : "");
    skip(w);
    return true;
}

static void close_bracket(struct writer *w)
{
    struct frame frame;
    int          bracket = w->token.punct;

    if (w->depth == 0) {
        put_token(w);
        return;
    }
    frame = w->frames[--w->depth];
    if (frame.from && frame.commas == 1 && tn_str_ieq_c(frame.call, "unnest"))
        rename_call(w, &frame, "tn_unnest");
    if (is_list(w, &frame))
        tn_catalog_wrap(w, frame.inside, "tn_list(", ")");
    if (!frame.from && tn_str_ieq_c(frame.call, "generate_series"))
        rename_call(w, &frame, "tn_generate_series");
    if (frame.vector && tn_str_ieq_c(frame.call, "generate_subscripts"))
        rename_call(w, &frame, "tn_generate_subscripts");
    if (!put_setting(w, &frame))
        put_token(w);
    if (bracket == ']')
        w->column = frame.column;
    else if (frame.call.len > 0 || frame.cast || w->start != frame.inside)
        w->column.kind = TN_TOKEN_END;
    w->start = frame.start;
    w->operand = OPERAND_OTHER;
    w->reg = NULL;
    w->call = frame.tail.len > 0 || frame.cast ? frame.tail : frame.call;
    w->ahead = frame.ahead;
    w->listing = frame.listing;
    tn_catalog_note_macros(w, frame.macros + is_macro(frame.call));
    if (frame.from)
        tn_catalog_name_column(w);
}

/* ---- operators ---- */

static void step(struct writer *w);

/* The operand that stands here is written as far as it goes. */
static void put_operand(struct writer *w)
{
    unsigned depth = w->depth;

    do
        step(w);
    while (!w->too_deep && w->token.kind != TN_TOKEN_END &&
           (w->depth > depth || w->token.punct == '.' || w->before.punct == '.' || is_cast(&w->token) || w->token.punct == '[' || is_word(&w->token, "collate") ||
            (w->token.punct == '(' && is_name(&w->before))));
}

/* x ~ y is true to PostgreSQL where y is found anywhere in x, to DuckDB where it is all of it. */
static void put_match(struct writer *w, bool negated, bool caseless)
{
    w->too_deep = w->too_deep || ++w->matches > DEPTH_MAX;
    if (w->too_deep)
        return;
    tn_buf_puts(w->out, negated ? "!~ (" : "~ (");
    tn_buf_puts(w->out, caseless ? "'(?is:.*)(?i:' || " : "'(?s:.*)(?:' || ");
    put_operand(w);
    tn_buf_puts(w->out, " || ')(?s:.*)')");
    w->matches--;
    w->operand = OPERAND_OTHER;
    w->call = tn_str_n("", 0);
    w->column.kind = TN_TOKEN_END;
}

static bool adjoins(const struct tn_token *a, const struct tn_token *b)
{
    return a->text.ptr + a->text.len == b->text.ptr;
}

/* [!]~[*]; LIKE's operators, which have two, are DuckDB's, too. */
static void match(struct writer *w)
{
    bool negated = w->token.punct == '!', caseless = false;

    put_gap(w);
    if (negated)
        skip(w);
    if (w->next.punct == '~' && adjoins(&w->token, &w->next)) {
        tn_buf_puts(w->out, negated ? "!~~" : "~~");
        skip(w);
        skip(w);
        return;
    }
    if (w->next.punct == '*' && adjoins(&w->token, &w->next)) {
        caseless = true;
        skip(w);
    }
    skip(w);
    if (w->token.punct == ')') /* OPERATOR(pg_catalog.~) */
        skip(w);
    put_match(w, negated, caseless);
}

static bool is_match(const struct writer *w)
{
    return w->token.punct == '~' || (w->token.punct == '!' && w->next.punct == '~' && adjoins(&w->token, &w->next));
}

/* x LIKE pattern: a backslash takes the next character's meaning to PostgreSQL, to DuckDB only where it is told. */
static bool is_like(const struct writer *w)
{
    static const char *const lists[] = {"any", "all", "some", NULL};

    return (is_word(&w->token, "like") || is_word(&w->token, "ilike")) && !is_any(&w->next, lists) && w->next.kind != TN_TOKEN_END && w->before.punct != '.';
}

static void put_like(struct writer *w)
{
    w->too_deep = w->too_deep || ++w->matches > DEPTH_MAX;
    if (w->too_deep)
        return;
    put_token(w);
    put_operand(w);
    while (tn_str_eq_c(w->token.text, "||") && !w->too_deep) {
        put_token(w);
        put_operand(w);
    }
    if (!is_word(&w->token, "escape"))
        tn_buf_puts(w->out, " ESCAPE '\\'");
    w->matches--;
    w->operand = OPERAND_OTHER;
    w->call = tn_str_n("", 0);
    w->column.kind = TN_TOKEN_END;
}

/* x = ANY(list), which is a subquery to DuckDB, and not taken everywhere. What binds closer than `=` is not before x, nor a subquery behind it. */
static bool is_equal_any(const struct writer *w)
{
    static const char *const queries[] = {"select", "with", "values", NULL};
    struct tn_token first, inside;

    if (w->token.punct != '=' || !(is_word(&w->next, "any") || is_word(&w->next, "some")) || (w->before.punct != ')' && w->before.punct != ']' && w->before.kind == TN_TOKEN_PUNCT))
        return false;
    if (w->ahead.kind == TN_TOKEN_PUNCT && w->ahead.punct != '(' && w->ahead.punct != ',' && w->ahead.punct != '[')
        return false;
    first = tn_catalog_peek(w, 1);
    inside = tn_catalog_peek(w, 2);
    return first.punct == '(' && inside.punct != '(' && !is_any(&inside, queries);
}

static void put_equal_any(struct writer *w)
{
    struct tn_token ahead = w->ahead;
    size_t          start = w->start;
    unsigned        macros = w->macros;

    w->too_deep = w->too_deep || ++w->matches > DEPTH_MAX;
    if (w->too_deep)
        return;
    tn_catalog_wrap(w, start, "tn_any(", ", ");
    skip(w);
    skip(w);
    w->start = w->out->len;
    put_operand(w);
    tn_buf_puts(w->out, ")");
    w->matches--;
    w->start = start;
    w->operand = OPERAND_OTHER;
    w->call = tn_str_n("", 0);
    w->column.kind = TN_TOKEN_END;
    w->ahead = ahead;
    w->macros = TN_MAX(macros, w->macros);
}

static void named_operator(struct writer *w)
{
    skip(w);
    skip(w);
    skip_schema(w);
    tn_buf_puts(w->out, " ");
    if (is_match(w)) {
        match(w);
        return;
    }
    while (w->token.kind == TN_TOKEN_PUNCT && w->token.punct != ')')
        put_token(w);
    if (w->token.punct == ')')
        skip(w);
    tn_buf_puts(w->out, " ");
}

static void collation(struct writer *w)
{
    skip(w);
    while (is_name(&w->token) && w->next.punct == '.') {
        skip(w);
        skip(w);
    }
    if (is_name(&w->token))
        skip(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
}

/* ---- the session ---- */

/* What is asked for of the session here, a value as it is written; ptr NULL: nothing. */
static struct tn_str self_of(const struct writer *w, bool call, char pid[16], bool *number)
{
    static const char *const users[] = {"current_user", "session_user", "user", "current_role", NULL};

    if (w->before.punct == '.' || is_word(&w->before, "as") || w->next.punct == '.')
        return (struct tn_str){NULL, 0};
    if (is_any(&w->token, users) && !call)
        return w->self->user;
    if ((call && is_named(&w->token, "current_database")) || is_word(&w->token, "current_catalog"))
        return w->self->database;
    *number = call && is_named(&w->token, "pg_backend_pid");
    return *number ? tn_str_n(pid, (size_t)snprintf(pid, 16, "%u", w->self->pid)) : (struct tn_str){NULL, 0};
}

static bool put_self(struct writer *w)
{
    char          pid[16];
    bool          number = false, call = w->next.punct == '(';
    struct tn_str value = self_of(w, call, pid, &number);

    if (value.ptr == NULL)
        return false;
    put_gap(w);
    begin_operand(w, OPERAND_OTHER);
    if (number)
        tn_buf_put_str(w->out, value);
    else
        tn_buf_put_quoted(w->out, value, '\'');
    w->call = tn_token_name(&w->token);
    w->column.kind = TN_TOKEN_END;
    skip(w);
    for (int i = 0; i < 2 && call; i++) /* () */
        skip(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
    return true;
}

/* ---- all of it ---- */

/* A relation stands here. */
static bool is_from(const struct writer *w)
{
    static const char *const words[] = {"from", "join", "lateral", "only", NULL};

    return is_any(&w->before, words) || (w->before.punct == ',' && w->listing);
}

static void follow_from(struct writer *w)
{
    static const char *const ends[] = {"select", "where", "on", "group", "order", "having", "limit", "offset", "union", "except", "intersect", "window", NULL};

    if (is_word(&w->token, "from") && !is_word(&w->before, "distinct"))
        w->listing = true;
    else if (is_any(&w->token, ends) || is_word(&w->token, "using"))
        w->listing = false;
    else if (is_word(&w->token, "join"))
        w->listing = true;
}

/* Columns that every table of PostgreSQL's has beside its own. */
static bool is_system_column(const struct writer *w)
{
    static const char *const names[] = {"xmin", "xmax", "cmin", "cmax", NULL};

    if (is_named(&w->token, "tableoid"))
        return w->before.punct == '.' && w->start < w->out->len;
    return is_any(&w->token, names) && w->next.punct != '.' && w->next.punct != '(' && !is_word(&w->before, "as") && (w->before.punct != '.' || w->start < w->out->len);
}

static void put_system_column(struct writer *w)
{
    if (w->before.punct == '.') {
        w->out->len = w->start;
    } else {
        put_gap(w);
        begin_operand(w, OPERAND_OTHER);
    }
    tn_buf_puts(w->out, "0");
    w->column = w->token;
    w->call = tn_token_name(&w->token);
    skip(w);
}

static void put_name(struct writer *w)
{
    put_gap(w);
    w->in_from = (w->before.punct == '.' && w->in_from) || is_from(w);
    if (!is_tail(&w->token) || w->next.punct != '(' || w->before.punct != ')') /* f(..) FILTER (..) is one operand */
        begin_operand(w, OPERAND_OTHER);
    w->column = w->token;
    if (w->in_from && tn_catalog_put_relation(w))
        return;
    if (w->token.kind == TN_TOKEN_WORD && is_word(&w->before, "as"))
        put_folded(w->out, w->token.text); /* DuckDB keeps capitals */
    else
        tn_buf_put_str(w->out, w->token.text);
    advance(w);
}

static void plain(struct writer *w)
{
    if (w->token.punct == ',' && w->depth > 0) {
        w->frames[w->depth - 1].commas++;
        w->frames[w->depth - 1].vector = tn_catalog_is_vector(&w->before);
    }
    if (is_system_column(w)) {
        put_system_column(w);
        return;
    }
    if (is_name(&w->token)) {
        put_name(w);
        return;
    }
    if (w->token.kind == TN_TOKEN_NUMBER) {
        put_gap(w);
        begin_operand(w, OPERAND_OTHER);
        w->column.kind = TN_TOKEN_END;
    } else if (w->token.kind == TN_TOKEN_STRING || w->token.kind == TN_TOKEN_PARAM) {
        put_gap(w);
        begin_operand(w, OPERAND_LITERAL);
        w->column.kind = TN_TOKEN_END;
    } else if (w->token.punct != '.') {
        put_token(w);
        w->call = tn_str_n("", 0);
        w->column.kind = TN_TOKEN_END;
        w->start = w->out->len;
        w->reg = NULL;
        return;
    } else if (!ends_operand(&w->before)) {
        put_gap(w);
        w->start = w->out->len;
    }
    put_token(w);
}

static void step(struct writer *w)
{
    struct tn_token before = w->before;

    tn_catalog_follow_list(w);
    follow_from(w);
    if (is_named(&w->token, "pg_catalog") && w->next.punct == '.') {
        put_gap(w);
        skip_schema(w);
        w->before = before;
    } else if (is_named(&w->token, "information_schema") && w->next.punct == '.') {
        put_gap(w);
        skip(w);
        skip(w);
        w->before = before;
        if (is_name(&w->token)) {
            w->in_from = is_from(w);
            begin_operand(w, OPERAND_OTHER);
            tn_catalog_put_information(w);
        }
    } else if (is_word(&w->token, "operator") && w->next.punct == '(') {
        named_operator(w);
    } else if (is_word(&w->token, "collate")) {
        collation(w);
    } else if (is_cast(&w->token)) {
        skip(w);
        tn_catalog_cast(w);
    } else if (is_match(w)) {
        match(w);
    } else if (is_like(w)) {
        put_like(w);
    } else if (is_equal_any(w)) {
        put_equal_any(w);
    } else if (tn_catalog_put_ordinal(w)) {
        return;
    } else if (w->token.punct == '(' || w->token.punct == '[') {
        open_bracket(w);
    } else if (w->token.punct == ')' || w->token.punct == ']') {
        close_bracket(w);
    } else if (is_word(&w->token, "as") && w->depth > 0 && w->frames[w->depth - 1].cast) {
        skip(w);
        tn_catalog_cast_as(w);
    } else if (!put_self(w)) {
        plain(w);
    }
}

bool tn_catalog_text(struct tn_str sql, const struct tn_catalog_self *self, struct tn_buf *out)
{
    struct writer w = {.sql = sql, .out = out, .self = self, .call = tn_str_n("", 0)};

    w.token = w.before = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(sql.ptr, 0)};
    tn_lexer_init(&w.lexer, sql, TN_DIALECT_POSTGRES);
    advance(&w);
    advance(&w);
    w.before = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(sql.ptr, 0)};
    while (w.token.kind != TN_TOKEN_END && !w.too_deep)
        step(&w);
    tn_catalog_follow_list(&w);
    return !w.too_deep;
}
