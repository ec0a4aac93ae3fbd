// SPDX-License-Identifier: Apache-2.0
/*
 * How: the file is read once into a list; a question is a walk over it. certs.d is looked through once for each host and
 * remembered, because libcurl wants paths and threads ask at the same time.
 *
 * Threat: a setting that is misspelt and so does nothing (strict keys), a mirror or redirect that inherits a registry's laxness
 * (settings are looked up for each origin by itself), a password over plain http.
 */
#include "image/registry_hosts.h"

#include <errno.h>
#include <pthread.h>
#include <strings.h>

#include "base/json.h"
#include "sys/file.h"

#define CONFIG "/etc/oakum/registries.json"
#define CONFIG_MAX ((size_t) 1024 * 1024)

struct known_host {
    const char *host;
    struct http_origin origin;
};

struct registry_hosts {
    struct arena *arena;
    struct registry_entry *v;
    size_t n;
    const char *cert_dir, *named_host;
    struct opt_bool tls_verify;
    pthread_mutex_t lock; /* of what follows, and of the arena */
    struct known_host **known;
    size_t n_known;
};

bool host_is_loopback(const char *host)
{
    size_t n = strcspn(host, host[0] == '[' ? "]" : ":");
    n += host[n] == ']';
    if (host[0] == '[' && host[n - 1] == ']' && host[n] != '\0' && host[n] != ':')
        return false;
    if (n == 9 && strncasecmp(host, "localhost", 9) == 0)
        return true;
    if (n == 5 && strncmp(host, "[::1]", 5) == 0)
        return true;
    /* A name may begin with 127. too: only four numbers count. */
    int dots = 0;
    for (size_t i = 0; i < n; i++) {
        if (host[i] == '.')
            dots++;
        else if (host[i] < '0' || host[i] > '9')
            return false;
    }
    return dots == 3 && strncmp(host, "127.", 4) == 0;
}

/* --- the file --- */

static bool name_valid(const char *s)
{
    return s[0] != '\0' && s[0] != '/' && s[strlen(s) - 1] != '/' && strstr(s, "://") == NULL &&
           strpbrk(s, "@?# \t\\") == NULL;
}

static int read_mirrors(struct registry_hosts *h, const json_t *obj, const char *path,
                        struct registry_entry *e, struct error *err)
{
    json_t *list = NULL;
    const json_t *item;
    size_t i;
    int r = json_get_container(obj, path, "mirrors", JSON_ARRAY, false, &list, err);
    if (r < 0)
        return r;
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item) || !name_valid(json_string_value(item)))
            return error_set(err, -EINVAL,
                             "%s.mirrors[%zu]: must be \"host\", \"host:port\" or \"host/path\"", path, i);
        oci_strings_add(h->arena, &e->mirrors, arena_strdup(h->arena, json_string_value(item)));
    }
    return 0;
}

