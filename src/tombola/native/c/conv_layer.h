/* What one convolution is made of: its numbers, which are constants, and its tables, which start-up finds. */
#ifndef NET_CONV_LAYER_H
#define NET_CONV_LAYER_H

#include "conv_sums.h"

struct conv {
    int groups, inputs, outputs;                         /* of one group of the convolution: channels */
    int in_height, in_width, in_row, in_plane, in_start; /* in_start: the first pixel; of no panel, less the padding */
    int height, width, row, plane, origin;               /* of the output */
    int top, left, stride_y, stride_x;                   /* padding and stride */
    int panel;                                           /* whether the input is copied into panels */
    int num_views, view_rows, view_plane;                /* of a panel: rows beyond a band's own, floats of a view */
    int bordered;                                        /* whether the padding lies in memory around the input */
    int line;                                            /* floats from a row of a tile's input to the next */
    int band;                                            /* rows of output whose panel is copied at once */
    int channels;                                        /* of a block */
    int far;                                             /* floats from its first channel to its last */
    int blocks, rows;                                    /* rows: groups of B output channels, per group */
    int size;                                            /* B */
    int vectors;                                         /* T */
    int flat;                                            /* whether the output's rows are as long as the input's */
    int by_rows;                                         /* whether parts share the channels, not the pixels */
    int activation;
    int scratch;
    float border, margin;                                /* bits of what stands around the input, and the output */
    conv_tile *tile, *less;                              /* of T vectors and of one less */
    conv_tile *const *tiles;                             /* of texts: of 1, 2, ... `most` vectors */
    int most;
};

struct conv_data {
    const float *values;    /* B a survivor: by group of the convolution, block, row, survivor */
    const int16_t *steps;   /* floats from the survivor before; the first's from the block's first float, of every
                             * second row from c->far on: those go back, so that they find what the first cache kept */
    const uint16_t *counts; /* survivors: by group, block, row */
    const uint16_t *order;  /* the output channel (within its group) of each of a row's B, or CONV_NOBODY */
    const int32_t *views;   /* (y, x): the first padded pixel of each view */
    const float *bias;      /* of each of a row's B; zero of nobody */
};

#endif
