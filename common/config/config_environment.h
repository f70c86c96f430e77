/*
 * The section environment_variables: sets the environment of the process, for all that is looked up
 * there, be it by the rest of the file, by libraries or by the processes that are started.
 */
#ifndef RESPOOL_CONFIG_ENVIRONMENT_H
#define RESPOOL_CONFIG_ENVIRONMENT_H

#include <stdbool.h>

#include "config_yaml.h"

/*
 * Around the reading of a file: the environment becomes what it was before an earlier file was
 * read, and stays what the new one makes of it if that is taken, else becomes that of the earlier
 * one again.
 */
void environment_begin(void);
void environment_end(bool taken);

/* Sets the section's variables, in its order. Reports errors, which never show a value. */
void environment_read(const struct config_value *section);

#endif
