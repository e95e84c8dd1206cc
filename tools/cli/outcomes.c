#include "tools/cli/outcomes.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <zlib.h>

enum { READ_SIZE = 1 << 16, COLUMNS = 2 * TN_OUTCOME_ENGINES + 8 };

/* Beyond these a number is a mistake, and sums of them would lose microseconds or micro-dollars. */
static const double MOST_MS = 1e14, MOST_BYTES = 1e18, MOST_USD = 1e9, MOST_SLOTS = 1e6;

enum column_kind { COLUMN_OTHER, COLUMN_SECONDS, COLUMN_BYTES, COLUMN_SQL };

struct column {
    enum column_kind kind;
    unsigned         engine;
};

struct tn_outcomes {
    char          *path;
    gzFile         file;    /* NULL: from memory */
    struct tn_buf  buffer;  /* what is read and not yet taken */
    size_t         at;
    bool           ended;
    unsigned long  number;  /* of the present line */
    bool           table;
    size_t         column_count;
    struct column  columns[COLUMNS];
    size_t         engine_count;
    char           engines[TN_OUTCOME_ENGINES][TN_OUTCOME_NAME];
    double         last_t_s;
    struct tn_buf  sql;
};

static enum tn_status wrong(const struct tn_outcomes *o, struct tn_error *err, const char *what, const char *hint)
{
    tn_fail(err, TN_E_INVALID, "22000", "%s:%lu: %s", o->path, o->number, what);
    if (hint != NULL)
        tn_error_hint(err, "%s", hint);
    return TN_E_INVALID;
}

/* ---- lines ---- */

static bool ends_with(struct tn_str text, const char *end)
{
    size_t len = strlen(end);

    return text.len > len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static enum tn_status fill(struct tn_outcomes *o, struct tn_error *err)
{
    int got, code = Z_OK;

    if (o->at > 0) {
        tn_buf_consume(&o->buffer, o->at);
        o->at = 0;
    }
    if (o->file == NULL) {
        o->ended = true;
        return TN_OK;
    }
    if (!tn_buf_reserve(&o->buffer, READ_SIZE))
        return wrong(o, err, "the line is too long", "A line may have 64 MiB.");
    got = gzread(o->file, o->buffer.data + o->buffer.len, READ_SIZE);
    (void)gzerror(o->file, &code);
    if (got < 0 || code == Z_DATA_ERROR || code == Z_BUF_ERROR)
        return wrong(o, err, code == Z_BUF_ERROR ? "the compressed file ends too early" : "the file cannot be read", "Is it complete?");
    o->buffer.len += (size_t)got;
    o->ended = got == 0;
    return TN_OK;
}

/* *LINE without its line feed; ptr NULL at the end. */
static enum tn_status next_line(struct tn_outcomes *o, struct tn_str *line, struct tn_error *err)
{
    for (;;) {
        const char *from = o->buffer.data == NULL ? "" : o->buffer.data + o->at;
        size_t      left = o->buffer.len - o->at;
        const char *end = left == 0 ? NULL : memchr(from, '\n', left);

        if (end == NULL && !o->ended) {
            TN_TRY(fill(o, err));
            continue;
        }
        if (end == NULL && left == 0) {
            *line = (struct tn_str){NULL, 0};
            return TN_OK;
        }
        if (o->number++ == 0 && left >= 3 && memcmp(from, "\xef\xbb\xbf", 3) == 0) { /* a mark of UTF-8 */
            o->at += 3;
            from += 3;
            left -= 3;
        }
        *line = tn_str_n(from, end == NULL ? left : (size_t)(end - from));
        o->at += line->len + (end != NULL);
        if (line->len > 0 && line->ptr[line->len - 1] == '\r')
            line->len--;
        return TN_OK;
    }
}

/* It must fit into a line of decisions: a number behind an @ would be a deadline there. */
static bool is_name(struct tn_str name)
{
    const char *at = name.len == 0 ? NULL : memrchr(name.ptr, '@', name.len);
    double      number;

    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == ',' || (unsigned char)name.ptr[i] < ' ')
            return false;
    if (at != NULL && tn_str_to_double(tn_str_n(at + 1, name.len - (size_t)(at - name.ptr) - 1), &number))
        return false;
    return name.len > 0 && name.len < TN_OUTCOME_NAME;
}

