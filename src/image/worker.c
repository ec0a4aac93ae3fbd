// SPDX-License-Identifier: Apache-2.0
/*
 * How: fork, put the descriptors in their places, exec; then read messages until the worker hangs up, and reap it.
 *
 * Threat: the worker may be in the hands of whoever made the archive. It is believed in nothing that the store could be
 * hurt with: an opaque mark is set only on a directory of the destination's own file system and owned by this job, and
 * every field of the result is checked for form. What remains is that a captured worker can lie about a digest; that makes
 * this one image wrong, and a layer that the store already has is never replaced by a newcomer of the same DiffID.
 */
#include "image/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/strbuf.h"
#include "base/table.h"
#include "image/stream.h"
#include "oci/digest.h"
#include "sys/fd_pass.h"
#include "sys/file.h"
#include "sys/syscall.h"

#ifndef OAKUM_LIBEXECDIR
#define OAKUM_LIBEXECDIR "/usr/local/libexec/oakum"
#endif
#define PROGRAM "oakum-unpack"
#define FIRST_FREE_FD 16

static char *first_dir;

void worker_set_dir(const char *dir)
{
    free(first_dir);
    first_dir = dir == NULL ? NULL : xstrdup(dir);
}

/* Where the running executable lies; NULL when that cannot be told. */
static char *executable_dir(void)
{
    char path[4096];
    ssize_t n = readlinkat(AT_FDCWD, "/proc/self/exe", path, sizeof(path) - 1);

    if (n <= 0)
        return NULL;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    return xstrdup(path);
}

static char *find_program(struct error *err)
{
    _cleanup_free_ char *beside = executable_dir();
    const char *const dirs[] = { first_dir, beside, OAKUM_LIBEXECDIR };

    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        if (dirs[i] == NULL)
            continue;
        char *path = xasprintf("%s/" PROGRAM, dirs[i]);
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
            return path;
        free(path);
    }
    error_set(err, -ENOENT, "the program %s is not installed (looked in %s and %s)", PROGRAM,
              beside != NULL ? beside : "-", OAKUM_LIBEXECDIR);
    return NULL;
}

/* --- the child's side: nothing here may allocate --- */

static void place_descriptors(const struct worker_job *job, int ctl)
{
    int from[] = { job->in_fd, job->pack && !job->upper ? job->in_fd : job->dir_fd, ctl, job->copy_fd,
                   job->userns_fd > 0 ? job->userns_fd : -1 };
    int to[] = { WORKER_FD_IN, WORKER_FD_DIR, WORKER_FD_CTL, WORKER_FD_COPY, WORKER_FD_USERNS };

    /* First out of the way of all targets, then into place. */
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        if (from[i] >= 0 && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD)) < 0)
            _exit(125);
    }
    int null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        _exit(125);
    for (size_t i = 0; i < ARRAY_LEN(from); i++)
        if (dup2(from[i] >= 0 ? from[i] : null, to[i]) < 0)
            _exit(125);
    sys_close_range(WORKER_FD_USERNS + 1, UINT32_MAX, 0);
}

_noreturn_ static void child(const struct worker_job *job, pid_t parent, int ctl, const char *program,
                             char *const *argv)
{
    static char *const no_environment[] = { NULL };
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) /* killed before that */
        _exit(125);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    place_descriptors(job, ctl);
    execve(program, argv, no_environment);
    _exit(126);
}

/* --- the parent's side --- */

static char **arguments(const struct worker_job *job)
{
    const struct {
        const char *key;
        uint64_t value;
    } table[] = {
        { "max-bytes", job->max_bytes },
        { "max-inodes", job->max_inodes },
        { "max-ratio", job->max_ratio },
        { "ratio-floor", job->ratio_floor },
        { "refuse-devices", job->refuse_devices },
        { "one-owner", job->one_owner },
        { "copy", job->copy_fd >= 0 },
        { "expect", job->expect },
        { "clamp-from", (uint64_t) job->clamp_from },
        { "ids-first", job->ids_first },
        { "form-copy", job->copy },
        { "links-in-root", job->links_in_root },
        { "plain-modes", job->plain_modes },
        { "userns", job->userns_fd > 0 },
        { "upper", job->upper },
    };
    const char *const texts[][2] = { { "only", job->only }, { "as", job->as } };
    char **argv = xcalloc(ARRAY_LEN(table) + ARRAY_LEN(texts) + 3, sizeof(*argv));
    size_t n = 2;

    argv[0] = xstrdup(PROGRAM);
    argv[1] = xstrdup(job->pack ? "pack" : "unpack");
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        argv[n++] = xasprintf("%s=%llu", table[i].key, (unsigned long long) table[i].value);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i][1] != NULL)
            argv[n++] = xasprintf("%s=%s", texts[i][0], texts[i][1]);
    return argv;
}

static void free_arguments(char **argv)
{
    for (size_t i = 0; argv[i] != NULL; i++)
        free(argv[i]);
    free(argv);
}

static int receive(int ctl, struct worker_result *buf, ssize_t *ret_len, int *ret_fd, struct error *err)
{
    *ret_len = fd_receive(ctl, buf, sizeof(*buf), ret_fd);
    return *ret_len < 0 ? error_errno(err, (int) *ret_len, "cannot listen to the unpacking worker") : 0;
}

/* Overlay mounts of root read trusted.*, those of a user namespace user.*, which the worker has set. */
static int set_opaque(const struct worker_job *job, int fd, struct error *err)
{
    struct stat st, dest;

    if (fd < 0 || job->pack || fstat(fd, &st) < 0 || fstat(job->dir_fd, &dest) < 0 || !S_ISDIR(st.st_mode) ||
        st.st_dev != dest.st_dev)
        return error_set(err, -EPROTO, "the unpacking worker asked for what it may not have");
    if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0 && errno != EPERM)
        return error_errno(err, -errno, "cannot mark an opaque directory");
    return 0;
}

