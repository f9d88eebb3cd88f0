/* The innermost loops of a convolution: CONV_TILE(B, T16, T8, T4, T1) is a function that sums over the survivors of B
 * output channels, T vectors of pixels at once, all sums in registers. */
#ifndef NET_CONV_SUMS_H
#define NET_CONV_SUMS_H

#include "vectors.h"

#define CONV_NOBODY 65535 /* in the place of an output channel: there is none */

/* Where a tile's sums begin and end: at the bias; in the output if they are `last`, else in `sums` for later. */
struct conv_ends {
    const float *bias;     /* B of them */
    const uint16_t *order; /* the output channels: planes of `out` and `add` */
    float *out;            /* the tile's first float in the first plane */
    const float *add;      /* NULL, or the same of what is added */
    float *sums;           /* what a channel that is nobody's has for a plane, too */
    ptrdiff_t plane;
    int first, last;
    int floats; /* of the output */
    int activation;
};

typedef void conv_tile(const float *x, const float *w, const int16_t *steps, int count, const struct conv_ends *ends);

/* The tile's first float in the plane of channel `b`, of those that begin at `first`. */
NET_INLINE float *conv_plane(const struct conv_ends *ends, const float *first, int b, int vectors) {
    float *nobody = ends->sums + b * vectors * NET_WIDTH;
    return ends->order[b] == CONV_NOBODY ? nobody : (float *)first + ends->order[b] * ends->plane;
}

/* A tile that ends before its last vector does. */
static void conv_keep(const float *sums, const struct conv_ends *ends, int size, int vectors) {
    for (int b = 0; b < size; b++, sums += vectors * NET_WIDTH) {
        float *out = conv_plane(ends, ends->out, b, vectors);
        const float *add = ends->add ? conv_plane(ends, ends->add, b, vectors) : NULL;
        int at = 0;
        for (; at + NET_WIDTH <= ends->floats; at += NET_WIDTH) {
            vec v = load(sums + at);
            if (add) v += load(add + at);
            store(out + at, activated(v, ends->activation));
        }
        float more[NET_WIDTH] = {0};
        for (int i = at; i < ends->floats && add; i++) more[i - at] = add[i];
        store(more, activated(load(sums + NET_MIN(at, (vectors - 1) * NET_WIDTH)) + load(more), ends->activation));
        for (int i = at; i < ends->floats; i++) out[i] = more[i - at];
    }
}

/* Activates what a whole tile has just written. */
static void conv_activate(const struct conv_ends *ends, int size, int vectors) {
    for (int b = 0; b < size; b++)
        for (int t = 0; t < vectors; t++) {
            float *out = conv_plane(ends, ends->out, b, vectors) + t * NET_WIDTH;
            store(out, activated(load(out), ends->activation));
        }
}

#define CONV_TURN 4 /* survivors between jumps: counting and jumping would be a fifth of all instructions */

/* One survivor, whose pixels stay in registers. */
#define CONV_BY_PIXELS(B, T)                                                                                         \
    {                                                                                                                \
        vec pixels[T];                                                                                               \
        NET_UNROLL for (int t = 0; t < (T); t++) pixels[t] = held(load(x + t * NET_WIDTH));                          \
        NET_UNROLL for (int b = 0; b < (B); b++) {                                                                   \
            vec weight = splat(w[b]);                                                                                \
            NET_UNROLL for (int t = 0; t < (T); t++) sum[b * (T) + t] += pixels[t] * weight;                         \
        }                                                                                                            \
    }

/* One survivor: its weights stay in registers, or its pixels do. */
#define CONV_SURVIVOR(B, T)                                                                                          \
    x += *steps++;                                                                                                   \
    if ((B) <= (T)) {                                                                                                \
        vec weights[B];                                                                                              \
        NET_UNROLL for (int b = 0; b < (B); b++) weights[b] = splat(w[b]);                                           \
        NET_UNROLL for (int t = 0; t < (T); t++) {                                                                   \
            vec pixels = (B) > 1 ? held(load(x + t * NET_WIDTH)) : load(x + t * NET_WIDTH);                          \
            NET_UNROLL for (int b = 0; b < (B); b++) sum[b * (T) + t] += pixels * weights[b];                        \
        }                                                                                                            \
    } else CONV_BY_PIXELS(B, T)                                                                                      \
    w += (B);

