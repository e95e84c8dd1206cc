/* Every option with its value. A secret is not shown; of statements, which may hold one, the literals are not. */
#include "config/options.h"
#include "console/console_table.h"
#include "stats/features.h"

static void put_statement(struct tn_buf *out, struct tn_str text)
{
    char shown[1024];

    tn_text_without_literals(shown, sizeof shown, text, TN_DIALECT_DUCKDB);
    tn_buf_puts(out, shown);
}

static void put_list(struct tn_buf *out, const struct tn_cfg_list *list, bool statements)
{
    for (size_t i = 0; i < list->count; i++) {
        tn_buf_puts(out, i > 0 ? (statements ? "; " : ", ") : "");
        if (statements)
            put_statement(out, list->items[i]);
        else
            tn_buf_put_str(out, list->items[i]);
    }
}

static void put_map(struct tn_buf *out, const struct tn_cfg_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        tn_buf_printf(out, "%s" TN_STR_FMT, i > 0 ? ", " : "", TN_STR_ARG(map->items[i].key));
        if (map->items[i].value.ptr != NULL)
            tn_buf_printf(out, ": " TN_STR_FMT, TN_STR_ARG(map->items[i].value));
    }
}

static void put_duration(struct tn_buf *out, uint64_t us)
{
    if (us % 1000000 == 0)
        tn_buf_printf(out, "%llus", (unsigned long long)(us / 1000000));
    else
        tn_buf_printf(out, "%.3fms", (double)us / 1000.);
}

static void put_value(struct tn_buf *out, const struct tn_option *option, const void *fields)
{
    const void *field = (const char *)fields + option->offset;

    switch (option->type) {
    case TN_OPTION_BOOL:     tn_buf_puts(out, *(const bool *)field ? "true" : "false"); break;
    case TN_OPTION_U64:
    case TN_OPTION_PORT:
    case TN_OPTION_SIZE:     tn_buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)field); break;
    case TN_OPTION_DECIMAL:  tn_buf_printf(out, "%.9g", *(const double *)field); break;
    case TN_OPTION_DURATION: put_duration(out, *(const uint64_t *)field); break;
    case TN_OPTION_TEXT:     tn_buf_put_str(out, *(const struct tn_str *)field); break;
    case TN_OPTION_SECRET:   tn_buf_puts(out, ((const struct tn_str *)field)->len > 0 ? "(secret)" : ""); break;
    case TN_OPTION_LIST:     put_list(out, field, strcmp(option->path, "initSql") == 0); break;
    case TN_OPTION_MAP:      put_map(out, field); break;
    default: {
        const char *names[TN_ENUM_NAMES_MAX] = {NULL};
        unsigned    value = *(const unsigned *)field, count = 0;

        tn_option_enum_names(option->type, names);
        while (count < TN_ENUM_NAMES_MAX && names[count] != NULL)
            count++;
        tn_buf_puts(out, value < count ? names[value] : "");
    }
    }
}

static void put_options(struct tn_console_rows *rows, enum tn_option_scope scope, struct tn_str object, const void *fields,
                        const void *defaults)
{
    static const char *const  scopes[] = {"turnout", "cluster", "group"};
    const struct tn_options *options = tn_options_of(scope);
    struct tn_buf            value;

    tn_buf_init(&value, 256 * 1024);
    for (size_t i = 0; i < options->count; i++) {
        const struct tn_option *option = &options->items[i];

        tn_buf_clear(&value);
        put_value(&value, option, fields);
        tn_rows_c(rows, scopes[scope]);
        tn_rows_text(rows, object);
        tn_rows_c(rows, option->path);
        tn_rows_text(rows, value.len > 0 ? tn_buf_str(&value) : TN_STR(""));
        tn_rows_bool(rows, tn_option_equal(option, fields, defaults));
        tn_rows_c(rows, option->when == TN_OPTION_RESTART ? "restart" : "reload");
        tn_rows_c(rows, option->help);
    }
    tn_buf_reset(&value);
}

struct defaults {
    struct tn_settings     settings;
    struct tn_cluster_conf cluster;
    struct tn_group_conf   group;
};

static void read_defaults(struct defaults *out, struct tn_arena *arena)
{
    struct tn_problems       problems;
    struct tn_options_reader reader = {.arena = arena, .problems = &problems, .folder = TN_STR("")};

    tn_problems_init(&problems, "");
    *out = (struct defaults){.cluster = {.line = 0}};
    tn_options_read(&reader, TN_SCOPE_SETTINGS, NULL, "turnout", &out->settings);
    tn_options_read(&reader, TN_SCOPE_CLUSTER, NULL, "cluster", &out->cluster);
    tn_options_read(&reader, TN_SCOPE_GROUP, NULL, "group", &out->group);
    tn_problems_reset(&problems);
}

enum tn_status tn_console_settings(struct tn_console_source *source, struct tn_console_rows *rows, struct tn_error *err)
{
    struct tn_snapshot     *snapshot = tn_server_snapshot(source->server);
    const struct tn_config *config = snapshot->config;
    struct defaults         defaults;
    struct tn_arena         arena;

    (void)err;
    tn_arena_init(&arena, 1024 * 1024);
    read_defaults(&defaults, &arena);
    put_options(rows, TN_SCOPE_SETTINGS, tn_str_n(NULL, 0), &config->settings, &defaults.settings);
    for (size_t i = 0; i < config->cluster_count; i++)
        put_options(rows, TN_SCOPE_CLUSTER, config->clusters[i].name, &config->clusters[i], &defaults.cluster);
    for (size_t i = 0; i < config->group_count; i++)
        put_options(rows, TN_SCOPE_GROUP, config->groups[i].name, &config->groups[i], &defaults.group);
    tn_arena_reset(&arena);
    tn_snapshot_unref(snapshot);
    return TN_OK;
}
