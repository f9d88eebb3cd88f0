/* Linear layers of vectors, dense or over lists of the weights that survived.
 *
 *   static void linear_run(const struct linear *l, const struct linear_data *d, const float *in, ptrdiff_t in_stride,
 *                          float *out, ptrdiff_t out_stride, int count, int part, int parts);
 *
 * computes part `part` of `parts` of the outputs of `count` images: out = activation(weights in + bias). The weights
 * stream by once for every LINEAR_IMAGES images. No two parts write the same float; `in` is not `out`.
 *
 *   static void linear_decode(const struct linear *l, const struct linear_data *d, const void *stored, int kind,
 *                             const float *scales, float *values);
 *
 * as conv_decode.
 */
#ifndef NET_LINEAR_H
#define NET_LINEAR_H

#include "halves.h"
#include "vectors.h"

struct linear {
    int inputs, outputs;
    int dense;      /* whether all weights are listed: rows of `stride` floats, zeros at the end */
    int stride;
    int size, rows; /* of survivors: a row is `size` outputs (1 or 4), side by side */
    int segments;   /* of LINEAR_SEGMENT inputs each */
    int activation;
};

struct linear_data {
    const float *values;    /* `size` a survivor: by row, segment, survivor */
    const uint16_t *steps;  /* which input of the segment */
    const uint16_t *counts; /* survivors: by row, segment */
    const float *bias;      /* by output; NULL is none */
};

#define LINEAR_SEGMENT 32768
#define LINEAR_OUTPUTS 4
#define LINEAR_IMAGES 4

typedef float four __attribute__((vector_size(16)));
typedef float loose_four __attribute__((vector_size(16), aligned(4), may_alias));

NET_INLINE float sum_of(vec v) {
    float parts[NET_WIDTH], sum = 0.0f;
    store(parts, v);
    for (int i = 0; i < NET_WIDTH; i++) sum += parts[i];
    return sum;
}

/* `outputs` rows of weights times `images` vectors. */
#define LINEAR_DENSE(NAME, OUTPUTS, IMAGES)                                                                          \
    static void NAME(const float *w, ptrdiff_t stride, const float *in, ptrdiff_t in_stride, int inputs, float *out, \
                     ptrdiff_t out_stride) {                                                                         \
        vec sums[(OUTPUTS) * (IMAGES)];                                                                              \
        NET_UNROLL for (int i = 0; i < (OUTPUTS) * (IMAGES); i++) sums[i] = splat(0.0f);                             \
        int x = 0;                                                                                                   \
        for (; x + NET_WIDTH <= inputs; x += NET_WIDTH) {                                                            \
            vec weights[OUTPUTS];                                                                                    \
            NET_UNROLL for (int o = 0; o < (OUTPUTS); o++) weights[o] = load(w + o * stride + x);                    \
            NET_UNROLL for (int i = 0; i < (IMAGES); i++) {                                                          \
                vec pixels = load(in + i * in_stride + x);                                                           \
                NET_UNROLL for (int o = 0; o < (OUTPUTS); o++) sums[i * (OUTPUTS) + o] += pixels * weights[o];       \
            }                                                                                                        \
        }                                                                                                            \
        NET_UNROLL for (int i = 0; i < (IMAGES); i++) NET_UNROLL for (int o = 0; o < (OUTPUTS); o++) {               \
            float sum = sum_of(sums[i * (OUTPUTS) + o]);                                                             \
            for (int rest = x; rest < inputs; rest++) sum += in[i * in_stride + rest] * w[o * stride + rest];        \
            out[i * out_stride + o] = sum;                                                                           \
        }                                                                                                            \
    }

LINEAR_DENSE(linear_dense_4_4, 4, 4)
LINEAR_DENSE(linear_dense_4_1, 4, 1)
LINEAR_DENSE(linear_dense_1_1, 1, 1)

static void linear_dense(const struct linear *l, const float *w, const float *in, ptrdiff_t in_stride, float *out,
                         ptrdiff_t out_stride, int count, int low, int high) {
    for (int o = low; o < high;) {
        const float *mine = w + (ptrdiff_t)o * l->stride;
        int outputs = high - o >= LINEAR_OUTPUTS ? LINEAR_OUTPUTS : 1;
        for (int i = 0; i < count;) {
            const float *x = in + i * in_stride;
            float *y = out + i * out_stride + o;
            int images = outputs == LINEAR_OUTPUTS && count - i >= LINEAR_IMAGES ? LINEAR_IMAGES : 1;
            if (images > 1) linear_dense_4_4(mine, l->stride, x, in_stride, l->inputs, y, out_stride);
            else if (outputs > 1) linear_dense_4_1(mine, l->stride, x, in_stride, l->inputs, y, out_stride);
            else linear_dense_1_1(mine, l->stride, x, in_stride, l->inputs, y, out_stride);
            i += images;
        }
        o += outputs;
    }
}

