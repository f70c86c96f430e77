/*
 * Creates responses through a web server, many at once, and prints their ids, a line each. With a
 * number of tenants they come from each in turn: the keys are KEY-0, KEY-1 and so on. The last line
 * says when the first request was sent and the last answer was there, in microseconds of the
 * monotonic clock.
 */
#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "created.h"

enum { PAUSE_MS = 1000 };

struct client {
	CURL *easy;
	struct created answer;
};

struct load {
	CURLM *multi;
	int count, begun, done;
	int tenants;
	struct curl_slist **headers; /* of each tenant */
};

static long long now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static _Noreturn void die(const char *why, const char *what)
{
	fprintf(stderr, "create: %s: %s\n", why, what);
	exit(1);
}

static void print_id(const struct client *client)
{
	struct span id = created_id(&client->answer);

	if (id.len == 0)
		die("an answer without an id", client->answer.text);
	printf("%.*s\n", (int)id.len, id.p);
}

static void open_client(struct client *client, const char *url)
{
	client->easy = curl_easy_init();
	if (client->easy == NULL)
		die("libcurl", "out of memory");
	curl_easy_setopt(client->easy, CURLOPT_URL, url);
	curl_easy_setopt(client->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, create_body);
	curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, created_take);
	curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, &client->answer);
	curl_easy_setopt(client->easy, CURLOPT_PRIVATE, client);
}

static void check(CURL *easy, CURLcode code, const struct client *client)
{
	long status = 0;

	if (code != CURLE_OK)
		die("no answer", curl_easy_strerror(code));
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		die("refused", client->answer.len > 0 ? client->answer.text : "without a reason");
}

static void begin_next(struct load *load, struct client *client)
{
	if (load->begun == load->count)
		return;
	client->answer.len = 0;
	curl_easy_setopt(
	    client->easy, CURLOPT_HTTPHEADER, load->headers[load->begun % load->tenants]);
	load->begun++;
	curl_multi_add_handle(load->multi, client->easy);
}

static void take_answers(struct load *load)
{
	struct CURLMsg *message;
	struct client *client;
	int queued;

	while ((message = curl_multi_info_read(load->multi, &queued)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&client);
		check(client->easy, message->data.result, client);
		print_id(client);
		load->done++;
		curl_multi_remove_handle(load->multi, client->easy);
		begin_next(load, client);
	}
}

static void create_all(struct load *load, struct client *clients, int at_once)
{
	int i, running;

	for (i = 0; i < at_once; i++)
		begin_next(load, &clients[i]);
	while (load->done < load->count) {
		curl_multi_perform(load->multi, &running);
		take_answers(load);
		if (load->done < load->count)
			curl_multi_poll(load->multi, NULL, 0, PAUSE_MS, NULL);
	}
}

static struct curl_slist *headers_of(const char *key)
{
	struct curl_slist *headers;
	char line[256];

	snprintf(line, sizeof(line), "Authorization: Bearer %s", key);
	headers = curl_slist_append(NULL, line);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	if (headers == NULL)
		die("libcurl", "out of memory");
	return headers;
}

static void make_headers(struct load *load, const char *key, int tenants)
{
	char numbered[128];
	int i;

	load->tenants = tenants > 0 ? tenants : 1;
	load->headers = calloc((size_t)load->tenants, sizeof(*load->headers));
	if (load->headers == NULL)
		die("headers", "out of memory");
	for (i = 0; i < load->tenants; i++) {
		snprintf(numbered, sizeof(numbered), "%s-%d", key, i);
		load->headers[i] = headers_of(tenants > 0 ? numbered : key);
	}
}

int main(int argc, char **argv)
{
	struct load load = {.count = argc >= 5 ? atoi(argv[3]) : 0};
	int at_once = argc >= 5 ? atoi(argv[4]) : 0, i;
	struct client *clients;
	long long began;

	if (load.count < 1 || at_once < 1 || argc > 6) {
		fprintf(stderr, "usage: create URL KEY COUNT AT_ONCE [TENANTS]\n");
		return 2;
	}
	if (at_once > load.count)
		at_once = load.count;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	load.multi = curl_multi_init();
	clients = calloc((size_t)at_once, sizeof(*clients));
	if (load.multi == NULL || clients == NULL)
		die("libcurl", "out of memory");
	make_headers(&load, argv[2], argc == 6 ? atoi(argv[5]) : 0);
	for (i = 0; i < at_once; i++)
		open_client(&clients[i], argv[1]);
	began = now_us();
	create_all(&load, clients, at_once);
	printf("# first_us %lld last_us %lld\n", began, now_us());
	return 0;
}
