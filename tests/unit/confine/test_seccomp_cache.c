// SPDX-License-Identifier: Apache-2.0
/* The cache of compiled filters: hits, misses, and files that must not be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "base/log.h"
#include "confine/seccomp_cache.h"
#include "confine/seccomp_profile.h"
#include "sys/file.h"

struct fixture {
    char dir[64];
    int fd;
    struct arena *arena;
    struct oci_seccomp sec;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    (void) snprintf(f->dir, sizeof(f->dir), "/tmp/oakum-test-seccomp-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->fd >= 0);
    f->arena = arena_new();
    struct seccomp_profile_env env;
    struct error err = { 0 };
    size_t len;
    const char *text = seccomp_profile_default(&len);
    seccomp_profile_env_init(&env, 0);
    if (seccomp_profile_parse(text, len, "default", &env, f->arena, &f->sec, &err) < 0)
        fail_msg("%s", err.msg);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close(f->fd);
    (void) tree_remove(AT_FDCWD, f->dir, NULL);
    arena_free(f->arena);
    free(f);
    return 0;
}

/* The only file of the cache; "" when there is none. */
static size_t files(int fd, char *ret_name)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fdopendir(copy);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') {
            n++;
            if (ret_name != NULL)
                (void) snprintf(ret_name, 64, "%.63s", e->d_name);
        }
    closedir(d);
    return n;
}

static void same(const struct seccomp_filter *a, const struct seccomp_filter *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->has_notify, b->has_notify);
    assert_memory_equal(a->insns, b->insns, a->n * sizeof(*a->insns));
}

static void get(const struct fixture *f)
{
    struct seccomp_filter cached, fresh;
    assert_int_equal(seccomp_cached(f->fd, &f->sec, &cached, NULL), 0);
    assert_int_equal(seccomp_compile(&f->sec, &fresh, NULL), 0);
    same(&cached, &fresh);
    seccomp_filter_free(&cached);
    seccomp_filter_free(&fresh);
}

static struct stat status(const struct fixture *f, const char *name)
{
    struct stat st;
    assert_int_equal(fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

static void test_hit(void **state)
{
    struct fixture *f = *state;
    char name[64];
    get(f);
    assert_int_equal(files(f->fd, name), 1);
    struct stat first = status(f, name);
    assert_int_equal(first.st_mode & 07777, 0600);
    get(f);
    assert_int_equal(status(f, name).st_ino, first.st_ino); /* not written again */
    /* Another profile, another file; listenerPath makes no other program. */
    f->sec.listener_path = "/run/x";
    get(f);
    assert_int_equal(files(f->fd, NULL), 1);
    f->sec.default_errno_ret.v = 2;
    get(f);
    assert_int_equal(files(f->fd, NULL), 2);
    struct seccomp_filter plain;
    assert_int_equal(seccomp_cached(-1, &f->sec, &plain, NULL), 0);
    seccomp_filter_free(&plain);
}

static void test_hit_is_fast(void **state)
{
    struct fixture *f = *state;
    enum { ROUNDS = 500 };
    get(f);
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < ROUNDS; i++) {
        struct seccomp_filter x;
        assert_int_equal(seccomp_cached(f->fd, &f->sec, &x, NULL), 0);
        seccomp_filter_free(&x);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    double us = ((double) (b.tv_sec - a.tv_sec) * 1e9 + (double) (b.tv_nsec - a.tv_nsec)) / 1000 / ROUNDS;
    print_message("          %.1f us a hit\n", us);
    assert_true(us < 1000); /* 50 are meant; a loaded machine or a sanitizer needs room */
}

/* Every byte of the file changed in turn, and every length: never another program, always healed. */
static void test_damage(void **state)
{
    struct fixture *f = *state;
    struct oci_seccomp_rule rule = { .names = { .v = (const char *[]){ "read" }, .n = 1 },
                                     .action = OCI_ACT_ALLOW };
    f->sec.rules = &rule;
    f->sec.n_rules = 1;
    char name[64], *data;
    size_t len;
    get(f);
    assert_int_equal(files(f->fd, name), 1);
    assert_int_equal(file_read(f->fd, name, 1 << 20, &data, &len, NULL), 0);
    for (size_t i = 0; i < len; i++) {
        data[i] ^= 0x10;
        assert_int_equal(file_replace(f->fd, name, data, len, 0600, false, NULL), 0);
        data[i] ^= 0x10;
        ino_t damaged = status(f, name).st_ino;
        get(f);
        assert_int_not_equal(status(f, name).st_ino, damaged);
    }
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(file_replace(f->fd, name, data, i, 0600, false, NULL), 0);
        get(f);
        assert_int_equal(status(f, name).st_size, len);
    }
    free(data);
}

static void test_not_ours(void **state)
{
    struct fixture *f = *state;
    char name[64], *data;
    size_t len;
    get(f);
    assert_int_equal(files(f->fd, name), 1);
    assert_int_equal(file_read(f->fd, name, 1 << 20, &data, &len, NULL), 0);
    /* Writable by others: replaced by one that is not. */
    assert_int_equal(fchmodat(f->fd, name, 0622, 0), 0);
    get(f);
    assert_int_equal(status(f, name).st_mode & 07777, 0600);
    if (geteuid() == 0) {
        assert_int_equal(fchownat(f->fd, name, 12345, 12345, 0), 0);
        get(f);
        assert_int_equal(status(f, name).st_uid, 0);
    }
    /* A link, a pipe (must not block), a directory. */
    assert_int_equal(unlinkat(f->fd, name, 0), 0);
    assert_int_equal(file_replace(f->fd, "elsewhere", data, len, 0600, false, NULL), 0);
    assert_int_equal(symlinkat("elsewhere", f->fd, name), 0);
    get(f);
    assert_true(S_ISREG(status(f, name).st_mode));
    assert_int_equal(unlinkat(f->fd, name, 0), 0);
    assert_int_equal(mkfifoat(f->fd, name, 0600), 0);
    get(f);
    assert_true(S_ISREG(status(f, name).st_mode));
    assert_int_equal(unlinkat(f->fd, name, 0), 0);
    assert_int_equal(mkdirat(f->fd, name, 0700), 0);
    get(f);
    assert_true(S_ISDIR(status(f, name).st_mode));
    assert_int_equal(unlinkat(f->fd, name, AT_REMOVEDIR), 0);
    /* A directory that others can write: nothing is put there. */
    assert_int_equal(fchmod(f->fd, 0777), 0);
    get(f);
    struct stat st;
    assert_int_equal(fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW), -1);
    free(data);
}

