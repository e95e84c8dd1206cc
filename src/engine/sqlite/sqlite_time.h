/* sqlite_time.h - dates and times as SQLite's own functions read and write them (sqlite.org/lang_datefunc.html). */
#ifndef TN_ENGINE_SQLITE_TIME_H
#define TN_ENGINE_SQLITE_TIME_H

#include "base/str.h"

#include <stdint.h>

/* Whole text, nothing lost (no digits below a microsecond). */
bool tn_sqlite_read_date(struct tn_str text, int32_t *days);
bool tn_sqlite_read_time(struct tn_str text, int64_t *us);
/* "2024-01-31", "2024-01-31 10:20", "2024-01-31T10:20:30.5", with Z or +HH:MM behind; *OFFSET_S is 0 without. */
bool tn_sqlite_read_timestamp(struct tn_str text, int64_t *us, int32_t *offset_s);

enum { TN_SQLITE_TIME_TEXT = 48 };
void tn_sqlite_write_date(char out[TN_SQLITE_TIME_TEXT], int32_t days);
void tn_sqlite_write_time(char out[TN_SQLITE_TIME_TEXT], int64_t us);
void tn_sqlite_write_timestamp(char out[TN_SQLITE_TIME_TEXT], int64_t us);

#endif
