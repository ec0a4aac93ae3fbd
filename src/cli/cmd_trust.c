// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_trust.c: `oakum image trust set` and `show`: the policy of signatures without writing JSON. The file is
 * containers-policy.json(5), whatever wrote it; what is not touched stays as it is.
 */
#include <errno.h>

#include "base/json.h"
#include "base/table.h"
#include "cli/commands.h"
#include "cli/paths.h"
#include "image/policy.h"
#include "sys/file.h"

#define POLICY_FILE "/etc/oakum/policy.json"
#define POLICY_MAX (4 * 1024 * 1024)

struct trust_flags {
    const char *type, *policy;
    struct oci_strings keys;
    bool bundles;
};

#define F(field) OPTION_FIELD(struct trust_flags, field)
static const struct cli_option set_options[] = {
    { "policypath", 0, OPT_TEXT, F(policy), "FILE", "another file than " POLICY_FILE " ($OAKUM_POLICY)",
      NULL },
    { "pubkeysfile", 'f', OPT_LIST, F(keys), "FILE", "a public key in PEM; one of several is enough", NULL },
    { "bundles", 0, OPT_FLAG, F(bundles), NULL,
      "accept cosign's bundles too, which name no repository (podman does not know this)", NULL },
    { "type", 't', OPT_TEXT, F(type), "TYPE", "sigstoreSigned (the default with a key), accept or reject",
      NULL },
};
static const struct cli_option show_options[] = {
    { "policypath", 0, OPT_TEXT, F(policy), "FILE", "another file than the one that counts", NULL },
};

/* The policy as it is, or one that accepts everything. */
static int read_policy(const char *file, json_t **ret, struct error *err)
{
    static const char open_policy[] = "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}";
    _cleanup_free_ char *text = NULL;
    _cleanup_policy_ struct policy *checked = NULL;
    size_t len;
    struct error why = { 0 };
    int r = file_read(AT_FDCWD, file, POLICY_MAX, &text, &len, &why);
    if (r == -ENOENT)
        return json_parse(open_policy, strlen(open_policy), file, ret, err);
    if (r < 0)
        return error_set(err, r, "%s", why.msg);
    r = policy_parse(text, len, file, &checked, err);
    return r < 0 ? r : json_parse(text, len, file, ret, err);
}

static int requirement(const struct trust_flags *f, struct arena *a, json_t **ret, struct error *err)
{
    const char *type = f->type != NULL ? f->type : f->keys.n > 0 ? "sigstoreSigned" : NULL;
    bool is_signed = type != NULL && str_eq(type, "sigstoreSigned");
    if (type == NULL || (is_signed && f->keys.n == 0))
        return error_set(err, -EINVAL,
                         "say what is required: --pubkeysfile KEY, --type accept or --type reject");
    if (!is_signed && !str_eq(type, "accept") && !str_eq(type, "reject") &&
        !str_eq(type, "insecureAcceptAnything"))
        return error_set(err, -EINVAL, "--type must be sigstoreSigned, accept or reject, not \"%s\"", type);
    if (!is_signed && f->keys.n > 0)
        return error_set(err, -EINVAL, "--type %s asks for no key", type);
    if (!is_signed && f->bundles)
        return error_set(err, -EINVAL, "--type %s asks for no signature, so --bundles says nothing", type);
    json_t *j = json_object(), *list = json_array();
    if (!is_signed) {
        json_object_set_new(j, "type",
                            json_string(str_eq(type, "reject") ? "reject" : "insecureAcceptAnything"));
    } else {
        json_t *keys = json_array();
        for (size_t i = 0; i < f->keys.n; i++) {
            _cleanup_free_ char *path = NULL;
            int r = path_absolute(f->keys.v[i], &path, err);
            if (r == 0)
                json_array_append_new(keys, json_string(arena_strdup(a, path)));
        }
        json_object_set_new(j, "type", json_string("sigstoreSigned"));
        if (f->keys.n == 1)
            json_object_set(j, "keyPath", json_array_get(keys, 0));
        else
            json_object_set(j, "keyPaths", keys);
        json_decref(keys);
        /* cosign signs a repository, not a tag. */
        json_object_set_new(
            j, "signedIdentity",
            json_pack("{s:s}", "type", f->bundles ? "matchRepositoryIfNamed" : "matchRepository"));
    }
    json_array_append_new(list, j);
    *ret = list;
    return 0;
}

/* A host alone: "registry.example:5000", "localhost", "*.example.org". What has no dot before the first colon is a repository's name. */
static bool is_host(const char *text)
{
    size_t n = strcspn(text, ":");
    return strchr(text, '/') == NULL &&
           (memchr(text, '.', n) != NULL || (n == strlen("localhost") && strncmp(text, "localhost", n) == 0));
}

