// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/checks.c: when the next health check is due, by the monotonic clock. oakum does the checking, and says by its exit status whether
 * the next one is soon; a check that does not end holds up the next check and nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "monitor/internal.h"
#include "sys/syscall.h"

/* An image may ask for one each millisecond; the processor time of making them is the host's. */
#define LEAST_MS 100

static void set_next(struct checks *c, bool soon)
{
    uint64_t ms = soon && c->soon_ms > 0 ? c->soon_ms : c->every_ms;
    c->next = clock_monotonic_ms() + (int64_t) MIN_OF(MAX_OF(ms, (uint64_t) LEAST_MS), (uint64_t) INT32_MAX);
}

void checks_begin(struct checks *c, const struct monitor_options *o)
{
    *c = (struct checks){ .every_ms = o->health_ms, .soon_ms = o->health_soon_ms, .pid = -1, .pidfd = -1 };
    set_next(c, true);
}

int checks_left(const struct checks *c)
{
    if (c->every_ms == 0 || c->pid > 0)
        return -1;
    int64_t left = c->next - clock_monotonic_ms();
    return left > 0 ? (int) left : 0;
}

void checks_started(struct checks *c, pid_t pid)
{
    set_next(c, false);
    c->pid = pid;
    c->pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -1;
    if (pid > 0 && c->pidfd < 0) {
        kill(pid, SIGKILL);
        checks_ended(c);
    }
}

void checks_ended(struct checks *c)
{
    int status = 0;
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {}
    if (c->pidfd >= 0)
        close(c->pidfd);
    c->pid = c->pidfd = -1;
    set_next(c, WIFEXITED(status) && WEXITSTATUS(status) == MONITOR_CHECK_SOON);
}

void checks_stop(struct checks *c)
{
    if (c->pid <= 0)
        return;
    kill(c->pid, SIGKILL);
    checks_ended(c);
}
