/*
 * Whatever a client sends: its path leads to a route and an id within it; its body is refused with
 * a 400, or with a 404 if its model has no name, or makes a valid initial Response object and a
 * request to the provider that differs from the body in model, stream and background alone, and in
 * what stands for a previous response.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: the path with its query as the first line, the body after it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/responder/conversation_path.h"
#include "app/responder/input_items.h"
#include "app/responder/route.h"
#include "common/provider/request_body.h"
#include "common/response/create_request.h"
#include "common/response/credentials.h"
#include "common/response/echo.h"
#include "common/base/json.h"
#include "common/base/json_c.h"
#include "common/store/keys.h"
#include "tests/strict_json_c.h"

static const char id[] = "litellm_poll_00000000-0000-4000-8000-000000000000";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_within(struct span inner, struct span outer)
{
	return inner.p >= outer.p && inner.p + inner.len <= outer.p + outer.len;
}

/* An id that is let through names keys of its own, whole. */
static void check_id(struct span text)
{
	char copy[RESPONSE_ID_MAX + 1];
	struct key_space space;
	struct response_keys keys;

	if (text.len > RESPONSE_ID_MAX)
		return;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	if (!response_id_valid(copy))
		return;
	require(strlen(copy) == text.len && strpbrk(copy, "{}: \r\n\t/*") == NULL);
	key_space_init(&space, NULL);
	response_keys(&keys, &space, copy);
	require(strcmp(keys.response + strlen(KEY_RESPONSE_PREFIX), copy) == 0);
	require(strstr(keys.job, copy) != NULL && keys.job[strlen(keys.job) - 1] == '}');
}

static bool has_id(enum route_kind kind)
{
	switch (kind) {
	case ROUTE_RESPONSE:
	case ROUTE_CANCEL:
	case ROUTE_INPUT_ITEMS:
	case ROUTE_ADMIN_DRAIN:
	case ROUTE_ADMIN_RESPONSE:
	case ROUTE_ADMIN_DETAILS:
	case ROUTE_ADMIN_CANCEL:
	case ROUTE_ADMIN_RETRY:
	case ROUTE_ADMIN_REDELIVER:
		return true;
	default:
		return false;
	}
}

/* What may have slashes in it. */
static bool has_path(enum route_kind kind)
{
	return kind == ROUTE_MODEL || kind == ROUTE_CONVERSATIONS;
}

/* As by a server that gives it twice: then it is the second half that counts. */
static bool comes_twice(struct span path)
{
	size_t half = path.len / 2;

	return path.len % 2 == 0 && memcmp(path.p, path.p + half, half) == 0;
}

static void check_conversation(struct span below)
{
	struct buf path = {0};

	if (conversation_path(&path, below))
		require(strstr(buf_cstr(&path), "/../") == NULL &&
			strpbrk(buf_cstr(&path), "?#%\\") == NULL);
	buf_free(&path);
}

/* What it leads to with a slash behind it: the page is where its address without one leads. */
static enum route_kind with_slash(enum route_kind kind)
{
	return kind == ROUTE_PAGE_MOVED ? ROUTE_PAGE : kind;
}

static void check_path(struct span path)
{
	struct route route = route_find(path), mounted;
	struct buf longer = {0};

	if (has_id(route.kind)) {
		require(is_within(route.id, path));
		require(memchr(route.id.p, '/', route.id.len) == NULL);
		check_id(route.id);
	} else if (has_path(route.kind)) {
		require(route.id.len == 0 || is_within(route.id, path));
		check_conversation(route.id);
	} else if (route.kind != ROUTE_UNKNOWN) {
		require(route.id.len == 0);
	}
	buf_puts(&longer, "/mounted/here/");
	buf_append_span(&longer, path);
	buf_putc(&longer, '/');
	mounted = route_find(buf_span(&longer));
	if (route.kind != ROUTE_UNKNOWN && !comes_twice(path))
		require(mounted.kind == with_slash(route.kind) && span_eq(mounted.id, route.id));
	buf_free(&longer);
}

/* json-c ends strings' names at NUL, and knows no half of a surrogate pair. */
static bool json_c_can_hold(struct span text)
{
	return memmem(text.p, text.len, "\\u0000", 6) == NULL &&
	       memmem(text.p, text.len, "\\ud", 3) == NULL &&
	       memmem(text.p, text.len, "\\uD", 3) == NULL;
}

static struct json_object *parse(struct span text)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
	struct json_object *object;

	require(tokener != NULL);
	json_tokener_set_flags(tokener, JSON_C_STRICT);
	object = json_tokener_parse_ex(tokener, text.p, (int)text.len);
	require(json_tokener_get_error(tokener) == json_tokener_success);
	json_tokener_free(tokener);
	return object;
}

