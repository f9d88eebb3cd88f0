/* The inner loop of convolutions of cells: sums of B channels over T vectors of pixels, in registers.
 *
 * `x` is the first pixel of a tile; a survivor is a distance to go from the one before and B cells of weights. The sums,
 * each channel's bias first, go to `sums`: B rows of T vectors. A translation unit names the tiles it needs, one line
 * each: CELLS_TILE(B, H, T16, T8, T4, T1), as CONV_TILE, where H counts halves of vectors of 16; or CELLS_WIDE(R, P). */
#ifndef NET_CELLS_SUMS_H
#define NET_CELLS_SUMS_H

#include "cells.h"

typedef void cells_tile(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias,
                        int32_t *sums);

/* One survivor: its weights stay in registers, or its pixels do. */
#define CELLS_SURVIVOR(B, T)                                                                                         \
    x += *steps++;                                                                                                   \
    if ((B) <= (T)) {                                                                                                \
        whole weights[B];                                                                                            \
        NET_UNROLL for (int b = 0; b < (B); b++) weights[b] = splat_whole((int32_t)w[b]);                            \
        NET_UNROLL for (int t = 0; t < (T); t++) {                                                                   \
            whole pixels = load_whole(x + t * NET_WIDTH);                                                            \
            NET_UNROLL for (int b = 0; b < (B); b++)                                                                 \
                sum[b * (T) + t] = cells_dot(sum[b * (T) + t], pixels, weights[b]);                                  \
        }                                                                                                            \
    } else {                                                                                                         \
        whole pixels[T];                                                                                             \
        NET_UNROLL for (int t = 0; t < (T); t++) pixels[t] = load_whole(x + t * NET_WIDTH);                          \
        NET_UNROLL for (int b = 0; b < (B); b++) {                                                                   \
            whole weight = splat_whole((int32_t)w[b]);                                                               \
            NET_UNROLL for (int t = 0; t < (T); t++)                                                                 \
                sum[b * (T) + t] = cells_dot(sum[b * (T) + t], pixels[t], weight);                                   \
        }                                                                                                            \
    }                                                                                                                \
    w += (B);

#define CELLS_SUMS(NAME, B, T)                                                                                       \
    static void NAME(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias,             \
                     int32_t *sums) {                                                                                \
        whole sum[(B) * (T)];                                                                                        \
        NET_UNROLL for (int b = 0; b < (B); b++)                                                                     \
            NET_UNROLL for (int t = 0; t < (T); t++) sum[b * (T) + t] = splat_whole(bias[b]);                        \
        for (; count > 0; count--) {                                                                                 \
            CELLS_SURVIVOR(B, T)                                                                                     \
            __builtin_prefetch(w + 64);                                                                              \
        }                                                                                                            \
        NET_UNROLL for (int i = 0; i < (B) * (T); i++) store_whole(sums + i * NET_WIDTH, sum[i]);                    \
    }

#if NET_WIDTH == 16 && defined(__AVX512VL__)
/* Lists of one channel do one product for each load, so loads bound them, and a vector as long as a line of the cache
 * nearly always lies in two. Half of one does so every other time, and a tile that is all of a map computes no half
 * vector behind its end: `sums` of that are 0. A narrow tile waits four cycles for each of its few sums, so survivors
 * take turns at several sets of them, which are added up at last. */
#define CELLS_SETS(H) ((H) <= 2 ? 4 : (H) <= 6 ? 2 : 1)
#define CELLS_ONE(H, S)                                                                                              \
    x += *steps++;                                                                                                   \
    weight = splat_half((int32_t)*w++);                                                                              \
    NET_UNROLL for (int h = 0; h < (H); h++)                                                                         \
        sum[(S) * (H) + h] = half_dot(sum[(S) * (H) + h], load_half(x + 8 * h), weight);
