/* model_features.h - one statement's text as numbers, for a model that foresees how long it takes: which tables, columns and
 * functions, compared how, and with which literals. A list of (key, value); what is not in it is absent, which for a model is as
 * good as 0 for a count and "not known" for a literal. After adaptive, section H.
 *
 * Keys are hashes of what the feature is about ("`<` on title.id"), so that every run of the program, and every statement, finds
 * the same one; aliases are replaced by the tables that they stand for, and case does not matter. Strings are kept as their
 * length and a hash, dates as days. */
#ifndef TN_STATS_MODEL_FEATURES_H
#define TN_STATS_MODEL_FEATURES_H

#include "stats/features.h"

enum {
    TN_MODEL_FEATURES = 240,   /* of one text; further ones are left out */
    TN_MODEL_TEXT = 32 * 1024  /* bytes that are looked at */
};

/* What a feature is about. FEATURE(NAME, what its value is). */
enum tn_model_kind {
#define FEATURE(name, value) TN_MODEL_##name,
#include "stats/model_features.def"
#undef FEATURE
    TN_MODEL_KINDS
};

struct tn_model_feature {
    uint32_t key;
    float    value; /* finite */
};

struct tn_model_features {
    unsigned                count;
    struct tn_model_feature list[TN_MODEL_FEATURES];
};

/* Never fails, linear, no allocation, some 10 KB of stack; in the order in which the text names them. */
void tn_model_features_read(struct tn_model_features *out, struct tn_str text, enum tn_dialect dialect);

/* The key of KIND about NAMES, COUNT of them, as written (table, column, operator ...). */
uint32_t tn_model_key(enum tn_model_kind kind, const struct tn_str *names, size_t count);

#endif