static void delete_gateway_members(struct json_object *object)
{
	struct json_object_iter iter;
	const char *found;

	do {
		found = NULL;
		json_object_object_foreachC(object, iter)
		{
			if (gateway_member_is_ours(span_of(iter.key)))
				found = iter.key;
		}
		if (found != NULL)
			json_object_object_del(object, found);
	} while (found != NULL);
}

/* What is in front of a job's request is found again, and says what the body says. */
static void check_obeyed(const struct create_request *request)
{
	struct gateway_members members;
	struct api_error error;
	struct buf joined = {0}, object = {0};

	size_t front;

	gateway_members_write(&joined, &request->gateway);
	buf_printf(&object, "{%.*s}", (int)joined.len, buf_cstr(&joined));
	if (joined.len != 0 && request->rest.len != 0)
		buf_putc(&joined, ',');
	front = joined.len;
	buf_append_span(&joined, buf_span(&request->rest));
	require(gateway_members_in_front(buf_span(&joined)) == front);
	require(json_check(buf_span(&object), 0, NULL, NULL));
	require(gateway_members_read(&members, buf_span(&object), &error));
	require(members.obeyed == (front > 0) && !members.unmet);
	require(members.num_retries == request->gateway.num_retries);
	require(members.disable_fallbacks == request->gateway.disable_fallbacks);
	buf_free(&joined);
	buf_free(&object);
}

/* What the provider gets, less what is put in anew, is the body less the same. */
static void check_upstream_request(const struct create_request *request)
{
	struct json_object *sent, *received;
	struct buf text = {0};

	buf_putc(&text, '{');
	buf_append_span(&text, buf_span(&request->rest));
	if (request->input.len != 0)
		buf_puts(&text, request->rest.len != 0 ? ",\"input\":" : "\"input\":");
	buf_append_span(&text, request->input);
	buf_putc(&text, '}');
	require(json_check(buf_span(&text), 0, NULL, NULL));
	if (json_c_can_hold(request->body)) {
		sent = parse(buf_span(&text));
		received = parse(request->body);
		json_object_object_del(received, "model");
		json_object_object_del(received, "stream");
		json_object_object_del(received, "background");
		delete_gateway_members(received);
		if (request->continues)
			json_object_object_del(received, "previous_response_id");
		require(json_object_equal(sent, received));
		json_object_put(sent);
		json_object_put(received);
	}
	buf_free(&text);
}

/* A body that is passed on differs in the model, and in what stands for a previous response. */
static void check_passed_on(const struct create_request *request)
{
	char pattern[] = "*", upstream_model[] = "up", provider[] = "openai";
	struct deployment deployment = {
	    .model_name = pattern, .model = upstream_model, .provider = provider};
	struct json_object *sent, *received;
	struct buf text = {0}, written = {0};

	create_request_write(&written, request, SPAN(""));
	require(json_check(buf_span(&written), 0, NULL, NULL));
	request_body_for(&text, buf_span(&written), &deployment, request->model);
	require(json_check(buf_span(&text), 0, NULL, NULL));
	if (json_c_can_hold(request->body)) {
		sent = parse(buf_span(&text));
		received = parse(request->body);
		json_object_object_add(received, "model", json_object_new_string(upstream_model));
		delete_gateway_members(received);
		if (request->continues)
			json_object_object_del(received, "previous_response_id");
		require(json_object_equal(sent, received));
		json_object_put(sent);
		json_object_put(received);
	}
	buf_clear(&written);
	create_request_write(&written, request, SPAN("{\"c\":1},2"));
	require(json_check(buf_span(&written), 0, NULL, NULL));
	require(json_type(json_get(buf_span(&written), "input")) == JSON_ARRAY);
	buf_free(&written);
	buf_free(&text);
}

static void check_initial_object(const struct create_request *request, struct span body)
{
	struct span text, value;
	struct buf object = {0};

	response_initial(&object, id, 1700000000, request->fields);
	text = buf_span(&object);
	require(json_check(text, 0, NULL, NULL));
	require(response_status_peek(text) == STATUS_QUEUED);
	require(json_string_is(json_get(text, "id"), id));
	require(json_string_is(json_get(text, "status"), "queued"));
	require(json_string_is(json_get(text, "model"), request->model) ||
		strstr(request->model, "\xef\xbf\xbd") != NULL);
	require(span_is(json_get(text, "output"), "[]"));
	require(span_is(json_get(text, "error"), "null"));
	for (enum response_field f = 0; f < RESPONSE_FIELD_COUNT; f++) {
		value = json_get(text, response_field_name(f));
		require(value.len != 0);
		require(request->fields[f].len == 0 || is_within(request->fields[f], body) ||
			(f == RESPONSE_MODEL && is_within(request->fields[f], request->body)));
	}
	buf_free(&object);
}

