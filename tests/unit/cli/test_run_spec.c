// SPDX-License-Identifier: Apache-2.0
/*
 * From the words of `oakum run` to the specification: each flag by what it changes in the JSON, each mistake by its sentence,
 * each control by its source. The sealed default is one row a control of the project's table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/parse.h"
#include "cli/run_flags.h"
#include "confine/capabilities.h"
#include "confine/seccomp_profile.h"
#include "engine/controls.h"
#include "engine/spec_build.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RANGE 1073741824u

static const struct command command = { .name = "run",
                                        .synopsis = "",
                                        .summary = "",
                                        .options = run_flag_table,
                                        .n_options = RUN_FLAG_COUNT,
                                        .flags = CMD_STOP };

struct built {
    struct run_flags f;
    struct oci_spec *spec;
    struct oci_pairs sources;
    json_t *json;
    struct error err;
};

/* Words are separated by a space; a ~ in a word is a space. */
static int cut(char *copy, char **argv)
{
    int argc = 0;
    argv[argc++] = (char *) "run";
    for (char *save = NULL, *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        for (char *c = w; *c != '\0'; c++)
            *c = *c == '~' ? ' ' : *c;
        argv[argc++] = str_eq(w, "''") ? (char *) "" : w;
    }
    argv[argc] = NULL;
    return argc;
}

static void use_image(struct arena *a, struct image_config *c)
{
    c->user = "";
    c->working_dir = "/srv";
    oci_strings_add(a, &c->env, "IMAGE=1");
    oci_strings_add(a, &c->cmd, "serve");
    c->cmd_set = true;
    oci_strings_add(a, &c->volumes, "/data");
    oci_strings_add(a, &c->volumes, "/proc/evil");
}

static void fill_profile(struct spec_input *in)
{
    const struct run_options *o = in->opt;
    if (o->seccomp == NULL ? o->privileged : str_eq(o->seccomp, "unconfined"))
        return;
    in->seccomp_text = o->compat_docker ? seccomp_profile_docker(&in->seccomp_len)
                                        : seccomp_profile_default(&in->seccomp_len);
    in->seccomp_name = "profile";
}

/* Parses and builds. The line ends in what docker run has behind its flags; none: the image alone. */
static int build(struct built *b, const char *line)
{
    char *copy, *argv[64];
    int words;
    *b = (struct built){ 0 };
    run_options_init(&b->f.o);
    copy = arena_strdup(b->f.o.arena, line);
    int argc = cut(copy, argv);
    int r = options_parse(&command, &b->f, b->f.o.arena, argc, argv, &words, &b->err);
    if (r == 0)
        r = run_flags_finish(&b->f, words, argv, &b->err);
    if (r != 0)
        return r;
    static const char *const layers[] = { "/store/a", "/store/b" };
    uint32_t gids[] = { 65532 }, root_gids[] = { 0 };
    struct image_config config = { 0 };
    use_image(b->f.o.arena, &config);
    const char *volumes[16] = { 0 };
    for (size_t i = 0; i < b->f.o.n_mounts; i++)
        volumes[i] = b->f.o.mounts[i].kind == RUN_MOUNT_VOLUME ? "/store/volume" : NULL;
    struct spec_input in = {
        .opt = &b->f.o,
        .id = ID,
        .name = "name",
        .image_name = "image:latest",
        .config = &config,
        .layers = layers,
        .n_layers = 2,
        .user = { .uid = 65532, .gid = 65532, .gids = gids, .n_gids = 1, .home = "/" },
        .userns = options_userns(&b->f.o),
        .range_first = RANGE,
        .volumes = volumes,
        .upper = options_read_only(&b->f.o) ? NULL : "/c/overlay/upper",
        .work = options_read_only(&b->f.o) ? NULL : "/c/overlay/work",
        .caps_held = (1ULL << 41) - 1,
    };
    if (b->f.o.user != NULL && str_eq(b->f.o.user, "0"))
        in.user = (struct user_identity){ .home = "/root", .gids = root_gids, .n_gids = 1 };
    fill_profile(&in);
    r = engine_spec_build(&in, &b->spec, &b->sources, &b->err);
    if (r == 0)
        b->json = oci_spec_to_json(b->spec);
    return r;
}

static void drop(struct built *b)
{
    json_decref(b->json);
    oci_spec_free(b->spec);
    run_options_free(&b->f.o);
}

