// SPDX-License-Identifier: Apache-2.0
/* Records, names, and finding containers: what is damaged is shown and can be removed, what is claimed is claimed once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "engine/engine.h"
#include "engine/names.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "aaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char dir[256], root[288], state_dir[288];

static int setup(void **state _unused_)
{
    assert_true(str_format(dir, sizeof(dir), "%s/oakum-test.XXXXXX",
                           getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp") > 0);
    assert_non_null(mkdtemp(dir));
    assert_true(str_format(root, sizeof(root), "%s/root", dir) > 0);
    assert_true(str_format(state_dir, sizeof(state_dir), "%s/state", dir) > 0);
    return 0;
}

static int teardown(void **state _unused_)
{
    char command[512];
    assert_true(str_format(command, sizeof(command), "rm -rf %s", dir) > 0);
    return system(command);
}

static void make_dir(const char *name)
{
    char path[512];
    assert_true(str_format(path, sizeof(path), "%s/%s", root, name) > 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int open_dir(const char *name)
{
    char path[512];
    assert_true(str_format(path, sizeof(path), "%s/%s", root, name) > 0);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put_record(const char *id, const char *name, const char *created)
{
    char path[128];
    assert_true(str_format(path, sizeof(path), "containers/%s", id) > 0);
    make_dir(path);
    int fd = open_dir(path);
    struct engine_record *r = engine_record_new();
    r->id = id;
    r->name = name;
    r->image = "img";
    r->image_id = B;
    r->created = created;
    r->stop_timeout = 10;
    r->finished = created;
    r->exit_code = (struct opt_i64){ true, 3 };
    oci_strings_add(r->arena, &r->args, "true");
    oci_pairs_set(r->arena, &r->labels, "k", "v");
    oci_pairs_set(r->arena, &r->sources, "memory", "--memory");
    assert_int_equal(engine_record_write(fd, r, false, NULL), 0);
    engine_record_free(r);
    close(fd);
}

static void test_record(void **state _unused_)
{
    struct engine_record *r;
    struct error err = { 0 };
    const char *good =
        "{\"oakum\":1,\"id\":\"" A "\",\"name\":\"n\",\"image\":\"i\",\"imageId\":\"" B
        "\",\"created\":\"2026-01-01T00:00:00Z\",\"args\":[\"a\",\"b\"],\"stopTimeout\":-1,\"rm\":true,\"rangeFirst\":65536}";
    assert_int_equal(engine_record_parse(good, strlen(good), &r, &err), 0);
    assert_string_equal(r->args.v[1], "b");
    assert_true(r->rm && !r->tty && r->range_first == 65536 && r->stop_timeout == -1 && !r->exit_code.set);
    engine_record_free(r);
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"oakum\":2}",
        "{\"oakum\":1}",
        "{\"oakum\":1,\"id\":\"x\",\"name\":\"n\",\"image\":\"i\",\"imageId\":\"i\",\"created\":\"c\",\"args\":[],\"stopTimeout\":1}",
        "{\"oakum\":1,\"id\":\"" A
        "\",\"name\":\"n\",\"image\":\"i\",\"imageId\":\"i\",\"created\":\"c\",\"args\":[1],\"stopTimeout\":1}",
        "{\"oakum\":1,\"id\":\"" A
        "\",\"name\":\"n\",\"image\":\"i\",\"imageId\":\"i\",\"created\":\"c\",\"args\":[],\"stopTimeout\":1,\"x\":1}",
        "{\"oakum\":1,\"id\":\"" A
        "\",\"name\":\"n\",\"image\":\"i\",\"imageId\":\"i\",\"created\":\"c\",\"args\":[],\"stopTimeout\":1,\"rangeFirst\":-1}",
        "{\"oakum\":1,\"id\":\"" A
        "\",\"name\":7,\"image\":\"i\",\"imageId\":\"i\",\"created\":\"c\",\"args\":[],\"stopTimeout\":1}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(engine_record_parse(bad[i], strlen(bad[i]), &r, &err) < 0);
}

static void test_names(void **state _unused_)
{
    char id[65], name[64];
    make_dir("n");
    int fd = open_dir("n");
    struct error err = { 0 };
    assert_int_equal(name_claim(fd, "web", A, &err), 0);
    assert_int_equal(name_claim(fd, "web", B, &err), -EEXIST);
    assert_non_null(strstr(err.msg, "the name \"web\" is in use by container aaaaaaaaaaaa"));
    assert_int_equal(name_lookup(fd, "web", id), 0);
    assert_string_equal(id, A);
    assert_int_equal(name_release(fd, "web", B, NULL), 0); /* not B's: nothing happens */
    assert_int_equal(name_lookup(fd, "web", id), 0);
    assert_int_equal(name_release(fd, "web", A, NULL), 0);
    assert_int_equal(name_lookup(fd, "web", id), -ENOENT);
    static const char *const bad[] = { "", "a", ".a", "-a", "a/b", "../x", "a b", "a\n", "ä", A };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(name_claim(fd, bad[i], A, NULL), -EINVAL);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(name_claim_random(fd, A, name, sizeof(name), NULL), 0);
        assert_true(object_name_valid(name));
    }
    assert_int_equal(name_release_all(fd, A, NULL), 0);
    assert_int_equal(symlinkat("../../etc/passwd", fd, "evil"), 0);
    assert_int_equal(name_lookup(fd, "evil", id), -ENOENT);
    assert_int_equal(name_claim(fd, "evil", A, &err), -EEXIST);
    close(fd);
}

