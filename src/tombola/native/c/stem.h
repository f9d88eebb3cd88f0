/* Dense convolutions of stride 2 with tall kernels, two rows of output at once, and the pooling behind them.
 *
 *   static void stem_run(const struct stem *s, const struct stem_data *d, const float *in, float *out, float *scratch,
 *                        int part, int parts);
 *
 * Two rows of output, one below the other, read nearly the same rows of the input. Seen down a column, each of the two
 * phases of the input's rows is a polynomial, and so are the kernel's; two coefficients of their product are wanted.
 * They follow from the products at a few points (0, infinity, 1, -1 and, of four rows, 2): one multiply-add for each in
 * the place of two for each row of the kernel, 9 instead of 14 of seven rows (Toom, Cook, Winograd). The input is mixed
 * to its values at the points here, the kernel's are packed.
 *
 * A pair of rows is pooled while it is near: the convolution's map is never whole in memory. Parts share the pairs; a
 * part computes the pair above its own again, of which its first window reads one row. */
#ifndef NET_STEM_H
#define NET_STEM_H

#include "conv_copy.h"
#include "pool.h"
#include "stem_sums.h"

enum { STEM_ROWS = 3, STEM_MIXED = 5 }; /* rows kept of a channel: above a pair, and the pair; rows mixed, at most */

struct stem {
    int survivors;     /* of a channel */
    struct conv conv;  /* its panel is of two rows of output */
    struct plain pool; /* `out`: what is written; kernel 0: the convolution itself */
    int points[2];     /* of each phase: rows of its panel that are mixed, and as many mixtures */
    int counts[STEM_POINTS];
    int mixed;     /* floats of the rows at every point, and a vector */
    int panel;     /* floats that a tile meets */
    int stride;    /* floats of a row that is kept */
    stem_tile *tile, *less;
};

struct stem_data {
    struct conv_data conv; /* views alone */
    const float *values;   /* B a survivor: by row of channels, point, phase, input, column */
    const int32_t *places; /* of each survivor's first pixel in the rows at every point */
    const float *mixes;    /* by phase and point: what each of STEM_MIXED rows counts */
    const float *bias;     /* filled up to whole rows of channels */
};

/* Rows of a view, `line` floats apart, as one. What counts nothing is not read: it may be no number. */
NET_INLINE void stem_mix(float *to, const float *view, int line, int rows, const float *mix) {
    const float *row[STEM_MIXED];
    vec counts[STEM_MIXED];
    int some = 0;
    while (mix[some] == 0.0f) some++;
    for (int k = 0; k < STEM_MIXED; k++) {
        row[k] = view + (ptrdiff_t)(k < rows && mix[k] != 0.0f ? k : some) * line;
        counts[k] = splat(k < rows ? mix[k] : 0.0f);
    }
    for (int x = 0; x < line; x += NET_WIDTH) {
        vec sum = load(row[0] + x) * counts[0];
        NET_UNROLL for (int k = 1; k < STEM_MIXED; k++) sum += load(row[k] + x) * counts[k];
        store(to + x, sum);
    }
}

/* The rows that the pair of output rows `pair` reads, at every point. */
static void stem_mixed(const struct stem *s, const struct stem_data *d, const float *in, int pair, float *views,
                       float *mixed) {
    const struct conv *c = &s->conv;
    conv_copy(c, &d->conv, in, 2 * pair, 2 * pair + 2, views);
    for (int i = 0; i < c->inputs; i++)
        for (int down = 0; down < 2; down++)
            for (int j = 0; j < s->points[down]; j++)
                for (int over = 0; over < 2; over++, mixed += c->line)
                    stem_mix(mixed, views + ((ptrdiff_t)i * c->num_views + 2 * down + over) * c->view_plane, c->line,
                             s->points[down], d->mixes + (STEM_POINTS * down + j) * STEM_MIXED);
}

/* What a tile meets, in the order in which it does. */
NET_INLINE void stem_gather_as(const float *mixed, const int32_t *places, int survivors, float *panel,
                               const int vectors) {
    for (int i = 0; i < survivors; i++, panel += vectors * NET_WIDTH)
        NET_UNROLL for (int t = 0; t < vectors; t++)
            store(panel + t * NET_WIDTH, load(mixed + places[i] + t * NET_WIDTH));
}

static void stem_gather(const float *mixed, const int32_t *places, int survivors, float *panel, int vectors) {
    switch (vectors) {
    case 1: stem_gather_as(mixed, places, survivors, panel, 1); return;
    case 2: stem_gather_as(mixed, places, survivors, panel, 2); return;
    case 3: stem_gather_as(mixed, places, survivors, panel, 3); return;
    case 4: stem_gather_as(mixed, places, survivors, panel, 4); return;
    case 5: stem_gather_as(mixed, places, survivors, panel, 5); return;
    default: stem_gather_as(mixed, places, survivors, panel, 6); return;
    }
}

