/*
 * What tests of the configuration share. Each works in a directory of its own, so that messages
 * begin with "config.yaml:".
 */
#ifndef RESPOOL_TESTS_LOADED_H
#define RESPOOL_TESTS_LOADED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/config/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Without the variables of whoever runs the tests, and without what an earlier test has set. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)
int enter_directory(void **state);
int leave_directory(void **state);

extern const char file_name[];

struct result {
	struct config *config; /* NULL after an error */
	char *errors;
	char *log;
};

void write_bytes(const char *bytes, size_t len);
/* Another file than config.yaml. */
void write_beside(const char *name, const char *text);
/* Loads a file with stderr, where the log goes, caught. */
struct result load_path(const char *path, enum config_role role);
struct result load_as(enum config_role role, const char *text);
struct result load(const char *text);
void done(struct result *result);

/* Loads a file that must be right. */
struct result load_right(enum config_role role, const char *text);
void load_right_and_drop(const char *text);

/* Loads a file that must be wrong in one thing, with just this message. */
void assert_error_as(enum config_role role, const char *text, const char *message);
void assert_error(const char *text, const char *message);

size_t count_of(const char *text, const char *part);
void assert_holds(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);

/* One of the deployments, which has to be there. */
const struct deployment *deployment_of(const struct result *result, size_t i);

#endif
