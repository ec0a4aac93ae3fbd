// SPDX-License-Identifier: Apache-2.0
/*
 * Control groups: which hierarchies a container uses, and what is done to all of them at once.
 *
 * Threats met here: a container that takes more than its share; a hostile cgroupsPath that leads out of the hierarchy (checked
 * as text, every component); a limit that quietly is not there (every needed controller is found or the start fails, limits
 * are written before anybody is inside); processes that outlive their container (signal, remove). A container can only ever
 * make cgroups below its own; cgroup file systems know no symbolic links, so walking below a directory of ours is safe.
 */
#include "confine/cgroup_annotations.h"
#include "confine/cgroup_systemd.h"

#include "sys/mnt.h"

#define SYSTEMD "systemd:" /* what a recorded unit begins with; a path begins with a slash */

int cgroup_path_check(const char *path, struct error *err)
{
    const char *p = path;

    if (path[0] != '/' || path[1] == '\0')
        return error_set(err, -EINVAL, "cgroup path \"%s\" must be absolute and not the root", path);
    if (strlen(path) >= PATH_MAX / 2)
        return error_set(err, -ENAMETOOLONG, "cgroup path is longer than %d bytes", PATH_MAX / 2);
    for (const char *c = path; *c; c++) {
        if ((unsigned char) *c < 0x20 || *c == 0x7f)
            return error_set(err, -EINVAL, "cgroup path has a control character at byte %zu",
                             (size_t) (c - path));
    }
    while (*p == '/') {
        size_t n = strcspn(++p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.') || n > NAME_MAX)
            return error_set(err, -EINVAL,
                             "cgroup path \"%s\" has an empty, \".\", \"..\" or too long component", path);
        p += n;
    }
    return 0;
}

char *cgroup_default_path(const char *cgroups_path, const char *id)
{
    if (str_empty(cgroups_path))
        return xasprintf("/oakum-%s", id);
    return xasprintf("%s%s", cgroups_path[0] == '/' ? "" : "/", cgroups_path);
}

int cgroup_full_path(char *buf, const char *root, const char *path, struct error *err)
{
    int r = str_format(buf, PATH_MAX, "%s%s", root, path);

    return r < 0 ? error_set(err, r, "cgroup path \"%s\" is too long", path) : 0;
}

/* ---- the set of hierarchies ---- */

struct cgroup_hier *cgroup_hier_v2(const struct cgroup *cg)
{
    for (size_t i = 0; i < cg->n; i++) {
        if (cg->h[i].v2)
            return (struct cgroup_hier *) &cg->h[i];
    }
    return NULL;
}

struct cgroup_hier *cgroup_hier_of(const struct cgroup *cg, enum cgroup_controller c)
{
    for (size_t i = 0; i < cg->n; i++) {
        if (cg->h[i].controllers & CGROUP_BIT(c))
            return (struct cgroup_hier *) &cg->h[i];
    }
    return NULL;
}

struct cgroup_hier *cgroup_hier_add(struct cgroup *cg)
{
    struct cgroup_hier *h = &cg->h[cg->n++];

    *h = (struct cgroup_hier){ .dirfd = -1, .joinfd = -1, .view = -1 };
    return h;
}

/* A path, or a recorded unit, whose path is "" as long as it is not known. */
static int parse_handle(const char *handle, struct cgroup_unit **ret_unit, const char **ret_path,
                        struct error *err)
{
    const char *unit = str_after(handle, SYSTEMD);
    int r = 0;

    *ret_unit = NULL;
    *ret_path = handle;
    if (unit)
        r = cgroup_unit_parse(unit, ret_unit, ret_path, err);
    if (r == 0 && !(*ret_unit && (*ret_path)[0] == '\0'))
        r = cgroup_path_check(*ret_path, err);
    if (r < 0)
        cgroup_unit_free(TAKE_PTR(*ret_unit));
    return r;
}

const char *cgroup_handle_path(const char *handle)
{
    return str_after(handle, SYSTEMD) ? strrchr(handle, ':') + 1 : handle;
}

char *cgroup_handle(const struct cgroup *cg)
{
    const struct cgroup_unit *u = cg->unit;

    return u ? xasprintf(SYSTEMD "%s:%s:%s:%s", u->user ? "user" : "system", u->slice, u->name, cg->path)
             : xstrdup(cg->path);
}

static int cgroup_new(const char *handle, struct cgroup **ret, struct error *err)
{
    struct cgroup_host host;
    struct cgroup_unit *unit;
    const char *path;
    int r = parse_handle(handle, &unit, &path, err);

    if (r < 0)
        return r;
    r = cgroup_host_open(&host, err);
    if (r < 0) {
        cgroup_unit_free(unit);
        return r;
    }
    *ret = xcalloc(1, sizeof **ret);
    (*ret)->host = host;
    (*ret)->path = xstrdup(path);
    (*ret)->delegate_fd = (*ret)->control_fd = -1;
    (*ret)->unit = unit;
    return 0;
}

/* Closes the hierarchies from the keep'th on. */
static void drop_hiers(struct cgroup *cg, size_t keep)
{
    while (cg->n > keep) {
        struct cgroup_hier *h = &cg->h[--cg->n];
        if (h->dirfd >= 0)
            close(h->dirfd);
        if (h->joinfd >= 0)
            close(h->joinfd);
        cleanup_close(&h->view);
        free(h->root);
        free(h->name);
    }
}

/* Removes the directories that were made for the hierarchies from the keep'th on, and closes those. */
static void unmake(struct cgroup *cg, size_t keep)
{
    for (size_t i = cg->n; i-- > keep;)
        cgroup_unmake_dirs(cg->host.base, cg->h[i].root, cg->path, cg->h[i].made);
    drop_hiers(cg, keep);
}

void cgroup_free(struct cgroup *cg)
{
    if (!cg)
        return;
    drop_hiers(cg, 0);
    cgroup_host_close(&cg->host);
    cgroup_unit_free(cg->unit);
    cleanup_close(&cg->delegate_fd);
    cleanup_close(&cg->control_fd);
    free(cg->delegate_controllers);
    free(cg->path);
    free(cg);
}

const char *cgroup_hierarchy(const struct cgroup *cg, size_t i)
{
    return i >= cg->n ? NULL : cg->h[i].v2 ? "" : cg->h[i].name;
}

/* ---- directories ---- */

int cgroup_make_dirs(int base, const char *root, const char *path, unsigned *made, struct error *err)
{
    char full[PATH_MAX];
    size_t root_len = strlen(root);
    int r = cgroup_full_path(full, root, path, err);

    if (r < 0)
        return r;
    *made = 0;
    if (mkdirat(base, full, 0755) == 0) {
        *made = 1;
        return 0;
    }
    if (errno == EEXIST)
        return -EEXIST;
    if (errno != ENOENT)
        return error_errno(err, -errno, "cannot make cgroup %s", full);
    if (faccessat(base, root, F_OK, 0) < 0)
        return -ENOENT;
    for (char *p = full + root_len + 1;; p++) { /* each parent, then the leaf */
        char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdirat(base, full, 0755) == 0)
            ++*made;
        else if (errno != EEXIST || c == '\0') {
            r = errno == EEXIST ? -EEXIST : error_errno(err, -errno, "cannot make cgroup %s", full);
            *p = c;
            cgroup_unmake_dirs(base, root, path, *made);
            return r;
        } else
            *made = 0; /* somebody else's: what was made above it is no longer ours alone */
        if (c == '\0')
            return 0;
        *p = c;
    }
}

