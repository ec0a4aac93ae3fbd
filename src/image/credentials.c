// SPDX-License-Identifier: Apache-2.0
/*
 * How: each file is JSON that is read whole; the keys of "auths" are brought to one form ("host[/path]", docker's hub under its one
 * name) and compared at component boundaries. Writing changes the one member and leaves the rest of the document alone.
 *
 * Threat: a key that fits a host it was not meant for ("registry.example" and "registry.example.evil"), a helper's name that leads
 * out of $PATH, a secret that stays in memory, in a message or in a file that others can read.
 */
#include "image/credentials.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/json.h"
#include "image/credentials_helper.h"
#include "image/registry_parse.h"
#include "sys/file.h"

#define FILE_MAX ((size_t) 4 * 1024 * 1024)
#define HUB_KEY "https://index.docker.io/v1/"

static void wipe(char **s)
{
    if (*s != NULL)
        explicit_bzero(*s, strlen(*s));
    free(TAKE_PTR(*s));
}

void credential_clear(struct credential *c)
{
    wipe(&c->username);
    wipe(&c->password);
    wipe(&c->identity_token);
}

/* --- keys --- */

static bool is_hub(const char *host, size_t n)
{
    static const char *const names[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], host, n) == 0)
            return true;
    }
    return false;
}

/* "https://HOST/v1/" and "HOST/" are HOST; "HOST/team" stays. */
static char *normal_key(const char *key)
{
    static const char *const old[] = { "", "/", "/v1", "/v1/", "/v2", "/v2/" };
    const char *rest = str_after(key, "https://");
    if (rest == NULL)
        rest = str_after(key, "http://");
    key = rest != NULL ? rest : key;
    size_t n = strcspn(key, "/");
    const char *path = key + n;
    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        if (str_eq(path, old[i]))
            path = "";
    }
    return is_hub(key, n) ? xasprintf("docker.io%s", path) : xasprintf("%.*s%s", (int) n, key, path);
}

/* How long the key is where it fits; 0: it does not. */
static size_t key_fits(const char *key, const char *domain, const char *path)
{
    _cleanup_free_ char *normal = normal_key(key);
    _cleanup_free_ char *full = xasprintf("%s%s%s", domain, path[0] != '\0' ? "/" : "", path);
    const char *rest = str_after(full, normal);
    return rest != NULL && (*rest == '\0' || *rest == '/') ? strlen(normal) : 0;
}

/* --- one entry --- */

static void take(char **to, const json_t *j)
{
    if (json_is_string(j) && json_string_length(j) > 0) {
        wipe(to);
        *to = xstrdup(json_string_value(j));
    }
}

static int read_entry(const json_t *entry, const char *name, const char *key, struct credential *ret,
                      struct error *err)
{
    const char *auth = json_string_value(json_object_get(entry, "auth"));
    struct credential c = { 0 };
    if (!str_empty(auth)) {
        char *text = NULL;
        size_t len = 0;
        if (base64_decode(auth, &text, &len) < 0 || strlen(text) != len || strchr(text, ':') == NULL) {
            wipe(&text);
            return error_set(err, -EINVAL,
                             "%s: auths: the \"auth\" of \"%.200s\" is not base64 of NAME:PASSWORD", name,
                             key);
        }
        char *colon = strchr(text, ':');
        c.username = xstrndup(text, (size_t) (colon - text));
        c.password = xstrdup(colon + 1);
        wipe(&text);
    }
    take(&c.username, json_object_get(entry, "username"));
    take(&c.password, json_object_get(entry, "password"));
    take(&c.identity_token, json_object_get(entry, "identitytoken"));
    /* Docker wrote old passwords with NULs behind them; and "user:" with an identity token. */
    if (c.identity_token == NULL && (str_empty(c.username) || str_empty(c.password))) {
        credential_clear(&c);
        return 0;
    }
    *ret = c;
    return 1;
}