/* "a.b.0.c" below the document; NULL when there is no such place. mounts:/tmp is the mount with that target. */
static const json_t *find(const json_t *j, const char *path)
{
    char *copy = xstrdup(path);
    for (char *save = NULL, *w = strtok_r(copy, ".", &save); w != NULL && j != NULL;
         w = strtok_r(NULL, ".", &save)) {
        uint32_t n;
        if (json_is_array(j) && w[0] == '/') {
            const json_t *hit = NULL;
            for (size_t i = 0; i < json_array_size(j); i++) {
                const json_t *m = json_array_get(j, i);
                const char *to = json_string_value(json_object_get(m, "destination"));
                const char *at = json_string_value(json_object_get(m, "path"));
                const char *type = json_string_value(json_object_get(m, "type"));
                if ((to != NULL && str_eq(to, w)) || (at != NULL && str_eq(at, w)) ||
                    (type != NULL && str_eq(type, w + 1)))
                    hit = m;
            }
            j = hit;
        } else if (json_is_array(j)) {
            j = parse_u32(w, &n) == 0 ? json_array_get(j, n) : NULL;
        } else {
            j = json_object_get(j, w);
        }
    }
    free(copy);
    return j;
}

static char *text_at(const json_t *doc, const char *path)
{
    const json_t *j = find(doc, path);
    return j != NULL ? json_dumps(j, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
}

/* What the sealed default is: the table of the project's specification, row by row. */
static const struct {
    const char *path, *json;
} sealed_rows[] = {
    { "process.user", "{\"uid\":65532,\"gid\":65532,\"additionalGids\":[65532]}" },
    { "linux.uidMappings", "[{\"containerID\":0,\"hostID\":1073741824,\"size\":65536}]" },
    { "linux.gidMappings", "[{\"containerID\":0,\"hostID\":1073741824,\"size\":65536}]" },
    { "mounts.0.uidMappings", "[{\"containerID\":0,\"hostID\":1073741824,\"size\":65536}]" },
    { "mounts.0.type", "\"overlay\"" },
    { "mounts.0.options", "[\"lowerdir=/store/b:/store/a\"]" },
    { "process.noNewPrivileges", "true" },
    { "linux.seccomp.defaultAction", "\"SCMP_ACT_ERRNO\"" },
    { "root.readonly", "true" },
    { "mounts./tmp.options", "[\"nosuid\",\"nodev\",\"noexec\",\"mode=1777\",\"size=67108864\"]" },
    { "mounts./run.options", "[\"nosuid\",\"nodev\",\"noexec\",\"mode=1777\",\"size=67108864\"]" },
    { "mounts./var/tmp.options", "[\"nosuid\",\"nodev\",\"noexec\",\"mode=1777\",\"size=67108864\"]" },
    { "mounts./data.options",
      "[\"nosuid\",\"nodev\",\"noexec\",\"size=67108864\",\"mode=755\",\"uid=65532\",\"gid=65532\"]" },
    { "mounts./proc/evil", NULL },
    { "mounts./dev/shm.options", "[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=67108864\"]" },
    { "mounts./sys.type", "\"sysfs\"" },
    { "mounts./sys.options", "[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]" },
    { "mounts./sys/fs/cgroup.options", "[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]" },
    { "linux.namespaces./network", "{\"type\":\"network\"}" },
    { "linux.namespaces./user", "{\"type\":\"user\"}" },
    { "linux.namespaces./pid", "{\"type\":\"pid\"}" },
    { "linux.namespaces./ipc", "{\"type\":\"ipc\"}" },
    { "linux.namespaces./uts", "{\"type\":\"uts\"}" },
    { "linux.namespaces./cgroup", "{\"type\":\"cgroup\"}" },
    { "linux.sysctl", "{\"net.ipv4.ip_unprivileged_port_start\":\"0\"}" },
    { "linux.resources.memory", "{\"limit\":536870912,\"swap\":536870912}" },
    { "linux.resources.pids", "{\"limit\":256}" },
    { "linux.resources.cpu", NULL },
    { "linux.resources.blockIO", NULL },
    { "linux.devices", NULL },
    { "process.rlimits.0", "{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}" },
    { "process.rlimits.1", "{\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0}" },
    { "linux.resources.devices.0.allow", "false" },
    { "linux.cgroupsPath", "\"/oakum-" ID "\"" },
    { "linux.rootfsPropagation", NULL },
    { "linux.readonlyPaths",
      "[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]" },
    { "process.args", "[\"serve\"]" },
    { "process.cwd", "\"/srv\"" },
    { "process.env",
      "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"HOSTNAME=0123456789ab\","
      "\"IMAGE=1\",\"HOME=/\"]" },
    { "hostname", "\"0123456789ab\"" },
    { "annotations",
      "{\"org.oakum.name\":\"name\",\"org.oakum.image\":\"image:latest\",\"org.oakum.landlock\":\"on\"}" },
};

static void test_sealed_default(void **state _unused_)
{
    struct built b;
    assert_int_equal(build(&b, "image"), 0);
    for (size_t i = 0; i < ARRAY_LEN(sealed_rows); i++) {
        char *got = text_at(b.json, sealed_rows[i].path);
        if (sealed_rows[i].json == NULL ? got != NULL : got == NULL || !str_eq(got, sealed_rows[i].json))
            fail_msg("%s: %s", sealed_rows[i].path, got != NULL ? got : "(absent)");
        free(got);
    }
    const struct oci_capabilities *c = &b.spec->process.capabilities;
    assert_true(c->set);
    assert_int_equal(c->bounding.n + c->effective.n + c->permitted.n + c->inheritable.n + c->ambient.n, 0);
    assert_true(b.spec->linux_.masked_paths.n >= 10);
    assert_int_equal(b.sources.n, 1); /* all is default but the tmpfs that the image's VOLUME makes */
    assert_string_equal(oci_pairs_get(&b.sources, "tmpfs"), "image (VOLUME /data)");
    drop(&b);
}

// clang-format off
/* One row a flag: what it makes of the document, and which control says so. */
static const struct {
    const char *line, *path, *json, *control, *source;
} flags[] = {
    { "--cap-add chown", "process.capabilities.bounding", "[\"CAP_CHOWN\"]", "capabilities", "--cap-add chown" },
    { "--cap-add CAP_CHOWN", "process.capabilities.ambient", "[\"CAP_CHOWN\"]", NULL, NULL },
    { "--cap-add CHOWN --user 0", "process.capabilities.ambient", NULL, NULL, NULL },
    { "--cap-add chown,KILL --user 0", "process.capabilities.permitted", "[\"CAP_CHOWN\",\"CAP_KILL\"]", NULL, NULL },
    { "--cap-add default --cap-drop ALL --cap-add kill", "process.capabilities.bounding.13", "\"CAP_SETFCAP\"", NULL, NULL },
    { "--compat docker --cap-drop ALL --cap-add kill", "process.capabilities.bounding", "[\"CAP_KILL\"]", NULL, NULL },
    { "--cap-add kill --cap-drop kill", "process.capabilities.bounding", "[\"CAP_KILL\"]", NULL, NULL },
    { "--cap-add all --cap-drop sys_admin", "process.capabilities.bounding.21", "\"CAP_SYS_BOOT\"", NULL, NULL },
    { "--compat docker", "process.capabilities.bounding.0", "\"CAP_CHOWN\"", "capabilities", "--compat docker" },
    { "--compat docker", "process.capabilities.ambient", NULL, NULL, NULL },
    { "--compat docker", "linux.resources.memory", NULL, "memory", "--compat docker" },
    { "--compat docker", "linux.resources.pids", NULL, "processes", "--compat docker" },
    { "--compat docker", "root.readonly", NULL, "root", "--compat docker" },
    { "--compat docker", "linux.namespaces./user", NULL, "user-namespace", "--compat docker" },
    { "--compat docker", "mounts./tmp", NULL, NULL, NULL },
    { "--compat docker", "process.noNewPrivileges", NULL, NULL, NULL },
    { "--compat docker", "annotations.org.oakum.landlock", NULL, "landlock", "--compat docker" },
    { "--compat docker --memory 100m", "linux.resources.memory", "{\"limit\":104857600,\"swap\":209715200}", "memory", "--memory" },
    { "--compat docker -v /h:/c", "mounts./c.options", "[\"rbind\",\"rprivate\",\"rnodev\"]", "volumes", "-v /h:/c" },
    { "--compat docker --read-only", "root.readonly", "true", NULL, NULL },
    { "--privileged", "linux.seccomp", NULL, "seccomp", "--privileged" },
    { "--privileged", "linux.maskedPaths", NULL, "kernel-files", "--privileged" },
    { "--privileged", "linux.resources.devices", "[{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"}]", "devices", "--privileged" },
    { "--privileged", "linux.namespaces./user", NULL, "user-namespace", "--privileged" },
    { "--privileged --userns private", "linux.namespaces./user", "{\"type\":\"user\"}", NULL, NULL },
    { "--userns host", "linux.uidMappings", NULL, "user-namespace", "--userns host" },
    { "--userns host", "mounts.0.uidMappings", NULL, NULL, NULL },
    { "--userns host -v /h:/c", "mounts./c.options", "[\"rbind\",\"rprivate\",\"rro\",\"rnosuid\",\"rnodev\",\"rnoexec\"]", NULL, NULL },
    { "--read-only=false", "mounts.0.options.1", "\"upperdir=/c/overlay/upper\"", "root", "--read-only=false" },
    { "--read-only=0", "root.readonly", NULL, NULL, NULL },
    { "--network host", "linux.namespaces./network", NULL, "network", "--network host" },
    { "--network host", "linux.sysctl", NULL, NULL, NULL },
    { "--network host", "mounts./sys.type", "\"bind\"", NULL, NULL },
    { "--network=none", "linux.namespaces./network", "{\"type\":\"network\"}", NULL, NULL },
    { "--network bridge", "linux.namespaces./network", "{\"type\":\"network\"}", "network", "--network bridge" },
    { "--network bridge", "annotations",
      "{\"org.oakum.name\":\"name\",\"org.oakum.image\":\"image:latest\",\"org.oakum.network\":\"bridge\",\"org.oakum.landlock\":\"on\"}", NULL, NULL },
    { "--pid host", "linux.namespaces./pid", NULL, "pid", "--pid host" },
    { "--ipc host", "mounts./dev/shm.source", "\"/dev/shm\"", "ipc", "--ipc host" },
    { "--uts host", "hostname", NULL, "uts", "--uts host" },
    { "--hostname web --domainname d", "hostname", "\"web\"", NULL, NULL },
    { "-h web", "process.env.1", "\"HOSTNAME=web\"", NULL, NULL },
    { "--domainname d", "domainname", "\"d\"", NULL, NULL },
    { "-m 1g", "linux.resources.memory", "{\"limit\":1073741824,\"swap\":1073741824}", "memory", "--memory" },
    { "-m 0", "linux.resources.memory", NULL, "memory", "--memory" },
    { "-m 100m --memory-swap 150m", "linux.resources.memory.swap", "157286400", "swap", "--memory-swap" },
    { "-m 100m --memory-swap -1", "linux.resources.memory.swap", "-1", "swap", "--memory-swap" },
    { "-m 100m --memory-reservation 50m", "linux.resources.memory.reservation", "52428800", NULL, NULL },
    { "--memory-swappiness 10", "linux.resources.memory.swappiness", "10", NULL, NULL },
    { "--memory-swappiness -1", "linux.resources.memory.swappiness", NULL, NULL, NULL },
    { "--oom-kill-disable", "linux.resources.memory.disableOOMKiller", "true", NULL, NULL },
    { "--cpus 1.5", "linux.resources.cpu", "{\"quota\":150000,\"period\":100000}", "cpu", "--cpus" },
    { "--cpu-quota 50000 --cpu-period 20000", "linux.resources.cpu", "{\"quota\":50000,\"period\":20000}", "cpu", "--cpu-quota" },
    { "-c 512", "linux.resources.cpu.shares", "512", "cpu", "--cpu-shares" },
    { "--cpuset-cpus 0-2,4 --cpuset-mems 0", "linux.resources.cpu", "{\"cpus\":\"0-2,4\",\"mems\":\"0\"}", "cpu", "--cpuset-cpus" },
    { "--pids-limit 5", "linux.resources.pids.limit", "5", "processes", "--pids-limit" },
    { "--pids-limit -1", "linux.resources.pids", NULL, "processes", "--pids-limit" },
    { "--pids-limit 0", "linux.resources.pids", NULL, NULL, NULL },
    { "--blkio-weight 300", "linux.resources.blockIO.weight", "300", "io", "--blkio-weight" },
    { "--cgroup-parent /a/b/", "linux.cgroupsPath", "\"/a/b/oakum-" ID "\"", "cgroup", "--cgroup-parent /a/b/" },
    { "--cgroup-parent a", "linux.cgroupsPath", "\"/a/oakum-" ID "\"", NULL, NULL },
    { "--ulimit nofile=10:20", "process.rlimits", "[{\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0},{\"type\":\"RLIMIT_NOFILE\",\"hard\":20,\"soft\":10}]", "files", "--ulimit" },
    { "--ulimit core=-1", "process.rlimits.1.type", "\"RLIMIT_CORE\"", "core-dumps", "--ulimit" },
    { "--shm-size 1m", "mounts./dev/shm.options.4", "\"size=1048576\"", "shm", "--shm-size" },
    { "--sysctl net.ipv4.ip_forward=1", "linux.sysctl.net", NULL, "sysctls", "--sysctl net.ipv4.ip_forward" },
    { "--oom-score-adj -500", "process.oomScoreAdj", "-500", "oom-score-adj", "--oom-score-adj -500" },
    { "--security-opt no-new-privileges=false", "process.noNewPrivileges", NULL, "no-new-privileges", "--security-opt no-new-privileges=false" },
    { "--compat docker --security-opt no-new-privileges", "process.noNewPrivileges", "true", NULL, NULL },
    { "--security-opt seccomp=unconfined", "linux.seccomp", NULL, "seccomp", "--security-opt seccomp=unconfined" },
    { "--security-opt seccomp:unconfined", "linux.seccomp", NULL, NULL, NULL },
    { "--security-opt apparmor=foo", "process.apparmorProfile", "\"foo\"", "apparmor", "--security-opt apparmor=foo" },
    { "--security-opt apparmor=unconfined", "process.apparmorProfile", NULL, NULL, NULL },
    { "--security-opt label=type:t --security-opt label=level:s1", "process.selinuxLabel", "\"system_u:system_r:t:s1\"", "selinux", "--security-opt label" },
    { "--security-opt label=disable", "process.selinuxLabel", NULL, NULL, NULL },
    { "--security-opt systempaths=unconfined", "linux.readonlyPaths", NULL, "kernel-files", "--security-opt systempaths=unconfined" },
    { "--security-opt unmask=ALL", "linux.maskedPaths", NULL, "kernel-files", "--security-opt unmask=ALL" },
    { "--security-opt unmask=/proc/acpi:/proc/bus", "linux.readonlyPaths.0", "\"/proc/fs\"", NULL, NULL },
    { "--security-opt unmask=ALL --security-opt mask=/proc/x", "linux.maskedPaths", "[\"/proc/x\"]", NULL, NULL },
    { "--security-opt landlock=off", "linux.seccomp.defaultAction", "\"SCMP_ACT_ERRNO\"", "landlock", "--security-opt landlock=off" },
    { "--device /dev/null:/dev/x:r", "linux.devices.0", "{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3,\"fileMode\":438,\"uid\":65532,\"gid\":0}", "devices", "--device /dev/null" },
    { "--device-cgroup-rule c~10:*~rm", "linux.resources.devices.9", "{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rm\"}", "devices", "--device-cgroup-rule" },
    { "-v /h:/c", "mounts./c.options", "[\"rbind\",\"rprivate\",\"rro\",\"rnosuid\",\"rnodev\",\"rnoexec\",\"ridmap\"]", "volumes", "-v /h:/c" },
    { "-v /h:/c:rw", "mounts./c.options", "[\"rbind\",\"rprivate\",\"rnosuid\",\"rnodev\",\"rnoexec\",\"ridmap\"]", NULL, NULL },
    { "-v /h:/c:rw,exec,suid,dev,noidmap", "mounts./c.options", "[\"rbind\",\"rprivate\"]", NULL, NULL },
    { "-v /h:/c:ro,z,rslave", "mounts./c.options.1", "\"rslave\"", "propagation", "-v /h:/c:ro,z,rslave" },
    { "-v /h:/c:rslave", "linux.rootfsPropagation", "\"rslave\"", NULL, NULL },
    { "-v vol:/c:rw", "mounts./c.source", "\"/store/volume\"", NULL, NULL },
    { "-v /c", "mounts./c.source", "\"/store/volume\"", NULL, NULL },
    { "-v /c", "mounts./c.options.2", "\"rnosuid\"", NULL, NULL }, /* anonymous: writable */
    { "-v vol:/c", "mounts./c.options.2", "\"rro\"", NULL, NULL },
    { "-v /h:/data:rw", "mounts./data.type", "\"bind\"", NULL, NULL },
    { "-v /h:/tmp:rw", "mounts./tmp.type", "\"bind\"", NULL, NULL },
    { "-v /h:/a/../c//d/.", "mounts./c/d.type", "\"bind\"", NULL, NULL },
    { "--mount type=bind,src=/h,dst=/c", "mounts./c.options.2", "\"rro\"", NULL, NULL },
    { "--mount type=bind,source=/h,target=/c,readonly=false,exec", "mounts./c.options", "[\"rbind\",\"rprivate\",\"rnosuid\",\"rnodev\",\"ridmap\"]", NULL, NULL },
    { "--mount type=bind,source=/h,target=/c,bind-recursive=disabled", "mounts./c.options", "[\"bind\",\"rprivate\",\"ro\",\"nosuid\",\"nodev\",\"noexec\",\"idmap\"]", NULL, NULL },
    { "--mount type=bind,source=/h,target=/c,bind-recursive=writable,bind-propagation=rprivate", "mounts./c.options.2", "\"ro\"", NULL, NULL },
    { "--mount \"type=bind\",\"source=/h,1\",target=/c", "mounts./c.source", "\"/h,1\"", NULL, NULL },
    { "--mount type=tmpfs,dst=/c,tmpfs-size=1m,tmpfs-mode=700", "mounts./c.options", "[\"nosuid\",\"nodev\",\"noexec\",\"size=1048576\",\"mode=700\"]", "tmpfs", "--mount type=tmpfs,dst=/c,tmpfs-size=1m,tmpfs-mode=700" },
    { "--mount target=/c", "mounts./c.source", "\"/store/volume\"", NULL, NULL },
    { "--tmpfs /c", "mounts./c.options", "[\"nosuid\",\"nodev\",\"noexec\",\"mode=1777\",\"size=67108864\"]", "tmpfs", "--tmpfs /c" },
    { "--tmpfs /tmp:exec,size=10%,mode=755", "mounts./tmp.options", "[\"nosuid\",\"nodev\",\"exec\",\"size=10%\",\"mode=755\"]", NULL, NULL },
    { "--compat docker --tmpfs /c", "mounts./c.options", "[\"nosuid\",\"nodev\",\"noexec\",\"mode=1777\"]", NULL, NULL },
    { "-e A=1 -eB=2 -e IMAGE", "process.env.2", "\"A=1\"", NULL, NULL },
    { "-e IMAGE=2", "process.env.2", "\"IMAGE=2\"", NULL, NULL },
    { "-e PATH=/x", "process.env.0", "\"PATH=/x\"", NULL, NULL },
    { "-e HOME=/h", "process.env.3", "\"HOME=/h\"", NULL, NULL },
    { "-t", "process.terminal", "true", NULL, NULL },
    { "-t", "process.env.2", "\"TERM=xterm\"", NULL, NULL },
    { "-w /etc/../x", "process.cwd", "\"/x\"", NULL, NULL },
    { "-w /", "process.cwd", "\"/\"", NULL, NULL },
    { "--entrypoint prog", "process.args", "[\"prog\"]", NULL, NULL },
    { "--annotation a=b", "annotations.a", "\"b\"", NULL, NULL },
    { "--annotation org.oakum.name=x", "annotations", "{\"org.oakum.name\":\"name\",\"org.oakum.image\":\"image:latest\",\"org.oakum.landlock\":\"on\"}", NULL, NULL },
};
// clang-format on

