#include "records.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/fastcgi/record_batch.h"

/* How long the peer may take for one answer. */
struct wait {
	const struct records_out *out;
	size_t total;    /* bytes that are to be sent */
	double deadline; /* for all of them; 0 while there was nothing to wait for */
};

/* Waits for the peer to take something. */
static bool wait_for_room(struct wait *wait)
{
	struct pollfd fd = {.fd = wait->out->fd, .events = POLLOUT};
	double now = monotonic_seconds(), left = wait->out->patience;
	int found;

	if (wait->deadline == 0)
		wait->deadline = now + left + (double)wait->total / BYTES_PER_SECOND;
	if (left > wait->deadline - now)
		left = wait->deadline - now;
	if (left <= 0)
		return false;
	found = poll(&fd, 1, (int)(left * 1000) + 1);
	return found > 0 || (found < 0 && errno == EINTR);
}

static bool send_batch(struct record_batch *batch, struct wait *wait)
{
	for (;;) {
		switch (record_batch_send(batch, wait->out->fd)) {
		case BATCH_SENT:
			return true;
		case BATCH_WAITS:
			if (wait_for_room(wait))
				continue;
			break;
		case BATCH_FAILED:
			break;
		}
		shutdown(wait->out->fd, SHUT_RDWR);
		return false;
	}
}

static bool write_parts(
    const struct records_out *out, struct span head, struct span body, bool is_last)
{
	struct wait wait = {.out = out, .total = head.len + body.len};
	struct record_batch batch;

	record_batch_init(&batch, out->request_id);
	record_batch_add(&batch, &head);
	record_batch_add(&batch, &body);
	while (head.len + body.len > 0) {
		if (!send_batch(&batch, &wait))
			return false;
		record_batch_add(&batch, &head);
		record_batch_add(&batch, &body);
	}
	if (is_last)
		record_batch_end(&batch);
	return send_batch(&batch, &wait);
}

bool records_write(const struct records_out *out, struct span head, struct span body)
{
	return write_parts(out, head, body, false);
}

bool records_write_last(const struct records_out *out, struct span head, struct span body)
{
	return write_parts(out, head, body, true);
}

bool records_write_raw(const struct records_out *out, struct span records)
{
	struct wait wait = {.out = out, .total = records.len};
	struct record_batch batch;

	record_batch_init(&batch, 0);
	record_batch_add_raw(&batch, records);
	return send_batch(&batch, &wait);
}
