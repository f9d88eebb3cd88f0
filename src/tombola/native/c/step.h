/* One step of a net: which operation, on which maps, with which of the tables. */
#ifndef NET_STEP_H
#define NET_STEP_H

#include <stddef.h>

enum {
    CONV, LINEAR, ENTER, SCALE, ACTIVATE, ADD, MUL, COPY, WIDEN, FLATTEN, PAD, ADAPTIVE, POOL_MAX, POOL_AVERAGE,
    NORM, ATTEND, MOVE, CONSTANT, CELLS, DOTS, ENTER_CELLS, TO_CELLS, FROM_CELLS, CELL_MAX, CELL_MEAN, CELL_GATE,
    SIDE_BY_SIDE, EMBED, STEM
};

struct step {
    int kind;
    int layer; /* in convs, linears, cells, dots or stems */
    int plain; /* in plains, attends or moves */
    int adds;  /* whether a convolution adds `other` */
    size_t in, other, third, out;
    size_t scale, shift; /* bytes into the data */
};

#endif
