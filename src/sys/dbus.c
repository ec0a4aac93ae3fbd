// SPDX-License-Identifier: Apache-2.0
/*
 * A D-Bus client in one file instead of libsystemd: oakum-runtime is linked statically and its start is the product, so a library
 * that must be loaded (with the five that it needs) is not to be had there, and the handful of calls that the systemd
 * driver makes need no more than this: put numbers and strings in a row with the right gaps, read an answer.
 *
 * How it works: a blocking conversation on a non-blocking socket, poll() with a deadline around every read and write. A message is
 * read whole into one buffer (header first, whose lengths say how much follows), then taken apart.
 *
 * Threat: the peer is root's or the user's own service manager, but what it sends is bytes all the same. Lengths are bounded before
 * they are believed, every field is read inside its message, strings must end where their length says; the first thing
 * that is not so ends the connection. A peer that says nothing is a time-out, not a container that hangs.
 */
#include "sys/dbus.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "sys/file.h"

#define MESSAGE_MAX \
    (4u << 20) /* systemd's answers are a few hundred bytes; its signals may carry a unit's properties */
#define LINE_MAX_BYTES 512

enum field { F_PATH = 1, F_INTERFACE, F_MEMBER, F_ERROR_NAME, F_REPLY, F_DESTINATION, F_SENDER, F_SIGNATURE };

struct dbus {
    int fd;
    bool bus;
    int timeout_ms;
    uint32_t serial;
    unsigned char *in; /* one message */
    size_t in_cap;
    void (*on_signal)(void *arg, const struct dbus_message *m);
    void *arg;
};

/* ---- making ---- */

void dbus_body_free(struct dbus_body *b)
{
    free(b->v);
    *b = (struct dbus_body){ 0 };
}

static void put(struct dbus_body *b, const void *data, size_t n, size_t align)
{
    size_t at = (b->n + align - 1) / align * align;

    if (at + n > b->cap) {
        b->cap = (at + n) * 2 + 256;
        b->v = xrealloc(b->v, b->cap);
    }
    if (at > b->n)
        memset(b->v + b->n, 0, at - b->n);
    if (n > 0)
        memcpy(b->v + at, data, n);
    b->n = at + n;
}

void dbus_put_byte(struct dbus_body *b, uint8_t v)
{
    put(b, &v, 1, 1);
}

void dbus_put_u32(struct dbus_body *b, uint32_t v)
{
    put(b, &v, sizeof(v), sizeof(v));
}

void dbus_put_bool(struct dbus_body *b, bool v)
{
    dbus_put_u32(b, v);
}

void dbus_put_u64(struct dbus_body *b, uint64_t v)
{
    put(b, &v, sizeof(v), sizeof(v));
}

void dbus_put_string(struct dbus_body *b, const char *s)
{
    size_t n = strlen(s);

    dbus_put_u32(b, (uint32_t) n);
    put(b, s, n + 1, 1);
}

void dbus_put_signature(struct dbus_body *b, const char *signature)
{
    size_t n = strlen(signature);

    dbus_put_byte(b, (uint8_t) n);
    put(b, signature, n + 1, 1);
}

void dbus_put_struct(struct dbus_body *b)
{
    put(b, NULL, 0, 8);
}

/* The gap before the first element does not count; an empty array has it too. */
size_t dbus_array_begin(struct dbus_body *b, size_t align)
{
    size_t length_at;

    dbus_put_u32(b, 0);
    length_at = b->n - sizeof(uint32_t);
    put(b, NULL, 0, align);
    return length_at << 4 | (b->n - length_at - sizeof(uint32_t)); /* the gap is 0 or 4 */
}

void dbus_array_end(struct dbus_body *b, size_t mark)
{
    size_t at = mark >> 4;
    uint32_t n = (uint32_t) (b->n - at - sizeof(n) - (mark & 15));

    memcpy(b->v + at, &n, sizeof(n));
}

/* ---- reading ---- */

static int get(struct dbus_reader *r, size_t n, size_t align, const unsigned char **ret)
{
    size_t at = (r->at + align - 1) / align * align;

    if (at > r->n || n > r->n - at)
        return -EBADMSG;
    *ret = r->v + at;
    r->at = at + n;
    return 0;
}

int dbus_get_u32(struct dbus_reader *r, uint32_t *ret)
{
    const unsigned char *p;
    int e = get(r, sizeof(*ret), sizeof(*ret), &p);

    if (e == 0)
        memcpy(ret, p, sizeof(*ret));
    return e;
}

