#include "engine/trino/trino_error.h"

#include "engine/trino/trino_literal.h"

static const struct {
    const char *name, *sqlstate;
} known[] = {
#define TRINO_ERROR(name, sqlstate) {#name, sqlstate},
#include "engine/trino/trino_error.def"
#undef TRINO_ERROR
};

static const char *sqlstate_of(const struct tn_trino_failure *failure)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(known); i++)
        if (tn_str_eq_c(failure->name, known[i].name))
            return known[i].sqlstate;
    if (tn_str_eq_c(failure->type, "USER_ERROR"))
        return "42000";
    if (tn_str_eq_c(failure->type, "INSUFFICIENT_RESOURCES"))
        return "53000";
    return tn_str_eq_c(failure->type, "EXTERNAL") ? "HV000" : "XX000";
}

static enum tn_fault fault_of(const struct tn_trino_failure *failure, const char *sqlstate)
{
    if (strcmp(sqlstate, "57014") == 0)
        return tn_str_eq_c(failure->name, "EXCEEDED_TIME_LIMIT") ? TN_FAULT_QUERY : TN_FAULT_CANCEL;
    if (tn_str_eq_c(failure->name, "NOT_SUPPORTED"))
        return TN_FAULT_UNSUPPORTED;
    if (tn_str_eq_c(failure->type, "USER_ERROR") || strncmp(sqlstate, "54", 2) == 0 || strcmp(sqlstate, "53400") == 0)
        return TN_FAULT_QUERY;
    return TN_FAULT_ENGINE;
}

/* Characters before line LINE, column COLUMN of TEXT, both from 1; -1 = there is no such place. */
static long place_in(struct tn_str text, uint64_t line, uint64_t column)
{
    long   characters = 0;
    size_t i = 0;

    for (; line > 1 && i < text.len; i++) {
        characters += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
        line -= text.ptr[i] == '\n';
    }
    for (; line == 1 && column > 1 && i < text.len; i++)
        if (((unsigned char)text.ptr[i] & 0xc0) != 0x80) {
            characters++;
            column--;
        }
    while (i < text.len && ((unsigned char)text.ptr[i] & 0xc0) == 0x80)
        i++;
    return line == 1 && column == 1 ? characters : -1;
}

/* The character of SQL that became character PLACE of MARKED, where a ? stands for each $n. */
static long place_before_marks(struct tn_str sql, struct tn_str marked, long place)
{
    size_t i = 0, j = 0;
    long   before = 0;

    while (i < sql.len && j < marked.len && place > 0) {
        bool mark = sql.ptr[i] == '$' && marked.ptr[j] == '?';

        place -= ((unsigned char)marked.ptr[j++] & 0xc0) != 0x80;
        do {
            before += ((unsigned char)sql.ptr[i++] & 0xc0) != 0x80;
        } while (mark && i < sql.len && sql.ptr[i] >= '0' && sql.ptr[i] <= '9');
    }
    while (place == 0 && i < sql.len && ((unsigned char)sql.ptr[i] & 0xc0) == 0x80)
        i++;
    return place == 0 ? before : -1;
}

/* In EXECUTE IMMEDIATE '...' Trino counts the characters of the inner text, the first line with what stands before it. */
static long place_immediate(const struct tn_trino_failure *failure, struct tn_str sql)
{
    uint64_t      before = failure->line == 1 ? sizeof TN_TRINO_IMMEDIATE - 1 + 1 : 0;
    struct tn_buf marked;
    size_t        count;
    long          place = -1;

    if (failure->column <= before)
        return -1;
    tn_buf_init(&marked, sql.len + 1);
    if (tn_trino_marks(&marked, sql, NULL, 0, &count, NULL) == TN_OK && !marked.failed) {
        place = place_in(tn_buf_str(&marked), failure->line, failure->column - before);
        if (place >= 0)
            place = place_before_marks(sql, tn_buf_str(&marked), place);
    }
    tn_buf_reset(&marked);
    return place;
}

void tn_trino_error_say_place(struct tn_error *err, uint64_t line, uint64_t column)
{
    char message[sizeof err->message];
    int  before_line, before_column, len = 0;

    if (!err->from_engine || sscanf(err->message, "line %9d:%9d: %n", &before_line, &before_column, &len) != 2 || len == 0)
        return;
    tn_str_copy(message, sizeof message, tn_str(err->message + len));
    if (line == 0)
        snprintf(err->message, sizeof err->message, "%s", message);
    else
        snprintf(err->message, sizeof err->message, "line %llu:%llu: %.*s", (unsigned long long)line, (unsigned long long)column,
                 (int)sizeof message - 64, message);
}

