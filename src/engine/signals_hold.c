// SPDX-License-Identifier: Apache-2.0
/* engine/signals_hold.c: holds signals back while something is half-made. */
#include "engine/engine_internal.h"

void signals_hold(struct signals_held *h)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
    sigemptyset(&h->held);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        sigaddset(&h->held, signals[i]);
    sigprocmask(SIG_BLOCK, &h->held, &h->old);
}

int signals_waiting(const struct signals_held *h)
{
    sigset_t pending;
    if (sigpending(&pending) < 0)
        return 0;
    for (int s = 1; s < 32; s++) {
        if (sigismember(&pending, s) == 1 && sigismember(&h->held, s) == 1 && sigismember(&h->old, s) == 0)
            return s;
    }
    return 0;
}

void signals_release(const struct signals_held *h, int swallow)
{
    struct timespec none = { 0 };
    sigset_t one;
    if (swallow != 0) {
        sigemptyset(&one);
        sigaddset(&one, swallow);
        while (sigtimedwait(&one, NULL, &none) > 0) {}
    }
    sigprocmask(SIG_SETMASK, &h->old, NULL);
}
