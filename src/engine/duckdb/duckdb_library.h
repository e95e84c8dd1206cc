/* duckdb_library.h - libduckdb, loaded at run time: where it is looked for and the table of its functions.
 *
 * Looked for, first file wins: $TURNOUT_LIBDUCKDB; libduckdb.so beside the program; the build's download cache (what
 * tools/fetch_duckdb fills); the system's. When the first found cannot be used (wrong version, function missing) that is
 * an error: it is not passed over in silence. Once loaded the library stays in the process, as its threads need it. */
#ifndef TN_ENGINE_DUCKDB_LIBRARY_H
#define TN_ENGINE_DUCKDB_LIBRARY_H

#include "base/status.h"
#include "base/str.h"
#include "engine/duckdb/duckdb_types.h"

#define TN_DUCKDB_VERSION "v1.5.5"

struct tn_duckdb_api {
#define FN(type, name, args) type(*name) args;
#include "engine/duckdb/duckdb_api.def"
#undef FN
    char path[4096]; /* the file it came from; extensions are looked for beside it */
};

/* Fills *API. TN_E_UNSUPPORTED when the library is missing or not the wanted version; ERR says where it was looked for
 * and how to get it. Any thread. */
TN_MUST_USE enum tn_status tn_duckdb_library_load(struct tn_duckdb_api *api, struct tn_error *err);

#endif
