// SPDX-License-Identifier: Apache-2.0
/*
 * How: the document becomes a list of scopes with their requirements; a lookup makes the names that may be meant, from the most
 * specific to the least (name with tag or digest, repository, its parents, "*." and the parents of the host, the transport's default,
 * the default), and takes the first that is there. What a scope says replaces what the wider ones say; nothing is added up.
 *
 * Threat: a policy that is read more liberally than its author meant. Unknown members and types are errors, an empty list of
 * requirements is one too, and so is a file that somebody else could have written.
 */
#include "image/policy.h"

#include <errno.h>

#include "base/arena.h"
#include "base/json.h"
#include "sys/file.h"

#define POLICY_MAX (4 * 1024 * 1024)

struct scope {
    const char *name; /* NULL: the default of all transports; "": of the transport */
    struct policy_requirements requirements;
};

struct policy {
    struct arena *arena;
    const char *name;
    struct scope *scopes; /* of the transport "docker", and the default */
    size_t n;
};

/* --- reading --- */

static const struct {
    const char *type;
    enum policy_identity_kind kind;
    const char *value, *second; /* members it has, beside type */
} identities[] = {
    { "matchRepoDigestOrExact", IDENTITY_REPO_DIGEST_OR_EXACT, NULL, NULL },
    { "matchExact", IDENTITY_EXACT, NULL, NULL },
    { "matchRepository", IDENTITY_REPOSITORY, NULL, NULL },
    { "matchRepositoryIfNamed", IDENTITY_REPOSITORY_IF_NAMED, NULL, NULL },
    { "exactReference", IDENTITY_EXACT_REFERENCE, "dockerReference", NULL },
    { "exactRepository", IDENTITY_EXACT_REPOSITORY, "dockerRepository", NULL },
    { "remapIdentity", IDENTITY_REMAP, "prefix", "signedPrefix" },
};

/* A name in the form in which it is compared. */
static int check_reference(struct arena *a, const char *text, bool exact, const char **ret, struct error *err)
{
    struct reference ref;
    char full[640];
    int r = reference_parse(text, &ref, err);
    if (r < 0)
        return r;
    if (exact) {
        reference_format(&ref, full, sizeof(full));
        *ret = arena_strdup(a, full);
    } else {
        *ret = arena_printf(a, "%s/%s", ref.domain, ref.path);
    }
    return 0;
}

static int read_identity(struct arena *a, const json_t *j, const char *path, struct policy_requirement *q,
                         struct error *err)
{
    const char *type, *known[3] = { "type" };
    size_t i = 0, n = 1;
    int r = json_get_string(j, path, "type", true, &type, err);
    if (r < 0)
        return r;
    while (i < ARRAY_LEN(identities) && !str_eq(identities[i].type, type))
        i++;
    if (i == ARRAY_LEN(identities))
        return error_set(err, -EINVAL, "%s.type: \"%s\" is not known", path, type);
    q->identity = identities[i].kind;
    if (identities[i].value) {
        known[n++] = identities[i].value;
        r = json_get_string(j, path, identities[i].value, true, &q->value, err);
    }
    if (r == 0 && identities[i].second) {
        known[n++] = identities[i].second;
        r = json_get_string(j, path, identities[i].second, true, &q->signed_prefix, err);
        q->signed_prefix = r == 0 ? arena_strdup(a, q->signed_prefix) : NULL;
    }
    if (r == 0 && q->value && q->identity != IDENTITY_REMAP)
        r = check_reference(a, q->value, q->identity == IDENTITY_EXACT_REFERENCE, &q->value, err);
    else if (r == 0 && q->value)
        q->value = arena_strdup(a, q->value);
    return r < 0 ? r : json_only_keys(j, path, known, n, err);
}

/* "keyPath" and "keyPaths", "keyData" and "keyDatas": one, or a list. */
static int read_keys(struct arena *a, const json_t *j, const char *path, const char *one, const char *many,
                     struct oci_strings *out, struct error *err)
{
    const char *text;
    json_t *list = NULL, *v;
    size_t i;
    int r = json_get_string(j, path, one, false, &text, err);
    if (r == 0 && text)
        oci_strings_add(a, out, arena_strdup(a, text));
    if (r == 0)
        r = json_get_container(j, path, many, JSON_ARRAY, false, &list, err);
    if (r < 0 || !list)
        return r;
    json_array_foreach(list, i, v)
    {
        if (!json_is_string(v))
            return error_set(err, -EINVAL, "%s.%s[%zu]: must be a string", path, many, i);
        oci_strings_add(a, out, arena_strdup(a, json_string_value(v)));
    }
    return 0;
}

