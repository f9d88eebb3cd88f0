/* Where a convolution's sums go: the output's pixels, and the zeros around them. */
#ifndef NET_CONV_WRITE_H
#define NET_CONV_WRITE_H

#include "conv_layer.h"

#define CONV_NEAR 65536 /* floats of an output that the second cache keeps beside all else */

/* A run of pixels of one row: sums + add, activated. */
NET_INLINE void conv_finish_as(float *out, const float *sums, const float *add, int count, const int kind) {
    int i = 0;
    for (; i + NET_WIDTH <= count; i += NET_WIDTH) {
        vec v = load(sums + i);
        if (add) v += load(add + i);
        store(out + i, activated(v, kind));
    }
    if (i < count) {
        float rest[NET_WIDTH] = {0}, more[NET_WIDTH] = {0};
        memcpy(rest, sums + i, sizeof(float) * (size_t)(count - i));
        if (add) memcpy(more, add + i, sizeof(float) * (size_t)(count - i));
        store(rest, activated(load(rest) + load(more), kind));
        memcpy(out + i, rest, sizeof(float) * (size_t)(count - i));
    }
}

static void conv_finish(float *out, const float *sums, const float *add, int count, int kind) {
    switch (kind) {
    case NONE: conv_finish_as(out, sums, add, count, NONE); return;
    case RELU: conv_finish_as(out, sums, add, count, RELU); return;
    case RELU6: conv_finish_as(out, sums, add, count, RELU6); return;
    case SILU: conv_finish_as(out, sums, add, count, SILU); return;
    case HARDSWISH: conv_finish_as(out, sums, add, count, HARDSWISH); return;
    case HARDSIGMOID: conv_finish_as(out, sums, add, count, HARDSIGMOID); return;
    case GELU: conv_finish_as(out, sums, add, count, GELU); return;
    case GELU_TANH: conv_finish_as(out, sums, add, count, GELU_TANH); return;
    case TANH: conv_finish_as(out, sums, add, count, TANH); return;
    default: conv_finish_as(out, sums, add, count, SIGMOID); return;
    }
}

NET_INLINE void conv_fill(float *to, int count, float with) {
    for (int i = 0; i < count; i++) to[i] = with;
}

/* The zeros of a plane (c->margin) around the pixels [start, end), counted in rows of c->line. */
static void conv_margins(const struct conv *c, float *plane, int start, int end) {
    float *pixels = plane + c->origin;
    if (start == 0) conv_fill(plane, c->origin, c->margin);
    for (int y = start / c->line; y * c->line < end && c->row > c->width; y++)
        for (int x = c->width; x < c->row; x++) {
            int at = y * c->line + (c->flat ? x : c->width - 1); /* the part that writes there, or the row's last pixel */
            if (at >= start && at < end) pixels[y * c->row + x] = c->margin;
        }
    int rest = c->height * c->row, last = c->plane - c->origin;
#ifdef NET_LENGTH /* whole lines of a text: used() in ops.h */
    last = NET_MIN(last, (rest + 15) / 16 * 16);
#endif
    if (end == c->height * c->line) conv_fill(pixels + rest, last - rest, c->margin);
}

/* One tile: `vectors` vectors of the flat pixels [start, end) of the band that begins with output row `band`. */
struct conv_where {
    conv_tile *tile;
    int vectors, group, band, start, end;
};

/* Asks for what a tile's sums will be written to, and added to, so that it has come when they are made. */
NET_INLINE void conv_ask(const struct conv_ends *ends, int size, int vectors) {
    for (int b = 0; b < size; b++)
        for (int i = 0; i < vectors * NET_WIDTH; i += 16) {
            __builtin_prefetch(conv_plane(ends, ends->out, b, vectors) + i, 1);
            if (ends->add) __builtin_prefetch(conv_plane(ends, ends->add, b, vectors) + i);
        }
}

/* The sums of a row of channels at a tile, finished and put where the output's rows are. */
static void conv_write(const struct conv *c, const struct conv_data *d, const struct conv_where *at,
                       const float *sums, const float *add, float *out, int row) {
    for (int b = 0; b < c->size; b++) {
        int channel = d->order[((ptrdiff_t)at->group * c->rows + row) * c->size + b];
        if (channel == CONV_NOBODY) continue;
        channel += at->group * c->outputs;
        ptrdiff_t plane = (ptrdiff_t)channel * c->plane + c->origin;
        int y = at->start / c->line, x = at->start % c->line, from = at->start;
        while (from < at->end) {
            int next = NET_MIN(from + c->line - x, at->end), count = NET_MIN(next - from, c->width - x);
            ptrdiff_t to = plane + (ptrdiff_t)(at->band + y) * c->row + x;
            if (count > 0)
                conv_finish(out + to, sums + b * at->vectors * NET_WIDTH + (from - at->start), add ? add + to : NULL,
                            count, c->activation);
            from = next, x = 0, y++;
        }
    }
}

#endif
