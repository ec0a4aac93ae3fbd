// SPDX-License-Identifier: Apache-2.0
/*
 * How: the first word picks a function from a table; each one takes the rest in the forms that docker import --change takes.
 * Threat: none of its own, the person at the command line is trusted; but a value must not change its meaning silently, so
 * whatever is not of the form is an error.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "base/parse.h"
#include "image/store_internal.h"

struct change {
    struct arena *a;
    const char *rest; /* behind the instruction, blanks cut off */
    struct image_config *c;
};

static void set_one(struct arena *a, struct oci_strings *l, const char *s)
{
    *l = (struct oci_strings){ 0 };
    oci_strings_add(a, l, s);
}

/* A JSON array of strings, or -ENOENT when the text is something else. */
static int json_form(struct change *ch, struct oci_strings *ret, struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    const json_t *item;
    size_t i;

    if (ch->rest[0] != '[' || json_parse(ch->rest, strlen(ch->rest), "change", &j, NULL) < 0 ||
        !json_is_array(j))
        return -ENOENT;
    *ret = (struct oci_strings){ 0 };
    json_array_foreach(j, i, item)
    {
        if (!json_is_string(item))
            return error_set(err, -EINVAL,
                             "invalid change: a list of words has something else than strings in it");
        oci_strings_add(ch->a, ret, json_string_value(item));
    }
    return 0;
}

static int command(struct change *ch, struct oci_strings *to, bool *set, struct error *err)
{
    int r = json_form(ch, to, err);

    if (r == -ENOENT) { /* shell form */
        set_one(ch->a, to, "/bin/sh");
        oci_strings_add(ch->a, to, "-c");
        oci_strings_add(ch->a, to, ch->rest);
        r = 0;
    }
    if (r == 0)
        *set = true;
    return r;
}

static int do_cmd(struct change *ch, struct error *err)
{
    return command(ch, &ch->c->cmd, &ch->c->cmd_set, err);
}

static int do_entrypoint(struct change *ch, struct error *err)
{
    return command(ch, &ch->c->entrypoint, &ch->c->entrypoint_set, err);
}

/* One word off the front: quotes and backslashes as in a Dockerfile. NULL at the end. */
static int next_word(struct change *ch, char **ret, struct error *err)
{
    const char *p = ch->rest;
    char quote = '\0';

    while (isspace((unsigned char) *p))
        p++;
    if (*p == '\0') {
        *ret = NULL;
        return 0;
    }
    char *word = arena_alloc(ch->a, strlen(p) + 1), *w = word;
    for (; *p != '\0' && (quote != '\0' || !isspace((unsigned char) *p)); p++) {
        if (quote == '\0' && (*p == '"' || *p == '\''))
            quote = *p;
        else if (quote != '\0' && *p == quote)
            quote = '\0';
        else if (*p == '\\' && quote != '\'' && p[1] != '\0')
            *w++ = *++p;
        else
            *w++ = *p;
    }
    if (quote != '\0')
        return error_set(err, -EINVAL, "invalid change: a quote is not closed");
    *w = '\0';
    ch->rest = p;
    *ret = word;
    return 0;
}

static int pairs(struct change *ch, int (*set)(struct change *ch, const char *key, const char *value),
                 const char *what, struct error *err)
{
    char *word = NULL;
    int r;
    size_t n = 0;

    while ((r = next_word(ch, &word, err)) == 0 && word != NULL) {
        char *equals = strchr(word, '=');
        if (equals == NULL && n == 0) { /* the old form: KEY value */
            while (isspace((unsigned char) *ch->rest))
                ch->rest++;
            if (*ch->rest == '\0')
                return error_set(err, -EINVAL, "invalid change: %s needs KEY=VALUE", what);
            return set(ch, word, ch->rest);
        }
        if (equals == NULL || equals == word)
            return error_set(err, -EINVAL, "invalid change: %s needs KEY=VALUE, not \"%s\"", what, word);
        *equals = '\0';
        r = set(ch, word, equals + 1);
        if (r < 0)
            return r;
        n++;
    }
    return r;
}

