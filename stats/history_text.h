/* history_text.h - history records as JSON, and filters from the texts that people write. Shared by the admin API and the
 * command line. */
#ifndef TN_STATS_HISTORY_TEXT_H
#define TN_STATS_HISTORY_TEXT_H

#include "base/json.h"
#include "stats/history.h"

/* Most records of one page. */
#define TN_HISTORY_PAGE_MAX UINT64_C(10000)

void tn_history_put_json(struct tn_json *json, const char *key, const struct tn_history_record *record);

/* One page as two members of an open object: KEY, the list of FILTER's records, and `before`, the id that the next page begins
 * with, where there may be one. *COUNT of records. Stops early when the buffer has failed. Errors as tn_history_query(). */
TN_MUST_USE enum tn_status tn_history_put_page(struct tn_json *json, const char *key, const struct tn_history *history,
                                               const struct tn_history_filter *filter, uint64_t *count, struct tn_error *err);

/* NAME is one of since, until, user, group, cluster, tag, outcome, text, id, before, limit. False: VALUE is wrong, and WHY says
 * what was expected. FILTER keeps VALUE's pointer for texts. NOW_US is the wall clock. */
enum { TN_HISTORY_WHY = 160 };
bool tn_history_filter_set(struct tn_history_filter *filter, const char *name, struct tn_str value, uint64_t now_us,
                           char why[TN_HISTORY_WHY]);

/* "90s", "1h", "7d": so long ago; "2026-11-26", "2026-11-26T01:02:03.5Z", "2026-11-26 01:02:03+02:00": that time, UTC unless
 * it says otherwise. False on anything else. */
bool tn_history_time_parse(struct tn_str text, uint64_t now_us, uint64_t *out);

#endif