static int read_entry(struct registry_hosts *h, const json_t *obj, size_t number, const char *name,
                      struct error *err)
{
    static const char *const keys[] = { "prefix", "blocked", "mirrors", "plain_http", "tls_verify" };
    struct registry_entry e = { 0 };
    const char *path = arena_printf(h->arena, "%s: registries[%zu]", name, number), *prefix = NULL;
    if (!json_is_object(obj))
        return error_set(err, -EINVAL, "%s: must be an object", path);
    int r = json_only_keys(obj, path, keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = json_get_string(obj, path, "prefix", true, &prefix, err);
    if (r == 0 && !name_valid(prefix))
        r = error_set(err, -EINVAL, "%s.prefix: must be \"host\", \"host:port\" or \"host/path\"", path);
    if (r == 0)
        r = json_get_bool(obj, path, "blocked", false, &e.blocked, err);
    if (r == 0)
        r = json_get_bool(obj, path, "plain_http", false, &e.plain_http, err);
    e.tls_verify.v = true;
    e.tls_verify.set = json_object_get(obj, "tls_verify") != NULL;
    if (r == 0)
        r = json_get_bool(obj, path, "tls_verify", false, &e.tls_verify.v, err);
    if (r == 0)
        r = read_mirrors(h, obj, path, &e, err);
    if (r < 0)
        return r;
    e.prefix = arena_strdup(h->arena, prefix);
    for (size_t i = 0; i < h->n; i++) {
        if (str_eq(h->v[i].prefix, e.prefix))
            return error_set(err, -EINVAL, "%s: there is an entry for \"%s\" already", path, e.prefix);
    }
    h->v = arena_grow(h->arena, h->v, h->n, h->n + 1, sizeof(*h->v));
    h->v[h->n++] = e;
    return 0;
}

static struct registry_hosts *new_hosts(void)
{
    struct registry_hosts *h = xcalloc(1, sizeof(*h));
    h->arena = arena_new();
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void registry_hosts_free(struct registry_hosts *h)
{
    if (h == NULL)
        return;
    arena_free(h->arena);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

int registry_hosts_parse(const char *text, size_t len, const char *name, struct registry_hosts **ret,
                         struct error *err)
{
    static const char *const keys[] = { "registries" };
    _cleanup_json_ json_t *doc = NULL;
    json_t *list = NULL;
    const json_t *item;
    size_t i;
    int r = json_parse(text, len, name, &doc, err);
    if (r == 0 && !json_is_object(doc))
        r = error_set(err, -EINVAL, "%s: must be an object", name);
    if (r == 0)
        r = json_only_keys(doc, name, keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = json_get_container(doc, name, "registries", JSON_ARRAY, false, &list, err);
    if (r < 0)
        return r;
    struct registry_hosts *h = new_hosts();
    json_array_foreach(list, i, item)
    {
        r = read_entry(h, item, i, name, err);
        if (r < 0) {
            registry_hosts_free(h);
            return r;
        }
    }
    *ret = h;
    return 0;
}

/* The file that counts, freed by the caller; NULL when there is none. */
static char *config_path(void)
{
    const char *named = getenv("OAKUM_REGISTRIES"), *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (!str_empty(named))
        return xstrdup(named);
    if (geteuid() != 0 && !str_empty(xdg))
        path = xasprintf("%s/oakum/registries.json", xdg);
    else if (geteuid() != 0 && !str_empty(home))
        path = xasprintf("%s/.config/oakum/registries.json", home);
    if (path != NULL && faccessat(AT_FDCWD, path, F_OK, 0) == 0)
        return path;
    free(path);
    return faccessat(AT_FDCWD, CONFIG, F_OK, 0) == 0 ? xstrdup(CONFIG) : NULL;
}

int registry_hosts_load(const struct registry_hosts_options *o, struct registry_hosts **ret,
                        struct error *err)
{
    _cleanup_free_ char *path = o->config != NULL ? xstrdup(o->config) : config_path();
    _cleanup_free_ char *text = NULL;
    struct registry_hosts *h = NULL;
    size_t len = 0;
    int r = 0;
    if (path != NULL) {
        r = file_read(AT_FDCWD, path, CONFIG_MAX, &text, &len, err);
        if (r == 0)
            r = registry_hosts_parse(text, len, path, &h, err);
        if (r < 0 || h == NULL)
            return r;
    } else {
        h = new_hosts();
    }
    h->cert_dir = o->cert_dir != NULL ? arena_strdup(h->arena, o->cert_dir) : NULL;
    h->named_host = o->named_host != NULL ? arena_strdup(h->arena, o->named_host) : NULL;
    h->tls_verify = o->tls_verify;
    *ret = h;
    return 0;
}

const struct registry_entry *registry_hosts_find(const struct registry_hosts *h, const char *domain,
                                                 const char *path)
{
    const struct registry_entry *best = NULL;
    char full[600];
    if (str_format(full, sizeof(full), "%s%s%s", domain, path[0] != '\0' ? "/" : "", path) < 0)
        return NULL;
    for (size_t i = 0; i < h->n; i++) {
        const char *rest = str_after(full, h->v[i].prefix);
        if (rest != NULL && (*rest == '\0' || *rest == '/') &&
            (best == NULL || strlen(best->prefix) < strlen(h->v[i].prefix)))
            best = &h->v[i];
    }
    return best;
}

/* --- one host --- */

/* An entry for a repository says how its host is spoken to; where several do, the host is as strict as the strictest. */
static void host_settings(const struct registry_hosts *h, const char *host, bool *plain, bool *verify)
{
    bool any = false;
    *plain = true;
    *verify = false;
    for (size_t i = 0; i < h->n; i++) {
        const char *rest = str_after(h->v[i].prefix, host);
        if (rest == NULL || (*rest != '\0' && *rest != '/'))
            continue;
        any = true;
        *plain = *plain && h->v[i].plain_http;
        *verify = *verify || h->v[i].tls_verify.v;
    }
    if (!any) {
        *plain = false;
        *verify = true;
    }
    if (h->named_host != NULL && h->tls_verify.set && str_eq(h->named_host, host))
        *verify = h->tls_verify.v;
}

static bool asked_for(const struct registry_hosts *h, const char *host)
{
    return h->named_host != NULL && str_eq(h->named_host, host);
}

enum registry_transport registry_hosts_transport(const struct registry_hosts *h, const char *host)
{
    bool plain, verify;
    host_settings(h, host, &plain, &verify);
    if (asked_for(h, host) && h->tls_verify.set && h->tls_verify.v)
        return TRANSPORT_TLS;
    if (plain)
        return TRANSPORT_PLAIN;
    return !verify || host_is_loopback(host) ? TRANSPORT_TLS_THEN_PLAIN : TRANSPORT_TLS;
}

/* "http://host:80/…" gives "host" and "host:80" to look up. */
bool registry_hosts_may_log_in(const struct registry_hosts *h, const char *url)
{
    char host[300];
    bool plain, verify;
    if (str_after(url, "https://") != NULL)
        return true;
    const char *rest = str_after(url, "http://");
    if (rest == NULL || str_format(host, sizeof(host), "%.*s", (int) strcspn(rest, "/?#"), rest) < 0)
        return false;
    host_settings(h, host, &plain, &verify);
    return plain || host_is_loopback(host);
}

/* --- certs.d --- */

struct certificates {
    struct arena *arena;
    const char *dir;
    struct http_origin *to;
};

static int look_at_file(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct certificates *c = arg;
    const char *dot = strrchr(name, '.');
    if (dot == NULL)
        return 0;
    /* ca.crt before others. */
    if (str_eq(dot, ".crt") && (c->to->ca_file == NULL || str_eq(name, "ca.crt")))
        c->to->ca_file = arena_printf(c->arena, "%s/%s", c->dir, name);
    if (str_eq(dot, ".cert") && c->to->cert == NULL) {
        char key[300];
        if (str_format(key, sizeof(key), "%.*s.key", (int) (dot - name), name) < 0 ||
            faccessat(dirfd, key, R_OK, 0) < 0)
            return 0;
        c->to->cert = arena_printf(c->arena, "%s/%s", c->dir, name);
        c->to->key = arena_printf(c->arena, "%s/%s", c->dir, key);
    }
    return 0;
}

static bool read_certificates(struct registry_hosts *h, const char *dir, struct http_origin *to)
{
    struct certificates c = { h->arena, dir, to };
    return faccessat(AT_FDCWD, dir, F_OK, 0) == 0 && dir_each(AT_FDCWD, dir, look_at_file, &c, NULL) == 0;
}

static void find_certificates(struct registry_hosts *h, const char *host, struct http_origin *to)
{
    static const char *const places[] = { "/etc/oakum/certs.d", "/etc/containers/certs.d",
                                          "/etc/docker/certs.d" };
    if (strchr(host, '/') != NULL || str_eq(host, "..") || str_eq(host, "."))
        return;
    if (h->cert_dir != NULL && asked_for(h, host)) {
        read_certificates(h, h->cert_dir, to);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (read_certificates(h, arena_printf(h->arena, "%s/%s", places[i], host), to))
            return;
    }
}

/* docker.io is a name; these are where it lives. */
static const char *registry_of(const char *host)
{
    return str_eq(host, "registry-1.docker.io") || str_eq(host, "index.docker.io") ? "docker.io" : host;
}

void registry_hosts_origin(void *arg, const char *host, struct http_origin *ret)
{
    struct registry_hosts *h = arg;
    const char *name = registry_of(host);
    bool plain, verify;
    pthread_mutex_lock(&h->lock);
    struct known_host *known = NULL;
    for (size_t i = 0; i < h->n_known && known == NULL; i++) {
        if (str_eq(h->known[i]->host, name))
            known = h->known[i];
    }
    if (known == NULL) {
        known = arena_alloc(h->arena, sizeof(*known));
        known->host = arena_strdup(h->arena, name);
        host_settings(h, name, &plain, &verify);
        known->origin.skip_verify = !verify;
        known->origin.plain_allowed = registry_hosts_transport(h, name) != TRANSPORT_TLS;
        find_certificates(h, name, &known->origin);
        h->known = arena_grow(h->arena, h->known, h->n_known, h->n_known + 1, sizeof(struct known_host *));
        h->known[h->n_known++] = known;
    }
    *ret = known->origin;
    pthread_mutex_unlock(&h->lock);
}
