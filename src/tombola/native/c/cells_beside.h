/* Pixels of fewer bytes than four as cells without a gap: what stems and patch embeddings read. */
#ifndef NET_CELLS_BESIDE_H
#define NET_CELLS_BESIDE_H

#include "cells_ops.h"

/* Bytes of cells that come from one pixel each: for the cell at 0 from that at `from`, for the next one `stride` behind it.
 * Only cells in [low, high) have such a pixel. */
struct cells_bytes {
    const cell *from;
    int low, high, first, byte; /* the pixel's byte `first` becomes the cell's byte `byte`: one of them is 0 */
    cell mask;
};

NET_INLINE cell cells_beside(const struct cells_bytes *of, const int count, int x, int stride, const int inside,
                             cell zeros) {
    cell found = 0;
    for (int i = 0; i < count; i++) {
        int outside = !inside && (x < of[i].low || x >= of[i].high);
        cell pixel = outside ? zeros : of[i].from[(ptrdiff_t)x * stride] >> 8 * of[i].first << 8 * of[i].byte;
        found |= pixel & of[i].mask;
    }
    return found;
}

/* A row of cells. Where all of their pixels are in the map a vector is made at a time, the last one going back over what
 * is there; the first of the `count` pixels that a cell has bytes of is the only one whose bytes go down. */
NET_INLINE void cells_beside_row(cell *to, int cells, const struct cells_bytes *of, const int count, const int stride,
                                 cell zeros) {
    int low = 0, high = cells;
    for (int i = 0; i < count; i++) low = NET_MAX(low, of[i].low), high = NET_MIN(high, of[i].high);
    int last = high - NET_WIDTH, vectors = NET_WIDTH > 1 && stride <= 2 && last >= low;
    for (int x = low; !vectors && x < high; x++) to[x] = cells_beside(of, count, x, stride, 1, zeros);
    for (int x = low; vectors && x < high; x += NET_WIDTH) {
        int at = NET_MIN(x, last);
        whole found = splat_whole(0);
        NET_UNROLL for (int i = 0; i < count; i++) {
            const cell *from = of[i].from + (ptrdiff_t)at * stride;
            whole pixel = stride == 1 ? load_whole(from) : bits_of(every_second((const float *)(const void *)from));
            pixel = i ? raised(pixel, 8 * of[i].byte) : lowered(pixel, 8 * of[i].first);
            found |= pixel & splat_whole((int32_t)of[i].mask);
        }
        store_whole(to + at, found);
    }
    for (int x = 0; x < NET_MIN(low, cells); x++) to[x] = cells_beside(of, count, x, stride, 0, zeros);
    for (int x = NET_MAX(low, high); x < cells; x++) to[x] = cells_beside(of, count, x, stride, 0, zeros);
}

/* The pixels that a cell has bytes of, which are 2 or 4, in a map of o->in.channels; `at`: the cell's first byte. */
NET_INLINE int cells_pixels(const struct plain *o, const cell *plane, int at, struct cells_bytes *of) {
    int count = 0, channels = o->in.channels, stride = o->stride[1];
    for (int byte = 0, bytes; byte < 4; byte += bytes, count++) {
        int first = (at + byte) % channels, x = (at + byte) / channels - o->before[1];
        bytes = NET_MIN(4 - byte, channels - first);
        of[count] = (struct cells_bytes){plane + x, x < 0 ? (-x + stride - 1) / stride : 0,
                                         x < o->in.width ? (o->in.width - 1 - x) / stride + 1 : 0, first, byte,
                                         (((cell)1 << 8 * bytes) - 1) << 8 * byte};
    }
    return count;
}

/* Pixels of fewer bytes than four side by side: o->kernel[1] cells from each place on, in each of o->kernel[0] rows. */
static void op_side_by_side(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *i = &o->in, *m = &o->out;
    cell zeros = cells_of(o->counts);
    int stride = o->stride[1];
    FOR_MY_CHANNELS(c, m->channels) {
        struct cells_bytes of[4];
        cell *plane = (cell *)out + (size_t)c * m->plane;
        int count = cells_pixels(o, (const cell *)in + i->origin, c % o->kernel[1] * 4, of), before = 0;
        cells_margins(plane, m, zeros);
        for (int y = 0; y < m->height; y++) {
            int row = y * o->stride[0] + c / o->kernel[1] - o->before[0];
            cell *to = plane + m->origin + y * m->row;
            if (row < 0 || row >= i->height) {
                for (int x = 0; x < m->width; x++) to[x] = zeros;
                continue;
            }
            for (int k = 0; k < count; k++) of[k].from += (ptrdiff_t)(row - before) * i->row;
            before = row;
            if (stride == 1 && count == 2) cells_beside_row(to, m->width, of, 2, 1, zeros);
            else if (stride == 1) cells_beside_row(to, m->width, of, 4, 1, zeros);
            else if (stride == 2 && count == 2) cells_beside_row(to, m->width, of, 2, 2, zeros);
            else if (stride == 2) cells_beside_row(to, m->width, of, 4, 2, zeros);
            else if (count == 2) cells_beside_row(to, m->width, of, 2, stride, zeros);
            else cells_beside_row(to, m->width, of, 4, stride, zeros);
        }
    }
}

#endif
