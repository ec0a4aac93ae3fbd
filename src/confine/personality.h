// SPDX-License-Identifier: Apache-2.0
/*
 * confine/personality.h: linux.personality by personality(2). LINUX32 lets uname(2) tell a 32-bit machine ("i686").
 *
 * Failure mode: fail closed. The specification has no flags, so any flag is an error (most of them weaken a process, such as
 * ADDR_NO_RANDOMIZE); so is a domain that the machine does not have (LINUX32 on an arm64 without 32-bit mode).
 */
#pragma once

#include "oci/spec.h"

/* No system call. -EINVAL. */
int personality_check(const struct oci_linux *l, struct error *err);
/* For the calling process; inherited, kept over exec. No call when linux.personality is absent. Before seccomp: profiles filter it. */
int personality_apply(const struct oci_linux *l, struct error *err);
