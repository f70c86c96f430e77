#include "upstream_internal.h"

#include "common/base/log.h"
#include "transfer.h"

enum {
	/* A whole TLS record: with less, libcurl 7.88 loses sight of the rest in HTTP/2. */
	RECEIVE_BYTES = 16384,
	SEND_BYTES = 16384, /* the least that libcurl takes */
};

/* What holds for all requests is set once: a handle that is used again keeps it. */
static bool set_up_handle(const struct upstream *upstream, CURL *easy)
{
	int bad = !transfer_set_up(easy, upstream->ca_file);

	bad |= (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, upstream_on_header);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, upstream_on_data);
	return bad == 0;
}

/* NULL if libcurl refuses what we need. */
CURL *upstream_take_handle(struct upstream *upstream)
{
	CURL *easy;

	if (upstream->spare_count > 0)
		return upstream->spare[--upstream->spare_count];
	easy = curl_easy_init();
	if (easy == NULL)
		fatalx("out of memory");
	if (set_up_handle(upstream, easy))
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}

/*
 * A handle counts how often it has begun again because a kept connection was dead, over all its
 * requests, and gives up at the sixth time. Whoever has begun again has made a connection.
 */
static bool has_reconnected(CURL *easy)
{
	long made = 0;

	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &made);
	return made > 0;
}

/* Whatever belongs to the request that is over is replaced by the next one, or goes now. */
void upstream_give_handle_back(struct upstream *upstream, CURL *easy)
{
	if (easy == NULL)
		return;
	if (upstream->spare_count == UPSTREAM_SPARE) {
		curl_easy_cleanup(easy);
		return;
	}
	if (has_reconnected(easy)) {
		curl_easy_reset(easy);
		if (!set_up_handle(upstream, easy)) {
			curl_easy_cleanup(easy);
			return;
		}
	}
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
	upstream->spare[upstream->spare_count++] = easy;
}
