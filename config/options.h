/* options.h - the table that options.def spells, and everything that is done by walking it: reading a scope of the file
 * into its struct, comparing two structs, wiping secrets. */
#ifndef TN_CONFIG_OPTIONS_H
#define TN_CONFIG_OPTIONS_H

#include "base/arena.h"
#include "config/config.h"
#include "config/node.h"

#include <stdbool.h>
#include <stddef.h>

enum tn_option_type {
    TN_OPTION_BOOL,
    TN_OPTION_U64,
    TN_OPTION_PORT,
    TN_OPTION_SIZE,
    TN_OPTION_DURATION,
    TN_OPTION_DECIMAL,
    TN_OPTION_TEXT,
    TN_OPTION_SECRET,
    TN_OPTION_LIST,
    TN_OPTION_MAP,
    /* One per enum of enums.def. */
    TN_OPTION_ENUM_PERSISTENCE,
    TN_OPTION_ENUM_AUTH_PROVIDER,
    TN_OPTION_ENUM_TLS_MODE,
    TN_OPTION_ENUM_TLS_VERSION,
    TN_OPTION_ENUM_TLS_CLIENT_CERT,
    TN_OPTION_ENUM_LOG_LEVEL,
    TN_OPTION_ENUM_LOG_FORMAT,
    TN_OPTION_ENUM_ENGINE,
    TN_OPTION_ENUM_SSL_MODE,
    TN_OPTION_ENUM_CLUSTER_AUTH,
    TN_OPTION_ENUM_STRATEGY,
    TN_OPTION_ENUM_OBJECTIVE,
    TN_OPTION_ENUM_STRATEGY_MODE,
    TN_OPTION_ENUM_EXPLORE_MODE,
    TN_OPTION_ENUM_PRICE_TYPE,
    TN_OPTION_ENUM_PRICE_MODE,
    TN_OPTION_ENUM_MODEL,
    TN_OPTION_ENUM_TRANSLATION_MODE,
    TN_OPTION_ENUM_DIALECT,
};
#define TN_OPTION_ENUM_FIRST TN_OPTION_ENUM_PERSISTENCE

enum tn_option_when { TN_OPTION_RELOAD, TN_OPTION_RESTART };

struct tn_option {
    const char         *path; /* below the scope: "frontends.postgresWire.port" */
    enum tn_option_type type;
    size_t              offset; /* in the scope's struct */
    const char         *dflt, *min, *max;
    enum tn_option_when when;
    const char         *help;
};

/* A scope is one struct of config.h and the map of the file that fills it. */
enum tn_option_scope { TN_SCOPE_SETTINGS, TN_SCOPE_CLUSTER, TN_SCOPE_GROUP, TN_SCOPE_COUNT };
struct tn_options {
    const struct tn_option *items;
    size_t                  count;
};
const struct tn_options *tn_options_of(enum tn_option_scope scope);

struct tn_options_reader {
    struct tn_arena    *arena;    /* receives texts and lists */
    struct tn_problems *problems;
    struct tn_str       folder;   /* where {file: path} starts */
};

/* Fills *OUT (the scope's struct) from MAP (NULL = nothing given): defaults, then what the file says. PREFIX is the
 * key path of MAP, for messages. Keys that are not options are not looked at: see known_keys.h. */
void tn_options_read(const struct tn_options_reader *reader, enum tn_option_scope scope, const struct tn_node *map,
                     const char *prefix, void *out);
/* One option from NODE; true when it was good. */
bool tn_option_read(const struct tn_options_reader *reader, const struct tn_option *option, const struct tn_node *node,
                    const char *path, void *out);
const struct tn_option *tn_option_find(enum tn_option_scope scope, const char *path);

/* One option of two structs of a scope has the same value. */
bool tn_option_equal(const struct tn_option *option, const void *a, const void *b);

/* Overwrites all TEXT and SECRET values, once read. */
void tn_options_wipe(enum tn_option_scope scope, void *fields);

/* NULL-terminated names of an enum type, in table order; for suggestions. OUT has room for TN_ENUM_NAMES_MAX. */
enum { TN_ENUM_NAMES_MAX = 32 };
void tn_option_enum_names(enum tn_option_type type, const char *out[TN_ENUM_NAMES_MAX]);

#endif
