/* log.h - one line per event to standard error: time, level, event, then key=value pairs (or one JSON object).
 *
 *   tn_log(TN_LOG_INFO, "session end", TN_LOG_U64("session", id), TN_LOG_TEXT("reason", reason));
 *
 * Any thread. A line is written by one write(2). Never give it a secret; SQL text only at TN_LOG_DEBUG. */
#ifndef TN_BASE_LOG_H
#define TN_BASE_LOG_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

enum tn_log_level { TN_LOG_DEBUG, TN_LOG_INFO, TN_LOG_WARN, TN_LOG_ERROR };
enum tn_log_format { TN_LOG_FORMAT_TEXT, TN_LOG_FORMAT_JSON };

struct tn_log_field {
    const char   *key; /* NULL ends the list */
    struct tn_str text;
    uint64_t      number;
    enum { TN_LOG_FIELD_TEXT, TN_LOG_FIELD_U64 } kind;
};

#define TN_LOG_STR(k, s) ((struct tn_log_field){.key = (k), .text = (s), .kind = TN_LOG_FIELD_TEXT})
#define TN_LOG_TEXT(k, s) TN_LOG_STR(k, tn_str(s))
#define TN_LOG_U64(k, n) ((struct tn_log_field){.key = (k), .number = (uint64_t)(n), .kind = TN_LOG_FIELD_U64})

void tn_log_configure(enum tn_log_level least, enum tn_log_format format);
void tn_log_to_fd(int fd); /* default: standard error; tests read it back */
bool tn_log_enabled(enum tn_log_level level);

void tn_log_fields(enum tn_log_level level, const char *event, const struct tn_log_field *fields);

#define tn_log(level, event, ...)                                                                                     \
    do {                                                                                                              \
        if (tn_log_enabled(level))                                                                                    \
            tn_log_fields((level), (event), (const struct tn_log_field[]){__VA_ARGS__, {.key = NULL}});               \
    } while (0)

#endif
