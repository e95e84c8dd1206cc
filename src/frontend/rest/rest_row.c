/* Rows that are encoded already: taken apart, and from one form to another. */
#include "frontend/rest/rest_row.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "frontend/rest/rest_encode.h"

enum { LENGTH = 4 };

bool tn_rest_row_next(struct tn_str rows, size_t *at, struct tn_str *row)
{
    uint32_t len;

    if (*at > rows.len || rows.len - *at < LENGTH)
        return false;
    memcpy(&len, rows.ptr + *at, LENGTH);
    if (len > rows.len - *at - LENGTH)
        return false;
    *row = tn_str_n(rows.ptr + *at + LENGTH, len);
    *at += LENGTH + (size_t)len;
    return true;
}

bool tn_rest_piece_next(struct tn_str pieces, size_t *at, struct tn_rest_piece *piece, struct tn_str *message)
{
    if (*at > pieces.len || pieces.len - *at < sizeof *piece)
        return false;
    memcpy(piece, pieces.ptr + *at, sizeof *piece);
    if (piece->bytes > pieces.len - *at - sizeof *piece)
        return false;
    *message = tn_str_n(pieces.ptr + *at + sizeof *piece, (size_t)piece->bytes);
    *at += sizeof *piece + message->len;
    return true;
}

/* ---- names ---- */

/* Which names there are, and which number the next repetition of each may get. */
struct names {
    const struct tn_str *all;
    uint32_t            *slots; /* 1 + the first column with this name; 0 = free */
    uint32_t            *next;  /* by column */
    size_t               mask;
    struct tn_buf        made;
};

/* The slot of NAME, or the free one where it would be. */
static uint32_t *slot_of(const struct names *names, struct tn_str name)
{
    size_t at = (size_t)tn_hash_str(name) & names->mask;

    while (names->slots[at] != 0 && !tn_str_eq(names->all[names->slots[at] - 1], name))
        at = (at + 1) & names->mask;
    return &names->slots[at];
}

static bool init_names(struct names *names, const struct tn_str *all, size_t count)
{
    size_t room = 2;

    while (room < count * 2)
        room *= 2;
    *names = (struct names){.all = all, .slots = tn_calloc(room, sizeof *names->slots), .next = tn_calloc(count + 1, sizeof *names->next), .mask = room - 1};
    tn_buf_init(&names->made, (size_t)64 << 20);
    if (names->slots == NULL || names->next == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = slot_of(names, all[i]);

        if (*slot == 0)
            *slot = (uint32_t)i + 1;
    }
    return true;
}

static void reset_names(struct names *names)
{
    tn_free(names->slots);
    tn_free(names->next);
    tn_buf_reset(&names->made);
}

/* The first repetition gets the first number from 2 on that makes no column's name, and so on. */
static struct tn_str key_of(struct names *names, size_t at)
{
    size_t first = *slot_of(names, names->all[at]) - 1;

    if (first == at)
        return names->all[at];
    for (unsigned n = TN_MAX(names->next[first], 2u);; n++) {
        tn_buf_clear(&names->made);
        tn_buf_put_str(&names->made, names->all[at]);
        tn_buf_printf(&names->made, "_%u", n);
        names->next[first] = n + 1;
        if (names->made.failed || *slot_of(names, tn_buf_str(&names->made)) == 0)
            return tn_buf_str(&names->made);
    }
}

void tn_rest_keys(const struct tn_str *names, size_t count, struct tn_buf *out)
{
    struct names all;

    if (!init_names(&all, names, count))
        out->failed = true;
    for (size_t i = 0; i < count && !out->failed; i++) {
        tn_buf_put_json(out, key_of(&all, i));
        tn_buf_put_u8(out, 0);
        out->failed = out->failed || all.made.failed;
    }
    reset_names(&all);
}

/* ---- CSV ---- */

static void put_field(struct tn_str text, struct tn_buf *out)
{
    bool quote = text.len == 0;

    for (size_t i = 0; i < text.len && !quote; i++)
        quote = memchr("\",\r\n", text.ptr[i], 4) != NULL;
    if (!quote) {
        tn_buf_put_str(out, text);
        return;
    }
    tn_buf_put_quoted(out, text, '"');
}

