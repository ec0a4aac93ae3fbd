// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the filter is ready-made memory, so loading it is one system call and whatever that call needs is on the stack. It
 * runs as the last step before exec in a half-made container.
 *
 * Threat: a process that runs unfiltered because a load failed quietly. Every failure is an error that ends the start.
 */
#include "confine/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>

#include "sys/syscall.h"

void seccomp_filter_free(struct seccomp_filter *f)
{
    if (f == NULL)
        return;
    free(f->insns);
    *f = (struct seccomp_filter){ 0 };
}

int seccomp_filter_load(const struct seccomp_filter *f, struct error *err)
{
    if (f->n == 0 || f->n > BPF_MAXINSNS)
        return error_set(err, -EINVAL, "no seccomp filter to load");
    struct sock_fprog program = { .len = (unsigned short) f->n, .filter = f->insns };
    int fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, f->flags, &program);
    if (fd >= 0)
        return fd;
    int r = -errno;
    switch (r) {
    case -EACCES:
        return error_set(err, r, "cannot load the seccomp filter: it needs no_new_privs or CAP_SYS_ADMIN");
    case -EBUSY:
        return error_set(
            err, r, "cannot load the seccomp filter: another filter of this process has a listener already");
    case -EINVAL:
        return error_set(
            err, r,
            "cannot load the seccomp filter: this kernel does not know one of its flags or actions (flags %#x)",
            f->flags);
    default: return error_errno(err, r, "cannot load the seccomp filter (%zu instructions)", f->n);
    }
}
