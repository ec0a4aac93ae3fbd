// SPDX-License-Identifier: Apache-2.0
/*
 * confine/lsm.h: AppArmor and SELinux labels (process.apparmorProfile, process.selinuxLabel), set for the next exec.
 *
 * Failure mode: fail closed. A label whose security module this kernel does not run is an error (crun drops it silently). The
 * label is written through a descriptor of the container's procfs, with nothing mounted over the file (CVE-2019-16884).
 */
#pragma once

#include "oci/spec.h"

bool lsm_apparmor_enabled(void);
bool lsm_selinux_enabled(void);
/* Before anything is made: can the labels that process asks for be set here? mount_label counts as SELinux. */
int lsm_check(const struct oci_spec *spec, struct error *err);
/* In the child, before the exec. No label asked for: nothing is done. */
int lsm_apply(const struct oci_process *p, int proc_fd, struct error *err);
