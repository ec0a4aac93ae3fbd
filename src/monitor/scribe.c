// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/scribe.c: the container's output into its log, until there is no more. It begins before the container does and ends
 * after it. Without its keeper it goes on, waits for the end of the container itself, and records it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "monitor/attach.h"
#include "monitor/internal.h"
#include "monitor/journal.h"
#include "monitor/sink.h"
#include "sys/syscall.h"

struct scribe {
    struct journal *journal;
    int source[STREAM_COUNT]; /* -1: none, or at its end */
    int socket;               /* -1: the keeper is gone */
    int pidfd, oom;
    pid_t pid;
    bool begun, ended;
    struct attachers people;
    struct sink sink;
    int64_t sink_since; /* when we have connected to it, or tried to */
};

#define SINK_RETRY_MS 3000 /* between two attempts to connect to who keeps the log */
#define SINK_LAST_MS 5000  /* for what is left when the container has ended; the keeper waits longer */
#define SINK_BUFFER (1u << 20)

/* 1: something came. */
static int take_all(struct scribe *s)
{
    int any = 0;
    for (int k = 0; k < STREAM_COUNT; k++) {
        if (s->source[k] < 0 || (!s->ended && journal_is_full(s->journal, (enum journal_stream) k)))
            continue;
        int r = journal_take(s->journal, (enum journal_stream) k, s->source[k]);
        any |= r > 0;
        /* Before the container is there its pipes may be without a writer. */
        if (r < 0 && (s->begun || s->ended)) {
            if (s->source[k] != s->people.master)
                close(s->source[k]);
            s->source[k] = -1;
        }
    }
    return any;
}

static void hear_keeper(struct scribe *s)
{
    struct monitor_message m;
    int fds[MESSAGE_FDS];
    size_t n;
    if (message_receive(s->socket, &m, fds, &n) <= 0) {
        close(s->socket);
        s->socket = -1;
        return;
    }
    if (m.word == WORD_END)
        s->ended = true;
    if (m.word == WORD_BEGIN && n >= 2) {
        s->begun = true;
        s->pid = s->sink.pid = m.pid;
        s->pidfd = fds[0];
        s->oom = fds[1];
        if (n == 3)
            s->source[STREAM_OUT] = s->people.master = s->people.input = fds[2];
    }
}

static void record_end(struct scribe *s)
{
    char now[CLOCK_TEXT_MAX];
    struct monitor_exit x = { 0 };
    collect_end(s->pidfd, s->pid, s->oom, false, &x);
    journal_lost(s->journal, &x.lost_lines, &x.lost_bytes);
    clock_now_text(now);
    x.finished = now;
    note_write(&x);
    if (!lock_held(MONITOR_KEEPER))
        monitor_exit_write(MONITOR_FD_EXIT, &x);
}

static void wake(int sig _unused_)
{
}

/*
 * Children of others that have died: a killed health check's. Their zombies would keep the container's pid namespace, and so its first
 * process, from ending.
 */
static void reap_strangers(const struct scribe *s)
{
    siginfo_t info = { 0 };
    while (s->begun && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
           info.si_pid != s->pid) {
        waitpid(info.si_pid, NULL, 0);
        info.si_pid = 0;
    }
}

/* So that the keeper lets go of its own end. */
static void tell_input_ended(struct scribe *s)
{
    const struct monitor_message m = { .word = WORD_INPUT_END };
    if (s->socket >= 0)
        message_send(s->socket, &m, NULL, 0);
}

/* Of what a sink does not take: -1 where its socket will tell, else when to look again. */
static int sink_wait(const struct scribe *s)
{
    return journal_sink_state(s->journal) == JOURNAL_SINK_GONE ? SINK_RETRY_MS : -1;
}

/*
 * Nobody listens to our socket any more: who keeps the log was started again. We are sealed and cannot connect; the scribe that the keeper
 * starts when we go can, and finds every byte.
 */
static bool sink_is_to_be_found(const struct scribe *s)
{
    return journal_sink_state(s->journal) == JOURNAL_SINK_GONE && s->socket >= 0 && s->begun && !s->ended &&
           clock_monotonic_ms() - s->sink_since >= SINK_RETRY_MS;
}

/* The end: a sink that takes nothing has had its time. */
static void finish_sink(struct scribe *s)
{
    int64_t end = clock_monotonic_ms() + SINK_LAST_MS;
    while (journal_sink_state(s->journal) == JOURNAL_SINK_WAITS) {
        struct pollfd p = { .fd = s->sink.fd, .events = POLLOUT };
        int64_t left = end - clock_monotonic_ms();
        if (left <= 0 || poll(&p, 1, (int) left) <= 0)
            break;
        journal_write(s->journal, true);
    }
    journal_give_up(s->journal);
}

