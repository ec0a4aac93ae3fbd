// SPDX-License-Identifier: Apache-2.0
/* engine/engine_internal.h: what the files of the engine share. */
#pragma once

#include <signal.h>

#include "confine/mounts.h"
#include "engine/attach.h"
#include "engine/engine.h"
#include "engine/spec_build.h"
#include "monitor/monitor.h"

#define HOLDER_MS 10000 /* how long the oakum that runs a container may take to clean up after it has ended */

/* changes.c: the directory with what a container has written into its root; -ENOENT, without a message, when it has none. */
int engine_upper_open(struct engine *e, const char *id, struct error *err);

/* list.c: what a container is now; dirfd may be negative: something in containers/ that is no directory of ours. */
void engine_look(struct engine *e, const char *id, int dirfd, struct engine_container *ret);

struct engine {
    char *root, *state;
    bool create;
    int root_fd;                                       /* -1: there is none, and it was not to be made */
    int containers_fd, names_fd, idmap_fd, secrets_fd; /* -1 until used */
    struct runtime *rt;
};

enum engine_dir { ENGINE_CONTAINERS, ENGINE_NAMES, ENGINE_IDMAP, ENGINE_SECRETS };
/* Borrowed descriptor of one of the directories, made when the engine may; -ENOENT when it may not and there is none. */
int engine_dir(struct engine *e, enum engine_dir which, struct error *err);

/*
 * Opens and locks (LOCK_EX, LOCK_NB or not) a container's directory. wait_ms: how long to try while another oakum holds it; -1
 * does not lock at all. Descriptor, -ENOENT, or -EBUSY "is held by another oakum".
 */
int engine_open_container(struct engine *e, const char *id, int wait_ms, struct error *err);

/*
 * Takes away all that a container has: runtime state and cgroup (with kill), id range, name, directory, whose
 * lock the caller holds. record NULL: it cannot be read, then names and ranges are searched.
 */
int engine_teardown(struct engine *e, const char *id, const struct engine_record *record, bool ask_runtime,
                    struct error *err);

/* Mounts that are made before the runtime begins: /dev/shm of the container whose ipc namespace is joined; the ramfs of secrets. */
enum launch_given { LAUNCH_SHM, LAUNCH_SECRETS, LAUNCH_GIVEN };

/* What a run needs of its image and host. */
struct launch {
    struct engine *e;
    const struct run_options *opt;
    struct arena *a;
    struct store_image *image;
    const char **layers; /* lowest first, the skeleton among them where it is wanted */
    size_t n_layers;
    const char **volumes; /* one a mount of opt, NULL where it is not a volume */
    char id[65], name[129];
    char *directory;     /* of the container, absolute */
    const char *cidfile; /* it was written; launch_undo() takes it away. NULL: not */
    int dirfd;
    uint32_t range_first, rootless_ids;
    bool range_claimed, name_claimed, upper;
    int exit_fd; /* detached_start() sets it: the exit file, for who is attached; -1 */
    int attached; /* the scribe's end of a socket, for who starts a container and is attached (monitor/attach.h); -1 */
    struct spec_joins joins;
    int namespaces[OCI_NS_KINDS];           /* descriptors of what joins names, -1: none */
    struct mount_given given[LAUNCH_GIVEN]; /* fd -1, destination NULL: none */
    struct oci_pairs joined;                /* flag → id of the container that is joined */
    const char *ids_of; /* id of the container whose user namespace is joined, and its range shared; NULL */
    struct user_identity user;
    const char *user_source;
    struct oci_spec *spec;
    struct oci_pairs sources;
    struct engine_record *record;
};

/*
 * run.c. The order: init, prepare (nothing is made), make (all but the process; *ret_config is the caller's), run or detached_start;
 * undo takes away what was made.
 */
struct signals_held {
    sigset_t old, held;
};
void launch_init(struct launch *l, struct engine *e, const struct run_options *opt);
int launch_prepare(struct launch *l, struct error *err);
int launch_make(struct launch *l, char **ret_config, struct error *err);
int launch_run(struct launch *l, const struct signals_held *hold, const char *config,
               struct container_exit *ret, struct error *err);
void launch_keep_end(struct launch *l, const char *started, int code);
void launch_undo(struct launch *l, bool ask_runtime);
void launch_free(struct launch *l);

/* flag_names.c: puts the flag before an error that begins with a field of the specification. Returns r. */
int launch_name_flag(int r, struct error *err);

/* usage.c: bytes of regular files below path; what cannot be read counts as nothing. */
int64_t engine_size_below(int dirfd, const char *path);

/* signals_hold.c */
void signals_hold(struct signals_held *h);
/* A signal that is waiting, 0 if there is none. */
int signals_waiting(const struct signals_held *h);
void signals_release(const struct signals_held *h, int swallow);

/*
 * detached.c: the container of l with a monitor of its own (monitor/monitor.h); l->record->runs and the like must be as they are to
 * be. lock_fd: containers/ID/monitor, locked, or -1. Returns when the program was executed; end as of container_run().
 */
int detached_start(struct launch *l, const struct signals_held *hold, const char *config, int lock_fd,
                   struct container_exit *end, struct error *err);
