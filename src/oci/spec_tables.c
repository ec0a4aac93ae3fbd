// SPDX-License-Identifier: Apache-2.0
/*
 * config.json as tables: runtime-spec 1.3, config.md and config-linux.md, in the order in which it is
 * written. A member is here with its type, its range, and its closed list of values where the specification
 * has one; oci/fields.h says what the columns mean. What one member alone cannot say stands in spec_check.c.
 *
 * Ranges are the specification's types, narrowed where a larger value cannot be meant and would be cut off by
 * the kernel (device numbers) or mean something else to it (uid 4294967295 is "leave as it is").
 */
#include "oci/spec_tables.h"

#define UID_LIMIT (UINT32_MAX - 1)
#define MAJOR_LIMIT 0xfff   /* the kernel's 12 bits */
#define MINOR_LIMIT 0xfffff /* the kernel's 20 bits */

#define AT(type_, field_) .offset = offsetof(type_, field_)
#define NAMES(noun_, ...)                                                        \
    {                                                                            \
        .noun = (noun_), .v = (const char *const[]){ __VA_ARGS__ },              \
        .n = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *) \
    }
#define OBJECT(fields_) .fields = (fields_), .n = ARRAY_LEN(fields_)
#define ITEM_OBJECT(fields_, type_) OBJECT(fields_), .size = sizeof(type_), .origin = offsetof(type_, origin)

/* Closed lists. */

const struct field_names oci_namespace_names = NAMES("namespace", "pid", "network", "mount", "ipc", "uts",
                                                     "user", "cgroup", "time");
const struct field_names oci_seccomp_action_names = NAMES(
    "action", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
    "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY");
const struct field_names oci_seccomp_op_names = NAMES("operator", "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
                                                      "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
                                                      "SCMP_CMP_MASKED_EQ");
const struct field_names oci_hook_names = NAMES("hook", "prestart", "createRuntime", "createContainer",
                                                "startContainer", "poststart", "poststop");
