// SPDX-License-Identifier: Apache-2.0
/* Paths, linux.resources → writes, share weights, device lists: all without a kernel. */
#include "test_cgroup_util.h"

#define FRESH         \
    {                 \
        .fresh = true \
    }

static struct arena *arena;

static int setup(void **state _unused_)
{
    arena = arena_new();
    error_clear(&scratch_err);
    return 0;
}

static int teardown(void **state _unused_)
{
    arena_free(arena);
    return 0;
}

/* "file=value;file=value;" */
static const char *plan_text(const struct oci_resources *res, unsigned on_v2, struct cgroup_current cur)
{
    struct cgroup_plan plan = { .arena = arena };
    const char *text = "";

    if (cgroup_plan_make(res, on_v2, &cur, &plan, &scratch_err) < 0)
        return "error";
    for (size_t i = 0; i < plan.n; i++)
        text = arena_printf(arena, "%s%s=%s;", text, plan.v[i].file, plan.v[i].value);
    return text;
}

static void paths(void **state _unused_)
{
    static const char *const good[] = { "/a",       "/oakum-1", "/a/b/c", "/kubepods/besteffort/pod1/x",
                                        "/a..b/.c", "/a b" };
    static const char *const bad[] = { "",      "/",       "a",  "/a/",    "//a",   "/a//b",  "/..",  "/a/..",
                                       "/../a", "/a/../b", "/.", "/a/./b", "/a\nb", "/a\x7f", "/\x01" };

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(cgroup_path_check(good[i], NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_true(cgroup_path_check(bad[i], NULL) < 0);
    char *long_name = xcalloc(1, 400);
    memset(long_name, 'x', 300);
    long_name[0] = '/';
    assert_true(cgroup_path_check(long_name, NULL) < 0);
    free(long_name);

    char *p = cgroup_default_path(NULL, "id");
    assert_string_equal(p, "/oakum-id");
    free(p);
    p = cgroup_default_path("a/b", "id");
    assert_string_equal(p, "/a/b");
    free(p);
}

static void memory(void **state _unused_)
{
    struct oci_resources r = { .memory = { .limit = SET(512), .swap = SET(512) } };

    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH),
                        "memory.limit_in_bytes=512;memory.memsw.limit_in_bytes=512;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH),
                        "memory.swap.max=0;memory.max=512;");
    r.memory.swap.v = 700;
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH),
                        "memory.swap.max=188;memory.max=512;");
    r.memory.swap.v = 100;
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
    assert_says("linux.resources.memory.swap");
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "error");
    /* no limit: nothing for a fresh one, both lifted for an old one */
    r.memory.limit.v = r.memory.swap.v = -1;
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "");
    r.memory.swap.set = false;
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current){ 0 }),
                        "memory.memsw.limit_in_bytes=-1;memory.limit_in_bytes=-1;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ 0 }),
                        "memory.swap.max=max;memory.max=max;");
    /* swap alone on v2: from the limit that is there */
    r.memory = (struct oci_memory){ .swap = SET(1000) };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ .memory_max = 600 }),
                        "memory.swap.max=400;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ .memory_max = -1 }), "error");
    /* zeros are "not given" */
    r.memory = (struct oci_memory){
        .limit = SET(0), .swap = SET(0), .reservation = SET(0), .kernel = SET(0)
    };
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ 0 }), "");
}

static void memory_v1_only(void **state _unused_)
{
    struct oci_resources r = { .memory = { .swappiness = SET(0),
                                           .kernel_tcp = SET(9),
                                           .reservation = SET(7),
                                           .disable_oom_killer = SET(true),
                                           .use_hierarchy = SET(true) } };

    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH),
                        "memory.soft_limit_in_bytes=7;memory.kmem.tcp.limit_in_bytes=9;memory.swappiness=0;"
                        "memory.oom_control=1;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
    assert_says("linux.resources.memory.kernelTCP: cgroup v2 has no such control");
    r.memory = (struct oci_memory){ .disable_oom_killer = SET(false),
                                    .reservation = SET(7),
                                    .kernel = SET(-1) };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "memory.low=7;");
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "memory.soft_limit_in_bytes=7;");
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current){ 0 }),
                        "memory.soft_limit_in_bytes=7;memory.kmem.limit_in_bytes=-1;memory.oom_control=0;");
}

