#include "auth/users_file.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, FILE_MAX = 8 << 20 };

/* ---- text ---- */

/* What YAML would refuse, or take for the end of a line with blanks around it that mean nothing; LEN: its bytes. NULL: neither. */
static const char *escape_of(struct tn_str rest, size_t *len)
{
    static const char *const escapes[][2] = {{"\xE2\x80\xA8", "\\L"}, {"\xE2\x80\xA9", "\\P"}, {"\xEF\xBB\xBF", "\\uFEFF"}, {"\xEF\xBF\xBE", "\\uFFFE"}, {"\xEF\xBF\xBF", "\\uFFFF"}};

    for (size_t i = 0; i < TN_ARRAY_LEN(escapes); i++)
        if (tn_str_starts(rest, tn_str(escapes[i][0]))) {
            *len = strlen(escapes[i][0]);
            return escapes[i][1];
        }
    return NULL;
}

/* In double quotes; what YAML would take for an escape is one. */
static void put_quoted(struct tn_buf *out, struct tn_str text)
{
    tn_buf_put_u8(out, '"');
    for (size_t i = 0, len; i < text.len; i += len) {
        unsigned char c = (unsigned char)text.ptr[i], next = i + 1 < text.len ? (unsigned char)text.ptr[i + 1] : 0;
        const char   *escape = escape_of(tn_str_n(text.ptr + i, text.len - i), &len);

        if (escape == NULL)
            len = 1;
        if (escape != NULL)
            tn_buf_puts(out, escape);
        else if (c == '"' || c == '\\')
            tn_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            tn_buf_printf(out, "\\x%02x", c);
        else if (c == 0xC2 && next >= 0x80 && next < 0xA0) { /* U+0080 to U+009F */
            tn_buf_printf(out, "\\x%02x", next);
            len = 2;
        } else
            tn_buf_put_u8(out, c);
    }
    tn_buf_put_u8(out, '"');
}

static void put_list(struct tn_buf *out, const char *key, const struct tn_str *items, size_t count)
{
    if (count == 0)
        return;
    tn_buf_printf(out, "    %s: [", key);
    for (size_t i = 0; i < count; i++) {
        tn_buf_puts(out, i == 0 ? "" : ", ");
        put_quoted(out, items[i]);
    }
    tn_buf_puts(out, "]\n");
}

static void put_attributes(struct tn_buf *out, const struct tn_identity_attribute *items, size_t count)
{
    if (count == 0)
        return;
    tn_buf_puts(out, "    attributes: {");
    for (size_t i = 0; i < count; i++) {
        tn_buf_puts(out, i == 0 ? "" : ", ");
        put_quoted(out, items[i].key);
        tn_buf_puts(out, ": ");
        put_quoted(out, items[i].value);
    }
    tn_buf_puts(out, "}\n");
}

static void put_tokens(struct tn_buf *out, const struct tn_user *user, const unsigned char *more)
{
    size_t count = user->token_count + (more != NULL);

    if (count == 0)
        return;
    tn_buf_puts(out, "    tokens: [");
    for (size_t i = 0; i < count; i++) {
        const unsigned char *hash = i < user->token_count ? user->tokens[i] : more;

        tn_buf_puts(out, i == 0 ? "\"" TN_TOKEN_PREFIX : ", \"" TN_TOKEN_PREFIX);
        for (size_t k = 0; k < TN_SCRAM_KEY; k++)
            tn_buf_printf(out, "%02x", hash[k]);
        tn_buf_puts(out, "\"");
    }
    tn_buf_puts(out, "]\n");
}

static void put_password(struct tn_buf *out, const struct tn_user *user)
{
    char text[TN_VERIFIER_TEXT];

    tn_verifier_format(&user->verifier, text);
    tn_buf_puts(out, user->password_file.len > 0 ? "    password: {file: " : "    password: ");
    put_quoted(out, user->password_file.len > 0 ? user->password_file : tn_str(text));
    tn_buf_puts(out, user->password_file.len > 0 ? "}\n" : "\n");
}

