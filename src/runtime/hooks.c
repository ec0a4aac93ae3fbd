// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a hook is a child in a session of its own. Its input is a pipe that is filled before it exists (a memfd, where the
 * document is longer than a pipe), so that nobody has to write while it runs; its two outputs are one pipe, of which the last
 * bytes are kept, or files that annotations name; whether the exec worked comes through a third one. Its end is seen by a pidfd, not by the end of its output:
 * a hook that leaves a daemon behind would hold that open.
 *
 * Threats: a descriptor of ours in a hook (the state directory's lock, the container's root): all above 2 are really closed before
 * the exec. The caller's environment in a program of the image: startContainer hooks without one get their container's. A hook that hangs: the timeout, and a signal
 * to the foreground runtime. A startContainer hook is a program of the image: it runs under all of the container's restrictions
 * (the caller's entry), never with the rights that the first process still has.
 */
#include "runtime/hooks.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/annotations.h"
#include "runtime/start.h"
#include "sys/file.h"

extern char **environ;

struct hook_run {
    const struct oci_hook *hook;
    const struct hook_entry *entry;
    const int *files;             /* [2] */
    int *own;                     /* -1: none */
    int in[2], out[2], report[2]; /* in[1]: -1 when the input is a memfd */
    int pidfd, signal_fd;
    pid_t pid;
    char output[HOOK_OUTPUT_MAX + 1];
    size_t len;
};

char *hooks_state_text(const struct hook_state *st)
{
    _cleanup_json_ json_t *o = json_object();
    json_object_set_new(o, "ociVersion", json_string(st->oci_version));
    json_object_set_new(o, "id", json_string(st->id));
    json_object_set_new(o, "status", json_string(container_status_name(st->status)));
    if (st->pid > 0)
        json_object_set_new(o, "pid", json_integer(st->pid));
    json_object_set_new(o, "bundle", json_string(st->bundle));
    if (st->annotations && st->annotations->n > 0) {
        json_t *annotations = json_object();
        for (size_t i = 0; i < st->annotations->n; i++)
            json_object_set_new(annotations, st->annotations->v[i].key,
                                json_string(st->annotations->v[i].value));
        json_object_set_new(o, "annotations", annotations);
    }
    return json_text(o, 0);
}

bool hooks_maybe(const char *config_text, size_t len, enum oci_hook_kind kind)
{
    const char *name = oci_hook_name(kind);
    /* The second: its letters may be escaped. */
    return memmem(config_text, len, name, strlen(name)) || memmem(config_text, len, "\\u00", 4);
}

/* ---- descriptors; closed for sure, since their ends are news to the other side ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void release(struct hook_run *h)
{
    int *const fds[] = { &h->in[0],     &h->in[1],     &h->out[0], &h->out[1],
                         &h->report[0], &h->report[1], &h->pidfd,  &h->signal_fd };
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close_fd(fds[i]);
}

static int input_from_memory(struct hook_run *h, const char *text, size_t len)
{
    close_fd(&h->in[0]);
    close_fd(&h->in[1]);
    h->in[0] = memfd_create("state", MFD_CLOEXEC);
    if (h->in[0] < 0)
        return -errno;
    int r = write_all(h->in[0], text, len);
    return r < 0 ? r : lseek(h->in[0], 0, SEEK_SET) < 0 ? -errno : 0;
}

/* We hold both ends of the pipe while we write, so it cannot be broken. */
static int make_input(struct hook_run *h, const char *text)
{
    size_t len = strlen(text);
    int r = pipe2(h->in, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
    if (r < 0)
        return r;
    if (write(h->in[1], text, len) != (ssize_t) len)
        return input_from_memory(h, text, len);
    close_fd(&h->in[1]);
    return fcntl(h->in[0], F_SETFL, 0) < 0 ? -errno : 0;
}

static int make_pipes(struct hook_run *h, const char *text, struct error *err)
{
    static const int interrupts[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
    sigset_t set;
    int r = make_input(h, text);
    if (r >= 0 && (pipe2(h->out, O_CLOEXEC) < 0 || fcntl(h->out[0], F_SETFL, O_NONBLOCK) < 0 ||
                   pipe2(h->report, O_CLOEXEC) < 0))
        r = -errno;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(interrupts); i++)
        sigaddset(&set, interrupts[i]);
    /* Readable when one of them is blocked and waiting for whoever blocked it; it is left to that one. */
    if (r >= 0)
        r = h->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    return r < 0 ? error_errno(err, r == -1 ? -errno : r, "cannot make the pipes of a hook") : 0;
}

/* ---- the hook's process ---- */

static const char **null_terminated(const struct oci_strings *l, const char *when_empty)
{
    const char **v = xcalloc(l->n + 2, sizeof(*v));
    for (size_t i = 0; i < l->n; i++)
        v[i] = l->v[i];
    if (l->n == 0)
        v[0] = when_empty;
    return v;
}

static char *const *environment_of(const struct hook_run *h)
{
    if (!h->hook->env.v)
        return h->entry->env ?: environ;
    return (char *const *) null_terminated(&h->hook->env, NULL);
}

static void fresh_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    signals_reset();
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int close_above_two(int report_fd)
{
    if (report_fd > 3 && sys_close_range(3, (unsigned) report_fd - 1, 0) < 0)
        return -errno;
    return sys_close_range((unsigned) report_fd + 1, UINT_MAX, 0) < 0 ? -errno : 0;
}

static int settle(struct hook_run *h, struct error *err)
{
    if (setsid() < 0)
        return error_errno(err, -errno, "cannot make a session");
    fresh_signals();
    /* Above 2 first: the descriptors may be 0 to 2 themselves, where the caller has closed its own. */
    int in = fcntl(h->in[0], F_DUPFD_CLOEXEC, 3), out = fcntl(h->out[1], F_DUPFD_CLOEXEC, 3),
        report = fcntl(h->report[1], F_DUPFD_CLOEXEC, 3);
    if (in < 0 || out < 0 || report < 0 || dup2(in, 0) < 0 ||
        dup2(h->files[0] >= 0 ? h->files[0] : out, 1) < 0 ||
        dup2(h->files[1] >= 0 ? h->files[1] : out, 2) < 0)
        return error_errno(err, -errno, "cannot set its descriptors");
    h->report[1] = report;
    if (chdir(h->entry->directory) < 0 && chdir("/") < 0)
        return error_errno(err, -errno, "cannot enter a directory");
    if (h->entry->enter)
        return h->entry->enter(h->entry->arg, *h->own, report, err);
    int r = close_above_two(report);
    return r < 0 ? error_errno(err, r, "cannot close descriptors") : 0;
}

static _noreturn_ void hook_main(struct hook_run *h)
{
    struct error err = { 0 };
    const char **argv = null_terminated(&h->hook->args, h->hook->path);
    char *const *envp = environment_of(h);
    if (settle(h, &err) >= 0) {
        execve(h->hook->path, (char **) argv, envp);
        error_errno(&err, -errno, "cannot be executed");
    }
    (void) write_all(h->report[1], &err, sizeof(err));
    _exit(127);
}

/* ---- our side ---- */

/* Keeps the last HOOK_OUTPUT_MAX bytes of what is there now. */
static void take_output(struct hook_run *h)
{
    char buf[4096];
    ssize_t n;
    for (int rounds = 0; rounds < 64 && (n = read(h->out[0], buf, sizeof(buf))) > 0; rounds++) {
        size_t more = MIN_OF((size_t) n, (size_t) HOOK_OUTPUT_MAX),
               keep = MIN_OF(h->len, HOOK_OUTPUT_MAX - more);
        memmove(h->output, h->output + h->len - keep, keep);
        memcpy(h->output + keep, buf + n - more, more);
        h->len = keep + more;
    }
}

/* One line, without control characters; "" when nothing was said. */
static const char *output_text(struct hook_run *h)
{
    h->output[h->len] = '\0';
    for (size_t i = 0; i < h->len; i++)
        if ((unsigned char) h->output[i] < 0x20 || h->output[i] == 0x7f)
            h->output[i] = ' ';
    while (h->len > 0 && h->output[h->len - 1] == ' ')
        h->output[--h->len] = '\0';
    return h->output;
}

static int kill_hook(struct hook_run *h)
{
    sys_pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
    kill(-h->pid, SIGKILL); /* not reaped yet: the number is still its own */
    return 0;
}

/* Until its end, the timeout or a signal to us. */
static int watch(struct hook_run *h, struct error *err)
{
    int64_t limit = h->hook->timeout.set ? h->hook->timeout.v * 1000 : -1, end = clock_monotonic_ms() + limit;
    for (;;) {
        struct pollfd p[] = { { .fd = h->pidfd, .events = POLLIN },
                              { .fd = h->signal_fd, .events = POLLIN },
                              { .fd = h->out[0], .events = POLLIN } };
        int64_t left = limit < 0 ? -1 : MAX_OF(end - clock_monotonic_ms(), 0);
        int n = poll(p, ARRAY_LEN(p), left > INT_MAX ? INT_MAX : (int) left);
        if (n < 0 && errno != EINTR)
            return error_errno(err, -errno, "cannot be watched");
        if (n <= 0 && limit >= 0 && clock_monotonic_ms() >= end)
            return error_set(err, -ETIMEDOUT, "has not ended within its timeout of %lld s",
                             (long long) h->hook->timeout.v);
        if (n <= 0)
            continue;
        if (p[2].revents & POLLIN)
            take_output(h);
        else if (p[2].revents) /* closed by everybody; its end is still to come */
            close_fd(&h->out[0]);
        if (p[0].revents)
            return 0;
        if (p[1].revents)
            return error_set(err, -EINTR, "was interrupted by a signal");
    }
}

static int outcome(struct hook_run *h, int status, struct error *err)
{
    struct error failed;
    if (read(h->report[0], &failed, sizeof(failed)) == (ssize_t) sizeof(failed)) {
        failed.msg[sizeof(failed.msg) - 1] = '\0';
        return error_set(err, failed.code, "%s", failed.msg);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    const char *said = output_text(h), *between = said[0] ? ": " : "";
    if (WIFSIGNALED(status))
        return error_set(err, -EIO, "was ended by signal %d%s%s", WTERMSIG(status), between, said);
    return error_set(err, -EIO, "ended with status %d%s%s", WEXITSTATUS(status), between, said);
}

static int follow(struct hook_run *h, struct error *err)
{
    int status = 0;
    close_fd(&h->in[0]);
    close_fd(&h->out[1]);
    close_fd(&h->report[1]);
    close_fd(h->own);
    int r = watch(h, err);
    if (r < 0)
        kill_hook(h);
    while (waitpid(h->pid, &status, __WALL) < 0)
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot be waited for");
    if (h->out[0] >= 0)
        take_output(h);
    if (r < 0 && h->len > 0)
        log_warn("output of hook %s: %s", h->hook->path, output_text(h));
    return r < 0 ? r : outcome(h, status, err);
}

static int run_one(const struct oci_hook *hook, const char *text, const struct hook_entry *entry,
                   const int files[2], int *own, struct error *err)
{
    int none = -1;
    struct hook_run h = { .hook = hook,
                          .files = files,
                          .own = own ?: &none,
                          .entry = entry,
                          .in = { -1, -1 },
                          .out = { -1, -1 },
                          .report = { -1, -1 },
                          .pidfd = -1,
                          .signal_fd = -1 };
    int r = make_pipes(&h, text, err);
    if (r >= 0) {
        struct clone_args args = { .flags = CLONE_PIDFD,
                                   .exit_signal = SIGCHLD,
                                   .pidfd = (uint64_t) (uintptr_t) &h.pidfd };
        h.pid = sys_clone3(&args, sizeof(args));
        if (h.pid == 0)
            hook_main(&h);
        r = h.pid < 0 ? error_errno(err, -errno, "no process could be made") : follow(&h, err);
    }
    release(&h);
    return r;
}

int hooks_files(const struct oci_spec *spec, int ret[2], struct error *err)
{
    static const char *const keys[] = { ANNOTATION_HOOKS_STDOUT, ANNOTATION_HOOKS_STDERR };
    int fds[2] = { -1, -1 };
    for (int i = 0; i < 2; i++) {
        const char *path = oci_pairs_get(&spec->annotations, keys[i]);
        if (!path)
            continue;
        fds[i] = file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0700, err);
        if (fds[i] < 0) {
            close_fd(&fds[0]);
            return error_context(err, fds[i], "annotations.%s", keys[i]);
        }
    }
    memcpy(ret, fds, sizeof(fds));
    return 0;
}

int hooks_run(const struct oci_spec *spec, enum oci_hook_kind kind, const struct hook_state *st,
              const struct hook_entry *entry, struct error *err)
{
    const struct oci_hooks *hooks = &spec->hooks[kind];
    if (hooks->n == 0)
        return 0;
    _cleanup_free_ char *text = hooks_state_text(st);
    int files[2] = { -1, -1 }, r = entry->files ? 0 : hooks_files(spec, files, err);
    for (size_t i = 0; r >= 0 && i < hooks->n; i++) {
        r = run_one(&hooks->v[i], text, entry, entry->files ?: files, entry->own ? &entry->own[i] : NULL,
                    err);
        if (r < 0)
            error_context(err, r, "hooks.%s[%zu] (%s)", oci_hook_name(kind), i, hooks->v[i].path);
    }
    close_fd(&files[0]);
    close_fd(&files[1]);
    return r;
}

void hooks_run_poststop(const struct oci_spec *spec, const struct hook_state *st)
{
    const struct oci_hooks *hooks = &spec->hooks[OCI_HOOK_POSTSTOP];
    const struct hook_entry entry = { .directory = st->bundle };
    _cleanup_free_ char *text = hooks->n > 0 ? hooks_state_text(st) : NULL;
    struct error failed = { 0 };
    int files[2] = { -1, -1 };
    if (hooks->n > 0 && hooks_files(spec, files, &failed) < 0)
        log_warn("%s", failed.msg);
    for (size_t i = 0; i < hooks->n; i++) {
        struct error err = { 0 };
        if (run_one(&hooks->v[i], text, &entry, files, NULL, &err) < 0)
            log_warn("hooks.poststop[%zu] (%s): %s", i, hooks->v[i].path, err.msg);
    }
    close_fd(&files[0]);
    close_fd(&files[1]);
}
