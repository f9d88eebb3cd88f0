/* What net_run is given of texts, how that enters the net, and how every map becomes as long as the text it is of.
 *
 * A text is run at its own length: maps lie as those of NET_LENGTH tokens do, and of each as many pixels are computed as
 * there are tokens. So padding costs nothing and changes nothing. */
#ifndef NET_GIVEN_H
#define NET_GIVEN_H

#include "cells_conv.h"
#include "cells_ops.h"
#include "step.h"
#include "tokens.h"

struct given {
    const int32_t *ids, *mask, *types; /* [count][length]; mask and types may be NULL */
    int length;
};

/* What is of a text's tokens, as long as that. */
#define AS_LONG(kind, whole, tokens) kind##_as_long(whole, tokens, &(struct kind){0})

static void map_as_long(struct map *m, int tokens) {
    if (m->width == NET_LENGTH) m->width = m->row = tokens;
}

static const struct plain *plain_as_long(const struct plain *whole, int tokens, struct plain *own) {
    *own = *whole;
    map_as_long(&own->in, tokens), map_as_long(&own->out, tokens);
    return own;
}

/* All vectors of the text in as few tiles as there may be, all of almost as many. */
static void tiles_as_long(struct conv *c, int tokens) {
    int vectors = (tokens + NET_WIDTH - 1) / NET_WIDTH, tiles = (vectors + c->most - 1) / c->most;
    c->in_width = c->in_row = c->width = c->row = c->line = tokens;
    c->vectors = (vectors + tiles - 1) / tiles;
}

static const struct conv *conv_as_long(const struct conv *whole, int tokens, struct conv *own) {
    *own = *whole;
    tiles_as_long(own, tokens);
    own->tile = own->tiles[own->vectors], own->less = own->tiles[NET_MAX(1, own->vectors - 1)];
    return own;
}

static const struct cells *cells_as_long(const struct cells *whole, int tokens, struct cells *own) {
    *own = *whole;
    tiles_as_long(&own->conv, tokens);
    own->tile = own->tiles[own->conv.vectors], own->less = own->tiles[NET_MAX(1, own->conv.vectors - 1)];
    return own;
}

#ifdef NET_ATTEND_H
static const struct attend *attend_as_long(const struct attend *whole, int tokens, struct attend *own) {
    *own = *whole;
    map_as_long(&own->q, tokens), map_as_long(&own->k, tokens);
    map_as_long(&own->v, tokens), map_as_long(&own->out, tokens);
    return own;
}
#endif

/* The ones that a text's mask begins with; all where there is no mask. */
static int tokens_of(const struct given *g, int sample) {
    int tokens = g->mask ? 0 : g->length;
    while (g->mask && tokens < g->length && g->mask[(size_t)sample * (size_t)g->length + (size_t)tokens] == 1) tokens++;
    return tokens;
}

static int text_is_right(const struct given *g, int sample) {
    size_t first = (size_t)sample * (size_t)g->length;
    int tokens = tokens_of(g, sample);
    if (!tokens) return NET_BAD_MASK;
    for (int t = tokens; t < g->length; t++)
        if (g->mask[first + (size_t)t]) return NET_BAD_MASK;
    for (int t = 0; t < tokens; t++) {
        int id = g->ids[first + (size_t)t], type = g->types ? g->types[first + (size_t)t] : 0;
        if (id < 0 || id >= NET_WORDS || id == NET_NEVER) return NET_BAD_ID;
        if (type < 0 || (NET_TYPES && type >= NET_TYPES)) return NET_BAD_ID;
    }
    return NET_OK;
}

static int is_right(const struct given *g, int count) {
    int code = g->length < 1 || g->length > NET_LENGTH ? NET_BAD_LENGTH : NET_OK;
    for (int sample = 0; sample < count && !code; sample++) code = text_is_right(g, sample);
    return code;
}

/* A value of a table's row; o->kind says whether rows are bytes with a step each. */
static float looked_up(const struct plain *o, const float *table, const float *steps, size_t row, int channel) {
    size_t at = row * (size_t)o->out.channels + (size_t)channel;
    return o->kind ? (float)((const int8_t *)table)[at] * steps[row] : table[at];
}

/* Rows of a table by ids; o->counts says whether by words or by types. A channel at a time: few rows, near each other. */
static void enter(const struct step *s, const struct plain *o, const float *table, const float *steps,
                  const struct given *g, int sample, float *out, int part, int parts) {
    const struct map *m = &o->out;
    const int32_t *ids = o->counts ? g->types : g->ids;
    (void)s;
    FOR_MY_CHANNELS(c, m->channels) {
        float *plane = out + (ptrdiff_t)c * m->plane;
        clear_margins(plane, m);
        for (int t = 0; t < m->width; t++) {
            size_t row = ids ? (size_t)ids[(size_t)sample * (size_t)g->length + (size_t)t] : 0;
            plane[m->origin + t] = looked_up(o, table, steps, row, c);
        }
    }
}

static int no_number(const struct given *g, int sample) {
    (void)g, (void)sample;
    return 0;
}

#endif
