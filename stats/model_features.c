#include "stats/model_features.h"

#include "base/hash.h"
#include "stats/lexer.h"
#include "stats/word.h"

#include <math.h>

enum { ALIASES = 32, DEPTH = 32, PLACES = 512, NAME = 96 };

enum clause { CLAUSE_OTHER, CLAUSE_SELECT, CLAUSE_FROM, CLAUSE_WHERE, CLAUSE_BY, CLAUSE_LIMIT };
enum operand { NOTHING, COLUMN, NUMBER, STRING, PARAM };
enum operator { NO_OPERATOR, EQ, NE, LT, LE, GT, GE, LIKE, IN, BETWEEN, IS, OPERATORS };

static const char *const operator_names[OPERATORS] = {"", "=", "<>", "<", "<=", ">", ">=", "LIKE", "IN", "BETWEEN", "IS"};

struct alias {
    uint64_t name, table;
};

struct value { /* one side of a comparison */
    enum operand kind;
    uint64_t     column;
    double       number;
    struct tn_str text; /* of a string, without its quotes */
};

struct scan {
    struct tn_model_features *out;
    uint16_t                  places[PLACES]; /* place in the list + 1, by key */
    struct tn_lexer           lexer;
    struct tn_token           token, ahead;
    enum tn_word              word;
    bool                      more;
    enum clause               clauses[DEPTH];
    unsigned                  depth;
    bool                      wants_table, after_operand, after_as, minus, negated, first_seen;
    struct value              left, low;
    enum operator             operator;
    unsigned                  list_depth, list_items; /* IN ( .. ) that is open: its depth, 0 = none */
    struct alias              aliases[ALIASES];
    size_t                    alias_count, table_count;
    uint64_t                  only_table;
};

/* ---- keys ---- */

static uint64_t name_hash(struct tn_str name)
{
    char   folded[NAME];
    size_t len = TN_MIN(name.len, sizeof folded);

    for (size_t i = 0; i < len; i++)
        folded[i] = tn_ascii_lower(name.ptr[i]);
    return tn_hash(folded, len);
}

static uint64_t join(uint64_t a, uint64_t b)
{
    return tn_hash_mix(a * UINT64_C(0x9e3779b97f4a7c15) + b);
}

static uint32_t key_of(enum tn_model_kind kind, uint64_t about)
{
    uint32_t key = (uint32_t)join((uint64_t)kind + 1, about);

    return key != 0 ? key : 1;
}

uint32_t tn_model_key(enum tn_model_kind kind, const struct tn_str *names, size_t count)
{
    uint64_t about = 0;

    for (size_t i = 0; i < count; i++)
        about = i == 0 ? name_hash(names[0]) : join(about, name_hash(names[i]));
    return key_of(kind, about);
}

/* ---- the list ---- */

static struct tn_model_feature *feature(struct scan *s, enum tn_model_kind kind, uint64_t about)
{
    uint32_t key = key_of(kind, about), at = key % PLACES;

    for (; s->places[at] != 0; at = (at + 1) % PLACES)
        if (s->out->list[s->places[at] - 1].key == key)
            return &s->out->list[s->places[at] - 1];
    if (s->out->count == TN_MODEL_FEATURES)
        return NULL;
    s->out->list[s->out->count] = (struct tn_model_feature){.key = key};
    s->places[at] = (uint16_t)++s->out->count;
    return &s->out->list[s->out->count - 1];
}

static void add(struct scan *s, enum tn_model_kind kind, uint64_t about, double by)
{
    struct tn_model_feature *f = feature(s, kind, about);

    if (f != NULL)
        f->value += (float)by;
}

static void set(struct scan *s, enum tn_model_kind kind, uint64_t about, double value)
{
    struct tn_model_feature *f = isfinite((float)value) ? feature(s, kind, about) : NULL;

    if (f != NULL)
        f->value = (float)value;
}

/* ---- tokens ---- */

