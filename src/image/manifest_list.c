// SPDX-License-Identifier: Apache-2.0
/*
 * How: see the header. The document is kept as JSON, since members may have fields that oakum itself never uses (os.version of Windows).
 *
 * Threat: what a registry says of a member: its bytes are verified by registry_manifest_get(), its config by its digest; of the config
 * only the platform's five fields are taken, as text. A push names members by digest, so what is pushed is what was looked up.
 */
#include "image/manifest_list.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "image/sha256.h"
#include "sys/file.h"

#define LIST_MAX (4 * 1024 * 1024)

static void file_name(const char *full, char name[static SHA256_HEX + 5])
{
    sha256_of(full, strlen(full), name);
    memcpy(name + SHA256_HEX - 1, ".json", sizeof(".json"));
}

static int read_list(struct manifest_list *l, bool create, struct error *err)
{
    char name[SHA256_HEX + 5];
    _cleanup_free_ char *text = NULL;
    size_t len;
    struct stat st;
    file_name(l->name, name);
    if (fstatat(l->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
        if (!create)
            return error_set(err, -ENOENT,
                             "there is no manifest list %s: \"oakum manifest create\" makes one", l->name);
        l->doc = json_pack("{s:s, s:[]}", "name", l->name, "manifests");
        return 0;
    }
    int r = file_read(l->dir, name, LIST_MAX, &text, &len, err);
    if (r == 0)
        r = json_parse(text, len, "the manifest list", &l->doc, err);
    if (r == 0 && !json_is_array(json_object_get(l->doc, "manifests")))
        r = error_set(err, -EINVAL, "the manifest list %s is damaged: remove it and create it again",
                      l->name);
    return r;
}

int manifest_list_open(const char *root, const struct reference *name, bool create, struct manifest_list *ret,
                       struct error *err)
{
    struct manifest_list l = { .dir = -1, .lock = -1 };
    if (name->digest[0] != '\0')
        return error_set(err, -EINVAL, "a manifest list has a tag, not a digest");
    reference_format(name, l.name, sizeof(l.name));
    int r = create ? dir_make_all(AT_FDCWD, root, 0700, err) : 0;
    _cleanup_close_ int top = r < 0 ? r : dir_open(AT_FDCWD, root, create ? err : NULL);
    if (top >= 0)
        r = dir_check_private(top, root, err);
    if (top >= 0 && r == 0 && create && mkdirat(top, "lists", 0700) < 0 && errno != EEXIST)
        r = error_errno(err, -errno, "cannot make %s/lists", root);
    if (top >= 0 && r == 0)
        l.dir = dir_open(top, "lists", create ? err : NULL);
    if (r == 0 && l.dir < 0)
        r = create ? l.dir
                   : error_set(err, -ENOENT,
                               "there is no manifest list %s: \"oakum manifest create\" makes one", l.name);
    if (r == 0)
        r = l.lock = file_open(l.dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err);
    if (r >= 0)
        r = file_lock(l.lock, LOCK_EX, "the manifest lists", err);
    if (r >= 0)
        r = read_list(&l, create, err);
    if (r < 0)
        manifest_list_close(&l);
    else
        *ret = l;
    return MIN_OF(r, 0);
}

bool manifest_list_exists(const char *root, const struct reference *name)
{
    struct manifest_list l;
    if (name->digest[0] != '\0' || manifest_list_open(root, name, false, &l, NULL) < 0)
        return false;
    manifest_list_close(&l);
    return true;
}

int manifest_list_write(const struct manifest_list *l, struct error *err)
{
    char name[SHA256_HEX + 5];
    _cleanup_free_ char *text = json_text(l->doc, 0);
    file_name(l->name, name);
    return file_replace(l->dir, name, text, strlen(text), 0600, true, err);
}

int manifest_list_remove(const struct manifest_list *l, struct error *err)
{
    char name[SHA256_HEX + 5];
    file_name(l->name, name);
    return unlinkat(l->dir, name, 0) < 0
               ? error_errno(err, -errno, "cannot remove the manifest list %s", l->name)
               : 0;
}

void manifest_list_close(struct manifest_list *l)
{
    json_decref(l->doc);
    cleanup_close(&l->lock);
    cleanup_close(&l->dir);
}

static json_t *members(const struct manifest_list *l)
{
    return json_object_get(l->doc, "manifests");
}

size_t manifest_list_size(const struct manifest_list *l)
{
    return json_array_size(members(l));
}

static const char *text_of(const json_t *j, const char *key)
{
    const char *text = json_string_value(json_object_get(j, key));
    return text != NULL ? text : "";
}

json_t *manifest_list_member(const struct manifest_list *l, const char *name)
{
    size_t i;
    json_t *m;
    json_array_foreach(members(l), i, m)
    {
        if (str_eq(text_of(m, "ref"), name) || str_eq(text_of(m, "digest"), name))
            return m;
    }
    return NULL;
}

/* --- members --- */

/* The platform that a config names; NULL when it names none. */
static json_t *platform_of(const json_t *config)
{
    static const char *const keys[] = { "architecture", "os", "os.version", "os.features", "variant" };
    json_t *platform = json_object();
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        json_t *v = json_object_get(config, keys[i]);
        if (json_is_string(v) ? json_string_length(v) > 0 : json_is_array(v))
            json_object_set(platform, keys[i], v);
    }
    if (json_object_size(platform) > 0)
        return platform;
    json_decref(platform);
    return NULL;
}

