#include "auth/users.h"

#include "auth/users_read.h"
#include "base/alloc.h"
#include "base/map.h"
#include "config/file.h"
#include "config/yaml_reader.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { TABLE_MAX = 256 << 20 /* bytes */ };

struct tn_users {
    _Atomic unsigned refs;
    struct tn_arena  arena;
    size_t           count, capacity;
    struct tn_user **items;
    struct tn_map    by_name, by_token;
    bool             any_admin;
};

static void free_users(struct tn_users *users)
{
    for (size_t i = 0; i < users->count; i++)
        explicit_bzero(&users->items[i]->verifier, sizeof users->items[i]->verifier);
    tn_map_reset(&users->by_name);
    tn_map_reset(&users->by_token);
    tn_arena_reset(&users->arena);
    tn_free(users->items);
    tn_free(users);
}

static struct tn_users *new_users(void)
{
    struct tn_users *users = tn_calloc(1, sizeof *users);

    if (users == NULL)
        return NULL;
    atomic_init(&users->refs, 1);
    tn_arena_init(&users->arena, TABLE_MAX);
    tn_map_init(&users->by_name);
    tn_map_init(&users->by_token);
    return users;
}

struct tn_users *tn_users_ref(struct tn_users *users)
{
    atomic_fetch_add_explicit(&users->refs, 1, memory_order_relaxed);
    return users;
}

void tn_users_unref(struct tn_users *users)
{
    if (users != NULL && atomic_fetch_sub_explicit(&users->refs, 1, memory_order_acq_rel) == 1)
        free_users(users);
}

/* ---- filling ---- */

struct filling {
    struct tn_users       *users;
    struct tn_users_reader reader;
    bool                   again; /* the second of the two places */
};

static bool make_room(struct tn_users *users)
{
    size_t           wanted = users->capacity == 0 ? 16 : users->capacity * 2;
    struct tn_user **bigger;

    if (users->count < users->capacity)
        return true;
    bigger = tn_realloc(users->items, wanted * sizeof *bigger);
    if (bigger == NULL)
        return false;
    users->items = bigger;
    users->capacity = wanted;
    return true;
}

static bool add_tokens(struct filling *f, struct tn_user *user, const char *path)
{
    for (size_t i = 0; i < user->token_count; i++) {
        struct tn_str   hash = tn_str_n((const char *)user->tokens[i], TN_SCRAM_KEY);
        struct tn_user *owner = tn_map_get(&f->users->by_token, hash);

        if (owner != NULL && owner != user)
            tn_problem_add(f->reader.problems, TN_PROBLEM_ERROR, user->line, path,
                           "one of its tokens is also one of user `" TN_STR_FMT "`", TN_STR_ARG(owner->name));
        else if (!tn_map_put(&f->users->by_token, hash, user, NULL))
            return false;
    }
    return true;
}

/* False: no memory. */
static bool add_user(struct filling *f, struct tn_user *user, const char *path)
{
    const struct tn_user *same = tn_users_find(f->users, user->name);

    if (same != NULL && !f->again)
        return true; /* twice in one place: told when that was read */
    if (same != NULL) {
        tn_problem_add(f->reader.problems, TN_PROBLEM_ERROR, user->line, path,
                       "this user is given in auth.staticUsers and in auth.usersFile; keep one");
        return true;
    }
    if (!make_room(f->users) || !tn_map_put(&f->users->by_name, user->name, user, NULL))
        return false;
    f->users->items[f->users->count++] = user;
    f->users->any_admin = f->users->any_admin || user->admin;
    return add_tokens(f, user, path);
}

/* MAP: the users by name. PATH is its own. */
static void fill(struct filling *f, const struct tn_node *map, const char *path)
{
    if (f->users->count + map->count > TN_USERS_MAX) {
        tn_problem_add(f->reader.problems, TN_PROBLEM_ERROR, map->line, path, "more than %d users", TN_USERS_MAX);
        return;
    }
    for (size_t i = 0; i < map->count; i++) {
        struct tn_user *user;
        char            full[TN_PATH_MAX];

        tn_path_join(full, path, map->keys[i]);
        user = tn_users_read_one(&f->reader, map, i, full);
        if (user != NULL && !add_user(f, user, full))
            f->reader.problems->no_memory = true;
    }
}

