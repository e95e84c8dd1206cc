/* compare_options.h - the command line of `turnout compare`, checked. */
#ifndef TN_CLI_COMPARE_OPTIONS_H
#define TN_CLI_COMPARE_OPTIONS_H

#include "config/config.h"
#include "stats/history.h"
#include "tools/cli/cli.h"
#include "tools/cli/compare_run.h"

enum { TN_COMPARE_PATH = 4096, TN_COMPARE_CONNECT = 1024 };

struct tn_compare_options {
    const char              *script; /* --run; NULL = from history */
    struct tn_run_options    run;
    struct tn_history_filter filter;
    struct tn_config        *config;  /* NULL = none */
    const char              *history; /* file; NULL = ask the server */
    char                     path[TN_COMPARE_PATH], state[TN_COMPARE_PATH], connect[TN_COMPARE_CONNECT], admin[TN_COMPARE_CONNECT];
};

/* The exit status; what is wrong was said. CLUSTERS of --clusters are added to COMPARE. End with tn_compare_options_reset(). */
int  tn_compare_options_read(struct tn_cli *cli, struct tn_compare_options *options, struct tn_compare *compare);
void tn_compare_options_reset(struct tn_compare_options *options);

#endif