/* The name of one profile's file with another's content: the key is compared, not its hash. */
static void test_collision(void **state)
{
    struct fixture *f = *state;
    char first[64], *data;
    size_t len;
    get(f);
    assert_int_equal(files(f->fd, first), 1);
    assert_int_equal(file_read(f->fd, first, 1 << 20, &data, &len, NULL), 0);
    assert_int_equal(unlinkat(f->fd, first, 0), 0);
    char second[64];
    f->sec.default_action = OCI_ACT_KILL_PROCESS;
    f->sec.default_errno_ret.set = false;
    get(f);
    assert_int_equal(files(f->fd, second), 1);
    assert_string_not_equal(first, second);
    assert_int_equal(file_replace(f->fd, second, data, len, 0600, false, NULL), 0);
    get(f);
    free(data);
}

static void test_bounded(void **state)
{
    static const char *names[] = { "read" };
    struct fixture *f = *state;
    f->sec.n_rules = 1;
    for (uint32_t i = 0; i < SECCOMP_CACHE_FILES + 40; i++) {
        f->sec.default_errno_ret.v = i;
        struct seccomp_filter x;
        assert_int_equal(seccomp_cached(f->fd, &f->sec, &x, NULL), 0);
        seccomp_filter_free(&x);
    }
    assert_int_equal(files(f->fd, NULL), SECCOMP_CACHE_FILES);
    /* A profile that is too large is compiled and not kept. */
    struct oci_seccomp_rule *rules = xcalloc(10000, sizeof(*rules));
    for (size_t i = 0; i < 10000; i++)
        rules[i] = (struct oci_seccomp_rule){ .names = { .v = names, .n = 1 }, .action = OCI_ACT_ALLOW };
    f->sec.rules = rules;
    f->sec.n_rules = 10000;
    struct seccomp_filter x;
    assert_int_equal(seccomp_cached(f->fd, &f->sec, &x, NULL), 0);
    seccomp_filter_free(&x);
    assert_int_equal(files(f->fd, NULL), SECCOMP_CACHE_FILES);
    free(rules);
}

int main(void)
{
    log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "test"); /* the tests provoke warnings */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hit_is_fast, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_collision, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
