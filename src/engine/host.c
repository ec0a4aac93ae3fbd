// SPDX-License-Identifier: Apache-2.0
/*
 * engine/host.c: the probes, one a row. A probe that has to change something (namespaces, mounts) runs in a child that ends
 * with it. Nothing that is probed here decides how a container is started: the start itself asks for each control and fails
 * closed. This table is for people.
 */
#include "engine/host.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "confine/cgroup.h"
#include "confine/landlock.h"
#include "confine/rootless.h"
#include "engine/host_mounts.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/userns.h"

struct probe {
    struct arena *a;
    const char *root;
    const char *detail;
    struct cgroup_host_info cgroup;
};

static const char *read_word(struct arena *a, const char *path)
{
    _cleanup_free_ char *text = NULL;
    if (file_read(AT_FDCWD, path, 65536, &text, NULL, NULL) < 0)
        return NULL;
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    return arena_strndup(a, text, n);
}

static enum host_answer in_child(bool (*works)(void *arg), void *arg)
{
    pid_t pid = fork();
    int status;
    if (pid == 0)
        _exit(works(arg) ? 0 : 1);
    if (pid < 0)
        return HOST_NO;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return HOST_NO;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? HOST_YES : HOST_NO;
}

static bool can_unshare(void *arg)
{
    return unshare(*(int *) arg) == 0;
}

static enum host_answer namespace_probe(int flag)
{
    return in_child(can_unshare, &flag);
}

static enum host_answer probe_userns(struct probe *p)
{
    p->detail = read_word(p->a, "/proc/sys/user/max_user_namespaces");
    if (p->detail != NULL)
        p->detail = arena_printf(p->a, "at most %s", p->detail);
    return namespace_probe(CLONE_NEWUSER);
}

static enum host_answer probe_namespaces(struct probe *p)
{
    (void) p;
    return namespace_probe(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                           CLONE_NEWCGROUP);
}

static enum host_answer probe_time(struct probe *p)
{
    (void) p;
    return namespace_probe(CLONE_NEWTIME);
}

static enum host_answer probe_mount_api(struct probe *p)
{
    (void) p;
    return host_mount_api() ? HOST_YES : HOST_NO;
}

static enum host_answer probe_idmap(struct probe *p)
{
    bool tmpfs, root;
    if (rootless_inside()) {
        p->detail = "for root only; layers keep their owners by the user namespace that they are unpacked in";
        return HOST_PARTLY;
    }
    host_idmap(p->root, &root, &tmpfs);
    p->detail = arena_printf(p->a, "%s: %s, tmpfs: %s", p->root, root ? "yes" : "no", tmpfs ? "yes" : "no");
    return root ? HOST_YES : tmpfs ? HOST_PARTLY : HOST_NO;
}

static enum host_answer probe_overlay(struct probe *p)
{
    bool mapped;
    bool works = host_overlay(&mapped);
    if (works && rootless_inside()) {
        p->detail = "in a user namespace";
        return HOST_YES;
    }
    p->detail = mapped ? "also with id-mapped layers" : "without id-mapped layers";
    return works ? (mapped ? HOST_YES : HOST_PARTLY) : HOST_NO;
}

static bool action_available(uint32_t action)
{
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static enum host_answer probe_seccomp(struct probe *p)
{
    (void) p;
    return action_available(SECCOMP_RET_ERRNO) ? HOST_YES : HOST_NO;
}

static enum host_answer probe_notify(struct probe *p)
{
    (void) p;
    return action_available(SECCOMP_RET_USER_NOTIF) ? HOST_YES : HOST_NO;
}

static enum host_answer probe_landlock(struct probe *p)
{
    int abi = landlock_abi();
    p->detail = abi > 0 ? arena_printf(p->a, "ABI %d", abi) : "";
    return abi > 0 ? HOST_YES : HOST_NO;
}

static enum host_answer probe_cgroup(struct probe *p)
{
    const struct cgroup_host_info *i = &p->cgroup;
    struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "%s:", cgroup_mode_name(i->mode));
    for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++) {
        bool v2 = i->v2 & (1u << c);
        const char *name = cgroup_controller_name((enum cgroup_controller) c, v2);
        if (name != NULL && ((i->v1 | i->v2) & (1u << c)))
            strbuf_addf(&text, " %s", name);
    }
    p->detail = arena_strdup(p->a, text.buf);
    strbuf_free(&text);
    unsigned want = 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS | 1u << CGROUP_CPU | 1u << CGROUP_DEVICES;
    unsigned have = i->v1 | i->v2 | (i->mode == CGROUP_MODE_V2 ? 1u << CGROUP_DEVICES : 0);
    return i->mode == CGROUP_MODE_NONE ? HOST_NO : (have & want) == want ? HOST_YES : HOST_PARTLY;
}

static enum host_answer probe_swap(struct probe *p)
{
    return p->cgroup.swap_accounting ? HOST_YES : HOST_NO;
}

static enum host_answer probe_cgroup_kill(struct probe *p)
{
    p->detail = p->cgroup.mode == CGROUP_MODE_V2 ? "" : "v1: processes are stopped from forking, then killed";
    return p->cgroup.v2_kill ? HOST_YES : HOST_NO;
}