static bool text_ends(const char *s, size_t size)
{
    return memchr(s, '\0', size) != NULL;
}

static bool form_expected(const struct worker_job *job, uint32_t form)
{
    switch (job->expect) {
    case WORKER_EXPECT_LAYER: return form == WORKER_FORM_LAYER;
    case WORKER_EXPECT_FILES: return form == WORKER_FORM_FILES;
    default: return form <= WORKER_FORM_FILES;
    }
}

/* Everything in it is from the worker. */
static int check_result(const struct worker_job *job, const struct worker_result *res, struct error *err)
{
    bool ok = res->version == WORKER_VERSION && text_ends(res->msg, sizeof(res->msg)) && res->code <= 0 &&
              res->code > -4096;

    if (ok && res->code < 0) {
        struct strbuf sb = STRBUF_INIT;
        text_neutralise(&sb, res->msg);
        int r = error_set(err, res->code, "%s", sb.buf);
        strbuf_free(&sb);
        return r;
    }
    ok = ok && text_ends(res->in_hex, sizeof(res->in_hex)) && text_ends(res->out_hex, sizeof(res->out_hex)) &&
         text_ends(res->copy_hex, sizeof(res->copy_hex)) &&
         text_ends(res->first_left_out, sizeof(res->first_left_out));
    ok = ok && hex64_valid(res->in_hex) && hex64_valid(res->out_hex) && form_expected(job, res->form) &&
         res->compression < STREAM_COMPRESSIONS && res->copy_bytes <= INT64_MAX &&
         res->file_bytes <= INT64_MAX && res->in_bytes <= INT64_MAX;
    bool copied = job->copy_fd >= 0 && res->form == WORKER_FORM_LAYER;
    ok = ok && (copied ? hex64_valid(res->copy_hex) : res->copy_hex[0] == '\0');
    return ok ? 0
              : error_set(err, -EPROTO,
                          "the unpacking worker's answer is not of the form; is it of another version?");
}

static int listen_to(const struct worker_job *job, int ctl, struct worker_result *res, bool *have,
                     struct error *err)
{
    *have = false;
    for (;;) {
        struct worker_result buf = { 0 };
        ssize_t n;
        int fd;
        int r = receive(ctl, &buf, &n, &fd, err);
        if (r < 0 || n == 0)
            return r;
        if (n == 1 && *(char *) &buf == WORKER_OPAQUE && !*have) {
            r = set_opaque(job, fd, err);
        } else if (n == (ssize_t) sizeof(buf) && fd < 0 && !*have) {
            *res = buf;
            *have = true;
        } else {
            r = error_set(err, -EPROTO, "the unpacking worker's answer is not of the form");
        }
        if (fd >= 0)
            close(fd);
        if (r < 0)
            return r;
    }
}

static int reap(pid_t pid, int *ret_status)
{
    pid_t got;

    do
        got = waitpid(pid, ret_status, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : 0;
}

static int judge(const struct worker_job *job, int status, bool have, const struct worker_result *res,
                 struct error *err)
{
    if (have && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return check_result(job, res, err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return error_set(
            err, -EIO, "the unpacking worker was killed: it made a system call that its seal does not allow");
    if (WIFSIGNALED(status))
        return error_set(err, -EIO, "the unpacking worker was killed by signal %d", WTERMSIG(status));
    /* base/util.h ends the program with 125 when memory runs out. */
    if (WEXITSTATUS(status) == 125)
        return error_set(err, -ENOMEM,
                         "the unpacking worker ran out of memory: the archive needs more than it may have");
    return error_set(err, -EIO, "the unpacking worker failed without a word (status %d)",
                     WEXITSTATUS(status));
}

struct worker {
    struct worker_job job;
    pid_t pid;
    int ctl;
};

int worker_begin(const struct worker_job *job, struct worker **ret, struct error *err)
{
    _cleanup_free_ char *program = find_program(err);
    int pair[2];

    if (program == NULL)
        return -ENOENT;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, -errno, "cannot make a socket pair");
    char **argv = arguments(job);
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(job, parent, pair[1], program, argv);
    int r = pid < 0 ? error_errno(err, -errno, "cannot start the unpacking worker") : 0;
    close(pair[1]);
    free_arguments(argv);
    if (r < 0) {
        close(pair[0]);
        return r;
    }
    struct worker *w = xmalloc(sizeof(*w));
    *w = (struct worker){ *job, pid, pair[0] };
    *ret = w;
    return 0;
}

int worker_finish(struct worker *w, struct worker_result *ret, struct error *err)
{
    struct worker_result res = { 0 };
    int status = 0;
    bool have = false;
    int r = listen_to(&w->job, w->ctl, &res, &have, err);

    if (r < 0)
        kill(w->pid, SIGKILL);
    close(w->ctl);
    int reaped = reap(w->pid, &status);
    if (r == 0 && reaped < 0)
        r = error_errno(err, reaped, "cannot wait for the unpacking worker");
    if (r == 0)
        r = judge(&w->job, status, have, &res, err);
    free(w);
    if (r == 0)
        *ret = res;
    return r;
}

int worker_run(const struct worker_job *job, struct worker_result *ret, struct error *err)
{
    struct worker *w = NULL;
    int r = worker_begin(job, &w, err);

    return r < 0 || w == NULL ? r : worker_finish(w, ret, err);
}
