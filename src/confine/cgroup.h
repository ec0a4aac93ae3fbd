// SPDX-License-Identifier: Apache-2.0
/*
 * confine/cgroup.h: budgets, the device list and the grip on a whole container, by control groups. v1, v2 and hybrid hosts,
 * cgroupfs driver (directories made by oakum itself) and systemd driver (a transient scope, made by the service manager).
 *
 * Failure mode: closed. A limit that was asked for and that this host cannot enforce (controller absent, file absent, no
 * equivalent in v2) is an error that begins with the JSON field and names the controller. Nothing is left behind then.
 *
 * Path: as in linux.cgroupsPath, absolute from the mount point of each hierarchy ("/oakum-ID", "/kubepods/pod1/ID"). Parents
 * are made as needed and stay when the container's cgroup goes. `..`, empty components and control bytes are refused.
 *
 * Where functions below say "path", a handle will do: a path is the handle of a cgroup that we made, and
 * "systemd:MANAGER:SLICE:UNIT:PATH" that of a scope. It is what is recorded, so all that find a container's cgroup by the
 * record (exec, kill, ps, update, pause, events, delete) need not know which driver made it.
 *
 * How each field of linux.resources (runtime-spec config-linux.md) becomes a file: the table in cgroup_limits.c. Rules that
 * need a sentence:
 *   - 0 for memory.limit, reservation, swap, kernel, kernelTCP, pids.limit, shares, quota, period, realtime*, weight counts as
 *     "not given", as in the other runtimes (engines write 0 for that). Negative is "no limit".
 *   - memory.swap is memory+swap (v1 memsw; v2 memory.swap.max = swap - limit, so v2 needs the limit too). Where the kernel
 *     cannot account for swap, a swap limit is an error, even when no swap is on now (it can be turned on later); only a
 *     kernel built without swap (no /proc/swaps) satisfies it silently. The way out is memory.swap -1.
 *   - v2 has no swappiness, kernel, kernelTCP, realtime, leafWeight, net_cls, net_prio, disableOOMKiller=true: errors.
 *   - shares become cpu.weight by the curve that puts 1024 (v1's default) at 100 (v2's default):
 *     10^((lg² + 125 lg)/612 - 7/34), lg = log2(shares), rounded up. That is what runc 1.3.2 and crun 1.23 and newer compute;
 *     older ones used 1+(shares-2)*9999/262142, which made the default 39.
 *   - blockIO.weight 10..1000 goes to io.bfq.weight / blkio.bfq.weight as it is and to io.weight as 1+(w-10)*9999/990, to each
 *     of them that the kernel has (which one acts depends on the disk's scheduler); none there is an error.
 *   - devices: rules in order, the later one wins, and what no rule names is denied. v1 cannot say "all but one" of what an
 *     earlier rule allowed by wildcard: such a list is an error there and exact in v2 (BPF). No rules: nothing is installed.
 *   - unified: v2 only; file names are checked, one write a line.
 */
#pragma once

#include "base/error.h"
#include "oci/spec.h"

enum cgroup_mode {
    CGROUP_MODE_NONE,   /* no cgroup file system is mounted */
    CGROUP_MODE_V1,     /* one hierarchy a controller */
    CGROUP_MODE_V2,     /* the unified hierarchy on /sys/fs/cgroup */
    CGROUP_MODE_HYBRID, /* v1, and a v2 tree beside it with the controllers that v1 does not use */
};

enum cgroup_controller {
    CGROUP_CPU,
    CGROUP_CPUSET,
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_DEVICES, /* v2: a BPF program, always there */
    CGROUP_IO,      /* v1: blkio */
    CGROUP_HUGETLB,
    CGROUP_RDMA,
    CGROUP_MISC,
    CGROUP_NET_CLS,  /* v1 only */
    CGROUP_NET_PRIO, /* v1 only */
    CGROUP_CPUACCT,  /* v1 only, mostly one hierarchy with cpu */
    CGROUP_FREEZER,  /* v2: part of the core, always there */
    CGROUP_CONTROLLERS
};

/* An open cgroup: a directory descriptor, and one to join by, in each hierarchy that it uses. All O_CLOEXEC. */
struct cgroup;

/*
 * Makes the cgroup at path in each hierarchy that a control in res needs (one is always used: for kill and ps), and writes
 * all limits while nobody is in it. An empty leftover of the same name is removed first; one with processes in it is -EEXIST.
 * On failure everything that was made is removed. res may be NULL (no limits).
 */
int cgroup_create(const char *path, const struct oci_resources *res, struct cgroup **ret, struct error *err)
    _warn_unused_;
/* Opens the existing one in every hierarchy that has it; -ENOENT if none has. */
/*
 * v1: makes cg's directory also in the hierarchies that engines read a container's use from (memory, cpu, pids, blkio), as far as the
 * host has them; without one of its own there they would show the numbers of the cgroup above. Nothing to do on v2.
 */
