// SPDX-License-Identifier: Apache-2.0
/*
 * Which devices a container may open or make: the rules of linux.resources.devices, and their v1 form.
 *
 * Threat: a device node is as good as the hardware (a block device is every file on it, /dev/mem is the kernel). The list
 * begins with "nothing" whatever the rules say, and the later rule wins.
 *
 * v1 keeps a default and a list of exceptions to it. It ignores a narrow denial of something that a wider exception allows,
 * so a rule list that needs this is worked out here first and refused, not handed to a kernel that would let it pass. What is
 * written is the outcome, not the history: "a" denied, then one line for each exception.
 */
#include "confine/cgroup_impl.h"

#define RULE(t, maj, min, acc)                                              \
    {                                                                       \
        .allow = true, .type = t, .major = maj, .minor = min, .access = acc \
    }
#define NUM(n)              \
    {                       \
        .set = true, .v = n \
    }
#define ANY          \
    {                \
        .set = false \
    }

const struct oci_device_rule *cgroup_default_devices(size_t *ret_n)
{
    static const struct oci_device_rule rules[] = {
        { .allow = false, .type = "a", .access = "rwm" },
        RULE("c", NUM(1), NUM(3), "rwm"), /* null */
        RULE("c", NUM(1), NUM(5), "rwm"), /* zero */
        RULE("c", NUM(1), NUM(7), "rwm"), /* full */
        RULE("c", NUM(1), NUM(8), "rwm"), /* random */
        RULE("c", NUM(1), NUM(9), "rwm"), /* urandom */
        RULE("c", NUM(5), NUM(0), "rwm"), /* tty */
        RULE("c", NUM(5), NUM(2), "rwm"), /* ptmx */
        RULE("c", NUM(136), ANY, "rwm"),  /* pts */
    };

    *ret_n = ARRAY_LEN(rules);
    return rules;
}

static bool is_wildcard(const struct opt_i64 *v)
{
    return !v->set || v->v < 0;
}

/* Says yes or no to everything: what came before it does not count. */
static bool is_on_all(const struct oci_device_rule *r)
{
    const char *access = str_empty(r->access) ? "rwm" : r->access;

    return (str_empty(r->type) || str_eq(r->type, "a")) && is_wildcard(&r->major) && is_wildcard(&r->minor) &&
           strchr(access, 'r') && strchr(access, 'w') && strchr(access, 'm');
}

void cgroup_allow_default_devices(struct oci_resources *res, struct arena *a)
{
    size_t n, at = res->n_devices, out = 0;
    const struct oci_device_rule *rules = cgroup_default_devices(&n);
    struct oci_device_rule *all;

    if (res->n_devices == 0)
        return;
    while (at > 0 && !is_on_all(&res->devices[at - 1]))
        at--;
    all = arena_array(a, res->n_devices + n, sizeof(*all));
    for (size_t i = 0; i < at; i++)
        all[out++] = res->devices[i];
    for (size_t i = 0; i < n; i++) {
        if (rules[i].allow)
            all[out++] = rules[i];
    }
    for (size_t i = at; i < res->n_devices; i++)
        all[out++] = res->devices[i];
    res->devices = all;
    res->n_devices = out;
}

static int parse_access(const char *s, unsigned *ret)
{
    unsigned bits = 0;

    for (; s && *s; s++) {
        if (*s != 'r' && *s != 'w' && *s != 'm')
            return -EINVAL;
        bits |= *s == 'r' ? DEV_READ : *s == 'w' ? DEV_WRITE : DEV_MKNOD;
    }
    *ret = bits ? bits : DEV_ALL;
    return 0;
}

static int parse_number(struct opt_i64 v, int64_t *ret)
{
    if (v.set && v.v > UINT32_MAX)
        return -ERANGE;
    *ret = v.set && v.v >= 0 ? v.v : -1; /* -1 is how some engines write the wildcard */
    return 0;
}

int cgroup_device_rules(const struct oci_device_rule *rules, size_t n, struct arena *a,
                        struct device_rule **ret, struct error *err)
{
    struct device_rule *out = arena_array(a, n, sizeof *out);

