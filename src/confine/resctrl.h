// SPDX-License-Identifier: Apache-2.0
/*
 * confine/resctrl.h: linux.intelRdt (runtime-spec 1.3, config-linux.md): the share of the last-level cache and of memory bandwidth,
 * and a counter of both, by the kernel's resctrl file system (Documentation/filesystems/resctrl.rst; Intel RDT, AMD QoS).
 *
 * A class of service is a directory of it. Which one, and who makes and removes it:
 *   - no closID: the container's id; made here, removed with the container. One that is there already is taken for a leftover when
 *     nobody is in it, else -EEXIST.
 *   - closID that is there ("/": the root's): l3CacheSchema and memBwSchema must say what it has, else -EINVAL; never removed.
 *   - closID that is not there: made when a schema is given (else -ENOENT), removed with the container unless others are in it.
 * enableMonitoring: a monitoring group mon_groups/ID in the class, removed with the container. enableCMT, enableMBM (before 1.3):
 * every class has these counters, so they are only checked to be there.
 *
 * Lines are written one by one; a refusal is told in the words of info/last_cmd_status.
 *
 * Failure mode: closed. No resctrl mounted on /sys/fs/resctrl: -ENODEV. What was made is removed by resctrl_remove() also when
 * resctrl_make() or _fill() failed.
 */
#pragma once

#include "oci/spec.h"

/* What there is to join, and which part of it is ours to remove. */
struct resctrl_group {
    const char
        *clos;      /* directory below the root, "" for the root itself; the specification's or id's string */
    const char *id; /* the monitoring group's name */
    bool made_clos; /* the class is ours to remove */
    bool own_mon;   /* there is a monitoring group, always ours */
    bool own_name;  /* no closID was given: clos is the container's id */
};

/* The root of resctrl (/sys/fs/resctrl), a directory descriptor; -ENODEV with message when it is not mounted. */
int resctrl_open(struct error *err);
/*
 * Decides what will be made: call it first and record the answer, so that a kill between finds something to clean. Reads only.
 * -ENOENT, -EOPNOTSUPP (no such counter), -EINVAL (an existing class has other values).
 */
int resctrl_plan(int rootfd, const struct oci_intel_rdt *rdt, const char *id, struct resctrl_group *ret,
                 struct error *err);
/* Makes the class, if the plan says so. */
int resctrl_make(int rootfd, const struct resctrl_group *g, struct error *err);
/* Writes the schemata, makes the monitoring group. */
int resctrl_fill(int rootfd, const struct oci_intel_rdt *rdt, const struct resctrl_group *g,
                 struct error *err);
/* Writes l3CacheSchema and memBwSchema of change to a class that is ours; -EPERM: it is not (g->made_clos). */
int resctrl_change(int rootfd, const struct oci_intel_rdt *change, const struct resctrl_group *g,
                   struct error *err);
/* Moves a thread (its children follow), 0 for the caller, into the class and the monitoring group. */
int resctrl_join(int rootfd, const struct resctrl_group *g, pid_t pid, struct error *err);
/* Removes what is ours; absent is success. A class that others use by its closID stays. */
int resctrl_remove(int rootfd, const struct resctrl_group *g, struct error *err);

/* Is everything that the schema (lines) says also said by the text of a schemata file? Numbers count, not digits. */
bool resctrl_schema_matches(const char *schema, const char *file);
