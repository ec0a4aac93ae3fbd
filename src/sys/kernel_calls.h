// SPDX-License-Identifier: Apache-2.0
/*
 * sys/kernel_calls.h: which of the system calls that oakum cannot do without are missing here. "Function not implemented" names
 * neither the function nor what to do about it; this finds out, after the fact, so that a start that works pays nothing.
 *
 * A call can be missing because the kernel is older than it, was built without it, or because a filter of system calls that
 * oakum itself runs below (another engine's, a service manager's) answers ENOSYS. A filter that answers EPERM instead cannot be
 * told from missing rights, and is not looked for.
 *
 * Failure mode: none; a call that cannot be tried counts as there.
 */
#pragma once

#include "base/error.h"

/*
 * Puts behind the message of an error with the code -ENOSYS which calls are missing and which kernel has them. Leaves every other
 * error alone, and one for which no missing call is found. Calls the kernel, some twenty times, with arguments that it refuses.
 */
void kernel_calls_explain(struct error *err);
