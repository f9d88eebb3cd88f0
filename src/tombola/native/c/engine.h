/* What drives the tables of a net: memory, start, and the steps in their order.
 *
 * The arena holds, one after another: the struct net, of each image of a batch whether it holds what is no number,
 * values that had to be decoded, scratch for each thread, one slot (the maps of an image on its way) for each image
 * worked on at once, and for each image of a batch the vectors from step NET_TAIL_AT on. A place is a number of floats in the slot, or NET_SLOT and more: in the image's vectors. */
#include <stdint.h>
#ifdef NET_PROFILE
#include <time.h>
#endif
#if defined(__AVXVNNI__) || defined(__AMX_INT8__)
#include <cpuid.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

struct net {
    struct crew crew;
    int batch, slots;
    int *no_numbers; /* of each image: bytes cannot say so, and its logits must */
    float *decoded, *scratch, *slot, *tail;
    struct given given; /* of the batch that runs */
    float *logits;
    int count;
    const char *data;
    double seconds[NET_STEPS];
    struct conv_data convs[NET_CONVS + 1];
    struct linear_data linears[NET_LINEARS + 1];
    struct cells_data cells[NET_CELLS + 1];
    struct dots_data dots[NET_DOTS + 1];
    struct stem_data stems[NET_STEMS + 1];
};

struct job { /* a step for an image or a text, in the tail for several: a linear layer then reads its weights once */
    const struct net *net;
    int image, images;
    float *slot, *tail, *scratch;
    int part, parts, tokens; /* tokens: of a text, whose maps are as long */
};

static inline float *at(const struct job *j, size_t place) {
    return place < NET_SLOT ? j->slot + place : j->tail + (place - NET_SLOT);
}

static const float *floats(const struct net *n, size_t offset) { return (const float *)(const void *)(n->data + offset); }

static void do_step(const struct step *s, const struct job *j) {
    const struct net *n = j->net;
    const struct plain *o = AS_LONG(plain, &plains[s->kind == ATTEND || s->kind == MOVE ? 0 : s->plain], j->tokens);
    const float *in = at(j, s->in), *other = at(j, s->other);
    float *out = at(j, s->out);
    int part = j->part, parts = j->parts;
    switch (s->kind) {
        case CONV:
            conv_run(AS_LONG(conv, &convs[s->layer], j->tokens), &n->convs[s->layer], in, s->adds ? other : 0, out,
                     j->scratch, part, parts);
            break;
        case STEM: stem_run(&stems[s->layer], &n->stems[s->layer], in, out, j->scratch, part, parts); break;
        case LINEAR:
            linear_run(&linears[s->layer], &n->linears[s->layer], in, NET_TAIL, out, NET_TAIL, j->images, part, parts);
            break;
        case CELLS:
            cells_run(AS_LONG(cells, &cells[s->layer], j->tokens), &n->cells[s->layer], in, s->adds ? other : 0, out,
                      j->scratch, part, parts);
            break;
        case DOTS: dots_run(&dots[s->layer], &n->dots[s->layer], in, out, part, parts); break;
        case TO_CELLS: op_to_cells(o, in, out, part, parts); break;
        case FROM_CELLS: op_from_cells(o, in, out, part, parts); break;
        case CELL_MAX: op_cell_max(o, in, out, part, parts); break;
        case CELL_MEAN: op_cell_mean(o, in, out, part, parts); break;
        case SIDE_BY_SIDE: op_side_by_side(o, in, out, part, parts); break;
        case CELL_GATE: op_cell_gate(o, in, other, out, part, parts); break;
        case ENTER:
        case ENTER_CELLS:
        case EMBED:
            enter(s, o, floats(n, s->scale), floats(n, s->shift), &n->given, j->image, out, part, parts);
            break;
        case NORM: op_norm(o, floats(n, s->scale), floats(n, s->shift), in, out, part, parts); break;
        case MOVE: op_move(&moves[s->plain], in, out, part, parts); break;
        case CONSTANT: op_constant(o, floats(n, s->scale), out, part, parts); break;
#ifdef NET_ATTEND_H
        case ATTEND:
            attend_run(AS_LONG(attend, &attends[s->plain], j->tokens), floats(n, s->scale), in, other,
                       at(j, s->third), out, j->scratch, part, parts);
            break;
#endif
        case SCALE: op_scale(o, floats(n, s->scale), floats(n, s->shift), in, out, part, parts); break;
        case ACTIVATE: op_activate(o, in, out, part, parts); break;
        case ADD: op_add(o, in, other, out, part, parts); break;
        case MUL: op_mul(o, in, other, out, part, parts); break;
        case COPY: op_copy(o, in, out, part, parts); break;
        case WIDEN: op_widen(o, in, out, part, parts); break;
        case FLATTEN: op_flatten(o, in, out, part, parts); break;
        case PAD: op_pad(o, in, out, part, parts); break;
        case ADAPTIVE: op_adaptive(o, in, out, part, parts); break;
        case POOL_MAX: op_pool_max(o, in, out, part, parts); break;
        case POOL_AVERAGE: op_pool_average(o, in, out, part, parts); break;
    }
}

