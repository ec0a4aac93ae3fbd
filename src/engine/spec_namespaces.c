// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_namespaces.c: namespaces, id maps, host name, sysctls. Everything is new unless a flag shares it. A namespace that
 * is shared with the host is left out of the specification; one of another container is joined by path. A user namespace that is
 * joined is given with its maps: the runtime compares them with what the kernel says.
 */
#include <errno.h>

#include "confine/idmap.h"
#include "engine/spec_internal.h"

/* The layers of an ordinary user's store cannot be id-mapped, so ids are those of the store; of a single one, that of the process. */
static void map_ids(struct build *b, struct oci_id_maps *maps, uint32_t user, const struct oci_id_maps *same)
{
    if (b->in->rootless_ids > 1) {
        *maps = *same;
        return;
    }
    bool single = b->in->rootless_ids == 1;
    maps->v = arena_array(b->a, 1, sizeof(*maps->v));
    maps->v[0] = (struct oci_id_map){ .container_id = single ? user : 0,
                                      .host_id = single ? 0 : b->in->range_first,
                                      .size = single ? 1 : IDMAP_RANGE };
    maps->n = 1;
}

static void build_userns(struct build *b)
{
    struct oci_linux *l = &b->spec->linux_;
    if (!b->in->userns) {
        const char *why = b->opt->userns != NULL ? "--userns host"
                          : b->compat            ? "--compat docker"
                                                 : "--privileged";
        source_set(b, "user-namespace", "%s", why);
        return;
    }
    l->namespaces[OCI_NS_USER] = (struct oci_namespace){ .set = true, .path = b->in->joins.user };
    if (b->in->joins.user != NULL)
        source_set(b, "user-namespace", "%s", b->in->joins.user_source);
    map_ids(b, &l->uid_mappings, b->in->user.uid, &b->in->rootless_uids);
    map_ids(b, &l->gid_mappings, b->in->user.gid, &b->in->rootless_gids);
}

static int check_user(const struct build *b, struct error *err)
{
    const struct user_identity *u = &b->in->user;
    uint32_t ids = b->in->rootless_ids;
    bool single = ids == 1 && b->in->userns;
    if (ids == 0 || (single && b->opt->group_add.n == 0) || (!single && u->uid < ids && u->gid < ids))
        return 0;
    return error_set(
        err, -ERANGE,
        "user %u:%u%s needs more ids than this user has (%u): add a range to /etc/subuid and /etc/subgid, and "
        "install newuidmap (Debian's package uidmap)",
        u->uid, u->gid, b->opt->group_add.n > 0 ? " with its groups" : "", ids);
}

/* Docker's rule: the host name of a container that shares the host's uts namespace is the host's. */
static int build_hostname(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    bool host_uts = o->uts != NULL && !str_eq(o->uts, "private");
    if (host_uts && (o->hostname != NULL || o->domainname != NULL))
        return error_set(err, -EINVAL, "--%s cannot be set together with --uts %s",
                         o->hostname != NULL ? "hostname" : "domainname", o->uts);
    if (host_uts)
        return 0;
    b->spec->hostname = o->hostname != NULL ? o->hostname : arena_strndup(b->a, b->in->id, 12);
    b->spec->domainname = o->domainname;
    if (b->spec->hostname[0] == '\0' || strlen(b->spec->hostname) > 64 ||
        strpbrk(b->spec->hostname, "/ \t\n") != NULL)
        return error_set(
            err, -EINVAL,
            "--hostname: the host name \"%s\" must have 1 to 64 characters, none of them a space or slash",
            b->spec->hostname);
    return 0;
}

static int build_sysctls(struct build *b, struct error *err)
{
    struct oci_pairs *s = &b->spec->linux_.sysctl;
    bool own_net = options_own_network(b->opt);
    if (own_net)
        oci_pairs_set(b->a, s, "net.ipv4.ip_unprivileged_port_start", "0");
    /* Docker grants ping to everybody; the highest group must have a name in the user namespace. */
    if (own_net && b->compat)
        oci_pairs_set(b->a, s, "net.ipv4.ping_group_range",
                      b->in->rootless_ids > 0
                          ? arena_printf(b->a, "0 %u", MIN_OF(b->in->rootless_ids, IDMAP_RANGE) - 1)
                      : b->in->userns ? "0 65535"
                                      : "0 2147483647");
    for (size_t i = 0; i < b->opt->sysctls.n; i++) {
        const struct oci_pair *p = &b->opt->sysctls.v[i];
        if (!own_net && str_after(p->key, "net.") != NULL)
            return error_set(
                err, -EINVAL,
                "--sysctl %s would change the network of --network %s; only a container with its own network has it",
                p->key, b->opt->network);
        oci_pairs_set(b->a, s, p->key, p->value);
        source_set(b, "sysctls", "--sysctl %s", p->key);
    }
    return 0;
}

int build_namespaces(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    const struct spec_joins *j = &b->in->joins;
    const struct {
        enum oci_namespace_kind kind;
        const char *control, *asked, *path;
    } table[] = {
        { OCI_NS_PID, "pid", o->pid, j->pid },
        { OCI_NS_NETWORK, "network", o->network, j->network },
        { OCI_NS_IPC, "ipc", o->ipc, j->ipc },
        { OCI_NS_UTS, "uts", o->uts, j->uts },
        { OCI_NS_CGROUP, "cgroup-namespace", o->cgroupns, NULL },
    };
    struct oci_namespace *ns = b->spec->linux_.namespaces;
    ns[OCI_NS_MOUNT].set = true;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        bool host = table[i].asked != NULL && str_eq(table[i].asked, "host");
        ns[table[i].kind] = (struct oci_namespace){ .set = !host, .path = table[i].path };
        if (host || table[i].path != NULL)
            source_set(b, table[i].control, "--%s %s",
                       table[i].kind == OCI_NS_CGROUP ? "cgroupns" : table[i].control, table[i].asked);
    }
    if (network_is_bridge(o->network))
        source_set(b, "network", "--network bridge");
    build_userns(b);
    int r = check_user(b, err);
    if (r >= 0)
        r = build_hostname(b, err);
    return r < 0 ? r : build_sysctls(b, err);
}