static void cpu(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .shares = SET(1024),
                                        .quota = SET(50000),
                                        .period = SET(100000),
                                        .burst = SET(1000),
                                        .idle = SET(0),
                                        .cpus = "0-1",
                                        .mems = "0" } };

    assert_string_equal(
        plan_text(&r, 0, (struct cgroup_current) FRESH),
        "cpu.shares=1024;cpu.cfs_period_us=100000;cpu.cfs_quota_us=50000;cpu.cfs_burst_us=1000;"
        "cpuset.cpus=0-1;cpuset.mems=0;");
    assert_string_equal(
        plan_text(&r, ~0u, (struct cgroup_current) FRESH),
        "cpu.weight=100;cpu.max=50000 100000;cpu.max.burst=1000;cpuset.cpus=0-1;cpuset.mems=0;");
    r.cpu = (struct oci_cpu){ .period = SET(5000) };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "cpu.max=max 5000;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ .cpu_max = "777" }), "cpu.max=777 5000;");
    r.cpu = (struct oci_cpu){ .quota = SET(-1) };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ 0 }), "cpu.max=max;");
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current){ 0 }), "cpu.cfs_quota_us=-1;");
    r.cpu = (struct oci_cpu){ .realtime_runtime = SET(-1), .realtime_period = SET(5000) };
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH),
                        "cpu.rt_period_us=5000;cpu.rt_runtime_us=-1;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
}

/* The kernel takes no shares for an idle cgroup: they come first, and an old one is woken up for them. */
static void idle(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .shares = SET(1024), .idle = SET(1) } };

    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "cpu.shares=1024;cpu.idle=1;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "cpu.weight=100;cpu.idle=1;");
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current){ 0 }),
                        "cpu.idle=0;cpu.shares=1024;cpu.idle=1;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ 0 }),
                        "cpu.idle=0;cpu.weight=100;cpu.idle=1;");
    r.cpu = (struct oci_cpu){ .idle = SET(0) };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current){ 0 }), "cpu.idle=0;");
}

static void weights(void **state _unused_)
{
    assert_int_equal(cgroup_weight_from_shares(0), 1);
    assert_int_equal(cgroup_weight_from_shares(2), 1);
    assert_int_equal(cgroup_weight_from_shares(1024), 100);
    assert_int_equal(cgroup_weight_from_shares(262144), 10000);
    assert_int_equal(cgroup_weight_from_shares(UINT64_MAX), 10000);
    /* computed with libm: ceil(10^((l*l + 125*l)/612 - 7/34)) */
    assert_int_equal(cgroup_weight_from_shares(3), 2);
    assert_int_equal(cgroup_weight_from_shares(10), 4);
    assert_int_equal(cgroup_weight_from_shares(100), 17);
    assert_int_equal(cgroup_weight_from_shares(512), 59);
    assert_int_equal(cgroup_weight_from_shares(2048), 174);
    for (uint64_t s = 3; s < 262144; s += 7)
        assert_true(cgroup_weight_from_shares(s) <= cgroup_weight_from_shares(s + 1));
}

static void block_io(void **state _unused_)
{
    struct oci_weight_device wd = { .major = 8, .minor = 1, .weight = SET(1000) };
    struct oci_throttle t = { 8, 0, 4096 }, none = { 8, 0, 0 };
    struct oci_resources r = { .block_io = {
                                   .weight = SET(10), .weight_devices = &wd, .n_weight_devices = 1 } };

    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH),
                        "blkio.bfq.weight=10;blkio.weight=10;blkio.bfq.weight_device=8:1 1000;"
                        "blkio.weight_device=8:1 1000;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH),
                        "io.bfq.weight=10;io.weight=1;io.bfq.weight=8:1 1000;io.weight=8:1 10000;");
    r.block_io.weight.v = 9;
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "error");
    assert_says("out of range (10..1000)");
    r.block_io = (struct oci_block_io){
        .read_bps = { &t, 1 }, .write_bps = { &none, 1 }, .read_iops = { &t, 1 }, .write_iops = { &t, 1 }
    };
    assert_string_equal(
        plan_text(&r, 0, (struct cgroup_current) FRESH),
        "blkio.throttle.read_bps_device=8:0 4096;blkio.throttle.write_bps_device=8:0 0;"
        "blkio.throttle.read_iops_device=8:0 4096;blkio.throttle.write_iops_device=8:0 4096;");
    assert_string_equal(
        plan_text(&r, ~0u, (struct cgroup_current) FRESH),
        "io.max=8:0 rbps=4096;io.max=8:0 wbps=max;io.max=8:0 riops=4096;io.max=8:0 wiops=4096;");
    r.block_io = (struct oci_block_io){ .leaf_weight = SET(100) };
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "blkio.leaf_weight=100;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
}

