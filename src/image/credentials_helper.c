// SPDX-License-Identifier: Apache-2.0
/*
 * How: fork, exec by $PATH with an argument vector (no shell), the question written to its standard input, the answer read
 * until it ends, with a limit of time and size; then it is reaped, and killed first when it does not end.
 *
 * Threat: a name from a configuration file that is a path or an option; a helper that hangs; its complaints, which may quote
 * a secret, in a log: standard error goes to nowhere, and of standard output only known words are repeated.
 */
#include "image/credentials_helper.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "sys/file.h"

#define LIMIT_MS 60000
#define ANSWER_MAX ((size_t) 1024 * 1024)

static int check_name(const char *name, struct error *err)
{
    bool ok = isalnum((unsigned char) name[0]) && strlen(name) < 100;
    for (const char *p = name; *p != '\0'; p++)
        ok = ok && (isalnum((unsigned char) *p) || strchr("_-.", *p) != NULL);
    return ok ? 0 : error_set(err, -EINVAL, "\"%.100s\" cannot be the name of a credential helper", name);
}

_noreturn_ static void child(const char *program, const char *verb, int in, int out)
{
    char *const argv[] = { (char *) program, (char *) verb, NULL };
    sigset_t none;
    int null = openat(AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (null < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(126);
    sys_close_range(3, UINT32_MAX, 0);
    execvp(program, argv);
    _exit(errno == ENOENT ? 127 : 126);
}

static int read_answer(int fd, struct strbuf *out, const char *program, struct error *err)
{
    int64_t end = clock_monotonic_ms() + LIMIT_MS;
    for (;;) {
        char buf[4096];
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int64_t left = end - clock_monotonic_ms();
        int n = left > 0 ? poll(&p, 1, (int) left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(err, -ETIMEDOUT, "%s did not answer within %d seconds", program,
                             LIMIT_MS / 1000);
        ssize_t got = read(fd, buf, sizeof(buf));
        if (got < 0 && errno != EINTR)
            return error_errno(err, -errno, "cannot read from %s", program);
        if (got == 0)
            return 0;
        if (got > 0 && out->len + (size_t) got > ANSWER_MAX)
            return error_set(err, -EFBIG, "%s says too much", program);
        if (got > 0)
            strbuf_add(out, buf, (size_t) got);
        explicit_bzero(buf, sizeof(buf));
    }
}

/* The exit status, and what it said. */
static int run(const char *name, const char *verb, const char *question, struct strbuf *out,
               struct error *err)
{
    int to[2] = { -1, -1 }, from[2] = { -1, -1 }, status = 0;
    int r = check_name(name, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *program = xasprintf("docker-credential-%s", name);
    if (pipe2(to, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    _cleanup_close_ int to_read = to[0], to_write = to[1];
    if (pipe2(from, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    _cleanup_close_ int from_read = from[0], from_write = from[1];
    pid_t pid = fork();
    if (pid == 0)
        child(program, verb, to_read, from_write);
    if (pid < 0)
        return error_errno(err, -errno, "cannot start %s", program);
    close(TAKE_FD(from_write));
    close(TAKE_FD(to_read));
    /* Less than a pipe holds; a helper that does not read it is no reason to die (SIGPIPE is ignored by the program). */
    r = strlen(question) < 4096 ? write_all(to_write, question, strlen(question)) : -EFBIG;
    close(TAKE_FD(to_write));
    r = r == -EFBIG ? error_set(err, r, "what %s is to be told is too long", program)
                    : read_answer(from_read, out, program, err);
    if (r < 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (r < 0)
        return r;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return error_set(err, -EIO,
                         "the credential helper %s, which the configuration names, is not on the PATH",
                         program);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void drop(struct strbuf *sb)
{
    if (sb->len > 0)
        explicit_bzero(sb->buf, sb->len);
    strbuf_free(sb);
}

static bool means_none(const struct strbuf *out)
{
    return strstr(out->buf, "credentials not found") != NULL ||
           strstr(out->buf, "not found in native keychain") != NULL;
}

static int failed(const char *name, int status, struct error *err)
{
    return error_set(err, -EIO, "the credential helper docker-credential-%s failed (status %d)", name,
                     status);
}

static int read_credential(const char *name, const struct strbuf *out, struct credential *ret,
                           struct error *err)
{
    _cleanup_json_ json_t *doc = NULL;
    const char *user, *secret;
    if (json_parse(out->buf, out->len, "answer", &doc, NULL) < 0)
        return error_set(err, -EINVAL, "docker-credential-%s did not answer in JSON", name);
    user = json_string_value(json_object_get(doc, "Username"));
    secret = json_string_value(json_object_get(doc, "Secret"));
    if (str_empty(user) || str_empty(secret))
        return 0;
    if (str_eq(user, "<token>"))
        ret->identity_token = xstrdup(secret);
    else
        ret->password = xstrdup(secret);
    ret->username = xstrdup(user);
    return 1;
}

int credential_helper_get(const char *name, const char *server, struct credential *ret, struct error *err)
{
    struct strbuf out = STRBUF_INIT;
    int r = run(name, "get", server, &out, err);
    if (r > 0)
        r = means_none(&out) ? 0 : failed(name, r, err);
    else if (r == 0)
        r = read_credential(name, &out, ret, err);
    drop(&out);
    return r;
}

int credential_helper_store(const char *name, const char *server, const struct credential *c,
                            struct error *err)
{
    struct strbuf out = STRBUF_INIT;
    _cleanup_json_ json_t *doc = json_object();
    bool token = c->identity_token != NULL;
    json_object_set_new(doc, "ServerURL", json_string(server));
    json_object_set_new(doc, "Username", json_string(token ? "<token>" : c->username));
    json_object_set_new(doc, "Secret", json_string(token ? c->identity_token : c->password));
    char *text = json_text(doc, 0);
    int r = run(name, "store", text, &out, err);
    explicit_bzero(text, strlen(text));
    free(text);
    drop(&out);
    return r > 0 ? failed(name, r, err) : r;
}

int credential_helper_erase(const char *name, const char *server, struct error *err)
{
    struct strbuf out = STRBUF_INIT;
    int r = run(name, "erase", server, &out, err);
    if (r > 0)
        r = means_none(&out) ? 0 : failed(name, r, err);
    else if (r == 0)
        r = 1;
    drop(&out);
    return r;
}
