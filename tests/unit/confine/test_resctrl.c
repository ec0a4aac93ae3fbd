// SPDX-License-Identifier: Apache-2.0
/* confine/resctrl.h, on a tree of files that looks like resctrl: which class, what is written to it, whose it is to remove. */
#include "test_forked.h"

#include "confine/resctrl.h"
#include "sys/file.h"

static struct error err;
static char dir[] = "/tmp/oakum-resctrl-XXXXXX";
static int root = -1;

static void put(const char *path, const char *text)
{
    int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static void assert_file(const char *path, const char *text)
{
    _cleanup_free_ char *have = NULL;
    assert_int_equal(file_read(root, path, 65536, &have, NULL, &err), 0);
    assert_string_equal(have, text);
}

/* What the kernel makes with a class; tasks: who is in it. */
static void put_class(const char *name, const char *schemata, const char *tasks)
{
    char path[200];
    assert_true(str_format(path, sizeof path, "%s/mon_groups", name) > 0);
    mkdirat(root, name, 0700);
    assert_true(mkdirat(root, path, 0700) == 0 || errno == EEXIST);
    assert_true(str_format(path, sizeof path, "%s/schemata", name) > 0);
    put(path, schemata);
    assert_true(str_format(path, sizeof path, "%s/tasks", name) > 0);
    put(path, tasks);
}

/* rmdir of the kernel's takes the files with it. */
static void empty_class(const char *name)
{
    char path[200];
    static const char *const files[] = { "schemata", "tasks" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        assert_true(str_format(path, sizeof path, "%s/%s", name, files[i]) > 0);
        unlinkat(root, path, 0);
    }
    assert_true(str_format(path, sizeof path, "%s/mon_groups", name) > 0);
    unlinkat(root, path, AT_REMOVEDIR);
}

static int setup(void **state _unused_)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(root, "info", 0700);
    mkdirat(root, "info/L3_MON", 0700);
    put("info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
    put("info/last_cmd_status", "ok\n");
    put_class(".", "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n", "1\n");
    error_clear(&err);
    return 0;
}

static int teardown(void **state _unused_)
{
    close(root);
    return tree_remove(AT_FDCWD, dir, &err);
}

static struct oci_intel_rdt *rdt_of(const char *json, struct oci_spec **spec)
{
    _cleanup_free_ char *text = xasprintf("{\"ociVersion\":\"1.3.0\",\"linux\":{\"intelRdt\":%s}}", json);
    assert_int_equal(oci_spec_parse(text, strlen(text), spec, &err), 0);
    return &(*spec)->linux_.intel_rdt;
}

static int plan(const char *json, struct resctrl_group *g)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_intel_rdt *rdt = rdt_of(json, &spec);
    *g = (struct resctrl_group){ .clos = NULL };
    int r = resctrl_plan(root, rdt, "box", g, &err);
    g->clos = NULL; /* the document's */
    return r;
}

