// SPDX-License-Identifier: Apache-2.0
/*
 * engine/health_run.c: one health check. This process, which is a child of the container's keeper, makes another one that executes the
 * check as `oakum exec` would: with the container's user, capabilities, filter, cgroup. This one waits for it, no longer than the
 * time-out, and keeps the last of what it wrote.
 *
 * Threat: the check is a program of the container's. It may never end, write without end, fork, be put on a file system that does
 * not answer: whatever it does is done to a child of ours that is killed when the time is over; its output goes through a buffer of
 * fixed size and is read at a bounded pace, since our processor time is not the container's.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/health_internal.h"
#include "runtime/container.h"
#include "sys/file.h"

#define GRACE_MS 2000         /* for the end of what was killed */
#define FREE_BYTES (1u << 20) /* of output that are read at full speed */
#define READ_MAX 65536

/* From the child to us. */
struct verdict {
    int failed; /* it could not be executed */
    char why[512];
};

struct check {
    struct engine *e;
    const char *id;
    const struct oci_strings *args;
    struct health_processes processes;
    struct verdict *verdict;
    int pipe[2];
    pid_t pid;
    int pidfd, status;
    char tail[HEALTH_OUTPUT_MAX];
    size_t at, total; /* at: where the oldest byte of a full tail is */
};

static int execute(const struct check *k, struct container_exit *end, struct error *err)
{
    struct runtime *rt;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct exec_options opt = { .keep_stdin_closed = true };
    int r = engine_runtime(k->e, &rt, err);
    if (r == 0)
        r = container_spec(rt, k->id, &spec, err);
    if (r < 0 || spec == NULL)
        return r;
    struct oci_process process = spec->process;
    process.args = *k->args;
    process.terminal = false;
    opt.spec = spec;
    if (k->processes.cgroup != NULL)
        oci_strings_add(spec->arena, &opt.cgroups, HEALTH_CGROUP);
    return container_exec(rt, k->id, &process, &opt, end, err);
}

static _noreturn_ void child(struct check *k)
{
    struct container_exit end = { .code = 125 };
    struct error err = { 0 };
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    setsid();
    if (dup2(k->pipe[1], STDOUT_FILENO) < 0 || dup2(k->pipe[1], STDERR_FILENO) < 0)
        _exit(125);
    close(k->pipe[0]);
    close(k->pipe[1]);
    if (execute(k, &end, &err) < 0) {
        k->verdict->failed = 1;
        memcpy(k->verdict->why, err.msg, MIN_OF(sizeof(k->verdict->why) - 1, strlen(err.msg)));
    }
    _exit(end.code);
}

static void keep_tail(struct check *k, const char *data, size_t n)
{
    k->total += n;
    if (n >= sizeof(k->tail)) {
        memcpy(k->tail, data + n - sizeof(k->tail), sizeof(k->tail));
        k->at = 0;
        return;
    }
    size_t first = MIN_OF(n, sizeof(k->tail) - k->at);
    memcpy(k->tail + k->at, data, first);
    memcpy(k->tail, data + first, n - first);
    k->at = (k->at + n) % sizeof(k->tail);
}

/* 1: there may be more. */
static int take_output(struct check *k)
{
    char block[READ_MAX];
    ssize_t n = read(k->pipe[0], block, sizeof(block));
    if (n > 0)
        keep_tail(k, block, (size_t) n);
    if (k->total > FREE_BYTES)
        poll(NULL, 0, 1);
    return n > 0;
}

static bool reap(struct check *k)
{
    return waitpid(k->pid, &k->status, WNOHANG) == k->pid;
}

/* Whether it ended before the deadline (ms of the monotonic clock). */
static bool await(struct check *k, int64_t deadline)
{
    int output = k->pipe[0];
    while (!reap(k)) {
        int64_t left = deadline - clock_monotonic_ms();
        if (left <= 0)
            return false;
        struct pollfd p[] = { { .fd = k->pidfd, .events = POLLIN }, { .fd = output, .events = POLLIN } };
        poll(p, ARRAY_LEN(p), (int) MIN_OF(left, (int64_t) INT32_MAX));
        if (p[1].revents != 0 && !take_output(k))
            output = -1;
    }
    return true;
}

