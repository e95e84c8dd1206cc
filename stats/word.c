#include "stats/word.h"

struct entry {
    const char    *name;
    unsigned char  len, verb, class;
    unsigned short flags;
};

static const struct entry entries[TN_WORD_COUNT] = {
    [TN_WORD_NONE] = {"", 0, TN_VERB_OTHER, TN_CLASS_WRITE, 0},
#define LETTER(x)
#define WORD(name, verb, class, flags) {#name, sizeof(#name) - 1, TN_VERB_##verb, TN_CLASS_##class, (flags)},
#include "stats/words.def"
#undef WORD
#undef LETTER
};

/* Where each letter begins: an enumerator of LETTER takes the number of the next word and gives it back. */
enum {
    BEFORE_FIRST,
#define LETTER(x) FIRST_##x, RESET_##x = FIRST_##x - 1,
#define WORD(name, verb, class, flags) AT_##name,
#include "stats/words.def"
#undef WORD
#undef LETTER
    FIRST_END
};

static const unsigned short first_of[] = {
#define LETTER(x) FIRST_##x,
#define WORD(name, verb, class, flags)
#include "stats/words.def"
#undef WORD
#undef LETTER
    FIRST_END};

_Static_assert((int)FIRST_END == (int)TN_WORD_COUNT, "letters and words count alike");
_Static_assert(sizeof first_of / sizeof first_of[0] == 27, "one LETTER per letter");

static bool same(const char *text, const char *lower, size_t len)
{
    for (size_t i = 1; i < len; i++)
        if (tn_ascii_lower(text[i]) != lower[i])
            return false;
    return true;
}

enum tn_word tn_word_find(struct tn_str text)
{
    unsigned letter;

    if (text.len == 0)
        return TN_WORD_NONE;
    letter = (unsigned char)tn_ascii_lower(text.ptr[0]) - (unsigned)'a';
    if (letter >= 26)
        return TN_WORD_NONE;
    for (unsigned i = first_of[letter]; i < first_of[letter + 1]; i++)
        if (entries[i].len == text.len && same(text.ptr, entries[i].name, text.len))
            return (enum tn_word)i;
    return TN_WORD_NONE;
}

const char *tn_word_name(enum tn_word word)
{
    return entries[word].name;
}

unsigned tn_word_flags(enum tn_word word)
{
    return entries[word].flags;
}

enum tn_verb tn_word_verb(enum tn_word word)
{
    return (enum tn_verb)entries[word].verb;
}

enum tn_class tn_word_class(enum tn_word word)
{
    return (enum tn_class)entries[word].class;
}
