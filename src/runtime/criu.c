// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: arguments are collected, then criu is executed in a child and waited for. Its output goes to a memory file; on
 * failure the last line in its log that says "Error" and is no mere summary becomes our message.
 *
 * Threats: criu runs with all of root's rights; it is executed by an absolute path that was found once, and inherits no
 * descriptor but those that are passed on purpose.
 */
#include "runtime/criu.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "runtime/annotations.h"
#include "sys/file.h"
#include "sys/program.h"

#define DEFAULT_CONFIG "/etc/criu/runc.conf"
#define LOG_MAX (64u << 20)
#define PASSED_FROM 64 /* where passed descriptors begin: above what criu opens first */

void criu_add(struct criu *c, const char *fmt, ...)
{
    va_list ap;
    char *text;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    if (c->n + 2 > c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        c->argv = arena_grow(c->arena, c->argv, c->n, cap, sizeof(*c->argv));
        c->cap = cap;
    }
    c->argv[c->n++] = arena_strdup(c->arena, text);
    c->argv[c->n] = NULL;
    free(text);
}

static int find_program(struct criu *c, const char *name, struct error *err)
{
    _cleanup_free_ char *path = NULL;
    if (strchr(name, '/')) {
        c->program = arena_strdup(c->arena, name);
        return faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) < 0 ? error_errno(err, -errno, "--criu %s", name)
                                                               : 0;
    }
    if (program_find(name, &path) < 0)
        return error_set(
            err, -ENOENT,
            "the program %s is not in PATH: checkpoint and restore are done by it (Debian's package criu)",
            name);
    c->program = arena_strdup(c->arena, path);
    return 0;
}

static void add_flags(struct criu *c, const struct criu_options *o)
{
    const struct {
        bool on;
        const char *flag;
    } flags[] = {
        { o->tcp_established, "--tcp-established" },
        { o->tcp_close, "--tcp-close" },
        { o->skip_in_flight, "--skip-in-flight" },
        { o->ext_unix_sk, "--ext-unix-sk" },
        { o->shell_job, "--shell-job" },
        { o->file_locks, "--file-locks" },
        { o->link_remap, "--link-remap" },
        { o->lazy_pages, "--lazy-pages" },
        { o->auto_dedup, "--auto-dedup" },
    };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (flags[i].on)
            criu_add(c, "%s", flags[i].flag);
}

int criu_begin(struct criu *c, struct arena *a, const struct criu_options *opt, const char *verb,
               struct error *err)
{
    const char *work = opt->work_path ?: opt->image_path;
    *c = (struct criu){ .arena = a, .verb = verb, .own_output = opt->shell_job };
    int r = find_program(c, opt->program ?: "criu", err);
    if (r < 0)
        return r;
    c->log = arena_printf(a, "%s/%s.log", work, str_eq(verb, "restore") ? "restore" : "dump");
    criu_add(c, "%s", c->program);
    criu_add(c, "%s", verb);
    criu_add(c, "--images-dir=%s", opt->image_path);
    criu_add(c, "--work-dir=%s", work);
    criu_add(c, "--log-file=%s", strrchr(c->log, '/') + 1);
    criu_add(c, "-v4");
    criu_add(c, "--manage-cgroups=%s", opt->manage_cgroups_mode ?: "soft");
    add_flags(c, opt);
    return 0;
}

void criu_add_config(struct criu *c, const struct oci_spec *spec)
{
    const char *path = oci_pairs_get(&spec->annotations, ANNOTATION_CRIU_CONFIG);
    if (!path && faccessat(AT_FDCWD, DEFAULT_CONFIG, R_OK, AT_EACCESS) == 0)
        path = DEFAULT_CONFIG;
    if (str_empty(path))
        return;
    criu_add(c, "--config");
    criu_add(c, "%s", path);
}

