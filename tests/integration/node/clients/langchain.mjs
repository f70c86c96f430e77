// LangChain's models of OpenAI.
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { z } from "zod";

function modelOf({ baseURL, apiKey }, { model, api, ...fields }) {
	return new ChatOpenAI({
		model,
		apiKey,
		configuration: { baseURL },
		maxRetries: 0,
		useResponsesApi: api !== "chat",
		...fields,
	});
}

const MESSAGES = [new SystemMessage("You are a friendly assistant."), new HumanMessage("Hello")];

function weather(cities) {
	return tool(
		({ city }) => {
			cities.push(city);
			return `12 degrees in ${city}`;
		},
		{
			name: "weather",
			description: "Get the weather in a location",
			schema: z.object({ city: z.string() }),
		},
	);
}

export async function invoke(access, about) {
	const message = await modelOf(access, about).invoke(MESSAGES);
	const { input_tokens, output_tokens, total_tokens } = message.usage_metadata;
	return { text: message.text, usage: { input_tokens, output_tokens, total_tokens } };
}

export async function stream(access, about) {
	const pieces = [];
	let whole = null;
	for await (const chunk of await modelOf(access, about).stream(MESSAGES)) {
		if (chunk.text)
			pieces.push(chunk.text);
		whole = whole === null ? chunk : whole.concat(chunk);
	}
	const { input_tokens, output_tokens, total_tokens } = whole.usage_metadata;
	return { pieces, text: whole.text, usage: { input_tokens, output_tokens, total_tokens } };
}

// The loop that an agent is made of.
async function withTool(access, about, ask) {
	const cities = [];
	const lookup = weather(cities);
	const model = modelOf(access, about).bindTools([lookup]);
	const messages = [new HumanMessage("What is the weather in Ulm?")];
	const calls = [];
	for (;;) {
		const message = await ask(model, messages);
		messages.push(message);
		if (message.tool_calls.length === 0)
			return { text: message.text, cities, calls };
		for (const call of message.tool_calls) {
			calls.push({ name: call.name, args: call.args });
			messages.push(await lookup.invoke(call));
		}
	}
}

export function invokeWithTool(access, about) {
	return withTool(access, about, (model, messages) => model.invoke(messages));
}

export function streamWithTool(access, about) {
	return withTool(access, about, async (model, messages) => {
		let whole = null;
		for await (const chunk of await model.stream(messages))
			whole = whole === null ? chunk : whole.concat(chunk);
		return whole;
	});
}

export async function structured(access, about) {
	const schema = z.object({ city: z.string(), degrees: z.number() });
	return modelOf(access, about)
		.withStructuredOutput(schema, { method: "jsonSchema", name: "weather" })
		.invoke("What is the weather in Ulm?");
}

// The client keeps the messages, and sends them all again.
export async function twoTurns(access, about) {
	const model = modelOf(access, about);
	const first = await model.invoke([new HumanMessage("Hello")]);
	const second = await model.invoke([new HumanMessage("Hello"), first, new HumanMessage("More")]);
	return [first.text, second.text];
}

// The provider keeps what was said.
export async function previousResponse(access, about) {
	const model = modelOf(access, about);
	const first = await model.invoke("Hello");
	const second = await model.invoke("More", {
		previous_response_id: first.response_metadata.id,
	});
	return [first.text, second.text];
}

export async function error(access, about) {
	try {
		await modelOf(access, about).invoke("Hello");
	} catch (error) {
		const { status, code, message } = error;
		return { status, code, message };
	}
	return null;
}

export async function embedding({ baseURL, apiKey }, { model }) {
	const embeddings = new OpenAIEmbeddings({
		model,
		apiKey,
		configuration: { baseURL },
		maxRetries: 0,
	});
	return {
		one: await embeddings.embedQuery("sunny day at the beach"),
		many: await embeddings.embedDocuments(["sunny day at the beach", "rain"]),
	};
}
