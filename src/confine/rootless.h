// SPDX-License-Identifier: Apache-2.0
/*
 * confine/rootless.h: what an ordinary user needs before a container can be made, and how to tell that one is asking.
 *
 * Three situations, told apart by the kernel's word alone (no setuid program of ours takes part):
 *   root             uid 0 in the first user namespace: nothing here is needed
 *   inside           CAP_SYS_ADMIN in another user namespace (`podman` rootless, `unshare -r`): everything works as for root, but
 *                    what belongs to the first namespace: device nodes, most cgroups, lower OOM scores
 *   ordinary user    neither: makes (or joins) a user namespace and a mount namespace and is "inside" then
 *
 * Maps. With more than the one id that everybody has, newuidmap(1) and newgidmap(1) write the maps, which check /etc/subuid and
 * /etc/subgid. With one id the process writes its own map, for which the kernel wants setgroups denied (user_namespaces(7)).
 *
 * Failure mode: closed. A map that cannot be had, a directory of XDG's that belongs to somebody else, is an error that says so.
 */
#pragma once

#include "base/error.h"
#include "oci/spec.h"

/* --rootless of crun and runc: whether what only the first user namespace's root can do may be missing. Default: auto. */
enum rootless_mode { ROOTLESS_AUTO, ROOTLESS_ALWAYS, ROOTLESS_NEVER };
void rootless_set_mode(enum rootless_mode mode);

/* An ordinary user who has entered nothing yet. No system call for root. */
bool rootless_user(void);
/* Our user namespace is not the host's first one. One system call, once. */
bool rootless_inside(void);
/* May controls be missing that nobody asked for: an ordinary user or inside, or as --rootless says. */
bool rootless_lenient(void);
/*
 * Are the files in /proc of our undumpable children somebody else's? They belong to root of the user namespace in which this program was
 * executed, which we are not when we have changed the namespace since, or were an ordinary user then.
 */
bool rootless_children_foreign(void);

/*
 * For a specification: new user and mount namespaces in which each host id that its maps use, and the caller's own, has the same
 * number as outside, so that the specification means what it says. -EINVAL when it has no user namespace of its own.
 */
int rootless_enter_spec(const struct oci_spec *spec, struct error *err);
/*
 * For the engine: the caller is id 0, his ranges follow from 1 on. All processes of one user with the same state directory share one
 * user namespace as long as one of them lives, or exec could not reach what run has made. state_fd: that directory.
 */
int rootless_enter_shared(int state_fd, struct error *err);
/*
 * For a process that goes on when oakum has ended: by it, too, the shared namespace is found, as long as it is dumpable. Nothing where
 * there is no such namespace.
 */
int rootless_register(int state_fd, struct error *err);
/* Joins the user namespace in which the container of pid was made, with a mount namespace of our own. */
int rootless_join(pid_t pid, struct error *err);
/*
 * self_protect(), also for who had to enter a user namespace first: then the program is executed again, with its capabilities, from a
 * read-only mount. Before anything is made.
 */
int rootless_protect(struct error *err);
/* setgroups(2) is denied in our user namespace: supplementary groups can neither be given nor taken away. */
bool rootless_groups_denied(void);

/*
 * Where things of this user are: $XDG_RUNTIME_DIR/oakum, $XDG_DATA_HOME/oakum. The directory that the variable names must be ours
 * and closed to others. Caller frees.
 */
int rootless_state_dir(char **ret, struct error *err);
int rootless_data_dir(char **ret, struct error *err);
