#include "notify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

/* The name of the service manager's socket. False if there is none. */
static bool find_manager(struct sockaddr_un *name, socklen_t *len)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t path_len = path != NULL ? strlen(path) : 0;

	if (path_len == 0)
		return false;
	if ((path[0] != '/' && path[0] != '@') || path_len >= sizeof(name->sun_path)) {
		log_warnx("NOTIFY_SOCKET is \"%s\", expected a path or an abstract name", path);
		return false;
	}
	*name = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(name->sun_path, path, path_len);
	if (path[0] == '@') /* stands for the NUL that an abstract name begins with */
		name->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
	return true;
}

static void notify(const char *state)
{
	struct sockaddr_un name;
	socklen_t len;
	int fd;

	if (!find_manager(&name, &len))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&name, len) < 0)
		log_warn("cannot notify the service manager");
	if (fd >= 0)
		close(fd);
}

void notify_ready(void)
{
	notify("READY=1");
}

void notify_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify(state);
}

void notify_stopping(void)
{
	notify("STOPPING=1");
}