static void test_each_flag(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        struct built b;
        char *line = xasprintf("%s image", flags[i].line);
        if (build(&b, line) != 0)
            fail_msg("%s: %s", flags[i].line, b.err.msg);
        char *got = text_at(b.json, flags[i].path);
        if (flags[i].json == NULL ? got != NULL : got == NULL || !str_eq(got, flags[i].json))
            fail_msg("%s: %s is %s", flags[i].line, flags[i].path, got != NULL ? got : "(absent)");
        const char *source = flags[i].control != NULL ? oci_pairs_get(&b.sources, flags[i].control) : NULL;
        if (flags[i].source != NULL && (source == NULL || !str_eq(source, flags[i].source)))
            fail_msg("%s: the source of %s is %s", flags[i].line, flags[i].control,
                     source != NULL ? source : "default");
        free(got);
        free(line);
        drop(&b);
    }
}

// clang-format off
/* Mistakes: the sentence must name the flag or the value. */
static const struct {
    const char *line, *part;
} mistakes[] = {
    { "", "name an image to run" },
    { "'' image", "name an image to run" },
    { "--memory '' image", "--memory must be a size" },
    { "--memory -5 image", "--memory must be a size" },
    { "--memory 1k image", "--memory must be at least 6m" },
    { "--memory 99999999999t image", "--memory must be a size" },
    { "-m 0 --memory-swap 1g image", "--memory-swap needs --memory" },
    { "-m 100m --memory-swap 50m image", "must not be below --memory" },
    { "-m 100m --memory-reservation 200m image", "must not be above --memory" },
    { "--memory-swappiness 101 image", "from 0 to 100" },
    { "--cpus 0.001 image", "--cpus must be at least 0.01" },
    { "--cpus 1 --cpu-quota 5000 image", "cannot be set together" },
    { "--cpu-shares 1 image", "--cpu-shares must be from 2 to 262144" },
    { "--cpu-shares -5 image", "--cpu-shares must be from" },
    { "--cpu-period 5 image", "--cpu-period must be from 1000" },
    { "--cpu-quota 5 image", "--cpu-quota must be at least 1000" },
    { "--cpuset-cpus '' image", "must be a list of numbers" },
    { "--cpuset-cpus 3-1 image", "must be a list of numbers" },
    { "--cpuset-cpus 1, image", "must be a list of numbers" },
    { "--cpuset-mems a image", "must be a list of numbers" },
    { "--pids-limit -2 image", "--pids-limit must be positive" },
    { "--pids-limit '' image", "--pids-limit must be a whole number" },
    { "--blkio-weight 5 image", "--blkio-weight must be from 10 to 1000" },
    { "--blkio-weight-device /dev/null:100 image", "/dev/null is not a block device" },
    { "--device-read-bps /dev/null image", "must be DEVICE:NUMBER" },
    { "--device-read-bps /dev/null:x image", "must be a size" },
    { "--device-read-iops /dev/null:-1 image", "must be a whole number" },
    { "--device-write-bps null:1 image", "with the path of a block device" },
    { "--device /etc/passwd image", "/etc/passwd is not a device" },
    { "--device /dev/nonesuch image", "the device /dev/nonesuch: No such file" },
    { "--device null image", "with absolute paths" },
    { "--device /dev/null:rwx image", "each once" },
    { "--device /dev/null:/dev/x:rr image", "each once" },
    { "--device-cgroup-rule c~1:3 image", "must be like 'c 1:3 rwm'" },
    { "--device-cgroup-rule x~1:3~r image", "must be like" },
    { "--ulimit nofile image", "must be NAME=SOFT" },
    { "--ulimit nofiles=5 image", "did you mean nofile?" },
    { "--ulimit nofile=10:5 image", "must not be above the hard one" },
    { "--ulimit nofile= image", "must be a number" },
    { "--ulimit nofile=1:2:3 image", "must be a number" },
    { "--ulimit nofile=-2 image", "must be a number" },
    { "--shm-size 5q image", "--shm-size must be a size" },
    { "--sysctl foo image", "must be NAME=VALUE" },
    { "--network host --sysctl net.a=1 image", "would change the network" },
    { "-p 80:80 image", "--publish needs --network bridge" },
    { "-P --network host image", "--publish-all needs --network bridge" },
    { "--network none --ip 10.77.0.9 image", "--ip needs --network bridge" },
    { "--network bridge -p 80/icmp image", "must be [[ADDRESS:][HOST]:]CONTAINER" },
    { "--network bridge --ip ten image", "is not an IPv4 address" },
    { "--network bridge --mac-address ff:ff:ff:ff:ff:ff image", "is not the hardware address of one interface" },
    { "--add-host a image", "must be NAME:ADDRESS" },
    { "--add-host a:host-gateway image", "a container cannot reach the host" },
    { "--dns name image", "is not the address of a name server" },
    { "--dns-search a#b image", "is not a domain" },
    { "--network container:x --dns 192.0.2.53 image", "with a network of its own" },
    { "--network web image", "--network: \"web\" is not known" },
    { "--network container: image", "needs the name of a container" },
    { "--pid hots image", "--pid: \"hots\" is not known" },
    { "--userns '' image", "is not known" },
    { "--ipc none image", "--ipc: \"none\" is not known" },
    { "--uts host --hostname x image", "--hostname cannot be set together" },
    { "--hostname '' image", "must have 1 to 64 characters" },
    { "--hostname a/b image", "must have 1 to 64 characters" },
    { "--cgroup-parent user.slice image", "is a slice of systemd" },
    { "--cgroup-parent /a/../b image", ".." },
    { "--cap-add CHWON image", "did you mean CHOWN?" },
    { "--cap-drop '' image", "there is no capability \"\"" },
    { "--security-opt '' image", "there is no security option" },
    { "--security-opt seccmp=x image", "did you mean seccomp?" },
    { "--security-opt seccomp image", "seccomp needs a value" },
    { "--security-opt no-new-privileges=perhaps image", "must be true or false" },
    { "--security-opt systempaths=all image", "can only be unconfined" },
    { "--security-opt mask=proc image", "must be an absolute path" },
    { "--security-opt label=foo image", "label must be disable" },
    { "--security-opt landlock=maybe image", "must be on or off" },
    { "-v '' image", "a part of it is empty" },
    { "-v /a: image", "a part of it is empty" },
    { "-v /a:b image", "must be an absolute path in the container" },
    { "-v /a:/ image", "is the container's root" },
    { "-v /a:/b:ro,rw image", "ro or rw is written twice" },
    { "-v /a:/b:wr image", "is not a mount option" },
    { "-v /a:/b:/c:ro image", "too many colons" },
    { "-v a/b:/c image", "is not a volume name" },
    { "-v vol:/c:shared image", "not for volumes" },
    { "-v /a:/c:shared image", "needs --userns host" },
    { "-v /a:/c -v /b:/c image", "two mounts have the target \"/c\"" },
    { "-v /a:/c --tmpfs /c image", "two mounts have the target \"/c\"" },
    { "--mount '' image", "must be a key with a value" },
    { "--mount type=bind,target=/c image", "a bind mount needs source=PATH" },
    { "--mount type=bind,source=/h image", "it needs target=PATH" },
    { "--mount type=nfs,target=/c image", "the type \"nfs\" is not supported" },
    { "--mount type=tmpfs,source=/h,target=/c image", "a tmpfs has no source" },
    { "--mount type=tmpfs,target=/c,bind-propagation=private image", "mixes keys of another type" },
    { "--mount type=bind,source=/h,target=/c,raedonly image", "must be a key with a value" },
    { "--mount type=bind,source=/h,target=/c,foo=1 image", "the key \"foo\" is not known" },
    { "--mount type=bind,source=/h,target=/c,readonly=x image", "must be true or false" },
    { "--mount type=bind,source=/h,target=/c,bind-recursive=no image", "must be enabled, disabled" },
    { "--mount type=tmpfs,target=/c,tmpfs-mode=9 image", "must be octal" },
    { "--mount \"type=bind image", "a double quote is not closed" },
    { "--tmpfs '' image", "must be an absolute path" },
    { "--tmpfs tmp image", "must be an absolute path" },
    { "--tmpfs /c:size=abc image", "is not a size" },
    { "--tmpfs /c:size= image", "is not a size" },
    { "--tmpfs /c:foo image", "is not an option of tmpfs" },
    { "-e '' image", "has no name before the equals sign" },
    { "-e =x image", "has no name before the equals sign" },
    { "--env-file /nonexistent image", "/nonexistent" },
    { "--label =x image", "needs a name before the equals sign" },
    { "--name a image", "--name \"a\" must be 2 to 128" },
    { "--name ../x image", "must be 2 to 128" },
    { "--user '' image", "--user is empty" },
    { "--stop-signal FOO image", "is not a signal" },
    { "--stop-timeout -5 image", "--stop-timeout must be" },
    { "--oom-score-adj 1001 image", "from -1000 to 1000" },
    { "--compat podman image", "it can only be docker" },
    { "-w relative image", "must be an absolute path" },
    { "--entrypoint '' image", "the image names no command" },
    { "--link a image", "--link is not in this version" },
    { "--memroy 1g image", "Did you mean --memory?" },
    { "--privilege image", "Did you mean --privileged?" },
};
// clang-format on

