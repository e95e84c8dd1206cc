#include "base/status.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_texts[] = {
#define STATUS(name, text) text,
#include "base/status.def"
#undef STATUS
};

const char *tn_status_text(enum tn_status status)
{
    return (size_t)status < TN_ARRAY_LEN(status_texts) ? status_texts[status] : "?";
}

enum tn_status tn_fail(struct tn_error *err, enum tn_status status, const char *sqlstate, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return status;
    tn_error_reset(err);
    err->status = status;
    err->fault = TN_FAULT_TURNOUT;
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return status;
}

void tn_error_blame(struct tn_error *err, enum tn_fault fault, bool from_engine)
{
    if (err == NULL)
        return;
    err->fault = fault;
    err->from_engine = from_engine;
}

void tn_error_detail(struct tn_error *err, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return;
    va_start(args, fmt);
    vsnprintf(err->detail, sizeof err->detail, fmt, args);
    va_end(args);
}

void tn_error_hint(struct tn_error *err, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return;
    va_start(args, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
}

void tn_error_about(struct tn_error *err, const char *fmt, ...)
{
    char    message[sizeof err->message];
    size_t  len;
    va_list args;

    if (err == NULL)
        return;
    memcpy(message, err->message, sizeof message);
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len, ": %s", message);
}

void tn_error_move(struct tn_error *to, struct tn_error *from)
{
    if (to != NULL) {
        tn_error_reset(to);
        if (from->status != TN_OK) {
            *to = *from;
            from->fields = NULL;
        }
    }
    tn_error_reset(from);
}

void tn_error_reset(struct tn_error *err)
{
    if (err == NULL)
        return;
    tn_free(err->fields);
    tn_error_init(err);
}