/* In EXECUTE IMMEDIATE the first line stands behind these words; elsewhere lines are counted alike. */
static void say_immediate(struct tn_error *err, const struct tn_trino_failure *failure)
{
    uint64_t before = failure->line == 1 ? sizeof TN_TRINO_IMMEDIATE - 1 + 1 : 0;

    if (failure->column > before)
        tn_trino_error_say_place(err, failure->line, failure->column - before);
}

static void set_place(struct tn_error *err, const struct tn_trino_failure *failure, struct tn_str sql, struct tn_str sent)
{
    long place = -1;

    if (failure->line == 0 || failure->column == 0 || sql.len > INT32_MAX)
        return;
    if (tn_str_eq(sql, sent)) {
        place = place_in(sql, failure->line, failure->column);
    } else if (tn_str_starts(sent, TN_STR(TN_TRINO_IMMEDIATE))) {
        place = place_immediate(failure, sql);
        say_immediate(err, failure);
    }
    if (place >= 0)
        err->position = (int)place + 1;
}

void tn_trino_error(struct tn_error *err, const struct tn_trino_failure *failure, struct tn_str id, struct tn_str sql, struct tn_str sent)
{
    const char   *sqlstate = sqlstate_of(failure);
    enum tn_fault fault = fault_of(failure, sqlstate);
    struct tn_str message = failure->message.len > 0 ? failure->message : failure->name;

    tn_fail(err, fault == TN_FAULT_CANCEL ? TN_E_CANCELLED : TN_E_ENGINE, sqlstate, TN_STR_FMT, (int)TN_MIN(message.len, 8192), message.ptr);
    tn_error_blame(err, fault, true);
    tn_error_detail(err, "Trino error %llu " TN_STR_FMT " (" TN_STR_FMT ") of query " TN_STR_FMT, (unsigned long long)failure->code,
                    TN_STR_ARG(failure->name), TN_STR_ARG(failure->type), TN_STR_ARG(id));
    if (strcmp(sqlstate, "3D000") == 0 && tn_str_eq_c(failure->name, "MISSING_CATALOG_NAME"))
        tn_error_hint(err, "set `catalog` of the cluster, or name tables as catalog.schema.table");
    set_place(err, failure, sql, sent);
}

bool tn_trino_is_passing(long status)
{
    return status == 502 || status == 503 || status == 504 || status == 429;
}

void tn_trino_error_status(struct tn_error *err, struct tn_str cluster, long status, struct tn_str body)
{
    size_t len = TN_MIN(body.len, (size_t)300);

    len = tn_utf8_valid_prefix(body.ptr, len);
    switch (status) {
    case 401: case 403:
        tn_fail(err, TN_E_CONNECTION, "28000", "cluster " TN_STR_FMT ": Trino refuses Turnout's log-in (HTTP %ld)", TN_STR_ARG(cluster), status);
        tn_error_hint(err, "see auth of the cluster");
        tn_error_blame(err, TN_FAULT_ENGINE, false);
        break;
    case 400:
        tn_fail(err, TN_E_ENGINE, "42601", "Trino refuses the request (HTTP 400)");
        tn_error_blame(err, TN_FAULT_QUERY, false);
        break;
    case 413: case 414: case 431:
        tn_fail(err, TN_E_LIMIT, "54000", "the statement is too long for Trino (HTTP %ld)", status);
        tn_error_blame(err, TN_FAULT_QUERY, false);
        break;
    case 404: case 410:
        tn_fail(err, TN_E_CONNECTION, "08006", "cluster " TN_STR_FMT ": Trino does not know the query any more (HTTP %ld)", TN_STR_ARG(cluster), status);
        tn_error_hint(err, "its coordinator was started anew, or the query was not asked for in time");
        tn_error_blame(err, TN_FAULT_ENGINE, false);
        break;
    default:
        tn_fail(err, TN_E_CONNECTION, "08006", "cluster " TN_STR_FMT ": Trino answers HTTP %ld", TN_STR_ARG(cluster), status);
        tn_error_blame(err, TN_FAULT_ENGINE, false);
        break;
    }
    if (len > 0)
        tn_error_detail(err, "%.*s", (int)len, body.ptr);
}
