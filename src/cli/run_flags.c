// SPDX-License-Identifier: Apache-2.0
/*
 * cli/run_flags.c: the table of `oakum run`. Names, letters and meanings are docker's. What docker has and oakum has not yet
 * is in the table too, so that the message is "not in this version" and not a guess at another flag.
 */
#include "cli/run_flags.h"

#include <errno.h>

#include "base/parse.h"
#include "runtime/container.h"

#define O(field) OPTION_FIELD(struct run_flags, o.field)
#define F(field) OPTION_FIELD(struct run_flags, field)

static struct run_options *options(void *target)
{
    return &((struct run_flags *) target)->o;
}

#define ADDER(name, function)                                           \
    static int name(void *target, const char *value, struct error *err) \
    {                                                                   \
        return function(options(target), value, err);                   \
    }
ADDER(add_volume, run_options_add_volume)
ADDER(add_mount, run_options_add_mount)
ADDER(add_tmpfs, run_options_add_tmpfs)
ADDER(add_sysctl, run_options_add_sysctl)
ADDER(add_secret, run_options_add_secret)
ADDER(add_security, run_options_add_security)
ADDER(add_ulimit, run_options_add_ulimit)
ADDER(add_device, run_options_add_device)
ADDER(add_device_rule, run_options_add_device_rule)
ADDER(set_restart, run_options_set_restart)
ADDER(set_health_cmd, run_options_set_health_cmd)
ADDER(set_health_retries, run_options_set_health_retries)
ADDER(set_health_on_failure, run_options_set_health_on_failure)
ADDER(set_sdnotify, run_options_set_sdnotify)
ADDER(set_log_driver, run_options_set_log_driver)
ADDER(add_publish, run_options_add_publish)
ADDER(add_expose, run_options_add_expose)
ADDER(set_ip, run_options_set_ip)
ADDER(set_mac, run_options_set_mac)
ADDER(add_host, run_options_add_host)
ADDER(add_dns, run_options_add_dns)
ADDER(add_dns_search, run_options_add_dns_search)
ADDER(add_dns_option, run_options_add_dns_option)
ADDER(add_log_opt, run_options_add_log_opt)

#define THROTTLE(name, field, bytes)                                    \
    static int name(void *target, const char *value, struct error *err) \
    {                                                                   \
        struct run_options *o = options(target);                        \
        return throttles_add(o->arena, &o->field, value, bytes, err);   \
    }
THROTTLE(add_weight, blkio_weight_device, false)
THROTTLE(add_read_bps, read_bps, true)
THROTTLE(add_write_bps, write_bps, true)
THROTTLE(add_read_iops, read_iops, false)
THROTTLE(add_write_iops, write_iops, false)

#define HEALTH_TIME(name, field)                                                        \
    static int name(void *target, const char *value, struct error *err)                 \
    {                                                                                   \
        return run_options_set_health_time(&options(target)->health.field, value, err); \
    }
HEALTH_TIME(set_health_interval, interval)
HEALTH_TIME(set_health_timeout, timeout)
HEALTH_TIME(set_health_start_period, start_period)
HEALTH_TIME(set_health_start_interval, start_interval)

#define NAMESPACE(name, field, allowed)                                 \
    static int name(void *target, const char *value, struct error *err) \
    {                                                                   \
        options(target)->field = value;                                 \
        return namespace_mode_check(value, allowed, err);               \
    }
NAMESPACE(set_userns, userns, "private,host")
NAMESPACE(set_pid, pid, "private,host,container:NAME")
/* "shareable" is docker's word for a private namespace that others may join; here that is so of each. */
NAMESPACE(set_ipc, ipc, "private,shareable,host,container:NAME")
NAMESPACE(set_uts, uts, "private,host,container:NAME")
NAMESPACE(set_cgroupns, cgroupns, "private")

static int set_network(void *target, const char *value, struct error *err)
{
    options(target)->network = value;
    return namespace_mode_check(value, "none,bridge,host,container:NAME", err);
}

static int set_compat(void *target, const char *value, struct error *err)
{
    if (!str_eq(value, "docker"))
        return error_set(err, -EINVAL, "it can only be docker, not \"%s\"", value);
    options(target)->compat_docker = true;
    return 0;
}

