// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: presence is asked of the file systems of the modules; the label goes to attr/exec (AppArmor's own directory
 * first, which exists where several modules run).
 * The question is for the caller's view of the host: in the container, which need not see these file systems, the kernel answers
 * it to the write.
 * Threat: a container that everybody believes to be confined by a profile and that is not.
 */
#include "confine/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "sys/file.h"
#include "sys/proc.h"

static bool wants_apparmor(const struct oci_process *p)
{
    return !str_empty(p->apparmor_profile) && !str_eq(p->apparmor_profile, "unconfined");
}

bool lsm_apparmor_enabled(void)
{
    _cleanup_free_ char *text = NULL;
    return file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text, NULL, NULL) == 0 &&
           text[0] == 'Y';
}

bool lsm_selinux_enabled(void)
{
    _cleanup_close_ int fd = file_open(AT_FDCWD, "/sys/fs/selinux/enforce", O_PATH, 0, NULL);
    return fd >= 0;
}

int lsm_check_process(const struct oci_process *p, struct error *err)
{
    if (wants_apparmor(p) && !lsm_apparmor_enabled())
        return error_set(err, -ENOTSUP,
                         "process.apparmorProfile: \"%s\" was asked for, but this kernel runs no AppArmor",
                         p->apparmor_profile);
    if (!str_empty(p->selinux_label) && !lsm_selinux_enabled())
        return error_set(err, -ENOTSUP,
                         "process.selinuxLabel: \"%s\" was asked for, but this kernel runs no SELinux",
                         p->selinux_label);
    return 0;
}

int lsm_check(const struct oci_spec *spec, struct error *err)
{
    const char *label = spec->linux_.mount_label;
    if (!str_empty(label) && !lsm_selinux_enabled())
        return error_set(err, -ENOTSUP,
                         "linux.mountLabel: \"%s\" was asked for, but this kernel runs no SELinux", label);
    return lsm_check_process(&spec->process, err);
}

const char *lsm_mount_option(const struct oci_spec *spec, struct arena *a)
{
    const char *label = spec->linux_.mount_label,
               *type = oci_pairs_get(&spec->annotations, LSM_MOUNT_CONTEXT_TYPE);
    return str_empty(label) ? NULL : arena_printf(a, "%s=%s", type ?: "context", label);
}

int lsm_label_directory(int fd, const char *label, struct error *err)
{
    _cleanup_close_ int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || fsetxattr(dir, "security.selinux", label, strlen(label), 0) < 0)
        return error_errno(err, -errno, "linux.mountLabel: cannot be set");
    return 0;
}

int lsm_label_keys(const struct oci_process *p, int proc_fd, struct error *err)
{
    if (str_empty(p->selinux_label))
        return 0;
    _cleanup_close_ int own = proc_fd < 0 ? proc_open_private(err) : -1;
    if (proc_fd < 0 && own < 0)
        return own;
    int r = proc_write(proc_fd < 0 ? own : proc_fd, "self/attr/keycreate", p->selinux_label, err);
    return r < 0 ? error_context(err, r, "process.selinuxLabel") : 0;
}

int lsm_apply(const struct oci_process *p, int proc_fd, struct error *err)
{
    char text[300];
    int r;
    if (!wants_apparmor(p) && str_empty(p->selinux_label))
        return 0;
    _cleanup_close_ int own = proc_fd < 0 ? proc_open_private(err) : -1; /* a container that has no /proc */
    if (proc_fd < 0 && (proc_fd = own) < 0)
        return own;
    if (wants_apparmor(p)) {
        if (str_format(text, sizeof(text), "exec %s", p->apparmor_profile) < 0)
            return error_set(err, -ENAMETOOLONG, "process.apparmorProfile: is too long");
        r = proc_write(proc_fd, "self/attr/apparmor/exec", text, NULL);
        if (r == -ENOENT)
            r = proc_write(proc_fd, "self/attr/exec", text, err);
        if (r < 0)
            return error_errno(err, r, "process.apparmorProfile: cannot enter the profile \"%s\"",
                               p->apparmor_profile);
    }
    if (!str_empty(p->selinux_label)) {
        r = proc_write(proc_fd, "self/attr/exec", p->selinux_label, err);
        if (r < 0)
            return error_context(err, r, "process.selinuxLabel");
    }
    return 0;
}
