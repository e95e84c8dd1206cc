#include "config/yaml_reader.h"

#include "base/alloc.h"
#include "base/map.h"
#include "config/braces.h"
#include "config/secrets.h"

#include <limits.h>
#include <yaml.h>

/* Children wait on one stack until their list or map ends; then they move into the arena in one piece. */
struct entry {
    struct tn_str   key;
    unsigned        key_line;
    struct tn_node *value;
};

struct reader {
    yaml_parser_t       parser;
    struct tn_braces    braces;
    struct tn_arena    *arena;
    struct tn_problems *problems;
    struct entry       *stack;
    size_t              count, capacity;
    size_t              values;
    unsigned            depth;
    bool                aliased;  /* an alias was met: the tree has a hole, checking it would only confuse */
    char                path[TN_PATH_MAX];
};

static enum tn_status read_value(struct reader *r, const yaml_event_t *event, struct tn_node **out);

static unsigned line_of(yaml_mark_t mark)
{
    return mark.line >= UINT_MAX - 1 ? UINT_MAX - 1 : (unsigned)mark.line + 1;
}

static enum tn_status fail_at(struct reader *r, yaml_mark_t mark, const char *text)
{
    tn_problem_add(r->problems, TN_PROBLEM_ERROR, line_of(mark), r->path, "%s", text);
    return TN_E_INVALID;
}

/* libyaml's reader knows only the offset of a bad byte, not its line. */
static enum tn_status fail_encoding(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    unsigned             line = 1;
    size_t               column = 1;
    const unsigned char *start = p->input.string.start;
    size_t               size = TN_MIN((size_t)(p->input.string.end - start), p->problem_offset);

    for (const unsigned char *at = start; at < start + size; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    tn_problem_add(r->problems, TN_PROBLEM_ERROR, line, "", "YAML, byte %zu of the line: %s; the file must be UTF-8", column, p->problem);
    return TN_E_INVALID;
}

/* What libyaml's words do not say. */
static const char *advice_of(const yaml_parser_t *p)
{
    const char *problem = p->problem == NULL ? "" : p->problem;

    if (strstr(problem, "cannot start any token") != NULL)
        return "; indent by spaces, not by tabs, and put values that begin with @ ` % or such into quotes";
    if (strstr(problem, "<document start>") != NULL)
        return "; expected `key: value` lines";
    return "";
}

static enum tn_status fail_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;

    if (p->error == YAML_MEMORY_ERROR)
        return TN_E_NOMEM;
    if (p->error == YAML_READER_ERROR)
        return fail_encoding(r);
    if (p->context == NULL)
        tn_problem_add(r->problems, TN_PROBLEM_ERROR, line_of(p->problem_mark), "", "YAML, column %zu: %s%s",
                       p->problem_mark.column + 1, p->problem == NULL ? "not readable" : p->problem, advice_of(p));
    else
        tn_problem_add(r->problems, TN_PROBLEM_ERROR, line_of(p->problem_mark), "",
                       "YAML, column %zu: %s (%s that began on line %u, column %zu)%s", p->problem_mark.column + 1,
                       p->problem, p->context, line_of(p->context_mark), p->context_mark.column + 1, advice_of(p));
    return TN_E_INVALID;
}

static enum tn_status next_event(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? TN_OK : fail_syntax(r);
}

