// SPDX-License-Identifier: Apache-2.0
/*
 * How: mmdebstrap is run with an argument vector into a directory of the store's tmp, the directory is cleaned, and
 * store_import() takes it from there, with the clock of the installation clamped to that of the packages.
 *
 * Threats: a package name that is an option, a version pattern or two names (only what Debian policy 5.6.1 allows gets
 * through); what the host leaks into an image by installing it (resolv.conf, hostname, apt's sources with credentials in
 * them, the machine id): removed. Cleaning walks inside the new root only, its links are the packages'.
 */
#include "image/base.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/strbuf.h"
#include "image/apt_sources.h"
#include "image/store_internal.h"
#include "sys/file.h"
#include "sys/root.h"

#define PROGRAM "/usr/bin/mmdebstrap"
#define HOOKS "/usr/share/mmdebstrap/hooks/maybe-merged-usr"

/* What an image of a well-known package runs, and as whom (a user that its installation makes). */
static const struct known {
    const char *package;
    const char *user; /* NULL: none of its own */
    const char *changes[6];
} known_packages[] = {
    { "redis-server", "redis", { "CMD [\"redis-server\"]", "EXPOSE 6379", "WORKDIR /var/lib/redis" } },
    { "memcached", "memcache", { "CMD [\"memcached\"]", "EXPOSE 11211" } },
    { "mosquitto",
      "mosquitto",
      { "CMD [\"mosquitto\", \"-c\", \"/etc/mosquitto/mosquitto.conf\"]", "EXPOSE 1883" } },
    { "nginx",
      "www-data",
      { "CMD [\"nginx\", \"-g\", \"daemon off;\"]", "EXPOSE 80", "STOPSIGNAL SIGQUIT" } },
    { "nginx-light",
      "www-data",
      { "CMD [\"nginx\", \"-g\", \"daemon off;\"]", "EXPOSE 80", "STOPSIGNAL SIGQUIT" } },
    { "haproxy",
      "haproxy",
      { "CMD [\"haproxy\", \"-f\", \"/etc/haproxy/haproxy.cfg\"]", "STOPSIGNAL SIGUSR1" } },
    { "python3", NULL, { "CMD [\"python3\"]" } },
    { "python3-minimal", NULL, { "CMD [\"python3\"]" } },
    { "nodejs", NULL, { "CMD [\"node\"]" } },
};

static const char *const left_out_paths[] = {
    "path-exclude=/usr/share/doc/*",   "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",   "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",  "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/groff/*",
};

/* Removed from the new root: whole, what is in it, the files in it, or those in it that end in a suffix. */
enum cleaning { CLEAN_WHOLE, CLEAN_INSIDE, CLEAN_FILES, CLEAN_SUFFIX };
static const struct {
    const char *dir, *name; /* name: entry or suffix */
    enum cleaning how;
} leavings[] = {
    { "etc", "resolv.conf", CLEAN_WHOLE },
    { "etc", "hostname", CLEAN_WHOLE },
    { "etc", "machine-id", CLEAN_WHOLE },
    { "etc", "-", CLEAN_SUFFIX }, /* passwd-, group-, shadow- … */
    { "etc", ".pwd.lock", CLEAN_WHOLE },
    { "etc/apt", "sources.list", CLEAN_WHOLE },
    { "etc/apt/sources.list.d", NULL, CLEAN_INSIDE },
    { "etc/apt/apt.conf.d", "99mmdebstrap", CLEAN_WHOLE },
    { "var/lib/dbus", "machine-id", CLEAN_WHOLE },
    { "var/lib/apt", NULL, CLEAN_INSIDE },
    { "var/lib/dpkg", "-old", CLEAN_SUFFIX },
    { "var/lib/dpkg", "lock", CLEAN_WHOLE },
    { "var/lib/dpkg", "lock-frontend", CLEAN_WHOLE },
    { "var/lib/systemd", "random-seed", CLEAN_WHOLE },
    { "var/cache/apt", NULL, CLEAN_INSIDE },
    { "var/cache/ldconfig", NULL, CLEAN_INSIDE },
    { "var/cache/debconf", NULL, CLEAN_INSIDE },
    { "var/log", NULL, CLEAN_FILES },
    { "var/log/apt", NULL, CLEAN_INSIDE },
    { "var/tmp", NULL, CLEAN_INSIDE },
    { "root", ".bash_history", CLEAN_WHOLE },
    { "tmp", NULL, CLEAN_INSIDE },
    { "run", NULL, CLEAN_INSIDE },
    { "dev", NULL, CLEAN_INSIDE },
};

