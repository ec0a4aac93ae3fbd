// SPDX-License-Identifier: Apache-2.0
/*
 * confine/seccomp.h: from linux.seccomp of the runtime specification to a filter in the kernel.
 *
 * Three steps, so that each can happen where it is cheap: seccomp_compile() (or seccomp_cached(), which compiles once per
 * content) before the clone, seccomp_filter_load() as the last thing before exec. The filter is plain memory between the two.
 *
 * What a profile means (docs/seccomp.md says it with examples)
 * - The machine's own architecture is always in the filter; `architectures` adds x86 and x32 on x86-64, arm on arm64. Others are
 *   accepted, and left out since no process here can have them. A call by an architecture that is not in the filter kills the
 *   process. x32 numbers (0x40000000 and up on x86-64) without SCMP_ARCH_X32 answer ENOSYS, also when the default allows.
 * - A rule whose verdict is the default's has no effect (as in runc and crun), but its calls count as known.
 * - A rule without args decides the call; the first such rule does, and rules with args beside it have no effect (as in
 *   libseccomp; logged when their verdict is another one). Otherwise the args of one rule are AND-ed, several rules OR-ed; a
 *   rule that names one argument twice becomes one rule for each of its args (as in runc). Where rules with different verdicts match
 *   the same call, the one that is stricter in the kernel's order wins (KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, NOTIFY, TRACE, LOG,
 *   ALLOW), and among two errnos the first.
 * - Arguments are compared as unsigned 64-bit numbers; on 32-bit architectures (and x32) as 32-bit ones, where a value that is the
 *   sign extension of a negative number is taken as that number.
 * - A call number above the highest that the profile names for an architecture answers ENOSYS unless the default lets it
 *   pass (ALLOW, LOG, TRACE): its author could not know it, and libc falls back on ENOSYS only (as in runc).
 * - A name that neither libseccomp nor our table of newer calls knows: -EINVAL when the rule is to kill, or when it is to
 *   restrict and the default lets pass (the control could not be applied); else logged as a warning: it stays with the default.
 *   A call that exists, only not on this architecture, is silently nothing.
 * - i386's socketcall and ipc: a rule without args for socket, semop … covers the sub-call too; a rule with args covers it only
 *   if it restricts (the arguments lie in memory that no filter can read, so an ALLOW cannot be checked).
 * - SECCOMP_FILTER_FLAG_TSYNC is accepted and needs nothing: the filter is loaded by a single thread.
 * - NOTIFY as default is -EINVAL (nobody could ever exec). A profile that notifies sendmsg, write or execve stops the caller
 *   of seccomp_filter_load() itself at that call until somebody answers on the listener.
 *
 * Failure mode: fail closed. A profile that cannot be compiled ends the start before there is a process, a filter that cannot be loaded ends
 * the process before its exec: -EACCES without no_new_privs and CAP_SYS_ADMIN, -EBUSY when the process has a filter with a
 * listener and this one has one too, -EINVAL for a flag or action that this kernel does not know. Nothing runs with less of a filter.
 */
#pragma once

#include <linux/filter.h>

#include "oci/spec.h"

/* Belongs to the caller: seccomp_filter_free(). All zero is the empty filter. */
struct seccomp_filter {
    struct sock_filter *insns;
    size_t n;       /* 1..4096 */
    unsigned flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2), NEW_LISTENER among them when has_notify */
    bool has_notify;
};

/* sec->set must be true. Errors: -EINVAL beginning with the JSON path below linux.seccomp ("syscalls[3].names: …"); -E2BIG when it is over 4096 instructions. */
int seccomp_compile(const struct oci_seccomp *sec, struct seccomp_filter *ret, struct error *err)
    _warn_unused_;
void seccomp_filter_free(struct seccomp_filter *f); /* NULL is fine */
static inline void cleanup_seccomp_filter(struct seccomp_filter *f)
{
    seccomp_filter_free(f);
}
#define _cleanup_seccomp_filter_ __attribute__((cleanup(cleanup_seccomp_filter)))

/*
 * As seccomp_compile(), with the program kept in the directory cache_dirfd (< 0: just compiles). A hit takes openat, fstat, read and
 * close. The file holds everything that the program depends on and a hit compares all of it, so neither a collision of
 * the file name nor a program of another version is ever used. A file that is not ours alone (another owner, writable by
 * others, not a regular file) is logged and ignored; one that is damaged is replaced. Nothing about the cache is
 * an error: the worst case is a compilation. Names that are unknown are logged when the profile is compiled, not on a hit.
 */
int seccomp_cached(int cache_dirfd, const struct oci_seccomp *sec, struct seccomp_filter *ret,
                   struct error *err) _warn_unused_;

/*
 * Loads the filter into the calling process. Needs no_new_privs, or CAP_SYS_ADMIN in the user namespace. Allocates nothing, logs
 * nothing. Returns the listener's descriptor (O_CLOEXEC, > 0) when has_notify, else 0; negative errno with a message.
 * From here on every call of the process is filtered: keep to the few calls that lead to exec.
 */
int seccomp_filter_load(const struct seccomp_filter *f, struct error *err);

/* For the features document: the flags and the architectures of this machine by number from 0; NULL behind the last. */
const char *seccomp_flag_name(size_t i, bool *ret_supported);
const char *seccomp_arch_name(size_t i);

/*
 * The rest is for tests and tools.
 */
enum seccomp_arch {
    SECCOMP_ARCH_X86_64,
    SECCOMP_ARCH_X86,
    SECCOMP_ARCH_X32,
    SECCOMP_ARCH_AARCH64,
    SECCOMP_ARCH_ARM,
    SECCOMP_ARCHES
};
#if defined(__x86_64__)
#define SECCOMP_ARCH_NATIVE SECCOMP_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH_NATIVE SECCOMP_ARCH_AARCH64
#else
#error "oakum runs on x86-64 and arm64"
#endif

/* As seccomp_compile() for a machine of another architecture: SECCOMP_ARCH_X86_64 or SECCOMP_ARCH_AARCH64. */
int seccomp_compile_for(enum seccomp_arch machine, const struct oci_seccomp *sec, struct seccomp_filter *ret,
                        struct error *err) _warn_unused_;
/*
 * What the kernel asks of a seccomp program: known instructions, every jump forward and inside, loads only from struct
 * seccomp_data, last instruction a return. -EINVAL with the instruction's number.
 */
int seccomp_program_check(const struct sock_filter *insns, size_t n, struct error *err) _warn_unused_;

/*
 * The number of a call, from libseccomp's table or ours of newer calls. >= 0 (with bit 30 on x32), -ENOENT: nobody knows the name,
 * -EOPNOTSUPP: a call, but not one of this architecture.
 */
int64_t seccomp_call_number(enum seccomp_arch arch, const char *name);
/* The name of a call by number, NULL when there is none. The string is static or belongs to the caller as *ret_owned says (free() it). */
const char *seccomp_call_name(enum seccomp_arch arch, uint32_t number, char **ret_owned);
/* The highest number that both tables know for x86-64 and arm64. */
#define SECCOMP_CALL_NEWEST 471
