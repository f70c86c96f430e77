/*
 * Whatever events of the Messages API come, the builder's events are ones that the fold takes, they
 * and the object are valid JSON, and the events fold into the same output.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte that is 'O' for a message that is no stream, and it, or the events as lines.
 */
#include "common/dialect/messages/messages_reader.h"
#include "reader_run.h"

static void give_event(void *reader, struct span text)
{
	messages_reader_event(reader, text);
}

static void give_object(void *reader, struct span text)
{
	messages_reader_object(reader, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader_run run;
	struct messages_reader *reader;
	struct span rest;

	if (size == 0)
		return 0;
	rest = (struct span){(const char *)data + 1, size - 1};
	reader_run_open(&run, false);
	reader = messages_reader_new(&run.setting);
	if (data[0] == 'O')
		give_copy(give_object, reader, rest);
	else
		give_lines(give_event, reader, rest);
	reader_run_check(&run, messages_reader_end(reader));
	messages_reader_free(reader);
	reader_run_close(&run);
	return 0;
}
