/* http_origin.h - did a browser send this on behalf of somebody else's page? For listeners where nobody has to log in, and for what a
 * browser's own credentials would open (Fetch Metadata; RFC 6454, section 7). */
#ifndef TN_NET_HTTP_ORIGIN_H
#define TN_NET_HTTP_ORIGIN_H

#include "net/http.h"

/* Is the Host a name of this machine? A web page could reach us under a name of its own that it points at 127.0.0.1. True without a
 * Host: HTTP/1.0, so no browser. */
bool tn_http_host_is_local(const struct tn_http_exchange *x);

/* Does it come from a browser at all, as far as that tells (all that can send a header of ours do)? */
bool tn_http_is_browser(const struct tn_http_exchange *x);
/* Does a browser say that it comes from a page of another site? */
bool tn_http_is_cross_site(const struct tn_http_exchange *x);

#endif
