#include "auth/users_read.h"

#include "config/secrets.h"

enum { LIST_MAX = 1000 /* groups, roles, attributes, tokens of one user */ };

struct user_view {
    const struct tn_users_reader *reader;
    const struct tn_node         *node; /* a map */
    const char                   *path;
    struct tn_user               *user;
};

static void *take(const struct tn_users_reader *reader, size_t size)
{
    void *memory = tn_arena_zalloc(reader->arena, size);

    if (memory == NULL)
        reader->problems->no_memory = true;
    return memory;
}

static bool copy(const struct tn_users_reader *reader, struct tn_str text, struct tn_str *out)
{
    if (tn_arena_str(reader->arena, text, out))
        return true;
    reader->problems->no_memory = true;
    return false;
}

static void complain(const struct user_view *v, enum tn_problem_kind kind, const char *key, const char *text)
{
    char path[TN_PATH_MAX];

    tn_path_join(path, v->path, tn_str(key));
    tn_problem_add(v->reader->problems, kind, tn_node_line(v->node, key), path, "%s", text);
}

const char *tn_user_name_check(struct tn_str name)
{
    if (name.len == 0 || name.len > TN_USER_NAME_MAX)
        return "a user's name has 1 to 128 bytes";
    if (tn_utf8_valid_prefix(name.ptr, name.len) != name.len)
        return "a user's name is UTF-8";
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 0x7F || name.ptr[i] == ':')
            return "a user's name has no control characters and no colon (HTTP Basic cannot carry one)";
    return NULL;
}

/* ---- password ---- */

static void take_password(const struct user_view *v, struct tn_str text)
{
    struct tn_user *user = v->user;

    if (tn_str_starts(text, TN_STR(TN_VERIFIER_PREFIX))) {
        user->has_password = tn_verifier_parse(text, &user->verifier);
        if (!user->has_password)
            complain(v, TN_PROBLEM_ERROR, "password",
                     "begins as a verifier and is none: expected SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY");
        return;
    }
    if (text.len == 0) {
        complain(v, TN_PROBLEM_ERROR, "password", "empty; leave it out for a user who has tokens or a certificate only");
        return;
    }
    tn_native_make(text, user->native);
    user->has_native = true;
    user->has_password = v->reader->hash ? tn_verifier_make_random(&user->verifier, text, TN_SCRAM_ITERATIONS) : text.len <= 1024;
    if (!user->has_password)
        complain(v, TN_PROBLEM_ERROR, "password", "longer than 1024 bytes, or a NUL in it");
}

/* Written in the file as it is, and no verifier. */
static bool is_plain(const struct tn_node *node)
{
    return tn_str_eq(node->text, node->shown) && !tn_str_starts(node->text, TN_STR(TN_VERIFIER_PREFIX));
}

/* What stays in the file as it stands there. False: it is none of that, or there is no memory. */
static bool keep_source(const struct user_view *v, const struct tn_node *node)
{
    const struct tn_node *file = tn_secrets_is_file(node) ? tn_node_get(node, "file") : NULL;

    if (!v->reader->rewrites || file == NULL || file->kind != TN_NODE_SCALAR)
        return false;
    v->user->has_password = copy(v->reader, file->text, &v->user->password_file);
    return v->user->has_password;
}

static void read_password(const struct user_view *v)
{
    const struct tn_node *node = tn_node_get(v->node, "password");
    char                  path[TN_PATH_MAX];
    struct tn_str         text;

    if (node == NULL || node->kind == TN_NODE_NULL || node->broken)
        return;
    tn_path_join(path, v->path, TN_STR("password"));
    if (keep_source(v, node))
        return;
    if (tn_secrets_is_file(node)) {
        if (tn_secrets_read_file(node, path, v->reader->folder, v->reader->arena, v->reader->problems, &text)) {
            take_password(v, text);
            tn_secrets_wipe(text);
        }
        return;
    }
    if (node->kind != TN_NODE_SCALAR) {
        complain(v, TN_PROBLEM_ERROR, "password", "expected a text or {file: path}");
        return;
    }
    if (v->reader->warn_plain && is_plain(node) && node->text.len > 0)
        complain(v, TN_PROBLEM_WARNING, "password",
                 "whoever reads this file can log in: use `turnout user add` and auth.usersFile, ${ENV} or {file: path}");
    take_password(v, node->text);
}

/* Of a password that is written as it is the hash is known; of a verifier it is not. */
static void read_native(const struct user_view *v)
{
    const struct tn_node *node = tn_node_get(v->node, "nativePassword");

    if (node == NULL || node->kind == TN_NODE_NULL || node->broken)
        return;
    v->user->has_native = node->kind == TN_NODE_SCALAR && tn_native_parse(node->text, v->user->native);
    if (!v->user->has_native)
        complain(v, TN_PROBLEM_ERROR, "nativePassword", "expected * and 40 hexadecimal digits: SHA1(SHA1(password)), as in MySQL's mysql.user");
}

/* ---- lists ---- */

/* At most LIST_MAX texts; a single text is a list of one. False: absent or wrong. */
static bool texts_of(const struct user_view *v, const char *key, const struct tn_node *const **items, size_t *count,
                     const struct tn_node **single)
{
    const struct tn_node *node = tn_node_get(v->node, key), *list;

    *count = 0;
    if (node == NULL || node->kind == TN_NODE_NULL || node->broken)
        return false;
    if (node->kind == TN_NODE_SCALAR) {
        *single = node;
        *items = single;
        *count = 1;
        return true;
    }
    list = tn_node_list_of_text(v->node, v->path, key, false, v->reader->problems);
    if (list == NULL)
        return false;
    *items = (const struct tn_node *const *)list->items;
    *count = list->count;
    if (*count <= LIST_MAX)
        return true;
    complain(v, TN_PROBLEM_ERROR, key, "more than 1000");
    return false;
}

