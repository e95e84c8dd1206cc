#include "stats/shape_scan.h"

#include "base/hash.h"
#include "stats/reader.h"
#include "stats/shape_cast.h"

/* A fingerprint looks at most 100 nodes deep. Beyond these numbers, all counted generously, a tree may be deeper. */
enum { DEEPEST_BRACKETS = 16, MOST_OPERATORS = 40, MOST_ARMS = 20, MOST_JOINS = 24, DEEPEST_CASE = 8 };

enum salt_kind { SALT_RELATION = 1, SALT_RED_FLAG, SALT_ORDINAL, SALT_LIST, SALT_CASE, SALT_WORDS, SALT_CAST };

struct emitter {
    struct tn_shape_scan   *scan;
    struct tn_template      tpl;
    struct tn_template_text *text; /* NULL: nobody asks for SQL and salts */
    uint64_t                salt;
    struct tn_casts        *casts; /* with TEXT */
    uint64_t                relations, ordinals; /* so far */
    unsigned                ors, ands, joins, arms, brackets, deepest;
    unsigned                whens[16]; /* of the open CASEs */
    size_t                  cases, deepest_case;
    bool                    reads;     /* names of tables stand where a query has them */
    bool                    after_dot;
};

/* Sums: arms that a fingerprint puts in another order keep their salt, and equal ones do not cancel each other. */
static void salt(struct emitter *e, enum salt_kind kind, uint64_t value)
{
    e->salt += tn_hash_mix((value + kind * UINT64_C(0x632be59bd9b4e019)) * UINT64_C(0x9e3779b97f4a7c15) + kind);
}

static uint64_t hash_folded(struct tn_str name, bool fold)
{
    char   folded[256];
    size_t len = TN_MIN(name.len, sizeof folded);

    if (!fold || name.len > sizeof folded)
        return tn_hash_str(name);
    for (size_t i = 0; i < len; i++)
        folded[i] = tn_ascii_lower(name.ptr[i]);
    return tn_hash(folded, len);
}

static unsigned count_class(unsigned n)
{
    return n < 4 ? n : n < 8 ? 4 : n < 16 ? 5 : n < 64 ? 6 : 7;
}

static bool has_digits(struct tn_str name) /* two in a row */
{
    for (size_t i = 1; i < name.len; i++)
        if (name.ptr[i] >= '0' && name.ptr[i] <= '9' && name.ptr[i - 1] >= '0' && name.ptr[i - 1] <= '9')
            return true;
    return false;
}

/* Names of tables in full: the fingerprint takes runs of digits out of them. Where there is more than a query, whatever may
 * be a table's name. */
static void salt_relation(struct emitter *e, enum tn_role role, const struct tn_token *token)
{
    bool name = token->kind == TN_TOKEN_WORD || token->kind == TN_TOKEN_IDENT;

    if (e->text == NULL)
        return;
    e->relations += role == TN_ROLE_RELATION;
    if ((role == TN_ROLE_RELATION || (!e->reads && name && role == TN_ROLE_OTHER)) && has_digits(token->text))
        salt(e, SALT_RELATION, hash_folded(token->text, token->kind == TN_TOKEN_WORD) + e->relations * UINT64_C(0xd1b54a32d192ed03));
}

static bool is_numbered(const struct tn_token *token) /* #1: the first column */
{
    return token->text.ptr[0] == '#';
}

/* Words that libpg_query takes for an alias, for an operator, or does not know. */
static bool is_red_flag(enum tn_word word, const struct tn_token *token)
{
    struct tn_str text = token->text;

    switch (word) {
    case TN_WORD_asof:
    case TN_WORD_final:
    case TN_WORD_lateral:
    case TN_WORD_pivot:
    case TN_WORD_prewhere:
    case TN_WORD_qualify:
    case TN_WORD_sample:
    case TN_WORD_settings:
    case TN_WORD_unpivot:
        return true;
    case TN_WORD_NONE:
        return is_numbered(token) || tn_str_ieq_c(text, "positional") || tn_str_ieq_c(text, "semi") || tn_str_ieq_c(text, "anti");
    default:
        return false;
    }
}

