#include "models.h"

#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/config/key_models.h"
#include "common/config/model_list.h"

/* Appends the object that stands for the model. */
static void write_model(
    struct buf *out, const struct config *config, const struct listed_model *listed)
{
	buf_puts(out, "{\"id\":");
	json_quote(out, span_of(listed->name));
	buf_printf(out, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":", config->modified);
	json_quote(out, listed_model_owner(listed));
	buf_putc(out, '}');
}

/* A list that is being written. */
struct model_writer {
	struct buf *out;
	const struct config *config;
	const char *separator;
};

static void add_model(struct model_writer *writer, const struct listed_model *listed)
{
	buf_puts(writer->out, writer->separator);
	write_model(writer->out, writer->config, listed);
	writer->separator = ",";
}

static void add_configured(struct model_writer *writer, const struct access_key *key)
{
	struct listed_model listed;
	size_t place = 0;

	while (model_list_next(writer->config, &place, &listed)) {
		if (key_may_use(writer->config, key, listed.name))
			add_model(writer, &listed);
	}
}

/* What a pattern serves is not in the list; but who may use that alone is to know of it. */
static void add_own(struct model_writer *writer, const struct access_key *key)
{
	struct listed_model listed;

	for (size_t i = 0; i < key->model_count; i++) {
		if (strchr(key->models[i], '*') == NULL &&
		    model_list_find(writer->config, key->models[i], &listed) &&
		    listed.model == listed.name &&
		    strchr(listed.deployment->model_name, '*') != NULL)
			add_model(writer, &listed);
	}
}

void models_list_handle(struct handlers *handlers)
{
	struct buf *list = &handlers->object;
	struct model_writer writer = {list, handlers->config, ""};

	buf_clear(list);
	buf_puts(list, "{\"object\":\"list\",\"data\":[");
	add_configured(&writer, handlers->key);
	add_own(&writer, handlers->key);
	buf_puts(list, "]}");
	answer_json(handlers, buf_span(list));
}

void models_one_handle(struct handlers *handlers)
{
	const struct config *config = handlers->config;
	struct span id = handlers->request.route.id;
	char *name = xmemdup(id.p, id.len);
	struct listed_model listed;

	buf_clear(&handlers->object);
	if (model_list_find(config, name, &listed) && key_may_use(config, handlers->key, name)) {
		write_model(&handlers->object, config, &listed);
		answer_json(handlers, buf_span(&handlers->object));
	} else {
		answer_model_not_found(handlers, name);
	}
	free(name);
}
