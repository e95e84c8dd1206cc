/* The types table, and every case of tests/golden/pg_types.cases (answers of a PostgreSQL 15 server) in both directions. */
#include "base/alloc.h"
#include "base/tz.h"
#include "frontend/pgwire/pg_convert.h"
#include "frontend/pgwire/pg_types.h"
#include "frontend/pgwire/pg_value.h"

#include <CUnit/Basic.h>

static unsigned failures_shown;

struct golden {
    const struct tn_pg_type *type;
    uint32_t                 oid;
    struct tn_pg_style       style;
    struct tn_tz            *tz;
    struct tn_str            name, settings, input, output, hex;
};

static void show(const struct golden *c, const char *what, struct tn_str got)
{
    if (failures_shown++ < 60)
        fprintf(stderr, "%.*s [%.*s] \"%.*s\": %s: want \"%.*s\" %.*s, got \"%.*s\"\n", (int)c->name.len, c->name.ptr,
                (int)c->settings.len, c->settings.ptr, (int)c->input.len, c->input.ptr, what, (int)c->output.len,
                c->output.ptr, (int)c->hex.len, c->hex.ptr, (int)got.len, got.ptr == NULL ? "" : got.ptr);
    CU_FAIL("golden case");
}

/* Takes the field before SEPARATOR off REST, unescaped in place. */
static struct tn_str take_field(char **rest, char separator)
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

static uint32_t find_oid(struct tn_str name)
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

static void read_setting(struct golden *c, struct tn_str s)
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

static size_t unhex(struct tn_str hex, char *out)
{
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        char pair[3] = {hex.ptr[i], hex.ptr[i + 1], '\0'};

        out[i / 2] = (char)strtoul(pair, NULL, 16);
    }
    return hex.len / 2;
}

/* BYTES in FORMAT decode, and encode to exactly the server's text and binary form. */
static void check_both(const struct golden *c, int16_t format, struct tn_str bytes, struct tn_str binary, const char *what)
{
    struct tn_arena arena;
    struct tn_buf   out;
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    tn_arena_init(&arena, 0);
    tn_buf_init(&out, 1 << 22);
    if (tn_pg_value_decode(c->oid, format, bytes, &c->style, &arena, &value, &err) != TN_OK) {
        show(c, what, tn_str(err.message));
    } else {
        if (tn_pg_value_encode(&value, c->oid, 0, &c->style, &out, &err) != TN_OK)
            show(c, what, tn_str(err.message));
        else if (!tn_str_eq(tn_buf_str(&out), c->output))
            show(c, what, tn_buf_str(&out));
        tn_buf_clear(&out);
        if (tn_pg_value_encode(&value, c->oid, 1, &c->style, &out, &err) != TN_OK)
            show(c, what, tn_str(err.message));
        else if (!tn_str_eq(tn_buf_str(&out), binary))
            show(c, what, TN_STR("(another binary form)"));
    }
    tn_error_reset(&err);
    tn_buf_reset(&out);
    tn_arena_reset(&arena);
}

/* The server refused; so must we. */
static void check_refused(const struct golden *c)
{
    struct tn_arena arena;
    struct tn_value value;
    struct tn_error err = TN_ERROR_INIT;

    tn_arena_init(&arena, 0);
    if (tn_pg_value_decode(c->oid, 0, c->input, &c->style, &arena, &value, &err) == TN_OK)
        show(c, "accepted", TN_STR(""));
    else if (memcmp(err.sqlstate, "22", 2) != 0 && strcmp(err.sqlstate, "0A000") != 0)
        show(c, "sqlstate", tn_str(err.sqlstate));
    tn_error_reset(&err);
    tn_arena_reset(&arena);
}