static void start(struct scan *s, struct tn_str text, enum tn_dialect dialect)
{
    tn_lexer_init(&s->lexer, text, dialect);
    s->more = tn_lexer_next(&s->lexer, &s->ahead);
    s->depth = 0;
    s->clauses[0] = CLAUSE_OTHER;
    s->wants_table = s->after_operand = s->after_as = false;
}

static bool next(struct scan *s)
{
    if (!s->more)
        return false;
    s->token = s->ahead;
    s->more = tn_lexer_next(&s->lexer, &s->ahead);
    if (!s->more)
        s->ahead = (struct tn_token){.kind = TN_TOKEN_END};
    s->word = s->token.kind == TN_TOKEN_WORD ? tn_word_find(s->token.text) : TN_WORD_NONE;
    return true;
}

static bool is_name(const struct tn_token *token)
{
    return token->kind == TN_TOKEN_IDENT || (token->kind == TN_TOKEN_WORD && tn_word_find(token->text) == TN_WORD_NONE);
}

static enum clause clause_of(const struct scan *s)
{
    return s->clauses[TN_MIN(s->depth, (unsigned)DEPTH - 1)];
}

static void set_clause(struct scan *s, enum clause clause)
{
    s->clauses[TN_MIN(s->depth, (unsigned)DEPTH - 1)] = clause;
    s->wants_table = clause == CLAUSE_FROM;
}

/* A name with its dots; the last part in LAST, the one before in BEFORE (empty: none). Stands on its last token afterwards. */
static void dotted(struct scan *s, struct tn_str *before, struct tn_str *last)
{
    *before = TN_STR("");
    *last = tn_token_name(&s->token);
    while (s->ahead.punct == '.') {
        (void)next(s);
        if (s->ahead.kind != TN_TOKEN_WORD && s->ahead.kind != TN_TOKEN_IDENT)
            return;
        (void)next(s);
        *before = *last;
        *last = tn_token_name(&s->token);
    }
}

/* ---- first time: which tables there are, and by which other names ---- */

static void note_alias(struct scan *s, struct tn_str name, uint64_t table)
{
    if (s->alias_count < ALIASES)
        s->aliases[s->alias_count++] = (struct alias){name_hash(name), table};
}

static void note_table(struct scan *s)
{
    struct tn_str before, last;
    uint64_t      table;

    dotted(s, &before, &last);
    s->wants_table = false;
    if (s->ahead.punct == '(') /* a function */
        return;
    table = name_hash(last);
    s->only_table = s->table_count == 0 || s->only_table == table ? table : 0;
    s->table_count++;
    if (s->ahead.kind == TN_TOKEN_WORD && tn_word_find(s->ahead.text) == TN_WORD_as)
        (void)next(s);
    if (is_name(&s->ahead)) {
        (void)next(s);
        note_alias(s, tn_token_name(&s->token), table);
    }
}

/* Where a table's name may stand; the same in both times. */
static void follow_clauses(struct scan *s)
{
    switch (s->word) {
    case TN_WORD_select: set_clause(s, CLAUSE_SELECT); return;
    case TN_WORD_from:
    case TN_WORD_join:
    case TN_WORD_into:
    case TN_WORD_update: set_clause(s, CLAUSE_FROM); return;
    case TN_WORD_where:
    case TN_WORD_on:
    case TN_WORD_having: set_clause(s, CLAUSE_WHERE); return;
    case TN_WORD_by: set_clause(s, CLAUSE_BY); return;
    case TN_WORD_limit: set_clause(s, CLAUSE_LIMIT); return;
    case TN_WORD_set:
    case TN_WORD_values:
    case TN_WORD_union:
    case TN_WORD_except:
    case TN_WORD_intersect: set_clause(s, CLAUSE_OTHER); return;
    default: break;
    }
    if (s->token.punct == '(') {
        enum clause outer = clause_of(s);

        s->depth++;
        s->clauses[TN_MIN(s->depth, (unsigned)DEPTH - 1)] = outer;
        s->wants_table = s->wants_table && outer == CLAUSE_FROM;
    } else if (s->token.punct == ')') {
        s->depth -= s->depth > 0;
        s->wants_table = false;
    } else if (s->token.punct == ',' && clause_of(s) == CLAUSE_FROM) {
        s->wants_table = true;
    }
}

