// SPDX-License-Identifier: Apache-2.0
/*
 * Where this host's hierarchies are.
 *
 * A start must not pay for parsing mountinfo (hundreds of lines on a busy host). One statfs of /sys/fs/cgroup tells v2 from
 * the rest, and v1 hierarchies are looked for by their controller's name there (a symbolic link for co-mounted ones). Only a
 * controller that is not found so makes us read /proc/self/mountinfo, once. A wrong guess cannot go unnoticed: every control
 * file is opened without O_CREAT, so a directory that is no cgroup fails the start.
 */
#include "confine/cgroup_impl.h"

#include <linux/magic.h>
#include <sys/vfs.h>

static const struct {
    const char *v1, *v2;
} names[CGROUP_CONTROLLERS] = {
    [CGROUP_CPU] = { "cpu", "cpu" },
    [CGROUP_CPUSET] = { "cpuset", "cpuset" },
    [CGROUP_MEMORY] = { "memory", "memory" },
    [CGROUP_PIDS] = { "pids", "pids" },
    [CGROUP_DEVICES] = { "devices", NULL },
    [CGROUP_IO] = { "blkio", "io" },
    [CGROUP_HUGETLB] = { "hugetlb", "hugetlb" },
    [CGROUP_RDMA] = { "rdma", "rdma" },
    [CGROUP_MISC] = { "misc", "misc" },
    [CGROUP_NET_CLS] = { "net_cls", NULL },
    [CGROUP_NET_PRIO] = { "net_prio", NULL },
    [CGROUP_CPUACCT] = { "cpuacct", NULL },
    [CGROUP_FREEZER] = { "freezer", NULL },
};

const char *cgroup_controller_name(enum cgroup_controller c, bool v2)
{
    return v2 ? names[c].v2 : names[c].v1;
}

const char *cgroup_mode_name(enum cgroup_mode mode)
{
    static const char *const mode_names[] = { "none", "v1", "v2", "hybrid" };
    return mode_names[mode];
}

/* Bits of the names in text, which are separated by spaces, commas, colons or newlines. */
unsigned cgroup_parse_controllers(const char *text, bool v2)
{
    unsigned bits = 0;

    while (*text) {
        size_t n = strcspn(text, " ,\n");
        for (int c = 0; n > 0 && c < CGROUP_CONTROLLERS; c++) {
            const char *name = cgroup_controller_name(c, v2);
            if (name && strlen(name) == n && memcmp(name, text, n) == 0)
                bits |= CGROUP_BIT(c);
        }
        text += n;
        text += strspn(text, " ,\n");
    }
    return bits;
}

void cgroup_show_path(char *buf, const char *full)
{
    const char *rest = str_after(full, "./");

    if (str_format(buf, PATH_MAX, "%s%s", full[0] == '/' ? "" : CGROUP_BASE "/", rest ? rest : full) < 0)
        buf[0] = '\0';
}

