#include "catalog/text.h"

#include "catalog/token.h"

#include <strings.h>

/* DuckDB writes a macro's arguments wherever its body names them: macros in macros in macros take memory without end. */
enum { DEPTH_MAX = 256, NAME_MAX_LEN = 64, MACROS_MAX = 3, MOVED_MAX = 16 * 1024 * 1024 };

enum operand { OPERAND_LITERAL, OPERAND_OTHER }; /* one string or parameter; anything else */

/* Something in brackets. */
struct frame {
    size_t        start; /* where the operand begins that the bracket ends */
    size_t        inside;
    struct tn_str call;  /* the function called; empty: none */
    bool          cast;  /* CAST( */
    bool          from;  /* a call in FROM */
    bool          vector; /* the last thing in it is one of the columns below */
    unsigned      commas;
    unsigned      macros; /* in each other, of what stands in it */
};

struct writer {
    struct tn_lexer               lexer;
    struct tn_token               before, token, next;
    struct tn_str                 sql;
    size_t                        copied; /* of sql */
    struct tn_buf                *out;
    const struct tn_catalog_self *self;
    unsigned                      depth, matches; /* matches: patterns of patterns */
    bool                          too_deep;
    size_t                        moved; /* bytes that calls were written around */
    unsigned                      macros; /* in each other, of the operand that was written last */
    struct frame                  frames[DEPTH_MAX];
    size_t                        start; /* where the operand begins that was written last */
    enum operand                  operand;
    const char                   *reg;   /* it is the number of a name of this kind; NULL: it is not */
    struct tn_str                 call;  /* it is a call of this; empty: it is not */
    enum { BEFORE_LIST, IN_LIST, BEHIND_LIST } list; /* of the columns of the outermost SELECT */
    size_t                        item;  /* where its present one begins */
    bool                          in_from; /* the name before stands where FROM has a relation or a call */
};

/* ---- tokens ---- */

static void advance(struct writer *w)
{
    w->before = w->token;
    w->token = w->next;
    if (!tn_lexer_next(&w->lexer, &w->next))
        w->next = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(w->sql.ptr + w->sql.len, 0)};
}

static size_t begin_of(const struct writer *w, const struct tn_token *token)
{
    return (size_t)(token->text.ptr - w->sql.ptr);
}

/* What stands before the present token, white space and comments, is written; the token is not. */
static void put_gap(struct writer *w)
{
    size_t at = begin_of(w, &w->token);

    if (at > w->copied)
        tn_buf_append(w->out, w->sql.ptr + w->copied, at - w->copied);
    w->copied = at + w->token.text.len;
}

static void skip(struct writer *w)
{
    w->copied = begin_of(w, &w->token) + w->token.text.len;
    advance(w);
}

static void put_token(struct writer *w)
{
    put_gap(w);
    tn_buf_put_str(w->out, w->token.text);
    advance(w);
}

/* Names of this schema are those of the image. */
static void skip_schema(struct writer *w)
{
    if (is_named(&w->token, "pg_catalog") && w->next.punct == '.') {
        skip(w);
        skip(w);
    }
}

/* Lists of PostgreSQL's that begin at 0, and are told as `1 2`. */
static bool is_vector(const struct tn_token *token)
{
    static const char *const names[] = {"indkey", "indoption", "indclass", "indcollation", "proargtypes", NULL};

    return is_any(token, names);
}

/* What was written from AT on stands between BEFORE and BEHIND. */
static void wrap_in(struct writer *w, size_t at, const char *before, const char *behind)
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

/* ---- operands ---- */

/* The operand that was written last is one of what its bracket holds. */
static void note_macros(struct writer *w, unsigned macros)
{
    w->macros = macros;
    w->too_deep = w->too_deep || macros > MACROS_MAX;
    if (w->depth > 0)
        w->frames[w->depth - 1].macros = TN_MAX(w->frames[w->depth - 1].macros, macros);
}

