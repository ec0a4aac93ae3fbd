// SPDX-License-Identifier: Apache-2.0
/*
 * confine/cgroup_annotations.h: annotations org.systemd.property.NAME, properties of the scope that the systemd driver makes
 * (confine/cgroup.h). The value is GVariant text: a string in quotes, a list of such in brackets, a boolean or a whole number, with its type in front where it is no
 * int32: "uint64 10". NAME that ends in Sec is in seconds. Slice, Delegate, DevicePolicy, DeviceAllow and PIDs are the driver's.
 *
 * Failure mode: closed. -EINVAL with a message that names the annotation.
 */
#pragma once

#include "confine/cgroup.h"

#define CGROUP_SUBGROUP \
    "run.oci.systemd.subgroup" /* crun's: a cgroup below the scope's, where the container and its limits are */

/* Are all of them understood? Asks nothing of the system. */
int cgroup_systemd_check(const struct oci_pairs *annotations, struct error *err);
/* As cgroup_create(); annotations (NULL: none) matter for a scope only. */
int cgroup_create_annotated(const char *path, const struct oci_resources *res,
                            const struct oci_pairs *annotations, struct cgroup **ret, struct error *err)
    _warn_unused_;
