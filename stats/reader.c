/* How table names and classes are found without a grammar: every bracket opens a level; a level knows which statement
 * runs in it and whether a table name comes next. Keywords move that state; what follows a dot is never a keyword. */
#include "stats/reader.h"

#include "stats/function.h"

static bool in_query(const struct tn_level *level)
{
    return level->verb == TN_VERB_SELECT || level->verb == TN_VERB_DELETE || level->verb == TN_VERB_UPDATE;
}

static void expect(struct tn_level *level, unsigned flags)
{
    unsigned kept = level->flags & ~(unsigned)(LEVEL_FROM | LEVEL_EXPECT | LEVEL_TARGET);

    level->flags = (uint16_t)(kept | LEVEL_EXPECT | flags);
}

static void clear(struct tn_level *level, unsigned flags)
{
    level->flags = (uint16_t)(level->flags & ~flags);
}

static bool is(enum tn_word word, unsigned flag)
{
    return (tn_word_flags(word) & flag) != 0;
}

/* Right behind UNION [ALL | DISTINCT] and its kin. */
static bool begins_arm(const struct tn_reader *r)
{
    return is(r->w1, WORD_SET_OPERATION) || ((r->w1 == TN_WORD_all || r->w1 == TN_WORD_distinct) && is(r->w2, WORD_SET_OPERATION));
}

static void note_subquery(struct tn_reader *r, const struct tn_level *level)
{
    if (r->scope.depth > r->main_depth && (level->flags & (LEVEL_CTE_BODY | LEVEL_PLAIN)) == 0)
        r->out->has_subquery = true;
}

/* WORD begins a statement at this level. */
static void begin_statement(struct tn_reader *r, struct tn_level *level, enum tn_word word)
{
    enum tn_verb verb = tn_word_verb(word);

    if (verb == TN_VERB_SELECT && level->verb != TN_VERB_SELECT)
        note_subquery(r, level);
    clear(level, LEVEL_FROM | LEVEL_EXPECT | LEVEL_TARGET | LEVEL_WITH | LEVEL_CTE_NAME | LEVEL_OPTIONS);
    level->verb = (uint8_t)verb;
    switch (word) {
    case TN_WORD_with:
        level->flags |= LEVEL_WITH | LEVEL_CTE_NAME;
        break;
    case TN_WORD_from:
        expect(level, LEVEL_FROM);
        break;
    case TN_WORD_values:
        level->verb = TN_VERB_SELECT;
        break;
    case TN_WORD_describe:
    case TN_WORD_desc:
    case TN_WORD_summarize:
    case TN_WORD_pivot:
    case TN_WORD_unpivot:
    case TN_WORD_table:
        level->verb = TN_VERB_SELECT;
        expect(level, LEVEL_TARGET);
        break;
    case TN_WORD_delete:
        if (r->dialect == TN_DIALECT_BIGQUERY)
            expect(level, LEVEL_TARGET);
        break;
    case TN_WORD_insert:
    case TN_WORD_replace:
    case TN_WORD_merge:
    case TN_WORD_copy:
    case TN_WORD_vacuum:
    case TN_WORD_analyze:
    case TN_WORD_analyse:
        expect(level, LEVEL_TARGET);
        break;
    case TN_WORD_update:
    case TN_WORD_truncate:
    case TN_WORD_lock:
        expect(level, LEVEL_TARGET | LEVEL_FROM);
        break;
    default:
        break;
    }
}

/* The statement at the end of WITH .. */
static void begin_main(struct tn_reader *r, struct tn_level *level)
{
    if (r->scope.depth == r->main_depth)
        r->inner = r->word;
    if (is(r->word, WORD_CHANGES))
        r->writes = true;
    begin_statement(r, level, r->word);
}

