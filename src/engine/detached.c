// SPDX-License-Identifier: Apache-2.0
/*
 * engine/detached.c: gives a container its monitor (monitor/monitor.h). This process forks the scribe-to-be, that one the
 * keeper-to-be, and that one makes the container: so the keeper is its parent, and the scribe is the next to be if the keeper dies.
 * Both then execute oakum-monitor. We wait for the keeper's word, and for both to have become what they are to be.
 *
 * Threat: the output's pipes reach into the container. What a hostile one can do with its ends is to fill, empty or close them; a
 * monitor that takes over opens only those pipes of the container that have the inode numbers which were noted at the start.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/parse.h"
#include "confine/cgroup_stats.h"
#include "confine/namespaces.h"
#include "confine/rootless.h"
#include "engine/engine_internal.h"
#include "engine/health.h"
#include "monitor/monitor.h"
#include "runtime/notify.h"
#include "runtime/pipes.h"
#include "sys/fd_pass.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/self.h"

#define PIPE_SIZE (256 * 1024)
#define HIGH_FD 64 /* descriptors wait here for their places below MONITOR_FD_END */

/* What goes from the keeper-to-be to us. */
struct start_word {
    int result;
    pid_t keeper;
    struct container_exit end;
    struct error error;
};

struct monitor_start {
    struct launch *l;
    const struct signals_held *hold;
    const char *config;
    int program;          /* oakum-monitor, O_PATH */
    int oakum;            /* O_PATH */
    int dir, lock, state; /* lock: the monitor's directory again, locked, the keeper's */
    int exit;
    int source[2], sink[2]; /* reading ends; the container's own ends. -1: /dev/null */
    int input, feed;        /* the container's standard input, and its writing end. -1: /dev/null */
    int socket[2];          /* keeper, scribe */
    int word[2];            /* pipe to us */
    int null;
};

