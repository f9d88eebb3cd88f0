/* What a convolution of maps of cells is made of, and how its sums become cells or floats where they belong. */
#ifndef NET_CELLS_WRITE_H
#define NET_CELLS_WRITE_H

#include "cells_tiles.h"
#include "conv.h"

enum { CELLS_MOST = 16 * 16 }; /* cells of a row of a tile */

struct cells {
    int lists, quads; /* of `quads` quads: 4 / B of one, or one of several */
    int values, steps; /* of a survivor in the tables: B and 1; or of a square of them (cells_tiles.h) */
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
    const cell *values;    /* B cells a survivor: by list, survivor; or by list, square, output, survivor */
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
    s->values += sum * (size_t)c->values;
    s->steps += sum * (size_t)c->steps;
    s->counts += lists;
}

/* Whole sums times their `scale`, and `beside`, the steps of what is added, as bytes: the end of every layer of cells. */
NET_INLINE whole cells_ended(const struct cells *c, whole sum, vec scale, vec beside, const int adds, const int kind) {
    vec v = floats_of(sum) * scale;
    if (adds) v = apart(v) + apart(beside * splat(c->adds));
    if (kind) v = activated(v, kind) * splat(c->step);
    return cells_byte(v, &c->ends);
}

/* FINISH(c, factors, sums, count, add, to, adds, kind) with the last two constant, of a layer that adds something or none. */
#define CELLS_FINISH(FINISH, c, factors, sums, count, add, to)                                                       \
    switch ((c)->conv.activation) {                                                                                  \
    case GELU: FINISH(c, factors, sums, count, NULL, to, 0, GELU); break;                                            \
    case GELU_TANH: FINISH(c, factors, sums, count, NULL, to, 0, GELU_TANH); break;                                  \
    case SILU: FINISH(c, factors, sums, count, NULL, to, 0, SILU); break;                                            \
    case HARDSWISH: FINISH(c, factors, sums, count, NULL, to, 0, HARDSWISH); break;                                  \
    default:                                                                                                         \
        if (add) FINISH(c, factors, sums, count, add, to, 1, NONE);                                                  \
        else FINISH(c, factors, sums, count, NULL, to, 0, NONE);                                                     \
    }

/* Sums of a quad, rows of `vectors` vectors, as cells; `add` lies as `to` does, or is NULL. */
NET_INLINE void cells_finish_as(const struct cells *c, const float *factors, const int32_t *sums, int vectors,
                                const cell *add, cell *to, const int adds, const int kind) {
    vec scales[4];
    for (int i = 0; i < 4; i++) scales[i] = splat(factors[i]);
    for (int t = 0; t < vectors; t++) {
        whole found = splat_whole(0), beside = adds ? load_whole(add + t * NET_WIDTH) : found;
        NET_UNROLL for (int i = 0; i < 4; i++) {
            whole sum = load_whole(sums + (i * vectors + t) * NET_WIDTH);
            vec steps = adds ? cells_floats(beside, i, c->adds_zero) : scales[i];
            found |= raised(cells_ended(c, sum, scales[i], steps, adds, kind), 8 * i);
        }
        store_whole(to + t * NET_WIDTH, found);
    }
}

static void cells_finish(const struct cells *c, const float *factors, const int32_t *sums, int vectors,
                         const cell *add, cell *to) {
    CELLS_FINISH(cells_finish_as, c, factors, sums, vectors, add, to)
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

#endif
