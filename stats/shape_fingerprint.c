#include "stats/shape_scan.h"

#include <pg_query.h>

bool tn_shape_fingerprint(const char *sql, uint64_t *out)
{
    PgQueryFingerprintResult result = pg_query_fingerprint(sql);
    bool                     ok = result.error == NULL;

    *out = result.fingerprint;
    pg_query_free_fingerprint_result(result);
    return ok;
}