/* An event's text may be a password. */
static void end_event(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT && event->data.scalar.value != NULL)
        explicit_bzero(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

static enum tn_status push(struct reader *r, struct entry entry)
{
    if (r->count == r->capacity) {
        size_t        capacity = r->capacity == 0 ? 64 : r->capacity * 2;
        struct entry *stack = tn_realloc(r->stack, capacity * sizeof *stack);

        if (stack == NULL)
            return TN_E_NOMEM;
        r->stack = stack;
        r->capacity = capacity;
    }
    r->stack[r->count++] = entry;
    return TN_OK;
}

static enum tn_status new_node(struct reader *r, enum tn_node_kind kind, yaml_mark_t mark, struct tn_node **out)
{
    struct tn_node *node;

    if (++r->values > TN_YAML_VALUES_MAX)
        return fail_at(r, mark, "the file has more than 500000 values");
    node = tn_arena_zalloc(r->arena, sizeof *node);
    if (node == NULL)
        return TN_E_NOMEM;
    node->kind = kind;
    node->line = line_of(mark);
    *out = node;
    return TN_OK;
}

static void refuse_anchor(struct reader *r, const yaml_char_t *anchor, yaml_mark_t mark)
{
    if (anchor != NULL)
        (void)fail_at(r, mark, "YAML anchors (&name) are not supported; write the value where it is needed");
}

static void refuse_tag(struct reader *r, const yaml_char_t *tag, yaml_mark_t mark)
{
    static const char *const STANDARD[] = {"str", "int", "float", "bool", "null", "map", "seq", NULL};
    const char              *name = (const char *)tag;
    size_t                   i = 0;

    if (tag == NULL || strcmp(name, "!") == 0)
        return;
    if (strncmp(name, "tag:yaml.org,2002:", 18) == 0)
        for (; STANDARD[i] != NULL; i++)
            if (strcmp(name + 18, STANDARD[i]) == 0)
                return;
    (void)fail_at(r, mark, "YAML tags (!name) are not supported");
}

static bool is_null(struct tn_str text)
{
    return text.len == 0 || tn_str_eq_c(text, "~") || tn_str_eq_c(text, "null") || tn_str_eq_c(text, "Null") ||
           tn_str_eq_c(text, "NULL");
}

static enum tn_status read_scalar(struct reader *r, const yaml_event_t *event, struct tn_node **out)
{
    struct tn_str text = tn_str_n((const char *)event->data.scalar.value, event->data.scalar.length);
    bool          plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.plain_implicit;

    refuse_anchor(r, event->data.scalar.anchor, event->start_mark);
    refuse_tag(r, event->data.scalar.tag, event->start_mark);
    TN_TRY(new_node(r, plain && is_null(text) ? TN_NODE_NULL : TN_NODE_SCALAR, event->start_mark, out));
    (*out)->quoted = !plain;
    if (!tn_braces_show(&r->braces, r->arena, text, &(*out)->text))
        return TN_E_NOMEM;
    (*out)->shown = (*out)->text;
    return TN_OK;
}

static enum tn_status enter(struct reader *r, yaml_mark_t mark)
{
    if (++r->depth > TN_YAML_DEPTH_MAX)
        return fail_at(r, mark, "lists and maps are nested more than 64 deep");
    return TN_OK;
}

/* Moves the entries above BASE into NODE. */
static enum tn_status adopt(struct reader *r, size_t base, struct tn_node *node)
{
    size_t count = r->count - base;

    r->depth--;
    r->count = base;
    if (count == 0)
        return TN_OK;
    node->items = tn_arena_alloc(r->arena, count * sizeof(struct tn_node *));
    if (node->kind == TN_NODE_MAP) {
        node->keys = tn_arena_alloc(r->arena, count * sizeof *node->keys);
        node->key_lines = tn_arena_alloc(r->arena, count * sizeof *node->key_lines);
    }
    if (node->items == NULL || (node->kind == TN_NODE_MAP && (node->keys == NULL || node->key_lines == NULL)))
        return TN_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        node->items[i] = r->stack[base + i].value;
        if (node->kind == TN_NODE_MAP) {
            node->keys[i] = r->stack[base + i].key;
            node->key_lines[i] = r->stack[base + i].key_line;
        }
    }
    node->count = count;
    return TN_OK;
}

static enum tn_status read_list(struct reader *r, const yaml_event_t *start, struct tn_node **out)
{
    size_t base = r->count, path_len = strlen(r->path);

