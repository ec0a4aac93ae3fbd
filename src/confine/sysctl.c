// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a table of what each namespace owns, exact names and prefixes; names are turned into paths below the
 * container's procfs, where '.' and '/' are both separators as in sysctl(8).
 *
 * Threats: a sysctl of the whole host set by a container's configuration; a name that walks ("net.ipv4/../../kernel"), a value
 * that smuggles a second one behind a line break.
 */
#include "confine/sysctl.h"

#include <errno.h>
#include <stdio.h>

#include "confine/namespaces.h"
#include "sys/proc.h"

static const struct {
    const char *name;
    bool prefix;
    enum oci_namespace_kind ns;
} owned[] = {
    { "kernel.msgmax", false, OCI_NS_IPC },
    { "kernel.msgmnb", false, OCI_NS_IPC },
    { "kernel.msgmni", false, OCI_NS_IPC },
    { "kernel.sem", false, OCI_NS_IPC },
    { "kernel.shmall", false, OCI_NS_IPC },
    { "kernel.shmmax", false, OCI_NS_IPC },
    { "kernel.shmmni", false, OCI_NS_IPC },
    { "kernel.shm_rmid_forced", false, OCI_NS_IPC },
    { "kernel.domainname", false, OCI_NS_UTS },
    { "kernel.hostname", false, OCI_NS_UTS },
    { "fs.mqueue.", true, OCI_NS_IPC },
    { "net.", true, OCI_NS_NETWORK },
    { "user.", true, OCI_NS_USER },
};

/* Both spellings, net.ipv4.x and net/ipv4/x, as dots. An interface name with a dot keeps its meaning in the slash spelling only. */
static int normalise(const char *key, char *dots, char *path, size_t size)
{
    size_t n = strlen(key);
    if (n == 0 || n >= size)
        return -EINVAL;
    bool slashes = strchr(key, '/') && (!strchr(key, '.') || strchr(key, '/') < strchr(key, '.'));
    for (size_t i = 0; i <= n; i++) {
        char c = key[i];
        if (c && (c <= ' ' || c == 0x7f))
            return -EINVAL;
        bool separator = c == (slashes ? '/' : '.');
        dots[i] = separator ? '.' : c;
        path[i] = separator ? '/' : c == '/' ? '.' : c;
        if (separator && (i == 0 || i + 1 == n || path[i - 1] == '/'))
            return -EINVAL;
    }
    for (const char *part = path; *part; part += strspn(part, "/")) {
        size_t len = strcspn(part, "/");
        if (part[0] == '.' && (len == 1 || (len == 2 && part[1] == '.')))
            return -EINVAL;
        part += len;
    }
    return 0;
}

static int check_one(const struct oci_spec *spec, uint64_t callers, const struct oci_pair *p,
                     struct error *err)
{
    char dots[256], path[256];
    if (normalise(p->key, dots, path, sizeof(dots)) < 0)
        return error_set(err, -EINVAL, "linux.sysctl: \"%s\" is not a name of a sysctl", p->key);
    if (p->value[strcspn(p->value, "\n\r")] != '\0')
        return error_set(err, -EINVAL, "linux.sysctl.%s: the value has a line break", p->key);
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        bool match = owned[i].prefix ? str_after(dots, owned[i].name) != NULL : str_eq(dots, owned[i].name);
        if (!match)
            continue;
        if (spec->linux_.namespaces[owned[i].ns].set && !(callers & namespace_flag(owned[i].ns)))
            return 0;
        return error_set(
            err, -EPERM,
            "linux.sysctl.%s: would change the host, because the container has no %s namespace of its own",
            p->key, oci_namespace_name(owned[i].ns));
    }
    return error_set(err, -EPERM,
                     "linux.sysctl.%s: is not a sysctl of a namespace and would change the whole host",
                     p->key);
}

int sysctl_check(const struct oci_spec *spec, uint64_t callers, struct error *err)
{
    for (size_t i = 0; i < spec->linux_.sysctl.n; i++) {
        int r = check_one(spec, callers, &spec->linux_.sysctl.v[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

int sysctl_apply(const struct oci_spec *spec, int proc_fd, struct error *err)
{
    for (size_t i = 0; i < spec->linux_.sysctl.n; i++) {
        const struct oci_pair *p = &spec->linux_.sysctl.v[i];
        char dots[256], path[256], file[300];
        int r = normalise(p->key, dots, path, sizeof(dots));
        if (r >= 0)
            r = str_format(file, sizeof(file), "sys/%s", path);
        if (r >= 0)
            r = proc_write(proc_fd, file, p->value, err);
        if (r < 0)
            return error_context(err, r, "linux.sysctl.%s", p->key);
    }
    return 0;
}
