#include "records.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <fastcgi.h>

enum {
	MOST_IN_RECORD = 65528, /* of 8 bytes each, as many as a record can have */
	MOST_RECORDS = 16,      /* in one call */
};

static FCGI_Header header_of(int request_id, size_t len)
{
	return (FCGI_Header){
	    .version = FCGI_VERSION_1,
	    .type = FCGI_STDOUT,
	    .requestIdB1 = (unsigned char)(request_id >> 8),
	    .requestIdB0 = (unsigned char)request_id,
	    .contentLengthB1 = (unsigned char)(len >> 8),
	    .contentLengthB0 = (unsigned char)len,
	};
}

/* Takes so many bytes off the front of the parts. Returns how many parts are left. */
static int advance(struct iovec **parts, int count, size_t done)
{
	while (count > 0 && done >= (*parts)->iov_len) {
		done -= (*parts)->iov_len;
		(*parts)++;
		count--;
	}
	if (count > 0) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + done;
		(*parts)->iov_len -= done;
	}
	return count;
}

static bool write_parts(int fd, struct iovec *parts, int count)
{
	while (count > 0) {
		ssize_t done = writev(fd, parts, count);

		if (done < 0 && errno != EINTR) {
			shutdown(fd, SHUT_RDWR);
			return false;
		}
		count = advance(&parts, count, done > 0 ? (size_t)done : 0);
	}
	return true;
}

bool records_write(int fd, int request_id, struct span bytes)
{
	FCGI_Header headers[MOST_RECORDS];
	struct iovec parts[2 * MOST_RECORDS];
	bool ok = true;

	while (ok && bytes.len > 0) {
		int records = 0;

		while (records < MOST_RECORDS && bytes.len > 0) {
			size_t len = bytes.len < MOST_IN_RECORD ? bytes.len : MOST_IN_RECORD;

			headers[records] = header_of(request_id, len);
			parts[2 * records] = (struct iovec){&headers[records], FCGI_HEADER_LEN};
			parts[2 * records + 1] = (struct iovec){(char *)bytes.p, len};
			bytes.p += len;
			bytes.len -= len;
			records++;
		}
		ok = write_parts(fd, parts, 2 * records);
	}
	return ok;
}
