/* The operations that are no layers: element by element, pooling, copying. Each computes its part of the channels and
 * writes whole planes: what lies outside the image (margins, slack) is zero in every map, before and after. */
#ifndef NET_OPS_H
#define NET_OPS_H

#include "vectors.h"

/* A map in memory: one plane a channel, rows `row` floats apart, the first pixel at `origin`. A vector: plane 1. */
struct map {
    int channels, height, width, row, plane, origin;
};

struct plain {
    int kind; /* of activation, for those that have one; the zero of the cells that a gate reads */
    struct map in, out;
    int kernel[2], stride[2], dilation[2], before[2]; /* of a pooling: window, and the border above and to the left */
    int counts;                                       /* a mean divides by the whole window at the border too */
    float value;                                      /* of a border */
};

#define FOR_MY_CHANNELS(c, count) \
    for (int c = (count) * part / parts, c##_end = (count) * (part + 1) / parts; c < c##_end; c++)

/* Floats of a plane that anything is done with: of a text as many whole lines as its tokens take. */
NET_INLINE int used(const struct map *m) {
#ifdef NET_LENGTH
    return NET_MIN(m->plane, m->origin + (m->height * m->row + 15) / 16 * 16);
#else
    return m->plane;
#endif
}

/* Everything of a plane that is no pixel becomes zero. */
static void clear_margins(float *plane, const struct map *m) {
    if (m->plane == m->height * m->width) return;
    memset(plane, 0, (size_t)m->origin * sizeof *plane);
    for (int y = 0; y < m->height; y++) {
        int from = m->origin + y * m->row + m->width;
        int to = y + 1 < m->height ? m->origin + (y + 1) * m->row : used(m);
        memset(plane + from, 0, (size_t)(to - from) * sizeof *plane);
    }
}

/* The images as they are given, x * scale + shift. */
static void op_enter(const struct plain *o, const float *scale, const float *shift, const float *images, float *out,
                     int part, int parts) {
    const struct map *m = &o->out;
    FOR_MY_CHANNELS(c, m->channels) {
        float *plane = out + (size_t)c * m->plane;
        clear_margins(plane, m);
        for (int y = 0; y < m->height; y++) {
            const float *restrict from = images + ((size_t)c * m->height + y) * m->width;
            float *restrict to = plane + m->origin + y * m->row;
            for (int x = 0; x < m->width; x++) to[x] = from[x] * scale[c] + shift[c];
        }
    }
}

/* In and out may be the same in the next three. */
static void op_scale(const struct plain *o, const float *scale, const float *shift, const float *in, float *out,
                     int part, int parts) {
    const struct map *m = &o->out;
    FOR_MY_CHANNELS(c, m->channels) {
        const float *from = in + (size_t)c * m->plane;
        float *to = out + (size_t)c * m->plane, a = scale[c], b = shift[c];
        for (int i = 0; i < used(m); i++) to[i] = from[i] * a + b;
        clear_margins(to, m);
    }
}

NET_INLINE void activate_as(const float *from, float *to, size_t count, const int kind) {
    size_t i = 0;
    for (; i + NET_WIDTH <= count; i += NET_WIDTH) store(to + i, activated(load(from + i), kind));
    if (i == count) return;
    float rest[NET_WIDTH] = {0};
    memcpy(rest, from + i, (count - i) * sizeof *rest);
    store(rest, activated(load(rest), kind));
    memcpy(to + i, rest, (count - i) * sizeof *rest);
}

static void activate_floats(const float *from, float *to, size_t count, int kind) {
    switch (kind) { /* one loop each */
    case RELU: activate_as(from, to, count, RELU); return;
    case RELU6: activate_as(from, to, count, RELU6); return;
    case SILU: activate_as(from, to, count, SILU); return;
    case HARDSWISH: activate_as(from, to, count, HARDSWISH); return;
    case HARDSIGMOID: activate_as(from, to, count, HARDSIGMOID); return;
    case GELU: activate_as(from, to, count, GELU); return;
    case GELU_TANH: activate_as(from, to, count, GELU_TANH); return;
    case TANH: activate_as(from, to, count, TANH); return;
    default: activate_as(from, to, count, SIGMOID); return;
    }
}

static void op_activate(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *m = &o->out;
    int leaves_zero = o->kind != SIGMOID && o->kind != HARDSIGMOID;
    size_t from = (size_t)m->channels * part / parts, to = (size_t)m->channels * (part + 1) / parts;
    size_t floats = (size_t)used(m), plane = (size_t)m->plane;
    if (floats == plane) activate_floats(in + from * plane, out + from * plane, (to - from) * plane, o->kind);
    else for (size_t c = from; c < to; c++) activate_floats(in + c * plane, out + c * plane, floats, o->kind);
    for (size_t c = from; c < to && !leaves_zero; c++) clear_margins(out + c * m->plane, m);
}

/* The second input is of the same layout, or one number a channel. */
static void op_add(const struct plain *o, const float *a, const float *b, float *out, int part, int parts) {
    const struct map *m = &o->out;
    int whole = o->in.plane == m->plane;
    FOR_MY_CHANNELS(c, m->channels) {
        const float *x = a + (size_t)c * m->plane, *y = b + (size_t)c * o->in.plane;
        float *to = out + (size_t)c * m->plane, one = y[0];
        if (whole) for (int i = 0; i < used(m); i++) to[i] = x[i] + y[i];
        else {
            for (int i = 0; i < used(m); i++) to[i] = x[i] + one;
            clear_margins(to, m);
        }
    }
}

static void op_mul(const struct plain *o, const float *a, const float *b, float *out, int part, int parts) {
    const struct map *m = &o->out;
    int whole = o->in.plane == m->plane;
    FOR_MY_CHANNELS(c, m->channels) {
        const float *x = a + (size_t)c * m->plane, *y = b + (size_t)c * o->in.plane;
        float *to = out + (size_t)c * m->plane, one = y[0];
        if (whole) for (int i = 0; i < used(m); i++) to[i] = x[i] * y[i];
        else for (int i = 0; i < used(m); i++) to[i] = x[i] * one;
    }
}

/* As many planes as `in` has channels, to the same layout elsewhere: what a concatenation cannot have in place. */
static void op_copy(const struct plain *o, const float *in, float *out, int part, int parts) {
    size_t from = (size_t)o->in.channels * part / parts, to = (size_t)o->in.channels * (part + 1) / parts;
    memcpy(out + from * o->in.plane, in + from * o->in.plane, (to - from) * o->in.plane * sizeof *out);
}

/* Channels of zeros, `before` of them first; the others may be there already. */
static void op_widen(const struct plain *o, const float *in, float *out, int part, int parts) {
    size_t plane = (size_t)o->in.plane;
    int first = o->before[0], end = first + o->in.channels;
    FOR_MY_CHANNELS(c, o->out.channels) {
        float *to = out + (size_t)c * plane;
        const float *from = in + (size_t)(c - first) * plane;
        if (c < first || c >= end) memset(to, 0, plane * sizeof *to);
        else if (from != to) memcpy(to, from, plane * sizeof *to);
    }
}

/* The pixels without their margins, as a vector. */
static void op_flatten(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *m = &o->in;
    FOR_MY_CHANNELS(c, m->channels)
        for (int y = 0; y < m->height; y++)
            memcpy(out + ((size_t)c * m->height + y) * m->width, in + (size_t)c * m->plane + m->origin + y * m->row,
                   (size_t)m->width * sizeof *out);
}

/* A border of `value`, `before` wide above and to the left. */
static void op_pad(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *m = &o->out, *i = &o->in;
    FOR_MY_CHANNELS(c, m->channels) {
        float *plane = out + (size_t)c * m->plane;
        clear_margins(plane, m);
        for (int y = 0; y < m->height; y++) {
            float *to = plane + m->origin + y * m->row;
            for (int x = 0; x < m->width; x++) to[x] = o->value;
            int from = y - o->before[0];
            if (from >= 0 && from < i->height)
                memcpy(to + o->before[1], in + (size_t)c * i->plane + i->origin + from * i->row,
                       (size_t)i->width * sizeof *to);
        }
    }
}

/* The sum of a whole plane: what is no pixel is zero. Four at a time, so that none waits for the one before. */
static float plane_sum(const float *plane, int count) {
    vec sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
    int i = 0;
    for (; i + 4 * NET_WIDTH <= count; i += 4 * NET_WIDTH)
        NET_UNROLL for (int k = 0; k < 4; k++) sums[k] += load(plane + i + k * NET_WIDTH);
    for (; i + NET_WIDTH <= count; i += NET_WIDTH) sums[0] += load(plane + i);
    float each[NET_WIDTH], sum = 0.0f;
    store(each, (sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (int k = 0; k < NET_WIDTH; k++) sum += each[k];
    for (; i < count; i++) sum += plane[i];
    return sum;
}

static float window_sum(const struct map *m, const float *plane, int top, int end, int left, int right) {
    float sum = 0.0f;
    for (int y = top; y < end; y++)
        for (int x = left; x < right; x++) sum += plane[m->origin + y * m->row + x];
    return sum;
}

/* The means of windows as torch's adaptive pooling cuts them. */
static void op_adaptive(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *i = &o->in, *m = &o->out;
    int one = m->height * m->width == 1;
    FOR_MY_CHANNELS(c, m->channels) {
        const float *from = in + (size_t)c * (size_t)i->plane;
        float *plane = out + (size_t)c * (size_t)m->plane;
        clear_margins(plane, m);
        for (int y = 0; y < m->height; y++)
            for (int x = 0; x < m->width; x++) {
                int top = y * i->height / m->height, end = ((y + 1) * i->height + m->height - 1) / m->height;
                int left = x * i->width / m->width, right = ((x + 1) * i->width + m->width - 1) / m->width;
                float sum = one ? plane_sum(from, used(i)) : window_sum(i, from, top, end, left, right);
                plane[m->origin + y * m->row + x] = sum / (float)((end - top) * (right - left));
            }
    }
}

#endif