    refuse_anchor(r, start->data.sequence_start.anchor, start->start_mark);
    refuse_tag(r, start->data.sequence_start.tag, start->start_mark);
    TN_TRY(new_node(r, TN_NODE_LIST, start->start_mark, out));
    TN_TRY(enter(r, start->start_mark));
    for (;;) {
        TN_CLEANUP(end_event) yaml_event_t event = {.type = YAML_NO_EVENT};
        struct entry                       entry = {.value = NULL};

        TN_TRY(next_event(r, &event));
        if (event.type == YAML_SEQUENCE_END_EVENT)
            return adopt(r, base, *out);
        tn_path_index(r->path, r->path, r->count - base);
        TN_TRY(read_value(r, &event, &entry.value));
        r->path[path_len] = '\0';
        TN_TRY(push(r, entry));
    }
}

static enum tn_status read_key(struct reader *r, const yaml_event_t *event, struct entry *entry)
{
    struct tn_str text;

    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(r, event->start_mark, "a key must be a text, not a list, a map or an alias");
    text = tn_str_n((const char *)event->data.scalar.value, event->data.scalar.length);
    refuse_anchor(r, event->data.scalar.anchor, event->start_mark);
    entry->key_line = line_of(event->start_mark);
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
        return fail_at(r, event->start_mark, "a key must not contain a NUL character");
    return tn_braces_show(&r->braces, r->arena, text, &entry->key) ? TN_OK : TN_E_NOMEM;
}

static void report_twice(struct reader *r, const struct entry *again, const struct entry *first)
{
    char full[TN_PATH_MAX];

    tn_path_join(full, r->path, again->key);
    tn_problem_add(r->problems, TN_PROBLEM_ERROR, again->key_line, full,
                   "given twice: first on line %u, again on line %u; remove one", first->key_line, again->key_line);
}

static enum tn_status check_twice(struct reader *r, size_t base)
{
    struct tn_map  seen;
    enum tn_status status = TN_OK;

    tn_map_init(&seen);
    for (size_t i = base; i < r->count && status == TN_OK; i++) {
        struct entry *first = tn_map_get(&seen, r->stack[i].key);

        if (first != NULL)
            report_twice(r, &r->stack[i], first);
        else if (!tn_map_put(&seen, r->stack[i].key, &r->stack[i], NULL))
            status = TN_E_NOMEM;
    }
    tn_map_reset(&seen);
    return status;
}

static enum tn_status read_pair(struct reader *r, yaml_event_t *event)
{
    TN_CLEANUP(end_event) yaml_event_t value = {.type = YAML_NO_EVENT};
    size_t                             path_len = strlen(r->path);
    struct entry                       entry = {.value = NULL};

    TN_TRY(read_key(r, event, &entry));
    tn_path_join(r->path, r->path, entry.key);
    TN_TRY(next_event(r, &value));
    TN_TRY(read_value(r, &value, &entry.value));
    r->path[path_len] = '\0';
    return push(r, entry);
}

static enum tn_status read_map(struct reader *r, const yaml_event_t *start, struct tn_node **out)
{
    size_t base = r->count;

    refuse_anchor(r, start->data.mapping_start.anchor, start->start_mark);
    refuse_tag(r, start->data.mapping_start.tag, start->start_mark);
    TN_TRY(new_node(r, TN_NODE_MAP, start->start_mark, out));
    TN_TRY(enter(r, start->start_mark));
    for (;;) {
        TN_CLEANUP(end_event) yaml_event_t event = {.type = YAML_NO_EVENT};

        TN_TRY(next_event(r, &event));
        if (event.type == YAML_MAPPING_END_EVENT) {
            TN_TRY(check_twice(r, base));
            return adopt(r, base, *out);
        }
        TN_TRY(read_pair(r, &event));
    }
}

