/*
 * The Lua scripts by which every transition of a response's state is made, and the machine that
 * they form. What several of them have in common is in scripts/shared, and put into them when they
 * are built.
 *
 *	         create            claim                flush with a terminal state
 *	(nothing) ----> queued ------------> in_progress ----> completed, incomplete, failed,
 *	                  ^                     |              cancelled
 *	                  +---------------------+
 *	                     release, reclaim
 *
 * cancel leads from queued and in_progress to cancelled; delete and expiry lead from anywhere to
 * nothing. A terminal state is left in no other way. The state is the job's field "state". The
 * object's "status" follows it within the same script, except that a job which is queued again goes
 * on showing in_progress and what has arrived, until its next attempt begins.
 *
 * A job's fields: state; tenant, model, request, input, context, headers, deployment and follows,
 * the id of a provider's response that all this follows, as created; stays, if no deployment but
 * that can read what it has; request_id, of the HTTP request that asked for it; ttl (s); created
 * (ms), and waited (ms), how old it was when a worker first claimed it; fence, which each claim
 * raises; attempts; owner, the worker that has claimed it; writes, the fence of the claim and the
 * number of flushes since that changed the text: with state it tells one state of the object from
 * the next; slots, where in the text items in progress have their status; answering, the deployment
 * that has begun to answer, until deployment is the one that has; history, a line for each time
 * that it was given back or its request was sent again: when (ms), "restart" or "retry", why.
 *
 * request, headers, owner and slots go when the state becomes terminal, and deployment is then the
 * one that has answered; input and context stay, as another response may continue this one. Of what
 * has failed, request and headers move to a key of their own, for another try, if they are to be
 * kept. streamed is there if the response has events, and unstored_ttl (s) if it is not to be kept:
 * when the state becomes terminal, its keys get that as their time to live, if it is less than ttl.
 * Nothing renews the keys of what is terminal.
 *
 * The events of a streamed response are a list, in which each has its sequence number as its index:
 * create stores the first, flush those that follow, in the same step as what they have made of the
 * text. A claim that begins anew goes on behind those that are there. The event that ends the
 * stream is not stored: whoever reads to the end of the list of a terminal response makes it of the
 * object. So there is exactly one, however the response has ended, and it says what a poll does.
 * flush, cancel and delete tell readers on a channel of the same name as the list; follow reads the
 * list. What has expired is told to nobody.
 *
 * Where an id is: enqueue puts it into the queue if a seat is free that it may have, else into its
 * tenant's line, from which it comes into the queue when it is its turn; BLMOVE takes it from there
 * into a worker's list, requeue back. Each script touches keys of one cluster slot, a response's or
 *the lists'; so the two can differ for a moment, or for longer when somebody dies in between.
 *Therefore an id is taken out of the lists for good only when its job is terminal or gone. Whoever
 *finds in its list an id whose job is another worker's keeps it there and looks again later;
 *whoever has lost a job to another puts the id back into the queue, if it still has it. So the id
 *of a job that is not terminal is always in some list, except in a Cluster between create and
 *enqueue, before the client knows it. With one server these two are one step, of enqueue.
 *
 * What operators have paused waits in a list of its own, parked, which is oriented as the queue is:
 * enqueue and requeue put an id there if the set paused has the job's label, which is what the
 * configuration calls its model (model_label()), or that model, or "*". pause moves what is in the
 * queue and in lines already, resume moves what is not paused any more to the heads of its tenants'
 * lines. So workers need to know nothing of it. What waits is what is in the queue, in lines and
 * parked. Nothing is parked while nothing is paused.
 *
 * How what waits is shared among tenants: there are as many seats as the workers say, with their
 * beats, that they have room for, in the hash rooms; with no worker there is none, and everything
 * stands in lines. A job that is open has a seat while it is in the queue or a worker's list.
 * Whatever leaves a seat free, or makes more of them, gives these to those whose turn it is, in the
 * same step: drop when a job has ended, settle when what was passed through has, beat, requeue of
 * what is paused, pause and resume. So no job stands in a line while there is a seat that it may
 * have. shared/shares.lua says how lines, seats and turns are kept, shared/turns.lua whose turn it
 * is: in a tier by weight, each tenant's own in order, never more of a tenant than its
 * max_parallel, and behind the tiers above until it has been passed over for long. What is given
 * back keeps its seat, so for a moment there may be more of them than there is room, as when a
 * worker goes. A seat that nobody gives back, as its id is lost, a beat finds in time and has
 * looked up.
 *
 * What keys may ask for: enqueue judges it for what is created, before anything is stored, and
 * admit for what relays pass through, as shared/limits.lua says. Requests are counted against rpm
 * then. Tokens are reserved by an estimate, and what was used takes the place of that once: with
 * the seat, by drop, or by settle. Who crashes in between leaves the id in a list, or what it
 * passes through in a hash beside its lease (shared/passages.lua), and whoever takes those over
 * gives back what is reserved.
 *
 * An Idempotency-Key is a string with the id that it stands for and the digest of what was asked,
 * set in the step that takes the job in, so of two that race one is created. It goes by itself.
 * Whoever finds that its response is gone says so with the next try, and takes its place.
 *
 * usage, a hash for each day, has what each tenant has used of each label (shared/usage.lua). Each
 * response is counted there once, when the index learns its end; its tokens and their cost when its
 * seat is free, as who cancels a running one does not know them. flush stores them in the job with
 * the terminal state, in the field use, so that whoever brings the end tells the same. The cost is
 * added to what the tenant has spent of its budget.
 *
 * In a Cluster a command that a server cannot take just now is sent again, so it may be executed
 * behind one that was sent later, or after it was given up. Whoever needs an order waits for the
 * reply: create before enqueue, claim before flush, one flush of a response at a time, release and
 * reclaim before requeue, the end of a job before drop, everything before a leaving worker's bury.
 * Where nobody waits, it does no harm to be late: a flush behind release finds a job that is not
 * its own any more; drop is about what has ended for good; a requeue of an id that its worker has
 * claimed again makes the id wait in the list of whoever takes it until the job has ended, or its
 * worker is lost; a beat behind bury makes a lease that ends by itself; and a worker reckons its
 * lease from when it sent the beat. A read of events that follows a subscription finds what was
 * published before that began, whichever servers they are at.
 *
 * What Redis holds for the jobs is counted in bytes where their ids are: enqueue adds a job, drop
 * takes it out together with its id, in one script each, so that a crash cannot come between. What
 * has ended leaves the context that it was created with, which stays as long as the job does: drop
 * keeps counting that for ttl, unless it was deleted. Each job's share has an end, ttl after it was
 * queued or dropped, as an id may never be dropped: its job has expired, or the list is lost. One
 * that runs for longer than ttl is not counted from then on.
 *
 * By three keys beside the lists operators find responses. index orders ids by when they were
 * created (ms). index about, a hash, says of each, in a line with blanks between, when it was
 * created and when it began to wait last (ms), its state, which is "open" or a terminal one, and
 * then, with the byte 31 between, its tenant, label and model, and, unless all of these
 * are as they mostly are, the endpoint of webhooks that its request has named, its tier, and how
 * many tokens are reserved for it. index ended orders those that have ended by when their keys
 * expire. enqueue opens an entry; drop notes the end, or removes what is deleted. The index says
 * where to look, the job itself what is true. Beats take out what has expired, and have a worker
 * look up a job that is open for long, the eldest or one with a seat; lists take out what they find
 * gone; and enqueue makes room when there are too many, but only of what has ended.
 *
 * counters, a hash, has what counts.h says. minutes, another one, has "<minute> created", and
 * "<minute> " with a terminal state or "deleted", of the last hour. enqueue counts what is created;
 * drop counts an end when it finds the entry open, so exactly once, whoever brings it first: who
 * cancels or deletes; the worker that has ended it; or whoever finds it ended, as that worker was
 * lost. What is gone without an end counts as deleted. requeue counts restarts. All else processes
 * gather and bring with their beats, which add each number once; one that is killed takes those of
 * its last second along.
 *
 * With a beat a worker also says what there is to be known of it, and learns whether it is in the
 * set draining: then it gives its jobs to others. Who takes the place of a worker drains as that
 * did. bury forgets all of this.
 *
 * By relay_beat relays show that they live, and tell what they have counted.
 *
 * health and report have nothing to do with all this: they keep what is known of the deployments;
 * nor have remember and forget, which keep whose a provider's responses are. Who made an encrypted
 *content is kept without a script: only its maker can have made it, so it never changes.
 *
 * Who is to be told of an end is noted in the step in which the index learns it, by drop: so a
 * delivery is there as soon as the end counts, once, and what dies before has left the id in some
 * list. shared/deliveries.lua says how deliveries are kept. webhooks_claim leases what is due to a
 * worker, webhooks_report tells what has become of it; whoever dies in between leaves a lease that
 * ends, and the delivery is due again. Each claim has a number, by which a report that comes too
 * late is known. What is deleted drop takes out; as it may never come to that, a worker looks
 * whether a response that has not expired is still there before it tells of it.
 *
 * snapshot, list, pause, resume, drain, webhooks_list and webhooks_retry are the operators'. Each
 * touches the slot of the lists alone, so that what they see and do is of one moment; whether a
 * response which list names is still there, and in what state, its job says.
 */
