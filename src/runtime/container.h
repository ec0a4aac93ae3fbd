// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/container.h: the life cycle of one container (OCI runtime-spec, runtime.md): create, start, run, exec, kill, delete,
 * state, list, ps. It takes an OCI specification and knows no image. `oakum-runtime` is a thin command line over it, and
 * `oakum run` calls it in its own process.
 *
 * State. Below the runtime's root (/run/oakum, or --root) each container has a directory named by its id, mode 0700:
 *   lock        by flock on the directory itself; dies with its holder
 *   cgroup      symbolic link whose text is the cgroup's handle (a path, or manager and unit of systemd; confine/cgroup.h); made
 *               before the cgroup is, so that a killed create can be cleaned
 *   config.json the specification that is enforced, as given
 *   state.json  written (rename) when the process exists: pid, its start time, bundle, creation time, …
 *   start, result   FIFOs between create and start
 *   notify      directory of the socket on which the program says that it is ready; only with NOTIFY_SOCKET (runtime/notify.h)
 * A directory without state.json belongs to a create that is under way or was killed: it is listed as "creating" and delete
 * --force (or delete, when no process holds its lock) removes it with its cgroup. Status is derived, never stored: stopped = no
 * process with that pid and start time; created = somebody still holds the start FIFO open for reading; else running.
 *
 * Ids: 1–255 characters of [A-Za-z0-9_+.-], not beginning with '.'.
 */
#pragma once

#include "oci/spec.h"

struct runtime; /* an opened runtime root */

/* Opens (and makes, 0700) the root; it must be a directory that only we can write. */
int runtime_open(const char *root, struct runtime **ret, struct error *err);
void runtime_close(struct runtime *rt);
/*
 * For programs that call container_run(), _create() or _exec(), before they have done anything else: 0 when the container's root cannot
 * write to this program's file (CVE-2019-5736), by its ids or since the program runs from a read-only mount (sys/self.h).
 */
int runtime_protect(const struct oci_spec *spec, struct error *err);
/* For an ordinary user, before runtime_protect() for exec: into the user namespace in which the container was made. */
int runtime_enter(struct runtime *rt, const char *id, struct error *err);

/* Connects the network namespace of pid, the container's first process, which waits meanwhile. proc_fd: the host's procfs. */
typedef int container_network_fn(void *arg, int proc_fd, pid_t pid, struct error *err);

struct container_options {
    const char *id; /* required */
    const char *
        bundle; /* directory of the bundle: relative root.path and mount sources start there; recorded in the state */
    const char *config_text; /* the specification as JSON, kept as config.json; NULL: made from the spec */
    const char *pid_file;    /* NULL: none */
    const char
        *console_socket; /* AF_UNIX socket path that receives the pty master (process.terminal); NULL: none */
    const char *
        pidfd_socket; /* the same for a pidfd of the first process; NULL: none, or what run.oci.pidfd_receiver says */
    const char *
        notify_socket; /* the service manager's socket, told when the program says READY=1 to NOTIFY_PATH (sd_notify(3)); NULL: none */
    const int *
        namespaces; /* NULL, or OCI_NS_KINDS descriptors: taken in place of the path of linux.namespaces (-1: none) */
    const struct mount_given *given; /* n_given mounts that are there already (confine/mounts.h) */
    size_t n_given;
    container_network_fn *network; /* NULL: nothing is done */
    void *network_arg;
    unsigned preserve_fds; /* descriptors 3..3+n-1 are passed to the process */
    bool no_pivot;         /* chroot-like move instead of pivot_root */
    bool no_new_keyring;
    bool init;              /* run oakum's tiny init as pid 1, the process as its child */
    bool keep_stdin_closed; /* stdin is /dev/null (docker run without -i) */
    bool systemd_cgroup;    /* the systemd driver: linux.cgroupsPath is SLICE:PREFIX:NAME */
    bool no_cgroup;         /* no cgroup is made, and no limit enforced (--cgroup-manager disabled) */
    bool
        warn_only_rlimits; /* an rlimit that may not be raised on this host is logged instead of an error (engine defaults) */
    bool keep;   /* run: do not delete when it ends */
    bool detach; /* run: return when the process has started */
    bool
        last_call; /* run: this process ends right after; what the kernel takes back by itself is left to it */
    const void *
        signal_mask; /* sigset_t that the program begins with, for a caller that holds signals back itself; NULL: the caller's present one */
    bool die_with_parent; /* the container is killed when this process dies (foreground run) */
};