static int set_stop_signal(void *target, const char *value, struct error *err)
{
    int sig;
    if (signal_parse(value, &sig) < 0 || sig <= 0)
        return error_set(err, -EINVAL, "\"%s\" is not a signal such as SIGTERM or 15", value);
    options(target)->stop_signal = value;
    return 0;
}

static int set_cpuset_cpus(void *target, const char *value, struct error *err)
{
    options(target)->cpuset_cpus = value;
    return cpu_list_check(value, err);
}

static int set_cpuset_mems(void *target, const char *value, struct error *err)
{
    options(target)->cpuset_mems = value;
    return cpu_list_check(value, err);
}

static int set_oom_score(void *target, const char *value, struct error *err)
{
    struct opt_i64 *to = &options(target)->oom_score_adj;
    int r = parse_i64(value, &to->v);
    if (r < 0 || to->v < -1000 || to->v > 1000)
        return error_set(err, -EINVAL, "it must be from -1000 to 1000, not \"%s\"", value);
    to->set = true;
    return 0;
}

static int set_pull(void *target, const char *value, struct error *err)
{
    static const char *const names[] = {
        [PULL_MISSING] = "missing", [PULL_ALWAYS] = "always", [PULL_NEVER] = "never", [PULL_NEWER] = "newer"
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(value, names[i])) {
            options(target)->pull = i;
            return 0;
        }
    }
    return error_set(err, -EINVAL, "it must be missing, always, never or newer, not \"%s\"", value);
}