struct base {
    struct store *store;
    const struct base_options *o;
    struct arena *arena;
    struct work *work;
    const char *work_path, *suite;
    struct oci_strings argv;
};

/* --- what to install from where --- */

static int check_package(const char *name, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

    if (strlen(name) >= 2 && strspn(name, allowed) == strlen(name) && strchr("+-.", name[0]) == NULL &&
        strlen(name) < 200)
        return 0;
    return error_set(err, -EINVAL, "\"%.100s\" is not the name of a Debian package", name);
}

/* VERSION_CODENAME=bookworm, quoted or not. */
static int host_suite(struct arena *a, const char **ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char *rest, *line;
    int r = file_read(AT_FDCWD, "/etc/os-release", 65536, &text, NULL, err);

    if (r < 0)
        return r;
    rest = text;
    while ((line = strsep(&rest, "\n")) != NULL) {
        const char *value = str_after(line, "VERSION_CODENAME=");
        if (value == NULL)
            continue;
        value += *value == '"';
        *ret = arena_strndup(a, value, strcspn(value, "\""));
        if (**ret != '\0')
            return 0;
    }
    return error_set(err, -ENOENT,
                     "/etc/os-release does not say which Debian release this is: name a suite and a mirror");
}

static int check_suite(const char *suite, struct error *err)
{
    size_t n = strlen(suite);

    if (n > 0 && n < 80 && suite[0] != '-' && strspn(suite, "abcdefghijklmnopqrstuvwxyz0123456789-") == n)
        return 0;
    return error_set(err, -EINVAL, "\"%.80s\" is not the name of a Debian suite", suite);
}

static void arg(struct base *b, const char *s)
{
    oci_strings_add(b->arena, &b->argv, s);
}

static int sources(struct base *b, struct error *err)
{
    struct oci_strings list = { 0 };

    if (b->o->mirror != NULL) {
        if (strpbrk(b->o->mirror, " \t\n[]#") != NULL || strstr(b->o->mirror, ":/") == NULL)
            return error_set(err, -EINVAL, "the mirror must be a URI");
        oci_strings_add(b->arena, &list, arena_printf(b->arena, "deb %s %s main", b->o->mirror, b->suite));
    } else {
        int r = apt_sources_read(b->arena, b->suite, b->work->fd, b->work_path, &list, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < list.n; i++)
        arg(b, list.v[i]);
    return 0;
}

/* --- running programs --- */

/* Standard output goes to out, standard error to log. */
static int run(const char *const *argv, int out, int log, struct error *err)
{
    static const char *const kept[] = { "http_proxy",  "https_proxy", "HTTP_PROXY",
                                        "HTTPS_PROXY", "no_proxy",    "NO_PROXY" };
    /* A date of its own for what installation scripts write down (shadow's last change): the same for everybody. */
    char *env[ARRAY_LEN(kept) + 5] = { (char *) "PATH=" DEFAULT_PATH, (char *) "LC_ALL=C.UTF-8",
                                       (char *) "SOURCE_DATE_EPOCH=1", (char *) "HOME=/root" };
    size_t n = 4;
    int status;

    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (getenv(kept[i]) != NULL)
            env[n++] = xasprintf("%s=%s", kept[i], getenv(kept[i]));
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        umask(022);
        int null = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
        if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0)
            _exit(125);
        execve(argv[0], (char *const *) argv, env);
        _exit(127);
    }
    for (size_t i = 4; i < n; i++)
        free(env[i]);
    if (pid < 0)
        return error_errno(err, -errno, "cannot start %s", argv[0]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot wait for %s", argv[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return error_set(err, -ENOENT, "cannot run %s: is it installed?", argv[0]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, -EIO, "%s failed", argv[0]);
    return 0;
}

static int log_file(struct base *b, const char *name, struct error *err)
{
    return file_open(b->work->fd, name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600, err);
}