/* A pair of rows of all channels; `kept` has STEM_ROWS rows a channel. */
static void stem_sums(const struct stem *s, const struct stem_data *d, const float *mixed, float *panel, float *kept) {
    const struct conv *c = &s->conv;
    int vectors = (c->width + NET_WIDTH - 1) / NET_WIDTH, tiles = (vectors + c->vectors - 1) / c->vectors;
    int fewer = tiles * c->vectors - vectors;
    struct stem_ends ends = {.counts = s->counts, .apart = (ptrdiff_t)STEM_ROWS * s->stride,
                             .low = c->activation == NONE ? -__builtin_inff() : 0.0f,
                             .high = c->activation == RELU6 ? 6.0f : __builtin_inff()};
    for (int i = 0, start = 0; i < tiles; i++) {
        int less = c->vectors > 1 && i >= tiles - fewer, wide = c->vectors - less;
        stem_gather(mixed + start, d->places, s->survivors, panel, wide);
        for (int row = 0; row < c->rows; row++) {
            ends.bias = d->bias + (ptrdiff_t)row * c->size;
            ends.upper = kept + (row * c->size * STEM_ROWS + 1) * (ptrdiff_t)s->stride + start;
            ends.lower = ends.upper + s->stride;
            (less ? s->less : s->tile)(panel, d->values + (ptrdiff_t)row * s->survivors * c->size, &ends);
        }
        start += wide * NET_WIDTH;
    }
}

/* The largest of each column of three rows; their sum, which is a number where they all are. */
NET_INLINE float stem_rows(const float *first, const float *second, const float *third, int width, float *line) {
    vec sums[3] = {splat(0.0f), splat(0.0f), splat(0.0f)};
    int x = 0;
    for (; x + NET_WIDTH <= width; x += NET_WIDTH) {
        vec a = load(first + x), b = load(second + x), c = load(third + x);
        store(line + x, larger(larger(a, b), c));
        sums[0] += a, sums[1] += b, sums[2] += c;
    }
    float each[NET_WIDTH], sum = 0.0f;
    store(each, sums[0] + sums[1] + sums[2]);
    for (int k = 0; k < NET_WIDTH; k++) sum += each[k];
    for (; x < width; x++) {
        line[x] = pooled(pooled(first[x], second[x], LARGEST), third[x], LARGEST);
        sum += first[x] + second[x] + third[x];
    }
    return sum;
}

/* A pair of rows of a channel into its plane, pooled with the row above it; `line` holds nothing beyond the windows. */
static void stem_finish(const struct stem *s, float *plane, float *kept, int pair, float *line) {
    const struct map *m = &s->pool.out;
    const float *upper = kept + s->stride, *lower = upper + s->stride;
    int height = s->conv.height, width = s->conv.width, both = 2 * pair + 1 < height;
    float *to = plane + m->origin;
    if (s->pool.kernel[0] == 0) {
        memcpy(to + 2 * pair * m->row, upper, (size_t)width * sizeof *to);
        if (both) memcpy(to + (2 * pair + 1) * m->row, lower, (size_t)width * sizeof *to);
        return;
    }
    const float *first = pair ? kept : upper, *last = both ? lower : upper;
    float *pixels = line + s->pool.before[1], sum = stem_rows(first, upper, last, width, pixels);
    if (sum == sum) pool_along(&s->pool, to + pair * m->row, line, LARGEST);
    else {
        for (int x = 0; x < width; x++)
            pixels[x] = pooled(pooled(first[x], upper[x], LARGEST_OR_NAN), last[x], LARGEST_OR_NAN);
        pool_along(&s->pool, to + pair * m->row, line, LARGEST_OR_NAN);
    }
    memcpy(kept, lower, (size_t)width * sizeof *kept);
}

__attribute__((unused)) static void stem_run(const struct stem *s, const struct stem_data *d, const float *in,
                                             float *out, float *scratch, int part, int parts) {
    const struct conv *c = &s->conv;
    const struct map *m = &s->pool.out;
    int pairs = (c->height + 1) / 2, low = pairs * part / parts, high = pairs * (part + 1) / parts;
    int above = low > 0 && low < high && s->pool.kernel[0];
    float line[POOL_LINE], *panel = scratch + (ptrdiff_t)c->rows * c->size * STEM_ROWS * s->stride;
    float *mixed = panel + s->panel;
    pool_nothing(line, LARGEST);
    FOR_MY_CHANNELS(k, m->channels) clear_margins(out + (ptrdiff_t)k * m->plane, m);
    for (int pair = low - above; pair < high; pair++) {
        stem_mixed(s, d, in + c->in_start, pair, mixed + s->mixed, mixed);
        stem_sums(s, d, mixed, panel, scratch);
        for (int k = 0; k < m->channels; k++) {
            float *kept = scratch + (ptrdiff_t)k * STEM_ROWS * s->stride;
            if (pair >= low) stem_finish(s, out + (ptrdiff_t)k * m->plane, kept, pair, line);
            else memcpy(kept, kept + 2 * s->stride, (size_t)c->width * sizeof *kept);
        }
    }
}

#endif
