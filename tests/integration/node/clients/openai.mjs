// OpenAI's SDK, on routes beside those of responses.
import OpenAI from "openai";

const WEATHER = {
	name: "weather",
	description: "Get the weather in a location",
	parameters: {
		type: "object",
		properties: { city: { type: "string" } },
		required: ["city"],
		additionalProperties: false,
	},
};

function clientOf(access) {
	return new OpenAI({ ...access, maxRetries: 0 });
}

export async function complete(access, { model, ...members }) {
	const completion = await clientOf(access).chat.completions.create({
		model,
		messages: [
			{ role: "developer", content: "You are a friendly assistant." },
			{ role: "user", content: "Hello" },
		],
		...members,
	});
	const { message, finish_reason } = completion.choices[0];
	return { text: message.content, finish_reason, usage: completion.usage };
}

export async function streamCompletion(access, { model }) {
	const stream = await clientOf(access).chat.completions.create({
		model,
		messages: [{ role: "user", content: "Hello" }],
		stream: true,
		stream_options: { include_usage: true },
	});
	const pieces = [];
	let usage = null;
	for await (const chunk of stream) {
		const piece = chunk.choices[0]?.delta?.content;
		if (piece)
			pieces.push(piece);
		usage = chunk.usage ?? usage;
	}
	return { pieces, usage };
}

async function runTools(access, model, stream) {
	const cities = [];
	const lookup = ({ city }) => {
		cities.push(city);
		return `12 degrees in ${city}`;
	};
	const runner = clientOf(access).chat.completions.runTools({
		model,
		stream,
		messages: [{ role: "user", content: "What is the weather in Ulm?" }],
		tools: [
			{ type: "function", function: { ...WEATHER, function: lookup, parse: JSON.parse } },
		],
	});
	return { text: await runner.finalContent(), cities };
}

export function runToolsWhole(access, { model }) {
	return runTools(access, model, false);
}

export function runToolsStreamed(access, { model }) {
	return runTools(access, model, true);
}

export async function embedding(access, { model, ...members }) {
	const { data, usage } = await clientOf(access).embeddings.create({
		model,
		input: ["sunny day at the beach", "rain"],
		...members,
	});
	return { vectors: data.map((one) => one.embedding), usage };
}

export async function models(access, { model }) {
	const client = clientOf(access);
	const listed = [];
	for await (const one of client.models.list())
		listed.push(one);
	return { listed, one: await client.models.retrieve(model) };
}

export async function inputTokens(access, { model }) {
	const client = clientOf(access);
	return client.responses.inputTokens.count({ model, input: "Hello you there" });
}

export async function compact(access, { model }) {
	const client = clientOf(access);
	const { object, output } = await client.responses.compact({ model, input: "Hello" });
	return { object, output };
}

export async function conversation(access, { model }) {
	const client = clientOf(access);
	const { id } = await client.conversations.create({
		items: [{ type: "message", role: "user", content: "Hello" }],
	});
	await client.conversations.items.create(id, {
		items: [{ type: "message", role: "user", content: "More" }],
	});
	const answer = await client.responses.create({ model, conversation: id, input: "Well?" });
	const items = [];
	for await (const item of client.conversations.items.list(id, { order: "asc" }))
		items.push([item.role, item.content[0].text]);
	const retrieved = await client.conversations.retrieve(id);
	const deleted = await client.conversations.delete(id);
	return {
		text: answer.output_text,
		items,
		same: retrieved.id === id,
		deleted: deleted.deleted,
	};
}

export async function respond(access, { model, ...members }) {
	const answer = await clientOf(access).responses.create({ model, input: "Hello", ...members });
	return answer.output_text;
}

// Polled, as the documentation of background mode has it.
export async function respondInBackground(access, { model, ...members }) {
	const client = clientOf(access);
	let answer = await client.responses.create({
		model,
		input: "Hello",
		background: true,
		...members,
	});
	while (answer.status === "queued" || answer.status === "in_progress") {
		await new Promise((resolve) => setTimeout(resolve, 50));
		answer = await client.responses.retrieve(answer.id);
	}
	return answer.output_text;
}
