#include "messages_requests.h"

#include "common/dialect/messages/messages_schema.h"

#define CLOSED ",'additionalProperties':false}"

static void assert_closed(const char *schema, const char *expected)
{
	struct buf given = with_quotes(schema), wanted = with_quotes(expected), out = {0};

	messages_write_closed(&out, buf_span(&given));
	assert_string_equal(buf_cstr(&out), buf_cstr(&wanted));
	assert_true(json_check(buf_span(&out), 0, NULL, NULL));
	buf_free(&given);
	buf_free(&wanted);
	buf_free(&out);
}

static void test_an_object_is_closed(void **state)
{
	(void)state;
	assert_closed("{'type':'object'}", "{'type':'object'" CLOSED);
	assert_closed("{'properties':{}}", "{'properties':{}" CLOSED);
	assert_closed("{'type':['null','object']}", "{'type':['null','object']" CLOSED);
	assert_closed("{'ty\\u0070e':'obj\\u0065ct'}", "{'ty\\u0070e':'obj\\u0065ct'" CLOSED);
}

static void test_what_is_no_object_stays(void **state)
{
	static const char *const schemas[] = {"{}", "{'type':'string'}", "{'type':['null']}",
	    "{'$ref':'#/$defs/a'}", "{'enum':[{'type':'object'}]}",
	    "{'const':{'properties':{}},'default':{'type':'object'}}", "true", "7",
	    "{'items':true,'anyOf':7,'properties':[],'additionalProperties':false}"};

	(void)state;
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		assert_closed(schemas[i], schemas[i]);
}

static void test_what_is_there_stays_as_it_is_spelled(void **state)
{
	static const char *const schemas[] = {
	    "{'type':'object', 'additionalProperties' : false }",
	    "{'additionalProperties':true,'type':'object'}",
	    "{'type':'object','additional\\u0050roperties':{'type':'object'}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		assert_closed(schemas[i], schemas[i]);
	assert_closed("{ 'type' : 'object' ,\n\t'maximum':1.50e+1 }",
	    "{ 'type' : 'object' ,\n\t'maximum':1.50e+1 " CLOSED);
}

static void test_objects_within_are_closed(void **state)
{
	static const char *const within[] = {
	    "{'properties':{'a':%s},'additionalProperties':false}",
	    "{'$defs':{'a':%s}}",
	    "{'definitions':{'type':%s}}",
	    "{'items':%s}",
	    "{'items':[%s]}",
	    "{'prefixItems':[{},%s]}",
	    "{'anyOf':[{'type':'null'},%s]}",
	    "{'allOf':[%s]}",
	    "{'oneOf':[{'items':%s}]}",
	    "{'not':%s}",
	};
	static const char object[] = "{'type':'object'}", closed[] = "{'type':'object'" CLOSED;

	(void)state;
	for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
		const char *place = strstr(within[i], "%s");
		struct buf schema = {0}, expected = {0};

		buf_append(&schema, within[i], (size_t)(place - within[i]));
		buf_append_span(&expected, buf_span(&schema));
		buf_printf(&schema, "%s%s", object, place + 2);
		buf_printf(&expected, "%s%s", closed, place + 2);
		assert_closed(buf_cstr(&schema), buf_cstr(&expected));
		buf_free(&schema);
		buf_free(&expected);
	}
}

/* A property may have the name of a keyword. */
static void test_properties_are_no_keywords(void **state)
{
	(void)state;
	assert_closed("{'properties':{'properties':{'type':'string'},'items':{'type':'object'}}}",
	    "{'properties':{'properties':{'type':'string'},'items':{'type':'object'" CLOSED
	    "}" CLOSED);
}

static void test_each_level_is_closed_down_to_the_deepest(void **state)
{
	enum { LEVELS = JSON_MAX_DEPTH - 1 };
	struct buf schema = {0}, expected = {0};

	(void)state;
	for (int i = 0; i < LEVELS; i++)
		buf_puts(&schema, "{'type':'object','not':");
	buf_puts(&schema, "{}");
	buf_append_span(&expected, buf_span(&schema));
	for (int i = 0; i < LEVELS; i++) {
		buf_putc(&schema, '}');
		buf_puts(&expected, CLOSED);
	}
	assert_closed(buf_cstr(&schema), buf_cstr(&expected));
	buf_free(&schema);
	buf_free(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_object_is_closed),
	    cmocka_unit_test(test_what_is_no_object_stays),
	    cmocka_unit_test(test_what_is_there_stays_as_it_is_spelled),
	    cmocka_unit_test(test_objects_within_are_closed),
	    cmocka_unit_test(test_properties_are_no_keywords),
	    cmocka_unit_test(test_each_level_is_closed_down_to_the_deepest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
