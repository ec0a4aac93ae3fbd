// SPDX-License-Identifier: Apache-2.0
/*
 * timer: starts commands in turn and tells what each start cost.
 *
 *   timer [--rounds N] [--block N] [--quiet MS] [--warmup N] [--at-once N] [--stdin FILE] [--raw FILE]
 *         NAME [BEFORE... %do] COMMAND... [%% NAME [BEFORE... %do] COMMAND...]...
 *
 * A round runs a block of each command; every other round goes through the commands backwards, so that none always comes
 * after the same neighbour and a machine that gets slower gets slower for all. With --quiet the machine rests before each
 * start: some of what a start costs (waiting for an RCU grace period) is hidden while another start has just paid for it.
 *
 * BEFORE is a command that is run before each COMMAND and not timed. In both, "%n" within an argument becomes the number of the run.
 * With --at-once each run starts N commands at the same moment and waits for all; its time is that until the last has ended.
 *
 * Output: a line a command, tab separated: name, runs that ended with 0, runs that did not, min, median, 90th percentile,
 * mean (milliseconds), median of the peak memory (KiB), median of the processor time (milliseconds). --raw writes each run: name, milliseconds, KiB.
 *
 * The time is that from before vfork to after wait4 of the command itself: what a person who typed it waits. Peak memory is
 * ru_maxrss of wait4: of the largest process among the command and what it waited for. The kernel hands a command its
 * parent's peak as a lower bound, which is why this program is static and small; the script prints that floor. No shell is
 * in between. Standard input is FILE, opened anew for each start, or /dev/null; standard output is /dev/null, standard error the
 * timer's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 32
#define MAX_RUNS 4096
#define MAX_AT_ONCE 1024
#define MAX_ARGUMENTS 128

struct command {
    const char *name;
    char **before, **argv;
    unsigned n, failed;
    float ms[MAX_RUNS]; /* a page is touched only when a run is written to it */
    unsigned kib[MAX_RUNS];
    float cpu[MAX_RUNS];
};

static struct command commands[MAX_COMMANDS];
static unsigned n_commands;
static FILE *raw;
static const char *input = "/dev/null";
static unsigned number_of_run, at_once = 1;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static _Noreturn void usage(const char *why)
{
    fprintf(stderr, "timer: %s\n", why);
    exit(2);
}

/* argv with each "%n" replaced, in buffers that the next call uses again (after a vfork the child has executed by then). */
static char **numbered(char **argv, unsigned n)
{
    static char text[MAX_ARGUMENTS][4096];
    static char *out[MAX_ARGUMENTS + 1];
    unsigned i;
    for (i = 0; argv[i] != NULL; i++) {
        char *at = strstr(argv[i], "%n");
        out[i] = argv[i];
        if (at == NULL)
            continue;
        snprintf(text[i], sizeof(text[i]), "%.*s%u%s", (int) (at - argv[i]), argv[i], n, at + 2);
        out[i] = text[i];
    }
    out[i] = NULL;
    return out;
}

/* vfork: a fork would copy page tables, and its cost would be in every figure. */
static pid_t spawn(char **argv)
{
    int in = open(input, O_RDONLY | O_CLOEXEC);
    if (in < 0 || dup2(in, STDIN_FILENO) < 0)
        usage("standard input is not there");
    close(in);
    char **args = numbered(argv, number_of_run++);
    pid_t pid = vfork();
    if (pid == 0) {
        execv(args[0], args);
        _exit(127);
    }
    if (pid < 0)
        usage("vfork failed");
    return pid;
}

