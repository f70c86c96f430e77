/* Stands in the place of redis_link: the test says when a link is up, and what a server answers. */
#ifndef RESPOOL_FAKE_LINK_H
#define RESPOOL_FAKE_LINK_H

#include "common/store/redis_link.h"

/* The last link that was made to that port and is not freed; NULL if there is none. */
struct redis_link *fake_link_at(int port);
int fake_link_count(void);

void fake_link_come_up(struct redis_link *link);
/* The connection breaks: NULL for all that was sent. The user may free the link. */
void fake_link_break(struct redis_link *link, const char *why);
/* Whether the server owes answers, and is silent from now on. */
void fake_link_fall_silent(struct redis_link *link);

/* How many commands the server has not answered yet. */
int fake_link_owed(const struct redis_link *link);
/* The command that is answered next, as it went over the wire or with blanks between its words. */
struct span fake_link_next(const struct redis_link *link);
void fake_link_answer(struct redis_link *link, const redisReply *reply);
/* An error, or if text is "OK", that. */
void fake_link_say(struct redis_link *link, const char *text);

#endif