static const struct field_names seccomp_arches = NAMES(
    "architecture", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH",
    "SCMP_ARCH_SHEB", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64");
static const struct field_names seccomp_flags = NAMES(
    "filter flag", "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
static const struct field_names rlimit_types = NAMES(
    "resource limit", "RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS",
    "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK");
static const struct field_names sched_policies = NAMES("scheduling policy", "SCHED_OTHER", "SCHED_FIFO",
                                                       "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE",
                                                       "SCHED_DEADLINE");
static const struct field_names sched_flags = NAMES("scheduling flag", "SCHED_FLAG_RESET_ON_FORK",
                                                    "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN",
                                                    "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS",
                                                    "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX");
static const struct field_names io_classes = NAMES("I/O class", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                                   "IOPRIO_CLASS_IDLE");
static const struct field_names device_types = NAMES("device type", "c", "b", "u", "p");
static const struct field_names rule_types = NAMES("device type", "a", "c", "b");
static const struct field_names propagations = NAMES("propagation", "private", "rprivate", "shared",
                                                     "rshared", "slave", "rslave", "unbindable",
                                                     "runbindable");
static const struct field_names memory_modes = NAMES("memory policy", "MPOL_DEFAULT", "MPOL_BIND",
                                                     "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
                                                     "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL");
static const struct field_names memory_flags = NAMES("memory policy flag", "MPOL_F_NUMA_BALANCING",
                                                     "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES");
static const struct field_names personalities = NAMES("personality", "LINUX", "LINUX32");

/* Shared pieces. */

static const struct field id_map_fields[] = {
    { "containerID", FIELD_U32, FIELD_REQUIRED, AT(struct oci_id_map, container_id) },
    { "hostID", FIELD_U32, FIELD_REQUIRED, AT(struct oci_id_map, host_id) },
    { "size", FIELD_U32, FIELD_REQUIRED, AT(struct oci_id_map, size), .min = 1, .max = UINT32_MAX },
};
static const struct field_object id_map = { ITEM_OBJECT(id_map_fields, struct oci_id_map),
                                            .check = oci_check_id_map };

/* process */

static const struct field console_fields[] = {
    { "height", FIELD_OPT_U32, FIELD_REQUIRED, AT(struct oci_process, console_height) },
    { "width", FIELD_OPT_U32, FIELD_REQUIRED, AT(struct oci_process, console_width) },
};
static const struct field_object console = { OBJECT(console_fields) };

static const struct field user_fields[] = {
    { "uid", FIELD_U32, FIELD_REQUIRED, AT(struct oci_user, uid), .max = UID_LIMIT },
    { "gid", FIELD_U32, FIELD_REQUIRED, AT(struct oci_user, gid), .max = UID_LIMIT },
    { "umask", FIELD_OPT_U32, 0, AT(struct oci_user, umask), .max = 0777 },
    { "additionalGids", FIELD_U32S, 0, AT(struct oci_user, additional_gids), .max = UID_LIMIT },
    { "username", FIELD_STRING, 0, AT(struct oci_user, username) },
};
static const struct field_object user = { OBJECT(user_fields) };

static const struct field rlimit_fields[] = {
    { "type", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_rlimit, type), .names = &rlimit_types },
    { "hard", FIELD_U64, FIELD_REQUIRED, AT(struct oci_rlimit, hard) },
    { "soft", FIELD_U64, FIELD_REQUIRED, AT(struct oci_rlimit, soft) },
};
static const struct field_object rlimit = { ITEM_OBJECT(rlimit_fields, struct oci_rlimit),
                                            .check = oci_check_rlimit };

static const struct field capabilities_fields[] = {
    { "bounding", FIELD_STRINGS, 0, AT(struct oci_capabilities, bounding) },
    { "effective", FIELD_STRINGS, 0, AT(struct oci_capabilities, effective) },
    { "inheritable", FIELD_STRINGS, 0, AT(struct oci_capabilities, inheritable) },
    { "permitted", FIELD_STRINGS, 0, AT(struct oci_capabilities, permitted) },
    { "ambient", FIELD_STRINGS, 0, AT(struct oci_capabilities, ambient) },
};
static const struct field_object capabilities = { OBJECT(capabilities_fields) };

static const struct field scheduler_fields[] = {
    { "policy", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_scheduler, policy), .names = &sched_policies },
    { "nice", FIELD_OPT_I64, 0, AT(struct oci_scheduler, nice), .min = -20, .max = 19 },
    { "priority", FIELD_OPT_I64, 0, AT(struct oci_scheduler, priority), .min = INT32_MIN, .max = INT32_MAX },
    { "flags", FIELD_STRINGS, 0, AT(struct oci_scheduler, flags), .names = &sched_flags },
    { "runtime", FIELD_OPT_U64, 0, AT(struct oci_scheduler, runtime) },
    { "deadline", FIELD_OPT_U64, 0, AT(struct oci_scheduler, deadline) },
    { "period", FIELD_OPT_U64, 0, AT(struct oci_scheduler, period) },
};
static const struct field_object scheduler = { OBJECT(scheduler_fields) };

static const struct field io_priority_fields[] = {
    { "class", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_process, io_priority_class),
      .names = &io_classes },
    { "priority", FIELD_OPT_I64, FIELD_REQUIRED, AT(struct oci_process, io_priority), .min = 0, .max = 7 },
};
static const struct field_object io_priority = { OBJECT(io_priority_fields) };

static const struct field affinity_fields[] = {
    { "initial", FIELD_STRING, 0, AT(struct oci_process, cpu_affinity_initial) },
    { "final", FIELD_STRING, 0, AT(struct oci_process, cpu_affinity_final) },
};
static const struct field_object affinity = { OBJECT(affinity_fields), .check = oci_check_affinity };

