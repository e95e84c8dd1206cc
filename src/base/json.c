#include "base/json.h"

#include "base/clock.h"
#include "base/digits.h"

#include <inttypes.h>
#include <math.h>

static void begin(struct tn_json *json, const char *key)
{
    if (json->more)
        tn_buf_put_u8(json->buf, ',');
    json->more = true;
    if (key == NULL)
        return;
    tn_buf_put_json(json->buf, tn_str(key));
    tn_buf_put_u8(json->buf, ':');
}

void tn_json_open(struct tn_json *json, const char *key, char bracket)
{
    begin(json, key);
    tn_buf_put_u8(json->buf, (uint8_t)bracket);
    json->more = false;
}

void tn_json_close(struct tn_json *json, char bracket)
{
    tn_buf_put_u8(json->buf, (uint8_t)bracket);
    json->more = true;
}

void tn_json_str(struct tn_json *json, const char *key, struct tn_str value)
{
    begin(json, key);
    if (value.ptr == NULL)
        tn_buf_puts(json->buf, "null");
    else
        tn_buf_put_json(json->buf, value);
}

void tn_json_text(struct tn_json *json, const char *key, const char *value)
{
    tn_json_str(json, key, tn_str(value));
}

void tn_json_u64(struct tn_json *json, const char *key, uint64_t value)
{
    char text[TN_DIGITS_SIZE];

    begin(json, key);
    tn_buf_append(json->buf, text, (size_t)(tn_digits_put(text, value) - text));
}

void tn_json_f64(struct tn_json *json, const char *key, double value)
{
    if (value >= 0 && value < 1e9 && value == (double)(uint64_t)value && !signbit(value)) {
        tn_json_u64(json, key, (uint64_t)value);
        return;
    }
    begin(json, key);
    if (isfinite(value))
        tn_buf_printf(json->buf, "%.9g", value);
    else
        tn_buf_puts(json->buf, "null");
}

void tn_json_bool(struct tn_json *json, const char *key, bool value)
{
    begin(json, key);
    tn_buf_puts(json->buf, value ? "true" : "false");
}

void tn_json_ms(struct tn_json *json, const char *key, uint64_t us)
{
    begin(json, key);
    tn_buf_printf(json->buf, "%" PRIu64 ".%03u", us / 1000, (unsigned)(us % 1000));
}

void tn_json_time(struct tn_json *json, const char *key, uint64_t wall_us)
{
    char text[TN_CLOCK_TEXT];

    if (wall_us == 0) {
        tn_json_str(json, key, tn_str_n(NULL, 0));
        return;
    }
    tn_clock_format(wall_us, text);
    tn_json_text(json, key, text);
}
