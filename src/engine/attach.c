// SPDX-License-Identifier: Apache-2.0
/*
 * engine/attach.c: this process's side of monitor/attach.h: bytes between our standard streams and the scribe, until the container ends,
 * the detach keys come, or we are ended.
 *
 * What comes is read at once and kept here (up to QUEUE_MAX) while our standard output is slow: so a pipeline with a slow reader loses
 * nothing that a burst brought. A scribe that is killed has a successor, to which we connect and say how far we are.
 */
#include "engine/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "engine/engine_internal.h"
#include "monitor/attach.h"
#include "runtime/terminal.h"
#include "sys/file.h"
#include "sys/proc.h"

#define QUEUE_MAX (64u << 20)
#define STEP 4096 /* a pipe that polls writable takes this much without blocking */
#define RECONNECT_MS 5000

/* A person and a container. */
struct attach_session {
    const char *id, *name;
    bool fresh; /* it is just being started: all of its output is wanted */
    bool rm, restarts, tty, sends, proxy;
    int pidfd, exit_fd; /* of its run; -1 */
    struct detach_keys keys;
};

struct queue {
    char *buf;
    size_t off, len, size; /* buf[off..len) waits */
};

struct client {
    struct engine *e;
    const struct attach_session *s;
    int fd, signal_fd;
    struct detach_keys keys;
    bool begun, ended, detached, sends, input_open, say_size, say_input_end;
    uint64_t seen[STREAM_COUNT]; /* numbers of the next bytes */
    struct queue out[STREAM_COUNT];
    char in[ATTACH_INPUT_MAX];
    size_t in_len;
};

/* ---- to the scribe ---- */

/* A container that begins with the size of our terminal. */
static void give_terminal_size(struct oci_spec *spec)
{
    struct winsize size;
    if (!spec->process.terminal || !terminal_size(&size))
        return;
    spec->process.console_height = (struct opt_u32){ true, size.ws_row };
    spec->process.console_width = (struct opt_u32){ true, size.ws_col };
}

static int send_hello(struct client *c)
{
    struct attach_head h = { .word = ATTACH_HELLO, .sends = c->sends };
    for (int s = 0; s < STREAM_COUNT; s++)
        h.from[s] = c->begun || c->s->fresh ? c->seen[s] : ATTACH_NOW;
    return attach_send(c->fd, &h, NULL, 0);
}

static int send_size(struct client *c, int more)
{
    struct winsize size;
    if (!terminal_size(&size))
        return 0;
    const struct attach_head h = { .word = ATTACH_SIZE,
                                   .from = { (uint64_t) (size.ws_row + more), size.ws_col } };
    return attach_send(c->fd, &h, NULL, 0);
}

/* What waits, as far as it goes now. */
static void send_waiting(struct client *c)
{
    const struct attach_head input = { .word = ATTACH_INPUT }, end = { .word = ATTACH_INPUT_END };
    if (c->say_size && send_size(c, 0) != -EAGAIN)
        c->say_size = false;
    if (c->in_len > 0 && attach_send(c->fd, &input, c->in, c->in_len) != -EAGAIN)
        c->in_len = 0;
    if (c->in_len == 0 && c->say_input_end && attach_send(c->fd, &end, NULL, 0) != -EAGAIN)
        c->say_input_end = false;
}

static void read_input(struct client *c)
{
    char typed[ATTACH_INPUT_MAX - sizeof(c->keys.v)];
    ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        c->input_open = false;
        c->say_input_end = true;
    } else if (c->s->tty) {
        c->detached = detach_keys_filter(&c->keys, typed, (size_t) n, c->in, &c->in_len);
    } else {
        memcpy(c->in, typed, (size_t) n);
        c->in_len = (size_t) n;
    }
    send_waiting(c);
}

/* ---- from it ---- */

static void queue_add(struct queue *q, const char *data, size_t n)
{
    if (q->off > 0 && q->len + n > q->size) {
        memmove(q->buf, q->buf + q->off, q->len - q->off);
        q->len -= q->off;
        q->off = 0;
    }
    if (q->len + n > q->size)
        q->buf = xrealloc(q->buf, q->size = MAX_OF(2 * q->size, q->len + n));
    memcpy(q->buf + q->len, data, n);
    q->len += n;
}

static int queue_write(struct queue *q, int fd)
{
    ssize_t n = write(fd, q->buf + q->off, MIN_OF(q->len - q->off, (size_t) STEP));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    q->off += (size_t) n;
    if (q->off == q->len)
        q->off = q->len = 0;
    return 0;
}