static void end_case(struct emitter *e)
{
    if (e->cases == 0)
        return;
    e->cases--;
    if (e->cases < TN_ARRAY_LEN(e->whens))
        salt(e, SALT_CASE, count_class(e->whens[e->cases]));
}

static void count_word(struct emitter *e, enum tn_word word)
{
    switch (word) {
    case TN_WORD_case:
        if (e->cases < TN_ARRAY_LEN(e->whens))
            e->whens[e->cases] = 0;
        e->cases++;
        e->deepest_case = TN_MAX(e->deepest_case, e->cases);
        break;
    case TN_WORD_when:
        if (e->cases > 0 && e->cases <= TN_ARRAY_LEN(e->whens))
            e->whens[e->cases - 1]++;
        break;
    case TN_WORD_end:
        end_case(e);
        break;
    case TN_WORD_or:
        e->ors++;
        break;
    case TN_WORD_and:
        e->ands++;
        break;
    case TN_WORD_join:
        e->joins++;
        break;
    case TN_WORD_union:
    case TN_WORD_intersect:
    case TN_WORD_except:
        e->arms++;
        break;
    default:
        break;
    }
}

/* Operators that follow each other, each over the one before: a tree as deep as there are. */
static void count_chain(struct emitter *e, const struct tn_stream_token *now)
{
    switch (now->word) {
    case TN_WORD_not:
    case TN_WORD_is:
    case TN_WORD_isnull:
    case TN_WORD_notnull:
    case TN_WORD_collate:
    case TN_WORD_at:
        e->text->operators++;
        break;
    case TN_WORD_select:
    case TN_WORD_from:
    case TN_WORD_where:
    case TN_WORD_and:
    case TN_WORD_or:
    case TN_WORD_on:
    case TN_WORD_when:
    case TN_WORD_then:
    case TN_WORD_else:
    case TN_WORD_by:
        e->text->operators = 0;
        break;
    default:
        if (now->token.punct == ',')
            e->text->operators = 0;
        break;
    }
}

/* NOW is the token of kind END behind the last one, too. */
static void salt_cast(struct emitter *e, const struct tn_stream_token *now)
{
    uint64_t type = tn_casts_token(e->casts, now);

    if (type != 0)
        salt(e, SALT_CAST, type);
}

static void count(struct emitter *e, enum tn_role role, const struct tn_stream_token *now)
{
    char punct = now->token.punct;

    count_chain(e, now);
    salt_cast(e, now);
    if (now->word != TN_WORD_NONE && role == TN_ROLE_OTHER) {
        count_word(e, now->word);
    } else if (punct == '(') {
        e->brackets++;
        e->deepest = TN_MAX(e->deepest, e->brackets);
    } else if (punct == ')') {
        e->brackets -= e->brackets > 0;
    }
    if (now->token.kind == TN_TOKEN_WORD && (role == TN_ROLE_OTHER || is_numbered(&now->token)) && !e->after_dot &&
        is_red_flag(now->word, &now->token)) {
        e->scan->red_flag = true;
        salt(e, SALT_RED_FLAG, hash_folded(now->token.text, true));
    }
    if (e->scan->place.ended_items > 0)
        salt(e, SALT_LIST, count_class(e->scan->place.ended_items));
}

/* DATE '2020-01-01' is a literal. */
static bool is_type_of_literal(const struct tn_stream_token *now, const struct tn_stream_token *ahead)
{
    static const char *const types[] = {"date", "time", "timestamp", "timestamptz", "datetime", "interval"};

    if (now->token.kind != TN_TOKEN_WORD || ahead->token.kind != TN_TOKEN_STRING || now->token.text.len < 4)
        return false;
    for (size_t i = 0; i < TN_ARRAY_LEN(types); i++)
        if (tn_str_ieq_c(now->token.text, types[i]))
            return true;
    return false;
}

/* A semicolon with nothing but semicolons behind it. The lexer in front of it stays where it is. */
static bool is_last_semicolon(const struct tn_stream_token *now, const struct tn_stream_token *ahead)
{
    return now->token.punct == ';' && (ahead->token.kind == TN_TOKEN_END || ahead->token.punct == ';');
}

