// SPDX-License-Identifier: Apache-2.0
/*
 * oci/spec.h: the OCI runtime specification 1.3 (config.json) for Linux, as one C structure. This is the
 * narrow waist of oakum: everything that decides ends in a struct oci_spec, everything that enforces begins
 * with one.
 *
 * Ownership: every string and array lives in spec->arena, and so does the document that was read. A pointer
 * that is NULL is an absent field; a list with n == 0 was absent or empty (where the difference matters there
 * is a `_set` flag or an opt_* type). An optional string that is "" counts as absent (so do Go's readers),
 * and so does null. Units are the specification's.
 *
 * Reading and writing are driven by the same tables (spec_tables.c), so whatever is read is written back.
 * Members that the specification does not know (extensions, other platforms: "windows", "solaris", "vm",
 * "zos", "freebsd") are kept as JSON in `extra` and written back in place.
 *
 * How the round trip is exact: an object that was read remembers in `origin` the part of the document that it
 * came from. The writer takes from there what a plain field cannot hold: unknown members, and whether a
 * member that is false, 0, "" or empty now was written out. Leave origin alone: NULL in what you build (then
 * only what says something is written), and it travels with an object that is moved or changed. An object
 * that you replace as a whole must have its own, or NULL. linux_.set, process.set, seccomp.set,
 * capabilities.set, intel_rdt.set and time_offsets_set decide whether their objects are written at all.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

struct doc; /* oci/doc.h */

struct opt_i64 {
    bool set;
    int64_t v;
};
struct opt_u64 {
    bool set;
    uint64_t v;
};
struct opt_u32 {
    bool set;
    uint32_t v;
};
struct opt_bool {
    bool set;
    bool v;
};

struct oci_strings {
    const char **v; /* read from a document: NULL when it is absent, not when it is empty */
    size_t n;
};
struct oci_pair {
    const char *key, *value;
};
struct oci_pairs {
    struct oci_pair *v;
    size_t n;
};

struct oci_id_map {
    uint32_t container_id, host_id, size;
    const struct doc *origin;
};
struct oci_id_maps {
    struct oci_id_map *v;
    size_t n;
};

struct oci_mount {
    const char *destination, *type, *source;
    struct oci_strings options;
    struct oci_id_maps uid_mappings, gid_mappings;
    const struct doc *origin; /* see above; NULL when built */
};

struct oci_rlimit {
    const char *type;    /* "RLIMIT_NOFILE" … */
    uint64_t soft, hard; /* RLIM_INFINITY is 2^64-1 */
    const struct doc *origin;
};

struct oci_capabilities {
    bool set; /* the object was there */
    struct oci_strings bounding, effective, inheritable, permitted, ambient;
};

struct oci_user {
    uint32_t uid, gid;
    struct opt_u32 umask;
    uint32_t *additional_gids;
    size_t n_additional_gids;
    const char *username; /* Windows; kept */
};

struct oci_scheduler {
    const char *policy; /* NULL: no scheduler object */
    struct opt_i64 nice, priority;
    struct oci_strings flags;
    struct opt_u64 runtime, deadline, period;
};

struct oci_process {
    bool set; /* process may be absent (create only) */
    bool terminal;
    struct opt_u32 console_height, console_width;
    const char *cwd;
    struct oci_strings env, args;
    struct oci_rlimit *rlimits;
    size_t n_rlimits;
    const char *apparmor_profile, *selinux_label;
    struct oci_capabilities capabilities;
    bool no_new_privileges;
    struct opt_i64 oom_score_adj;
    struct oci_scheduler scheduler;
    const char *io_priority_class; /* NULL: no ioPriority object */
    struct opt_i64 io_priority;
    const char *cpu_affinity_initial, *cpu_affinity_final;
    struct oci_user user;
    const struct doc *origin; /* see above; NULL when built */
};

