#include "base/spares.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif

void *tn_spares_take(struct tn_spares *spares)
{
    void *object = spares->first;

    if (object == NULL)
        return NULL;
    memcpy(&spares->first, object, sizeof spares->first);
    spares->count--;
    return object;
}

void tn_spares_give(struct tn_spares *spares, void *object, unsigned most)
{
#ifdef WATCHED
    most = 0;
#endif
    if (spares->count >= most) {
        tn_free(object);
        return;
    }
    memcpy(object, &spares->first, sizeof spares->first);
    spares->first = object;
    spares->count++;
}

void tn_spares_free(struct tn_spares *spares)
{
    void *object;

    while ((object = tn_spares_take(spares)) != NULL)
        tn_free(object);
}
