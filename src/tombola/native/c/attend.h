/* Attention: softmax(scale q k + bias) v, head by head and window by window, with the queries as the vector.
 *
 *   static void attend_run(const struct attend *a, const float *bias, const float *q, const float *k, const float *v,
 *                          float *out, float *scratch, int part, int parts);
 *
 * Maps are (heads * d, windows, tokens): a window is a row. The scores of a few vectors of queries lie in `scratch`, key
 * by key; what is read beyond a row's tokens is never used. */
#ifndef NET_ATTEND_H
#define NET_ATTEND_H

#include "ops.h"

struct attend {
    int heads, dim, features; /* of one head: of queries and keys, and of values */
    float scale;
    int bias_windows, bias_heads, bias_row, bias_keys; /* 0, or 1 for all alike; a row is a key's, queries side by side */
    struct map q, k, v, out;
};

#if NET_WIDTH == 16
#define ATTEND_VECTORS 6
#elif NET_WIDTH == 1
#define ATTEND_VECTORS 2
#else
#define ATTEND_VECTORS 3
#endif
#define ATTEND_ROWS 4 /* keys, or features, whose sums are made at once */

/* to[r] = sum over `count` of V vectors of x, `x_step` apart, times the number w[r * w_row + i * w_step]; R of them. */
#define ATTEND_SUMS(NAME, R, V)                                                                                      \
    static void NAME(const float *x, ptrdiff_t x_step, const float *w, ptrdiff_t w_row, ptrdiff_t w_step, int count, \
                     float *to) {                                                                                    \
        vec sum[(R) * (V)];                                                                                          \
        NET_UNROLL for (int i = 0; i < (R) * (V); i++) sum[i] = splat(0.0f);                                         \
        for (int i = 0; i < count; i++, x += x_step, w += w_step) {                                                  \
            vec pixels[V];                                                                                           \
            NET_UNROLL for (int t = 0; t < (V); t++) pixels[t] = held(load(x + t * NET_WIDTH));                      \
            NET_UNROLL for (int r = 0; r < (R); r++) {                                                               \
                vec one = splat(w[r * w_row]);                                                                       \
                NET_UNROLL for (int t = 0; t < (V); t++) sum[r * (V) + t] += pixels[t] * one;                        \
            }                                                                                                        \
        }                                                                                                            \
        NET_UNROLL for (int i = 0; i < (R) * (V); i++) store(to + i * NET_WIDTH, sum[i]);                            \
    }

/* Scores into weights that are not divided by their sum, which goes to `sums`. */
#define ATTEND_SOFTEN(NAME, V)                                                                                       \
    static void NAME(float *scores, const float *bias, ptrdiff_t bias_row, float scale, int keys, vec *sums) {       \
        vec most[V];                                                                                                 \
        NET_UNROLL for (int t = 0; t < (V); t++) most[t] = splat(-__builtin_inff()), sums[t] = splat(0.0f);          \
        for (int i = 0; i < keys * (V); i += (V))                                                                    \
            NET_UNROLL for (int t = 0; t < (V); t++) {                                                               \
                vec score = load(scores + (i + t) * NET_WIDTH) * scale;                                              \
                if (bias) score += load(bias + i / (V) * bias_row + t * NET_WIDTH);                                  \
                store(scores + (i + t) * NET_WIDTH, score);                                                          \
                most[t] = larger(score, most[t]);                                                                    \
            }                                                                                                        \
        for (int i = 0; i < keys * (V); i += (V))                                                                    \
            NET_UNROLL for (int t = 0; t < (V); t++) {                                                               \
                vec weight = exponential(load(scores + (i + t) * NET_WIDTH) - most[t]);                              \
                store(scores + (i + t) * NET_WIDTH, weight);                                                         \
                sums[t] += weight;                                                                                   \
            }                                                                                                        \
    }

/* A few rows of sums over V vectors, divided, to the features of a head; what is beyond the last query is left out. */
static void attend_write(const struct attend *a, const float *made, int rows, int vectors, const vec *sums, float *out,
                         int queries) {
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < vectors; t++) {
            vec found = load(made + (r * vectors + t) * NET_WIDTH) / sums[t];
            float *to = out + (ptrdiff_t)r * a->out.plane + t * NET_WIDTH, rest[NET_WIDTH];
            int left = queries - t * NET_WIDTH;
            if (left >= NET_WIDTH) store(to, found);
            else store(rest, found), memcpy(to, rest, sizeof(float) * (size_t)NET_MAX(left, 0));
        }
}