static void check_case(char *line)
{
    struct golden c = {.style = TN_PG_STYLE_INIT};
    char         *binary;
    size_t        len;

    c.name = take_field(&line, '\t');
    c.settings = take_field(&line, '\t');
    c.input = take_field(&line, '\t');
    c.output = take_field(&line, '\t');
    c.hex = take_field(&line, '\n');
    c.oid = find_oid(c.name);
    CU_ASSERT_NOT_EQUAL(c.oid, 0);
    read_setting(&c, c.settings);
    if (c.hex.len > 0 && c.hex.ptr[0] == '!') {
        check_refused(&c);
    } else {
        binary = tn_malloc(c.hex.len + 1);
        len = unhex(c.hex, binary);
        check_both(&c, 0, c.input, tn_str_n(binary, len), "text");
        if (c.style.extra_float_digits > 0) /* otherwise digits were lost */
            check_both(&c, 0, c.output, tn_str_n(binary, len), "own text");
        check_both(&c, 1, tn_str_n(binary, len), tn_str_n(binary, len), "binary");
        tn_free(binary);
    }
    tn_tz_unref(c.tz);
}

static void golden_cases(void)
{
    const char *path = getenv("PG_TYPES_CASES");
    FILE       *file = fopen(path == NULL ? TN_SOURCE_DIR "/tests/golden/pg_types.cases" : path, "r");
    char       *line = NULL;
    size_t      size = 0;
    unsigned    cases = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (getline(&line, &size, file) > 0) {
        check_case(line);
        cases++;
    }
    free(line);
    fclose(file);
    CU_ASSERT_TRUE(cases > 3000);
    printf("%u cases ", cases);
}

/* result/batch.c has the other half of the table. */
static void columns_agree(void)
{
    for (int t = 0; t < TN_TYPE_COUNT; t++) {
        struct tn_column         column = {.type = (enum tn_type)t, .precision = 15, .scale = 2};
        const struct tn_pg_type *type;

        tn_column_set_pg(&column);
        type = tn_pg_type_find(column.pg_oid);
        CU_ASSERT_PTR_NOT_NULL_FATAL(type);
        CU_ASSERT_EQUAL(type->len, column.pg_len);
        CU_ASSERT_EQUAL(tn_pg_type_len(column.pg_oid), column.pg_len);
    }
}

static void typmods(void)
{
    struct tn_column column = {.type = TN_TYPE_DECIMAL64, .precision = 15, .scale = 2};

    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_typmod, ((15 << 16) | 2) + 4);
    column = (struct tn_column){.type = TN_TYPE_DECIMAL128, .precision = 39};
    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_typmod, -1);
    column = (struct tn_column){.type = TN_TYPE_UINT64};
    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_oid, 1700);
    CU_ASSERT_EQUAL(column.pg_typmod, (20 << 16) + 4);
    column = (struct tn_column){.type = TN_TYPE_TEXT};
    tn_column_set_pg(&column);
    CU_ASSERT_EQUAL(column.pg_typmod, -1);
    CU_ASSERT_EQUAL(column.pg_oid, TN_PG_TEXT);
}

static void table(void)
{
    CU_ASSERT_TRUE(tn_pg_type_known(TN_PG_INT4));
    CU_ASSERT_TRUE(tn_pg_type_known(1007));
    CU_ASSERT_FALSE(tn_pg_type_known(0));
    CU_ASSERT_FALSE(tn_pg_type_known(600));
    CU_ASSERT_EQUAL(tn_pg_type_element(1231)->oid, TN_PG_NUMERIC);
    CU_ASSERT_PTR_NULL(tn_pg_type_element(0));
    CU_ASSERT_PTR_NULL(tn_pg_type_find(1007));
    CU_ASSERT_TRUE(tn_pg_type_is_text(TN_PG_VARCHAR));
    CU_ASSERT_FALSE(tn_pg_type_is_text(TN_PG_JSONB));
    CU_ASSERT_EQUAL(tn_pg_type_len(1007), -1);
}

int main(void)
{
    CU_pSuite suite;
    unsigned  failed;

    CU_initialize_registry();
    suite = CU_add_suite("pg_types", NULL, NULL);
    CU_add_test(suite, "golden cases", golden_cases);
    CU_add_test(suite, "columns agree", columns_agree);
    CU_add_test(suite, "typmods", typmods);
    CU_add_test(suite, "table", table);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed > 0 ? 1 : 0;
}
