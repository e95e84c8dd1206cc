/* pg_golden.h - reads tests/golden/pg_types.cases: type, settings, input, output, binary form. For test programs. */
#ifndef TN_TEST_PG_GOLDEN_H
#define TN_TEST_PG_GOLDEN_H

#include "base/alloc.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_types.h"

#include <CUnit/Basic.h>

static unsigned failures_shown;

struct golden {
    uint32_t           oid;
    struct tn_pg_style style;
    struct tn_tz      *tz;
    struct tn_str      name, settings, input, output, hex;
    struct tn_str      binary;  /* of hex */
    bool               refused; /* the server gave an error */
};

static inline void show(const struct golden *c, const char *what, struct tn_str got)
{
    if (failures_shown++ < 60)
        fprintf(stderr, "%.*s [%.*s] \"%.*s\": %s: want \"%.*s\" %.*s, got \"%.*s\"\n", (int)c->name.len, c->name.ptr,
                (int)c->settings.len, c->settings.ptr, (int)c->input.len, c->input.ptr, what, (int)c->output.len,
                c->output.ptr, (int)c->hex.len, c->hex.ptr, (int)got.len, got.ptr == NULL ? "" : got.ptr);
    CU_FAIL("golden case");
}

/* Takes the field before SEPARATOR off REST, unescaped in place. */
static inline struct tn_str take_field(char **rest, char separator)
{
    char *end = strchr(*rest, separator), *start = *rest, *to = start;

    if (end == NULL)
        end = *rest + strlen(*rest);
    *rest = *end == '\0' ? end : end + 1;
    for (char *from = start; from < end; from++) {
        if (*from == '\\' && from + 1 < end) {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
        } else {
            *to++ = *from;
        }
    }
    return tn_str_n(start, (size_t)(to - start));
}

static inline uint32_t find_oid(struct tn_str name)
{
    for (uint32_t oid = 1; oid < 4000; oid++) {
        const struct tn_pg_type *type = tn_pg_type_find(oid), *element = tn_pg_type_element(oid);

        if (type != NULL && tn_str_eq_c(name, type->name))
            return oid;
        if (element != NULL && name.ptr[0] == '_' && tn_str_eq_c(tn_str_n(name.ptr + 1, name.len - 1), element->name))
            return oid;
    }
    return 0;
}

static inline void read_setting(struct golden *c, struct tn_str s)
{
    char   value[64];
    size_t key = 0;

    while (key < s.len && s.ptr[key] != '=')
        key++;
    if (key >= s.len)
        return;
    tn_str_copy(value, sizeof value, tn_str_n(s.ptr + key + 1, s.len - key - 1));
    if (s.ptr[0] == 't')
        CU_ASSERT_EQUAL(tn_tz_load(&c->tz, tn_str(value), NULL), TN_OK);
    if (s.ptr[0] == 'e')
        c->style.extra_float_digits = (int)strtol(value, NULL, 10);
    if (s.ptr[0] == 'b')
        c->style.bytea_escape = strcmp(value, "escape") == 0;
    if (s.ptr[0] == 'i')
        c->style.interval = strcmp(value, "iso_8601") == 0       ? TN_PG_INTERVAL_ISO_8601
                            : strcmp(value, "sql_standard") == 0 ? TN_PG_INTERVAL_SQL_STANDARD
                                                                 : TN_PG_INTERVAL_POSTGRES_VERBOSE;
    c->style.tz = c->tz;
}

static inline size_t unhex(struct tn_str hex, char *out)
{
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        char pair[3] = {hex.ptr[i], hex.ptr[i + 1], '\0'};

        out[i / 2] = (char)strtoul(pair, NULL, 16);
    }
    return hex.len / 2;
}

static inline void check_line(char *line, void (*check)(const struct golden *c))
{
    struct golden c = {.style = TN_PG_STYLE_INIT};
    char         *binary;

    c.name = take_field(&line, '\t');
    c.settings = take_field(&line, '\t');
    c.input = take_field(&line, '\t');
    c.output = take_field(&line, '\t');
    c.hex = take_field(&line, '\n');
    c.oid = find_oid(c.name);
    CU_ASSERT_NOT_EQUAL(c.oid, 0);
    read_setting(&c, c.settings);
    c.refused = c.hex.len > 0 && c.hex.ptr[0] == '!';
    binary = tn_malloc(c.hex.len + 1);
    c.binary = tn_str_n(binary, c.refused ? 0 : unhex(c.hex, binary));
    check(&c);
    tn_free(binary);
    tn_tz_free(c.tz);
}

/* Every case of the file, or of the one that PG_TYPES_CASES names. */
static inline void for_each_golden(void (*check)(const struct golden *c))
{
    const char *path = getenv("PG_TYPES_CASES");
    FILE       *file = fopen(path == NULL ? TN_SOURCE_DIR "/tests/golden/pg_types.cases" : path, "r");
    char       *line = NULL;
    size_t      size = 0;
    unsigned    cases = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (getline(&line, &size, file) > 0) {
        check_line(line, check);
        cases++;
    }
    free(line);
    fclose(file);
    CU_ASSERT_TRUE(cases > 3000);
    printf("%u cases ", cases);
}

#endif
