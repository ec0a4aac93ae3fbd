// SPDX-License-Identifier: Apache-2.0
/* cli/registry_verify.c: `oakum verify`: what the policy, or a key, says of an image in a registry or in the store. */
#include <errno.h>

#include "cli/registry_commands.h"
#include "image/store.h"
#include "image/trust.h"
#include "sys/file.h"

struct job {
    const struct cli *cli;
    struct verify_flags f;
    struct arena *a;
    struct policy *policy;
    struct policy_requirement by_key;
    struct policy_requirements required;
    struct reference ref;
    const char *digests[2];
    size_t n_digests;
    struct trust_signatures signatures;
};

/* What is asked for: a key of the command line, for any tag of the repository or for just this digest; else the policy. */
static int requirements(struct job *j, struct error *err)
{
    if (j->f.keys.n > 0) {
        j->by_key = (struct policy_requirement){
            .kind = POLICY_SIGSTORE,
            .key_paths = j->f.keys,
            .identity = IDENTITY_REPOSITORY_IF_NAMED,
        };
        j->required = (struct policy_requirements){ &j->by_key, 1, "--key" };
        return 0;
    }
    policy_find(j->policy, &j->ref, &j->required);
    if (!policy_accepts_all(&j->required) || j->f.local)
        return 0;
    return error_set(
        err, -EINVAL,
        "nothing is asked of this image (%s, \"%s\"): give --key, or \"oakum image trust set\" a key for it",
        policy_name(j->policy), j->required.scope);
}

static int look_in_store(struct job *j, const char *name, struct error *err)
{
    _cleanup_store_ struct store *s = NULL;
    _cleanup_store_image_ struct store_image *image = NULL;
    int r = store_open(j->cli->root, false, &s, err);
    if (r < 0)
        return r;
    r = store_find(s, name, &image, err);
    if (r < 0)
        return r;
    if (j->f.digest != NULL && !str_eq(j->f.digest, image->manifest_digest))
        return error_set(err, -EBUSY, "%s became another image meanwhile", name);
    const char *source = image->source_name != NULL ? image->source_name : image->name;
    if (source == NULL)
        return error_set(err, -EINVAL, "%s has no name that a policy could speak of", name);
    r = reference_parse(source, &j->ref, err);
    j->digests[j->n_digests++] = arena_strdup(j->a, image->manifest_digest);
    if (image->source_digest != NULL)
        j->digests[j->n_digests++] = arena_strdup(j->a, image->source_digest);
    return r < 0 ? r : trust_from_text(image->signatures, j->a, &j->signatures, err);
}

static int look_in_registry(struct job *j, struct error *err)
{
    struct registry *registry;
    struct registry_repo *repo;
    struct registry_manifest m;
    int r = remote_open(&j->f.remote, j->ref.domain, &registry, err);
    if (r < 0)
        return r;
    struct registry_conn *c = registry_conn_new(registry);
    r = registry_repo_open(c, j->ref.domain, j->ref.path, false, &repo, err);
    if (r == 0)
        r = registry_manifest_get(c, repo, j->ref.digest[0] != '\0' ? j->ref.digest : j->ref.tag, j->a, &m,
                                  err);
    if (r == 0) {
        j->digests[j->n_digests++] = m.digest;
        r = trust_fetch(c, repo, j->digests, j->n_digests, j->a, &j->signatures, err);
    }
    registry_conn_free(c);
    registry_close(registry);
    return r;
}

static int verify(struct job *j, const char *name, struct error *err)
{
    int r = policy_load(j->f.policy, &j->policy, err);
    if (r == 0)
        r = j->f.local ? look_in_store(j, name, err) : reference_parse(name, &j->ref, err);
    if (r == 0)
        r = requirements(j, err);
    if (r == 0 && !j->f.local)
        r = look_in_registry(j, err);
    if (r == 0)
        r = trust_check(j->policy, &j->required, &j->ref, j->digests, j->n_digests, &j->signatures, j->a,
                        NULL, err);
    return r;
}

static int accepted(const struct job *j)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    if (j->f.quiet)
        return 0;
    strbuf_addf(&out, "%s/%s@%s: accepted (%s)\n", j->ref.domain, j->ref.path, j->digests[0],
                j->f.keys.n > 0
                    ? "signed with the key"
                    : arena_printf(j->a, "%s, \"%s\"", policy_name(j->policy), j->required.scope));
    return out_write(&out);
}

int registry_verify(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct job j = { .cli = cli, .a = a };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &j.f, a, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    int r = verify(&j, argv[1], &err);
    status = r == 0 ? accepted(&j) : 1;
    if (r < 0 && j.f.report_fd.set)
        write_all((int) j.f.report_fd.v, err.msg, strlen(err.msg));
    else if (r < 0)
        status = fail(cli, 1, &err);
    policy_free(j.policy);
    return status;
}
