/* typed.h - what somebody types on a terminal and must not be read over the shoulder. */
#ifndef TN_CLI_TYPED_H
#define TN_CLI_TYPED_H

#include <stdbool.h>

/* Is standard input a terminal? */
bool tn_cli_has_terminal(void);

/* Asks PROMPT on standard error and calls TAKE(ARG), which reads a line of standard input, without an echo. A signal that ends or stops the program
 * meanwhile does so with the echo as it was. Without a terminal: only TAKE. */
void tn_cli_typed(const char *prompt, void (*take)(void *arg), void *arg);

#endif
