#include "translating.h"

#include "adaptive.h"
#include "base/clock.h"
#include "server.h"

static const struct {
    const char     *protocol;
    enum tn_dialect dialect;
} spoken[] = {{"postgresWire", TN_DIALECT_POSTGRES}, {"trinoHttp", TN_DIALECT_TRINO}, {"mysqlWire", TN_DIALECT_MYSQL}};

bool tn_translating_spoken(const struct tn_query *q, enum tn_dialect *out)
{
    if (q->client.dialect.len > 0)
        return tn_dialect_parse(q->client.dialect, out); /* "engine" is none */
    for (size_t i = 0; i < TN_ARRAY_LEN(spoken); i++)
        if (strcmp(q->client.protocol, spoken[i].protocol) == 0) {
            *out = spoken[i].dialect;
            return true;
        }
    return false;
}

static bool source_dialect(const struct tn_query *q, const struct tn_group_conf *group, enum tn_dialect *out)
{
    if (q->client.dialect.len > 0 || group->dialect == TN_CFG_DIALECT_AUTO)
        return tn_translating_spoken(q, out);
    *out = (enum tn_dialect)(group->dialect - 1);
    return true;
}

enum tn_cfg_translation_mode tn_translating_mode(const struct tn_snapshot *snapshot, const struct tn_group_conf *group)
{
    enum tn_cfg_translation_mode mode = snapshot->config->settings.translation_mode;

    if (group->translation_mode != TN_CFG_TRANSLATION_MODE_AUTO)
        return group->translation_mode;
    return mode == TN_CFG_TRANSLATION_MODE_AUTO ? TN_CFG_TRANSLATION_MODE_BEST_EFFORT : mode;
}

static bool starts(struct tn_str text, struct tn_str with)
{
    return text.len >= with.len && tn_str_ieq(tn_str_n(text.ptr, with.len), with);
}

static bool is_catalog(struct tn_str table)
{
    return starts(table, TN_STR("pg_catalog.")) || starts(table, TN_STR("information_schema.")) || starts(table, TN_STR("pg_")) ||
           starts(table, TN_STR("sqlite_")) || starts(table, TN_STR("duckdb_"));
}

/* What tools ask of an engine's catalog is answered by each engine in its own way already. */
static bool asks_catalog(const struct tn_features *features)
{
    for (unsigned i = 0; i < features->table_count; i++)
        if (!is_catalog(features->tables[i]))
            return false;
    return features->table_count > 0;
}

static struct tn_scripts *scripts_of(const struct tn_query *q, const struct tn_group *group)
{
    const struct tn_config *config = q->snapshot->config;
    size_t                  at = (size_t)(group->conf - config->groups);

    return at < q->snapshot->scripts.group_count && at < config->group_count ? q->snapshot->scripts.transforms[at] : NULL;
}

static bool has_mode(const struct tn_cluster *cluster, const char *mode)
{
    return cluster->conf->sql_mode.len > 0 && strcasestr(cluster->conf->sql_mode.ptr, mode) != NULL;
}

/* Where it is asked for at all. */
static struct tn_table_types *table_types(const struct tn_query *q)
{
    return q->snapshot->config->settings.translation_types_age > 0 && q->features.table_count > 0 ? tn_runtime_of(q->worker)->server->table_types : NULL;
}

static uint64_t types_hash(const struct tn_query *q, const struct tn_cluster *cluster)
{
    struct tn_table_types *types = table_types(q);
    struct tn_table_known  known = {.hash = 0};

    if (types != NULL)
        tn_table_types_look(types, cluster->id, &q->features, UINT64_MAX, tn_clock_us(), &known);
    return known.hash;
}

void tn_translating_columns(const struct tn_query *q, const struct tn_cluster *cluster, struct tn_translation *what, struct tn_buf *columns)
{
    struct tn_table_types *types = table_types(q);

    what->types = types == NULL ? 0 : tn_table_types_rows(types, cluster->id, &q->features, columns);
    what->columns = what->types == 0 ? TN_STR("") : tn_buf_str(columns);
}

bool tn_translating_lists(struct tn_query *q, struct tn_cluster *cluster, struct tn_table_wait *wait)
{
    struct tn_table_types *types = table_types(q);
    struct tn_table_known  known;

    if (types == NULL)
        return false;
    tn_table_types_look(types, cluster->id, &q->features, q->snapshot->config->settings.translation_types_age, tn_clock_us(), &known);
    return (known.missing || known.old) && tn_table_lister_ask(tn_runtime_of(q->worker)->lister, cluster, &q->features, known.missing ? wait : NULL) && known.missing;
}

/* Others' EXPLAIN has words that sqlglot does not read; it goes as it is. */
static bool explains(const struct tn_query *q, enum tn_dialect from)
{
    return q->features.verb == TN_VERB_EXPLAIN && from == TN_DIALECT_MYSQL;
}

