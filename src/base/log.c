#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <unistd.h>

static _Atomic int least_level = TN_LOG_INFO;
static _Atomic int line_format = TN_LOG_FORMAT_TEXT;
static _Atomic int out_fd = STDERR_FILENO;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void tn_log_configure(enum tn_log_level least, enum tn_log_format format)
{
    atomic_store(&least_level, (int)least);
    atomic_store(&line_format, (int)format);
}

void tn_log_to_fd(int fd)
{
    atomic_store(&out_fd, fd);
}

bool tn_log_enabled(enum tn_log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

static bool needs_quotes(struct tn_str text)
{
    if (text.len == 0)
        return true;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return true;
    }
    return tn_utf8_valid_prefix(text.ptr, text.len) < text.len;
}

static void put_value(struct tn_buf *line, const struct tn_log_field *field, bool json)
{
    if (field->kind == TN_LOG_FIELD_U64)
        tn_buf_printf(line, "%llu", (unsigned long long)field->number);
    else if (json || needs_quotes(field->text))
        tn_buf_put_json(line, field->text);
    else
        tn_buf_put_str(line, field->text);
}

static void put_text(struct tn_buf *line, const char *time, const char *level, const char *event,
                     const struct tn_log_field *fields)
{
    tn_buf_printf(line, "%s %-5s %s", time, level, event);
    for (const struct tn_log_field *field = fields; field->key != NULL; field++) {
        tn_buf_printf(line, " %s=", field->key);
        put_value(line, field, false);
    }
}

static void put_json(struct tn_buf *line, const char *time, const char *level, const char *event,
                     const struct tn_log_field *fields)
{
    tn_buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", time, level);
    tn_buf_put_json(line, tn_str(event));
    for (const struct tn_log_field *field = fields; field->key != NULL; field++) {
        tn_buf_put_u8(line, ',');
        tn_buf_put_json(line, tn_str(field->key));
        tn_buf_put_u8(line, ':');
        put_value(line, field, true);
    }
    tn_buf_put_u8(line, '}');
}

void tn_log_fields(enum tn_log_level level, const char *event, const struct tn_log_field *fields)
{
    struct tn_buf line;
    char          time[TN_CLOCK_TEXT];
    ssize_t       written;

    if (!tn_log_enabled(level))
        return;
    tn_clock_format(tn_clock_wall_us(), time);
    tn_buf_init(&line, 64 * 1024);
    if (atomic_load(&line_format) == TN_LOG_FORMAT_JSON)
        put_json(&line, time, level_names[level], event, fields);
    else
        put_text(&line, time, level_names[level], event, fields);
    tn_buf_put_u8(&line, '\n');
    if (!line.failed) {
        written = write(atomic_load(&out_fd), line.data, line.len);
        (void)written; /* there is nowhere left to say that the log cannot be written */
    }
    tn_buf_reset(&line);
}
