/* What net_run is given of images, and how that enters the net. */
#ifndef NET_GIVEN_H
#define NET_GIVEN_H

#include "cells_ops.h"
#include "step.h"

struct given {
    const float *images;
};

#define AS_LONG(kind, whole, tokens) (whole) /* images are of one size */

static int is_right(const struct given *g, int count) {
    (void)g, (void)count;
    return NET_OK;
}

static int tokens_of(const struct given *g, int sample) {
    (void)g, (void)sample;
    return 0;
}

static void enter(const struct step *s, const struct plain *o, const float *scale, const float *shift,
                  const struct given *g, int sample, float *out, int part, int parts) {
    const float *image = g->images + (size_t)sample * NET_IMAGE;
    if (s->kind == ENTER) op_enter(o, scale, shift, image, out, part, parts);
    else op_enter_cells(o, scale, shift, image, out, part, parts);
}

/* Whether an image holds what is no number. */
static int no_number(const struct given *g, int sample) {
    const float *image = g->images + (size_t)sample * NET_IMAGE;
    int found = 0;
    for (int i = 0; i < NET_IMAGE; i++) found |= image[i] != image[i];
    return found;
}

#endif
