#include "common/base/clock.h"
#include "common/base/log.h"
#include "followed.h"
#include "reader.h"
#include "reader_host.h"

static const char *state_of(const struct reader *reader)
{
	if (reader->ended)
		return "ending";
	if (!reader->begun)
		return "beginning";
	return client_is_full(&reader->client) ? "waiting_for_client" : "following";
}

static void report(const struct reader *reader, const char *id)
{
	const struct log_field fields[] = {
	    LOG_TEXT("request_id", reader->request.request_id),
	    LOG_TEXT("id", id),
	    LOG_TEXT("state", state_of(reader)),
	    LOG_NUMBER("next_event", reader->next),
	    LOG_NUMBER(
		"silent_ms", reader->begun ? monotonic_ms() - reader->heard_ms : LOG_UNKNOWN),
	    LOG_NUMBER("unsent_bytes", (long long)client_waiting(&reader->client)),
	};

	log_event("reader_state", fields, sizeof(fields) / sizeof(fields[0]));
}

/* Returns how many more there may be. */
static int report_list(const struct reader_list *list, const char *id, int most)
{
	const struct reader *reader = LIST_FIRST(list);

	for (; reader != NULL && most > 0; reader = LIST_NEXT(reader, link), most--)
		report(reader, id);
	return most;
}

void readers_report(const struct reader_host *host, int most)
{
	for (int i = 0; i < FOLLOWED_BUCKETS; i++) {
		const struct followed *followed = LIST_FIRST(&host->followed[i]);

		for (; followed != NULL; followed = LIST_NEXT(followed, link))
			most = report_list(&followed->readers, followed->id, most);
	}
	report_list(&host->refused, NULL, most);
}