/* What is shown of a field is shown as it is, and holds no credentials. */
static void check_echo(enum response_field field, struct span value)
{
	struct buf once = {0}, twice = {0};

	if (echo_write(&once, field, value)) {
		require(json_check(buf_span(&once), 0, NULL, NULL));
		require(echo_write(&twice, field, buf_span(&once)));
		require(span_eq(buf_span(&once), buf_span(&twice)));
		buf_clear(&twice);
		if (field == RESPONSE_TOOLS || field == RESPONSE_TOOL_CHOICE) {
			require(!credentials_write(&twice, buf_span(&once)));
			require(span_eq(buf_span(&once), buf_span(&twice)));
		}
	}
	buf_free(&once);
	buf_free(&twice);
}

static void check_kept_input(struct span input)
{
	struct buf kept = {0}, again = {0};

	if (credentials_write_input(&kept, input)) {
		require(json_check(buf_span(&kept), 0, NULL, NULL));
		require(!credentials_write_input(&again, buf_span(&kept)));
	}
	require(again.len == 0);
	buf_free(&kept);
	buf_free(&again);
}

/* A model of no name is one that nobody has. */
static bool is_unknown_model(const struct api_error *error)
{
	return error->status == 404 && error->code != NULL &&
	       strcmp(error->code, "model_not_found") == 0;
}

static void check_error(const struct api_error *error)
{
	struct buf text = {0};

	require(error->status == 400 || is_unknown_model(error));
	require(error->message[0] != '\0' && error->type != NULL);
	api_error_json(&text, error);
	require(json_check(buf_span(&text), 0, NULL, NULL));
	buf_free(&text);
}

static void check_input_items(struct span input, const char *query_text)
{
	struct items_query query;
	struct api_error error;
	struct buf list = {0};

	if (!items_query_parse(&query, query_text, &error)) {
		check_error(&error);
		return;
	}
	require(query.limit >= 1 && query.limit <= 100);
	if (input_items_list(&list, id, input, &query, &error)) {
		require(json_check(buf_span(&list), 0, NULL, NULL));
		require(json_string_is(json_get(buf_span(&list), "object"), "list"));
		require(json_type(json_get(buf_span(&list), "data")) == JSON_ARRAY);
	} else {
		check_error(&error);
	}
	buf_free(&list);
	items_query_free(&query);
}

static void check_body(struct span body, const char *query)
{
	struct create_request request;
	struct api_error error;

	if (!create_request_parse(&request, body, &error)) {
		check_error(&error);
		check_input_items((struct span){0}, query);
		return;
	}
	require(json_check(body, 0, NULL, NULL));
	if (request.model == NULL)
		create_request_use_model(&request, "m");
	require(request.model[0] != '\0');
	check_initial_object(&request, body);
	for (enum response_field f = 0; f < RESPONSE_FIELD_COUNT; f++)
		check_echo(f, request.fields[f]);
	check_kept_input(request.input);
	check_upstream_request(&request);
	check_passed_on(&request);
	check_obeyed(&request);
	check_input_items(request.input, query);
	create_request_free(&request);
}

/* A copy of exactly that size, so that reading past it is seen. */
static char *copy_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1);

	require(copy != NULL);
	memcpy(copy, data, size);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size != 0 ? memchr(data, '\n', size) : NULL;
	size_t line = newline != NULL ? (size_t)(newline - data) : size;
	size_t skipped = line + (newline != NULL);
	size_t path_len;
	char *path, *body, *query;

	query = copy_of((const uint8_t *)"", 1);
	/* A FastCGI variable ends at the first NUL. */
	for (path_len = 0; path_len < line && data[path_len] != '?' && data[path_len] != 0;
	     path_len++)
		;
	if (path_len < line) {
		size_t len = line - path_len - 1;

		free(query);
		query = malloc(len + 1);
		require(query != NULL);
		memcpy(query, data + path_len + 1, len);
		query[len] = '\0';
	}
	path = copy_of(data, path_len);
	body = copy_of(data + skipped, size - skipped);
	check_path((struct span){path, path_len});
	check_body((struct span){body, size - skipped}, query);
	free(path);
	free(query);
	free(body);
	return 0;
}
