#include "frontend/trino/trino_request.h"

#include "base/buf.h"

enum { LIST_MAX = 65536 };
enum { ONE, LIST };

enum kind { IS_TEXT, IS_PAIRS };

static const struct {
    const char *name;
    size_t      offset;
    enum kind   kind;
    int         list;
} fields[] = {
#define TEXT(name, member, list) {name, offsetof(struct tn_trino_request, member), IS_TEXT, list},
#define PAIRS(name, member) {name, offsetof(struct tn_trino_request, member), IS_PAIRS, LIST},
#include "frontend/trino/trino_request.def"
#undef TEXT
#undef PAIRS
};

static const struct {
    const char *name;
    size_t      offset;
} plain_fields[] = {
    {"x-forwarded-proto", offsetof(struct tn_trino_request, forwarded_proto)},
    {"x-forwarded-host", offsetof(struct tn_trino_request, forwarded_host)},
    {"x-forwarded-port", offsetof(struct tn_trino_request, forwarded_port)},
    {"x-forwarded-prefix", offsetof(struct tn_trino_request, forwarded_prefix)},
    {"host", offsetof(struct tn_trino_request, host)},
};

void tn_trino_request_init(struct tn_trino_request *request, struct tn_arena *arena)
{
    *request = (struct tn_trino_request){.arena = arena};
}

static enum tn_status no_memory(struct tn_error *err)
{
    return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the headers of a request");
}

/* ---- coding ---- */

static int hex_digit(char c)
{
    char l = tn_ascii_lower(c);

    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool tn_trino_decode(struct tn_arena *arena, struct tn_str text, struct tn_str *out)
{
    char  *to = tn_arena_alloc(arena, text.len + 1);
    size_t len = 0;

    if (to == NULL)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int high, low;

        if (text.ptr[i] != '%') {
            to[len++] = text.ptr[i] == '+' ? ' ' : text.ptr[i];
            continue;
        }
        if (i + 2 >= text.len)
            return false;
        high = hex_digit(text.ptr[i + 1]);
        low = hex_digit(text.ptr[i + 2]);
        if (high < 0 || low < 0 || high + low == 0)
            return false;
        to[len++] = (char)(high * 16 + low);
        i += 2;
    }
    to[len] = '\0';
    *out = tn_str_n(to, len);
    return true;
}

static bool is_kept(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '*' || c == '_';
}

bool tn_trino_encode(struct tn_arena *arena, struct tn_str text, struct tn_str *out)
{
    static const char hex[] = "0123456789ABCDEF";
    char             *to = text.len < SIZE_MAX / 4 ? tn_arena_alloc(arena, text.len * 3 + 1) : NULL;
    size_t            len = 0;

    if (to == NULL)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (is_kept((char)c)) {
            to[len++] = (char)c;
        } else if (c == ' ') {
            to[len++] = '+';
        } else {
            to[len++] = '%';
            to[len++] = hex[c >> 4];
            to[len++] = hex[c & 15];
        }
    }
    to[len] = '\0';
    *out = tn_str_n(to, len);
    return true;
}

/* ---- lists ---- */

bool tn_trino_list_next(struct tn_str list, size_t *at, struct tn_str *item)
{
    while (*at < list.len) {
        const char *from = list.ptr + *at;
        const char *comma = memchr(from, ',', list.len - *at);
        size_t      len = comma == NULL ? list.len - *at : (size_t)(comma - from);

        *at += len + 1;
        *item = tn_str_trim(tn_str_n(from, len));
        if (item->len > 0)
            return true;
    }
    return false;
}

struct tn_str tn_trino_pair(const struct tn_trino_pairs *pairs, struct tn_str name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (tn_str_eq(pairs->items[i].name, name))
            return pairs->items[i].value;
    return tn_str_n(NULL, 0);
}

static bool put_pair(struct tn_trino_request *request, struct tn_trino_pairs *pairs, struct tn_trino_pair pair)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (tn_str_eq(pairs->items[i].name, pair.name)) {
            pairs->items[i] = pair;
            return true;
        }
    if (pairs->items == NULL)
        pairs->items = tn_arena_alloc(request->arena, TN_TRINO_PAIRS_MAX * sizeof *pairs->items);
    if (pairs->items == NULL || pairs->count == TN_TRINO_PAIRS_MAX)
        return false;
    pairs->items[pairs->count++] = pair;
    return true;
}

static enum tn_status read_pairs(struct tn_trino_request *request, struct tn_trino_pairs *pairs, struct tn_str name,
                                 struct tn_str list, struct tn_error *err)
{
    struct tn_str item;
    size_t        at = 0;

    while (tn_trino_list_next(list, &at, &item)) {
        const char          *equals = memchr(item.ptr, '=', item.len);
        size_t               len = equals == NULL ? 0 : (size_t)(equals - item.ptr);
        struct tn_trino_pair pair = {.name = {NULL, 0}};

        if (len == 0)
            return tn_fail(err, TN_E_INVALID, "08P01", "header " TN_STR_FMT ": expected name=value, separated by commas",
                           TN_STR_ARG(name));
        if (!tn_trino_decode(request->arena, tn_str_trim(tn_str_n(item.ptr, len)), &pair.name) ||
            !tn_trino_decode(request->arena, tn_str_trim(tn_str_n(equals + 1, item.len - len - 1)), &pair.value))
            return tn_fail(err, TN_E_INVALID, "08P01", "header " TN_STR_FMT ": a value has a wrong %% escape",
                           TN_STR_ARG(name));
        if (!put_pair(request, pairs, pair))
            return tn_fail(err, TN_E_LIMIT, "54000", "header " TN_STR_FMT ": more than %d entries", TN_STR_ARG(name),
                           (int)TN_TRINO_PAIRS_MAX);
    }
    return TN_OK;
}