static void first_word(struct tn_reader *r, struct tn_level *level)
{
    r->seen = true;
    r->first = r->word;
    r->main_depth = r->scope.depth;
    r->out->verb = tn_word_verb(r->word);
    r->want_inner = r->out->verb == TN_VERB_EXPLAIN || r->out->verb == TN_VERB_DESCRIBE || r->out->verb == TN_VERB_PREPARE ||
                    r->out->verb == TN_VERB_DECLARE || r->word == TN_WORD_summarize;
    begin_statement(r, level, r->word);
}

/* EXPLAIN .. stmt, PREPARE name AS stmt, DECLARE name CURSOR FOR stmt: is it here that the inner one begins? */
static bool inner_begins(const struct tn_reader *r, const struct tn_level *level)
{
    if (!is(r->word, WORD_VERB) || r->word == TN_WORD_analyze || r->word == TN_WORD_analyse)
        return false;
    switch (r->out->verb) {
    case TN_VERB_EXPLAIN:
        return (level->flags & LEVEL_OPTIONS) == 0 || ((level->flags & LEVEL_FIRST) != 0 && is(r->word, WORD_QUERY));
    case TN_VERB_PREPARE:
        return r->w1 == TN_WORD_as || (r->w1 == TN_WORD_from && r->dialect == TN_DIALECT_TRINO);
    case TN_VERB_DECLARE:
        return r->w1 == TN_WORD_for;
    default:
        return is(r->word, WORD_QUERY) || is(r->word, WORD_CHANGES);
    }
}

static bool inner_word(struct tn_reader *r, struct tn_level *level)
{
    if (r->out->verb == TN_VERB_EXPLAIN && (r->word == TN_WORD_analyze || r->word == TN_WORD_analyse))
        r->out->explain_analyze = true;
    if (r->w1 == TN_WORD_analyze && (level->flags & LEVEL_OPTIONS) != 0 &&
        (r->word == TN_WORD_false || r->word == TN_WORD_off))
        r->out->explain_analyze = false;
    if (!inner_begins(r, level))
        return false;
    r->want_inner = false;
    r->inner = r->word;
    if (r->out->verb == TN_VERB_PREPARE)
        r->out->inner = tn_str_n(r->token.text.ptr, (size_t)(r->text_end - r->token.text.ptr));
    r->main_depth = r->scope.depth;
    begin_statement(r, level, r->word);
    return true;
}

static bool next_is(const struct tn_reader *r, char c)
{
    const char *at = r->token.text.ptr + r->token.text.len;

    return at < r->text_end && *at == c;
}

/* A table name is expected. True when the word was it, or stands before it. */
static bool expected_word(struct tn_reader *r, struct tn_level *level)
{
    bool     target = (level->flags & LEVEL_TARGET) != 0;
    unsigned skips = target ? WORD_SKIP_TARGET : WORD_SKIP;

    if (is(r->word, WORD_NO_NAME)) {
        clear(level, LEVEL_EXPECT | LEVEL_TARGET);
        return false;
    }
    if (is(r->word, skips) && !next_is(r, '.')) {
        if (r->word == TN_WORD_temp || r->word == TN_WORD_temporary)
            r->out->needs_session = true;
        return true;
    }
    clear(level, LEVEL_EXPECT | LEVEL_TARGET);
    if (target && ((r->first == TN_WORD_grant || r->first == TN_WORD_revoke) && is(r->word, WORD_OTHER_OBJECT)))
        return true;
    if (r->word == TN_WORD_outfile || r->word == TN_WORD_dumpfile || r->token.text.ptr[0] == '@')
        return true;
    tn_scope_name_begin(&r->scope, &r->token, target);
    return true;
}

static void set_operation(struct tn_reader *r, struct tn_level *level)
{
    if (r->last.punct == '*' || (r->word == TN_WORD_minus && r->dialect != TN_DIALECT_SNOWFLAKE && r->dialect != TN_DIALECT_SPARK))
        return; /* SELECT * EXCEPT (a) */
    r->out->set_op_count++;
    clear(level, LEVEL_FROM | LEVEL_EXPECT);
}

