// SPDX-License-Identifier: Apache-2.0
/*
 * engine/controls.h: the seal as a table for people: for each control its value (read from the specification that is enforced,
 * so it cannot disagree with it), where the value came from, and how to relax it.
 *
 * sources: what engine_spec_build() returned and the container's record keeps; a control that is not in it is at its default.
 */
#pragma once

#include "oci/spec.h"

struct control {
    const char *name;   /* "memory" */
    const char *value;  /* "512 MiB" */
    const char *source; /* "default", "image (USER)", "--memory" */
    const char *relax;  /* "--memory SIZE" */
};

/* All controls, in the order of the sealed table; the array and its strings are in the arena. */
void controls_list(struct arena *a, const struct oci_spec *spec, const struct oci_pairs *sources,
                   struct control **ret, size_t *ret_n);
