/* fuzz_compare.c - what `turnout compare` makes of foreign bytes: statements lie in the file and in order, values have one form that
 * does not change when it is taken again, and no markup gets into the page. */
#include "tools/cli/compare_digest.h"
#include "tools/cli/compare_html.h"
#include "tools/cli/compare_script.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_script(struct tn_str text)
{
    struct tn_error  err = TN_ERROR_INIT;
    struct tn_script script;

    if (tn_script_parse(&script, "f.sql", text, true, &err) == TN_OK) {
        const char *end = script.text.data;

        for (size_t i = 0; i < script.count; i++) {
            if (script.statements[i].len == 0 || script.statements[i].ptr < end || script.statements[i].ptr + script.statements[i].len > script.text.data + script.text.len)
                abort();
            end = script.statements[i].ptr + script.statements[i].len;
        }
    }
    tn_script_reset(&script);
    tn_error_reset(&err);
}

static void check_value(struct tn_str text)
{
    char          once[128], twice[128];
    struct tn_str first = tn_digest_normal(text, false, once, sizeof once), second = tn_digest_normal(first, false, twice, sizeof twice);

    if (!tn_str_eq(first, second))
        abort();
}

static void check_page(struct tn_str text)
{
    struct tn_buf out;

    tn_buf_init(&out, 1 << 26);
    tn_html_put(&out, text);
    for (size_t i = 0; i < out.len; i++)
        if (strchr("<>\"'", out.data[i]) != NULL) /* NUL, too */
            abort();
    if (out.len > 0 && tn_utf8_valid_prefix(out.data, out.len) != out.len)
        abort();
    tn_buf_reset(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str text = tn_str_n((const char *)data, size);

    check_script(text);
    check_value(text);
    check_page(text);
    return 0;
}
