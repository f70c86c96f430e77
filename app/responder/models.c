#include "models.h"

#include <stdlib.h>

#include "answers.h"
#include "common/base/alloc.h"
#include "common/base/json.h"
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

void models_list_handle(struct handlers *handlers)
{
	const struct config *config = handlers->config;
	struct buf *list = &handlers->object;
	const char *separator = "";
	struct listed_model listed;
	size_t place = 0;

	buf_clear(list);
	buf_puts(list, "{\"object\":\"list\",\"data\":[");
	while (model_list_next(config, &place, &listed)) {
		buf_puts(list, separator);
		write_model(list, config, &listed);
		separator = ",";
	}
	buf_puts(list, "]}");
	answer_json(handlers, buf_span(list));
}

void models_one_handle(struct handlers *handlers)
{
	struct span id = handlers->request.route.id;
	char *name = xmemdup(id.p, id.len);
	struct listed_model listed;

	buf_clear(&handlers->object);
	if (model_list_find(handlers->config, name, &listed)) {
		write_model(&handlers->object, handlers->config, &listed);
		answer_json(handlers, buf_span(&handlers->object));
	} else {
		answer_no_such_model(handlers, name);
	}
	free(name);
}
