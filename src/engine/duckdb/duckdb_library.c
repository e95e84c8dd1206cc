#include "engine/duckdb/duckdb_library.h"

#include <dlfcn.h>
#include <unistd.h>

#if defined(__has_feature)
#define HAS_TSAN __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#else
#define HAS_TSAN 0
#endif

#if HAS_TSAN
/* The thread sanitizer does not see the atomics inside a library that was built without it, and takes memory that
 * DuckDB's own threads hand to each other for races. Reports with a frame of the library in them are dropped. */
const char *__tsan_default_suppressions(void) __attribute__((visibility("default")));
const char *__tsan_default_suppressions(void)
{
    return "race:libduckdb.so\nmutex:libduckdb.so\ndeadlock:libduckdb.so\n";
}
#endif

static const struct {
    const char *symbol;
    size_t      offset;
} functions[] = {
#define FN(type, name, args) {"duckdb_" #name, offsetof(struct tn_duckdb_api, name)},
#include "engine/duckdb/duckdb_api.def"
#undef FN
};

/* Below the folder of the program, in this order. */
static const char *const beside[] = {"libduckdb.so", "../lib/turnout/libduckdb.so", "../cache/duckdb/libduckdb.so"};

/* Folder of the program with its slash; empty when it cannot be told. */
static void program_folder(char *out, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", out, size - 1);
    char   *slash;

    out[len > 0 ? len : 0] = '\0';
    slash = strrchr(out, '/');
    if (slash == NULL)
        out[0] = '\0';
    else
        slash[1] = '\0';
}

static enum tn_status missing(struct tn_error *err, const char *folder)
{
    tn_fail(err, TN_E_UNSUPPORTED, "58000",
            "libduckdb.so was not found; looked at $TURNOUT_LIBDUCKDB (not set), %slibduckdb.so, "
            "%s../lib/turnout/libduckdb.so, %s../cache/duckdb/libduckdb.so and the system's library folders; tools/fetch_duckdb gets it",
            folder, folder, folder);
    tn_error_hint(err, "Run tools/fetch_duckdb in the source tree, or set TURNOUT_LIBDUCKDB to a libduckdb.so of " TN_DUCKDB_VERSION ".");
    return TN_E_UNSUPPORTED;
}

static enum tn_status unusable(struct tn_error *err, const char *path, const char *why)
{
    tn_fail(err, TN_E_UNSUPPORTED, "58000", "%s cannot be used: %s", path, why);
    tn_error_hint(err, "Run tools/fetch_duckdb in the source tree, or set TURNOUT_LIBDUCKDB to a libduckdb.so of " TN_DUCKDB_VERSION ".");
    return TN_E_UNSUPPORTED;
}

/* The path to open, into API->path; false when no file is there and the system's loader is left to try. */
static bool find_file(struct tn_duckdb_api *api, const char *folder)
{
    const char *given = getenv("TURNOUT_LIBDUCKDB");

    if (given != NULL && given[0] != '\0') {
        tn_str_copy(api->path, sizeof api->path, tn_str(given));
        return true;
    }
    for (size_t i = 0; i < TN_ARRAY_LEN(beside) && folder[0] != '\0'; i++) {
        int len = snprintf(api->path, sizeof api->path, "%s%s", folder, beside[i]);
        if (len > 0 && (size_t)len < sizeof api->path && access(api->path, R_OK) == 0)
            return true;
    }
    tn_str_copy(api->path, sizeof api->path, TN_STR("libduckdb.so"));
    return false;
}

/* Before anything else: another version may not even have all the functions. */
static enum tn_status check_version(void *library, const char *path, struct tn_error *err)
{
    void *symbol = dlsym(library, "duckdb_library_version");
    const char *(*version)(void);
    const char *have;

    if (symbol == NULL)
        return unusable(err, path, "it has no function duckdb_library_version");
    memcpy(&version, &symbol, sizeof version);
    have = version();
    if (have != NULL && strcmp(have, TN_DUCKDB_VERSION) == 0)
        return TN_OK;
    tn_fail(err, TN_E_UNSUPPORTED, "58000", "libduckdb.so at %s is %s; Turnout needs " TN_DUCKDB_VERSION, path,
            have == NULL ? "of no known version" : have);
    tn_error_hint(err, "Run tools/fetch_duckdb in the source tree, or set TURNOUT_LIBDUCKDB to a libduckdb.so of " TN_DUCKDB_VERSION ".");
    return TN_E_UNSUPPORTED;
}

static enum tn_status bind_functions(struct tn_duckdb_api *api, void *library, struct tn_error *err)
{
    for (size_t i = 0; i < TN_ARRAY_LEN(functions); i++) {
        void *symbol = dlsym(library, functions[i].symbol);
        if (symbol == NULL)
            return unusable(err, api->path, functions[i].symbol);
        memcpy((char *)api + functions[i].offset, &symbol, sizeof symbol);
    }
    return TN_OK;
}

/* The full name of what the system's loader found. */
static void note_real_path(struct tn_duckdb_api *api)
{
    void   *symbol;
    Dl_info info;

    memcpy(&symbol, &api->library_version, sizeof symbol);
    if (dladdr(symbol, &info) != 0 && info.dli_fname != NULL)
        tn_str_copy(api->path, sizeof api->path, tn_str(info.dli_fname));
}

enum tn_status tn_duckdb_library_load(struct tn_duckdb_api *api, struct tn_error *err)
{
    char           folder[4096];
    bool           is_file;
    void          *library;
    enum tn_status status;

    program_folder(folder, sizeof folder);
    is_file = find_file(api, folder);
    /* Lazy: looking up all 24,000 functions that it calls takes half of the program's start. */
    library = dlopen(api->path, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        return is_file ? unusable(err, api->path, dlerror()) : missing(err, folder);
    status = check_version(library, api->path, err);
    if (status == TN_OK)
        status = bind_functions(api, library, err);
    if (status != TN_OK) {
        dlclose(library);
        return status;
    }
    if (!is_file)
        note_real_path(api);
    return TN_OK; /* never closed: the handle's count keeps it, and its threads may outlive a cluster */
}
