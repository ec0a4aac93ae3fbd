// SPDX-License-Identifier: Apache-2.0
/* runtime/members.h: the processes of a container that has no cgroup: those of its pid namespace. */
#pragma once

#include "base/error.h"

/* init: its first process. The caller frees *ret. A container without a pid namespace of its own: init alone. */
int members_of(pid_t init, pid_t **ret, size_t *ret_n, struct error *err);
/* Sends sig to each; a pid that is another's by now is not hit. */
int members_signal(pid_t init, int sig, struct error *err);
