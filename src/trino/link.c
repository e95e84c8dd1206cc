#include "trino/link.h"

#include "base/base64.h"
#include "base/digits.h"
#include "base/log.h"
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <unistd.h>

#define FORMAT_NAME "turnout link 3\n"
#define FORMAT_NAME_BEFORE "turnout link 2\n"
enum { MAC = 16, PLAIN_MAX = TN_TRINO_LINK_MAX / 4 * 3 - 4, FORMAT = '3' };

/* ---- the key ---- */

static enum tn_status cannot(const char *path, int code, struct tn_error *err)
{
    char text[128];

    tn_fail(err, TN_E_IO, "58030", "frontends.trinoHttp: the key of links, %s: %s", path, tn_file_error(code, text, sizeof text));
    tn_error_hint(err, "Give frontends.trinoHttp.linkKey, or a persistence.path in a folder that can be written.");
    return TN_E_IO;
}

/* Beside it first, then in place at once: no other process ever reads half a key. */
static enum tn_status make_key(struct tn_trino *trino, const char *path, struct tn_error *err)
{
    char beside[1024];
    int  fd, code = 0;

    tn_rand_secret(trino->key, sizeof trino->key);
    if (snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid()) >= (int)sizeof beside)
        return cannot(path, ENAMETOOLONG, err);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot(beside, errno, err);
    if (write(fd, trino->key, sizeof trino->key) != (ssize_t)sizeof trino->key || fsync(fd) != 0)
        code = errno != 0 ? errno : EIO;
    close(fd);
    if (code == 0 && link(beside, path) != 0)
        code = errno == EEXIST || rename(beside, path) != 0 ? errno : 0; /* not every file system has hard links */
    unlink(beside);
    return code == 0 ? TN_OK : code == EEXIST ? TN_AGAIN : cannot(path, code, err);
}

static enum tn_status file_key(struct tn_trino *trino, const char *path, struct tn_error *err)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        struct tn_file file;
        int            code = tn_file_read(&file, path, sizeof trino->key, true);
        enum tn_status status;

        if (code == 0) {
            bool whole = file.len == sizeof trino->key;

            if (whole)
                memcpy(trino->key, file.data, sizeof trino->key);
            tn_file_reset(&file);
            return whole ? TN_OK : cannot(path, EINVAL, err);
        }
        if (code != ENOENT)
            return cannot(path, code, err);
        status = make_key(trino, path, err);
        if (status != TN_AGAIN)
            return status;
    }
    return cannot(path, ENOENT, err);
}

static enum tn_status find_key(struct tn_trino *trino, struct tn_error *err)
{
    const struct tn_settings *settings = &trino->config->settings;
    struct tn_str             given = settings->trino_link_key;
    char                      path[1024];
    unsigned                  len = sizeof trino->key;
    enum tn_status            status;

    if (given.len > 0)
        return EVP_Digest(given.ptr, given.len, trino->key, &len, EVP_sha256(), NULL) == 1
                   ? TN_OK
                   : tn_fail(err, TN_E_INTERNAL, "XX000", "frontends.trinoHttp: no SHA-256");
    if (snprintf(path, sizeof path, TN_STR_FMT ".links", TN_STR_ARG(settings->persistence_path)) >= (int)sizeof path)
        return cannot("persistence.path", ENAMETOOLONG, err);
    status = file_key(trino, path, err);
    if (status == TN_OK || settings->persistence_type == TN_CFG_PERSISTENCE_SQLITE)
        return status;
    tn_error_reset(err);
    tn_log(TN_LOG_INFO, "links of Trino queries end with this program", TN_LOG_TEXT("why", "no file for their key"), TN_LOG_TEXT("file", path));
    tn_rand_secret(trino->key, sizeof trino->key);
    return TN_OK;
}

static enum tn_status no_mac(struct tn_error *err)
{
    return tn_fail(err, TN_E_INTERNAL, "XX000", "frontends.trinoHttp: this OpenSSL has no CMAC with AES-256, or there is no memory for it");
}

enum tn_status tn_trino_link_arm(struct tn_trino_home *home, struct tn_error *err)
{
    char       cipher[] = "AES-256-CBC";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0), OSSL_PARAM_construct_end()};
    EVP_MAC   *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);

    home->mac = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac); /* counted */
    return home->mac != NULL && EVP_MAC_init(home->mac, home->trino->key, sizeof home->trino->key, params) == 1 ? TN_OK : no_mac(err);
}

void tn_trino_link_disarm(struct tn_trino_home *home)
{
    EVP_MAC_CTX_free(home->mac);
    home->mac = NULL;
}

enum tn_status tn_trino_link_key(struct tn_trino *trino, struct tn_error *err)
{
    return find_key(trino, err);
}

/* ---- links ---- */

static bool put_number(EVP_MAC_CTX *mac, uint64_t number)
{
    char text[TN_DIGITS_SIZE + 1], *end = tn_digits_put(text, number);

    *end++ = '\n';
    return EVP_MAC_update(mac, (const unsigned char *)text, (size_t)(end - text)) == 1;
}

