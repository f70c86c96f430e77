// Responses that are not in the background: the provider's answer, as it is.
import { describe, errorOf, watched } from "./sdk.mjs";

export async function create({ client }, request) {
	const { data, response } = await client.responses.create(request).withResponse();
	return {
		response: data,
		outputText: data.output_text,
		requestId: data._request_id,
		headers: Object.fromEntries(response.headers),
	};
}

// Tells of every event as it arrives.
export async function stream({ client, say }, request) {
	const { data, response } = await client.responses
		.create({ ...request, stream: true })
		.withResponse();
	await say(Object.fromEntries(response.headers));
	for await (const event of data)
		await say(event);
}

export async function streamToFinalResponse({ client }, request) {
	const deltas = [];
	const stream = client.responses.stream(request);
	stream.on("response.output_text.delta", (event) => deltas.push(event.delta));
	const final = await stream.finalResponse();
	return { deltas, final };
}

// Reads one event, then aborts when the test says so. The process lives on.
export async function streamAndAbort({ client, say, hear }, request) {
	const stream = await client.responses.create({ ...request, stream: true });
	for await (const event of stream) {
		await say(event);
		await hear();
		stream.controller.abort();
	}
	await say("aborted");
	await hear();
}

export async function abortBeforeTheAnswer({ client, say, hear }, request) {
	const controller = new AbortController();
	const answer = errorOf(client.responses.create(request, { signal: controller.signal }));
	await hear();
	controller.abort();
	await say((await answer).class);
	await hear();
}

export async function streamToEnd({ client }, request) {
	const events = [];
	try {
		for await (const event of await client.responses.create({ ...request, stream: true }))
			events.push(event);
	} catch (error) {
		return { events, error: describe(error) };
	}
	return { events, error: null };
}

async function textOf(stream) {
	let text = "";
	for await (const event of stream) {
		if (event.type === "response.output_text.delta")
			text += event.delta;
	}
	return text;
}

// Tells of every HTTP exchange.
export async function manyStreamsAtOnce({ client, say }, { requests }) {
	const patient = watched(client, say).withOptions({ maxRetries: 30 });
	const one = async (request) =>
		textOf(await patient.responses.create({ ...request, stream: true }));
	return Promise.all(requests.map(one));
}

export async function createWithRetries({ client, say }, request) {
	const patient = watched(client, say).withOptions({ maxRetries: 3 });
	return (await patient.responses.create(request)).output_text;
}