static const struct field process_fields[] = {
    { "terminal", FIELD_BOOL, 0, AT(struct oci_process, terminal) },
    { "consoleSize", FIELD_OBJECT, 0, .object = &console },
    { "user", FIELD_OBJECT, FIELD_REQUIRED, AT(struct oci_process, user), .object = &user },
    { "args", FIELD_STRINGS, FIELD_REQUIRED, AT(struct oci_process, args) },
    { "env", FIELD_STRINGS, 0, AT(struct oci_process, env) },
    { "cwd", FIELD_STRING, FIELD_REQUIRED | FIELD_ABSOLUTE, AT(struct oci_process, cwd) },
    { "capabilities", FIELD_OBJECT, 0, AT(struct oci_process, capabilities),
      .set = offsetof(struct oci_process, capabilities.set), .object = &capabilities },
    { "rlimits", FIELD_LIST, 0, AT(struct oci_process, rlimits), .object = &rlimit },
    { "noNewPrivileges", FIELD_BOOL, 0, AT(struct oci_process, no_new_privileges) },
    { "apparmorProfile", FIELD_STRING, 0, AT(struct oci_process, apparmor_profile) },
    { "oomScoreAdj", FIELD_OPT_I64, 0, AT(struct oci_process, oom_score_adj), .min = -1000, .max = 1000 },
    { "scheduler", FIELD_OBJECT, 0, AT(struct oci_process, scheduler), .object = &scheduler },
    { "selinuxLabel", FIELD_STRING, 0, AT(struct oci_process, selinux_label) },
    { "ioPriority", FIELD_OBJECT, 0, .object = &io_priority },
    { "execCPUAffinity", FIELD_OBJECT, 0, .object = &affinity },
};
const struct field_object oci_process_object = { ITEM_OBJECT(process_fields, struct oci_process),
                                                 .check = oci_check_process };

/* hooks */

static const struct field hook_fields[] = {
    { "path", FIELD_STRING, FIELD_REQUIRED | FIELD_ABSOLUTE, AT(struct oci_hook, path) },
    { "args", FIELD_STRINGS, 0, AT(struct oci_hook, args) },
    { "env", FIELD_STRINGS, FIELD_KEEP_EMPTY, AT(struct oci_hook, env) },
    { "timeout", FIELD_OPT_I64, 0, AT(struct oci_hook, timeout), .min = 1, .max = INT32_MAX },
};
static const struct field_object hook = { ITEM_OBJECT(hook_fields, struct oci_hook) };

#define HOOK(name_, kind_)                                                       \
    {                                                                            \
        name_, FIELD_LIST, 0, AT(struct oci_spec, hooks[kind_]), .object = &hook \
    }
static const struct field hooks_fields[] = {
    HOOK("prestart", OCI_HOOK_PRESTART),
    HOOK("createRuntime", OCI_HOOK_CREATE_RUNTIME),
    HOOK("createContainer", OCI_HOOK_CREATE_CONTAINER),
    HOOK("startContainer", OCI_HOOK_START_CONTAINER),
    HOOK("poststart", OCI_HOOK_POSTSTART),
    HOOK("poststop", OCI_HOOK_POSTSTOP),
};
static const struct field_object hooks = { OBJECT(hooks_fields) };

/* linux.resources */

static const struct field device_rule_fields[] = {
    { "allow", FIELD_BOOL, FIELD_REQUIRED, AT(struct oci_device_rule, allow) },
    { "type", FIELD_STRING, 0, AT(struct oci_device_rule, type), .names = &rule_types },
    { "major", FIELD_OPT_I64, 0, AT(struct oci_device_rule, major), .min = -1, .max = UINT32_MAX },
    { "minor", FIELD_OPT_I64, 0, AT(struct oci_device_rule, minor), .min = -1, .max = UINT32_MAX },
    { "access", FIELD_STRING, 0, AT(struct oci_device_rule, access) },
};
static const struct field_object device_rule = { ITEM_OBJECT(device_rule_fields, struct oci_device_rule),
                                                 .check = oci_check_device_rule };

#define BYTES .min = -1, .max = INT64_MAX
static const struct field memory_fields[] = {
    { "limit", FIELD_OPT_I64, 0, AT(struct oci_memory, limit), BYTES },
    { "reservation", FIELD_OPT_I64, 0, AT(struct oci_memory, reservation), BYTES },
    { "swap", FIELD_OPT_I64, 0, AT(struct oci_memory, swap), BYTES },
    { "kernel", FIELD_OPT_I64, 0, AT(struct oci_memory, kernel), BYTES },
    { "kernelTCP", FIELD_OPT_I64, 0, AT(struct oci_memory, kernel_tcp), BYTES },
    { "swappiness", FIELD_OPT_U64, 0, AT(struct oci_memory, swappiness), .max = 100 },
    { "disableOOMKiller", FIELD_OPT_BOOL, 0, AT(struct oci_memory, disable_oom_killer) },
    { "useHierarchy", FIELD_OPT_BOOL, 0, AT(struct oci_memory, use_hierarchy) },
    { "checkBeforeUpdate", FIELD_OPT_BOOL, 0, AT(struct oci_memory, check_before_update) },
};
static const struct field_object memory = { OBJECT(memory_fields) };