static int set_env(struct change *ch, const char *key, const char *value)
{
    const char *text = arena_printf(ch->a, "%s=%s", key, value);
    size_t len = strlen(key) + 1;

    for (size_t i = 0; i < ch->c->env.n; i++) {
        if (strncmp(ch->c->env.v[i], text, len) == 0) {
            ch->c->env.v[i] = text;
            return 0;
        }
    }
    oci_strings_add(ch->a, &ch->c->env, text);
    return 0;
}

static int set_label(struct change *ch, const char *key, const char *value)
{
    oci_pairs_set(ch->a, &ch->c->labels, key, value);
    return 0;
}

static int do_env(struct change *ch, struct error *err)
{
    return pairs(ch, set_env, "ENV", err);
}

static int do_label(struct change *ch, struct error *err)
{
    return pairs(ch, set_label, "LABEL", err);
}

static int do_user(struct change *ch, struct error *err)
{
    (void) err;
    ch->c->user = arena_strdup(ch->a, ch->rest);
    return 0;
}

static int do_workdir(struct change *ch, struct error *err)
{
    const char *base = ch->c->working_dir;

    (void) err;
    if (ch->rest[0] == '/')
        ch->c->working_dir = arena_strdup(ch->a, ch->rest);
    else
        ch->c->working_dir = arena_printf(ch->a, "%s/%s", str_empty(base) || str_eq(base, "/") ? "" : base,
                                          ch->rest);
    return 0;
}

static int do_stopsignal(struct change *ch, struct error *err)
{
    (void) err;
    ch->c->stop_signal = arena_strdup(ch->a, ch->rest);
    return 0;
}

static void add_once(struct arena *a, struct oci_strings *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return;
    oci_strings_add(a, l, s);
}

/* "80", "80/udp", "8000-8010/tcp": kept as docker keeps it, "PORT/PROTOCOL". */
static int do_expose(struct change *ch, struct error *err)
{
    char *word = NULL;
    int r;

    while ((r = next_word(ch, &word, err)) == 0 && word != NULL) {
        char *slash = strchr(word, '/');
        const char *protocol = slash == NULL ? "tcp" : slash + 1;
        if (slash != NULL)
            *slash = '\0';
        char *dash = strchr(word, '-');
        uint32_t first, last;
        if (dash != NULL)
            *dash = '\0';
        if (parse_u32(word, &first) < 0 || first == 0 || first > 65535 ||
            (dash != NULL ? parse_u32(dash + 1, &last) : parse_u32(word, &last)) < 0 || last < first ||
            last > 65535)
            return error_set(err, -EINVAL, "invalid change: EXPOSE needs ports between 1 and 65535");
        if (!str_eq(protocol, "tcp") && !str_eq(protocol, "udp") && !str_eq(protocol, "sctp"))
            return error_set(err, -EINVAL, "invalid change: EXPOSE knows tcp, udp and sctp, not \"%s\"",
                             protocol);
        for (uint32_t port = first; port <= last; port++)
            add_once(ch->a, &ch->c->exposed_ports, arena_printf(ch->a, "%u/%s", port, protocol));
    }
    return r;
}

static int do_volume(struct change *ch, struct error *err)
{
    struct oci_strings list = { 0 };
    char *word = NULL;
    int r = json_form(ch, &list, err);

    if (r == -ENOENT) {
        while ((r = next_word(ch, &word, err)) == 0 && word != NULL)
            oci_strings_add(ch->a, &list, word);
    }
    for (size_t i = 0; i < list.n && r == 0; i++) {
        if (list.v[i][0] != '/')
            return error_set(err, -EINVAL, "invalid change: VOLUME needs absolute paths, not \"%s\"",
                             list.v[i]);
        add_once(ch->a, &ch->c->volumes, list.v[i]);
    }
    return r;
}

static int do_onbuild(struct change *ch, struct error *err)
{
    static const char *const never[] = { "ONBUILD", "FROM", "MAINTAINER" };
    size_t n = strcspn(ch->rest, " \t");

    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        if (strlen(never[i]) == n && strncasecmp(never[i], ch->rest, n) == 0)
            return error_set(err, -EINVAL, "invalid change: ONBUILD cannot be followed by %s", never[i]);
    oci_strings_add(ch->a, &ch->c->on_build, ch->rest);
    return 0;
}