static int read_sigstore(struct arena *a, const json_t *j, const char *path, struct policy_requirement *q,
                         struct error *err)
{
    static const char *const known[] = { "type",
                                         "keyPath",
                                         "keyPaths",
                                         "keyData",
                                         "keyDatas",
                                         "signedIdentity",
                                         "fulcio",
                                         "pki",
                                         "rekorPublicKeyPath",
                                         "rekorPublicKeyPaths",
                                         "rekorPublicKeyData",
                                         "rekorPublicKeyDatas" };
    json_t *identity;
    int r = json_only_keys(j, path, known, ARRAY_LEN(known), err);
    if (r < 0)
        return r;
    q->kind = POLICY_SIGSTORE;
    for (size_t i = 6; i < ARRAY_LEN(known); i++)
        if (json_object_get(j, known[i])) {
            q->kind = POLICY_UNSUPPORTED;
            q->what = known[i];
        }
    r = read_keys(a, j, path, "keyPath", "keyPaths", &q->key_paths, err);
    if (r == 0)
        r = read_keys(a, j, path, "keyData", "keyDatas", &q->key_datas, err);
    if (r == 0)
        r = json_get_container(j, path, "signedIdentity", JSON_OBJECT, false, &identity, err);
    if (r < 0)
        return r;
    if (q->kind == POLICY_SIGSTORE && q->key_paths.n + q->key_datas.n == 0)
        return error_set(err, -EINVAL, "%s: has neither keyPath nor keyData", path);
    if (!identity)
        return 0;
    _cleanup_free_ char *inner = xasprintf("%s.signedIdentity", path);
    return read_identity(a, identity, inner, q, err);
}

static int read_requirement(struct arena *a, const json_t *j, const char *path, struct policy_requirement *q,
                            struct error *err)
{
    static const char *const only_type[] = { "type" };
    const char *type;
    *q = (struct policy_requirement){ 0 };
    if (!json_is_object(j))
        return error_set(err, -EINVAL, "%s: must be an object", path);
    int r = json_get_string(j, path, "type", true, &type, err);
    if (r < 0)
        return r;
    if (str_eq(type, "sigstoreSigned"))
        return read_sigstore(a, j, path, q, err);
    if (str_eq(type, "signedBy") || str_eq(type, "signedBaseLayer")) {
        q->kind = POLICY_UNSUPPORTED;
        q->what = str_eq(type, "signedBy") ? "signedBy" : "signedBaseLayer";
        return 0;
    }
    if (!str_eq(type, "insecureAcceptAnything") && !str_eq(type, "reject"))
        return error_set(err, -EINVAL, "%s.type: \"%s\" is not known", path, type);
    q->kind = str_eq(type, "reject") ? POLICY_REJECT : POLICY_ACCEPT;
    return json_only_keys(j, path, only_type, 1, err);
}

static int add_scope(struct policy *p, const char *name, const json_t *list, const char *path,
                     struct error *err)
{
    size_t n = json_array_size(list);
    struct policy_requirement *v = arena_array(p->arena, n, sizeof(*v));
    if (!json_is_array(list))
        return error_set(err, -EINVAL, "%s: must be a list of requirements", path);
    if (n == 0)
        return error_set(err, -EINVAL, "%s: a list of requirements cannot be empty", path);
    for (size_t i = 0; i < n; i++) {
        _cleanup_free_ char *inner = xasprintf("%s[%zu]", path, i);
        int r = read_requirement(p->arena, json_array_get(list, i), inner, &v[i], err);
        if (r < 0)
            return r;
    }
    p->scopes = arena_grow(p->arena, p->scopes, p->n, p->n + 1, sizeof(*p->scopes));
    p->scopes[p->n++] = (struct scope){
        .name = name ? arena_strdup(p->arena, name) : NULL,
        .requirements = { v, n,
                          !name     ? "default"
                          : name[0] ? arena_strdup(p->arena, name)
                                    : "docker, default" },
    };
    return 0;
}

