#include "translate/scripts.h"

#include "base/alloc.h"
#include "base/hash.h"

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
    for (size_t i = 0; i < scripts->count; i++)
        tn_script_unref(scripts->items[i]);
    tn_free(scripts);
}

enum tn_status tn_scripts_add(struct tn_scripts *scripts, struct tn_script *script, struct tn_error *err)
{
    if (scripts->count == TN_SCRIPTS_MAX) {
        tn_script_unref(script);
        return tn_fail(err, TN_E_LIMIT, "53400", "more than %d scripts", TN_SCRIPTS_MAX);
    }
    scripts->hash = tn_hash_seeded(script->text, script->len, tn_hash_seeded(script->name, strlen(script->name), scripts->hash + 1));
    scripts->items[scripts->count++] = script;
    return TN_OK;
}

/* ---- those of a configuration ---- */

struct reading {
    const struct tn_config *config;
    struct tn_problems     *problems;
    enum tn_status          status;
};

/* PATH is the key that names the script. */
static struct tn_script *read_one(struct reading *r, struct tn_str value, bool inline_text, unsigned line, const char *path)
{
    struct tn_script *script = NULL;
    struct tn_error   err = TN_ERROR_INIT;
    enum tn_status    status = inline_text ? tn_script_inline(&script, path, value, &err) : tn_script_open(&script, r->config, value, &err);

    if (status != TN_OK) {
        r->status = r->status == TN_E_NOMEM ? TN_E_NOMEM : status;
        tn_problem_add(r->problems, TN_PROBLEM_ERROR, line, path, "%s", err.message);
    }
    tn_error_reset(&err);
    return script;
}

static void read_list(struct reading *r, struct tn_scripts *scripts, const struct tn_cfg_list *list, unsigned line, const char *path)
{
    char where[TN_PATH_MAX];

    for (size_t i = 0; i < list->count; i++) {
        struct tn_script *script;
        struct tn_error   err = TN_ERROR_INIT;

        tn_path_index(where, path, i);
        script = read_one(r, list->items[i], tn_script_is_text(list->items[i]), line, where);
        if (script != NULL && tn_scripts_add(scripts, script, &err) != TN_OK) {
            r->status = TN_E_INVALID;
            tn_problem_add(r->problems, TN_PROBLEM_ERROR, line, where, "%s", err.message);
            tn_error_reset(&err);
            return;
        }
        tn_error_reset(&err);
    }
}

/* Those of the whole file are read for each group, since they run before its own; they are reported once. */
static struct tn_scripts *read_transforms(struct reading *r, size_t group)
{
    const struct tn_settings   *settings = &r->config->settings;
    const struct tn_group_conf *conf = &r->config->groups[group];
    struct tn_scripts          *scripts;
    char                        path[TN_PATH_MAX];

    if (settings->translation_scripts.count + conf->translation_scripts.count == 0 || (group > 0 && r->status != TN_OK))
        return NULL;
    scripts = tn_scripts_new();
    if (scripts == NULL) {
        r->status = TN_E_NOMEM;
        return NULL;
    }
    tn_path_join(path, r->config->settings_name, TN_STR("translation.pythonScripts"));
    read_list(r, scripts, &settings->translation_scripts, tn_node_line(tn_node_find(r->config->settings_map, "translation"), "pythonScripts"), path);
    tn_path_join(path, "clusterGroups", conf->name);
    tn_path_join(path, path, TN_STR("translation.pythonScripts"));
    read_list(r, scripts, &conf->translation_scripts, conf->line, path);
    return scripts;
}

static struct tn_script *read_chooser(struct reading *r, size_t group)
{
    const struct tn_group_conf *conf = &r->config->groups[group];
    bool                        file = conf->strategy_script_file.len > 0;
    char                        path[TN_PATH_MAX];

    if (!file && conf->strategy_script.len == 0)
        return NULL;
    tn_path_join(path, "clusterGroups", conf->name);
    tn_path_join(path, path, file ? TN_STR("strategy.scriptFile") : TN_STR("strategy.script"));
    return read_one(r, file ? conf->strategy_script_file : conf->strategy_script, !file, conf->line, path);
}

enum tn_status tn_script_book_read(struct tn_script_book *out, const struct tn_config *config, struct tn_problems *problems)
{
    struct reading r = {.config = config, .problems = problems, .status = TN_OK};

    *out = (struct tn_script_book){.group_count = config->group_count, .transforms = tn_calloc(config->group_count + 1, sizeof *out->transforms),
                                   .choosers = tn_calloc(config->group_count + 1, sizeof *out->choosers)};
    if (out->transforms == NULL || out->choosers == NULL)
        r.status = TN_E_NOMEM;
    for (size_t i = 0; i < config->group_count && r.status != TN_E_NOMEM; i++) {
        out->transforms[i] = read_transforms(&r, i);
        out->choosers[i] = read_chooser(&r, i);
    }
    if (r.status != TN_OK)
        tn_script_book_reset(out);
    return r.status;
}

void tn_script_book_reset(struct tn_script_book *book)
{
    for (size_t i = 0; i < book->group_count; i++) {
        if (book->transforms != NULL)
            tn_scripts_unref(book->transforms[i]);
        if (book->choosers != NULL)
            tn_script_unref(book->choosers[i]);
    }
    tn_free(book->transforms);
    tn_free(book->choosers);
    *book = (struct tn_script_book){.group_count = 0};
}

bool tn_script_book_chooses(const struct tn_script_book *book)
{
    for (size_t i = 0; i < book->group_count; i++)
        if (book->choosers[i] != NULL)
            return true;
    return false;
}
