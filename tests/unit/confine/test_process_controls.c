// SPDX-License-Identifier: Apache-2.0
/* Lists of CPUs and nodes, and what scheduler, memory policy, personality and network devices say of a document: all without a kernel. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "confine/memory_policy.h"
#include "confine/net_devices.h"
#include "confine/personality.h"
#include "confine/range_list.h"
#include "confine/scheduler.h"

static struct error err;

#define REFUSED(call, words)                              \
    do {                                                  \
        err = (struct error){ 0 };                        \
        assert_int_equal(call, -EINVAL);                  \
        if (!strstr(err.msg, words))                      \
            fail_msg("no \"%s\" in: %s", words, err.msg); \
    } while (0)

static void lists(void **state _unused_)
{
    static const struct {
        const char *text;
        int result;
        unsigned long low, high;
    } rows[] = {
        { "0", 0, 1, 0 },
        { "0-3,7", 0, 0x8f, 0 },
        { " 1 , 2 - 3 ", 0, 0xe, 0 },
        { "63-64", 0, 1UL << 63, 1 },
        { "127", 0, 0, 1UL << 63 },
        { "5,5,4-6", 0, 0x70, 0 },
        { "", -EINVAL, 0, 0 },
        { ",", -EINVAL, 0, 0 },
        { "1,", -EINVAL, 0, 0 },
        { "-1", -EINVAL, 0, 0 },
        { "1-", -EINVAL, 0, 0 },
        { "3-1", -EINVAL, 0, 0 },
        { "1-2-3", -EINVAL, 0, 0 },
        { "1 2", -EINVAL, 0, 0 },
        { "0x1", -EINVAL, 0, 0 },
        { "all", -EINVAL, 0, 0 },
        { "1\n", -EINVAL, 0, 0 },
        { "128", -ERANGE, 0, 0 },
        { "0-128", -ERANGE, 0, 0 },
        { "99999999999999999999999", -ERANGE, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned long bits[2] = { ~0UL, ~0UL };
        int r = range_list_parse(rows[i].text, bits, 128);
        if (r != rows[i].result || (r == 0 && (bits[0] != rows[i].low || bits[1] != rows[i].high)))
            fail_msg("\"%s\": %d, %lx %lx", rows[i].text, r, bits[0], bits[1]);
    }
}

static void scheduler(void **state _unused_)
{
    struct oci_process p = { 0 };
    const char *flag = "SCHED_FLAG_RESET_ON_FORK", *wrong = "SCHED_FLAG_FAST";
    assert_int_equal(scheduler_check(&p, &err), 0);
    assert_false(scheduler_is_realtime(&p));
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_BATCH",
                                          .nice = { true, 19 },
                                          .flags = { &flag, 1 } };
    assert_int_equal(scheduler_check(&p, &err), 0);
    assert_false(scheduler_is_realtime(&p));
    p.scheduler.flags.v = &wrong;
    REFUSED(scheduler_check(&p, &err), "process.scheduler.flags[0]");
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_FIFO", .priority = { true, 1 } };
    assert_int_equal(scheduler_check(&p, &err), 0);
    assert_true(scheduler_is_realtime(&p));
    p.scheduler.nice.v = 1;
    REFUSED(scheduler_check(&p, &err), "process.scheduler.nice");
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_RR" };
    REFUSED(scheduler_check(&p, &err), "process.scheduler.priority");
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_IDLE", .priority = { true, 3 } };
    REFUSED(scheduler_check(&p, &err), "process.scheduler.priority");
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_DEADLINE", .runtime = { true, 1 } };
    REFUSED(scheduler_check(&p, &err), "SCHED_DEADLINE needs");
    p.scheduler.deadline.v = 2;
    assert_int_equal(scheduler_check(&p, &err), 0);
    assert_true(scheduler_is_realtime(&p));
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_OTHER", .period = { true, 5 } };
    REFUSED(scheduler_check(&p, &err), "only for SCHED_DEADLINE");
    p.scheduler = (struct oci_scheduler){ .policy = "SCHED_ISO" };
    REFUSED(scheduler_check(&p, &err), "SCHED_ISO");
    p = (struct oci_process){ .io_priority_class = "IOPRIO_CLASS_NONE" };
    REFUSED(scheduler_check(&p, &err), "process.ioPriority.class");
}

static void affinity(void **state _unused_)
{
    struct oci_process own = { .cpu_affinity_final = "1" },
                       container = { .cpu_affinity_initial = "2", .cpu_affinity_final = "3" }, none = { 0 };
    struct cpu_affinity a = cpu_affinity_of_exec(&own, &container);
    assert_null(a.initial);
    assert_string_equal(a.final, "1");
    a = cpu_affinity_of_exec(&none, &container);
    assert_string_equal(a.initial, "2");
    assert_string_equal(a.final, "3");
    a = cpu_affinity_of_exec(&none, &none);
    assert_null(a.initial);
    assert_null(a.final);
    own.cpu_affinity_final = "1-0";
    REFUSED(scheduler_check(&own, &err), "process.execCPUAffinity.final");
}

static void memory_policy(void **state _unused_)
{
    const char *flags[] = { "MPOL_F_STATIC_NODES", "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES" },
               *wrong = "MPOL_F_LAZY";
    struct oci_linux l = { 0 };
    struct memory_policy p;
    assert_int_equal(memory_policy_check(&l, &err), 0);
    l = (struct oci_linux){ .memory_policy_mode = "MPOL_BIND",
                            .memory_policy_nodes = "0,64",
                            .memory_policy_flags = { flags, 2 } };
    assert_int_equal(memory_policy_read(&l, &p, &err), 0);
    assert_int_equal(p.mode, MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_NUMA_BALANCING);
    assert_true(p.has_nodes && p.nodes[0] == 1 && p.nodes[1] == 1 && p.nodes[2] == 0);
    l.memory_policy_flags.n = 3;
    REFUSED(memory_policy_read(&l, &p, &err), "exclude each other");
    l.memory_policy_flags = (struct oci_strings){ &wrong, 1 };
    REFUSED(memory_policy_read(&l, &p, &err), "linux.memoryPolicy.flags[0]");
    l = (struct oci_linux){ .memory_policy_mode = "MPOL_PREFERRED" };
    assert_int_equal(memory_policy_read(&l, &p, &err), 0);
    assert_false(p.has_nodes);
    l.memory_policy_flags = (struct oci_strings){ flags, 1 };
    REFUSED(memory_policy_read(&l, &p, &err), "without nodes");
    l = (struct oci_linux){ .memory_policy_mode = "MPOL_WEIGHTED_INTERLEAVE", .memory_policy_nodes = "1" };
    assert_int_equal(memory_policy_read(&l, &p, &err), 0);
    assert_int_equal(p.mode, 6);
    l.memory_policy_nodes = NULL;
    REFUSED(memory_policy_read(&l, &p, &err), "linux.memoryPolicy.nodes");
    l = (struct oci_linux){ .memory_policy_mode = "MPOL_DEFAULT", .memory_policy_nodes = "0" };
    REFUSED(memory_policy_read(&l, &p, &err), "takes no nodes");
    l = (struct oci_linux){ .memory_policy_mode = "MPOL_BIND", .memory_policy_nodes = "1024" };
    REFUSED(memory_policy_read(&l, &p, &err), "linux.memoryPolicy.nodes");
}

static void personality_domain(void **state _unused_)
{
    const char *flag = "ADDR_NO_RANDOMIZE";
    struct oci_linux l = { 0 };
    assert_int_equal(personality_check(&l, &err), 0);
    l.personality_domain = "LINUX32";
    assert_int_equal(personality_check(&l, &err), 0);
    l.personality_flags = (struct oci_strings){ &flag, 1 };
    REFUSED(personality_check(&l, &err), "linux.personality.flags");
    l.personality_domain = "BSD";
    REFUSED(personality_check(&l, &err), "linux.personality.domain");
}

static void net_devices(void **state _unused_)
{
    struct oci_net_device two[] = { { .host_name = "a0" }, { .host_name = "b0", .name = "c0" } };
    struct oci_linux l = { .net_devices = two, .n_net_devices = 2 };
    REFUSED(net_devices_check(&l, &err), "needs a network namespace");
    l.namespaces[OCI_NS_NETWORK].set = true;
    assert_int_equal(net_devices_check(&l, &err), 0);
    two[1].name = "a0";
    REFUSED(net_devices_check(&l, &err), "linux.netDevices.b0");
    two[1].name = "eth%d"; /* a template; any other '%' is not */
    assert_int_equal(net_devices_check(&l, &err), 0);
    two[1].name = "eth%d%d";
    REFUSED(net_devices_check(&l, &err), "at its end");
    two[1].name = "%d";
    REFUSED(net_devices_check(&l, &err), "at its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),         cmocka_unit_test(scheduler),          cmocka_unit_test(affinity),
        cmocka_unit_test(memory_policy), cmocka_unit_test(personality_domain), cmocka_unit_test(net_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
