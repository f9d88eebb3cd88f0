/* Vectors of NET_WIDTH floats in GCC's and Clang's vector extensions, and the activations on them.
 *
 * What is no number stays none: at_least and at_most compare so that of a NaN it is the NaN that is left. */
#ifndef NET_VECTORS_H
#define NET_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef NET_WIDTH
#if defined(__AVX512F__)
#define NET_WIDTH 16
#elif defined(__AVX__)
#define NET_WIDTH 8
#else
#define NET_WIDTH 4
#endif
#endif

#if NET_WIDTH != 16 && NET_WIDTH != 8 && NET_WIDTH != 4 && NET_WIDTH != 1
#error "NET_WIDTH is 16, 8, 4 or 1 floats a vector"
#endif

/* Of four numbers the one for vectors of this build's width. */
#if NET_WIDTH == 16
#define CONV_T(t16, t8, t4, t1) t16
#elif NET_WIDTH == 8
#define CONV_T(t16, t8, t4, t1) t8
#elif NET_WIDTH == 4
#define CONV_T(t16, t8, t4, t1) t4
#else
#define CONV_T(t16, t8, t4, t1) t1
#endif

#define NET_INLINE static inline __attribute__((always_inline, unused))

enum activation { NONE = 0, RELU, RELU6, SILU, HARDSWISH, HARDSIGMOID, SIGMOID, GELU, GELU_TANH, TANH };

#define NET_UNROLL _Pragma("GCC unroll 64")
#define NET_MIN(a, b) ((a) < (b) ? (a) : (b))
#define NET_MAX(a, b) ((a) > (b) ? (a) : (b))

#if NET_WIDTH > 1
typedef float vec __attribute__((vector_size(4 * NET_WIDTH)));
typedef int32_t ivec __attribute__((vector_size(4 * NET_WIDTH)));
typedef float loose_vec __attribute__((vector_size(4 * NET_WIDTH), aligned(4), may_alias));

/* The vector at any float. */
NET_INLINE vec load(const float *p) { return *(const loose_vec *)p; }
NET_INLINE void store(float *p, vec v) { *(loose_vec *)p = v; }
NET_INLINE vec splat(float f) { return f - (vec){0}; }
NET_INLINE vec pick(ivec which, vec a, vec b) { return (vec)((which & (ivec)a) | (~which & (ivec)b)); }
/* b where either is none: one instruction says so, which compilers do not find. */
#if defined(__AVX512F__) && NET_WIDTH == 16
NET_INLINE vec larger(vec a, vec b) {
    __asm__("vmaxps %1, %2, %0" : "=v"(b) : "v"(b), "v"(a));
    return b;
}
NET_INLINE vec smaller(vec a, vec b) {
    __asm__("vminps %1, %2, %0" : "=v"(b) : "v"(b), "v"(a));
    return b;
}
#elif defined(__AVX__) && NET_WIDTH == 8
NET_INLINE vec larger(vec a, vec b) { return __builtin_ia32_maxps256(a, b); }
NET_INLINE vec smaller(vec a, vec b) { return __builtin_ia32_minps256(a, b); }
#else
NET_INLINE vec larger(vec a, vec b) { return pick(a > b, a, b); }
NET_INLINE vec smaller(vec a, vec b) { return pick(a < b, a, b); }
#endif
NET_INLINE vec at_least(vec v, float low) { return larger(splat(low), v); }
NET_INLINE vec at_most(vec v, float high) { return smaller(splat(high), v); }
NET_INLINE vec if_positive(vec v, vec yes, vec no) { return pick(v > splat(0.0f), yes, no); }
NET_INLINE vec low_bits_as_exponent(vec v) {
    typedef uint32_t bits __attribute__((vector_size(4 * NET_WIDTH)));
    return (vec)((bits)v << 23);
}

#if defined(__AVX512F__) && NET_WIDTH == 16
NET_INLINE vec root(vec v) { return (vec)__builtin_ia32_sqrtps512_mask(v, v, -1, 4); }
#elif defined(__AVX__) && NET_WIDTH == 8
NET_INLINE vec root(vec v) { return __builtin_ia32_sqrtps256(v); }
#else
NET_INLINE vec root(vec v) {
    for (int i = 0; i < NET_WIDTH; i++) v[i] = __builtin_sqrtf(v[i]);
    return v;
}
#endif

