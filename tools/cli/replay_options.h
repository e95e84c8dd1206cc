/* replay_options.h - what replay and simulate have in common on their command lines. */
#ifndef TN_CLI_REPLAY_OPTIONS_H
#define TN_CLI_REPLAY_OPTIONS_H

#include "tools/cli/cli.h"
#include "tools/cli/replay_run.h"

/* Into OPTIONS, which has its defaults, from those of --strategy, --objective, --explore, --seed, --max-p95-ms, --usd-per-second,
 * --uniform-percent and --set that the command has. TN_CLI_OK, or what to exit with. The caller frees options->player. */
int tn_replay_read_options(struct tn_cli *cli, struct tn_replay_options *options);
int tn_replay_read_number(struct tn_cli *cli, const char *option, double scale, double *out); /* >= 0; unchanged when absent */

#endif
