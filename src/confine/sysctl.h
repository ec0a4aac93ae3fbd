// SPDX-License-Identifier: Apache-2.0
/*
 * confine/sysctl.h: linux.sysctl. Only sysctls that a namespace of the container owns may be set: kernel.{shm*,msg*,sem} and
 * fs.mqueue.* (ipc), net.* (network), kernel.domainname and kernel.hostname (uts), user.* (user).
 *
 * Failure mode: fail closed. A sysctl outside the list, of a namespace that is the host's, with a name or value that carries a
 * separator or a line break (CVE-2022-0811), or that cannot be written, is an error that names it.
 */
#pragma once

#include "oci/spec.h"

/* May each sysctl be set with these namespaces? callers: CLONE_NEW* of joined ones that are the host's (struct namespaces). */
int sysctl_check(const struct oci_spec *spec, uint64_t callers, struct error *err);
/* Writes them through proc_fd, the container's own procfs, in the container's namespaces. */
int sysctl_apply(const struct oci_spec *spec, int proc_fd, struct error *err);
