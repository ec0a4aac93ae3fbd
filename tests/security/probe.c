// SPDX-License-Identifier: Apache-2.0
/*
 * The probe's main: walks the tables, gives each row a child, prints what the children found.
 *
 * A row's child writes its answer into a page shared with the parent, so that a child which is killed half-way leaves
 * VERDICT_NONE and not half a line. Nothing is kept open meanwhile: the row about inherited descriptors would see it.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_A_ROW = 5, DESCRIPTORS_LOOKED_AT = 4096 };

int inherited_count, inherited_first;

static const struct row *const tables[] = { rows_fs, rows_kernel, rows_process, rows_net, rows_limits };

static const char *const verdict_names[] = {
    [VERDICT_NONE] = "none",   [VERDICT_SEALED] = "sealed", [VERDICT_OPEN] = "OPEN",
    [VERDICT_WORKS] = "works", [VERDICT_BROKEN] = "BROKEN",
};

__attribute__((format(printf, 3, 0))) static void answer_set(struct answer *answer, enum verdict verdict,
                                                             const char *format, va_list arguments)
{
    answer->verdict = verdict;
    vsnprintf(answer->detail, sizeof(answer->detail), format, arguments);
    for (char *c = answer->detail; *c; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
            *c = '?';
}

#define DEFINE_ANSWER(name, verdict)                          \
    void name(struct answer *answer, const char *format, ...) \
    {                                                         \
        va_list arguments;                                    \
        va_start(arguments, format);                          \
        answer_set(answer, verdict, format, arguments);       \
        va_end(arguments);                                    \
    }
DEFINE_ANSWER(answer_sealed, VERDICT_SEALED)
DEFINE_ANSWER(answer_open, VERDICT_OPEN)
DEFINE_ANSWER(answer_works, VERDICT_WORKS)
DEFINE_ANSWER(answer_broken, VERDICT_BROKEN)

const char *errno_name(int number)
{
    static char unknown[24];
    const char *name = strerrorname_np(number);
    if (name)
        return name;
    snprintf(unknown, sizeof(unknown), "errno %d", number);
    return unknown;
}

void answer_refusal(struct answer *answer, long result, int also)
{
    int number = errno;
    if (result >= 0)
        answer_open(answer, "succeeded");
    else if (number == EPERM || number == EACCES || number == ENOSYS || number == EROFS ||
             (also && number == also))
        answer_sealed(answer, "%s", errno_name(number));
    else
        answer_open(answer, "reached: %s", errno_name(number));
}

void answer_success(struct answer *answer, long result)
{
    if (result < 0)
        answer_broken(answer, "%s", errno_name(errno));
    else
        answer_works(answer, "ok");
}

void ask_call(const struct row *row, struct answer *answer)
{
    const long *a = row->args;
    answer_refusal(answer, syscall(row->nr, a[0], a[1], a[2], a[3], a[4], a[5]), 0);
}

bool status_field(const char *key, char *value, size_t size)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[512];
    bool found = false;
    size_t length = strlen(key);
    while (status && !found && fgets(line, sizeof(line), status)) {
        if (strncmp(line, key, length) != 0 || line[length] != ':')
            continue;
        const char *start = line + length + 1;
        start += strspn(start, " \t");
        snprintf(value, size, "%.*s", (int) strcspn(start, "\n"), start);
        found = true;
    }
    if (status)
        fclose(status);
    return found;
}

int own_file(void)
{
    return memfd_create("oakum-probe", MFD_CLOEXEC);
}

static void count_inherited(void)
{
    for (int fd = 3; fd < DESCRIPTORS_LOOKED_AT; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        if (inherited_count++ == 0)
            inherited_first = fd;
    }
}

/* What a child's end means when it left no answer. */
static void judge_end(const struct row *row, int status, struct answer *answer)
{
    char how[64];
    bool killed = WIFSIGNALED(status), late = killed && WTERMSIG(status) == SIGALRM;
    if (late)
        snprintf(how, sizeof(how), "no answer in %d seconds", SECONDS_A_ROW);
    else if (killed)
        snprintf(how, sizeof(how), "ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(how, sizeof(how), "ended without an answer");
    if (row->must_work)
        answer_broken(answer, "%s", how);
    else if (killed && !late)
        answer_sealed(answer, "%s", how);
    else
        answer_open(answer, "%s", how);
}

static void run_row(const struct row *row, struct answer *answer)
{
    *answer = (struct answer){ 0 };
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        answer_broken(answer, "fork: %s", errno_name(errno));
        return;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(SECONDS_A_ROW);
        row->ask(row, answer);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (answer->verdict == VERDICT_NONE)
        judge_end(row, status, answer);
    /* As process 1 of a container the probe inherits what a row's child left behind. */
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static bool wanted(const struct row *row, char **ids)
{
    if (!*ids)
        return true;
    for (; *ids; ids++)
        if (strcmp(*ids, row->id) == 0)
            return true;
    return false;
}

static bool known(const char *id)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct row *row = tables[t]; row->id; row++)
            if (strcmp(row->id, id) == 0)
                return true;
    return false;
}

