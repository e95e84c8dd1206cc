/* adaptive.h - a query of a group whose strategy learns: its decision, the attempts of its plan, and what each of them taught.
 * Between the stages and policies/strategy/decide.h; lives in the query's arena. Worker's thread only.
 *
 *   choose: tn_adaptive_choose --> admit --> run: tn_adaptive_begin ... tn_adaptive_end --> record: tn_adaptive_finish
 *                 ^                                        | cut at its deadline, or failed before the first byte
 *                 `----------------------------------------' */
#ifndef TN_ADAPTIVE_H
#define TN_ADAPTIVE_H

#include "policies/strategy/decide.h"
#include "policies/strategy/strategy.h"
#include "query.h"

struct tn_adaptive {
    struct tn_query            *query;
    struct tn_group            *group;
    struct tn_shape_about       about;
    struct tn_decide_policy     policy;
    struct tn_decide_request    request;
    struct tn_decide_candidate *candidates; /* prices are the clusters', which the query's snapshot keeps */
    uint8_t                    *member;    /* of each candidate */
    bool                        acts;      /* the plan is followed; else the one attempt was chosen otherwise */
    size_t                      next;      /* attempt that comes next, or runs */
    bool                        running;
    bool                        cutting;   /* its deadline has passed: it was cancelled */
    bool                        dropped;   /* rows that came after that were thrown away: it cannot count as an answer any more */
    unsigned                    others;    /* of ours running there when it began */
    struct tn_cluster          *advised;   /* mode advise: what the plan would have taken */
    struct tn_cost              settled;   /* of its attempts so far */
    unsigned                    cuts;
    struct {
        uint8_t attempt;
        char    sqlstate[6];
    } refused[TN_PLAN_ATTEMPTS];           /* as tn_adaptive_refused() says */
    unsigned                    refused_count;
    ev_timer                    timer;
    struct tn_plan              plan;      /* last: large, and made by tn_decide() */
};

/* The group's strategy, or the one that the request names where the group allows it. */
enum tn_cfg_strategy tn_adaptive_strategy(const struct tn_group_conf *conf, struct tn_str hint);
bool                 tn_adaptive_learns(enum tn_cfg_strategy strategy);
void                 tn_adaptive_policy(struct tn_decide_policy *policy, const struct tn_group_conf *conf, enum tn_cfg_strategy strategy, bool frozen);
/* Members that may take it, as candidates; MEMBER gets their places in the group, all arrays TN_GROUP_MEMBERS long. Their number. */
size_t tn_adaptive_candidates(const struct tn_group *group, const struct tn_member_view *views, struct tn_decide_candidate *candidates, uint8_t *member);

bool   tn_adaptive_is_for_learning(const struct tn_query *q); /* a strategy that learns has a say in it */
bool   tn_adaptive_may_try(const struct tn_query *q); /* on another member: one plain read in autocommit */
bool   tn_adaptive_may_cut(const struct tn_query *q, const struct tn_group *group); /* and in the place of the client's own run */
double tn_adaptive_timeout_s(const struct tn_query *q, const struct tn_group *group); /* 0 = none */

/* Decides for Q in GROUP (or takes the next attempt of the plan) and sets cluster, reason and eligible. *ROOM: that member has a slot free;
 * else Q would have to wait for one. False: this group does not learn, or nobody may take it: the static way says what then. */
bool tn_adaptive_choose(struct tn_query *q, struct tn_group *group, const struct tn_choose_request *request, bool *room);
/* The static way has chosen q->cluster: its outcome is learned all the same. */
void tn_adaptive_observe(struct tn_query *q, struct tn_group *group, uint64_t now_us);

/* The statement starts on q->cluster. / Its first chunk is there: it is not cut any more. */
void tn_adaptive_begin(struct tn_query *q);
void tn_adaptive_answered(struct tn_query *q);
/* A chunk of an attempt that was cut already: not for the client, who will get the rows of the next attempt. */
bool tn_adaptive_drops(struct tn_query *q);
bool tn_adaptive_dropped(const struct tn_query *q); /* it happened in this attempt */
/* It ended, as q->run says. True: it was cut, and the next attempt of the plan is to be made. */
bool tn_adaptive_end(struct tn_query *q, bool breaker_was_open, bool breaker_opened);
/* Another member than the one that described the statement runs it. */
bool tn_adaptive_moved(const struct tn_query *q);
/* The attempt that just ended failed because this member cannot do the statement (a function or a table that is not there, a
 * syntax that is not its own, columns or parameters of other types than were described), and another member is left to ask.
 * That it cannot is remembered for a while, once another one could. */
bool tn_adaptive_refused(const struct tn_query *q);
/* A member's error says that it lacks a table, a function or a syntax, not that a value or a right was wrong. */
bool tn_adaptive_is_of_dialect(const struct tn_error *error);
bool tn_adaptive_tried(const struct tn_query *q, const struct tn_cluster *cluster); /* it failed with Q, or cannot do it */
bool tn_adaptive_has_next(const struct tn_query *q); /* another attempt of the plan is left */
void tn_adaptive_finish(struct tn_query *q); /* once, from record */

/* Fills in what a record keeps of the decision. Its reason is for people - "firstSight (class): sqlite-1@120,duckdb-1; 35.2 ms
 * expected" -, the other members hold the same for programs. Texts are in the query's arena. */
void tn_adaptive_record(struct tn_query *q, struct tn_history_record *record);

#endif
