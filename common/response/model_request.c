#include "model_request.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "request_members.h"

static bool read_member(
    struct model_request *request, struct span name, struct span value, struct api_error *error)
{
	if (span_is(name, "model"))
		return request_read_model(&request->model, value, error);
	if (span_is(name, "stream"))
		return request_read_flag(&request->stream, "stream", value, error);
	return gateway_members_take(&request->gateway, name, value, error);
}

static bool read_members(struct model_request *request, struct api_error *error)
{
	struct request_members members;
	struct span key, name, value;
	bool valid = true;

	request_members_open(&members, request->body);
	while (valid && request_members_next(&members, &key, &name, &value, error))
		valid = read_member(request, name, value, error);
	return request_members_close(&members) && valid;
}

bool model_request_parse(struct model_request *request, struct span body, struct api_error *error)
{
	*request = (struct model_request){.body = body, .gateway = GATEWAY_MEMBERS_INIT};
	if (request_body_check(body, error) && read_members(request, error))
		return true;
	model_request_free(request);
	return false;
}

void model_request_free(struct model_request *request)
{
	free(request->model);
	buf_free(&request->named);
	*request = (struct model_request){0};
}

void model_request_use_model(struct model_request *request, const char *model)
{
	request_body_name_model(&request->named, request->body, model);
	request->body = buf_span(&request->named);
	request->model = xstrdup(model);
}
