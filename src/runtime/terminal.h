// SPDX-License-Identifier: Apache-2.0
/* runtime/terminal.h: the terminal at standard input while somebody works in a container's: raw, and as it was on every way out. */
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include "base/error.h"

struct terminal_raw_mode {
    bool on;
    struct termios saved;
    pid_t guard;
    int guard_fd; /* the guard waits until this end is closed, by us or by our death */
};

/* Of the terminal at standard input, output or error, whichever is one first; false: none is. */
bool terminal_size(struct winsize *ret);
/* Nothing is changed when standard input is no terminal. */
int terminal_raw(struct terminal_raw_mode *raw, struct error *err);
/* After terminal_raw(), also when that failed. */
void terminal_restore(struct terminal_raw_mode *raw);
