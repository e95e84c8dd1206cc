/* replay_report.h - what a replay came to, for people and as JSON. */
#ifndef TN_CLI_REPLAY_REPORT_H
#define TN_CLI_REPLAY_REPORT_H

#include "base/buf.h"
#include "tools/cli/replay_run.h"

void tn_replay_put_text(struct tn_buf *out, const struct tn_replay *replay, double max_p95_s);
void tn_replay_put_json(struct tn_buf *out, const struct tn_replay *replay); /* one object and a line feed */

#endif
