// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/keeper.c: waits for the end of the container, records it, and has oakum do what follows: put away what the runtime
 * has made, and start it again when its policy says so. Nothing that the container can write reaches this process; its input is
 * the kernel's word, three numbers of the scribe, and bytes without a meaning from the FIFO `ctl`, which wake it.
 */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/parse.h"
#include "monitor/internal.h"
#include "sys/seal.h"
#include "sys/syscall.h"

#define PROGRAM "oakum-monitor"
#define LOOK_MS 1000
#define DRAIN_MS 10000 /* how long a scribe may take to write what is left */

struct keeper {
    const struct monitor_options *o;
    int self; /* this program */
    int socket, ctl;
    pid_t scribe;
    int64_t scribe_began, began;
    bool timed_out, foreign_scribe;
    struct checks checks;
};

static int64_t now_ms(void)
{
    return clock_monotonic_ms();
}

static _noreturn_ void become_scribe(struct keeper *k, int socket)
{
    const char *argv[MONITOR_WORDS_MAX] = { PROGRAM, "scribe" };
    char words[16384];
    struct monitor_options o = *k->o;
    /* What only a keeper is told. */
    o.pid = o.adopted = o.policy = o.max = o.restarts = o.backoff_ms = o.timeout_s = o.health_ms =
        o.health_soon_ms = 0;
    o.program = NULL;
    if (monitor_options_format(&o, argv, 2, ARRAY_LEN(argv), words, sizeof(words)) == 0 &&
        dup2(socket, MONITOR_FD_SOCKET) >= 0) {
        char *none[] = { NULL };
        sys_execveat(k->self, "", (char *const *) argv, none, AT_EMPTY_PATH);
    }
    _exit(1);
}

static void tell_begin(struct keeper *k)
{
    const int fds[] = { MONITOR_FD_PIDFD, MONITOR_FD_OOM, MONITOR_FD_MASTER };
    struct monitor_message m = { .word = WORD_BEGIN, .pid = (int32_t) k->o->pid };
    message_send(k->socket, &m, fds, isatty(MONITOR_FD_MASTER) ? 3 : 2);
}

/* One that dies at once again is not worth all of the processor. */
static void begin_scribe(struct keeper *k)
{
    int pair[2];
    if (k->scribe_began > 0 && now_ms() - k->scribe_began < 1000)
        poll(NULL, 0, 200);
    k->scribe_began = now_ms();
    if (k->socket >= 0)
        close(k->socket);
    k->socket = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    k->scribe = fork();
    if (k->scribe == 0)
        become_scribe(k, pair[1]);
    close(pair[1]);
    k->socket = pair[0];
    tell_begin(k);
}

static void kill_container(void)
{
    sys_pidfd_send_signal(MONITOR_FD_PIDFD, SIGKILL, NULL, 0);
}

static void empty_ctl(const struct keeper *k)
{
    char c[64];
    while (read(k->ctl, c, sizeof(c)) > 0) {}
}

static int time_left(const struct keeper *k)
{
    if (k->o->timeout_s == 0 || k->timed_out)
        return -1;
    int64_t left = k->began + (int64_t) MIN_OF(k->o->timeout_s, (uint64_t) 2000000) * 1000 - now_ms();
    return left > 0 ? (int) left : 0;
}

