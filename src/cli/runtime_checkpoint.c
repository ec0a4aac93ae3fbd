// SPDX-License-Identifier: Apache-2.0
/* cli/runtime_checkpoint.c: `oakum-runtime checkpoint` and `restore`, with the options of runc and crun. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "cli/paths.h"
#include "cli/runtime.h"

struct flags {
    struct criu_options criu;
    const char *bundle, *config, *pid_file, *console_socket;
    bool detach;
};

#define F(field) OPTION_FIELD(struct flags, field)
// clang-format off
#define COMMON(images)                                                                                                                     \
    { "auto-dedup", 0, OPT_FLAG, F(criu.auto_dedup), NULL, "remove pages from older images as newer ones have them", NULL },                \
    { "empty-ns", 0, OPT_LIST, F(criu.empty_ns), "NAMESPACE", "leave the content of a namespace alone; network", NULL },                    \
    { "ext-unix-sk", 0, OPT_FLAG, F(criu.ext_unix_sk), NULL, "allow Unix sockets with the other end outside", NULL },                       \
    { "file-locks", 0, OPT_FLAG, F(criu.file_locks), NULL, "allow file locks", NULL },                                                      \
    { "image-path", 0, OPT_TEXT, F(criu.image_path), "DIR", images, NULL },                                                                 \
    { "lazy-pages", 0, OPT_FLAG, F(criu.lazy_pages), NULL, "send memory when it is asked for", NULL },                                      \
    { "manage-cgroups-mode", 0, OPT_TEXT, F(criu.manage_cgroups_mode), "MODE", "what criu does with cgroups: soft (default), full, strict, ignore", NULL }, \
    { "shell-job", 0, OPT_FLAG, F(criu.shell_job), NULL, "allow a session that was begun outside", NULL },                                  \
    { "tcp-established", 0, OPT_FLAG, F(criu.tcp_established), NULL, "keep open TCP connections", NULL },                                   \
    { "work-path", 0, OPT_TEXT, F(criu.work_path), "DIR", "where criu's log goes (the images' directory)", NULL }

static const struct cli_option checkpoint_options[] = {
    COMMON("where the images go (checkpoint)"),
    { "leave-running", 0, OPT_FLAG, F(criu.leave_running), NULL, "let the container run on", NULL },
    { "link-remap", 0, OPT_FLAG, F(criu.link_remap), NULL, "allow files that were removed and are still open", NULL },
    { "page-server", 0, OPT_TEXT, F(criu.page_server), "ADDRESS:PORT", "send memory to a criu page-server there", NULL },
    { "parent-path", 0, OPT_TEXT, F(criu.parent_path), "DIR", "images of an earlier --pre-dump, relative to --image-path", NULL },
    { "pre-dump", 0, OPT_FLAG, F(criu.pre_dump), NULL, "memory only, and let the container run on", NULL },
    { "status-fd", 0, OPT_I64, F(criu.status_fd), "FD", "criu writes a NUL byte to this descriptor when it is ready to send pages", NULL },
    { "tcp-skip-in-flight", 0, OPT_FLAG, F(criu.skip_in_flight), NULL, "leave out TCP connections that are being made", NULL },
};

static const struct cli_option restore_options[] = {
    COMMON("where the images are (checkpoint)"),
    { "bundle", 'b', OPT_TEXT, F(bundle), "DIR", "the bundle (the current directory)", NULL },
    { "config", 'f', OPT_TEXT, F(config), "FILE", "configuration in place of the bundle's config.json", NULL },
    { "console-socket", 0, OPT_TEXT, F(console_socket), "SOCKET", "as in create; an error, since a container with a terminal is not restored", NULL },
    { "detach", 'd', OPT_FLAG, F(detach), NULL, "return when the container runs", NULL },
    { "lsm-mount-context", 0, OPT_TEXT, F(criu.lsm_mount_context), "CONTEXT", "another SELinux context for mounts", NULL },
    { "lsm-profile", 0, OPT_TEXT, F(criu.lsm_profile), "TYPE:NAME", "another LSM profile; selinux or apparmor", NULL },
    { "no-pivot", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
    { "no-subreaper", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
    { "pid-file", 0, OPT_TEXT, F(pid_file), "FILE", "write the first process's pid to a file", NULL },
    { "tcp-close", 0, OPT_FLAG, F(criu.tcp_close), NULL, "bring TCP connections back closed", NULL },
};
// clang-format on

static int absolute(const char **path, char **ret, struct error *err)
{
    int r = *path ? path_absolute(*path, ret, err) : 0;
    if (r == 0 && *path)
        *path = *ret;
    return r;
}

/* criu changes its directory: what it is told must not depend on ours. */
static int criu_paths(struct criu_options *o, char **images, char **work, struct error *err)
{
    static const char *const modes[] = { "soft", "full", "strict", "ignore" };
    bool known = o->manage_cgroups_mode == NULL;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        known |= o->manage_cgroups_mode && str_eq(o->manage_cgroups_mode, modes[i]);
    if (!known)
        return error_set(err, -EINVAL,
                         "--manage-cgroups-mode must be soft, full, strict or ignore, not \"%s\"",
                         o->manage_cgroups_mode);
    if (!o->image_path)
        o->image_path = "checkpoint";
    o->program = runtime_globals.criu;
    int r = absolute(&o->image_path, images, err);
    return r < 0 ? r : absolute(&o->work_path, work, err);
}