struct oci_hook {
    const char *path;
    struct oci_strings args, env;
    struct opt_i64 timeout;   /* seconds, > 0 */
    const struct doc *origin; /* see above; NULL when built */
};
enum oci_hook_kind {
    OCI_HOOK_PRESTART,
    OCI_HOOK_CREATE_RUNTIME,
    OCI_HOOK_CREATE_CONTAINER,
    OCI_HOOK_START_CONTAINER,
    OCI_HOOK_POSTSTART,
    OCI_HOOK_POSTSTOP,
    OCI_HOOK_KINDS
};
struct oci_hooks {
    struct oci_hook *v;
    size_t n;
};

enum oci_namespace_kind { /* order of the names in the specification's namespaces section */
                          OCI_NS_PID,
                          OCI_NS_NETWORK,
                          OCI_NS_MOUNT,
                          OCI_NS_IPC,
                          OCI_NS_UTS,
                          OCI_NS_USER,
                          OCI_NS_CGROUP,
                          OCI_NS_TIME,
                          OCI_NS_KINDS
};
struct oci_namespace {
    bool set;
    const char *path; /* path NULL: new */
    const struct doc *origin;
};

struct oci_device {   /* linux.devices */
    const char *type; /* "c" "b" "u" "p" */
    const char *path;
    int64_t major, minor;
    struct opt_u32 file_mode; /* only the bits 07777 count: Go programs put the type above them */
    struct opt_u32 uid, gid;
    const struct doc *origin; /* see above; NULL when built */
};

struct oci_net_device {
    const char *host_name, *name; /* name NULL: the same */
    const struct doc *origin;
};

struct oci_device_rule { /* linux.resources.devices */
    bool allow;
    const char *type;            /* "a" "c" "b", NULL = "a" */
    struct opt_i64 major, minor; /* unset or -1 = wildcard */
    const char *access;          /* of "rwm"; NULL = all */
    const struct doc *origin;    /* see above; NULL when built */
};

struct oci_memory {
    struct opt_i64 limit, reservation, swap, kernel,
        kernel_tcp; /* bytes, -1 = unlimited; swap is memory+swap */
    struct opt_u64 swappiness;
    struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};
struct oci_cpu {
    struct opt_u64 shares;        /* v1 scale 2..262144 */
    struct opt_i64 quota;         /* microseconds a period, -1 = none */
    struct opt_u64 burst, period; /* microseconds */
    struct opt_i64 realtime_runtime;
    struct opt_u64 realtime_period;
    const char *cpus, *mems;
    struct opt_i64 idle;
};
struct oci_weight_device {
    int64_t major, minor;
    struct opt_u32 weight, leaf_weight;
    const struct doc *origin;
};
struct oci_throttle {
    int64_t major, minor;
    uint64_t rate;
    const struct doc *origin;
};
struct oci_throttles {
    struct oci_throttle *v;
    size_t n;
};
struct oci_block_io {
    struct opt_u32 weight, leaf_weight;
    struct oci_weight_device *weight_devices;
    size_t n_weight_devices;
    struct oci_throttles read_bps, write_bps, read_iops, write_iops;
};
struct oci_hugepage {
    const char *page_size;
    uint64_t limit;
    const struct doc *origin;
};
struct oci_net_priority {
    const char *name;
    uint32_t priority;
    const struct doc *origin;
};
struct oci_rdma {
    const char *device;
    struct opt_u32 hca_handles, hca_objects;
    const struct doc *origin;
};

struct oci_resources {
    struct oci_memory memory;
    struct oci_cpu cpu;
    struct opt_i64 pids_limit;
    struct oci_block_io block_io;
    struct oci_hugepage *hugepages;
    size_t n_hugepages;
    struct opt_u32 network_class_id;
    struct oci_net_priority *network_priorities;
    size_t n_network_priorities;
    struct oci_device_rule *devices;
    size_t n_devices;
    struct oci_rdma *rdma;
    size_t n_rdma;
    struct oci_pairs unified;
    const struct doc *origin; /* see above; NULL when built */
};

