/* Convolutions of one image, over lists of the weights that survived.
 *
 *   static void conv_run(const struct conv *c, const struct conv_data *d, const float *in, const float *add,
 *                        float *out, float *scratch, int part, int parts);
 *
 * computes part `part` of `parts` of one image: out = activation(conv(in) + bias + add). `in`, `add` (or NULL) and
 * `out` point to the first float of a map's first plane (native/layout.py says where a pixel stands); `add` lies as
 * `out` does and may be `out`. Every float of the output's planes is written by some part, zeros in the margins too,
 * and none by two parts; parts need no order and no barrier between them. `scratch` is this part's own memory:
 * c->scratch floats, at 64 bytes; nothing is remembered in it.
 *
 *   static void conv_decode(const struct conv *c, const struct conv_data *d, const void *stored, int kind,
 *                           const float *scales, float *values);
 *
 * writes the floats of the stream from what a file holds: kind 0 float32, 1 float16, 2 int8 with one scale an output
 * channel (NULL for the other kinds).
 *
 * How it works. The output of a band of rows is one flat range, cut into tiles of c->vectors vectors. For each tile, for
 * each block of input channels (so many as the first cache holds), for each group of B output channels, a register
 * tile of B x vectors sums goes once over the group's survivors: a survivor is a distance to go in the input (`steps`)
 * and B weights; every second group goes through the block from its end. The input is the map itself (stride 1), or a panel: a copy of the band's rows in which each view
 * holds every stride-th pixel, shifted so that a tile reads consecutive floats.
 *
 * A translation unit names the register tiles it needs, one line each, after this file is included:
 * CONV_TILE(B, T16, T8, T4, T1), T vectors of B channels where vectors have 16, 8, 4 or 1 floats.
 */
#ifndef NET_CONV_H
#define NET_CONV_H

#include "conv_copy.h"
#include "conv_layer.h"
#include "conv_write.h"
#include "halves.h"

#define CONV_VISIT 4 /* survivors that a group costs beside its own */

/* Where a row of channels begins in the streams of a group. */
struct conv_stream {
    const float *values;
    const int16_t *steps;
    const uint16_t *counts;
};

NET_INLINE void conv_skip(const struct conv *c, struct conv_stream *s, int rows) {
    size_t sum = 0;
    for (int i = 0; i < rows; i++) sum += s->counts[i];
    s->values += sum * (size_t)c->size;
    s->steps += sum;
    s->counts += rows;
}

/* The rows [low, high) of a group's channels at one tile. */
static void conv_tile_rows(const struct conv *c, const struct conv_data *d, struct conv_stream s, const float *x,
                           const float *add, float *out, float *sums, int low, int high,
                           const struct conv_where *at) {
    ptrdiff_t first = (ptrdiff_t)at->group * c->outputs * c->plane + c->origin + (ptrdiff_t)at->band * c->row + at->start;
    ptrdiff_t own = (ptrdiff_t)at->group * c->rows;
    struct conv_ends ends = {.out = out + first, .add = add ? add + first : NULL, .plane = c->plane,
                             .floats = at->end - at->start, .activation = c->activation};
    int before = at->band * c->line; /* below the last row a plane has room for what becomes zero later */
    if (before + at->end == c->height * c->line) ends.floats = c->plane - c->origin - before - at->start;
    int floats = c->size * c->vectors * NET_WIDTH;
    ptrdiff_t step = (ptrdiff_t)c->channels * (c->panel ? c->num_views * c->view_plane : c->in_plane);
    for (int k = 0; k < c->blocks; k++, x += step) {
        conv_skip(c, &s, low);
        ends.first = k == 0;
        ends.last = c->flat && k == c->blocks - 1;
        for (int row = low; row < high; row++) {
            ends.sums = sums + (c->blocks > 1 ? (ptrdiff_t)(row - low) * floats : 0);
            ends.bias = d->bias + (own + row) * c->size, ends.order = d->order + (own + row) * c->size;
            int count = *s.counts++;
            if (ends.last && (ptrdiff_t)c->outputs * c->plane > CONV_NEAR) conv_ask(&ends, c->size, at->vectors);
            at->tile(x + (row % 2 ? c->far : 0), s.values, s.steps, count, &ends);
            s.values += (ptrdiff_t)count * c->size;
            s.steps += count;
            if (!c->flat && k == c->blocks - 1) conv_write(c, d, at, ends.sums, add, out, row);
        }
        if (high < c->rows) conv_skip(c, &s, c->rows - high);
    }
}

/* What one part computes of a group: rows [low, high) of its channels, output rows [first, last), and of their tiles
 * those of share `part` of `parts`. */
struct conv_share {
    int group, low, high, first, last, part, parts;
};