bool tn_translating_what(const struct tn_query *q, const struct tn_group *group, const struct tn_cluster *cluster, struct tn_translation *out)
{
    if (q->own != NULL || (q->internal && q->shadow == NULL && !q->translation.explains) || tn_translating_mode(q->snapshot, group->conf) == TN_CFG_TRANSLATION_MODE_OFF ||
        !source_dialect(q, group->conf, &out->from))
        return false;
    out->to = cluster->ops->dialect;
    out->sql = out->from != TN_DIALECT_MYSQL || q->native.ptr == NULL ? q->text : q->known.ptr != NULL ? q->known : q->native;
    out->plain_texts = out->to == TN_DIALECT_MYSQL && has_mode(cluster, "NO_BACKSLASH_ESCAPES");
    out->scripts = scripts_of(q, group);
    out->columns = TN_STR("");
    if (!tn_dialect_differs(out->from, out->to) || !(tn_dialect_translates(&q->features) || explains(q, out->from)) || asks_catalog(&q->features))
        return false;
    out->types = types_hash(q, cluster);
    return true;
}

/* The cluster's sqlMode makes of the server one that reads backslashes and double quotes as standard SQL has them: what a MySQL client
 * escaped with a backslash would end its string there. */
static bool reads_standard(const struct tn_cluster *cluster)
{
    return has_mode(cluster, "NO_BACKSLASH_ESCAPES") && has_mode(cluster, "ANSI_QUOTES");
}

bool tn_translating_made_several(const struct tn_query *q)
{
    return tn_str_starts(q->translation.sent, TN_STR(TN_TRANSLATED_SEVERAL));
}

struct tn_str tn_translating_sent(const struct tn_query *q)
{
    if (q->translation.sent.len > 0)
        return q->translation.sent;
    return q->native.ptr != NULL && q->cluster->ops->dialect == TN_DIALECT_MYSQL && !reads_standard(q->cluster) ? q->native : q->text;
}

enum tn_status tn_translating_fail(struct tn_error *err, enum tn_dialect from, const struct tn_cluster *cluster, const struct tn_translated *result)
{
    struct tn_str why = result->why;

    if (result->verdict == TN_VERDICT_SCRIPT_FAILED)
        return tn_fail(err, TN_E_INVALID, "38000", "a translation script failed: %.*s", (int)TN_MIN(why.len, (size_t)900), why.ptr);
    tn_fail(err, TN_E_UNSUPPORTED, "0A000", "the statement cannot be translated from %s to %s for cluster \"" TN_STR_FMT "\": %s%s%.*s",
            tn_dialect_name(from), tn_dialect_name(cluster->ops->dialect), TN_STR_ARG(cluster->conf->name),
            result->verdict == TN_VERDICT_OK ? "its dialect has no words for it" : tn_verdict_name(result->verdict), why.len > 0 ? ": " : "",
            (int)TN_MIN(why.len, (size_t)400), why.len > 0 ? why.ptr : "");
    if (err == NULL)
        return TN_E_UNSUPPORTED;
    if (result->verdict == TN_VERDICT_UNAVAILABLE)
        tn_error_hint(err, "translation.python must name an interpreter that has sqlglot.");
    else
        tn_error_hint(err, "SET turnout.dialect says what is written; EXPLAIN TRANSLATION shows what becomes of it.");
    return TN_E_UNSUPPORTED;
}

/* An engine refused the translation: members that need one are out. */
static uint64_t in_need(struct tn_query *q, const struct tn_group *group)
{
    struct tn_translation what;
    uint64_t              bits = 0;

    for (size_t m = 0; m < group->member_count; m++)
        bits |= tn_translating_what(q, group, group->members[m], &what) ? UINT64_C(1) << m : 0;
    return bits;
}

static bool was_tried(const struct tn_query *q, const struct tn_cluster *cluster)
{
    for (size_t i = 0; i < q->attempts && i < TN_ARRAY_LEN(q->tried); i++)
        if (q->tried[i] == cluster)
            return true;
    return false;
}

bool tn_translating_forbids(const struct tn_translated *result, bool strict)
{
    return result->verdict == TN_VERDICT_CANNOT_EXPRESS || (strict && (result->verdict != TN_VERDICT_OK || result->why.len > 0));
}

bool tn_translating_lacks(const struct tn_translated *result)
{
    return result->verdict == TN_VERDICT_OK && result->why.len > 0;
}

/* What is known of Q on CLUSTER; false: nothing yet, or it needs no translation there. */
static bool is_known(struct tn_query *q, const struct tn_group *group, const struct tn_cluster *cluster, struct tn_translation *what, struct tn_translated *known)
{
    return tn_translating_what(q, group, cluster, what) &&
           tn_translator_find(tn_runtime_of(q->worker)->server->translator, what, &q->arena, known);
}

static bool may_serve(const struct tn_query *q, struct tn_cluster *cluster)
{
    return !was_tried(q, cluster) && tn_cluster_look(cluster, tn_clock_us()) == TN_USABLE_OK;
}

