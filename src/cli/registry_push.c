// SPDX-License-Identifier: Apache-2.0
/* cli/registry_push.c: `oakum push`, in docker's words. */
#include <errno.h>

#include "cli/progress.h"
#include "cli/registry_commands.h"
#include "image/push.h"
#include "image/trust.h"
#include "sys/file.h"

#define PASSPHRASE_MAX 4096

struct job {
    struct push_flags f;
    struct store *store;
    struct registry *registry;
    struct progress *progress;
};

static const struct {
    const char *text;
    bool bar, told;
} states[] = {
    [PUSH_WAITING] = { "Waiting", false, false },
    [PUSH_CHECKING] = { "Preparing", false, false },
    [PUSH_SENDING] = { "Pushing", true, false },
    [PUSH_DONE] = { "Pushed", false, true },
    [PUSH_EXISTS] = { "Layer already exists", false, true },
    [PUSH_MOUNTED] = { "Mounted from another repository", false, true },
    [PUSH_FAILED] = { "Failed", false, false },
};

static void show(void *arg, struct push_blob *const *blobs, size_t n, bool end)
{
    const struct job *j = arg;
    _cleanup_free_ struct progress_line *lines = xcalloc(n + 1, sizeof(*lines));
    for (size_t i = 0; i < n; i++) {
        int state = atomic_load(&blobs[i]->state);
        lines[i] = (struct progress_line){ .hex = blobs[i]->hex,
                                           .text = states[state].text,
                                           .bar = states[state].bar,
                                           .told = states[state].told,
                                           .done = atomic_load(&blobs[i]->sent),
                                           .total = blobs[i]->size };
    }
    progress_show(j->progress, lines, n, end);
}

static int sign(struct job *j, const struct reference *to, const char *digest, struct error *err)
{
    _cleanup_free_ char *password = NULL;
    struct registry_repo *repo;
    size_t len = 0;
    int r = 0;
    if (j->f.sign_passphrase_file != NULL)
        r = file_read(AT_FDCWD, j->f.sign_passphrase_file, PASSPHRASE_MAX, &password, &len, err);
    if (r < 0)
        return r;
    if (password != NULL)
        password[strcspn(password, "\r\n")] = '\0';
    struct registry_conn *c = registry_conn_new(j->registry);
    r = registry_repo_open(c, to->domain, to->path, true, &repo, err);
    if (r == 0)
        r = trust_sign(c, repo, to, digest, j->f.sign_by, password, err);
    registry_conn_free(c);
    if (password != NULL)
        explicit_bzero(password, len);
    return r;
}

static int push_one(struct job *j, const char *name, const struct reference *to, struct error *err)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct push_result result;
    struct push_options o = { .parallel = j->f.jobs.set ? (unsigned) j->f.jobs.v : 0,
                              .chunk = j->f.chunk_size.set ? j->f.chunk_size.v : 0,
                              .compress = j->f.compression != NULL,
                              .progress = j->f.quiet ? NULL : show,
                              .arg = j };
    if (!j->f.quiet) {
        strbuf_addf(&out, "The push refers to repository [%s/%s]\n", to->domain, to->path);
        out_write(&out);
        strbuf_reset(&out);
    }
    j->progress = progress_new();
    int r = push_image(j->store, j->registry, name, to, &o, &result, err);
    progress_free(TAKE_PTR(j->progress));
    if (r == 0 && j->f.digestfile != NULL)
        r = file_replace(AT_FDCWD, j->f.digestfile, result.digest, strlen(result.digest), 0644, false, err);
    if (r == 0 && j->f.sign_by != NULL)
        r = sign(j, to, result.digest, err);
    if (r < 0)
        return r;
    if (j->f.quiet)
        strbuf_addf(&out, "%s/%s:%s\n", to->domain, to->path, to->tag);
    else
        strbuf_addf(&out, "%s: digest: %s size: %lld\n", to->tag, result.digest, (long long) result.size);
    out_write(&out);
    return 0;
}

static int push_tags(struct job *j, const struct reference *repo, struct error *err)
{
    struct store_image **all = NULL;
    size_t n = 0, found = 0;
    int r = store_list(j->store, &all, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct reference ref;
        if (all[i]->name == NULL || reference_parse(all[i]->name, &ref, NULL) < 0 ||
            !str_eq(ref.domain, repo->domain) || !str_eq(ref.path, repo->path) || ref.digest[0] != '\0')
            continue;
        found++;
        r = push_one(j, all[i]->name, &ref, err);
    }
    store_images_free(all, n);
    return r == 0 && found == 0
               ? error_set(err, -ENOENT, "no image in the store has a tag of %s/%s", repo->domain, repo->path)
               : r;
}

int registry_push(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct job j = { 0 };
    struct error err = { 0 };
    struct reference to;
    int words;
    int status = command_arguments(cli, &j.f, a, argc, argv, 1, 2, &words);
    if (status >= 0)
        return status;
    if (j.f.jobs.set && (j.f.jobs.v < 1 || j.f.jobs.v > 16))
        return fail_text(cli, 1, "--jobs must be from 1 to 16");
    if (j.f.chunk_size.set && j.f.chunk_size.v < 1)
        return fail_text(cli, 1, "--chunk-size must be above 0");
    if (j.f.compression != NULL && !str_eq(j.f.compression, "gzip"))
        return fail_text(cli, 1, "--compression-format must be gzip, not \"%s\"", j.f.compression);
    _cleanup_store_ struct store *s = NULL;
    int r = store_open(cli->root, false, &s, &err);
    j.store = s;
    if (r == 0)
        r = reference_parse(argv[words], &to, &err);
    if (r == 0 && j.f.all_tags && (words == 2 || name_has_tag(argv[1])))
        r = error_set(&err, -EINVAL, "--all-tags wants one name without a tag");
    if (r == 0)
        r = remote_open(&j.f.remote, to.domain, &j.registry, &err);
    if (r == 0) {
        r = j.f.all_tags ? push_tags(&j, &to, &err) : push_one(&j, argv[1], &to, &err);
        registry_close(j.registry);
    }
    return r < 0 ? fail(cli, 1, &err) : 0;
}
