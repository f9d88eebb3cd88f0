/* Linear layers of rounded vectors: int8 weights, whole sums, floats out.
 *
 *   static void dots_run(const struct dots *l, const struct dots_data *d, const float *in, float *out, int part,
 *                        int parts);
 */
#ifndef NET_CELLS_DOTS_H
#define NET_CELLS_DOTS_H

#include "cells.h"

struct dots {
    int inputs, outputs, stride; /* inputs and stride of a row in cells */
};

struct dots_data {
    const cell *values; /* rows of `stride` cells */
    const int32_t *bias;
    const float *factors;
};

NET_INLINE int32_t dots_sum(const cell *w, const cell *x, int count) {
    whole sum = splat_whole(0);
    int i = 0;
    for (; i + NET_WIDTH <= count; i += NET_WIDTH) sum = cells_dot(sum, load_whole(x + i), load_whole(w + i));
    int32_t parts[NET_WIDTH], all = 0;
    store_whole(parts, sum);
    for (int k = 0; k < NET_WIDTH; k++) all += parts[k];
    for (; i < count; i++)
        for (int k = 0; k < 32; k += 8) all += (int32_t)(x[i] >> k & 255) * (int8_t)(w[i] >> k & 255);
    return all;
}

__attribute__((unused)) static void dots_run(const struct dots *l, const struct dots_data *d, const float *in,
                                             float *out, int part, int parts) {
    int low = (int)((int64_t)l->outputs * part / parts), high = (int)((int64_t)l->outputs * (part + 1) / parts);
    for (int o = low; o < high; o++)
        out[o] = (float)(d->bias[o] + dots_sum(d->values + (ptrdiff_t)o * l->stride, (const cell *)in, l->inputs)) *
                 d->factors[o];
}

#endif
