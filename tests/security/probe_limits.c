// SPDX-License-Identifier: Apache-2.0
/*
 * The budgets: whether processes, memory and descriptors run out before a ceiling that no sealed container should reach.
 *
 * Asked by using them up, since a limit can come from a cgroup, from an rlimit or from both, and only what really happens
 * counts. The ceilings are far above oakum's defaults (256 processes, 512 MiB, 1024 files) and low enough that a host
 * without limits does not feel them. Soft rlimits are raised to the hard ones first, as an attacker would.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    MANY_TASKS = 4096,
    MANY_FILES = 4096,
    MUCH_MEMORY_MIB = 640,
    FREE_MEMORY_MIB = 1536, /* a host with less available is spared */
};

static void raise_soft_limit(int resource)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resource, &limit);
    }
}

static void *wait_forever(void *unused)
{
    (void) unused;
    for (;;)
        pause();
    return NULL;
}

/* Threads count as processes do and cost less. They end with the row's child. */
static void ask_tasks(const struct row *row, struct answer *answer)
{
    pthread_attr_t attr;
    pthread_t thread;
    int tasks = 0;
    (void) row;
    raise_soft_limit(RLIMIT_NPROC);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 64 * 1024);
    while (tasks < MANY_TASKS && (errno = pthread_create(&thread, &attr, wait_forever, NULL)) == 0)
        tasks++;
    if (tasks == MANY_TASKS)
        answer_open(answer, "%d tasks and no limit yet", tasks);
    else
        answer_sealed(answer, "%s after %d tasks", errno_name(errno), tasks);
}

/* MemAvailable of the host in MiB; 0 when it is not known. */
static long available_mib(void)
{
    FILE *info = fopen("/proc/meminfo", "re");
    char line[128];
    long kib = 0;
    while (info && kib == 0 && fgets(line, sizeof(line), info))
        if (sscanf(line, "MemAvailable: %ld", &kib) != 1)
            kib = 0;
    if (info)
        fclose(info);
    return kib / 1024;
}

/* A memory cgroup ends the child with SIGKILL, which the caller counts as refused; the child offers itself first. */
static void ask_memory(const struct row *row, struct answer *answer)
{
    (void) row;
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        if (write(score, "1000", 4) != 4)
            answer->detail[0] = 0;
        close(score);
    }
    if (available_mib() < FREE_MEMORY_MIB) {
        answer_open(answer, "not tried: the host has less than %d MiB available", FREE_MEMORY_MIB);
        return;
    }
    for (int mib = 0; mib < MUCH_MEMORY_MIB; mib++) {
        char *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            answer_sealed(answer, "%s after %d MiB", errno_name(errno), mib);
            return;
        }
        memset(memory, mib | 1, 1 << 20);
    }
    answer_open(answer, "%d MiB and no limit yet", MUCH_MEMORY_MIB);
}

static void ask_files(const struct row *row, struct answer *answer)
{
    int files = 0;
    (void) row;
    raise_soft_limit(RLIMIT_NOFILE);
    int fd = own_file();
    while (fd >= 0 && files < MANY_FILES && fcntl(fd, F_DUPFD_CLOEXEC, 0) >= 0)
        files++;
    if (files == MANY_FILES)
        answer_open(answer, "%d files and no limit yet", files);
    else
        answer_sealed(answer, "%s after %d files", errno_name(errno), files);
}

static void ask_core(const struct row *row, struct answer *answer)
{
    struct rlimit limit;
    (void) row;
    if (getrlimit(RLIMIT_CORE, &limit) < 0)
        answer_open(answer, "not known: %s", errno_name(errno));
    else if (limit.rlim_max == 0)
        answer_sealed(answer, "0, cannot be raised");
    else if (limit.rlim_cur == 0)
        answer_open(answer, "0, but can be raised");
    else
        answer_open(answer, "dumps are written");
}

/* One descriptor more than the hard limit, in the row's own process. */
static void ask_raise(const struct row *row, struct answer *answer)
{
    struct rlimit limit;
    (void) row;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        answer_open(answer, "not known: %s", errno_name(errno));
        return;
    }
    limit.rlim_max++;
    answer_refusal(answer, setrlimit(RLIMIT_NOFILE, &limit), 0);
}

#define BUDGET "budgets"

const struct row rows_limits[] = {
    { "limit-core", BUDGET, "core dumps are off", ask_core },
    { "limit-raise", BUDGET, "no limit can be raised", ask_raise },
    { "limit-files", BUDGET, "open files are limited", ask_files },
    { "limit-tasks", BUDGET, "processes are limited", ask_tasks },
    { "limit-memory", BUDGET, "memory is limited", ask_memory },
    { 0 },
};