#ifndef RESPOOL_SCRIPTS_H
#define RESPOOL_SCRIPTS_H

enum script {
	SCRIPT_ADMIT,
	SCRIPT_BEAT,
	SCRIPT_BURY,
	SCRIPT_CANCEL,
	SCRIPT_CLAIM,
	SCRIPT_CREATE,
	SCRIPT_DELETE,
	SCRIPT_DRAIN,
	SCRIPT_DROP,
	SCRIPT_ENQUEUE,
	SCRIPT_FLUSH,
	SCRIPT_FOLLOW,
	SCRIPT_FORGET,
	SCRIPT_HEALTH,
	SCRIPT_LAPSED,
	SCRIPT_LIST,
	SCRIPT_NOTE,
	SCRIPT_PAUSE,
	SCRIPT_RECLAIM,
	SCRIPT_RELAY_BEAT,
	SCRIPT_RELEASE,
	SCRIPT_REMEMBER,
	SCRIPT_REPLACE,
	SCRIPT_REPORT,
	SCRIPT_REQUEUE,
	SCRIPT_RESUME,
	SCRIPT_SETTLE,
	SCRIPT_SNAPSHOT,
	SCRIPT_WEBHOOKS_CLAIM,
	SCRIPT_WEBHOOKS_LIST,
	SCRIPT_WEBHOOKS_REPORT,
	SCRIPT_WEBHOOKS_RETRY,
	SCRIPT_COUNT
};

/* The text of a script, for SCRIPT LOAD. */
const char *script_source(enum script script);
/* What EVALSHA names it by. */
const char *script_sha(enum script script);

#endif
