/* How many descriptors a process may have open. */
#ifndef RESPOOL_DESCRIPTORS_H
#define RESPOOL_DESCRIPTORS_H

/*
 * Raises the limit as far as the process may if it is below wanted. Returns what may be open then,
 * which can be less.
 */
unsigned long long descriptors_allow(unsigned long long wanted);

/*
 * Closes all but standard error and those that are needed; standard input and output are /dev/null
 * then. For a child that needs little of what its parent has open.
 */
void descriptors_close_but(const int *needed, int count);

#endif
