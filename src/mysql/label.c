#include "mysql/label.h"

#include "mysql/catalog.h"
#include "mysql/private.h"

bool tn_my_is_listed(const struct tn_my_session *s, struct tn_str name)
{
    const struct tn_cfg_list *list = &s->runtime->snapshot->config->settings.mysql_databases;

    for (size_t i = 0; i < list->count; i++)
        if (tn_str_ieq(list->items[i], name))
            return true;
    return false;
}

/* shop of postgresql://host:5432/shop?sslmode=disable */
static struct tn_str database_of(struct tn_str endpoint)
{
    const char   *scheme = endpoint.len == 0 ? NULL : memmem(endpoint.ptr, endpoint.len, "://", 3);
    struct tn_str rest = scheme == NULL ? TN_STR("") : tn_str_n(scheme + 3, (size_t)(endpoint.ptr + endpoint.len - scheme - 3));
    const char   *slash = rest.len == 0 ? NULL : memchr(rest.ptr, '/', rest.len), *end;

    if (slash == NULL)
        return TN_STR("");
    rest = tn_str_n(slash + 1, (size_t)(rest.ptr + rest.len - slash - 1));
    end = rest.len == 0 ? NULL : memchr(rest.ptr, '?', rest.len);
    return end == NULL ? rest : tn_str_n(rest.ptr, (size_t)(end - rest.ptr));
}

/* demo of data/demo.duckdb */
static struct tn_str stem_of(struct tn_str path)
{
    const char   *slash = path.len == 0 ? NULL : memrchr(path.ptr, '/', path.len);
    struct tn_str file = slash == NULL ? path : tn_str_n(slash + 1, (size_t)(path.ptr + path.len - slash - 1));
    const char   *dot = file.len == 0 ? NULL : memrchr(file.ptr, '.', file.len);

    return dot == NULL || dot == file.ptr ? file : tn_str_n(file.ptr, (size_t)(dot - file.ptr));
}

static bool is_name_of_member(const struct tn_cluster_conf *member, struct tn_str name)
{
    const struct tn_str names[] = {database_of(member->endpoint), stem_of(member->database_path), member->catalog};

    for (size_t i = 0; i < TN_ARRAY_LEN(names); i++)
        if (names[i].len > 0 && tn_str_ieq(names[i], name))
            return true;
    return false;
}

bool tn_my_is_label(const struct tn_my_session *s, const struct tn_cluster_conf *member, struct tn_str name)
{
    const struct tn_config *config = s->runtime->snapshot->config;

    return tn_str_ieq_c(name, s->label) || tn_my_catalog_is_schema(name) || tn_my_is_listed(s, name) || tn_config_find_group(config, name) >= 0 ||
           tn_config_find_cluster(config, name) >= 0 || is_name_of_member(member, name);
}
