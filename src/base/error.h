// SPDX-License-Identifier: Apache-2.0
/*
 * base/error.h: the error object.
 *
 * A function that can fail returns 0 (or a count) or a negative errno, and takes `struct error *err` last. The message is
 * written once, where the failure is known; callers may put context before it: "while applying layer 3: …". The object is a
 * flat buffer: it needs no destructor, cannot itself run out of memory, and can be sent whole through a pipe from a
 * half-made container to its parent. A message that does not fit ends in "...".
 *
 * err may be NULL everywhere: then only the code is returned.
 */
#pragma once

#include "base/util.h"

struct error {
    int code; /* negative errno, 0 = no error yet */
    char msg[1020];
};

/* Sets the message and returns code (a negative errno; 0 is taken as -EIO). */
int error_set(struct error *err, int code, const char *fmt, ...) _printf_(3, 4);
/* As error_set() with ": <strerror>" behind the message. code is a negative errno, usually -errno. */
int error_errno(struct error *err, int code, const char *fmt, ...) _printf_(3, 4);
/* Puts "<context>: " before the message that is there. Returns err's code (code when err is NULL). */
int error_context(struct error *err, int code, const char *fmt, ...) _printf_(3, 4);
void error_clear(struct error *err);
