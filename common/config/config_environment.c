#include "config_environment.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "config_section.h"

struct variable {
	char *name;
	char *value;
	char *before; /* NULL if it was unset */
};

/* What a file has set, in its order. */
struct overlay {
	struct variable *variables;
	size_t count;
};

/* Of the file that counts, and of the one before while a new one is read. */
static struct overlay current, previous;

static void set(const char *name, const char *value)
{
	if (value == NULL)
		unsetenv(name);
	else if (setenv(name, value, 1) != 0)
		fatal("setenv");
}

static void apply(const struct overlay *overlay)
{
	for (size_t i = 0; i < overlay->count; i++)
		set(overlay->variables[i].name, overlay->variables[i].value);
}

/* What somebody else has set since stays. */
static void undo(const struct overlay *overlay)
{
	for (size_t i = overlay->count; i-- > 0;) {
		const struct variable *variable = &overlay->variables[i];
		const char *now = getenv(variable->name);

		if (now != NULL && strcmp(now, variable->value) == 0)
			set(variable->name, variable->before);
	}
}

static void forget(struct overlay *overlay)
{
	for (size_t i = 0; i < overlay->count; i++) {
		free(overlay->variables[i].name);
		free(overlay->variables[i].value);
		free(overlay->variables[i].before);
	}
	free(overlay->variables);
	*overlay = (struct overlay){0};
}

void environment_begin(void)
{
	previous = current;
	current = (struct overlay){0};
	undo(&previous);
}

void environment_end(bool taken)
{
	if (taken) {
		forget(&previous);
		return;
	}
	undo(&current);
	forget(&current);
	current = previous;
	previous = (struct overlay){0};
	apply(&current);
}

/* These say how a process runs, not what it does; LiteLLM leaves them alone, too. */
static bool is_of_the_process(const char *name)
{
	static const char *const names[] = {
	    "HOME", "LOGNAME", "NO_PROXY", "PATH", "SHELL", "USER", "no_proxy"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return strncmp(name, "LD_", 3) == 0 || strncmp(name, "MALLOC_", 7) == 0;
}

static void add(const char *name, const char *value)
{
	const char *before = getenv(name);
	struct variable variable = {
	    .name = xstrdup(name),
	    .value = xstrdup(value),
	    .before = before != NULL ? xstrdup(before) : NULL,
	};

	current.variables =
	    xrealloc(current.variables, (current.count + 1) * sizeof(*current.variables));
	current.variables[current.count++] = variable;
	set(name, variable.value);
}

static void read_variable(const struct config_value *value)
{
	const char *name = value->key, *unset, *text;

	if (name[0] == '\0' || strchr(name, '=') != NULL) {
		config_wrong(value, "no variable can have this name, expected one without =");
		return;
	}
	if (is_of_the_process(name)) {
		config_warn(value, "left as it is: it may not be set here");
		return;
	}
	unset = config_unset_variable(value);
	if (unset != NULL && getenv(unset) == NULL)
		return;
	text = config_any_text(value, "the value of a variable");
	if (text != NULL)
		add(name, text);
}

void environment_read(const struct config_value *section)
{
	struct config_value *members;
	size_t count;

	if (!config_members(
		section, "a mapping of variables' names to their values", &members, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!config_is_null(&members[i]))
			read_variable(&members[i]);
	}
	free(members);
}
