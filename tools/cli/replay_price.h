/* replay_price.h - the price lists behind the bills of a file of outcomes: by second, by byte with a least bill, or by query,
 * whichever explains an engine's bills best. A price list is no outcome: the server has it from its configuration. */
#ifndef TN_CLI_REPLAY_PRICE_H
#define TN_CLI_REPLAY_PRICE_H

#include "tools/cli/outcomes.h"
#include "stats/price.h"

struct tn_price_guesses {
    size_t count;
    struct {
        char            name[TN_OUTCOME_NAME];
        struct tn_price price;
    } list[TN_OUTCOME_ENGINES];
};

/* Reads the whole file. */
TN_MUST_USE enum tn_status tn_price_guess(struct tn_price_guesses *out, const char *path, struct tn_error *err);
bool tn_price_guessed(const struct tn_price_guesses *guesses, const char *engine, struct tn_price *out);

/* Of COUNT bills (micro-dollars > 0) for SECONDS (> 0) and BYTES (<= 0 = not known). Reorders the arrays. */
struct tn_bill_seen {
    double usd, seconds, bytes;
};
void tn_price_fit(struct tn_price *out, struct tn_bill_seen *bills, size_t count);

#endif