bool tn_translating_others(struct tn_query *q)
{
    struct tn_translation what;
    struct tn_translated  known;

    if (q->pinned || q->affinity != NULL || q->client.hint_cluster.len > 0 || q->translation.moves >= q->group->member_count)
        return false;
    for (size_t m = 0; m < q->group->member_count; m++)
        if (q->group->members[m] != q->cluster && may_serve(q, q->group->members[m]) &&
            (!is_known(q, q->group, q->group->members[m], &what, &known) || !(tn_translating_forbids(&known, false) || tn_translating_lacks(&known))))
            return true;
    return false;
}

uint64_t tn_translating_refused(struct tn_query *q, const struct tn_group *group, bool *none, struct tn_error *err)
{
    struct tn_translator        *translator = tn_runtime_of(q->worker)->server->translator;
    enum tn_cfg_translation_mode mode = tn_translating_mode(q->snapshot, group->conf);
    struct tn_translation        what;
    struct tn_translated         known;
    uint64_t                     forbidden = 0, lacking = 0;
    size_t                       count = 0, better = 0;

    *none = false;
    if (q->translation.refused)
        return in_need(q, group);
    if (translator == NULL || q->pinned || mode == TN_CFG_TRANSLATION_MODE_OFF ||
        (mode != TN_CFG_TRANSLATION_MODE_STRICT && !tn_translator_lacked(translator)))
        return 0;
    for (size_t m = 0; m < group->member_count; m++) {
        bool is = is_known(q, group, group->members[m], &what, &known);

        if (is && tn_translating_forbids(&known, mode == TN_CFG_TRANSLATION_MODE_STRICT)) {
            forbidden |= UINT64_C(1) << m;
            if (++count == group->member_count) {
                *none = true;
                tn_translating_fail(err, what.from, group->members[m], &known);
            }
        } else if (is && tn_translating_lacks(&known)) {
            lacking |= UINT64_C(1) << m;
        } else {
            better += may_serve(q, group->members[m]);
        }
    }
    return better == 0 || q->affinity != NULL || q->client.hint_cluster.len > 0 ? forbidden : forbidden | lacking;
}

/* ---- what an engine refused ---- */

bool tn_translating_may_retry(const struct tn_query *q)
{
    struct tn_translation what;

    if (q->translation.sent.len == 0 || q->pinned || !tn_features_repeatable(&q->features) || !tn_adaptive_is_of_dialect(&q->run.error))
        return false;
    for (size_t m = 0; m < q->group->member_count; m++)
        if (q->group->members[m] != q->cluster && !was_tried(q, q->group->members[m]) && !tn_translating_what(q, q->group, q->group->members[m], &what) &&
            tn_cluster_usable(q->group->members[m], tn_clock_us()) == TN_USABLE_OK)
            return true;
    return false;
}

/* An engine did not understand what nobody could translate. */
static void tell_unread(const struct tn_query *q, struct tn_error *err)
{
    const struct tn_translated *result = &q->translation.result;

    if (result->verdict != TN_VERDICT_CANNOT_PARSE || err->detail[0] != '\0')
        return;
    tn_error_detail(err, "sent to cluster \"" TN_STR_FMT "\" as written, as it could not be read as %s: %.*s", TN_STR_ARG(q->cluster->conf->name),
                    tn_dialect_name(q->translation.from), (int)TN_MIN(result->why.len, (size_t)400), result->why.len > 0 ? result->why.ptr : "");
    if (err->hint[0] == '\0')
        tn_error_hint(err, "SET turnout.dialect says what is written; with translation.mode strict nothing is sent that could not be read.");
}

void tn_translating_tell(const struct tn_query *q, struct tn_error *err)
{
    if (err->fault != TN_FAULT_QUERY || !tn_adaptive_is_of_dialect(err))
        return;
    if (q->translation.sent.len == 0) {
        tell_unread(q, err);
        return;
    }
    err->position = 0;
    if (err->detail[0] == '\0')
        tn_error_detail(err, "sent to cluster \"" TN_STR_FMT "\", translated from %s: %.*s", TN_STR_ARG(q->cluster->conf->name),
                        tn_dialect_name(q->translation.from), (int)TN_MIN(q->translation.sent.len, (size_t)400), q->translation.sent.ptr);
}

enum tn_status tn_translating_open(struct tn_translator **out, const struct tn_settings *settings, struct tn_error *err)
{
    char path[4096];
    bool keeps = settings->persistence_type == TN_CFG_PERSISTENCE_SQLITE;

    *out = NULL;
    if (!settings->translation_enabled)
        return TN_OK;
    if (keeps)
        snprintf(path, sizeof path, TN_STR_FMT ".translations", TN_STR_ARG(settings->persistence_path));
    return tn_translator_new(out, settings, keeps ? path : NULL, err);
}
