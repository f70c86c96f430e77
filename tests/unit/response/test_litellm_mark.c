#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/response/litellm_mark.h"

/* litellm:custom_llm_provider:openai;model_id:gpt-east;response_id:resp_68a1 */
#define OF_EAST                                                                                    \
	"bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haTttb2RlbF9pZDpncHQtZWFzdDtyZXNwb25zZV9pZDpy" \
	"ZXNwXzY4YTE"
/* litellm:custom_llm_provider:openai;model_id:gpt-east;response_id:litellm_poll_1 */
#define OF_OURS                                                                                    \
	"bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haTttb2RlbF9pZDpncHQtZWFzdDtyZXNwb25zZV9pZDps" \
	"aXRlbGxtX3BvbGxfMQ=="
/* litellm:custom_llm_provider:None;model_id:None;response_id:resp_1 */
#define OF_NOBODY                                                                                  \
	"bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOk5vbmU7bW9kZWxfaWQ6Tm9uZTtyZXNwb25zZV9pZDpyZXNwXzE="
/* litellm:custom_llm_provider:azure;model_id:;container_id:cntr_9 */
#define CONTAINER                                                                                  \
	"cntr_"                                                                                    \
	"bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOmF6dXJlO21vZGVsX2lkOjtjb250YWluZXJfaWQ6Y250cl85"
/* litellm:model_id:gpt-east;item_id:rs_1;2 */
#define ITEM_OF_EAST "encitem_bGl0ZWxsbTptb2RlbF9pZDpncHQtZWFzdDtpdGVtX2lkOnJzXzE7Mg=="
/* litellm:model_id:gpt-west;item_id:msg_7 */
#define ITEM_OF_WEST "encitem_bGl0ZWxsbTptb2RlbF9pZDpncHQtd2VzdDtpdGVtX2lkOm1zZ183"
/* model_id:gpt-east */
#define CONTENT_OF_EAST "litellm_enc:bW9kZWxfaWQ6Z3B0LWVhc3Q=;"

static void assert_same(const char *text, const char *expected)
{
	if (expected == NULL)
		assert_null(text);
	else
		assert_string_equal(text, expected);
}

static void assert_mark(const char *id, const char *provider, const char *model, const char *native)
{
	struct litellm_mark mark;

	assert_true(litellm_mark_read(&mark, span_of(id)));
	assert_same(mark.provider, provider);
	assert_same(mark.model_id, model);
	assert_same(mark.id, native);
	litellm_mark_free(&mark);
}

static void the_id_of_a_response_says_who_made_it(void **state)
{
	(void)state;
	assert_mark("resp_" OF_EAST "=", "openai", "gpt-east", "resp_68a1");
	assert_mark("resp_" OF_EAST, "openai", "gpt-east", "resp_68a1");
	assert_mark("msg_" OF_EAST, "openai", "gpt-east", "resp_68a1");
}

static void what_is_not_known_there_is_not_said(void **state)
{
	(void)state;
	assert_mark("resp_" OF_NOBODY, NULL, NULL, "resp_1");
	assert_mark(CONTAINER, "azure", NULL, "cntr_9");
}

static void an_item_s_id_may_have_a_semicolon(void **state)
{
	(void)state;
	assert_mark(ITEM_OF_EAST, NULL, "gpt-east", "rs_1;2");
}

static void other_ids_have_no_mark(void **state)
{
	static const char *const ids[] = {
	    "",
	    "resp_",
	    "resp_68a1f3",
	    "litellm_poll_0",
	    OF_EAST,
	    "resp_bGl0ZWxsbT",
	    "resp_bGl0ZWxsbTo=",                       /* litellm: */
	    "resp_bGl0ZWxsbTptb2RlbF9pZDph",           /* litellm:model_id:a */
	    "resp_bGl0ZWxsbTptb2RlbF9pZDphO2lkOg",     /* litellm:model_id:a;id: */
	    "resp_bGl0ZWxsbTptb2RlbF9pZDphO2l0ZW06Yg", /* litellm:model_id:a;item:b */
	    "resp_bGl0ZWxsbTpjdXN0b21fbGxt!",
	};
	struct litellm_mark mark;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_false(litellm_mark_read(&mark, span_of(ids[i])));
}

/* maker is "PROVIDER MODEL", "-" for what is not said. */
static void assert_undone(const char *body, const char *expected, const char *maker)
{
	struct litellm_mark found;
	struct buf out = {0}, said = {0};

	assert_true(litellm_marks_undo(&out, span_of(body), &found));
	assert_string_equal(buf_cstr(&out), expected);
	buf_printf(&said, "%s %s", found.provider != NULL ? found.provider : "-",
	    found.model_id != NULL ? found.model_id : "-");
	assert_string_equal(buf_cstr(&said), maker);
	litellm_mark_free(&found);
	buf_free(&out);
	buf_free(&said);
}