static size_t queued(const struct client *c)
{
    return c->out[STREAM_OUT].len - c->out[STREAM_OUT].off + c->out[STREAM_ERR].len - c->out[STREAM_ERR].off;
}

static void tell_missed(const struct client *c, uint64_t n)
{
    if (n > 0)
        log_warn(
            "%llu bytes of output are left out here, they came faster than they were read; \"oakum logs %s\" has them%s",
            (unsigned long long) n, c->s->name, c->s->tty ? "\r" : "");
}

static void take_output(struct client *c, const struct attach_head *h, const char *data, size_t n)
{
    unsigned s = h->stream;
    if (s >= STREAM_COUNT || h->from[s] + n <= c->seen[s])
        return;
    uint64_t doubled = h->from[s] < c->seen[s] ? c->seen[s] - h->from[s] : 0;
    tell_missed(c, h->from[s] + doubled - c->seen[s]);
    queue_add(&c->out[s], data + doubled, n - (size_t) doubled);
    c->seen[s] = h->from[s] + n;
}

/* 1: a message; 0: none now; -EPIPE: the scribe is gone. */
static int take_message(struct client *c, struct error *err)
{
    static char data[ATTACH_OUTPUT_MAX];
    struct attach_head h;
    size_t n = 0;
    int r = attach_receive(c->fd, &h, data, sizeof(data), &n);
    if (r <= 0)
        return r == 0 ? -EPIPE : 0;
    switch (h.word) {
    case ATTACH_BEGIN:
        for (int s = 0; s < STREAM_COUNT; s++) {
            if (c->begun || c->s->fresh)
                tell_missed(c, h.from[s] > c->seen[s] ? h.from[s] - c->seen[s] : 0);
            c->seen[s] = h.from[s];
        }
        c->begun = true;
        break;
    case ATTACH_OUTPUT: take_output(c, &h, data, n); break;
    case ATTACH_END: c->ended = true; break;
    case ATTACH_FULL:
        return error_set(err, -EUSERS, "%d are attached to container %s already", ATTACH_MAX, c->s->name);
    default: break;
    }
    return 1;
}

/* ---- the connection ---- */

static int connect_scribe(struct engine *e, const char *id, struct error *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    _cleanup_close_ int state = monitor_state(e, id, false, err);
    if (state < 0)
        return state;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (str_format(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET, state) < 0)
        return -ENAMETOOLONG;
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return error_errno(err, -errno, "cannot connect to the container's monitor");
    return TAKE_FD(fd);
}

static bool is_up(struct engine *e, const char *id)
{
    struct engine_container c;
    if (engine_get(e, id, &c, NULL) < 0)
        return false;
    bool up = c.status == ENGINE_RUNNING || c.status == ENGINE_PAUSED;
    engine_container_clear(&c);
    return up;
}

/* Another scribe. Looking at the container is what brings it, when the whole monitor was killed. */
static int connect_again(struct client *c, struct error *err)
{
    close(c->fd);
    c->fd = -1;
    for (int waited = 0; waited < RECONNECT_MS; waited += 50) {
        if (!is_up(c->e, c->s->id)) {
            c->ended = true; /* the last bytes may be in the log only */
            return 0;
        }
        c->fd = connect_scribe(c->e, c->s->id, NULL);
        if (c->fd >= 0 && send_hello(c) == 0) {
            c->say_size = c->s->tty;
            return 0;
        }
        poll(NULL, 0, 50);
    }
    return error_set(err, -EPIPE,
                     "the monitor of container %s was killed and does not come back; the container goes on",
                     c->s->name);
}

/* ---- the relay ---- */

static void take_signal(struct client *c)
{
    struct signalfd_siginfo info;
    if (read(c->signal_fd, &info, sizeof(info)) != (ssize_t) sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH)
        c->say_size = c->s->tty;
    else if (info.ssi_signo != SIGPIPE)
        sys_pidfd_send_signal(c->s->pidfd, (int) info.ssi_signo, NULL, 0);
    send_waiting(c);
}

