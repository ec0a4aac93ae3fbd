// SPDX-License-Identifier: Apache-2.0
/*
 * confine/net_devices.h: linux.netDevices (runtime-spec 1.3): interfaces of the runtime's network namespace that are moved into
 * the container's, by rtnetlink, with a new name if one is given. They are there, up, before the container's program (and any
 * hook) runs. MTU, hardware address and the permanent addresses of global scope are kept; addresses that the host or its network
 * made up (link-local, from router advertisements) and routes are not.
 *
 * The container's end is not ours to clean up (so says the specification): when its network namespace goes, the kernel gives
 * physical interfaces back to the host and destroys virtual ones. The same happens when a start fails after the move.
 *
 * Failure mode: fail closed, and before any interface is touched where that can be known: no network namespace of the container's own, an
 * interface that is not there, two that would have one name, a name that is taken. -EPERM: no CAP_NET_ADMIN on the host.
 */
#pragma once

#include "oci/spec.h"

/* What the document says alone. -EINVAL. No system call. */
int net_devices_check(const struct oci_linux *l, struct error *err);
/*
 * From the parent, when pid exists in its network namespace. The calling thread enters that namespace for a moment: single-threaded
 * callers only. No system call when there is no device. proc_fd: the host's procfs.
 */
int net_devices_move(const struct oci_linux *l, int proc_fd, pid_t pid, struct error *err);