static int look_up(struct registry_conn *c, const struct reference *ref, struct arena *a, json_t **ret,
                   struct error *err)
{
    struct registry_repo *repo;
    struct registry_manifest m = { 0 };
    struct image_manifest image = { 0 };
    const char *text = NULL;
    _cleanup_json_ json_t *config = NULL;
    char full[640];
    int r = registry_repo_open(c, ref->domain, ref->path, false, &repo, err);
    if (r == 0)
        r = registry_manifest_get(c, repo, ref->digest[0] != '\0' ? ref->digest : ref->tag, a, &m, err);
    if (r < 0)
        return r;
    reference_format(ref, full, sizeof(full));
    if (m.kind != MEDIA_KIND_MANIFEST)
        return error_set(err, -EINVAL, "%s is %s, and a list has images as members", full,
                         m.kind == MEDIA_KIND_INDEX ? "a list itself: name the images in it, by their digests"
                                                    : "no image");
    r = image_manifest_parse(m.text, m.len, a, &image, err);
    if (r == 0)
        r = registry_blob_read(c, repo, image.config.digest, image.config.size, a, &text, err);
    if (r < 0)
        return r;
    json_t *j = json_pack("{s:s, s:s, s:I, s:s}", "mediaType", m.media_type, "digest", m.digest, "size",
                          (json_int_t) m.len, "ref", full);
    /* The config of an artifact is anything; it has no platform then. */
    if (json_parse(text, (size_t) image.config.size, "the config", &config, NULL) == 0)
        json_object_set_new(j, "platform", platform_of(config));
    *ret = j;
    return 0;
}

int manifest_list_add(struct manifest_list *l, struct registry *registry, const struct reference *ref,
                      json_t **ret, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    json_t *m = NULL, *list = members(l), *old;
    size_t i;
    struct registry_conn *c = registry_conn_new(registry);
    int r = look_up(c, ref, a, &m, err);
    registry_conn_free(c);
    if (r < 0)
        return r;
    *ret = m;
    json_array_foreach(list, i, old)
    {
        if (str_eq(text_of(old, "digest"), text_of(m, "digest")) ||
            str_eq(text_of(old, "ref"), text_of(m, "ref"))) {
            json_array_set_new(list, i, m);
            return 0;
        }
    }
    json_array_append_new(list, m);
    return 0;
}

/* --- pushing --- */

char *manifest_list_text(const struct manifest_list *l, const char **ret_type, int indent)
{
    static const char *const keys[] = { "mediaType", "digest", "size", "platform", "annotations" };
    json_t *list = json_array(), *m;
    bool docker = manifest_list_size(l) > 0;
    size_t i;
    json_array_foreach(members(l), i, m)
    {
        json_t *one = json_object();
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            if (json_object_get(m, keys[k]) != NULL)
                json_object_set(one, keys[k], json_object_get(m, keys[k]));
        }
        docker = docker && str_eq(text_of(m, "mediaType"), MEDIA_DOCKER_MANIFEST) &&
                 json_object_get(m, "annotations") == NULL;
        json_array_append_new(list, one);
    }
    *ret_type = docker ? MEDIA_DOCKER_LIST : MEDIA_INDEX;
    _cleanup_json_ json_t *doc = json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType", *ret_type,
                                           "manifests", list);
    return json_text(doc, indent);
}

