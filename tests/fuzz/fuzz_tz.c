/* Zone files and rules: whatever is in them, offsets can be asked for and stay below 27 hours, and a range that holds the
 * asked moment says the same for its ends. */
#include "base/tz.h"
#include "base/tz_rule.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void ask(const struct tn_tz *tz, int64_t unix_s)
{
    struct tn_tz_range range = TN_TZ_RANGE_INIT, again = TN_TZ_RANGE_INIT;
    int32_t            offset = tn_tz_offset(tz, unix_s, &range);

    require(offset > -27 * 3600 && offset < 27 * 3600);
    require(range.from <= unix_s && unix_s < range.until);
    require(tn_tz_offset(tz, unix_s, &range) == offset);
    if (range.from > -INT64_C(100000000000))
        require(tn_tz_offset(tz, range.from, &again) == offset);
    (void)tn_tz_local_offset(tz, unix_s);
}

static void ask_all(const struct tn_tz *tz)
{
    for (int64_t t = -INT64_C(10000000000); t < INT64_C(20000000000); t += INT64_C(777777777))
        ask(tz, t);
    (void)tn_tz_local_offset(tz, INT64_MAX);
    (void)tn_tz_local_offset(tz, INT64_MIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_tz_rule rule;
    struct tn_tz     *tz;

    if (tn_tz_parse(&tz, TN_STR("fuzz"), data, size, NULL) == TN_OK) {
        ask_all(tz);
        tn_tz_free(tz);
    }
    if (tn_tz_rule_parse(tn_str_n((const char *)data, size), &rule))
        for (int64_t t = 0; t < INT64_C(100000000); t += 1234567) {
            struct tn_tz_range range;

            tn_tz_rule_range(&rule, t, &range);
            require(range.from <= t && t < range.until);
        }
    return 0;
}
