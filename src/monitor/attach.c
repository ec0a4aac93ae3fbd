// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/attach.c: see attach.h. What runs here is sealed; it speaks with two that it does not trust: the container, whose bytes it does
 * not look into, and whoever may open the socket, who can only say what attach.h has. Descriptors that somebody sends along are the
 * kernel's to close: there is no room for them in any receive.
 */
#include "monitor/attach.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"

#define FINISH_MS 10000 /* for who is slow, after the end */
#define GRACE_MS 3000

int attach_send(int fd, const struct attach_head *h, const void *data, size_t n)
{
    struct iovec iov[2] = { { (void *) (uintptr_t) h, sizeof(*h) }, { (void *) (uintptr_t) data, n } };
    const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n > 0 ? 2 : 1 };
    ssize_t r;
    do
        r = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

int attach_receive(int fd, struct attach_head *h, void *data, size_t size, size_t *ret_n)
{
    struct iovec iov[2] = { { h, sizeof(*h) }, { data, size } };
    ssize_t r = 0;
    /* ECONNRESET comes once, when the other side had not read all, before what it had sent. */
    for (int i = 0; i < 3; i++) {
        struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
        r = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (r >= 0 || (errno != EINTR && errno != ECONNRESET))
            break;
    }
    if (r < 0)
        return errno == EAGAIN || errno == EINTR ? -EAGAIN : 0;
    if (r < (ssize_t) sizeof(*h))
        return 0;
    *ret_n = (size_t) r - sizeof(*h);
    return 1;
}

int attach_listen(int state)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (str_format(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET, state) < 0)
        return -ENAMETOOLONG;
    unlinkat(state, ATTACH_SOCKET, 0);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    umask(0177);
    if (fd < 0 || bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 || listen(fd, ATTACH_MAX) < 0)
        return -errno;
    return TAKE_FD(fd);
}

void attach_add(struct attachers *a, int fd)
{
    if (a->n < ATTACH_MAX)
        a->v[a->n++] = (struct attacher){ .fd = fd };
}

void attach_expect_back(struct attachers *a)
{
    for (int s = 0; s < STREAM_COUNT; s++) {
        a->back[s] = journal_first(a->journal, (enum journal_stream) s);
        if (journal_end(a->journal, (enum journal_stream) s) > 0)
            a->grace = clock_monotonic_ms() + GRACE_MS;
    }
}

static void end_input(struct attachers *a)
{
    if (a->input >= 0 && a->input != a->master)
        close(a->input);
    a->input = -1;
    a->ending = false;
    a->off = a->len = 0;
}

/* Returns whether that has ended the container's input. */
static bool drop(struct attachers *a, size_t i)
{
    bool ends = a->v[i].sends && a->once && a->input >= 0 && a->master < 0;
    close(a->v[i].fd);
    a->v[i] = a->v[--a->n];
    if (ends && a->len == 0)
        end_input(a);
    a->ending = ends && a->len > 0;
    return ends;
}

static void take_newcomer(struct attachers *a)
{
    int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (a->n == ATTACH_MAX) {
        const struct attach_head full = { .word = ATTACH_FULL };
        attach_send(fd, &full, NULL, 0);
        close(fd);
        return;
    }
    attach_add(a, fd);
    for (int s = 0; s < STREAM_COUNT; s++)
        a->v[a->n - 1].at[s] = journal_end(a->journal, (enum journal_stream) s);
}

static void greet(struct attachers *a, struct attacher *who, const struct attach_head *h)
{
    struct attach_head answer = { .word = ATTACH_BEGIN };
    who->sends = h->sends != 0;
    who->greeted = true;
    for (int s = 0; s < STREAM_COUNT; s++) {
        uint64_t first = journal_first(a->journal, (enum journal_stream) s),
                 end = journal_end(a->journal, (enum journal_stream) s);
        if (h->from[s] <= end)
            who->at[s] = MAX_OF(h->from[s], first);
        answer.from[s] = who->at[s];
    }
    attach_send(who->fd, &answer, NULL, 0);
}

