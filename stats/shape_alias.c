#include "stats/shape_scan.h"

/* An alias is renamed where it is declared and before a dot. Wherever else its name stands it may be a column, so then it
 * keeps its name: two statements that differ are never made one. The name of a column of the result is renamed only when
 * nothing but ORDER BY speaks of it. */

static uint64_t filter_of(struct tn_str name)
{
    return UINT64_C(1) << (((unsigned char)tn_ascii_lower(name.ptr[0]) + name.len * 7) & 63);
}

/* Its index, or aliases->count. */
static size_t find(const struct tn_scan_aliases *aliases, const struct tn_token *token)
{
    bool   quoted = token->kind == TN_TOKEN_IDENT;
    size_t i = 0;

    if (token->text.len == 0 || (aliases->filter & filter_of(token->text)) == 0)
        return aliases->count;
    for (; i < aliases->count; i++) {
        const struct tn_scan_alias *alias = &aliases->list[i];

        if (alias->quoted == quoted && (quoted ? tn_str_eq(alias->name, token->text) : tn_str_ieq(alias->name, token->text)))
            break;
    }
    return i;
}

static void add(struct tn_scan_aliases *aliases, const struct tn_token *token)
{
    if (aliases->count == TN_SCAN_ALIASES || token->text.len == 0 || find(aliases, token) < aliases->count)
        return;
    aliases->list[aliases->count++] = (struct tn_scan_alias){.name = token->text, .quoted = token->kind == TN_TOKEN_IDENT};
    aliases->filter |= filter_of(token->text);
}

void tn_scan_note_alias(struct tn_shape_scan *scan, enum tn_role role, const struct tn_token *token)
{
    if (role == TN_ROLE_ALIAS)
        add(&scan->tables, token);
    else if (role == TN_ROLE_COLUMN)
        add(&scan->columns, token);
}

static void keep(struct tn_scan_aliases *aliases, const struct tn_token *token)
{
    size_t i = find(aliases, token);

    if (i < aliases->count)
        aliases->list[i].kept = true;
}

void tn_scan_check_aliases(struct tn_shape_scan *scan, bool columns)
{
    bool after_dot = false, known = tn_stream_is_whole(&scan->stream);

    for (size_t i = 0; i < scan->columns.count; i++)
        scan->columns.list[i].kept = !columns;
    if (scan->tables.count + scan->columns.count == 0)
        return;
    tn_stream_rewind(&scan->stream);
    tn_place_init(&scan->place);
    while (tn_stream_next(&scan->stream)) {
        const struct tn_stream_token *now = scan->stream.now;
        enum tn_role                  role = known ? (enum tn_role)now->role : tn_place_token(&scan->place, now, scan->stream.ahead);
        char                          behind = scan->stream.ahead->token.punct;
        bool                          name = now->token.kind == TN_TOKEN_WORD || now->token.kind == TN_TOKEN_IDENT;

        if (name && role != TN_ROLE_ALIAS && role != TN_ROLE_RELATION && role != TN_ROLE_COLUMN && behind != '(') {
            if (!after_dot && behind != '.')
                keep(&scan->tables, &now->token);
            if (role != TN_ROLE_ORDER)
                keep(&scan->columns, &now->token);
        }
        after_dot = now->token.punct == '.';
    }
}

/* "\1x": no name that anybody gives, and one that a parser takes. */
static const char table_names[TN_SCAN_ALIASES * 4 + 1] =
    "\"\0010\"\"\0011\"\"\0012\"\"\0013\"\"\0014\"\"\0015\"\"\0016\"\"\0017\"\"\0018\"\"\0019\"\"\001a\"\"\001b\"\"\001c\"\"\001d\"\"\001e\"\"\001f\""
    "\"\001g\"\"\001h\"\"\001i\"\"\001j\"\"\001k\"\"\001l\"\"\001m\"\"\001n\"\"\001o\"\"\001p\"\"\001q\"\"\001r\"\"\001s\"\"\001t\"\"\001u\"\"\001v\"";
static const char column_names[TN_SCAN_ALIASES * 4 + 1] =
    "\"\0020\"\"\0021\"\"\0022\"\"\0023\"\"\0024\"\"\0025\"\"\0026\"\"\0027\"\"\0028\"\"\0029\"\"\002a\"\"\002b\"\"\002c\"\"\002d\"\"\002e\"\"\002f\""
    "\"\002g\"\"\002h\"\"\002i\"\"\002j\"\"\002k\"\"\002l\"\"\002m\"\"\002n\"\"\002o\"\"\002p\"\"\002q\"\"\002r\"\"\002s\"\"\002t\"\"\002u\"\"\002v\"";

bool tn_scan_renamed(const struct tn_shape_scan *scan, enum tn_role role, struct tn_token *token, bool after_dot, bool before_dot)
{
    const struct tn_scan_aliases *aliases = &scan->tables;
    size_t                        i;

    if (role == TN_ROLE_COLUMN || (role == TN_ROLE_ORDER && !before_dot))
        aliases = &scan->columns;
    else if (role == TN_ROLE_RELATION || (role != TN_ROLE_ALIAS && (after_dot || !before_dot)))
        return false;
    i = find(aliases, token);
    if (i == aliases->count || aliases->list[i].kept)
        return false;
    token->kind = TN_TOKEN_IDENT;
    token->text = tn_str_n((aliases == &scan->tables ? table_names : column_names) + i * 4, 4);
    return true;
}
