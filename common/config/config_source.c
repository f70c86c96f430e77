#include "config_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX_BYTES = 16 << 20 };

static bool identify(FILE *stream, struct config_source *source)
{
	struct stat status;

	if (fstat(fileno(stream), &status) != 0)
		return false;
	source->device = status.st_dev;
	source->inode = status.st_ino;
	source->modified = status.st_mtime;
	return true;
}

static bool read_text(FILE *stream, struct buf *text)
{
	size_t n;

	do {
		n = fread(buf_reserve(text, BUFSIZ), 1, BUFSIZ, stream);
		text->len += n;
	} while (n != 0 && text->len <= FILE_MAX_BYTES);
	buf_cstr(text);
	return !ferror(stream);
}

bool config_source_read(
    const char *path, struct config_source *source, char *problem, size_t problem_size)
{
	FILE *stream = fopen(path, "re");
	bool ok;

	*source = (struct config_source){0};
	if (stream == NULL) {
		snprintf(problem, problem_size, "cannot be opened: %s", strerror(errno));
		return false;
	}
	ok = identify(stream, source) && read_text(stream, &source->text);
	if (!ok)
		snprintf(problem, problem_size, "cannot be read: %s", strerror(errno));
	fclose(stream);
	if (ok && source->text.len > FILE_MAX_BYTES) {
		snprintf(
		    problem, problem_size, "too large, expected at most %d bytes", FILE_MAX_BYTES);
		return false;
	}
	return ok;
}