static const struct field cpu_fields[] = {
    { "shares", FIELD_OPT_U64, 0, AT(struct oci_cpu, shares) },
    { "quota", FIELD_OPT_I64, 0, AT(struct oci_cpu, quota) },
    { "burst", FIELD_OPT_U64, 0, AT(struct oci_cpu, burst) },
    { "period", FIELD_OPT_U64, 0, AT(struct oci_cpu, period) },
    { "realtimeRuntime", FIELD_OPT_I64, 0, AT(struct oci_cpu, realtime_runtime) },
    { "realtimePeriod", FIELD_OPT_U64, 0, AT(struct oci_cpu, realtime_period) },
    { "cpus", FIELD_STRING, 0, AT(struct oci_cpu, cpus) },
    { "mems", FIELD_STRING, 0, AT(struct oci_cpu, mems) },
    { "idle", FIELD_OPT_I64, 0, AT(struct oci_cpu, idle), .min = 0, .max = 1 },
};
static const struct field_object cpu = { OBJECT(cpu_fields), .check = oci_check_cpu };

static const struct field pids_fields[] = { { "limit", FIELD_OPT_I64, 0,
                                              AT(struct oci_resources, pids_limit) } };
static const struct field_object pids = { OBJECT(pids_fields) };

#define DEVICE_NUMBERS(type_)                                                              \
    { "major", FIELD_I64, FIELD_REQUIRED, AT(type_, major), .min = 0, .max = UINT32_MAX }, \
    {                                                                                      \
        "minor", FIELD_I64, FIELD_REQUIRED, AT(type_, minor), .min = 0, .max = UINT32_MAX  \
    }

static const struct field weight_device_fields[] = {
    DEVICE_NUMBERS(struct oci_weight_device),
    { "weight", FIELD_OPT_U32, 0, AT(struct oci_weight_device, weight), .max = UINT16_MAX },
    { "leafWeight", FIELD_OPT_U32, 0, AT(struct oci_weight_device, leaf_weight), .max = UINT16_MAX },
};
static const struct field_object weight_device = {
    ITEM_OBJECT(weight_device_fields, struct oci_weight_device), .check = oci_check_weight_device
};

static const struct field throttle_fields[] = {
    DEVICE_NUMBERS(struct oci_throttle),
    { "rate", FIELD_U64, FIELD_REQUIRED, AT(struct oci_throttle, rate) },
};
static const struct field_object throttle = { ITEM_OBJECT(throttle_fields, struct oci_throttle) };

static const struct field block_io_fields[] = {
    { "weight", FIELD_OPT_U32, 0, AT(struct oci_block_io, weight), .max = UINT16_MAX },
    { "leafWeight", FIELD_OPT_U32, 0, AT(struct oci_block_io, leaf_weight), .max = UINT16_MAX },
    { "weightDevice", FIELD_LIST, 0, AT(struct oci_block_io, weight_devices), .object = &weight_device },
    { "throttleReadBpsDevice", FIELD_LIST, 0, AT(struct oci_block_io, read_bps), .object = &throttle },
    { "throttleWriteBpsDevice", FIELD_LIST, 0, AT(struct oci_block_io, write_bps), .object = &throttle },
    { "throttleReadIOPSDevice", FIELD_LIST, 0, AT(struct oci_block_io, read_iops), .object = &throttle },
    { "throttleWriteIOPSDevice", FIELD_LIST, 0, AT(struct oci_block_io, write_iops), .object = &throttle },
};
static const struct field_object block_io = { OBJECT(block_io_fields) };

static const struct field hugepage_fields[] = {
    { "pageSize", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_hugepage, page_size) },
    { "limit", FIELD_U64, FIELD_REQUIRED, AT(struct oci_hugepage, limit) },
};
static const struct field_object hugepage = { ITEM_OBJECT(hugepage_fields, struct oci_hugepage),
                                              .check = oci_check_hugepage };

static const struct field net_priority_fields[] = {
    { "name", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_net_priority, name) },
    { "priority", FIELD_U32, FIELD_REQUIRED, AT(struct oci_net_priority, priority) },
};
static const struct field_object net_priority = { ITEM_OBJECT(net_priority_fields, struct oci_net_priority),
                                                  .check = oci_check_net_priority };