static enum tn_status engine_number(struct tn_outcomes *o, struct tn_str name, unsigned *out, struct tn_error *err)
{
    for (size_t i = 0; i < o->engine_count; i++)
        if (tn_str_eq_c(name, o->engines[i])) {
            *out = (unsigned)i;
            return TN_OK;
        }
    if (!is_name(name))
        return wrong(o, err, "an engine's name must have 1 to 128 bytes, without comma and control characters, and not end in @ and a number", NULL);
    if (o->engine_count == TN_OUTCOME_ENGINES)
        return wrong(o, err, "there are more than 64 engines", NULL);
    tn_str_copy(o->engines[o->engine_count], TN_OUTCOME_NAME, name);
    *out = (unsigned)o->engine_count++;
    return TN_OK;
}

/* ---- JSON Lines ---- */

static bool number_of(const cJSON *object, const char *key, double most, double *out) /* false: there, but no good number */
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    *out = -1;
    if (item == NULL || cJSON_IsNull(item))
        return true;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= most))
        return false;
    *out = item->valuedouble;
    return true;
}

static enum tn_status read_outcome(struct tn_outcomes *o, const cJSON *item, struct tn_outcome *out, struct tn_error *err)
{
    const cJSON *ok;
    double       latency;

    TN_TRY(engine_number(o, tn_str(item->string), &out->engine, err));
    if (!cJSON_IsObject(item))
        return wrong(o, err, "an outcome must be an object: {\"latency_ms\":12.5,\"ok\":true}", NULL);
    ok = cJSON_GetObjectItemCaseSensitive(item, "ok");
    if (ok != NULL && !cJSON_IsBool(ok) && !cJSON_IsNull(ok))
        return wrong(o, err, "ok must be true or false", NULL);
    out->ok = ok == NULL || !cJSON_IsFalse(ok);
    if (!number_of(item, "latency_ms", MOST_MS, &latency) || (latency < 0 && out->ok))
        return wrong(o, err, "latency_ms must be a number of milliseconds from 0 to 1e14", "Only a run that failed may have null: a time-out.");
    if (!number_of(item, "bytes", MOST_BYTES, &out->bytes) || !number_of(item, "usd", MOST_USD, &out->usd) ||
        !number_of(item, "slots", MOST_SLOTS, &out->slots))
        return wrong(o, err, "bytes, usd and slots must be numbers, 0 or more, or null", NULL);
    out->latency_s = latency < 0 ? TN_OUTCOME_TIMEOUT_S : latency / 1000;
    out->usd = out->usd < 0 ? -1 : out->usd * 1e6;
    out->slots = fmax(out->slots, 0);
    out->usual_s = 0;
    return TN_OK;
}

static bool dialect_of(const char *name, enum tn_dialect *out)
{
    static const struct {
        const char     *name;
        enum tn_dialect dialect;
    } names[] = {{"postgres", TN_DIALECT_POSTGRES},     {"duckdb", TN_DIALECT_DUCKDB},     {"sqlite", TN_DIALECT_SQLITE},
                 {"mysql", TN_DIALECT_MYSQL},           {"trino", TN_DIALECT_TRINO},       {"clickhouse", TN_DIALECT_CLICKHOUSE},
                 {"bigquery", TN_DIALECT_BIGQUERY},     {"snowflake", TN_DIALECT_SNOWFLAKE}, {"spark", TN_DIALECT_SPARK},
                 {"postgresql", TN_DIALECT_POSTGRES},   {"redshift", TN_DIALECT_POSTGRES}, {"athena", TN_DIALECT_TRINO}};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (tn_str_ieq_c(tn_str(name), names[i].name)) {
            *out = names[i].dialect;
            return true;
        }
    return false;
}

static enum tn_status read_outcomes(struct tn_outcomes *o, const cJSON *outcomes, struct tn_outcome_line *line, struct tn_error *err)
{
    const cJSON *item;

    if (!cJSON_IsObject(outcomes) || outcomes->child == NULL)
        return wrong(o, err, "outcomes must be an object with an engine at least", NULL);
    cJSON_ArrayForEach(item, outcomes)
    {
        if (line->count == TN_OUTCOME_ENGINES)
            return wrong(o, err, "there are more than 64 engines", NULL);
        TN_TRY(read_outcome(o, item, &line->list[line->count], err));
        for (size_t i = 0; i < line->count; i++)
            if (line->list[i].engine == line->list[line->count].engine)
                return wrong(o, err, "an engine is named twice", NULL);
        line->count++;
    }
    return TN_OK;
}

static enum tn_status read_object(struct tn_outcomes *o, const cJSON *root, struct tn_outcome_line *line, struct tn_error *err)
{
    const cJSON *sql = cJSON_GetObjectItemCaseSensitive(root, "sql"), *dialect = cJSON_GetObjectItemCaseSensitive(root, "dialect");
    double       t_ms;