/* Our own JSON strings have no escapes but these. */
static char unescape(struct tn_str text, size_t *at)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    char              c = text.ptr[++*at];
    const char       *name = strchr(names, c);
    unsigned          code = 0;

    if (c == 'u' && *at + 4 < text.len) {
        for (size_t i = 1; i <= 4; i++) {
            char h = tn_ascii_lower(text.ptr[*at + i]);

            code = code * 16 + (unsigned)(h >= 'a' ? h - 'a' + 10 : h - '0');
        }
        *at += 4;
        return (char)code; /* a control character */
    }
    return name != NULL && c != '\0' ? values[name - names] : c;
}

void tn_rest_row_text(struct tn_str inside, struct tn_buf *out)
{
    for (size_t i = 0; i < inside.len; i++)
        tn_buf_put_u8(out, (uint8_t)(inside.ptr[i] == '\\' && i + 1 < inside.len ? unescape(inside, &i) : inside.ptr[i]));
}

static void put_string(struct tn_str value, struct tn_buf *out)
{
    struct tn_str text = tn_str_n(value.ptr + 1, value.len - 2);
    struct tn_buf plain;

    if (text.len == 0 || memchr(text.ptr, '\\', text.len) == NULL) {
        put_field(text, out);
        return;
    }
    tn_buf_init(&plain, text.len + 1);
    tn_rest_row_text(text, &plain);
    if (plain.failed)
        out->failed = true;
    put_field(tn_buf_str(&plain), out);
    tn_buf_reset(&plain);
}

void tn_rest_csv_value(struct tn_str value, struct tn_buf *out)
{
    if (tn_str_eq_c(value, "null"))
        return;
    if (value.len >= 2 && value.ptr[0] == '"')
        put_string(value, out);
    else
        put_field(value, out);
}

void tn_rest_csv_names(const struct tn_str *names, size_t count, struct tn_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            tn_buf_put_u8(out, ',');
        put_field(names[i], out);
    }
}

/* ---- arrays to others ---- */

/* The value at *AT of an array of ours: a string, or what stands before the next comma or the end. */
static bool next_value(struct tn_str row, size_t *at, struct tn_str *value)
{
    size_t start = *at, end = start;

    if (start >= row.len)
        return false;
    if (row.ptr[start] == '"') {
        for (end = start + 1; end < row.len && row.ptr[end] != '"'; end++)
            end += row.ptr[end] == '\\';
        end++;
    } else {
        while (end < row.len && row.ptr[end] != ',' && row.ptr[end] != ']')
            end++;
    }
    if (end >= row.len || end == start || (row.ptr[end] != ',' && row.ptr[end] != ']'))
        return false;
    *value = tn_str_n(row.ptr + start, end - start);
    *at = end + 1;
    return true;
}

bool tn_rest_row_convert(struct tn_str row, enum tn_rest_format format, struct tn_str keys, struct tn_buf *out)
{
    bool          objects = format == TN_REST_OBJECTS || format == TN_REST_NDJSON;
    size_t        at = 1, key = 0, count = 0;
    struct tn_str value;

    if (row.len < 2 || row.ptr[0] != '[' || row.ptr[row.len - 1] != ']')
        return false;
    if (format == TN_REST_ARRAYS) {
        tn_buf_put_str(out, row);
        return true;
    }
    if (objects)
        tn_buf_put_u8(out, '{');
    while (row.len > 2 && next_value(row, &at, &value)) {
        if (count++ > 0)
            tn_buf_put_u8(out, ',');
        if (objects && key >= keys.len)
            return false;
        if (objects) {
            size_t len = strlen(keys.ptr + key);

            tn_buf_append(out, keys.ptr + key, len);
            tn_buf_put_u8(out, ':');
            tn_buf_put_str(out, value);
            key += len + 1;
        } else {
            tn_rest_csv_value(value, out);
        }
    }
    if (objects)
        tn_buf_put_u8(out, '}');
    return (row.len == 2 || at == row.len) && (!objects || key == keys.len);
}
