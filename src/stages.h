/* stages.h - the functions behind pipeline.def, one file each. Only pipeline.c calls them, in its order. */
#ifndef TN_STAGES_H
#define TN_STAGES_H

#include "query.h"

enum tn_step tn_stage_choose(struct tn_query *q);
enum tn_step tn_stage_admit(struct tn_query *q);
enum tn_step tn_stage_translate(struct tn_query *q);
enum tn_step tn_stage_run(struct tn_query *q);
enum tn_step tn_stage_record(struct tn_query *q);

/* Leaves whatever wait of its stage Q is in, because it was cancelled. */
void tn_stage_admit_abandon(struct tn_query *q);
void tn_stage_translate_abandon(struct tn_query *q);
void tn_stage_run_abandon(struct tn_query *q);

#endif
