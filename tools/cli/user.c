/* user.c - the users file (auth.usersFile): add, change, remove and list users, give them tokens. */
#include "tools/cli/cli.h"
#include "tools/cli/typed.h"

#include "base/base64.h"
#include "auth/saslprep.h"
#include "auth/users_file.h"
#include "base/json.h"
#include "base/rand.h"
#include "config/config.h"

#include <errno.h>
#include <unistd.h>

enum { LIST_MAX = 100, PATH_BYTES = 4096, TOKEN_BYTES = 32, ITERATIONS_MIN = 4096 };

static int print_problems(struct tn_problems *problems)
{
    struct tn_buf out;

    tn_problems_sort(problems);
    tn_buf_init(&out, TN_CLI_OUTPUT_MAX);
    tn_problems_print(problems, &out);
    if (out.len > 0)
        fwrite(out.data, 1, out.len, stderr);
    tn_buf_reset(&out);
    return TN_CLI_FAILED;
}

/* ---- which file ---- */

static int path_of_config(const char *file, char out[PATH_BYTES])
{
    struct tn_problems problems;
    struct tn_config  *config;
    int                status = TN_CLI_OK;

    tn_problems_init(&problems, file);
    if (tn_config_load(&config, file, &problems) != TN_OK) {
        status = print_problems(&problems);
    } else {
        if (config->settings.auth_users_file.len == 0)
            status = tn_cli_fail("%s names no users file: set turnout.auth.usersFile, or give --file FILE", file);
        else if (!tn_config_file(config, config->settings.auth_users_file, out, PATH_BYTES))
            status = tn_cli_fail("%s: the path in turnout.auth.usersFile is too long", file);
        tn_config_unref(config);
    }
    tn_problems_reset(&problems);
    return status;
}

static int find_path(const struct tn_cli *cli, char out[PATH_BYTES])
{
    const char *file = tn_cli_value(cli, "file"), *config = tn_cli_value(cli, "config");

    if ((file == NULL) == (config == NULL))
        return tn_cli_usage(cli, "user needs --file FILE, or --config FILE with turnout.auth.usersFile in it");
    if (config != NULL)
        return path_of_config(config, out);
    if (strlen(file) >= PATH_BYTES)
        return tn_cli_fail("the path is too long");
    tn_str_copy(out, PATH_BYTES, tn_str(file));
    return TN_CLI_OK;
}

/* ---- password ---- */

struct line {
    char   text[TN_PASSWORD_MAX + 2];
    size_t len;
};

/* One line of standard input, of which one byte more than a password may have is kept. */
static void take_line(void *arg)
{
    struct line *line = arg;
    int          c;

    line->len = 0;
    while ((c = getchar()) != EOF && c != '\n')
        if (line->len <= TN_PASSWORD_MAX)
            line->text[line->len++] = (char)c;
    if (line->len > 0 && line->text[line->len - 1] == '\r')
        line->len--;
    line->text[line->len] = '\0';
}

/* What is wrong with it, or NULL. */
static const char *read_password(const char *prompt, struct line *out)
{
    *out = (struct line){.len = 0};
    tn_cli_typed(prompt, take_line, out);
    if (out->len == 0)
        return "no password: type one, give it as a line of standard input, or say --no-password";
    return memchr(out->text, '\0', out->len) == NULL ? NULL : "a password has no NUL byte";
}

static int read_iterations(const struct tn_cli *cli, uint32_t *out)
{
    const char *text = tn_cli_value(cli, "iterations");
    uint64_t    value = TN_SCRAM_ITERATIONS;

    if (text != NULL && (!tn_str_to_u64(tn_str(text), TN_SCRAM_ITERATIONS_MAX, &value) || value < ITERATIONS_MIN))
        return tn_cli_usage(cli, "user: --iterations is a number from %d to %d", ITERATIONS_MIN, TN_SCRAM_ITERATIONS_MAX);
    *out = (uint32_t)value;
    return TN_CLI_OK;
}