static void other(void **state _unused_)
{
    struct oci_hugepage huge = { "2MB", 4194304 };
    struct oci_net_priority prio = { "eth0", 5 };
    struct oci_rdma rdma = { "mlx5_1", SET(2), SET(2000) };
    struct oci_resources r = {
        .hugepages = &huge, .n_hugepages = 1, .rdma = &rdma, .n_rdma = 1, .pids_limit = SET(100)
    };

    assert_string_equal(
        plan_text(&r, 0, (struct cgroup_current) FRESH),
        "pids.max=100;hugetlb.2MB.limit_in_bytes=4194304;hugetlb.2MB.rsvd.limit_in_bytes=4194304;"
        "rdma.max=mlx5_1 hca_handle=2 hca_object=2000;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH),
                        "pids.max=100;hugetlb.2MB.max=4194304;hugetlb.2MB.rsvd.max=4194304;"
                        "rdma.max=mlx5_1 hca_handle=2 hca_object=2000;");
    huge.page_size = "../x";
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "error");
    r = (struct oci_resources){ .network_class_id = SET(7),
                                .network_priorities = &prio,
                                .n_network_priorities = 1 };
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH),
                        "net_cls.classid=7;net_prio.ifpriomap=eth0 5;");
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
    prio.name = "a 1\nb";
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "error");
    r = (struct oci_resources){ .pids_limit = SET(-1) };
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current){ 0 }), "pids.max=max;");
}

static void unified(void **state _unused_)
{
    static const char *const bad[] = { "cgroup.procs",  "cgroup.kill",
                                       "cgroup.freeze", "cgroup.subtree_control",
                                       "memory",        "../memory.max",
                                       "memory.max/..", "memory./max",
                                       "unknown.max",   "" };
    struct oci_pair pair = { "memory.high", "1000" };
    struct oci_resources r = { .unified = { &pair, 1 } };
    const char *fields[CGROUP_CONTROLLERS] = { NULL };
    unsigned need;

    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "memory.high=1000;");
    assert_string_equal(plan_text(&r, 0, (struct cgroup_current) FRESH), "error");
    assert_says("linux.resources.unified[\"memory.high\"]: needs cgroup v2");
    assert_ok(cgroup_needs(&r, true, fields, &need, &scratch_err));
    assert_int_equal(need, CGROUP_BIT(CGROUP_MEMORY));
    pair = (struct oci_pair){ "io.max", "8:0 rbps=1\n8:16 rbps=2\n" };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH),
                        "io.max=8:0 rbps=1;io.max=8:16 rbps=2;");
    pair = (struct oci_pair){ "cgroup.max.depth", "5" };
    assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "cgroup.max.depth=5;");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        pair.key = bad[i];
        assert_string_equal(plan_text(&r, ~0u, (struct cgroup_current) FRESH), "error");
        assert_true(cgroup_needs(&r, true, fields, &need, NULL) < 0);
    }
}

static void needs(void **state _unused_)
{
    struct oci_resources r = { .memory = { .limit = SET(-1), .disable_oom_killer = SET(false) },
                               .pids_limit = SET(0) };
    const char *fields[CGROUP_CONTROLLERS] = { NULL };
    unsigned need;

    /* what asks for nothing needs nothing (engines write such documents) */
    assert_ok(cgroup_needs(&r, true, fields, &need, &scratch_err));
    assert_int_equal(need, 0);
    assert_ok(cgroup_needs(&r, false, fields, &need, &scratch_err));
    assert_int_equal(need, CGROUP_BIT(CGROUP_MEMORY));
    r.memory.limit.v = 5;
    r.pids_limit.v = 5;
    assert_ok(cgroup_needs(&r, true, fields, &need, &scratch_err));
    assert_int_equal(need, CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS));
    assert_string_equal(fields[CGROUP_MEMORY], "memory.limit");
}

/* "D c 1:3 7;…" with D = + or - for the default. */
static const char *device_text(const struct oci_device_rule *rules, size_t n)
{
    struct device_rule *parsed;
    struct device_list l;
    const char *text;

    if (cgroup_device_rules(rules, n, arena, &parsed, &scratch_err) < 0 ||
        cgroup_device_list(parsed, n, arena, &l, &scratch_err) < 0)
        return "error";
    text = l.allow ? "+" : "-";
    for (size_t i = 0; i < l.n; i++)
        text = arena_printf(arena, "%s %c%lld:%lld/%u", text, l.v[i].type, (long long) l.v[i].major,
                            (long long) l.v[i].minor, l.v[i].access);
    return text;
}
#define DEVICES(...)                                             \
    device_text((const struct oci_device_rule[]){ __VA_ARGS__ }, \
                ARRAY_LEN(((const struct oci_device_rule[]){ __VA_ARGS__ })))
#define ALLOW(t, a, b, acc) \
    {                       \
        true, t, a, b, acc  \
    }
#define DENY(t, a, b, acc)  \
    {                       \
        false, t, a, b, acc \
    }
