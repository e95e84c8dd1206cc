#include "base/json_scan.h"

char tn_json_peek(struct tn_json_scan *scan)
{
    while (scan->at < scan->text.len && scan->text.ptr[scan->at] != '\0' && strchr(" \t\n\r", scan->text.ptr[scan->at]) != NULL)
        scan->at++;
    return scan->at < scan->text.len ? scan->text.ptr[scan->at] : '\0';
}

bool tn_json_take(struct tn_json_scan *scan, char c)
{
    if (tn_json_peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

bool tn_json_take_string(struct tn_json_scan *scan, struct tn_str *out)
{
    size_t from;

    if (tn_json_peek(scan) != '"')
        return false;
    from = scan->at++;
    while (scan->at < scan->text.len && scan->text.ptr[scan->at] != '"')
        scan->at += scan->text.ptr[scan->at] == '\\' ? 2 : 1;
    if (scan->at >= scan->text.len)
        return false;
    scan->at++;
    *out = tn_str_n(scan->text.ptr + from, scan->at - from);
    return true;
}

/* [..] or {..}, whatever is in it. */
static bool skip_brackets(struct tn_json_scan *scan)
{
    struct tn_str string;
    size_t        depth = 0;

    do {
        char c = tn_json_peek(scan);

        if (c == '\0')
            return false;
        if (c == '"') {
            if (!tn_json_take_string(scan, &string))
                return false;
            continue;
        }
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        scan->at++;
    } while (depth > 0);
    return true;
}

bool tn_json_take_any(struct tn_json_scan *scan, struct tn_str *out)
{
    char   c = tn_json_peek(scan);
    size_t from = scan->at;

    if (c == '"')
        return tn_json_take_string(scan, out);
    if (c == '[' || c == '{') {
        if (!skip_brackets(scan))
            return false;
    } else {
        while (scan->at < scan->text.len && (scan->text.ptr[scan->at] == '\0' || strchr(",]}: \t\n\r", scan->text.ptr[scan->at]) == NULL))
            scan->at++;
    }
    *out = tn_str_n(scan->text.ptr + from, scan->at - from);
    return out->len > 0;
}

struct tn_str tn_json_inside(struct tn_str value)
{
    return value.len >= 2 && value.ptr[0] == '"' ? tn_str_n(value.ptr + 1, value.len - 2) : value;
}
