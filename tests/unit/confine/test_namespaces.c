// SPDX-License-Identifier: Apache-2.0
/* confine/namespaces.h: what is refused, what is joined, maps, time namespaces, and that no helper outlives its maker. */
#include "test_forked.h"

#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "confine/namespaces.h"
#include "sys/proc.h"

static struct error err;
static struct oci_id_map one_map[] = { { .container_id = 0, .host_id = 100000, .size = 65536 } };
static const struct oci_id_maps maps = { .v = one_map, .n = 1 };

static void test_host_id(void **state _unused_)
{
    struct oci_id_map v[] = { { .container_id = 0, .host_id = 1000, .size = 1 },
                              { .container_id = 10, .host_id = 4294901000u, .size = 100 } };
    struct oci_id_maps two = { .v = v, .n = 2 }, none = { 0 };
    assert_int_equal(namespace_host_id(&two, 0), 1000);
    assert_true(namespace_host_id(&two, 1) == UINT32_MAX);
    assert_true(namespace_host_id(&two, 9) == UINT32_MAX);
    assert_true(namespace_host_id(&two, 10) == 4294901000u);
    assert_true(namespace_host_id(&two, 109) == 4294901099u);
    assert_true(namespace_host_id(&two, 110) == UINT32_MAX);
    assert_int_equal(namespace_host_id(&none, 77), 77);
}

static void test_tables(void **state _unused_)
{
    for (int k = 0; k < OCI_NS_KINDS; k++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_file(k));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        assert_true((uint64_t) ioctl(fd, NS_GET_NSTYPE) == namespace_flag(k));
        close(fd);
    }
}

struct wanted {
    const char *paths[OCI_NS_KINDS]; /* "" = new, NULL = not listed */
    bool maps, offsets, hostname, cgroup_mount;
};

static int open_these(const struct wanted *w, struct namespaces *ret)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    for (int k = 0; k < OCI_NS_KINDS; k++)
        if (w->paths[k])
            spec->linux_.namespaces[k] = (struct oci_namespace){ .set = true,
                                                                 .path = w->paths[k][0] ? w->paths[k]
                                                                                        : NULL };
    if (w->maps)
        spec->linux_.uid_mappings = spec->linux_.gid_mappings = maps;
    spec->linux_.time_offsets_set = w->offsets;
    spec->hostname = w->hostname ? "name" : NULL;
    if (w->cgroup_mount)
        oci_mount_add(spec, "/sys/fs/cgroup", "cgroup", "cgroup", NULL);
    error_clear(&err);
    return namespaces_open(spec, NULL, ret, &err);
}

static void test_refused(void **state _unused_)
{
    static const struct {
        struct wanted w;
        const char *says;
    } rows[] = {
        { { .paths = { [OCI_NS_PID] = "" } }, "mount namespace of its own" },
        { { .paths = { [OCI_NS_MOUNT] = "/proc/self/ns/mnt" } }, "mount namespace by path" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_USER] = "" } }, "needs both" },
        { { .paths = { [OCI_NS_MOUNT] = "" }, .maps = true }, "without a user namespace" },
        { { .paths = { [OCI_NS_MOUNT] = "",
                       [OCI_NS_USER] = "/proc/self/ns/user",
                       [OCI_NS_PID] = "/proc/self/ns/pid" } },
          "is the caller's own" },
        { { .paths = { [OCI_NS_MOUNT] = "" }, .hostname = true }, "hostname" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_UTS] = "/proc/self/ns/uts" }, .hostname = true },
          "hostname" },
        { { .paths = { [OCI_NS_MOUNT] = "" }, .offsets = true }, "linux.timeOffsets" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_TIME] = "/proc/self/ns/time" }, .offsets = true },
          "linux.timeOffsets" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_NETWORK] = "/proc/self/ns/uts" } },
          "is not a network namespace" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_NETWORK] = "/proc/self/status" } },
          "is not a network namespace" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_IPC] = "/dev/null" } }, "is not a ipc namespace" },
        { { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_PID] = "/nowhere" } }, "linux.namespaces (pid)" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct namespaces ns;
        int r = open_these(&rows[i].w, &ns);
        if (r >= 0 || !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %d %s", i, r, err.msg);
    }
}

static void test_opened(void **state _unused_)
{
    struct namespaces ns;
    struct wanted w = { .paths = { [OCI_NS_MOUNT] = "",
                                   [OCI_NS_PID] = "",
                                   [OCI_NS_UTS] = "",
                                   [OCI_NS_CGROUP] = "",
                                   [OCI_NS_TIME] = "",
                                   [OCI_NS_NETWORK] = "/proc/self/ns/net" },
                        .offsets = true,
                        .hostname = true };
    assert_int_equal(open_these(&w, &ns), 0);
    assert_true(ns.create == (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS));
    assert_true(ns.new_cgroup && ns.new_time);
    assert_true(ns.join[OCI_NS_NETWORK] >= 0 && ns.join[OCI_NS_PID] < 0);
    assert_true(fcntl(ns.join[OCI_NS_NETWORK], F_GETFD) & FD_CLOEXEC);
    assert_true(ns.callers == CLONE_NEWNET); /* our own by another name */
    namespaces_close(&ns);
    assert_true(ns.join[OCI_NS_NETWORK] < 0);
    assert_true(!namespaces_share_cgroup(&ns));
    /* As asked: the caller's. What is shown there is mounts_prepare_cgroup()'s care. */
    w = (struct wanted){ .paths = { [OCI_NS_MOUNT] = "" }, .cgroup_mount = true };
    assert_int_equal(open_these(&w, &ns), 0);
    assert_true(!ns.new_cgroup && ns.create == CLONE_NEWNS && ns.callers == 0);
    namespaces_close(&ns);
}