/* 0: go on. The pidfd counts only when nobody else waits for it. */
static int turn(struct scribe *s)
{
    bool waits = journal_sink_state(s->journal) == JOURNAL_SINK_WAITS;
    struct pollfd p[3 + STREAM_COUNT + ATTACH_POLL_MAX] = {
        { .fd = s->socket, .events = POLLIN },
        { .fd = s->socket < 0 ? s->pidfd : -1, .events = POLLIN },
        { .fd = waits ? s->sink.fd : -1, .events = POLLOUT },
    };
    for (int k = 0; k < STREAM_COUNT; k++) {
        bool takes = s->begun && !journal_is_full(s->journal, (enum journal_stream) k);
        p[3 + k] = (struct pollfd){ .fd = takes ? s->source[k] : -1, .events = POLLIN };
    }
    struct pollfd *people = p + 3 + STREAM_COUNT;
    if (s->begun)
        attach_poll(&s->people, people);
    sigset_t none; /* SIGCHLD comes here and nowhere else */
    sigemptyset(&none);
    int ms = sink_wait(s);
    const struct timespec most = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
    int n = ppoll(p, s->begun ? ARRAY_LEN(p) - ATTACH_MAX + s->people.n : 3 + STREAM_COUNT,
                  ms < 0 ? NULL : &most, &none);
    reap_strangers(s);
    if (n < 0)
        return errno == EINTR ? 0 : 1;
    if (s->begun && attach_turn(&s->people, people))
        tell_input_ended(s);
    if (p[0].revents != 0)
        hear_keeper(s);
    if (s->socket < 0 && !s->begun)
        return 1; /* the container was never started */
    if (p[1].revents != 0)
        s->ended = true;
    int any = take_all(s);
    attach_give(&s->people);
    if (any || journal_sink_state(s->journal) != JOURNAL_SINK_WELL)
        journal_write(s->journal, false);
    return s->ended;
}

static int prepare(struct scribe *s, const struct monitor_options *o)
{
    struct stat st;
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    signal(SIGCHLD, wake);
    signal(SIGPIPE, SIG_IGN);
    if (sys_close_range(MONITOR_FD_ATTACH + 1, UINT32_MAX, 0) < 0)
        return -errno;
    /* Whose lock it is tells others that a scribe is there; the last one's goes with it. */
    int r = lock_take(MONITOR_SCRIBE);
    if (r == 0)
        r = s->people.listener = attach_listen(MONITOR_FD_STATE);
    s->sink = (struct sink){ .fd = o->sink != LOG_SINK_FILE ? sink_connect((enum log_sink) o->sink) : -1,
                             .o = o };
    s->sink_since = clock_monotonic_ms();
    if (r >= 0)
        r = seal_scribe(o->dumpable);
    if (r == 0)
        r = journal_open(MONITOR_FD_DIR, MONITOR_FD_STATE, o->id, o->tag,
                         o->no_log || o->sink != LOG_SINK_FILE, o->max_size, o->max_files, &s->journal);
    if (r == 0)
        journal_attributes(s->journal, o->attrs);
    if (r == 0 && o->sink != LOG_SINK_FILE)
        journal_to_sink(s->journal, &s->sink, o->drop != 0, o->buffer > 0 ? o->buffer : SINK_BUFFER);
    s->people.journal = s->journal;
    s->people.once = o->stdin_once;
    if (fstat(MONITOR_FD_INPUT, &st) == 0 && S_ISFIFO(st.st_mode))
        s->people.input = MONITOR_FD_INPUT;
    if (r == 0)
        attach_expect_back(&s->people);
    if (fstat(MONITOR_FD_ATTACH, &st) == 0 && S_ISSOCK(st.st_mode))
        attach_add(&s->people, MONITOR_FD_ATTACH);
    return r;
}

int scribe_main(const struct monitor_options *o)
{
    struct scribe s = { .socket = MONITOR_FD_SOCKET,
                        .source = { MONITOR_FD_OUT, MONITOR_FD_ERR },
                        .pidfd = -1,
                        .oom = -1,
                        .people = { .input = -1, .master = -1 } };
    if (prepare(&s, o) < 0)
        return 1;
    while (turn(&s) == 0)
        if (sink_is_to_be_found(&s))
            return 0;
    if (!s.begun)
        return 0;
    while (take_all(&s)) {
        attach_give(&s.people);
        journal_write(s.journal, false);
    }
    journal_write(s.journal, true);
    finish_sink(&s);
    struct monitor_message m = { .word = WORD_DRAINED };
    journal_lost(s.journal, &m.lost_lines, &m.lost_bytes);
    if (s.socket < 0)
        record_end(&s);
    else
        message_send(s.socket, &m, NULL, 0);
    attach_finish(&s.people);
    return 0;
}
