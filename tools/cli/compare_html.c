#include "tools/cli/compare_html.h"
void tn_compare_put_html(struct tn_buf *out, const struct tn_compare_report *report, const struct tn_compare_about *about)
{
    (void)report; (void)about; tn_buf_puts(out, "x");
}