static enum tn_status read_text(struct tn_trino_request *request, struct tn_str *member, bool list, struct tn_str name,
                                struct tn_str value, struct tn_error *err)
{
    char *joined;

    if (tn_utf8_valid_prefix(value.ptr, value.len) < value.len)
        return tn_fail(err, TN_E_INVALID, "08P01", "header " TN_STR_FMT " is not UTF-8", TN_STR_ARG(name));
    value = tn_str_trim(value);
    if (!list || member->len == 0) {
        *member = value;
        return TN_OK;
    }
    if (member->len + value.len + 1 > LIST_MAX)
        return tn_fail(err, TN_E_LIMIT, "54000", "header " TN_STR_FMT " is longer than %d bytes", TN_STR_ARG(name), (int)LIST_MAX);
    joined = tn_arena_alloc(request->arena, member->len + value.len + 1);
    if (joined == NULL)
        return no_memory(err);
    memcpy(joined, member->ptr, member->len);
    joined[member->len] = ',';
    if (value.len > 0)
        memcpy(joined + member->len + 1, value.ptr, value.len);
    *member = tn_str_n(joined, member->len + value.len + 1);
    return TN_OK;
}

enum tn_status tn_trino_request_field(struct tn_trino_request *request, struct tn_str name, struct tn_str value,
                                      struct tn_error *err)
{
    bool          presto = tn_str_starts(name, TN_STR("x-presto-"));
    struct tn_str rest = tn_str_n(name.ptr, 0);

    for (size_t i = 0; i < TN_ARRAY_LEN(plain_fields); i++)
        if (tn_str_eq_c(name, plain_fields[i].name))
            return read_text(request, (struct tn_str *)(void *)((char *)request + plain_fields[i].offset), false, name, value, err);
    if (presto || tn_str_starts(name, TN_STR("x-trino-")))
        rest = tn_str_n(name.ptr + (presto ? 9 : 8), name.len - (presto ? 9 : 8));
    for (size_t i = 0; rest.len > 0 && i < TN_ARRAY_LEN(fields); i++) {
        void *member = (char *)request + fields[i].offset;

        if (!tn_str_eq_c(rest, fields[i].name))
            continue;
        request->presto = request->presto || presto;
        if (fields[i].kind == IS_PAIRS)
            return read_pairs(request, member, name, value, err);
        return read_text(request, member, fields[i].list == LIST, name, value, err);
    }
    return TN_OK;
}

bool tn_trino_request_can(const struct tn_trino_request *request, const char *capability)
{
    struct tn_str item;
    size_t        at = 0;

    while (tn_trino_list_next(request->client_capabilities, &at, &item))
        if (tn_str_ieq_c(item, capability))
            return true;
    return false;
}

/* ---- links ---- */

static struct tn_str first_of(struct tn_str list)
{
    struct tn_str item = {NULL, 0};
    size_t        at = 0;

    return tn_trino_list_next(list, &at, &item) ? item : item;
}

/* Nothing in it can end the link or lead elsewhere. */
static bool is_sound(struct tn_str text, const char *also)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_kept(text.ptr[i]) && (text.ptr[i] == '\0' || strchr(also, text.ptr[i]) == NULL))
            return false;
    return text.len > 0 && text.len <= 1024;
}

static bool has_port(struct tn_str host)
{
    const char *bracket = memchr(host.ptr, ']', host.len);
    const char *from = bracket == NULL ? host.ptr : bracket;

    return memchr(from, ':', host.len - (size_t)(from - host.ptr)) != NULL;
}

struct tn_str tn_trino_request_base(const struct tn_trino_request *request, bool tls, struct tn_arena *arena)
{
    struct tn_str proto = first_of(request->forwarded_proto), host = first_of(request->forwarded_host);
    struct tn_str port = first_of(request->forwarded_port), prefix = first_of(request->forwarded_prefix), out = {"", 0};
    uint64_t      number;
    bool          is_default;
    struct tn_buf text;

    tls = tn_str_ieq_c(proto, "https") || (tls && !tn_str_ieq_c(proto, "http"));
    if (!is_sound(host, ":[]"))
        host = request->host;
    if (!is_sound(host, ":[]"))
        return out;
    tn_buf_init(&text, 8192);
    tn_buf_puts(&text, tls ? "https://" : "http://");
    tn_buf_put_str(&text, host);
    is_default = !tn_str_to_u64(port, 65535, &number) || number == (tls ? 443 : 80);
    if (!is_default && !has_port(host))
        tn_buf_printf(&text, ":%llu", (unsigned long long)number);
    while (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/')
        prefix.len--;
    if (is_sound(prefix, "/~%") && prefix.ptr[0] == '/')
        tn_buf_put_str(&text, prefix);
    if (text.failed || !tn_arena_str(arena, tn_buf_str(&text), &out))
        out = tn_str_n("", 0);
    tn_buf_reset(&text);
    return out;
}
