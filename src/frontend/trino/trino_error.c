#include "frontend/trino/trino_error.h"

static const struct {
    const char           *sqlstate;
    struct tn_trino_error error;
} rows[] = {
#define TRINO_ERROR(sqlstate, name, code, type) {sqlstate, {#name, code, #type}},
#include "frontend/trino/trino_error.def"
#undef TRINO_ERROR
};

struct tn_trino_error tn_trino_error_of(const struct tn_error *err)
{
    size_t i = 0;

    if (err->fault == TN_FAULT_TIMEOUT)
        return (struct tn_trino_error){"EXCEEDED_TIME_LIMIT", 131075, "INSUFFICIENT_RESOURCES"};
    if (err->fault == TN_FAULT_ENGINE && strcmp(err->sqlstate, "08P01") == 0) /* of an engine, not of a client */
        return (struct tn_trino_error){"GENERIC_INTERNAL_ERROR", 65536, "INTERNAL_ERROR"};
    while (strncmp(err->sqlstate, rows[i].sqlstate, strlen(rows[i].sqlstate)) != 0)
        i++; /* the last row fits all */
    return rows[i].error;
}

/* What a Trino said of its own error, as the engine writes it into the detail; false: it is another's. */
struct engines {
    char     name[64], type[32];
    unsigned code;
};

static bool read_engines(const struct tn_error *err, struct engines *out)
{
    return err->from_engine && sscanf(err->detail, "Trino error %9u %63[A-Z0-9_] (%31[A-Z_])", &out->code, out->name, out->type) == 3;
}

static void put_location(struct tn_json *json, int position, const struct tn_trino_place *place)
{
    uint64_t line, column;

    tn_trino_place_find(place, position, &line, &column);
    tn_json_open(json, "errorLocation", '{');
    tn_json_u64(json, "lineNumber", line);
    tn_json_u64(json, "columnNumber", column);
    tn_json_close(json, '}');
}

static void put_message(struct tn_buf *text, const struct tn_error *err, bool is_trinos)
{
    tn_buf_puts(text, err->message[0] != '\0' ? err->message : tn_status_text(err->status));
    if (is_trinos)
        return; /* that of Trino, as its clients know it */
    if (err->detail[0] != '\0')
        tn_buf_printf(text, "\n%s", err->detail);
    if (err->hint[0] != '\0')
        tn_buf_printf(text, "\n%s", err->hint);
}

static void put_failure_of(struct tn_json *json, struct tn_str message, const struct tn_trino_error *error)
{
    tn_json_open(json, "failureInfo", '{');
    tn_json_text(json, "type", "io.trino.spi.TrinoException");
    tn_json_str(json, "message", message);
    tn_json_open(json, "suppressed", '[');
    tn_json_close(json, ']');
    tn_json_open(json, "stack", '[');
    tn_json_close(json, ']');
    tn_json_open(json, "errorInfo", '{');
    tn_json_u64(json, "code", (uint64_t)error->code);
    tn_json_text(json, "name", error->name);
    tn_json_text(json, "type", error->type);
    tn_json_close(json, '}');
    tn_json_close(json, '}');
}

void tn_trino_put_error(struct tn_json *json, const char *key, const struct tn_error *err, const struct tn_trino_place *place)
{
    struct tn_trino_error error = tn_trino_error_of(err);
    struct engines        engines;
    bool                  is_trinos = read_engines(err, &engines);
    struct tn_buf         text;
    struct tn_str         message;

    if (is_trinos)
        error = (struct tn_trino_error){engines.name, (int)engines.code, engines.type};

    tn_buf_init(&text, 8192);
    put_message(&text, err, is_trinos);
    message = text.failed ? tn_str(err->message) : tn_buf_str(&text);
    tn_json_open(json, key, '{');
    tn_json_str(json, "message", message);
    if (!is_trinos) /* it tells none */
        tn_json_text(json, "sqlState", err->sqlstate);
    tn_json_u64(json, "errorCode", (uint64_t)error.code);
    tn_json_text(json, "errorName", error.name);
    tn_json_text(json, "errorType", error.type);
    if (err->position > 0 && place->sql.ptr != NULL)
        put_location(json, err->position, place);
    put_failure_of(json, message, &error);
    tn_json_close(json, '}');
    tn_buf_reset(&text);
}

void tn_trino_put_failure(struct tn_json *json, const struct tn_error *err)
{
    struct tn_trino_error error = tn_trino_error_of(err);
    struct engines        engines;
    bool                  is_trinos = read_engines(err, &engines);
    struct tn_buf         text;

    if (is_trinos)
        error = (struct tn_trino_error){engines.name, (int)engines.code, engines.type};
    tn_buf_init(&text, 8192);
    put_message(&text, err, is_trinos);
    put_failure_of(json, text.failed ? tn_str(err->message) : tn_buf_str(&text), &error);
    tn_buf_reset(&text);
}
