#include "process_about.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A word, whatever the name is. */
static void read_host(char host[PROCESS_HOST_SIZE])
{
	if (gethostname(host, PROCESS_HOST_SIZE) != 0)
		host[0] = '\0';
	host[PROCESS_HOST_SIZE - 1] = '\0';
	if (host[0] == '\0')
		strcpy(host, "?");
	for (char *p = host; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			*p = '?';
	}
}

void process_about_write(struct buf *out)
{
	char host[PROCESS_HOST_SIZE];

	read_host(host);
	buf_printf(
	    out, "%lld %ld " PACKAGE_VERSION " %s", (long long)time(NULL), (long)getpid(), host);
}

static long long take_number(struct span *record)
{
	struct span word;
	char digits[24];

	span_split(record, ' ', &word);
	snprintf(digits, sizeof(digits), "%.*s", (int)word.len, word.len != 0 ? word.p : "");
	return strtoll(digits, NULL, 10);
}

static void take_text(char *out, size_t size, struct span *record)
{
	struct span word;

	span_split(record, ' ', &word);
	snprintf(out, size, "%.*s", (int)word.len, word.len != 0 ? word.p : "");
}

void process_about_read(struct store_process *process, struct span record)
{
	process->streams = (int)take_number(&record);
	process->beat_at = take_number(&record) / 1000;
	process->started_at = take_number(&record);
	process->pid = (long)take_number(&record);
	take_text(process->version, sizeof(process->version), &record);
	take_text(process->host, sizeof(process->host), &record);
}