static bool put_text(EVP_MAC_CTX *mac, struct tn_str text)
{
    return text.len == 0 || EVP_MAC_update(mac, (const unsigned char *)text.ptr, text.len) == 1;
}

/* Everything in its place: no two links have the same text. The key is in the context from the start on. */
static bool make_mac(struct tn_trino_home *home, const char *format, const struct tn_trino_link *link, struct tn_str said, uint8_t mac[MAC])
{
    size_t len;

    return EVP_MAC_init(home->mac, NULL, 0, NULL) == 1 && put_text(home->mac, tn_str(format)) && put_number(home->mac, link->kind) &&
           put_text(home->mac, link->id) && put_text(home->mac, TN_STR("\n")) && put_number(home->mac, link->token) && put_text(home->mac, said) &&
           EVP_MAC_final(home->mac, mac, &len, MAC) == 1 && len == MAC;
}

static void put_coded(struct tn_buf *out, const char *plain, size_t len)
{
    char   text[TN_TRINO_LINK_MAX + 8];
    size_t written = tn_base64_encode(plain, len, text);

    for (size_t i = 0; i < written; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    while (written > 0 && text[written - 1] == '=')
        written--;
    tn_buf_append(out, text, written);
}

static char *put(char *at, struct tn_str text, char behind)
{
    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    at[text.len] = behind;
    return at + text.len + 1;
}

/* What ends with a line break holds none: nobody's name is read as another's and a path. */
static bool is_line(struct tn_str text)
{
    return text.len == 0 || memchr(text.ptr, '\n', text.len) == NULL;
}

/* MAC, format, flag, cluster, line break, user, line break, path. */
bool tn_trino_link_seal(struct tn_buf *out, struct tn_trino_home *home, const struct tn_trino_link *link)
{
    char  plain[PLAIN_MAX + 1], *at = plain + MAC;

    if (MAC + 4 + link->cluster.len + link->user.len + link->path.len > PLAIN_MAX || link->id.len > TN_TRINO_ID || !is_line(link->cluster) || !is_line(link->user))
        return false;
    *at++ = FORMAT;
    *at++ = link->own_id ? 'i' : '-';
    at = put(at, link->cluster, '\n');
    at = put(at, link->user, '\n');
    at = put(at, link->path, '\0') - 1;
    if (!make_mac(home, FORMAT_NAME, link, tn_str_n(plain + MAC, (size_t)(at - plain) - MAC), (uint8_t *)plain))
        return false;
    put_coded(out, plain, (size_t)(at - plain));
    return !out->failed;
}

static bool decode(struct tn_str sealed, char plain[PLAIN_MAX], size_t *len)
{
    char text[TN_TRINO_LINK_MAX + 8];

    if (sealed.len == 0 || sealed.len > TN_TRINO_LINK_MAX)
        return false;
    for (size_t i = 0; i < sealed.len; i++)
        text[i] = sealed.ptr[i] == '-' ? '+' : sealed.ptr[i] == '_' ? '/' : sealed.ptr[i] == '+' || sealed.ptr[i] == '/' ? '!' : sealed.ptr[i];
    while (sealed.len % 4 != 0)
        text[sealed.len++] = '=';
    return tn_base64_decode(tn_str_n(text, sealed.len), plain, PLAIN_MAX, len);
}

/* The line at *REST, which moves behind it. */
static bool take_line(struct tn_str *rest, struct tn_str *line)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);

    if (end == NULL)
        return false;
    *line = tn_str_n(rest->ptr, (size_t)(end - rest->ptr));
    *rest = tn_str_n(end + 1, rest->len - line->len - 1);
    return true;
}

/* The format before began with its flag, and named no user. */
static bool is_before(char first)
{
    return first == 'i' || first == '-';
}

bool tn_trino_link_open(struct tn_str sealed, struct tn_trino_home *home, struct tn_trino_link *link, struct tn_arena *arena)
{
    char          plain[PLAIN_MAX];
    uint8_t       mac[MAC];
    size_t        len;
    struct tn_str rest, cluster, user = {"", 0};
    bool          before;

    if (!decode(sealed, plain, &len) || len < MAC + 3 || link->id.len > TN_TRINO_ID)
        return false;
    rest = tn_str_n(plain + MAC, len - MAC);
    before = is_before(rest.ptr[0]);
    if ((!before && rest.ptr[0] != FORMAT) || !make_mac(home, before ? FORMAT_NAME_BEFORE : FORMAT_NAME, link, rest, mac) || !tn_secret_eq(plain, mac, MAC))
        return false;
    rest = before ? rest : tn_str_n(rest.ptr + 1, rest.len - 1);
    link->own_id = rest.ptr[0] == 'i';
    rest = tn_str_n(rest.ptr + 1, rest.len - 1);
    return take_line(&rest, &cluster) && (before || take_line(&rest, &user)) && tn_arena_str(arena, cluster, &link->cluster) &&
           tn_arena_str(arena, user, &link->user) && tn_arena_str(arena, rest, &link->path);
}