static void put_user(struct tn_buf *out, const struct tn_user *user, const unsigned char *token)
{
    char text[TN_VERIFIER_TEXT];

    tn_buf_puts(out, "  ");
    put_quoted(out, user->name);
    if (!user->has_password && !user->has_native && user->group_count + user->role_count + user->attribute_count + user->token_count == 0 && token == NULL) {
        tn_buf_puts(out, ": {}\n");
        return;
    }
    tn_buf_puts(out, ":\n");
    if (user->has_password)
        put_password(out, user);
    if (user->has_native) {
        tn_native_format(user->native, text);
        tn_buf_printf(out, "    nativePassword: \"%s\"\n", text);
    }
    put_list(out, "groups", user->groups, user->group_count);
    put_list(out, "roles", user->roles, user->role_count);
    put_attributes(out, user->attributes, user->attribute_count);
    put_tokens(out, user, token);
}

/* The arrays of CHANGE are only read. */
static struct tn_str *writable(const struct tn_str *items)
{
    return (struct tn_str *)(uintptr_t)items;
}

static struct tn_user changed(const struct tn_user *user, const struct tn_user_change *change)
{
    struct tn_user now = user != NULL ? *user : (struct tn_user){.name = change->name};

    if (change->verifier != NULL) {
        now.verifier = *change->verifier;
        now.password_file = TN_STR("");
        now.has_password = true;
        now.has_native = change->native != NULL;
    }
    if (change->native != NULL)
        memcpy(now.native, change->native, sizeof now.native);
    if (change->groups != NULL) {
        now.groups = writable(change->groups);
        now.group_count = change->group_count;
    }
    if (change->roles != NULL) {
        now.roles = writable(change->roles);
        now.role_count = change->role_count;
    }
    if (change->attributes != NULL) {
        now.attributes = (struct tn_identity_attribute *)(uintptr_t)change->attributes;
        now.attribute_count = change->attribute_count;
    }
    if (change->no_tokens)
        now.token_count = 0;
    return now;
}

static void put_all(struct tn_buf *out, const struct tn_users *users, const struct tn_user_change *change, bool existed)
{
    struct tn_user now;

    tn_buf_puts(out, "# Users of Turnout (turnout.auth.usersFile). Written by `turnout user`; SIGHUP or `turnout reload` makes a change known.\n"
                     "users:\n");
    for (size_t i = 0; i < tn_users_count(users); i++) {
        const struct tn_user *user = tn_users_at(users, i);

        if (!tn_str_eq(user->name, change->name)) {
            put_user(out, user, NULL);
            continue;
        }
        now = changed(user, change);
        if (!change->remove)
            put_user(out, &now, change->token);
    }
    now = changed(NULL, change);
    if (!existed)
        put_user(out, &now, change->token);
    if (tn_users_count(users) == 1 && existed && change->remove)
        tn_buf_puts(out, "  {}\n");
    explicit_bzero(&now, sizeof now);
}

/* ---- file ---- */

static enum tn_status io_failed(const char *what, const char *path, struct tn_error *err)
{
    return tn_fail(err, TN_E_IO, "58030", "cannot %s %s: %s", what, path, strerror(errno));
}

