// SPDX-License-Identifier: Apache-2.0
/* runtime/runtime_internal.h: small things that several files of runtime/ share. */
#pragma once

#include "confine/seccomp.h"
#include "runtime/state.h"

/* The filter of a specification, through the runtime's cache (ROOT/.seccomp). */
int runtime_seccomp(struct runtime *rt, const struct oci_seccomp *sec, struct seccomp_filter *ret,
                    struct error *err);
/* Standard input becomes /dev/null. */
int run_null_stdin(struct error *err);