enum oci_seccomp_op {
    OCI_CMP_NE,
    OCI_CMP_LT,
    OCI_CMP_LE,
    OCI_CMP_EQ,
    OCI_CMP_GE,
    OCI_CMP_GT,
    OCI_CMP_MASKED_EQ
};
struct oci_seccomp_arg {
    uint32_t index;
    uint64_t value, value_two;
    enum oci_seccomp_op op;
    const struct doc *origin;
};
enum oci_seccomp_action {
    OCI_ACT_KILL, /* SCMP_ACT_KILL = SCMP_ACT_KILL_THREAD */
    OCI_ACT_KILL_PROCESS,
    OCI_ACT_KILL_THREAD,
    OCI_ACT_TRAP,
    OCI_ACT_ERRNO,
    OCI_ACT_TRACE,
    OCI_ACT_ALLOW,
    OCI_ACT_LOG,
    OCI_ACT_NOTIFY
};
struct oci_seccomp_rule {
    struct oci_strings names;
    enum oci_seccomp_action action;
    struct opt_u32 errno_ret;
    struct oci_seccomp_arg *args;
    size_t n_args;
    const struct doc *origin; /* see above; NULL when built */
};
struct oci_seccomp {
    bool set;
    enum oci_seccomp_action default_action;
    struct opt_u32 default_errno_ret;
    struct oci_strings architectures; /* "SCMP_ARCH_X86_64" …; empty: native only */
    struct oci_strings flags;         /* "SECCOMP_FILTER_FLAG_…" */
    const char *listener_path, *listener_metadata;
    struct oci_seccomp_rule *rules;
    size_t n_rules;
    const struct doc *origin; /* see above; NULL when built */
};

struct oci_intel_rdt {
    bool set;
    const char *clos_id, *l3_cache_schema, *mem_bw_schema;
    struct oci_strings schemata;
    struct opt_bool enable_cmt, enable_mbm, enable_monitoring;
};

struct oci_linux {
    bool set;
    struct oci_device *devices;
    size_t n_devices;
    struct oci_net_device *net_devices;
    size_t n_net_devices;
    struct oci_id_maps uid_mappings, gid_mappings;
    struct oci_pairs sysctl;
    struct oci_resources resources;
    const char *cgroups_path;
    struct oci_namespace namespaces[OCI_NS_KINDS];
    struct oci_seccomp seccomp;
    const char *rootfs_propagation; /* "private" "slave" "shared" "unbindable" "rprivate"… */
    struct oci_strings masked_paths, readonly_paths;
    const char *mount_label;
    struct oci_intel_rdt intel_rdt;
    const char *memory_policy_mode, *memory_policy_nodes; /* mode NULL: no memoryPolicy object */
    struct oci_strings memory_policy_flags;
    const char *personality_domain; /* "LINUX" "LINUX32"; NULL: none */
    struct oci_strings personality_flags;
    bool time_offsets_set;
    int64_t monotonic_secs, boottime_secs;
    uint32_t monotonic_nanosecs, boottime_nanosecs;
    const struct doc *origin; /* see above; NULL when built */
};

struct oci_spec {
    struct arena *arena;
    const char *oci_version;
    const char *root_path; /* NULL: no root object */
    bool root_readonly;
    struct oci_mount *mounts;
    size_t n_mounts;
    struct oci_process process;
    const char *hostname, *domainname;
    struct oci_hooks hooks[OCI_HOOK_KINDS];
    struct oci_pairs annotations;
    struct oci_linux linux_;
    /* Members we do not model, as {"path": value, …}; NULL if none. For reports: the writer reads `origin`. */
    json_t *extra;
    const struct doc *origin; /* the document that was read */
};

#define OCI_VERSION_MAX "1.3.0" /* what oakum writes and the newest that it reads */