static void find_aliases(struct scan *s, struct tn_str text, enum tn_dialect dialect)
{
    start(s, text, dialect);
    while (next(s)) {
        follow_clauses(s);
        if (s->wants_table && is_name(&s->token))
            note_table(s);
    }
}

static uint64_t column_of(const struct scan *s, struct tn_str table, struct tn_str name)
{
    uint64_t of = table.len > 0 ? name_hash(table) : s->only_table;

    for (size_t i = 0; i < s->alias_count && table.len > 0; i++)
        if (s->aliases[i].name == of)
            return join(s->aliases[i].table, name_hash(name));
    return join(of, name_hash(name));
}

/* ---- comparisons ---- */

static enum operator mirrored(enum operator operator)
{
    switch (operator) {
    case LT: return GT;
    case LE: return GE;
    case GT: return LT;
    case GE: return LE;
    default: return operator;
    }
}

static void put_string(struct scan *s, uint64_t about, struct tn_str text)
{
    add(s, TN_MODEL_PATTERN, about, (double)text.len);
    set(s, TN_MODEL_STRING, join(about, tn_hash(text.ptr, TN_MIN(text.len, (size_t)NAME))), 1);
}

static void put_literal(struct scan *s, uint64_t column, enum operator operator, const struct value *value)
{
    uint64_t about = join(column, name_hash(tn_str(operator_names[operator])) + (s->negated ? 1 : 0));

    add(s, TN_MODEL_PREDICATES, 0, 1);
    add(s, TN_MODEL_OPERATOR, name_hash(tn_str(operator_names[operator])), 1);
    add(s, TN_MODEL_COMPARED, about, 1);
    if (value->kind == NUMBER)
        set(s, TN_MODEL_NUMBER, about, value->number);
    else if (value->kind == STRING)
        put_string(s, about, value->text);
}

static void put_range(struct scan *s, const struct value *high)
{
    put_literal(s, s->left.column, BETWEEN, &s->low);
    if (s->low.kind != NUMBER || high->kind != NUMBER)
        return;
    set(s, TN_MODEL_HIGH, s->left.column, high->number);
    set(s, TN_MODEL_WIDTH, s->left.column, high->number - s->low.number);
}

static void forget(struct scan *s)
{
    s->left.kind = s->low.kind = NOTHING;
    s->operator = NO_OPERATOR;
    s->negated = false;
}

static void compare(struct scan *s, const struct value *right)
{
    if (s->left.kind == COLUMN && right->kind == COLUMN) {
        add(s, TN_MODEL_JOINS, s->left.column, 1);
        add(s, TN_MODEL_JOINS, right->column, 1);
    } else if (s->left.kind == COLUMN) {
        put_literal(s, s->left.column, s->operator, right);
    } else if (right->kind == COLUMN) {
        put_literal(s, right->column, mirrored(s->operator), &s->left);
    }
    forget(s);
    s->left = *right; /* a < b < c is none; but a function's argument may be compared next */
}

static void take_value(struct scan *s, const struct value *value)
{
    s->after_operand = true;
    if (clause_of(s) == CLAUSE_LIMIT && value->kind == NUMBER)
        set(s, TN_MODEL_LIMIT, 0, value->number);
    if (s->list_depth > 0 && s->depth == s->list_depth) {
        s->list_items++;
        if (s->left.kind == COLUMN && value->kind == STRING && s->list_items <= 16)
            set(s, TN_MODEL_STRING, join(s->left.column, tn_hash(value->text.ptr, TN_MIN(value->text.len, (size_t)NAME))), 1);
    } else if (s->operator == BETWEEN && s->low.kind == NOTHING) {
        s->low = *value;
    } else if (s->operator == BETWEEN) {
        put_range(s, value);
        forget(s);
    } else if (s->operator != NO_OPERATOR && s->operator != IN) {
        compare(s, value);
    } else {
        s->left = *value;
    }
}

