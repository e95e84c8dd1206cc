/* cli_run.h - runs a subcommand of the program in this process; what it writes is in `out` and `err`. */
#ifndef TN_TESTS_CLI_RUN_H
#define TN_TESTS_CLI_RUN_H

#include "tools/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char out[256 * 1024], err[64 * 1024];

struct diverted {
    int stream, kept, to;
};

static inline struct diverted divert(int stream)
{
    char            name[] = "/tmp/turnout-said-XXXXXX";
    struct diverted d = {.stream = stream, .kept = dup(stream), .to = mkstemp(name)};

    unlink(name);
    dup2(d.to, stream);
    return d;
}

static inline void bring_back(const struct diverted *d, char *to, size_t size)
{
    ssize_t n;

    dup2(d->kept, d->stream);
    close(d->kept);
    n = pread(d->to, to, size - 1, 0);
    to[n > 0 ? n : 0] = '\0';
    close(d->to);
}

/* SERVE is what `serve` would do. The exit status. */
static inline int run_program(int argc, char **argv, int (*serve)(const struct tn_serve_options *options))
{
    struct diverted first, second;
    int             status;

    fflush(stdout);
    first = divert(STDOUT_FILENO);
    second = divert(STDERR_FILENO);
    status = tn_cli_run(argc, argv, serve);
    bring_back(&first, out, sizeof out);
    bring_back(&second, err, sizeof err);
    return status;
}

#endif