/* An empty specification (ociVersion set, nothing else). */
struct oci_spec *oci_spec_new(void) __attribute__((returns_nonnull));
void oci_spec_free(struct oci_spec *spec);
static inline void cleanup_oci_spec(struct oci_spec **s)
{
    oci_spec_free(*s);
}
#define _cleanup_oci_spec_ __attribute__((cleanup(cleanup_oci_spec)))

/*
 * Reads a config.json. Errors are -EINVAL with the JSON path first: "linux.resources.pids.limit: must be an
 * integer", "process.user.uid: 4294967296 is out of range (0..4294967294)", "linux.namespaces[2].type:
 * unknown namespace "foo"". Checks what the specification's text demands of the document alone: required
 * fields, absolute paths, enumerations, duplicate namespaces, version rules (a 1.x document is read, whatever
 * x; another major version is an error). The id 4294967295 is refused: as (uid_t) -1 it means "leave as it
 * is" to the kernel. Absent root and process are not errors here (see their fields).
 */
int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct error *err) _warn_unused_;
/* A stand-alone process document (exec --process FILE) into an existing spec's arena. */
int oci_process_parse(const char *text, size_t len, struct arena *arena, struct oci_process *ret,
                      struct error *err) _warn_unused_;
/* linux.resources alone (update --resources). */
int oci_resources_parse(const char *text, size_t len, struct arena *arena, struct oci_resources *ret,
                        struct error *err) _warn_unused_;
/*
 * The document as JSON (new reference). Absent stays absent, explicit zero stays zero. Bytes that are no
 * UTF-8 become U+FFFD, as JSON cannot hold them. Integers above INT64_MAX (RLIM_INFINITY) stand in it as
 * oci/bigint.h says: write it out with oci_spec_text().
 */
json_t *oci_spec_to_json(const struct oci_spec *spec) __attribute__((returns_nonnull));
/* The document as text, compact (indent 0) or indented; the caller frees. This is what goes into a config.json. */
char *oci_spec_text(const struct oci_spec *spec, int indent) __attribute__((returns_nonnull));

/* Small helpers on lists; strings are copied into the arena. */
void oci_strings_add(struct arena *a, struct oci_strings *l, const char *s);
bool oci_strings_has(const struct oci_strings *l, const char *s);
void oci_pairs_set(struct arena *a, struct oci_pairs *p, const char *key,
                   const char *value); /* replaces an equal key */
/* An object of them; a value that is not UTF-8 is left out. The caller owns it. */
json_t *oci_pairs_json(const struct oci_pairs *p) __attribute__((returns_nonnull));
const char *oci_pairs_get(const struct oci_pairs *p, const char *key); /* NULL if absent */
bool oci_pairs_match(const struct oci_pairs *p,
                     const char *wanted); /* docker's label filter: NAME or NAME=VALUE */
struct oci_mount *oci_mount_add(struct oci_spec *spec, const char *destination, const char *type,
                                const char *source,
                                const char *const *options); /* options NULL-terminated or NULL */

/* Names as the specification spells them ("pid", "network", … / "prestart", … / "SCMP_ACT_ERRNO" / "SCMP_CMP_EQ"). */
const char *oci_namespace_name(enum oci_namespace_kind kind);
const char *oci_hook_name(enum oci_hook_kind kind);
const char *oci_seccomp_action_name(enum oci_seccomp_action action);
int oci_seccomp_action_parse(const char *name, enum oci_seccomp_action *ret);
const char *oci_seccomp_op_name(enum oci_seccomp_op op);
int oci_seccomp_op_parse(const char *name, enum oci_seccomp_op *ret);

/* linux.seccomp alone, from a parsed object at path (also used for docker-format profile rules). */
int oci_seccomp_from_json(const json_t *obj, const char *path, struct arena *arena, struct oci_seccomp *ret,
                          struct error *err) _warn_unused_;
json_t *oci_seccomp_to_json(const struct oci_seccomp *sec) __attribute__((returns_nonnull));
