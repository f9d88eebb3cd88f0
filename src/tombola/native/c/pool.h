/* Pooling by windows: first the window's rows into one line, then along the line. NET_LINE: floats of the longest.
 *
 * The line begins where the border does, and its border never changes: it holds what changes no maximum and no sum. */
#ifndef NET_POOL_H
#define NET_POOL_H

#include "ops.h"

#define POOL_LINE (NET_LINE + NET_WIDTH) /* every second float is loaded with the one behind it */

enum pooling { MEAN, LARGEST, LARGEST_OR_NAN }; /* the second is faster, and right where there are numbers alone */

NET_INLINE float pooled(float a, float b, const int how) {
    float largest = a > b ? a : b; /* b if either is a NaN */
    return how == MEAN ? a + b : how == LARGEST || a == a ? largest : a;
}

NET_INLINE void pool_nothing(float *line, const int how) {
    for (int x = 0; x < POOL_LINE; x++) line[x] = how == MEAN ? 0.0f : -__builtin_inff();
}

/* Rows `step` apart, one or more of them. */
NET_INLINE void pool_rows(float *restrict line, const float *restrict row, ptrdiff_t step, int rows, int count,
                          const int how) {
    if (rows == 3) {
        for (int x = 0; x < count; x++)
            line[x] = pooled(pooled(row[x], row[step + x], how), row[2 * step + x], how);
        return;
    }
    memcpy(line, row, (size_t)count * sizeof *line);
    for (int r = 1; r < rows; r++)
        for (int x = 0; x < count; x++) line[x] = pooled(line[x], row[r * step + x], how);
}

NET_INLINE void pool_windows(float *restrict to, const float *restrict line, int count, const int kernel,
                             const int stride, const int dilation, const int how) {
    int x = 0;
    for (; how == LARGEST && stride == 2 && dilation == 1 && x + NET_WIDTH <= count; x += NET_WIDTH) {
        vec all = every_second(line + 2 * x);
        for (int k = 1; k < kernel; k++) all = larger(all, every_second(line + 2 * x + k));
        store(to + x, all);
    }
    for (; x < count; x++) {
        float all = line[x * stride];
        for (int k = 1; k < kernel; k++) all = pooled(all, line[x * stride + k * dilation], how);
        to[x] = all;
    }
}

/* The common windows are known when this is compiled. */
NET_INLINE void pool_along(const struct plain *o, float *to, const float *line, const int how) {
    int count = o->out.width, kernel = o->kernel[1], stride = o->stride[1], dilation = o->dilation[1];
    if (dilation == 1 && kernel == 3 && stride == 2) pool_windows(to, line, count, 3, 2, 1, how);
    else if (dilation == 1 && kernel == 3 && stride == 1) pool_windows(to, line, count, 3, 1, 1, how);
    else if (dilation == 1 && kernel == 2 && stride == 2) pool_windows(to, line, count, 2, 2, 1, how);
    else pool_windows(to, line, count, kernel, stride, dilation, how);
}

/* The first of `kernel` steps from `at` on that lies in 0 .. length - 1, and how many do. */
NET_INLINE int pool_inside(int at, int kernel, int dilation, int length, int *first) {
    int inside = 0;
    for (int k = kernel - 1; k >= 0; k--)
        if (at + k * dilation >= 0 && at + k * dilation < length) inside++, *first = at + k * dilation;
    return inside;
}

static void pool_means(const struct plain *o, float *to, int rows) {
    int first = 0;
    for (int x = 0; x < o->out.width; x++) {
        int at = x * o->stride[1] - o->before[1];
        int columns = pool_inside(at, o->kernel[1], o->dilation[1], o->in.width, &first);
        to[x] /= (float)(o->counts ? o->kernel[0] * o->kernel[1] : rows * columns);
    }
}

NET_INLINE void pool_plane(const struct plain *o, const float *in, float *plane, float *line, const int how) {
    const struct map *i = &o->in, *m = &o->out;
    clear_margins(plane, m);
    for (int y = 0; y < m->height; y++) {
        float *to = plane + m->origin + y * m->row;
        int first = 0, at = y * o->stride[0] - o->before[0];
        int rows = pool_inside(at, o->kernel[0], o->dilation[0], i->height, &first);
        const float *from = in + i->origin + first * i->row;
        if (rows) pool_rows(line + o->before[1], from, (ptrdiff_t)o->dilation[0] * i->row, rows, i->width, how);
        else pool_nothing(line, how); /* a window of border alone */
        pool_along(o, to, line, how);
        if (how == MEAN) pool_means(o, to, rows);
    }
}

static void op_pool_max(const struct plain *o, const float *in, float *out, int part, int parts) {
    float line[POOL_LINE];
    pool_nothing(line, LARGEST);
    FOR_MY_CHANNELS(c, o->out.channels) {
        const float *from = in + (ptrdiff_t)c * o->in.plane;
        float *to = out + (ptrdiff_t)c * o->out.plane, sum = plane_sum(from, o->in.plane);
        if (sum == sum) pool_plane(o, from, to, line, LARGEST);
        else pool_plane(o, from, to, line, LARGEST_OR_NAN);
    }
}

static void op_pool_average(const struct plain *o, const float *in, float *out, int part, int parts) {
    float line[POOL_LINE];
    pool_nothing(line, MEAN);
    FOR_MY_CHANNELS(c, o->out.channels)
        pool_plane(o, in + (ptrdiff_t)c * o->in.plane, out + (ptrdiff_t)c * o->out.plane, line, MEAN);
}

#endif