static void test_mistakes(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct built b;
        if (build(&b, mistakes[i].line) >= 0)
            fail_msg("%s: was taken", mistakes[i].line);
        if (strstr(b.err.msg, mistakes[i].part) == NULL)
            fail_msg("%s: says \"%s\"", mistakes[i].line, b.err.msg);
        drop(&b);
    }
}

/* Control characters reach neither a mount's options nor a label. */
static void test_control_characters(void **state _unused_)
{
    static const char *const lines[] = {
        "-v /a\n:/b image",           "--tmpfs /a\nb image",  "--mount target=/a\x01 image",
        "--sysctl a=b\nc image",      "--label a\nb=c image", "--security-opt mask=/a\nb image",
        "--device /dev/null\n image", "-w /a\nb image"
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct built b;
        int r = build(&b, lines[i]);
        /* A working directory that is refused becomes the root. */
        if (r == 0)
            assert_string_equal(b.spec->process.cwd, "/");
        else
            assert_int_equal(r, -EINVAL);
        drop(&b);
    }
}

/* Whoever is named in an id outside of the range is refused, not wrapped. */
static void test_users_outside(void **state _unused_)
{
    struct built b;
    assert_int_equal(build(&b, "image"), 0);
    struct image_config config = { 0 };
    static const char *const layers[] = { "/l" };
    oci_strings_add(b.f.o.arena, &config.cmd, "x");
    struct spec_input in = { .opt = &b.f.o,
                             .id = ID,
                             .name = "n",
                             .image_name = "i",
                             .config = &config,
                             .layers = layers,
                             .n_layers = 1,
                             .user = { .uid = 65536 },
                             .userns = true,
                             .range_first = RANGE };
    struct oci_spec *spec = NULL;
    struct oci_pairs sources;
    assert_int_equal(engine_spec_build(&in, &spec, &sources, NULL), -ERANGE);
    in.user = (struct user_identity){ .uid = 1, .gid = 1, .gids = (uint32_t[]){ 1, 70000 }, .n_gids = 2 };
    assert_int_equal(engine_spec_build(&in, &spec, &sources, NULL), -ERANGE);
    in.userns = false;
    assert_int_equal(engine_spec_build(&in, &spec, &sources, NULL), 0);
    assert_string_equal(spec->mounts[0].type, "bind");
    oci_spec_free(spec);
    drop(&b);
}

