// SPDX-License-Identifier: Apache-2.0
/*
 * What the specification's text asks beyond types and ranges: members that need or exclude each other,
 * duplicates, and strings that become a file name, a line of a file or an interface name in the kernel. The
 * last is the threat: a resource name with a slash would write elsewhere in the cgroup file system, a newline
 * would write a second line.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "oci/spec_tables.h"

#define ID_MAP_MAX 340 /* user_namespaces(7) */
#define IFNAME_MAX 15

static int check_id_maps(const struct oci_id_maps *maps, const char *member, const struct field_at *at,
                         struct error *err)
{
    if (maps->n > ID_MAP_MAX)
        return field_error(at, member, err, "%zu entries, the kernel takes %d", maps->n, ID_MAP_MAX);
    for (size_t i = 0; i < maps->n; i++)
        for (size_t k = 0; k < i; k++) {
            const struct oci_id_map *a = &maps->v[i], *b = &maps->v[k];
            if ((a->container_id < b->container_id + b->size &&
                 b->container_id < a->container_id + a->size) ||
                (a->host_id < b->host_id + b->size && b->host_id < a->host_id + a->size))
                return field_error(at, member, err, "entries %zu and %zu overlap", k, i);
        }
    return 0;
}

int oci_check_id_map(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_id_map *m = obj;
    const uint64_t first_beyond = UINT32_MAX; /* 2^32-1 is no id */
    if ((uint64_t) m->container_id + m->size > first_beyond)
        return field_error(at, NULL, err,
                           "%" PRIu32 " ids from containerID %" PRIu32 " are more than there are", m->size,
                           m->container_id);
    if ((uint64_t) m->host_id + m->size > first_beyond)
        return field_error(at, NULL, err, "%" PRIu32 " ids from hostID %" PRIu32 " are more than there are",
                           m->size, m->host_id);
    return 0;
}

int oci_check_mount(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_mount *m = obj;
    if ((m->uid_mappings.n > 0) != (m->gid_mappings.n > 0))
        return field_error(at, NULL, err, "uidMappings and gidMappings must be given together");
    int r = check_id_maps(&m->uid_mappings, "uidMappings", at, err);
    return r < 0 ? r : check_id_maps(&m->gid_mappings, "gidMappings", at, err);
}

int oci_check_rlimit(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_rlimit *l = obj;
    if (l->soft > l->hard)
        return field_error(at, "soft", err, "%" PRIu64 " is more than hard, %" PRIu64, l->soft, l->hard);
    return 0;
}

int oci_check_process(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_process *p = obj;
    if (p->args.n == 0)
        return field_error(at, "args", err, "must have at least one entry");
    for (size_t i = 0; i < p->n_rlimits; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(p->rlimits[i].type, p->rlimits[k].type))
                return field_error(at, "rlimits", err, "duplicate type \"%s\" (entries %zu and %zu)",
                                   p->rlimits[i].type, k, i);
    return 0;
}

static bool is_cpu_list(const char *s)
{
    return s == NULL || s[strspn(s, "0123456789,- ")] == '\0';
}

int oci_check_affinity(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_process *p = obj;
    if (!is_cpu_list(p->cpu_affinity_initial))
        return field_error(at, "initial", err, "\"%.200s\" is not a list of CPUs", p->cpu_affinity_initial);
    if (!is_cpu_list(p->cpu_affinity_final))
        return field_error(at, "final", err, "\"%.200s\" is not a list of CPUs", p->cpu_affinity_final);
    return 0;
}

static bool is_integer(const struct doc *d)
{
    return d != NULL && d->type == DOC_INT;
}

int oci_check_linux(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_linux *l = obj;
    for (size_t i = 0; i < l->n_devices; i++) {
        const struct oci_device *d = &l->devices[i];
        struct field_at list = { .up = at, .key = "devices" }, item = { .up = &list, .index = i };
        for (const char *const *m = (const char *const[]){ "major", "minor", NULL }; *m != NULL; m++)
            if (d->type[0] != 'p' && !is_integer(doc_get(d->origin, *m)))
                return field_error(&item, *m, err, "is required");
    }
    int r = check_id_maps(&l->uid_mappings, "uidMappings", at, err);
    return r < 0 ? r : check_id_maps(&l->gid_mappings, "gidMappings", at, err);
}

static bool is_file_name(const char *s)
{
    return s[0] != '\0' && !str_eq(s, ".") && !str_eq(s, "..") && s[strcspn(s, "/\n")] == '\0';
}

static bool is_interface_name(const char *s)
{
    return is_file_name(s) && strlen(s) <= IFNAME_MAX && s[strcspn(s, ": \t\n\v\f\r")] == '\0';
}

int oci_check_net_device(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_net_device *d = obj;
    if (!is_interface_name(d->host_name))
        return field_error(at, NULL, err, "is not an interface name");
    if (d->name != NULL && !is_interface_name(d->name))
        return field_error(at, "name", err, "\"%.200s\" is not an interface name", d->name);
    return 0;
}

int oci_check_net_priority(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_net_priority *p = obj;
    if (!is_interface_name(p->name))
        return field_error(at, "name", err, "\"%.200s\" is not an interface name", p->name);
    return 0;
}

int oci_check_device_rule(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_device_rule *d = obj;
    if (d->access != NULL && d->access[strspn(d->access, "rwm")] != '\0')
        return field_error(at, "access", err, "\"%.200s\" has other letters than r, w and m", d->access);
    return 0;
}

int oci_check_cpu(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_cpu *c = obj;
    if (c->burst.set && c->quota.set && c->quota.v > 0 && c->burst.v > (uint64_t) c->quota.v)
        return field_error(at, "burst", err, "%" PRIu64 " is more than quota, %" PRId64, c->burst.v,
                           c->quota.v);
    return 0;
}

