#include "config/problems.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"

#include <stdarg.h>

enum { TEXT_MAX = 1024 };

void tn_problems_init(struct tn_problems *problems, const char *file)
{
    char *copy;

    *problems = (struct tn_problems){.file = ""};
    tn_arena_init(&problems->arena, 0);
    copy = tn_arena_strdup(&problems->arena, tn_str(file));
    if (copy == NULL)
        problems->no_memory = true;
    else
        problems->file = copy;
}

void tn_problems_reset(struct tn_problems *problems)
{
    tn_arena_reset(&problems->arena);
    tn_free(problems->items);
    *problems = (struct tn_problems){.file = ""};
}

/* One line of valid UTF-8, whatever a hostile file had in its keys. */
static void make_printable(char *text)
{
    size_t len = strlen(text);
    size_t valid = tn_utf8_valid_prefix(text, len);

    text[valid] = '\0'; /* a cut in the middle of a character */
    for (size_t i = 0; i < valid; i++) {
        unsigned char c = (unsigned char)text[i], next = (unsigned char)text[i + 1];

        if (c < 0x20 || c == 0x7F)
            text[i] = '?';
        else if (c == 0xC2 && next < 0xA0) /* C1 controls: some terminals obey them */
            text[i] = text[i + 1] = '?';
    }
}

static bool grow(struct tn_problems *problems)
{
    size_t             capacity = problems->capacity == 0 ? 16 : problems->capacity * 2;
    struct tn_problem *items;

    if (problems->count < problems->capacity)
        return true;
    items = tn_realloc(problems->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    problems->items = items;
    problems->capacity = capacity;
    return true;
}

static void keep(struct tn_problems *problems, enum tn_problem_kind kind, unsigned line, char *path, char *text)
{
    struct tn_problem *problem;

    make_printable(path);
    make_printable(text);
    if (!grow(problems)) {
        problems->no_memory = true;
        return;
    }
    problem = &problems->items[problems->count];
    *problem = (struct tn_problem){.kind = kind, .line = line, .order = problems->count};
    problem->path = tn_arena_strdup(&problems->arena, tn_str(path));
    problem->text = tn_arena_strdup(&problems->arena, tn_str(text));
    if (problem->path == NULL || problem->text == NULL)
        problems->no_memory = true;
    else
        problems->count++;
}

void tn_problem_add(struct tn_problems *problems, enum tn_problem_kind kind, unsigned line, const char *path,
                    const char *fmt, ...)
{
    char    text[TEXT_MAX], where[TN_PATH_MAX];
    va_list args;

    if (kind == TN_PROBLEM_ERROR)
        problems->errors++;
    else
        problems->warnings++;
    if (problems->count > TN_PROBLEMS_MAX)
        return;
    if (problems->count == TN_PROBLEMS_MAX) {
        where[0] = '\0';
        tn_str_copy(text, sizeof text, TN_STR("too many problems; the rest is not shown"));
        keep(problems, kind, UINT32_MAX, where, text);
        return;
    }
    tn_str_copy(where, sizeof where, tn_str(path));
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    keep(problems, kind, line, where, text);
}

static int by_line(const void *a, const void *b)
{
    const struct tn_problem *x = a, *y = b;

    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void tn_problems_sort(struct tn_problems *problems)
{
    if (problems->count > 1)
        qsort(problems->items, problems->count, sizeof *problems->items, by_line);
}

void tn_problems_print(const struct tn_problems *problems, struct tn_buf *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct tn_problem *problem = &problems->items[i];

        tn_buf_puts(out, problems->file);
        if (problem->line > 0 && problem->line < UINT32_MAX)
            tn_buf_printf(out, ":%u", problem->line);
        tn_buf_puts(out, problem->kind == TN_PROBLEM_ERROR ? ": error: " : ": warning: ");
        if (problem->path[0] != '\0')
            tn_buf_printf(out, "%s: ", problem->path);
        tn_buf_puts(out, problem->text);
        tn_buf_puts(out, "\n");
    }
    if (problems->no_memory)
        tn_buf_printf(out, "%s: error: out of memory\n", problems->file);
}

void tn_path_join(char out[TN_PATH_MAX], const char *path, struct tn_str key)
{
    size_t at = strlen(path);

    if (path != out)
        tn_str_copy(out, TN_PATH_MAX, tn_str(path));
    at = TN_MIN(at, (size_t)TN_PATH_MAX - 1);
    if (at > 0 && at < TN_PATH_MAX - 1)
        out[at++] = '.';
    tn_str_copy(out + at, TN_PATH_MAX - at, key);
}

void tn_path_index(char out[TN_PATH_MAX], const char *path, size_t index)
{
    char   number[32];
    size_t at = TN_MIN(strlen(path), (size_t)TN_PATH_MAX - 1);

    if (path != out)
        tn_str_copy(out, TN_PATH_MAX, tn_str(path));
    snprintf(number, sizeof number, "[%zu]", index);
    tn_str_copy(out + at, TN_PATH_MAX - at, tn_str(number));
}

/* `user` for `username`, `databasePathX` for `databasePath`. */
static bool begins_alike(struct tn_str name, struct tn_str choice)
{
    size_t len = TN_MIN(name.len, choice.len);

    return len >= 3 && 2 * len >= TN_MAX(name.len, choice.len) &&
           tn_str_ieq(tn_str_n(name.ptr, len), tn_str_n(choice.ptr, len));
}

/* Near = a third of the longer name may differ (at least one byte); failing that, one is the beginning of the other, and
 * at least half of it. */
const char *tn_suggest(struct tn_str name, const char *const *choices)
{
    const char *best = NULL;
    unsigned    least = UINT32_MAX;

    for (size_t i = 0; choices[i] != NULL; i++) {
        struct tn_str choice = tn_str(choices[i]);
        unsigned      limit = (unsigned)TN_MAX((size_t)1, TN_MAX(name.len, choice.len) / 3);
        unsigned      distance = tn_str_distance(name, choice, limit);

        if (choice.len == 0 || distance > limit || distance >= TN_MAX(name.len, choice.len))
            continue;
        if (distance < least) {
            least = distance;
            best = choices[i];
        }
    }
    for (size_t i = 0; best == NULL && choices[i] != NULL; i++)
        if (begins_alike(name, tn_str(choices[i])))
            best = choices[i];
    return best;
}

void tn_problems_log(const struct tn_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct tn_problem *problem = &problems->items[i];

        tn_log(problem->kind == TN_PROBLEM_ERROR ? TN_LOG_ERROR : TN_LOG_WARN, "configuration problem",
               TN_LOG_TEXT("file", problems->file), TN_LOG_U64("line", problem->line < UINT32_MAX ? problem->line : 0),
               TN_LOG_TEXT("key", problem->path),
               TN_LOG_TEXT("text", problem->text));
    }
}
