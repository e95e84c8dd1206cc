/* condition.h - what `compound` and `deny` ask of a statement. A condition is a map with a `type`:
 *
 *   {type: protocol, protocol: postgresWire}          also protocolBased; one or a list
 *   {type: header, headerName: n, headerValue: v}     without headerValue: the header is there
 *   {type: user, username: alice}                     one or a list
 *   {type: userGroup, group: bi}                      one or a list
 *   {type: clientTag, tag: team, value: bi}           without value (or null): the tag is there
 *   {type: tags, tags: {team: bi, nightly: null}}     all of them
 *   {type: queryRegex, regex: "..."}
 *   {type: tables, tables: [...], match: any|all}
 *   {type: statementClass, class: write}              one or a list
 *   {type: timeOfDay, timeZone: z, days: [...], from: "22:00", to: "06:00"}
 *   {type: compound, combine: all|any|not, conditions: [...]}   not = none of them holds */
#ifndef TN_POLICIES_ROUTE_CONDITION_H
#define TN_POLICIES_ROUTE_CONDITION_H

#include "policies/route/router.h"

enum tn_combine { TN_COMBINE_ALL, TN_COMBINE_ANY, TN_COMBINE_NOT };

struct tn_condition;

struct tn_conditions {
    enum tn_combine             combine;
    size_t                      count;
    const struct tn_condition **items;
};

/* From `combine` and `conditions` of MAP (required). */
bool tn_conditions_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, unsigned depth,
                           struct tn_conditions *out);
/* From short keys of a rule, all of which must hold: regex, tables (and match), class, user, protocol. COUNT may be 0. */
#define TN_SHORT_CONDITION_KEYS "regex", "tables", "match", "class", "user", "protocol"
bool tn_short_conditions_compile(struct tn_compiler *c, const struct tn_node *map, const char *path,
                                 struct tn_conditions *out);

/* WHY (TN_WHY_MAX bytes, may be NULL) tells which condition decided. */
bool tn_conditions_hold(const struct tn_conditions *conditions, struct tn_routing *r, char *why);

/* Bits of enum tn_class from the texts under KEY; 0 = wrong (reported). */
unsigned tn_classes_compile(struct tn_compiler *c, const struct tn_node *map, const char *path, const char *key);
/* The protocols that queries may come by, and those that are known but not served yet. */
enum tn_protocol_known { TN_PROTOCOL_UNKNOWN, TN_PROTOCOL_SERVED, TN_PROTOCOL_LATER };
enum tn_protocol_known tn_protocol_known(struct tn_str name);
struct tn_str tn_protocol_name(struct tn_str name); /* the one that queries come with: `rest` is an earlier name of restHttp */
extern const char *const tn_protocol_names[]; /* NULL-terminated */

bool tn_has_tag(const struct tn_route_context *context, struct tn_str key, struct tn_str value); /* VALUE.ptr NULL: any */

#endif
