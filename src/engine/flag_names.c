// SPDX-License-Identifier: Apache-2.0
/*
 * engine/flag_names.c: what the kernel refuses is said in the words of the specification ("linux.resources.memory.limit: …"). A
 * person wrote a flag; here it is put before that, also where the value is oakum's own default: the flag is how to change it.
 */
#include "base/parse.h"
#include "engine/engine_internal.h"

static const struct {
    const char *field, *flag; /* the first that the message begins with counts */
} flags[] = {
    { "hostname", "hostname" },
    { "domainname", "domainname" },
    { "linux.resources.blockIO.throttleReadBpsDevice", "device-read-bps" },
    { "linux.resources.blockIO.throttleReadIOPSDevice", "device-read-iops" },
    { "linux.resources.blockIO.throttleWriteBpsDevice", "device-write-bps" },
    { "linux.resources.blockIO.throttleWriteIOPSDevice", "device-write-iops" },
    { "linux.resources.blockIO.weightDevice", "blkio-weight-device" },
    { "linux.resources.blockIO.weight", "blkio-weight" },
    { "linux.resources.cpu.cpus", "cpuset-cpus" },
    { "linux.resources.cpu.mems", "cpuset-mems" },
    { "linux.resources.cpu.period", "cpu-period" },
    { "linux.resources.cpu.quota", "cpus or --cpu-quota" },
    { "linux.resources.cpu.realtimePeriod", "cpu-rt-period" },
    { "linux.resources.cpu.realtimeRuntime", "cpu-rt-runtime" },
    { "linux.resources.cpu.shares", "cpu-shares" },
    { "linux.resources.memory.disableOOMKiller", "oom-kill-disable" },
    { "linux.resources.memory.limit", "memory" },
    { "linux.resources.memory.reservation", "memory-reservation" },
    { "linux.resources.memory.swappiness", "memory-swappiness" },
    { "linux.resources.memory.swap", "memory-swap" },
    { "linux.resources.pids.limit", "pids-limit" },
    { "linux.sysctl", "sysctl" },
    { "process.apparmorProfile", "security-opt apparmor" },
    { "process.oomScoreAdj", "oom-score-adj" },
    { "process.rlimits", "ulimit" },
    { "process.selinuxLabel", "security-opt label" },
};

int launch_name_flag(int r, struct error *err)
{
    for (size_t i = 0; err != NULL && i < ARRAY_LEN(flags); i++) {
        const char *rest = str_after(err->msg, flags[i].field);
        if (rest != NULL && (*rest == ':' || *rest == '.' || *rest == '['))
            return error_context(err, r, "--%s", flags[i].flag);
    }
    return r;
}
