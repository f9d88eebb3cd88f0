/* One program for old and new processors: net.c is built several times, for each of them under names of its own, and
 * the first version that this processor can run is called. The Makefile does it (make ANY=1), and says which there are
 * as NET_VERSIONS, the fastest first: "DO(amx) DO(vnni) DO(avx512) DO(avx2) DO(sse)". */
#include "net.h"

#define JOINED(name, version) name##_##version
#define OF(name, version) JOINED(name, version) /* once more, so that both are words by then */

#define DO(v)                                                                                               \
    __typeof__(net_arena) OF(net_arena, v);                                                                 \
    __typeof__(net_start) OF(net_start, v);                                                                 \
    __typeof__(net_run) OF(net_run, v);                                                                     \
    __typeof__(net_stop) OF(net_stop, v);                                                                   \
    __typeof__(net_message) OF(net_message, v);                                                             \
    __typeof__(net_times) OF(net_times, v);                                                                 \
    __typeof__(net_sizes) OF(net_sizes, v);                                                                 \
    __typeof__(net_vector) OF(net_vector, v);
NET_VERSIONS
#undef DO

static const struct version {
    __typeof__(net_arena) *arena;
    __typeof__(net_start) *start;
    __typeof__(net_run) *run;
    __typeof__(net_stop) *stop;
    __typeof__(net_message) *message;
    __typeof__(net_times) *times;
    __typeof__(net_sizes) *sizes;
    __typeof__(net_vector) *vector;
} versions[] = {
#define DO(v)                                                                                                  \
    {OF(net_arena, v), OF(net_start, v), OF(net_run, v),   OF(net_stop, v),                                    \
     OF(net_message, v), OF(net_times, v), OF(net_sizes, v), OF(net_vector, v)},
    NET_VERSIONS
#undef DO
};

/* The same whoever asks, so threads that ask first together write the same. The last one, where none can run, says so
 * at its start. */
static const struct version *best(void) {
    static const struct version *found;
    const struct version *one = __atomic_load_n(&found, __ATOMIC_RELAXED), *last = versions;
    if (one) return one;
    last += sizeof versions / sizeof *versions - 1;
    for (one = versions; one < last; one++) {
        struct net *none;
        if (one->start(&none, 0, 0, 0, 0, 1, 1) != NET_BAD_CPU) break; /* the processor is what it looks at first */
    }
    __atomic_store_n(&found, one, __ATOMIC_RELAXED);
    return one;
}

size_t net_arena(int threads, int batch) { return best()->arena(threads, batch); }

int net_start(struct net **net, const void *data, size_t size, void *arena, size_t bytes, int threads, int batch) {
    return best()->start(net, data, size, arena, bytes, threads, batch);
}

int net_run(@RUN_TAKES@) {
    return best()->run(@RUN_GIVES@);
}

void net_stop(struct net *net) { best()->stop(net); }

const char *net_message(int code) { return best()->message(code); }

void net_times(const struct net *net, double seconds[NET_LAYERS]) { best()->times(net, seconds); }

void net_sizes(int sizes[5]) { best()->sizes(sizes); }

int net_vector(void) { return best()->vector(); }
