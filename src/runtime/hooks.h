// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/hooks.h: programs that the configuration names to be run at points of a container's life (runtime-spec 1.3, config.md
 * "POSIX-platform Hooks", runtime.md "Lifecycle"). Internal to runtime/.
 *
 *   kind             who runs it, where                                           status    a failure
 *   prestart         the runtime, its namespaces; mounts done, before the pivot   creating  undoes the container
 *   createRuntime    the same, after prestart                                     creating  undoes it
 *   createContainer  the first process, the container's namespaces, the host's    creating  undoes it
 *                    files still in place
 *   startContainer   the first process, inside the root, with the container's     created   ends it; `run` undoes it
 *                    restrictions, before the program
 *   poststart        the runtime, after the program has been executed             running   kills it; `run` undoes it
 *   poststop         the runtime, after everything was removed                    stopped   is logged
 *
 * A container whose prestart hooks were begun gets its poststop hooks, whatever happened in between.
 *
 * Each hook gets the state document on standard input, args and env as they are given (no args: the path; no env: that of the
 * runtime, as with runc and crun, for startContainer that of the container's program), no other descriptor, a session of its
 * own and an empty signal mask. Its path is the configuration's and is never searched for.
 * What it prints is kept (the last HOOK_OUTPUT_MAX bytes) and told when it fails. timeout: then its process group is killed.
 * Processes that it leaves behind on purpose are not waited for.
 */
#pragma once

#include "runtime/container.h"

#define HOOK_OUTPUT_MAX 512

/* What a hook is told on standard input. */
struct hook_state {
    const char *oci_version, *id, *bundle; /* bundle: absolute */
    enum container_status status;
    pid_t pid; /* as the hook sees it; 0: left out */
    const struct oci_pairs *annotations;
};

/* Runs in the hook's process right before the exec; report_fd must stay open and is O_CLOEXEC. */
struct hook_entry {
    const char *directory; /* becomes the working directory; one that is not there: "/" */
    int (*enter)(void *arg, int own, int report_fd,
                 struct error *err); /* NULL: only descriptors above 2 are closed */
    void *arg;
    char *const *env; /* of a hook that has none; NULL: the caller's */
    int *own; /* a descriptor a hook that it alone has; closed here, and -1, when it has begun; NULL: none */
    const int
        *files; /* [2]: standard output and error, -1: kept as said above; NULL: hooks_files() is asked */
};

/*
 * What the annotations run.oci.hooks.stdout and .stderr name (crun's): files of the host, made or appended to, that take hooks'
 * output; it is then no part of a failure's message. ret is -1 where there is none; the caller closes.
 */
int hooks_files(const struct oci_spec *spec, int ret[2], struct error *err);

/* Runs the hooks of a kind one after the other; the first that fails ends it, with "hooks.KIND[N] (PATH): …". */
int hooks_run(const struct oci_spec *spec, enum oci_hook_kind kind, const struct hook_state *st,
              const struct hook_entry *entry, struct error *err);
/* The same for poststop: failures are logged and the rest is run. */
void hooks_run_poststop(const struct oci_spec *spec, const struct hook_state *st);
/* May the text of a configuration have hooks of a kind? Spares start and delete a full reading. */
bool hooks_maybe(const char *config_text, size_t len, enum oci_hook_kind kind);
/* The document for standard input; the caller frees. */
char *hooks_state_text(const struct hook_state *st) __attribute__((returns_nonnull));
