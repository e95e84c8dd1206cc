/* Where libduckdb is looked for, what is refused, and that our declarations are those of DuckDB's own header. */
#include "engine/duckdb/duckdb_library.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static struct tn_duckdb_api *api; /* of the real library; NULL when it is not here */
static char                  folder[64];

static bool have_compiler(void)
{
    return system("cc --version >/dev/null 2>&1") == 0;
}

/* Compiles SOURCE to a shared library NAME in the test's folder. */
static bool compile(const char *name, const char *source)
{
    char  path[256], command[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.c", folder, name);
    file = fopen(path, "w");
    if (file == NULL || fputs(source, file) < 0 || fclose(file) != 0)
        return false;
    snprintf(command, sizeof command, "cc -shared -fPIC -o %s/%s.so %s", folder, name, path);
    return system(command) == 0;
}

/* Loads the library from FILE (NULL: nothing set) in this process. */
static enum tn_status load_from(const char *file, struct tn_error *err)
{
    static struct tn_duckdb_api other;
    enum tn_status              status;
    char                       *before = getenv("TURNOUT_LIBDUCKDB") == NULL ? NULL : strdup(getenv("TURNOUT_LIBDUCKDB"));

    if (file == NULL)
        unsetenv("TURNOUT_LIBDUCKDB");
    else
        setenv("TURNOUT_LIBDUCKDB", file, 1);
    status = tn_duckdb_library_load(&other, err);
    if (before != NULL)
        setenv("TURNOUT_LIBDUCKDB", before, 1);
    else
        unsetenv("TURNOUT_LIBDUCKDB");
    free(before);
    return status;
}

static void test_version(void)
{
    CU_ASSERT_STRING_EQUAL(api->library_version(), TN_DUCKDB_VERSION);
    CU_ASSERT(api->path[0] == '/');
    CU_ASSERT_EQUAL(access(api->path, R_OK), 0);
    CU_ASSERT_EQUAL(api->vector_size(), 2048);
}

static void test_every_function_is_set(void)
{
#define FN(type, name, args) CU_ASSERT(api->name != NULL);
#include "engine/duckdb/duckdb_api.def"
#undef FN
}

static void test_given_file(void)
{
    struct tn_error err = TN_ERROR_INIT;

    CU_ASSERT_EQUAL(load_from(api->path, &err), TN_OK);
    CU_ASSERT_EQUAL(load_from("/nonexistent/libduckdb.so", &err), TN_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "/nonexistent/libduckdb.so cannot be used"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.hint, "tools/fetch_duckdb"));
    tn_error_reset(&err);
}

static void test_wrong_version(void)
{
    struct tn_error err = TN_ERROR_INIT;
    char            path[128], wanted[256];

    if (!have_compiler()) {
        printf(" skipped: no compiler ");
        return;
    }
    CU_ASSERT_FATAL(compile("old", "const char *duckdb_library_version(void); const char *duckdb_library_version(void) { return \"v1.5.6\"; }"));
    snprintf(path, sizeof path, "%s/old.so", folder);
    snprintf(wanted, sizeof wanted, "libduckdb.so at %s is v1.5.6; Turnout needs v1.5.5", path);
    CU_ASSERT_EQUAL(load_from(path, &err), TN_E_UNSUPPORTED);
    CU_ASSERT_STRING_EQUAL(err.message, wanted);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.hint, "TURNOUT_LIBDUCKDB"));
    tn_error_reset(&err);
}

static void test_incomplete_library(void)
{
    struct tn_error err = TN_ERROR_INIT;
    char            path[128];

    if (!have_compiler()) {
        printf(" skipped: no compiler ");
        return;
    }
    CU_ASSERT_FATAL(compile("none", "int nothing(void); int nothing(void) { return 0; }"));
    CU_ASSERT_FATAL(compile("part", "const char *duckdb_library_version(void); const char *duckdb_library_version(void) { return \"v1.5.5\"; }"));
    snprintf(path, sizeof path, "%s/none.so", folder);
    CU_ASSERT_EQUAL(load_from(path, &err), TN_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "no function duckdb_library_version"));
    snprintf(path, sizeof path, "%s/part.so", folder);
    CU_ASSERT_EQUAL(load_from(path, &err), TN_E_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "part.so cannot be used"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "duckdb_free"));
    tn_error_reset(&err);
}