/* The folder's entry is on the disk, too. */
static void sync_folder(const char *path)
{
    char        folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int         fd;

    tn_str_copy(folder, sizeof folder, slash == NULL ? TN_STR(".") : tn_str_n(path, TN_MAX((size_t)(slash - path), (size_t)1)));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* What we could not read again, a server could not either. */
static bool is_readable(const char *path, struct tn_problems *problems)
{
    struct tn_users *users;

    if (tn_users_read_file(&users, path, problems) != TN_OK)
        return false;
    tn_users_unref(users);
    return true;
}

static enum tn_status replace(const char *path, struct tn_str text, struct tn_problems *problems, struct tn_error *err)
{
    char        temporary[PATH_BYTES + 16];
    struct stat info;
    mode_t      mode = stat(path, &info) == 0 ? info.st_mode & 0770 : 0600;
    bool        keep_owner = stat(path, &info) == 0 && geteuid() == 0;
    bool        written;
    int         fd;

    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return io_failed("write", temporary, err);
    errno = tn_fd_write(fd, text);
    written = errno == 0;
    if (written && !is_readable(temporary, problems)) {
        close(fd);
        unlink(temporary);
        return tn_fail(err, TN_E_INVALID, "22023", "%s could not be read with this change; nothing was changed", path);
    }
    if (!written || fchmod(fd, mode) != 0 || (keep_owner && fchown(fd, info.st_uid, info.st_gid) != 0) ||
        fsync(fd) != 0 || rename(temporary, path) != 0) {
        enum tn_status status = io_failed("write", path, err);

        close(fd);
        unlink(temporary);
        return status;
    }
    close(fd);
    sync_folder(path);
    return TN_OK;
}

/* A file beside it, which stays: the users file itself is replaced under the feet of whoever had locked it. */
static int lock(const char *path, struct tn_error *err)
{
    char name[PATH_BYTES + 8];
    int  fd;

    snprintf(name, sizeof name, "%s.lock", path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        io_failed("lock", name, err);
        return -1;
    }
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            io_failed("lock", name, err);
            close(fd);
            return -1;
        }
    return fd;
}

static enum tn_status change_locked(const char *path, const struct tn_user_change *change, bool *existed,
                                    struct tn_problems *problems, struct tn_error *err)
{
    struct tn_users *users;
    struct tn_buf    text;
    enum tn_status   status = tn_users_read_file(&users, path, problems);

    if (status != TN_OK)
        return tn_fail(err, status, "F0000", "%s has mistakes; nothing was changed", path);
    *existed = tn_users_find(users, change->name) != NULL;
    if ((change->remove || change->must_exist) && !*existed) {
        tn_users_unref(users);
        return tn_fail(err, TN_E_NOT_FOUND, "42704", "there is no user " TN_STR_FMT " in %s", TN_STR_ARG(change->name), path);
    }
    tn_buf_init(&text, FILE_MAX);
    put_all(&text, users, change, *existed);
    status = text.failed ? tn_fail(err, TN_E_LIMIT, "54000", "%s would be larger than 8 MiB", path)
                         : replace(path, tn_buf_str(&text), problems, err);
    if (text.len > 0)
        explicit_bzero(text.data, text.len);
    tn_buf_reset(&text);
    tn_users_unref(users);
    return status;
}

/* Where the file is that LINK, perhaps a symbolic link, leads to: it is that which is replaced. A file that is not there yet is LINK itself. */
static enum tn_status follow_link(const char *link, char out[PATH_BYTES], struct tn_error *err)
{
    char *real = strlen(link) < PATH_BYTES ? realpath(link, NULL) : NULL;
    bool  fits = strlen(link) < PATH_BYTES && (real == NULL || strlen(real) < PATH_BYTES);

    if (fits)
        tn_str_copy(out, PATH_BYTES, tn_str(real != NULL ? real : link));
    free(real);
    return fits ? TN_OK : tn_fail(err, TN_E_INVALID, "F0000", "the path is too long");
}

enum tn_status tn_users_file_change(const char *path, const struct tn_user_change *change, bool *existed,
                                    struct tn_problems *problems, struct tn_error *err)
{
    const char    *wrong = tn_user_name_check(change->name);
    char           file[PATH_BYTES];
    enum tn_status status;
    int            fd;

    *existed = false;
    TN_TRY(follow_link(path, file, err));
    if (wrong != NULL)
        return tn_fail(err, TN_E_INVALID, "22023", "%s", wrong);
    fd = lock(file, err);
    if (fd < 0)
        return TN_E_IO;
    status = change_locked(file, change, existed, problems, err);
    close(fd);
    return status;
}