static int health_option(const char *word, struct image_healthcheck *h, struct error *err)
{
    const struct {
        const char *name;
        int64_t *to;
    } durations[] = {
        { "--interval=", &h->interval_ns },
        { "--timeout=", &h->timeout_ns },
        { "--start-period=", &h->start_period_ns },
        { "--start-interval=", &h->start_interval_ns },
    };
    const char *value;
    uint32_t retries;

    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        if ((value = str_after(word, durations[i].name)) == NULL)
            continue;
        if (parse_duration(value, durations[i].to) < 0 ||
            (*durations[i].to > 0 && *durations[i].to < 1000000))
            return error_set(err, -EINVAL,
                             "invalid change: HEALTHCHECK %s needs a duration of 1ms or more such as 30s",
                             durations[i].name);
        return 0;
    }
    if ((value = str_after(word, "--retries=")) == NULL)
        return error_set(
            err, -EINVAL,
            "invalid change: HEALTHCHECK knows --interval= --timeout= --start-period= --start-interval= and --retries=, not \"%s\"",
            word);
    if (parse_u32(value, &retries) < 0 || retries > INT32_MAX)
        return error_set(err, -EINVAL, "invalid change: HEALTHCHECK --retries= needs a number");
    h->retries = retries;
    return 0;
}

/* [--interval=…] NONE, CMD ["word", …] or CMD words of the shell's. */
static int do_healthcheck(struct change *ch, struct error *err)
{
    struct image_healthcheck h = { .set = true };
    struct oci_strings words = { 0 };
    char *word = NULL;
    int r;

    while ((r = next_word(ch, &word, err)) == 0 && word != NULL && word[0] == '-')
        if ((r = health_option(word, &h, err)) < 0)
            return r;
    while (isspace((unsigned char) *ch->rest))
        ch->rest++;
    bool none = word != NULL && strcasecmp(word, "NONE") == 0;
    if (r < 0)
        return r;
    if (word == NULL || (!none && strcasecmp(word, "CMD") != 0) || none != (*ch->rest == '\0'))
        return error_set(err, -EINVAL, "invalid change: HEALTHCHECK needs NONE, or CMD and a command");
    if (!none && (r = json_form(ch, &words, err)) < 0 && r != -ENOENT)
        return r;
    oci_strings_add(ch->a, &h.test, none ? "NONE" : words.n > 0 ? "CMD" : "CMD-SHELL");
    for (size_t i = 0; i < words.n; i++)
        oci_strings_add(ch->a, &h.test, words.v[i]);
    if (!none && words.n == 0)
        oci_strings_add(ch->a, &h.test, ch->rest);
    ch->c->healthcheck = h;
    return 0;
}

int change_apply(struct arena *a, const char *text, struct image_config *config, struct error *err)
{
    static const struct {
        const char *name;
        int (*apply)(struct change *ch, struct error *err);
    } table[] = {
        { "CMD", do_cmd },
        { "ENTRYPOINT", do_entrypoint },
        { "ENV", do_env },
        { "EXPOSE", do_expose },
        { "LABEL", do_label },
        { "STOPSIGNAL", do_stopsignal },
        { "USER", do_user },
        { "VOLUME", do_volume },
        { "WORKDIR", do_workdir },
        { "ONBUILD", do_onbuild },
        { "HEALTHCHECK", do_healthcheck },
    };
    struct change ch = { .a = a, .c = config };

    while (isspace((unsigned char) *text))
        text++;
    size_t n = strcspn(text, " \t");
    char *rest = arena_strdup(a, text + n);
    while (isspace((unsigned char) *rest))
        rest++;
    for (size_t len = strlen(rest); len > 0 && isspace((unsigned char) rest[len - 1]); len--)
        rest[len - 1] = '\0';
    ch.rest = rest;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strlen(table[i].name) != n || strncasecmp(table[i].name, text, n) != 0)
            continue;
        if (*rest == '\0')
            return error_set(err, -EINVAL, "invalid change: %s needs a value", table[i].name);
        return table[i].apply(&ch, err);
    }
    return error_set(
        err, -EINVAL,
        "invalid change \"%.60s\": it must begin with CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR",
        text);
}
