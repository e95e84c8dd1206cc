#include "frontend/mysql/my_error.h"

#include "base/str.h"

static const struct {
    struct tn_str      match;
    struct tn_my_error error;
} errors[] = {
#define ERROR(match, code, sqlstate) {{match, sizeof match - 1}, {code, sqlstate}},
#include "frontend/mysql/my_error.def"
#undef ERROR
};

struct tn_my_error tn_my_error_of(const char *sqlstate)
{
    size_t i = 0;

    while (!tn_str_starts(tn_str(sqlstate), errors[i].match)) /* the last row fits all */
        i++;
    return errors[i].error;
}
