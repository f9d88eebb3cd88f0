/* Dense layers on small maps: 32 outputs, eight quads, lie in vectors, and pixels take turns.
 *
 * A vector of pixels is three quarters full on a map of 7x7, and a quarter on one of 2x2. A list has the cells of eight
 * quads here, zeros too; its sums become cells where they are, a pixel's 32 at once. What such a layer adds (`add`) is
 * never where it writes, as pixels at the end of a map are computed twice. */
#ifndef NET_CELLS_WIDE_H
#define NET_CELLS_WIDE_H

#include "cells_write.h"

enum { CELLS_WIDE_QUADS = CELLS_WIDE_OUTPUTS / 4, CELLS_WIDE_PIXELS = 12 };
enum { CELLS_WIDE_MOST = 64 }; /* cells from the first of the pixels that take turns to behind the last */

#if NET_WIDTH > 1
typedef unsigned char cells_bytes __attribute__((vector_size(NET_WIDTH)));

/* A list's sums of one pixel as the cells of up to eight quads, a plane apart; `add` lies as `to` does. */
NET_INLINE void cells_wide_finish(const struct cells *c, const float *factors, const int32_t *sums, int quads,
                                  const cell *add, cell *to, const int adds, const int kind) {
    size_t plane = (size_t)c->conv.plane;
    for (int quad = 0; quad < quads; quad += NET_WIDTH / 4) {
        int last = NET_MIN(NET_WIDTH / 4, quads - quad);
        cell some[NET_WIDTH / 4] = {0};
        cells_bytes bytes;
        vec scale = load(factors + 4 * quad), steps = scale;
        if (adds) {
            for (int k = 0; k < last; k++) some[k] = add[(size_t)(quad + k) * plane];
            memcpy(&bytes, some, sizeof bytes);
            steps = floats_of(__builtin_convertvector(bytes, whole) - c->adds_zero);
        }
        whole ended = cells_ended(c, load_whole(sums + 4 * quad), scale, steps, adds, kind);
        bytes = __builtin_convertvector(ended, cells_bytes);
        memcpy(some, &bytes, sizeof bytes);
        for (int k = 0; k < last; k++) to[(size_t)(quad + k) * plane] = some[k];
    }
}

static void cells_wide_pixel(const struct cells *c, const float *factors, const int32_t *sums, int quads,
                             const cell *add, cell *to) {
    CELLS_FINISH(cells_wide_finish, c, factors, sums, quads, add, to)
}
#endif

/* The sums of a list's 32 outputs at one tile where they belong, as quads [low, last) of what the layer gives. */
static void cells_wide_put(const struct cells *c, const struct cells_data *d, const int32_t *sums, int low, int last,
                           const cell *add, cell *out, const struct conv_where *at) {
    const struct conv *v = &c->conv;
    int rows = c->at_once[0], pixels = c->at_once[1];
#if NET_WIDTH > 1
    if (!c->floats) {
        int y = at->start / v->line + at->band, x = at->start % v->line;
        ptrdiff_t first = (ptrdiff_t)low * v->plane + v->origin + (ptrdiff_t)y * v->row + x;
        for (int i = 0; i < rows * pixels; i++) {
            ptrdiff_t pixel = first + (ptrdiff_t)(i / pixels) * v->row + i % pixels;
            cells_wide_pixel(c, d->factors + 4 * low, sums + i * CELLS_WIDE_OUTPUTS, last - low, add ? add + pixel : NULL,
                             out + pixel);
        }
        return;
    }
#endif
    int width = at->vectors * NET_WIDTH;
    int32_t beside[4 * CELLS_WIDE_MOST] = {0}; /* of margins too, which are read and never used */
    for (int quad = low; quad < last; quad++) {
        for (int i = 0; i < rows * pixels; i++)
            for (int k = 0; k < 4; k++)
                beside[k * width + i / pixels * v->line + i % pixels] = sums[i * CELLS_WIDE_OUTPUTS + 4 * (quad - low) + k];
        cells_put(c, d, beside, quad, add, out, at);
    }
}

/* The same quads at every pixel of `height` rows, 32 outputs at once: `low` begins a list. */
static void cells_wide_quads(const struct cells *c, const struct cells_data *d, struct cells_stream s, const cell *x,
                             const cell *add, cell *out, const struct conv_share *mine) {
    const struct conv *v = &c->conv;
    int rows = c->at_once[0], pixels = c->at_once[1], height = mine->last - mine->first;
    int lanes = (rows - 1) * v->line + pixels, vectors = (lanes + NET_WIDTH - 1) / NET_WIDTH;
    int32_t sums[CELLS_WIDE_OUTPUTS * CELLS_WIDE_PIXELS];
    cells_skip(c, &s, mine->low / CELLS_WIDE_QUADS);
    for (int low = mine->low; low < mine->high; low += CELLS_WIDE_QUADS) {
        int list = low / CELLS_WIDE_QUADS, count = *s.counts++, last = NET_MIN(low + CELLS_WIDE_QUADS, v->rows);
        for (int y = 0; y < height; y += rows)
            for (int i = 0; i < v->width; i += pixels) { /* the last ones go back, so that they end where the map does */
                int start = NET_MIN(y, height - rows) * v->line + NET_MIN(i, v->width - pixels);
                struct conv_where at = {NULL, vectors, 0, mine->first, start, start + lanes};
                c->wide(x + start + (list % 2 ? v->far : 0), s.values, s.steps, count,
                        d->bias + list * CELLS_WIDE_OUTPUTS, v->line, sums);
                cells_wide_put(c, d, sums, low, last, add, out, &at);
            }
        s.values += (ptrdiff_t)count * CELLS_WIDE_OUTPUTS;
        s.steps += count;
    }
}

#endif
