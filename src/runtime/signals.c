// SPDX-License-Identifier: Apache-2.0
/* Signal names as kill(1) and docker take them: a table and the real-time range. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>

#include "base/parse.h"
#include "runtime/container.h"

static const struct {
    const char *name;
    int sig;
} signals[] = {
    { "SIGHUP", SIGHUP },       { "SIGINT", SIGINT },     { "SIGQUIT", SIGQUIT }, { "SIGILL", SIGILL },
    { "SIGTRAP", SIGTRAP },     { "SIGABRT", SIGABRT },   { "SIGIOT", SIGIOT },   { "SIGBUS", SIGBUS },
    { "SIGFPE", SIGFPE },       { "SIGKILL", SIGKILL },   { "SIGUSR1", SIGUSR1 }, { "SIGSEGV", SIGSEGV },
    { "SIGUSR2", SIGUSR2 },     { "SIGPIPE", SIGPIPE },   { "SIGALRM", SIGALRM }, { "SIGTERM", SIGTERM },
    { "SIGSTKFLT", SIGSTKFLT }, { "SIGCHLD", SIGCHLD },   { "SIGCLD", SIGCHLD },  { "SIGCONT", SIGCONT },
    { "SIGSTOP", SIGSTOP },     { "SIGTSTP", SIGTSTP },   { "SIGTTIN", SIGTTIN }, { "SIGTTOU", SIGTTOU },
    { "SIGURG", SIGURG },       { "SIGXCPU", SIGXCPU },   { "SIGXFSZ", SIGXFSZ }, { "SIGVTALRM", SIGVTALRM },
    { "SIGPROF", SIGPROF },     { "SIGWINCH", SIGWINCH }, { "SIGIO", SIGIO },     { "SIGPOLL", SIGIO },
    { "SIGPWR", SIGPWR },       { "SIGSYS", SIGSYS },
};

/* The numbers that people know as SIGRTMIN and SIGRTMAX, glibc's: musl keeps one more for itself. */
#define REALTIME_FIRST 34
#define REALTIME_LAST 64

static int parse_realtime(const char *name, int *ret)
{
    uint32_t n = 0;
    if (strncasecmp(name, "RTMIN", 5) == 0) {
        if (name[5] != '\0' && (name[5] != '+' || parse_u32(name + 6, &n) < 0))
            return -EINVAL;
        *ret = REALTIME_FIRST + (int) MIN_OF(n, 1000u);
    } else if (strncasecmp(name, "RTMAX", 5) == 0) {
        if (name[5] != '\0' && (name[5] != '-' || parse_u32(name + 6, &n) < 0))
            return -EINVAL;
        *ret = REALTIME_LAST - (int) MIN_OF(n, 1000u);
    } else {
        return -EINVAL;
    }
    return *ret >= REALTIME_FIRST && *ret <= REALTIME_LAST ? 0 : -EINVAL;
}

int signal_parse(const char *name, int *ret)
{
    uint32_t n;
    if (parse_u32(name, &n) == 0) {
        if (n < 1 || n > (uint32_t) REALTIME_LAST)
            return -EINVAL;
        *ret = (int) n;
        return 0;
    }
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (strcasecmp(name, signals[i].name + 3) == 0) {
            *ret = signals[i].sig;
            return 0;
        }
    return parse_realtime(name, ret);
}

const char *signal_name(int sig)
{
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (signals[i].sig == sig)
            return signals[i].name;
    return NULL;
}