static int read_document(struct policy *p, const json_t *j, struct error *err)
{
    static const char *const known[] = { "default", "transports" };
    json_t *transports = NULL, *docker = NULL, *list = NULL;
    const char *name;
    int r = json_is_object(j) ? json_only_keys(j, "", known, ARRAY_LEN(known), err)
                              : error_set(err, -EINVAL, "must be an object");
    if (r == 0)
        r = json_get_container(j, "", "default", JSON_ARRAY, true, &list, err);
    if (r == 0)
        r = add_scope(p, NULL, list, "default", err);
    if (r == 0)
        r = json_get_container(j, "", "transports", JSON_OBJECT, false, &transports, err);
    if (r < 0 || !transports)
        return r;
    r = json_get_container(transports, "transports", "docker", JSON_OBJECT, false, &docker, err);
    if (r < 0 || !docker)
        return r;
    json_object_foreach(docker, name, list)
    {
        _cleanup_free_ char *path = xasprintf("transports.docker.\"%s\"", name);
        r = add_scope(p, name, list, path, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int policy_parse(const char *text, size_t len, const char *name, struct policy **ret, struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    int r = json_parse(text, len, name, &j, err);
    if (r < 0)
        return r;
    struct arena *a = arena_new();
    struct policy *p = arena_alloc(a, sizeof(*p));
    p->arena = a;
    p->name = arena_strdup(a, name);
    r = read_document(p, j, err);
    if (r < 0) {
        arena_free(a);
        return error_context(err, r, "%s", name);
    }
    *ret = p;
    return 0;
}

void policy_free(struct policy *p)
{
    if (p)
        arena_free(p->arena);
}

const char *policy_name(const struct policy *p)
{
    return p ? p->name : "no policy";
}

/* --- finding the file --- */

static int load_one(const char *file, bool required, struct policy **ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    struct stat st;
    size_t len;
    struct error why = { 0 };
    _cleanup_close_ int fd = file_open(AT_FDCWD, file, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &why);
    if (fd == -ENOENT && !required)
        return -ENOENT;
    if (fd < 0)
        return error_set(err, fd, "%s", why.msg);
    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at %s", file);
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
        return error_set(err, -EPERM, "%s can be written by others than its owner and root: not used", file);
    int r = file_read_fd(fd, file, POLICY_MAX, &text, &len, err);
    return r < 0 ? r : policy_parse(text, len, file, ret, err);
}

int policy_load(const char *file, struct policy **ret, struct error *err)
{
    static const char *const names[] = { "oakum/policy.json", "containers/policy.json" };
    const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
    *ret = NULL;
    if (!file && !str_empty(getenv("OAKUM_POLICY")))
        file = getenv("OAKUM_POLICY");
    if (file)
        return load_one(file, true, ret, err);
    for (size_t k = geteuid() == 0 ? 1 : 0; k < 2; k++)
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            _cleanup_free_ char *path = k == 1 ? xasprintf("/etc/%s", names[i])
                                        : config && *config
                                            ? xasprintf("%s/%s", config, names[i])
                                            : xasprintf("%s/.config/%s", home ? home : "", names[i]);
            int r = load_one(path, false, ret, err);
            if (r != -ENOENT)
                return r;
        }
    return 0;
}

/* --- looking up --- */

static const struct scope *scope_named(const struct policy *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (name == NULL ? p->scopes[i].name == NULL : p->scopes[i].name && str_eq(p->scopes[i].name, name))
            return &p->scopes[i];
    return NULL;
}

/* Repository, its parents, the host itself. */
static const struct scope *by_path(const struct policy *p, const struct reference *ref)
{
    char name[520];
    const struct scope *s = NULL;
    if (str_format(name, sizeof(name), "%s/%s", ref->domain, ref->path) < 0)
        return NULL;
    for (char *end = name + strlen(name); s == NULL && end; end = strrchr(name, '/')) {
        *end = '\0';
        s = scope_named(p, name);
    }
    return s;
}

/* "*.example.com" for what is below it, the nearest first. */
static const struct scope *by_host(const struct policy *p, const char *domain)
{
    char name[300];
    for (const char *dot = strchr(domain, '.'); dot; dot = strchr(dot + 1, '.')) {
        const struct scope *s;
        if (str_format(name, sizeof(name), "*%s", dot) < 0)
            return NULL;
        s = scope_named(p, name);
        if (s)
            return s;
    }
    return NULL;
}

void policy_find(const struct policy *p, const struct reference *ref, struct policy_requirements *ret)
{
    static const struct policy_requirement accept = { .kind = POLICY_ACCEPT };
    char full[640];
    const struct scope *s;
    if (!p) {
        *ret = (struct policy_requirements){ &accept, 1, "default" };
        return;
    }
    struct reference exact = *ref;
    if (exact.digest[0] != '\0') /* as its other readers have it: a digest leaves the tag without meaning */
        exact.tag[0] = '\0';
    reference_format(&exact, full, sizeof(full));
    s = scope_named(p, full);
    if (!s)
        s = by_path(p, ref);
    if (!s)
        s = by_host(p, ref->domain);
    if (!s)
        s = scope_named(p, "");
    if (!s)
        s = scope_named(p, NULL);
    *ret = s->requirements; /* there is always a default */
}

bool policy_accepts_all(const struct policy_requirements *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].kind != POLICY_ACCEPT)
            return false;
    return true;
}

void policy_each(const struct policy *p, void (*fn)(void *arg, const struct policy_requirements *r),
                 void *arg)
{
    for (size_t i = 0; i < p->n; i++)
        fn(arg, &p->scopes[i].requirements);
}