/* n bytes that hold no NUL, and a NUL. */
static int get_text(struct dbus_reader *r, size_t n, const char **ret)
{
    const unsigned char *p;

    if (n >= r->n || get(r, n + 1, 1, &p) < 0 || p[n] != '\0' || memchr(p, '\0', n))
        return -EBADMSG;
    *ret = (const char *) p;
    return 0;
}

int dbus_get_string(struct dbus_reader *r, const char **ret)
{
    uint32_t n = 0;

    return dbus_get_u32(r, &n) < 0 ? -EBADMSG : get_text(r, n, ret);
}

int dbus_get_signature(struct dbus_reader *r, const char **ret)
{
    const unsigned char *n;

    return get(r, 1, 1, &n) < 0 ? -EBADMSG : get_text(r, *n, ret);
}

/* ---- the socket ---- */

static int wait_for(const struct dbus *bus, short events, int64_t end, struct error *err)
{
    for (;;) {
        struct pollfd p = { .fd = bus->fd, .events = events };
        int64_t left = end - clock_monotonic_ms();
        int n = left <= 0 ? 0 : poll(&p, 1, (int) MIN_OF(left, (int64_t) 3600000));
        if (n > 0)
            return 0;
        if (n == 0)
            return error_set(err, -ETIMEDOUT, "systemd does not answer");
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot wait for systemd");
    }
}

