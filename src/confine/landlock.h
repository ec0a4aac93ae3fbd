// SPDX-License-Identifier: Apache-2.0
/*
 * confine/landlock.h: Landlock (5.13) as a second wall behind the mounts: which files may be written and executed, whatever
 * happens to the mount table later. Asked for by the annotation "org.oakum.landlock": "on".
 *
 * The rules repeat what the mounts say: reading everywhere; executing on mounts without noexec; writing on mounts without ro;
 * device files below /dev may be read and written. No path is named by string: rules are made from descriptors in the new root.
 *
 * Failure mode: optional hardening. A kernel without Landlock is reported (debug log) and the mounts alone stand. A kernel
 * that has it and refuses a rule is an error. Needs no_new_privs (the annotation without it is an error).
 */
#pragma once

#include "oci/spec.h"

#define ANNOTATION_LANDLOCK "org.oakum.landlock"

/* Landlock's ABI version of this kernel, 0 = none. */
int landlock_abi(void);
bool landlock_wanted(const struct oci_spec *spec);
/* In the child, inside the new root (cwd and / are it), after no_new_privs. exec_fd: a program outside the root that may be executed (oakum-init), -1 = none. */
int landlock_apply(const struct oci_spec *spec, int exec_fd, struct error *err);