/* A copy of this program in an empty folder finds nothing beside it. */
static void test_missing(void)
{
    char command[6144], line[1024] = "";
    FILE *out;

    snprintf(command, sizeof command, "mkdir -p %s/bin && cp /proc/%d/exe %s/bin/alone && env -u TURNOUT_LIBDUCKDB %s/bin/alone --load", folder,
             (int)getpid(), folder, folder);
    out = popen(command, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    if (fgets(line, sizeof line, out) == NULL)
        line[0] = '\0';
    pclose(out);
    if (strncmp(line, "loaded", 6) == 0) {
        printf(" skipped: this system has a libduckdb.so of its own ");
        return;
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "libduckdb.so was not found"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "TURNOUT_LIBDUCKDB"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "/bin/libduckdb.so"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "/../cache/duckdb/libduckdb.so"));
}

static void test_beside_program(void)
{
    char  command[8192], line[1024] = "";
    FILE *out;

    snprintf(command, sizeof command, "mkdir -p %s/cache/duckdb %s/build && cp /proc/%d/exe %s/build/alone && ln -sf %s %s/cache/duckdb/libduckdb.so && "
             "env -u TURNOUT_LIBDUCKDB %s/build/alone --load", folder, folder, (int)getpid(), folder, api->path, folder, folder);
    out = popen(command, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    if (fgets(line, sizeof line, out) == NULL)
        line[0] = '\0';
    pclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "loaded"));
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "/build/../cache/duckdb/libduckdb.so"));
}