static int search(const json_t *doc, const char *name, const char *domain, const char *path,
                  struct credential *ret, struct error *err)
{
    const char *key, *best_key = NULL;
    const json_t *entry, *best = NULL;
    size_t best_len = 0;
    json_object_foreach((json_t *) json_object_get(doc, "auths"), key, entry)
    {
        size_t n = json_is_object(entry) ? key_fits(key, domain, path) : 0;
        if (n > best_len) {
            best = entry;
            best_key = key;
            best_len = n;
        }
    }
    return best == NULL ? 0 : read_entry(best, name, best_key, ret, err);
}

static int parse(const char *text, size_t len, const char *name, json_t **ret, struct error *err)
{
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", text[blank]) != NULL && text[blank] != '\0')
        blank++;
    /* An empty file is what some tools leave. */
    if (blank == len)
        *ret = json_object();
    else {
        int r = json_parse(text, len, name, ret, err);
        if (r < 0)
            return r;
    }
    return json_is_object(*ret) ? 0 : error_set(err, -EINVAL, "%s: must be an object", name);
}

int credentials_search(const char *text, size_t len, const char *name, const char *domain, const char *path,
                       struct credential *ret, struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    int r = parse(text, len, name, &doc, err);
    return r < 0 ? r : search(doc, name, domain, path, ret, err);
}

/* --- files --- */

static int load(const char *path, json_t **ret, struct error *err)
{
    char *text = NULL;
    size_t len = 0;
    if (faccessat(AT_FDCWD, path, F_OK, 0) < 0 && errno == ENOENT) {
        *ret = json_object();
        return 0;
    }
    int r = file_read(AT_FDCWD, path, FILE_MAX, &text, &len, err);
    if (r == 0)
        r = parse(text, len, path, ret, err);
    if (text != NULL)
        explicit_bzero(text, len);
    free(text);
    return r;
}

static char *docker_config(void)
{
    const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    if (!str_empty(dir))
        return xasprintf("%s/config.json", dir);
    return str_empty(home) ? xstrdup("/root/.docker/config.json") : xasprintf("%s/.docker/config.json", home);
}

static const char *named_file(const char *authfile)
{
    const char *env = getenv("REGISTRY_AUTH_FILE");
    if (authfile != NULL)
        return authfile;
    return str_empty(env) ? NULL : env;
}

/* The files to read, NULL at the end; each freed by the caller. */
static void list_files(const char *authfile, char *files[static 5])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *config = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");
    size_t n = 0;
    if (named_file(authfile) != NULL) {
        files[n++] = xstrdup(named_file(authfile));
    } else {
        files[n++] = docker_config();
        if (!str_empty(runtime))
            files[n++] = xasprintf("%s/containers/auth.json", runtime);
        files[n++] = xasprintf("/run/containers/%u/auth.json", (unsigned) geteuid());
        if (!str_empty(config))
            files[n++] = xasprintf("%s/containers/auth.json", config);
        else if (!str_empty(home))
            files[n++] = xasprintf("%s/.config/containers/auth.json", home);
    }
    files[n] = NULL;
}

static const char *server_key(const char *domain)
{
    return str_eq(domain, "docker.io") ? HUB_KEY : domain;
}

/* The helper for a registry; NULL: none. own: it is for this registry, not for all. */
static const char *helper_of(const json_t *doc, const char *domain)
{
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *) json_object_get(doc, "credHelpers"), key, value)
    {
        if (key_fits(key, domain, "") > 0 && !str_empty(json_string_value(value)))
            return json_string_value(value);
    }
    const char *store = json_string_value(json_object_get(doc, "credsStore"));
    return str_empty(store) ? NULL : store;
}

int credentials_find(const char *authfile, const char *domain, const char *path, struct credential *ret,
                     struct error *err)
{
    char *files[5];
    int r = 0;
    list_files(authfile, files);
    for (size_t i = 0; files[i] != NULL; i++) {
        _cleanup_json_ json_t *doc = NULL;
        if (r == 0)
            r = load(files[i], &doc, err);
        const char *helper = r == 0 ? helper_of(doc, domain) : NULL;
        if (helper != NULL)
            r = credential_helper_get(helper, server_key(domain), ret, err);
        if (r == 0)
            r = search(doc, files[i], domain, path, ret, err);
        free(files[i]);
    }
    return r;
}

/* --- writing --- */

struct target {
    char *path;
    int dirfd; /* locked */
    const char *name;
    json_t *doc;
};

