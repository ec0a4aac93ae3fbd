// SPDX-License-Identifier: Apache-2.0
/*
 * cli/opt.c: the option parser. No allocation but for list entries; options are looked up linearly, which for a hundred of
 * them and a command line of ten words is less than a hash table costs to build.
 *
 * Words are moved within argv: those that are no options gather at the front, behind argv[0].
 */
#include "cli/opt.h"

#include <errno.h>

#include "base/parse.h"

struct parse {
    const struct command *cmd;
    void *target;
    struct arena *a;
    struct error *err;
};

static bool takes_value(const struct cli_option *o)
{
    return o->kind != OPT_FLAG && o->kind != OPT_TRI &&
           (o->arg != NULL || (o->kind != OPT_LATER && o->kind != OPT_NOTHING));
}

static int bad(struct parse *p, const struct cli_option *o, const char *value, const char *must)
{
    return error_set(p->err, -EINVAL, "--%s must be %s, not \"%s\"", o->name, must, value);
}

static int set_number(struct parse *p, const struct cli_option *o, const char *value)
{
    struct opt_i64 *to = (struct opt_i64 *) ((char *) p->target + o->offset);
    struct opt_i64 n = { .set = true };
    int r = 0;
    const char *must = "a whole number";
    switch (o->kind) {
    case OPT_I64: r = parse_i64(value, &n.v); break;
    case OPT_SWAP:
    case OPT_SIZE:
        must = o->kind == OPT_SWAP ? "a size such as 512m, or -1" : "a size such as 512m";
        if (o->kind == OPT_SWAP && str_eq(value, "-1"))
            n.v = -1;
        else
            r = parse_size(value, &n.v);
        break;
    case OPT_CPUS:
        must = "a number such as 1.5";
        r = parse_nano(value, &n.v);
        break;
    default:
        must = "a number of microseconds";
        if (value[0] != '\0' && value[strspn(value, "-0123456789")] == '\0')
            r = parse_i64(value, &n.v);
        else if ((r = parse_duration(value, &n.v)) == 0)
            n.v /= 1000;
        break;
    }
    if (r < 0)
        return bad(p, o, value, must);
    *to = n;
    return 0;
}

static int set_flag(struct parse *p, const struct cli_option *o, const char *value)
{
    bool v = true;
    if (value != NULL && parse_bool(value, &v) < 0)
        return bad(p, o, value, "true or false");
    void *to = (char *) p->target + o->offset;
    if (o->kind == OPT_FLAG)
        *(bool *) to = v;
    else
        *(struct opt_bool *) to = (struct opt_bool){ true, v };
    return 0;
}

static int set_option(struct parse *p, const struct cli_option *o, const char *value)
{
    int r;
    void *to = (char *) p->target + o->offset;
    switch (o->kind) {
    case OPT_FLAG:
    case OPT_TRI: return set_flag(p, o, value);
    case OPT_TEXT: *(const char **) to = value; return 0;
    case OPT_LIST: oci_strings_add(p->a, to, value); return 0;
    case OPT_CALL:
    case OPT_ADD:
        r = o->set(p->target, value, p->err);
        return r < 0 ? error_context(p->err, r, "--%s", o->name) : 0;
    case OPT_LATER:
        return error_set(p->err, -ENOTSUP, "--%s is not in this version of oakum%s%s", o->name,
                         o->help != NULL ? "; " : "", o->help != NULL ? o->help : "");
    case OPT_NOTHING: return 0;
    default: return set_number(p, o, value);
    }
}

static int unknown(struct parse *p, const char *name, size_t n)
{
    const char *names[160];
    size_t count = 0;
    for (size_t i = 0; i < p->cmd->n_options && count < ARRAY_LEN(names) - 1; i++)
        names[count++] = p->cmd->options[i].name;
    names[count++] = "help";
    char text[64];
    const char *near = NULL;
    if (str_format(text, sizeof(text), "%.*s", (int) MIN_OF(n, sizeof(text) - 1), name) >= 0)
        near = nearest_name(text, names, count);
    if (near != NULL)
        return error_set(p->err, -EINVAL, "unknown flag: --%s. Did you mean --%s?", text, near);
    return error_set(p->err, -EINVAL, "unknown flag: --%s. See --help", text);
}

/* --name or --name=value. next: the word behind, NULL if there is none. Returns how many words it took, or 0 for help. */
static int parse_long(struct parse *p, const char *word, const char *next)
{
    const char *equals = strchr(word, '=');
    size_t n = equals != NULL ? (size_t) (equals - word) : strlen(word);
    const char *value = equals != NULL ? equals + 1 : NULL;
    for (size_t i = 0; i < p->cmd->n_options; i++) {
        const struct cli_option *o = &p->cmd->options[i];
        if (strncmp(o->name, word, n) != 0 || o->name[n] != '\0')
            continue;
        int words = 1;
        if (value == NULL && takes_value(o)) {
            if (next == NULL)
                return error_set(p->err, -EINVAL, "--%s needs a value: %s", o->name, o->arg);
            value = next;
            words = 2;
        }
        int r = set_option(p, o, value);
        return r < 0 ? r : words;
    }
    if ((n == 4 && strncmp(word, "help", 4) == 0) || (n == 5 && strncmp(word, "usage", 5) == 0))
        return 0;
    return unknown(p, word, n);
}

/* -abc, -n value, -nvalue, -n=value. */
static int parse_short(struct parse *p, const char *word, const char *next)
{
    for (const char *c = word; *c != '\0'; c++) {
        const struct cli_option *o = NULL;
        for (size_t i = 0; i < p->cmd->n_options && o == NULL; i++)
            o = p->cmd->options[i].letter == *c ? &p->cmd->options[i] : NULL;
        if (o == NULL && (*c == 'h' || *c == '?'))
            return 0;
        if (o == NULL)
            return error_set(p->err, -EINVAL, "unknown flag: -%c in \"-%s\". See --help",
                             (unsigned char) *c < 0x20 ? '?' : *c, word);
        int r;
        if (takes_value(o)) {
            const char *value = c[1] == '=' ? c + 2 : c[1] != '\0' ? c + 1 : next;
            if (value == NULL)
                return error_set(p->err, -EINVAL, "-%c, --%s needs a value: %s", o->letter, o->name, o->arg);
            r = set_option(p, o, value);
            return r < 0 ? r : c[1] == '\0' ? 2 : 1;
        }
        if (c[1] == '=') {
            r = set_option(p, o, c + 2);
            return r < 0 ? r : 1;
        }
        r = set_option(p, o, NULL);
        if (r < 0)
            return r;
    }
    return 1;
}

int options_parse(const struct command *cmd, void *target, struct arena *a, int argc, char **argv,
                  int *ret_words, struct error *err)
{
    struct parse p = { cmd, target, a, err };
    int words = 0, i = 1;
    while (i < argc) {
        char *word = argv[i];
        if (word[0] != '-' || word[1] == '\0') {
            if (cmd->flags & CMD_STOP)
                break;
            argv[++words] = word;
            i++;
            continue;
        }
        if (str_eq(word, "--")) {
            i++;
            break;
        }
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        int r = word[1] == '-' ? parse_long(&p, word + 2, next) : parse_short(&p, word + 1, next);
        if (r < 0)
            return r;
        if (r == 0)
            return 1;
        i += r;
    }
    for (; i < argc; i++)
        argv[++words] = argv[i];
    *ret_words = words;
    return 0;
}
