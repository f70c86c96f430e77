/*
 * Whatever chunks of Chat Completions come, the builder's events are ones that the fold takes, they
 * and the object are valid JSON, and the events fold into the same output.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte, whose lowest bits say whether think tags are read, whether the lines are one
 * object and whether "[DONE]" comes; and the events as lines.
 */
#include "common/dialect/chat/chat_reader.h"
#include "reader_run.h"

enum { THINK_TAGS = 1, IS_OBJECT = 2, DONE = 4 };

static void give_event(void *reader, struct span text)
{
	chat_reader_event(reader, text);
}

static void give_object(void *reader, struct span text)
{
	chat_reader_object(reader, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader_run run;
	struct chat_reader *reader;
	bool is_object;

	if (size == 0)
		return 0;
	is_object = (data[0] & IS_OBJECT) != 0;
	reader_run_open(&run, (data[0] & THINK_TAGS) != 0);
	reader = chat_reader_new(&run.setting);
	give_lines(is_object ? give_object : give_event, reader,
	    (struct span){(const char *)data + 1, size - 1});
	reader_run_check(&run, chat_reader_end(reader, is_object || (data[0] & DONE) != 0));
	chat_reader_free(reader);
	reader_run_close(&run);
	return 0;
}
