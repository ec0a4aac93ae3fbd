// SPDX-License-Identifier: Apache-2.0
/*
 * sys/program.h: programs of the host that are run for what only they can do (criu, ps): optional, found at the moment they are needed.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * The absolute path of an executable file name in the absolute directories of PATH (a relative one would be somebody else's choice), caller
 * frees. -ENOENT without a message: there is none.
 */
int program_find(const char *name, char **ret);
/*
 * Runs path with argv (NULL at its end) and our environment, without descriptors but 0, 1 and 2, until its end. *ret: what it wrote to
 * standard output, at most max bytes, caller frees; -E2BIG: more. Its wait status is in *ret_status.
 */
int program_output(const char *path, char *const argv[], size_t max, char **ret, size_t *ret_len,
                   int *ret_status, struct error *err);
