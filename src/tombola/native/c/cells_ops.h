/* The operations on cells that are no layers: floats made bytes and back, maxima by windows, means. */
#ifndef NET_CELLS_OPS_H
#define NET_CELLS_OPS_H

#include "cells.h"
#include "ops.h"

/* Everything of a plane that is no pixel becomes `border`. */
static void cells_margins(cell *plane, const struct map *m, cell border) {
    if (m->plane == m->height * m->width) return;
    for (int i = 0; i < m->origin; i++) plane[i] = border;
    for (int y = 0; y < m->height; y++) {
        int from = m->origin + y * m->row + m->width;
        int to = y + 1 < m->height ? m->origin + (y + 1) * m->row : used(m);
        for (int i = from; i < to; i++) plane[i] = border;
    }
}

/* A vector of floats as one byte of cells, which hold the bytes before it. */
NET_INLINE void cells_vector(cell *to, vec v, int byte, const struct cells_ends *ends) {
    whole found = raised(cells_byte(v, ends), 8 * byte);
    store_whole(to, byte ? load_whole(to) | found : found);
}

/* A row of floats: v * scale + shift. Its last vector goes back over what is there: the same bits once more. */
static void cells_row(cell *to, const float *from, int count, float scale, float shift, int byte,
                      const struct cells_ends *ends) {
    vec a = splat(scale), b = splat(shift);
    int x = 0, last = count - NET_WIDTH;
    for (; x <= last; x += NET_WIDTH) cells_vector(to + x, apart(load(from + x) * a) + b, byte, ends);
    if (x >= count) return;
    if (last >= 0) {
        cells_vector(to + last, apart(load(from + last) * a) + b, byte, ends);
        return;
    }
    float rest[NET_WIDTH] = {0.0f};
    cell found[NET_WIDTH] = {0};
    memcpy(rest, from, sizeof *rest * (size_t)count);
    memcpy(found, to, sizeof *found * (size_t)count);
    cells_vector(found, apart(load(rest) * a) + b, byte, ends);
    memcpy(to, found, sizeof *found * (size_t)count);
}

NET_INLINE struct cells_ends cells_whole(const struct plain *o) {
    return (struct cells_ends){(float)-o->counts, (float)(255 - o->counts), (float)o->counts};
}

/* The channels of floats in o->in, x * scale + shift, as cells of four; row y of channel k begins at
 * from + k * plane + y * row. Without tables every channel has the scale o->value, and no shift. */
NET_INLINE void cells_enter(const struct plain *o, const float *from, size_t plane, int row, const float *scale,
                            const float *shift, float *out, int part, int parts) {
    struct cells_ends ends = cells_whole(o);
    const struct map *m = &o->out;
    int one = row == m->width && m->row == m->width; /* rows without margins are one: short ones cost a copy */
    int rows = one ? 1 : m->height, width = one ? m->height * m->width : m->width;
    FOR_MY_CHANNELS(c, m->channels) {
        cell *to = (cell *)out + (size_t)c * m->plane;
        cells_margins(to, m, cells_of(o->counts));
        for (int k = 4 * c; k < NET_MIN(4 * c + 4, o->in.channels); k++)
            for (int y = 0; y < rows; y++)
                cells_row(to + m->origin + y * m->row, from + k * plane + (size_t)y * row, width,
                          scale ? scale[k] : o->value, shift ? shift[k] : 0.0f, k % 4, &ends);
    }
}

/* The images as they are given, x * scale + shift, as cells; o->in says how many channels they have. */
static void op_enter_cells(const struct plain *o, const float *scale, const float *shift, const float *images,
                           float *out, int part, int parts) {
    cells_enter(o, images, (size_t)o->out.height * o->out.width, o->out.width, scale, shift, out, part, parts);
}

/* Floats `first` to `last` of a vector as bytes one after another, which are its cells. */
static void cells_enter_vector(const struct plain *o, const float *in, unsigned char *out, int first, int last) {
    struct cells_ends ends = cells_whole(o);
    for (int i = first; i < last; i += NET_WIDTH) {
        float some[NET_WIDTH] = {0.0f};
        int32_t bytes[NET_WIDTH];
        int count = NET_MIN(NET_WIDTH, last - i);
        memcpy(some, in + i, sizeof *some * (size_t)count);
        store_whole(bytes, cells_byte(apart(load(some) * splat(o->value)), &ends));
        for (int k = 0; k < count; k++) out[i + k] = (unsigned char)bytes[k];
    }
}

/* Floats as cells, x * o->value. */
static void op_to_cells(const struct plain *o, const float *in, float *out, int part, int parts) {
    int cells = o->out.channels, low = cells * part / parts, high = cells * (part + 1) / parts;
    if (o->in.plane == 1 && o->out.plane == 1 && o->in.channels == 4 * cells) {
        cells_enter_vector(o, in + o->in.origin, (unsigned char *)((cell *)out + o->out.origin), 4 * low, 4 * high);
        return;
    }
    cells_enter(o, in + o->in.origin, o->in.plane, o->in.row, 0, 0, out, part, parts);
}

/* Cells as floats, (q - zero) * o->value. */
static void op_from_cells(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *m = &o->out;
    FOR_MY_CHANNELS(c, m->channels) {
        const cell *from = (const cell *)in + (size_t)(c / 4) * o->in.plane + o->in.origin;
        float *plane = out + (size_t)c * m->plane;
        clear_margins(plane, m);
        for (int y = 0; y < m->height; y++)
            for (int x = 0; x < m->width; x++)
                plane[m->origin + y * m->row + x] =
                    (float)((int)(from[y * o->in.row + x] >> 8 * (c % 4) & 255) - o->counts) * o->value;
    }
}

