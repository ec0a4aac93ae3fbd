// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options.h: everything that a person can ask of a new container, as docker's flags spell it, and the parsers of the
 * values that are more than one word or number.
 *
 * Ownership: every string and array lives in options->arena. A pointer that is NULL, an opt_* that is not set and a list with
 * n == 0 were not asked for: then the default of the sealed table (or of --compat docker) holds. Sizes are bytes, CPU time is in
 * units of 1e-9 CPUs, durations are nanoseconds.
 *
 * Parsers return 0 or -EINVAL (-ENOENT and the like for files) with a sentence that says what the value must look like. They
 * accept what docker accepts, and refuse what docker would silently bend.
 */
#pragma once

#include "net/net.h"
#include "oci/spec.h"

/* -v, --mount, --tmpfs: one mount that was asked for. */
enum run_mount_kind { RUN_MOUNT_BIND, RUN_MOUNT_VOLUME, RUN_MOUNT_TMPFS };
/* What happens to the mounts below a bind's source (docker's bind-recursive). */
enum run_recursion {
    RUN_RECURSIVE_ENABLED,
    RUN_RECURSIVE_DISABLED,
    RUN_RECURSIVE_WRITABLE,
    RUN_RECURSIVE_READONLY
};

struct run_mount {
    enum run_mount_kind kind;
    const char *source; /* absolute path of the host (bind), name (volume), NULL (tmpfs, anonymous volume) */
    const char *target; /* absolute, without . .. and doubled slashes */
    const char *asked;  /* the words of the command line, for inspect and messages */
    struct opt_bool writable; /* rw or ro was written */
    bool exec, dev, suid;     /* written; otherwise noexec,nodev,nosuid */
    bool no_idmap;      /* idmap=false: a file system that cannot be id-mapped is shown with foreign owners */
    bool create_source; /* bind-create-src: the directory is made when it is missing */
    bool short_form;    /* -v: docker makes a missing directory then */
    enum run_recursion recursion;
    const char *propagation; /* NULL: rprivate */
    const char *subpath;     /* of a volume */
    struct oci_strings
        options; /* tmpfs: size=, mode=, uid=, gid=, nr_inodes= as given; size always set by the sealed default */
};

/* --secret: a file below /run/secrets. uid, gid: of the container; not set: its user's. */
struct run_secret {
    const char *name, *file;
    struct opt_i64 uid, gid;
    uint32_t mode;
};

struct run_ulimit {
    const char *name;
    uint64_t soft, hard;
}; /* name: "RLIMIT_NOFILE" */
struct run_device {
    const char *host, *container, *access;
}; /* access: of "rwm" */
struct run_throttle {
    const char *path;
    uint64_t rate;
};
struct run_throttles {
    struct run_throttle *v;
    size_t n;
};

/* Durations in nanoseconds; 0: not given. engine/health.h has what stands for that. */
struct health_config {
    struct oci_strings test;  /* docker's: "CMD" WORD…, "CMD-SHELL" TEXT, or "NONE"; empty: there is none */
    struct oci_strings shell; /* the image's, for CMD-SHELL; empty: /bin/sh -c */
    int64_t interval, timeout, start_period, start_interval, retries;
    const char *on_failure; /* "kill", "restart", "stop"; NULL: nothing */
};

struct run_options {
    struct arena *arena;

    /* what to run */
    const char *image;
    enum { PULL_MISSING, PULL_ALWAYS, PULL_NEVER, PULL_NEWER } pull;
    const char *platform; /* that the image must be for; NULL: what is there, or this host's */
    bool quiet;           /* no progress of a pull */
    struct oci_strings args;
    const char *entrypoint; /* "" takes the image's away */
    const char *name, *hostname, *domainname, *workdir, *cidfile;
    struct oci_strings env; /* "K=V", or "K" to take K away; in order, later wins */
    bool env_secret_ok;     /* a value that looks like a secret may be in the environment */
    struct oci_pairs labels, annotations;
    bool rm, interactive, tty, init;
    bool detach, create_only;
    bool monitored; /* in the foreground, and with a monitor all the same: it can be left (engine/attach.h) */
    bool compat_docker, privileged;