#ifdef NET_PROFILE
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
#endif

/* One step, by one part of those that share the image; nobody goes on before it is done. */
static void step_together(struct net *n, const struct step *s, const struct job *j) {
#ifdef NET_PROFILE
    double before = now();
#endif
    do_step(s, j);
    if (j->parts > 1) crew_meet(&n->crew);
#ifdef NET_PROFILE
    if (j->scratch == n->scratch) n->seconds[s - steps] += now() - before;
#endif
}

static void one_image(struct net *n, int image, int slot, float *scratch, int part, int parts) {
    float *tail = n->tail + (size_t)image * NET_TAIL;
    int tokens = tokens_of(&n->given, image);
    if (NET_CELLS + NET_DOTS > 0 && part == 0) n->no_numbers[image] = no_number(&n->given, image); /* it is read next */
    struct job j = {n, image, 1, n->slot + (size_t)slot * NET_SLOT, tail, scratch, part, parts, tokens};
    for (int s = 0; s < NET_TAIL_AT; s++) step_together(n, &steps[s], &j);
}

static void all_tails(struct net *n, float *scratch, int part, int parts) {
    for (int s = NET_TAIL_AT; s < NET_STEPS; s++) {
        int all = steps[s].kind == LINEAR ? n->count : 1;
        struct job j = {n, 0, all, n->slot, n->tail, scratch, part, parts, 1};
        for (; j.image + all < n->count; j.image++, j.tail += NET_TAIL) do_step(&steps[s], &j);
        step_together(n, &steps[s], &j);
    }
}

/* The task of one thread: images of its own while there are enough for all, then its part of those left. */
static void net_work(void *with, int part, int parts) {
    struct net *n = with;
    float *scratch = n->scratch + (size_t)part * NET_SCRATCH;
    int own = n->slots == parts ? n->count / parts * parts : 0;
    for (int image = part; image < own; image += parts) one_image(n, image, part, scratch, 0, 1);
    crew_meet(&n->crew);
    for (int image = own; image < n->count; image++) one_image(n, image, 0, scratch, part, parts);
    all_tails(n, scratch, part, parts);
    for (int image = part; image < n->count; image += parts) {
        struct job j = {n, image, 1, n->slot, n->tail + (size_t)image * NET_TAIL, scratch, part, parts, 1};
        float *logits = n->logits + (size_t)image * NET_CLASSES;
        memcpy(logits, at(&j, NET_RESULT), NET_CLASSES * sizeof(float));
        if (NET_CELLS + NET_DOTS > 0 && n->no_numbers[image])
            for (int c = 0; c < NET_CLASSES; c++) logits[c] = __builtin_nanf("");
    }
}