static void read_list(const struct user_view *v, const char *key, struct tn_str **out, size_t *out_count)
{
    const struct tn_node *const *items, *single;
    size_t                       count;

    if (!texts_of(v, key, &items, &count, &single))
        return;
    *out = take(v->reader, (count + 1) * sizeof **out);
    for (size_t i = 0; *out != NULL && i < count; i++)
        if (copy(v->reader, items[i]->text, &(*out)[*out_count]))
            ++*out_count;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = tn_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(struct tn_str text, unsigned char out[TN_SCRAM_KEY])
{
    if (text.len != (size_t)TN_SCRAM_KEY * 2)
        return false;
    for (size_t i = 0; i < TN_SCRAM_KEY; i++) {
        int high = hex(text.ptr[2 * i]), low = hex(text.ptr[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static void read_token(const struct user_view *v, const struct tn_node *node)
{
    size_t         skip = strlen(TN_TOKEN_PREFIX);
    unsigned char *out = v->user->tokens[v->user->token_count];

    if (tn_str_starts(node->text, TN_STR(TN_TOKEN_PREFIX))) {
        if (read_hash(tn_str_n(node->text.ptr + skip, node->text.len - skip), out))
            v->user->token_count++;
        else
            complain(v, TN_PROBLEM_ERROR, "tokens", "expected sha256: and 64 hexadecimal digits");
        return;
    }
    if (node->text.len < TN_TOKEN_MIN) {
        complain(v, TN_PROBLEM_ERROR, "tokens", "a token of less than 16 characters can be guessed");
        return;
    }
    if (v->reader->warn_plain && is_plain(node))
        complain(v, TN_PROBLEM_WARNING, "tokens", "a token as it is; put `sha256:` and its hash here, or use ${ENV}");
    tn_scram_hash(node->text.ptr, node->text.len, out);
    v->user->token_count++;
}

static void read_tokens(const struct user_view *v)
{
    const struct tn_node *const *items, *single;
    size_t                       count;

    if (!texts_of(v, "tokens", &items, &count, &single))
        return;
    v->user->tokens = take(v->reader, (count + 1) * sizeof *v->user->tokens);
    for (size_t i = 0; v->user->tokens != NULL && i < count; i++)
        read_token(v, items[i]);
}

static void read_attributes(const struct user_view *v)
{
    const struct tn_node *map = tn_node_map_of_text(v->node, v->path, "attributes", false, true, v->reader->problems);
    struct tn_user       *user = v->user;

    if (map == NULL)
        return;
    if (map->count > LIST_MAX) {
        complain(v, TN_PROBLEM_ERROR, "attributes", "more than 1000");
        return;
    }
    user->attributes = take(v->reader, (map->count + 1) * sizeof *user->attributes);
    for (size_t i = 0; user->attributes != NULL && i < map->count; i++) {
        struct tn_identity_attribute *attribute = &user->attributes[user->attribute_count];

        if (copy(v->reader, map->keys[i], &attribute->key) &&
            copy(v->reader, map->items[i]->kind == TN_NODE_SCALAR ? map->items[i]->text : TN_STR(""), &attribute->value))
            user->attribute_count++;
    }
}

/* ---- the whole ---- */

static bool any_of(const struct tn_str *have, size_t count, const struct tn_cfg_list *wanted)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < wanted->count; k++)
            if (tn_str_eq(have[i], wanted->items[k]))
                return true;
    return false;
}

static bool is_admin(const struct user_view *v)
{
    static struct tn_str           admin = {"admin", 5};
    static const struct tn_cfg_list usual = {1, &admin};
    const struct tn_users_reader   *reader = v->reader;
    const struct tn_user           *user = v->user;

    return any_of(user->roles, user->role_count, reader->admin_roles->count > 0 ? reader->admin_roles : &usual) ||
           any_of(user->groups, user->group_count, reader->admin_groups);
}

struct tn_user *tn_users_read_one(const struct tn_users_reader *reader, const struct tn_node *map, size_t at, const char *path)
{
    struct user_view v = {.reader = reader, .node = map->items[at], .path = path};
    const char      *wrong = tn_user_name_check(map->keys[at]);

    if (wrong != NULL) {
        tn_problem_add(reader->problems, TN_PROBLEM_ERROR, map->key_lines[at], path, "%s", wrong);
        return NULL;
    }
    if (!tn_node_is_map(v.node, path, reader->problems))
        return NULL;
    tn_node_check_keys(v.node, path, (const char *const[]){"password", "tokens", "groups", "roles", "attributes", "nativePassword", NULL},
                       reader->problems);
    v.user = take(reader, sizeof *v.user);
    if (v.user == NULL || !copy(reader, map->keys[at], &v.user->name))
        return NULL;
    v.user->line = map->key_lines[at];
    read_password(&v);
    read_native(&v);
    read_list(&v, "groups", &v.user->groups, &v.user->group_count);
    read_list(&v, "roles", &v.user->roles, &v.user->role_count);
    read_attributes(&v);
    read_tokens(&v);
    v.user->admin = is_admin(&v);
    return v.user;
}

void tn_users_wipe(struct tn_node *root)
{
    tn_secrets_wipe_tree(root);
}
