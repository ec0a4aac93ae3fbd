// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the container's processes can reach our program file through /proc/self/exe, by executing that. Whether they could
 * write to it then is a question of ids: with a user namespace whose ids are not those of the file's owner they could not, and
 * nothing more is asked; otherwise the program must run from a read-only mount (sys/self.h).
 */
#include "runtime/container.h"
#include "sys/self.h"

static bool holds(const struct oci_id_maps *maps, uint32_t host_id)
{
    for (size_t i = 0; i < maps->n; i++)
        if (host_id >= maps->v[i].host_id && host_id - maps->v[i].host_id < maps->v[i].size)
            return true;
    return false;
}

int runtime_protect(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    const struct oci_namespace *user = &l->namespaces[OCI_NS_USER];
    uid_t owner = 0;
    if (self_on_readonly_mount)
        return 0;
    int r = self_owner(&owner, err);
    if (r < 0)
        return r;
    bool apart = user->set && !user->path && !holds(&l->uid_mappings, 0) && !holds(&l->uid_mappings, owner);
    return apart ? 0 : self_protect(err);
}
