// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/annotations.h: annotations that are instructions: ours ("org.oakum.…") and crun's ("run.oci.…", crun(1)), which engines
 * set for lack of a field in the specification. podman's --group-add keep-groups, for one, is run.oci.keep_original_groups.
 *
 * Failure mode: closed for ours (an unknown one, or an unknown value, is an error) and for those of crun that ask for something which oakum
 * does not do (a handler, plug-ins of the seccomp listener). An unknown run.oci.… or module.… is named in the log and otherwise
 * ignored, as by crun. All other annotations are the engine's own business. Internal to runtime/.
 */
#pragma once

#include "confine/seccomp.h"
#include "oci/spec.h"

#define ANNOTATION_BPF_DATA "run.oci.seccomp_bpf_data"
#define ANNOTATION_DELEGATE_CGROUP "run.oci.delegate-cgroup"
#define ANNOTATION_FAIL_UNKNOWN_CALL "run.oci.seccomp_fail_unknown_syscall"
#define ANNOTATION_HOOKS_STDERR "run.oci.hooks.stderr"
#define ANNOTATION_HOOKS_STDOUT "run.oci.hooks.stdout"
#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"
#define ANNOTATION_PIDFD_RECEIVER "run.oci.pidfd_receiver"
#define ANNOTATION_CRIU_CONFIG "org.criu.config" /* runc's and crun's */
#define ANNOTATION_SECCOMP_RECEIVER "run.oci.seccomp.receiver"
#define SECCOMP_RECEIVER_VARIABLE \
    "RUN_OCI_SECCOMP_RECEIVER" /* crun's, where neither field nor annotation say it */
#define ANNOTATION_TIME_OFFSET "run.oci.timens_offset"

/* Can every annotation that is an instruction be followed? Logs those that are not. */
int annotations_check(const struct oci_spec *spec, struct error *err);
/* The caller's supplementary groups stay, and process.user.additionalGids is not set. The presence counts, as for crun. */
bool annotation_keep_groups(const struct oci_spec *spec);
/* run.oci.seccomp_bpf_data: the filter itself, base64, in linux.seccomp's place. 1 and *ret, 0 when there is none. */
int annotation_filter(const struct oci_spec *spec, struct seccomp_filter *ret, struct error *err);
/* run.oci.seccomp_fail_unknown_syscall: -EINVAL for a call's name in linux.seccomp that nobody knows. */
int annotation_check_calls(const struct oci_spec *spec, struct error *err);
/* run.oci.timens_offset: written to the time namespace that the next child will be in, through proc_fd. */
int annotation_time_offset(const struct oci_spec *spec, int proc_fd, struct error *err);