/* The mean of every channel: o->value times the sum of q - zero. */
static void op_cell_mean(const struct plain *o, const float *in, float *out, int part, int parts) {
    FOR_MY_CHANNELS(c, o->in.channels) {
        const cell *from = (const cell *)in + (size_t)c * o->in.plane + o->in.origin;
        int32_t sums[4] = {0};
        for (int y = 0; y < o->in.height; y++)
            for (int x = 0; x < o->in.width; x++)
                for (int i = 0; i < 4; i++) sums[i] += (int32_t)(from[y * o->in.row + x] >> 8 * i & 255);
        int zeros = o->counts * o->in.height * o->in.width;
        for (int i = 0; i < 4 && 4 * c + i < o->out.channels; i++)
            out[(size_t)(4 * c + i) * o->out.plane] = (float)(sums[i] - zeros) * o->value;
    }
}

/* Vector `x` of cells, four numbers a cell: (q - zero) * by[i], rounded anew. */
NET_INLINE whole cells_gated(whole cells, const vec *by, int zero, const struct cells_ends *ends) {
    whole found = splat_whole(0);
    NET_UNROLL for (int i = 0; i < 4; i++) found |= raised(cells_byte(cells_floats(cells, i, zero) * by[i], ends), 8 * i);
    return found;
}

/* A map times the number of each channel in `gate`: o->value times it is a step of the map in the result's steps. A
 * border is the map's zero, and becomes the result's. The last vector goes back over what is there. */
static void op_cell_gate(const struct plain *o, const float *in, const float *gate, float *out, int part, int parts) {
    struct cells_ends ends = cells_whole(o);
    int count = used(&o->out), last = count - NET_WIDTH;
    FOR_MY_CHANNELS(c, o->out.channels) {
        const cell *from = (const cell *)in + (size_t)c * o->out.plane;
        cell *to = (cell *)out + (size_t)c * o->out.plane;
        vec by[4];
        for (int i = 0; i < 4; i++)
            by[i] = splat(4 * c + i < o->in.channels ? gate[(size_t)(4 * c + i) * o->in.plane] * o->value : 0.0f);
        if (last < 0) {
            cell rest[NET_WIDTH] = {0};
            memcpy(rest, from, sizeof *rest * (size_t)count);
            store_whole(rest, cells_gated(load_whole(rest), by, o->kind, &ends));
            memcpy(to, rest, sizeof *rest * (size_t)count);
        }
        for (int x = 0; last >= 0 && x < count; x += NET_WIDTH) {
            int at = NET_MIN(x, last);
            store_whole(to + at, cells_gated(load_whole(from + at), by, o->kind, &ends));
        }
    }
}

/* Every `stride`-th cell's largest of `kernel` in a line that has a border already. The last vector goes back over what
 * is there. */
NET_INLINE void cells_along(cell *to, const cell *line, int count, int kernel, int stride) {
    int x = 0, last = count - NET_WIDTH;
    for (; stride <= 2 && last >= 0 && x < count; x += NET_WIDTH) {
        whole all = splat_whole(0);
        int from = NET_MIN(x, last);
        for (int k = 0; k < kernel; k++) {
            const cell *at = line + from * stride + k;
            all = cells_larger(all, stride == 1 ? load_whole(at) : bits_of(every_second((const float *)at)));
        }
        store_whole(to + from, all);
    }
    for (; x < count; x++) {
        cell all = 0;
        for (int k = 0; k < kernel; k++) all = cell_larger(all, line[x * stride + k]);
        to[x] = all;
    }
}

/* The larger of two rows, in the place of the first. */
NET_INLINE void cells_larger_row(cell *at, const cell *row, int count) {
    int x = 0, last = count - NET_WIDTH;
    for (; last >= 0 && x < count; x += NET_WIDTH) {
        int from = NET_MIN(x, last);
        store_whole(at + from, cells_larger(load_whole(at + from), load_whole(row + from)));
    }
    for (; x < count; x++) at[x] = cell_larger(at[x], row[x]);
}

/* First the window's rows into one line, then along the line. */
static void op_cell_max(const struct plain *o, const float *in, float *out, int part, int parts) {
    const struct map *i = &o->in, *m = &o->out;
    cell line[NET_LINE + 2 * NET_WIDTH];
    memset(line, 0, sizeof line);
    FOR_MY_CHANNELS(c, m->channels) {
        const cell *from = (const cell *)in + (size_t)c * i->plane + i->origin;
        cell *plane = (cell *)out + (size_t)c * m->plane;
        cells_margins(plane, m, cells_of(o->counts));
        for (int y = 0; y < m->height; y++) {
            int top = NET_MAX(y * o->stride[0] - o->before[0], 0);
            int end = NET_MIN(y * o->stride[0] - o->before[0] + o->kernel[0], i->height);
            memcpy(line + o->before[1], from + (ptrdiff_t)top * i->row, (size_t)i->width * sizeof *line);
            for (int r = top + 1; r < end; r++)
                cells_larger_row(line + o->before[1], from + (ptrdiff_t)r * i->row, i->width);
            cells_along(plane + m->origin + y * m->row, line, m->width, o->kernel[1], o->stride[1]);
        }
    }
}

#endif
