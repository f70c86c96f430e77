#include "handover.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

enum { MOST_DESCRIPTORS = 2, MOST_UNREAD = 65536 };

static const size_t texts[] = {
    offsetof(struct handover, request_id),
    offsetof(struct handover, tenant),
    offsetof(struct handover, method),
    offsetof(struct handover, path),
    offsetof(struct handover, query),
    offsetof(struct handover, accept),
    offsetof(struct handover, model),
    offsetof(struct handover, deployment),
    offsetof(struct handover, headers),
    offsetof(struct handover, forget_id),
    offsetof(struct handover, continued_id),
    offsetof(struct handover, obeyed),
    offsetof(struct handover, followed_id),
    offsetof(struct handover, after),
    offsetof(struct handover, answer_headers),
};

enum { TEXT_COUNT = sizeof(texts) / sizeof(texts[0]), UNREAD = TEXT_COUNT, BODY, PART_COUNT };

/* The message's head. Both sides are the same program. */
struct head {
	int32_t fcgi_id;
	uint32_t flags;
	uint64_t lengths[PART_COUNT]; /* of the texts with their NUL, what is unread, the body */
};

static const char **text_of(const struct handover *handover, size_t i)
{
	return (const char **)((char *)(uintptr_t)handover + texts[i]);
}

/* A control message with room for all descriptors, aligned as it has to be. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
};

static void put_descriptors(
    struct msghdr *message, union control *control, const int *descriptors, size_t count)
{
	struct cmsghdr *header;

	memset(control, 0, sizeof(*control));
	message->msg_control = control->room;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

/* Those that are missing are -1. */
static void take_descriptors(struct msghdr *message, int descriptors[MOST_DESCRIPTORS])
{
	struct cmsghdr *header;
	size_t count = 0;

	for (size_t i = 0; i < MOST_DESCRIPTORS; i++)
		descriptors[i] = -1;
	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (count <= MOST_DESCRIPTORS)
			memcpy(descriptors, CMSG_DATA(header), count * sizeof(int));
	}
}

static void close_descriptors(const int descriptors[MOST_DESCRIPTORS])
{
	for (size_t i = 0; i < MOST_DESCRIPTORS; i++) {
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	}
}

static ssize_t receive(
    int line, struct iovec *parts, size_t count, int descriptors[MOST_DESCRIPTORS], int *flags)
{
	union control control;
	struct msghdr message = {.msg_iov = parts,
	    .msg_iovlen = count,
	    .msg_control = control.room,
	    .msg_controllen = sizeof(control.room)};
	ssize_t len;

	do
		len = recvmsg(line, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len >= 0)
		take_descriptors(&message, descriptors);
	*flags = message.msg_flags;
	return len;
}

static bool may_try_again(int line, int wait_ms)
{
	struct pollfd fd = {.fd = line, .events = POLLOUT};

	if (errno == EINTR)
		return true;
	return (errno == EAGAIN || errno == EWOULDBLOCK) && poll(&fd, 1, wait_ms) > 0;
}

static enum handed send_message(int line, struct msghdr *message, int wait_ms)
{
	while (sendmsg(line, message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (may_try_again(line, wait_ms))
			continue;
		return errno == EAGAIN || errno == EWOULDBLOCK ? HANDED_BUSY : HANDED_FAILED;
	}
	return HANDED_OVER;
}

static struct iovec part_of(struct span bytes)
{
	return (struct iovec){(char *)(uintptr_t)bytes.p, bytes.len};
}

static size_t fill_parts(
    struct head *head, struct iovec parts[PART_COUNT], const struct handover *handover)
{
	size_t total = 0;

	*head = (struct head){.fcgi_id = handover->fcgi_id, .flags = handover->flags};
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		const char *text = *text_of(handover, i);

		if (text == NULL)
			text = "";
		parts[i] = (struct iovec){(char *)(uintptr_t)text, strlen(text) + 1};
	}
	parts[UNREAD] = part_of(handover->unread);
	parts[BODY] = part_of(handover->body);
	for (size_t i = 0; i < PART_COUNT; i++) {
		head->lengths[i] = parts[i].iov_len;
		total += parts[i].iov_len;
	}
	return total;
}

static bool write_whole(int file, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(file, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		bytes += done;
		len -= (size_t)done;
	}
	return true;
}

/* A file in memory that holds the parts, or -1. */
static int make_file(const struct iovec parts[PART_COUNT])
{
	int file = memfd_create("respool request", MFD_CLOEXEC);

	for (size_t i = 0; file >= 0 && i < PART_COUNT; i++) {
		if (write_whole(file, parts[i].iov_base, parts[i].iov_len))
			continue;
		close(file);
		file = -1;
	}
	return file;
}

enum handed handover_send(int line, const struct handover *handover, int connection, int wait_ms)
{
	struct head head;
	struct iovec parts[1 + PART_COUNT] = {{&head, sizeof(head)}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 1 + PART_COUNT};
	int descriptors[MOST_DESCRIPTORS] = {connection, -1};
	union control control;
	enum handed handed;
	size_t total = fill_parts(&head, parts + 1, handover);

