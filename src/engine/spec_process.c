// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_process.c: who runs what, with which rights: arguments, environment, user, capabilities, limits, labels.
 *
 * Capabilities follow docker's arithmetic (what --cap-add and --cap-drop mean together), starting from none. What was added by
 * name also goes into the inheritable and ambient sets of a user who is not root: without them an added capability would be
 * lost at exec, and people would reach for root instead. Docker's 14 do not, so that an image's ordinary user gains nothing.
 */
#include <errno.h>
#include <limits.h>

#include "base/parse.h"
#include "confine/capabilities.h"
#include "engine/spec_internal.h"
#include "runtime/container.h"

static int cap_bits(struct build *b, const char *flag, const char *text, uint64_t *ret, struct error *err)
{
    unsigned cap;
    const char *comma = strchr(text, ',');
    if (comma != NULL) {
        uint64_t first = 0, rest = 0;
        int r = cap_bits(b, flag, arena_strndup(b->a, text, (size_t) (comma - text)), &first, err);
        if (r == 0)
            r = cap_bits(b, flag, comma + 1, &rest, err);
        if (r == 0)
            *ret = first | rest;
        return r;
    }
    if (strcasecmp(text, "ALL") == 0) {
        *ret = b->in->caps_held;
        return 0;
    }
    if (strcasecmp(text, "default") == 0) {
        *ret = capability_docker_default();
        return 0;
    }
    if (capability_parse(text, &cap) == 0) {
        *ret = 1ULL << cap;
        return 0;
    }
    const char *names[64], *near;
    size_t n = 0;
    for (unsigned i = 0; i < capability_count() && n < ARRAY_LEN(names); i++)
        names[n++] = capability_name(i) + strlen("CAP_");
    char *upper = arena_strdup(b->a, str_after(text, "CAP_") != NULL ? text + 4 : text);
    for (char *c = upper; *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char) (*c - 0x20) : *c;
    near = nearest_name(upper, names, n);
    return error_set(err, -EINVAL, "--%s: there is no capability \"%s\"%s%s%s", flag, text,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static void cap_strings(struct build *b, uint64_t set, struct oci_strings *to)
{
    for (unsigned i = 0; i < capability_count(); i++) {
        if (set & (1ULL << i))
            oci_strings_add(b->a, to, capability_name(i));
    }
}

static bool list_has_all(const struct oci_strings *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcasecmp(l->v[i], "ALL") == 0)
            return true;
    }
    return false;
}

int build_capabilities(struct build *b, struct error *err)
{
    const struct run_options *o = b->opt;
    uint64_t base = o->privileged ? b->in->caps_held
                    : b->compat   ? capability_docker_default() & b->in->caps_held
                                  : 0;
    uint64_t add = 0, drop = 0, bits = 0;
    for (size_t i = 0; i < o->cap_add.n; i++) {
        int r = cap_bits(b, "cap-add", o->cap_add.v[i], &bits, err);
        if (r < 0)
            return r;
        add |= bits;
    }
    for (size_t i = 0; i < o->cap_drop.n; i++) {
        int r = cap_bits(b, "cap-drop", o->cap_drop.v[i], &bits, err);
        if (r < 0)
            return r;
        drop |= bits;
    }
    /* Docker: dropping ALL leaves exactly what is added; adding ALL leaves all but what is dropped; else drop, then add. */
    if (list_has_all(&o->cap_drop))
        b->caps = add;
    else if (list_has_all(&o->cap_add))
        b->caps = add & ~drop;
    else
        b->caps = (base & ~drop) | add;
    b->ambient = b->in->user.uid != 0 ? b->caps & add : 0;
    struct oci_capabilities *c = &b->spec->process.capabilities;
    c->set = true;
    cap_strings(b, b->caps, &c->bounding);
    cap_strings(b, b->caps, &c->effective);
    cap_strings(b, b->caps, &c->permitted);
    cap_strings(b, b->ambient, &c->inheritable);
    cap_strings(b, b->ambient, &c->ambient);
    if (o->cap_add.n > 0)
        source_set(b, "capabilities", "--cap-add %s%s", o->cap_add.v[0], o->cap_add.n > 1 ? " …" : "");
    else if (o->privileged || b->compat)
        source_set(b, "capabilities", "%s", o->privileged ? "--privileged" : "--compat docker");
    return 0;
}

