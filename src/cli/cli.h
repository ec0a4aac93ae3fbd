// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cli.h: what every command has at hand: where things live, and how to speak. Only cli/ prints.
 *
 * Output is collected in a strbuf and written at once; text that comes from images, containers or files is neutralised before
 * it reaches a terminal. Errors are one sentence on standard error, "oakum: …", that says what to do.
 */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "cli/opt.h"

struct cli {
    const char *program; /* "oakum" */
    const char *root, *state;
    const struct command *command;
    enum {
        ERRORS_PRINTED,
        ERRORS_LOGGED,
        ERRORS_BOTH
    } errors; /* where they go; logged: through base/log.h */
};

enum { EXIT_OAKUM = 125 }; /* docker's: the engine itself failed */

/* Standard output. 0, or 1 when it could not be written. */
int out_write(const struct strbuf *text);
int out_text(const char *text);
/* "oakum: MESSAGE" on standard error, neutralised; returns status. */
int fail(const struct cli *cli, int status, const struct error *err);
int fail_text(const struct cli *cli, int status, const char *fmt, ...) _printf_(3, 4);
/* "oakum: warning: …" */
void warn_text(const struct cli *cli, const char *fmt, ...) _printf_(2, 3);

/*
 * Parses a command's options. -1: go on, with *ret_words words in argv[1..]. Else the exit status: help was shown, or the
 * options are wrong.
 */
int command_options(const struct cli *cli, void *target, struct arena *a, int argc, char **argv,
                    int *ret_words);
/* The status for wrong use of the command: 125 or 1. */
int usage_status(const struct cli *cli);
/* -1, or an exit status with a message: fewer or more words than the command takes; max < 0: no limit. */
int command_words(const struct cli *cli, int words, int min, int max);
/* Both, for a command whose options do not say how many words it takes. */
int command_arguments(const struct cli *cli, void *target, struct arena *a, int argc, char **argv, int min,
                      int max, int *ret_words);

/* Another way to say a command: "image ls" for "images". */
struct command_alias {
    const char *words, *name;
};

/*
 * A program: global options, then a command of the table. set is called for each global option before any command runs.
 */
struct program {
    const char *name, *summary;
    int usage_status;                      /* of wrong global options; 0: 1 */
    const struct command *const *commands; /* NULL-terminated */
    const struct command_alias *aliases;   /* ended by one without a name; NULL: none */
    const struct cli_option *globals;
    size_t n_globals;
    /* After the global options were parsed into target: fills in cli. -1, or an exit status. */
    int (*begin)(struct cli *cli, void *target);
    void *target;
    /* Before a command without CMD_PLAIN; NULL: nothing. -1, or an exit status. */
    int (*enter)(const struct cli *cli);
};
int program_main(const struct program *p, int argc, char **argv);

/* "json", "table" or NULL for --format. */
bool format_is_json(const char *format);
int format_check(const char *format, struct error *err);
