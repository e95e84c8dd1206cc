#include "tools/cli/compare_progress.h"

#include "base/clock.h"
#include "base/str.h"

#include <unistd.h>

enum { BAR = 30, EVERY_US = 200 * 1000, LINE_EVERY_US = 15 * 1000 * 1000 };

double tn_progress_left_s(size_t total, size_t before, size_t done, double elapsed_s)
{
    return done <= before ? -1 : elapsed_s / (double)(done - before) * (double)(total - done);
}

void tn_progress_begin(struct tn_progress *progress, size_t total, size_t before)
{
    *progress = (struct tn_progress){.total = total, .before = before, .begun_us = tn_clock_us(), .terminal = isatty(STDERR_FILENO) != 0};
    progress->shown_us = progress->begun_us;
    progress->shown_tenths = total == 0 ? 0 : (unsigned)(10 * before / total);
    if (before > 0)
        fprintf(stderr, "%zu of %zu runs are done already\n", before, total);
}

static void put_left(double left)
{
    unsigned long s = left < 0 ? 0 : (unsigned long)(left + .999);

    if (left < 0)
        fputs("ETA --:--", stderr);
    else if (s >= 3600)
        fprintf(stderr, "ETA %lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(stderr, "ETA %02lu:%02lu", s / 60, s % 60);
}

static void draw(struct tn_progress *progress, size_t done)
{
    size_t full = progress->total == 0 ? BAR : done * BAR / progress->total;
    double left = tn_progress_left_s(progress->total, progress->before, done, (double)(tn_clock_us() - progress->begun_us) / 1e6);

    if (progress->terminal) {
        fputs("\r[", stderr);
        for (size_t i = 0; i < BAR; i++)
            fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
        fprintf(stderr, "] %zu/%zu  %zu %%  ", done, progress->total, progress->total == 0 ? 100 : 100 * done / progress->total);
        put_left(left);
        fputs("  ", stderr);
        progress->open = true;
    } else {
        fprintf(stderr, "%zu of %zu runs, %zu %%, ", done, progress->total, progress->total == 0 ? 100 : 100 * done / progress->total);
        put_left(left);
        fputc('\n', stderr);
    }
    fflush(stderr);
}

void tn_progress_show(struct tn_progress *progress, size_t done)
{
    uint64_t now = tn_clock_us();
    unsigned tenths = progress->total == 0 ? 10 : (unsigned)(10 * done / progress->total);

    if (progress->terminal ? now - progress->shown_us < EVERY_US : tenths == progress->shown_tenths && now - progress->shown_us < LINE_EVERY_US)
        return;
    progress->shown_us = now;
    progress->shown_tenths = tenths;
    draw(progress, done);
}

void tn_progress_end(struct tn_progress *progress, size_t done)
{
    if (progress->terminal)
        draw(progress, done);
    if (progress->open)
        fputc('\n', stderr);
    progress->open = false;
}
