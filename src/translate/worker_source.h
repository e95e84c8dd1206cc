/* worker_source.h - worker.py, built into the program (tools/cmake/embed.cmake). */
#ifndef TN_TRANSLATE_WORKER_SOURCE_H
#define TN_TRANSLATE_WORKER_SOURCE_H

#include <stddef.h>

extern const char   tn_worker_source[];
extern const size_t tn_worker_source_len;

#endif
