// SPDX-License-Identifier: Apache-2.0
/*
 * confine/keyring.h: a new, empty session keyring, so that keys of the host's session are not the container's.
 *
 * Failure mode: fail closed, except where the kernel has no keyrings at all (ENOSYS: nothing to leak).
 */
#pragma once

#include "base/error.h"

int keyring_new_session(struct error *err);
