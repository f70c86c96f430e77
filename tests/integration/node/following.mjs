// Background responses that are followed as streams, and taken up again.
import { pollToEnd } from "./sdk.mjs";

const ENDS = ["response.completed", "response.incomplete", "response.failed"];

async function polled(client, id) {
	return pollToEnd(client, await client.responses.retrieve(id));
}

// Iterates until the test says that it is enough, or to the end.
export async function createAndCut({ client, say, hear }, { cut_at, ...request }) {
	const stream = await client.responses.create({ ...request, background: true, stream: true });
	const events = [];
	for await (const event of stream) {
		events.push(event);
		if (event.sequence_number === cut_at)
			break; // which aborts the request
	}
	const { id } = events[0].response;
	const last = events.at(-1).sequence_number;
	await say(id);
	await hear();
	const again = await client.responses.retrieve(id, { stream: true, starting_after: last });
	for await (const event of again)
		events.push(event);
	return { events, polled: await polled(client, id) };
}

// By the helper, from the start.
export async function streamFromTheStart({ client, say }, request) {
	const stream = client.responses.stream({ ...request, background: true });
	return toTheEnd(client, stream, say);
}

// By the helper, of a response that exists. It asks for all of the stream, and leaves out itself
// what the caller has.
export async function streamOfAnother({ client, say }, { id, after }) {
	const about = after === null ? {} : { starting_after: after };
	return toTheEnd(client, client.responses.stream({ response_id: id, ...about }), say);
}

async function toTheEnd(client, stream, say) {
	const seen = { events: [], last: null };
	const told = [];
	stream.on("event", ({ snapshot, parsed_arguments, ...event }) => {
		if (event.type === "response.created")
			told.push(say(event.response.id));
		if (ENDS.includes(event.type))
			seen.last = event.response;
		seen.events.push([event.sequence_number, event.type]);
	});
	const final = await stream.finalResponse();
	await Promise.all(told);
	const { output_parsed, ...rest } = final;
	return { ...seen, final: rest, polled: await polled(client, final.id) };
}

// Resumes whenever the stream ends without a terminal event, as an application does.
export async function followWhateverBreaks({ client, OpenAI, say }, request) {
	const events = [];
	let stream = await client.responses.create({ ...request, background: true, stream: true });
	for (let cuts = 0; ; cuts += 1) {
		try {
			for await (const event of stream) {
				events.push(event);
				if (event.sequence_number === 0)
					await say(event.response.id);
			}
		} catch (error) {
			if (error instanceof OpenAI.APIError && error.status !== undefined)
				throw error;
		}
		if (ENDS.includes(events.at(-1).type))
			return { events, cuts, polled: await polled(client, events[0].response.id) };
		stream = await client.responses.retrieve(events[0].response.id, {
			stream: true,
			starting_after: events.at(-1).sequence_number,
		});
	}
}
