// SPDX-License-Identifier: Apache-2.0
/*
 * USER and --user against hostile passwd and group files: what is number-like is a number or refused, links and special files
 * are not followed, layers hide each other as overlay will.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "engine/passwd.h"

static char dir[256];
static char lower[288], upper[288];
static struct arena *arena;
static struct error err;

static void put(const char *layer, const char *name, const char *text)
{
    char path[512];
    assert_true(str_format(path, sizeof(path), "%s/etc", layer) > 0);
    mkdir(path, 0755);
    assert_true(str_format(path, sizeof(path), "%s/etc/%s", layer, name) > 0);
    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void clear(const char *layer)
{
    char command[600];
    assert_true(str_format(command, sizeof(command), "rm -rf %s && mkdir %s", layer, layer) > 0);
    assert_int_equal(system(command), 0);
}

static int setup(void **state _unused_)
{
    assert_true(str_format(dir, sizeof(dir), "%s/oakum-test.XXXXXX",
                           getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp") > 0);
    assert_non_null(mkdtemp(dir));
    assert_true(str_format(lower, sizeof(lower), "%s/lower", dir) > 0);
    assert_true(str_format(upper, sizeof(upper), "%s/upper", dir) > 0);
    clear(lower);
    clear(upper);
    put(lower, "passwd",
        "root:x:0:0:root:/root:/bin/sh\n"
        "svc:x:1000:1001::/home/svc:/bin/sh\n"
        "broken\n"
        "::::::\n"
        "nohome:x:1002:1002:::\n"
        "big:x:4294967296:1::/:\n"
        "123:x:7:7::/seven:\n"
        "3proxy:x:8:8::/three:\n"
        "svc:x:5:5::/second:\n");
    put(lower, "group",
        "root:x:0:\nsvc:x:1001:\nextra:x:2000:other,svc\nmore:x:2001:svc\nnotsvc:x:2002:svcx,xsvc\nbad:x:y:svc\n");
    arena = arena_new();
    return 0;
}

static int teardown(void **state _unused_)
{
    char command[512];
    arena_free(arena);
    assert_true(str_format(command, sizeof(command), "rm -rf %s", dir) > 0);
    return system(command);
}

static int resolve(const char *text, const char *group_add, struct user_identity *u)
{
    const char *layers[] = { lower, upper };
    struct user_roots roots = { .layers = layers, .n_layers = 2, .root_fd = -1 };
    struct oci_strings add = { 0 };
    err = (struct error){ 0 };
    if (group_add != NULL)
        oci_strings_add(arena, &add, group_add);
    return user_resolve(&roots, arena, text, &add, u, &err);
}

static void test_forms(void **state _unused_)
{
    static const struct {
        const char *text;
        uint32_t uid, gid;
        size_t gids;
        const char *home;
    } good[] = {
        { "", 0, 0, 1, "/root" },
        { "root", 0, 0, 1, "/root" },
        { "svc", 1000, 1001, 3, "/home/svc" }, /* the first line of that name */
        { "1000", 1000, 1001, 3, "/home/svc" },
        { "svc:extra", 1000, 2000, 1, "/home/svc" }, /* a group that is given is the only one */
        { "svc:5", 1000, 5, 1, "/home/svc" },
        { "5000", 5000, 0, 1, "/" },
        { "5000:6000", 5000, 6000, 1, "/" },
        { "nohome", 1002, 1002, 1, "/" },
        { "123", 123, 0, 1, "/" }, /* a number, though there is a user of that name */
        { "3proxy", 8, 8, 1, "/three" },
        { "2147483647:2147483647", 2147483647, 2147483647, 1, "/" },
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct user_identity u;
        if (resolve(good[i].text, NULL, &u) != 0)
            fail_msg("\"%s\": %s", good[i].text, err.msg);
        assert_int_equal(u.uid, good[i].uid);
        assert_int_equal(u.gid, good[i].gid);
        assert_int_equal(u.n_gids, good[i].gids);
        assert_int_equal(u.gids[0], good[i].gid); /* the primary group is among them: CVE-2022-2989 */
        assert_string_equal(u.home, good[i].home);
    }
}

