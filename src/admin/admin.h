/* admin.h - health, metrics and the admin API over HTTP (adminApi in the configuration). Every path is one line of
 * endpoints.def. Public: health, readiness, metrics; the rest asks for HTTP Basic credentials when adminApi.username is set,
 * and off loopback they must be set. */
#ifndef TN_ADMIN_ADMIN_H
#define TN_ADMIN_ADMIN_H

#include "server.h"

struct tn_admin;

/* Listens as SERVER's present configuration says; *OUT is NULL and the answer TN_OK when adminApi.enabled is false. Main
 * thread, workers running or not. TN_E_DENIED: off loopback without credentials; TN_E_IO: the address cannot be had. */
TN_MUST_USE enum tn_status tn_admin_open(struct tn_admin **out, struct tn_server *server, struct tn_error *err);
uint16_t tn_admin_port(const struct tn_admin *admin);
/* No new connections. Any thread; once; to be called last, so that /readyz can say that the program is stopping. */
void tn_admin_stop(struct tn_admin *admin);
/* Main thread, when the workers have been joined and before tn_server_free(). NULL is fine. */
void tn_admin_close(struct tn_admin *admin);

#endif
