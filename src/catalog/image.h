/* image.h - PostgreSQL's catalog of one cluster of another kind: a DuckDB database in memory, made of what the cluster's engine told of its
 * tables (engine/told.def) by catalog.def, and a group of its own for statements that are run there. Counted; any thread.
 *
 * A server keeps a few, so that a tool's many questions need one. An image counts for TN_CATALOG_FRESH_US, unless a statement through us defined
 * something there meanwhile; then the engine is asked again, and where it tells the same, the image stays. */
#ifndef TN_CATALOG_IMAGE_H
#define TN_CATALOG_IMAGE_H

#include "base/buf.h"
#include "catalog/catalog.h"
#include "server.h"

#include <stdatomic.h>

#define TN_CATALOG_FRESH_US UINT64_C(2000000)
enum { TN_CATALOG_IMAGES = 8, TN_CATALOG_MEMORY = 512 * 1024 * 1024 }; /* kept at most; of each, in bytes */

struct tn_catalog_image;

/* Of what, as the engine told it. */
struct tn_catalog_source {
    struct tn_cluster *cluster;
    struct tn_str      database;    /* as the client calls it */
    struct tn_str      version, settings; /* what version() says; rows of name and value */
    unsigned           definitions; /* cluster->definitions before it was asked */
    const atomic_bool *stop;        /* nobody wants it any more */
    uint64_t           deadline_us; /* by the clock of now_us; 0 = none */
    struct tn_str      rows[TN_CATALOG_CORES]; /* rows end with 0x1e, values with 0x1f; a value of 0x1d alone is NULL */
};

/* Makes SERVER's; it ends with the server. Before any session begins. */
TN_MUST_USE enum tn_status tn_catalog_open(struct tn_server *server, struct tn_error *err);

/* The one that counts now for SOURCE's cluster and database, with a reference; NULL: there is none. */
struct tn_catalog_image *tn_catalog_fresh(struct tn_catalog *catalog, const struct tn_catalog_source *source, uint64_t now_us);
/* The one that SOURCE tells: as it was, or a new one; it is kept. Blocks. TN_AGAIN: another is being made,
 * which is one at a time, whoever asks; TN_E_CANCELLED, TN_E_TIMEOUT: SOURCE's stop and deadline; TN_E_NOT_FOUND: there is no libduckdb here. */
TN_MUST_USE enum tn_status tn_catalog_image(struct tn_catalog *catalog, const struct tn_catalog_source *source, uint64_t now_us, struct tn_catalog_image **out,
                                            struct tn_error *err);
struct tn_group         *tn_catalog_group(struct tn_catalog_image *image); /* its statements run there */
struct tn_catalog_image *tn_catalog_image_ref(struct tn_catalog_image *image);
void                     tn_catalog_image_unref(struct tn_catalog_image *image); /* NULL is fine */

#endif
