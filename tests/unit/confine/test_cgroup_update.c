// SPDX-License-Identifier: Apache-2.0
/* cgroup_update() on directories of plain files that stand for a cgroup of either version: what is read, what is refused, what is written. */
#include "test_cgroup_util.h"

struct file {
    const char *name, *text;
};

static char dir[64];
static int base = -1;

static int setup(void **state _unused_)
{
    error_clear(&scratch_err);
    snprintf(dir, sizeof dir, "/tmp/oakum-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(base, "root", 0755), 0);
    return mkdirat(base, "root/c", 0755);
}

static int teardown(void **state _unused_)
{
    cgroup_free(scratch);
    scratch = NULL;
    base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int at = openat(base, "root/c", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_free_ char *names = NULL;
    if (file_read(at, "names", 4096, &names, NULL, NULL) == 0) {
        char *save = NULL;
        for (char *n = strtok_r(names, "\n", &save); n; n = strtok_r(NULL, "\n", &save))
            unlinkat(at, n, 0);
        unlinkat(at, "names", 0);
    }
    unlinkat(base, "root/c", AT_REMOVEDIR);
    unlinkat(base, "root", AT_REMOVEDIR);
    close(at);
    close(base);
    return rmdir(dir);
}

static void put(int at, const char *name, const char *text, int flags)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
}

/* The cgroup of these files: v1 with all of its controllers in one hierarchy, or v2. */
static void fake(bool v2, const struct file *files, size_t n)
{
    struct cgroup *cg = xcalloc(1, sizeof *cg);
    struct cgroup_hier *h;

    cg->path = xstrdup("/c");
    cg->host = (struct cgroup_host){ .base = base, .v2_base = v2, .v2_looked = true };
    cg->host.v2_root = v2 ? xstrdup("root") : NULL;
    h = cgroup_hier_add(cg);
    h->v2 = v2;
    h->controllers = v2 ? 0 : ~0u;
    h->root = xstrdup("root");
    h->name = xstrdup("fake");
    h->dirfd = openat(base, "root/c", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    h->joinfd = -1;
    for (size_t i = 0; i < n; i++) {
        put(h->dirfd, files[i].name, files[i].text, O_TRUNC);
        put(h->dirfd, "names", files[i].name, O_APPEND);
        put(h->dirfd, "names", "\n", O_APPEND);
    }
    scratch = cg;
}
#define FAKE(v2, ...) \
    fake(v2, (const struct file[]){ __VA_ARGS__ }, ARRAY_LEN(((const struct file[]){ __VA_ARGS__ })))

static int update(struct oci_memory m)
{
    struct oci_resources r = { .memory = m };

    m.check_before_update = (struct opt_bool) SET(true);
    r.memory = m;
    return cgroup_update(scratch, &r, &scratch_err);
}

static void check_v1(void **state _unused_)
{
    FAKE(false, { "memory.usage_in_bytes", "5000\n" }, { "memory.memsw.usage_in_bytes", "7000\n" },
         { "memory.limit_in_bytes", "" }, { "memory.memsw.limit_in_bytes", "" });
    assert_int_equal(update((struct oci_memory){ .limit = SET(4999), .swap = SET(9000) }), -EBUSY);
    assert_says("linux.resources.memory.limit: 4999 is below the 5000 bytes in use");
    assert_int_equal(update((struct oci_memory){ .limit = SET(6000), .swap = SET(6999) }), -EBUSY);
    assert_says("linux.resources.memory.swap: 6999 is below the 7000 bytes in use");
    assert_int_equal(update((struct oci_memory){ .swap = SET(6999) }), -EBUSY);
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.limit_in_bytes"), ""); /* nothing was written */
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.memsw.limit_in_bytes"), "");
    assert_ok(update((struct oci_memory){ .limit = SET(5000), .swap = SET(7000) }));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.limit_in_bytes"), "5000");
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.memsw.limit_in_bytes"), "7000");
}

static void check_v2(void **state _unused_)
{
    struct oci_resources unchecked = { .memory = { .limit = SET(1000), .swap = SET(1500) } };

    FAKE(true, { "cgroup.controllers", "memory\n" }, { "memory.current", "5000\n" },
         { "memory.swap.current", "2000\n" }, { "memory.max", "8000\n" }, { "memory.swap.max", "" });
    assert_int_equal(update((struct oci_memory){ .limit = SET(4999) }), -EBUSY);
    assert_says("linux.resources.memory.limit");
    assert_int_equal(update((struct oci_memory){ .limit = SET(6000), .swap = SET(6999) }), -EBUSY);
    assert_says("linux.resources.memory.swap");
    assert_int_equal(update((struct oci_memory){ .swap = SET(6999) }), -EBUSY);
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.max"), "8000");
    assert_ok(update((struct oci_memory){ .swap = SET(9000) })); /* of the limit that is there */
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.swap.max"), "1000");
    assert_ok(update((struct oci_memory){ .limit = SET(5000), .swap = SET(7000) }));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.max"), "5000");
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.swap.max"), "2000");
    assert_ok(cgroup_update(scratch, &unchecked, &scratch_err)); /* not asked to look */
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.max"), "1000");
}

/* Without swap accounting memory alone can be looked at. */
static void check_without_swap_files(void **state _unused_)
{
    FAKE(true, { "cgroup.controllers", "memory\n" }, { "memory.current", "5000\n" },
         { "memory.max", "8000\n" });
    assert_int_equal(update((struct oci_memory){ .limit = SET(5000), .swap = SET(4000) }), -EBUSY);
    assert_says("linux.resources.memory.swap: 4000 is below the 5000 bytes in use");
    assert_true(cgroup_swap_apart(scratch));
}

static void unreadable_use_is_an_error(void **state _unused_)
{
    FAKE(true, { "cgroup.controllers", "memory\n" }, { "memory.current", "many\n" },
         { "memory.max", "max\n" });
    assert_int_equal(update((struct oci_memory){ .limit = SET(5000) }), -EIO);
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.max"), "max");
}

/* Use must be limited; reservations where the kernel accounts for them. */
static void hugepages(void **state _unused_)
{
    struct oci_hugepage two = { "2MB", 4194304 };
    struct oci_resources r = { .hugepages = &two, .n_hugepages = 1 };

    FAKE(false, { "hugetlb.2MB.limit_in_bytes", "" }, { "hugetlb.1GB.rsvd.limit_in_bytes", "" });
    assert_false(cgroup_swap_apart(scratch));
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_HUGETLB, "hugetlb.2MB.limit_in_bytes"), "4194304");
    two.page_size = "1GB";
    assert_int_equal(cgroup_update(scratch, &r, &scratch_err), -ENOENT);
    assert_says("hugetlb.1GB.limit_in_bytes");
}