static void on_from(struct tn_reader *r, struct tn_level *level)
{
    bool distinct = r->w1 == TN_WORD_distinct && (r->w2 == TN_WORD_is || r->w2 == TN_WORD_not);

    if (!distinct && in_query(level))
        expect(level, LEVEL_FROM);
}

static void on_join(struct tn_reader *r, struct tn_level *level)
{
    r->out->join_count++;
    if (r->w1 != TN_WORD_array && (in_query(level) || (level->flags & LEVEL_FROM) != 0))
        expect(level, LEVEL_FROM);
}

static void on_into(struct tn_reader *r, struct tn_level *level)
{
    if (r->w1 == TN_WORD_insert || r->w1 == TN_WORD_merge)
        r->writes = true;
    if (level->verb == TN_VERB_SELECT) {
        r->out->has_into = true;
        expect(level, LEVEL_TARGET);
    }
}

static bool is_main_ddl(const struct tn_reader *r)
{
    return r->scope.depth == r->main_depth && r->first != TN_WORD_NONE && r->first != TN_WORD_select;
}

static void on_object(struct tn_reader *r, struct tn_level *level) /* TABLE, VIEW */
{
    bool list = r->first == TN_WORD_drop;

    if (is_main_ddl(r) && level->verb != TN_VERB_SELECT)
        expect(level, LEVEL_TARGET | (list ? LEVEL_FROM : 0u));
}

static void on_on(struct tn_reader *r, struct tn_level *level)
{
    bool grants = r->first == TN_WORD_grant || r->first == TN_WORD_revoke;

    if (r->scope.depth != r->main_depth || !(grants || r->on_table))
        return;
    r->on_table = false;
    expect(level, LEVEL_TARGET | (grants ? LEVEL_FROM : 0u));
}

static bool is_lock_clause(const struct tn_reader *r)
{
    if (r->w1 == TN_WORD_for || (r->w1 == TN_WORD_key && (r->w2 == TN_WORD_for || r->w2 == TN_WORD_no)))
        return true;
    return r->word == TN_WORD_share && r->w1 == TN_WORD_in && r->w2 == TN_WORD_lock;
}

/* Words that set a flag and move no state. */
static void note_word(struct tn_reader *r, const struct tn_level *level)
{
    struct tn_features *out = r->out;

    switch (r->word) {
    case TN_WORD_where:
        out->has_where = true;
        break;
    case TN_WORD_by:
        out->has_group_by |= r->w1 == TN_WORD_group;
        out->has_order_by |= r->w1 == TN_WORD_order && (level->verb != TN_VERB_OTHER || (level->flags & LEVEL_PLAIN) != 0);
        break;
    case TN_WORD_distinct:
        out->has_distinct |= r->w1 == TN_WORD_select;
        break;
    case TN_WORD_limit:
        out->has_limit = true;
        break;
    case TN_WORD_first:
    case TN_WORD_next:
        out->has_limit |= r->w1 == TN_WORD_fetch && out->verb != TN_VERB_FETCH;
        break;
    case TN_WORD_over:
        out->has_window |= r->last.punct == ')';
        break;
    case TN_WORD_share:
    case TN_WORD_update:
        out->for_update |= is_lock_clause(r);
        break;
    case TN_WORD_temp:
    case TN_WORD_temporary:
        out->needs_session |= out->verb == TN_VERB_CREATE && r->scope.depth == 0 && r->scan.words <= 4;
        break;
    case TN_WORD_hold:
        out->needs_session |= out->verb == TN_VERB_DECLARE && r->w1 == TN_WORD_with;
        break;
    case TN_WORD_stdout:
        r->to_stdout |= out->verb == TN_VERB_COPY && r->w1 == TN_WORD_to;
        break;
    default:
        break;
    }
}

