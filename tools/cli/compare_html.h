/* compare_html.h - a comparison as one page: no scripts, no files besides it, charts as SVG in the page, light and dark. */
#ifndef TN_CLI_COMPARE_HTML_H
#define TN_CLI_COMPARE_HTML_H

#include "tools/cli/compare_text.h"

void tn_compare_put_html(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about);

/* TEXT for content and for quoted attributes: & < > " ' escaped, control characters as blanks, invalid UTF-8 as U+FFFD. */
void tn_html_put(struct tn_buf *out, struct tn_str text);

#endif
