/* Convolutions of maps of cells, over lists of the cells of weights that survived: int8 products, whole sums.
 *
 *   static void cells_run(const struct cells *c, const struct cells_data *d, const float *in, const float *add,
 *                         float *out, float *scratch, int part, int parts);
 *
 * as conv_run, of maps of cells in the place of floats: planes, margins, tiles and panels are the same. Four output
 * channels, a quad, are one cell: its 4 / B lists are gone through one after another, and their sums become bytes
 * together. A border holds the zero of the map that is read (c->conv.border), a margin that of the one written.
 * Dense layers on small maps have a list for eight quads (c->wide): their 32 outputs lie in vectors, not the pixels. */
#ifndef NET_CELLS_CONV_H
#define NET_CELLS_CONV_H

#include "cells_sums.h"
#include "conv.h"

enum { CELLS_MOST = 16 * 16, CELLS_WIDE_MOST = 64 }; /* cells of a row of a tile, and where 32 outputs lie in vectors */
enum { CELLS_WIDE_QUADS = CELLS_WIDE_OUTPUTS / 4, CELLS_WIDE_PIXELS = 12 };

struct cells {
    int lists;        /* of a quad: 4 / B */
    struct conv conv; /* channels are cells, rows are quads, tile and less nothing */
    int floats;       /* 0, or the channels of floats that come out in the place of cells */
    int adds_zero;    /* of the map that is added, whose steps are `adds` of the result's */
    float adds;
    float step;       /* what an activation (conv.activation) gives, in the result's steps */
    struct cells_ends ends;
    cells_tile *tile, *less;
    cells_tile *const *tiles; /* of texts, as of struct conv */
    cells_wide *wide;         /* NULL, or in their place: of at_once[0] rows of at_once[1] pixels */
    int at_once[2];
};

struct cells_data {
    struct conv_data conv; /* steps, counts (by list) and views alone */
    const cell *values;    /* B cells a survivor: by list, survivor */
    const int32_t *bias;   /* by output channel, filled up to whole quads; and so */
    const float *factors;  /* what a whole step of a sum is in the result's steps */
};

struct cells_stream {
    const cell *values;
    const int16_t *steps;
    const uint16_t *counts;
};

NET_INLINE void cells_skip(const struct cells *c, struct cells_stream *s, int lists) {
    size_t sum = 0;
    for (int i = 0; i < lists; i++) sum += s->counts[i];
    s->values += sum * (size_t)c->conv.size;
    s->steps += sum;
    s->counts += lists;
}

/* Sums of a quad, rows of `vectors` vectors, as cells; `add` lies as `to` does, or is NULL. */
NET_INLINE void cells_finish_as(const struct cells *c, const float *factors, const int32_t *sums, int vectors,
                                const cell *add, cell *to, const int adds, const int kind) {
    vec scales[4], other = splat(c->adds);
    for (int i = 0; i < 4; i++) scales[i] = splat(factors[i]);
    for (int t = 0; t < vectors; t++) {
        whole found = splat_whole(0), beside = adds ? load_whole(add + t * NET_WIDTH) : found;
        NET_UNROLL for (int i = 0; i < 4; i++) {
            vec v = floats_of(load_whole(sums + (i * vectors + t) * NET_WIDTH)) * scales[i];
            if (adds) v = apart(v) + apart(cells_floats(beside, i, c->adds_zero) * other);
            if (kind) v = activated(v, kind) * splat(c->step);
            found |= raised(cells_byte(v, &c->ends), 8 * i);
        }
        store_whole(to + t * NET_WIDTH, found);
    }
}

static void cells_finish(const struct cells *c, const float *factors, const int32_t *sums, int vectors,
                         const cell *add, cell *to) {
    switch (c->conv.activation) {
    case GELU: cells_finish_as(c, factors, sums, vectors, NULL, to, 0, GELU); return;
    case GELU_TANH: cells_finish_as(c, factors, sums, vectors, NULL, to, 0, GELU_TANH); return;
    case SILU: cells_finish_as(c, factors, sums, vectors, NULL, to, 0, SILU); return;
    case HARDSWISH: cells_finish_as(c, factors, sums, vectors, NULL, to, 0, HARDSWISH); return;
    default: break;
    }
    if (add) cells_finish_as(c, factors, sums, vectors, add, to, 1, NONE);
    else cells_finish_as(c, factors, sums, vectors, NULL, to, 0, NONE);
}