    if (!cJSON_IsObject(root) || !cJSON_IsString(sql))
        return wrong(o, err, "expected an object with the text of a query: {\"t_ms\":0,\"sql\":\"SELECT 1\",\"outcomes\":{...}}", NULL);
    if (!number_of(root, "t_ms", MOST_MS, &t_ms))
        return wrong(o, err, "t_ms must be a number of milliseconds from 0 to 1e14", NULL);
    if (dialect != NULL && !cJSON_IsNull(dialect) && (!cJSON_IsString(dialect) || !dialect_of(dialect->valuestring, &line->dialect)))
        return wrong(o, err, "no such dialect", "Known are postgres, duckdb, sqlite, mysql, trino, clickhouse, bigquery, snowflake, spark.");
    line->timed = t_ms >= 0;
    line->t_s = line->timed ? t_ms / 1000 : o->last_t_s;
    if (line->t_s < o->last_t_s)
        return wrong(o, err, "t_ms is less than in the line before", "Lines must be in the order of arrival.");
    o->last_t_s = line->t_s;
    tn_buf_clear(&o->sql);
    tn_buf_puts(&o->sql, sql->valuestring);
    tn_buf_put_u8(&o->sql, '\0');
    if (o->sql.failed)
        return wrong(o, err, "out of memory", NULL);
    line->sql = tn_str_n(o->sql.data, o->sql.len - 1);
    return read_outcomes(o, cJSON_GetObjectItemCaseSensitive(root, "outcomes"), line, err);
}

/* As it is, or as \u0000: texts would end there. */
static bool has_nul(struct tn_str text)
{
    const char *at = text.ptr, *end = text.ptr + text.len;

    if (memchr(text.ptr, '\0', text.len) != NULL)
        return true;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
            return true;
        at += end - at >= 2 ? 2 : 1;
    }
    return false;
}

static enum tn_status read_json(struct tn_outcomes *o, struct tn_str text, struct tn_outcome_line *line, struct tn_error *err)
{
    const char    *end = NULL;
    cJSON         *root;
    enum tn_status status;

    if (has_nul(text))
        return wrong(o, err, "the line has a NUL character", "Is this JSON Lines in UTF-8?");
    root = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
    if (root == NULL || tn_str_trim(tn_str_n(end, (size_t)(text.ptr + text.len - end))).len > 0) {
        cJSON_Delete(root);
        return wrong(o, err, "this is no JSON", "A file of outcomes has one JSON object a line.");
    }
    status = read_object(o, root, line, err);
    cJSON_Delete(root);
    return status;
}

/* ---- table ---- */

static struct tn_str field(struct tn_str *rest)
{
    const char   *tab = memchr(rest->ptr, '\t', rest->len);
    struct tn_str text = tn_str_n(rest->ptr, tab == NULL ? rest->len : (size_t)(tab - rest->ptr));
    size_t        taken = text.len + (tab != NULL);

    *rest = tn_str_n(rest->ptr + taken, rest->len - taken);
    return text;
}

static enum tn_status read_header(struct tn_outcomes *o, struct tn_error *err)
{
    struct tn_str line;
    bool          sql = false;

    TN_TRY(next_line(o, &line, err));
    while (line.ptr != NULL && line.len > 0) {
        struct tn_str  name = field(&line);
        struct column *column = &o->columns[o->column_count];

        if (o->column_count++ == COLUMNS)
            return wrong(o, err, "there are too many columns", NULL);
        *column = (struct column){COLUMN_OTHER, 0};
        if (tn_str_eq_c(name, "sql")) {
            column->kind = COLUMN_SQL;
            sql = true;
        } else if (ends_with(name, "_s")) {
            column->kind = COLUMN_SECONDS;
            TN_TRY(engine_number(o, tn_str_n(name.ptr, name.len - 2), &column->engine, err));
        } else if (ends_with(name, "_bytes")) {
            column->kind = COLUMN_BYTES;
            TN_TRY(engine_number(o, tn_str_n(name.ptr, name.len - 6), &column->engine, err));
        }
    }
    if (!sql || o->engine_count == 0)
        return wrong(o, err, "the header must name columns ENGINE_s and sql", "For example: athena_s, aurora_s, sql, with tabs between.");
    return TN_OK;
}

