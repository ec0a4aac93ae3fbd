// SPDX-License-Identifier: Apache-2.0
/*
 * cli/progress.h: one line a layer. On a terminal the lines are drawn again and again with a bar; elsewhere a line is printed when
 * a layer gets a new state worth telling.
 */
#pragma once

#include "cli/cli.h"

struct progress_line {
    const char *hex;  /* shown to 12 digits */
    const char *text; /* "Downloading" */
    bool bar, told;   /* told: worth a plain line */
    int64_t done, total;
};

struct progress;
/* On standard output. */
struct progress *progress_new(void) __attribute__((returns_nonnull));
void progress_free(struct progress *p);
void progress_show(struct progress *p, const struct progress_line *lines, size_t n, bool end);
