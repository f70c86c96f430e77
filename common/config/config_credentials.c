#include "config_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_section.h"

static const char expected_name[] = "a name that credential_list has";

static void read_values(const struct config_value *value, void *dest)
{
	struct config_value *members;
	size_t count;

	(void)dest;
	if (config_members(value, "a mapping with keys of litellm_params", &members, &count))
		free(members);
}

/* Whose it is, for LiteLLM's pages. */
static void read_info(const struct config_value *value, void *dest)
{
	(void)value;
	(void)dest;
}

struct credential {
	char *name;
};

static const struct config_key credential_keys[] = {
    {"credential_name", CONFIG_STRING, CONFIG_REQUIRED, "the credential's name",
	IN(struct credential, name)},
    {"credential_values", CONFIG_READER, CONFIG_REQUIRED, "a mapping with keys of litellm_params",
	.read = read_values},
    {"credential_info", CONFIG_READER, .read = read_info},
};

/* What a name says, be it in a variable; "" if it says nothing. */
static const char *text_of(const struct config_value *name)
{
	const char *text = NULL;

	if (config_raw_text(name)[0] != '\0' && config_unset_variable(name) == NULL)
		text = config_any_text(name, expected_name);
	return text != NULL ? text : "";
}

/* A credential's name, or "" if it has none that is one. */
static const char *name_of(const struct config_value *credential)
{
	struct config_value name;

	return config_find(credential, "credential_name", &name) ? text_of(&name) : "";
}

/* The first one of that name in the list before the end, or false. */
static bool find_in(
    const struct config_value *list, size_t end, const char *name, struct config_value *credential)
{
	for (size_t i = 0; i < end; i++) {
		*credential = config_element(list, i);
		if (strcmp(name_of(credential), name) == 0)
			return true;
	}
	return false;
}

static void check_again(const struct config_value *list, size_t index, const char *name)
{
	const struct config_value element = config_element(list, index);
	struct config_value earlier;

	if (find_in(list, index, name, &earlier))
		config_wrong(&element,
		    "name \"%.60s\" again, expected one for each credential "
		    "(first in %s:%zu)",
		    name, config_path_of(&earlier), earlier.line);
}

void credentials_read(const struct config_value *list, void *dest)
{
	(void)dest;
	if (!config_is_list(list, "a list of credentials"))
		return;
	for (size_t i = 0; i < config_length(list); i++) {
		const struct config_value element = config_element(list, i);
		struct credential credential = {0};

		if (config_section(&element, "a mapping with credential_name and credential_values",
			KEYS(credential_keys), &credential))
			check_again(list, i, name_of(&element));
		free(credential.name);
	}
}

static bool find_list(const struct config_value *value, struct config_value *list)
{
	const struct config_value root = config_file_root(value->file);

	return config_find(&root, "credential_list", list) &&
	       list->node->type == YAML_SEQUENCE_NODE;
}

/* "expected one of credential_list: a, b" */
static void add_known(struct buf *text, const struct config_value *value)
{
	struct config_value list;

	if (!find_list(value, &list) || config_length(&list) == 0) {
		buf_puts(text, "a credential_list that has it");
		return;
	}
	buf_puts(text, "a name that credential_list has");
	for (size_t i = 0; i < config_length(&list); i++) {
		const struct config_value element = config_element(&list, i);

		buf_printf(text, "%s \"%.60s\"", i == 0 ? ":" : ",", name_of(&element));
	}
}

static bool find_named(const struct config_value *value, struct config_value *credential)
{
	struct config_value list;

	return text_of(value)[0] != '\0' && find_list(value, &list) &&
	       find_in(&list, config_length(&list), text_of(value), credential);
}

void credentials_check_name(const struct config_value *name, void *dest)
{
	struct config_value credential;
	struct buf known = {0};
	char *text;

	(void)dest;
	if (!config_string(name, 0, expected_name, &text))
		return;
	if (!find_named(name, &credential)) {
		add_known(&known, name);
		/* As it stands in the file: what a variable has may be meant for a key. */
		config_wrong(name, "\"%.60s\" is no credential, expected %.250s",
		    config_raw_text(name), buf_cstr(&known));
	}
	buf_free(&known);
	free(text);
}

bool credentials_find(const struct config_value *params, struct config_value *values)
{
	struct config_value name, credential;

	if (!config_find(params, "litellm_credential_name", &name) ||
	    !find_named(&name, &credential) ||
	    !config_find(&credential, "credential_values", values))
		return false;
	values->parent = params;
	values->key = "litellm_credential_name";
	return values->node->type == YAML_MAPPING_NODE;
}
