// SPDX-License-Identifier: Apache-2.0
/*
 * engine/engine.h: named containers on one host: run, exec, stop, kill, rm, and what there is to know about them.
 *
 * Below the store's root (/var/lib/oakum) the engine keeps, all 0700:
 *   containers/ID/      one container, named by 64 hex digits; held by flock by the oakum that starts, ends or (in the foreground) runs it
 *     record.json       who it is and how it ended (engine/record.h); absent while it is being made
 *     config.json       the specification; containers with --rm have it in the runtime's state only
 *     monitor/          log and end of a detached container, held by flock by its keeper (monitor/monitor.h)
 *     upper/ work/      only with a writable root, or when a mount needs a target that the image does not have
 *     volumes/N/        anonymous volumes
 *   names/NAME          link whose text is the ID; symlinkat() is the claim
 *   idmap/              claims of id ranges, and who shares them (confine/idmap.h)
 *   volumes/NAME/_data  named volumes
 *   secrets/            engine/secrets.h
 *   mounts/ID/root      an image that is mounted for people (engine/view.h)
 *   skeleton/           the lowest layer of every root that is an overlay: mount points and /etc/hosts that an image may lack
 *
 * Crash safety. The order of making is: directory (locked), name, id range, upper, record, then the runtime's state and the
 * cgroup. Whatever is made is found from the directory, which goes last; so a container that was killed half-made is listed
 * and can be removed. A directory without a readable record is "damaged": listed, and removed by rm with a search of the
 * names and id ranges that point to it.
 */
#pragma once

#include "engine/options.h"
#include "engine/record.h"
#include "image/store.h"
#include "runtime/container.h"

struct engine;

/* create: make what is missing. Without it a root that is not there is an engine without containers. */
int engine_open(const char *root, const char *state, bool create, struct engine **ret, struct error *err);
void engine_close(struct engine *e);
static inline void cleanup_engine(struct engine **e)
{
    engine_close(*e);
}
#define _cleanup_engine_ __attribute__((cleanup(cleanup_engine)))

/* Borrowed; opened at the first use. */
int engine_runtime(struct engine *e, struct runtime **ret, struct error *err);
const char *engine_root(const struct engine *e);

/* The whole id of a container by id, name, or the beginning of an id that is no other's. id: 65 bytes. */
int engine_find(struct engine *e, const char *name_or_id, char *id, struct error *err);

/*
 * Before anything is printed or opened for a run: runtime_protect() from the options, for a container that will have no user
 * namespace of its own.
 */
int engine_protect(const struct run_options *opt, struct error *err);
/* A container in the foreground, from nothing to its end. code: what the shell gets; exec_failed as in container_exit. */
int engine_run(struct engine *e, const struct run_options *opt, struct container_exit *ret,
               struct error *err);

/* The same with a monitor; returns when its program was executed. id: 65 bytes. */
int engine_run_detached(struct engine *e, const struct run_options *opt, char *id, struct container_exit *ret,
                        struct error *err);
/* The same, and attached to it (engine/attach.h) from its first byte on. */
struct attach_request;
int engine_run_attached(struct engine *e, const struct run_options *opt, const struct attach_request *req,
                        struct container_exit *ret, struct error *err);
/* Made, and not started. */
int engine_create(struct engine *e, const struct run_options *opt, char *id, struct error *err);

struct start_request {
    const struct attach_request
        *attach; /* NULL, or: with our standard streams; *ret is its end then, code 0 when detached */
    const char
        *sdnotify; /* from now on, in place of what it was made with: "conmon", "healthy"; NULL: as it is */
    int lock_fd;   /* of engine_restarted(): containers/ID/monitor, locked; else -1 */
};
/* One that runs already is success. */
int engine_start(struct engine *e, const char *name_or_id, const struct start_request *req,
                 struct container_exit *ret, struct error *err);
/* What a keeper executes oakum for: to put away what is over, and to start it again. */
int engine_ended(struct engine *e, const char *id, bool by_keeper, struct error *err);
int engine_restarted(struct engine *e, const char *id, int64_t backoff_ms, int lock_fd, struct error *err);
/* stop, then start. Parameters as of engine_stop(). */
int engine_restart(struct engine *e, const char *name_or_id, int sig, int64_t timeout_s, struct error *err);
/* Until it has ended for good; at once when it does not run. 255: nobody knows its exit code. A created one is waited for. */
int engine_wait(struct engine *e, const char *name_or_id, int64_t *ret_code, struct error *err);

/* -EALREADY: it is paused; it is not paused. */
int engine_pause(struct engine *e, const char *name_or_id, struct error *err);
int engine_unpause(struct engine *e, const char *name_or_id, struct error *err);
/* Not of one that runs in the foreground: its oakum writes the record. */
int engine_rename(struct engine *e, const char *name_or_id, const char *name, struct error *err);
/*
 * Changes the budgets that o gives (blkio_weight, cpu…, cpuset…, memory…, pids_limit) and, with restart, the restart policy: of one that
 * runs at once, and for its next start. All or nothing: after an error everything is as it was.
 */
int engine_update(struct engine *e, const char *name_or_id, const struct run_options *o, bool restart,
                  struct error *err);
