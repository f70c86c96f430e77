#include "findings.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/iso_time.h"
#include "common/config/key_models.h"
#include "common/operator/operator_json.h"
#include "common/operator/summary.h"
#include "age.h"
#include "processes.h"

enum { CLOCK_DIFFERENCE_MS = 5000, EXPIRES_SOON = 14 * 24 * 3600 };

/* Whether a deployment before this one lacks the same variable. */
static bool is_told(const struct config *config, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		const char *other = config->deployments[i].missing;

		if (other != NULL && strcmp(other, config->deployments[index].missing) == 0)
			return true;
	}
	return false;
}

static void add_missing(struct findings *findings, const struct config *config)
{
	for (size_t i = 0; i < config->deployment_count; i++) {
		const struct deployment *deployment = &config->deployments[i];

		if (deployment->missing != NULL && !is_told(config, i))
			findings_add(findings, "deployment",
			    "Environment variable %s is not set here, or not usable: %s, and what "
			    "else needs it, cannot be called from here. See that respoold and "
			    "respool.fcgi have it.",
			    deployment->missing, deployment->label);
	}
}

static void add_expiring(struct findings *findings, const struct access_key *key, time_t now)
{
	char when[ISO_TIME_SIZE];

	if (key->expires == 0)
		return;
	iso_time_write(when, key->expires);
	if (key_has_expired(key, now))
		findings_add(findings, "key_expired",
		    "Key \"%s\" has expired on %s: nobody is let in by it. Give it another day in "
		    "respool.api_keys, or take it out.",
		    key->name, when);
	else if (key->expires - now <= EXPIRES_SOON)
		findings_add(findings, "key_expires",
		    "Key \"%s\" expires on %s. Give those who use it another one, made by "
		    "respoolctl key, or give it another day in respool.api_keys.",
		    key->name, when);
}

void findings_of_config(struct findings *findings, const struct config *config, time_t now)
{
	add_missing(findings, config);
	for (size_t i = 0; i < config->tenant_count; i++)
		add_expiring(findings, &config->tenants[i], now);
	if (config->admin_key_count == 0)
		findings_add(findings, "admin_key",
		    "No admin key is known here: the operators' page and routes are closed to all. "
		    "Make one with respoolctl key, for respool.admin_keys.");
}

static void add_clock(
    struct findings *findings, const struct store_snapshot *snapshot, long long local_now)
{
	const long long difference = llabs(local_now - snapshot->now);
	char age[AGE_SIZE];

	if (difference < CLOCK_DIFFERENCE_MS)
		return;
	age_write(age, (double)difference / 1000);
	findings_add(findings, "clock",
	    "The clock of Redis is %s %s that of this machine: ages and leases are counted by "
	    "both. "
	    "Set the clocks right.",
	    age, snapshot->now < local_now ? "behind" : "before");
}

static void add_workers(struct findings *findings, const struct store_snapshot *snapshot)
{
	const size_t alive = summary_workers_alive(snapshot);

	if (alive == 0)
		findings_add(findings, "no_workers",
		    "No worker is alive: %lld responses wait, and none is begun. Start respoold.",
		    snapshot->queued);
	else if (workers_draining(snapshot) == alive)
		findings_add(findings, "draining",
		    "All workers that are alive drain: no response is begun. End that with "
		    "respoolctl drain --end WORKER, or start another respoold.");
	for (size_t i = 0; i < snapshot->worker_count; i++) {
		const struct store_process *worker = &snapshot->workers[i];

		if (worker->lost)
			findings_add(findings, "lost_worker",
			    "Worker %s, process %ld on %s, is lost: it has not been heard of for "
			    "longer than its lease, and another takes up its jobs. See its log.",
			    worker->name, worker->pid,
			    worker->host[0] != '\0' ? worker->host : "?");
	}
}

static void add_paused(struct findings *findings, const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->paused_count; i++) {
		const char *model = snapshot->paused[i];
		const bool all = strcmp(model, "*") == 0;

		findings_add(findings, "paused",
		    "%s is paused: what is queued waits. End that with respoolctl resume%s%s%s.",
		    all ? "All" : model, all ? "" : " '", all ? "" : model, all ? "" : "'");
	}
}

static void add_resting(
    struct findings *findings, const struct config *config, const struct store_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->troubled_count; i++) {
		const struct store_troubled *troubled = &snapshot->troubled[i];
		char age[AGE_SIZE];

		if (troubled->resting_until <= snapshot->now)
			continue;
		age_write(age, (double)(troubled->resting_until - snapshot->now) / 1000);
		findings_add(findings, "resting",
		    "%s has failed and rests for %s more: it is not called meanwhile. See the "
		    "workers' log.",
		    operator_deployment(config, troubled->deployment), age);
	}
}

void findings_of_snapshot(struct findings *findings, const struct config *config,
    const struct store_snapshot *snapshot, long long local_now)
{
	add_clock(findings, snapshot, local_now);
	add_workers(findings, snapshot);
	add_paused(findings, snapshot);
	add_resting(findings, config, snapshot);
}

static void add_endpoint(struct findings *findings, const struct config *config,
    const struct store_endpoint *endpoint, long long now)
{
	char age[AGE_SIZE];

	switch (summary_endpoint_state(config, endpoint, now)) {
	case ENDPOINT_ON:
		break;
	case ENDPOINT_RESTING:
		age_write(age, (double)(endpoint->rests_until - now) / 1000);
		findings_add(findings, "webhook_resting",
		    "Endpoint %s rests for %s more, with %lld failures in a row: %lld webhooks "
		    "wait. See respoolctl webhooks.",
		    endpoint->name, age, endpoint->failures, endpoint->waiting);
		break;
	case ENDPOINT_OFF:
		findings_add(findings, "webhook_off",
		    "Endpoint %s is off, as it has answered 410: it is told nothing until its "
		    "configuration changes.",
		    endpoint->name);
		break;
	case ENDPOINT_UNKNOWN:
		findings_add(findings, "webhook_unknown",
		    "%lld webhooks wait for %s, which respool.webhooks has no more: they are given "
		    "up when they have been due for a day.",
		    endpoint->waiting, endpoint->name);
		break;
	}
}

void findings_of_webhooks(
    struct findings *findings, const struct config *config, const struct store_webhooks *webhooks)
{
	for (size_t i = 0; i < webhooks->endpoint_count; i++)
		add_endpoint(findings, config, &webhooks->endpoints[i], webhooks->now);
	if (webhooks->dead > 0)
		findings_add(findings, "webhook_dead",
		    "%lld webhooks have not arrived, and are not tried any more. See respoolctl "
		    "webhooks, and send them again with respoolctl webhooks retry.",
		    webhooks->dead);
}
