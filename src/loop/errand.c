#include "loop/errand.h"

static void on_there(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_errand *errand = TN_CONTAINER_OF(message, struct tn_errand, message);

    (void)worker;
    errand->go(errand);
}

static void on_home(struct tn_message *message, struct tn_worker *worker)
{
    struct tn_errand *errand = TN_CONTAINER_OF(message, struct tn_errand, message);

    (void)worker;
    errand->back(errand);
}

void tn_errand_send(struct tn_errand *errand, struct tn_worker *home, struct tn_worker *there)
{
    errand->home = home;
    errand->there = there;
    errand->message.run = on_there;
    if (home == there)
        errand->go(errand);
    else
        tn_worker_post(there, &errand->message);
}

void tn_errand_return(struct tn_errand *errand)
{
    errand->message.run = on_home;
    if (errand->home == errand->there)
        errand->back(errand);
    else
        tn_worker_post(errand->home, &errand->message);
}
