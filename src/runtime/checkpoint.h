// SPDX-License-Identifier: Apache-2.0
/* runtime/checkpoint.h: what checkpoint and restore agree on. Internal to runtime/. */
#pragma once

#include "runtime/criu.h"

/* -ENOTSUP naming a control that criu would lose. */
int checkpoint_check(const struct oci_spec *spec, struct error *err);
/* A mount from outside: criu knows it under its destination. */
bool checkpoint_is_bind(const struct oci_mount *m);
/* The name of a joined namespace in the images. */
const char *checkpoint_ns_key(enum oci_namespace_kind kind);