    for (size_t i = 0; i < n; i++) {
        const char *type = str_empty(rules[i].type) ? "a" : rules[i].type;
        out[i].allow = rules[i].allow;
        out[i].type = type[0] == 'u' ? 'c' : type[0];
        if (!strchr("abcu", type[0]) || type[1])
            return error_set(err, -EINVAL, "linux.resources.devices[%zu].type: must be a, b or c", i);
        if (parse_access(rules[i].access, &out[i].access) < 0)
            return error_set(err, -EINVAL,
                             "linux.resources.devices[%zu].access: must be of the letters r, w, m", i);
        if (parse_number(rules[i].major, &out[i].major) < 0 ||
            parse_number(rules[i].minor, &out[i].minor) < 0)
            return error_set(err, -ERANGE, "linux.resources.devices[%zu]: device number out of range", i);
    }
    *ret = out;
    return 0;
}

/* ---- default and exceptions ---- */

static bool number_covers(int64_t a, int64_t b)
{
    return a == -1 || a == b;
}

static bool covers(const struct device_rule *a, const struct device_rule *b)
{
    return a->type == b->type && number_covers(a->major, b->major) && number_covers(a->minor, b->minor);
}

static bool meets(const struct device_rule *a, const struct device_rule *b)
{
    return a->type == b->type && (number_covers(a->major, b->major) || b->major == -1) &&
           (number_covers(a->minor, b->minor) || b->minor == -1);
}

static void add_exception(struct device_list *l, const struct device_rule *r)
{
    for (size_t i = 0; i < l->n; i++) {
        if (covers(&l->v[i], r) && covers(r, &l->v[i])) {
            l->v[i].access |= r->access;
            return;
        }
    }
    l->v[l->n++] = *r;
}

/* r asks for what is the default: exceptions that it covers go. -EOPNOTSUPP when it would cut a hole in one. */
static int cut_exceptions(struct device_list *l, const struct device_rule *r)
{
    size_t out = 0;

    for (size_t i = 0; i < l->n; i++) {
        struct device_rule e = l->v[i];
        if (meets(&e, r) && (e.access & r->access)) {
            if (!covers(r, &e))
                return -EOPNOTSUPP;
            e.access &= ~r->access;
        }
        if (e.access)
            l->v[out++] = e;
    }
    l->n = out;
    return 0;
}

int cgroup_device_list(const struct device_rule *rules, size_t n, struct arena *a, struct device_list *ret,
                       struct error *err)
{
    struct device_list l = { .allow = false, .v = arena_array(a, 2 * n, sizeof *l.v) };

    for (size_t i = 0; i < n; i++) {
        struct device_rule r = rules[i];
        const char *types = r.type == 'a' ? "bc" : r.type == 'b' ? "b" : "c";
        if (r.type == 'a' && r.major == -1 && r.minor == -1 && r.access == DEV_ALL) {
            l.allow = r.allow;
            l.n = 0;
            continue;
        }
        for (; *types; types++) {
            r.type = *types;
            if (r.allow != l.allow)
                add_exception(&l, &r);
            else if (cut_exceptions(&l, &r) < 0)
                return error_set(
                    err, -EOPNOTSUPP,
                    "linux.resources.devices[%zu]: cgroup v1 cannot except one device from a wildcard rule "
                    "before it",
                    i);
        }
    }
    /* The kernel wants one exception to grant all bits of a request: let the narrow one include the wide one's. */
    for (size_t i = 0; i < l.n && !l.allow; i++) {
        for (size_t k = 0; k < l.n; k++) {
            if (i != k && covers(&l.v[k], &l.v[i]))
                l.v[i].access |= l.v[k].access;
        }
    }
    *ret = l;
    return 0;
}

/* ---- v1 files ---- */

static int write_line(int fd, const struct device_rule *r, unsigned access, const char *file,
                      struct error *err)
{
    char text[64], major[16] = "*", minor[16] = "*";
    int n = 0;

    if (r->major >= 0)
        n = str_format(major, sizeof major, "%lld", (long long) r->major);
    if (n >= 0 && r->minor >= 0)
        n = str_format(minor, sizeof minor, "%lld", (long long) r->minor);
    if (n >= 0)
        n = str_format(text, sizeof text, "%c %s:%s %s%s%s", r->type, major, minor,
                       (access & DEV_READ) ? "r" : "", (access & DEV_WRITE) ? "w" : "",
                       (access & DEV_MKNOD) ? "m" : "");
    if (n < 0)
        return error_set(err, n, "linux.resources.devices: rule too long");
    if (write(fd, text, (size_t) n) < 0)
        return error_errno(err, -errno, "linux.resources.devices: cannot write \"%s\" to %s", text, file);
    return 0;
}

