#include "stats/features.h"

#include "stats/reader.h"

static const char *const class_names[] = {"empty", "read", "write", "ddl", "utility", "multi"};

const char *tn_class_name(enum tn_class class)
{
    return class_names[class];
}

static const char *const verb_names[TN_VERB_COUNT] = {
#define VERB(name) [TN_VERB_##name] = #name,
    VERB(SELECT) VERB(VALUES) VERB(TABLE) VERB(WITH) VERB(INSERT) VERB(UPDATE) VERB(DELETE) VERB(MERGE) VERB(COPY)
    VERB(CREATE) VERB(ALTER) VERB(DROP) VERB(TRUNCATE) VERB(EXPLAIN) VERB(SET) VERB(SHOW) VERB(RESET) VERB(DISCARD)
    VERB(BEGIN) VERB(START) VERB(COMMIT) VERB(END) VERB(ROLLBACK) VERB(ABORT) VERB(SAVEPOINT) VERB(RELEASE)
    VERB(PREPARE) VERB(EXECUTE) VERB(DEALLOCATE) VERB(DECLARE) VERB(FETCH) VERB(MOVE) VERB(CLOSE) VERB(LISTEN)
    VERB(UNLISTEN) VERB(NOTIFY) VERB(LOCK) VERB(CALL) VERB(DO) VERB(USE) VERB(PRAGMA) VERB(ATTACH) VERB(DETACH)
    VERB(VACUUM) VERB(ANALYZE) VERB(DESCRIBE) VERB(REPLACE) VERB(LOAD) VERB(INSTALL) VERB(CHECKPOINT)
#undef VERB
};

const char *tn_verb_name(enum tn_verb verb)
{
    return verb == TN_VERB_OTHER ? "" : verb_names[verb];
}

/* PRAGMA name(x) that only asks. */
static bool pragma_asks(struct tn_str name)
{
    static const char *const asking[] = {"table_info",       "table_xinfo",   "table_list",   "index_list",  "index_info",
                                         "index_xinfo",      "integrity_check", "quick_check", "foreign_key_list",
                                         "foreign_key_check", "storage_info",  "metadata_info", "show",       "database_size"};

    for (size_t i = 0; i < TN_ARRAY_LEN(asking); i++)
        if (tn_str_ieq_c(name, asking[i]))
            return true;
    return false;
}

/* PRAGMA name, without a value, that does something. */
static bool pragma_acts(struct tn_str name)
{
    static const char *const acting[] = {"optimize", "incremental_vacuum", "wal_checkpoint", "shrink_memory", "force_checkpoint",
                                         "checkpoint"};

    for (size_t i = 0; i < TN_ARRAY_LEN(acting); i++)
        if (tn_str_ieq_c(name, acting[i]))
            return true;
    return tn_str_glob(TN_STR("enable_*"), name) || tn_str_glob(TN_STR("disable_*"), name) ||
           tn_str_glob(TN_STR("verify_*"), name);
}

static enum tn_class pragma_class(const struct tn_reader *reader)
{
    if (reader->assigns || (reader->calls && !pragma_asks(reader->pragma)) || pragma_acts(reader->pragma))
        return TN_CLASS_WRITE;
    return TN_CLASS_READ;
}

static enum tn_class explain_class(const struct tn_reader *reader)
{
    enum tn_class inner = reader->inner == TN_WORD_NONE ? TN_CLASS_WRITE : tn_word_class(reader->inner);

    return reader->out->explain_analyze ? inner : TN_CLASS_READ;
}

/* Before what was found inside the statement counts. */
static enum tn_class leading_class(const struct tn_reader *reader)
{
    switch (reader->out->verb) {
    case TN_VERB_WITH:
        return reader->inner == TN_WORD_NONE ? TN_CLASS_WRITE : tn_word_class(reader->inner);
    case TN_VERB_EXPLAIN:
        return explain_class(reader);
    case TN_VERB_PRAGMA:
        return pragma_class(reader);
    case TN_VERB_COPY:
        return reader->to_stdout && !reader->writes ? TN_CLASS_UTILITY : TN_CLASS_WRITE;
    default:
        return tn_word_class(reader->first);
    }
}

static bool only_plans(const struct tn_features *out)
{
    return (out->verb == TN_VERB_EXPLAIN && !out->explain_analyze) || out->verb == TN_VERB_DESCRIBE;
}

