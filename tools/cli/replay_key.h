/* replay_key.h - the key beside a stream, FILE.key.gz: on each line first the engine that is best before chance. For reports
 * only: no decision sees it. */
#ifndef TN_CLI_REPLAY_KEY_H
#define TN_CLI_REPLAY_KEY_H

#include "tools/cli/outcomes.h"

struct tn_replay_key;

/* NULL: there is none. */
struct tn_replay_key *tn_replay_key_open(const char *outcomes_path);
void                  tn_replay_key_close(struct tn_replay_key *key);
/* Sets line->oracle; -1 at its end, or where the engine is not in the line. */
void tn_replay_key_next(struct tn_replay_key *key, struct tn_outcome_line *line, const char (*names)[TN_OUTCOME_NAME]);

#endif
