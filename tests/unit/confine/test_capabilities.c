// SPDX-License-Identifier: Apache-2.0
/* confine/capabilities.h: names, sets, and what the kernel says of a process that has applied them. */
#include "test_forked.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include "confine/capabilities.h"

static void test_names(void **state _unused_)
{
    unsigned cap = 99;
    assert_int_equal(capability_count(), 41);
    for (unsigned i = 0; i < capability_count(); i++) {
        assert_int_equal(capability_parse(capability_name(i), &cap), 0);
        assert_int_equal(cap, i);
        assert_int_equal(capability_parse(capability_name(i) + 4, &cap), 0);
        assert_int_equal(cap, i);
    }
    assert_string_equal(capability_name(CAP_CHECKPOINT_RESTORE), "CAP_CHECKPOINT_RESTORE");
    assert_null(capability_name(41));
    assert_int_equal(capability_parse("cap_net_raw", &cap), 0);
    assert_int_equal(cap, CAP_NET_RAW);
    assert_int_equal(capability_parse("Chown", &cap), 0);
    static const char *const wrong[] = { "",    "CAP_", "CAP_CHOWN ", " CHOWN", "CAP_CAP_CHOWN",
                                         "ALL", "0",    "CAP_ALL",    "CHOWNX" };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(capability_parse(wrong[i], &cap), -EINVAL);
}

static struct oci_strings list(const char **v, size_t n)
{
    return (struct oci_strings){ .v = v, .n = n };
}

static void test_sets(void **state _unused_)
{
    const char *two[] = { "CAP_CHOWN", "CAP_KILL" }, *one[] = { "CAP_CHOWN" },
               *wrong[] = { "CAP_CHOWN", "CAP_NONE" };
    struct capability_sets s;
    struct error err = { 0 };
    struct oci_capabilities c = {
        .set = true, .bounding = list(two, 2), .permitted = list(two, 2), .effective = list(one, 1)
    };
    assert_int_equal(capability_sets_from_spec(&c, &s, &err), 0);
    assert_true(s.bounding == (1ULL << CAP_CHOWN | 1ULL << CAP_KILL));
    assert_true(s.permitted == s.bounding && s.effective == 1ULL << CAP_CHOWN);
    assert_true(s.inheritable == 0 && s.ambient == 0);
    /* Ambient only where permitted and inheritable allow it: dropped, as the kernel would refuse it. */
    c.ambient = list(two, 2);
    assert_int_equal(capability_sets_from_spec(&c, &s, &err), 0);
    assert_true(s.ambient == 0);
    c.inheritable = list(one, 1);
    assert_int_equal(capability_sets_from_spec(&c, &s, &err), 0);
    assert_true(s.ambient == 1ULL << CAP_CHOWN);
    c.permitted = list(NULL, 0);
    assert_int_equal(capability_sets_from_spec(&c, &s, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "process.capabilities.effective"));
    /* What there is not is not given; the rest is. */
    c = (struct oci_capabilities){ .set = true, .bounding = list(wrong, 2) };
    assert_int_equal(capability_sets_from_spec(&c, &s, &err), 0);
    assert_true(s.bounding == 1ULL << CAP_CHOWN);
}

static void test_docker_default(void **state _unused_)
{
    assert_int_equal(__builtin_popcountll(capability_docker_default()), 14);
    assert_true(capability_docker_default() & (1ULL << CAP_NET_BIND_SERVICE));
    assert_false(capability_docker_default() &
                 (1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_NET_ADMIN));
}

static void has_line(const char *name, unsigned long long set)
{
    char want[64];
    snprintf(want, sizeof(want), "%s:\t%016llx\n", name, set);
    check(strstr(own_proc("status"), want) != NULL);
}

static void body_apply(void)
{
    struct capability_sets s = { .bounding = 1ULL << CAP_CHOWN | 1ULL << CAP_KILL,
                                 .permitted = 1ULL << CAP_KILL,
                                 .effective = 1ULL << CAP_KILL };
    check(capability_drop_bounding(&s, &forked_err) == 0);
    check(capability_apply(&s, &forked_err) == 0);
    has_line("CapBnd", s.bounding);
    has_line("CapPrm", s.permitted);
    has_line("CapEff", s.effective);
    has_line("CapInh", 0);
    has_line("CapAmb", 0);
    /* Not to be had back. */
    s.permitted |= 1ULL << CAP_CHOWN;
    check(capability_apply(&s, &forked_err) == -EPERM);
    check(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
}

static void body_ambient(void)
{
    uint64_t set = 1ULL << CAP_NET_BIND_SERVICE;
    struct capability_sets s = {
        .bounding = set, .permitted = set, .effective = set, .inheritable = set, .ambient = set
    };
    check(capability_drop_bounding(&s, &forked_err) == 0);
    check(capability_apply(&s, &forked_err) == 0);
    has_line("CapInh", set);
    has_line("CapAmb", set);
}

static void body_none(void)
{
    struct capability_sets s = { 0 };
    check(capability_drop_bounding(&s, &forked_err) == 0);
    check(capability_apply(&s, &forked_err) == 0);
    has_line("CapBnd", 0);
    has_line("CapPrm", 0);
    has_line("CapEff", 0);
}

static void test_applied(void **state _unused_)
{
    NEED_ROOT();
    forked(body_apply);
    forked(body_ambient);
    forked(body_none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_docker_default),
        cmocka_unit_test(test_applied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
