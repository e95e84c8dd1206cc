/* writer.h - a statement on its way from PostgreSQL's words to those of an image (text.h), as text.c writes it: casts in cast.c, names of columns in
 * label.c, relations in relation.c. Nobody else includes it. */
#ifndef TN_CATALOG_WRITER_H
#define TN_CATALOG_WRITER_H

#include "catalog/text.h"
#include "catalog/token.h"

/* DuckDB writes a macro's arguments wherever its body names them: macros in macros in macros take memory without end. */
enum { DEPTH_MAX = 256, NAME_MAX_LEN = 64, MACROS_MAX = 3, MOVED_MAX = 16 * 1024 * 1024 };

enum operand { OPERAND_LITERAL, OPERAND_OTHER }; /* one string or parameter; anything else */

/* Something in brackets. */
struct frame {
    size_t        start; /* where the operand begins that the bracket ends */
    size_t        inside;
    struct tn_str call;  /* the function called; empty: none */
    bool          cast;  /* CAST( */
    bool          from;  /* a call in FROM */
    bool          vector; /* the last thing in it is one of the columns below */
    bool          listing; /* what the writer has around it */
    struct tn_token ahead, column;
    struct tn_str   tail;   /* what the operand is called then: f(..) FILTER (..), CAST(x AS type) */
    unsigned      commas;
    unsigned      macros; /* in each other, of what stands in it */
};

enum { ALIASES_MAX = 16 };

/* Of the columns of the outermost SELECT. */
struct label {
    enum { BEFORE_LIST, IN_LIST, BEHIND_LIST } list;
    size_t          item;      /* where the present one begins */
    struct tn_token head;      /* its first */
    bool            distinct;  /* DISTINCT ON (..) comes first */
    bool            groups;    /* behind GROUP BY or ORDER BY */
    unsigned        number, alias_count; /* of the present one, from 1; t.column AS t */
    struct {
        unsigned      number;
        struct tn_str name;
    } aliases[ALIASES_MAX];
};

struct writer {
    struct tn_lexer               lexer;
    struct tn_token               second, before, token, next; /* second: before `before` */
    struct tn_str                 sql;
    size_t                        copied; /* of sql */
    struct tn_buf                *out;
    const struct tn_catalog_self *self;
    unsigned                      depth, matches; /* matches: patterns of patterns */
    bool                          too_deep;
    size_t                        moved; /* bytes that calls were written around */
    unsigned                      macros; /* in each other, of the operand that was written last */
    struct frame                  frames[DEPTH_MAX];
    size_t                        start; /* where the operand begins that was written last */
    enum operand                  operand;
    const char                   *reg;   /* it is the number of a name of this kind; NULL: it is not */
    struct tn_str                 call;  /* it is a call of this; empty: it is not */
    bool                          typed; /* a literal: `call` is its type */
    struct tn_token               column; /* it is this name, a cast of it perhaps; of no kind: it is not */
    struct tn_token               ahead; /* what stands before it */
    bool                          listing; /* between FROM and what follows it: a comma is followed by a relation */
    struct label                  label;
    bool                          in_from; /* the name before stands where FROM has a relation or a call */
};

/* What stands COUNT tokens behind the next one. */
static inline struct tn_token tn_catalog_peek(const struct writer *w, unsigned count)
{
    struct tn_lexer lexer = w->lexer;
    struct tn_token token = w->next;

    for (; count > 0; count--)
        if (!tn_lexer_next(&lexer, &token))
            return (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n("", 0)};
    return token;
}

static inline void advance(struct writer *w)
{
    w->second = w->before;
    w->before = w->token;
    w->token = w->next;
    if (!tn_lexer_next(&w->lexer, &w->next))
        w->next = (struct tn_token){.kind = TN_TOKEN_END, .text = tn_str_n(w->sql.ptr + w->sql.len, 0)};
}

static inline size_t begin_of(const struct writer *w, const struct tn_token *token)
{
    return (size_t)(token->text.ptr - w->sql.ptr);
}

/* What stands before the present token, white space and comments, is written; the token is not. */
static inline void put_gap(struct writer *w)
{
    size_t at = begin_of(w, &w->token);

    if (at > w->copied)
        tn_buf_append(w->out, w->sql.ptr + w->copied, at - w->copied);
    w->copied = at + w->token.text.len;
}

static inline void skip(struct writer *w)
{
    w->copied = begin_of(w, &w->token) + w->token.text.len;
    advance(w);
}

static inline void put_token(struct writer *w)
{
    put_gap(w);
    tn_buf_put_str(w->out, w->token.text);
    advance(w);
}

/* As PostgreSQL reads it: only what stands in quotes has capitals. */
static inline void put_folded(struct tn_buf *out, struct tn_str word)
{
    for (size_t i = 0; i < word.len; i++)
        tn_buf_put_u8(out, (uint8_t)(word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? word.ptr[i] | 0x20 : word.ptr[i]));
}

/* Names of this schema are those of the image. */
static inline void skip_schema(struct writer *w)
{
    if (is_named(&w->token, "pg_catalog") && w->next.punct == '.') {
        skip(w);
        skip(w);
    }
}

/* What was written from AT on stands between BEFORE and BEHIND. */
void tn_catalog_wrap(struct writer *w, size_t at, const char *before, const char *behind);
/* The operand that was written last is one of what its bracket holds; MACROS stand in each other there. */
void tn_catalog_note_macros(struct writer *w, unsigned macros);

/* cast.c */
void tn_catalog_cast(struct writer *w);    /* stands behind `::` */
void tn_catalog_cast_as(struct writer *w); /* stands behind AS of CAST(.. AS type) */
/* A column of pg_type's whose values are numbers of functions. */
bool tn_catalog_is_function_column(struct tn_str name);
/* The number of a name is a number to another number; the name to a text (TYPE), and to who reads it (NULL). */
void tn_catalog_show_name(struct writer *w, const struct tn_token *type);

/* label.c */
bool tn_catalog_is_vector(const struct tn_token *token); /* lists of PostgreSQL's that begin at 0, and are told as `1 2` */
void tn_catalog_follow_list(struct writer *w);           /* before each token */
bool tn_catalog_put_ordinal(struct writer *w);           /* GROUP BY t, of t.column AS t, which DuckDB takes for the relation; false: it is not */

/* relation.c */
bool tn_catalog_put_relation(struct writer *w);    /* a name stands where FROM has a relation; false: it goes as it is */
void tn_catalog_put_information(struct writer *w); /* stands behind `information_schema.` */
void tn_catalog_name_column(struct writer *w);     /* FROM f(..) [AS] name: the column has that name, too */

#endif