#define CELLS_HALVES(NAME, H)                                                                                        \
    static void NAME(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias,             \
                     int32_t *sums) {                                                                                \
        half_whole sum[CELLS_SETS(H) * (H)], weight, none = splat_half(0);                                           \
        NET_UNROLL for (int i = 0; i < CELLS_SETS(H) * (H); i++) sum[i] = i < (H) ? splat_half(bias[0]) : none;      \
        for (; count >= CELLS_SETS(H); count -= CELLS_SETS(H)) {                                                     \
            NET_UNROLL for (int s = 0; s < CELLS_SETS(H); s++) { CELLS_ONE(H, s) }                                   \
            __builtin_prefetch(w + 64);                                                                              \
        }                                                                                                            \
        for (; CELLS_SETS(H) > 1 && count > 0; count--) { CELLS_ONE(H, 0) }                                          \
        NET_UNROLL for (int i = (H); i < CELLS_SETS(H) * (H); i++) sum[i % (H)] += sum[i];                           \
        NET_UNROLL for (int h = 0; h < (H); h++) store_half(sums + 8 * h, sum[h]);                                   \
        if ((H) % 2) store_half(sums + 8 * (H), none);                                                               \
    }
#define CELLS_TILE_1(NAME, H, T) CELLS_HALVES(NAME, H)
#else
#define CELLS_TILE_1(NAME, H, T) CELLS_SUMS(NAME, 1, T)
#endif
#define CELLS_TILE_2(NAME, H, T) CELLS_SUMS(NAME, 2, T)
#define CELLS_TILE_4(NAME, H, T) CELLS_SUMS(NAME, 4, T)

/* Of dense layers on small maps, where a vector of pixels is half empty: 32 outputs lie side by side in vectors, and R rows
 * of P pixels take turns. `sums` are 32 of each pixel, one pixel after another; rows of the input are `line` cells apart. */
enum { CELLS_WIDE_OUTPUTS = 32, CELLS_WIDE_AT_ONCE = NET_WIDTH == 16 ? 2 : 1, CELLS_WIDE_AHEAD = 40 * CELLS_WIDE_OUTPUTS };

typedef void cells_wide(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias, int line,
                        int32_t *sums);

#define CELLS_WIDE_SUMS(NAME, R, P, V)                                                                               \
    static void NAME(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias, int line,   \
                     int32_t *sums) {                                                                                \
        for (int o = 0; o < CELLS_WIDE_OUTPUTS; o += (V) * NET_WIDTH) {                                              \
            const cell *at = x, *own = w + o;                                                                        \
            whole sum[(R) * (P) * (V)], weights[V];                                                                  \
            NET_UNROLL for (int i = 0; i < (R) * (P) * (V); i++) sum[i] = load_whole(bias + o + i % (V) * NET_WIDTH); \
            for (int n = 0; n < count; n++, own += CELLS_WIDE_OUTPUTS) {                                             \
                at += steps[n];                                                                                      \
                NET_UNROLL for (int v = 0; v < (V); v++) __builtin_prefetch(own + CELLS_WIDE_AHEAD + v * NET_WIDTH); \
                NET_UNROLL for (int v = 0; v < (V); v++) weights[v] = load_whole(own + v * NET_WIDTH);               \
                NET_UNROLL for (int i = 0; i < (R) * (P); i++) {                                                     \
                    whole pixel = splat_whole((int32_t)at[i / (P) * line + i % (P)]);                                \
                    NET_UNROLL for (int v = 0; v < (V); v++)                                                         \
                        sum[i * (V) + v] = cells_dot(sum[i * (V) + v], pixel, weights[v]);                           \
                }                                                                                                    \
            }                                                                                                        \
            NET_UNROLL for (int i = 0; i < (R) * (P) * (V); i++)                                                     \
                store_whole(sums + i / (V) * CELLS_WIDE_OUTPUTS + o + i % (V) * NET_WIDTH, sum[i]);                  \
        }                                                                                                            \
    }
#define CELLS_WIDE(R, P) CELLS_WIDE_SUMS(cells_wide_##R##_##P, R, P, CELLS_WIDE_AT_ONCE)

#define CELLS_TILE(B, H, T16, T8, T4, T1) \
    CELLS_TILE_##B(cells_tile_##B##_##H##_##T16##_##T8##_##T4##_##T1, H, CONV_T(T16, T8, T4, T1))

#endif