static void on_keyword(struct tn_reader *r, struct tn_level *level)
{
    switch (r->word) {
    case TN_WORD_select:
        begin_statement(r, level, r->word);
        return;
    case TN_WORD_with:
        if (level->verb == TN_VERB_INSERT || r->w1 == TN_WORD_as)
            begin_statement(r, level, r->word);
        return;
    case TN_WORD_from:
        on_from(r, level);
        return;
    case TN_WORD_join:
    case TN_WORD_straight_join:
        on_join(r, level);
        return;
    case TN_WORD_into:
        on_into(r, level);
        return;
    case TN_WORD_using:
        if (level->verb == TN_VERB_DELETE || level->verb == TN_VERB_MERGE)
            expect(level, LEVEL_FROM);
        return;
    case TN_WORD_table:
    case TN_WORD_view:
        on_object(r, level);
        return;
    case TN_WORD_references:
        if (r->first == TN_WORD_create || r->first == TN_WORD_alter)
            expect(level, LEVEL_TARGET);
        return;
    case TN_WORD_on:
        on_on(r, level);
        return;
    case TN_WORD_union:
    case TN_WORD_intersect:
    case TN_WORD_except:
    case TN_WORD_minus:
        set_operation(r, level);
        return;
    default:
        break;
    }
    if (is(r->word, WORD_ON_TABLE) && r->scope.depth == r->main_depth && r->scan.words <= 6 &&
        tn_word_class(r->first) == TN_CLASS_DDL)
        r->on_table = true;
    if (is(r->word, WORD_ENDS_FROM))
        clear(level, LEVEL_FROM);
}

/* A word at a place where a statement may begin. True when it does. */
static bool starting_word(struct tn_reader *r, struct tn_level *level)
{
    bool first = (level->flags & LEVEL_FIRST) != 0 || begins_arm(r);

    if ((level->flags & LEVEL_WITH) != 0 && (is(r->word, WORD_QUERY) || is(r->word, WORD_CHANGES)) && r->word != TN_WORD_with &&
        r->w1 != TN_WORD_as) {
        begin_main(r, level);
        return true;
    }
    if (first && is(r->word, WORD_QUERY)) {
        begin_statement(r, level, r->word);
        return true;
    }
    if (first && is(r->word, WORD_CHANGES))
        r->pending = r->word;
    return false;
}

static void on_name_of_cte(struct tn_reader *r, struct tn_level *level)
{
    if (r->word == TN_WORD_recursive && r->w1 == TN_WORD_with) {
        level->flags |= LEVEL_RECURSIVE;
        return;
    }
    clear(level, LEVEL_CTE_NAME);
    tn_scope_cte(&r->scope, &r->token, (level->flags & LEVEL_RECURSIVE) != 0);
    r->last_is_alias = true;
}

static void on_word(struct tn_reader *r, struct tn_level *level)
{
    note_word(r, level);
    if (!r->seen) {
        first_word(r, level);
        return;
    }
    if (r->want_inner && inner_word(r, level))
        return;
    if ((level->flags & LEVEL_CTE_NAME) != 0) {
        on_name_of_cte(r, level);
        return;
    }
    if ((level->flags & LEVEL_FIRST) != 0 && starting_word(r, level))
        return;
    if ((level->flags & LEVEL_EXPECT) != 0 && expected_word(r, level))
        return;
    if ((level->flags & LEVEL_FIRST) == 0 && starting_word(r, level))
        return;
    on_keyword(r, level);
}

/* Is INSERT, UPDATE, DELETE .. in front of TOKEN a statement and not a column? */
static bool confirms_change(const struct tn_reader *r)
{
    if (is(r->word, WORD_OPERATOR))
        return false;
    if (r->word == TN_WORD_from)
        return r->pending == TN_WORD_delete;
    return r->token.kind == TN_TOKEN_WORD || r->token.kind == TN_TOKEN_IDENT;
}

static void settle_pending(struct tn_reader *r, struct tn_level *level)
{
    if (r->pending != TN_WORD_NONE && confirms_change(r)) {
        r->writes = true;
        begin_statement(r, level, r->pending);
    }
    r->pending = TN_WORD_NONE;
}