static int ask_password(const struct tn_cli *cli, struct tn_verifier *out, unsigned char native[TN_NATIVE_HASH])
{
    struct line first, second;
    uint32_t    iterations = TN_SCRAM_ITERATIONS;
    int         status = read_iterations(cli, &iterations);
    const char *wrong;

    if (status != TN_CLI_OK)
        return status;
    wrong = read_password("Password", &first);
    if (wrong == NULL && tn_cli_has_terminal() && (read_password("Once more", &second) != NULL || strcmp(first.text, second.text) != 0))
        wrong = "the two are not the same";
    if (wrong != NULL)
        status = tn_cli_fail("%s", wrong);
    else if (tn_str_starts(tn_str(first.text), TN_STR(TN_VERIFIER_PREFIX)))
        status = tn_cli_has(cli, "native-password") ? tn_cli_fail("--native-password needs the password itself, not a verifier")
                 : tn_verifier_parse(tn_str(first.text), out) ? TN_CLI_OK : tn_cli_fail("begins as a verifier (SCRAM-SHA-256$...) and is none");
    else if (!tn_verifier_make_random(out, tn_str(first.text), iterations))
        status = tn_cli_fail("the password is longer than %d bytes", TN_PASSWORD_MAX);
    if (status == TN_CLI_OK)
        tn_native_make(tn_str(first.text), native);
    explicit_bzero(&first, sizeof first);
    explicit_bzero(&second, sizeof second);
    return status;
}

/* ---- add ---- */

/* "a,b" into OUT; "" is the empty list. */
static bool split(const char *text, struct tn_str out[LIST_MAX], size_t *count)
{
    struct tn_str rest = tn_str(text);

    *count = 0;
    while (rest.len > 0) {
        const char   *comma = memchr(rest.ptr, ',', rest.len);
        struct tn_str item = tn_str_trim(tn_str_n(rest.ptr, comma == NULL ? rest.len : (size_t)(comma - rest.ptr)));

        if (item.len > 0 && *count == LIST_MAX)
            return false;
        if (item.len > 0)
            out[(*count)++] = item;
        rest = comma == NULL ? TN_STR("") : tn_str_n(comma + 1, rest.len - (size_t)(comma + 1 - rest.ptr));
    }
    return true;
}

struct adding {
    struct tn_user_change        change;
    struct tn_verifier           verifier;
    unsigned char                native[TN_NATIVE_HASH];
    struct tn_str                groups[LIST_MAX], roles[LIST_MAX];
    struct tn_identity_attribute attributes[TN_CLI_AGAIN + 1];
};

static int read_attribute(struct adding *a, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text)
        return tn_cli_fail("expected --attribute KEY=VALUE, not `%s`", text);
    a->attributes[a->change.attribute_count++] =
        (struct tn_identity_attribute){tn_str_n(text, (size_t)(equals - text)), tn_str(equals + 1)};
    a->change.attributes = a->attributes;
    return TN_CLI_OK;
}

static int read_lists(const struct tn_cli *cli, struct adding *a)
{
    const char *groups = tn_cli_value(cli, "groups"), *roles = tn_cli_value(cli, "roles");
    const char *attribute = tn_cli_value(cli, "attribute");
    int         status = TN_CLI_OK;

    if ((groups != NULL && !split(groups, a->groups, &a->change.group_count)) ||
        (roles != NULL && !split(roles, a->roles, &a->change.role_count)))
        return tn_cli_fail("more than %d groups or roles", LIST_MAX);
    a->change.groups = groups != NULL ? a->groups : NULL;
    a->change.roles = roles != NULL ? a->roles : NULL;
    if (attribute != NULL)
        status = read_attribute(a, attribute);
    for (size_t i = 0; status == TN_CLI_OK && i < cli->again_count; i++)
        status = read_attribute(a, cli->again[i]);
    return status;
}