/* The queries [start, end) of a head in a window, V vectors; q, k, v and out are its first floats. */
#define ATTEND_BLOCK(V)                                                                                              \
    ATTEND_SUMS(attend_rows_##V, ATTEND_ROWS, V)                                                                     \
    ATTEND_SUMS(attend_row_##V, 1, V)                                                                                \
    ATTEND_SOFTEN(attend_soften_##V, V)                                                                              \
    static void attend_block_##V(const struct attend *a, const float *bias, const float *q, const float *k,          \
                                 const float *v, float *out, float *scores, int start, int end) {                    \
        int keys = a->k.width, width = (V) * NET_WIDTH, key = 0, feature = 0;                                        \
        float made[ATTEND_ROWS * (V) * NET_WIDTH];                                                                   \
        vec sums[V];                                                                                                 \
        for (; key + ATTEND_ROWS <= keys; key += ATTEND_ROWS)                                                        \
            attend_rows_##V(q + start, a->q.plane, k + key, 1, a->k.plane, a->dim, scores + key * width);            \
        for (; key < keys; key++)                                                                                    \
            attend_row_##V(q + start, a->q.plane, k + key, 1, a->k.plane, a->dim, scores + key * width);             \
        attend_soften_##V(scores, bias ? bias + start : bias, a->bias_row, a->scale, keys, sums);                    \
        while (feature < a->features) {                                                                              \
            int rows = a->features - feature >= ATTEND_ROWS ? ATTEND_ROWS : 1;                                       \
            const float *from = v + (ptrdiff_t)feature * a->v.plane;                                                 \
            if (rows > 1) attend_rows_##V(scores, width, from, a->v.plane, 1, keys, made);                           \
            else attend_row_##V(scores, width, from, a->v.plane, 1, keys, made);                                     \
            attend_write(a, made, rows, V, sums, out + (ptrdiff_t)feature * a->out.plane + start, end - start);      \
            feature += rows;                                                                                         \
        }                                                                                                            \
    }

ATTEND_BLOCK(1)
ATTEND_BLOCK(2)
#if ATTEND_VECTORS > 2
ATTEND_BLOCK(3)
#endif
#if ATTEND_VECTORS > 3
ATTEND_BLOCK(4)
ATTEND_BLOCK(5)
ATTEND_BLOCK(6)
#endif

static void attend_queries(const struct attend *a, const float *bias, const float *q, const float *k, const float *v,
                           float *out, float *scores, int start, int end) {
    switch ((end - start + NET_WIDTH - 1) / NET_WIDTH) {
    case 1: attend_block_1(a, bias, q, k, v, out, scores, start, end); return;
    case 2: attend_block_2(a, bias, q, k, v, out, scores, start, end); return;
#if ATTEND_VECTORS > 2
    case 3: attend_block_3(a, bias, q, k, v, out, scores, start, end); return;
#endif
#if ATTEND_VECTORS > 3
    case 4: attend_block_4(a, bias, q, k, v, out, scores, start, end); return;
    case 5: attend_block_5(a, bias, q, k, v, out, scores, start, end); return;
    default: attend_block_6(a, bias, q, k, v, out, scores, start, end); return;
#endif
    }
}

/* Parts share the heads of all windows, block of queries by block. */
__attribute__((unused)) static void attend_run(const struct attend *a, const float *bias, const float *q,
                                               const float *k, const float *v, float *out, float *scratch, int part,
                                               int parts) {
    int vectors = (a->q.width + NET_WIDTH - 1) / NET_WIDTH, blocks = (vectors + ATTEND_VECTORS - 1) / ATTEND_VECTORS;
    int units = a->q.height * a->heads * blocks;
    FOR_MY_CHANNELS(c, a->out.channels) clear_margins(out + (ptrdiff_t)c * a->out.plane, &a->out);
    for (int unit = (int)((int64_t)units * part / parts); unit < (int)((int64_t)units * (part + 1) / parts); unit++) {
        int block = unit % blocks, head = unit / blocks % a->heads, window = unit / blocks / a->heads;
        int start = vectors * block / blocks * NET_WIDTH;
        int end = NET_MIN(vectors * (block + 1) / blocks * NET_WIDTH, a->q.width);
        ptrdiff_t table = (window % NET_MAX(a->bias_windows, 1)) * NET_MAX(a->bias_heads, 1) + head % NET_MAX(a->bias_heads, 1);
        attend_queries(a, a->bias_windows ? bias + table * a->bias_keys * a->bias_row : NULL,
                       q + (ptrdiff_t)head * a->dim * a->q.plane + a->q.origin + window * a->q.row,
                       k + (ptrdiff_t)head * a->dim * a->k.plane + a->k.origin + window * a->k.row,
                       v + (ptrdiff_t)head * a->features * a->v.plane + a->v.origin + window * a->v.row,
                       out + (ptrdiff_t)head * a->features * a->out.plane + a->out.origin + window * a->out.row,
                       scratch, start, end);
    }
}

#endif
