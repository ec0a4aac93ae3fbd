// SPDX-License-Identifier: Apache-2.0
/* cli/registry_pull.c: `oakum pull`, in docker's words. */
#include <errno.h>

#include "cli/progress.h"
#include "cli/registry_commands.h"
#include "image/pull.h"
#include "sys/file.h"

struct job {
    const struct cli *cli;
    struct pull_flags f;
    struct store *store;
    struct registry *registry;
    struct progress *progress;
    struct policy *policy;
};

static const struct {
    const char *text;
    bool bar, told;
} states[] = {
    [PULL_WAITING] = { "Waiting", false, false },     [PULL_EXISTS] = { "Already exists", false, true },
    [PULL_FETCHING] = { "Downloading", true, false }, [PULL_UNPACKING] = { "Extracting", false, false },
    [PULL_DONE] = { "Pull complete", false, true },   [PULL_FAILED] = { "Failed", false, false },
};

static void show(void *arg, struct pull_layer *const *layers, size_t n, bool end)
{
    const struct job *j = arg;
    _cleanup_free_ struct progress_line *lines = xcalloc(n + 1, sizeof(*lines));
    for (size_t i = 0; i < n; i++) {
        int state = atomic_load(&layers[i]->state);
        lines[i] = (struct progress_line){ .hex = layers[i]->hex,
                                           .text = states[state].text,
                                           .bar = states[state].bar,
                                           .told = states[state].told,
                                           .done = atomic_load(&layers[i]->fetched),
                                           .total = layers[i]->size };
    }
    progress_show(j->progress, lines, n, end);
}

static void familiar(const struct reference *ref, char *buf, size_t size)
{
    char name[520];
    reference_familiar_name(ref, name, sizeof(name));
    bool digest = ref->digest[0] != '\0';
    if (str_format(buf, size, "%s%s%s", name, digest ? "@" : ":", digest ? ref->digest : ref->tag) < 0)
        buf[0] = '\0';
}

/* What docker says before the layers. */
static void announce(const struct job *j, const char *text, const struct reference *ref)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    char full[640];
    if (j->f.quiet)
        return;
    reference_format(ref, full, sizeof(full));
    if (text != NULL && !name_has_tag(text) && !j->f.all_tags)
        strbuf_adds(&out, "Using default tag: latest\n");
    if (text != NULL && !name_has_domain(text))
        strbuf_addf(&out, "%s is short for %s\n", text, full);
    strbuf_addf(&out, "%s: Pulling from %s%s%s\n", ref->digest[0] != '\0' ? ref->digest : ref->tag,
                str_eq(ref->domain, "docker.io") ? "" : ref->domain,
                str_eq(ref->domain, "docker.io") ? "" : "/", ref->path);
    out_write(&out);
}

static int write_digest(const struct job *j, const char *digest, struct error *err)
{
    return j->f.digestfile == NULL
               ? 0
               : file_replace(AT_FDCWD, j->f.digestfile, digest, strlen(digest), 0644, false, err);
}

static int pull_one(struct job *j, const char *text, const struct reference *ref, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct pull_result result;
    char name[700], full[640];
    struct pull_options o = {
        .platform = j->f.platform,
        .policy = j->policy,
        .parallel = j->f.jobs.set ? (unsigned) j->f.jobs.v : 0,
        .progress = j->f.quiet ? NULL : show,
        .arg = j,
    };
    announce(j, text, ref);
    j->progress = progress_new();
    int r = pull_image(j->store, j->registry, ref, &o, &result, err);
    progress_free(TAKE_PTR(j->progress));
    if (r == 0)
        r = write_digest(j, result.digest, err);
    if (r < 0)
        return r;
    familiar(ref, name, sizeof(name));
    reference_format(ref, full, sizeof(full));
    if (!j->f.quiet)
        strbuf_addf(&out, "Digest: %s\nStatus: %s for %s\n", result.digest,
                    result.up_to_date ? "Image is up to date" : "Downloaded newer image", name);
    strbuf_addf(&out, "%s\n", full);
    out_write(&out);
    return 0;
}

static int pull_tags(struct job *j, const char *text, struct reference *ref, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct oci_strings tags = { 0 };
    struct registry_repo *repo;
    if (ref->digest[0] != '\0' || name_has_tag(text))
        return error_set(err, -EINVAL, "--all-tags wants a name without a tag or digest");
    struct registry_conn *c = registry_conn_new(j->registry);
    int r = registry_repo_open(c, ref->domain, ref->path, false, &repo, err);
    if (r == 0)
        r = registry_tags(c, repo, a, &tags, err);
    registry_conn_free(c);
    for (size_t i = 0; r == 0 && i < tags.n; i++) {
        if (str_format(ref->tag, sizeof(ref->tag), "%s", tags.v[i]) < 0)
            r = error_set(err, -EINVAL, "the registry has a tag that is too long");
        else
            r = pull_one(j, NULL, ref, err);
    }
    return r;
}

static int pull_name(struct job *j, const char *text, struct error *err)
{
    struct reference ref;
    int r = reference_parse(text, &ref, err);
    if (r == 0)
        r = remote_open(&j->f.remote, ref.domain, &j->registry, err);
    if (r < 0)
        return r;
    r = j->f.all_tags ? pull_tags(j, text, &ref, err) : pull_one(j, text, &ref, err);
    registry_close(TAKE_PTR(j->registry));
    return r;
}

/* oakum run reads its one error from a pipe. */
static int report(const struct job *j, const struct error *err)
{
    if (!j->f.report_fd.set)
        return fail(j->cli, 1, err);
    write_all((int) j->f.report_fd.v, err->msg, strlen(err->msg));
    return 1;
}

int registry_pull(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct job j = { .cli = cli };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &j.f, a, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    if (j.f.jobs.set && (j.f.jobs.v < 1 || j.f.jobs.v > 16))
        return fail_text(cli, 1, "--jobs must be from 1 to 16");
    _cleanup_store_ struct store *s = NULL;
    _cleanup_policy_ struct policy *policy = NULL;
    if (store_open(cli->root, true, &s, &err) < 0 || policy_load(j.f.policy, &policy, &err) < 0)
        return report(&j, &err);
    j.policy = policy;
    if (policy == NULL && store_first_time(s, "warned-of-no-policy"))
        warn_text(
            cli,
            "no policy asks for signatures, so any image is accepted; \"oakum image trust set\" changes that");
    j.store = s;
    status = 0;
    for (int i = 1; i <= words; i++) {
        err = (struct error){ 0 };
        if (pull_name(&j, argv[i], &err) < 0)
            status = report(&j, &err);
    }
    return status;
}