static enum host_answer probe_openat2(struct probe *p)
{
    (void) p;
    int fd = sys_openat2(AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? HOST_YES : HOST_NO;
}

static enum host_answer probe_clone3(struct probe *p)
{
    (void) p;
    /* A size of 0 is refused with EINVAL by a kernel that has the call. */
    return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? HOST_NO : HOST_YES;
}

static enum host_answer probe_pidfd(struct probe *p)
{
    (void) p;
    int fd = sys_pidfd_open(getpid(), 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? HOST_YES : HOST_NO;
}

static enum host_answer probe_lsm(struct probe *p)
{
    p->detail = read_word(p->a, "/sys/kernel/security/lsm");
    if (p->detail == NULL)
        p->detail = "securityfs is not mounted";
    return strstr(p->detail, "apparmor") != NULL || strstr(p->detail, "selinux") != NULL ? HOST_YES : HOST_NO;
}

static enum host_answer probe_apparmor(struct probe *p)
{
    const char *on = read_word(p->a, "/sys/module/apparmor/parameters/enabled");
    return on != NULL && on[0] == 'Y' ? HOST_YES : HOST_NO;
}

static enum host_answer probe_yama(struct probe *p)
{
    const char *scope = read_word(p->a, "/proc/sys/kernel/yama/ptrace_scope");
    p->detail = scope != NULL ? arena_printf(p->a, "ptrace_scope %s", scope) : "";
    return scope == NULL ? HOST_NO : scope[0] == '0' ? HOST_PARTLY : HOST_YES;
}

static enum host_answer probe_io_uring(struct probe *p)
{
    const char *off = read_word(p->a, "/proc/sys/kernel/io_uring_disabled");
    p->detail = off != NULL ? arena_printf(p->a, "io_uring_disabled %s", off) : "no such sysctl";
    return off != NULL && off[0] == '2' ? HOST_YES : off != NULL && off[0] == '1' ? HOST_PARTLY : HOST_NO;
}

static enum host_answer probe_ids(struct probe *p)
{
    uint32_t n = userns_ids();
    p->detail = rootless_inside() ? arena_printf(p->a, "%u, shared by all containers of this user", n)
                                  : "a range for each container";
    return n > 1 ? HOST_YES : HOST_PARTLY;
}

static enum host_answer probe_sys_resource(struct probe *p)
{
    (void) p;
    if (rootless_inside()) /* the kernel asks for it in the first user namespace */
        return HOST_NO;
    return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1 ? HOST_YES : HOST_NO;
}

static const struct row {
    const char *name;
    enum host_answer (*probe)(struct probe *p);
    bool required;
    const char *cost;
} rows[] = {
    { "user namespaces", probe_userns, true,
      "root in a container is root on the host; containers need --userns host" },
    { "mount, pid, net, ipc, uts, cgroup namespaces", probe_namespaces, true,
      "containers cannot be isolated" },
    { "time namespaces", probe_time, false, "clock offsets (linux.timeOffsets) are an error" },
    { "new mount API", probe_mount_api, true, "oakum cannot build a container's file system" },
    { "id-mapped mounts", probe_idmap, true,
      "layers and volumes keep foreign owners; containers need --userns host" },
    { "overlay file system", probe_overlay, false, "only images with one layer run, read-only" },
    { "openat2", probe_openat2, true, "paths in a container's root cannot be resolved safely" },
    { "clone3", probe_clone3, true, "processes cannot be started in their cgroup" },
    { "pidfds", probe_pidfd, true, "a signal could hit another process than the container's" },
    { "seccomp filters", probe_seccomp, true,
      "every system call is within a container's reach; needs --security-opt seccomp=unconfined" },
    { "seccomp notification", probe_notify, false, "profiles with SCMP_ACT_NOTIFY are an error" },
    { "Landlock", probe_landlock, false, "the mounts stand alone: no second wall behind them" },
    { "control groups", probe_cgroup, true, "budgets of controllers that are missing are an error" },
    { "swap accounting", probe_swap, false,
      "a container's swap cannot be limited; --memory-swap -1 says so" },
    { "cgroup.kill", probe_cgroup_kill, false,
      "killing a whole container takes a few rounds instead of one write" },
    { "major security module", probe_lsm, false, "apparmor= and label= options are an error" },
    { "AppArmor", probe_apparmor, false, "--security-opt apparmor=PROFILE is an error" },
    { "Yama", probe_yama, false, "processes of one user may trace each other" },
    { "io_uring switched off on the host", probe_io_uring, false,
      "only the system call filter keeps containers from io_uring" },
    { "ids", probe_ids, false,
      "one id only: images lose their files' owners, a container has one user; give this user a range in /etc/subuid and "
      "/etc/subgid" },
    { "CAP_SYS_RESOURCE", probe_sys_resource, false, "--ulimit cannot raise a limit above oakum's own" },
};

void host_probe(const char *root, struct arena *a, struct host_feature **ret, size_t *ret_n)
{
    struct host_feature *out = arena_array(a, ARRAY_LEN(rows), sizeof(*out));
    struct probe p = { .a = a, .root = root };
    cgroup_host_info(&p.cgroup, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        p.detail = "";
        enum host_answer answer = rows[i].probe(&p);
        out[i] = (struct host_feature){
            .name = rows[i].name,
            .answer = answer,
            .detail = p.detail != NULL ? p.detail : "",
            .cost = answer == HOST_YES ? "" : rows[i].cost,
            .required = rows[i].required,
        };
    }
    *ret = out;
    *ret_n = ARRAY_LEN(rows);
}

const char *host_kernel(struct arena *a)
{
    struct utsname u;
    if (uname(&u) < 0)
        return "unknown";
    return arena_printf(a, "%s %s %s", u.sysname, u.release, u.machine);
}