static bool is_macro(struct tn_str name)
{
    return tn_catalog_is_line(TN_CATALOG_FUNCTION, name) || tn_str_ieq_c(name, "nullif") || (name.len > 3 && strncasecmp(name.ptr, "tn_", 3) == 0);
}

/* An operand of one token begins here, unless it goes on behind a dot. */
static void begin_operand(struct writer *w, enum operand operand)
{
    if (w->before.punct == '.' && w->before.kind == TN_TOKEN_PUNCT)
        return;
    w->start = w->out->len;
    w->operand = operand;
    w->call = tn_str_n("", 0);
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

static void open_bracket(struct writer *w)
{
    struct frame *frame;

    if (w->depth == DEPTH_MAX) {
        w->too_deep = true;
        return;
    }
    frame = &w->frames[w->depth++];
    *frame = (struct frame){.start = w->start, .call = tn_str_n("", 0)};
    put_gap(w);
    if (!ends_operand(&w->before))
        frame->start = w->out->len;
    else if (w->token.punct == '[')
        frame->macros = w->macros;
    else if (is_name(&w->before))
        frame->call = tn_token_name(&w->before);
    frame->cast = is_word(&w->before, "cast") && frame->start + 4 <= w->out->len && strncasecmp(w->out->data + frame->start, "cast", 4) == 0;
    frame->from = w->in_from;
    tn_buf_put_str(w->out, w->token.text);
    tn_buf_puts(w->out, w->token.punct == '[' && is_vector(&w->before) ? "1 + " : "");
    frame->inside = w->start = w->out->len;
    w->operand = OPERAND_OTHER;
    w->macros = 0;
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

/* FROM f(..) [AS] name: the column has that name, too. */
static void name_column(struct writer *w)
{
    static const char *const ends[] = {"where", "join", "on", "cross", "left", "right", "full", "inner", "natural", "order", "group", "limit", "union", "with", "offset", "having", NULL};

    if (is_word(&w->token, "as"))
        put_token(w);
    if (!is_name(&w->token) || w->next.punct == '(' || is_any(&w->token, ends))
        return;
    put_gap(w);
    tn_buf_puts(w->out, w->token.kind == TN_TOKEN_WORD ? "tn_" : ""); /* to DuckDB a name alone is the relation's first */
    tn_buf_printf(w->out, TN_STR_FMT "(" TN_STR_FMT ")", TN_STR_ARG(w->token.text), TN_STR_ARG(w->token.text));
    advance(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
}

/* ANY('{a,b}'), ANY($1): a list as PostgreSQL writes it, of no type that is told. */
static bool is_list(const struct writer *w, const struct frame *frame)
{
    return (tn_str_ieq_c(frame->call, "any") || tn_str_ieq_c(frame->call, "all") || tn_str_ieq_c(frame->call, "some")) && w->operand == OPERAND_LITERAL &&
           w->start == frame->inside;
}

/* current_setting('name') is what it is set to in the session; false: it has no such setting, or the name is not told. */
static bool put_setting(struct writer *w, const struct frame *frame)
{
    const char   *at, *end;
    struct tn_str value;

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
    w->out->len = frame->start;
    tn_buf_put_quoted(w->out, value, '\'');
    skip(w);
    return true;
}

static void close_bracket(struct writer *w)
{
    struct frame frame;

    if (w->depth == 0) {
        put_token(w);
        return;
    }
    frame = w->frames[--w->depth];
    if (frame.from && frame.commas == 1 && tn_str_ieq_c(frame.call, "unnest"))
        rename_call(w, &frame, "tn_unnest");
    if (is_list(w, &frame))
        wrap_in(w, frame.inside, "tn_list(", ")");
    if (frame.vector && tn_str_ieq_c(frame.call, "generate_subscripts"))
        rename_call(w, &frame, "tn_generate_subscripts");
    if (!put_setting(w, &frame))
        put_token(w);
    w->start = frame.start;
    w->operand = OPERAND_OTHER;
    w->reg = NULL;
    w->call = frame.cast ? tn_str_n("", 0) : frame.call;
    note_macros(w, frame.macros + is_macro(frame.call));
    if (frame.from && (tn_str_ieq_c(frame.call, "generate_series") || tn_str_ieq_c(frame.call, "generate_subscripts")))
        name_column(w);
}

/* ---- names of columns ---- */

static void show_name(struct writer *w, const struct tn_token *type);

static void end_item(struct writer *w)
{
    size_t item = w->item;

    while (item < w->out->len && (w->out->data[item] == ' ' || w->out->data[item] == '\n' || w->out->data[item] == '\t' || w->out->data[item] == '\r'))
        item++;
    if (w->start == item && w->call.len == 0 && is_vector(&w->before)) {
        struct tn_str name = tn_token_name(&w->before);

        wrap_in(w, item, "tn_vector(", ")");
        tn_buf_printf(w->out, " AS \"" TN_STR_FMT "\"", TN_STR_ARG(name));
        return;
    }
    if (w->start == item)
        show_name(w, NULL);
    if (w->call.len == 0 || w->call.len > NAME_MAX_LEN || w->start != item || is_word(&w->before, "end"))
        return;
    tn_buf_puts(w->out, " AS ");
    tn_buf_put_quoted(w->out, w->call, '"');
}

static void follow_list(struct writer *w)
{
    static const char *const ends[] = {"from", "where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "window", NULL};

    if (w->depth > 0 || w->list == BEHIND_LIST)
        return;
    if (w->list == BEFORE_LIST && is_word(&w->before, "select")) {
        w->list = IN_LIST;
        w->item = w->out->len;
    }
    if (w->list != IN_LIST)
        return;
    if (w->before.punct == ',')
        w->item = w->out->len;
    if (w->token.punct == ',' || w->token.punct == ';' || w->token.kind == TN_TOKEN_END || is_any(&w->token, ends))
        end_item(w);
    if (w->token.kind == TN_TOKEN_WORD && is_any(&w->token, ends))
        w->list = BEHIND_LIST;
}

/* ---- casts ---- */

/* How DuckDB calls a type; empty: there is none such, and no cast is needed; ptr NULL: the same. */
static struct tn_str type_here(const struct tn_token *token)
{
    static const char *const types[][2] = {{"name", "VARCHAR"}, {"cstring", "VARCHAR"}, {"aclitem", "VARCHAR"}, {"json", "VARCHAR"}, {"jsonb", "VARCHAR"}, {"citext", "VARCHAR"},
                                           {"oid", "BIGINT"}, {"xid", "BIGINT"}, {"cid", "BIGINT"}, {"int2vector", ""}, {"oidvector", ""}, {"unknown", "VARCHAR"}};

    if (token->kind == TN_TOKEN_IDENT && tn_str_eq_c(tn_token_name(token), "char"))
        return TN_STR("VARCHAR");
    for (size_t i = 0; i < TN_ARRAY_LEN(types); i++)
        if (tn_str_ieq_c(tn_token_name(token), types[i][0]))
            return tn_str(types[i][1]);
    return tn_str_n(NULL, 0);
}

/* What was written from AT on becomes tn_REG(it), or tn_REG_name(it). */
static void wrap(struct writer *w, size_t at, const char *reg, bool named)
{
    char call[64];

    snprintf(call, sizeof call, "tn_%s%s(", reg, named ? "_name" : "");
    wrap_in(w, at, call, ")");
    note_macros(w, w->macros + 1);
}

/* The number of a name is a number to another number; the name to a text (TYPE), and to who reads it (NULL). */
static void show_name(struct writer *w, const struct tn_token *type)
{
    const char *reg = w->reg;

    w->reg = NULL;
    if (reg != NULL && (type == NULL || is_named(type, "text") || is_named(type, "varchar") || is_named(type, "name")))
        wrap(w, w->start, reg, true);
}

/* '{a,b}', written from AT on, becomes ['a', 'b']. */
static void unbrace(struct writer *w, size_t at)
{
    struct tn_buf list;
    const char   *in = w->out->data + at, *end = w->out->data + w->out->len;
    bool          first = true;

    tn_buf_init(&list, w->out->max);
    tn_buf_puts(&list, "[");
    for (in += 2; in < end && *in != '}'; in++) {
        struct tn_str word = tn_str_n(in, 0);

        while (in < end && *in != ',' && *in != '}')
            in++;
        word.len = (size_t)(in - word.ptr);
        tn_buf_puts(&list, first ? "" : ", ");
        tn_buf_put_quoted(&list, word.len >= 2 && word.ptr[0] == '"' ? tn_str_n(word.ptr + 1, word.len - 2) : word, '\'');
        first = false;
        if (in >= end || *in == '}')
            break;
    }
    tn_buf_puts(&list, "]");
    w->out->len = at;
    tn_buf_put_str(w->out, tn_buf_str(&list));
    w->out->failed = w->out->failed || list.failed;
    tn_buf_reset(&list);
}

static bool is_braced(const struct writer *w)
{
    return w->operand == OPERAND_LITERAL && !w->out->failed && w->out->len - w->start >= 4 && memcmp(w->out->data + w->start, "'{", 2) == 0;
}

static void skip_array(struct writer *w)
{
    while (w->token.punct == '[' && w->next.punct == ']') {
        skip(w);
        skip(w);
    }
}

/* Stands behind `::`. */
static void cast(struct writer *w)
{
    const char   *reg;
    struct tn_str here;
    bool          list;

    skip_schema(w);
    if (!is_name(&w->token))
        return;
    reg = tn_catalog_reg_type(tn_token_name(&w->token));
    here = type_here(&w->token);
    list = w->next.punct == '[';
    if (list && is_braced(w))
        unbrace(w, w->start);
    show_name(w, list ? NULL : &w->token);
    if (reg != NULL && !list) {
        wrap(w, w->start, reg, w->operand != OPERAND_LITERAL);
        w->reg = w->operand == OPERAND_LITERAL ? reg : NULL;
        w->operand = OPERAND_OTHER;
        w->call = w->call.len > 0 ? w->call : tn_token_name(&w->token);
    } else if (reg != NULL) {
        tn_buf_puts(w->out, "::VARCHAR[]");
    } else if (here.ptr == NULL || here.len > 0) {
        tn_buf_puts(w->out, "::");
        tn_buf_put_str(w->out, here.len > 0 ? here : w->token.text);
        tn_buf_puts(w->out, list ? "[]" : "");
    }
    skip(w);
    skip_array(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
}

/* Stands behind AS of CAST(.. AS type). */
static void cast_as(struct writer *w)
{
    const struct frame *frame = &w->frames[w->depth - 1];
    const char         *reg;
    struct tn_str       here;

    skip_schema(w);
    reg = tn_catalog_reg_type(tn_token_name(&w->token));
    here = type_here(&w->token);
    if (reg != NULL && w->next.punct == ')') { /* (tn_regclass(..)) */
        wrap(w, frame->inside, reg, w->operand != OPERAND_LITERAL || w->start != frame->inside);
        if (!w->out->failed)
            memcpy(w->out->data + frame->start, "    ", 4);
        skip(w);
    } else {
        tn_buf_puts(w->out, " AS ");
        if (here.ptr == NULL)
            return;
        tn_buf_put_str(w->out, here.len > 0 ? here : TN_STR("SMALLINT[]"));
        skip(w);
    }
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

static bool put_self(struct writer *w)
{
    static const char *const users[] = {"current_user", "session_user", "user", "current_role", NULL};
    bool                     call = w->next.punct == '(';

    if (w->before.punct == '.' || is_word(&w->before, "as") || w->next.punct == '.')
        return false;
    if (is_any(&w->token, users) && !call) {
        put_gap(w);
        begin_operand(w, OPERAND_OTHER);
        tn_buf_put_quoted(w->out, w->self->user, '\'');
    } else if (call && is_named(&w->token, "current_database")) {
        put_gap(w);
        begin_operand(w, OPERAND_OTHER);
        tn_buf_put_quoted(w->out, w->self->database, '\'');
    } else if (is_word(&w->token, "current_catalog")) {
        put_gap(w);
        begin_operand(w, OPERAND_OTHER);
        tn_buf_put_quoted(w->out, w->self->database, '\'');
    } else if (call && is_named(&w->token, "pg_backend_pid")) {
        put_gap(w);
        begin_operand(w, OPERAND_OTHER);
        tn_buf_printf(w->out, "%u", w->self->pid);
    } else {
        return false;
    }
    w->call = tn_token_name(&w->token);
    skip(w);
    for (int i = 0; i < 2 && call; i++) /* () */
        skip(w);
    w->before = (struct tn_token){.kind = TN_TOKEN_PUNCT, .punct = ')', .text = tn_str_n("", 0)};
    return true;
}

/* ---- all of it ---- */

/* Stands behind `information_schema.`. */
static void put_information(struct writer *w)
{
    struct tn_str name = tn_token_name(&w->token);

    begin_operand(w, OPERAND_OTHER);
    if (w->next.punct == '(') { /* _pg_expandarray() */
        put_token(w);
        return;
    }
    tn_buf_puts(w->out, "is_");
    tn_buf_put_str(w->out, name);
    skip(w);
}

/* A relation stands here; behind a comma only what can be nothing else is known to be one. */
static bool is_from(const struct writer *w)
{
    static const char *const words[] = {"from", "join", "lateral", "only", NULL};

    return is_any(&w->before, words) || (w->before.punct == ',' && (is_named(&w->token, "generate_series") || is_named(&w->token, "unnest")));
}

static void plain(struct writer *w)
{
    if (w->token.punct == ',' && w->depth > 0) {
        w->frames[w->depth - 1].commas++;
        w->frames[w->depth - 1].vector = is_vector(&w->before);
    }
    if (is_named(&w->token, "tableoid") && w->before.punct == '.' && w->start < w->out->len) {
        w->out->len = w->start;
        tn_buf_puts(w->out, "0");
        skip(w);
        return;
    }
    if (is_name(&w->token) || w->token.kind == TN_TOKEN_NUMBER) {
        put_gap(w);
        w->in_from = (w->before.punct == '.' && w->in_from) || is_from(w);
        begin_operand(w, OPERAND_OTHER);
    } else if (w->token.kind == TN_TOKEN_STRING || w->token.kind == TN_TOKEN_PARAM) {
        put_gap(w);
        begin_operand(w, OPERAND_LITERAL);
    } else if (w->token.punct != '.') {
        put_token(w);
        w->call = tn_str_n("", 0);
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

    follow_list(w);
    if (is_named(&w->token, "pg_catalog") && w->next.punct == '.') {
        put_gap(w);
        skip_schema(w);
        w->before = before;
    } else if (is_named(&w->token, "information_schema") && w->next.punct == '.') {
        put_gap(w);
        skip(w);
        skip(w);
        w->before = before;
        if (is_name(&w->token))
            put_information(w);
    } else if (is_word(&w->token, "operator") && w->next.punct == '(') {
        named_operator(w);
    } else if (is_word(&w->token, "collate")) {
        collation(w);
    } else if (is_cast(&w->token)) {
        skip(w);
        cast(w);
    } else if (is_match(w)) {
        match(w);
    } else if (w->token.punct == '(' || w->token.punct == '[') {
        open_bracket(w);
    } else if (w->token.punct == ')' || w->token.punct == ']') {
        close_bracket(w);
    } else if (is_word(&w->token, "as") && w->depth > 0 && w->frames[w->depth - 1].cast) {
        skip(w);
        cast_as(w);
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
    follow_list(&w);
    return !w.too_deep;
}