/* ---- the two places ---- */

static void fill_static(struct filling *f, const struct tn_config *config)
{
    const struct tn_node *section = tn_node_get(config->auth_map, "staticUsers"), *map;
    char                  path[TN_PATH_MAX];

    if (section == NULL || section->kind == TN_NODE_NULL)
        return;
    tn_path_join(path, config->auth_path, TN_STR("staticUsers"));
    if (!tn_node_is_map(section, path, f->reader.problems))
        return;
    tn_node_check_keys(section, path, (const char *const[]){"users", NULL}, f->reader.problems);
    map = tn_node_map(section, path, "users", false, f->reader.problems);
    tn_path_join(path, path, TN_STR("users"));
    if (map != NULL)
        fill(f, map, path);
}

static void fill_root(struct filling *f, const struct tn_node *root)
{
    const struct tn_node *map;

    if (root->kind == TN_NODE_NULL || !tn_node_is_map(root, "", f->reader.problems))
        return;
    tn_node_check_keys(root, "", (const char *const[]){"users", NULL}, f->reader.problems);
    map = tn_node_map(root, "", "users", false, f->reader.problems);
    if (map != NULL)
        fill(f, map, "users");
}

static void fill_text(struct filling *f, struct tn_str text)
{
    struct tn_arena arena;
    struct tn_node *root;

    tn_arena_init(&arena, TABLE_MAX);
    if (tn_yaml_read(&root, text, &arena, f->reader.problems) == TN_OK)
        fill_root(f, root);
    tn_users_wipe(root);
    tn_arena_reset(&arena);
}

/* 0, or the errno of the file. */
static int fill_file(struct filling *f, const char *path)
{
    TN_CLEANUP(tn_file_reset) struct tn_file file;
    int                                      code = tn_file_read(&file, path, TN_YAML_SIZE_MAX, true);

    if (code == 0 && tn_str_trim(tn_str_n(file.data, file.len)).len > 0)
        fill_text(f, tn_str_n(file.data, file.len));
    return code;
}

/* The mistakes of the users file, as mistakes of the option that names it. */
static void tell(const struct tn_config *config, const char *path, struct tn_problems *inner, struct tn_problems *problems)
{
    tn_problems_sort(inner);
    for (size_t i = 0; i < inner->count; i++)
        tn_config_settings_problem(config, problems, inner->items[i].kind, "auth.usersFile", "%s:%u: %s%s%s", path,
                                   inner->items[i].line, inner->items[i].path, inner->items[i].path[0] != '\0' ? ": " : "",
                                   inner->items[i].text);
    problems->no_memory = problems->no_memory || inner->no_memory;
}

/* Verifiers can be guessed at by whoever has them. */
static void check_secrecy(const struct tn_config *config, const char *path, struct tn_problems *problems)
{
    struct stat info;

    if (stat(path, &info) == 0 && (info.st_mode & S_IROTH) != 0)
        tn_config_settings_problem(config, problems, TN_PROBLEM_WARNING, "auth.usersFile", "everybody on this machine can read %s; chmod 600", path);
}

