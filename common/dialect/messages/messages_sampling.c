#include <stdlib.h>

#include "common/base/json.h"
#include "messages_internal.h"

/* The least top_p that goes with thinking. */
static const double thinking_top_p = 0.95;

static double number_of(struct span value)
{
	char text[64] = "";

	for (size_t i = 0; i < value.len && i < sizeof(text) - 1; i++)
		text[i] = value.p[i];
	return strtod(text, NULL);
}

static bool write_temperature(struct buf *out, struct messages_request *request)
{
	struct request_writer *writer = request->writer;
	struct span value = request->members[MEMBER_TEMPERATURE];
	double temperature = number_of(value);

	if (json_type(value) != JSON_NUMBER)
		return true;
	if (temperature != 1 && request_has_quirk(writer, QUIRK_FIXED_TEMPERATURE))
		return request_refuse(writer, "temperature", "it takes no other than 1");
	if (request_has_quirk(writer, QUIRK_NO_SAMPLING))
		return temperature == 1 ||
		       request_refuse(writer, "temperature", "the model takes none");
	if (request->thinking.is_on && temperature != 1) {
		request_leave_out(writer, "temperature");
		return true;
	}
	if (temperature > 1 || temperature < 0)
		request_leave_out(writer, "temperature beyond 1");
	buf_puts(out, ",\"temperature\":");
	if (temperature > 1 || temperature < 0)
		buf_putc(out, temperature > 1 ? '1' : '0');
	else
		buf_append_span(out, value);
	return true;
}

static bool write_top_p(struct buf *out, struct messages_request *request)
{
	struct request_writer *writer = request->writer;
	struct span value = request->members[MEMBER_TOP_P];
	double top_p = number_of(value);
	bool beside_temperature = json_type(request->members[MEMBER_TEMPERATURE]) == JSON_NUMBER;

	if (json_type(value) != JSON_NUMBER)
		return true;
	if (request_has_quirk(writer, QUIRK_NO_SAMPLING))
		return top_p == 1 || request_refuse(writer, "top_p", "the model takes none");
	if ((request->thinking.is_on && top_p < thinking_top_p) ||
	    (beside_temperature && request_has_quirk(writer, QUIRK_NO_TOP_P_WITH_TEMPERATURE))) {
		if (top_p != 1)
			request_leave_out(writer, "top_p");
		return true;
	}
	buf_puts(out, ",\"top_p\":");
	buf_append_span(out, value);
	return true;
}

static bool write_top_k(struct buf *out, struct messages_request *request)
{
	struct span value = request->members[MEMBER_TOP_K];

	if (value.len == 0)
		return true;
	if (request_has_quirk(request->writer, QUIRK_NO_SAMPLING))
		return request_refuse(request->writer, "top_k", "the model takes none");
	if (request->thinking.is_on) {
		request_leave_out(request->writer, "top_k");
		return true;
	}
	buf_puts(out, ",\"top_k\":");
	buf_append_span(out, value);
	return true;
}

static void write_stop(struct buf *out, const struct messages_request *request)
{
	struct span stop = request->members[MEMBER_STOP];
	bool is_one;

	if (stop.len == 0)
		stop = request->members[MEMBER_STOP_SEQUENCES];
	if (stop.len == 0)
		return;
	is_one = json_type(stop) == JSON_STRING;
	buf_puts(out, is_one ? ",\"stop_sequences\":[" : ",\"stop_sequences\":");
	buf_append_span(out, stop);
	if (is_one)
		buf_putc(out, ']');
}

bool messages_write_sampling(struct buf *out, struct messages_request *request)
{
	write_stop(out, request);
	return write_temperature(out, request) && write_top_p(out, request) &&
	       write_top_k(out, request);
}
