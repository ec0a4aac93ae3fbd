// SPDX-License-Identifier: Apache-2.0
/* base/musl.c, linked with musl as oakum-runtime is. cmocka is a library for glibc, so this program prints its own TAP. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/libc.h"
#include "base/util.h"

int __snprintf_chk(char *buf, size_t n, int flag, size_t size, const char *fmt, ...);
char *__strncpy_chk(char *to, const char *from, size_t n, size_t size);

/* Relocated, so it lies in what becomes read-only. */
static const char *const relocated[] = { "one", "two" };

static int failed, number;

static void check(int good, const char *name)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++number, name);
    failed |= !good;
}

/* The signal that f's process ends with; 0 for none. */
static int ends_with(void (*f)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        f();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void write_relocated(void)
{
    *(const char *volatile *) (uintptr_t) &relocated[getpid() & 1] = "three";
}

static void print_too_much(void)
{
    char buf[4];
    __snprintf_chk(buf, 5, 1, sizeof(buf), "%s", "x");
}

static void copy_too_much(void)
{
    char buf[4];
    __strncpy_chk(buf, "x", 5, sizeof(buf));
}

static void free_twice(void)
{
    void *volatile p = malloc(100);
    free(p);
    free(p);
}

static void free_overwritten(void)
{
    char *volatile p = malloc(64), *volatile other = malloc(64);
    memset(p, 'x', 64 + 16);
    free(other);
}

static void use_freed_link(void)
{
    char *volatile p = malloc(2000), *volatile other = malloc(2000);
    free(p);
    free(other);
    memset(other, 'x', 16);
    for (int i = 0; i < 2; i++)
        other = malloc(2000);
}

#define SLOTS 300

/* Blocks of all sizes that come, grow, shrink and go; each is full of its own number, which must be there when it is looked at. */
static bool churn(void)
{
    static struct {
        unsigned char *p;
        size_t size;
    } slot[SLOTS];
    unsigned random = 1;
    for (unsigned i = 0; i < 200000; i++) {
        random = random * 1664525u + 1013904223u;
        unsigned n = (random >> 8) % SLOTS;
        size_t size = (random >> 3) % (i % 50 == 0 ? 200000u : 1u << (random >> 28));
        unsigned char *p = slot[n].p;
        for (size_t k = 0; p && k < slot[n].size; k += 1 + slot[n].size / 8)
            if (p[k] != (unsigned char) n)
                return false;
        if (i % 3 == 0) {
            free(p);
            p = calloc(1, size + 1);
            for (size_t k = 0; k < size; k++)
                if (p[k] != 0)
                    return false;
        } else {
            p = realloc(p, size + 1);
            if (slot[n].p && size > 0 && slot[n].size > 0 && p[0] != (unsigned char) n)
                return false;
        }
        if ((uintptr_t) p % 16 != 0)
            return false;
        memset(p, (int) n, size);
        slot[n].p = p;
        slot[n].size = size;
    }
    return true;
}

/* Every length up to 200 from and to every alignment; nothing beside it changes. */
static bool copies(void)
{
    unsigned char from[256], to[256];
    for (unsigned i = 0; i < sizeof(from); i++)
        from[i] = (unsigned char) (i * 7 + 1);
    for (size_t n = 0; n <= 200; n++)
        for (size_t a = 0; a < 16; a++)
            for (size_t b = 1; b <= 16; b++) {
                memset(to, 0, sizeof(to));
                if (memcpy(to + b, from + a, n) != to + b || memcmp(to + b, from + a, n) != 0 ||
                    to[b - 1] != 0 || to[b + n] != 0)
                    return false;
            }
    return true;
}

/* The same within one array, where the two overlap in either direction. */
static bool moves(void)
{
    unsigned char buf[256];
    for (size_t n = 0; n <= 100; n++)
        for (size_t a = 0; a < 64; a++)
            for (size_t b = 0; b < 64; b++) {
                for (unsigned i = 0; i < sizeof(buf); i++)
                    buf[i] = (unsigned char) i;
                memmove(buf + b, buf + a, n);
                for (size_t i = 0; i < sizeof(buf); i++)
                    if (buf[i] != (i >= b && i < b + n ? i - b + a : i))
                        return false;
            }
    return true;
}

int main(void)
{
    char buf[8];
    int named = 0;
    printf("1..14\n");
    for (int code = -1; code < 200; code++)
        named += strerrorname_np(code) != NULL;
    check(named == 131, "131 errors have names");
    check(str_eq(strerrorname_np(EPERM), "EPERM") && str_eq(strerrorname_np(EHWPOISON), "EHWPOISON"),
          "names");
    check(str_eq(strerrordesc_np(ENOENT), "No such file or directory") && !strerrordesc_np(0) &&
              !strerrordesc_np(9999),
          "descriptions");
    check(__snprintf_chk(buf, sizeof(buf), 1, sizeof(buf), "%d", 12345678) == 8 && str_eq(buf, "1234567"),
          "snprintf");
    check(ends_with(print_too_much) == SIGABRT, "a length beyond the buffer ends snprintf's caller");
    check(ends_with(copy_too_much) == SIGABRT, "a length beyond the buffer ends strncpy's caller");
    check(ends_with(write_relocated) == SIGSEGV, "relocated data is read-only");
    check(ends_with(free_twice) == SIGABRT, "a block that is freed twice ends the program");
    check(ends_with(free_overwritten) == SIGABRT, "so does one whose head was overwritten");
    check(ends_with(use_freed_link) != 0, "and a link of a free block that was");
    check(churn(), "blocks keep what is in them");
    check(copies(), "memcpy");
    check(moves(), "memmove");
    check(!malloc(PTRDIFF_MAX) && !calloc(SIZE_MAX / 2, 4), "more than there can be is refused");
    return failed;
}
