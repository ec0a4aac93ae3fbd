// SPDX-License-Identifier: Apache-2.0
/*
 * cli/runtime_ps.c: `oakum-runtime ps`: the container's processes by their numbers, or as ps(1) shows them: what stands behind the id
 * is for it, as with runc. It is asked for all processes, and the lines of the container's are shown.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/table.h"
#include "cli/json_out.h"
#include "cli/ps_lines.h"
#include "cli/runtime.h"
#include "sys/file.h"

struct flags {
    const char *format;
};

static const struct cli_option options[] = {
    { "format", 'f', OPT_TEXT, OPTION_FIELD(struct flags, format), "FORMAT", "table or json", NULL },
};

/* The command line of a process, its words separated by spaces; the container chose it, so the table neutralises it. */
static char *command_line(pid_t pid)
{
    char path[40];
    char *text = NULL;
    size_t len = 0;
    if (str_format(path, sizeof(path), "/proc/%d/cmdline", pid) < 0 ||
        file_read(AT_FDCWD, path, 1 << 20, &text, &len, NULL) < 0)
        return xstrdup("");
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] == '\0')
            text[i] = ' ';
    }
    return text;
}

static void show_table(const pid_t *pids, size_t n, struct strbuf *out)
{
    static const char *const headers[] = { "PID", "COMMAND" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; i < n; i++) {
        char pid[16];
        _cleanup_free_ char *command = command_line(pids[i]);
        if (str_format(pid, sizeof(pid), "%d", pids[i]) < 0)
            continue;
        const char *cells[] = { pid, command };
        table_row(t, cells);
    }
    table_render(t, out);
    table_free(t);
}

static void show_json(const pid_t *pids, size_t n, struct strbuf *out)
{
    strbuf_addc(out, '[');
    for (size_t i = 0; i < n; i++)
        strbuf_addf(out, "%s%d", i > 0 ? "," : "", pids[i]);
    strbuf_adds(out, "]\n");
}

/* crun takes --format behind the id too; ps(1) knows no format of these names. */
static char **take_format(char **words, const char **format)
{
    static const char *const formats[] = { "table", "json" };
    for (size_t i = 0; words[0] && i < ARRAY_LEN(formats); i++) {
        const char *joined = str_after(words[0], "--format=");
        if (joined && str_eq(joined, formats[i])) {
            *format = formats[i];
            return words + 1;
        }
        if (str_eq(words[0], "--format") && words[1] && str_eq(words[1], formats[i])) {
            *format = formats[i];
            return words + 2;
        }
    }
    return words;
}

static int ps_main(const struct cli *cli, int argc, char **argv)
{
    struct flags f = { 0 };
    struct error err = { 0 };
    _cleanup_free_ pid_t *pids = NULL;
    size_t n;
    _cleanup_runtime_ struct runtime *rt = NULL;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    _cleanup_free_ char **rest = xcalloc((size_t) words, sizeof(*rest));
    memcpy(rest, argv + 2, (size_t) (words - 1) * sizeof(*rest));
    char **for_ps = take_format(rest, &f.format);
    if (format_check(f.format, &err) < 0)
        return fail(cli, 1, &err);
    status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    int r = container_ps(rt, argv[1], &pids, &n, &err);
    if (r == 0 && format_is_json(f.format))
        show_json(pids, n, &out);
    else if (r == 0 && for_ps[0])
        r = ps_lines(pids, n, for_ps, &out, &err);
    else if (r == 0)
        show_table(pids, n, &out);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

const struct command runtime_ps = {
    .name = "ps",
    .synopsis = "[OPTIONS] ID [PS-OPTIONS]",
    .summary = "List the processes of a container",
    .details =
        "What stands behind the id is given to ps(1) of the host, and the container's lines of its answer are "
        "shown; there must be a column PID among them.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_STOP,
    .run = ps_main,
};
