/* status.h - the one error convention: a status, and a caller-owned struct tn_error that says why. */
#ifndef TN_BASE_STATUS_H
#define TN_BASE_STATUS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tn_status {
#define STATUS(name, text) TN_##name,
#include "base/status.def"
#undef STATUS
};

/* Whose fault an error was: decides retry, breaker and statistics. */
enum tn_fault {
    TN_FAULT_NONE,
    TN_FAULT_QUERY,       /* the statement's own: syntax, types, permissions, constraint */
    TN_FAULT_ENGINE,      /* the engine's: connection lost, out of memory, crash, shutting down */
    TN_FAULT_UNSUPPORTED, /* the engine cannot do this statement */
    TN_FAULT_CANCEL,      /* somebody cancelled it */
    TN_FAULT_TIMEOUT,     /* its time was up */
    TN_FAULT_TURNOUT,     /* ours: denied, queue full, no eligible member, limit */
};

/* Caller-owned; zero-initialise with TN_ERROR_INIT (or {0}), end with tn_error_reset().
 * message, detail and hint are NUL-terminated and cut when too long. An engine that speaks the PostgreSQL protocol
 * also keeps its own fields unchanged and uncut in `fields`: pairs of one code byte and a NUL-terminated text. */
struct tn_error {
    enum tn_status status;
    enum tn_fault  fault;
    bool           from_engine; /* the message is the engine's own */
    int            position;    /* 1-based character in the statement, 0 = unknown */
    char           sqlstate[6];
    uint16_t       own_code;        /* an engine of MySQL's kind: its number for the error; 0 = none */
    char           own_sqlstate[6]; /* and its SQLSTATE, where `sqlstate` is PostgreSQL's for the same */
    char           message[1024];
    char           detail[512];
    char           hint[512];
    char          *fields;      /* owned; NULL when there are none */
    size_t         fields_len;
};

#define TN_ERROR_INIT {.status = TN_OK}

const char *tn_status_text(enum tn_status status); /* "out of memory" */

/* Fills ERR (may be NULL) and returns STATUS, so that `return tn_fail(...)` reads as one line.
 * SQLSTATE has five characters. The fault is TN_FAULT_TURNOUT until tn_error_blame() says otherwise. */
enum tn_status tn_fail(struct tn_error *err, enum tn_status status, const char *sqlstate, const char *fmt, ...)
    TN_PRINTF(4, 5);
void tn_error_blame(struct tn_error *err, enum tn_fault fault, bool from_engine);
void tn_error_detail(struct tn_error *err, const char *fmt, ...) TN_PRINTF(2, 3);
void tn_error_hint(struct tn_error *err, const char *fmt, ...) TN_PRINTF(2, 3);
void tn_error_about(struct tn_error *err, const char *fmt, ...) TN_PRINTF(2, 3); /* the message says first what it is about: "cluster pg-1: no memory" */
void tn_error_move(struct tn_error *to, struct tn_error *from); /* FROM is reset; TO's old content is freed */
void tn_error_reset(struct tn_error *err);

/* What TN_ERROR_INIT does, but for the bytes of texts that are empty: where a query passes, and there hardly ever is an error. */
static inline void tn_error_init(struct tn_error *err)
{
    err->status = TN_OK;
    err->fault = TN_FAULT_NONE;
    err->from_engine = false;
    err->position = 0;
    err->own_code = 0;
    err->sqlstate[0] = err->own_sqlstate[0] = err->message[0] = err->detail[0] = err->hint[0] = '\0';
    err->fields = NULL;
    err->fields_len = 0;
}

/* Declares NAME so, as the last of a block's declarations: for what runs for every packet or row, where two thousand bytes are dear. */
#define TN_ERROR_LOCAL(name)                                                                                          \
    struct tn_error name;                                                                                             \
    tn_error_init(&(name))

/* Early return of anything but TN_OK. */
#define TN_TRY(expr)                                                                                                  \
    do {                                                                                                              \
        enum tn_status tn_try_status_ = (expr);                                                                       \
        if (tn_try_status_ != TN_OK)                                                                                  \
            return tn_try_status_;                                                                                    \
    } while (0)

#endif