/* How this host reaches its mirrors: apt options that mmdebstrap does not take over by itself. */
static int host_apt_options(struct base *b, struct error *err)
{
    static const char *const argv[] = { "/usr/bin/apt-config", "dump", NULL };
    static const char *const wanted[] = { "::Proxy",    "::proxy",   "Check-Valid-Until",
                                          "Check-Date", "::Retries", "::Timeout" };
    _cleanup_free_ char *text = NULL;
    char *rest, *line;
    _cleanup_close_ int out = log_file(b, "apt-config", err);

    if (out < 0)
        return out;
    int r = run(argv, out, out, err);
    if (r < 0)
        return r;
    if (lseek(out, 0, SEEK_SET) < 0)
        return error_errno(err, -errno, "cannot read apt's configuration");
    r = file_read_fd(out, "apt's configuration", 4 * 1024 * 1024, &text, NULL, err);
    if (r < 0)
        return r;
    rest = text;
    while ((line = strsep(&rest, "\n")) != NULL) {
        bool take = false;
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
            take |= str_after(line, "Acquire::") != NULL && strstr(line, wanted[i]) != NULL;
        if (take && strstr(line, "\"\"") == NULL)
            arg(b, arena_printf(b->arena, "--aptopt=%s", line));
    }
    return 0;
}

/* The last line in which mmdebstrap or apt names an error. */
static int explain(int log, int code, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    const char *last = NULL, *missing = NULL;
    char *rest, *line;

    if (lseek(log, 0, SEEK_SET) < 0 || file_read_fd(log, "log", 64 * 1024 * 1024, &text, NULL, NULL) < 0)
        return code;
    rest = text;
    while ((line = strsep(&rest, "\n")) != NULL) {
        /* "mmdebstrap failed to run" says less than what stood before it. */
        if (str_after(line, "E: ") != NULL && strstr(line, "failed to run") == NULL)
            last = line;
        if (missing == NULL)
            missing = str_after(line, "E: Unable to locate package ");
    }
    if (missing != NULL)
        return error_set(err, code, "there is no package \"%.200s\" in this machine's apt sources", missing);
    return last == NULL ? code : error_set(err, code, "mmdebstrap failed: %.600s", last);
}

static int bootstrap(struct base *b, const char *const *packages, size_t n, struct error *err)
{
    struct strbuf include = STRBUF_INIT;

    for (size_t i = 0; i < n; i++)
        strbuf_addf(&include, "%s,", packages[i]);
    strbuf_adds(&include,
                "usr-is-merged"); /* else init-system-helpers brings usrmerge, and that all of perl */
    arg(b, PROGRAM);
    arg(b, "--mode=root");
    arg(b, "--format=directory");
    arg(b, "--variant=essential");
    arg(b, "--hook-dir=" HOOKS);
    arg(b, arena_printf(b->arena, "--include=%s", include.buf));
    strbuf_free(&include);
    for (size_t i = 0; i < ARRAY_LEN(left_out_paths); i++)
        arg(b, arena_printf(b->arena, "--dpkgopt=%s", left_out_paths[i]));
    int r = host_apt_options(b, err);
    if (r < 0)
        return r;
    arg(b, b->suite);
    arg(b, arena_printf(b->arena, "%s/rootfs", b->work_path));
    r = sources(b, err);
    if (r < 0)
        return r;
    const char **argv = arena_array(b->arena, b->argv.n + 1, sizeof(*argv));
    memcpy(argv, b->argv.v, b->argv.n * sizeof(*argv));
    _cleanup_close_ int own = b->o->log_fd >= 0 ? -1 : log_file(b, "log", err);
    if (b->o->log_fd < 0 && own < 0)
        return own;
    int log = own >= 0 ? own : b->o->log_fd;
    r = run(argv, log, log, err);
    return r < 0 && own >= 0 ? explain(own, r, err) : r;
}

/* --- cleaning --- */

struct clean {
    enum cleaning how;
    const char *suffix;
    struct error *err;
};

static int clean_entry(int dirfd, const char *name, unsigned char type, void *p)
{
    const struct clean *c = p;
    size_t n = strlen(name), m = c->suffix != NULL ? strlen(c->suffix) : 0;
    struct stat st;

    (void) type;
    if (c->how == CLEAN_SUFFIX && (m == 0 || n <= m || !str_eq(name + n - m, c->suffix)))
        return 0;
    if (c->how != CLEAN_INSIDE &&
        (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)))
        return 0;
    return tree_remove(dirfd, name, c->err);
}

static int clean_root(int rootfd, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(leavings); i++) {
        _cleanup_close_ int dir = root_open(rootfd, leavings[i].dir, O_RDONLY | O_DIRECTORY, NULL);
        if (dir < 0)
            continue;
        struct clean c = { leavings[i].how, leavings[i].name, err };
        int r = leavings[i].how == CLEAN_WHOLE ? tree_remove(dir, leavings[i].name, err)
                                               : dir_each(dir, ".", clean_entry, &c, err);
        if (r < 0)
            return error_context(err, r, "while cleaning the new image");
    }
    return 0;
}

