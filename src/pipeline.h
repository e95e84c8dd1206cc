/* pipeline.h - walks a query through the stages of pipeline.def. One loop; a stage that waited is called again. Worker's
 * thread only. */
#ifndef TN_PIPELINE_H
#define TN_PIPELINE_H

#include "query.h"

/* Starts Q. Its events may come before this returns. */
void tn_pipeline_start(struct tn_query *q);
/* Goes on with Q after a wait. */
void tn_pipeline_resume(struct tn_query *q);

const char *tn_stage_name(enum tn_stage stage);

#endif