/* The pixels of a tile that lie in the output's rows, to or from cells side by side. */
static void cells_move(const struct conv *c, const struct conv_where *at, cell *plane, cell *beside, int there) {
    int y = at->start / c->line, x = at->start % c->line, from = at->start;
    while (from < at->end) {
        int next = NET_MIN(from + c->line - x, at->end), count = NET_MIN(next - from, c->width - x);
        cell *to = plane + (ptrdiff_t)(at->band + y) * c->row + x;
        if (count > 0) {
            if (there) memcpy(to, beside + (from - at->start), sizeof(cell) * (size_t)count);
            else memcpy(beside + (from - at->start), to, sizeof(cell) * (size_t)count);
        }
        from = next, x = 0, y++;
    }
}

/* Whether a tile's vectors are the output's: its rows are as long, and behind the last one there is room. */
static int cells_fit(const struct conv *v, const struct conv_where *at) {
    int floats = at->end - at->start, before = at->band * v->line;
    if (before + at->end == v->height * v->line) floats = v->plane - v->origin - before - at->start;
    return v->flat && floats >= at->vectors * NET_WIDTH;
}

/* One quad's sums as cells where they belong: at once if they fit. */
static void cells_write(const struct cells *c, const float *factors, const int32_t *sums,
                        const struct conv_where *at, const cell *add, cell *out) {
    const struct conv *v = &c->conv;
    ptrdiff_t first = (ptrdiff_t)at->band * v->row + at->start;
    if (cells_fit(v, at)) {
        cells_finish(c, factors, sums, at->vectors, add ? add + first : NULL, out + first);
        return;
    }
    cell beside[CELLS_MOST], more[CELLS_MOST];
    if (add) {
        memset(more, 0, sizeof(cell) * (size_t)(at->vectors * NET_WIDTH));
        cells_move(v, at, (cell *)(uintptr_t)add, more, 0);
    }
    cells_finish(c, factors, sums, at->vectors, add ? more : NULL, beside);
    cells_move(v, at, out, beside, 1);
}

/* A channel's sums as floats, where they fit. */
NET_INLINE void cells_channel(const int32_t *sums, vec factor, int count, const float *add, float *out) {
    for (int i = 0; i < count; i += NET_WIDTH) {
        vec v = apart(floats_of(load_whole(sums + i)) * factor);
        store(out + i, add ? v + load(add + i) : v);
    }
}

/* The same wherever they belong, row by row, and activated. */
static void cells_rows(const struct conv *v, const int32_t *sums, vec factor, const struct conv_where *at,
                       const float *add, float *out) {
    int width = at->vectors * NET_WIDTH, whole = v->flat && v->row == v->width; /* rows without margins are one */
    int line = whole ? v->height * v->width : v->line, pixels = whole ? line : v->width;
    int y = at->start / line, x = at->start % line, from = at->start;
    float made[CELLS_MOST];
    for (int t = 0; t < width; t += NET_WIDTH) store(made + t, apart(floats_of(load_whole(sums + t)) * factor));
    while (from < at->end) {
        int next = NET_MIN(from + line - x, at->end), count = NET_MIN(next - from, pixels - x);
        ptrdiff_t to = (ptrdiff_t)(at->band + y) * v->row + x;
        if (count > 0) conv_finish(out + to, made + (from - at->start), add ? add + to : NULL, count, v->activation);
        from = next, x = 0, y++;
    }
}

/* One quad's sums as floats of up to four channels: times their factors, what is added, activated. */
static void cells_write_floats(const struct cells *c, const float *factors, const int32_t *sums,
                               const struct conv_where *at, const float *add, float *out, int quad) {
    const struct conv *v = &c->conv;
    int width = at->vectors * NET_WIDTH, fit = v->activation == NONE && cells_fit(v, at);
    ptrdiff_t plane = (ptrdiff_t)4 * quad * v->plane + v->origin, first = (ptrdiff_t)at->band * v->row + at->start;
    for (int i = 0; i < NET_MIN(4, c->floats - 4 * quad); i++, sums += width, plane += v->plane) {
        const float *more = add ? add + plane : NULL;
        if (fit) cells_channel(sums, splat(factors[i]), width, more ? more + first : NULL, out + plane + first);
        else cells_rows(v, sums, splat(factors[i]), at, more, out + plane);
    }
}

