// SPDX-License-Identifier: Apache-2.0
/* cgroups of the host as it is (v1 or hybrid; on a v2 host test_cgroup_v2 does the same). Root only. */
#include "test_cgroup_util.h"

#include "sys/mnt.h"

static struct oci_resources usual(void)
{
    struct oci_resources r = { .memory = { .limit = SET(64 * MIB), .swap = SET(64 * MIB) },
                               .pids_limit = SET(20) };
    size_t n;
    /* the table is constant, the field is not: nobody writes through it */
    r.devices = (struct oci_device_rule *) (uintptr_t) cgroup_default_devices(&n);
    r.n_devices = n;
    return r;
}

static bool v1_has(enum cgroup_controller c)
{
    struct cgroup_host_info info;

    assert_ok(cgroup_host_info(&info, &scratch_err));
    return info.v1 & CGROUP_BIT(c);
}

/* In how many hierarchies is there a directory of this name? */
static size_t hierarchies(const char *path)
{
    struct cgroup *cg;
    size_t n;

    if (cgroup_open(path, &cg, NULL) < 0)
        return 0;
    n = cg->n;
    cgroup_free(cg);
    return n;
}

static void limits_are_written(void **state _unused_)
{
    struct oci_resources r = usual();

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.limit_in_bytes"), "67108864");
    assert_string_equal(value_of(CGROUP_MEMORY, "memory.memsw.limit_in_bytes"), "67108864");
    assert_string_equal(value_of(CGROUP_PIDS, "pids.max"), "20");
    assert_string_equal(value_of(CGROUP_DEVICES, "devices.list"), "c 1:3 rwm");
    assert_int_equal(scratch->n, 3);
    assert_int_equal(cgroup_clone_fd(scratch), -1);
    assert_int_equal(count_pids(), 0);
}

static void nothing_asked_for(void **state _unused_)
{
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, NULL, &scratch, &scratch_err));
    assert_int_equal(scratch->n, 1);
    pid = scratch_spawn(scratch, child_sleep, NULL);
    assert_int_equal(count_pids(), 1);
    assert_ok(cgroup_signal(scratch, SIGTERM, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGTERM);
}

static void join_is_complete(void **state _unused_)
{
    struct oci_resources r = usual();
    pid_t pid, outside;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_sleep, NULL);
    for (size_t i = 0; i < scratch->n; i++) {
        _cleanup_pid_list_ struct pid_list l = { 0 };
        assert_ok(cgroup_tree_pids(scratch->h[i].dirfd, &l, &scratch_err));
        assert_int_equal(l.n, 1);
        assert_int_equal(l.v[0], pid);
    }
    outside = fork();
    if (outside == 0)
        _exit(child_sleep(NULL));
    assert_ok(cgroup_add_pid(scratch, outside, &scratch_err));
    assert_int_equal(count_pids(), 2);
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
    assert_int_equal(scratch_wait(outside), 128 + SIGKILL);
}

static void memory_limit_kills(void **state _unused_)
{
    struct oci_resources r = { .memory = { .limit = SET(16 * MIB), .swap = SET(16 * MIB) } };
    size_t small = 4 * MIB, large = 64 * MIB;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(scratch_run(scratch, child_touch, &small), 0);
    assert_int_equal(scratch_run(scratch, child_touch, &large), 128 + SIGKILL);
}

static void pids_limit_holds(void **state _unused_)
{
    struct oci_resources r = { .pids_limit = SET(10) };

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(scratch_run(scratch, child_count_forks, NULL), 9);
}

