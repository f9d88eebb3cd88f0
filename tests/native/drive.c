/* Runs a net for the tests: drive net.dat images threads batch; images and logits are raw floats, the latter on stdout. */
#include <stdio.h>
#include <stdlib.h>

#include "net.h"

static void *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) exit(3);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *data = aligned_alloc(64, (*size + 63) / 64 * 64);
    if (fread(data, 1, *size, file) != *size) exit(3);
    fclose(file);
    return data;
}

int main(int argc, char **argv) {
    if (argc != 5) return 3;
    int threads = atoi(argv[3]), batch = atoi(argv[4]);
    size_t size, bytes, needed = net_arena(threads, batch);
    void *data = read_file(argv[1], &size);
    float *images = read_file(argv[2], &bytes), *logits = malloc(sizeof(float) * NET_CLASSES * (size_t)batch);
    void *arena = malloc(needed);
    struct net *net;
    int code = net_start(&net, data, size, arena, needed, threads, batch);
    if (code) return fprintf(stderr, "%s\n", net_message(code)), 10 + code;
    int count = (int)(bytes / sizeof(float) / NET_IMAGE);
    for (int first = 0; first < count && !code; first += batch) {
        int some = count - first < batch ? count - first : batch;
        code = net_run(net, images + (size_t)first * NET_IMAGE, some, logits);
        fwrite(logits, sizeof(float) * NET_CLASSES, (size_t)some, stdout);
    }
    net_stop(net);
    free(arena), free(logits), free(images), free(data);
    return code;
}
