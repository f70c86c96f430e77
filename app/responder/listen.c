#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

enum { BACKLOG = 1024 };

static const char unix_prefix[] = "unix:";

static const char *unix_path(const char *address)
{
	size_t len = sizeof(unix_prefix) - 1;

	return strncmp(address, unix_prefix, len) == 0 ? address + len : NULL;
}

/* getaddrinfo() would take any number, and use what is left of it in 16 bits. */
static bool port_valid(const char *port)
{
	size_t digits = strspn(port, "0123456789");

	return digits > 0 && digits <= 5 && port[digits] == '\0' && atoi(port) > 0 &&
	       atoi(port) <= 65535;
}

bool listen_address_valid(const char *address)
{
	const char *colon = strrchr(address, ':');

	if (unix_path(address) != NULL)
		return *unix_path(address) != '\0';
	if (colon == NULL || colon == address || !port_valid(colon + 1))
		return false;
	if (address[0] == '[')
		return colon[-1] == ']' && colon - address > 2;
	return strchr(address, ':') == colon;
}

/* Whether a program listens on the socket. One whose backlog is full does, too. */
static bool answers(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool refused;

	refused = connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 &&
		  (errno == ECONNREFUSED || errno == ENOENT);
	close(fd);
	return !refused;
}

static bool bind_unix(int fd, const struct sockaddr_un *name)
{
	mode_t mask = umask(0);
	int result;

	umask(mask | 0111);
	result = bind(fd, (const struct sockaddr *)name, sizeof(*name));
	umask(mask);
	return result == 0;
}

static bool remove_stale(const struct sockaddr_un *name)
{
	struct stat st;

	if (lstat(name->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		log_warnx("%s exists and is not a socket", name->sun_path);
		return false;
	}
	if (answers(name)) {
		log_warnx("%s is in use: a program listens on it", name->sun_path);
		return false;
	}
	if (unlink(name->sun_path) < 0 && errno != ENOENT) {
		log_warn("cannot remove the old socket %s", name->sun_path);
		return false;
	}
	return true;
}

static bool bind_or_replace(int fd, const struct sockaddr_un *name)
{
	if (bind_unix(fd, name))
		return true;
	if (errno == EADDRINUSE) {
		if (!remove_stale(name))
			return false;
		if (bind_unix(fd, name))
			return true;
	}
	log_warn("cannot bind to %s", name->sun_path);
	return false;
}

static bool open_unix(struct listener *listener, const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct stat st;

	if (strlen(path) >= sizeof(name.sun_path)) {
		log_warnx("socket path too long (%zu bytes, at most %zu): %s", strlen(path),
		    sizeof(name.sun_path) - 1, path);
		return false;
	}
	strcpy(name.sun_path, path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0) {
		log_warn("cannot open a unix socket");
		return false;
	}
	if (!bind_or_replace(listener->fd, &name))
		return false;
	listener->path = xstrdup(path);
	if (stat(path, &st) == 0) {
		listener->dev = st.st_dev;
		listener->ino = st.st_ino;
	}
	if (listen(listener->fd, BACKLOG) == 0)
		return true;
	log_warn("cannot listen on %s", path);
	return false;
}

static int bind_inet(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC, info->ai_protocol);
	int on = 1, saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool open_inet(struct listener *listener, const char *address)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	char *host = xstrdup(address);
	char *name = host;
	char *colon = strrchr(host, ':');
	int error;

	*colon = '\0';
	if (*name == '[') {
		name++;
		colon[-1] = '\0';
		hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
	}
	error = getaddrinfo(name, colon + 1, &hints, &list);
	if (error != 0) {
		log_warnx("cannot find the address %s: %s", address, gai_strerror(error));
		goto out;
	}
	for (struct addrinfo *info = list; info != NULL && listener->fd < 0; info = info->ai_next)
		listener->fd = bind_inet(info);
	if (listener->fd < 0)
		log_warn("cannot listen on %s", address);
	freeaddrinfo(list);
out:
	free(host);
	return listener->fd >= 0;
}

/* Accepted TCP connections inherit TCP_NODELAY; on a unix socket this fails, and does no harm. */
static void tune(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

bool listen_open(struct listener *listener, const char *address)
{
	const char *path = unix_path(address);
	bool opened;

	*listener = (struct listener){.fd = -1};
	opened = path != NULL ? open_unix(listener, path) : open_inet(listener, address);
	if (opened)
		tune(listener->fd);
	else
		listen_close(listener);
	return opened;
}

bool listen_inherit(struct listener *listener)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	*listener = (struct listener){.fd = STDIN_FILENO};
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0 || !listening)
		return false;
	tune(STDIN_FILENO);
	return true;
}

void listen_leave(int listen_fd)
{
	int null = listen_fd == STDIN_FILENO ? open("/dev/null", O_RDWR) : -1;

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	close(null >= 0 ? null : listen_fd);
}

void listen_close(struct listener *listener)
{
	struct stat st;

	if (listener->path != NULL && stat(listener->path, &st) == 0 &&
	    st.st_dev == listener->dev && st.st_ino == listener->ino)
		unlink(listener->path);
	free(listener->path);
	if (listener->fd >= 0)
		close(listener->fd);
	*listener = (struct listener){.fd = -1};
}

static bool list_holds(const char *list, const char *address)
{
	size_t len = strlen(address);

	for (const char *p = list; *p != '\0'; p += strcspn(p, ",")) {
		p += strspn(p, ", ");
		if (strncmp(p, address, len) == 0 && strchr(", ", p[len]) != NULL)
			return true;
	}
	return false;
}

/* A socket for IPv6 shows an IPv4 peer as "::ffff:192.0.2.1". */
static const char *without_ipv6_prefix(const char *address)
{
	static const char mapped[] = "::ffff:";
	size_t len = sizeof(mapped) - 1;

	return strncmp(address, mapped, len) == 0 ? address + len : address;
}

static bool peer_allowed(const struct sockaddr_storage *peer, socklen_t len)
{
	const char *allowed = getenv("FCGI_WEB_SERVER_ADDRS");
	char address[NI_MAXHOST];

	if (allowed == NULL || *allowed == '\0' || peer->ss_family == AF_UNIX)
		return true;
	if (getnameinfo((const struct sockaddr *)peer, len, address, sizeof(address), NULL, 0,
		NI_NUMERICHOST) != 0)
		return false;
	return list_holds(allowed, address) || list_holds(allowed, without_ipv6_prefix(address));
}

int listen_accept(int listen_fd)
{
	struct sockaddr_storage peer = {.ss_family = AF_UNIX};
	socklen_t len = sizeof(peer);
	int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && !peer_allowed(&peer, len)) {
		close(fd);
		errno = EAGAIN;
		return -1;
	}
	return fd;
}