static void fill_configured_file(struct filling *f, const struct tn_config *config)
{
    struct tn_problems *problems = f->reader.problems, inner;
    char                path[4096], reason[128];
    int                 code;

    if (config->settings.auth_users_file.len == 0)
        return;
    if (!tn_config_file(config, config->settings.auth_users_file, path, sizeof path)) {
        tn_config_settings_problem(config, problems, TN_PROBLEM_ERROR, "auth.usersFile", "the path is too long");
        return;
    }
    tn_problems_init(&inner, path);
    f->again = f->users->count > 0;
    f->reader.problems = &inner;
    code = fill_file(f, path);
    f->reader.problems = problems;
    tell(config, path, &inner, problems);
    tn_problems_reset(&inner);
    check_secrecy(config, path, problems);
    if (code == ENOENT)
        tn_config_settings_problem(config, problems, TN_PROBLEM_ERROR, "auth.usersFile",
                                   "there is no file %s; make it with `turnout user add NAME --file %s`", path, path);
    else if (code != 0)
        tn_config_settings_problem(config, problems, TN_PROBLEM_ERROR, "auth.usersFile", "cannot read %s: %s", path,
                                   code == EFBIG ? "larger than 8 MiB" : tn_file_error(code, reason, sizeof reason));
}

static enum tn_status finish(struct filling *f, struct tn_users **out, size_t errors_before)
{
    enum tn_status status = f->reader.problems->no_memory ? TN_E_NOMEM
                            : f->reader.problems->errors > errors_before ? TN_E_INVALID : TN_OK;

    if (status == TN_OK)
        *out = f->users;
    else
        tn_users_unref(f->users);
    return status;
}

enum tn_status tn_users_new(struct tn_users **out, const struct tn_config *config, bool check_only,
                            struct tn_problems *problems)
{
    struct filling f = {.users = new_users()};
    size_t         errors = problems->errors;

    *out = NULL;
    if (f.users == NULL)
        return TN_E_NOMEM;
    f.reader = (struct tn_users_reader){.arena = &f.users->arena, .problems = problems, .folder = config->folder,
                                        .hash = !check_only, .admin_roles = &config->settings.auth_admin_roles,
                                        .admin_groups = &config->settings.auth_admin_groups, .warn_plain = true};
    fill_static(&f, config);
    fill_configured_file(&f, config);
    return finish(&f, out, errors);
}

enum tn_status tn_users_read_file(struct tn_users **out, const char *path, struct tn_problems *problems)
{
    static const struct tn_cfg_list none;
    struct filling f = {.users = new_users()};
    size_t         errors = problems->errors;
    char           reason[128];
    int            code;

    *out = NULL;
    if (f.users == NULL)
        return TN_E_NOMEM;
    f.reader = (struct tn_users_reader){.arena = &f.users->arena, .problems = problems, .hash = true, .rewrites = true, .admin_roles = &none,
                                        .admin_groups = &none};
    code = fill_file(&f, path);
    if (code != 0 && code != ENOENT)
        tn_problem_add(problems, TN_PROBLEM_ERROR, 0, "", "cannot read the file: %s",
                       code == EFBIG ? "larger than 8 MiB" : tn_file_error(code, reason, sizeof reason));
    return finish(&f, out, errors);
}

/* ---- asking ---- */

size_t tn_users_count(const struct tn_users *users)
{
    return users->count;
}

const struct tn_user *tn_users_at(const struct tn_users *users, size_t place)
{
    return users->items[place];
}

const struct tn_user *tn_users_find(const struct tn_users *users, struct tn_str name)
{
    return tn_map_get(&users->by_name, name);
}

const struct tn_user *tn_users_by_token(const struct tn_users *users, struct tn_str token)
{
    unsigned char hash[TN_SCRAM_KEY];

    tn_scram_hash(token.ptr, token.len, hash); /* what the look-up's time tells is of the hash */
    return tn_map_get(&users->by_token, tn_str_n((const char *)hash, sizeof hash));
}

bool tn_users_any_admin(const struct tn_users *users)
{
    return users->any_admin;
}

struct tn_identity *tn_user_identity(const struct tn_user *user, enum tn_proof proof)
{
    struct tn_identity_parts parts = {.user = user->name, .proof = proof, .admin = user->admin,
                                      .group_count = user->group_count, .groups = user->groups,
                                      .role_count = user->role_count, .roles = user->roles,
                                      .attribute_count = user->attribute_count, .attributes = user->attributes};

    return tn_identity_new(&parts);
}