/* Recursive; TN_YAML_DEPTH_MAX bounds it. */
static enum tn_status read_value(struct reader *r, const yaml_event_t *event, struct tn_node **out)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event, out);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(r, event, out);
    case YAML_MAPPING_START_EVENT:
        return read_map(r, event, out);
    case YAML_ALIAS_EVENT:
        r->aliased = true;
        (void)fail_at(r, event->start_mark, "YAML aliases (*name) are not supported; write the value out here");
        return new_node(r, TN_NODE_NULL, event->start_mark, out);
    default:
        return fail_at(r, event->start_mark, "not readable as YAML");
    }
}

static enum tn_status read_document(struct reader *r, struct tn_node **root)
{
    TN_CLEANUP(end_event) yaml_event_t event = {.type = YAML_NO_EVENT};

    TN_TRY(next_event(r, &event));
    return read_value(r, &event, root);
}

/* Skips what stands before a document: false at the end of the file. */
static enum tn_status find_document(struct reader *r, bool *found, unsigned *line)
{
    for (;;) {
        TN_CLEANUP(end_event) yaml_event_t event = {.type = YAML_NO_EVENT};

        TN_TRY(next_event(r, &event));
        *line = line_of(event.start_mark);
        *found = event.type == YAML_DOCUMENT_START_EVENT;
        if (*found || event.type == YAML_STREAM_END_EVENT)
            return TN_OK;
    }
}

static enum tn_status read_stream(struct reader *r, struct tn_node **root)
{
    bool     found;
    unsigned line;

    TN_TRY(find_document(r, &found, &line));
    if (!found) {
        tn_problem_add(r->problems, TN_PROBLEM_ERROR, 1, "", "the file is empty");
        return TN_E_INVALID;
    }
    TN_TRY(read_document(r, root));
    TN_TRY(find_document(r, &found, &line));
    if (found) {
        tn_problem_add(r->problems, TN_PROBLEM_ERROR, line, "", "a second YAML document begins here; only one is allowed");
        return TN_E_INVALID;
    }
    return r->aliased ? TN_E_INVALID : TN_OK;
}

static void wipe_parser(yaml_parser_t *parser)
{
    if (parser->buffer.start != NULL)
        explicit_bzero(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
    if (parser->raw_buffer.start != NULL)
        explicit_bzero(parser->raw_buffer.start, (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
}

static enum tn_status run_parser(struct reader *r, struct tn_node **root)
{
    enum tn_status status;

    if (!yaml_parser_initialize(&r->parser))
        return TN_E_NOMEM;
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)r->braces.text.ptr, r->braces.text.len);
    status = read_stream(r, root);
    wipe_parser(&r->parser);
    yaml_parser_delete(&r->parser);
    return status;
}

/* What was read before the failure: nobody will see it, yet it may hold passwords. */
static void wipe_leftovers(struct reader *r, struct tn_node **root)
{
    tn_secrets_wipe_tree(*root);
    *root = NULL;
    for (size_t i = 0; i < r->count; i++)
        tn_secrets_wipe_tree(r->stack[i].value);
}

enum tn_status tn_yaml_read(struct tn_node **root, struct tn_str text, struct tn_arena *arena,
                            struct tn_problems *problems)
{
    struct reader  r = {.arena = arena, .problems = problems};
    enum tn_status status;

    *root = NULL;
    if (text.len > TN_YAML_SIZE_MAX) {
        tn_problem_add(problems, TN_PROBLEM_ERROR, 0, "", "the file is larger than 8 MiB");
        return TN_E_LIMIT;
    }
    if (tn_str_starts(text, TN_STR("\xEF\xBB\xBF"))) /* libyaml would count the byte order mark as a column */
        text = tn_str_n(text.ptr + 3, text.len - 3);
    if (!tn_braces_hide(&r.braces, text))
        return TN_E_NOMEM;
    status = run_parser(&r, root);
    if (problems->no_memory)
        status = TN_E_NOMEM;
    if (status != TN_OK)
        wipe_leftovers(&r, root);
    tn_braces_reset(&r.braces);
    tn_free(r.stack);
    return status;
}