static void feed(struct attachers *a)
{
    while (a->len > 0 && a->input >= 0) {
        ssize_t n = write(a->input, a->pending + a->off, a->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            a->len = 0; /* nobody will read it */
        else
            a->off += (size_t) n, a->len -= (size_t) n;
    }
    a->off = a->len = 0;
    if (a->ending)
        end_input(a);
}

/* One message. 0, 1: it has ended the container's input, -EPIPE: gone. */
static int hear(struct attachers *a, struct attacher *who)
{
    struct attach_head h;
    size_t n;
    int r = attach_receive(who->fd, &h, a->pending, sizeof(a->pending), &n);
    if (r <= 0)
        return r == 0 ? -EPIPE : 0;
    struct winsize size = { .ws_row = (unsigned short) h.from[0], .ws_col = (unsigned short) h.from[1] };
    switch (h.word) {
    case ATTACH_HELLO: greet(a, who, &h); break;
    case ATTACH_INPUT:
        a->len = a->input >= 0 ? n : 0;
        feed(a);
        break;
    case ATTACH_INPUT_END:
        who->sends = false;
        if (!a->once || a->input < 0 || a->master >= 0)
            break;
        end_input(a);
        return 1;
    case ATTACH_SIZE:
        if (a->master >= 0)
            ioctl(a->master, TIOCSWINSZ, &size);
        break;
    default: return -EPIPE;
    }
    return 0;
}

/* While input waits, nobody is listened to. */
void attach_poll(const struct attachers *a, struct pollfd *p)
{
    bool listens = a->len == 0;
    p[0] = (struct pollfd){ .fd = a->listener, .events = POLLIN };
    p[1] = (struct pollfd){ .fd = listens ? -1 : a->input, .events = POLLOUT };
    for (size_t i = 0; i < ATTACH_MAX; i++) {
        bool behind = false;
        for (int s = 0; i < a->n && s < STREAM_COUNT; s++)
            behind |= a->v[i].at[s] < journal_end(a->journal, (enum journal_stream) s);
        p[2 + i] = (struct pollfd){ .fd = i < a->n && (listens || behind) ? a->v[i].fd : -1,
                                    .events = (short) ((listens ? POLLIN : 0) | (behind ? POLLOUT : 0)) };
    }
}

bool attach_turn(struct attachers *a, const struct pollfd *p)
{
    bool input_ended = false;
    if (p[1].revents != 0)
        feed(a);
    /* From the last one on: who goes is replaced by it. */
    for (size_t i = a->n; i > 0; i--) {
        if (p[1 + i].revents == 0)
            continue;
        int r = a->len > 0 ? 0 : hear(a, &a->v[i - 1]);
        if (r == 0 && a->len > 0 && (p[1 + i].revents & (POLLHUP | POLLERR)) && !(p[1 + i].events & POLLIN))
            r = -EPIPE;
        if (r == -EPIPE)
            input_ended |= drop(a, i - 1);
        input_ended |= r == 1;
    }
    if (p[0].revents != 0)
        take_newcomer(a);
    return input_ended;
}

/* 0; -EAGAIN: the rest later; -EPIPE. */
static int give(struct attachers *a, struct attacher *who, enum journal_stream s)
{
    static char block[ATTACH_OUTPUT_MAX];
    uint64_t end = journal_end(a->journal, s);
    int r = 0;
    if (end - who->at[s] > ATTACH_LAG_MAX)
        who->at[s] = end - ATTACH_LAG_MAX / 4;
    while (r == 0 && who->greeted && who->at[s] < end) {
        struct attach_head h = { .word = ATTACH_OUTPUT, .stream = (uint8_t) s };
        size_t n = journal_read(a->journal, s, who->at[s], block, sizeof(block));
        h.from[s] = who->at[s];
        if (n == 0)
            who->at[s] = end; /* cannot be */
        else
            r = attach_send(who->fd, &h, block, n);
        if (r == 0)
            who->at[s] += n;
    }
    return r;
}

void attach_give(struct attachers *a)
{
    if (a->grace > 0 && clock_monotonic_ms() >= a->grace)
        a->grace = 0;
    for (int s = 0; s < STREAM_COUNT; s++) {
        uint64_t hold = UINT64_MAX, end = journal_end(a->journal, (enum journal_stream) s);
        if (a->grace > 0 && end - a->back[s] <= ATTACH_LAG_MAX)
            hold = a->back[s];
        for (size_t i = 0; i < a->n; i++) {
            int r = give(a, &a->v[i], (enum journal_stream) s);
            if (r < 0 && r != -EAGAIN) /* is dropped when its end is read */
                a->v[i].at[s] = end;
            hold = MIN_OF(hold, a->v[i].at[s]);
        }
        journal_hold(a->journal, (enum journal_stream) s, hold);
    }
}

static bool say_end(struct attachers *a, struct attacher *who)
{
    struct attach_head h = { .word = ATTACH_END };
    for (int s = 0; s < STREAM_COUNT; s++) {
        h.from[s] = journal_end(a->journal, (enum journal_stream) s);
        if (who->at[s] < h.from[s])
            return false;
    }
    return attach_send(who->fd, &h, NULL, 0) != -EAGAIN;
}

void attach_finish(struct attachers *a)
{
    int64_t end = clock_monotonic_ms() + FINISH_MS;
    struct pollfd p[ATTACH_POLL_MAX];
    end_input(a);
    while (a->n > 0) {
        attach_give(a);
        for (size_t i = a->n; i > 0; i--)
            if (say_end(a, &a->v[i - 1]))
                drop(a, i - 1);
        int64_t left = end - clock_monotonic_ms();
        if (a->n == 0 || left <= 0)
            return;
        attach_poll(a, p);
        p[0].fd = -1;
        for (size_t i = 0; i < a->n; i++)
            p[2 + i].events |= POLLOUT;
        if (poll(p, ARRAY_LEN(p), (int) left) > 0) {
            p[0].revents = 0;
            attach_turn(a, p);
        }
    }
}
