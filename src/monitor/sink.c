// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/sink.c: see sink.h.
 *
 * Threat: a line is the container's. In the native protocol each value stands behind its length, so that no line can bring a field of
 * its own (_SYSTEMD_UNIT and the like are journald's to say anyway); in a datagram for syslog there is one message, however it looks.
 */
#include "monitor/sink.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>

#define FIELDS_MAX 8192

int sink_connect(enum log_sink kind)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (str_format(addr.sun_path, sizeof(addr.sun_path), "%s",
                   kind == LOG_SINK_JOURNALD ? SINK_JOURNALD : SINK_SYSLOG) < 0)
        return -ENAMETOOLONG;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return -errno;
    return TAKE_FD(fd);
}

struct fields {
    char buf[FIELDS_MAX];
    size_t n;
};

static void add_bytes(struct fields *f, const char *data, size_t n)
{
    if (f->n + n > sizeof(f->buf))
        return;
    memcpy(f->buf + f->n, data, n);
    f->n += n;
}

/* NAME, the length in eight bytes, the lowest first, and the value; all or nothing. */
static void add_field(struct fields *f, const char *name, size_t name_len, const char *value, size_t n)
{
    char head[8];
    if (f->n + name_len + n + 10 > sizeof(f->buf))
        return;
    for (size_t i = 0; i < 8; i++)
        head[i] = (char) ((uint64_t) n >> (8 * i));
    add_bytes(f, name, name_len);
    add_bytes(f, "\n", 1);
    add_bytes(f, head, sizeof(head));
    add_bytes(f, value, n);
    add_bytes(f, "\n", 1);
}

static void add(struct fields *f, const char *name, const char *value)
{
    if (value != NULL)
        add_field(f, name, strlen(name), value, strlen(value));
}

/* journald knows names of A-Z, 0-9 and _, which begin with a letter and have 64 characters at most; what docker makes of labels. */
static void add_attribute(struct fields *f, const char *key, size_t n, const char *value, size_t value_len)
{
    char name[64];
    size_t len = 0;
    for (size_t i = 0; i < n && len < sizeof(name); i++) {
        char c = key[i];
        if (c >= 'a' && c <= 'z')
            c = (char) (c - 'a' + 'A');
        bool fits = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (len == 0 && !(c >= 'A' && c <= 'Z'))
            continue;
        name[len++] = fits ? c : '_';
    }
    if (len > 0)
        add_field(f, name, len, value, value_len);
}

static void add_attributes(struct fields *f, const char *lines)
{
    for (const char *p = lines; p != NULL && *p != '\0';) {
        const char *end = strchrnul(p, '\n'), *eq = memchr(p, '=', (size_t) (end - p));
        if (eq != NULL)
            add_attribute(f, p, (size_t) (eq - p), eq + 1, (size_t) (end - eq - 1));
        p = *end == '\n' ? end + 1 : end;
    }
}

static int give(int fd, const struct iovec *v, size_t n)
{
    const struct msghdr m = { .msg_iov = (struct iovec *) (uintptr_t) v, .msg_iovlen = n };
    ssize_t r;
    do
        r = sendmsg(fd, &m, MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    return r >= 0 ? 0 : errno == ENOBUFS ? -EAGAIN : -errno;
}

static int to_journald(const struct sink *k, enum journal_stream s, const char *data, size_t n, bool partial)
{
    struct fields f = { .n = 0 };
    char short_id[13], length[8];
    static const char name[] = { 'M', 'E', 'S', 'S', 'A', 'G', 'E', '\n' };
    const struct monitor_options *o = k->o;
    if (str_format(short_id, sizeof(short_id), "%.12s", o->id) < 0)
        return -EINVAL;
    add(&f, "PRIORITY", s == STREAM_ERR ? "3" : "6");
    add(&f, "CONTAINER_ID", short_id);
    add(&f, "CONTAINER_ID_FULL", o->id);
    add(&f, "CONTAINER_NAME", o->name);
    add(&f, "CONTAINER_TAG", o->tag != NULL ? o->tag : short_id);
    add(&f, "SYSLOG_IDENTIFIER", o->tag != NULL ? o->tag : short_id);
    add(&f, "IMAGE_NAME", o->image);
    if (partial)
        add(&f, "CONTAINER_PARTIAL_MESSAGE", "true");
    add_attributes(&f, o->attrs);
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (char) ((uint64_t) n >> (8 * i));
    const struct iovec v[] = { { f.buf, f.n },
                               { (void *) (uintptr_t) name, sizeof(name) },
                               { length, sizeof(length) },
                               { (void *) (uintptr_t) data, n },
                               { (void *) (uintptr_t) "\n", 1 } };
    return give(k->fd, v, ARRAY_LEN(v));
}

static int to_syslog(const struct sink *k, enum journal_stream s, const char *data, size_t n)
{
    char head[512];
    const struct monitor_options *o = k->o;
    int len = str_format(
        head, sizeof(head),
        "<%u>%.*s[%d]: ", (unsigned) (o->facility << 3) | (s == STREAM_ERR ? LOG_ERR : LOG_INFO),
        o->tag != NULL ? JOURNAL_TAG_MAX : 12, o->tag != NULL ? o->tag : o->id, (int) k->pid);
    if (len < 0)
        return len;
    const struct iovec v[] = { { head, (size_t) len }, { (void *) (uintptr_t) data, n } };
    return give(k->fd, v, ARRAY_LEN(v));
}

int sink_send(const struct sink *k, enum journal_stream s, const char *data, size_t n, bool partial)
{
    if (k->fd < 0)
        return -ENOTCONN;
    return k->o->sink == LOG_SINK_JOURNALD ? to_journald(k, s, data, n, partial) : to_syslog(k, s, data, n);
}