void cgroup_unmake_dirs(int base, const char *root, const char *path, unsigned made)
{
    char full[PATH_MAX];

    if (cgroup_full_path(full, root, path, NULL) < 0)
        return;
    for (; made > 0; made--) {
        char *slash = strrchr(full, '/');
        if (unlinkat(base, full, AT_REMOVEDIR) < 0 && errno != ENOENT &&
            cgroup_tree_remove(base, full, NULL) < 0)
            return;
        if (!slash)
            return;
        *slash = '\0';
    }
}

int cgroup_clear_leftover(int base, const char *full, struct error *err)
{
    _cleanup_pid_list_ struct pid_list l = { 0 };
    _cleanup_close_ int fd = openat(base, full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char shown[PATH_MAX];
    int r;

    if (fd < 0)
        return error_errno(err, -errno, "cannot open cgroup %s", full);
    r = cgroup_tree_pids(fd, &l, err);
    if (r < 0)
        return r;
    cgroup_show_path(shown, full);
    if (l.n > 0)
        return error_set(err, -EEXIST, "cgroup %s is in use by %zu process(es), the first is %d", shown, l.n,
                         (int) l.v[0]);
    return cgroup_tree_remove(base, full, err);
}

/* ---- what a container needs ---- */

int cgroup_use_controller(struct cgroup *cg, enum cgroup_controller c, const char *field, struct error *err)
{
    const char *fields[CGROUP_CONTROLLERS] = { NULL };
    int r = cgroup_v1_use(cg, c, err);

    if (r == -ENXIO && !cg->host.v2_base && !cgroup_host_v2(&cg->host)) {
        const char *name = cgroup_controller_name(c, false);
        return error_set(err, -ENODEV, "linux.resources.%s: this host has no cgroup controller \"%s\"", field,
                         name);
    }
    if (r != -ENXIO)
        return r;
    fields[c] = field;
    return cgroup_v2_use(cg, CGROUP_BIT(c), fields, err);
}

/* Nobody asked for a controller: one hierarchy all the same, so that kill and ps have a handle. */
static int use_any(struct cgroup *cg, struct error *err)
{
    static const enum cgroup_controller order[] = { CGROUP_PIDS,    CGROUP_DEVICES, CGROUP_MEMORY, CGROUP_CPU,
                                                    CGROUP_FREEZER, CGROUP_CPUSET,  CGROUP_IO };

    for (size_t i = 0; !cg->host.v2_base && i < ARRAY_LEN(order); i++) {
        int r = cgroup_v1_use(cg, order[i], err);
        if (r != -ENXIO)
            return r;
    }
    if (!cgroup_host_v2(&cg->host))
        return error_set(err, -ENODEV, "this host has no cgroup hierarchy mounted");
    return cgroup_v2_use(cg, 0, NULL, err);
}

static int use_needed(struct cgroup *cg, unsigned need, const char *const *fields, struct error *err)
{
    int r = 0;

    if (need == 0)
        return use_any(cg, err);
    if (cg->host.v2_base)
        return cgroup_v2_use(cg, need, fields, err);
    for (int c = 0; c < CGROUP_CONTROLLERS && r == 0; c++) {
        if ((need & CGROUP_BIT(c)) && !cgroup_hier_of(cg, c))
            r = cgroup_use_controller(cg, c, fields[c], err);
    }
    return r;
}

int cgroup_use_counters(struct cgroup *cg, struct error *err)
{
    static const enum cgroup_controller counters[] = { CGROUP_MEMORY, CGROUP_CPU, CGROUP_CPUACCT, CGROUP_PIDS,
                                                       CGROUP_IO };

    for (size_t i = 0; !cg->host.v2_base && i < ARRAY_LEN(counters); i++) {
        int r = cgroup_hier_of(cg, counters[i]) ? 0 : cgroup_v1_use(cg, counters[i], err);
        if (r < 0 && r != -ENXIO)
            return r;
    }
    return 0;
}

/* Bits of the needed controllers that are served by the v2 tree; one more for the v2 core. */
static unsigned on_v2(const struct cgroup *cg, unsigned need)
{
    unsigned bits = cgroup_hier_v2(cg) ? CGROUP_BIT(CGROUP_CONTROLLERS) : 0;

    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if ((need & CGROUP_BIT(c)) && !cgroup_hier_of(cg, c))
            bits |= CGROUP_BIT(c);
    }
    return bits;
}