static const struct field network_fields[] = {
    { "classID", FIELD_OPT_U32, 0, AT(struct oci_resources, network_class_id) },
    { "priorities", FIELD_LIST, 0, AT(struct oci_resources, network_priorities), .object = &net_priority },
};
static const struct field_object network = { OBJECT(network_fields) };

static const struct field rdma_fields[] = {
    { "hcaHandles", FIELD_OPT_U32, 0, AT(struct oci_rdma, hca_handles) },
    { "hcaObjects", FIELD_OPT_U32, 0, AT(struct oci_rdma, hca_objects) },
};
static const struct field_object rdma = { ITEM_OBJECT(rdma_fields, struct oci_rdma),
                                          .check = oci_check_rdma };

static const struct field resources_fields[] = {
    { "devices", FIELD_LIST, 0, AT(struct oci_resources, devices), .object = &device_rule },
    { "memory", FIELD_OBJECT, 0, AT(struct oci_resources, memory), .object = &memory },
    { "cpu", FIELD_OBJECT, 0, AT(struct oci_resources, cpu), .object = &cpu },
    { "pids", FIELD_OBJECT, 0, .object = &pids },
    { "blockIO", FIELD_OBJECT, 0, AT(struct oci_resources, block_io), .object = &block_io },
    { "hugepageLimits", FIELD_LIST, 0, AT(struct oci_resources, hugepages), .object = &hugepage },
    { "network", FIELD_OBJECT, 0, .object = &network },
    { "rdma", FIELD_MAP, 0, AT(struct oci_resources, rdma), .object = &rdma },
    { "unified", FIELD_PAIRS, 0, AT(struct oci_resources, unified) },
};
const struct field_object oci_resources_object = { ITEM_OBJECT(resources_fields, struct oci_resources),
                                                   .check = oci_check_resources };

/* linux.seccomp */

static const struct field seccomp_arg_fields[] = {
    { "index", FIELD_U32, FIELD_REQUIRED, AT(struct oci_seccomp_arg, index), .min = 0, .max = 5 },
    { "value", FIELD_U64, FIELD_REQUIRED, AT(struct oci_seccomp_arg, value) },
    { "valueTwo", FIELD_U64, 0, AT(struct oci_seccomp_arg, value_two) },
    { "op", FIELD_ENUM, FIELD_REQUIRED, AT(struct oci_seccomp_arg, op), .names = &oci_seccomp_op_names },
};
static const struct field_object seccomp_arg = { ITEM_OBJECT(seccomp_arg_fields, struct oci_seccomp_arg) };

static const struct field seccomp_rule_fields[] = {
    { "names", FIELD_STRINGS, FIELD_REQUIRED, AT(struct oci_seccomp_rule, names) },
    { "action", FIELD_ENUM, FIELD_REQUIRED, AT(struct oci_seccomp_rule, action),
      .names = &oci_seccomp_action_names },
    { "errnoRet", FIELD_OPT_U32, 0, AT(struct oci_seccomp_rule, errno_ret), .max = UINT16_MAX },
    { "args", FIELD_LIST, 0, AT(struct oci_seccomp_rule, args), .object = &seccomp_arg },
};
static const struct field_object seccomp_rule = { ITEM_OBJECT(seccomp_rule_fields, struct oci_seccomp_rule),
                                                  .check = oci_check_seccomp_rule };

static const struct field seccomp_fields[] = {
    { "defaultAction", FIELD_ENUM, FIELD_REQUIRED, AT(struct oci_seccomp, default_action),
      .names = &oci_seccomp_action_names },
    { "defaultErrnoRet", FIELD_OPT_U32, 0, AT(struct oci_seccomp, default_errno_ret), .max = UINT16_MAX },
    { "architectures", FIELD_STRINGS, 0, AT(struct oci_seccomp, architectures), .names = &seccomp_arches },
    { "flags", FIELD_STRINGS, 0, AT(struct oci_seccomp, flags), .names = &seccomp_flags },
    { "listenerPath", FIELD_STRING, 0, AT(struct oci_seccomp, listener_path) },
    { "listenerMetadata", FIELD_STRING, 0, AT(struct oci_seccomp, listener_metadata) },
    { "syscalls", FIELD_LIST, 0, AT(struct oci_seccomp, rules), .object = &seccomp_rule },
};
const struct field_object oci_seccomp_object = { ITEM_OBJECT(seccomp_fields, struct oci_seccomp),
                                                 .check = oci_check_seccomp };

