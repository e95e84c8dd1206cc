#include "frontend/rest/rest_format.h"

#include "base/compiler.h"
#include "frontend/arrow/arrow.h"

static const struct {
    const char *word, *type;
} formats[TN_REST_FORMATS] = {
#define FORMAT(NAME, word, type, help) [TN_REST_##NAME] = {word, type},
#include "frontend/rest/rest_format.def"
#undef FORMAT
};

const char *tn_rest_format_type(enum tn_rest_format format)
{
    return formats[format].type;
}

bool tn_rest_format_available(enum tn_rest_format format)
{
    return format != TN_REST_ARROW || tn_arrow_available();
}

bool tn_rest_format_parse(struct tn_str word, enum tn_rest_format *out)
{
    for (size_t i = 0; i < TN_REST_FORMATS; i++)
        if (tn_str_ieq_c(word, formats[i].word)) {
            *out = (enum tn_rest_format)i;
            return true;
        }
    return false;
}

/* One range of Accept: "text/csv;header=present;q=0.5". */
struct range {
    struct tn_str type;
    double        weight;
    bool          arrays; /* rows=arrays */
};

static struct tn_str cut(struct tn_str *rest, char mark)
{
    const char   *at = rest->len > 0 ? memchr(rest->ptr, mark, rest->len) : NULL;
    struct tn_str part = at == NULL ? *rest : tn_str_n(rest->ptr, (size_t)(at - rest->ptr));

    *rest = at == NULL ? TN_STR("") : tn_str_n(at + 1, rest->len - part.len - 1);
    return tn_str_trim(part);
}

static struct range read_range(struct tn_str text)
{
    struct range range = {.type = cut(&text, ';'), .weight = 1};

    while (text.len > 0) {
        struct tn_str value = cut(&text, ';'), name = cut(&value, '=');

        value = tn_str_trim(value);
        if (tn_str_ieq_c(name, "q") && (!tn_str_to_double(value, &range.weight) || range.weight < 0 || range.weight > 1))
            range.weight = 0;
        if (tn_str_ieq_c(name, "rows") && tn_str_ieq_c(value, "arrays"))
            range.arrays = true;
    }
    return range;
}

/* How well RANGE names FORMAT: 0 not at all, 3 exactly. */
static int match(const struct range *range, enum tn_rest_format format)
{
    struct tn_str type = tn_str(formats[format].type);
    size_t        slash = (size_t)(strchr(type.ptr, '/') - type.ptr);

    if (range->arrays && tn_str_ieq_c(range->type, formats[TN_REST_OBJECTS].type))
        return format == TN_REST_ARRAYS ? 3 : 0;
    if (tn_str_ieq(range->type, type))
        return 3;
    if (range->type.len == slash + 2 && tn_str_ieq(tn_str_n(range->type.ptr, slash + 1), tn_str_n(type.ptr, slash + 1)) && range->type.ptr[slash + 1] == '*')
        return 2;
    return tn_str_eq_c(range->type, "*/*");
}

/* The weight of the range that names FORMAT best, and how well it does. */
static double weight_of(struct tn_str accept, enum tn_rest_format format, int *best)
{
    double weight = 0;

    *best = 0;
    while (accept.len > 0) {
        struct range range = read_range(cut(&accept, ','));
        int          how = match(&range, format);

        if (how > *best) {
            *best = how;
            weight = range.weight;
        }
    }
    return weight;
}

bool tn_rest_format_choose(struct tn_str accept, enum tn_rest_format *out)
{
    double best = 0;
    int    named = 0;

    *out = TN_REST_OBJECTS;
    if (accept.ptr == NULL || tn_str_trim(accept).len == 0)
        return true;
    for (size_t i = 0; i < TN_REST_FORMATS; i++) {
        int    how;
        double weight = weight_of(accept, (enum tn_rest_format)i, &how);

        if ((weight > best || (weight == best && best > 0 && how > named)) && tn_rest_format_available((enum tn_rest_format)i)) {
            best = weight;
            named = how;
            *out = (enum tn_rest_format)i;
        }
    }
    return best > 0;
}
