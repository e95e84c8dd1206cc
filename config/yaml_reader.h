/* yaml_reader.h - YAML text to a tree of tn_node, through libyaml's events.
 *
 * Limits: 8 MiB of text, 64 levels, 500,000 values. One document. Anchors, aliases and tags of one's own are refused:
 * a value is written where it counts. A key that is given twice is an error naming both lines. `${NAME}` is taken as text
 * also where YAML would see a brace: `{ password: ${PG_PASSWORD} }`. */
#ifndef TN_CONFIG_YAML_READER_H
#define TN_CONFIG_YAML_READER_H

#include "base/arena.h"
#include "config/node.h"

enum { TN_YAML_DEPTH_MAX = 64, TN_YAML_VALUES_MAX = 500000, TN_YAML_SIZE_MAX = 8 << 20 };

/* TN_OK: *ROOT is the tree (in ARENA), though PROBLEMS may have received errors. Otherwise *ROOT is NULL and PROBLEMS
 * says why (TN_E_INVALID), or there was no memory (TN_E_NOMEM). All copies of the text but the tree are wiped. */
TN_MUST_USE enum tn_status tn_yaml_read(struct tn_node **root, struct tn_str text, struct tn_arena *arena,
                                        struct tn_problems *problems);

#endif
