#include "net/http_text.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = tn_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(char c)
{
    char letter = tn_ascii_lower(c);

    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

enum decoding { DECODE_ALL, DECODE_FORM /* `+` is a space */, DECODE_UNRESERVED };

static bool decode(struct tn_arena *arena, struct tn_str text, enum decoding how, struct tn_str *out)
{
    char  *to = tn_arena_alloc(arena, text.len + 1);
    size_t n = 0;

    if (to == NULL)
        return false;
    if (text.len > 0 && how != DECODE_FORM && memchr(text.ptr, '%', text.len) == NULL && memchr(text.ptr, '\0', text.len) == NULL) {
        memcpy(to, text.ptr, text.len); /* as it is */
        to[text.len] = '\0';
        *out = tn_str_n(to, text.len);
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%') {
            int high = i + 2 < text.len ? hex(text.ptr[i + 1]) : -1, low = high < 0 ? -1 : hex(text.ptr[i + 2]);

            if (low < 0)
                return false;
            c = (char)(unsigned char)(high * 16 + low);
            if (c != '\0' && how == DECODE_UNRESERVED && !is_unreserved(c))
                c = '%'; /* its digits follow */
            else
                i += 2;
        } else if (c == '+' && how == DECODE_FORM) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        to[n++] = c;
    }
    to[n] = '\0';
    *out = tn_str_n(to, n);
    return true;
}

bool tn_http_decode(struct tn_arena *arena, struct tn_str text, bool plus, struct tn_str *out)
{
    return decode(arena, text, plus ? DECODE_FORM : DECODE_ALL, out);
}

bool tn_http_normalise(struct tn_arena *arena, struct tn_str text, struct tn_str *out)
{
    return decode(arena, text, DECODE_UNRESERVED, out);
}

void tn_http_split_target(struct tn_str target, struct tn_str *path, struct tn_str *query)
{
    const char *scheme, *slash, *mark;

    *path = target;
    *query = tn_str_n("", 0);
    if (target.len > 0 && target.ptr[0] != '/') {
        scheme = memmem(target.ptr, target.len, "://", 3);
        if (scheme == NULL)
            return;
        scheme += 3;
        slash = memchr(scheme, '/', target.len - (size_t)(scheme - target.ptr));
        *path = slash == NULL ? TN_STR("/") : tn_str_n(slash, target.len - (size_t)(slash - target.ptr));
    }
    mark = memchr(path->ptr, '?', path->len);
    if (mark != NULL) {
        *query = tn_str_n(mark + 1, path->len - (size_t)(mark - path->ptr) - 1);
        path->len = (size_t)(mark - path->ptr);
    }
}

bool tn_http_query_next(struct tn_str query, size_t *at, struct tn_str *name, struct tn_str *value)
{
    while (*at < query.len) {
        const char *from = query.ptr + *at, *amp = memchr(from, '&', query.len - *at), *equals;
        size_t      len = amp == NULL ? query.len - *at : (size_t)(amp - from);

        *at += len + (amp == NULL ? 0 : 1);
        if (len == 0)
            continue;
        equals = memchr(from, '=', len);
        *name = tn_str_n(from, equals == NULL ? len : (size_t)(equals - from));
        *value = equals == NULL ? tn_str_n(from + len, 0) : tn_str_n(equals + 1, len - name->len - 1);
        return true;
    }
    return false;
}

void tn_http_date(time_t seconds, char out[TN_HTTP_DATE])
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm         tm;
    const char       *day, *month;

    if (gmtime_r(&seconds, &tm) == NULL)
        memset(&tm, 0, sizeof tm);
    day = days + 3 * (size_t)tm.tm_wday;
    month = months + 3 * (size_t)tm.tm_mon;
    snprintf(out, TN_HTTP_DATE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", day, (unsigned)tm.tm_mday % 100, month,
             (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}