static void emit(struct emitter *e, enum tn_role role, const struct tn_stream_token *now, const struct tn_stream_token *ahead)
{
    struct tn_token token = now->token;
    enum tn_word    word = now->word;

    if (role == TN_ROLE_ORDINAL) {
        salt(e, SALT_ORDINAL, tn_hash_str(token.text) + ++e->ordinals);
        token.kind = TN_TOKEN_WORD;
    } else if (token.kind == TN_TOKEN_STRING && (role == TN_ROLE_RELATION || role == TN_ROLE_FILE)) {
        salt_relation(e, TN_ROLE_RELATION, &token);
        token.kind = TN_TOKEN_IDENT;
    } else if (tn_scan_renamed(e->scan, role, &token, e->after_dot, ahead->token.punct == '.')) {
        word = TN_WORD_NONE;
    } else {
        salt_relation(e, role, &token);
    }
    tn_template_add(&e->tpl, &token, word);
}

/* A hint of the engine (slash-star-plus) changes how it runs; one for us does not. */
static bool is_engine_hint(struct tn_str comment)
{
    size_t at = 3;

    if (comment.len < 4 || memcmp(comment.ptr, "/*+", 3) != 0)
        return false;
    while (at < comment.len && (comment.ptr[at] == ' ' || (comment.ptr[at] >= '\t' && comment.ptr[at] <= '\r')))
        at++;
    return comment.len - at < 8 || !tn_str_ieq(tn_str_n(comment.ptr + at, 8), TN_STR("turnout("));
}

static uint64_t hints_of(struct tn_str text, enum tn_dialect dialect)
{
    struct tn_lexer lexer;
    struct tn_token token;
    struct tn_str   comment;
    uint64_t        hash = 0;

    if (text.len < 4 || memchr(text.ptr, '/', text.len) == NULL || memmem(text.ptr, text.len, "/*+", 3) == NULL)
        return 0;
    tn_lexer_init(&lexer, text, dialect);
    do {
        while (tn_lexer_comment(&lexer, &comment))
            if (is_engine_hint(comment))
                hash = tn_hash_seeded(comment.ptr, comment.len, hash + 1);
    } while (tn_lexer_next(&lexer, &token));
    return hash;
}

static enum tn_role note_role(struct tn_shape_scan *scan, const struct tn_stream_token *now)
{
    enum tn_role role = tn_place_token(&scan->place, now, scan->stream.ahead);

    tn_stream_set_role(&scan->stream, (unsigned char)role);
    tn_scan_note_alias(scan, role, &now->token);
    return role;
}

/* Would emit() feed the template with something else than the token? Aliases apart, which are not all known yet. */
static bool is_changed(enum tn_role role, const struct tn_stream_token *now, const struct tn_stream_token *ahead)
{
    return role == TN_ROLE_ORDINAL || now->token.punct == ';' || is_type_of_literal(now, ahead) ||
           (now->token.kind == TN_TOKEN_STRING && (role == TN_ROLE_RELATION || role == TN_ROLE_FILE));
}

/* First time over the text: features and the names of aliases. True when the features' template is that of the shape, too: TMPL. */
static bool read_text(struct tn_shape_scan *scan, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                      unsigned param_count, struct tn_features *features, uint64_t tmpl[2])
{
    struct tn_level  levels[TN_SCOPE_LEVELS]; /* not initialised: a level is when it is opened */
    struct tn_reader reader;
    bool             changed = false;

    tn_features_begin(&reader, features, text, dialect, levels, params, param_count);
    tn_stream_init(&scan->stream, text, dialect);
    while (tn_stream_next(&scan->stream)) {
        const struct tn_stream_token *now = scan->stream.now;

        tn_features_token(&reader, &now->token, now->word);
        changed |= is_changed(note_role(scan, now), now, scan->stream.ahead);
    }
    tn_features_end(&reader);
    tmpl[0] = features->template_hash;
    tmpl[1] = reader.tpl.hash2;
    scan->valued = tn_features_valued(&reader) || scan->place.valued;
    return !changed && scan->tables.count == 0 && scan->columns.count == 0 && features->inner.len == 0;
}