static int apply(struct tn_cli *cli, const char *path, const struct tn_user_change *change, const char *done)
{
    struct tn_problems problems;
    struct tn_error    err = TN_ERROR_INIT;
    bool               existed;
    int                status = TN_CLI_OK;

    tn_problems_init(&problems, path);
    if (tn_users_file_change(path, change, &existed, &problems, &err) != TN_OK) {
        print_problems(&problems);
        status = tn_cli_fail("%s", err.message);
    } else if (done != NULL) {
        tn_buf_printf(&cli->out, "user " TN_STR_FMT ": %s\n", TN_STR_ARG(change->name), done[0] != '\0' ? done : existed ? "changed" : "added");
    }
    tn_error_reset(&err);
    tn_problems_reset(&problems);
    return status;
}

static int add(struct tn_cli *cli, const char *path)
{
    struct adding a = {.change = {.name = tn_str(cli->operands[1])}};
    const char   *wrong = tn_user_name_check(a.change.name);
    int           status = wrong != NULL ? tn_cli_fail("%s", wrong) : read_lists(cli, &a);

    if (status == TN_CLI_OK && !tn_cli_has(cli, "no-password")) {
        status = ask_password(cli, &a.verifier, a.native);
        a.change.verifier = &a.verifier;
        a.change.native = tn_cli_has(cli, "native-password") ? a.native : NULL;
    }
    a.change.no_tokens = tn_cli_has(cli, "no-tokens");
    if (status == TN_CLI_OK)
        status = apply(cli, path, &a.change, "");
    explicit_bzero(&a, sizeof a);
    return status;
}

/* ---- the others ---- */

static int remove_user(struct tn_cli *cli, const char *path)
{
    struct tn_user_change change = {.name = tn_str(cli->operands[1]), .remove = true};

    return apply(cli, path, &change, "removed");
}

/* It is shown once and kept as its hash. */
static int add_token(struct tn_cli *cli, const char *path)
{
    struct tn_user_change change = {.name = tn_str(cli->operands[1]), .must_exist = true};
    unsigned char         random[TOKEN_BYTES], hash[TN_SCRAM_KEY];
    char                  token[TN_BASE64_TEXT(TOKEN_BYTES) + 1];
    size_t                len;
    int                   status;

    tn_rand_secret(random, sizeof random);
    len = tn_base64_encode(random, sizeof random, token);
    for (size_t i = 0; i < len; i++) /* as base64url, so that it is safe everywhere */
        token[i] = token[i] == '+' ? '-' : token[i] == '/' ? '_' : token[i];
    token[strcspn(token, "=")] = '\0';
    tn_scram_hash(token, strlen(token), hash);
    change.token = hash;
    status = apply(cli, path, &change, NULL);
    if (status == TN_CLI_OK)
        tn_buf_printf(&cli->out, "%s\n", token);
    explicit_bzero(token, sizeof token);
    explicit_bzero(random, sizeof random);
    return status;
}

static void put_texts(struct tn_json *json, const char *key, const struct tn_str *items, size_t count)
{
    tn_json_open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        tn_json_str(json, NULL, items[i]);
    tn_json_close(json, ']');
}

static void put_json(struct tn_cli *cli, const struct tn_users *users)
{
    struct tn_json json = {.buf = &cli->out};

    tn_json_open(&json, NULL, '[');
    for (size_t i = 0; i < tn_users_count(users); i++) {
        const struct tn_user *user = tn_users_at(users, i);

        tn_json_open(&json, NULL, '{');
        tn_json_str(&json, "name", user->name);
        tn_json_bool(&json, "password", user->has_password);
        tn_json_u64(&json, "tokens", user->token_count);
        put_texts(&json, "groups", user->groups, user->group_count);
        put_texts(&json, "roles", user->roles, user->role_count);
        tn_json_close(&json, '}');
    }
    tn_json_close(&json, ']');
    tn_buf_puts(&cli->out, "\n");
}

static void put_list(struct tn_buf *out, const char *name, const struct tn_str *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tn_buf_printf(out, "%s" TN_STR_FMT, i == 0 ? name : ",", TN_STR_ARG(items[i]));
}

