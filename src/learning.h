/* learning.h - the part of a server that learns: the store of statistics and the learner over it. */
#ifndef TN_LEARNING_H
#define TN_LEARNING_H

#include "policies/strategy/decide.h"
#include "server.h"

enum { TN_LEARNING_TEXTS = 2048 }; /* exact texts that a worker remembers; about 2 MB */

/* Opens server->store and server->learner as the settings say. A file that is not ours, damaged or of a newer format: an error. */
TN_MUST_USE enum tn_status tn_learning_open(struct tn_server *server, const struct tn_settings *settings, struct tn_error *err);
void tn_learning_close(struct tn_server *server); /* what was learned is written */
/* Gives every cluster of TOPOLOGY its number in the statistics; one whose endpoint, size or version changed counts less. */
void tn_learning_number(struct tn_server *server, const struct tn_topology *topology);
/* Forgets what is known of one shape (KEY) and its size classes, or of every shape (KEY NULL). False: nothing was known of KEY, in memory
 * or in the file. May wait for the disk: not from a loop thread. */
bool tn_learning_reset(struct tn_server *server, const uint64_t key[2]);

#endif
