// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup v2. On a host that is not v2, the program mounts cgroup2 over /sys/fs/cgroup in a mount namespace of its own: then
 * everything but the controllers that v1 holds is tested (devices by BPF, CLONE_INTO_CGROUP, cgroup.kill, freeze). Tests of
 * memory, pids, cpu and io skip where the tree has no such controller; tests/vm/run runs them on a pure v2 kernel. Root only.
 */
#include "test_cgroup_util.h"

static struct cgroup_host_info host;

static void need_controller(enum cgroup_controller c)
{
    if (host.v2 & CGROUP_BIT(c))
        return;
    printf("# the v2 tree here has no controller \"%s\"; tests/vm/run has\n",
           cgroup_controller_name(c, true));
    skip();
}

static void host_is_v2(void **state _unused_)
{
    assert_int_equal(host.mode, CGROUP_MODE_V2);
    assert_string_equal(host.v2_mount, "/sys/fs/cgroup");
    assert_true(host.v2_kill && host.v2_freeze);
    assert_int_equal(host.v1, 0);
}

static void clone_into(void **state _unused_)
{
    pid_t pid, forked;
    struct cgroup *again;

    assert_int_equal(cgroup_open(scratch_path, &scratch, &scratch_err), -ENOENT);
    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    assert_int_equal(scratch->n, 1);
    assert_true(cgroup_clone_fd(scratch) >= 0);
    pid = scratch_spawn(scratch, child_sleep, NULL);
    wait_for_pids(1);
    forked = fork();
    if (forked == 0)
        _exit(cgroup_join_self(scratch, NULL) < 0 ? 120 : child_sleep(NULL));
    wait_for_pids(2);
    assert_int_equal(cgroup_create(scratch_path, NULL, &again, &scratch_err), -EEXIST);
    assert_says("in use");
    assert_ok(cgroup_signal(scratch, SIGTERM, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGTERM);
    assert_int_equal(scratch_wait(forked), 128 + SIGTERM);
}

static void default_devices(void **state _unused_)
{
    struct oci_resources r = { 0 };

    r.devices = (struct oci_device_rule *) (uintptr_t) cgroup_default_devices(&r.n_devices);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 9, O_RDONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, -1), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 11, O_RDONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 1, -1), EPERM);
    assert_int_equal(try_device(scratch, S_IFBLK, 1, 3, -1), EPERM); /* same numbers, other type */
    assert_int_equal(try_device(scratch, S_IFBLK, 7, 0, -1), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 136, 1, -1), 0); /* wildcard minor */
    assert_int_equal(try_device(scratch, S_IFCHR, 0, 0, -1), 0);
}

static void device_rules_in_order(void **state _unused_)
{
    RULES(r, { true, "c", SET(1), { 0 }, NULL },  /* all of major 1 … */
          { false, "c", SET(1), SET(11), "rwm" }, /* … but kmsg, */
          { false, "c", SET(1), SET(3), "w" },    /* null cannot be written, */
          { true, "c", SET(1), SET(5), "r" },     /* no change: all bits were allowed */
          { false, "c", SET(1), SET(8), NULL },   /* random: taken away … */
          { true, "c", SET(1), SET(8), "r" },     /* … and given back for reading */
          { true, "b", { 0 }, { 0 }, "m" });      /* any block node may be made */

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 11, O_RDONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_WRONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDWR), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 8, O_RDONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 8, O_RDWR), EPERM);
    assert_int_equal(try_device(scratch, S_IFBLK, 7, 0, -1), 0);
    assert_int_equal(try_device(scratch, S_IFBLK, 7, 0, O_RDONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 5, 0, -1), EPERM); /* no rule: denied */
}

static void split_access(void **state _unused_)
{
    RULES(r, { false, "a", { 0 }, { 0 }, NULL }, { true, "c", SET(1), SET(3), "r" },
          { true, "c", SET(1), { 0 }, "w" });

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), 0); /* one rule for each bit */
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, -1), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_WRONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDONLY), EPERM);
}