/* A variable that the person gives hides the image's. */
static int refuse_secrets(struct build *b, struct error *err)
{
    const struct oci_strings *asked = &b->opt->env, *image = &b->image->env;
    int r = 0;
    if (b->compat)
        return 0;
    if (b->opt->env_secret_ok) {
        source_set(b, "environment", "--env-secret-ok");
        return 0;
    }
    for (size_t i = 0; i < asked->n && r == 0; i++)
        r = env_secret_refuse(asked->v[i], "--env", err);
    for (size_t i = 0; i < image->n && r == 0; i++) {
        size_t n = strcspn(image->v[i], "=");
        bool hidden = false;
        for (size_t k = 0; k < asked->n && !hidden; k++)
            hidden = strcspn(asked->v[k], "=") == n && strncmp(asked->v[k], image->v[i], n) == 0;
        if (!hidden)
            r = env_secret_refuse(image->v[i], "the image's ENV", err);
    }
    return r;
}

static int build_environment(struct build *b, struct error *err)
{
    struct oci_strings *env = &b->spec->process.env;
    int r = refuse_secrets(b, err);
    if (r < 0)
        return r;
    oci_strings_add(b->a, env, "PATH=" DEFAULT_PATH);
    if (b->spec->hostname != NULL)
        oci_strings_add(b->a, env, arena_printf(b->a, "HOSTNAME=%s", b->spec->hostname));
    if (b->opt->tty)
        oci_strings_add(b->a, env, "TERM=xterm");
    for (size_t i = 0; i < b->image->env.n; i++) {
        if (strchr(b->image->env.v[i], '=') > b->image->env.v[i])
            env_list_set(b->a, env, b->image->env.v[i]);
    }
    for (size_t i = 0; i < b->opt->env.n; i++)
        env_list_set(b->a, env, b->opt->env.v[i]);
    if (b->opt->sdnotify != NULL && str_eq(b->opt->sdnotify, "container"))
        env_list_set(b->a, env, "NOTIFY_SOCKET=" NOTIFY_PATH);
    if (env_list_get(env, "HOME") == NULL)
        oci_strings_add(b->a, env,
                        arena_printf(b->a, "HOME=%s", b->in->user.home != NULL ? b->in->user.home : "/"));
    return 0;
}

static int build_user(struct build *b, struct error *err)
{
    const struct user_identity *u = &b->in->user;
    struct oci_user *to = &b->spec->process.user;
    for (size_t i = 0; b->in->userns && i < u->n_gids; i++) {
        if (u->gids[i] >= 65536)
            return error_set(
                err, -ERANGE,
                "group %u is outside of the 65536 ids that a container has; use another or --userns host",
                u->gids[i]);
    }
    if (b->in->userns && (u->uid >= 65536 || u->gid >= 65536))
        return error_set(
            err, -ERANGE,
            "user %u:%u is outside of the 65536 ids that a container has; use another or --userns host",
            u->uid, u->gid);
    to->uid = u->uid;
    to->gid = u->gid;
    to->n_additional_gids = u->n_gids;
    to->additional_gids = arena_array(b->a, u->n_gids, sizeof(uint32_t));
    if (u->n_gids > 0)
        memcpy(to->additional_gids, u->gids, u->n_gids * sizeof(uint32_t));
    if (b->in->user_source != NULL)
        source_set(b, "user", "%s", b->in->user_source);
    return 0;
}

static void add_rlimit(struct build *b, const char *type, uint64_t soft, uint64_t hard)
{
    struct oci_process *p = &b->spec->process;
    p->rlimits = arena_grow(b->a, p->rlimits, p->n_rlimits, p->n_rlimits + 1, sizeof(*p->rlimits));
    p->rlimits[p->n_rlimits++] = (struct oci_rlimit){ .type = type, .soft = soft, .hard = hard };
}