static void devices_hold(void **state _unused_)
{
    struct oci_resources r = usual();
    struct oci_device_rule null_only[] = { { false, "a", { 0 }, { 0 }, "rwm" },
                                           { true, "c", SET(1), SET(5), "r" } };

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDWR), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 9, O_RDONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, -1), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 11, O_RDONLY), EPERM); /* kmsg */
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 1, -1), EPERM);        /* mem */
    assert_int_equal(try_device(scratch, S_IFBLK, 7, 0, -1), EPERM);
    /* whiteouts are no device */
    assert_int_equal(try_device(scratch, S_IFCHR, 0, 0, -1), 0);
    r = (struct oci_resources){ .devices = null_only, .n_devices = 2 };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_DEVICES, "devices.list"), "c 1:5 r");
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDONLY), 0);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 5, O_RDWR), EPERM);
    assert_int_equal(try_device(scratch, S_IFCHR, 1, 3, O_RDONLY), EPERM);
}

static void failure_leaves_nothing(void **state _unused_)
{
    struct oci_device_rule hole[] = { { true, "c", { 0 }, { 0 }, "rwm" },
                                      { false, "c", SET(1), SET(3), "r" } };
    struct oci_resources r = { .pids_limit = SET(5), .devices = hole, .n_devices = 2 };
    struct oci_pair pair = { "memory.high", "1000" };

    snprintf(scratch_path, sizeof scratch_path, "%s/in/ner", scratch_outer);
    assert_int_equal(cgroup_create(scratch_path, &r, &scratch, &scratch_err), -EOPNOTSUPP);
    assert_int_equal(hierarchies(scratch_path), 0);
    assert_int_equal(hierarchies(scratch_outer), 0);
    if (!v1_has(CGROUP_NET_PRIO)) {
        struct oci_net_priority prio = { "lo", 1 };
        r = (struct oci_resources){ .pids_limit = SET(5),
                                    .network_priorities = &prio,
                                    .n_network_priorities = 1 };
        assert_true(cgroup_create(scratch_path, &r, &scratch, &scratch_err) < 0);
        assert_says("linux.resources.network.priorities");
        assert_says("net_prio");
        assert_int_equal(hierarchies(scratch_outer), 0);
    }
    r = (struct oci_resources){ .pids_limit = SET(5), .unified = { &pair, 1 } };
    assert_int_equal(cgroup_create(scratch_path, &r, &scratch, &scratch_err), -EOPNOTSUPP);
    assert_int_equal(hierarchies(scratch_outer), 0);
    r = (struct oci_resources){ .memory = { .limit = SET(64 * MIB), .swap = SET(MIB) } };
    assert_int_equal(cgroup_create(scratch_path, &r, &scratch, &scratch_err), -EINVAL);
    assert_int_equal(hierarchies(scratch_outer), 0);
    scratch = NULL;
}

static void leftover_is_reused(void **state _unused_)
{
    struct oci_resources r = usual();
    struct cgroup *second = NULL;
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    cgroup_free(TAKE_PTR(scratch));
    r.pids_limit.v = 7;
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_PIDS, "pids.max"), "7");
    pid = scratch_spawn(scratch, child_sleep, NULL);
    assert_int_equal(cgroup_create(scratch_path, &r, &second, &scratch_err), -EEXIST);
    assert_says("in use");
    assert_int_equal(count_pids(), 1); /* and the one that runs is untouched */
    assert_string_equal(value_of(CGROUP_PIDS, "pids.max"), "7");
    kill(pid, SIGKILL);
    scratch_wait(pid);
}

static void fork_bomb_is_killed(void **state _unused_)
{
    struct oci_resources r = { .pids_limit = SET(100) };
    double start;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    scratch_spawn(scratch, child_bomb, NULL);
    for (int i = 0; i < 100 && count_pids() <= 10; i++)
        PAUSE_MS(100);
    assert_true(count_pids() > 10);
    start = now_ms();
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_ok(cgroup_remove(scratch_path, &scratch_err));
    assert_true(now_ms() - start < 8000); /* on a busy machine */
}

