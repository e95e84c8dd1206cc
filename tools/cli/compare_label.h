/* compare_label.h - where the names of points in a chart stand: beside their points, and where many are close together further up or
 * down, so that no name covers another or a point. Coordinates grow to the right and down, as in SVG. */
#ifndef TN_CLI_COMPARE_LABEL_H
#define TN_CLI_COMPARE_LABEL_H

#include <stdbool.h>
#include <stddef.h>

enum { TN_LABEL_ASCENT = 10, TN_LABEL_DESCENT = 3, TN_LABEL_POINT = 8, TN_LABEL_GAP = 12 };

struct tn_label {
    double x, y;      /* of the point; TN_LABEL_POINT is its radius */
    double width;     /* of the name */
    double base;      /* out: the line that the name stands on */
    bool   left;      /* out: it ends at x - TN_LABEL_GAP; else it begins at x + TN_LABEL_GAP */
    bool   shown;     /* out: false: there was no room */
};

/* Between LEFT and RIGHT, TOP and BOTTOM. */
struct tn_label_room {
    double left, right, top, bottom;
};

void tn_labels_place(struct tn_label *labels, size_t count, const struct tn_label_room *room);

#endif
