// SPDX-License-Identifier: Apache-2.0
/* cli/paths.c: what both programs read from their global options. */
#include "cli/paths.h"

#include <errno.h>

#include "base/log.h"

int path_absolute(const char *path, char **ret, struct error *err)
{
    if (path[0] == '\0')
        return error_set(err, -EINVAL, "a path is empty");
    if (path[0] == '/') {
        *ret = xstrdup(path);
        return 0;
    }
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    if (cwd == NULL)
        return error_errno(err, -errno, "cannot find the current directory, to which \"%s\" is relative",
                           path);
    *ret = str_eq(path, ".") ? TAKE_PTR(cwd) : xasprintf("%s/%s", str_eq(cwd, "/") ? "" : cwd, path);
    return 0;
}

int log_level_parse(const char *name, int *ret)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        { "error", LOG_LEVEL_ERROR },  { "fatal", LOG_LEVEL_ERROR }, { "warn", LOG_LEVEL_WARN },
        { "warning", LOG_LEVEL_WARN }, { "info", LOG_LEVEL_INFO },   { "debug", LOG_LEVEL_DEBUG },
        { "trace", LOG_LEVEL_DEBUG },
    };
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (str_eq(name, levels[i].name)) {
            *ret = (int) levels[i].level;
            return 0;
        }
    }
    return -EINVAL;
}
