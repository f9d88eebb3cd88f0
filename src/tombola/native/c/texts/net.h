/* @NAME@: a network of texts as C, written by Tombola. @SUMMARY@
 *
 *     size_t bytes = net_arena(threads, batch);                    how much memory it takes, all that it ever takes
 *     int code = net_start(&net, data, size, arena, bytes, threads, batch);   `data` holds the file net.dat
 *     code = net_run(net, ids, mask, types, length, count, logits);
 *     net_stop(net);                                               ends its threads; arena and data are yours again
 *
 * `ids` are int32_t[count][length], length at most NET_LENGTH: a text's tokens, filled up with anything. `mask`, as
 * large, is 1 at every token and 0 behind them, or NULL where all count; `types` says of pairs which text a token is of,
 * or is NULL. Each text is run at its own length, so filling up costs nothing and changes no answer.
 *
 * A code is NET_OK or says what is wrong; net_message gives it as a sentence. Nothing is allocated. net_start reads all
 * of `data` once and refuses what is not as it was written. `data` stays as it
 * is, begins at a multiple of 64 bytes, is read by as many nets as you like, and must live as long as they do.
 * Several nets may run at once in several threads; one net runs one batch at a time. */
#ifndef NET_H
#define NET_H
#include <stddef.h>
#include <stdint.h>

#define NET_LENGTH @W@ /* tokens of a text, at most */

enum {
    NET_INPUTS = @C@,        /* 1: ids; 2: types as well */
    NET_WORDS = @WORDS@,     /* ids are below */
    NET_TYPES = @TYPES@,     /* and types; 0 where none are read */
    NET_NEVER = @NEVER@,     /* an id that no token may have; -1 for none */
    NET_PAD = @PAD@,         /* what texts are filled up with */
    NET_CLASSES = @CLASSES@, /* floats of a text's logits */
    NET_LAYERS = @LAYERS@    /* steps that net_times tells the seconds of */
};

enum {
    NET_OK, NET_BAD_CPU, NET_BAD_DATA, NET_BAD_ALIGNMENT, NET_BAD_ARENA, NET_BAD_COUNT, NET_NO_THREADS, NET_BAD_LENGTH,
    NET_BAD_ID, NET_BAD_MASK
};

struct net;

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes, for this many threads (1 to 64) and at most this many texts at a time; 0 if that cannot be. */
size_t net_arena(int threads, int batch);

int net_start(struct net **net, const void *data, size_t size, void *arena, size_t bytes, int threads, int batch);

/* logits: float[count][NET_CLASSES]; count is 1 to the batch given at the start. */
int net_run(struct net *net, const int32_t *ids, const int32_t *mask, const int32_t *types, int length, int count,
            float *logits);

void net_stop(struct net *net);

const char *net_message(int code);

/* Seconds that each layer took since the start, in the order of net.json; zeros unless built with -DNET_PROFILE. */
void net_times(const struct net *net, double seconds[NET_LAYERS]);

/* Inputs, 1, the longest text, classes and layers, as above: for who loads the net as a library. */
void net_sizes(int sizes[5]);

/* Floats in a vector of this build. */
int net_vector(void);

#ifdef __cplusplus
}
#endif
#endif
