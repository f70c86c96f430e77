#include "reader_host.h"

#include "client.h"
#include "followed.h"
#include "reader.h"

void reader_host_init(struct reader_host *host)
{
	host->watch_delay = client_watch_delay(host->base);
	for (int i = 0; i < FOLLOWED_BUCKETS; i++)
		LIST_INIT(&host->followed[i]);
	LIST_INIT(&host->refused);
	LIST_INIT(&host->over);
}

static void refuse(struct reader *reader)
{
	struct api_error error;

	if (reader->host->feed == NULL)
		api_error_set(&error, 503, "server_error", NULL, "store_unavailable",
		    "There is no response store any more.");
	else
		api_error_set(&error, 503, "server_error", NULL, "streams_busy",
		    "%d background responses are being followed as streams, as many as may be at "
		    "once. Please try again.",
		    reader->host->most);
	reader_fail(reader, &error);
}

void reader_start(struct reader_host *host, struct handover *handover, int connection)
{
	struct followed *followed;

	if (host->feed == NULL || host->count >= host->most) {
		refuse(reader_open(host, NULL, handover, connection));
		return;
	}
	followed = followed_find(host, handover->followed_id);
	reader_open(host, followed, handover, connection);
	followed->due = true;
	followed_serve(followed);
}

static void break_off(struct reader_list *list)
{
	struct reader *reader = LIST_FIRST(list), *next;
	struct api_error error;

	api_error_set(&error, 503, "server_error", NULL, "shutting_down",
	    "The server is stopping, or goes on with another response store.");
	for (; reader != NULL; reader = next) {
		next = LIST_NEXT(reader, link);
		reader_break_off(reader, &error);
	}
}

void readers_break_off(struct reader_host *host)
{
	break_off(&host->refused);
	for (int i = 0; i < FOLLOWED_BUCKETS; i++) {
		struct followed *followed = LIST_FIRST(&host->followed[i]);

		for (; followed != NULL; followed = LIST_NEXT(followed, link))
			break_off(&followed->readers);
	}
}

static void free_reader(struct reader *reader)
{
	struct followed *followed = reader->followed;

	reader_free(reader);
	if (followed != NULL && followed->holders == 0)
		followed_free(followed);
}

static void free_all(struct reader_list *list)
{
	while (!LIST_EMPTY(list))
		free_reader(LIST_FIRST(list));
}

void readers_reap(struct reader_host *host)
{
	free_all(&host->over);
}

void reader_host_close(struct reader_host *host)
{
	free_all(&host->over);
	free_all(&host->refused);
	for (int i = 0; i < FOLLOWED_BUCKETS; i++) {
		/* The last of its readers takes it along. */
		while (!LIST_EMPTY(&host->followed[i]))
			free_reader(LIST_FIRST(&LIST_FIRST(&host->followed[i])->readers));
	}
	buf_free(&host->page);
}