static int copy_blob(struct registry_conn *c, struct registry_repo *to, const struct reference *from,
                     const struct image_descriptor *d, struct error *err)
{
    struct error why = { 0 };
    struct registry_upload u = { .digest = d->digest, .fd = -1, .size = d->size, .mount_from = from->path };
    int r = registry_blob_exists(c, to, d->digest, err);
    if (r != 0)
        return MIN_OF(r, 0);
    r = registry_blob_put(c, to, &u, &why);
    return r == 1 ? 0
                  : error_set(
                        err, r < 0 ? r : -EIO,
                        "the registry does not take %.19s from %s: push that image to the list's repository",
                        d->digest, from->path);
}

static int copy_member(struct registry_conn *c, struct registry_repo *to, const struct reference *from,
                       const char *digest, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct registry_repo *source;
    struct registry_manifest m = { 0 };
    struct image_manifest image = { 0 };
    int r = registry_repo_open(c, from->domain, from->path, false, &source, err);
    if (r == 0)
        r = registry_manifest_get(c, source, digest, a, &m, err);
    if (r == 0)
        r = image_manifest_parse(m.text, m.len, a, &image, err);
    for (size_t i = 0; r == 0 && i < image.layers.n; i++)
        r = copy_blob(c, to, from, &image.layers.v[i], err);
    if (r == 0)
        r = copy_blob(c, to, from, &image.config, err);
    return r < 0 ? r : registry_manifest_put(c, to, digest, m.media_type, m.text, m.len, err);
}

/* There under its digest, or brought there. */
static int place_member(struct registry_conn *c, struct registry_repo *repo, const struct reference *to,
                        const json_t *m, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct registry_manifest there;
    struct reference from;
    const char *digest = text_of(m, "digest");
    int r = reference_parse(text_of(m, "ref"), &from, err);
    if (r < 0)
        return r;
    if (!str_eq(from.domain, to->domain))
        return error_set(err, -EXDEV, "%s is in another registry than the list: push it to %s first",
                         text_of(m, "ref"), to->domain);
    r = registry_manifest_head(c, repo, digest, a, &there, err);
    if (r != -ENOENT)
        return r;
    error_clear(err);
    if (str_eq(from.path, to->path))
        return error_set(err, r, "%s is not in %s/%s any more (%s)", text_of(m, "ref"), to->domain, to->path,
                         digest);
    return copy_member(c, repo, &from, digest, err);
}

static int push(struct registry_conn *c, const struct manifest_list *l, const struct reference *to,
                char digest[static DIGEST_MAX], struct error *err)
{
    struct registry_repo *repo;
    const char *type;
    char hex[SHA256_HEX];
    size_t i;
    json_t *m;
    int r = registry_repo_open(c, to->domain, to->path, true, &repo, err);
    json_array_foreach(members(l), i, m)
    {
        if (r == 0)
            r = place_member(c, repo, to, m, err);
    }
    if (r < 0)
        return r;
    _cleanup_free_ char *text = manifest_list_text(l, &type, 0);
    sha256_of(text, strlen(text), hex);
    if (str_format(digest, DIGEST_MAX, "sha256:%s", hex) < 0)
        return -ENAMETOOLONG;
    return registry_manifest_put(c, repo, to->tag, type, text, strlen(text), err);
}

int manifest_list_push(const struct manifest_list *l, struct registry *registry, const struct reference *to,
                       char digest[static DIGEST_MAX], struct error *err)
{
    if (manifest_list_size(l) == 0)
        return error_set(err, -EINVAL, "the manifest list %s is empty", l->name);
    if (to->digest[0] != '\0')
        return error_set(err, -EINVAL, "a manifest list is pushed to a tag, not to a digest");
    struct registry_conn *c = registry_conn_new(registry);
    int r = push(c, l, to, digest, err);
    registry_conn_free(c);
    return r < 0 ? error_context(err, r, "cannot push %s", l->name) : 0;
}
