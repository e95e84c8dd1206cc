/* config.h - a configuration file as an immutable, counted snapshot.
 *
 * tn_config_load() reads and validates all of a file and reports every problem it finds, each with file, line, key path,
 * what was expected and a suggestion. Only a file without errors becomes a snapshot. Members of the structs come from
 * options.def. Thread-safe once loaded. */
#ifndef TN_CONFIG_CONFIG_H
#define TN_CONFIG_CONFIG_H

#include "base/status.h"
#include "base/str.h"
#include "config/node.h"

#include <stdint.h>

/* enum tn_cfg_engine { TN_CFG_ENGINE_DUCKDB, ... } and so on, one enum per name in enums.def, in the order there. */
#include "config/enums.h"

enum { TN_CONFIG_MEMBERS_MAX = 64 /* of a group */ };

struct tn_cfg_list {
    size_t         count;
    struct tn_str *items;
};

struct tn_cfg_pair {
    struct tn_str key, value; /* value.ptr NULL: the key alone */
};

struct tn_cfg_map {
    size_t              count;
    struct tn_cfg_pair *items;
};

#define TN_CFG_C_BOOL     bool
#define TN_CFG_C_U64      uint64_t
#define TN_CFG_C_PORT     uint64_t
#define TN_CFG_C_SIZE     uint64_t
#define TN_CFG_C_DURATION uint64_t
#define TN_CFG_C_DECIMAL  double
#define TN_CFG_C_TEXT     struct tn_str /* NUL-terminated too */
#define TN_CFG_C_SECRET   struct tn_str
#define TN_CFG_C_LIST     struct tn_cfg_list
#define TN_CFG_C_MAP      struct tn_cfg_map
/* TN_CFG_C_ENUM_<name> come from enums.h */

struct tn_settings {
#define OPTION_settings(member, type) TN_CFG_C_##type member;
#define OPTION_cluster(member, type)
#define OPTION_group(member, type)
#define OPTION(scope, path, member, type, dflt, min, max, when, help) OPTION_##scope(member, type)
#include "config/options.def"
#undef OPTION_settings
#undef OPTION_cluster
};

struct tn_cluster_conf {
    struct tn_str name;
    unsigned      line;
#define OPTION_settings(member, type)
#define OPTION_cluster(member, type) TN_CFG_C_##type member;
#include "config/options.def"
#undef OPTION_cluster
#undef OPTION_group
};

struct tn_group_conf {
    struct tn_str name;
    unsigned      line;
#define OPTION_cluster(member, type)
#define OPTION_group(member, type) TN_CFG_C_##type member;
#include "config/options.def"
#undef OPTION_settings
#undef OPTION_cluster
#undef OPTION_group
#undef OPTION
    size_t *member_index; /* members.count places in tn_config.clusters */
    long    fallback_index; /* place in tn_config.groups, -1 = none */
};

struct tn_config {
    struct tn_str           path;          /* file it came from */
    struct tn_settings      settings;
    size_t                  cluster_count;
    struct tn_cluster_conf *clusters;
    size_t                  group_count;
    struct tn_group_conf   *groups;
    const struct tn_node   *routers;       /* the `routers:` list or NULL; policies/route reads it */
    size_t                  fallback_group; /* routingFallback, place in groups */
    struct tn_str           folder;        /* of path, where relative files start; "" = the working directory */
    const struct tn_node   *settings_map;  /* below turnout:, or NULL; for the lines of complaints */
    const char             *settings_name; /* "turnout", or the alias that the file uses */
    const struct tn_node   *auth_map;      /* `auth:`, below it or at the top level, or NULL; src/auth reads staticUsers */
    const char             *auth_path;     /* key path of auth_map */
};

/* On TN_OK the caller owns a reference to *OUT. PROBLEMS (required) receives errors and warnings. */
TN_MUST_USE enum tn_status tn_config_load(struct tn_config **out, const char *path, struct tn_problems *problems);
TN_MUST_USE enum tn_status tn_config_parse(struct tn_config **out, const char *name, struct tn_str text,
                                           struct tn_problems *problems);

/* As above, with CHECK called on the draft before the verdict, even when errors were found already, so that one run
 * reports everything: this is how `turnout check` has the routers compiled (policies/route). In a draft with errors
 * values may be defaults, member_index may hold TN_CONFIG_NOWHERE and fallback_group may be TN_CONFIG_NOWHERE; CHECK must
 * not keep a reference. It adds to PROBLEMS; an error there makes the load fail. Without CHECK every router must be a
 * map with a `type`, no more; with it, what is in `routers:` is for CHECK to judge. */
#define TN_CONFIG_NOWHERE SIZE_MAX
typedef void tn_config_check(const struct tn_config *draft, struct tn_problems *problems, void *arg);
TN_MUST_USE enum tn_status tn_config_load_checked(struct tn_config **out, const char *path, struct tn_problems *problems,
                                                  tn_config_check *check, void *arg);
TN_MUST_USE enum tn_status tn_config_parse_checked(struct tn_config **out, const char *name, struct tn_str text,
                                                   struct tn_problems *problems, tn_config_check *check, void *arg);

struct tn_config *tn_config_ref(const struct tn_config *config);
void              tn_config_unref(struct tn_config *config); /* NULL is fine; secrets are wiped when the last goes */

/* Place of a group or cluster by name, -1 when there is none. */
long tn_config_find_group(const struct tn_config *config, struct tn_str name);
long tn_config_find_cluster(const struct tn_config *config, struct tn_str name);

/* The group that the scalar NODE names; false, and reported with a did-you-mean, when there is none. PATH names NODE. */
bool tn_config_resolve_group(const struct tn_config *config, const struct tn_node *node, const char *path, size_t *out,
                             struct tn_problems *problems);
/* The same for the value of KEY in MAP (required). PATH names MAP. */
bool tn_config_group_key(const struct tn_config *config, const struct tn_node *map, const char *path, const char *key,
                         size_t *out, struct tn_problems *problems);

/* Text of an enum's value as the file writes it: tn_config_enum_text("ENGINE", TN_CFG_ENGINE_DUCKDB) = "duckDb". */
const char *tn_config_enum_text(const char *type, unsigned value);

/* A complaint about OPTION ("auth.usersFile") of the settings, at its line. */
void tn_config_settings_problem(const struct tn_config *config, struct tn_problems *problems, enum tn_problem_kind kind,
                                const char *option, const char *fmt, ...) TN_PRINTF(5, 6);
/* NAME as a file of the configuration's folder, NUL-terminated, in OUT; false when it does not fit. */
bool tn_config_file(const struct tn_config *config, struct tn_str name, char *out, size_t size);

/* Same settings in all options: the running cluster may be kept at a reload. */
bool tn_cluster_conf_equal(const struct tn_cluster_conf *a, const struct tn_cluster_conf *b);

/* Key paths of RESTART options that differ between two snapshots, comma separated; empty text when none. */
void tn_config_restart_changes(const struct tn_config *before, const struct tn_config *after, char *out, size_t size);

#endif