static size_t lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

static int most_slots(int threads, int batch) { return batch < threads ? 1 : threads; }

size_t net_arena(int threads, int batch) {
    if (threads < 1 || threads > NET_MOST_THREADS || (threads > 1 && !NET_THREADS) || batch < 1) return 0;
    size_t numbers = NET_DECODED + (size_t)threads * NET_SCRATCH + (size_t)most_slots(threads, batch) * NET_SLOT +
                     (size_t)batch * NET_TAIL;
    return 64 + lines(sizeof(struct net)) + lines((size_t)batch * sizeof(int)) + numbers * sizeof(float);
}

/* Whether this processor has what the compiler was allowed to use. */
static int cpu_is_right(void) {
#if defined(__x86_64__) || defined(__i386__)
#ifdef __AVX512F__
    if (!__builtin_cpu_supports("avx512f")) return 0;
#endif
#ifdef __AVX512BW__
    if (!__builtin_cpu_supports("avx512bw")) return 0;
#endif
#ifdef __AVX512VL__
    if (!__builtin_cpu_supports("avx512vl")) return 0;
#endif
#ifdef __AVX512VNNI__
    if (!__builtin_cpu_supports("avx512vnni")) return 0;
#endif
#if defined(__AVXVNNI__) || defined(__AMX_INT8__)
    unsigned eax, ebx, ecx, edx; /* compilers that know the names at run time are newer than those that build for them */
#endif
#ifdef __AVXVNNI__
    if (!__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) || !(eax >> 4 & 1)) return 0;
#endif
#ifdef __AMX_INT8__ /* tiles, and products of bytes in them */
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (edx >> 24 & 3) != 3) return 0;
#endif
#ifdef __SSE4_2__
    if (!__builtin_cpu_supports("sse4.2")) return 0;
#endif
#ifdef __AVX2__
    if (!__builtin_cpu_supports("avx2")) return 0;
#endif
#ifdef __BMI2__
    if (!__builtin_cpu_supports("bmi2")) return 0;
#endif
#ifdef __FMA__
    if (!__builtin_cpu_supports("fma")) return 0;
#endif
#ifdef __AVX__
    if (!__builtin_cpu_supports("avx")) return 0;
#endif
#elif defined(__aarch64__) && defined(__linux__)
#ifdef __ARM_FEATURE_DOTPROD
    if (!(getauxval(AT_HWCAP) & HWCAP_ASIMDDP)) return 0;
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
    if (!(getauxval(AT_HWCAP2) & HWCAP2_I8MM)) return 0;
#endif
#endif
    return 1;
}

