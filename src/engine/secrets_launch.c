// SPDX-License-Identifier: Apache-2.0
/*
 * engine/secrets_launch.c: secrets on their way into a container. The ramfs is made in the host's user namespace and handed to the
 * runtime as a descriptor, so that it is nowhere on the host and the container has no power over it; it goes with the container's
 * mount namespace. A rotation clones the mount out of that namespace (the container's own, read-only one stays as it is), writes
 * the new file beside the old one and renames it: who reads sees the old value or the new one.
 *
 * Threat: a container whose user has put something else on /run/secrets. The clone must be a ramfs whose root is not the container's;
 * nothing of it is followed, and names are taken from our own record.
 */
#include <errno.h>

#include "base/parse.h"
#include "confine/namespaces.h"
#include "engine/engine_internal.h"
#include "engine/secrets.h"
#include "runtime/container.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/proc.h"

int launch_check_secrets(struct launch *l, struct error *err)
{
    for (size_t i = 0; i < l->opt->n_secrets; i++) {
        _cleanup_free_ char *value = NULL;
        size_t len = 0;
        int r = secret_read(l->e, l->opt->secrets[i].name, &value, &len, err);
        if (r < 0)
            return error_context(err, r, "--secret");
        explicit_bzero(value, len);
    }
    return 0;
}

void launch_record_secrets(struct launch *l, struct oci_pairs *to)
{
    for (size_t i = 0; i < l->opt->n_secrets; i++) {
        const struct run_secret *s = &l->opt->secrets[i];
        uint32_t uid = s->uid.set ? (uint32_t) s->uid.v : l->user.uid;
        uint32_t gid = s->gid.set ? (uint32_t) s->gid.v : l->user.gid;
        oci_pairs_set(l->record->arena, to, s->file,
                      arena_printf(l->record->arena, "%s %u %u %o", s->name, uid, gid, (unsigned) s->mode));
    }
}

/* "NAME UID GID MODE" of a record. */
struct delivery {
    char name[65];
    uint32_t uid, gid;
    uint32_t mode;
};

static int parse_delivery(const char *text, struct delivery *d)
{
    char copy[sizeof(d->name) + 40];
    char *word[4] = { NULL }, *rest = copy;
    if (str_format(copy, sizeof(copy), "%s", text) < 0)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_LEN(word) && rest != NULL; i++)
        word[i] = strsep(&rest, " ");
    if (rest != NULL || word[3] == NULL || !object_name_valid(word[0]) || parse_u32(word[1], &d->uid) < 0 ||
        parse_u32(word[2], &d->gid) < 0 || parse_octal(word[3], 0777, &d->mode) < 0)
        return -EINVAL;
    return MIN_OF(str_format(d->name, sizeof(d->name), "%s", word[0]), 0);
}

bool secret_of_record(const struct engine_record *r, const char *name)
{
    struct delivery d;
    for (size_t i = 0; i < r->secrets.n; i++)
        if (parse_delivery(r->secrets.v[i].value, &d) == 0 && str_eq(d.name, name))
            return true;
    return false;
}

static int write_secret(int dirfd, const char *file, const struct delivery *d, const struct oci_spec *spec,
                        const char *value, size_t len, struct error *err)
{
    uint32_t uid = namespace_host_id(&spec->linux_.uid_mappings, d->uid),
             gid = namespace_host_id(&spec->linux_.gid_mappings, d->gid);
    if (uid == (uint32_t) -1 || gid == (uint32_t) -1)
        return error_set(err, -EINVAL, "the container has no user %u or group %u to own %s/%s", d->uid,
                         d->gid, SECRETS_TARGET, file);
    _cleanup_close_ int fd = file_open(dirfd, file, O_WRONLY | O_CREAT | O_EXCL, 0, err);
    int r = fd < 0 ? fd : write_all(fd, value, len);
    if (r == 0 && (fchown(fd, uid, gid) < 0 || fchmod(fd, d->mode) < 0))
        r = -errno;
    return r < 0 ? error_errno(err, r, "cannot write %s/%s", SECRETS_TARGET, file) : 0;
}