/* The same where the container's own cgroup has no pids controller to stop the forks with. */
static void fork_bomb_without_pids(void **state _unused_)
{
    struct oci_resources outer = { .pids_limit = SET(100) },
                         inner = { .memory = { .limit = SET(256 * MIB) } };
    struct cgroup *bound;
    pid_t pid;

    assert_ok(cgroup_create(scratch_outer, &outer, &bound, &scratch_err));
    snprintf(scratch_path, sizeof scratch_path, "%s/inner", scratch_outer);
    assert_ok(cgroup_create(scratch_path, &inner, &scratch, &scratch_err));
    assert_null(cgroup_hier_of(scratch, CGROUP_PIDS));
    pid = fork();
    if (pid == 0)
        _exit(cgroup_join_self(bound, NULL) < 0 || cgroup_join_self(scratch, NULL) < 0 ? 120
                                                                                       : child_bomb(NULL));
    cgroup_free(bound);
    for (int i = 0; i < 100 && count_pids() <= 10; i++) /* it takes its time on a busy machine */
        PAUSE_MS(100);
    assert_true(count_pids() > 10);
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_ok(cgroup_remove(scratch_path, &scratch_err));
}

static int child_nest(void *arg)
{
    const struct cgroup_hier *h = arg;

    if (mkdirat(h->dirfd, "a", 0755) < 0 || mkdirat(h->dirfd, "a/b", 0755) < 0 ||
        mkdirat(h->dirfd, "c", 0755) < 0)
        return 1;
    if (file_write_value(h->dirfd, h->v2 ? "a/b/cgroup.procs" : "a/b/tasks", "0", NULL) < 0)
        return 2;
    return child_sleep(NULL);
}

static bool has_nested(const struct cgroup_hier *h)
{
    _cleanup_pid_list_ struct pid_list l = { 0 };
    _cleanup_close_ int fd = openat(h->dirfd, "a/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && cgroup_tree_pids(fd, &l, NULL) == 0 && l.n == 1;
}

static void nested_are_seen_killed_removed(void **state _unused_)
{
    struct oci_resources r = usual();
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_nest, &scratch->h[0]);
    for (int i = 0; i < 500 && !has_nested(&scratch->h[0]); i++)
        PAUSE_MS(10);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    assert_int_equal(count_pids(), 1);
    assert_int_equal(cgroup_remove(scratch_path, &scratch_err), -EBUSY);
    assert_says(scratch_path);
    char number[16];
    snprintf(number, sizeof number, " %d", (int) pid);
    assert_says(number);
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
    assert_ok(cgroup_remove(scratch_path, &scratch_err));
    assert_int_equal(hierarchies(scratch_path), 0);
    assert_ok(cgroup_remove(scratch_path, &scratch_err)); /* absent is success */
}

static void freeze_and_thaw(void **state _unused_)
{
    struct oci_resources r = usual();
    uint64_t *counter = shared_counter();
    struct cgroup *again;
    bool frozen = true;
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_counter, counter);
    assert_ok(cgroup_frozen(scratch, &frozen, &scratch_err));
    assert_false(frozen);
    assert_ok(cgroup_freeze(scratch, false, &scratch_err)); /* never frozen: nothing to do */
    for (int i = 0; i < 3; i++) {
        assert_ok(cgroup_freeze(scratch, true, &scratch_err));
        assert_false(moves(counter));
        assert_ok(cgroup_open(scratch_path, &again, &scratch_err)); /* as another command sees it */
        assert_ok(cgroup_frozen(again, &frozen, &scratch_err));
        assert_true(frozen);
        assert_ok(cgroup_freeze(again, false, &scratch_err));
        cgroup_free(again);
        assert_ok(cgroup_frozen(scratch, &frozen, &scratch_err));
        assert_false(frozen);
        assert_true(goes_on(counter));
    }
    assert_ok(cgroup_freeze(scratch, true, &scratch_err));
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err)); /* thaws, or the kill would wait for ever */
    assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
    munmap(counter, sizeof *counter);
}

