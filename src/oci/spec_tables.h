// SPDX-License-Identifier: Apache-2.0
/* oci/spec_tables.h: the tables of config.json and the checks that they name; private to oci/spec*.c. */
#pragma once

#include "oci/fields.h"
#include "oci/spec.h"

extern const struct field_object oci_spec_object, oci_process_object, oci_resources_object,
    oci_seccomp_object;
extern const struct field_names oci_namespace_names, oci_hook_names, oci_seccomp_action_names,
    oci_seccomp_op_names;

/*
 * linux.namespaces is an array whose place in the structure is its type; `to` is struct
 * oci_namespace[OCI_NS_KINDS].
 */
int oci_namespaces_read(const struct field_reader *r, const struct doc *value, void *to,
                        const struct field_at *at) _warn_unused_;
json_t *oci_namespaces_write(const void *from, const struct doc *origin);

/* What the text of the specification asks of an object beyond the types of its members (spec_check.c). */
int oci_check_mount(const void *obj, const struct field_at *at, struct error *err);
int oci_check_id_map(const void *obj, const struct field_at *at, struct error *err);
int oci_check_rlimit(const void *obj, const struct field_at *at, struct error *err);
int oci_check_process(const void *obj, const struct field_at *at, struct error *err);
int oci_check_affinity(const void *obj, const struct field_at *at, struct error *err);
int oci_check_linux(const void *obj, const struct field_at *at, struct error *err);
int oci_check_device(const void *obj, const struct field_at *at, struct error *err);
int oci_check_device_rule(const void *obj, const struct field_at *at, struct error *err);
int oci_check_net_device(const void *obj, const struct field_at *at, struct error *err);
int oci_check_cpu(const void *obj, const struct field_at *at, struct error *err);
int oci_check_weight_device(const void *obj, const struct field_at *at, struct error *err);
int oci_check_hugepage(const void *obj, const struct field_at *at, struct error *err);
int oci_check_net_priority(const void *obj, const struct field_at *at, struct error *err);
int oci_check_rdma(const void *obj, const struct field_at *at, struct error *err);
int oci_check_resources(const void *obj, const struct field_at *at, struct error *err);
int oci_check_seccomp(const void *obj, const struct field_at *at, struct error *err);
int oci_check_seccomp_rule(const void *obj, const struct field_at *at, struct error *err);
int oci_check_intel_rdt(const void *obj, const struct field_at *at, struct error *err);
/*
 * ociVersion: SemVer 2.0.0 and major version 1; a newer minor version than ours is read, with a warning in
 * the log.
 */
int oci_check_version(const char *version, struct error *err) _warn_unused_;
