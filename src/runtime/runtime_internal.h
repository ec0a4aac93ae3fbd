// SPDX-License-Identifier: Apache-2.0
/* runtime/runtime_internal.h: small things that several files of runtime/ share. */
#pragma once

#include "confine/seccomp.h"
#include "runtime/state.h"

/* The filter of a specification, through the runtime's cache (ROOT/.seccomp). 1: there is one, 0: none is asked for. */
int runtime_seccomp(struct runtime *rt, const struct oci_spec *spec, struct seccomp_filter *ret,
                    struct error *err);
/* Standard input becomes /dev/null. */
int run_null_stdin(struct error *err);

/* ---- stdio.c: /dev/stdout can be opened by the container's user. A right that is missing is no error. ---- */

/* Standard streams that are anonymous pipes become uid's. */
int stdio_give(uint32_t uid, struct error *err);
/* Outside of the container: to the process's user, by his id here. */
int stdio_give_outside(const struct oci_spec *spec, const struct oci_process *process, struct error *err);