// clang-format off
const struct cli_option run_flag_table[] = { // as many as RUN_FLAG_COUNT says
    { "add-host", 0, OPT_ADD, 0, "NAME:ADDRESS", "a line more in /etc/hosts, with a network of its own", add_host },
    { "annotation", 0, OPT_LIST, F(annotations), "KEY=VALUE", "annotation of the container, passed to the OCI runtime", NULL },
    { "attach", 'a', OPT_LATER, 0, "STREAM", "a container in the foreground has all three", NULL },
    { "blkio-weight", 0, OPT_I64, O(blkio_weight), "N", "share of block I/O, 10 to 1000", NULL },
    { "blkio-weight-device", 0, OPT_ADD, 0, "DEVICE:N", "share of one block device", add_weight },
    { "cap-add", 0, OPT_LIST, O(cap_add), "NAME", "grant a capability: CHOWN, CAP_CHOWN, ALL, or default (docker's 14)", NULL },
    { "cap-drop", 0, OPT_LIST, O(cap_drop), "NAME", "take a capability away again", NULL },
    { "cgroup-parent", 0, OPT_TEXT, O(cgroup_parent), "PATH", "cgroup below which the container's own is made (the root)", NULL },
    { "cgroupns", 0, OPT_CALL, 0, "MODE", "cgroup namespace: private, always", set_cgroupns },
    { "cidfile", 0, OPT_TEXT, O(cidfile), "FILE", "write the container's id to a new file", NULL },
    { "compat", 0, OPT_CALL, 0, "docker", "begin with docker's defaults: root, 14 capabilities, writable, no budgets", set_compat },
    { "cpu-period", 0, OPT_MICRO, O(cpu_period), "MICROSECONDS", "length of a period of the CPU quota", NULL },
    { "cpu-quota", 0, OPT_MICRO, O(cpu_quota), "MICROSECONDS", "CPU time in each period", NULL },
    { "cpu-rt-period", 0, OPT_MICRO, O(cpu_rt_period), "MICROSECONDS", "length of a real-time period", NULL },
    { "cpu-rt-runtime", 0, OPT_MICRO, O(cpu_rt_runtime), "MICROSECONDS", "real-time CPU time in each period", NULL },
    { "cpu-shares", 'c', OPT_I64, O(cpu_shares), "N", "share of CPU time beside others, 1024 is ordinary", NULL },
    { "cpus", 0, OPT_CPUS, O(cpus), "N", "how many CPUs' time, such as 1.5", NULL },
    { "cpuset-cpus", 0, OPT_CALL, 0, "LIST", "CPUs to run on: 0-2,4", set_cpuset_cpus },
    { "cpuset-mems", 0, OPT_CALL, 0, "LIST", "memory nodes to use: 0,1", set_cpuset_mems },
    { "detach", 'd', OPT_FLAG, O(detach), NULL, "leave it running in the background, with a monitor and a log, and print its id", NULL },
    { "detach-keys", 0, OPT_TEXT, F(detach_keys), "KEYS", "in the foreground, with a terminal: these keys (such as ctrl-p,ctrl-q) leave it running in the background", NULL },
    { "device", 0, OPT_ADD, 0, "HOST[:CONTAINER][:rwm]", "give a device of the host", add_device },
    { "device-cgroup-rule", 0, OPT_ADD, 0, "RULE", "allow devices: 'c 10:200 rwm'", add_device_rule },
    { "device-read-bps", 0, OPT_ADD, 0, "DEVICE:SIZE", "bytes a second to read", add_read_bps },
    { "device-read-iops", 0, OPT_ADD, 0, "DEVICE:N", "reads a second", add_read_iops },
    { "device-write-bps", 0, OPT_ADD, 0, "DEVICE:SIZE", "bytes a second to write", add_write_bps },
    { "device-write-iops", 0, OPT_ADD, 0, "DEVICE:N", "writes a second", add_write_iops },
    { "disable-content-trust", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
    { "dns", 0, OPT_ADD, 0, "ADDRESS", "name server in place of the host's", add_dns },
    { "dns-option", 0, OPT_ADD, 0, "OPTION", "option of resolv.conf in place of the host's", add_dns_option },
    { "dns-search", 0, OPT_ADD, 0, "DOMAIN", "domain to look names up in, in place of the host's; . for none", add_dns_search },
    { "domainname", 0, OPT_TEXT, O(domainname), "NAME", "NIS domain name", NULL },
    { "entrypoint", 0, OPT_TEXT, O(entrypoint), "PROGRAM", "run this in place of the image's entrypoint; \"\" takes it away", NULL },
    { "env", 'e', OPT_LIST, F(env), "NAME[=VALUE]", "set a variable; without a value, pass oakum's own on", NULL },
    { "env-file", 0, OPT_LIST, F(env_files), "FILE", "variables from a file, one a line", NULL },
    { "env-secret-ok", 0, OPT_FLAG, O(env_secret_ok), NULL, "allow variables whose values look like secrets", NULL },
    { "expose", 0, OPT_ADD, 0, "PORT[/PROTOCOL]", "a port more that --publish-all publishes", add_expose },
    { "gpus", 0, OPT_LATER, 0, "GPUS", NULL, NULL },
    { "group-add", 0, OPT_LIST, O(group_add), "GROUP", "another group for the user", NULL },
    { "health-cmd", 0, OPT_CALL, 0, "COMMAND", "check by this command in the container's shell whether it is healthy, when detached (the image's HEALTHCHECK)", set_health_cmd },
    { "health-interval", 0, OPT_CALL, 0, "DURATION", "time between two checks (30s)", set_health_interval },
    { "health-on-failure", 0, OPT_CALL, 0, "ACTION", "what is done when it becomes unhealthy: none, kill (a restart policy applies then), restart, stop", set_health_on_failure },
    { "health-retries", 0, OPT_CALL, 0, "N", "so many failures in a row make it unhealthy (3)", set_health_retries },
    { "health-start-interval", 0, OPT_CALL, 0, "DURATION", "time between two checks in the start period, until it is healthy (5s)", set_health_start_interval },
    { "health-start-period", 0, OPT_CALL, 0, "DURATION", "time after the start in which failures do not count (0s)", set_health_start_period },
    { "health-timeout", 0, OPT_CALL, 0, "DURATION", "a check that takes longer is killed with all that it began, and has failed (30s)", set_health_timeout },
    { "hostname", 'h', OPT_TEXT, O(hostname), "NAME", "host name in the container (the beginning of its id)", NULL },
    { "init", 0, OPT_FLAG, O(init), NULL, "run a tiny init as process 1 that forwards signals and reaps zombies", NULL },
    { "interactive", 'i', OPT_FLAG, O(interactive), NULL, "keep standard input open", NULL },
    { "ip", 0, OPT_CALL, 0, "ADDRESS", "this IPv4 address, with --network bridge", set_ip },
    { "ip6", 0, OPT_LATER, 0, "ADDRESS", NULL, NULL },
    { "ipc", 0, OPT_CALL, 0, "MODE", "ipc namespace: private (shareable is the same), host, container:NAME", set_ipc },
    { "isolation", 0, OPT_LATER, 0, "MODE", NULL, NULL },
    { "kernel-memory", 0, OPT_LATER, 0, "SIZE", NULL, NULL },
    { "label", 'l', OPT_LIST, F(labels), "KEY[=VALUE]", "label of the container", NULL },
    { "label-file", 0, OPT_LIST, F(label_files), "FILE", "labels from a file, one a line", NULL },
    { "link", 0, OPT_LATER, 0, "CONTAINER", NULL, NULL },
    { "link-local-ip", 0, OPT_LATER, 0, "ADDRESS", NULL, NULL },
    { "log-driver", 0, OPT_CALL, 0, "DRIVER", "what becomes of the output when detached: json-file (the default), journald, syslog, none", set_log_driver },
    { "log-opt", 0, OPT_ADD, 0, "KEY=VALUE", "max-size=SIZE (10m; -1: no limit), max-file=N (3), mode=blocking|non-blocking, max-buffer-size=SIZE (1m), tag=TEXT with {{.Name}} and the like, labels=KEY,..., env=KEY,..., syslog-facility=NAME", add_log_opt },
    { "mac-address", 0, OPT_CALL, 0, "ADDRESS", "hardware address of eth0, with --network bridge", set_mac },
    { "memory", 'm', OPT_SIZE, O(memory), "SIZE", "most memory (512m); 0 for no limit", NULL },
    { "memory-reservation", 0, OPT_SIZE, O(memory_reservation), "SIZE", "memory to be pushed back to when the host runs short", NULL },
    { "memory-swap", 0, OPT_SWAP, O(memory_swap), "SIZE", "most memory and swap together (as --memory: no swap); -1 for no limit", NULL },
    { "memory-swappiness", 0, OPT_I64, O(memory_swappiness), "N", "how readily to swap, 0 to 100", NULL },
    { "mount", 0, OPT_ADD, 0, "KEY=VALUE,...", "a mount: type=bind|volume|tmpfs,source=...,target=...; read-only unless readonly=false or rw", add_mount },
    { "name", 0, OPT_TEXT, O(name), "NAME", "name of the container", NULL },
    { "network", 0, OPT_CALL, 0, "MODE", "network: none (the default), bridge (outgoing traffic, and what -p publishes), host, container:NAME", set_network },
    { "net", 0, OPT_CALL, 0, "MODE", NULL, set_network },
    { "network-alias", 0, OPT_LATER, 0, "NAME", NULL, NULL },
    { "no-healthcheck", 0, OPT_FLAG, O(no_healthcheck), NULL, "no health checks, whatever the image says", NULL },
    { "oom-kill-disable", 0, OPT_TRI, O(oom_kill_disable), NULL, "do not kill when the memory is used up", NULL },
    { "oom-score-adj", 0, OPT_CALL, 0, "N", "how readily to be killed when the host runs out of memory, -1000 to 1000", set_oom_score },
    { "pid", 0, OPT_CALL, 0, "MODE", "pid namespace: private, host, container:NAME", set_pid },
    { "pids-limit", 0, OPT_I64, O(pids_limit), "N", "most processes and threads (256); 0 for no limit", NULL },
    { "platform", 0, OPT_TEXT, O(platform), "OS/ARCH", "run the image for this platform; pulled when the one that is there is for another", NULL },
    { "privileged", 0, OPT_FLAG, O(privileged), NULL, "give up nearly every control; prefer --cap-add and --device", NULL },
    { "publish", 'p', OPT_ADD, 0, "[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]", "with --network bridge, a port of the host (on 127.0.0.1, any free one) that leads to one of the container; 0.0.0.0: on every address", add_publish },
    { "publish-all", 'P', OPT_FLAG, O(publish_all), NULL, "every port that the image exposes, or --expose, on a free port of 127.0.0.1", NULL },
    { "pull", 0, OPT_CALL, 0, "WHEN", "ask the registry for the image: missing (the default), always, never, newer", set_pull },
    { "quiet", 'q', OPT_FLAG, O(quiet), NULL, "do not show the progress of a pull", NULL },
    { "read-only", 0, OPT_TRI, O(read_only), NULL, "read-only root file system (on; --read-only=false makes it writable)", NULL },
    { "restart", 0, OPT_CALL, 0, "POLICY", "start it again when it has ended, when detached: no, always, unless-stopped, on-failure[:N]", set_restart },
    { "rm", 0, OPT_FLAG, O(rm), NULL, "remove the container when it has ended", NULL },
    { "runtime", 0, OPT_LATER, 0, "NAME", NULL, NULL },
    { "sdnotify", 0, OPT_CALL, 0, "MODE", "who tells the service manager of NOTIFY_SOCKET that it is ready, when detached: ignore (the default), conmon (oakum, when it has started), container (its program), healthy (its health check)", set_sdnotify },
    { "secret", 0, OPT_ADD, 0, "NAME[,KEY=VALUE...]", "a secret as a file below /run/secrets, which only the container's user reads (target=FILE, uid=, gid=, mode=0400)", add_secret },
    { "security-opt", 0, OPT_ADD, 0, "OPTION", "no-new-privileges=false, seccomp=FILE|unconfined, apparmor=PROFILE, label=..., landlock=off, systempaths=unconfined, mask=PATH, unmask=PATH|ALL", add_security },
    { "shm-size", 0, OPT_SIZE, O(shm_size), "SIZE", "size of /dev/shm (64m)", NULL },
    { "sig-proxy", 0, OPT_TRI, F(sig_proxy), NULL, "pass signals on (on; --sig-proxy=false: they end oakum, and the container goes on)", NULL },
    { "stop-signal", 0, OPT_CALL, 0, "SIGNAL", "signal that asks it to end (SIGTERM)", set_stop_signal },
    { "stop-timeout", 0, OPT_I64, O(stop_timeout), "SECONDS", "time for that, before SIGKILL (10)", NULL },
    { "storage-opt", 0, OPT_LATER, 0, "OPTION", NULL, NULL },
    { "sysctl", 0, OPT_ADD, 0, "NAME=VALUE", "set a sysctl of the container's own namespaces", add_sysctl },
    { "timeout", 0, OPT_I64, O(timeout), "SECONDS", "kill it when it has run that long, when detached; 0: never", NULL },
    { "tmpfs", 0, OPT_ADD, 0, "PATH[:OPTIONS]", "a tmpfs, 64 MiB, noexec,nosuid,nodev unless options say otherwise", add_tmpfs },
    { "tty", 't', OPT_FLAG, O(tty), NULL, "give it a terminal", NULL },
    { "ulimit", 0, OPT_ADD, 0, "NAME=SOFT[:HARD]", "resource limit: nofile=4096, core=-1", add_ulimit },
    { "use-api-socket", 0, OPT_LATER, 0, NULL, NULL, NULL },
    { "user", 'u', OPT_TEXT, O(user), "USER[:GROUP]", "user by name or number (the image's; 65532 if that is root)", NULL },
    { "userns", 0, OPT_CALL, 0, "MODE", "user namespace: private or host; with --pid or --ipc container:NAME the other's", set_userns },
    { "uts", 0, OPT_CALL, 0, "MODE", "uts namespace: private, host, container:NAME", set_uts },
    { "volume", 'v', OPT_ADD, 0, "SOURCE:TARGET[:OPTIONS]", "a directory of the host or a volume; read-only and noexec unless rw, exec are written", add_volume },
    { "volume-driver", 0, OPT_LATER, 0, "DRIVER", NULL, NULL },
    { "volumes-from", 0, OPT_LATER, 0, "CONTAINER", NULL, NULL },
    { "workdir", 'w', OPT_TEXT, O(workdir), "PATH", "working directory in the container", NULL },
};
// clang-format on

static int add_pairs(struct run_flags *f, struct oci_pairs *to, const char *what,
                     const struct oci_strings *files, const struct oci_strings *values, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && files != NULL && i < files->n; i++)
        r = pairs_add_file(f->o.arena, to, what, files->v[i], err);
    if (r < 0)
        return error_context(err, r, "--%s-file", what);
    for (size_t i = 0; r == 0 && i < values->n; i++)
        r = pairs_add(f->o.arena, to, what, values->v[i], err);
    return r < 0 ? error_context(err, r, "--%s", what) : 0;
}