static int write_devices(const struct cgroup *cg, const struct oci_resources *res, struct arena *a,
                         bool fresh, struct error *err)
{
    const struct cgroup_hier *h = cgroup_hier_of(cg, CGROUP_DEVICES);
    struct device_rule *rules;
    int r;

    /* A user may load no program for it; in a user namespace, where such a container is, no device node can be made. */
    if (res->n_devices == 0 || (cg->unit && cg->unit->user))
        return 0;
    r = cgroup_device_rules(res->devices, res->n_devices, a, &rules, err);
    if (r < 0)
        return r;
    return h ? cgroup_v1_devices(h, rules, res->n_devices, fresh, err)
             : cgroup_v2_devices(cgroup_hier_v2(cg), rules, res->n_devices, fresh, err);
}

static int write_limits(const struct cgroup *cg, const struct oci_resources *res, unsigned need,
                        const struct cgroup_current *cur, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct cgroup_plan plan = { .arena = a };
    int r = cgroup_plan_make(res, on_v2(cg, need), cur, &plan, err);

    if (r == 0)
        r = cgroup_plan_apply(cg, &plan, err);
    if (r == 0)
        r = write_devices(cg, res, a, cur->fresh, err);
    return r;
}

bool cgroup_limits_asked(const struct oci_resources *res)
{
    const char *fields[CGROUP_CONTROLLERS] = { NULL };
    unsigned need = 0;
    return cgroup_needs(res, true, fields, &need, NULL) < 0 || (need & ~CGROUP_BIT(CGROUP_DEVICES)) != 0;
}

