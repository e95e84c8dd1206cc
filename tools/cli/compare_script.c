#include "tools/cli/compare_script.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "stats/lexer.h"

#include <errno.h>

enum { PART = 65536, SHOWN = 60 };

void tn_script_reset(struct tn_script *script)
{
    tn_buf_reset(&script->text);
    tn_free(script->statements);
    *script = (struct tn_script){.count = 0};
}

static size_t line_of(const struct tn_script *script, struct tn_str statement)
{
    size_t line = 1;

    for (const char *at = script->text.data; at < statement.ptr; at++)
        line += *at == '\n';
    return line;
}

/* Of the first word: comments in front say nothing. */
static struct tn_str shown(struct tn_str statement)
{
    struct tn_lexer lexer;
    struct tn_token token;

    tn_lexer_init(&lexer, statement, TN_DIALECT_POSTGRES);
    if (tn_lexer_next(&lexer, &token)) {
        statement.len -= (size_t)(token.text.ptr - statement.ptr);
        statement.ptr = token.text.ptr;
    }
    for (size_t i = 0; i < statement.len; i++)
        if ((unsigned char)statement.ptr[i] < 0x20 || statement.ptr[i] == 0x7f) /* a terminal reads it */
            statement.len = i;
    statement.len = tn_utf8_valid_prefix(statement.ptr, TN_MIN(statement.len, (size_t)SHOWN));
    return statement;
}

static enum tn_status check(const struct tn_script *script, const char *path, struct tn_str statement, bool force, struct tn_error *err)
{
    struct tn_features features;
    struct tn_hint     hint;
    struct tn_str      text = shown(statement);
    size_t             line = line_of(script, text), number = script->count + 1;

    tn_features_read(&features, statement, TN_DIALECT_POSTGRES);
    TN_TRY(tn_hint_read(&hint, statement, err));
    if (hint.cluster.len > 0 || hint.group.len > 0)
        return tn_fail(err, TN_E_INVALID, "22023", "%s: statement %zu (line %zu) names a cluster or group in its hint; --clusters says where it runs",
                       path, number, line);
    if (features.class == TN_CLASS_UTILITY)
        return tn_fail(err, TN_E_INVALID, "22023", "%s: statement %zu (line %zu) has no answer to compare: " TN_STR_FMT, path, number, line, TN_STR_ARG(text));
    if (tn_features_repeatable(&features) && !features.needs_session)
        return TN_OK;
    if (force)
        return TN_OK;
    if (features.class == TN_CLASS_READ && features.calls_unknown)
        tn_fail(err, TN_E_INVALID, "25006", "%s: statement %zu (line %zu) calls a function that might change something: " TN_STR_FMT, path, number, line,
                TN_STR_ARG(text));
    else
        tn_fail(err, TN_E_INVALID, "25006", "%s: statement %zu (line %zu) is not a read: " TN_STR_FMT, path, number, line, TN_STR_ARG(text));
    tn_error_hint(err, "Every statement runs many times on every cluster. Take it out, or say --force");
    return TN_E_INVALID;
}

static enum tn_status split(struct tn_script *script, const char *path, bool force, struct tn_error *err)
{
    struct tn_str text = tn_buf_str(&script->text), statement;
    size_t        at = 0, room = 0;

    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) /* what editors write ahead of UTF-8 */
        text = tn_str_n(text.ptr + 3, text.len - 3);
    script->hash = text.len == 0 ? 0 : tn_hash_str(text);
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
        return tn_fail(err, TN_E_INVALID, "22021", "%s has a NUL byte: is it SQL?", path);
    while (text.len > 0 && tn_statement_next(text, TN_DIALECT_POSTGRES, &at, &statement)) {
        if (script->count == TN_SCRIPT_STATEMENTS)
            return tn_fail(err, TN_E_INVALID, "54000", "%s has more than %d statements", path, (int)TN_SCRIPT_STATEMENTS);
        TN_TRY(check(script, path, statement, force, err));
        if (script->count == room) {
            struct tn_str *more = tn_realloc(script->statements, (room = room * 2 + 64) * sizeof *more);

            if (more == NULL)
                return tn_fail(err, TN_E_NOMEM, "53200", "no memory for the statements");
            script->statements = more;
        }
        script->statements[script->count++] = statement;
    }
    return script->count > 0 ? TN_OK : tn_fail(err, TN_E_INVALID, "22023", "%s has no statement", path);
}

enum tn_status tn_script_parse(struct tn_script *script, const char *path, struct tn_str text, bool force, struct tn_error *err)
{
    *script = (struct tn_script){.count = 0};
    tn_buf_init(&script->text, TN_SCRIPT_MAX);
    tn_buf_put_str(&script->text, text);
    if (script->text.failed)
        return tn_fail(err, TN_E_NOMEM, "53200", "%s is too large", path);
    return split(script, path, force, err);
}

enum tn_status tn_script_read(struct tn_script *script, const char *path, bool force, struct tn_error *err)
{
    FILE  *file = fopen(path, "rbe");
    size_t got;

    *script = (struct tn_script){.count = 0};
    tn_buf_init(&script->text, TN_SCRIPT_MAX);
    if (file == NULL)
        return tn_fail(err, TN_E_NOT_FOUND, "58P01", "%s: %s", path, strerror(errno));
    while (tn_buf_reserve(&script->text, PART) && (got = fread(script->text.data + script->text.len, 1, PART, file)) > 0)
        script->text.len += got;
    got = (size_t)ferror(file);
    fclose(file);
    if (got != 0)
        return tn_fail(err, TN_E_IO, "58030", "%s cannot be read", path);
    if (script->text.failed)
        return tn_fail(err, TN_E_INVALID, "54000", "%s is larger than %d MB", path, TN_SCRIPT_MAX >> 20);
    return split(script, path, force, err);
}
