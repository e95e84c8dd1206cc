#include "translate/scripts.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <errno.h>
#include <stdio.h>

struct tn_scripts *tn_scripts_new(void)
{
    struct tn_scripts *scripts = tn_calloc(1, sizeof *scripts);

    if (scripts != NULL)
        atomic_init(&scripts->refs, 1);
    return scripts;
}

struct tn_scripts *tn_scripts_ref(struct tn_scripts *scripts)
{
    atomic_fetch_add_explicit(&scripts->refs, 1, memory_order_relaxed);
    return scripts;
}

void tn_scripts_unref(struct tn_scripts *scripts)
{
    if (scripts == NULL || atomic_fetch_sub_explicit(&scripts->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < scripts->count; i++) {
        tn_free(scripts->items[i].name);
        tn_free(scripts->items[i].text);
    }
    tn_free(scripts);
}

enum tn_status tn_scripts_add(struct tn_scripts *scripts, struct tn_str name, const char *path, struct tn_error *err)
{
    struct tn_script *script = &scripts->items[scripts->count];
    FILE             *file;

    if (scripts->count == TN_SCRIPTS_MAX)
        return tn_fail(err, TN_E_LIMIT, "53400", "more than %d scripts", TN_SCRIPTS_MAX);
    file = fopen(path, "rbe");
    if (file == NULL)
        return tn_fail(err, TN_E_INVALID, "58P01", "%s: %s", path, strerror(errno));
    *script = (struct tn_script){.name = tn_strndup(name.ptr, name.len), .text = tn_malloc(TN_SCRIPT_MAX + 1)};
    if (script->text != NULL)
        script->len = fread(script->text, 1, TN_SCRIPT_MAX + 1, file);
    fclose(file);
    if (script->text == NULL || script->name == NULL || script->len > TN_SCRIPT_MAX) {
        bool long_one = script->len > TN_SCRIPT_MAX;

        tn_free(script->name);
        tn_free(script->text);
        return long_one ? tn_fail(err, TN_E_LIMIT, "54000", "%s: longer than 1 MiB", path) : tn_fail(err, TN_E_NOMEM, "53200", "no memory for a script");
    }
    scripts->hash = tn_hash_seeded(script->text, script->len, tn_hash_seeded(name.ptr, name.len, scripts->hash + 1));
    scripts->count++;
    return TN_OK;
}