static int build_rlimits(struct build *b)
{
    static const struct {
        const char *type, *control;
        uint64_t value;
    } defaults[] = {
        { "RLIMIT_NOFILE", "files", ENGINE_NOFILE_DEFAULT },
        { "RLIMIT_CORE", "core-dumps", 0 },
    };
    for (size_t d = 0; d < ARRAY_LEN(defaults); d++) {
        bool given = false;
        for (size_t i = 0; i < b->opt->n_ulimits; i++)
            given = given || str_eq(b->opt->ulimits[i].name, defaults[d].type);
        if (given)
            source_set(b, defaults[d].control, "--ulimit");
        else if (b->compat)
            source_set(b, defaults[d].control, "--compat docker");
        else
            add_rlimit(b, defaults[d].type, defaults[d].value, defaults[d].value);
    }
    for (size_t i = 0; i < b->opt->n_ulimits; i++)
        add_rlimit(b, b->opt->ulimits[i].name, b->opt->ulimits[i].soft, b->opt->ulimits[i].hard);
    return 0;
}

/* SELinux: docker's container_t with the parts that were asked for. Nothing is labelled unless somebody asks. */
static void build_labels(struct build *b)
{
    struct oci_process *p = &b->spec->process;
    const struct oci_strings *l = &b->opt->selinux;
    const char *part[] = { "system_u", "system_r", "container_t", "s0" };
    static const char *const keys[] = { "user:", "role:", "type:", "level:" };
    bool any = false;
    for (size_t i = 0; i < l->n; i++) {
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            const char *v = str_after(l->v[i], keys[k]);
            if (v != NULL) {
                part[k] = v;
                any = true;
            }
        }
    }
    if (any) {
        p->selinux_label = arena_printf(b->a, "%s:%s:%s:%s", part[0], part[1], part[2], part[3]);
        source_set(b, "selinux", "--security-opt label");
    }
    if (b->opt->apparmor != NULL) {
        p->apparmor_profile = str_eq(b->opt->apparmor, "unconfined") ? NULL : b->opt->apparmor;
        source_set(b, "apparmor", "--security-opt apparmor=%s", b->opt->apparmor);
    }
}

static int build_cwd(struct build *b, struct error *err)
{
    const char *cwd = b->opt->workdir != NULL ? b->opt->workdir : b->image->working_dir;
    if (str_empty(cwd))
        cwd = "/";
    const char *whose = b->opt->workdir != NULL ? "--workdir" : "the image's WORKDIR";
    if (cwd[0] != '/')
        return error_set(err, -EINVAL, "%s: the working directory \"%s\" must be an absolute path", whose,
                         cwd);
    if (text_has_control(cwd) || strlen(cwd) >= PATH_MAX)
        return error_set(
            err, -EINVAL,
            "%s: the working directory must be shorter than %d bytes, without control characters", whose,
            PATH_MAX);
    if (container_path_clean(b->a, cwd, &cwd, NULL) < 0)
        cwd = "/"; /* it is another word for that */
    b->spec->process.cwd = cwd;
    return 0;
}

int build_process(struct build *b, struct error *err)
{
    struct oci_process *p = &b->spec->process;
    p->set = true;
    p->terminal = b->opt->tty;
    int r = options_arguments(b->opt, b->image, b->a, &p->args, err);
    if (r == 0)
        r = build_cwd(b, err);
    if (r == 0)
        r = build_user(b, err);
    if (r == 0)
        r = build_environment(b, err);
    if (r == 0)
        r = build_rlimits(b);
    if (r < 0)
        return r;
    p->no_new_privileges = b->opt->no_new_privileges.set ? b->opt->no_new_privileges.v : b->sealed;
    if (!p->no_new_privileges)
        source_set(b, "no-new-privileges", "%s",
                   b->opt->no_new_privileges.set ? "--security-opt no-new-privileges=false"
                   : b->compat                   ? "--compat docker"
                                                 : "--privileged");
    if (b->opt->oom_score_adj.set) {
        p->oom_score_adj = b->opt->oom_score_adj;
        source_set(b, "oom-score-adj", "--oom-score-adj %lld", (long long) p->oom_score_adj.v);
    }
    build_labels(b);
    return 0;
}
