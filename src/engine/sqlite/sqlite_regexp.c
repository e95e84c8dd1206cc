#include "engine/sqlite/sqlite_regexp.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/alloc.h"
#include "base/clock.h"
#include "base/str.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

enum { PATTERN_MAX = 4096, MATCH_LIMIT = 1000000, HEAP_KIB = 4096, TEXT_MAX = 16 * 1024 * 1024, CALL_US = 1000 * 1000 };

struct regexp {
    pcre2_code          *code;
    pcre2_match_context *limits;
    pcre2_match_data    *data;
    uint64_t             until; /* of the call that goes on */
};

static void regexp_free(void *arg)
{
    struct regexp *r = arg;

    if (r == NULL)
        return;
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->limits);
    pcre2_code_free(r->code);
    tn_free(r);
}

static struct tn_str text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);

    return tn_str_n(text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

/* MATCH_LIMIT is that of one place where a match may begin, of which a text has many: at each of them there is a look at the clock. */
static int on_place(pcre2_callout_block *block, void *arg)
{
    const struct regexp *r = arg;

    (void)block;
    return tn_clock_us() > r->until ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static void tell(sqlite3_context *context, const char *what, int error)
{
    PCRE2_UCHAR text[160];
    char        whole[256];

    if (pcre2_get_error_message(error, text, sizeof text) < 0)
        text[0] = '\0';
    snprintf(whole, sizeof whole, "%s: %s", what, (const char *)text);
    sqlite3_result_error(context, whole, -1);
}

static struct regexp *compile(sqlite3_context *context, struct tn_str pattern)
{
    static const char at_each_place[] = "(?C1)";
    char              with_places[PATTERN_MAX + sizeof at_each_place];
    struct regexp    *r = tn_calloc(1, sizeof *r);
    int               error = 0;
    size_t            where;

    if (r == NULL) {
        sqlite3_result_error_nomem(context);
        return NULL;
    }
    if (pattern.len > PATTERN_MAX) {
        sqlite3_result_error(context, "the regular expression is longer than 4096 bytes", -1);
        regexp_free(r);
        return NULL;
    }
    memcpy(with_places, at_each_place, sizeof at_each_place - 1);
    memcpy(with_places + sizeof at_each_place - 1, pattern.ptr != NULL ? pattern.ptr : "", pattern.len);
    r->code = pcre2_compile((PCRE2_SPTR)with_places, sizeof at_each_place - 1 + pattern.len, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &where, NULL);
    if (r->code == NULL) {
        tell(context, "the regular expression cannot be read", error);
        regexp_free(r);
        return NULL;
    }
    r->limits = pcre2_match_context_create(NULL);
    r->data = pcre2_match_data_create_from_pattern(r->code, NULL);
    if (r->limits == NULL || r->data == NULL) {
        sqlite3_result_error_nomem(context);
        regexp_free(r);
        return NULL;
    }
    pcre2_set_match_limit(r->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(r->limits, HEAP_KIB);
    pcre2_set_callout(r->limits, on_place, r);
    return r;
}

/* The pattern, argument AT, compiled: kept where it is the same for all rows, else *OWNED. NULL: told. */
static struct regexp *regexp_of(sqlite3_context *context, sqlite3_value **argv, int at, struct regexp **owned)
{
    struct regexp *r = sqlite3_get_auxdata(context, at);

    *owned = NULL;
    if (r != NULL)
        return r;
    r = compile(context, text_of(argv[at]));
    if (r == NULL)
        return NULL;
    sqlite3_set_auxdata(context, at, r, regexp_free);
    if (sqlite3_get_auxdata(context, at) == r)
        return r;
    return *owned = compile(context, text_of(argv[at])); /* not kept, and freed by it */
}

static int match(sqlite3_context *context, struct regexp *r, struct tn_str text)
{
    int rc;

    r->until = tn_clock_us() + CALL_US;
    rc = pcre2_match(r->code, (PCRE2_SPTR)text.ptr, text.len, 0, 0, r->data, r->limits);

    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
        tell(context, "the regular expression takes too long, or cannot be matched", rc);
    return rc;
}

static int any_null(int argc, sqlite3_value **argv)
{
    for (int i = 0; i < argc; i++)
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            return 1;
    return 0;
}

void tn_sqlite_regexp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct regexp *owned, *r;
    int            rc;

    if (any_null(argc, argv) || (r = regexp_of(context, argv, 0, &owned)) == NULL)
        return;
    rc = match(context, r, text_of(argv[1]));
    if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
        sqlite3_result_int(context, rc >= 0);
    regexp_free(owned);
}

void tn_sqlite_regexp_substr(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct regexp *owned, *r;
    struct tn_str  text;

    if (any_null(argc, argv) || (r = regexp_of(context, argv, 1, &owned)) == NULL)
        return;
    text = text_of(argv[0]);
    if (match(context, r, text) >= 0) {
        const size_t *places = pcre2_get_ovector_pointer(r->data);

        if (places[1] >= places[0])
            sqlite3_result_text64(context, text.ptr + places[0], places[1] - places[0], SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    regexp_free(owned);
}

static void replace(sqlite3_context *context, struct regexp *r, struct tn_str text, struct tn_str with, bool all)
{
    const uint32_t options = (all ? PCRE2_SUBSTITUTE_GLOBAL : 0) | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH | PCRE2_SUBSTITUTE_UNSET_EMPTY;
    size_t         size = text.len + with.len + 64, len;
    char          *out = NULL, *more;
    int            rc = PCRE2_ERROR_NOMEMORY;

    r->until = tn_clock_us() + CALL_US;
    for (int round = 0; round < 2 && rc == PCRE2_ERROR_NOMEMORY && size <= TEXT_MAX; round++) {
        more = tn_realloc(out, size);
        if (more == NULL)
            break;
        out = more;
        len = size;
        rc = pcre2_substitute(r->code, (PCRE2_SPTR)text.ptr, text.len, 0, options, r->data, r->limits, (PCRE2_SPTR)with.ptr, with.len, (PCRE2_UCHAR *)out, &len);
        size = len + 1;
    }
    if (rc >= 0) {
        sqlite3_result_text64(context, out, len, tn_free, SQLITE_UTF8);
        return;
    }
    tn_free(out);
    tell(context, size > TEXT_MAX ? "the text with the places replaced is longer than 16 MiB" : "regexp_replace", rc);
}

void tn_sqlite_regexp_replace(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct regexp *owned, *r;

    if (any_null(argc, argv) || (r = regexp_of(context, argv, 1, &owned)) == NULL)
        return;
    replace(context, r, text_of(argv[0]), text_of(argv[2]), argc < 4 || memchr(text_of(argv[3]).ptr, 'g', text_of(argv[3]).len) != NULL);
    regexp_free(owned);
}