/* The bracket behind a name: a call, if the name is no alias and no keyword. */
static void check_call(struct tn_reader *r)
{
    enum tn_function kind;

    if (r->last.kind != TN_TOKEN_WORD && r->last.kind != TN_TOKEN_IDENT)
        return;
    if (r->last_is_alias)
        return;
    kind = tn_function_find(tn_token_name(&r->last));
    if (kind != TN_FUNCTION_UNKNOWN || r->w1 == TN_WORD_NONE)
        r->out->function_count++;
    if (kind == TN_FUNCTION_AGGREGATE) {
        r->out->has_aggregate = true;
        r->out->aggregate_count++;
    }
    r->out->calls_volatile |= kind == TN_FUNCTION_VOLATILE;
    if (kind == TN_FUNCTION_CHANGES || kind == TN_FUNCTION_SESSION)
        r->writes = true;
    if (kind == TN_FUNCTION_SESSION) {
        if (tn_str_ieq_c(tn_token_name(&r->last), "set_config"))
            r->config_depth = r->scope.depth + 1;
        else
            r->out->needs_session = true;
    }
    if (kind == TN_FUNCTION_UNKNOWN && (r->last.kind == TN_TOKEN_IDENT || r->w1 == TN_WORD_NONE))
        r->out->calls_unknown = true;
}

/* WITH .. (SELECT ..): the statement proper stands in brackets. */
static unsigned open_main(struct tn_reader *r, struct tn_level *level)
{
    bool with = (level->flags & (LEVEL_WITH | LEVEL_CTE_NAME)) == LEVEL_WITH;

    if (!with || !((level->flags & LEVEL_FIRST) != 0 || r->last.punct == ')'))
        return 0;
    clear(level, LEVEL_WITH);
    r->main_depth += r->main_depth == r->scope.depth;
    return LEVEL_WITH | LEVEL_PLAIN;
}

static void on_open(struct tn_reader *r, struct tn_level *level)
{
    struct tn_level *child;
    unsigned         flags = LEVEL_FIRST;

    if (r->token.punct == '(')
        check_call(r);
    r->calls |= r->scope.depth == 0;
    if (level != NULL) {
        if ((level->flags & (LEVEL_EXPECT | LEVEL_TARGET)) == LEVEL_EXPECT)
            flags |= LEVEL_FROM | LEVEL_EXPECT;
        clear(level, LEVEL_EXPECT | LEVEL_TARGET);
        if ((level->flags & LEVEL_WITH) != 0 && (r->w1 == TN_WORD_as || r->w1 == TN_WORD_materialized))
            flags |= LEVEL_CTE_BODY;
        if ((level->flags & LEVEL_PLAIN) != 0 && ((level->flags & LEVEL_FIRST) != 0 || begins_arm(r)))
            flags |= LEVEL_PLAIN;
        if (r->want_inner && r->w1 == TN_WORD_explain)
            flags |= LEVEL_OPTIONS;
        flags |= open_main(r, level);
        clear(level, LEVEL_FIRST);
    }
    child = tn_scope_push(&r->scope);
    if (child != NULL)
        child->flags = (uint16_t)flags;
    else
        r->writes = true; /* nobody looks in there */
}

static void on_close(struct tn_reader *r)
{
    if (r->config_depth != 0 && r->scope.depth == r->config_depth) {
        r->out->needs_session |= r->w1 != TN_WORD_true; /* set_config(name, value, is_local) */
        r->config_depth = 0;
    }
    tn_scope_pop(&r->scope);
}

static void on_comma(struct tn_reader *r, struct tn_level *level)
{
    if ((level->flags & LEVEL_WITH) != 0) {
        level->flags |= LEVEL_CTE_NAME;
    } else if ((level->flags & LEVEL_FROM) != 0) {
        r->out->join_count += in_query(level);
        expect(level, LEVEL_FROM);
    }
}