    /* identity and rights */
    const char *user;
    struct oci_strings group_add;
    const char *userns, *pid, *ipc, *uts, *cgroupns, *network; /* NULL, "host", "private"…, "container:X" */
    struct net_ports publish;
    bool publish_all;             /* what the image exposes, and expose, on random ports */
    struct oci_strings expose;    /* "80/tcp" */
    const char *ip, *mac;         /* of eth0; NULL: any */
    struct oci_strings add_hosts; /* "ADDRESS NAME" */
    struct oci_strings dns, dns_search, dns_options;
    struct oci_strings cap_add, cap_drop;
    struct opt_bool no_new_privileges, landlock;
    const char *seccomp;        /* "unconfined", "builtin" or a file */
    const char *apparmor;       /* profile */
    struct oci_strings selinux; /* "disable", "type:x", … */
    bool systempaths_unconfined, writable_cgroups;
    struct oci_strings mask, unmask; /* absolute paths; "ALL" in unmask */

    /* files */
    struct opt_bool read_only;
    struct run_mount *mounts;
    size_t n_mounts;
    struct run_secret *secrets;
    size_t n_secrets;
    struct opt_i64 shm_size;
    struct run_device *devices;
    size_t n_devices;
    struct oci_device_rule *device_rules;
    size_t n_device_rules;

    /* budgets */
    struct opt_i64 memory, memory_swap, memory_reservation,
        memory_swappiness; /* memory, swap: 0 and -1 are no limit */
    struct opt_bool oom_kill_disable;
    struct opt_i64 cpus, cpu_shares, cpu_period, cpu_quota, cpu_rt_period, cpu_rt_runtime;
    const char *cpuset_cpus, *cpuset_mems;
    struct opt_i64 pids_limit;
    struct opt_i64 blkio_weight;
    struct run_throttles blkio_weight_device, read_bps, write_bps, read_iops, write_iops;
    const char *cgroup_parent;
    struct run_ulimit *ulimits;
    size_t n_ulimits;
    struct oci_pairs sysctls;
    struct opt_i64 oom_score_adj;

    /* how it ends */
    const char *stop_signal;
    struct opt_i64 stop_timeout; /* seconds, -1: wait for ever */
    const char *restart;         /* "always", "unless-stopped", "on-failure"; NULL: no */
    int64_t restart_max;         /* for on-failure, 0: any number */
    struct opt_i64 timeout;      /* seconds it may run */
    const char
        *sdnotify; /* who tells the service manager when: "container", "conmon", "healthy"; NULL: nobody */

    /* whether it is well */
    struct health_config health; /* without shell */
    bool no_healthcheck;

    /* what becomes of its output, when detached */
    const char *log_driver; /* "json-file", "journald", "syslog", "none"; NULL: json-file */
    struct opt_i64 log_max_size, log_max_file;
    const char *log_tag;
    struct opt_i64 log_buffer;              /* bytes */
    bool log_drop;                          /* mode=non-blocking */
    const char *log_facility;               /* of syslog, "daemon" */
    struct oci_strings log_labels, log_env; /* keys of what each line is to have beside it */
};

void run_options_init(struct run_options *o);
void run_options_free(struct run_options *o);
#define _cleanup_run_options_ __attribute__((cleanup(run_options_free)))

/* -v [SOURCE:]TARGET[:ro|rw|exec|…], --mount type=…,…, --tmpfs TARGET[:opts] */
int run_options_add_volume(struct run_options *o, const char *value, struct error *err);
int run_options_add_mount(struct run_options *o, const char *value, struct error *err);
int run_options_add_tmpfs(struct run_options *o, const char *value, struct error *err);

/* --secret NAME[,target=FILE][,uid=N][,gid=N][,mode=OCTAL], or source=NAME,… */
int run_options_add_secret(struct run_options *o, const char *value, struct error *err);

/* -e K=V or K (then the value is taken from this process's environment; a variable that is not set there is taken away). */
int env_list_add(struct arena *a, struct oci_strings *list, const char *value, struct error *err);
/* --env-file: one K=V or K a line, '#' begins a comment line. */
int env_list_add_file(struct arena *a, struct oci_strings *list, const char *path, struct error *err);
/* The last value of key in "K=V" strings, NULL when there is none. */
const char *env_list_get(const struct oci_strings *list, const char *key);
/*
 * -EPERM when the value of "K=V" looks like a secret (base/secret_rules.h): the sentence names K and where it was given (source), never
 * the value, and says how to give it otherwise.
 */
