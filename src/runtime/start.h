// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/start.h: one start, shared by its two sides: the parent (create.c) and the container's first process (init.c).
 * Internal to runtime/.
 */
#pragma once

#include <signal.h>

#include "confine/cgroup.h"
#include "confine/mounts.h"
#include "confine/namespaces.h"
#include "runtime/notify.h"
#include "runtime/process.h"
#include "runtime/state.h"
#include "sys/syscall.h"

/* What the child tells the parent, one datagram each; a pty master comes as SCM_RIGHTS with SYNC_CONSOLE. */
/* SYNC_HOOKS: mounts are done; the child waits for a byte, which comes when the hooks of the runtime have been run. */
enum sync_kind { SYNC_READY = 1, SYNC_CONSOLE, SYNC_FAILED, SYNC_EXEC_FAILED, SYNC_HOOKS };
struct sync_message {
    enum sync_kind kind;
    struct error error;
};

/* The parent's word to the child that everything is recorded. */
#define GO "g"
#define GO_AND_RESET_SIGNALS "G"

struct start {
    struct runtime *rt;
    const struct oci_spec *spec;
    struct oci_spec
        joined; /* spec with the maps of a user namespace that is joined; only then is spec this */
    const struct container_options *opt;
    int dirfd; /* the container's state directory, locked */
    int bundle_fd, proc_fd;
    struct namespaces ns;
    struct mounts *mounts;
    struct mounts_result tree; /* child */
    struct cgroup *cg;
    bool cgroup_made;
    bool cgroup_late; /* the child could not be born in it and is put there before the parent's word */
    char *cgroup_path;
    struct seccomp_filter filter;
    struct seccomp_agent agent;
    int *hook_agents; /* one a startContainer hook, where the filter notifies: connections like the agent's */
    struct process_plan plan;
    int parent_sync, child_sync; /* a SOCK_SEQPACKET pair; each side keeps its own */
    int start_fifo, result_fifo; /* create: descriptors the child waits on and answers through; -1 for run */
    int console_fd;              /* parent: pty master received; -1 */
    pid_t pid;
    int pidfd;
    uint64_t start_time;
    sigset_t old_mask;    /* the caller's, for the container's process */
    uint64_t ignored;     /* parent: signals that the child ignores; child: 1 if there are any */
    char *hook_bundle;    /* absolute path of the bundle where hooks need it and the caller's is not */
    int hook_files[2];    /* where the hooks that the child runs write to, -1: nowhere (runtime/hooks.h) */
    struct notify notify; /* parent */
    bool hooks_begun;     /* parent: prestart or createRuntime hooks were run, so poststop must be */
};

/* The container's first process: never returns. */
_noreturn_ void init_main(struct start *s);

/* Parent side: everything up to a child that is ready (create) or executed (run). On failure all is undone. */
int start_container(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                    bool wait_for_start, struct start *s, bool *ret_exec_failed, struct error *err);
/* Its parts, which restore uses too: an empty start; state directory, cgroup and their records; the record of pid; --pid-file; back to nothing. */
void start_init(struct start *s, struct runtime *rt, const struct oci_spec *spec,
                const struct container_options *opt);
int start_record_begin(struct start *s, bool wait_for_start, struct error *err);
int start_record_process(struct start *s, struct error *err);
int start_write_pid_file(struct start *s, struct error *err);
/* Before anything is run whose pid would have no place to be told: is there a directory for the file (NULL: none is asked for)? */
int pid_file_check(const char *path, struct error *err);
void start_undo(struct start *s);
/* run.c: until the end of a foreground container, and what is done after it. */
int start_wait_and_finish(struct start *s, const void *signals, struct container_exit *ret,
                          struct error *err);
/* start_cgroup.c: the container's cgroup, or none where that is allowed; in s->cg. */
int start_cgroup(struct start *s, struct error *err);
/* From here on descriptors are left to the kernel to be closed, by exec or exit, where the limit on them is a usual one. */
void leave_closing_to_exec(void);
/* Closes and frees what a start holds; removes nothing. */
void start_release(struct start *s);
/* Processes outside a pid namespace of the container's own outlive its first process; they are the container's all the same. */
void end_leftovers(struct start *s);
/* cgroup and state directory of a container whose processes are gone. */
int container_remove_traces(struct runtime *rt, const char *id, int dirfd, const char *cgroup_path,
                            struct error *err);

/*
 * hook_points.c: the hooks of each point of the life cycle (runtime/hooks.h). _runtime: by the parent, on SYNC_HOOKS; _create_container,
 * _start_container: by the child; _poststart, _poststop: by whoever ran the container.
 */
int hook_points_prepare(struct start *s, struct error *err);
bool hook_point_runtime_wanted(const struct oci_spec *spec);
int hook_point_runtime(struct start *s, struct error *err);
int hook_point_create_container(struct start *s, struct error *err);
int hook_point_start_container(struct start *s, struct error *err);
int hook_point_poststart(struct start *s, struct error *err);
void hook_point_poststop(struct start *s);
/* The same from the state directory. _spec: NULL when there are no hooks of the kind; free it. spec may be NULL below. */
struct oci_spec *hook_point_spec(int dirfd, enum oci_hook_kind kind);
int hook_point_poststart_of(const struct oci_spec *spec, const struct record *rec, struct error *err);
void hook_point_poststop_of(const struct oci_spec *spec, const struct record *rec);

/* sync.c: one message to or from the other side. receive: 0 = the other side is gone (it executed, or died). */
int sync_send(int fd, enum sync_kind kind, const struct error *error, int pass_fd);
int sync_receive(int fd, struct sync_message *ret, int *ret_fd, struct error *err);

/* console.c */
/* Gives the pty the size of the terminal among our descriptors 0 to 2, if one is. */
int console_size_from_terminal(int master_fd);
/* The master has come: to the engine's socket, if there is one. */
int console_take(const char *socket_path, int master_fd, struct error *err);
/* A pidfd to the socket or, without one, to where spec's annotation says (spec may be NULL). */
int pidfd_give(const char *socket_path, const struct oci_spec *spec, int pidfd, struct error *err);
/* Relays between this process's terminal and the pty until the process of pidfd has ended; signals arrive by signalfd. notify may be NULL. */
int console_relay(int master_fd, int pidfd, const sigset_t *signals, struct notify *notify,
                  struct error *err);

/* wait.c: blocks the signals that are forwarded. */
void signals_block(sigset_t *ret_old, sigset_t *ret_set);
/*
 * What the caller ignores (systemd's services SIGPIPE, nohup(1) SIGHUP), which clone and exec hand on, has its default effect again: the
 * container's program would lose its broken pipes and its hang-up.
 */
void signals_reset(void);
/* Forwards signals until the process has ended; exit code as a shell tells it. Reaps pid. notify: NULL, or what is listened to meanwhile. */
int wait_forwarding(pid_t pid, int pidfd, const sigset_t *set, struct notify *notify, int *ret_code,
                    struct error *err);
int wait_reap(pid_t pid, int *ret_code);
