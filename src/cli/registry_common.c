// SPDX-License-Identifier: Apache-2.0
/* cli/registry_common.c: the program oakum-image, and what its commands share. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/parse.h"
#include "cli/paths.h"
#include "cli/registry_commands.h"

#define BACKOFF_MS 500

struct globals {
    const char *root, *state, *log_level;
};

#define F(field) OPTION_FIELD(struct globals, field)
static const struct cli_option options[] = {
    { "log-level", 0, OPT_TEXT, F(log_level), "LEVEL", "error, warn, info or debug", NULL },
    { "root", 0, OPT_TEXT, F(root), "DIR", "the store", NULL },
    { "state", 0, OPT_TEXT, F(state), "DIR", "unused here", NULL },
};

static const struct {
    const struct command *table;
    int (*run)(const struct cli *cli, int argc, char **argv);
} parts[] = {
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

static int begin(struct cli *cli, void *target)
{
    const struct globals *g = target;
    int level = LOG_LEVEL_WARN;
    if (g->log_level != NULL && log_level_parse(g->log_level, &level) < 0)
        return fail_text(cli, 1, "--log-level must be error, warn, info or debug, not \"%s\"", g->log_level);
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, (enum log_level) level, "oakum");
    cli->root = g->root != NULL ? g->root : "/var/lib/oakum";
    cli->state = g->state != NULL ? g->state : "/run/oakum";
    return -1;
}

int oakum_image_main(int argc, char **argv)
{
    static struct command commands[ARRAY_LEN(parts)];
    static const struct command *list[ARRAY_LEN(parts) + 1];
    struct globals g = { 0 };
    struct rlimit files;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        commands[i] = *parts[i].table;
        commands[i].run = parts[i].run;
        list[i] = &commands[i];
    }
    signal(SIGPIPE, SIG_IGN);
    /* Partial blobs of an image with many layers stay open, and locked, until it is published. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    uint32_t seconds;
    const char *timeout = getenv("OAKUM_HTTP_TIMEOUT");
    if (timeout != NULL && parse_u32(timeout, &seconds) == 0 && seconds > 0 && seconds < 86400)
        http_set_times((long) seconds, BACKOFF_MS);
    const struct program p = {
        .name = "oakum",
        .summary = "Speak to registries",
        .commands = list,
        .globals = options,
        .n_globals = ARRAY_LEN(options),
        .begin = begin,
        .target = &g,
    };
    return program_main(&p, argc, argv);
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