/* In full: "nginx" is docker.io/library/nginx. */
static int scope_of(const char *text, struct arena *a, const char **ret, struct error *err)
{
    struct reference ref;
    char full[640];
    *ret = text;
    if (is_host(text))
        return 0;
    int r = reference_parse(text, &ref, err);
    if (r < 0)
        return r;
    const char *last = strrchr(text, '/');
    bool tagged = strpbrk(last != NULL ? last : text, ":@") != NULL;
    reference_format(&ref, full, sizeof(full));
    *ret = tagged ? arena_strdup(a, full) : arena_printf(a, "%s/%s", ref.domain, ref.path);
    return 0;
}

static int write_policy(const char *file, const json_t *j, struct error *err)
{
    const char *slash = strrchr(file, '/');
    _cleanup_free_ char *text = json_text(j, 4), *directory = xstrndup(file, (size_t) (slash - file));
    _cleanup_policy_ struct policy *checked = NULL;
    int r = policy_parse(text, strlen(text), file, &checked, err);
    if (r == 0)
        r = dir_make_all(AT_FDCWD, directory[0] != '\0' ? directory : "/", 0755, err);
    if (r < 0)
        return r;
    _cleanup_close_ int dir = dir_open(AT_FDCWD, directory[0] != '\0' ? directory : "/", err);
    _cleanup_free_ char *line = xasprintf("%s\n", text);
    return dir < 0 ? dir : file_replace(dir, slash + 1, line, strlen(line), 0644, true, err);
}

static json_t *child_object(json_t *parent, const char *key)
{
    if (json_object_get(parent, key) == NULL)
        json_object_set_new(parent, key, json_object());
    return json_object_get(parent, key);
}

static int set_scope(const struct trust_flags *f, const char *scope, struct arena *a, struct error *err)
{
    _cleanup_json_ json_t *policy = NULL;
    json_t *list = NULL;
    _cleanup_free_ char *file = NULL;
    const char *named = getenv("OAKUM_POLICY");
    int r = path_absolute(f->policy != NULL   ? f->policy
                          : !str_empty(named) ? named
                                              : POLICY_FILE,
                          &file, err);
    if (r == 0)
        r = requirement(f, a, &list, err);
    if (r < 0)
        return r;
    r = str_eq(scope, "default") ? 0 : scope_of(scope, a, &scope, err);
    if (r == 0)
        r = read_policy(file, &policy, err);
    if (r < 0) {
        json_decref(list);
        return r;
    }
    if (str_eq(scope, "default"))
        json_object_set_new(policy, "default", list);
    else
        json_object_set_new(child_object(child_object(policy, "transports"), "docker"), scope, list);
    return write_policy(file, policy, err);
}

static int run_set(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct trust_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    return set_scope(&f, argv[1], a, &err) < 0 ? fail(cli, 1, &err) : 0;
}

static const char *kind_text(const struct policy_requirement *q)
{
    switch (q->kind) {
    case POLICY_ACCEPT: return "accept";
    case POLICY_REJECT: return "reject";
    case POLICY_SIGSTORE: return "sigstoreSigned";
    case POLICY_UNSUPPORTED: break;
    }
    return "reject (cannot be checked)";
}

static void show_scope(void *arg, const struct policy_requirements *r)
{
    struct table *t = arg;
    for (size_t i = 0; i < r->n; i++) {
        _cleanup_strbuf_ struct strbuf keys = STRBUF_INIT;
        for (size_t k = 0; k < r->v[i].key_paths.n; k++)
            strbuf_addf(&keys, "%s%s", k > 0 ? ", " : "", r->v[i].key_paths.v[k]);
        if (r->v[i].key_datas.n > 0)
            strbuf_addf(&keys, "%s%zu in the file", keys.len > 0 ? ", " : "", r->v[i].key_datas.n);
        const char *cells[] = { r->scope, r->v[i].what != NULL ? r->v[i].what : kind_text(&r->v[i]),
                                keys.len > 0 ? keys.buf : "" };
        table_row(t, cells);
    }
}

static int run_show(const struct cli *cli, int argc, char **argv)
{
    static const char *const headers[] = { "SCOPE", "REQUIRES", "KEYS" };
    struct trust_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_policy_ struct policy *policy = NULL;
    if (policy_load(f.policy, &policy, &err) < 0)
        return fail(cli, 1, &err);
    if (policy == NULL)
        return out_text("No policy: every image is accepted.\n");
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    strbuf_addf(&out, "%s\n", policy_name(policy));
    policy_each(policy, show_scope, t);
    table_render(t, &out);
    table_free(t);
    return out_write(&out);
}

const struct command cmd_trust_set = {
    .name = "image trust set",
    .synopsis = "[OPTIONS] SCOPE",
    .summary = "Say which signatures images of a registry must have",
    .details =
        "SCOPE is a registry (registry.example:5000, *.example.org), the beginning of a path there, a repository, or \"default\" for\n"
        "everything else. The most specific scope counts alone. The file is containers-policy.json(5), which podman and skopeo read too.",
    .options = set_options,
    .n_options = ARRAY_LEN(set_options),
    .run = run_set,
};

const struct command cmd_trust_show = {
    .name = "image trust show",
    .synopsis = "[OPTIONS]",
    .summary = "Show which signatures are required",
    .options = show_options,
    .n_options = ARRAY_LEN(show_options),
    .run = run_show,
};