/* The rest of linux */

static const struct field device_fields[] = {
    { "path", FIELD_STRING, FIELD_REQUIRED | FIELD_ABSOLUTE, AT(struct oci_device, path) },
    { "type", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_device, type), .names = &device_types },
    { "major", FIELD_I64, FIELD_ALWAYS, AT(struct oci_device, major), .min = 0, .max = MAJOR_LIMIT },
    { "minor", FIELD_I64, FIELD_ALWAYS, AT(struct oci_device, minor), .min = 0, .max = MINOR_LIMIT },
    { "fileMode", FIELD_OPT_U32, 0, AT(struct oci_device, file_mode) },
    { "uid", FIELD_OPT_U32, 0, AT(struct oci_device, uid), .max = UID_LIMIT },
    { "gid", FIELD_OPT_U32, 0, AT(struct oci_device, gid), .max = UID_LIMIT },
};
static const struct field_object device = { ITEM_OBJECT(device_fields, struct oci_device) };

static const struct field net_device_fields[] = { { "name", FIELD_STRING, 0,
                                                    AT(struct oci_net_device, name) } };
static const struct field_object net_device = { ITEM_OBJECT(net_device_fields, struct oci_net_device),
                                                .check = oci_check_net_device };

static const struct field intel_rdt_fields[] = {
    { "closID", FIELD_STRING, 0, AT(struct oci_intel_rdt, clos_id) },
    { "schemata", FIELD_STRINGS, 0, AT(struct oci_intel_rdt, schemata) },
    { "l3CacheSchema", FIELD_STRING, 0, AT(struct oci_intel_rdt, l3_cache_schema) },
    { "memBwSchema", FIELD_STRING, 0, AT(struct oci_intel_rdt, mem_bw_schema) },
    { "enableCMT", FIELD_OPT_BOOL, 0, AT(struct oci_intel_rdt, enable_cmt) },
    { "enableMBM", FIELD_OPT_BOOL, 0, AT(struct oci_intel_rdt, enable_mbm) },
    { "enableMonitoring", FIELD_OPT_BOOL, 0, AT(struct oci_intel_rdt, enable_monitoring) },
};
static const struct field_object intel_rdt = { OBJECT(intel_rdt_fields), .check = oci_check_intel_rdt };

static const struct field memory_policy_fields[] = {
    { "mode", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_linux, memory_policy_mode),
      .names = &memory_modes },
    { "nodes", FIELD_STRING, 0, AT(struct oci_linux, memory_policy_nodes) },
    { "flags", FIELD_STRINGS, 0, AT(struct oci_linux, memory_policy_flags), .names = &memory_flags },
};
static const struct field_object memory_policy = { OBJECT(memory_policy_fields) };

static const struct field personality_fields[] = {
    { "domain", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_linux, personality_domain),
      .names = &personalities },
    { "flags", FIELD_STRINGS, 0, AT(struct oci_linux, personality_flags) },
};
static const struct field_object personality = { OBJECT(personality_fields) };

#define CLOCK(secs_, nanosecs_)                                                     \
    { "secs", FIELD_I64, 0, AT(struct oci_linux, secs_) },                          \
    {                                                                               \
        "nanosecs", FIELD_U32, 0, AT(struct oci_linux, nanosecs_), .max = 999999999 \
    }
static const struct field monotonic_fields[] = { CLOCK(monotonic_secs, monotonic_nanosecs) };
static const struct field boottime_fields[] = { CLOCK(boottime_secs, boottime_nanosecs) };
static const struct field_object monotonic = { OBJECT(monotonic_fields) },
                                 boottime = { OBJECT(boottime_fields) };
static const struct field time_offsets_fields[] = {
    { "monotonic", FIELD_OBJECT, 0, .object = &monotonic },
    { "boottime", FIELD_OBJECT, 0, .object = &boottime },
};
static const struct field_object time_offsets = { OBJECT(time_offsets_fields), .closed = true,
                                                  .noun = "clock" };

static const struct field_custom namespaces = { oci_namespaces_read, oci_namespaces_write };

