#include "config/script.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "config/file.h"

#include <errno.h>
#include <sys/stat.h>

static enum tn_status make(struct tn_script **out, struct tn_str name, struct tn_str text, struct tn_error *err)
{
    struct tn_script *script;
    size_t            good = tn_utf8_valid_prefix(text.ptr, text.len), lines = 1;
    const char       *zero = text.len == 0 ? NULL : memchr(text.ptr, '\0', text.len);

    *out = NULL;
    if (zero != NULL)
        good = TN_MIN(good, (size_t)(zero - text.ptr));
    for (size_t i = 0; i < good; i++)
        lines += text.ptr[i] == '\n';
    if (good < text.len)
        return tn_fail(err, TN_E_INVALID, "F0000", "%.*s: line %zu: not UTF-8 text", (int)TN_MIN(name.len, (size_t)TN_SCRIPT_NAME_MAX), name.ptr, lines);
    script = tn_calloc(1, sizeof *script);
    if (script != NULL) {
        atomic_init(&script->refs, 1);
        script->name = tn_strndup(name.ptr, TN_MIN(name.len, (size_t)TN_SCRIPT_NAME_MAX));
        script->text = tn_strndup(text.len == 0 ? "" : text.ptr, text.len);
        script->len = text.len;
        script->hash = tn_hash(text.ptr, text.len) | 1;
    }
    if (script == NULL || script->name == NULL || script->text == NULL) {
        tn_script_unref(script);
        return tn_fail(err, TN_E_NOMEM, "53200", "no memory for a script");
    }
    *out = script;
    return TN_OK;
}

enum tn_status tn_script_open(struct tn_script **out, const struct tn_config *config, struct tn_str file, struct tn_error *err)
{
    struct tn_file content;
    struct stat    info;
    char           path[4096], text[128];
    enum tn_status status;
    int            code;

    *out = NULL;
    if (file.len == 0 || memchr(file.ptr, '\0', file.len) != NULL || !tn_config_file(config, file, path, sizeof path))
        return tn_fail(err, TN_E_INVALID, "F0000", "no name of a file, or too long a one");
    code = tn_file_read(&content, path, TN_SCRIPT_MAX, true);
    if (code == EFBIG)
        return tn_fail(err, TN_E_INVALID, "F0000", "%.300s: longer than 1 MiB", path);
    if (code == EINVAL)
        return tn_fail(err, TN_E_INVALID, "F0000", "%.300s: not a regular file", path);
    if (code != 0)
        return tn_fail(err, TN_E_INVALID, "F0000", "%.300s: %s", path, tn_file_error(code, text, sizeof text));
    if (stat(path, &info) == 0 && (info.st_mode & S_IWOTH) != 0)
        status = tn_fail(err, TN_E_INVALID, "F0000", "%.300s: everybody may write to it, so it is not run; chmod o-w", path);
    else
        status = make(out, file, tn_str_n(content.data, content.len), err);
    tn_file_reset(&content);
    return status;
}

enum tn_status tn_script_inline(struct tn_script **out, const char *path, struct tn_str text, struct tn_error *err)
{
    *out = NULL;
    if (text.len > TN_SCRIPT_MAX)
        return tn_fail(err, TN_E_INVALID, "F0000", "longer than 1 MiB");
    return make(out, tn_str(path), text, err);
}

bool tn_script_is_text(struct tn_str text)
{
    return text.len > 0 && memchr(text.ptr, '\n', text.len) != NULL;
}

struct tn_script *tn_script_ref(struct tn_script *script)
{
    atomic_fetch_add_explicit(&script->refs, 1, memory_order_relaxed);
    return script;
}

void tn_script_unref(struct tn_script *script)
{
    if (script == NULL || atomic_fetch_sub_explicit(&script->refs, 1, memory_order_acq_rel) != 1)
        return;
    tn_free(script->name);
    tn_free(script->text);
    tn_free(script);
}

const char *tn_script_short_name(const struct tn_script *script)
{
    const char *slash = strrchr(script->name, '/');

    return slash != NULL ? slash + 1 : script->name;
}

struct tn_str tn_script_short_why(const struct tn_script *script, struct tn_str why)
{
    size_t folders = (size_t)(tn_script_short_name(script) - script->name);

    if (why.len > folders && tn_str_starts(why, tn_str(script->name)))
        return tn_str_n(why.ptr + folders, why.len - folders);
    return why;
}