/* Everything anew: the default, then its exceptions. */
static int write_whole(const struct cgroup_hier *h, const struct device_list *l, struct error *err)
{
    const char *file = l->allow ? "devices.deny" : "devices.allow";
    _cleanup_close_ int fd = -1;
    int r = file_write_value(h->dirfd, l->allow ? "devices.allow" : "devices.deny", "a", err);

    if (r < 0)
        return error_context(err, r, "linux.resources.devices");
    if (l->n == 0)
        return 0;
    fd = file_open(h->dirfd, file, O_WRONLY, 0, err);
    for (size_t i = 0; i < l->n && fd >= 0 && r == 0; i++)
        r = write_line(fd, &l->v[i], l->v[i].access, file, err);
    return fd < 0 ? fd : r;
}

/* A line of devices.list: "c 1:3 rwm", "b *:* m". */
static int parse_line(char *line, struct device_rule *ret)
{
    char *save = NULL, *type = strtok_r(line, " ", &save), *major = strtok_r(NULL, ":", &save);
    char *minor = strtok_r(NULL, " ", &save), *access = strtok_r(NULL, " ", &save);
    uint32_t maj = 0, min = 0;

    if (!access || (!str_eq(major, "*") && parse_u32(major, &maj) < 0) ||
        (!str_eq(minor, "*") && parse_u32(minor, &min) < 0) || parse_access(access, &ret->access) < 0)
        return -EINVAL;
    ret->type = type[0];
    ret->major = str_eq(major, "*") ? -1 : (int64_t) maj;
    ret->minor = str_eq(minor, "*") ? -1 : (int64_t) min;
    return 0;
}

static unsigned access_of(const struct device_list *l, const struct device_rule *key)
{
    for (size_t i = 0; i < l->n; i++) {
        if (covers(&l->v[i], key) && covers(key, &l->v[i]))
            return l->v[i].access;
    }
    return 0;
}

/* The bits that `to` has and `from` has not, one line each, into file. */
static int write_difference(const struct cgroup_hier *h, const struct device_list *to,
                            const struct device_list *from, const char *file, struct error *err)
{
    _cleanup_close_ int fd = file_open(h->dirfd, file, O_WRONLY, 0, err);
    int r = fd < 0 ? fd : 0;

    for (size_t i = 0; i < to->n && r == 0; i++) {
        unsigned bits = to->v[i].access & ~access_of(from, &to->v[i]);
        if (bits)
            r = write_line(fd, &to->v[i], bits, file, err);
    }
    return r;
}

/*
 * Changes a running container's list without a moment in which it has none: what is new is allowed, then what is gone denied.
 * (Anew would also be refused when the container has cgroups below.)
 */
static int write_update(const struct cgroup_hier *h, const struct device_list *l, struct arena *a,
                        struct error *err)
{
    _cleanup_free_ char *text = NULL;
    struct device_list now = { 0 };
    char *save = NULL;
    size_t len;
    int r = file_read(h->dirfd, "devices.list", 16u << 20, &text, &len, err);

    if (r < 0)
        return r;
    if (l->allow || text[0] == 'a')
        return write_whole(h, l, err);
    now.v = arena_array(a, len / 8 + 1, sizeof *now.v); /* no line is shorter */
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (parse_line(line, &now.v[now.n]) < 0)
            return error_set(err, -EIO, "linux.resources.devices: cannot understand devices.list");
        now.n++;
    }
    r = write_difference(h, l, &now, "devices.allow", err);
    return r < 0 ? r : write_difference(h, &now, l, "devices.deny", err);
}

int cgroup_v1_devices(const struct cgroup_hier *h, const struct device_rule *rules, size_t n, bool fresh,
                      struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct device_list l = { 0 };
    int r = cgroup_device_list(rules, n, a, &l, err);

    if (r < 0)
        return r;
    return fresh ? write_whole(h, &l, err) : write_update(h, &l, a, err);
}
