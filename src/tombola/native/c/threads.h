/* A crew of threads that works through one net together: one task at a time, parts 0 .. parts - 1, part 0 by the caller.
 *
 * Between layers the parts meet at a barrier: they spin for some microseconds, then give the processor away. Between
 * tasks the others spin for a while and then sleep. -DNET_THREADS=0 builds without threads: parts is then always 1. */
#ifndef NET_CREW_H
#define NET_CREW_H

#ifndef NET_THREADS
#define NET_THREADS 1
#endif

enum { NET_MOST_THREADS = 64 };

#if NET_THREADS
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SPINS_AT_BARRIER = 500, SPINS_FOR_TASK = 20000 };

struct crew {
    int parts;
    void (*work)(void *with, int part, int parts);
    void *with;
    _Alignas(64) atomic_uint arrived;
    _Alignas(64) atomic_uint phase;
    _Alignas(64) atomic_uint task; /* counts the tasks given out; the last one is to stop */
    int sleeping, stop;            /* behind lock */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t threads[NET_MOST_THREADS];
    struct mate {
        struct crew *crew;
        int part;
    } mates[NET_MOST_THREADS];
};

static inline void crew_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Nobody passes before all parts are here. */
static void crew_meet(struct crew *c) {
    if (c->parts == 1) return;
    unsigned phase = atomic_load_explicit(&c->phase, memory_order_acquire);
    if (atomic_fetch_add_explicit(&c->arrived, 1, memory_order_acq_rel) == (unsigned)c->parts - 1) {
        atomic_store_explicit(&c->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&c->phase, phase + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&c->phase, memory_order_acquire) == phase; spins++)
        if (spins < SPINS_AT_BARRIER) crew_pause();
        else sched_yield();
}

/* Waits until another task than the one counted `done` is given out; its number. */
static unsigned crew_next(struct crew *c, unsigned done) {
    for (int spins = 0; spins < SPINS_FOR_TASK; spins++) {
        unsigned task = atomic_load_explicit(&c->task, memory_order_acquire);
        if (task != done) return task;
        crew_pause();
    }
    pthread_mutex_lock(&c->lock);
    c->sleeping++;
    while (atomic_load_explicit(&c->task, memory_order_acquire) == done) pthread_cond_wait(&c->wake, &c->lock);
    c->sleeping--;
    pthread_mutex_unlock(&c->lock);
    return atomic_load_explicit(&c->task, memory_order_acquire);
}

static void *crew_mate(void *given) {
    struct mate *mate = given;
    struct crew *c = mate->crew;
    for (unsigned done = 0;;) {
        done = crew_next(c, done);
        if (c->stop) return 0;
        c->work(c->with, mate->part, c->parts);
        crew_meet(c);
    }
}

static void crew_give(struct crew *c) {
    pthread_mutex_lock(&c->lock);
    atomic_fetch_add_explicit(&c->task, 1, memory_order_release);
    if (c->sleeping) pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

/* All parts of the task; returns when the last one is done. */
static void crew_run(struct crew *c) {
    if (c->parts > 1) crew_give(c);
    c->work(c->with, 0, c->parts);
    crew_meet(c);
}

static void crew_stop(struct crew *c) {
    if (c->parts == 1) return;
    c->stop = 1;
    crew_give(c);
    for (int part = 1; part < c->parts; part++) pthread_join(c->threads[part], 0);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
}

/* 0, or -1 when the system gives no more threads; `c` is all zeros before. */
static int crew_start(struct crew *c, int parts, void (*work)(void *, int, int), void *with) {
    c->work = work, c->with = with, c->parts = 1;
    if (parts == 1) return 0;
    if (pthread_mutex_init(&c->lock, 0) || pthread_cond_init(&c->wake, 0)) return -1;
    int made = 1;
    for (; made < parts; made++) {
        c->mates[made] = (struct mate){c, made};
        if (pthread_create(&c->threads[made], 0, crew_mate, &c->mates[made])) break;
    }
    c->parts = made; /* nobody reads it before the first task */
    if (made == parts) return 0;
    crew_stop(c);
    return -1;
}
#else
struct crew {
    int parts;
    void (*work)(void *with, int part, int parts);
    void *with;
};
static void crew_meet(struct crew *c) { (void)c; }
static void crew_run(struct crew *c) { c->work(c->with, 0, 1); }
static void crew_stop(struct crew *c) { (void)c; }
static int crew_start(struct crew *c, int parts, void (*work)(void *, int, int), void *with) {
    *c = (struct crew){1, work, with};
    return parts == 1 ? 0 : -1;
}
#endif

#endif
