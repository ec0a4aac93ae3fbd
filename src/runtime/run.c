// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: run is create without the wait for start, then a wait, then what delete does. The process that runs it is the
 * container's parent, so the exit status is the kernel's own word.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/log.h"
#include "runtime/rdt.h"
#include "runtime/runtime_internal.h"
#include "runtime/start.h"
#include <sys/file.h>

#include "sys/file.h"

int container_remove_traces(struct runtime *rt, const char *id, int dirfd, const char *cgroup_path,
                            struct error *err)
{
    int r = cgroup_path ? cgroup_remove(cgroup_path, err) : 0;
    int s = state_remove(rt, id, dirfd, r < 0 ? NULL : err);
    return r < 0 ? r : s;
}

void end_leftovers(struct start *s)
{
    if (!(s->ns.create & CLONE_NEWPID) && s->cg)
        cgroup_signal(s->cg, SIGKILL, NULL);
}

static int wait_foreground(struct start *s, const sigset_t *set, int *ret_code, struct error *err)
{
    bool relayed = s->console_fd >= 0 && !s->opt->console_socket;
    int r = 0;
    if (relayed)
        r = console_relay(s->console_fd, s->pidfd, set, &s->notify, err);
    if (r < 0)
        return r;
    if (relayed) /* until its end, and the relay has taken the signal that told of it */
        return wait_reap(s->pid, ret_code);
    return wait_forwarding(s->pid, s->pidfd, set, &s->notify, ret_code, err);
}

/* While we waited without the lock, a delete may have taken everything away, and the id may be another container's by now. */
static bool is_deleted(const struct start *s)
{
    struct stat st;
    file_lock(s->dirfd, LOCK_EX, s->opt->id, NULL);
    return fstat(s->dirfd, &st) == 0 && st.st_nlink == 0;
}

/* pause and update join hierarchies that we have not made and do not know. */
static int remove_cgroup(struct start *s, struct error *err)
{
    return !s->cg                      ? 0
           : state_has_grown(s->dirfd) ? cgroup_remove(s->cgroup_path, err)
                                       : cgroup_destroy(s->cg, err);
}

static int finish(struct start *s, struct error *err)
{
    end_leftovers(s);
    if (s->opt->keep || is_deleted(s))
        return 0;
    int r = remove_cgroup(s, err);
    if (r >= 0 && s->spec->linux_.intel_rdt.set)
        r = rdt_forget(s->dirfd, s->opt->id, err);
    int t = container_remove_traces(s->rt, s->opt->id, s->dirfd, NULL, r < 0 ? NULL : err);
    hook_point_poststop(s);
    return r < 0 ? r : t;
}

/* Hooks may use our other commands on the container, so the lock is not held. One that fails ends the container. */
static int run_poststart(struct start *s, struct error *err)
{
    int code;
    file_lock(s->dirfd, LOCK_UN, s->opt->id, NULL);
    int r = hook_point_poststart(s, err);
    if (r >= 0)
        return 0;
    sys_pidfd_send_signal(s->pidfd, SIGKILL, NULL, 0);
    wait_reap(s->pid, &code);
    finish(s, NULL);
    return r;
}

int start_wait_and_finish(struct start *s, const void *signals, struct container_exit *ret, struct error *err)
{
    file_lock(s->dirfd, LOCK_UN, s->opt->id, NULL);
    int r = wait_foreground(s, signals, &ret->code, err);
    int f = finish(s, r < 0 ? NULL : err);
    return r < 0 ? r : f;
}

#define LEFT_OPEN 128

void leave_closing_to_exec(void)
{
    struct rlimit files;
    if (cleanup_close_floor == 0 && getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur >= 4 * LEFT_OPEN)
        cleanup_close_floor = LEFT_OPEN;
}

int run_null_stdin(struct error *err)
{
    _cleanup_close_ int fd = file_open(AT_FDCWD, "/dev/null", O_RDONLY, 0, err);
    if (fd < 0)
        return fd;
    return dup2(fd, STDIN_FILENO) < 0 ? error_errno(err, -errno, "cannot close standard input") : 0;
}

int container_run(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                  struct container_exit *ret, struct error *err)
{
    struct start s;
    sigset_t set, entry;
    *ret = (struct container_exit){ .code = 125 };
    int r = opt->keep_stdin_closed && !spec->process.terminal ? run_null_stdin(err) : 0;
    if (r < 0)
        return r;
    if (opt->last_call)
        leave_closing_to_exec();
    signals_block(&entry, &set);
    s.old_mask = opt->signal_mask ? *(const sigset_t *) opt->signal_mask : entry;
    r = start_container(rt, spec, opt, false, &s, &ret->exec_failed, err);
    if (r < 0) {
        if (ret->exec_failed)
            ret->code = process_exec_code(r);
        sigprocmask(SIG_SETMASK, &entry, NULL);
        return r;
    }
    /* The lock is for changes; readers and exec must get at a running container. */
    if (spec->hooks[OCI_HOOK_POSTSTART].n > 0)
        r = run_poststart(&s, err);
    if (r >= 0 && opt->detach) {
        file_lock(s.dirfd, LOCK_UN, opt->id, NULL);
        notify_wait(&s.notify, s.pid, s.pidfd, &entry);
        ret->code = 0;
    } else if (r >= 0) {
        r = start_wait_and_finish(&s, &set, ret, err);
    }
    if (opt->last_call)
        return r;
    sigprocmask(SIG_SETMASK, &entry, NULL);
    start_release(&s);
    return r;
}
