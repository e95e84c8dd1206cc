/* file.h - cached translations beyond a restart: an SQLite file of rows as cache.h writes them, under what made them (tn_process.made_by), and
 * the secret that their keys were made with, which comes into being with the file. Rows of files from before there was one are
 * dropped. What cannot be read is left out; a file that is none is put aside. Blocks; for threads of the translator, one at a time. */
#ifndef TN_TRANSLATE_FILE_H
#define TN_TRANSLATE_FILE_H

#include "translate/cache.h"

struct tn_translation_file;

/* NULL: cannot be opened, and the log says why. */
struct tn_translation_file *tn_translation_file_open(const char *path);
void tn_translation_file_close(struct tn_translation_file *file); /* NULL is fine */
uint64_t tn_translation_file_secret(const struct tn_translation_file *file); /* for scans (scan.h) */
/* Rows of VERSION into CACHE, the newest that MAX_ROWS leaves; rows of other versions go. Their number. */
size_t tn_translation_file_load(struct tn_translation_file *file, const char *version, size_t max_rows, struct tn_translations *cache);
/* ROWS of tn_translations_learn(). */
void tn_translation_file_add(struct tn_translation_file *file, const char *version, struct tn_str rows);

#endif
