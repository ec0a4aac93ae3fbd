// SPDX-License-Identifier: Apache-2.0
/*
 * cli/runtime_features.c: `oakum-runtime features` (runtime-spec features.md): what this program can enforce, whatever the
 * kernel is; and `spec`, a config.json to begin with.
 */
#include <errno.h>
#include <fcntl.h>

#include "cli/json_out.h"
#include "cli/runtime.h"
#include "confine/capabilities.h"
#include "confine/memory_policy.h"
#include "confine/mount_options.h"
#include "confine/seccomp.h"
#include "sys/file.h"

static json_t *names(const char *const *v)
{
    json_t *a = json_array();
    for (; *v != NULL; v++)
        json_array_append_new(a, json_string(*v));
    return a;
}

static json_t *enabled(bool on)
{
    json_t *o = json_object();
    json_object_set_new(o, "enabled", json_boolean(on));
    return o;
}

static json_t *seccomp_features(void)
{
    json_t *o = enabled(true), *actions = json_array(), *ops = json_array(), *archs = json_array(),
           *known = json_array(), *supported = json_array();
    const char *name;
    bool works;
    for (size_t i = 0; (name = seccomp_arch_name(i)) != NULL; i++)
        json_array_append_new(archs, json_string(name));
    for (size_t i = 0; (name = seccomp_flag_name(i, &works)) != NULL; i++) {
        json_array_append_new(known, json_string(name));
        if (works)
            json_array_append_new(supported, json_string(name));
    }
    for (int i = OCI_ACT_KILL; i <= OCI_ACT_NOTIFY; i++)
        json_array_append_new(actions, json_string(oci_seccomp_action_name((enum oci_seccomp_action) i)));
    for (int i = OCI_CMP_NE; i <= OCI_CMP_MASKED_EQ; i++)
        json_array_append_new(ops, json_string(oci_seccomp_op_name((enum oci_seccomp_op) i)));
    json_object_set_new(o, "actions", actions);
    json_object_set_new(o, "operators", ops);
    json_object_set_new(o, "archs", archs);
    json_object_set_new(o, "knownFlags", known);
    json_object_set_new(o, "supportedFlags", supported);
    return o;
}

static json_t *named(const char *(*name)(size_t))
{
    json_t *a = json_array();
    for (size_t i = 0; name(i) != NULL; i++)
        json_array_append_new(a, json_string(name(i)));
    return a;
}

static json_t *memory_policy_features(void)
{
    json_t *o = json_object();
    json_object_set_new(o, "modes", named(memory_policy_mode_name));
    json_object_set_new(o, "flags", named(memory_policy_flag_name));
    return o;
}

static json_t *linux_features(void)
{
    json_t *o = json_object(), *ns = json_array(), *caps = json_array(), *cgroup = json_object(),
           *mounts = json_object();
    for (int i = 0; i < OCI_NS_KINDS; i++)
        json_array_append_new(ns, json_string(oci_namespace_name((enum oci_namespace_kind) i)));
    for (unsigned i = 0; i < capability_count(); i++)
        json_array_append_new(caps, json_string(capability_name(i)));
    json_object_set_new(cgroup, "v1", json_true());
    json_object_set_new(cgroup, "v2", json_true());
    json_object_set_new(cgroup, "systemd", json_true());
    json_object_set_new(cgroup, "systemdUser", json_true());
    json_object_set_new(cgroup, "rdma", json_true());
    json_object_set_new(mounts, "idmap", enabled(true));
    json_object_set_new(o, "namespaces", ns);
    json_object_set_new(o, "capabilities", caps);
    json_object_set_new(o, "cgroup", cgroup);
    json_object_set_new(o, "seccomp", seccomp_features());
    json_object_set_new(o, "apparmor", enabled(true));
    json_object_set_new(o, "selinux", enabled(true));
    json_object_set_new(o, "intelRdt",
                        json_pack("{s:b,s:b,s:b}", "enabled", 1, "schemata", 1, "monitoring", 1));
    json_object_set_new(o, "memoryPolicy", memory_policy_features());
    json_object_set_new(o, "mountExtensions", mounts);
    json_object_set_new(o, "netDevices", enabled(true));
    return o;
}

