/* Panels: the input of a band of output rows, copied so that tiles read consecutive floats. */
#ifndef NET_CONV_COPY_H
#define NET_CONV_COPY_H

#include "conv_layer.h"

/* Every second float of `count`, and up to a vector more. */
NET_INLINE void conv_halve(float *to, const float *from, int count) {
    for (int x = 0; x < count; x += NET_WIDTH) store(to + x, every_second(from + 2 * x));
}

/* As conv_view, of an input whose margin holds the padding: whole vectors, what is beyond the rows is never used. */
static void conv_view_bordered(const struct conv *c, const float *map, int y0, int x0, int rows, float *to) {
    const float *from = map + (ptrdiff_t)(y0 - c->top) * c->in_row + (x0 - c->left);
    for (int r = 0; r < rows; r++, from += c->stride_y * c->in_row, to += c->line) {
        if (c->stride_x == 1)
            for (int x = 0; x < c->line; x += NET_WIDTH) store(to + x, load(from + x));
        else
            conv_halve(to, from, c->line);
    }
}

/* A view: every stride-th pixel of a row of the input, from padded pixel (y0, x0) on, c->border beyond its ends. Writes up
 * to a vector behind each row, where the next row follows or nothing. */
static void conv_view(const struct conv *c, const float *map, int y0, int x0, int rows, float *to) {
    int start = x0 - c->left, step = c->stride_x, y = y0 - c->top;
    int first = start < 0 ? NET_MIN((-start + step - 1) / step, c->line) : 0;
    int last = start < c->in_width ? NET_MIN((c->in_width - 1 - start) / step + 1, c->line) : 0;
    start += first * step;
    for (int r = 0; r < rows; r++, y += c->stride_y, to += c->line) {
        if (y < 0 || y >= c->in_height || last <= first) {
            for (int x = 0; x < c->line; x++) to[x] = c->border;
            continue;
        }
        const float *from = map + (ptrdiff_t)y * c->in_row + start;
        if (step == 1)
            for (int x = first; x < last; x += NET_WIDTH) store(to + x, load(from + x - first));
        else if (step == 2)
            conv_halve(to + first, from, last - first);
        else
            for (int x = first; x < last; x++) to[x] = from[(x - first) * step];
        for (int x = 0; x < first; x++) to[x] = c->border;
        for (int x = last; x < c->line; x++) to[x] = c->border;
    }
}

/* The panel of output rows [first, last): views of all input channels of a group. */
static void conv_copy(const struct conv *c, const struct conv_data *d, const float *in, int first, int last,
                      float *panel) {
    for (int i = 0; i < c->inputs; i++)
        for (int v = 0; v < c->num_views; v++)
            (c->bordered ? conv_view_bordered : conv_view)(
                c, in + (ptrdiff_t)i * c->in_plane + c->in_start, first * c->stride_y + d->views[2 * v],
                d->views[2 * v + 1], last - first + c->view_rows,
                panel + ((ptrdiff_t)i * c->num_views + v) * c->view_plane);
}

#endif
