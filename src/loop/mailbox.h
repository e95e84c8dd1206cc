/* mailbox.h - messages from any thread to one worker.
 *
 * A message is a node inside an object of the sender's, so posting never allocates and never fails: what is in the
 * box is bounded by the objects that exist. A message may be posted again only after it has run. */
#ifndef TN_LOOP_MAILBOX_H
#define TN_LOOP_MAILBOX_H

#include <stdatomic.h>

struct tn_worker;
struct tn_message;

typedef void (*tn_message_fn)(struct tn_message *message, struct tn_worker *worker);

struct tn_message {
    struct tn_message *next;
    tn_message_fn      run; /* on the worker's thread; may free the object that holds the message */
};

struct tn_mailbox {
    _Atomic(struct tn_message *) head; /* newest first */
};

/* Any thread. True when the box was empty, so that the worker must be woken. */
int tn_mailbox_push(struct tn_mailbox *box, struct tn_message *message);
/* Owner only: all messages, oldest first. */
struct tn_message *tn_mailbox_take(struct tn_mailbox *box);

#endif
