/* Cells: four channels of one pixel, a byte each, the first one lowest. Whole sums of their products, and floats made
 * bytes: everything here gives the same bits on every processor. */
#ifndef NET_CELLS_H
#define NET_CELLS_H

#include "vectors.h"
#if defined(__ARM_FEATURE_DOTPROD) || defined(__ARM_FEATURE_MATMUL_INT8)
#include <arm_neon.h>
#endif

typedef uint32_t cell __attribute__((may_alias));

#if NET_WIDTH > 1
typedef ivec whole;
typedef int32_t loose_whole __attribute__((vector_size(4 * NET_WIDTH), aligned(4), may_alias));
NET_INLINE whole load_whole(const void *p) { return *(const loose_whole *)p; }
NET_INLINE void store_whole(void *p, whole v) { *(loose_whole *)p = v; }
NET_INLINE whole splat_whole(int32_t i) { return i - (whole){0}; }
NET_INLINE vec floats_of(whole v) { return __builtin_convertvector(v, vec); }
NET_INLINE whole bits_of(vec v) { return (whole)v; }
NET_INLINE whole raised(whole v, int bits) { return v << bits; }
NET_INLINE whole lowered(whole v, int bits) { return v >> bits; } /* its highest bits are the sign's */
#else
typedef int32_t whole;
typedef int32_t loose_whole __attribute__((may_alias));
NET_INLINE whole load_whole(const void *p) { return *(const loose_whole *)p; }
NET_INLINE void store_whole(void *p, whole v) { *(loose_whole *)p = v; }
NET_INLINE whole splat_whole(int32_t i) { return i; }
NET_INLINE vec floats_of(whole v) { return (float)v; }
NET_INLINE whole raised(whole v, int bits) { return (int32_t)((uint32_t)v << bits); }
NET_INLINE whole lowered(whole v, int bits) { return v >> bits; }
NET_INLINE whole bits_of(vec v) {
    whole bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
#endif

/* sum + the four products of bytes 0 .. 255 and weights -127 .. 127. The exporter sees to it that no pair of products
 * leaves 16 bits, so that it is the same whether or not they are added there. */
NET_INLINE whole cells_dot(whole sum, whole pixels, whole weights) {
#if NET_WIDTH == 16 && defined(__AVX512VNNI__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(pixels), "v"(weights));
    return sum;
#elif NET_WIDTH == 8 && defined(__AVX512VNNI__) && defined(__AVX512VL__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(pixels), "v"(weights));
    return sum;
#elif NET_WIDTH == 8 && defined(__AVXVNNI__)
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(pixels), "x"(weights));
    return sum;
#elif NET_WIDTH == 16 && defined(__AVX512BW__)
    whole pairs;
    __asm__("vpmaddubsw %2, %1, %0" : "=v"(pairs) : "v"(pixels), "v"(weights));
    __asm__("vpmaddwd %2, %1, %0" : "=v"(pairs) : "v"(pairs), "v"(splat_whole(0x00010001)));
    return sum + pairs;
#elif NET_WIDTH == 8 && defined(__AVX2__)
    typedef char bytes __attribute__((vector_size(32)));
    typedef short shorts __attribute__((vector_size(32)));
    shorts pairs = __builtin_ia32_pmaddubsw256((bytes)pixels, (bytes)weights);
    return sum + (whole)__builtin_ia32_pmaddwd256(pairs, (shorts)splat_whole(0x00010001));
#elif NET_WIDTH == 4 && defined(__SSSE3__)
    typedef char bytes __attribute__((vector_size(16)));
    typedef short shorts __attribute__((vector_size(16)));
    shorts pairs = __builtin_ia32_pmaddubsw128((bytes)pixels, (bytes)weights);
    return sum + (whole)__builtin_ia32_pmaddwd128(pairs, (shorts)splat_whole(0x00010001));
#elif NET_WIDTH == 4 && defined(__ARM_FEATURE_MATMUL_INT8)
    return (whole)vusdotq_s32((int32x4_t)sum, (uint8x16_t)pixels, (int8x16_t)weights);
#elif NET_WIDTH == 4 && defined(__ARM_FEATURE_DOTPROD) /* of signed bytes: halves, twice, and what halving left */
    int32x4_t halves = vdotq_s32((int32x4_t){0}, (int8x16_t)(pixels >> 1 & 0x7f7f7f7f), (int8x16_t)weights);
    return (whole)vdotq_s32((int32x4_t)sum, (int8x16_t)(pixels & 0x01010101), (int8x16_t)weights) + 2 * (whole)halves;
#elif NET_WIDTH > 1 /* a pair in 16 bits, then both pairs */
    typedef int16_t shorts __attribute__((vector_size(4 * NET_WIDTH)));
    typedef uint16_t unsigned_shorts __attribute__((vector_size(4 * NET_WIDTH)));
    shorts even = (shorts)((unsigned_shorts)pixels & 255) * ((shorts)((unsigned_shorts)weights << 8) >> 8);
    whole pairs = (whole)(even + (shorts)((unsigned_shorts)pixels >> 8) * ((shorts)weights >> 8));
    return sum + (raised(pairs, 16) >> 16) + (pairs >> 16);
#else
    for (int i = 0; i < 32; i += 8)
        sum += (int32_t)((uint32_t)pixels >> i & 255) * (int8_t)((uint32_t)weights >> i & 255);
    return sum;
#endif
}