static void test_refused(void **state _unused_)
{
    static const struct {
        const char *text;
        int code;
    } bad[] = {
        { "nobody", -ENOENT },      { "svc:nogroup", -ENOENT },
        { "1:", -EINVAL },          { ":1", 0 },
        { "1:2:3", -EINVAL },       { "-1", -EINVAL },
        { "+1", -EINVAL },          { "2147483648", -EINVAL },
        { "4294967295", -EINVAL },  { "4294967296", -EINVAL },
        { "99999999999", -EINVAL }, { "1:4294967295", -EINVAL },
        { "1:-1", -EINVAL },        { "big", -ENOENT },
        { "broken", -ENOENT },      { "svc\n", -ENOENT },
        { " 1", -ENOENT },          { "0x10", -ENOENT },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct user_identity u;
        int r = resolve(bad[i].text, NULL, &u);
        if (r != bad[i].code)
            fail_msg("\"%s\": %d", bad[i].text, r);
    }
}

static void test_group_add(void **state _unused_)
{
    struct user_identity u;
    assert_int_equal(resolve("65532:65532", "extra", &u), 0);
    assert_int_equal(u.n_gids, 2);
    assert_int_equal(u.gids[1], 2000);
    assert_int_equal(resolve("65532:65532", "44", &u), 0);
    assert_int_equal(u.gids[1], 44);
    assert_int_equal(resolve("65532:65532", "nogroup", &u), -ENOENT);
    assert_int_equal(resolve("65532:65532", "-5", &u), -EINVAL);
    assert_int_equal(resolve("65532:65532", "65532", &u), 0);
    assert_int_equal(u.n_gids, 1);
}

/* What the upper layer has, the lower one does not show. */
static void test_layers(void **state _unused_)
{
    char path[512];
    struct user_identity u;
    put(upper, "passwd", "svc:x:42:42::/upper:\n");
    assert_int_equal(resolve("svc", NULL, &u), 0);
    assert_int_equal(u.uid, 42);

    assert_true(str_format(path, sizeof(path), "%s/etc/passwd", upper) > 0);
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0); /* the host's: never read */
    assert_int_equal(resolve("svc", NULL, &u), -ENOENT);
    unlink(path);
    assert_int_equal(mkfifo(path, 0644), 0); /* must not block */
    assert_int_equal(resolve("svc", NULL, &u), -ENOENT);
    unlink(path);
    if (mknod(path, S_IFCHR, 0) == 0) { /* overlay's whiteout */
        assert_int_equal(resolve("svc", NULL, &u), -ENOENT);
        unlink(path);
    }
    assert_int_equal(resolve("svc", NULL, &u), 0);
    assert_int_equal(u.uid, 1000);

    assert_true(str_format(path, sizeof(path), "%s/etc", upper) > 0);
    if (setxattr(path, "user.overlay.opaque", "y", 1, 0) == 0)
        assert_int_equal(resolve("svc", NULL, &u), -ENOENT);
    rmdir(path);
    assert_int_equal(symlink("/etc", path), 0);
    assert_int_equal(resolve("svc", NULL, &u), -ENOENT);
    unlink(path);
}

static void test_hostile_files(void **state _unused_)
{
    struct user_identity u;
    char *huge = xmalloc((1 << 20) + 16);
    memset(huge, 'a', (1 << 20) + 8);
    huge[(1 << 20) + 8] = '\0';
    put(upper, "passwd", huge);
    assert_int_equal(resolve("svc", NULL, &u), -EFBIG);
    free(huge);
    put(upper, "passwd",
        "svc:x:1:1::/\x1b[31m:\nsvc:x:2:2::/ok:\n"); /* control characters: the line is passed over */
    assert_int_equal(resolve("svc", NULL, &u), 0);
    assert_int_equal(u.uid, 2);
    put(upper, "passwd", "svc:x:1:1::/h"); /* no newline at the end, one field too few */
    assert_int_equal(resolve("svc", NULL, &u), 0);
    put(upper, "passwd", "");
    assert_int_equal(resolve("svc", NULL, &u), -ENOENT);
    clear(upper);
}

/* In a running container: one root, names looked up inside it. */
static void test_root(void **state _unused_)
{
    int fd = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct user_roots roots = { .root_fd = fd };
    struct oci_strings none = { 0 };
    struct user_identity u;
    assert_int_equal(user_resolve(&roots, arena, "svc", &none, &u, NULL), 0);
    assert_int_equal(u.uid, 1000);
    assert_int_equal(u.n_gids, 3);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),  cmocka_unit_test(test_refused),       cmocka_unit_test(test_group_add),
        cmocka_unit_test(test_layers), cmocka_unit_test(test_hostile_files), cmocka_unit_test(test_root),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