/* ---- what a token is ---- */

/* 'YYYY-MM-DD...' as days; false: no date. */
static bool read_date(struct tn_str text, double *days)
{
    int n[3] = {0, 0, 0}, y, m;

    if (text.len < 10 || text.ptr[4] != '-' || text.ptr[7] != '-')
        return false;
    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7)
            continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        n[i < 4 ? 0 : i < 7 ? 1 : 2] = n[i < 4 ? 0 : i < 7 ? 1 : 2] * 10 + (text.ptr[i] - '0');
    }
    y = n[0] - (n[1] <= 2);
    m = (n[1] + 9) % 12;
    *days = 365.0 * y + floor(y / 4.0) - floor(y / 100.0) + floor(y / 400.0) + floor((153 * m + 2) / 5.0) + n[2];
    return true;
}

static void literal(struct scan *s)
{
    struct value value = {.kind = PARAM};

    if (s->token.kind == TN_TOKEN_NUMBER && tn_str_to_double(s->token.text, &value.number)) {
        value.kind = NUMBER;
        value.number = s->minus ? -value.number : value.number;
    } else if (s->token.kind == TN_TOKEN_STRING) {
        value.kind = STRING;
        value.text = s->token.text.len >= 2 ? tn_str_n(s->token.text.ptr + 1, s->token.text.len - 2) : s->token.text;
        if (read_date(value.text, &value.number))
            value.kind = NUMBER;
    }
    take_value(s, &value);
}

static void name(struct scan *s)
{
    struct tn_str before, last;
    struct value  value = {.kind = COLUMN};
    enum clause   clause = clause_of(s);
    bool          is_alias = s->after_as || (s->after_operand && s->list_depth == 0);

    dotted(s, &before, &last);
    s->after_as = false;
    if (s->ahead.punct == '(') {
        add(s, TN_MODEL_FUNCTION, name_hash(last), 1);
        s->after_operand = false;
        return;
    }
    if (is_alias || s->ahead.kind == TN_TOKEN_STRING) /* DATE '...' */
        return;
    value.column = column_of(s, before, last);
    if (clause == CLAUSE_SELECT) {
        add(s, TN_MODEL_SELECTED, 0, 1);
        add(s, TN_MODEL_SELECTS, value.column, 1);
    } else if (clause == CLAUSE_BY) {
        add(s, TN_MODEL_GROUPS, value.column, 1);
    }
    take_value(s, &value);
}

static void table(struct scan *s)
{
    struct tn_str before, last;

    dotted(s, &before, &last);
    s->wants_table = false;
    if (s->ahead.punct == '(') {
        add(s, TN_MODEL_FUNCTION, name_hash(last), 1);
        return;
    }
    add(s, TN_MODEL_TABLES, 0, 1);
    add(s, TN_MODEL_TABLE, name_hash(last), 1);
    if (!s->first_seen)
        set(s, TN_MODEL_FIRST, name_hash(last), 1);
    s->first_seen = true;
    if (s->ahead.kind == TN_TOKEN_WORD && tn_word_find(s->ahead.text) == TN_WORD_as)
        (void)next(s);
    if (is_name(&s->ahead))
        (void)next(s);
    s->after_operand = false;
}

static enum operator operator_of(const struct scan *s)
{
    struct tn_str t = s->token.text;

    switch (s->word) {
    case TN_WORD_like:
    case TN_WORD_ilike:
    case TN_WORD_similar:
    case TN_WORD_regexp:
    case TN_WORD_rlike:
    case TN_WORD_glob: return LIKE;
    case TN_WORD_in: return IN;
    case TN_WORD_between: return BETWEEN;
    case TN_WORD_is: return IS;
    default: break;
    }
    if (s->token.kind != TN_TOKEN_PUNCT)
        return NO_OPERATOR;
    for (enum operator o = EQ; o <= GE; o++)
        if (tn_str_eq_c(t, operator_names[o]))
            return o;
    return tn_str_eq_c(t, "!=") ? NE : t.ptr[0] == '~' ? LIKE : NO_OPERATOR;
}

