/* compare_history.h - runs from the history of a server: asked of the server, or read from its file. */
#ifndef TN_CLI_COMPARE_HISTORY_H
#define TN_CLI_COMPARE_HISTORY_H

#include "stats/history.h"
#include "tools/cli/cli.h"
#include "tools/cli/compare_run.h"

/* Every read that ended as samples of COMPARE: without what was cancelled, refused, or a warm-up of a fresh run; attempts that were
 * cut at their deadline are runs that ran out of time. SKIPPED (out): reads that told nothing. */
int tn_compare_from_history(struct tn_cli *cli, const char *path, struct tn_history_filter *filter, struct tn_compare *compare, size_t *skipped);

/* What the server recorded of a fresh run: time on the engine, bytes, bill. Waits a few seconds until it is written. MISSING (out): items
 * that are done and of which there is no record; their times stay those that the client saw. WAITED (out): those that never reached their
 * engine, and say nothing about it. */
int tn_compare_settle(struct tn_cli *cli, const char *path, struct tn_compare_run *run, size_t *missing, size_t *waited);

#endif
