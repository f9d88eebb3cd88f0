/* Lists of 16 outputs, whose weights lie in squares: 16 outputs by 16 survivors, which a processor with tiles (AMX)
 * multiplies by 16 pixels at once.
 *
 *   CELLS_TILE_16(NAME, H, T)     a cells_tile of 16 outputs over T vectors of pixels
 *
 * A square of weights is 16 rows of 16 cells. Its 17 numbers of 32 bits stand in the place of steps: how many cells each
 * of its survivors lies behind the tile's first pixel, and, where they lie evenly and all squares of them as dense layers'
 * do, from one to the next; else 0. What lies unevenly is copied row by row while the square before is multiplied: tiles
 * cannot be loaded from what was only just stored. Other processors do the same sums quad by quad, with the same bits. */
#ifndef NET_CELLS_TILES_H
#define NET_CELLS_TILES_H

#include "cells_sums.h"

enum { CELLS_SQUARE = 16, CELLS_SQUARE_VALUES = 16 * 16, CELLS_SQUARE_STEPS = 2 * 17, CELLS_SQUARES_AT_ONCE = 4 };

typedef int32_t cells_places __attribute__((may_alias));

/* Quad by quad over all squares of a list, where there are no tiles. */
#define CELLS_SQUARES(NAME, T)                                                                                       \
    static void NAME##_quads(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias,     \
                             int32_t *sums) {                                                                        \
        for (int first = 0; first < CELLS_SQUARE; first += 4) {                                                      \
            whole sum[4 * (T)];                                                                                      \
            NET_UNROLL for (int b = 0; b < 4; b++)                                                                   \
                NET_UNROLL for (int t = 0; t < (T); t++) sum[b * (T) + t] = splat_whole(bias[first + b]);            \
            for (int k = 0; k < count * CELLS_SQUARE; k++) {                                                         \
                int square = k / CELLS_SQUARE, of = k % CELLS_SQUARE;                                                \
                const cells_places *places = (const void *)(steps + square * CELLS_SQUARE_STEPS);                    \
                const cell *own = w + square * CELLS_SQUARE_VALUES + first * CELLS_SQUARE + of;                      \
                whole weights[4];                                                                                    \
                NET_UNROLL for (int b = 0; b < 4; b++) weights[b] = splat_whole((int32_t)own[b * CELLS_SQUARE]);     \
                NET_UNROLL for (int t = 0; t < (T); t++) {                                                           \
                    whole pixels = load_whole(x + places[of] + t * NET_WIDTH);                                       \
                    NET_UNROLL for (int b = 0; b < 4; b++)                                                           \
                        sum[b * (T) + t] = cells_dot(sum[b * (T) + t], pixels, weights[b]);                          \
                }                                                                                                    \
            }                                                                                                        \
            NET_UNROLL for (int i = 0; i < 4 * (T); i++) store_whole(sums + (first * (T) + i) * NET_WIDTH, sum[i]);  \
        }                                                                                                            \
    }

#if NET_WIDTH == 16 && defined(__AMX_INT8__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

static int cells_has_tiles; /* whether Linux lets this process use them: set at the start, before any layer runs */

static void cells_ask_for_tiles(void) {
    const long request = 0x1023, data_of_tiles = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    int has = !syscall(SYS_arch_prctl, request, data_of_tiles);
    __atomic_store_n(&cells_has_tiles, has, __ATOMIC_RELAXED);
}

/* Eight tiles of 16 rows of 64 bytes: what a thread has to say before it uses them, and that it is done with them. */
static void cells_begin_tiles(void) {
    struct { uint8_t palette, start, none[14]; uint16_t bytes[16]; uint8_t rows[16]; } said = {1, 0, {0}, {0}, {0}};
    for (int i = 0; i < 8; i++) said.bytes[i] = 64, said.rows[i] = 16;
    if (cells_has_tiles) __asm__ volatile("ldtilecfg %0" ::"m"(said));
}

static void cells_end_tiles(void) {
    if (cells_has_tiles) __asm__ volatile("tilerelease");
}