#define ENUM_CHECKS                                                                                                                        \
    SAME(DUCKDB_TYPE_BOOLEAN, TN_DUCKDB_BOOLEAN) SAME(DUCKDB_TYPE_BIGINT, TN_DUCKDB_BIGINT) SAME(DUCKDB_TYPE_UBIGINT, TN_DUCKDB_UBIGINT)   \
    SAME(DUCKDB_TYPE_DOUBLE, TN_DUCKDB_DOUBLE) SAME(DUCKDB_TYPE_TIMESTAMP, TN_DUCKDB_TIMESTAMP) SAME(DUCKDB_TYPE_DATE, TN_DUCKDB_DATE)     \
    SAME(DUCKDB_TYPE_TIME, TN_DUCKDB_TIME) SAME(DUCKDB_TYPE_INTERVAL, TN_DUCKDB_INTERVAL) SAME(DUCKDB_TYPE_HUGEINT, TN_DUCKDB_HUGEINT)     \
    SAME(DUCKDB_TYPE_UHUGEINT, TN_DUCKDB_UHUGEINT) SAME(DUCKDB_TYPE_VARCHAR, TN_DUCKDB_VARCHAR) SAME(DUCKDB_TYPE_BLOB, TN_DUCKDB_BLOB)     \
    SAME(DUCKDB_TYPE_DECIMAL, TN_DUCKDB_DECIMAL) SAME(DUCKDB_TYPE_TIMESTAMP_S, TN_DUCKDB_TIMESTAMP_S)                                      \
    SAME(DUCKDB_TYPE_TIMESTAMP_MS, TN_DUCKDB_TIMESTAMP_MS) SAME(DUCKDB_TYPE_TIMESTAMP_NS, TN_DUCKDB_TIMESTAMP_NS)                          \
    SAME(DUCKDB_TYPE_ENUM, TN_DUCKDB_ENUM) SAME(DUCKDB_TYPE_LIST, TN_DUCKDB_LIST) SAME(DUCKDB_TYPE_STRUCT, TN_DUCKDB_STRUCT)               \
    SAME(DUCKDB_TYPE_MAP, TN_DUCKDB_MAP) SAME(DUCKDB_TYPE_ARRAY, TN_DUCKDB_ARRAY) SAME(DUCKDB_TYPE_UUID, TN_DUCKDB_UUID)                   \
    SAME(DUCKDB_TYPE_UNION, TN_DUCKDB_UNION) SAME(DUCKDB_TYPE_BIT, TN_DUCKDB_BIT) SAME(DUCKDB_TYPE_TIME_TZ, TN_DUCKDB_TIME_TZ)             \
    SAME(DUCKDB_TYPE_TIMESTAMP_TZ, TN_DUCKDB_TIMESTAMP_TZ) SAME(DUCKDB_TYPE_ANY, TN_DUCKDB_ANY) SAME(DUCKDB_TYPE_BIGNUM, TN_DUCKDB_BIGNUM) \
    SAME(DUCKDB_TYPE_SQLNULL, TN_DUCKDB_SQLNULL) SAME(DUCKDB_TYPE_TIME_NS, TN_DUCKDB_TIME_NS)                                              \
    SAME(DUCKDB_TYPE_GEOMETRY, TN_DUCKDB_GEOMETRY) SAME(DUCKDB_TYPE_VARIANT, TN_DUCKDB_VARIANT)                                            \
    SAME(DUCKDB_TYPE_TINYINT, TN_DUCKDB_TINYINT) SAME(DUCKDB_TYPE_SMALLINT, TN_DUCKDB_SMALLINT)                                            \
    SAME(DUCKDB_TYPE_INTEGER, TN_DUCKDB_INTEGER) SAME(DUCKDB_TYPE_UTINYINT, TN_DUCKDB_UTINYINT)                                            \
    SAME(DUCKDB_TYPE_USMALLINT, TN_DUCKDB_USMALLINT) SAME(DUCKDB_TYPE_UINTEGER, TN_DUCKDB_UINTEGER)                                        \
    SAME(DUCKDB_TYPE_FLOAT, TN_DUCKDB_FLOAT) SAME(DUCKDB_TYPE_INVALID, TN_DUCKDB_INVALID)                                                  \
    SAME(DUCKDB_STATEMENT_TYPE_SELECT, TN_DUCKDB_STATEMENT_SELECT) SAME(DUCKDB_STATEMENT_TYPE_INSERT, TN_DUCKDB_STATEMENT_INSERT)          \
    SAME(DUCKDB_STATEMENT_TYPE_UPDATE, TN_DUCKDB_STATEMENT_UPDATE) SAME(DUCKDB_STATEMENT_TYPE_DELETE, TN_DUCKDB_STATEMENT_DELETE)          \
    SAME(DUCKDB_STATEMENT_TYPE_EXPLAIN, TN_DUCKDB_STATEMENT_EXPLAIN) SAME(DUCKDB_STATEMENT_TYPE_CALL, TN_DUCKDB_STATEMENT_CALL)            \
    SAME(DUCKDB_STATEMENT_TYPE_MERGE_INTO, TN_DUCKDB_STATEMENT_MERGE) SAME(DUCKDB_STATEMENT_TYPE_COPY, TN_DUCKDB_STATEMENT_COPY)           \
    SAME(DUCKDB_STATEMENT_TYPE_EXECUTE, TN_DUCKDB_STATEMENT_EXECUTE) SAME(DUCKDB_STATEMENT_TYPE_CREATE, TN_DUCKDB_STATEMENT_CREATE)        \
    SAME(DUCKDB_STATEMENT_TYPE_PREPARE, TN_DUCKDB_STATEMENT_PREPARE)                                                                       \
    SAME(DUCKDB_STATEMENT_TYPE_TRANSACTION, TN_DUCKDB_STATEMENT_TRANSACTION)                                                               \
    SAME(DUCKDB_RESULT_TYPE_CHANGED_ROWS, TN_DUCKDB_RETURN_CHANGED_ROWS) SAME(DUCKDB_RESULT_TYPE_NOTHING, TN_DUCKDB_RETURN_NOTHING)        \
    SAME(DUCKDB_RESULT_TYPE_QUERY_RESULT, TN_DUCKDB_RETURN_ROWS) SAME(DUCKDB_ERROR_OUT_OF_RANGE, TN_DUCKDB_ERROR_OUT_OF_RANGE)             \
    SAME(DUCKDB_ERROR_CONVERSION, TN_DUCKDB_ERROR_CONVERSION) SAME(DUCKDB_ERROR_UNKNOWN_TYPE, TN_DUCKDB_ERROR_UNKNOWN_TYPE)                \
    SAME(DUCKDB_ERROR_DECIMAL, TN_DUCKDB_ERROR_DECIMAL) SAME(DUCKDB_ERROR_MISMATCH_TYPE, TN_DUCKDB_ERROR_MISMATCH_TYPE)                    \
    SAME(DUCKDB_ERROR_DIVIDE_BY_ZERO, TN_DUCKDB_ERROR_DIVIDE_BY_ZERO) SAME(DUCKDB_ERROR_OBJECT_SIZE, TN_DUCKDB_ERROR_OBJECT_SIZE)          \
    SAME(DUCKDB_ERROR_INVALID_TYPE, TN_DUCKDB_ERROR_INVALID_TYPE) SAME(DUCKDB_ERROR_SERIALIZATION, TN_DUCKDB_ERROR_SERIALIZATION)          \
    SAME(DUCKDB_ERROR_TRANSACTION, TN_DUCKDB_ERROR_TRANSACTION) SAME(DUCKDB_ERROR_NOT_IMPLEMENTED, TN_DUCKDB_ERROR_NOT_IMPLEMENTED)        \
    SAME(DUCKDB_ERROR_CATALOG, TN_DUCKDB_ERROR_CATALOG) SAME(DUCKDB_ERROR_PARSER, TN_DUCKDB_ERROR_PARSER)                                  \
    SAME(DUCKDB_ERROR_CONSTRAINT, TN_DUCKDB_ERROR_CONSTRAINT) SAME(DUCKDB_ERROR_CONNECTION, TN_DUCKDB_ERROR_CONNECTION)                    \
    SAME(DUCKDB_ERROR_SYNTAX, TN_DUCKDB_ERROR_SYNTAX) SAME(DUCKDB_ERROR_SETTINGS, TN_DUCKDB_ERROR_SETTINGS)                                \
    SAME(DUCKDB_ERROR_BINDER, TN_DUCKDB_ERROR_BINDER) SAME(DUCKDB_ERROR_NETWORK, TN_DUCKDB_ERROR_NETWORK)                                  \
    SAME(DUCKDB_ERROR_IO, TN_DUCKDB_ERROR_IO) SAME(DUCKDB_ERROR_INTERRUPT, TN_DUCKDB_ERROR_INTERRUPT)                                      \
    SAME(DUCKDB_ERROR_FATAL, TN_DUCKDB_ERROR_FATAL) SAME(DUCKDB_ERROR_INTERNAL, TN_DUCKDB_ERROR_INTERNAL)                                  \
    SAME(DUCKDB_ERROR_INVALID_INPUT, TN_DUCKDB_ERROR_INVALID_INPUT) SAME(DUCKDB_ERROR_OUT_OF_MEMORY, TN_DUCKDB_ERROR_OUT_OF_MEMORY)        \
    SAME(DUCKDB_ERROR_PERMISSION, TN_DUCKDB_ERROR_PERMISSION) SAME(DUCKDB_ERROR_DEPENDENCY, TN_DUCKDB_ERROR_DEPENDENCY)                    \
    SAME(DUCKDB_ERROR_PARAMETER_NOT_RESOLVED, TN_DUCKDB_ERROR_PARAMETER_NOT_RESOLVED)                                                      \
    SAME(DUCKDB_ERROR_PARAMETER_NOT_ALLOWED, TN_DUCKDB_ERROR_PARAMETER_NOT_ALLOWED) SAME(DUCKDB_ERROR_HTTP, TN_DUCKDB_ERROR_HTTP)          \
    SAME(DUCKDB_ERROR_MISSING_EXTENSION, TN_DUCKDB_ERROR_MISSING_EXTENSION) SAME(DUCKDB_ERROR_AUTOLOAD, TN_DUCKDB_ERROR_AUTOLOAD)          \
    SAME(DUCKDB_ERROR_SEQUENCE, TN_DUCKDB_ERROR_SEQUENCE) SAME(DUCKDB_INVALID_CONFIGURATION, TN_DUCKDB_ERROR_CONFIGURATION)                \
    SAME(sizeof(duckdb_result), sizeof(struct tn_duckdb_result)) SAME(sizeof(duckdb_hugeint), sizeof(struct tn_duckdb_hugeint))            \
    SAME(sizeof(duckdb_decimal), sizeof(struct tn_duckdb_decimal)) SAME(sizeof(duckdb_interval), sizeof(struct tn_duckdb_interval))        \
    SAME(sizeof(duckdb_string_t), sizeof(struct tn_duckdb_string)) SAME(sizeof(duckdb_list_entry), sizeof(struct tn_duckdb_list_entry))    \
    SAME(sizeof(duckdb_date), sizeof(struct tn_duckdb_date)) SAME(sizeof(duckdb_timestamp), sizeof(struct tn_duckdb_micros))               \
    SAME(sizeof(duckdb_time_tz), sizeof(struct tn_duckdb_time_tz)) SAME(sizeof(duckdb_uhugeint), sizeof(struct tn_duckdb_uhugeint))        \
    SAME(sizeof(idx_t), sizeof(uint64_t)) SAME(offsetof(duckdb_result, internal_data), offsetof(struct tn_duckdb_result, internal))        \
    SAME(offsetof(duckdb_decimal, value), offsetof(struct tn_duckdb_decimal, value))

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* DuckDB's header, when a Go module or $DUCKDB_HEADER has brought it. */
static bool find_header(char *out, size_t size)
{
    const char *given = getenv("DUCKDB_HEADER"), *home = getenv("HOME");

    if (given != NULL)
        snprintf(out, size, "%s", given);
    else
        snprintf(out, size, "%s/go/pkg/mod/github.com/duckdb/duckdb-go-bindings/lib/linux-amd64@v0.10505.0/duckdb.h", home == NULL ? "" : home);
    return access(out, R_OK) == 0;
}