/* ---- open ---- */

/* Opens root + path as another hierarchy of cg. 0, or -ENOENT without a message. */
static int open_hier(struct cgroup *cg, const char *root, const char *name, enum cgroup_controller c, bool v2,
                     struct error *err)
{
    char full[PATH_MAX];
    struct cgroup_hier *h;
    struct stat st;
    int r = cgroup_full_path(full, root, cg->path, err);
    _cleanup_close_ int fd = -1, joinfd = -1;

    if (r < 0)
        return r;
    fd = openat(cg->host.base, full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ENOENT : error_errno(err, -errno, "cannot open cgroup %s", full);
    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at cgroup %s", full);
    for (size_t i = 0; i < cg->n; i++) {
        if (cg->h[i].dev == st.st_dev) { /* co-mounted */
            cg->h[i].controllers |= CGROUP_BIT(c);
            return 0;
        }
    }
    joinfd = openat(fd, v2 ? "cgroup.procs" : "tasks", (v2 ? O_RDWR : O_WRONLY) | O_CLOEXEC);
    if (joinfd < 0) /* a directory that is no cgroup */
        return errno == ENOENT ? -ENOENT
                               : error_errno(err, -errno, "cannot open the process list of cgroup %s", full);
    h = cgroup_hier_add(cg);
    h->v2 = v2;
    h->controllers = v2 ? 0 : CGROUP_BIT(c);
    h->dev = st.st_dev;
    h->root = xstrdup(root);
    h->name = xstrdup(name);
    h->dirfd = TAKE_FD(fd);
    h->joinfd = TAKE_FD(joinfd);
    return 0;
}

static int open_all(struct cgroup *cg, struct error *err)
{
    int r = 0;

    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        const char *root = cgroup_host_v1(&cg->host, c);
        if (root)
            r = open_hier(cg, root, cgroup_controller_name(c, false), c, false, err);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    if (cg->unit && !cg->host.v2_base) /* where systemd looks for the scope's processes */
        r = open_hier(cg, "systemd", "systemd", CGROUP_CONTROLLERS, false, err);
    if (r < 0 && r != -ENOENT)
        return r;
    if (cgroup_host_v2(&cg->host))
        r = open_hier(cg, cg->host.v2_root, "unified", 0, true, err);
    return r == -ENOENT ? 0 : r;
}

int cgroup_open(const char *handle, struct cgroup **ret, struct error *err)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    int r = cgroup_new(handle, &cg, err);

    if (r < 0)
        return r;
    if (cg->unit && cg->path[0] == '\0')
        return error_set(err, -ENOENT, "the scope %s was not made", cg->unit->name);
    r = open_all(cg, err);
    if (r == 0 && cg->n == 0 && !cg->host.mountinfo_read) { /* hierarchies in an unusual place? */
        r = cgroup_host_read_mountinfo(&cg->host, err);
        if (r == 0)
            r = open_all(cg, err);
    }
    if (r < 0)
        return r;
    if (cg->n == 0)
        return error_set(err, -ENOENT, "there is no cgroup %s", cg->path);
    *ret = TAKE_PTR(cg);
    return 0;
}

