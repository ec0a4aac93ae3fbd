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
    say(cli, "", err->msg[0] != '\0' ? err->msg : "it failed without saying why");
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
    for (const struct command *const *c = p->commands; *c != NULL; c++) {
        if (str_eq((*c)->name, name) || ((*c)->alias != NULL && str_eq((*c)->alias, name)))
            return *c;
    }
    return NULL;
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

static int show_help(const struct program *p, const struct cli *cli, const char *topic)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    const struct command *c = topic != NULL ? find_command(p, topic) : NULL;
    if (topic != NULL && c == NULL)
        return no_command(p, cli, topic);
    if (c != NULL)
        command_help(&text, p->name, c);
    else
        commands_help(&text, p->name, p->summary, p->commands, p->globals, p->n_globals);
    return out_write(&text);
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
        return fail(&cli, 1, &err);
    if (r == 1)
        return show_help(p, &cli, NULL);
    r = p->begin(&cli, p->target);
    if (r >= 0)
        return r;
    if (words == 0) {
        show_help(p, &cli, NULL);
        return 1;
    }
    if (str_eq(argv[1], "help"))
        return show_help(p, &cli, words > 1 ? argv[2] : NULL);
    if (str_eq(argv[1], "dump-commands")) {
        _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
        commands_dump(&text, p->name, p->commands, p->globals, p->n_globals);
        return out_write(&text);
    }
    cli.command = find_command(p, argv[1]);
    if (cli.command == NULL)
        return no_command(p, &cli, argv[1]);
    return cli.command->run(&cli, words, argv + 1);
}
