/* Operations on the pixels of maps as tokens: their channels normalised, values put into another order. */
#ifndef NET_TOKENS_H
#define NET_TOKENS_H

#include "ops.h"

struct attend; /* attend.h has it, where a net attends */

struct move {
    int loops, sizes[8]; /* outermost first */
    ptrdiff_t reads[8], writes[8], start, to;
    int clears; /* what is no pixel of the output */
    struct map out;
};

/* What lies between rows in the flat pixels [from, to) of a plane becomes zero. */
static void tokens_clear(float *pixels, const struct map *m, int from, int to) {
    for (int y = from / m->row; m->row > m->width && y * m->row < to; y++)
        for (int i = NET_MAX(from, y * m->row + m->width); i < NET_MIN(to, (y + 1) * m->row); i++) pixels[i] = 0.0f;
    for (int i = NET_MAX(from, m->height * m->row); i < to; i++) pixels[i] = 0.0f;
}

/* V vectors of pixels from `x` on: every channel less the mean of all, by their deviation. */
#define NORM_VECTORS 4
#define NORM_PIXELS(NAME, V)                                                                                         \
    static void NAME(const struct plain *o, const float *scale, const float *shift, const float *x, float *to) {     \
        int channels = o->out.channels;                                                                              \
        ptrdiff_t step = o->in.plane, out = o->out.plane;                                                            \
        vec mean[V], sum[V], part = splat(1.0f / (float)channels), eps = splat(o->value);                            \
        NET_UNROLL for (int t = 0; t < (V); t++) mean[t] = sum[t] = splat(0.0f);                                     \
        for (int c = 0; c < channels; c++)                                                                           \
            NET_UNROLL for (int t = 0; t < (V); t++) mean[t] += load(x + c * step + t * NET_WIDTH);                  \
        NET_UNROLL for (int t = 0; t < (V); t++) mean[t] *= part;                                                    \
        for (int c = 0; c < channels; c++)                                                                           \
            NET_UNROLL for (int t = 0; t < (V); t++) {                                                               \
                vec off = load(x + c * step + t * NET_WIDTH) - mean[t];                                              \
                sum[t] += off * off;                                                                                 \
            }                                                                                                        \
        NET_UNROLL for (int t = 0; t < (V); t++) sum[t] = 1.0f / root(sum[t] * part + eps);                          \
        for (int c = 0; c < channels; c++) {                                                                         \
            vec a = splat(o->counts ? scale[c] : 1.0f), b = splat(o->counts ? shift[c] : 0.0f);                      \
            NET_UNROLL for (int t = 0; t < (V); t++)                                                                 \
                store(to + c * out + t * NET_WIDTH, (load(x + c * step + t * NET_WIDTH) - mean[t]) * sum[t] * a + b); \
        }                                                                                                            \
    }

NORM_PIXELS(norm_many, NORM_VECTORS)
NORM_PIXELS(norm_one, 1)

static void norm_vector(const struct plain *o, const float *scale, const float *shift, const float *x, float *to) {
    int channels = o->out.channels;
    float mean = 0.0f, sum = 0.0f, each[NET_WIDTH];
    for (int c = 0; c < channels; c++) mean += x[c];
    mean /= (float)channels;
    for (int c = 0; c < channels; c++) sum += (x[c] - mean) * (x[c] - mean);
    store(each, 1.0f / root(splat(sum / (float)channels + o->value)));
    for (int c = 0; c < channels; c++)
        to[c] = (x[c] - mean) * each[0] * (o->counts ? scale[c] : 1.0f) + (o->counts ? shift[c] : 0.0f);
}

/* o->counts: whether there are scale and shift; o->value: what is added to the variance. Parts share the pixels. */
static void op_norm(const struct plain *o, const float *scale, const float *shift, const float *in, float *out,
                    int part, int parts) {
    const struct map *m = &o->out;
    if (m->plane == 1) {
        if (part == 0) norm_vector(o, scale, shift, in, out);
        return;
    }
    int vectors = (m->height * m->row + NET_WIDTH - 1) / NET_WIDTH;
    int low = (int)((int64_t)vectors * part / parts), high = (int)((int64_t)vectors * (part + 1) / parts);
    for (int v = low; v < high;) {
        const float *x = in + o->in.origin + v * NET_WIDTH;
        float *to = out + m->origin + v * NET_WIDTH;
        if (high - v >= NORM_VECTORS) norm_many(o, scale, shift, x, to), v += NORM_VECTORS;
        else norm_one(o, scale, shift, x, to), v++;
    }
    for (int c = 0; c < m->channels; c++) {
        float *plane = out + (ptrdiff_t)c * m->plane, *pixels = plane + m->origin;
        int end = part == parts - 1 ? used(m) - m->origin : high * NET_WIDTH;
        if (part == 0) memset(plane, 0, (size_t)m->origin * sizeof *plane);
        tokens_clear(pixels, m, low * NET_WIDTH, end);
    }
}

/* A map that lies densely in `from`, its rows o->kernel[1] floats apart. */
static void op_constant(const struct plain *o, const float *from, float *out, int part, int parts) {
    const struct map *m = &o->out;
    FOR_MY_CHANNELS(c, m->channels) {
        float *plane = out + (ptrdiff_t)c * m->plane;
        clear_margins(plane, m);
        for (int y = 0; y < m->height; y++)
            memcpy(plane + m->origin + y * m->row, from + ((ptrdiff_t)c * m->height + y) * o->kernel[1],
                   (size_t)m->width * sizeof *plane);
    }
}

NET_INLINE void move_line(const float *from, ptrdiff_t step, float *to, ptrdiff_t out, int count) {
    if (step == 1 && out == 1) memcpy(to, from, (size_t)count * sizeof *to);
    else for (int i = 0; i < count; i++) to[i * out] = from[i * step];
}

/* Parts share the outermost loop. */
static void op_move(const struct move *m, const float *in, float *out, int part, int parts) {
    int last = m->loops - 1, at[8] = {0}, ends[8];
    FOR_MY_CHANNELS(c, m->clears ? m->out.channels : 0) clear_margins(out + (ptrdiff_t)c * m->out.plane, &m->out);
    memcpy(ends, m->sizes, sizeof ends);
    at[0] = (int)((int64_t)m->sizes[0] * part / parts), ends[0] = (int)((int64_t)m->sizes[0] * (part + 1) / parts);
    int first = at[0];
    if (last == 0) {
        move_line(in + m->start + first * m->reads[0], m->reads[0], out + m->to + first * m->writes[0], m->writes[0],
                  ends[0] - first);
        return;
    }
    while (at[0] < ends[0]) {
        ptrdiff_t from = m->start, to = m->to;
        for (int i = 0; i < last; i++) from += at[i] * m->reads[i], to += at[i] * m->writes[i];
        move_line(in + from, m->reads[last], out + to, m->writes[last], m->sizes[last]);
        int i = last - 1;
        while (i > 0 && ++at[i] == ends[i]) at[i--] = 0;
        if (i == 0) at[0]++;
    }
}

#endif
