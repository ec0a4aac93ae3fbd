// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * probe: asks, from inside a container, what a program in there could reach. It is one static file without any of oakum's
 * code, so that it runs under every engine and judges oakum from outside.
 *
 * Each question is a row of a table. Two kinds:
 *   a row that must be refused  answers `sealed` (refused, or not there) or `OPEN` (it reached what it asked for);
 *   a row that must work        answers `works` or `BROKEN`.
 *
 * The rule for every row: it must be harmless, also when root runs the probe on a host without any container.
 *   - A call carries arguments that pass the kernel's permission check and fail right after it (a missing path, an unknown
 *     flag, a null pointer): EINVAL or EFAULT then shows that the check was passed. Where the kernel looks at the arguments
 *     first, the call is one that changes nothing but the row's own process, which ends with the row.
 *   - A file that must not be writable is opened for writing and closed. Nothing is written, truncated or created, save
 *     files of its own in /tmp and /dev/shm, unlinked at once.
 *   - Rows that use something up (processes, memory, descriptors) have a ceiling.
 *
 * Each row runs in a child of its own with five seconds to live. A child that a signal ends counts as refused (that is how
 * a seccomp filter with a kill action says no), unless it is the alarm.
 */

#include <stdbool.h>
#include <stddef.h>

enum verdict {
    VERDICT_NONE, /* the row's child has not answered */
    VERDICT_SEALED,
    VERDICT_OPEN,
    VERDICT_WORKS,
    VERDICT_BROKEN,
};

struct answer {
    enum verdict verdict;
    char detail[200]; /* one line of printable ASCII without `"`, `\` and tab */
};

struct row {
    const char *id; /* lower case with dashes, unique, stable: reports are compared by it */
    const char
        *control; /* which part of the seal it tests: the word that a reader looks for in the documentation */
    const char *what; /* what is expected, as a statement */
    void (*ask)(const struct row *row, struct answer *answer);
    bool must_work;
    const char *text; /* for `ask`: a path, a name */
    long nr;          /* for `ask`: a call's number, a bit */
    long args[6];     /* for ask_call */
};

/* Tables, each ended by a row without an id. They run in this order; the rows that use things up come last. */
extern const struct row rows_fs[];
extern const struct row rows_kernel[];
extern const struct row rows_process[];
extern const struct row rows_net[];
extern const struct row rows_limits[];

/* How many descriptors above 2 the probe was started with, and the first of them. Counted before anything was opened. */
extern int inherited_count, inherited_first;

/* Set the answer; the last one counts. Long texts are cut, unprintable bytes become `?`. */
void answer_sealed(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_open(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_works(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_broken(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For a call that must be refused; `result` and errno are what it left. EPERM, EACCES, ENOSYS and EROFS are refusals, and
 * `also` when it is not 0; everything else, success included, is OPEN. */
void answer_refusal(struct answer *answer, long result, int also);

/* For a call that must work: `result` below 0 is BROKEN with errno's name, anything else works. */
void answer_success(struct answer *answer, long result);

/* errno's name (`EPERM`), or its number. The text is constant or valid until the next call. */
const char *errno_name(int number);

/* The row's call: syscall(row->nr, row->args...) must be refused. */
void ask_call(const struct row *row, struct answer *answer);

/* An argument of a call in a table. */
#define ARG(pointer) ((long) (pointer))
/* A path that no system has. */
#define NOWHERE "/oakum-probe-no-such-path"

/* Copies the value of a line `key:` of /proc/self/status. False when there is no such line or no /proc. */
bool status_field(const char *key, char *value, size_t size);

/* A file in memory, of this process only: for calls that need a file that they may change. -1 and errno on failure. */
int own_file(void);
