// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/process.h: the last part of a start, from a privileged process inside the container's namespaces and root to the
 * container's program. run, create and exec all end here. Internal to runtime/. Nothing here allocates once privileges fall.
 */
#pragma once

#include "confine/capabilities.h"
#include "confine/seccomp.h"
#include "oci/spec.h"
#include "runtime/seccomp_agent.h"

struct process_plan {
    const struct oci_spec *spec;       /* the container's: Landlock */
    const struct oci_process *process; /* what is to run: the container's own, or exec's */
    struct capability_sets caps;
    const struct seccomp_filter *filter; /* NULL: none */
    struct seccomp_agent *agent;         /* for a filter that notifies */
    int proc_fd;                         /* the container's procfs for labels, -1: none */
    int init_fd;                         /* oakum-init to be executed in front of the program, -1: none */
    int parent_fd;                       /* die_with_parent: socket whose other end the parent holds */
    int report_fd;                       /* socket or FIFO that a failure is told through, -1: none */
    char **envp;                         /* made by process_prepare() (runtime/environment.h) */
    bool
        is_bare_root; /* all ids are 0 already and there are no supplementary groups: the first process of a new user namespace */
    unsigned preserve_fds;
    bool die_with_parent, report_rlimits, no_new_keyring;
    bool cwd_later;   /* process_prepare(): the working directory is entered with the user's ids */
    bool make_cwd;    /* a working directory that is not there is made */
    bool keep_groups; /* the caller's supplementary groups stay (runtime/annotations.h) */
};

/* Checks what can be checked before anything exists; fills plan->caps. */
int process_plan_check(struct process_plan *plan, struct error *err);
/* rlimits, scheduling, memory policy, personality, umask, working directory, session keyring, environment: still privileged. */
int process_prepare(struct process_plan *plan, struct error *err);
/*
 * create: whether the program is there and the container's user may execute it, asked in the container's root and working directory, so
 * that an engine hears of it before it says that the container is made. What only the exec can tell (a format that is none, what a
 * label, a filter or a supplementary group forbids or allows) is left to that. Errors and messages as of process_exec().
 */
int process_find(const struct process_plan *plan, struct error *err);
/* Labels, no_new_privs, capabilities, ids, Landlock, parent death, seccomp: after this nothing can be taken back. */
int process_seal(const struct process_plan *plan, struct error *err);
/* Executes; returns only when that failed: -ENOENT (not found), -EACCES and others (not executable), with message. */
int process_exec(const struct process_plan *plan, struct error *err);
/* Exit code for what process_exec() returned: 127 or 126. */
int process_exec_code(int code);
