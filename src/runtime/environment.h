// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/environment.h: the environment that a program begins with. The document's variables, and where they are silent what engines
 * leave to the runtime: dockerd and containerd set no HOME, because runc and crun do. Internal to runtime/.
 *
 * Failure mode: none. A root without a /etc/passwd that can be read makes HOME "/", as in runc and crun.
 */
#pragma once

#include "oci/spec.h"

/*
 * process.env as execve(2) wants it: of several variables of one name the last, and HOME, where none is named, from the line of
 * process.user.uid in /etc/passwd of the root that the caller is in ("/" when there is none). NULL-terminated; the strings are
 * process's, but for HOME; never freed, since an exec follows.
 */
char **environment_make(const struct oci_process *process) __attribute__((returns_nonnull));

/* The home directory in the text of a passwd file, which is changed; NULL: the text does not know the user. */
const char *environment_home(char *passwd, uint32_t uid);