int monitor_dir(int dirfd, bool create, struct error *err)
{
    if (create && mkdirat(dirfd, "monitor", 0700) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make the monitor's directory");
    return dir_open(dirfd, "monitor", err);
}

static int state_parent(struct engine *e, bool create, struct error *err)
{
    struct runtime *rt;
    int r = engine_runtime(e, &rt, err); /* makes and checks the directory */
    _cleanup_close_ int fd = r < 0 ? r : dir_open(AT_FDCWD, e->state, err);
    if (fd < 0)
        return fd;
    if (create && mkdirat(fd, ".monitor", 0700) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make %s/.monitor", e->state);
    return dir_open(fd, ".monitor", err);
}

int monitor_state(struct engine *e, const char *id, bool create, struct error *err)
{
    _cleanup_close_ int parent = state_parent(e, create, err);
    if (parent < 0)
        return parent;
    if (create) {
        int r = tree_remove(parent, id, err);
        if (r < 0)
            return r;
        if (mkdirat(parent, id, 0700) < 0)
            return error_errno(err, -errno, "cannot make %s/.monitor/%.12s", e->state, id);
    }
    return dir_open(parent, id, err);
}

void monitor_state_remove(struct engine *e, const char *id)
{
    _cleanup_close_ int parent = state_parent(e, false, NULL);
    struct error err = { 0 };
    if (parent >= 0 && tree_remove(parent, id, &err) < 0)
        log_warn("%s", err.msg);
}

/* ---- what both are executed with ---- */

static int null_file(void)
{
    return file_open(AT_FDCWD, "/dev/null", O_RDWR, 0, NULL);
}

/* fds: MONITOR_FD_SOCKET and the following; -1: /dev/null. Does not return. */
static _noreturn_ void become_monitor(int program, const char *role, const struct monitor_options *o,
                                      const int *fds, size_t n)
{
    const char *argv[MONITOR_WORDS_MAX] = { "oakum-monitor", role };
    char words[16384];
    static const char *const kept[] = { "PATH", "HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
                                        "NOTIFY_SOCKET" };
    char env_words[ARRAY_LEN(kept)][4096], *env[ARRAY_LEN(kept) + 1];
    size_t n_env = 0;
    int high[MONITOR_FD_END], null = null_file();
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = getenv(kept[i]);
        if (value != NULL &&
            str_format(env_words[n_env], sizeof(env_words[0]), "%s=%s", kept[i], value) >= 0) {
            env[n_env] = env_words[n_env];
            n_env++;
        }
    }
    env[n_env] = NULL;
    program = fcntl(program, F_DUPFD_CLOEXEC, HIGH_FD);
    for (size_t i = 0; i < n; i++)
        high[i] = fcntl(fds[i] >= 0 ? fds[i] : null, F_DUPFD_CLOEXEC, HIGH_FD);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    for (size_t i = 0; i < n; i++)
        if (dup2(high[i], MONITOR_FD_SOCKET + (int) i) < 0)
            _exit(1);
    /* Also what our caller has left open: a pipe that a monitor holds has no end. */
    if (sys_close_range((unsigned) (MONITOR_FD_SOCKET + (int) n), UINT32_MAX, CLOSE_RANGE_CLOEXEC) < 0)
        _exit(1);
    if (monitor_options_format(o, argv, 2, ARRAY_LEN(argv), words, sizeof(words)) == 0)
        sys_execveat(program, "", (char *const *) argv, env, AT_EMPTY_PATH);
    _exit(1);
}

uint64_t monitor_policy_of(const struct engine_record *r)
{
    return r->restart == NULL                     ? RESTART_NO
           : str_eq(r->restart, "always")         ? RESTART_ALWAYS
           : str_eq(r->restart, "unless-stopped") ? RESTART_UNLESS_STOPPED
                                                  : RESTART_ON_FAILURE;
}

static uint64_t whole_ms(int64_t ns)
{
    return (uint64_t) MAX_OF(ns / 1000000, (int64_t) 1);
}

static void monitor_words(const struct engine *e, const struct engine_record *r, struct monitor_options *ret)
{
    static char program[4096];
    if (self_path(program, sizeof(program)) < 0)
        program[0] = '\0';
    *ret = (struct monitor_options){
        .policy = monitor_policy_of(r),
        .max = (uint64_t) r->restart_max,
        .restarts = (uint64_t) r->restarts,
        .backoff_ms = (uint64_t) r->restart_backoff,
        .dumpable = rootless_inside(),
        .stdin_once = r->stdin_once,
        .timeout_s = (uint64_t) r->timeout,
        .health_ms = health_is_checked(&r->health) ? whole_ms(health_interval(&r->health)) : 0,
        .health_soon_ms = r->health.start_period > 0 ? whole_ms(health_start_interval(&r->health)) : 0,
        .id = r->id,
        .root = e->root,
        .state = e->state,
        .program = program[0] != '\0' ? program : "oakum",
    };
    log_driver_words(r, ret);
}

static int open_oom(const char *cgroup_path)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    return str_empty(cgroup_path) || cgroup_open(cgroup_path, &cg, NULL) < 0 ? -1 : cgroup_oom_open(cg);
}

/* ---- the two children ---- */

/* Our descriptors are all still there. */
static void stay_findable(const struct engine *e)
{
    struct error err = { 0 };
    _cleanup_close_ int fd = dir_open(AT_FDCWD, e->state, NULL);
    if (fd >= 0 && rootless_register(fd, &err) < 0)
        log_warn("%s", err.msg);
}

static _noreturn_ void scribe_process(struct monitor_start *s)
{
    struct monitor_options o;
    stay_findable(s->l->e);
    monitor_words(s->l->e, s->l->record, &o);
    const int fds[] = { s->socket[1], s->dir,       s->state, s->exit,
                        s->source[0], s->source[1], s->feed,  s->l->attached };
    become_monitor(s->program, "scribe", &o, fds, ARRAY_LEN(fds));
}

static int listen_console(struct monitor_start *s, char *path, size_t size, struct error *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int r = str_format(path, size, "/proc/self/fd/%d/console", s->state);
    if (r >= 0)
        r = str_format(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    _cleanup_close_ int fd = r < 0 ? r : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
        return error_errno(err, -errno, "cannot make a socket for the terminal");
    return TAKE_FD(fd);
}

/* The runtime has connected and sent it: nothing is waited for. */
static int take_console(struct monitor_start *s, int listener)
{
    char text[64];
    int master = -1;
    _cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && fd_receive(fd, text, sizeof(text), &master) < 0)
        log_debug("the terminal did not come");
    if (master >= 0)
        fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
    unlinkat(s->state, "console", 0);
    return master;
}

