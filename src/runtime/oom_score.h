// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/oom_score.h: process.oomScoreAdj, of a container's first process and of what exec starts. Internal to runtime/.
 *
 * Failure mode: a value that the kernel refuses is an error, but for an ordinary user who may be lenient about what only the host's root
 * can do (confine/rootless.h): there it is said in the log.
 */
#pragma once

#include "oci/spec.h"

/* Writes adj, if it is set, for the process that procfs knows by this name: "self" or a number. */
int oom_score_set(int proc_fd, const char *process, const struct opt_i64 *adj, struct error *err)
    _warn_unused_;
/*
 * The caller takes adj itself, so that what it forks begins with it; *ret_own is what it had, for oom_score_set() afterwards (not set: nothing
 * was changed). The file of the forked process could not be written: it hides from an ordinary user.
 */
int oom_score_lend(int proc_fd, const struct opt_i64 *adj, struct opt_i64 *ret_own, struct error *err)
    _warn_unused_;
