#include "process_about.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HOST_SIZE = 65 };

/* A word, whatever the name is. */
static void read_host(char host[HOST_SIZE])
{
	if (gethostname(host, HOST_SIZE) != 0)
		host[0] = '\0';
	host[HOST_SIZE - 1] = '\0';
	if (host[0] == '\0')
		strcpy(host, "?");
	for (char *p = host; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			*p = '?';
	}
}

void process_about_write(struct buf *out)
{
	char host[HOST_SIZE];

	read_host(host);
	buf_printf(
	    out, "%lld %ld " PACKAGE_VERSION " %s", (long long)time(NULL), (long)getpid(), host);
}
