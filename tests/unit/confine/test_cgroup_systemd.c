// SPDX-License-Identifier: Apache-2.0
/* The pure parts of the systemd driver: names, handles, properties. The rest is tested where systemd runs (tests/vm). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "confine/cgroup_annotations.h"
#include "confine/cgroup_systemd.h"

static struct error err;

#define SET(x)                \
    {                         \
        .set = true, .v = (x) \
    }

static void names(void **state _unused_)
{
    static const struct {
        const char *path, *want; /* want: behind "systemd:MANAGER:" */
    } rows[] = {
        { NULL, "system.slice:oakum-box.scope:" },
        { "", "system.slice:oakum-box.scope:" },
        { "a.slice:docker:0123", "a.slice:docker-0123.scope:" },
        { ":docker:0123", "system.slice:docker-0123.scope:" },
        { "a-b.slice::x", "a-b.slice:-x.scope:" },
        { "a.slice:p:x/y z", "a.slice:p-x\\x2fy\\x20z.scope:" },
    };
    static const char *const bad[] = { "/oakum/box", "a.slice:b",  "a.slice:b:c:d",   "a.slice:b:",
                                       "a:b:c",      ".slice:b:c", "x/../a.slice:b:c" };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *handle;
        assert_int_equal(cgroup_systemd_handle(rows[i].path, "box", &handle, &err), 0);
        if (geteuid() == 0) /* and not in a user namespace */
            assert_string_equal(handle + strlen("systemd:system:"), rows[i].want);
        assert_string_equal(cgroup_handle_path(handle), "");
        free(handle);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *handle;
        error_clear(&err);
        assert_int_equal(cgroup_systemd_handle(bad[i], "box", &handle, &err), -EINVAL);
        assert_non_null(strstr(err.msg, "linux.cgroupsPath"));
    }
}

static void handles(void **state _unused_)
{
    static const char *const bad[] = {
        "", "system", "system:a.slice", "system:a.slice:", "system:a.slice::/x", "other:a.slice:u.scope:/x"
    };
    struct cgroup_unit *u;
    const char *path;

    assert_int_equal(cgroup_unit_parse("user:a.slice:u.scope:/user.slice/u.scope", &u, &path, &err), 0);
    assert_true(u->user);
    assert_string_equal(u->slice, "a.slice");
    assert_string_equal(u->name, "u.scope");
    assert_string_equal(path, "/user.slice/u.scope");
    cgroup_unit_free(u);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(cgroup_unit_parse(bad[i], &u, &path, &err), -EINVAL);
    assert_string_equal(cgroup_handle_path("/oakum-x"), "/oakum-x");
    assert_string_equal(cgroup_handle_path("systemd:system:a.slice:u.scope:/a.slice/u.scope"),
                        "/a.slice/u.scope");
    assert_int_equal(cgroup_remove("systemd:system:a.slice:u.scope:/a/../b", &err), -EINVAL);
}

/* ---- properties, back from their bytes ---- */

static uint64_t take(const struct dbus_body *b, size_t *at, size_t size)
{
    uint64_t v = 0;

    *at = (*at + size - 1) / size * size;
    memcpy(&v, b->v + *at, size);
    *at += size;
    return v;
}

static void take_string(const struct dbus_body *b, size_t *at, char *out)
{
    size_t n = take(b, at, 4);

    snprintf(out, 64, "%.*s", (int) n, (const char *) b->v + *at);
    *at += n + 1;
}

