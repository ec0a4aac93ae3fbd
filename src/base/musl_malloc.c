// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: malloc() for the programs that are linked with musl, whose own asks the kernel for memory, and gives it back, some forty
 * times in a container's start. Here memory comes from a pool in the program's bss, front to back, then from mappings of the same kind;
 * what is freed waits in a list of its size class. A block is preceded by its size and a mark. Large blocks are mappings of their own.
 * One thread: the programs have no other that allocates.
 *
 * Threats: a block freed twice, or written beyond its end, that gives an attacker two owners of one memory or a pointer of his choice.
 * The mark is made of the block's address, size and state and a secret of the process, and is checked whenever a block comes back;
 * the links of free blocks are hidden with the secret. A mark that is wrong ends the program.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/util.h"

#ifndef __GLIBC__

#define POOL_SIZE (256u << 10)
#define ALIGN 16u
#define FINE_MAX 1024u /* up to here a class every 16 bytes, from here four for each doubling */
#define LARGE (64u << 10)
#define CLASSES 90u

enum state { USED = 0x5553u, FREE = 0x4652u };

struct block {
    size_t size; /* that may be used; of a large block its mapping's, without this head */
    uint64_t mark;
    unsigned char data[];
};

static unsigned char pool[POOL_SIZE] __attribute__((aligned(16)));
static unsigned char *next, *end;
static uint64_t secret;
static uintptr_t lists[CLASSES]; /* hidden addresses of blocks; 0: none */

static uint64_t mark_of(const struct block *b, enum state state)
{
    uint64_t x = (uint64_t) (uintptr_t) b ^ secret ^ ((uint64_t) b->size << 20) ^ state;
    x *= 0x9E3779B97F4A7C15ull;
    return x ^ (x >> 29);
}

static struct block *block_of(void *p)
{
    struct block *b = (struct block *) ((unsigned char *) p - sizeof(struct block));
    if (b->mark != mark_of(b, USED))
        abort();
    return b;
}

/* The class of a size, and that class's size. */
static unsigned class_of(size_t size, size_t *ret_size)
{
    if (size <= FINE_MAX) {
        unsigned class = size == 0 ? 0 : (unsigned) ((size - 1) / ALIGN);
        *ret_size = ((size_t) class + 1) * ALIGN;
        return class;
    }
    unsigned log = 63u - (unsigned) __builtin_clzll(size - 1); /* 2^log < size <= 2^(log+1) */
    size_t step = (size_t) 1 << (log - 2);
    unsigned quarter = (unsigned) ((size - 1 - ((size_t) 1 << log)) / step);
    *ret_size = ((size_t) 1 << log) + (quarter + 1) * step;
    return FINE_MAX / ALIGN + (log - 10) * 4 + quarter;
}

static void *map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void begin(void)
{
    const unsigned char *random = (const unsigned char *) getauxval(
        AT_RANDOM); // NOLINT(performance-no-int-to-ptr): the kernel's word
    if (random)
        memcpy(&secret, random + 8, sizeof(secret));
    next = pool;
    end = pool + sizeof(pool);
}

static void *use(struct block *b, size_t size)
{
    b->size = size;
    b->mark = mark_of(b, USED);
    return b->data;
}

static void *large(size_t size)
{
    size_t whole = (size + sizeof(struct block) + 4095) & ~(size_t) 4095;
    struct block *b = map(whole);
    return b ? use(b, whole - sizeof(*b)) : NULL;
}

static struct block *take_free(unsigned class)
{
    if (lists[class] == 0)
        return NULL;
    struct block *b =
        (struct block *) (lists[class] ^
                          (uintptr_t) secret); // NOLINT(performance-no-int-to-ptr): hidden by us
    if (b->mark != mark_of(b, FREE))
        abort();
    memcpy(&lists[class], b->data, sizeof(lists[class]));
    return b;
}

void *malloc(size_t size)
{
    size_t rounded;
    if (!next)
        begin();
    if (size > PTRDIFF_MAX - 8192) {
        errno = ENOMEM;
        return NULL;
    }
    if (size > LARGE)
        return large(size);
    unsigned class = class_of(size, &rounded);
    struct block *b = take_free(class);
    if (b)
        return use(b, rounded);
    if ((size_t) (end - next) < rounded + sizeof(*b)) { /* what is left of the old one is given up */
        unsigned char *more = map(POOL_SIZE);
        if (!more)
            return NULL;
        next = more;
        end = more + POOL_SIZE;
    }
    b = (struct block *) next;
    next += sizeof(*b) + rounded;
    return use(b, rounded);
}

void free(void *p)
{
    if (!p)
        return;
    struct block *b = block_of(p);
    if (b->size > LARGE) {
        munmap(b, b->size + sizeof(*b));
        return;
    }
    size_t rounded;
    unsigned class = class_of(b->size, &rounded);
    b->mark = mark_of(b, FREE);
    memcpy(b->data, &lists[class], sizeof(lists[class]));
    lists[class] = (uintptr_t) b ^ (uintptr_t) secret;
}

void *calloc(size_t n, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(n, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = malloc(whole);
    return p && whole <= LARGE ? memset(p, 0, whole) : p; /* a new mapping is zeros */
}

void *realloc(void *p, size_t size)
{
    if (!p)
        return malloc(size);
    struct block *b = block_of(p);
    if (size <= b->size && (b->size <= LARGE || size > b->size / 2))
        return p;
    size_t rounded;
    /* The last one of the pool grows where it is. */
    if (size <= LARGE && b->size <= LARGE && b->data + b->size == next) {
        class_of(size, &rounded);
        if (rounded - b->size <= (size_t) (end - next)) {
            next += rounded - b->size;
            return use(b, rounded);
        }
    }
    void *more = malloc(size);
    if (!more)
        return NULL;
    memcpy(more, p, MIN_OF(b->size, size));
    free(p);
    return more;
}

/* Nothing of ours or of the libraries asks for more than malloc() gives. */
void *aligned_alloc(size_t align, size_t size)
{
    if (align > ALIGN) {
        errno = ENOMEM;
        return NULL;
    }
    return malloc(size);
}

#endif