/* ---- create ---- */

/*
 * run.oci.systemd.subgroup: the container is in a cgroup below the scope's. On v2 the holder goes there first, or the scope could not
 * pass its controllers on.
 */
static int enter_subgroup(struct cgroup *cg, const char *name, struct error *err)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", cg->path, name), *whole = xasprintf("/%s", name);
    bool made = false;
    int r = strchr(name, '/') || cgroup_path_check(whole, NULL) < 0
                ? error_set(err, -EINVAL,
                            "annotations." CGROUP_SUBGROUP ": \"%s\" is not the name of a cgroup", name)
                : cgroup_path_check(path, err);

    for (int c = 0; r == 0 && c < CGROUP_CONTROLLERS + 2; c++) {
        char scope[PATH_MAX], full[PATH_MAX];
        const char *root = c < CGROUP_CONTROLLERS    ? cgroup_host_v1(&cg->host, c)
                           : c == CGROUP_CONTROLLERS ? cgroup_host_v2(&cg->host)
                           : cg->host.v2_base        ? NULL
                                                     : "systemd";
        if (!root || cgroup_full_path(scope, root, cg->path, NULL) < 0 ||
            faccessat(cg->host.base, scope, F_OK, 0) < 0)
            continue;
        r = cgroup_full_path(full, root, path, err);
        if (r == 0 && mkdirat(cg->host.base, full, 0755) < 0 && errno != EEXIST)
            r = error_errno(err, -errno, "cannot make cgroup %s", full);
        made = true;
    }
    if (r == 0 && !made)
        r = error_set(err, -ENOENT, "there is no cgroup %s, where systemd says the scope is", cg->path);
    if (r < 0)
        return r;
    free(cg->path);
    cg->path = TAKE_PTR(path);
    return 0;
}

/* The scope, and a grip on the directories that systemd made for it. On v1 they have other names than their first controller. */
static int start_unit(struct cgroup *cg, const struct oci_resources *res, struct error *err)
{
    const char *subgroup = cg->unit->annotations ? oci_pairs_get(cg->unit->annotations, CGROUP_SUBGROUP)
                                                 : NULL;
    int r = cgroup_unit_start(cg, res, err);

    if (r == 0 && !str_empty(subgroup))
        r = enter_subgroup(cg, subgroup, err);
    if (r == 0)
        r = open_all(cg, err);
    if (r == 0 && !str_empty(subgroup) && cg->host.v2_base && cg->n > 0)
        r = cgroup_add_pid(cg, cg->unit->holder, err);
    if (r == 0 && cg->n == 0)
        r = error_set(err, -ENOENT, "there is no cgroup %s, where systemd says the scope is", cg->path);
    for (int c = 0; c < CGROUP_CONTROLLERS && r == 0; c++) {
        struct cgroup_hier *h = cgroup_hier_of(cg, c);
        if (!h || !str_eq(h->name, cgroup_controller_name(c, false)))
            continue;
        free(h->name);
        h->name = cgroup_v1_name(cg->host.base, h->root, c);
    }
    return r;
}

/* With a budget of one process the holder would be it. cgroup_settle() takes the room back. */
static int room_for_holder(const struct cgroup *cg, struct error *err)
{
    const struct cgroup_hier *v1 = cgroup_hier_of(cg, CGROUP_PIDS), *h = v1 ? v1 : cgroup_hier_v2(cg);

    return cg->unit->pids_one_off && h ? file_write_value(h->dirfd, "pids.max", "2", err) : 0;
}

int cgroup_create(const char *path, const struct oci_resources *res, struct cgroup **ret, struct error *err)
{
    return cgroup_create_annotated(path, res, NULL, ret, err);
}

