/* Weights as a file holds them: 0 float32, 1 float16, 2 int8 with a scale. */
#ifndef NET_HALVES_H
#define NET_HALVES_H

#include "vectors.h"

NET_INLINE float half_value(uint16_t bits) {
    uint32_t rest = bits & 0x7fff;
    union { uint32_t i; float f; } value = {(rest + (rest >= 0x7c00 ? 0x38000u : 0u)) << 13};
    value.f *= 5.192296858534828e33f; /* 2^112: the other bias, subnormals included */
    value.i |= (uint32_t)(bits & 0x8000) << 16;
    return value.f;
}

NET_INLINE float decoded(const void *stored, size_t at, int kind, float scale) {
    if (kind == 1) return half_value(((const uint16_t *)stored)[at]);
    if (kind == 2) return (float)((const int8_t *)stored)[at] * scale;
    return ((const float *)stored)[at];
}

#endif
