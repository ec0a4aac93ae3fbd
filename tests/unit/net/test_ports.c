// SPDX-License-Identifier: Apache-2.0
/* Docker's forms of -p: what each means, written back in full; and what is none. Addresses and hardware addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "net/net.h"

static void check(const char *value, const char *want)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf all = STRBUF_INIT;
    struct net_ports list = { 0 }, again = { 0 };
    assert_int_equal(net_ports_parse(a, value, &list, NULL), 0);
    for (size_t i = 0; i < list.n; i++) {
        const char *text = net_port_format(a, &list.v[i]);
        strbuf_addf(&all, "%s%s", i > 0 ? " " : "", text);
        assert_int_equal(net_ports_parse(a, text, &again, NULL), 0);
        assert_memory_equal(&again.v[i], &list.v[i], sizeof(list.v[i]));
    }
    assert_string_equal(all.buf, want);
}

static void forms(void **state _unused_)
{
    check("80", "127.0.0.1::80/tcp");
    check("8080:80", "127.0.0.1:8080:80/tcp");
    check("8080:80/udp", "127.0.0.1:8080:80/udp");
    check("65535:1/sctp", "127.0.0.1:65535:1/sctp");
    check("0.0.0.0:8080:80", "0.0.0.0:8080:80/tcp");
    check("192.0.2.1::80", "192.0.2.1::80/tcp");
    check("80-82", "127.0.0.1::80/tcp 127.0.0.1::81/tcp 127.0.0.1::82/tcp");
    check("8080-8081:80-81", "127.0.0.1:8080:80/tcp 127.0.0.1:8081:81/tcp");
    check("8000-9000:80", "127.0.0.1:8000-9000:80/tcp");
    check("192.0.2.1:65534-65535:65534-65535/udp", "192.0.2.1:65534:65534/udp 192.0.2.1:65535:65535/udp");
    check("80-80", "127.0.0.1::80/tcp");
}

static void none(void **state _unused_)
{
    static const char *const bad[] = {
        "",
        ":",
        ":80",
        "80:",
        "::",
        "0",
        "65536",
        "80/",
        "80/TCP",
        "80/icmp",
        "-80",
        "80-",
        "82-80",
        "+80",
        " 80",
        "80 ",
        "80:0",
        "0:80",
        "1:2:3:4",
        "a:80:80",
        "256.0.0.1:80:80",
        "1.2.3:80:80",
        "[::1]:80:80",
        "80-81:80-82",
        "0x50",
        "80/tcp/udp",
        "80-82-84",
        "1-65535:1-65535",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct net_ports list = { 0 };
        struct error err = { 0 };
        if (net_ports_parse(a, bad[i], &list, &err) == 0)
            fail_msg("taken: %s", bad[i]);
        assert_true(err.msg[0] != '\0');
    }
}

static void exposed(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct net_ports list = { 0 };
    assert_int_equal(net_ports_expose(a, "80", &list, NULL), 0);
    assert_int_equal(net_ports_expose(a, "53-54/udp", &list, NULL), 0);
    assert_int_equal(list.n, 3);
    assert_string_equal(net_port_format(a, &list.v[2]), "127.0.0.1::54/udp");
    assert_int_not_equal(net_ports_expose(a, "80:80", &list, NULL), 0);
    assert_int_not_equal(net_ports_expose(a, "", &list, NULL), 0);
}

static void addresses(void **state _unused_)
{
    uint32_t n;
    uint8_t mac[6];
    char text[16];
    assert_int_equal(net_address_parse("192.0.2.255", &n), 0);
    assert_int_equal(n, 0xc00002ff);
    net_address_format(n, text);
    assert_string_equal(text, "192.0.2.255");
    assert_int_not_equal(net_address_parse("192.0.2", &n), 0);
    assert_int_not_equal(net_address_parse("::1", &n), 0);
    assert_int_equal(net_mac_parse("02:42:AC:11:00:0f", mac), 0);
    assert_memory_equal(mac, "\x02\x42\xac\x11\x00\x0f", 6);
    static const char *const bad[] = { "02:42:ac:11:00",    "02:42:ac:11:00:0g", "02-42-ac-11-00-02",
                                       "01:00:5e:00:00:01", "00:00:00:00:00:00", "02:42:ac:11:00:02:" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_not_equal(net_mac_parse(bad[i], mac), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(none),
        cmocka_unit_test(exposed),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
