/* prometheus.h - writes the Prometheus text format 0.0.4: per family one HELP, one TYPE, then its samples. Label values are
 * escaped. Errors stick to the buffer. */
#ifndef TN_ADMIN_PROMETHEUS_H
#define TN_ADMIN_PROMETHEUS_H

#include "base/buf.h"
#include "stats/histogram.h"

struct tn_label {
    const char   *name;
    struct tn_str value;
};

struct tn_prometheus {
    struct tn_buf *buf;
    const char    *family; /* of the samples that follow: the whole name */
};

/* TYPE: "counter" (NAME ends in _total), "gauge" or "histogram". NAME lives until the next family. */
void tn_prometheus_family(struct tn_prometheus *p, const char *name, const char *type, const char *help);
void tn_prometheus_u64(struct tn_prometheus *p, const struct tn_label *labels, size_t count, uint64_t value);
void tn_prometheus_double(struct tn_prometheus *p, const struct tn_label *labels, size_t count, double value);
/* Buckets, sum in seconds and count of a histogram family; COUNT is at most 1 here. */
void tn_prometheus_histogram(struct tn_prometheus *p, const struct tn_label *labels, size_t count,
                             const struct tn_histogram_view *view);

/* A family with one sample and no labels. */
void tn_prometheus_one(struct tn_prometheus *p, const char *name, const char *type, const char *help, uint64_t value);

#endif
