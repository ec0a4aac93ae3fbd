// SPDX-License-Identifier: Apache-2.0
/* What hooks are told, and what an update records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/hooks.h"

static void test_state_text(void **unused)
{
    (void) unused;
    struct oci_pair pair = { "a\"b", "c" };
    struct oci_pairs pairs = { &pair, 1 };
    struct hook_state st = { "1.3.0", "id", "/b", CONTAINER_CREATING, 7, &pairs };
    char *text = hooks_state_text(&st);
    assert_string_equal(
        text,
        "{\"ociVersion\":\"1.3.0\",\"id\":\"id\",\"status\":\"creating\",\"pid\":7,\"bundle\":\"/b\",\"annotations\":{\"a\\\"b\":\"c\"}}");
    free(text);
    st = (struct hook_state){ "1.0.0", "id", "/b", CONTAINER_STOPPED, 0, NULL };
    text = hooks_state_text(&st);
    assert_string_equal(text,
                        "{\"ociVersion\":\"1.0.0\",\"id\":\"id\",\"status\":\"stopped\",\"bundle\":\"/b\"}");
    free(text);
}

static bool maybe(const char *text, enum oci_hook_kind kind)
{
    return hooks_maybe(text, strlen(text), kind);
}

static void test_maybe(void **unused)
{
    (void) unused;
    assert_true(maybe("{\"hooks\": {\"poststop\": []}}", OCI_HOOK_POSTSTOP));
    assert_false(maybe("{\"hooks\": {\"poststop\": []}}", OCI_HOOK_POSTSTART));
    assert_true(maybe("{\"hooks\": {\"\\u0070oststop\": []}}", OCI_HOOK_POSTSTOP));
    assert_true(maybe("{\"hooks\": {\"post\\u0073top\": []}}", OCI_HOOK_POSTSTOP));
    assert_false(maybe("{}", OCI_HOOK_POSTSTOP));
    assert_false(maybe("", OCI_HOOK_POSTSTOP));
}

static void test_merge(void **unused)
{
    (void) unused;
    struct arena *a = arena_new();
    struct oci_device_rule rules[2] = { { .allow = true }, { .allow = false } };
    struct oci_resources to = { .memory.limit = { true, 100 },
                                .memory.swap = { true, 200 },
                                .cpu.cpus = "0",
                                .pids_limit = { true, 5 },
                                .devices = rules,
                                .n_devices = 1 };
    struct oci_resources from = { .memory.limit = { true, 50 },
                                  .memory.swap = { true, 0 },
                                  .cpu.idle = { true, 0 },
                                  .cpu.mems = "1",
                                  .cpu.cpus = "",
                                  .pids_limit = { true, -1 } };
    oci_pairs_set(a, &to.unified, "memory.high", "1");
    oci_pairs_set(a, &from.unified, "memory.high", "2");
    resources_merge(a, &to, &from, false);
    assert_int_equal(to.memory.limit.v, 50);
    assert_int_equal(to.memory.swap.v, 200); /* 0 is "not given" */
    assert_true(to.cpu.idle.set);            /* but not everywhere */
    assert_string_equal(to.cpu.cpus, "0");
    assert_string_equal(to.cpu.mems, "1");
    assert_int_equal(to.pids_limit.v, -1);
    assert_false(to.cpu.quota.set);
    assert_int_equal(to.n_devices, 1);
    assert_string_equal(oci_pairs_get(&to.unified, "memory.high"), "2");
    from = (struct oci_resources){ .devices = rules, .n_devices = 2, .block_io.weight = { true, 500 } };
    resources_merge(a, &to, &from, false);
    assert_int_equal(to.n_devices, 2);
    assert_int_equal(to.block_io.weight.v, 500);
    assert_int_equal(to.memory.limit.v, 50);
    /* lists item by item */
    struct oci_throttle old[] = { { 8, 0, 100 }, { 8, 16, 200 } }, new[] = { { 8, 16, 0 }, { 9, 0, 7 } };
    struct oci_hugepage two[] = { { "2MB", 1 } }, one[] = { { "1GB", 2 }, { "2MB", 3 } };
    to.block_io.read_bps = (struct oci_throttles){ old, 2 };
    to.hugepages = two, to.n_hugepages = 1;
    from = (struct oci_resources){ .block_io.read_bps = { new, 2 }, .hugepages = one, .n_hugepages = 2 };
    resources_merge(a, &to, &from, false);
    assert_int_equal(to.block_io.read_bps.n, 3);
    assert_int_equal(to.block_io.read_bps.v[0].rate, 100);
    assert_int_equal(to.block_io.read_bps.v[1].rate, 0);
    assert_int_equal(to.block_io.read_bps.v[2].major, 9);
    assert_int_equal(old[1].rate, 200); /* nobody else's list is written to */
    assert_int_equal(to.n_hugepages, 2);
    assert_int_equal(to.hugepages[0].limit, 3);
    assert_string_equal(to.hugepages[1].page_size, "1GB");
    /* the limit alone: memory+swap stays in v1, what may be in swap in v2; lifted, it takes both along */
    from = (struct oci_resources){ .memory.limit = { true, 70 } };
    resources_merge(a, &to, &from, false);
    assert_int_equal(to.memory.swap.v, 200);
    from.memory.limit.v = 300;
    resources_merge(a, &to, &from, true);
    assert_int_equal(to.memory.limit.v, 300);
    assert_int_equal(to.memory.swap.v, 430);
    from.memory.swap = (struct opt_i64){ true, 310 };
    resources_merge(a, &to, &from, true);
    assert_int_equal(to.memory.swap.v, 310);
    from = (struct oci_resources){ .memory.limit = { true, -1 } };
    resources_merge(a, &to, &from, false);
    assert_int_equal(to.memory.swap.v, -1);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_state_text), cmocka_unit_test(test_maybe),
                                        cmocka_unit_test(test_merge) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
