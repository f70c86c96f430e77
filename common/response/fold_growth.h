/* Events that let parts of items grow, or bring whole parts. */
#ifndef RESPOOL_FOLD_GROWTH_H
#define RESPOOL_FOLD_GROWTH_H

#include "event.h"

event_fn delta_came, value_done; /* a text that grows, and its final state */
event_fn annotation_added;       /* one more element of a list */
event_fn part_added, part_done;  /* a whole part */
event_fn command_added;          /* a shell command that is about to grow */
event_fn streams_came;           /* more of what a shell command has written */
event_fn outputs_done;           /* all that one has written */

#endif