/* Of all words, each mixed with its place: a change of one is always seen, of several all but once in 2^64. */
static uint64_t data_sum(const char *data) {
    uint64_t sum = 0;
    for (size_t i = 0; i < NET_DATA / 8; i++) {
        uint64_t word;
        memcpy(&word, data + 8 * i, 8);
        word ^= (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        word = (word ^ word >> 32) * UINT64_C(0xd6e8feb86659fd93);
        sum += word ^ word >> 32;
    }
    return sum;
}

static int data_is_right(const char *data, size_t size) {
    uint32_t one = 1;
    if (size != NET_DATA || memcmp(data, "TOMBOLA", 8)) return 0;
    if (memcmp(data + 8, &one, 4)) return 0; /* the version, and the order of bytes */
    return data_sum(data) == NET_SUM;
}

__attribute__((noinline)) static int start(struct net **made, const char *data, char *arena, int threads, int batch) {
    char *base = arena + (64 - (uintptr_t)arena % 64) % 64;
    struct net *n = (struct net *)(void *)base;
    memset(n, 0, sizeof *n);
    n->data = data, n->batch = batch, n->slots = most_slots(threads, batch);
    n->no_numbers = (int *)(void *)(base + lines(sizeof *n));
    n->decoded = (float *)(void *)(base + lines(sizeof *n) + lines((size_t)batch * sizeof(int)));
    n->scratch = n->decoded + NET_DECODED;
    n->slot = n->scratch + (size_t)threads * NET_SCRATCH;
    n->tail = n->slot + (size_t)n->slots * NET_SLOT;
    net_tables(n->convs, n->linears, n->cells, n->dots, n->stems, data, n->decoded);
    if (crew_start(&n->crew, threads, net_work, n)) return NET_NO_THREADS;
    *made = n;
    return NET_OK;
}

/* A process that may use tiles has larger signal frames, so nobody asks who has nothing to multiply in them. */
static int has_squares(void) {
    for (int i = 0; i < NET_CELLS; i++)
        if (cells[i].conv.size == CELLS_SQUARE) return 1;
    return 0;
}

int net_start(struct net **net, const void *data, size_t size, void *arena, size_t bytes, int threads, int batch) {
    if (!cpu_is_right()) return NET_BAD_CPU;
    if ((uintptr_t)data % 64) return NET_BAD_ALIGNMENT;
    if (!data || size < 64 || !data_is_right(data, size)) return NET_BAD_DATA;
    if (has_squares()) cells_ask_for_tiles();
    size_t needed = net_arena(threads, batch);
    if (!needed) return NET_BAD_COUNT;
    if (!arena || bytes < needed) return NET_BAD_ARENA;
    return start(net, data, arena, threads, batch);
}

static int run(struct net *n, struct given given, int count, float *logits) {
    int code = count < 1 || count > n->batch ? NET_BAD_COUNT : is_right(&given, count);
    if (code) return code;
    n->given = given, n->logits = logits, n->count = count;
    crew_run(&n->crew);
    return NET_OK;
}

#ifdef NET_LENGTH
int net_run(struct net *n, const int32_t *ids, const int32_t *mask, const int32_t *types, int length, int count,
            float *logits) {
    return run(n, (struct given){ids, mask, types, length}, count, logits);
}
#else
int net_run(struct net *n, const float *images, int count, float *logits) {
    return run(n, (struct given){images}, count, logits);
}
#endif

void net_stop(struct net *n) { crew_stop(&n->crew); }

const char *net_message(int code) {
    switch (code) {
        case NET_OK: return "all is well";
        case NET_BAD_CPU: return "this processor lacks the vector instructions that the net was compiled for";
        case NET_BAD_DATA: return "this is not the net.dat that was written together with net.c, or it was damaged since";
        case NET_BAD_ALIGNMENT: return "the data must begin at a multiple of 64 bytes: use aligned_alloc or mmap";
        case NET_BAD_ARENA: return "the arena is smaller than net_arena(threads, batch)";
        case NET_BAD_COUNT: return "more than the batch, or less than one, or threads not from 1 to 64 (1 if built without)";
#ifdef NET_LENGTH
        case NET_BAD_LENGTH: return "a text of no token, or of more than NET_LENGTH";
        case NET_BAD_ID: return "an id outside the net's tables, or padding among the tokens of a text";
        case NET_BAD_MASK: return "a mask must be ones, at least one, and then zeros: texts are filled up at their end";
#endif
        case NET_NO_THREADS: return "the system gives no more threads";
        default: return "no such code";
    }
}

void net_times(const struct net *n, double seconds[NET_LAYERS]) {
    for (int s = 0; s < NET_STEPS; s++) seconds[s] = n->seconds[s];
}

void net_sizes(int sizes[5]) {
#ifdef NET_LENGTH
    const int found[5] = {NET_INPUTS, 1, NET_LENGTH, NET_CLASSES, NET_LAYERS};
#else
    const int found[5] = {NET_IMAGE_CHANNELS, NET_IMAGE_HEIGHT, NET_IMAGE_WIDTH, NET_CLASSES, NET_LAYERS};
#endif
    memcpy(sizes, found, sizeof found);
}

int net_vector(void) { return NET_WIDTH; }
