// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: with process.terminal the container's process makes its pty on the container's own devpts and hands us the
 * master. We relay bytes between it and our own terminal, which is in raw mode meanwhile: the container's pty does the line
 * editing. runtime/terminal.h has how it comes back.
 *
 * Threats: a terminal left in raw mode after a crash. A relay that stops reading because one side does not write: both
 * directions are buffered apart, and poll waits only for what can go on.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

#include "runtime/annotations.h"
#include "runtime/start.h"
#include "runtime/terminal.h"
#include "sys/fd_pass.h"
#include "sys/file.h"

/* text goes beside the descriptor: of a terminal what runc sends too; engines read and ignore it. */
static int send_fd(const char *what, const char *socket_path, const char *text, int pass_fd,
                   struct error *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (strlen(socket_path) >= sizeof(addr.sun_path))
        return error_set(err, -ENAMETOOLONG, "%s: %s is too long for a socket path", what, socket_path);
    memcpy(addr.sun_path, socket_path, strlen(socket_path) + 1);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return error_errno(err, -errno, "%s: cannot connect to %s", what, socket_path);
    int r = fd_send(fd, text, strlen(text), pass_fd);
    return r < 0 ? error_errno(err, r, "%s: cannot send the descriptor", what) : 0;
}

int console_size_from_terminal(int master_fd)
{
    struct winsize size;
    if (!terminal_size(&size))
        return -ENOTTY;
    return ioctl(master_fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int console_take(const char *socket_path, int master_fd, struct error *err)
{
    return socket_path ? send_fd("--console-socket", socket_path, "/dev/ptmx", master_fd, err) : 0;
}

int pidfd_give(const char *socket_path, const struct oci_spec *spec, int pidfd, struct error *err)
{
    static char name[] = "pidfd";
    if (socket_path)
        return send_fd("--pidfd-socket", socket_path, name, pidfd, err);
    socket_path = spec ? oci_pairs_get(&spec->annotations, ANNOTATION_PIDFD_RECEIVER) : NULL;
    return socket_path ? send_fd("annotations." ANNOTATION_PIDFD_RECEIVER, socket_path, name, pidfd, err) : 0;
}

/* ---- the relay ---- */

/*
 * When the leader of a session ends, the kernel discards what its terminal still holds. So output is taken from the pty at once, whether
 * or not its reader keeps up, until OUTPUT_MAX is waiting; only then is the program slowed down.
 */
#define OUTPUT_MAX (1024 * 1024)
#define INPUT_MAX 4096
#define STEP 4096 /* a pipe that polls writable takes this much without blocking */

struct channel {
    int from, to;
    bool open;                  /* from may still deliver */
    size_t off, len, size, max; /* buf[off..len) waits, buf has size bytes */
    char *buf;
};

static void channel_read(struct channel *c)
{
    if (c->off > 0) {
        memmove(c->buf, c->buf + c->off, c->len - c->off);
        c->len -= c->off;
        c->off = 0;
    }
    if (c->size - c->len < STEP)
        c->buf = xrealloc(c->buf, c->size = MIN_OF(2 * c->size + STEP, c->max + STEP));
    ssize_t n = read(c->from, c->buf + c->len, STEP);
    if (n > 0)
        c->len += (size_t) n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        c->open = false; /* EIO from a master: the last slave was closed */
}

static void channel_write(struct channel *c)
{
    ssize_t n = write(c->to, c->buf + c->off, MIN_OF(c->len - c->off, (size_t) STEP));
    if (n > 0)
        c->off += (size_t) n;
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        c->open = false, c->len = c->off = 0;
    if (c->off == c->len)
        c->off = c->len = 0;
}

struct relay {
    int master, pidfd, signal_fd;
    struct notify *notify;
    bool ended;
    struct channel in, out;
};

static void take_signal(struct relay *r)
{
    struct signalfd_siginfo info;
    if (read(r->signal_fd, &info, sizeof(info)) != (ssize_t) sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH)
        console_size_from_terminal(r->master);
    else if (r->ended && info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE)
        r->out.open = false, r->out.off = r->out.len =
                                 0; /* nobody is left to forward it to: it is for us, who wait for a reader */
    else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE)
        sys_pidfd_send_signal(r->pidfd, (int) info.ssi_signo, NULL, 0);
}

static void poll_channel(const struct channel *c, struct pollfd *from, struct pollfd *to)
{
    *from = (struct pollfd){ .fd = c->open && c->len - c->off < c->max ? c->from : -1, .events = POLLIN };
    *to = (struct pollfd){ .fd = c->len > 0 ? c->to : -1, .events = POLLOUT };
}

static int relay_once(struct relay *r)
{
    struct pollfd p[7] = { { .fd = r->signal_fd, .events = POLLIN },
                           { .fd = r->ended ? -1 : r->pidfd, .events = POLLIN } };
    p[6] = (struct pollfd){ .fd = r->notify ? r->notify->fd : -1, .events = POLLIN };
    poll_channel(&r->in, &p[2], &p[3]);
    poll_channel(&r->out, &p[4], &p[5]);
    /* When the process has ended, only what the pty still holds is fetched; a slow reader gets all of it. */
    if (poll(p, ARRAY_LEN(p), r->ended && r->out.len == 0 ? 0 : -1) < 0)
        return errno == EINTR ? 0 : -errno;
    if (p[0].revents & POLLIN)
        take_signal(r);
    if (p[6].revents)
        notify_take(r->notify, getpid());
    if (p[1].revents)
        r->ended = true;
    if (p[2].revents)
        channel_read(&r->in);
    if (p[3].revents)
        channel_write(&r->in);
    bool idle = !p[4].revents && !p[5].revents && r->out.len == 0;
    if (p[4].revents)
        channel_read(&r->out);
    if (p[5].revents)
        channel_write(&r->out);
    return r->ended && idle ? 1 : 0;
}

int console_relay(int master_fd, int pidfd, const sigset_t *signals, struct notify *notify, struct error *err)
{
    _cleanup_close_ int signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0)
        return error_errno(err, -errno, "cannot make a signal descriptor");
    struct terminal_raw_mode raw;
    int r = terminal_raw(&raw, err);
    if (r >= 0) {
        console_size_from_terminal(master_fd);
        struct relay *relay = xcalloc(1, sizeof(*relay));
        *relay = (struct relay){
            .master = master_fd, .pidfd = pidfd, .signal_fd = signal_fd, .notify = notify
        };
        relay->in.max = INPUT_MAX;
        relay->out.max = OUTPUT_MAX;
        relay->in.from = STDIN_FILENO;
        relay->in.to = relay->out.from = master_fd;
        relay->out.to = STDOUT_FILENO;
        relay->in.open = relay->out.open = true;
        do
            r = relay_once(relay);
        while (r == 0);
        r = r < 0 ? error_errno(err, r, "the terminal's relay failed") : 0;
        free(relay->in.buf);
        free(relay->out.buf);
        free(relay);
    }
    terminal_restore(&raw);
    return r;
}
