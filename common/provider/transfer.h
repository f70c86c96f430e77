/*
 * What every request to a provider has in common: where a deployment is, how it is told who asks,
 * and whom libcurl is to trust. The last holds for webhooks, too.
 */
#ifndef RESPOOL_TRANSFER_H
#define RESPOOL_TRANSFER_H

#include <stdbool.h>

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/config/config.h"

/*
 * The file of trusted certificates that $CURL_CA_BUNDLE or $SSL_CERT_FILE names, or NULL. It stays
 * the environment's.
 */
const char *transfer_ca_file(void);

/*
 * Sets on a new handle what all transfers need: http and https only, HTTP/2 over TLS from libcurl
 * 8.12 on, no redirects, certificates verified against ca_file or, if NULL, the system's, the user
 * agent, time-out of the connection, keep-alive. Returns false if libcurl refuses.
 */
bool transfer_set_up(CURL *easy, const char *ca_file);

/*
 * Appends the URL of path ("responses", "responses/ID/cancel") at the deployment, in the form that
 * its provider has; query is added to it ("" for none; without "?"). "responses" alone, which
 * creates one, is the path at which the deployment's dialect does so; "chat/completions" and
 * "embeddings" are where the deployment's provider has them.
 */
void transfer_url(struct buf *url, const struct deployment *deployment, const char *model,
    struct span path, const char *query);

/*
 * The headers by which the deployment knows who asks: its extra_headers, its key and organization,
 * for the Messages API the version of that, and "Content-Type: application/json". One of
 * extra_headers replaces any other of its name. NULL, with *error saying why, if one of them cannot
 * stand in a header. The caller frees the list.
 */
struct curl_slist *transfer_headers(
    const struct deployment *deployment, const char *model, const char **error);
/*
 * Appends a line to the list, unless a header of that name is there already (in any case of its
 * letters). Memory is not an error that is returned.
 */
struct curl_slist *transfer_add_header(struct curl_slist *headers, const char *line);

/* Whether it can stand in a header: a line end would begin another one. */
bool transfer_is_one_line(const char *text);
/* transfer_add_header() of a name, with ": " behind it, and a value. */
struct curl_slist *transfer_add_value(
    struct curl_slist *headers, const char *name, const char *value);

enum { TRANSFER_MEDIA_TYPE_SIZE = 128 };

/* Of an answer whose head has come: */
/* its Content-Type in lower case, without parameters, "" if there is none; cut to what fits, */
void transfer_media_type(CURL *easy, char out[TRANSFER_MEDIA_TYPE_SIZE]);
/* whether the end of its body can be told from the end of the connection (RFC 9112 section 6.3), */
bool transfer_is_framed(CURL *easy);
/* and its Retry-After in s, or its retry-after-ms; negative if there is none. */
double transfer_retry_after(CURL *easy);

#endif
