/* pipeline.h - walks a query through the stages of pipeline.def. One loop; a stage that waited is called again. Worker's
 * thread only. */
#ifndef TN_PIPELINE_H
#define TN_PIPELINE_H

#include "query.h"

/* Starts Q. Its events may come before this returns. */
void tn_pipeline_start(struct tn_query *q);
/* Q runs elsewhere already, at q->cluster for q->group and as q->route says: it is at stage run from now on, with the group's time limit
 * before it. Its owner sets stage record and resumes it when it is over; a cancel ends it at once. */
void tn_pipeline_join(struct tn_query *q);
/* Goes on with Q after a wait. */
void tn_pipeline_resume(struct tn_query *q);

void tn_pipeline_cancel_error(struct tn_error *err, enum tn_cancel why); /* what the client of a query is told that was cancelled; not NONE */
const char *tn_stage_name(enum tn_stage stage);

#endif