/* One quad's sums where they belong, as what the layer gives. */
static void cells_put(const struct cells *c, const struct cells_data *d, const int32_t *sums, int quad, const cell *add,
                      cell *out, const struct conv_where *at) {
    ptrdiff_t plane = (ptrdiff_t)quad * c->conv.plane + c->conv.origin;
    if (c->floats) cells_write_floats(c, d->factors + 4 * quad, sums, at, (const float *)add, (float *)out, quad);
    else cells_write(c, d->factors + 4 * quad, sums, at, add ? add + plane : NULL, out + plane);
}

/* The quads [low, high) at one tile. */
static void cells_tile_quads(const struct cells *c, const struct cells_data *d, struct cells_stream s, const cell *x,
                             const cell *add, cell *out, int low, int high, const struct conv_where *at) {
    int32_t sums[4 * CELLS_MOST];
    const struct conv *v = &c->conv;
    int list = low * c->lists, size = v->size;
    cells_tile *tile = at->vectors < v->vectors ? c->less : c->tile;
    cells_skip(c, &s, list);
    for (int quad = low; quad < high; quad++) {
        for (int i = 0; i < c->lists; i++, list++) {
            int count = *s.counts++;
            tile(x + (list % 2 ? v->far : 0), s.values, s.steps, count, d->bias + list * size,
                 sums + i * size * at->vectors * NET_WIDTH);
            s.values += (ptrdiff_t)count * size;
            s.steps += count;
        }
        cells_put(c, d, sums, quad, add, out, at);
    }
}

#if NET_WIDTH > 1
typedef unsigned char cells_bytes __attribute__((vector_size(NET_WIDTH)));

/* A list's sums of one pixel as the cells of up to eight quads, `plane` cells apart; `add` lies as `to` does. */
NET_INLINE void cells_wide_finish(const struct cells *c, const float *factors, const int32_t *sums, int quads,
                                  const cell *add, cell *to, const int adds, const int kind) {
    size_t plane = (size_t)c->conv.plane;
    for (int quad = 0; quad < quads; quad += NET_WIDTH / 4) {
        vec v = floats_of(load_whole(sums + 4 * quad)) * load(factors + 4 * quad);
        int last = NET_MIN(NET_WIDTH / 4, quads - quad);
        cell some[NET_WIDTH / 4] = {0};
        cells_bytes bytes;
        if (adds) {
            for (int k = 0; k < last; k++) some[k] = add[(size_t)(quad + k) * plane];
            memcpy(&bytes, some, sizeof bytes);
            v = apart(v) + apart(floats_of(__builtin_convertvector(bytes, whole) - c->adds_zero) * splat(c->adds));
        }
        if (kind) v = activated(v, kind) * splat(c->step);
        bytes = __builtin_convertvector(cells_byte(v, &c->ends), cells_bytes);
        memcpy(some, &bytes, sizeof bytes);
        for (int k = 0; k < last; k++) to[(size_t)(quad + k) * plane] = some[k];
    }
}

static void cells_wide_pixel(const struct cells *c, const float *factors, const int32_t *sums, int quads,
                             const cell *add, cell *to) {
    switch (c->conv.activation) {
    case GELU: cells_wide_finish(c, factors, sums, quads, NULL, to, 0, GELU); return;
    case GELU_TANH: cells_wide_finish(c, factors, sums, quads, NULL, to, 0, GELU_TANH); return;
    case SILU: cells_wide_finish(c, factors, sums, quads, NULL, to, 0, SILU); return;
    case HARDSWISH: cells_wide_finish(c, factors, sums, quads, NULL, to, 0, HARDSWISH); return;
    default: break;
    }
    if (add) cells_wide_finish(c, factors, sums, quads, add, to, 1, NONE);
    else cells_wide_finish(c, factors, sums, quads, NULL, to, 0, NONE);
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
    int quads = c->wide ? CELLS_WIDE_QUADS : 1, visits = (c->conv.rows + quads - 1) / quads;
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
    for (int unit = low; unit < high; unit++) {
        mine.first = unit * band, mine.last = NET_MIN((unit + 1) * band, v->height);
        cells_share(c, d, in, more, (cell *)out, scratch, &mine);
    }
}

#endif