static enum tn_class final_class(const struct tn_reader *reader)
{
    const struct tn_features *out = reader->out;
    enum tn_class             class = leading_class(reader);

    if (reader->last.kind == TN_TOKEN_END)
        return TN_CLASS_EMPTY;
    if (out->class == TN_CLASS_MULTI || (reader->scan.negated && reader->scan.may_have_body)) /* BEGIN NOT ATOMIC: whatever is in it */
        return TN_CLASS_MULTI;
    if (class == TN_CLASS_READ && !only_plans(out) && (reader->writes || out->has_into || out->for_update))
        return TN_CLASS_WRITE;
    return class;
}

static bool stays_behind(const struct tn_features *out, const struct tn_reader *reader)
{
    switch (out->verb) {
    case TN_VERB_LISTEN:
    case TN_VERB_PREPARE:
    case TN_VERB_LOAD:
    case TN_VERB_ATTACH:
    case TN_VERB_DETACH:
    case TN_VERB_USE:
        return true;
    case TN_VERB_PRAGMA:
        return pragma_class(reader) != TN_CLASS_READ;
    default:
        return false;
    }
}

/* What EXPLAIN only plans leaves nothing behind. */
static void finish(struct tn_reader *reader)
{
    struct tn_features *out = reader->out;

    tn_scope_name_end(&reader->scope);
    out->inner_verb = tn_word_verb(reader->inner);
    out->class = final_class(reader);
    out->calls_unknown &= out->class == TN_CLASS_READ && !only_plans(out);
    out->template_hash = tn_template_end(&reader->tpl);
    if (only_plans(out))
        out->needs_session = false;
    out->needs_session |= stays_behind(out, reader);
}

static void read_param(struct tn_reader *reader, const struct tn_token *token)
{
    struct tn_features *out = reader->out;

    if (token->kind != TN_TOKEN_PARAM)
        return;
    if (token->param == 0)
        reader->unnumbered++;
    out->param_count = TN_MAX(out->param_count, TN_MAX(token->param, reader->unnumbered));
}

void tn_features_begin(struct tn_reader *reader, struct tn_features *out, struct tn_str text, enum tn_dialect dialect,
                       struct tn_level *levels, const struct tn_str *params, unsigned param_count)
{
    *out = (struct tn_features){.class = TN_CLASS_EMPTY};
    tn_reader_init(reader, out, text, dialect, levels);
    tn_sizes_init(&reader->sizes, out, params, param_count);
    reader->unnumbered = 0;
}

void tn_features_token(struct tn_reader *reader, const struct tn_token *token, enum tn_word word)
{
    bool prefixed = reader->scan.prefixed, ends;

    reader->token = *token;
    reader->word = word;
    ends = tn_statement_token(&reader->scan, token, word);
    if (reader->ended && !ends)
        reader->out->class = TN_CLASS_MULTI;
    if (reader->ended || ends) {
        reader->ended = true;
        return;
    }
    if (token->punct == ';' && reader->scan.blocks == 0)
        reader->writes = true; /* inside brackets: nobody knows what an engine makes of it */
    tn_template_add(&reader->tpl, token, word);
    read_param(reader, token);
    tn_sizes_token(&reader->sizes, token, word);
    tn_reader_token(reader);
    if (prefixed && !reader->scan.prefixed)
        reader->seen = false; /* what counts is the statement behind SET STATEMENT .. FOR */
}

void tn_features_end(struct tn_reader *reader)
{
    finish(reader);
}

bool tn_features_read_valued(struct tn_features *out, struct tn_str text, enum tn_dialect dialect)
{
    struct tn_level  levels[TN_SCOPE_LEVELS]; /* not initialised: a level is when it is opened */
    struct tn_reader reader;
    struct tn_lexer  lexer;
    struct tn_token  token;
    char             last = '\0';

    if (text.ptr == NULL)
        text = TN_STR("");
    tn_features_begin(&reader, out, text, dialect, levels, NULL, 0);
    tn_lexer_init(&lexer, text, dialect);
    while (tn_lexer_next(&lexer, &token)) {
        tn_features_token(&reader, &token,
                          token.kind == TN_TOKEN_WORD && last != '.' ? tn_word_find(token.text) : TN_WORD_NONE);
        last = token.punct;
    }
    tn_features_end(&reader);
    return tn_features_valued(&reader);
}

void tn_features_read(struct tn_features *out, struct tn_str text, enum tn_dialect dialect)
{
    (void)tn_features_read_valued(out, text, dialect);
}