static void linear_single(const float *w, const uint16_t *steps, int count, const float *x, float *out) {
    float a = 0.0f, b = 0.0f, c = 0.0f, e = 0.0f;
    int n = 0;
    for (; n + 4 <= count; n += 4) {
        a += w[n] * x[steps[n]];
        b += w[n + 1] * x[steps[n + 1]];
        c += w[n + 2] * x[steps[n + 2]];
        e += w[n + 3] * x[steps[n + 3]];
    }
    for (; n < count; n++) a += w[n] * x[steps[n]];
    *out += (a + b) + (c + e);
}

static void linear_stripe(const float *w, const uint16_t *steps, int count, const float *x, float *out, int outputs) {
    four a = {0}, b = {0};
    int n = 0;
    for (; n + 2 <= count; n += 2) {
        a += *(const loose_four *)(w + 4 * n) * x[steps[n]];
        b += *(const loose_four *)(w + 4 * n + 4) * x[steps[n + 1]];
    }
    if (n < count) a += *(const loose_four *)(w + 4 * n) * x[steps[n]];
    a += b;
    for (int o = 0; o < outputs; o++) out[o] += a[o];
}

static void linear_sparse(const struct linear *l, const struct linear_data *d, const float *in, ptrdiff_t in_stride,
                          float *out, ptrdiff_t out_stride, int count, int low, int high) {
    const float *w = d->values;
    const uint16_t *steps = d->steps, *counts = d->counts;
    size_t before = 0;
    for (int i = 0; i < low * l->segments; i++) before += counts[i];
    w += before * (size_t)l->size, steps += before, counts += low * l->segments;
    for (int row = low; row < high; row++) {
        int first = row * l->size, outputs = NET_MIN(l->size, l->outputs - first);
        for (int i = 0; i < count; i++) memset(out + i * out_stride + first, 0, sizeof(float) * (size_t)outputs);
        for (int s = 0; s < l->segments; s++) {
            int there = *counts++;
            for (int i = 0; i < count; i++) {
                const float *x = in + i * in_stride + (ptrdiff_t)s * LINEAR_SEGMENT;
                float *y = out + i * out_stride + first;
                if (l->size == 1) linear_single(w, steps, there, x, y);
                else linear_stripe(w, steps, there, x, y, outputs);
            }
            w += (ptrdiff_t)there * l->size, steps += there;
        }
    }
}

/* Bias and activation of outputs [low, high). */
static void linear_finish(const struct linear *l, const struct linear_data *d, float *out, int low, int high) {
    for (int o = low; o < high; o += NET_WIDTH) {
        size_t bytes = sizeof(float) * (size_t)NET_MIN(NET_WIDTH, high - o);
        float sums[NET_WIDTH] = {0}, bias[NET_WIDTH] = {0};
        memcpy(sums, out + o, bytes);
        if (d->bias) memcpy(bias, d->bias + o, bytes);
        store(sums, activated(load(sums) + load(bias), l->activation));
        memcpy(out + o, sums, bytes);
    }
}

__attribute__((unused)) static void linear_run(const struct linear *l, const struct linear_data *d, const float *in,
                                               ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, int count,
                                               int part, int parts) {
    int low = (int)((int64_t)l->rows * part / parts), high = (int)((int64_t)l->rows * (part + 1) / parts);
    int first = low * l->size, last = NET_MIN(high * l->size, l->outputs);
    if (l->dense) linear_dense(l, d->values, in, in_stride, out, out_stride, count, first, last);
    else linear_sparse(l, d, in, in_stride, out, out_stride, count, low, high);
    for (int i = 0; i < count; i++) linear_finish(l, d, out + i * out_stride, first, last);
}

__attribute__((unused)) static void linear_decode(const struct linear *l, const struct linear_data *d,
                                                  const void *stored, int kind, const float *scales, float *values) {
    size_t at = 0;
    for (int row = 0; row < l->rows; row++) {
        size_t count = (size_t)l->stride;
        for (int s = 0; !l->dense && s < l->segments; s++) count = (s ? count : 0) + d->counts[row * l->segments + s];
        for (size_t n = 0; n < count; n++)
            for (int b = 0; b < l->size; b++, at++) {
                int output = row * l->size + b;
                values[at] = decoded(stored, at, kind, output < l->outputs && scales ? scales[output] : 0.0f);
            }
    }
}

#endif
