// SPDX-License-Identifier: Apache-2.0
/* The D-Bus client against a peer of our own that says what a real one would, and what none should. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "sys/dbus.h"

static const struct dbus_target target = { "org.example", "/org/example", "org.example.Iface" };
static struct error err;
static char name[64];
static pid_t peer;

/* A whole message: kind, fields as given by flags, body. */
enum {
    WITH_ERROR_NAME = 1,
    WRONG_ORDER = 2,
    LONG_BODY = 4,
    BAD_STRING = 8,
    SIGNAL_FIRST = 16,
    SILENT = 32,
    REFUSE = 64,
    OLD_AUTH = 128,
    HALF = 256
};

static void field(struct dbus_body *h, uint8_t code, const char *type, const char *text)
{
    dbus_put_struct(h);
    dbus_put_byte(h, code);
    dbus_put_signature(h, type);
    if (type[0] == 'g')
        dbus_put_signature(h, text);
    else if (type[0] == 'u')
        dbus_put_u32(h, 1); /* the serial of the first call */
    else
        dbus_put_string(h, text);
}

static void say(int fd, enum dbus_kind kind, unsigned flags, const char *text)
{
    struct dbus_body h = { 0 }, b = { 0 };
    size_t mark;

    dbus_put_string(&b, text);
    if (flags & BAD_STRING)
        b.v[0] = 200; /* longer than what is there */
    dbus_put_byte(&h, flags & WRONG_ORDER ? 'B' : 'l');
    dbus_put_byte(&h, (uint8_t) kind);
    dbus_put_byte(&h, 0);
    dbus_put_byte(&h, 1);
    dbus_put_u32(&h, flags & LONG_BODY ? 1u << 30 : (uint32_t) b.n);
    dbus_put_u32(&h, 77);
    mark = dbus_array_begin(&h, 8);
    if (kind == DBUS_SIGNAL) {
        field(&h, 1, "o", "/job");
        field(&h, 2, "s", "org.example.Iface");
        field(&h, 3, "s", "Removed");
    } else
        field(&h, 5, "u", NULL);
    if (flags & WITH_ERROR_NAME)
        field(&h, 4, "s", "org.freedesktop.systemd1.NoSuchUnit");
    field(&h, 8, "g", "s");
    dbus_array_end(&h, mark);
    dbus_put_struct(&h);
    (void) !write(fd, h.v, flags & HALF ? h.n - 9 : h.n);
    if (!(flags & HALF))
        (void) !write(fd, b.v, b.n);
    dbus_body_free(&h);
    dbus_body_free(&b);
}

static void serve(int listener, unsigned flags)
{
    static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
    char buf[4096];
    int fd = accept(listener, NULL, NULL);
    ssize_t n = read(fd, buf, sizeof(buf));

    if (n != sizeof(hello) - 1 || memcmp(buf, hello, (size_t) n) != 0)
        return;
    const char *answer = flags & REFUSE     ? "REJECTED EXTERNAL\r\n"
                         : flags & OLD_AUTH ? "OK 1234\r\nERROR\r\n"
                                            : "DATA\r\nOK 1234\r\n";
    (void) !write(fd, answer, strlen(answer));
    n = read(fd, buf, sizeof(buf));
    if (n <= 0 || buf[0] != 'l' || buf[1] != DBUS_CALL || !memmem(buf, (size_t) n, "Iface", 5) ||
        !memmem(buf, (size_t) n, "Do\0", 3))
        return;
    if (flags & SIGNAL_FIRST)
        say(fd, DBUS_SIGNAL, 0, "of a signal");
    if (!(flags & SILENT))
        say(fd, flags & WITH_ERROR_NAME ? DBUS_ERROR : DBUS_RETURN, flags, "an answer");
    if (flags & HALF)
        return;
    (void) !read(fd, buf, 1); /* until the other side goes */
}

