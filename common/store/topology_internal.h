/*
 * What the parts of topology share. topology.c has what is known, topology_round.c asks one server
 * after the other until one answers, topology_inquiry.c asks one of them.
 */
#ifndef RESPOOL_TOPOLOGY_INTERNAL_H
#define RESPOOL_TOPOLOGY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <event2/event_struct.h>
#include <hiredis/hiredis.h>

#include "redis_link.h"
#include "topology.h"

enum { TOPOLOGY_ERROR_SIZE = 512 };

/* A server that can be asked. */
struct topology_witness {
	struct redis_address address;
	long long bad_until; /* ms: it is asked after the others */
};

/* A connection over which one is asked. */
struct inquiry {
	struct topology *topology;
	struct redis_address address;
	struct redis_link_user user;
	struct redis_link *link;
	LIST_ENTRY(inquiry) place;
	bool over; /* whatever comes is of no interest any more */
};

LIST_HEAD(inquiries, inquiry);
LIST_HEAD(topology_users, topology_user);

struct topology {
	struct event_base *base;
	const struct redis_config *config;
	enum redis_kind kind;
	const char *role;
	char connection[64]; /* CLIENT SETNAME of inquiries */
	struct redis_tls *tls;
	struct topology_users users;

	struct redis_address server; /* the one, or the master; "" if it is not known */
	struct slot_map slots;       /* of a Cluster */

	/* topology_round.c */
	struct topology_witness *witnesses;
	size_t witness_count;
	size_t first;       /* of them: the one to begin with */
	struct event timer; /* for the next round, or within one for the next witness */
	bool asking;        /* a round is under way */
	size_t *order;      /* of the round: indexes of witnesses */
	size_t asked;       /* so many of them, so far */
	struct inquiries open;
	struct inquiries over; /* to be freed when the loop turns */
	struct event reap;
	struct inquiries heeded; /* the Sentinel that is listened to, if there is one */
	long long answered_at;   /* ms */
	long long next_at;       /* ms: the next round */
	struct redis_address doubted;
	long long doubted_until; /* ms */
	int pause_ms;            /* after a round that nobody has answered; 0 after another */
	bool reported;           /* that has been logged */
	char error[TOPOLOGY_ERROR_SIZE];
};

/* topology.c */
/* Takes what a server has answered. False, and why, if it is of no use. */
bool topology_take(struct topology *topology, const redisReply *reply,
    const struct redis_address *asked, char why[TOPOLOGY_ERROR_SIZE]);
/* A Sentinel has published something: that the master is another one, perhaps. */
void topology_take_news(struct topology *topology, const redisReply *message);
/* Tells the users. */
void topology_tell(struct topology *topology);
/* Whether the server has a slot, or is the master. */
bool topology_names(const struct topology *topology, const struct redis_address *server);

/* topology_round.c */
void topology_begin_rounds(struct topology *topology);
void topology_end_rounds(struct topology *topology);
/* Asks again soon, and others than that server. */
void topology_suspect(struct topology *topology, const struct redis_address *server);
/* Asks again in a second: one thing has changed, and others may have. */
void topology_ask_later(struct topology *topology);
/* A Sentinel has said by itself where the master is. */
void topology_told(struct topology *topology);
/* From inquiries, which are freed later if they are of no more use. */
void topology_answered(struct topology *topology, struct inquiry *inquiry, const redisReply *reply);
void topology_unanswered(struct topology *topology, struct inquiry *inquiry, const char *why);

/* topology_inquiry.c */
struct inquiry *inquiry_new(struct topology *topology, const struct redis_address *address);
/* Not from within one of its connection's calls. */
void inquiry_free(struct inquiry *inquiry);

#endif