int cgroup_use_counters(struct cgroup *cg, struct error *err);
int cgroup_open(const char *path, struct cgroup **ret, struct error *err) _warn_unused_;
/*
 * From an open cgroup to one below it, which must be there: "PATH", in every hierarchy of cg that has it (cg stays where it is in the
 * others), or "CONTROLLER,...:PATH", in just those, all of which must have it. cg is for joining only afterwards.
 */
int cgroup_descend(struct cgroup *cg, const char *where, struct error *err) _warn_unused_;
/* Controllers of the i-th hierarchy in use ("cpu,cpuacct"; "" for v2), NULL behind the last. Borrowed from cg. */
const char *cgroup_hierarchy(const struct cgroup *cg, size_t i);
void cgroup_free(struct cgroup *cg); /* closes; removes nothing */
static inline void cleanup_cgroup(struct cgroup **cg)
{
    cgroup_free(*cg);
}
#define _cleanup_cgroup_ __attribute__((cleanup(cleanup_cgroup)))

/*
 * Getting in. For clone3: cgroup_clone_fd() is the directory for CLONE_INTO_CGROUP (5.7) when cg has a v2 part, else -1.
 * Borrowed from cg. Afterwards the child, while it still has one thread, calls cgroup_join_self(): "0" into each v1 `tasks`
 * through descriptors that the parent opened. The kernel checks them by the opener's credentials, so this works from inside a
 * new user namespace, and the single-thread form skips the lock that waits 6 to 22 ms for an RCU grace period.
 * The v2 part is written only if the child is not in it yet, so the call is right with and without CLONE_INTO_CGROUP. No
 * allocation. A frozen cgroup freezes whoever joins: ask cgroup_frozen() first.
 */
int cgroup_clone_fd(const struct cgroup *cg);
/*
 * Version 2 only (cgroup_delegate.c). cgroup_give(): the container's user (uid of the host; 0: nothing to do) may make cgroups below the
 * container's, and move processes and controllers there. cgroup_delegate(): makes the cgroup name below it, which the user gets in its
 * place; the child goes there by cgroup_enter_delegated(), which does nothing without one, when no other process is in cg. cgroup_follow():
 * for a cgroup that holds no process since it passes controllers on (clone3 said EBUSY): down to where process pid is; -EBUSY: that is
 * not below.
 */
int cgroup_give(const struct cgroup *cg, uid_t uid, struct error *err);
int cgroup_delegate(struct cgroup *cg, const char *name, uid_t uid, struct error *err);
int cgroup_enter_delegated(const struct cgroup *cg, struct error *err);
int cgroup_follow(struct cgroup *cg, int proc_fd, pid_t pid, struct error *err);
int cgroup_join_self(const struct cgroup *cg, struct error *err);
/* The slow way, for another process (whole thread group). */
int cgroup_add_pid(const struct cgroup *cg, pid_t pid, struct error *err);

/* Pids of the whole subtree, sorted, without duplicates; the caller frees *ret. None is success with *ret_n 0. */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct error *err) _warn_unused_;
/*
 * Sends sig to every process of the subtree; returns when each has been sent it (not when it is dead). Pids are pinned by
 * pidfd and looked up again, so a reused pid is never hit. SIGKILL: cgroup.kill (5.14) on v2; on v1 forks are stopped first
 * (pids.max 0, else the freezer) and rounds go on until nobody unsignalled is left, at most 5 s (-EBUSY). SIGKILL also thaws.
 */
int cgroup_signal(const struct cgroup *cg, int sig, struct error *err);

/*
 * Freezes or thaws the whole subtree and waits until the kernel says so (at most 10 s; then undone, -ETIMEDOUT). v1 joins the
 * freezer hierarchy at the first freeze, not at start. -EOPNOTSUPP when the host has no freezer.
 */
int cgroup_freeze(struct cgroup *cg, bool frozen, struct error *err);
int cgroup_frozen(const struct cgroup *cg, bool *ret, struct error *err);
/* Of the cgroup at path: looks only where it could be frozen, in the usual places. False when there is none. */
int cgroup_path_frozen(const char *path, bool *ret, struct error *err);
/* Directory of the hierarchy that freezes it; -1: it has not been frozen yet. Borrowed from cg. */
int cgroup_freezer_fd(const struct cgroup *cg);

/*
 * Writes what is given in res, leaves the rest. A controller that was not used so far is joined with all processes. Limits
 * that depend on each other are written in an order that the kernel accepts. memory.checkBeforeUpdate: -EBUSY, nothing
 * written, if memory.limit is below the memory in use, or memory.swap below that with what is in swap.
 *
 * memory.limit without memory.swap: v1 keeps memory+swap (and refuses a limit above it), v2 keeps what may be in swap, as with the
 * other runtimes. -1 lifts both. devices: the list as a whole.
 */
int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct error *err);
/* Is swap limited apart from memory (v2)? Then memory+swap moves with memory.limit. */
bool cgroup_swap_apart(const struct cgroup *cg);

/*
 * Removes path in every hierarchy, cgroups that the container made in it first. Retries while processes are on their way out
 * (at most 2 s), then -EBUSY with the path and the pids that are left. Absent is success.
 */
int cgroup_remove(const char *path, struct error *err);