static void default_allow(void **state _unused_)
{
    RULES(r, { false, "c", SET(1), SET(3), NULL }, { true, NULL, { 0 }, { 0 }, NULL },
          { false, "c", SET(1), SET(5), "w" });

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), 0); /* the rule before "all" is dead */
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDWR), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDONLY), 0);
}

static void many_rules(void **state _unused_)
{
    static struct oci_device_rule rules[300];
    struct oci_resources r = { .devices = rules, .n_devices = ARRAY_LEN(rules) };

    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        rules[i] = (struct oci_device_rule){ true, "c", SET(1), SET((int64_t) i + 3), "rm" };
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_WRONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 1, -1), EPERM);
}

static void devices_update(void **state _unused_)
{
    RULES(a, { true, "c", SET(1), SET(3), NULL });
    RULES(b, { true, "c", SET(1), SET(5), NULL });

    assert_ok(cgroup_create(scratch_path, &a, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), 0);
    for (int i = 0; i < 70; i++) { /* replaced, not stacked: 64 programs are the kernel's limit */
        assert_ok(cgroup_update(scratch, &b, &scratch_err));
        assert_ok(cgroup_update(scratch, &a, &scratch_err));
    }
    assert_ok(cgroup_update(scratch, &b, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDONLY), 0);
}

/* What container_update() does with a list that begins with "nothing". */
static void devices_update_with_defaults(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    RULES(first, { false, "a", { 0 }, { 0 }, "rwm" }, { true, "c", SET(1), SET(11), "r" });
    RULES(second, { false, NULL, { 0 }, { 0 }, NULL }, { true, "c", SET(1), { 0 }, "rm" },
          { false, "c", SET(1), SET(11), "r" }, { false, "c", SET(1), SET(5), "w" });

    cgroup_allow_default_devices(&first, a);
    assert_ok(cgroup_create(scratch_path, &first, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 11, O_RDONLY), 0);
    cgroup_allow_default_devices(&second, a);
    assert_ok(cgroup_update(scratch, &second, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 5, 2, -1), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 11, O_RDONLY),
                     EPERM); /* taken away, all but making it */
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 11, -1), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDONLY),
                     0); /* a default that a later rule narrows */
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_WRONLY), EPERM);
    assert_int_equal(try_device(scratch, S_IFBLK, 7, 0, -1), EPERM);
}

static void bomb_is_killed(void **state _unused_)
{
    struct oci_resources r = { .pids_limit = SET(100) };
    double start;

    need_controller(CGROUP_PIDS);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    scratch_spawn(scratch, child_bomb, NULL);
    for (int i = 0; i < 100 && count_pids() <= 5; i++)
        PAUSE_MS(100);
    assert_true(count_pids() > 5);
    start = now_ms();
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_ok(cgroup_remove(scratch_path, &scratch_err));
    print_message("bomb gone after %.0f ms\n", now_ms() - start);
}

static int child_nest(void *arg)
{
    const struct cgroup_hier *h = arg;

    if (mkdirat(h->dirfd, "a", 0755) < 0 || mkdirat(h->dirfd, "a/b", 0755) < 0 ||
        mkdirat(h->dirfd, "c", 0755) < 0)
        return 1;
    if (file_write_value(h->dirfd, "a/b/cgroup.procs", "0", NULL) < 0)
        return 2;
    if (fork() == 0)
        return child_sleep(NULL);
    return child_sleep(NULL);
}

static void nested_are_seen_killed_removed(void **state _unused_)
{
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_nest, &scratch->h[0]);
    wait_for_pids(2);
    assert_int_equal(cgroup_remove(scratch_path, &scratch_err), -EBUSY);
    assert_says(scratch_path);
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
    assert_ok(cgroup_remove(scratch_path, &scratch_err));
    assert_ok(cgroup_remove(scratch_path, &scratch_err));
    assert_int_equal(cgroup_open(scratch_path, &scratch, NULL), -ENOENT);
    assert_int_equal(count_pids(), 0); /* a removed one has no processes; that is no error */
}