#if NET_WIDTH == 16 && defined(__AVX512VL__)
typedef int32_t half_whole __attribute__((vector_size(32)));
typedef int32_t loose_half __attribute__((vector_size(32), aligned(4), may_alias));
NET_INLINE half_whole load_half(const void *p) { return *(const loose_half *)p; }
NET_INLINE void store_half(void *p, half_whole v) { *(loose_half *)p = v; }
NET_INLINE half_whole splat_half(int32_t i) { return i - (half_whole){0}; }

/* cells_dot of half a vector. */
NET_INLINE half_whole half_dot(half_whole sum, half_whole pixels, half_whole weights) {
#if defined(__AVX512VNNI__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(pixels), "v"(weights));
    return sum;
#else
    half_whole pairs;
    __asm__("vpmaddubsw %2, %1, %0" : "=v"(pairs) : "v"(pixels), "v"(weights));
    __asm__("vpmaddwd %2, %1, %0" : "=v"(pairs) : "v"(pairs), "v"(splat_half(0x00010001)));
    return sum + pairs;
#endif
}
#endif

/* `v`, rounded to float32 here: compilers that fuse products and sums do not see through it. */
NET_INLINE vec apart(vec v) {
#if defined(__AVX512F__)
    __asm__("" : "+v"(v));
#elif defined(__SSE__) && (NET_WIDTH <= 4 || defined(__AVX__))
    __asm__("" : "+x"(v));
#elif defined(__aarch64__)
    __asm__("" : "+w"(v));
#else
    __asm__("" : "+m"(v));
#endif
    return v;
}

/* How floats become bytes: cut off at `low` and `high`, the nearest whole number of v + zero, of two the even one. */
struct cells_ends {
    float low, high, zero;
};

#define CELLS_MAGIC 12582912.0f /* from 2^23 on floats are whole numbers; the lowest byte of this one is 0 */

NET_INLINE whole cells_byte(vec v, const struct cells_ends *ends) {
    return bits_of(at_most(at_least(v, ends->low), ends->high) + (CELLS_MAGIC + ends->zero)) & 255;
}

/* Byte `i` of cells, less `zero`. */
NET_INLINE vec cells_floats(whole cells, int i, int zero) { return floats_of((cells >> 8 * i & 255) - zero); }

NET_INLINE cell cells_of(int zero) { return 0x01010101u * (cell)zero; }

/* The larger of each byte, of one cell and of a vector of them. */
NET_INLINE cell cell_larger(cell a, cell b) {
    cell found = 0;
    for (int i = 0; i < 32; i += 8) found |= NET_MAX(a >> i & 255, b >> i & 255) << i;
    return found;
}

NET_INLINE whole cells_larger(whole a, whole b) {
#if NET_WIDTH == 16 && defined(__AVX512BW__) /* of comparisons compilers make masks and back */
    __asm__("vpmaxub %1, %2, %0" : "=v"(b) : "v"(b), "v"(a));
    return b;
#elif NET_WIDTH > 1
    typedef unsigned char bytes __attribute__((vector_size(4 * NET_WIDTH)));
    bytes x = (bytes)a, y = (bytes)b;
    return (whole)(((bytes)(x > y) & x) | (~(bytes)(x > y) & y));
#else
    return (whole)cell_larger((cell)a, (cell)b);
#endif
}

#endif
