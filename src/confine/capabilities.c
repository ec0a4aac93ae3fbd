// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: names are a table in the order of linux/capability.h, so the position is the number. The raw capset(2)
 * is used (a dozen lines) instead of libcap, which would be one more library in the start path.
 *
 * Threat: a capability left in any of the five sets. Bounding: comes back at an exec of a file with file capabilities.
 * Inheritable: the same through fI (CVE-2022-24769). Ambient: survives exec by itself.
 */
#include "confine/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/log.h"

static const char *const cap_names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

int capability_parse(const char *name, unsigned *ret)
{
    for (unsigned i = 0; i < ARRAY_LEN(cap_names); i++)
        if (strcasecmp(name, cap_names[i]) == 0 || strcasecmp(name, cap_names[i] + strlen("CAP_")) == 0) {
            *ret = i;
            return 0;
        }
    return -EINVAL;
}

const char *capability_name(unsigned cap)
{
    return cap < ARRAY_LEN(cap_names) ? cap_names[cap] : NULL;
}

unsigned capability_count(void)
{
    return ARRAY_LEN(cap_names);
}

uint64_t capability_docker_default(void)
{
    static const unsigned char caps[] = {
        CAP_AUDIT_WRITE, CAP_CHOWN,   CAP_DAC_OVERRIDE,     CAP_FOWNER,     CAP_FSETID,
        CAP_KILL,        CAP_MKNOD,   CAP_NET_BIND_SERVICE, CAP_NET_RAW,    CAP_SETFCAP,
        CAP_SETGID,      CAP_SETPCAP, CAP_SETUID,           CAP_SYS_CHROOT,
    };
    uint64_t set = 0;
    for (size_t i = 0; i < ARRAY_LEN(caps); i++)
        set |= 1ULL << caps[i];
    return set;
}

static uint64_t set_from_names(const struct oci_strings *names, const char *which)
{
    uint64_t set = 0;
    for (size_t i = 0; i < names->n; i++) {
        unsigned cap;
        if (capability_parse(names->v[i], &cap) == 0)
            set |= 1ULL << cap;
        else
            log_warn("process.capabilities.%s[%zu]: there is no capability \"%.100s\"; it is not given",
                     which, i, names->v[i]);
    }
    return set;
}

int capability_sets_from_spec(const struct oci_capabilities *caps, struct capability_sets *ret,
                              struct error *err)
{
    struct capability_sets s = { 0 };
    const struct {
        const struct oci_strings *names;
        const char *which;
        uint64_t *set;
    } parts[] = {
        { &caps->bounding, "bounding", &s.bounding },
        { &caps->effective, "effective", &s.effective },
        { &caps->inheritable, "inheritable", &s.inheritable },
        { &caps->permitted, "permitted", &s.permitted },
        { &caps->ambient, "ambient", &s.ambient },
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        *parts[i].set = set_from_names(parts[i].names, parts[i].which);
    if (s.effective & ~s.permitted)
        return error_set(err, -EINVAL,
                         "process.capabilities.effective: names a capability that is not in permitted");
    /* What is not permitted and inheritable cannot be ambient (capabilities(7)); `runc spec` lists such ones, and dropping them is safe. */
    s.ambient &= s.permitted & s.inheritable;
    *ret = s;
    return 0;
}

void capability_sets_limit(struct capability_sets *sets)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    uint64_t asked = sets->bounding | sets->permitted | sets->inheritable;
    /* Who starts containers has these; asking for them would cost every start a call. */
    if ((asked & ~capability_docker_default()) == 0 || syscall(SYS_capget, &head, data) < 0)
        return;
    uint64_t ours = (uint64_t) data[1].permitted << 32 | data[0].permitted;
    for (unsigned cap = 0; cap < ARRAY_LEN(cap_names); cap++)
        if (asked & ~ours & (1ULL << cap))
            log_warn("process.capabilities: %s cannot be given, this process does not have it itself",
                     cap_names[cap]);
    sets->bounding &= ours;
    sets->permitted &= ours;
    sets->effective &= ours;
    sets->inheritable &= ours;
    sets->ambient &= ours;
}

int capability_drop_bounding(const struct capability_sets *sets, struct error *err)
{
    /* The kernel may know more capabilities than we do: go on until it says there are no more. */
    for (unsigned cap = 0; cap < 64; cap++) {
        if (sets->bounding & (1ULL << cap))
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
            if (errno == EINVAL && cap > CAP_AUDIT_READ)
                break;
            return error_errno(err, -errno, "cannot drop %s from the bounding set",
                               capability_name(cap) ?: "a capability");
        }
    }
    return 0;
}

static int raise_ambient(uint64_t set, struct error *err)
{
    /* Ours, by which an ordinary user's runtime has kept its capabilities over an exec. */
    if (getauxval(AT_EUID) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot clear the ambient capabilities");
    if (set == 0)
        return 0;
    for (unsigned cap = 0; cap < ARRAY_LEN(cap_names); cap++)
        if ((set & (1ULL << cap)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return error_errno(err, -errno, "cannot make %s ambient", cap_names[cap]);
    return 0;
}

int capability_apply(const struct capability_sets *sets, struct error *err)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    for (unsigned i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){
            .effective = (uint32_t) (sets->effective >> (32 * i)),
            .permitted = (uint32_t) (sets->permitted >> (32 * i)),
            .inheritable = (uint32_t) (sets->inheritable >> (32 * i)),
        };
    if (syscall(SYS_capset, &head, data) < 0)
        return error_errno(err, -errno,
                           "cannot set the capabilities (does this process hold all that were asked for?)");
    return raise_ambient(sets->ambient, err);
}
