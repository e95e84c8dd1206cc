/* access.h - what a user may not do, whatever the routers say. Inside policies/route. */
#ifndef TN_POLICIES_ROUTE_ACCESS_H
#define TN_POLICIES_ROUTE_ACCESS_H

#include "policies/route/route.h"

/* No hint was given, or the user may give some. */
bool tn_access_may_hint(const struct tn_config *config, const struct tn_route_context *context);
/* OUT becomes a refusal (42501); HINT is static. False: no memory for its message. */
TN_MUST_USE bool tn_access_deny(struct tn_route_result *out, struct tn_arena *arena, const char *hint, const char *fmt, ...) TN_PRINTF(4, 5);

#endif
