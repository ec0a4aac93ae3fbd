// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/enforce.h: what can be told to be wrong from the document alone. Internal to runtime/.
 *
 * A field of the specification that would be read and then silently ignored is a control that somebody believes in. Each
 * such field is an error that names it, before anything is made.
 */
#pragma once

#include "oci/spec.h"

int enforce_check(const struct oci_spec *spec, struct error *err);
int enforce_check_process(const struct oci_process *p, struct error *err);