static void freeze_and_thaw(void **state _unused_)
{
    uint64_t *counter = shared_counter();
    bool frozen = true;
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_counter, counter);
    assert_ok(cgroup_frozen(scratch, &frozen, &scratch_err));
    assert_false(frozen);
    for (int i = 0; i < 3; i++) {
        assert_ok(cgroup_freeze(scratch, true, &scratch_err));
        assert_ok(cgroup_frozen(scratch, &frozen, &scratch_err));
        assert_true(frozen);
        assert_false(moves(counter));
        assert_ok(cgroup_freeze(scratch, false, &scratch_err));
        assert_true(goes_on(counter));
    }
    assert_ok(cgroup_freeze(scratch, true, &scratch_err));
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
    munmap(counter, sizeof *counter);
}

static void memory_limit_kills(void **state _unused_)
{
    struct oci_resources r = { .memory = { .limit = SET(16 * MIB), .swap = SET(16 * MIB) } };
    size_t small = 4 * MIB, large = 64 * MIB;

    need_controller(CGROUP_MEMORY);
    snprintf(scratch_path, sizeof scratch_path, "%s/in/ner", scratch_outer); /* passed on from the top */
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.max"), "16777216");
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.swap.max"), "0");
    assert_int_equal(scratch_run(scratch, child_touch, &small), 0);
    assert_int_equal(scratch_run(scratch, child_touch, &large), 128 + SIGKILL);
    r.memory = (struct oci_memory){ .swap = SET(20 * MIB) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.swap.max"), "4194304");
}

static void check_before_update(void **state _unused_)
{
    struct oci_resources r = { .memory = { .limit = SET(64 * MIB) } };
    size_t size = 16 * MIB;
    pid_t pid;

    need_controller(CGROUP_MEMORY);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_sleep, NULL);
    (void) size;
    r.memory = (struct oci_memory){ .limit = SET(4096), .check_before_update = SET(true) };
    assert_int_equal(cgroup_update(scratch, &r, &scratch_err), -EBUSY);
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.max"), "67108864");
    kill(pid, SIGKILL);
    scratch_wait(pid);
}

static void pids_limit_holds(void **state _unused_)
{
    struct oci_resources r = { .pids_limit = SET(10) };

    need_controller(CGROUP_PIDS);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(scratch_run(scratch, child_count_forks, NULL), 9);
    r.pids_limit.v = -1;
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_PIDS, "pids.max"), "max");
}

