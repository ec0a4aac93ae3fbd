// SPDX-License-Identifier: Apache-2.0
/* Blobs on their way: two who fetch one blob, and a third who cleans up. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/partial.h"

static char dir[] = "/tmp/oakum-test-partial.XXXXXX";
static char digest[80];
static struct store *s;

static const char *at(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static int make(void **state)
{
    struct error err = { 0 };
    struct sha256 sum;
    char hex[SHA256_HEX];
    (void) state;
    sha256_init(&sum);
    sha256_add(&sum, "blob", 4);
    sha256_hex(&sum, hex);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    if (mkdtemp(dir) == NULL)
        return -1;
    assert_int_equal(store_open(dir, true, &s, &err), 0);
    return 0;
}

static int clear(void **state)
{
    char command[128];
    (void) state;
    store_close(s);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void fetch(struct partial *p)
{
    struct error err = { 0 };
    assert_int_equal(partial_open(s, digest, 4, NULL, NULL, p, &err), 0);
    if (p->have == 0)
        assert_int_equal(partial_add(p, "blob", 4, &err), 0);
    assert_int_equal(partial_check(p, &err), 0);
}

/* What the end of a pull does: the blob gets its place, its partial file goes. */
static int publish(struct partial *p)
{
    char name[128];
    struct error err = { 0 };
    snprintf(name, sizeof(name), "images/blobs/sha256/%s", p->hex);
    unlink(at(name));
    int r = partial_link(p, AT_FDCWD, at(name), &err);
    partial_remove(p);
    partial_close(p);
    return r;
}

static void test_second_is_not_left_over(void **state)
{
    struct partial first = { 0 }, second = { 0 };
    (void) state;
    fetch(&first);
    fetch(&second);
    assert_false(first.own);
    assert_true(second.own);
    assert_int_equal(publish(&first), 0);
    partial_clean(
        s); /* the first one's end: the blob is in the store, and the second one still needs its file */
    assert_int_equal(publish(&second), 0);
}

static void test_killed_is_left_over(void **state)
{
    struct partial p = { 0 };
    char name[128];
    (void) state;
    fetch(&p);
    snprintf(name, sizeof(name), "partial/%s", p.name);
    assert_int_equal(access(at(name), F_OK), 0);
    partial_close(&p); /* killed: no partial_remove() */
    assert_int_equal(access(at(name), F_OK), 0);
    partial_clean(s); /* the store has the blob since the test before */
    assert_int_equal(access(at(name), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_is_not_left_over),
        cmocka_unit_test(test_killed_is_left_over),
    };
    return cmocka_run_group_tests(tests, make, clear);
}
