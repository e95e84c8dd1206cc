/* prices.c - a cluster's price: options that go with its type, and what its engine can tell. */
#include "config/options.h"
#include "config/validate.h"

static const struct {
    const char *option;
    unsigned    types; /* bits of enum tn_cfg_price_type */
} belongs[] = {
    {"price.usdPerHour", 1 << TN_CFG_PRICE_TYPE_PER_SECOND},
    {"price.slots", 1 << TN_CFG_PRICE_TYPE_PER_SECOND | 1 << TN_CFG_PRICE_TYPE_AUTO_SUSPEND},
    {"price.mode", 1 << TN_CFG_PRICE_TYPE_PER_SECOND | 1 << TN_CFG_PRICE_TYPE_AUTO_SUSPEND},
    {"price.usdPerTb", 1 << TN_CFG_PRICE_TYPE_PER_SCAN},
    {"price.minBytes", 1 << TN_CFG_PRICE_TYPE_PER_SCAN},
    {"price.roundBytes", 1 << TN_CFG_PRICE_TYPE_PER_SCAN},
    {"price.usdPerQuery", 1 << TN_CFG_PRICE_TYPE_PER_QUERY | 1 << TN_CFG_PRICE_TYPE_PER_SCAN},
    {"price.creditsPerHour", 1 << TN_CFG_PRICE_TYPE_AUTO_SUSPEND},
    {"price.usdPerCredit", 1 << TN_CFG_PRICE_TYPE_AUTO_SUSPEND},
    {"price.minSeconds", 1 << TN_CFG_PRICE_TYPE_AUTO_SUSPEND},
    {"price.idleSeconds", 1 << TN_CFG_PRICE_TYPE_AUTO_SUSPEND},
    {"price.fullOnCancel", 1 << TN_CFG_PRICE_TYPE_PER_SCAN | 1 << TN_CFG_PRICE_TYPE_PER_QUERY},
};

struct view {
    const struct tn_draft        *draft;
    const struct tn_cluster_conf *conf, *defaults;
    const struct tn_node         *node;
    const char                   *path;
};

static void warn(const struct view *v, const char *option, const char *text)
{
    char path[TN_PATH_MAX];

    tn_path_join(path, v->path, tn_str(option));
    tn_problem_add(v->draft->problems, TN_PROBLEM_WARNING, tn_draft_line(v->node, option), path, "%s", text);
}

static const char *type_name(unsigned type)
{
    return tn_config_enum_text("PRICE_TYPE", type);
}

/* A rate beside a type that does not charge by it: the cluster would be cheaper than its file says. */
static void warn_of_foreign(const struct view *v)
{
    unsigned type = (unsigned)v->conf->price_type;
    char     text[160];

    for (size_t i = 0; i < TN_ARRAY_LEN(belongs); i++) {
        unsigned owner = 0;

        if ((belongs[i].types >> type & 1) != 0 || tn_option_equal(tn_option_find(TN_SCOPE_CLUSTER, belongs[i].option), v->conf, v->defaults))
            continue;
        while ((belongs[i].types >> owner & 1) == 0)
            owner++;
        snprintf(text, sizeof text, "has no effect with price.type %s; it belongs to %s", type_name(type), type_name(owner));
        warn(v, belongs[i].option, text);
    }
}

/* It is 0 or absent. One that cannot be read is reported already. */
static bool is_nothing(const struct view *v, const char *option, double value)
{
    const struct tn_node *given = tn_node_find(v->node, option);
    double                number;

    return !(value > 0) && (given == NULL || given->kind == TN_NODE_NULL || (tn_str_to_double(given->text, &number) && number == 0));
}

static void warn_of_no_rate(const struct view *v)
{
    const struct tn_cluster_conf *c = v->conf;
    const char                   *option = NULL;

    if (c->price_type == TN_CFG_PRICE_TYPE_PER_SECOND && is_nothing(v, "price.usdPerHour", c->price_usd_per_hour))
        option = "price.usdPerHour";
    else if (c->price_type == TN_CFG_PRICE_TYPE_PER_SCAN && is_nothing(v, "price.usdPerTb", c->price_usd_per_tb) && !(c->price_usd_per_query > 0))
        option = "price.usdPerTb";
    else if (c->price_type == TN_CFG_PRICE_TYPE_PER_QUERY && is_nothing(v, "price.usdPerQuery", c->price_usd_per_query))
        option = "price.usdPerQuery";
    else if (c->price_type == TN_CFG_PRICE_TYPE_AUTO_SUSPEND && is_nothing(v, "price.creditsPerHour", c->price_credits_per_hour))
        option = "price.creditsPerHour";
    else if (c->price_type == TN_CFG_PRICE_TYPE_AUTO_SUSPEND && is_nothing(v, "price.usdPerCredit", c->price_usd_per_credit))
        option = "price.usdPerCredit";
    if (option != NULL)
        warn(v, option, "0: every query on this cluster counts as free");
}

static void warn_of_silence(const struct view *v)
{
    char text[200];

    if (v->conf->price_type != TN_CFG_PRICE_TYPE_PER_SCAN ||
        (v->conf->engine != TN_CFG_ENGINE_SQLITE && v->conf->engine != TN_CFG_ENGINE_POSTGRES && v->conf->engine != TN_CFG_ENGINE_MYSQL))
        return;
    snprintf(text, sizeof text, "engine %s does not report the bytes that a query read: its bills count minBytes, whatever that was",
             tn_config_enum_text("ENGINE", v->conf->engine));
    warn(v, "price.type", text);
}

void tn_validate_price(const struct tn_draft *draft, const struct tn_cluster_conf *conf, const struct tn_cluster_conf *defaults,
                       const struct tn_node *node, const char *path)
{
    struct view view = {draft, conf, defaults, node, path};

    if (tn_node_get(node, "price") == NULL)
        return;
    warn_of_foreign(&view);
    warn_of_no_rate(&view);
    warn_of_silence(&view);
}
