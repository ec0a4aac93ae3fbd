// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/restart.c: docker's restart manager. The wait is 100 ms, doubles with each restart up to a minute, and is 100 ms again
 * when the container has run for ten seconds.
 */
#include "monitor/monitor.h"

#define FIRST_MS 100
#define LONGEST_MS 60000
#define LONG_RUN_MS 10000

bool restart_decide(const struct monitor_options *o, const struct monitor_exit *x, bool stopped,
                    int64_t ran_ms, uint64_t *ret_backoff_ms)
{
    uint64_t backoff = ran_ms >= LONG_RUN_MS ? 0 : o->backoff_ms;
    bool again = false;
    *ret_backoff_ms = backoff == 0 ? FIRST_MS : MIN_OF(2 * backoff, (uint64_t) LONGEST_MS);
    switch (o->policy) {
    case RESTART_ALWAYS:
    case RESTART_UNLESS_STOPPED: again = true; break;
    case RESTART_ON_FAILURE: again = x->code != 0 && (o->max == 0 || o->restarts < o->max); break;
    default: break;
    }
    return again && !stopped;
}
