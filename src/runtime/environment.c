// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: variables are sorted by name to find those that come twice, and written out in the order of the document. The C library
 * would take the first of two, most shells the last; runc and crun leave the last only.
 *
 * Threats: /etc/passwd belongs to the image, or to a container that runs. It is opened as a plain file of at most 1 MiB without
 * waiting (a FIFO), never through a magic link (/proc/self/fd/7 would be a file of the host's), parsed here and not by the C library, and
 * a line that is not well-formed is passed over (CVE-2022-4318: a name with a newline in it; CVE-2024-9676).
 */
#include "runtime/environment.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "sys/file.h"
#include "sys/syscall.h"

#define PASSWD_MAX (1u << 20)

struct variable {
    const char *text;
    size_t name_len, place;
};

/* Equal names beside each other, the last of them last. */
static int compare(const void *a, const void *b)
{
    const struct variable *x = a, *y = b;
    int c = memcmp(x->text, y->text, MIN_OF(x->name_len, y->name_len));
    if (c == 0)
        c = (x->name_len > y->name_len) - (x->name_len < y->name_len);
    return c != 0 ? c : (x->place > y->place) - (x->place < y->place);
}

static bool same_name(const struct variable *a, const struct variable *b)
{
    return a->name_len == b->name_len && memcmp(a->text, b->text, a->name_len) == 0;
}

/* Number of variables that stay; *ret_home: is HOME among them? */
static size_t copy_last_ones(const struct oci_strings *env, char **to, bool *ret_home)
{
    struct variable *sorted = xcalloc(env->n + 1, sizeof(*sorted));
    size_t n = 0;
    for (size_t i = 0; i < env->n; i++) {
        const char *equals = strchr(env->v[i], '=');
        sorted[i] = (struct variable){ env->v[i],
                                       equals ? (size_t) (equals - env->v[i]) + 1 : strlen(env->v[i]), i };
        *ret_home = *ret_home || str_after(env->v[i], "HOME=");
        to[i] = (char *) env->v[i];
    }
    qsort(sorted, env->n, sizeof(*sorted), compare);
    for (size_t i = 0; i + 1 < env->n; i++)
        if (same_name(&sorted[i], &sorted[i + 1]))
            to[sorted[i].place] = NULL;
    for (size_t i = 0; i < env->n; i++)
        if (to[i])
            to[n++] = to[i];
    free(sorted);
    return n;
}

/* ---- HOME ---- */

const char *environment_home(char *passwd, uint32_t uid)
{
    for (char *line; (line = strsep(&passwd, "\n"));) {
        char *rest = text_has_control(line) ? NULL : line, *field[6];
        size_t n = 0;
        uint32_t id;
        while (n < ARRAY_LEN(field) && (field[n] = strsep(&rest, ":")))
            n++;
        if (n == ARRAY_LEN(field) && field[0][0] && parse_u32(field[2], &id) == 0 && id == uid)
            return field[5][0] == '/' ? field[5] : NULL;
    }
    return NULL;
}

static char *read_passwd(void)
{
    struct stat st;
    char *text = NULL;
    size_t len = 0;
    _cleanup_close_ int fd = sys_openat2(
        AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        file_read_fd(fd, "/etc/passwd", PASSWD_MAX, &text, &len, NULL) < 0)
        return NULL;
    return text;
}

char **environment_make(const struct oci_process *process)
{
    char **envp = xcalloc(process->env.n + 2, sizeof(*envp));
    bool home_set = false;
    size_t n = copy_last_ones(&process->env, envp, &home_set);
    if (!home_set) {
        _cleanup_free_ char *passwd = read_passwd();
        const char *home = passwd ? environment_home(passwd, process->user.uid) : NULL;
        envp[n++] = xasprintf("HOME=%s", home ?: "/");
    }
    envp[n] = NULL;
    return envp;
}
