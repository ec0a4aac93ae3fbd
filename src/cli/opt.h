// SPDX-License-Identifier: Apache-2.0
/*
 * cli/opt.h: commands and their options as tables. One table a command drives parsing, --help, the man page and the shell's
 * completion, so none of them can forget an option.
 *
 * The grammar is docker's (pflag): --name value, --name=value, -n value, -nvalue, -n=value; flags without a value join (-it) and
 * take --flag=false; "--" ends the options; and where CMD_STOP is set, so does the first word that is none. A list option may
 * be repeated. -h, -?, --help and --usage ask for help. A later value wins over an earlier one.
 */
#pragma once

#include "base/arena.h"
#include "oci/spec.h"

enum option_kind {
    OPT_FLAG,  /* bool */
    OPT_TRI,   /* struct opt_bool, with --flag=false */
    OPT_TEXT,  /* const char * */
    OPT_LIST,  /* struct oci_strings */
    OPT_I64,   /* struct opt_i64 */
    OPT_SIZE,  /* struct opt_i64, docker's size units */
    OPT_SWAP,  /* as OPT_SIZE, and -1 */
    OPT_CPUS,  /* struct opt_i64 in 1e-9 */
    OPT_MICRO, /* struct opt_i64, a number of microseconds or a duration with a unit */
    OPT_CALL,  /* set() with a value */
    OPT_ADD,   /* as OPT_CALL, and may be repeated */
    OPT_LATER, /* docker has it and oakum has not yet: naming it is an error that says so. With arg: takes a value */
    OPT_NOTHING /* accepted, means nothing here. With arg: takes a value */
};

struct cli_option {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    uint16_t offset;  /* of the field in the command's options structure */
    const char *arg;  /* what the value is called in help; NULL for flags */
    const char *help; /* NULL: not shown in help */
    int (*set)(void *target, const char *value, struct error *err);
};

enum {
    CMD_STOP = 1,
    CMD_HIDDEN = 2,
    CMD_EXIT_125 = 4, /* wrong use is 125 as in docker run, else 1 */
    CMD_PLAIN = 8 /* touches no files but the caller's own: an ordinary user needs no user namespace for it */
};

struct cli; /* cli/cli.h */

struct command {
    const char *name;     /* "run", or words of which the first are a group's: "image prune" */
    const char *alias;    /* NULL: none */
    const char *synopsis; /* "[OPTIONS] IMAGE [COMMAND] [ARG...]" */
    const char *summary;  /* one line, no full stop */
    const char *details;  /* paragraphs for --help and the man page, NULL: none */
    const struct cli_option *options;
    size_t n_options;
    unsigned flags;
    int (*run)(const struct cli *cli, int argc,
               char **argv); /* argv[0] is the command's name; returns the exit status */
};

#define OPTION_FIELD(type, field) (uint16_t) offsetof(type, field)

/*
 * Parses argv[1..]; words that are no options are moved to the front of argv, in order, and *ret_words says how many (argv[1] to
 * argv[*ret_words]). Lists and texts go to the arena or point into argv. 1: --help was asked for. -EINVAL: a sentence.
 */
int options_parse(const struct command *cmd, void *target, struct arena *a, int argc, char **argv,
                  int *ret_words, struct error *err);

/* Help as text. program: "oakum". */
struct strbuf;
void command_help(struct strbuf *out, const char *program, const struct command *cmd);
void commands_help(struct strbuf *out, const char *program, const char *summary,
                   const struct command *const *commands, const struct cli_option *globals, size_t n_globals);
/* All commands as JSON, for tools/gen-man and the completion. */
void commands_dump(struct strbuf *out, const char *program, const struct command *const *commands,
                   const struct cli_option *globals, size_t n_globals);