static bool counts(enum tn_word word)
{
    switch (word) {
    case TN_WORD_join: case TN_WORD_left: case TN_WORD_right: case TN_WORD_full: case TN_WORD_cross: case TN_WORD_or: case TN_WORD_and:
    case TN_WORD_not: case TN_WORD_like: case TN_WORD_ilike: case TN_WORD_group: case TN_WORD_order: case TN_WORD_having:
    case TN_WORD_distinct: case TN_WORD_union: case TN_WORD_except: case TN_WORD_intersect: case TN_WORD_select: case TN_WORD_with:
    case TN_WORD_over: case TN_WORD_exists: case TN_WORD_case: case TN_WORD_in: case TN_WORD_between: case TN_WORD_limit: return true;
    default: return false;
    }
}

static void end_list(struct scan *s)
{
    if (s->left.kind == COLUMN) {
        add(s, TN_MODEL_PREDICATES, 0, 1);
        add(s, TN_MODEL_OPERATOR, name_hash(tn_str("IN")), 1);
        set(s, TN_MODEL_ITEMS, s->left.column, s->list_items);
    }
    add(s, TN_MODEL_LISTED, 0, s->list_items);
    s->list_depth = 0;
    forget(s);
}

static void mark(struct scan *s)
{
    enum operator operator = operator_of(s);

    if (s->token.punct == ')' && s->list_depth > 0 && s->depth < s->list_depth)
        end_list(s);
    if (s->token.punct == '(' && s->operator == IN && s->list_depth == 0 && !(s->ahead.kind == TN_TOKEN_WORD && tn_word_find(s->ahead.text) == TN_WORD_select)) {
        s->list_depth = s->depth;
        s->list_items = 0;
    }
    if (counts(s->word))
        add(s, TN_MODEL_WORD, name_hash(s->token.text), 1);
    s->after_as = s->word == TN_WORD_as;
    if (s->word == TN_WORD_not)
        s->negated = true;
    if (operator != NO_OPERATOR && s->left.kind != NOTHING) {
        s->operator = operator;
    } else if (s->word == TN_WORD_null && s->operator == IS) {
        struct value value = {.kind = PARAM};

        compare(s, &value);
    } else if ((s->word == TN_WORD_and && s->operator != BETWEEN) || s->word == TN_WORD_or || s->word == TN_WORD_where || s->word == TN_WORD_on ||
               s->word == TN_WORD_select || (s->token.punct == ',' && s->list_depth == 0)) {
        forget(s);
    }
}

static void one(struct scan *s)
{
    follow_clauses(s);
    if (s->wants_table && is_name(&s->token)) {
        table(s);
        return;
    }
    if (s->token.kind == TN_TOKEN_NUMBER || s->token.kind == TN_TOKEN_STRING || s->token.kind == TN_TOKEN_PARAM) {
        literal(s);
    } else if (is_name(&s->token)) {
        name(s);
    } else {
        mark(s);
        s->minus = s->token.punct == '-' && !s->after_operand;
        s->after_operand = s->token.punct == ')';
        return;
    }
    s->minus = false;
}

void tn_model_features_read(struct tn_model_features *out, struct tn_str text, enum tn_dialect dialect)
{
    struct scan s; /* large: what is used of it is set where it is used */

    if (text.ptr == NULL)
        text = TN_STR("");
    out->count = 0;
    memset(&s, 0, sizeof s);
    s.out = out;
    set(&s, TN_MODEL_LENGTH, 0, (double)text.len);
    text.len = TN_MIN(text.len, (size_t)TN_MODEL_TEXT);
    find_aliases(&s, text, dialect);
    start(&s, text, dialect);
    forget(&s);
    while (next(&s))
        one(&s);
}