#define N(x)    \
    {           \
        true, x \
    }
#define W        \
    {            \
        false, 0 \
    }

static void devices(void **state _unused_)
{
    size_t n;
    const struct oci_device_rule *rules = cgroup_default_devices(&n);

    assert_string_equal(device_text(rules, n),
                        "- c1:3/7 c1:5/7 c1:7/7 c1:8/7 c1:9/7 c5:0/7 c5:2/7 c136:-1/7");
    /* what no rule names is denied */
    assert_string_equal(DEVICES(ALLOW("c", N(1), N(3), "r")), "- c1:3/2");
    assert_string_equal(
        DEVICES(DENY(NULL, W, W, NULL), ALLOW("c", N(1), N(3), "r"), ALLOW("c", N(1), N(3), "w")),
        "- c1:3/6");
    assert_string_equal(DEVICES(ALLOW("c", N(1), N(3), NULL), DENY("c", N(1), W, "w")), "- c1:3/3");
    assert_string_equal(DEVICES(ALLOW("c", N(1), N(3), NULL), DENY("c", N(1), N(3), NULL)), "-");
    assert_string_equal(DEVICES(ALLOW("c", N(-1), N(-1), "m"), ALLOW("c", N(1), N(3), "r")),
                        "- c-1:-1/1 c1:3/3");
    /* a hole in a wildcard cannot be said in v1 */
    assert_string_equal(DEVICES(ALLOW("c", W, W, NULL), DENY("c", N(1), N(3), "w")), "error");
    assert_says("linux.resources.devices[1]");
    assert_string_equal(DEVICES(ALLOW("c", W, W, "m"), DENY("c", N(1), N(3), "w")), "- c-1:-1/1");
    /* default allow */
    assert_string_equal(DEVICES(ALLOW("a", W, W, "rwm"), DENY("b", N(8), W, "w")), "+ b8:-1/4");
    assert_string_equal(DEVICES(ALLOW("a", W, W, "m")), "- b-1:-1/1 c-1:-1/1");
    assert_string_equal(DEVICES(ALLOW("a", W, W, NULL), DENY("a", W, W, NULL)), "-");
    /* bad ones */
    assert_string_equal(DEVICES(ALLOW("x", W, W, NULL)), "error");
    assert_string_equal(DEVICES(ALLOW("c", W, W, "rx")), "error");
    assert_string_equal(DEVICES(ALLOW("c", N(1LL << 33), W, "r")), "error");
}

/* Behind the last rule on everything: denied by it they would be missing, and a later rule can take them away. */
static void default_devices(void **state _unused_)
{
    static const char defaults[] = "c1:3/7 c1:5/7 c1:7/7 c1:8/7 c1:9/7 c5:0/7 c5:2/7 c136:-1/7";
    RULES(r, ALLOW("c", N(10), N(229), "rw"), DENY("a", N(-1), W, "rwm"), ALLOW("b", N(8), W, "r"));
    RULES(taken, DENY(NULL, W, W, NULL), DENY("c", N(1), N(5), NULL), DENY("a", W, W, "r"));
    RULES(all, ALLOW("a", W, W, "rwm"));
    struct oci_resources none = { 0 };

    cgroup_allow_default_devices(&r, arena);
    assert_string_equal(device_text(r.devices, r.n_devices), arena_printf(arena, "- %s b8:-1/2", defaults));
    assert_ptr_not_equal(r.devices, r_rules); /* the caller's list is as it was */
    cgroup_allow_default_devices(&taken, arena);
    assert_string_equal(device_text(taken.devices, taken.n_devices),
                        "- c1:3/5 c1:7/5 c1:8/5 c1:9/5 c5:0/5 c5:2/5 c136:-1/5");
    cgroup_allow_default_devices(&all, arena);
    assert_string_equal(device_text(all.devices, all.n_devices), "+");
    cgroup_allow_default_devices(&none, arena);
    assert_int_equal(none.n_devices, 0);
}

static void controllers(void **state _unused_)
{
    assert_int_equal(cgroup_parse_controllers("cpu memory io\n", true),
                     CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_IO));
    assert_int_equal(cgroup_parse_controllers("rw,cpu,cpuacct,blkio", false),
                     CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT) | CGROUP_BIT(CGROUP_IO));
    assert_int_equal(cgroup_parse_controllers("", true), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(paths),       TEST(memory), TEST(memory_v1_only), TEST(cpu),   TEST(weights),
        TEST(block_io),    TEST(other),  TEST(unified),        TEST(needs), TEST(devices),
        TEST(controllers), TEST(idle),   TEST(default_devices)
    };

    (void) scratch_setup;
    (void) scratch_teardown;
    (void) need_root;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
