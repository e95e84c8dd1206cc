/* Statements about PostgreSQL's catalog, on any bytes: whether they are that, and what becomes of them, which is not much longer than they are
 * and the same each time. */
#include "catalog/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static struct tn_str setting(const void *arg, struct tn_str name)
{
    (void)arg;
    return tn_str_ieq_c(name, "timezone") ? TN_STR("Europe/It's") : tn_str_n(NULL, 0);
}

static const struct tn_catalog_self self = {.user = {"o'user", 6}, .database = {"d\"b'", 4}, .pid = 7, .setting = setting};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_str      sql = tn_str_n((const char *)data, size);
    struct tn_features features;
    struct tn_buf      first, second;
    bool               took;

    tn_features_read(&features, sql, TN_DIALECT_POSTGRES);
    if (tn_catalog_speaks(sql, &features))
        must(features.class == TN_CLASS_READ);
    tn_buf_init(&first, (size_t)1 << 24);
    tn_buf_init(&second, size / 2); /* it may end anywhere */
    took = tn_catalog_text(sql, &self, &first);
    must(tn_catalog_text(sql, &self, &second) == took || second.failed);
    must(second.failed || tn_str_eq(tn_buf_str(&first), tn_buf_str(&second)));
    must(!took || (!first.failed && first.len <= 64 * (size + 1)));
    tn_buf_reset(&first);
    tn_buf_reset(&second);
    return 0;
}