/*
 * As cgroup_remove(), in just the hierarchies that cg uses: for the process that made it, while nobody else has frozen or updated
 * it (which may join more).
 */
int cgroup_destroy(const struct cgroup *cg, struct error *err);

/*
 * ---- the systemd driver ----
 * Handle for a scope: cgroupsPath is SLICE:PREFIX:NAME and makes the unit PREFIX-NAME.scope, as with runc and crun. Not given:
 * oakum-ID.scope. SLICE empty or not given: system.slice, or user.slice of an ordinary user (and of root in a user namespace),
 * whose own manager is asked then. Nothing is asked of systemd yet. Caller frees.
 *
 * cgroup_create() with it starts the scope, with a process of ours as the first in it; cgroup_settle() takes that out when the
 * container's process pid has been made, and sees to it that pid is in. systemd must answer within 30 s. cgroup_update() sets the unit's properties, too;
 * removal stops the unit and forgets its failure.
 */
int cgroup_systemd_handle(const char *cgroups_path, const char *id, char **ret, struct error *err);
/* cgroupfs: nothing to do. attach: pid was not born in the cgroup since that was not allowed; the manager is asked (below). */
int cgroup_settle(struct cgroup *cg, pid_t pid, bool attach, struct error *err);
char *cgroup_handle(const struct cgroup *cg)
    __attribute__((returns_nonnull));               /* to be recorded; caller frees */
const char *cgroup_handle_path(const char *handle); /* the path in it, "" if it is not known yet */
/*
 * A user's scope may be out of the user's own reach (-EACCES of CLONE_INTO_CGROUP and of joining) where the manager can still put a
 * process into it, from outside and while the process waits.
 */
bool cgroup_attachable(const struct cgroup *cg);
int cgroup_attach(const struct cgroup *cg, pid_t pid, struct error *err);

/*
 * Mounts the container's view of its cgroup onto target_fd (O_PATH directory in the container's tree). To be called in the
 * child, in its new mount and cgroup namespaces (cgroup namespace unshared after joining), also inside a user namespace.
 * v2: cgroup2. v1, hybrid: a small tmpfs with one directory for each hierarchy that cg uses; it comes back in *ret_tmpfs (-1: none) and is
 * to be made read-only when what else goes onto it is there. attr: MOUNT_ATTR_*.
 *
 * Where the cgroup namespace is the host's, a mount of cgroup would show the host's whole tree. Then cgroup_prepare_view() comes
 * first, in the parent: detached binds of the container's own directories, which cgroup_mount() uses in place of new mounts.
 */
int cgroup_prepare_view(struct cgroup *cg, unsigned attr, struct error *err);
int cgroup_mount(const struct cgroup *cg, int target_fd, unsigned attr, int *ret_tmpfs, struct error *err);

/* What the host has; bits are 1u << enum cgroup_controller. */
struct cgroup_host_info {
    enum cgroup_mode mode;
    unsigned v1, v2;         /* controllers with a v1 hierarchy / enabled in the v2 tree's root */
    char v1_mount[256];      /* directory of the v1 hierarchies, "" if none */
    char v2_mount[256];      /* "" if none */
    bool v2_kill, v2_freeze; /* cgroup.kill, cgroup.freeze */
    bool swap_accounting;    /* memory+swap can be limited */
};
int cgroup_host_info(struct cgroup_host_info *ret, struct error *err);
/* "memory" …; v1 and v2 differ for CGROUP_IO only. NULL where that version has no such controller. */
const char *cgroup_controller_name(enum cgroup_controller c, bool v2);
const char *cgroup_mode_name(enum cgroup_mode mode); /* "none" "v1" "v2" "hybrid" */

/*
 * Path for a container: cgroups_path if given (a relative one is taken from the root), else "/oakum-ID". Caller frees.
 */
char *cgroup_default_path(const char *cgroups_path, const char *id) __attribute__((returns_nonnull));
/*
 * For an ordinary user: the cgroup below which he may make some (a delegated subtree of v2, as a path), and the controllers that they
 * can have; NULL: none. Caller frees.
 */
char *cgroup_delegated(unsigned *ret_controllers);
/* Does res set a limit? Device rules are none: who may not make device nodes meets only those that are bound for him. */
bool cgroup_limits_asked(const struct oci_resources *res);
/* 0, or -EINVAL with a sentence: the rules on paths above. */
int cgroup_path_check(const char *path, struct error *err);

/*
 * The sealed device list: everything denied, then null zero full random urandom tty ptmx and pts. No wildcard mknod, no
 * console (a container's /dev/console is a pty), no tun. Constant; the engine copies it into a spec.
 */
const struct oci_device_rule *cgroup_default_devices(size_t *ret_n);
/*
 * The devices that every container has (config-linux.md, "Default Devices") may be used though a list says "nothing": podman and
 * containerd deny all and rely on the runtime for these. They come behind the last rule on all devices, so later rules can take them
 * away. No rules at all stay none. The new list is in a.
 */
void cgroup_allow_default_devices(struct oci_resources *res, struct arena *a);
