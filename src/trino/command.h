/* command.h - statements of Trino that belong to the client's session, or ask for what every engine tells differently: read
 * from their text. A pure function; everything points into the text or lives in the arena. */
#ifndef TN_TRINO_COMMAND_H
#define TN_TRINO_COMMAND_H

#include "base/arena.h"
#include "base/status.h"

enum tn_trino_command_kind {
    TN_TRINO_ENGINES, /* none of ours */
#define COMMAND(name, update) TN_TRINO_##name,
#include "trino/command.def"
#undef COMMAND
};

struct tn_trino_command {
    enum tn_trino_command_kind kind;
    struct tn_str              name;      /* property, prepared statement, table, schema, role */
    struct tn_str              schema, catalog; /* before it; ptr NULL = not given */
    struct tn_str              value;     /* of SET SESSION, the name of TIME ZONE, of PATH, of the modes of START TRANSACTION */
    struct tn_str              statement; /* of PREPARE and EXECUTE IMMEDIATE */
    size_t                     statement_at; /* EXECUTE IMMEDIATE: byte of the text behind its quote */
    size_t                     argument_count;
    struct tn_str             *arguments; /* of USING: expressions, as written */
    struct tn_str              like, escape; /* ptr NULL = not given */
};

enum { TN_TRINO_ARGUMENTS = 32767 }; /* of EXECUTE: what engines take (TN_TRINO_PARAMS_MAX) */

const char *tn_trino_command_update_type(enum tn_trino_command_kind kind); /* "SET SESSION"; "" for what answers rows */

/* TEXT is one statement. TN_OK also when it is the engine's. TN_E_INVALID 42601 with the place: begun as one of ours and
 * does not go on so. TN_E_LIMIT 54000: too many arguments. TN_E_NOMEM. */
TN_MUST_USE enum tn_status tn_trino_command_read(struct tn_trino_command *out, struct tn_str text, struct tn_arena *arena,
                                                 struct tn_error *err);

#endif