/* p[0], p[2], p[4] ... */
NET_INLINE vec every_second(const float *p) {
#if NET_WIDTH == 16
    return __builtin_shufflevector(load(p), load(p + 16), 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif NET_WIDTH == 8
    return __builtin_shufflevector(load(p), load(p + 8), 0, 2, 4, 6, 8, 10, 12, 14);
#else
    return __builtin_shufflevector(load(p), load(p + 4), 0, 2, 4, 6);
#endif
}
#else
typedef float vec;

NET_INLINE vec every_second(const float *p) { return *p; }

NET_INLINE vec root(vec v) { return __builtin_sqrtf(v); }
NET_INLINE vec load(const float *p) { return *p; }
NET_INLINE void store(float *p, vec v) { *p = v; }
NET_INLINE vec splat(float f) { return f; }
NET_INLINE vec at_least(vec v, float low) { return low > v ? low : v; }
NET_INLINE vec at_most(vec v, float high) { return high < v ? high : v; }
NET_INLINE vec larger(vec a, vec b) { return a > b ? a : b; }
NET_INLINE vec if_positive(vec v, vec yes, vec no) { return v > 0.0f ? yes : no; }
NET_INLINE vec low_bits_as_exponent(vec v) {
    union { float f; uint32_t i; } bits = {v};
    bits.i <<= 23;
    return bits.f;
}
#endif

/* `v`, from here on in a register. Compilers fold a load into every multiply-add that uses it, which then loads it again:
 * on processors whose loads bound a sum that is up to twice the time. Where no operand lies in memory it is nothing. */
NET_INLINE vec held(vec v) {
#if defined(__AVX512F__)
    __asm__("" : "+v"(v));
#elif defined(__SSE__) && (NET_WIDTH <= 4 || defined(__AVX__))
    __asm__("" : "+x"(v));
#endif
    return v;
}

#define EXPONENT_MAGIC 12583039.0f /* 1.5 * 2^23 + 127: floats there are whole numbers, an exponent in the lowest bits */

/* exp within 2 units in the last place; below -87 that of -87, from 88.4 on infinity. */
NET_INLINE vec exponential(vec v) {
    v = at_most(at_least(v, -87.0f), 89.0f);
    vec shifted = v * 1.44269504f + EXPONENT_MAGIC, power = shifted - EXPONENT_MAGIC;
    vec rest = v - power * 0.693359375f + power * 2.12194440e-4f;
    vec sum = 1.9875691500e-4f * rest + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    return (sum * rest * rest + rest + 1.0f) * low_bits_as_exponent(shifted);
}

/* x times the part of a normal distribution below x; erfc within 1.5e-7 (Abramowitz and Stegun, 7.1.26). */
NET_INLINE vec gelu(vec v) {
    vec half = 0.5f * v, size = if_positive(half, half, -half), z = size * 1.41421356f;
    vec t = 1.0f / (1.0f + 0.3275911f * z), sum = 1.061405429f * t - 1.453152027f;
    sum = sum * t + 1.421413741f;
    sum = sum * t - 0.284496736f;
    sum = sum * t + 0.254829592f;
    return size * (1.0f - sum * t * exponential(-z * z)) + half;
}

NET_INLINE vec activated(vec v, int kind) {
    switch (kind) {
    case RELU: return at_least(v, 0.0f);
    case RELU6: return at_most(at_least(v, 0.0f), 6.0f);
    case SILU: return v / (1.0f + exponential(-v));
    case HARDSWISH: return v * (at_most(at_least(v + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f));
    case HARDSIGMOID: return at_most(at_least(v + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
    case SIGMOID: return 1.0f / (1.0f + exponential(-v));
    case GELU: return gelu(v);
    case GELU_TANH: return v / (1.0f + exponential(-1.59576912f * (v + 0.044715f * v * v * v)));
    case TANH: return 1.0f - 2.0f / (1.0f + exponential(2.0f * v));
    default: return v;
    }
}

#endif
