/* fuzz_config.c - any bytes as a configuration file: an answer, a bounded list of clean lines, no leak of a secret.
 *
 * A file that passes must be whole: every place it holds exists. */
#include "base/buf.h"
#include "config/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_whole(const struct tn_config *config)
{
    char changes[64];

    check(config->cluster_count > 0 && config->group_count > 0 && config->fallback_group < config->group_count);
    for (size_t i = 0; i < config->group_count; i++) {
        const struct tn_group_conf *group = &config->groups[i];

        check(group->members.count > 0 && group->fallback_index < (long)config->group_count);
        for (size_t k = 0; k < group->members.count; k++)
            check(group->member_index[k] < config->cluster_count);
        check(tn_config_find_group(config, group->name) == (long)i);
    }
    for (size_t i = 0; i < config->cluster_count; i++) {
        check(tn_cluster_conf_equal(&config->clusters[i], &config->clusters[i]));
        check(config->clusters[i].engine != TN_CFG_ENGINE_UNSET);
    }
    tn_config_restart_changes(config, config, changes, sizeof changes);
    check(changes[0] == '\0');
}

static void check_lines(const struct tn_problems *problems)
{
    struct tn_buf out;

    tn_buf_init(&out, 4 << 20);
    tn_problems_print(problems, &out);
    check(!out.failed);
    check(out.len == 0 || memmem(out.data, out.len, "fuzz-secret", 11) == NULL);
    check(out.len == 0 || tn_utf8_valid_prefix(out.data, out.len) == out.len);
    for (size_t i = 0; i < out.len; i++)
        check((unsigned char)out.data[i] >= ' ' || out.data[i] == '\n');
    tn_buf_reset(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_problems problems;
    struct tn_config  *config = NULL;
    struct tn_str      text = tn_str_n((const char *)data, size);
    enum tn_status     status;

    setenv("TEST_SECRET", "fuzz-secret", 1);
    setenv("TEST_PORT", "7555", 1);
    tn_problems_init(&problems, "fuzz.yaml");
    status = tn_config_parse(&config, "fuzz.yaml", text, &problems);
    check((status == TN_OK) == (config != NULL));
    check((status == TN_OK) == (problems.errors == 0));
    if (config != NULL)
        check_whole(config);
    if (size == 0 || memmem(data, size, "fuzz-secret", 11) == NULL)
        check_lines(&problems);
    tn_config_unref(config);
    tn_problems_reset(&problems);
    return 0;
}
