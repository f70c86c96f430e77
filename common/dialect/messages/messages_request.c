#include "common/base/json.h"
#include "common/config/model.h"
#include "messages_internal.h"
#include "messages_schema.h"

enum { MOST_MARKS = 4 };

enum fate {
	FATE_KEPT,
	FATE_LEFT_OUT,
	FATE_REFUSED, /* unless it changes nothing */
	FATE_ANOTHER, /* the same, also with drop_params: the question would be another one */
};

static const struct {
	struct span name;
	const char *param;
	enum fate fate;
} known[MEMBER_COUNT] = {
#define MEMBER_LINE(name, key, fate) {{key, sizeof(key) - 1}, key, FATE_##fate},
    MESSAGES_MEMBERS(MEMBER_LINE)
#undef MEMBER_LINE
};

/* 0 in any spelling. */
static bool is_zero(struct span number)
{
	for (size_t i = 0; i < number.len && number.p[i] != 'e' && number.p[i] != 'E'; i++) {
		if (number.p[i] >= '1' && number.p[i] <= '9')
			return false;
	}
	return true;
}

static bool says_nothing(struct span value)
{
	return json_type(value) == JSON_FALSE ||
	       (json_type(value) == JSON_NUMBER && is_zero(value)) || json_is_empty(value);
}

static bool take(struct messages_request *request, enum messages_member member, struct span value)
{
	const char *name = known[member].param;

	if (!json_is_given(value))
		return true;
	request->members[member] = value;
	if (known[member].fate == FATE_LEFT_OUT)
		request_leave_out(request->writer, name);
	if (known[member].fate == FATE_KEPT || known[member].fate == FATE_LEFT_OUT ||
	    says_nothing(value))
		return true;
	if (known[member].fate == FATE_REFUSED)
		return request_refuse(request->writer, name, "it has nothing like it");
	return request_refuse_always(
	    request->writer, name, "it keeps no responses, conversations and prompts");
}

static enum messages_member find_member(struct span name)
{
	int member = 0;

	while (member < MEMBER_COUNT && !span_eq(name, known[member].name))
		member++;
	return (enum messages_member)member;
}

static void pass(struct buf *out, struct span key, struct span value)
{
	buf_puts(out, ",\"");
	buf_append_span(out, key);
	buf_puts(out, "\":");
	buf_append_span(out, value);
}

static bool read_members(struct messages_request *request, struct span body)
{
	struct request_writer *writer = request->writer;
	struct json_scan scan = json_open(body, 0);
	struct span key, name, value;
	struct buf scratch = {0};
	enum messages_member member;
	bool taken = true;

	while (taken && json_member(&scan, &key, &value)) {
		name = json_name(&scratch, key);
		if (deployment_drops(writer->deployment, writer->model, name))
			continue;
		member = find_member(name);
		if (member == MEMBER_COUNT)
			pass(&request->passed, key, value);
		else
			taken = take(request, member, value);
	}
	buf_free(&scratch);
	return taken;
}

static bool check_include(struct messages_request *request)
{
	struct span include = request->members[MEMBER_INCLUDE], what;
	struct json_scan scan = json_open(include, 0);

	while (json_type(include) == JSON_ARRAY && json_element(&scan, &what)) {
		if (json_string_is(what, "message.output_text.logprobs") &&
		    !request_refuse(
			request->writer, "include", "it tells no probabilities of tokens"))
			return false;
	}
	return true;
}

static void write_user(struct buf *out, const struct messages_request *request)
{
	struct span user = request->members[MEMBER_SAFETY_IDENTIFIER];

	if (user.len == 0)
		user = request->members[MEMBER_USER];
	if (json_type(user) != JSON_STRING || json_inside(user).len == 0)
		return;
	buf_puts(out, ",\"metadata\":{\"user_id\":");
	buf_append_span(out, user);
	buf_putc(out, '}');
}

static void write_service_tier(struct buf *out, const struct messages_request *request)
{
	struct span tier = request->members[MEMBER_SERVICE_TIER];

	if (json_string_is(tier, "auto"))
		buf_puts(out, ",\"service_tier\":\"auto\"");
	else if (json_string_is(tier, "default") || json_string_is(tier, "standard_only"))
		buf_puts(out, ",\"service_tier\":\"standard_only\"");
	else if (tier.len > 0)
		request_leave_out(request->writer, "service_tier");
}