/* oakum, as root again, with none of our descriptors. */
static _noreturn_ void become_oakum(const struct keeper *k, const char *what, uint64_t backoff_ms)
{
    extern char **environ;
    char backoff[32];
    if (str_format(backoff, sizeof(backoff), "%llu", (unsigned long long) backoff_ms) < 0)
        _exit(1);
    const char *argv[] = { k->o->program,   "--root", k->o->root, "--state", k->o->state,
                           "monitor-event", what,     k->o->id,   backoff,   NULL };
    int program = fcntl(MONITOR_FD_OAKUM, F_DUPFD_CLOEXEC, MONITOR_FD_END);
    /* Who starts it again keeps the lock, and hands it to the next keeper: nobody takes the container for unwatched meanwhile. */
    bool keep_lock = str_eq(what, "restart") && dup2(MONITOR_FD_DIR, MONITOR_FD_SOCKET) >= 0;
    signal(SIGHUP, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    sys_close_range(MONITOR_FD_SOCKET + keep_lock, MONITOR_FD_END - 1, 0);
    sys_execveat(program, "", (char *const *) argv, environ, AT_EMPTY_PATH);
    _exit(1);
}

static bool scribe_lives(void)
{
    return lock_held(MONITOR_SCRIBE);
}

/* Of two times to wait, -1 being for ever. */
static int sooner(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : MIN_OF(a, b);
}

/* A scribe of an earlier keeper has no connection to us: we look after it now and then. */
static int next_look(const struct keeper *k)
{
    int left = sooner(time_left(k), checks_left(&k->checks));
    return k->foreign_scribe ? sooner(left, LOOK_MS) : left;
}

static void do_what_is_due(struct keeper *k)
{
    if (time_left(k) == 0) {
        k->timed_out = true;
        kill_container();
    }
    if (checks_left(&k->checks) == 0) {
        pid_t pid = fork();
        if (pid == 0)
            become_oakum(k, "health", 0);
        checks_started(&k->checks, pid);
    }
}

/* The scribe has died, or has something to say. */
static void hear_scribe(struct keeper *k)
{
    struct monitor_message m;
    int fds[MESSAGE_FDS];
    size_t n;
    if (message_receive(k->socket, &m, fds, &n) > 0) {
        if (m.word == WORD_INPUT_END)
            dup2(MONITOR_FD_ATTACH, MONITOR_FD_INPUT); /* /dev/null */
        return;
    }
    if (k->scribe > 0)
        waitpid(k->scribe, NULL, WNOHANG);
    begin_scribe(k);
}

/* Until the container has ended. */
static void watch(struct keeper *k)
{
    for (;;) {
        if (k->foreign_scribe && !scribe_lives()) {
            k->foreign_scribe = false;
            begin_scribe(k);
        }
        struct pollfd p[] = {
            { .fd = MONITOR_FD_PIDFD, .events = POLLIN },
            { .fd = k->socket, .events = POLLIN },
            { .fd = k->checks.pidfd, .events = POLLIN },
        };
        int n = poll(p, ARRAY_LEN(p), next_look(k));
        if (n > 0 && p[0].revents != 0)
            return;
        do_what_is_due(k);
        if (n <= 0)
            continue;
        if (p[2].revents != 0)
            checks_ended(&k->checks);
        if (p[1].revents != 0)
            hear_scribe(k);
    }
}

/* 1: all is in the log, 0: the scribe has died, -1: the time is over. */
static int hear_drained(struct keeper *k, struct monitor_exit *x, int64_t end)
{
    struct monitor_message answer;
    int fds[MESSAGE_FDS];
    size_t n;
    for (;;) {
        struct pollfd p = { .fd = k->socket, .events = POLLIN };
        int64_t left = end - now_ms();
        if (left <= 0 || poll(&p, 1, (int) left) <= 0)
            return -1;
        if (message_receive(k->socket, &answer, fds, &n) <= 0)
            return 0;
        if (answer.word != WORD_DRAINED)
            continue;
        x->lost_lines = answer.lost_lines;
        x->lost_bytes = answer.lost_bytes;
        return 1;
    }
}

/* Everything that was written is to be in the log before the end is known. A scribe that dies meanwhile has a successor. */
static void drain(struct keeper *k, struct monitor_exit *x)
{
    int64_t end = now_ms() + DRAIN_MS;
    struct monitor_message m = { .word = WORD_END };
    for (int attempt = 0; attempt < 3 && k->socket >= 0; attempt++) {
        message_send(k->socket, &m, NULL, 0);
        if (hear_drained(k, x, end) != 0)
            return;
        begin_scribe(k);
    }
}

/*
 * A scribe that is not ours has the container for its child: it leaves a note of the end and goes. Or the exit file is written
 * already, if it did not see us in time: then there is nothing more to say (*ret_recorded).
 */
static bool told_by_other(const struct keeper *k, struct monitor_exit *x, bool *ret_recorded)
{
    struct stat st;
    for (int waited = 0; k->foreign_scribe && waited < DRAIN_MS && scribe_lives(); waited += 5)
        poll(NULL, 0, 5);
    *ret_recorded = fstat(MONITOR_FD_EXIT, &st) == 0 && st.st_size > 0;
    return k->foreign_scribe && note_read(x) && x->known;
}

/* By a person, or by a shutdown. */
static bool stopped(void)
{
    return faccessat(MONITOR_FD_DIR, MONITOR_STOPPED, F_OK, 0) == 0 ||
           faccessat(MONITOR_FD_STATE, MONITOR_SHUTDOWN, F_OK, 0) == 0;
}

static bool again(void)
{
    return faccessat(MONITOR_FD_STATE, MONITOR_AGAIN, F_OK, 0) == 0;
}

static void put_away(const struct keeper *k)
{
    pid_t pid = fork();
    if (pid == 0)
        become_oakum(k, "ended", 0);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
}

/* Until it is time, or somebody stops or removes the container. */
static bool wait_for_restart(const struct keeper *k, uint64_t backoff_ms)
{
    int64_t end = now_ms() + (int64_t) backoff_ms;
    for (;;) {
        struct stat st;
        if (stopped() || fstat(MONITOR_FD_DIR, &st) < 0 || st.st_nlink == 0)
            return false;
        int64_t left = end - now_ms();
        if (left <= 0)
            return true;
        struct pollfd p = { .fd = k->ctl, .events = POLLIN };
        if (poll(&p, 1, (int) left) > 0)
            empty_ctl(k);
    }
}

/* The restart policy as `oakum update` has left it; what is none changes nothing. */
static struct monitor_options with_policy(const struct monitor_options *o)
{
    struct monitor_options now = *o;
    char text[64];
    uint64_t policy, max;
    int fd = openat(MONITOR_FD_STATE, MONITOR_POLICY, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return now;
    text[n] = '\0';
    char *space = strchr(text, ' ');
    if (space == NULL)
        return now;
    *space = '\0';
    if (parse_u64(text, &policy) == 0 && parse_u64(space + 1, &max) == 0 && policy <= RESTART_ON_FAILURE) {
        now.policy = policy;
        now.max = max;
    }
    return now;
}

int keeper_main(const struct monitor_options *o)
{
    struct keeper k = { .o = o, .socket = MONITOR_FD_SOCKET, .began = now_ms(), .scribe = -1 };
    static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE };
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    prctl(PR_SET_DUMPABLE, o->dumpable != 0, 0, 0, 0);
    k.self = openat(AT_FDCWD, "/proc/self/exe", O_PATH | O_CLOEXEC);
    k.ctl = openat(MONITOR_FD_STATE, MONITOR_CTL, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    /* Who is not the parent asks procfs how it ended. */
    uint64_t keep = 1ull << CAP_KILL | (o->adopted ? 1ull << CAP_SYS_PTRACE : 0);
    if (k.self < 0 || k.ctl < 0 || lock_take(MONITOR_KEEPER) < 0 || seal_capabilities(keep) < 0)
        return 1;
    if (o->adopted) {
        k.foreign_scribe = scribe_lives();
        k.socket = -1;
        if (!k.foreign_scribe)
            begin_scribe(&k);
    } else {
        tell_begin(&k);
    }
    checks_begin(&k.checks, o);
    watch(&k);
    checks_stop(&k.checks);
    char now[CLOCK_TEXT_MAX];
    struct monitor_exit x = { .timed_out = k.timed_out };
    uint64_t backoff = 0;
    bool recorded = false;
    if (!told_by_other(&k, &x, &recorded)) {
        drain(&k, &x);
        collect_end(MONITOR_FD_PIDFD, (pid_t) o->pid, MONITOR_FD_OOM, o->adopted, &x);
    }
    if (!recorded) {
        clock_now_text(now);
        x.finished = now;
        const struct monitor_options policy = with_policy(o);
        x.restart = restart_decide(&policy, &x, stopped(), now_ms() - k.began, &backoff) ||
                    (again() && !stopped());
        monitor_exit_write(MONITOR_FD_EXIT, &x);
    }
    put_away(&k);
    if (x.restart && wait_for_restart(&k, backoff))
        become_oakum(&k, "restart", backoff);
    return (int) (x.code & 255); /* for a service manager whose main process we are (--sdnotify) */
}
