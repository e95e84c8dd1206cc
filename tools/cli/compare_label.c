#include "tools/cli/compare_label.h"

#include <math.h>

enum { STEP = 3, REST = -6 }; /* REST: where a name stands that nothing is in the way of */

struct box {
    double left, right, top, bottom;
};

static struct box box_of(const struct tn_label *label)
{
    double left = label->left ? label->x - TN_LABEL_GAP - label->width : label->x + TN_LABEL_GAP;

    return (struct box){left, left + label->width, label->base - TN_LABEL_ASCENT, label->base + TN_LABEL_DESCENT};
}

static bool overlap(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* Labels before PLACE have theirs. */
static bool free_place(const struct tn_label *labels, size_t count, size_t place, const struct tn_label_room *room)
{
    struct box mine = box_of(&labels[place]);

    if (mine.left < room->left || mine.right > room->right || mine.top < room->top || mine.bottom > room->bottom)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct box point = {labels[i].x - TN_LABEL_POINT, labels[i].x + TN_LABEL_POINT, labels[i].y - TN_LABEL_POINT, labels[i].y + TN_LABEL_POINT};
        struct box name = box_of(&labels[i]);

        if (overlap(&mine, &point) || (i < place && labels[i].shown && overlap(&mine, &name)))
            return false;
    }
    return true;
}

/* As near as may be, first towards the middle of the room. */
static void place_one(struct tn_label *labels, size_t count, size_t place, const struct tn_label_room *room)
{
    struct tn_label *label = &labels[place];
    bool             inward = label->x > room->left + (room->right - room->left) * .6;

    for (double away = 0; away <= room->bottom - room->top; away += STEP)
        for (int i = 0; i < 4; i++) {
            label->left = (i & 1) != 0 ? !inward : inward;
            label->base = label->y + REST + ((i & 2) != 0 ? away : -away);
            label->shown = free_place(labels, count, place, room);
            if (label->shown)
                return;
        }
}

void tn_labels_place(struct tn_label *labels, size_t count, const struct tn_label_room *room)
{
    for (size_t i = 0; i < count; i++)
        place_one(labels, count, i, room);
}
