// SPDX-License-Identifier: Apache-2.0
/* cli/registry_login.c: `oakum login` and `oakum logout`. The password is asked for on the terminal, without an echo. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>

#include "cli/registry_commands.h"
#include "sys/file.h"

#define SECRET_MAX ((size_t) 64 * 1024)

/* A line from the terminal, freed by the caller. */
static int ask(const char *prompt, bool echo, char **ret, struct error *err)
{
    struct termios before, quiet;
    char line[1024];
    size_t n = 0;
    _cleanup_close_ int fd = file_open(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY, 0, NULL);
    if (fd < 0)
        return error_set(err, -ENOTTY,
                         "there is no terminal to ask on: give --username and --password-stdin");
    if (tcgetattr(fd, &before) < 0)
        return error_errno(err, -errno, "cannot ask on the terminal");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t) ECHO;
    write_all(fd, prompt, strlen(prompt));
    if (!echo)
        tcsetattr(fd, TCSAFLUSH, &quiet);
    while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    if (!echo) {
        tcsetattr(fd, TCSAFLUSH, &before);
        write_all(fd, "\n", 1);
    }
    *ret = xstrdup(line);
    explicit_bzero(line, sizeof(line));
    return n > 0 ? 0 : error_set(err, -EINVAL, "nothing was entered");
}

static int password_from_stdin(char **ret, struct error *err)
{
    size_t len;
    int r = file_read_fd(STDIN_FILENO, "standard input", SECRET_MAX, ret, &len, err);
    if (r < 0)
        return r;
    while (len > 0 && ((*ret)[len - 1] == '\n' || (*ret)[len - 1] == '\r'))
        (*ret)[--len] = '\0';
    return len > 0 && strlen(*ret) == len ? 0
                                          : error_set(err, -EINVAL, "there is no password on standard input");
}

static int collect(const struct cli *cli, const struct login_flags *f, struct credential *c,
                   struct error *err)
{
    if (f->password_stdin && (f->username == NULL || f->password != NULL))
        return error_set(err, -EINVAL, "--password-stdin goes with --username and without --password");
    if (f->password != NULL)
        warn_text(cli, "--password can be seen in the list of processes; --password-stdin cannot");
    int r = 0;
    if (f->username != NULL)
        c->username = xstrdup(f->username);
    else
        r = ask("Username: ", true, &c->username, err);
    if (r == 0 && c->username != NULL && strchr(c->username, ':') != NULL)
        r = error_set(err, -EINVAL, "a user name cannot have a colon in it");
    if (r < 0)
        return r;
    if (f->password != NULL) {
        c->password = xstrdup(f->password);
        return 0;
    }
    return f->password_stdin ? password_from_stdin(&c->password, err)
                             : ask("Password: ", false, &c->password, err);
}

static int try_login(const struct login_flags *f, const char *host, struct credential *c, struct error *err)
{
    struct registry *registry;
    struct registry_options o = {
        .authfile = f->remote.authfile,
        .login = c,
        .hosts = { .cert_dir = f->remote.cert_dir, .tls_verify = f->remote.tls_verify, .named_host = host },
    };
    int r = registry_open(&o, &registry, err);
    if (r < 0)
        return r;
    struct registry_conn *conn = registry_conn_new(registry);
    r = registry_ping(conn, host, &c->identity_token, err);
    registry_conn_free(conn);
    registry_close(registry);
    return r;
}

int registry_login(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_credential_ struct credential c = { 0 };
    _cleanup_free_ char *where = NULL;
    struct login_flags f = { 0 };
    struct error err = { 0 };
    char host[256];
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 1, &words);
    if (status >= 0)
        return status;
    int r = registry_host(words > 0 ? argv[1] : NULL, host, &err);
    if (r == 0)
        r = collect(cli, &f, &c, &err);
    if (r == 0)
        r = try_login(&f, host, &c, &err);
    if (r == 0)
        r = credentials_store(f.remote.authfile, host, &c, &where, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    strbuf_addf(&out, "Login Succeeded (kept in %s)\n", where);
    return out_write(&out);
}

int registry_logout(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct logout_flags f = { 0 };
    struct error err = { 0 };
    char host[256];
    int words;
    int status = command_options(cli, &f, a, argc, argv, &words);
    if (status < 0)
        status = command_words(cli, words, 0, f.all ? 0 : 1);
    if (status >= 0)
        return status;
    int r = f.all ? 0 : registry_host(words > 0 ? argv[1] : NULL, host, &err);
    if (r == 0)
        r = credentials_erase(f.remote.authfile, f.all ? NULL : host, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    if (f.all)
        strbuf_adds(&out, "Removed all logins\n");
    else
        strbuf_addf(&out, r == 0 ? "Not logged in to %s\n" : "Removing login credentials for %s\n", host);
    return out_write(&out);
}