static int begin(struct check *k, struct error *err)
{
    struct runtime *rt;
    struct container_state *st = NULL;
    int r = engine_runtime(k->e, &rt, err);
    if (r == 0)
        r = container_state(rt, k->id, &st, err);
    if (r < 0 || st == NULL)
        return r == -ENOENT ? -ESRCH : r;
    /* What it leaves without a parent is ours, and nobody's zombie keeps the container's pid namespace from ending. */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    health_processes_begin(&k->processes, st->cgroup_path);
    container_state_free(st);
    if (pipe2(k->pipe, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    fcntl(k->pipe[0], F_SETFL, O_NONBLOCK);
    k->pid = fork();
    if (k->pid == 0)
        child(k);
    close(k->pipe[1]);
    if (k->pid < 0)
        return error_errno(err, -errno, "cannot make a process");
    k->processes.top = k->pid;
    k->pidfd = sys_pidfd_open(k->pid, 0);
    return k->pidfd < 0 ? error_errno(err, -errno, "cannot watch a process") : 0;
}

/* "1m30s", "1.5s", "250ms": as Go writes a duration. */
static void duration_text(int64_t ns, char *buf, size_t size)
{
    int64_t s = ns / 1000000000, h = s / 3600, m = s / 60 % 60;
    double rest = (double) (ns % 60000000000LL) / 1e9;
    int r = ns < 1000000000 ? str_format(buf, size, "%gms", (double) ns / 1e6)
            : h > 0         ? str_format(buf, size, "%lldh%lldm%gs", (long long) h, (long long) m, rest)
            : m > 0         ? str_format(buf, size, "%lldm%gs", (long long) m, rest)
                            : str_format(buf, size, "%gs", rest);
    if (r < 0)
        buf[0] = '\0';
}

static const char *output_of(const struct check *k, struct arena *a)
{
    bool full = k->total > sizeof(k->tail);
    char whole[HEALTH_OUTPUT_MAX];
    size_t n = MIN_OF(k->total, sizeof(k->tail)), from = full ? k->at : 0;
    memcpy(whole, k->tail + from, n - from);
    memcpy(whole + n - from, k->tail, from);
    return health_output(a, whole, n, full);
}

static void judge(const struct check *k, bool in_time, int64_t timeout, struct arena *a,
                  struct health_result *ret)
{
    char limit[48];
    ret->output = output_of(k, a);
    ret->exit_code = -1;
    if (!in_time) {
        duration_text(timeout, limit, sizeof(limit));
        ret->output = arena_printf(a, "Health check exceeded timeout (%s)%s%s", limit,
                                   ret->output[0] != '\0' ? ": " : "", ret->output);
    } else if (k->verdict->failed) {
        ret->output = health_output(a, k->verdict->why, strlen(k->verdict->why), false);
    } else {
        ret->exit_code = WIFEXITED(k->status) ? WEXITSTATUS(k->status) : 128 + WTERMSIG(k->status);
    }
}

static void now_text(struct arena *a, const char **ret)
{
    char now[CLOCK_TEXT_MAX];
    clock_now_text(now);
    *ret = arena_strdup(a, now);
}

/* The rest of its processes, and of ours. */
static void finish(struct check *k, bool in_time)
{
    int64_t end = clock_monotonic_ms() + GRACE_MS;
    health_processes_kill(&k->processes);
    if (!in_time && !await(k, end)) {
        kill(k->pid, SIGKILL);
        health_processes_kill(&k->processes); /* it may have made one meanwhile */
        while (!reap(k) && clock_monotonic_ms() < end + GRACE_MS)
            poll(NULL, 0, 5);
    }
    while (take_output(k) && k->total <= FREE_BYTES) {}
    health_processes_end(&k->processes);
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
}

int health_execute(struct engine *e, const char *id, const struct oci_strings *args, int64_t timeout,
                   struct arena *a, struct health_result *ret, struct error *err)
{
    struct check *k = xcalloc(1, sizeof(*k));
    *k = (struct check){ .e = e, .id = id, .args = args, .pipe = { -1, -1 }, .pidfd = -1 };
    k->verdict = mmap(NULL, sizeof(*k->verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int64_t deadline = clock_monotonic_ms() + timeout / 1000000;
    now_text(a, &ret->start);
    int r = k->verdict == MAP_FAILED ? error_errno(err, -errno, "cannot map memory") : begin(k, err);
    if (r == 0) {
        bool in_time = await(k, deadline);
        finish(k, in_time);
        now_text(a, &ret->end);
        judge(k, in_time, timeout, a, ret);
    } else if (k->pid > 0) {
        kill(k->pid, SIGKILL);
        waitpid(k->pid, NULL, 0);
    }
    health_processes_end(&k->processes);
    cleanup_close(&k->pidfd);
    cleanup_close(&k->pipe[0]);
    if (k->verdict != MAP_FAILED)
        munmap(k->verdict, sizeof(*k->verdict));
    free(k);
    return r;
}