/* What the client has said in this API's own words stands, and what it has not is added. */
static void write_output_config(struct buf *out, const struct messages_request *request)
{
	struct span own = request->members[MEMBER_OUTPUT_CONFIG], key, value;
	struct json_scan scan = json_open(own, 0);
	struct buf members = {0};

	buf_putc(&members, '{');
	while (json_type(own) == JSON_OBJECT && json_member(&scan, &key, &value)) {
		json_write_name(&members, key);
		buf_append_span(&members, value);
	}
	if (request->thinking.effort != NULL && json_get(own, "effort").len == 0) {
		json_write_name(&members, SPAN("effort"));
		json_quote(&members, span_of(request->thinking.effort));
	}
	if (request->format.len > 0 && json_get(own, "format").len == 0) {
		json_write_name(&members, SPAN("format"));
		buf_puts(&members, "{\"type\":\"json_schema\",\"schema\":");
		messages_write_closed(&members, request->format);
		buf_putc(&members, '}');
	}
	buf_putc(&members, '}');
	if (members.len > 2)
		pass(out, SPAN("output_config"), buf_span(&members));
	buf_free(&members);
}

/* Both APIs have a member of that name; this one's is an object. */
static bool write_context_management(struct buf *out, const struct messages_request *request)
{
	static const char name[] = "context_management";
	struct span value = request->members[MEMBER_CONTEXT_MANAGEMENT];

	if (json_type(value) == JSON_OBJECT)
		pass(out, span_of(name), value);
	else if (value.len > 0 && !json_is_empty(value))
		return request_refuse(
		    request->writer, name, "it manages a context in words of its own");
	return true;
}

static void write_list(struct buf *out, const char *name, const struct buf *list, size_t *surplus)
{
	if (list->len == 0)
		return;
	buf_printf(out, ",\"%s\":[", name);
	messages_copy_marked(out, list, surplus);
	buf_putc(out, ']');
}

/* In the order of the provider's cache, of which the last marks matter most. */
static void write_lists(struct buf *out, const struct messages_request *request)
{
	size_t marks = messages_count_marks(&request->tools) +
		       messages_count_marks(&request->system) +
		       messages_count_marks(&request->messages);
	size_t most = MOST_MARKS, surplus;

	if (request->members[MEMBER_CACHE_CONTROL].len > 0)
		most--;
	surplus = marks > most ? marks - most : 0;
	if (surplus > 0)
		request_leave_out(request->writer, "cache marks beyond four");
	write_list(out, "tools", &request->tools, &surplus);
	write_list(out, "system", &request->system, &surplus);
	write_list(out, "messages", &request->messages, &surplus);
}

static bool write_whole(struct buf *out, struct messages_request *request)
{
	buf_puts(out, "{\"model\":");
	request_write_model(out, request->writer);
	messages_write_max_tokens(out, request);
	buf_puts(out, ",\"stream\":true");
	if (!messages_write_sampling(out, request))
		return false;
	if (request->thinking.member.len > 0)
		pass(out, SPAN("thinking"), buf_span(&request->thinking.member));
	write_output_config(out, request);
	write_service_tier(out, request);
	write_user(out, request);
	if (!write_context_management(out, request))
		return false;
	if (request->members[MEMBER_CACHE_CONTROL].len > 0)
		pass(out, SPAN("cache_control"), request->members[MEMBER_CACHE_CONTROL]);
	buf_append_span(out, buf_span(&request->passed));
	messages_write_choice(out, request);
	write_lists(out, request);
	buf_putc(out, '}');
	return true;
}

static void clear(struct messages_request *request)
{
	request_allowed_free(&request->allowed);
	buf_free(&request->chosen);
	buf_free(&request->messages);
	buf_free(&request->system);
	buf_free(&request->tools);
	buf_free(&request->thinking.member);
	buf_free(&request->passed);
}

bool messages_request_write(struct buf *out, struct request_writer *writer, struct span body)
{
	struct messages_request request = {.writer = writer};
	bool written = read_members(&request, body) && check_include(&request) &&
		       messages_plan_thinking(&request) && messages_read_choice(&request) &&
		       messages_read_tools(&request) && messages_read_input(&request) &&
		       messages_settle_choice(&request) && write_whole(out, &request);

	clear(&request);
	return written;
}