/* Where the container finds its notify socket; whoever gives options.notify_socket puts it into process.env. */
#define NOTIFY_DIRECTORY "/run/notify"
#define NOTIFY_NAME "notify.sock"
#define NOTIFY_PATH NOTIFY_DIRECTORY "/" NOTIFY_NAME

/* What a finished foreground process left: exit code as a shell tells it (128+n for signal n). */
struct container_exit {
    int code;
    bool
        exec_failed; /* the program could not be executed: code is 126 (not executable) or 127 (not found) and err has the reason */
};

int container_create(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                     struct error *err);
/* notify_socket: as in container_options, for a container that was created with one: returns when it is ready, or has ended. NULL: none. */
int container_start(struct runtime *rt, const char *id, const char *notify_socket, struct error *err);
/*
 * create + start + wait + delete in one: signals SIGHUP SIGINT SIGQUIT SIGTERM SIGUSR1 SIGUSR2 SIGWINCH… are forwarded; with
 * process.terminal and no console socket a pty is relayed to this process's stdin/stdout in raw mode (restored on every way
 * out). Without a terminal, stdin, stdout and stderr are the caller's own descriptors, untouched.
 * Returns 0 and *ret, or a negative errno when the container could not be started (then ret->exec_failed may still be set).
 */
int container_run(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                  struct container_exit *ret, struct error *err);

struct exec_options {
    /* What container_spec() has given for this id, or NULL. Spares a second parse if the container is still the same. */
    struct oci_spec *spec;
    const char *pid_file, *console_socket, *pidfd_socket;
    struct oci_strings cgroups; /* "[CONTROLLER,...:]PATH" below the container's cgroup; each must be there */
    unsigned preserve_fds;
    bool detach;
    bool keep_stdin_closed;
    bool ignore_paused; /* of a paused container too: the process begins when it is resumed */
};
/* Runs process in the running container id under all of the container's restrictions (seccomp, capabilities bound, no_new_privs, cgroup, Landlock). */
int container_exec(struct runtime *rt, const char *id, const struct oci_process *process,
                   const struct exec_options *opt, struct container_exit *ret, struct error *err);
/* The specification a container was created with (state directory's config.json). */
int container_spec(struct runtime *rt, const char *id, struct oci_spec **ret, struct error *err);

enum container_status {
    CONTAINER_CREATING,
    CONTAINER_CREATED,
    CONTAINER_RUNNING,
    CONTAINER_PAUSED,
    CONTAINER_STOPPED
};
const char *container_status_name(enum container_status s);

struct container_state {
    struct arena *arena;
    const char *id, *bundle, *rootfs, *created, *oci_version; /* created: RFC 3339 */
    const char *cgroup_path;                                  /* a handle (confine/cgroup.h) */
    enum container_status status;
    pid_t pid;           /* 0 unless there is a live process */
    uint64_t start_time; /* of pid (sys/proc.h) */
    uint32_t owner_uid;
    struct oci_pairs annotations;
};
/* -ENOENT when there is no such container. */
int container_state(struct runtime *rt, const char *id, struct container_state **ret, struct error *err);
/*
 * The same of a container that was started and whose process the caller knows to be there, since its parent is and has not told its end:
 * without asking the kernel, but whether one that was paused (by container_pause()) still is. -ENOENT too when it is not made yet.
 */