/* A program that includes both headers and asserts that they say the same. */
static void test_same_as_header(void)
{
    char  header[512], path[128], command[2048];
    FILE *file;

    if (!find_header(header, sizeof header) || !have_compiler()) {
        printf(" skipped: no duckdb.h of v1.5.5 (set DUCKDB_HEADER to one) or no compiler ");
        return;
    }
    snprintf(path, sizeof path, "%s/same.c", folder);
    file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "#include \"%s\"\n#include <stddef.h>\n#include \"engine/duckdb/duckdb_types.h\"\n", header);
#define SAME(theirs, ours) fprintf(file, "_Static_assert((int)(" TEXT(theirs) ") == (int)(" TEXT(ours) "), \"" TEXT(ours) "\");\n");
    ENUM_CHECKS
#undef SAME
    /* every function is declared there with as many arguments as here */
#define FN(type, name, args) fprintf(file, "void *p_%s(void) { return (void *)duckdb_%s; }\n", #name, #name);
#include "engine/duckdb/duckdb_api.def"
#undef FN
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
    snprintf(command, sizeof command, "cc -std=c11 -Werror=implicit-function-declaration -I" TN_SOURCE_DIR "/src -c -o %s/same.o %s", folder, path);
    CU_ASSERT_EQUAL(system(command), 0);
}