static int relay_once(struct client *c, struct error *err)
{
    bool waits = c->in_len > 0 || c->say_size || c->say_input_end;
    struct pollfd p[5] = {
        { .fd = c->signal_fd, .events = POLLIN },
        { .fd = queued(c) < QUEUE_MAX ? c->fd : -1, .events = (short) (POLLIN | (waits ? POLLOUT : 0)) },
        { .fd = c->input_open && c->in_len == 0 ? STDIN_FILENO : -1, .events = POLLIN },
    };
    for (int s = 0; s < STREAM_COUNT; s++)
        p[3 + s] = (struct pollfd){ .fd = c->out[s].len > 0 ? s + 1 : -1, .events = POLLOUT };
    if (poll(p, ARRAY_LEN(p), -1) < 0)
        return errno == EINTR ? 0 : error_errno(err, -errno, "cannot wait for the container");
    int r = 0;
    if (p[0].revents != 0)
        take_signal(c);
    if (p[2].revents != 0)
        read_input(c);
    if (p[1].revents != 0) {
        send_waiting(c);
        do
            r = take_message(c, err);
        while (r == 1 && !c->ended && queued(c) < QUEUE_MAX);
        if (r == -EPIPE)
            r = connect_again(c, err);
    }
    for (int s = 0; r >= 0 && s < STREAM_COUNT; s++)
        if (p[3 + s].revents != 0 && (r = queue_write(&c->out[s], s + 1)) < 0)
            return error_errno(err, r, "cannot write what container %s says; it goes on", c->s->name);
    return MIN_OF(r, 0);
}

static int relay(struct client *c, struct error *err)
{
    int r = 0;
    while (r == 0 && !c->ended && !c->detached)
        r = relay_once(c, err);
    for (int s = 0; r == 0 && c->ended && s < STREAM_COUNT; s++) {
        r = write_all(s + 1, c->out[s].buf + c->out[s].off, c->out[s].len - c->out[s].off);
        if (r < 0)
            error_errno(err, r, "cannot write what container %s has said", c->s->name);
    }
    return r;
}

/* The signals that a person or a service manager sends; those of them that are not passed on do what they do. */
static int take_signals(const struct attach_session *s, sigset_t *ret_old, struct error *err)
{
    static const int proxied[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
                                   SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGIO,   SIGPWR };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGPIPE);
    for (size_t i = 0; s->proxy && i < ARRAY_LEN(proxied); i++)
        sigaddset(&set, proxied[i]);
    sigprocmask(SIG_BLOCK, &set, ret_old);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? error_errno(err, -errno, "cannot make a signal descriptor") : fd;
}

static int attach_relay(struct engine *e, const struct attach_session *s, int fd, bool *ret_detached,
                        struct error *err)
{
    struct terminal_raw_mode raw = { .guard_fd = -1 };
    sigset_t old;
    struct client *c = xcalloc(1, sizeof(*c));
    *c = (struct client){ .e = e, .s = s, .fd = fd, .keys = s->keys, .sends = s->sends };
    c->input_open = s->sends;
    int r = c->signal_fd = take_signals(s, &old, err);
    if (r >= 0 && send_hello(c) < 0)
        r = connect_again(c, err);
    if (r >= 0 && s->tty && s->sends)
        r = terminal_raw(&raw, err);
    /* Another size first, so that a program which is there already draws all anew. */
    if (r >= 0 && s->tty && !s->fresh)
        send_size(c, 1);
    c->say_size = s->tty;
    if (r >= 0) {
        send_waiting(c);
        r = relay(c, err);
    }
    *ret_detached = c->detached;
    terminal_restore(&raw);
    sigprocmask(SIG_SETMASK, &old, NULL);
    for (int i = 0; i < STREAM_COUNT; i++)
        free(c->out[i].buf);
    if (c->signal_fd >= 0)
        close(c->signal_fd);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
    return MIN_OF(r, 0);
}

/* ---- a container ---- */

/* Its record is not asked: that may be of the next run by now. */
static int exit_code(struct engine *e, const struct attach_session *s)
{
    int64_t code = 255;
    for (int waited = 0; waited < HOLDER_MS && !monitor_exit_code(s->exit_fd, &code); waited++) {
        struct stat st;
        if (waited % 100 == 99 && !is_up(e, s->id) && fstat(s->exit_fd, &st) == 0 && st.st_nlink == 0)
            break;
        poll(NULL, 0, 1);
    }
    return (int) code;
}

/* A container with --rm is gone when we are, and another can be started again. */
static void wait_settled(struct engine *e, const struct attach_session *s)
{
    if (monitor_wait_gone(e, s->id, HOLDER_MS, NULL) < 0 || !s->rm)
        return;
    int fd = engine_open_container(e, s->id, HOLDER_MS, NULL);
    if (fd >= 0)
        close(fd);
}

