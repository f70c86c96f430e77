#include "process_record.h"

#include <stdio.h>
#include <stdlib.h>

/* Takes the next word off the front; an empty one at the end. */
static struct span take_word(struct span *record)
{
	struct span word = {record->p, 0};

	while (word.len < record->len && word.p[word.len] != ' ')
		word.len++;
	record->p += word.len;
	record->len -= word.len;
	span_skip(record, " ");
	return word;
}

static long long take_number(struct span *record)
{
	struct span word = take_word(record);
	char digits[24];

	snprintf(digits, sizeof(digits), "%.*s", (int)word.len, word.len != 0 ? word.p : "");
	return strtoll(digits, NULL, 10);
}

static void copy(char *out, size_t size, struct span text)
{
	snprintf(out, size, "%.*s", (int)text.len, text.len != 0 ? text.p : "");
}

void process_record_read(struct store_process *process, struct span record)
{
	process->streams = (int)take_number(&record);
	process->beat_at = take_number(&record) / 1000;
	process->started_at = take_number(&record);
	process->pid = (long)take_number(&record);
	copy(process->version, sizeof(process->version), take_word(&record));
	copy(process->host, sizeof(process->host), take_word(&record));
}