/* "Name=value …" */
static const char *text_of(const struct dbus_body *b)
{
    static char text[2048];
    size_t len = 0, at = 0;

    text[0] = '\0';
    while (at < b->n) {
        char name[64], value[512] = "", type[64], s[64];
        take(b, &at, 1);
        at = (at - 1 + 7) / 8 * 8;
        take_string(b, &at, name);
        size_t n = take(b, &at, 1);
        snprintf(type, sizeof(type), "%.*s", (int) n, (const char *) b->v + at);
        at += n + 1;
        if (str_eq(type, "t")) {
            uint64_t v = take(b, &at, 8);
            if (v == UINT64_MAX)
                snprintf(value, sizeof(value), "max");
            else
                snprintf(value, sizeof(value), "%llu", (unsigned long long) v);
        } else if (str_eq(type, "b") || str_eq(type, "u") || str_eq(type, "i")) {
            snprintf(value, sizeof(value), "%s:%d", type, (int) (uint32_t) take(b, &at, 4));
        } else if (str_eq(type, "y")) {
            snprintf(value, sizeof(value), "y:%u", (unsigned) take(b, &at, 1));
        } else if (str_eq(type, "x")) {
            snprintf(value, sizeof(value), "x:%lld", (long long) take(b, &at, 8));
        } else if (str_eq(type, "as")) {
            size_t end = take(b, &at, 4), items = 0;
            for (end += at; at < end; items++) {
                take_string(b, &at, s);
                snprintf(value + strlen(value), sizeof(value) - strlen(value), "<%s>", s);
            }
            snprintf(value + strlen(value), sizeof(value) - strlen(value), "%zu", items);
        } else if (str_eq(type, "s"))
            take_string(b, &at, value);
        else {
            size_t end, l = 0;
            n = take(b, &at, 4);
            if (type[1] == '(')
                at = (at + 7) / 8 * 8;
            for (end = at + n; at < end;) {
                if (str_eq(type, "ay")) {
                    l += (size_t) snprintf(value + l, sizeof(value) - l, "%02x", (unsigned) take(b, &at, 1));
                    continue;
                }
                at = (at + 7) / 8 * 8;
                take_string(b, &at, s);
                l += (size_t) snprintf(value + l, sizeof(value) - l, "[%s", s);
                if (str_eq(type, "a(ss)")) {
                    take_string(b, &at, s);
                    l += (size_t) snprintf(value + l, sizeof(value) - l, " %s]", s);
                } else
                    l += (size_t) snprintf(value + l, sizeof(value) - l, " %llu]",
                                           (unsigned long long) take(b, &at, 8));
            }
        }
        len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%s=%s", len ? " " : "", name, value);
    }
    return text;
}

static void check(const struct oci_resources *res, const struct cgroup_facts *f, const char *want)
{
    struct dbus_body b = { 0 };

    assert_int_equal(cgroup_put_properties(&b, res, f, &err), 0);
    assert_string_equal(text_of(&b), want);
    dbus_body_free(&b);
}

static const struct cgroup_facts v2 = { .v2 = true, .fresh = true }, v1 = { .fresh = true };