/* Tiles 0 to 3 are sums, 4 to 6 pixels, 7 the weights. */
#define CELLS_LOAD(tile, from, stride)                                                                               \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((ptrdiff_t)(stride)) : "memory")
#define CELLS_STORE(tile, to, stride)                                                                                \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((ptrdiff_t)(stride)) : "memory")
/* sums (tile `sum`) + weights (7), which have signs, times pixels, which have none */
#define CELLS_MULTIPLY(sum, pixels) __asm__ volatile("tdpbsud %%tmm" #pixels ", %%tmm7, %%tmm" #sum ::: "memory")

/* The rows of a square's pixels, T vectors each. */
struct cells_square {
    const cell *from;
    ptrdiff_t stride; /* bytes */
};

/* Where they are, or copied to `room`. */
NET_INLINE struct cells_square cells_gathered(const cell *x, const cells_places *places, int32_t *room, const int T) {
    if (places[CELLS_SQUARE]) return (struct cells_square){x + places[0], 4 * (ptrdiff_t)places[CELLS_SQUARE]};
    NET_UNROLL for (int k = 0; k < CELLS_SQUARE; k++) {
        const cell *from = x + places[k];
        NET_UNROLL for (int t = 0; t < T; t++) store_whole(room + (k * T + t) * 16, load_whole(from + t * 16));
    }
    return (struct cells_square){(const cell *)room, 64 * T};
}

#define CELLS_TILE_16(NAME, H, T)                                                                                    \
    CELLS_SQUARES(NAME, T)                                                                                           \
    static void NAME(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias,             \
                     int32_t *sums) {                                                                                \
        int32_t room[2][16 * 16 * (T)] __attribute__((aligned(64)));                                                 \
        if (!cells_has_tiles || !count) {                                                                            \
            NAME##_quads(x, w, steps, count, bias, sums);                                                            \
            return;                                                                                                  \
        }                                                                                                            \
        NET_UNROLL for (int b = 0; b < 16; b++) store_whole(room[1] + 16 * b, splat_whole(bias[b]));                 \
        struct cells_square next = cells_gathered(x, (const void *)steps, room[0], T);                                 \
        CELLS_LOAD(0, room[1], 64);                                                                                  \
        if ((T) > 1) CELLS_LOAD(1, room[1], 64);                                                                     \
        if ((T) > 2) CELLS_LOAD(2, room[1], 64);                                                                     \
        if ((T) > 3) CELLS_LOAD(3, room[1], 64);                                                                     \
        for (int square = 0; square < count; square++, w += CELLS_SQUARE_VALUES) {                                   \
            struct cells_square now = next;                                                                          \
            CELLS_LOAD(7, w, 64);                                                                                    \
            if (square + 1 < count)                                                                                  \
                next = cells_gathered(x, (const void *)(steps += CELLS_SQUARE_STEPS), room[(square + 1) % 2], T);      \
            CELLS_LOAD(4, now.from, now.stride);                                                                     \
            CELLS_MULTIPLY(0, 4);                                                                                    \
            if ((T) > 1) CELLS_LOAD(5, now.from + 16, now.stride);                                                   \
            if ((T) > 1) CELLS_MULTIPLY(1, 5);                                                                       \
            if ((T) > 2) CELLS_LOAD(6, now.from + 32, now.stride);                                                   \
            if ((T) > 2) CELLS_MULTIPLY(2, 6);                                                                       \
            if ((T) > 3) CELLS_LOAD(4, now.from + 48, now.stride);                                                   \
            if ((T) > 3) CELLS_MULTIPLY(3, 4);                                                                       \
        }                                                                                                            \
        CELLS_STORE(0, sums, 64 * (T));                                                                              \
        if ((T) > 1) CELLS_STORE(1, sums + 16, 64 * (T));                                                            \
        if ((T) > 2) CELLS_STORE(2, sums + 32, 64 * (T));                                                            \
        if ((T) > 3) CELLS_STORE(3, sums + 48, 64 * (T));                                                            \
    }
#else
static void cells_ask_for_tiles(void) {}
static void cells_begin_tiles(void) {}
static void cells_end_tiles(void) {}
#define CELLS_TILE_16(NAME, H, T)                                                                                    \
    CELLS_SQUARES(NAME, T)                                                                                           \
    static void NAME(const cell *x, const cell *w, const int16_t *steps, int count, const int32_t *bias,             \
                     int32_t *sums) {                                                                                \
        NAME##_quads(x, w, steps, count, bias, sums);                                                                \
    }
#endif

#endif