static int add_environment(struct run_flags *f, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < f->env_files.n; i++)
        r = env_list_add_file(f->o.arena, &f->o.env, f->env_files.v[i], err);
    if (r < 0)
        return error_context(err, r, "--env-file");
    for (size_t i = 0; r == 0 && i < f->env.n; i++)
        r = env_list_add(f->o.arena, &f->o.env, f->env.v[i], err);
    return r < 0 ? error_context(err, r, "--env") : 0;
}

/* The first of those that were given. */
static const char *health_flag(const struct run_options *o)
{
    const struct health_config *h = &o->health;
    return h->test.n > 0           ? "--health-cmd"
           : h->interval > 0       ? "--health-interval"
           : h->timeout > 0        ? "--health-timeout"
           : h->start_period > 0   ? "--health-start-period"
           : h->start_interval > 0 ? "--health-start-interval"
           : h->retries > 0        ? "--health-retries"
                                   : "--health-on-failure";
}

static int check_health(const struct run_options *o, struct error *err)
{
    bool asked = run_options_health_asked(o);
    if (o->no_healthcheck && asked)
        return error_set(err, -EINVAL, "--no-healthcheck and the other --health flags contradict each other");
    if (o->sdnotify != NULL && !o->detach && !o->create_only)
        return error_set(err, -EINVAL, "--sdnotify %s is for a container in the background; add -d",
                         o->sdnotify);
    if (!o->detach && !o->create_only && asked)
        return error_set(err, -EINVAL,
                         "%s needs a monitor, which a container in the foreground has not; add -d",
                         health_flag(o));
    if (o->rm && o->health.on_failure != NULL && str_eq(o->health.on_failure, "restart"))
        return error_set(
            err, -EINVAL,
            "--health-on-failure restart and --rm contradict each other: what is removed cannot be started again");
    return 0;
}