static int checkpoint_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { .detach = false };
    struct error err = { 0 };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *images = NULL, *work = NULL;
    _cleanup_runtime_ struct runtime *rt = NULL;
    int words, status = command_arguments(cli, &f, a, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    const struct opt_i64 *status_fd = &f.criu.status_fd;
    if (status_fd->set &&
        (status_fd->v < 0 || status_fd->v > INT_MAX || fcntl((int) status_fd->v, F_GETFD) < 0))
        return fail_text(cli, 1, "--status-fd: %lld is not an open descriptor", (long long) status_fd->v);
    if (criu_paths(&f.criu, &images, &work, &err) < 0)
        return fail(cli, 1, &err);
    status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    return container_checkpoint(rt, argv[1], &f.criu, &err) < 0 ? fail(cli, 1, &err) : 0;
}

static int restore(const struct cli *cli, struct flags *f, const char *id)
{
    struct error err = { 0 };
    struct container_exit end = { 0 };
    _cleanup_free_ char *bundle = NULL, *images = NULL, *work = NULL, *text = NULL;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    _cleanup_runtime_ struct runtime *rt = NULL;
    if (runtime_globals.systemd_cgroup) /* criu moves its processes itself, past systemd */
        return fail_text(cli, 1, "--systemd-cgroup: a restored container cannot be in a scope of systemd's");
    int r = criu_paths(&f->criu, &images, &work, &err);
    if (r == 0)
        r = path_absolute(f->bundle ?: ".", &bundle, &err);
    if (r == 0)
        r = runtime_read_config(f->config, bundle, &text, &spec, &err);
    if (r < 0 || spec == NULL)
        return fail(cli, 1, &err);
    const struct container_options opt = { .id = id,
                                           .bundle = bundle,
                                           .config_text = text,
                                           .pid_file = f->pid_file,
                                           .detach = f->detach,
                                           .console_socket = f->console_socket };
    int status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    return container_restore(rt, spec, &opt, &f->criu, &end, &err) < 0 ? fail(cli, 1, &err) : end.code;
}

static int restore_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { .detach = false };
    _cleanup_arena_ struct arena *a = arena_new();
    int words, status = command_arguments(cli, &f, a, argc, argv, 1, 1, &words);
    return status >= 0 ? status : restore(cli, &f, argv[1]);
}

const struct command runtime_checkpoint = {
    .name = "checkpoint",
    .synopsis = "[OPTIONS] ID",
    .summary = "Write a running container to images by the program criu, and end it",
    .details =
        "Needs criu (Debian's package criu; 4.1 or newer where the kernel is newer than 6.12). A container with a terminal, Landlock, a "
        "seccomp listener, a memory policy, an I/O priority, moved network devices or id-mapped mounts is refused: "
        "these would not come back.",
    .options = checkpoint_options,
    .n_options = ARRAY_LEN(checkpoint_options),
    .run = checkpoint_main,
};

const struct command runtime_restore = {
    .name = "restore",
    .synopsis = "[OPTIONS] ID",
    .summary = "Make a container from the images of checkpoint, by the program criu",
    .details =
        "Budgets, bind mounts and joined namespaces come from the bundle's config.json, all else from the images. Hooks but "
        "poststart and poststop cannot be run at a restore; a configuration with such is refused.",
    .options = restore_options,
    .n_options = ARRAY_LEN(restore_options),
    .run = restore_main,
};