int oci_check_weight_device(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_weight_device *d = obj;
    return d->weight.set || d->leaf_weight.set ? 0
                                               : field_error(at, NULL, err, "must have weight or leafWeight");
}

int oci_check_hugepage(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_hugepage *h = obj;
    size_t n = strspn(h->page_size, "0123456789");
    const char *unit = h->page_size + n;
    if (n == 0 || h->page_size[0] == '0' || unit[0] == '\0' || strchr("KMG", unit[0]) == NULL ||
        !str_eq(unit + 1, "B"))
        return field_error(at, "pageSize", err, "\"%.200s\" is not a page size such as 2MB or 1GB",
                           h->page_size);
    return 0;
}

int oci_check_rdma(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_rdma *d = obj;
    if (d->device[strcspn(d->device, " \n")] != '\0')
        return field_error(at, NULL, err, "is not a device name");
    return d->hca_handles.set || d->hca_objects.set
               ? 0
               : field_error(at, NULL, err, "must have hcaHandles or hcaObjects");
}

int oci_check_resources(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_resources *r = obj;
    for (size_t i = 0; i < r->unified.n; i++)
        if (!is_file_name(r->unified.v[i].key))
            return field_error(at, "unified", err, "\"%.200s\" is not a file name", r->unified.v[i].key);
    return 0;
}

static bool has_errno(enum oci_seccomp_action a)
{
    return a == OCI_ACT_ERRNO || a == OCI_ACT_TRACE;
}

int oci_check_seccomp_rule(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_seccomp_rule *r = obj;
    if (r->names.n == 0)
        return field_error(at, "names", err, "must have at least one entry");
    for (size_t i = 0; i < r->names.n; i++)
        if (r->names.v[i][0] == '\0')
            return field_error(at, "names", err, "entry %zu is empty", i);
    if (r->errno_ret.set && !has_errno(r->action))
        return field_error(at, "errnoRet", err, "%s has no errno", oci_seccomp_action_name(r->action));
    return 0;
}

int oci_check_seccomp(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_seccomp *s = obj;
    if (s->default_errno_ret.set && !has_errno(s->default_action))
        return field_error(at, "defaultErrnoRet", err, "%s has no errno",
                           oci_seccomp_action_name(s->default_action));
    if (s->listener_metadata != NULL && s->listener_path == NULL)
        return field_error(at, "listenerMetadata", err, "must not be given without listenerPath");
    return 0;
}

int oci_check_intel_rdt(const void *obj, const struct field_at *at, struct error *err)
{
    const struct oci_intel_rdt *rdt = obj;
    if (rdt->clos_id != NULL && !str_eq(rdt->clos_id, "/") && !is_file_name(rdt->clos_id))
        return field_error(at, "closID", err, "\"%.200s\" is not a directory name", rdt->clos_id);
    if (rdt->mem_bw_schema != NULL && str_after(rdt->mem_bw_schema, "MB:") == NULL)
        return field_error(at, "memBwSchema", err, "must begin with \"MB:\"");
    if (rdt->mem_bw_schema != NULL && strchr(rdt->mem_bw_schema, '\n') != NULL)
        return field_error(at, "memBwSchema", err, "must not contain a newline");
    for (size_t i = 0; i < rdt->schemata.n; i++)
        if (strchr(rdt->schemata.v[i], '\n') != NULL)
            return field_error(at, "schemata", err, "entry %zu contains a newline", i);
    return 0;
}

/* The length of a number of SemVer: digits, no leading zero. 0: none. */
static size_t number_len(const char *s)
{
    size_t n = strspn(s, "0123456789");
    return n > 1 && s[0] == '0' ? 0 : n;
}

/*
 * Identifiers with dots between, up to one of the characters of end. NULL when one is empty or, if numbers
 * count, has a leading zero.
 */
static const char *identifiers_end(const char *s, const char *end, bool numbers)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
    for (;;) {
        size_t n = strspn(s, letters);
        if (n == 0 || (numbers && n == strspn(s, "0123456789") && number_len(s) == 0))
            return NULL;
        s += n;
        if (*s != '.')
            return *s == '\0' || strchr(end, *s) != NULL ? s : NULL;
        s++;
    }
}

static bool is_semver(const char *s, const char **ret_minor)
{
    for (int i = 0; i < 3; i++) {
        size_t n = number_len(s);
        if (i == 1)
            *ret_minor = s;
        if (n == 0 || (i < 2 && s[n] != '.'))
            return false;
        s += n + (i < 2);
    }
    if (*s == '-')
        s = identifiers_end(s + 1, "+", true);
    if (s != NULL && *s == '+')
        s = identifiers_end(s + 1, "", false);
    return s != NULL && *s == '\0';
}

int oci_check_version(const char *version, struct error *err)
{
    const char *minor = "", *ours = strchr(OCI_VERSION_MAX, '.') + 1;
    if (!is_semver(version, &minor))
        return error_set(err, -EINVAL, "ociVersion: \"%.100s\" is not a version such as 1.0.2", version);
    if (str_after(version, "1.") == NULL)
        return error_set(err, -EINVAL, "ociVersion: \"%.100s\" is not supported, only 1.x is", version);
    size_t n = number_len(minor), n_ours = number_len(ours);
    if (n > n_ours || (n == n_ours && strncmp(minor, ours, n) > 0))
        log_warn("ociVersion %.100s is newer than " OCI_VERSION_MAX ": what is unknown in it is ignored",
                 version);
    return 0;
}
