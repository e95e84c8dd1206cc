#include "translate/script_check.h"

static const uint64_t     timeout_us = 10 * 1000 * 1000;
static const _Atomic bool never;

void tn_script_check_begin(struct tn_script_check *check, const struct tn_settings *settings, struct tn_problems *problems)
{
    *check = (struct tn_script_check){.problems = problems};
    check->conf.memory = settings->translation_memory;
    check->conf.timeout_us = timeout_us;
    check->conf.max_frame = TN_SCRIPT_MAX + 4096;
    check->conf.plain = true;
    tn_str_copy(check->conf.python, sizeof check->conf.python, settings->translation_python);
    tn_process_init(&check->process);
}

static bool ready(struct tn_script_check *check, unsigned line, const char *path)
{
    if (check->missing)
        return false;
    if (check->process.fd >= 0 || tn_process_start(&check->process, &check->conf, &never))
        return true;
    check->missing = true;
    tn_problem_add(check->problems, TN_PROBLEM_WARNING, line, path,
                   "no script can be run, nor be checked: %s; translation.python must name a Python 3", check->process.why);
    return false;
}

void tn_script_check_one(struct tn_script_check *check, const struct tn_script *script, const char *entry, unsigned line, const char *path)
{
    struct tn_frame_answer answer = {0};
    struct tn_buf          request;
    enum tn_verdict        verdict;

    if (!ready(check, line, path))
        return;
    tn_buf_init(&request, check->conf.max_frame);
    tn_frame_begin(&request, tn_process_next_id(&check->process), TN_WORKER_COMPILE);
    tn_frame_field(&request, tn_str(script->name));
    tn_frame_field(&request, tn_str_n(script->text, script->len));
    tn_frame_field(&request, tn_str(entry));
    tn_frame_end(&request);
    verdict = request.failed ? TN_VERDICT_TOO_LONG : tn_process_ask(&check->process, &check->conf, &request, timeout_us, &never, &answer);
    if (verdict != TN_VERDICT_OK)
        tn_problem_add(check->problems, TN_PROBLEM_ERROR, line, path, "%.200s: cannot be compiled: %s", script->name,
                       request.failed ? "too long" : check->process.why);
    else if (answer.verdict != TN_VERDICT_OK)
        tn_problem_add(check->problems, TN_PROBLEM_ERROR, line, path, "%.*s", answer.count > 0 ? (int)TN_MIN(answer.fields[0].len, (size_t)600) : 0,
                       answer.count > 0 ? answer.fields[0].ptr : "");
    tn_buf_reset(&request);
}

void tn_script_check_book(struct tn_script_check *check, const struct tn_config *config, const struct tn_script_book *book)
{
    const struct tn_scripts *first = NULL;

    for (size_t i = 0; i < book->group_count; i++) {
        const struct tn_group_conf *conf = &config->groups[i];
        const struct tn_scripts    *scripts = book->transforms[i];
        size_t                      shared = first == NULL ? 0 : config->settings.translation_scripts.count; /* told with the first group */
        char                        group[TN_PATH_MAX], path[TN_PATH_MAX];

        tn_path_join(group, "clusterGroups", conf->name);
        tn_path_join(path, group, TN_STR("strategy"));
        if (book->choosers[i] != NULL)
            tn_script_check_one(check, book->choosers[i], "choose", conf->line, path);
        tn_path_join(path, group, TN_STR("translation.pythonScripts"));
        for (size_t k = shared; scripts != NULL && k < scripts->count; k++)
            tn_script_check_one(check, scripts->items[k], "transform", conf->line, path);
        first = first == NULL ? scripts : first;
    }
}

void tn_script_check_end(struct tn_script_check *check)
{
    tn_process_free(&check->process);
}