int env_secret_refuse(const char *entry, const char *source, struct error *err);
/* Sets K=V in place of an earlier K; "K" alone removes it. */
void env_list_set(struct arena *a, struct oci_strings *list, const char *entry);

/* K=V or K (empty value) into pairs; what is named in messages ("label"). */
int pairs_add(struct arena *a, struct oci_pairs *pairs, const char *what, const char *value,
              struct error *err);
int pairs_add_file(struct arena *a, struct oci_pairs *pairs, const char *what, const char *path,
                   struct error *err);
int run_options_add_sysctl(struct run_options *o, const char *value, struct error *err);

int run_options_add_security(struct run_options *o, const char *value, struct error *err);

int run_options_add_ulimit(struct run_options *o, const char *value, struct error *err);
int run_options_add_device(struct run_options *o, const char *value, struct error *err);
int run_options_add_device_rule(struct run_options *o, const char *value, struct error *err);
/* PATH:RATE; bytes: RATE may have a unit. */
int throttles_add(struct arena *a, struct run_throttles *list, const char *value, bool bytes,
                  struct error *err);
/* "0-3,5": the syntax only, what exists is the kernel's to say. */
int cpu_list_check(const char *value, struct error *err);

/* "private", "host", "container:NAME" and what else allowed (comma separated) lists. what is the flag's name without dashes. */
int namespace_mode_check(const char *value, const char *allowed, struct error *err);

/* A path of a container: absolute, cleaned of . .. and doubled slashes; not "/". -EINVAL otherwise. */
int container_path_clean(struct arena *a, const char *path, const char **ret, struct error *err);
/* --restart no, always, unless-stopped, on-failure[:N] */
int run_options_set_restart(struct run_options *o, const char *value, struct error *err);
int run_options_set_sdnotify(struct run_options *o, const char *value, struct error *err);
/* --health-cmd, --health-interval and the like: a duration of at least 1 ms, or 0. */
int run_options_set_health_cmd(struct run_options *o, const char *value, struct error *err);
int run_options_set_health_time(int64_t *to, const char *value, struct error *err);
int run_options_set_health_retries(struct run_options *o, const char *value, struct error *err);
int run_options_set_health_on_failure(struct run_options *o, const char *value, struct error *err);
bool run_options_health_asked(const struct run_options *o);
struct image_config;
/* What the flags and the image's HEALTHCHECK make together. */
void run_options_health(const struct run_options *o, const struct image_config *image, struct arena *a,
                        struct health_config *ret);
int run_options_set_log_driver(struct run_options *o, const char *value, struct error *err);
/* What two values of these have to do with each other; after all were read. */
int run_options_check_log(const struct run_options *o, struct error *err);
/* The number of a facility of syslog(3), or -EINVAL. */
int log_facility_parse(const char *name);
/* max-size=10m, max-file=3, mode=blocking, max-buffer-size=1m, tag=TEXT, labels=K,…, env=K,…, syslog-facility=daemon */
int run_options_add_log_opt(struct run_options *o, const char *value, struct error *err);
/* -p, --expose, --ip, --mac-address, --add-host NAME:ADDRESS, --dns ADDRESS, --dns-search, --dns-option */
int run_options_add_publish(struct run_options *o, const char *value, struct error *err);
int run_options_add_expose(struct run_options *o, const char *value, struct error *err);
int run_options_set_ip(struct run_options *o, const char *value, struct error *err);
int run_options_set_mac(struct run_options *o, const char *value, struct error *err);
int run_options_add_host(struct run_options *o, const char *value, struct error *err);
int run_options_add_dns(struct run_options *o, const char *value, struct error *err);
int run_options_add_dns_search(struct run_options *o, const char *value, struct error *err);
int run_options_add_dns_option(struct run_options *o, const char *value, struct error *err);
/* A network namespace of its own: none or bridge. */
bool options_own_network(const struct run_options *o);
bool network_is_bridge(const char *network);
/* /etc/hosts and /etc/resolv.conf are written for this container. */
bool options_network_files(const struct run_options *o);
/* What contradicts itself among the flags above. */
int run_options_check_network(const struct run_options *o, struct error *err);
/* Names of containers and volumes: [A-Za-z0-9][A-Za-z0-9_.-]+, at most 128 characters. */
bool object_name_valid(const char *name);
