// SPDX-License-Identifier: Apache-2.0
/*
 * A list of zeroed chunks, newest first; an allocation is cut off the newest chunk or, when it is large, gets a chunk of its
 * own behind it so that the rest of the newest is not lost. Chunks double up to a limit: a small document costs one calloc.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#define CHUNK_FIRST ((size_t) 4096)
#define CHUNK_LIMIT ((size_t) 256 * 1024)
#define ALIGNMENT _Alignof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t size, used;
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *head;
    size_t next_size;
};

struct arena *arena_new(void)
{
    struct arena *a = xcalloc(1, sizeof(*a));
    a->next_size = CHUNK_FIRST;
    return a;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    for (struct chunk *c = a->head, *next; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

static struct chunk *chunk_new(size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct chunk), &whole))
        whole = SIZE_MAX; /* calloc refuses it and the process ends */
    struct chunk *c = xcalloc(1, whole);
    c->size = size;
    return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        xreallocarray(NULL, SIZE_MAX, 2);
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *c = a->head;
    if (c != NULL && c->size - c->used >= size) {
        void *p = c->data + c->used;
        c->used += size;
        return p;
    }
    bool own = size > a->next_size / 2;
    c = chunk_new(own ? size : a->next_size);
    c->used = size;
    if (own && a->head != NULL) {
        c->next = a->head->next;
        a->head->next = c;
    } else {
        c->next = a->head;
        a->head = c;
        a->next_size = MIN_OF(a->next_size * 2, CHUNK_LIMIT);
    }
    return c->data;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        bytes = SIZE_MAX;
    return arena_alloc(a, bytes);
}

void *arena_grow(struct arena *a, void *old, size_t old_n, size_t new_n, size_t size)
{
    void *p = arena_array(a, new_n, size);
    size_t keep = MIN_OF(old_n, new_n) * size;
    if (keep > 0)
        memcpy(p, old, keep);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(arena_alloc(a, n), s, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = arena_alloc(a, len + 1);
    memcpy(copy, s, len);
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    char small[256];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    size_t size = n < 0 ? 1 : (size_t) n + 1;
    char *s = arena_alloc(a, size);
    if (size <= sizeof(small))
        memcpy(s, small, n < 0 ? 0 : size);
    else
        vsnprintf(s, size, fmt, again);
    va_end(again);
    va_end(ap);
    return s;
}
