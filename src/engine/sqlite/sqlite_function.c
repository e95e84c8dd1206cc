#include "engine/sqlite/sqlite_function.h"

#include "engine/sqlite/sqlite_chosen.h"
#include "engine/sqlite/sqlite_ordered.h"
#include "engine/sqlite/sqlite_regexp.h"
#include "base/alloc.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/str.h"

#include <math.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

static struct tn_str text_of(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);

    return tn_str_n(text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

/* ---- texts ---- */

static void fn_reverse(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text = text_of(argv[0]);
    char         *out;

    (void)argc;
    if (text.ptr == NULL)
        return;
    out = tn_malloc(text.len + 1);
    if (out == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    for (size_t at = 0, len; at < text.len; at += len) {
        len = 1;
        while (at + len < text.len && ((unsigned char)text.ptr[at + len] & 0xC0u) == 0x80u)
            len++;
        memcpy(out + text.len - at - len, text.ptr + at, len);
    }
    sqlite3_result_text64(context, out, text.len, tn_free, SQLITE_UTF8);
}

/* SQLite's own of later versions: a NULL is ''. */
static void fn_concat(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(context));
    int          len, rc;
    char        *text;

    for (int i = 0; i < argc; i++) {
        struct tn_str one = text_of(argv[i]);

        sqlite3_str_append(out, one.ptr == NULL ? "" : one.ptr, (int)one.len);
    }
    rc = sqlite3_str_errcode(out);
    len = sqlite3_str_length(out);
    text = sqlite3_str_finish(out);
    if (rc != SQLITE_OK)
        sqlite3_result_error_code(context, rc);
    else
        sqlite3_result_text64(context, text == NULL ? "" : text, (sqlite3_uint64)len, text == NULL ? SQLITE_STATIC : sqlite3_free, SQLITE_UTF8);
    if (rc != SQLITE_OK)
        sqlite3_free(text);
}

/* The piece of that number, from 1, or from the end if it is negative; '' where there is none (PostgreSQL 14 and later). */
static void fn_split_part(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text = text_of(argv[0]), mark = text_of(argv[1]);
    int64_t       wanted = sqlite3_value_int64(argv[2]), count = 1;
    const char   *from = text.ptr, *end = text.ptr + text.len, *at;

    (void)argc;
    if (text.ptr == NULL || mark.ptr == NULL || sqlite3_value_type(argv[2]) == SQLITE_NULL)
        return;
    for (at = text.ptr; mark.len > 0 && (at = memmem(at, (size_t)(end - at), mark.ptr, mark.len)) != NULL; at += mark.len)
        count++;
    if (wanted < 0)
        wanted = wanted < -count ? 0 : count + 1 + wanted;
    if (wanted < 1 || wanted > count) {
        sqlite3_result_text(context, "", 0, SQLITE_STATIC);
        return;
    }
    for (int64_t i = 1; i < wanted; i++)
        from = (const char *)memmem(from, (size_t)(end - from), mark.ptr, mark.len) + mark.len;
    at = mark.len > 0 ? memmem(from, (size_t)(end - from), mark.ptr, mark.len) : NULL;
    sqlite3_result_text64(context, from, (size_t)((at != NULL ? at : end) - from), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* The text before that number of marks, or behind so many from its end if it is negative (MySQL). */
static void fn_substring_index(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text = text_of(argv[0]), mark = text_of(argv[1]);
    int64_t       wanted = sqlite3_value_int64(argv[2]), count = 0;
    const char   *end = text.ptr + text.len, *at;

    (void)argc;
    if (text.ptr == NULL || mark.ptr == NULL || sqlite3_value_type(argv[2]) == SQLITE_NULL)
        return;
    if (mark.len == 0 || wanted == 0) {
        sqlite3_result_text(context, "", 0, SQLITE_STATIC);
        return;
    }
    for (at = text.ptr; (at = memmem(at, (size_t)(end - at), mark.ptr, mark.len)) != NULL; at += mark.len)
        count++;
    if (wanted > count || wanted < -count) {
        sqlite3_result_value(context, argv[0]);
        return;
    }
    at = text.ptr;
    for (int64_t i = wanted > 0 ? 1 : -count; i < wanted; i++)
        at = (const char *)memmem(at, (size_t)(end - at), mark.ptr, mark.len) + mark.len;
    at = memmem(at, (size_t)(end - at), mark.ptr, mark.len);
    if (wanted > 0)
        sqlite3_result_text64(context, text.ptr, (size_t)(at - text.ptr), SQLITE_TRANSIENT, SQLITE_UTF8);
    else
        sqlite3_result_text64(context, at + mark.len, (size_t)(end - at) - mark.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* The first letter of each word large, the others small: of ASCII's, as upper() and lower() have it here. */
static void fn_initcap(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text = text_of(argv[0]);
    bool          inside = false;
    char         *out;

    (void)argc;
    if (text.ptr == NULL)
        return;
    out = tn_malloc(text.len + 1);
    if (out == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], lower = (char)(c | 32);
        bool letter = lower >= 'a' && lower <= 'z';

        out[i] = !letter ? c : (char)(inside ? lower : lower & ~32);
        inside = letter || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
    }
    sqlite3_result_text64(context, out, text.len, tn_free, SQLITE_UTF8);
}

static void fn_to_base64(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    const void *data = sqlite3_value_blob(argv[0]);
    size_t      len = (size_t)sqlite3_value_bytes(argv[0]);
    char       *out;

    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    out = tn_malloc(TN_BASE64_TEXT(len) + 1);
    if (out == NULL)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text64(context, out, tn_base64_encode(len > 0 ? data : "", len, out), tn_free, SQLITE_UTF8);
}

static void fn_from_base64(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str text = text_of(argv[0]);
    char         *out;
    size_t        len, letters = 0;

    (void)argc;
    if (text.ptr == NULL)
        return;
    out = tn_malloc(2 * text.len + 2); /* what is decoded, and behind it the text without white space, which MySQL passes over */
    if (out == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        if (strchr(" \t\r\n", text.ptr[i]) == NULL || text.ptr[i] == '\0')
            out[text.len + 1 + letters++] = text.ptr[i];
    if (tn_base64_decode(tn_str_n(out + text.len + 1, letters), out, text.len, &len))
        sqlite3_result_blob64(context, out, len, tn_free);
    else
        tn_free(out); /* NULL, as MySQL has it */
}

static void fn_bin(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    uint64_t x = (uint64_t)sqlite3_value_int64(argv[0]);
    char     out[64];
    int      at = 64;

    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    do {
        out[--at] = (char)('0' + (x & 1));
        x >>= 1;
    } while (x != 0);
    sqlite3_result_text(context, out + at, 64 - at, SQLITE_TRANSIENT);
}

static void fn_bit_count(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (sqlite3_value_type(argv[0]) != SQLITE_NULL)
        sqlite3_result_int(context, __builtin_popcountll((unsigned long long)sqlite3_value_int64(argv[0])));
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* SQLite has it since 3.41. */
static void fn_unhex(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct tn_str  text = text_of(argv[0]);
    unsigned char *out;

    (void)argc;
    if (text.ptr == NULL || text.len % 2 != 0)
        return;
    out = tn_malloc(text.len / 2 + 1);
    if (out == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    for (size_t i = 0; i < text.len; i += 2) {
        int high = digit_of(text.ptr[i]), low = digit_of(text.ptr[i + 1]);

        if (high < 0 || low < 0) {
            tn_free(out);
            return;
        }
        out[i / 2] = (unsigned char)(high * 16 + low);
    }
    sqlite3_result_blob64(context, out, text.len / 2, tn_free);
}

/* ---- digests ---- */

static void give_digest(sqlite3_context *context, sqlite3_value *value, const EVP_MD *kind)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char     digest[EVP_MAX_MD_SIZE];
    unsigned          len = 0;
    char              hex[2 * EVP_MAX_MD_SIZE];
    const void       *data = sqlite3_value_blob(value);
    size_t            size = (size_t)sqlite3_value_bytes(value);

    if (sqlite3_value_type(value) == SQLITE_NULL || kind == NULL)
        return;
    if (EVP_Digest(size > 0 ? data : "", size, digest, &len, kind, NULL) != 1) {
        sqlite3_result_error(context, "this machine's OpenSSL has no such digest", -1);
        return;
    }
    for (unsigned i = 0; i < len; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    sqlite3_result_text(context, hex, (int)(2 * len), SQLITE_TRANSIENT);
}

static void fn_md5(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    give_digest(context, argv[0], EVP_md5());
}

static void fn_sha1(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    give_digest(context, argv[0], EVP_sha1());
}

static void fn_sha2(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    int64_t bits = sqlite3_value_int64(argv[1]);

    (void)argc;
    if (sqlite3_value_type(argv[1]) == SQLITE_NULL)
        return;
    give_digest(context, argv[0], bits == 224 ? EVP_sha224() : bits == 256 || bits == 0 ? EVP_sha256() : bits == 384 ? EVP_sha384() : bits == 512 ? EVP_sha512() : NULL);
}

/* ---- waiting ---- */

/* SLEEP(seconds): 0, or 1 when it was interrupted. */
static void fn_sleep(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    static const int64_t step_us = 10000; /* so soon an interrupt is seen */
    const _Atomic bool  *interrupted = sqlite3_user_data(context);
    double               seconds = sqlite3_value_double(argv[0]);
    uint64_t             end_us;
    bool                 stopped = false;

    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || !(seconds >= 0)) {
        sqlite3_result_error(context, "sleep() takes seconds from 0 on", -1);
        return;
    }
    end_us = tn_clock_us() + (uint64_t)(fmin(seconds, 1e9) * 1e6);
    for (uint64_t now_us = tn_clock_us(); now_us < end_us && !stopped; now_us = tn_clock_us()) {
        struct timespec wait = {.tv_nsec = 1000L * (long)TN_MIN((int64_t)(end_us - now_us), step_us)};

        nanosleep(&wait, NULL);
        stopped = atomic_load_explicit(interrupted, memory_order_relaxed);
    }
    sqlite3_result_int(context, stopped);
}

/* ---- aggregates, which may stand over a window, too ---- */

/* Welford's mean and sum of squares (B. P. Welford, 1962), in both directions. */
struct spread {
    int64_t n;
    double  mean, squares;
};

static void spread_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct spread *s = sqlite3_aggregate_context(context, sizeof *s);
    double         x = sqlite3_value_double(argv[0]), before;

    (void)argc;
    if (s == NULL || sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    before = x - s->mean;
    s->n++;
    s->mean += before / (double)s->n;
    s->squares += before * (x - s->mean);
}

static void spread_inverse(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct spread *s = sqlite3_aggregate_context(context, sizeof *s);
    double         x = sqlite3_value_double(argv[0]), after;

    (void)argc;
    if (s == NULL || s->n == 0 || sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    if (--s->n == 0) {
        s->mean = s->squares = 0;
        return;
    }
    after = x - s->mean;
    s->mean -= after / (double)s->n;
    s->squares = fmax(0, s->squares - after * (x - s->mean));
}

/* What a function of the spread divides by, and whether the root is taken: its user data. */
enum { OF_SAMPLE = 1, ROOT = 2 };

static void spread_value(sqlite3_context *context)
{
    static const int     kinds[] = {0, OF_SAMPLE, ROOT, ROOT | OF_SAMPLE};
    const struct spread *s = sqlite3_aggregate_context(context, sizeof *s);
    int                  kind = *(const int *)sqlite3_user_data(context);
    int64_t              by = s == NULL ? 0 : s->n - (kinds[kind] & OF_SAMPLE);

    if (by > 0)
        sqlite3_result_double(context, kinds[kind] & ROOT ? sqrt(s->squares / (double)by) : s->squares / (double)by);
}

/* How many rows have a bit, so that a row can leave the window. */
struct bits {
    int64_t n, set[64];
};

static void bits_add(sqlite3_context *context, sqlite3_value *value, int64_t by)
{
    struct bits *b = sqlite3_aggregate_context(context, sizeof *b);
    uint64_t     x = (uint64_t)sqlite3_value_int64(value);

    if (b == NULL || sqlite3_value_type(value) == SQLITE_NULL)
        return;
    b->n += by;
    for (unsigned i = 0; i < 64; i++)
        b->set[i] += (x >> i & 1) != 0 ? by : 0;
}

static void bits_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bits_add(context, argv[0], 1);
}

static void bits_inverse(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    bits_add(context, argv[0], -1);
}

static void bits_value(sqlite3_context *context)
{
    const struct bits *b = sqlite3_aggregate_context(context, sizeof *b);
    int                kind = *(const int *)sqlite3_user_data(context);
    uint64_t           out = 0;

    if (b == NULL || b->n == 0)
        return; /* of nothing: NULL, as PostgreSQL has it */
    for (unsigned i = 0; i < 64; i++)
        out |= (kind == '&' ? b->set[i] == b->n : kind == '|' ? b->set[i] > 0 : b->set[i] % 2 != 0) ? UINT64_C(1) << i : 0;
    sqlite3_result_int64(context, (int64_t)out);
}

static int give_aggregates(sqlite3 *db)
{
    static int variance = 0, sample_variance = 1, deviation = 2, sample_deviation = 3, and = '&', or = '|', xor = '^';
    static const struct {
        const char *name;
        int        *kind;
    } all[] = {{"var_pop", &variance}, {"var_samp", &sample_variance}, {"variance", &sample_variance}, {"stddev_pop", &deviation},
               {"stddev_samp", &sample_deviation}, {"stddev", &sample_deviation}, {"bit_and", &and}, {"bit_or", &or}, {"bit_xor", &xor}};
    const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
    int       rc = SQLITE_OK;

    for (size_t i = 0; i < TN_ARRAY_LEN(all) && rc == SQLITE_OK; i++)
        rc = *all[i].kind >= '&' ? sqlite3_create_window_function(db, all[i].name, 1, flags, all[i].kind, bits_step, bits_value, bits_value, bits_inverse, NULL)
                                 : sqlite3_create_window_function(db, all[i].name, 1, flags, all[i].kind, spread_step, spread_value, spread_value, spread_inverse, NULL);
    if (rc == SQLITE_OK)
        rc = tn_sqlite_chosen(db);
    return rc == SQLITE_OK ? tn_sqlite_ordered(db) : rc;
}

int tn_sqlite_functions(sqlite3 *db, _Atomic bool *interrupted)
{
    static const struct {
        const char *name;
        int         args;
        int         until; /* versions of SQLite before this one; 0 = all */
        void (*fn)(sqlite3_context *, int, sqlite3_value **);
    } all[] = {
        {"reverse", 1, 0, fn_reverse}, {"to_base64", 1, 0, fn_to_base64}, {"from_base64", 1, 0, fn_from_base64}, {"unhex", 1, 3041000, fn_unhex},
        {"concat", -1, 3044000, fn_concat}, {"bin", 1, 0, fn_bin}, {"bit_count", 1, 0, fn_bit_count},
        {"md5", 1, 0, fn_md5}, {"sha1", 1, 0, fn_sha1}, {"sha2", 2, 0, fn_sha2}, {"regexp", 2, 0, tn_sqlite_regexp},
        {"regexp_replace", 3, 0, tn_sqlite_regexp_replace}, {"regexp_replace", 4, 0, tn_sqlite_regexp_replace}, {"split_part", 3, 0, fn_split_part},
        {"substring_index", 3, 0, fn_substring_index}, {"initcap", 1, 0, fn_initcap},
        {"regexp_substr", 2, 0, tn_sqlite_regexp_substr},
    };
    int rc = give_aggregates(db);

    for (size_t i = 0; i < TN_ARRAY_LEN(all) && rc == SQLITE_OK; i++)
        if (all[i].until == 0 || sqlite3_libversion_number() < all[i].until)
            rc = sqlite3_create_function(db, all[i].name, all[i].args, SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC, NULL, all[i].fn, NULL, NULL);
    return rc == SQLITE_OK ? sqlite3_create_function(db, "sleep", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, interrupted, fn_sleep, NULL, NULL) : rc;
}