/* PREPARE name AS ..: the shape is that of what is prepared. */
static void read_inner(struct tn_shape_scan *scan, struct tn_str inner, enum tn_dialect dialect)
{
    scan->tables.count = scan->columns.count = 0;
    scan->tables.filter = scan->columns.filter = 0;
    tn_place_init(&scan->place);
    tn_stream_init(&scan->stream, inner, dialect);
    while (tn_stream_next(&scan->stream))
        (void)note_role(scan, scan->stream.now);
}

/* Says nothing: with and without it is the same statement. */
static bool is_left_out(enum tn_role role, const struct tn_stream_token *now, const struct tn_stream_token *ahead, bool after_dot)
{
    return role == TN_ROLE_AS || is_last_semicolon(now, ahead) ||
           (role == TN_ROLE_OTHER && !after_dot && is_type_of_literal(now, ahead));
}

static void emit_all(struct emitter *e)
{
    struct tn_shape_scan *scan = e->scan;
    bool                  known = e->text == NULL && tn_stream_is_whole(&scan->stream); /* salts need more of the place than roles */
    unsigned              items;

    tn_stream_rewind(&scan->stream);
    tn_place_init(&scan->place);
    while (tn_stream_next(&scan->stream)) {
        const struct tn_stream_token *now = scan->stream.now, *ahead = scan->stream.ahead;
        enum tn_role                  role = known ? (enum tn_role)now->role : tn_place_token(&scan->place, now, ahead);

        if (e->text != NULL)
            count(e, role, now);
        if (!is_left_out(role, now, ahead, e->after_dot))
            emit(e, role, now, ahead);
        e->after_dot = now->token.punct == '.';
    }
    if (e->text != NULL)
        salt_cast(e, scan->stream.ahead);
    while (e->text != NULL && (items = tn_place_end(&scan->place)) > 0)
        salt(e, SALT_LIST, count_class(items));
    salt(e, SALT_WORDS, count_class(e->ors) | count_class(e->ands) << 8);
}

/* The template as the shape has it: aliases renamed, the statement inside PREPARE. */
static void read_again(struct tn_shape_scan *scan, enum tn_dialect dialect, const struct tn_features *features)
{
    struct emitter e = {.scan = scan, .reads = features->class == TN_CLASS_READ || features->inner.len > 0};

    if (features->inner.len > 0)
        read_inner(scan, features->inner, dialect);
    tn_scan_check_aliases(scan, e.reads);
    tn_template_init(&e.tpl);
    emit_all(&e);
    scan->tmpl[0] = tn_template_end(&e.tpl);
    scan->tmpl[1] = e.tpl.hash2;
}

void tn_shape_scan(struct tn_shape_scan *scan, struct tn_str text, enum tn_dialect dialect, const struct tn_str *params,
                   unsigned param_count, struct tn_features *features)
{
    scan->red_flag = false;
    scan->tables.count = scan->columns.count = 0;
    scan->tables.filter = scan->columns.filter = 0;
    tn_place_init(&scan->place);
    if (!read_text(scan, text, dialect, params, param_count, features, scan->tmpl))
        read_again(scan, dialect, features);
    scan->reads = features->class == TN_CLASS_READ || features->inner.len > 0;
    scan->hints = hints_of(text, dialect);
    scan->tmpl[0] ^= scan->hints; /* a template has no comments */
    scan->tmpl[1] ^= tn_hash_mix(scan->hints);
}

void tn_shape_scan_sql(struct tn_shape_scan *scan)
{
    struct tn_template_text text = {.out = scan->sql, .max = TN_SCAN_SQL, .sql = true};
    struct tn_casts         casts = {.state = TN_CAST_NONE};
    struct emitter          e = {.scan = scan, .reads = scan->reads, .text = &text, .casts = &casts};

    tn_template_init(&e.tpl);
    e.tpl.text = &text;
    emit_all(&e);
    (void)tn_template_end(&e.tpl);
    scan->salt = e.salt + tn_hash_mix(scan->hints);
    scan->deep = e.deepest > DEEPEST_BRACKETS || text.longest > MOST_OPERATORS || e.arms > MOST_ARMS || e.joins > MOST_JOINS ||
                 e.deepest_case > DEEPEST_CASE;
    scan->sql_len = text.full ? 0 : text.len;
    scan->sql[scan->sql_len] = '\0';
}