static void put_text(struct tn_cli *cli, const struct tn_users *users)
{
    for (size_t i = 0; i < tn_users_count(users); i++) {
        const struct tn_user *user = tn_users_at(users, i);

        tn_buf_printf(&cli->out, TN_STR_FMT "%s", TN_STR_ARG(user->name), user->has_password ? "" : "  (no password)");
        put_list(&cli->out, "  groups ", user->groups, user->group_count);
        put_list(&cli->out, "  roles ", user->roles, user->role_count);
        if (user->token_count > 0)
            tn_buf_printf(&cli->out, "  tokens %zu", user->token_count);
        tn_buf_puts(&cli->out, "\n");
    }
}

static int list(struct tn_cli *cli, const char *path)
{
    struct tn_problems problems;
    struct tn_users   *users;
    int                status = TN_CLI_OK;

    if (access(path, R_OK) != 0)
        return tn_cli_fail("cannot read %s: %s", path, strerror(errno));
    tn_problems_init(&problems, path);
    if (tn_users_read_file(&users, path, &problems) != TN_OK)
        status = print_problems(&problems);
    else if (tn_cli_has(cli, "json"))
        put_json(cli, users);
    else
        put_text(cli, users);
    if (status == TN_CLI_OK)
        tn_users_unref(users);
    tn_problems_reset(&problems);
    return status;
}

static int run(struct tn_cli *cli)
{
    static const struct {
        const char *name;
        int         operands;
        int (*run)(struct tn_cli *cli, const char *path);
    } verbs[] = {{"add", 2, add}, {"remove", 2, remove_user}, {"list", 1, list}, {"token", 2, add_token}};
    char path[PATH_BYTES];
    int  status;

    for (size_t i = 0; i < TN_ARRAY_LEN(verbs); i++) {
        if (strcmp(cli->operands[0], verbs[i].name) != 0)
            continue;
        if (cli->operand_count != verbs[i].operands)
            return tn_cli_usage(cli, "user %s %s", verbs[i].name, verbs[i].operands == 2 ? "needs NAME" : "takes no NAME");
        status = find_path(cli, path);
        return status != TN_CLI_OK ? status : verbs[i].run(cli, path);
    }
    return tn_cli_usage(cli, "user: expected add, remove, list or token, not `%s`", cli->operands[0]);
}

static const struct tn_cli_option options[] = {
    {"file", "FILE", "the users file"},
    {"config", "FILE", "the configuration whose turnout.auth.usersFile it is"},
    {"groups", "A,B", "add: groups of the user"},
    {"roles", "A,B", "add: roles; admin may use the admin API and the console"},
    {"attribute", "KEY=VALUE...", "add: an attribute; may be given again"},
    {"no-password", NULL, "add: without a password (by token or certificate only), or as it was"},
    {"no-tokens", NULL, "add: the user's tokens are worth nothing any more"},
    {"native-password", NULL, "add: keep a hash for mysql_native_password, too (frontends.mysqlWire.nativePassword); it is soon guessed"},
    {"iterations", "N", "add: rounds of hashing the password, 4096 when not given"},
    {"json", NULL, "list: print JSON"},
    {NULL, NULL, NULL},
};

const struct tn_cli_command tn_cli_user_command = {
    .name = "user",
    .operands = "add|remove|list|token [NAME]",
    .summary = "add, change, remove and list the users who may log in",
    .text = "Users with the verifiers of their passwords are kept in a file that the configuration names in\n"
            "turnout.auth.usersFile (with turnout.auth.provider: static). add also changes a user who is there: what is not\n"
            "given stays as it was. The password is asked for, or is the first line of standard input. token makes an access\n"
            "token for HTTP (Authorization: Bearer), prints it once and keeps its hash. A running server reads the file\n"
            "again at SIGHUP or `turnout reload`.\n",
    .examples = "  turnout user add alice --groups bi,etl --config turnout.yaml\n  turnout user add root --roles admin --file users.yaml\n"
                "  turnout user token alice --file users.yaml\n  turnout user list --file users.yaml\n",
    .options = options,
    .operands_min = 1,
    .operands_max = 2,
    .run = run,
};
