// SPDX-License-Identifier: Apache-2.0
/*
 * confine/cgroup_systemd.h: what cgroup.c asks of the systemd driver (cgroup_systemd.c), and the unit's properties
 * (cgroup_properties.c). Nobody else includes this, but the unit tests.
 *
 * Failure mode: fail closed. No manager to speak to, a unit of that name that is there (a failed one is reset and tried again), a job that
 * does not end as "done", no answer for 30 s: each is an error, and the start ends before the container's process is made. A scope
 * whose process is not in a cgroup of the unit's name is an error too, and is stopped. To stop a unit that is not there succeeds.
 */
#pragma once

#include "confine/cgroup_impl.h"
#include "sys/dbus.h"

/* Recorded form: "systemd:MANAGER:SLICE:UNIT:PATH", MANAGER "system" or "user", PATH empty until the unit is there. */
struct cgroup_unit {
    bool user;
    char *slice, *name;
    const struct oci_pairs *annotations; /* while the scope is started; NULL: none */
    pid_t holder;      /* the process that keeps the scope alive until the container's is in it; 0: none */
    bool started;      /* by us, just now */
    bool pids_one_off; /* pids.max is one too high while the holder is there */
};

void cgroup_unit_free(struct cgroup_unit *u);
/* handle without its "systemd:". *ret_path points into handle. */
int cgroup_unit_parse(const char *handle, struct cgroup_unit **ret, const char **ret_path, struct error *err);

/* Of a path in the scope (a subgroup), that of the scope itself. Caller frees. */
char *cgroup_unit_path(const struct cgroup_unit *u, const char *path);
/* Starts the scope with a holder in it and finds out where it is: cg->path. */
int cgroup_unit_start(struct cgroup *cg, const struct oci_resources *res, struct error *err);
/* Stops it; processes that are left in it are ended. Absent is success. */
int cgroup_unit_stop(const struct cgroup_unit *u, struct error *err);
/* As cgroup_unit_stop(), if no process is in it (systemd(1) Manager.GetUnitProcesses); else nothing is done, which is 0 too. */
int cgroup_unit_stop_empty(const struct cgroup_unit *u, struct error *err);
/* After the files have been written. */
int cgroup_unit_update(const struct cgroup *cg, const struct oci_resources *res, struct error *err);

/* ---- cgroup_properties.c: each is appended to an open a(sv) ---- */
struct cgroup_facts {
    bool v2, user, fresh;
    int64_t memory_max, cpu_quota; /* of an existing cgroup, negative: none */
    uint64_t cpu_period;
    uint64_t cpu_weight; /* of an existing one on v2; 0: not known */
};
void cgroup_put_u64(struct dbus_body *b, const char *name, uint64_t v);
void cgroup_put_bool(struct dbus_body *b, const char *name, bool v);
void cgroup_put_string(struct dbus_body *b, const char *name, const char *v);
/* cgroup_annotations.c */
int cgroup_put_annotations(struct dbus_body *b, const struct oci_pairs *annotations, struct error *err);
int cgroup_put_properties(struct dbus_body *b, const struct oci_resources *res, const struct cgroup_facts *f,
                          struct error *err);
