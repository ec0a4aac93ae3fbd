// SPDX-License-Identifier: Apache-2.0
/*
 * sys/overlay.h: an overlay mount of directories that are given as descriptors, however many (500 at most) and whatever the kernel takes:
 * descriptors (6.13), one string each (6.8), or one page of options by mount(2).
 */
#pragma once

#include "base/error.h"

struct overlay {
    const int *layers; /* top first; of mounts in this mount namespace */
    size_t n_layers;
    int upper_parent;         /* has upper and work; only where upper is set */
    const char *upper, *work; /* names in it; NULL: read-only */
    bool userxattr;           /* the marks of overlays in user namespaces count, not the trusted ones */
    const char *label;        /* "KEY=VALUE" of a security module; NULL */
    uint64_t attr;            /* MOUNT_ATTR_* */
    int stage;                /* a directory of ours, in which the older way makes and mounts "root" */
};
/*
 * A descriptor of the mount: detached, or by the older way attached at "root" of the stage. That way also changes the working
 * directory. Errors name no layer: the kernel does not say which.
 */
int overlay_mount(const struct overlay *o, struct error *err);
