/* The innermost loops of a stem: STEM_TILE(B, T16, T8, T4, T1) is a function that makes two rows of output of B channels,
 * T vectors of pixels at once, of sums at 1, -1, 0, 2 and infinity (stem.h), all in registers. */
#ifndef NET_STEM_SUMS_H
#define NET_STEM_SUMS_H

#include "conv_sums.h"

enum { STEM_ONE, STEM_MINUS_ONE, STEM_ZERO, STEM_TWO, STEM_INFINITY, STEM_POINTS };

struct stem_ends {
    const float *bias;     /* B of them */
    const int *counts;     /* survivors at each point */
    float *upper, *lower;  /* where the rows of the first channel go */
    ptrdiff_t apart;       /* floats to the next channel's */
    float low, high;       /* what the activation leaves */
};

typedef void stem_tile(const float *x, const float *w, const struct stem_ends *ends);

#define NET_BY_FOUR _Pragma("GCC unroll 4")

/* So many survivors, their weights and their pixels side by side. */
#define STEM_RUN(B, T)                                                                                               \
    NET_BY_FOUR for (; count > 0; count--, w += (B), x += (T) * NET_WIDTH) CONV_BY_PIXELS(B, T)

#define STEM_SUMS(NAME, B, T)                                                                                        \
    static void NAME(const float *x, const float *w, const struct stem_ends *ends) {                                 \
        const float low = ends->low, high = ends->high;                                                              \
        float at[STEM_POINTS][(B) * (T) * NET_WIDTH], *upper = ends->upper, *lower = ends->lower;                    \
        for (int point = 0; point < STEM_POINTS; point++) {                                                          \
            vec sum[(B) * (T)];                                                                                      \
            int count = ends->counts[point];                                                                         \
            NET_UNROLL for (int b = 0; b < (B); b++)                                                                 \
                NET_UNROLL for (int t = 0; t < (T); t++) sum[b * (T) + t] = splat(point ? 0.0f : ends->bias[b]);     \
            STEM_RUN(B, T)                                                                                           \
            NET_UNROLL for (int i = 0; i < (B) * (T); i++) store(at[point] + i * NET_WIDTH, sum[i]);                 \
        }                                                                                                            \
        for (int b = 0, i = 0; b < (B); b++)                                                                         \
            for (int t = 0; t < (T); t++, i += NET_WIDTH) {                                                          \
                ptrdiff_t to = b * ends->apart + t * NET_WIDTH;                                                      \
                vec one = load(at[STEM_ONE] + i), minus = load(at[STEM_MINUS_ONE] + i), two = load(at[STEM_TWO] + i);\
                vec above = one + minus + (load(at[STEM_ZERO] + i) + two);                                           \
                vec below = one - minus + (2.0f * two + load(at[STEM_INFINITY] + i));                                \
                store(upper + to, at_most(at_least(above, low), high));                                              \
                store(lower + to, at_most(at_least(below, low), high));                                              \
            }                                                                                                        \
    }

#if NET_WIDTH == 16
#define STEM_TILE(B, T16, T8, T4, T1) STEM_SUMS(stem_tile_##B##_##T16##_##T8##_##T4##_##T1, B, T16)
#elif NET_WIDTH == 8
#define STEM_TILE(B, T16, T8, T4, T1) STEM_SUMS(stem_tile_##B##_##T16##_##T8##_##T4##_##T1, B, T8)
#elif NET_WIDTH == 4
#define STEM_TILE(B, T16, T8, T4, T1) STEM_SUMS(stem_tile_##B##_##T16##_##T8##_##T4##_##T1, B, T4)
#else
#define STEM_TILE(B, T16, T8, T4, T1) STEM_SUMS(stem_tile_##B##_##T16##_##T8##_##T4##_##T1, B, T1)
#endif

#endif
