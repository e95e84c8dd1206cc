/* compare_progress.h - how far a long command is, on standard error: a bar that is drawn over itself on a terminal, a line now and
 * then elsewhere. */
#ifndef TN_CLI_COMPARE_PROGRESS_H
#define TN_CLI_COMPARE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tn_progress {
    size_t   total, before; /* before: done by an earlier run, which says nothing about the time left */
    uint64_t begun_us, shown_us;
    bool     terminal, open; /* open: a bar stands on the line */
    unsigned shown_tenths;
};

void tn_progress_begin(struct tn_progress *progress, size_t total, size_t before);
void tn_progress_show(struct tn_progress *progress, size_t done);
void tn_progress_end(struct tn_progress *progress, size_t done);

/* Seconds left when DONE of them took ELAPSED_S together with those BEFORE; negative = nobody knows. */
double tn_progress_left_s(size_t total, size_t before, size_t done, double elapsed_s);

#endif
