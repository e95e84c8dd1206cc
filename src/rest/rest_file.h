/* rest_file.h - the files of kept results. */
#ifndef TN_REST_FILE_H
#define TN_REST_FILE_H

#include "rest/private.h"
#include "spool/spool_file.h"

enum { TN_REST_BLOCK_MAGIC = 0x74726f77 };

/* Stands before the rows of a block in ID.rows; in this machine's byte order. */
struct tn_rest_block {
    uint32_t magic, rows;
    uint64_t bytes;
};

/* Begins what ID.json holds behind the document: ours alone. */
#define TN_REST_OWN_MEMBERS ",\"turnout\":{"

#endif
