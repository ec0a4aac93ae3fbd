// SPDX-License-Identifier: Apache-2.0
/* cli/registry_common.c: the program oakum-image, and what its commands share. */
#include <errno.h>
#include <sys/resource.h>

#include "base/parse.h"
#include "cli/helper.h"
#include "cli/paths.h"
#include "cli/registry_commands.h"

#define BACKOFF_MS 500

static const struct helper_part parts[] = {
    { &cmd_login, registry_login },
    { &cmd_logout, registry_logout },
    { &cmd_pull, registry_pull },
    { &cmd_push, registry_push },
    { &cmd_search, registry_search_command },
    { &cmd_verify, registry_verify },
    { &cmd_manifest_add, registry_manifest_add },
    { &cmd_manifest_annotate, registry_manifest_annotate },
    { &cmd_manifest_create, registry_manifest_create },
    { &cmd_manifest_inspect, registry_manifest_inspect },
    { &cmd_manifest_push, registry_manifest_push },
    { &cmd_manifest_rm, registry_manifest_rm },
};

int oakum_image_main(int argc, char **argv)
{
    struct rlimit files;
    /* Partial blobs of an image with many layers stay open, and locked, until it is published. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    uint32_t seconds;
    const char *timeout = getenv("OAKUM_HTTP_TIMEOUT");
    if (timeout != NULL && parse_u32(timeout, &seconds) == 0 && seconds > 0 && seconds < 86400)
        http_set_times((long) seconds, BACKOFF_MS);
    return helper_main("Speak to registries", parts, ARRAY_LEN(parts), argc, argv);
}

int remote_open(const struct remote_flags *f, const char *host, struct registry **ret, struct error *err)
{
    _cleanup_credential_ struct credential login = { 0 };
    struct registry_options o = {
        .authfile = f->authfile,
        .hosts = { .cert_dir = f->cert_dir, .tls_verify = f->tls_verify, .named_host = host },
    };
    if (f->creds != NULL) {
        const char *colon = strchr(f->creds, ':');
        if (colon == NULL || colon == f->creds)
            return error_set(err, -EINVAL, "--creds must be NAME:PASSWORD");
        login.username = xstrndup(f->creds, (size_t) (colon - f->creds));
        login.password = xstrdup(colon + 1);
        o.login = &login;
    }
    return registry_open(&o, ret, err);
}

bool name_has_domain(const char *text)
{
    size_t n = strcspn(text, "/");
    if (text[n] == '\0')
        return false;
    if (n == strlen("localhost") && strncmp(text, "localhost", n) == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.' || text[i] == ':' || (text[i] >= 'A' && text[i] <= 'Z'))
            return true;
    }
    return false;
}

bool name_has_tag(const char *text)
{
    const char *last = strrchr(text, '/');
    return strpbrk(last != NULL ? last : text, ":@") != NULL;
}

int registry_host(const char *text, char *buf, struct error *err)
{
    struct reference ref;
    char name[300];
    if (text == NULL)
        text = "docker.io";
    const char *rest = str_after(text, "https://");
    if (rest == NULL)
        rest = str_after(text, "http://");
    rest = rest != NULL ? rest : text;
    int n = (int) strcspn(rest, "/");
    if (str_format(name, sizeof(name), "%.*s/x/x", n, rest) < 0 || reference_parse(name, &ref, NULL) < 0 ||
        !str_eq(ref.path, "x/x"))
        return error_set(err, -EINVAL, "\"%.200s\" is no registry: it must be HOST or HOST:PORT", text);
    return str_format(buf, 256, "%s", ref.domain) < 0
               ? error_set(err, -EINVAL, "the registry's name is too long")
               : 0;
}