static void conv_group(const struct conv *c, const struct conv_data *d, struct conv_stream s, const float *in,
                       const float *add, float *out, float *scratch, const struct conv_share *mine) {
    const float *map = in + (ptrdiff_t)mine->group * c->inputs * c->in_plane;
    const float *x = map + c->in_start + (ptrdiff_t)mine->first * c->line;
    if (c->panel) {
        float *panel = scratch + (c->blocks > 1 ? c->rows : 1) * c->size * c->vectors * NET_WIDTH;
        conv_copy(c, d, map, mine->first, mine->last, panel);
        x = panel;
    }
    int flat = (mine->last - mine->first) * c->line, vectors = (flat + NET_WIDTH - 1) / NET_WIDTH;
    int tiles = (vectors + c->vectors - 1) / c->vectors, fewer = NET_MIN(tiles, tiles * c->vectors - vectors);
    int from = tiles * mine->part / mine->parts, to = tiles * (mine->part + 1) / mine->parts, start = 0, begin = 0;
    for (int i = 0; i < to && start < flat; i++) {
        int less = c->vectors > 1 && i >= tiles - fewer, wide = c->vectors - less;
        int end = NET_MIN(start + wide * NET_WIDTH, flat);
        if (i == from) begin = start;
        if (i >= from) {
            struct conv_where at = {less ? c->less : c->tile, wide, mine->group, mine->first, start, end};
            conv_tile_rows(c, d, s, x + start, add, out, scratch, mine->low, mine->high, &at);
        }
        start = end;
    }
    int before = mine->first * c->line;
    for (int i = mine->low * c->size; i < mine->high * c->size && from < to; i++) {
        int channel = d->order[(ptrdiff_t)mine->group * c->rows * c->size + i];
        if (channel == CONV_NOBODY) continue;
        float *plane = out + ((ptrdiff_t)mine->group * c->outputs + channel) * c->plane;
        conv_margins(c, plane, before + begin, before + start);
    }
}

/* The row of channels at which share `part` of `parts` of one group's work begins. */
static int conv_boundary(const struct conv *c, const struct conv_data *d, int part, int parts) {
    if (part == 0 || part == parts || c->groups > 1) return (int)((int64_t)c->groups * c->rows * part / parts);
    int64_t all = 0, before = 0;
    for (int i = 0; i < c->blocks * c->rows; i++) all += d->counts[i] + CONV_VISIT;
    for (int row = 0; row < c->rows; row++) {
        if (before * parts >= all * part) return row;
        for (int k = 0; k < c->blocks; k++) before += d->counts[k * c->rows + row] + CONV_VISIT;
    }
    return c->rows;
}

/* Parts share the channels, or the tiles of the map, or the bands of rows that are copied together. */
__attribute__((unused)) static void conv_run(const struct conv *c, const struct conv_data *d, const float *in,
                                             const float *add, float *out, float *scratch, int part, int parts) {
    struct conv_stream s = {d->values, d->steps, d->counts};
    int tiles = !c->by_rows && !c->panel, band = tiles ? c->height : c->band;
    int units = (c->height + band - 1) / band;
    int low = (int)((int64_t)units * part / parts), high = (int)((int64_t)units * (part + 1) / parts);
    if (tiles) low = 0, high = 1;
    if (c->by_rows) low = conv_boundary(c, d, part, parts), high = conv_boundary(c, d, part + 1, parts);
    for (int group = 0; group < c->groups; group++) {
        struct conv_share mine = {group, 0, c->rows, 0, c->height, tiles ? part : 0, tiles ? parts : 1};
        int from = low * band, end = NET_MIN(high * band, c->height);
        if (c->by_rows) {
            mine.low = NET_MAX(low - group * c->rows, 0), mine.high = NET_MIN(high - group * c->rows, c->rows);
            from = 0, end = mine.low < mine.high ? c->height : 0;
        }
        for (mine.first = from; mine.first < end; mine.first = mine.last) {
            mine.last = NET_MIN(mine.first + band, end);
            conv_group(c, d, s, in, add, out, scratch, &mine);
        }
        conv_skip(c, &s, c->blocks * c->rows);
    }
}

__attribute__((unused)) static void conv_decode(const struct conv *c, const struct conv_data *d, const void *stored,
                                                int kind, const float *scales, float *values) {
    size_t at = 0;
    for (int group = 0; group < c->groups; group++)
        for (int k = 0; k < c->blocks; k++)
            for (int row = 0; row < c->rows; row++) {
                size_t count = d->counts[((size_t)group * c->blocks + k) * c->rows + row];
                const uint16_t *order = d->order + ((size_t)group * c->rows + row) * c->size;
                for (size_t n = 0; n < count; n++)
                    for (int b = 0; b < c->size; b++, at++) {
                        int some = scales && order[b] != CONV_NOBODY;
                        values[at] = decoded(stored, at, kind, some ? scales[group * c->outputs + order[b]] : 0.0f);
                    }
            }
}

#endif
