// SPDX-License-Identifier: Apache-2.0
/*
 * confine/cgroup_impl.h: what the cgroup*.c files share. Nobody else includes this, but the unit tests of the pure parts.
 *
 * All paths below are relative to host->base (a descriptor of /sys/fs/cgroup) or absolute, so that openat() takes either: a
 * hierarchy's root is "memory" in the usual place and "/mnt/memory" when mountinfo had to be asked.
 */
#pragma once

#include <errno.h>
#include <limits.h>

#include "base/arena.h"
#include "base/parse.h"
#include "confine/cgroup.h"
#include "sys/file.h"

#define CGROUP_BASE "/sys/fs/cgroup"
#define CGROUP_BIT(c) (1u << (c))
#define CGROUP_VALUE_MAX 65536 /* longest kernel file that is read here (pid lists are longer, see there) */

struct cgroup_host {
    int base;       /* -1: /sys/fs/cgroup does not exist */
    bool v2_base;   /* base itself is cgroup2 */
    bool v2_looked; /* v2_root is known */
    char *v2_root;  /* NULL: no v2 tree */
    bool mountinfo_read;
    char *v1_root[CGROUP_CONTROLLERS]; /* only what mountinfo said; NULL: the usual name */
};

struct cgroup_hier {
    unsigned controllers; /* bits; v2: unused */
    bool v2;
    int dirfd;     /* the cgroup's directory, O_RDONLY */
    int joinfd;    /* v1 tasks, v2 cgroup.procs */
    int view;      /* detached bind of the directory (cgroup_prepare_view()), -1 = none */
    dev_t dev;     /* of the hierarchy, 0 = not asked yet */
    char *root;    /* see above */
    char *name;    /* v1: the hierarchy's directory name, "cpu,cpuacct" */
    unsigned made; /* directories made for it, from the leaf upwards */
};

struct cgroup_unit;

struct cgroup {
    char *path;               /* systemd: "" until the unit is there */
    struct cgroup_unit *unit; /* NULL: cgroupfs */
    struct cgroup_host host;
    struct cgroup_hier h[CGROUP_CONTROLLERS + 2]; /* v2, and v1's name=systemd */
    size_t n;
    int delegate_fd,
        control_fd; /* cgroup_delegate(): its process list, the container's cgroup.subtree_control; -1 */
    char *delegate_controllers; /* what to write to the latter */
};

/* ---- cgroup_host.c: where the hierarchies are ---- */
int cgroup_host_open(struct cgroup_host *h, struct error *err);
void cgroup_host_close(struct cgroup_host *h);
/* Root of the v2 tree, NULL if there is none. */
const char *cgroup_host_v2(struct cgroup_host *h);
/* Root of the v1 hierarchy of c in the usual place or, when mountinfo has been read, where that said; NULL: nowhere. */
const char *cgroup_host_v1(struct cgroup_host *h, enum cgroup_controller c);
int cgroup_host_read_mountinfo(struct cgroup_host *h, struct error *err);
unsigned cgroup_parse_controllers(const char *text, bool v2);
/* Fills buf (PATH_MAX) with root + path. */
int cgroup_full_path(char *buf, const char *root, const char *path, struct error *err);
/* As people write it, for messages; buf holds PATH_MAX. */
void cgroup_show_path(char *buf, const char *full);

/* ---- cgroup.c ---- */
struct cgroup_hier *cgroup_hier_of(const struct cgroup *cg, enum cgroup_controller c); /* NULL: not used */
struct cgroup_hier *cgroup_hier_v2(const struct cgroup *cg);
struct cgroup_hier *cgroup_hier_add(struct cgroup *cg);
/* Makes the directory root + path with the parents it needs; *made counts. -EEXIST: the leaf is there. -ENOENT: no such root. */
int cgroup_make_dirs(int base, const char *root, const char *path, unsigned *made, struct error *err);
void cgroup_unmake_dirs(int base, const char *root, const char *path, unsigned made);
/* A leaf that exists: removed if nobody is in it, else -EEXIST. */
int cgroup_clear_leftover(int base, const char *full, struct error *err);
/* Adds the hierarchy of c to cg, making the directory. field: who asked, for the message. */
int cgroup_use_controller(struct cgroup *cg, enum cgroup_controller c, const char *field, struct error *err);

/* ---- cgroup_join.c ---- */
/* Moves every process of cg into hierarchy h, until a pass finds nobody outside. */
int cgroup_move_all(const struct cgroup *cg, const struct cgroup_hier *h, struct error *err);

