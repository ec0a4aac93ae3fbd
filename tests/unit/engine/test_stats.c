// SPDX-License-Identifier: Apache-2.0
/* Bytes of the network from the text of /proc/PID/net/dev. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/stats.h"

static void net(void **state _unused_)
{
    uint64_t in = 7, out = 7;
    engine_stats_net(
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
        "    lo:  100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n"
        "  eth0: 1000       2    0    0    0     0          0         0      300       3    0    0    0     0       0          0\n"
        " lo0:1234:5 2 0 0 0 0 0 0 6 3 0 0 0 0 0 0\n"
        " eth9: 18446744073709551616 2 0 0 0 0 0 0 6 3 0 0 0 0 0 0\n"
        " eth8: 1 2 3\n"
        " eth7: 4 0 0 0 0 0 0 0 2 0",
        &in, &out);
    assert_int_equal(in, 1000 + 5 + 4);
    assert_int_equal(out, 300 + 6 + 2);
    engine_stats_net("", &in, &out);
    assert_int_equal(in + out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(net) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
