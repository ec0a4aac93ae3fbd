// SPDX-License-Identifier: Apache-2.0
/*
 * base/arena.h: memory that is freed all at once.
 *
 * A document (an OCI spec, an image config) owns one arena; every string and array in it lives there, so the document needs
 * no destructors and no field has an owner of its own. All memory comes zeroed. Single-threaded.
 */
#pragma once

#include "base/util.h"

struct arena;

struct arena *arena_new(void) __attribute__((returns_nonnull));
/* Frees everything allocated from it. NULL is fine. */
void arena_free(struct arena *a);
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
/* n objects of size bytes; overflow ends the process. n == 0 gives a valid pointer. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
/* A larger zero-extended copy of an array that came from this arena (the old one stays until arena_free()). */
void *arena_grow(struct arena *a, void *old, size_t old_n, size_t new_n, size_t size)
    __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3) __attribute__((returns_nonnull));

static inline void cleanup_arena(struct arena **a)
{
    arena_free(*a);
}
#define _cleanup_arena_ __attribute__((cleanup(cleanup_arena)))
