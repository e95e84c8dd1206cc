/* trino_error.h - errors as Trino clients are told: the SQLSTATE as the nearest of Trino's own codes, the engine's text
 * unchanged with detail and hint behind it. */
#ifndef TN_FRONTEND_TRINO_ERROR_H
#define TN_FRONTEND_TRINO_ERROR_H

#include "base/json.h"
#include "frontend/trino/trino_place.h"

struct tn_trino_error {
    const char *name; /* "TABLE_NOT_FOUND" */
    int         code;
    const char *type; /* "USER_ERROR" */
};

/* A time-out is EXCEEDED_TIME_LIMIT, whatever its SQLSTATE. */
struct tn_trino_error tn_trino_error_of(const struct tn_error *err);

/* As the value of KEY. PLACE has the statement that err->position counts in. */
void tn_trino_put_error(struct tn_json *json, const char *key, const struct tn_error *err, const struct tn_trino_place *place);
/* Its `failureInfo` alone, as what is told of a query has it. */
void tn_trino_put_failure(struct tn_json *json, const struct tn_error *err);

#endif