static const struct field linux_fields[] = {
    { "uidMappings", FIELD_LIST, 0, AT(struct oci_linux, uid_mappings), .object = &id_map },
    { "gidMappings", FIELD_LIST, 0, AT(struct oci_linux, gid_mappings), .object = &id_map },
    { "sysctl", FIELD_PAIRS, 0, AT(struct oci_linux, sysctl) },
    { "resources", FIELD_OBJECT, 0, AT(struct oci_linux, resources), .object = &oci_resources_object },
    { "cgroupsPath", FIELD_STRING, 0, AT(struct oci_linux, cgroups_path) },
    { "namespaces", FIELD_CUSTOM, 0, AT(struct oci_linux, namespaces), .custom = &namespaces },
    { "devices", FIELD_LIST, 0, AT(struct oci_linux, devices), .object = &device },
    { "netDevices", FIELD_MAP, 0, AT(struct oci_linux, net_devices), .object = &net_device },
    { "seccomp", FIELD_OBJECT, 0, AT(struct oci_linux, seccomp),
      .set = offsetof(struct oci_linux, seccomp.set), .object = &oci_seccomp_object },
    { "rootfsPropagation", FIELD_STRING, 0, AT(struct oci_linux, rootfs_propagation),
      .names = &propagations },
    { "maskedPaths", FIELD_STRINGS, FIELD_ABSOLUTE, AT(struct oci_linux, masked_paths) },
    { "readonlyPaths", FIELD_STRINGS, FIELD_ABSOLUTE, AT(struct oci_linux, readonly_paths) },
    { "mountLabel", FIELD_STRING, 0, AT(struct oci_linux, mount_label) },
    { "intelRdt", FIELD_OBJECT, 0, AT(struct oci_linux, intel_rdt),
      .set = offsetof(struct oci_linux, intel_rdt.set), .object = &intel_rdt },
    { "memoryPolicy", FIELD_OBJECT, 0, .object = &memory_policy },
    { "personality", FIELD_OBJECT, 0, .object = &personality },
    { "timeOffsets", FIELD_OBJECT, 0, .set = offsetof(struct oci_linux, time_offsets_set),
      .object = &time_offsets },
};
static const struct field_object linux_object = { ITEM_OBJECT(linux_fields, struct oci_linux),
                                                  .check = oci_check_linux };

/* The document */

static const struct field root_fields[] = {
    { "path", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_spec, root_path) },
    { "readonly", FIELD_BOOL, 0, AT(struct oci_spec, root_readonly) },
};
static const struct field_object root = { OBJECT(root_fields) };

static const struct field mount_fields[] = {
    { "destination", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_mount, destination) },
    { "type", FIELD_STRING, 0, AT(struct oci_mount, type) },
    { "source", FIELD_STRING, 0, AT(struct oci_mount, source) },
    { "options", FIELD_STRINGS, 0, AT(struct oci_mount, options) },
    { "uidMappings", FIELD_LIST, 0, AT(struct oci_mount, uid_mappings), .object = &id_map },
    { "gidMappings", FIELD_LIST, 0, AT(struct oci_mount, gid_mappings), .object = &id_map },
};
static const struct field_object mount_object = { ITEM_OBJECT(mount_fields, struct oci_mount),
                                                  .check = oci_check_mount };

static const struct field spec_fields[] = {
    { "ociVersion", FIELD_STRING, FIELD_REQUIRED, AT(struct oci_spec, oci_version) },
    { "process", FIELD_OBJECT, 0, AT(struct oci_spec, process), .set = offsetof(struct oci_spec, process.set),
      .object = &oci_process_object },
    { "root", FIELD_OBJECT, 0, .object = &root },
    { "hostname", FIELD_STRING, 0, AT(struct oci_spec, hostname) },
    { "domainname", FIELD_STRING, 0, AT(struct oci_spec, domainname) },
    { "mounts", FIELD_LIST, 0, AT(struct oci_spec, mounts), .object = &mount_object },
    { "hooks", FIELD_OBJECT, 0, .object = &hooks },
    { "annotations", FIELD_PAIRS, 0, AT(struct oci_spec, annotations) },
    { "linux", FIELD_OBJECT, 0, AT(struct oci_spec, linux_), .set = offsetof(struct oci_spec, linux_.set),
      .object = &linux_object },
};
const struct field_object oci_spec_object = { OBJECT(spec_fields), .size = sizeof(struct oci_spec) };
