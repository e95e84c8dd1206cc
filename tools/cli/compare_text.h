/* compare_text.h - a comparison as text: tables for people, JSON and CSV for programs, outcomes for `turnout replay`. */
#ifndef TN_CLI_COMPARE_TEXT_H
#define TN_CLI_COMPARE_TEXT_H

#include "base/buf.h"
#include "tools/cli/compare_figures.h"

/* What stands around the figures. */
struct tn_compare_about {
    const char   *source;  /* "a fresh run of q.sql: 3 repeats, ..." */
    const char   *about;   /* a second line, or NULL: what is missing */
    bool          partial; /* interrupted */
    size_t        done, planned; /* of a fresh run: items; 0 = from history */
    size_t        skipped;
    struct tn_str notes;   /* lines: what the reader should know */
};

enum { TN_COMPARE_SHAPES_SHOWN = 30 };

void tn_compare_put_text(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about);
void tn_compare_put_json(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about);
void tn_compare_put_csv(struct tn_buf *out, const struct tn_compare_report *report);

/* JSON Lines as `turnout replay --outcomes` reads them: a line for each time that a query was run, with what each engine made of it.
 * From history a line has one engine. */
void tn_compare_put_outcomes(struct tn_buf *out, const struct tn_compare *compare);

/* One warning as a sentence, without the text of the query. */
void tn_compare_warning_text(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_answer_warning *warning);

/* Queries that money is told for: a million where one costs less than a tenth of a cent everywhere, else one. */
double      tn_compare_money_unit(const struct tn_compare_report *report);
const char *tn_compare_money_name(const struct tn_compare_report *report); /* "million queries" or "query" */

/* "1.25 ms" and the like: three digits, ms or s. */
void tn_compare_format_ms(char *out, size_t size, double ms);
void tn_compare_format_usd(char *out, size_t size, double usd);
void tn_compare_format_bytes(char *out, size_t size, double bytes);

#endif