static enum tn_status read_row(struct tn_outcomes *o, struct tn_str text, struct tn_outcome_line *line, struct tn_error *err)
{
    for (size_t e = 0; e < o->engine_count; e++)
        line->list[e] = (struct tn_outcome){.engine = (unsigned)e, .latency_s = TN_OUTCOME_TIMEOUT_S, .bytes = -1, .usd = -1};
    line->count = o->engine_count;
    line->sql = (struct tn_str){NULL, 0};
    for (size_t c = 0; c < o->column_count; c++) {
        struct tn_str      value = o->columns[c].kind == COLUMN_SQL && c + 1 == o->column_count ? text : field(&text);
        struct tn_outcome *outcome = &line->list[o->columns[c].engine];
        double             number = 0;

        if (o->columns[c].kind == COLUMN_SQL)
            line->sql = value;
        if (o->columns[c].kind == COLUMN_SQL || o->columns[c].kind == COLUMN_OTHER || value.len == 0)
            continue;
        if (!tn_str_to_double(value, &number) || !(number >= 0 && number <= MOST_BYTES))
            return wrong(o, err, "expected a number, 0 or more, or nothing", NULL);
        if (o->columns[c].kind == COLUMN_BYTES) {
            outcome->bytes = number;
        } else {
            outcome->latency_s = number;
            outcome->ok = true;
        }
    }
    if (line->sql.ptr == NULL || line->sql.len == 0)
        return wrong(o, err, "the line has no sql", NULL);
    return TN_OK;
}

/* ---- the object ---- */

static enum tn_status make(struct tn_outcomes **out, const char *path, struct tn_error *err)
{
    struct tn_outcomes *o = tn_calloc(1, sizeof *o);

    *out = NULL;
    if (o == NULL || (o->path = tn_strdup(path)) == NULL) {
        tn_free(o);
        return tn_fail(err, TN_E_NOMEM, "53200", "out of memory");
    }
    tn_buf_init(&o->buffer, TN_OUTCOME_LINE_MAX);
    tn_buf_init(&o->sql, TN_OUTCOME_LINE_MAX);
    o->table = ends_with(tn_str(path), ".tsv") || ends_with(tn_str(path), ".tsv.gz");
    *out = o;
    return TN_OK;
}

static enum tn_status begin(struct tn_outcomes **out, struct tn_outcomes *o, struct tn_error *err)
{
    enum tn_status status = o->table ? read_header(o, err) : TN_OK;

    if (status != TN_OK) {
        tn_outcomes_close(o);
        return status;
    }
    *out = o;
    return TN_OK;
}

enum tn_status tn_outcomes_open(struct tn_outcomes **out, const char *path, struct tn_error *err)
{
    struct tn_outcomes *o;

    *out = NULL;
    TN_TRY(make(&o, path, err));
    o->file = gzopen(path, "rb");
    if (o->file == NULL) {
        tn_fail(err, TN_E_NOT_FOUND, "58P01", "%s: %s", path, strerror(errno));
        tn_outcomes_close(o);
        return TN_E_NOT_FOUND;
    }
    return begin(out, o, err);
}

enum tn_status tn_outcomes_parse(struct tn_outcomes **out, const char *name, struct tn_str text, struct tn_error *err)
{
    struct tn_outcomes *o;

    *out = NULL;
    TN_TRY(make(&o, name, err));
    tn_buf_put_str(&o->buffer, text);
    return begin(out, o, err);
}

void tn_outcomes_close(struct tn_outcomes *o)
{
    if (o == NULL)
        return;
    if (o->file != NULL)
        gzclose(o->file);
    tn_buf_reset(&o->buffer);
    tn_buf_reset(&o->sql);
    tn_free(o->path);
    tn_free(o);
}

enum tn_status tn_outcomes_next(struct tn_outcomes *o, struct tn_outcome_line *line, struct tn_error *err)
{
    struct tn_str text;

    line->timed = false;
    line->t_s = 0;
    line->sql = (struct tn_str){NULL, 0};
    line->dialect = TN_DIALECT_POSTGRES;
    line->count = 0;
    line->oracle = -1;
    do
        TN_TRY(next_line(o, &text, err));
    while (text.ptr != NULL && tn_str_trim(text).len == 0);
    if (text.ptr == NULL)
        return TN_OK;
    return o->table ? read_row(o, text, line, err) : read_json(o, text, line, err);
}

size_t tn_outcomes_engine_count(const struct tn_outcomes *o)
{
    return o->engine_count;
}

const char (*tn_outcomes_names(const struct tn_outcomes *o))[TN_OUTCOME_NAME]
{
    return o->engines;
}