/* A copy of fd that criu will have; its number there. */
static int pass(struct criu *c, int fd, const char *what, struct error *err)
{
    int copy = c->n_passed < CRIU_PASSED_MAX ? fcntl(fd, F_DUPFD_CLOEXEC, PASSED_FROM) : -1;
    if (copy < 0)
        return error_errno(err, c->n_passed < CRIU_PASSED_MAX ? -errno : -E2BIG, "cannot pass %s to criu",
                           what);
    c->passed[c->n_passed++] = copy;
    return copy;
}

int criu_pass(struct criu *c, int fd, const char *key, struct error *err)
{
    int copy = pass(c, fd, key, err);
    if (copy < 0)
        return copy;
    criu_add(c, "--inherit-fd");
    criu_add(c, "fd[%d]:%s", copy, key);
    return 0;
}

int criu_pass_status(struct criu *c, int fd, struct error *err)
{
    int copy = pass(c, fd, "--status-fd", err);
    if (copy < 0)
        return copy;
    criu_add(c, "--status-fd");
    criu_add(c, "%d", copy);
    return 0;
}

/* ---- running it ---- */

static _noreturn_ void child_main(struct criu *c, int output)
{
    struct error err = { 0 };
    int r = c->before ? c->before(c->arg, &err) : 0;
    if (r >= 0 && sys_close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
        r = error_errno(&err, -errno, "cannot mark descriptors to be closed");
    for (size_t i = 0; r >= 0 && i < c->n_passed; i++)
        if (fcntl(c->passed[i], F_SETFD, 0) < 0)
            r = error_errno(&err, -errno, "cannot pass a descriptor to criu");
    if (r >= 0 && !c->own_output && (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0))
        r = error_errno(&err, -errno, "cannot take criu's output");
    if (r >= 0) {
        execv(c->program, (char *const *) c->argv);
        error_errno(&err, -errno, "cannot execute %s", c->program);
    }
    (void) write_all(output, "Error ", 6);
    (void) write_all(output, err.msg, strlen(err.msg));
    _exit(127);
}

/* The last line with "Error" before the one that only says that all has failed; "" if there is none. In place. */
static const char *last_error(char *text)
{
    const char *found = "";
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *at = strstr(line, "Error ");
        size_t len = at ? strlen(at) : 0;
        if (len > 7 && str_eq(at + len - 7, "FAILED.") && found[0])
            break;
        if (at)
            found = at;
    }
    return found;
}

static int failed(const struct criu *c, int output, int status, struct error *err)
{
    _cleanup_free_ char *log = NULL, *said = NULL;
    const char *why = "";
    bool logged = file_read(AT_FDCWD, c->log, LOG_MAX, &log, NULL, NULL) == 0;
    if (logged)
        why = last_error(log);
    if (why[0] == '\0' && lseek(output, 0, SEEK_SET) == 0 &&
        file_read_fd(output, "criu's output", LOG_MAX, &said, NULL, NULL) == 0)
        why = last_error(said);
    if (why[0] == '\0')
        why = WIFSIGNALED(status) ? "it was killed" : "it said nothing";
    return error_set(err, -EIO, "criu %s: %.600s%s%s", c->verb, why, logged ? "; its log is " : "",
                     logged ? c->log : "");
}

int criu_run(struct criu *c, struct error *err)
{
    int status = 0;
    _cleanup_close_ int output = memfd_create("criu", MFD_CLOEXEC);
    if (output < 0)
        return error_errno(err, -errno, "cannot run criu");
    /* A log of an earlier try would be taken for this one's. */
    unlinkat(AT_FDCWD, c->log, 0);
    struct clone_args args = { .exit_signal = SIGCHLD };
    pid_t pid = sys_clone3(&args, sizeof(args));
    if (pid == 0)
        child_main(c, output);
    int r = pid < 0 ? error_errno(err, -errno, "cannot run criu") : 0;
    while (r >= 0 && waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            r = error_errno(err, -errno, "cannot wait for criu");
    for (size_t i = 0; i < c->n_passed; i++)
        close(c->passed[i]);
    c->n_passed = 0;
    return r < 0 ? r : status == 0 ? 0 : failed(c, output, status, err);
}
