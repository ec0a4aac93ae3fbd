// SPDX-License-Identifier: Apache-2.0
/* cli/ps_lines.c: asks ps(1) for all processes, and keeps the header and the lines of some. */
#include "cli/ps_lines.h"

#include <errno.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/table.h"
#include "sys/program.h"

#define OUTPUT_MAX (64u << 20)

/* The nth of the words of line, and its length; NULL: there are fewer. */
static const char *nth_word(const char *line, size_t nth, size_t *ret_len)
{
    for (const char *w = line + strspn(line, " "); *w; w += strspn(w, " ")) {
        *ret_len = strcspn(w, " ");
        if (nth-- == 0)
            return w;
        w += *ret_len;
    }
    return NULL;
}

/* Which word of the header is PID? -1: none. */
static int pid_column(const char *header)
{
    size_t len;
    const char *word;
    for (int i = 0; (word = nth_word(header, (size_t) i, &len)) != NULL; i++)
        if (len == 3 && strncmp(word, "PID", 3) == 0)
            return i;
    return -1;
}

static bool is_of(const char *line, int column, const pid_t *pids, size_t n)
{
    char number[12];
    uint32_t pid;
    size_t len = 0;
    const char *word = nth_word(line, (size_t) column, &len);
    if (!word || str_format(number, sizeof(number), "%.*s", (int) len, word) < 0 ||
        parse_u32(number, &pid) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((uint32_t) pids[i] == pid)
            return true;
    return false;
}

int ps_lines(const pid_t *pids, size_t n, char **words, struct strbuf *out, struct error *err)
{
    _cleanup_free_ char *path = NULL, *text = NULL;
    size_t count = 0, len = 0;
    int status = 0;
    if (program_find("ps", &path) < 0)
        return error_set(
            err, -ENOENT,
            "the program ps is not in PATH: what stands behind the id is for it (Debian's package procps)");
    while (words[count])
        count++;
    _cleanup_free_ char **argv = xcalloc(count + 2, sizeof(*argv));
    argv[0] = (char *) "ps";
    memcpy(argv + 1, words, count * sizeof(*argv));
    int r = program_output(path, argv, OUTPUT_MAX, &text, &len, &status, err);
    if (r < 0)
        return r;
    if (status != 0)
        return error_set(err, -EIO, "%s failed", path);
    char *save = NULL, *header = strtok_r(text, "\n", &save);
    int column = header ? pid_column(header) : -1;
    if (column < 0)
        return error_set(err, -EINVAL,
                         "ps shows no column PID, by which the container's processes are found");
    for (char *line = header; line; line = strtok_r(NULL, "\n", &save)) {
        if (line != header && !is_of(line, column, pids, n))
            continue;
        text_neutralise(out, line);
        strbuf_addc(out, '\n');
    }
    return 0;
}
