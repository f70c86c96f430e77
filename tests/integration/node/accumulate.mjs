// Streams as the SDK adds them up.

const ENDS = ["response.completed", "response.incomplete", "response.failed"];

export async function each({ client, load }, requests) {
	const { accumulateResponse } = await load("lib/responses/ResponseAccumulator");
	const seen = {};
	for (const request of requests)
		seen[request.model] = await one(client, accumulateResponse, request);
	return seen;
}

// The items are those before the terminal event, which takes the place of all.
async function one(client, accumulateResponse, request) {
	const seen = { snapshots: {}, items: {}, terminal: null, final: null, error: null };
	let snapshot;
	const keep = (event) => {
		seen.snapshots[`${event.output_index}/${event.content_index ?? ""}`] = event.snapshot;
	};
	const stream = client.responses.stream(request);
	stream.on("response.output_text.delta", keep);
	stream.on("response.function_call_arguments.delta", keep);
	stream.on("event", (event) => {
		if (ENDS.includes(event.type)) {
			seen.terminal = event.type;
			seen.items = { ...structuredClone(snapshot.output) };
			seen.last = event.response;
		}
		snapshot = accumulateResponse(event, snapshot);
	});
	try {
		seen.final = await stream.finalResponse();
		seen.outputText = seen.final.output_text;
	} catch (error) {
		seen.error = `${error.constructor.name}: ${error.message}`;
	}
	return seen;
}