int cgroup_create_annotated(const char *path, const struct oci_resources *res,
                            const struct oci_pairs *annotations, struct cgroup **ret, struct error *err)
{
    static const struct oci_resources nothing = { 0 };
    const struct cgroup_current cur = { .fresh = true };
    const char *fields[CGROUP_CONTROLLERS] = { NULL };
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    unsigned need;
    int r;

    if (!res)
        res = &nothing;
    r = cgroup_needs(res, true, fields, &need, err);
    if (r == 0)
        r = cgroup_new(path, &cg, err);
    if (r < 0 || !cg)
        return r;
    if (cg->unit) {
        cg->unit->annotations = annotations;
        r = start_unit(cg, res, err);
        cg->unit->annotations = NULL;
    }
    if (r == 0)
        r = use_needed(cg, need, fields, err);
    if (r == 0)
        r = write_limits(cg, res, need, &cur, err);
    if (r == 0 && cg->unit)
        r = room_for_holder(cg, err);
    if (r < 0) {
        unmake(cg, 0);
        if (cg->unit && cg->unit->started) /* else it is somebody else's, or none */
            (void) cgroup_unit_stop(cg->unit, NULL);
        return r;
    }
    *ret = TAKE_PTR(cg);
    return 0;
}

/* ---- freeze, update ---- */

int cgroup_freeze(struct cgroup *cg, bool frozen, struct error *err)
{
    struct cgroup_hier *v2 = cgroup_hier_v2(cg);

    return cg->host.v2_base && v2 ? cgroup_v2_freeze(v2, frozen, err) : cgroup_v1_freeze(cg, frozen, err);
}

int cgroup_frozen(const struct cgroup *cg, bool *ret, struct error *err)
{
    const struct cgroup_hier *v1 = cgroup_hier_of(cg, CGROUP_FREEZER), *h = v1 ? v1 : cgroup_hier_v2(cg);
    _cleanup_free_ char *text = NULL;
    int r;

    if (!h) { /* the freezer is joined at the first freeze */
        *ret = false;
        return 0;
    }
    r = file_read(h->dirfd, v1 ? "freezer.state" : "cgroup.events", CGROUP_VALUE_MAX, &text, NULL, err);
    if (r < 0)
        return r;
    *ret = v1 ? str_after(text, "FROZEN") != NULL : strstr(text, "frozen 1") != NULL;
    return 0;
}

int cgroup_path_frozen(const char *path, bool *ret, struct error *err)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    const char *root;
    int r = cgroup_new(path, &cg, err);

    if (r < 0)
        return r;
    if ((root = cgroup_host_v1(&cg->host, CGROUP_FREEZER)))
        r = open_hier(cg, root, "freezer", CGROUP_FREEZER, false, err);
    if ((r == 0 || r == -ENOENT) && cg->n == 0 && (root = cgroup_host_v2(&cg->host)))
        r = open_hier(cg, root, "unified", 0, true, err);
    if (r < 0 && r != -ENOENT)
        return r;
    if (cg->n == 0 && !cgroup_host_v2(&cg->host) && faccessat(cg->host.base, "freezer", F_OK, 0) < 0) {
        _cleanup_cgroup_ struct cgroup *all = NULL; /* nothing is where it usually is */
        r = cgroup_open(path, &all, err);
        return r < 0 ? r : cgroup_frozen(all, ret, err);
    }
    return cgroup_frozen(cg, ret, err);
}

int cgroup_freezer_fd(const struct cgroup *cg)
{
    const struct cgroup_hier *v1 = cgroup_hier_of(cg, CGROUP_FREEZER), *h = v1 ? v1 : cgroup_hier_v2(cg);
    return h ? h->dirfd : -1;
}

int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *fields[CGROUP_CONTROLLERS] = { NULL };
    struct cgroup_current cur;
    size_t before = cg->n;
    unsigned need;
    int r = cgroup_needs(res, false, fields, &need, err);

    if (r == 0 && need != 0)
        r = use_needed(cg, need, fields, err);
    if (r == 0)
        r = cgroup_check_use(cg, &res->memory, err);
    if (r == 0)
        r = cgroup_read_current(cg, res, a, &cur, err);
    if (r == 0)
        r = write_limits(cg, res, need, &cur, err);
    for (size_t i = before; i < cg->n && r == 0; i++)
        r = cgroup_move_all(cg, &cg->h[i], err);
    if (r < 0)
        unmake(cg, before);
    return r == 0 && cg->unit ? cgroup_unit_update(cg, res, err) : r;
}

