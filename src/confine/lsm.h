// SPDX-License-Identifier: Apache-2.0
/*
 * confine/lsm.h: AppArmor and SELinux labels (process.apparmorProfile, process.selinuxLabel), set for the next exec,
 * and of file systems that are made for the container (linux.mountLabel).
 *
 * Failure mode: fail closed. A label whose security module this kernel does not run is an error (crun drops it silently). The
 * label is written through a descriptor of the container's procfs, with nothing mounted over the file (CVE-2019-16884).
 */
#pragma once

#include "oci/spec.h"

#define LSM_MOUNT_CONTEXT_TYPE "run.oci.mount_context_type" /* crun's annotation */

bool lsm_apparmor_enabled(void);
bool lsm_selinux_enabled(void);
/* Before anything is made, with the host's /sys in sight: can the labels be set here? mount_label counts as SELinux. _process: of exec's. */
int lsm_check(const struct oci_spec *spec, struct error *err);
int lsm_check_process(const struct oci_process *p, struct error *err);
/*
 * linux.mountLabel as an option of a new file system: "context=LABEL", or in the annotation's place for "context" (fscontext, defcontext,
 * rootcontext). NULL: no label. In a.
 */
const char *lsm_mount_option(const struct oci_spec *spec, struct arena *a);
/* For file systems that take no such option (mqueue), and directories: label for the directory that fd (may be O_PATH) is. */
int lsm_label_directory(int fd, const char *label, struct error *err);
/* In the child, before its session keyring is made: that gets the label of the process too. Until the exec. */
int lsm_label_keys(const struct oci_process *p, int proc_fd, struct error *err);
/* In the child, before the exec; proc_fd: procfs of its pid namespace, or -1. No label asked for: nothing is done. */
int lsm_apply(const struct oci_process *p, int proc_fd, struct error *err);