/* --- the image --- */

static bool has_user(int rootfd, const char *user)
{
    _cleanup_close_ int fd = root_open(rootfd, "etc/passwd", O_RDONLY, NULL);
    _cleanup_free_ char *text = NULL;
    char *rest, *line;

    if (fd < 0 || file_read_fd(fd, "etc/passwd", 1024 * 1024, &text, NULL, NULL) < 0)
        return false;
    rest = text;
    while ((line = strsep(&rest, "\n")) != NULL) {
        const char *p = str_after(line, user);
        if (p != NULL && *p == ':')
            return true;
    }
    return false;
}

static const struct known *find_known(const char *const *packages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < ARRAY_LEN(known_packages); k++)
            if (str_eq(packages[i], known_packages[k].package))
                return &known_packages[k];
    return NULL;
}

static void image_changes(struct base *b, int rootfd, const char *const *packages, size_t n,
                          struct oci_strings *ret)
{
    const struct known *k = find_known(packages, n);
    struct strbuf list = STRBUF_INIT;

    for (size_t i = 0; i < n; i++)
        strbuf_addf(&list, "%s%s", i > 0 ? "," : "", packages[i]);
    oci_strings_add(b->arena, ret, "ENV PATH=" DEFAULT_PATH);
    oci_strings_add(b->arena, ret, arena_printf(b->arena, "LABEL oakum.base.suite=%s", b->suite));
    oci_strings_add(b->arena, ret, arena_printf(b->arena, "LABEL oakum.base.packages=%s", list.buf));
    strbuf_free(&list);
    if (k == NULL) {
        oci_strings_add(b->arena, ret, "CMD [\"/bin/sh\"]");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(k->changes) && k->changes[i] != NULL; i++)
        oci_strings_add(b->arena, ret, k->changes[i]);
    if (k->user != NULL && has_user(rootfd, k->user))
        oci_strings_add(b->arena, ret, arena_printf(b->arena, "USER %s", k->user));
}

static int import_root(struct base *b, time_t started, const char *const *packages, size_t n,
                       const char *name, char id[static 65], struct error *err)
{
    struct oci_strings changes = { 0 };
    _cleanup_close_ int rootfd = dir_open(b->work->fd, "rootfs", err);

    if (rootfd < 0)
        return rootfd;
    int r = clean_root(rootfd, err);
    if (r < 0)
        return r;
    image_changes(b, rootfd, packages, n, &changes);
    struct import_options o = {
        .form = IMPORT_ROOTFS,
        .changes = changes.v,
        .n_changes = changes.n,
        .message = "oakum base",
        .clamp_from = started,
    };
    return store_import(b->store, arena_printf(b->arena, "%s/rootfs", b->work_path), name, &o, id, err);
}

static int check_request(struct base *b, const char *const *packages, size_t n, struct error *err)
{
    int r = 0;

    if (geteuid() != 0)
        return error_set(err, -EPERM,
                         "a base image can be made by root only: packages are installed into it");
    if (n == 0)
        return error_set(err, -EINVAL, "name at least one package");
    if (faccessat(AT_FDCWD, PROGRAM, X_OK, 0) < 0)
        return error_set(err, -ENOENT, "mmdebstrap is not installed (apt install mmdebstrap)");
    for (size_t i = 0; i < n && r == 0; i++)
        r = check_package(packages[i], err);
    b->suite = b->o->suite;
    if (r == 0 && b->suite == NULL)
        r = host_suite(b->arena, &b->suite, err);
    return r != 0 || b->suite == NULL ? r : check_suite(b->suite, err);
}

int image_base_build(struct store *s, const char *const *packages, size_t n, const char *name,
                     const struct base_options *o, char id[static 65], struct error *err)
{
    static const struct base_options none = { .log_fd = -1 };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_work_ struct work *work = NULL;
    struct base b = { .store = s, .o = o != NULL ? o : &none, .arena = a };

    int r = check_request(&b, packages, n, err);
    if (r == 0)
        r = work_new(s, &work, err);
    if (r < 0)
        return r;
    b.work = work;
    b.work_path = arena_printf(a, "%s/tmp/%s", s->path, work->name);
    time_t started = time(NULL);
    r = bootstrap(&b, packages, n, err);
    return r < 0 ? r : import_root(&b, started, packages, n, name, id, err);
}
