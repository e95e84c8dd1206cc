/* Errors and warnings of the server: their numbers and states are kept, and PostgreSQL's nearest SQLSTATE goes with them. */
#include "engine/mysql/mysql_conn.h"
#include "frontend/mysql/my_recode.h"
#include "stats/lexer.h"

enum { SAID_MAX = 8192 };

static const struct {
    uint16_t      code;
    const char   *sqlstate;
    enum tn_fault fault;
} known[] = {
#define ERROR(number, sqlstate, fault) {number, sqlstate, TN_FAULT_##fault},
#include "engine/mysql/mysql_error.def"
#undef ERROR
};

static size_t row_of(unsigned code)
{
    size_t low = 0, high = TN_ARRAY_LEN(known);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (known[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < TN_ARRAY_LEN(known) && known[low].code == code ? low : TN_ARRAY_LEN(known);
}

static bool is_state(struct tn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= '0' && text.ptr[i] <= '9') && !(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z'))
            return false;
    return text.len == 5;
}

static const char *state_of(unsigned code, const char *own)
{
    size_t row = row_of(code);

    if (row < TN_ARRAY_LEN(known))
        return known[row].sqlstate;
    if (strcmp(own, "HY000") == 0 || strcmp(own, "00000") == 0) /* "general error" */
        return "XX000";
    return own;
}

/* Its errors are worded by a client, with any number: five of a kind must not take the cluster from all others. */
static bool words_errors(const struct tn_run *run)
{
    struct tn_lexer lexer;
    struct tn_token token;

    if (run->features != NULL && run->features->verb == TN_VERB_CALL)
        return true;
    tn_lexer_init(&lexer, run->sql, TN_DIALECT_MYSQL);
    return tn_lexer_next(&lexer, &token) && token.kind == TN_TOKEN_WORD && tn_str_ieq_c(token.text, "signal");
}

/* What a log-in may be told. To a statement it says what its user may not, as SELECT INTO OUTFILE. */
static bool is_of_log_in(unsigned code)
{
    return code == 1040 || code == 1042 || code == 1045 || code == 1203;
}

/* HY000 without a row is the statement's fault, too: MySQL says it of nearly everything. */
static enum tn_fault fault_of(const struct tn_mysql_conn *c, unsigned code, const char *sqlstate)
{
    size_t row = row_of(code);

    if (strcmp(sqlstate, "57014") == 0 && c->run != NULL && c->run->cancelled)
        return TN_FAULT_CANCEL;
    if (c->run != NULL && (is_of_log_in(code) || words_errors(c->run)))
        return TN_FAULT_QUERY;
    if (row < TN_ARRAY_LEN(known))
        return known[row].fault;
    return strncmp(sqlstate, "08", 2) == 0 ? TN_FAULT_ENGINE : TN_FAULT_QUERY;
}

/* What the server says as text, of SIZE bytes with a NUL at most: it is in the character set that it was told of for results. */
static void put_said(const struct tn_mysql_conn *c, struct tn_str text, char *out, size_t size)
{
    const struct tn_my_charset *charset = tn_my_charset_default(tn_mysql_settings_get(&c->settings, TN_STR("character_set_results")));
    struct tn_buf               recoded;

    tn_buf_init(&recoded, SAID_MAX);
    tn_my_recode_text(charset, true, text, &recoded);
    text = recoded.failed ? text : tn_buf_str(&recoded);
    text.len = tn_utf8_valid_prefix(text.ptr, text.len);
    tn_str_copy(out, size, text);
    tn_buf_reset(&recoded);
}

/* 0xff, number, '#' and SQLSTATE (not in a greeting), text. */
void tn_mysql_error(struct tn_mysql_conn *c, struct tn_str message, struct tn_error *err)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    char                own[6] = "HY000", said[sizeof err->message];
    struct tn_str       text;
    uint16_t            code;

    tn_my_get_u8(&in);
    code = tn_my_get_u16(&in);
    if (tn_my_left(&in) >= 6 && in.at[0] == '#' && is_state(tn_str_n(in.at + 1, 5))) {
        tn_str_copy(own, sizeof own, tn_str_n(in.at + 1, 5));
        tn_my_get_bytes(&in, 6);
    }
    text = tn_my_get_rest(&in);
    put_said(c, text, said, sizeof said);
    if (in.failed || code == 0 || said[0] == '\0')
        tn_str_copy(said, sizeof said, TN_STR("the server failed without saying why"));
    tn_fail(err, TN_E_ENGINE, state_of(code, own), "%s", said);
    tn_error_blame(err, fault_of(c, code, err->sqlstate), true);
    if (err->fault == TN_FAULT_CANCEL)
        err->status = TN_E_CANCELLED;
    err->own_code = code;
    memcpy(err->own_sqlstate, own, sizeof own);
    if (code == 1298)
        tn_error_hint(err, "the server knows no zones by name: load them there (mysql_tzinfo_to_sql), or set an offset as '+02:00'");
}

void tn_mysql_error_lost(struct tn_mysql_conn *c, struct tn_error *err)
{
    if (c->broken.status != TN_OK)
        tn_error_move(err, &c->broken);
    else
        tn_fail(err, TN_E_CONNECTION, "08006", "cluster " TN_STR_FMT ": connection to the server was lost",
                TN_STR_ARG(c->base.cluster->conf->name));
    tn_error_blame(err, TN_FAULT_ENGINE, false);
}

void tn_mysql_error_cancelled(struct tn_error *err)
{
    tn_fail(err, TN_E_CANCELLED, "57014", "canceling statement due to user request");
    tn_error_blame(err, TN_FAULT_CANCEL, false);
}

static void put_field(struct tn_buf *out, char code, struct tn_str text)
{
    tn_buf_put_u8(out, (uint8_t)code);
    tn_buf_append(out, text.ptr, strnlen(text.ptr, text.len));
    tn_buf_put_u8(out, '\0');
}

void tn_mysql_notice(struct tn_mysql_conn *c, const char *severity, const char *sqlstate, unsigned code, struct tn_str text)
{
    char number[12], said[SAID_MAX];

    put_said(c, text, said, sizeof said);
    tn_buf_clear(&c->fields);
    put_field(&c->fields, 'S', tn_str(severity));
    put_field(&c->fields, 'V', tn_str(severity));
    put_field(&c->fields, 'C', tn_str(sqlstate));
    put_field(&c->fields, 'M', tn_str(said));
    if (code != 0) {
        snprintf(number, sizeof number, "%u", code);
        put_field(&c->fields, 'R', tn_str(number)); /* where PostgreSQL names its routine, MySQL's number */
    }
    if (!c->fields.failed)
        c->run->events->notice(c->run, c->fields.data, c->fields.len);
}

/* Level, Code, Message. */
void tn_mysql_warning(struct tn_mysql_conn *c, struct tn_str message)
{
    struct tn_my_cursor in = tn_my_cursor_of(message);
    bool                is_null;
    struct tn_str       level = tn_my_get_lenenc_str(&in, &is_null), code = tn_my_get_lenenc_str(&in, &is_null);
    struct tn_str       text = tn_my_get_lenenc_str(&in, &is_null);
    uint64_t            number = 0;
    bool                note;

    if (in.failed || level.ptr == NULL || code.ptr == NULL || text.ptr == NULL || !tn_str_to_u64(code, UINT16_MAX, &number) ||
        c->now.warnings_told++ >= TN_MYSQL_WARNINGS_TOLD) /* no more were asked for */
        return;
    note = tn_str_ieq_c(level, "Note");
    tn_mysql_notice(c, note ? "NOTICE" : "WARNING", note ? "00000" : row_of((unsigned)number) < TN_ARRAY_LEN(known) ? state_of((unsigned)number, "HY000") : "01000",
                    (unsigned)number, text);
}