static void period_keeps_the_quota(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .period = SET(20000) } };

    FAKE(true, { "cgroup.controllers", "cpu\n" }, { "cpu.max", "50000 100\n" });
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.max"), "50000 20000");
}

static void network_and_rdma(void **state _unused_)
{
    struct oci_net_priority prio = { "eth0", 5 };
    struct oci_rdma rdma = { "mlx5_1", SET(2), { 0 } };
    struct oci_resources r = { .network_class_id = SET(1048577),
                               .network_priorities = &prio,
                               .n_network_priorities = 1,
                               .rdma = &rdma,
                               .n_rdma = 1 };

    FAKE(false, { "net_cls.classid", "" }, { "net_prio.ifpriomap", "" }, { "rdma.max", "" });
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_NET_CLS, "net_cls.classid"), "1048577");
    assert_string_equal(value_of(CGROUP_NET_PRIO, "net_prio.ifpriomap"), "eth0 5");
    assert_string_equal(value_of(CGROUP_RDMA, "rdma.max"), "mlx5_1 hca_handle=2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(check_v1),
        TEST(check_v2),
        TEST(check_without_swap_files),
        TEST(unreadable_use_is_an_error),
        TEST(hugepages),
        TEST(period_keeps_the_quota),
        TEST(network_and_rdma),
    };

    (void) scratch_setup;
    (void) scratch_teardown;
    (void) need_root;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