	if (total > HANDOVER_INLINE) {
		message.msg_iovlen = 1;
		descriptors[1] = make_file(parts + 1);
		if (descriptors[1] < 0)
			return HANDED_FAILED;
	}
	put_descriptors(&message, &control, descriptors, descriptors[1] < 0 ? 1 : 2);
	handed = send_message(line, &message, wait_ms);
	if (descriptors[1] >= 0)
		close(descriptors[1]);
	return handed;
}

/* Whether the lengths add up to total, without a doubt. */
static bool adds_up(const struct head *head, size_t total)
{
	size_t left = total;

	for (size_t i = 0; i < PART_COUNT; i++) {
		if (head->lengths[i] > left || (i < TEXT_COUNT && head->lengths[i] == 0))
			return false;
		left -= head->lengths[i];
	}
	return left == 0;
}

/* Where a message's parts are to be read from. */
struct source {
	const char *bytes; /* NULL: from the file */
	size_t len;
	int file;
};

/* A copy of len bytes from there on, to be freed; NULL if the file does not have them. */
static char *copy_from(const struct source *source, size_t at, size_t len)
{
	char *copy = xmalloc(len + 1);

	if (source->bytes != NULL) {
		memcpy(copy, source->bytes + at, len);
		return copy;
	}
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(source->file, copy + done, len - done, (off_t)(at + done));

		if (got <= 0 && !(got < 0 && errno == EINTR)) {
			free(copy);
			return NULL;
		}
		done += got > 0 ? (size_t)got : 0;
	}
	return copy;
}

static void point_into_memory(struct handover *handover, const struct head *head)
{
	char *p = handover->memory;

	for (size_t i = 0; i < TEXT_COUNT; i++) {
		*text_of(handover, i) = p;
		p += head->lengths[i];
		p[-1] = '\0';
	}
	handover->unread = (struct span){p, head->lengths[UNREAD]};
	handover->body = (struct span){handover->body_memory, head->lengths[BODY]};
}

static bool take_parts(
    struct handover *handover, const struct head *head, const struct source *source)
{
	size_t body_at;

	*handover = (struct handover){.fcgi_id = head->fcgi_id, .flags = head->flags};
	if (!adds_up(head, source->len))
		return false;
	body_at = source->len - head->lengths[BODY];
	handover->memory = copy_from(source, 0, body_at);
	handover->body_memory = copy_from(source, body_at, head->lengths[BODY]);
	if (handover->memory == NULL || handover->body_memory == NULL) {
		handover_free(handover);
		return false;
	}
	point_into_memory(handover, head);
	return true;
}

static struct source source_of(const char *bytes, size_t len, int file)
{
	struct stat info;

	if (file < 0)
		return (struct source){bytes, len, -1};
	return (struct source){NULL, fstat(file, &info) == 0 ? (size_t)info.st_size : 0, file};
}

static enum received_handover lose(const int descriptors[MOST_DESCRIPTORS], const char *why)
{
	log_warnx("a request could not be taken over: %s", why);
	close_descriptors(descriptors);
	return HANDOVER_LOST;
}

enum received_handover handover_receive(int line, struct handover *handover, int *connection)
{
	struct head head;
	char bytes[HANDOVER_INLINE];
	struct iovec parts[] = {{&head, sizeof(head)}, {bytes, sizeof(bytes)}};
	int descriptors[MOST_DESCRIPTORS], flags;
	ssize_t got = receive(line, parts, 2, descriptors, &flags);
	struct source source;

	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? HANDOVER_NONE : HANDOVER_END;
	if (got == 0)
		return HANDOVER_END;
	if (descriptors[0] < 0 || (flags & (MSG_TRUNC | MSG_CTRUNC)) || got < (ssize_t)sizeof(head))
		return lose(descriptors, "its message did not come whole");
	source = source_of(bytes, (size_t)got - sizeof(head), descriptors[1]);
	if (!take_parts(handover, &head, &source))
		return lose(descriptors, "its message is not one");
	if (descriptors[1] >= 0)
		close(descriptors[1]);
	*connection = descriptors[0];
	return HANDOVER_RECEIVED;
}

void handover_free_body(struct handover *handover)
{
	free(handover->body_memory);
	handover->body_memory = NULL;
	handover->body = (struct span){0};
}

void handover_free(struct handover *handover)
{
	free(handover->memory);
	free(handover->body_memory);
	*handover = (struct handover){0};
}

bool handover_give_back(int line, int connection, struct span unread)
{
	/* A message without bytes would look like the end. */
	char mark = 0;
	struct iovec parts[] = {{&mark, 1}, {(char *)(uintptr_t)unread.p, unread.len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	union control control;

	if (unread.len > MOST_UNREAD)
		parts[1].iov_len = MOST_UNREAD;
	put_descriptors(&message, &control, &connection, 1);
	return send_message(line, &message, 0) == HANDED_OVER;
}

int handover_take_back(int line, char *out, size_t size, size_t *len)
{
	char mark;
	struct iovec parts[] = {{&mark, 1}, {out, size}};
	int descriptors[MOST_DESCRIPTORS] = {-1, -1}, flags;
	ssize_t got = receive(line, parts, 2, descriptors, &flags);

	if (got <= 0)
		return -1;
	if (descriptors[0] < 0)
		log_warnx("a connection that a relay has given back did not come with its message");
	*len = (size_t)got - 1;
	return descriptors[0];
}
