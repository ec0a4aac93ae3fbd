// SPDX-License-Identifier: Apache-2.0
/* The store from the engine's side: finding, naming, removing, layers, directories made into layers. Needs root and the worker. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "image/store.h"

/* Each inode's first name in place of its number: which names are of one file. Not the root. */
#define SAME_NAMES \
    "sort -k2 | awk '{ if (!($1 in first)) first[$1] = $2; $1 = first[$1]; print }' | grep -v '^/ / d 755'"

static char dir[] = "/tmp/oakum-test-store.XXXXXX";
static char root[64];
static struct store *s;

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *fmt, ...)
{
    char command[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static const char *at(const char *name)
{
    static char path[4][128];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
    return path[turn];
}

static int make(void **state)
{
    struct error err = { 0 };

    (void) state;
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(root, sizeof(root), "%s/store", dir);
    store_set_helper_dir(OAKUM_HELPER_DIR);
    assert_int_equal(store_open(root, false, &s, &err), -ENOENT);
    assert_int_equal(store_open(root, true, &s, &err), 0);
    shell(
        "cd %s && mkdir -p a/d b && echo one >a/d/f && ln a/d/f a/g && echo two >b/f && tar -cf a.tar -C a . && tar -cf b.tar -C b .",
        dir);
    return 0;
}

static int clear(void **state)
{
    (void) state;
    store_close(s);
    shell("rm -rf %s", dir);
    return 0;
}

static void import(const char *file, const char *name, char id[65])
{
    struct error err = { 0 };
    struct timespec created = { .tv_sec = 1000000000 };
    struct import_options o = { .created = &created, .message = "test" };

    if (store_import(s, at(file), name, &o, id, &err) < 0)
        fail_msg("%s", err.msg);
}

static size_t count(void)
{
    struct store_image **images;
    size_t n;

    assert_int_equal(store_list(s, &images, &n, NULL), 0);
    store_images_free(images, n);
    return n;
}

static int find(const char *what, char id[65])
{
    struct store_image *image;
    int r = store_find(s, what, &image, NULL);

    if (r == 0) {
        memcpy(id, image->id, 65);
        store_image_free(image);
    }
    return r;
}

static void remove_all(void)
{
    struct store_image **images;
    struct remove_options force = { .force = true };
    size_t n;

    assert_int_equal(store_list(s, &images, &n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        if (store_remove(s, images[i]->id, &force, NULL) < 0)
            assert_int_not_equal(i, 0); /* a later entry may have gone with an earlier one of its id */
    store_images_free(images, n);
    assert_int_equal(count(), 0);
    shell("test -z \"$(ls -A %s/layers %s/images/blobs/sha256 %s/tmp | grep -v -e : -e '^$')\"", root, root,
          root);
}

static void test_find(void **state)
{
    char a[65], b[65], got[65], text[200];
    struct store_image *image;

    (void) state;
    import("a.tar", "thing", a);
    import("b.tar", "registry.example:5000/x/thing:2", b);
    assert_string_not_equal(a, b);
    static const char *const names_of_a[] = { "thing", "thing:latest", "library/thing",
                                              "docker.io/library/thing:latest" };
    for (size_t i = 0; i < ARRAY_LEN(names_of_a); i++) {
        assert_int_equal(find(names_of_a[i], got), 0);
        assert_string_equal(got, a);
    }
    assert_int_equal(find("registry.example:5000/x/thing:2", got), 0);
    assert_string_equal(got, b);
    assert_int_equal(find("thing:2", got), -ENOENT);
    assert_int_equal(find("x/thing:2", got), -ENOENT);
    assert_int_equal(find("Thing", got), -EINVAL);
    assert_int_equal(find("", got), -EINVAL);
    /* ids */
    assert_int_equal(find(a, got), 0);
    snprintf(text, sizeof(text), "sha256:%s", b);
    assert_int_equal(find(text, got), 0);
    assert_string_equal(got, b);
    snprintf(text, sizeof(text), "%.12s", a);
    assert_int_equal(find(text, got), 0);
    assert_string_equal(got, a);
    assert_int_equal(find("sha256:abc", got), -EINVAL);
    assert_int_equal(find("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", got), -ENOENT);
    /* digests */
    assert_int_equal(store_find(s, "thing", &image, NULL), 0);
    snprintf(text, sizeof(text), "thing@%s", image->manifest_digest);
    assert_int_equal(find(text, got), 0);
    assert_string_equal(got, a);
    snprintf(text, sizeof(text), "other@%s", image->manifest_digest);
    assert_int_equal(find(text, got), -ENOENT);
    assert_int_equal(find(image->manifest_digest, got), 0);
    assert_string_equal(got, a);
    store_image_free(image);
    remove_all();
}

static void test_prefixes(void **state)
{
    char id[65], got[65], prefix[2] = "";
    int seen[16] = { 0 };

    (void) state;
    /* Of 17 images two begin with the same digit. */
    for (int i = 0; i < 17; i++) {
        struct error err = { 0 };
        struct timespec created = { .tv_sec = i };
        struct import_options o = { .created = &created };
        char name[32];
        snprintf(name, sizeof(name), "many:%d", i);
        assert_int_equal(store_import(s, at("b.tar"), name, &o, id, &err), 0);
        seen[id[0] <= '9' ? id[0] - '0' : id[0] - 'a' + 10]++;
    }
    for (int i = 0; i < 16; i++) {
        prefix[0] = "0123456789abcdef"[i];
        assert_int_equal(find(prefix, got), seen[i] == 0 ? -ENOENT : seen[i] == 1 ? 0 : -EINVAL);
    }
    remove_all();
}

struct told {
    char text[1024];
    int refuse;
};

static int in_use(void *arg, const char *id, struct error *err)
{
    struct told *t = arg;

    (void) id;
    return t->refuse ? error_set(err, -EBUSY, "in use") : 0;
}

static void report(void *arg, const char *what, const char *which)
{
    struct told *t = arg;
    size_t n = strlen(t->text);

    snprintf(t->text + n, sizeof(t->text) - n, "%s %.30s\n", what, which);
}

static void test_remove(void **state)
{
    struct told told = { .refuse = 1 };
    struct remove_options o = { .in_use = in_use, .report = report, .arg = &told };
    struct error err = { 0 };
    char id[65], got[65], want[200];

    (void) state;
    import("a.tar", "one", id);
    assert_int_equal(store_tag(s, "one", "two:2", &err), 0);
    assert_int_equal(store_tag(s, "nothing", "x", &err), -ENOENT);
    assert_int_equal(store_tag(s, "one", "Bad", &err), -EINVAL);
    assert_int_equal(count(), 2);
    /* By id with two names: only by force. By name: only the name, whoever uses the image. */
    assert_int_equal(store_remove(s, id, &o, &err), -EBUSY);
    assert_int_equal(store_remove(s, "one", &o, &err), 0);
    assert_string_equal(told.text, "Untagged docker.io/library/one:latest\n");
    assert_int_equal(find("one", got), -ENOENT);
    assert_int_equal(find("two:2", got), 0);
    assert_int_equal(store_remove(s, "two:2", &o, &err), -EBUSY);
    assert_string_equal(err.msg, "in use");
    assert_int_equal(find("two:2", got), 0);
    told = (struct told){ 0 };
    assert_int_equal(store_remove(s, "two:2", &o, &err), 0);
    snprintf(want, sizeof(want), "Untagged docker.io/library/two:2\nDeleted sha256:%.23s\n", id);
    assert_string_equal(told.text, want);
    assert_int_equal(store_remove(s, "two:2", &o, &err), -ENOENT);
    remove_all();
}

static void test_names_move(void **state)
{
    char a[65], b[65], got[65];

    (void) state;
    import("a.tar", "app", a);
    import("b.tar", "app", b);
    assert_int_equal(count(), 2); /* the first one has no name now */
    assert_int_equal(find("app", got), 0);
    assert_string_equal(got, b);
    assert_int_equal(find(a, got), 0);
    import("a.tar", "app", a); /* and back: it takes its own entry */
    import("a.tar", "app", a);
    assert_int_equal(count(), 2);
    assert_int_equal(find("app", got), 0);
    assert_string_equal(got, a);
    import("b.tar", NULL, b);
    assert_int_equal(count(), 2);
    remove_all();
}

static void test_layers(void **state)
{
    struct store_image *image;
    const char **paths;
    struct error err = { 0 };
    char id[65], path[512];
    size_t n;

    (void) state;
    import("a.tar", "layers", id);
    assert_int_equal(store_find(s, "layers", &image, &err), 0);
    assert_int_equal(store_layers(s, image, &paths, &n, &err), 0);
    assert_int_equal(n, 1);
    snprintf(path, sizeof(path), "%s/g", paths[0]);
    assert_int_equal(faccessat(AT_FDCWD, path, R_OK, 0), 0);
    assert_int_equal(image->size, 4);
    free(paths);
    /* Three times the same layer is one for overlay. */
    const char *same[3] = { image->config.diff_ids.v[0], image->config.diff_ids.v[0],
                            image->config.diff_ids.v[0] };
    image->config.diff_ids = (struct oci_strings){ same, 3 };
    assert_int_equal(store_layers(s, image, &paths, &n, &err), 0);
    assert_int_equal(n, 1);
    free(paths);
    shell("rm -rf %s/layers/*", root);
    assert_int_equal(store_layers(s, image, &paths, &n, &err), -ENOENT);
    store_image_free(image);
    remove_all();
}

static void test_damaged_documents(void **state)
{
    struct store_image *image;
    struct error err = { 0 };
    char id[65];

    (void) state;
    import("a.tar", "hurt", id);
    shell("sed -i s/linux/LINUX/ %s/images/blobs/sha256/%s", root, id);
    assert_int_equal(store_find(s, "hurt", &image, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "is damaged"));
    assert_int_equal(count(), 0); /* left out, with a warning */
    shell("sed -i s/LINUX/linux/ %s/images/blobs/sha256/%s", root, id);
    assert_int_equal(count(), 1);
    remove_all();
}

/* What store_summaries() says of the one image there is; -1: there is none. */
static int64_t summary(char id[65], char created[64])
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct store_summary *v;
    size_t n;

    assert_int_equal(store_summaries(s, a, &v, &n, NULL), 0);
    if (n == 0)
        return -1;
    assert_int_equal(n, 1);
    memcpy(id, v[0].id, 65);
    snprintf(created, 64, "%s", v[0].created);
    return v[0].size;
}

static void test_summaries(void **state)
{
    static const char edit[] =
        "cd %s/images && python3 -c 'import json\nj = json.load(open(\"index.json\"))\nfor m in j[\"manifests\"]:\n    a = m[\"annotations\"]\n    %s\njson.dump(j, open(\"index.json\", \"w\"))'";
    char a[65], b[65], got[65], created[64];

    (void) state;
    import("a.tar", "app", a);
    assert_int_equal(summary(got, created), 4);
    assert_string_equal(got, a);
    assert_string_equal(created, "2001-09-09T01:46:40.000000000Z");
    /* From the index alone: the config is not read, its absence is seen. */
    shell("sed -i s/2001-09/2002-09/ %s/images/blobs/sha256/%s", root, a);
    assert_int_equal(summary(got, created), 4);
    assert_string_equal(created, "2001-09-09T01:46:40.000000000Z");
    shell("sed -i s/2002-09/2001-09/ %s/images/blobs/sha256/%s", root, a);
    shell("mv %s/images/blobs/sha256/%s %s/moved", root, a, dir);
    assert_int_equal(summary(got, created), -1);
    shell("mv %s/moved %s/images/blobs/sha256/%s", dir, root, a);
    /* An entry without the annotation, one that another tool pointed to another manifest, and a malformed one: the documents count. */
    shell(edit, root, "del a[\"oakum.summary\"]");
    assert_int_equal(summary(got, created), 4);
    assert_string_equal(got, a);
    shell(edit, root, "a[\"oakum.summary\"] = a[\"org.opencontainers.image.ref.name\"]");
    assert_int_equal(summary(got, created), 4);
    assert_int_equal(find(a, got), 0);
    shell(edit, root, "a[\"oakum.summary\"] = m[\"digest\"][7:] + \" \" + 63 * \"0\" + \"/ x\"");
    assert_int_equal(summary(got, created), 4);
    assert_string_equal(got, a);
    import("b.tar", "other", b);
    shell(
        "cd %s/images && python3 -c 'import json\nj = json.load(open(\"index.json\"))\nv = j[\"manifests\"]\n"
        "v[0][\"annotations\"] = v[1][\"annotations\"]\nj[\"manifests\"] = v[:1]\njson.dump(j, open(\"index.json\", \"w\"))'",
        root);
    assert_int_equal(summary(got, created), 4);
    assert_string_equal(got, a);
    assert_int_equal(find(a, got), 0);
    assert_int_equal(find(b, got), -ENOENT);
    remove_all();
}

static void test_directories(void **state)
{
    char id[65], again[65], id_tar[65];
    struct store_image *image;
    const char **paths;
    size_t n;

    (void) state;
    shell(
        "cd %s && rm -rf tree && mkdir -p tree/x/y tree/empty && cd tree && echo data >x/f && ln x/f x/y/link && ln -s ../f x/y/sym && mkfifo pipe && "
        "chmod 4751 x/f && chown 12:34 x/f && chown -h 5:6 x/y/sym && touch -d @-3.25 x/f && touch -d @77.000000001 x/y empty && "
        "setfattr -n user.k -v 'a=b' x && setfattr -n trusted.k -v no x && "
        "setfattr -n user.overlay.opaque -v y empty && head -c 300000 /dev/urandom >big && printf 'n\\303\\251\\nl' >\"$(printf 'odd\\nname')\" && "
        "touch \"$(printf 'l%%.0s' $(seq 150))\"",
        dir);
    import("tree", "tree", id);
    /* The same from a copy whose names come in another order. */
    shell(
        "cd %s && rm -rf tree2 && mkdir tree2 && cp -a --reflink=never tree/. tree2/ && touch -r tree tree2 && cd tree2 && mv big z && mv z big && touch -r ../tree . ",
        dir);
    import("tree2", "tree2", again);
    assert_string_equal(id, again);
    assert_int_equal(store_find(s, "tree", &image, NULL), 0);
    assert_int_equal(store_layers(s, image, &paths, &n, NULL), 0);
    shell("cd %s/tree && find . -printf '%%i /%%P %%y %%m %%U:%%G %%T@ %%l\\n' | " SAME_NAMES
          " >../want && cd %s && "
          "find . -printf '%%i /%%P %%y %%m %%U:%%G %%T@ %%l\\n' | " SAME_NAMES
          " >%s/got && diff %s/want %s/got && diff -r --no-dereference -x pipe . %s/tree",
          dir, paths[0], dir, dir, dir, dir);
    shell(
        "cd %s && test \"$(getfattr --only-values -n user.k x)\" = a=b && ! getfattr -n trusted.k x 2>/dev/null && ! getfattr -n user.overlay.opaque empty 2>/dev/null",
        paths[0]);
    /* And its blob is a tar that tar agrees with. */
    shell("tar -df %s/images/blobs/sha256/%.64s -C %s/tree", root, image->manifest.layers.v[0].digest + 7,
          dir);
    free(paths);
    store_image_free(image);
    shell("cd %s && touch tree/.wh.x", dir);
    assert_int_equal(store_import(s, at("tree"), "bad", NULL, id_tar, NULL), -EINVAL);
    remove_all();
}

static void test_clamp(void **state)
{
    char first[65], second[65];
    struct import_options o = { .clamp_from = 2000000000 };
    struct store_image *image;

    (void) state;
    shell(
        "cd %s && rm -rf c && mkdir c && echo x >c/old && echo y >c/new && touch -d @1500000000 c/old && touch -d @2000000001 c/new c",
        dir);
    assert_int_equal(store_import(s, at("c"), "clamped", &o, first, NULL), 0);
    shell("cd %s && touch -d @2000000777 c/new c", dir);
    assert_int_equal(store_import(s, at("c"), "clamped", &o, second, NULL), 0);
    assert_string_equal(first, second);
    assert_int_equal(store_find(s, "clamped", &image, NULL), 0);
    assert_string_equal(image->config.created, "2017-07-14T02:40:00.000000000Z");
    store_image_free(image);
    remove_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_remove),      cmocka_unit_test(test_names_move),
        cmocka_unit_test(test_layers),      cmocka_unit_test(test_damaged_documents),
        cmocka_unit_test(test_directories), cmocka_unit_test(test_clamp),
        cmocka_unit_test(test_summaries),
    };

    if (geteuid() != 0) {
        printf("1..0 # SKIP needs root\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, make, clear);
}