/* Every key that a flag can set has a row in the table that people see, and no row is empty. */
static void test_controls(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        struct built b;
        struct control *c;
        size_t n;
        char *line = xasprintf("%s image", flags[i].line);
        assert_int_equal(build(&b, line), 0);
        controls_list(b.spec->arena, b.spec, &b.sources, &c, &n);
        for (size_t s = 0; s < b.sources.n; s++) {
            bool known = false;
            for (size_t k = 0; k < n; k++)
                known = known ||
                        (str_eq(c[k].name, b.sources.v[s].key) && str_eq(c[k].source, b.sources.v[s].value));
            if (!known)
                fail_msg("%s: nobody sees the control %s", line, b.sources.v[s].key);
        }
        for (size_t k = 0; k < n; k++)
            assert_true(c[k].value[0] != '\0');
        free(line);
        drop(&b);
    }
}

static void count_warning(void *arg, const char *text)
{
    (void) text;
    (*(int *) arg)++;
}

static void test_warnings(void **state _unused_)
{
    static const struct {
        const char *line;
        int warnings;
    } cases[] = {
        { "image", 0 },
        { "--privileged image", 1 },
        { "--network host --userns host --pid host --ipc host image", 4 },
        { "-v /var/run/docker.sock:/s image", 1 },
        { "-v /run/oakum:/s image", 1 },
        { "-v /:/host image", 1 },
        { "-v /etc/../:/host:rw image", 1 },
        { "-v /data:/data:rw image", 0 },
        { "--security-opt seccomp=unconfined image", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct built b;
        int n = 0;
        assert_int_equal(build(&b, cases[i].line), 0);
        run_warnings(&b.f.o, count_warning, &n);
        if (n != cases[i].warnings)
            fail_msg("%s: %d warnings", cases[i].line, n);
        drop(&b);
    }
}

static void test_table(void **state _unused_)
{
    for (size_t i = 0; i < RUN_FLAG_COUNT; i++) {
        assert_non_null(run_flag_table[i].name);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(run_flag_table[i].name, run_flag_table[k].name);
            assert_true(run_flag_table[i].letter == 0 ||
                        run_flag_table[i].letter != run_flag_table[k].letter);
        }
        if (run_flag_table[i].kind == OPT_CALL || run_flag_table[i].kind == OPT_ADD)
            assert_non_null(run_flag_table[i].set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_sealed_default),
        cmocka_unit_test(test_each_flag),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_users_outside),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
