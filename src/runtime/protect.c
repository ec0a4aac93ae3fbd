// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the container's processes can reach our program file through /proc/self/exe, by executing that. Whether they could
 * write to it then is a question of ids: with a user namespace whose ids are not those of the file's owner they could not, and
 * nothing more is asked; otherwise the program must run from a read-only mount (sys/self.h).
 */
#include "confine/rootless.h"
#include "runtime/container.h"
#include "sys/self.h"

static bool holds(const struct oci_id_maps *maps, uint32_t host_id)
{
    for (size_t i = 0; i < maps->n; i++)
        if (host_id >= maps->v[i].host_id && host_id - maps->v[i].host_id < maps->v[i].size)
            return true;
    return false;
}

int runtime_enter(struct runtime *rt, const char *id, struct error *err)
{
    struct container_state *st = NULL;
    int r = rootless_user() ? container_state(rt, id, &st, err) : 0;
    if (r >= 0 && st && st->pid > 0)
        r = rootless_join(st->pid, err);
    container_state_free(st);
    return r;
}

int runtime_protect(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    const struct oci_namespace *user = &l->namespaces[OCI_NS_USER];
    uid_t owner = 0;
    int r = rootless_user() ? rootless_enter_spec(spec, err) : 0;
    if (r < 0 || self_on_readonly_mount)
        return r;
    r = self_owner(&owner, err);
    if (r < 0)
        return r;
    bool apart = user->set && !user->path && (rootless_inside() || !holds(&l->uid_mappings, 0)) &&
                 !holds(&l->uid_mappings, owner);
    return apart ? 0 : rootless_protect(err);
}