/* ---- cgroup_v1.c, cgroup_v2.c ---- */
/* 0, or -ENXIO (no such v1 hierarchy; no message), or another error. */
int cgroup_v1_use(struct cgroup *cg, enum cgroup_controller c, struct error *err);
/* The directory name of a hierarchy: co-mounted ones have a link ("cpu" -> "cpu,cpuacct"). Caller frees. */
char *cgroup_v1_name(int base, const char *root, enum cgroup_controller c);
int cgroup_v1_freeze(struct cgroup *cg, bool frozen, struct error *err);
int cgroup_v1_mount(const struct cgroup *cg, int target_fd, unsigned attr, int *ret_tmpfs, struct error *err);
/* Makes the v2 directory (once) and enables the controllers in `want` for it. fields[c]: who asked. */
int cgroup_v2_use(struct cgroup *cg, unsigned want, const char *const *fields, struct error *err);
int cgroup_v2_mount(int target_fd, unsigned attr, struct error *err);
int cgroup_v2_freeze(const struct cgroup_hier *h, bool frozen, struct error *err);

/* ---- cgroup_tree.c: processes of a subtree ---- */
struct pid_list {
    pid_t *v;
    size_t n, cap;
};
static inline void cleanup_pid_list(struct pid_list *l)
{
    free(l->v);
}
#define _cleanup_pid_list_ __attribute__((cleanup(cleanup_pid_list)))
int cgroup_tree_pids(int dirfd, struct pid_list *l, struct error *err); /* appends, sorts */
int cgroup_all_pids(const struct cgroup *cg, struct pid_list *l,
                    struct error *err);                 /* of all its hierarchies */
bool pid_list_has(const struct pid_list *l, pid_t pid); /* l sorted */
int cgroup_tree_remove(int base, const char *full, struct error *err);

/* ---- cgroup_limits.c: oci_resources → writes, pure; cgroup_write.c: doing them ---- */
struct cgroup_write {
    enum cgroup_controller controller;
    bool v2;
    const char *field, *file, *value;
    unsigned group; /* writes of the same group (≠ 0) depend on each other: order is found by trying */
    unsigned
        any_of; /* of the writes with the same number (≠ 0) those whose file exists are done; one must work */
    bool verify; /* read back: this kernel may take the value and ignore it */
    bool swap;   /* file absent: see swap rule in cgroup.h */
    bool maybe;  /* file absent: this kernel does without */
};
struct cgroup_plan {
    struct cgroup_write *v;
    size_t n, cap;
    struct arena *arena;
};

/* What the kernel has now; needed where one v2 file holds two fields and only one is given. */
struct cgroup_current {
    bool fresh;
    int64_t memory_max;
    const char *cpu_max;
};

/* Controllers that res needs; fields[c] = the first field that asked for it (without "linux.resources."). fresh: "no limit" asks for nothing. */
int cgroup_needs(const struct oci_resources *res, bool fresh, const char **fields, unsigned *ret,
                 struct error *err);
/* on_v2: bits of the controllers that live in the v2 tree; bit CGROUP_CONTROLLERS: there is one (core files). plan->v lives in plan->arena (the caller's). */
int cgroup_plan_make(const struct oci_resources *res, unsigned on_v2, const struct cgroup_current *cur,
                     struct cgroup_plan *plan, struct error *err);
int cgroup_plan_apply(const struct cgroup *cg, const struct cgroup_plan *plan, struct error *err);
uint64_t cgroup_weight_from_shares(uint64_t shares);

/* ---- cgroup_current.c: before an update ---- */
/* Reads what the plan for res needs; strings go to a. */
int cgroup_read_current(const struct cgroup *cg, const struct oci_resources *res, struct arena *a,
                        struct cgroup_current *cur, struct error *err);
/* memory.checkBeforeUpdate: -EBUSY when a limit that m gives is below the use. */
int cgroup_check_use(const struct cgroup *cg, const struct oci_memory *m, struct error *err);

/* ---- cgroup_devices.c, cgroup_devices_bpf.c ---- */
enum { DEV_MKNOD = 1, DEV_READ = 2, DEV_WRITE = 4, DEV_ALL = 7 }; /* the kernel's BPF_DEVCG_ACC_* */
struct device_rule {
    bool allow;
    char type;
    int64_t major, minor;
    unsigned access;
}; /* type 'a' 'b' 'c'; -1 = wildcard */
struct device_list {
    bool allow;
    struct device_rule *v;
    size_t n;
}; /* default, and its exceptions (v1 form) */
/* Checks and normalises; *ret (arena) has n entries. */
int cgroup_device_rules(const struct oci_device_rule *rules, size_t n, struct arena *a,
                        struct device_rule **ret, struct error *err);
int cgroup_device_list(const struct device_rule *rules, size_t n, struct arena *a, struct device_list *ret,
                       struct error *err);
int cgroup_v1_devices(const struct cgroup_hier *h, const struct device_rule *rules, size_t n, bool fresh,
                      struct error *err);
struct bpf_insn;
/* The program (malloc'ed) for rules; *ret_n instructions. */
void cgroup_bpf_generate(const struct device_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n);
int cgroup_v2_devices(const struct cgroup_hier *h, const struct device_rule *rules, size_t n, bool fresh,
                      struct error *err);