static void numbers(void **state _unused_)
{
    struct oci_resources r = { .memory = { .limit = SET(1000), .swap = SET(1500), .reservation = SET(500) },
                               .cpu = { .shares = SET(1024), .quota = SET(50000), .period = SET(200000) },
                               .pids_limit = SET(20) };
    const struct cgroup_facts later = {
        .v2 = true, .memory_max = 3000, .cpu_quota = 12345, .cpu_period = 50000
    };

    check(&r, &v2,
          "MemoryMax=1000 MemoryLow=500 MemorySwapMax=500 CPUWeight=100 CPUQuotaPerSecUSec=250000 "
          "CPUQuotaPeriodUSec=200000 TasksMax=20");
    check(&r, &v1,
          "MemoryLimit=1000 CPUShares=1024 CPUQuotaPerSecUSec=250000 CPUQuotaPeriodUSec=200000 TasksMax=20");
    r = (struct oci_resources){ .memory = { .swap = SET(4000) }, .cpu = { .period = SET(50000) } };
    check(&r, &later, "MemorySwapMax=1000 CPUQuotaPerSecUSec=250000 CPUQuotaPeriodUSec=50000");
    /* 0 is systemd's "idle". */
    const struct cgroup_facts weighed = { .v2 = true, .memory_max = -1, .cpu_quota = -1, .cpu_weight = 59 };
    r = (struct oci_resources){ .cpu = { .shares = SET(1024), .idle = SET(1) } };
    check(&r, &v2, "CPUWeight=0");
    check(&r, &v1, "CPUShares=1024");
    r.cpu.idle.v = 0;
    check(&r, &weighed, "CPUWeight=100");
    r.cpu.shares.set = false;
    check(&r, &weighed, "CPUWeight=59");
    check(&r, &v2, "");
    /* No limit: nothing to say of a new cgroup, and to be taken back of an old one. */
    r = (struct oci_resources){ .memory = { .limit = SET(-1) }, .pids_limit = SET(-1) };
    check(&r, &v2, "");
    check(&r, &later, "MemoryMax=max MemorySwapMax=max TasksMax=max");
    r = (struct oci_resources){ .memory = { .limit = SET(0) },
                                .pids_limit = SET(0),
                                .cpu = { .quota = SET(0) } };
    check(&r, &v2, "");
    /* Rounded up to a whole per cent: 33.3 % is never less. */
    r = (struct oci_resources){ .cpu = { .quota = SET(33300) } };
    check(&r, &v2, "CPUQuotaPerSecUSec=340000");
}

static void sets(void **state _unused_)
{
    char cpus[] = "0-1,9", mems[] = "0", wrong[] = "0-";
    struct oci_resources r = { .cpu = { .cpus = cpus, .mems = mems } };
    struct dbus_body b = { 0 };

    check(&r, &v2, "AllowedCPUs=0302 AllowedMemoryNodes=01");
    check(&r, &v1, "");
    r.cpu.cpus = wrong;
    assert_int_equal(cgroup_put_properties(&b, &r, &v2, &err), -EINVAL);
    dbus_body_free(&b);
}

static void unified(void **state _unused_)
{
    struct oci_pair pairs[] = { { "memory.high", "4096" },     { "pids.max", "max" },
                                { "cpu.max", "20000 100000" }, { "memory.low", "0" },
                                { "cpuset.cpus", "2" },        { "memory.max", "junk" },
                                { "io.max", "8:0 rbps=1" } };
    struct oci_resources r = { .unified = { .v = pairs, .n = ARRAY_LEN(pairs) } };

    check(&r, &v2, "MemoryHigh=4096 TasksMax=max CPUQuotaPerSecUSec=200000 MemoryLow=0 AllowedCPUs=04");
}

/* systemd's list must never be narrower than the one that was asked for, since both are in force. */
static void devices(void **state _unused_)
{
    char all[] = "rwm", rw[] = "rw", c[] = "c", blk[] = "b", any[] = "a";
    struct oci_device_rule rules[] = {
        { .allow = false, .type = any, .access = all },
        { .allow = true, .type = c, .major = SET(1), .minor = SET(3), .access = rw },
        { .allow = true, .type = c, .major = SET(136), .access = all },
        { .allow = true, .type = blk, .access = rw },
        { .allow = true, .type = c, .minor = SET(5), .access = rw },
    };
    struct oci_resources r = { .devices = rules, .n_devices = 4 };
    const struct cgroup_facts user = { .v2 = true, .fresh = true, .user = true };

    check(&r, &v2,
          "DevicePolicy=strict DeviceAllow= DeviceAllow=[/dev/char/1:3 rw][char-136 rwm][block-* rw]");
    check(&r, &user, "");
    r.n_devices = 5; /* any major, one minor: systemd has no name for it */
    check(&r, &v2, "DevicePolicy=auto DeviceAllow=");
    rules[0].allow = true;
    r.n_devices = 1;
    check(&r, &v2, "DevicePolicy=auto DeviceAllow=");
}

