// SPDX-License-Identifier: Apache-2.0
/* cli/registry_manifest.c: `oakum manifest …`, in docker's words. All text in them is the registry's: it is neutralised. */
#include <errno.h>

#include "cli/json_out.h"
#include "cli/registry_commands.h"
#include "image/manifest_list.h"
#include "sys/file.h"

struct job {
    const struct cli *cli;
    struct manifest_flags f;
    struct arena *arena;
    char **words; /* from 1 on */
    int n;
    struct strbuf out;
};

static int remote(struct job *j, const char *domain, struct registry **ret, struct error *err)
{
    if (j->f.insecure)
        j->f.remote.tls_verify = (struct opt_bool){ .set = true, .v = false };
    return remote_open(&j->f.remote, domain, ret, err);
}

static int open_list(const struct job *j, const char *text, bool create, struct manifest_list *ret,
                     struct error *err)
{
    struct reference ref;
    int r = reference_parse(text, &ref, err);
    return r < 0 ? r : manifest_list_open(j->cli->root, &ref, create, ret, err);
}

static int add(struct job *j, struct manifest_list *l, const char *text, json_t **ret, struct error *err)
{
    struct reference ref;
    struct registry *registry = NULL;
    int r = reference_parse(text, &ref, err);
    if (r == 0)
        r = remote(j, ref.domain, &registry, err);
    if (r < 0)
        return r;
    r = manifest_list_add(l, registry, &ref, ret, err);
    registry_close(registry);
    return r;
}

/* What the flags say of a member. */
static int describe(const struct job *j, json_t *member, struct error *err)
{
    const struct manifest_flags *f = &j->f;
    const struct {
        const char *key, *value;
    } table[] = {
        { "architecture", f->arch },
        { "os", f->os },
        { "os.version", f->os_version },
        { "variant", f->variant },
    };
    json_t *platform = json_object_get(member, "platform"),
           *annotations = json_object_get(member, "annotations");
    bool said = f->os_features.n > 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        said = said || table[i].value != NULL;
    if (said && platform == NULL) {
        platform = json_object();
        json_object_set_new(member, "platform", platform);
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].value != NULL)
            json_object_set_new(platform, table[i].key, json_string(table[i].value));
    }
    if (f->os_features.n > 0)
        json_object_set_new(platform, "os.features", json_array());
    for (size_t i = 0; i < f->os_features.n; i++)
        json_array_append_new(json_object_get(platform, "os.features"), json_string(f->os_features.v[i]));
    if (f->annotations.n > 0 && annotations == NULL) {
        annotations = json_object();
        json_object_set_new(member, "annotations", annotations);
    }
    for (size_t i = 0; i < f->annotations.n; i++) {
        const char *equals = strchr(f->annotations.v[i], '=');
        if (equals == NULL || equals == f->annotations.v[i])
            return error_set(err, -EINVAL, "--annotation must be KEY=VALUE, not \"%s\"", f->annotations.v[i]);
        json_object_set_new(
            annotations,
            arena_strndup(j->arena, f->annotations.v[i], (size_t) (equals - f->annotations.v[i])),
            json_string(equals + 1));
    }
    return 0;
}

static int create(struct job *j, struct error *err)
{
    struct manifest_list l;
    json_t *member;
    int r = open_list(j, j->words[1], true, &l, err);
    if (r < 0)
        return r;
    if (manifest_list_size(&l) > 0 && !j->f.amend)
        r = error_set(err, -EEXIST, "there is a manifest list %s already: --amend adds to it", l.name);
    for (int i = 2; i <= j->n && r == 0; i++)
        r = add(j, &l, j->words[i], &member, err);
    if (r == 0)
        r = manifest_list_write(&l, err);
    if (r == 0)
        strbuf_addf(&j->out, "Created manifest list %s\n", l.name);
    manifest_list_close(&l);
    return r;
}

static int add_one(struct job *j, struct error *err)
{
    struct manifest_list l;
    json_t *member;
    int r = open_list(j, j->words[1], false, &l, err);
    if (r < 0)
        return r;
    r = add(j, &l, j->words[2], &member, err);
    if (r == 0)
        r = describe(j, member, err);
    if (r == 0)
        r = manifest_list_write(&l, err);
    manifest_list_close(&l);
    return r;
}