static void test_matching(void **state _unused_)
{
    static const char file[] = "    MB:0= 20;1= 70\n    L3:0=007f0;1=0001f\n    L2:0=0f\n";
    static const struct {
        const char *schema;
        bool same;
    } rows[] = {
        { "L3:0=7f0;1=1f", true },
        { "L3:1=1F", true },
        { "L3:0=7f0", true },
        { "MB:0=20;1=70", true },
        { "L3:0=7f1", false },
        { "L3:2=1", false },
        { "MB:0=2", false },
        { "MB:0=200", false },
        { "L3CODE:0=7f0", false },
        { "L3:0=7f0\nMB:1=70", true },
        { "L3:0=7f0\nMB:1=71", false },
        { "L3:0", false },
        { "L:0=7f0", false },
        { "\n", true },
        { "L2:0=f\n", true },
        { "L3:0=", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (resctrl_schema_matches(rows[i].schema, file) != rows[i].same)
            fail_msg("%s", rows[i].schema);
}

static void test_own_class(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_intel_rdt *rdt = rdt_of(
        "{\"l3CacheSchema\":\"L3:0=7f0\\nMB:0=1\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=f\"],"
        "\"enableMonitoring\":true}",
        &spec);
    struct resctrl_group g;
    assert_int_equal(resctrl_plan(root, rdt, "box", &g, &err), 0);
    assert_true(g.made_clos && g.own_name && g.own_mon);
    assert_int_equal(faccessat(root, "box", F_OK, 0), -1); /* a plan makes nothing */
    assert_int_equal(resctrl_make(root, &g, &err), 0);
    put_class("box", "", "");
    assert_int_equal(resctrl_fill(root, rdt, &g, &err), 0);
    /* Each write begins at 0 here: "L3:0=7f0", "MB:0=20" and "L2:0=f", in this order and no other, leave this. */
    assert_file("box/schemata", "L2:0=f\n\n\n");
    put("box/mon_groups/box/tasks", "");
    assert_int_equal(resctrl_join(root, &g, 4711, &err), 0);
    assert_file("box/tasks", "4711\n");
    assert_file("box/mon_groups/box/tasks", "4711\n");
    unlinkat(root, "box/mon_groups/box/tasks", 0);
    assert_int_not_equal(resctrl_remove(root, &g, &err), 0); /* not empty here; the group inside is gone */
    assert_int_equal(faccessat(root, "box/mon_groups/box", F_OK, 0), -1);
    empty_class("box");
    assert_int_equal(resctrl_remove(root, &g, &err), 0);
    assert_int_equal(faccessat(root, "box", F_OK, 0), -1);
    assert_int_equal(resctrl_remove(root, &g, &err), 0);
}

static void test_which(void **state _unused_)
{
    static const struct {
        const char *json;
        int code;
        bool made, own_name;
        const char *words;
    } rows[] = {
        { "{}", 0, true, true, NULL },
        { "{\"closID\":\"gold\"}", 0, false, false, NULL },
        { "{\"closID\":\"/\"}", 0, false, false, NULL },
        { "{\"closID\":\"new\"}", -ENOENT, false, false, "\"new\"" },
        { "{\"closID\":\"new\",\"schemata\":[\"L3:0=f\"]}", 0, true, false, NULL },
        { "{\"closID\":\"new\",\"memBwSchema\":\"MB:0=10\"}", 0, true, false, NULL },
        { "{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f0\"}", 0, false, false, NULL },
        { "{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\"}", -EINVAL, false, false, "\"L3:0=f\"" },
        { "{\"closID\":\"gold\",\"memBwSchema\":\"MB:0=10\"}", -EINVAL, false, false, "MB:0=10" },
        { "{\"closID\":\"/\",\"l3CacheSchema\":\"L3:0=7\"}", -EINVAL, false, false, "L3:0=7" },
        { "{\"closID\":\"info\",\"schemata\":[\"L3:0=f\"]}", -EINVAL, false, false, "info" },
        { "{\"enableCMT\":true,\"enableMBM\":true}", 0, true, true, NULL },
    };
    struct resctrl_group g;
    put_class("gold", "    L3:0=0f0\n", "17\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int r = plan(rows[i].json, &g);
        if (r != rows[i].code || g.made_clos != rows[i].made || g.own_name != rows[i].own_name)
            fail_msg("%s: %d %s", rows[i].json, r, err.msg);
        if (rows[i].words)
            assert_non_null(strstr(err.msg, rows[i].words));
    }
}

static void test_counters(void **state _unused_)
{
    struct resctrl_group g;
    put("info/L3_MON/mon_features", "llc_occupancy\n");
    assert_int_equal(plan("{\"enableCMT\":true}", &g), 0);
    assert_int_equal(plan("{\"enableMBM\":true}", &g), -EOPNOTSUPP);
    assert_non_null(strstr(err.msg, "enableMBM"));
    unlinkat(root, "info/L3_MON/mon_features", 0);
    assert_int_equal(plan("{\"enableMonitoring\":true}", &g), -EOPNOTSUPP);
    assert_int_equal(plan("{\"enableMonitoring\":false}", &g), 0);
}

static void test_leftover(void **state _unused_)
{
    struct resctrl_group g;
    put_class("box", "", "17\n");
    assert_int_equal(plan("{}", &g), -EEXIST);
    put("box/tasks", "");
    assert_int_equal(plan("{}", &g), 0);
    assert_true(g.made_clos);
}

static void test_shared_class_stays(void **state _unused_)
{
    const struct resctrl_group g = { .clos = "gold", .id = "box", .made_clos = true, .own_mon = true };
    put_class("gold", "", "17\n");
    mkdirat(root, "gold/mon_groups/box", 0700);
    assert_int_equal(resctrl_remove(root, &g, &err), 0);
    assert_int_equal(faccessat(root, "gold", F_OK, 0), 0);
    assert_int_equal(faccessat(root, "gold/mon_groups/box", F_OK, 0), -1);
    put("gold/tasks", "");
    assert_int_not_equal(resctrl_remove(root, &g, &err), 0); /* tried */
}

/* The kernel says why in info/last_cmd_status. /dev/full refuses as a bad mask is refused. */
/* What update does: own classes only, the two schemas and nothing else. */
static void test_change(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_intel_rdt *rdt = rdt_of(
        "{\"l3CacheSchema\":\"L3:0=7f0\\nMB:0=1\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=f\"]}",
        &spec);
    struct resctrl_group g = { .clos = "box", .id = "box", .made_clos = true, .own_name = true };
    put_class("box", "", "17\n");
    assert_int_equal(resctrl_change(root, rdt, &g, &err), 0);
    assert_file("box/schemata", "MB:0=20\n\n"); /* each write begins at 0: "L3:0=7f0", then this */
    assert_file("box/tasks", "17\n");
    put_class("gold", "L3:0=f\n", "");
    g = (struct resctrl_group){ .clos = "gold", .id = "box" };
    assert_int_equal(resctrl_change(root, rdt, &g, &err), -EPERM);
    assert_non_null(strstr(err.msg, "\"gold\""));
    assert_file("gold/schemata", "L3:0=f\n");
}

static void test_kernels_words(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_intel_rdt *rdt = rdt_of("{\"closID\":\"new\",\"schemata\":[\"L3:0=5\"]}", &spec);
    const struct resctrl_group g = { .clos = "new", .id = "box", .made_clos = true };
    put_class("new", "", "");
    unlinkat(root, "new/schemata", 0);
    assert_int_equal(symlinkat("/dev/full", root, "new/schemata"), 0);
    put("info/last_cmd_status", "Need contiguous ones\n");
    assert_int_equal(resctrl_fill(root, rdt, &g, &err), -ENOSPC);
    assert_non_null(strstr(err.msg, "\"L3:0=5\""));
    assert_non_null(strstr(err.msg, "Need contiguous ones"));
}

static void test_not_mounted(void **state _unused_)
{
    int fd = resctrl_open(&err);
    if (fd >= 0) {
        close(fd);
        skip();
    }
    assert_int_equal(fd, -ENODEV);
    assert_non_null(strstr(err.msg, "linux.intelRdt"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_matching), TEST(test_own_class),     TEST(test_which),
        TEST(test_counters), TEST(test_leftover),      TEST(test_shared_class_stays),
        TEST(test_change),   TEST(test_kernels_words), TEST(test_not_mounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
