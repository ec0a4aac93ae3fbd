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

int main(void)
{
    char buf[8];
    int named = 0;
    printf("1..7\n");
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
    return failed;
}