/* Numbers of its processes; the caller frees. */
int engine_pids(struct engine *e, const char *name_or_id, pid_t **ret, size_t *ret_n, struct error *err);

struct exec_request {
    struct arena *arena;
    struct oci_strings args, env; /* env as in run_options */
    const char *user, *workdir;   /* NULL: the container's */
    bool tty, interactive, detach;
};
int engine_exec(struct engine *e, const char *name_or_id, const struct exec_request *req,
                struct container_exit *ret, struct error *err);

int engine_kill(struct engine *e, const char *name_or_id, int sig, struct error *err);
/* timeout_s: -1 waits for ever; -2 takes the container's own. signal 0: the container's own. A stopped one is success. */
int engine_stop(struct engine *e, const char *name_or_id, int sig, int64_t timeout_s, struct error *err);
/* force: a running one is killed. */
int engine_remove(struct engine *e, const char *name_or_id, bool force, struct error *err);

/* What a container is now: the record and the runtime's word. */
enum engine_status {
    ENGINE_CREATING,
    ENGINE_CREATED,
    ENGINE_RUNNING,
    ENGINE_PAUSED,
    ENGINE_EXITED,
    ENGINE_DAMAGED,
    ENGINE_RESTARTING /* it has ended, and its monitor will start it again */
};
static inline bool engine_is_up(enum engine_status s)
{
    return s == ENGINE_RUNNING || s == ENGINE_PAUSED || s == ENGINE_RESTARTING;
}
/* Of its health checks (engine/health.h). */
enum health_status { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };
const char *health_status_name(enum health_status s); /* docker's: "none" "starting" "healthy" "unhealthy" */
struct engine_container {
    struct engine_record *record; /* for a damaged one: id alone, and why in record->error */
    enum engine_status status;
    enum health_status health;
    pid_t pid;           /* 0: none */
    uint64_t start_time; /* of pid (sys/proc.h) */
    bool unwatched;      /* it runs, and its monitor was killed */
    bool unsettled;      /* it has ended, and its monitor was killed before it could say so */
};
const char *engine_status_name(
    enum engine_status s); /* docker's: "created" "running" "exited" …, and "damaged" */
/* all: stopped ones too. Newest first. pid is 0 of most that run: engine_find_pid(). */
int engine_list(struct engine *e, bool all, struct engine_container **ret, size_t *ret_n, struct error *err);
void engine_containers_free(struct engine_container *list, size_t n);
int engine_get(struct engine *e, const char *name_or_id, struct engine_container *ret, struct error *err);
void engine_container_clear(struct engine_container *c);
/* Sets pid and start_time of one that runs, if they are not known; 0: it has ended. */
void engine_find_pid(struct engine *e, struct engine_container *c);
/*
 * boot.c: containers that are to run by their restart policy and do not, the oldest first, so that who is joined is there before who joins;
 * as docker's daemon has it when it starts, but for one that a person has stopped since the host was booted, or whose
 * policy is on-failure. Damaged ones are in the list too: nobody knows.
 */
int engine_to_boot(struct engine *e, struct engine_container **ret, size_t *ret_n, struct error *err);
/*
 * Ends all that run, with their own stop signal and time (at most timeout_s, where that is not negative), side by side; they are started again
 * by `oakum system boot`, and by nothing before it. told: for each, r as of engine_stop().
 */
int engine_shutdown(struct engine *e, int64_t timeout_s,
                    void (*told)(void *arg, const char *name, int r, const struct error *err), void *arg,
                    struct error *err);
/* What a running container has of the network "bridge" (net/net.h); -ENOENT without a message: nothing. */
int engine_lease(struct engine *e, const struct engine_container *c, struct arena *a, struct net_lease *ret,
                 struct error *err);
/* Writes the rules of the network "bridge" anew (net_reload()). */
int engine_network_reload(struct engine *e, struct error *err);
/* The specification of a container; -ENOENT when it was removed with the runtime's state. */
int engine_spec(struct engine *e, const char *id, struct oci_spec **ret, struct error *err);
/* -EBUSY and a sentence when a container is made from the image, or it is mounted (view.h). For store_remove(). arg: the engine. */
int engine_image_in_use(void *arg, const char *image_id, struct error *err);
/* The same, when one runs. */
int engine_image_running(void *arg, const char *image_id, struct error *err);

/*
 * An image from its registry into the store at root, by the program oakum-image; what it says goes to standard error. platform may be
 * NULL.
 */
int engine_pull(const char *root, const char *image, const char *platform, bool quiet, struct error *err);

/* What a container has written, or a named volume holds: bytes of regular files. */
struct engine_usage {
    const char *name;
    const char *id; /* of a container */
    int64_t size;
    bool active;  /* container: runs; volume: a container has it */
    size_t links; /* volume: containers that have it; container: volumes with a name that it has */
};
/* In the arena. A container's anonymous volumes are part of it. */
int engine_usage(struct engine *e, struct arena *a, struct engine_usage **ret_containers,
                 size_t *ret_n_containers, struct engine_usage **ret_volumes, size_t *ret_n_volumes,
                 struct error *err);