static struct dbus *begin_within(unsigned flags, int timeout_ms)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct dbus *bus = NULL;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(name, sizeof(name), "@oakum-test-dbus-%d", (int) getpid());
    memcpy(a.sun_path, name, strlen(name));
    a.sun_path[0] = '\0';
    assert_int_equal(bind(listener, (struct sockaddr *) &a,
                          (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    assert_int_equal(listen(listener, 1), 0);
    peer = fork();
    if (peer == 0) {
        serve(listener, flags);
        _exit(0);
    }
    close(listener);
    error_clear(&err);
    if (dbus_open(name, false, timeout_ms, &bus, &err) < 0)
        return NULL;
    return bus;
}

static void end(struct dbus *bus)
{
    dbus_close(bus);
    kill(peer, SIGKILL);
    waitpid(peer, NULL, 0);
}

/*
 * The time for an answer is given once, for the first handshake and for each call. One that never comes must not take long; the
 * handshake may, where the machine is busy: then it is tried again with more.
 */
static struct dbus *begin(unsigned flags)
{
    struct dbus *bus = NULL;

    if (!(flags & SILENT))
        return begin_within(flags, 10000);
    for (int timeout_ms = 300; !bus && timeout_ms <= 30000; timeout_ms *= 3) {
        bus = begin_within(flags, timeout_ms);
        if (!bus)
            end(NULL);
    }
    return bus;
}

static int seen;
static void on_signal(void *arg, const struct dbus_message *m)
{
    struct dbus_reader r = m->body;
    const char *text;

    assert_ptr_equal(arg, &seen);
    assert_string_equal(m->member, "Removed");
    assert_int_equal(dbus_get_string(&r, &text), 0);
    assert_string_equal(text, "of a signal");
    seen++;
}

static void a_call_and_its_answer(void **state _unused_)
{
    static const unsigned kinds[] = { 0, OLD_AUTH, SIGNAL_FIRST };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct dbus *bus = begin(kinds[i]);
        struct dbus_body b = { 0 };
        struct dbus_message m;
        const char *text;
        assert_non_null(bus);
        seen = 0;
        dbus_on_signal(bus, on_signal, &seen);
        dbus_put_string(&b, "an argument");
        assert_int_equal(dbus_call(bus, &target, "Do", "s", &b, &m, &err), 0);
        assert_string_equal(m.signature, "s");
        assert_int_equal(dbus_get_string(&m.body, &text), 0);
        assert_string_equal(text, "an answer");
        assert_int_equal(dbus_get_string(&m.body, &text), -EBADMSG); /* nothing behind it */
        assert_int_equal(seen, kinds[i] == SIGNAL_FIRST);
        dbus_body_free(&b);
        end(bus);
    }
}

static void answers_that_are_none(void **state _unused_)
{
    static const struct {
        unsigned flags;
        int code;
        const char *text;
    } rows[] = {
        { WITH_ERROR_NAME, -ENOENT, "an answer" }, { WITH_ERROR_NAME | BAD_STRING, -EBADMSG, "not D-Bus" },
        { WRONG_ORDER, -EBADMSG, "not D-Bus" },    { LONG_BODY, -EBADMSG, "too long" },
        { SILENT, -ETIMEDOUT, "does not answer" }, { HALF, -ECONNRESET, "closed" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dbus *bus = begin(rows[i].flags);
        assert_non_null(bus);
        assert_int_equal(dbus_call(bus, &target, "Do", NULL, NULL, NULL, &err), rows[i].code);
        assert_non_null(strstr(err.msg, rows[i].text));
        end(bus);
    }
}

static void nobody_and_refused(void **state _unused_)
{
    struct dbus *bus = begin(REFUSE);

    assert_null(bus);
    assert_int_equal(err.code, -EACCES);
    end(NULL);
    error_clear(&err);
    assert_int_equal(dbus_open("/no/such/socket", false, 300, &bus, &err), -ENOENT);
    assert_non_null(strstr(err.msg, "/no/such/socket"));
}

/* The specification's own gaps: an array's length does not count the gap before its first element. */
static void marshalling(void **state _unused_)
{
    static const unsigned char want[] = { 7, 0, 0, 0, 8, 0, 0, 0, 1, 2, 0, 0, 0, 0,
                                          0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0 };
    struct dbus_body b = { 0 };
    size_t mark;

    dbus_put_byte(&b, 7);
    mark = dbus_array_begin(&b, 8); /* length at 4, elements at 8 */
    dbus_put_u64(&b, 0x201);
    dbus_array_end(&b, mark);
    mark = dbus_array_begin(&b, 8); /* length at 16, elements at 24: none */
    dbus_array_end(&b, mark);
    b.n = 20;
    mark = dbus_array_begin(&b, 4);
    dbus_put_u32(&b, 9);
    dbus_array_end(&b, mark);
    assert_int_equal(b.n, sizeof(want));
    assert_memory_equal(b.v, want, sizeof(want));
    dbus_body_free(&b);
}

/* Every way to cut a string short, and lengths that lie. */
static void reading_stays_inside(void **state _unused_)
{
    unsigned char v[] = { 3, 0, 0, 0, 'a', 'b', 'c', 0 };
    struct dbus_reader r;
    const char *text;

    for (size_t n = 0; n < sizeof(v); n++) {
        r = (struct dbus_reader){ v, n, 0 };
        assert_int_equal(dbus_get_string(&r, &text), -EBADMSG);
    }
    r = (struct dbus_reader){ v, sizeof(v), 0 };
    assert_int_equal(dbus_get_string(&r, &text), 0);
    assert_string_equal(text, "abc");
    v[5] = 0; /* a NUL inside */
    r = (struct dbus_reader){ v, sizeof(v), 0 };
    assert_int_equal(dbus_get_string(&r, &text), -EBADMSG);
    memset(v, 0xff, 4);
    r = (struct dbus_reader){ v, sizeof(v), 0 };
    assert_int_equal(dbus_get_string(&r, &text), -EBADMSG);
    r = (struct dbus_reader){ v, sizeof(v), 0 };
    assert_int_equal(dbus_get_signature(&r, &text), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_and_its_answer), cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(nobody_and_refused),    cmocka_unit_test(marshalling),
        cmocka_unit_test(reading_stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
