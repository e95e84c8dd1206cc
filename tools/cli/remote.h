/* remote.h - asks the admin API of a running Turnout. */
#ifndef TN_CLI_REMOTE_H
#define TN_CLI_REMOTE_H

#include "tools/cli/cli.h"

#include <cjson/cJSON.h>

/* The options that every command with a remote has. */
#define TN_CLI_REMOTE_OPTIONS                                                                                         \
    {"admin", "URL", "address of the admin API (default: $TURNOUT_ADMIN, else http://127.0.0.1:7000)"},               \
        {"user", "NAME", "its user (default: $TURNOUT_ADMIN_USER); password: $TURNOUT_ADMIN_PASSWORD, else asked for"}, \
    {"ca", "FILE", "https: authorities to believe, PEM (default: $TURNOUT_ADMIN_CA, else the system's)"}

struct tn_cli_reply {
    long          status; /* HTTP */
    struct tn_buf body;
    cJSON        *json;   /* NULL when the body is none */
};

/* METHOD and PATH ("/admin/status"). TN_CLI_OK: there is an answer, of any status; otherwise the error was printed. REPLY
 * must be ended with tn_cli_reply_reset() in any case. */
int  tn_cli_call(struct tn_cli *cli, const char *method, const char *path, struct tn_cli_reply *reply);
/* The same with BODY as text. */
int  tn_cli_send(struct tn_cli *cli, const char *method, const char *path, struct tn_str body, struct tn_cli_reply *reply);
void tn_cli_reply_reset(struct tn_cli_reply *reply);

/* Complains of a status other than 200 in the server's own words; TN_CLI_FAILED, or TN_CLI_OK when it was 200 with JSON. */
int tn_cli_check_reply(const struct tn_cli_reply *reply);

/* Members of an object, whatever is there. */
struct tn_str tn_cli_json_str(const cJSON *object, const char *key); /* empty when absent */
double        tn_cli_json_number(const cJSON *object, const char *key);
bool          tn_cli_json_bool(const cJSON *object, const char *key);

/* TEXT percent-coded as one segment of a path. */
void tn_cli_put_segment(struct tn_buf *out, const char *text);

#endif