static void test_find_and_list(void **state _unused_)
{
    struct engine *e;
    struct engine_container *list, c;
    struct error err = { 0 };
    size_t n;
    char id[65];
    assert_int_equal(engine_list((engine_open(root, state_dir, true, &e, &err), e), true, &list, &n, &err),
                     0);
    assert_int_equal(n, 0);
    put_record(A, "first", "2026-01-01T00:00:00.000000000Z");
    put_record(B, "second", "2026-01-02T00:00:00.000000000Z");
    make_dir("containers/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc");
    make_dir("containers/rubbish");
    make_dir("names");
    int names = open_dir("names");
    assert_int_equal(name_claim(names, "first", A, NULL), 0);
    close(names);
    assert_int_equal(engine_find(e, "first", id, &err), 0);
    assert_string_equal(id, A);
    assert_int_equal(engine_find(e, "aaaab", id, &err), 0);
    assert_string_equal(id, B);
    assert_int_equal(engine_find(e, "aaaa", id, &err), -EINVAL);
    assert_int_equal(engine_find(e, "none", id, &err), -ENOENT);
    assert_int_equal(engine_find(e, "", id, &err), -ENOENT);
    assert_int_equal(engine_find(e, "../containers", id, &err), -ENOENT);

    assert_int_equal(engine_list(e, true, &list, &n, &err), 0);
    assert_int_equal(n, 4);
    assert_string_equal(list[0].record->name, "second"); /* newest first */
    assert_int_equal(list[0].status, ENGINE_EXITED);
    assert_int_equal(list[2].status, ENGINE_DAMAGED);
    assert_int_equal(list[3].status, ENGINE_DAMAGED);
    engine_containers_free(list, n);
    assert_int_equal(engine_list(e, false, &list, &n, &err), 0);
    assert_int_equal(n, 0);
    engine_containers_free(list, n);

    assert_int_equal(engine_get(e, "first", &c, &err), 0);
    assert_true(c.record->exit_code.v == 3);
    assert_string_equal(oci_pairs_get(&c.record->sources, "memory"), "--memory");
    engine_container_clear(&c);
    assert_int_equal(engine_image_in_use(e, B, &err), -EBUSY);
    assert_int_equal(engine_image_in_use(e, A, &err), 0);

    assert_int_equal(engine_kill(e, "first", 9, &err), -ESRCH);
    assert_int_equal(engine_stop(e, "first", 0, -2, &err), 0);
    assert_int_equal(engine_remove(e, "first", false, &err), 0);
    assert_int_equal(engine_find(e, "first", id, &err), -ENOENT);
    assert_int_equal(engine_remove(e, "cccc", false, &err), 0);
    assert_int_equal(engine_remove(e, "aaaab", false, &err), 0);
    assert_int_equal(engine_list(e, true, &list, &n, &err), 0);
    assert_int_equal(n, 1);
    engine_containers_free(list, n);
    engine_close(e);
}

/* Somebody else may not have written where containers are found. */
static void test_root_is_private(void **state _unused_)
{
    struct engine *e;
    assert_int_equal(chmod(root, 0777), 0);
    assert_int_equal(engine_open(root, state_dir, true, &e, NULL), -EPERM);
    assert_int_equal(chmod(root, 0700), 0);
    assert_int_equal(engine_open("/nonexistent/oakum", state_dir, false, &e, NULL), 0);
    struct engine_container *list;
    size_t n = 9;
    assert_int_equal(engine_list(e, true, &list, &n, NULL), 0);
    assert_int_equal(n, 0);
    engine_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_find_and_list),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_root_is_private),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
