// SPDX-License-Identifier: Apache-2.0
/*
 * Doing the writes that cgroup_limits.c planned.
 *
 * Threat: a limit that looks set and is not. Files are opened without O_CREAT, every failed write is an error with the JSON
 * field in front, values that a kernel is known to take and ignore are read back, and a swap limit without swap accounting is
 * refused (unless the kernel was built without swap, when there is nothing to limit).
 */
#include "confine/cgroup_impl.h"

static int dir_of(const struct cgroup *cg, const struct cgroup_write *w)
{
    const struct cgroup_hier *h = w->v2 ? cgroup_hier_v2(cg) : cgroup_hier_of(cg, w->controller);

    return h ? h->dirfd : -1;
}

static int no_swap_accounting(const struct cgroup_write *w, struct error *err)
{
    if (faccessat(AT_FDCWD, "/proc/swaps", F_OK, 0) < 0 && errno == ENOENT)
        return 0; /* a kernel without swap */
    if (str_eq(w->value, "max") || str_eq(w->value, "-1"))
        return 0;
    return error_set(
        err, -EOPNOTSUPP,
        "%s: this kernel does not account for swap (start it with swapaccount=1, or set memory.swap to -1)",
        w->field);
}

static int verify(int dir, const struct cgroup_write *w, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    uint64_t want, have;
    int r = file_read(dir, w->file, CGROUP_VALUE_MAX, &text, NULL, err);

    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    if (parse_u64(w->value, &want) < 0 || (parse_u64(text, &have) == 0 && have <= want))
        return 0;
    return error_set(err, -EOPNOTSUPP, "%s: this kernel takes the value and ignores it", w->field);
}

/* One write. The message is complete; the code is the kernel's. */
static int write_one(const struct cgroup *cg, const struct cgroup_write *w, struct error *err)
{
    int dir = dir_of(cg, w);

    if (dir < 0)
        return error_set(err, -ENODEV, "%s: the container is in no hierarchy of controller \"%s\"", w->field,
                         w->controller < CGROUP_CONTROLLERS ? cgroup_controller_name(w->controller, false)
                                                            : "cgroup");
    _cleanup_close_ int fd = openat(dir, w->file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT && w->swap)
            return no_swap_accounting(w, err);
        if (errno == ENOENT && w->maybe)
            return 0;
        if (errno == ENOENT)
            return error_set(err, -ENOENT, "%s: this kernel has no %s", w->field, w->file);
        return error_errno(err, -errno, "%s: cannot open %s of cgroup %s", w->field, w->file, cg->path);
    }
    if (write(fd, w->value, strlen(w->value)) < 0)
        return error_errno(err, -errno, "%s: cannot write \"%s\" to %s of cgroup %s", w->field, w->value,
                           w->file, cg->path);
    return w->verify ? verify(dir, w, err) : 0;
}

/* Alternatives [i, end): each whose file exists is written; one must have worked. */
static int write_any(const struct cgroup *cg, const struct cgroup_plan *plan, size_t i, size_t end,
                     struct error *err)
{
    bool worked = false;
    struct error last = { 0 };

    for (; i < end; i++) {
        struct error e = { 0 };
        int r = write_one(cg, &plan->v[i], &e);
        if (r == 0)
            worked = true;
        else if (!last.code || r != -ENOENT) /* "no such file" says least */
            last = e;
    }
    if (worked)
        return 0;
    return error_set(err, last.code, "%s", last.msg);
}

/* Writes [i, end) depend on each other: those refused with EINVAL again, after the others, until a round changes nothing. */
static int write_group(const struct cgroup *cg, const struct cgroup_plan *plan, size_t i, size_t end,
                       struct error *err)
{
    uint64_t todo = 0;

    for (size_t k = i; k < end; k++)
        todo |= 1ull << (k - i);
    while (todo) {
        uint64_t before = todo;
        struct error first = { 0 };
        for (size_t k = i; k < end; k++) {
            uint64_t bit = 1ull << (k - i);
            struct error e = { 0 };
            int r = (todo & bit) ? write_one(cg, &plan->v[k], &e) : 0;
            if (r == 0)
                todo &= ~bit;
            else if (r != -EINVAL)
                return error_set(err, r, "%s", e.msg);
            else if (!first.code)
                first = e;
        }
        if (todo == before)
            return error_set(err, first.code, "%s", first.msg);
    }
    return 0;
}

/* Dependent writes are brought together, in the plan's order otherwise. */
static void sort_groups(struct cgroup_write *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct cgroup_write w = v[i];
        size_t at = i;
        for (size_t k = i; w.group && k > 0; k--) {
            if (v[k - 1].group == w.group) {
                at = k;
                break;
            }
        }
        memmove(&v[at + 1], &v[at], (i - at) * sizeof *v);
        v[at] = w;
    }
}

int cgroup_plan_apply(const struct cgroup *cg, const struct cgroup_plan *plan, struct error *err)
{
    sort_groups(plan->v, plan->n);
    for (size_t i = 0, end; i < plan->n; i = end) {
        const struct cgroup_write *w = &plan->v[i];
        int r;
        for (end = i + 1; end < plan->n && end - i < 64; end++) {
            if (!(w->group && plan->v[end].group == w->group) &&
                !(w->any_of && plan->v[end].any_of == w->any_of))
                break;
        }
        if (w->any_of)
            r = write_any(cg, plan, i, end, err);
        else if (end - i > 1)
            r = write_group(cg, plan, i, end, err);
        else
            r = write_one(cg, w, err);
        if (r < 0)
            return r;
    }
    return 0;
}