/* The service manager's socket when this is the container's --sdnotify (mode NULL: any), else NULL. */
const char *sdnotify_manager(const struct engine_record *r, const char *mode);
/* A new keeper for a running container whose keeper was killed. Success too when another one was faster. */
int detached_adopt(struct engine *e, const struct engine_container *c, struct error *err);
/* enum restart_policy of the record. */
uint64_t monitor_policy_of(const struct engine_record *r);
/* Opens containers/ID/monitor, dirfd being ID. */
int monitor_dir(int dirfd, bool create, struct error *err);
/* Opens .monitor/ID of the state directory. create: anew and empty. */
int monitor_state(struct engine *e, const char *id, bool create, struct error *err);
void monitor_state_remove(struct engine *e, const char *id);

/* life.c: until the oakum that runs it, or its monitor, has put everything away. */
int engine_wait_for_holder(struct engine *e, const char *id, struct error *err);
/* life.c: the politely asked end of a running container, as engine_stop(), that leaves the restart policy as it is. */
int engine_end(struct engine *e, const struct engine_record *rec, int sig, int64_t timeout_s,
               struct error *err);
/* health.c: the results of health checks outlive the run. */
void health_keep(struct engine *e, const char *id, int dirfd);

/* watch.c: what a detached container's monitor says. */
bool monitor_alive(int dirfd);
/* Reads the exit file into the record: 1 it has ended, 0 not yet, or -errno. */
int monitor_exit_read(int dirfd, struct engine_record *r, bool *ret_restart);
/* exit file's text. */
int monitor_exit_parse(const char *text, size_t len, struct engine_record *r, bool *ret_restart,
                       struct error *err);
/* A person has ended it: no restart. Wakes the keeper. Nothing for a container without a monitor. */
void monitor_mark_stopped(struct engine *e, const char *id);
/* A shutdown has ended it: no restart before the next `oakum system boot`. Both wake and ask the same place. */
void monitor_mark_shut_down(struct engine *e, const char *id);
bool monitor_shut_down(struct engine *e, const char *id);
/* The keeper decides by the record's restart policy from now on. One without a keeper reads the record when it gets one. */
int monitor_tell_policy(struct engine *e, const struct engine_record *r, struct error *err);
/* Until no keeper is there any more. -ETIMEDOUT. */
int monitor_wait_gone(struct engine *e, const char *id, int timeout_ms, struct error *err);
/*
 * Takes over what a killed monitor has left: a running container gets a new one, and one that has ended is put away. *c is looked at
 * anew then. Failure is a warning.
 */
void engine_tend(struct engine *e, struct engine_container *c);

/* boot.c: of the running kernel; "" when it cannot be read. */
const char *engine_boot_id(void);
/* The run that the record tells of began on a kernel that is not the running one: nothing of it lives. */
bool engine_other_boot(const struct engine_record *r);

/* log_options.c: what the record says of its log, labels being there. */
int record_log(struct engine_record *r, const struct run_options *o, const struct oci_strings *env,
               struct error *err);
/* Is there anybody who takes what a container's log driver sends? */
int log_driver_check(const struct engine_record *r, struct error *err);
/* monitor_options of the record's log. */
void log_driver_words(const struct engine_record *r, struct monitor_options *to);
/* Its log is another program's: -ENODATA and where it is to be read. */
int log_driver_readable(const struct engine_record *r, struct error *err);

/* attach.c */
/* detached_start(), and attached to it until detached or the end. *ret_started: what fails then is not the start. */
int attach_start(struct launch *l, const struct signals_held *hold, const char *config, int lock_fd,
                 const struct attach_request *req, bool *ret_started, struct container_exit *ret,
                 struct error *err);

/* start.c: the exit file of the present run, which stays readable for us when the container is removed; and whether it says something. */
int monitor_exit_open(struct engine *e, const char *id);
bool monitor_exit_code(int fd, int64_t *ret_code);

/* image.c */
int launch_find_image(struct launch *l, struct error *err);
int launch_find_user(struct launch *l, struct error *err);
int launch_plan_root(struct launch *l, struct error *err);
/* After the record was written: -ENOENT when the image was removed meanwhile. */
int launch_keep_layers(struct launch *l, struct error *err);
/* pull.c: the image by oakum-image. */
int launch_pull(struct launch *l, struct error *err);
/* Asks the policy of the day about an image that came from a registry; by oakum-image, and only where something is asked for. */
int launch_verify(struct launch *l, struct error *err);
/* claims.c */
int launch_claim(struct launch *l, struct error *err);
/* name_claim(), and again when the name is one that a killed process has left. The container is locked by us. */
int engine_claim_name(struct engine *e, const char *name, const char *id, struct error *err);
int launch_make_files(struct launch *l, struct error *err);
/* joins.c: sets joins, namespaces, joined, ids_of, and range_first of the latter. */
int launch_resolve_joins(struct launch *l, struct error *err);
void launch_close_joins(struct launch *l);
/* network.c. check: whether this user can have what was asked for. files: hosts and resolv.conf, in l->dirfd. */
int network_check(const struct launch *l, struct error *err);
int network_files(struct launch *l, struct error *err);
int network_record(const struct launch *l, struct engine_record *r, struct error *err);
/* For container_options, with l; by l->record and l->spec. */
container_network_fn network_attach;
container_network_fn *network_for(const struct launch *l);
/* What its last run had, if it was on a bridge; failure is a warning. */
void network_release(struct engine *e, const struct engine_record *r);
/* launch_spec.c */
int launch_build_spec(struct launch *l, struct error *err);
int launch_write_record(struct launch *l, struct error *err);