static void on_punct(struct tn_reader *r, struct tn_level *level)
{
    switch (r->token.punct) {
    case '(':
    case '[':
    case '{':
        on_open(r, level);
        return;
    case ')':
    case ']':
    case '}':
        on_close(r);
        return;
    case ',':
        if (level != NULL)
            on_comma(r, level);
        return;
    case '=':
        r->assigns |= r->scope.depth == 0;
        break;
    default:
        break;
    }
    if (level != NULL)
        clear(level, LEVEL_EXPECT | LEVEL_TARGET | LEVEL_CTE_NAME);
}

static void on_operand(struct tn_reader *r, struct tn_level *level) /* quoted identifier, literal, parameter */
{
    bool expected = (level->flags & LEVEL_EXPECT) != 0, target = (level->flags & LEVEL_TARGET) != 0;

    if (r->token.kind == TN_TOKEN_IDENT && (level->flags & LEVEL_CTE_NAME) != 0) {
        on_name_of_cte(r, level);
        return;
    }
    clear(level, LEVEL_EXPECT | LEVEL_TARGET | LEVEL_CTE_NAME);
    if (expected && (r->token.kind == TN_TOKEN_IDENT || (r->token.kind == TN_TOKEN_STRING && !target))) {
        tn_scope_name_begin(&r->scope, &r->token, target);
        r->named = r->named || r->token.kind == TN_TOKEN_STRING;
    }
}

/* A name behind a table, behind AS or behind brackets: it may be followed by a list of columns. */
static bool is_alias(const struct tn_reader *r, bool after_table)
{
    bool name = r->token.kind == TN_TOKEN_IDENT || (r->token.kind == TN_TOKEN_WORD && r->word == TN_WORD_NONE);

    return name && (after_table || r->w1 == TN_WORD_as || r->last.punct == ')');
}

void tn_reader_init(struct tn_reader *r, struct tn_features *out, struct tn_str text, enum tn_dialect dialect,
                    struct tn_level *levels)
{
    r->out = out;
    r->dialect = dialect;
    tn_scope_init(&r->scope, out, levels);
    r->scan = (struct tn_statement_scan){0};
    tn_template_init(&r->tpl);
    r->token = r->last = (struct tn_token){.kind = TN_TOKEN_END};
    r->word = r->w1 = r->w2 = r->first = r->inner = r->pending = TN_WORD_NONE;
    r->main_depth = r->config_depth = 0;
    r->text_end = text.ptr + text.len;
    r->pragma = TN_STR("");
    r->seen = r->want_inner = r->writes = r->on_table = r->to_stdout = r->assigns = r->calls = r->ended = false;
    r->last_is_alias = r->named = false;
}

void tn_reader_token(struct tn_reader *r)
{
    struct tn_level *level = tn_scope_top(&r->scope);
    bool             named = r->scope.name_start != NULL, in_name = tn_scope_name_token(&r->scope, &r->token);
    bool             alias = is_alias(r, named && !in_name), opens = r->token.punct == '(';

    r->last_is_alias = opens && (r->last_is_alias || (named && r->scope.name_target));
    if (level != NULL && r->pending != TN_WORD_NONE)
        settle_pending(r, level);
    if (in_name) {
        /* taken */
    } else if (r->token.kind == TN_TOKEN_PUNCT) {
        on_punct(r, level);
    } else if (level == NULL) {
        r->writes = true;
    } else if (r->token.kind != TN_TOKEN_WORD) {
        on_operand(r, level);
    } else if (r->last.punct != '.') {
        on_word(r, level);
    }
    if (!opens)
        r->seen = true;
    if (level != NULL && !opens)
        clear(level, LEVEL_FIRST);
    if (!opens && alias)
        r->last_is_alias = true;
    if (r->out->verb == TN_VERB_PRAGMA && r->token.kind == TN_TOKEN_WORD && r->scope.depth == 0 && !r->assigns && !r->calls)
        r->pragma = r->token.text;
    r->w2 = r->w1;
    r->w1 = r->word;
    r->last = r->token;
}