static int deliver(struct engine *e, int dirfd, const char *file, const struct delivery *d,
                   const struct oci_spec *spec, struct error *err)
{
    char *value = NULL;
    size_t len = 0;
    int r = secret_read(e, d->name, &value, &len, err);
    if (r < 0)
        return r;
    r = write_secret(dirfd, file, d, spec, value, len, err);
    explicit_bzero(value, len);
    free(value);
    return r;
}

int launch_mount_secrets(struct launch *l, struct error *err)
{
    static const char *const options[] = { "mode=0755", NULL };
    const struct oci_pairs *secrets = &l->record->secrets;
    if (secrets->n == 0)
        return 0;
    _cleanup_close_ int fd = mnt_new("ramfs", NULL, options,
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
    int r = MIN_OF(fd, 0);
    for (size_t i = 0; i < secrets->n && r == 0; i++) {
        struct delivery d;
        r = parse_delivery(secrets->v[i].value, &d);
        if (r < 0)
            return error_set(err, r, "record.secrets.%s: is not a secret's", secrets->v[i].key);
        r = deliver(l->e, fd, secrets->v[i].key, &d, l->spec, err);
    }
    if (r < 0)
        return r;
    l->given[LAUNCH_SECRETS] = (struct mount_given){ SECRETS_TARGET, TAKE_FD(fd) };
    return 0;
}

static int replace_file(struct engine *e, int dirfd, const char *file, const struct delivery *d,
                        const struct oci_spec *spec, struct error *err)
{
    static const char temporary[] = "..new"; /* no secret's file begins with a dot */
    unlinkat(dirfd, temporary, 0);
    int r = deliver(e, dirfd, temporary, d, spec, err);
    if (r == 0 && renameat(dirfd, temporary, dirfd, file) < 0)
        r = error_errno(err, -errno, "cannot replace %s/%s", SECRETS_TARGET, file);
    if (r < 0)
        unlinkat(dirfd, temporary, 0);
    return r;
}

static int replace_in(struct engine *e, const struct engine_container *c, const char *name, struct error *err)
{
    static const char *const mnt = "mnt";
    struct oci_spec *spec = NULL;
    _cleanup_close_ int proc = proc_open(err);
    _cleanup_close_ int ns = -1;
    int r = proc < 0 ? proc : proc_open_namespaces(proc, c->pid, c->start_time, &mnt, 1, &ns, err);
    _cleanup_close_ int dir = r < 0 ? r : mnt_clone_ramfs_of(ns, SECRETS_TARGET, err);
    r = dir < 0 ? dir : mnt_setattr(dir, 0, MOUNT_ATTR_RDONLY, false, err);
    if (r == 0)
        r = engine_spec(e, c->record->id, &spec, err);
    for (size_t i = 0; i < c->record->secrets.n && r == 0; i++) {
        struct delivery d;
        if (parse_delivery(c->record->secrets.v[i].value, &d) == 0 && str_eq(d.name, name))
            r = replace_file(e, dir, c->record->secrets.v[i].key, &d, spec, err);
    }
    oci_spec_free(spec);
    return r;
}

int secret_deliver(struct engine *e, const char *name, int sig,
                   void (*told)(void *arg, const char *container, int r, const struct error *err), void *arg,
                   struct error *err)
{
    struct engine_container *list = NULL;
    size_t n = 0;
    int r = engine_list(e, false, &list, &n, err);
    for (size_t i = 0; i < n && r == 0; i++) {
        struct error one = { 0 };
        bool runs = list[i].status == ENGINE_RUNNING || list[i].status == ENGINE_PAUSED;
        if (!runs || !secret_of_record(list[i].record, name))
            continue;
        engine_find_pid(e, &list[i]);
        int code = replace_in(e, &list[i], name, &one);
        if (code == 0 && sig != 0)
            code = engine_kill(e, list[i].record->id, sig, &one);
        told(arg, list[i].record->name, code, &one);
    }
    engine_containers_free(list, n);
    return r;
}
