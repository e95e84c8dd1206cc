/* compare_connect.h - connecting to the running Turnout, and commands on the connection, while a signal may come: libpq's own blocking
 * calls go on after one. Waits by poll() and looks at STOP ten times a second. */
#ifndef TN_TOOLS_CLI_COMPARE_CONNECT_H
#define TN_TOOLS_CLI_COMPARE_CONNECT_H

#include "base/status.h"

#include <libpq-fe.h>
#include <signal.h>

enum { TN_COMPARE_CONNECT_S = 10 };

/* To CONNINFO. TN_E_CANCELLED when STOP was set meanwhile, TN_E_CONNECTION with the reason when there is none within 10 s. *OUT is
 * the caller's to finish, also on an error; NULL = no memory. */
TN_MUST_USE enum tn_status tn_compare_connect(PGconn **out, const char *conninfo, const volatile sig_atomic_t *stop, struct tn_error *err);

/* Runs TEXT, whose rows do not matter. WHAT begins the message of an error. TN_E_CANCELLED as above: the connection is of no use then. */
TN_MUST_USE enum tn_status tn_compare_command(PGconn *conn, const char *text, const char *what, const volatile sig_atomic_t *stop,
                                              struct tn_error *err);

/* ERR: WHAT, and what CONN says. Always TN_E_CONNECTION. */
enum tn_status tn_compare_connection_lost(const PGconn *conn, const char *what, struct tn_error *err);

#endif