static void freeze_fork_bomb(void **state _unused_)
{
    struct oci_resources r = { .pids_limit = SET(60) };
    bool frozen = false;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    scratch_spawn(scratch, child_bomb, NULL);
    PAUSE_MS(50);
    assert_ok(cgroup_freeze(scratch, true, &scratch_err));
    assert_ok(cgroup_frozen(scratch, &frozen, &scratch_err));
    assert_true(frozen);
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
}

static void update_in_any_order(void **state _unused_)
{
    static const struct {
        int64_t limit, swap;
    } steps[] = { { 128, 256 }, { 32, 32 }, { 300, 300 }, { 8, 400 }, { 64, 64 } };
    struct oci_resources r = usual();

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        char text[32];
        r = (struct oci_resources){ .memory = { .limit = SET(steps[i].limit * MIB),
                                                .swap = SET(steps[i].swap * MIB) } };
        assert_ok(cgroup_update(scratch, &r, &scratch_err));
        snprintf(text, sizeof text, "%lld", steps[i].limit * MIB);
        assert_string_equal(value_of(CGROUP_MEMORY, "memory.limit_in_bytes"), text);
        snprintf(text, sizeof text, "%lld", steps[i].swap * MIB);
        assert_string_equal(value_of(CGROUP_MEMORY, "memory.memsw.limit_in_bytes"), text);
    }
    r = (struct oci_resources){ .memory = { .limit = SET(-1) }, .pids_limit = SET(-1) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_PIDS, "pids.max"), "max");
}