int cgroup_host_open(struct cgroup_host *h, struct error *err)
{
    struct statfs fs;

    *h = (struct cgroup_host){ .base = -1 };
    h->base = openat(AT_FDCWD, CGROUP_BASE, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (h->base < 0)
        return errno == ENOENT ? 0 : error_errno(err, -errno, "cannot open " CGROUP_BASE);
    if (fstatfs(h->base, &fs) < 0) {
        int r = error_errno(err, -errno, "cannot look at " CGROUP_BASE);
        cgroup_host_close(h);
        return r;
    }
    h->v2_base = fs.f_type == CGROUP2_SUPER_MAGIC;
    if (h->v2_base) {
        h->v2_looked = true;
        h->v2_root = xstrdup(".");
    }
    return 0;
}

void cgroup_host_close(struct cgroup_host *h)
{
    if (h->base >= 0)
        close(h->base);
    free(h->v2_root);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        free(h->v1_root[c]);
    *h = (struct cgroup_host){ .base = -1 };
}

const char *cgroup_host_v2(struct cgroup_host *h)
{
    struct statfs fs;

    if (h->v2_looked)
        return h->v2_root;
    h->v2_looked = true;
    if (h->base >= 0) {
        _cleanup_close_ int fd = openat(h->base, "unified", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
            h->v2_root = xstrdup("unified");
    }
    return h->v2_root;
}

const char *cgroup_host_v1(struct cgroup_host *h, enum cgroup_controller c)
{
    if (h->v2_base)
        return NULL;
    if (h->v1_root[c])
        return h->v1_root[c];
    return h->mountinfo_read ? NULL : names[c].v1;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. In place. */
static void unescape(char *s)
{
    char *out = s;

    while (*s) {
        uint32_t v;
        char digits[4] = "";
        if (s[0] == '\\' && s[1] && s[2] && s[3])
            memcpy(digits, s + 1, 3);
        if (digits[0] && parse_octal(digits, 0377, &v) == 0) {
            *out++ = (char) v;
            s += 4;
        } else
            *out++ = *s++;
    }
    *out = '\0';
}

/* One line: "36 35 98:0 /root /mount/point opts [fields…] - type source superopts". */
static void mountinfo_line(struct cgroup_host *h, char *line)
{
    char *save = NULL, *tok, *point = NULL, *tail = strstr(line, " - ");
    unsigned bits;

    if (!tail)
        return;
    *tail = '\0';
    tail += 3;
    tok = strtok_r(line, " ", &save);
    for (int i = 0; tok; i++, tok = strtok_r(NULL, " ", &save)) {
        if (i == 4)
            point = tok;
    }
    if (!point || point[0] != '/')
        return;
    unescape(point);
    if (str_after(tail, "cgroup2 ")) {
        if (!h->v2_root)
            h->v2_root = xstrdup(point);
        return;
    }
    if (!str_after(tail, "cgroup "))
        return;
    tok = strrchr(tail, ' ');
    bits = cgroup_parse_controllers(tok + 1, false);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if ((bits & CGROUP_BIT(c)) && !h->v1_root[c])
            h->v1_root[c] = xstrdup(point);
    }
}

int cgroup_host_read_mountinfo(struct cgroup_host *h, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char *save = NULL;
    bool usual = false;
    int r;

    if (h->mountinfo_read)
        return 0;
    r = file_read(AT_FDCWD, "/proc/self/mountinfo", 64u << 20, &text, NULL, err);
    if (r < 0)
        return r;
    h->mountinfo_read = true;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        mountinfo_line(h, line);
    for (int c = 0; c < CGROUP_CONTROLLERS && !usual; c++)
        usual = h->v1_root[c] != NULL;
    if (usual &&
        !h->v2_looked) { /* beside v1 only the usual v2 tree counts: others belong to somebody (a CNI plug-in) */
        free(h->v2_root);
        h->v2_root = NULL;
    } else
        h->v2_looked = true;
    return 0;
}

static bool exists(int base, const char *root, const char *name)
{
    char path[PATH_MAX];

    return root && str_format(path, sizeof path, "%s/%s", root, name) > 0 &&
           faccessat(base, path, F_OK, 0) == 0;
}

static void mount_name(char *buf, size_t size, const char *root)
{
    int r = 0;

    if (str_eq(root, "."))
        r = str_format(buf, size, "%s", CGROUP_BASE);
    else
        r = str_format(buf, size, "%s%s", root[0] == '/' ? "" : CGROUP_BASE "/", root);
    if (r < 0)
        buf[0] = '\0';
}

/* cgroup.kill and cgroup.freeze do not exist in the root cgroup; any other has them or none has. cgroup.events neither. */
static void probe_v2(struct cgroup_host *h, struct cgroup_host_info *info)
{
    char name[64], path[PATH_MAX];

    if (str_format(name, sizeof name, "/oakum-probe-%d", (int) getpid()) < 0 ||
        str_format(path, sizeof path, "%s%s", h->v2_root, name) < 0 || mkdirat(h->base, path, 0755) < 0)
        return;
    info->v2_kill = exists(h->base, path, "cgroup.kill");
    info->v2_freeze = exists(h->base, path, "cgroup.freeze");
    if ((info->v2 &
         CGROUP_BIT(CGROUP_MEMORY))) /* not enabled below the root yet: only the kernel's build tells */
        info->swap_accounting = exists(h->base, path, "memory.max") ? exists(h->base, path, "memory.swap.max")
                                                                    : exists(AT_FDCWD, "/proc", "swaps");
    (void) unlinkat(h->base, path, AT_REMOVEDIR);
}

int cgroup_host_info(struct cgroup_host_info *ret, struct error *err)
{
    struct cgroup_host h;
    struct cgroup_host_info info = { 0 };
    _cleanup_free_ char *text = NULL;
    char path[PATH_MAX];
    const char *memory;
    int r = cgroup_host_open(&h, err);

    if (r < 0)
        return r;
    r = cgroup_host_read_mountinfo(&h, err);
    if (r < 0)
        goto out;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        info.v1 |= cgroup_host_v1(&h, c) ? CGROUP_BIT(c) : 0;
    if (info.v1)
        mount_name(info.v1_mount, sizeof info.v1_mount, ".");
    memory = cgroup_host_v1(&h, CGROUP_MEMORY);
    info.swap_accounting = exists(h.base, memory, "memory.memsw.limit_in_bytes");
    if (cgroup_host_v2(&h)) {
        mount_name(info.v2_mount, sizeof info.v2_mount, h.v2_root);
        r = str_format(path, sizeof path, "%s/cgroup.controllers", h.v2_root);
        if (r > 0)
            r = file_read(h.base, path, CGROUP_VALUE_MAX, &text, NULL, err);
        if (r < 0)
            goto out;
        info.v2 = cgroup_parse_controllers(text, true) | CGROUP_BIT(CGROUP_FREEZER);
        if (!(info.v1 & CGROUP_BIT(CGROUP_DEVICES)))
            info.v2 |= CGROUP_BIT(CGROUP_DEVICES);
        probe_v2(&h, &info);
    }
    info.mode = h.v2_root ? (info.v1 ? CGROUP_MODE_HYBRID : CGROUP_MODE_V2)
                          : (info.v1 ? CGROUP_MODE_V1 : CGROUP_MODE_NONE);
    *ret = info;
    r = 0;
out:
    cgroup_host_close(&h);
    return r;
}
