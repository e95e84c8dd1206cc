/* writer.h - a statement on its way from PostgreSQL's words to those of an image (text.h), as text.c and cast.c write it. Nobody else includes it. */
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
    unsigned      commas;
    unsigned      macros; /* in each other, of what stands in it */
};

struct writer {
    struct tn_lexer               lexer;
    struct tn_token               before, token, next;
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
    enum { BEFORE_LIST, IN_LIST, BEHIND_LIST } list; /* of the columns of the outermost SELECT */
    size_t                        item;  /* where its present one begins */
    bool                          in_from; /* the name before stands where FROM has a relation or a call */
};

static inline void advance(struct writer *w)
{
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
/* The number of a name is a number to another number; the name to a text (TYPE), and to who reads it (NULL). */
void tn_catalog_show_name(struct writer *w, const struct tn_token *type);

#endif