static void assert_unmarked(const char *body)
{
	struct litellm_mark maker;
	struct buf out = {0};

	assert_false(litellm_marks_undo(&out, span_of(body), &maker));
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void a_previous_response_is_called_as_its_provider_does(void **state)
{
	(void)state;
	assert_undone("{ \"model\" : \"m\",\"previous_response_id\": \"resp_" OF_EAST "=\" }",
	    "{ \"model\" : \"m\",\"previous_response_id\": \"resp_68a1\" }", "openai gpt-east");
}

static void items_come_as_their_provider_made_them(void **state)
{
	(void)state;
	assert_undone("{\"input\":[ {\"type\":\"reasoning\", \"id\":\"" ITEM_OF_EAST
		      "\",\"encrypted_content\":\"" CONTENT_OF_EAST "gAAA;b\"},\n{\"id\":\"x\"}]}",
	    "{\"input\":[ {\"type\":\"reasoning\", \"id\":\"rs_1;2\",\"encrypted_content\":"
	    "\"gAAA;b\"},\n{\"id\":\"x\"}]}",
	    "- gpt-east");
}

static void containers_are_found_wherever_they_are(void **state)
{
	(void)state;
	assert_undone(
	    "{\"tools\":[{\"type\":\"code_interpreter\",\"container\":\"" CONTAINER
	    "\"}],\"input\":[{\"content\":[{\"annotations\":[{\"container_id\":\"" CONTAINER
	    "\"}]}]}]}",
	    "{\"tools\":[{\"type\":\"code_interpreter\",\"container\":\"cntr_9\"}],\"input\":["
	    "{\"content\":[{\"annotations\":[{\"container_id\":\"cntr_9\"}]}]}]}",
	    "azure -");
}

static void the_last_item_says_who_is_to_be_asked(void **state)
{
	(void)state;
	assert_undone("{\"input\":[{\"id\":\"" ITEM_OF_EAST "\"},{\"id\":\"" ITEM_OF_WEST "\"}]}",
	    "{\"input\":[{\"id\":\"rs_1;2\"},{\"id\":\"msg_7\"}]}", "- gpt-west");
}

static void a_previous_response_says_it_before_all_items(void **state)
{
	(void)state;
	assert_undone("{\"previous_response_id\":\"resp_" OF_EAST
		      "\",\"input\":[{\"id\":\"" ITEM_OF_WEST "\"}]}",
	    "{\"previous_response_id\":\"resp_68a1\",\"input\":[{\"id\":\"msg_7\"}]}",
	    "openai gpt-east");
	assert_undone("{\"input\":[{\"id\":\"" ITEM_OF_WEST
		      "\"}],\"previous_response_id\":\"resp_" OF_EAST "\"}",
	    "{\"input\":[{\"id\":\"msg_7\"}],\"previous_response_id\":\"resp_68a1\"}",
	    "openai gpt-east");
}

static void one_of_ours_says_nothing_of_who_made_it(void **state)
{
	(void)state;
	assert_undone("{\"previous_response_id\":\"resp_" OF_OURS "\"}",
	    "{\"previous_response_id\":\"litellm_poll_1\"}", "- -");
	assert_undone("{\"previous_response_id\":\"resp_" OF_OURS
		      "\",\"input\":[{\"id\":\"" ITEM_OF_WEST "\"}]}",
	    "{\"previous_response_id\":\"litellm_poll_1\",\"input\":[{\"id\":\"msg_7\"}]}",
	    "- gpt-west");
}

static void one_that_is_no_mark_says_nothing(void **state)
{
	(void)state;
	assert_undone("{\"input\":[{\"id\":\"" ITEM_OF_WEST
		      "\"}],\"previous_response_id\":\"resp_1\"}",
	    "{\"input\":[{\"id\":\"msg_7\"}],\"previous_response_id\":\"resp_1\"}", "- gpt-west");
}

static void text_that_looks_like_a_mark_stays(void **state)
{
	(void)state;
	assert_unmarked("{\"input\":\"" ITEM_OF_EAST "\"}");
	assert_unmarked("{\"input\":[{\"content\":\"" ITEM_OF_EAST "\"}]}");
	assert_unmarked("{\"metadata\":{\"id\":\"" ITEM_OF_EAST "\"}}");
	assert_unmarked("{\"input\":[{\"id\":7,\"text\":\"" CONTENT_OF_EAST "\"}]}");
	assert_unmarked("{\"input\":[{\"encrypted_content\":\"litellm_enc:AAAA;gAAA\"}]}");
	assert_unmarked("{\"input\":[{\"id\":\"\",\"encrypted_content\":\"litellm_enc:;\"}]}");
}

static void a_body_without_marks_stays(void **state)
{
	(void)state;
	assert_unmarked("{\"model\":\"m\",\"input\":[{\"id\":\"rs_1\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_id_of_a_response_says_who_made_it),
	    cmocka_unit_test(what_is_not_known_there_is_not_said),
	    cmocka_unit_test(an_item_s_id_may_have_a_semicolon),
	    cmocka_unit_test(other_ids_have_no_mark),
	    cmocka_unit_test(a_previous_response_is_called_as_its_provider_does),
	    cmocka_unit_test(items_come_as_their_provider_made_them),
	    cmocka_unit_test(containers_are_found_wherever_they_are),
	    cmocka_unit_test(the_last_item_says_who_is_to_be_asked),
	    cmocka_unit_test(a_previous_response_says_it_before_all_items),
	    cmocka_unit_test(one_of_ours_says_nothing_of_who_made_it),
	    cmocka_unit_test(one_that_is_no_mark_says_nothing),
	    cmocka_unit_test(text_that_looks_like_a_mark_stays),
	    cmocka_unit_test(a_body_without_marks_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
