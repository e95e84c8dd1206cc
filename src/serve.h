/* serve.h - `turnout serve`. */
#ifndef TN_SERVE_H
#define TN_SERVE_H

#include "tools/cli/cli.h"

/* Runs until SIGTERM or SIGINT; SIGHUP reloads. The exit status: 0 a good end, 1 it could not start (standard error says why). */
int tn_serve(const struct tn_serve_options *options);

#endif