static void update_joins_a_new_controller(void **state _unused_)
{
    struct oci_resources r = { .pids_limit = SET(20) };
    pid_t pid;

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    pid = scratch_spawn(scratch, child_sleep, NULL);
    r = (struct oci_resources){ .cpu = { .quota = SET(50000), .period = SET(100000), .cpus = "0" } };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.cfs_quota_us"), "50000");
    assert_string_equal(value_of(CGROUP_CPUSET, "cpuset.cpus"), "0");
    _cleanup_pid_list_ struct pid_list l = { 0 };
    assert_ok(cgroup_tree_pids(cgroup_hier_of(scratch, CGROUP_CPU)->dirfd, &l, &scratch_err));
    assert_true(pid_list_has(&l, pid));
    assert_ok(cgroup_tree_pids(cgroup_hier_of(scratch, CGROUP_CPUSET)->dirfd, &l, &scratch_err));
    assert_true(pid_list_has(&l, pid));
    /* smaller period and quota, then larger: the kernel takes only one order each time */
    r.cpu = (struct oci_cpu){ .quota = SET(2000), .period = SET(2000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    r.cpu = (struct oci_cpu){ .quota = SET(900000), .period = SET(1000000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    r.memory = (struct oci_memory){ .limit = SET(64 * MIB), .check_before_update = SET(true) };
    r.cpu = (struct oci_cpu){ 0 };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    kill(pid, SIGKILL);
    scratch_wait(pid);
}

static void idle_and_burst(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .shares = SET(512), .idle = SET(1) } };

    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.idle"), "1");
    assert_ok(cgroup_update(scratch, &r, &scratch_err)); /* the same again, though idle takes no shares */
    assert_string_equal(value_of(CGROUP_CPU, "cpu.idle"), "1");
    r.cpu = (struct oci_cpu){ .shares = SET(2048), .idle = SET(0) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.shares"), "2048");
    r.cpu = (struct oci_cpu){ .quota = SET(50000), .burst = SET(50000), .period = SET(100000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    r.cpu = (struct oci_cpu){ .quota = SET(10000), .burst = SET(5000) };
    assert_ok(cgroup_update(scratch, &r, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPU, "cpu.cfs_burst_us"), "5000");
}

static void nested_parents(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .cpus = "0", .shares = SET(512) }, .pids_limit = SET(5) };

    snprintf(scratch_path, sizeof scratch_path, "%s/pod/ctr", scratch_outer);
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(value_of(CGROUP_CPUSET, "cpuset.cpus"), "0");
    assert_string_not_equal(value_of(CGROUP_CPUSET, "cpuset.mems"), "");
    assert_int_equal(scratch_run(scratch, child_count_forks, NULL), 4);
}

struct view {
    struct cgroup *cg;
    bool userns;
};

/* In new mount and cgroup namespaces: the container's /sys/fs/cgroup. Exit code = the line that failed. */
static int child_view(void *arg)
{
    const struct view *v = arg;
    char dir[] = "/tmp/oakum-test-XXXXXX", *text;
    struct error err;
    int fd, at, tmpfs, flags = CLONE_NEWNS | CLONE_NEWCGROUP | (v->userns ? CLONE_NEWUSER : 0);

    if (unshare(flags) < 0)
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
                     &tmpfs, &err) < 0 ||
        mnt_setattr(tmpfs, MOUNT_ATTR_RDONLY, 0, false, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 4;
    }
    at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (file_read(at, "pids/pids.max", 100, &text, NULL, NULL) < 0 || strcmp(text, "20\n") != 0)
        return 5;
    if (openat(at, "pids/pids.max", O_WRONLY) >= 0 || errno != EROFS)
        return 6;
    if (mkdirat(at, "pids/x", 0755) == 0 || mkdirat(at, "x", 0755) == 0 || errno != EROFS)
        return 7;
    if (faccessat(at, "memory/memory.limit_in_bytes", F_OK, 0) < 0 ||
        faccessat(at, "devices/devices.list", F_OK, 0) < 0)
        return 8;
    /* what is not used is not shown */
    return faccessat(at, "freezer", F_OK, 0) == 0 ? 9 : 0;
}

static void view_inside(void **state _unused_)
{
    struct oci_resources r = usual();
    struct view v = { .userns = false };

    assert_ok(cgroup_create(scratch_path, &r, &v.cg, &scratch_err));
    scratch = v.cg;
    assert_int_equal(scratch_run(scratch, child_view, &v), 0);
    v.userns = true;
    assert_int_equal(scratch_run(scratch, child_view, &v), 0);
}

static int child_comounted_view(void *arg)
{
    char dir[] = "/tmp/oakum-test-XXXXXX", target[64] = "";
    int fd, at, tmpfs;

    if (unshare(CLONE_NEWNS | CLONE_NEWCGROUP) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/tmp", "tmpfs", 0, NULL) < 0 || !mkdtemp(dir))
        return 1;
    fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup_mount(arg, fd, MOUNT_ATTR_RDONLY, &tmpfs, NULL) < 0)
        return 2;
    at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (readlinkat(at, "cpu", target, sizeof target - 1) < 0 || !strstr(target, "cpuacct"))
        return 3;
    return faccessat(at, "cpuacct/cpu.shares", F_OK, 0) == 0 ? 0 : 4;
}

static void comounted_controllers(void **state _unused_)
{
    struct oci_resources r = { .cpu = { .shares = SET(512) }, .pids_limit = SET(20) };
    struct stat st;

    if (fstatat(AT_FDCWD, CGROUP_BASE "/cpu", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode)) {
        printf("# cpu and cpuacct are not mounted together here; tests/vm/run has them so\n");
        skip();
    }
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_string_equal(cgroup_hier_of(scratch, CGROUP_CPU)->name, "cpu,cpuacct");
    assert_string_equal(value_of(CGROUP_CPU, "cpu.shares"), "512");
    assert_int_equal(scratch_run(scratch, child_comounted_view, scratch), 0);
}

static bool is_in_v2(pid_t pid)
{
    _cleanup_pid_list_ struct pid_list l = { 0 };

    return cgroup_tree_pids(cgroup_hier_v2(scratch)->dirfd, &l, NULL) == 0 && pid_list_has(&l, pid);
}

static void hybrid_controller(void **state _unused_)
{
    struct oci_hugepage huge = { "2MB", 4 << 20 };
    struct oci_resources r = { .hugepages = &huge, .n_hugepages = 1, .pids_limit = SET(20) };
    uint64_t *counter = shared_counter();
    struct cgroup_host_info info;
    pid_t pid;

    assert_ok(cgroup_host_info(&info, &scratch_err));
    print_message("mode %s v1 %x on %s v2 %x on %s kill %d freeze %d swap %d\n", cgroup_mode_name(info.mode),
                  info.v1, info.v1_mount, info.v2, info.v2_mount, info.v2_kill, info.v2_freeze,
                  info.swap_accounting);
    if (info.mode != CGROUP_MODE_HYBRID || !(info.v2 & CGROUP_BIT(CGROUP_HUGETLB))) {
        printf("# this host is not hybrid with hugetlb in its v2 tree\n");
        skip();
    }
    assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
    assert_true(cgroup_clone_fd(scratch) >= 0);
    assert_string_equal(value_of(CGROUP_HUGETLB, "hugetlb.2MB.max"), "4194304");
    pid = scratch_spawn(scratch, child_counter, counter);
    assert_int_equal(count_pids(), 1);
    assert_ok(cgroup_freeze(scratch, true, &scratch_err));
    assert_false(moves(counter));
    assert_ok(cgroup_freeze(scratch, false, &scratch_err));
    assert_ok(cgroup_signal(scratch, SIGKILL, &scratch_err));
    assert_int_equal(scratch_wait(pid), 128 + SIGKILL);
    /* fork, then join: the v2 part must be written then */
    pid = fork();
    if (pid == 0)
        _exit(cgroup_join_self(scratch, NULL) < 0 ? 120 : child_sleep(NULL));
    for (int i = 0; i < 500 && !is_in_v2(pid); i++)
        PAUSE_MS(10);
    assert_true(is_in_v2(pid));
    munmap(counter, sizeof *counter);
}

static void how_long(void **state _unused_)
{
    struct oci_resources r = usual();
    double create = 0, remove = 0;

    for (int i = 0; i < 100; i++) {
        double start = now_ms();
        assert_ok(cgroup_create(scratch_path, &r, &scratch, &scratch_err));
        create += now_ms() - start;
        cgroup_free(TAKE_PTR(scratch));
        start = now_ms();
        assert_ok(cgroup_remove(scratch_path, &scratch_err));
        remove += now_ms() - start;
    }
    print_message("memory+pids+devices: create %.3f ms, remove %.3f ms\n", create / 100, remove / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(limits_are_written),
        SCRATCH_TEST(nothing_asked_for),
        SCRATCH_TEST(join_is_complete),
        SCRATCH_TEST(memory_limit_kills),
        SCRATCH_TEST(pids_limit_holds),
        SCRATCH_TEST(devices_hold),
        SCRATCH_TEST(failure_leaves_nothing),
        SCRATCH_TEST(leftover_is_reused),
        SCRATCH_TEST(fork_bomb_is_killed),
        SCRATCH_TEST(fork_bomb_without_pids),
        SCRATCH_TEST(nested_are_seen_killed_removed),
        SCRATCH_TEST(freeze_and_thaw),
        SCRATCH_TEST(freeze_fork_bomb),
        SCRATCH_TEST(update_in_any_order),
        SCRATCH_TEST(update_joins_a_new_controller),
        SCRATCH_TEST(idle_and_burst),
        SCRATCH_TEST(nested_parents),
        SCRATCH_TEST(view_inside),
        SCRATCH_TEST(hybrid_controller),
        SCRATCH_TEST(comounted_controllers),
        SCRATCH_TEST(how_long),
    };
    const unsigned want = CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS) | CGROUP_BIT(CGROUP_DEVICES) |
                          CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUSET) | CGROUP_BIT(CGROUP_FREEZER);
    struct cgroup_host_info info;

    need_root();
    if (cgroup_host_info(&info, NULL) < 0 || (info.v1 & want) != want) {
        printf("1..0 # SKIP this host has no cgroup v1\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
