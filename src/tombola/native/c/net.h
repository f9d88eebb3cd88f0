/* @NAME@: a network as C, written by Tombola. @SUMMARY@
 *
 *     size_t bytes = net_arena(threads, batch);                    how much memory it takes, all that it ever takes
 *     int code = net_start(&net, data, size, arena, bytes, threads, batch);   `data` holds the file net.dat
 *     code = net_run(net, images, count, logits);                  count images of float[@C@][@H@][@W@] in [0, 1], RGB
 *     net_stop(net);                                               ends its threads; arena and data are yours again
 *
 * A code is NET_OK or says what is wrong; net_message gives it as a sentence. Nothing is allocated. net_start reads all
 * of `data` once and refuses what is not as it was written. `data` stays as it
 * is, begins at a multiple of 64 bytes, is read by as many nets as you like, and must live as long as they do.
 * Several nets may run at once in several threads; one net runs one batch at a time. */
#ifndef NET_H
#define NET_H
#include <stddef.h>

enum {
    NET_IMAGE_CHANNELS = @C@,
    NET_IMAGE_HEIGHT = @H@,
    NET_IMAGE_WIDTH = @W@,
    NET_IMAGE = @C@ * @H@ * @W@, /* floats of an image */
    NET_CLASSES = @CLASSES@,     /* floats of its logits */
    NET_LAYERS = @LAYERS@        /* steps that net_times tells the seconds of */
};

enum { NET_OK, NET_BAD_CPU, NET_BAD_DATA, NET_BAD_ALIGNMENT, NET_BAD_ARENA, NET_BAD_COUNT, NET_NO_THREADS };

struct net;

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes, for this many threads (1 to 64) and at most this many images at a time; 0 if that cannot be. */
size_t net_arena(int threads, int batch);

int net_start(struct net **net, const void *data, size_t size, void *arena, size_t bytes, int threads, int batch);

/* logits: float[count][NET_CLASSES]; count is 1 to the batch given at the start. */
int net_run(struct net *net, const float *images, int count, float *logits);

void net_stop(struct net *net);

const char *net_message(int code);

/* Seconds that each layer took since the start, in the order of net.json; zeros unless built with -DNET_PROFILE. */
void net_times(const struct net *net, double seconds[NET_LAYERS]);

/* An image's channels, height and width, the classes and the layers, as above: for who loads the net as a library. */
void net_sizes(int sizes[5]);

/* Floats in a vector of this build. */
int net_vector(void);

#ifdef __cplusplus
}
#endif
#endif
