// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cli.c: how both programs begin, speak and end. No stdio: a program that only starts a container has no use for buffers.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/table.h"
#include "sys/file.h"
#include "sys/kernel_calls.h"

int out_write(const struct strbuf *text)
{
    int r = write_all(STDOUT_FILENO, text->buf, text->len);
    return r < 0 && r != -EPIPE ? 1 : 0;
}

int out_text(const char *text)
{
    return write_all(STDOUT_FILENO, text, strlen(text)) < 0 ? 1 : 0;
}

static void say(const struct cli *cli, const char *kind, const char *msg)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    if (cli->errors != ERRORS_PRINTED)
        log_msg(kind[0] == '\0' ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "%s", msg);
    if (cli->errors == ERRORS_LOGGED)
        return;
    strbuf_addf(&line, "%s: %s", cli->program, kind);
    text_neutralise(&line, msg);
    strbuf_addc(&line, '\n');
    write_all(STDERR_FILENO, line.buf, line.len);
}

int fail(const struct cli *cli, int status, const struct error *err)
{
    struct error told = *err;
    kernel_calls_explain(&told);
    say(cli, "", told.msg[0] != '\0' ? told.msg : "it failed without saying why");
    return status;
}

int fail_text(const struct cli *cli, int status, const char *fmt, ...)
{
    struct error err = { 0 };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
    va_end(ap);
    return fail(cli, status, &err);
}

void warn_text(const struct cli *cli, const char *fmt, ...)
{
    char msg[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    say(cli, "warning: ", msg);
}

int usage_status(const struct cli *cli)
{
    return cli->command->flags & CMD_EXIT_125 ? EXIT_OAKUM : 1;
}

int command_options(const struct cli *cli, void *target, struct arena *a, int argc, char **argv,
                    int *ret_words)
{
    struct error err = { 0 };
    int r = options_parse(cli->command, target, a, argc, argv, ret_words, &err);
    if (r < 0)
        return fail(cli, usage_status(cli), &err);
    if (r == 0)
        return -1;
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    command_help(&text, cli->program, cli->command);
    return out_write(&text);
}

int command_words(const struct cli *cli, int words, int min, int max)
{
    if (words >= min && (max < 0 || words <= max))
        return -1;
    return fail_text(cli, usage_status(cli), "%s takes %s than %d argument%s: %s %s %s", cli->command->name,
                     words < min ? "no fewer" : "no more", words < min ? min : max,
                     (words < min ? min : max) == 1 ? "" : "s", cli->program, cli->command->name,
                     cli->command->synopsis);
}

int command_arguments(const struct cli *cli, void *target, struct arena *a, int argc, char **argv, int min,
                      int max, int *ret_words)
{
    int status = command_options(cli, target, a, argc, argv, ret_words);
    return status >= 0 ? status : command_words(cli, *ret_words, min, max);
}

bool format_is_json(const char *format)
{
    return format != NULL && str_eq(format, "json");
}

int format_check(const char *format, struct error *err)
{
    if (format == NULL || str_eq(format, "json") || str_eq(format, "table"))
        return 0;
    return error_set(err, -EINVAL, "--format must be json or table, not \"%s\"", format);
}

static const struct command *find_command(const struct program *p, const char *name)
{
    for (const struct command_alias *a = p->aliases; a != NULL && a->words != NULL; a++)
        if (str_eq(a->words, name))
            name = a->name;
    for (const struct command *const *c = p->commands; *c != NULL; c++) {
        if (str_eq((*c)->name, name) || ((*c)->alias != NULL && str_eq((*c)->alias, name)))
            return *c;
    }
    return NULL;
}

/* By its first words, three at the most; *ret_used says how many. */
static const struct command *find_in(const struct program *p, char **words, int n, int *ret_used)
{
    for (int used = MIN_OF(n, 3); used > 0; used--) {
        char name[128];
        const struct command *c = NULL;
        if (str_format(name, sizeof(name), "%s%s%s%s%s", words[0], used > 1 ? " " : "",
                       used > 1 ? words[1] : "", used > 2 ? " " : "", used > 2 ? words[2] : "") > 0)
            c = find_command(p, name);
        *ret_used = used;
        if (c != NULL)
            return c;
    }
    return NULL;
}

static bool in_group(const char *words, const char *group)
{
    const char *rest = str_after(words, group);
    return rest != NULL && rest[0] == ' ';
}

/* The commands of a group, or false when there is no such group. */
static bool group_help(const struct program *p, const char *group, struct strbuf *out)
{
    size_t start = out->len;
    for (const struct command *const *c = p->commands; *c != NULL; c++)
        if (in_group((*c)->name, group) && !((*c)->flags & CMD_HIDDEN))
            strbuf_addf(out, "  %-16s %s\n", (*c)->name, (*c)->summary);
    for (const struct command_alias *a = p->aliases; a != NULL && a->words != NULL; a++)
        if (in_group(a->words, group))
            strbuf_addf(out, "  %-16s The same as \"%s\"\n", a->words, a->name);
    return out->len > start;
}

static int no_command(const struct program *p, const struct cli *cli, const char *name)
{
    const char *names[64];
    size_t n = 0;
    for (const struct command *const *c = p->commands; *c != NULL && n < ARRAY_LEN(names); c++) {
        if (!((*c)->flags & CMD_HIDDEN))
            names[n++] = (*c)->name;
    }
    const char *near = nearest_name(name, names, n);
    if (near != NULL)
        return fail_text(cli, 1, "there is no command \"%s\". Did you mean %s?", name, near);
    return fail_text(cli, 1, "there is no command \"%s\"; \"%s --help\" lists them", name, p->name);
}

static int show_group(const struct program *p, const struct cli *cli, const char *group, int status)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "Usage: %s %s COMMAND [ARG...]\n\nCommands:\n", p->name, group);
    if (!group_help(p, group, &text))
        return no_command(p, cli, group);
    int written = out_write(&text);
    return written != 0 ? written : status;
}