/* ---- sd_notify ---- */

const char *sdnotify_manager(const struct engine_record *r, const char *mode)
{
    const char *path = getenv("NOTIFY_SOCKET");
    bool asked = r->sdnotify != NULL && (mode == NULL || str_eq(r->sdnotify, mode));
    return asked && !str_empty(path) ? path : NULL;
}

/*
 * What the manager is to watch is the keeper, which lives as long as the container, in the manager's own cgroup. `container`: its program has
 * said that it is ready, else we would not be here; `healthy`: a health check will.
 */
static void tell_manager(const struct engine_record *r, pid_t keeper)
{
    struct error err = { 0 };
    const char *manager = sdnotify_manager(r, NULL);
    if (manager != NULL && notify_manager(manager, keeper, sdnotify_manager(r, "conmon") != NULL, &err) < 0)
        log_warn("%s", err.msg);
}

static int make_container(struct monitor_start *s, struct start_word *w, int *ret_master)
{
    struct launch *l = s->l;
    struct runtime *rt;
    char console[64];
    _cleanup_close_ int listener = -1;
    struct container_options opt = {
        .id = l->id,
        .bundle = l->directory,
        .config_text = s->config,
        .namespaces = l->namespaces,
        .given = l->given,
        .n_given = LAUNCH_GIVEN,
        .init = l->record->init,
        .warn_only_rlimits = !l->record->ulimits,
        .network = network_for(l),
        .network_arg = l,
        .signal_mask = &s->hold->old,
        .detach = true,
        .last_call = true,
        .notify_socket = sdnotify_manager(l->record, "container"),
    };
    int r = engine_runtime(l->e, &rt, &w->error);
    if (r == 0 && l->spec->process.terminal) {
        r = listener = listen_console(s, console, sizeof(console), &w->error);
        opt.console_socket = console;
    }
    if (r >= 0)
        r = container_run(rt, l->spec, &opt, &w->end, &w->error);
    if (r < 0)
        r = launch_name_flag(r, &w->error);
    if (r >= 0 && listener >= 0)
        *ret_master = take_console(s, listener);
    return r < 0 ? r : 0;
}

static _noreturn_ void keeper_process(struct monitor_start *s)
{
    struct start_word w = { .keeper = getpid() };
    struct runtime *rt;
    struct container_state *st = NULL;
    struct monitor_options o;
    int master = -1, pidfd = -1, oom = -1, warnings = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, HIGH_FD);
    log_move(warnings);
    dup2(s->input >= 0 ? s->input : s->null, STDIN_FILENO);
    dup2(s->sink[0] >= 0 ? s->sink[0] : s->null, STDOUT_FILENO);
    dup2(s->sink[1] >= 0 ? s->sink[1] : s->null, STDERR_FILENO);
    w.result = make_container(s, &w, &master);
    if (w.result == 0)
        w.result = engine_runtime(s->l->e, &rt, &w.error);
    if (w.result == 0)
        w.result = container_state(rt, s->l->id, &st, &w.error);
    if (w.result == 0 && st != NULL) {
        oom = open_oom(st->cgroup_path);
        pidfd = sys_pidfd_open(st->pid, 0);
    }
    monitor_words(s->l->e, s->l->record, &o);
    if (w.result == 0 && st != NULL)
        o.pid = (uint64_t) st->pid;
    if (w.result == 0 && st != NULL && st->pid == 0) {
        /* It has ended already, and is ours to reap; the runtime knows its number no more. */
        siginfo_t info = { 0 };
        waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
        o.pid = (uint64_t) info.si_pid;
        pidfd = sys_pidfd_open(info.si_pid, 0);
    }
    /* Who asked may be dead by now. What has been started runs, as if he had died a moment later. */
    signal(SIGPIPE, SIG_IGN);
    if (write_all(s->word[1], &w, sizeof(w)) < 0)
        log_debug("nobody waits for the word that %s was started", s->l->name);
    signal(SIGPIPE, SIG_DFL);
    if (w.result < 0)
        _exit(1);
    stay_findable(s->l->e);
    const int fds[] = { s->socket[0], s->lock, s->state, s->exit, s->source[0], s->source[1],
                        s->feed,      -1,      s->oakum, pidfd,   oom,          master };
    become_monitor(s->program, "keeper", &o, fds, ARRAY_LEN(fds));
}

