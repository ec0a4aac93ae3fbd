// SPDX-License-Identifier: Apache-2.0
/*
 * engine/run.c: a container in the foreground: claims, specification, record, the runtime's run, and what is left to do when it
 * has ended.
 *
 * Interruption. A signal that would end oakum between the claims and the runtime (which forwards signals) would leave a
 * container half-made. So the signals are held back from the first claim to the end; if one came before the runtime begins, all
 * is undone and the exit status is that of the signal. SIGKILL leaves what `oakum rm` can take away.
 *
 * A container that could not be started is not kept: nobody has seen it run, and its name should be free for the next try.
 */
#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "confine/rootless.h"
#include "engine/engine_internal.h"
#include "engine/secrets.h"
#include "oci/bigint.h"
#include "sys/file.h"
#include "sys/self.h"
#include "sys/userns.h"

void launch_init(struct launch *l, struct engine *e, const struct run_options *opt)
{
    *l = (struct launch){ .e = e,
                          .opt = opt,
                          .a = arena_new(),
                          .dirfd = -1,
                          .rootless_ids = rootless_inside() ? userns_ids() : 0 };
    memset(l->namespaces, 0xff, sizeof(l->namespaces)); /* all -1 */
    for (size_t i = 0; i < LAUNCH_GIVEN; i++)
        l->given[i].fd = -1;
    l->attached = l->exit_fd = -1;
}

void launch_free(struct launch *l)
{
    if (l->dirfd >= 0)
        close(l->dirfd);
    if (l->exit_fd >= 0)
        close(l->exit_fd);
    launch_close_joins(l);
    oci_spec_free(l->spec);
    engine_record_free(l->record);
    store_image_free(l->image);
    arena_free(l->a);
}

/* The claims of a container without a record are known here, so that nothing has to be searched. */
void launch_undo(struct launch *l, bool ask_runtime)
{
    struct engine_record claims = { .id = l->id,
                                    .name = l->name,
                                    .network = l->record != NULL ? l->record->network : "none",
                                    .range_first = l->range_claimed ? l->range_first : 0 };
    struct error err = { 0 };
    if (l->dirfd < 0)
        return;
    if (l->cidfile != NULL && unlinkat(AT_FDCWD, l->cidfile, 0) < 0)
        log_warn("--cidfile: cannot remove %s: %s", l->cidfile, strerror(errno));
    if (engine_teardown(l->e, l->id, &claims, ask_runtime, &err) < 0)
        log_warn("container %.12s is not quite removed: %s; \"oakum rm -f %.12s\" tries again", l->id,
                 err.msg, l->id);
}

static int write_cidfile(struct launch *l, struct error *err)
{
    const char *path = l->opt->cidfile;
    _cleanup_close_ int fd = file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0644, err);
    if (fd == -EEXIST)
        return error_set(err, -EEXIST, "--cidfile: there is a %s already; remove it or name another file",
                         path);
    if (fd < 0)
        return error_context(err, fd, "--cidfile");
    l->cidfile = path;
    int r = write_all(fd, l->id, 64);
    return r < 0 ? error_errno(err, r, "--cidfile: cannot write %s", path) : 0;
}

int launch_prepare(struct launch *l, struct error *err)
{
    int r = launch_check_secrets(l, err);
    if (r == 0)
        r = launch_find_image(l, err);
    if (r == 0)
        r = launch_find_user(l, err);
    if (l->rootless_ids ==
        1) /* of a single id there are no further groups to be had; asked for, they are an error later */
        l->user.n_gids = 0;
    if (r == 0)
        r = launch_plan_root(l, err);
    if (r == 0)
        r = launch_resolve_joins(l, err);
    if (r == 0)
        r = network_check(l, err);
    return r;
}

