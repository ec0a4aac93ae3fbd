// SPDX-License-Identifier: Apache-2.0
/* confine/sysctl.h: what may be set, with which namespaces, in which spelling; and that it is set where it should be. */
#include "test_forked.h"

#include "confine/namespaces.h"
#include "confine/sysctl.h"
#include "sys/proc.h"

#define ALL_NEW ((1u << OCI_NS_KINDS) - 1)

static struct error err;

/* kinds: bits of the namespaces that linux.namespaces lists. */
static int check_with(const char *key, const char *value, unsigned kinds, uint64_t callers)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    oci_pairs_set(spec->arena, &spec->linux_.sysctl, key, value);
    for (int k = 0; k < OCI_NS_KINDS; k++)
        spec->linux_.namespaces[k].set = kinds & (1u << k);
    error_clear(&err);
    return sysctl_check(spec, callers, &err);
}

static void test_owned(void **state _unused_)
{
    static const struct {
        const char *key;
        enum oci_namespace_kind ns;
    } rows[] = {
        { "kernel.msgmax", OCI_NS_IPC },
        { "kernel.msgmnb", OCI_NS_IPC },
        { "kernel.msgmni", OCI_NS_IPC },
        { "kernel.sem", OCI_NS_IPC },
        { "kernel.shmall", OCI_NS_IPC },
        { "kernel.shmmax", OCI_NS_IPC },
        { "kernel.shmmni", OCI_NS_IPC },
        { "kernel.shm_rmid_forced", OCI_NS_IPC },
        { "fs.mqueue.msg_max", OCI_NS_IPC },
        { "kernel.domainname", OCI_NS_UTS },
        { "kernel.hostname", OCI_NS_UTS },
        { "net.ipv4.ip_forward", OCI_NS_NETWORK },
        { "net/ipv4/ip_forward", OCI_NS_NETWORK },
        { "net/ipv4/conf/eth0.100/forwarding", OCI_NS_NETWORK },
        { "net.ipv4.conf.eth0/100.forwarding", OCI_NS_NETWORK },
        { "user.max_user_namespaces", OCI_NS_USER },
        { "kernel/shmmax", OCI_NS_IPC },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned own = 1u << rows[i].ns;
        assert_int_equal(check_with(rows[i].key, "1", own, 0), 0);
        assert_int_equal(check_with(rows[i].key, "1", ALL_NEW & ~own, 0), -EPERM);
        assert_non_null(strstr(err.msg, rows[i].key));
        /* A namespace that is joined and turns out to be the host's. */
        assert_int_equal(check_with(rows[i].key, "1", ALL_NEW, namespace_flag(rows[i].ns)), -EPERM);
    }
}

static void test_refused(void **state _unused_)
{
    static const struct {
        const char *key, *value;
        int code;
    } rows[] = {
        { "kernel.core_pattern", "x", -EPERM },
        { "kernel/core_pattern", "x", -EPERM },
        { "vm.overcommit_memory", "1", -EPERM },
        { "kernel.shmmaxx", "1", -EPERM },
        { "kernel.shmmax.x", "1", -EPERM },
        { "kernel.sem2", "1", -EPERM },
        { "fs.mqueue", "1", -EPERM },
        { "fs.mqueuex.y", "1", -EPERM },
        { "netx.ipv4", "1", -EPERM },
        { "users.x", "1", -EPERM },
        { "net", "1", -EPERM },
        { "NET.ipv4.ip_forward", "1", -EPERM },
        { "", "1", -EINVAL },
        { ".", "1", -EINVAL },
        { "/", "1", -EINVAL },
        { "net.", "1", -EINVAL },
        { ".net.ipv4", "1", -EINVAL },
        { "net..ipv4", "1", -EINVAL },
        { "net/../kernel/core_pattern", "x", -EINVAL },
        { "net/ipv4/../../kernel/core_pattern", "x", -EINVAL },
        { "../net/ipv4", "1", -EINVAL },
        { "net/..", "1", -EINVAL },
        { "net/.", "1", -EINVAL },
        { "net/./ipv4", "1", -EINVAL },
        { "net.//.kernel.core_pattern", "x", -EINVAL },
        { "net./.x", "1", -EINVAL },
        { "net.ipv4 .ip_forward", "1", -EINVAL },
        { "net.ipv4.ip_forward\n", "1", -EINVAL },
        { "net.ipv4\tip_forward", "1", -EINVAL },
        { "net.ipv4.\x7f", "1", -EINVAL },
        { "net.ipv4.ip_forward", "1\n", -EINVAL },
        { "net.ipv4.ip_forward", "1\nkernel.core_pattern=x", -EINVAL },
        { "net.ipv4.ip_forward", "1\r", -EINVAL },
        { "kernel.hostname", "a\nb", -EINVAL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int r = check_with(rows[i].key, rows[i].value, ALL_NEW, 0);
        if (r != rows[i].code)
            fail_msg("\"%s\" = \"%s\": %d %s", rows[i].key, rows[i].value, r, err.msg);
        assert_non_null(strstr(err.msg, "linux.sysctl"));
    }
    char longest[600];
    memset(longest, 'x', sizeof(longest) - 1);
    memcpy(longest, "net.", 4);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(check_with(longest, "1", ALL_NEW, 0), -EINVAL);
}

static void body_apply(void)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    check(unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET) == 0);
    int proc = proc_open(&forked_err);
    check(proc >= 0);
    oci_pairs_set(spec->arena, &spec->linux_.sysctl, "kernel.shmmni", "77");
    oci_pairs_set(spec->arena, &spec->linux_.sysctl, "kernel/domainname", "oakum.test");
    oci_pairs_set(spec->arena, &spec->linux_.sysctl, "net.ipv4.ip_forward", "1");
    check(sysctl_apply(spec, proc, &forked_err) == 0);
    char name[65] = "";
    check(getdomainname(name, sizeof(name)) == 0 && str_eq(name, "oakum.test"));
    char text[16] = "";
    int fd = openat(proc, "sys/kernel/shmmni", O_RDONLY | O_CLOEXEC);
    check(fd >= 0 && read(fd, text, sizeof(text) - 1) == 3 && str_eq(text, "77\n"));
    /* One that is not there is an error that names it. */
    oci_pairs_set(spec->arena, &spec->linux_.sysctl, "net.ipv4.no_such_thing", "1");
    check(sysctl_apply(spec, proc, &forked_err) < 0);
    check_says("linux.sysctl.net.ipv4.no_such_thing");
}

static void test_applied(void **state _unused_)
{
    NEED_ROOT();
    forked(body_apply);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_owned), cmocka_unit_test(test_refused),
                                        cmocka_unit_test(test_applied) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
