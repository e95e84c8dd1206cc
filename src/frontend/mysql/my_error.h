/* my_error.h - errors as MySQL numbers them (table: my_error.def). Pure. */
#ifndef TN_FRONTEND_MY_ERROR_H
#define TN_FRONTEND_MY_ERROR_H

#include "base/status.h"

struct tn_my_error {
    uint16_t    code;
    const char *sqlstate;
};

/* The error number of MySQL that is nearest to SQLSTATE (five characters). */
struct tn_my_error tn_my_error_of(const char *sqlstate);

#endif