static int wait_for(pid_t pid, struct rusage *ru)
{
    int status;
    while (wait4(pid, &status, 0, ru) < 0)
        if (errno != EINTR)
            usage("wait4 failed");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void run_before(struct command *c)
{
    struct rusage ru;
    if (c->before == NULL)
        return;
    wait_for(spawn(c->before), &ru);
    number_of_run--; /* the same for its command */
}

static void run_once(struct command *c, unsigned quiet_ms, int count)
{
    static pid_t pids[MAX_AT_ONCE];
    struct rusage ru;
    long kib = 0;
    double cpu = 0;
    int good = 1;
    run_before(c);
    if (quiet_ms > 0)
        nanosleep(&(struct timespec){ quiet_ms / 1000, (long) (quiet_ms % 1000) * 1000000 }, NULL);
    double start = now_ms();
    for (unsigned i = 0; i < at_once; i++)
        pids[i] = spawn(c->argv);
    for (unsigned i = 0; i < at_once; i++) {
        good &= wait_for(pids[i], &ru);
        kib = ru.ru_maxrss > kib ? ru.ru_maxrss : kib;
        cpu += (double) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e3 +
               (double) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e3;
    }
    double ms = now_ms() - start;
    if (!count)
        return;
    if (!good) {
        c->failed++;
        return;
    }
    if (c->n == MAX_RUNS)
        usage("too many runs");
    c->ms[c->n] = (float) ms;
    c->cpu[c->n] = (float) cpu;
    c->kib[c->n++] = (unsigned) kib;
    if (raw != NULL)
        fprintf(raw, "%s\t%.4f\t%ld\n", c->name, ms, kib);
}

static int by_float(const void *a, const void *b)
{
    float x = *(const float *) a, y = *(const float *) b;
    return (x > y) - (x < y);
}

static int by_unsigned(const void *a, const void *b)
{
    unsigned x = *(const unsigned *) a, y = *(const unsigned *) b;
    return (x > y) - (x < y);
}

static void report(struct command *c)
{
    if (c->n == 0) {
        printf("%s\t0\t%u\t-\t-\t-\t-\t-\t-\n", c->name, c->failed);
        return;
    }
    double sum = 0;
    for (unsigned i = 0; i < c->n; i++)
        sum += c->ms[i];
    qsort(c->ms, c->n, sizeof(c->ms[0]), by_float);
    qsort(c->cpu, c->n, sizeof(c->cpu[0]), by_float);
    qsort(c->kib, c->n, sizeof(c->kib[0]), by_unsigned);
    double median = ((double) c->ms[(c->n - 1) / 2] + c->ms[c->n / 2]) / 2;
    unsigned p90 = (c->n * 9 + 9) / 10 - 1;
    printf("%s\t%u\t%u\t%.2f\t%.2f\t%.2f\t%.2f\t%u\t%.2f\n", c->name, c->n, c->failed, (double) c->ms[0],
           median, (double) c->ms[p90], sum / c->n, c->kib[c->n / 2], (double) c->cpu[c->n / 2]);
}

static unsigned number(const char *s)
{
    char *end;
    unsigned long v = s != NULL ? strtoul(s, &end, 10) : 0;
    if (s == NULL || *s == '\0' || *end != '\0' || v > 1000000)
        usage("a number is missing or wrong");
    return (unsigned) v;
}

/* Cuts the arguments at each %%. */
static void read_commands(char **argv)
{
    while (*argv != NULL) {
        if (n_commands == MAX_COMMANDS)
            usage("too many commands");
        struct command *c = &commands[n_commands++];
        c->name = *argv++;
        c->argv = argv;
        while (*argv != NULL && strcmp(*argv, "%%") != 0) {
            if (strcmp(*argv, "%do") == 0) {
                *argv = NULL;
                c->before = c->argv;
                c->argv = argv + 1;
            }
            if (++argv - c->argv >= MAX_ARGUMENTS)
                usage("too many arguments");
        }
        if (argv == c->argv)
            usage("a command is missing");
        if (*argv != NULL)
            *argv++ = NULL;
    }
    if (n_commands == 0)
        usage("no command");
}

int main(int argc, char **argv)
{
    unsigned rounds = 10, block = 10, quiet = 0, warmup = 2;
    argv++;
    for (; argc > 1 && *argv != NULL && strncmp(*argv, "--", 2) == 0; argv += 2) {
        if (strcmp(*argv, "--rounds") == 0)
            rounds = number(argv[1]);
        else if (strcmp(*argv, "--block") == 0)
            block = number(argv[1]);
        else if (strcmp(*argv, "--quiet") == 0)
            quiet = number(argv[1]);
        else if (strcmp(*argv, "--warmup") == 0)
            warmup = number(argv[1]);
        else if (strcmp(*argv, "--at-once") == 0)
            at_once = number(argv[1]);
        else if (strcmp(*argv, "--stdin") == 0 && argv[1] != NULL)
            input = argv[1];
        else if (strcmp(*argv, "--raw") == 0 && argv[1] != NULL)
            raw = fopen(argv[1], "ae");
        else
            usage("unknown option");
    }
    read_commands(argv);
    if (at_once < 1 || at_once > MAX_AT_ONCE)
        usage("--at-once");
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (null < 0 || out < 0 || dup2(null, STDOUT_FILENO) < 0)
        usage("no /dev/null");

    for (unsigned c = 0; c < n_commands; c++)
        for (unsigned i = 0; i < warmup; i++)
            run_once(&commands[c], 0, 0);
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned c = 0; c < n_commands; c++)
            for (unsigned b = 0; b < block; b++)
                run_once(&commands[r % 2 == 0 ? c : n_commands - 1 - c], quiet, 1);

    if (dup2(out, STDOUT_FILENO) < 0)
        usage("standard output is gone");
    for (unsigned c = 0; c < n_commands; c++)
        report(&commands[c]);
    return fflush(stdout) != 0 || (raw != NULL && fclose(raw) != 0);
}