int launch_make(struct launch *l, char **ret_config, struct error *err)
{
    int r = launch_claim(l, err);
    if (r == 0)
        r = launch_make_files(l, err);
    if (r == 0)
        r = launch_build_spec(l, err);
    if (r == 0)
        r = launch_write_record(l, err);
    if (r == 0 && !l->opt->create_only)
        r = launch_mount_secrets(l, err);
    /* From now on the image is in use for whoever asks. Those who asked before have it removed, or let it be. */
    if (r == 0)
        r = launch_keep_layers(l, err);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *doc = oci_spec_to_json(l->spec);
    _cleanup_free_ char *config = oci_json_text(doc, 0);
    /* With --rm the runtime's copy lives as long as the container does, if it is started at once. */
    if (!l->opt->rm || l->opt->create_only)
        r = file_replace(l->dirfd, "config.json", config, strlen(config), 0600, false, err);
    if (r == 0 && l->opt->cidfile != NULL)
        r = write_cidfile(l, err);
    if (r == 0)
        *ret_config = TAKE_PTR(config);
    return r;
}

int launch_run(struct launch *l, const struct signals_held *hold, const char *config,
               struct container_exit *ret, struct error *err)
{
    struct runtime *rt;
    struct container_options opt = {
        .id = l->id,
        .bundle = l->directory,
        .config_text = config,
        .namespaces = l->namespaces,
        .given = l->given,
        .n_given = LAUNCH_GIVEN,
        .init = l->record->init,
        .keep_stdin_closed = !l->record->interactive,
        .warn_only_rlimits = !l->record->ulimits,
        .network = network_for(l),
        .network_arg = l,
        .signal_mask = &hold->old,
        .die_with_parent = true,
        .last_call = true,
    };
    int r = engine_runtime(l->e, &rt, err);
    if (r == 0)
        r = container_run(rt, l->spec, &opt, ret, err);
    return r < 0 ? launch_name_flag(r, err) : 0;
}

void launch_keep_end(struct launch *l, const char *started, int code)
{
    char now[CLOCK_TEXT_MAX];
    struct error err = { 0 };
    clock_now_text(now);
    network_release(l->e, l->record);
    l->record->started = started;
    l->record->finished = now;
    l->record->exit_code = (struct opt_i64){ true, code };
    if (engine_record_write(l->dirfd, l->record, true, &err) < 0)
        log_warn("the end of container %.12s could not be recorded: %s", l->id, err.msg);
}

int engine_protect(const struct run_options *opt, struct error *err)
{
    /*
     * The ids of a range of a container's own are never those that our program file belongs to; those that an ordinary user's
     * containers share may be, if the program is the user's.
     */
    uid_t owner = 1;
    if (options_userns(opt) && rootless_inside() && self_owner(&owner, err) < 0)
        return -EIO;
    return options_userns(opt) && owner != 0 ? 0 : rootless_protect(err);
}

int engine_run(struct engine *e, const struct run_options *opt, struct container_exit *ret, struct error *err)
{
    struct launch l;
    launch_init(&l, e, opt);
    struct signals_held hold;
    struct container_exit end = { 0 };
    char started[CLOCK_TEXT_MAX];
    _cleanup_free_ char *config = NULL;
    int r = launch_prepare(&l, err);
    if (r < 0) {
        launch_free(&l);
        return r;
    }
    signals_hold(&hold);
    r = launch_make(&l, &config, err);
    int sig = signals_waiting(&hold);
    if (r < 0 || sig != 0) {
        launch_undo(&l, false);
        signals_release(&hold, sig);
        launch_free(&l);
        *ret = (struct container_exit){ .code = r < 0 ? 125 : 128 + sig };
        return r;
    }
    clock_now_text(started);
    /* Held back all the time: what comes before the runtime forwards signals is forwarded then. */
    r = launch_run(&l, &hold, config, &end, err);
    if (r == 0)
        l.cidfile = NULL; /* as docker's, it stays when the container has run and goes */
    if (r < 0)
        launch_undo(&l, true);
    else if (opt->rm)
        launch_undo(&l, false);
    else
        launch_keep_end(&l, started, end.code);
    signals_release(&hold, 0);
    launch_free(&l);
    *ret = end;
    return r;
}
