// Background responses.
import { errorsOf, pollToEnd, watched } from "./sdk.mjs";

export async function createAndPoll({ client }, request) {
	const created = await client.responses.create({ ...request, background: true });
	const final = await pollToEnd(client, created);
	return { created, final, outputText: final.output_text };
}

export async function createAndReadHeaders({ client }, request) {
	const create = client.responses.create({ ...request, background: true });
	const { data, response } = await create.withResponse();
	return {
		requestId: data._request_id,
		headers: Object.fromEntries(response.headers),
		retrieved: (await client.responses.retrieve(data.id))._request_id,
	};
}

// Cancels when the test says so, twice.
export async function createAndCancel({ client, say, hear }, request) {
	const created = await client.responses.create({ ...request, background: true });
	await say(created.id);
	await hear();
	const cancelled = await client.responses.cancel(created.id);
	return {
		cancelled,
		again: await client.responses.cancel(created.id),
		retrieved: await client.responses.retrieve(created.id),
	};
}

export async function createAndDelete({ client }, request) {
	const { id } = await client.responses.create({ ...request, background: true });
	return {
		deleted: await client.responses.delete(id),
		errors: await errorsOf(client, id),
	};
}

async function collect(pages) {
	const items = [];
	for await (const item of pages)
		items.push(item);
	return items;
}

export async function listInputItems({ client }, request) {
	const { id } = await client.responses.create({ ...request, background: true });
	const list = (query) => client.responses.inputItems.list(id, query);
	const sizes = [];
	for await (const page of (await list({ limit: 20 })).iterPages())
		sizes.push(page.data.length);
	return {
		sizes,
		byDefault: await collect(list()),
		ascending: await collect(list({ order: "asc", limit: 7 })),
		all: await collect(list({ limit: 100, include: ["message.input_image.image_url"] })),
	};
}

export async function listAfter({ client }, { after, ...request }) {
	const { id } = await client.responses.create({ ...request, background: true });
	return (await client.responses.inputItems.list(id, { after, order: "asc" })).data;
}

export async function manyAtOnce({ client }, { requests }) {
	const one = async (request) => {
		const created = await client.responses.create({ ...request, background: true });
		return pollToEnd(client, created);
	};
	return Promise.all(requests.map(one));
}

export async function createUntilItSucceeds({ client, say }, request) {
	const patient = watched(client, say).withOptions({ maxRetries: 10 });
	return patient.responses.create({ ...request, background: true });
}
