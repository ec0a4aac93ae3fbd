// SPDX-License-Identifier: Apache-2.0
/*
 * cli/help.c: the tables of cli/opt.h as text for a person, and as JSON for the tools that make man pages and completions.
 */
#include "base/json.h"
#include "cli/opt.h"

/* "  -m, --memory SIZE" padded, then the help; long help goes on in the next line at the same column. */
static void option_line(struct strbuf *out, const struct cli_option *o, size_t column)
{
    size_t start = out->len;
    if (o->letter != 0)
        strbuf_addf(out, "  -%c, --%s", o->letter, o->name);
    else
        strbuf_addf(out, "      --%s", o->name);
    if (o->arg != NULL)
        strbuf_addf(out, " %s", o->arg);
    if (out->len - start + 2 > column) {
        strbuf_addc(out, '\n');
        start = out->len;
    }
    while (out->len - start < column)
        strbuf_addc(out, ' ');
    strbuf_adds(out, o->help);
    strbuf_addc(out, '\n');
}

static bool shown(const struct cli_option *o)
{
    return o->help != NULL && o->kind != OPT_LATER && o->kind != OPT_NOTHING;
}

static void option_lines(struct strbuf *out, const struct cli_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (shown(&options[i]))
            option_line(out, &options[i], 34);
    }
}

void command_help(struct strbuf *out, const char *program, const struct command *cmd)
{
    strbuf_addf(out, "Usage: %s %s %s\n\n%s.\n", program, cmd->name, cmd->synopsis, cmd->summary);
    if (cmd->details != NULL)
        strbuf_addf(out, "\n%s\n", cmd->details);
    bool any = false;
    for (size_t i = 0; i < cmd->n_options; i++)
        any = any || shown(&cmd->options[i]);
    if (any)
        strbuf_adds(out, "\nOptions:\n");
    option_lines(out, cmd->options, cmd->n_options);
}

void commands_help(struct strbuf *out, const char *program, const char *summary,
                   const struct command *const *commands, const struct cli_option *globals, size_t n_globals)
{
    int width = 0;
    for (const struct command *const *c = commands; *c != NULL; c++)
        if (!((*c)->flags & CMD_HIDDEN))
            width = MAX_OF(width, (int) strlen((*c)->name));
    strbuf_addf(out, "Usage: %s [OPTIONS] COMMAND [ARG...]\n\n%s.\n\nCommands:\n", program, summary);
    for (; *commands != NULL; commands++) {
        if (!((*commands)->flags & CMD_HIDDEN))
            strbuf_addf(out, "  %-*s  %s\n", width, (*commands)->name, (*commands)->summary);
    }
    strbuf_adds(out, "\nOptions:\n");
    option_lines(out, globals, n_globals);
    strbuf_addf(out, "\nRun '%s COMMAND --help' for what a command can do.\n", program);
}

static json_t *options_json(const struct cli_option *options, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct cli_option *o = &options[i];
        if (!shown(o))
            continue;
        json_t *j = json_object();
        char letter[2] = { o->letter, '\0' };
        json_object_set_new(j, "name", json_string(o->name));
        if (o->letter != 0)
            json_object_set_new(j, "letter", json_string(letter));
        if (o->arg != NULL)
            json_object_set_new(j, "arg", json_string(o->arg));
        json_object_set_new(j, "help", json_string(o->help));
        json_object_set_new(j, "repeat", json_boolean(o->kind == OPT_LIST || o->kind == OPT_ADD));
        json_array_append_new(list, j);
    }
    return list;
}

void commands_dump(struct strbuf *out, const char *program, const struct command *const *commands,
                   const struct cli_option *globals, size_t n_globals)
{
    _cleanup_json_ json_t *top = json_object();
    json_t *list = json_array();
    json_object_set_new(top, "program", json_string(program));
    json_object_set_new(top, "version", json_string(OAKUM_VERSION));
    json_object_set_new(top, "globals", options_json(globals, n_globals));
    for (; *commands != NULL; commands++) {
        const struct command *c = *commands;
        if (c->flags & CMD_HIDDEN)
            continue;
        json_t *j = json_object();
        json_object_set_new(j, "name", json_string(c->name));
        if (c->alias != NULL)
            json_object_set_new(j, "alias", json_string(c->alias));
        json_object_set_new(j, "synopsis", json_string(c->synopsis));
        json_object_set_new(j, "summary", json_string(c->summary));
        if (c->details != NULL)
            json_object_set_new(j, "details", json_string(c->details));
        json_object_set_new(j, "options", options_json(c->options, c->n_options));
        json_array_append_new(list, j);
    }
    json_object_set_new(top, "commands", list);
    _cleanup_free_ char *text = json_text(top, 1);
    strbuf_adds(out, text);
    strbuf_addc(out, '\n');
}