static void target_close(struct target *t)
{
    if (t->dirfd >= 0)
        close(t->dirfd);
    json_decref(t->doc);
    free(t->path);
}

static int target_open(const char *authfile, bool create, struct target *t, struct error *err)
{
    const char *named = named_file(authfile);
    *t = (struct target){ .path = named != NULL ? xstrdup(named) : docker_config(), .dirfd = -1 };
    char *slash = strrchr(t->path, '/');
    _cleanup_free_ char *dir = slash == NULL ? xstrdup(".")
                                             : xstrndup(t->path, MAX_OF((size_t) (slash - t->path), 1UL));
    t->name = slash == NULL ? t->path : slash + 1;
    if (!create && faccessat(AT_FDCWD, t->path, F_OK, 0) < 0 && errno == ENOENT) {
        t->doc = json_object();
        return 0;
    }
    int r = create ? dir_make_all(AT_FDCWD, dir, 0700, err) : 0;
    if (r == 0) {
        t->dirfd = file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0, err);
        r = t->dirfd < 0 ? t->dirfd : file_lock(t->dirfd, LOCK_EX, dir, err);
    }
    return r < 0 ? r : load(t->path, &t->doc, err);
}

static int target_write(struct target *t, struct error *err)
{
    char *text = json_text(t->doc, 4);
    int r = file_replace(t->dirfd, t->name, text, strlen(text), 0600, true, err);
    explicit_bzero(text, strlen(text));
    free(text);
    return r < 0 ? error_context(err, r, "%s", t->path) : 0;
}

static void set_entry(json_t *doc, const char *domain, const struct credential *c)
{
    json_t *auths = json_object_get(doc, "auths");
    if (!json_is_object(auths)) {
        auths = json_object();
        json_object_set_new(doc, "auths", auths);
    }
    char *pair = xasprintf("%s:%s", c->username != NULL ? c->username : "",
                           c->identity_token != NULL || c->password == NULL ? "" : c->password);
    char *auth = base64_encode(pair, strlen(pair));
    json_t *entry = json_object();
    json_object_set_new(entry, "auth", json_string(auth));
    if (c->identity_token != NULL)
        json_object_set_new(entry, "identitytoken", json_string(c->identity_token));
    json_object_set_new(auths, server_key(domain), entry);
    wipe(&pair);
    wipe(&auth);
}

int credentials_store(const char *authfile, const char *domain, const struct credential *c, char **ret_where,
                      struct error *err)
{
    struct target t;
    int r = target_open(authfile, true, &t, err);
    const char *helper = r == 0 ? helper_of(t.doc, domain) : NULL;
    if (helper != NULL) {
        r = credential_helper_store(helper, server_key(domain), c, err);
        if (r == 0)
            *ret_where = xasprintf("docker-credential-%s", helper);
    } else if (r == 0) {
        set_entry(t.doc, domain, c);
        r = target_write(&t, err);
        if (r == 0)
            *ret_where = xstrdup(t.path);
    }
    target_close(&t);
    return r;
}

/* Removes the keys of a registry itself (not those of paths below it). */
static int drop_entries(json_t *auths, const char *domain)
{
    const char *key;
    json_t *entry;
    void *next;
    int dropped = 0;
    json_object_foreach_safe(auths, next, key, entry)
    {
        _cleanup_free_ char *normal = normal_key(key);
        if (domain != NULL && !str_eq(normal, domain))
            continue;
        json_object_del(auths, key);
        dropped = 1;
    }
    return dropped;
}

int credentials_erase(const char *authfile, const char *domain, struct error *err)
{
    struct target t;
    int r = target_open(authfile, false, &t, err), dropped = 0;
    const char *helper = r == 0 && domain != NULL ? helper_of(t.doc, domain) : NULL;
    if (helper != NULL) {
        r = credential_helper_erase(helper, server_key(domain), err);
        dropped = r > 0;
    }
    json_t *auths = r >= 0 ? json_object_get(t.doc, "auths") : NULL;
    if (json_is_object(auths) && drop_entries(auths, domain)) {
        dropped = 1;
        r = target_write(&t, err);
    }
    target_close(&t);
    return r < 0 ? r : dropped;
}
