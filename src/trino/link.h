/* link.h - links that outlive the program: where a relayed query runs is written into its links, so that a client goes on with
 * the one that it has after Turnout was started anew, or at another Turnout with the same key. Such a text cannot be made by
 * anybody else: a CMAC (RFC 4493, with AES-256) over what it says and what it stands for, with a key that is made of
 * frontends.trinoHttp.linkKey or else 32 random bytes in a file beside persistence.path. Whoever has it may go on with that
 * query and no other, as with Trino's own links. It also says whose query it is, since its requests need no log-in.
 *
 * The first byte of what is sealed is the format, and the CMAC is over its name, too. Links of the format before (2: no user) are opened;
 * any other is none of ours. */
#ifndef TN_TRINO_LINK_H
#define TN_TRINO_LINK_H

#include "trino/private.h"

enum { TN_TRINO_LINK_MAX = 4096 }; /* bytes of one as text */

enum tn_trino_link_kind { TN_TRINO_LINK_PAGE, TN_TRINO_LINK_STAGE, TN_TRINO_LINK_SEGMENT, TN_TRINO_LINK_DOWNLOAD, TN_TRINO_LINK_ACK };

struct tn_trino_link {
    enum tn_trino_link_kind kind;
    bool                    own_id;  /* the client knows the query by ID, not by Trino's */
    struct tn_str           cluster; /* DOWNLOAD, ACK: the segment (spool.h) */
    struct tn_str           user;    /* whose query or segment it is; PAGE, DOWNLOAD and ACK; empty: a link of the format before */
    struct tn_str           path;    /* at its coordinator; DOWNLOAD, ACK: empty */
    struct tn_str           id;      /* ours, of the query; PAGE and STAGE */
    uint64_t                token;   /* PAGE */
};

/* Reads or makes the key. Blocks. TN_E_IO: the file cannot be read or written. */
TN_MUST_USE enum tn_status tn_trino_link_key(struct tn_trino *trino, struct tn_error *err);

/* Makes a worker ready for links with trino->key, and undoes it. */
TN_MUST_USE enum tn_status tn_trino_link_arm(struct tn_trino_home *home, struct tn_error *err);
void tn_trino_link_disarm(struct tn_trino_home *home);

/* On HOME's worker. Letters, digits, - and _; false: no memory, too long, or a name with a line break (OUT is as it was). */
bool tn_trino_link_seal(struct tn_buf *out, struct tn_trino_home *home, const struct tn_trino_link *link);
/* kind, id and token of LINK are given; cluster, user and path are filled in, in ARENA. False: it is none of ours. */
bool tn_trino_link_open(struct tn_str sealed, struct tn_trino_home *home, struct tn_trino_link *link, struct tn_arena *arena);

#endif
