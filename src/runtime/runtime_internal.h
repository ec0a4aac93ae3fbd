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