/* Sums of B channels over T vectors of pixels, in registers. */
#define CONV_SUMS(NAME, B, T)                                                                                        \
    static void NAME(const float *x, const float *w, const int16_t *steps, int count,                               \
                     const struct conv_ends *ends) {                                                                 \
        vec sum[(B) * (T)];                                                                                          \
        if (ends->first) {                                                                                           \
            NET_UNROLL for (int b = 0; b < (B); b++)                                                                 \
                NET_UNROLL for (int t = 0; t < (T); t++) sum[b * (T) + t] = splat(ends->bias[b]);                    \
        } else {                                                                                                     \
            NET_UNROLL for (int i = 0; i < (B) * (T); i++) sum[i] = load(ends->sums + i * NET_WIDTH);                \
        }                                                                                                            \
        if (count > 0) {                                                                                             \
            int turns = (count + CONV_TURN - 1) / CONV_TURN;                                                         \
            switch (count % CONV_TURN) {                                                                             \
                do {                                                                                                 \
                case 0: CONV_SURVIVOR(B, T) __attribute__((fallthrough));                                            \
                case 3: CONV_SURVIVOR(B, T) __attribute__((fallthrough));                                            \
                case 2: CONV_SURVIVOR(B, T) __attribute__((fallthrough));                                            \
                case 1: CONV_SURVIVOR(B, T)                                                                          \
                    __builtin_prefetch(w + 256);                                                                     \
                } while (--turns > 0);                                                                               \
            }                                                                                                        \
        }                                                                                                            \
        if (!ends->last) {                                                                                           \
            NET_UNROLL for (int i = 0; i < (B) * (T); i++) store(ends->sums + i * NET_WIDTH, sum[i]);                \
            return;                                                                                                  \
        }                                                                                                            \
        if (ends->floats < (T) * NET_WIDTH) {                                                                        \
            float kept[(B) * (T) * NET_WIDTH];                                                                       \
            NET_UNROLL for (int i = 0; i < (B) * (T); i++) store(kept + i * NET_WIDTH, sum[i]);                      \
            conv_keep(kept, ends, B, T);                                                                             \
            return;                                                                                                  \
        }                                                                                                            \
        if (ends->add) {                                                                                             \
            NET_UNROLL for (int b = 0; b < (B); b++) {                                                               \
                const float *add = conv_plane(ends, ends->add, b, T);                                                \
                NET_UNROLL for (int t = 0; t < (T); t++) sum[b * (T) + t] += load(add + t * NET_WIDTH);              \
            }                                                                                                        \
        }                                                                                                            \
        if (ends->activation == RELU || ends->activation == RELU6) {                                                 \
            NET_UNROLL for (int i = 0; i < (B) * (T); i++) sum[i] = at_least(sum[i], 0.0f);                          \
        }                                                                                                            \
        if (ends->activation == RELU6) {                                                                             \
            NET_UNROLL for (int i = 0; i < (B) * (T); i++) sum[i] = at_most(sum[i], 6.0f);                           \
        }                                                                                                            \
        NET_UNROLL for (int b = 0; b < (B); b++) {                                                                   \
            float *out = conv_plane(ends, ends->out, b, T);                                                          \
            NET_UNROLL for (int t = 0; t < (T); t++) store(out + t * NET_WIDTH, sum[b * (T) + t]);                   \
        }                                                                                                            \
        if (ends->activation > RELU6) conv_activate(ends, B, T);                                                     \
    }

#define CONV_TILE(B, T16, T8, T4, T1) \
    CONV_SUMS(conv_tile_##B##_##T16##_##T8##_##T4##_##T1, B, CONV_T(T16, T8, T4, T1))

#endif