static int annotate(struct job *j, struct error *err)
{
    struct manifest_list l;
    struct reference ref;
    char full[640] = "";
    int r = open_list(j, j->words[1], false, &l, err);
    if (r < 0)
        return r;
    const char *name = j->words[2];
    json_t *member = manifest_list_member(&l, name);
    if (member == NULL && reference_parse(name, &ref, NULL) == 0) {
        reference_format(&ref, full, sizeof(full));
        member = manifest_list_member(&l, full);
    }
    r = member != NULL ? describe(j, member, err)
                       : error_set(err, -ENOENT, "there is no %s in the manifest list %s", name, l.name);
    if (r == 0)
        r = manifest_list_write(&l, err);
    manifest_list_close(&l);
    return r;
}

static int show_list(struct job *j, struct error *err)
{
    struct manifest_list l;
    _cleanup_json_ json_t *doc = NULL;
    const char *type;
    int r = open_list(j, j->words[1], false, &l, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *text = manifest_list_text(&l, &type, 0);
    manifest_list_close(&l);
    r = json_parse(text, strlen(text), "the manifest list", &doc, err);
    if (r == 0 && j->f.raw)
        strbuf_adds(&j->out, text);
    else if (r == 0)
        json_out(&j->out, doc, 4);
    return r;
}

static int inspect(struct job *j, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    struct registry_manifest m;
    struct registry_repo *repo;
    struct registry *registry = NULL;
    struct reference ref;
    int r = reference_parse(j->words[1], &ref, err);
    if (r == 0 && manifest_list_exists(j->cli->root, &ref))
        return show_list(j, err);
    if (r == 0)
        r = remote(j, ref.domain, &registry, err);
    if (r < 0)
        return r;
    struct registry_conn *c = registry_conn_new(registry);
    r = registry_repo_open(c, ref.domain, ref.path, false, &repo, err);
    if (r == 0)
        r = registry_manifest_get(c, repo, ref.digest[0] != '\0' ? ref.digest : ref.tag, j->arena, &m, err);
    if (r == 0)
        r = json_parse(m.text, m.len, "the manifest", &doc, err);
    if (r == 0 && j->f.raw)
        strbuf_add(&j->out, m.text, m.len);
    else if (r == 0)
        json_out(&j->out, doc, 4);
    registry_conn_free(c);
    registry_close(registry);
    return r;
}

static int push(struct job *j, struct error *err)
{
    struct manifest_list l;
    struct reference to;
    struct registry *registry = NULL;
    char digest[DIGEST_MAX];
    int r = open_list(j, j->words[1], false, &l, err);
    if (r < 0)
        return r;
    r = reference_parse(j->words[j->n], &to, err);
    if (r == 0)
        r = remote(j, to.domain, &registry, err);
    if (r == 0) {
        r = manifest_list_push(&l, registry, &to, digest, err);
        registry_close(registry);
    }
    if (r == 0 && j->f.digestfile != NULL)
        r = file_replace(AT_FDCWD, j->f.digestfile, digest, strlen(digest), 0644, false, err);
    if (r == 0 && j->f.purge)
        r = manifest_list_remove(&l, err);
    if (r == 0 && !j->f.quiet)
        strbuf_addf(&j->out, "%s\n", digest);
    manifest_list_close(&l);
    return r;
}

static int rm(struct job *j, struct error *err)
{
    int r = 0;
    for (int i = 1; i <= j->n && r == 0; i++) {
        struct manifest_list l;
        r = open_list(j, j->words[i], false, &l, err);
        if (r < 0)
            return r;
        r = manifest_list_remove(&l, err);
        manifest_list_close(&l);
    }
    return r;
}

static int run(const struct cli *cli, int argc, char **argv, int min, int max,
               int (*part)(struct job *j, struct error *err))
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct job j = { .cli = cli, .arena = a, .words = argv, .out = STRBUF_INIT };
    struct error err = { 0 };
    int status = command_options(cli, &j.f, a, argc, argv, &j.n);
    if (status < 0)
        status = command_words(cli, j.n, min, max);
    if (status >= 0)
        return status;
    if (j.f.raw && isatty(STDOUT_FILENO) == 1)
        return fail_text(cli, 1, "--raw does not go to a terminal: leave it out, or send it elsewhere");
    status = part(&j, &err) < 0 ? fail(cli, 1, &err) : out_write(&j.out);
    strbuf_free(&j.out);
    return status;
}

int registry_manifest_create(const struct cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, 1, -1, create);
}

int registry_manifest_add(const struct cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, 2, 2, add_one);
}

int registry_manifest_annotate(const struct cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, 2, 2, annotate);
}

int registry_manifest_inspect(const struct cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, 1, 1, inspect);
}

int registry_manifest_push(const struct cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, 1, 2, push);
}

int registry_manifest_rm(const struct cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, 1, -1, rm);
}
