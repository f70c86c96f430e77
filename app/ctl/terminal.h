/* Whether people are at the other end, and what they see and say. */
#ifndef RESPOOL_TERMINAL_H
#define RESPOOL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether stdout is a terminal. */
bool terminal_is_shown(void);
/* Its columns; 0 if stdout is none, or they are not known. */
size_t terminal_width(void);

/* Whether somebody types: stdin is a terminal, and so is stderr, where questions go. */
bool terminal_is_typed(void);
/* Asks "QUESTION [y/N] ", and returns whether the answer is yes. */
bool terminal_confirm(const char *question);

#endif
