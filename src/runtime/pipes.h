// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/pipes.h: pipes become the container user's, who opens /dev/stdout anew. A right that is missing is no error: root needs none, and
 * who has neither sees "permission denied" from his own program.
 */
#pragma once

#include "oci/spec.h"

/* fd becomes uid's; (uint32_t) -1, an id that is not mapped: nobody's. */
int pipe_give(int fd, uint32_t uid, struct error *err);
/* Those of the standard streams that are anonymous pipes. */
int pipes_give(uint32_t uid, struct error *err);
/* The same from outside of the container: to the process's user, by his id here. */
int pipes_give_outside(const struct oci_spec *spec, const struct oci_process *process, struct error *err);
