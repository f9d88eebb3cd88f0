/* Convolutions of maps of cells, over lists of the cells of weights that survived: int8 products, whole sums.
 *
 *   static void cells_run(const struct cells *c, const struct cells_data *d, const float *in, const float *add,
 *                         float *out, float *scratch, int part, int parts);
 *
 * as conv_run, of maps of cells in the place of floats: planes, margins, tiles and panels are the same. Four output
 * channels, a quad, are one cell: its 4 / B lists are gone through one after another, and their sums become bytes
 * together. A border holds the zero of the map that is read (c->conv.border), a margin that of the one written.
 * Where there are tiles a list may be four quads' (cells_tiles.h), and dense layers on small maps have one for eight
 * (c->wide; cells_wide.h). */
#ifndef NET_CELLS_CONV_H
#define NET_CELLS_CONV_H

#include "cells_wide.h"

/* The quads [low, high) at one tile. */
static void cells_tile_quads(const struct cells *c, const struct cells_data *d, struct cells_stream s, const cell *x,
                             const cell *add, cell *out, int low, int high, const struct conv_where *at) {
    int32_t sums[4 * CELLS_MOST];
    const struct conv *v = &c->conv;
    int list = low / c->quads * c->lists, size = v->size;
    cells_tile *tile = at->vectors < v->vectors ? c->less : c->tile;
    cells_skip(c, &s, list);
    for (int quad = low; quad < high; quad += c->quads) {
        for (int i = 0; i < c->lists; i++, list++) {
            int count = *s.counts++;
            tile(x + (list % 2 ? v->far : 0), s.values, s.steps, count, d->bias + list * size,
                 sums + i * size * at->vectors * NET_WIDTH);
            s.values += (ptrdiff_t)count * c->values;
            s.steps += (ptrdiff_t)count * c->steps;
        }
        for (int i = 0; i < NET_MIN(c->quads, high - quad); i++)
            cells_put(c, d, sums + i * 4 * at->vectors * NET_WIDTH, quad + i, add, out, at);
    }
}

/* What one part computes: quads [low, high), output rows [first, last), of their tiles those of share `part`. */
static void cells_share(const struct cells *c, const struct cells_data *d, const float *in, const cell *add, cell *out,
                        float *scratch, const struct conv_share *mine) {
    const struct conv *v = &c->conv;
    struct cells_stream s = {d->values, d->conv.steps, d->conv.counts};
    const float *x = in + v->in_start + (ptrdiff_t)mine->first * v->line;
    if (v->panel) conv_copy(v, &d->conv, in, mine->first, mine->last, scratch), x = scratch;
    int flat = (mine->last - mine->first) * v->line, vectors = (flat + NET_WIDTH - 1) / NET_WIDTH;
    int tiles = (vectors + v->vectors - 1) / v->vectors, fewer = NET_MIN(tiles, tiles * v->vectors - vectors);
    int from = tiles * mine->part / mine->parts, to = tiles * (mine->part + 1) / mine->parts, start = 0, begin = 0;
    if (c->wide) cells_wide_quads(c, d, s, (const cell *)x, add, out, mine), from = 0, to = 1, start = flat;
    for (int i = 0; i < to && start < flat; i++) {
        int wide = v->vectors - (v->vectors > 1 && i >= tiles - fewer), end = NET_MIN(start + wide * NET_WIDTH, flat);
        if (i == from) begin = start;
        if (i >= from) {
            struct conv_where at = {NULL, wide, 0, mine->first, start, end};
            cells_tile_quads(c, d, s, (const cell *)x + start, add, out, mine->low, mine->high, &at);
        }
        start = end;
    }
    int before = mine->first * v->line;
    int first = c->floats ? 4 * mine->low : mine->low, last = c->floats ? NET_MIN(4 * mine->high, c->floats) : mine->high;
    for (int plane = first; plane < last && from < to; plane++)
        conv_margins(v, (float *)(void *)(out + (ptrdiff_t)plane * v->plane), before + begin, before + start);
}

/* The quad at which share `part` of `parts` begins. */
static int cells_boundary(const struct cells *c, const struct cells_data *d, int part, int parts) {
    int quads = c->quads, visits = (c->conv.rows + quads - 1) / quads;
    int64_t all = 0, before = 0, lists = (int64_t)visits * c->lists;
    if (part == parts) return c->conv.rows;
    for (int i = 0; i < lists; i++) all += d->conv.counts[i] + CONV_VISIT;
    for (int i = 0; i < lists; i++) {
        if (i % c->lists == 0 && before * parts >= all * part) return i / c->lists * quads;
        before += d->conv.counts[i] + CONV_VISIT;
    }
    return c->conv.rows;
}

/* Parts share the quads, or the tiles of the map, or the bands of rows that are copied together. */
__attribute__((unused)) static void cells_run(const struct cells *c, const struct cells_data *d, const float *in,
                                              const float *add, float *out, float *scratch, int part, int parts) {
    const struct conv *v = &c->conv;
    const cell *more = (const cell *)add;
    int tiles = !v->by_rows && !v->panel, band = tiles ? v->height : v->band;
    int units = (v->height + band - 1) / band;
    int low = (int)((int64_t)units * part / parts), high = (int)((int64_t)units * (part + 1) / parts);
    struct conv_share mine = {0, 0, v->rows, 0, 0, tiles ? part : 0, tiles ? parts : 1};
    if (tiles || v->by_rows) low = 0, high = units;
    if (v->by_rows) mine.low = cells_boundary(c, d, part, parts), mine.high = cells_boundary(c, d, part + 1, parts);
    if (mine.low == mine.high) return;
    if (v->size == CELLS_SQUARE) cells_begin_tiles();
    for (int unit = low; unit < high; unit++) {
        mine.first = unit * band, mine.last = NET_MIN((unit + 1) * band, v->height);
        cells_share(c, d, in, more, (cell *)out, scratch, &mine);
    }
    if (v->size == CELLS_SQUARE) cells_end_tiles();
}

#endif