static int check_together(const struct run_options *o, struct error *err)
{
    if (o->name != NULL && !object_name_valid(o->name))
        return error_set(err, -EINVAL,
                         "--name \"%s\" must be 2 to 128 of [a-zA-Z0-9_.-] and begin with a letter or digit",
                         o->name);
    if (o->stop_timeout.set && o->stop_timeout.v < -1)
        return error_set(err, -EINVAL, "--stop-timeout must be a number of seconds, or -1 to wait for ever");
    if (o->user != NULL && o->user[0] == '\0')
        return error_set(err, -EINVAL, "--user is empty; name a user, or leave it out");
    if (o->restart != NULL && o->rm)
        return error_set(err, -EINVAL,
                         "--restart and --rm contradict each other: what is removed cannot be started again");
    if (o->timeout.set && (o->timeout.v < 0 || o->timeout.v > 2000000))
        return error_set(err, -EINVAL, "--timeout must be a number of seconds up to 2000000; 0 is no limit");
    if (o->tty && o->interactive && !o->detach && !o->create_only && isatty(STDIN_FILENO) == 0)
        return error_set(err, -ENOTTY, "the input device is not a terminal; leave -t out");
    int r = run_options_check_network(o, err);
    return r < 0 ? r : check_health(o, err);
}

int run_flags_finish(struct run_flags *f, int words, char **argv, struct error *err)
{
    struct run_options *o = &f->o;
    int r = check_together(o, err);
    /* What a container in the foreground cannot have without a monitor. */
    o->monitored = !o->detach && !o->create_only &&
                   (f->detach_keys != NULL || (f->sig_proxy.set && !f->sig_proxy.v) || o->restart != NULL ||
                    o->timeout.v > 0);
    if (r == 0)
        r = add_environment(f, err);
    if (r == 0)
        r = add_pairs(f, &f->o.labels, "label", &f->label_files, &f->labels, err);
    if (r == 0)
        r = add_pairs(f, &f->o.annotations, "annotation", NULL, &f->annotations, err);
    if (r < 0)
        return r;
    if (words < 1 || argv[1][0] == '\0')
        return error_set(err, -EINVAL, "name an image to %s: oakum %s [OPTIONS] IMAGE [COMMAND] [ARG...]",
                         f->o.create_only ? "make a container from" : "run",
                         f->o.create_only ? "create" : "run");
    f->o.image = argv[1];
    for (int i = 2; i <= words; i++)
        oci_strings_add(f->o.arena, &f->o.args, argv[i]);
    return 0;
}