static int send_all(const struct dbus *bus, const void *data, size_t n, int64_t end, struct error *err)
{
    const unsigned char *p = data;

    while (n > 0) {
        ssize_t did = send(bus->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        int r = 0;
        if (did < 0 && errno == EAGAIN)
            r = wait_for(bus, POLLOUT, end, err);
        else if (did < 0 && errno != EINTR)
            r = error_errno(err, -errno, "cannot write to systemd's socket");
        if (r < 0)
            return r;
        p += MAX_OF(did, 0);
        n -= (size_t) MAX_OF(did, 0);
    }
    return 0;
}

static int receive_all(const struct dbus *bus, unsigned char *p, size_t n, int64_t end, struct error *err)
{
    while (n > 0) {
        ssize_t did = recv(bus->fd, p, n, MSG_DONTWAIT);
        int r = 0;
        if (did == 0)
            return error_set(err, -ECONNRESET, "systemd has closed the connection");
        if (did < 0 && errno == EAGAIN)
            r = wait_for(bus, POLLIN, end, err);
        else if (did < 0 && errno != EINTR)
            r = error_errno(err, -errno, "cannot read from systemd's socket");
        if (r < 0)
            return r;
        p += MAX_OF(did, 0);
        n -= (size_t) MAX_OF(did, 0);
    }
    return 0;
}

static int broken(struct error *err, const char *what)
{
    return error_set(err, -EBADMSG, "systemd's answer is not D-Bus: %s", what);
}

/* A line of the authentication, without its \r\n. Byte by byte: what follows the last line is no longer ours to read here. */
static int receive_line(const struct dbus *bus, char *buf, size_t size, int64_t end, struct error *err)
{
    for (size_t n = 0; n + 1 < size; n++) {
        int r = receive_all(bus, (unsigned char *) buf + n, 1, end, err);
        if (r < 0)
            return r;
        if (n > 0 && buf[n] == '\n' && buf[n - 1] == '\r') {
            buf[n - 1] = '\0';
            return 0;
        }
    }
    return broken(err, "a line without an end");
}

/*
 * EXTERNAL without a name: the peer takes the user id that the kernel tells it of us. A name would be a guess inside a user
 * namespace, where our own view of the id is not the peer's. The peer asks for the (empty) name once more, older ones do not.
 *
 * All in one write, BEGIN with it: systemd reads what has come, and when BEGIN and the first message come together it lets the message
 * lie until something else arrives. So BEGIN must be behind us before there is a message, and its answer is OK's.
 */
static int authenticate(const struct dbus *bus, struct error *err)
{
    static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
    int64_t end = clock_monotonic_ms() + bus->timeout_ms;
    char first[LINE_MAX_BYTES], second[LINE_MAX_BYTES];
    int r = send_all(bus, hello, sizeof(hello) - 1, end, err);

    if (r == 0)
        r = receive_line(bus, first, sizeof(first), end, err);
    if (r == 0 && !str_after(first, "REJECTED"))
        r = receive_line(bus, second, sizeof(second), end, err);
    if (r < 0)
        return r;
    if (str_after(first, "OK") || (str_after(first, "DATA") && str_after(second, "OK")))
        return 0;
    if (str_after(first, "REJECTED") || str_after(first, "ERROR") || str_after(second, "REJECTED"))
        return error_set(err, -EACCES, "systemd refuses the connection of this user");
    return broken(err, "its greeting");
}

static int connect_to(const char *path, struct error *err)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_errno(err, -errno, "cannot make a socket");
    if (n == 0 || n >= sizeof(a.sun_path))
        return error_set(err, -ENAMETOOLONG, "the socket's path \"%s\" is empty or too long", path);
    memcpy(a.sun_path, path, n);
    if (path[0] == '@')
        a.sun_path[0] = '\0';
    if (connect(fd, (struct sockaddr *) &a,
                (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'))) < 0)
        return error_errno(err, -errno, "cannot connect to %s", path);
    return TAKE_FD(fd);
}

int dbus_open(const char *path, bool bus, int timeout_ms, struct dbus **ret, struct error *err)
{
    static const struct dbus_target driver = { "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                               "org.freedesktop.DBus" };
    int fd = connect_to(path, err), r;
    struct dbus *d;

    if (fd < 0)
        return fd;
    d = xcalloc(1, sizeof(*d));
    *d = (struct dbus){ .fd = fd, .bus = bus, .timeout_ms = timeout_ms };
    r = authenticate(d, err);
    if (r == 0 && bus)
        r = dbus_call(d, &driver, "Hello", NULL, NULL, NULL, err);
    if (r < 0) {
        dbus_close(d);
        return r;
    }
    *ret = d;
    return 0;
}

void dbus_close(struct dbus *bus)
{
    if (!bus)
        return;
    close(bus->fd);
    free(bus->in);
    free(bus);
}

bool dbus_is_bus(const struct dbus *bus)
{
    return bus->bus;
}

void dbus_on_signal(struct dbus *bus, void (*fn)(void *arg, const struct dbus_message *m), void *arg)
{
    bus->on_signal = fn;
    bus->arg = arg;
}

/* ---- messages ---- */

/* One header field: (yv). Those that are not of interest are of a type whose size is known, or the message is refused. */
static int read_field(struct dbus_reader *r, struct dbus_message *m)
{
    const unsigned char *code;
    const char *signature, *text = NULL;
    uint32_t number = 0;
    int e = get(r, 1, 8, &code);

    if (e == 0)
        e = dbus_get_signature(r, &signature);
    if (e < 0)
        return e;
    if (str_eq(signature, "s") || str_eq(signature, "o"))
        e = dbus_get_string(r, &text);
    else if (str_eq(signature, "g"))
        e = dbus_get_signature(r, &text);
    else if (str_eq(signature, "u"))
        e = dbus_get_u32(r, &number);
    else
        e = -EBADMSG;
    if (e < 0)
        return e;
    switch (*code) {
    case F_PATH: m->path = text; break;
    case F_INTERFACE: m->interface = text; break;
    case F_MEMBER: m->member = text; break;
    case F_ERROR_NAME: m->error_name = text; break;
    case F_SIGNATURE: m->signature = text; break;
    case F_REPLY: m->reply_to = number; break;
    default: break;
    }
    return 0;
}

/* Reads and takes apart one message. Fixed part: order, kind, flags, version, body length, serial, length of the fields. */
static int receive(struct dbus *bus, int64_t end, struct dbus_message *ret, struct error *err)
{
    const unsigned char native = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';
    struct dbus_message m = { .path = "", .interface = "", .member = "", .error_name = "", .signature = "" };
    unsigned char fixed[16];
    uint32_t body, fields;
    size_t header, total;
    int r = receive_all(bus, fixed, sizeof(fixed), end, err);

    if (r < 0)
        return r;
    memcpy(&body, fixed + 4, sizeof(body));
    memcpy(&fields, fixed + 12, sizeof(fields));
    if (fixed[0] != native || fixed[3] != 1 || fixed[1] < DBUS_CALL || fixed[1] > DBUS_SIGNAL)
        return broken(err, "a message's head");
    if (body > MESSAGE_MAX || fields > MESSAGE_MAX)
        return broken(err, "a message that is too long");
    header = sizeof(fixed) + (fields + 7) / 8 * 8;
    total = header + body;
    if (total > bus->in_cap) {
        bus->in_cap = total;
        bus->in = xrealloc(bus->in, total);
    }
    memcpy(bus->in, fixed, sizeof(fixed));
    r = receive_all(bus, bus->in + sizeof(fixed), total - sizeof(fixed), end, err);
    if (r < 0)
        return r;
    for (struct dbus_reader f = { bus->in, sizeof(fixed) + fields, sizeof(fixed) }; f.at < f.n;) {
        if (read_field(&f, &m) < 0)
            return broken(err, "a message's fields");
    }
    if (!m.path || !m.interface || !m.member || !m.error_name || !m.signature)
        return broken(err, "a field of another type");
    m.kind = fixed[1];
    m.body = (struct dbus_reader){ bus->in + header, body, 0 };
    *ret = m;
    return 0;
}

int dbus_wait(struct dbus *bus, int64_t end, struct error *err)
{
    struct dbus_message m = { 0 };
    int r = receive(bus, end, &m, err);

    if (r == 0 && m.kind == DBUS_SIGNAL && bus->on_signal)
        bus->on_signal(bus->arg, &m);
    return r;
}

static void put_field(struct dbus_body *h, enum field field, const char *type, const char *value)
{
    if (!value)
        return;
    dbus_put_struct(h);
    dbus_put_byte(h, (uint8_t) field);
    dbus_put_signature(h, type);
    if (type[0] == 'g')
        dbus_put_signature(h, value);
    else
        dbus_put_string(h, value);
}

static int error_reply(struct dbus_message *m, const char *member, struct error *err)
{
    static const struct {
        const char *suffix;
        int code;
    } known[] = {
        { ".NoSuchUnit", -ENOENT },       { ".UnknownObject", -ENOENT },
        { ".UnitExists", -EEXIST },       { ".AccessDenied", -EACCES },
        { ".AuthFailed", -EACCES },       { ".InteractiveAuthorizationRequired", -EACCES },
        { ".ServiceUnknown", -ENOENT },   { ".NameHasNoOwner", -ENOENT },
        { ".PropertyReadOnly", -EROFS },  { ".InvalidArgs", -EINVAL },
        { ".UnknownProperty", -ENOTSUP }, { ".UnknownMethod", -ENOSYS },
        { ".NoReply", -ETIMEDOUT },       { ".TimedOut", -ETIMEDOUT },
    };
    const char *text = "", *last = strrchr(m->error_name, '.');
    int code = -EREMOTEIO;

    if (m->signature[0] == 's' && dbus_get_string(&m->body, &text) < 0)
        return broken(err, "an error's text");
    for (size_t i = 0; last && i < ARRAY_LEN(known); i++) {
        if (str_eq(last, known[i].suffix))
            code = known[i].code;
    }
    return error_set(err, code, "systemd refuses %s: %s (%s)", member, text, m->error_name);
}

int dbus_call(struct dbus *bus, const struct dbus_target *to, const char *member, const char *signature,
              const struct dbus_body *body, struct dbus_message *ret, struct error *err)
{
    int64_t end = clock_monotonic_ms() + bus->timeout_ms;
    _cleanup_dbus_body_ struct dbus_body h = { 0 };
    uint32_t serial = ++bus->serial;
    size_t fields;
    int r;

    dbus_put_byte(&h, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B');
    dbus_put_byte(&h, DBUS_CALL);
    dbus_put_byte(&h, 0);
    dbus_put_byte(&h, 1);
    dbus_put_u32(&h, body ? (uint32_t) body->n : 0);
    dbus_put_u32(&h, serial);
    fields = dbus_array_begin(&h, 8);
    put_field(&h, F_PATH, "o", to->path);
    put_field(&h, F_INTERFACE, "s", to->interface);
    put_field(&h, F_MEMBER, "s", member);
    put_field(&h, F_DESTINATION, "s", bus->bus ? to->destination : NULL);
    put_field(&h, F_SIGNATURE, "g", signature);
    dbus_array_end(&h, fields);
    dbus_put_struct(&h);
    r = send_all(bus, h.v, h.n, end, err);
    if (r == 0 && body)
        r = send_all(bus, body->v, body->n, end, err);
    while (r == 0) {
        struct dbus_message m = { 0 };
        r = receive(bus, end, &m, err);
        if (r == 0 && m.kind == DBUS_SIGNAL && bus->on_signal)
            bus->on_signal(bus->arg, &m);
        if (r < 0 || m.reply_to != serial || (m.kind != DBUS_RETURN && m.kind != DBUS_ERROR))
            continue;
        if (m.kind == DBUS_ERROR)
            return error_reply(&m, member, err);
        if (ret)
            *ret = m;
        return 0;
    }
    return r;
}