static int session_run(struct engine *e, const struct attach_session *s, int fd, struct attach_end *ret,
                       struct error *err)
{
    *ret = (struct attach_end){ .code = 1 };
    int r = attach_relay(e, s, fd, &ret->detached, err);
    if (r < 0 || ret->detached) {
        ret->code = r < 0;
        return r;
    }
    ret->code = exit_code(e, s);
    if (!s->restarts)
        wait_settled(e, s);
    return 0;
}

static void session_init(struct attach_session *s, const struct engine_record *r,
                         const struct attach_request *req)
{
    *s = (struct attach_session){ .id = r->id,
                                  .name = r->name,
                                  .rm = r->rm,
                                  .restarts = r->restart != NULL,
                                  .tty = r->tty,
                                  .sends = r->interactive && !req->no_stdin,
                                  .proxy = !req->no_proxy && !r->tty,
                                  .pidfd = -1,
                                  .exit_fd = -1,
                                  .keys = req->keys };
}

static int open_process(pid_t pid, uint64_t start_time)
{
    _cleanup_close_ int proc = pid <= 0 ? -1 : proc_open(NULL);
    return proc < 0 ? -1 : proc_pidfd(proc, pid, start_time, NULL);
}

static int check(const struct engine_container *c, const struct attach_session *s, struct error *err)
{
    if (c->status == ENGINE_PAUSED)
        return error_set(err, -EBUSY, "container %s is paused; unpause it first", s->name);
    if (c->status == ENGINE_RESTARTING)
        return error_set(err, -EBUSY, "container %s is restarting; wait until it runs", s->name);
    if (c->status != ENGINE_RUNNING)
        return error_set(err, -ESRCH, "container %s is not running; start it first",
                         s->name != NULL ? s->name : s->id);
    if (!c->record->detached)
        return error_set(
            err, -EBUSY,
            "container %s runs in the foreground: its streams are those of the oakum that runs it", s->name);
    if (s->tty && s->sends && isatty(STDIN_FILENO) != 1)
        return error_set(
            err, -ENOTTY,
            "container %s has a terminal, and the input device is none; --no-stdin shows it only", s->name);
    return 0;
}

int engine_attach(struct engine *e, const char *name_or_id, const struct attach_request *req,
                  struct attach_end *ret, struct error *err)
{
    struct attach_session s;
    struct engine_container c;
    char id[65];
    int r = engine_find(e, name_or_id, id, err);
    if (r < 0)
        return r;
    /* Opened first: it is of this run then. */
    _cleanup_close_ int exit_fd = monitor_exit_open(e, id);
    r = engine_get(e, id, &c, err);
    if (r < 0)
        return r;
    session_init(&s, c.record, req);
    r = check(&c, &s, err);
    _cleanup_close_ int pidfd = r < 0 ? -1 : open_process(c.pid, c.start_time);
    s.exit_fd = exit_fd;
    s.pidfd = pidfd;
    int fd = r < 0 ? r : connect_scribe(e, id, err);
    if (fd >= 0)
        r = session_run(e, &s, fd, ret, err);
    engine_container_clear(&c);
    return fd < 0 ? fd : r;
}

static int find_process(struct engine *e, const char *id)
{
    struct runtime *rt;
    struct container_state *st = NULL;
    int fd = -1;
    if (engine_runtime(e, &rt, NULL) == 0 && container_state(rt, id, &st, NULL) == 0)
        fd = open_process(st->pid, st->start_time);
    container_state_free(st);
    return fd;
}

int attach_start(struct launch *l, const struct signals_held *hold, const char *config, int lock_fd,
                 const struct attach_request *req, bool *ret_started, struct container_exit *ret,
                 struct error *err)
{
    struct attach_session s;
    struct attach_end end;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, -errno, "cannot make a socket");
    l->attached = pair[1];
    give_terminal_size(l->spec);
    int r = detached_start(l, hold, config, lock_fd, ret, err);
    close(pair[1]);
    if (r < 0) {
        close(pair[0]);
        return r;
    }
    *ret_started = true;
    file_lock(l->dirfd, LOCK_UN, "the container", NULL); /* it is its keeper's now, and anybody's */
    session_init(&s, l->record, req);
    s.fresh = true;
    s.exit_fd = l->exit_fd;
    _cleanup_close_ int pidfd = find_process(l->e, l->id);
    s.pidfd = pidfd;
    if (!s.proxy)
        sigprocmask(SIG_SETMASK, &hold->old, NULL);
    r = session_run(l->e, &s, pair[0], &end, err);
    ret->code = end.code;
    return r;
}
