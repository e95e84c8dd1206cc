#include "loop/mailbox.h"

#include <stddef.h>

int tn_mailbox_push(struct tn_mailbox *box, struct tn_message *message)
{
    struct tn_message *head = atomic_load_explicit(&box->head, memory_order_relaxed);

    do
        message->next = head;
    while (!atomic_compare_exchange_weak_explicit(&box->head, &head, message, memory_order_release,
                                                  memory_order_relaxed));
    return head == NULL;
}

struct tn_message *tn_mailbox_take(struct tn_mailbox *box)
{
    struct tn_message *newest = atomic_exchange_explicit(&box->head, NULL, memory_order_acquire);
    struct tn_message *oldest = NULL;

    while (newest != NULL) {
        struct tn_message *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}
