/* One step of a net: which operation, on which maps, with which of the tables. */
#ifndef NET_STEP_H
#define NET_STEP_H

#include <stddef.h>

enum {
    CONV, LINEAR, ENTER, SCALE, ACTIVATE, ADD, MUL, COPY, WIDEN, FLATTEN, PAD, ADAPTIVE, POOL_MAX, POOL_AVERAGE
};

struct step {
    int kind;
    int layer; /* in convs or linears */
    int plain; /* in plains */
    int adds;  /* whether a convolution adds `other` */
    size_t in, other, out;
    size_t scale, shift; /* bytes into the data */
};

#endif