static void cpu_and_cpuset(void **state _unused_)
{
    struct oci_resources r = {
        .cpu = { .shares = SET(1024), .quota = SET(50000), .period = SET(100000), .cpus = "0" }
    };

    need_controller(CGROUP_CPU);
    need_controller(CGROUP_CPUSET);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.max"), "50000 100000");
    assert_string_equal(value_of(CGROUP_CPU, "cpu.weight"), "100");
    assert_string_equal(value_of(CGROUP_CPUSET, "cpuset.cpus"), "0");
    r.cpu = (struct oci_cpu){ .period = SET(20000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.max"), "50000 20000");
}

static void cpu_idle_and_burst(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .shares = SET(512), .idle = SET(1) } };

    need_controller(CGROUP_CPU);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.idle"), "1");
    assert_ok(cgroup_update(scratch, &r, &scratch_err)); /* the same again, though idle takes no shares */
    assert_string_equal(value_of(CGROUP_CPU, "cpu.idle"), "1");
    r.cpu = (struct oci_cpu){ .shares = SET(2048), .idle = SET(0) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.idle"), "0");
    assert_string_equal(value_of(CGROUP_CPU, "cpu.weight"), "174");
    /* burst <= quota at every moment: up and down */
    r.cpu = (struct oci_cpu){ .quota = SET(50000), .burst = SET(50000), .period = SET(100000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    r.cpu = (struct oci_cpu){ .quota = SET(10000), .burst = SET(5000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.max"), "10000 100000");
    assert_string_equal(value_of(CGROUP_CPU, "cpu.max.burst"), "5000");
    r.cpu = (struct oci_cpu){ .quota = SET(80000), .burst = SET(60000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.max.burst"), "60000");
    r.cpu = (struct oci_cpu){ .burst = SET(90000) };
    assert_int_equal(cgroup_update(scratch, &r, &scratch_err), -EINVAL);
    assert_says("linux.resources.cpu.burst");
}

/* A whole disk of this machine, as MAJ:MIN; skips without. */
static void need_disk(long long *major, long long *minor)
{
    static const char *const names[] = { "nvme0n1", "vda", "sda", "loop0" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[64], text[32] = "";
        snprintf(path, sizeof path, "/sys/block/%s/dev", names[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
        if (fd >= 0)
            close(fd);
        if (n > 0 && sscanf(text, "%lld:%lld", major, minor) == 2)
            return;
    }
    printf("# no disk here\n");
    skip();
}

static void io_max(void **state _unused_)
{
    struct oci_throttle read = { .rate = 1048576 }, write = { .rate = 100 };
    struct oci_resources r = { .block_io = { .read_bps = { &read, 1 }, .write_iops = { &write, 1 } } };
    char want[96];

    need_controller(CGROUP_IO);
    need_disk((long long *) &read.major, (long long *) &read.minor);
    write.major = read.major;
    write.minor = read.minor;
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    snprintf(want, sizeof want, "%lld:%lld rbps=1048576 wbps=max riops=max wiops=100", (long long) read.major,
             (long long) read.minor);
    assert_string_equal(value_of(CGROUP_IO, "io.max"), want);
    read.rate = 0; /* lifted; the other stays */
    r.block_io = (struct oci_block_io){ .read_bps = { &read, 1 } };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    snprintf(want, sizeof want, "%lld:%lld rbps=max wbps=max riops=max wiops=100", (long long) read.major,
             (long long) read.minor);
    assert_string_equal(value_of(CGROUP_IO, "io.max"), want);
    read.major = 4095; /* no such disk */
    read.rate = 1;
    assert_true(cgroup_update(scratch, &r, &scratch_err) < 0);
    assert_says("linux.resources.blockIO.throttleReadBpsDevice[0]");
}

static void unified_memory(void **state _unused_)
{
    struct oci_pair pairs[] = { { "memory.high", "33554432" }, { "pids.max", "9" } };
    struct oci_resources r = { .unified = { pairs, 2 } };

    need_controller(CGROUP_MEMORY);
    need_controller(CGROUP_PIDS);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.high"), "33554432");
    assert_string_equal(value_of(CGROUP_PIDS, "pids.max"), "9");
    pairs[0] = (struct oci_pair){ "memory.oom.group", "1" };
    pairs[1] = (struct oci_pair){ "memory.no_such_file", "1" };
    assert_true(cgroup_update(scratch, &r, &scratch_err) < 0);
    assert_says("memory.no_such_file");
    r.unified.n = 1;
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.oom.group"), "1");
}

static void io_weight(void **state _unused_)
{
    struct oci_resources r = { .block_io = { .weight = SET(1000) } };

    need_controller(CGROUP_IO);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_IO, "io.weight"), "default 10000");
}

static void hugetlb_and_unified(void **state _unused_)
{
    struct oci_hugepage huge = { "2MB", 4 << 20 };
    struct oci_pair pairs[] = { { "hugetlb.2MB.max", "2097152" }, { "cgroup.max.depth", "3" } };
    struct oci_resources r = { .hugepages = &huge, .n_hugepages = 1 };

    need_controller(CGROUP_HUGETLB);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_HUGETLB, "hugetlb.2MB.max"), "4194304");
    assert_string_equal(value_of(CGROUP_HUGETLB, "hugetlb.2MB.rsvd.max"), "4194304");
    r = (struct oci_resources){ .unified = { pairs, 2 } };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_HUGETLB, "hugetlb.2MB.max"), "2097152");
    assert_string_equal(value_of(CGROUP_HUGETLB, "cgroup.max.depth"), "3");
    r.unified = (struct oci_pairs){ &(struct oci_pair){ "cgroup.max.depth", "7" }, 1 }; /* the core alone */
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_HUGETLB, "cgroup.max.depth"), "7");
}

static void missing_controllers_fail(void **state _unused_)
{
    struct oci_resources r = { .network_class_id = SET(5) };

    assert_int_equal(cgroup_create(scratch_path, &r, &scratch, &scratch_err), -EOPNOTSUPP);
    assert_says("linux.resources.network.classID");
    if (!(host.v2 & CGROUP_BIT(CGROUP_MEMORY))) {
        r = (struct oci_resources){ .memory = { .limit = SET(64 * MIB) } };
        snprintf(scratch_path, sizeof scratch_path, "%s/in/ner", scratch_outer);
        assert_int_equal(cgroup_create(scratch_path, &r, &scratch, &scratch_err), -ENODEV);
        assert_says("linux.resources.memory.limit: this host has no cgroup controller \"memory\"");
    }
    r = (struct oci_resources){ .memory = { .swappiness = SET(10) } };
    assert_true(cgroup_create(scratch_path, &r, &scratch, &scratch_err) < 0);
    assert_int_equal(cgroup_open(scratch_outer, &scratch, NULL), -ENOENT); /* no parent is left either */
    scratch = NULL;
}

static void internal_processes_are_told(void **state _unused_)
{
    struct oci_hugepage huge = { "2MB", 4 << 20 };
    struct oci_resources r = { .hugepages = &huge, .n_hugepages = 1 };
    struct cgroup *inner = NULL;
    char path[200];

    need_controller(CGROUP_HUGETLB);
    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    scratch_spawn(scratch, child_sleep, NULL);
    snprintf(path, sizeof path, "%s/inner", scratch_path);
    /* a domain with processes may enable threaded controllers only, and hugetlb is none */
    assert_int_equal(cgroup_create(path, &r, &inner, &scratch_err), -EBUSY);
    assert_says("hugetlb");
    assert_says("processes are in that cgroup");
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
}

struct view {
    struct cgroup *cg;
    bool userns;
};

static int child_view(void *arg)
{
    const struct view *v = arg;
    char dir[] = "/tmp/oakum-test-XXXXXX", *text;
    struct error err;
    int fd, at, tmpfs;

    if (unshare(CLONE_NEWNS | CLONE_NEWCGROUP | (v->userns ? CLONE_NEWUSER : 0)) < 0)
        return 1;
    if (v->userns && (file_write_value(AT_FDCWD, "/proc/self/setgroups", "deny", NULL) < 0 ||
                      file_write_value(AT_FDCWD, "/proc/self/uid_map", "0 0 1", NULL) < 0 ||
                      file_write_value(AT_FDCWD, "/proc/self/gid_map", "0 0 1", NULL) < 0))
        return 2;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/tmp", "tmpfs", 0, NULL) < 0 || !mkdtemp(dir))
        return 3;
    fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup_mount(v->cg, fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                     &tmpfs, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 4;
    }
    at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (file_read(at, "cgroup.procs", 100, &text, NULL, NULL) < 0 || atoi(text) != (int) getpid())
        return 5;
    if (openat(at, "cgroup.procs", O_WRONLY) >= 0 || errno != EROFS)
        return 6;
    return mkdirat(at, "x", 0755) == 0 || errno != EROFS ? 7 : 0;
}

static void view_inside(void **state _unused_)
{
    struct view v = { .userns = false };

    assert_ok(cgroup_create(scratch_path, NULL, &v.cg, &scratch_err));
    scratch = v.cg;
    assert_int_equal(scratch_run(scratch, child_view, &v), 0);
    v.userns = true;
    assert_int_equal(scratch_run(scratch, child_view, &v), 0);
}

/* -1: there is no such file. */
static int owner_of(const char *name)
{
    struct stat st;

    return fstatat(cgroup_hier_v2(scratch)->dirfd, name, &st, 0) < 0 ? -1 : (int) st.st_uid;
}

static bool is_given(int uid)
{
    return owner_of(".") == uid && owner_of("cgroup.procs") == uid &&
           owner_of("cgroup.subtree_control") == uid && owner_of("cgroup.threads") == uid &&
           owner_of("cgroup.freeze") == 0 && owner_of("cgroup.max.depth") == 0 && owner_of("pids.max") <= 0 &&
           owner_of("hugetlb.2MB.max") <= 0;
}

static int child_without_list(void *arg _unused_)
{
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/sys/kernel/cgroup", "tmpfs", 0, NULL) < 0)
        return 77;
    return cgroup_give(scratch, 12345, NULL) == 0 && is_given(12345) ? 0 : 1;
}

/* The kernel's list names files of controllers too, which are not in every cgroup. */
static void files_that_are_given(void **state _unused_)
{
    struct oci_resources r = { 0 };
    struct oci_hugepage huge[] = { { "2MB", 4 * MIB } };

    if (host.v2 & CGROUP_BIT(CGROUP_PIDS))
        r.pids_limit = (struct opt_i64) SET(7);
    if (host.v2 & CGROUP_BIT(CGROUP_HUGETLB))
        r.hugepages = huge, r.n_hugepages = 1;
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_ok(cgroup_give(scratch, 0, &scratch_err));
    assert_true(is_given(0));
    assert_ok(cgroup_give(scratch, 54321, &scratch_err));
    assert_true(is_given(54321));
}

static void files_that_are_given_without_a_list(void **state _unused_)
{
    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    assert_int_equal(scratch_run(scratch, child_without_list, NULL), 0);
}

static int child_moves_down(void *arg)
{
    int dir = *(int *) arg;

    if (mkdirat(dir, "in", 0755) < 0 || file_write_value(dir, "in/cgroup.procs", "0", NULL) < 0)
        return 1;
    return child_sleep(NULL);
}

static void follow_the_first_process(void **state _unused_)
{
    _cleanup_close_ int proc = openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), in = -1;
    _cleanup_pid_list_ struct pid_list l = { 0 };
    pid_t first, second;
    int dir;

    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    dir = cgroup_hier_v2(scratch)->dirfd;
    first = scratch_spawn(scratch, child_moves_down, &dir);
    for (int i = 0; i < 500 && (in = openat(dir, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0; i++)
        PAUSE_MS(10);
    for (int i = 0; i < 500 && l.n == 0; i++, PAUSE_MS(10))
        assert_ok(cgroup_tree_pids(in, &l, &scratch_err));
    assert_int_equal(cgroup_follow(scratch, proc, getpid(), &scratch_err), -EBUSY); /* which is elsewhere */
    error_clear(&scratch_err);
    assert_ok(cgroup_follow(scratch, proc, first, &scratch_err));
    second = scratch_spawn(scratch, child_sleep, NULL);
    assert_ok(cgroup_tree_pids(in, &l, &scratch_err));
    assert_true(pid_list_has(&l, second));
    kill(first, SIGKILL);
    kill(second, SIGKILL);
    scratch_wait(first);
    scratch_wait(second);
}

static int child_enters(void *arg _unused_)
{
    return cgroup_enter_delegated(scratch, NULL) < 0 ? 1 : child_sleep(NULL);
}

static void a_delegated_cgroup(void **state _unused_)
{
    static const char *const names[] = { "a/b", "..", ".", "", "/a" };
    _cleanup_close_ int payload = -1;
    _cleanup_pid_list_ struct pid_list l = { 0 };
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(cgroup_delegate(scratch, names[i], 0, NULL), -EINVAL);
    assert_ok(cgroup_enter_delegated(scratch, &scratch_err)); /* there is none: nothing is done */
    assert_ok(cgroup_delegate(scratch, "payload", 12345, &scratch_err));
    assert_int_equal(owner_of("payload"), 12345);
    assert_int_equal(owner_of("payload/cgroup.procs"), 12345);
    assert_int_equal(owner_of("cgroup.procs"), 0);
    pid = scratch_spawn(scratch, child_enters, NULL);
    payload = openat(cgroup_hier_v2(scratch)->dirfd, "payload", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 500 && l.n == 0; i++, PAUSE_MS(10))
        assert_ok(cgroup_tree_pids(payload, &l, &scratch_err));
    assert_true(pid_list_has(&l, pid));
    kill(pid, SIGKILL);
    scratch_wait(pid);
}

static void how_long(void **state _unused_)
{
    struct oci_resources r = { 0 };
    double create = 0, remove = 0;

    if (host.v2 & CGROUP_BIT(CGROUP_MEMORY))
        r.memory = (struct oci_memory){ .limit = SET(64 * MIB), .swap = SET(64 * MIB) };
    if (host.v2 & CGROUP_BIT(CGROUP_PIDS))
        r.pids_limit = (struct opt_i64) SET(20);
    r.devices = (struct oci_device_rule *) (uintptr_t) cgroup_default_devices(&r.n_devices);
    for (int i = 0; i < 100; i++) {
        double start = now_ms();
        assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
        create += now_ms() - start;
        cgroup_free(TAKE_PTR(scratch));
        start = now_ms();
        assert_ok(cgroup_remove(scratch_path, &scratch_err));
        remove += now_ms() - start;
    }
    print_message("devices%s: create %.3f ms, remove %.3f ms\n", r.pids_limit.set ? "+memory+pids" : "",
                  create / 100, remove / 100);
}

/* A v2 host as it is, or cgroup2 over /sys/fs/cgroup for this process alone. */
static int enter_v2(void)
{
    if (cgroup_host_info(&host, NULL) == 0 && host.mode == CGROUP_MODE_V2)
        return 0;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("cgroup2", CGROUP_BASE, "cgroup2", 0, NULL) < 0)
        return -errno;
    return cgroup_host_info(&host, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(host_is_v2),
        SCRATCH_TEST(clone_into),
        SCRATCH_TEST(default_devices),
        SCRATCH_TEST(device_rules_in_order),
        SCRATCH_TEST(split_access),
        SCRATCH_TEST(default_allow),
        SCRATCH_TEST(many_rules),
        SCRATCH_TEST(devices_update),
        SCRATCH_TEST(devices_update_with_defaults),
        SCRATCH_TEST(bomb_is_killed),
        SCRATCH_TEST(nested_are_seen_killed_removed),
        SCRATCH_TEST(freeze_and_thaw),
        SCRATCH_TEST(memory_limit_kills),
        SCRATCH_TEST(check_before_update),
        SCRATCH_TEST(pids_limit_holds),
        SCRATCH_TEST(cpu_and_cpuset),
        SCRATCH_TEST(cpu_idle_and_burst),
        SCRATCH_TEST(io_weight),
        SCRATCH_TEST(io_max),
        SCRATCH_TEST(unified_memory),
        SCRATCH_TEST(hugetlb_and_unified),
        SCRATCH_TEST(missing_controllers_fail),
        SCRATCH_TEST(internal_processes_are_told),
        SCRATCH_TEST(view_inside),
        SCRATCH_TEST(files_that_are_given),
        SCRATCH_TEST(files_that_are_given_without_a_list),
        SCRATCH_TEST(follow_the_first_process),
        SCRATCH_TEST(a_delegated_cgroup),
        SCRATCH_TEST(how_long),
    };

    need_root();
    if (enter_v2() < 0) {
        printf("1..0 # SKIP cannot mount cgroup2 here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