static int features_main(const struct cli *cli, int argc, char **argv)
{
    int words;
    int status = command_arguments(cli, NULL, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_json_ json_t *doc = json_object();
    json_t *hooks = json_array(), *annotations = json_object(), *unsafe = json_array();
    for (int i = 0; i < OCI_HOOK_KINDS; i++)
        json_array_append_new(hooks, json_string(oci_hook_name((enum oci_hook_kind) i)));
    json_object_set_new(annotations, "org.oakum.version", json_string(OAKUM_VERSION));
    json_object_set_new(doc, "ociVersionMin", json_string("1.0.0"));
    json_object_set_new(doc, "ociVersionMax", json_string(OCI_VERSION_MAX));
    json_object_set_new(doc, "hooks", hooks);
    json_object_set_new(doc, "mountOptions", names(mount_option_names()));
    json_object_set_new(doc, "linux", linux_features());
    json_object_set_new(doc, "annotations", annotations);
    /* What an image must not be able to set: annotations that are instructions to us. */
    static const char *const instructions[] = { "org.oakum.", "run.oci.", "org.systemd.property.",
                                                "org.criu.config" };
    for (size_t i = 0; i < ARRAY_LEN(instructions); i++)
        json_array_append_new(unsafe, json_string(instructions[i]));
    json_object_set_new(doc, "potentiallyUnsafeConfigAnnotations", unsafe);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    json_out(&out, doc, 2);
    return out_write(&out);
}

const struct command runtime_features = {
    .name = "features",
    .synopsis = "",
    .summary = "Show what this runtime can do, as JSON",
    .run = features_main,
};

struct spec_flags {
    const char *bundle, *file;
    bool rootless;
};

static const struct cli_option spec_options[] = {
    { "bundle", 'b', OPT_TEXT, OPTION_FIELD(struct spec_flags, bundle), "DIR",
      "where to write it (the current directory)", NULL },
    { "file", 'f', OPT_TEXT, OPTION_FIELD(struct spec_flags, file), "FILE",
      "another name than config.json; from the bundle unless it is absolute", NULL },
    { "rootless", 0, OPT_FLAG, OPTION_FIELD(struct spec_flags, rootless), NULL,
      "for an ordinary user: a user namespace whose root is the caller", NULL },
};

static void add_mount(struct oci_spec *s, const char *to, const char *type, const char *options)
{
    const char *v[16];
    size_t n = 0;
    char *copy = arena_strdup(s->arena, options);
    for (char *save = NULL, *word = strtok_r(copy, ",", &save); word != NULL && n < ARRAY_LEN(v) - 1;
         word = strtok_r(NULL, ",", &save))
        v[n++] = word;
    v[n] = NULL;
    oci_mount_add(s, to, type, type, v);
}

static void add_all(struct oci_spec *s, struct oci_strings *l, const char *const *v)
{
    for (; *v != NULL; v++)
        oci_strings_add(s->arena, l, *v);
}

static void fill_linux(struct oci_spec *s)
{
    static const char *const masked[] = { "/proc/acpi",
                                          "/proc/asound",
                                          "/proc/kcore",
                                          "/proc/keys",
                                          "/proc/latency_stats",
                                          "/proc/timer_list",
                                          "/proc/timer_stats",
                                          "/proc/sched_debug",
                                          "/proc/scsi",
                                          "/sys/firmware",
                                          NULL };
    static const char *const read_only[] = { "/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
                                             "/proc/sysrq-trigger", NULL };
    static const enum oci_namespace_kind kinds[] = { OCI_NS_PID, OCI_NS_NETWORK, OCI_NS_IPC,
                                                     OCI_NS_UTS, OCI_NS_MOUNT,   OCI_NS_CGROUP };
    struct oci_linux *l = &s->linux_;
    l->set = true;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        l->namespaces[kinds[i]].set = true;
    add_all(s, &l->masked_paths, masked);
    add_all(s, &l->readonly_paths, read_only);
    l->resources.devices = arena_array(s->arena, 1, sizeof(*l->resources.devices));
    l->resources.devices[0] = (struct oci_device_rule){ .allow = false, .access = "rwm" };
    l->resources.n_devices = 1;
}

/* What runc's `spec` writes, so that recipes which edit it go on working; but without a capability. */
static struct oci_spec *default_spec(void)
{
    static const char *const env[] = { "PATH=" DEFAULT_PATH, "TERM=xterm", NULL };
    struct oci_spec *s = oci_spec_new();
    struct oci_process *p = &s->process;
    s->root_path = "rootfs";
    s->root_readonly = true;
    s->hostname = "oakum";
    p->set = true;
    p->terminal = true;
    p->cwd = "/";
    p->no_new_privileges = true;
    p->capabilities.set = true;
    oci_strings_add(s->arena, &p->args, "sh");
    add_all(s, &p->env, env);
    p->rlimits = arena_array(s->arena, 1, sizeof(*p->rlimits));
    p->rlimits[0] = (struct oci_rlimit){ .type = "RLIMIT_NOFILE", .soft = 1024, .hard = 1024 };
    p->n_rlimits = 1;
    add_mount(s, "/proc", "proc", "nosuid,noexec,nodev");
    add_mount(s, "/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
    add_mount(s, "/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
    add_mount(s, "/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k");
    add_mount(s, "/dev/mqueue", "mqueue", "nosuid,noexec,nodev");
    add_mount(s, "/sys", "sysfs", "nosuid,noexec,nodev,ro");
    add_mount(s, "/sys/fs/cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro");
    fill_linux(s);
    return s;
}

static void own_id(struct oci_spec *s, struct oci_id_maps *maps, uint32_t id)
{
    maps->v = arena_array(s->arena, 1, sizeof(*maps->v));
    maps->v[0] = (struct oci_id_map){ .container_id = 0, .host_id = id, .size = 1 };
    maps->n = 1;
}

/* One id, which needs no newuidmap. The group of terminals has none then. */
static void for_ordinary_user(struct oci_spec *s)
{
    static const char *const pts[] = {
        "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", NULL
    };
    s->linux_.namespaces[OCI_NS_USER].set = true;
    own_id(s, &s->linux_.uid_mappings, geteuid());
    own_id(s, &s->linux_.gid_mappings, getegid());
    for (size_t i = 0; i < s->n_mounts; i++)
        if (str_eq(s->mounts[i].destination, "/dev/pts")) {
            s->mounts[i].options = (struct oci_strings){ 0 };
            add_all(s, &s->mounts[i].options, pts);
        }
}

static int spec_main(const struct cli *cli, int argc, char **argv)
{
    struct spec_flags f = { .bundle = ".", .file = "config.json" };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_oci_spec_ struct oci_spec *s = default_spec();
    if (f.rootless)
        for_ordinary_user(s);
    _cleanup_json_ json_t *doc = oci_spec_to_json(s);
    _cleanup_free_ char *json = json_text(doc, 4);
    _cleanup_free_ char *text = xasprintf("%s\n", json),
                        *path = f.file[0] == '/' ? xstrdup(f.file) : xasprintf("%s/%s", f.bundle, f.file);
    _cleanup_close_ int fd = file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0644, &err);
    if (fd == -EEXIST)
        return fail_text(cli, 1, "there is a %s already; remove it first", path);
    if (fd < 0)
        return fail(cli, 1, &err);
    int r = write_all(fd, text, strlen(text));
    return r < 0 ? fail_text(cli, 1, "cannot write %s: %s", path, strerror(-r)) : 0;
}

const struct command runtime_spec = {
    .name = "spec",
    .synopsis = "[OPTIONS]",
    .summary = "Write a config.json to begin with",
    .options = spec_options,
    .n_options = ARRAY_LEN(spec_options),
    .run = spec_main,
};