static _noreturn_ void first_process(struct monitor_start *s)
{
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t keeper = fork();
    if (keeper == 0)
        keeper_process(s);
    if (keeper < 0)
        _exit(1);
    scribe_process(s);
}

/* ---- this process ---- */

/* p[ours] stays, and does not block; in place of the other end there is one that both reads and writes (monitor/monitor.h). */
static int make_pipe(int ours, int *ret_ours, int *ret_theirs, struct error *err)
{
    int p[2];
    char path[40];
    if (pipe2(p, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    fcntl(p[ours], F_SETFL, O_NONBLOCK);
    int r = str_format(path, sizeof(path), "/proc/self/fd/%d", p[1 - ours]);
    int both = r < 0 ? r : file_open(AT_FDCWD, path, O_RDWR, 0, err);
    close(p[1 - ours]);
    if (both < 0) {
        close(p[ours]);
        return both;
    }
    *ret_ours = p[ours];
    *ret_theirs = both;
    return 0;
}

/* One that ends with who is attached has no writer but the monitor. */
static int make_input(struct monitor_start *s, struct error *err)
{
    int p[2];
    if (!s->l->record->stdin_once)
        return make_pipe(1, &s->feed, &s->input, err);
    if (pipe2(p, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    s->input = p[0];
    s->feed = p[1];
    fcntl(s->feed, F_SETFL, O_NONBLOCK);
    return 0;
}

static int make_pipes(struct monitor_start *s, struct error *err)
{
    const struct engine_record *rec = s->l->record;
    uint32_t uid = namespace_host_uid(s->l->spec, s->l->spec->process.user.uid);
    char text[64];
    struct stat st[3] = { 0 };
    int r = 0;
    if (s->l->spec->process.terminal)
        return 0;
    if (rec->interactive)
        r = make_input(s, err);
    if (r == 0 && s->input >= 0)
        r = pipe_give(s->input, uid, err);
    if (r == 0 && s->input >= 0 && fstat(s->input, &st[2]) < 0)
        r = error_errno(err, -errno, "cannot look at a pipe");
    for (int i = 0; r == 0 && i < 2; i++) {
        r = make_pipe(0, &s->source[i], &s->sink[i], err);
        if (r == 0)
            (void) fcntl(s->source[i], F_SETPIPE_SZ, PIPE_SIZE);
        if (r == 0)
            r = pipe_give(s->sink[i], uid, err);
        if (r == 0 && fstat(s->source[i], &st[i]) < 0)
            r = error_errno(err, -errno, "cannot look at a pipe");
    }
    if (r < 0)
        return r;
    r = str_format(text, sizeof(text), "%llu %llu %llu\n", (unsigned long long) st[0].st_ino,
                   (unsigned long long) st[1].st_ino, (unsigned long long) st[2].st_ino);
    return r < 0 ? r : file_replace(s->state, "pipes", text, strlen(text), 0600, false, err);
}

/* The exit file is emptied for this run; how the one before ended must be known still when this one never begins (watch.c). */
static int keep_last_exit(const struct monitor_start *s, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    if (file_read(s->dir, MONITOR_EXIT, MONITOR_EXIT_MAX, &text, &len, NULL) < 0 || len == 0)
        return 0;
    return file_replace(s->state, MONITOR_LAST, text, len, 0600, false, err);
}

static int prepare_monitor(struct monitor_start *s, int lock_fd, struct error *err)
{
    struct launch *l = s->l;
    int found = log_driver_check(l->record, err);
    if (found < 0)
        return found;
    s->program = self_helper_open("oakum-monitor", err);
    if (s->program < 0)
        return s->program;
    s->oakum = file_open(AT_FDCWD, "/proc/self/exe", O_PATH, 0, err);
    s->null = file_open(AT_FDCWD, "/dev/null", O_RDWR, 0, err);
    s->dir = monitor_dir(l->dirfd, true, err);
    s->lock = lock_fd >= 0 ? lock_fd : monitor_dir(l->dirfd, true, err);
    if (s->oakum < 0 || s->null < 0 || s->dir < 0 || s->lock < 0)
        return err->code;
    int r = lock_fd >= 0 ? 0 : file_lock(s->lock, LOCK_EX | LOCK_NB, "the monitor's directory", err);
    if (r == -EWOULDBLOCK)
        return error_set(err, -EBUSY, "container %s is just ending; try again", l->name);
    if (r == 0)
        r = s->state = monitor_state(l->e, l->id, true, err);
    if (r >= 0 && mkfifoat(s->state, MONITOR_CTL, 0600) < 0)
        r = error_errno(err, -errno, "cannot make a FIFO");
    if (r >= 0)
        r = keep_last_exit(s, err);
    if (r >= 0)
        r = s->exit = file_open(s->dir, MONITOR_EXIT, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, err);
    if (r >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->socket) < 0)
        r = error_errno(err, -errno, "cannot make a socket");
    if (r >= 0 && pipe2(s->word, O_CLOEXEC) < 0)
        r = error_errno(err, -errno, "cannot make a pipe");
    return r < 0 ? r : make_pipes(s, err);
}

static void close_all(struct monitor_start *s, int lock_fd)
{
    const int fds[] = { s->program, s->oakum,   s->dir,   s->state, s->exit,    s->source[0], s->source[1],
                        s->sink[0], s->sink[1], s->input, s->feed,  s->word[0], s->null };
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (s->lock >= 0 && s->lock != lock_fd)
        close(s->lock);
}

/* The keeper's word, and then its exec, which closes the pipe. */
static int hear(int fd, struct container_exit *end, pid_t *ret_keeper, struct error *err)
{
    struct start_word w;
    size_t got = 0;
    char more;
    while (got < sizeof(w)) {
        ssize_t n = read(fd, (char *) &w + got, sizeof(w) - got);
        if (n == 0)
            return error_set(err, -ECHILD, "the container's monitor was killed");
        if (n > 0)
            got += (size_t) n;
        else if (errno != EINTR)
            return error_errno(err, -errno, "cannot hear of the container's start");
    }
    while (read(fd, &more, 1) < 0 && errno == EINTR) {}
    *end = w.end;
    *ret_keeper = w.keeper;
    if (w.result < 0 && err != NULL)
        *err = w.error;
    return w.result;
}

int detached_start(struct launch *l, const struct signals_held *hold, const char *config, int lock_fd,
                   struct container_exit *end, struct error *err)
{
    struct monitor_start s = { .l = l,
                               .hold = hold,
                               .config = config,
                               .program = -1,
                               .oakum = -1,
                               .dir = -1,
                               .lock = -1,
                               .state = -1,
                               .exit = -1,
                               .source = { -1, -1 },
                               .sink = { -1, -1 },
                               .input = -1,
                               .feed = -1,
                               .socket = { -1, -1 },
                               .word = { -1, -1 },
                               .null = -1 };
    pid_t keeper = 0;
    int r = prepare_monitor(&s, lock_fd, err);
    pid_t pid = r < 0 ? -1 : fork();
    if (pid == 0)
        first_process(&s);
    if (r >= 0 && pid < 0)
        r = error_errno(err, -errno, "cannot make a process");
    const int theirs[] = { s.socket[0], s.socket[1], s.word[1] };
    for (size_t i = 0; i < ARRAY_LEN(theirs); i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    if (r >= 0)
        r = hear(s.word[0], end, &keeper, err);
    if (r >= 0)
        tell_manager(l->record, keeper);
    if (r >= 0 && l->attached >= 0)
        l->exit_fd = TAKE_FD(s.exit);
    close_all(&s, lock_fd);
    if (r < 0)
        monitor_state_remove(l->e, l->id);
    return r < 0 ? r : 0;
}

/* ---- taking over ---- */

#define PIPES 3 /* output, errors, input */

struct search {
    ino_t inode[PIPES]; /* 0: none */
    int found[PIPES];
};

static int match_pipe(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct search *s = arg;
    struct stat st;
    (void) type;
    if (fstatat(dirfd, name, &st, 0) < 0 || !S_ISFIFO(st.st_mode))
        return 0;
    for (int i = 0; i < PIPES; i++) {
        if (s->found[i] >= 0 || st.st_ino != s->inode[i])
            continue;
        int fd = openat(dirfd, name, (i == 2 ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
        struct statfs fs;
        /* The name may be another file's by now. */
        if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == s->inode[i] && fstatfs(fd, &fs) == 0 &&
            fs.f_type == PIPEFS_MAGIC)
            s->found[i] = fd;
        else if (fd >= 0)
            close(fd);
    }
    return 0;
}

static void find_pipes(int state, pid_t pid, int *fds)
{
    _cleanup_free_ char *text = NULL;
    char path[40];
    struct search s = { .found = { -1, -1, -1 } };
    if (file_read(state, "pipes", 100, &text, NULL, NULL) < 0 ||
        str_format(path, sizeof(path), "%d/fd", (int) pid) < 0)
        return;
    char *rest = text;
    for (int i = 0; i < PIPES && rest != NULL; i++) {
        const char *word = strsep(&rest, " \n");
        uint64_t inode;
        if (parse_u64(word, &inode) < 0)
            return;
        s.inode[i] = (ino_t) inode;
    }
    _cleanup_close_ int proc = proc_open(NULL);
    if (proc >= 0)
        dir_each(proc, path, match_pipe, &s, NULL);
    memcpy(fds, s.found, sizeof(s.found));
}

int detached_adopt(struct engine *e, const struct engine_container *c, struct error *err)
{
    struct monitor_options o;
    int source[PIPES] = { -1, -1, -1 };
    struct runtime *rt;
    struct container_state *st = NULL;
    _cleanup_close_ int proc = proc_open(err);
    _cleanup_close_ int pidfd = proc < 0 ? proc : proc_pidfd(proc, c->pid, c->start_time, err);
    _cleanup_close_ int dirfd = pidfd < 0 ? pidfd : engine_open_container(e, c->record->id, -1, err);
    _cleanup_close_ int lock = dirfd < 0 ? dirfd : monitor_dir(dirfd, false, err);
    _cleanup_close_ int state = lock < 0 ? lock : monitor_state(e, c->record->id, false, err);
    _cleanup_close_ int program = state < 0 ? state : self_helper_open("oakum-monitor", err);
    _cleanup_close_ int oakum = program < 0 ? program : file_open(AT_FDCWD, "/proc/self/exe", O_PATH, 0, err);
    _cleanup_close_ int exit_fd = oakum < 0 ? oakum
                                            : file_open(lock, MONITOR_EXIT, O_RDWR | O_NOFOLLOW, 0, err);
    if (exit_fd < 0)
        return exit_fd;
    int r = file_lock(lock, LOCK_EX | LOCK_NB, "the monitor's directory", NULL);
    if (r < 0)
        return 0; /* another one was faster */
    find_pipes(state, c->pid, source);
    /* Whether it has ended, only the dead knew. */
    if (c->record->stdin_once && source[2] >= 0) {
        close(source[2]);
        source[2] = -1;
    }
    r = engine_runtime(e, &rt, err);
    if (r == 0)
        r = container_state(rt, c->record->id, &st, err);
    _cleanup_close_ int oom = r == 0 && st != NULL ? open_oom(st->cgroup_path) : -1;
    container_state_free(st);
    monitor_words(e, c->record, &o);
    o.pid = (uint64_t) c->pid;
    o.adopted = 1;
    pid_t pid = r < 0 ? -1 : fork();
    if (pid == 0) {
        setsid();
        stay_findable(e);
        const int fds[] = { -1,        lock, state, exit_fd, source[0], source[1],
                            source[2], -1,   oakum, pidfd,   oom,       -1 };
        become_monitor(program, "keeper", &o, fds, ARRAY_LEN(fds));
    }
    for (int i = 0; i < PIPES; i++)
        if (source[i] >= 0)
            close(source[i]);
    return r < 0 ? r : pid < 0 ? error_errno(err, -errno, "cannot make a process") : 0;
}
