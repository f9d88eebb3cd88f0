/* What the net says of one text: token 1 once, as no text is cut into tokens here (classify.c reads some). */
#include <stdio.h>
#include <stdlib.h>

#include "net.h"

static void *read_file(const char *name, size_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file || fseek(file, 0, SEEK_END)) return NULL;
    *size = (size_t)ftell(file);
    rewind(file);
    void *data = aligned_alloc(64, (*size + 63) / 64 * 64);
    if (data && fread(data, 1, *size, file) != *size) data = NULL;
    fclose(file);
    return data;
}

int main(int count, char **arguments) {
    const char *name = count > 1 ? arguments[1] : "net.dat";
    size_t size = 0, bytes = net_arena(1, 1);
    void *data = read_file(name, &size), *arena = malloc(bytes);
    if (!data || !arena) return fprintf(stderr, "cannot read %s\n", name), 1;

    static float logits[NET_CLASSES];
    int32_t ids[1] = {NET_NEVER == 1 ? 0 : 1};

    struct net *net;
    int code = net_start(&net, data, size, arena, bytes, 1, 1);
    if (!code) code = net_run(net, ids, NULL, NULL, 1, 1, logits);
    if (code) return fprintf(stderr, "%s\n", net_message(code)), 1;

    int best = 0;
    for (int c = 1; c < NET_CLASSES; c++)
        if (logits[c] > logits[best]) best = c;
    printf("class %d, logit %.6f; memory %zu bytes\n", best, (double)logits[best], bytes);
    net_stop(net);
    free(arena), free(data);
    return 0;
}