static int load_only(void)
{
    static struct tn_duckdb_api alone;
    struct tn_error             err = TN_ERROR_INIT;

    if (tn_duckdb_library_load(&alone, &err) == TN_OK)
        printf("loaded %s\n", alone.path);
    else
        printf("%s\n", err.message);
    tn_error_reset(&err);
    return 0;
}

int main(int argc, char **argv)
{
    static struct tn_duckdb_api loaded;
    struct tn_error             err = TN_ERROR_INIT;
    CU_pSuite                   suite;
    char                        command[128];
    unsigned                    failures;

    if (argc > 1 && strcmp(argv[1], "--load") == 0)
        return load_only();
    snprintf(folder, sizeof folder, "/tmp/turnout-library-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    if (tn_duckdb_library_load(&loaded, &err) == TN_OK)
        api = &loaded;
    CU_initialize_registry();
    suite = CU_add_suite("duckdb_library", NULL, NULL);
    CU_add_test(suite, "wrong version", test_wrong_version);
    CU_add_test(suite, "incomplete library", test_incomplete_library);
    CU_add_test(suite, "missing", test_missing);
    CU_add_test(suite, "same as DuckDB's header", test_same_as_header);
    if (api != NULL) {
        CU_add_test(suite, "version", test_version);
        CU_add_test(suite, "every function", test_every_function_is_set);
        CU_add_test(suite, "given file", test_given_file);
        CU_add_test(suite, "beside the program", test_beside_program);
    }
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        failures++;
    if (api == NULL)
        printf("skipped: %s; run tools/fetch_duckdb\n", err.message);
    tn_error_reset(&err);
    return failures > 0 ? 1 : api == NULL ? SKIPPED : 0;
}