static void annotations(void **state _unused_)
{
    static const struct {
        const char *name, *text, *want; /* want NULL: refused */
    } rows[] = {
        { "CollectMode", "'inactive'", "CollectMode=inactive" },
        { "CollectMode", "\"inactive\" ", "CollectMode=inactive" },
        { "CollectMode", "string 'a \"b\"'", "CollectMode=a \"b\"" },
        { "CollectMode", "'true'", "CollectMode=true" },
        { "CPUAccounting", "true", "CPUAccounting=b:1" },
        { "CPUAccounting", "boolean false", "CPUAccounting=b:0" },
        { "TimeoutStopUSec", "uint64 18446744073709551615", "TimeoutStopUSec=max" },
        { "TimeoutStopUSec", " uint64  123", "TimeoutStopUSec=123" },
        { "TimeoutStopSec", "uint64 2", "TimeoutStopUSec=2000000" },
        { "TimeoutStopSec", "2", "TimeoutStopUSec=2000000" },
        { "Some", "-7", "Some=i:-7" },
        { "Some", "2147483647", "Some=i:2147483647" },
        { "Some", "uint32 7", "Some=u:7" },
        { "Some", "byte 255", "Some=y:255" },
        { "Some", "int64 -9223372036854775808", "Some=x:-9223372036854775808" },
        { "Some", "2147483648", NULL },
        { "Some", "byte 256", NULL },
        { "Some", "uint32 -1", NULL },
        { "Some", "uint32 4294967296", NULL },
        { "Some", "uint64", NULL },
        { "Some", "", NULL },
        { "Some", "inactive", NULL },
        { "Some", "'open", NULL },
        { "Some", "'", NULL },
        { "Some", "'a' 'b'", NULL },
        { "Some", "'a\\n'", NULL },
        { "After", "['a.service']", "After=<a.service>1" },
        { "After", " [ 'a', \"b c\" , 'd,e' ] ", "After=<a><b c><d,e>3" },
        { "After", "@as ['a']", "After=<a>1" },
        { "After", "@as []", "After=0" },
        { "After", "[]", NULL },
        { "After", "['a',]", NULL },
        { "After", "[,'a']", NULL },
        { "After", "['a' 'b']", NULL },
        { "After", "['a'", NULL },
        { "After", "['a', 7]", NULL },
        { "After", "[a]", NULL },
        { "After", "['a]", NULL },
        { "After", "@as 'a'", NULL },
        { "TimeoutStopSec", "['2']", NULL },
        { "Some", "1.5", NULL },
        { "Some", "boolean 1", NULL },
        { "Some", "string true", NULL },
        { "TimeoutStopSec", "-1", NULL },
        { "TimeoutStopSec", "uint64 18446744073710", NULL },
        { "TimeoutStopSec", "'2'", NULL },
        { "So", "1", NULL },
        { "So-me", "1", NULL },
        { "", "1", NULL },
        { "Slice", "'other.slice'", NULL },
        { "Delegate", "false", NULL },
        { "DevicePolicy", "'auto'", NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char key[64];
        struct oci_pair pairs[] = { { "org.example", "x" }, { key, rows[i].text } };
        const struct oci_pairs all = { .v = pairs, .n = ARRAY_LEN(pairs) };
        struct dbus_body b = { 0 };
        snprintf(key, sizeof(key), "org.systemd.property.%s", rows[i].name);
        error_clear(&err);
        int r = cgroup_put_annotations(&b, &all, &err);
        if (r != (rows[i].want ? 0 : -EINVAL) || cgroup_systemd_check(&all, NULL) != r)
            fail_msg("%s %s: %d", rows[i].name, rows[i].text, r);
        if (rows[i].want)
            assert_string_equal(text_of(&b), rows[i].want);
        else
            assert_non_null(strstr(err.msg, key));
        dbus_body_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),       cmocka_unit_test(handles), cmocka_unit_test(numbers),
        cmocka_unit_test(sets),        cmocka_unit_test(unified), cmocka_unit_test(devices),
        cmocka_unit_test(annotations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
