/* What a process is called in the list of processes. */
#ifndef RESPOOL_TITLE_H
#define RESPOOL_TITLE_H

/*
 * To be called by main() before anything keeps a pointer into argv or environ, as titles are
 * written over both: returns a copy of argv to be used instead. The environment is moved; if there
 * is no memory for that, titles stay short.
 */
char **title_init(int argc, char **argv);

/* "PROGRAM: ROLE" in place of the command line. What options said is not to be read afterwards. */
void title_set(const char *program, const char *role);

#endif