/* A user namespace that exists: its maps, as we see them, from outside. */
static void body_user_namespace(void)
{
    struct namespaces ns;
    struct wanted w = { .paths = { [OCI_NS_MOUNT] = "" } };
    char path[64];
    int fd = namespace_user_with_maps(&maps, &maps, &forked_err);
    check(fd >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    w.paths[OCI_NS_USER] = path;
    for (int said = 0; said < 2; said++) {
        w.maps = said;
        check(open_these(&w, &ns) == 0);
        check(ns.join[OCI_NS_USER] >= 0 && ns.callers == 0 && !(ns.create & CLONE_NEWUSER));
        check(ns.uids.n == 1 && ns.uids.v[0].host_id == 100000 && ns.uids.v[0].size == 65536);
        check(ns.gids.n == 1 && ns.gids.v[0].host_id == 100000 && ns.gids.v[0].container_id == 0);
        namespaces_close(&ns);
    }
    one_map[0].host_id++; /* what is said is not what is there */
    check(open_these(&w, &ns) == -EINVAL);
    check(strstr(err.msg, "linux.uidMappings") != NULL);
}

static void test_user_namespace(void **state _unused_)
{
    NEED_ROOT();
    forked(body_user_namespace);
}

static void body_joined_is_anothers(void)
{
    struct namespaces ns;
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    check(fd >= 0 && unshare(CLONE_NEWNET) == 0);
    struct wanted w = { .paths = { [OCI_NS_MOUNT] = "", [OCI_NS_NETWORK] = path } };
    check(open_these(&w, &ns) == 0 && ns.callers == 0);
}

static void body_maps(void)
{
    int fd = namespace_user_with_maps(&maps, &maps, &forked_err);
    check(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    check(ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWUSER);
    check(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* its maker is gone */
    check(setns(fd, CLONE_NEWUSER) == 0);
    unsigned inside, outside, size;
    check(sscanf(own_proc("uid_map"), "%u %u %u", &inside, &outside, &size) == 3);
    check(inside == 0 && outside == 100000 && size == 65536);
    check(sscanf(own_proc("gid_map"), "%u %u %u", &inside, &outside, &size) == 3 && outside == 100000);
}

static void body_wrong_maps(void)
{
    struct oci_id_map none[] = { { .container_id = 0, .host_id = 100000, .size = 0 } };
    struct oci_id_maps empty = { .v = none, .n = 1 };
    check(namespace_user_with_maps(&empty, &maps, &forked_err) < 0);
    check_says("id maps");
    check(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

/* Killed at any moment, the maker leaves no helper: it would hold the maker's descriptors and locks. */
static void body_killed_maker(void)
{
    check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    for (int round = 0; round < 60; round++) {
        pid_t maker = fork();
        if (maker == 0)
            for (;;) {
                int fd = namespace_user_with_maps(&maps, &maps, NULL);
                if (fd >= 0)
                    close(fd);
            }
        struct timespec pause = { .tv_nsec = 500000 + 37000L * round };
        nanosleep(&pause, NULL);
        kill(maker, SIGKILL);
        int tries = 0;
        while (waitpid(-1, NULL, WNOHANG) >= 0 && ++tries < 2000)
            poll(NULL, 0, 1);
        check(errno == ECHILD && tries < 2000);
    }
}

static void body_time(void)
{
    if (access("/proc/self/ns/time", F_OK) < 0)
        return;
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    struct timespec before, inside, after;
    int proc = proc_open(&forked_err), own = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
    spec->linux_.time_offsets_set = true;
    spec->linux_.boottime_secs = 5000000;
    spec->linux_.monotonic_secs = -1;
    check(proc >= 0 && own >= 0);
    clock_gettime(CLOCK_BOOTTIME, &before);
    check(namespace_new_time(spec, proc, &forked_err) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        clock_gettime(CLOCK_BOOTTIME, &inside);
        _exit(inside.tv_sec >= before.tv_sec + 5000000 && inside.tv_sec < before.tv_sec + 5000060 ? 0 : 1);
    }
    int status;
    check(waitpid(pid, &status, 0) == pid && status == 0);
    check(setns(own, CLONE_NEWTIME) == 0);
    clock_gettime(CLOCK_BOOTTIME, &after);
    check(after.tv_sec < before.tv_sec + 60);
    spec->linux_.boottime_nanosecs = 1000000000;
    check(namespace_new_time(spec, proc, &forked_err) < 0);
    check_says("linux.timeOffsets");
}

static void body_loopback(void)
{
    struct ifreq req = { .ifr_name = "lo" };
    check(unshare(CLONE_NEWNET) == 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(ioctl(fd, SIOCGIFFLAGS, &req) == 0 && !(req.ifr_flags & IFF_UP));
    check(namespace_loopback_up(&forked_err) == 0);
    check(ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP));
}

static void test_made(void **state _unused_)
{
    NEED_ROOT();
    forked(body_joined_is_anothers);
    forked(body_maps);
    forked(body_wrong_maps);
    forked(body_killed_maker);
    forked(body_time);
    forked(body_loopback);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_id),        cmocka_unit_test(test_tables), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_user_namespace), cmocka_unit_test(test_opened), cmocka_unit_test(test_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