static int show_help(const struct program *p, const struct cli *cli, char **topic, int n)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    int used;
    const struct command *c = n > 0 ? find_in(p, topic, n, &used) : NULL;
    if (n > 0 && c == NULL)
        return show_group(p, cli, topic[0], 0);
    if (c != NULL)
        command_help(&text, p->name, c);
    else
        commands_help(&text, p->name, p->summary, p->commands, p->globals, p->n_globals);
    return out_write(&text);
}

/* No command of the table: a group alone, or with --help, lists what is in it. */
static int not_found(const struct program *p, const struct cli *cli, char **words, int n)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    if (!group_help(p, words[0], &text))
        return no_command(p, cli, words[0]);
    bool help = n > 1 && (str_eq(words[1], "--help") || str_eq(words[1], "-h") || str_eq(words[1], "help"));
    if (n > 1 && !help)
        return fail_text(cli, 1, "there is no command \"%s %s\"; \"%s %s --help\" lists them", words[0],
                         words[1], p->name, words[0]);
    return show_group(p, cli, words[0], help ? 0 : 1);
}

/* A program that is started without standard streams must not open files in their place. */
static void fill_standard_streams(void)
{
    struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };
    if (poll(p, 3, 0) == 0)
        return;
    for (int fd = 0; fd <= 2; fd++) {
        if (p[fd].revents & POLLNVAL)
            (void) !openat(AT_FDCWD, "/dev/null",
                           fd == 0 ? O_RDONLY : O_WRONLY); /* the lowest free one: fd */
    }
}

/* Help needs no namespace, which may not be there. */
static bool asks_for_help(char **argv)
{
    return argv[1] != NULL && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"));
}

int program_main(const struct program *p, int argc, char **argv)
{
    fill_standard_streams();
    /* The global options are parsed as those of a command that ends at its first word: the command. */
    const struct command whole = {
        .name = p->name, .options = p->globals, .n_options = p->n_globals, .flags = CMD_STOP
    };
    struct cli cli = { .program = p->name, .command = &whole };
    struct error err = { 0 };
    int words = 0;
    int r = options_parse(&whole, p->target, NULL, argc, argv, &words, &err);
    if (r < 0)
        return fail(&cli, MAX_OF(p->usage_status, 1), &err);
    if (r == 1)
        return show_help(p, &cli, NULL, 0);
    r = p->begin(&cli, p->target);
    if (r >= 0)
        return r;
    if (words == 0) {
        show_help(p, &cli, NULL, 0);
        return 1;
    }
    if (str_eq(argv[1], "help"))
        return show_help(p, &cli, argv + 2, words - 1);
    if (str_eq(argv[1], "dump-commands")) {
        _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
        commands_dump(&text, p->name, p->commands, p->globals, p->n_globals);
        return out_write(&text);
    }
    int used;
    cli.command = find_in(p, argv + 1, words, &used);
    if (cli.command == NULL)
        return not_found(p, &cli, argv + 1, words);
    argv += used;
    argv[0] = (char *) cli.command->name;
    if (p->enter != NULL && !(cli.command->flags & CMD_PLAIN) && !asks_for_help(argv)) {
        r = p->enter(&cli);
        if (r >= 0)
            return r;
    }
    return cli.command->run(&cli, words - used + 1, argv);
}