static void print_row(const struct row *row, const struct answer *answer, bool json, bool first)
{
    const char *verdict = verdict_names[answer->verdict];
    if (json)
        printf(
            "%s\n  {\"id\": \"%s\", \"control\": \"%s\", \"what\": \"%s\", \"verdict\": \"%s\", \"detail\": \"%s\"}",
            first ? "" : ",", row->id, row->control, row->what, verdict, answer->detail);
    else
        printf("%s\t%s\t%s\t%s\n", row->id, row->control, verdict, answer->detail);
}

/* Returns the exit status: 0 when nothing is OPEN and nothing BROKEN. */
static int run_tables(char **ids, bool json)
{
    struct answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                 -1, 0);
    if (answer == MAP_FAILED) {
        perror("probe: mmap");
        return 2;
    }
    int counts[VERDICT_BROKEN + 1] = { 0 }, rows = 0;
    printf("%s", json ? "{\"rows\": [" : "");
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        for (const struct row *row = tables[t]; row->id; row++) {
            if (!wanted(row, ids))
                continue;
            run_row(row, answer);
            print_row(row, answer, json, rows++ == 0);
            counts[answer->verdict]++;
        }
    }
    int sealed = counts[VERDICT_SEALED], open = counts[VERDICT_OPEN];
    int works = counts[VERDICT_WORKS], broken = counts[VERDICT_BROKEN];
    if (json)
        printf(
            "\n], \"summary\": {\"rows\": %d, \"sealed\": %d, \"OPEN\": %d, \"works\": %d, \"BROKEN\": %d}}\n",
            rows, sealed, open, works, broken);
    else
        printf("# %d rows: %d sealed, %d OPEN, %d works, %d BROKEN\n", rows, sealed, open, works, broken);
    if (fflush(stdout) != 0)
        return 2;
    return open + broken > 0;
}

static void list_tables(void)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct row *row = tables[t]; row->id; row++)
            printf("%s\t%s\t%s\n", row->id, row->control, row->what);
}

int main(int argc, char **argv)
{
    bool json = false;
    int at = 1;
    count_inherited();
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[at], "--list") == 0) {
            list_tables();
            return 0;
        } else if (strcmp(argv[at], "--nothing") == 0) { /* what the row about exec executes */
            return 0;
        } else {
            fprintf(stderr, "usage: probe [--list | --json] [ID...]\n");
            return 2;
        }
    }
    for (int i = at; i < argc; i++) {
        if (!known(argv[i])) {
            fprintf(stderr, "probe: no row is called %s; --list names them\n", argv[i]);
            return 2;
        }
    }
    return run_tables(argv + at, json);
}
