#include <string.h>

#include "common/base/json.h"
#include "messages_internal.h"

enum { LEAST_MAX_TOKENS = 4096 };

static const struct effort {
	const char *name;
	long long budget; /* tokens; 0: no thinking */
	const char *sent; /* as output_config.effort, or NULL */
} efforts[] = {
    {"none", 0, NULL},
    {"minimal", 0, "low"},
    {"low", 1024, "low"},
    {"medium", 2048, "medium"},
    {"high", 4096, "high"},
    {"xhigh", 8192, "xhigh"},
    {"max", 16384, "max"},
};

static const struct effort *find_effort(struct span value)
{
	for (size_t i = 0; i < sizeof(efforts) / sizeof(efforts[0]); i++) {
		if (json_string_is(value, efforts[i].name))
			return &efforts[i];
	}
	return NULL;
}

static bool wants_summary(struct span reasoning)
{
	struct span summary = json_get(reasoning, "summary");

	if (!json_is_given(summary))
		summary = json_get(reasoning, "generate_summary");
	return json_is_given(summary) && !json_string_is(summary, "none");
}

static void set_member(struct messages_thinking *thinking, const char *member)
{
	buf_clear(&thinking->member);
	buf_puts(&thinking->member, member);
}

static const char *effort_sent(struct request_writer *writer, const struct effort *effort)
{
	if (effort->sent == NULL || strcmp(effort->sent, "xhigh") != 0 ||
	    !request_has_quirk(writer, QUIRK_NO_XHIGH_EFFORT))
		return effort->sent;
	request_leave_out(writer, "reasoning.effort beyond high");
	return "high";
}

static void plan_adaptive(struct messages_request *request, const struct effort *effort)
{
	struct messages_thinking *thinking = &request->thinking;

	thinking->effort = effort_sent(request->writer, effort);
	thinking->is_on = effort->budget > 0;
	if (!thinking->is_on)
		set_member(thinking, "{\"type\":\"disabled\"}");
	else if (wants_summary(request->members[MEMBER_REASONING]))
		set_member(thinking, "{\"type\":\"adaptive\",\"display\":\"summarized\"}");
	else
		set_member(thinking, "{\"type\":\"adaptive\"}");
}

static void plan_budget(struct messages_thinking *thinking, const struct effort *effort)
{
	thinking->is_on = thinking->is_strict = effort->budget > 0;
	thinking->budget = effort->budget;
	if (thinking->is_on)
		buf_printf(&thinking->member, "{\"type\":\"enabled\",\"budget_tokens\":%lld}",
		    effort->budget);
}

/* What the client says in this API's own words stands. */
static void plan_own(struct messages_thinking *thinking, struct span own)
{
	struct span type = json_get(own, "type");

	buf_clear(&thinking->member);
	buf_append_span(&thinking->member, own);
	thinking->is_on = !json_string_is(type, "disabled");
	thinking->is_strict = json_string_is(type, "enabled");
	thinking->budget = 0;
}

bool messages_plan_thinking(struct messages_request *request)
{
	struct request_writer *writer = request->writer;
	struct span own = request->members[MEMBER_THINKING];
	struct span value = json_get(request->members[MEMBER_REASONING], "effort");
	const struct effort *effort = find_effort(value);

	if (json_is_given(value) && effort == NULL)
		return request_invalid(writer, "reasoning",
		    "Invalid value for 'reasoning.effort': expected one of 'none', 'minimal', "
		    "'low', 'medium', 'high', 'xhigh' and 'max'.");
	if (effort != NULL && request_has_quirk(writer, QUIRK_NO_REASONING_EFFORT))
		request_leave_out(writer, "reasoning");
	else if (effort != NULL && request_has_quirk(writer, QUIRK_ADAPTIVE_THINKING))
		plan_adaptive(request, effort);
	else if (effort != NULL)
		plan_budget(&request->thinking, effort);
	if (own.len > 0)
		plan_own(&request->thinking, own);
	if (writer->without_thinking)
		messages_stop_thinking(request);
	return true;
}

void messages_stop_thinking(struct messages_request *request)
{
	struct messages_thinking *thinking = &request->thinking;

	if (!thinking->is_on)
		return;
	thinking->is_on = thinking->is_strict = false;
	thinking->budget = 0;
	buf_clear(&thinking->member);
	if (request_has_quirk(request->writer, QUIRK_ADAPTIVE_THINKING))
		set_member(thinking, "{\"type\":\"disabled\"}");
	request_leave_out(request->writer, "thinking");
}

void messages_write_max_tokens(struct buf *out, struct messages_request *request)
{
	struct request_writer *writer = request->writer;
	struct span given = request->members[MEMBER_MAX_OUTPUT_TOKENS];
	long long max = deployment_max_tokens(writer->deployment, writer->model);

	if (given.len == 0)
		given = request->members[MEMBER_MAX_TOKENS];
	if (max <= 0)
		max = LEAST_MAX_TOKENS;
	buf_puts(out, ",\"max_tokens\":");
	if (given.len > 0 && !json_integer(given, &max)) {
		buf_append_span(out, given);
		return;
	}
	/* The budget counts as output: what is asked for has to have room beside it. */
	if (request->thinking.budget > 0 && max <= request->thinking.budget) {
		if (given.len > 0)
			request_leave_out(writer, "max_output_tokens below the thinking budget");
		max += request->thinking.budget;
	}
	buf_printf(out, "%lld", max);
}
