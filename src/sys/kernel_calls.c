// SPDX-License-Identifier: Apache-2.0
/*
 * Each call is made with -1 for every argument: no valid size, flag, descriptor or address, so that a kernel which has the call
 * refuses it before it does anything. Only ENOSYS says that it is not there. (keyctl, landlock_create_ruleset and open_tree_attr
 * are not in the table: oakum goes on without them.)
 */
#include "sys/kernel_calls.h"

#include <errno.h>

#include "base/strbuf.h"
#include "sys/syscall.h"

// clang-format off
#define CALL(name, since) { #name, since, __NR_##name }
// clang-format on

static const struct call {
    const char *name, *since; /* the version of Linux that brought it, or what it must be built with */
    long number;
} calls[] = {
    // clang-format off
    CALL(bpf, "3.18, CONFIG_BPF_SYSCALL"),
    CALL(clone3, "5.3"),
    CALL(close_range, "5.9"),
    CALL(execveat, "3.19"),
    CALL(fsconfig, "5.2"),
    CALL(fsmount, "5.2"),
    CALL(fsopen, "5.2"),
    CALL(getrandom, "3.17"),
    CALL(mount_setattr, "5.12"),
    CALL(move_mount, "5.2"),
    CALL(open_tree, "5.2"),
    CALL(openat2, "5.6"),
    CALL(pidfd_open, "5.3"),
    CALL(pidfd_send_signal, "5.1"),
    CALL(renameat2, "3.15"),
    CALL(seccomp, "3.17, CONFIG_SECCOMP_FILTER"),
    CALL(setns, "3.0"),
    CALL(unshare, "2.6.16"),
    // clang-format on
};

void kernel_calls_explain(struct error *err)
{
    _cleanup_strbuf_ struct strbuf missing = STRBUF_INIT;
    if (err->code != -ENOSYS)
        return;
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        if (syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 && errno == ENOSYS)
            strbuf_addf(&missing, "%s%s (Linux %s)", missing.len > 0 ? ", " : "", calls[i].name,
                        calls[i].since);
    }
    if (missing.len == 0)
        return;
    char msg[sizeof(err->msg)];
    memcpy(msg, err->msg, sizeof(msg));
    error_set(err, -ENOSYS, "%.600s; this kernel, or a system call filter around oakum, lacks %s", msg,
              missing.buf);
}