int container_glance(struct runtime *rt, const char *id, struct container_state **ret, struct error *err);
/* It was paused or updated since its start. Only such a one can be paused by us. */
bool container_was_changed(struct runtime *rt, const char *id);
void container_state_free(struct container_state *st);
/* The state document of the specification (ociVersion, id, status, pid, bundle, annotations) plus rootfs, created, owner. New reference. */
json_t *container_state_to_json(const struct container_state *st);
/* All containers, sorted by id. Damaged entries are listed as creating, never left out. Caller frees each and the array. */
int container_list(struct runtime *rt, struct container_state ***ret, size_t *ret_n, struct error *err);
/* Sends sig to the init process, or with all to every process of its cgroup. A stopped container: -ESRCH unless all. */
int container_kill(struct runtime *rt, const char *id, int sig, bool all, struct error *err);
/* A running container is refused unless force (SIGKILL, waits for the end). Removes cgroup and state. force: absent is success. */
int container_delete(struct runtime *rt, const char *id, bool force, struct error *err);
/*
 * Checkpoint and restore, by the program criu. Images are its; beside them descriptors.json says what stdin, stdout and stderr were
 * (as runc's: three strings). A container with a control that criu would lose on the way (Landlock, seccomp notification, memory
 * policy, moved network devices, a terminal, …) is refused by name.
 */
struct criu_options {
    const char *program;     /* NULL: criu in PATH */
    const char *image_path;  /* required; made (0700) by a checkpoint */
    const char *work_path;   /* where its log goes; NULL: image_path */
    const char *parent_path; /* checkpoint: images of a pre-dump, relative to image_path; NULL: none */
    const char *manage_cgroups_mode;             /* as criu's --manage-cgroups; NULL: soft */
    const char *page_server;                     /* checkpoint: ADDRESS:PORT; NULL: none */
    const char *lsm_profile, *lsm_mount_context; /* restore; NULL: as they were */
    struct oci_strings empty_ns;                 /* "network": made without its content */
    struct opt_i64 status_fd; /* checkpoint: criu writes a NUL byte to it when it is ready to send pages */
    bool leave_running, pre_dump, tcp_established, tcp_close, skip_in_flight, ext_unix_sk, shell_job,
        file_locks, link_remap, lazy_pages, auto_dedup;
};
/* The container ends and is deleted, unless leave_running or pre_dump. */
int container_checkpoint(struct runtime *rt, const char *id, const struct criu_options *opt,
                         struct error *err);
/* A new container with the processes of the images, as container_run(): waits for its end, or returns at once with opt->detach. */
int container_restore(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                      const struct criu_options *criu, struct container_exit *ret, struct error *err);

/* Freezes a running container. -EALREADY: it is paused. */
int container_pause(struct runtime *rt, const char *id, struct error *err);
int container_resume(struct runtime *rt, const char *id, struct error *err);
/*
 * Changes the limits that res gives (confine/cgroup.h) and the two schemas of rdt (NULL: as they are; -EPERM without a class of the
 * container's own), leaves the others, and records them in the state directory's config.json. After an error the budgets of memory,
 * processors, processes and the I/O weight are as they were.
 */
int container_update(struct runtime *rt, const char *id, const struct oci_resources *res,
                     const struct oci_intel_rdt *rdt, struct error *err);
/*
 * What update records: what from gives is taken over, of lists each item in the place of the one for the same device, page size or
 * name, as the kernel has it, but device rules as a whole; 0 is "not given" where confine/cgroup.h says so. Points into from.
 * swap_apart: as cgroup_swap_apart(), for memory.swap when memory.limit alone is given.
 */
void resources_merge(struct arena *a, struct oci_resources *to, const struct oci_resources *from,
                     bool swap_apart);
/* "data" of a stats event (confine/cgroup_stats.h; new reference), and how many processes were killed for lack of memory so far. ret NULL: only that. -ESRCH: it does not run. */
int container_stats(struct runtime *rt, const char *id, json_t **ret, uint64_t *ret_oom_kills,
                    struct error *err);
int container_ps(struct runtime *rt, const char *id, pid_t **ret, size_t *ret_n, struct error *err);
/* Waits until the init process has ended or timeout_ms (-1: for ever) is over; returns 1 ended, 0 timed out. */
int container_wait(struct runtime *rt, const char *id, int timeout_ms, struct error *err);

/* Signal number of "TERM", "SIGTERM", "15", "RTMIN+3" (any case); -EINVAL. */
int signal_parse(const char *name, int *ret);
/* "SIGTERM", or NULL. */
const char *signal_name(int sig);
