/* rest_file.h - the files of kept results. */
#ifndef TN_REST_FILE_H
#define TN_REST_FILE_H

#include "rest/private.h"

enum { TN_REST_BLOCK_MAGIC = 0x74726f77 };

/* Stands before the rows of a block in ID.rows; in this machine's byte order. */
struct tn_rest_block {
    uint32_t magic, rows;
    uint64_t bytes;
};

/* Begins what ID.json holds behind the document: ours alone. */
#define TN_REST_OWN_MEMBERS ",\"turnout\":{"

/* TEXT as file PATH, whole or not at all, by way of TEMPORARY; an errno, 0 = done. */
int tn_rest_file_write(const char *temporary, const char *path, struct tn_str text);
/* The whole file into OUT, at most out->max; an errno, 0 = done. */
int tn_rest_file_read(const char *path, struct tn_buf *out);

#endif