bool cgroup_swap_apart(const struct cgroup *cg)
{
    return !cgroup_hier_of(cg, CGROUP_MEMORY) && cgroup_hier_v2(cg) != NULL;
}

/* ---- remove, mount ---- */

/* One directory; *found is set if it was there. */
static int remove_one(const struct cgroup_host *h, const char *root, const char *path, bool *found,
                      struct error *err)
{
    char full[PATH_MAX];
    int r = cgroup_full_path(full, root, path, err);

    if (r < 0)
        return r;
    if (unlinkat(h->base, full, AT_REMOVEDIR) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        r = cgroup_tree_remove(h->base, full, err);
    }
    *found = true;
    return r;
}

/* The first failure is told, the other hierarchies are cleaned all the same. */
static int remove_all(struct cgroup_host *h, const char *path, bool *found, struct error *err)
{
    int result = 0;

    for (int c = 0; c <= CGROUP_CONTROLLERS; c++) {
        const char *root = c < CGROUP_CONTROLLERS ? cgroup_host_v1(h, c)
                           : h->v2_root           ? h->v2_root
                                                  : "unified";
        int r = root ? remove_one(h, root, path, found, result < 0 ? NULL : err) : 0;
        if (result == 0)
            result = r;
    }
    return result;
}

static int remove_path(const char *path, struct error *err)
{
    struct cgroup_host h;
    bool found = false;
    int r = cgroup_host_open(&h, err);

    if (r < 0)
        return r;
    r = remove_all(&h, path, &found, err);
    if (r == 0 && !found && !h.v2_base) { /* hierarchies in an unusual place? */
        r = cgroup_host_read_mountinfo(&h, err);
        if (r == 0)
            r = remove_all(&h, path, &found, err);
    }
    cgroup_host_close(&h);
    return r;
}

int cgroup_remove(const char *handle, struct error *err)
{
    struct cgroup_unit *unit;
    const char *path;
    int r = parse_handle(handle, &unit, &path, err), left = 0;

    if (r < 0)
        return r;
    /*
     * Without a path: its maker died over it. Then it has gone with the holder, unless systemd came to it after the holder's end: it does not
     * collect a scope that never had a process. One of that name that has processes is somebody else's.
     */
    if (unit)
        r = path[0] != '\0' ? cgroup_unit_stop(unit, err) : cgroup_unit_stop_empty(unit, err);
    if (path[0] != '\0') {
        _cleanup_free_ char *whole = unit ? cgroup_unit_path(unit, path) : xstrdup(path);
        left = remove_path(whole, r < 0 ? NULL : err);
    }
    cgroup_unit_free(unit);
    return r < 0 ? r : left;
}

int cgroup_destroy(const struct cgroup *cg, struct error *err)
{
    int result = cg->unit ? cgroup_unit_stop(cg->unit, err) : 0;
    bool found = false;
    _cleanup_free_ char *whole = cg->unit ? cgroup_unit_path(cg->unit, cg->path) : xstrdup(cg->path);

    for (size_t i = 0; i < cg->n; i++) {
        int r = remove_one(&cg->host, cg->h[i].root, whole, &found, result < 0 ? NULL : err);
        if (result == 0)
            result = r;
    }
    return result;
}

int cgroup_prepare_view(struct cgroup *cg, unsigned attr, struct error *err)
{
    for (size_t i = 0; i < cg->n; i++) {
        struct cgroup_hier *h = &cg->h[i];
        h->view = mnt_clone_attr(h->dirfd, "", false, attr, 0, MS_PRIVATE, err);
        if (h->view < 0)
            return error_context(err, h->view, "the container's view of its cgroup");
    }
    return 0;
}

int cgroup_mount(const struct cgroup *cg, int target_fd, unsigned attr, int *ret_tmpfs, struct error *err)
{
    const struct cgroup_hier *v2 = cgroup_hier_v2(cg);

    *ret_tmpfs = -1;
    if (!cg->host.v2_base)
        return cgroup_v1_mount(cg, target_fd, attr, ret_tmpfs, err);
    return v2 && v2->view >= 0 ? mnt_attach(v2->view, target_fd, err) : cgroup_v2_mount(target_fd, attr, err);
}
