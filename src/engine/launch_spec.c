// SPDX-License-Identifier: Apache-2.0
/*
 * engine/launch_spec.c: fills the input of the specification builder from the claims, the image and the host, and writes the
 * container's record. The one place where facts about the host enter a specification.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "confine/cgroup.h"
#include "confine/idmap.h"
#include "confine/seccomp_profile.h"
#include "engine/engine_internal.h"
#include "engine/health.h"
#include "engine/secrets.h"
#include "oci/reference.h"
#include "sys/file.h"
#include "sys/userns.h"

#define PROFILE_MAX (4u << 20)

/* What this process may hand on: ALL and docker's default never mean more. */
static uint64_t capabilities_permitted(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0)
        return 0;
    return (uint64_t) data[1].permitted << 32 | data[0].permitted;
}

/* The profile's text: in the program, or a file. *ret_owned is to be freed. */
static int find_profile(const struct run_options *o, struct spec_input *in, char **ret_owned,
                        struct error *err)
{
    const char *s = o->seccomp;
    if (s == NULL ? o->privileged : str_eq(s, "unconfined"))
        return 0;
    if (s == NULL || str_eq(s, "builtin") || str_eq(s, "default")) {
        in->seccomp_text = o->compat_docker ? seccomp_profile_docker(&in->seccomp_len)
                                            : seccomp_profile_default(&in->seccomp_len);
        in->seccomp_name = "the built-in seccomp profile";
        return 0;
    }
    int r = file_read(AT_FDCWD, s, PROFILE_MAX, ret_owned, &in->seccomp_len, err);
    if (r < 0)
        return error_context(err, r, "--security-opt seccomp");
    in->seccomp_text = *ret_owned;
    in->seccomp_name = s;
    return 0;
}

/* The name as docker shows it, with its tag; the beginning of the id when there is none. */
static const char *shown_image(struct launch *l)
{
    struct reference ref;
    char name[520];
    if (l->image->name == NULL || reference_parse(l->image->name, &ref, NULL) < 0)
        return arena_strndup(l->a, l->image->id, 12);
    reference_familiar_name(&ref, name, sizeof(name));
    return ref.tag[0] != '\0' ? arena_printf(l->a, "%s:%s", name, ref.tag) : arena_strdup(l->a, name);
}

/* The ids of our user namespace below 65536, each onto itself: a line of a map must not cross the borders of our own lines. */
static void same_ids(struct arena *a, const char *map, struct oci_id_maps *ret)
{
    struct userns_extent v[340];
    int n = userns_extents(map, v, ARRAY_LEN(v));
    ret->v = arena_array(a, (size_t) MAX_OF(n, 1), sizeof(*ret->v));
    for (int i = 0; i < n; i++)
        if (v[i].first < IDMAP_RANGE)
            ret->v[ret->n++] = (struct oci_id_map){ .container_id = v[i].first,
                                                    .host_id = v[i].first,
                                                    .size = MIN_OF(v[i].count, IDMAP_RANGE - v[i].first) };
}

int launch_build_spec(struct launch *l, struct error *err)
{
    const struct run_options *o = l->opt;
    _cleanup_free_ char *profile = NULL;
    bool shares_net = !options_own_network(o), own_files = options_network_files(o);
    struct spec_input in = {
        .opt = o,
        .id = l->id,
        .name = l->name,
        .image_name = shown_image(l),
        .config = &l->image->config,
        .layers = l->layers,
        .n_layers = l->n_layers,
        .user = l->user,
        .user_source = l->user_source,
        .userns = options_userns(o),
        .range_first = l->range_first,
        .rootless_ids = l->rootless_ids,
        .joins = l->joins,
        .upper = l->upper ? arena_printf(l->a, "%s/overlay/upper", l->directory) : NULL,
        .work = l->upper ? arena_printf(l->a, "%s/overlay/work", l->directory) : NULL,
        .volumes = l->volumes,
        .caps_held = capabilities_permitted(),
        .resolv = own_files ? arena_printf(l->a, "%s/resolv.conf", l->directory)
                  : shares_net && faccessat(AT_FDCWD, "/etc/resolv.conf", F_OK, 0) == 0 ? "/etc/resolv.conf"
                                                                                        : NULL,
        .host_mqueue = o->ipc != NULL && str_eq(o->ipc, "host") &&
                       faccessat(AT_FDCWD, "/dev/mqueue", F_OK, 0) == 0,
        .hosts = own_files ? arena_printf(l->a, "%s/hosts", l->directory)
                 : shares_net && faccessat(AT_FDCWD, "/etc/hosts", F_OK, 0) == 0 ? "/etc/hosts"
                                                                                 : NULL,
    };
    if (l->rootless_ids > 0) {
        same_ids(l->a, "uid_map", &in.rootless_uids);
        same_ids(l->a, "gid_map", &in.rootless_gids);
        free(cgroup_delegated(&in.budgets));
    }
    int r = find_profile(o, &in, &profile, err);
    return r < 0 ? r : engine_spec_build(&in, &l->spec, &l->sources, err);
}

int launch_write_record(struct launch *l, struct error *err)
{
    const struct run_options *o = l->opt;
    struct engine_record *r = l->record = engine_record_new();
    char now[CLOCK_TEXT_MAX];
    clock_now_text(now);
    r->id = l->id;
    r->name = l->name;
    r->image = shown_image(l);
    r->image_id = l->image->id;
    r->created = arena_strdup(r->arena, now);
    r->args = l->spec->process.args;
    r->sources = l->sources;
    r->range_first = l->range_first;
    r->joined = l->joined;
    r->cgroup = l->spec->linux_.cgroups_path;
    r->network = o->network != NULL ? o->network : "none";
    r->stop_signal = o->stop_signal != NULL ? o->stop_signal : l->image->config.stop_signal;
    if (str_empty(r->stop_signal))
        r->stop_signal = "SIGTERM";
    r->stop_timeout = o->stop_timeout.set ? o->stop_timeout.v : 10;
    r->rm = o->rm;
    r->tty = o->tty;
    r->interactive = o->interactive;
    r->stdin_once = o->interactive && !o->detach;
    r->init = o->init;
    r->ulimits = o->n_ulimits > 0;
    r->runs = o->create_only ? 0 : 1;
    r->detached = o->detach || o->monitored;
    r->started = r->detached ? r->created : NULL;
    r->boot = o->create_only ? NULL : engine_boot_id();
    r->restart = o->restart;
    r->restart_max = o->restart_max;
    r->timeout = o->timeout.set ? o->timeout.v : 0;
    run_options_health(o, &l->image->config, r->arena, &r->health);
    if (o->sdnotify != NULL && str_eq(o->sdnotify, "healthy") && !health_is_checked(&r->health))
        return error_set(
            err, -EINVAL,
            "--sdnotify healthy: there is no health check; the image has none, so give --health-cmd");
    r->sdnotify = o->sdnotify;
    for (size_t i = 0; i < l->image->config.labels.n; i++)
        oci_pairs_set(r->arena, &r->labels, l->image->config.labels.v[i].key,
                      l->image->config.labels.v[i].value);
    for (size_t i = 0; i < o->labels.n; i++)
        oci_pairs_set(r->arena, &r->labels, o->labels.v[i].key, o->labels.v[i].value);
    int e = record_log(r, o, &l->spec->process.env, err);
    if (e == 0)
        e = network_record(l, r, err);
    if (e < 0)
        return e;
    launch_record_secrets(l, &r->secrets);
    return engine_record_write(l->dirfd, r, false, err);
}
